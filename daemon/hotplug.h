/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What iscsid does by itself when ports come, change and go: iface records, bindings and logins.
 * Its parts are in hotplug_set.h. iscsistart has none of this: where hotplug_open() was not called
 * every function here does nothing.
 */
#ifndef OPENHBA_DAEMON_HOTPLUG_H
#define OPENHBA_DAEMON_HOTPLUG_H

#include <stdbool.h>

#include "daemon/session.h"

struct ipc_call;
struct json_object;

/*
 * Begins to listen to ports; what is done about them begins with the loop, so that sessions which
 * are taken over after this call and before loop_run() are known by then. dir: the store, ifaces in
 * dir/ifaces; borrowed. -ENOMEM; where ports cannot be watched the log says so, and 0.
 */
int hotplug_open(struct daemon *daemon, const char *dir);

void hotplug_reload(struct daemon *daemon); /* iscsid.conf may say something else */
void hotplug_stop(struct daemon *daemon);   /* about to end: nothing new begins */
void hotplug_close(struct daemon *daemon);  /* no work may be under way */

/* A client has logged out of a session with this node: not logged in to by itself from now on. */
void hotplug_hold(struct daemon *daemon, const struct record *node);

/* A client logs in to this node: what an administrator held back is free again. */
void hotplug_release(struct daemon *daemon, const struct record *node);

/*
 * A client wants a session like this one, which has not begun, and that is just being logged in by
 * itself: done is told how that ends, and it gets as many attempts as any login that somebody asked
 * for. False: there is no such login under way, or (may_share false) others wait for all of them.
 */
bool hotplug_join(const struct session *like, bool may_share, session_done_fn *done, void *data);

/* Methods of the IPC. */
void hotplug_verb_ports(struct ipc_call *call, struct json_object *parameters, void *data);
void hotplug_verb_monitor(struct ipc_call *call, struct json_object *parameters, void *data);

#endif
