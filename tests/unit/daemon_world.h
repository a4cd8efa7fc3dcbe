/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A small world for the daemon's tests: a kernel (daemon_world_kernel.h) and a target
 * (daemon_world_target.h). Everything the daemon does in between is the real code.
 */
#ifndef OPENHBA_TESTS_UNIT_DAEMON_WORLD_H
#define OPENHBA_TESTS_UNIT_DAEMON_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/boot.h"
#include "daemon/daemon.h"
#include "daemon/drain.h"
#include "daemon/events.h"
#include "daemon/pool.h"
#include "daemon/start.h"
#include "lib/loop.h"
#include "tests/unit/daemon_world_kernel.h"
#include "tests/unit/daemon_world_target.h"

#define WORLD_PATIENCE_MS 60000 /* only a test that fails waits for all of it */
#define WORLD_TARGET "iqn.2024-01.example:disk"

struct world {
	struct daemon daemon;
	struct world_kernel kernel;
	struct world_target target;
	char dir[64];
	/* how operations ended, in order */
	unsigned int ended;
	int sid[WORLD_MAX];
	enum iscsi_err err[WORLD_MAX];
	char sentence[WORLD_MAX][256];
};

/* Raises CONN_ERROR, as a dead connection would. */
__attribute__((unused)) static void world_conn_error(struct world *world, int sid)
{
	world_send_event(&world->kernel, ISCSI_KEVENT_CONN_ERROR, (uint32_t[]){(uint32_t)sid, 0, ISCSI_CONN_ERROR_TCP_CONN_CLOSE},
			 "", 0);
}

/* Passes up a PDU of the target. */
__attribute__((unused)) static void world_pdu(struct world *world, int sid, const struct pdu *pdu)
{
	uint8_t bytes[512];
	size_t length = pdu_wire_length(pdu);

	assert_true(length <= sizeof(bytes));
	pdu_encode(pdu, bytes);
	world_send_event(&world->kernel, ISCSI_KEVENT_RECV_PDU, (uint32_t[]){(uint32_t)sid, 0, 0}, bytes, length);
}

static int world_setup(void **state)
{
	struct world *world = calloc(1, sizeof(*world));
	int pair[2];

	snprintf(world->dir, sizeof(world->dir), "/tmp/openhba-world-XXXXXX");
	assert_non_null(mkdtemp(world->dir));
	snprintf(world->daemon.state_dir, sizeof(world->daemon.state_dir), "%s", world->dir);
	TAILQ_INIT(&world->daemon.sessions);
	world->daemon.sysfs = world->dir;
	world->daemon.transports[0].handle = 0xc0ffee;
	world->daemon.initiator.name = strdup("iqn.2016-04.com.openhba:lab");
	world->daemon.initiator.alias = strdup("here");
	assert_int_equal(loop_new(&world->daemon.loop), 0);
	assert_int_equal(slots_init(&world->daemon.slots, world->daemon.loop, DAEMON_CONNECTING_MAX), 0);
	assert_int_equal(pool_new(world->daemon.loop, DAEMON_SCANNERS, &world->daemon.scans), 0);
	assert_int_equal(pool_new(world->daemon.loop, DAEMON_RESOLVERS, &world->daemon.names), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	world->kernel.fd = pair[1];
	for (int i = 0; i < WORLD_MAX; i++)
		world->kernel.sockets[i] = -1;
	assert_int_equal(events_open(&world->daemon, pair[0]), 0);
	pthread_mutex_init(&world->kernel.lock, NULL);
	assert_int_equal(pthread_create(&world->kernel.thread, NULL, kernel_run, &world->kernel), 0);
	target_open(&world->target);
	*state = world;
	return 0;
}

static int world_teardown(void **state)
{
	struct world *world = *state;
	struct session *session;
	char command[96];

	while ((session = TAILQ_FIRST(&world->daemon.sessions)))
		session_kill(session);
	drain_done(&world->daemon);
	pool_free(world->daemon.scans);
	pool_free(world->daemon.names);
	events_close(&world->daemon);
	slots_done(&world->daemon.slots);
	boot_done(&world->daemon);
	loop_free(world->daemon.loop);
	shutdown(world->kernel.fd, SHUT_RDWR);
	pthread_join(world->kernel.thread, NULL);
	(void)!write(world->target.stop_fd[1], "", 1);
	pthread_join(world->target.thread, NULL);
	for (int i = 0; i < WORLD_MAX; i++)
		if (world->kernel.sockets[i] >= 0)
			close(world->kernel.sockets[i]);
	for (int i = 0; i < WORLD_MAX; i++)
		if (world->kernel.endpoints[i])
			close(world->kernel.endpoints[i]);
	close(world->kernel.fd);
	close(world->target.listen_fd);
	close(world->target.stop_fd[0]);
	close(world->target.stop_fd[1]);
	initiator_done(&world->daemon.initiator);
	snprintf(command, sizeof(command), "rm -rf %s", world->dir);
	assert_int_equal(system(command), 0);
	free(world);
	return 0;
}

/* A session_done_fn. */
__attribute__((unused)) static void world_ended(int sid, enum iscsi_err err, const char *sentence, void *data)
{
	struct world *world = data;

	assert_true(world->ended < WORLD_MAX);
	world->sid[world->ended] = sid;
	world->err[world->ended] = err;
	snprintf(world->sentence[world->ended++], sizeof(world->sentence[0]), "%s", sentence);
}

struct world_wait {
	struct world *world;
	bool (*is_done)(struct world *world);
	struct loop_timer *timer;
	uint64_t until_ms;
	bool was_done;
};

static void world_look(void *data)
{
	struct world_wait *wait = data;

	wait->was_done = wait->is_done(wait->world);
	if (wait->was_done || loop_now_ms() > wait->until_ms)
		loop_stop(wait->world->daemon.loop);
	else
		loop_timer_set(wait->timer, 2);
}

/* Runs the daemon's loop until is_done() says so; fails the test when that takes too long. */
__attribute__((unused)) static void world_run(struct world *world, bool (*is_done)(struct world *world))
{
	struct world_wait wait = {.world = world, .is_done = is_done, .until_ms = loop_now_ms() + WORLD_PATIENCE_MS};

	assert_int_equal(loop_timer_new(world->daemon.loop, world_look, &wait, &wait.timer), 0);
	loop_timer_set(wait.timer, 0);
	assert_int_equal(loop_run(world->daemon.loop), 0);
	loop_timer_free(wait.timer);
	assert_true(wait.was_done);
}

__attribute__((unused)) static void world_set(struct session *session, enum field field, const char *text)
{
	assert_int_equal(record_set(&session->node, field, text, ORIGIN_COMMAND), 0);
}

/* A session to the target, not started. Scans nothing: there is no SCSI here. */
__attribute__((unused)) static struct session *world_session(struct world *world, int number)
{
	struct session *session;
	struct record node;
	char text[64];

	record_init(&node, RECORD_NODE);
	session = session_new(&world->daemon, &node, world->daemon.initiator.name);
	assert_non_null(session);
	snprintf(text, sizeof(text), WORLD_TARGET "%d", number);
	world_set(session, F_NODE_NAME, text);
	world_set(session, F_NODE_CONN_ADDRESS, "127.0.0.1");
	snprintf(text, sizeof(text), "%d", world->target.port);
	world_set(session, F_NODE_CONN_PORT, text);
	world_set(session, F_NODE_SESSION_SCAN, "manual");
	world_set(session, F_NODE_CONN_TIMEO_LOGIN_TIMEOUT, "8");
	world_set(session, F_NODE_SESSION_INITIAL_LOGIN_RETRY_MAX, "1");
	world_set(session, F_NODE_SESSION_ISCSI_DEFAULT_TIME2WAIT, "0");
	world_set(session, F_NODE_CONN_TIMEO_LOGOUT_TIMEOUT, "1");
	session_choose_isid(session);
	return session;
}

__attribute__((unused)) static bool world_one_ended(struct world *world)
{
	return world->ended >= 1;
}

__attribute__((unused)) static bool world_two_ended(struct world *world)
{
	return world->ended >= 2;
}

/* A session that is logged in. */
__attribute__((unused)) static struct session *world_logged_in(struct world *world)
{
	struct session *session = world_session(world, 0);

	start_login(session, world_ended, world);
	world_run(world, world_one_ended);
	assert_int_equal(world->err[0], ISCSI_ERR_SUCCESS);
	return session;
}

/* Time goes by in the loop. */
__attribute__((unused)) static void world_stop(void *data)
{
	loop_stop(data);
}

__attribute__((unused)) static void world_pass(struct world *world, uint64_t ms)
{
	struct loop_timer *timer;

	assert_int_equal(loop_timer_new(world->daemon.loop, world_stop, world->daemon.loop, &timer), 0);
	loop_timer_set(timer, ms);
	assert_int_equal(loop_run(world->daemon.loop), 0);
	loop_timer_free(timer);
}

/* A file below the world's folder, which is also its /sys. */
__attribute__((unused)) static void world_file(struct world *world, const char *folder, const char *name, const char *text)
{
	char command[400];
	FILE *file;

	snprintf(command, sizeof(command), "mkdir -p %s/%s", world->dir, folder);
	assert_int_equal(system(command), 0);
	snprintf(command, sizeof(command), "%s/%s/%s", world->dir, folder, name);
	file = fopen(command, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

/* How many endpoints the kernel has. */
__attribute__((unused)) static unsigned int world_endpoints(struct world *world)
{
	unsigned int n = 0;

	pthread_mutex_lock(&world->kernel.lock);
	for (int i = 0; i < WORLD_MAX; i++)
		n += world->kernel.endpoints[i] != 0;
	pthread_mutex_unlock(&world->kernel.lock);
	return n;
}

/* The world's kernel has this driver. */
__attribute__((unused)) static void world_driver(struct world *world, const char *name, uint32_t caps)
{
	char folder[96], text[16];

	snprintf(folder, sizeof(folder), "class/iscsi_transport/%s", name);
	snprintf(text, sizeof(text), "0x%x\n", caps);
	world_file(world, folder, "handle", "7340032\n");
	world_file(world, folder, "caps", text);
}

/* How often a request was seen; SET_PARAM is 1016. */
__attribute__((unused)) static unsigned int world_requests(struct world *world, int request)
{
	unsigned int n = 0;

	pthread_mutex_lock(&world->kernel.lock);
	for (unsigned int i = 0; i < world->kernel.count; i++)
		n += world->kernel.requests[i] == request;
	pthread_mutex_unlock(&world->kernel.lock);
	return n;
}

#endif
