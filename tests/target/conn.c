/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Bytes in and out of one connection, the counters of its PDUs, the requests that are neither
 * login, text nor SCSI, and the one place where a row gets its turn.
 */
#include "tests/target/conn.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define IDLE_MS 300

static int read_bytes(struct conn *conn, void *place, size_t length)
{
	unsigned char *at = place;
	ssize_t n;

	while (length) {
		n = read(conn->fd, at, length);
		if (n <= 0)
			return -1;
		at += n;
		length -= (size_t)n;
	}
	return 0;
}

int conn_write(struct conn *conn, const void *bytes, size_t length)
{
	const unsigned char *at = bytes;
	ssize_t n;

	while (length) {
		n = write(conn->fd, at, length);
		if (n <= 0)
			return -1;
		at += n;
		length -= (size_t)n;
	}
	return 0;
}

static uint32_t crc_table[256];

static void crc_table_fill(void)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t crc = i;

		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
		crc_table[i] = crc;
	}
}

static uint32_t crc32c(uint32_t crc, const unsigned char *bytes, size_t length)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, crc_table_fill);
	crc = ~crc;
	for (size_t i = 0; i < length; i++)
		crc = crc >> 8 ^ crc_table[(crc ^ bytes[i]) & 0xff];
	return ~crc;
}

static unsigned char *put_crc(unsigned char *at, const unsigned char *bytes, size_t length, bool is_wrong)
{
	uint32_t crc = crc32c(0, bytes, length) ^ is_wrong;

	for (int i = 0; i < 4; i++)
		at[i] = (unsigned char)(crc >> 8 * i);
	return at + 4;
}

unsigned char *conn_encode(struct conn *conn, const struct pdu *pdu, size_t *ret_length)
{
	size_t length = pdu_wire_length(pdu), data = length - ISCSI_BHS_BYTES;
	unsigned char *wire = malloc(length + 8), *at = wire + ISCSI_BHS_BYTES, *plain = malloc(length);

	if (!wire || !plain)
		abort();
	pdu_encode(pdu, plain);
	memcpy(wire, plain, ISCSI_BHS_BYTES);
	if (conn->header_digest)
		at = put_crc(at, wire, ISCSI_BHS_BYTES, conn->spoils_header_digest);
	memcpy(at, plain + ISCSI_BHS_BYTES, data);
	at += data;
	if (conn->data_digest && data)
		at = put_crc(at, plain + ISCSI_BHS_BYTES, data, conn->spoils_data_digest);
	conn->spoils_header_digest = conn->spoils_data_digest = false;
	free(plain);
	*ret_length = (size_t)(at - wire);
	return wire;
}

void conn_hold(struct conn *conn, bool holds)
{
	int value = holds;

	(void)setsockopt(conn->fd, IPPROTO_TCP, TCP_CORK, &value, sizeof(value));
}

int conn_send_right(struct conn *conn, const struct pdu *pdu)
{
	size_t length;
	unsigned char *wire = conn_encode(conn, pdu, &length);
	int r = conn_write(conn, wire, length);

	free(wire);
	return r;
}

int conn_send(struct conn *conn, const struct pdu *pdu)
{
	return conn->fuzz ? fuzz_send(conn, pdu) : conn_send_right(conn, pdu);
}

static int read_crc(struct conn *conn, const void *bytes, size_t length, const char *what)
{
	unsigned char want[4], got[4];

	if (read_bytes(conn, got, sizeof(got)))
		return -1;
	put_crc(want, bytes, length, false);
	return memcmp(got, want, sizeof(got)) ? conn_accuse(conn, what) : 0;
}

int conn_read(struct conn *conn)
{
	unsigned char data[SEGMENT_BYTES];
	size_t length, padded;

	pdu_clear(&conn->request);
	if (read_bytes(conn, &conn->request.bhs, ISCSI_BHS_BYTES) || conn->request.bhs.ahs_words)
		return -1;
	if (conn->header_digest && read_crc(conn, &conn->request.bhs, ISCSI_BHS_BYTES, "a wrong header digest"))
		return -1;
	length = pdu_data_length(&conn->request.bhs);
	padded = length + pdu_padding(length);
	if (padded > sizeof(data))
		return conn_accuse(conn, "a data segment that is too long"), -1;
	if (read_bytes(conn, data, padded))
		return -1;
	if (conn->data_digest && length && read_crc(conn, data, padded, "a wrong data digest"))
		return -1;
	return pdu_set_data(&conn->request, data, length) ? -1 : 0;
}

bool conn_is_right(const struct conn *conn)
{
	return conn->row->place == AT_NEVER;
}

int conn_accuse(const struct conn *conn, const char *what)
{
	if (!conn_is_right(conn))
		return 0;
	fprintf(stderr, "misbehave: %s: the initiator sent %s\n", conn->row->name, what);
	return -1;
}

enum act conn_ask(struct conn *conn, enum place place, struct pdu *pdu)
{
	const struct row *row = conn->row;

	conn->counts[place]++;
	if (row->times && conn->visit > row->times)
		return ACT_SEND;
	if (row->place != place || (row->nth && row->nth != conn->counts[place]))
		return ACT_SEND;
	return row->act(conn, pdu);
}

int conn_answer(struct conn *conn, enum place place, struct pdu *pdu)
{
	switch (conn_ask(conn, place, pdu)) {
	case ACT_SEND:
		return conn_send(conn, pdu);
	case ACT_DONE:
		return 0;
	case ACT_CLOSE:
		break;
	}
	return -1;
}

int conn_pause(struct conn *conn, enum place place)
{
	struct pdu nothing = {0};
	enum act act = conn_ask(conn, place, &nothing);

	pdu_done(&nothing);
	return act == ACT_CLOSE ? -1 : 0;
}

/* All responses and requests of a target have these counters at the same offsets (RFC 7143 11). */
void conn_response(struct conn *conn, struct pdu *pdu, enum iscsi_pdu_opcode opcode, uint32_t itt)
{
	pdu_clear(pdu);
	pdu->text_response.opcode = (__u8)opcode;
	pdu->text_response.flags = ISCSI_BIT_FINAL;
	pdu->text_response.itt = htonl(itt);
	pdu->text_response.statsn = htonl(conn->statsn++);
	pdu->text_response.exp_cmdsn = htonl(conn->exp_cmdsn);
	pdu->text_response.max_cmdsn = htonl(conn->exp_cmdsn + WINDOW - 1);
}

unsigned int conn_port(const struct conn *conn)
{
	return conn->first_port + (unsigned int)(conn->row - rows);
}

char *conn_text(const struct conn *conn, const char *text, size_t *ret_length)
{
	char *copy = calloc(1, 6 * strlen(text) + 1), *at = copy;

	if (!copy)
		abort();
	for (; *text; text++) {
		if (*text == '@')
			at += snprintf(at, 6, "%u", conn_port(conn));
		else
			*at++ = *text == '|' ? 0 : *text;
	}
	*ret_length = (size_t)(at - copy);
	return copy;
}

static int nop_answer(struct conn *conn)
{
	struct pdu pdu = {0};
	int r = 0;

	if (ntohl(conn->request.nop_out.itt) != ISCSI_TAG_NONE) {
		conn_response(conn, &pdu, ISCSI_PDU_NOP_IN, ntohl(conn->request.nop_out.itt));
		pdu.nop_in.ttt = htonl(ISCSI_TAG_NONE);
		if (pdu_set_data(&pdu, conn->request.data, conn->request.data_length))
			abort();
		r = conn_answer(conn, AT_NOP, &pdu);
	}
	pdu_done(&pdu);
	return r;
}

static int task_answer(struct conn *conn)
{
	scsi_forget(conn);
	return hold_ask(conn);
}

/* The initiator closes; a target that does it first would hide whether it does. */
static int logout_answer(struct conn *conn)
{
	struct pdu pdu = {0};
	int r;

	conn_response(conn, &pdu, ISCSI_PDU_LOGOUT_RESPONSE, ntohl(conn->request.bhs.itt));
	r = conn_answer(conn, AT_LOGOUT, &pdu);
	pdu_done(&pdu);
	return r;
}

static int serve_request(struct conn *conn)
{
	const struct iscsi_bhs *bhs = &conn->request.bhs;
	unsigned int opcode = pdu_opcode(&conn->request);

	if (!(bhs->opcode & ISCSI_PDU_IMMEDIATE) && opcode != ISCSI_PDU_DATA_OUT)
		conn->exp_cmdsn++;
	switch (opcode) {
	case ISCSI_PDU_NOP_OUT:
		return nop_answer(conn);
	case ISCSI_PDU_SCSI_COMMAND:
		conn->is_in_use = true;
		return scsi_command(conn);
	case ISCSI_PDU_DATA_OUT:
		return scsi_data_out(conn);
	case ISCSI_PDU_TASK_REQUEST:
		return task_answer(conn);
	case ISCSI_PDU_TEXT_REQUEST:
		return sendtargets_answer(conn);
	case ISCSI_PDU_LOGOUT_REQUEST:
		return logout_answer(conn);
	default:
		return -1;
	}
}

static int serve_once(struct conn *conn)
{
	struct pollfd watch = {conn->fd, POLLIN, 0};

	if (poll(&watch, 1, IDLE_MS) == 0)
		return conn->is_in_use ? conn_pause(conn, AT_IDLE) : 0;
	return conn_read(conn) ? -1 : serve_request(conn);
}

void conn_run(int fd, const struct row *row, struct home *home, unsigned int first_port)
{
	static uint16_t last_tsih;
	struct conn *conn = calloc(1, sizeof(*conn));
	int r;

	if (!conn)
		abort();
	conn->fd = fd;
	conn->row = row;
	conn->home = home;
	conn->first_port = first_port;
	conn->statsn = 100;
	conn->initiator_segment = ISCSI_LOGIN_DATA_MAX;
	conn->tsih = __atomic_add_fetch(&last_tsih, 1, __ATOMIC_RELAXED) | 1;
	r = conn_pause(conn, AT_ACCEPT);
	if (!r)
		r = login_run(conn);
	if (!r && !conn->is_discovery)
		conn->visit = __atomic_add_fetch(&home->visits, 1, __ATOMIC_RELAXED);
	if (!r)
		r = conn_pause(conn, AT_FULL);
	/* Closing sends what is held, with its FIN: whoever has read the answer finds the connection closed. */
	if (!r)
		conn_hold(conn, false);
	while (!r)
		r = serve_once(conn);
	scsi_forget(conn);
	pdu_done(&conn->request);
	pdu_done(&conn->list);
	close(fd);
	free(conn);
}
