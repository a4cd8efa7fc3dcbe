/* SPDX-License-Identifier: GPL-2.0-only OR GPL-3.0-or-later */
/*
 * What the files of the wire share: places in a command's memory, digests, PDUs to be sent, rows of PDUs received. Everything here runs
 * under the socket lock of its connection and never sleeps.
 */
#ifndef OPENHBA_TCP_WIRE_H
#define OPENHBA_TCP_WIRE_H

#include <asm/byteorder.h>

#include "drivers/iscsi_tcp/tcp.h"

/* --- numbers */

static inline bool sn_before(u32 a, u32 b)	/* serial number arithmetic, RFC 1982 */
{
	return (s32)(a - b) < 0;
}

static inline u32 bhs_data_bytes(const struct iscsi_bhs *bhs)
{
	return bhs->data_length[0] << 16 | bhs->data_length[1] << 8 | bhs->data_length[2];
}

static inline u32 pad_bytes(u32 bytes)	/* to the next multiple of 4 */
{
	return -bytes & 3;
}

/* --- cursor.c */

void cursor_start(struct tcp_cursor *cursor, struct scatterlist *sg);
/* To a place counted in bytes from the begin of sg, backwards too. false: there is none. */
bool cursor_seek(struct tcp_cursor *cursor, struct scatterlist *sg, u32 offset);
/* Bytes of a command that lie in one piece: from offset of page on. */
struct tcp_piece {
	struct page *page;
	u32 offset;
	u32 bytes;	/* 0: the list is over */
};

/* At the cursor, at most `bytes` of them. By value, so that who walks a list keeps his place in registers. */
struct tcp_piece cursor_piece_far(struct tcp_cursor cursor, u32 bytes);
static inline struct tcp_piece cursor_piece(const struct tcp_cursor *cursor, u32 bytes)
{
	struct tcp_piece piece = {};

	if (unlikely(!cursor->sg))
		return piece;
	piece.offset = cursor->sg->offset + cursor->sg_offset;
	piece.bytes = min(bytes, cursor->sg->length - cursor->sg_offset);
	if (unlikely(piece.offset + piece.bytes > PAGE_SIZE))
		return cursor_piece_far(*cursor, bytes);
	piece.page = sg_page(cursor->sg);
	return piece;
}

/* As much of a piece as kmap_local_page() shows: not beyond its first page. */
static inline u32 piece_mapped(struct tcp_piece piece)
{
	return min_t(u32, piece.bytes, PAGE_SIZE - piece.offset);
}

/* Bytes within the list. It never stands at the end of an entry, unless that is the last one. */
static inline void cursor_advance(struct tcp_cursor *cursor, u32 bytes)
{
	cursor->offset += bytes;
	cursor->sg_offset += bytes;
	while (cursor->sg && cursor->sg_offset >= cursor->sg->length) {
		cursor->sg_offset -= cursor->sg->length;
		cursor->sg = sg_next(cursor->sg);
	}
}

u32 cursor_write(struct tcp_cursor *cursor, const u8 *from, u32 bytes);	/* copies into the list and moves; the bytes that fitted */
u32 cursor_peek(const struct tcp_cursor *cursor, u8 *to, u32 bytes);	/* copies one piece; 0: the list is over */

/* --- digest.c */

#define DIGEST_SEED 0xffffffffu

u32 digest_add(u32 crc, const void *bytes, u32 len);
u32 digest_add_cursor(u32 crc, const struct tcp_cursor *cursor, u32 bytes);
void digest_format(u32 crc, u8 to[ISCSI_CRC32C_BYTES]);		/* as it travels */
bool digest_matches(u32 crc, const u8 from[ISCSI_CRC32C_BYTES]);

/* --- pdu.c */

/* Each writes a header to `to` (TX_HEADER_MAX bytes), sets *ret_data to the bytes of the data segment, and returns its own length. */

/* Also starts the task's cursor, and its burst, if there is unsolicited data behind the command. */
u32 pdu_scsi_command(struct tcp_task *task, u8 *to, u32 *ret_data);
u32 pdu_data_out(struct tcp_task *task, u8 *to, u32 *ret_data);		/* the next one of the task's burst */
u32 pdu_mgmt(struct tcp_mgmt *mgmt, u32 cmdsn, u8 *to, u32 *ret_data);

/* --- r2t.c */

/* Next burst of a task whose burst is over: the oldest R2T. false: there is none. */
bool r2t_next(struct tcp_task *task);
/* 0: the task answers it some time; an error for conn_failure() otherwise. */
enum iscsi_err r2t_received(struct tcp_task *task, const struct iscsi_bhs_r2t *bhs);

static inline bool burst_over(const struct tcp_task *task)
{
	return task->burst.offset == task->burst.end;
}

/* --- send.c */

/* Hand bytes to TCP without waiting; more: others follow at once. The number taken, -EAGAIN (sk_write_space() comes), another -errno. */
int send_bytes(struct sock *sk, const void *bytes, u32 len, bool more);
/* Without a copy where the pages allow it; moves the cursor. */
int send_cursor(struct sock *sk, struct tcp_cursor *cursor, u32 len, bool more);

/* --- acks.c */

/* Looks at what came last: bytes received, and how far they are acknowledged. Until target_pushes. */
void acks_learn(struct tcp_acks *acks, u32 received, u32 acked);
/* interactive: TCP expects that data of ours takes an acknowledgment along. false: TCP is to do as it would. */
bool acks_may_wait(struct tcp_acks *acks, bool interactive, unsigned long now);
/* Two short segments came: their acknowledgment can wait. */
bool acks_pair_waits(struct tcp_acks *acks, u32 acked);

/* --- rx */

/* A PDU a target may send. RFC 7143 11. */
struct rx_row {
	u8 states;		/* BIT(enum tcp_conn_state) in which it is legal */
	u8 request;		/* opcode of the request that the ITT must name; RX_NO_REQUEST */
	bool may_be_unasked;	/* the ITT may also be reserved */
	u8 statsn;		/* enum rx_statsn */
	u32 data_min, data_max;
	u16 count;		/* offset in struct tcp_counts */
	int (*begin)(struct tcp_conn *conn);	/* header is whole: 0 or -errno; NULL: nothing to check, data to the buffer */
	int (*end)(struct tcp_conn *conn);	/* everything is there */
};

#define RX_NO_REQUEST 0xff

enum rx_statsn {
	RX_STATSN_NONE,		/* R2T: it does not advance */
	RX_STATSN_ALWAYS,
	RX_STATSN_ANSWER,	/* NOP-In: only if the ITT names a task */
	RX_STATSN_STATUS,	/* Data-In: only with the S bit */
	RX_STATSN_LOGIN,	/* Login Response: only if it was no refusal */
};

extern const struct rx_row rx_rows[ISCSI_PDU_OPCODE_BITS + 1];

/* Takes all the bytes; -errno: the connection is lost (reported). *ret_taken: fewer than len only if it wants no more for now. */
int rx_bytes(struct tcp_conn *conn, const u8 *bytes, u32 len, u32 *ret_taken);
int rx_fail(struct tcp_conn *conn, enum iscsi_err error);	/* reports it; always -EPROTO */
int rx_begin(struct tcp_conn *conn);	/* rx_pdu.c: a header is whole */
int rx_end(struct tcp_conn *conn);	/* rx_pdu.c: a PDU is whole */

#endif
