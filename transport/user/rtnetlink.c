/* SPDX-License-Identifier: GPL-2.0-only OR GPL-3.0-or-later */
/*
 * Messages to NETLINK_ROUTE and their answers. Decides nothing: what to configure is said by iface/nic.c, what ports there are by
 * iface/port.c. What comes back passes the gate in transport/user/rtmessage.c even though only the kernel can answer.
 */
#include "transport/user/rtnetlink.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "transport/user/rtmessage.h"

#define ANSWER_BYTES 65536
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

int rtnetlink_open_fd(int fd, struct rtnetlink **ret_route)
{
	struct rtnetlink *route = malloc(sizeof(*route));

	if (!route)
		return -ENOMEM;
	route->sequence = 0;
	route->fd = fd;
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
		n = recv(route->fd, route->answer, sizeof(route->answer), MSG_TRUNC);
	while (n < 0 && errno == EINTR);
	if (n > (ssize_t)sizeof(route->answer))
		return -EMSGSIZE;
	return n < 0 ? -errno : n;
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

		if (n <= 0)
			return n < 0 ? (int)n : -ECONNRESET;
		for (; NLMSG_OK(message, n); message = NLMSG_NEXT(message, n))
			if (message->nlmsg_seq == route->sequence && message->nlmsg_type == NLMSG_ERROR)
				return rtmessage_result(message);
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

/* Sends a request for a list and calls is_it() for each item until it says yes; reads the list to its end, so that nothing is left
 * for the next request. 0: found; -ENODEV: not in the list. */
typedef bool item_fn(const struct nlmsghdr *message, void *data);

static int search(struct rtnetlink *route, struct request *request, item_fn *is_it, void *data)
{
	int r = send_request(route, request), found = -ENODEV;

	while (r == 0) {
		struct nlmsghdr *message = (struct nlmsghdr *)(void *)route->answer;
		ssize_t n = receive(route);

		if (n <= 0)
			return n < 0 ? (int)n : -ECONNRESET;
		for (; NLMSG_OK(message, n); message = NLMSG_NEXT(message, n)) {
			if (message->nlmsg_seq != route->sequence)
				continue;
			if (message->nlmsg_type == NLMSG_DONE)
				return found;
			if (message->nlmsg_type == NLMSG_ERROR)
				return rtmessage_result(message);
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
	struct rtlink link;

	if (!rtmessage_is_vlan(message, wanted->parent, wanted->id) || rtmessage_link(message, &link))
		return false;
	memcpy(wanted->name, link.name, IFNAMSIZ);
	return true;
}

int rtnetlink_vlan_find(struct rtnetlink *route, unsigned int parent, unsigned int id, char ret_name[IFNAMSIZ])
{
	struct wanted_vlan wanted = {parent, id, ret_name};
	struct request request = {.bytes = ""};
	struct ifinfomsg *link = begin(&request, RTM_GETLINK, NLM_F_DUMP, sizeof(*link));

	link->ifi_family = AF_UNSPEC;
	return search(route, &request, is_wanted_vlan, &wanted);
}

/* ---- lists ---- */

#define LIST_TRIES 8

/* What has been read of a list; nobody is told before it is whole. */
struct list {
	int (*take)(const struct nlmsghdr *message, void *ret_item);	/* -ENOMSG: not an item; -EPROTO: one to leave out */
	size_t item_bytes;
	char *items;
	size_t count, room;
	bool was_interrupted;
	int error;		/* the rest is read nevertheless: the kernel takes no other request before the end */
};

static void list_add(struct list *list, const struct nlmsghdr *message)
{
	if (list->count == list->room) {
		size_t room = list->room ? 2 * list->room : 64;
		char *items = realloc(list->items, room * list->item_bytes);

		if (!items) {
			list->error = -ENOMEM;
			return;
		}
		list->items = items;
		list->room = room;
	}
	if (list->take(message, list->items + list->count * list->item_bytes) == 0)
		list->count++;
}

/* One datagram of a list. 1: there is more to come. */
static int list_datagram(struct rtnetlink *route, struct list *list)
{
	struct nlmsghdr *message = (struct nlmsghdr *)(void *)route->answer;
	ssize_t n = receive(route);

	if (n == -EMSGSIZE) {
		list->error = -EMSGSIZE;
		return 1;
	}
	if (n <= 0)
		return n < 0 ? (int)n : -ECONNRESET;
	for (; NLMSG_OK(message, n); message = NLMSG_NEXT(message, n)) {
		if (message->nlmsg_seq != route->sequence)
			continue;
		list->was_interrupted |= (message->nlmsg_flags & NLM_F_DUMP_INTR) != 0;
		if (message->nlmsg_type == NLMSG_DONE || message->nlmsg_type == NLMSG_ERROR)
			return rtmessage_result(message);
		list_add(list, message);
	}
	return 1;
}

/* Reads a list; again if the kernel says that it changed meanwhile. */
static int list_read(struct rtnetlink *route, struct request *request, struct list *list)
{
	int r;

	for (int i = 0; i < LIST_TRIES; i++) {
		list->count = 0;
		list->was_interrupted = false;
		r = send_request(route, request);
		if (r == 0)
			do
				r = list_datagram(route, list);
			while (r == 1);
		if (r == 0)
			r = list->error;
		if (r < 0 || !list->was_interrupted)
			return r;
	}
	return -EAGAIN;
}

static int take_link(const struct nlmsghdr *message, void *ret_item)
{
	return rtmessage_link(message, ret_item);
}

static int take_address(const struct nlmsghdr *message, void *ret_item)
{
	return rtmessage_address(message, ret_item);
}

int rtnetlink_links(struct rtnetlink *route, rtlink_fn *fn, void *data)
{
	struct list list = {.take = take_link, .item_bytes = sizeof(struct rtlink)};
	struct request request = {.bytes = ""};
	struct ifinfomsg *link = begin(&request, RTM_GETLINK, NLM_F_DUMP, sizeof(*link));
	uint32_t filter = RTEXT_FILTER_SKIP_STATS;
	int r;

	link->ifi_family = AF_UNSPEC;
	add(&request, IFLA_EXT_MASK, &filter, sizeof(filter));
	r = list_read(route, &request, &list);
	for (size_t i = 0; r == 0 && i < list.count; i++)
		r = fn((const struct rtlink *)(const void *)list.items + i, data);
	free(list.items);
	return r;
}

int rtnetlink_addresses(struct rtnetlink *route, rtaddress_fn *fn, void *data)
{
	struct list list = {.take = take_address, .item_bytes = sizeof(struct rtaddress)};
	struct request request = {.bytes = ""};
	struct ifaddrmsg *message = begin(&request, RTM_GETADDR, NLM_F_DUMP, sizeof(*message));
	int r;

	message->ifa_family = AF_UNSPEC;
	r = list_read(route, &request, &list);
	for (size_t i = 0; r == 0 && i < list.count; i++)
		r = fn((const struct rtaddress *)(const void *)list.items + i, data);
	free(list.items);
	return r;
}

/* ---- routes ---- */

static bool is_default(const struct nlmsghdr *message, void *data)
{
	const int *family = data;
	struct rtroute found;

	return rtmessage_route(message, &found) == 0 && found.family == *family && found.prefix_len == 0 && found.table == RT_TABLE_MAIN &&
	       found.type == RTN_UNICAST;
}

bool rtnetlink_has_default(struct rtnetlink *route, int family)
{
	struct request request = {.bytes = ""};
	struct rtmsg *message = begin(&request, RTM_GETROUTE, NLM_F_DUMP, sizeof(*message));

	message->rtm_family = (uint8_t)family;
	return search(route, &request, is_default, &family) == 0;
}

static bool take_route(const struct nlmsghdr *message, void *data)
{
	return rtmessage_route(message, data) == 0;
}

unsigned int rtnetlink_way_out(struct rtnetlink *route, int family, const void *destination)
{
	struct request request = {.bytes = ""};
	struct rtmsg *message = begin(&request, RTM_GETROUTE, 0, sizeof(*message));
	struct rtroute found;

	message->rtm_family = (uint8_t)family;
	message->rtm_dst_len = (uint8_t)(8 * address_bytes(family));
	add(&request, RTA_DST, destination, address_bytes(family));
	return search(route, &request, take_route, &found) == 0 ? found.oif : 0;
}

/* ---- the way from a device ---- */

struct question {
	unsigned int ifindex;
	int family;
	const void *destination;
};

/* Which route it is, not only where it leads. Without LOOKUP_TABLE, IPv4 says the main table whichever it was. */
#define THE_ROUTE (RTM_F_FIB_MATCH | RTM_F_LOOKUP_TABLE)

/* flags: RTM_F_*; source may be NULL. An answer of another kind than a route is -EHOSTUNREACH. */
static int ask(struct rtnetlink *route, const struct question *question, unsigned int flags, const void *source,
	       struct rtroute *ret_found)
{
	struct request request = {.bytes = ""};
	struct rtmsg *message = begin(&request, RTM_GETROUTE, 0, sizeof(*message));
	size_t bytes = address_bytes(question->family);
	uint8_t protocol = IPPROTO_TCP;
	int r;

	message->rtm_family = (uint8_t)question->family;
	message->rtm_dst_len = (uint8_t)(8 * bytes);
	message->rtm_flags = flags;
	add(&request, RTA_DST, question->destination, bytes);
	add(&request, RTA_OIF, &question->ifindex, sizeof(question->ifindex));
	add(&request, RTA_IP_PROTO, &protocol, sizeof(protocol));
	if (source) {
		message->rtm_src_len = (uint8_t)(8 * bytes);
		add(&request, RTA_SRC, source, bytes);
	}
	r = search(route, &request, take_route, ret_found);
	if (r == 0 && ret_found->type != RTN_UNICAST && ret_found->type != RTN_LOCAL)
		r = -EHOSTUNREACH;
	return r;
}

/* Where the kernel would send to now, and from where. What it answers here may be its guess. */
static void set_hop(struct rtway *way, const struct rtroute *hop)
{
	way->gateway_family = hop->gateway_family;
	memcpy(way->gateway, hop->gateway, sizeof(way->gateway));
}

static void set_route(struct rtway *way, const struct rtroute *match)
{
	way->prefix_len = match->prefix_len;
	way->table = match->table;
	way->priority = match->priority;
}

/*
 * A connect(2) asks twice: for a source address, then with it. Only the second answer counts, and rules that look at the source say
 * nothing before it; so does RTM_F_FIB_MATCH, which refuses where there is no route but a guess.
 */
static int way_v4(struct rtnetlink *route, const struct question *question, struct rtway *way)
{
	const void *source = NULL;
	struct rtroute found = {.family = AF_UNSPEC};
	int r = ask(route, question, 0, NULL, &found);

	if (r == 0 && found.has_source) {
		memcpy(way->source, found.source, sizeof(way->source));
		source = way->source;
	}
	if (r == 0)
		r = ask(route, question, THE_ROUTE, source, &found);
	if (r == 0) {
		set_route(way, &found);
		r = ask(route, question, 0, source, &found);
	}
	if (r == 0)
		set_hop(way, &found);
	return r;
}

/*
 * Here a connect(2) takes the first answer where there is one, and it has no guesses. Asked with a source, the kernel would look at the
 * routes of all devices, which it does for no bound socket.
 */
static int way_v6(struct rtnetlink *route, const struct question *question, struct rtway *way)
{
	struct rtroute found = {.family = AF_UNSPEC};
	int r = ask(route, question, 0, NULL, &found);

	if (r == 0 && found.type != RTN_LOCAL && found.oif != question->ifindex)
		return -ENETUNREACH;
	if (r < 0)
		return r;
	set_hop(way, &found);
	memcpy(way->source, found.source, sizeof(way->source));
	r = ask(route, question, THE_ROUTE, NULL, &found);
	if (r == 0)
		set_route(way, &found);
	return r;
}

int rtnetlink_way(struct rtnetlink *route, unsigned int ifindex, int family, const void *destination, struct rtway *ret_way)
{
	struct question question = {ifindex, family, destination};

	*ret_way = (struct rtway){.gateway_family = AF_UNSPEC};
	if (!ifindex)
		return -ENODEV;
	return family == AF_INET6 ? way_v6(route, &question, ret_way) : way_v4(route, &question, ret_way);
}
