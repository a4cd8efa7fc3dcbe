/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What rtnetlink answers, over a socketpair whose other end is the test: lists in pieces, lists that change while they are read,
 * attributes that are cut, too long or lie about their length. And ways, asked of this machine's kernel in a network namespace of the
 * test's own (skipped where that is not permitted).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "transport/user/rtmessage.h"

/* A message as it grows, in a buffer of its own so that reads behind its end are seen. */
struct message {
	_Alignas(struct nlmsghdr) uint8_t bytes[1024];
};

static struct nlmsghdr *head_of(struct message *message)
{
	return (struct nlmsghdr *)(void *)message->bytes;
}

static void *begin(struct message *message, uint16_t type, size_t size)
{
	memset(message, 0, sizeof(*message));
	head_of(message)->nlmsg_len = (uint32_t)NLMSG_LENGTH(size);
	head_of(message)->nlmsg_type = type;
	return NLMSG_DATA(head_of(message));
}

static struct rtattr *add(struct message *message, uint16_t type, const void *data, size_t len)
{
	struct rtattr *attribute = (struct rtattr *)(void *)(message->bytes + NLMSG_ALIGN(head_of(message)->nlmsg_len));

	attribute->rta_type = type;
	attribute->rta_len = (uint16_t)RTA_LENGTH(len);
	if (len)
		memcpy(RTA_DATA(attribute), data, len);
	head_of(message)->nlmsg_len = (uint32_t)(NLMSG_ALIGN(head_of(message)->nlmsg_len) + RTA_LENGTH(len));
	return attribute;
}

static void begin_link(struct message *message, int ifindex, const char *name)
{
	struct ifinfomsg *link = begin(message, RTM_NEWLINK, sizeof(*link));

	link->ifi_index = ifindex;
	link->ifi_type = ARPHRD_ETHER;
	link->ifi_flags = IFF_UP;
	if (name)
		add(message, IFLA_IFNAME, name, strlen(name) + 1);
}

/* The gate, with nothing behind the message. */
static int gate_link(const struct message *message, struct rtlink *ret_link)
{
	size_t len = ((const struct nlmsghdr *)(const void *)message->bytes)->nlmsg_len;
	struct nlmsghdr *exact = malloc(len);
	int r;

	assert_non_null(exact);
	memcpy(exact, message->bytes, len);
	r = rtmessage_link(exact, ret_link);
	free(exact);
	return r;
}

/* ---- the gate ---- */

static void link_is_read(void **state)
{
	const uint8_t mac[] = { 2, 0, 0, 0, 0, 0xab }, permanent[] = { 2, 0, 0, 0, 0, 1 };
	const uint32_t master = 7, parent = 3;
	const uint8_t carrier = 1, operstate = 6;
	struct message message;
	struct rtattr *info;
	struct rtlink link;

	begin_link(&message, 5, "eth0");
	add(&message, IFLA_ADDRESS, mac, sizeof(mac));
	add(&message, IFLA_PERM_ADDRESS, permanent, sizeof(permanent));
	add(&message, IFLA_MASTER, &master, sizeof(master));
	add(&message, IFLA_LINK, &parent, sizeof(parent));
	add(&message, IFLA_CARRIER, &carrier, sizeof(carrier));
	add(&message, IFLA_OPERSTATE, &operstate, sizeof(operstate));
	info = add(&message, IFLA_LINKINFO | NLA_F_NESTED, NULL, 0);
	add(&message, IFLA_INFO_KIND, "vlan", 5);
	info->rta_len = (uint16_t)(RTA_LENGTH(0) + RTA_SPACE(5));
	head_of(&message)->nlmsg_len = NLMSG_ALIGN(head_of(&message)->nlmsg_len);
	assert_int_equal(gate_link(&message, &link), 0);
	assert_int_equal(link.ifindex, 5);
	assert_string_equal(link.name, "eth0");
	assert_string_equal(link.kind, "vlan");
	assert_string_equal(link.hwaddress, "02:00:00:00:00:ab");
	assert_string_equal(link.permanent, "02:00:00:00:00:01");
	assert_int_equal(link.master, 7);
	assert_int_equal(link.parent, 3);
	assert_true(link.has_carrier);
	assert_int_equal(link.operstate, 6);
	add(&message, IFLA_LINK_NETNSID, &parent, sizeof(parent));
	assert_int_equal(gate_link(&message, &link), 0);
	assert_int_equal(link.parent, 0); /* a number in another namespace */
}

/* Wherever a message ends, nothing behind it is looked at, and what is there is right or nothing. */
static void link_may_be_cut_anywhere(void **state)
{
	const uint8_t mac[] = { 2, 0, 0, 0, 0, 0xab };
	struct message message;
	struct rtlink link;
	uint32_t whole;

	begin_link(&message, 5, "eth0");
	add(&message, IFLA_ADDRESS, mac, sizeof(mac));
	whole = head_of(&message)->nlmsg_len;
	for (uint32_t len = NLMSG_HDRLEN; len < whole; len++) {
		head_of(&message)->nlmsg_len = len;
		if (len < NLMSG_LENGTH(sizeof(struct ifinfomsg)) + RTA_LENGTH(5)) {
			assert_int_equal(gate_link(&message, &link), -EPROTO);
			continue;
		}
		assert_int_equal(gate_link(&message, &link), 0);
		assert_string_equal(link.name, "eth0");
		assert_string_equal(link.hwaddress, "");
	}
}

static void lengths_that_lie(void **state)
{
	const char endless[] = "a-name-that-is-far-too-long-for-a-link";
	struct message message;
	struct rtattr *attribute;
	struct rtlink link;

	begin_link(&message, 5, NULL);
	add(&message, IFLA_IFNAME, endless, sizeof(endless));
	assert_int_equal(gate_link(&message, &link), -EPROTO);
	begin_link(&message, 5, NULL);
	add(&message, IFLA_IFNAME, "eth0", 4); /* no NUL */
	assert_int_equal(gate_link(&message, &link), 0);
	assert_string_equal(link.name, "eth0");
	begin_link(&message, 5, "eth0");
	attribute = add(&message, IFLA_MASTER, "\1\2\3\4", 4);
	attribute->rta_len = 0xffff;
	assert_int_equal(gate_link(&message, &link), 0);
	assert_int_equal(link.master, 0);
	attribute->rta_len = 3;
	assert_int_equal(gate_link(&message, &link), 0);
	attribute->rta_len = RTA_LENGTH(3); /* a number of three bytes */
	assert_int_equal(gate_link(&message, &link), 0);
	assert_int_equal(link.master, 0);
	begin_link(&message, 5, "eth0");
	attribute = add(&message, IFLA_LINKINFO, "\x80\0\1\0vlan", 8); /* inside, longer than outside */
	assert_int_equal(gate_link(&message, &link), 0);
	assert_string_equal(link.kind, "");
	begin_link(&message, 0, "eth0");
	assert_int_equal(gate_link(&message, &link), -EPROTO);
}

static void addresses_are_read(void **state)
{
	const uint8_t local[] = { 10, 0, 0, 1 }, peer[] = { 10, 0, 0, 2 };
	const uint32_t flags = 0x240;
	struct rtaddress address;
	struct message message;
	struct ifaddrmsg *head = begin(&message, RTM_NEWADDR, sizeof(*head));

	head->ifa_family = AF_INET;
	head->ifa_prefixlen = 24;
	head->ifa_index = 5;
	add(&message, IFA_ADDRESS, peer, 4);
	assert_int_equal(rtmessage_address(head_of(&message), &address), 0);
	assert_memory_equal(address.bytes, peer, 4);
	add(&message, IFA_LOCAL, local, 4);
	add(&message, IFA_FLAGS, &flags, 4);
	assert_int_equal(rtmessage_address(head_of(&message), &address), 0);
	assert_memory_equal(address.bytes, local, 4);
	assert_int_equal(address.flags, 0x240);
	head->ifa_prefixlen = 33;
	assert_int_equal(rtmessage_address(head_of(&message), &address), -EPROTO);
	head->ifa_family = AF_INET6; /* with four bytes */
	assert_int_equal(rtmessage_address(head_of(&message), &address), -EPROTO);
	head->ifa_family = AF_UNIX;
	assert_int_equal(rtmessage_address(head_of(&message), &address), -ENOMSG);
	head_of(&message)->nlmsg_type = RTM_NEWLINK;
	assert_int_equal(rtmessage_address(head_of(&message), &address), -ENOMSG);
}

static void routes_are_read(void **state)
{
	struct {
		uint16_t family;
		uint8_t bytes[16];
	} via = { AF_INET6, { 0xfe, 0x80 } };
	struct message message;
	struct rtroute route;
	struct rtmsg *head = begin(&message, RTM_NEWROUTE, sizeof(*head));

	head->rtm_family = AF_INET;
	head->rtm_table = RT_TABLE_MAIN;
	assert_int_equal(rtmessage_route(head_of(&message), &route), 0);
	assert_int_equal(route.table, RT_TABLE_MAIN);
	assert_int_equal(route.gateway_family, AF_UNSPEC);
	assert_false(route.has_source);
	add(&message, RTA_TABLE, "\x10\x27\0\0", 4);
	add(&message, RTA_VIA, &via, sizeof(via));
	assert_int_equal(rtmessage_route(head_of(&message), &route), 0);
	assert_int_equal(route.table, 10000);
	assert_int_equal(route.gateway_family, AF_INET6);
	assert_memory_equal(route.gateway, via.bytes, 16);
	begin(&message, RTM_NEWROUTE, sizeof(*head));
	head->rtm_family = AF_INET;
	add(&message, RTA_VIA, &via, 6); /* cut */
	add(&message, RTA_MULTIPATH, NULL, 0);
	assert_int_equal(rtmessage_route(head_of(&message), &route), 0);
	assert_int_equal(route.gateway_family, AF_UNSPEC);
	assert_true(route.has_hops);
}

/* ---- conversations ---- */

struct fixture {
	struct rtnetlink *route;
	int kernel;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	int pair[2];

	if (!f || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -1;
	f->kernel = pair[1];
	*state = f;
	return rtnetlink_open_fd(pair[0], &f->route);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	rtnetlink_close(f->route);
	close(f->kernel);
	free(f);
	return 0;
}

static void answer(const struct fixture *f, struct message *message, uint32_t sequence, uint16_t flags)
{
	head_of(message)->nlmsg_seq = sequence;
	head_of(message)->nlmsg_flags = flags;
	assert_int_equal(send(f->kernel, message->bytes, head_of(message)->nlmsg_len, 0), head_of(message)->nlmsg_len);
}

static void answer_link(const struct fixture *f, int ifindex, const char *name, uint32_t sequence, uint16_t flags)
{
	struct message message;

	begin_link(&message, ifindex, name);
	answer(f, &message, sequence, NLM_F_MULTI | flags);
}

static void answer_end(const struct fixture *f, uint16_t type, int error, uint32_t sequence, uint16_t flags)
{
	struct message message;

	memcpy(begin(&message, type, sizeof(error)), &error, sizeof(error));
	answer(f, &message, sequence, flags);
}

#define NAMES 64

static int collect(const struct rtlink *link, void *data)
{
	char *names = data;
	size_t len = strlen(names);

	snprintf(names + len, NAMES - len, "%s ", link->name);
	return strcmp(link->name, "stop") == 0 ? 77 : 0;
}

static void list_comes_in_pieces(void **state)
{
	struct fixture *f = *state;
	char names[NAMES] = "";

	answer_link(f, 9, "old", 0, 0); /* of an earlier request */
	answer_link(f, 2, "a", 1, 0);
	answer_link(f, 3, NULL, 1, 0);
	answer_link(f, 4, "b", 1, 0);
	answer_end(f, NLMSG_DONE, 0, 1, NLM_F_MULTI);
	assert_int_equal(rtnetlink_links(f->route, collect, names), 0);
	assert_string_equal(names, "a b ");
}

/* Nobody sees the half of a list that was not whole. */
static void list_is_read_again_if_it_changed(void **state)
{
	struct fixture *f = *state;
	char names[NAMES] = "";

	answer_link(f, 2, "a", 1, 0);
	answer_link(f, 3, "b", 1, NLM_F_DUMP_INTR);
	answer_end(f, NLMSG_DONE, 0, 1, NLM_F_MULTI);
	answer_link(f, 2, "a", 2, 0);
	answer_end(f, NLMSG_DONE, 0, 2, NLM_F_MULTI | NLM_F_DUMP_INTR);
	answer_link(f, 2, "c", 3, 0);
	answer_end(f, NLMSG_DONE, 0, 3, NLM_F_MULTI);
	assert_int_equal(rtnetlink_links(f->route, collect, names), 0);
	assert_string_equal(names, "c ");
}

static void list_that_never_stands_still(void **state)
{
	struct fixture *f = *state;
	char names[NAMES] = "";

	for (uint32_t i = 1; i <= 8; i++)
		answer_end(f, NLMSG_DONE, 0, i, NLM_F_MULTI | NLM_F_DUMP_INTR);
	assert_int_equal(rtnetlink_links(f->route, collect, names), -EAGAIN);
	assert_string_equal(names, "");
}

static void list_that_fails(void **state)
{
	struct fixture *f = *state;
	char names[NAMES] = "";

	answer_link(f, 2, "a", 1, 0);
	answer_end(f, NLMSG_ERROR, -EPERM, 1, 0);
	assert_int_equal(rtnetlink_links(f->route, collect, names), -EPERM);
	answer_link(f, 2, "a", 2, 0);
	answer_end(f, NLMSG_DONE, -ENOBUFS, 2, NLM_F_MULTI);
	assert_int_equal(rtnetlink_links(f->route, collect, names), -ENOBUFS);
	answer_end(f, NLMSG_DONE, 5, 3, NLM_F_MULTI); /* errors are negative */
	assert_int_equal(rtnetlink_links(f->route, collect, names), -EPROTO);
	assert_string_equal(names, "");
	shutdown(f->kernel, SHUT_WR);
	assert_int_equal(rtnetlink_links(f->route, collect, names), -ECONNRESET);
}

static void walk_may_be_ended(void **state)
{
	struct fixture *f = *state;
	char names[NAMES] = "";

	answer_link(f, 2, "stop", 1, 0);
	answer_link(f, 3, "b", 1, 0);
	answer_end(f, NLMSG_DONE, 0, 1, NLM_F_MULTI);
	assert_int_equal(rtnetlink_links(f->route, collect, names), 77);
	assert_string_equal(names, "stop ");
}

/* A datagram that was cut is an error, not a shorter list; the rest of the list is read, so that the next request is answered. */
static void datagram_that_is_too_long(void **state)
{
	struct fixture *f = *state;
	static char long_one[100000];
	char names[NAMES] = "";

	assert_int_equal(send(f->kernel, long_one, sizeof(long_one), 0), sizeof(long_one));
	answer_end(f, NLMSG_DONE, 0, 1, NLM_F_MULTI);
	assert_int_equal(rtnetlink_links(f->route, collect, names), -EMSGSIZE);
	answer_link(f, 2, "a", 2, 0);
	answer_end(f, NLMSG_DONE, 0, 2, NLM_F_MULTI);
	assert_int_equal(rtnetlink_links(f->route, collect, names), 0);
	assert_string_equal(names, "a ");
}

/* ---- ways ---- */

static const char network[] =
	"set -e; ip link set lo up; echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad; "
	"ip link add v0 type veth peer name v1; ip link add w0 type veth peer name w1; ip link add x0 type veth peer name x1; "
	"for i in v0 v1 w0 w1 x0; do ip link set $i up; done; "
	"ip address add 10.1.0.2/24 dev v0; ip address add 10.2.0.2/24 dev w0; "
	"ip address add fd01::2/64 dev v0 nodad; ip address add fd02::2/64 dev w0 nodad; "
	"ip route add default via 10.1.0.1; ip route add default via fd01::1; "
	"ip route add 10.7.0.0/16 via 10.2.0.7; ip route add 10.8.0.0/16 metric 5 via inet6 fe80::8 dev v0; "
	"ip route add 10.9.0.0/16 nexthop via 10.1.0.9 dev v0 nexthop via 10.2.0.9 dev w0; "
	"ip route add prohibit 10.10.0.0/16; ip route add blackhole 10.11.0.0/16; ip route add unreachable fd11::/64; "
	"ip route add 10.12.0.0/16 dev v0 src 10.1.0.2; ip route add fd09::/64 via fd02::9 metric 77";

static const char rules[] =
	"set -e; ip rule add from 10.2.0.2 lookup 100; ip route add default via 10.2.0.1 dev w0 table 100; "
	"ip rule add from 10.1.0.2 to 10.13.0.0/16 prohibit; ip -6 rule add to fd13::/64 lookup 101; "
	"ip route add fd13::/64 via fd02::d table 101";

static const struct way_row {
	const char *netdev, *destination;
	bool is_way;
	const char *gateway, *source;
	uint8_t prefix_len;
	uint32_t table;		/* 0: the main one */
} plain_rows[] = {
	{ "v0", "10.1.0.9", true, "", "10.1.0.2", 24, 0 },
	{ "v0", "10.99.0.1", true, "10.1.0.1", "10.1.0.2", 0, 0 },
	{ "w0", "10.2.0.9", true, "", "10.2.0.2", 24, 0 },
	{ "w0", "10.99.0.1", false, NULL, NULL, 0, 0 },	/* the kernel would guess that it is on the link */
	{ "w0", "10.1.0.9", false, NULL, NULL, 0, 0 },
	{ "w0", "10.7.0.1", true, "10.2.0.7", "10.2.0.2", 16, 0 },
	{ "v0", "10.7.0.1", true, "10.1.0.1", "10.1.0.2", 0, 0 },
	{ "v0", "10.8.0.1", true, "fe80::8", "10.1.0.2", 16, 0 },
	{ "v0", "10.9.0.1", true, "10.1.0.9", "10.1.0.2", 16, 0 },
	{ "w0", "10.9.0.1", true, "10.2.0.9", "10.2.0.2", 16, 0 },
	{ "v0", "10.10.0.1", false, NULL, NULL, 0, 0 },
	{ "v0", "10.11.0.1", false, NULL, NULL, 0, 0 },
	{ "v0", "10.12.0.1", true, "", "10.1.0.2", 16, 0 },
	{ "v0", "10.1.0.2", true, "", "10.1.0.2", 32, 0 },	/* itself */
	{ "x0", "10.99.0.1", false, NULL, NULL, 0, 0 },	/* has no address */
	{ "x1", "10.99.0.1", false, NULL, NULL, 0, 0 },	/* is down */
	{ "v0", "fd01::9", true, "", "fd01::2", 64, 0 },
	{ "v0", "fd99::1", true, "fd01::1", "fd01::2", 0, 0 },
	{ "w0", "fd02::9", true, "", "fd02::2", 64, 0 },
	{ "w0", "fd99::1", false, NULL, NULL, 0, 0 },
	{ "w0", "fd09::1", true, "fd02::9", "fd02::2", 64, 0 },
	{ "x1", "fd01::9", false, NULL, NULL, 0, 0 },
	{ "v0", "fe80::1", true, "", NULL, 64, 0 },
	{ "w0", "fe80::1", true, "", NULL, 64, 0 },
	{ "x1", "fe80::1", false, NULL, NULL, 0, 0 },
}, rule_rows[] = {
	{ "w0", "10.99.0.1", true, "10.2.0.1", "10.2.0.2", 0, 100 },
	{ "v0", "10.99.0.1", true, "10.1.0.1", "10.1.0.2", 0, 0 },
	{ "v0", "10.13.0.1", false, NULL, NULL, 0, 0 },
	{ "w0", "fd13::1", true, "fd02::d", "fd02::2", 64, 101 },
};

static void same_address(const struct way_row *row, const char *what, int family, const uint8_t *bytes, const char *want)
{
	char text[INET6_ADDRSTRLEN] = "";

	if (family != AF_UNSPEC)
		inet_ntop(family, bytes, text, sizeof(text));
	if (want && strcmp(text, want))
		fail_msg("%s to %s: %s %s", row->netdev, row->destination, what, text);
}

static void ask(struct rtnetlink *route, const struct way_row *row)
{
	int family = strchr(row->destination, ':') ? AF_INET6 : AF_INET, r;
	uint8_t destination[16];
	struct rtway way;

	assert_int_equal(inet_pton(family, row->destination, destination), 1);
	r = rtnetlink_way(route, if_nametoindex(row->netdev), family, destination, &way);
	if ((r == 0) != row->is_way)
		fail_msg("%s to %s: %s", row->netdev, row->destination, strerror(-r));
	if (r)
		return;
	same_address(row, "gateway", way.gateway_family, way.gateway, row->gateway);
	same_address(row, "source", family, way.source, row->source);
	if (way.table != (row->table ? row->table : RT_TABLE_MAIN) && way.table != RT_TABLE_LOCAL)
		fail_msg("%s to %s: table %u", row->netdev, row->destination, way.table);
	if (way.prefix_len != row->prefix_len)
		fail_msg("%s to %s: prefix %u", row->netdev, row->destination, way.prefix_len);
}

static void ways_are_the_kernels(void **state)
{
	const uint8_t somewhere[] = { 10, 99, 0, 1 };
	struct rtnetlink *route;
	struct rtway way;

	if (unshare(CLONE_NEWNET) < 0 || system("ip link add v0 type veth peer name v1 && ip link del v0") != 0)
		skip();
	assert_int_equal(system(network), 0);
	assert_int_equal(rtnetlink_open(&route), 0);
	for (size_t i = 0; i < sizeof(plain_rows) / sizeof(plain_rows[0]); i++)
		ask(route, &plain_rows[i]);
	assert_int_equal(system(rules), 0);
	for (size_t i = 0; i < sizeof(rule_rows) / sizeof(rule_rows[0]); i++)
		ask(route, &rule_rows[i]);
	assert_int_equal(rtnetlink_way(route, 4711, AF_INET, somewhere, &way), -ENODEV);
	assert_int_equal(rtnetlink_way(route, 0, AF_INET, somewhere, &way), -ENODEV);
	rtnetlink_close(route);
}

#define TALK(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(link_is_read),
		cmocka_unit_test(link_may_be_cut_anywhere),
		cmocka_unit_test(lengths_that_lie),
		cmocka_unit_test(addresses_are_read),
		cmocka_unit_test(routes_are_read),
		TALK(list_comes_in_pieces),
		TALK(list_is_read_again_if_it_changed),
		TALK(list_that_never_stands_still),
		TALK(list_that_fails),
		TALK(walk_may_be_ended),
		TALK(datagram_that_is_too_long),
		cmocka_unit_test(ways_are_the_kernels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
