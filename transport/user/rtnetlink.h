/* SPDX-License-Identifier: GPL-2.0-only OR GPL-3.0-or-later */
/*
 * What is asked of NETLINK_ROUTE: which links, addresses and ways there are; and for boot: bring a link up, give it an address, a
 * route, a VLAN. One request, one answer; blocks no longer than the kernel takes. Not thread safe.
 */
#ifndef OPENHBA_TRANSPORT_USER_RTNETLINK_H
#define OPENHBA_TRANSPORT_USER_RTNETLINK_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct rtnetlink;

/* -EPROTONOSUPPORT, -EMFILE, -ENOMEM. */
int rtnetlink_open(struct rtnetlink **ret_route);

/* Over a socket of messages that another end answers, for tests. Takes fd. -ENOMEM. */
int rtnetlink_open_fd(int fd, struct rtnetlink **ret_route);
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

/* ---- what there is ---- */

struct rtlink {
	unsigned int ifindex;
	char name[IFNAMSIZ];
	char kind[16];			/* IFLA_INFO_KIND: "vlan", "bond", ...; "" for hardware */
	char hwaddress[18], permanent[18];	/* "" without an Ethernet address */
	unsigned int flags;		/* IFF_* */
	uint8_t operstate;		/* IF_OPER_* */
	bool has_carrier;
	unsigned int master;		/* ifindex; 0: none */
	unsigned int parent;		/* of a VLAN and the like, IFLA_LINK; 0: none, or in another network namespace */
};

struct rtaddress {
	unsigned int ifindex;
	sa_family_t family;		/* AF_INET, AF_INET6 */
	uint8_t bytes[16];		/* the local one; network order */
	uint8_t prefix_len, scope;	/* RT_SCOPE_* */
	uint32_t flags;			/* IFA_F_* */
};

/* Calls fn for each; nonzero ends the walk and is its result. -EAGAIN: the list changed while it was read (after some tries). */
typedef int rtlink_fn(const struct rtlink *link, void *data);
typedef int rtaddress_fn(const struct rtaddress *address, void *data);
int rtnetlink_links(struct rtnetlink *route, rtlink_fn *fn, void *data);
int rtnetlink_addresses(struct rtnetlink *route, rtaddress_fn *fn, void *data);

/* The way the kernel would send a packet that is bound to a device. */
struct rtway {
	sa_family_t gateway_family;		/* AF_UNSPEC: none, it is on the link. IPv4 may have gateways of IPv6 */
	uint8_t gateway[16];
	uint8_t source[16];			/* the address it would come from; zeros: the kernel does not say */
	uint8_t prefix_len;			/* of the route that was chosen; 0: a default route */
	uint32_t table, priority;
};

/*
 * Would a TCP socket that is bound to ifindex (as SO_BINDTODEVICE does) find a route to destination? Asks as connect(2) would, by the
 * tables and rules of the device (VRF, policy routing): IPv4 first without and then with the source address the kernel chose, IPv6
 * among the routes of the device. The kernel's guess that what has no route is on the link (IPv4) does not count as one.
 * 0 and *ret_way; -EHOSTUNREACH, -ENETUNREACH: no route, or (IPv4) one that says no; -EACCES, -EINVAL: a rule that prohibits or
 * swallows; -ENODEV.
 */
int rtnetlink_way(struct rtnetlink *route, unsigned int ifindex, int family, const void *destination, struct rtway *ret_way);

#endif
