/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The NIC of an HBA port: which one it is, its carrier, speed, MTU and MAC address, and what the kernel is told to do there by itself.
 * Called by network.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lib/log.h"
#include "tests/hba/network_parts.h"

#define LOOPBACK_IFINDEX 1	/* in each namespace */
#define MODE_MASKS_BYTES (3 * 127 * 4)	/* three masks, at most 127 words each */
#define HOST_MTU 1500
#define HOST_SPEED_MBPS 1000

/* ---- the NIC ---- */

struct search {
	const char *name;
	struct rtlink link;
	unsigned int found;
};

static int look_at(const struct rtlink *link, void *data)
{
	struct search *search = data;
	bool is_it = search->name[0] ? !strcmp(link->name, search->name) : link->hwaddress[0] && strcmp(link->kind, "vlan") != 0;

	if (!is_it)
		return 0;
	search->link = *link;
	search->found++;
	return 0;
}

static int find(struct network *network, struct rtlink *ret_link)
{
	struct search search = {.name = network->nic_name};
	int error = rtnetlink_links(network->route, look_at, &search);

	if (error)
		return error;
	if (search.found != 1)
		return -ENODEV;
	*ret_link = search.link;
	return 0;
}

static void set_device(struct network_device *device, unsigned int ifindex, const char *name)
{
	device->ifindex = ifindex;
	snprintf(device->name, sizeof(device->name), "%s", name);
}

int network_link_find(struct network *network)
{
	struct rtlink link;
	int error = find(network, &link);

	if (error)
		memset(&network->nic, 0, sizeof(network->nic));
	else
		set_device(&network->nic, link.ifindex, link.name);
	return error;
}

/* ---- what it is like ---- */

static void read_mtu(const struct network *network, struct network_link *link)
{
	struct ifreq request = {.ifr_mtu = 0};

	memcpy(request.ifr_name, network->nic.name, IFNAMSIZ);
	if (ioctl(network->control, SIOCGIFMTU, &request) == 0 && request.ifr_mtu > 0)
		link->mtu = (unsigned int)request.ifr_mtu;
	if (ioctl(network->control, SIOCGIFHWADDR, &request) == 0)
		memcpy(link->mac, request.ifr_hwaddr.sa_data, sizeof(link->mac));
}

/* The number of words of the link mode masks is asked first: the kernel answers it negated. */
static void read_speed(const struct network *network, struct network_link *link)
{
	_Alignas(struct ethtool_link_settings) char bytes[sizeof(struct ethtool_link_settings) + MODE_MASKS_BYTES] = "";
	struct ethtool_link_settings *settings = (struct ethtool_link_settings *)(void *)bytes;
	struct ifreq request = {.ifr_data = bytes};

	settings->cmd = ETHTOOL_GLINKSETTINGS;
	memcpy(request.ifr_name, network->nic.name, IFNAMSIZ);
	if (ioctl(network->control, SIOCETHTOOL, &request) < 0 || settings->link_mode_masks_nwords >= 0)
		return;
	settings->cmd = ETHTOOL_GLINKSETTINGS;
	settings->link_mode_masks_nwords = (int8_t)-settings->link_mode_masks_nwords;
	if (ioctl(network->control, SIOCETHTOOL, &request) < 0)
		return;
	link->speed_mbps = settings->speed == (uint32_t)SPEED_UNKNOWN ? 0 : settings->speed;
	link->is_full_duplex = settings->duplex == DUPLEX_FULL;
}

void network_link_read(struct network *network)
{
	struct network_link link = {.is_up = false};
	struct rtlink now;

	if (network_is_host(network)) {
		network->link = (struct network_link){network->is_plugged, true, HOST_SPEED_MBPS, HOST_MTU, {2}};
		return;
	}
	if (find(network, &now) == 0 && now.ifindex == network->nic.ifindex) {
		link.is_up = network->is_plugged && now.has_carrier && (now.flags & IFF_UP);
		read_mtu(network, &link);
		read_speed(network, &link);
	}
	network->link = link;
}

/* ---- settings of a device in /proc/sys/net ---- */

static void set_number(const struct network *network, const char *family, const char *name, int number)
{
	char path[128], text[16];
	ssize_t length = snprintf(text, sizeof(text), "%d", number);
	int fd;

	snprintf(path, sizeof(path), "/proc/sys/net/%s/conf/%s/%s", family, network->nic.name, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, (size_t)length) != length)
		log_warning("network: cannot write %d to %s: %m", number, path);
	if (fd >= 0)
		close(fd);
}

/* Link-local addresses are given by network_address.c, so the kernel makes none (addr_gen_mode 1). */
static void set_numbers(const struct network *network)
{
	const struct network_settings *settings = &network->settings;
	bool has_ra = settings->ipv6.has_auto_addresses, has_router = !network_is_zero(settings->ipv6.router, 16);
	const struct {
		const char *name;
		int number;
	} rows[] = {
		{"disable_ipv6", 0},
		{"addr_gen_mode", 1},
		{"use_tempaddr", 0},
		{"accept_dad", 1},
		{"dad_transmits", settings->ipv6.dad_count},
		{"accept_ra", has_ra || !has_router ? 2 : 0},
		{"autoconf", has_ra},
		{"accept_ra_defrtr", !has_router},
	};

	set_number(network, "ipv4", "arp_notify", settings->ipv4.has_gratuitous_arp);
	if (!settings->ipv6.is_enabled)
		set_number(network, "ipv6", "disable_ipv6", 1);
	for (size_t i = 0; settings->ipv6.is_enabled && i < sizeof(rows) / sizeof(rows[0]); i++)
		set_number(network, "ipv6", rows[i].name, rows[i].number);
}

/* ---- all of it ---- */

static void complain(const struct network *network, const char *what, int error)
{
	if (error)
		log_warning("network: cannot set the %s of %s: %s", what, network->nic.name, strerror(-error));
}

static void apply_nic(struct network *network)
{
	const struct network_settings *settings = &network->settings;
	struct network_link now = {.mtu = 0};

	read_mtu(network, &now);
	if (!network_is_zero(settings->mac, 6) && memcmp(now.mac, settings->mac, 6) != 0)
		complain(network, "MAC address", network_kernel_mac(network->kernel, network->nic.ifindex, settings->mac));
	if (settings->mtu && settings->mtu != now.mtu)
		complain(network, "MTU", network_kernel_mtu(network->kernel, network->nic.ifindex, settings->mtu));
}

/* The loopback brings the kernel's own word that nobody answers. */
void network_link_apply(struct network *network)
{
	apply_nic(network);
	complain(network, "VLAN", network_vlan_apply(network));
	set_numbers(network);
	network_kernel_link(network->kernel, LOOPBACK_IFINDEX, true);
	if (network->is_plugged)
		complain(network, "state", network_kernel_link(network->kernel, network->nic.ifindex, true));
}

void network_link_down(struct network *network)
{
	if (network->nic.ifindex)
		network_kernel_link(network->kernel, network->nic.ifindex, false);
}
