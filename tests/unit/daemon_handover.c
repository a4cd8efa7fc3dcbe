/* SPDX-License-Identifier: GPL-3.0-or-later */
/* First logins from start to kernel: the requests in their order, what is undone when one is
 * refused, early pings, closes. */
#include "tests/unit/daemon_world.h"

#include "daemon/handover.h"
#include "daemon/state.h"
#include "tests/unit/quick_time.h"

static void test_order(void **state)
{
	static const int head[] = {ISCSI_UEVENT_CREATE_SESSION, ISCSI_UEVENT_CREATE_CONN, ISCSI_UEVENT_BIND_CONN,
				   1000 + ISCSI_UEVENT_SET_PARAM};
	struct world *world = *state;
	struct session *session = world_logged_in(world);

	assert_int_equal(session->sid, 1);
	assert_int_equal(session->host_no, 101);
	assert_int_equal(session->conn.state, CONN_LOGGED_IN);
	assert_int_equal(session->state, SESSION_LOGGED_IN);
	for (size_t i = 0; i < sizeof(head) / sizeof(head[0]); i++)
		assert_int_equal(world->kernel.requests[i], head[i]);
	assert_int_equal(world_requests(world, 1000 + ISCSI_UEVENT_SET_PARAM), 28);
	assert_int_equal(world->kernel.requests[world->kernel.count - 1], ISCSI_UEVENT_START_CONN);
	assert_memory_equal(world->target.isid, session->isid, 6);
	assert_int_equal(record_number(&session->node, F_NODE_TPGT), 1);
}

static void test_one_cmdsn(void **state)
{
	struct world *world = *state;
	struct session *session = world_session(world, 0);

	session->initial_cmdsn = 0xfffffffeu;
	start_login(session, world_ended, world);
	world_run(world, world_one_ended);
	assert_int_equal(world->kernel.initial_cmdsn, 0xfffffffeu);
	assert_int_equal(world->target.cmdsn, 0xfffffffeu);
}

static void test_state_file_is_there_before_the_answer(void **state)
{
	struct world *world = *state;
	struct session *session = world_logged_in(world);
	struct state back;

	assert_int_equal(state_load(world->dir, session->sid, &back), 0);
	assert_memory_equal(back.isid, session->isid, ISID_BYTES);
	state_done(&back);
}

/* A refused BIND must not be started, and leaves nothing behind. */
static void test_refused(void **state)
{
	struct world *world = *state;

	world->kernel.refuse = ISCSI_UEVENT_BIND_CONN;
	start_login(world_session(world, 0), world_ended, world);
	world_run(world, world_one_ended);
	assert_int_equal(world->err[0], ISCSI_ERR_INTERNAL);
	assert_non_null(strstr(world->sentence[0], "BIND_CONN"));
	assert_int_equal(world_requests(world, ISCSI_UEVENT_START_CONN), 0);
	assert_int_equal(world_requests(world, ISCSI_UEVENT_STOP_CONN), 1);
	assert_int_equal(world_requests(world, ISCSI_UEVENT_DESTROY_CONN), 1);
	assert_int_equal(world_requests(world, ISCSI_UEVENT_DESTROY_SESSION_ASYNC), 1);
	assert_true(TAILQ_EMPTY(&world->daemon.sessions));
}

/* Firmware that is logged in to the target takes no second session: scripts know the status. */
static void test_exists_already(void **state)
{
	struct world *world = *state;

	world->kernel.refuse = ISCSI_UEVENT_START_CONN;
	world->kernel.refuse_error = -EEXIST;
	start_login(world_session(world, 0), world_ended, world);
	world_run(world, world_one_ended);
	assert_int_equal(world->err[0], ISCSI_ERR_SESS_EXISTS);
	assert_int_equal(world_requests(world, ISCSI_UEVENT_START_CONN), 1);
	assert_int_equal(world_requests(world, ISCSI_UEVENT_DESTROY_SESSION_ASYNC), 1);
	assert_true(TAILQ_EMPTY(&world->daemon.sessions));
}

/* Whatever is refused on the way, the kernel keeps nothing of it. */
static void test_refused_anywhere(void **state)
{
	static const int requests[] = {ISCSI_UEVENT_CREATE_CONN, ISCSI_UEVENT_SET_PARAM, ISCSI_UEVENT_START_CONN};
	struct world *world = *state;

	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		world->kernel.refuse = requests[i];
		world->ended = 0;
		start_login(world_session(world, 0), world_ended, world);
		world_run(world, world_one_ended);
		assert_int_equal(world->err[0], ISCSI_ERR_INTERNAL);
		assert_int_equal(world_requests(world, ISCSI_UEVENT_CREATE_SESSION), i + 1);
		assert_int_equal(world_requests(world, ISCSI_UEVENT_DESTROY_SESSION_ASYNC), i + 1);
		assert_true(TAILQ_EMPTY(&world->daemon.sessions));
	}
	assert_int_equal(world_requests(world, ISCSI_UEVENT_START_CONN), 1);
}

/* The target closes between the login and the kernel: whatever the kernel refuses for that, the connection was lost. */
static void test_closed_meanwhile(void **state)
{
	static const int requests[] = {ISCSI_UEVENT_BIND_CONN, ISCSI_UEVENT_SET_PARAM, ISCSI_UEVENT_START_CONN};
	struct world *world = *state;

	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		struct session *session = world_session(world, 0);

		(void)record_set_number(&session->node, F_NODE_SESSION_INITIAL_LOGIN_RETRY_MAX, 0, ORIGIN_COMMAND);
		world->kernel.refuse = 0;
		world->kernel.dies_at = requests[i];
		world->ended = 0;
		start_login(session, world_ended, world);
		world_run(world, world_one_ended);
		assert_int_equal(world->err[0], ISCSI_ERR_TRANS);
		assert_non_null(strstr(world->sentence[0], "connection lost during the login"));
		assert_int_equal(world_requests(world, ISCSI_UEVENT_DESTROY_SESSION_ASYNC), i + 1);
		assert_true(TAILQ_EMPTY(&world->daemon.sessions));
	}
}

/* A relogin that is refused leaves the session stopped, and is tried again. */
static bool is_started_again(struct world *world)
{
	if (world_requests(world, ISCSI_UEVENT_BIND_CONN) >= 2)
		world->kernel.refuse = 0;
	return world_requests(world, ISCSI_UEVENT_START_CONN) == 2;
}

static void test_refused_in_recovery(void **state)
{
	struct world *world = *state;
	struct session *session = world_logged_in(world);

	world->kernel.refuse = ISCSI_UEVENT_BIND_CONN;
	world_conn_error(world, session->sid);
	world_run(world, is_started_again);
	assert_int_equal(world_requests(world, ISCSI_UEVENT_DESTROY_SESSION_ASYNC), 0);
	assert_true(world_requests(world, ISCSI_UEVENT_STOP_CONN) >= 2);
	assert_int_equal(session->state, SESSION_LOGGED_IN);
}

static void test_create_refused(void **state)
{
	struct world *world = *state;

	world->kernel.refuse = ISCSI_UEVENT_CREATE_SESSION;
	start_login(world_session(world, 0), world_ended, world);
	world_run(world, world_one_ended);
	assert_int_equal(world->err[0], ISCSI_ERR_INTERNAL);
	assert_int_equal(world->kernel.count, 1);
	assert_int_equal(world->daemon.transports[0].handle, 0);
}

static bool login_is_there(struct world *world)
{
	return world->target.logins;
}

/* Runs until the target has the login request, and goes on when all it has to say lies in the
 * socket. */
static void run_into_full_socket(struct world *world)
{
	world->target.holds = true;
	start_login(world_session(world, 0), world_ended, world);
	world_run(world, login_is_there);
	world->target.holds = false;
	while (!world->target.said)
		usleep(1000);
}

static bool ping_is_answered(struct world *world)
{
	bool is_answered;

	pthread_mutex_lock(&world->target.lock);
	is_answered = world->target.pings_answered == 1;
	pthread_mutex_unlock(&world->target.lock);
	return is_answered && world->ended;
}

/* The target pings before the kernel has the socket: somebody has to answer. */
static void test_early_ping(void **state)
{
	struct world *world = *state;

	world->target.pings_early = true;
	run_into_full_socket(world);
	world_run(world, ping_is_answered);
	assert_int_equal(world->err[0], ISCSI_ERR_SUCCESS);
}

/* News before the kernel has the socket end no login. */
static void test_early_message(void **state)
{
	struct world *world = *state;

	world->target.tells_early = true;
	run_into_full_socket(world);
	world_run(world, world_one_ended);
	assert_int_equal(world->err[0], ISCSI_ERR_SUCCESS);
	assert_int_equal(world->target.logins, 1);
}

/* A connection closed behind the login never reaches the kernel; the login is tried again. */
static void test_early_close(void **state)
{
	struct world *world = *state;

	world->target.closes_early = true;
	run_into_full_socket(world);
	world->target.closes_early = false;
	assert_int_equal(world->kernel.count, 0);
	world_run(world, world_one_ended);
	assert_int_equal(world->err[0], ISCSI_ERR_SUCCESS);
	assert_int_equal(world->target.logins, 2);
	assert_int_equal(world_requests(world, ISCSI_UEVENT_CREATE_SESSION), 1);
}

static bool many_ended(struct world *world)
{
	return world->ended == 40;
}

/* More logins than slots, all at once: all arrive, no two have the same ISID. */
static void test_many(void **state)
{
	struct world *world = *state;
	struct session *a, *b;

	world->daemon.slots.max = 7;
	for (int i = 0; i < 40; i++)
		start_login(world_session(world, i), world_ended, world);
	world_run(world, many_ended);
	for (int i = 0; i < 40; i++)
		assert_int_equal(world->err[i], ISCSI_ERR_SUCCESS);
	assert_int_equal(world->daemon.slots.held, 0);
	TAILQ_FOREACH(a, &world->daemon.sessions, entry)
	TAILQ_FOREACH(b, &world->daemon.sessions, entry)
	assert_true(a == b || (a->sid != b->sid && memcmp(a->isid, b->isid, ISID_BYTES)));
}

#define WORLD_TEST(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_order),
		WORLD_TEST(test_one_cmdsn),
		WORLD_TEST(test_state_file_is_there_before_the_answer),
		WORLD_TEST(test_refused),
		WORLD_TEST(test_exists_already),
		WORLD_TEST(test_refused_anywhere),
		WORLD_TEST(test_closed_meanwhile),
		WORLD_TEST(test_refused_in_recovery),
		WORLD_TEST(test_create_refused),
		WORLD_TEST(test_early_ping),
		WORLD_TEST(test_early_message),
		WORLD_TEST(test_early_close),
		WORLD_TEST(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
