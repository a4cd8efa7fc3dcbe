/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sessions that are in the kernel already: when the daemon starts, and when its events were lost.
 */
#ifndef OPENHBA_DAEMON_ADOPT_H
#define OPENHBA_DAEMON_ADOPT_H

#include "transport/user/sysfs.h"

struct daemon;

enum adoption {
	ADOPT_LEAVE,   /* not ours: firmware's, or a transport we do not drive */
	ADOPT_HEALTHY, /* untouched: its I/O does not notice */
	ADOPT_SCAN,    /* healthy, but its disks were never looked for */
	ADOPT_RELOGIN, /* its connection is lost */
	ADOPT_LOGOUT,  /* its disks are gone already: a logout was under way */
	ADOPT_DESTROY, /* half made, or a phantom without a target */
};

/* What to do with a session that is found, from what sysfs says of it alone. Pure. */
enum adoption adopt_decide(const struct sysfs_session *session);

/* At start-up: takes one session over, as adopt_decide() says. Blocks as adopt_all() does. */
void adopt_session(struct daemon *daemon, const struct sysfs_session *found);

/* At start-up: takes every session over. Reads sysfs, state files and, for sessions of other
 * programs, the store: blocks. */
void adopt_all(struct daemon *daemon);

/* In the loop, after lost events: brings what we believe in line with sysfs. Reads sysfs only. */
void adopt_compare(struct daemon *daemon);

#endif
