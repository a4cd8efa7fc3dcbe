/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Notices of NETLINK_ROUTE: which of their types count, over a socketpair; and against this machine's kernel, in a network namespace
 * of the test's own, that they come, and that lost ones are told.
 */
#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "transport/user/rtwatch.h"

static const struct {
	uint16_t type;
	int changes;
} rows[] = {
	{ RTM_NEWLINK, RTWATCH_LINKS },	      { RTM_DELLINK, RTWATCH_LINKS },	{ RTM_NEWADDR, RTWATCH_ADDRESSES },
	{ RTM_DELADDR, RTWATCH_ADDRESSES },   { RTM_NEWROUTE, RTWATCH_ROUTES }, { RTM_DELROUTE, RTWATCH_ROUTES },
	{ RTM_NEWRULE, RTWATCH_ROUTES },      { RTM_DELRULE, RTWATCH_ROUTES },	{ RTM_NEWNEXTHOP, RTWATCH_ROUTES },
	{ RTM_DELNEXTHOP, RTWATCH_ROUTES },   { RTM_NEWNEIGH, 0 },		{ NLMSG_DONE, 0 },
	{ NLMSG_ERROR, 0 },
};

static struct rtwatch *watch;
static int kernel;

static int setup(void **state)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
		return -1;
	kernel = pair[1];
	return rtwatch_open_fd(pair[0], &watch);
}

static int teardown(void **state)
{
	rtwatch_close(watch);
	watch = NULL;
	close(kernel);
	return 0;
}

static void notify(uint16_t type, uint32_t claimed_len, size_t bytes)
{
	struct nlmsghdr message[2] = { { .nlmsg_len = claimed_len, .nlmsg_type = type } };

	assert_int_equal(send(kernel, message, bytes, 0), bytes);
}

static void types_are_told(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		notify(rows[i].type, NLMSG_HDRLEN, NLMSG_HDRLEN);
		assert_int_equal(rtwatch_read(watch), rows[i].changes);
	}
	assert_int_equal(rtwatch_read(watch), 0);
}

static void all_there_is_is_read(void **state)
{
	notify(RTM_NEWLINK, NLMSG_HDRLEN, NLMSG_HDRLEN);
	notify(RTM_NEWADDR, NLMSG_HDRLEN, NLMSG_HDRLEN);
	notify(RTM_NEWRULE, NLMSG_HDRLEN, NLMSG_HDRLEN);
	assert_int_equal(rtwatch_read(watch), RTWATCH_LINKS | RTWATCH_ADDRESSES | RTWATCH_ROUTES);
	assert_int_equal(rtwatch_read(watch), 0);
}

static void lengths_that_lie(void **state)
{
	notify(RTM_NEWLINK, NLMSG_HDRLEN, NLMSG_HDRLEN - 1);
	notify(RTM_NEWLINK, NLMSG_HDRLEN - 1, NLMSG_HDRLEN);
	notify(RTM_NEWLINK, NLMSG_HDRLEN + 1, NLMSG_HDRLEN);
	notify(RTM_NEWLINK, UINT32_MAX, 2 * NLMSG_HDRLEN);
	notify(RTM_NEWLINK, 0, 2 * NLMSG_HDRLEN);
	assert_int_equal(rtwatch_read(watch), 0);
}

/* ---- the kernel ---- */

static void in_own_network(void)
{
	if (unshare(CLONE_NEWNET) < 0)
		skip();
}

static void kernel_tells(void **state)
{
	in_own_network();
	assert_int_equal(rtwatch_open(&watch), 0);
	assert_int_equal(rtwatch_read(watch), 0);
	assert_int_equal(system("ip link set lo up"), 0);
	assert_true(rtwatch_read(watch) & RTWATCH_LINKS);
	assert_int_equal(system("ip address add 10.1.0.1/24 dev lo"), 0);
	assert_true(rtwatch_read(watch) & RTWATCH_ADDRESSES);
	assert_int_equal(system("ip route add 10.2.0.0/16 dev lo"), 0);
	assert_int_equal(rtwatch_read(watch), RTWATCH_ROUTES);
	if (system("ip rule add from 10.9.9.9 lookup 99") == 0)
		assert_int_equal(rtwatch_read(watch), RTWATCH_ROUTES);
	assert_int_equal(rtwatch_read(watch), 0);
	rtwatch_close(watch);
	watch = NULL;
}

/* A socket with room for few notices. */
static void lost_notices_are_told(void **state)
{
	struct sockaddr_nl own = { .nl_family = AF_NETLINK, .nl_groups = RTMGRP_IPV4_IFADDR };
	int fd, bytes = 1, changes;

	in_own_network();
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes)), 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&own, sizeof(own)), 0);
	assert_int_equal(rtwatch_open_fd(fd, &watch), 0);
	assert_int_equal(system("for i in $(seq 1 100); do echo address add 10.1.0.$i/32 dev lo; done | ip -batch -"), 0);
	changes = rtwatch_read(watch);
	assert_int_equal(changes, RTWATCH_ADDRESSES | RTWATCH_LOST);
	assert_int_equal(rtwatch_read(watch), 0);
	rtwatch_close(watch);
	watch = NULL;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(types_are_told, setup, teardown),
		cmocka_unit_test_setup_teardown(all_there_is_is_read, setup, teardown),
		cmocka_unit_test_setup_teardown(lengths_that_lie, setup, teardown),
		cmocka_unit_test(kernel_tells),
		cmocka_unit_test(lost_notices_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
