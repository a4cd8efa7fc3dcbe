/* SPDX-License-Identifier: GPL-2.0-only OR GPL-3.0-or-later */
/*
 * Messages to NETLINK_ROUTE and their answers. Decides nothing: what to configure is said by iface/nic.c. Lengths of what comes back
 * are checked even though only the kernel can answer.
 */
#include "transport/user/rtnetlink.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWER_BYTES 32768
#define REQUEST_BYTES 512

struct rtnetlink {
	int fd;
	uint32_t sequence;
	_Alignas(struct nlmsghdr) char answer[ANSWER_BYTES];
};

/* A request under construction; the header is first. */
struct request {
	_Alignas(struct nlmsghdr) char bytes[REQUEST_BYTES];
};

int rtnetlink_open(struct rtnetlink **ret_route)
{
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	struct rtnetlink *route = malloc(sizeof(*route));
	int error;

	if (!route)
		return -ENOMEM;
	route->sequence = 0;
	route->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	/* Connected: nobody but the kernel can answer. */
	if (route->fd < 0 || connect(route->fd, (const struct sockaddr *)&kernel, sizeof(kernel)) < 0) {
		error = -errno;
		rtnetlink_close(route);
		return error;
	}
	*ret_route = route;
	return 0;
}

void rtnetlink_close(struct rtnetlink *route)
{
	if (!route)
		return;
	if (route->fd >= 0)
		close(route->fd);
	free(route);
}

/* ---- requests ---- */

static struct nlmsghdr *header_of(struct request *request)
{
	return (struct nlmsghdr *)(void *)request->bytes;
}

/* Begins a message in a zeroed request, with its fixed part of size bytes; gives that part. */
static void *begin(struct request *request, uint16_t type, uint16_t flags, size_t size)
{
	struct nlmsghdr *header = header_of(request);

	header->nlmsg_len = (uint32_t)NLMSG_LENGTH(size);
	header->nlmsg_type = type;
	header->nlmsg_flags = NLM_F_REQUEST | flags;
	return NLMSG_DATA(header);
}

/* Every request made here is far shorter than its room. */
static struct rtattr *add(struct request *request, uint16_t type, const void *data, size_t len)
{
	struct nlmsghdr *header = header_of(request);
	struct rtattr *attribute = (struct rtattr *)(void *)(request->bytes + NLMSG_ALIGN(header->nlmsg_len));

	if (NLMSG_ALIGN(header->nlmsg_len) + RTA_LENGTH(len) > REQUEST_BYTES)
		abort();
	attribute->rta_type = type;
	attribute->rta_len = (uint16_t)RTA_LENGTH(len);
	if (len)
		memcpy(RTA_DATA(attribute), data, len);
	header->nlmsg_len = (uint32_t)(NLMSG_ALIGN(header->nlmsg_len) + attribute->rta_len);
	return attribute;
}

static void end_nested(struct request *request, struct rtattr *attribute)
{
	attribute->rta_len = (uint16_t)(request->bytes + header_of(request)->nlmsg_len - (char *)attribute);
}

static int send_request(struct rtnetlink *route, struct request *request)
{
	struct nlmsghdr *header = header_of(request);
	ssize_t n;

	header->nlmsg_seq = ++route->sequence;
	do
		n = send(route->fd, request->bytes, header->nlmsg_len, 0);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

static ssize_t receive(struct rtnetlink *route)
{
	ssize_t n;

	do
		n = recv(route->fd, route->answer, sizeof(route->answer), 0);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

static int error_of(const struct nlmsghdr *message)
{
	const struct nlmsgerr *error = NLMSG_DATA(message);

	return message->nlmsg_len < NLMSG_LENGTH(sizeof(error->error)) ? -EPROTO : error->error;
}

/* Sends and waits for the answer. */
static int execute(struct rtnetlink *route, struct request *request)
{
	int r;

	header_of(request)->nlmsg_flags |= NLM_F_ACK;
	r = send_request(route, request);
	while (r == 0) {
		struct nlmsghdr *message = (struct nlmsghdr *)(void *)route->answer;
		ssize_t n = receive(route);

		if (n < 0)
			return (int)n;
		for (; NLMSG_OK(message, n); message = NLMSG_NEXT(message, n))
			if (message->nlmsg_seq == route->sequence && message->nlmsg_type == NLMSG_ERROR)
				return error_of(message);
	}
	return r;
}

int rtnetlink_link_up(struct rtnetlink *route, unsigned int ifindex)
{
	struct request request = {.bytes = ""};
	struct ifinfomsg *link = begin(&request, RTM_NEWLINK, 0, sizeof(*link));

	link->ifi_index = (int)ifindex;
	link->ifi_flags = link->ifi_change = IFF_UP;
	return execute(route, &request);
}

static size_t address_bytes(int family)
{
	return family == AF_INET6 ? 16 : 4;
}

static void add_broadcast(struct request *request, const void *address, unsigned int prefix_len)
{
	uint32_t four;

	if (prefix_len > 30)
		return;
	memcpy(&four, address, sizeof(four));
	four |= __builtin_bswap32(UINT32_MAX >> prefix_len);
	add(request, IFA_BROADCAST, &four, sizeof(four));
}

int rtnetlink_address_add(struct rtnetlink *route, unsigned int ifindex, int family, const void *address, unsigned int prefix_len)
{
	struct request request = {.bytes = ""};
	struct ifaddrmsg *message = begin(&request, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, sizeof(*message));

	message->ifa_family = (uint8_t)family;
	message->ifa_prefixlen = (uint8_t)prefix_len;
	message->ifa_index = ifindex;
	add(&request, IFA_LOCAL, address, address_bytes(family));
	add(&request, IFA_ADDRESS, address, address_bytes(family));
	if (family == AF_INET)
		add_broadcast(&request, address, prefix_len);
	return execute(route, &request);
}

int rtnetlink_route_add(struct rtnetlink *route, unsigned int ifindex, int family, const void *destination, const void *gateway)
{
	struct request request = {.bytes = ""};
	struct rtmsg *message = begin(&request, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, sizeof(*message));

	message->rtm_family = (uint8_t)family;
	message->rtm_table = RT_TABLE_MAIN;
	message->rtm_protocol = RTPROT_BOOT;
	message->rtm_scope = RT_SCOPE_UNIVERSE;
	message->rtm_type = RTN_UNICAST;
	if (destination) {
		message->rtm_dst_len = (uint8_t)(8 * address_bytes(family));
		add(&request, RTA_DST, destination, address_bytes(family));
	}
	add(&request, RTA_GATEWAY, gateway, address_bytes(family));
	add(&request, RTA_OIF, &ifindex, sizeof(ifindex));
	return execute(route, &request);
}

int rtnetlink_vlan_add(struct rtnetlink *route, unsigned int parent, unsigned int id, const char *name)
{
	struct request request = {.bytes = ""};
	struct ifinfomsg *link = begin(&request, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, sizeof(*link));
	struct rtattr *info, *data;
	uint16_t number = (uint16_t)id;

	link->ifi_family = AF_UNSPEC;
	add(&request, IFLA_LINK, &parent, sizeof(parent));
	add(&request, IFLA_IFNAME, name, strnlen(name, IFNAMSIZ - 1) + 1);
	info = add(&request, IFLA_LINKINFO, NULL, 0);
	add(&request, IFLA_INFO_KIND, "vlan", 4);
	data = add(&request, IFLA_INFO_DATA, NULL, 0);
	add(&request, IFLA_VLAN_ID, &number, sizeof(number));
	end_nested(&request, data);
	end_nested(&request, info);
	return execute(route, &request);
}

/* ---- looking for something ---- */

static const struct rtattr *find(const struct rtattr *attribute, size_t left, unsigned short type)
{
	int len = (int)left;

	for (; RTA_OK(attribute, len); attribute = RTA_NEXT(attribute, len))
		if ((attribute->rta_type & NLA_TYPE_MASK) == type)
			return attribute;
	return NULL;
}

static const struct rtattr *find_inside(const struct rtattr *outer, unsigned short type)
{
	return outer ? find(RTA_DATA(outer), RTA_PAYLOAD(outer), type) : NULL;
}

static bool is_number(const struct rtattr *attribute, size_t bytes, uint32_t number)
{
	uint32_t four = 0;
	uint16_t two = 0;

	if (!attribute || RTA_PAYLOAD(attribute) < bytes)
		return false;
	if (bytes == sizeof(two)) {
		memcpy(&two, RTA_DATA(attribute), sizeof(two));
		return two == number;
	}
	memcpy(&four, RTA_DATA(attribute), sizeof(four));
	return four == number;
}

static bool is_vlan(const struct nlmsghdr *message, unsigned int parent, unsigned int id, char name[IFNAMSIZ])
{
	const struct ifinfomsg *link = NLMSG_DATA(message);
	const struct rtattr *first = IFLA_RTA(link), *info, *kind, *text;
	size_t len;

	if (message->nlmsg_type != RTM_NEWLINK || message->nlmsg_len < NLMSG_LENGTH(sizeof(*link)))
		return false;
	len = message->nlmsg_len - NLMSG_LENGTH(sizeof(*link));
	info = find(first, len, IFLA_LINKINFO);
	kind = find_inside(info, IFLA_INFO_KIND);
	text = find(first, len, IFLA_IFNAME);
	if (!kind || !text || RTA_PAYLOAD(kind) < 4 || memcmp(RTA_DATA(kind), "vlan", 4) != 0)
		return false;
	if (!is_number(find(first, len, IFLA_LINK), sizeof(uint32_t), parent) ||
	    !is_number(find_inside(find_inside(info, IFLA_INFO_DATA), IFLA_VLAN_ID), sizeof(uint16_t), id))
		return false;
	len = strnlen(RTA_DATA(text), RTA_PAYLOAD(text));
	if (len >= IFNAMSIZ)
		return false;
	memcpy(name, RTA_DATA(text), len);
	name[len] = '\0';
	return true;
}

/* Sends a request for a list and calls is_it() for each item until it says yes; reads the list to its end, so that nothing is left
 * for the next request. 0: found; -ENODEV: not in the list. */
typedef bool item_fn(const struct nlmsghdr *message, void *data);

static int search(struct rtnetlink *route, struct request *request, item_fn *is_it, void *data)
{
	int r = send_request(route, request), found = -ENODEV;

	while (r == 0) {
		struct nlmsghdr *message = (struct nlmsghdr *)(void *)route->answer;
		ssize_t n = receive(route);

		if (n < 0)
			return (int)n;
		for (; NLMSG_OK(message, n); message = NLMSG_NEXT(message, n)) {
			if (message->nlmsg_seq != route->sequence)
				continue;
			if (message->nlmsg_type == NLMSG_DONE)
				return found;
			if (message->nlmsg_type == NLMSG_ERROR)
				return error_of(message);
			if (found < 0 && is_it(message, data))
				found = 0;
			if (!(message->nlmsg_flags & NLM_F_MULTI))
				return found;
		}
	}
	return r;
}

struct wanted_vlan {
	unsigned int parent, id;
	char *name;
};

static bool is_wanted_vlan(const struct nlmsghdr *message, void *data)
{
	const struct wanted_vlan *wanted = data;

	return is_vlan(message, wanted->parent, wanted->id, wanted->name);
}

int rtnetlink_vlan_find(struct rtnetlink *route, unsigned int parent, unsigned int id, char ret_name[IFNAMSIZ])
{
	struct wanted_vlan wanted = {parent, id, ret_name};
	struct request request = {.bytes = ""};
	struct ifinfomsg *link = begin(&request, RTM_GETLINK, NLM_F_DUMP, sizeof(*link));

	link->ifi_family = AF_UNSPEC;
	return search(route, &request, is_wanted_vlan, &wanted);
}

/* ---- routes ---- */

static bool is_default(const struct nlmsghdr *message, void *data)
{
	const struct rtmsg *found = NLMSG_DATA(message);
	const int *family = data;

	return message->nlmsg_type == RTM_NEWROUTE && message->nlmsg_len >= NLMSG_LENGTH(sizeof(*found)) && found->rtm_family == *family &&
	       found->rtm_dst_len == 0 && found->rtm_table == RT_TABLE_MAIN && found->rtm_type == RTN_UNICAST;
}

bool rtnetlink_has_default(struct rtnetlink *route, int family)
{
	struct request request = {.bytes = ""};
	struct rtmsg *message = begin(&request, RTM_GETROUTE, NLM_F_DUMP, sizeof(*message));

	message->rtm_family = (uint8_t)family;
	return search(route, &request, is_default, &family) == 0;
}

static bool take_way_out(const struct nlmsghdr *message, void *data)
{
	const struct rtmsg *found = NLMSG_DATA(message);
	const struct rtattr *out;

	if (message->nlmsg_type != RTM_NEWROUTE || message->nlmsg_len < NLMSG_LENGTH(sizeof(*found)))
		return false;
	out = find(RTM_RTA(found), message->nlmsg_len - NLMSG_LENGTH(sizeof(*found)), RTA_OIF);
	if (!out || RTA_PAYLOAD(out) < sizeof(unsigned int))
		return false;
	memcpy(data, RTA_DATA(out), sizeof(unsigned int));
	return true;
}

unsigned int rtnetlink_way_out(struct rtnetlink *route, int family, const void *destination)
{
	struct request request = {.bytes = ""};
	struct rtmsg *message = begin(&request, RTM_GETROUTE, 0, sizeof(*message));
	unsigned int ifindex = 0;

	message->rtm_family = (uint8_t)family;
	message->rtm_dst_len = (uint8_t)(8 * address_bytes(family));
	add(&request, RTA_DST, destination, address_bytes(family));
	return search(route, &request, take_way_out, &ifindex) == 0 ? ifindex : 0;
}
