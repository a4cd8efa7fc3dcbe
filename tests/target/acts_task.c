/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Acts that name tasks: commands that are not answered, answers too early, too late, twice, of the wrong kind, in the wrong direction
 * or for tags nobody gave away. What a kernel must survive, and what it must not take for data.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "tests/target/acts.h"
#include "tests/target/conn.h"

static uint32_t current_tag(const struct conn *conn)
{
	return ntohl(conn->command.itt);
}

/* Takes the answer's place in the order of StatSN, and the answer the next one. */
static void begin(struct conn *conn, struct pdu *answer, struct pdu *pdu, uint32_t opcode, uint32_t tag, bool takes_statsn)
{
	conn_response(conn, pdu, (enum iscsi_pdu_opcode)opcode, tag);
	pdu->text_response.statsn = answer->text_response.statsn;
	if (takes_statsn)
		answer->text_response.statsn = htonl(conn->statsn - 1);
	else
		conn->statsn--;
}

static bool takes_statsn(uint32_t opcode)
{
	return opcode != ISCSI_PDU_R2T && opcode != ISCSI_PDU_DATA_IN;
}

static enum act send_first(struct conn *conn, struct pdu *pdu)
{
	int r = conn_send(conn, pdu);

	pdu_done(pdu);
	return r ? ACT_CLOSE : ACT_SEND;
}

static void fill(struct pdu *pdu, int byte, size_t length)
{
	unsigned char *data = malloc(length + 1);

	if (!data)
		abort();
	memset(data, byte, length);
	if (pdu_set_data(pdu, data, length))
		abort();
	free(data);
}

enum act act_named(struct conn *conn, struct pdu *answer)
{
	uint32_t opcode = (uint32_t)(conn->row->number >> 32), tag = (uint32_t)conn->row->number;
	struct pdu pdu = {0};

	begin(conn, answer, &pdu, opcode, tag, takes_statsn(opcode));
	return send_first(conn, &pdu);
}

enum act act_as(struct conn *conn, struct pdu *answer)
{
	uint32_t opcode = (uint32_t)(conn->row->number >> 32), bits = (uint32_t)conn->row->number;
	struct pdu pdu = {0};

	begin(conn, answer, &pdu, opcode, current_tag(conn) ^ bits, takes_statsn(opcode));
	return send_first(conn, &pdu);
}

enum act act_data_in(struct conn *conn, struct pdu *answer)
{
	struct pdu pdu = {0};
	struct iscsi_bhs_data_in *bhs = (void *)&pdu.bhs;

	begin(conn, answer, &pdu, ISCSI_PDU_DATA_IN, current_tag(conn), false);
	bhs->flags = 0;
	bhs->ttt = htonl(ISCSI_TAG_NONE);
	fill(&pdu, 0xee, conn->row->number);
	return send_first(conn, &pdu);
}

enum act act_data_hole(struct conn *conn, struct pdu *answer)
{
	struct iscsi_bhs_data_in *bhs = (void *)&answer->bhs;

	bhs->offset = htonl((uint32_t)conn->row->number);
	return ACT_SEND;
}

enum act act_r2t(struct conn *conn, struct pdu *answer)
{
	struct pdu pdu = {0};
	struct iscsi_bhs_r2t *bhs = (void *)&pdu.bhs;

	begin(conn, answer, &pdu, ISCSI_PDU_R2T, current_tag(conn), false);
	bhs->ttt = htonl(0);
	bhs->desired_bytes = htonl((uint32_t)conn->row->number);
	return send_first(conn, &pdu);
}

/* The answer becomes a SCSI Response; an R2T had taken no StatSN. */
static struct iscsi_bhs_scsi_response *become_response(struct conn *conn, struct pdu *answer)
{
	bool has_statsn = takes_statsn(pdu_opcode(answer)) || answer->bhs.flags & ISCSI_BIT_DATA_IN_STATUS;
	__be32 statsn = answer->text_response.statsn;

	conn_response(conn, answer, ISCSI_PDU_SCSI_RESPONSE, current_tag(conn));
	if (has_statsn) {
		conn->statsn--;
		answer->text_response.statsn = statsn;
	}
	return (struct iscsi_bhs_scsi_response *)&answer->bhs;
}

enum act act_good(struct conn *conn, struct pdu *answer)
{
	become_response(conn, answer)->status = 0;
	return ACT_SEND;
}

/* The R2T as it is, and the end of the command right behind it. */
enum act act_good_after(struct conn *conn, struct pdu *answer)
{
	if (conn_send(conn, answer))
		return ACT_CLOSE;
	return act_good(conn, answer);
}

enum act act_sense_long(struct conn *conn, struct pdu *answer)
{
	size_t length = conn->row->number;

	become_response(conn, answer)->status = 2;
	fill(answer, 0x41, length);
	answer->data[0] = (unsigned char)((length - 2) >> 8);
	answer->data[1] = (unsigned char)(length - 2);
	memcpy(answer->data + 2, "\x70\x00\x0b\0\0\0\0\x0a", 8);
	return ACT_SEND;
}

enum act act_sense_lie(struct conn *conn, struct pdu *answer)
{
	unsigned char data[20] = {(unsigned char)(conn->row->number >> 8), (unsigned char)conn->row->number, 0x70, 0, 0x0b, [9] = 10};

	become_response(conn, answer)->status = 2;
	if (pdu_set_data(answer, data, sizeof(data)))
		abort();
	return ACT_SEND;
}

enum act act_sense_cut(struct conn *conn, struct pdu *answer)
{
	become_response(conn, answer)->status = 2;
	fill(answer, 0, conn->row->number);
	return ACT_SEND;
}

enum act act_reject_named(struct conn *conn, struct pdu *answer)
{
	uint32_t opcode = (uint32_t)(conn->row->number >> 32), bits = (uint32_t)conn->row->number;
	struct pdu pdu = {0}, rejected = {0};

	begin(conn, answer, &pdu, ISCSI_PDU_REJECT, ISCSI_TAG_NONE, true);
	pdu.reject.reason = ISCSI_REJECT_PROTOCOL_ERROR;
	rejected.bhs.opcode = (__u8)opcode;
	rejected.bhs.itt = htonl(current_tag(conn) ^ bits);
	if (pdu_set_data(&pdu, &rejected.bhs, ISCSI_BHS_BYTES))
		abort();
	return send_first(conn, &pdu);
}

enum act act_reject_cut(struct conn *conn, struct pdu *answer)
{
	struct pdu pdu = {0};

	begin(conn, answer, &pdu, ISCSI_PDU_REJECT, ISCSI_TAG_NONE, true);
	pdu.reject.reason = ISCSI_REJECT_PROTOCOL_ERROR;
	fill(&pdu, 0, conn->row->number);
	return send_first(conn, &pdu);
}

/* --- commands that are held back until the initiator asks to end them */

enum act act_hold(struct conn *conn, struct pdu *answer)
{
	for (int i = 0; i < HOLD_STEPS; i++)
		conn->hold_answers[i] = (unsigned char)(conn->row->number >> 8 * i);
	conn->holds = true;
	conn->held = answer->bhs;
	return ACT_DONE;
}

/* The first two; the second is the one whose answer is known later. */
enum act act_hold_two(struct conn *conn, struct pdu *answer)
{
	return conn->counts[AT_TRAP] > 2 ? ACT_SEND : act_hold(conn, answer);
}

/* The held command's own answer, late: an error, so that nothing of it can be taken for data. */
static int held_answer(struct conn *conn)
{
	struct pdu pdu = {0};
	struct iscsi_bhs_scsi_response *bhs = (void *)&pdu.bhs;
	int r;

	conn_response(conn, &pdu, ISCSI_PDU_SCSI_RESPONSE, ntohl(conn->held.itt));
	bhs->status = 0x08; /* busy: the mid layer tries again */
	r = conn_send(conn, &pdu);
	pdu_done(&pdu);
	return r;
}

static int task_response(struct conn *conn, uint8_t response)
{
	struct pdu pdu = {0};
	int r;

	conn_response(conn, &pdu, ISCSI_PDU_TASK_RESPONSE, ntohl(conn->request.bhs.itt));
	pdu.bhs.specific1[0] = response;
	r = conn_send(conn, &pdu);
	pdu_done(&pdu);
	return r;
}

static int hold_step(uint8_t flags)
{
	switch (flags & 0x7f) {
	case ISCSI_TASK_ABORT_TASK:
		return 0;
	case ISCSI_TASK_LU_RESET:
		return 1;
	default:
		return 2;
	}
}

int hold_ask(struct conn *conn)
{
	uint8_t answer = conn->holds ? conn->hold_answers[hold_step(conn->request.bhs.flags)] : 0;

	switch (answer) {
	case HOLD_SILENT:
		return 0;
	case HOLD_ANSWER_FIRST:
		return held_answer(conn) || task_response(conn, ISCSI_TASK_ANSWER_NO_TASK);
	case HOLD_ANSWER_AFTER:
		return task_response(conn, ISCSI_TASK_ANSWER_COMPLETE) || held_answer(conn);
	case HOLD_ANSWER_ONLY:
		return held_answer(conn);
	default:
		return task_response(conn, answer);
	}
}
