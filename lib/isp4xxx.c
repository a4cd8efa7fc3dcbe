/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The fields of an ISP4xxx's structures as numbers and texts: the one place that knows how a kind of field lies in memory. Called by
 * the emulated card and by hbafw; the rows are transport/abi/isp4xxx_fields.def. Never reads beyond the structure it is given.
 */
#include "lib/isp4xxx.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "transport/abi/isp4xxx.h"

const struct isp4xxx_field isp4xxx_rows[ISP4XXX_ROWS] = {
#define ISP_FIELD(structure, id, offset, width, bit, bits, kind, name, sentence) \
	[ISP4XXX_##structure##_##id] = {ISP4XXX_##structure, ISP4XXX_##kind, offset, width, bit, bits, name, sentence},
#include "transport/abi/isp4xxx_fields.def"
#undef ISP_FIELD
};

static const struct {
	const char *name;
	size_t size;
} structures[ISP4XXX_STRUCTURES] = {
	[ISP4XXX_ACB] = {"acb", ISP_ACB_SIZE},
	[ISP4XXX_DDB] = {"ddb", ISP_DDB_SIZE},
	[ISP4XXX_CHAP] = {"chap", ISP_CHAP_SIZE},
	[ISP4XXX_SYSINFO] = {"sysinfo", ISP_SYSTEM_SIZE},
	[ISP4XXX_ABOUT] = {"about", ISP_ABOUT_SIZE},
	[ISP4XXX_CRASH] = {"crash", ISP_CRASH_SIZE},
	[ISP4XXX_STATISTICS] = {"statistics", ISP_STATS_SIZE},
	[ISP4XXX_NVRAM_4010] = {"nvram", ISP_NVRAM_4010_SIZE},
	[ISP4XXX_NVRAM_4022] = {"nvram", ISP_NVRAM_4022_SIZE},
};

const char *isp4xxx_structure_name(enum isp4xxx_structure structure)
{
	return structures[structure].name;
}

size_t isp4xxx_structure_size(enum isp4xxx_structure structure)
{
	return structures[structure].size;
}

/* A structure's rows stand together in the .def. */
const struct isp4xxx_field *isp4xxx_fields(enum isp4xxx_structure structure, size_t *ret_count)
{
	size_t first = 0, end;

	while (first < ISP4XXX_ROWS && isp4xxx_rows[first].structure != structure)
		first++;
	for (end = first; end < ISP4XXX_ROWS && isp4xxx_rows[end].structure == structure;)
		end++;
	*ret_count = end - first;
	return &isp4xxx_rows[first];
}

const struct isp4xxx_field *isp4xxx_field_find(enum isp4xxx_structure structure, const char *name)
{
	size_t count;
	const struct isp4xxx_field *fields = isp4xxx_fields(structure, &count);

	for (size_t i = 0; i < count; i++)
		if (!strcmp(fields[i].name, name))
			return &fields[i];
	return NULL;
}

/* --- numbers ------------------------------------------------------------------------------------------------------------------- */

static bool is_number(const struct isp4xxx_field *field)
{
	return field->bits;
}

static uint64_t mask_of(const struct isp4xxx_field *field)
{
	return field->bits == 64 ? UINT64_MAX : ((uint64_t)1 << field->bits) - 1;
}

/* Byte i of the word, least significant first. */
static size_t place(const struct isp4xxx_field *field, unsigned int i)
{
	return field->offset + (size_t)(field->kind == ISP4XXX_BIG ? field->width - 1u - i : i);
}

static uint64_t load(const struct isp4xxx_field *field, const uint8_t *bytes)
{
	uint64_t word = 0;

	for (unsigned int i = 0; i < field->width; i++)
		word |= (uint64_t)bytes[place(field, i)] << 8 * i;
	return word;
}

static void store(const struct isp4xxx_field *field, uint8_t *bytes, uint64_t word)
{
	for (unsigned int i = 0; i < field->width; i++)
		bytes[place(field, i)] = (uint8_t)(word >> 8 * i);
}

uint64_t isp4xxx_field_number(const struct isp4xxx_field *field, const void *bytes)
{
	return is_number(field) ? load(field, bytes) >> field->shift & mask_of(field) : 0;
}

int isp4xxx_field_set_number(const struct isp4xxx_field *field, void *bytes, uint64_t number)
{
	uint64_t mask = mask_of(field);

	if (!is_number(field))
		return -EINVAL;
	if (number > mask)
		return -ERANGE;
	store(field, bytes, (load(field, bytes) & ~(mask << field->shift)) | number << field->shift);
	return 0;
}

uint64_t isp4xxx_get(enum isp4xxx_row row, const void *bytes)
{
	return isp4xxx_field_number(&isp4xxx_rows[row], bytes);
}

void isp4xxx_set(enum isp4xxx_row row, void *bytes, uint64_t number)
{
	const struct isp4xxx_field *field = &isp4xxx_rows[row];

	isp4xxx_field_set_number(field, bytes, number & mask_of(field));
}

bool isp4xxx_field_is_zero(const struct isp4xxx_field *field, const void *bytes)
{
	const uint8_t *at = (const uint8_t *)bytes + field->offset;

	if (is_number(field))
		return !isp4xxx_field_number(field, bytes);
	for (unsigned int i = 0; i < field->width; i++)
		if (at[i])
			return false;
	return true;
}

/* --- texts --------------------------------------------------------------------------------------------------------------------- */

static void add_hex(struct text *text, const uint8_t *bytes, unsigned int count, const char *between)
{
	for (unsigned int i = 0; i < count; i++)
		text_addf(text, "%s%02x", i ? between : "", bytes[i]);
}

static void add_ascii(struct text *text, const uint8_t *bytes, unsigned int width)
{
	for (unsigned int i = 0; i < width && bytes[i]; i++) {
		char letter = bytes[i] >= 0x20 && bytes[i] < 0x7f ? (char)bytes[i] : '?';

		text_add_bytes(text, &letter, 1);
	}
}

static void add_address(struct text *text, int family, const uint8_t *bytes)
{
	char address[INET6_ADDRSTRLEN];

	text_add(text, inet_ntop(family, bytes, address, sizeof(address)));
}

static bool is_ipv6(const void *ddb)
{
	return isp4xxx_get(ISP4XXX_DDB_IS_IPV6, ddb);
}

static void add_isid(struct text *text, const uint8_t *bytes)
{
	for (unsigned int i = 6; i--;)
		text_addf(text, "%02x", bytes[i]);
}

void isp4xxx_field_format(const struct isp4xxx_field *field, const void *bytes, bool secrets, struct text *text)
{
	const uint8_t *at = (const uint8_t *)bytes + field->offset;
	unsigned long long number = isp4xxx_field_number(field, bytes);

	switch (field->kind) {
	case ISP4XXX_NUMBER:
	case ISP4XXX_BIG:
		text_addf(text, "%llu", number);
		break;
	case ISP4XXX_HEX:
		text_addf(text, "0x%0*llx", (field->bits + 3) / 4, number);
		break;
	case ISP4XXX_FLAG:
		text_add(text, number ? "on" : "off");
		break;
	case ISP4XXX_SECRET:
		if (!secrets) {
			text_add(text, *at ? "********" : "");
			break;
		}
		add_ascii(text, at, field->width);
		break;
	case ISP4XXX_TEXT:
		add_ascii(text, at, field->width);
		break;
	case ISP4XXX_IPV4:
		add_address(text, AF_INET, at);
		break;
	case ISP4XXX_IPV6:
		add_address(text, AF_INET6, at);
		break;
	case ISP4XXX_ADDRESS:
		add_address(text, is_ipv6(bytes) ? AF_INET6 : AF_INET, at);
		break;
	case ISP4XXX_MAC:
		add_hex(text, at, field->width, ":");
		break;
	case ISP4XXX_BYTES:
		add_hex(text, at, field->width, "");
		break;
	case ISP4XXX_ISID:
		add_isid(text, at);
		break;
	}
}

static int parse_number(const struct isp4xxx_field *field, void *bytes, const char *value)
{
	char *end;
	unsigned long long number;

	errno = 0;
	number = strtoull(value, &end, strncasecmp(value, "0x", 2) ? 10 : 16);
	if (!isdigit((unsigned char)*value) || *end)
		return -EINVAL;
	return errno ? -ERANGE : isp4xxx_field_set_number(field, bytes, number);
}

static int parse_flag(const struct isp4xxx_field *field, void *bytes, const char *value)
{
	bool is_on = !strcmp(value, "on") || !strcmp(value, "1");

	if (!is_on && strcmp(value, "off") != 0 && strcmp(value, "0") != 0)
		return -EINVAL;
	return isp4xxx_field_set_number(field, bytes, is_on);
}

/* A text keeps its NUL; a secret may fill its field, for its length is told beside. */
static int parse_text(const struct isp4xxx_field *field, uint8_t *at, const char *value)
{
	size_t len = strlen(value);

	if (len > field->width - (field->kind == ISP4XXX_TEXT ? 1u : 0u))
		return -ERANGE;
	for (size_t i = 0; i < len; i++)
		if (value[i] < 0x20 || value[i] >= 0x7f)
			return -EINVAL;
	for (size_t i = 0; i < field->width; i++)
		at[i] = i < len ? (uint8_t)value[i] : 0;
	return 0;
}

static int parse_address(int family, uint8_t *at, const char *value)
{
	return inet_pton(family, value, at) == 1 ? 0 : -EINVAL;
}

static int parse_ddb_address(const struct isp4xxx_field *field, void *bytes, const char *value)
{
	uint8_t address[16] = {0};
	int family = strchr(value, ':') ? AF_INET6 : AF_INET;

	if (parse_address(family, address, value) < 0)
		return -EINVAL;
	memcpy((uint8_t *)bytes + field->offset, address, sizeof(address));
	isp4xxx_set(ISP4XXX_DDB_IS_IPV6, bytes, family == AF_INET6);
	return 0;
}

static int digit_of(char letter)
{
	static const char digits[] = "0123456789abcdef";
	const char *found = letter ? strchr(digits, tolower((unsigned char)letter)) : NULL;

	return found ? (int)(found - digits) : -1;
}

/* Pairs of digits, with between (0: nothing) between two pairs. */
static int parse_hex(uint8_t *ret, unsigned int count, const char *value, char between)
{
	for (unsigned int i = 0; i < count; i++) {
		int high, low;

		if (i && between && *value++ != between)
			return -EINVAL;
		high = digit_of(*value);
		low = high < 0 ? -1 : digit_of(value[1]);
		if (low < 0)
			return -EINVAL;
		ret[i] = (uint8_t)(high << 4 | low);
		value += 2;
	}
	return *value ? -EINVAL : 0;
}

static int parse_bytes(const struct isp4xxx_field *field, uint8_t *at, const char *value)
{
	uint8_t bytes[256];
	int r = parse_hex(bytes, field->width, value, field->kind == ISP4XXX_MAC ? ':' : 0);

	for (unsigned int i = 0; !r && i < field->width; i++)
		at[i] = field->kind == ISP4XXX_ISID ? bytes[field->width - 1u - i] : bytes[i];
	return r;
}

int isp4xxx_field_parse(const struct isp4xxx_field *field, void *bytes, const char *value)
{
	uint8_t *at = (uint8_t *)bytes + field->offset;

	switch (field->kind) {
	case ISP4XXX_NUMBER:
	case ISP4XXX_BIG:
	case ISP4XXX_HEX:
		return parse_number(field, bytes, value);
	case ISP4XXX_FLAG:
		return parse_flag(field, bytes, value);
	case ISP4XXX_TEXT:
	case ISP4XXX_SECRET:
		return parse_text(field, at, value);
	case ISP4XXX_IPV4:
		return parse_address(AF_INET, at, value);
	case ISP4XXX_IPV6:
		return parse_address(AF_INET6, at, value);
	case ISP4XXX_ADDRESS:
		return parse_ddb_address(field, bytes, value);
	case ISP4XXX_MAC:
	case ISP4XXX_BYTES:
	case ISP4XXX_ISID:
		return parse_bytes(field, at, value);
	}
	return -EINVAL;
}
