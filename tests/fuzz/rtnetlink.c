/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzzer of what NETLINK_ROUTE and the kernel's uevents say. The input is a row of datagrams, each with its length in two bytes before
 * it. Their messages pass the gates one by one, in memory of exactly their size; then lists and ways are asked for over a socketpair
 * with all of them queued: messages 1 to 3 in number answer the lists, 4 and on the ways.
 */
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "transport/user/rtmessage.h"
#include "transport/user/rtwatch.h"
#include "transport/user/uevent.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static volatile size_t sum;

static int read_link(const struct rtlink *link, void *data)
{
	sum += strlen(link->name) + strlen(link->kind) + strlen(link->hwaddress) + strlen(link->permanent);
	return 0;
}

static int read_address(const struct rtaddress *address, void *data)
{
	if (address->prefix_len > (address->family == AF_INET6 ? 128 : 32))
		abort();
	sum += address->bytes[0];
	return 0;
}

static void pass_gates(const struct nlmsghdr *message)
{
	struct rtaddress address;
	struct rtroute route;
	struct rtlink link;

	if (!rtmessage_link(message, &link))
		read_link(&link, NULL);
	if (!rtmessage_address(message, &address))
		read_address(&address, NULL);
	if (!rtmessage_route(message, &route))
		sum += route.gateway[0] + route.source[0];
	sum += rtmessage_is_vlan(message, 2, 7);
	if (rtmessage_result(message) > 0)
		abort();
}

/* Each message of a datagram, alone. */
static void take_apart(const uint8_t *bytes, size_t len)
{
	static const char *const subsystems[] = {"net", "pci", NULL};
	uint8_t *exact = malloc(len ? len : 1);
	struct nlmsghdr *message = (struct nlmsghdr *)(void *)exact;
	size_t left = len;

	if (!exact)
		abort();
	memcpy(exact, bytes, len);
	sum += uevent_is_of((const char *)exact, len, subsystems);
	for (; NLMSG_OK(message, left); message = NLMSG_NEXT(message, left)) {
		struct nlmsghdr *alone = malloc(message->nlmsg_len);

		if (!alone)
			abort();
		memcpy(alone, message, message->nlmsg_len);
		pass_gates(alone);
		free(alone);
		if (NLMSG_ALIGN(message->nlmsg_len) >= left)
			break;
	}
	free(exact);
}

static void queue(int fd, const uint8_t *bytes, size_t len)
{
	while (len >= 2) {
		size_t part = (size_t)bytes[0] | (size_t)bytes[1] << 8;

		bytes += 2;
		len -= 2;
		part = part < len ? part : len;
		take_apart(bytes, part);
		if (part && send(fd, bytes, part, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
			return;
		bytes += part;
		len -= part;
	}
}

static void call(struct rtnetlink *route)
{
	static const uint8_t destination[16] = {10, 9, 9, 9};
	char name[IFNAMSIZ];
	struct rtway way;

	(void)rtnetlink_links(route, read_link, NULL);
	(void)rtnetlink_addresses(route, read_address, NULL);
	if (rtnetlink_vlan_find(route, 2, 7, name) == 0)
		sum += strlen(name);
	if (rtnetlink_way(route, 2, AF_INET, destination, &way) == 0)
		sum += way.gateway[0];
	if (rtnetlink_way(route, 2, AF_INET6, destination, &way) == 0)
		sum += way.gateway[0];
}

static void hear(const uint8_t *bytes, size_t len)
{
	struct rtwatch *watch;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0 || rtwatch_open_fd(pair[0], &watch) < 0)
		abort();
	queue(pair[1], bytes, len);
	while (rtwatch_read(watch) > 0)
		;
	rtwatch_close(watch);
	close(pair[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct rtnetlink *route;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0 || rtnetlink_open_fd(pair[0], &route) < 0)
		abort();
	queue(pair[1], bytes, len);
	shutdown(pair[1], SHUT_WR); /* so that a call without an answer ends at once */
	call(route);
	rtnetlink_close(route);
	close(pair[1]);
	hear(bytes, len);
	return 0;
}
