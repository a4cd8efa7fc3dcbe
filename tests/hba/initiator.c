/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The life of an initiator: made, connecting, logging in, full feature phase, logging out, closed; its turns of the loop, and its one
 * end. What a turn does is in the other initiator_*.c; a failure in any of them comes here when the turn is over.
 */
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/hba/initiator_core.h"

#define LOGIN_TIMEOUT_MS  15000
#define LOGOUT_TIMEOUT_MS 10000
#define NOP_TIMEOUT_MS	  5000

/* The only writer of state. */
void initiator_enter(struct initiator *initiator, enum initiator_state state)
{
	static const unsigned char may_follow[] = {
		[INITIATOR_STATE_CONNECTING] = 1 << INITIATOR_STATE_LOGIN,
		[INITIATOR_STATE_LOGIN] = 1 << INITIATOR_STATE_CONNECTING | 1 << INITIATOR_STATE_FULL_FEATURE,
		[INITIATOR_STATE_FULL_FEATURE] = 1 << INITIATOR_STATE_LOGOUT,
		[INITIATOR_STATE_LOGOUT] = 0,
		[INITIATOR_STATE_CLOSED] = 0,
	};

	if (state != INITIATOR_STATE_CLOSED && !(may_follow[initiator->state] & 1 << state))
		abort();
	initiator->state = state;
}

void initiator_kick(struct initiator *initiator)
{
	loop_timer_set(initiator->kick, 0);
}

void initiator_fail(struct initiator *initiator, enum initiator_end end, int error, const char *format, ...)
{
	va_list arguments;

	if (is_over(initiator))
		return;
	initiator->has_failed = true;
	initiator->closed.end = end;
	initiator->closed.error = error;
	va_start(arguments, format);
	vsnprintf(initiator->text, sizeof(initiator->text), format, arguments);
	va_end(arguments);
	initiator_kick(initiator);
}

/* No byte comes or goes after this. Buffers stay: a callback may be reading them. */
static void shut(struct initiator *initiator)
{
	initiator_enter(initiator, INITIATOR_STATE_CLOSED);
	initiator_login_stop(initiator);
	loop_fd_free(initiator->watch);
	initiator->watch = NULL;
	if (initiator->fd >= 0)
		close(initiator->fd);
	initiator->fd = -1;
	loop_timer_stop(initiator->timer);
	loop_timer_stop(initiator->kick);
	initiator->tx.task = NULL;
	initiator->rx.task = NULL;
}

static void end_all(struct initiator *initiator, enum initiator_result result)
{
	initiator_tasks_end_all(initiator, result);
	initiator_controls_end_all(initiator, -ENOTCONN);
}

/* The end that a failure was. Whatever breaks while it is logged out is its logout. */
static void finish(struct initiator *initiator)
{
	struct initiator_closed *closed = &initiator->closed;

	if (initiator->state == INITIATOR_STATE_LOGOUT && closed->end != INITIATOR_END_MEMORY)
		closed->end = INITIATOR_END_LOGOUT;
	closed->was_asked = initiator->was_asked;
	closed->text = initiator->text;
	shut(initiator);
	end_all(initiator, closed->end == INITIATOR_END_LOGOUT ? INITIATOR_RESULT_LOGGED_OUT : INITIATOR_RESULT_LOST);
	if (!initiator->is_silent)
		initiator->events->closed(initiator->data, closed);
}

static void release(struct initiator *initiator)
{
	initiator_tx_done(initiator);
	initiator_rx_done(initiator);
	free(initiator->tags.slots);
	loop_timer_free(initiator->timer);
	loop_timer_free(initiator->kick);
	free(initiator);
}

void initiator_begin(struct initiator *initiator)
{
	initiator->depth++;
}

void initiator_settle(struct initiator *initiator)
{
	if (initiator->has_failed && initiator->state != INITIATOR_STATE_CLOSED)
		finish(initiator);
	if (!--initiator->depth && initiator->is_freed)
		release(initiator);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

void initiator_deadlines(struct initiator *initiator)
{
	uint64_t next = UINT64_MAX, now = loop_now_ms();

	if (initiator->state <= INITIATOR_STATE_LOGIN) {
		next = initiator->login_deadline_ms;
	} else if (is_up(initiator)) {
		next = earlier(initiator_controls_deadline(initiator), initiator_ping_deadline(initiator));
		if (initiator->state == INITIATOR_STATE_LOGOUT)
			next = earlier(next, initiator->logout_deadline_ms);
	}
	if (next == UINT64_MAX)
		loop_timer_stop(initiator->timer);
	else
		loop_timer_set(initiator->timer, next > now ? next - now : 0);
}

static void check_deadlines(struct initiator *initiator, uint64_t now)
{
	if (initiator->state <= INITIATOR_STATE_LOGIN) {
		if (now >= initiator->login_deadline_ms)
			initiator_fail(initiator, INITIATOR_END_LOGIN_TIMEOUT, -ETIMEDOUT, "the login did not end in time");
		return;
	}
	initiator_controls_due(initiator, now);
	if (is_up(initiator) && initiator->state == INITIATOR_STATE_LOGOUT && now >= initiator->logout_deadline_ms)
		initiator_fail(initiator, INITIATOR_END_LOGOUT, -ETIMEDOUT, "the target does not answer the logout");
	if (is_up(initiator))
		initiator_ping_due(initiator, now);
}

static void timer_fired(void *data)
{
	struct initiator *initiator = data;

	initiator_begin(initiator);
	check_deadlines(initiator, loop_now_ms());
	if (is_up(initiator))
		initiator_send(initiator);
	if (!is_over(initiator))
		initiator_deadlines(initiator);
	initiator_settle(initiator);
}

static void kicked(void *data)
{
	struct initiator *initiator = data;

	initiator_begin(initiator);
	if (is_up(initiator))
		initiator_tasks_end_early(initiator);
	if (is_up(initiator))
		initiator_tmf_local(initiator);
	if (is_up(initiator))
		initiator_send(initiator);
	initiator_settle(initiator);
}

static void socket_ready(int fd, short revents, void *data)
{
	struct initiator *initiator = data;

	initiator_begin(initiator);
	if (revents & (POLLIN | POLLERR))
		initiator_receive(initiator);
	if (is_up(initiator))
		initiator_send(initiator);
	initiator_settle(initiator);
}

int initiator_watch(struct initiator *initiator, short events, loop_fd_fn *fn)
{
	loop_fd_free(initiator->watch);
	initiator->watch = NULL;
	return loop_fd_new(initiator->loop, initiator->fd, events, fn, initiator, &initiator->watch);
}

void initiator_take_over(struct initiator *initiator)
{
	const struct login_outcome *outcome = &initiator->outcome;
	int error = initiator_watch(initiator, POLLIN, socket_ready);

	if (error) {
		initiator_fail(initiator, INITIATOR_END_MEMORY, error, "the connection cannot be watched");
		return;
	}
	initiator->cmdsn = initiator->settings.login.cmdsn;
	initiator->exp_statsn = outcome->statsn + 1;
	initiator->exp_cmdsn = outcome->exp_cmdsn;
	/* RFC 7143 3.2.2.1: what is no window is not believed; one command then finds out. */
	initiator->max_cmdsn = sn_before(outcome->max_cmdsn, outcome->exp_cmdsn - 1) ? initiator->cmdsn : outcome->max_cmdsn;
	initiator->closed.time2wait = (uint16_t)outcome->negotiated.default_time2wait;
	initiator->closed.time2retain = (uint16_t)outcome->negotiated.default_time2retain;
	initiator->last_rx_ms = loop_now_ms();
	initiator_enter(initiator, INITIATOR_STATE_FULL_FEATURE);
	initiator_deadlines(initiator);
	initiator->events->ready(initiator->data);
}

static uint32_t at_most(uint32_t value, uint32_t limit)
{
	return value && value < limit ? value : limit;
}

static void take_settings(struct initiator *initiator, const struct initiator_settings *settings)
{
	struct initiator_settings *ours = &initiator->settings;
	struct login_offer *offer = &ours->login.offer;

	*ours = *settings;
	ours->login_timeout_ms = ours->login_timeout_ms ? ours->login_timeout_ms : LOGIN_TIMEOUT_MS;
	ours->logout_timeout_ms = ours->logout_timeout_ms ? ours->logout_timeout_ms : LOGOUT_TIMEOUT_MS;
	ours->nop_timeout_ms = ours->nop_timeout_ms ? ours->nop_timeout_ms : NOP_TIMEOUT_MS;
	offer->max_connections = 1;
	offer->error_recovery_level = 0;
	offer->rdma_extensions = false;
	offer->data_pdu_in_order = offer->data_sequence_in_order = true;
	offer->max_outstanding_r2t = at_most(offer->max_outstanding_r2t, INITIATOR_R2T_MAX);
	offer->max_recv_data_segment_length = at_most(offer->max_recv_data_segment_length, INITIATOR_RECV_MAX);
	offer->max_xmit_data_segment_length = at_most(offer->max_xmit_data_segment_length, INITIATOR_XMIT_MAX);
	initiator->counters = settings->counters ? settings->counters : &initiator->own_counters;
	initiator->peer = settings->peer;
	initiator->peer_length = settings->peer_length;
}

static void init_lists(struct initiator *initiator)
{
	TAILQ_INIT(&initiator->controls);
	TAILQ_INIT(&initiator->queued);
	TAILQ_INIT(&initiator->sent);
	TAILQ_INIT(&initiator->ended);
	TAILQ_INIT(&initiator->outs);
	TAILQ_INIT(&initiator->ordered);
	TAILQ_INIT(&initiator->sending);
}

int initiator_new(struct loop *loop, const struct initiator_settings *settings, const struct initiator_events *events, void *data,
		  struct initiator **ret_initiator)
{
	struct initiator *initiator = calloc(1, sizeof(*initiator));
	int error = initiator ? 0 : -ENOMEM;

	if (error)
		return error;
	*initiator = (struct initiator){.loop = loop, .events = events, .data = data, .fd = -1};
	take_settings(initiator, settings);
	init_lists(initiator);
	initiator->login = login_new(&initiator->settings.login);
	if (!initiator->login)
		error = -errno;
	if (!error)
		error = loop_timer_new(loop, timer_fired, initiator, &initiator->timer);
	if (!error)
		error = loop_timer_new(loop, kicked, initiator, &initiator->kick);
	if (error) {
		login_free(initiator->login);
		release(initiator);
		return error;
	}
	*ret_initiator = initiator;
	initiator_connect(initiator);
	return 0;
}

void initiator_close(struct initiator *initiator)
{
	initiator->is_silent = true;
	initiator_begin(initiator);
	if (initiator->state != INITIATOR_STATE_CLOSED)
		shut(initiator);
	end_all(initiator, INITIATOR_RESULT_LOGGED_OUT);
	initiator_settle(initiator);
}

void initiator_free(struct initiator *initiator)
{
	if (!initiator)
		return;
	initiator_begin(initiator);
	initiator_close(initiator);
	initiator->is_freed = true;
	initiator_settle(initiator);
}

void initiator_logout(struct initiator *initiator)
{
	if (initiator->state == INITIATOR_STATE_FULL_FEATURE && !initiator->has_failed)
		initiator_logout_start(initiator);
	else if (initiator->state < INITIATOR_STATE_FULL_FEATURE)
		initiator_fail(initiator, INITIATOR_END_LOGOUT, 0, "closed before the login was over");
}

bool initiator_is_ready(const struct initiator *initiator)
{
	return initiator->state == INITIATOR_STATE_FULL_FEATURE && !initiator->has_failed;
}

unsigned int initiator_outstanding(const struct initiator *initiator)
{
	return initiator->outstanding;
}

const struct login_outcome *initiator_login(const struct initiator *initiator)
{
	return &initiator->outcome;
}

uint32_t initiator_exp_statsn(const struct initiator *initiator)
{
	return initiator->exp_statsn;
}

int initiator_fd(const struct initiator *initiator)
{
	return initiator->fd;
}

const struct sockaddr_storage *initiator_peer(const struct initiator *initiator, socklen_t *ret_length)
{
	*ret_length = initiator->peer_length;
	return &initiator->peer;
}

const char *initiator_end_text(enum initiator_end end)
{
	static const char *const sentences[] = {
		[INITIATOR_END_CONNECT] = "there is no connection to the target",
		[INITIATOR_END_LOGIN] = "the login failed",
		[INITIATOR_END_LOGIN_TIMEOUT] = "the login did not end in time",
		[INITIATOR_END_LOST] = "the connection was lost",
		[INITIATOR_END_PROTOCOL] = "the target broke the protocol",
		[INITIATOR_END_DIGEST] = "a digest of the target was wrong",
		[INITIATOR_END_NOP_TIMEOUT] = "the target does not answer a ping",
		[INITIATOR_END_TARGET] = "the target drops the connection",
		[INITIATOR_END_LOGOUT] = "logged out",
		[INITIATOR_END_MEMORY] = "out of memory",
	};

	return sentences[end];
}
