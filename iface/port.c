/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Ports as data: which ports of two pictures are the same, what has become of them, and how one is called in a log. Pictures are
 * taken by iface/port_read.c. Asks nobody and changes nothing.
 */
#include "iface/port.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void ports_done(struct ports *ports)
{
	for (size_t i = 0; i < ports->count; i++)
		free(ports->list[i].addresses);
	free(ports->list);
	*ports = (struct ports){.count = 0};
}

/* ---- finding ---- */

static int order_of(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

int port_order(const struct port *a, const struct port *b)
{
	int order = order_of(a->kind, b->kind);

	if (order || a->kind == PORT_NIC)
		return order ? order : order_of(a->ifindex, b->ifindex);
	order = order_of(a->host_no, b->host_no);
	if (!order) /* numbers of hosts are given again: another card under one is no card that changed */
		order = strcmp(a->transport, b->transport);
	if (!order)
		order = strcmp(a->hwaddress, b->hwaddress);
	if (!order)
		order = order_of(a->has_entity, b->has_entity);
	if (!order)
		order = order_of(a->is_v6, b->is_v6);
	return order ? order : order_of(a->entity, b->entity);
}

const struct port *ports_find_netdev(const struct ports *ports, const char *netdev)
{
	for (size_t i = 0; i < ports->count; i++)
		if (ports->list[i].kind == PORT_NIC && strcmp(ports->list[i].netdev, netdev) == 0)
			return &ports->list[i];
	return NULL;
}

static int by_index(const void *key, const void *item)
{
	const struct port wanted = {.kind = PORT_NIC, .ifindex = *(const unsigned int *)key};

	return port_order(&wanted, item);
}

const struct port *ports_find_index(const struct ports *ports, unsigned int ifindex)
{
	return ports->count ? bsearch(&ifindex, ports->list, ports->count, sizeof(*ports->list), by_index) : NULL;
}

/* ---- one port ---- */

bool port_has_link(const struct port *port)
{
	return port->kind == PORT_NIC ? port->is_up && port->has_carrier : strcasecmp(port->port_state, "LINK DOWN") != 0;
}

bool port_has_family(const struct port *port, int family)
{
	for (size_t i = 0; i < port->address_count; i++)
		if (port->addresses[i].family == family && port->addresses[i].is_usable)
			return true;
	return false;
}

bool port_has_address(const struct port *port, int family, const void *bytes)
{
	for (size_t i = 0; i < port->address_count; i++) {
		const struct port_address *address = &port->addresses[i];

		if (address->family == family && address->is_usable && !memcmp(address->bytes, bytes, family == AF_INET6 ? 16 : 4))
			return true;
	}
	return false;
}

bool port_is_ready(const struct port *port)
{
	if (!port_has_link(port))
		return false;
	if (port->kind == PORT_HBA)
		return strcmp(port->state, "disable") != 0;
	return !port->master[0] && (port_has_family(port, AF_INET) || port_has_family(port, AF_INET6));
}

static void describe_nic(const struct port *port, char *text, size_t room)
{
	const char *what = port->nic_kind[0] ? port->nic_kind : port->driver;

	if (!what[0])
		snprintf(text, room, "NIC %s", port->netdev);
	else if (!port->path[0])
		snprintf(text, room, "NIC %s (%s)", port->netdev, what);
	else
		snprintf(text, room, "NIC %s (%s, %s)", port->netdev, what, port->path);
}

void port_describe(const struct port *port, char *text, size_t room)
{
	char entity[24] = "";

	if (port->kind == PORT_NIC) {
		describe_nic(port, text, room);
		return;
	}
	if (port->has_entity)
		snprintf(entity, sizeof(entity), ", ipv%c.%u", port->is_v6 ? '6' : '4', port->entity);
	snprintf(text, room, "%s port%s%s (host %u)%s", port->transport, port->hwaddress[0] ? " " : "", port->hwaddress,
		 port->host_no, entity);
}

/* ---- two pictures ---- */

const char *port_change_name(enum port_change change)
{
	static const char *const names[PORT_CHANGE_COUNT] = {
		[PORT_ADDED] = "added",
		[PORT_REMOVED] = "removed",
		[PORT_RENAMED] = "renamed",
		[PORT_HWADDRESS] = "hwaddress",
		[PORT_MASTER] = "master",
		[PORT_UP] = "up",
		[PORT_DOWN] = "down",
		[PORT_ADDRESSES] = "addresses",
		[PORT_SETTINGS] = "settings",
	};

	return names[change];
}

static const struct port_address *next_usable(const struct port *port, size_t *at)
{
	while (*at < port->address_count)
		if (port->addresses[(*at)++].is_usable)
			return &port->addresses[*at - 1];
	return NULL;
}

static bool is_same_address(const struct port_address *a, const struct port_address *b)
{
	return a->family == b->family && a->prefix_len == b->prefix_len && !memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

/* Both are sorted. */
static bool has_same_addresses(const struct port *a, const struct port *b)
{
	size_t at_a = 0, at_b = 0;

	for (;;) {
		const struct port_address *left = next_usable(a, &at_a), *right = next_usable(b, &at_b);

		if (!left || !right)
			return left == right;
		if (!is_same_address(left, right))
			return false;
	}
}

struct comparison {
	port_change_fn *fn;
	void *data;
};

static void tell(const struct comparison *comparison, bool is_so, enum port_change change, const struct port *before,
		 const struct port *now)
{
	if (is_so)
		comparison->fn(change, before, now, comparison->data);
}

static void compare_port(const struct comparison *comparison, const struct port *before, const struct port *now)
{
	bool was_linked = port_has_link(before), is_linked = port_has_link(now);

	tell(comparison, strcmp(before->netdev, now->netdev), PORT_RENAMED, before, now);
	tell(comparison, strcmp(before->hwaddress, now->hwaddress), PORT_HWADDRESS, before, now);
	tell(comparison, strcmp(before->master, now->master) || strcmp(before->vrf, now->vrf), PORT_MASTER, before, now);
	tell(comparison, !was_linked && is_linked, PORT_UP, before, now);
	tell(comparison, was_linked && !is_linked, PORT_DOWN, before, now);
	tell(comparison, !has_same_addresses(before, now), PORT_ADDRESSES, before, now);
	tell(comparison, strcmp(before->state, now->state) || strcmp(before->ipaddress, now->ipaddress), PORT_SETTINGS, before, now);
}

void ports_compare(const struct ports *before, const struct ports *now, port_change_fn *fn, void *data)
{
	const struct comparison comparison = {fn, data};
	size_t old = 0, new = 0;

	while (old < before->count || new < now->count) {
		int order = old == before->count ? 1 : new == now->count ? -1 : port_order(&before->list[old], &now->list[new]);

		if (order < 0)
			fn(PORT_REMOVED, &before->list[old++], NULL, data);
		else if (order > 0)
			fn(PORT_ADDED, NULL, &now->list[new++], data);
		else
			compare_port(&comparison, &before->list[old++], &now->list[new++]);
	}
}
