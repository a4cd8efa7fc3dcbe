/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Chance in full feature phase: one PDU in some is changed, left out, doubled, cut, or has another one before it that nobody asked
 * for. What is wrong comes from what an initiator must not trust: tags, counters, lengths, offsets, flags, direction. Each connection
 * draws from a seed of its own, which is printed: with `misbehave -s SEED` the same connection goes the same way again.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/target/acts.h"
#include "tests/target/conn.h"

static uint32_t chance(struct conn *conn)
{
	conn->fuzz ^= conn->fuzz << 13;
	conn->fuzz ^= conn->fuzz >> 7;
	conn->fuzz ^= conn->fuzz << 17;
	return (uint32_t)(conn->fuzz >> 16);
}

static uint32_t edge(struct conn *conn)
{
	static const uint32_t edges[] = {0, 1, 2, 0xff, 0x100, 0x1fff, 0x2000, 0xffff, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff};

	return edges[chance(conn) % (sizeof(edges) / sizeof(edges[0]))];
}

/* A tag that lives, lived, or nearly did. */
static uint32_t tag(struct conn *conn)
{
	uint32_t itt = conn->tags[chance(conn) % TAGS];

	switch (chance(conn) % 6) {
	case 0:
		return itt ^ 1u << chance(conn) % 32;
	case 1:
		return itt + 1;
	case 2:
		return edge(conn);
	default:
		return itt;
	}
}

static uint32_t get(const struct pdu *pdu, unsigned int offset)
{
	uint32_t value;

	memcpy(&value, (const unsigned char *)&pdu->bhs + offset, 4);
	return ntohl(value);
}

static void set(struct pdu *pdu, unsigned int offset, uint32_t value)
{
	value = htonl(value);
	memcpy((unsigned char *)&pdu->bhs + offset, &value, 4);
}

/* One of the fields that are numbers (RFC 7143 11): LUN, tags, counters, offset, lengths. */
static void change_field(struct conn *conn, struct pdu *pdu)
{
	static const unsigned char offsets[] = {8, 16, 16, 20, 20, 24, 28, 32, 36, 36, 40, 40, 44, 44};
	unsigned int offset = offsets[chance(conn) % sizeof(offsets)];

	switch (offset == 16 ? 0 : chance(conn) % 4) {
	case 0:
		set(pdu, offset, offset == 16 || offset == 20 ? tag(conn) : edge(conn));
		break;
	case 1:
		set(pdu, offset, get(pdu, offset) + (chance(conn) % 5 - 2) * (offset >= 40 ? 512 : 1));
		break;
	case 2:
		set(pdu, offset, get(pdu, offset) ^ 1u << chance(conn) % 32);
		break;
	default:
		set(pdu, offset, chance(conn));
	}
}

static unsigned char some_opcode(struct conn *conn)
{
	static const unsigned char opcodes[] = {0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x25, 0x26, 0x31, 0x31, 0x32, 0x3f, 0x01, 0x3e};

	return opcodes[chance(conn) % sizeof(opcodes)];
}

static void set_noise(struct conn *conn, struct pdu *pdu, size_t length)
{
	unsigned char *data = malloc(length + 1);

	if (!data)
		abort();
	for (size_t i = 0; i < length; i++)
		data[i] = (unsigned char)chance(conn);
	if (pdu_set_data(pdu, data, length))
		abort();
	free(data);
}

/*
 * Linux takes the length that REPORT LUNS tells in its first four bytes for what to allocate, and warns of more than 4 MiB: a fault of
 * its SCSI layer that every transport lets through. Any data may end up as that answer, so none begins with such a number.
 */
static void spare_scan(struct pdu *pdu)
{
	if (pdu->data_length < 2)
		return;
	pdu->data[0] = 0;
	pdu->data[1] &= 0x1f;
}

/* A PDU nobody asked for, about a command that may well be under way. It takes no StatSN. */
static int send_stray(struct conn *conn)
{
	struct pdu pdu = {0};
	int r;

	conn_response(conn, &pdu, (enum iscsi_pdu_opcode)some_opcode(conn), tag(conn));
	conn->statsn--;
	((unsigned char *)&pdu.bhs)[1] = (unsigned char)(chance(conn) % 2 ? 0x80 : chance(conn));
	set(&pdu, 20, chance(conn) % 2 ? ISCSI_TAG_NONE : edge(conn));
	set(&pdu, 36, chance(conn) % 2 ? 0 : edge(conn));
	set(&pdu, 40, chance(conn) % 2 ? chance(conn) % 16 * 512 : edge(conn));
	set(&pdu, 44, chance(conn) % 2 ? chance(conn) % 128 * 512 : edge(conn));
	if (chance(conn) % 2)
		set_noise(conn, &pdu, chance(conn) % 4 ? chance(conn) % 9000 : chance(conn) % 300000);
	if (chance(conn) % 4 == 0 && pdu.data_length == 0 && pdu_set_data(&pdu, &conn->request.bhs, ISCSI_BHS_BYTES))
		abort();
	spare_scan(&pdu);
	r = conn_send_right(conn, &pdu);
	pdu_done(&pdu);
	return r;
}

/* Its head says another length, of data or of additional headers, than what comes. */
static int send_lie(struct conn *conn, const struct pdu *pdu)
{
	size_t length;
	unsigned char *wire = conn_encode(conn, pdu, &length);
	int r;

	if (chance(conn) % 2)
		wire[4] = (unsigned char)chance(conn);
	else
		wire[5 + chance(conn) % 3] = (unsigned char)(chance(conn) >> chance(conn) % 8);
	r = conn_write(conn, wire, length);
	free(wire);
	return r;
}

static int send_cut(struct conn *conn, const struct pdu *pdu)
{
	size_t length;
	unsigned char *wire = conn_encode(conn, pdu, &length);

	(void)conn_write(conn, wire, chance(conn) % (length + 1));
	free(wire);
	return -1;
}

static int send_noise(struct conn *conn)
{
	unsigned char noise[300];

	for (size_t i = 0; i < sizeof(noise); i++)
		noise[i] = (unsigned char)chance(conn);
	return conn_write(conn, noise, 1 + chance(conn) % sizeof(noise));
}

static int send_in_pieces(struct conn *conn, const struct pdu *pdu)
{
	struct timespec pause = {0, 1000000};
	size_t length, at = 0, part;
	unsigned char *wire = conn_encode(conn, pdu, &length);
	int r = 0;

	while (!r && at < length) {
		part = 1 + chance(conn) % 90;
		part = part < length - at ? part : length - at;
		r = conn_write(conn, wire + at, part);
		at += part;
		nanosleep(&pause, NULL);
	}
	free(wire);
	return r;
}

static int send_changed(struct conn *conn, const struct pdu *pdu)
{
	struct pdu copy = {.bhs = pdu->bhs};
	int r;

	if (pdu_set_data(&copy, pdu->data, pdu->data_length))
		abort();
	switch (chance(conn) % 5) {
	case 0:
		((unsigned char *)&copy.bhs)[chance(conn) % 4] = (unsigned char)chance(conn);
		break;
	case 1:
		((unsigned char *)&copy.bhs)[0] = some_opcode(conn);
		break;
	case 2:
		set_noise(conn, &copy, pdu->data_length + chance(conn) % 9000);
		break;
	default:
		change_field(conn, &copy);
	}
	spare_scan(&copy);
	conn->spoils_header_digest = chance(conn) % 16 == 0;
	conn->spoils_data_digest = chance(conn) % 16 == 0;
	r = conn_send_right(conn, &copy);
	pdu_done(&copy);
	return r;
}

int fuzz_send(struct conn *conn, const struct pdu *pdu)
{
	conn->tags[conn->tag_count++ % TAGS] = ntohl(conn->request.bhs.itt);
	if (chance(conn) % conn->fuzz_one_in)
		return conn_send_right(conn, pdu);
	switch (chance(conn) % 16) {
	case 0:
		return send_lie(conn, pdu);
	case 1:
		return send_cut(conn, pdu);
	case 2:
		return send_noise(conn) || conn_send_right(conn, pdu) ? -1 : 0;
	case 3:
		return 0;
	case 4:
		return conn_send_right(conn, pdu) || conn_send_right(conn, pdu) ? -1 : 0;
	case 5:
		return send_in_pieces(conn, pdu);
	case 6:
	case 7:
	case 8:
	case 9:
		return send_stray(conn) || conn_send_right(conn, pdu) ? -1 : 0;
	default:
		return send_changed(conn, pdu);
	}
}

enum act act_fuzz(struct conn *conn, struct pdu *pdu)
{
	uint64_t seed = conn->home->seed * 1000 + conn->visit;

	if (conn->is_discovery)
		return ACT_SEND;
	printf("fuzz: %s, connection %u, seed %llu\n", conn->row->name, conn->visit, (unsigned long long)conn->home->seed);
	fflush(stdout);
	conn->fuzz = seed * 0x9e3779b97f4a7c15ull + 1;
	conn->fuzz_one_in = (uint32_t)conn->row->number;
	return ACT_SEND;
}
