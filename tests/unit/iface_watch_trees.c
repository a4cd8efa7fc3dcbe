/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The watch on cards that come, change and go, with the real libudev in front (tests/unit/card_trees.h): each of it is seen soon, told
 * once, and a storm of events costs a few pictures. Needs a /run of its own, to be a machine where udevd runs or does not.
 */
#include <sys/socket.h>
#include <sys/un.h>

#include "iface/watch.h"
#include "lib/loop.h"
#include "tests/unit/card_trees.h"

#define PATIENCE_MS 5000	/* what should happen has happened by then, on a machine that is busy with other things, too */
#define SILENCE_MS 60	/* what should not happen would have happened by then: WATCH_QUIET_MS and a picture */

static struct loop *loop;
static struct loop_timer *limit;
static struct watch *watch;
static unsigned int calls, changes[PORT_CHANGE_COUNT];
static enum port_change awaited;
static unsigned int awaited_count;
static bool is_late;

static void count(enum port_change change, const struct port *before, const struct port *now, void *data)
{
	changes[change]++;
}

static void on_change(const struct watch_change *change, void *data)
{
	calls++;
	ports_compare(change->before, change->now, count, NULL);
	if (changes[awaited] >= awaited_count)
		loop_stop(loop);
}

static void on_limit(void *data)
{
	is_late = true;
	loop_stop(loop);
}

/* Runs the loop until there were `number` of this change since the last time; then nothing else may have been. */
static void await(enum port_change change, unsigned int number)
{
	awaited = change;
	awaited_count = number;
	is_late = false;
	loop_timer_set(limit, PATIENCE_MS);
	if (changes[change] < number)
		assert_int_equal(loop_run(loop), 0);
	assert_false(is_late);
	for (enum port_change i = 0; i < PORT_CHANGE_COUNT; i++)
		assert_int_equal(changes[i], i == change ? number : 0);
	memset(changes, 0, sizeof(changes));
	calls = 0;
}

/* Nothing is told although there was time for it. */
static void await_nothing(void)
{
	unsigned int before = calls;

	awaited_count = UINT_MAX;
	loop_timer_set(limit, SILENCE_MS);
	assert_int_equal(loop_run(loop), 0);
	assert_int_equal(calls, before);
}

static void open_watch(void)
{
	assert_int_equal(watch_open(loop, "/sys", on_change, NULL, &watch), 0);
}

static int start(void **state)
{
	if (!has_left)
		return 0;
	start_udevd();
	memset(changes, 0, sizeof(changes));
	calls = 0;
	assert_int_equal(loop_new(&loop), 0);
	assert_int_equal(loop_timer_new(loop, on_limit, NULL, &limit), 0);
	return start_machine(state);
}

static int stop(void **state)
{
	if (!has_left)
		return 0;
	watch_close(watch);
	watch = NULL;
	loop_timer_free(limit);
	loop_free(loop);
	return stop_machine(state);
}

/* The first picture has the machine's loopback and what `card` has. */
static void open_with(const char *card, unsigned int ports)
{
	char *text = card ? tree(card, NULL) : NULL;

	if (!has_left)
		skip();
	if (text)
		plug(text);
	free(text);
	open_watch();
	await(PORT_ADDED, 1 + ports);
	assert_int_equal(watch_ports(watch)->count, 1 + ports);
}

/* ---- what happens ---- */

static void cards_that_are_there(void **state)
{
	open_with("qla4xxx", 4);
	assert_true(watch_has_udev(watch));
	await_nothing();
}

static void hot_add_and_removal(void **state)
{
	static const struct {
		const char *card;
		unsigned int ports;
	} cards[] = { { "qla4xxx", 4 }, { "be2iscsi", 3 }, { "bnx2i", 2 }, { "qedi", 2 }, { "cxgb4i", 2 }, { "cxgb3i", 2 } };

	open_with(NULL, 0);
	for (size_t i = 0; i < sizeof(cards) / sizeof(cards[0]); i++) {
		char *text = tree(cards[i].card, NULL);

		plug(text);
		await(PORT_ADDED, cards[i].ports);
		unplug(text);
		await(PORT_REMOVED, cards[i].ports);
		free(text);
	}
}

/* A card's link and addresses have no uevents; drivers and udev rules that send a "change" are heard. */
static void change_events(void **state)
{
	open_with("be2iscsi", 3);
	change_attribute("iscsi_host/host6", "port_state", "LINK DOWN\n", true);
	await(PORT_DOWN, 2);
	change_attribute("iscsi_host/host6", "port_state", "LINK UP\n", true);
	await(PORT_UP, 2);
	change_attribute("iscsi_iface/ipv4-iface-7-0", "ipaddress", "192.0.2.73\n", true);
	await(PORT_SETTINGS, 1);
	change_attribute("iscsi_host/host6", "port_speed", "1 Gbps\n", true);
	await_nothing();
}

static void entities_come_and_go(void **state)
{
	char *syspath;

	open_with("be2iscsi", 3);
	syspath = realpath("/sys/class/iscsi_iface/ipv6-iface-6-0", NULL);
	assert_non_null(syspath);
	unplug_device(syspath);
	await(PORT_REMOVED, 1);
	umockdev_testbed_add_from_string(bed,
					 "P: /devices/pci0000:00/0000:00:02.0/0000:04:00.2/host6/iscsi_iface/ipv6-iface-6-0\n"
					 "E: SUBSYSTEM=iscsi_iface\nA: enabled=enable\\n\n",
					 NULL);
	await(PORT_ADDED, 1);
	free(syspath);
}

/* The event comes before the driver has told all: nothing is lost, the rest comes with the next one. */
static void a_card_that_appears_in_pieces(void **state)
{
	char *text = tree("qla4xxx", "hwaddress=00:0e:1e:04:93:92", "hwaddress=", NULL);

	open_with(NULL, 0);
	plug(text);
	await(PORT_ADDED, 1);
	change_attribute("iscsi_host/host4", "hwaddress", "00:0e:1e:04:93:92\n", true);
	await(PORT_ADDED, 3);
	free(text);
}

/* Pulled and put back with other numbers before anybody looked. */
static void hosts_get_other_numbers(void **state)
{
	char *text = tree("cxgb4i", NULL), *again = renumber(tree("cxgb4i", NULL), 12, 2, 3);

	open_with("cxgb4i", 2);
	unplug(text);
	plug(again);
	awaited = PORT_ADDED;
	awaited_count = 2;
	loop_timer_set(limit, PATIENCE_MS);
	assert_int_equal(loop_run(loop), 0);
	assert_int_equal(changes[PORT_ADDED], 2);
	assert_int_equal(changes[PORT_REMOVED], 2);
	free(text);
	free(again);
}

static void a_storm(void **state)
{
	char *syspath;

	open_with("qla4xxx", 4);
	syspath = realpath("/sys/class/iscsi_host/host5", NULL);
	assert_non_null(syspath);
	for (unsigned int i = 0; i < 200; i++)
		umockdev_testbed_uevent(bed, syspath, "change");
	change_attribute("iscsi_host/host5", "port_state", "LINK DOWN\n", true);
	awaited = PORT_DOWN;
	awaited_count = 1;
	loop_timer_set(limit, PATIENCE_MS);
	assert_int_equal(loop_run(loop), 0);
	assert_int_equal(changes[PORT_DOWN], 1);
	assert_true(calls == 1); /* hints that change nothing are not told */
	free(syspath);
}

/* Disks and their like come by the thousand and are none of ours. */
static void other_subsystems(void **state)
{
	const char *none[] = { NULL };

	open_with("bnx2i", 2);
	g_free(umockdev_testbed_add_devicev(bed, "block", "sda", NULL, (char **)none, (char **)none));
	await_nothing();
}

/* ---- udevd ---- */

/* What the kernel itself says: its words go to every socket of its group, with udevd or without it. */
static void say_as_kernel(const char *path, const char *subsystem)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	char message[300], *root = umockdev_testbed_get_root_dir(bed);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), len, told = 0;

	len = snprintf(message, sizeof(message), "add@%s%cACTION=add%cSUBSYSTEM=%s", path, 0, 0, subsystem) + 1;
	for (int i = 0; i < 64; i++) {
		snprintf(to.sun_path, sizeof(to.sun_path), "%s/event%d", root, i);
		told += sendto(fd, message, (size_t)len, 0, (struct sockaddr *)&to, sizeof(to)) == len;
	}
	assert_true(told > 0);
	close(fd);
	g_free(root);
}

static void udevd_starts_later(void **state)
{
	char *text = tree("bnx2i", NULL);

	end_udevd();
	open_with(NULL, 0);
	assert_false(watch_has_udev(watch));
	plug(text);
	say_as_kernel("/devices/pci0000:00/0000:00:01.0/0000:02:00.0", "pci");
	await(PORT_ADDED, 2);
	start_udevd();
	say_as_kernel("/devices/pci0000:00/0000:00:01.0/0000:02:00.0", "pci");
	await_nothing();
	assert_true(watch_has_udev(watch));
	unplug(text);
	await(PORT_REMOVED, 2);
	free(text);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(cards_that_are_there),
		TEST(hot_add_and_removal),
		TEST(change_events),
		TEST(entities_come_and_go),
		TEST(a_card_that_appears_in_pieces),
		TEST(hosts_get_other_numbers),
		TEST(a_storm),
		TEST(other_subsystems),
		TEST(udevd_starts_later),
	};

	return cmocka_run_group_tests(tests, leave_the_machine, NULL);
}
