/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Pictures of HBA ports, on device trees of every card there is a driver for (tests/unit/card_trees.h): which ports there are, whether
 * sessions can leave from them, and what becomes of them between two pictures when links, addresses, entities and cards change.
 */
#include "iface/port.h"
#include "tests/unit/card_trees.h"

static struct ports before, now;
static unsigned int changes[PORT_CHANGE_COUNT];

static void count(enum port_change change, const struct port *was, const struct port *is, void *data)
{
	changes[change]++;
}

/* Takes a picture and counts what differs from the last one. */
static void look(void)
{
	ports_done(&before);
	before = now;
	assert_int_equal(ports_read("/sys", NULL, &now), 0);
	memset(changes, 0, sizeof(changes));
	ports_compare(&before, &now, count, NULL);
}

/* So many of `change` since the last picture, and nothing else. */
static void assert_changes(enum port_change change, unsigned int wanted)
{
	look();
	for (enum port_change i = 0; i < PORT_CHANGE_COUNT; i++)
		assert_int_equal(changes[i], i == change ? wanted : 0);
}

/* Both in one picture: they happened between two looks. */
static void assert_exchanged(unsigned int count_of_each)
{
	look();
	for (enum port_change i = 0; i < PORT_CHANGE_COUNT; i++)
		assert_int_equal(changes[i], i == PORT_ADDED || i == PORT_REMOVED ? count_of_each : 0);
}

static int start(void **state)
{
	memset(changes, 0, sizeof(changes));
	return start_machine(state);
}

static int stop(void **state)
{
	ports_done(&before);
	ports_done(&now);
	return stop_machine(state);
}

static const struct port *port_of(const char *description)
{
	char text[128];

	for (size_t i = 0; i < now.count; i++) {
		port_describe(&now.list[i], text, sizeof(text));
		if (!strcmp(text, description))
			return &now.list[i];
	}
	fail_msg("there is no %s", description);
	return NULL;
}

/* Every port there has to be, as a log calls it, and whether sessions can leave from it. */
static const struct {
	const char *card, *port;
	bool is_ready;
} wanted[] = {
	{ "qla4xxx", "qla4xxx port 00:0e:1e:04:93:92 (host 4), ipv4.0", true },
	{ "qla4xxx", "qla4xxx port 00:0e:1e:04:93:92 (host 4), ipv6.0", true },
	{ "qla4xxx", "qla4xxx port 00:0e:1e:04:93:92 (host 4), ipv6.1", true },
	{ "qla4xxx", "qla4xxx port 00:0e:1e:04:93:94 (host 5), ipv4.0", true },
	{ "be2iscsi", "be2iscsi port 00:90:fa:00:00:12 (host 6), ipv4.0", true },
	{ "be2iscsi", "be2iscsi port 00:90:fa:00:00:12 (host 6), ipv6.0", true },
	{ "be2iscsi", "be2iscsi port 00:90:fa:00:00:13 (host 7), ipv4.0", false },
	{ "bnx2i", "bnx2i port 00:10:18:aa:00:01 (host 8)", true },
	{ "bnx2i", "bnx2i port 00:10:18:aa:00:03 (host 9)", true },
	{ "qedi", "qedi port 00:0e:1e:d0:00:04 (host 10)", true },
	{ "qedi", "qedi port 00:0e:1e:d0:00:05 (host 11)", true },
	{ "cxgb4i", "cxgb4i port 00:07:43:11:00:00 (host 12)", true },
	{ "cxgb4i", "cxgb4i port 00:07:43:11:00:08 (host 13)", true },
	{ "cxgb3i", "cxgb3i port 00:07:43:05:00:00 (host 14)", true },
	{ "cxgb3i", "cxgb3i port 00:07:43:05:00:01 (host 15)", true },
};

#define WANTED (sizeof(wanted) / sizeof(wanted[0]))

static void plug_card(const char *card)
{
	char *text = tree(card, NULL);

	plug(text);
	free(text);
}

static void every_port_is_seen(void **state)
{
	const char *last = "";

	for (size_t i = 0; i < WANTED; i++) {
		if (strcmp(last, wanted[i].card))
			plug_card(wanted[i].card);
		last = wanted[i].card;
	}
	assert_changes(PORT_ADDED, WANTED);
	for (size_t i = 0; i < WANTED; i++) {
		const struct port *port = port_of(wanted[i].port);

		assert_int_equal(port->kind, PORT_HBA);
		assert_string_equal(port->transport, wanted[i].card);
		assert_int_equal(port_is_ready(port), wanted[i].is_ready);
	}
	assert_changes(PORT_ADDED, 0);
}

/* The words of the kernel are LINK UP, LINK DOWN and Unknown!, where a driver shows any. */
static void links(void **state)
{
	plug_card("qla4xxx");
	look();
	change_attribute("iscsi_host/host4", "port_state", "LINK DOWN\n", true);
	assert_changes(PORT_DOWN, 3);
	assert_false(port_is_ready(port_of("qla4xxx port 00:0e:1e:04:93:92 (host 4), ipv6.1")));
	assert_true(port_is_ready(port_of("qla4xxx port 00:0e:1e:04:93:94 (host 5), ipv4.0")));
	change_attribute("iscsi_host/host4", "port_state", "Unknown!\n", true);
	assert_changes(PORT_UP, 3);
	change_attribute("iscsi_host/host4", "port_state", "LINK UP\n", true);
	assert_changes(PORT_UP, 0);
}

static void settings(void **state)
{
	plug_card("qla4xxx");
	look();
	assert_string_equal(port_of("qla4xxx port 00:0e:1e:04:93:92 (host 4), ipv4.0")->ipaddress, "192.0.2.41");
	assert_string_equal(port_of("qla4xxx port 00:0e:1e:04:93:92 (host 4), ipv6.1")->ipaddress, ""); /* :: is none */
	change_attribute("iscsi_iface/ipv4-iface-4-0", "ipaddress", "192.0.2.42\n", true);
	assert_changes(PORT_SETTINGS, 1);
	change_attribute("iscsi_iface/ipv6-iface-4-1", "ipaddress", "2001:0db8:0000:0000:0000:0000:0000:0009\n", true);
	assert_changes(PORT_SETTINGS, 1);
	change_attribute("iscsi_iface/ipv4-iface-5-0", "enabled", "disable\n", true);
	assert_changes(PORT_SETTINGS, 1);
	assert_false(port_is_ready(port_of("qla4xxx port 00:0e:1e:04:93:94 (host 5), ipv4.0")));
	change_attribute("iscsi_iface/ipv4-iface-5-0", "enabled", "Enabled\n", true);
	assert_changes(PORT_SETTINGS, 1);
	assert_true(port_is_ready(port_of("qla4xxx port 00:0e:1e:04:93:94 (host 5), ipv4.0")));
}

static void entities(void **state)
{
	char *syspath;

	plug_card("be2iscsi");
	look();
	syspath = realpath("/sys/class/iscsi_iface/ipv6-iface-6-0", NULL);
	unplug_device(syspath);
	assert_changes(PORT_REMOVED, 1);
	free(syspath);
}

static void cards_leave_and_return(void **state)
{
	char *text = tree("be2iscsi", NULL), *again = renumber(tree("be2iscsi", NULL), 6, 2, 31);

	plug(text);
	assert_changes(PORT_ADDED, 3);
	unplug(text);
	assert_changes(PORT_REMOVED, 3);
	plug(again);
	assert_changes(PORT_ADDED, 3);
	unplug(again);
	plug(text);
	assert_exchanged(3);
	free(text);
	free(again);
}

/* Numbers of hosts are given again: another card under them is another card, not one that changed its address. */
static void another_card_under_the_same_numbers(void **state)
{
	char *text = tree("bnx2i", NULL), *other = tree("bnx2i", "00:10:18:aa", "00:10:18:bb", NULL);
	char *kind = renumber(tree("cxgb4i", NULL), 12, 2, 8);

	plug(text);
	look();
	unplug(text);
	plug(other);
	assert_exchanged(2);
	unplug(other);
	plug(kind);
	assert_exchanged(2);
	free(text);
	free(other);
	free(kind);
}

/* A card that recovers from an error of its bus says nothing of itself: it is away for so long. */
static void a_card_in_recovery(void **state)
{
	plug_card("be2iscsi");
	look();
	change_attribute("iscsi_host/host6", "hwaddress", "", false);
	assert_changes(PORT_REMOVED, 2);
	change_attribute("iscsi_host/host6", "hwaddress", "00:90:fa:00:00:12\n", false);
	assert_changes(PORT_ADDED, 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_port_is_seen),
		TEST(links),
		TEST(settings),
		TEST(entities),
		TEST(cards_leave_and_return),
		TEST(another_card_under_the_same_numbers),
		TEST(a_card_in_recovery),
	};

	return cmocka_run_group_tests(tests, leave_the_machine, NULL);
}
