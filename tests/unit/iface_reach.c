/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reachability: what is asked, what is remembered, which source fits, scopes, and what is no answer about routes. */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "iface/reach.h"

/* A kernel that answers as told. */
struct kernel {
	int error;
	unsigned int ifindex;
	int family;
	uint8_t destination[16];
	unsigned int asked;
};

static int answer(void *data, unsigned int ifindex, int family, const void *destination, struct rtway *ret_way)
{
	struct kernel *kernel = data;

	kernel->asked++;
	kernel->ifindex = ifindex;
	kernel->family = family;
	memcpy(kernel->destination, destination, family == AF_INET ? 4 : 16);
	*ret_way = (struct rtway){ .prefix_len = 24, .table = 254 };
	return kernel->error;
}

static void set_address(struct port_address *address, const char *text, bool is_usable)
{
	*address = (struct port_address){ .family = strchr(text, ':') ? AF_INET6 : AF_INET, .prefix_len = 24, .is_usable = is_usable };
	assert_int_equal(inet_pton(address->family, text, address->bytes), 1);
	address->is_link_local = address->family == AF_INET6 && !strncmp(text, "fe80", 4);
}

static struct port make_port(unsigned int ifindex, struct port_address *addresses, size_t count)
{
	struct port port = { .kind = PORT_NIC, .ifindex = ifindex, .is_up = true, .has_carrier = true, .addresses = addresses,
			     .address_count = count };

	snprintf(port.netdev, sizeof(port.netdev), "eth%u", ifindex);
	return port;
}

static int ask(struct reach *reach, const struct port *port, const char *text)
{
	struct portal portal;

	assert_int_equal(portal_parse(text, ISCSI_PORT, &portal), 0);
	return reach_ask(reach, port, &portal, NULL);
}

static struct reach *make_reach(struct kernel *kernel)
{
	struct reach *reach;

	assert_int_equal(reach_new_asking(answer, kernel, &reach), 0);
	return reach;
}

/* One question for each address of each NIC, however many targets and TCP ports are behind it; until all is forgotten. */
static void test_remembers(void **state)
{
	struct kernel kernel = { 0 };
	struct reach *reach = make_reach(&kernel);
	struct port_address own[2];
	struct port eth1 = make_port(1, &own[0], 1), eth2 = make_port(2, &own[1], 1);

	set_address(&own[0], "10.9.1.10", true);
	set_address(&own[1], "10.9.2.10", true);
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(ask(reach, &eth1, i % 2 ? "10.9.1.1" : "10.9.1.1:3261"), 0);
		assert_int_equal(ask(reach, &eth2, "10.9.1.1"), 0);
		assert_int_equal(ask(reach, &eth1, "10.9.1.2"), 0);
	}
	assert_int_equal(kernel.asked, 3);
	assert_int_equal(reach_questions(reach), 3);
	assert_int_equal(kernel.ifindex, 1);
	assert_memory_equal(kernel.destination, ((uint8_t[]){ 10, 9, 1, 2 }), 4);
	reach_forget(reach);
	kernel.error = -ENETUNREACH;
	assert_int_equal(ask(reach, &eth1, "10.9.1.1"), -ENETUNREACH);
	kernel.error = 0;
	assert_int_equal(ask(reach, &eth1, "10.9.1.1"), -ENETUNREACH);
	assert_int_equal(kernel.asked, 4);
	reach_free(reach);
}

/* Trouble is asked again. */
static void test_trouble_is_no_answer(void **state)
{
	static const int errors[] = { -ENOMEM, -ENOBUFS, -EAGAIN, -ENODEV };
	struct kernel kernel = { 0 };
	struct reach *reach = make_reach(&kernel);
	struct port_address own;
	struct port port = make_port(1, &own, 1);

	set_address(&own, "10.9.1.10", true);
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		kernel.error = errors[i];
		assert_int_equal(ask(reach, &port, "10.9.1.1"), errors[i]);
	}
	kernel.error = 0;
	assert_int_equal(ask(reach, &port, "10.9.1.1"), 0);
	assert_int_equal(kernel.asked, 5);
	reach_free(reach);
}

/* The state of the NIC is looked at before routes are. */
static void test_port_first(void **state)
{
	struct kernel kernel = { 0 };
	struct reach *reach = make_reach(&kernel);
	struct port_address own[3];
	struct port port = make_port(1, own, 3), hba = { .kind = PORT_HBA };

	set_address(&own[0], "10.9.1.10", false);
	set_address(&own[1], "fe80::10", true);
	set_address(&own[2], "fd00::10", false);
	assert_int_equal(ask(reach, &port, "10.9.1.1"), -EADDRNOTAVAIL);
	assert_int_equal(ask(reach, &port, "[fd00::1]"), -EADDRNOTAVAIL);
	own[2].is_usable = true;
	assert_int_equal(ask(reach, &port, "[fd00::1]"), 0);
	assert_int_equal(kernel.family, AF_INET6);
	own[0].is_usable = true;
	assert_int_equal(ask(reach, &port, "[::ffff:10.9.1.1]"), 0);
	assert_int_equal(kernel.family, AF_INET);
	assert_int_equal(ask(reach, &port, "10.9.1.1"), 0);
	assert_int_equal(kernel.asked, 2);
	assert_int_equal(ask(reach, &port, "10.9.1.10"), -ELOOP);
	assert_int_equal(ask(reach, &port, "[fe80::10]"), -ELOOP);
	assert_int_equal(kernel.asked, 2);
	port.is_loopback = true;
	assert_int_equal(ask(reach, &port, "10.9.1.10"), 0);
	port.is_loopback = false;
	assert_int_equal(kernel.asked, 3);
	port.has_carrier = false;
	assert_int_equal(ask(reach, &port, "10.9.1.1"), -ENETDOWN);
	port.has_carrier = true;
	port.is_up = false;
	assert_int_equal(ask(reach, &port, "10.9.1.1"), -ENETDOWN);
	assert_int_equal(ask(reach, &port, "array.example"), -EDESTADDRREQ);
	assert_int_equal(ask(reach, &hba, "10.9.1.1"), -EINVAL);
	assert_int_equal(kernel.asked, 3);
	reach_free(reach);
}

/* Link-local portals are on every link, or on that of their scope, and need a link-local address to talk from. */
static void test_link_local(void **state)
{
	struct kernel kernel = { 0 };
	struct reach *reach = make_reach(&kernel);
	struct port_address own[2];
	struct port port = make_port(7, own, 2);
	struct portal portal;
	struct rtway way;

	set_address(&own[0], "fd00::10", true);
	set_address(&own[1], "fe80::10", true);
	assert_int_equal(ask(reach, &port, "[fe80::1]"), 0);
	assert_int_equal(ask(reach, &port, "[fe80::1%eth7]"), 0);
	assert_int_equal(ask(reach, &port, "[fe80::1%7]"), 0);
	assert_int_equal(ask(reach, &port, "[fe80::1%eth8]"), -EXDEV);
	assert_int_equal(ask(reach, &port, "[fe80::1%70]"), -EXDEV);
	assert_int_equal(portal_parse("[fe80::1]", ISCSI_PORT, &portal), 0);
	assert_int_equal(reach_ask(reach, &port, &portal, &way), 0);
	assert_memory_equal(way.source, own[1].bytes, 16);
	assert_int_equal(way.gateway_family, AF_UNSPEC);
	own[1].is_usable = false;
	assert_int_equal(ask(reach, &port, "[fe80::1]"), -EADDRNOTAVAIL);
	assert_int_equal(kernel.asked, 0);
	reach_free(reach);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_remembers),
		cmocka_unit_test(test_trouble_is_no_answer),
		cmocka_unit_test(test_port_first),
		cmocka_unit_test(test_link_local),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
