/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The record of a session another program made: from the store if it has one, else from what the
 * kernel shows. */
#ifndef OPENHBA_DAEMON_ADOPT_RECORD_H
#define OPENHBA_DAEMON_ADOPT_RECORD_H

#include "daemon/resolve.h"
#include "lib/record.h"
#include "transport/user/sysfs.h"

/*
 * Fills an uninitialised node record: settings of the stored record of the same target, portal and
 * iface in the store at dir, if there is one, under what is in force in the kernel (names,
 * timeouts, CHAP). Blocks on the store; for start-up only.
 */
void adopt_record(const char *dir, const struct sysfs_session *found, struct record *ret_node);

/* The address to log in to again: the portal's, or, if that is a host name, where the connection
 * went. May stay empty. */
void adopt_address(const struct sysfs_session *found, struct addresses *ret_addresses);

#endif
