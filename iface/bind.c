/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which NIC a software session leaves from. Decides what "none" is and which of several NICs with one address is meant: one that is
 * no port of a bond or bridge, then a physical one (VLANs and bonds borrow addresses), then the oldest. The choice does not depend
 * on what happens to be up, so that it is the same before and after a reboot. Called before a connect. Never changes the network;
 * asks only what works without privileges and in containers.
 */
#include <errno.h>
#include <ifaddrs.h>
#include <linux/ethtool.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "iface/iface.h"

#define MAC_BYTES 6
#define NO_MAC "00:00:00:00:00:00"

/* How well a NIC fits among those with the same address; smaller is better. */
struct fit {
	bool port, virtual;
	int index;
};

static bool is_none(const char *value)
{
	return !value[0] || strcmp(value, "default") == 0;
}

static bool has_address(const struct ifaddrs *entry, const char *mac)
{
	const struct sockaddr_ll *link = (const struct sockaddr_ll *)entry->ifa_addr;
	const unsigned char *byte;
	char text[sizeof(NO_MAC)];

	if (!link || link->sll_family != AF_PACKET || link->sll_halen != MAC_BYTES)
		return false;
	byte = link->sll_addr;
	snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", byte[0], byte[1], byte[2], byte[3], byte[4], byte[5]);
	return strcasecmp(text, mac) == 0;
}

static bool is_port(const struct ifaddrs *entry)
{
	char path[sizeof("/sys/class/net//master") + IFNAMSIZ];

	snprintf(path, sizeof(path), "/sys/class/net/%s/master", entry->ifa_name);
	return entry->ifa_flags & IFF_SLAVE || access(path, F_OK) == 0;
}

/* A device on a bus names its place there; VLANs, bonds, bridges and veths have none. */
static bool is_physical(const char *netdev)
{
	struct ethtool_drvinfo info = {.cmd = ETHTOOL_GDRVINFO};
	struct ifreq request = {.ifr_data = (char *)&info};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool answered;

	if (fd < 0)
		return false;
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", netdev);
	answered = ioctl(fd, SIOCETHTOOL, &request) == 0;
	close(fd);
	return answered && info.bus_info[0] && strcmp(info.bus_info, "N/A") != 0;
}

static bool is_better(struct fit a, struct fit b)
{
	if (a.port != b.port)
		return b.port;
	if (a.virtual != b.virtual)
		return b.virtual;
	return a.index < b.index;
}

static int find_mac(const struct ifaddrs *all, const char *mac, char ret_netdev[IFNAMSIZ])
{
	struct fit best = {.index = 0};

	for (const struct ifaddrs *entry = all; entry; entry = entry->ifa_next) {
		struct fit fit;

		if (!has_address(entry, mac))
			continue;
		fit.port = is_port(entry);
		fit.virtual = !is_physical(entry->ifa_name);
		fit.index = ((const struct sockaddr_ll *)entry->ifa_addr)->sll_ifindex;
		if (best.index && !is_better(fit, best))
			continue;
		best = fit;
		snprintf(ret_netdev, IFNAMSIZ, "%s", entry->ifa_name);
	}
	return best.index ? 0 : -ENODEV;
}

/* There is one entry per address, and one of AF_PACKET per NIC. */
static int check_netdev(const struct ifaddrs *all, const char *netdev, int family)
{
	bool found = false, up = false, addressed = false;

	for (const struct ifaddrs *entry = all; entry; entry = entry->ifa_next) {
		int has = entry->ifa_addr ? entry->ifa_addr->sa_family : AF_UNSPEC;

		if (strcmp(entry->ifa_name, netdev) != 0)
			continue;
		found = true;
		up |= (entry->ifa_flags & IFF_UP) != 0;
		if (has == AF_INET || has == AF_INET6)
			addressed |= family == AF_UNSPEC || family == has;
	}
	if (!found)
		return -ENODEV;
	return up && addressed ? 0 : -ENETDOWN;
}

int iface_bind(const struct record *record, int family, struct iface_binding *ret_binding)
{
	const char *netdev = record_text(record, F_IFACE_NET_IFACENAME);
	const char *mac = record_text(record, F_IFACE_HWADDRESS);
	struct ifaddrs *all;
	int error = 0;

	*ret_binding = (struct iface_binding){.netdev = ""};
	if (is_none(mac) || strcmp(mac, NO_MAC) == 0)
		mac = "";
	if (is_none(netdev) && !mac[0])
		return 0;
	if (strlen(netdev) >= IFNAMSIZ || strlen(mac) >= sizeof(ret_binding->hwaddress))
		return -ENODEV;
	memcpy(ret_binding->hwaddress, mac, strlen(mac) + 1);
	if (getifaddrs(&all) < 0)
		return -errno;
	if (is_none(netdev))
		error = find_mac(all, mac, ret_binding->netdev);
	else
		memcpy(ret_binding->netdev, netdev, strlen(netdev) + 1);
	if (!error)
		error = check_netdev(all, ret_binding->netdev, family);
	freeifaddrs(all);
	return error;
}
