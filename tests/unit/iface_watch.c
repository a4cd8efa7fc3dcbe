/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The watch against this machine's kernel, in a network namespace of its own (where that is not permitted, skipped): what links,
 * addresses and routes do is seen, soon, and once.
 */
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "iface/watch.h"
#include "lib/loop.h"
#include "sysfs_tree.h"

#define PATIENCE_MS 5000
#define SETTLE_MS (2 * WATCH_QUIET_MS)	/* what comes of a command has been told by then */

struct world {
	struct loop *loop;
	struct loop_timer *limit;
	struct watch *watch;
	unsigned int calls, firsts, route_calls, changes[PORT_CHANGE_COUNT];
	uint64_t longest_ms;
	bool closes, is_late;
	bool (*is_done)(const struct world *world);
};

static void count(enum port_change change, const struct port *before, const struct port *now, void *data)
{
	((struct world *)data)->changes[change]++;
}

static void on_change(const struct watch_change *change, void *data)
{
	struct world *world = data;
	uint64_t took = loop_now_ms() - change->since_ms;

	world->calls++;
	world->firsts += change->is_first;
	world->route_calls += change->routes_changed;
	world->longest_ms = took > world->longest_ms ? took : world->longest_ms;
	assert_ptr_equal(change->now, watch_ports(world->watch));
	ports_compare(change->before, change->now, count, world);
	if (world->closes) {
		watch_close(world->watch);
		world->watch = NULL;
		loop_stop(world->loop);
	} else if (world->is_done && world->is_done(world)) {
		loop_stop(world->loop);
	}
}

static void on_limit(void *data)
{
	struct world *world = data;

	world->is_late = true;
	loop_stop(world->loop);
}

static void run(struct world *world, bool (*is_done)(const struct world *world), uint64_t ms)
{
	world->is_done = is_done;
	world->is_late = false;
	loop_timer_set(world->limit, ms);
	assert_int_equal(loop_run(world->loop), 0);
}

static void run_until(struct world *world, bool (*is_done)(const struct world *world))
{
	run(world, is_done, PATIENCE_MS);
	assert_false(world->is_late);
}

static bool is_first(const struct world *world)
{
	return world->firsts == 1;
}

static int setup(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	snprintf(root, sizeof(root), "/tmp/iface_watch.XXXXXX");
	if (!world || !mkdtemp(root) || loop_new(&world->loop) || loop_timer_new(world->loop, on_limit, world, &world->limit))
		return -1;
	setenv("ROOT", root, 1);
	*state = world;
	return 0;
}

static int teardown(void **state)
{
	struct world *world = *state;

	watch_close(world->watch);
	loop_timer_free(world->limit);
	loop_free(world->loop);
	free(world);
	return remove_tree(state);
}

/* Each test has a network of its own, where the user running this may have one. */
static void open_in_own_network(struct world *world)
{
	if (unshare(CLONE_NEWNET) < 0)
		skip();
	assert_int_equal(watch_open(world->loop, root, on_change, world, &world->watch), 0);
	assert_true(watch_has_rtnetlink(world->watch));
	assert_int_equal(watch_ports(world->watch)->count, 0);
	run_until(world, is_first);
}

static void shell(const char *command)
{
	if (system(command) != 0)
		fail_msg("%s", command);
}

/* What not every kernel can. */
static void shell_or_skip(const char *command)
{
	if (system(command) != 0)
		skip();
}

static const struct port *port_of(const struct world *world, const char *netdev)
{
	return ports_find_netdev(watch_ports(world->watch), netdev);
}

static bool has_pair(const struct world *world)
{
	return port_of(world, "v0") && port_of(world, "v1");
}

static bool is_ready(const struct world *world)
{
	const struct port *port = port_of(world, "v0");

	return port && port_is_ready(port) && port_has_family(port, AF_INET);
}

/* Two NICs with a cable between, v0 with an address, and nothing left to tell. */
static void open_with_pair(struct world *world)
{
	open_in_own_network(world);
	shell_or_skip("echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6; ip link add v0 type veth peer name v1");
	run_until(world, has_pair);
	shell("ip link set v1 up && ip link set v0 up && ip address add 10.1.0.2/24 dev v0");
	run_until(world, is_ready);
	run(world, NULL, SETTLE_MS);
	world->calls = world->route_calls = 0;
	memset(world->changes, 0, sizeof(world->changes));
}

/* ---- one thing at a time ---- */

static void first_picture_comes_by_itself(void **state)
{
	struct world *world = *state;

	open_in_own_network(world);
	assert_int_equal(world->calls, 1);
	assert_non_null(port_of(world, "lo"));
	run(world, NULL, SETTLE_MS);
	assert_int_equal(world->calls, 1);
}

static bool has_any(const struct world *world)
{
	return world->calls > 0;
}

static const struct step {
	const char *command;
	enum port_change change;
	unsigned int count;	/* of v0 and v1 together */
} steps[] = {
	{ "ip link set v0 address 02:00:00:00:00:07", PORT_HWADDRESS, 1 },
	{ "ip address del 10.1.0.2/24 dev v0", PORT_ADDRESSES, 1 },
	{ "ip link set v1 down", PORT_DOWN, 2 },	/* v0 loses its carrier */
	{ "ip link set v1 up", PORT_UP, 2 },
	{ "ip link set v0 name w0", PORT_RENAMED, 1 },
}, bridge_steps[] = {
	{ "ip link set v0 master b0", PORT_MASTER, 1 },
	{ "ip link set v0 nomaster", PORT_MASTER, 1 },
	{ "ip link set v0 master b0", PORT_MASTER, 1 },
	{ "ip link del b0", PORT_MASTER, 1 },
};

static enum port_change wanted;
static unsigned int wanted_count;

static bool has_wanted(const struct world *world)
{
	return world->changes[wanted] >= wanted_count;
}

static void do_steps(struct world *world, const struct step *step, size_t count)
{
	for (; count--; step++) {
		memset(world->changes, 0, sizeof(world->changes));
		wanted = step->change;
		wanted_count = step->count;
		world->longest_ms = 0;
		shell(step->command);
		run_until(world, has_wanted);
		assert_true(world->longest_ms < 4000); /* of a machine that is busy with other things, too */
		run(world, NULL, SETTLE_MS);
		if (world->changes[wanted] != wanted_count)
			fail_msg("%s: told %u times", step->command, world->changes[wanted]);
	}
}

static void each_change_is_told_once(void **state)
{
	struct world *world = *state;

	open_with_pair(world);
	do_steps(world, steps, sizeof(steps) / sizeof(steps[0]));
}

static void bridge_takes_a_nic_and_gives_it_back(void **state)
{
	struct world *world = *state;

	open_with_pair(world);
	shell_or_skip("ip link add b0 type bridge");
	run(world, NULL, SETTLE_MS);
	do_steps(world, bridge_steps, sizeof(bridge_steps) / sizeof(bridge_steps[0]));
}

static bool has_route_call(const struct world *world)
{
	return world->route_calls > 0;
}

static void routes_alone_are_told(void **state)
{
	static const char *const commands[] = {
		"ip route add default via 10.1.0.1",
		"ip rule add from 10.1.0.2 lookup 100",
		"ip route add 10.9.0.0/16 via 10.1.0.9 table 100",
	};
	struct world *world = *state;

	open_with_pair(world);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		world->calls = world->route_calls = 0;
		shell(commands[i]);
		run_until(world, has_route_call);
		assert_int_equal(world->calls, 1);
		for (int change = 0; change < PORT_CHANGE_COUNT; change++)
			assert_int_equal(world->changes[change], 0);
	}
}

/* The kernel says something of a link, but no port has changed. */
static void what_changes_nothing_is_not_told(void **state)
{
	struct world *world = *state;

	open_with_pair(world);
	shell("ip link set v0 txqueuelen 77 && ip link set v0 alias x");
	run(world, NULL, SETTLE_MS);
	assert_int_equal(world->calls, 0);
}

static bool has_v0(const struct world *world)
{
	return port_of(world, "v0");
}

static bool has_no_v0(const struct world *world)
{
	return !port_of(world, "v0");
}

/* A NIC that goes into another network namespace is gone, and is new when it is back. */
static void nic_moves_away_and_back(void **state)
{
	struct world *world = *state;

	open_with_pair(world);
	shell("unshare -n sh -c 'echo $$ >$ROOT/pid; exec sleep 30' & "
	      "while ! [ -s $ROOT/pid ]; do sleep 0.01; done; ip link set v0 netns $(cat $ROOT/pid)");
	run_until(world, has_no_v0);
	assert_int_equal(world->changes[PORT_REMOVED], 1);
	shell("pid=$(cat $ROOT/pid); nsenter -n -t $pid ip link set v0 netns $PPID; kill $pid; rm $ROOT/pid");
	run_until(world, has_v0);
	assert_int_equal(world->changes[PORT_ADDED], 1);
	assert_int_equal(port_of(world, "v0")->address_count, 0);
}

/* ---- many at once ---- */

static bool has_last_address(const struct world *world)
{
	const uint8_t last[] = { 10, 2, 3, 231 };
	const struct port *port = port_of(world, "v0");

	return port && port_has_address(port, AF_INET, last) && port->address_count == 2;
}

/* A thousand addresses come, all but the last go: few pictures, and the last one is right. */
static void storm_gives_few_pictures(void **state)
{
	struct world *world = *state;

	open_with_pair(world);
	shell("for i in $(seq 0 999); do a=10.2.$((i / 256)).$((i % 256))/32; echo address add $a dev v0; "
	      "[ $i = 999 ] || echo address del $a dev v0; done | ip -batch - &");
	run_until(world, has_last_address);
	assert_true(world->calls > 0 && world->calls < 40);
	run(world, NULL, SETTLE_MS);
	assert_true(has_last_address(world));
}

static void look_is_a_hint(void **state)
{
	struct world *world = *state;

	open_with_pair(world);
	for (int i = 0; i < 1000; i++)
		watch_look(world->watch);
	run(world, NULL, SETTLE_MS);
	assert_int_equal(world->calls, 0);
}

/* ---- the end ---- */

static void may_be_closed_by_its_callback(void **state)
{
	struct world *world = *state;

	world->closes = true;
	assert_int_equal(watch_open(world->loop, root, on_change, world, &world->watch), 0);
	run_until(world, has_any);
	assert_null(world->watch);
	assert_int_equal(world->calls, 1);
}

/* The first picture is under way. */
static void may_be_closed_at_once(void **state)
{
	struct world *world = *state;

	assert_int_equal(watch_open(world->loop, root, on_change, world, &world->watch), 0);
	watch_close(world->watch);
	world->watch = NULL;
	run(world, NULL, WATCH_DELAY_MS);
	assert_int_equal(world->calls, 0);
}

/* The loop ends before the picture has been told. */
static void may_outlive_the_loops_work(void **state)
{
	struct world *world = *state;

	assert_int_equal(watch_open(world->loop, root, on_change, world, &world->watch), 0);
	watch_close(world->watch);
	world->watch = NULL;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(first_picture_comes_by_itself),
		TEST(each_change_is_told_once),
		TEST(bridge_takes_a_nic_and_gives_it_back),
		TEST(routes_alone_are_told),
		TEST(what_changes_nothing_is_not_told),
		TEST(nic_moves_away_and_back),
		TEST(storm_gives_few_pictures),
		TEST(look_is_a_hint),
		TEST(may_be_closed_by_its_callback),
		TEST(may_be_closed_at_once),
		TEST(may_outlive_the_loops_work),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
