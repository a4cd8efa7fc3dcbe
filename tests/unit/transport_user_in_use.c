/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whose disks are in use: a disk, its partition, what is built on them, by mounts and by swap; and the logout that is refused for it. */
#include "transport/user/in_use.h"
#include "tests/unit/sysfs_tree.h"

#define SESSION "devices/platform/host4/session3"
#define DISK SESSION "/target4:0:0/4:0:0:0"

static char sentence[256];

static void make_block(const char *folder, const char *name, const char *number)
{
	char path[200], target[240];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	make_file(path, "dev", number);
	snprintf(target, sizeof(target), "../../%s", path);
	make_link("class/block", name, target);
}

/* sdb has a partition with a volume on it, a second session has sdc. */
static int make_tree(void **state)
{
	snprintf(root, sizeof(root), "/tmp/openhba-in-use.XXXXXX");
	if (!mkdtemp(root))
		return -1;
	make_file(SESSION "/iscsi_session/session3", "state", "LOGGED_IN\n");
	make_link(SESSION "/iscsi_session/session3", "device", "../..");
	make_link("class/iscsi_session", "session3", "../../" SESSION "/iscsi_session/session3");
	make_file(DISK, "type", "0\n");
	make_file(DISK, "state", "running\n");
	make_link("bus/scsi/devices", "4:0:0:0", "../../../" DISK);
	make_block(DISK "/block", "sdb", "8:16\n");
	make_block(DISK "/block/sdb", "sdb1", "8:17\n");
	make_file(DISK "/block/sdb/sdb1", "partition", "1\n");
	make_block("devices/virtual/block", "dm-3", "253:3\n");
	make_link(DISK "/block/sdb/sdb1/holders", "dm-3", "../../../../../../../../../virtual/block/dm-3");
	make_block("devices", "sdc", "8:32\n");
	make_file("self", "mountinfo", "20 1 8:1 / / rw - ext4 /dev/sda1 rw\n31 20 8:32 / /other rw - ext4 /dev/sdc rw\n");
	make_file(".", "swaps", "Filename Type Size Used Priority\n/dev/sda2 partition 1048572 0 -2\n");
	return 0;
}

static int check(void)
{
	sentence[0] = '\0';
	return in_use_check(root, root, 3, sentence, sizeof(sentence));
}

static void test_nobody(void **state)
{
	assert_int_equal(check(), 0);
	assert_int_equal(in_use_check(root, root, 7, sentence, sizeof(sentence)), 0);
}

static void test_mounts(void **state)
{
	static const struct {
		const char *line, *sentence;
	} rows[] = {
		{"40 20 8:16 / /srv rw shared:1 - xfs /dev/sdb rw\n", "its disk sdb is mounted on /srv"},
		{"40 20 8:17 / /srv rw - ext4 /dev/disk/by-path/x rw\n", "its disk sdb1 is mounted on /srv"},
		{"40 20 253:3 / /data rw master:2 - ext4 /dev/mapper/vg-data rw\n", "its disk dm-3 is mounted on /data"},
		{"40 20 0:44 /sub /btrfs rw - btrfs /dev/sdb1 rw\n", "its disk sdb1 is mounted on /btrfs"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		make_file("self", "mountinfo", rows[i].line);
		assert_int_equal(check(), 1);
		assert_string_equal(sentence, rows[i].sentence);
	}
}

static void test_swap(void **state)
{
	make_file(".", "swaps", "Filename Type Size Used Priority\n/dev/sdb1 partition 1048572 0 -2\n");
	assert_int_equal(check(), 1);
	assert_string_equal(sentence, "its disk sdb1 is used for swap");
}

static void test_lines_that_make_no_sense(void **state)
{
	make_file("self", "mountinfo", "40\n\n - \n40 20 8:16\n40 20 : / /srv\n");
	assert_int_equal(check(), 0);
}

#define TREE_TEST(test) cmocka_unit_test_setup_teardown(test, make_tree, remove_tree)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TREE_TEST(test_nobody),
		TREE_TEST(test_mounts),
		TREE_TEST(test_swap),
		TREE_TEST(test_lines_that_make_no_sense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
