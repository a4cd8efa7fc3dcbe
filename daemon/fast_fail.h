/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How long the kernel holds the I/O of a session whose port is lost: iface.fast_fail of its record
 * instead of its recovery timeout, until it is logged in again.
 */
#ifndef OPENHBA_DAEMON_FAST_FAIL_H
#define OPENHBA_DAEMON_FAST_FAIL_H

#include <stdbool.h>

struct session;

/* Is its connection ended the moment its port is lost: its iface is the manager's, or its record has
 * iface.fast_fail, and the machine was not booted from it. */
bool fast_fail_wanted(const struct session *session);

/*
 * Shortens the recovery timeout of a session that fast_fail_wanted(), as its record says; remembers
 * what it was, in its state file, too. To be called before its connection is stopped: the timeout
 * that counts is the one of that moment. Writes sysfs, blocks no longer than a netlink request.
 */
void fast_fail_begin(struct session *session);

/* Puts the timeout back to what it was, if it was changed and is still what it was changed to. The
 * kernel takes it only of a session that is logged in: later, if it is not. */
void fast_fail_end(struct session *session);

#endif
