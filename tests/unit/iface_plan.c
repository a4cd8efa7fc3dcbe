/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The plan: what is missing is made, from what, in which order; what is there or was taken back is left alone; and what it costs. */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "iface/plan.h"

#define NICS 4

/* NIC N has 10.9.N.10 and reaches 10.9.N.0/24, nothing else. */
struct world {
	char dir[64];
	struct port_address addresses[NICS];
	struct port list[NICS];
	struct ports ports;
	struct record records[NICS];
	struct ifaces ifaces;
	struct reach *reach;
	struct plan plan;
	char made[1024];
	unsigned int made_count;
	const char *wanted;
};

static int answer(void *data, unsigned int ifindex, int family, const void *destination, struct rtway *ret_way)
{
	const uint8_t *bytes = destination;

	*ret_way = (struct rtway){ .prefix_len = 24, .table = 254 };
	memcpy(ret_way->source, bytes, 3);
	return family == AF_INET && bytes[2] == ifindex ? 0 : -ENETUNREACH;
}

static void made(const struct node_key *key, const struct verdict *verdict, void *data)
{
	struct world *world = data;
	size_t used = strlen(world->made);

	assert_true(verdict->is_bound);
	world->made_count++;
	snprintf(world->made + used, sizeof(world->made) - used, "%s %s %s;", key->target, key->portal.address, key->iface);
}

static void set(struct record *record, enum field field, const char *value)
{
	assert_int_equal(record_set(record, field, value, ORIGIN_RECORD), 0);
}

static void make_nic(struct world *world, unsigned int number)
{
	struct port *port = &world->list[number];
	struct port_address *address = &world->addresses[number];
	struct record *iface = &world->records[number];
	char text[32];

	*address = (struct port_address){ .family = AF_INET, .bytes = { 10, 9, (uint8_t)number, 10 }, .prefix_len = 24, .is_usable = true };
	*port = (struct port){ .kind = PORT_NIC, .ifindex = number, .is_up = true, .has_carrier = true, .addresses = address,
			       .address_count = 1 };
	snprintf(port->netdev, sizeof(port->netdev), "eth%u", number);
	snprintf(port->hwaddress, sizeof(port->hwaddress), "02:00:00:00:00:%02x", number);
	memcpy(port->permanent, port->hwaddress, sizeof(port->permanent));
	snprintf(port->path, sizeof(port->path), "0000:00:%02x.0", number);
	record_init(iface, RECORD_IFACE);
	snprintf(text, sizeof(text), "tcp.%u", number);
	set(iface, F_IFACE_ISCSI_IFACENAME, text);
	set(iface, F_IFACE_HWADDRESS, port->hwaddress);
	set(iface, F_IFACE_BIND, "reachable");
	set(iface, F_IFACE_ORIGIN, "auto");
}

static int setup(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	snprintf(world->dir, sizeof(world->dir), "/tmp/openhba-plan.XXXXXX");
	assert_non_null(mkdtemp(world->dir));
	for (unsigned int i = 0; i < NICS; i++)
		make_nic(world, i);
	world->ports = (struct ports){ .list = world->list, .count = NICS };
	world->ifaces = (struct ifaces){ world->records, NICS };
	assert_int_equal(reach_new_asking(answer, NULL, &world->reach), 0);
	world->plan = (struct plan){ .dir = world->dir, .ifaces = &world->ifaces, .ports = &world->ports, .reach = world->reach,
				     .made = made, .data = world };
	*state = world;
	return 0;
}

static int teardown(void **state)
{
	struct world *world = *state;
	char command[128];

	for (unsigned int i = 0; i < NICS; i++)
		record_done(&world->records[i]);
	reach_free(world->reach);
	snprintf(command, sizeof(command), "rm -rf %s", world->dir);
	free(world);
	return system(command);
}

static struct store *begin(const struct world *world)
{
	struct store *store;

	assert_int_equal(store_begin(world->dir, STORE_WRITE, &store), 0);
	return store;
}

static struct node_key make_key(const char *target, const char *address, const char *iface)
{
	struct node_key key = { .portal = { .port = 3260, .tpgt = 1 } };

	snprintf(key.target, sizeof(key.target), "%s", target);
	snprintf(key.portal.address, sizeof(key.portal.address), "%s", address);
	snprintf(key.iface, sizeof(key.iface), "%s", iface);
	return key;
}

/* user marks where settings came from. iface NULL: a found portal. */
static void put(struct store *store, const char *target, const char *address, const char *iface, const char *type, const char *user)
{
	struct node_key key = make_key(target, address, iface ? iface : "");
	struct record node;

	record_init(&node, RECORD_NODE);
	assert_int_equal(node_set_key(&node, &key), 0);
	set(&node, F_NODE_DISCOVERY_TYPE, type);
	set(&node, F_NODE_DISCOVERY_ADDRESS, "10.9.1.1");
	set(&node, F_NODE_SESSION_AUTH_USERNAME, user);
	set(&node, F_NODE_SESSION_AUTH_PASSWORD, "secret secret");
	set(&node, F_NODE_STARTUP, "automatic");
	assert_int_equal(iface ? node_save(store, &node) : found_save(store, &node), 0);
	record_done(&node);
}

static void expect_user(const struct world *world, const char *target, const char *address, const char *iface, const char *user)
{
	struct node_key key = make_key(target, address, iface);
	struct store *store;
	struct record node;

	assert_int_equal(store_begin(world->dir, STORE_READ, &store), 0);
	assert_int_equal(node_load(store, &key, &node), user ? 0 : -ENOENT);
	if (user) {
		assert_string_equal(record_text(&node, F_NODE_SESSION_AUTH_USERNAME), user);
		assert_string_equal(record_text(&node, F_IFACE_ISCSI_IFACENAME), iface);
		record_done(&node);
	}
	store_drop(store);
}

/* Settings, secrets and startup come along, the iface's settings are those of the iface. */
static void test_copies(void **state)
{
	struct world *world = *state;
	struct node_key key = make_key("iqn.t:a", "10.9.2.1", "tcp.2");
	struct store *store = begin(world);
	struct record node;

	put(store, "iqn.t:a", "10.9.2.1", "default", "send_targets", "joe");
	assert_int_equal(store_commit(store), 0);
	assert_int_equal(plan_run(&world->plan), 1);
	assert_string_equal(world->made, "iqn.t:a 10.9.2.1 tcp.2;");
	store = begin(world);
	assert_int_equal(node_load(store, &key, &node), 0);
	assert_string_equal(record_text(&node, F_NODE_SESSION_AUTH_PASSWORD), "secret secret");
	assert_true(record_is(&node, F_NODE_STARTUP, "automatic"));
	assert_string_equal(record_text(&node, F_IFACE_HWADDRESS), "02:00:00:00:00:02");
	assert_true(record_is(&node, F_IFACE_ORIGIN, "auto"));
	assert_string_equal(record_text(&node, F_NODE_DISCOVERY_ADDRESS), "10.9.1.1");
	record_done(&node);
	store_drop(store);
	expect_user(world, "iqn.t:a", "10.9.2.1", "default", "joe");
	expect_user(world, "iqn.t:a", "10.9.2.1", "tcp.1", NULL);
}

/* Another managed iface's record, what was found, default's, anybody's. */
static void test_templates(void **state)
{
	struct world *world = *state;
	struct store *store = begin(world);

	set(&world->records[2], F_IFACE_BIND, "always");
	put(store, "iqn.t:a", "10.9.1.1", NULL, "send_targets", "found");
	put(store, "iqn.t:a", "10.9.1.1", "default", "send_targets", "default");
	put(store, "iqn.t:a", "10.9.1.1", "tcp.3", "send_targets", "managed");
	put(store, "iqn.t:b", "10.9.1.1", NULL, "send_targets", "found");
	put(store, "iqn.t:b", "10.9.1.1", "default", "send_targets", "default");
	put(store, "iqn.t:b", "10.9.1.1", "tcp.3", "static", "by hand");
	put(store, "iqn.t:c", "10.9.1.1", "default", "isns", "default");
	put(store, "iqn.t:c", "10.9.1.1", "aaa", "isns", "other");
	put(store, "iqn.t:d", "10.9.1.1", "aaa", "isns", "other");
	put(store, "iqn.t:e", "10.9.1.1", NULL, "isns", "alone");
	assert_int_equal(store_commit(store), 0);
	assert_int_equal(plan_run(&world->plan), 10);
	expect_user(world, "iqn.t:a", "10.9.1.1", "tcp.1", "managed");
	expect_user(world, "iqn.t:a", "10.9.1.1", "tcp.2", "managed");
	expect_user(world, "iqn.t:b", "10.9.1.1", "tcp.1", "found");
	expect_user(world, "iqn.t:c", "10.9.1.1", "tcp.1", "default");
	expect_user(world, "iqn.t:d", "10.9.1.1", "tcp.2", "other");
	expect_user(world, "iqn.t:e", "10.9.1.1", "tcp.1", "alone");
	expect_user(world, "iqn.t:e", "10.9.1.1", "tcp.0", NULL);
	assert_int_equal(plan_run(&world->plan), 0);
}

/* What an administrator or the boot firmware entered is nobody's to multiply. */
static void test_no_discovery(void **state)
{
	struct world *world = *state;
	struct store *store = begin(world);

	put(store, "iqn.t:a", "10.9.1.1", "default", "static", "joe");
	put(store, "iqn.t:b", "10.9.1.1", "default", "fw", "joe");
	assert_int_equal(store_commit(store), 0);
	assert_int_equal(plan_run(&world->plan), 0);
}

/* A record without a tag is a binding like any other. */
static void test_unknown_tag(void **state)
{
	struct world *world = *state;
	struct node_key key = make_key("iqn.t:a", "10.9.1.1", "tcp.1");
	struct store *store = begin(world);
	struct record node;

	put(store, "iqn.t:a", "10.9.1.1", NULL, "send_targets", "found");
	put(store, "iqn.t:a", "10.9.1.1", "default", "send_targets", "default");
	key.portal.tpgt = PORTAL_TPGT_NONE;
	record_init(&node, RECORD_NODE);
	assert_int_equal(node_set_key(&node, &key), 0);
	assert_int_equal(node_save(store, &node), 0);
	record_done(&node);
	assert_int_equal(store_commit(store), 0);
	assert_int_equal(plan_run(&world->plan), 0);
}

static bool is_wanted(const struct record *iface, void *data)
{
	struct world *world = data;

	return record_is(iface, F_IFACE_ISCSI_IFACENAME, world->wanted);
}

static void test_wanted(void **state)
{
	struct world *world = *state;
	struct store *store = begin(world);

	put(store, "iqn.t:a", "10.9.1.1", NULL, "send_targets", "found");
	put(store, "iqn.t:a", "10.9.2.1", NULL, "send_targets", "found");
	assert_int_equal(store_commit(store), 0);
	world->plan.is_wanted = is_wanted;
	world->wanted = "tcp.3";
	assert_int_equal(plan_run(&world->plan), 0);
	world->wanted = "tcp.2";
	assert_int_equal(plan_run(&world->plan), 1);
	assert_string_equal(world->made, "iqn.t:a 10.9.2.1 tcp.2;");
}

/* A binding that was taken back stays so until somebody makes it again. */
static void test_declined(void **state)
{
	struct world *world = *state;
	struct node_key key = make_key("iqn.t:a", "10.9.1.1", "tcp.1");
	struct store *store = begin(world);

	put(store, "iqn.t:a", "10.9.1.1", NULL, "send_targets", "found");
	put(store, "iqn.t:a", "10.9.1.1", "default", "send_targets", "default");
	assert_int_equal(declined_save(store, &key), 0);
	assert_int_equal(store_commit(store), 0);
	assert_int_equal(plan_run(&world->plan), 0);
	store = begin(world);
	put(store, "iqn.t:a", "10.9.1.1", "tcp.1", "send_targets", "by hand");
	assert_false(declined_exists(store, &key));
	assert_int_equal(node_remove(store, &key), 0);
	assert_int_equal(store_commit(store), 0);
	assert_int_equal(plan_run(&world->plan), 1);
}

static ino_t inode_of(const struct world *world)
{
	char path[128];
	struct stat status;

	snprintf(path, sizeof(path), "%s/openhba.db", world->dir);
	assert_int_equal(stat(path, &status), 0);
	return status.st_ino;
}

/* 1000 targets with a portal on each of four segments; one NIC's bindings are there, three are not. */
static void test_cost(void **state)
{
	struct world *world = *state;
	struct store *store = begin(world);
	struct timespec start, end;
	char target[32], address[16];
	ino_t inode;

	for (int i = 0; i < 4000; i++) {
		snprintf(target, sizeof(target), "iqn.2024-01.cost:%d", i / 4);
		snprintf(address, sizeof(address), "10.9.%d.1", i % 4);
		put(store, target, address, NULL, "send_targets", "found");
		if (i % 4 == 0)
			put(store, target, address, "tcp.0", "send_targets", "managed");
	}
	assert_int_equal(store_commit(store), 0);
	clock_gettime(CLOCK_MONOTONIC, &start);
	assert_int_equal(plan_run(&world->plan), 3000);
	clock_gettime(CLOCK_MONOTONIC, &end);
	print_message("3000 bindings in %ld ms\n", (end.tv_sec - start.tv_sec) * 1000 + (end.tv_nsec - start.tv_nsec) / 1000000);
	assert_int_equal(world->made_count, 3000);
	assert_int_equal(reach_questions(world->reach), NICS * 4);
	inode = inode_of(world);
	clock_gettime(CLOCK_MONOTONIC, &start);
	assert_int_equal(plan_run(&world->plan), 0);
	clock_gettime(CLOCK_MONOTONIC, &end);
	print_message("nothing to do in %ld ms\n", (end.tv_sec - start.tv_sec) * 1000 + (end.tv_nsec - start.tv_nsec) / 1000000);
	assert_int_equal(inode_of(world), inode);
	assert_int_equal(reach_questions(world->reach), NICS * 4);
}

/* Without a store, and without an iface that could be bound, nothing is opened or made. */
static void test_nothing(void **state)
{
	struct world *world = *state;

	assert_int_equal(plan_run(&world->plan), 0);
	for (unsigned int i = 0; i < NICS; i++)
		set(&world->records[i], F_IFACE_BIND, i % 2 ? "never" : "");
	world->plan.dir = "/dev/null/nowhere";
	assert_int_equal(plan_run(&world->plan), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_copies, setup, teardown),
		cmocka_unit_test_setup_teardown(test_templates, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_discovery, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unknown_tag, setup, teardown),
		cmocka_unit_test_setup_teardown(test_wanted, setup, teardown),
		cmocka_unit_test_setup_teardown(test_declined, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cost, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
