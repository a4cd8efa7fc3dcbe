/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is sent: PDUs by the rules of what was negotiated, the same bytes however few TCP takes at a time, and no byte kept back at the end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/iscsi_tcp_world.h"

/* --- the target's view of what was sent */

struct seen {
	struct iscsi_bhs bhs;
	const u8 *ahs, *data;
	u32 data_bytes;
};

static u32 seen_at;

static bool see(struct seen *seen)
{
	const u8 *at = world.sent + seen_at;

	if (seen_at == world.sent_bytes)
		return false;
	memcpy(&seen->bhs, at, sizeof(seen->bhs));
	seen->ahs = at + ISCSI_BHS_BYTES;
	at = seen->ahs + seen->bhs.ahs_words * 4;
	if (world.conn.header_digest) {
		assert_true(digest_matches(digest_add(DIGEST_SEED, world.sent + seen_at, at - world.sent - seen_at), at));
		at += ISCSI_CRC32C_BYTES;
	}
	seen->data = at;
	seen->data_bytes = bhs_data_bytes(&seen->bhs);
	at += seen->data_bytes + pad_bytes(seen->data_bytes);
	if (world.conn.data_digest && seen->data_bytes) {
		assert_true(digest_matches(digest_add(DIGEST_SEED, seen->data, at - seen->data), at));
		at += ISCSI_CRC32C_BYTES;
	}
	seen_at = at - world.sent;
	assert_true(seen_at <= world.sent_bytes);
	return true;
}

static void see_write(u32 number, u32 immediate, bool final)
{
	struct iscsi_bhs_scsi_command *bhs;
	struct seen seen;
	u32 i, bad = 0;

	assert_true(see(&seen));
	bhs = (struct iscsi_bhs_scsi_command *)&seen.bhs;
	assert_int_equal(bhs->opcode, ISCSI_PDU_SCSI_COMMAND);
	assert_int_equal(bhs->flags, ISCSI_BIT_COMMAND_WRITE | ISCSI_TASK_SIMPLE | (final ? ISCSI_BIT_FINAL : 0));
	assert_int_equal(be32_to_cpu(bhs->itt), world.commands[number].task.tag);
	assert_int_equal(be32_to_cpu(bhs->expected_bytes), world.commands[number].task.data_bytes);
	assert_int_equal(seen.data_bytes, immediate);
	for (i = 0; i < immediate; i++)
		bad += seen.data[i] != world_byte(number, i);
	assert_int_equal(bad, 0);
}

static void see_data_out(u32 number, u32 ttt, u32 datasn, u32 offset, u32 bytes, bool final)
{
	struct iscsi_bhs_data_out *bhs;
	struct seen seen;
	u32 i, bad = 0;

	assert_true(see(&seen));
	bhs = (struct iscsi_bhs_data_out *)&seen.bhs;
	assert_int_equal(bhs->opcode, ISCSI_PDU_DATA_OUT);
	assert_int_equal(bhs->flags, final ? ISCSI_BIT_FINAL : 0);
	assert_int_equal(be32_to_cpu(bhs->itt), world.commands[number].task.tag);
	assert_int_equal(be32_to_cpu(bhs->ttt), ttt);
	assert_int_equal(be32_to_cpu(bhs->datasn), datasn);
	assert_int_equal(be32_to_cpu(bhs->offset), offset);
	assert_int_equal(seen.data_bytes, bytes);
	for (i = 0; i < bytes; i++)
		bad += seen.data[i] != world_byte(number, offset + i);
	assert_int_equal(bad, 0);
}

static void see_end(void)
{
	assert_int_equal(seen_at, world.sent_bytes);
	assert_false(world.more);
	assert_int_equal(world.uncorked, 0);
}

static void begin(void)
{
	world_begin();
	seen_at = 0;
}

static void write_one(u32 bytes)
{
	tx_submit(&world.conn, world_command(0, DMA_TO_DEVICE, bytes, 16), true);
}

static void ask(u32 number, u32 r2tsn, u32 offset, u32 bytes)
{
	struct iscsi_bhs_r2t bhs = {
		.ttt = cpu_to_be32(100 + r2tsn), .r2tsn = cpu_to_be32(r2tsn),
		.offset = cpu_to_be32(offset), .desired_bytes = cpu_to_be32(bytes),
	};

	assert_int_equal(r2t_received(&world.commands[number].task, &bhs), ISCSI_OK);
	tx_kick_locked(&world.conn);
}

/* --- how much goes unasked. RFC 7143 13.10, 13.11, 13.14 */

static void test_immediate_only(void **state)
{
	begin();
	write_one(20000);
	see_write(0, 8192, true);
	see_end();
	world_end();
}

static void test_first_burst_is_less(void **state)
{
	begin();
	world.session.first_burst_bytes = 1000;
	write_one(20000);
	see_write(0, 1000, true);
	see_end();
	world_end();
}

static void test_unsolicited(void **state)
{
	begin();
	world.session.initial_r2t = false;
	world.session.first_burst_bytes = 18000;
	write_one(20000);
	see_write(0, 8192, false);
	see_data_out(0, ISCSI_TAG_NONE, 0, 8192, 8192, false);
	see_data_out(0, ISCSI_TAG_NONE, 1, 16384, 1616, true);
	see_end();
	assert_false(task_is(&world.commands[0].task, TASK_TX));
	world_end();
}

static void test_unsolicited_without_immediate(void **state)
{
	begin();
	world.session.initial_r2t = false;
	world.session.immediate_data = false;
	write_one(9001);
	see_write(0, 0, false);
	see_data_out(0, ISCSI_TAG_NONE, 0, 0, 8192, false);
	see_data_out(0, ISCSI_TAG_NONE, 1, 8192, 809, true);
	see_end();
	world_end();
}

static void test_nothing_unasked(void **state)
{
	begin();
	world.session.immediate_data = false;
	write_one(512);
	see_write(0, 0, true);
	see_end();
	ask(0, 0, 0, 512);
	see_data_out(0, 100, 0, 0, 512, true);
	see_end();
	world_end();
}

/* The whole write is immediate data: nothing follows although unsolicited data would be allowed. */
static void test_all_immediate(void **state)
{
	begin();
	world.session.initial_r2t = false;
	write_one(8192);
	see_write(0, 8192, true);
	see_end();
	world_end();
}

static void test_r2t(void **state)
{
	begin();
	write_one(20000);
	see_write(0, 8192, true);
	ask(0, 0, 8192, 11808);
	see_data_out(0, 100, 0, 8192, 8192, false);
	see_data_out(0, 100, 1, 16384, 3616, true);
	see_end();
	world_end();
}

/* RFC 7143 13.19: DataSequenceInOrder=No lets the target ask from the end. */
static void test_r2t_out_of_order(void **state)
{
	begin();
	world.session.immediate_data = false;
	world.session.max_outstanding_r2t = 3;
	write_one(9000);
	see_write(0, 0, true);
	ask(0, 0, 6000, 3000);
	ask(0, 1, 0, 3001);
	ask(0, 2, 3001, 2999);
	see_data_out(0, 100, 0, 6000, 3000, true);
	see_data_out(0, 101, 0, 0, 3001, true);
	see_data_out(0, 102, 0, 3001, 2999, true);
	see_end();
	world_end();
}

/* --- headers */

static void test_long_cdb(void **state)
{
	struct seen seen;

	begin();
	world.conn.header_digest = true;
	world.device.lun = 0x0000000100000203;
	tx_submit(&world.conn, world_command(0, DMA_FROM_DEVICE, 512, 33), true);
	assert_true(see(&seen));
	assert_int_equal(seen.bhs.ahs_words, 6);
	assert_memory_equal(seen.ahs, "\x00\x12\x01\x00\x90\x91\x92", 7);
	assert_memory_equal(seen.ahs + 4 + 16, "\xa0\x00\x00\x00", 4);
	assert_memory_equal(((struct iscsi_bhs_scsi_command *)&seen.bhs)->cdb, "\x80\x81\x82\x83", 4);
	assert_memory_equal(seen.bhs.lun, "\x02\x03\x00\x00\x00\x01\x00\x00", 8);
	see_end();
	world_end();
}

static void test_short_cdb(void **state)
{
	struct seen seen;

	begin();
	tx_submit(&world.conn, world_command(0, DMA_NONE, 0, 6), true);
	assert_true(see(&seen));
	assert_int_equal(seen.bhs.flags, ISCSI_BIT_FINAL | ISCSI_TASK_SIMPLE);
	assert_memory_equal(((struct iscsi_bhs_scsi_command *)&seen.bhs)->cdb, "\x80\x81\x82\x83\x84\x85\0\0\0\0\0\0\0\0\0\0", 16);
	see_end();
	world_end();
}

/* --- order and window */

static u32 see_opcode(void)
{
	struct seen seen;

	assert_true(see(&seen));
	return seen.bhs.opcode;
}

/* Own PDUs overtake, data goes before new commands, and CmdSNs have no hole. */
static void test_order(void **state)
{
	struct seen seen;
	u32 i;

	begin();
	world.session.immediate_data = false;
	world.session.window.max_cmdsn = 3;
	write_one(9000);
	see_write(0, 0, true);
	world.allow = 0;
	for (i = 1; i < 4; i++)
		tx_submit(&world.conn, world_command(i, DMA_FROM_DEVICE, 512, 16), true);
	ask(0, 0, 0, 9000);
	world.allow = 0;
	tx_mgmt(&world.conn, world_mgmt(2, ISCSI_PDU_NOP_OUT));
	world.allow = U32_MAX;
	tx_write_space(&world.conn);
	/* Three commands and a header were in the buffer already. */
	for (i = 1; i < 4; i++) {
		assert_true(see(&seen));
		assert_int_equal(be32_to_cpu(((struct iscsi_bhs_scsi_command *)&seen.bhs)->cmdsn), 0xfffffffeu + i);
	}
	see_data_out(0, 100, 0, 0, 8192, false);
	assert_int_equal(see_opcode(), ISCSI_PDU_NOP_OUT | ISCSI_PDU_IMMEDIATE);
	see_data_out(0, 100, 1, 8192, 808, true);
	see_end();
	world_end();
}

static void test_window(void **state)
{
	struct seen seen;
	u32 i;

	begin();
	world.session.window.max_cmdsn = world.session.window.cmdsn + 1;
	for (i = 0; i < 4; i++)
		tx_submit(&world.conn, world_command(i, DMA_FROM_DEVICE, 512, 16), i == 3);
	assert_true(see(&seen));
	assert_true(see(&seen));
	see_end();
	/* A ping needs no window. */
	tx_mgmt(&world.conn, world_mgmt(2, ISCSI_PDU_NOP_OUT));
	assert_true(see(&seen));
	assert_int_equal(be32_to_cpu(((struct iscsi_bhs_nop_out *)&seen.bhs)->cmdsn), 0);
	see_end();
	assert_true(window_update(&world.session.window, 0, 1));
	tx_kick_locked(&world.conn);
	assert_true(see(&seen));
	assert_true(see(&seen));
	assert_int_equal(be32_to_cpu(((struct iscsi_bhs_scsi_command *)&seen.bhs)->cmdsn), 1);
	see_end();
	world_end();
}

/* Nobody sends until the last of a batch, and nobody who finds the socket taken. */
static void test_kick(void **state)
{
	begin();
	tx_submit(&world.conn, world_command(0, DMA_FROM_DEVICE, 512, 16), false);
	assert_int_equal(world.sent_bytes, 0);
	world.sk.owned = true;
	tx_submit(&world.conn, world_command(1, DMA_FROM_DEVICE, 512, 16), true);
	tx_submit(&world.conn, world_command(2, DMA_FROM_DEVICE, 512, 16), true);
	assert_int_equal(world.sent_bytes, 0);
	assert_int_equal(world.conn.tx_work.queued, 1);
	world.sk.owned = false;
	tx_work(&world.conn.tx_work);
	assert_int_equal(world.sent_bytes, 3 * ISCSI_BHS_BYTES);
	assert_false(world.more);
	world_end();
}

/* A connection that is not up gives commands back, and lets the last promised byte go. */
static void test_not_up(void **state)
{
	begin();
	world.conn.state = TCP_CONN_LOGOUT;
	tx_submit(&world.conn, world_command(0, DMA_FROM_DEVICE, 512, 16), true);
	assert_int_equal(world.conn.tx_work.queued, 1);
	tx_work(&world.conn.tx_work);
	assert_non_null(strstr(world.log, "done 0 result d0000"));
	assert_int_equal(world.sent_bytes, 0);
	world_end();
}

/* --- partial sends */

static void everything(bool digests, bool may_change)
{
	begin();
	world.may_change = may_change;
	world.conn.header_digest = digests;
	world.conn.data_digest = digests;
	world.session.initial_r2t = false;
	world.session.first_burst_bytes = 700;
	world.session.max_outstanding_r2t = 2;
	world.conn.max_xmit_bytes = 512;
	world.allow = 0;
	tx_submit(&world.conn, world_command(0, DMA_FROM_DEVICE, 512, 16), false);
	tx_submit(&world.conn, world_command(1, DMA_TO_DEVICE, 1501, 32), false);
	tx_submit(&world.conn, world_command(2, DMA_TO_DEVICE, 513, 16), true);
}

static void finish(u32 step)
{
	bool asked = false;
	u32 rounds = 0;

	while (world.conn.tx.have || world.conn.tx.task || !asked) {
		if (!asked && task_is(&world.commands[2].task, TASK_ACTIVE)) {
			struct iscsi_bhs_r2t bhs = { .ttt = cpu_to_be32(100), .offset = cpu_to_be32(700), .desired_bytes = cpu_to_be32(801) };

			assert_int_equal(r2t_received(&world.commands[1].task, &bhs), ISCSI_OK);
			asked = true;
		}
		world.allow = step;
		tx_write_space(&world.conn);
		assert_true(rounds++ < 20000);
	}
	assert_false(world.more);
	assert_int_equal(world.error, 0);
}

static void check_everything(void)
{
	assert_int_equal(see_opcode(), ISCSI_PDU_SCSI_COMMAND);
	see_write(1, 512, false);
	see_data_out(1, ISCSI_TAG_NONE, 0, 512, 188, true);
	see_write(2, 512, false);
	see_data_out(2, ISCSI_TAG_NONE, 0, 512, 1, true);
	see_data_out(1, 100, 0, 700, 512, false);
	see_data_out(1, 100, 1, 1212, 289, true);
	see_end();
}

static void test_partial(void **state)
{
	u32 kind, step;

	for (kind = 0; kind < 3; kind++) {
		for (step = 1; step < 600; step += step < 64 ? 1 : 13) {
			everything(kind > 0, kind > 1);
			finish(step);
			check_everything();
			world_end();
		}
	}
}

/* Pages of a cache that goes on writing to them: a digest is right for the bytes it comes with, whatever they are. */
static void test_changing_data(void **state)
{
	struct seen seen;
	u32 step, round, i;

	for (step = 1; step < 9000; step = step * 3 + 1) {
		begin();
		world.conn.data_digest = true;
		world.may_change = true;
		world.allow = step;
		write_one(8191);
		for (round = 0; round < 10000 && world.conn.tx.task; round++) {
			for (i = 0; i < 2 * WORLD_PAGES * PAGE_SIZE; i += 16)
				world.commands[0].pages[0].bytes[i]++;
			world.allow = step;
			tx_write_space(&world.conn);
		}
		world.allow = U32_MAX;
		tx_write_space(&world.conn);
		assert_true(see(&seen));
		assert_int_equal(seen.data_bytes, 8191);
		see_end();
		world_end();
	}
}

/* An answer that overtakes our data: what is half sent is finished, the rest is not sent. */
static void test_answered_early(void **state)
{
	begin();
	world.session.initial_r2t = false;
	world.allow = 100;
	write_one(20000);
	task_answered(&world.commands[0].task);
	assert_null(strstr(world.log, "done"));
	world.allow = U32_MAX;
	tx_write_space(&world.conn);
	see_write(0, 8192, false);
	see_end();
	assert_non_null(strstr(world.log, "done 0"));
	world_end();
}

static void test_aborted(void **state)
{
	begin();
	world.session.initial_r2t = false;
	world.allow = 100;
	write_one(20000);
	assert_int_equal(task_drop(&world.commands[0].task, 0), -EBUSY);
	world.allow = U32_MAX;
	tx_write_space(&world.conn);
	see_write(0, 8192, false);
	see_end();
	assert_int_equal(task_drop(&world.commands[0].task, 0), 0);
	world_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_immediate_only),
		cmocka_unit_test(test_first_burst_is_less),
		cmocka_unit_test(test_unsolicited),
		cmocka_unit_test(test_unsolicited_without_immediate),
		cmocka_unit_test(test_nothing_unasked),
		cmocka_unit_test(test_all_immediate),
		cmocka_unit_test(test_r2t),
		cmocka_unit_test(test_r2t_out_of_order),
		cmocka_unit_test(test_long_cdb),
		cmocka_unit_test(test_short_cdb),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_window),
		cmocka_unit_test(test_kick),
		cmocka_unit_test(test_not_up),
		cmocka_unit_test(test_partial),
		cmocka_unit_test(test_changing_data),
		cmocka_unit_test(test_answered_early),
		cmocka_unit_test(test_aborted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
