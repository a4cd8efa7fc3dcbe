/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Keeps the found portals true: a discovery renews those of its own source, an administrator's removals and changes of node records
 * reach them too. Called inside write transactions of iscsiadm and iscsid; never begins or ends one.
 */
#include "lib/found.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- sets of portals ---- */

/* Keys whose target, address and port are compared; a portal belongs to one group. */
struct places {
	struct node_key *list;
	size_t count, size;
};

static int add_place(struct places *places, const struct node_key *key)
{
	if (places->count == places->size) {
		size_t size = places->size ? 2 * places->size : 64;
		struct node_key *grown = reallocarray(places->list, size, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		places->list = grown;
		places->size = size;
	}
	places->list[places->count++] = *key;
	return 0;
}

static int add_key(struct store *store, const struct node_key *key, void *data)
{
	return add_place(data, key);
}

static int by_place(const void *left, const void *right)
{
	const struct node_key *a = left, *b = right;
	int order = strcmp(a->target, b->target);

	if (!order)
		order = strcmp(a->portal.address, b->portal.address);
	return order ? order : a->portal.port - b->portal.port;
}

static void sort_places(struct places *places)
{
	if (places->count)
		qsort(places->list, places->count, sizeof(*places->list), by_place);
}

static bool has_place(const struct places *places, const struct node_key *key)
{
	return places->count && bsearch(key, places->list, places->count, sizeof(*places->list), by_place);
}

/* ---- marks that have lost their meaning ---- */

static int stop(struct store *store, const struct node_key *key, void *data)
{
	return 1;
}

static int prune_mark(struct store *store, const char *text, void *data)
{
	struct node_filter filter = { .has_portal = true };
	struct node_key key;
	int result;

	if (declined_key_parse(text, &key) || found_exists(store, &key))
		return 0;
	filter.target = key.target;
	filter.portal = key.portal;
	result = node_each(store, &filter, stop, NULL);
	return result ? result < 0 ? result : 0 : declined_remove(store, &key);
}

static int prune_marks(struct store *store)
{
	return store_each(store, STORE_DISCOVERY, DECLINED_PREFIX, prune_mark, NULL);
}

/* ---- discoveries ---- */

struct drop {
	const struct places *kept;
	const char *type;
	struct portal source;
	size_t dropped;
};

static int drop_one(struct store *store, const struct node_key *key, void *data)
{
	struct drop *drop = data;
	struct record node;
	bool is_ours;
	int error;

	if (has_place(drop->kept, key))
		return 0;
	error = found_load(store, key, &node);
	if (error)
		return error;
	is_ours = node_is_from(&node, drop->type, &drop->source);
	record_done(&node);
	drop->dropped += is_ours;
	return is_ours ? found_remove(store, key) : 0;
}

static int drop_all(struct store *store, struct drop *drop)
{
	static const struct node_filter everything;
	int error = found_each(store, &everything, drop_one, drop);

	return error || !drop->dropped ? error : prune_marks(store);
}

static int renew_one(struct store *store, struct record *node, const struct sendtargets_entry *entry, unsigned int what)
{
	struct node_key key = { .portal = entry->portal };
	int error;

	strncpy(key.target, entry->target_name, sizeof(key.target) - 1);
	if (!(what & (found_exists(store, &key) ? FOUND_UPDATE : FOUND_NEW)))
		return 0;
	error = node_set_target(node, entry->target_name, &entry->portal);
	return error ? error : found_save(store, node);
}

static int take_places(const struct sendtargets_list *list, struct places *places)
{
	int error = 0;

	for (size_t i = 0; !error && i < list->count; i++) {
		struct node_key key = { .portal = list->entries[i].portal };

		strncpy(key.target, list->entries[i].target_name, sizeof(key.target) - 1);
		error = add_place(places, &key);
	}
	sort_places(places);
	return error;
}

int found_renew(struct store *store, const struct record *defaults, const struct sendtargets_list *reported, unsigned int what)
{
	struct places places = { 0 };
	struct drop drop = { .kept = &places, .type = record_text(defaults, F_NODE_DISCOVERY_TYPE) };
	struct record node;
	int error = record_copy(&node, defaults);

	if (error)
		return error;
	for (size_t i = 0; !error && i < reported->count; i++)
		error = renew_one(store, &node, &reported->entries[i], what);
	record_done(&node);
	strncpy(drop.source.address, record_text(defaults, F_NODE_DISCOVERY_ADDRESS), sizeof(drop.source.address) - 1);
	drop.source.port = (int)record_number(defaults, F_NODE_DISCOVERY_PORT);
	if (!error && what & FOUND_DROP && reported->count) {
		error = take_places(reported, &places);
		if (!error)
			error = drop_all(store, &drop);
	}
	free(places.list);
	return error;
}

int found_forget_source(struct store *store, enum record_kind kind, const struct portal *portal)
{
	static const struct places none;
	struct drop drop = { .kept = &none, .type = node_source_word(kind), .source = *portal };

	return drop_all(store, &drop);
}

/* ---- administrators ---- */

static int forget_unused(struct store *store, const struct places *found, const struct places *used, const struct places *removed)
{
	int error = 0;

	for (size_t i = 0; !error && i < found->count; i++)
		if (!has_place(used, &found->list[i]) && (!removed || has_place(removed, &found->list[i])))
			error = found_remove(store, &found->list[i]);
	return error;
}

static int mark_removed(struct store *store, const struct places *used, const struct places *removed, found_managed_fn *is_managed,
			void *data)
{
	int error = 0;

	for (size_t i = 0; !error && i < removed->count; i++)
		if (has_place(used, &removed->list[i]) && is_managed(removed->list[i].iface, data))
			error = declined_save(store, &removed->list[i]);
	return error;
}

int found_after_removal(struct store *store, const struct node_filter *filter, const struct node_key *removed, size_t count,
			found_managed_fn *is_managed, void *data)
{
	struct node_filter portals = *filter;
	struct places found = { 0 }, used = { 0 }, gone = { 0 };
	int error = found_each(store, filter, add_key, &found);

	portals.iface = NULL;
	if (!error && !found.count && !is_managed)
		return 0;
	if (!error)
		error = node_each(store, &portals, add_key, &used);
	for (size_t i = 0; !error && i < count; i++)
		error = add_place(&gone, &removed[i]);
	sort_places(&used);
	sort_places(&gone);
	if (!error)
		error = forget_unused(store, &found, &used, filter->iface ? &gone : NULL);
	if (!error && is_managed)
		error = mark_removed(store, &used, &gone, is_managed, data);
	if (!error)
		error = prune_marks(store);
	free(found.list);
	free(used.list);
	free(gone.list);
	return error;
}

struct change {
	found_change_fn *fn;
	void *data;
};

static int change_one(struct store *store, const struct node_key *key, void *data)
{
	struct change *change = data;
	struct record node;
	int error = found_load(store, key, &node);

	if (error)
		return error;
	error = change->fn(&node, change->data);
	if (!error)
		error = found_save(store, &node);
	record_done(&node);
	return error;
}

int found_change(struct store *store, const struct node_filter *filter, found_change_fn *fn, void *data)
{
	struct change change = { fn, data };

	return found_each(store, filter, change_one, &change);
}
