/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The emulated card's initiator and, at the other end of a socket pair, a target that says what the test wants. Included by unit tests
 * and the fuzzer of the initiator.
 */
#ifndef OPENHBA_TESTS_UNIT_HBA_INITIATOR_WORLD_H
#define OPENHBA_TESTS_UNIT_HBA_INITIATOR_WORLD_H

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/crc32c.h"
#include "lib/loop.h"
#include "tests/hba/initiator_core.h"
#include "tests/target/responder.h"

#ifndef TURN_MS
#define TURN_MS 2
#endif
#define MEMORY 300000
#define OPEN "TargetPortalGroupTag=1 InitialR2T=No ImmediateData=Yes FirstBurstLength=8192 MaxBurstLength=16384 MaxOutstandingR2T=4 "
#define CLOSED "TargetPortalGroupTag=1 InitialR2T=Yes ImmediateData=No FirstBurstLength=8192 MaxBurstLength=16384 MaxOutstandingR2T=4 "
#define DIGESTS "HeaderDigest=CRC32C DataDigest=CRC32C "

struct world {
	struct loop *loop;
	struct loop_timer *timer;
	struct initiator *initiator;
	struct initiator_counters counters;
	struct responder responder;
	int peer, connects;
	struct sockaddr_storage address; /* of the last connect */
	int ready, closes, asyncs, dones;
	struct initiator_closed closed;
	char text[200];
	bool header_digest, data_digest;
	uint32_t statsn, exp_cmdsn, max_cmdsn;
};

static struct world world;

static inline void world_stop(void *data)
{
	loop_stop(world.loop);
}

static inline void turn_for(unsigned int ms)
{
	loop_timer_set(world.timer, ms);
	(void)loop_run(world.loop);
}

static inline void turn(void)
{
	turn_for(TURN_MS);
	turn_for(0); /* what is left for the next turn */
}

static inline int world_connect(void *data, const struct sockaddr_storage *peer, socklen_t length)
{
	int fds[2];

	if (world.peer >= 0)
		close(world.peer);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds))
		return -errno;
	world.peer = fds[1];
	world.address = *peer;
	world.connects++;
	return fds[0];
}

static inline void world_ready(void *data)
{
	world.ready++;
}

static inline void world_closed(void *data, const struct initiator_closed *closed)
{
	world.closes++;
	world.closed = *closed;
	snprintf(world.text, sizeof(world.text), "%s", closed->text);
}

static inline void world_async(void *data, const struct iscsi_bhs_async *async, const void *bytes, size_t length)
{
	world.asyncs++;
}

static const struct initiator_events world_events = {world_ready, world_closed, world_async};

static inline void world_settings(struct initiator_settings *settings)
{
	*settings = (struct initiator_settings){.redirect_max = 2, .connect = world_connect, .counters = &world.counters};
	login_request_init(&settings->login);
	settings->login.initiator_name = "iqn.2024-01.example:card";
	settings->login.target_name = "iqn.2024-01.example:disk";
	settings->login.cmdsn = 1;
	settings->login.offer.max_outstanding_r2t = 4;
	settings->login.offer.header_digest = settings->login.offer.data_digest = DIGEST_OFFER_CRC32C_NONE;
}

static inline int world_start(const struct initiator_settings *settings)
{
	world = (struct world){.peer = -1, .responder = {.statsn = 10, .tsih = 1, .itt = 1}, .exp_cmdsn = 1, .max_cmdsn = 64};
	if (loop_new(&world.loop) || loop_timer_new(world.loop, world_stop, NULL, &world.timer))
		return -1;
	return initiator_new(world.loop, settings, &world_events, NULL, &world.initiator);
}

static inline void world_end(void)
{
	initiator_free(world.initiator);
	if (world.peer >= 0)
		close(world.peer);
	loop_timer_free(world.timer);
	loop_free(world.loop);
}

/* --- the target */

static inline void target_write(const void *bytes, size_t length)
{
	if (send(world.peer, bytes, length, MSG_NOSIGNAL) != (ssize_t)length)
		abort();
}

/* Reads length bytes the initiator has sent already; false: they are not there. */
static inline bool target_read(void *place, size_t length)
{
	size_t have = 0;

	while (have < length) {
		ssize_t n = recv(world.peer, (char *)place + have, length - have, MSG_DONTWAIT);

		if (n <= 0 && have)
			abort();
		if (n <= 0)
			return false;
		have += (size_t)n;
	}
	return true;
}

static inline bool target_check_digest(const void *bytes, size_t length, uint32_t crc)
{
	unsigned char digest[4];

	crc = crc32c(crc, bytes, length);
	return target_read(digest, sizeof(digest)) && digest[0] == (crc & 0xff) && digest[3] == crc >> 24;
}

/* The next PDU of the initiator; false: there is none. Wrong digests abort. */
static inline bool target_receive(union initiator_bhs *bhs, unsigned char *data, size_t *ret_length)
{
	size_t length;
	unsigned char bytes[MEMORY + 4];

	if (!target_read(bhs, sizeof(*bhs)))
		return false;
	if (world.header_digest && !target_check_digest(bhs, sizeof(*bhs), 0))
		abort();
	length = pdu_data_length(&bhs->bhs);
	if (!target_read(bytes, length + pdu_padding(length)) && length)
		abort();
	if (world.data_digest && length && !target_check_digest(bytes, length + pdu_padding(length), 0))
		abort();
	if (data && length)
		memcpy(data, bytes, length);
	*ret_length = length;
	return true;
}

/* A PDU of the target on the wire; the caller frees. */
static inline unsigned char *target_encode(const union initiator_bhs *bhs, const void *data, size_t length, size_t *ret_length)
{
	size_t padded = length + pdu_padding(length), at = sizeof(*bhs);
	unsigned char *wire = calloc(1, at + padded + 8);
	uint32_t crc;

	memcpy(wire, bhs, sizeof(*bhs));
	wire[5] = (unsigned char)(length >> 16);
	wire[6] = (unsigned char)(length >> 8);
	wire[7] = (unsigned char)length;
	if (world.header_digest) {
		crc = crc32c(0, wire, at);
		for (int i = 0; i < 4; i++)
			wire[at++] = (unsigned char)(crc >> 8 * i);
	}
	if (length)
		memcpy(wire + at, data, length);
	crc = crc32c(0, wire + at, padded);
	at += padded;
	for (int i = 0; world.data_digest && length && i < 4; i++)
		wire[at++] = (unsigned char)(crc >> 8 * i);
	*ret_length = at;
	return wire;
}

static inline void target_send(const union initiator_bhs *bhs, const void *data, size_t length)
{
	size_t bytes;
	unsigned char *wire = target_encode(bhs, data, length, &bytes);

	target_write(wire, bytes);
	free(wire);
}

/* Header of an answer with the counters as they should be. */
static inline union initiator_bhs target_answer(enum iscsi_pdu_opcode opcode, unsigned int flags, uint32_t itt)
{
	union initiator_bhs bhs = {0};

	bhs.bhs.opcode = (__u8)opcode;
	bhs.bhs.flags = (__u8)flags;
	bhs.bhs.itt = htonl(itt);
	bhs.text_response.ttt = htonl(ISCSI_TAG_NONE);
	bhs.text_response.statsn = htonl(world.statsn);
	bhs.text_response.exp_cmdsn = htonl(world.exp_cmdsn);
	bhs.text_response.max_cmdsn = htonl(world.max_cmdsn);
	if (opcode == ISCSI_PDU_DATA_IN ? flags & ISCSI_BIT_DATA_IN_STATUS : opcode != ISCSI_PDU_R2T)
		world.statsn++;
	if (opcode == ISCSI_PDU_SCSI_RESPONSE || opcode == ISCSI_PDU_TASK_RESPONSE || opcode == ISCSI_PDU_LOGOUT_RESPONSE)
		bhs.text_response.ttt = 0;
	return bhs;
}

/* Takes the login request and agrees, with these keys (' ' for NUL). */
static inline void target_login(const char *keys)
{
	union initiator_bhs request;
	struct pdu pdu = {0};
	unsigned char wire[4096];
	size_t length;

	turn();
	if (!target_receive(&request, NULL, &length))
		abort();
	responder_login(&world.responder, &pdu, TO_FULL_FEATURE, 0, keys, strlen(keys));
	pdu_encode(&pdu, wire);
	target_write(wire, pdu_wire_length(&pdu));
	pdu_done(&pdu);
	world.statsn = world.responder.statsn;
	world.header_digest = strstr(keys, "HeaderDigest=CRC32C");
	world.data_digest = strstr(keys, "DataDigest=CRC32C");
	turn();
}

/* --- commands */

struct command {
	struct initiator_task task; /* first */
	unsigned char *memory;
	uint32_t piece, hole; /* hole: from there on there is no memory; 0: none */
	int dones;
	void (*then)(struct command *command);
};

static inline int command_vector(struct initiator_task *task, uint32_t offset, uint32_t length, struct iovec *vectors, int max)
{
	struct command *command = (struct command *)(void *)task;
	int count = 0;

	if (command->dones)
		abort();
	while (length && count < max) {
		uint32_t part = command->piece - offset % command->piece;

		if (command->hole && offset + part > command->hole)
			return count ? count : -EFAULT;
		part = part < length ? part : length;
		vectors[count++] = (struct iovec){command->memory + offset, part};
		offset += part;
		length -= part;
	}
	return count;
}

static inline void command_done(struct initiator_task *task)
{
	struct command *command = (struct command *)(void *)task;

	command->dones++;
	world.dones++;
	if (command->then)
		command->then(command);
}

static inline void command_init(struct command *command, enum initiator_direction direction, uint32_t length)
{
	*command = (struct command){.piece = 1000};
	command->task.direction = direction;
	command->task.length = length;
	command->task.attribute = ISCSI_TASK_SIMPLE;
	command->task.vector = command_vector;
	command->task.done = command_done;
	command->task.lun[1] = 1;
	command->task.cdb[0] = direction == INITIATOR_WRITE ? 0x2a : 0x28;
	command->memory = malloc(length + 1);
	for (uint32_t i = 0; i < length; i++)
		command->memory[i] = direction == INITIATOR_WRITE ? (unsigned char)(i * 7 + i / 251) : 0xee;
}

static inline void command_free(struct command *command)
{
	free(command->memory);
	command->memory = NULL;
}

static inline void start(const char *keys)
{
	struct initiator_settings settings;

	world_settings(&settings);
	if (world_start(&settings))
		abort();
	target_login(keys);
	if (world.ready != 1 || !initiator_is_ready(world.initiator))
		abort();
}

/* The next PDU of the initiator, which must be of this kind; returns its tag. */
static inline uint32_t expect(enum iscsi_pdu_opcode opcode, union initiator_bhs *bhs, unsigned char *data, size_t *ret_length)
{
	turn();
	if (!target_receive(bhs, data, ret_length) || (bhs->bhs.opcode & ISCSI_PDU_OPCODE_BITS) != opcode)
		abort();
	return ntohl(bhs->bhs.itt);
}

static inline uint32_t issue(struct command *command)
{
	union initiator_bhs bhs;
	size_t length;

	if (initiator_task(world.initiator, &command->task))
		abort();
	return expect(ISCSI_PDU_SCSI_COMMAND, &bhs, NULL, &length);
}

static inline void respond(uint32_t itt, unsigned int status)
{
	union initiator_bhs bhs = target_answer(ISCSI_PDU_SCSI_RESPONSE, ISCSI_BIT_FINAL, itt);

	bhs.scsi_response.status = (__u8)status;
	target_send(&bhs, NULL, 0);
	turn();
}

#endif
