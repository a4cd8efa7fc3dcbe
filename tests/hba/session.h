/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One entry of the sessions' table from inside: shared by sessions.c (table and state), session_login.c (a login and its end),
 * session_discovery.c (the firmware's own SendTargets) and session_statistics.c. Nobody else includes it.
 */
#ifndef OPENHBA_TESTS_HBA_SESSION_H
#define OPENHBA_TESTS_HBA_SESSION_H

#include "tests/hba/ddb_login.h"
#include "tests/hba/initiator.h"
#include "tests/hba/sessions.h"

struct discovery;
struct secret;

/* What moves an entry from state to state; the rows are in sessions.c. */
enum session_event {
	SESSION_EVENT_LOADED,	 /* from flash, or found by the firmware */
	SESSION_EVENT_REQUESTED,
	SESSION_EVENT_SET,
	SESSION_EVENT_OPENED,
	SESSION_EVENT_LOGGED_IN,
	SESSION_EVENT_LOGGED_IN_DISCOVERY,
	SESSION_EVENT_FAILED,	 /* no login */
	SESSION_EVENT_LOST,	 /* it was logged in */
	SESSION_EVENT_LOGOUT,	 /* asked for */
	SESSION_EVENT_LOGGED_OUT,
	SESSION_EVENT_CLEARED,
};

struct session {
	struct sessions *sessions;
	uint16_t index;
	enum isp_ddb_state state; /* session_event() alone writes it */
	uint32_t error;		  /* enum session_error */
	uint64_t not_before_ms;	  /* no SET_DDB before; loop_now_ms() */
	uint32_t logout_options;  /* while it logs out */
	enum isp_address from;	  /* where its last connection came from; ISP_ADDRESSES: not known */
	uint8_t ddb[ISP_DDB_SIZE];

	/* From CONN_OPEN to the end of the connection. */
	struct initiator *initiator;
	struct discovery *discovery; /* NULL: the host discovers, or it is no discovery */
	uint16_t local_port;
	char target_name[DDB_NAME_MAX + 1];
	char initiator_name[256], initiator_alias[256];
	struct session_chap chap, chap_in;
	struct secret *password, *password_in;

	struct initiator_counters counters;
};

struct sessions {
	struct sessions_settings settings;
	struct initiator_counters before; /* of what entries have counted and forgotten */
	struct session table[ISP_DDBS];
};

/* The only door to session->state. -EPROTO: nothing in this state; nothing is changed. Tells the host where the row says so. */
int session_event(struct session *session, enum session_event event, enum session_error error);

/* Starts to connect. What is missing (credentials) or wrong is told as a failed login. -EINVAL: no address; -ENOMEM. */
int session_login(struct session *session);
void session_close(struct session *session); /* everything of a connection goes, nothing is told; twice is fine */

/* The entry is logged in: the firmware sends SendTargets. Ends with a logout, or a session_fail(). -ENOMEM. */
int session_discovery_start(struct session *session, struct discovery **ret_discovery);
void session_discovery_free(struct discovery *discovery); /* NULL is fine */

/* The connection is cut: FAILED or LOST with this error. */
void session_fail(struct session *session, enum session_error error);

/* An entry for what was found: an unassigned index of the table's upper part. -EEXIST: it is known already; -ENOSPC; -EINVAL. */
int sessions_add_found(struct sessions *sessions, const struct session *parent, const char *name, const struct portal *portal);

#endif
