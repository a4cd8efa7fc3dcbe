/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Takes over sessions that exist in the kernel. A healthy one is adopted as it is: nothing is sent
 * to kernel or target. What the kernel does not tell comes from the session's state file; a session
 * without one was made by another program, so its record is looked up in the store (a read-only
 * snapshot, at start-up only) and its ISID derived as open-iscsi does.
 */
#include "daemon/adopt.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/adopt_record.h"
#include "daemon/boot.h"
#include "daemon/daemon.h"
#include "daemon/fast_fail.h"
#include "daemon/logout.h"
#include "daemon/nop.h"
#include "daemon/scan.h"
#include "daemon/state.h"
#include "daemon/transports.h"
#include "transport/user/transport.h"

static bool says(const char *word, const char *expected)
{
	return !strcmp(word, expected);
}

static enum adoption decide_logged_in(const struct sysfs_session *found)
{
	if (says(found->conn_state, "failed") || says(found->conn_state, "down"))
		return ADOPT_RELOGIN;
	if (says(found->target_state, "UNBOUND") || says(found->target_state, "UNBINDING"))
		return ADOPT_LOGOUT;
	return says(found->target_state, "ALLOCATED") ? ADOPT_SCAN : ADOPT_HEALTHY;
}

/* FREE is a session whose recovery timed out, or one that never came to life. */
static enum adoption decide_free(const struct sysfs_session *found)
{
	if (says(found->target_state, "UNBOUND") || says(found->target_state, "UNBINDING"))
		return ADOPT_DESTROY;
	return says(found->target_state, "SCANNED") || says(found->conn_state, "failed")
		       ? ADOPT_RELOGIN
		       : ADOPT_DESTROY;
}

/* A login that its driver carried and that ended with the daemon: nothing was agreed on yet, which a
 * burst of no bytes tells (RFC 7143 13.13: 512 at least). */
static bool never_logged_in(const struct sysfs_session *found, const struct transport_row *row)
{
	return row->flags & TRANSPORT_ENDPOINT && found->max_burst_len == 0 &&
	       !says(found->state, "LOGGED_IN");
}

enum adoption adopt_decide(const struct sysfs_session *found)
{
	const struct transport_row *row = transport_find(found->transport);

	if (found->creator == -1 || !row)
		return ADOPT_LEAVE;
	if (!found->has_conn || !found->target_name[0] || never_logged_in(found, row))
		return ADOPT_DESTROY;
	if (says(found->state, "LOGGED_IN"))
		return decide_logged_in(found);
	if (says(found->state, "FAILED"))
		return ADOPT_RELOGIN;
	return decide_free(found);
}

/* ---- making the session ---- */

static struct session *session_from_state(struct daemon *daemon, const struct sysfs_session *found,
					  struct state *state)
{
	struct session *session = session_new(daemon, &state->node, state->initiator_name);

	if (!session)
		return NULL;
	memcpy(session->isid, state->isid, sizeof(session->isid));
	memcpy(session->netdev, state->netdev, sizeof(session->netdev));
	session->initial_cmdsn = state->initial_cmdsn;
	session->ordinal = state->ordinal;
	session->is_polled = state->is_polled;
	session->has_former_timeout = state->has_former_timeout;
	session->former_timeout_sec = state->former_timeout_sec;
	session->home = state->addresses;
	session->time2wait_sec = session->negotiated_time2wait_sec = state->time2wait_sec;
	return session;
}

static struct session *session_from_sysfs(struct daemon *daemon, const struct sysfs_session *found)
{
	const char *name =
		found->initiator_name[0] ? found->initiator_name : daemon->initiator.name;
	struct session *session;
	struct record node;

	adopt_record(CONFDIR, found, &node);
	session = session_new(daemon, &node, name ? name : "");
	if (!session)
		return NULL;
	isid_from_sid(found->sid, session->isid);
	adopt_address(found, &session->home);
	session->negotiated_time2wait_sec =
		(uint32_t)record_number(&session->node, F_NODE_SESSION_ISCSI_DEFAULT_TIME2WAIT);
	session->time2wait_sec = session->negotiated_time2wait_sec;
	return session;
}

static struct session *adopt_new(struct daemon *daemon, const struct sysfs_session *found,
				 bool *ret_is_known)
{
	struct session *session = NULL;
	struct state state;
	int r = state_load(daemon->state_dir, (int)found->sid, &state);

	*ret_is_known = r == 0 && says(record_text(&state.node, F_NODE_NAME), found->target_name);
	if (*ret_is_known)
		session = session_from_state(daemon, found, &state);
	else
		session = session_from_sysfs(daemon, found);
	state_done(&state);
	if (!session)
		return NULL;
	boot_note(session);
	session->is_pinged_by_us = found->has_conn && found->ping_tmo == SYSFS_NONE;
	session->sid = (int)found->sid;
	session->host_no = (int)found->host_no;
	return session;
}

/* ---- what is done with it ---- */

static void adopt_resolved(const struct addresses *addresses, int error, const char *sentence,
			   void *data)
{
	struct session *session = data;

	session->resolve = NULL;
	if (error)
		session_log(session, LOG_LEVEL_WARNING, "cannot resolve its address: %s", sentence);
	else
		session->home = *addresses;
}

/* Only a lost session of another program, with a host name as its address, has none: asked for now,
 * not in recovery. */
static void adopt_need_address(struct session *session)
{
	struct portal portal = {.port = session_port(session), .tpgt = PORTAL_TPGT_NONE};

	if (session->home.count)
		return;
	snprintf(portal.address, sizeof(portal.address), "%s", session_address(session));
	(void)resolve_start(session->daemon, &portal, adopt_resolved, session, &session->resolve);
}

static void adopt_healthy(struct session *session, bool is_known, bool wants_scan)
{
	conn_event(&session->conn, CONN_EVENT_ADOPTED);
	session_event(session, SESSION_EVENT_LOGGED_IN);
	session_log(session, LOG_LEVEL_INFO, "taken over as it is");
	fast_fail_end(session);
	nop_start(session);
	if (wants_scan)
		(void)scan_start(session, SCAN_AFTER_LOGIN, NULL);
	else if (!is_known)
		(void)scan_start(session, SCAN_STATE_ONLY, NULL);
}

static void adopt_act(struct session *session, enum adoption adoption, bool is_known)
{
	switch (adoption) {
	case ADOPT_LEAVE:
		break;
	case ADOPT_HEALTHY:
	case ADOPT_SCAN:
		adopt_healthy(session, is_known, adoption == ADOPT_SCAN);
		break;
	case ADOPT_RELOGIN:
		session_log(session, LOG_LEVEL_WARNING,
			    "taken over without a connection: logging in again");
		adopt_need_address(session);
		conn_event(&session->conn, CONN_EVENT_ADOPTED_LOST);
		break;
	case ADOPT_LOGOUT:
		session_log(session, LOG_LEVEL_INFO, "taken over in the middle of its logout");
		session->is_leaving = true;
		conn_event(&session->conn, CONN_EVENT_ADOPTED);
		session_event(session, SESSION_EVENT_LOGGED_IN);
		logout_unbound(session);
		break;
	case ADOPT_DESTROY:
		session_log(session, LOG_LEVEL_WARNING, "half made, taken down");
		logout_destroy(session);
		break;
	}
}

void adopt_session(struct daemon *daemon, const struct sysfs_session *found)
{
	enum adoption adoption = adopt_decide(found);
	struct session *session;
	bool is_known;
	int r;

	if (adoption == ADOPT_LEAVE)
		return;
	session = adopt_new(daemon, found, &is_known);
	if (!session) {
		log_error("no memory to take over session %u", found->sid);
		return;
	}
	r = transports_find(session);
	if (r < 0) {
		session_log(session, LOG_LEVEL_ERROR, "its transport is not found: %s",
			    strerror(-r));
		session_kill(session);
		return;
	}
	session_prepare_chap(session);
	adopt_act(session, adoption, is_known);
}

static void adopt_clean(struct daemon *daemon, const struct sysfs_session *found, size_t count)
{
	uint32_t *sids = calloc(count + 1, sizeof(*sids));
	int r;

	if (!sids)
		return;
	for (size_t i = 0; i < count; i++)
		sids[i] = found[i].sid;
	r = state_clean(daemon->state_dir, sids, count);
	if (r > 0)
		log_debug("%d state files of sessions that are gone removed", r);
	free(sids);
}

void adopt_all(struct daemon *daemon)
{
	struct sysfs_session *found;
	size_t count;
	int r = sysfs_sessions(daemon->sysfs, SYSFS_FULL, &found, &count);

	if (r < 0) {
		log_error("cannot read the kernel's sessions: %s", strerror(-r));
		return;
	}
	adopt_clean(daemon, found, count);
	for (size_t i = 0; i < count; i++)
		adopt_session(daemon, &found[i]);
	if (found)
		sysfs_session_wipe(found, count);
	free(found);
}

/* ---- after lost events ---- */

static void compare_session(struct session *session)
{
	struct sysfs_session found;
	int r = sysfs_session_read(session->daemon->sysfs, (uint32_t)session->sid, SYSFS_STATE,
				   &found);

	if (r == -ENOENT || r == -ENODEV) {
		logout_destroyed(session);
		return;
	}
	if (r < 0) {
		session_log(session, LOG_LEVEL_WARNING, "cannot read its state: %s", strerror(-r));
		return;
	}
	if (session->is_leaving && says(found.target_state, "UNBOUND")) {
		logout_unbound(session);
		return;
	}
	if (says(found.state, "FAILED") || says(found.state, "FREE") ||
	    says(found.conn_state, "failed"))
		conn_event(&session->conn, CONN_EVENT_LOST);
}

void adopt_compare(struct daemon *daemon)
{
	struct session *session = TAILQ_FIRST(&daemon->sessions);

	while (session) {
		struct session *next;

		session_ref(session);
		if (session->sid >= 0)
			compare_session(session);
		/* A session that was killed is out of the list, but its own link still tells where
		 * it was. */
		next = TAILQ_NEXT(session, entry);
		session_unref(session);
		session = next;
	}
}
