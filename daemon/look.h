/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the kernel shows of sessions, for clients whose /sys does not: the methods Attributes and Rescan. */
#ifndef OPENHBA_DAEMON_LOOK_H
#define OPENHBA_DAEMON_LOOK_H

struct ipc_call;
struct json_object;

/* data is the daemon. Files are read, and scans are run, by worker threads. */
void look_verb(struct ipc_call *call, struct json_object *parameters, void *data);
void look_rescan_verb(struct ipc_call *call, struct json_object *parameters, void *data);

#endif
