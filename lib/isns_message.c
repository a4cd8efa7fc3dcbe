/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Puts iSNS messages together and takes them apart. A stream delivers PDUs in order, so those of one message must follow each other:
 * nothing is kept for later. Called by lib/isns_call and the daemon's listener; the attributes are lib/isns_codec's business.
 */
#include "lib/isns_message.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#define VERSION 1
#define PAYLOAD_MAX 65532 /* of a PDU: the length is 16 bits and a multiple of 4 */

enum header_word { WORD_VERSION, WORD_FUNCTION, WORD_LENGTH, WORD_FLAGS, WORD_XID, WORD_SEQUENCE, WORD_COUNT };

int isns_message_encode(const struct isns_message *message, struct isns_bytes *out)
{
	uint16_t words[WORD_COUNT] = {
		[WORD_VERSION] = htons(VERSION),
		[WORD_FUNCTION] = htons(message->function),
		[WORD_LENGTH] = htons((uint16_t)message->payload.length),
		[WORD_FLAGS] = htons(message->flags | ISNS_FIRST_PDU | ISNS_LAST_PDU),
		[WORD_XID] = htons(message->xid),
	};
	int error;

	if (message->payload.length > PAYLOAD_MAX)
		return -EMSGSIZE;
	error = isns_bytes_add(out, words, sizeof(words));
	return error ? error : isns_bytes_add(out, message->payload.data, message->payload.length);
}

void isns_reader_init(struct isns_reader *reader, size_t limit)
{
	*reader = (struct isns_reader){.limit = limit};
}

void isns_reader_done(struct isns_reader *reader)
{
	isns_bytes_done(&reader->message.payload);
}

void isns_reader_next(struct isns_reader *reader)
{
	size_t limit = reader->limit;

	isns_reader_done(reader);
	isns_reader_init(reader, limit);
}

static uint16_t header_word(const struct isns_reader *reader, enum header_word word)
{
	uint16_t value;

	memcpy(&value, reader->header + word * sizeof(value), sizeof(value));
	return ntohs(value);
}

static bool continues(const struct isns_reader *reader)
{
	return header_word(reader, WORD_FUNCTION) == reader->message.function &&
	       header_word(reader, WORD_XID) == reader->message.xid && !(header_word(reader, WORD_FLAGS) & ISNS_FIRST_PDU);
}

static int take_header(struct isns_reader *reader)
{
	struct isns_message *message = &reader->message;
	uint16_t flags = header_word(reader, WORD_FLAGS), length = header_word(reader, WORD_LENGTH);
	bool is_first = reader->next_sequence == 0;

	if (header_word(reader, WORD_VERSION) != VERSION || length % 4 ||
	    header_word(reader, WORD_SEQUENCE) != reader->next_sequence)
		return -EPROTO;
	if (flags & ISNS_AUTHENTICATED)
		return -EOPNOTSUPP;
	if (is_first ? !(flags & ISNS_FIRST_PDU) : !continues(reader))
		return -EPROTO;
	if (message->payload.length + length > reader->limit)
		return -EMSGSIZE;
	/* A PDU without content that is not the last one would let a server go on for ever. */
	if (!length && !(flags & ISNS_LAST_PDU))
		return -EPROTO;
	if (++reader->next_sequence == 0)
		return -EMSGSIZE;
	message->function = header_word(reader, WORD_FUNCTION);
	message->xid = header_word(reader, WORD_XID);
	message->flags = flags;
	reader->left = length;
	return 0;
}

/* One step: some bytes of the header or of the payload. */
static int take_some(struct isns_reader *reader, const unsigned char *bytes, size_t length, size_t *ret_used)
{
	size_t want = reader->have < ISNS_HEADER_BYTES ? ISNS_HEADER_BYTES - reader->have : reader->left;
	int error;

	*ret_used = length < want ? length : want;
	if (reader->have < ISNS_HEADER_BYTES) {
		memcpy(reader->header + reader->have, bytes, *ret_used);
		reader->have += *ret_used;
		return reader->have == ISNS_HEADER_BYTES ? take_header(reader) : 0;
	}
	error = isns_bytes_add(&reader->message.payload, bytes, *ret_used);
	reader->left -= *ret_used;
	return error;
}

int isns_reader_feed(struct isns_reader *reader, const void *bytes, size_t length, size_t *ret_used)
{
	const unsigned char *at = bytes;
	size_t used;
	int error;

	for (*ret_used = 0; *ret_used < length;) {
		error = take_some(reader, at + *ret_used, length - *ret_used, &used);
		if (error)
			return error;
		*ret_used += used;
		if (reader->have < ISNS_HEADER_BYTES || reader->left)
			continue;
		if (reader->message.flags & ISNS_LAST_PDU)
			return 1;
		reader->have = 0;
	}
	return 0;
}
