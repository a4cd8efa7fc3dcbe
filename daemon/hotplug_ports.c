/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Ports from one picture to the next. Says what changed, finds out which ones sessions cannot leave
 * from any more and which ones they can again, and tells the sessions (port_loss.h). Ports are
 * known by what stays the same when they are renamed, or pulled and plugged in again. Answers Ports
 * calls.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <search.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/daemon.h"
#include "daemon/hotplug.h"
#include "daemon/hotplug_set.h"
#include "daemon/port_loss.h"
#include "iface/watch.h"
#include "lib/ipc.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/loop.h"

/* ---- pictures ---- */

int ports_copy(const struct ports *from, struct ports *ret_ports)
{
	*ret_ports = (struct ports){.list = calloc(from->count + 1, sizeof(*from->list))};
	if (!ret_ports->list)
		return -ENOMEM;
	for (size_t i = 0; i < from->count; i++) {
		const struct port *port = &from->list[i];
		struct port *copy = &ret_ports->list[i];
		struct port_address *addresses =
			calloc(port->address_count + 1, sizeof(*addresses));

		if (!addresses) {
			ports_done(ret_ports);
			return -ENOMEM;
		}
		*copy = *port;
		copy->addresses = addresses;
		if (port->address_count)
			memcpy(addresses, port->addresses,
			       port->address_count * sizeof(*addresses));
		ret_ports->count++;
	}
	return 0;
}

void hotplug_port_key(const struct port *port, char key[HOTPLUG_KEY_MAX])
{
	const char *mac = *port->permanent ? port->permanent : port->hwaddress;

	if (port->kind == PORT_HBA)
		snprintf(key, HOTPLUG_KEY_MAX, "hba %s %s%.0u %s%u", port->transport,
			 port->hwaddress, *port->hwaddress ? 0 : port->host_no + 1,
			 port->has_entity ? port->is_v6 ? "ipv6." : "ipv4." : "", port->entity);
	else if (*port->path)
		snprintf(key, HOTPLUG_KEY_MAX, "nic %s %s", mac, port->path);
	else
		snprintf(key, HOTPLUG_KEY_MAX, "netdev %s", port->netdev);
}

static int by_key(const void *left, const void *right)
{
	return strcmp(((const struct hotplug_port *)left)->key,
		      ((const struct hotplug_port *)right)->key);
}

struct hotplug_port *hotplug_port_find(const struct hotplug *set, const char *key)
{
	struct hotplug_port wanted, **found;

	snprintf(wanted.key, sizeof(wanted.key), "%s", key);
	found = tfind(&wanted, &set->port_tree, by_key);
	return found ? *found : NULL;
}

static void port_drop(struct hotplug *set, struct hotplug_port *port)
{
	tdelete(port, &set->port_tree, by_key);
	TAILQ_REMOVE(&set->port_list, port, entry);
	free(port);
}

/* Of ports that are gone only those that have an iface of ours are worth remembering. */
static void forget_gone(struct hotplug *set)
{
	struct hotplug_port *port, *next;

	for (port = TAILQ_FIRST(&set->port_list); port; port = next) {
		next = TAILQ_NEXT(port, entry);
		if (!port->is_present && !port->is_managed)
			port_drop(set, port);
	}
}

/* NULL: no memory. */
static struct hotplug_port *port_get(struct hotplug *set, const struct port *port)
{
	char key[HOTPLUG_KEY_MAX];
	struct hotplug_port *known;

	hotplug_port_key(port, key);
	known = hotplug_port_find(set, key);
	if (known)
		return known;
	known = calloc(1, sizeof(*known));
	if (!known)
		return NULL;
	memcpy(known->key, key, sizeof(known->key));
	known->since_ms = loop_now_ms();
	port_describe(port, known->text, sizeof(known->text));
	if (!tsearch(known, &set->port_tree, by_key)) {
		free(known);
		return NULL;
	}
	TAILQ_INSERT_TAIL(&set->port_list, known, entry);
	return known;
}

/* A virtual NIC is known by its name, one without a permanent address by the one in use. */
static void follow_key(struct hotplug *set, const struct port *before, const struct port *now)
{
	char old[HOTPLUG_KEY_MAX], new[HOTPLUG_KEY_MAX];
	struct hotplug_port *port, *other;

	hotplug_port_key(before, old);
	hotplug_port_key(now, new);
	port = hotplug_port_find(set, old);
	if (!port || !strcmp(old, new))
		return;
	other = hotplug_port_find(set, new);
	if (other && other->is_present)
		return;
	if (other)
		port_drop(set, other);
	tdelete(port, &set->port_tree, by_key);
	memcpy(port->key, new, sizeof(port->key));
	if (!tsearch(port, &set->port_tree, by_key)) {
		TAILQ_REMOVE(&set->port_list, port, entry);
		free(port);
	}
}

/* ---- what happened ---- */

static const char *const change_events[PORT_CHANGE_COUNT] = {
	[PORT_ADDED] = "port-added",	   [PORT_REMOVED] = "port-removed",
	[PORT_RENAMED] = "port-renamed",   [PORT_HWADDRESS] = "port-hwaddress",
	[PORT_MASTER] = "port-master",	   [PORT_UP] = "port-up",
	[PORT_DOWN] = "port-down",	   [PORT_ADDRESSES] = "port-addresses",
	[PORT_SETTINGS] = "port-settings",
};

/* What others do to ports is for monitors. What is done about it is worth a line where sessions are
 * made by themselves; it names what has led to it. */
static int level_of(const struct hotplug_port *port, bool is_action)
{
	if (!port->is_managed)
		return EVENT_UNLOGGED;
	return is_action ? LOG_LEVEL_INFO : LOG_LEVEL_DEBUG;
}

static void note(struct hotplug_port *port, const char *event, const char *cause)
{
	port->change = event;
	snprintf(port->cause, sizeof(port->cause), "%s", cause);
	port->since_ms = loop_now_ms();
}

__attribute__((format(printf, 6, 7))) static void tell(struct hotplug *set,
						       struct hotplug_port *port, bool is_action,
						       const char *event, const char *cause,
						       const char *format, ...)
{
	struct hotplug_event told = {.event = event,
				     .level = level_of(port, is_action),
				     .cause = cause,
				     .iface = port->iface,
				     .port = port->text};
	char text[HOTPLUG_CAUSE_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	note(port, event, cause);
	hotplug_tell(set, &told, "port %s%s%s%s: %s", port->text, *port->iface ? " [" : "",
		     port->iface, *port->iface ? "]" : "", text);
}

/* The first address is enough for a reader; there may be hundreds. */
static void describe_addresses(const struct port *port, char *text, size_t room)
{
	char address[INET6_ADDRSTRLEN];
	size_t usable = 0, first = 0;

	for (size_t i = port->address_count; i-- > 0;)
		if (port->addresses[i].is_usable) {
			usable++;
			first = i;
		}
	if (!usable || !inet_ntop(port->addresses[first].family, port->addresses[first].bytes,
				  address, sizeof(address)))
		snprintf(text, room, "no usable address");
	else
		snprintf(text, room, "%s/%u%s", address, port->addresses[first].prefix_len,
			 usable > 1 ? " and others" : "");
}

static void describe_change(enum port_change change, const struct port *before,
			    const struct port *now, char *text, size_t room)
{
	switch (change) {
	case PORT_ADDED:
	case PORT_REMOVED:
	case PORT_CHANGE_COUNT:
		snprintf(text, room, "%s", port_change_name(change));
		break;
	case PORT_RENAMED:
		snprintf(text, room, "renamed from %s", before->netdev);
		break;
	case PORT_HWADDRESS:
		snprintf(text, room, "address of the NIC is %s", now->hwaddress);
		break;
	case PORT_MASTER:
		if (*now->master)
			snprintf(text, room, "it is a port of %s", now->master);
		else if (*now->vrf)
			snprintf(text, room, "it is in VRF %s", now->vrf);
		else
			snprintf(text, room, "it has no master any more");
		break;
	case PORT_UP:
		snprintf(text, room, "up, with carrier");
		break;
	case PORT_DOWN:
		snprintf(text, room,
			 now->kind == PORT_HBA ? "link down"
			 : now->is_up	       ? "no carrier"
					       : "down");
		break;
	case PORT_ADDRESSES:
		describe_addresses(now, text, room);
		break;
	case PORT_SETTINGS:
		snprintf(text, room, "%s, address %s", *now->state ? now->state : "no state",
			 *now->ipaddress ? now->ipaddress : "none");
		break;
	}
}

static void use_again(struct hotplug *set, struct hotplug_port *port, const struct port *now,
		      const char *cause)
{
	port_loss_returned(set->daemon, now, cause);
	port->is_changed = true;
	if (port->is_lost)
		tell(set, port, false, "port-returned", cause,
		     "sessions can leave from it again: %s", cause);
	port->is_lost = false;
}

static void lose(struct hotplug *set, struct hotplug_port *port, const struct port *last,
		 const char *cause)
{
	uint64_t now_ms = loop_now_ms();
	bool is_held = port->is_managed && flap_lost(&port->flap, &set->policy, now_ms);

	port->is_lost = true;
	port_loss_lost(set->daemon, last, cause);
	if (*port->iface)
		hotplug_login_lost(set, port->iface, cause);
	tell(set, port, false, "port-lost", cause, "no session can leave from it: %s", cause);
	if (is_held)
		tell(set, port, true, "port-held", "it was lost too often",
		     "lost %u times in %u s: not used until it has been steady for %llu s",
		     flap_losses(&port->flap, &set->policy, now_ms), set->policy.flap_window_sec,
		     (unsigned long long)flap_hold_sec(&port->flap, &set->policy));
}

static void flap_wait(struct hotplug *set)
{
	const struct hotplug_port *port;
	uint64_t now_ms = loop_now_ms(), next_ms = UINT64_MAX;

	TAILQ_FOREACH(port, &set->port_list, entry)
	if (port->flap.steady_ms && port->flap.steady_ms < next_ms)
		next_ms = port->flap.steady_ms;
	if (next_ms == UINT64_MAX)
		loop_timer_stop(set->flap_timer);
	else
		loop_timer_set(set->flap_timer, next_ms > now_ms ? next_ms - now_ms : 0);
}

static const struct port *picture_of(const struct hotplug *set, const struct hotplug_port *port)
{
	char key[HOTPLUG_KEY_MAX];

	for (size_t i = 0; i < set->ports.count; i++) {
		hotplug_port_key(&set->ports.list[i], key);
		if (!strcmp(key, port->key))
			return &set->ports.list[i];
	}
	return NULL;
}

void hotplug_flap_timer(void *data)
{
	struct hotplug *set = data;
	struct hotplug_port *port;
	const struct port *now;

	TAILQ_FOREACH(port, &set->port_list, entry)
	{
		if (!flap_release(&port->flap, loop_now_ms()))
			continue;
		now = picture_of(set, port);
		if (!now || !port->is_ready)
			continue;
		tell(set, port, true, "port-released", "it has been steady",
		     "steady for %llu s: used again",
		     (unsigned long long)flap_hold_sec(&port->flap, &set->policy));
		use_again(set, port, now, "steady again");
		hotplug_want(set, REASON_PORTS);
	}
	flap_wait(set);
}

/* ---- a picture ---- */

struct taking {
	struct hotplug *set;
	bool is_first, has_changed;
};

/* After all changes of a port: can sessions leave from it? */
static void judge(struct taking *taking, struct hotplug_port *port, const struct port *before,
		  const struct port *now, const char *cause)
{
	struct hotplug *set = taking->set;
	bool is_ready = now && port_is_ready(now), was_ready = port->is_ready;

	port->is_ready = is_ready;
	if (was_ready && !is_ready)
		lose(set, port, now ? now : before, cause);
	else if (!was_ready && is_ready && flap_returned(&port->flap, &set->policy, loop_now_ms()))
		use_again(set, port, now, cause);
}

static void take_change(enum port_change change, const struct port *before, const struct port *now,
			void *data)
{
	struct taking *taking = data;
	struct hotplug *set = taking->set;
	struct hotplug_port *port;
	char cause[HOTPLUG_CAUSE_MAX];

	if (before && now)
		follow_key(set, before, now);
	port = port_get(set, now ? now : before);
	if (!port)
		return;
	taking->has_changed = true;
	if (now)
		port_describe(now, port->text, sizeof(port->text));
	describe_change(change, before, now, cause, sizeof(cause));
	port->is_present = now;
	port->is_new |= change == PORT_ADDED || change == PORT_RENAMED ||
			change == PORT_HWADDRESS || change == PORT_MASTER;
	port->is_changed |= now && change != PORT_DOWN && change != PORT_RENAMED;
	if (taking->is_first)
		note(port, "port-added", "it was there when iscsid started");
	else
		tell(set, port, false, change_events[change], cause, "%s", cause);
	if (change == PORT_RENAMED)
		port_loss_renamed(set->daemon, before, now);
	if (change == PORT_ADDRESSES && port->is_ready && port_is_ready(now) && !port->flap.is_held)
		port_loss_addresses(set->daemon, before, now, cause);
	judge(taking, port, before, now, cause);
}

bool hotplug_ports_take(struct hotplug *set, const struct watch_change *change)
{
	struct taking taking = {.set = set, .is_first = change->is_first};
	struct ports picture;

	if (ports_copy(change->now, &picture) < 0) {
		log_error("no memory to look at ports");
		return false;
	}
	/* Against our own: where one was not taken its changes are not lost. */
	ports_compare(&set->ports, &picture, take_change, &taking);
	ports_done(&set->ports);
	set->ports = picture;
	if (change->is_first)
		port_loss_first(set->daemon, &set->ports);
	forget_gone(set);
	flap_wait(set);
	return taking.has_changed;
}

static bool is_iface_absent(const struct hotplug *set, const char *name)
{
	for (size_t i = 0; i < set->iface_count; i++)
		if (!strcmp(set->ifaces[i].name, name))
			return set->ifaces[i].is_managed && !*set->ifaces[i].port;
	return false;
}

void hotplug_ports_name(struct hotplug *set)
{
	struct hotplug_port *port;

	TAILQ_FOREACH(port, &set->port_list, entry)
	{
		/* A port that is gone keeps the one it had. */
		if (!port->is_present && port->is_managed && is_iface_absent(set, port->iface))
			continue;
		port->iface[0] = '\0';
		port->is_managed = false;
		for (size_t i = 0; i < set->iface_count; i++) {
			const struct hotplug_iface *iface = &set->ifaces[i];

			/* One that binds itself tells more than one that does not. */
			if (strcmp(iface->port, port->key) || (*port->iface && !iface->is_managed))
				continue;
			memcpy(port->iface, iface->name, sizeof(port->iface));
			port->is_managed |= iface->is_managed;
		}
	}
}

void hotplug_ports_done(struct hotplug *set)
{
	struct hotplug_port *port;

	while ((port = TAILQ_FIRST(&set->port_list)))
		port_drop(set, port);
	ports_done(&set->ports);
}

/* ---- Ports ---- */

static void add_text(struct json_object *object, const char *name, const char *text)
{
	json_object_object_add(object, name, json_object_new_string(text));
}

static void add_bool(struct json_object *object, const char *name, bool value)
{
	json_object_object_add(object, name, json_object_new_boolean(value));
}

static struct json_object *addresses_describe(const struct port *port)
{
	struct json_object *list = json_object_new_array();
	char address[INET6_ADDRSTRLEN], text[INET6_ADDRSTRLEN + 8];

	for (size_t i = 0; i < port->address_count; i++) {
		const struct port_address *one = &port->addresses[i];

		if (!one->is_usable ||
		    !inet_ntop(one->family, one->bytes, address, sizeof(address)))
			continue;
		snprintf(text, sizeof(text), "%s/%u", address, one->prefix_len);
		json_object_array_add(list, json_object_new_string(text));
	}
	if (*port->ipaddress)
		json_object_array_add(list, json_object_new_string(port->ipaddress));
	return list;
}

static void describe_picture(struct json_object *object, const struct port *port)
{
	char name[64];

	if (port->kind == PORT_HBA)
		snprintf(name, sizeof(name), "%s.%u", port->transport, port->host_no);
	else
		snprintf(name, sizeof(name), "%s", port->netdev);
	add_text(object, "kind", port->kind == PORT_HBA ? "hba" : "nic");
	add_text(object, "name", name);
	add_bool(object, "present", true);
	add_bool(object, "ready", port_is_ready(port));
	add_bool(object, "link", port_has_link(port));
	add_text(object, "driver", port->driver);
	add_text(object, "hwaddress", port->hwaddress);
	json_object_object_add(object, "addresses", addresses_describe(port));
}

static void describe_absence(struct json_object *object, const char *key)
{
	add_text(object, "kind", !strncmp(key, "hba ", 4) ? "hba" : "nic");
	add_text(object, "name", "");
	add_bool(object, "present", false);
	add_bool(object, "ready", false);
	add_bool(object, "link", false);
	add_text(object, "driver", "");
	add_text(object, "hwaddress", "");
	json_object_object_add(object, "addresses", json_object_new_array());
}

static void describe_history(struct json_object *object, const struct hotplug *set,
			     const struct hotplug_port *port)
{
	uint64_t now_ms = loop_now_ms(), steady_ms = port->flap.steady_ms;
	uint64_t held_sec = steady_ms > now_ms ? (steady_ms - now_ms + 999) / 1000 : 0;

	if (port->flap.is_held && !steady_ms)
		held_sec = flap_hold_sec(&port->flap, &set->policy);
	add_text(object, "text", port->text);
	if (*port->iface)
		add_text(object, "iface", port->iface);
	add_bool(object, "managed", port->is_managed);
	add_bool(object, "lost", port->is_lost);
	json_object_object_add(object, "held_back",
			       port->flap.is_held ? json_object_new_int64((int64_t)held_sec)
						  : NULL);
	json_object_object_add(
		object, "losses",
		json_object_new_int64(flap_losses(&port->flap, &set->policy, now_ms)));
	if (port->change) {
		add_text(object, "change", port->change);
		add_text(object, "cause", port->cause);
	}
	json_object_object_add(object, "since",
			       json_object_new_int64((int64_t)(now_ms - port->since_ms) / 1000));
}

static struct json_object *iface_describe(const struct hotplug_iface *iface)
{
	struct json_object *object = json_object_new_object();

	describe_absence(object, "");
	add_text(object, "text", "");
	add_text(object, "iface", iface->name);
	add_bool(object, "managed", true);
	add_bool(object, "lost", false);
	json_object_object_add(object, "held_back", NULL);
	json_object_object_add(object, "losses", json_object_new_int(0));
	json_object_object_add(object, "since", json_object_new_int(0));
	return object;
}

static bool is_named(const struct hotplug *set, const char *iface)
{
	const struct hotplug_port *port;

	TAILQ_FOREACH(port, &set->port_list, entry)
	if (!strcmp(port->iface, iface))
		return true;
	return false;
}

static void add_port(struct json_object *list, const struct hotplug *set,
		     const struct hotplug_port *port, const struct port *picture)
{
	struct json_object *object = json_object_new_object();

	if (picture)
		describe_picture(object, picture);
	else
		describe_absence(object, port->key);
	describe_history(object, set, port);
	json_object_array_add(list, object);
}

static void add_ports(struct json_object *list, const struct hotplug *set)
{
	const struct hotplug_port *port;
	char key[HOTPLUG_KEY_MAX];

	for (size_t i = 0; i < set->ports.count; i++) {
		hotplug_port_key(&set->ports.list[i], key);
		port = hotplug_port_find(set, key);
		if (port)
			add_port(list, set, port, &set->ports.list[i]);
	}
	TAILQ_FOREACH(port, &set->port_list, entry)
	if (!port->is_present && port->is_managed)
		add_port(list, set, port, NULL);
	for (size_t i = 0; i < set->iface_count; i++)
		if (set->ifaces[i].is_managed && !*set->ifaces[i].port &&
		    !is_named(set, set->ifaces[i].name))
			json_object_array_add(list, iface_describe(&set->ifaces[i]));
}

static void add_held(struct json_object *list, const struct hotplug *set)
{
	struct json_object *object;
	struct node_key key;

	for (size_t i = 0; i < set->hold_count; i++) {
		if (node_key_parse(set->holds[i], &key) < 0)
			continue;
		object = json_object_new_object();
		add_text(object, "target", key.target);
		add_text(object, "address", key.portal.address);
		json_object_object_add(object, "port", json_object_new_int(key.portal.port));
		add_text(object, "iface", key.iface);
		json_object_array_add(list, object);
	}
}

void hotplug_verb_ports(struct ipc_call *call, struct json_object *parameters, void *data)
{
	struct daemon *daemon = data;
	struct json_object *reply = json_object_new_object(), *list = json_object_new_array();
	struct json_object *held = json_object_new_array();

	if (daemon->hotplug) {
		add_ports(list, daemon->hotplug);
		add_held(held, daemon->hotplug);
	}
	json_object_object_add(reply, "ports", list);
	json_object_object_add(reply, "held", held);
	ipc_reply(call, reply, false);
}
