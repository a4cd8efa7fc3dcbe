/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Portals in every form that people and targets write, and what is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>

#include "lib/portal.h"

static const struct {
	const char *text, *address;
	int port, tpgt;
	const char *formatted;
} portals[] = {
	{ "192.0.2.10", "192.0.2.10", 3260, -1, "192.0.2.10:3260,-1" },
	{ "192.0.2.10:3261", "192.0.2.10", 3261, -1, "192.0.2.10:3261,-1" },
	{ "192.0.2.10:3260,1", "192.0.2.10", 3260, 1, "192.0.2.10:3260,1" },
	{ "192.0.2.10,65535", "192.0.2.10", 3260, 65535, "192.0.2.10:3260,65535" },
	{ "192.0.2.10:3260,-1", "192.0.2.10", 3260, -1, "192.0.2.10:3260,-1" },
	{ "[::1]:3260,0", "::1", 3260, 0, "[::1]:3260,0" },
	{ "[::1]", "::1", 3260, -1, "[::1]:3260,-1" },
	{ "::1", "::1", 3260, -1, "[::1]:3260,-1" },
	{ "::1,5", "::1", 3260, 5, "[::1]:3260,5" },
	{ "2001:db8::3260", "2001:db8::3260", 3260, -1, "[2001:db8::3260]:3260,-1" },
	{ "fe80::1%eth0", "fe80::1%eth0", 3260, -1, "[fe80::1%eth0]:3260,-1" },
	{ "[fe80::1%2]:3261", "fe80::1%2", 3261, -1, "[fe80::1%2]:3261,-1" },
	{ "::ffff:192.0.2.1", "::ffff:192.0.2.1", 3260, -1, "[::ffff:192.0.2.1]:3260,-1" },
	{ "storage.example.com", "storage.example.com", 3260, -1, "storage.example.com:3260,-1" },
	{ "storage.example.com.:1,2", "storage.example.com.", 1, 2, "storage.example.com.:1,2" },
	{ "localhost:65535", "localhost", 65535, -1, "localhost:65535,-1" },
	{ "[localhost]:3260,1", "localhost", 3260, 1, "localhost:3260,1" },
	{ "san_1-a:3260", "san_1-a", 3260, -1, "san_1-a:3260,-1" },
	{ "3com.example", "3com.example", 3260, -1, "3com.example:3260,-1" },
};

static void test_forms(void **state)
{
	char buffer[PORTAL_TEXT_MAX];
	struct portal portal, again;

	for (size_t i = 0; i < sizeof(portals) / sizeof(portals[0]); i++) {
		if (portal_parse(portals[i].text, ISCSI_PORT, &portal))
			fail_msg("refused: %s", portals[i].text);
		assert_string_equal(portal.address, portals[i].address);
		assert_int_equal(portal.port, portals[i].port);
		assert_int_equal(portal.tpgt, portals[i].tpgt);
		assert_string_equal(portal_format(&portal, true, buffer), portals[i].formatted);
		assert_int_equal(portal_parse(buffer, 1, &again), 0);
		assert_true(portal_equal(&portal, &again));
		assert_int_equal(again.tpgt, portal.tpgt);
	}
	assert_int_equal(portal_parse("192.0.2.1", ISNS_PORT, &portal), 0);
	assert_string_equal(portal_format(&portal, false, buffer), "192.0.2.1:3205");
}

static void test_garbage(void **state)
{
	static const char *const garbage[] = {
		"", ",", ",1", ":", ":3260", "[]", "[]:3260", "[", "]", "[::1", "::1]", "[::1]3260", "[::1]:",
		"[::1]:0", "[::1]:65536", "[[::1]]", "[::1]]:3260", "[192.0.2.1]:3260", "192.0.2.1:", "192.0.2.1:0",
		"192.0.2.1:65536", "192.0.2.1:+1", "192.0.2.1:-1", "192.0.2.1: 1", "192.0.2.1:1 ", "192.0.2.1:000001",
		"192.0.2.1:0x10", "192.0.2.1:1:2", "192.0.2.1:3260,", "192.0.2.1:3260,65536", "192.0.2.1:3260,-2",
		"192.0.2.1:3260,1,2", "192.0.2.1:3260,x", "192.0.2.256", "192.0.2", "1.2.3.4.5", "0300.1.1.1", "12",
		" 192.0.2.1", "192.0.2.1 ", "host name", "host/a", "-host", "host-", "a..b", ".a", "a-.b", "h\xc3\xa4st",
		"host\n", "$(id)", ":::", "1::2::3", "12345::", "fe80::1%", "[fe80::1%]:3260", "fe80::1%eth0:3260",
		"fe80::1%0123456789abcdef", "fe80::1%a/b", "a.1", "a.b.7:3260", "%eth0", "192.0.2.1%eth0", "a%b",
	};
	struct portal portal = { .address = "untouched" };
	char longest[PORTAL_ADDRESS_MAX + 8];

	for (size_t i = 0; i < sizeof(garbage) / sizeof(garbage[0]); i++)
		if (portal_parse(garbage[i], ISCSI_PORT, &portal) != -EINVAL)
			fail_msg("taken: %s", garbage[i]);
	for (size_t i = 0; i < sizeof(longest); i++)
		longest[i] = i % 60 == 59 ? '.' : 'a';
	longest[PORTAL_ADDRESS_MAX + 1] = '\0';
	assert_int_equal(portal_parse(longest, ISCSI_PORT, &portal), -EINVAL);
	assert_string_equal(portal.address, "untouched");
	longest[PORTAL_ADDRESS_MAX] = '\0';
	assert_int_equal(portal_parse(longest, ISCSI_PORT, &portal), 0);
	memcpy(longest + PORTAL_ADDRESS_MAX, ":7,1", 5);
	assert_int_equal(portal_parse(longest, ISCSI_PORT, &portal), 0);
	assert_int_equal(portal.port, 7);
	assert_int_equal(portal_parse("host", 0, &portal), -EINVAL);
	memset(longest, 'a', 64);
	longest[64] = '\0';
	assert_int_equal(portal_parse(longest, ISCSI_PORT, &portal), -EINVAL);
}

static void test_sockaddr(void **state)
{
	struct sockaddr_storage address;
	struct sockaddr_in *in = (struct sockaddr_in *)&address;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&address;
	struct portal portal;
	socklen_t len;

	assert_int_equal(portal_parse("192.0.2.10:3261", ISCSI_PORT, &portal), 0);
	assert_int_equal(portal_sockaddr(&portal, &address, &len), 0);
	assert_int_equal(len, sizeof(*in));
	assert_int_equal(in->sin_family, AF_INET);
	assert_int_equal(ntohs(in->sin_port), 3261);
	assert_int_equal(ntohl(in->sin_addr.s_addr), 0xc000020a);

	assert_int_equal(portal_parse("[fe80::1%lo]", ISCSI_PORT, &portal), 0);
	assert_int_equal(portal_sockaddr(&portal, &address, &len), 0);
	assert_int_equal(len, sizeof(*in6));
	assert_int_equal(in6->sin6_family, AF_INET6);
	assert_int_equal(ntohs(in6->sin6_port), 3260);
	assert_int_equal(in6->sin6_scope_id, if_nametoindex("lo"));
	assert_int_equal(portal_parse("fe80::1%17", ISCSI_PORT, &portal), 0);
	assert_int_equal(portal_sockaddr(&portal, &address, &len), 0);
	assert_int_equal(in6->sin6_scope_id, 17);
	assert_int_equal(portal_parse("fe80::1%no-such-nic", ISCSI_PORT, &portal), 0);
	assert_int_equal(portal_sockaddr(&portal, &address, &len), -ENODEV);
	assert_int_equal(portal_parse("fe80::1%0", ISCSI_PORT, &portal), 0);
	assert_int_equal(portal_sockaddr(&portal, &address, &len), -ENODEV);
	assert_int_equal(portal_parse("localhost", ISCSI_PORT, &portal), 0);
	assert_int_equal(portal_sockaddr(&portal, &address, &len), -ENOENT);
}

static bool equal(const char *a, const char *b)
{
	struct portal first, second;

	assert_int_equal(portal_parse(a, ISCSI_PORT, &first), 0);
	assert_int_equal(portal_parse(b, ISCSI_PORT, &second), 0);
	return portal_equal(&first, &second);
}

static void test_equal(void **state)
{
	assert_true(equal("::1", "[0:0:0:0:0:0:0:1]:3260"));
	assert_true(equal("2001:DB8::1", "2001:db8:0::1"));
	assert_true(equal("Storage.example", "storage.example:3260"));
	assert_true(equal("192.0.2.1,1", "192.0.2.1:3260,2"));
	assert_false(equal("192.0.2.1", "192.0.2.1:3261"));
	assert_false(equal("192.0.2.1", "192.0.2.2"));
	assert_false(equal("fe80::1%eth0", "fe80::1%eth1"));
	assert_false(equal("fe80::1", "fe80::1%eth0"));
	assert_true(equal("fe80::1%eth0", "fe80:0::1%eth0"));
	assert_true(portal_is_ipv6("::"));
	assert_true(portal_is_ipv6("fe80::1%eth0"));
	assert_false(portal_is_ipv6("[::1]"));
	assert_false(portal_is_ipv6("192.0.2.1"));
	assert_false(portal_is_ipv6("abc"));
	assert_false(portal_is_ipv6(""));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_sockaddr),
		cmocka_unit_test(test_equal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
