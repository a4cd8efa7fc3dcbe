/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Binding to NICs: what means none, look-up by name and by address, NICs that share an address, and NICs that are down or have no
 * address. Runs in a network of its own (user, net and mount namespaces) with NICs made by ip(8); where that is not permitted only
 * the cases on lo run.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include "iface/iface.h"

static const char *no_network; /* why there is no network of our own */
static bool has_sysfs;	       /* of that network */

static int bind_to(const char *netdev, const char *mac, int family, struct iface_binding *binding)
{
	struct record record;
	int error;

	record_init(&record, RECORD_IFACE);
	assert_int_equal(record_set(&record, F_IFACE_NET_IFACENAME, netdev, ORIGIN_COMMAND), 0);
	assert_int_equal(record_set(&record, F_IFACE_HWADDRESS, mac, ORIGIN_COMMAND), 0);
	error = iface_bind(&record, family, binding);
	record_done(&record);
	return error;
}

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

/* Becomes root of namespaces of its own, from root or from an ordinary user. */
static bool leave_network(void)
{
	char uid_map[64], gid_map[64];

	if (unshare(CLONE_NEWNET | CLONE_NEWNS) == 0)
		return true;
	snprintf(uid_map, sizeof(uid_map), "0 %d 1", (int)geteuid());
	snprintf(gid_map, sizeof(gid_map), "0 %d 1", (int)getegid());
	return unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWNS) == 0 && write_file("/proc/self/setgroups", "deny") &&
	       write_file("/proc/self/uid_map", uid_map) && write_file("/proc/self/gid_map", gid_map);
}

static int make_network(void **state)
{
	if (system("ip link show dev lo >/dev/null 2>&1") != 0)
		no_network = "there is no ip(8)";
	else if (!leave_network())
		no_network = "namespaces are not permitted";
	else if (!run("ip link set lo up"))
		return -1;
	else
		has_sysfs = mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
			    mount("sysfs", "/sys", "sysfs", 0, NULL) == 0;
	return 0;
}

static int remove_nics(void **state)
{
	if (!no_network)
		run("ip link del nic0.5; ip link del nic2; ip link del br0; ip link del bond0; ip link del nic0; ip link del nic1");
	return 0;
}

static void need_network(const char *commands)
{
	if (no_network) {
		print_message("%s\n", no_network);
		skip();
	}
	if (!run(commands)) {
		print_message("this kernel cannot: %s\n", commands);
		remove_nics(NULL);
		skip();
	}
}

static void none_is_no_binding(void **state)
{
	static const char *const names[] = { "", "default" };
	static const char *const macs[] = { "", "default", "00:00:00:00:00:00" };
	struct iface_binding binding;

	for (size_t i = 0; i < 2; i++)
		for (size_t j = 0; j < 3; j++) {
			memset(&binding, 'x', sizeof(binding));
			assert_int_equal(bind_to(names[i], macs[j], AF_INET, &binding), 0);
			assert_string_equal(binding.netdev, "");
			assert_string_equal(binding.hwaddress, "");
		}
}

static void missing_nic_is_told(void **state)
{
	struct iface_binding binding;

	assert_int_equal(bind_to("none0", "", AF_UNSPEC, &binding), -ENODEV);
	assert_string_equal(binding.netdev, "none0");
	assert_int_equal(bind_to("", "02:fe:dc:ba:98:76", AF_UNSPEC, &binding), -ENODEV);
	assert_string_equal(binding.hwaddress, "02:fe:dc:ba:98:76");
	assert_int_equal(bind_to("", "nonsense", AF_UNSPEC, &binding), -ENODEV);
}

static void lo_is_found_by_name(void **state)
{
	struct iface_binding binding;

	assert_int_equal(bind_to("lo", "default", AF_INET, &binding), 0);
	assert_string_equal(binding.netdev, "lo");
	assert_string_equal(binding.hwaddress, "");
	assert_int_equal(bind_to("lo", "", AF_UNSPEC, &binding), 0);
}

static void node_records_bind_too(void **state)
{
	struct iface_binding binding;
	struct record record;

	record_init(&record, RECORD_NODE);
	record_set(&record, F_IFACE_NET_IFACENAME, "lo", ORIGIN_COMMAND);
	assert_int_equal(iface_bind(&record, AF_INET, &binding), 0);
	assert_string_equal(binding.netdev, "lo");
	record_done(&record);
}

static void address_is_compared_without_case(void **state)
{
	struct iface_binding binding;

	need_network("ip link add nic0 type veth peer name nic1 && ip link set nic0 address 02:ab:cd:ef:00:01 up && "
		     "ip addr add 192.0.2.1/24 dev nic0");
	assert_int_equal(bind_to("", "02:AB:cd:EF:00:01", AF_INET, &binding), 0);
	assert_string_equal(binding.netdev, "nic0");
	assert_string_equal(binding.hwaddress, "02:AB:cd:EF:00:01");
	assert_int_equal(bind_to("default", "02:ab:cd:ef:00:01", AF_UNSPEC, &binding), 0);
}

static void family_must_be_there(void **state)
{
	struct iface_binding binding;

	need_network("ip link add nic0 type veth peer name nic1 && ip link set nic1 up && ip link set nic0 up && sysctl -q -w net.ipv6.conf.nic0.disable_ipv6=1 || "
		     "ip -6 addr flush dev nic0");
	assert_int_equal(bind_to("nic0", "", AF_UNSPEC, &binding), -ENETDOWN);
	assert_true(run("ip addr add 192.0.2.1/24 dev nic0"));
	assert_int_equal(bind_to("nic0", "", AF_INET, &binding), 0);
	assert_int_equal(bind_to("nic0", "", AF_UNSPEC, &binding), 0);
	assert_int_equal(bind_to("nic0", "", AF_INET6, &binding), -ENETDOWN);
	assert_true(run("ip link set nic0 down"));
	assert_int_equal(bind_to("nic0", "", AF_INET, &binding), -ENETDOWN);
	assert_string_equal(binding.netdev, "nic0");
}

static void ipv6_is_an_address(void **state)
{
	struct iface_binding binding;

	need_network("ip link add nic0 type veth peer name nic1 && ip link set nic1 up && ip link set nic0 up && ip addr add 2001:db8::1/64 dev nic0 nodad");
	assert_int_equal(bind_to("nic0", "", AF_INET6, &binding), 0);
	assert_int_equal(bind_to("nic0", "", AF_INET, &binding), -ENETDOWN);
}

/* A VLAN has the address of its NIC; the NIC is meant. */
static void nic_is_preferred_to_its_vlan(void **state)
{
	struct iface_binding binding;

	need_network("ip link add nic0 type veth peer name nic1 && ip link set nic0 address 02:00:00:00:00:07 up && "
		     "ip link add link nic0 name nic0.5 type vlan id 5 && ip link set nic0.5 up && "
		     "ip addr add 192.0.2.1/24 dev nic0 && ip addr add 198.51.100.1/24 dev nic0.5");
	assert_int_equal(bind_to("", "02:00:00:00:00:07", AF_INET, &binding), 0);
	assert_string_equal(binding.netdev, "nic0");
	assert_int_equal(bind_to("nic0.5", "", AF_INET, &binding), 0);
	assert_true(run("ip addr flush dev nic0")); /* the choice stays, whatever is up */
	assert_int_equal(bind_to("", "02:00:00:00:00:07", AF_INET, &binding), -ENETDOWN);
	assert_string_equal(binding.netdev, "nic0");
}

/* Of equals the oldest, whatever is up. */
static void choice_among_equals_is_stable(void **state)
{
	struct iface_binding binding;

	need_network("ip link add nic0 type veth peer name nic1 && ip link set nic0 address 02:00:00:00:00:06 && "
		     "ip link set nic1 address 02:00:00:00:00:06 && ip link set nic1 up && ip link set nic0 up && "
		     "ip link add name nic2 address 02:00:00:00:00:06 type bridge && "
		     "ip link set nic2 up && ip addr add 192.0.2.1/24 dev nic2");
	assert_int_equal(bind_to("", "02:00:00:00:00:06", AF_INET, &binding), -ENETDOWN);
	assert_string_equal(binding.netdev, if_nametoindex("nic0") < if_nametoindex("nic1") ? "nic0" : "nic1");
}

/* A bridge takes the address of a port, and traffic cannot leave from the port. */
static void bridge_is_preferred_to_its_port(void **state)
{
	struct iface_binding binding;

	need_network("ip link add nic0 type veth peer name nic1 && ip link set nic0 address 02:00:00:00:00:08 up && "
		     "ip link add br0 address 02:00:00:00:00:08 type bridge && ip link set nic0 master br0 && "
		     "ip link set br0 up && ip addr add 192.0.2.1/24 dev br0");
	if (!has_sysfs) {
		print_message("sysfs cannot be mounted\n");
		skip();
	}
	assert_int_equal(bind_to("", "02:00:00:00:00:08", AF_INET, &binding), 0);
	assert_string_equal(binding.netdev, "br0");
}

static void bond_is_preferred_to_its_ports(void **state)
{
	struct iface_binding binding;

	need_network("ip link add nic0 type veth peer name nic1 && ip link set nic0 address 02:00:00:00:00:09 && "
		     "ip link add bond0 address 02:00:00:00:00:09 type bond && ip link set nic0 master bond0 && "
		     "ip link set bond0 up && ip addr add 192.0.2.1/24 dev bond0");
	assert_int_equal(bind_to("", "02:00:00:00:00:09", AF_INET, &binding), 0);
	assert_string_equal(binding.netdev, "bond0");
}

int main(void)
{
#define CASE(name) cmocka_unit_test_teardown(name, remove_nics)
	const struct CMUnitTest tests[] = {
		CASE(none_is_no_binding),
		CASE(missing_nic_is_told),
		CASE(lo_is_found_by_name),
		CASE(node_records_bind_too),
		CASE(address_is_compared_without_case),
		CASE(family_must_be_there),
		CASE(ipv6_is_an_address),
		CASE(nic_is_preferred_to_its_vlan),
		CASE(choice_among_equals_is_stable),
		CASE(bridge_is_preferred_to_its_port),
		CASE(bond_is_preferred_to_its_ports),
	};
	return cmocka_run_group_tests_name("iface/bind", tests, make_network, NULL);
}
