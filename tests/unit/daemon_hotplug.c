/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From a port that appears to a session, without anybody asking: and what leads to a pass, and what does not. */
#include "tests/unit/daemon_world_ports.h"

static void test_port_appears(void **state)
{
	struct world *world = *state;
	struct session *session;
	struct record iface;
	char dir[96];

	world_store(world, 1, world->target.port, NULL, "automatic");
	world_picture(world, 0, false);
	world_run(world, world_is_idle);
	assert_int_equal(world_sessions(world), 0);
	world_picture(world, 1, false);
	world_run(world, world_has_one);
	assert_true(world_has_record(world, 1));
	snprintf(dir, sizeof(dir), "%s/ifaces", world->dir);
	assert_int_equal(iface_load(dir, WORLD_IFACE, &iface), 0);
	assert_string_equal(record_text(&iface, F_IFACE_NET_IFACENAME), "lo");
	record_done(&iface);
	session = TAILQ_FIRST(&world->daemon.sessions);
	assert_string_equal(session_iface(session), WORLD_IFACE);
	assert_string_equal(session->netdev, "lo");
}

/* The case of a boot: all is there but the sessions. */
static void test_start(void **state)
{
	struct world *world = *state;

	world_store(world, 1, world->target.port, NULL, "automatic");
	world_store(world, 2, world->target.port, WORLD_IFACE, "manual");
	world_picture(world, 1, false);
	world_run(world, world_has_one);
	world_run(world, world_is_idle);
	assert_int_equal(world_sessions(world), 1);
}

/* Nothing is under way, and what happened meanwhile leads to no further pass. */
static bool is_settled(struct world *world)
{
	return world_is_idle(world) && !world->daemon.hotplug->reasons;
}

/* Many changes at once: one session, one record, and passes do not pile up. */
static void test_burst(void **state)
{
	struct world *world = *state;

	/* Else it depends on when the first pass reads it whether the port is held back for seconds. */
	world_config(world, "iface.nics = lo\niface.flap_max = 0\n");
	world_store(world, 1, world->target.port, NULL, "automatic");
	for (int i = 0; i < 200; i++) {
		world_nic(i % 2);
		world_picture(world, i % 3 != 0, i % 5 == 0);
		if (i % 50 == 0)
			world_pass(world, 1);
	}
	hotplug_reload(&world->daemon);
	world_picture(world, 0, false);
	world_nic(true);
	world_picture(world, 1, true);
	world_run(world, world_has_one);
	world_pass(world, 50);
	world_run(world, is_settled);
	assert_int_equal(world_sessions(world), 1);
}

static bool is_pass_over(struct world *world)
{
	return !world->daemon.hotplug->pass && world->daemon.hotplug->has_policy;
}

/* With nothing selected the store may change as it likes: nobody reads it. */
static void test_quiet(void **state)
{
	struct world *world = *state;
	char dir[96];

	world_config(world, "");
	world_store(world, 1, world->target.port, NULL, "automatic");
	world_picture(world, 1, false);
	world_run(world, is_pass_over);
	snprintf(dir, sizeof(dir), "%s/ifaces", world->dir);
	assert_int_equal(access(dir, F_OK), -1);
	world_store(world, 2, world->target.port, "default", "automatic");
	world_picture(world, 1, true);
	world_picture(world, 0, false);
	assert_null(world->daemon.hotplug->pass);
	assert_false(world->daemon.hotplug->reasons);
	world_pass(world, 20);
	assert_int_equal(world->daemon.works, 0);
	assert_true(TAILQ_EMPTY(&world->daemon.sessions));
}

static void test_reload(void **state)
{
	struct world *world = *state;

	world_config(world, "");
	world_store(world, 1, world->target.port, NULL, "automatic");
	world_picture(world, 1, false);
	world_run(world, is_pass_over);
	world_config(world, "iface.nics = lo\n");
	hotplug_reload(&world->daemon);
	world_run(world, world_has_one);
}

/* A record somebody else made, told by inotify. */
static void test_store_changes(void **state)
{
	struct world *world = *state;

	world_picture(world, 1, false);
	world_run(world, is_pass_over);
	world_run(world, world_is_idle);
	world_store(world, 1, world->target.port, WORLD_IFACE, "manual");
	world_pass(world, 30);
	world_run(world, world_is_idle);
	assert_int_equal(world_sessions(world), 0);
	world_store(world, 1, world->target.port, WORLD_IFACE, "automatic");
	world_run(world, world_has_one);
}

/* An iface an administrator wrote, with iface.bind. */
static void test_iface_by_hand(void **state)
{
	struct world *world = *state;
	struct record iface;
	char dir[96];

	world_config(world, "");
	world_store(world, 1, world->target.port, NULL, "automatic");
	world_picture(world, 1, false);
	world_run(world, is_pass_over);
	snprintf(dir, sizeof(dir), "%s/ifaces", world->dir);
	record_init(&iface, RECORD_IFACE);
	assert_int_equal(record_set(&iface, F_IFACE_ISCSI_IFACENAME, "mine", ORIGIN_RECORD), 0);
	assert_int_equal(record_set(&iface, F_IFACE_TRANSPORT_NAME, "tcp", ORIGIN_RECORD), 0);
	assert_int_equal(record_set(&iface, F_IFACE_NET_IFACENAME, "lo", ORIGIN_RECORD), 0);
	assert_int_equal(record_set(&iface, F_IFACE_BIND, "always", ORIGIN_RECORD), 0);
	assert_int_equal(iface_save(dir, &iface), 0);
	record_done(&iface);
	world_run(world, world_has_one);
	assert_string_equal(session_iface(TAILQ_FIRST(&world->daemon.sessions)), "mine");
}

#define CROWD 3000

static void crowd_picture(struct world *world, const struct port *list, size_t count)
{
	static const struct ports none;
	const struct ports now = {.list = (struct port *)list, .count = count};
	const struct watch_change change = {.before = &none, .now = &now, .is_first = !world_was_seen};

	world_was_seen = true;
	hotplug_changed(&change, world->daemon.hotplug);
}

/* A machine full of containers: NICs that are nobody's come and go beside the one that counts. */
static void test_crowd(void **state)
{
	struct world *world = *state;
	struct port *list = calloc(CROWD + 1, sizeof(*list)), *nic = NULL;
	uint64_t began_ms = loop_now_ms();

	world_store(world, 1, world->target.port, NULL, "automatic");
	list[0] = world_nics[0];
	for (unsigned int i = 1; i <= CROWD; i++) {
		nic = &list[i];
		*nic = (struct port){.kind = PORT_NIC, .ifindex = 100 + i, .is_up = true, .has_carrier = true};
		snprintf(nic->netdev, sizeof(nic->netdev), "veth%u", i);
		snprintf(nic->nic_kind, sizeof(nic->nic_kind), "veth");
	}
	crowd_picture(world, list, CROWD + 1);
	world_run(world, world_has_one);
	nic->address_count = 1;
	nic->addresses = &world_address;
	for (int i = 0; i < 20; i++)
		crowd_picture(world, list, (size_t)CROWD + i % 2);
	world_run(world, world_is_idle);
	crowd_picture(world, list, 1);
	world_run(world, world_is_idle);
	assert_int_equal(world_sessions(world), 1);
	assert_ptr_equal(TAILQ_FIRST(&world->daemon.hotplug->port_list),
			 TAILQ_LAST(&world->daemon.hotplug->port_list, hotplug_port_list));
	/* With sanitizers, on a busy machine; without a tree it was many times that. */
	assert_true(loop_now_ms() - began_ms < 20000);
	free(list);
}

#define PORTS_TEST(test) cmocka_unit_test_setup_teardown(test, world_ports_setup, world_ports_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PORTS_TEST(test_port_appears),	PORTS_TEST(test_start),		 PORTS_TEST(test_burst),
		PORTS_TEST(test_quiet),		PORTS_TEST(test_reload),	 PORTS_TEST(test_store_changes),
		PORTS_TEST(test_iface_by_hand), PORTS_TEST(test_crowd),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
