/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which port a record stands for, through renames, changed and borrowed addresses and moved cards; and the records that are made for
 * ports that have none: their names, whatever the order, and what is left alone.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "iface/auto.h"
#include "tests/unit/sysfs_tree.h"

#define M0 "52:54:00:00:00:10"
#define M1 "52:54:00:00:00:11"
#define M9 "52:54:00:00:00:19"
#define P0 "0000:01:00.0"
#define P1 "0000:02:00.0"

static char dir[32];
static char told[1024];

/* ---- pictures ---- */

static struct port pool[8];
static struct ports ports = { .list = pool };

static struct port *add(unsigned int ifindex, const char *netdev, const char *mac, const char *permanent, const char *path)
{
	struct port *port = &pool[ports.count++];

	*port = (struct port){ .ifindex = ifindex, .is_up = true, .has_carrier = true };
	snprintf(port->netdev, sizeof(port->netdev), "%s", netdev);
	snprintf(port->hwaddress, sizeof(port->hwaddress), "%s", mac);
	snprintf(port->permanent, sizeof(port->permanent), "%s", permanent);
	snprintf(port->path, sizeof(port->path), "%s", path);
	snprintf(port->nic_kind, sizeof(port->nic_kind), "%s", *path ? "" : "veth");
	return port;
}

static struct port *add_hba(const char *transport, const char *mac, uint32_t host_no, int family, uint32_t entity)
{
	struct port *port = &pool[ports.count++];

	*port = (struct port){ .kind = PORT_HBA, .host_no = host_no, .has_entity = family, .is_v6 = family == 6, .entity = entity };
	snprintf(port->transport, sizeof(port->transport), "%s", transport);
	snprintf(port->hwaddress, sizeof(port->hwaddress), "%s", mac);
	return port;
}

/* A text of settings as a record. */
static void make_record(const char *name, const char *settings, struct record *iface)
{
	record_init(iface, RECORD_IFACE);
	assert_int_equal(record_set(iface, F_IFACE_ISCSI_IFACENAME, name, ORIGIN_RECORD), 0);
	assert_int_equal(record_parse(iface, settings, strlen(settings), ORIGIN_RECORD, NULL, NULL), 0);
}

static const char *port_of(const char *name, const char *settings)
{
	const struct port *port;
	struct record iface;

	make_record(name, settings, &iface);
	port = iface_port(&iface, &ports);
	record_done(&iface);
	return port ? *port->netdev ? port->netdev : port->transport : "absent";
}

#define OWN "iface.hwaddress = " M0 "\niface.path = " P0 "\niface.origin = auto\n"
#define HAND "iface.hwaddress = " M0 "\n"

static void none_is_named(void **state)
{
	add(2, "eth0", M0, M0, P0);
	assert_string_equal(port_of("a", ""), "absent");
	assert_string_equal(port_of("a", "iface.net_ifacename = default\niface.hwaddress = default\n"), "absent");
	assert_string_equal(port_of("a", "iface.hwaddress = 00:00:00:00:00:00\n"), "absent");
}

static void by_name(void **state)
{
	add(2, "eth0", M0, M0, P0);
	assert_string_equal(port_of("a", "iface.net_ifacename = eth0\n"), "eth0");
	assert_string_equal(port_of("a", "iface.net_ifacename = eth0\niface.hwaddress = " M9 "\n"), "eth0");
	assert_string_equal(port_of("a", "iface.net_ifacename = eth1\n"), "absent");
	assert_string_equal(port_of("a", "iface.net_ifacename = eth0\niface.transport_name = iser\n"), "eth0");
}

static void renamed_or_given_another_address(void **state)
{
	add(2, "storage0", M9, M0, P0);
	assert_string_equal(port_of("a", OWN), "storage0");
	assert_string_equal(port_of("a", HAND), "storage0");
	assert_string_equal(port_of("a", "iface.hwaddress = " M9 "\n"), "storage0");
	assert_string_equal(port_of("a", "iface.hwaddress = 52:54:00:00:00:1F\n"), "absent");
}

/* Two that wear each other's address: who was made with it is meant. */
static void swapped_addresses(void **state)
{
	add(2, "eth0", M1, M0, P0);
	add(3, "eth1", M0, M1, P1);
	assert_string_equal(port_of("a", OWN), "eth0");
	assert_string_equal(port_of("a", HAND), "eth0");
}

static void a_bond_takes_addresses_over(void **state)
{
	snprintf(add(2, "eth0", M0, M0, P0)->master, IFNAMSIZ, "bond0");
	snprintf(add(3, "eth1", M0, M1, P1)->master, IFNAMSIZ, "bond0");
	add(4, "bond0", M0, "", "");
	assert_string_equal(port_of("a", OWN), "eth0");
	assert_string_equal(port_of("a", HAND), "bond0");
	assert_string_equal(port_of("a", "iface.hwaddress = " M1 "\niface.path = " P1 "\n"), "eth1");
	/* The first one is pulled: the bond keeps its address, and so does the other. */
	memmove(&pool[0], &pool[1], 2 * sizeof(pool[0]));
	ports.count = 2;
	assert_string_equal(port_of("a", OWN), "absent");
	assert_string_equal(port_of("a", HAND), "bond0");
}

static void a_vlan_borrows_the_address(void **state)
{
	add(2, "eth0.7", M0, "", "");
	add(3, "eth0", M0, M0, P0);
	assert_string_equal(port_of("a", OWN), "eth0");
	assert_string_equal(port_of("a", HAND), "eth0");
	ports.count = 1;
	assert_string_equal(port_of("a", OWN), "absent");
	assert_string_equal(port_of("a", HAND), "eth0.7");
}

static void two_with_one_address(void **state)
{
	add(2, "eth0", M0, M0, P1);
	add(3, "eth1", M0, M0, P0);
	assert_string_equal(port_of("a", OWN), "eth1");
	assert_string_equal(port_of("tcp." M0 "." P1, "iface.hwaddress = " M0 "\niface.path = " P1 "\n"), "eth0");
	assert_string_equal(port_of("a", HAND), "eth0");
	snprintf(pool[0].master, IFNAMSIZ, "br0");
	assert_string_equal(port_of("a", HAND), "eth1");
	/* The one with its place in its name is nowhere else. */
	ports.count = 1;
	assert_string_equal(port_of("tcp." M0 "." P0, OWN), "absent");
	assert_string_equal(port_of("tcp." M0, OWN), "eth0");
}

static void moved_to_another_slot(void **state)
{
	add(2, "eth0", M0, M0, P1);
	assert_string_equal(port_of("tcp." M0, OWN), "eth0");
}

static void replaced_by_another(void **state)
{
	add(2, "eth0", M9, M9, P0);
	assert_string_equal(port_of("tcp." M0, OWN), "absent");
}

static void entities_of_hbas(void **state)
{
	add(2, "eth0", M0, M0, P0);
	add_hba("qla4xxx", M0, 4, 4, 0);
	add_hba("qla4xxx", M0, 4, 6, 1)->netdev[0] = '\0';
	add_hba("bnx2i", M0, 5, 0, 0);
	assert_string_equal(port_of("q", HAND "iface.transport_name = qla4xxx\n"), "qla4xxx");
	assert_string_equal(port_of("q", HAND "iface.transport_name = qla4xxx\niface.iface_num = 1\n"), "absent");
	assert_string_equal(port_of("q.ipv6.1", HAND "iface.transport_name = qla4xxx\niface.iface_num = 1\n"), "qla4xxx");
	assert_string_equal(port_of("q", HAND "iface.transport_name = qla4xxx\niface.ipaddress = fe80::1\n"), "absent");
	assert_string_equal(port_of("b", HAND "iface.transport_name = bnx2i\niface.iface_num = 3\n"), "bnx2i");
	assert_string_equal(port_of("b", "iface.hwaddress = " M9 "\niface.transport_name = bnx2i\n"), "absent");
	assert_string_equal(port_of("b", "iface.transport_name = bnx2i\n"), "absent");
}

static void shown_states(void **state)
{
	static const struct {
		const char *settings, *there, *gone;
	} rows[] = {
		{ "", "", "" },
		{ "iface.state = enable\n", "enable", "enable" },
		{ "iface.origin = auto\n", "present", "absent" },
		{ "iface.origin = auto\niface.state = disable\n", "disable", "absent" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct record iface;

		make_record("a", rows[i].settings, &iface);
		assert_string_equal(iface_shown_state(&iface, &pool[0]), rows[i].there);
		assert_string_equal(iface_shown_state(&iface, NULL), rows[i].gone);
		assert_int_equal(iface_is_auto(&iface), i > 1);
		record_done(&iface);
	}
}

/* ---- making ---- */

static void put(const char *name, const char *settings)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "w");
	assert_true(file && fputs(settings, file) >= 0 && fclose(file) == 0);
}

static void made(const struct record *iface, const struct port *port, const char *cause, int error, void *data)
{
	size_t used = strlen(told);

	snprintf(told + used, sizeof(told) - used, "%s: %s: %d\n", record_text(iface, F_IFACE_ISCSI_IFACENAME), cause, error);
}

static bool is_new(const struct port *port, void *data)
{
	return port->kind == PORT_HBA || strcmp(port->netdev, "eth0") != 0;
}

/* What is told; then nothing, the second time. */
static const char *make(const char *patterns, auto_is_new_fn *fn)
{
	struct policy policy = { .bind = BIND_REACHABLE, .fast_fail = 3 };
	struct ifaces ifaces;
	char first[sizeof(told)];

	assert_int_equal(nics_parse(patterns, &policy.nics, NULL), 0);
	assert_int_equal(ifaces_read(dir, NULL, NULL, &ifaces), 0);
	*told = '\0';
	assert_int_equal(auto_make(dir, &ifaces, &ports, &policy, fn, made, NULL), 0);
	memcpy(first, told, sizeof(first));
	*told = '\0';
	for (size_t i = 1; i < ifaces.count; i++)
		assert_true(strcmp(record_text(&ifaces.list[i - 1], F_IFACE_ISCSI_IFACENAME),
				   record_text(&ifaces.list[i], F_IFACE_ISCSI_IFACENAME)) < 0);
	if (!strstr(first, ": -"))
		assert_int_equal(auto_make(dir, &ifaces, &ports, &policy, fn, made, NULL), 0);
	assert_string_equal(told, "");
	memcpy(told, first, sizeof(told));
	ifaces_done(&ifaces);
	policy_done(&policy);
	return told;
}

static void assert_file(const char *name, const char *settings)
{
	struct record iface, wanted;
	struct text got = { 0 }, expected = { 0 };

	assert_int_equal(iface_load(dir, name, &iface), 0);
	make_record(name, settings, &wanted);
	record_format(&iface, RECORD_STORED, &got);
	record_format(&wanted, RECORD_STORED, &expected);
	assert_string_equal(got.data, expected.data);
	text_done(&got);
	text_done(&expected);
	record_done(&iface);
	record_done(&wanted);
}

static void records_of_nics(void **state)
{
	add(2, "eth0", M9, M0, P0);
	add(3, "eth1", M1, M1, P1);
	add(4, "veth0", M1, "", "");
	add(6, "enp3s0v1", M9, "", "0000:03:10.0"); /* has this address until the next boot */
	add(5, "ib0", "", "", "0000:09:00.0");
	assert_string_equal(make("none", NULL), "");
	assert_string_equal(make("e*, veth0, ib0", NULL),
			    "tcp.veth0: it matches veth0: 0\ntcp." M0 ": it matches e*: 0\ntcp." M1 ": it matches e*: 0\n"
			    "tcp.enp3s0v1: it matches e*: 0\ntcp.ib0: it matches ib0: 0\n");
	assert_file("tcp." M0, "iface.hwaddress = " M0 "\niface.origin = auto\niface.bind = reachable\niface.fast_fail = 3\n"
			       "iface.path = " P0 "\n");
	assert_file("tcp." M1, "iface.hwaddress = " M1 "\niface.origin = auto\niface.bind = reachable\niface.fast_fail = 3\n"
			       "iface.path = " P1 "\n");
	assert_file("tcp.veth0", "iface.net_ifacename = veth0\niface.origin = auto\niface.bind = reachable\niface.fast_fail = 3\n");
	assert_file("tcp.enp3s0v1", "iface.net_ifacename = enp3s0v1\niface.origin = auto\niface.bind = reachable\niface.fast_fail = 3\n");
	assert_file("tcp.ib0", "iface.net_ifacename = ib0\niface.origin = auto\niface.bind = reachable\niface.fast_fail = 3\n");
}

static void only_new_ones(void **state)
{
	add(2, "eth0", M0, M0, P0);
	add(3, "eth1", M1, M1, P1);
	assert_string_equal(make("*", is_new), "tcp." M1 ": it matches *: 0\n");
}

/* One address for two: both carry their place, whoever is found first. */
static void one_address_in_either_order(void **state)
{
	static const char wanted[] = "tcp." M0 "." P0 ": it matches *: 0\ntcp." M0 "." P1 ": it matches *: 0\n";

	add(2, "eth0", M0, M0, P0);
	add(3, "eth1", M0, M0, P1);
	assert_string_equal(make("*", NULL), wanted);
	assert_string_equal(port_of("tcp." M0 "." P1, "iface.hwaddress = " M0 "\niface.path = " P1 "\n"), "eth1");
}

static void one_address_in_the_other_order(void **state)
{
	static const char wanted[] = "tcp." M0 "." P0 ": it matches *: 0\ntcp." M0 "." P1 ": it matches *: 0\n";

	add(2, "eth0", M0, M0, P1);
	add(3, "eth1", M0, M0, P0);
	assert_string_equal(make("*", NULL), wanted);
}

/* The second comes when the first has the short name. When the first goes, its record does not stand for the second. */
static void a_second_one_later(void **state)
{
	struct ifaces ifaces;
	const struct record *first;

	add(2, "eth0", M0, M0, P0);
	assert_string_equal(make("*", NULL), "tcp." M0 ": it matches *: 0\n");
	add(3, "eth1", M0, M0, P1);
	assert_string_equal(make("*", is_new), "tcp." M0 "." P1 ": it matches *: 0\n");
	pool[0] = pool[1];
	ports.count = 1;
	assert_int_equal(ifaces_read(dir, NULL, NULL, &ifaces), 0);
	first = ifaces_find(&ifaces, "tcp." M0);
	assert_non_null(first);
	assert_ptr_equal(iface_port(first, &ports), &pool[0]);
	assert_ptr_equal(iface_overruled_by(first, &pool[0], &ifaces, &ports), ifaces_find(&ifaces, "tcp." M0 "." P1));
	assert_null(iface_overruled_by(ifaces_find(&ifaces, "tcp." M0 "." P1), &pool[0], &ifaces, &ports));
	ifaces_done(&ifaces);
}

static void hand_made_ones_win(void **state)
{
	struct ifaces ifaces;

	put("mine", "iface.net_ifacename = eth0\n");
	add(2, "eth0", M0, M0, P0);
	add(3, "eth1", M1, M1, P1);
	assert_string_equal(make("*", NULL), "tcp." M1 ": it matches *: 0\n");
	put("late", "iface.hwaddress = " M1 "\n");
	put("rdma", "iface.net_ifacename = eth1\niface.transport_name = iser\n");
	assert_int_equal(ifaces_read(dir, NULL, NULL, &ifaces), 0);
	assert_ptr_equal(iface_overruled_by(ifaces_find(&ifaces, "tcp." M1), &pool[1], &ifaces, &ports), ifaces_find(&ifaces, "late"));
	assert_null(iface_overruled_by(ifaces_find(&ifaces, "mine"), &pool[0], &ifaces, &ports));
	assert_null(iface_overruled_by(ifaces_find(&ifaces, "tcp." M1), NULL, &ifaces, &ports));
	ifaces_done(&ifaces);
}

/* A name that somebody took for another NIC, and a file that is no iface. */
static void taken_names(void **state)
{
	struct text text = { 0 };
	char path[128];

	put("tcp." M0, "iface.net_ifacename = other\n");
	put("tcp." M1, "nonsense\n");
	add(2, "eth0", M0, M0, P0);
	add(3, "eth1", M1, M1, P1);
	assert_string_equal(make("eth0", NULL), "tcp." M0 "." P0 ": it matches eth0: 0\n");
	assert_string_equal(make("*", NULL), "tcp." M1 ": it matches *: -17\n");
	snprintf(path, sizeof(path), "%s/tcp." M1, dir);
	assert_int_equal(text_read_file(path, 100, &text), 0);
	assert_string_equal(text.data, "nonsense\n");
	text_done(&text);
}

static void long_places(void **state)
{
	const char *end = "n-bus-that-needs-more-room-than-names-have";

	add(2, "eth0", M0, M0, "usb-0000:00:14.0-on/a");
	add(3, "eth1", M0, M0, "x-on-bus-that-needs-more-room-than-names-have");
	assert_true(strlen(end) == 42);
	assert_string_equal(make("*", NULL), "tcp." M0 ".usb-0000:00:14.0-on-a: it matches *: 0\n"
					     "tcp." M0 ".n-bus-that-needs-more-room-than-names-have: it matches *: 0\n");
}

static void a_folder_that_cannot_be_written(void **state)
{
	struct policy policy = { .bind = BIND_ALWAYS };
	struct ifaces ifaces = { .count = 0 };

	add(2, "eth0", M0, M0, P0);
	assert_int_equal(nics_parse("*", &policy.nics, NULL), 0);
	*told = '\0';
	assert_int_equal(auto_make("/proc/none", &ifaces, &ports, &policy, NULL, made, NULL), 0);
	assert_string_equal(told, "tcp." M0 ": it matches *: -2\n");
	assert_int_equal(auto_make("/proc/none", &ifaces, &ports, &policy, NULL, NULL, NULL), 0);
	assert_int_equal(ifaces.count, 0);
	policy_done(&policy);
}

/* ---- HBAs ---- */

static void records_of_hbas(void **state)
{
	snprintf(root, sizeof(root), "/tmp/auto-sys.XXXXXX");
	assert_non_null(mkdtemp(root));
	make_file("class/iscsi_host/host4", "hwaddress", M0 "\n");
	make_file("class/scsi_host/host4", "proc_name", "qla4xxx\n");
	make_file("class/iscsi_host/host5", "hwaddress", M1 "\n");
	make_file("class/scsi_host/host5", "proc_name", "bnx2i\n");
	make_file("class/iscsi_iface/ipv4-iface-4-0", "vlan_id", "7\n");
	make_file("class/iscsi_iface/ipv6-iface-4-1", "enabled", "disable\n");
	ports.root = root;
	add_hba("qla4xxx", M0, 4, 4, 0);
	add_hba("qla4xxx", M0, 4, 6, 1);
	add_hba("qla4xxx", M0, 4, 6, 2); /* has gone since */
	add_hba("bnx2i", M1, 5, 0, 0);
	put("bnx2i." M1, "nonsense\n");
	assert_string_equal(make("none", NULL), "qla4xxx." M0 ".ipv4.0: the port of an HBA: 0\nqla4xxx." M0 ".ipv6.1: the port of an HBA: 0\n");
	assert_file("qla4xxx." M0 ".ipv4.0", "iface.hwaddress = " M0 "\niface.net_ifacename = default\niface.transport_name = qla4xxx\n"
					      "iface.vlan_id = 7\niface.origin = auto\n");
	assert_file("qla4xxx." M0 ".ipv6.1", "iface.hwaddress = " M0 "\niface.net_ifacename = default\niface.transport_name = qla4xxx\niface.state = disable\n"
		    "iface.iface_num = 1\niface.origin = auto\n");
	assert_int_equal(remove_tree(NULL), 0);
}

static int start(void **state)
{
	snprintf(dir, sizeof(dir), "/tmp/auto.XXXXXX");
	ports = (struct ports){ .list = pool };
	return mkdtemp(dir) ? 0 : -1;
}

static int stop(void **state)
{
	char path[512];
	DIR *stream = opendir(dir);

	for (struct dirent *entry; stream && (entry = readdir(stream));) {
		snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		if (entry->d_name[0] != '.')
			unlink(path);
	}
	if (stream)
		closedir(stream);
	return rmdir(dir);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, start, stop)
	const struct CMUnitTest tests[] = {
		CASE(none_is_named), CASE(by_name), CASE(renamed_or_given_another_address), CASE(swapped_addresses),
		CASE(a_bond_takes_addresses_over), CASE(a_vlan_borrows_the_address), CASE(two_with_one_address),
		CASE(moved_to_another_slot), CASE(replaced_by_another), CASE(entities_of_hbas), CASE(shown_states),
		CASE(records_of_nics), CASE(only_new_ones), CASE(one_address_in_either_order), CASE(one_address_in_the_other_order),
		CASE(a_second_one_later), CASE(hand_made_ones_win), CASE(taken_names), CASE(long_places),
		CASE(a_folder_that_cannot_be_written), CASE(records_of_hbas),
	};

	return cmocka_run_group_tests_name("iface/auto", tests, NULL, NULL);
}
