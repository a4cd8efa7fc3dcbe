/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The netlink client over a socketpair: messages are byte vectors at the kernel's offsets, not our structures, so that a wrong
 * layout fails here. Covers the gate, the order of events, what is put aside during a call, stale errors and lost messages.
 */
#include <errno.h>
#include <linux/netlink.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "transport/user/netlink.h"
#include "tests/unit/quick_time.h"

#define HANDLE 0xffffffffc0a51000ull

/* Offsets on the wire of a 64-bit kernel. */
enum {
	AT_LEN = 0,
	AT_NLTYPE = 4,
	AT_TYPE = 16,
	AT_IFERROR = 20,
	AT_HANDLE = 24,
	AT_U = 32,
	AT_R = 56,
	AT_TRAILER = 72,
};

struct bytes {
	uint32_t length;
	_Alignas(8) uint8_t at[4096];
};

static void put32(struct bytes *b, size_t at, uint32_t value)
{
	memcpy(b->at + at, &value, sizeof(value));
}

static struct bytes message(uint16_t nltype, uint32_t type, uint32_t trailer)
{
	struct bytes b = { .length = AT_TRAILER + trailer };
	uint64_t handle = HANDLE;

	put32(&b, AT_LEN, b.length);
	memcpy(b.at + AT_NLTYPE, &nltype, sizeof(nltype));
	put32(&b, AT_TYPE, type);
	memcpy(b.at + AT_HANDLE, &handle, sizeof(handle));
	return b;
}

static struct bytes event(uint32_t type, uint32_t r0, uint32_t r1, uint32_t r2)
{
	struct bytes b = message(0, type, 0);

	put32(&b, AT_R, r0);
	put32(&b, AT_R + 4, r1);
	put32(&b, AT_R + 8, r2);
	return b;
}

static struct bytes pdu(uint32_t sid, uint8_t opcode, uint32_t dsl, uint32_t padded)
{
	struct bytes b = message(0, 101, 48 + padded);

	put32(&b, AT_R, sid);
	b.at[AT_TRAILER] = opcode;
	b.at[AT_TRAILER + 5] = (uint8_t)(dsl >> 16);
	b.at[AT_TRAILER + 6] = (uint8_t)(dsl >> 8);
	b.at[AT_TRAILER + 7] = (uint8_t)dsl;
	memset(b.at + AT_TRAILER + 48, 'd', padded);
	return b;
}

/* A request as netlink_call() takes it, and the reply the kernel would give. */
static struct bytes request(uint16_t number, uint32_t u0, uint32_t u1)
{
	struct bytes b = message(number, number, 0);

	put32(&b, AT_U, u0);
	put32(&b, AT_U + 4, u1);
	return b;
}

struct fixture {
	struct netlink *nl;
	int kernel; /* the other end */
	unsigned int events;
	unsigned int overflows;
	struct netlink_event last;
	uint32_t sids[64];
	bool call_inside;
};

static void on_event(const struct netlink_event *e, void *data)
{
	struct fixture *f = data;

	if (f->events < 64)
		f->sids[f->events] = e->sid;
	f->events++;
	f->last = *e;
	if (f->call_inside) {
		struct bytes ask = request(17, 9, 0);
		struct netlink_reply reply = { 0 };
		struct bytes answer = ask, in_between = event(105, 77, 1, 0);

		f->call_inside = false;
		assert_int_equal(send(f->kernel, in_between.at, in_between.length, 0), in_between.length);
		assert_int_equal(send(f->kernel, answer.at, answer.length, 0), answer.length);
		assert_int_equal(netlink_call(f->nl, ask.at, ask.length, &reply, 1), 0);
		assert_int_equal(e->sid, f->sids[f->events - 1]); /* still valid after the call */
	}
}

static void on_overflow(void *data)
{
	((struct fixture *)data)->overflows++;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	int pair[2];

	if (!f || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -1;
	f->kernel = pair[1];
	*state = f;
	return netlink_open_fd(pair[0], on_event, on_overflow, f, &f->nl);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	netlink_close(f->nl);
	close(f->kernel);
	free(f);
	return 0;
}

static void from_kernel(struct fixture *f, struct bytes b)
{
	assert_int_equal(send(f->kernel, b.at, b.length, 0), b.length);
}

static bool readable(const struct netlink *nl)
{
	struct pollfd watch = { .fd = netlink_fd(nl), .events = POLLIN };

	return poll(&watch, 1, 0) == 1;
}

/* The event points into b. */
static struct netlink_event decoded_from(const struct bytes *b)
{
	struct netlink_event e;

	assert_int_equal(netlink_decode(b->at, b->length, &e), 0);
	assert_true(e.transport_handle == HANDLE);
	return e;
}

/* For events whose fields are all numbers. */
static struct netlink_event decoded(struct bytes b)
{
	return decoded_from(&b);
}

static void every_event_has_its_fields(void **state)
{
	struct netlink_event e = decoded(event(106, 3, 2, 0));

	assert_true(e.type == ISCSI_KEVENT_CREATE_SESSION && e.sid == 3 && e.host_no == 2);
	e = decoded(event(104, 2, 3, 0)); /* host first */
	assert_true(e.type == ISCSI_KEVENT_DESTROY_SESSION && e.sid == 3 && e.host_no == 2);
	e = decoded(event(105, 3, 2, 0));
	assert_true(e.type == ISCSI_KEVENT_UNBIND_SESSION && e.sid == 3 && e.host_no == 2);
	e = decoded(event(102, 3, 1, 1020));
	assert_true(e.sid == 3 && e.cid == 1 && e.code == ISCSI_CONN_ERROR_TCP_CONN_CLOSE);
	e = decoded(event(109, 3, 1, 5));
	assert_true(e.sid == 3 && e.cid == 1 && e.code == ISCSI_CONN_STATE_LOGOUT_REQUESTED);
	e = decoded(event(110, 7, 0, 2));
	assert_true(e.host_no == 7 && e.code == ISCSI_HOST_EVENT_LINK_DOWN && !e.data_bytes);
	e = decoded(event(111, 7, 4, 1234));
	assert_true(e.host_no == 7 && e.code == ISCSI_PING_TIMEOUT && e.pid == 1234);
	assert_int_equal(decoded(event(107, 9, 0, 0)).host_no, 9);
	assert_int_equal(decoded(event(108, 9, 0, 0)).host_no, 9);
}

static void a_pdu_loses_its_padding(void **state)
{
	struct bytes b = pdu(5, 0x23, 5, 8);
	struct netlink_event e = decoded_from(&b);

	assert_true(e.sid == 5 && e.data_bytes == 5);
	assert_int_equal(*(const uint8_t *)e.bhs, 0x23);
	b = pdu(5, 0x20, 0, 0);
	e = decoded_from(&b);
	assert_true(e.bhs && !e.data && !e.data_bytes);
}

static void assert_refused(struct bytes b, enum netlink_counter why)
{
	struct netlink_event e;

	assert_int_equal(netlink_decode(b.at, b.length, &e), -((int)why + 1));
}

static void the_gate_refuses(void **state)
{
	struct bytes b = event(102, 1, 0, 1011);

	b.length = 71;
	assert_refused(b, NETLINK_SHORT);
	b = event(102, 1, 0, 1011);
	put32(&b, AT_LEN, 73);
	assert_refused(b, NETLINK_SHORT);
	put32(&b, AT_LEN, 71);
	assert_refused(b, NETLINK_SHORT);
	assert_refused(event(103, 0, 0, 0), NETLINK_UNKNOWN);
	assert_refused(event(112, 0, 0, 0), NETLINK_UNKNOWN);
	assert_refused(event(0, 0, 0, 0), NETLINK_UNKNOWN);
	assert_refused(pdu(1, 0x23, 9, 8), NETLINK_BAD_PDU);
	assert_refused(pdu(1, 0x23, 0xffffff, 8), NETLINK_BAD_PDU);
	assert_refused(message(0, 101, 47), NETLINK_BAD_PDU);
	b = event(110, 7, 1, 1);
	assert_refused(b, NETLINK_BAD_DATA);
	b = message(0, 111, 8);
	put32(&b, AT_R + 12, 9);
	assert_refused(b, NETLINK_BAD_DATA);
	put32(&b, AT_R + 12, 8);
	assert_int_equal(decoded(b).data_bytes, 8);
}

static void every_cut_is_refused_or_whole(void **state)
{
	struct bytes b = pdu(1, 0x23, 8, 8);
	uint32_t cut;

	for (cut = 0; cut < b.length; cut++) {
		uint8_t *exact = malloc(cut ? cut : 1); /* so that the sanitizer sees a read beyond */
		struct netlink_event e;

		assert_non_null(exact);
		memcpy(exact, b.at, cut);
		if (cut >= 4)
			memcpy(exact, &cut, 4);
		assert_true(netlink_decode(exact, cut, &e) < 0);
		free(exact);
	}
}

static void events_come_in_order(void **state)
{
	struct fixture *f = *state;
	uint32_t i;

	assert_false(readable(f->nl));
	for (i = 0; i < 40; i++)
		from_kernel(f, event(102, i, 0, 1011));
	assert_true(readable(f->nl));
	assert_int_equal(netlink_dispatch(f->nl), 0);
	assert_int_equal(f->events, 40);
	for (i = 0; i < 40; i++)
		assert_int_equal(f->sids[i], i);
	assert_false(readable(f->nl));
}

static void a_flood_is_handed_out_in_turns(void **state)
{
	struct fixture *f = *state;
	unsigned int i, rounds = 0;

	for (i = 0; i < 150; i++)
		from_kernel(f, event(102, i, 0, 1011));
	while (readable(f->nl)) {
		assert_int_equal(netlink_dispatch(f->nl), 0);
		rounds++;
	}
	assert_int_equal(f->events, 150);
	assert_true(rounds > 1);
}

static void a_call_puts_events_aside(void **state)
{
	struct fixture *f = *state;
	struct bytes ask = request(17, 4, 0), sent;
	struct netlink_reply reply = { 0 };

	from_kernel(f, event(106, 4, 0, 0));
	from_kernel(f, ask);
	from_kernel(f, event(105, 5, 0, 0));
	assert_int_equal(netlink_call(f->nl, ask.at, ask.length, &reply, 1), 0);
	assert_int_equal(reply.error, 0);
	assert_int_equal(recv(f->kernel, sent.at, sizeof(sent.at), 0), ask.length);
	assert_memory_equal(sent.at, ask.at, ask.length);
	assert_int_equal(f->events, 0);
	assert_true(netlink_has_deferred(f->nl));
	assert_true(readable(f->nl));
	assert_int_equal(netlink_dispatch(f->nl), 0);
	assert_int_equal(f->events, 2);
	assert_true(f->sids[0] == 4 && f->sids[1] == 5);
	assert_false(readable(f->nl));
}

static void the_loop_wakes_up_for_deferred_events(void **state)
{
	struct fixture *f = *state;
	struct bytes ask = request(17, 4, 0);
	struct netlink_reply reply = { 0 };

	from_kernel(f, event(106, 4, 0, 0));
	from_kernel(f, ask);
	assert_int_equal(netlink_call(f->nl, ask.at, ask.length, &reply, 1), 0);
	assert_true(readable(f->nl)); /* though the socket is empty */
	assert_int_equal(netlink_dispatch(f->nl), 0);
	assert_int_equal(f->events, 1);
	assert_false(readable(f->nl));
}

static void a_callback_may_call(void **state)
{
	struct fixture *f = *state;

	f->call_inside = true;
	from_kernel(f, event(106, 1, 0, 0));
	assert_int_equal(netlink_dispatch(f->nl), 0);
	assert_int_equal(f->events, 2); /* 77 came during the call inside, never inside the callback */
	assert_true(f->sids[0] == 1 && f->sids[1] == 77);
	assert_false(readable(f->nl));
}

static int error_of(struct fixture *f, uint16_t number, uint32_t type, int32_t iferror, int32_t retcode)
{
	struct bytes ask = request(number, 4, 0), answer = ask;
	struct netlink_reply reply = { 0 };

	put32(&answer, AT_TYPE, type);
	put32(&answer, AT_IFERROR, (uint32_t)iferror);
	put32(&answer, AT_R, (uint32_t)retcode);
	from_kernel(f, answer);
	assert_int_equal(netlink_call(f->nl, ask.at, ask.length, &reply, 1), 0);
	return reply.error;
}

static void errors_are_found_in_both_places(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(error_of(f, 15, 15, 0, -17), -17);
	assert_int_equal(error_of(f, 17, 17, 0, -107), -107);
	assert_int_equal(error_of(f, 18, 18, 0, -107), -107);
	assert_int_equal(error_of(f, 19, 19, 0, -22), -22);
	assert_int_equal(error_of(f, 16, 103, -38, 0), -38);
	assert_int_equal(error_of(f, 11, 11, 0, 3), 0);	     /* 3 is a session, not an error */
	assert_int_equal(error_of(f, 17, 17, 0, 5), -EIO);   /* no errno */
	assert_int_equal(error_of(f, 16, 103, 0, 0), -EIO);  /* an error without a number */
	assert_int_equal(error_of(f, 16, 103, 22, 0), -EIO); /* nor a positive one */
}

static void errors_before_a_stop_are_stale(void **state)
{
	struct fixture *f = *state;
	struct bytes ask = request(18, 4, 0);
	struct netlink_reply reply = { 0 };

	from_kernel(f, event(102, 4, 0, 1020));
	from_kernel(f, event(102, 5, 0, 1020));
	from_kernel(f, event(102, 4, 1, 1020));
	from_kernel(f, event(105, 4, 0, 0));
	from_kernel(f, event(102, 4, 0, 1011));
	from_kernel(f, ask);
	from_kernel(f, event(102, 4, 0, 1022));
	assert_int_equal(netlink_call(f->nl, ask.at, ask.length, &reply, 1), 0);
	assert_int_equal(netlink_count(f->nl, NETLINK_STALE), 2);
	assert_int_equal(netlink_dispatch(f->nl), 0);
	assert_int_equal(f->events, 4);
	assert_int_equal(f->last.code, ISCSI_CONN_ERROR_NOP_TIMEDOUT);
}

static void a_failed_stop_drops_nothing(void **state)
{
	struct fixture *f = *state;

	from_kernel(f, event(102, 4, 0, 1020));
	assert_int_equal(error_of(f, 18, 103, -22, 0), -22);
	assert_int_equal(netlink_dispatch(f->nl), 0);
	assert_int_equal(f->events, 1);
}

static void stats_come_by_multicast(void **state)
{
	struct fixture *f = *state;
	struct bytes ask = request(20, 4, 0), other = message(0, 20, 96), answer = message(0, 20, 96);
	uint8_t data[50];
	struct netlink_reply reply = { .data = data, .data_room = sizeof(data) };

	put32(&other, AT_U, 5);
	put32(&answer, AT_U, 4);
	memset(answer.at + AT_TRAILER, 's', 96);
	from_kernel(f, other); /* somebody else asked for it */
	from_kernel(f, answer);
	assert_int_equal(netlink_call(f->nl, ask.at, ask.length, &reply, 1), 0);
	assert_int_equal(reply.error, 0);
	assert_int_equal(reply.data_bytes, sizeof(data));
	assert_int_equal(data[49], 's');
	assert_int_equal(netlink_count(f->nl, NETLINK_STRAY), 1);
	assert_int_equal(error_of(f, 20, 103, -107, 0), -107);
	assert_false(netlink_has_deferred(f->nl));
}

static void nonsense_is_counted_and_dropped(void **state)
{
	struct fixture *f = *state;
	struct bytes b = event(102, 1, 0, 1011);
	static const uint8_t big[140000];

	b.length = 20;
	from_kernel(f, b);
	from_kernel(f, event(99, 1, 0, 0));
	from_kernel(f, request(17, 1, 0));
	from_kernel(f, pdu(1, 0x23, 9, 8));
	assert_int_equal(send(f->kernel, big, sizeof(big), 0), sizeof(big));
	from_kernel(f, event(102, 1, 0, 1011));
	assert_int_equal(netlink_dispatch(f->nl), 0);
	assert_int_equal(f->events, 1);
	assert_int_equal(netlink_count(f->nl, NETLINK_SHORT), 1);
	assert_int_equal(netlink_count(f->nl, NETLINK_UNKNOWN), 1);
	assert_int_equal(netlink_count(f->nl, NETLINK_STRAY), 1);
	assert_int_equal(netlink_count(f->nl, NETLINK_BAD_PDU), 1);
	assert_int_equal(netlink_count(f->nl, NETLINK_TRUNCATED), 1);
}

static void a_lost_reply_ends_the_call(void **state)
{
	struct fixture *f = *state;
	struct bytes both = request(13, 4, 0), second = request(14, 4, 0);
	struct netlink_reply replies[2] = { { 0 } };

	from_kernel(f, both);
	memcpy(both.at + both.length, second.at, second.length);
	assert_int_equal(netlink_call(f->nl, both.at, both.length + second.length, replies, 2), -ETIMEDOUT);
	assert_int_equal(replies[0].error, 0);
	assert_int_equal(replies[1].error, -ETIMEDOUT);
	from_kernel(f, second); /* too late: nobody's */
	assert_int_equal(error_of(f, 17, 17, 0, 0), 0);
	assert_int_equal(netlink_count(f->nl, NETLINK_STRAY), 1);
}

static void a_dead_socket_is_an_error(void **state)
{
	struct fixture *f = *state;
	struct bytes ask = request(17, 4, 0);
	struct netlink_reply reply = { 0 };

	close(f->kernel);
	f->kernel = -1;
	assert_true(netlink_call(f->nl, ask.at, ask.length, &reply, 1) < 0);
	assert_true(reply.error < 0);
	assert_true(netlink_dispatch(f->nl) < 0);
}

/* Real netlink sockets of a family any process may use: another process's messages, and a full queue. */
static void netlink_senders_and_overflow(void **state)
{
	struct fixture f = { 0 };
	struct sockaddr_nl group = { .nl_family = AF_NETLINK, .nl_groups = 1u << (getpid() % 32) }; /* another run has another */
	struct bytes b = event(102, 1, 0, 1011);
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_USERSOCK);
	int sender = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_USERSOCK);
	int room = 4096, i;

	if (fd < 0 || sender < 0 || bind(fd, (struct sockaddr *)&group, sizeof(group)) < 0) {
		close(fd);
		close(sender);
		skip();
	}
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	assert_int_equal(netlink_open_fd(fd, on_event, on_overflow, &f, &f.nl), 0);
	sendto(sender, b.at, b.length, 0, (struct sockaddr *)&group, sizeof(group)); /* refused by the kernel, heard by fd */
	assert_int_equal(netlink_dispatch(f.nl), 0);
	assert_int_equal(netlink_count(f.nl, NETLINK_FOREIGN), 1);
	for (i = 0; i < 100; i++)
		sendto(sender, b.at, b.length, 0, (struct sockaddr *)&group, sizeof(group));
	for (i = 0; readable(f.nl) && i < 10; i++)
		assert_int_equal(netlink_dispatch(f.nl), 0);
	assert_true(i < 10);
	assert_int_equal(f.overflows, 1);
	assert_int_equal(netlink_count(f.nl, NETLINK_OVERFLOW), 1);
	assert_int_equal(f.events, 0);
	netlink_close(f.nl);
	close(sender);
}

static void every_counter_has_a_sentence(void **state)
{
	int i;

	for (i = 0; i < NETLINK_COUNTER_COUNT; i++)
		assert_true(strlen(netlink_counter_text((enum netlink_counter)i)) > 5);
	assert_string_equal(netlink_counter_text(NETLINK_COUNTER_COUNT), "?");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_event_has_its_fields),
		cmocka_unit_test(a_pdu_loses_its_padding),
		cmocka_unit_test(the_gate_refuses),
		cmocka_unit_test(every_cut_is_refused_or_whole),
		TEST(events_come_in_order),
		TEST(a_flood_is_handed_out_in_turns),
		TEST(a_call_puts_events_aside),
		TEST(the_loop_wakes_up_for_deferred_events),
		TEST(a_callback_may_call),
		TEST(errors_are_found_in_both_places),
		TEST(errors_before_a_stop_are_stale),
		TEST(a_failed_stop_drops_nothing),
		TEST(stats_come_by_multicast),
		TEST(nonsense_is_counted_and_dropped),
		TEST(a_lost_reply_ends_the_call),
		TEST(a_dead_socket_is_an_error),
		cmocka_unit_test(netlink_senders_and_overflow),
		cmocka_unit_test(every_counter_has_a_sentence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
