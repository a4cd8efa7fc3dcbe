/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The path of a first login, one function per thing that happened:
 *
 *	start_login -> transport there? -> address known? -> a slot -> T1..T5 (attempt.c) ->
 *	handover.c -> start_done -> scan
 *
 * and its end on failure, where it is decided whether to try again: connection trouble and a busy
 * target are worth another attempt until initial_login_retry_max login timeouts are over; wrong
 * secrets and unknown names are not.
 */
#include "daemon/start.h"

#include <errno.h>
#include <string.h>

#include "daemon/attempt.h"
#include "daemon/boot.h"
#include "daemon/daemon.h"
#include "daemon/nop.h"
#include "daemon/scan.h"
#include "daemon/transports.h"
#include "lib/loop.h"

bool start_may_retry(enum iscsi_err err, uint64_t elapsed_ms, uint64_t login_timeout_ms,
		     uint64_t retry_max)
{
	/* A host name or a NIC may appear while the machine boots; a whole login timeout is enough
	 * for that. */
	if (err == ISCSI_ERR_HOST_NOT_FOUND || err == ISCSI_ERR_AGAIN)
		return elapsed_ms < login_timeout_ms;
	if (err != ISCSI_ERR_TRANS && err != ISCSI_ERR_TRANS_TIMEOUT &&
	    err != ISCSI_ERR_PDU_TIMEOUT && err != ISCSI_ERR_LOGIN)
		return false;
	return elapsed_ms < retry_max * login_timeout_ms;
}

uint64_t start_delay_ms(unsigned int attempts)
{
	return attempts < 3 ? 1000 * (uint64_t)(attempts ? attempts : 1) : 3000;
}

/* A target that says "try later" until the time is over is, to scripts, a connection that timed
 * out. */
static enum iscsi_err final_error(enum iscsi_err err)
{
	return err == ISCSI_ERR_LOGIN ? ISCSI_ERR_TRANS_TIMEOUT : err;
}

static void start_give_up(struct session *session)
{
	struct session_failure failure = session->failure;

	/* One that nobody asked for is told by who began it. */
	session_log(session, session->is_automatic ? LOG_LEVEL_DEBUG : LOG_LEVEL_ERROR, "login failed after %u attempt%s: %s",
		    session->attempts, session->attempts == 1 ? "" : "s", failure.sentence);
	session_ref(session);
	session_kill(session);
	session_answer(session, &session->login, final_error(failure.err), failure.sentence);
	session_unref(session);
}

static void start_resolve(struct session *session);
static void start_with_transport(struct session *session, int error);

static void start_again(struct session *session)
{
	attempt_first_address(session);
	session->redirects = 0;
	if (session->stage == STAGE_REDIRECT)
		session_set_stage(session, STAGE_NO_CHANGE);
	if (!session->transport_handle)
		transports_want(session, start_with_transport);
	else if (session->home.count)
		start_connect(session);
	else
		start_resolve(session);
}

void start_failed(struct session *session)
{
	uint64_t elapsed_ms = loop_now_ms() - session->began_ms;
	uint64_t retry_max =
		(uint64_t)record_number(&session->node, F_NODE_SESSION_INITIAL_LOGIN_RETRY_MAX);

	if (session->is_automatic) {
		if (session->home.count && attempt_other_address(session))
			start_connect(session);
		else
			start_give_up(session);
		return;
	}
	if (!start_may_retry(session->failure.err, elapsed_ms, session_login_timeout_ms(session),
			     retry_max)) {
		start_give_up(session);
		return;
	}
	session_log(session, LOG_LEVEL_DEBUG, "attempt %u: %s", session->attempts,
		    session->failure.sentence);
	if (session->home.count && attempt_other_address(session)) {
		start_connect(session);
		return;
	}
	session_wait(session, session->home.count ? start_delay_ms(session->attempts) : 1000,
		     start_again);
}

void start_port_lost(struct session *session, const char *cause)
{
	enum conn_state state = session->conn.state;

	if (state != CONN_XPT_WAIT && state != CONN_IN_LOGIN)
		return;
	session_fail(session, ISCSI_ERR_AGAIN, "iface %s: its port is lost: %s",
		     session_iface(session), cause);
	conn_event(&session->conn, state == CONN_XPT_WAIT ? CONN_EVENT_CONNECT_FAILED
							  : CONN_EVENT_LOGIN_FAILED);
}

void start_kick(struct session *session)
{
	if (session->conn.state == CONN_FREE && session->on_timer == start_again)
		session_wait(session, 0, start_again);
}

static void start_granted(void *data)
{
	struct session *session = data;

	conn_event(&session->conn, CONN_EVENT_CONNECT);
}

void start_connect(struct session *session)
{
	if (session->sid < 0)
		session->conn.cmdsn = session->initial_cmdsn;
	slot_take(&session->daemon->slots, &session->slot, attempt_address(session), start_granted,
		  session);
}

static void start_resolved(const struct addresses *addresses, int error, const char *sentence,
			   void *data)
{
	struct session *session = data;

	session->resolve = NULL;
	session_wait_stop(session);
	session->attempts++;
	if (error) {
		session_fail(session, error == -ENOMEM ? ISCSI_ERR_NOMEM : ISCSI_ERR_HOST_NOT_FOUND,
			     "cannot resolve %s: %s", session_address(session), sentence);
		start_failed(session);
		return;
	}
	session->home = *addresses;
	start_connect(session);
}

/* A name server that does not answer is no reason to let a login_timeout pass by. */
static void start_unresolved(struct session *session)
{
	struct addresses none = {.count = 0};

	resolve_cancel(session->resolve);
	start_resolved(&none, -EAGAIN, "no name server has answered", session);
}

static void start_resolve(struct session *session)
{
	struct portal portal = {.port = session_port(session), .tpgt = PORTAL_TPGT_NONE};
	size_t len = strlen(session_address(session));
	int r = -ENAMETOOLONG;

	if (len < sizeof(portal.address)) {
		memcpy(portal.address, session_address(session), len + 1);
		r = addresses_from_literal(&portal, &session->home);
	}
	if (r == 0) {
		start_connect(session);
		return;
	}
	if (r == -ENOENT)
		r = resolve_start(session->daemon, &portal, start_resolved, session,
				  &session->resolve);
	if (r == 0) {
		session_wait(session, session_login_timeout_ms(session), start_unresolved);
		return;
	}
	session_fail(session, ISCSI_ERR_HOST_NOT_FOUND, "cannot use address %s: %s",
		     session_address(session), strerror(-r));
	start_failed(session);
}

static void start_with_transport(struct session *session, int error)
{
	if (error) {
		session_fail(session, transports_error(error), "transport %s: %s",
			     record_text(&session->node, F_IFACE_TRANSPORT_NAME),
			     transports_error_text(error));
		start_failed(session);
		return;
	}
	start_resolve(session);
}

void start_login(struct session *session, session_done_fn *done, void *data)
{
	session->login = (struct session_waiter){done, data};
	boot_note(session);
	session_prepare_chap(session);
	session->began_ms = loop_now_ms();
	transports_want(session, start_with_transport);
}

/* The answer waits for the state file, too: from then on a restarted daemon knows the session. */
static void start_scanned(struct session *session)
{
	session_answer(session, &session->login, ISCSI_ERR_SUCCESS, "");
}

static const char *start_authentication(const struct session *session)
{
	if (!session_uses_chap(session))
		return "no authentication";
	return *record_text(&session->node, F_NODE_SESSION_AUTH_PASSWORD_IN) ? "mutual CHAP"
									     : "CHAP";
}

void start_done(struct session *session)
{
	session->logged_in_ms = loop_now_ms();
	session_event(session, SESSION_EVENT_LOGGED_IN);
	session_set_stage(session, STAGE_NO_CHANGE);
	nop_start(session);
	session_log(session, LOG_LEVEL_INFO, "logged in (%s%s%s) in %llu ms",
		    start_authentication(session),
		    session->has_header_digest ? ", header digest CRC32C" : "",
		    session->has_data_digest ? ", data digest CRC32C" : "",
		    (unsigned long long)(loop_now_ms() - session->began_ms));
	if (!scan_start(session, SCAN_AFTER_LOGIN, start_scanned))
		start_scanned(session);
}
