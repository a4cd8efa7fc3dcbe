/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whose a tag is, and when a task may be delivered or taken back: whatever the target names, whatever is half sent or half received. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/iscsi_tcp_world.h"

#define RESULT_ABORT (0x05 << 16)

static struct tcp_task *find(u32 tag)
{
	return task_find(&world.conn, cpu_to_be32(tag));
}

static struct tcp_task *start_read(u32 number, u32 bytes)
{
	struct tcp_task *task = world_command(number, DMA_FROM_DEVICE, bytes, 16);

	tx_submit(&world.conn, task, true);
	return task;
}

static bool logged(const char *line)
{
	return strstr(world.log, line);
}

static void only_what_is_under_way_is_found(void **state)
{
	struct tcp_task *task;
	u32 tag;

	world_begin();
	task = world_command(3, DMA_FROM_DEVICE, 512, 16);
	tag = task->tag;
	assert_null(find(tag));
	tx_submit(&world.conn, task, true);
	assert_ptr_equal(find(tag), task);
	assert_false(task_is(task, TASK_TX));
	task_answered(task);
	assert_null(find(tag));
	assert_true(logged("done 3 "));
	assert_false(task_is(task, TASK_FLAGS));
	world_end();
}

static void made_up_tags_are_nobodys(void **state)
{
	static const u32 tags[] = {
		0, 1, 0xffffffff, 0xfffffffe, 0x80000000, 0x7fffffff, 0xffffff80, TAG_INTERNAL, TAG_INTERNAL | 15, TAG_INTERNAL | 16,
		TAG_NUMBER, TAG_INTERNAL | TAG_NUMBER, WORLD_COMMANDS, WORLD_COMMANDS - 1, WORLD_COMMANDS + TCP_MGMT_TASKS,
	};
	struct tcp_task *task;
	u32 i, bit;

	world_begin();
	task = start_read(3, 512);
	for (i = 0; i < sizeof(tags) / sizeof(tags[0]); i++)
		assert_null(find(tags[i]));
	/* One bit off is another tag, each of them. */
	for (bit = 0; bit < 32; bit++)
		assert_null(find(task->tag ^ BIT(bit)));
	assert_ptr_equal(find(task->tag), task);
	world_end();
}

static void a_number_has_a_new_tag_each_time(void **state)
{
	struct tcp_task *task;
	u32 i, first, old;

	world_begin();
	task = start_read(5, 512);
	first = task->tag;
	old = first;
	for (i = 1; i < TASK_GENERATIONS + 1; i++) {
		task_answered(task);
		task = start_read(5, 512);
		assert_int_not_equal(task->tag, old);
		assert_int_equal(task->tag & TAG_NUMBER, 5);
		assert_int_not_equal(task->tag, ISCSI_TAG_NONE);
		assert_null(find(old));
		old = task->tag;
		world.sent_bytes = 0;
		world.log_bytes = 0;
		world.session.window.max_cmdsn++;
	}
	/* All generations were there in between. */
	task_answered(task);
	assert_int_equal(start_read(5, 512)->tag, first);
	world_end();
}

static void own_tags_are_apart(void **state)
{
	struct tcp_mgmt *mgmt;
	struct tcp_task *task;

	world_begin();
	task = start_read(2, 512);
	mgmt = world_mgmt(2, ISCSI_PDU_NOP_OUT);
	tx_mgmt(&world.conn, mgmt);
	assert_ptr_equal(find(task->tag), task);
	assert_ptr_equal(find(mgmt->task.tag), &mgmt->task);
	task_answered(&mgmt->task);
	assert_true(logged("put 2"));
	assert_ptr_equal(find(task->tag), task);
	world_end();
}

/* RFC 7143 11.4: a target may end a command before it has all the data. */
static void an_answer_waits_for_a_half_sent_pdu(void **state)
{
	struct tcp_task *task;

	world_begin();
	world.allow = 1000;
	task = world_command(0, DMA_TO_DEVICE, 8000, 16);
	tx_submit(&world.conn, task, true);
	assert_ptr_equal(world.conn.tx.task, task);
	task_answered(task);
	assert_null(find(task->tag));
	assert_false(logged("done 0 "));
	world.allow = U32_MAX;
	tx_kick(&world.conn);
	assert_true(logged("done 0 "));
	assert_int_equal(world.sent_bytes, ISCSI_BHS_BYTES + 8000);
	world_end();
}

static void an_answer_does_not_wait_for_a_turn(void **state)
{
	struct tcp_task *first, *second;
	struct iscsi_bhs_r2t bhs = { .ttt = cpu_to_be32(7), .desired_bytes = cpu_to_be32(4096) };

	world_begin();
	world.session.immediate_data = false;
	second = world_command(1, DMA_TO_DEVICE, 4096, 16);
	tx_submit(&world.conn, second, true);
	world.session.immediate_data = true;
	world.allow = 1000;
	first = world_command(0, DMA_TO_DEVICE, 8000, 16);
	tx_submit(&world.conn, first, true);
	assert_int_equal(r2t_received(second, &bhs), ISCSI_OK);
	assert_true(task_is(second, TASK_TX));
	task_answered(second);
	assert_true(logged("done 1 "));
	world.allow = U32_MAX;
	tx_kick(&world.conn);
	assert_int_equal(world.sent_bytes, ISCSI_BHS_BYTES + ISCSI_BHS_BYTES + 8000);
	world_end();
}

static void what_is_half_sent_is_not_taken_back(void **state)
{
	struct tcp_task *task;

	world_begin();
	world.session.initial_r2t = false;
	world.allow = 1000;
	task = world_command(0, DMA_TO_DEVICE, 20000, 16);
	tx_submit(&world.conn, task, true);
	assert_int_equal(task_drop(task, RESULT_ABORT), -EBUSY);
	assert_true(task_is(task, TASK_ABORTING));
	world.allow = U32_MAX;
	tx_kick(&world.conn);
	/* The PDU is whole, and the unsolicited data behind it is not sent any more. */
	assert_int_equal(world.sent_bytes, ISCSI_BHS_BYTES + 8192);
	assert_false(task_is(task, TASK_TX));
	assert_false(logged("done"));
	assert_int_equal(task_drop(task, RESULT_ABORT), 0);
	assert_true(logged("done 0 result 50000"));
	assert_null(find(task->tag));
	world_end();
}

static u32 times_logged(const char *line)
{
	const char *at = world.log;
	u32 times = 0;

	while ((at = strstr(at, line))) {
		at += strlen(line);
		times++;
	}
	return times;
}

/* The error handler may come between an answer and its delivery. */
static void what_is_answered_is_delivered_once(void **state)
{
	struct tcp_task *task;

	world_begin();
	world.slow = true;
	task = start_read(0, 512);
	task->cmd->result = 0x1234;
	task_answered(task);
	assert_true(task_is(task, TASK_DONE));
	assert_int_equal(task_drop(task, RESULT_ABORT), 0);
	assert_int_equal(times_logged("done 0 "), 1);
	assert_true(logged("done 0 result 1234"));
	task->state.counter = 0;
	assert_int_equal(task_drop(task, RESULT_ABORT), 0);
	assert_int_equal(times_logged("done 0 "), 1);
	world_end();
}

static void what_is_not_sent_is_taken_back(void **state)
{
	struct tcp_task *task;

	world_begin();
	world.session.window.max_cmdsn = world.session.window.cmdsn - 1;
	task = start_read(4, 512);
	assert_true(task_is(task, TASK_SUBMITTED));
	assert_int_equal(task_drop(task, RESULT_ABORT), 0);
	assert_true(logged("done 4 result 50000"));
	world.session.window.max_cmdsn += 8;
	tx_kick(&world.conn);
	assert_int_equal(world.sent_bytes, 0);
	world_end();
}

static u32 data_in(u8 *to, const struct tcp_task *task, u32 bytes)
{
	struct iscsi_bhs_data_in *bhs = (struct iscsi_bhs_data_in *)to;

	memset(to, 0, sizeof(*bhs));
	bhs->opcode = ISCSI_PDU_DATA_IN;
	bhs->flags = ISCSI_BIT_FINAL;
	bhs->data_length[1] = bytes >> 8;
	bhs->data_length[2] = bytes;
	bhs->itt = cpu_to_be32(task->tag);
	bhs->ttt = cpu_to_be32(ISCSI_TAG_NONE);
	bhs->exp_cmdsn = cpu_to_be32(world.session.window.exp_cmdsn);
	bhs->max_cmdsn = cpu_to_be32(world.session.window.max_cmdsn);
	memset(to + sizeof(*bhs), 0xaa, bytes);
	return sizeof(*bhs) + bytes;
}

static void what_is_half_received_is_taken_back(void **state)
{
	struct tcp_task *task;
	u8 pdu[600];
	u32 len;

	world_begin();
	task = start_read(0, 512);
	len = data_in(pdu, task, 512);
	assert_int_equal(world_receive(pdu, 148), 148);
	assert_true(task_is(task, TASK_RX));
	assert_int_equal(world_byte(0, 99), 0xaa);
	assert_int_equal(task_drop(task, RESULT_ABORT), 0);
	assert_true(logged("done 0 result 50000"));
	/* The rest comes, and touches nothing. */
	assert_int_equal(world_receive(pdu + 148, len - 148), len - 148);
	assert_int_equal(world_byte(0, 100), 0);
	assert_int_equal(world.error, 0);
	assert_int_equal(world.conn.state, TCP_CONN_UP);
	world_end();
}

static void a_dead_connection_keeps_nothing(void **state)
{
	struct tcp_mgmt *mgmt;
	struct tcp_task *answered;

	world_begin();
	start_read(0, 512);
	world.allow = 1000;
	answered = world_command(1, DMA_TO_DEVICE, 8000, 16);
	tx_submit(&world.conn, answered, true);
	answered->cmd->result = 0x1234;
	task_answered(answered);
	tx_submit(&world.conn, world_command(2, DMA_TO_DEVICE, 8000, 16), true);
	tx_submit(&world.conn, world_command(3, DMA_FROM_DEVICE, 512, 16), false);
	mgmt = world_mgmt(4, ISCSI_PDU_NOP_OUT);
	tx_mgmt(&world.conn, mgmt);
	tasks_fail(&world.conn, RESULT_ABORT);
	assert_true(logged("done 0 result 50000"));
	/* What the target had answered is as it said. */
	assert_true(logged("done 1 result 1234"));
	assert_true(logged("done 2 result 50000"));
	assert_true(logged("done 3 result 50000"));
	assert_true(logged("put 4") && mgmt->lost);
	assert_true(list_empty(&world.conn.active) && list_empty(&world.conn.tx_commands) && list_empty(&world.conn.tx_mgmt));
	assert_null(world.conn.tx.task);
	world_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_is_under_way_is_found),
		cmocka_unit_test(made_up_tags_are_nobodys),
		cmocka_unit_test(a_number_has_a_new_tag_each_time),
		cmocka_unit_test(own_tags_are_apart),
		cmocka_unit_test(an_answer_waits_for_a_half_sent_pdu),
		cmocka_unit_test(an_answer_does_not_wait_for_a_turn),
		cmocka_unit_test(what_is_half_sent_is_not_taken_back),
		cmocka_unit_test(what_is_answered_is_delivered_once),
		cmocka_unit_test(what_is_not_sent_is_taken_back),
		cmocka_unit_test(what_is_half_received_is_taken_back),
		cmocka_unit_test(a_dead_connection_keeps_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
