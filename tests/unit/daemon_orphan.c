/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sessions nobody keeps: ours whose reply was lost go, others' stay, firmware's get their disks. */
#include "tests/unit/daemon_world.h"

#include "daemon/orphan.h"

#define OUR_PORT 4711

static void make_session(struct world *world, unsigned int sid, const char *creator)
{
	char folder[100], command[1000];

	snprintf(folder, sizeof(folder), "devices/host%u/session%u/iscsi_session/session%u", sid + 100, sid, sid);
	world_file(world, folder, "creator", creator);
	world_file(world, folder, "state", "FREE\n");
	world_file(world, folder, "target_id", "0\n");
	snprintf(command, sizeof(command),
		 "mkdir -p %s/class/iscsi_session %s/class/iscsi_host/host%u %s/class/scsi_host/host%u && "
		 "ln -s ../../%s %s/class/iscsi_session/session%u && ln -s ../.. %s/%s/device && "
		 "echo iscsi_tcp > %s/class/scsi_host/host%u/proc_name && "
		 ": > %s/class/scsi_host/host%u/scan",
		 world->dir, world->dir, sid + 100, world->dir, sid + 100, folder, world->dir, sid, world->dir, folder, world->dir,
		 sid + 100, world->dir, sid + 100);
	assert_int_equal(system(command), 0);
}

static int setup(void **state)
{
	struct world *world;

	if (world_setup(state))
		return -1;
	world = *state;
	world->daemon.creator = OUR_PORT;
	world_file(world, "class/iscsi_transport/tcp", "handle", "12648430\n");
	world_file(world, "class/iscsi_transport/tcp", "caps", "0x39\n");
	return 0;
}

static bool is_looked_at(struct world *world)
{
	return world->daemon.works == 0 && pool_busy(world->daemon.scans) == 0;
}

/* What is looked at once a login has failed may not have begun yet. */
static bool is_taken_down(struct world *world)
{
	return world->kernel.destroyed_sid && is_looked_at(world);
}

static void test_ours_goes_others_stay(void **state)
{
	struct world *world = *state;

	make_session(world, 41, "1\n");
	make_session(world, 42, "4711\n");
	make_session(world, 43, "-1\n");
	orphan_look(&world->daemon, ORPHAN_ALL);
	world_run(world, is_looked_at);
	assert_int_equal(world_requests(world, ISCSI_UEVENT_DESTROY_SESSION_ASYNC), 1);
	assert_int_equal(world->kernel.destroyed_sid, 42);
}

static void test_what_we_keep_stays(void **state)
{
	struct world *world = *state;

	world_logged_in(world);
	make_session(world, (unsigned int)world->sid[0], "4711\n");
	orphan_look(&world->daemon, ORPHAN_ALL);
	world_run(world, is_looked_at);
	assert_int_equal(world_requests(world, ISCSI_UEVENT_DESTROY_SESSION_ASYNC), 0);
}

/* The kernel made it and could not say so. */
static void test_lost_reply(void **state)
{
	struct world *world = *state;

	make_session(world, 44, "4711\n");
	world->kernel.refuse = ISCSI_UEVENT_CREATE_SESSION;
	world->kernel.refuse_error = -ENOBUFS;
	start_login(world_session(world, 0), world_ended, world);
	world_run(world, world_one_ended);
	assert_int_not_equal(world->err[0], ISCSI_ERR_SUCCESS);
	world_run(world, is_taken_down);
	assert_int_equal(world->kernel.destroyed_sid, 44);
}

/* The same through a driver that connects by itself. */
static void test_lost_reply_of_a_driver(void **state)
{
	struct world *world = *state;
	struct session *session = world_session(world, 0);

	world_driver(world, "iser", 0);
	make_session(world, 45, "4711\n");
	world_file(world, "class/scsi_host/host145", "proc_name", "iscsi_iser\n");
	world_set(session, F_IFACE_TRANSPORT_NAME, "iser");
	world->kernel.refuse = ISCSI_UEVENT_CREATE_BOUND_SESSION;
	world->kernel.refuse_error = -ENOBUFS;
	start_login(session, world_ended, world);
	world_run(world, world_one_ended);
	assert_int_not_equal(world->err[0], ISCSI_ERR_SUCCESS);
	world_run(world, is_taken_down);
	assert_int_equal(world->kernel.destroyed_sid, 45);
	assert_int_equal(world_endpoints(world), 0);
}

static void appear(struct world *world, uint32_t sid)
{
	world_send_event(&world->kernel, ISCSI_KEVENT_CREATE_SESSION, (uint32_t[]){sid, sid + 100, 0}, "", 0);
}

static bool is_scanned(struct world *world)
{
	char path[128], text[16] = "";
	FILE *file;

	snprintf(path, sizeof(path), "%s/class/scsi_host/host145/scan", world->dir);
	file = fopen(path, "r");
	assert_non_null(file);
	(void)!fgets(text, sizeof(text), file);
	fclose(file);
	return !strcmp(text, "0 0 -");
}

static void test_firmware_session_is_scanned(void **state)
{
	struct world *world = *state;

	make_session(world, 45, "-1\n");
	appear(world, 45);
	world_run(world, is_scanned);
	world_run(world, is_looked_at);
	assert_int_equal(world_requests(world, ISCSI_UEVENT_DESTROY_SESSION_ASYNC), 0);
}

static void test_session_of_another_program(void **state)
{
	struct world *world = *state;

	make_session(world, 45, "99\n");
	appear(world, 45);
	world_pass(world, 100);
	world_run(world, is_looked_at);
	assert_false(is_scanned(world));
	assert_int_equal(world_requests(world, ISCSI_UEVENT_DESTROY_SESSION_ASYNC), 0);
}

/* It speaks of a host whose number may be that of a session: nothing happens to that one. */
static void test_host_event(void **state)
{
	struct world *world = *state;
	struct session *session = world_logged_in(world);

	world_send_event(&world->kernel, ISCSI_KEVENT_HOST_EVENT,
			 (uint32_t[]){(uint32_t)session->sid, 0, ISCSI_HOST_EVENT_LINK_DOWN}, "", 0);
	world_pass(world, 50);
	assert_int_equal(session->conn.state, CONN_LOGGED_IN);
	assert_int_equal(world->daemon.dropped_messages, 0);
}

#define WORLD_TEST(test) cmocka_unit_test_setup_teardown(test, setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_ours_goes_others_stay),
		WORLD_TEST(test_what_we_keep_stays),
		WORLD_TEST(test_lost_reply),
		WORLD_TEST(test_lost_reply_of_a_driver),
		WORLD_TEST(test_firmware_session_is_scanned),
		WORLD_TEST(test_session_of_another_program),
		WORLD_TEST(test_host_event),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
