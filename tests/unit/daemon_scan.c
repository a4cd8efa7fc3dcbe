/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What follows a login on threads: when the answer comes, queue depths, disks set running after a
 * recovery, and that a state file does not wait for a scan. */
#include "tests/unit/daemon_world.h"

#include "daemon/scan.h"

#define DEVICES "devices/host101/session1/target101:0:0/101:0:0:0"

static void make_disk(struct world *world, const char *state)
{
	char command[600];

	world_file(world, "devices/host101/session1/iscsi_session/session1", "state", "LOGGED_IN\n");
	world_file(world, "devices/host101/session1/iscsi_session/session1", "target_id", "0\n");
	world_file(world, "class/scsi_host/host101", "scan", "");
	world_file(world, "class/scsi_host/host101", "cmd_per_lun", "32\n");
	world_file(world, DEVICES, "type", "0\n");
	world_file(world, DEVICES, "state", state);
	world_file(world, DEVICES, "rescan", "");
	world_file(world, DEVICES, "queue_depth", "32 \n");
	snprintf(command, sizeof(command),
		 "cd %s && mkdir -p class/iscsi_session bus/scsi/devices && "
		 "ln -s ../../devices/host101/session1/iscsi_session/session1 class/iscsi_session/session1 && "
		 "ln -s ../.. devices/host101/session1/iscsi_session/session1/device && "
		 "ln -s ../../../" DEVICES " bus/scsi/devices/101:0:0:0",
		 world->dir);
	assert_int_equal(system(command), 0);
}

static void assert_file(const struct world *world, const char *path, const char *wanted)
{
	char full[256], text[64] = "";
	FILE *file;

	snprintf(full, sizeof(full), "%s/%s", world->dir, path);
	file = fopen(full, "r");
	assert_non_null(file);
	(void)!fgets(text, sizeof(text), file);
	fclose(file);
	assert_int_equal(strncmp(text, wanted, strlen(wanted)), 0);
}

static bool is_quiet(struct world *world)
{
	return !world->daemon.works && !pool_busy(world->daemon.scans);
}

static struct session *scanned(struct world *world, const char *depth)
{
	struct session *session = world_session(world, 0);

	make_disk(world, "running\n");
	world_set(session, F_NODE_SESSION_SCAN, "auto");
	world_set(session, F_NODE_SESSION_QUEUE_DEPTH, depth);
	start_login(session, world_ended, world);
	world_run(world, world_one_ended);
	assert_int_equal(world->err[0], ISCSI_ERR_SUCCESS);
	return session;
}

static void test_the_answer_comes_after_the_scan(void **state)
{
	struct world *world = *state;

	scanned(world, "32");
	assert_file(world, "class/scsi_host/host101/scan", "0 0 -");
	assert_file(world, DEVICES "/queue_depth", "32 ");
}

static void test_depth_the_driver_did_not_take(void **state)
{
	struct world *world = *state;

	scanned(world, "200");
	assert_file(world, DEVICES "/queue_depth", "200");
}

static void test_manual_means_no_scan(void **state)
{
	struct world *world = *state;
	char path[128], text[8] = "";
	FILE *file;

	make_disk(world, "running\n");
	world_logged_in(world);
	world_run(world, is_quiet);
	snprintf(path, sizeof(path), "%s/class/scsi_host/host101/scan", world->dir);
	file = fopen(path, "r");
	assert_null(fgets(text, sizeof(text), file));
	fclose(file);
}

static bool is_back(struct world *world)
{
	return world_requests(world, ISCSI_UEVENT_START_CONN) == 2;
}

static void test_disks_run_after_recovery(void **state)
{
	struct world *world = *state;
	struct session *session = world_logged_in(world);

	make_disk(world, "offline\n");
	world_conn_error(world, session->sid);
	world_run(world, is_back);
	world_run(world, is_quiet);
	assert_file(world, DEVICES "/state", "running");
	assert_file(world, DEVICES "/rescan", "1");
	assert_file(world, "class/scsi_host/host101/scan", "");
}

static int gate[2];

static void hang(void *data)
{
	char byte;

	assert_int_equal(read(gate[0], &byte, 1), 1);
}

static void hung(void *data, bool cancelled)
{
}

/* All threads for scans hang: a login with scan = manual, and its state file, do not notice. */
static void test_state_files_do_not_wait_for_scans(void **state)
{
	struct world *world = *state;
	uint64_t began_ms = loop_now_ms();
	char path[96];

	assert_int_equal(pipe(gate), 0);
	for (int i = 0; i < 2 * DAEMON_SCANNERS; i++)
		assert_int_equal(pool_work(world->daemon.scans, hang, hung, NULL), 0);
	snprintf(path, sizeof(path), "%s/session-%d", world->dir, world_logged_in(world)->sid);
	assert_int_equal(access(path, R_OK), 0);
	assert_true(loop_now_ms() - began_ms < 900);
	for (int i = 0; i < 2 * DAEMON_SCANNERS; i++)
		assert_int_equal(write(gate[1], "", 1), 1);
	world_run(world, is_quiet);
	close(gate[0]);
	close(gate[1]);
}

#define WORLD_TEST(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_the_answer_comes_after_the_scan),
		WORLD_TEST(test_depth_the_driver_did_not_take),
		WORLD_TEST(test_manual_means_no_scan),
		WORLD_TEST(test_disks_run_after_recovery),
		WORLD_TEST(test_state_files_do_not_wait_for_scans),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
