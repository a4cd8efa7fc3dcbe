/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the firmware's answers mean to the mid layer, row by row; sense data in pieces; and that a command is answered once, whoever comes:
 * the firmware twice, a flush, or both at the same time.
 */
#include "tests/unit/qla4xxx_world.h"

#define COMMANDS 64
#define BYTES	4096

static struct {
	struct scsi_cmnd cmds[COMMANDS];
	u32 handles[COMMANDS];
	u32 done[COMMANDS];
	struct scsi_device device;
} mid;

void scsi_done(struct scsi_cmnd *cmd)
{
	__sync_fetch_and_add(&mid.done[cmd - mid.cmds], 1);
}

static struct scsi_cmnd *submit(u32 tag, u16 ddb)
{
	struct scsi_cmnd *cmd = &mid.cmds[tag];

	*cmd = (struct scsi_cmnd){ .device = &mid.device, .tag = tag, .bytes = BYTES, .underflow = BYTES, .result = -1 };
	mid.done[tag] = 0;
	world_fly(1);
	mid.handles[tag] = command_begin(world.host.commands, cmd, ddb, 1);
	assert_int_not_equal(mid.handles[tag], 0);
	return cmd;
}

static union ring_entry status_of(u32 tag)
{
	return (union ring_entry){ .status = { .header = { .type = ISP_IOCB_STATUS, .count = 1 }, .handle = cpu_to_le32(mid.handles[tag]) } };
}

/* --- rows */

struct row {
	u8 completion, scsi_status, flags, response;
	u32 residual;
	int result;		/* host byte << 16 | status */
	u32 resid;
	bool suspects;
};

#define OVER	ISP_STATUS_OVERFLOW
#define UNDER	ISP_STATUS_UNDERFLOW
#define CHECK	SAM_STAT_CHECK_CONDITION

static const struct row rows[] = {
	{ 0x00, 0, 0, 0, 0, 0, 0, false },
	{ 0x00, CHECK, 0, 0, 0, CHECK, 0, false },
	{ 0x00, SAM_STAT_BUSY, 0, 0, 0, SAM_STAT_BUSY, 0, false },
	{ 0x00, 0, OVER, 0, 100, DID_ERROR << 16, 0, false },
	{ 0x00, 0, UNDER, 0, 100, DID_ERROR << 16, 100, false },
	{ 0x00, CHECK, UNDER, 0, 100, CHECK, 100, false },
	{ 0x00, CHECK, UNDER, 0, BYTES, CHECK, BYTES, false },
	{ 0x00, CHECK, UNDER, 0, BYTES + 1, DID_ERROR << 16, BYTES, false },
	{ 0x00, 0, 0, 1, 0, DID_ERROR << 16, 0, false },
	{ 0x01, 0, 0, 0, 0, DID_ERROR << 16, 0, false },
	{ 0x02, 0, 0, 0, 0, DID_ERROR << 16, 0, false },
	{ 0x04, 0, 0, 0, 0, DID_RESET << 16, 0, false },
	{ 0x05, 0, 0, 0, 0, DID_RESET << 16, 0, false },
	{ 0x06, 0, 0, 0, 0, DID_TRANSPORT_DISRUPTED << 16, 0, true },
	{ 0x07, 0, 0, 0, 0, DID_ERROR << 16, 0, false },
	{ 0x15, 0, OVER, 0, 100, DID_ERROR << 16, 0, false },
	{ 0x15, 0, UNDER, 0, 100, DID_ERROR << 16, 100, false },
	{ 0x15, CHECK, UNDER, 0, 100, CHECK, 100, false },
	{ 0x15, 0, 0, 0, 100, DID_ERROR << 16, 100, false },
	{ 0x15, CHECK, 0, 0, 100, DID_ERROR << 16 | CHECK, 100, false },
	{ 0x15, SAM_STAT_BUSY, 0, 0, BYTES, SAM_STAT_BUSY, BYTES, false },
	{ 0x15, SAM_STAT_TASK_SET_FULL, 0, 0, BYTES, SAM_STAT_TASK_SET_FULL, BYTES, false },
	{ 0x15, 0, 0, 0, 0xffffffff, DID_ERROR << 16, BYTES, false },
	{ 0x1c, SAM_STAT_TASK_SET_FULL, 0, 0, 0, SAM_STAT_TASK_SET_FULL, 0, false },
	{ 0x1c, 0, 0, 0, 0, SAM_STAT_TASK_SET_FULL, 0, false },
	{ 0x28, 0, 0, 0, 0, DID_TRANSPORT_DISRUPTED << 16, 0, true },
	{ 0x29, 0, 0, 0, 0, DID_TRANSPORT_DISRUPTED << 16, 0, true },
	{ 0xff, 0, 0, 0, 0, DID_ERROR << 16, 0, false },
};

static void test_rows(void **state)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct row *row = &rows[i];
		struct scsi_cmnd *cmd = submit(1, 7);
		union ring_entry entry = status_of(1);

		world.suspected = 0;
		entry.status.completion = row->completion;
		entry.status.scsi_status = row->scsi_status;
		entry.status.flags = row->flags;
		entry.status.response = row->response;
		entry.status.residual = cpu_to_le32(row->residual);
		world_answer(&entry);
		assert_true(rings_responses(&world.host));
		assert_int_equal(mid.done[1], 1);
		assert_int_equal(cmd->result, row->result);
		assert_int_equal(cmd->resid, row->resid);
		assert_int_equal(world.suspected, row->suspects);
		assert_int_equal(world_in_flight(), 0);
	}
	assert_int_equal(world.unmaps, ARRAY_SIZE(rows));
	assert_int_equal(world.recoveries, 0);
}

/* A command that can use less than it asks for. */
static void test_short_is_enough(void **state)
{
	struct scsi_cmnd *cmd = submit(1, 7);
	union ring_entry entry = status_of(1);

	cmd->underflow = 36;
	entry.status.flags = UNDER;
	entry.status.residual = cpu_to_le32(BYTES - 36);
	world_answer(&entry);
	rings_responses(&world.host);
	assert_int_equal(cmd->result, DID_OK << 16);
	assert_int_equal(cmd->resid, BYTES - 36);
}

static void test_given_back(void **state)
{
	struct scsi_cmnd *cmd = submit(2, 7);
	union ring_entry entry = { .command = { .header.type = ISP_IOCB_COMMAND, .handle = cpu_to_le32(mid.handles[2]) } };
	union ring_entry more = { .header.type = ISP_IOCB_CONTINUE };

	world_answer(&entry);
	world_answer(&more);
	rings_responses(&world.host);
	assert_int_equal(cmd->result, DID_REQUEUE << 16);
	assert_int_equal(mid.done[2], 1);
	assert_int_equal(world.recoveries, 0);
}

/* --- sense data */

static union ring_entry sense_status(u32 tag, u16 length)
{
	union ring_entry entry = status_of(tag);
	unsigned int i;

	entry.status.scsi_status = CHECK;
	entry.status.sense_length = cpu_to_le16(length);
	for (i = 0; i < ISP_STATUS_SENSE; i++)
		entry.status.sense[i] = i + 1;
	return entry;
}

static union ring_entry sense_more(u8 first)
{
	union ring_entry entry = { .header = { .type = ISP_IOCB_STATUS_CONTINUE, .count = 1 } };
	unsigned int i;

	for (i = 0; i < ISP_STATUS_CONTINUE_SENSE; i++)
		entry.sense.sense[i] = first + i;
	return entry;
}

static void assert_sense(const struct scsi_cmnd *cmd, unsigned int bytes)
{
	unsigned int i;

	for (i = 0; i < sizeof(cmd->sense_buffer); i++)
		assert_int_equal(cmd->sense_buffer[i], i < bytes ? i + 1 : 0);
}

static const struct { u16 length; unsigned int continuations, bytes; } senses[] = {
	{ 0, 0, 0 }, { 18, 0, 18 }, { 32, 0, 32 }, { 33, 1, 33 }, { 92, 1, 92 }, { 93, 2, 93 }, { 96, 2, 96 }, { 252, 4, 96 }, { 65535, 4, 96 },
};

static void test_sense(void **state)
{
	unsigned int i, n;

	for (i = 0; i < ARRAY_SIZE(senses); i++) {
		struct scsi_cmnd *cmd = submit(3, 7);
		union ring_entry entry = sense_status(3, senses[i].length);

		world_answer(&entry);
		for (n = 0; n < senses[i].continuations; n++) {
			entry = sense_more(33 + n * ISP_STATUS_CONTINUE_SENSE);
			if (n % 2)
				rings_responses(&world.host);
			world_answer(&entry);
		}
		rings_responses(&world.host);
		assert_int_equal(mid.done[3], 1);
		assert_int_equal(cmd->result, CHECK);
		assert_sense(cmd, senses[i].bytes);
	}
	assert_int_equal(world.recoveries, 0);
}

/* The rest does not come: what there is has to do, and the next answer is its own. */
static void test_sense_cut(void **state)
{
	struct scsi_cmnd *cmd = submit(3, 7), *next = submit(4, 7);
	union ring_entry entry = sense_status(3, 96), good = status_of(4);

	world_answer(&entry);
	world_answer(&good);
	rings_responses(&world.host);
	assert_int_equal(mid.done[3], 1);
	assert_int_equal(mid.done[4], 1);
	assert_sense(cmd, 32);
	assert_int_equal(next->result, 0);
}

static void test_sense_flushed(void **state)
{
	struct scsi_cmnd *cmd = submit(3, 7);
	union ring_entry entry = sense_status(3, 96), more = sense_more(33);

	world_answer(&entry);
	rings_responses(&world.host);
	scsi_flush(&world.host, -1, DID_RESET);
	assert_int_equal(mid.done[3], 1);
	assert_int_equal(cmd->result, DID_RESET << 16);
	world_answer(&more);
	rings_responses(&world.host);
	assert_int_equal(mid.done[3], 1);
	assert_sense(cmd, 0);
}

/* --- once */

static void test_twice(void **state)
{
	union ring_entry entry;

	submit(5, 7);
	entry = status_of(5);
	world_answer(&entry);
	rings_responses(&world.host);
	/* The tag lives again; the old answer is not the new command's. */
	submit(5, 7);
	world_answer(&entry);
	rings_responses(&world.host);
	assert_int_equal(mid.done[5], 0);
	assert_int_equal(world.recoveries, 1);
}

static void test_strange_handles(void **state)
{
	static const u32 strange[] = { 0, 1, ISP_REQUESTS, 0xffffffff, 0x00010400, 0x80000005 };
	union ring_entry entry;
	unsigned int i;

	submit(5, 7);
	entry = status_of(5);
	for (i = 0; i < ARRAY_SIZE(strange); i++) {
		entry.status.handle = cpu_to_le32(strange[i]);
		world_answer(&entry);
		rings_responses(&world.host);
		assert_int_equal(world.recoveries, i + 1);
	}
	assert_int_equal(mid.done[5], 0);
}

/* The tag of an answer is wrong, and another command has that tag: it has not been answered. */
static void test_wrong_tag(void **state)
{
	union ring_entry entry;
	u32 tag;

	for (tag = 0; tag < COMMANDS; tag++)
		submit(tag, 7);
	for (tag = 1; tag < COMMANDS; tag++) {
		entry = status_of(0);
		entry.status.handle ^= cpu_to_le32(tag);
		world_answer(&entry);
		rings_responses(&world.host);
		assert_int_equal(world.recoveries, tag);
		assert_int_equal(mid.done[tag], 0);
	}
}

static void test_generations(void **state)
{
	struct command_slot *slot;
	u32 last = 0, i;

	for (i = 0; i < 70000; i++) {
		submit(6, 7);
		assert_int_not_equal(mid.handles[6], last);
		assert_int_not_equal(mid.handles[6] >> 16, 0);
		assert_int_equal(mid.handles[6] % ISP_REQUESTS, 6);
		last = mid.handles[6];
		slot = command_take(world.host.commands, last);
		assert_non_null(slot);
		assert_null(command_take(world.host.commands, last));
		/* Until its owner has told so, it is neither ended nor anybody else's. */
		assert_true(command_is_waited_for(world.host.commands, last));
		assert_null(command_take(world.host.commands, COMMAND_ANSWERED));
		assert_int_equal(command_begin(world.host.commands, &mid.cmds[6], 7, 1), 0);
		command_end(slot);
		assert_false(command_is_waited_for(world.host.commands, last));
	}
}

static void test_still_there(void **state)
{
	submit(6, 7);
	assert_int_equal(command_begin(world.host.commands, &mid.cmds[6], 7, 1), 0);
	assert_int_equal(command_handle(world.host.commands, &mid.cmds[6]), mid.handles[6]);
	scsi_flush(&world.host, -1, DID_RESET);
	assert_int_equal(command_handle(world.host.commands, &mid.cmds[6]), 0);
}

static void test_flush_of_one(void **state)
{
	struct scsi_cmnd *own = submit(1, 7), *other = submit(2, 8);

	assert_true(commands_any(world.host.commands, 7, NULL));
	scsi_flush(&world.host, 7, DID_NO_CONNECT);
	assert_int_equal(own->result, DID_NO_CONNECT << 16);
	assert_int_equal(mid.done[2], 0);
	assert_false(commands_any(world.host.commands, 7, NULL));
	assert_true(commands_any(world.host.commands, -1, &mid.device));
	assert_false(scsi_wait_idle(&world.host, 0));
	scsi_flush(&world.host, -1, DID_NO_CONNECT);
	assert_int_equal(other->result, DID_NO_CONNECT << 16);
	assert_true(scsi_wait_idle(&world.host, 0));
}

/* What the chip answered before it was stopped counts. */
static void test_flush_takes_answers(void **state)
{
	struct scsi_cmnd *answered = submit(1, 7), *lost = submit(2, 7);
	union ring_entry entry = status_of(1);

	world_answer(&entry);
	scsi_flush(&world.host, -1, DID_RESET);
	assert_int_equal(answered->result, 0);
	assert_int_equal(lost->result, DID_RESET << 16);
	assert_int_equal(world_in_flight(), 0);
}

static void *answers(void *data)
{
	unsigned int tag;

	for (tag = 0; tag < COMMANDS - 2; tag++) {
		union ring_entry entry = status_of(tag);

		pthread_mutex_lock(&world_lock);
		world_answer(&entry);
		pthread_mutex_unlock(&world_lock);
		rings_responses(&world.host);
	}
	return NULL;
}

static void test_flush_against_answers(void **state)
{
	unsigned int round, tag;
	pthread_t thread;

	for (round = 0; round < 200; round++) {
		rings_start(&world.host);
		for (tag = 0; tag < COMMANDS; tag++)
			submit(tag, 7);
		assert_int_equal(pthread_create(&thread, NULL, answers, NULL), 0);
		scsi_flush(&world.host, -1, DID_RESET);
		pthread_join(thread, NULL);
		for (tag = 0; tag < COMMANDS; tag++)
			assert_int_equal(mid.done[tag], 1);
		assert_int_equal(world_in_flight(), 0);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_begin, world_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_rows), TEST(test_short_is_enough), TEST(test_given_back), TEST(test_sense), TEST(test_sense_cut),
		TEST(test_sense_flushed), TEST(test_twice), TEST(test_strange_handles), TEST(test_wrong_tag), TEST(test_generations),
		TEST(test_still_there), TEST(test_flush_of_one), TEST(test_flush_takes_answers), TEST(test_flush_against_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
