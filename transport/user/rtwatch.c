/* SPDX-License-Identifier: GPL-2.0-only OR GPL-3.0-or-later */
/*
 * Listens to NETLINK_ROUTE's groups. Decides which of them say something of ports and ways; believes of a message no more than its
 * type, and only the kernel. Called from the loop by iface/watch.c; never blocks.
 */
#include "transport/user/rtwatch.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define BUFFER_BYTES (8 * 1024 * 1024)	/* thousands of notices: a host that gets its routes from a router, or a bond of many */
#define MESSAGE_BYTES 32768
#define AT_ONCE 1024			/* then others get their turn: what is left wakes the loop again */

struct rtwatch {
	int fd;
	_Alignas(struct nlmsghdr) char message[MESSAGE_BYTES];
};

static const struct {
	uint16_t type;
	int change;
} types[] = {
	{RTM_NEWLINK, RTWATCH_LINKS},	  {RTM_DELLINK, RTWATCH_LINKS},	    {RTM_NEWADDR, RTWATCH_ADDRESSES},
	{RTM_DELADDR, RTWATCH_ADDRESSES}, {RTM_NEWROUTE, RTWATCH_ROUTES},   {RTM_DELROUTE, RTWATCH_ROUTES},
	{RTM_NEWRULE, RTWATCH_ROUTES},	  {RTM_DELRULE, RTWATCH_ROUTES},    {RTM_NEWNEXTHOP, RTWATCH_ROUTES},
	{RTM_DELNEXTHOP, RTWATCH_ROUTES},
};

static const int groups[] = {
	RTNLGRP_LINK,	    RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_ROUTE,
	RTNLGRP_IPV6_ROUTE, RTNLGRP_IPV4_RULE,	 RTNLGRP_IPV6_RULE,   RTNLGRP_NEXTHOP,
};

/* A kernel without IPv6, rules or nexthop objects lacks their groups, and what they would tell. */
static void join(int fd)
{
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		(void)setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &groups[i], sizeof(groups[i]));
}

/* Without the privilege to have more, as much as the system gives everybody. */
static void widen(int fd)
{
	int bytes = BUFFER_BYTES;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
}

int rtwatch_open_fd(int fd, struct rtwatch **ret_watch)
{
	struct rtwatch *watch = malloc(sizeof(*watch));

	if (!watch)
		return -ENOMEM;
	watch->fd = fd;
	*ret_watch = watch;
	return 0;
}

int rtwatch_open(struct rtwatch **ret_watch)
{
	struct sockaddr_nl own = {.nl_family = AF_NETLINK};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE), error;

	if (fd < 0)
		return -errno;
	widen(fd);
	error = bind(fd, (const struct sockaddr *)&own, sizeof(own)) < 0 ? -errno : rtwatch_open_fd(fd, ret_watch);
	if (error)
		close(fd);
	else
		join(fd);
	return error;
}

void rtwatch_close(struct rtwatch *watch)
{
	if (!watch)
		return;
	close(watch->fd);
	free(watch);
}

int rtwatch_fd(const struct rtwatch *watch)
{
	return watch->fd;
}

static int change_of(uint16_t type)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (types[i].type == type)
			return types[i].change;
	return 0;
}

static int changes_of(const struct rtwatch *watch, ssize_t n)
{
	const struct nlmsghdr *message = (const struct nlmsghdr *)(const void *)watch->message;
	int changes = 0;

	for (; NLMSG_OK(message, n); message = NLMSG_NEXT(message, n))
		changes |= change_of(message->nlmsg_type);
	return changes;
}

int rtwatch_read(struct rtwatch *watch)
{
	int changes = 0;

	for (int i = 0; i < AT_ONCE; i++) {
		struct sockaddr_nl from = {.nl_pid = 0};
		socklen_t len = sizeof(from);
		ssize_t n = recvfrom(watch->fd, watch->message, sizeof(watch->message), 0, (struct sockaddr *)&from, &len);

		if (n > 0)
			changes |= from.nl_pid ? 0 : changes_of(watch, n);
		else if (n < 0 && errno == ENOBUFS)
			changes |= RTWATCH_LOST;
		else if (n < 0 && errno != EINTR)
			return errno == EAGAIN ? changes : -errno;
		else if (n == 0)
			return changes;
	}
	return changes;
}
