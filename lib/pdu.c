/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Puts PDUs together from a byte stream that may be cut anywhere, and takes them apart again. The
 * reader's state is "which piece of the PDU am I in": header, data, padding. Called by the
 * channels; decides nothing about what a PDU means and does no I/O.
 */
#include "lib/pdu.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void pdu_clear(struct pdu *pdu)
{
	memset(&pdu->bhs, 0, sizeof(pdu->bhs));
	if (pdu->data)
		explicit_bzero(pdu->data, pdu->data_size);
	pdu->data_length = 0;
}

void pdu_done(struct pdu *pdu)
{
	pdu_clear(pdu);
	free(pdu->data);
	pdu->data = NULL;
	pdu->data_size = 0;
}

/* Room for length bytes; what was there is lost. */
static int pdu_reserve(struct pdu *pdu, size_t length)
{
	unsigned char *data;

	if (length <= pdu->data_size)
		return 0;
	data = malloc(length);
	if (!data)
		return -ENOMEM;
	if (pdu->data)
		explicit_bzero(pdu->data, pdu->data_size);
	free(pdu->data);
	pdu->data = data;
	pdu->data_size = length;
	return 0;
}

int pdu_set_data(struct pdu *pdu, const void *bytes, size_t length)
{
	int error;

	if (length > ISCSI_DATA_SEGMENT_MAX)
		return -EMSGSIZE;
	error = pdu_reserve(pdu, length);
	if (error)
		return error;
	if (length)
		memcpy(pdu->data, bytes, length);
	pdu->data_length = length;
	pdu->bhs.data_length[0] = (unsigned char)(length >> 16);
	pdu->bhs.data_length[1] = (unsigned char)(length >> 8);
	pdu->bhs.data_length[2] = (unsigned char)length;
	return 0;
}

unsigned int pdu_opcode(const struct pdu *pdu)
{
	return pdu->bhs.opcode & ISCSI_PDU_OPCODE_BITS;
}

size_t pdu_data_length(const struct iscsi_bhs *bhs)
{
	return (size_t)bhs->data_length[0] << 16 | (size_t)bhs->data_length[1] << 8 |
	       bhs->data_length[2];
}

size_t pdu_padding(size_t data_length)
{
	return (4 - data_length % 4) % 4;
}

size_t pdu_wire_length(const struct pdu *pdu)
{
	return ISCSI_BHS_BYTES + pdu->data_length + pdu_padding(pdu->data_length);
}

void pdu_encode(const struct pdu *pdu, void *out)
{
	unsigned char *at = out;

	memcpy(at, &pdu->bhs, ISCSI_BHS_BYTES);
	at += ISCSI_BHS_BYTES;
	if (pdu->data_length)
		memcpy(at, pdu->data, pdu->data_length);
	memset(at + pdu->data_length, 0, pdu_padding(pdu->data_length));
}

void pdu_reader_init(struct pdu_reader *reader, size_t data_limit)
{
	memset(reader, 0, sizeof(*reader));
	reader->data_limit = data_limit;
}

void pdu_reader_done(struct pdu_reader *reader)
{
	pdu_done(&reader->pdu);
	reader->piece = PDU_PIECE_BROKEN;
}

void pdu_reader_next(struct pdu_reader *reader)
{
	pdu_clear(&reader->pdu);
	reader->piece = PDU_PIECE_HEADER;
	reader->have = 0;
}

/* The piece's place and whole length. */
static size_t piece_span(struct pdu_reader *reader, unsigned char **ret_place)
{
	*ret_place = NULL;
	switch (reader->piece) {
	case PDU_PIECE_HEADER:
		*ret_place = (unsigned char *)&reader->pdu.bhs;
		return ISCSI_BHS_BYTES;
	case PDU_PIECE_DATA:
		*ret_place = reader->pdu.data;
		return reader->pdu.data_length;
	case PDU_PIECE_PADDING:
		*ret_place = reader->padding;
		return pdu_padding(reader->pdu.data_length);
	case PDU_PIECE_COMPLETE:
	case PDU_PIECE_BROKEN:
		break;
	}
	return 0;
}

size_t pdu_reader_want(struct pdu_reader *reader, void **ret_place)
{
	unsigned char *place;
	size_t span = piece_span(reader, &place);

	*ret_place = place ? place + reader->have : NULL;
	return span - (span ? reader->have : 0);
}

static int reader_break(struct pdu_reader *reader, int error)
{
	reader->piece = PDU_PIECE_BROKEN;
	return error;
}

static int header_complete(struct pdu_reader *reader)
{
	size_t length = pdu_data_length(&reader->pdu.bhs);
	int error;

	if (reader->pdu.bhs.ahs_words)
		return reader_break(reader, -EPROTO);
	if (length > reader->data_limit)
		return reader_break(reader, -EMSGSIZE);
	error = pdu_reserve(&reader->pdu, length);
	if (error)
		return reader_break(reader, error);
	reader->pdu.data_length = length;
	reader->piece = PDU_PIECE_DATA;
	return 0;
}

/* Steps over pieces that are full; a piece of no bytes is full at once. */
static int reader_advance(struct pdu_reader *reader)
{
	unsigned char *place;
	int error;

	while (reader->piece != PDU_PIECE_COMPLETE && reader->have == piece_span(reader, &place)) {
		reader->have = 0;
		if (reader->piece == PDU_PIECE_HEADER) {
			error = header_complete(reader);
			if (error)
				return error;
		} else if (reader->piece == PDU_PIECE_DATA) {
			reader->piece = PDU_PIECE_PADDING;
		} else {
			reader->piece = PDU_PIECE_COMPLETE;
		}
	}
	return reader->piece == PDU_PIECE_COMPLETE;
}

int pdu_reader_took(struct pdu_reader *reader, size_t n)
{
	unsigned char *place;

	if (reader->piece == PDU_PIECE_BROKEN || n > piece_span(reader, &place) - reader->have)
		return reader_break(reader, -EPROTO);
	reader->have += n;
	return reader_advance(reader);
}

int pdu_reader_feed(struct pdu_reader *reader, const void *bytes, size_t length, size_t *ret_used)
{
	const unsigned char *from = bytes;
	size_t want, used = 0;
	void *place;
	int result = 0;

	*ret_used = 0;
	if (reader->piece == PDU_PIECE_BROKEN)
		return -EPROTO;
	if (reader->piece == PDU_PIECE_COMPLETE)
		return 1;
	while (!result && used < length) {
		want = pdu_reader_want(reader, &place);
		if (want > length - used)
			want = length - used;
		memcpy(place, from + used, want);
		used += want;
		result = pdu_reader_took(reader, want);
	}
	*ret_used = used;
	return result;
}
