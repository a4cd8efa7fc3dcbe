/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Decides what of a boot target's network has to be configured, and has it done by rtnetlink. Called by iscsistart and `iscsiadm -m fw
 * -l`, never by anything that only prints. Never removes or replaces an address or a route.
 */
#include "iface/nic.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "transport/user/rtnetlink.h"

struct address {
	int family; /* AF_UNSPEC: none */
	unsigned char bytes[16];
};

static struct address address_of(const struct boot_target *target, enum boot_field field)
{
	struct address address = {.family = AF_UNSPEC};
	const char *text = target->values[field];

	if (inet_pton(AF_INET, text, address.bytes) == 1)
		address.family = AF_INET;
	else if (inet_pton(AF_INET6, text, address.bytes) == 1)
		address.family = AF_INET6;
	return address;
}

/* Do the first bits of two addresses agree? */
static bool same_network(const struct address *a, const struct address *b, unsigned int bits)
{
	unsigned int bytes = bits / 8, rest = bits % 8;

	if (a->family != b->family || memcmp(a->bytes, b->bytes, bytes) != 0)
		return false;
	return !rest || (a->bytes[bytes] ^ b->bytes[bytes]) >> (8 - rest) == 0;
}

static bool is_link_local(const struct sockaddr *address)
{
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)(const void *)address;

	return address->sa_family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&six->sin6_addr);
}

static bool is_same(const struct sockaddr *found, const struct address *own)
{
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)(const void *)found;
	const struct sockaddr_in *four = (const struct sockaddr_in *)(const void *)found;

	return own->family == AF_INET ? !memcmp(&four->sin_addr, own->bytes, 4) : !memcmp(&six->sin6_addr, own->bytes, 16);
}

enum presence { ABSENT, OTHER, PRESENT };

/* OTHER: somebody has configured the NIC, but with other addresses of the family. */
static enum presence find_address(const char *netdev, const struct address *own)
{
	enum presence presence = ABSENT;
	struct ifaddrs *all;

	if (getifaddrs(&all) < 0)
		return ABSENT;
	for (const struct ifaddrs *entry = all; entry; entry = entry->ifa_next) {
		if (strcmp(entry->ifa_name, netdev) != 0 || !entry->ifa_addr || entry->ifa_addr->sa_family != own->family)
			continue;
		if (is_same(entry->ifa_addr, own))
			presence = PRESENT;
		else if (presence == ABSENT && !is_link_local(entry->ifa_addr))
			presence = OTHER;
	}
	freeifaddrs(all);
	return presence;
}

static int prefix_of(const struct boot_target *target, int family)
{
	int prefix = atoi(target->values[BOOT_PREFIX_LEN]);

	return prefix < 1 || prefix > (family == AF_INET ? 32 : 128) ? -EINVAL : prefix;
}

static int ignore_existing(int error)
{
	return error == -EEXIST ? 0 : error;
}

/* The default route, where there is none; and one of its own to a target behind the gateway, if a default route that was there before
 * leads elsewhere. */
static int set_routes(struct rtnetlink *route, const struct boot_target *target, unsigned int ifindex, const struct address *own,
		      unsigned int prefix)
{
	struct address gateway = address_of(target, BOOT_GATEWAY), peer = address_of(target, BOOT_TARGET_ADDRESS);
	int r = 0;

	if (gateway.family != own->family)
		return 0;
	if (!rtnetlink_has_default(route, own->family))
		r = ignore_existing(rtnetlink_route_add(route, ifindex, own->family, NULL, gateway.bytes));
	if (r < 0 || peer.family != own->family || same_network(&peer, own, prefix) ||
	    rtnetlink_way_out(route, own->family, peer.bytes) == ifindex)
		return r;
	return ignore_existing(rtnetlink_route_add(route, ifindex, own->family, peer.bytes, gateway.bytes));
}

/* Asked first: where nothing has to be done nothing may be permitted either. */
static int bring_up(struct rtnetlink *route, const char *netdev)
{
	unsigned int ifindex = if_nametoindex(netdev);
	struct ifaddrs *all;
	bool is_up = false;

	if (!ifindex)
		return -ENODEV;
	if (getifaddrs(&all) < 0)
		return -errno;
	for (const struct ifaddrs *entry = all; entry; entry = entry->ifa_next)
		is_up |= !strcmp(entry->ifa_name, netdev) && entry->ifa_flags & IFF_UP;
	freeifaddrs(all);
	return is_up ? 0 : rtnetlink_link_up(route, ifindex);
}

static int set_address(struct rtnetlink *route, const struct boot_target *target, const char *netdev)
{
	struct address own = address_of(target, BOOT_ADDRESS);
	unsigned int ifindex = if_nametoindex(netdev);
	enum presence presence;
	int prefix, r;

	r = bring_up(route, netdev);
	presence = own.family == AF_UNSPEC ? OTHER : find_address(netdev, &own);
	if (r < 0 || presence == OTHER)
		return r;
	prefix = prefix_of(target, own.family);
	if (prefix < 0)
		return prefix;
	if (presence == ABSENT)
		r = ignore_existing(rtnetlink_address_add(route, ifindex, own.family, own.bytes, (unsigned int)prefix));
	return r < 0 ? r : set_routes(route, target, ifindex, &own, (unsigned int)prefix);
}

/* As other tools name it: eth0.7, the NIC's name cut where both are too long. */
static void name_vlan(const char *netdev, unsigned int id, char ret_netdev[IFNAMSIZ])
{
	char number[12];
	size_t room = IFNAMSIZ - 1 - (size_t)snprintf(number, sizeof(number), ".%u", id);

	snprintf(ret_netdev, IFNAMSIZ, "%.*s%s", (int)room, netdev, number);
}

/* The VLAN on top of a NIC that is up, made if it is not there. */
static int set_vlan(struct rtnetlink *route, const char *netdev, unsigned int id, char ret_netdev[IFNAMSIZ])
{
	unsigned int parent = if_nametoindex(netdev);
	int r = bring_up(route, netdev);

	if (r < 0)
		return r;
	r = rtnetlink_vlan_find(route, parent, id, ret_netdev);
	if (r != -ENODEV)
		return r;
	name_vlan(netdev, id, ret_netdev);
	return rtnetlink_vlan_add(route, parent, id, ret_netdev);
}

bool nic_is_software(const struct boot_target *target)
{
	const char *transport = target->values[BOOT_TRANSPORT];

	return !*transport || !strcmp(transport, "tcp") || !strcmp(transport, "iser");
}

void nic_name(const struct boot_target *target, char ret_netdev[IFNAMSIZ])
{
	unsigned int vlan = (unsigned int)atoi(target->values[BOOT_VLAN]);
	const char *netdev = target->values[BOOT_NETDEV];
	struct rtnetlink *route = NULL;

	snprintf(ret_netdev, IFNAMSIZ, "%.15s", netdev);
	if (!vlan || !*netdev)
		return;
	if (rtnetlink_open(&route) < 0 || rtnetlink_vlan_find(route, if_nametoindex(netdev), vlan, ret_netdev) < 0)
		name_vlan(netdev, vlan, ret_netdev);
	rtnetlink_close(route);
}

int nic_set_up(const struct boot_target *target, char ret_netdev[IFNAMSIZ])
{
	unsigned int vlan = (unsigned int)atoi(target->values[BOOT_VLAN]);
	const char *netdev = target->values[BOOT_NETDEV];
	struct rtnetlink *route;
	int r;

	ret_netdev[0] = '\0';
	if (!*netdev || strlen(netdev) >= IFNAMSIZ)
		return -ENODEV;
	memcpy(ret_netdev, netdev, strlen(netdev) + 1);
	r = rtnetlink_open(&route);
	if (r < 0)
		return r;
	if (vlan)
		r = set_vlan(route, netdev, vlan, ret_netdev);
	if (r == 0)
		r = set_address(route, target, ret_netdev);
	rtnetlink_close(route);
	return r;
}
