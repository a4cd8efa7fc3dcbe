/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The IPC between iscsiadm and iscsid: varlink (JSON objects, each ended by a NUL byte, over a unix stream socket at a path).
 * This file knows framing, calls, replies and peer credentials; what the methods are stands in docs/org.openhba.iscsid.varlink.
 */
#ifndef OPENHBA_LIB_IPC_H
#define OPENHBA_LIB_IPC_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "lib/err.h"

struct loop;

#define IPC_MESSAGE_MAX (64u << 20)	/* bytes of one message a server takes from root; clients take the same */
#define IPC_STRANGER_MESSAGE_MAX (64u << 10)	/* from others than root and the daemon's own user */
#define IPC_INTERFACE "org.openhba.iscsid"
#define IPC_VERSION 3
#define IPC_SOCKET_ENV "ISCSID_SOCKET"	/* overrides the default path */
#define IPC_SOCKET_DEFAULT RUNDIR "/iscsid.sock"

/* ---- server, on a loop ---- */
struct ipc_server;
struct ipc_call;	/* one call; owned by the server's connection, valid until answered for the last time or closed */

struct ipc_peer {
	uid_t uid;
	pid_t pid;
};

struct ipc_method {
	const char *name;	/* fully qualified: "org.openhba.iscsid.Login" */
	bool needs_root;	/* or the daemon's own user: others get ACCESS. Otherwise any peer may call it */
	/* parameters is borrowed for the time of the call. Must answer now or later by ipc_reply()/ipc_error(). */
	void (*call)(struct ipc_call *call, struct json_object *parameters, void *data);
};

/* listen_fd: an already listening socket (socket activation) or -1: path is bound, mode 0666 (credentials decide), stale one replaced. */
int ipc_server_new(struct loop *loop, const char *path, int listen_fd, const struct ipc_method *methods, size_t count,
		   const char *interface_description, void *data, struct ipc_server **ret_server);
void ipc_server_free(struct ipc_server *server);	/* NULL is fine; open calls are closed unanswered; not inside a method */

bool ipc_call_wants_more(const struct ipc_call *call);	/* the client sent "more": true */
struct ipc_peer ipc_call_peer(const struct ipc_call *call);

/* Takes parameters (NULL: {}). continues: more replies follow (only if the client wants more, otherwise the last one counts). */
void ipc_reply(struct ipc_call *call, struct json_object *parameters, bool continues);
/* Ends the call with error org.openhba.iscsid.Failed { code, name, sentence }. message may be NULL. */
void ipc_error(struct ipc_call *call, enum iscsi_err err, const char *message);
/* Called once when the client goes away before the last reply; after it the call is invalid. fn NULL: not any more. Never called inside
 * ipc_reply() or ipc_error(): a reply to a client that has gone is dropped, and the close is told in a later turn of the loop. */
void ipc_call_on_close(struct ipc_call *call, void (*fn)(void *data), void *data);

/* ---- client, blocking (iscsiadm has nothing else to do) ---- */
struct ipc_client;

/* -ECONNREFUSED, -ENOENT, ...; the peer must be root or ourselves: -EACCES */
int ipc_connect(const char *path, struct ipc_client **ret_client);
void ipc_client_free(struct ipc_client *client);	/* NULL is fine */

/* Called for each reply. Return nonzero to stop listening (becomes the result). */
typedef int ipc_reply_fn(struct json_object *parameters, bool continues, void *data);

/*
 * While a call waits for the daemon, fn is called about every interval_ms, and the wait goes on: for whoever shows that time passes.
 * fn NULL: not any more.
 */
typedef void ipc_tick_fn(void *data);
void ipc_client_on_tick(struct ipc_client *client, int interval_ms, ipc_tick_fn *fn, void *data);

/*
 * One call; takes parameters (NULL: {}). fn is called per reply (may be NULL). timeout_ms < 0: no limit, else limit of silence.
 * Result: SUCCESS, the code of a Failed error (sentence in ret_message if not NULL, caller frees), ISCSID_COMM, REQ_TIMEDOUT,
 * INVALID_MGMT_REQ when the daemon does not know the method.
 */
enum iscsi_err ipc_client_call(struct ipc_client *client, const char *method, struct json_object *parameters, bool more,
			       int timeout_ms, ipc_reply_fn *fn, void *data, char **ret_message);

#endif
