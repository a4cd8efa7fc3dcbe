/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From packets to the receive machine: a conversation means the same however TCP laid its bytes into memory; what is not wanted stays with
 * TCP; and when it pays to wait, for more bytes or with an acknowledgment.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/iscsi_tcp_world.h"
#include "tests/unit/iscsi_tcp_stream.h"

#include "drivers/iscsi_tcp/rx_skb.c"

/* --- TCP: a queue of packets */

#define PACKETS_MAX 4096

static struct {
	struct sk_buff *packets[PACKETS_MAX];
	u32 len[PACKETS_MAX];
	u32 count, first, offset;	/* of the first that is not taken */
	u32 calls, taken;
	bool interactive, pressure;
	u32 scheduled;
} tcp;

/* What the kernel's does: as long as something is taken it goes on with the same packet, and asks about the count only at its end. */
int tcp_read_sock(struct sock *sk, read_descriptor_t *desc, sk_read_actor_t actor)
{
	u32 copied = 0;

	while (tcp.first < tcp.count) {
		u32 len = tcp.len[tcp.first] - tcp.offset;
		int used = actor(desc, tcp.packets[tcp.first], tcp.offset, len);

		tcp.calls++;
		if (used <= 0)
			return copied ? (int)copied : used;
		assert_true((u32)used <= len);
		copied += used;
		tcp.taken += used;
		tcp.offset += used;
		if (tcp.offset < tcp.len[tcp.first])
			continue;
		tcp.first++;
		tcp.offset = 0;
		if (!desc->count)
			break;
	}
	return copied;
}

bool tcp_epollin_ready(const struct sock *sk, int target)
{
	u32 i, there = 0;

	for (i = tcp.first; i < tcp.count; i++)
		there += tcp.len[i];
	return there - tcp.offset >= (u32)target;
}

bool tcp_under_memory_pressure(const struct sock *sk)
{
	return tcp.pressure;
}

bool inet_csk_in_pingpong_mode(const struct sock *sk)
{
	return tcp.interactive;
}

int __sk_mem_schedule(struct sock *sk, int size, int kind)
{
	assert_int_equal(kind, SK_MEM_RECV);
	tcp.scheduled += size;
	sk->sk_forward_alloc += size;
	return 1;
}

/* --- packets */

/* Into as many pages as they need, in a piece of memory of its own, so that reading beside it is seen; it begins anywhere in the first. */
static void frag_fill(skb_frag_t *frag, const u8 *bytes, u32 len, u32 offset)
{
	u32 pages = (offset % PAGE_SIZE + len + PAGE_SIZE - 1) / PAGE_SIZE + offset / PAGE_SIZE;

	frag->page = aligned_alloc(PAGE_SIZE, pages * PAGE_SIZE);
	memset(frag->page, 0xee, pages * PAGE_SIZE);
	memcpy((u8 *)frag->page + offset, bytes, len);
	frag->offset = offset;
	frag->size = len;
}

static struct sk_buff *packet_new(const u8 *bytes, u32 linear)
{
	struct sk_buff *skb = calloc(1, sizeof(*skb));

	skb->headlen = linear;
	skb->data = malloc(linear);
	memcpy(skb->data, bytes, linear);
	return skb;
}

static void packet_free(struct sk_buff *skb)
{
	struct sk_buff *next;
	u32 i;

	for (; skb; skb = next) {
		next = skb->next;
		packet_free(skb->frag_list);
		for (i = 0; i < skb->nr_frags; i++)
			free(skb->frags[i].page);
		free(skb->data);
		free(skb);
	}
}

static u32 chance(u32 most)
{
	static u32 seed = 1;

	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % (most + 1);
}

/* Linear bytes, fragments and packets inside of it, of any size, also none. */
static struct sk_buff *packet_any(const u8 *bytes, u32 len, u32 depth)
{
	u32 part = chance(min(len, 200u));
	struct sk_buff *skb = packet_new(bytes, part), **link = &skb->frag_list;

	for (bytes += part, len -= part; len && skb->nr_frags < 5; bytes += part, len -= part) {
		part = 1 + chance(len - 1);
		frag_fill(&skb->frags[skb->nr_frags++], bytes, part, chance(3 * PAGE_SIZE));
	}
	while (len) {
		part = depth ? 1 + chance(len - 1) : len;
		*link = depth ? packet_any(bytes, part, depth - 1) : packet_new(bytes, part);
		link = &(*link)->next;
		bytes += part;
		len -= part;
	}
	return skb;
}

static void queue(struct sk_buff *skb, u32 len)
{
	assert_true(tcp.count < PACKETS_MAX);
	tcp.packets[tcp.count] = skb;
	tcp.len[tcp.count++] = len;
	world.sk.tcp.rcv_nxt += len;
}

static void tcp_begin(void)
{
	memset(&tcp, 0, sizeof(tcp));
	world.sk.sk_state = TCP_ESTABLISHED;
	world.sk.sk_rcvbuf = 1 << 20;
	world.sk.tcp.advmss = 1448;
	world.sk.icsk.icsk_ack.rcv_mss = 536;
}

static void tcp_end(void)
{
	u32 i;

	for (i = 0; i < tcp.count; i++)
		packet_free(tcp.packets[i]);
	tcp.count = 0;
}

/* --- every byte, wherever it lies */

static void check_layouts(bool digests)
{
	static char log[sizeof(world.log)];
	u32 round, at, len;

	requests(digests);
	conversation();
	assert_int_equal(world_receive(in.bytes, in.len), in.len);
	memcpy(log, world.log, sizeof(log));
	world_end();
	for (round = 0; round < 2000; round++) {
		requests(digests);
		tcp_begin();
		conversation();
		for (at = 0; at < in.len; at += len) {
			len = 1 + chance(min(in.len - at, round % 2 ? 1500u : in.len) - 1);
			queue(packet_any(in.bytes + at, len, 2), len);
			if (round % 3 == 0)
				rx_data_ready(&world.conn);
		}
		rx_data_ready(&world.conn);
		assert_int_equal(tcp.taken, in.len);
		check_end();
		assert_string_equal(world.log, log);
		tcp_end();
		world_end();
	}
}

static void test_layouts(void **state)
{
	check_layouts(false);
	check_layouts(true);
}

/* A packet of which TCP, or whoever read before, has taken a part: each byte of it may be the first one. */
static void test_skipped(void **state)
{
	u32 skip, len;

	for (skip = 1; skip < 700; skip += 7) {
		requests(false);
		tcp_begin();
		conversation();
		memmove(in.bytes + skip, in.bytes, in.len);
		memset(in.bytes, 0xdd, skip);
		len = in.len + skip;
		queue(packet_any(in.bytes, len, 2), len);
		tcp.offset = skip;
		rx_data_ready(&world.conn);
		assert_int_equal(tcp.taken, in.len);
		check_end();
		tcp_end();
		world_end();
	}
}

/* --- what is not wanted */

/* Behind a Login Response user space is asked first: what follows in the same packet, and the packets behind it, stay where they are. */
static void test_stops(void **state)
{
	u32 login, i;

	world_begin();
	tcp_begin();
	world.conn.state = TCP_CONN_BOUND;
	world_mgmt(0, ISCSI_PDU_LOGIN_REQUEST);
	tx_mgmt(&world.conn, &world.session.mgmt[0]);
	in.len = 0;
	answer(ISCSI_PDU_LOGIN_RESPONSE, cpu_to_be32(world.session.mgmt[0].task.tag), 7, "A=B", 4);
	login = in.len;
	answer(ISCSI_PDU_NOP_IN, cpu_to_be32(ISCSI_TAG_NONE), 8, NULL, 0);
	queue(packet_any(in.bytes, login + 10, 1), login + 10);
	queue(packet_any(in.bytes + login + 10, in.len - login - 10, 1), in.len - login - 10);
	for (i = 0; i < 3; i++) {
		rx_data_ready(&world.conn);
		assert_int_equal(tcp.taken, login);
	}
	world.conn.state = TCP_CONN_UP;
	rx_data_ready(&world.conn);
	assert_int_equal(tcp.taken, in.len);
	assert_non_null(strstr(world.log, "ping"));
	assert_int_equal(world.error, 0);
	tcp_end();
	world_end();
}

/* Of a connection that is over nothing is read, nor once it ends in the midst of a packet. */
static void test_over(void **state)
{
	static const enum tcp_conn_state states[] = { TCP_CONN_FREE, TCP_CONN_FAILED };
	u32 i, bad;

	for (i = 0; i < 2; i++) {
		requests(false);
		tcp_begin();
		conversation();
		queue(packet_any(in.bytes, in.len, 1), in.len);
		world.conn.state = states[i];
		rx_data_ready(&world.conn);
		assert_int_equal(tcp.calls, 0);
		tcp_end();
		world_end();
	}
	requests(false);
	tcp_begin();
	answer(ISCSI_PDU_NOP_IN, cpu_to_be32(ISCSI_TAG_NONE), 51, NULL, 0);
	answer(0x2f, cpu_to_be32(ISCSI_TAG_NONE), 52, NULL, 0);
	bad = in.len;
	answer(ISCSI_PDU_NOP_IN, cpu_to_be32(ISCSI_TAG_NONE), 53, NULL, 0);
	queue(packet_any(in.bytes, in.len, 1), in.len);
	rx_data_ready(&world.conn);
	rx_data_ready(&world.conn);
	assert_int_equal(world.error, ISCSI_ERR_BAD_OPCODE);
	assert_true(tcp.taken <= bad);
	assert_non_null(strstr(world.log, "ping"));
	assert_null(strstr(strstr(world.log, "ping") + 1, "ping"));
	tcp_end();
	world_end();
}

static void test_device_memory(void **state)
{
	struct sk_buff *skb;

	requests(false);
	tcp_begin();
	answer(ISCSI_PDU_NOP_IN, cpu_to_be32(ISCSI_TAG_NONE), 51, NULL, 0);
	skb = packet_new(in.bytes, 48);
	skb->frags[0].size = 100;
	skb->nr_frags = 2;
	frag_fill(&skb->frags[1], in.bytes, 48, 0);
	queue(skb, 196);
	rx_data_ready(&world.conn);
	assert_int_equal(world.error, ISCSI_ERR_CONN_FAILED);
	assert_int_equal(tcp.taken, 0);
	tcp_end();

	/* Bytes that were taken are nobody's any more. */
	world.conn.state = TCP_CONN_UP;
	tcp_begin();
	rx_reset(&world.conn);
	skb = packet_new(in.bytes, 0);
	skb->frags[0].size = 100;
	skb->nr_frags = 2;
	frag_fill(&skb->frags[1], in.bytes, 48, 0);
	queue(skb, 148);
	tcp.offset = 100;
	rx_data_ready(&world.conn);
	assert_int_equal(tcp.taken, 48);
	tcp_end();
	world_end();
}

/* --- waiting for bytes */

/* Six pages of a read on their way, of which `there` have come, and a header in front of them. */
static void receiving(u32 there)
{
	world_begin();
	tcp_begin();
	tx_submit(&world.conn, world_command(0, DMA_FROM_DEVICE, 16384, 16), true);
	in.len = 0;
	data_in(0, 0, 0, 0, 8192);
	queue(packet_any(in.bytes, 48 + there, 0), 48 + there);
	world.sk.tcp.rcv_wup = world.sk.tcp.rcv_nxt;
	rx_data_ready(&world.conn);
	assert_int_equal(tcp.taken, 48 + there);
	tcp.calls = 0;
}

static void test_enough(void **state)
{
	static const struct {
		const char *name;
		u32 first, second;
		int rcvbuf, sk_state;
		u32 unacknowledged;
		bool reads;
	} rows[] = {
		{ "a part of a segment", 1000, 7000, 1 << 20, TCP_ESTABLISHED, 0, false },
		{ "the rest of it", 1000, 7192, 1 << 20, TCP_ESTABLISHED, 0, true },
		{ "a full window of a small buffer", 1000, 2000, 16000, TCP_ESTABLISHED, 0, true },
		{ "not quite", 1000, 1999, 16000, TCP_ESTABLISHED, 0, false },
		{ "the target closed", 1000, 1, 1 << 20, TCP_CLOSE_WAIT, 0, true },
		{ "an acknowledgment is due", 1000, 537, 1 << 20, TCP_ESTABLISHED, 537, true },
		{ "it is not", 1000, 536, 1 << 20, TCP_ESTABLISHED, 536, false },
	};
	u32 i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		receiving(rows[i].first);
		world.sk.sk_rcvbuf = rows[i].rcvbuf;
		world.sk.sk_state = rows[i].sk_state;
		queue(packet_any(in.bytes + 48 + rows[i].first, rows[i].second, 0), rows[i].second);
		world.sk.tcp.rcv_wup = world.sk.tcp.rcv_nxt - rows[i].unacknowledged;
		rx_data_ready(&world.conn);
		if (!!tcp.calls != rows[i].reads)
			fail_msg("%s: %s", rows[i].name, tcp.calls ? "read" : "not read");
		tcp_end();
		world_end();
	}
}

/* Headers are never waited for. */
static void test_header_at_once(void **state)
{
	u32 i;

	requests(false);
	tcp_begin();
	answer(ISCSI_PDU_NOP_IN, cpu_to_be32(ISCSI_TAG_NONE), 51, NULL, 0);
	for (i = 0; i < 48; i++) {
		queue(packet_new(in.bytes + i, 1), 1);
		world.sk.tcp.rcv_wup = world.sk.tcp.rcv_nxt;
		rx_data_ready(&world.conn);
		assert_int_equal(tcp.taken, i + 1);
	}
	tcp_end();
	world_end();
}

/* Memory for what is to come of a segment: as much as is missing, and not where memory is short. */
static void test_reserve(void **state)
{
	receiving(8192);
	assert_int_equal(tcp.scheduled, 0);
	tcp_end();
	world_end();
	receiving(1000);
	assert_int_equal(tcp.scheduled, 7192 * 3 / 2);
	queue(packet_any(in.bytes + 48 + 1000, 7192, 0), 7192);
	rx_data_ready(&world.conn);
	assert_int_equal(tcp.scheduled, 7192 * 3 / 2);
	tcp_end();

	tcp_begin();
	tcp.pressure = true;
	in.len = 0;
	data_in(0, ISCSI_BIT_FINAL, 1, 8192, 8192);
	world.sk.sk_forward_alloc = 0;
	queue(packet_any(in.bytes, 100, 0), 100);
	rx_data_ready(&world.conn);
	assert_int_equal(tcp.scheduled, 0);
	tcp_end();
	world_end();
}

/* --- acknowledgments */

/* A look after a header of a target that was seen to push, on a connection where both talk in turns. */
static void look(void)
{
	in.len = 0;
	answer(ISCSI_PDU_NOP_IN, cpu_to_be32(ISCSI_TAG_NONE), 51, NULL, 0);
	world.sk.icsk.icsk_ack.pending |= ICSK_ACK_SCHED | ICSK_ACK_PUSHED | ICSK_ACK_PUSHED2;
	world.sk.icsk.icsk_ack.last_seg_size = 48;
	queue(packet_new(in.bytes, 48), 48);
	rx_data_ready(&world.conn);
	assert_int_equal(world.error, 0);
}

static void look_begin(void)
{
	requests(false);
	tcp_begin();
	tcp.interactive = true;
	world.conn.rx.acks.target_pushes = true;
	world.conn.rx.acks.interactive = true;
}

static void test_frames(void **state)
{
	static const struct {
		u16 advmss, before;
		int rcvbuf;
		bool interactive;
		u16 rcv_mss;
	} rows[] = {
		{ 1448, 536, 1 << 20, true, 1448 },
		{ 65483, 536, 1 << 20, true, 32768 },
		{ 65483, 536, 80000, true, 20000 },
		{ 1448, 9000, 1 << 20, true, 9000 },		/* TCP saw such frames */
		{ 1448, 536, 1 << 20, false, 536 },
	};
	u32 i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		look_begin();
		world.sk.tcp.advmss = rows[i].advmss;
		world.sk.icsk.icsk_ack.rcv_mss = rows[i].before;
		world.sk.sk_rcvbuf = rows[i].rcvbuf;
		tcp.interactive = rows[i].interactive;
		look();
		assert_int_equal(world.sk.icsk.icsk_ack.rcv_mss, rows[i].rcv_mss);
		assert_int_equal(world.sk.icsk.icsk_ack.last_seg_size, rows[i].interactive ? 0 : 48);
		tcp_end();
		world_end();
	}
}

/* The second of two short segments does not ask for an acknowledgment at once; three times, until one was sent. */
static void test_pushed(void **state)
{
	u32 i;

	look_begin();
	for (i = 0; i < 5; i++) {
		world.sk.tcp.rcv_wup = 77;
		look();
		assert_int_equal(world.sk.icsk.icsk_ack.pending & ICSK_ACK_SCHED, ICSK_ACK_SCHED);
		assert_int_equal(!(world.sk.icsk.icsk_ack.pending & (ICSK_ACK_PUSHED | ICSK_ACK_PUSHED2)), i < 3);
	}
	world.sk.tcp.rcv_wup = 78;
	look();
	assert_int_equal(world.sk.icsk.icsk_ack.pending, ICSK_ACK_SCHED);
	tcp_end();
	world_end();

	/* A target that may wait for it gets it. */
	look_begin();
	world.conn.rx.acks.target_pushes = false;
	world.sk.tcp.rcv_wup = world.sk.tcp.rcv_nxt + 48;
	look();
	assert_int_equal(world.sk.icsk.icsk_ack.pending, ICSK_ACK_SCHED | ICSK_ACK_PUSHED | ICSK_ACK_PUSHED2);
	tcp_end();
	world_end();
}

static void test_buffer(void **state)
{
	struct tcp_conn conn = { 0 };

	assert_int_equal(rx_init(&conn), 0);
	assert_non_null(conn.rx.buffer);
	assert_int_equal(conn.rx.piece, RX_BHS);
	rx_exit(&conn);
	assert_null(conn.rx.buffer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_layouts),
		cmocka_unit_test(test_skipped),
		cmocka_unit_test(test_stops),
		cmocka_unit_test(test_over),
		cmocka_unit_test(test_device_memory),
		cmocka_unit_test(test_enough),
		cmocka_unit_test(test_header_at_once),
		cmocka_unit_test(test_reserve),
		cmocka_unit_test(test_frames),
		cmocka_unit_test(test_pushed),
		cmocka_unit_test(test_buffer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
