/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Ports for the daemon's test world: pictures as a watch would give them, a store and iscsid.conf. The
 * one NIC that sessions can really leave from is the loopback interface, shown as a NIC like others; no
 * route leads from it, so ifaces are bound always.
 */
#ifndef OPENHBA_TESTS_UNIT_DAEMON_WORLD_PORTS_H
#define OPENHBA_TESTS_UNIT_DAEMON_WORLD_PORTS_H

#include "tests/unit/daemon_world.h"

#include <net/if.h>
#include <sys/stat.h>

#include "daemon/hotplug.h"
#include "daemon/hotplug_set.h"
#include "iface/iface.h"
#include "iface/watch.h"
#include "lib/records.h"
#include "lib/text.h"

#define WORLD_IFACE "tcp.lo"

static char world_config_path[128];
static struct port world_nics[2];
static struct port_address world_address = {.family = AF_INET, .bytes = {127, 0, 0, 1}, .prefix_len = 8, .is_usable = true};
__attribute__((unused)) static bool world_was_seen;

__attribute__((unused)) static void world_config(struct world *world, const char *settings)
{
	char text[512];

	snprintf(text, sizeof(text),
		 "iface.bind = always\nnode.startup = automatic\nnode.session.scan = manual\nnode.conn[0].timeo.logout_timeout = 1\n%s", settings);
	snprintf(world_config_path, sizeof(world_config_path), "%s/iscsid.conf", world->dir);
	assert_int_equal(text_write_file(world_config_path, text, strlen(text), 0600), 0);
	world->daemon.options.config_path = world_config_path;
}

/* The NIC as it is, or without link. */
__attribute__((unused)) static void world_nic(bool is_up)
{
	struct port *nic = &world_nics[0];

	*nic = (struct port){.kind = PORT_NIC, .ifindex = if_nametoindex("lo"), .is_up = true, .has_carrier = is_up};
	snprintf(nic->netdev, sizeof(nic->netdev), "lo");
	nic->addresses = &world_address;
	nic->address_count = is_up;
}

/* What the watch would say; count 0: the NIC is gone. */
__attribute__((unused)) static void world_picture(struct world *world, size_t count, bool routes)
{
	static const struct ports none;
	const struct ports now = {.list = world_nics, .count = count};
	const struct watch_change change = {
		.before = &none, .now = &now, .routes_changed = routes, .is_first = !world_was_seen};

	world_was_seen = true;
	hotplug_changed(&change, world->daemon.hotplug);
}

/* A record, or (without an iface) a portal a discovery has found. */
__attribute__((unused)) static void world_store(struct world *world, int number, int port, const char *iface, const char *startup)
{
	struct portal portal = {.address = "127.0.0.1", .port = port, .tpgt = 1};
	struct record node;
	struct store *store;
	char target[64];

	snprintf(target, sizeof(target), WORLD_TARGET "%d", number);
	record_init(&node, RECORD_NODE);
	assert_int_equal(node_set_target(&node, target, &portal), 0);
	assert_int_equal(record_set(&node, F_NODE_SESSION_SCAN, "manual", ORIGIN_RECORD), 0);
	assert_int_equal(record_set(&node, F_NODE_CONN_TIMEO_LOGOUT_TIMEOUT, "1", ORIGIN_RECORD), 0);
	assert_int_equal(record_set(&node, F_NODE_SESSION_ISCSI_DEFAULT_TIME2WAIT, "0", ORIGIN_RECORD), 0);
	assert_int_equal(record_set(&node, F_NODE_STARTUP, startup, ORIGIN_RECORD), 0);
	assert_int_equal(record_set(&node, F_NODE_DISCOVERY_TYPE, "send_targets", ORIGIN_RECORD), 0);
	if (iface)
		assert_int_equal(record_set(&node, F_IFACE_ISCSI_IFACENAME, iface, ORIGIN_RECORD), 0);
	assert_int_equal(store_begin(world->dir, STORE_WRITE, &store), 0);
	assert_int_equal(iface ? node_save(store, &node) : found_save(store, &node), 0);
	assert_int_equal(store_commit(store), 0);
	record_done(&node);
}

__attribute__((unused)) static struct node_key world_key(struct world *world, int number, int port)
{
	struct node_key key = {.portal = {.address = "127.0.0.1", .port = port, .tpgt = 1}, .iface = WORLD_IFACE};

	snprintf(key.target, sizeof(key.target), WORLD_TARGET "%d", number);
	return key;
}

__attribute__((unused)) static bool world_has_record(struct world *world, int number)
{
	struct node_key key = world_key(world, number, world->target.port);
	struct store *store;
	bool is_there;

	assert_int_equal(store_begin(world->dir, STORE_READ, &store), 0);
	is_there = node_exists(store, &key);
	store_drop(store);
	return is_there;
}

/* As an administrator does with -I: it is not made again by itself. */
__attribute__((unused)) static void world_remove_record(struct world *world, int number)
{
	struct node_key key = world_key(world, number, world->target.port);
	struct store *store;

	assert_int_equal(store_begin(world->dir, STORE_WRITE, &store), 0);
	assert_int_equal(node_remove(store, &key), 0);
	assert_int_equal(declined_save(store, &key), 0);
	assert_int_equal(store_commit(store), 0);
}

__attribute__((unused)) static unsigned int world_sessions(const struct world *world)
{
	const struct session *session;
	unsigned int count = 0;

	TAILQ_FOREACH(session, &world->daemon.sessions, entry)
	count += session->state == SESSION_LOGGED_IN && !session->is_leaving;
	return count;
}

__attribute__((unused)) static bool world_has_one(struct world *world)
{
	return world_sessions(world) == 1;
}

__attribute__((unused)) static bool world_is_idle(struct world *world)
{
	const struct hotplug *set = world->daemon.hotplug;

	return !world->daemon.works && (!set || (!set->pass && !set->logins && (!set->reasons || set->is_stopping)));
}

__attribute__((unused)) static int world_ports_setup(void **state)
{
	struct world *world;

	assert_int_equal(world_setup(state), 0);
	world = *state;
	world_was_seen = false;
	world_nic(true);
	world_config(world, "iface.nics = lo\n");
	assert_int_equal(hotplug_new(&world->daemon, world->dir), 0);
	return 0;
}

__attribute__((unused)) static int world_ports_teardown(void **state)
{
	struct world *world = *state;

	hotplug_stop(&world->daemon);
	world_run(world, world_is_idle);
	hotplug_close(&world->daemon);
	return world_teardown(state);
}

#endif
