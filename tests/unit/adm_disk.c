/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names of disks: links of udev, found by device; the identity in sysfs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "adm/disk.h"

static char dir[] = "/tmp/openhba-disk.XXXXXX";

static int start(void **state)
{
	char command[512];

	if (!mkdtemp(dir))
		return -1;
	setenv(DISK_DEV_ENV, dir, 1);
	snprintf(command, sizeof(command),
		 "mkdir -p %s/disk/by-path %s/class/iscsi_session/session3/device/target7:0:0/7:0:0:5 && cd %s/disk/by-path && "
		 "ln -s ../../sdb ip-b && ln -s ../../sdb1 ip-b-part1 && ln -s ../../sda ip-z && ln -s ../../sda ip-a && touch file && "
		 "echo naa.600 >%s/class/iscsi_session/session3/device/target7:0:0/7:0:0:5/wwid", dir, dir, dir, dir);
	return system(command);
}

static int stop(void **state)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

static void test_paths(void **state)
{
	struct disk_paths *paths = disk_paths_new();
	char expected[64];

	assert_non_null(paths);
	snprintf(expected, sizeof(expected), "%s/disk/by-path/ip-a", dir);
	assert_string_equal(disk_path(paths, "sda"), expected);
	snprintf(expected, sizeof(expected), "%s/disk/by-path/ip-b", dir);
	assert_string_equal(disk_path(paths, "sdb"), expected);
	assert_null(disk_path(paths, "sdc"));
	assert_null(disk_path(paths, "sd"));
	assert_null(disk_path(paths, ""));
	disk_paths_free(paths);
	disk_paths_free(NULL);
}

static void test_no_udev(void **state)
{
	struct disk_paths *paths;

	setenv(DISK_DEV_ENV, "/nowhere", 1);
	paths = disk_paths_new();
	assert_non_null(paths);
	assert_null(disk_path(paths, "sda"));
	disk_paths_free(paths);
}

static void test_wwid(void **state)
{
	struct sysfs_device device = { .host_no = 7, .lun = 5 };
	char wwid[DISK_WWID_MAX];

	disk_wwid(dir, 3, &device, wwid);
	assert_string_equal(wwid, "naa.600");
	device.lun = 6;
	disk_wwid(dir, 3, &device, wwid);
	assert_string_equal(wwid, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_paths), cmocka_unit_test(test_no_udev), cmocka_unit_test(test_wwid) };

	return cmocka_run_group_tests(tests, start, stop);
}
