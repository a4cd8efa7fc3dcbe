/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Delivering what was answered: each command once, oldest first, free for its next life before; and nobody who flushed is told too early. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>
#include <cmocka.h>

#include "tests/unit/kernel.h"

#include "drivers/iscsi_tcp/complete.c"

#define COMMANDS 6

unsigned long jiffies;
bool kernel_out_of_memory;

static struct {
	struct tcp_conn conn;
	struct tcp_task tasks[COMMANDS];
	struct scsi_cmnd commands[COMMANDS];
	u32 delivered, direct;
	void (*on_done)(u32 number);
	pthread_t other;
	bool other_is_back;
	u32 delivered_then;
} world;

static void delivered(struct scsi_cmnd *cmd)
{
	u32 number = (u32)(cmd - world.commands);

	assert_int_equal(number, world.delivered);
	assert_int_equal(atomic_read(&world.tasks[number].state), 0);
	world.delivered++;
	if (world.on_done)
		world.on_done(number);
}

void scsi_done(struct scsi_cmnd *cmd)
{
	delivered(cmd);
}

void scsi_done_direct(struct scsi_cmnd *cmd)
{
	world.direct++;
	delivered(cmd);
}

static void answered(u32 number)
{
	atomic_set(&world.tasks[number].state, TASK_DONE);
	world.tasks[number].conn = &world.conn;
	world.tasks[number].cmd = &world.commands[number];
	complete_later(&world.tasks[number]);
}

static void begin(u32 count)
{
	u32 i;

	memset(&world, 0, sizeof(world));
	complete_init(&world.conn);
	for (i = 0; i < count; i++)
		answered(i);
}

static void test_batch(void **state)
{
	begin(COMMANDS - 1);
	world.commands[2].cpu = 1;
	assert_int_equal(world.conn.complete.scheduled, 1);
	assert_int_equal(world.delivered, 0);
	world.conn.complete.run(&world.conn.complete);
	assert_int_equal(world.delivered, COMMANDS - 1);
	assert_int_equal(world.direct, COMMANDS - 2);
	answered(COMMANDS - 1);
	assert_int_equal(world.conn.complete.scheduled, 2);
	complete_exit(&world.conn);
	assert_int_equal(world.delivered, COMMANDS);
}

static void *other_flush(void *data)
{
	complete_flush(&world.conn);
	world.delivered_then = world.delivered;
	WRITE_ONCE(world.other_is_back, true);
	return NULL;
}

/* The first is on its way to the mid layer, the others are taken from the list, when somebody else flushes. */
static void flush_meanwhile(u32 number)
{
	if (number != 0)
		return;
	assert_int_equal(pthread_create(&world.other, NULL, other_flush, NULL), 0);
	usleep(50000);
	assert_false(READ_ONCE(world.other_is_back));
}

static void test_two_flushes(void **state)
{
	begin(COMMANDS);
	world.on_done = flush_meanwhile;
	complete_flush(&world.conn);
	pthread_join(world.other, NULL);
	assert_int_equal(world.delivered_then, COMMANDS);
	complete_exit(&world.conn);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_batch),
		cmocka_unit_test(test_two_flushes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
