/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The managed ifaces, and which portals each is bound to: the verdicts of one moment for many portals, remembered for each address.
 * Used by the plan, and by discoveries of iscsiadm and iscsid. Everything given to it is borrowed until binder_free().
 */
#ifndef OPENHBA_IFACE_BINDER_H
#define OPENHBA_IFACE_BINDER_H

#include "iface/verdict.h"

struct binder;

/* Which of the managed ifaces to look at; NULL: all of them. */
typedef bool binder_wanted_fn(const struct record *iface, void *data);

int binder_new(const struct ifaces *ifaces, const struct ports *ports, struct reach *reach, binder_wanted_fn *is_wanted, void *data,
	       struct binder **ret_binder);	/* -ENOMEM */
void binder_free(struct binder *binder);	/* NULL is fine */

size_t binder_count(const struct binder *binder);
const struct record *binder_iface(const struct binder *binder, size_t index);
const char *binder_name(const struct binder *binder, size_t index);
bool binder_may_bind(const struct binder *binder);	/* false: whatever the portal, none of them is bound to it */

/* For each iface whether it is bound to this portal; lives with the binder. Only the address counts. NULL: no memory. */
const bool *binder_decide(struct binder *binder, const struct portal *portal);
void binder_verdict(const struct binder *binder, size_t index, const struct portal *portal, struct verdict *ret_verdict);

/*
 * Can this iface talk to the portal now, whatever iface.bind says of sessions: for discoveries, which ask through it. False for ifaces
 * that are off (never, disable, overruled), absent, or of adapters, and where no NIC could talk to the portal.
 */
bool binder_reaches(const struct binder *binder, size_t index, const struct portal *portal);

/* Is there an iface that the manager binds? */
bool ifaces_are_managed(const struct ifaces *ifaces);

#endif
