/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whether an iface is to be bound to a portal, and why: one decision for discovery, iscsid and `-m iface -o explain`. */
#ifndef OPENHBA_IFACE_VERDICT_H
#define OPENHBA_IFACE_VERDICT_H

#include "iface/auto.h"
#include "iface/reach.h"

enum verdict_reason {
	VERDICT_UNMANAGED,	/* no iface.bind: bound by discovery and by hand, as ever */
	VERDICT_ALWAYS,
	VERDICT_ROUTE,		/* reachable: the port has a way */
	VERDICT_HBA,		/* reachable: the card's own network has an address of the family and the portal's link is up */
	VERDICT_NEVER,		/* from here on: not bound */
	VERDICT_DISABLED,	/* iface.state = disable */
	VERDICT_OVERRULED,	/* a hand-made iface stands for the same NIC */
	VERDICT_ABSENT,
	VERDICT_ENSLAVED,	/* the NIC is a port of a bond, team or bridge */
	VERDICT_DOWN,
	VERDICT_NO_ADDRESS,
	VERDICT_NO_ROUTE,
	VERDICT_HOST_NAME,	/* the portal is a name */
	VERDICT_FAMILY,		/* an entity of the other family */
	VERDICT_REASON_COUNT,
};

struct verdict {
	bool is_bound;
	enum verdict_reason reason;
	char sentence[320];	/* "route 10.9.1.0/24 on eth1 from 10.9.1.10", without a full stop */
};

/* portal NULL: of the port alone, up to whether it has an address at all. all: every iface, to see who overrules (NULL: nobody). */
void verdict_give(const struct record *iface, const struct ifaces *all, const struct ports *ports, struct reach *reach,
		  const struct portal *portal, struct verdict *ret_verdict);

const char *verdict_word(enum verdict_reason reason);	/* "route", "no-address", ...: does not change, for JSON */

#endif
