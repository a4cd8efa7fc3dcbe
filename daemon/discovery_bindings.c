/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Pollers where ifaces bind themselves (iface.bind): a managed iface asks only if it can talk to the
 * server, what any of them was told is bound by reachability, and is remembered for ifaces that come
 * later. Every function here blocks and runs on a worker thread, sees nothing of the daemon but what
 * it was given, and logs nothing.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/discovery_poller.h"
#include "iface/binder.h"
#include "lib/conf.h"
#include "lib/found.h"
#include "lib/store.h"

/* Ports and routes of this moment, if an iface is managed. */
struct sight {
	struct ifaces ifaces;
	struct ports ports;
	struct reach *reach;
	struct binder *binder; /* NULL: nothing is managed */
};

static int look(struct sight *sight, const char *sysfs)
{
	struct rtnetlink *route;
	int r = rtnetlink_open(&route);

	if (r < 0)
		return r;
	r = ports_read(sysfs, route, &sight->ports);
	rtnetlink_close(route);
	return r < 0 ? r : reach_new(&sight->reach);
}

static int sight_open(struct sight *sight, const char *iface_dir, const char *sysfs)
{
	int r;

	*sight = (struct sight){0};
	r = ifaces_read(iface_dir, NULL, NULL, &sight->ifaces);
	if (r < 0 || !ifaces_are_managed(&sight->ifaces))
		return r;
	r = look(sight, sysfs);
	return r < 0 ? r
		     : binder_new(&sight->ifaces, &sight->ports, sight->reach, NULL, NULL,
				  &sight->binder);
}

static void sight_done(struct sight *sight)
{
	binder_free(sight->binder);
	reach_free(sight->reach);
	ports_done(&sight->ports);
	ifaces_done(&sight->ifaces);
}

/* ---- who asks ---- */

/* A name is looked up later: whoever is there may try. */
static bool may_ask(const struct sight *sight, const struct record *iface,
		    const struct portal *server)
{
	const char *name = record_text(iface, F_IFACE_ISCSI_IFACENAME);
	struct verdict verdict;

	for (size_t i = 0; sight->binder && i < binder_count(sight->binder); i++) {
		if (strcmp(binder_name(sight->binder, i), name) != 0)
			continue;
		binder_verdict(sight->binder, i, server, &verdict);
		return verdict.reason == VERDICT_HOST_NAME ||
		       binder_reaches(sight->binder, i, server);
	}
	return true;
}

static int add_way(struct poller_reading *reading, const struct record *iface, bool only_asks)
{
	bool *grown = reallocarray(reading->only_asks, reading->count + 1, sizeof(*grown));
	size_t before = reading->count;
	int r;

	if (!grown)
		return -ENOMEM;
	reading->only_asks = grown;
	r = poller_reading_keep(reading, iface, POLLER_IFACES_MAX);
	if (r == 0 && reading->count > before)
		grown[before] = only_asks;
	return r;
}

static int add_default(struct poller_reading *reading, bool only_asks)
{
	struct record iface;
	int r = iface_load(reading->iface_dir, IFACE_DEFAULT, &iface);

	if (r < 0)
		return r;
	r = add_way(reading, &iface, only_asks);
	record_done(&iface);
	return r;
}

static int add_ways(struct poller_reading *reading, const struct sight *sight)
{
	bool is_any = false;
	int r = 0;

	for (size_t i = 0; r == 0 && i < sight->ifaces.count; i++) {
		const struct record *iface = &sight->ifaces.list[i];

		if (!record_is(iface, F_IFACE_TRANSPORT_NAME, "tcp"))
			continue;
		is_any = true;
		if (may_ask(sight, iface, &reading->server))
			r = add_way(reading, iface, sight->binder && policy_is_managed(iface));
	}
	return r == 0 && !reading->count ? add_default(reading, is_any) : r;
}

static bool wants_memory(const char *config_path, const struct sight *sight)
{
	struct policy policy = {0};
	struct conf *conf;
	bool is_wanted;

	if (ifaces_are_managed(&sight->ifaces))
		return true;
	if (conf_load(config_path, NULL, NULL, &conf) < 0)
		return false;
	is_wanted = policy_read(conf, NULL, NULL, &policy) == 0 && !nics_is_none(policy.nics);
	policy_done(&policy);
	conf_free(conf);
	return is_wanted;
}

void poller_reading_ways(struct poller_reading *reading)
{
	struct sight sight;

	reading->error = sight_open(&sight, reading->iface_dir, reading->sysfs);
	if (reading->error == 0)
		reading->error = add_ways(reading, &sight);
	if (reading->error == 0)
		reading->remembers = wants_memory(reading->config_path, &sight);
	sight_done(&sight);
}

/* ---- what they are bound to ---- */

static int bind_iface(struct poller_bindings *bindings, struct binder *binder, size_t index)
{
	struct poller_binding *binding = &bindings->list[bindings->count++];
	int r = 0;

	snprintf(binding->iface, sizeof(binding->iface), "%s", binder_name(binder, index));
	for (size_t i = 0; r == 0 && i < bindings->reported.count; i++) {
		const struct sendtargets_entry *entry = &bindings->reported.entries[i];
		const bool *is_bound = binder_decide(binder, &entry->portal);

		if (!is_bound)
			return -ENOMEM;
		if (is_bound[index])
			r = sendtargets_list_add(&binding->list, entry->target_name,
						 &entry->portal);
	}
	return r;
}

static int bind_all(struct poller_bindings *bindings, struct binder *binder)
{
	int r = 0;

	bindings->list = calloc(binder_count(binder) + 1, sizeof(*bindings->list));
	if (!bindings->list)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < binder_count(binder); i++)
		r = bind_iface(bindings, binder, i);
	return r;
}

static int remember_in(struct poller_bindings *bindings, const struct record *defaults)
{
	struct store *store;
	int r = store_begin(bindings->dir, STORE_WRITE, &store);

	if (r < 0)
		return r;
	/* Rounds are many: what an administrator has set stays. */
	r = found_renew(store, defaults, &bindings->reported, FOUND_NEW | FOUND_DROP);
	if (r == 0)
		return store_commit(store);
	store_drop(store);
	return r;
}

static int remember(struct poller_bindings *bindings)
{
	struct record defaults;
	struct conf *conf;
	int r = conf_load(bindings->config_path, NULL, NULL, &conf);

	if (r < 0)
		return r;
	r = poller_make_node(conf, &defaults);
	conf_free(conf);
	if (r < 0)
		return r;
	r = node_set_source(&defaults, bindings->kind, &bindings->source);
	if (r == 0)
		r = remember_in(bindings, &defaults);
	record_done(&defaults);
	return r;
}

void poller_bindings_read(struct poller_bindings *bindings)
{
	struct sight sight;
	int r = sight_open(&sight, bindings->iface_dir, bindings->sysfs);

	if (r == 0)
		r = sendtargets_list_distinct(&bindings->reported);
	if (r == 0 && sight.binder)
		r = bind_all(bindings, sight.binder);
	sight_done(&sight);
	bindings->error = remember(bindings);
	if (r < 0)
		bindings->error = r;
}

void poller_bindings_done(struct poller_bindings *bindings)
{
	for (size_t i = 0; i < bindings->count; i++)
		sendtargets_list_done(&bindings->list[i].list);
	free(bindings->list);
	sendtargets_list_done(&bindings->reported);
	bindings->list = NULL;
	bindings->count = 0;
}
