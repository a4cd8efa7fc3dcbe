/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * iSNS messages (RFC 4171 5.1): a header of 12 bytes and a payload, in one PDU or in several with rising sequence numbers. Pure:
 * bytes in, whole messages out. Messages with an authentication block are refused.
 */
#ifndef OPENHBA_LIB_ISNS_MESSAGE_H
#define OPENHBA_LIB_ISNS_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/isns_codec.h"

#define ISNS_HEADER_BYTES 12
#define ISNS_RESPONSE 0x8000 /* bit of the function code */

enum isns_function_code {
	ISNS_REGISTER = 1,
	ISNS_QUERY = 2,
	ISNS_GET_NEXT = 3,
	ISNS_DEREGISTER = 4,
	ISNS_REGISTER_SCN = 5,
	ISNS_CHANGE_NOTICE = 8,
};

enum isns_message_flag {
	ISNS_FROM_CLIENT = 0x8000,
	ISNS_FROM_SERVER = 0x4000,
	ISNS_AUTHENTICATED = 0x2000,
	ISNS_REPLACE = 0x1000,
	ISNS_LAST_PDU = 0x0800,
	ISNS_FIRST_PDU = 0x0400,
};

struct isns_message {
	uint16_t function, flags, xid;
	struct isns_bytes payload; /* of all PDUs */
};

/* Appends the message as one PDU. -EMSGSIZE: the payload is longer than 65532 bytes; -ENOMEM. */
int isns_message_encode(const struct isns_message *message, struct isns_bytes *out);

struct isns_reader {
	struct isns_message message; /* valid when complete; the caller may move the payload out */
	unsigned char header[ISNS_HEADER_BYTES];
	size_t have;		     /* bytes of the header */
	size_t left;		     /* payload bytes to come of this PDU */
	uint16_t next_sequence;
	size_t limit;
};

void isns_reader_init(struct isns_reader *reader, size_t limit); /* limit: of the payload */
void isns_reader_done(struct isns_reader *reader);

/*
 * Takes bytes until a message is complete or they are used up. 1: complete; 0: more is needed; -EPROTO: not iSNS, or PDUs out of
 * order; -EMSGSIZE: above the limit; -EOPNOTSUPP: authenticated; -ENOMEM. Not to be fed again after an error.
 */
int isns_reader_feed(struct isns_reader *reader, const void *bytes, size_t length, size_t *ret_used);

void isns_reader_next(struct isns_reader *reader); /* after a complete message: ready for another one */

#endif
