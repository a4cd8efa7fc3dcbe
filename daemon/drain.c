/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Decides when the daemon may stop. A login that is in the kernel has its state file written and is
 * answered then, its scan is not waited for (a new daemon scans what was never scanned). Called by
 * main() and verbs.c.
 */
#include "daemon/drain.h"

#include "daemon/daemon.h"
#include "lib/log.h"
#include "lib/loop.h"

#define DRAIN_LOOK_MS 20

static void drain_give_up_logins(struct daemon *daemon)
{
	struct session *session = TAILQ_FIRST(&daemon->sessions), *next;

	for (; session; session = next) {
		next = TAILQ_NEXT(session, entry);
		if (session->sid >= 0)
			continue;
		session_ref(session);
		session_log(session, LOG_LEVEL_INFO, "login given up: iscsid stops");
		session_kill(session);
		session_answer(session, &session->login, ISCSI_ERR_ISCSID_NOTCONN, "iscsid stops");
		session_unref(session);
	}
}

static bool is_half_done(const struct daemon *daemon)
{
	const struct session *session;

	if (daemon->works)
		return true;
	TAILQ_FOREACH(session, &daemon->sessions, entry)
	if (session->is_leaving)
		return true;
	return false;
}

static void drain_answer_logins(struct daemon *daemon)
{
	struct session *session;

	TAILQ_FOREACH(session, &daemon->sessions, entry)
	session_answer(session, &session->login, ISCSI_ERR_SUCCESS, "");
}

static void drain_look(void *data)
{
	struct daemon *daemon = data;
	bool is_late = loop_now_ms() >= daemon->drain_until_ms;

	if (is_half_done(daemon) && !is_late) {
		loop_timer_set(daemon->drain_timer, DRAIN_LOOK_MS);
		return;
	}
	if (is_late)
		log_warning("stopped with work half done: the next iscsid will see to it");
	drain_answer_logins(daemon);
	loop_stop(daemon->loop);
}

void drain_start(struct daemon *daemon)
{
	if (daemon->is_draining ||
	    loop_timer_new(daemon->loop, drain_look, daemon, &daemon->drain_timer) < 0) {
		loop_stop(daemon->loop);
		return;
	}
	daemon->is_draining = true;
	daemon->drain_until_ms = loop_now_ms() + DRAIN_MAX_MS;
	drain_give_up_logins(daemon);
	loop_timer_set(daemon->drain_timer, 0);
}

void drain_done(struct daemon *daemon)
{
	loop_timer_free(daemon->drain_timer);
	daemon->drain_timer = NULL;
}
