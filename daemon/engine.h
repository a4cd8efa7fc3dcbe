/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What runs sessions, without what makes a daemon of it: no command line, no socket, no pid file,
 *no adoption. iscsid and iscsistart are built around it.
 *
 *	engine_open -> engine_connect -> session_new, start_login ... -> loop_run -> engine_close
 */
#ifndef OPENHBA_DAEMON_ENGINE_H
#define OPENHBA_DAEMON_ENGINE_H

#include <stdbool.h>

struct daemon;

/* An event loop, no sessions, free slots, RUNDIR as the place of state files. -ENOMEM. */
int engine_open(struct daemon *daemon);

/* Opens NETLINK_ISCSI; the class is loaded where the kernel has no autoloader. -EPROTONOSUPPORT:
 * there is none. */
int engine_connect(struct daemon *daemon);

/* Threads are at work. Scans may be for minutes, and have nothing left to tell a program that ends.
 */
bool engine_is_busy(const struct daemon *daemon);

/* Forgets the sessions, which stay in the kernel. Must not be called while engine_is_busy(): waits
 * for that. A half-opened engine is fine. */
void engine_close(struct daemon *daemon);

#endif
