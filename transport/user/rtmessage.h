/* SPDX-License-Identifier: GPL-2.0-only OR GPL-3.0-or-later */
/*
 * The gate for what comes from NETLINK_ROUTE: one message to one structure, with every length checked. A message is complete as its
 * header says (NLMSG_OK holds); all else about it may be a lie. Sends nothing and keeps nothing.
 */
#ifndef OPENHBA_TRANSPORT_USER_RTMESSAGE_H
#define OPENHBA_TRANSPORT_USER_RTMESSAGE_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "transport/user/rtnetlink.h"

struct nlmsghdr;

/* What RTM_NEWROUTE says, as far as anybody here asks. */
struct rtroute {
	sa_family_t family;
	uint8_t type;			/* RTN_UNICAST, ... */
	uint8_t prefix_len;
	uint32_t table, priority;
	unsigned int oif;		/* 0: none, or several hops */
	bool has_hops;			/* several hops, or a nexthop object: the gateway is not said here */
	bool has_source;
	uint8_t source[16];
	sa_family_t gateway_family;	/* AF_UNSPEC: none. May be another than that of the route */
	uint8_t gateway[16];
};

/* -ENOMSG: a message of another type; -EPROTO: too short for its type, or without what makes it one (a link without a name). */
int rtmessage_link(const struct nlmsghdr *message, struct rtlink *ret_link);
int rtmessage_address(const struct nlmsghdr *message, struct rtaddress *ret_address);
int rtmessage_route(const struct nlmsghdr *message, struct rtroute *ret_route);

/* Is it a link that is VLAN id of parent? */
bool rtmessage_is_vlan(const struct nlmsghdr *message, unsigned int parent, unsigned int id);

/* The result in NLMSG_ERROR or NLMSG_DONE: 0 or a negative errno; -EPROTO where there is none. */
int rtmessage_result(const struct nlmsghdr *message);

#endif
