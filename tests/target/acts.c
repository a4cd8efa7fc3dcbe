/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Acts on the connection, on headers, and PDUs nobody asked for. Each works on any answer; texts
 * and SCSI have files of their own.
 */
#include "tests/target/acts.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/target/conn.h"

static void sleep_ms(uint64_t ms)
{
	struct timespec pause = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};

	nanosleep(&pause, NULL);
}

/* --- the connection */

enum act act_close(struct conn *conn, struct pdu *pdu)
{
	return ACT_CLOSE;
}

enum act act_reset(struct conn *conn, struct pdu *pdu)
{
	struct linger linger = {.l_onoff = 1, .l_linger = 0};

	char byte;

	if (conn->row->number)
		(void)recv(conn->fd, &byte, 1, MSG_PEEK);
	(void)setsockopt(conn->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	return ACT_CLOSE;
}

enum act act_quiet(struct conn *conn, struct pdu *pdu)
{
	char sink[4096];

	while (read(conn->fd, sink, sizeof(sink)) > 0)
		;
	return ACT_CLOSE;
}

/* Until the peer resets or the process ends. */
enum act act_deaf(struct conn *conn, struct pdu *pdu)
{
	int error = 0;
	socklen_t length = sizeof(error);
	char byte;

	while (!error && recv(conn->fd, &byte, 1, MSG_PEEK) > 0) {
		sleep_ms(200);
		if (getsockopt(conn->fd, SOL_SOCKET, SO_ERROR, &error, &length))
			break;
	}
	return ACT_CLOSE;
}

static void write_start_of(struct conn *conn, const struct pdu *pdu, size_t count)
{
	size_t length;
	unsigned char *wire = conn_encode(conn, pdu, &length);

	(void)conn_write(conn, wire, count < length ? count : length);
	free(wire);
}

enum act act_cut(struct conn *conn, struct pdu *pdu)
{
	write_start_of(conn, pdu, conn->row->number);
	return ACT_CLOSE;
}

enum act act_cut_quiet(struct conn *conn, struct pdu *pdu)
{
	write_start_of(conn, pdu, conn->row->number);
	return act_quiet(conn, pdu);
}

enum act act_drip(struct conn *conn, struct pdu *pdu)
{
	size_t length;
	unsigned char *wire = conn_encode(conn, pdu, &length);
	enum act result = ACT_DONE;

	for (size_t i = 0; i < length && result == ACT_DONE; i++) {
		if (conn_write(conn, wire + i, 1))
			result = ACT_CLOSE;
		sleep_ms(1000);
	}
	free(wire);
	return result;
}

enum act act_late(struct conn *conn, struct pdu *pdu)
{
	sleep_ms(conn->row->number);
	return ACT_SEND;
}

enum act act_ignore(struct conn *conn, struct pdu *pdu)
{
	return ACT_DONE;
}

enum act act_twice(struct conn *conn, struct pdu *pdu)
{
	return conn_send(conn, pdu) ? ACT_CLOSE : ACT_SEND;
}

enum act act_answer_close(struct conn *conn, struct pdu *pdu)
{
	(void)conn_send(conn, pdu);
	return ACT_CLOSE;
}

/* --- the header */

static unsigned char *header(struct pdu *pdu, uint64_t number, size_t bytes)
{
	size_t offset = number >> 32;

	if (offset + bytes > ISCSI_BHS_BYTES)
		abort();
	return (unsigned char *)&pdu->bhs + offset;
}

enum act act_poke(struct conn *conn, struct pdu *pdu)
{
	*header(pdu, conn->row->number, 1) = (unsigned char)conn->row->number;
	return ACT_SEND;
}

enum act act_poke16(struct conn *conn, struct pdu *pdu)
{
	uint16_t value = htons((uint16_t)conn->row->number);

	memcpy(header(pdu, conn->row->number, 2), &value, 2);
	return ACT_SEND;
}

enum act act_poke32(struct conn *conn, struct pdu *pdu)
{
	uint32_t value = htonl((uint32_t)conn->row->number);

	memcpy(header(pdu, conn->row->number, 4), &value, 4);
	return ACT_SEND;
}

enum act act_shift32(struct conn *conn, struct pdu *pdu)
{
	unsigned char *at = header(pdu, conn->row->number, 4);
	uint32_t value;

	memcpy(&value, at, 4);
	value = htonl(ntohl(value) + (uint32_t)conn->row->number);
	memcpy(at, &value, 4);
	return ACT_SEND;
}

enum act act_ahs(struct conn *conn, struct pdu *pdu)
{
	unsigned char segment[255 * 4] = {0};

	pdu->bhs.ahs_words = (__u8)conn->row->number;
	if (conn_write(conn, &pdu->bhs, ISCSI_BHS_BYTES) || conn_write(conn, segment, conn->row->number * 4) ||
	    conn_write(conn, pdu->data, pdu->data_length) || conn_write(conn, segment, pdu_padding(pdu->data_length)))
		return ACT_CLOSE;
	return ACT_DONE;
}

static void claim(struct pdu *pdu, size_t length)
{
	pdu->bhs.data_length[0] = (__u8)(length >> 16);
	pdu->bhs.data_length[1] = (__u8)(length >> 8);
	pdu->bhs.data_length[2] = (__u8)length;
}

enum act act_claim(struct conn *conn, struct pdu *pdu)
{
	claim(pdu, conn->row->number);
	if (conn_write(conn, &pdu->bhs, ISCSI_BHS_BYTES) || conn_write(conn, pdu->data, pdu->data_length))
		return ACT_CLOSE;
	return act_quiet(conn, pdu);
}

enum act act_flood(struct conn *conn, struct pdu *pdu)
{
	unsigned char block[65536] = {0};
	size_t sent = 0;

	claim(pdu, ISCSI_DATA_SEGMENT_MAX);
	if (conn_write(conn, &pdu->bhs, ISCSI_BHS_BYTES))
		return ACT_CLOSE;
	for (; sent < ISCSI_DATA_SEGMENT_MAX; sent += sizeof(block))
		if (conn_write(conn, block, sizeof(block)))
			return ACT_CLOSE;
	return act_quiet(conn, pdu);
}

enum act act_spoil_header_digest(struct conn *conn, struct pdu *pdu)
{
	conn->spoils_header_digest = true;
	return ACT_SEND;
}

enum act act_spoil_data_digest(struct conn *conn, struct pdu *pdu)
{
	conn->spoils_data_digest = true;
	return ACT_SEND;
}

/* --- other PDUs */

/* They come before the answer, so they take its counters and the answer takes the next ones. */
static void make_before(struct conn *conn, struct pdu *answer, struct pdu *pdu, enum iscsi_pdu_opcode opcode, uint32_t itt)
{
	conn_response(conn, pdu, opcode, itt);
	if (!answer->text_response.opcode)
		return;
	pdu->text_response.statsn = answer->text_response.statsn;
	answer->text_response.statsn = htonl(conn->statsn - 1);
}

static enum act send_before(struct conn *conn, struct pdu *pdu)
{
	int r = conn_send(conn, pdu);

	pdu_done(pdu);
	return r ? ACT_CLOSE : ACT_SEND;
}

enum act act_async(struct conn *conn, struct pdu *answer)
{
	uint64_t number = conn->row->number;
	struct pdu pdu = {0};

	make_before(conn, answer, &pdu, ISCSI_PDU_ASYNC_MESSAGE, ISCSI_TAG_NONE);
	pdu.async.event = (__u8)number;
	pdu.async.vendor_code = (__u8)(number >> 8);
	pdu.async.parameter1 = htons((uint16_t)(number >> 16));
	pdu.async.parameter2 = htons((uint16_t)(number >> 32));
	pdu.async.parameter3 = htons((uint16_t)(number >> 48));
	return send_before(conn, &pdu);
}

enum act act_luns_changed(struct conn *conn, struct pdu *answer)
{
	static const unsigned char sense[20] = {0, 18, 0x70, 0, 6, [9] = 10, [14] = 0x3f, 0x0e};
	struct pdu pdu = {0};
	enum act result = ACT_SEND;

	for (uint64_t i = 0; i < conn->row->number && result == ACT_SEND; i++) {
		make_before(conn, answer, &pdu, ISCSI_PDU_ASYNC_MESSAGE, ISCSI_TAG_NONE);
		if (pdu_set_data(&pdu, sense, sizeof(sense)))
			abort();
		result = send_before(conn, &pdu);
	}
	return result;
}

enum act act_ping(struct conn *conn, struct pdu *answer)
{
	const char *text = conn->row->text ? conn->row->text : "";
	struct pdu pdu = {0};

	make_before(conn, answer, &pdu, ISCSI_PDU_NOP_IN, ISCSI_TAG_NONE);
	pdu.nop_in.ttt = htonl((uint32_t)conn->row->number);
	if (pdu_set_data(&pdu, text, strlen(text)))
		abort();
	/* A ping that wants an answer tells the next StatSN, but takes none (RFC 7143 11.19). */
	if (conn->row->number != ISCSI_TAG_NONE || !text[0]) {
		conn->statsn--;
		answer->text_response.statsn = pdu.nop_in.statsn;
	}
	return send_before(conn, &pdu);
}

enum act act_reject_first(struct conn *conn, struct pdu *answer)
{
	struct pdu pdu = {0};

	make_before(conn, answer, &pdu, ISCSI_PDU_REJECT, ISCSI_TAG_NONE);
	pdu.reject.reason = (__u8)conn->row->number;
	if (pdu_set_data(&pdu, &conn->request.bhs, ISCSI_BHS_BYTES))
		abort();
	return send_before(conn, &pdu);
}

enum act act_reject(struct conn *conn, struct pdu *answer)
{
	return act_reject_first(conn, answer) == ACT_SEND ? ACT_DONE : ACT_CLOSE;
}

enum act act_stray(struct conn *conn, struct pdu *answer)
{
	struct pdu pdu = {0};

	make_before(conn, answer, &pdu, (enum iscsi_pdu_opcode)conn->row->number, 0x7777);
	pdu.nop_in.ttt = htonl(ISCSI_TAG_NONE);
	return send_before(conn, &pdu);
}

enum act act_garbage(struct conn *conn, struct pdu *pdu)
{
	unsigned int seed = 1;

	for (uint64_t i = 0; i < conn->row->number; i++) {
		unsigned char byte = (unsigned char)(rand_r(&seed) >> 8);

		if (conn_write(conn, &byte, 1))
			return ACT_CLOSE;
	}
	return act_quiet(conn, pdu);
}
