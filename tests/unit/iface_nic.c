/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Bringing up a boot NIC: address, routes, VLAN, and what is left alone. With the real kernel, in a network of its own (user and net
 * namespaces); skipped where that is not permitted. What came of it is asked of ip(8).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "iface/nic.h"

static const char *no_network; /* why there is no network of our own */

static bool run(const char *command)
{
	char line[512];

	snprintf(line, sizeof(line), "{ %s; } >/dev/null 2>&1", command);
	return system(line) == 0;
}

static bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool written = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return written;
}

static bool leave_network(void)
{
	char uid_map[64], gid_map[64];

	if (unshare(CLONE_NEWNET) == 0)
		return true;
	snprintf(uid_map, sizeof(uid_map), "0 %d 1", (int)geteuid());
	snprintf(gid_map, sizeof(gid_map), "0 %d 1", (int)getegid());
	return unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0 && write_file("/proc/self/setgroups", "deny") &&
	       write_file("/proc/self/uid_map", uid_map) && write_file("/proc/self/gid_map", gid_map);
}

static int make_network(void **state)
{
	if (system("ip link show dev lo >/dev/null 2>&1") != 0)
		no_network = "there is no ip(8)";
	else if (!leave_network())
		no_network = "namespaces are not permitted";
	return 0;
}

static int remove_nics(void **state)
{
	if (!no_network)
		run("ip link del nic0.7; ip link del seven; ip link del nic0; ip link del nic2");
	return 0;
}

static void need(const char *commands)
{
	if (no_network || !run(commands)) {
		print_message("%s\n", no_network ? no_network : commands);
		remove_nics(NULL);
		skip();
	}
}

#define TWO_ENDS "ip link add nic0 type veth peer name nic1 && ip link set nic1 up"

static void take(struct boot_target *target, enum boot_field field, const char *text)
{
	assert_int_equal(boot_set(target, field, text), 0);
}

static void fill(struct boot_target *target)
{
	memset(target, 0, sizeof(*target));
	take(target, BOOT_NETDEV, "nic0");
	take(target, BOOT_ADDRESS, "10.9.0.10");
	take(target, BOOT_PREFIX_LEN, "24");
	take(target, BOOT_TARGET_ADDRESS, "10.9.0.1");
}

static void set_up(const struct boot_target *target, const char *netdev)
{
	char got[IFNAMSIZ];

	assert_int_equal(nic_set_up(target, got), 0);
	assert_string_equal(got, netdev);
}

static void gives_address_and_default_route(void **state)
{
	struct boot_target target;

	need(TWO_ENDS);
	fill(&target);
	take(&target, BOOT_GATEWAY, "10.9.0.254");
	set_up(&target, "nic0");
	assert_true(run("ip -o link show up dev nic0 | grep -q nic0"));
	assert_true(run("ip -4 addr show dev nic0 | grep -q '10.9.0.10/24 brd 10.9.0.255'"));
	assert_true(run("ip route | grep -q '^default via 10.9.0.254 dev nic0'"));
	assert_true(run("test $(ip route | wc -l) = 2"));
	set_up(&target, "nic0");
	assert_true(run("test $(ip -4 addr show dev nic0 | grep -c inet) = 1 && test $(ip route | wc -l) = 2"));
}

static void works_without_a_gateway(void **state)
{
	struct boot_target target;

	need(TWO_ENDS);
	fill(&target);
	set_up(&target, "nic0");
	assert_true(run("test $(ip route | wc -l) = 1"));
}

/* The first of two targets behind one NIC made the default route; a default route elsewhere is left, and gone around. */
static void route_that_is_there_is_left(void **state)
{
	struct boot_target target;

	need(TWO_ENDS " && ip link add nic2 type veth peer name nic3 && ip link set nic2 up && ip link set nic3 up && "
		      "ip addr add 10.8.0.10/24 dev nic2 && ip route add default via 10.8.0.1 dev nic2 metric 100");
	fill(&target);
	take(&target, BOOT_GATEWAY, "10.9.0.254");
	take(&target, BOOT_TARGET_ADDRESS, "192.0.2.1");
	set_up(&target, "nic0");
	assert_true(run("test $(ip route | grep -c default) = 1 && ip route | grep -q 'default via 10.8.0.1'"));
	assert_true(run("ip route get 192.0.2.1 | grep -q 'via 10.9.0.254 dev nic0'"));
	take(&target, BOOT_TARGET_ADDRESS, "192.0.2.2");
	set_up(&target, "nic0");
	assert_true(run("ip route get 192.0.2.2 | grep -q 'via 10.9.0.254 dev nic0'"));
}

static void address_that_is_there_is_left(void **state)
{
	struct boot_target target;

	need(TWO_ENDS " && ip addr add 10.9.0.99/16 dev nic0");
	fill(&target);
	take(&target, BOOT_GATEWAY, "10.9.0.254");
	set_up(&target, "nic0");
	assert_true(run("test $(ip -4 addr show dev nic0 | grep -c inet) = 1"));
	assert_true(run("test $(ip route | grep -c default) = 0"));
}

static void ipv6_works(void **state)
{
	struct boot_target target;

	need(TWO_ENDS);
	fill(&target);
	take(&target, BOOT_ADDRESS, "fd09::10");
	take(&target, BOOT_PREFIX_LEN, "64");
	take(&target, BOOT_TARGET_ADDRESS, "fd09::1");
	set_up(&target, "nic0");
	assert_true(run("ip -6 addr show dev nic0 | grep -q 'fd09::10/64'"));
}

static void lease_is_taken_over(void **state)
{
	struct boot_target target;

	need(TWO_ENDS);
	fill(&target);
	take(&target, BOOT_ORIGIN, "3");
	set_up(&target, "nic0");
	assert_true(run("ip -4 addr show dev nic0 | grep -q 10.9.0.10/24"));
}

static void no_address_is_only_link_up(void **state)
{
	struct boot_target target;

	need(TWO_ENDS);
	fill(&target);
	take(&target, BOOT_ADDRESS, "");
	set_up(&target, "nic0");
	assert_true(run("ip -o link show up dev nic0 | grep -q nic0 && test -z \"$(ip -4 addr show dev nic0)\""));
}

static void vlan_is_made(void **state)
{
	struct boot_target target;

	need(TWO_ENDS " && ip link add link nic0 name nic0.9 type vlan id 9 && ip link del nic0.9");
	fill(&target);
	take(&target, BOOT_VLAN, "7");
	set_up(&target, "nic0.7");
	assert_true(run("ip -d link show dev nic0.7 | grep -q 'vlan.* id 7 '"));
	assert_true(run("ip -4 addr show dev nic0.7 | grep -q 10.9.0.10/24 && test -z \"$(ip -4 addr show dev nic0)\""));
	set_up(&target, "nic0.7");
}

static void vlan_that_is_there_is_used(void **state)
{
	struct boot_target target;

	need(TWO_ENDS " && ip link add link nic0 name other type vlan id 8 && ip link add link nic0 name seven type vlan id 7");
	fill(&target);
	take(&target, BOOT_VLAN, "7");
	set_up(&target, "seven");
	assert_true(run("ip -4 addr show dev seven | grep -q 10.9.0.10/24"));
}

static void names_without_touching(void **state)
{
	struct boot_target target;
	char netdev[IFNAMSIZ];

	fill(&target);
	nic_name(&target, netdev);
	assert_string_equal(netdev, "nic0");
	take(&target, BOOT_VLAN, "7");
	nic_name(&target, netdev);
	assert_string_equal(netdev, "nic0.7");
	take(&target, BOOT_NETDEV, "enp130s0f1np1");
	take(&target, BOOT_VLAN, "1234");
	nic_name(&target, netdev);
	assert_string_equal(netdev, "enp130s0f1.1234");
	take(&target, BOOT_NETDEV, "");
	nic_name(&target, netdev);
	assert_string_equal(netdev, "");
}

static void tells_what_is_wrong(void **state)
{
	struct boot_target target;
	char netdev[IFNAMSIZ];

	fill(&target);
	take(&target, BOOT_NETDEV, "");
	assert_int_equal(nic_set_up(&target, netdev), -ENODEV);
	take(&target, BOOT_NETDEV, "nowhere0");
	assert_int_equal(nic_set_up(&target, netdev), -ENODEV);
	need(TWO_ENDS);
	take(&target, BOOT_NETDEV, "nic0");
	take(&target, BOOT_PREFIX_LEN, "");
	assert_int_equal(nic_set_up(&target, netdev), -EINVAL);
	take(&target, BOOT_PREFIX_LEN, "24");
	take(&target, BOOT_GATEWAY, "192.0.2.254");
	assert_int_equal(nic_set_up(&target, netdev), -ENETUNREACH);
}

static void engines_are_no_software_nics(void **state)
{
	struct boot_target target;

	fill(&target);
	assert_true(nic_is_software(&target));
	take(&target, BOOT_TRANSPORT, "tcp");
	assert_true(nic_is_software(&target));
	take(&target, BOOT_TRANSPORT, "qla4xxx");
	assert_false(nic_is_software(&target));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(gives_address_and_default_route, remove_nics),
		cmocka_unit_test_teardown(works_without_a_gateway, remove_nics),
		cmocka_unit_test_teardown(route_that_is_there_is_left, remove_nics),
		cmocka_unit_test_teardown(address_that_is_there_is_left, remove_nics),
		cmocka_unit_test_teardown(ipv6_works, remove_nics),
		cmocka_unit_test_teardown(lease_is_taken_over, remove_nics),
		cmocka_unit_test_teardown(no_address_is_only_link_up, remove_nics),
		cmocka_unit_test_teardown(vlan_is_made, remove_nics),
		cmocka_unit_test_teardown(vlan_that_is_there_is_used, remove_nics),
		cmocka_unit_test(names_without_touching),
		cmocka_unit_test_teardown(tells_what_is_wrong, remove_nics),
		cmocka_unit_test(engines_are_no_software_nics),
	};

	return cmocka_run_group_tests(tests, make_network, NULL);
}
