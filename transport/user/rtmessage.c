/* SPDX-License-Identifier: GPL-2.0-only OR GPL-3.0-or-later */
/*
 * Takes messages of NETLINK_ROUTE apart. An attribute that is shorter than its type is as good as absent; one that is longer counts
 * up to its type's size, because kernels make attributes longer, never shorter. Texts end at their NUL or their length.
 */
#include "transport/user/rtmessage.h"

#include <errno.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>

#define MAC_BYTES 6

/* Attributes in a row: those of a message, or inside of one of them. */
struct row {
	const struct rtattr *first;
	size_t bytes;
};

static const struct rtattr *find(struct row row, unsigned short type)
{
	const struct rtattr *attribute = row.first;
	int left = (int)row.bytes;

	for (; RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left))
		if ((attribute->rta_type & NLA_TYPE_MASK) == type)
			return attribute;
	return NULL;
}

static struct row inside(const struct rtattr *outer)
{
	return outer ? (struct row){RTA_DATA(outer), RTA_PAYLOAD(outer)} : (struct row){NULL, 0};
}

/* The attributes behind a fixed part of size bytes; -ENOMSG, -EPROTO. */
static int open_message(const struct nlmsghdr *message, uint16_t type, size_t size, struct row *ret_row)
{
	if (message->nlmsg_type != type)
		return -ENOMSG;
	if (message->nlmsg_len < NLMSG_LENGTH(size))
		return -EPROTO;
	ret_row->first = (const struct rtattr *)(const void *)((const char *)message + NLMSG_SPACE(size));
	ret_row->bytes = message->nlmsg_len > NLMSG_SPACE(size) ? message->nlmsg_len - NLMSG_SPACE(size) : 0;
	return 0;
}

static bool take(struct row row, unsigned short type, void *value, size_t bytes)
{
	const struct rtattr *attribute = find(row, type);

	if (!attribute || RTA_PAYLOAD(attribute) < bytes)
		return false;
	memcpy(value, RTA_DATA(attribute), bytes);
	return true;
}

static uint32_t take_number(struct row row, unsigned short type)
{
	uint32_t number;

	return take(row, type, &number, sizeof(number)) ? number : 0;
}

/* A text that does not fit is none: half a name would be another's. */
static void take_text(struct row row, unsigned short type, char *text, size_t room)
{
	const struct rtattr *attribute = find(row, type);
	size_t len = attribute ? strnlen(RTA_DATA(attribute), RTA_PAYLOAD(attribute)) : 0;

	if (len >= room)
		len = 0;
	if (len)
		memcpy(text, RTA_DATA(attribute), len);
	text[len] = '\0';
}

static void take_mac(struct row row, unsigned short type, char text[18])
{
	const struct rtattr *attribute = find(row, type);
	const uint8_t *byte;

	if (!attribute || RTA_PAYLOAD(attribute) != MAC_BYTES)
		return;
	byte = RTA_DATA(attribute);
	snprintf(text, 18, "%02x:%02x:%02x:%02x:%02x:%02x", byte[0], byte[1], byte[2], byte[3], byte[4], byte[5]);
}

static size_t address_bytes(int family)
{
	return family == AF_INET6 ? 16 : 4;
}

/* ---- links ---- */

int rtmessage_link(const struct nlmsghdr *message, struct rtlink *ret_link)
{
	const struct ifinfomsg *head = NLMSG_DATA(message);
	uint8_t carrier;
	struct row row;
	int error = open_message(message, RTM_NEWLINK, sizeof(*head), &row);

	if (error)
		return error;
	*ret_link = (struct rtlink){.ifindex = (unsigned int)head->ifi_index, .flags = head->ifi_flags};
	take_text(row, IFLA_IFNAME, ret_link->name, sizeof(ret_link->name));
	if (!ret_link->name[0] || head->ifi_index <= 0)
		return -EPROTO;
	take_text(inside(find(row, IFLA_LINKINFO)), IFLA_INFO_KIND, ret_link->kind, sizeof(ret_link->kind));
	if (head->ifi_type == ARPHRD_ETHER) {
		take_mac(row, IFLA_ADDRESS, ret_link->hwaddress);
		take_mac(row, IFLA_PERM_ADDRESS, ret_link->permanent);
	}
	take(row, IFLA_OPERSTATE, &ret_link->operstate, sizeof(ret_link->operstate));
	ret_link->has_carrier = take(row, IFLA_CARRIER, &carrier, sizeof(carrier)) ? carrier : head->ifi_flags & IFF_LOWER_UP;
	ret_link->master = take_number(row, IFLA_MASTER);
	if (!find(row, IFLA_LINK_NETNSID))
		ret_link->parent = take_number(row, IFLA_LINK);
	return 0;
}

bool rtmessage_is_vlan(const struct nlmsghdr *message, unsigned int parent, unsigned int id)
{
	struct rtlink link;
	uint16_t number;
	struct row row;

	if (rtmessage_link(message, &link) || strcmp(link.kind, "vlan") != 0 || link.parent != parent)
		return false;
	if (open_message(message, RTM_NEWLINK, sizeof(struct ifinfomsg), &row))
		return false;
	row = inside(find(inside(find(row, IFLA_LINKINFO)), IFLA_INFO_DATA));
	return take(row, IFLA_VLAN_ID, &number, sizeof(number)) && number == id;
}

/* ---- addresses ---- */

int rtmessage_address(const struct nlmsghdr *message, struct rtaddress *ret_address)
{
	const struct ifaddrmsg *head = NLMSG_DATA(message);
	struct row row;
	int error = open_message(message, RTM_NEWADDR, sizeof(*head), &row);

	if (error)
		return error;
	*ret_address = (struct rtaddress){
		.ifindex = head->ifa_index,
		.family = head->ifa_family,
		.prefix_len = head->ifa_prefixlen,
		.scope = head->ifa_scope,
		.flags = head->ifa_flags,
	};
	if (head->ifa_family != AF_INET && head->ifa_family != AF_INET6)
		return -ENOMSG;
	take(row, IFA_FLAGS, &ret_address->flags, sizeof(ret_address->flags));
	/* On point-to-point links IFA_ADDRESS is the peer's; IPv6 has IFA_LOCAL only there. */
	if (!take(row, IFA_LOCAL, ret_address->bytes, address_bytes(head->ifa_family)) &&
	    !take(row, IFA_ADDRESS, ret_address->bytes, address_bytes(head->ifa_family)))
		return -EPROTO;
	return head->ifa_prefixlen <= 8 * address_bytes(head->ifa_family) ? 0 : -EPROTO;
}

/* ---- routes ---- */

static void take_gateway(struct row row, struct rtroute *route)
{
	const struct rtattr *attribute = find(row, RTA_VIA);
	const struct rtvia *via = attribute ? RTA_DATA(attribute) : NULL;

	if (take(row, RTA_GATEWAY, route->gateway, address_bytes(route->family))) {
		route->gateway_family = route->family;
		return;
	}
	if (!via || RTA_PAYLOAD(attribute) < sizeof(*via) || (via->rtvia_family != AF_INET && via->rtvia_family != AF_INET6) ||
	    RTA_PAYLOAD(attribute) < sizeof(*via) + address_bytes(via->rtvia_family))
		return;
	route->gateway_family = via->rtvia_family;
	memcpy(route->gateway, via->rtvia_addr, address_bytes(via->rtvia_family));
}

int rtmessage_route(const struct nlmsghdr *message, struct rtroute *ret_route)
{
	const struct rtmsg *head = NLMSG_DATA(message);
	struct row row;
	int error = open_message(message, RTM_NEWROUTE, sizeof(*head), &row);

	if (error)
		return error;
	if (head->rtm_family != AF_INET && head->rtm_family != AF_INET6)
		return -ENOMSG;
	*ret_route = (struct rtroute){
		.family = head->rtm_family,
		.type = head->rtm_type,
		.prefix_len = head->rtm_dst_len,
		.table = head->rtm_table,
	};
	take(row, RTA_TABLE, &ret_route->table, sizeof(ret_route->table));
	ret_route->priority = take_number(row, RTA_PRIORITY);
	ret_route->oif = take_number(row, RTA_OIF);
	ret_route->has_hops = find(row, RTA_MULTIPATH) || find(row, RTA_NH_ID);
	ret_route->has_source = take(row, RTA_PREFSRC, ret_route->source, address_bytes(head->rtm_family));
	take_gateway(row, ret_route);
	return head->rtm_dst_len <= 8 * address_bytes(head->rtm_family) ? 0 : -EPROTO;
}

/* ---- ends ---- */

int rtmessage_result(const struct nlmsghdr *message)
{
	int result;

	if (message->nlmsg_len < NLMSG_LENGTH(sizeof(result)))
		return -EPROTO;
	memcpy(&result, NLMSG_DATA(message), sizeof(result));
	return result > 0 ? -EPROTO : result;
}
