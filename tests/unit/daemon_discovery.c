/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pollers from a store on disk to sessions: what is offered is logged in to, what is gone is logged out of, others are left alone. */
#include "tests/unit/daemon_world.h"

#include <sys/stat.h>

#include "daemon/discovery.h"
#include "daemon/discovery_poller.h"
#include "iface/iface.h"
#include "lib/records.h"
#include "lib/text.h"

static char config_path[128];

static struct poller *only_poller(const struct world *world)
{
	return world->daemon.pollers ? TAILQ_FIRST(&world->daemon.pollers->list) : NULL;
}

/* So many targets, all at the world's one portal. */
static void offer(struct world *world, int count)
{
	struct text text = {0};

	for (int i = 1; i <= count; i++)
		text_addf(&text, "TargetName=" WORLD_TARGET "%d TargetAddress=127.0.0.1:%d,1 ", i, world->target.port);
	pthread_mutex_lock(&world->target.lock);
	snprintf(world->target.targets, sizeof(world->target.targets), "%s", text.data ? text.data : "");
	pthread_mutex_unlock(&world->target.lock);
	text_done(&text);
}

static void store_discovery(const struct world *world, int port, const char *polls, const char *interval)
{
	struct record record;
	struct store *store;

	record_init(&record, RECORD_SENDTARGETS);
	assert_int_equal(record_set(&record, F_DISCOVERY_SENDTARGETS_ADDRESS, "127.0.0.1", ORIGIN_RECORD), 0);
	assert_int_equal(record_set_number(&record, F_DISCOVERY_SENDTARGETS_PORT, port, ORIGIN_RECORD), 0);
	assert_int_equal(record_set(&record, F_DISCOVERY_SENDTARGETS_USE_DISCOVERYD, polls, ORIGIN_RECORD), 0);
	assert_int_equal(record_set(&record, F_DISCOVERY_SENDTARGETS_DISCOVERYD_POLL_INVAL, interval, ORIGIN_RECORD), 0);
	assert_int_equal(store_begin(world->dir, STORE_WRITE, &store), 0);
	assert_int_equal(discovery_save(store, &record), 0);
	assert_int_equal(store_commit(store), 0);
	record_done(&record);
}

static int setup(void **state)
{
	static const char config[] = "node.session.scan = manual\nnode.conn[0].timeo.logout_timeout = 1\n";
	struct world *world;

	assert_int_equal(world_setup(state), 0);
	world = *state;
	snprintf(config_path, sizeof(config_path), "%s/iscsid.conf", world->dir);
	assert_int_equal(text_write_file(config_path, config, strlen(config), 0600), 0);
	world->daemon.options.config_path = config_path;
	return 0;
}

static bool is_idle(struct world *world)
{
	const struct poller *poller = only_poller(world);

	return !world->daemon.works && (!poller || (!poller->is_asking && poller->refs == 1));
}

static int teardown(void **state)
{
	struct world *world = *state;

	world->daemon.pollers->is_stopping = true;
	world_run(world, is_idle);
	discovery_close(&world->daemon);
	return world_teardown(state);
}

static unsigned int logged_in(const struct world *world)
{
	const struct session *session;
	unsigned int count = 0;

	TAILQ_FOREACH(session, &world->daemon.sessions, entry)
	count += session->state == SESSION_LOGGED_IN && !session->is_leaving;
	return count;
}

static bool is_one(struct world *world)
{
	return logged_in(world) == 1;
}

static bool is_two(struct world *world)
{
	return logged_in(world) == 2;
}

static bool is_asked_again(struct world *world)
{
	return world->target.questions >= 2;
}

/* The first round is over. */
static bool is_asked_once(struct world *world)
{
	return world->target.questions >= 1 && is_idle(world);
}

static bool is_unpolled(struct world *world)
{
	return !only_poller(world) && TAILQ_EMPTY(&world->daemon.pollers->leaving);
}

static bool is_down(struct world *world)
{
	return only_poller(world) && only_poller(world)->is_down;
}

/* Makes the poller ask now, whatever its interval. */
static void ask_now(struct world *world)
{
	poller_round(only_poller(world));
}

static void test_login(void **state)
{
	struct world *world = *state;
	struct session *session;

	offer(world, 2);
	store_discovery(world, world->target.port, "Yes", "1000");
	assert_int_equal(discovery_open(&world->daemon, world->dir), 0);
	world_run(world, is_two);
	session = TAILQ_FIRST(&world->daemon.sessions);
	assert_true(session->is_polled);
	assert_true(record_is(&session->node, F_NODE_DISCOVERY_TYPE, "send_targets"));
	assert_true(record_is(&session->node, F_NODE_SESSION_SCAN, "manual"));
	assert_int_equal(record_number(&session->node, F_NODE_DISCOVERY_PORT), world->target.port);
	/* Asked again: nothing new. */
	ask_now(world);
	world_run(world, is_idle);
	assert_int_equal(logged_in(world), 2);
	assert_int_equal(world->target.questions, 2);
}

/* A session that another program made is neither made twice nor taken down. */
static void test_others(void **state)
{
	struct world *world = *state;
	struct session *other = world_session(world, 1);

	world_set(other, F_IFACE_ISCSI_IFACENAME, "default");
	start_login(other, world_ended, world);
	world_run(world, world_one_ended);
	offer(world, 2);
	store_discovery(world, world->target.port, "Yes", "1000");
	assert_int_equal(discovery_open(&world->daemon, world->dir), 0);
	world_run(world, is_two);
	assert_false(other->is_polled);
	offer(world, 0);
	/* In recovery nobody can use a disk: such a session goes at once. */
	TAILQ_LAST(&world->daemon.sessions, session_list)->state = SESSION_FAILED;
	ask_now(world);
	world_run(world, is_one);
	world_run(world, is_idle);
	assert_true(logged_in(world) == 1 && !other->is_leaving);
}

/* Records are read again when the store's file is replaced. */
static void test_changes(void **state)
{
	struct world *world = *state;

	assert_int_equal(discovery_open(&world->daemon, world->dir), 0);
	world_run(world, is_idle);
	assert_null(only_poller(world));
	offer(world, 1);
	store_discovery(world, world->target.port, "Yes", "1000");
	world_run(world, is_one);
	store_discovery(world, world->target.port, "No", "1000");
	world_run(world, is_unpolled);
	assert_int_equal(logged_in(world), 1);
}

static void test_interval(void **state)
{
	struct world *world = *state;

	offer(world, 0);
	store_discovery(world, world->target.port, "Yes", "1");
	assert_int_equal(discovery_open(&world->daemon, world->dir), 0);
	world_run(world, is_asked_again);
}

static void test_once(void **state)
{
	struct world *world = *state;

	offer(world, 1);
	store_discovery(world, world->target.port, "Yes", "0");
	assert_int_equal(discovery_open(&world->daemon, world->dir), 0);
	world_run(world, is_one);
	world_run(world, is_idle);
	assert_false(loop_timer_is_set(only_poller(world)->timer));
}

/* Somebody who is not there is asked later and later. */
static void test_dead(void **state)
{
	struct world *world = *state;

	store_discovery(world, 1, "Yes", "1");
	assert_int_equal(discovery_open(&world->daemon, world->dir), 0);
	world_run(world, is_down);
	assert_true(only_poller(world)->failures >= 1);
	assert_true(loop_timer_is_set(only_poller(world)->timer));
	assert_true(*only_poller(world)->failure);
}

static void store_iface(const struct world *world, const char *name, const char *netdev, const char *bind)
{
	struct record iface;
	char dir[160];

	snprintf(dir, sizeof(dir), "%s/ifaces", world->dir);
	record_init(&iface, RECORD_IFACE);
	assert_int_equal(record_set(&iface, F_IFACE_ISCSI_IFACENAME, name, ORIGIN_RECORD), 0);
	assert_int_equal(record_set(&iface, F_IFACE_NET_IFACENAME, netdev, ORIGIN_RECORD), 0);
	assert_int_equal(record_set(&iface, F_IFACE_BIND, bind, ORIGIN_RECORD), 0);
	assert_int_equal(iface_save(dir, &iface), 0);
	record_done(&iface);
}

static int add_found(struct store *store, const struct node_key *key, void *data)
{
	char *text = data;
	struct record node;

	assert_int_equal(found_load(store, key, &node), 0);
	assert_true(record_is(&node, F_NODE_SESSION_SCAN, "manual"));
	assert_true(record_is(&node, F_NODE_DISCOVERY_TYPE, "send_targets"));
	record_done(&node);
	snprintf(text + strlen(text), 256 - strlen(text), "%s;", key->portal.address);
	return 0;
}

static void expect_found(const struct world *world, const char *expected)
{
	static const struct node_filter everything;
	struct store *store;
	char text[256] = "";

	assert_int_equal(store_begin(world->dir, STORE_READ, &store), 0);
	assert_int_equal(found_each(store, &everything, add_found, text), 0);
	store_drop(store);
	assert_string_equal(text, expected);
}

static void offer_text(struct world *world, const char *extra)
{
	pthread_mutex_lock(&world->target.lock);
	snprintf(world->target.targets, sizeof(world->target.targets), "TargetName=" WORLD_TARGET "1 TargetAddress=127.0.0.1:%d,1 %s",
		 world->target.port, extra);
	pthread_mutex_unlock(&world->target.lock);
}

#define FAR "TargetAddress=[fe80::1%none]:3260,1 "

/* Ifaces that bind themselves: only to what they reach; all is remembered, until it is offered no more. */
static void test_managed(void **state)
{
	struct world *world = *state;
	struct session *session;

	store_iface(world, "near", "lo", "reachable");
	store_iface(world, "gone", "no-such-nic", "reachable");
	offer_text(world, FAR);
	store_discovery(world, world->target.port, "Yes", "1000");
	assert_int_equal(discovery_open(&world->daemon, world->dir), 0);
	world_run(world, is_one);
	world_run(world, is_idle);
	session = TAILQ_FIRST(&world->daemon.sessions);
	assert_null(TAILQ_NEXT(session, entry));
	assert_string_equal(session_iface(session), "near");
	assert_true(session->is_polled);
	assert_int_equal(world->target.questions, 1);
	expect_found(world, "127.0.0.1;fe80::1%none;");
	/* The port is gone, but the portal is offered still: nothing ends. */
	store_iface(world, "near", "no-such-nic", "reachable");
	offer_text(world, "");
	ask_now(world);
	world_run(world, is_idle);
	assert_int_equal(logged_in(world), 1);
	expect_found(world, "127.0.0.1;");
}

/* Nobody can ask: the question goes by default, which gets no session. */
static void test_managed_but_absent(void **state)
{
	struct world *world = *state;

	store_iface(world, "gone", "no-such-nic", "reachable");
	offer(world, 2);
	store_discovery(world, world->target.port, "Yes", "1000");
	assert_int_equal(discovery_open(&world->daemon, world->dir), 0);
	world_run(world, is_asked_once);
	world_run(world, is_idle);
	assert_true(TAILQ_EMPTY(&world->daemon.sessions));
	expect_found(world, "127.0.0.1;127.0.0.1;");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_login, setup, teardown),
		cmocka_unit_test_setup_teardown(test_others, setup, teardown),
		cmocka_unit_test_setup_teardown(test_changes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_interval, setup, teardown),
		cmocka_unit_test_setup_teardown(test_once, setup, teardown),
		cmocka_unit_test_setup_teardown(test_dead, setup, teardown),
		cmocka_unit_test_setup_teardown(test_managed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_managed_but_absent, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
