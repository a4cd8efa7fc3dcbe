/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Boot targets of the firmware: which session is one, and that the kernel is told. */
#include "tests/unit/daemon_world.h"

static void make_firmware(struct world *world)
{
	world_file(world, "firmware/ibft/target0", "target-name", WORLD_TARGET "0\n");
	world_file(world, "firmware/ibft/target0", "ip-addr", "192.0.2.1\n");
	world_file(world, "firmware/ibft/target0", "nic-assoc", "1\n");
	world_file(world, "firmware/iscsi_boot3/target1", "target-name", WORLD_TARGET "0\n");
	world_file(world, "firmware/iscsi_boot3/target1", "ip-addr", "127.0.0.1\n");
	world_file(world, "firmware/iscsi_boot3/target1", "nic-assoc", "0\n");
	world_file(world, "firmware/ibft/ethernet1", "mac", "52:54:00:00:00:01\n");
	world_file(world, "firmware/iscsi_boot3/ethernet0", "mac", "52:54:00:00:00:02\n");
	world_file(world, "firmware/iscsi_boot3/target2", "port", "3260\n"); /* no name: none */
	boot_load(&world->daemon);
}

static void test_the_address_decides(void **state)
{
	struct world *world = *state;
	const struct boot_place *found;

	make_firmware(world);
	assert_int_equal(world->daemon.boot_count, 2);
	found = boot_find(&world->daemon, WORLD_TARGET "0", "127.0.0.1", 3260);
	assert_non_null(found);
	assert_string_equal(found->root, "iscsi_boot3");
	assert_string_equal(found->nic, "ethernet0");
	assert_string_equal(found->target, "target1");
	found = boot_find(&world->daemon, WORLD_TARGET "0", "192.0.2.1", 3260);
	assert_string_equal(found->root, "ibft");
	assert_non_null(boot_find(&world->daemon, WORLD_TARGET "0", "192.0.2.9", 3260));
	assert_null(boot_find(&world->daemon, WORLD_TARGET "1", "192.0.2.1", 3260));
}

static unsigned int params_of_login(struct world *world, int number)
{
	unsigned int before = world_requests(world, 1000 + ISCSI_UEVENT_SET_PARAM);
	unsigned int ended = world->ended;
	struct session *session = world_session(world, number);

	start_login(session, world_ended, world);
	world_run(world, ended ? world_two_ended : world_one_ended);
	assert_int_equal(world->err[ended], ISCSI_ERR_SUCCESS);
	return world_requests(world, 1000 + ISCSI_UEVENT_SET_PARAM) - before;
}

static void test_the_kernel_is_told(void **state)
{
	struct world *world = *state;
	unsigned int booted, other;

	make_firmware(world);
	booted = params_of_login(world, 0);
	other = params_of_login(world, 1);
	assert_int_equal(booted, other + 3);
}

static void test_no_firmware(void **state)
{
	struct world *world = *state;

	boot_load(&world->daemon);
	assert_int_equal(world->daemon.boot_count, 0);
	assert_null(boot_find(&world->daemon, WORLD_TARGET "0", "127.0.0.1", 3260));
}

#define WORLD_TEST(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_the_address_decides),
		WORLD_TEST(test_the_kernel_is_told),
		WORLD_TEST(test_no_firmware),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
