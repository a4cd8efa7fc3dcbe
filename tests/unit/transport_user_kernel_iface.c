/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The network entities of HBA ports in a made-up sysfs: whose they are, their order, and names that are none. */
#include "tests/unit/sysfs_tree.h"
#include "transport/user/kernel_iface.h"

static int make_tree(void **state)
{
	static const char *const names[] = { "ipv6-iface-2-1", "ipv6-iface-2-0", "ipv4-iface-2-0", "ipv4-iface-12-0", "ipv4-iface-2-x",
					     "ipv4-iface-2-0a", "ipv5-iface-2-0", "ipv4-iface-2-01", "other" };
	char path[80];

	snprintf(root, sizeof(root), "/tmp/kernel_iface.XXXXXX");
	assert_non_null(mkdtemp(root));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "class/iscsi_iface/%s", names[i]);
		make_file(path, "mtu", "1500\n");
	}
	return 0;
}

static void lists_a_host(void **state)
{
	struct kernel_iface *list;
	size_t count;
	char text[16];

	assert_int_equal(kernel_iface_list(root, 2, &list, &count), 0);
	assert_int_equal(count, 3);
	assert_string_equal(list[0].name, "ipv4-iface-2-0");
	assert_false(list[0].is_v6);
	assert_string_equal(list[1].name, "ipv6-iface-2-0");
	assert_string_equal(list[2].name, "ipv6-iface-2-1");
	assert_true(list[2].is_v6 && list[2].number == 1 && list[2].host_no == 2);
	kernel_iface_read(root, &list[2], "mtu", text, sizeof(text));
	assert_string_equal(text, "1500");
	kernel_iface_read(root, &list[2], "nothing", text, sizeof(text));
	assert_string_equal(text, "");
	free(list);
}

static void none(void **state)
{
	struct kernel_iface *list;
	size_t count;

	assert_int_equal(kernel_iface_list(root, 7, &list, &count), 0);
	assert_true(!list && !count);
	assert_int_equal(kernel_iface_list("/nowhere", 2, &list, &count), 0);
	assert_true(!list && !count);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(lists_a_host), cmocka_unit_test(none) };

	return cmocka_run_group_tests(tests, make_tree, remove_tree);
}
