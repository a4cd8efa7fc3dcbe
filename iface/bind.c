/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which NIC a software session leaves from. Gathers what the kernel says of those there are; which one is meant is decided by
 * iface/candidate.h. Called before a connect, by recovery too: opens no file. Never changes the network; asks only what works without
 * privileges and in containers.
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

#include "iface/candidate.h"
#include "iface/iface.h"

#define MAC_BYTES 6
#define MAC_TEXT_MAX 18

/* What is known of a NIC; candidate points into the rest. */
struct nic {
	char hwaddress[MAC_TEXT_MAX], permanent[MAC_TEXT_MAX], path[ETHTOOL_BUSINFO_LEN + 1];
	struct candidate candidate;
};

static void format_mac(const unsigned char *byte, char text[MAC_TEXT_MAX])
{
	snprintf(text, MAC_TEXT_MAX, "%02x:%02x:%02x:%02x:%02x:%02x", byte[0], byte[1], byte[2], byte[3], byte[4], byte[5]);
}

static bool ask_ethtool(int fd, const char *netdev, void *command)
{
	struct ifreq request = {.ifr_data = command};

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", netdev);
	return fd >= 0 && ioctl(fd, SIOCETHTOOL, &request) == 0;
}

static bool is_vrf(int fd, const char *netdev)
{
	struct ethtool_drvinfo info = {.cmd = ETHTOOL_GDRVINFO};

	return ask_ethtool(fd, netdev, &info) && strncmp(info.driver, "vrf", sizeof(info.driver)) == 0;
}

/* Is it a port of a bond, team or bridge? A member of a VRF sends by itself. */
static bool has_master(int fd, const struct ifaddrs *entry)
{
	char path[sizeof("/sys/class/net//master") + IFNAMSIZ], master[256];
	ssize_t bytes;

	if (entry->ifa_flags & IFF_SLAVE)
		return true;
	snprintf(path, sizeof(path), "/sys/class/net/%s/master", entry->ifa_name);
	bytes = readlink(path, master, sizeof(master) - 1);
	if (bytes < 0)
		return false;
	master[bytes] = '\0';
	return !strrchr(master, '/') || !is_vrf(fd, strrchr(master, '/') + 1);
}

/* A device on a bus names its place there; VLANs, bonds, bridges and veths have none. */
static void read_path(int fd, const char *netdev, char path[ETHTOOL_BUSINFO_LEN + 1])
{
	struct ethtool_drvinfo info = {.cmd = ETHTOOL_GDRVINFO};

	path[0] = '\0';
	if (ask_ethtool(fd, netdev, &info) && strncmp(info.bus_info, "N/A", sizeof(info.bus_info)) != 0)
		snprintf(path, ETHTOOL_BUSINFO_LEN + 1, "%.*s", ETHTOOL_BUSINFO_LEN, info.bus_info);
}

/* What has none of its own answers zeros. */
static void read_permanent(int fd, const char *netdev, char permanent[MAC_TEXT_MAX])
{
	struct {
		struct ethtool_perm_addr head;
		unsigned char bytes[32];
	} answer = {.head = {.cmd = ETHTOOL_GPERMADDR, .size = sizeof(answer.bytes)}};
	static const unsigned char zeros[MAC_BYTES];

	permanent[0] = '\0';
	if (ask_ethtool(fd, netdev, &answer) && answer.head.size == MAC_BYTES && memcmp(answer.head.data, zeros, MAC_BYTES) != 0)
		format_mac(answer.head.data, permanent);
}

/*
 * entry is one of AF_PACKET, of which a NIC has one. False: it is not meant. Its place is asked for last: some drivers ask their
 * firmware.
 */
static bool read_nic(int fd, const struct ifaddrs *entry, const struct wish *wish, struct nic *nic)
{
	const struct sockaddr_ll *link = (const struct sockaddr_ll *)entry->ifa_addr;

	if (!link || link->sll_family != AF_PACKET || link->sll_halen != MAC_BYTES)
		return false;
	format_mac(link->sll_addr, nic->hwaddress);
	read_permanent(fd, entry->ifa_name, nic->permanent);
	if (strcasecmp(nic->hwaddress, wish->mac) != 0 && strcasecmp(nic->permanent, wish->mac) != 0)
		return false;
	read_path(fd, entry->ifa_name, nic->path);
	nic->candidate = (struct candidate){.ifindex = (unsigned int)link->sll_ifindex, .hwaddress = nic->hwaddress,
					    .permanent = nic->permanent, .path = nic->path, .has_master = has_master(fd, entry)};
	return candidate_fits(&nic->candidate, wish);
}

static void keep(struct nic *best, const struct nic *nic)
{
	*best = *nic;
	best->candidate.hwaddress = best->hwaddress;
	best->candidate.permanent = best->permanent;
	best->candidate.path = best->path;
}

static int find_mac(const struct ifaddrs *all, const struct wish *wish, char ret_netdev[IFNAMSIZ])
{
	struct nic best = {.candidate = {.ifindex = 0}}, nic;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	for (const struct ifaddrs *entry = all; entry; entry = entry->ifa_next) {
		if (!read_nic(fd, entry, wish, &nic))
			continue;
		if (best.candidate.ifindex && !candidate_is_better(&nic.candidate, &best.candidate, wish))
			continue;
		keep(&best, &nic);
		snprintf(ret_netdev, IFNAMSIZ, "%s", entry->ifa_name);
	}
	if (fd >= 0)
		close(fd);
	return best.candidate.ifindex ? 0 : -ENODEV;
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
	struct ifaddrs *all;
	struct wish wish;
	int error = 0;

	*ret_binding = (struct iface_binding){.netdev = ""};
	wish_of(record, &wish);
	if (candidate_is_none(netdev) && !*wish.mac)
		return 0;
	if (strlen(netdev) >= IFNAMSIZ || strlen(wish.mac) >= sizeof(ret_binding->hwaddress))
		return -ENODEV;
	memcpy(ret_binding->hwaddress, wish.mac, strlen(wish.mac) + 1);
	if (getifaddrs(&all) < 0)
		return -errno;
	if (candidate_is_none(netdev))
		error = find_mac(all, &wish, ret_binding->netdev);
	else
		memcpy(ret_binding->netdev, netdev, strlen(netdev) + 1);
	if (!error)
		error = check_netdev(all, ret_binding->netdev, family);
	freeifaddrs(all);
	return error;
}
