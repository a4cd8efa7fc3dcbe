/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Pings that the firmware sends for user space: what it is told, and that each that it took comes to one end: its answer, a time-out, or a
 * reset of the chip. A handle is nobody else's while the firmware may still answer.
 */
#include <arpa/inet.h>
#include <netinet/in.h>

#include "tests/unit/qla4xxx_asked.h"

#define EVENTS	300

enum { ISCSI_IFACE_TYPE_IPV4 = 1, ISCSI_IFACE_TYPE_IPV6 = 2 };
struct iscsi_transport { int unused; };
#define host_of(shost)	(&world.host)

#define flush_delayed_work(w)	asked_work(&(w)->work)
#define queue_delayed_work(q, w, delay) ((void)(q), event_delay = (delay), (w)->work.queued++)

static unsigned long event_delay;	/* jiffies */
static struct iscsi_transport qla_transport;
static struct Scsi_Host scsi_host;
static struct { u32 status, pid; u8 data[32]; } events[EVENTS];
static unsigned int event_count;

int ping_init(struct qla_host *host);
void ping_exit(struct qla_host *host);
int ping_send(struct Scsi_Host *shost, u32 iface_num, u32 iface_type, u32 payload, u32 pid, struct sockaddr *to);
void ping_done(struct qla_host *host, const struct isp_mailbox_iocb *iocb);
void ping_flush(struct qla_host *host);
void ping_tick(struct qla_host *host);

static void iscsi_ping_comp_event(u32 host_no, struct iscsi_transport *transport, u32 status, u32 pid, u32 bytes, u8 *data)
{
	assert_ptr_equal(transport, &qla_transport);
	assert_int_equal(bytes, sizeof(events[0].data));
	assert_true(event_count < EVENTS);
	events[event_count].status = status;
	events[event_count].pid = pid;
	memcpy(events[event_count++].data, data, bytes);
}

/* shost->host_no */
#define host_no can_queue
#include "drivers/qla4xxx/ping.c"
#undef host_no

static int begin(void **state)
{
	asked_begin();
	world.host.shost = &scsi_host;
	event_count = 0;
	assert_int_equal(ping_init(&world.host), 0);
	return 0;
}

static int end(void **state)
{
	ping_exit(&world.host);
	assert_int_equal(asked_in_flight(), 0);
	ping_exit(&world.host);
	return 0;
}

static int ping(const char *address, u32 iface, u32 pid)
{
	struct sockaddr_in6 to6 = { .sin6_family = AF_INET6 };
	struct sockaddr_in to4 = { .sin_family = AF_INET };

	if (inet_pton(AF_INET, address, &to4.sin_addr) == 1)
		return ping_send(&scsi_host, iface, ISCSI_IFACE_TYPE_IPV4, 56, pid, (struct sockaddr *)&to4);
	assert_int_equal(inet_pton(AF_INET6, address, &to6.sin6_addr), 1);
	return ping_send(&scsi_host, iface, ISCSI_IFACE_TYPE_IPV6, 56, pid, (struct sockaddr *)&to6);
}

static void answer(u32 handle, u32 status, u32 code)
{
	struct isp_mailbox_iocb iocb = { .handle = htole32(handle), .mailbox = { [0] = htole32(status), [6] = htole32(code) } };

	iocb.mailbox[3] = htole32(0x12345678);
	ping_done(&world.host, &iocb);
}

static void work(void)
{
	asked_work(&world.host.pings->work.work);
}

/* The last event, of which there have been so many. */
static void assert_event(unsigned int count, u32 status, u32 pid)
{
	work();
	assert_int_equal(event_count, count);
	assert_int_equal(events[count - 1].status, status);
	assert_int_equal(events[count - 1].pid, pid);
}

static void wait_seconds(unsigned int seconds)
{
	while (seconds--) {
		jiffies += HZ;
		ping_tick(&world.host);
	}
}

static void test_request(void **state)
{
	static const struct { const char *address; u32 iface, options; } rows[] = {
		{ "10.10.0.1", 0, 0 }, { "fe80::1", 0, 0x1 | 0x4 }, { "fd00::1", 0, 0x1 | 0x8 }, { "fd00::1", 1, 0x1 | 0xc },
	};
	const struct isp_mailbox_iocb *entry = &world.entry.mailbox;
	u8 bytes[16] = { 0 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(ping(rows[i].address, rows[i].iface, i), 0);
		assert_int_equal(world.told, i + 1);
		assert_int_equal(entry->header.type, ISP_IOCB_MAILBOX);
		assert_int_equal(entry->header.count, 1);
		assert_int_equal(le32toh(entry->handle), i + 1);
		assert_int_equal(le32toh(entry->mailbox[0]), 0x0b);
		assert_int_equal(le32toh(entry->mailbox[1]), rows[i].options);
		assert_int_equal(le32toh(entry->mailbox[6]), 56);
		memset(bytes, 0, sizeof(bytes));
		assert_int_equal(inet_pton(i ? AF_INET6 : AF_INET, rows[i].address, bytes), 1);
		assert_memory_equal(&entry->mailbox[2], bytes, sizeof(bytes));
		assert_int_equal(entry->mailbox[7], 0);
	}
}

static void test_refused(void **state)
{
	struct sockaddr_in to = { .sin_family = AF_INET };

	assert_int_equal(ping_send(&scsi_host, 0, ISCSI_IFACE_TYPE_IPV6, 56, 1, (struct sockaddr *)&to), -EINVAL);
	assert_int_equal(ping_send(&scsi_host, 0, ISCSI_IFACE_TYPE_IPV4, 65508, 1, (struct sockaddr *)&to), -EINVAL);
	world.is_ready = false;
	assert_int_equal(ping("10.10.0.1", 0, 1), -ENETDOWN);
	world.is_ready = true;
	world.ring_is_full = true;
	assert_int_equal(ping("10.10.0.1", 0, 1), -EBUSY);
	work();
	wait_seconds(20);
	assert_int_equal(event_count, 0);
	world.ring_is_full = false;
	/* Its handle was given back. */
	assert_int_equal(ping("10.10.0.1", 0, 1), 0);
	assert_int_equal(le32toh(world.entry.mailbox.handle), 1);
}

static void test_answers(void **state)
{
	assert_int_equal(ping("10.10.0.1", 0, 70), 0);
	assert_int_equal(ping("10.10.0.2", 0, 71), 0);
	answer(2, ISP_STATUS_COMPLETE, 0);
	assert_event(1, ISP_PING_OK, 71);
	assert_int_equal(events[0].data[12], 0x78);
	answer(1, ISP_STATUS_COMMAND_ERROR, ISP_PING_NO_ARP);
	assert_event(2, ISP_PING_NO_ARP, 70);
	assert_int_equal(asked_in_flight(), 0);
	assert_int_equal(world.warnings, 0);
}

/* Handles that nobody has, or nobody waits for any more. */
static void test_answers_of_nobody(void **state)
{
	static const u32 handles[] = { 0, 1, 2, 127, 128, 0xffffffff };
	unsigned int i;

	assert_int_equal(ping("10.10.0.1", 0, 70), 0);
	answer(1, ISP_STATUS_COMPLETE, 0);
	answer(1, ISP_STATUS_COMPLETE, 0);
	assert_event(1, ISP_PING_OK, 70);
	for (i = 0; i < ARRAY_SIZE(handles); i++)
		answer(handles[i], ISP_STATUS_COMPLETE, 0);
	work();
	assert_int_equal(event_count, 1);
	assert_int_equal(world.warnings, 1 + ARRAY_SIZE(handles));
}

/* open-iscsi's tool loses an event that comes before the reply to its request. */
static void test_event_after_reply(void **state)
{
	assert_int_equal(ping("10.10.0.1", 0, 70), 0);
	answer(1, ISP_STATUS_COMPLETE, 0);
	assert_int_equal(event_count, 0);
	assert_int_equal(event_delay, msecs_to_jiffies(10));
	assert_event(1, ISP_PING_OK, 70);
}

static void test_all_taken(void **state)
{
	unsigned int i;

	for (i = 0; i < 127; i++)
		assert_int_equal(ping("10.10.0.1", 0, i), 0);
	assert_int_equal(ping("10.10.0.1", 0, i), -EBUSY);
	answer(127, ISP_STATUS_COMPLETE, 0);
	/* Answered is not told yet. */
	assert_int_equal(ping("10.10.0.1", 0, i), -EBUSY);
	work();
	assert_int_equal(ping("10.10.0.1", 0, i), 0);
	assert_int_equal(le32toh(world.entry.mailbox.handle), 127);
}

/* Nothing comes: user space is told, the handle waits for what may come all the same. */
static void test_lost(void **state)
{
	assert_int_equal(ping("10.10.0.1", 0, 70), 0);
	wait_seconds(9);
	work();
	assert_int_equal(event_count, 0);
	wait_seconds(3);
	assert_event(1, ISP_PING_TIMEOUT, 70);
	assert_int_equal(asked_in_flight(), 0);
	wait_seconds(30);
	assert_event(1, ISP_PING_TIMEOUT, 70);
	assert_int_equal(ping("10.10.0.1", 0, 71), 0);
	assert_int_equal(le32toh(world.entry.mailbox.handle), 2);
	answer(1, ISP_STATUS_COMPLETE, 0);
	work();
	assert_int_equal(event_count, 1);
	assert_int_equal(world.warnings, 0);
	assert_int_equal(world.recoveries, 0);
	assert_int_equal(ping("10.10.0.1", 0, 72), 0);
	assert_int_equal(le32toh(world.entry.mailbox.handle), 1);
	answer(1, ISP_STATUS_COMPLETE, 0);
	assert_event(2, ISP_PING_OK, 72);
}

/* The answer comes when the time is over and user space has not been told. */
static void test_late(void **state)
{
	assert_int_equal(ping("10.10.0.1", 0, 70), 0);
	wait_seconds(12);
	answer(1, ISP_STATUS_COMPLETE, 0);
	assert_event(1, ISP_PING_TIMEOUT, 70);
	assert_int_equal(ping("10.10.0.1", 0, 71), 0);
	assert_int_equal(le32toh(world.entry.mailbox.handle), 1);
	assert_int_equal(asked_in_flight(), 1);
}

static void test_too_many_lost(void **state)
{
	unsigned int i;

	for (i = 0; i < 8; i++) {
		assert_int_equal(world.recoveries, 0);
		assert_int_equal(ping("10.10.0.1", 0, i), 0);
		wait_seconds(12);
		work();
	}
	assert_int_not_equal(world.recoveries, 0);
	ping_flush(&world.host);
	work();
	assert_int_equal(event_count, 8);
	world.recoveries = 0;
	wait_seconds(12);
	assert_int_equal(world.recoveries, 0);
	assert_int_equal(ping("10.10.0.1", 0, 9), 0);
	assert_int_equal(le32toh(world.entry.mailbox.handle), 1);
}

static void test_reset(void **state)
{
	assert_int_equal(ping("10.10.0.1", 0, 70), 0);
	assert_int_equal(ping("10.10.0.1", 0, 71), 0);
	answer(1, ISP_STATUS_COMPLETE, 0);
	ping_flush(&world.host);
	work();
	assert_int_equal(event_count, 2);
	assert_int_equal(events[0].status, ISP_PING_OK);
	assert_int_equal(events[1].status, ISP_PING_FW_DISABLED);
	assert_int_equal(asked_in_flight(), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_request), TEST(test_refused), TEST(test_answers), TEST(test_answers_of_nobody), TEST(test_event_after_reply),
		TEST(test_all_taken), TEST(test_lost), TEST(test_late), TEST(test_too_many_lost), TEST(test_reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
