/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A RAM disk as LUN 0: the commands Linux sends while it scans, reads and writes. Data goes as
 * Data-In with the status in its last PDU; how it comes is write.c's.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "tests/target/conn.h"

#define SENSE_BYTES 18
#define STATUS_CHECK_CONDITION 2

/* What a command ends with: data to send, or sense (key << 16 | asc << 8 | ascq). */
struct answer {
	unsigned char *data; /* borrowed */
	size_t length;
	uint32_t sense;
};

typedef void command_fn(struct conn *conn, const unsigned char *cdb, struct answer *answer);

static uint32_t get32(const unsigned char *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void put32(unsigned char *at, uint32_t value)
{
	value = htonl(value);
	memcpy(at, &value, 4);
}

/* --- commands; each may write up to 256 bytes to answer->data, or point it elsewhere */

static void designate(struct conn *conn, struct answer *answer)
{
	size_t length = strlen(conn->row->name);

	answer->data[1] = 0x83;
	answer->data[3] = (unsigned char)(8 + 4 + length);
	memcpy(answer->data + 4, "\x02\x01\x00", 3);
	answer->data[7] = (unsigned char)(8 + length);
	memcpy(answer->data + 8, "OPENHBA ", 8);
	memcpy(answer->data + 16, conn->row->name, length);
	answer->length = 16 + length;
}

static void inquiry(struct conn *conn, const unsigned char *cdb, struct answer *answer)
{
	size_t length = strlen(conn->row->name);

	if (!(cdb[1] & 1)) {
		memcpy(answer->data, "\x00\x00\x05\x02\x1f\x00\x00\x02OPENHBA MISBEHAVE       0001", 36);
		answer->length = 36;
	} else if (cdb[2] == 0x83) {
		designate(conn, answer);
	} else if (cdb[2] == 0x80) {
		answer->data[1] = 0x80;
		answer->data[3] = (unsigned char)length;
		memcpy(answer->data + 4, conn->row->name, length);
		answer->length = 4 + length;
	} else if (cdb[2] == 0) {
		memcpy(answer->data, "\0\0\0\x03\0\x80\x83", 7);
		answer->length = 7;
	} else {
		answer->sense = 0x052400;
	}
}

static void report_luns(struct conn *conn, const unsigned char *cdb, struct answer *answer)
{
	put32(answer->data, 8);
	answer->length = 16;
}

static void capacity10(struct conn *conn, const unsigned char *cdb, struct answer *answer)
{
	put32(answer->data, conn->home->blocks - 1);
	put32(answer->data + 4, BLOCK_BYTES);
	answer->length = 8;
}

static void capacity16(struct conn *conn, const unsigned char *cdb, struct answer *answer)
{
	if ((cdb[1] & 0x1f) != 0x10) {
		answer->sense = 0x052400;
		return;
	}
	put32(answer->data + 4, conn->home->blocks - 1);
	put32(answer->data + 8, BLOCK_BYTES);
	answer->length = 32;
}

static void mode_sense(struct conn *conn, const unsigned char *cdb, struct answer *answer)
{
	bool is_long = cdb[0] == 0x5a;

	answer->length = is_long ? 8 : 4;
	answer->data[is_long ? 1 : 0] = (unsigned char)(answer->length - (is_long ? 2 : 1));
}

static void request_sense(struct conn *conn, const unsigned char *cdb, struct answer *answer)
{
	answer->data[0] = 0x70;
	answer->data[7] = SENSE_BYTES - 8;
	answer->length = SENSE_BYTES;
}

static void nothing(struct conn *conn, const unsigned char *cdb, struct answer *answer)
{
}

/* First block and count of READ and WRITE (6), (10), (16). */
static void cdb_extent(const unsigned char *cdb, uint64_t *ret_block, uint32_t *ret_count)
{
	switch (cdb[0] >> 5) {
	case 0:
		*ret_block = (uint32_t)(cdb[1] & 0x1f) << 16 | (uint32_t)cdb[2] << 8 | cdb[3];
		*ret_count = cdb[4] ? cdb[4] : 256;
		break;
	case 1:
		*ret_block = get32(cdb + 2);
		*ret_count = (uint32_t)cdb[7] << 8 | cdb[8];
		break;
	default:
		*ret_block = (uint64_t)get32(cdb + 2) << 32 | get32(cdb + 6);
		*ret_count = get32(cdb + 10);
		break;
	}
}

unsigned char *scsi_extent(struct conn *conn, const unsigned char *cdb, size_t *ret_length)
{
	uint64_t block;
	uint32_t count;

	cdb_extent(cdb, &block, &count);
	if (block >= conn->home->blocks || count > conn->home->blocks - block)
		return NULL;
	*ret_length = (size_t)count * BLOCK_BYTES;
	return conn->home->disk + block * BLOCK_BYTES;
}

static void read_blocks(struct conn *conn, const unsigned char *cdb, struct answer *answer)
{
	unsigned char *from = scsi_extent(conn, cdb, &answer->length);

	if (from)
		answer->data = from;
	else
		answer->sense = 0x052100;
}

static const struct {
	unsigned char opcode;
	enum place place;
	command_fn *run;
} commands[] = {
	{0x00, AT_READY, nothing},	     {0x03, AT_COMMAND, request_sense}, {0x12, AT_INQUIRY, inquiry},
	{0x1a, AT_MODE_SENSE, mode_sense},   {0x5a, AT_MODE_SENSE, mode_sense}, {0x25, AT_CAPACITY, capacity10},
	{0x9e, AT_CAPACITY, capacity16},     {0x35, AT_COMMAND, nothing},	{0x91, AT_COMMAND, nothing},
	{0xa0, AT_REPORT_LUNS, report_luns}, {0x08, AT_READ, read_blocks},	{0x28, AT_READ, read_blocks},
	{0x88, AT_READ, read_blocks},	     {0x1b, AT_COMMAND, nothing},
};

static bool is_write(const unsigned char *cdb)
{
	return cdb[0] == 0x0a || cdb[0] == 0x2a || cdb[0] == 0x8a;
}

/* --- answers */

static bool is_trap(const unsigned char *cdb)
{
	uint64_t block;
	uint32_t count;

	if (!is_write(cdb) && cdb[0] != 0x08 && cdb[0] != 0x28 && cdb[0] != 0x88)
		return false;
	cdb_extent(cdb, &block, &count);
	return block == TRAP_BLOCK;
}

enum place scsi_place(const struct conn *conn, const unsigned char *cdb)
{
	if (conn->row->place == AT_COMMAND)
		return AT_COMMAND;
	if (conn->row->place == AT_TRAP && is_trap(cdb))
		return AT_TRAP;
	if (is_write(cdb))
		return AT_WRITE;
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (commands[i].opcode == cdb[0])
			return commands[i].place;
	return AT_COMMAND;
}

int scsi_status(struct conn *conn, const struct iscsi_bhs_scsi_command *command, uint32_t sense, uint32_t residual)
{
	unsigned char data[2 + SENSE_BYTES] = {0,
					       SENSE_BYTES,
					       0x70,
					       0,
					       (unsigned char)(sense >> 16),
					       [9] = SENSE_BYTES - 8,
					       [14] = (unsigned char)(sense >> 8),
					       (unsigned char)sense};
	struct pdu pdu = {0};
	struct iscsi_bhs_scsi_response *bhs = (void *)&pdu.bhs;
	int r;

	conn->command = *command;
	conn_response(conn, &pdu, ISCSI_PDU_SCSI_RESPONSE, ntohl(command->itt));
	if (residual)
		bhs->flags |= ISCSI_BIT_RESPONSE_UNDERFLOW;
	bhs->residual = htonl(residual);
	bhs->status = sense ? STATUS_CHECK_CONDITION : 0;
	if (sense && pdu_set_data(&pdu, data, sizeof(data)))
		abort();
	r = conn_answer(conn, scsi_place(conn, command->cdb), &pdu);
	pdu_done(&pdu);
	return r;
}

/* Only the first PDU of an answer asks the row, so that it acts once per command. */
static int send_data(struct conn *conn, const struct iscsi_bhs_scsi_command *command, const struct answer *answer)
{
	uint32_t expected = ntohl(command->expected_bytes), sn = 0;
	size_t length = answer->length < expected ? answer->length : expected, burst = conn->agreed.max_burst, sent = 0, part;
	struct pdu pdu = {0};
	struct iscsi_bhs_data_in *bhs = (void *)&pdu.bhs;
	int r = 0;

	conn->command = *command;
	while (!r && sent < length) {
		part = burst - sent % burst; /* to the end of the sequence */
		part = part < conn->initiator_segment ? part : conn->initiator_segment;
		part = part < length - sent ? part : length - sent;
		conn_response(conn, &pdu, ISCSI_PDU_DATA_IN, ntohl(command->itt));
		bhs->ttt = htonl(ISCSI_TAG_NONE);
		bhs->datasn = htonl(sn++);
		bhs->offset = htonl((uint32_t)sent);
		if (pdu_set_data(&pdu, answer->data + sent, part))
			abort();
		if (sent + part < length) {
			if ((sent + part) % burst)
				bhs->flags = 0;
			bhs->statsn = 0;
			conn->statsn--;
		} else {
			bhs->flags |= ISCSI_BIT_DATA_IN_STATUS;
			bhs->flags |= length < expected ? ISCSI_BIT_RESPONSE_UNDERFLOW : 0;
			bhs->residual = htonl(expected - (uint32_t)length);
		}
		r = sent ? conn_send(conn, &pdu) : conn_answer(conn, scsi_place(conn, command->cdb), &pdu);
		sent += part;
	}
	pdu_done(&pdu);
	return r;
}

int scsi_command(struct conn *conn)
{
	struct iscsi_bhs_scsi_command command = *(struct iscsi_bhs_scsi_command *)(void *)&conn->request.bhs;
	unsigned char data[256] = {0};
	struct answer answer = {.data = data, .sense = 0x052000};

	if (is_write(command.cdb))
		return write_start(conn, &command);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (commands[i].opcode != command.cdb[0])
			continue;
		answer.sense = 0;
		commands[i].run(conn, command.cdb, &answer);
	}
	if (answer.sense || !answer.length)
		return scsi_status(conn, &command, answer.sense, answer.sense ? ntohl(command.expected_bytes) : 0);
	return send_data(conn, &command, &answer);
}
