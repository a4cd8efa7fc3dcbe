/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Takes the picture of all ports: NICs from rtnetlink, with what only ethtool tells (driver, place on the bus), and HBA ports from
 * sysfs. Called by iscsid's watch on a worker thread and by iscsiadm; needs no privileges and changes nothing. What vanishes while it
 * is looked at is left out: that has an event of its own.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if_addr.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "iface/hba.h"
#include "iface/port.h"
#include "transport/user/kernel_iface.h"
#include "transport/user/rtnetlink.h"
#include "transport/user/sysfs.h"

#define MAC_BYTES 6

struct reading {
	const char *root;
	const struct ports *last;
	struct ports *ports;
	size_t room;
	int ethtool;		/* a socket to ask drivers by; -1: not opened yet */
};

/* An empty port at the end of the list; NULL: no memory. */
static struct port *new_port(struct reading *reading, enum port_kind kind)
{
	struct ports *ports = reading->ports;
	struct port *port;

	if (ports->count == reading->room) {
		size_t room = reading->room ? 2 * reading->room : 32;
		struct port *list = realloc(ports->list, room * sizeof(*list));

		if (!list)
			return NULL;
		ports->list = list;
		reading->room = room;
	}
	port = &ports->list[ports->count++];
	*port = (struct port){.kind = kind};
	return port;
}

/* ---- what drivers say of NICs ---- */

static bool ask_driver(struct reading *reading, const char *netdev, void *question)
{
	struct ifreq request = {.ifr_data = question};

	if (reading->ethtool < 0)
		reading->ethtool = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", netdev);
	return reading->ethtool >= 0 && ioctl(reading->ethtool, SIOCETHTOOL, &request) == 0;
}

/* Virtual NICs say "N/A", "tap" or nothing of their place. */
static void ask_place(struct reading *reading, struct port *port)
{
	struct ethtool_drvinfo info = {.cmd = ETHTOOL_GDRVINFO};

	if (!ask_driver(reading, port->netdev, &info))
		return;
	snprintf(port->driver, sizeof(port->driver), "%.*s", (int)sizeof(info.driver) - 1, info.driver);
	if (!port->nic_kind[0] && !port->is_loopback && strncmp(info.bus_info, "N/A", sizeof(info.bus_info)) != 0)
		snprintf(port->path, sizeof(port->path), "%.*s", (int)sizeof(info.bus_info), info.bus_info);
}

/* Kernels before 5.6 do not say it by rtnetlink. */
static void ask_permanent(struct reading *reading, struct port *port)
{
	static const uint8_t none[MAC_BYTES];
	struct {
		struct ethtool_perm_addr head;
		uint8_t bytes[32];
	} answer = {.head = {.cmd = ETHTOOL_GPERMADDR, .size = sizeof(answer.bytes)}};
	const uint8_t *byte = answer.head.data;

	if (!ask_driver(reading, port->netdev, &answer) || answer.head.size != MAC_BYTES || !memcmp(byte, none, MAC_BYTES))
		return;
	snprintf(port->permanent, sizeof(port->permanent), "%02x:%02x:%02x:%02x:%02x:%02x", byte[0], byte[1], byte[2], byte[3], byte[4],
		 byte[5]);
}

/* What a driver said holds as long as the NIC is the same: asking some of them takes a mailbox of their firmware. */
static void add_facts(struct reading *reading, struct port *port)
{
	const struct port *known = reading->last ? ports_find_index(reading->last, port->ifindex) : NULL;

	if (known && !strcmp(known->netdev, port->netdev) && !strcmp(known->hwaddress, port->hwaddress) &&
	    !strcmp(known->nic_kind, port->nic_kind) && (!port->permanent[0] || !strcmp(known->permanent, port->permanent))) {
		memcpy(port->driver, known->driver, sizeof(port->driver));
		memcpy(port->path, known->path, sizeof(port->path));
		memcpy(port->permanent, known->permanent, sizeof(port->permanent));
		return;
	}
	ask_place(reading, port);
	if (!port->permanent[0] && port->hwaddress[0] && port->path[0])
		ask_permanent(reading, port);
}

/* ---- NICs ---- */

static int add_link(const struct rtlink *link, void *data)
{
	struct port *port = new_port(data, PORT_NIC);

	if (!port)
		return -ENOMEM;
	port->ifindex = link->ifindex;
	memcpy(port->netdev, link->name, sizeof(port->netdev));
	memcpy(port->hwaddress, link->hwaddress, sizeof(port->hwaddress));
	memcpy(port->permanent, link->permanent, sizeof(port->permanent));
	memcpy(port->nic_kind, link->kind, sizeof(port->nic_kind));
	port->is_loopback = link->flags & IFF_LOOPBACK;
	port->is_up = link->flags & IFF_UP;
	port->has_carrier = link->has_carrier;
	port->master_index = link->master;
	return 0;
}

static int compare_ports(const void *a, const void *b)
{
	return port_order(a, b);
}

static struct port *find_index(struct ports *ports, unsigned int ifindex)
{
	return (struct port *)ports_find_index(ports, ifindex);
}

/* A VRF takes the NICs of its routing domain as ports, but they stay NICs to send from. */
static void name_masters(struct ports *ports)
{
	for (size_t i = 0; i < ports->count; i++) {
		struct port *port = &ports->list[i];
		const struct port *master = port->master_index ? find_index(ports, port->master_index) : NULL;

		if (master && !strcmp(master->nic_kind, "vrf"))
			memcpy(port->vrf, master->netdev, sizeof(port->vrf));
		else if (master)
			memcpy(port->master, master->netdev, sizeof(port->master));
	}
}

static bool is_link_local(const struct rtaddress *address)
{
	const uint8_t *byte = address->bytes;

	return address->family == AF_INET ? byte[0] == 169 && byte[1] == 254 : byte[0] == 0xfe && (byte[1] & 0xc0) == 0x80;
}

/* An optimistic address may be used while it is tentative. */
static bool is_usable(uint32_t flags)
{
	return !(flags & IFA_F_DADFAILED) && (!(flags & IFA_F_TENTATIVE) || flags & IFA_F_OPTIMISTIC);
}

static int add_address(const struct rtaddress *address, void *data)
{
	struct port *port = find_index(data, address->ifindex);
	struct port_address *list;

	if (!port)
		return 0;
	list = realloc(port->addresses, (port->address_count + 1) * sizeof(*list));
	if (!list)
		return -ENOMEM;
	port->addresses = list;
	list += port->address_count++;
	*list = (struct port_address){
		.family = address->family,
		.prefix_len = address->prefix_len,
		.is_link_local = is_link_local(address),
		.is_usable = is_usable(address->flags),
	};
	memcpy(list->bytes, address->bytes, sizeof(list->bytes));
	return 0;
}

static int compare_addresses(const void *a, const void *b)
{
	const struct port_address *left = a, *right = b;
	int order = left->family - right->family;

	if (!order)
		order = memcmp(left->bytes, right->bytes, sizeof(left->bytes));
	return order ? order : left->prefix_len - right->prefix_len;
}

static int read_nics(struct reading *reading, struct rtnetlink *route)
{
	struct ports *ports = reading->ports;
	int error = rtnetlink_links(route, add_link, reading);

	if (error)
		return error;
	qsort(ports->list, ports->count, sizeof(*ports->list), compare_ports);
	name_masters(ports);
	for (size_t i = 0; i < ports->count; i++)
		add_facts(reading, &ports->list[i]);
	error = rtnetlink_addresses(route, add_address, ports);
	for (size_t i = 0; !error && i < ports->count; i++)
		if (ports->list[i].address_count)
			qsort(ports->list[i].addresses, ports->list[i].address_count, sizeof(struct port_address), compare_addresses);
	return error;
}

/* ---- HBA ports ---- */

static void read_state(const char *root, const struct kernel_iface *iface, struct port *port)
{
	char text[32];

	kernel_iface_read(root, iface, "enabled", text, sizeof(text));
	if (!strncasecmp(text, "enable", 6))
		snprintf(port->state, sizeof(port->state), "enable");
	else if (!strncasecmp(text, "disable", 7))
		snprintf(port->state, sizeof(port->state), "disable");
}

/* 0.0.0.0 and :: are no addresses. */
static void read_address(const char *root, const struct kernel_iface *iface, struct port *port)
{
	static const uint8_t none[16];
	uint8_t bytes[16] = {0};

	kernel_iface_read(root, iface, "ipaddress", port->ipaddress, sizeof(port->ipaddress));
	if (inet_pton(iface->is_v6 ? AF_INET6 : AF_INET, port->ipaddress, bytes) == 1 && !memcmp(bytes, none, sizeof(none)))
		port->ipaddress[0] = '\0';
}

static int add_entity(struct reading *reading, const struct sysfs_host *host, const struct kernel_iface *iface)
{
	struct port *port = new_port(reading, PORT_HBA);
	char path[64];

	if (!port)
		return -ENOMEM;
	port->host_no = host->host_no;
	snprintf(port->transport, sizeof(port->transport), "%s", host->transport);
	snprintf(port->hwaddress, sizeof(port->hwaddress), "%.17s", host->hwaddress);
	snprintf(port->port_state, sizeof(port->port_state), "%s", host->port_state);
	snprintf(path, sizeof(path), "class/scsi_host/host%u/proc_name", host->host_no);
	if (sysfs_read(reading->root, path, port->driver, sizeof(port->driver)) < 0)
		port->driver[0] = '\0';
	if (!iface)
		return 0;
	port->has_entity = true;
	port->is_v6 = iface->is_v6;
	port->entity = iface->number;
	read_state(reading->root, iface, port);
	read_address(reading->root, iface, port);
	return 0;
}

/* A host without an address has nothing it could be known by again. */
static int add_host(struct reading *reading, const struct sysfs_host *host)
{
	struct kernel_iface *list;
	size_t count;
	int error;

	if (!hba_is_transport(host->transport) || !host->hwaddress[0])
		return 0;
	error = kernel_iface_list(reading->root, host->host_no, &list, &count);
	if (!error && !count)
		error = add_entity(reading, host, NULL);
	for (size_t i = 0; !error && i < count; i++)
		error = add_entity(reading, host, &list[i]);
	free(list);
	return error;
}

static int read_hbas(struct reading *reading)
{
	struct sysfs_host *hosts;
	size_t count;
	int error = sysfs_hosts(reading->root, &hosts, &count);

	for (size_t i = 0; !error && i < count; i++)
		error = add_host(reading, &hosts[i]);
	free(hosts);
	return error;
}

static int copy_hbas(struct reading *reading)
{
	for (size_t i = 0; reading->last && i < reading->last->count; i++) {
		const struct port *known = &reading->last->list[i];
		struct port *port = known->kind == PORT_HBA ? new_port(reading, PORT_HBA) : NULL;

		if (known->kind == PORT_HBA && !port)
			return -ENOMEM;
		if (port)
			*port = *known;
	}
	return 0;
}

/* ---- the picture ---- */

int ports_update(const char *root, struct rtnetlink *route, const struct ports *last, bool reads_hbas, struct ports *ret_ports)
{
	struct reading reading = {.root = root, .last = last, .ports = ret_ports, .ethtool = -1};
	int error;

	*ret_ports = (struct ports){.root = root};
	error = route ? read_nics(&reading, route) : 0;
	if (!error)
		error = reads_hbas ? read_hbas(&reading) : copy_hbas(&reading);
	if (reading.ethtool >= 0)
		close(reading.ethtool);
	if (error)
		ports_done(ret_ports);
	else if (ret_ports->count)
		qsort(ret_ports->list, ret_ports->count, sizeof(*ret_ports->list), compare_ports);
	return error;
}

int ports_read(const char *root, struct rtnetlink *route, struct ports *ret_ports)
{
	return ports_update(root, route, NULL, true, ret_ports);
}
