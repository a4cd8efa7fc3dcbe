/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Boot paths of Open Firmware, by themselves and in a device tree. */
#include "tests/unit/sysfs_tree.h"

#include <errno.h>

#include "lib/boot_openfw.h"

static const char boot_path[] = "/vdevice/l-lan@30000002:speed=auto,iscsi,ciaddr=10.9.0.10,subnet-mask=255.255.255.0,giaddr=10.9.0.254,"
				"siaddr=10.9.0.1,iport=3261,ilun=5,itname=iqn.2026-01.lab:me,iname=iqn.2026-01.lab:t0,"
				"ichapid=alice,ichappw=secret12,chapid=bob,chappw=secret34,blksize=512";

static int parse(const char *text, struct boot_target *target, char node[64])
{
	node[0] = '\0';
	return boot_openfw_parse(text, strlen(text), target, node, 64);
}

static void parses_all_arguments(void **state)
{
	struct boot_target target;
	char node[64];

	assert_int_equal(parse(boot_path, &target, node), 0);
	assert_string_equal(node, "vdevice/l-lan@30000002");
	assert_string_equal(target.values[BOOT_ADDRESS], "10.9.0.10");
	assert_string_equal(target.values[BOOT_SUBNET_MASK], "255.255.255.0");
	assert_string_equal(target.values[BOOT_GATEWAY], "10.9.0.254");
	assert_string_equal(target.values[BOOT_TARGET_ADDRESS], "10.9.0.1");
	assert_string_equal(target.values[BOOT_TARGET_PORT], "3261");
	assert_string_equal(target.values[BOOT_LUN], "5");
	assert_string_equal(target.values[BOOT_INITIATOR_NAME], "iqn.2026-01.lab:me");
	assert_string_equal(target.values[BOOT_TARGET_NAME], "iqn.2026-01.lab:t0");
	assert_string_equal(target.values[BOOT_USERNAME], "alice");
	assert_string_equal(target.values[BOOT_PASSWORD], "secret12");
	assert_string_equal(target.values[BOOT_USERNAME_IN], "bob");
	assert_string_equal(target.values[BOOT_PASSWORD_IN], "secret34");
}

static void refuses_what_is_none(void **state)
{
	struct boot_target target;
	char node[64];

	assert_int_equal(parse("", &target, node), -ENOENT);
	assert_int_equal(parse("/pci@800/scsi@1/disk@0", &target, node), -ENOENT);
	assert_int_equal(parse("/vdevice/l-lan@30000002:bootp,siaddr=10.9.0.1", &target, node), -ENOENT);
	assert_string_equal(target.values[BOOT_TARGET_ADDRESS], "");
	assert_int_equal(parse("vdevice:iscsi", &target, node), -EINVAL);
	assert_int_equal(parse("/../../etc:iscsi", &target, node), -EINVAL);
	assert_int_equal(parse("/a//b:iscsi", &target, node), -EINVAL);
	assert_int_equal(parse("/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa:iscsi", &target, node), -EINVAL);
}

static void reads_a_tree(void **state)
{
	struct boot_list list = {0};
	char path[100];
	FILE *file;

	make_file("chosen", "bootpath", boot_path);
	make_folder("vdevice/l-lan@30000002");
	snprintf(path, sizeof(path), "%s/vdevice/l-lan@30000002/local-mac-address", root);
	file = fopen(path, "w");
	assert_int_equal(fwrite("\x52\x54\0\0\0\x01", 1, 6, file), 6);
	fclose(file);
	assert_int_equal(boot_openfw_read(root, &list), 0);
	assert_int_equal(list.count, 1);
	assert_string_equal(list.targets[0].values[BOOT_MAC], "52:54:00:00:00:01");
	assert_string_equal(list.targets[0].root, "openfirmware");
	boot_list_done(&list);
}

static void no_tree_is_no_target(void **state)
{
	struct boot_list list = {0};

	assert_int_equal(boot_openfw_read("/nowhere", &list), 0);
	assert_int_equal(list.count, 0);
}

static int make_root(void **state)
{
	snprintf(root, sizeof(root), "/tmp/openfw-XXXXXX");
	return mkdtemp(root) ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses_all_arguments),
		cmocka_unit_test(refuses_what_is_none),
		cmocka_unit_test(reads_a_tree),
		cmocka_unit_test(no_tree_is_no_target),
	};

	return cmocka_run_group_tests(tests, make_root, remove_tree);
}
