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
static int send_copy(struct sock *sk, struct tcp_piece piece, bool more)
{
	void *mapped = kmap_local_page(piece.page);
	int sent = send_bytes(sk, (u8 *)mapped + piece.offset, piece_mapped(piece), more);

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

/* What sendpage_ok() asks, with one look for the head of a compound page. */
static bool may_be_given(struct page *page)
{
	struct folio *folio = page_folio(page);

	return !folio_test_slab(folio) && folio_ref_count(folio) > 0;
}

static int send_piece(struct sock *sk, struct tcp_piece piece, bool by_page, int flags)
{
	if (likely(by_page && may_be_given(piece.page)))
		return do_tcp_sendpages(sk, piece.page, piece.offset, piece.bytes, flags);
	return send_copy(sk, piece, flags & MSG_MORE);
}

/* Socket lock. A page is pushed to the network with the last one, or as its segment is full. */
int send_cursor(struct sock *sk, struct tcp_cursor *cursor, u32 len, bool more)
{
	const int last = SEND_FLAGS | (more ? MSG_MORE : 0), not_last = SEND_FLAGS | MSG_MORE | MSG_SENDPAGE_NOTLAST;
	bool by_page = sk->sk_route_caps & NETIF_F_SG;
	struct tcp_cursor at = *cursor;
	struct tcp_piece piece;
	int sent = -EFAULT;
	u32 left = len;

	send_reserve(sk, len);
	while (left) {
		piece = cursor_piece(&at, left);
		if (unlikely(!piece.bytes))
			break;
		sent = send_piece(sk, piece, by_page, piece.bytes == left ? last : not_last);
		if (unlikely(sent <= 0))
			break;
		left -= sent;
		cursor_advance(&at, sent);
	}
	*cursor = at;
	return len - left ?: sent;
}

#else

#define SEND_VECS 32

/* As many pieces as fit into one call; the first one that may not be given away ends it. */
static u32 pieces_gather(const struct tcp_cursor *cursor, u32 len, struct bio_vec *vecs, u32 *ret_bytes)
{
	struct tcp_cursor at = *cursor;
	u32 count = 0, bytes = 0;

	while (count < SEND_VECS && bytes < len) {
		struct tcp_piece piece = cursor_piece(&at, len - bytes);

		if (!piece.bytes || !sendpage_ok(piece.page))
			break;
		bvec_set_page(&vecs[count++], piece.page, piece.bytes, piece.offset);
		bytes += piece.bytes;
		cursor_advance(&at, piece.bytes);
	}
	*ret_bytes = bytes;
	return count;
}

static int send_vecs(struct sock *sk, struct tcp_cursor *cursor, u32 len, bool more)
{
	struct msghdr msg = { .msg_flags = SEND_FLAGS | MSG_SPLICE_PAGES };
	struct bio_vec vecs[SEND_VECS];
	struct tcp_piece piece;
	u32 bytes, count;

	count = pieces_gather(cursor, len, vecs, &bytes);
	if (!count) {
		piece = cursor_piece(cursor, len);
		return piece.bytes ? send_copy(sk, piece, more || piece.bytes < len) : -EFAULT;
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
