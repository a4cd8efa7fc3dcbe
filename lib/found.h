/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What discoveries and administrators do to the found portals (lib/records.h) as a whole, each inside the transaction of whoever does it.
 * All give 0 or a negative errno of the store.
 */
#ifndef OPENHBA_LIB_FOUND_H
#define OPENHBA_LIB_FOUND_H

#include "lib/records.h"
#include "lib/sendtargets.h"

/* As the operations of a discovery: make what is missing, set what is there to the new settings, forget what is reported no more. */
enum { FOUND_NEW = 1 << 0, FOUND_UPDATE = 1 << 1, FOUND_DROP = 1 << 2 };

/*
 * Remembers what a discovery reported. defaults is a node record with the settings of new ones and the source (node_set_source()); what
 * is dropped is from the same source. A list without entries drops nothing: a server that says nothing has not said that all is gone.
 */
int found_renew(struct store *store, const struct record *defaults, const struct sendtargets_list *reported, unsigned int what);

/* The discovery record goes: with it what it found. */
int found_forget_source(struct store *store, enum record_kind kind, const struct portal *portal);

/*
 * Node records (`removed`) that match filter were just removed by hand. Found portals that match it and have no record any more go as
 * well; with filter->iface only where a record was removed. Where records of other ifaces are left and is_managed (NULL: never) says
 * that the plan would make the one of this iface again, the binding is marked as taken back (declined_*).
 */
typedef bool found_managed_fn(const char *iface, void *data);
int found_after_removal(struct store *store, const struct node_filter *filter, const struct node_key *removed, size_t count,
			found_managed_fn *is_managed, void *data);

/* Calls fn for each found portal that matches; what fn makes of the record is saved. Nonzero of fn ends it and is the result. */
typedef int found_change_fn(struct record *node, void *data);
int found_change(struct store *store, const struct node_filter *filter, found_change_fn *fn, void *data);

#endif
