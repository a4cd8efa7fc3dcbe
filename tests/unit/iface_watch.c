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

/* ---- tests ---- */

static bool has_two_more(const struct world *world)
{
	return watch_ports(world->watch)->count >= 3;
}

static bool has_address(const struct world *world)
{
	const struct port *port = ports_find_netdev(watch_ports(world->watch), "v0");

	return port && port_has_family(port, AF_INET) && port_is_ready(port);
}

static void first_picture_comes_by_itself(void **state)
{
	struct world *world = *state;

	open_in_own_network(world);
	assert_int_equal(world->calls, 1);
	assert_non_null(ports_find_netdev(watch_ports(world->watch), "lo"));
}

static void nic_appears_and_gets_an_address(void **state)
{
	struct world *world = *state;

	open_in_own_network(world);
	shell("ip link add v0 type veth peer name v1");
	run_until(world, has_two_more);
	assert_false(port_is_ready(ports_find_netdev(watch_ports(world->watch), "v0")));
	shell("ip link set v1 up && ip link set v0 up && ip address add 10.1.0.2/24 dev v0");
	run_until(world, has_address);
	assert_true(world->longest_ms < 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(first_picture_comes_by_itself, setup, teardown),
		cmocka_unit_test_setup_teardown(nic_appears_and_gets_an_address, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
