// SPDX-License-Identifier: GPL-2.0-only OR GPL-3.0-or-later
/*
 * Cuts the byte stream of a connection into PDUs: a machine that may be stopped and go on at any byte. Its state is the piece of the PDU it
 * is in and how much of it is there. What a PDU means is decided by rx_pdu.c, at two points: when its header is whole and when all of it
 * is. Data goes straight to the command's pages. Fed by rx_skb.c; pure, also built into test programs of user space. Socket lock.
 */
#include "drivers/iscsi_tcp/wire.h"

struct rx_cursor {
	const u8 *bytes;
	u32 len;
};

int rx_fail(struct tcp_conn *conn, enum iscsi_err error)
{
	conn_failure(conn, error);
	return -EPROTO;
}

/* Each step returns 0: it wants more bytes, 1: the piece is complete and the next one is set, -errno: the connection is lost. */

static int rx_enter(struct tcp_rx *rx, enum rx_piece piece, u32 want)
{
	rx->piece = piece;
	rx->have = 0;
	rx->want = want;
	return 1;
}

static u32 rx_available(const struct tcp_rx *rx, const struct rx_cursor *cur)
{
	return min(rx->want - rx->have, cur->len);
}

static bool rx_taken(struct tcp_rx *rx, struct rx_cursor *cur, u32 bytes)
{
	cur->bytes += bytes;
	cur->len -= bytes;
	rx->have += bytes;
	return rx->have == rx->want;
}

static bool rx_take(struct tcp_rx *rx, struct rx_cursor *cur, void *to)
{
	u32 bytes = rx_available(rx, cur);

	memcpy((u8 *)to + rx->have, cur->bytes, bytes);
	return rx_taken(rx, cur, bytes);
}

static int rx_pdu_end(struct tcp_conn *conn)
{
	int err = rx_end(conn);

	if (err)
		return err;
	return rx_enter(&conn->rx, RX_BHS, ISCSI_BHS_BYTES);
}

static int rx_header_end(struct tcp_conn *conn)
{
	struct tcp_rx *rx = &conn->rx;
	int err = rx_begin(conn);

	if (err)
		return err;
	if (!rx->data_bytes)
		return rx_pdu_end(conn);
	rx->crc = DIGEST_SEED;
	return rx_enter(rx, RX_DATA, rx->data_bytes);
}

static int rx_after_header(struct tcp_conn *conn)
{
	if (conn->header_digest)
		return rx_enter(&conn->rx, RX_HEADER_DIGEST, ISCSI_CRC32C_BYTES);
	return rx_header_end(conn);
}

static int rx_bhs(struct tcp_conn *conn, struct rx_cursor *cur)
{
	struct tcp_rx *rx = &conn->rx;

	if (!rx_take(rx, cur, &rx->bhs))
		return 0;
	if (conn->header_digest)
		rx->crc = digest_add(DIGEST_SEED, &rx->bhs, sizeof(rx->bhs));
	if (rx->bhs.ahs_words)
		return rx_enter(rx, RX_AHS, rx->bhs.ahs_words * 4);
	return rx_after_header(conn);
}

/* RFC 7143 11.2.2: targets have none to send today; what one adds is skipped. */
static int rx_ahs(struct tcp_conn *conn, struct rx_cursor *cur)
{
	struct tcp_rx *rx = &conn->rx;
	u32 bytes = rx_available(rx, cur);

	if (conn->header_digest)
		rx->crc = digest_add(rx->crc, cur->bytes, bytes);
	return rx_taken(rx, cur, bytes) ? rx_after_header(conn) : 0;
}

static int rx_digest_wrong(struct tcp_conn *conn, enum iscsi_err error)
{
	conn->stats.digest_err++;
	return rx_fail(conn, error);
}

static int rx_header_digest(struct tcp_conn *conn, struct rx_cursor *cur)
{
	struct tcp_rx *rx = &conn->rx;

	if (!rx_take(rx, cur, rx->digest))
		return 0;
	if (!digest_matches(rx->crc, rx->digest))
		return rx_digest_wrong(conn, ISCSI_ERR_HDR_DGST);
	return rx_header_end(conn);
}

static int rx_after_data(struct tcp_conn *conn)
{
	if (conn->data_digest)
		return rx_enter(&conn->rx, RX_DATA_DIGEST, ISCSI_CRC32C_BYTES);
	return rx_pdu_end(conn);
}

static int rx_data(struct tcp_conn *conn, struct rx_cursor *cur)
{
	struct tcp_rx *rx = &conn->rx;
	u32 bytes = rx_available(rx, cur);
	u32 pad = pad_bytes(rx->data_bytes);

	if (conn->data_digest)
		rx->crc = digest_add(rx->crc, cur->bytes, bytes);
	if (rx->to_task) {
		if (rx->task && cursor_write(&rx->task->in, cur->bytes, bytes) != bytes)
			return rx_fail(conn, ISCSI_ERR_DATA_OFFSET);
	} else {
		memcpy(rx->buffer + rx->have, cur->bytes, bytes);
	}
	if (!rx_taken(rx, cur, bytes))
		return 0;
	return pad ? rx_enter(rx, RX_PAD, pad) : rx_after_data(conn);
}

static int rx_pad(struct tcp_conn *conn, struct rx_cursor *cur)
{
	struct tcp_rx *rx = &conn->rx;
	u32 bytes = rx_available(rx, cur);

	if (conn->data_digest)
		rx->crc = digest_add(rx->crc, cur->bytes, bytes);
	return rx_taken(rx, cur, bytes) ? rx_after_data(conn) : 0;
}

static int rx_data_digest(struct tcp_conn *conn, struct rx_cursor *cur)
{
	struct tcp_rx *rx = &conn->rx;

	if (!rx_take(rx, cur, rx->digest))
		return 0;
	if (!digest_matches(rx->crc, rx->digest))
		return rx_digest_wrong(conn, ISCSI_ERR_DATA_DGST);
	return rx_pdu_end(conn);
}

static int rx_step(struct tcp_conn *conn, struct rx_cursor *cur)
{
	switch (conn->rx.piece) {
	case RX_BHS:
		return rx_bhs(conn, cur);
	case RX_AHS:
		return rx_ahs(conn, cur);
	case RX_HEADER_DIGEST:
		return rx_header_digest(conn, cur);
	case RX_DATA:
		return rx_data(conn, cur);
	case RX_PAD:
		return rx_pad(conn, cur);
	case RX_DATA_DIGEST:
		return rx_data_digest(conn, cur);
	}
	return -EINVAL;
}

/* A login was answered and no other request is under way: what follows may come with digests, which user space tells us before START. */
static bool rx_waits(const struct tcp_conn *conn)
{
	return READ_ONCE(conn->state) == TCP_CONN_BOUND && list_empty(&conn->active);
}

int rx_bytes(struct tcp_conn *conn, const u8 *bytes, u32 len, u32 *ret_taken)
{
	struct rx_cursor cur = { bytes, len };
	int step = 1;

	while (cur.len && step > 0 && !rx_waits(conn))
		step = rx_step(conn, &cur);
	*ret_taken = len - cur.len;
	return min(step, 0);
}

void rx_reset(struct tcp_conn *conn)
{
	u8 *buffer = conn->rx.buffer;

	memset(&conn->rx, 0, sizeof(conn->rx));
	conn->rx.buffer = buffer;
	conn->rx.acks.wait_from = jiffies;
	rx_enter(&conn->rx, RX_BHS, ISCSI_BHS_BYTES);
}
