// SPDX-License-Identifier: GPL-2.0-only
/*
 * From TCP's receive queue to the machine of rx.c: every stretch of memory of an skb once, without copying it together first. Called by the
 * socket's callbacks, under its lock. It knows nothing of PDUs.
 */
#include <linux/highmem.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <net/tcp.h>

#include "drivers/iscsi_tcp/wire.h"

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

void rx_data_ready(struct tcp_conn *conn)
{
	enum tcp_conn_state state = READ_ONCE(conn->state);
	read_descriptor_t desc = { .arg.data = conn, .count = 1 };

	if (unlikely(state == TCP_CONN_FREE || state == TCP_CONN_FAILED))
		return;
	tx_hold(conn);
	tcp_read_sock(conn_sk(conn), &desc, rx_skb);
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
