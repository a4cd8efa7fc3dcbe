/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Events of the firmware, in their order, and the one that is missed: while there is no link, the firmware is asked for one now and then,
 * and a link that it has come to is told as if its event had come.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "tests/unit/kernel.h"

#define OPENHBA_QLA4XXX_CONFIG_H
#define OPENHBA_QLA4XXX_SESSION_H
#define OPENHBA_QLA4XXX_TRACE_H

#include "transport/abi/isp4xxx.h"

#define EVENTS 4

enum host_state { HOST_STARTING, HOST_ONLINE, HOST_RECOVERING, HOST_SUSPENDED, HOST_DEAD, HOST_REMOVING };
enum host_flag { HOST_LINK_UP, HOST_LINK_LOOK };
enum recovery_reason { RECOVER_SYSTEM_ERROR };

struct host_event {
	u32 regs[ISP_MAILBOXES];
};

struct qla_host {
	struct Scsi_Host *shost;
	struct { int dev; } *pdev;
	int irq_lock;
	enum host_state state;
	unsigned long flags, heartbeat;
	unsigned int linkless_ticks;
	struct work_struct event_work;
	struct { struct host_event events[EVENTS]; unsigned int in, out; } events;
	void *workqueue;
};

static struct {
	struct Scsi_Host shost;
	struct qla_host host;
	u32 state;	/* GET_FW_STATE, register 3 */
	int error;	/* of asking */
	unsigned int asked, queued, recoveries, links[2], posted[2];
} world;

unsigned long jiffies = 1000;

#define lockdep_assert_held(l) ((void)(l))
#undef spin_lock_irq
#define spin_lock_irq(l) ((void)(l))
#undef spin_unlock_irq
#define spin_unlock_irq(l) ((void)(l))
#undef queue_work
#define queue_work(q, w) ((void)(q), (void)(w), world.queued++)
#define kfifo_put(f, event) ((f)->in - (f)->out < EVENTS ? ((f)->events[(f)->in++ % EVENTS] = (event), true) : false)
#define kfifo_get(f, event) ((f)->in != (f)->out ? (*(event) = (f)->events[(f)->out++ % EVENTS], true) : false)
#define kfifo_reset(f)	((f)->out = (f)->in)
#undef test_and_clear_bit
#define test_and_clear_bit(n, p) (*(p) >> (n) & 1 ? (*(p) &= ~(1ul << (n)), true) : false)
#define host_state(h)	((h)->state)
#define host_is_lost(h)	((void)(h), false)
#define host_info(h, ...) ((void)(h))
#define host_err(h, ...) ((void)(h))
#define dev_warn_ratelimited(dev, ...) ((void)(regs))
#define trace_qla4xxx_event(h, regs) ((void)(h), (void)(regs))
#define ISCSI_EVENT_LINKUP true
#define ISCSI_EVENT_LINKDOWN false
#define iscsi_post_host_event(number, transport, is_up, size, data) ((void)(data), world.posted[is_up]++)
#define sessions_link(h, up) ((void)(h), world.links[up]++)
#define ddb_changed(h, regs) ((void)(h), (void)(regs))
#define acb_read(h)	((void)(h))
#define acb_ip_state_changed(h, regs) ((void)(h), (void)(regs))
#define acb_router_changed(h, regs) ((void)(h), (void)(regs))
#define recover(h, reason) ((void)(h), (void)(reason), world.recoveries++)

void event_kick(struct qla_host *host);
void event_post(struct qla_host *host, const u32 regs[ISP_MAILBOXES]);
void event_forget(struct qla_host *host);
void event_run(struct work_struct *work);
void event_tick(struct qla_host *host);

static int mailbox_ask(struct qla_host *host, enum isp_mailbox opcode, u32 regs[ISP_MAILBOXES])
{
	assert_int_equal(opcode, ISP_MBOX_GET_FW_STATE);
	world.asked++;
	regs[3] = world.state;
	return world.error;
}

#include "drivers/qla4xxx/events.c"

static int begin(void **state)
{
	memset(&world, 0, sizeof(world));
	world.host.shost = &world.shost;
	world.host.state = HOST_ONLINE;
	return 0;
}

static void post(u16 code)
{
	event_post(&world.host, (const u32[ISP_MAILBOXES]){ code });
}

static void run(void)
{
	while (world.queued) {
		world.queued = 0;
		event_run(&world.host.event_work);
	}
}

static void ticks(unsigned int count)
{
	while (count--) {
		event_tick(&world.host);
		run();
	}
}

static void test_link(void **state)
{
	post(ISP_AEN_LINK_UP);
	run();
	post(ISP_AEN_LINK_DOWN);
	run();
	assert_int_equal(world.links[true], 1);
	assert_int_equal(world.links[false], 1);
	assert_int_equal(world.posted[true] + world.posted[false], 2);
	assert_false(test_bit(HOST_LINK_UP, &world.host.flags));
}

/* The event of the link was lost: found within seconds, told once. */
static void test_link_missed(void **state)
{
	world.state = ISP_FW_LINK_UP;
	ticks(LINK_TICKS);
	assert_true(test_bit(HOST_LINK_UP, &world.host.flags));
	assert_int_equal(world.links[true], 1);
	assert_int_equal(world.posted[true], 1);
	ticks(10 * LINK_TICKS);
	assert_int_equal(world.asked, 1);
}

/* One that went is not asked for at once, however long the one before took to come. */
static void test_link_goes(void **state)
{
	ticks(LINK_TICKS - 1);
	post(ISP_AEN_LINK_UP);
	ticks(1);
	post(ISP_AEN_LINK_DOWN);
	run();
	ticks(LINK_TICKS - 1);
	assert_int_equal(world.asked, 0);
	ticks(1);
	assert_int_equal(world.asked, 1);
}

/* There is none, or the firmware does not say. */
static void test_no_link(void **state)
{
	ticks(3 * LINK_TICKS);
	assert_int_equal(world.asked, 3);
	world.state = ISP_FW_LINK_UP;
	world.error = -EIO;
	ticks(LINK_TICKS);
	assert_int_equal(world.links[true], 0);
	assert_false(test_bit(HOST_LINK_UP, &world.host.flags));
	world.host.state = HOST_REMOVING;
	ticks(LINK_TICKS);
	assert_int_equal(world.asked, 4);
}

static void test_too_many(void **state)
{
	for (unsigned int i = 0; i < EVENTS; i++)
		post(ISP_AEN_DNS);
	assert_int_equal(world.recoveries, 0);
	post(ISP_AEN_DNS);
	assert_int_equal(world.recoveries, 1);
	event_forget(&world.host);
	post(ISP_AEN_SYSTEM_ERROR);
	assert_int_equal(world.recoveries, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_link, begin), cmocka_unit_test_setup(test_link_missed, begin),
		cmocka_unit_test_setup(test_link_goes, begin),
		cmocka_unit_test_setup(test_no_link, begin), cmocka_unit_test_setup(test_too_many, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
