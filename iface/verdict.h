/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whether an iface is to be bound to a portal, and why: one decision for discovery, iscsid and `-m iface -o explain`.
 *
 * Rules, the first that fits decides:
 *
 *   iface.bind not set          bound, as ever: discovery and the administrator decide, nobody adds to it
 *   iface.bind = never          not bound
 *   iface.state = disable       not bound
 *   a hand-made tcp iface for   not bound, the hand-made one is (only records of the manager give way)
 *     the same NIC
 *   the entity of an HBA is of  not bound
 *     the other family
 *   iface.bind = always         bound, whether its port is there or not
 *   the port is not there       not bound
 *   it is a port of a bond,     not bound
 *     team or bridge, is down, has no carrier, or no usable address of the portal's family
 *   the portal is a name        not bound: nobody is asked for its addresses here
 *   an HBA                      bound: its network is its own, the kernel's routes say nothing about it
 *   a NIC                       bound if the kernel has a route for packets bound to that NIC
 *   no NIC is named at all      bound: the kernel's routes decide at each login
 */
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

/* portal NULL: of the port alone, up to whether it has an address at all. all: every iface, to see who overrules (NULL: nobody).
 * reach NULL: routes cannot be asked, so nothing is reachable. */
void verdict_give(const struct record *iface, const struct ifaces *all, const struct ports *ports, struct reach *reach,
		  const struct portal *portal, struct verdict *ret_verdict);

/*
 * The same for many portals: what does not depend on the portal is looked at once. Everything is borrowed until the last
 * verdict_of_portal().
 */
struct verdict_port {
	const struct record *iface;
	const struct port *port;	/* NULL: absent, or none is named */
	bool is_decided;		/* verdict stands, whatever the portal */
	struct verdict verdict;
};

void verdict_of_port(const struct record *iface, const struct ifaces *all, const struct ports *ports, struct verdict_port *ret_port);
void verdict_of_portal(const struct verdict_port *port, struct reach *reach, const struct portal *portal, struct verdict *ret_verdict);

const char *verdict_word(enum verdict_reason reason);	/* "route", "no-address", ...: does not change, for JSON */

#endif
