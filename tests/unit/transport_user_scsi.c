/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is written to the SCSI layer, on a tree whose attributes are files: which one, with which text, and what happens when the
 * session, its target or a disk is gone. Waiting for a block device is tried with one that appears late.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/sysfs_tree.h"
#include "transport/user/scsi.h"
#include "transport/user/sysfs.h"

#define SESSION "devices/platform/host4/session3"
#define TARGET	SESSION "/target4:0:0"

static void make_device(const char *hctl, const char *type, const char *state)
{
	char folder[200], target[240];

	snprintf(folder, sizeof(folder), TARGET "/%s", hctl);
	make_file(folder, "type", type);
	make_file(folder, "state", state);
	make_file(folder, "queue_depth", "1\n");
	make_file(folder, "rescan", "");
	snprintf(target, sizeof(target), "../../../%s", folder);
	make_link("bus/scsi/devices", hctl, target);
}

static int make_tree(void **state)
{
	snprintf(root, sizeof(root), "/tmp/openhba-scsi.XXXXXX");
	if (!mkdtemp(root))
		return -1;
	make_file("devices/platform/host4/scsi_host/host4", "scan", "");
	make_link("class/scsi_host", "host4", "../../devices/platform/host4/scsi_host/host4");
	make_file(SESSION "/iscsi_session/session3", "state", "LOGGED_IN\n");
	make_file(SESSION "/iscsi_session/session3", "target_id", "5\n");
	make_link(SESSION "/iscsi_session/session3", "device", "../..");
	make_link("class/iscsi_session", "session3", "../../" SESSION "/iscsi_session/session3");
	make_device("4:0:0:0", "0\n", "running\n");
	make_device("4:0:0:1", "0\n", "offline\n");
	make_device("4:0:0:2", "12\n", "running\n");
	return 0;
}

static void assert_text(const char *path, const char *wanted)
{
	char text[64];

	assert_true(sysfs_read(root, path, text, sizeof(text)) >= 0);
	assert_string_equal(text, wanted);
}

static void remove_path(const char *path)
{
	char full[400];

	snprintf(full, sizeof(full), "%s/%s", root, path);
	assert_int_equal(remove(full), 0);
}

static void only_disks_offline_are_set_running(void **state)
{
	make_device("4:0:0:3", "0\n", "transport-offline\n");
	make_device("4:0:0:4", "0\n", "quiesce\n");
	assert_int_equal(scsi_set_running(root, 3), 0);
	assert_text(TARGET "/4:0:0:0/state", "running");
	assert_text(TARGET "/4:0:0:1/state", "running");
	assert_text(TARGET "/4:0:0:3/state", "running" "rt-offline"); /* a file keeps what is behind it */
	assert_text(TARGET "/4:0:0:4/state", "quiesce");
	assert_int_equal(scsi_set_running(root, 4), -ENODEV);
}

static void scan_of_the_own_target(void **state)
{
	assert_int_equal(scsi_scan_session(root, 3, 4), 0);
	assert_text("class/scsi_host/host4/scan", "0 5 -");
	assert_int_equal(scsi_scan_host(root, 4), 0);
	assert_text("class/scsi_host/host4/scan", "- - -");
	assert_int_equal(scsi_scan_host(root, 5), -ENODEV);
}

static void scan_without_a_target(void **state)
{
	make_file(SESSION "/iscsi_session/session3", "target_id", "-1\n"); /* being removed */
	assert_int_equal(scsi_scan_session(root, 3, 4), -ENODEV);
	assert_text("class/scsi_host/host4/scan", "");
	remove_path(SESSION "/iscsi_session/session3/target_id"); /* an old kernel */
	assert_int_equal(scsi_scan_session(root, 3, 4), 0);
	assert_text("class/scsi_host/host4/scan", "- - -");
	assert_int_equal(scsi_scan_session(root, 6, 4), -ENODEV);
}

static void queue_depth_of_all(void **state)
{
	assert_int_equal(scsi_set_queue_depth(root, 3, 64), 0);
	assert_text(TARGET "/4:0:0:0/queue_depth", "64");
	assert_text(TARGET "/4:0:0:1/queue_depth", "64");
	assert_text(TARGET "/4:0:0:2/queue_depth", "64");
	assert_int_equal(scsi_set_queue_depth(root, 3, 0), -EINVAL);
	assert_int_equal(scsi_set_queue_depth(root, 3, 1025), -EINVAL);
	assert_int_equal(scsi_set_queue_depth(root, 6, 64), -ENODEV);
}

static void one_disk_fails_the_others_go_on(void **state)
{
	remove_path(TARGET "/4:0:0:0/rescan");
	assert_int_equal(scsi_rescan_session(root, 3, 4), -ENOENT);
	assert_text(TARGET "/4:0:0:1/rescan", "1");
	assert_text(TARGET "/4:0:0:2/rescan", "1");
	assert_text("class/scsi_host/host4/scan", "0 5 -");
}

static void *attach_late(void *unused)
{
	struct timespec pause = { .tv_nsec = 50000000 };

	nanosleep(&pause, NULL);
	make_folder(TARGET "/4:0:0:0/block/sda");
	return NULL;
}

static void a_late_block_device(void **state)
{
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, attach_late, NULL), 0);
	assert_int_equal(scsi_wait_block_devices(root, 3, 5000), 1); /* the offline disk is not waited for */
	assert_int_equal(pthread_join(thread, NULL), 0);
}

static void a_block_device_that_never_comes(void **state)
{
	assert_int_equal(scsi_wait_block_devices(root, 3, 30), 0);
	assert_int_equal(scsi_wait_block_devices(root, 6, 5000), -ENODEV);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_tree, remove_tree)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(scan_of_the_own_target),
		TEST(scan_without_a_target),
		TEST(queue_depth_of_all),
		TEST(one_disk_fails_the_others_go_on),
		TEST(only_disks_offline_are_set_running),
		TEST(a_late_block_device),
		TEST(a_block_device_that_never_comes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
