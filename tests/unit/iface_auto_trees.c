/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the manager makes of cards (tests/unit/card_trees.h): from a picture of the ports to iface records and back. Records are made once,
 * their port is absent while the card is away and found again whatever number its host has, and the NIC half of a card, which may have
 * the very same address, has a record of its own.
 */
#include "iface/auto.h"
#include "tests/unit/card_trees.h"

static struct ifaces ifaces;
static struct ports ports;
static unsigned int made, failed;
static char last_made[80];

static int start(void **state)
{
	made = failed = 0;
	return start_machine(state);
}

static int stop(void **state)
{
	ifaces_done(&ifaces);
	ports_done(&ports);
	return stop_machine(state);
}

static void on_made(const struct record *iface, const struct port *port, const char *cause, int error, void *data)
{
	made += !error;
	failed += error != 0;
	assert_non_null(port);
	snprintf(last_made, sizeof(last_made), "%s", record_text(iface, F_IFACE_ISCSI_IFACENAME));
}

/* A new picture and all records, as after an event. */
static void look(void)
{
	ports_done(&ports);
	ifaces_done(&ifaces);
	assert_int_equal(ports_read("/sys", NULL, &ports), 0);
	assert_int_equal(ifaces_read(ifaces_dir, NULL, NULL, &ifaces), 0);
}

/* A pass of the manager. Returns how many records it made. */
static unsigned int pass_with(const struct policy *policy)
{
	unsigned int before = made;

	assert_int_equal(auto_make(ifaces_dir, &ifaces, &ports, policy, NULL, on_made, NULL), 0);
	assert_int_equal(failed, 0);
	return made - before;
}

static unsigned int pass(void)
{
	static const struct policy quiet;

	look();
	return pass_with(&quiet);
}

static void plug_card(const char *card)
{
	char *text = tree(card, NULL);

	plug(text);
	free(text);
}

static void assert_state(const char *name, const char *state)
{
	const struct record *iface = ifaces_find(&ifaces, name);

	assert_non_null(iface);
	assert_true(iface_is_auto(iface));
	assert_string_equal(iface_shown_state(iface, iface_port(iface, &ports)), state);
}

/* ---- */

static const struct {
	const char *card;
	unsigned int first_host, ifaces;
	const char *one, *state;
} cards[] = {
	{ "qla4xxx", 4, 4, "qla4xxx.00:0e:1e:04:93:92.ipv6.1", "enable" },
	{ "be2iscsi", 6, 3, "be2iscsi.00:90:fa:00:00:12.ipv4.0", "enable" },
	{ "bnx2i", 8, 2, "bnx2i.00:10:18:aa:00:03", "present" },
	{ "qedi", 10, 2, "qedi.00:0e:1e:d0:00:04", "present" },
	{ "cxgb4i", 12, 2, "cxgb4i.00:07:43:11:00:08", "present" },
	{ "cxgb3i", 14, 2, "cxgb3i.00:07:43:05:00:01", "present" },
};

static void cards_come_and_go(void **state)
{
	for (size_t i = 0; i < sizeof(cards) / sizeof(cards[0]); i++) {
		char *text = tree(cards[i].card, NULL), *again = renumber(tree(cards[i].card, NULL), cards[i].first_host, 2, 60);

		start(NULL);
		plug(text);
		assert_int_equal(pass(), cards[i].ifaces);
		assert_int_equal(assert_ifaces_of(cards[i].card), cards[i].ifaces);
		assert_state(cards[i].one, cards[i].state);
		unplug(text);
		assert_int_equal(pass(), 0);
		assert_state(cards[i].one, "absent");
		assert_int_equal(assert_ifaces_of(cards[i].card), cards[i].ifaces);
		plug(again);
		assert_int_equal(pass(), 0);
		assert_state(cards[i].one, cards[i].state);
		assert_int_equal(count_files(), cards[i].ifaces);
		stop(NULL);
		free(text);
		free(again);
	}
}

static const struct port *port_of(const char *name)
{
	const struct record *iface = ifaces_find(&ifaces, name);

	assert_non_null(iface);
	return iface_port(iface, &ports);
}

/* Each record stands for its own entity, and for none when that is switched off. */
static void records_stand_for_their_entities(void **state)
{
	char *syspath;

	plug_card("qla4xxx");
	assert_int_equal(pass(), 4);
	assert_int_equal(port_of("qla4xxx.00:0e:1e:04:93:92.ipv4.0")->host_no, 4);
	assert_false(port_of("qla4xxx.00:0e:1e:04:93:92.ipv4.0")->is_v6);
	assert_int_equal(port_of("qla4xxx.00:0e:1e:04:93:92.ipv6.1")->entity, 1);
	assert_true(port_of("qla4xxx.00:0e:1e:04:93:92.ipv6.1")->is_v6);
	assert_int_equal(port_of("qla4xxx.00:0e:1e:04:93:94.ipv4.0")->host_no, 5);
	syspath = realpath("/sys/class/iscsi_iface/ipv4-iface-5-0", NULL);
	assert_non_null(syspath);
	unplug_device(syspath);
	free(syspath);
	assert_int_equal(pass(), 0);
	assert_state("qla4xxx.00:0e:1e:04:93:94.ipv4.0", "absent");
	assert_state("qla4xxx.00:0e:1e:04:93:92.ipv4.0", "enable");
}

/* These drivers show their hosts first, log in to what they boot from, and show the entities seconds later. */
static void entities_come_later_than_their_host(void **state)
{
	static const char *const late[] = { "qla4xxx", "be2iscsi" };

	for (size_t i = 0; i < 2; i++) {
		char *text = tree(late[i], NULL), *hosts = tree(late[i], "SUBSYSTEM=iscsi_iface", "SUBSYSTEM=none", NULL);

		start(NULL);
		plug(hosts);
		assert_int_equal(pass(), 0);
		assert_true(ports.count > 0);
		unplug(hosts);
		plug(text);
		assert_int_equal(pass(), cards[i].ifaces);
		assert_int_equal(assert_ifaces_of(late[i]), cards[i].ifaces);
		stop(NULL);
		free(text);
		free(hosts);
	}
}

/* The state a record was made with is what an administrator may have changed since; what the card says now is another thing. */
static void files_are_never_written_again(void **state)
{
	static const char *const name = "bnx2i.00:10:18:aa:00:01";
	struct record iface;

	record_init(&iface, RECORD_IFACE);
	record_set(&iface, F_IFACE_ISCSI_IFACENAME, name, ORIGIN_RECORD);
	record_set(&iface, F_IFACE_TRANSPORT_NAME, "bnx2i", ORIGIN_RECORD);
	record_set(&iface, F_IFACE_HWADDRESS, "00:10:18:aa:00:01", ORIGIN_RECORD);
	record_set(&iface, F_IFACE_IPADDRESS, "192.0.2.8", ORIGIN_RECORD);
	assert_int_equal(iface_save(ifaces_dir, &iface), 0);
	record_done(&iface);
	plug_card("bnx2i");
	assert_int_equal(pass(), 1);
	assert_string_equal(last_made, "bnx2i.00:10:18:aa:00:03");
	look();
	assert_false(iface_is_auto(ifaces_find(&ifaces, name)));
	assert_string_equal(record_text(ifaces_find(&ifaces, name), F_IFACE_IPADDRESS), "192.0.2.8");
	assert_int_equal(port_of(name)->host_no, 8);
}

/* ---- the NIC half ---- */

static void read_text(const char *path, char *text, size_t room)
{
	FILE *file = fopen(path, "re");

	assert_non_null(file);
	assert_non_null(fgets(text, (int)room, file));
	fclose(file);
	text[strcspn(text, "\n")] = '\0';
}

/* The NIC as rtnetlink would tell it: there is none behind a tree. */
static void add_nic(const char *netdev, const char *driver)
{
	struct port *nic, *list = realloc(ports.list, (ports.count + 1) * sizeof(*list));
	char path[128], text[32], *device;

	assert_non_null(list);
	ports.list = list;
	memmove(list + 1, list, ports.count++ * sizeof(*list)); /* NICs stand before HBAs */
	nic = &list[0];
	*nic = (struct port){ .kind = PORT_NIC, .is_up = true, .has_carrier = true };
	snprintf(nic->netdev, sizeof(nic->netdev), "%s", netdev);
	snprintf(nic->driver, sizeof(nic->driver), "%s", driver);
	snprintf(path, sizeof(path), "/sys/class/net/%s/address", netdev);
	read_text(path, nic->hwaddress, sizeof(nic->hwaddress));
	memcpy(nic->permanent, nic->hwaddress, sizeof(nic->permanent));
	snprintf(path, sizeof(path), "/sys/class/net/%s/ifindex", netdev);
	read_text(path, text, sizeof(text));
	nic->ifindex = (unsigned int)atoi(text);
	snprintf(path, sizeof(path), "/sys/class/net/%s/device", netdev);
	device = realpath(path, NULL);
	assert_non_null(device);
	snprintf(nic->path, sizeof(nic->path), "%s", strrchr(device, '/') + 1);
	free(device);
}

/* Both halves of a card below one PCI function, with one address (cxgb4i) or two (bnx2i), and beside it (qedi). */
static void the_nic_half_has_a_record_of_its_own(void **state)
{
	static const struct {
		const char *card, *driver, *nic, *nic_iface, *hba_iface, *path;
	} halves[] = {
		{ "bnx2i", "bnx2x", "ens1f0", "tcp.00:10:18:aa:00:00", "bnx2i.00:10:18:aa:00:01", "0000:02:00.0" },
		{ "qedi", "qede", "ens3f1", "tcp.00:0e:1e:d0:00:01", "qedi.00:0e:1e:d0:00:05", "0000:03:00.1" },
		{ "cxgb4i", "cxgb4", "ens4f4d1", "tcp.00:07:43:11:00:08", "cxgb4i.00:07:43:11:00:08", "0000:06:00.4" },
		{ "cxgb3i", "cxgb3", "ens5", "tcp.00:07:43:05:00:00", "cxgb3i.00:07:43:05:00:00", "0000:07:00.0" },
	};
	struct policy policy = { .bind = BIND_REACHABLE };

	for (size_t i = 0; i < sizeof(halves) / sizeof(halves[0]); i++) {
		char pattern[40];

		start(NULL);
		snprintf(pattern, sizeof(pattern), "driver:%s", halves[i].driver);
		assert_int_equal(nics_parse(pattern, &policy.nics, NULL), 0);
		plug_card(halves[i].card);
		look();
		add_nic(halves[i].nic, halves[i].driver);
		assert_int_equal(pass_with(&policy), 3);
		assert_int_equal(port_of(halves[i].nic_iface)->kind, PORT_NIC);
		assert_string_equal(port_of(halves[i].nic_iface)->netdev, halves[i].nic);
		assert_string_equal(record_text(ifaces_find(&ifaces, halves[i].nic_iface), F_IFACE_PATH), halves[i].path);
		assert_int_equal(port_of(halves[i].hba_iface)->kind, PORT_HBA);
		assert_string_equal(port_of(halves[i].hba_iface)->transport, halves[i].card);
		assert_int_equal(pass_with(&policy), 0);
		nics_free(policy.nics);
		stop(NULL);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cards_come_and_go),
		TEST(records_stand_for_their_entities),
		cmocka_unit_test(entities_come_later_than_their_host),
		TEST(files_are_never_written_again),
		cmocka_unit_test(the_nic_half_has_a_record_of_its_own),
	};

	return cmocka_run_group_tests(tests, leave_the_machine, NULL);
}
