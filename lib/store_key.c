/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The names of the store's rows inside GDBM and the row that says which form the file has. Called
 * by lib/store.c. Decides which bytes are a name of ours; never touches a file.
 */
#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "lib/store_key.h"

#define DIGEST_LEN 8

static const char *const table_names[] = {
	[STORE_NODE] = "node",
	[STORE_DISCOVERY] = "discovery",
};

#define TABLES (sizeof(table_names) / sizeof(table_names[0]))

struct sip {
	uint64_t v[4];
};

static uint64_t rotate(uint64_t x, int bits)
{
	return x << bits | x >> (64 - bits);
}

static void sip_round(struct sip *s)
{
	s->v[0] += s->v[1];
	s->v[1] = rotate(s->v[1], 13) ^ s->v[0];
	s->v[0] = rotate(s->v[0], 32);
	s->v[2] += s->v[3];
	s->v[3] = rotate(s->v[3], 16) ^ s->v[2];
	s->v[0] += s->v[3];
	s->v[3] = rotate(s->v[3], 21) ^ s->v[0];
	s->v[2] += s->v[1];
	s->v[1] = rotate(s->v[1], 17) ^ s->v[2];
	s->v[2] = rotate(s->v[2], 32);
}

static void sip_word(struct sip *s, uint64_t word)
{
	s->v[3] ^= word;
	sip_round(s);
	sip_round(s);
	s->v[0] ^= word;
}

/* SipHash-2-4 of @len bytes (Aumasson and Bernstein, 2012). */
static uint64_t sip_hash(const struct store_salt *salt, const char *bytes, size_t len)
{
	struct sip s = {{salt->half[0] ^ 0x736f6d6570736575, salt->half[1] ^ 0x646f72616e646f6d,
			 salt->half[0] ^ 0x6c7967656e657261, salt->half[1] ^ 0x7465646279746573}};
	uint64_t word;
	size_t i;

	for (i = 0; i + 8 <= len; i += 8) {
		memcpy(&word, bytes + i, 8);
		sip_word(&s, le64toh(word));
	}
	word = 0;
	memcpy(&word, bytes + i, len - i);
	sip_word(&s, le64toh(word) | (uint64_t)len << 56);
	s.v[2] ^= 0xff;
	for (i = 0; i < 4; i++)
		sip_round(&s);
	return s.v[0] ^ s.v[1] ^ s.v[2] ^ s.v[3];
}

/* The digest covers the table as well: its number is mixed into the salt. */
static uint32_t digest(const struct store_salt *salt, enum store_table table, const char *key,
		       size_t len)
{
	struct store_salt own = {{salt->half[0], salt->half[1] ^ (uint64_t)table}};

	return (uint32_t)sip_hash(&own, key, len);
}

/* " DIGEST ", without the cost of snprintf() for each row of a walk. */
static void print_digest(uint32_t value, char text[DIGEST_LEN + 2])
{
	int i;

	text[0] = ' ';
	for (i = DIGEST_LEN; i > 0; i--, value >>= 4)
		text[i] = "0123456789abcdef"[value & 15];
	text[DIGEST_LEN + 1] = ' ';
}

int store_salt_make(struct store_salt *ret_salt)
{
	ssize_t got;

	do
		got = getrandom(ret_salt, sizeof(*ret_salt), 0);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;
	return got == sizeof(*ret_salt) ? 0 : -EIO;
}

size_t store_format_print(const struct store_salt *salt, char text[STORE_FORMAT_TEXT])
{
	return (size_t)snprintf(text, STORE_FORMAT_TEXT,
				"format = %d\nsalt = %016" PRIx64 "%016" PRIx64 "\n", STORE_FORMAT,
				salt->half[0], salt->half[1]);
}

int store_format_parse(const char *text, size_t len, struct store_salt *ret_salt)
{
	char copy[STORE_FORMAT_TEXT], again[STORE_FORMAT_TEXT];
	size_t kept = len < sizeof(copy) ? len : sizeof(copy) - 1;
	struct store_salt salt;
	unsigned int format;

	memcpy(copy, text, kept);
	copy[kept] = '\0';
	if (sscanf(copy, "format = %9u", &format) != 1)
		return -EUCLEAN;
	if (format > STORE_FORMAT)
		return -EPROTO;
	if (sscanf(copy, "format = %9u salt = %16" SCNx64 "%16" SCNx64, &format, &salt.half[0],
		   &salt.half[1]) != 3)
		return -EUCLEAN;
	if (store_format_print(&salt, again) != len || memcmp(again, copy, len))
		return -EUCLEAN;
	*ret_salt = salt;
	return 0;
}

int store_key_make(const struct store_salt *salt, enum store_table table, const char *key,
		   struct store_key *ret_key)
{
	size_t start, len = strnlen(key, STORE_KEY_MAX + 1);

	if (len == 0 || len > STORE_KEY_MAX)
		return -EINVAL;
	start = strlen(table_names[table]);
	memcpy(ret_key->name, table_names[table], start);
	print_digest(digest(salt, table, key, len), ret_key->name + start);
	start += DIGEST_LEN + 2;
	memcpy(ret_key->name + start, key, len + 1);
	ret_key->len = start + len;
	return 0;
}

/* Length of "TABLE DIGEST " if @name is a row of @table, else 0. */
static size_t match(const struct store_salt *salt, enum store_table table, const char *name,
		    size_t len)
{
	size_t table_len = strlen(table_names[table]);
	size_t start = table_len + DIGEST_LEN + 2;
	char text[DIGEST_LEN + 2];

	if (len <= start || len > start + STORE_KEY_MAX ||
	    memcmp(name, table_names[table], table_len))
		return 0;
	print_digest(digest(salt, table, name + start, len - start), text);
	if (memcmp(name + table_len, text, sizeof(text)) || memchr(name + start, '\0', len - start))
		return 0;
	return start;
}

int store_key_parse(const struct store_salt *salt, enum store_table table, const char *name,
		    size_t len)
{
	size_t start = match(salt, table, name, len);
	size_t i;

	if (start)
		return (int)start;
	if (len == strlen(STORE_FORMAT_KEY) && !memcmp(name, STORE_FORMAT_KEY, len))
		return 0;
	for (i = 0; i < TABLES; i++)
		if (match(salt, (enum store_table)i, name, len))
			return 0;
	return -EUCLEAN;
}
