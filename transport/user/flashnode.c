/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The fields of flashnodes as rows, and both directions of them: text from sysfs, text to the values the kernel takes. Called by
 * iscsiadm. Sends nothing, and never shows a field that has no row.
 */
#include "transport/user/flashnode.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "transport/user/listing.h"
#include "transport/user/sysfs.h"

#define BUS_PATH   "bus/iscsi_flashnode/devices"
#define ISID_BYTES 6

enum row_word {
	SESSION = false,
	CONN = true,
	NUM = true,
	BOOL = true,
	TEXT = false,
};

static const struct flashnode_row rows[ISCSI_FLASHNODE_COUNT] = {
#define FLASHNODE(number, id, object, attribute_text, type, wire_word, max_value, place, field_text, text) \
	[(place) - 1] = { .field = field_text,                                                             \
			  .attribute = attribute_text,                                                     \
			  .sentence = text,                                                                \
			  .max = max_value,                                                                \
			  .param = number,                                                                 \
			  .wire = FLASHNODE_##wire_word,                                                   \
			  .of_conn = (bool)object,                                                         \
			  .is_number = (bool)type },
#include "transport/abi/flashnode.def"
#undef FLASHNODE
};

const struct flashnode_row *flashnode_row(size_t place)
{
	return place < ISCSI_FLASHNODE_COUNT ? &rows[place] : NULL;
}

const struct flashnode_row *flashnode_find(const char *field)
{
	size_t i;

	for (i = 0; i < ISCSI_FLASHNODE_COUNT; i++)
		if (!strcmp(rows[i].field, field))
			return &rows[i];
	return NULL;
}

/* ---- sysfs ---- */

/* "flashnode_sess-HOST:INDEX" and nothing behind. */
static bool parse_name(const char *name, uint32_t host_no, void *ret_index)
{
	uint32_t *index = ret_index;
	char again[64];
	uint32_t host;

	if (sscanf(name, "flashnode_sess-%" SCNu32 ":%" SCNu32, &host, index) != 2 || host != host_no)
		return false;
	snprintf(again, sizeof(again), "flashnode_sess-%" PRIu32 ":%" PRIu32, host, *index);
	return !strcmp(name, again);
}

static int compare(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

	return left < right ? -1 : left > right;
}

int flashnode_list(const char *root, uint32_t host_no, uint32_t **ret, size_t *ret_count)
{
	static const struct listing listing = { BUS_PATH, sizeof(**ret), parse_name, compare };
	void *items;
	int error = listing_read(&listing, root, host_no, &items, ret_count);

	*ret = items;
	return error;
}

int flashnode_exists(const char *root, uint32_t host_no, uint32_t index)
{
	uint32_t *list;
	size_t count, i;
	int error = flashnode_list(root, host_no, &list, &count);

	if (error)
		return error;
	error = -ENOENT;
	for (i = 0; i < count; i++)
		if (list[i] == index)
			error = 0;
	free(list);
	return error;
}

void flashnode_read(const char *root, uint32_t host_no, uint32_t index, const struct flashnode_row *row, char *text, size_t room)
{
	char path[192];

	if (row->of_conn)
		snprintf(path, sizeof(path), BUS_PATH "/flashnode_conn-%" PRIu32 ":%" PRIu32 ":0/%s", host_no, index, row->attribute);
	else
		snprintf(path, sizeof(path), BUS_PATH "/flashnode_sess-%" PRIu32 ":%" PRIu32 "/%s", host_no, index, row->attribute);
	if (sysfs_read(root, path, text, room) < 0)
		text[0] = '\0';
}

/* ---- values ---- */

static int encode_number(const struct flashnode_row *row, const char *text, struct attributes *attributes)
{
	unsigned long long number;
	uint8_t byte;
	uint16_t half;
	uint32_t word;
	char *end;

	if (!isdigit((unsigned char)text[0]))
		return -EINVAL;
	errno = 0;
	number = strtoull(text, &end, 10);
	if (*end)
		return -EINVAL;
	if (errno || number > (unsigned long long)row->max)
		return -ERANGE;
	byte = (uint8_t)number;
	half = (uint16_t)number;
	word = (uint32_t)number;
	if (row->wire == FLASHNODE_U8)
		attributes_add(attributes, row->param, &byte, sizeof(byte));
	else if (row->wire == FLASHNODE_U16)
		attributes_add(attributes, row->param, &half, sizeof(half));
	else
		attributes_add(attributes, row->param, &word, sizeof(word));
	return 0;
}

static int encode_text(const struct flashnode_row *row, const char *text, struct attributes *attributes)
{
	size_t i, bytes = strlen(text);

	if (bytes > (size_t)row->max)
		return -ERANGE;
	for (i = 0; i < bytes; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			return -EINVAL;
	attributes_add(attributes, row->param, text, bytes + 1);
	return 0;
}

static int encode_address(const struct flashnode_row *row, const char *text, struct attributes *attributes)
{
	uint8_t address[16];

	if (inet_pton(AF_INET, text, address) == 1)
		attributes_add(attributes, row->param, address, 4);
	else if (inet_pton(AF_INET6, text, address) == 1)
		attributes_add(attributes, row->param, address, 16);
	else
		return -EINVAL;
	return 0;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int encode_isid(const struct flashnode_row *row, const char *text, struct attributes *attributes)
{
	uint8_t isid[ISID_BYTES];
	size_t i;

	for (i = 0; i < ISID_BYTES; i++) {
		int high, low;

		if (i && *text == ':')
			text++;
		high = hex_digit(text[0]);
		low = high < 0 ? -1 : hex_digit(text[1]);
		if (low < 0)
			return -EINVAL;
		isid[i] = (uint8_t)(high << 4 | low);
		text += 2;
	}
	if (*text)
		return -EINVAL;
	attributes_add(attributes, row->param, isid, sizeof(isid));
	return 0;
}

int flashnode_encode(const struct flashnode_row *row, const char *text, struct attributes *attributes)
{
	switch (row->wire) {
	case FLASHNODE_U8:
	case FLASHNODE_U16:
	case FLASHNODE_U32:
		return encode_number(row, text, attributes);
	case FLASHNODE_TEXT:
		return encode_text(row, text, attributes);
	case FLASHNODE_ADDR:
		return encode_address(row, text, attributes);
	case FLASHNODE_ISID:
		return encode_isid(row, text, attributes);
	case FLASHNODE_FIXED:
		break;
	}
	return -EROFS;
}
