/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The end of the daemon: nothing half done is left, sessions stay. */
#include "tests/unit/daemon_world.h"

#include "daemon/logout.h"

static uint64_t drain(struct world *world)
{
	uint64_t began_ms = loop_now_ms();

	drain_start(&world->daemon);
	assert_int_equal(loop_run(world->daemon.loop), 0);
	return loop_now_ms() - began_ms;
}

static void test_idle(void **state)
{
	struct world *world = *state;
	struct session *session = world_logged_in(world);

	assert_true(drain(world) < 1000);
	assert_ptr_equal(TAILQ_FIRST(&world->daemon.sessions), session);
	assert_int_equal(session->state, SESSION_LOGGED_IN);
	assert_int_equal(world_requests(world, ISCSI_UEVENT_STOP_CONN), 0);
}

static bool has_login(struct world *world)
{
	return world->target.logins == 1;
}

static void test_a_login_is_given_up(void **state)
{
	struct world *world = *state;

	world->target.is_silent = true;
	start_login(world_session(world, 0), world_ended, world);
	world_pass(world, 50);
	assert_true(drain(world) < 1000);
	assert_int_equal(world->ended, 1);
	assert_int_equal(world->err[0], ISCSI_ERR_ISCSID_NOTCONN);
	assert_true(TAILQ_EMPTY(&world->daemon.sessions));
	assert_int_equal(world_requests(world, ISCSI_UEVENT_CREATE_SESSION), 0);
}

static void test_a_logout_is_finished(void **state)
{
	struct world *world = *state;
	struct session *session = world_logged_in(world);

	world->kernel.ignores_logout = true; /* its timeout is a second */
	logout_start(session, world_ended, world);
	assert_true(drain(world) >= 900);
	assert_int_equal(world->ended, 2);
	assert_int_equal(world->err[1], ISCSI_ERR_SUCCESS);
	assert_int_equal(world_requests(world, ISCSI_UEVENT_DESTROY_SESSION_ASYNC), 1);
	assert_int_equal(world->daemon.works, 0);
}

/* In the kernel, but its state file is not written yet: it is, and the caller gets its answer. */
static void test_a_login_is_remembered(void **state)
{
	struct world *world = *state;
	struct session *session = world_session(world, 0);
	char path[96];

	start_login(session, world_ended, world);
	world_run(world, has_login);
	while (session->sid < 0)
		world_pass(world, 1);
	(void)drain(world);
	assert_int_equal(world->ended, 1);
	assert_int_equal(world->err[0], ISCSI_ERR_SUCCESS);
	snprintf(path, sizeof(path), "%s/session-%d", world->dir, session->sid);
	assert_int_equal(access(path, R_OK), 0);
}

static void test_twice_is_at_once(void **state)
{
	struct world *world = *state;
	struct session *session = world_logged_in(world);

	world->kernel.ignores_logout = true;
	logout_start(session, world_ended, world);
	drain_start(&world->daemon);
	assert_true(drain(world) < 500);
}

#define WORLD_TEST(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_idle),
		WORLD_TEST(test_a_login_is_given_up),
		WORLD_TEST(test_a_logout_is_finished),
		WORLD_TEST(test_a_login_is_remembered),
		WORLD_TEST(test_twice_is_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
