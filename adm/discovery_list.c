/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The listings of discovery mode: scripts cut the lines at blanks and look for the section words. Which discovery a node
 * record belongs to is read from the record itself, all of them once.
 */
#include "adm/discovery_list.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adm/emit.h"
#include "adm/objects.h"
#include "adm/print.h"
#include "adm/tree.h"

/* Where a node record came from. */
struct origin_node {
	struct node_key key;
	char type[32];
	char address[PORTAL_ADDRESS_MAX + 1];
	int port;
};

struct listing {
	struct adm *adm;
	struct origin_node *nodes;
	size_t count, size;
	const char *type;	/* of the section being printed */
	const char *kind;	/* "sendtargets", "isns" */
	size_t printed;
};

static int keep_origin(struct store *store, const struct node_key *key, void *data)
{
	struct listing *listing = data;
	struct origin_node *node;
	struct record record;
	int error;

	if (listing->count == listing->size) {
		size_t size = listing->size ? 2 * listing->size : 64;
		struct origin_node *nodes = reallocarray(listing->nodes, size, sizeof(*nodes));

		if (!nodes)
			return -ENOMEM;
		listing->nodes = nodes;
		listing->size = size;
	}
	error = node_load(store, key, &record);
	if (error)
		return error;
	node = &listing->nodes[listing->count++];
	node->key = *key;
	node->port = (int)record_number(&record, F_NODE_DISCOVERY_PORT);
	snprintf(node->type, sizeof(node->type), "%s", record_text(&record, F_NODE_DISCOVERY_TYPE));
	snprintf(node->address, sizeof(node->address), "%s", record_text(&record, F_NODE_DISCOVERY_ADDRESS));
	record_done(&record);
	return 0;
}

/* portal NULL: of the type, whatever the source. */
static bool is_from(const struct origin_node *node, const char *type, const struct portal *portal)
{
	return !strcmp(node->type, type) && (!portal || (!strcmp(node->address, portal->address) && node->port == portal->port));
}

static void print_nodes(struct listing *listing, const struct portal *portal)
{
	const struct node_key *before = NULL;

	for (size_t i = 0; i < listing->count; i++) {
		const struct origin_node *node = &listing->nodes[i];

		if (!is_from(node, listing->type, portal))
			continue;
		tree_node(before, &node->key, false);
		before = &node->key;
		listing->printed++;
	}
}

static int print_source(struct store *store, const struct portal *portal, void *data)
{
	struct listing *listing = data;

	print_line("DiscoveryAddress: %s,%d", portal->address, portal->port);
	print_nodes(listing, portal);
	listing->printed++;
	return 0;
}

/* Returns 1 if something was printed below the heading. */
static int print_section(struct listing *listing, struct store *store, const char *heading, const char *type, int kind)
{
	int error = 0;

	listing->type = type;
	listing->printed = 0;
	print_line("%s", heading);
	if (kind < 0)
		print_nodes(listing, NULL);
	else
		error = discovery_each(store, (enum record_kind)kind, print_source, listing);
	if (!listing->printed)
		print_line("No targets found.");
	return error ? error : listing->printed > 0;
}

static int print_sections(struct store *store)
{
	static const struct {
		const char *heading, *type;
		int kind;
	} sections[] = {
		{ "SENDTARGETS:", "send_targets", RECORD_SENDTARGETS },
		{ "iSNS:", "isns", RECORD_ISNS },
		{ "STATIC:", "static", -1 },
		{ "FIRMWARE:", "fw", -1 },
	};
	static const struct node_filter everything;
	struct listing listing = { 0 };
	int found = 0, result = node_each(store, &everything, keep_origin, &listing);

	for (size_t i = 0; result >= 0 && i < sizeof(sections) / sizeof(sections[0]); i++) {
		result = print_section(&listing, store, sections[i].heading, sections[i].type, sections[i].kind);
		found |= result > 0;
	}
	free(listing.nodes);
	return result < 0 ? result : found;
}

static int print_record_line(struct store *store, const struct portal *portal, void *data)
{
	struct listing *listing = data;

	print_line("%s:%d via %s", portal->address, portal->port, listing->kind);
	listing->printed++;
	return 0;
}

static int print_lines(struct store *store)
{
	struct listing listing = { .kind = "sendtargets" };
	int error = discovery_each(store, RECORD_SENDTARGETS, print_record_line, &listing);

	listing.kind = "isns";
	if (!error)
		error = discovery_each(store, RECORD_ISNS, print_record_line, &listing);
	return error ? error : listing.printed > 0;
}

static struct json_object *bindings_of(const struct listing *listing, const struct portal *portal)
{
	struct json_object *list = emit_list();

	for (size_t i = 0; i < listing->count; i++)
		if (is_from(&listing->nodes[i], listing->type, portal))
			emit_append(list, object_binding(&listing->nodes[i].key));
	return list;
}

/* nodes NULL: not asked for. */
static void emit_record(struct adm *adm, const char *method, const struct portal *portal, struct record *record,
			struct json_object *nodes)
{
	struct json_object *object = emit_new("discovery");

	emit_text(object, "method", method);
	emit_add(object, "portal", portal ? object_portal(portal->address, portal->port, -1) : NULL);
	object_add_settings(adm, object, record);
	emit_add(object, "nodes", nodes);
	emit(object);
}

void discovery_emit_record(struct adm *adm, struct record *discovery)
{
	bool isns = discovery->kind == RECORD_ISNS;
	struct portal portal = { 0 };

	snprintf(portal.address, sizeof(portal.address), "%s",
		 record_text(discovery, isns ? F_DISCOVERY_ISNS_ADDRESS : F_DISCOVERY_SENDTARGETS_ADDRESS));
	portal.port = (int)record_number(discovery, isns ? F_DISCOVERY_ISNS_PORT : F_DISCOVERY_SENDTARGETS_PORT);
	emit_record(adm, isns ? "isns" : "sendtargets", &portal, discovery, NULL);
}

static int emit_source(struct store *store, const struct portal *portal, void *data)
{
	struct listing *listing = data;
	long level = listing->adm->args->number[OPTION_PRINT];
	bool isns = !strcmp(listing->kind, "isns");
	struct record record;
	int error = level < 0 ? discovery_load(store, isns ? RECORD_ISNS : RECORD_SENDTARGETS, portal, &record) : 0;

	if (error)
		return error;
	emit_record(listing->adm, listing->kind, portal, level < 0 ? &record : NULL, level ? bindings_of(listing, portal) : NULL);
	if (level < 0)
		record_done(&record);
	listing->printed++;
	return 0;
}

/* Records that no discovery record stands for. */
static void emit_sourceless(struct listing *listing, const char *type)
{
	struct json_object *nodes;

	listing->type = type;
	nodes = bindings_of(listing, NULL);
	if (json_object_array_length(nodes)) {
		emit_record(listing->adm, type, NULL, NULL, nodes);
		listing->printed++;
	} else {
		json_object_put(nodes);
	}
}

static int emit_records(struct adm *adm, struct store *store)
{
	static const struct node_filter everything;
	struct listing listing = { .adm = adm, .type = "send_targets", .kind = "sendtargets" };
	int error = adm->args->number[OPTION_PRINT] ? node_each(store, &everything, keep_origin, &listing) : 0;

	if (!error)
		error = discovery_each(store, RECORD_SENDTARGETS, emit_source, &listing);
	listing.type = listing.kind = "isns";
	if (!error)
		error = discovery_each(store, RECORD_ISNS, emit_source, &listing);
	if (!error) {
		emit_sourceless(&listing, "static");
		emit_sourceless(&listing, "fw");
	}
	free(listing.nodes);
	return error ? error : listing.printed > 0;
}

static int list_in(struct adm *adm, struct store *store)
{
	if (emit_wanted())
		return emit_records(adm, store);
	return adm->args->number[OPTION_PRINT] < 1 ? print_lines(store) : print_sections(store);
}

enum iscsi_err discovery_list_records(struct adm *adm)
{
	struct store *store;
	enum iscsi_err err = adm_store_begin(adm, STORE_READ, &store);
	int result;

	if (err != ISCSI_ERR_SUCCESS)
		return err;
	result = list_in(adm, store);
	store_drop(store);
	if (result < 0)
		return adm_store_error(result);
	return result ? ISCSI_ERR_SUCCESS : ISCSI_ERR_NO_OBJS_FOUND;
}

/* One answer, with its place in the order of all answers. */
struct found {
	const struct sendtargets_entry *entry;
	const char *iface;	/* NULL: none is bound to it */
	const char *stored;	/* what became of its record; NULL: nothing is stored */
	size_t place, group;
};

static int by_portal(const void *left, const void *right)
{
	const struct found *a = left, *b = right;
	int order = strcmp(a->entry->target_name, b->entry->target_name);

	if (!order)
		order = strcmp(a->entry->portal.address, b->entry->portal.address);
	if (!order)
		order = a->entry->portal.port - b->entry->portal.port;
	if (!order)
		order = a->entry->portal.tpgt - b->entry->portal.tpgt;
	return order ? order : (a->place > b->place) - (a->place < b->place);
}

static int by_group(const void *left, const void *right)
{
	const struct found *a = left, *b = right;

	if (a->group != b->group)
		return a->group < b->group ? -1 : 1;
	return (a->place > b->place) - (a->place < b->place);
}

static bool same_portal(const struct sendtargets_entry *a, const struct sendtargets_entry *b)
{
	return !strcmp(a->target_name, b->target_name) && !strcmp(a->portal.address, b->portal.address) &&
	       a->portal.port == b->portal.port && a->portal.tpgt == b->portal.tpgt;
}

/* Ifaces of one portal come together, portals stay in the order in which they were first reported. */
static void group(struct found *found, size_t count)
{
	qsort(found, count, sizeof(*found), by_portal);
	for (size_t i = 0; i < count; i++)
		found[i].group = i && same_portal(found[i].entry, found[i - 1].entry) ? found[i - 1].group : found[i].place;
	qsort(found, count, sizeof(*found), by_group);
}

static void print_found_tree(struct found *found, size_t count)
{
	struct node_key keys[2] = { 0 };

	group(found, count);
	for (size_t i = 0; i < count; i++) {
		struct node_key *key = &keys[i & 1];

		snprintf(key->target, sizeof(key->target), "%s", found[i].entry->target_name);
		snprintf(key->iface, sizeof(key->iface), "%s", found[i].iface ? found[i].iface : "");
		key->portal = found[i].entry->portal;
		tree_node(i ? &keys[!(i & 1)] : NULL, key, false);
	}
}

static void emit_found(const struct found *found)
{
	const struct portal *portal = &found->entry->portal;
	struct json_object *object = emit_new("found");

	emit_text(object, "target", found->entry->target_name);
	emit_add(object, "portal", object_portal(portal->address, portal->port, portal->tpgt));
	emit_text(object, "iface", found->iface);
	emit_text(object, "stored", found->stored);
	emit(object);
}

/* Portals that no iface is bound to come last; their lines say that the target is there. */
static size_t fill_unbound(const struct sendtargets_runs *runs, struct found *found, size_t count)
{
	for (size_t i = 0; i < runs->unbound.count; i++, count++)
		if (found)
			found[count] = (struct found){ .entry = &runs->unbound.entries[i], .place = count };
	return count;
}

static size_t fill(const struct sendtargets_runs *runs, struct found *found)
{
	static const char *const words[] = { [STORED_KEPT] = "kept", [STORED_NEW] = "new", [STORED_UPDATED] = "update" };
	size_t count = 0;

	for (size_t r = 0; r < runs->count; r++) {
		const struct sendtargets_run *run = &runs->runs[r];

		for (size_t i = 0; i < run->list.count; i++, count++) {
			if (!found)
				continue;
			found[count] = (struct found){ .entry = &run->list.entries[i], .place = count,
						       .iface = record_text(&run->iface, F_IFACE_ISCSI_IFACENAME),
						       .stored = run->stored ? words[run->stored[i]] : NULL };
		}
	}
	return fill_unbound(runs, found, count);
}

void discovery_list_found(const struct sendtargets_runs *runs, long level)
{
	size_t count = fill(runs, NULL);
	struct found *found = calloc(count + 1, sizeof(*found));
	char portal[PORTAL_TEXT_MAX];

	if (!found) {
		print_problem("%s", iscsi_err_text(ISCSI_ERR_NOMEM));
		return;
	}
	fill(runs, found);
	for (size_t i = 0; emit_wanted() && i < count; i++)
		emit_found(&found[i]);
	if (level >= 1)
		print_found_tree(found, count);
	for (size_t i = 0; level < 1 && i < count; i++) {
		const struct portal *at = &found[i].entry->portal;

		print_line("%s %s", print_portal(at->address, at->port, at->tpgt & 0xffff, portal), found[i].entry->target_name);
	}
	free(found);
}
