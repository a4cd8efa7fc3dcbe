/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Sessions: their life, the session machine, and the little things everybody asks of a session.
 * What happens to a session is decided elsewhere: start.c logs in, recovery.c logs in again,
 * logout.c takes down, adopt.c finds them at start-up.
 */
#include "daemon/session.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/attempt.h"
#include "daemon/daemon.h"
#include "lib/chap.h"
#include "lib/loop.h"
#include "lib/memory_lock.h"
#include "lib/portal.h"

/*
 * Q2 (ACTIVE) is a target's. N4, the session continuation, is what a relogin is from here: the
 * target sees a reinstatement (N6 and N1 of a new session with the same ISID), but the kernel and
 * its disks keep the session they had.
 */
const struct session_row session_rows[] = {
	{"N1", SESSION_FREE, SESSION_EVENT_LOGGED_IN, SESSION_LOGGED_IN,
	 "a connection is logged in"},
	{"N1", SESSION_FREE, SESSION_EVENT_FAILED, SESSION_FAILED, "found failed in the kernel"},
	{"N3", SESSION_LOGGED_IN, SESSION_EVENT_CLOSED, SESSION_FREE, "closed in order"},
	{"N5", SESSION_LOGGED_IN, SESSION_EVENT_FAILED, SESSION_FAILED, "its connection is lost"},
	{"N4", SESSION_FAILED, SESSION_EVENT_CONTINUED, SESSION_LOGGED_IN, "logged in again"},
	{"N6", SESSION_FAILED, SESSION_EVENT_GIVEN_UP, SESSION_FREE, "given up"},
};
const size_t session_row_count = sizeof(session_rows) / sizeof(session_rows[0]);

static const char *const state_names[SESSION_STATE_COUNT] = {
	[SESSION_FREE] = "FREE",
	[SESSION_LOGGED_IN] = "LOGGED_IN",
	[SESSION_FAILED] = "FAILED",
};

static const char *const event_names[SESSION_EVENT_COUNT] = {
	[SESSION_EVENT_LOGGED_IN] = "LOGGED_IN", [SESSION_EVENT_CLOSED] = "CLOSED",
	[SESSION_EVENT_FAILED] = "FAILED",	 [SESSION_EVENT_CONTINUED] = "CONTINUED",
	[SESSION_EVENT_GIVEN_UP] = "GIVEN_UP",
};

static const char *const stage_names[] = {
	[STAGE_NO_CHANGE] = "NO_CHANGE",
	[STAGE_CLEANUP] = "CLEANUP",
	[STAGE_REOPEN] = "REOPEN",
	[STAGE_REDIRECT] = "REDIRECT",
};

const char *session_state_name(enum session_state state)
{
	return state_names[state];
}

const char *session_event_name(enum session_event event)
{
	return event_names[event];
}

const char *session_stage_name(enum session_stage stage)
{
	return stage_names[stage];
}

const struct session_row *session_row_find(enum session_state state, enum session_event event)
{
	for (size_t i = 0; i < session_row_count; i++)
		if (session_rows[i].from == state && session_rows[i].event == event)
			return &session_rows[i];
	return NULL;
}

bool session_event(struct session *session, enum session_event event)
{
	const struct session_row *row = session_row_find(session->state, event);

	if (!row) {
		session->refused++;
		session_log(session, LOG_LEVEL_DEBUG, "%s refused in %s", event_names[event],
			    state_names[session->state]);
		return false;
	}
	session_log(session, LOG_LEVEL_DEBUG, "%s %s -> %s", row->number, state_names[row->from],
		    state_names[row->to]);
	session->state = row->to;
	session_touch(session);
	return true;
}

void session_set_stage(struct session *session, enum session_stage stage)
{
	if (session->stage == stage)
		return;
	session->stage = stage;
	session_touch(session);
}

void session_touch(struct session *session)
{
	session->since_ms = loop_now_ms();
}

static void session_timer(void *data)
{
	struct session *session = data;

	session_ref(session);
	session->on_timer(session);
	session_unref(session);
}

static void session_free(struct session *session)
{
	loop_timer_free(session->timer);
	record_done(&session->node);
	free(session->initiator_name);
	free(session->initiator_alias);
	free(session);
}

static bool session_fill(struct session *session, const char *initiator_name)
{
	const char *alias = session->daemon->initiator.alias;

	session->initiator_name = strdup(initiator_name);
	session->initiator_alias = strdup(alias ? alias : "");
	return session->initiator_name && session->initiator_alias &&
	       loop_timer_new(session->daemon->loop, session_timer, session, &session->timer) == 0;
}

struct session *session_new(struct daemon *daemon, struct record *node, const char *initiator_name)
{
	struct session *session = calloc(1, sizeof(*session));

	if (!session) {
		record_done(node);
		return NULL;
	}
	session->daemon = daemon;
	session->refs = 1;
	session->node = *node;
	memset(node, 0, sizeof(*node));
	session->sid = session->host_no = session->through_host = -1;
	session->conn.session = session;
	if (!session_fill(session, initiator_name)) {
		session_free(session);
		return NULL;
	}
	session->initial_cmdsn =
		(uint32_t)record_number(&session->node, F_NODE_SESSION_INITIAL_CMDSN);
	session->since_ms = session->began_ms = loop_now_ms();
	TAILQ_INSERT_TAIL(&daemon->sessions, session, entry);
	return session;
}

struct session *session_ref(struct session *session)
{
	session->refs++;
	return session;
}

void session_unref(struct session *session)
{
	if (--session->refs == 0)
		session_free(session);
}

void session_kill(struct session *session)
{
	if (session->is_killed)
		return;
	session->is_killed = true;
	TAILQ_REMOVE(&session->daemon->sessions, session, entry);
	loop_timer_stop(session->timer);
	resolve_cancel(session->resolve);
	session->resolve = NULL;
	attempt_free(session->conn.attempt);
	session->conn.attempt = NULL;
	slot_give(&session->daemon->slots, &session->slot);
	session_unref(session);
}

struct session *session_find(const struct daemon *daemon, int sid)
{
	struct session *session;

	if (sid < 0)
		return NULL;
	TAILQ_FOREACH(session, &daemon->sessions, entry)
	if (session->sid == sid)
		return session;
	return NULL;
}

static bool session_is_alike(const struct session *a, const struct session *b)
{
	struct portal one = {.port = session_port(a)}, two = {.port = session_port(b)};

	if (a == b || strcmp(session_target(a), session_target(b)) ||
	    strcmp(session_iface(a), session_iface(b)))
		return false;
	snprintf(one.address, sizeof(one.address), "%s", session_address(a));
	snprintf(two.address, sizeof(two.address), "%s", session_address(b));
	return portal_equal(&one, &two);
}

struct session *session_twin(const struct session *session)
{
	struct session *other;

	TAILQ_FOREACH(other, &session->daemon->sessions, entry)
	if (!other->is_leaving && session_is_alike(session, other))
		return other;
	return NULL;
}

static bool isid_is_taken(const struct session *session)
{
	const struct session *other;

	TAILQ_FOREACH(other, &session->daemon->sessions, entry)
	if (other != session && !memcmp(other->isid, session->isid, ISID_BYTES))
		return true;
	return false;
}

static unsigned int session_free_ordinal(const struct session *session)
{
	const struct session *other;
	unsigned int ordinal = 0;
	bool is_taken;

	do {
		is_taken = false;
		TAILQ_FOREACH(other, &session->daemon->sessions, entry)
		if (other->ordinal == ordinal && session_is_alike(session, other))
			is_taken = true;
		ordinal += is_taken;
	} while (is_taken);
	return ordinal;
}

void session_choose_isid(struct session *session)
{
	struct isid_source source = {
		.initiator = session->initiator_name,
		.target = session_target(session),
		.address = session_address(session),
		.iface = session_iface(session),
		.port = session_port(session),
	};
	unsigned int probe = 0;

	session->ordinal = source.ordinal = session_free_ordinal(session);
	do
		isid_derive(&source, probe++, session->isid);
	while (isid_is_taken(session));
}

static void session_expire(struct session *session)
{
	session_log(session, LOG_LEVEL_DEBUG, "timer without a purpose");
}

void session_wait(struct session *session, uint64_t delay_ms, void (*fn)(struct session *session))
{
	session->on_timer = fn;
	loop_timer_set(session->timer, delay_ms);
}

void session_wait_stop(struct session *session)
{
	session->on_timer = session_expire;
	loop_timer_stop(session->timer);
}

void session_fail(struct session *session, enum iscsi_err err, const char *format, ...)
{
	va_list args;

	session->failure.err = err;
	va_start(args, format);
	vsnprintf(session->failure.sentence, sizeof(session->failure.sentence), format, args);
	va_end(args);
}

void session_answer(struct session *session, struct session_waiter *waiter, enum iscsi_err err,
		    const char *sentence)
{
	struct session_waiter answered = *waiter;

	*waiter = (struct session_waiter){0};
	if (answered.fn)
		answered.fn(session->sid, err, sentence, answered.data);
}

void session_log(const struct session *session, enum log_level level, const char *format, ...)
{
	char text[512], sid[16] = "", portal_text[PORTAL_TEXT_MAX];
	struct portal portal = {.port = session_port(session),
				.tpgt = (int)record_number(&session->node, F_NODE_TPGT)};
	va_list args;

	if (level > log_level())
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (session->sid >= 0)
		snprintf(sid, sizeof(sid), " %d", session->sid);
	snprintf(portal.address, sizeof(portal.address), "%s", session_address(session));
	log_line(level, "session%s %s %s [%s]: %s", sid, session_target(session),
		 portal_format(&portal, portal.tpgt >= 0, portal_text), session_iface(session),
		 text);
}

const char *session_target(const struct session *session)
{
	return record_text(&session->node, F_NODE_NAME);
}

const char *session_address(const struct session *session)
{
	return record_text(&session->node, F_NODE_CONN_ADDRESS);
}

int session_port(const struct session *session)
{
	return (int)record_number(&session->node, F_NODE_CONN_PORT);
}

const char *session_iface(const struct session *session)
{
	const char *name = record_text(&session->node, F_IFACE_ISCSI_IFACENAME);

	return *name ? name : "default";
}

bool session_uses_chap(const struct session *session)
{
	return *record_text(&session->node, F_NODE_SESSION_AUTH_USERNAME) &&
	       *record_text(&session->node, F_NODE_SESSION_AUTH_PASSWORD);
}

bool session_has_endpoint(const struct session *session)
{
	return session->transport && session->transport->flags & TRANSPORT_ENDPOINT;
}

bool session_is_firmware(const struct session *session)
{
	return session->transport && session->transport->flags & TRANSPORT_FIRMWARE;
}

void session_prepare_chap(struct session *session)
{
	if (session->daemon->is_chap_ready || !session_uses_chap(session))
		return;
	session->daemon->is_chap_ready = true;
	chap_prepare();
	(void)memory_lock_code();
}

uint64_t session_login_timeout_ms(const struct session *session)
{
	return 1000 * (uint64_t)record_number(&session->node, F_NODE_CONN_TIMEO_LOGIN_TIMEOUT);
}
