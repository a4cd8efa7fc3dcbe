/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Can a portal be reached from a NIC? The kernel's own routing decision for that device (rtnetlink_way()), remembered until routes,
 * rules, links or addresses change. IPv6 link-local portals are on the link of whichever NIC is asked, unless they carry a scope.
 */
#ifndef OPENHBA_IFACE_REACH_H
#define OPENHBA_IFACE_REACH_H

#include "iface/port.h"
#include "lib/portal.h"
#include "transport/user/rtnetlink.h"

struct reach;

int reach_new(struct reach **ret_reach);	/* opens rtnetlink. -ENOMEM, -EPROTONOSUPPORT, ... */
void reach_free(struct reach *reach);
void reach_forget(struct reach *reach);		/* everything may have changed */

/*
 * 0 and *ret_way (may be NULL); -ENETUNREACH and the like of rtnetlink_way(); -EADDRNOTAVAIL: the NIC has no usable address of the
 * portal's family; -ENETDOWN: it is down or without carrier; -EDESTADDRREQ: the portal is a host name, which nobody looks up here.
 */
int reach_ask(struct reach *reach, const struct port *port, const struct portal *portal, struct rtway *ret_way);

#endif
