/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * iface.nics of iscsid.conf: which NICs get an iface of their own. A list of patterns with commas or blanks between:
 *
 *   none                nothing (the default)
 *   eth3, eth*          by name, as a shell pattern
 *   driver:bnx2x        by driver
 *   mac:00:0e:1e:*      by hardware address (the permanent one, or the one in use), without regard to case
 *   path:0000:03:*      by place on the bus
 *   !PATTERN            not those; the last pattern that matches decides
 *
 * Loopback never is one. Virtual NICs (VLANs, bonds, bridges, veths, ...) and NICs with a master (ports of bonds, teams, bridges) are
 * selected only by a pattern that is their name without wildcards.
 */
#ifndef OPENHBA_IFACE_NICS_H
#define OPENHBA_IFACE_NICS_H

#include <stdbool.h>

#include "iface/port.h"
#include "lib/text.h"

struct nics;

/* text NULL or "": none. -EINVAL: *problem (may be NULL) says which pattern; -ENOMEM. */
int nics_parse(const char *text, struct nics **ret_nics, struct text *problem);
void nics_free(struct nics *nics);	/* NULL is fine, and selects nothing */

/* ret_pattern (may be NULL): the pattern that decided, borrowed; NULL if none matched. */
bool nics_select(const struct nics *nics, const struct port *port, const char **ret_pattern);
bool nics_is_none(const struct nics *nics);

#endif
