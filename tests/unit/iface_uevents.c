/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What udev tells of cards that come and go, seen by the watch: the real libudev on umockdev's uevents, pictures of a /sys that
 * lives. With a thousand events at once, and with what happens to entities and links of a card that stays.
 */
#include "iface/watch.h"
#include "lib/loop.h"
#include "tests/unit/card_trees.h"

#define PATIENCE_MS 5000
#define SETTLE_MS (2 * WATCH_QUIET_MS)

static struct loop *loop;
static struct loop_timer *limit;
static struct watch *watch;
static unsigned int calls, changes[PORT_CHANGE_COUNT];
static bool is_late, has_own_run, (*is_done)(void);

static void count(enum port_change change, const struct port *before, const struct port *now, void *data)
{
	changes[change]++;
}

static void on_change(const struct watch_change *change, void *data)
{
	calls++;
	ports_compare(change->before, change->now, count, NULL);
	if (is_done && is_done())
		loop_stop(loop);
}

static void on_limit(void *data)
{
	is_late = true;
	loop_stop(loop);
}

static void run(uint64_t ms, bool (*until)(void))
{
	is_done = until;
	is_late = false;
	loop_timer_set(limit, ms);
	assert_int_equal(loop_run(loop), 0);
}

static void run_until(bool (*until)(void))
{
	run(PATIENCE_MS, until);
	assert_false(is_late);
}

static bool is_called(void)
{
	return calls > 0;
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	if (!file)
		return;
	fputs(text, file);
	fclose(file);
}

/* A /run where udevd seems to run: libudev, and we, look for its control socket before anything else. And room for many events. */
static int set_up_run(void **state)
{
	if (unshare(CLONE_NEWNS | CLONE_NEWNET) < 0)
		return 0;
	leave_the_machine(state);
	write_file("/proc/sys/net/unix/max_dgram_qlen", "3000");
	if (mount("tmpfs", "/run", "tmpfs", 0, NULL) < 0)
		return 0;
	has_own_run = true;
	return mkdir("/run/udev", 0755);
}

static void start_udevd(void)
{
	if (has_own_run)
		write_file("/run/udev/control", "");
	else if (access("/run/udev/control", F_OK) < 0)
		skip();
}

static int setup(void **state)
{
	if (has_own_run)
		unlink("/run/udev/control");
	if (start_machine(state) || loop_new(&loop) || loop_timer_new(loop, on_limit, NULL, &limit))
		return -1;
	return 0;
}

static int teardown(void **state)
{
	watch_close(watch);
	watch = NULL;
	loop_timer_free(limit);
	loop_free(loop);
	return stop_machine(state);
}

static void open_watch(void)
{
	calls = 0;
	assert_int_equal(watch_open(loop, "/sys", on_change, NULL, &watch), 0);
	run_until(is_called);
	run(SETTLE_MS, NULL);
	calls = 0;
	memset(changes, 0, sizeof(changes));
}

static size_t hba_ports(void)
{
	const struct ports *ports = watch_ports(watch);
	size_t number = 0;

	for (size_t i = 0; i < ports->count; i++)
		number += ports->list[i].kind == PORT_HBA;
	return number;
}

static const struct port *entity_of(uint32_t host, bool is_v6, uint32_t entity)
{
	const struct ports *ports = watch_ports(watch);

	for (size_t i = 0; i < ports->count; i++) {
		const struct port *port = &ports->list[i];

		if (port->kind == PORT_HBA && port->host_no == host && port->is_v6 == is_v6 && port->entity == entity)
			return port;
	}
	return NULL;
}

/* ---- cards ---- */

static const struct card {
	const char *name;
	size_t ports;
} cards[] = {
	{ "qla4xxx", 4 }, { "be2iscsi", 3 }, { "bnx2i", 2 }, { "qedi", 2 }, { "cxgb4i", 2 }, { "cxgb3i", 2 },
};

static size_t wanted_ports;

static bool has_wanted_ports(void)
{
	return hba_ports() == wanted_ports;
}

static void card_comes_and_goes(void **state)
{
	start_udevd();
	for (size_t i = 0; i < sizeof(cards) / sizeof(cards[0]); i++) {
		char *text = tree(cards[i].name, NULL);

		open_watch();
		assert_true(watch_has_udev(watch));
		plug(text);
		wanted_ports = cards[i].ports;
		run_until(has_wanted_ports);
		assert_int_equal(changes[PORT_ADDED], cards[i].ports);
		unplug(text);
		wanted_ports = 0;
		run_until(has_wanted_ports);
		assert_int_equal(changes[PORT_REMOVED], cards[i].ports);
		watch_close(watch);
		watch = NULL;
		free(text);
	}
}

static void cards_are_there_at_the_start(void **state)
{
	char *text = tree("qla4xxx", NULL);

	plug(text);
	open_watch();
	assert_int_equal(hba_ports(), 4);
	free(text);
}

static void entity_is_switched_off_and_readdressed(void **state)
{
	const struct port *port;
	char *text;

	start_udevd();
	text = tree("qla4xxx", NULL);
	plug(text);
	open_watch();
	port = entity_of(4, false, 0);
	assert_non_null(port);
	assert_string_equal(port->state, "enable");
	change_attribute("iscsi_iface/ipv4-iface-4-0", "enabled", "disabled\n", true);
	run_until(is_called);
	port = entity_of(4, false, 0);
	assert_string_equal(port->state, "disable");
	assert_false(port_is_ready(port));
	assert_int_equal(changes[PORT_SETTINGS], 1);
	change_attribute("iscsi_iface/ipv4-iface-4-0", "enabled", "enabled\n", true);
	calls = 0;
	run_until(is_called);
	assert_true(port_is_ready(entity_of(4, false, 0)));
	change_attribute("iscsi_iface/ipv4-iface-4-0", "ipaddress", "0.0.0.0\n", true);
	calls = 0;
	run_until(is_called);
	assert_string_equal(entity_of(4, false, 0)->ipaddress, "");
	free(text);
}

/* Drivers tell link changes by another way, if at all: the daemon then looks. */
static void look_finds_what_nobody_told(void **state)
{
	char *text = tree("qla4xxx", NULL);

	plug(text);
	open_watch();
	change_attribute("iscsi_host/host4", "port_state", "Link Down\n", false);
	run(SETTLE_MS, NULL);
	assert_int_equal(calls, 0);
	watch_look(watch);
	run_until(is_called);
	assert_int_equal(changes[PORT_DOWN], 3); /* the entities of the port */
	assert_false(port_is_ready(entity_of(4, false, 0)));
	assert_true(port_is_ready(entity_of(5, false, 0)));
	free(text);
}

/* ---- udevd ---- */

static bool has_udev(void)
{
	return watch_has_udev(watch);
}

/* libudev's monitor would be deaf for ever if it had been opened before. */
static void udevd_starts_later(void **state)
{
	char *text;

	if (!has_own_run)
		skip();
	text = tree("qla4xxx", NULL);
	open_watch();
	assert_false(watch_has_udev(watch));
	plug(text);
	run(SETTLE_MS, NULL);
	start_udevd();
	change_attribute("iscsi_host/host4", "port_speed", "1 Gbps\n", true);
	run_until(has_udev);
	change_attribute("iscsi_host/host4", "port_state", "LINK DOWN\n", true);
	calls = 0;
	run_until(is_called);
	assert_int_equal(changes[PORT_DOWN], 3);
	free(text);
}

/* ---- a storm ---- */

#define STORM 1000
#define AT_ONCE 8	/* as many as the queue between two ends of umockdev surely takes */

static struct loop_timer *storm;
static unsigned int sent;

/* Every event is about another address, so that every picture would be told. */
static void send_some(void *data)
{
	char text[32];

	for (int i = 0; i < AT_ONCE && sent < STORM; i++) {
		sent++;
		snprintf(text, sizeof(text), "10.1.%u.%u\n", sent / 250, sent % 250 + 1);
		change_attribute("iscsi_iface/ipv4-iface-6-0", "ipaddress", text, true);
	}
	if (sent < STORM)
		loop_timer_set(storm, 1);
}

static bool has_last_address(void)
{
	const struct port *port = entity_of(6, false, 0);

	return port && !strcmp(port->ipaddress, "10.1.4.1");
}

static void thousand_events_are_few_pictures(void **state)
{
	char *text;

	start_udevd();
	text = tree("be2iscsi", NULL);
	plug(text);
	open_watch();
	sent = 0;
	assert_int_equal(loop_timer_new(loop, send_some, NULL, &storm), 0);
	loop_timer_set(storm, 0);
	run_until(has_last_address);
	loop_timer_free(storm);
	assert_int_equal(sent, STORM);
	assert_true(calls < STORM / 20);
	free(text);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(card_comes_and_goes),
		TEST(cards_are_there_at_the_start),
		TEST(entity_is_switched_off_and_readdressed),
		TEST(look_finds_what_nobody_told),
		TEST(udevd_starts_later),
		TEST(thousand_events_are_few_pictures),
	};

	return cmocka_run_group_tests(tests, set_up_run, NULL);
}
