/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A logout, one function per thing that happened:
 *
 *	UNBIND_SESSION -> unbound -> Logout request -> answered ->
 *	STOP_CONN(TERM), DESTROY_CONN, DESTROY_SESSION_ASYNC -> destroyed
 *
 * Each arrow is a wait, none of them blocks, so any number of sessions walk side by side. One timer
 * of logout_timeout runs over each wait for the target: what does not come in time is done without.
 * A session in recovery has nobody to say goodbye to and goes straight to the end.
 */
#include "daemon/logout.h"

#include <errno.h>
#include <string.h>

#include "daemon/attempt.h"
#include "daemon/daemon.h"
#include "daemon/recovery.h"
#include "daemon/state.h"
#include "lib/loop.h"
#include "transport/abi/iscsi_proto.h"
#include "transport/user/requests.h"

#define DESTROY_TIMEOUT_MS                                                                         \
	30000 /* the kernel needs milliseconds; a disk held by a dying command may need longer */

static uint64_t logout_timeout_ms(const struct session *session)
{
	return 1000 * (uint64_t)record_number(&session->node, F_NODE_CONN_TIMEO_LOGOUT_TIMEOUT);
}

/* ---- the end ---- */

static void logout_finish(struct session *session, enum iscsi_err err, const char *sentence)
{
	session_ref(session);
	session_event(session, session->state == SESSION_FAILED ? SESSION_EVENT_GIVEN_UP
								: SESSION_EVENT_CLOSED);
	session_log(session, err ? LOG_LEVEL_ERROR : LOG_LEVEL_INFO, "%s",
		    err ? sentence : "logged out");
	if (!err)
		state_remove(session->daemon, session->sid);
	session_kill(session);
	session_answer(session, &session->login, ISCSI_ERR_SESS_NOT_FOUND,
		       "the session was logged out meanwhile");
	session_answer(session, &session->logout, err, sentence);
	session_unref(session);
}

void logout_destroyed(struct session *session)
{
	if (session->is_leaving && session->conn.state == CONN_FREE) {
		logout_finish(session, ISCSI_ERR_SUCCESS, "");
		return;
	}
	session_log(session, LOG_LEVEL_WARNING, "removed by somebody else");
	attempt_drop(&session->conn);
	if (session->conn.state != CONN_FREE)
		conn_event(&session->conn, CONN_EVENT_CLOSED);
	logout_finish(session, ISCSI_ERR_SUCCESS, "");
}

static void logout_stuck(struct session *session)
{
	logout_finish(session, ISCSI_ERR_LOGOUT,
		      "the kernel does not let the session go; its disks may still be in use");
}

void logout_destroy(struct session *session)
{
	struct netlink *netlink = session->daemon->netlink;
	uint32_t sid = (uint32_t)session->sid;
	struct request_batch batch;
	int r;

	attempt_drop(&session->conn);
	resolve_cancel(session->resolve);
	session->resolve = NULL;
	if (session->conn.state != CONN_FREE)
		conn_event(&session->conn, CONN_EVENT_CLOSED);
	session->is_leaving = true;
	session_set_stage(session, STAGE_CLEANUP);
	batch_init(&batch, session->transport_handle);
	/* The kernel lets the endpoint go in this one, wherever it has come from. */
	if (session_has_endpoint(session))
		batch_stop_conn(&batch, sid, 0, ISCSI_STOP_RECOVER);
	batch_stop_conn(&batch, sid, 0, ISCSI_STOP_TERM);
	batch_destroy_conn(&batch, sid, 0);
	r = batch_send(netlink, &batch, NULL, 0);
	batch_done(&batch);
	if (r < 0)
		session_log(session, LOG_LEVEL_DEBUG, "STOP_CONN, DESTROY_CONN: %s", strerror(-r));
	r = request_destroy_session(netlink, session->transport_handle, sid);
	if (r < 0)
		session_log(session, LOG_LEVEL_WARNING, "the kernel refused DESTROY_SESSION: %s",
			    strerror(-r));
	/* -EINVAL: the kernel does not know it any more, so no event will come. */
	if (r == -EINVAL)
		session_wait(session, 0, logout_destroyed);
	else
		session_wait(session, DESTROY_TIMEOUT_MS, logout_stuck);
}

/* ---- the PDU ---- */

static void logout_timeout(struct session *session)
{
	session_log(session, LOG_LEVEL_WARNING, "the target does not answer the logout");
	conn_event(&session->conn, CONN_EVENT_LOST);
}

static void logout_not_sent(struct session *session)
{
	conn_event(&session->conn, CONN_EVENT_LOST);
}

void logout_send(struct conn *conn)
{
	struct session *session = conn->session;
	struct iscsi_bhs_logout_request request = {
		.opcode = ISCSI_PDU_LOGOUT_REQUEST | ISCSI_PDU_IMMEDIATE,
		.flags = ISCSI_BIT_FINAL | ISCSI_LOGOUT_REQUEST_CLOSE_SESSION,
	};
	int r = request_send_pdu(session->daemon->netlink, session->transport_handle,
				 (uint32_t)session->sid, 0, &request, NULL, 0);

	if (r < 0) {
		session_log(session, LOG_LEVEL_DEBUG, "logout request: %s", strerror(-r));
		session_wait(session, 0, logout_not_sent);
		return;
	}
	session_wait(session, logout_timeout_ms(session), logout_timeout);
}

void logout_answered(struct conn *conn)
{
	struct session *session = conn->session;

	session_wait_stop(session);
	if (session->is_leaving)
		logout_destroy(session);
	else
		recovery_after_logout(session);
}

void logout_unanswered(struct conn *conn)
{
	/* Leaving or not, recovery_start() knows what a session without a connection is worth. */
	recovery_start(conn);
}

void logout_requested(struct conn *conn)
{
	if (!conn->session->is_leaving)
		conn_event(conn, CONN_EVENT_LOGOUT);
}

/* ---- the beginning ---- */

void logout_unbound(struct session *session)
{
	/* IN_LOGOUT: the target had asked first, its answer is on the way. */
	if (session->is_leaving && session->conn.state != CONN_IN_LOGOUT)
		conn_event(&session->conn, CONN_EVENT_LOGOUT);
}

static void logout_begin(struct session *session)
{
	int r = request_unbind_session(session->daemon->netlink, session->transport_handle,
				       (uint32_t)session->sid);

	if (r < 0)
		session_log(session, LOG_LEVEL_DEBUG, "UNBIND_SESSION: %s", strerror(-r));
	session_wait(session, r < 0 ? 0 : logout_timeout_ms(session), logout_unbound);
}

void logout_start(struct session *session, session_done_fn *done, void *data)
{
	if (session->is_leaving) {
		done(session->sid, ISCSI_ERR_BUSY, "a logout of this session is under way already",
		     data);
		return;
	}
	session->is_leaving = true;
	session->logout = (struct session_waiter){done, data};
	session_set_stage(session, STAGE_CLEANUP);
	switch (session->conn.state) {
	case CONN_LOGGED_IN:
	case CONN_LOGOUT_REQUESTED:
		logout_begin(session);
		break;
	case CONN_IN_LOGOUT:
		break;
	case CONN_FREE:
	case CONN_XPT_WAIT:
	case CONN_IN_LOGIN:
	case CONN_CLEANUP_WAIT:
	case CONN_STATE_COUNT:
		logout_destroy(session);
		break;
	}
}
