/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Decides whether an iface is to be bound to a portal, and says why in one sentence. Called by discovery (iscsiadm, pollers), by the
 * plan and by explain; the rules are in the header. Looks at the picture of the ports it is given and asks about routes; writes nothing.
 */
#include "iface/verdict.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const words[VERDICT_REASON_COUNT] = {
	[VERDICT_UNMANAGED] = "unmanaged",
	[VERDICT_ALWAYS] = "always",
	[VERDICT_ROUTE] = "route",
	[VERDICT_HBA] = "hba",
	[VERDICT_NEVER] = "never",
	[VERDICT_DISABLED] = "disabled",
	[VERDICT_OVERRULED] = "overruled",
	[VERDICT_ABSENT] = "absent",
	[VERDICT_ENSLAVED] = "enslaved",
	[VERDICT_DOWN] = "down",
	[VERDICT_NO_ADDRESS] = "no-address",
	[VERDICT_NO_ROUTE] = "no-route",
	[VERDICT_HOST_NAME] = "host-name",
	[VERDICT_FAMILY] = "family",
};

const char *verdict_word(enum verdict_reason reason)
{
	return words[reason];
}

__attribute__((format(printf, 3, 4)))
static void decide(struct verdict *verdict, enum verdict_reason reason, const char *format, ...)
{
	va_list arguments;

	verdict->reason = reason;
	verdict->is_bound = reason < VERDICT_NEVER;
	va_start(arguments, format);
	vsnprintf(verdict->sentence, sizeof(verdict->sentence), format, arguments);
	va_end(arguments);
}

static bool is_none(const char *value)
{
	return !*value || !strcmp(value, "default");
}

static bool is_software(const struct record *iface)
{
	return record_is(iface, F_IFACE_TRANSPORT_NAME, "tcp");
}

static bool names_nic(const struct record *iface)
{
	const char *mac = record_text(iface, F_IFACE_HWADDRESS);

	return !is_none(record_text(iface, F_IFACE_NET_IFACENAME)) || (!is_none(mac) && strcmp(mac, "00:00:00:00:00:00"));
}

/* ---- of the port alone ---- */

static void say_absent(const struct record *iface, struct verdict *verdict)
{
	const char *netdev = record_text(iface, F_IFACE_NET_IFACENAME), *mac = record_text(iface, F_IFACE_HWADDRESS);

	if (!is_software(iface))
		decide(verdict, VERDICT_ABSENT, "there is no %s port %s", record_text(iface, F_IFACE_TRANSPORT_NAME), mac);
	else if (!is_none(netdev))
		decide(verdict, VERDICT_ABSENT, "there is no NIC %s", netdev);
	else
		decide(verdict, VERDICT_ABSENT, "there is no NIC with address %s", mac);
}

static const struct port_address *first_usable(const struct port *port)
{
	for (size_t i = 0; i < port->address_count; i++)
		if (port->addresses[i].is_usable)
			return &port->addresses[i];
	return NULL;
}

static const char *show_bytes(sa_family_t family, const uint8_t *bytes, char text[INET6_ADDRSTRLEN])
{
	return inet_ntop(family, bytes, text, INET6_ADDRSTRLEN) ? text : "?";
}

/* True: no portal can change it. Otherwise the verdict is what holds without a portal. */
static bool judge_nic(const struct port *port, struct verdict *verdict)
{
	const struct port_address *address = first_usable(port);
	char text[INET6_ADDRSTRLEN];

	if (*port->master)
		decide(verdict, VERDICT_ENSLAVED, "%s is a port of %s", port->netdev, port->master);
	else if (!port->is_up)
		decide(verdict, VERDICT_DOWN, "%s is down", port->netdev);
	else if (!port->has_carrier)
		decide(verdict, VERDICT_DOWN, "%s has no carrier", port->netdev);
	else if (!address)
		decide(verdict, VERDICT_NO_ADDRESS, port->address_count ? "no address of %s is usable yet" : "%s has no address",
		       port->netdev);
	else
		decide(verdict, VERDICT_ROUTE, "%s is up and has %s/%u", port->netdev, show_bytes(address->family, address->bytes, text),
		       address->prefix_len);
	return !verdict->is_bound;
}

/* "ipv4.0 of qla4xxx port 00:0e:1e:01:02:03 (host 4)" */
static void show_hba(const struct port *port, char *text, size_t room)
{
	int used = 0;

	if (port->has_entity)
		used = snprintf(text, room, "ipv%d.%u of ", port->is_v6 ? 6 : 4, port->entity);
	snprintf(text + used, room - (size_t)used, "%s port %s (host %u)", port->transport, port->hwaddress, port->host_no);
}

/* Some cards take the address from the iface record when they connect. */
static const char *hba_address(const struct record *iface, const struct port *port)
{
	return iface_address_is_none(port->ipaddress) ? record_text(iface, F_IFACE_IPADDRESS) : port->ipaddress;
}

static bool judge_hba(const struct record *iface, const struct port *port, struct verdict *verdict)
{
	const char *address = hba_address(iface, port);
	char hba[128];

	show_hba(port, hba, sizeof(hba));
	if (!strcmp(port->state, "disable"))
		decide(verdict, VERDICT_DISABLED, "%s is disabled on the card", hba);
	else if (!port_is_ready(port))
		decide(verdict, VERDICT_DOWN, "%s: %s", hba, *port->port_state ? port->port_state : "the link is down");
	else if (iface_address_is_none(address))
		decide(verdict, VERDICT_NO_ADDRESS, "%s has no address", hba);
	else
		decide(verdict, VERDICT_HBA, "%s has %s", hba, address);
	return !verdict->is_bound;
}

/* What is said whatever the port is like; false: nothing is. */
static bool judge_record(const struct record *iface, struct verdict *verdict)
{
	switch (policy_bind_of(iface)) {
	case BIND_UNSET:
		decide(verdict, VERDICT_UNMANAGED, "iface.bind is not set: discovery and iscsiadm bind it, nobody else");
		return true;
	case BIND_NEVER:
		decide(verdict, VERDICT_NEVER, "iface.bind is never");
		return true;
	case BIND_REACHABLE:
	case BIND_ALWAYS:
		break;
	}
	if (!record_is(iface, F_IFACE_STATE, "disable"))
		return false;
	decide(verdict, VERDICT_DISABLED, "iface.state is disable");
	return true;
}

static bool judge_presence(const struct record *iface, const struct port *port, struct verdict *verdict)
{
	if (port)
		return port->kind == PORT_HBA ? judge_hba(iface, port, verdict) : judge_nic(port, verdict);
	if (is_software(iface) && !names_nic(iface)) {
		decide(verdict, VERDICT_ROUTE, "it names no NIC: the kernel's routes decide");
		return true;
	}
	say_absent(iface, verdict);
	return true;
}

void verdict_of_port(const struct record *iface, const struct ifaces *all, const struct ports *ports, struct verdict_port *ret_port)
{
	const struct record *winner;

	*ret_port = (struct verdict_port){ .iface = iface, .is_decided = true };
	if (judge_record(iface, &ret_port->verdict))
		return;
	ret_port->port = iface_port(iface, ports);
	winner = iface_overruled_by(iface, ret_port->port, all, ports);
	if (winner) {
		decide(&ret_port->verdict, VERDICT_OVERRULED, "%s stands for %s as well, and %s",
		       record_text(winner, F_IFACE_ISCSI_IFACENAME), ret_port->port->netdev,
		       iface_is_auto(winner) ? "was made for its place" : "was made by hand");
		return;
	}
	if (policy_bind_of(iface) == BIND_ALWAYS) {
		decide(&ret_port->verdict, VERDICT_ALWAYS, "iface.bind is always");
		ret_port->is_decided = !ret_port->port || ret_port->port->kind != PORT_HBA;
		return;
	}
	ret_port->is_decided = judge_presence(iface, ret_port->port, &ret_port->verdict);
}

/* ---- of a portal ---- */

/* The network a way leads to: "10.9.1.0/24", "default route". */
static void show_network(sa_family_t family, const uint8_t *destination, unsigned int prefix_len, char *text, size_t room)
{
	uint8_t bytes[16] = { 0 };
	char address[INET6_ADDRSTRLEN];
	unsigned int most = family == AF_INET ? 32 : 128;

	if (!prefix_len) {
		snprintf(text, room, "default route");
		return;
	}
	if (prefix_len > most)
		prefix_len = most;
	memcpy(bytes, destination, prefix_len / 8);
	if (prefix_len % 8)
		bytes[prefix_len / 8] = destination[prefix_len / 8] & (uint8_t)(0xff00 >> prefix_len % 8);
	snprintf(text, room, "route %s/%u", show_bytes(family, bytes, address), prefix_len);
}

static void say_way(const struct port *port, const struct portal *portal, const struct rtway *way, struct verdict *verdict)
{
	static const uint8_t none[16];
	char network[INET6_ADDRSTRLEN + 16], gateway[INET6_ADDRSTRLEN], source[INET6_ADDRSTRLEN];
	const char *scope;
	sa_family_t family;
	uint8_t bytes[16];
	struct text text = { 0 };

	if (reach_literal(portal, &family, bytes, &scope))
		return;
	show_network(family, bytes, way->prefix_len, network, sizeof(network));
	text_addf(&text, "%s", network);
	if (way->gateway_family != AF_UNSPEC)
		text_addf(&text, " by %s", show_bytes(way->gateway_family, way->gateway, gateway));
	text_addf(&text, " on %s", port->netdev);
	if (memcmp(way->source, none, sizeof(none)))
		text_addf(&text, " from %s", show_bytes(family, way->source, source));
	if (*port->vrf)
		text_addf(&text, ", VRF %s", port->vrf);
	else if (way->table && way->table != RT_TABLE_MAIN)
		text_addf(&text, ", table %u", way->table);
	decide(verdict, VERDICT_ROUTE, "%s", text.failed ? network : text.data);
	text_done(&text);
}

static void say_no_way(const struct port *port, const struct portal *portal, int error, struct verdict *verdict)
{
	const char *at = portal->address, *family = portal_is_ipv6(at) ? "IPv6" : "IPv4";

	switch (error) {
	case -EDESTADDRREQ:
		decide(verdict, VERDICT_HOST_NAME, "%s is a name; only portals with an address are bound by reachability", at);
		break;
	case -EADDRNOTAVAIL:
		decide(verdict, VERDICT_NO_ADDRESS, "%s has no usable %s address to reach %s from", port->netdev, family, at);
		break;
	case -ENETDOWN:
		decide(verdict, VERDICT_DOWN, "%s is down", port->netdev);
		break;
	case -EXDEV:
		decide(verdict, VERDICT_NO_ROUTE, "%s is on the link of another NIC than %s", at, port->netdev);
		break;
	case -ELOOP:
		decide(verdict, VERDICT_NO_ROUTE, "%s is an address of %s itself", at, port->netdev);
		break;
	case -EACCES:
		decide(verdict, VERDICT_NO_ROUTE, "a route or rule prohibits %s on %s", at, port->netdev);
		break;
	case -EINVAL:
		decide(verdict, VERDICT_NO_ROUTE, "a route or rule drops what goes to %s on %s", at, port->netdev);
		break;
	case -ENETUNREACH:
	case -EHOSTUNREACH:
		decide(verdict, VERDICT_NO_ROUTE, "no route to %s on %s", at, port->netdev);
		break;
	default:
		decide(verdict, VERDICT_NO_ROUTE, "the kernel cannot be asked for a route to %s on %s: %s", at, port->netdev,
		       strerror(-error));
	}
}

static void judge_portal_of_hba(const struct verdict_port *of, const struct portal *portal, struct verdict *verdict)
{
	const struct port *port = of->port;
	bool is_v6 = port->has_entity ? port->is_v6 : portal_is_ipv6(hba_address(of->iface, port));
	bool has_family = port->has_entity || !iface_address_is_none(hba_address(of->iface, port));
	const char *scope;
	sa_family_t family;
	uint8_t bytes[16];

	if (reach_literal(portal, &family, bytes, &scope)) {
		if (verdict->reason != VERDICT_ALWAYS)
			say_no_way(port, portal, -EDESTADDRREQ, verdict);
		return;
	}
	if (has_family && family != (is_v6 ? AF_INET6 : AF_INET))
		decide(verdict, VERDICT_FAMILY, "%s is an %s address, the port has %s", portal->address, is_v6 ? "IPv4" : "IPv6",
		       is_v6 ? "IPv6" : "IPv4");
}

void verdict_of_portal(const struct verdict_port *of, struct reach *reach, const struct portal *portal, struct verdict *ret_verdict)
{
	struct rtway way;
	int error;

	*ret_verdict = of->verdict;
	if (of->is_decided || !portal)
		return;
	if (of->port->kind == PORT_HBA) {
		judge_portal_of_hba(of, portal, ret_verdict);
		return;
	}
	error = reach ? reach_ask(reach, of->port, portal, &way) : -EPROTONOSUPPORT;
	if (error)
		say_no_way(of->port, portal, error, ret_verdict);
	else
		say_way(of->port, portal, &way, ret_verdict);
}

void verdict_give(const struct record *iface, const struct ifaces *all, const struct ports *ports, struct reach *reach,
		  const struct portal *portal, struct verdict *ret_verdict)
{
	struct verdict_port of;

	verdict_of_port(iface, all, ports, &of);
	verdict_of_portal(&of, reach, portal, ret_verdict);
}
