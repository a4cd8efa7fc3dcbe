// SPDX-License-Identifier: GPL-2.0-only
/*
 * The last step before TCP: copies small things, and hands over pages by reference where the kernel and the pages allow it. Called by tx.c
 * under the socket lock, which may be its spinlock alone, so nothing here sleeps. Pages given away stay the command's: TCP reads them
 * until the target has acknowledged them.
 */
#include <linux/bvec.h>
#include <linux/highmem.h>
#include <linux/net.h>
#include <linux/uio.h>
#include <net/tcp.h>

#include "drivers/iscsi_tcp/wire.h"

#define SEND_FLAGS (MSG_DONTWAIT | MSG_NOSIGNAL)

int send_bytes(struct sock *sk, const void *bytes, u32 len, bool more)
{
	struct msghdr msg = { .msg_flags = SEND_FLAGS | (more ? MSG_MORE : 0) };
	struct kvec vec = { .iov_base = (void *)bytes, .iov_len = len };

	iov_iter_kvec(&msg.msg_iter, ITER_SOURCE, &vec, 1, len);
	return tcp_sendmsg_locked(sk, &msg, len);
}

/* Memory of the slab has no pages of its own; it is copied. */
static int send_copy(struct sock *sk, struct page *page, u32 offset, u32 len, bool more)
{
	void *mapped = kmap_local_page(page);
	int sent = send_bytes(sk, (u8 *)mapped + offset, min_t(u32, len, PAGE_SIZE - offset), more);

	kunmap_local(mapped);
	return sent;
}

#ifdef MSG_SENDPAGE_NOTLAST

/* TCP accounts for memory by the page: what is asked for at once need not be asked for with every one. */
static void send_reserve(struct sock *sk, int bytes)
{
	bytes = min(bytes, sk_stream_wspace(sk));
	if (bytes > (int)PAGE_SIZE && !tcp_under_memory_pressure(sk))
		sk_wmem_schedule(sk, bytes);
}

/* Socket lock. A page is pushed to the network with the last one, or as its segment is full. */
int send_cursor(struct sock *sk, struct tcp_cursor *cursor, u32 len, bool more)
{
	bool by_page = sk->sk_route_caps & NETIF_F_SG;
	u32 done = 0;

	send_reserve(sk, len);
	while (done < len) {
		int sent, flags = SEND_FLAGS | MSG_MORE | MSG_SENDPAGE_NOTLAST;
		struct page *page;
		u32 offset, run;

		run = cursor_piece(cursor, len - done, &page, &offset);
		if (unlikely(!run))
			return -EFAULT;
		if (done + run == len)
			flags = SEND_FLAGS | (more ? MSG_MORE : 0);
		if (likely(by_page && sendpage_ok(page)))
			sent = do_tcp_sendpages(sk, page, offset, run, flags);
		else
			sent = send_copy(sk, page, offset, run, flags & MSG_MORE);
		if (sent <= 0)
			return done ?: sent;
		done += sent;
		cursor_advance(cursor, sent);
	}
	return done;
}

#else

#define SEND_VECS 32

/* As many pieces as fit into one call; the first one that may not be given away ends it. */
static u32 pieces_gather(const struct tcp_cursor *cursor, u32 len, struct bio_vec *vecs, u32 *ret_bytes)
{
	struct tcp_cursor at = *cursor;
	u32 count = 0, bytes = 0;

	while (count < SEND_VECS && bytes < len) {
		struct page *page;
		u32 offset, run;

		run = cursor_piece(&at, len - bytes, &page, &offset);
		if (!run || !sendpage_ok(page))
			break;
		bvec_set_page(&vecs[count++], page, run, offset);
		bytes += run;
		cursor_advance(&at, run);
	}
	*ret_bytes = bytes;
	return count;
}

static int send_vecs(struct sock *sk, struct tcp_cursor *cursor, u32 len, bool more)
{
	struct msghdr msg = { .msg_flags = SEND_FLAGS | MSG_SPLICE_PAGES };
	struct bio_vec vecs[SEND_VECS];
	u32 bytes, offset, run, count;
	struct page *page;

	count = pieces_gather(cursor, len, vecs, &bytes);
	if (!count) {
		run = cursor_piece(cursor, len, &page, &offset);
		return run ? send_copy(sk, page, offset, run, more || run < len) : -EFAULT;
	}
	if (more || bytes < len)
		msg.msg_flags |= MSG_MORE;
	iov_iter_bvec(&msg.msg_iter, ITER_SOURCE, vecs, count, bytes);
	return tcp_sendmsg_locked(sk, &msg, bytes);
}

int send_cursor(struct sock *sk, struct tcp_cursor *cursor, u32 len, bool more)
{
	int sent = send_vecs(sk, cursor, len, more);

	if (sent > 0)
		cursor_advance(cursor, sent);
	return sent;
}

#endif
