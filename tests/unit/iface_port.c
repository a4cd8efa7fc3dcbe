/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Ports: what two pictures differ in, as a table; when a port is ready, what it is called; and the picture of HBA ports from a tree
 * that stands for /sys. NICs' part of the picture is tested in iface_watch.c, against the kernel.
 */
#include "tests/unit/sysfs_tree.h"

#include "iface/port.h"

/* A port in few words: up and with carrier, and what a test says of it, which counts more. */
#pragma GCC diagnostic ignored "-Woverride-init"
#define NIC(index, ...) { .kind = PORT_NIC, .ifindex = (index), .netdev = "eth", .is_up = true, .has_carrier = true, __VA_ARGS__ }
#define HBA(host, number, ...) \
	{ .kind = PORT_HBA, .host_no = (host), .has_entity = true, .entity = (number), .transport = "qla4xxx", __VA_ARGS__ }
#define ADDED (1u << PORT_ADDED)
#define REMOVED (1u << PORT_REMOVED)

static struct port_address usable[] = { { .family = AF_INET, .bytes = { 10, 0, 0, 1 }, .prefix_len = 24, .is_usable = true } };
static struct port_address wider[] = { { .family = AF_INET, .bytes = { 10, 0, 0, 1 }, .prefix_len = 16, .is_usable = true } };
static struct port_address tentative[] = { { .family = AF_INET6, .bytes = { 0xfd }, .prefix_len = 64 } };
static struct port_address both[] = {
	{ .family = AF_INET, .bytes = { 10, 0, 0, 1 }, .prefix_len = 24, .is_usable = true },
	{ .family = AF_INET6, .bytes = { 0xfd }, .prefix_len = 64 },
};
static struct port_address other[] = { { .family = AF_INET, .bytes = { 10, 0, 0, 2 }, .prefix_len = 24, .is_usable = true } };

#define HAS(list) .addresses = (list), .address_count = sizeof(list) / sizeof((list)[0])

static const struct row {
	const char *what;
	struct port before, now;
	unsigned int changes;	/* bits of enum port_change */
} rows[] = {
	{ "nothing", NIC(2), NIC(2), 0 },
	{ "another index is another NIC", NIC(2), NIC(3), ADDED | REMOVED },
	{ "name", NIC(2), NIC(2, .netdev = "eth7"), 1u << PORT_RENAMED },
	{ "address in use", NIC(2, .hwaddress = "a"), NIC(2, .hwaddress = "b"), 1u << PORT_HWADDRESS },
	{ "joins a bond", NIC(2), NIC(2, .master = "bond0"), 1u << PORT_MASTER },
	{ "from bond to bond", NIC(2, .master = "bond0"), NIC(2, .master = "bond1"), 1u << PORT_MASTER },
	{ "joins a VRF", NIC(2), NIC(2, .vrf = "red"), 1u << PORT_MASTER },
	{ "goes down", NIC(2), NIC(2, .is_up = false), 1u << PORT_DOWN },
	{ "loses carrier", NIC(2), NIC(2, .has_carrier = false), 1u << PORT_DOWN },
	{ "loses the other, too", NIC(2, .is_up = false), NIC(2, .is_up = false, .has_carrier = false), 0 },
	{ "comes up", NIC(2, .is_up = false), NIC(2), 1u << PORT_UP },
	{ "up without carrier", NIC(2, .is_up = false, .has_carrier = false), NIC(2, .has_carrier = false), 0 },
	{ "gets an address", NIC(2), NIC(2, HAS(usable)), 1u << PORT_ADDRESSES },
	{ "loses it", NIC(2, HAS(usable)), NIC(2), 1u << PORT_ADDRESSES },
	{ "keeps it", NIC(2, HAS(usable)), NIC(2, HAS(usable)), 0 },
	{ "changes it", NIC(2, HAS(usable)), NIC(2, HAS(other)), 1u << PORT_ADDRESSES },
	{ "changes the prefix", NIC(2, HAS(usable)), NIC(2, HAS(wider)), 1u << PORT_ADDRESSES },
	{ "not usable yet", NIC(2), NIC(2, HAS(tentative)), 0 },
	{ "one more, not usable yet", NIC(2, HAS(usable)), NIC(2, HAS(both)), 0 },
	{ "all at once", NIC(2, .is_up = false), NIC(2, .netdev = "x", .hwaddress = "b", .master = "m", HAS(usable)),
	  1u << PORT_RENAMED | 1u << PORT_HWADDRESS | 1u << PORT_MASTER | 1u << PORT_UP | 1u << PORT_ADDRESSES },
	{ "HBA as it was", HBA(4, 0), HBA(4, 0), 0 },
	{ "another host", HBA(4, 0), HBA(5, 0), ADDED | REMOVED },
	{ "another entity", HBA(4, 0), HBA(4, 1), ADDED | REMOVED },
	{ "another family", HBA(4, 0), HBA(4, 0, .is_v6 = true), ADDED | REMOVED },
	{ "entities appear", HBA(4, 0, .has_entity = false), HBA(4, 0), ADDED | REMOVED },
	{ "link goes", HBA(4, 0, .port_state = "LINK UP"), HBA(4, 0, .port_state = "LINK DOWN"), 1u << PORT_DOWN },
	{ "link comes", HBA(4, 0, .port_state = "Link Down"), HBA(4, 0, .port_state = ""), 1u << PORT_UP },
	{ "switched off", HBA(4, 0, .state = "enable"), HBA(4, 0, .state = "disable"), 1u << PORT_SETTINGS },
	{ "address of the card", HBA(4, 0, .ipaddress = "192.0.2.1"), HBA(4, 0), 1u << PORT_SETTINGS },
	{ "a NIC is no HBA", NIC(4), HBA(4, 0), ADDED | REMOVED },
};

static void note(enum port_change change, const struct port *before, const struct port *now, void *data)
{
	unsigned int *changes = data;

	assert_int_equal(!before, change == PORT_ADDED);
	assert_int_equal(!now, change == PORT_REMOVED);
	assert_false(*changes & 1u << change);
	*changes |= 1u << change;
}

static void each_difference_is_told_once(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct port left = rows[i].before, right = rows[i].now;
		const struct ports before = { .list = &left, .count = 1 }, now = { .list = &right, .count = 1 };
		unsigned int changes = 0;

		ports_compare(&before, &now, note, &changes);
		if (changes != rows[i].changes)
			fail_msg("%s: %#x", rows[i].what, changes);
	}
}

static void order(enum port_change change, const struct port *before, const struct port *now, void *data)
{
	char *text = data;

	snprintf(text + strlen(text), 8, "%c%u ", change == PORT_ADDED ? '+' : '-', now ? now->ifindex : before->ifindex);
}

static void many_ports_are_matched_by_index(void **state)
{
	struct port left[] = { NIC(1), NIC(3), NIC(4), NIC(9) }, right[] = { NIC(2), NIC(3), NIC(9), NIC(12), NIC(13) };
	const struct ports before = { .list = left, .count = 4 }, now = { .list = right, .count = 5 }, none = { .count = 0 };
	char text[64] = "";

	ports_compare(&before, &now, order, text);
	assert_string_equal(text, "-1 +2 -4 +12 +13 ");
	text[0] = '\0';
	ports_compare(&before, &none, order, text);
	ports_compare(&none, &now, order, text);
	assert_string_equal(text, "-1 -3 -4 -9 +2 +3 +9 +12 +13 ");
}

static void every_change_has_a_name(void **state)
{
	for (int i = 0; i < PORT_CHANGE_COUNT; i++) {
		assert_non_null(port_change_name((enum port_change)i));
		for (int j = 0; j < i; j++)
			assert_string_not_equal(port_change_name((enum port_change)i), port_change_name((enum port_change)j));
	}
}

static void ports_are_found(void **state)
{
	struct port list[] = { NIC(2, .netdev = "eth0"), NIC(7, .netdev = "eth1"), HBA(7, 0, .netdev = "eth2") };
	const struct ports ports = { .list = list, .count = 3 }, none = { .count = 0 };

	assert_ptr_equal(ports_find_netdev(&ports, "eth1"), &list[1]);
	assert_null(ports_find_netdev(&ports, "eth2"));
	assert_ptr_equal(ports_find_index(&ports, 2), &list[0]);
	assert_ptr_equal(ports_find_index(&ports, 7), &list[1]);
	assert_null(ports_find_index(&ports, 3));
	assert_null(ports_find_index(&none, 3));
}

static const struct {
	struct port port;
	bool is_ready;
} ready[] = {
	{ NIC(2, HAS(usable)), true },
	{ NIC(2, HAS(both)), true },
	{ NIC(2), false },
	{ NIC(2, HAS(tentative)), false },
	{ NIC(2, HAS(usable), .is_up = false), false },
	{ NIC(2, HAS(usable), .has_carrier = false), false },
	{ NIC(2, HAS(usable), .master = "bond0"), false },
	{ NIC(2, HAS(usable), .vrf = "red"), true },
	{ HBA(4, 0), true },
	{ HBA(4, 0, .port_state = "Link Up", .state = "enable"), true },
	{ HBA(4, 0, .port_state = "Link Down"), false },
	{ HBA(4, 0, .state = "disable"), false },
};

static void readiness(void **state)
{
	for (size_t i = 0; i < sizeof(ready) / sizeof(ready[0]); i++)
		assert_int_equal(port_is_ready(&ready[i].port), ready[i].is_ready);
}

static void addresses_are_asked_for(void **state)
{
	const struct port port = NIC(2, HAS(both));
	const uint8_t here[] = { 10, 0, 0, 1 }, elsewhere[] = { 10, 0, 0, 2 }, six[16] = { 0xfd };

	assert_true(port_has_family(&port, AF_INET));
	assert_false(port_has_family(&port, AF_INET6));
	assert_true(port_has_address(&port, AF_INET, here));
	assert_false(port_has_address(&port, AF_INET, elsewhere));
	assert_false(port_has_address(&port, AF_INET6, six));
}

static void ports_have_names(void **state)
{
	static const struct {
		struct port port;
		const char *text;
	} names[] = {
		{ NIC(2, .netdev = "eth3", .driver = "virtio_net", .path = "0000:03:00.0"), "NIC eth3 (virtio_net, 0000:03:00.0)" },
		{ NIC(2, .netdev = "bond0", .driver = "bonding", .nic_kind = "bond"), "NIC bond0 (bond)" },
		{ NIC(2, .netdev = "x"), "NIC x" },
		{ HBA(4, 0, .hwaddress = "00:0e:1e:01:02:03"), "qla4xxx port 00:0e:1e:01:02:03 (host 4), ipv4.0" },
		{ HBA(4, 1, .is_v6 = true, .hwaddress = "m"), "qla4xxx port m (host 4), ipv6.1" },
		{ HBA(4, 0, .has_entity = false, .hwaddress = "m"), "qla4xxx port m (host 4)" },
	};
	char text[128];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		port_describe(&names[i].port, text, sizeof(text));
		assert_string_equal(text, names[i].text);
	}
}

/* ---- HBA ports from sysfs ---- */

static int make_root(void **state)
{
	snprintf(root, sizeof(root), "/tmp/iface_port.XXXXXX");
	return mkdtemp(root) ? 0 : -1;
}

static void make_host(const char *number, const char *driver, const char *hwaddress)
{
	char path[64];

	snprintf(path, sizeof(path), "class/scsi_host/host%s", number);
	make_file(path, "proc_name", driver);
	snprintf(path, sizeof(path), "class/iscsi_host/host%s", number);
	make_file(path, "hwaddress", hwaddress);
	make_file(path, "port_state", "Link Up\n");
}

static void make_entity(const char *name, const char *enabled, const char *ipaddress)
{
	char path[64];

	snprintf(path, sizeof(path), "class/iscsi_iface/%s", name);
	make_file(path, "enabled", enabled);
	make_file(path, "ipaddress", ipaddress);
}

static void hba_ports_are_read(void **state)
{
	struct ports ports, copy;

	make_host("5", "bnx2i\n", "00:0e:1e:00:00:05\n");
	make_host("4", "qla4xxx\n", "00:0e:1e:00:00:04\n");
	make_host("6", "iscsi_tcp\n", "00:0e:1e:00:00:06\n");
	make_host("7", "qla4xxx\n", "");
	make_entity("ipv6-iface-4-1", "disabled\n", "::\n");
	make_entity("ipv4-iface-4-0", "Enabled\n", "192.0.2.4\n");
	make_entity("ipv6-iface-4-0", "enable\n", "0000:0000:0000:0000:0000:0000:0000:0000\n");
	assert_int_equal(ports_update(root, NULL, NULL, true, &ports), 0);
	assert_int_equal(ports.count, 4);
	assert_int_equal(ports.list[0].host_no, 4);
	assert_false(ports.list[0].is_v6);
	assert_string_equal(ports.list[0].state, "enable");
	assert_string_equal(ports.list[0].ipaddress, "192.0.2.4");
	assert_string_equal(ports.list[0].driver, "qla4xxx");
	assert_string_equal(ports.list[0].port_state, "Link Up");
	assert_string_equal(ports.list[1].ipaddress, "");
	assert_int_equal(ports.list[2].entity, 1);
	assert_string_equal(ports.list[2].state, "disable");
	assert_string_equal(ports.list[2].ipaddress, "");
	assert_false(ports.list[3].has_entity);
	assert_string_equal(ports.list[3].hwaddress, "00:0e:1e:00:00:05");
	make_entity("ipv4-iface-5-0", "enabled\n", "");
	assert_int_equal(ports_update(root, NULL, &ports, false, &copy), 0); /* cards are not looked at */
	assert_int_equal(copy.count, 4);
	assert_memory_equal(copy.list, ports.list, 4 * sizeof(*ports.list));
	ports_done(&copy);
	ports_done(&ports);
	assert_int_equal(ports.count, 0);
	ports_done(&ports);
}

static void machine_without_cards(void **state)
{
	struct ports ports;

	assert_int_equal(ports_update(root, NULL, NULL, true, &ports), 0);
	assert_int_equal(ports.count, 0);
	ports_done(&ports);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_difference_is_told_once),
		cmocka_unit_test(many_ports_are_matched_by_index),
		cmocka_unit_test(every_change_has_a_name),
		cmocka_unit_test(ports_are_found),
		cmocka_unit_test(readiness),
		cmocka_unit_test(addresses_are_asked_for),
		cmocka_unit_test(ports_have_names),
		cmocka_unit_test_setup_teardown(hba_ports_are_read, make_root, remove_tree),
		cmocka_unit_test_setup_teardown(machine_without_cards, make_root, remove_tree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
