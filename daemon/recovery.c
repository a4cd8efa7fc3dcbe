/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The timers of a lost connection, in words: STOP_CONN(RECOVER) at once, which blocks the disks and
 * starts the kernel's replacement timeout; after Time2Wait a login on a new socket with the same
 * ISID (session reinstatement) and the CmdSN the kernel is at; after a failure again in 1, 2, then
 * every 3 seconds, for ever or reopen_max times. The same pauses are made for a target that takes
 * the login and drops the session right behind it, time after time. Then the disks that were taken offline meanwhile
 * are set running, by a thread.
 *
 * The root file system may be the disk that is lost: nothing here opens a file, reads the store,
 * looks up a name or waits.
 */
#include "daemon/recovery.h"

#include <string.h>

#include "daemon/attempt.h"
#include "daemon/daemon.h"
#include "daemon/fast_fail.h"
#include "daemon/handover.h"
#include "daemon/logout.h"
#include "daemon/nop.h"
#include "daemon/scan.h"
#include "daemon/start.h"
#include "lib/loop.h"
#include "transport/user/requests.h"

#define PARKED_MS 30000 /* between attempts through a port that is lost, if it is */
/* Behind a port that has just come back the first packets may still meet a neighbour that was given
 * up while it was gone. */
#define SETTLE_MS 3000
#define SETTLE_PAUSE_MS 200
#define STEADY_MS 2000 /* a connection that stood as long has not failed again, but anew */

uint64_t recovery_delay_ms(unsigned int attempts, uint32_t time2wait_sec)
{
	return attempts ? start_delay_ms(attempts) : 1000 * (uint64_t)time2wait_sec;
}

static void recovery_connect(struct session *session)
{
	int r = handover_cmdsn(session);

	if (r < 0) {
		session->attempts++;
		session_fail(session, ISCSI_ERR_INTERNAL,
			     "the kernel does not tell the session's counters: %s", strerror(-r));
		recovery_failed(session);
		return;
	}
	attempt_first_address(session);
	session->redirects = 0;
	start_connect(session);
}

/* The first loss of a session that has just been logged in is worth an attempt at once, the next
 * ones are not. */
static uint64_t relapse_delay_ms(struct session *session)
{
	if (loop_now_ms() - session->logged_in_ms >= STEADY_MS)
		session->relapses = 0;
	else
		session->relapses++;
	return session->relapses > 1 ? start_delay_ms(session->relapses - 1) : 0;
}

/* How long until the first attempt. When a lost port is back is told by others. */
static uint64_t first_delay_ms(struct session *session, uint64_t time2wait_ms)
{
	uint64_t delay_ms;

	if (session->is_port_lost)
		return PARKED_MS;
	delay_ms = relapse_delay_ms(session);
	return delay_ms > time2wait_ms ? delay_ms : time2wait_ms;
}

static void recovery_begin(struct session *session)
{
	uint64_t time2wait_ms = recovery_delay_ms(0, session->time2wait_sec);
	int r = request_stop_conn(session->daemon->netlink, session->transport_handle,
				  (uint32_t)session->sid, 0, ISCSI_STOP_RECOVER);

	if (r < 0)
		session_log(session, LOG_LEVEL_WARNING, "the kernel refused STOP_CONN: %s",
			    strerror(-r));
	session_event(session, SESSION_EVENT_FAILED);
	session_set_stage(session, STAGE_REOPEN);
	session->began_ms = loop_now_ms();
	session->attempts = 0;
	session->earliest_ms = session->began_ms + time2wait_ms;
	session_wait(session, first_delay_ms(session, time2wait_ms), recovery_connect);
	session->time2wait_sec = session->negotiated_time2wait_sec;
}

void recovery_start(struct conn *conn)
{
	/* Somebody waits for the logout: a session without a connection is as good as logged out.
	 */
	if (conn->session->is_leaving) {
		logout_destroy(conn->session);
		return;
	}
	recovery_begin(conn->session);
}

void recovery_after_logout(struct session *session)
{
	recovery_begin(session);
}

/* ---- while the port is lost ---- */

static void recovery_wait_parked(struct session *session, uint64_t delay_ms)
{
	session->attempts = 0;
	session_wait(session, delay_ms, recovery_connect);
}

void recovery_park(struct session *session)
{
	enum conn_state state = session->conn.state;

	session_fail(session, ISCSI_ERR_AGAIN, "its port is lost");
	if (state == CONN_XPT_WAIT) {
		conn_event(&session->conn, CONN_EVENT_CONNECT_FAILED);
	} else if (state == CONN_IN_LOGIN) {
		conn_event(&session->conn, CONN_EVENT_LOGIN_FAILED);
	} else {
		slot_give(&session->daemon->slots, &session->slot);
		recovery_wait_parked(session, PARKED_MS);
	}
}

static bool is_settling(const struct session *session)
{
	return session->is_unreachable && session->kicked_ms &&
	       loop_now_ms() - session->kicked_ms < SETTLE_MS;
}

void recovery_kick(struct session *session)
{
	uint64_t now_ms = loop_now_ms();

	recovery_park(session);
	session->kicked_ms = now_ms;
	session_wait(session, session->earliest_ms > now_ms ? session->earliest_ms - now_ms : 0,
		     recovery_connect);
}

/* ---- failures ---- */

static void recovery_give_up(struct session *session)
{
	session_log(session, LOG_LEVEL_ERROR, "given up after %u attempts to log in again: %s",
		    session->attempts, session->failure.sentence);
	logout_destroy(session);
}

void recovery_failed(struct session *session)
{
	uint64_t max = (uint64_t)record_number(&session->node, F_NODE_SESSION_REOPEN_MAX);
	int64_t frequency = record_number(&session->node, F_NODE_SESSION_SESS_REOPEN_LOG_FREQ);

	if (session->is_port_lost || is_settling(session)) {
		session_log(session, LOG_LEVEL_DEBUG, "not logged in again, its port %s: %s",
			    session->is_port_lost ? "is lost" : "has just come back",
			    session->failure.sentence);
		recovery_wait_parked(session,
				     session->is_port_lost ? PARKED_MS : SETTLE_PAUSE_MS);
		return;
	}
	if (max && session->attempts >= max) {
		recovery_give_up(session);
		return;
	}
	if (frequency < 1)
		frequency = 1;
	if ((session->attempts - 1) % frequency == 0)
		session_log(session, LOG_LEVEL_WARNING, "not logged in again (attempt %u): %s",
			    session->attempts, session->failure.sentence);
	if (attempt_other_address(session)) {
		start_connect(session);
		return;
	}
	session_wait(session, recovery_delay_ms(session->attempts, 0), recovery_connect);
}

void recovery_done(struct session *session)
{
	session->logged_in_ms = loop_now_ms();
	session_event(session, SESSION_EVENT_CONTINUED);
	session_set_stage(session, STAGE_NO_CHANGE);
	session_log(session, LOG_LEVEL_INFO, "operational after recovery (%u attempt%s, %llu ms)",
		    session->attempts, session->attempts == 1 ? "" : "s",
		    (unsigned long long)(loop_now_ms() - session->began_ms));
	session->is_port_lost = false;
	fast_fail_end(session);
	nop_start(session);
	(void)scan_start(session, SCAN_RECOVERED, NULL);
}
