/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Discoveries for clients: the method Discover. iscsiadm asks targets itself where it can; from another network namespace it
 * cannot. */
#ifndef OPENHBA_DAEMON_ASK_H
#define OPENHBA_DAEMON_ASK_H

#include <sys/queue.h>

struct ask;
struct daemon;
struct ipc_call;
struct json_object;

LIST_HEAD(ask_list, ask);

#define ASK_IFACES_MAX 64  /* of one call */
#define ASK_UNDER_WAY_MAX 256 /* of all calls, each with a socket; more are refused with BUSY (28) */

/* data is the daemon. Each iface is asked through once, side by side; nothing else waits for it. */
void ask_verb(struct ipc_call *call, struct json_object *parameters, void *data);

/* Ends all that is under way, without a word. */
void ask_close(struct daemon *daemon);

#endif
