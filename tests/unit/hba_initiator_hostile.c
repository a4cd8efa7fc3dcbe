/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a target may not send to the emulated card's initiator, and logins that lead elsewhere or nowhere: each ends the connection for its
 * own reason, and each command once.
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

/* --- what a target may not send: each ends the connection, the command with it */

struct broken {
	const char *what;
	enum iscsi_pdu_opcode opcode;
	unsigned int flags, at; /* at: byte of the header that is set to value */
	uint32_t value;
	size_t length;
	enum initiator_direction direction;
};

static const struct broken broken_rows[] = {
	{"a request", ISCSI_PDU_SCSI_COMMAND, ISCSI_BIT_FINAL, 0, 0, 0, INITIATOR_READ},
	{"a login response", ISCSI_PDU_LOGIN_RESPONSE, ISCSI_BIT_FINAL, 0, 0, 0, INITIATOR_READ},
	{"an unknown opcode", 0x3e, ISCSI_BIT_FINAL, 0, 0, 0, INITIATOR_READ},
	{"a response for an unknown tag", ISCSI_PDU_SCSI_RESPONSE, ISCSI_BIT_FINAL, 16, 0x12345, 0, INITIATOR_READ},
	{"sense of one byte", ISCSI_PDU_SCSI_RESPONSE, ISCSI_BIT_FINAL, 0, 0, 1, INITIATOR_READ},
	{"sense that lies", ISCSI_PDU_SCSI_RESPONSE, ISCSI_BIT_FINAL, 0, 0, 20, INITIATOR_READ},
	{"more data than it sent", ISCSI_PDU_SCSI_RESPONSE, ISCSI_BIT_FINAL, 36, 1, 0, INITIATOR_READ},
	{"too long a data segment", ISCSI_PDU_TEXT_RESPONSE, ISCSI_BIT_FINAL, 0, 0, 262148, INITIATOR_READ},
	{"an R2T with data", ISCSI_PDU_R2T, ISCSI_BIT_FINAL, 0, 0, 4, INITIATOR_WRITE},
	{"a task response with data", ISCSI_PDU_TASK_RESPONSE, ISCSI_BIT_FINAL, 0, 0, 4, INITIATOR_READ},
	{"a task response for a command", ISCSI_PDU_TASK_RESPONSE, ISCSI_BIT_FINAL, 0, 0, 0, INITIATOR_READ},
	{"a ping's answer for a command", ISCSI_PDU_NOP_IN, ISCSI_BIT_FINAL, 0, 0, 0, INITIATOR_READ},
	{"a text for a command", ISCSI_PDU_TEXT_RESPONSE, ISCSI_BIT_FINAL, 0, 0, 0, INITIATOR_READ},
	{"a logout for a command", ISCSI_PDU_LOGOUT_RESPONSE, ISCSI_BIT_FINAL, 0, 0, 0, INITIATOR_READ},
	{"data for a write", ISCSI_PDU_DATA_IN, ISCSI_BIT_FINAL, 0, 0, 4, INITIATOR_WRITE},
	{"data for no command", ISCSI_PDU_DATA_IN, ISCSI_BIT_FINAL, 16, 0x12345, 4, INITIATOR_READ},
	{"a wrong DataSN", ISCSI_PDU_DATA_IN, ISCSI_BIT_FINAL, 36, 1, 4, INITIATOR_READ},
	{"data out of order", ISCSI_PDU_DATA_IN, ISCSI_BIT_FINAL, 40, 4, 4, INITIATOR_READ},
	{"more data than asked for", ISCSI_PDU_DATA_IN, ISCSI_BIT_FINAL, 0, 0, 516, INITIATOR_READ},
	{"a status before the end", ISCSI_PDU_DATA_IN, ISCSI_BIT_DATA_IN_STATUS, 0, 0, 4, INITIATOR_READ},
	{"an R2T for a read", ISCSI_PDU_R2T, ISCSI_BIT_FINAL, 44, 4, 0, INITIATOR_READ},
	{"an R2T for nothing", ISCSI_PDU_R2T, ISCSI_BIT_FINAL, 44, 0, 0, INITIATOR_WRITE},
	{"an R2T for too much", ISCSI_PDU_R2T, ISCSI_BIT_FINAL, 44, 513, 0, INITIATOR_WRITE},
	{"an R2T behind the end", ISCSI_PDU_R2T, ISCSI_BIT_FINAL, 40, 0xfffffff0, 0, INITIATOR_WRITE},
	{"a wrong R2TSN", ISCSI_PDU_R2T, ISCSI_BIT_FINAL, 36, 1, 0, INITIATOR_WRITE},
};

static void send_broken(const struct broken *row, uint32_t itt)
{
	static unsigned char data[300000];
	union initiator_bhs bhs = target_answer(row->opcode, row->flags, itt);
	unsigned char *bytes = (unsigned char *)&bhs, *wire;
	size_t length;

	memset(data, 0xff, sizeof(data));
	if (row->opcode == ISCSI_PDU_R2T) {
		bhs.r2t.ttt = htonl(1);
		bhs.r2t.desired_bytes = htonl(4);
	}
	if (row->at)
		for (int i = 0; i < 4; i++)
			bytes[row->at + (unsigned int)i] = (unsigned char)(row->value >> (24 - 8 * i));
	wire = target_encode(&bhs, data, row->length, &length);
	(void)send(world.peer, wire, length, MSG_NOSIGNAL | MSG_DONTWAIT);
	free(wire);
}

static void test_broken_pdus(void **state)
{
	for (size_t i = 0; i < sizeof(broken_rows) / sizeof(broken_rows[0]); i++) {
		const struct broken *row = &broken_rows[i];
		struct command command;

		start(CLOSED);
		command_init(&command, row->direction, 512);
		send_broken(row, issue(&command));
		turn();
		if (world.closes != 1 || world.closed.end != INITIATOR_END_PROTOCOL || command.dones != 1)
			fail_msg("%s: %d ends, as \"%s\", %d times done", row->what, world.closes, world.text, command.dones);
		assert_int_equal(command.task.result, INITIATOR_RESULT_LOST);
		command_free(&command);
		world_end();
	}
}

/* More R2Ts than agreed on, and one for more than MaxBurstLength. */
static void ask_too_much(struct command *command, unsigned int count, uint32_t bytes)
{
	uint32_t itt;

	start(CLOSED);
	command_init(command, INITIATOR_WRITE, 100000);
	itt = issue(command);
	assert_int_equal(setsockopt(initiator_fd(world.initiator), SOL_SOCKET, SO_SNDBUF, &(int){4096}, sizeof(int)), 0);
	for (uint32_t i = 0; i < count; i++) {
		union initiator_bhs bhs = target_answer(ISCSI_PDU_R2T, ISCSI_BIT_FINAL, itt);

		bhs.r2t.ttt = htonl(i);
		bhs.r2t.r2tsn = htonl(i);
		bhs.r2t.offset = htonl(i * 16384);
		bhs.r2t.desired_bytes = htonl(bytes);
		target_send(&bhs, NULL, 0);
	}
	turn();
}

static void test_asked_too_much(void **state)
{
	static const struct {
		unsigned int count;
		uint32_t bytes;
		int closes;
	} rows[] = {{4, 16384, 0}, {5, 16384, 1}, {1, 16385, 1}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct command command;

		ask_too_much(&command, rows[i].count, rows[i].bytes);
		assert_int_equal(world.closes, rows[i].closes);
		assert_int_equal(command.dones, rows[i].closes);
		if (rows[i].closes)
			assert_int_equal(world.closed.end, INITIATOR_END_PROTOCOL);
		world_end();
		assert_int_equal(command.dones, 1);
		command_free(&command);
	}
}

/* A target that asks and does not read must not cost memory without end. */
static void test_ping_storm(void **state)
{
	union initiator_bhs bhs;

	start(OPEN);
	assert_int_equal(setsockopt(initiator_fd(world.initiator), SOL_SOCKET, SO_SNDBUF, &(int){4096}, sizeof(int)), 0);
	for (int i = 0; i < 2000 && !world.closes; i++) {
		bhs = target_answer(ISCSI_PDU_NOP_IN, ISCSI_BIT_FINAL, ISCSI_TAG_NONE);
		bhs.nop_in.ttt = htonl(1);
		if (send(world.peer, &bhs, sizeof(bhs), MSG_NOSIGNAL | MSG_DONTWAIT) != sizeof(bhs))
			break;
		if (i % 50 == 0)
			turn_for(0);
	}
	turn();
	assert_lost(INITIATOR_END_PROTOCOL);
	world_end();
}

static void test_target_closes(void **state)
{
	struct command command;

	start(OPEN);
	command_init(&command, INITIATOR_READ, 512);
	issue(&command);
	close(world.peer);
	world.peer = -1;
	assert_lost(INITIATOR_END_LOST);
	assert_int_equal(command.dones, 1);
	assert_int_equal(command.task.result, INITIATOR_RESULT_LOST);
	assert_int_equal(initiator_task(world.initiator, &command.task), -ENOTCONN);
	command_free(&command);
	world_end();
}

/* Memory that is named and is not there. */
static int bad_vector(struct initiator_task *task, uint32_t offset, uint32_t length, struct iovec *vectors, int max)
{
	vectors[0] = (struct iovec){(void *)4096, length};
	return 1;
}

static void test_read_to_nowhere(void **state)
{
	struct command command;
	union initiator_bhs bhs;

	start(OPEN);
	command_init(&command, INITIATOR_READ, 512);
	command.task.vector = bad_vector;
	bhs = target_answer(ISCSI_PDU_DATA_IN, ISCSI_BIT_FINAL | ISCSI_BIT_DATA_IN_STATUS, issue(&command));
	target_send(&bhs, "some bytes", 10);
	turn();
	assert_int_equal(command.dones, 1);
	assert_int_equal(command.task.result, INITIATOR_RESULT_FAULT);
	assert_true(initiator_is_ready(world.initiator));
	command_free(&command);
	world_end();
}

/* --- login */

/* A write of which the target has asked for all, and of which the socket has taken no more than a part. */
static void begin_write(struct command *command, const char *keys)
{
	union initiator_bhs bhs;
	int room = 4096;

	start(keys);
	assert_int_equal(setsockopt(initiator_fd(world.initiator), SOL_SOCKET, SO_SNDBUF, &room, sizeof(room)), 0);
	command_init(command, INITIATOR_WRITE, 16384);
	bhs = target_answer(ISCSI_PDU_R2T, ISCSI_BIT_FINAL, issue(command));
	bhs.r2t.ttt = htonl(5);
	bhs.r2t.r2tsn = 0;
	bhs.r2t.offset = 0;
	bhs.r2t.desired_bytes = htonl(16384);
	target_send(&bhs, NULL, 0);
	turn();
	assert_int_equal(world.closes, 0);
	assert_int_equal(command->dones, 0);
}

static void assert_write_lost(struct command *command)
{
	assert_lost(INITIATOR_END_MEMORY);
	assert_int_equal(world.closed.error, -EFAULT);
	assert_int_equal(command->dones, 1);
	assert_int_equal(command->task.result, INITIATOR_RESULT_LOST);
	command_free(command);
	world_end();
}

static void read_on(void)
{
	unsigned char bytes[2048];

	while (recv(world.peer, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
		;
	turn();
}

/* The guest unmaps, or what it has mapped is cut short (sendmsg(2) says so), in the middle of a PDU. Under a data digest it was copied. */
static void test_memory_goes_while_sent(void **state)
{
	struct command command;

	begin_write(&command, CLOSED);
	command.hole = 1;
	read_on();
	assert_write_lost(&command);
	begin_write(&command, CLOSED);
	command.task.vector = bad_vector;
	read_on();
	assert_write_lost(&command);
	begin_write(&command, CLOSED DIGESTS);
	command.hole = 1;
	read_on();
	assert_int_equal(world.closes, 0);
	world_end();
	command_free(&command);
}

static void test_redirect(void **state)
{
	struct initiator_settings settings;
	struct pdu pdu = {0};
	unsigned char wire[1024];
	union initiator_bhs bhs;
	size_t length;

	world_settings(&settings);
	assert_int_equal(world_start(&settings), 0);
	turn();
	assert_true(target_receive(&bhs, NULL, &length));
	responder_login(&world.responder, &pdu, 0, 0x0101, "TargetAddress=[fd00::9]:3333,1 ", 31);
	pdu_encode(&pdu, wire);
	target_write(wire, pdu_wire_length(&pdu));
	pdu_done(&pdu);
	world.responder.statsn = 500;
	turn();
	assert_int_equal(world.connects, 2);
	assert_int_equal(world.address.ss_family, AF_INET6);
	target_login(OPEN);
	assert_int_equal(world.ready, 1);
	assert_int_equal(initiator_login(world.initiator)->tsih, 1);
	world_end();
}

static void test_login_refused(void **state)
{
	struct initiator_settings settings;
	struct pdu pdu = {0};
	unsigned char wire[1024];
	union initiator_bhs bhs;
	size_t length;

	world_settings(&settings);
	assert_int_equal(world_start(&settings), 0);
	turn();
	assert_true(target_receive(&bhs, NULL, &length));
	responder_login(&world.responder, &pdu, 0, 0x0203, "", 0);
	pdu_encode(&pdu, wire);
	target_write(wire, pdu_wire_length(&pdu));
	pdu_done(&pdu);
	assert_lost(INITIATOR_END_LOGIN);
	assert_int_equal(world.closed.login_status, 0x0203);
	assert_int_equal(world.ready, 0);
	world_end();
}

static int no_socket(void *data, const struct sockaddr_storage *peer, socklen_t length)
{
	return -ENETUNREACH;
}

static void test_no_connection(void **state)
{
	struct initiator_settings settings;

	world_settings(&settings);
	settings.connect = no_socket;
	assert_int_equal(world_start(&settings), 0);
	assert_int_equal(world.closes, 0);
	assert_lost(INITIATOR_END_CONNECT);
	assert_int_equal(world.closed.error, -ENETUNREACH);
	world_end();
	world_settings(&settings);
	settings.login_timeout_ms = 20;
	assert_int_equal(world_start(&settings), 0);
	turn_for(60);
	assert_lost(INITIATOR_END_LOGIN_TIMEOUT);
	world_end();
	world_settings(&settings);
	settings.login.initiator_name = "";
	assert_int_equal(world_start(&settings), -EINVAL);
	world.initiator = NULL;
	world_end();
}

/* Tags of earlier owners name nobody. */
static void test_old_tag(void **state)
{
	struct command command;
	uint32_t itt;

	start(OPEN);
	command_init(&command, INITIATOR_NO_DATA, 0);
	itt = issue(&command);
	respond(itt, 0);
	command.dones = 0;
	assert_int_not_equal(issue(&command), itt);
	respond(itt, 0);
	assert_lost(INITIATOR_END_PROTOCOL);
	assert_int_equal(command.dones, 1);
	assert_int_equal(world.counters.unexpected_rx, 1);
	command_free(&command);
	world_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_asked_too_much), cmocka_unit_test(test_broken_pdus),   cmocka_unit_test(test_ping_storm),
		cmocka_unit_test(test_redirect),       cmocka_unit_test(test_login_refused), cmocka_unit_test(test_no_connection),
		cmocka_unit_test(test_old_tag),        cmocka_unit_test(test_target_closes),
		cmocka_unit_test(test_read_to_nowhere), cmocka_unit_test(test_memory_goes_while_sent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
