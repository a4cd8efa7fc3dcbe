/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an administrator logged out of stays logged out: until a login by hand, or until the record is another one. */
#include "tests/unit/daemon_world_ports.h"

#include "daemon/logout.h"

static const char *hold_file(const struct world *world)
{
	return world->daemon.hotplug->hold_path;
}

static bool is_one_there_and_idle(struct world *world)
{
	return world_has_one(world) && world_is_idle(world);
}

/* Logged in by itself, and out by a client. */
static void log_in_and_out(struct world *world)
{
	struct session *session;

	world_store(world, 1, world->target.port, NULL, "automatic");
	world_picture(world, 1, false);
	world_run(world, is_one_there_and_idle);
	session = session_ref(TAILQ_FIRST(&world->daemon.sessions));
	logout_start(session, world_ended, world);
	world_run(world, world_one_ended);
	hotplug_hold(&world->daemon, &session->node);
	session_unref(session);
	world_run(world, world_is_idle);
}

static void look_again(struct world *world)
{
	hotplug_reload(&world->daemon);
	world_picture(world, 0, false);
	world_picture(world, 1, true);
	world_pass(world, 20);
	world_run(world, world_is_idle);
}

static void test_held(void **state)
{
	struct world *world = *state;
	struct stat status;

	log_in_and_out(world);
	look_again(world);
	assert_int_equal(world_sessions(world), 0);
	assert_int_equal(stat(hold_file(world), &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
}

static void test_restart(void **state)
{
	struct world *world = *state;

	log_in_and_out(world);
	hotplug_stop(&world->daemon);
	world_run(world, world_is_idle);
	hotplug_close(&world->daemon);
	world_was_seen = false;
	assert_int_equal(hotplug_new(&world->daemon, world->dir), 0);
	world_picture(world, 1, false);
	world_pass(world, 50);
	world_run(world, world_is_idle);
	assert_int_equal(world->daemon.hotplug->record_count, 1);
	assert_int_equal(world_sessions(world), 0);
}

static void test_released(void **state)
{
	struct world *world = *state;
	struct session *like;

	log_in_and_out(world);
	like = world_session(world, 1);
	world_set(like, F_IFACE_ISCSI_IFACENAME, WORLD_IFACE);
	hotplug_release(&world->daemon, &like->node);
	session_kill(like);
	look_again(world);
	assert_int_equal(world_sessions(world), 1);
	assert_int_equal(world->daemon.hotplug->hold_count, 0);
}

static bool has_no_hold(struct world *world)
{
	return !world->daemon.hotplug->hold_count && world_is_idle(world);
}

static void test_record_made_anew(void **state)
{
	struct world *world = *state;

	log_in_and_out(world);
	world_remove_record(world, 1);
	world_run(world, has_no_hold);
	world_store(world, 1, world->target.port, WORLD_IFACE, "automatic");
	world_run(world, world_has_one);
}

/* Sessions that are nobody's but their user's: nothing is kept of their logout. */
static void test_others(void **state)
{
	struct world *world = *state;
	struct session *session;

	world_picture(world, 1, false);
	world_run(world, world_is_idle);
	session = world_session(world, 7);
	hotplug_hold(&world->daemon, &session->node);
	assert_int_equal(world->daemon.hotplug->hold_count, 0);
	assert_int_equal(access(hold_file(world), F_OK), -1);
}

static void test_bad_file(void **state)
{
	static const char text[] = "\nnonsense\niqn.x:y\t127.0.0.1,99999,1\tz\niqn.x:y\t127.0.0.1,3260,1\tz\n"
				   "iqn.x:z\t127.0.0.1,3260,-1\t\n";
	struct world *world = *state;
	char **names;
	size_t count;

	assert_int_equal(text_write_file(hold_file(world), text, strlen(text), 0600), 0);
	hotplug_hold_read(hold_file(world), &names, &count);
	assert_int_equal(count, 1);
	assert_string_equal(names[0], "iqn.x:y\t127.0.0.1,3260,-1\tz");
	free(names[0]);
	free(names);
}

#define PORTS_TEST(test) cmocka_unit_test_setup_teardown(test, world_ports_setup, world_ports_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PORTS_TEST(test_held),		   PORTS_TEST(test_restart), PORTS_TEST(test_released),
		PORTS_TEST(test_record_made_anew), PORTS_TEST(test_others),  PORTS_TEST(test_bad_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
