/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A connection of a session in the daemon: from "connect" to the moment the kernel owns the socket,
 * and again after the kernel reports it lost. Its states and transitions are those of RFC 7143 8.1
 * (initiator side) as rows of one table; conn_event() is the only writer of conn->state. Never
 * touches the store or the disk.
 */
#ifndef OPENHBA_DAEMON_CONN_H
#define OPENHBA_DAEMON_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct session;
struct attempt;

enum conn_state {
	CONN_FREE,
	CONN_XPT_WAIT,
	CONN_IN_LOGIN,
	CONN_LOGGED_IN,
	CONN_IN_LOGOUT,
	CONN_LOGOUT_REQUESTED,
	CONN_CLEANUP_WAIT,
	CONN_STATE_COUNT,
};

enum conn_event {
	CONN_EVENT_CONNECT,	     /* a socket is to be opened */
	CONN_EVENT_CONNECTED,	     /* the transport connection stands */
	CONN_EVENT_CONNECT_FAILED,   /* refused, timed out, or given up before it stood */
	CONN_EVENT_LOGIN_DONE,	     /* final login response, status 0 */
	CONN_EVENT_LOGIN_FAILED,     /* any other end of the login phase */
	CONN_EVENT_LOGOUT_REQUESTED, /* the target asks for a logout */
	CONN_EVENT_LOGOUT,	     /* ready to log out: the request goes out */
	CONN_EVENT_LOGOUT_DONE,	     /* logout response */
	CONN_EVENT_LOST,	 /* the transport failed, the target dropped it, or a logout was not
				    answered */
	CONN_EVENT_CLOSED,	 /* taken down by us, no further cleanup needed */
	CONN_EVENT_ADOPTED,	 /* found healthy in the kernel when the daemon started */
	CONN_EVENT_ADOPTED_LOST, /* found broken in the kernel when the daemon started */
	CONN_EVENT_COUNT,
};

/* Owned by its session (embedded). */
struct conn {
	struct session *session;
	enum conn_state state;
	struct attempt *attempt; /* owned: the socket and login in XPT_WAIT and IN_LOGIN */
	unsigned long refused;	 /* events that had no row */
	uint32_t cmdsn;		 /* CmdSN of the next login */
};

/* What a transition does once the state is written. May itself end in another conn_event(). */
typedef void conn_action_fn(struct conn *conn);

struct conn_row {
	const char *number; /* RFC 7143 8.1.2 (T), 8.2.2 (M); A: ours */
	enum conn_state from;
	enum conn_event event;
	enum conn_state to;
	conn_action_fn *action; /* NULL: nothing but the new state */
	const char *sentence;	/* for docs/states.md */
};

extern const struct conn_row conn_rows[];
extern const size_t conn_row_count;

/* The row of a pair, NULL: refused. Pure. */
const struct conn_row *conn_row_find(enum conn_state state, enum conn_event event);

/* The only door to conn->state: finds the row, logs it at debug, writes the state, acts. False:
 * refused and counted. */
bool conn_event(struct conn *conn, enum conn_event event);

const char *conn_state_name(enum conn_state state); /* "LOGGED_IN": RFC names, also in the IPC */
const char *conn_event_name(enum conn_event event); /* "LOGIN_DONE" */

#endif
