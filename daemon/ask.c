/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The method Discover: a discovery record's question, asked from where the daemon is. One try through each iface, all at the same
 * time, an answer per iface as it comes; when to try again is the client's business. A client that leaves ends what it asked for.
 * Called by verbs.c; never opens the store and never waits.
 */
#include "daemon/ask.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/daemon.h"
#include "lib/isns_talk.h"
#include "daemon/resolve.h"
#include "iface/iface.h"
#include "lib/discover_record.h"
#include "lib/ipc.h"
#include "lib/json.h"
#include "lib/loop.h"

/* Through one iface. */
struct ask_item {
	struct ask *ask;
	size_t index;
	struct record iface;
	char netdev[IFNAMSIZ];
	struct discovery_settings settings;
	struct discovery *discovery;
	struct loop_fd *watch;
	struct loop_timer *deadline;
	struct resolve *resolve; /* of a redirect */
	struct isns_talk *talk;
	struct transports_query *query; /* of an iface whose driver connects */
	struct carrier_owner carrier_owner;
	struct discovery_carrier carrier;
};

struct ask {
	LIST_ENTRY(ask) entry;
	struct daemon *daemon;
	struct ipc_call *call;
	struct record record;
	struct discovery_secrets secrets;
	char *initiator_name, *initiator_alias; /* as they were when it began */
	int64_t attempt;			/* of the client: each takes the next address of a name */
	struct resolve *resolve;
	struct addresses addresses;
	size_t count, left;
	struct ask_item items[];
};

static void item_drop(struct ask_item *item)
{
	transports_cancel(item->query);
	item->query = NULL;
	resolve_cancel(item->resolve);
	item->resolve = NULL;
	loop_fd_free(item->watch);
	item->watch = NULL;
	loop_timer_free(item->deadline);
	item->deadline = NULL;
	discovery_free(item->discovery);
	item->discovery = NULL;
	isns_talk_cancel(item->talk);
	item->talk = NULL;
}

static void ask_free(struct ask *ask)
{
	for (size_t i = 0; i < ask->count; i++) {
		item_drop(&ask->items[i]);
		record_done(&ask->items[i].iface);
	}
	ask->daemon->asking -= (unsigned int)ask->count;
	LIST_REMOVE(ask, entry);
	resolve_cancel(ask->resolve);
	discovery_secrets_done(&ask->secrets);
	record_done(&ask->record);
	free(ask->initiator_name);
	free(ask->initiator_alias);
	free(ask);
}

static void ask_left(void *data)
{
	ask_free(data);
}

void ask_close(struct daemon *daemon)
{
	struct ask *ask;

	while ((ask = LIST_FIRST(&daemon->asks))) {
		ipc_call_on_close(ask->call, NULL, NULL);
		ask_free(ask);
	}
}

/* ---- answers ---- */

static struct json_object *portal_describe(const struct sendtargets_entry *entry)
{
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, "target", json_object_new_string(entry->target_name));
	json_object_object_add(object, "address", json_object_new_string(entry->portal.address));
	json_object_object_add(object, "port", json_object_new_int(entry->portal.port));
	json_object_object_add(object, "tpgt", json_object_new_int(entry->portal.tpgt));
	return object;
}

static struct json_object *list_describe(const struct sendtargets_list *list)
{
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; i < list->count; i++)
		json_object_array_add(array, portal_describe(&list->entries[i]));
	return array;
}

/* The item is over; with the last one the call is. */
static void item_answer(struct ask_item *item, enum iscsi_err err, const char *sentence, const struct sendtargets_list *list)
{
	const struct portal *portal = item->discovery ? discovery_portal(item->discovery) : NULL;
	struct json_object *reply = json_object_new_object();
	struct ask *ask = item->ask;

	json_object_object_add(reply, "index", json_object_new_int64((int64_t)item->index));
	json_object_object_add(reply, "error", json_object_new_int((int)err));
	json_object_object_add(reply, "message", *sentence ? json_object_new_string(sentence) : NULL);
	json_object_object_add(reply, "address", portal ? json_object_new_string(portal->address) : NULL);
	json_object_object_add(reply, "refused", json_object_new_int64((int64_t)list->refused));
	json_object_object_add(reply, "targets", list_describe(list));
	item_drop(item);
	if (--ask->left) {
		ipc_reply(ask->call, reply, true);
		return;
	}
	ipc_call_on_close(ask->call, NULL, NULL);
	ipc_reply(ask->call, reply, false);
	ask_free(ask);
}

static void item_fail(struct ask_item *item, enum iscsi_err err, const char *sentence)
{
	item_answer(item, err, sentence, &(const struct sendtargets_list){0});
}

static void item_found(struct ask_item *item)
{
	struct sendtargets_list list;

	discovery_take(item->discovery, &list);
	item_answer(item, ISCSI_ERR_SUCCESS, "", &list);
	sendtargets_list_done(&list);
}

/* ---- one discovery on the loop ---- */

static void item_step(struct ask_item *item);

static void item_ready(int fd, short revents, void *data)
{
	struct ask_item *item = data;

	discovery_ready(item->discovery, revents);
	item_step(item);
}

static void item_expired(void *data)
{
	struct ask_item *item = data;

	discovery_expired(item->discovery);
	item_step(item);
}

/* The descriptor may be another one after each step, even under the same number. */
static void item_watch(struct ask_item *item)
{
	uint64_t now = loop_now_ms(), deadline = discovery_deadline_ms(item->discovery);
	int fd = discovery_fd(item->discovery);

	loop_fd_free(item->watch);
	item->watch = NULL;
	loop_timer_set(item->deadline, deadline > now ? deadline - now : 0);
	if (fd >= 0 && loop_fd_new(item->ask->daemon->loop, fd, discovery_want(item->discovery), item_ready, item, &item->watch) < 0)
		item_fail(item, ISCSI_ERR_NOMEM, "out of memory");
}

static void item_resolved(const struct addresses *addresses, int error, const char *sentence, void *data)
{
	struct ask_item *item = data;

	item->resolve = NULL;
	if (error)
		discovery_resolved(item->discovery, &(struct sockaddr_storage){0}, 0);
	else
		discovery_resolved(item->discovery, &addresses->list[0], addresses->len[0]);
	item_step(item);
}

/* A redirect leads to a name, or to a literal address. */
static void item_redirect(struct ask_item *item)
{
	const struct portal *portal = discovery_portal(item->discovery);
	struct addresses addresses = {0};

	loop_fd_free(item->watch);
	item->watch = NULL;
	loop_timer_stop(item->deadline);
	if (addresses_from_literal(portal, &addresses) != 0 &&
	    resolve_start(item->ask->daemon, portal, item_resolved, item, &item->resolve) == 0)
		return;
	discovery_resolved(item->discovery, &addresses.list[0], addresses.len[0]);
	item_step(item);
}

static void item_step(struct ask_item *item)
{
	switch (discovery_state(item->discovery)) {
	case DISCOVERY_RUNNING:
		item_watch(item);
		break;
	case DISCOVERY_RESOLVE:
		item_redirect(item);
		break;
	case DISCOVERY_DONE:
		item_found(item);
		break;
	case DISCOVERY_FAILED:
		item_fail(item, discovery_error(item->discovery), discovery_error_text(item->discovery));
		break;
	}
}

/* A NIC that is down is tried like any other: the kernel's answer is the sentence people know. */
static bool item_bind(struct ask_item *item, int family)
{
	const char *netdev = record_text(&item->iface, F_IFACE_NET_IFACENAME);
	struct iface_binding binding;
	char sentence[64 + IFNAMSIZ + 32];
	int error = iface_bind(&item->iface, family, &binding);

	if (!error || (error == -ENETDOWN && *netdev)) {
		snprintf(item->netdev, sizeof(item->netdev), "%s", error ? netdev : binding.netdev);
		return true;
	}
	snprintf(sentence, sizeof(sentence), "its NIC %.32s %s", *netdev ? netdev : record_text(&item->iface, F_IFACE_HWADDRESS),
		 error == -ENETDOWN ? "is down or has no address" : "is not there");
	item_fail(item, ISCSI_ERR_NO_OBJS_FOUND, sentence);
	return false;
}

static const char *own_name(const struct ask_item *item)
{
	const char *name = record_text(&item->iface, F_IFACE_INITIATORNAME);

	return *name ? name : item->ask->initiator_name;
}

static void isns_over(struct isns_call *call, void *data)
{
	struct sendtargets_list list;
	struct ask_item *item = data;

	item->talk = NULL;
	if (isns_call_state(call) != ISNS_CALL_DONE) {
		item_fail(item, isns_call_error(call), isns_call_error_text(call));
		return;
	}
	isns_call_take(call, &list);
	item_answer(item, ISCSI_ERR_SUCCESS, "", &list);
	sendtargets_list_done(&list);
}

/* Servers are asked through whichever NIC leads to them. */
static void isns_start(struct ask_item *item, unsigned int at)
{
	struct ask *ask = item->ask;
	struct isns_call_settings settings = {
		.kind = ISNS_CALL_QUERY,
		.peer = ask->addresses.list[at],
		.peer_length = ask->addresses.len[at],
		.initiator_name = own_name(item),
		.initiator_alias = ask->initiator_alias,
		.timeout_ms = ISNS_TIMEOUT_MS,
	};

	item->talk = isns_talk_start(ask->daemon->loop, &settings, isns_over, item);
	if (!item->talk)
		item_fail(item, ISCSI_ERR_NOMEM, "out of memory");
}

static void sendtargets_start(struct ask_item *item, unsigned int at, const struct discovery_carrier *carrier)
{
	struct ask *ask = item->ask;
	struct discovery_settings *settings = &item->settings;

	discovery_settings_from_record(settings, &ask->record, &ask->secrets);
	settings->login.initiator_name = own_name(item);
	settings->login.initiator_alias = ask->initiator_alias;
	settings->channel.netdev = item->netdev;
	settings->channel.peer = ask->addresses.list[at];
	settings->channel.peer_length = ask->addresses.len[at];
	settings->carrier = carrier;
	if (carrier)
		settings->login.offer.max_recv_data_segment_length = ISCSI_LOGIN_DATA_MAX;
	item->discovery = discovery_new(settings);
	if (!item->discovery || loop_timer_new(ask->daemon->loop, item_expired, item, &item->deadline) < 0)
		item_fail(item, ISCSI_ERR_NOMEM, "out of memory");
	else
		item_step(item);
}

/* ---- through a driver that connects by itself ---- */

static void carried_changed(void *data)
{
	item_step(data);
}

static void item_carry(struct ask_item *item, const struct transports_place *place)
{
	struct ask *ask = item->ask;

	item->carrier_owner = (struct carrier_owner){
		.daemon = ask->daemon,
		.place = *place,
		.initiator_name = own_name(item),
		.auth = &item->settings.login.auth,
		.iface = record_text(&item->iface, F_IFACE_ISCSI_IFACENAME),
		.changed = carried_changed,
		.data = item,
	};
	carrier_fill(&item->carrier_owner, &item->carrier);
	sendtargets_start(item, (unsigned int)(ask->attempt % ask->addresses.count), &item->carrier);
}

static void item_driver_found(const struct transports_place *place, int error, void *data)
{
	struct ask_item *item = data;

	item->query = NULL;
	if (error)
		item_fail(item, ISCSI_ERR_NO_OBJS_FOUND, transports_error_text(error));
	else
		item_carry(item, place);
}

static bool item_has_endpoint(const struct ask_item *item)
{
	const char *name = record_text(&item->iface, F_IFACE_TRANSPORT_NAME);
	const struct transport_row *row = transport_find(*name ? name : "tcp");

	return row && row->flags & TRANSPORT_ENDPOINT;
}

static void item_start(struct ask_item *item)
{
	struct ask *ask = item->ask;
	unsigned int at = (unsigned int)(ask->attempt % ask->addresses.count);
	int r;

	if (ask->record.kind == RECORD_ISNS) {
		isns_start(item, at);
	} else if (item_has_endpoint(item)) {
		r = transports_ask(ask->daemon, &item->iface, item_driver_found, item, &item->query);
		if (r < 0)
			item_fail(item, ISCSI_ERR_NO_OBJS_FOUND, transports_error_text(r));
	} else if (item_bind(item, ask->addresses.list[at].ss_family)) {
		sendtargets_start(item, at, NULL);
	}
}

/* ---- the call ---- */

/* An item may end at once, and with the last one the ask is gone. */
static void ask_each(struct ask *ask, void (*fn)(struct ask_item *item, const char *sentence), const char *sentence)
{
	size_t count = ask->count;

	for (size_t i = 0; i < count; i++)
		fn(&ask->items[i], sentence);
}

static void begin_item(struct ask_item *item, const char *sentence)
{
	item_start(item);
}

static void fail_item(struct ask_item *item, const char *sentence)
{
	item_fail(item, ISCSI_ERR_TRANS, sentence);
}

static void ask_resolved(const struct addresses *addresses, int error, const char *sentence, void *data)
{
	struct ask *ask = data;
	char text[PORTAL_TEXT_MAX + 128];

	ask->resolve = NULL;
	if (!error) {
		ask->addresses = *addresses;
		ask_each(ask, begin_item, NULL);
		return;
	}
	snprintf(text, sizeof(text), "cannot resolve host name %.255s: %.100s",
		 record_text(&ask->record, F_DISCOVERY_SENDTARGETS_ADDRESS), sentence);
	ask_each(ask, fail_item, text);
}

static void ask_begin(struct ask *ask)
{
	struct portal portal = {.tpgt = PORTAL_TPGT_NONE};
	struct addresses addresses;
	int r;

	snprintf(portal.address, sizeof(portal.address), "%s", record_text(&ask->record, F_DISCOVERY_SENDTARGETS_ADDRESS));
	portal.port = (int)record_number(&ask->record, F_DISCOVERY_SENDTARGETS_PORT);
	r = addresses_from_literal(&portal, &addresses);
	if (r == 0)
		ask_resolved(&addresses, 0, "", ask);
	else if (r != -ENOENT || resolve_start(ask->daemon, &portal, ask_resolved, ask, &ask->resolve) < 0)
		ask_resolved(&addresses, -ENOENT, "the address cannot be used", ask);
}

/* Settings of a newer client are passed over. */
static int settings_parse(struct json_object *settings, struct record *record)
{
	if (!json_object_is_type(settings, json_type_object))
		return -EINVAL;
	json_object_object_foreach(settings, name, value)
	{
		enum field field = field_find(record->kind, name);

		if (field == FIELD_NONE)
			continue;
		if (!json_object_is_type(value, json_type_string))
			return -EINVAL;
		int r = record_set(record, field, json_object_get_string(value), ORIGIN_RECORD);

		if (r < 0)
			return r;
	}
	return 0;
}

static int ask_fill(struct ask *ask, struct json_object *settings, struct json_object *ifaces)
{
	const struct initiator *initiator = &ask->daemon->initiator;
	int r = settings_parse(settings, &ask->record);

	if (r == 0 && ask->record.kind == RECORD_SENDTARGETS)
		r = discovery_secrets_take(&ask->secrets, &ask->record);
	for (size_t i = 0; r == 0 && i < ask->count; i++)
		r = settings_parse(json_object_array_get_idx(ifaces, i), &ask->items[i].iface);
	if (r == 0 && initiator->name && !(ask->initiator_name = strdup(initiator->name)))
		r = -ENOMEM;
	if (r == 0 && !(ask->initiator_alias = strdup(initiator->alias ? initiator->alias : "")))
		r = -ENOMEM;
	return r;
}

static struct ask *ask_new(struct daemon *daemon, struct ipc_call *call, enum record_kind kind, size_t count)
{
	struct ask *ask = calloc(1, sizeof(*ask) + count * sizeof(ask->items[0]));

	if (!ask)
		return NULL;
	ask->daemon = daemon;
	ask->call = call;
	ask->count = ask->left = count;
	record_init(&ask->record, kind);
	for (size_t i = 0; i < count; i++) {
		ask->items[i].ask = ask;
		ask->items[i].index = i;
		record_init(&ask->items[i].iface, RECORD_IFACE);
	}
	LIST_INSERT_HEAD(&daemon->asks, ask, entry);
	daemon->asking += (unsigned int)count;
	return ask;
}

static bool is_named(const struct ask *ask)
{
	bool is_named = true;

	for (size_t i = 0; i < ask->count; i++)
		is_named &= ask->initiator_name || *record_text(&ask->items[i].iface, F_IFACE_INITIATORNAME);
	return is_named;
}

static const char *refusal(struct ask *ask, struct json_object *settings, struct json_object *ifaces)
{
	if (ask_fill(ask, settings, ifaces) < 0)
		return "a setting is refused";
	if (!*record_text(&ask->record, F_DISCOVERY_SENDTARGETS_ADDRESS))
		return "discovery.sendtargets.address is missing";
	return is_named(ask) ? NULL : "there is no initiator name: set InitiatorName in " CONFDIR "/initiatorname.iscsi";
}

void ask_verb(struct ipc_call *call, struct json_object *parameters, void *data)
{
	enum record_kind kind;
	struct json_object *settings, *ifaces;
	struct daemon *daemon = data;
	const char *type, *sentence;
	struct ask *ask;
	size_t count;

	if (json_get_text(parameters, "type", &type) < 0 || (strcmp(type, "sendtargets") != 0 && strcmp(type, "isns") != 0)) {
		ipc_error(call, ISCSI_ERR_UNKNOWN_DISCOVERY_TYPE, "type is sendtargets or isns");
		return;
	}
	if (json_get_object(parameters, "settings", &settings) < 0 || json_get_array(parameters, "ifaces", &ifaces) < 0 ||
	    !json_object_array_length(ifaces) || json_object_array_length(ifaces) > ASK_IFACES_MAX) {
		ipc_error(call, ISCSI_ERR_INVAL, "settings or ifaces are missing, or ifaces are too many");
		return;
	}
	count = json_object_array_length(ifaces);
	kind = strcmp(type, "isns") ? RECORD_SENDTARGETS : RECORD_ISNS;
	ask = daemon->asking + count > ASK_UNDER_WAY_MAX ? NULL : ask_new(daemon, call, kind, count);
	if (!ask) {
		ipc_error(call, ISCSI_ERR_BUSY, "too many discoveries are under way");
		return;
	}
	sentence = refusal(ask, settings, ifaces);
	if (sentence) {
		ask_free(ask);
		ipc_error(call, ISCSI_ERR_INVAL, sentence);
		return;
	}
	(void)json_get_number(parameters, "attempt", 0, INT32_MAX, &ask->attempt);
	ipc_call_on_close(call, ask_left, ask);
	ask_begin(ask);
}
