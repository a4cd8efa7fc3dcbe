/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Automatic logins: how many, which ones, how often after failures, and clients that want the same. */
#include "tests/unit/daemon_world_ports.h"

#include "daemon/logout.h"

static struct hotplug_record *only_record(struct world *world)
{
	const struct hotplug *set = world->daemon.hotplug;

	return set->record_count == 1 ? set->records[0] : NULL;
}

static bool has_failed(struct world *world)
{
	return only_record(world) && only_record(world)->failures == 1;
}

static uint64_t first_next_ms;

static bool has_failed_again(struct world *world)
{
	return has_failed(world) && only_record(world)->next_ms != first_next_ms;
}

static bool is_forgotten(struct world *world)
{
	return !only_record(world) && world_is_idle(world);
}

/* One attempt, then a pause; a port that changes ends the pause, a pass for something else does not. */
static void test_back_off(void **state)
{
	struct world *world = *state;

	world_store(world, 1, 1, NULL, "automatic");
	world_picture(world, 1, false);
	world_run(world, has_failed);
	assert_true(TAILQ_EMPTY(&world->daemon.sessions));
	assert_in_range(only_record(world)->next_ms, 1, loop_now_ms() + 1300);
	only_record(world)->next_ms = first_next_ms = loop_now_ms() + 600000;
	world_store(world, 1, 2, "other", "manual");
	world_pass(world, 100);
	world_run(world, world_is_idle);
	assert_int_equal(only_record(world)->failures, 1);
	assert_int_equal(only_record(world)->next_ms, first_next_ms);
	world_picture(world, 0, false);
	world_run(world, is_forgotten);
	world_picture(world, 1, false);
	world_run(world, has_failed_again);
	assert_true(loop_now_ms() < first_next_ms);
}

/* Whoever has the session keeps it. */
static void test_exists(void **state)
{
	struct world *world = *state;

	world->kernel.refuse = ISCSI_UEVENT_START_CONN;
	world->kernel.refuse_error = -EEXIST;
	world_store(world, 1, world->target.port, NULL, "automatic");
	world_picture(world, 1, false);
	world_run(world, has_failed);
	assert_true(only_record(world)->next_ms > loop_now_ms() + 600000);
}

static void test_again(void **state)
{
	struct world *world = *state;

	world->target.status = 0x0301; /* busy: once */
	world->target.status_times = 1;
	world_store(world, 1, world->target.port, NULL, "automatic");
	world_picture(world, 1, false);
	world_run(world, has_failed);
	assert_true(loop_timer_is_set(world->daemon.hotplug->login_timer));
	only_record(world)->next_ms = 0;
	world_run(world, world_has_one);
	world_run(world, world_is_idle);
	assert_int_equal(only_record(world)->failures, 0);
}

static bool has_twelve(struct world *world)
{
	return world_sessions(world) == 12;
}

static void test_many(void **state)
{
	struct world *world = *state;

	for (int i = 1; i <= 12; i++)
		world_store(world, i, world->target.port, NULL, "automatic");
	world_picture(world, 1, false);
	world_run(world, has_twelve);
	world_picture(world, 1, true);
	world_run(world, world_is_idle);
	assert_int_equal(world_sessions(world), 12);
}

static void change_record(struct world *world, enum field field, const char *text)
{
	struct node_key key = world_key(world, 1, world->target.port);
	struct record node;
	struct store *store;

	assert_int_equal(store_begin(world->dir, STORE_WRITE, &store), 0);
	assert_int_equal(node_load(store, &key, &node), 0);
	assert_int_equal(record_set(&node, field, text, ORIGIN_RECORD), 0);
	assert_int_equal(node_save(store, &node), 0);
	assert_int_equal(store_commit(store), 0);
	record_done(&node);
}

static bool has_three(struct world *world)
{
	return world_sessions(world) == 3;
}

static void test_nr_sessions(void **state)
{
	struct world *world = *state;

	world_store(world, 1, world->target.port, WORLD_IFACE, "automatic");
	change_record(world, F_NODE_SESSION_NR_SESSIONS, "3");
	world_picture(world, 1, false);
	world_run(world, has_three);
	world_pass(world, 30);
	world_run(world, world_is_idle);
	assert_int_equal(world_sessions(world), 3);
}

/* A session to the target is there already, through another iface. */
static void test_leading(void **state)
{
	struct world *world = *state;
	struct session *other = world_session(world, 1);

	start_login(other, world_ended, world);
	world_run(world, world_one_ended);
	world_store(world, 1, world->target.port, WORLD_IFACE, "automatic");
	change_record(world, F_NODE_LEADING_LOGIN, "Yes");
	world_picture(world, 1, false);
	world_pass(world, 30);
	world_run(world, world_is_idle);
	assert_int_equal(world_sessions(world), 1);
	change_record(world, F_NODE_LEADING_LOGIN, "No");
	world_pass(world, 30);
	world_run(world, world_is_idle);
	assert_int_equal(world_sessions(world), 2);
}

static bool is_under_way(struct world *world)
{
	return world->daemon.hotplug->logins == 1 && !TAILQ_EMPTY(&world->daemon.sessions);
}

static struct session *like_first(struct world *world)
{
	struct session *session = world_session(world, 1);

	world_set(session, F_IFACE_ISCSI_IFACENAME, WORLD_IFACE);
	return session;
}

/* A client asks for what is under way: it hears how that ends. */
static void test_join(void **state)
{
	struct world *world = *state;
	struct session *like;

	world->target.slow_ms = 40;
	world_store(world, 1, world->target.port, NULL, "automatic");
	world_picture(world, 1, false);
	world_run(world, is_under_way);
	like = like_first(world);
	assert_true(hotplug_join(like, false, world_ended, world));
	assert_false(hotplug_join(like, false, world_ended, world));
	assert_true(hotplug_join(like, true, world_ended, world));
	session_kill(like);
	world_run(world, world_two_ended);
	assert_int_equal(world->err[0], ISCSI_ERR_SUCCESS);
	assert_int_equal(world->sid[0], 1);
	assert_int_equal(world->err[1], ISCSI_ERR_SUCCESS);
	assert_int_equal(world_sessions(world), 1);
	like = like_first(world);
	assert_false(hotplug_join(like, true, world_ended, world));
	session_kill(like);
}

/* A login somebody waits for is tried as often as any. */
static void test_join_failing(void **state)
{
	struct world *world = *state;
	struct session *like;

	world->target.slow_ms = 40;
	world->target.status = 0x0301;
	world->target.status_times = 1;
	world_store(world, 1, world->target.port, NULL, "automatic");
	world_picture(world, 1, false);
	world_run(world, is_under_way);
	like = like_first(world);
	assert_true(hotplug_join(like, true, world_ended, world));
	session_kill(like);
	world_run(world, world_one_ended);
	assert_int_equal(world->err[0], ISCSI_ERR_SUCCESS);
}

/* A port that goes takes the login under way with it: nothing stands in the way when it is back. */
static void test_lost_while_logging_in(void **state)
{
	struct world *world = *state;

	world->target.slow_ms = 100;
	world_store(world, 1, world->target.port, NULL, "automatic");
	world_picture(world, 1, false);
	world_run(world, is_under_way);
	world_run(world, world_is_idle);
	world_picture(world, 0, false);
	world->target.slow_ms = 0;
	world_picture(world, 1, false);
	world_run(world, world_has_one);
}

#define PORTS_TEST(test) cmocka_unit_test_setup_teardown(test, world_ports_setup, world_ports_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PORTS_TEST(test_back_off),	PORTS_TEST(test_exists),  PORTS_TEST(test_again),
		PORTS_TEST(test_many),		PORTS_TEST(test_nr_sessions), PORTS_TEST(test_leading),
		PORTS_TEST(test_join),		PORTS_TEST(test_join_failing), PORTS_TEST(test_lost_while_logging_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
