/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * HBA ports on device trees of every card there is a driver for, with the real libudev and a /sys that lives (tests/unit/card_trees.h):
 * which iface records are made, what they say, and that names do not depend on host numbers, on slots or on the order of ports.
 */
#include "iface/hba.h"
#include "tests/unit/card_trees.h"

static const struct card {
	const char *name;
	unsigned int first_host, hosts, ifaces;
} cards[] = {
	{ "qla4xxx", 4, 2, 4 }, { "be2iscsi", 6, 2, 3 }, { "bnx2i", 8, 2, 2 },
	{ "qedi", 10, 2, 2 },	{ "cxgb4i", 12, 2, 2 },	 { "cxgb3i", 14, 2, 2 },
};

#define CARDS (sizeof(cards) / sizeof(cards[0]))

static void make_ifaces(void)
{
	assert_int_equal(hba_make_ifaces("/sys", ifaces_dir, NULL, NULL, NULL), 0);
}

static void assert_only(const char *card, unsigned int count)
{
	make_ifaces();
	assert_int_equal(assert_ifaces_of(card), count);
	assert_int_equal(count_files(), count);
}

static uint32_t host_of(const char *name)
{
	struct sysfs_host host;
	struct record iface;

	assert_int_equal(iface_load(ifaces_dir, name, &iface), 0);
	assert_int_equal(hba_find_host("/sys", &iface, &host), 0);
	record_done(&iface);
	return host.host_no;
}

static bool is_there(const char *name)
{
	struct record iface;
	bool there = !iface_load(ifaces_dir, name, &iface);

	if (there)
		record_done(&iface);
	return there;
}

/* ---- each card ---- */

static void is_read(const struct card *card)
{
	char *text = tree(card->name, NULL);

	plug(text);
	assert_only(card->name, card->ifaces);
	free(text);
}

/* Pulled and put back: files stay what they are while the card is away, and nothing new appears, whatever numbers hosts get. */
static void returns(const struct card *card)
{
	char *text = tree(card->name, NULL), *again = renumber(tree(card->name, NULL), card->first_host, card->hosts, 70);

	plug(text);
	make_ifaces();
	unplug(text);
	assert_only(card->name, card->ifaces);
	plug(again);
	assert_only(card->name, card->ifaces);
	free(text);
	free(again);
}

/* A second card of the kind, in another slot, with addresses of its own. */
static void has_a_twin(const struct card *card)
{
	char *text = tree(card->name, NULL);
	char *twin = renumber(tree(card->name, "0000:0", "0000:4", "=00:", "=02:", "ens", "enp", NULL), card->first_host, card->hosts, 80);

	plug(twin);
	plug(text);
	make_ifaces();
	assert_int_equal(assert_ifaces_of(card->name), card->ifaces);
	assert_int_equal(count_files(), 2 * card->ifaces);
	free(text);
	free(twin);
}

static void with_each_card(void (*test)(const struct card *card))
{
	for (size_t i = 0; i < CARDS; i++) {
		start_machine(NULL);
		test(&cards[i]);
		stop_machine(NULL);
	}
}

static void every_card_is_read(void **state)
{
	with_each_card(is_read);
}

static void every_card_returns(void **state)
{
	with_each_card(returns);
}

static void every_card_has_a_twin(void **state)
{
	with_each_card(has_a_twin);
}

static void all_cards_together(void **state)
{
	unsigned int count = 0;

	for (size_t i = CARDS; i-- > 0;) {
		char *text = tree(cards[i].name, NULL);

		plug(text);
		free(text);
	}
	make_ifaces();
	for (size_t i = 0; i < CARDS; i++)
		count += assert_ifaces_of(cards[i].name);
	assert_int_equal(count_files(), count);
}

/* ---- what may change ---- */

#define LEFT  "qla4xxx.00:0e:1e:04:93:92.ipv4.0"
#define RIGHT "qla4xxx.00:0e:1e:04:93:94.ipv4.0"

static void ports_in_another_order(void **state)
{
	char *text = tree("qla4xxx", NULL), *turned = renumber(renumber(tree("qla4xxx", NULL), 4, 1, 90), 5, 1, 4);

	plug(text);
	assert_only("qla4xxx", 4);
	assert_int_equal(host_of(LEFT), 4);
	assert_int_equal(host_of(RIGHT), 5);
	unplug(text);
	plug(turned);
	assert_only("qla4xxx", 4);
	assert_int_equal(host_of(LEFT), 90);
	assert_int_equal(host_of(RIGHT), 4);
	free(text);
	free(turned);
}

/* Two ports with one address cannot be told apart: one name, one file, never overwritten by the other's settings. */
static void two_cards_with_one_address(void **state)
{
	char *text = tree("qla4xxx", NULL);
	char *twin = renumber(tree("qla4xxx", "0000:05", "0000:45", "192.0.2.41", "203.0.113.9", NULL), 4, 2, 80);

	plug(text);
	make_ifaces();
	plug(twin);
	assert_only("qla4xxx", 4);
	assert_int_equal(host_of(LEFT), 4);
	unplug(text);
	assert_only("qla4xxx", 4);
	assert_int_equal(host_of(LEFT), 80);
	free(text);
	free(twin);
}

/* An entity that is switched off has no object; its file stays. One that appears gets a file. */
static void entities_come_and_go(void **state)
{
	char *text = tree("be2iscsi", NULL), *syspath;

	plug(text);
	syspath = realpath("/sys/class/iscsi_iface/ipv6-iface-6-0", NULL);
	assert_non_null(syspath);
	unplug_device(syspath);
	make_ifaces();
	assert_false(is_there("be2iscsi.00:90:fa:00:00:12.ipv6.0"));
	assert_int_equal(count_files(), 2);
	free(syspath);
	stop_machine(NULL);
	start_machine(NULL);
	plug(text);
	assert_only("be2iscsi", 3);
	syspath = realpath("/sys/class/iscsi_iface/ipv6-iface-6-0", NULL);
	assert_non_null(syspath);
	unplug_device(syspath);
	assert_only("be2iscsi", 3);
	free(syspath);
	free(text);
}

/* A card in recovery says nothing of itself, a port may have no name of its own yet, a software host is none of ours. */
static void ports_without_an_address(void **state)
{
	char *text = tree("qla4xxx", "hwaddress=00:0e:1e:04:93:92\\n", "hwaddress=", NULL);
	char *soft = tree("bnx2i", "proc_name=bnx2i", "proc_name=iscsi_tcp", NULL);

	plug(text);
	plug(soft);
	make_ifaces();
	assert_int_equal(count_files(), 1);
	assert_true(is_there(RIGHT));
	change_attribute("iscsi_host/host4", "hwaddress", "00:0e:1e:04:93:92\n", true);
	assert_only("qla4xxx", 4);
	free(text);
	free(soft);
}

/* Capitals, long forms and missing words of other driver versions give the same record. */
static void words_of_other_drivers(void **state)
{
	char *text = tree("qla4xxx", "=enable\\n", "=Enabled\\n", "=disable\\n", "=disabled\\n", "=dhcp", "=DHCP",
			  "bootproto=static", "bootproto=Static", NULL);

	plug(text);
	assert_only("qla4xxx", 4);
	free(text);
}

/* What a card cannot answer is left out, and does not keep the rest from being read. */
static void attributes_that_are_missing(void **state)
{
	char *text = tree("qla4xxx", "A: mtu=9000\\n\n", "", "A: vlan_id=100", "A: vlan_id=none", "A: ttl=64", "A: ttl=640", "A: port=3260",
			  "A: port=-1", NULL);
	struct record iface;

	plug(text);
	make_ifaces();
	assert_int_equal(count_files(), 4);
	assert_int_equal(iface_load(ifaces_dir, LEFT, &iface), 0);
	assert_int_equal(record_number(&iface, F_IFACE_MTU), 0);
	assert_int_equal(record_number(&iface, F_IFACE_VLAN_ID), 0);
	assert_int_equal(record_number(&iface, F_IFACE_VLAN_PRIORITY), 5);
	assert_int_equal(record_number(&iface, F_IFACE_TTL), 0);
	assert_int_equal(record_number(&iface, F_IFACE_PORT), 0);
	assert_string_equal(record_text(&iface, F_IFACE_IPADDRESS), "192.0.2.41");
	record_done(&iface);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_card_is_read),
		cmocka_unit_test(every_card_returns),
		cmocka_unit_test(every_card_has_a_twin),
		cmocka_unit_test_setup_teardown(all_cards_together, start_machine, stop_machine),
		cmocka_unit_test_setup_teardown(ports_in_another_order, start_machine, stop_machine),
		cmocka_unit_test_setup_teardown(two_cards_with_one_address, start_machine, stop_machine),
		cmocka_unit_test_setup_teardown(entities_come_and_go, start_machine, stop_machine),
		cmocka_unit_test_setup_teardown(ports_without_an_address, start_machine, stop_machine),
		cmocka_unit_test_setup_teardown(words_of_other_drivers, start_machine, stop_machine),
		cmocka_unit_test_setup_teardown(attributes_that_are_missing, start_machine, stop_machine),
	};

	return cmocka_run_group_tests(tests, leave_the_machine, NULL);
}
