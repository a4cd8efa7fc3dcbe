/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A command's memory on its way into TCP: the same bytes however the memory is laid out and however few TCP takes, no page given away that
 * has to be copied, and TCP told that more follows exactly as long as it does. drivers_iscsi_tcp_splice.c is the same for kernels that
 * take pages by sendmsg.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/kernel.h"

#include "drivers/iscsi_tcp/wire.h"

#include "drivers/iscsi_tcp/cursor.c"

#define ENTRIES		12
#define PAGES_MAX	(3 * ENTRIES)

static struct {
	struct page *pages;
	bool is_slab[PAGES_MAX];
	struct scatterlist sg[ENTRIES];
	u8 wanted[PAGES_MAX * PAGE_SIZE], sent[PAGES_MAX * PAGE_SIZE];
	u32 total, sent_bytes;
	u32 allow;		/* TCP takes so many of a call, at most */
	bool more;		/* it was told with the last byte */
	u32 given, given_slab, copied;	/* bytes */
	u32 seed;
} world;

unsigned long jiffies;
bool kernel_out_of_memory;

/* --- as much of TCP as it needs */

#define msghdr kernel_msghdr
#define MSG_SPLICED 0x08000000
#ifdef SPLICE
#define MSG_SPLICE_PAGES MSG_SPLICED
#else
#define MSG_SENDPAGE_NOTLAST 0x20000
#endif
#define NETIF_F_SG 1u
#define ITER_SOURCE 1
#define sk_stream_wspace(sk)		65536
#define tcp_under_memory_pressure(sk)	false
#define sk_wmem_schedule(sk, bytes)	true
#define page_folio(p)			((struct folio *)(p))
#define folio_test_slab(f)		is_slab((struct page *)(f))
#define folio_ref_count(f)		1
#define sendpage_ok(p)			(!is_slab(p))

struct kvec {
	void *iov_base;
	size_t iov_len;
};

struct bio_vec {
	struct page *page;
	u32 bytes, offset;
};

struct kernel_msghdr {
	int msg_flags;
	struct {
		const struct kvec *kvec;
		const struct bio_vec *bvec;
	} msg_iter;
};

static bool is_slab(const struct page *page)
{
	return world.is_slab[page - world.pages];
}

static void bvec_set_page(struct bio_vec *vec, struct page *page, u32 bytes, u32 offset)
{
	*vec = (struct bio_vec){ page, bytes, offset };
}

#define iov_iter_kvec(iter, direction, vec, count, len) ((iter)->kvec = (vec), (iter)->bvec = NULL)
#define iov_iter_bvec(iter, direction, vec, count, len) ((iter)->bvec = (vec), (iter)->kvec = NULL)

static u32 take(const u8 *bytes, u32 len, u32 room)
{
	u32 taken = min(len, room);

	assert_true(world.sent_bytes + taken <= sizeof(world.sent));
	memcpy(world.sent + world.sent_bytes, bytes, taken);
	world.sent_bytes += taken;
	return taken;
}

static int take_pages(const struct bio_vec *vec, u32 len, int flags)
{
	u32 room = world.allow, left = min(len, room);

	if (!room)
		return -EAGAIN;
	world.more = flags & MSG_MORE || room < len;
	for (; left; vec++) {
		u32 taken = take(vec->page->bytes + vec->offset, vec->bytes, left);

		assert_true(vec->offset + vec->bytes <= PAGE_SIZE);
		world.given += taken;
		world.given_slab += is_slab(vec->page) ? taken : 0;
		left -= taken;
	}
	return min(len, room);
}

static int tcp_sendmsg_locked(struct sock *sk, struct kernel_msghdr *msg, size_t len)
{
	assert_true(msg->msg_flags & MSG_DONTWAIT && msg->msg_flags & MSG_NOSIGNAL);
	if (msg->msg_iter.bvec) {
		assert_true(msg->msg_flags & MSG_SPLICED);
		return take_pages(msg->msg_iter.bvec, len, msg->msg_flags);
	}
	assert_int_equal(msg->msg_iter.kvec->iov_len, len);
	if (!world.allow)
		return -EAGAIN;
	world.more = msg->msg_flags & MSG_MORE || world.allow < len;
	world.copied += min((u32)len, world.allow);
	return take(msg->msg_iter.kvec->iov_base, len, world.allow);
}

static int do_tcp_sendpages(struct sock *sk, struct page *page, int offset, size_t size, int flags)
{
	struct bio_vec vec = { page, size, offset };

	assert_true(flags & MSG_DONTWAIT && flags & MSG_NOSIGNAL);
	return take_pages(&vec, size, flags);
}

#include "drivers/iscsi_tcp/send.c"

/* --- memory of a command */

static u32 chance(u32 count)
{
	world.seed = world.seed * 1664525 + 1013904223;
	return (world.seed >> 8) % count;
}

/* Entries of one to three pages that begin anywhere; most of pages of their own. */
static void lay_out(u32 seed, u32 slab_of)
{
	struct page *page = world.pages;
	u32 i, at;

	world.seed = seed;
	world.total = 0;
	for (i = 0; i < PAGES_MAX; i++)
		world.is_slab[i] = slab_of && !chance(slab_of);
	for (i = 0; i < ENTRIES; i++, page += 3) {
		struct scatterlist *sg = &world.sg[i];

		*sg = (struct scatterlist){ .page = page, .offset = chance(4) ? 0 : chance(PAGE_SIZE), .last = i == ENTRIES - 1 };
		sg->length = chance(3) ? PAGE_SIZE - sg->offset : 1 + chance(3 * PAGE_SIZE - sg->offset);
		for (at = 0; at < sg->length; at++)
			world.wanted[world.total++] = page->bytes[sg->offset + at] = chance(256);
	}
}

static void begin(struct sock *sk, struct tcp_cursor *cursor)
{
	*sk = (struct sock){ .sk_route_caps = NETIF_F_SG };
	cursor_start(cursor, world.sg);
	world.sent_bytes = world.given = world.given_slab = world.copied = 0;
	world.more = false;
	world.allow = ~0u;
}

/* All of len, as the transmitter does it: what TCP did not take is tried again. */
static void send_all(struct sock *sk, struct tcp_cursor *cursor, u32 len, bool more)
{
	u32 done = 0;

	while (done < len) {
		int sent;

		world.allow = chance(8) ? 1 + chance(4 * PAGE_SIZE) : 0;
		sent = send_cursor(sk, cursor, len - done, more);
		if (!world.allow) {
			assert_int_equal(sent, -EAGAIN);
			continue;
		}
		assert_true(sent > 0);
		done += sent;
		assert_int_equal(world.sent_bytes, cursor->offset);
		assert_int_equal(world.more, more || done < len);
	}
}

static void send_in_pdus(u32 seed, u32 slab_of)
{
	struct tcp_cursor cursor;
	struct sock sk;
	u32 pdu;

	lay_out(seed, slab_of);
	begin(&sk, &cursor);
	while (cursor.offset < world.total) {
		pdu = min(1 + chance(5 * PAGE_SIZE), world.total - cursor.offset);
		send_all(&sk, &cursor, pdu, cursor.offset + pdu < world.total);
	}
	assert_int_equal(world.sent_bytes, world.total);
	assert_memory_equal(world.sent, world.wanted, world.total);
	assert_null(cursor.sg);
	assert_int_equal(world.given_slab, 0);
	assert_int_equal(world.given + world.copied, world.total);
	assert_int_equal(!!world.copied, !!slab_of);
}

/* --- */

static void test_any_memory(void **state)
{
	u32 seed;

	for (seed = 1; seed <= 200; seed++)
		send_in_pdus(seed, 0);
}

static void test_slab_is_copied(void **state)
{
	u32 seed;

	for (seed = 1; seed <= 200; seed++)
		send_in_pdus(seed, 2);
}

/* All of the list, as if there were so many bytes behind it. TCP takes what it gets. */
static void send_list(struct sock *sk, struct tcp_cursor *cursor, u32 seed, u32 beyond)
{
	lay_out(seed, 0);
	begin(sk, cursor);
	while (cursor->offset < world.total)
		assert_true(send_cursor(sk, cursor, world.total + beyond - cursor->offset, false) > 0);
}

static void test_tcp_takes_all(void **state)
{
	struct tcp_cursor cursor;
	struct sock sk;

	send_list(&sk, &cursor, 7, 0);
	assert_memory_equal(world.sent, world.wanted, world.total);
	assert_int_equal(world.copied, 0);
	assert_false(world.more);
}

static void test_list_is_over(void **state)
{
	struct tcp_cursor cursor;
	struct sock sk;

	send_list(&sk, &cursor, 9, 100);
	assert_true(world.more);
	assert_int_equal(send_cursor(&sk, &cursor, 100, false), -EFAULT);
	assert_int_equal(world.sent_bytes, world.total);
}

#ifndef SPLICE
/* What takes pages by sendmsg looks for itself. */
static void test_nic_without_gathering(void **state)
{
	struct tcp_cursor cursor;
	struct sock sk;

	lay_out(11, 0);
	begin(&sk, &cursor);
	sk.sk_route_caps = 0;
	send_all(&sk, &cursor, world.total, false);
	assert_memory_equal(world.sent, world.wanted, world.total);
	assert_int_equal(world.given, 0);
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_memory),
		cmocka_unit_test(test_slab_is_copied),
		cmocka_unit_test(test_tcp_takes_all),
		cmocka_unit_test(test_list_is_over),
#ifndef SPLICE
		cmocka_unit_test(test_nic_without_gathering),
#endif
	};
	int failed;

	world.pages = aligned_alloc(PAGE_SIZE, PAGES_MAX * PAGE_SIZE);
	if (!world.pages)
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	free(world.pages);
	return failed;
}
