/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The ports of the topology: which there are, what they are called, and by which one a session leaves. A software session
 * leaves by the NIC its host or its iface names, else by the one that has the connection's address. Called by topology.c.
 */
#include <dirent.h>
#include <errno.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adm/topology.h"
#include "iface/iface.h"
#include "transport/user/transport.h"

#define DEFAULT_NAME "default"

static bool is_software(const char *transport)
{
	const struct transport_row *row = transport_find(transport);

	return row && row->flags & (TRANSPORT_SOCKET | TRANSPORT_RDMA);
}

static void copy(char *to, size_t room, const char *from)
{
	if (!*to)
		snprintf(to, room, "%s", from);
}

#define COPY(to, from) copy(to, sizeof(to), from)

static int read_net(struct adm *adm, const char *name, const char *attribute, char *text, size_t room)
{
	char path[128];

	snprintf(path, sizeof(path), "class/net/%s/%s", name, attribute);
	return sysfs_read(adm->sysfs, path, text, room);
}

/* 2500 is "2.5 Gb/s". */
static void format_speed(long mbps, char *text, size_t room)
{
	if (mbps >= 1000 && mbps % 1000)
		snprintf(text, room, "%ld.%ld Gb/s", mbps / 1000, mbps % 1000 / 100);
	else if (mbps >= 1000)
		snprintf(text, room, "%ld Gb/s", mbps / 1000);
	else if (mbps > 0)
		snprintf(text, room, "%ld Mb/s", mbps);
}

/* An address of this machine, as text; "" if it is none of IP. */
static void address_text(const struct ifaddrs *one, char text[64])
{
	socklen_t length = one->ifa_addr && one->ifa_addr->sa_family == AF_INET ? sizeof(struct sockaddr_in) :
			   one->ifa_addr && one->ifa_addr->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : 0;

	text[0] = '\0';
	if (!length || getnameinfo(one->ifa_addr, length, text, 64, NULL, 0, NI_NUMERICHOST))
		text[0] = '\0';
	text[strcspn(text, "%")] = '\0';
}

static void fill_nic(struct adm *adm, const struct topology *topology, struct topology_port *port)
{
	char speed[32] = "";

	if (read_net(adm, port->name, "address", port->hwaddress, sizeof(port->hwaddress)) < 0) {
		snprintf(port->state, sizeof(port->state), "absent");
		return;
	}
	read_net(adm, port->name, "operstate", port->state, sizeof(port->state));
	if (!strcmp(port->state, "unknown"))
		port->state[0] = '\0';
	if (read_net(adm, port->name, "speed", speed, sizeof(speed)) > 0)
		format_speed(strtol(speed, NULL, 10), port->speed, sizeof(port->speed));
	for (const struct ifaddrs *one = topology->addresses; one && !*port->address; one = one->ifa_next)
		if (!strcmp(one->ifa_name, port->name))
			address_text(one, port->address);
}

void *topology_grow(void *list, size_t count, size_t size)
{
	/* A full list has 0 or 2^n elements. */
	if (count & (count - 1))
		return list;
	return reallocarray(list, count ? 2 * count : 1, size);
}

static int add_port(struct topology *topology, enum topology_kind kind, const char *name, size_t *ret_port, bool *ret_new)
{
	struct topology_port *ports;

	*ret_new = false;
	for (size_t i = 0; i < topology->port_count; i++) {
		*ret_port = i;
		if (topology->ports[i].kind == kind && !strcmp(topology->ports[i].name, name))
			return 0;
	}
	ports = topology_grow(topology->ports, topology->port_count, sizeof(*ports));
	if (!ports)
		return -ENOMEM;
	topology->ports = ports;
	*ret_port = topology->port_count++;
	*ret_new = true;
	ports[*ret_port] = (struct topology_port){ .kind = kind };
	COPY(ports[*ret_port].name, name);
	return 0;
}

static int add_nic(struct adm *adm, struct topology *topology, const char *name, size_t *ret_port)
{
	bool is_new;
	int error = add_port(topology, TOPOLOGY_NIC, name, ret_port, &is_new);

	if (!error && is_new)
		fill_nic(adm, topology, &topology->ports[*ret_port]);
	return error;
}

/* The name of the NIC with this MAC address; the address itself where there is none. */
static void nic_with(struct adm *adm, const char *hwaddress, char name[32])
{
	char path[PATH_MAX], address[32];
	struct dirent *entry;
	DIR *folder;

	snprintf(name, 32, "%s", hwaddress);
	snprintf(path, sizeof(path), "%s/class/net", adm->sysfs);
	folder = opendir(path);
	while (folder && (entry = readdir(folder))) {
		if (entry->d_name[0] == '.' || strlen(entry->d_name) >= 32 ||
		    read_net(adm, entry->d_name, "address", address, sizeof(address)) < 0 || strcasecmp(address, hwaddress) != 0)
			continue;
		snprintf(name, 32, "%.31s", entry->d_name);
		break;
	}
	if (folder)
		closedir(folder);
}

/* What the NIC of an iface was called when its sessions were made; "" if it has none. */
static const char *last_name(const struct adm *adm, const struct record *iface)
{
	for (size_t i = 0; i < adm->session_count; i++)
		if (!strcmp(adm->sessions[i].iface_name, record_text(iface, F_IFACE_ISCSI_IFACENAME)))
			return adm->sessions[i].netdev;
	return "";
}

/*
 * The NIC a record is bound to; "" if to none. Records of the manager go by what a NIC keeps when it joins a bond; one that is
 * absent is shown together with its sessions.
 */
static void nic_of_iface(struct adm *adm, const struct topology *topology, const struct record *iface, char name[32])
{
	const struct port *port = iface_is_auto(iface) ? iface_port(iface, &topology->machine.ports) : NULL;
	const char *hwaddress = record_text(iface, F_IFACE_HWADDRESS);

	if (port && port->kind == PORT_NIC) {
		snprintf(name, 32, "%s", port->netdev);
		return;
	}
	if (iface_is_auto(iface) && !topology->machine.error && *last_name(adm, iface)) {
		snprintf(name, 32, "%s", last_name(adm, iface));
		return;
	}
	snprintf(name, 32, "%s", record_text(iface, F_IFACE_NET_IFACENAME));
	if (!*name && *hwaddress)
		nic_with(adm, hwaddress, name);
}

static int add_default(struct topology *topology, size_t *ret_port)
{
	bool is_new;

	return add_port(topology, TOPOLOGY_DEFAULT, DEFAULT_NAME, ret_port, &is_new);
}

/* LINK_UP is "up". */
static void set_adapter_state(struct topology_port *port, const struct sysfs_host *host)
{
	const char *word = strncmp(host->port_state, "LINK_", 5) ? host->port_state : host->port_state + 5;
	size_t i = 0;

	for (; i < sizeof(port->state) - 1 && word[i]; i++)
		port->state[i] = (char)(word[i] >= 'A' && word[i] <= 'Z' ? word[i] + 'a' - 'A' : word[i]);
	port->state[i] = '\0';
}

static int add_adapter(struct topology *topology, const struct sysfs_host *host)
{
	struct topology_port *port;
	char name[32];
	size_t index;
	bool is_new;
	int error;

	snprintf(name, sizeof(name), "host%u", host->host_no);
	error = add_port(topology, TOPOLOGY_ADAPTER, name, &index, &is_new);
	if (error)
		return error;
	port = &topology->ports[index];
	COPY(port->transport, host->transport);
	COPY(port->hwaddress, host->hwaddress);
	COPY(port->address, host->ipaddress);
	COPY(port->speed, host->port_speed);
	set_adapter_state(port, host);
	return 0;
}

/* The adapter's port with this MAC address, or one that is absent. */
static int adapter_with(struct topology *topology, const char *hwaddress, size_t *ret_port)
{
	bool is_new;
	int error;

	for (size_t i = 0; i < topology->port_count; i++) {
		*ret_port = i;
		if (topology->ports[i].kind == TOPOLOGY_ADAPTER && !strcasecmp(topology->ports[i].hwaddress, hwaddress))
			return 0;
	}
	error = add_port(topology, TOPOLOGY_ADAPTER, hwaddress, ret_port, &is_new);
	if (!error && is_new)
		COPY(topology->ports[*ret_port].state, "absent");
	return error;
}

struct walk {
	struct adm *adm;
	struct topology *topology;
};

static int port_of_iface(struct adm *adm, struct topology *topology, const struct record *iface, size_t *ret_port)
{
	const char *hwaddress = record_text(iface, F_IFACE_HWADDRESS);
	char nic[32];

	if (!is_software(record_text(iface, F_IFACE_TRANSPORT_NAME)))
		return adapter_with(topology, *hwaddress ? hwaddress : record_text(iface, F_IFACE_ISCSI_IFACENAME), ret_port);
	nic_of_iface(adm, topology, iface, nic);
	return *nic ? add_nic(adm, topology, nic, ret_port) : add_default(topology, ret_port);
}

static int keep_iface(struct topology_port *port, const char *name)
{
	char **names = topology_grow(port->ifaces, port->iface_count, sizeof(*names));

	if (!names)
		return -ENOMEM;
	port->ifaces = names;
	names[port->iface_count] = strdup(name);
	return names[port->iface_count++] ? 0 : -ENOMEM;
}

static int add_iface(const struct record *iface, void *data)
{
	const char *name = record_text(iface, F_IFACE_ISCSI_IFACENAME);
	struct walk *walk = data;
	struct topology_port *port;
	size_t index = 0;
	int error;

	if (iface_is_builtin(name))
		return 0;
	error = port_of_iface(walk->adm, walk->topology, iface, &index);
	if (error)
		return error;
	port = &walk->topology->ports[index];
	COPY(port->transport, record_text(iface, F_IFACE_TRANSPORT_NAME));
	return keep_iface(port, name);
}

static void ignore_file(const char *path, int error, void *data)
{
}

int topology_add_ports(struct adm *adm, struct topology *topology)
{
	struct walk walk = { adm, topology };
	struct sysfs_host *hosts = NULL;
	size_t count = 0;
	int error = sysfs_hosts(adm->sysfs, &hosts, &count);

	machine_read(adm, &topology->machine);
	if (getifaddrs(&topology->addresses) < 0)
		topology->addresses = NULL;
	for (size_t i = 0; !error && i < count; i++)
		if (!is_software(hosts[i].transport))
			error = add_adapter(topology, &hosts[i]);
	free(hosts);
	return error ? error : iface_each(adm->iface_dir, add_iface, ignore_file, &walk);
}

static void nic_with_ip(struct adm *adm, const struct topology *topology, const char *address, char name[32])
{
	char text[64], ignored[32];

	for (const struct ifaddrs *one = topology->addresses; one && *address; one = one->ifa_next) {
		address_text(one, text);
		if (strcmp(text, address) != 0 || read_net(adm, one->ifa_name, "address", ignored, sizeof(ignored)) < 0)
			continue;
		snprintf(name, 32, "%s", one->ifa_name);
		return;
	}
}

static int software_port(struct adm *adm, struct topology *topology, const struct sysfs_session *session, size_t *ret_port)
{
	char nic[32] = "";
	struct record iface;

	COPY(nic, session->netdev);
	if (!*nic && *session->iface_name && !iface_load(adm->iface_dir, session->iface_name, &iface)) {
		nic_of_iface(adm, topology, &iface, nic);
		record_done(&iface);
	}
	if (!*nic)
		nic_with_ip(adm, topology, *session->local_address ? session->local_address : session->ipaddress, nic);
	return *nic ? add_nic(adm, topology, nic, ret_port) : add_default(topology, ret_port);
}

int topology_port_of(struct adm *adm, struct topology *topology, const struct sysfs_session *session, size_t *ret_port)
{
	struct topology_port *port;
	char name[32];
	bool is_new;
	int error;

	snprintf(name, sizeof(name), "host%u", session->host_no);
	error = is_software(session->transport) ? software_port(adm, topology, session, ret_port) :
						  add_port(topology, TOPOLOGY_ADAPTER, name, ret_port, &is_new);
	if (error)
		return error;
	port = &topology->ports[*ret_port];
	COPY(port->transport, session->transport);
	if (port->kind != TOPOLOGY_DEFAULT) {
		COPY(port->hwaddress, session->hwaddress);
		COPY(port->address, session->ipaddress);
	}
	return 0;
}

static int compare_ports(const void *a, const void *b)
{
	const struct topology_port *left = a, *right = b;

	return left->kind != right->kind ? (left->kind < right->kind ? -1 : 1) : strverscmp(left->name, right->name);
}

void topology_sort_ports(struct topology *topology)
{
	if (topology->port_count)
		qsort(topology->ports, topology->port_count, sizeof(*topology->ports), compare_ports);
}
