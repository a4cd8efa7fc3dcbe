/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The receive machine: a conversation cut at every byte means the same, and each thing a target may not do ends the connection with its reason. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/iscsi_tcp_world.h"
#include "tests/unit/iscsi_tcp_stream.h"

static void cut_everywhere(bool digests)
{
	static char log[sizeof(world.log)];
	u32 cut;

	requests(digests);
	conversation();
	assert_int_equal(world_receive(in.bytes, in.len), in.len);
	check_end();
	memcpy(log, world.log, sizeof(log));
	world_end();
	for (cut = 1; cut < in.len; cut++) {
		u32 len = in.len;
		u8 *first, *second;

		requests(digests);
		conversation();
		assert_int_equal(in.len, len);
		/* Each part in memory of its own, so that reading beyond it is seen. */
		first = malloc(cut);
		second = malloc(len - cut);
		memcpy(first, in.bytes, cut);
		memcpy(second, in.bytes + cut, len - cut);
		assert_int_equal(world_receive(first, cut), cut);
		assert_int_equal(world_receive(second, len - cut), len - cut);
		check_end();
		assert_string_equal(world.log, log);
		free(first);
		free(second);
		world_end();
	}
}

static void test_cut(void **state)
{
	cut_everywhere(false);
}

static void test_cut_digests(void **state)
{
	cut_everywhere(true);
}

static void test_every_byte(void **state)
{
	u32 i;

	requests(true);
	conversation();
	for (i = 0; i < in.len; i++)
		assert_int_equal(world_receive(in.bytes + i, 1), 1);
	check_end();
	assert_int_equal(world.conn.stats.dataout_pdus, 3);
	world_end();
}

/* Any bit that falls over is seen, where digests are on. */
static void test_digests(void **state)
{
	static const struct {
		u32 at;
		enum iscsi_err error;
	} rows[] = {
		{ 1, ISCSI_ERR_HDR_DGST },
		{ 47, ISCSI_ERR_HDR_DGST },
		{ 50, ISCSI_ERR_HDR_DGST },
		{ 52, ISCSI_ERR_DATA_DGST },
		{ 52 + 408, ISCSI_ERR_DATA_DGST },
		{ 52 + 411, ISCSI_ERR_DATA_DGST },	/* pad */
		{ 52 + 412, ISCSI_ERR_DATA_DGST },
	};
	u32 i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		requests(true);
		data_in(0, 0, 0, 0, 409);
		in.bytes[rows[i].at] ^= 0x10;
		assert_int_equal(world_receive(in.bytes, in.len), -EPROTO);
		assert_int_equal(world.error, rows[i].error);
		assert_int_equal(world.conn.stats.digest_err, 1);
		assert_int_equal(world.commands[0].task.received, 0);
		world_end();
	}
}

/* --- what a target may not do */

static void bad_opcode(void)
{
	answer(0x2f, cpu_to_be32(world.commands[0].task.tag), 50, NULL, 0);
}

static void bad_login(void)
{
	answer(ISCSI_PDU_LOGIN_RESPONSE, cpu_to_be32(world.session.mgmt[2].task.tag), 50, NULL, 0);
}

static void bad_itt(void)
{
	answer(ISCSI_PDU_SCSI_RESPONSE, cpu_to_be32(world.commands[0].task.tag + (1 << TASK_GENERATION_SHIFT)), 50, NULL, 0);
}

static void bad_itt_range(void)
{
	answer(ISCSI_PDU_SCSI_RESPONSE, cpu_to_be32(TAG_NUMBER), 50, NULL, 0);
}

static void bad_itt_internal(void)
{
	answer(ISCSI_PDU_SCSI_RESPONSE, cpu_to_be32(TAG_INTERNAL | TCP_MGMT_TASKS), 50, NULL, 0);
}

static void bad_kind(void)
{
	answer(ISCSI_PDU_SCSI_RESPONSE, cpu_to_be32(world.session.mgmt[2].task.tag), 50, NULL, 0);
}

static void bad_ping(void)
{
	answer(ISCSI_PDU_NOP_IN, cpu_to_be32(world.commands[0].task.tag), 50, NULL, 0);
}

static void bad_twice(void)
{
	answer(ISCSI_PDU_SCSI_RESPONSE, cpu_to_be32(world.commands[0].task.tag), 50, NULL, 0);
	answer(ISCSI_PDU_SCSI_RESPONSE, cpu_to_be32(world.commands[0].task.tag), 51, NULL, 0);
}

static void bad_response_length(void)
{
	u8 data[8193] = { 0 };

	answer(ISCSI_PDU_SCSI_RESPONSE, cpu_to_be32(world.commands[0].task.tag), 50, data, sizeof(data));
}

static void bad_data_direction(void)
{
	data_in(2, 0, 0, 0, 512);
}

static void bad_data_offset(void)
{
	data_in(0, 0, 0, 512, 512);
}

static void bad_data_end(void)
{
	data_in(3, 0, 0, 0, 513);
}

static void bad_data_far(void)
{
	data_in(3, 0, 0, 0xffffff00, 512);
}

static void bad_datasn(void)
{
	data_in(0, 0, 1, 0, 512);
}

static void bad_r2t_direction(void)
{
	r2t(0, 0, 0, 512);
}

static void bad_r2tsn(void)
{
	r2t(2, 1, 0, 512);
}

static void bad_r2t_nothing(void)
{
	r2t(2, 0, 0, 0);
}

static void bad_r2t_burst(void)
{
	world.session.max_burst_bytes = 512;
	r2t(2, 0, 0, 1024);
}

static void bad_r2t_end(void)
{
	r2t(2, 0, 19999, 2);
}

static void bad_r2t_far(void)
{
	r2t(2, 0, 0xfffffffe, 4);
}

static void bad_r2t_tag(void)
{
	r2t(2, 0, 0, 512)->ttt = cpu_to_be32(ISCSI_TAG_NONE);
}

static void bad_r2t_many(void)
{
	world.allow = 0;
	r2t(2, 0, 0, 512);
	r2t(2, 1, 512, 512);
	r2t(2, 2, 1024, 512);
}

static void test_violations(void **state)
{
	static const struct {
		const char *name;
		void (*act)(void);
		enum iscsi_err error;
	} rows[] = {
		{ "opcode", bad_opcode, ISCSI_ERR_BAD_OPCODE },
		{ "login response in full feature phase", bad_login, ISCSI_ERR_PROTO },
		{ "generation", bad_itt, ISCSI_ERR_BAD_ITT },
		{ "number", bad_itt_range, ISCSI_ERR_BAD_ITT },
		{ "number of ours", bad_itt_internal, ISCSI_ERR_BAD_ITT },
		{ "response to a ping", bad_kind, ISCSI_ERR_PROTO },
		{ "NOP-In for a command", bad_ping, ISCSI_ERR_PROTO },
		{ "answered twice", bad_twice, ISCSI_ERR_BAD_ITT },
		{ "long response", bad_response_length, ISCSI_ERR_DATALEN },
		{ "data for a write", bad_data_direction, ISCSI_ERR_PROTO },
		{ "hole in data", bad_data_offset, ISCSI_ERR_DATA_OFFSET },
		{ "data behind the end", bad_data_end, ISCSI_ERR_DATA_OFFSET },
		{ "offset around the end of numbers", bad_data_far, ISCSI_ERR_DATA_OFFSET },
		{ "DataSN", bad_datasn, ISCSI_ERR_DATASN },
		{ "R2T for a read", bad_r2t_direction, ISCSI_ERR_PROTO },
		{ "R2TSN", bad_r2tsn, ISCSI_ERR_R2TSN },
		{ "R2T for nothing", bad_r2t_nothing, ISCSI_ERR_DATALEN },
		{ "R2T beyond MaxBurstLength", bad_r2t_burst, ISCSI_ERR_DATALEN },
		{ "R2T behind the end", bad_r2t_end, ISCSI_ERR_DATA_OFFSET },
		{ "R2T around the end of numbers", bad_r2t_far, ISCSI_ERR_DATA_OFFSET },
		{ "R2T without a tag", bad_r2t_tag, ISCSI_ERR_PROTO },
		{ "more than MaxOutstandingR2T", bad_r2t_many, ISCSI_ERR_PROTO },
	};
	u32 i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		requests(false);
		rows[i].act();
		assert_int_equal(world_receive(in.bytes, in.len), -EPROTO);
		if (world.error != rows[i].error)
			fail_msg("%s: %d, not %d", rows[i].name, world.error, rows[i].error);
		world_end();
	}
}

/* Several R2Ts at once, also when there is no memory for them. */
static void test_r2ts(void **state)
{
	requests(false);
	world.session.max_outstanding_r2t = 4;
	world.allow = 10;
	r2t(2, 0, 0, 512);
	r2t(2, 1, 512, 512);
	r2t(2, 2, 1024, 9000);
	r2t(2, 3, 10024, 9976);
	assert_int_equal(world_receive(in.bytes, in.len), in.len);
	world.allow = U32_MAX;
	tx_write_space(&world.conn);
	assert_int_equal(world.conn.stats.dataout_pdus, 6);
	assert_int_equal(world.commands[2].task.r2t_count, 0);
	assert_false(world.more);
	world_end();

	requests(false);
	world.session.max_outstanding_r2t = 4;
	world.allow = 10;
	kernel_out_of_memory = true;
	r2t(2, 0, 0, 512);
	r2t(2, 1, 512, 512);
	r2t(2, 2, 1024, 9000);
	assert_int_equal(world_receive(in.bytes, in.len), -EPROTO);
	assert_int_equal(world.error, ISCSI_ERR_CONN_FAILED);
	kernel_out_of_memory = false;
	world_end();
}

/* The error handler takes a command away in the midst of its data: nothing is written any more, and the stream stays in step. */
static void test_taken_away(void **state)
{
	requests(false);
	data_in(0, 0, 0, 0, 409);
	answer(ISCSI_PDU_NOP_IN, cpu_to_be32(world.session.mgmt[2].task.tag), 51, NULL, 0);
	assert_int_equal(world_receive(in.bytes, 148), 148);
	assert_int_equal(task_drop(&world.commands[0].task, 0), 0);
	assert_int_equal(world_receive(in.bytes + 148, in.len - 148), in.len - 148);
	assert_int_equal(world.error, 0);
	assert_int_equal(world_byte(0, 99), (u8)(99 * 13));
	assert_int_equal(world_byte(0, 100), 0);
	assert_non_null(strstr(world.log, "answer 2"));
	world_end();
}

/* RFC 7143 11.17: only what we sent is named; user space finds its own tag. */
static void test_reject(void **state)
{
	struct iscsi_bhs sent = { .opcode = ISCSI_PDU_NOP_OUT };
	u8 task;

	for (task = 0; task < 2; task++) {
		requests(false);
		sent.itt = cpu_to_be32(task ? world.session.mgmt[2].task.tag : world.commands[0].task.tag);
		answer(ISCSI_PDU_REJECT, cpu_to_be32(ISCSI_TAG_NONE), 50, &sent, sizeof(sent));
		assert_int_equal(world_receive(in.bytes, in.len), in.len);
		assert_int_equal(world.error, 0);
		assert_int_equal(!!strstr(world.log, "put 2"), task);
		assert_null(strstr(world.log, "done"));
		world_end();
	}
}

/* What comes behind the end of a login is left to TCP until user space has told about digests. */
static void test_login(void **state)
{
	u32 login;

	requests(false);
	world_end();
	world_begin();
	world.conn.state = TCP_CONN_BOUND;
	world_mgmt(0, ISCSI_PDU_LOGIN_REQUEST);
	in.len = 0;
	assert_int_equal(world_receive(in.bytes, 48), 0);
	tx_mgmt(&world.conn, &world.session.mgmt[0]);
	answer(ISCSI_PDU_LOGIN_RESPONSE, cpu_to_be32(world.session.mgmt[0].task.tag), 7, "A=B", 4);
	login = in.len;
	answer(ISCSI_PDU_NOP_IN, cpu_to_be32(ISCSI_TAG_NONE), 8, NULL, 0);
	assert_int_equal(world_receive(in.bytes, in.len), login);
	assert_int_equal(world.conn.exp_statsn, 8);
	world.conn.state = TCP_CONN_UP;
	assert_int_equal(world_receive(in.bytes + login, in.len - login), in.len - login);
	assert_int_equal(world.conn.exp_statsn, 8);
	assert_non_null(strstr(world.log, "ping"));
	world_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_cut_digests),
		cmocka_unit_test(test_every_byte),
		cmocka_unit_test(test_digests),
		cmocka_unit_test(test_violations),
		cmocka_unit_test(test_r2ts),
		cmocka_unit_test(test_taken_away),
		cmocka_unit_test(test_reject),
		cmocka_unit_test(test_login),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
