/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reads and writes the key=value text of logins and text requests (RFC 7143 6.1). Everything the
 * target says passes here first, so each reader takes a pointer and a length, trusts no NUL and
 * has one way out for "bad". Called by negotiate, chap, login and sendtargets; keeps no state.
 */
#include "lib/keys.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "lib/text.h"
#include "transport/abi/iscsi_numbers.h"

const struct key keys_table[] = {
#define KEY(no, key_name, key_field, key_type, key_use, key_stage, key_scope, key_sender,          \
	    key_result, key_irrelevant, key_min, key_max, key_default, key_sentence)               \
	{                                                                                          \
		.number = no,                                                                      \
		.name = #key_name,                                                                 \
		.type = KEY_TYPE_##key_type,                                                       \
		.use = KEY_USE_##key_use,                                                          \
		.stage = KEY_STAGE_##key_stage,                                                    \
		.scope = KEY_SCOPE_##key_scope,                                                    \
		.sender = KEY_SENDER_##key_sender,                                                 \
		.result = KEY_RESULT_##key_result,                                                 \
		.irrelevant = KEY_IRRELEVANT_##key_irrelevant,                                     \
		.min = key_min,                                                                    \
		.max = key_max,                                                                    \
		.fallback = key_default,                                                           \
		.sentence = key_sentence,                                                          \
	},
#include "transport/abi/keys.def"
#undef KEY
};

const unsigned int keys_count = sizeof(keys_table) / sizeof(keys_table[0]);
_Static_assert(sizeof(keys_table) / sizeof(keys_table[0]) <= KEYS_COUNT_MAX, "too many keys");

static bool bytes_are(const char *bytes, size_t length, const char *string)
{
	return strlen(string) == length && memcmp(bytes, string, length) == 0;
}

const struct key *keys_find(const char *name, size_t length)
{
	unsigned int i;

	for (i = 0; i < keys_count; i++)
		if (bytes_are(name, length, keys_table[i].name))
			return &keys_table[i];
	return NULL;
}

void keys_reader_init(struct keys_reader *reader, const void *bytes, size_t length)
{
	static const char nothing[1];

	reader->at = bytes ? bytes : nothing;
	reader->end = reader->at + (bytes ? length : 0);
}

/* RFC 7143 6.1: a letter, then letters, digits, ".", "-", "+", "@", "_"; X# and X- keys too. */
static bool name_is_legal(const char *name, size_t length)
{
	size_t i;

	if (!length || length > ISCSI_KEY_NAME_BYTES_MAX || !isalpha((unsigned char)name[0]))
		return false;
	for (i = 1; i < length; i++)
		if (!name[i] || (!isalnum((unsigned char)name[i]) && !strchr(".-+@_#", name[i])))
			return false;
	return true;
}

int keys_next(struct keys_reader *reader, struct key_pair *ret_pair)
{
	const char *end, *equals;

	while (reader->at < reader->end && !*reader->at)
		reader->at++;
	if (reader->at == reader->end)
		return 0;
	end = memchr(reader->at, 0, (size_t)(reader->end - reader->at));
	if (!end)
		return -EPROTO;
	equals = memchr(reader->at, '=', (size_t)(end - reader->at));
	if (!equals || !name_is_legal(reader->at, (size_t)(equals - reader->at)))
		return -EPROTO;
	ret_pair->name = reader->at;
	ret_pair->name_length = (size_t)(equals - reader->at);
	ret_pair->value = equals + 1;
	ret_pair->value_length = (size_t)(end - equals - 1);
	reader->at = end + 1;
	return 1;
}

bool key_pair_is(const struct key_pair *pair, const char *name)
{
	return bytes_are(pair->name, pair->name_length, name);
}

bool key_value_is(const struct key_pair *pair, const char *value)
{
	return bytes_are(pair->value, pair->value_length, value);
}

int key_value_bool(const struct key_pair *pair, bool *ret_value)
{
	*ret_value = key_value_is(pair, "Yes");
	return *ret_value || key_value_is(pair, "No") ? 0 : -EINVAL;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* "0x1f" or "0b..." : base and where the digits begin. */
static char value_prefix(const struct key_pair *pair)
{
	if (pair->value_length < 3 || pair->value[0] != '0')
		return 0;
	return (char)tolower((unsigned char)pair->value[1]);
}

int key_value_u32(const struct key_pair *pair, uint32_t *ret_value)
{
	bool is_hex = value_prefix(pair) == 'x';
	size_t i = is_hex ? 2 : 0;
	uint64_t value = 0;
	int digit;

	if (i == pair->value_length)
		return -EINVAL;
	for (; i < pair->value_length; i++) {
		digit = hex_digit(pair->value[i]);
		if (digit < 0 || (!is_hex && digit > 9))
			return -EINVAL;
		value = value * (is_hex ? 16 : 10) + (unsigned int)digit;
		if (value > UINT32_MAX)
			return -ERANGE;
	}
	*ret_value = (uint32_t)value;
	return 0;
}

/* An odd number of digits has a leading zero that was not written. */
static int binary_from_hex(const char *digits, size_t count, unsigned char *out, size_t size,
			   size_t *ret_length)
{
	size_t i, odd = count % 2, length = count / 2 + odd;
	int digit;

	if (length > size)
		return -EMSGSIZE;
	memset(out, 0, length);
	for (i = 0; i < count; i++) {
		digit = hex_digit(digits[i]);
		if (digit < 0)
			return -EINVAL;
		out[(i + odd) / 2] = (unsigned char)(out[(i + odd) / 2] << 4 | digit);
	}
	*ret_length = length;
	return 0;
}

static int base64_digit(char c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

static int binary_from_base64(const char *digits, size_t count, unsigned char *out, size_t size,
			      size_t *ret_length)
{
	uint32_t bits = 0;
	unsigned int have = 0;
	size_t i, length = 0;
	int digit;

	if (count % 4)
		return -EINVAL;
	/* At most two '=' fill the last group up. */
	for (i = 0; i < 2 && count && digits[count - 1] == '='; i++)
		count--;
	for (i = 0; i < count; i++) {
		digit = base64_digit(digits[i]);
		if (digit < 0)
			return -EINVAL;
		bits = (bits << 6 | (unsigned int)digit) & 0xffffff;
		have += 6;
		if (have < 8)
			continue;
		have -= 8;
		if (length == size)
			return -EMSGSIZE;
		out[length++] = (unsigned char)(bits >> have);
	}
	if (bits & ((1u << have) - 1))
		return -EINVAL;
	*ret_length = length;
	return 0;
}

int key_value_binary(const struct key_pair *pair, unsigned char *out, size_t size,
		     size_t *ret_length)
{
	const char *digits = pair->value + 2;
	size_t count = pair->value_length - 2;

	switch (value_prefix(pair)) {
	case 'x':
		return binary_from_hex(digits, count, out, size, ret_length);
	case 'b':
		return binary_from_base64(digits, count, out, size, ret_length);
	default:
		return -EINVAL;
	}
}

int key_value_text(const struct key_pair *pair, char *out, size_t size)
{
	if (pair->value_length >= size)
		return -EMSGSIZE;
	if (memchr(pair->value, 0, pair->value_length))
		return -EINVAL;
	memcpy(out, pair->value, pair->value_length);
	out[pair->value_length] = 0;
	return 0;
}

bool key_list_has(const char *list, size_t length, const char *word)
{
	const char *end = list + length, *comma;

	for (;;) {
		comma = memchr(list, ',', (size_t)(end - list));
		if (bytes_are(list, (size_t)((comma ? comma : end) - list), word))
			return true;
		if (!comma)
			return false;
		list = comma + 1;
	}
}

void keys_add(struct text *text, const char *name, const char *value)
{
	text_add(text, name);
	text_add_bytes(text, "=", 1);
	text_add(text, value);
	text_add_bytes(text, "", 1);
}

void keys_add_u32(struct text *text, const char *name, uint32_t value)
{
	text_addf(text, "%s=%u", name, value);
	text_add_bytes(text, "", 1);
}

void keys_add_bool(struct text *text, const char *name, bool value)
{
	keys_add(text, name, value ? "Yes" : "No");
}

void keys_add_binary(struct text *text, const char *name, const unsigned char *bytes, size_t length)
{
	static const char digits[] = "0123456789abcdef";
	size_t i;

	text_addf(text, "%s=0x", name);
	for (i = 0; i < length; i++) {
		text_add_bytes(text, &digits[bytes[i] >> 4], 1);
		text_add_bytes(text, &digits[bytes[i] & 15], 1);
	}
	text_add_bytes(text, "", 1);
}
