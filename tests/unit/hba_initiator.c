/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The emulated card's initiator against a target that says what the test wants: data both ways and cut anywhere, digests, windows, task
 * management, pings, notices, and every way a connection ends. Each command ends exactly once in all of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/hba_initiator_world.h"

static void assert_lost(enum initiator_end end)
{
	turn();
	assert_int_equal(world.closes, 1);
	assert_int_equal(world.closed.end, end);
	assert_false(initiator_is_ready(world.initiator));
	assert_int_equal(initiator_outstanding(world.initiator), 0);
}

/* --- reads */

static union initiator_bhs data_in(uint32_t itt, uint32_t datasn, uint32_t offset, unsigned int flags)
{
	union initiator_bhs bhs = target_answer(ISCSI_PDU_DATA_IN, flags, itt);

	bhs.data_in.datasn = htonl(datasn);
	bhs.data_in.offset = htonl(offset);
	return bhs;
}

static void fill(unsigned char *data, size_t length)
{
	for (size_t i = 0; i < length; i++)
		data[i] = (unsigned char)(i * 3 + i / 250);
}

static void read_cut(const char *keys, size_t step)
{
	unsigned char data[2501], *wires[2];
	struct command command;
	union initiator_bhs bhs;
	size_t lengths[2];
	uint32_t itt;

	start(keys);
	fill(data, sizeof(data));
	command_init(&command, INITIATOR_READ, 2600);
	itt = issue(&command);
	bhs = data_in(itt, 0, 0, 0);
	wires[0] = target_encode(&bhs, data, 1501, &lengths[0]);
	bhs = data_in(itt, 1, 1501, ISCSI_BIT_FINAL | ISCSI_BIT_DATA_IN_STATUS | ISCSI_BIT_RESPONSE_UNDERFLOW);
	bhs.data_in.residual = htonl(99);
	wires[1] = target_encode(&bhs, data + 1501, 1000, &lengths[1]);
	for (int i = 0; i < 2; i++) {
		for (size_t at = 0; at < lengths[i]; at += step) {
			target_write(wires[i] + at, lengths[i] - at < step ? lengths[i] - at : step);
			turn_for(0);
		}
		free(wires[i]);
	}
	turn();
	assert_int_equal(command.dones, 1);
	assert_int_equal(command.task.result, INITIATOR_RESULT_COMPLETE);
	assert_int_equal(command.task.transferred, sizeof(data));
	assert_int_equal(command.task.residual, 99);
	assert_int_equal(command.task.flags, ISCSI_BIT_RESPONSE_UNDERFLOW);
	assert_memory_equal(command.memory, data, sizeof(data));
	assert_int_equal(command.memory[sizeof(data)], 0xee);
	command_free(&command);
	world_end();
}

/* Data, data and a response in one piece: what is read along with data is the next header. */
static void read_in_one(const char *keys)
{
	unsigned char data[1000], wire[4096], *part;
	struct command command;
	union initiator_bhs bhs;
	size_t length, have = 0;
	uint32_t itt;

	start(keys);
	fill(data, sizeof(data));
	command_init(&command, INITIATOR_READ, sizeof(data));
	itt = issue(&command);
	for (uint32_t i = 0; i < 3; i++) {
		bhs = i < 2 ? data_in(itt, i, i * 501, i ? ISCSI_BIT_FINAL : 0) : target_answer(ISCSI_PDU_SCSI_RESPONSE, ISCSI_BIT_FINAL, itt);
		part = target_encode(&bhs, data + (i < 2 ? i * 501 : 0), i < 2 ? 501 - 2 * i : 0, &length);
		memcpy(wire + have, part, length);
		have += length;
		free(part);
	}
	target_write(wire, have);
	turn();
	assert_int_equal(command.dones, 1);
	assert_int_equal(command.task.result, INITIATOR_RESULT_COMPLETE);
	assert_memory_equal(command.memory, data, sizeof(data));
	command_free(&command);
	world_end();
}

static void test_read_in_one(void **state)
{
	read_in_one(OPEN);
	read_in_one(OPEN DIGESTS);
}

static void test_read_cut_anywhere(void **state)
{
	static const size_t steps[] = {1, 7, 47, 48, 49, 1000, 100000};

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		read_cut(OPEN, steps[i]);
		read_cut(OPEN DIGESTS, steps[i]);
	}
}

static void spoil(const char *keys, size_t at, enum initiator_end end)
{
	unsigned char data[100], *wire;
	struct command command;
	union initiator_bhs bhs;
	size_t length;

	start(keys);
	fill(data, sizeof(data));
	command_init(&command, INITIATOR_READ, sizeof(data));
	bhs = data_in(issue(&command), 0, 0, ISCSI_BIT_FINAL | ISCSI_BIT_DATA_IN_STATUS);
	wire = target_encode(&bhs, data, sizeof(data), &length);
	wire[at] ^= 1;
	target_write(wire, length);
	free(wire);
	assert_lost(end);
	assert_int_equal(command.dones, 1);
	assert_int_equal(command.task.result, INITIATOR_RESULT_LOST);
	command_free(&command);
	world_end();
}

static void test_wrong_digest(void **state)
{
	spoil(OPEN DIGESTS, 20, INITIATOR_END_DIGEST);
	assert_int_equal(world.counters.header_digest_errors, 1);
	spoil(OPEN DIGESTS, 49, INITIATOR_END_DIGEST);
	spoil(OPEN DIGESTS, 100, INITIATOR_END_DIGEST);
	assert_int_equal(world.counters.data_digest_errors, 1);
	spoil(OPEN DIGESTS, 155, INITIATOR_END_DIGEST);
}

static void test_read_without_memory(void **state)
{
	unsigned char data[3000];
	struct command command;
	union initiator_bhs bhs;

	start(OPEN);
	fill(data, sizeof(data));
	command_init(&command, INITIATOR_READ, sizeof(data));
	command.hole = 2000;
	bhs = data_in(issue(&command), 0, 0, ISCSI_BIT_FINAL | ISCSI_BIT_DATA_IN_STATUS);
	target_send(&bhs, data, sizeof(data));
	turn();
	assert_int_equal(command.dones, 1);
	assert_int_equal(command.task.result, INITIATOR_RESULT_FAULT);
	assert_int_equal(command.task.error, -EFAULT);
	assert_memory_equal(command.memory, data, 2000);
	assert_int_equal(command.memory[2000], 0xee);
	assert_true(initiator_is_ready(world.initiator));
	command_free(&command);
	world_end();
}

static void test_sense(void **state)
{
	static const unsigned char data[] = {0, 4, 0x70, 0, 6, 0x29, 0, 0};
	struct command command;
	union initiator_bhs bhs;

	start(OPEN);
	command_init(&command, INITIATOR_NO_DATA, 0);
	bhs = target_answer(ISCSI_PDU_SCSI_RESPONSE, ISCSI_BIT_FINAL, issue(&command));
	bhs.scsi_response.status = 2;
	target_send(&bhs, data, sizeof(data));
	turn();
	assert_int_equal(command.dones, 1);
	assert_int_equal(command.task.status, 2);
	assert_int_equal(command.task.sense_length, 4);
	assert_memory_equal(command.task.sense, data + 2, 4);
	command_free(&command);
	world_end();
}

/* --- writes */

static void expect_data(const struct command *command, uint32_t ttt, uint32_t offset, uint32_t length, uint32_t datasn, bool is_last)
{
	unsigned char data[MEMORY];
	union initiator_bhs bhs;
	size_t got;

	assert_int_equal(expect(ISCSI_PDU_DATA_OUT, &bhs, data, &got), command->task.link.itt);
	assert_int_equal(ntohl(bhs.data_out.ttt), ttt);
	assert_int_equal(ntohl(bhs.data_out.offset), offset);
	assert_int_equal(ntohl(bhs.data_out.datasn), datasn);
	assert_int_equal(bhs.data_out.flags, is_last ? ISCSI_BIT_FINAL : 0);
	assert_int_equal(got, length);
	assert_memory_equal(data, command->memory + offset, length);
}

static void ask_for(uint32_t itt, uint32_t r2tsn, uint32_t ttt, uint32_t offset, uint32_t length)
{
	union initiator_bhs bhs = target_answer(ISCSI_PDU_R2T, ISCSI_BIT_FINAL, itt);

	bhs.r2t.ttt = htonl(ttt);
	bhs.r2t.r2tsn = htonl(r2tsn);
	bhs.r2t.offset = htonl(offset);
	bhs.r2t.desired_bytes = htonl(length);
	target_send(&bhs, NULL, 0);
}

static void write_all(const char *keys)
{
	unsigned char data[MEMORY];
	struct command command;
	union initiator_bhs bhs;
	size_t length;
	uint32_t itt;

	start(keys);
	command_init(&command, INITIATOR_WRITE, 20000);
	assert_int_equal(initiator_task(world.initiator, &command.task), 0);
	itt = expect(ISCSI_PDU_SCSI_COMMAND, &bhs, data, &length);
	assert_int_equal(bhs.scsi_command.flags, ISCSI_BIT_COMMAND_WRITE | ISCSI_TASK_SIMPLE);
	assert_int_equal(ntohl(bhs.scsi_command.expected_bytes), 20000);
	assert_int_equal(length, 1024);
	assert_memory_equal(data, command.memory, length);
	for (uint32_t i = 1; i < 8; i++)
		expect_data(&command, ISCSI_TAG_NONE, i * 1024, 1024, i - 1, i == 7);
	ask_for(itt, 0, 70, 8192, 1500);
	ask_for(itt, 1, 71, 9692, 20000 - 9692);
	expect_data(&command, 70, 8192, 1024, 0, false);
	expect_data(&command, 70, 9216, 476, 1, true);
	for (uint32_t i = 0, at = 9692; at < 20000; i++, at += 1024)
		expect_data(&command, 71, at, at + 1024 < 20000 ? 1024 : 20000 - at, i, at + 1024 >= 20000);
	respond(itt, 0);
	assert_int_equal(command.dones, 1);
	assert_int_equal(command.task.transferred, 20000);
	assert_int_equal(world.counters.data_bytes_tx, 20000);
	command_free(&command);
	world_end();
}

static void test_write(void **state)
{
	write_all(OPEN "MaxRecvDataSegmentLength=1024 ");
	write_all(OPEN DIGESTS "MaxRecvDataSegmentLength=1024 ");
}

static void test_write_asked_for_only(void **state)
{
	struct command command;
	union initiator_bhs bhs;
	size_t length;
	uint32_t itt;

	start(CLOSED);
	command_init(&command, INITIATOR_WRITE, 512);
	assert_int_equal(initiator_task(world.initiator, &command.task), 0);
	itt = expect(ISCSI_PDU_SCSI_COMMAND, &bhs, NULL, &length);
	assert_int_equal(length, 0);
	assert_true(bhs.scsi_command.flags & ISCSI_BIT_FINAL);
	assert_false(target_receive(&bhs, NULL, &length));
	ask_for(itt, 0, 5, 0, 512);
	expect_data(&command, 5, 0, 512, 0, true);
	respond(itt, 0);
	assert_int_equal(command.dones, 1);
	command_free(&command);
	world_end();
}

/* The target answers while its socket is full of our data: the command's memory may go at once, the PDU goes on. */
static void test_answer_inside_of_data(void **state)
{
	unsigned char expected[MEMORY], data[MEMORY];
	struct command command;
	union initiator_bhs bhs;
	size_t length;
	uint32_t itt;

	start("TargetPortalGroupTag=1 InitialR2T=Yes ImmediateData=No MaxBurstLength=262144 MaxRecvDataSegmentLength=262144 ");
	assert_int_equal(setsockopt(initiator_fd(world.initiator), SOL_SOCKET, SO_SNDBUF, &(int){4096}, sizeof(int)), 0);
	command_init(&command, INITIATOR_WRITE, 200000);
	memcpy(expected, command.memory, 200000);
	itt = issue(&command);
	ask_for(itt, 0, 5, 0, 200000);
	turn();
	assert_true(world.initiator->tx.is_active);
	respond(itt, 0);
	assert_int_equal(command.dones, 1);
	memset(command.memory, 0, 200000);
	command_free(&command);
	for (size_t have = 0; have < 48 + 200000;) {
		ssize_t n = recv(world.peer, have < 48 ? (unsigned char *)&bhs + have : data + have - 48, have < 48 ? 48 - have : 20000, MSG_DONTWAIT);

		if (n > 0)
			have += (size_t)n;
		else
			turn();
	}
	length = pdu_data_length(&bhs.bhs);
	assert_int_equal(length, 200000);
	assert_memory_equal(data, expected, length);
	assert_true(initiator_is_ready(world.initiator));
	world_end();
}

static void test_write_without_memory(void **state)
{
	struct command command, other;
	union initiator_bhs bhs;
	size_t length;
	uint32_t itt;

	start(CLOSED);
	command_init(&command, INITIATOR_WRITE, 4000);
	command.hole = 2000;
	itt = issue(&command);
	ask_for(itt, 0, 5, 0, 4000);
	expect(ISCSI_PDU_TASK_REQUEST, &bhs, NULL, &length);
	assert_int_equal(ntohl(bhs.task_request.referenced_tag), itt);
	assert_int_equal(command.dones, 0);
	bhs = target_answer(ISCSI_PDU_TASK_RESPONSE, ISCSI_BIT_FINAL, ntohl(bhs.bhs.itt));
	target_send(&bhs, NULL, 0);
	turn();
	assert_int_equal(command.dones, 1);
	assert_int_equal(command.task.result, INITIATOR_RESULT_FAULT);
	assert_int_equal(command.task.error, -EFAULT);
	command_init(&other, INITIATOR_NO_DATA, 0);
	respond(issue(&other), 0);
	assert_int_equal(other.dones, 1);
	command_free(&command);
	command_free(&other);
	world_end();
	/* Its answer comes before that of the abort. */
	start(CLOSED);
	command_init(&command, INITIATOR_WRITE, 4000);
	command.hole = 2000;
	itt = issue(&command);
	ask_for(itt, 0, 5, 0, 4000);
	expect(ISCSI_PDU_TASK_REQUEST, &bhs, NULL, &length);
	respond(itt, 0);
	assert_int_equal(command.dones, 1);
	assert_int_equal(command.task.result, INITIATOR_RESULT_FAULT);
	command_free(&command);
	world_end();
	/* With the command: it is never sent. */
	start(OPEN);
	command_init(&command, INITIATOR_WRITE, 4000);
	command.hole = 2000;
	assert_int_equal(initiator_task(world.initiator, &command.task), 0);
	assert_int_equal(command.dones, 0);
	turn();
	assert_int_equal(command.task.result, INITIATOR_RESULT_FAULT);
	assert_false(target_receive(&bhs, NULL, &length));
	command_free(&command);
	world_end();
}

/* --- the window */

static void test_window(void **state)
{
	struct command first, second;
	union initiator_bhs bhs;
	size_t length;
	uint32_t itt;

	start(OPEN);
	world.initiator->max_cmdsn = 1;
	command_init(&first, INITIATOR_NO_DATA, 0);
	command_init(&second, INITIATOR_NO_DATA, 0);
	itt = issue(&first);
	assert_int_equal(initiator_task(world.initiator, &second.task), 0);
	turn();
	assert_false(target_receive(&bhs, NULL, &length));
	world.exp_cmdsn = 2;
	world.max_cmdsn = 2;
	respond(itt, 0);
	itt = expect(ISCSI_PDU_SCSI_COMMAND, &bhs, NULL, &length);
	assert_int_equal(ntohl(bhs.scsi_command.cmdsn), 2);
	assert_int_equal(ntohl(bhs.scsi_command.exp_statsn), world.statsn);
	/* A window that goes back, or is none, changes nothing; nor does a StatSN that goes back. */
	world.max_cmdsn = 0;
	respond(itt, 0);
	assert_int_equal(world.initiator->max_cmdsn, 2);
	world.exp_cmdsn = 0x7ffffff0;
	world.max_cmdsn = 0x7fff0000;
	world.statsn -= 2;
	bhs = target_answer(ISCSI_PDU_NOP_IN, ISCSI_BIT_FINAL, 0x7fff0001);
	target_send(&bhs, NULL, 0);
	turn();
	assert_int_equal(world.initiator->max_cmdsn, 2);
	assert_int_equal(world.counters.sequence_errors, 1);
	assert_int_equal(initiator_exp_statsn(world.initiator), world.statsn + 1);
	assert_int_equal(world.dones, 2);
	command_free(&first);
	command_free(&second);
	world_end();
}

/* --- task management */

static int tmf_dones, tmf_error, commands_before_tmf;
static unsigned int tmf_ms;

static void tmf_done(struct initiator_tmf *tmf)
{
	tmf_dones++;
	tmf_error = tmf->error;
	commands_before_tmf = world.dones;
}

static void tmf_start(struct initiator_tmf *tmf, enum iscsi_task_function function, struct initiator_task *task)
{
	*tmf = (struct initiator_tmf){.function = function, .task = task, .done = tmf_done, .lun = {0, 1}, .timeout_ms = tmf_ms};
	tmf_dones = tmf_error = commands_before_tmf = 0;
	assert_int_equal(initiator_tmf(world.initiator, tmf), 0);
	assert_int_equal(tmf_dones, 0);
}

static void tmf_answer(uint32_t itt, unsigned int response)
{
	union initiator_bhs bhs = target_answer(ISCSI_PDU_TASK_RESPONSE, ISCSI_BIT_FINAL, itt);

	bhs.task_response.response = (__u8)response;
	target_send(&bhs, NULL, 0);
	turn();
}

static void test_abort(void **state)
{
	struct command command;
	struct initiator_tmf tmf;
	union initiator_bhs bhs;
	size_t length;
	uint32_t itt;

	start(OPEN);
	command_init(&command, INITIATOR_READ, 512);
	itt = issue(&command);
	tmf_start(&tmf, ISCSI_TASK_ABORT_TASK, &command.task);
	expect(ISCSI_PDU_TASK_REQUEST, &bhs, NULL, &length);
	assert_int_equal(bhs.bhs.opcode, ISCSI_PDU_TASK_REQUEST | ISCSI_PDU_IMMEDIATE);
	assert_int_equal(bhs.bhs.flags, ISCSI_BIT_FINAL | ISCSI_TASK_ABORT_TASK);
	assert_int_equal(ntohl(bhs.task_request.referenced_tag), itt);
	assert_int_equal(ntohl(bhs.task_request.ref_cmdsn), 1);
	assert_int_equal(ntohl(bhs.task_request.cmdsn), 2);
	tmf_answer(ntohl(bhs.bhs.itt), ISCSI_TASK_ANSWER_COMPLETE);
	assert_int_equal(command.dones, 1);
	assert_int_equal(command.task.result, INITIATOR_RESULT_ABORTED);
	assert_int_equal(tmf_dones, 1);
	assert_int_equal(commands_before_tmf, 1);
	command_free(&command);
	world_end();
}

static void test_abort_unsent(void **state)
{
	struct command command;
	struct initiator_tmf tmf;
	union initiator_bhs bhs;
	size_t length;

	start(OPEN);
	world.initiator->max_cmdsn = 0;
	command_init(&command, INITIATOR_READ, 512);
	assert_int_equal(initiator_task(world.initiator, &command.task), 0);
	tmf_start(&tmf, ISCSI_TASK_ABORT_TASK, &command.task);
	turn();
	assert_int_equal(command.dones, 1);
	assert_int_equal(command.task.result, INITIATOR_RESULT_ABORTED);
	assert_int_equal(tmf_dones, 1);
	assert_int_equal(commands_before_tmf, 1);
	assert_false(target_receive(&bhs, NULL, &length));
	command_free(&command);
	world_end();
}

static void test_lun_reset(void **state)
{
	struct command here, there, later;
	struct initiator_tmf tmf;
	union initiator_bhs bhs;
	size_t length;
	uint32_t itt;

	start(OPEN);
	command_init(&here, INITIATOR_READ, 512);
	command_init(&there, INITIATOR_READ, 512);
	command_init(&later, INITIATOR_READ, 512);
	there.task.lun[1] = 2;
	issue(&here);
	issue(&there);
	tmf_start(&tmf, ISCSI_TASK_LU_RESET, NULL);
	itt = expect(ISCSI_PDU_TASK_REQUEST, &bhs, NULL, &length);
	assert_int_equal(ntohl(bhs.task_request.referenced_tag), ISCSI_TAG_NONE);
	issue(&later);
	tmf_answer(itt, ISCSI_TASK_ANSWER_COMPLETE);
	assert_int_equal(here.task.result, INITIATOR_RESULT_RESET);
	assert_int_equal(here.dones, 1);
	assert_int_equal(there.dones, 0);
	assert_int_equal(later.dones, 0);
	tmf_start(&tmf, ISCSI_TASK_TARGET_WARM_RESET, NULL);
	itt = expect(ISCSI_PDU_TASK_REQUEST, &bhs, NULL, &length);
	tmf_answer(itt, ISCSI_TASK_ANSWER_COMPLETE);
	assert_int_equal(world.dones, 3);
	assert_int_equal(commands_before_tmf, 3);
	command_free(&here);
	command_free(&there);
	command_free(&later);
	world_end();
}

static void test_abort_in_vain(void **state)
{
	struct command command;
	struct initiator_tmf tmf;
	union initiator_bhs bhs;
	size_t length;
	uint32_t itt, command_itt;

	start(OPEN);
	command_init(&command, INITIATOR_READ, 512);
	command_itt = issue(&command);
	tmf_ms = 20;
	tmf_start(&tmf, ISCSI_TASK_ABORT_TASK, &command.task);
	tmf_ms = 0;
	itt = expect(ISCSI_PDU_TASK_REQUEST, &bhs, NULL, &length);
	turn_for(60);
	assert_int_equal(tmf_dones, 1);
	assert_int_equal(tmf_error, -ETIMEDOUT);
	assert_int_equal(command.dones, 0);
	tmf_answer(itt, ISCSI_TASK_ANSWER_COMPLETE);
	assert_int_equal(command.dones, 0);
	assert_true(initiator_is_ready(world.initiator));
	tmf_start(&tmf, ISCSI_TASK_ABORT_TASK, &command.task);
	itt = expect(ISCSI_PDU_TASK_REQUEST, &bhs, NULL, &length);
	tmf_answer(itt, ISCSI_TASK_ANSWER_UNSUPPORTED);
	assert_int_equal(tmf.response, ISCSI_TASK_ANSWER_UNSUPPORTED);
	assert_int_equal(command.dones, 0);
	respond(command_itt, 0);
	assert_int_equal(command.dones, 1);
	command_free(&command);
	world_end();
}

/* --- ends */

static void free_initiator(struct command *command)
{
	initiator_free(world.initiator);
	world.initiator = NULL;
}

static void close_initiator(struct command *command)
{
	initiator_close(world.initiator);
}

static void end_in_done(void (*then)(struct command *))
{
	struct command commands[4];
	struct initiator_tmf tmf;
	uint32_t itt = 0;

	start(OPEN);
	for (int i = 0; i < 4; i++) {
		command_init(&commands[i], INITIATOR_READ, 512);
		itt = issue(&commands[i]);
	}
	tmf_start(&tmf, ISCSI_TASK_ABORT_TASK, &commands[0].task);
	commands[3].then = then;
	respond(itt, 0);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(commands[i].dones, 1);
		assert_int_equal(commands[i].task.result, i == 3 ? INITIATOR_RESULT_COMPLETE : INITIATOR_RESULT_LOGGED_OUT);
		command_free(&commands[i]);
	}
	assert_int_equal(tmf_dones, 1);
	assert_int_equal(tmf_error, -ENOTCONN);
	assert_int_equal(world.closes, 0);
	world_end();
}

static void test_ends_in_done(void **state)
{
	end_in_done(free_initiator);
	end_in_done(close_initiator);
}

/* Closed in done() of a command that the end of the connection ends: nothing is told afterwards. */
static void test_closed_in_loss(void **state)
{
	struct command commands[2];

	start(OPEN);
	for (int i = 0; i < 2; i++) {
		command_init(&commands[i], INITIATOR_READ, 512);
		issue(&commands[i]);
	}
	commands[0].then = close_initiator;
	close(world.peer);
	world.peer = -1;
	turn();
	assert_int_equal(world.closes, 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(commands[i].dones, 1);
		command_free(&commands[i]);
	}
	world_end();
}

/* Freed in done() of a command that a reset ends together with others. */
static void test_freed_in_reset(void **state)
{
	struct command commands[3];
	struct initiator_tmf tmf;
	union initiator_bhs bhs;
	size_t length;
	uint32_t itt;

	start(OPEN);
	for (int i = 0; i < 3; i++) {
		command_init(&commands[i], INITIATOR_READ, 512);
		issue(&commands[i]);
	}
	commands[0].then = free_initiator;
	tmf_start(&tmf, ISCSI_TASK_LU_RESET, NULL);
	itt = expect(ISCSI_PDU_TASK_REQUEST, &bhs, NULL, &length);
	tmf_answer(itt, ISCSI_TASK_ANSWER_COMPLETE);
	assert_int_equal(tmf_dones, 1);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(commands[i].dones, 1);
		command_free(&commands[i]);
	}
	world_end();
}

static void test_logout(void **state)
{
	struct command command;
	union initiator_bhs bhs;
	size_t length;
	uint32_t itt;

	start(OPEN);
	command_init(&command, INITIATOR_READ, 512);
	issue(&command);
	initiator_logout(world.initiator);
	initiator_logout(world.initiator);
	assert_int_equal(initiator_task(world.initiator, &command.task), -ENOTCONN);
	itt = expect(ISCSI_PDU_LOGOUT_REQUEST, &bhs, NULL, &length);
	/* Nothing goes behind a logout. */
	bhs = target_answer(ISCSI_PDU_NOP_IN, ISCSI_BIT_FINAL, ISCSI_TAG_NONE);
	bhs.nop_in.ttt = htonl(4);
	target_send(&bhs, NULL, 0);
	turn();
	assert_false(target_receive(&bhs, NULL, &length));
	bhs = target_answer(ISCSI_PDU_LOGOUT_RESPONSE, ISCSI_BIT_FINAL, itt);
	bhs.logout_response.time2wait = htons(3);
	target_send(&bhs, NULL, 0);
	assert_lost(INITIATOR_END_LOGOUT);
	assert_int_equal(world.closed.time2wait, 3);
	assert_int_equal(command.task.result, INITIATOR_RESULT_LOGGED_OUT);
	command_free(&command);
	world_end();
}

/* --- pings and notices */

static void test_pings(void **state)
{
	struct initiator_settings settings;
	union initiator_bhs bhs;
	size_t length;
	uint32_t itt;

	world_settings(&settings);
	settings.nop_interval_ms = 500;
	settings.nop_timeout_ms = 500;
	assert_int_equal(world_start(&settings), 0);
	target_login(OPEN);
	bhs = target_answer(ISCSI_PDU_NOP_IN, ISCSI_BIT_FINAL, ISCSI_TAG_NONE);
	bhs.nop_in.ttt = htonl(0x77);
	bhs.nop_in.lun[1] = 9;
	world.statsn--;
	target_send(&bhs, "hello", 5);
	assert_int_equal(expect(ISCSI_PDU_NOP_OUT, &bhs, NULL, &length), ISCSI_TAG_NONE);
	assert_int_equal(ntohl(bhs.nop_out.ttt), 0x77);
	assert_int_equal(bhs.nop_out.lun[1], 9);
	turn_for(600);
	itt = expect(ISCSI_PDU_NOP_OUT, &bhs, NULL, &length);
	assert_int_not_equal(itt, ISCSI_TAG_NONE);
	bhs = target_answer(ISCSI_PDU_NOP_IN, ISCSI_BIT_FINAL, itt);
	target_send(&bhs, NULL, 0);
	turn();
	assert_int_equal(world.counters.sequence_errors, 0);
	turn_for(1500);
	assert_lost(INITIATOR_END_NOP_TIMEOUT);
	assert_int_equal(world.counters.connection_timeouts, 1);
	world_end();
}

static void test_async(void **state)
{
	union initiator_bhs bhs;
	size_t length;

	start(OPEN);
	bhs = target_answer(ISCSI_PDU_ASYNC_MESSAGE, ISCSI_BIT_FINAL, ISCSI_TAG_NONE);
	bhs.async.event = ISCSI_ASYNC_EVENT_REQUEST_LOGOUT;
	bhs.async.parameter3 = htons(5);
	target_send(&bhs, NULL, 0);
	bhs = target_answer(ISCSI_PDU_LOGOUT_RESPONSE, ISCSI_BIT_FINAL, expect(ISCSI_PDU_LOGOUT_REQUEST, &bhs, NULL, &length));
	target_send(&bhs, NULL, 0);
	assert_lost(INITIATOR_END_LOGOUT);
	assert_true(world.closed.was_asked);
	assert_int_equal(world.asyncs, 1);
	world_end();
	start(OPEN);
	bhs = target_answer(ISCSI_PDU_ASYNC_MESSAGE, ISCSI_BIT_FINAL, ISCSI_TAG_NONE);
	bhs.async.event = ISCSI_ASYNC_EVENT_DROP_CONNECTION;
	bhs.async.parameter2 = htons(4);
	bhs.async.parameter3 = htons(6);
	target_send(&bhs, NULL, 0);
	assert_lost(INITIATOR_END_TARGET);
	assert_int_equal(world.closed.time2wait, 4);
	assert_int_equal(world.closed.time2retain, 6);
	world_end();
}

static void test_reject(void **state)
{
	struct command command;
	union initiator_bhs command_bhs, bhs;
	size_t length;

	start(OPEN);
	command_init(&command, INITIATOR_READ, 512);
	assert_int_equal(initiator_task(world.initiator, &command.task), 0);
	expect(ISCSI_PDU_SCSI_COMMAND, &command_bhs, NULL, &length);
	bhs = target_answer(ISCSI_PDU_REJECT, ISCSI_BIT_FINAL, ISCSI_TAG_NONE);
	target_send(&bhs, &command_bhs, 48);
	bhs = target_answer(ISCSI_PDU_TASK_RESPONSE, ISCSI_BIT_FINAL, expect(ISCSI_PDU_TASK_REQUEST, &bhs, NULL, &length));
	bhs.task_response.response = ISCSI_TASK_ANSWER_NO_TASK;
	assert_int_equal(command.dones, 0);
	target_send(&bhs, NULL, 0);
	turn();
	assert_int_equal(command.dones, 1);
	assert_int_equal(command.task.result, INITIATOR_RESULT_REJECTED);
	assert_int_equal(world.counters.rx_reject, 1);
	/* Rejected, and answered all the same: the answer counts. */
	command.dones = 0;
	assert_int_equal(initiator_task(world.initiator, &command.task), 0);
	expect(ISCSI_PDU_SCSI_COMMAND, &command_bhs, NULL, &length);
	bhs = target_answer(ISCSI_PDU_REJECT, ISCSI_BIT_FINAL, ISCSI_TAG_NONE);
	target_send(&bhs, &command_bhs, 48);
	respond(ntohl(command_bhs.bhs.itt), 8);
	assert_int_equal(command.dones, 1);
	assert_int_equal(command.task.result, INITIATOR_RESULT_COMPLETE);
	assert_int_equal(command.task.status, 8);
	command_free(&command);
	world_end();
}

/* --- texts of the host */

static char text_answer[64];
static int text_dones, text_error;
static unsigned int text_ms;

static void text_done(struct initiator_passthrough *passthrough, int error, const struct iscsi_bhs *response, const void *bytes,
		      size_t length)
{
	text_dones++;
	text_error = error;
	snprintf(text_answer, sizeof(text_answer), "%.*s", (int)length, (const char *)bytes);
}

static void text_start(struct initiator_passthrough *passthrough, uint32_t ttt)
{
	*passthrough = (struct initiator_passthrough){.bytes = "SendTargets=All", .length = 16, .done = text_done, .timeout_ms = text_ms};
	passthrough->request.opcode = ISCSI_PDU_TEXT_REQUEST | ISCSI_PDU_IMMEDIATE;
	passthrough->request.flags = ISCSI_BIT_FINAL;
	passthrough->request.lun[3] = 3;
	((struct iscsi_bhs_text_request *)(void *)&passthrough->request)->ttt = htonl(ttt);
	text_dones = 0;
	assert_int_equal(initiator_passthrough(world.initiator, passthrough), 0);
	assert_int_equal(text_dones, 0);
}

static void test_texts(void **state)
{
	struct initiator_passthrough passthrough;
	struct initiator_settings settings;
	unsigned char data[64];
	union initiator_bhs bhs;
	size_t length;
	uint32_t itt;

	world_settings(&settings);
	settings.login.target_name = NULL;
	assert_int_equal(world_start(&settings), 0);
	target_login("TargetPortalGroupTag=1 ");
	assert_int_equal(world.ready, 1);
	text_start(&passthrough, ISCSI_TAG_NONE);
	itt = expect(ISCSI_PDU_TEXT_REQUEST, &bhs, data, &length);
	assert_int_equal(length, 16);
	assert_string_equal((char *)data, "SendTargets=All");
	assert_int_equal(bhs.bhs.lun[3], 3);
	assert_int_equal(ntohl(bhs.text_request.cmdsn), 1);
	bhs = target_answer(ISCSI_PDU_TEXT_RESPONSE, 0, itt);
	bhs.text_response.ttt = htonl(9);
	target_send(&bhs, "half", 4);
	turn();
	assert_int_equal(text_dones, 1);
	assert_string_equal(text_answer, "half");
	text_start(&passthrough, 9);
	assert_int_equal(expect(ISCSI_PDU_TEXT_REQUEST, &bhs, data, &length), itt);
	assert_int_equal(ntohl(bhs.text_request.ttt), 9);
	bhs = target_answer(ISCSI_PDU_TEXT_RESPONSE, ISCSI_BIT_FINAL, itt);
	target_send(&bhs, "rest", 4);
	turn();
	assert_int_equal(text_dones, 1);
	assert_string_equal(text_answer, "rest");
	/* One without an answer, then a late one. */
	text_ms = 30;
	text_start(&passthrough, ISCSI_TAG_NONE);
	itt = expect(ISCSI_PDU_TEXT_REQUEST, &bhs, data, &length);
	turn_for(60);
	assert_int_equal(text_dones, 1);
	assert_int_equal(text_error, -ETIMEDOUT);
	bhs = target_answer(ISCSI_PDU_TEXT_RESPONSE, ISCSI_BIT_FINAL, itt);
	target_send(&bhs, "late", 4);
	turn();
	assert_int_equal(text_dones, 1);
	assert_true(initiator_is_ready(world.initiator));
	/* One that is not immediate takes a CmdSN. */
	passthrough.request.opcode = ISCSI_PDU_NOP_OUT;
	for (uint32_t cmdsn = 1; cmdsn < 3; cmdsn++) {
		assert_int_equal(initiator_passthrough(world.initiator, &passthrough), 0);
		itt = expect(ISCSI_PDU_NOP_OUT, &bhs, data, &length);
		assert_int_equal(ntohl(bhs.nop_out.cmdsn), cmdsn);
		bhs = target_answer(ISCSI_PDU_NOP_IN, ISCSI_BIT_FINAL, itt);
		target_send(&bhs, NULL, 0);
		turn();
	}
	passthrough.request.opcode = ISCSI_PDU_SCSI_COMMAND;
	assert_int_equal(initiator_passthrough(world.initiator, &passthrough), -EOPNOTSUPP);
	world_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read_cut_anywhere), cmocka_unit_test(test_wrong_digest),
		cmocka_unit_test(test_read_without_memory), cmocka_unit_test(test_sense),
		cmocka_unit_test(test_write), cmocka_unit_test(test_write_asked_for_only),
		cmocka_unit_test(test_answer_inside_of_data), cmocka_unit_test(test_write_without_memory),
		cmocka_unit_test(test_window), cmocka_unit_test(test_abort),
		cmocka_unit_test(test_abort_unsent), cmocka_unit_test(test_lun_reset),
		cmocka_unit_test(test_abort_in_vain), cmocka_unit_test(test_ends_in_done),
		cmocka_unit_test(test_freed_in_reset), cmocka_unit_test(test_closed_in_loss),
		cmocka_unit_test(test_read_in_one),
		cmocka_unit_test(test_logout), cmocka_unit_test(test_pings),
		cmocka_unit_test(test_async), cmocka_unit_test(test_reject),
		cmocka_unit_test(test_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
