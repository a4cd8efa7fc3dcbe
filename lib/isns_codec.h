/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Attributes of iSNS messages (RFC 4171 6): what stands in a message behind its header. The values are written and read by libisns,
 * which is opened at the first use; the gate in front of it, isns_codec_next(), lets only attributes through whose length is what
 * their row says, because libisns believes lengths. Pure; used by lib/isns and daemon/isns_listen.
 */
#ifndef OPENHBA_LIB_ISNS_CODEC_H
#define OPENHBA_LIB_ISNS_CODEC_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

#define ISNS_TEXT_MAX 256 /* bytes of a text attribute with its NUL, RFC 4171 6.2.1 */

/* Attributes that are written or read here: tag, name, kind. */
#define ISNS_ATTRIBUTES(row)                    \
	row(0, DELIMITER, NOTHING)              \
	row(1, ENTITY_IDENTIFIER, TEXT)         \
	row(2, ENTITY_PROTOCOL, NUMBER)         \
	row(6, REGISTRATION_PERIOD, NUMBER)     \
	row(16, PORTAL_ADDRESS, ADDRESS)        \
	row(17, PORTAL_PORT, NUMBER)            \
	row(23, SCN_PORT, NUMBER)               \
	row(32, ISCSI_NAME, TEXT)               \
	row(33, ISCSI_NODE_TYPE, NUMBER)        \
	row(34, ISCSI_ALIAS, TEXT)              \
	row(35, ISCSI_SCN_BITMAP, NUMBER)       \
	row(48, PG_ISCSI_NAME, TEXT)            \
	row(49, PG_PORTAL_ADDRESS, ADDRESS)     \
	row(50, PG_PORTAL_PORT, NUMBER)         \
	row(51, PG_TAG, NUMBER)

enum isns_attribute {
#define ISNS_ATTRIBUTE_NUMBER(tag, name, kind) ISNS_##name = tag,
	ISNS_ATTRIBUTES(ISNS_ATTRIBUTE_NUMBER)
#undef ISNS_ATTRIBUTE_NUMBER
};

enum isns_kind {
	ISNS_KIND_NOTHING,	/* asked for, or empty */
	ISNS_KIND_TEXT,		/* at most ISNS_TEXT_MAX bytes */
	ISNS_KIND_NUMBER,	/* 32 bits */
	ISNS_KIND_ADDRESS,	/* IPv6, or IPv4 mapped */
	ISNS_KIND_OTHER,	/* read only: an attribute without a row, passed over */
};

/* One attribute. */
struct isns_item {
	uint32_t tag;		/* enum isns_attribute, or another one with ISNS_KIND_OTHER */
	enum isns_kind kind;
	uint32_t number;
	struct in6_addr address;
	char text[ISNS_TEXT_MAX];
};

/* Bytes that grow. All zero is empty. */
struct isns_bytes {
	unsigned char *data;
	size_t length, size;
};

void isns_bytes_done(struct isns_bytes *bytes);
int isns_bytes_add(struct isns_bytes *bytes, const void *data, size_t length);	/* -ENOMEM */

/* Opens libisns. 0, also when it is open; -ELIBACC: it is not installed; -ELIBBAD. Reads files. */
int isns_codec_open(void);

/* Appends an attribute to a message. -EINVAL: no such row or kind, -ENOMEM, or as isns_codec_open(). */
int isns_codec_add(struct isns_bytes *message, const struct isns_item *item);

/*
 * The attribute at *at, which moves behind it. 1; 0: the end; -EPROTO: it does not fit into the message or into its row (what follows
 * cannot be read either); or as isns_codec_open(). Text is cut at its first NUL.
 */
int isns_codec_next(const unsigned char *bytes, size_t length, size_t *at, struct isns_item *ret_item);

/* What the server's status (RFC 4171 5.4) means; static text. */
const char *isns_codec_status_text(uint32_t status);

#endif
