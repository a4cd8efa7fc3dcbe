/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * initiator_try [NAME=VALUE...] ADDRESS PORT TARGET: the emulated card's initiator without a card. Logs in, scans as Linux does, writes
 * and reads at random and compares (half of the disk, at most 4 MiB), touches block 4096 (where tests/target has its traps) with the
 * error handling of a host, logs out. Run by tests/hba/check-initiator.
 *
 * Exit status: 0 all went right; 3 the connection ended early; 4 the login failed; 5 commands failed; 1 data was wrong; 2 usage.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/keys.h"
#include "lib/loop.h"
#include "lib/portal.h"
#include "lib/secret.h"
#include "tests/hba/initiator.h"

#define BLOCK 512u
#define BLOCKS_MAX 4096u  /* of the disk that are written */
#define IO_BLOCKS_MAX 512u
#define LANES_MAX 64
#define TRAP_BLOCK 4096
#define COMMAND_MS 800u
#define TMF_MS 500
#define CHECK_CONDITION 2
#define UNIT_ATTENTION 6

enum { DONE = 0, WRONG_DATA = 1, USAGE = 2, ENDED = 3, NO_LOGIN = 4, FAILED = 5 };

/* One command under way; its memory is cut into pieces as a guest's is. */
struct lane {
	struct initiator_task task; /* first */
	struct try *try;
	unsigned char *memory;
	uint32_t first, blocks, piece;
	bool is_busy;
};

struct try {
	struct loop *loop;
	struct initiator *initiator;
	struct loop_timer *timer;
	struct initiator_counters counters;
	struct initiator_tmf tmf;
	struct secret *secret, *secret_in;
	unsigned char *shadow;
	unsigned char lun[8];
	uint32_t blocks, blocks_max, filled, left, seed;
	unsigned int lanes, step, failed, attentions;
	unsigned int escalation;
	unsigned int pause_ms;
	bool is_up, is_trap_there, is_trapped, is_pausing;
	char trap_one; /* 'r', 'w'; 0: both */
	int status;
	struct lane lane[LANES_MAX];
};

static uint32_t chance(struct try *try, uint32_t below)
{
	try->seed = try->seed * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)(try->seed >> 8) * below >> 24);
}

static void over(struct try *try, int status)
{
	if (try->status < 0)
		try->status = status;
	loop_stop(try->loop);
}

/* --- commands */

static int lane_vector(struct initiator_task *task, uint32_t offset, uint32_t length, struct iovec *vectors, int max)
{
	struct lane *lane = (struct lane *)(void *)task;
	int count = 0;

	while (length && count < max) {
		uint32_t part = lane->piece - offset % lane->piece;

		part = part < length ? part : length;
		vectors[count++] = (struct iovec){lane->memory + offset, part};
		offset += part;
		length -= part;
	}
	return count;
}

static void put32(unsigned char *at, uint32_t value)
{
	value = htonl(value);
	memcpy(at, &value, 4);
}

static uint32_t get32(const unsigned char *at)
{
	uint32_t value;

	memcpy(&value, at, 4);
	return ntohl(value);
}

static int lane_start(struct lane *lane, enum initiator_direction direction, uint32_t length, void (*done)(struct initiator_task *))
{
	struct try *try = lane->try;

	lane->task.direction = direction;
	lane->task.length = length;
	lane->task.attribute = ISCSI_TASK_SIMPLE;
	lane->task.vector = lane_vector;
	lane->task.done = done;
	memcpy(lane->task.lun, try->lun, sizeof(try->lun));
	lane->piece = 512 + chance(try, 8) * 512 + chance(try, 3);
	lane->is_busy = true;
	return initiator_task(try->initiator, &lane->task);
}

static void cdb_extent(struct lane *lane, unsigned char opcode, uint32_t first, uint32_t blocks)
{
	memset(lane->task.cdb, 0, sizeof(lane->task.cdb));
	lane->task.cdb[0] = opcode;
	put32(lane->task.cdb + 2, first);
	lane->task.cdb[7] = (unsigned char)(blocks >> 8);
	lane->task.cdb[8] = (unsigned char)blocks;
	lane->first = first;
	lane->blocks = blocks;
}

static bool went_right(const struct initiator_task *task)
{
	return task->result == INITIATOR_RESULT_COMPLETE && !task->response && !task->status;
}

static void next_step(struct try *try);

/* --- the scan: what it finds does not matter to it, but for the size */

static const unsigned char scan[][16] = {
	{0x12, 0, 0, 0, 36},	    {0x12, 0, 0, 0, 96},	{0xa0, [8] = 0x10}, {0x12, 1, 0, 0, 255},
	{0x12, 1, 0x83, 0, 255},    {0x12, 1, 0x80, 0, 255},	{0x00},		    {0x9e, 0x10, [13] = 32},
	{0x1a, 0, 0x3f, 0, 192},    {0x1a, 0, 8, 0, 4},		{0x25},
};
static const uint32_t scan_bytes[] = {36, 96, 4096, 255, 255, 255, 0, 32, 192, 4, 8};

#define SCAN_STEPS (sizeof(scan_bytes) / sizeof(scan_bytes[0]))

static void scanned(struct initiator_task *task)
{
	struct lane *lane = (struct lane *)(void *)task;
	struct try *try = lane->try;

	lane->is_busy = false;
	if (task->result == INITIATOR_RESULT_LOST || task->result == INITIATOR_RESULT_LOGGED_OUT)
		return;
	if (task->cdb[0] == 0x25 && went_right(task)) {
		uint64_t blocks = (uint64_t)get32(lane->memory) + 1;

		try->is_trap_there = blocks > TRAP_BLOCK + 8;
		try->blocks = blocks / 2 > try->blocks_max ? try->blocks_max : (uint32_t)(blocks / 2);
	} else if (task->status == CHECK_CONDITION && (task->sense[2] & 0xf) == UNIT_ATTENTION && try->attentions++ < 4) {
		next_step(try);
		return;
	} else if (!went_right(task) && task->cdb[0] != 0x12 && task->cdb[0] != 0x1a && task->cdb[0] != 0x9e) {
		try->failed++;
	}
	try->step++;
	next_step(try);
}

/* --- at random, compared */

static bool is_free(const struct try *try, uint32_t first, uint32_t blocks)
{
	for (unsigned int i = 0; i < try->lanes; i++) {
		const struct lane *lane = &try->lane[i];

		if (lane->is_busy && first < lane->first + lane->blocks && lane->first < first + blocks)
			return false;
	}
	return true;
}

static void fill_lanes(struct try *try);

static void mixed(struct initiator_task *task)
{
	struct lane *lane = (struct lane *)(void *)task;
	struct try *try = lane->try;
	unsigned char *shadow = try->shadow + (size_t)lane->first * BLOCK;
	size_t bytes = (size_t)lane->blocks * BLOCK;

	lane->is_busy = false;
	if (task->result == INITIATOR_RESULT_LOST || task->result == INITIATOR_RESULT_LOGGED_OUT)
		return;
	if (!went_right(task)) {
		try->failed++;
		if (task->direction == INITIATOR_WRITE) /* what is there now is anybody's guess */
			memset(shadow, 0, bytes);
	} else if (task->direction == INITIATOR_WRITE) {
		memcpy(shadow, lane->memory, bytes);
	} else if (task->transferred != bytes || memcmp(shadow, lane->memory, bytes)) {
		if (!try->failed) {
			printf("wrong data: block %u, %u blocks\n", lane->first, lane->blocks);
			over(try, WRONG_DATA);
			return;
		}
	}
	fill_lanes(try);
}

static void start_mixed(struct try *try, struct lane *lane)
{
	bool is_write = try->filled < try->blocks || chance(try, 2);
	uint32_t blocks = 1 + chance(try, chance(try, 4) ? 16 : IO_BLOCKS_MAX), first;

	if (try->filled < try->blocks) {
		first = try->filled;
		blocks = blocks < try->blocks - first ? blocks : try->blocks - first;
		try->filled += blocks;
	} else {
		blocks = blocks < try->blocks ? blocks : try->blocks;
		first = chance(try, try->blocks - blocks + 1);
		if (!is_free(try, first, blocks))
			return;
		try->left--;
	}
	cdb_extent(lane, is_write ? 0x2a : 0x28, first, blocks);
	for (size_t i = 0; is_write && i < blocks * BLOCK; i++)
		lane->memory[i] = (unsigned char)chance(try, 256);
	if (!is_write)
		memset(lane->memory, 0xee, blocks * BLOCK);
	if (lane_start(lane, is_write ? INITIATOR_WRITE : INITIATOR_READ, blocks * BLOCK, mixed))
		lane->is_busy = false;
}

static void fill_lanes(struct try *try)
{
	bool is_idle = true;

	for (unsigned int i = 0; i < try->lanes && initiator_is_ready(try->initiator); i++)
		if (!try->lane[i].is_busy && (try->left || try->filled < try->blocks))
			start_mixed(try, &try->lane[i]);
	for (unsigned int i = 0; i < try->lanes; i++)
		is_idle = is_idle && !try->lane[i].is_busy;
	if (!is_idle || !initiator_is_ready(try->initiator))
		return;
	if (try->left || try->filled < try->blocks) {
		loop_timer_set(try->timer, 0);
		return;
	}
	try->step++;
	next_step(try);
}

/* --- the trap: a read and a write, aborted as a host does that waits in vain */

static void trapped(struct initiator_task *task)
{
	struct lane *lane = (struct lane *)(void *)task;

	lane->is_busy = false;
	lane->try->failed += !went_right(task) && task->result == INITIATOR_RESULT_COMPLETE;
	if (lane->try->tmf.data || lane->try->lane[0].is_busy || lane->try->lane[1].is_busy || !initiator_is_ready(lane->try->initiator))
		return;
	lane->try->step++;
	next_step(lane->try);
}

static void escalate(struct try *try);

static void escalated(struct initiator_tmf *tmf)
{
	struct try *try = tmf->data;

	tmf->data = NULL;
	if (tmf->error == -ENOTCONN)
		return;
	if (try->lane[0].is_busy || try->lane[1].is_busy) {
		escalate(try);
		return;
	}
	try->step++;
	next_step(try);
}

static void escalate(struct try *try)
{
	static const enum iscsi_task_function functions[] = {ISCSI_TASK_ABORT_TASK, ISCSI_TASK_ABORT_TASK, ISCSI_TASK_LU_RESET,
							     ISCSI_TASK_TARGET_WARM_RESET};
	unsigned int step = try->escalation++;

	if (step >= sizeof(functions) / sizeof(functions[0])) {
		printf("no task management helps\n");
		over(try, ENDED);
		return;
	}
	if (step < 2 && !try->lane[step].is_busy) {
		escalate(try);
		return;
	}
	try->tmf = (struct initiator_tmf){.function = functions[step], .timeout_ms = TMF_MS, .done = escalated, .data = try};
	try->tmf.task = step < 2 ? &try->lane[step].task : NULL;
	memcpy(try->tmf.lun, try->lun, sizeof(try->lun));
	if (initiator_tmf(try->initiator, &try->tmf))
		try->tmf.data = NULL;
}

static void trap(struct try *try)
{
	for (unsigned int i = 0; i < 2; i++) {
		struct lane *lane = &try->lane[i];

		if (try->trap_one && i != (try->trap_one == 'w'))
			continue;
		cdb_extent(lane, i ? 0x2a : 0x28, TRAP_BLOCK, 8);
		if (lane_start(lane, i ? INITIATOR_WRITE : INITIATOR_READ, 8 * BLOCK, trapped))
			lane->is_busy = false;
	}
	try->is_trapped = true;
	loop_timer_set(try->timer, COMMAND_MS);
}

/* --- what follows what */

static void next_step(struct try *try)
{
	struct lane *lane = &try->lane[0];

	if (!initiator_is_ready(try->initiator))
		return;
	if (try->step < SCAN_STEPS) {
		memcpy(lane->task.cdb, scan[try->step], sizeof(lane->task.cdb));
		if (lane_start(lane, scan_bytes[try->step] ? INITIATOR_READ : INITIATOR_NO_DATA, scan_bytes[try->step], scanned))
			over(try, FAILED);
		loop_timer_set(try->timer, 3 * COMMAND_MS);
	} else if (try->step == SCAN_STEPS && try->blocks) {
		fill_lanes(try);
	} else if (try->step <= SCAN_STEPS + 1 && try->is_trap_there) {
		try->step = SCAN_STEPS + 1;
		trap(try);
	} else if (try->pause_ms && !try->is_pausing) {
		try->is_pausing = true;
		loop_timer_set(try->timer, try->pause_ms);
	} else {
		initiator_logout(try->initiator);
	}
}

/* A command of the scan, or the trap's two, have no answer; the pause is over; or lanes that were busy may be free. */
static void timer_fired(void *data)
{
	struct try *try = data;

	if (try->is_pausing) {
		next_step(try);
	} else if (try->is_trapped) {
		if (!try->tmf.data && (try->lane[0].is_busy || try->lane[1].is_busy))
			escalate(try);
	} else if (try->step < SCAN_STEPS) {
		printf("no answer to the command 0x%02x\n", try->lane[0].task.cdb[0]);
		over(try, FAILED);
	} else {
		fill_lanes(try);
	}
}

static void on_ready(void *data)
{
	((struct try *)data)->is_up = true;
	next_step(data);
}

static void on_closed(void *data, const struct initiator_closed *closed)
{
	struct try *try = data;

	printf("%s: %s\n", initiator_end_text(closed->end), closed->text);
	if (!try->is_up)
		over(try, NO_LOGIN);
	else if (closed->end != INITIATOR_END_LOGOUT || closed->was_asked)
		over(try, ENDED);
	else
		over(try, try->failed ? FAILED : DONE);
}

static const struct initiator_events events = {.ready = on_ready, .closed = on_closed};

static int connect_to(void *data, const struct sockaddr_storage *peer, socklen_t length)
{
	int fd = socket(peer->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;

	if (fd < 0)
		return -errno;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (connect(fd, (const struct sockaddr *)peer, length) < 0 && errno != EINPROGRESS) {
		int error = -errno;

		close(fd);
		return error;
	}
	return fd;
}

/* --- the command line */

struct number {
	const char *name;
	size_t offset;
};

static bool take_number(struct login_offer *offer, const char *name, const char *value)
{
	static const struct number numbers[] = {
		{"MaxBurstLength", offsetof(struct login_offer, max_burst_length)},
		{"FirstBurstLength", offsetof(struct login_offer, first_burst_length)},
		{"MaxRecvDataSegmentLength", offsetof(struct login_offer, max_recv_data_segment_length)},
		{"MaxXmitDataSegmentLength", offsetof(struct login_offer, max_xmit_data_segment_length)},
		{"MaxOutstandingR2T", offsetof(struct login_offer, max_outstanding_r2t)},
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (strcmp(numbers[i].name, name) != 0)
			continue;
		*(uint32_t *)(void *)((char *)offer + numbers[i].offset) = (uint32_t)strtoul(value, NULL, 0);
		return true;
	}
	return false;
}

/* NAME=VALUE: a key of the login, or one of ours. */
static bool take_option(struct try *try, struct initiator_settings *settings, char *option)
{
	struct login_request *login = &settings->login;
	char *value = strchr(option, '=');
	bool is_yes;

	*value++ = 0;
	is_yes = !strcmp(value, "Yes");
	if (!strcmp(option, "HeaderDigest"))
		return !digest_offer_parse(value, &login->offer.header_digest);
	if (!strcmp(option, "DataDigest"))
		return !digest_offer_parse(value, &login->offer.data_digest);
	if (!strcmp(option, "InitialR2T"))
		login->offer.initial_r2t = is_yes;
	else if (!strcmp(option, "ImmediateData"))
		login->offer.immediate_data = is_yes;
	else if (!strcmp(option, "user"))
		login->auth.username = value;
	else if (!strcmp(option, "secret"))
		login->auth.password = try->secret = secret_new(value, strlen(value));
	else if (!strcmp(option, "user_in"))
		login->auth.username_in = value;
	else if (!strcmp(option, "secret_in"))
		login->auth.password_in = try->secret_in = secret_new(value, strlen(value));
	else if (!strcmp(option, "lun"))
		try->lun[1] = (unsigned char)atoi(value);
	else if (!strcmp(option, "count"))
		try->left = (uint32_t)atoi(value);
	else if (!strcmp(option, "blocks"))
		try->blocks_max = 1 + ((uint32_t)atoi(value) - 1) % BLOCKS_MAX;
	else if (!strcmp(option, "lanes"))
		try->lanes = 1 + ((unsigned int)atoi(value) - 1) % LANES_MAX;
	else if (!strcmp(option, "pause"))
		try->pause_ms = (unsigned int)atoi(value);
	else if (!strcmp(option, "trap"))
		try->trap_one = value[0];
	else if (!strcmp(option, "seed"))
		try->seed = (uint32_t)atoi(value);
	else if (!strcmp(option, "login"))
		settings->login_timeout_ms = (unsigned int)atoi(value);
	else if (!strcmp(option, "ping"))
		settings->nop_interval_ms = settings->nop_timeout_ms = (unsigned int)atoi(value);
	else
		return take_number(&login->offer, option, value);
	return true;
}

static int init_lanes(struct try *try)
{
	try->shadow = calloc(BLOCKS_MAX, BLOCK);
	for (unsigned int i = 0; i < LANES_MAX; i++) {
		try->lane[i].try = try;
		try->lane[i].memory = calloc(IO_BLOCKS_MAX, BLOCK);
		if (!try->lane[i].memory)
			return -ENOMEM;
	}
	return try->shadow ? 0 : -ENOMEM;
}

static void try_done(struct try *try)
{
	initiator_free(try->initiator);
	loop_timer_free(try->timer);
	loop_free(try->loop);
	secret_free(try->secret);
	secret_free(try->secret_in);
	for (unsigned int i = 0; i < LANES_MAX; i++)
		free(try->lane[i].memory);
	free(try->shadow);
}

static void settings_init(struct initiator_settings *settings)
{
	static const uint8_t isid[6] = {0x80, 1, 2, 3, 4, 5};

	*settings = (struct initiator_settings){.login_timeout_ms = 2000, .logout_timeout_ms = 1000, .nop_interval_ms = 1000,
						.nop_timeout_ms = 1000, .redirect_max = 4, .connect = connect_to};
	login_request_init(&settings->login);
	settings->login.initiator_name = "iqn.2026-11.org.openhba:try";
	settings->login.offer.max_outstanding_r2t = 8;
	memcpy(settings->login.isid, isid, sizeof(isid));
}

static int run(struct try *try, struct initiator_settings *settings, char **arguments)
{
	struct portal portal = {.port = atoi(arguments[1])};

	snprintf(portal.address, sizeof(portal.address), "%s", arguments[0]);
	if (portal_sockaddr(&portal, &settings->peer, &settings->peer_length))
		return USAGE;
	settings->login.target_name = arguments[2];
	settings->counters = &try->counters;
	if (init_lanes(try) || loop_new(&try->loop) || loop_timer_new(try->loop, timer_fired, try, &try->timer) ||
	    initiator_new(try->loop, settings, &events, try, &try->initiator))
		return USAGE;
	(void)loop_run(try->loop);
	printf("%llu commands, %llu bytes written, %llu read, %llu + %llu PDUs\n", (unsigned long long)try->counters.ios_completed,
	       (unsigned long long)try->counters.data_bytes_tx, (unsigned long long)try->counters.data_bytes_rx,
	       (unsigned long long)try->counters.pdus_tx, (unsigned long long)try->counters.pdus_rx);
	return try->status;
}

int main(int argc, char **argv)
{
	struct initiator_settings settings;
	static struct try try = {.left = 200, .blocks_max = BLOCKS_MAX, .lanes = 16, .seed = 1, .status = -1};
	int status = USAGE;

	settings_init(&settings);
	for (; argc > 1 && strchr(argv[1], '='); argc--, argv++) {
		if (!take_option(&try, &settings, argv[1]))
			goto out;
	}
	alarm(30);
	if (argc == 4)
		status = run(&try, &settings, argv + 1);
out:
	if (status == USAGE)
		fprintf(stderr, "usage: initiator_try [NAME=VALUE...] ADDRESS PORT TARGET\n");
	try_done(&try);
	return status;
}
