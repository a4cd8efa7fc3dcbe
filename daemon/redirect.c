/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Follows redirects: at most node.session.login_redirect_max in one login, a temporary one for this
 * login only, a permanent one for the life of the session once a login there has worked (the state
 * file learns of it, the record stays as it is; the old addresses are tried after the new). A
 * target that redirects to a host name is looked up on a worker thread; addresses of the record
 * itself are never looked up again.
 */
#include "daemon/redirect.h"

#include <string.h>

#include "daemon/attempt.h"
#include "daemon/daemon.h"
#include "daemon/session.h"
#include "daemon/start.h"
#include "daemon/recovery.h"

static void redirect_give_up(struct session *session)
{
	if (session->state == SESSION_FREE)
		start_failed(session);
	else
		recovery_failed(session);
}

static void redirect_timeout(struct session *session)
{
	resolve_cancel(session->resolve);
	session->resolve = NULL;
	session_fail(session, ISCSI_ERR_LOGIN,
		     "redirected to a host that no name server knows yet");
	redirect_give_up(session);
}

static void redirect_resolved(const struct addresses *addresses, int error, const char *sentence,
			      void *data)
{
	struct session *session = data;

	session->resolve = NULL;
	session_wait_stop(session);
	if (error) {
		session_fail(session, ISCSI_ERR_LOGIN, "redirected to a host that is not found: %s",
			     sentence);
		redirect_give_up(session);
		return;
	}
	session->away = *addresses;
	start_connect(session);
}

void redirect_take(struct session *session, const struct login_outcome *outcome)
{
	int64_t max = record_number(&session->node, F_NODE_SESSION_LOGIN_REDIRECT_MAX);

	session->redirects++;
	if (max && session->redirects > (uint64_t)max) {
		session_fail(session, ISCSI_ERR_LOGIN, "redirected more than %lld times",
			     (long long)max);
		conn_event(&session->conn, CONN_EVENT_LOGIN_FAILED);
		return;
	}
	if (portal_parse(outcome->redirect, ISCSI_PORT, &session->redirect) < 0) {
		session_fail(session, ISCSI_ERR_LOGIN,
			     "redirected to \"%.64s\", which is no address", outcome->redirect);
		conn_event(&session->conn, CONN_EVENT_LOGIN_FAILED);
		return;
	}
	session_log(session, LOG_LEVEL_DEBUG, "redirected to %s%s", outcome->redirect,
		    outcome->redirect_is_permanent ? " for good" : "");
	session->away_is_permanent = outcome->redirect_is_permanent;
	session_fail(session, ISCSI_ERR_SUCCESS, "redirected");
	conn_event(&session->conn, CONN_EVENT_LOGIN_FAILED);
}

void redirect_follow(struct session *session)
{
	session->is_away = true;
	session->address_index = 0;
	if (session->stage == STAGE_NO_CHANGE)
		session_set_stage(session, STAGE_REDIRECT);
	if (addresses_from_literal(&session->redirect, &session->away) == 0) {
		start_connect(session);
		return;
	}
	if (resolve_start(session->daemon, &session->redirect, redirect_resolved, session,
			  &session->resolve) < 0) {
		session_fail(session, ISCSI_ERR_LOGIN,
			     "redirected to a host that cannot be looked up");
		redirect_give_up(session);
		return;
	}
	session_wait(session, session_login_timeout_ms(session), redirect_timeout);
}

static bool addresses_have(const struct addresses *addresses,
			   const struct sockaddr_storage *address, socklen_t len)
{
	for (unsigned int i = 0; i < addresses->count; i++)
		if (addresses->len[i] == len && !memcmp(&addresses->list[i], address, len))
			return true;
	return false;
}

void redirect_settle(struct session *session)
{
	struct addresses moved = session->away;

	for (unsigned int i = 0; i < session->home.count && moved.count < ADDRESSES_MAX; i++) {
		if (addresses_have(&moved, &session->home.list[i], session->home.len[i]))
			continue;
		moved.list[moved.count] = session->home.list[i];
		moved.len[moved.count++] = session->home.len[i];
	}
	session->home = moved;
	session->is_away = false;
	session->address_index = 0;
	session->has_moved = true;
	session_log(session, LOG_LEVEL_INFO, "the target has moved for good: %s from now on",
		    session->redirect.address);
}
