/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A registration from its beginning to its end, with notices in between and with a server that is not there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>

#include "daemon/daemon.h"
#include "daemon/isns_registration.h"
#include "lib/loop.h"
#include "tests/unit/isns_server.h"

#define ME "iqn.2026-11.org.example:me"
#define PATIENCE_MS 5000

struct world {
	struct daemon daemon;
	struct server server;
	struct isns_registration *registration;
	struct loop_timer *timer;
	uint64_t until_ms;
	unsigned int changes, wanted;
	bool has_ended;
};

static void changed(void *data)
{
	struct world *world = data;

	world->changes++;
	if (world->changes == world->wanted)
		loop_stop(world->daemon.loop);
}

static void ended(void *data)
{
	struct world *world = data;

	world->has_ended = true;
	loop_stop(world->daemon.loop);
}

static void give_up(void *data)
{
	struct world *world = data;

	loop_stop(world->daemon.loop);
}

static void run(struct world *world, unsigned int wanted, uint64_t patience_ms)
{
	world->wanted = wanted;
	loop_timer_set(world->timer, patience_ms);
	assert_int_equal(loop_run(world->daemon.loop), 0);
}

static void open_world(struct world *world, const enum act *acts)
{
	struct portal portal = {.address = "127.0.0.1", .tpgt = PORTAL_TPGT_NONE};

	*world = (struct world){0};
	server_open(&world->server, acts);
	portal.port = world->server.port;
	world->daemon.initiator.name = strdup(ME);
	assert_int_equal(loop_new(&world->daemon.loop), 0);
	assert_int_equal(loop_timer_new(world->daemon.loop, give_up, world, &world->timer), 0);
	world->registration = isns_registration_new(&world->daemon, &portal, changed, world);
	assert_non_null(world->registration);
}

static void close_world(struct world *world)
{
	isns_registration_free(world->registration);
	loop_timer_free(world->timer);
	loop_free(world->daemon.loop);
	initiator_done(&world->daemon.initiator);
	server_close(&world->server);
}

/* What a server does when something has changed; its answer is not waited for here. */
static int notify(struct world *world, const char *name)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct isns_message message = {.function = ISNS_CHANGE_NOTICE, .flags = ISNS_FROM_SERVER, .xid = 5};
	struct isns_bytes bytes = {0};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	address.sin_port = htons((uint16_t)server_asked(&world->server, 0, ISNS_SCN_PORT).number);
	put_text(&message.payload, ISNS_ISCSI_NAME, name);
	put_number(&message.payload, ISNS_ISCSI_SCN_BITMAP, 8);
	assert_int_equal(isns_message_encode(&message, &bytes), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	server_send(fd, &bytes, bytes.length);
	isns_bytes_done(&message.payload);
	isns_bytes_done(&bytes);
	return fd;
}

static void test_life(void **state)
{
	static const enum act acts[] = {ACT_PERIOD, ACT_EMPTY, ACT_EMPTY, ACT_END};
	unsigned char reply[256];
	struct world world;
	int fds[3];

	open_world(&world, acts);
	run(&world, 1, PATIENCE_MS);
	assert_int_equal(world.changes, 1); /* it is registered */
	/* Two notices at once are one change; one for somebody else is none. */
	fds[0] = notify(&world, ME);
	fds[1] = notify(&world, ME);
	fds[2] = notify(&world, "iqn.2026-11.org.example:other");
	run(&world, 2, PATIENCE_MS);
	assert_int_equal(world.changes, 2);
	run(&world, 3, 300);
	assert_int_equal(world.changes, 2);
	for (int i = 0; i < 3; i++) {
		ssize_t got = recv(fds[i], reply, sizeof(reply), MSG_DONTWAIT);

		assert_true(i < 2 ? got > ISNS_HEADER_BYTES : got < 0);
		close(fds[i]);
	}
	isns_registration_end(world.registration, ended, &world);
	run(&world, 3, PATIENCE_MS);
	assert_true(world.has_ended);
	assert_int_equal(world.server.requests, 3);
	assert_int_equal(world.server.function[2], ISNS_DEREGISTER);
	close_world(&world);
}

/* Nonsense on the port does no harm. */
static void test_nonsense(void **state)
{
	static const enum act acts[] = {ACT_PERIOD, ACT_EMPTY, ACT_END};
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct world world;
	int fds[20];

	open_world(&world, acts);
	run(&world, 1, PATIENCE_MS);
	address.sin_port = htons((uint16_t)server_asked(&world.server, 0, ISNS_SCN_PORT).number);
	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		assert_int_equal(connect(fds[i], (struct sockaddr *)&address, sizeof(address)), 0);
		if (i % 2)
			(void)!send(fds[i], "GET / HTTP/1.1\r\n\r\n", 18, MSG_NOSIGNAL);
		if (i % 5 == 4) /* before they are more than may wait to be taken */
			run(&world, 9, 50);
	}
	assert_int_equal(world.changes, 1);
	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		close(fds[i]);
	close_world(&world);
}

/* Refused, then taken. */
static void test_again(void **state)
{
	static const enum act acts[] = {ACT_REFUSE, ACT_PERIOD, ACT_EMPTY, ACT_END};
	struct world world;

	open_world(&world, acts);
	run(&world, 1, PATIENCE_MS);
	assert_int_equal(world.changes, 1);
	assert_int_equal(world.server.requests, 3);
	close_world(&world);
}

/* A server that is silent at the end is not waited for longer than two seconds; one that never knew us, not at all. */
static void test_end(void **state)
{
	static const enum act acts[] = {ACT_REFUSE, ACT_END};
	struct world world;

	open_world(&world, acts);
	run(&world, 1, 200);
	assert_int_equal(world.changes, 0);
	isns_registration_end(world.registration, ended, &world);
	assert_true(world.has_ended);
	close_world(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_life),
		cmocka_unit_test(test_nonsense),
		cmocka_unit_test(test_again),
		cmocka_unit_test(test_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
