/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Keys and matching of node and discovery records. Called by all modes that work on records; never decides what to do with
 * them, never prints. The database is hostile input: a key or value that does not parse is an error of that row alone.
 */
#include "lib/records.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int parse_port(const char *text, char end, long min, long max, int *ret_number)
{
	char *stop;
	long number = strtol(text, &stop, 10);

	if (stop == text || *stop != end || number < min || number > max)
		return -EINVAL;
	*ret_number = (int)number;
	return (int)(stop - text);
}

static int take_part(const char *text, char end, char *buffer, size_t size)
{
	const char *stop = strchr(text, end);
	size_t len = stop ? (size_t)(stop - text) : 0;

	if (!stop || !len || len >= size)
		return -EINVAL;
	memcpy(buffer, text, len);
	buffer[len] = '\0';
	return (int)len + 1;
}

/* "target\taddress,port,tpgt", up to end; returns the bytes before it. */
static int take_place(const char *text, char end, struct node_key *ret_key)
{
	const char *start = text;
	int used = take_part(text, '\t', ret_key->target, sizeof(ret_key->target));

	if (used < 0)
		return used;
	text += used;
	used = take_part(text, ',', ret_key->portal.address, sizeof(ret_key->portal.address));
	if (used < 0)
		return used;
	text += used;
	used = parse_port(text, ',', 1, 65535, &ret_key->portal.port);
	if (used < 0)
		return used;
	text += used + 1;
	used = parse_port(text, end, -1, 65535, &ret_key->portal.tpgt);
	return used < 0 ? used : (int)(text - start) + used;
}

int node_key_parse(const char *text, struct node_key *ret_key)
{
	int used = take_place(text, '\t', ret_key);

	if (used < 0)
		return used;
	text += used + 1;
	if (!*text || strlen(text) > NODE_IFACE_MAX || strchr(text, '\t'))
		return -EINVAL;
	memcpy(ret_key->iface, text, strlen(text) + 1);
	return 0;
}

void node_key_format(const struct node_key *key, char buffer[NODE_KEY_TEXT_MAX])
{
	snprintf(buffer, NODE_KEY_TEXT_MAX, "%s\t%s,%d,%d\t%s", key->target, key->portal.address, key->portal.port,
		 key->portal.tpgt, key->iface);
}

void node_key_of(const struct record *node, struct node_key *ret_key)
{
	const char *iface = record_text(node, F_IFACE_ISCSI_IFACENAME);

	snprintf(ret_key->target, sizeof(ret_key->target), "%s", record_text(node, F_NODE_NAME));
	snprintf(ret_key->portal.address, sizeof(ret_key->portal.address), "%s", record_text(node, F_NODE_CONN_ADDRESS));
	ret_key->portal.port = (int)record_number(node, F_NODE_CONN_PORT);
	ret_key->portal.tpgt = (int)record_number(node, F_NODE_TPGT);
	snprintf(ret_key->iface, sizeof(ret_key->iface), "%s", *iface ? iface : "default");
}

static bool portal_matches(const struct node_filter *filter, const struct portal *portal)
{
	if (portal_equal(&filter->portal, portal))
		return true;
	for (size_t i = 0; i < filter->address_count; i++)
		if (portal_equal(&filter->addresses[i], portal))
			return true;
	return false;
}

static bool tag_matches(const struct node_filter *filter, int tpgt)
{
	return !filter->exact_tag || filter->portal.tpgt == PORTAL_TPGT_NONE || tpgt == PORTAL_TPGT_NONE || filter->portal.tpgt == tpgt;
}

bool node_filter_matches(const struct node_filter *filter, const struct node_key *key)
{
	return (!filter->target || !strcmp(filter->target, key->target)) &&
	       (!filter->iface || !strcmp(filter->iface, key->iface)) &&
	       (!filter->has_portal || (portal_matches(filter, &key->portal) && tag_matches(filter, key->portal.tpgt)));
}

bool node_filter_is_set(const struct node_filter *filter)
{
	return filter->target || filter->has_portal || filter->iface;
}

static bool is_literal(const struct portal *portal)
{
	struct sockaddr_storage address;
	socklen_t len;

	return !portal_sockaddr(portal, &address, &len);
}

static int found_one(struct store *store, const struct node_key *key, void *data)
{
	return 1;
}

static void look_up(struct node_filter *filter)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list, *one;

	if (getaddrinfo(filter->portal.address, NULL, &hints, &list))
		return;
	for (one = list; one && filter->address_count < NODE_FILTER_ADDRESSES; one = one->ai_next) {
		struct portal *portal = &filter->addresses[filter->address_count];

		*portal = filter->portal;
		if (!getnameinfo(one->ai_addr, one->ai_addrlen, portal->address, sizeof(portal->address), NULL, 0, NI_NUMERICHOST))
			filter->address_count++;
	}
	freeaddrinfo(list);
}

int node_filter_resolve(struct node_filter *filter, const char *dir)
{
	struct store *store;
	int result;

	if (!filter->has_portal || is_literal(&filter->portal))
		return 0;
	result = store_begin(dir, STORE_READ, &store);
	if (result)
		return result;
	result = node_each(store, filter, found_one, NULL);
	store_drop(store);
	if (!result)
		look_up(filter);
	return result < 0 ? result : 0;
}

struct node_walk {
	const struct node_filter *filter;
	node_each_fn *fn;
	void *data;
};

static int walk_node(struct store *store, const char *text, void *data)
{
	struct node_walk *walk = data;
	struct node_key key;

	if (node_key_parse(text, &key) || !node_filter_matches(walk->filter, &key))
		return 0;
	return walk->fn(store, &key, walk->data);
}

int node_each(struct store *store, const struct node_filter *filter, node_each_fn *fn, void *data)
{
	struct node_walk walk = { filter, fn, data };
	char prefix[NODE_TARGET_MAX + 2] = "";

	if (filter->target) {
		if (!*filter->target || strlen(filter->target) > NODE_TARGET_MAX)
			return 0;
		snprintf(prefix, sizeof(prefix), "%s\t", filter->target);
	}
	return store_each(store, STORE_NODE, prefix, walk_node, &walk);
}

static int load(struct store *store, enum store_table table, const char *key, enum record_kind kind, struct record *ret_record)
{
	size_t len;
	char *value;
	int error = store_get(store, table, key, &value, &len);

	if (error)
		return error;
	record_init(ret_record, kind);
	error = record_parse(ret_record, value, len, ORIGIN_RECORD, NULL, NULL);
	explicit_bzero(value, len);
	free(value);
	if (error)
		record_done(ret_record);
	return error;
}

static int save(struct store *store, enum store_table table, const char *key, const struct record *record)
{
	struct text text = { 0 };
	int error = -ENOMEM;

	record_format(record, RECORD_STORED, &text);
	if (!text.failed)
		error = store_put(store, table, key, text.data ? text.data : "", text.len);
	text_done(&text);
	return error;
}

int node_set_target(struct record *node, const char *target, const struct portal *portal)
{
	int error = record_set(node, F_NODE_NAME, target, ORIGIN_RECORD);

	if (!error)
		error = record_set(node, F_NODE_CONN_ADDRESS, portal->address, ORIGIN_RECORD);
	if (!error)
		error = record_set_number(node, F_NODE_CONN_PORT, portal->port, ORIGIN_RECORD);
	return error ? error : record_set_number(node, F_NODE_TPGT, portal->tpgt, ORIGIN_RECORD);
}

int node_set_key(struct record *node, const struct node_key *key)
{
	int error = node_set_target(node, key->target, &key->portal);

	return error ? error : record_set(node, F_IFACE_ISCSI_IFACENAME, key->iface, ORIGIN_RECORD);
}

const char *node_source_word(enum record_kind kind)
{
	return kind == RECORD_ISNS ? "isns" : "send_targets";
}

bool node_is_from(const struct record *node, const char *source_word, const struct portal *portal)
{
	return record_is(node, F_NODE_DISCOVERY_TYPE, source_word) &&
	       !strcmp(record_text(node, F_NODE_DISCOVERY_ADDRESS), portal->address) &&
	       record_number(node, F_NODE_DISCOVERY_PORT) == portal->port;
}

int node_set_source(struct record *node, enum record_kind kind, const struct portal *portal)
{
	int error = record_set(node, F_NODE_DISCOVERY_TYPE, node_source_word(kind), ORIGIN_RECORD);

	if (!error)
		error = record_set(node, F_NODE_DISCOVERY_ADDRESS, portal->address, ORIGIN_RECORD);
	return error ? error : record_set_number(node, F_NODE_DISCOVERY_PORT, portal->port, ORIGIN_RECORD);
}

int node_load(struct store *store, const struct node_key *key, struct record *ret_node)
{
	char text[NODE_KEY_TEXT_MAX];
	int error;

	node_key_format(key, text);
	error = load(store, STORE_NODE, text, RECORD_NODE, ret_node);
	if (error)
		return error;
	error = node_set_key(ret_node, key);
	if (error)
		record_done(ret_node);
	return error;
}

bool node_exists(struct store *store, const struct node_key *key)
{
	char text[NODE_KEY_TEXT_MAX];

	node_key_format(key, text);
	return !store_get(store, STORE_NODE, text, NULL, NULL);
}

static int drop_known_group(struct store *store, const struct node_key *key, void *data)
{
	const struct node_key *kept = data;

	if (key->portal.tpgt == PORTAL_TPGT_NONE || strcmp(key->portal.address, kept->portal.address))
		return 0;
	return node_remove(store, key);
}

/* A known tpgt has just one twin to look for; only a record made by hand without one costs a walk over the keys. */
static int save_alone(struct store *store, const struct node_key *key)
{
	struct node_filter filter = { .target = key->target, .has_portal = true, .portal = key->portal, .iface = key->iface };
	struct node_key twin = *key;
	int error;

	if (key->portal.tpgt == PORTAL_TPGT_NONE)
		return node_each(store, &filter, drop_known_group, &twin);
	twin.portal.tpgt = PORTAL_TPGT_NONE;
	error = node_remove(store, &twin);
	return error == -ENOENT ? 0 : error;
}

int node_save(struct store *store, const struct record *node)
{
	char text[NODE_KEY_TEXT_MAX];
	struct node_key key;
	int error;

	node_key_of(node, &key);
	node_key_format(&key, text);
	error = store_get(store, STORE_NODE, text, NULL, NULL);
	if (error == -ENOENT)
		error = save_alone(store, &key);
	if (!error)
		error = declined_remove(store, &key);
	return error && error != -ENOENT ? error : save(store, STORE_NODE, text, node);
}

int node_remove(struct store *store, const struct node_key *key)
{
	char text[NODE_KEY_TEXT_MAX];

	node_key_format(key, text);
	return store_delete(store, STORE_NODE, text);
}

#define DISCOVERY_KEY_MAX (PORTAL_TEXT_MAX + 16)

static void discovery_key(enum record_kind kind, const char *address, int port, char key[DISCOVERY_KEY_MAX])
{
	snprintf(key, DISCOVERY_KEY_MAX, "%s\t%s,%d", kind == RECORD_ISNS ? "isns" : "sendtargets", address, port);
}

int discovery_load(struct store *store, enum record_kind kind, const struct portal *portal, struct record *ret_record)
{
	char key[DISCOVERY_KEY_MAX];

	discovery_key(kind, portal->address, portal->port, key);
	return load(store, STORE_DISCOVERY, key, kind, ret_record);
}

int discovery_save(struct store *store, const struct record *record)
{
	bool isns = record->kind == RECORD_ISNS;
	enum field address = isns ? F_DISCOVERY_ISNS_ADDRESS : F_DISCOVERY_SENDTARGETS_ADDRESS;
	enum field port = isns ? F_DISCOVERY_ISNS_PORT : F_DISCOVERY_SENDTARGETS_PORT;
	char key[DISCOVERY_KEY_MAX];

	discovery_key(record->kind, record_text(record, address), (int)record_number(record, port), key);
	return save(store, STORE_DISCOVERY, key, record);
}

int discovery_remove(struct store *store, enum record_kind kind, const struct portal *portal)
{
	char key[DISCOVERY_KEY_MAX];

	discovery_key(kind, portal->address, portal->port, key);
	return store_delete(store, STORE_DISCOVERY, key);
}

struct discovery_walk {
	size_t prefix_len;
	discovery_each_fn *fn;
	void *data;
};

static int walk_discovery(struct store *store, const char *text, void *data)
{
	struct discovery_walk *walk = data;
	struct portal portal = { .tpgt = PORTAL_TPGT_NONE };
	int used = take_part(text + walk->prefix_len, ',', portal.address, sizeof(portal.address));

	if (used < 0 || parse_port(text + walk->prefix_len + used, '\0', 1, 65535, &portal.port) < 0)
		return 0;
	return walk->fn(store, &portal, walk->data);
}

int discovery_each(struct store *store, enum record_kind kind, discovery_each_fn *fn, void *data)
{
	const char *prefix = kind == RECORD_ISNS ? "isns\t" : "sendtargets\t";
	struct discovery_walk walk = { strlen(prefix), fn, data };

	return store_each(store, STORE_DISCOVERY, prefix, walk_discovery, &walk);
}

/* ---- found portals ---- */

#define FOUND_PREFIX "found\t"
#define FOUND_KEY_MAX (sizeof(FOUND_PREFIX) + NODE_KEY_TEXT_MAX)

static void found_key_format(const struct node_key *key, char text[FOUND_KEY_MAX])
{
	snprintf(text, FOUND_KEY_MAX, FOUND_PREFIX "%s\t%s,%d,%d", key->target, key->portal.address, key->portal.port, key->portal.tpgt);
}

bool found_key_is(const char *text)
{
	return !strncmp(text, FOUND_PREFIX, strlen(FOUND_PREFIX));
}

int found_key_parse(const char *text, struct node_key *ret_key)
{
	int used;

	if (!found_key_is(text))
		return -EINVAL;
	used = take_place(text + strlen(FOUND_PREFIX), '\0', ret_key);
	ret_key->iface[0] = '\0';
	return used < 0 ? used : 0;
}

static int walk_found(struct store *store, const char *text, void *data)
{
	struct node_walk *walk = data;
	struct node_key key;

	if (found_key_parse(text, &key) || !node_filter_matches(walk->filter, &key))
		return 0;
	return walk->fn(store, &key, walk->data);
}

int found_each(struct store *store, const struct node_filter *filter, found_each_fn *fn, void *data)
{
	struct node_filter portals = *filter;
	struct node_walk walk = { &portals, fn, data };
	char prefix[sizeof(FOUND_PREFIX) + NODE_TARGET_MAX + 2] = FOUND_PREFIX;

	portals.iface = NULL;
	if (filter->target) {
		if (!*filter->target || strlen(filter->target) > NODE_TARGET_MAX)
			return 0;
		snprintf(prefix, sizeof(prefix), FOUND_PREFIX "%s\t", filter->target);
	}
	return store_each(store, STORE_DISCOVERY, prefix, walk_found, &walk);
}

/* No iface at all: every iface setting is its default. */
static int forget_iface(struct record *node)
{
	struct record none;
	int error;

	record_init(&none, RECORD_IFACE);
	error = record_copy_iface(node, &none);
	record_done(&none);
	return error;
}

int found_load(struct store *store, const struct node_key *key, struct record *ret_node)
{
	char text[FOUND_KEY_MAX];
	int error;

	found_key_format(key, text);
	error = load(store, STORE_DISCOVERY, text, RECORD_NODE, ret_node);
	if (error)
		return error;
	error = forget_iface(ret_node);
	if (!error)
		error = node_set_target(ret_node, key->target, &key->portal);
	if (error)
		record_done(ret_node);
	return error;
}

int found_save(struct store *store, const struct record *node)
{
	char text[FOUND_KEY_MAX];
	struct node_key key, twin;
	struct record copy;
	int error = record_copy(&copy, node);

	if (error)
		return error;
	error = forget_iface(&copy);
	node_key_of(&copy, &key);
	found_key_format(&key, text);
	if (!error)
		error = save(store, STORE_DISCOVERY, text, &copy);
	record_done(&copy);
	if (error || key.portal.tpgt == PORTAL_TPGT_NONE)
		return error;
	twin = key;
	twin.portal.tpgt = PORTAL_TPGT_NONE;
	error = found_remove(store, &twin);
	return error == -ENOENT ? 0 : error;
}

bool found_exists(struct store *store, const struct node_key *key)
{
	char text[FOUND_KEY_MAX];

	found_key_format(key, text);
	return !store_get(store, STORE_DISCOVERY, text, NULL, NULL);
}

int found_remove(struct store *store, const struct node_key *key)
{
	char text[FOUND_KEY_MAX];

	found_key_format(key, text);
	return store_delete(store, STORE_DISCOVERY, text);
}

/* ---- bindings that were taken back ---- */

#define DECLINED_KEY_MAX (sizeof(DECLINED_PREFIX) + NODE_KEY_TEXT_MAX)

static void declined_key_format(const struct node_key *key, char text[DECLINED_KEY_MAX])
{
	char node[NODE_KEY_TEXT_MAX];

	node_key_format(key, node);
	snprintf(text, DECLINED_KEY_MAX, DECLINED_PREFIX "%s", node);
}

bool declined_key_is(const char *text)
{
	return !strncmp(text, DECLINED_PREFIX, strlen(DECLINED_PREFIX));
}

int declined_key_parse(const char *text, struct node_key *ret_key)
{
	return declined_key_is(text) ? node_key_parse(text + strlen(DECLINED_PREFIX), ret_key) : -EINVAL;
}

int declined_save(struct store *store, const struct node_key *key)
{
	char text[DECLINED_KEY_MAX];

	declined_key_format(key, text);
	return store_put(store, STORE_DISCOVERY, text, "", 0);
}

bool declined_exists(struct store *store, const struct node_key *key)
{
	char text[DECLINED_KEY_MAX];

	declined_key_format(key, text);
	return !store_get(store, STORE_DISCOVERY, text, NULL, NULL);
}

int declined_remove(struct store *store, const struct node_key *key)
{
	char text[DECLINED_KEY_MAX];

	declined_key_format(key, text);
	return store_delete(store, STORE_DISCOVERY, text);
}
