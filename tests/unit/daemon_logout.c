/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Logouts: the requests in order, targets and kernels that do not answer, many at once, losses on
 * the way. */
#include "tests/unit/daemon_world.h"

#include "daemon/in_use.h"
#include "daemon/logout.h"
#include "tests/unit/quick_time.h"

static void test_order(void **state)
{
	static const int order[] = {ISCSI_UEVENT_UNBIND_SESSION, ISCSI_UEVENT_SEND_PDU,
				    ISCSI_UEVENT_STOP_CONN, ISCSI_UEVENT_DESTROY_CONN,
				    ISCSI_UEVENT_DESTROY_SESSION_ASYNC};
	struct world *world = *state;
	struct session *session = world_logged_in(world);
	unsigned int before = world->kernel.count;
	char path[96];

	snprintf(path, sizeof(path), "%s/session-1", world->dir);
	assert_int_equal(access(path, F_OK), 0);
	logout_start(session, world_ended, world);
	assert_int_equal(session->stage, STAGE_CLEANUP);
	world_run(world, world_two_ended);
	assert_int_equal(world->err[1], ISCSI_ERR_SUCCESS);
	assert_int_equal(world->sid[1], 1);
	assert_int_equal(world->kernel.count - before, sizeof(order) / sizeof(order[0]));
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		assert_int_equal(world->kernel.requests[before + i], order[i]);
	assert_true(TAILQ_EMPTY(&world->daemon.sessions));
}

static void test_silent_target(void **state)
{
	struct world *world = *state;
	struct session *session = world_logged_in(world);
	uint64_t began_ms = loop_now_ms();

	world->kernel.ignores_logout = true;
	logout_start(session, world_ended, world);
	world_run(world, world_two_ended);
	assert_int_equal(world->err[1], ISCSI_ERR_SUCCESS);
	assert_true(loop_now_ms() - began_ms >= 1000);
	assert_int_equal(world_requests(world, ISCSI_UEVENT_DESTROY_SESSION_ASYNC), 1);
}

static void test_disks_do_not_go(void **state)
{
	struct world *world = *state;
	struct session *session = world_logged_in(world);

	world->kernel.ignores_unbind = true;
	logout_start(session, world_ended, world);
	world_run(world, world_two_ended);
	assert_int_equal(world->err[1], ISCSI_ERR_SUCCESS);
	assert_int_equal(world_requests(world, ISCSI_UEVENT_SEND_PDU), 1);
}

static void test_lost_on_the_way(void **state)
{
	struct world *world = *state;
	struct session *session = world_logged_in(world);

	world->kernel.ignores_logout = true;
	logout_start(session, world_ended, world);
	world_conn_error(world, session->sid);
	world_run(world, world_two_ended);
	assert_int_equal(world->err[1], ISCSI_ERR_SUCCESS);
	assert_int_equal(world->target.logins, 1);
}

static void test_twice(void **state)
{
	struct world *world = *state;
	struct session *session = world_logged_in(world);

	logout_start(session, world_ended, world);
	logout_start(session, world_ended, world);
	assert_int_equal(world->ended, 2);
	assert_int_equal(world->err[1], ISCSI_ERR_BUSY);
	world->ended = 1;
	world_run(world, world_two_ended);
	assert_int_equal(world->err[1], ISCSI_ERR_SUCCESS);
}

static bool none_is_left(struct world *world)
{
	return TAILQ_EMPTY(&world->daemon.sessions);
}

static bool all_are_in(struct world *world)
{
	return world->ended == 20;
}

/* All UNBINDs go out before the first Logout request. */
static void test_many_side_by_side(void **state)
{
	struct world *world = *state;
	struct session *session;
	unsigned int before;

	for (int i = 0; i < 20; i++)
		start_login(world_session(world, i), world_ended, world);
	world_run(world, all_are_in);
	before = world->kernel.count;
	TAILQ_FOREACH(session, &world->daemon.sessions, entry)
	logout_start(session, world_ended, world);
	world_run(world, none_is_left);
	for (unsigned int i = 0; i < 20; i++)
		assert_int_equal(world->kernel.requests[before + i], ISCSI_UEVENT_UNBIND_SESSION);
	assert_int_equal(world->ended, 40);
}

static void test_removed_by_somebody_else(void **state)
{
	struct world *world = *state;
	struct session *session = world_logged_in(world);

	world_send_event(&world->kernel, ISCSI_KEVENT_DESTROY_SESSION,
			 (uint32_t[]){0, (uint32_t)session->sid, 0}, "", 0);
	world_run(world, none_is_left);
	assert_int_equal(world_requests(world, ISCSI_UEVENT_DESTROY_SESSION_ASYNC), 0);
}

/* The session has no disks that anybody could use; one that goes meanwhile is answered once, too. */
static void test_safe(void **state)
{
	struct world *world = *state;

	in_use_logout(world_logged_in(world), world_ended, world);
	world_run(world, world_two_ended);
	assert_int_equal(world->err[1], ISCSI_ERR_SUCCESS);
	assert_true(TAILQ_EMPTY(&world->daemon.sessions));
}

static void test_safe_but_gone(void **state)
{
	struct world *world = *state;
	struct session *session = world_logged_in(world);

	in_use_logout(session, world_ended, world);
	session_kill(session);
	world_run(world, world_two_ended);
	assert_int_equal(world->err[1], ISCSI_ERR_SESS_NOT_FOUND);
}

#define WORLD_TEST(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_order),
		WORLD_TEST(test_silent_target),
		WORLD_TEST(test_disks_do_not_go),
		WORLD_TEST(test_lost_on_the_way),
		WORLD_TEST(test_twice),
		WORLD_TEST(test_many_side_by_side),
		WORLD_TEST(test_removed_by_somebody_else),
		WORLD_TEST(test_safe),
		WORLD_TEST(test_safe_but_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
