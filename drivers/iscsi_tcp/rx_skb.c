// SPDX-License-Identifier: GPL-2.0-only OR GPL-3.0-or-later
/*
 * From TCP's receive queue to the machine of rx.c: every stretch of memory of an skb once, without copying it together first. Called by the
 * socket's callbacks, under its lock. It knows nothing of PDUs.
 */
#include <linux/highmem.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <net/tcp.h>

#include "drivers/iscsi_tcp/wire.h"

#define RX_FRAME_BYTES	32768u	/* acknowledged at once: eight pages, where the first congestion window has ten segments */
#define RX_WAIT_BYTES	32768u

struct skb_walk {
	struct tcp_conn *conn;
	u32 skip;		/* bytes before the first wanted one */
	u32 left;		/* wanted */
	int taken;		/* or -errno */
};

/* true: go on with the next stretch. */
static bool walk_bytes(struct skb_walk *walk, const u8 *bytes, u32 len)
{
	u32 taken;
	int err;

	if (walk->skip >= len) {
		walk->skip -= len;
		return true;
	}
	bytes += walk->skip;
	len = min(len - walk->skip, walk->left);
	walk->skip = 0;
	err = rx_bytes(walk->conn, bytes, len, &taken);
	walk->left -= taken;
	walk->taken = err ?: walk->taken + (int)taken;
	return !err && taken == len && walk->left;
}

static bool walk_frag(struct skb_walk *walk, const skb_frag_t *frag)
{
	u32 offset, len, copied;
	struct page *page;

	if (walk->skip >= skb_frag_size(frag)) {
		walk->skip -= skb_frag_size(frag);
		return true;
	}
	/* Memory of a device, which the CPU cannot read. */
	if (!skb_frag_page(frag)) {
		walk->taken = rx_fail(walk->conn, ISCSI_ERR_CONN_FAILED);
		return false;
	}
	skb_frag_foreach_page(frag, skb_frag_off(frag), skb_frag_size(frag), page, offset, len, copied) {
		u8 *mapped = kmap_local_page(page);
		bool more = walk_bytes(walk, mapped + offset, len);

		kunmap_local(mapped);
		if (!more)
			return false;
	}
	return true;
}

static bool walk_skb(struct skb_walk *walk, const struct sk_buff *skb)
{
	const struct sk_buff *part;
	u32 i;

	if (skb_headlen(skb) && !walk_bytes(walk, skb->data, skb_headlen(skb)))
		return false;
	for (i = 0; i < skb_shinfo(skb)->nr_frags; i++)
		if (!walk_frag(walk, &skb_shinfo(skb)->frags[i]))
			return false;
	skb_walk_frags(skb, part)
		if (!walk_skb(walk, part))
			return false;
	return true;
}

static int rx_skb(read_descriptor_t *desc, struct sk_buff *skb, unsigned int offset, size_t len)
{
	struct skb_walk walk = { .conn = desc->arg.data, .skip = offset, .left = len };

	walk_skb(&walk, skb);
	if (walk.left)
		desc->count = 0;
	return walk.taken;
}

static u32 rx_frame(const struct sock *sk)
{
	return min3((u32)tcp_sk(sk)->advmss, RX_FRAME_BYTES, (u32)READ_ONCE(sk->sk_rcvbuf) / 4);
}

/*
 * RFC 5681 4.2 wants an ACK for every second full-sized segment, and TCP guesses a full size from what comes. A target that pushes each
 * header and each page by itself makes it guess so low that every Data-In is answered by a packet that says nothing else.
 */
static void rx_expect_frames(struct tcp_conn *conn, struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_acks *acks = &conn->rx.acks;

	if (unlikely(!acks->target_pushes))
		acks_learn(acks, tcp_sk(sk)->rcv_nxt, tcp_sk(sk)->rcv_wup);
	if (unlikely(!acks_may_wait(acks, inet_csk_in_pingpong_mode(sk), jiffies)))
		return;
	if (icsk->icsk_ack.rcv_mss < RX_FRAME_BYTES)
		icsk->icsk_ack.rcv_mss = max_t(u32, icsk->icsk_ack.rcv_mss, rx_frame(sk));
	icsk->icsk_ack.last_seg_size = 0;
	if (icsk->icsk_ack.pending & ICSK_ACK_PUSHED2 && acks_pair_waits(acks, tcp_sk(sk)->rcv_wup))
		icsk->icsk_ack.pending &= ~(ICSK_ACK_PUSHED | ICSK_ACK_PUSHED2);
}

/* Bytes of the data segment to wait for. */
static u32 rx_wanted(const struct tcp_rx *rx, const struct sock *sk)
{
	return min3(rx->want - rx->have, RX_WAIT_BYTES, (u32)READ_ONCE(sk->sk_rcvbuf) / 8);
}

/*
 * Inside of a data segment it pays to wait until there is enough of it; never so long that the window closes, or that an ACK is due: TCP
 * does not send it before the bytes are read, if they stand in the way of a window that is as wide as before.
 */
static bool rx_enough(const struct tcp_conn *conn, const struct sock *sk)
{
	const struct tcp_rx *rx = &conn->rx;

	if (rx->piece != RX_DATA || sk->sk_state != TCP_ESTABLISHED)
		return true;
	if (tcp_sk(sk)->rcv_nxt - tcp_sk(sk)->rcv_wup > inet_csk(sk)->icsk_ack.rcv_mss)
		return true;
	return tcp_epollin_ready(sk, rx_wanted(rx, sk));
}

/* The data to come gets its memory accounted for at once: TCP has a short way for packets that need none. Buffers are not quite full. */
static void rx_reserve(const struct tcp_rx *rx, struct sock *sk)
{
	u32 bytes = rx_wanted(rx, sk);
	int missing = bytes + bytes / 2 - sk->sk_forward_alloc;

	if (missing > 0 && !tcp_under_memory_pressure(sk))
		__sk_mem_schedule(sk, missing, SK_MEM_RECV);
}

void rx_data_ready(struct tcp_conn *conn)
{
	enum tcp_conn_state state = READ_ONCE(conn->state);
	read_descriptor_t desc = { .arg.data = conn, .count = 1 };
	struct sock *sk = conn_sk(conn);

	if (unlikely(state == TCP_CONN_FREE || state == TCP_CONN_FAILED))
		return;
	rx_expect_frames(conn, sk);
	if (!rx_enough(conn, sk))
		return;
	tx_hold(conn);
	tcp_read_sock(sk, &desc, rx_skb);
	conn->rx.acks.expecting = !list_empty(&conn->active);
	if (conn->rx.piece == RX_DATA)
		rx_reserve(&conn->rx, sk);
	tx_kick_locked(conn);
}

int rx_init(struct tcp_conn *conn)
{
	conn->rx.buffer = kmalloc(TCP_USER_DATA_MAX, GFP_KERNEL);
	if (!conn->rx.buffer)
		return -ENOMEM;
	rx_reset(conn);
	return 0;
}

void rx_exit(struct tcp_conn *conn)
{
	kfree(conn->rx.buffer);
	conn->rx.buffer = NULL;
}
