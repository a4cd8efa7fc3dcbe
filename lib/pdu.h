/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A PDU in memory, and a reader that puts one together from bytes that come cut anywhere. No I/O
 * and no digests here: during login and in discovery sessions there are none (RFC 7143 6.1), and
 * afterwards the kernel owns the connection.
 */
#ifndef OPENHBA_LIB_PDU_H
#define OPENHBA_LIB_PDU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "transport/abi/iscsi_proto.h"

struct pdu {
	union {
		struct iscsi_bhs bhs;
		struct iscsi_bhs_login_request login_request;
		struct iscsi_bhs_login_response login_response;
		struct iscsi_bhs_text_request text_request;
		struct iscsi_bhs_text_response text_response;
		struct iscsi_bhs_logout_request logout_request;
		struct iscsi_bhs_logout_response logout_response;
		struct iscsi_bhs_nop_out nop_out;
		struct iscsi_bhs_nop_in nop_in;
		struct iscsi_bhs_async async;
		struct iscsi_bhs_reject reject;
	};
	unsigned char *data; /* owned; data_length bytes, without padding; NULL when there are none */
	size_t data_length;
	size_t data_size; /* allocated */
};

void pdu_done(struct pdu *pdu);	 /* zeroes and frees the data, leaves an empty PDU */
void pdu_clear(struct pdu *pdu); /* empty again, but keeps the allocation */

/* Copies bytes in and writes DataSegmentLength. -EMSGSIZE above 2^24-1, -ENOMEM. */
int pdu_set_data(struct pdu *pdu, const void *bytes, size_t length);

unsigned int pdu_opcode(const struct pdu *pdu);	 /* enum iscsi_pdu_opcode, I bit removed */
size_t pdu_data_length(const struct iscsi_bhs *bhs); /* what the header says, 0..2^24-1 */
size_t pdu_padding(size_t data_length);		     /* 0..3 bytes up to a multiple of 4 */

/* BHS + data + padding. pdu_encode() writes exactly that many bytes to out. */
size_t pdu_wire_length(const struct pdu *pdu);
void pdu_encode(const struct pdu *pdu, void *out);

/*
 * The reader. It asks for exactly the bytes of the piece it is in, so it never takes a byte of
 * the next PDU from a stream:
 *
 *	reader.where(&place, &want); read up to want bytes to place; pdu_reader_took(n)
 */
enum pdu_piece {
	PDU_PIECE_HEADER,
	PDU_PIECE_DATA,
	PDU_PIECE_PADDING,
	PDU_PIECE_COMPLETE,
	PDU_PIECE_BROKEN,
};

struct pdu_reader {
	struct pdu pdu; /* valid in PDU_PIECE_COMPLETE; the caller may move it out */
	enum pdu_piece piece;
	size_t have;	   /* bytes of the piece */
	size_t data_limit; /* a longer data segment breaks the reader */
	unsigned char padding[4];
};

void pdu_reader_init(struct pdu_reader *reader, size_t data_limit);
void pdu_reader_done(struct pdu_reader *reader);

/* Where the next bytes belong and how many at most; 0 when complete or broken. */
size_t pdu_reader_want(struct pdu_reader *reader, void **ret_place);

/* n bytes were put there. 1: the PDU is complete; 0: more; -EPROTO: additional header segments,
 * which no PDU of a login or discovery has; -EMSGSIZE: data above the limit; -ENOMEM. */
int pdu_reader_took(struct pdu_reader *reader, size_t n);

/* Copies from a buffer until the PDU is complete or the bytes are used up. Results as above. */
int pdu_reader_feed(struct pdu_reader *reader, const void *bytes, size_t length, size_t *ret_used);

void pdu_reader_next(struct pdu_reader *reader); /* after COMPLETE: ready for another PDU */

#endif
