/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * When a poller begins a round, and what follows from how it ended. One line is logged when a
 * server stops answering and one when it answers again, none in between.
 */
#include "daemon/discovery_poller.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/backoff.h"
#include "daemon/daemon.h"
#include "daemon/isns_registration.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/text.h"

#define POLL_ONCE 0
#define POLL_NEVER (-1) /* iSNS: only when the server says that something has changed */

struct ifaces_work {
	struct poller *poller;
	unsigned int round;
	struct poller_reading reading;
};

struct bindings_work {
	struct poller *poller;
	unsigned int round;
	struct poller_bindings bindings;
};

bool poller_is_isns(const struct poller *poller)
{
	return poller->record.kind == RECORD_ISNS;
}

void poller_log(const struct poller *poller, int level, const char *format, ...)
{
	char line[400], portal[PORTAL_TEXT_MAX];
	va_list arguments;

	if (level > (int)log_level())
		return;
	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	log_line((enum log_level)level, "%s discovery at %s: %s",
		 poller_is_isns(poller) ? "iSNS" : "SendTargets",
		 portal_format(&poller->portal, false, portal), line);
}

/* Seconds, POLL_ONCE or POLL_NEVER. */
static int64_t poll_interval(const struct poller *poller)
{
	return record_number(&poller->record,
			     poller_is_isns(poller)
				     ? F_DISCOVERY_ISNS_DISCOVERYD_POLL_INVAL
				     : F_DISCOVERY_SENDTARGETS_DISCOVERYD_POLL_INVAL);
}

static bool poller_is_over(const struct poller *poller)
{
	return poller->is_gone || poller->set->is_stopping;
}

/* ---- a round ---- */

static void round_schedule(struct poller *poller)
{
	int64_t interval = poll_interval(poller);

	if (poller_is_over(poller))
		return;
	if (poller->wants_round)
		loop_timer_set(poller->timer, 0);
	else if (!poller->has_answer)
		loop_timer_set(poller->timer, backoff_ms(poller->failures));
	else if (interval > 0)
		loop_timer_set(poller->timer, (uint64_t)interval * 1000);
}

static void round_judge(struct poller *poller)
{
	if (poller->has_answer && poller->is_down)
		poller_log(poller, LOG_LEVEL_INFO, "answers again");
	else if (!poller->has_answer && !poller->is_down)
		poller_log(poller, LOG_LEVEL_WARNING, "failed, it is tried again: %s",
			   poller->failure);
	poller->is_down = !poller->has_answer;
	poller->failures = poller->has_answer ? 0 : poller->failures + 1;
}

static void round_end(struct poller *poller)
{
	poller->is_asking = false;
	if (poller->has_answer)
		poller_answers_end(poller);
	round_judge(poller);
	slot_give(&poller->set->asking, &poller->slot);
	round_schedule(poller);
	pollers_login(poller->set);
}

static void bindings_read(void *data)
{
	struct bindings_work *work = data;

	poller_bindings_read(&work->bindings);
}

static void bindings_use(struct poller *poller, const struct poller_bindings *bindings)
{
	if (bindings->error)
		poller_log(poller, LOG_LEVEL_WARNING, "what it reported cannot be kept or bound: %s",
			   strerror(-bindings->error));
	for (size_t i = 0; i < bindings->count; i++)
		poller_bound(poller, bindings->list[i].iface, &bindings->list[i].list,
			     &bindings->reported);
}

static void bindings_taken(void *data, bool cancelled)
{
	struct bindings_work *work = data;
	struct poller *poller = work->poller;

	poller->set->daemon->works--;
	if (!cancelled && poller->is_asking && poller->round == work->round &&
	    !poller_is_over(poller)) {
		bindings_use(poller, &work->bindings);
		round_end(poller);
	}
	poller_bindings_done(&work->bindings);
	free(work);
	if (!cancelled)
		poller_unref(poller);
}

/* What was reported through any iface: bound and remembered by a worker. False: it cannot be. */
static bool bindings_begin(struct poller *poller)
{
	struct pollers *set = poller->set;
	struct bindings_work *work = calloc(1, sizeof(*work));

	if (!work)
		return false;
	*work = (struct bindings_work){
		.poller = poller,
		.round = poller->round,
		.bindings = {.dir = set->dir,
			     .iface_dir = set->iface_dir,
			     .config_path = set->daemon->options.config_path,
			     .sysfs = set->daemon->sysfs,
			     .kind = poller->record.kind,
			     .source = poller->portal,
			     .reported = poller->reported},
	};
	if (loop_work(set->daemon->loop, bindings_read, bindings_taken, work, NULL) < 0) {
		free(work);
		return false;
	}
	poller_ref(poller);
	poller->reported = (struct sendtargets_list){0};
	set->daemon->works++;
	return true;
}

void poller_asked(struct poller *poller)
{
	poller_ask_stop(poller);
	if (poller->has_answer && poller->remembers && poller->reported.count && bindings_begin(poller))
		return;
	round_end(poller);
}

void poller_heard(struct poller *poller, size_t at, const struct sendtargets_list *list)
{
	const char *iface = record_text(&poller->ifaces[at], F_IFACE_ISCSI_IFACENAME);
	int r = 0;

	if (!poller->only_asks[at])
		poller_answered(poller, iface, list);
	/* An iSNS server says the same to all. */
	if (!poller->remembers || (poller_is_isns(poller) && at))
		return;
	for (size_t i = 0; r == 0 && i < list->count; i++)
		r = sendtargets_list_add(&poller->reported, list->entries[i].target_name,
					 &list->entries[i].portal);
	if (r < 0)
		poller_log(poller, LOG_LEVEL_ERROR, "cannot keep the answer: %s", strerror(-r));
}

static void ifaces_free(struct poller *poller)
{
	for (size_t i = 0; i < poller->iface_count; i++)
		record_done(&poller->ifaces[i]);
	free(poller->ifaces);
	free(poller->only_asks);
	poller->ifaces = NULL;
	poller->only_asks = NULL;
	poller->iface_count = 0;
}

static void round_fail(struct poller *poller, const char *why)
{
	snprintf(poller->failure, sizeof(poller->failure), "%s", why);
	poller_asked(poller);
}

static void ifaces_read(void *data)
{
	struct ifaces_work *work = data;

	poller_reading_ways(&work->reading);
}

static void ifaces_taken(void *data, bool cancelled)
{
	struct ifaces_work *work = data;
	struct poller *poller = work->poller;

	poller->set->daemon->works--;
	if (!cancelled && poller->is_asking && poller->round == work->round &&
	    !poller_is_over(poller)) {
		ifaces_free(poller);
		poller->ifaces = work->reading.records;
		poller->iface_count = work->reading.count;
		poller->only_asks = work->reading.only_asks;
		poller->remembers = work->reading.remembers;
		work->reading.only_asks = NULL;
		work->reading.records = NULL;
		work->reading.count = 0;
		if (poller->iface_count)
			poller_ask(poller);
		else
			round_fail(poller, "no iface can be read");
	}
	poller_reading_done(&work->reading);
	free(work);
	if (!cancelled)
		poller_unref(poller);
}

static int round_names(struct poller *poller)
{
	const struct initiator *initiator = &poller->set->daemon->initiator;

	free(poller->initiator_name);
	free(poller->initiator_alias);
	poller->initiator_name = initiator->name ? strdup(initiator->name) : NULL;
	poller->initiator_alias = initiator->alias ? strdup(initiator->alias) : NULL;
	return poller->initiator_name ? 0 : -ENOKEY;
}

static void round_granted(void *data)
{
	struct poller *poller = data;
	struct daemon *daemon = poller->set->daemon;
	struct ifaces_work *work = calloc(1, sizeof(*work));

	if (round_names(poller) < 0 || !work) {
		round_fail(poller, work ? "there is no initiator name" : "out of memory");
		free(work);
		return;
	}
	work->poller = poller_ref(poller);
	work->round = poller->round;
	work->reading = (struct poller_reading){
		.iface_dir = poller->set->iface_dir,
		.config_path = daemon->options.config_path,
		.sysfs = daemon->sysfs,
		.server = poller->portal,
	};
	if (loop_work(daemon->loop, ifaces_read, ifaces_taken, work, NULL) == 0) {
		daemon->works++;
		return;
	}
	poller_unref(poller);
	free(work);
	round_fail(poller, "no thread is left");
}

void poller_round(void *data)
{
	struct poller *poller = data;

	if (poller_is_over(poller))
		return;
	poller->wants_round = poller->is_asking;
	if (poller->is_asking)
		return;
	loop_timer_stop(poller->timer);
	poller->is_asking = true;
	poller->round++;
	poller->has_answer = false;
	poller->failure[0] = 0;
	sendtargets_list_done(&poller->reported);
	slot_take(&poller->set->asking, &poller->slot, NULL, round_granted, poller);
}

/* ---- its life ---- */

/* iSNS with POLL_ONCE asks without being known to the server for long. */
static void poller_begin(struct poller *poller)
{
	if (!poller_is_isns(poller) || poll_interval(poller) == POLL_ONCE) {
		poller_round(poller);
		return;
	}
	if (!poller->registration)
		poller->registration = isns_registration_new(poller->set->daemon, &poller->portal,
							     poller_round, poller);
	/* A server that takes no registration may answer all the same. */
	if (!poller->registration || poll_interval(poller) > 0)
		poller_round(poller);
}

static int poller_take(struct poller *poller, const struct record *record)
{
	struct record copy;
	struct text text = {0};

	if (record_copy(&copy, record) < 0)
		return -ENOMEM;
	record_done(&poller->record);
	poller->record = copy;
	snprintf(poller->portal.address, sizeof(poller->portal.address), "%s",
		 record_text(record, F_DISCOVERY_SENDTARGETS_ADDRESS));
	poller->portal.port = (int)record_number(record, F_DISCOVERY_SENDTARGETS_PORT);
	poller->portal.tpgt = PORTAL_TPGT_NONE;
	discovery_secrets_done(&poller->secrets);
	record_format(record, RECORD_STORED, &text);
	if (text.failed || (record->kind == RECORD_SENDTARGETS &&
			    discovery_secrets_take(&poller->secrets, record) < 0)) {
		text_done(&text);
		return -ENOMEM;
	}
	free(poller->text);
	poller->text = text.data;
	return 0;
}

struct poller *poller_new(struct pollers *set, const struct record *record)
{
	struct poller *poller = calloc(1, sizeof(*poller));
	struct loop *loop = set->daemon->loop;

	if (!poller)
		return NULL;
	poller->set = set;
	poller->refs = 1;
	TAILQ_INSERT_TAIL(&set->list, poller, entry);
	if (poller_take(poller, record) < 0 ||
	    loop_timer_new(loop, poller_round, poller, &poller->timer) < 0 ||
	    loop_timer_new(loop, poller_round, poller, &poller->login_timer) < 0 ||
	    poller_ask_init(poller) < 0) {
		poller_free(poller);
		return NULL;
	}
	poller_log(poller, LOG_LEVEL_INFO, "polled from now on");
	poller_begin(poller);
	return poller;
}

int poller_change(struct poller *poller, const struct record *record)
{
	/* What is under way borrows from the record. */
	if (poller->is_asking) {
		poller_ask_stop(poller);
		poller->is_asking = false;
		slot_give(&poller->set->asking, &poller->slot);
	}
	if (poller_take(poller, record) < 0)
		return -ENOMEM;
	poller_log(poller, LOG_LEVEL_INFO, "has new settings");
	if (poll_interval(poller) == POLL_ONCE) {
		isns_registration_free(poller->registration);
		poller->registration = NULL;
	}
	poller_begin(poller);
	if (poller->registration)
		poller_round(poller);
	return 0;
}

static void poller_ended(void *data)
{
	poller_unref(data);
}

void poller_leave(struct poller *poller)
{
	poller_log(poller, LOG_LEVEL_INFO, "not polled any more; its sessions stay");
	poller->is_gone = true;
	poller_ask_stop(poller);
	poller->is_asking = false;
	slot_give(&poller->set->asking, &poller->slot);
	loop_timer_stop(poller->timer);
	loop_timer_stop(poller->login_timer);
	TAILQ_REMOVE(&poller->set->list, poller, entry);
	TAILQ_INSERT_TAIL(&poller->set->leaving, poller, entry);
	if (poller->registration)
		isns_registration_end(poller->registration, poller_ended, poller_ref(poller));
	poller_unref(poller);
}

struct poller *poller_ref(struct poller *poller)
{
	poller->refs++;
	return poller;
}

void poller_unref(struct poller *poller)
{
	if (--poller->refs == 0)
		poller_free(poller);
}

void poller_free(struct poller *poller)
{
	TAILQ_REMOVE(poller->is_gone ? &poller->set->leaving : &poller->set->list, poller, entry);
	poller_ask_done(poller);
	slot_give(&poller->set->asking, &poller->slot);
	isns_registration_free(poller->registration);
	poller_sessions_done(poller);
	sendtargets_list_done(&poller->reported);
	ifaces_free(poller);
	loop_timer_free(poller->timer);
	loop_timer_free(poller->login_timer);
	discovery_secrets_done(&poller->secrets);
	record_done(&poller->record);
	free(poller->initiator_name);
	free(poller->initiator_alias);
	free(poller->text);
	free(poller);
}
