/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The connection machine: the rows, the door, the names. What the transitions do lives in attempt.c
 * (sockets and login), handover.c (the kernel's objects), recovery.c and logout.c; this file only
 * decides what may follow what.
 */
#include "daemon/conn.h"

#include "daemon/attempt.h"
#include "daemon/handover.h"
#include "daemon/logout.h"
#include "daemon/recovery.h"
#include "daemon/session.h"
#include "lib/log.h"

/*
 * S3 (XPT_UP) and T3, T6 belong to targets. A session has one connection here, so T8, T13 and T18,
 * which tell of a logout on another connection, are the session being taken down by us. A lost
 * connection is always replaced by session reinstatement (ERL 0, RFC 7143 6.3.5): M2 and M4 happen
 * in one step, when the new connection is begun.
 */
const struct conn_row conn_rows[] = {
	{"T1", CONN_FREE, CONN_EVENT_CONNECT, CONN_XPT_WAIT, attempt_open,
	 "a connection is requested"},
	{"T2", CONN_XPT_WAIT, CONN_EVENT_CONNECT_FAILED, CONN_FREE, attempt_failed,
	 "the connection did not come up"},
	{"T2", CONN_XPT_WAIT, CONN_EVENT_CLOSED, CONN_FREE, attempt_drop,
	 "given up while connecting"},
	{"T4", CONN_XPT_WAIT, CONN_EVENT_CONNECTED, CONN_IN_LOGIN, attempt_login,
	 "connected, the login begins"},
	{"T5", CONN_IN_LOGIN, CONN_EVENT_LOGIN_DONE, CONN_LOGGED_IN, handover_take,
	 "logged in, the kernel takes over"},
	{"T7", CONN_IN_LOGIN, CONN_EVENT_LOGIN_FAILED, CONN_FREE, attempt_failed,
	 "the login failed or timed out"},
	{"T7", CONN_IN_LOGIN, CONN_EVENT_CLOSED, CONN_FREE, attempt_drop,
	 "given up during the login"},
	{"T8", CONN_LOGGED_IN, CONN_EVENT_CLOSED, CONN_FREE, NULL, "taken down without a logout"},
	{"T9", CONN_LOGGED_IN, CONN_EVENT_LOGOUT, CONN_IN_LOGOUT, logout_send,
	 "the logout request goes out"},
	{"T10", CONN_LOGOUT_REQUESTED, CONN_EVENT_LOGOUT, CONN_IN_LOGOUT, logout_send,
	 "the logout request goes out"},
	{"T11", CONN_LOGGED_IN, CONN_EVENT_LOGOUT_REQUESTED, CONN_LOGOUT_REQUESTED,
	 logout_requested, "the target asks for a logout"},
	{"T12", CONN_LOGOUT_REQUESTED, CONN_EVENT_LOGOUT_REQUESTED, CONN_LOGOUT_REQUESTED, NULL,
	 "asked again"},
	{"T13", CONN_IN_LOGOUT, CONN_EVENT_LOGOUT_DONE, CONN_FREE, logout_answered,
	 "the logout is answered"},
	{"T13", CONN_IN_LOGOUT, CONN_EVENT_CLOSED, CONN_FREE, NULL, "taken down without an answer"},
	{"T14", CONN_IN_LOGOUT, CONN_EVENT_LOGOUT_REQUESTED, CONN_IN_LOGOUT, NULL,
	 "asked, but already on the way"},
	{"T15", CONN_LOGGED_IN, CONN_EVENT_LOST, CONN_CLEANUP_WAIT, recovery_start,
	 "the connection is lost"},
	{"T16", CONN_LOGOUT_REQUESTED, CONN_EVENT_LOST, CONN_CLEANUP_WAIT, recovery_start,
	 "the connection is lost"},
	{"T17", CONN_IN_LOGOUT, CONN_EVENT_LOST, CONN_CLEANUP_WAIT, logout_unanswered,
	 "lost, or the logout was not answered in time"},
	{"T18", CONN_LOGOUT_REQUESTED, CONN_EVENT_CLOSED, CONN_FREE, NULL,
	 "taken down without a logout"},
	{"M1", CONN_CLEANUP_WAIT, CONN_EVENT_CLOSED, CONN_FREE, NULL, "the session ends"},
	{"M2", CONN_CLEANUP_WAIT, CONN_EVENT_CONNECT, CONN_XPT_WAIT, attempt_open,
	 "a new connection reinstates the session"},
	{"A1", CONN_FREE, CONN_EVENT_ADOPTED, CONN_LOGGED_IN, NULL,
	 "taken over healthy from an earlier daemon"},
	{"A2", CONN_FREE, CONN_EVENT_ADOPTED_LOST, CONN_CLEANUP_WAIT, recovery_start,
	 "taken over broken from an earlier daemon"},
};
const size_t conn_row_count = sizeof(conn_rows) / sizeof(conn_rows[0]);

static const char *const state_names[CONN_STATE_COUNT] = {
	[CONN_FREE] = "FREE",
	[CONN_XPT_WAIT] = "XPT_WAIT",
	[CONN_IN_LOGIN] = "IN_LOGIN",
	[CONN_LOGGED_IN] = "LOGGED_IN",
	[CONN_IN_LOGOUT] = "IN_LOGOUT",
	[CONN_LOGOUT_REQUESTED] = "LOGOUT_REQUESTED",
	[CONN_CLEANUP_WAIT] = "CLEANUP_WAIT",
};

static const char *const event_names[CONN_EVENT_COUNT] = {
	[CONN_EVENT_CONNECT] = "CONNECT",
	[CONN_EVENT_CONNECTED] = "CONNECTED",
	[CONN_EVENT_CONNECT_FAILED] = "CONNECT_FAILED",
	[CONN_EVENT_LOGIN_DONE] = "LOGIN_DONE",
	[CONN_EVENT_LOGIN_FAILED] = "LOGIN_FAILED",
	[CONN_EVENT_LOGOUT_REQUESTED] = "LOGOUT_REQUESTED",
	[CONN_EVENT_LOGOUT] = "LOGOUT",
	[CONN_EVENT_LOGOUT_DONE] = "LOGOUT_DONE",
	[CONN_EVENT_LOST] = "LOST",
	[CONN_EVENT_CLOSED] = "CLOSED",
	[CONN_EVENT_ADOPTED] = "ADOPTED",
	[CONN_EVENT_ADOPTED_LOST] = "ADOPTED_LOST",
};

const char *conn_state_name(enum conn_state state)
{
	return state_names[state];
}

const char *conn_event_name(enum conn_event event)
{
	return event_names[event];
}

const struct conn_row *conn_row_find(enum conn_state state, enum conn_event event)
{
	for (size_t i = 0; i < conn_row_count; i++)
		if (conn_rows[i].from == state && conn_rows[i].event == event)
			return &conn_rows[i];
	return NULL;
}

bool conn_event(struct conn *conn, enum conn_event event)
{
	const struct conn_row *row = conn_row_find(conn->state, event);

	if (!row) {
		conn->refused++;
		session_log(conn->session, LOG_LEVEL_DEBUG, "conn 0 %s refused in %s",
			    event_names[event], state_names[conn->state]);
		return false;
	}
	session_log(conn->session, LOG_LEVEL_DEBUG, "conn 0 %s %s -> %s", row->number,
		    state_names[row->from], state_names[row->to]);
	conn->state = row->to;
	session_touch(conn->session);
	if (row->action)
		row->action(conn);
	return true;
}
