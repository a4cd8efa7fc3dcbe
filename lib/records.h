/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Node and discovery records on top of lib/store: their keys, how a command line matches them, reading and writing them.
 * A key says all that lists and filters need, so listing never reads a value.
 *
 *   STORE_NODE        "target\taddress,port,tpgt\tiface"
 *   STORE_DISCOVERY   "sendtargets\taddress,port", "isns\taddress,port"
 *                     "found\ttarget\taddress,port,tpgt", "declined\ttarget\taddress,port,tpgt\tiface"
 *
 * Which records a discovery made stands in their own fields node.discovery_type, _address and _port.
 */
#ifndef OPENHBA_LIB_RECORDS_H
#define OPENHBA_LIB_RECORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/portal.h"
#include "lib/record.h"
#include "lib/store.h"

#define NODE_TARGET_MAX 254
#define NODE_IFACE_MAX 64
#define NODE_KEY_TEXT_MAX (NODE_TARGET_MAX + PORTAL_TEXT_MAX + NODE_IFACE_MAX + 8)

struct node_key {
	char target[NODE_TARGET_MAX + 1];
	struct portal portal;
	char iface[NODE_IFACE_MAX + 1];
};

#define NODE_FILTER_ADDRESSES 16

/*
 * What -T, -p and -I ask for. NULL target or iface, and has_portal false, match everything. A tpgt is compared with exact_tag only,
 * for what changes records, and where both sides know one.
 */
struct node_filter {
	const char *target;
	bool has_portal, exact_tag;
	struct portal portal;
	const char *iface;
	struct portal addresses[NODE_FILTER_ADDRESSES];	/* what the host name of portal resolved to */
	size_t address_count;
};

/* -EINVAL: not a key of STORE_NODE. */
int node_key_parse(const char *text, struct node_key *ret_key);
void node_key_format(const struct node_key *key, char buffer[NODE_KEY_TEXT_MAX]);
void node_key_of(const struct record *node, struct node_key *ret_key);

/* The target and portal a record is about; the discovery (RECORD_SENDTARGETS or RECORD_ISNS at portal) it comes from. As record_set(). */
int node_set_target(struct record *node, const char *target, const struct portal *portal);
int node_set_source(struct record *node, enum record_kind kind, const struct portal *portal);
const char *node_source_word(enum record_kind kind);	/* node.discovery_type of such records: "send_targets", "isns" */
bool node_is_from(const struct record *node, const char *source_word, const struct portal *portal);

/* Makes a record the one of this key: what the key says is the truth, so that a changed value cannot pose as another. As record_set(). */
int node_set_key(struct record *node, const struct node_key *key);

bool node_filter_matches(const struct node_filter *filter, const struct node_key *key);

/* Does anything restrict the filter? */
bool node_filter_is_set(const struct node_filter *filter);

/*
 * A host name in the filter is looked up (getaddrinfo) if nothing in the store in folder dir goes by that name.
 * Asks the network, so it must not be called inside a transaction. A name that does not resolve matches nothing.
 */
int node_filter_resolve(struct node_filter *filter, const char *dir);

/* Calls fn for each matching key, by target, then portal, then iface. Nonzero ends the walk and is its result. */
typedef int node_each_fn(struct store *store, const struct node_key *key, void *data);
int node_each(struct store *store, const struct node_filter *filter, node_each_fn *fn, void *data);

/* Reads a record; it is initialised on success only. -ENOENT. Lines it does not know are passed over. */
int node_load(struct store *store, const struct node_key *key, struct record *ret_node);

bool node_exists(struct store *store, const struct node_key *key);

/*
 * Writes a record under its key. A record of the same target, address, port and iface goes away if one of the two has an
 * unknown tpgt: a portal belongs to one portal group.
 */
int node_save(struct store *store, const struct record *node);
int node_remove(struct store *store, const struct node_key *key);

/* Discovery records; kind is RECORD_SENDTARGETS or RECORD_ISNS, only address and port of portal count. */
int discovery_load(struct store *store, enum record_kind kind, const struct portal *portal, struct record *ret_record);
int discovery_save(struct store *store, const struct record *record);
int discovery_remove(struct store *store, enum record_kind kind, const struct portal *portal);

/* Calls fn for each discovery record of this kind, sorted by address. */
typedef int discovery_each_fn(struct store *store, const struct portal *portal, void *data);
int discovery_each(struct store *store, enum record_kind kind, discovery_each_fn *fn, void *data);

/*
 * Portals that a discovery reported while there were ifaces that bind themselves (iface/plan.h), whether one could reach them or not:
 * what a record for an iface that comes later is made from. found_save() takes the settings of a node record, whatever its iface.
 * They go with the discovery record, and when the last record of the portal is removed by hand.
 */
typedef int found_each_fn(struct store *store, const struct node_key *key, void *data);	/* key->iface is "" */
int found_each(struct store *store, const struct node_filter *filter, found_each_fn *fn, void *data);
int found_load(struct store *store, const struct node_key *key, struct record *ret_node);
int found_save(struct store *store, const struct record *node);
int found_remove(struct store *store, const struct node_key *key);	/* -ENOENT */

/*
 * Bindings an administrator removed while others of the portal stayed: the plan leaves them alone. node_save() of such a record, by
 * hand or by a discovery, takes the mark away.
 */
#define DECLINED_PREFIX "declined\t"
int declined_save(struct store *store, const struct node_key *key);
bool declined_exists(struct store *store, const struct node_key *key);
int declined_remove(struct store *store, const struct node_key *key);	/* -ENOENT */
bool declined_key_is(const char *text);		/* does this key of STORE_DISCOVERY belong to such a mark? */
int declined_key_parse(const char *text, struct node_key *ret_key);	/* -EINVAL */

bool found_exists(struct store *store, const struct node_key *key);
bool found_key_is(const char *text);	/* does this key of STORE_DISCOVERY belong to a found portal? */
int found_key_parse(const char *text, struct node_key *ret_key);	/* -EINVAL; iface is "" */

#endif
