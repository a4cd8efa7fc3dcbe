/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What `-o explain` says, from what iface_explain.c has gathered: one fact a line, or one JSON object. What is not known is not
 * said. Reads nothing.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "adm/emit.h"
#include "adm/iface.h"
#include "adm/objects.h"
#include "adm/print.h"

#define HELD ", logged out by hand"
#define ADDRESS_TEXT_MAX (INET6_ADDRSTRLEN + 32)

static const char *link_words(const struct port *port)
{
	if (port->kind == PORT_HBA)
		return port->port_state;
	return !port->is_up ? "down" : !port->has_carrier ? "no carrier" : "up";
}

/* "10.9.1.10/24", and what keeps it from being used. */
static void address_words(const struct port_address *address, char *text, size_t room)
{
	char buffer[INET6_ADDRSTRLEN];

	inet_ntop(address->family, address->bytes, buffer, sizeof(buffer));
	snprintf(text, room, "%s/%u%s", buffer, address->prefix_len, address->is_usable ? "" : " (not usable yet)");
}

static void print_addresses(const struct port *port)
{
	char text[ADDRESS_TEXT_MAX];
	struct text line = { 0 };

	for (size_t i = 0; i < port->address_count; i++) {
		address_words(&port->addresses[i], text, sizeof(text));
		text_addf(&line, "%s%s", i ? ", " : "", text);
	}
	if (port->kind == PORT_HBA)
		text_add(&line, port->ipaddress);
	print_line("Addresses: %s", line.data && *line.data && !line.failed ? line.data : "none");
	text_done(&line);
}

static void print_port(const struct explanation *explanation)
{
	const struct port *port = explanation->port;
	char text[160];

	if (!port) {
		print_line("Port: %s", !iface_names_port(explanation->iface) ? "none, the network chooses the way" :
				       explanation->ports_were_read ? "absent" : "not known");
		return;
	}
	port_describe(port, text, sizeof(text));
	print_line("Port: %s", text);
	if (*port->hwaddress && port->kind == PORT_NIC)
		print_line("Hardware address: %s", port->hwaddress);
	if (*link_words(port))
		print_line("Link: %s", link_words(port));
	if (*port->master)
		print_line("Master: %s", port->master);
	if (*port->vrf)
		print_line("VRF: %s", port->vrf);
	print_addresses(port);
}

static void print_selection(const struct explanation *explanation)
{
	const struct policy *policy = explanation->policy;

	if (!policy || !explanation->port || explanation->port->kind != PORT_NIC)
		return;
	if (nics_is_none(policy->nics))
		print_line("Selected by iface.nics: no, it is none");
	else if (!explanation->pattern)
		print_line("Selected by iface.nics: no, %s", *explanation->port->nic_kind || *explanation->port->master ?
			   "only its name would select it, as it is virtual or a port of another" : "nothing there matches");
	else
		print_line("Selected by iface.nics: %s, by %s", explanation->is_selected ? "yes" : "no", explanation->pattern);
}

static void print_policy(const struct explanation *explanation)
{
	const struct record *iface = explanation->iface;
	const char *state = iface_shown_state(iface, explanation->port);
	int fast_fail = policy_fast_fail_of(iface);

	print_line("Origin: %s", iface_is_builtin(record_text(iface, F_IFACE_ISCSI_IFACENAME)) ? "built in" :
				 iface_is_auto(iface) ? record_text(iface, F_IFACE_ORIGIN) : "by hand");
	if (*state)
		print_line("State: %s", state);
	print_selection(explanation);
	print_line("Binds itself: %s", policy_is_managed(iface) ? record_text(iface, F_IFACE_BIND) : "no, iface.bind is not set");
	if (fast_fail != FAST_FAIL_OFF)
		print_line("Fails when the port is lost: after %d s", fast_fail);
	if (explanation->is_flapping == ANSWER_YES)
		print_line("Held back: the port was lost too often, it must be steady for %lld s more", (long long)explanation->hold_sec);
	else if (explanation->is_flapping == ANSWER_NO)
		print_line("Held back: no");
	if (explanation->last_event)
		print_line("Last event: %s, %s, %lld s ago", explanation->last_event, print_or(explanation->last_cause, "no cause"),
			   (long long)explanation->last_sec);
}

static const char *verdict_answer(const struct verdict *verdict)
{
	return verdict->reason == VERDICT_UNMANAGED ? "by hand" : verdict->is_bound ? "yes" : "no";
}

/* "from 10.9.1.10 by the router 10.9.1.254" */
static void add_way(const struct explained_portal *portal, struct text *text)
{
	static const uint8_t nothing[16];
	int family = portal_is_ipv6(portal->key.portal.address) ? AF_INET6 : AF_INET;
	const struct rtway *way = &portal->way;
	char buffer[INET6_ADDRSTRLEN];

	if (portal->way_error) {
		text_addf(text, "none, %s", strerror(-portal->way_error));
		return;
	}
	if (memcmp(way->source, nothing, sizeof(nothing)) != 0)
		text_addf(text, "from %s, ", inet_ntop(family, way->source, buffer, sizeof(buffer)));
	if (way->gateway_family != AF_UNSPEC)
		text_addf(text, "by the router %s", inet_ntop(way->gateway_family, way->gateway, buffer, sizeof(buffer)));
	else
		text_add(text, "on the link");
}

static void print_way(const struct explained_portal *portal)
{
	struct text text = { 0 };

	if (!portal->has_way)
		return;
	add_way(portal, &text);
	if (!text.failed)
		print_line("Way: %s", text.data);
	text_done(&text);
}

/* One portal in full: what -p asks for. */
static void print_portal_facts(const struct explained_portal *portal, bool store_was_read)
{
	if (*portal->key.target)
		print_line("Target: %s", portal->key.target);
	print_line("Bound: %s, %s", verdict_answer(&portal->verdict), portal->verdict.sentence);
	print_way(portal);
	if (portal->has_record)
		print_line("Record: yes, startup %s%s", portal->startup, portal->is_held ? HELD : "");
	else if (store_was_read)
		print_line("Record: no%s", portal->is_declined ? ", removed by hand" : portal->is_discovered ? "" :
					   ", and no discovery has reported this portal");
	if (portal->sid)
		print_line("Session: %u, %s", portal->sid, print_or(portal->session_state, "state not known"));
	else
		print_line("Session: no");
}

/* One portal in a line: "10.9.1.1:3260,1 iqn...: yes, route ...; record automatic; session 3 LOGGED_IN". */
static void print_portal_line(const struct explained_portal *portal)
{
	bool is_unmanaged = portal->verdict.reason == VERDICT_UNMANAGED;
	char buffer[PORTAL_TEXT_MAX], session[64] = "no session";
	struct text text = { 0 };

	if (portal->sid)
		snprintf(session, sizeof(session), "session %u %s", portal->sid, portal->session_state);
	/* Why by hand is said of the iface already. */
	text_add(&text, is_unmanaged ? "" : ", ");
	text_add(&text, is_unmanaged ? "" : portal->verdict.sentence);
	if (portal->has_way) {
		text_add(&text, "; way ");
		add_way(portal, &text);
	}
	print_line("Portal: %s %s: %s%s; %s%s%s; %s", portal_format(&portal->key.portal, portal->key.portal.tpgt >= 0, buffer),
		   portal->key.target, verdict_answer(&portal->verdict), text.failed ? "" : text.data,
		   portal->has_record ? "record " : portal->is_declined ? "record removed by hand" : "no record", portal->startup,
		   portal->is_held ? HELD : "", session);
	text_done(&text);
}

void explanation_text(const struct explanation *explanation)
{
	char buffer[PORTAL_TEXT_MAX];

	print_line("Iface: %s", record_text(explanation->iface, F_IFACE_ISCSI_IFACENAME));
	print_line("Transport: %s", record_text(explanation->iface, F_IFACE_TRANSPORT_NAME));
	print_policy(explanation);
	print_port(explanation);
	if (!explanation->has_portal)
		print_line("Can be bound: %s, %s", verdict_answer(&explanation->verdict), explanation->verdict.sentence);
	for (size_t i = 0; i < explanation->portal_count; i++) {
		const struct explained_portal *portal = &explanation->portals[i];

		if (!explanation->has_portal) {
			print_portal_line(portal);
			continue;
		}
		print_line("Portal: %s", portal_format(&portal->key.portal, portal->key.portal.tpgt >= 0, buffer));
		print_portal_facts(portal, explanation->store_was_read);
	}
	for (size_t i = 0; i < explanation->unreadable_count; i++)
		print_line("Not readable: %s", explanation->unreadable[i]);
}

static void emit_verdict(struct json_object *object, const struct verdict *verdict)
{
	emit_bool(object, "bound", verdict->is_bound);
	emit_text(object, "reason", verdict_word(verdict->reason));
	emit_text(object, "sentence", verdict->sentence);
}

static struct json_object *portal_object(const struct explained_portal *portal, bool store_was_read)
{
	struct json_object *object = emit_part();
	struct text way = { 0 };

	if (portal->has_way)
		add_way(portal, &way);
	emit_text(object, "target", portal->key.target);
	emit_add(object, "portal", object_portal(portal->key.portal.address, portal->key.portal.port, portal->key.portal.tpgt));
	emit_verdict(object, &portal->verdict);
	emit_text(object, "way", way.failed ? NULL : way.data);
	if (store_was_read)
		emit_bool(object, "record", portal->has_record);
	else
		emit_null(object, "record");
	if (store_was_read)
		emit_bool(object, "discovered", portal->is_discovered);
	else
		emit_null(object, "discovered");
	emit_bool(object, "declined", portal->is_declined);
	emit_text(object, "startup", portal->startup);
	emit_bool(object, "held", portal->is_held);
	if (portal->sid)
		emit_number(object, "sid", portal->sid);
	else
		emit_null(object, "sid");
	emit_text(object, "session_state", portal->session_state);
	text_done(&way);
	return object;
}

static void emit_selection(struct json_object *object, const struct explanation *explanation)
{
	bool is_nic = explanation->policy && explanation->port && explanation->port->kind == PORT_NIC;

	if (is_nic)
		emit_bool(object, "selected", explanation->is_selected);
	else
		emit_null(object, "selected");
	emit_text(object, "pattern", is_nic ? explanation->pattern : NULL);
}

static void emit_addresses(struct json_object *object, const struct port *port)
{
	struct json_object *list = emit_list();
	char text[ADDRESS_TEXT_MAX];

	for (size_t i = 0; port && i < port->address_count; i++) {
		if (!port->addresses[i].is_usable)
			continue;
		address_words(&port->addresses[i], text, sizeof(text));
		emit_append(list, json_object_new_string(text));
	}
	if (port && port->kind == PORT_HBA && *port->ipaddress)
		emit_append(list, json_object_new_string(port->ipaddress));
	emit_add(object, "addresses", list);
}

static void emit_history(struct json_object *object, const struct explanation *explanation)
{
	if (explanation->is_flapping == ANSWER_NOT_KNOWN)
		emit_null(object, "held_back");
	else
		emit_bool(object, "held_back", explanation->is_flapping == ANSWER_YES);
	if (explanation->is_flapping == ANSWER_YES)
		emit_number(object, "hold", explanation->hold_sec);
	else
		emit_null(object, "hold");
	emit_text(object, "last_event", explanation->last_event);
	emit_text(object, "last_cause", explanation->last_cause);
	if (explanation->last_event)
		emit_number(object, "last_seconds", explanation->last_sec);
	else
		emit_null(object, "last_seconds");
}

void explanation_json(const struct explanation *explanation)
{
	const char *name = record_text(explanation->iface, F_IFACE_ISCSI_IFACENAME);
	struct json_object *object = emit_new("explanation"), *list = emit_list();

	emit_text(object, "name", name);
	emit_bool(object, "builtin", iface_is_builtin(name));
	emit_text(object, "transport", record_text(explanation->iface, F_IFACE_TRANSPORT_NAME));
	iface_emit_port(object, explanation->iface, explanation->port, explanation->ports_were_read);
	emit_text(object, "state", iface_shown_state(explanation->iface, explanation->port));
	emit_text(object, "link", explanation->port ? link_words(explanation->port) : NULL);
	emit_addresses(object, explanation->port);
	emit_selection(object, explanation);
	emit_history(object, explanation);
	emit_verdict(object, &explanation->verdict);
	for (size_t i = 0; i < explanation->portal_count; i++)
		emit_append(list, portal_object(&explanation->portals[i], explanation->store_was_read));
	emit_add(object, "portals", list);
	list = emit_list();
	for (size_t i = 0; i < explanation->unreadable_count; i++)
		emit_append(list, json_object_new_string(explanation->unreadable[i]));
	emit_add(object, "unreadable", list);
	emit(object);
}
