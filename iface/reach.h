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
void reach_free(struct reach *reach);		/* NULL is fine */
void reach_forget(struct reach *reach);		/* everything may have changed */

/* Who is asked about routes: rtnetlink_way() of one's own, unless reach_new_asking() says otherwise. Negative errno. */
typedef int reach_way_fn(void *data, unsigned int ifindex, int family, const void *destination, struct rtway *ret_way);
int reach_new_asking(reach_way_fn *fn, void *data, struct reach **ret_reach);	/* -ENOMEM */

size_t reach_questions(const struct reach *reach);	/* how often the kernel was asked; for tests and figures */

/*
 * 0 and *ret_way (may be NULL); -ENETUNREACH and the like of rtnetlink_way(); -EADDRNOTAVAIL: the NIC has no usable address of the
 * portal's family, or nothing but a link-local one for a portal that is elsewhere; -ENETDOWN: it is down or without carrier;
 * -EDESTADDRREQ: the portal is a host name, which nobody looks up here; -EXDEV: it is a link-local address on another NIC's link;
 * -ELOOP: it is an address of the NIC itself, where nothing leaves; -EINVAL: the port is no NIC. Answers are remembered for each
 * address of each NIC, refusals too.
 */
int reach_ask(struct reach *reach, const struct port *port, const struct portal *portal, struct rtway *ret_way);

/*
 * The literal address of a portal: AF_INET or AF_INET6 and its bytes (a v4 address in v6 form is AF_INET); *ret_scope points at its
 * scope in the portal's text, "" if it has none. -EDESTADDRREQ: a host name.
 */
int reach_literal(const struct portal *portal, sa_family_t *ret_family, uint8_t ret_bytes[16], const char **ret_scope);

#endif
