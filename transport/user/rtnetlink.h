/* SPDX-License-Identifier: GPL-2.0-only OR GPL-3.0-or-later */
/*
 * The few things boot asks of NETLINK_ROUTE: bring a link up, give it an address, a route, a VLAN. One request, one answer; blocks
 * no longer than the kernel takes. Not thread safe.
 */
#ifndef OPENHBA_TRANSPORT_USER_RTNETLINK_H
#define OPENHBA_TRANSPORT_USER_RTNETLINK_H

#include <net/if.h>
#include <stdbool.h>

struct rtnetlink;

/* -EPROTONOSUPPORT, -EMFILE, -ENOMEM. */
int rtnetlink_open(struct rtnetlink **ret_route);
void rtnetlink_close(struct rtnetlink *route); /* NULL is fine */

int rtnetlink_link_up(struct rtnetlink *route, unsigned int ifindex);

/* Addresses are in network order, 4 or 16 bytes by family. -EEXIST: it has that address. */
int rtnetlink_address_add(struct rtnetlink *route, unsigned int ifindex, int family, const void *address, unsigned int prefix_len);

/* destination NULL: the default route. Does not replace: -EEXIST. -ENETUNREACH: the gateway is not on the link. */
int rtnetlink_route_add(struct rtnetlink *route, unsigned int ifindex, int family, const void *destination, const void *gateway);

/* Is there a default route of the family, whatever its metric? */
bool rtnetlink_has_default(struct rtnetlink *route, int family);

/* The interface packets to destination leave by. 0: none. */
unsigned int rtnetlink_way_out(struct rtnetlink *route, int family, const void *destination);

/* 802.1Q, on top of parent. -EEXIST: the name is taken; -EOPNOTSUPP: the kernel has no VLANs. */
int rtnetlink_vlan_add(struct rtnetlink *route, unsigned int parent, unsigned int id, const char *name);

/* The interface that is VLAN id of parent. -ENODEV: there is none. */
int rtnetlink_vlan_find(struct rtnetlink *route, unsigned int parent, unsigned int id, char ret_name[IFNAMSIZ]);

#endif
