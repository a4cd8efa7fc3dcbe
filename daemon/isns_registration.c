/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Keeps one registration alive: register, renew, and after any failure register again, later and
 * later. The address of the server is looked up before each conversation. Called by
 * discovery_poller.c; decides nothing about targets.
 */
#include "daemon/isns_registration.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/backoff.h"
#include "daemon/daemon.h"
#include "daemon/isns_listener.h"
#include "lib/isns_talk.h"
#include "daemon/resolve.h"
#include "lib/log.h"
#include "lib/loop.h"

#define END_MS 2000
#define RENEW_MIN_SEC 5

struct isns_registration {
	struct daemon *daemon;
	struct portal server;
	char *name, *alias; /* as registered */
	struct isns_listener *listener;
	struct resolve *resolve;
	struct addresses addresses;
	unsigned int address_at;
	struct isns_talk *talk;
	struct loop_timer *timer;
	enum isns_call_kind kind; /* of the conversation under way, or the next one */
	bool is_registered, is_ending, was_told; /* was_told: that it failed */
	unsigned int failures;
	isns_changed_fn *fn;
	void *data;
	void (*ended)(void *data);
	void *ended_data;
};

static void registration_log(const struct isns_registration *registration, enum log_level level,
			     const char *text)
{
	char portal[PORTAL_TEXT_MAX];

	log_line(level, "iSNS server %s: %s", portal_format(&registration->server, false, portal),
		 text);
}

static void registration_ended(struct isns_registration *registration)
{
	void (*ended)(void *data) = registration->ended;

	registration->ended = NULL;
	loop_timer_stop(registration->timer);
	if (ended)
		ended(registration->ended_data);
}

static void registration_failed(struct isns_registration *registration, const char *why)
{
	char line[320];

	if (registration->is_ending) {
		registration_ended(registration);
		return;
	}
	registration->is_registered = false;
	registration->kind = ISNS_CALL_REGISTER;
	if (!registration->was_told) {
		snprintf(line, sizeof(line), "registration failed, it is tried again: %s", why);
		registration_log(registration, LOG_LEVEL_WARNING, line);
	}
	registration->was_told = true;
	registration->address_at++;
	loop_timer_set(registration->timer, backoff_ms(++registration->failures));
}

static void registration_done(struct isns_registration *registration, unsigned int period_sec)
{
	bool is_new = !registration->is_registered;
	uint64_t renew_sec = period_sec / 2 > RENEW_MIN_SEC ? period_sec / 2 : RENEW_MIN_SEC;
	char line[80];

	snprintf(line, sizeof(line), "registered for %u s", period_sec);
	if (is_new)
		registration_log(registration, LOG_LEVEL_INFO, line);
	registration->is_registered = true;
	registration->was_told = false;
	registration->failures = 0;
	registration->kind = ISNS_CALL_REFRESH;
	loop_timer_set(registration->timer, renew_sec * 1000);
	if (is_new)
		registration->fn(registration->data);
}

static void registration_talked(struct isns_call *call, void *data)
{
	struct isns_registration *registration = data;

	registration->talk = NULL;
	if (registration->is_ending)
		registration_ended(registration);
	else if (isns_call_state(call) == ISNS_CALL_DONE)
		registration_done(registration, isns_call_period_sec(call));
	else
		registration_failed(registration, isns_call_error_text(call));
}

static void registration_talk(struct isns_registration *registration)
{
	unsigned int at = registration->address_at % registration->addresses.count;
	struct isns_call_settings settings = {
		.kind = registration->kind,
		.peer = registration->addresses.list[at],
		.peer_length = registration->addresses.len[at],
		.initiator_name = registration->name,
		.initiator_alias = registration->alias,
		.scn_port = isns_listener_port(registration->listener),
		.timeout_ms = ISNS_TIMEOUT_MS,
	};

	registration->talk = isns_talk_start(registration->daemon->loop, &settings,
					     registration_talked, registration);
	if (!registration->talk)
		registration_failed(registration, "out of memory");
}

static void registration_resolved(const struct addresses *addresses, int error,
				  const char *sentence, void *data)
{
	struct isns_registration *registration = data;

	registration->resolve = NULL;
	if (error) {
		registration_failed(registration, sentence);
		return;
	}
	registration->addresses = *addresses;
	registration_talk(registration);
}

static char *copy_of(const char *text)
{
	return text ? strdup(text) : NULL;
}

/* The name of the next registration is the one the daemon has now. */
static int registration_prepare(struct isns_registration *registration)
{
	const struct initiator *initiator = &registration->daemon->initiator;

	if (registration->is_registered && registration->listener)
		return 0;
	free(registration->name);
	free(registration->alias);
	isns_listener_free(registration->listener);
	registration->listener = NULL;
	registration->alias = copy_of(initiator->alias);
	registration->name = copy_of(initiator->name);
	if (!registration->name)
		return -ENOKEY;
	return isns_listener_new(registration->daemon->loop, registration->name, registration->fn,
				 registration->data, &registration->listener);
}

static void registration_start(void *data)
{
	struct isns_registration *registration = data;
	int r = registration_prepare(registration);

	if (r == 0)
		r = addresses_from_literal(&registration->server, &registration->addresses);
	if (r == -ENOENT)
		r = resolve_start(registration->daemon, &registration->server,
				  registration_resolved, registration, &registration->resolve);
	else if (r == 0)
		registration_talk(registration);
	if (r < 0)
		registration_failed(registration,
				    r == -ENOKEY ? "there is no initiator name" : strerror(-r));
}

struct isns_registration *isns_registration_new(struct daemon *daemon, const struct portal *server,
						isns_changed_fn *fn, void *data)
{
	struct isns_registration *registration = calloc(1, sizeof(*registration));

	if (!registration)
		return NULL;
	*registration = (struct isns_registration){
		.daemon = daemon,
		.server = *server,
		.kind = ISNS_CALL_REGISTER,
		.fn = fn,
		.data = data,
	};
	if (loop_timer_new(daemon->loop, registration_start, registration, &registration->timer) <
	    0) {
		free(registration);
		return NULL;
	}
	loop_timer_set(registration->timer, 0);
	return registration;
}

/* A server that does not answer forgets us by itself when the period is over. */
static void registration_late(void *data)
{
	struct isns_registration *registration = data;

	isns_talk_cancel(registration->talk);
	registration->talk = NULL;
	registration_ended(registration);
}

void isns_registration_end(struct isns_registration *registration, void (*done)(void *data),
			   void *data)
{
	bool is_known = registration->is_registered && registration->addresses.count;

	isns_talk_cancel(registration->talk);
	resolve_cancel(registration->resolve);
	registration->talk = NULL;
	registration->resolve = NULL;
	registration->is_ending = true;
	registration->ended = done;
	registration->ended_data = data;
	loop_timer_free(registration->timer);
	registration->timer = NULL;
	if (loop_timer_new(registration->daemon->loop, registration_late, registration,
			   &registration->timer) < 0)
		is_known = false;
	if (!is_known) {
		registration->ended = NULL;
		done(data);
		return;
	}
	loop_timer_set(registration->timer, END_MS);
	registration->kind = ISNS_CALL_DEREGISTER;
	registration_talk(registration);
}

void isns_registration_free(struct isns_registration *registration)
{
	if (!registration)
		return;
	isns_talk_cancel(registration->talk);
	resolve_cancel(registration->resolve);
	loop_timer_free(registration->timer);
	isns_listener_free(registration->listener);
	free(registration->name);
	free(registration->alias);
	free(registration);
}
