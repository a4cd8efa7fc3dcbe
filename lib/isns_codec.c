/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The one home of libisns. Only its attribute codec is used: its sockets run in a poll loop of their own, block, and lose answers
 * that come in several PDUs; its memory and assertion failures end the process. What it decodes has passed the gate here, so that
 * none of its checks can fail: a text attribute cut short would be freed twice.
 */
#include "lib/isns_codec.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libisns/attrs.h>
#include <libisns/buffer.h>
#include <libisns/isns-proto.h>
#include <libisns/isns.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/library.h"

#define SONAME "libisns.so.0"
#define ATTRIBUTE_BYTES_MAX (2 * sizeof(uint32_t) + ISNS_TEXT_MAX)

#define SAME(ours, theirs) _Static_assert((unsigned int)ours == (unsigned int)theirs, #ours " is not libisns's")
SAME(ISNS_ENTITY_IDENTIFIER, ISNS_TAG_ENTITY_IDENTIFIER);
SAME(ISNS_REGISTRATION_PERIOD, ISNS_TAG_REGISTRATION_PERIOD);
SAME(ISNS_PORTAL_ADDRESS, ISNS_TAG_PORTAL_IP_ADDRESS);
SAME(ISNS_SCN_PORT, ISNS_TAG_SCN_PORT);
SAME(ISNS_ISCSI_SCN_BITMAP, ISNS_TAG_ISCSI_SCN_BITMAP);
SAME(ISNS_PG_TAG, ISNS_TAG_PG_TAG);

/* The functions used, each by its own type. */
#define FUNCTIONS(each) \
	each(buf_alloc) each(buf_free) each(buf_set) each(isns_attr_decode) each(isns_attr_list_append_ipaddr) \
		each(isns_attr_list_append_nil) each(isns_attr_list_append_string) each(isns_attr_list_append_uint32) \
			each(isns_attr_list_destroy) each(isns_attr_list_encode) each(isns_attr_release) \
				each(isns_encode_delimiter) each(isns_strerror)

struct functions {
#define POINTER(name) __typeof__(name) *name;
	FUNCTIONS(POINTER)
#undef POINTER
};

static const struct library_symbol symbols[] = {
#define SYMBOL(name) {#name, offsetof(struct functions, name)},
	FUNCTIONS(SYMBOL)
#undef SYMBOL
};

static struct functions isns; /* filled once by isns_codec_open() */

static const struct row {
	uint32_t tag;
	enum isns_kind kind;
} rows[] = {
#define ROW(tag, name, kind) {tag, ISNS_KIND_##kind},
	ISNS_ATTRIBUTES(ROW)
#undef ROW
};

void isns_bytes_done(struct isns_bytes *bytes)
{
	free(bytes->data);
	*bytes = (struct isns_bytes){0};
}

int isns_bytes_add(struct isns_bytes *bytes, const void *data, size_t length)
{
	size_t size = bytes->size ? bytes->size : 256;
	unsigned char *grown;

	if (!length)
		return 0;
	while (size < bytes->length + length)
		size *= 2;
	if (size > bytes->size) {
		grown = realloc(bytes->data, size);
		if (!grown)
			return -ENOMEM;
		bytes->data = grown;
		bytes->size = size;
	}
	memcpy(bytes->data + bytes->length, data, length);
	bytes->length += length;
	return 0;
}

int isns_codec_open(void)
{
	if (isns.buf_alloc)
		return 0;
	return library_open(SONAME, symbols, sizeof(symbols) / sizeof(symbols[0]), &isns);
}

static const struct row *row_of(uint32_t tag)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].tag == tag)
			return &rows[i];
	return NULL;
}

static void append(isns_attr_list_t *list, const struct isns_item *item)
{
	switch (item->kind) {
	case ISNS_KIND_NOTHING:
	case ISNS_KIND_OTHER:
		isns.isns_attr_list_append_nil(list, item->tag);
		break;
	case ISNS_KIND_TEXT:
		isns.isns_attr_list_append_string(list, item->tag, item->text);
		break;
	case ISNS_KIND_NUMBER:
		isns.isns_attr_list_append_uint32(list, item->tag, item->number);
		break;
	case ISNS_KIND_ADDRESS:
		isns.isns_attr_list_append_ipaddr(list, item->tag, &item->address);
		break;
	}
}

static int encode(buf_t *buffer, const struct isns_item *item)
{
	isns_attr_list_t list = ISNS_ATTR_LIST_INIT;
	int status;

	if (item->tag == ISNS_DELIMITER)
		return isns.isns_encode_delimiter(buffer);
	append(&list, item);
	status = isns.isns_attr_list_encode(buffer, &list);
	isns.isns_attr_list_destroy(&list);
	return status;
}

int isns_codec_add(struct isns_bytes *message, const struct isns_item *item)
{
	const struct row *row = row_of(item->tag);
	int error = isns_codec_open();
	buf_t *buffer;

	if (error)
		return error;
	if (!row || (item->kind != row->kind && item->kind != ISNS_KIND_NOTHING) ||
	    (item->kind == ISNS_KIND_TEXT && strnlen(item->text, sizeof(item->text)) == sizeof(item->text)))
		return -EINVAL;
	buffer = isns.buf_alloc(ATTRIBUTE_BYTES_MAX);
	if (!buffer)
		return -ENOMEM;
	error = encode(buffer, item) == ISNS_SUCCESS ? isns_bytes_add(message, buf_head(buffer), buf_avail(buffer)) : -EINVAL;
	isns.buf_free(buffer);
	return error;
}

static bool length_fits(enum isns_kind kind, uint32_t length)
{
	switch (kind) {
	case ISNS_KIND_NOTHING:
		return length == 0;
	case ISNS_KIND_TEXT:
		return length <= ISNS_TEXT_MAX;
	case ISNS_KIND_NUMBER:
		return length == 0 || length == sizeof(uint32_t);
	case ISNS_KIND_ADDRESS:
		return length == 0 || length == sizeof(struct in6_addr);
	case ISNS_KIND_OTHER:
		return true;
	}
	return false;
}

static void take_value(const isns_attr_t *attribute, struct isns_item *item)
{
	switch (attribute->ia_value.iv_type->it_id) {
	case ISNS_ATTR_TYPE_STRING:
		item->kind = ISNS_KIND_TEXT;
		strncpy(item->text, attribute->ia_value.iv_string, sizeof(item->text) - 1);
		break;
	case ISNS_ATTR_TYPE_UINT32:
		item->kind = ISNS_KIND_NUMBER;
		item->number = attribute->ia_value.iv_uint32;
		break;
	case ISNS_ATTR_TYPE_IPADDR:
		item->kind = ISNS_KIND_ADDRESS;
		item->address = attribute->ia_value.iv_ipaddr;
		break;
	default:
		item->kind = ISNS_KIND_NOTHING;
		break;
	}
}

/* bytes are one whole attribute of a row, its length checked: at most ATTRIBUTE_BYTES_MAX. */
static int decode(const unsigned char *bytes, size_t length, struct isns_item *item)
{
	unsigned char copy[ATTRIBUTE_BYTES_MAX];
	isns_attr_t *attribute = NULL;
	int error = isns_codec_open();
	buf_t buffer;

	if (error)
		return error;
	memcpy(copy, bytes, length); /* libisns wants bytes it may change */
	isns.buf_set(&buffer, copy, length);
	if (isns.isns_attr_decode(&buffer, &attribute) != ISNS_SUCCESS)
		return -EPROTO;
	take_value(attribute, item);
	isns.isns_attr_release(attribute);
	return 1;
}

static uint32_t word_at(const unsigned char *bytes)
{
	uint32_t word;

	memcpy(&word, bytes, sizeof(word));
	return ntohl(word);
}

int isns_codec_next(const unsigned char *bytes, size_t length, size_t *at, struct isns_item *ret_item)
{
	size_t left = length - *at, whole;
	const unsigned char *start;
	const struct row *row;
	uint32_t value_length;

	if (!left)
		return 0;
	if (left < 2 * sizeof(uint32_t))
		return -EPROTO;
	start = bytes + *at;
	memset(ret_item, 0, sizeof(*ret_item));
	ret_item->tag = word_at(start);
	value_length = word_at(start + sizeof(uint32_t));
	row = row_of(ret_item->tag);
	ret_item->kind = row ? row->kind : ISNS_KIND_OTHER;
	/* RFC 4171 5.1.6: values are padded to words. */
	if (value_length % sizeof(uint32_t) || value_length > left - 2 * sizeof(uint32_t) ||
	    !length_fits(ret_item->kind, value_length))
		return -EPROTO;
	whole = 2 * sizeof(uint32_t) + value_length;
	*at += whole;
	if (row && value_length)
		return decode(start, whole, ret_item);
	if (row)
		ret_item->kind = ISNS_KIND_NOTHING;
	return 1;
}

const char *isns_codec_status_text(uint32_t status)
{
	return isns_codec_open() ? "the server refused" : isns.isns_strerror((enum isns_status)status);
}
