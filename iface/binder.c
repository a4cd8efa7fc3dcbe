/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Verdicts for many portals. Each iface is judged once, each portal address once for each iface. Never writes, never looks up a name.
 */
#include "iface/binder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS 256

/* What was decided about a portal address, for each iface. */
struct decision {
	struct decision *next;
	char *address;
	bool is_bound[];
};

struct binder {
	struct reach *reach;
	struct verdict_port *list;
	size_t count;
	struct decision *buckets[BUCKETS];
};

bool ifaces_are_managed(const struct ifaces *ifaces)
{
	for (size_t i = 0; i < ifaces->count; i++)
		if (policy_is_managed(&ifaces->list[i]))
			return true;
	return false;
}

int binder_new(const struct ifaces *ifaces, const struct ports *ports, struct reach *reach, binder_wanted_fn *is_wanted, void *data,
	       struct binder **ret_binder)
{
	struct binder *binder = calloc(1, sizeof(*binder));

	if (binder)
		binder->list = calloc(ifaces->count + 1, sizeof(*binder->list));
	if (!binder || !binder->list) {
		free(binder);
		return -ENOMEM;
	}
	binder->reach = reach;
	for (size_t i = 0; i < ifaces->count; i++)
		if (policy_is_managed(&ifaces->list[i]) && (!is_wanted || is_wanted(&ifaces->list[i], data)))
			verdict_of_port(&ifaces->list[i], ifaces, ports, &binder->list[binder->count++]);
	*ret_binder = binder;
	return 0;
}

void binder_free(struct binder *binder)
{
	if (!binder)
		return;
	for (size_t i = 0; i < BUCKETS; i++) {
		struct decision *decision;

		while ((decision = binder->buckets[i])) {
			binder->buckets[i] = decision->next;
			free(decision->address);
			free(decision);
		}
	}
	free(binder->list);
	free(binder);
}

size_t binder_count(const struct binder *binder)
{
	return binder->count;
}

const struct record *binder_iface(const struct binder *binder, size_t index)
{
	return binder->list[index].iface;
}

const char *binder_name(const struct binder *binder, size_t index)
{
	return record_text(binder->list[index].iface, F_IFACE_ISCSI_IFACENAME);
}

bool binder_may_bind(const struct binder *binder)
{
	for (size_t i = 0; i < binder->count; i++)
		if (!binder->list[i].is_decided || binder->list[i].verdict.is_bound)
			return true;
	return false;
}

static unsigned int bucket_of(const char *address)
{
	unsigned int hash = 5381;

	for (; *address; address++)
		hash = hash * 33 + (unsigned char)*address;
	return hash % BUCKETS;
}

static struct decision *decision_new(const struct binder *binder, const struct portal *portal)
{
	struct decision *decision = calloc(1, sizeof(*decision) + binder->count * sizeof(bool));
	struct verdict verdict;

	if (!decision)
		return NULL;
	decision->address = strdup(portal->address);
	if (!decision->address) {
		free(decision);
		return NULL;
	}
	for (size_t i = 0; i < binder->count; i++) {
		binder_verdict(binder, i, portal, &verdict);
		decision->is_bound[i] = verdict.is_bound;
	}
	return decision;
}

const bool *binder_decide(struct binder *binder, const struct portal *portal)
{
	struct decision **bucket = &binder->buckets[bucket_of(portal->address)], *decision;

	for (decision = *bucket; decision; decision = decision->next)
		if (!strcmp(decision->address, portal->address))
			return decision->is_bound;
	decision = decision_new(binder, portal);
	if (!decision)
		return NULL;
	decision->next = *bucket;
	*bucket = decision;
	return decision->is_bound;
}

void binder_verdict(const struct binder *binder, size_t index, const struct portal *portal, struct verdict *ret_verdict)
{
	verdict_of_portal(&binder->list[index], binder->reach, portal, ret_verdict);
}

bool binder_reaches(const struct binder *binder, size_t index, const struct portal *portal)
{
	const struct verdict_port *of = &binder->list[index];

	if (!record_is(of->iface, F_IFACE_TRANSPORT_NAME, "tcp"))
		return false;
	if (of->is_decided && of->verdict.reason != VERDICT_ALWAYS)
		return of->verdict.reason == VERDICT_ROUTE;
	return of->port && !*of->port->master && binder->reach && !reach_ask(binder->reach, of->port, portal, NULL);
}
