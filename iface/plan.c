/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Finds the bindings that are missing and makes them. A first pass reads without a lock; only if it misses something a second one, in a
 * write transaction, looks again and writes. Records come by target, portal and iface, so one portal's are neighbours: what it has is
 * known when the walk leaves it, without keeping the keys. Called by iscsid after changes of ports, routes and the store.
 */
#include "iface/plan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "iface/binder.h"

/* The portal the walk is at, and records of it to copy, the best first. */
struct place {
	struct node_key key;	/* iface is ""; the target is "" before the first */
	struct node_key managed, plain, other;	/* iface is "" where there is none */
};

struct pass {
	const struct plan *plan;
	struct binder *binder;
	size_t count;		/* of its ifaces */
	bool *has;		/* which of them have a binding to the place */
	struct place place;
	bool writes;
	int made;
};

/* ---- making ---- */

static bool is_discovered(const struct record *node)
{
	return record_is(node, F_NODE_DISCOVERY_TYPE, "send_targets") || record_is(node, F_NODE_DISCOVERY_TYPE, "isns");
}

/* -ENOENT: none, or not of a discovery. */
static int load_discovered(struct store *store, const struct node_key *key, struct record *ret_node)
{
	int error = *key->iface ? node_load(store, key, ret_node) : -ENOENT;

	if (error || is_discovered(ret_node))
		return error;
	record_done(ret_node);
	return -ENOENT;
}

/* -ENOENT: no discovery reported this portal. */
static int load_template(struct store *store, const struct place *place, struct record *ret_node)
{
	int error = load_discovered(store, &place->managed, ret_node);

	if (error == -ENOENT)
		error = found_load(store, &place->key, ret_node);
	if (error == -ENOENT)
		error = load_discovered(store, &place->plain, ret_node);
	if (error == -ENOENT)
		error = load_discovered(store, &place->other, ret_node);
	return error;
}

static int save_copy(struct store *store, const struct record *template, const struct record *iface, const struct node_key *key)
{
	struct record node;
	int error = record_copy(&node, template);

	if (error)
		return error;
	error = record_copy_iface(&node, iface);
	if (!error)
		error = node_set_key(&node, key);
	if (!error)
		error = node_save(store, &node);
	record_done(&node);
	return error;
}

static int make(struct pass *pass, struct store *store, const struct record *template, size_t index, const struct node_key *key)
{
	struct verdict verdict;
	int error;

	pass->made++;
	if (!pass->writes)
		return 0;
	error = save_copy(store, template, binder_iface(pass->binder, index), key);
	if (error || !pass->plan->made)
		return error;
	binder_verdict(pass->binder, index, &key->portal, &verdict);
	pass->plan->made(key, &verdict, pass->plan->data);
	return 0;
}

static void key_for(const struct pass *pass, size_t index, struct node_key *ret_key)
{
	*ret_key = pass->place.key;
	snprintf(ret_key->iface, sizeof(ret_key->iface), "%s", binder_name(pass->binder, index));
}

static bool lacks(const struct pass *pass, struct store *store, const bool *is_bound, size_t index)
{
	struct node_key key;

	if (pass->has[index] || !is_bound[index])
		return false;
	key_for(pass, index, &key);
	return !declined_exists(store, &key);
}

/* All that is missing of the place. */
static int settle(struct pass *pass, struct store *store)
{
	const bool *is_bound = binder_decide(pass->binder, &pass->place.key.portal);
	bool has_template = false;
	struct record template;
	int error = is_bound ? 0 : -ENOMEM;

	for (size_t i = 0; !error && i < pass->count; i++) {
		struct node_key key;

		if (!lacks(pass, store, is_bound, i))
			continue;
		if (!has_template)
			error = load_template(store, &pass->place, &template);
		if (error)
			break;
		has_template = true;
		key_for(pass, i, &key);
		error = make(pass, store, &template, i, &key);
	}
	if (has_template)
		record_done(&template);
	return error == -ENOENT ? 0 : error;
}

/* ---- the walk ---- */

/* A portal belongs to one group, so a tag that is not known on one side is no difference, and neither is another one. */
static bool is_at(const struct place *place, const struct node_key *key)
{
	return place->key.portal.port == key->portal.port && !strcmp(place->key.portal.address, key->portal.address) &&
	       !strcmp(place->key.target, key->target);
}

static void move_to(struct pass *pass, const struct node_key *key)
{
	pass->place = (struct place){ .key = *key };
	pass->place.key.iface[0] = '\0';
	memset(pass->has, 0, pass->count * sizeof(*pass->has));
}

static void note_template(struct pass *pass, const struct node_key *key)
{
	const struct record *iface = ifaces_find(pass->plan->ifaces, key->iface);
	struct place *place = &pass->place;
	struct node_key *of = iface && policy_is_managed(iface) ? &place->managed :
			      !strcmp(key->iface, IFACE_DEFAULT) ? &place->plain : &place->other;

	if (!*of->iface)
		*of = *key;
	if (key->portal.tpgt != PORTAL_TPGT_NONE)
		place->key.portal.tpgt = key->portal.tpgt;
}

static int on_node(struct store *store, const struct node_key *key, void *data)
{
	struct pass *pass = data;

	if (!is_at(&pass->place, key)) {
		int error = *pass->place.key.target ? settle(pass, store) : 0;

		if (error)
			return error;
		move_to(pass, key);
	}
	for (size_t i = 0; i < pass->count; i++)
		pass->has[i] |= !strcmp(binder_name(pass->binder, i), key->iface);
	note_template(pass, key);
	return 0;
}

static bool has_binding(struct store *store, const struct node_key *place, const char *name)
{
	struct node_key key = *place;

	snprintf(key.iface, sizeof(key.iface), "%s", name);
	if (node_exists(store, &key))
		return true;
	key.portal.tpgt = PORTAL_TPGT_NONE;
	return node_exists(store, &key);
}

/* Where records were as well, their walk has made what was missing. */
static int on_found(struct store *store, const struct node_key *key, void *data)
{
	struct pass *pass = data;
	const bool *is_bound = binder_decide(pass->binder, &key->portal);

	if (!is_bound)
		return -ENOMEM;
	move_to(pass, key);
	for (size_t i = 0; i < pass->count; i++)
		pass->has[i] = !is_bound[i] || has_binding(store, key, binder_name(pass->binder, i));
	return settle(pass, store);
}

static int walk(struct pass *pass, struct store *store)
{
	static const struct node_filter everything;
	int error = node_each(store, &everything, on_node, pass);

	if (!error && *pass->place.key.target)
		error = settle(pass, store);
	return error ? error : found_each(store, &everything, on_found, pass);
}

/* The number of bindings that are missing, or were made. */
static int run(struct pass *pass, bool writes)
{
	struct store *store;
	int error = store_begin(pass->plan->dir, writes ? STORE_WRITE : STORE_READ, &store);

	if (error)
		return error;
	pass->writes = writes;
	pass->made = 0;
	pass->place = (struct place){ .key.target = "" };
	error = walk(pass, store);
	if (error) {
		store_drop(store);
		return error;
	}
	error = store_commit(store);
	return error ? error : pass->made;
}

int plan_run(const struct plan *plan)
{
	struct pass pass = { .plan = plan };
	int result = binder_new(plan->ifaces, plan->ports, plan->reach, plan->is_wanted, plan->data, &pass.binder);

	if (result)
		return result;
	pass.count = binder_count(pass.binder);
	pass.has = calloc(pass.count + 1, sizeof(*pass.has));
	if (!pass.has)
		result = -ENOMEM;
	else if (binder_may_bind(pass.binder))
		result = run(&pass, false);
	if (result > 0)
		result = run(&pass, true);
	free(pass.has);
	binder_free(pass.binder);
	return result;
}
