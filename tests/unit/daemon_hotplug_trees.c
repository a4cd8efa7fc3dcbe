/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From an adapter that is plugged in to its iface records, nobody asking: the daemon's own watch, with the real libudev in front, on
 * device trees (tests/unit/card_trees.h). What is said of it on the way, and what becomes of records when the card is pulled.
 */
#include "tests/unit/daemon_world_ports.h"
#include "tests/unit/card_trees.h"

#define LEFT "qla4xxx.00:0e:1e:04:93:92.ipv4.0"

static unsigned int wanted_files;

static int setup(void **state)
{
	struct world *world;

	assert_int_equal(start_machine(NULL), 0);
	assert_int_equal(world_setup(state), 0);
	world = *state;
	if (has_left)
		start_udevd();
	world->daemon.sysfs = "/sys";
	world_config(world, "");
	assert_int_equal(text_write_file(world_config_path, "", 0, 0600), 0);
	snprintf(ifaces_dir, sizeof(ifaces_dir), "%s/ifaces", world->dir);
	return 0;
}

static int teardown(void **state)
{
	struct world *world = *state;

	hotplug_stop(&world->daemon);
	world_run(world, world_is_idle);
	hotplug_close(&world->daemon);
	assert_int_equal(mkdir(ifaces_dir, 0700) < 0 && errno != EEXIST, 0);
	stop_machine(NULL);
	return world_teardown(state);
}

static bool has_files(struct world *world)
{
	return count_files() == wanted_files && world_is_idle(world);
}

static void run_until_files(struct world *world, unsigned int count)
{
	wanted_files = count;
	world_run(world, has_files);
}

static bool has_policy(struct world *world)
{
	return world->daemon.hotplug->has_policy && world_is_idle(world);
}

static bool is_gone(struct world *world)
{
	return world->daemon.hotplug->ports.count <= 1 && world_is_idle(world);
}

static void plug_card(const char *card)
{
	char *text = tree(card, NULL);

	plug(text);
	free(text);
}

/* The shipped iscsid.conf: iface.nics = none. */
static void a_card_that_is_there_at_the_start(void **state)
{
	struct world *world = *state;

	if (!has_left)
		skip();
	plug_card("qla4xxx");
	plug_card("bnx2i");
	assert_int_equal(hotplug_open(&world->daemon, world->dir), 0);
	run_until_files(world, 4 + 2);
	assert_int_equal(assert_ifaces_of("qla4xxx"), 4);
	assert_int_equal(assert_ifaces_of("bnx2i"), 2);
}

static void a_card_is_plugged_in_pulled_and_put_back(void **state)
{
	char *text = tree("qla4xxx", NULL), *again = renumber(tree("qla4xxx", NULL), 4, 2, 20);
	struct world *world = *state;
	struct record iface;

	if (!has_left)
		skip();
	assert_int_equal(hotplug_open(&world->daemon, world->dir), 0);
	world_run(world, has_policy);
	plug(text);
	run_until_files(world, 4);
	assert_int_equal(assert_ifaces_of("qla4xxx"), 4);
	unplug(text);
	world_run(world, is_gone);
	assert_int_equal(iface_load(ifaces_dir, LEFT, &iface), 0);
	assert_int_equal(record_set(&iface, F_IFACE_INITIATORNAME, "iqn.2026-11.example:mine", ORIGIN_RECORD), 0);
	assert_int_equal(iface_save(ifaces_dir, &iface), 0);
	record_done(&iface);
	plug(again);
	plug_card("cxgb4i");
	run_until_files(world, 4 + 2);
	assert_int_equal(iface_load(ifaces_dir, LEFT, &iface), 0);
	assert_string_equal(record_text(&iface, F_IFACE_INITIATORNAME), "iqn.2026-11.example:mine");
	record_done(&iface);
	free(text);
	free(again);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_card_that_is_there_at_the_start),
		TEST(a_card_is_plugged_in_pulled_and_put_back),
	};

	return cmocka_run_group_tests(tests, leave_the_machine, NULL);
}
