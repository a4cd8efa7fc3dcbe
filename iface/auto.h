/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Iface records that make themselves, and which port a record stands for.
 *
 * Names: an HBA entity is TRANSPORT.MAC.ipv4.N or .ipv6.N (TRANSPORT.MAC where the driver shows none); a NIC on a bus is tcp.MAC by its
 * permanent address, tcp.MAC.PATH where another NIC has that address or another iface that name; a virtual NIC, or one without a
 * permanent MAC address, is tcp.NETDEV. So names do not depend on the order in which ports appear, nor, for most, on what udev calls a
 * NIC, and no two ports get one.
 * Records made here carry iface.origin = auto, NICs' also iface.bind, iface.fast_fail and iface.path. A file that is there is never
 * written again, whoever made it; none is ever removed. A NIC that a hand-made tcp iface stands for gets none.
 */
#ifndef OPENHBA_IFACE_AUTO_H
#define OPENHBA_IFACE_AUTO_H

#include "iface/iface.h"
#include "iface/policy.h"
#include "iface/port.h"

/* All iface records of a folder, for one pass. */
struct ifaces {
	struct record *list;	/* sorted by name; built-ins not among them */
	size_t count;
};

int ifaces_read(const char *dir, iface_complaint_fn *complain, void *data, struct ifaces *ret_ifaces);	/* -ENOMEM */
void ifaces_done(struct ifaces *ifaces);
const struct record *ifaces_find(const struct ifaces *ifaces, const char *name);	/* NULL */

/*
 * The port a record stands for now. NULL: it is absent, or the record names none ("default").
 * NIC: by iface.net_ifacename; else by address and iface.path, by the rule of iface/candidate.h, which iface_bind() has, too.
 * HBA: transport, address, family and number. The port of a card with entities of which none is on is nobody's.
 */
const struct port *iface_port(const struct record *iface, const struct ports *ports);

/*
 * The iface that stands for the port instead of this one, or NULL. A record of the manager gives way to hand-made tcp ifaces, and to
 * another of the manager whose place (iface.path) it is.
 */
const struct record *iface_overruled_by(const struct record *iface, const struct port *port, const struct ifaces *all,
					const struct ports *ports);

/* What iface.state is shown as for a record of the manager: "absent", what the record says, or "present". */
const char *iface_shown_state(const struct record *iface, const struct port *port);

/* Does the record say that the manager made it? */
bool iface_is_auto(const struct record *iface);

/*
 * Makes the files that are missing for the ports among `ports` that `is_new` accepts (NULL: all) and adds them to *ifaces.
 * fn (may be NULL) is told of each: error 0, cause "it matches eth*" or "the port of an HBA"; or why it could not be written (-EEXIST:
 * a file of that name is there, but is of no use). A file that is there and stands for the port is nothing to tell.
 * -ENOMEM. Where the folder cannot be written nothing happens but fn.
 */
typedef bool auto_is_new_fn(const struct port *port, void *data);
typedef void auto_made_fn(const struct record *iface, const struct port *port, const char *cause, int error, void *data);
int auto_make(const char *dir, struct ifaces *ifaces, const struct ports *ports, const struct policy *policy, auto_is_new_fn *is_new,
	      auto_made_fn *fn, void *data);

#endif
