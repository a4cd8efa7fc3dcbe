/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which transports the kernel has, asked once each: a login must not read sysfs for it. */
#ifndef OPENHBA_DAEMON_TRANSPORTS_H
#define OPENHBA_DAEMON_TRANSPORTS_H

#include <stdint.h>

#include "lib/err.h"

struct daemon;
struct session;

/*
 * error: 0, and the session has its transport, handle, capabilities and adapter.
 * -ENODEV: the kernel has no such driver; -ENXIO: no adapter is the one the iface names;
 * -EADDRNOTAVAIL: the iface lacks an address that the card needs; -ESRCH: iscsiuio is not running.
 */
typedef void transports_fn(struct session *session, int error);

/* Calls fn at once if the transport of the session's record is known, else after it was looked for
 * and, if need be, loaded. */
void transports_want(struct session *session, transports_fn *fn);

/* The same without loading and without waiting: for sessions that exist already. 0 or -errno. */
int transports_find(struct session *session);

/* The driver may have been unloaded and loaded since: look again next time. */
void transports_forget(struct session *session);

/* What an error above means for a login: ISCSI_ERR_AGAIN is worth waiting for. */
enum iscsi_err transports_error(int error);
const char *transports_error_text(int error);

#endif
