/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Verdicts: each rule of the header, in its order, with the sentence people read. */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "iface/verdict.h"

#define MAC "02:00:00:00:00:01"
#define HBA_MAC "00:0e:1e:01:02:03"

/* What the kernel says of routes: of the device, for destinations of one family. */
struct way {
	int family, error;
	struct rtway way;
};

static int answer(void *data, unsigned int ifindex, int family, const void *destination, struct rtway *ret_way)
{
	const struct way *way = data;

	if (family != way->family)
		return -ENETUNREACH;
	*ret_way = way->way;
	return way->error;
}

struct world {
	struct port_address addresses[2];
	struct port list[2];
	struct ports ports;
	struct record iface, other;
	struct ifaces all;
	struct way way;
	struct reach *reach;
	struct verdict verdict;
};

static void set_address(struct port_address *address, const char *text, uint8_t prefix_len)
{
	*address = (struct port_address){ .family = strchr(text, ':') ? AF_INET6 : AF_INET, .prefix_len = prefix_len, .is_usable = true };
	assert_int_equal(inet_pton(address->family, text, address->bytes), 1);
	address->is_link_local = !strncmp(text, "fe80", 4);
}

static void set(struct record *iface, enum field field, const char *value)
{
	assert_int_equal(record_set(iface, field, value, ORIGIN_RECORD), 0);
}

static struct world *setup(void)
{
	struct world *world = calloc(1, sizeof(*world));
	struct port *nic = &world->list[0], *hba = &world->list[1];

	*nic = (struct port){ .kind = PORT_NIC, .hwaddress = MAC, .permanent = MAC, .netdev = "eth1", .ifindex = 3, .is_up = true,
			      .path = "0000:00:05.0", .has_carrier = true, .addresses = world->addresses, .address_count = 1 };
	*hba = (struct port){ .kind = PORT_HBA, .transport = "qla4xxx", .hwaddress = HBA_MAC, .host_no = 4, .has_entity = true,
			      .port_state = "Link Up", .state = "enable", .ipaddress = "192.0.2.5" };
	set_address(&world->addresses[0], "10.9.1.10", 24);
	world->ports = (struct ports){ .list = world->list, .count = 2 };
	record_init(&world->iface, RECORD_IFACE);
	set(&world->iface, F_IFACE_ISCSI_IFACENAME, "tcp." MAC);
	set(&world->iface, F_IFACE_HWADDRESS, MAC);
	set(&world->iface, F_IFACE_ORIGIN, "auto");
	set(&world->iface, F_IFACE_BIND, "reachable");
	record_init(&world->other, RECORD_IFACE);
	set(&world->other, F_IFACE_ISCSI_IFACENAME, "mine");
	world->all = (struct ifaces){ &world->other, 0 };
	world->way = (struct way){ .family = AF_INET, .way = { .prefix_len = 24, .table = 254 } };
	inet_pton(AF_INET, "10.9.1.10", world->way.way.source);
	assert_int_equal(reach_new_asking(answer, &world->way, &world->reach), 0);
	return world;
}

static void teardown(struct world *world)
{
	record_done(&world->iface);
	record_done(&world->other);
	reach_free(world->reach);
	free(world);
}

/* portal NULL: of the port alone. */
static void expect(struct world *world, const char *portal, enum verdict_reason reason, const char *sentence)
{
	struct portal parsed;

	reach_forget(world->reach);
	assert_int_equal(portal_parse(portal ? portal : "::1", ISCSI_PORT, &parsed), 0);
	verdict_give(&world->iface, &world->all, &world->ports, world->reach, portal ? &parsed : NULL, &world->verdict);
	assert_string_equal(world->verdict.sentence, sentence);
	assert_string_equal(verdict_word(world->verdict.reason), verdict_word(reason));
	assert_int_equal(world->verdict.is_bound, reason < VERDICT_NEVER);
}

static void test_record_first(void **state)
{
	struct world *world = setup();

	set(&world->iface, F_IFACE_BIND, "");
	expect(world, "10.9.1.1", VERDICT_UNMANAGED, "iface.bind is not set: discovery and iscsiadm bind it, nobody else");
	set(&world->iface, F_IFACE_BIND, "never");
	expect(world, "10.9.1.1", VERDICT_NEVER, "iface.bind is never");
	set(&world->iface, F_IFACE_BIND, "always");
	expect(world, "10.9.1.1", VERDICT_ALWAYS, "iface.bind is always");
	expect(world, "array.example", VERDICT_ALWAYS, "iface.bind is always");
	world->ports.count = 0;
	expect(world, "10.9.1.1", VERDICT_ALWAYS, "iface.bind is always");
	set(&world->iface, F_IFACE_STATE, "disable");
	expect(world, "10.9.1.1", VERDICT_DISABLED, "iface.state is disable");
	teardown(world);
}

/* Only what the manager made gives way, and only to what an administrator made for the same NIC. */
static void test_overruled(void **state)
{
	struct world *world = setup();

	world->all.count = 1;
	set(&world->other, F_IFACE_NET_IFACENAME, "eth2");
	expect(world, "10.9.1.1", VERDICT_ROUTE, "route 10.9.1.0/24 on eth1 from 10.9.1.10");
	set(&world->other, F_IFACE_NET_IFACENAME, "eth1");
	expect(world, "10.9.1.1", VERDICT_OVERRULED, "mine stands for eth1 as well, and was made by hand");
	set(&world->other, F_IFACE_ORIGIN, "auto");
	expect(world, "10.9.1.1", VERDICT_ROUTE, "route 10.9.1.0/24 on eth1 from 10.9.1.10");
	set(&world->other, F_IFACE_ORIGIN, "");
	set(&world->iface, F_IFACE_ORIGIN, "");
	expect(world, "10.9.1.1", VERDICT_ROUTE, "route 10.9.1.0/24 on eth1 from 10.9.1.10");
	teardown(world);
}

static void test_nic(void **state)
{
	struct world *world = setup();
	struct port *nic = &world->list[0];

	expect(world, NULL, VERDICT_ROUTE, "eth1 is up and has 10.9.1.10/24");
	world->addresses[0].is_usable = false;
	expect(world, NULL, VERDICT_NO_ADDRESS, "no address of eth1 is usable yet");
	nic->address_count = 0;
	expect(world, "10.9.1.1", VERDICT_NO_ADDRESS, "eth1 has no address");
	nic->has_carrier = false;
	expect(world, "10.9.1.1", VERDICT_DOWN, "eth1 has no carrier");
	nic->is_up = false;
	expect(world, "10.9.1.1", VERDICT_DOWN, "eth1 is down");
	snprintf(nic->master, sizeof(nic->master), "bond0");
	expect(world, "10.9.1.1", VERDICT_ENSLAVED, "eth1 is a port of bond0");
	world->ports.list++;
	world->ports.count--;
	expect(world, "10.9.1.1", VERDICT_ABSENT, "there is no NIC with address " MAC);
	set(&world->iface, F_IFACE_NET_IFACENAME, "eth7");
	expect(world, NULL, VERDICT_ABSENT, "there is no NIC eth7");
	set(&world->iface, F_IFACE_NET_IFACENAME, "");
	set(&world->iface, F_IFACE_HWADDRESS, "");
	expect(world, "array.example", VERDICT_ROUTE, "it names no NIC: the kernel's routes decide");
	teardown(world);
}

static void test_routes(void **state)
{
	struct world *world = setup();
	struct rtway *way = &world->way.way;

	way->prefix_len = 20;
	way->table = 100;
	expect(world, "10.9.129.1", VERDICT_ROUTE, "route 10.9.128.0/20 on eth1 from 10.9.1.10, table 100");
	snprintf(world->list[0].vrf, sizeof(world->list[0].vrf), "red");
	way->prefix_len = 0;
	way->gateway_family = AF_INET;
	inet_pton(AF_INET, "10.9.1.254", way->gateway);
	expect(world, "192.0.2.1", VERDICT_ROUTE, "default route by 10.9.1.254 on eth1 from 10.9.1.10, VRF red");
	way->gateway_family = AF_INET6;
	inet_pton(AF_INET6, "fe80::1", way->gateway);
	memset(way->source, 0, sizeof(way->source));
	expect(world, "192.0.2.1", VERDICT_ROUTE, "default route by fe80::1 on eth1, VRF red");
	expect(world, "[fd00::1]", VERDICT_NO_ADDRESS, "eth1 has no usable IPv6 address to reach fd00::1 from");
	expect(world, "10.9.1.10", VERDICT_NO_ROUTE, "10.9.1.10 is an address of eth1 itself");
	world->way.error = -ENETUNREACH;
	expect(world, "192.0.2.1", VERDICT_NO_ROUTE, "no route to 192.0.2.1 on eth1");
	world->way.error = -EACCES;
	expect(world, "192.0.2.1", VERDICT_NO_ROUTE, "a route or rule prohibits 192.0.2.1 on eth1");
	world->way.error = -EINVAL;
	expect(world, "192.0.2.1", VERDICT_NO_ROUTE, "a route or rule drops what goes to 192.0.2.1 on eth1");
	world->way.error = -EMFILE;
	expect(world, "192.0.2.1", VERDICT_NO_ROUTE,
	       "the kernel cannot be asked for a route to 192.0.2.1 on eth1: Too many open files");
	expect(world, "array.example", VERDICT_HOST_NAME,
	       "array.example is a name; only portals with an address are bound by reachability");
	teardown(world);
}

static void test_ipv6(void **state)
{
	struct world *world = setup();

	world->list[0].address_count = 2;
	set_address(&world->addresses[0], "fd00:1::10", 64);
	set_address(&world->addresses[1], "fe80::10", 64);
	world->way.family = AF_INET6;
	world->way.way.prefix_len = 61;
	inet_pton(AF_INET6, "fd00:1::10", world->way.way.source);
	expect(world, "[fd00:1:0:7::1]", VERDICT_ROUTE, "route fd00:1::/61 on eth1 from fd00:1::10");
	expect(world, "[fe80::1]", VERDICT_ROUTE, "route fe80::/64 on eth1 from fe80::10");
	expect(world, "[fe80::1%eth1]", VERDICT_ROUTE, "route fe80::/64 on eth1 from fe80::10");
	expect(world, "[fe80::1%eth2]", VERDICT_NO_ROUTE, "fe80::1%eth2 is on the link of another NIC than eth1");
	expect(world, "10.9.1.1", VERDICT_NO_ADDRESS, "eth1 has no usable IPv4 address to reach 10.9.1.1 from");
	teardown(world);
}

static void test_hba(void **state)
{
	struct world *world = setup();
	struct port *hba = &world->list[1];

	set(&world->iface, F_IFACE_TRANSPORT_NAME, "qla4xxx");
	set(&world->iface, F_IFACE_HWADDRESS, HBA_MAC);
	set(&world->iface, F_IFACE_ISCSI_IFACENAME, "qla4xxx." HBA_MAC ".ipv4.0");
	expect(world, "192.0.2.1", VERDICT_HBA, "ipv4.0 of qla4xxx port " HBA_MAC " (host 4) has 192.0.2.5");
	expect(world, "[fd00::1]", VERDICT_FAMILY, "fd00::1 is an IPv6 address, the port has IPv4");
	expect(world, "array.example", VERDICT_HOST_NAME,
	       "array.example is a name; only portals with an address are bound by reachability");
	set(&world->iface, F_IFACE_BIND, "always");
	expect(world, "[fd00::1]", VERDICT_FAMILY, "fd00::1 is an IPv6 address, the port has IPv4");
	expect(world, "array.example", VERDICT_ALWAYS, "iface.bind is always");
	set(&world->iface, F_IFACE_BIND, "reachable");
	snprintf(hba->ipaddress, sizeof(hba->ipaddress), "0.0.0.0");
	expect(world, "192.0.2.1", VERDICT_NO_ADDRESS, "ipv4.0 of qla4xxx port " HBA_MAC " (host 4) has no address");
	snprintf(hba->port_state, sizeof(hba->port_state), "Link Down");
	expect(world, "192.0.2.1", VERDICT_DOWN, "ipv4.0 of qla4xxx port " HBA_MAC " (host 4): Link Down");
	snprintf(hba->state, sizeof(hba->state), "disable");
	expect(world, "192.0.2.1", VERDICT_DISABLED, "ipv4.0 of qla4xxx port " HBA_MAC " (host 4) is disabled on the card");
	world->ports.count = 1;
	expect(world, "192.0.2.1", VERDICT_ABSENT, "there is no qla4xxx port " HBA_MAC);
	teardown(world);
}

/* Words are what programs compare with. */
static void test_words(void **state)
{
	for (int a = 0; a < VERDICT_REASON_COUNT; a++) {
		assert_true(*verdict_word(a));
		for (int b = 0; b < a; b++)
			assert_string_not_equal(verdict_word(a), verdict_word(b));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_record_first),
		cmocka_unit_test(test_overruled),
		cmocka_unit_test(test_nic),
		cmocka_unit_test(test_routes),
		cmocka_unit_test(test_ipv6),
		cmocka_unit_test(test_hba),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
