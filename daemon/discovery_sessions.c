/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From what a server offers to sessions: logs in to portals that have no session, and out of
 * sessions this poller made whose portal is gone. Sessions of others are never touched, and no disk
 * is taken away from somebody who uses it: such a session stays, and the log says so once.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/backoff.h"
#include "daemon/daemon.h"
#include "daemon/discovery_poller.h"
#include "daemon/in_use.h"
#include "daemon/logout.h"
#include "daemon/start.h"
#include "lib/loop.h"

#define LOGIN_PATIENCE                                                                             \
	4 /* a failed login waits as long as a server that has failed so many times more often */

/* A portal of a target through an iface: of an answer, or of a session. */
struct place {
	const char *target, *address;
	int port;
};

struct places {
	struct place *list;
	size_t count;
};

struct batch_work {
	struct poller *poller;
	struct poller_batch batch;
};

struct login_work {
	TAILQ_ENTRY(login_work) entry;
	struct poller *poller;
	uint64_t hash;
};

/* ---- what there is ---- */

static int by_place(const void *left, const void *right)
{
	const struct place *a = left, *b = right;
	int order = strcmp(a->target, b->target);

	if (!order)
		order = strcmp(a->address, b->address);
	return order ? order : a->port - b->port;
}

static bool places_have(const struct places *places, const struct place *place)
{
	return places->count &&
	       bsearch(place, places->list, places->count, sizeof(*place), by_place);
}

static int places_of_list(const struct sendtargets_list *list, struct places *ret_places)
{
	*ret_places = (struct places){.list = calloc(list->count + 1, sizeof(*ret_places->list))};
	if (!ret_places->list)
		return -ENOMEM;
	for (; ret_places->count < list->count; ret_places->count++) {
		const struct sendtargets_entry *entry = &list->entries[ret_places->count];

		ret_places->list[ret_places->count] = (struct place){
			entry->target_name, entry->portal.address, entry->portal.port};
	}
	qsort(ret_places->list, ret_places->count, sizeof(*ret_places->list), by_place);
	return 0;
}

static struct place place_of(const struct session *session)
{
	return (struct place){session_target(session), session_address(session),
			      session_port(session)};
}

/* Those through an iface, whoever made them. */
static int places_of_sessions(const struct daemon *daemon, const char *iface,
			      struct places *ret_places)
{
	const struct session *session;
	size_t count = 0;

	TAILQ_FOREACH(session, &daemon->sessions, entry)
	count++;
	*ret_places = (struct places){.list = calloc(count + 1, sizeof(*ret_places->list))};
	if (!ret_places->list)
		return -ENOMEM;
	TAILQ_FOREACH(session, &daemon->sessions, entry)
	if (!session->is_leaving && !strcmp(session_iface(session), iface))
		ret_places->list[ret_places->count++] = place_of(session);
	qsort(ret_places->list, ret_places->count, sizeof(*ret_places->list), by_place);
	return 0;
}

/* ---- logins that failed ---- */

static uint64_t key_hash(const struct node_key *key)
{
	char text[NODE_KEY_TEXT_MAX];
	uint64_t hash = 14695981039346656037ull;

	/* FNV-1a: targets that choose their names to collide only delay each other. */
	node_key_format(key, text);
	for (const char *at = text; *at; at++)
		hash = (hash ^ (unsigned char)*at) * 1099511628211ull;
	return hash;
}

/* Where it is, or belongs. */
static size_t failure_place(const struct poller *poller, uint64_t hash)
{
	size_t low = 0, high = poller->logins_failed_count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (poller->logins_failed[middle].hash < hash)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct poller_failure *failure_find(const struct poller *poller, uint64_t hash)
{
	size_t at = failure_place(poller, hash);

	return at < poller->logins_failed_count && poller->logins_failed[at].hash == hash
		       ? &poller->logins_failed[at]
		       : NULL;
}

static struct poller_failure *failure_add(struct poller *poller, uint64_t hash)
{
	size_t at = failure_place(poller, hash);
	struct poller_failure *grown = reallocarray(
		poller->logins_failed, poller->logins_failed_count + 1, sizeof(*grown));

	if (!grown)
		return NULL;
	poller->logins_failed = grown;
	memmove(&grown[at + 1], &grown[at], (poller->logins_failed_count++ - at) * sizeof(*grown));
	grown[at] = (struct poller_failure){.hash = hash};
	return &grown[at];
}

/* Where no poll comes by itself, the next round is made to. */
static void failure_note(struct poller *poller, uint64_t hash)
{
	struct poller_failure *failure = failure_find(poller, hash);
	uint64_t delay_ms;

	if (!failure)
		failure = failure_add(poller, hash);
	if (!failure)
		return;
	delay_ms = backoff_ms(++failure->failures + LOGIN_PATIENCE);
	failure->next_ms = loop_now_ms() + delay_ms;
	failure->is_current = true;
	if (!poller->is_gone && !loop_timer_is_set(poller->timer) &&
	    !loop_timer_is_set(poller->login_timer))
		loop_timer_set(poller->login_timer, delay_ms);
}

static void failure_forget(struct poller *poller, uint64_t hash)
{
	struct poller_failure *failure = failure_find(poller, hash);
	size_t at;

	if (!failure)
		return;
	at = (size_t)(failure - poller->logins_failed);
	memmove(failure, failure + 1, (--poller->logins_failed_count - at) * sizeof(*failure));
}

/* ---- logins ---- */

static void login_ended(int sid, enum iscsi_err err, const char *sentence, void *data)
{
	struct login_work *work = data;
	struct poller *poller = work->poller;
	struct pollers *set = poller->set;

	if (err == ISCSI_ERR_SUCCESS || err == ISCSI_ERR_SESS_EXISTS)
		failure_forget(poller, work->hash);
	else
		failure_note(poller, work->hash);
	TAILQ_REMOVE(&set->logins_begun, work, entry);
	free(work);
	set->logins--;
	poller_unref(poller);
	pollers_login(set);
}

void pollers_logins_forget(struct pollers *set)
{
	struct login_work *work;

	while ((work = TAILQ_FIRST(&set->logins_begun))) {
		TAILQ_REMOVE(&set->logins_begun, work, entry);
		free(work);
	}
}

/* Takes node. */
static bool login_begin(struct poller *poller, const struct node_key *key, struct record *node)
{
	struct daemon *daemon = poller->set->daemon;
	const char *own_name = record_text(node, F_IFACE_INITIATORNAME);
	const char *initiator_name = *own_name ? own_name : daemon->initiator.name;
	struct login_work *work = calloc(1, sizeof(*work));
	struct session *session;

	if (!initiator_name || !work) {
		record_done(node);
		free(work);
		return false;
	}
	session = session_new(daemon, node, initiator_name);
	if (!session || session_twin(session)) {
		if (session)
			session_kill(session);
		free(work);
		return false;
	}
	*work = (struct login_work){.poller = poller_ref(poller), .hash = key_hash(key)};
	TAILQ_INSERT_TAIL(&poller->set->logins_begun, work, entry);
	session->is_polled = true;
	session_choose_isid(session);
	start_login(session, login_ended, work);
	return true;
}

static void batch_read(void *data)
{
	struct batch_work *work = data;

	poller_batch_read(&work->batch);
}

static void batch_taken(void *data, bool cancelled)
{
	struct batch_work *work = data;
	struct poller *poller = work->poller;
	struct pollers *set = poller->set;
	bool is_over = cancelled || poller->is_gone || set->is_stopping;

	set->daemon->works--;
	poller->is_preparing = false;
	for (size_t i = 0; i < work->batch.count; i++) {
		bool is_ready = work->batch.is_ready[i] && !is_over;

		if (is_ready)
			work->batch.is_ready[i] = false;
		if (!is_ready || !login_begin(poller, &work->batch.keys[i], &work->batch.nodes[i]))
			set->logins--;
	}
	poller_batch_done(&work->batch);
	free(work);
	if (cancelled)
		return;
	poller_unref(poller);
	pollers_login(set);
}

static void batch_begin(struct poller *poller)
{
	struct pollers *set = poller->set;
	struct batch_work *work = calloc(1, sizeof(*work));
	size_t count = poller->wanted_count - poller->wanted_at;

	if (!work)
		return;
	if (count > POLLER_BATCH)
		count = POLLER_BATCH;
	if (count > POLLER_LOGINS_MAX - set->logins)
		count = POLLER_LOGINS_MAX - set->logins;
	work->batch = (struct poller_batch){
		.dir = set->dir,
		.iface_dir = set->iface_dir,
		.config_path = set->daemon->options.config_path,
		.kind = poller->record.kind,
		.source = poller->portal,
		.count = count,
	};
	memcpy(work->batch.keys, poller->wanted + poller->wanted_at,
	       count * sizeof(*poller->wanted));
	if (loop_work(set->daemon->loop, batch_read, batch_taken, work, NULL) < 0) {
		free(work);
		return;
	}
	work->poller = poller_ref(poller);
	set->daemon->works++;
	set->logins += (unsigned int)count;
	poller->wanted_at += count;
	poller->is_preparing = true;
}

void pollers_login(struct pollers *set)
{
	struct poller *poller;

	if (set->is_stopping)
		return;
	TAILQ_FOREACH(poller, &set->list, entry)
	{
		if (set->logins >= POLLER_LOGINS_MAX)
			return;
		if (!poller->is_preparing && poller->wanted_at < poller->wanted_count)
			batch_begin(poller);
	}
}

/* ---- logouts ---- */

static bool poller_owns(const struct poller *poller, const struct session *session)
{
	const struct record *node = &session->node;

	return session->is_polled && session->sid >= 0 && !session->is_leaving &&
	       record_is(node, F_NODE_DISCOVERY_TYPE,
			 poller_is_isns(poller) ? "isns" : "send_targets") &&
	       !strcmp(record_text(node, F_NODE_DISCOVERY_ADDRESS), poller->portal.address) &&
	       record_number(node, F_NODE_DISCOVERY_PORT) == poller->portal.port;
}

static void session_dropped(int sid, enum iscsi_err err, const char *sentence, void *data)
{
	if (err != ISCSI_ERR_SUCCESS)
		log_warning("session %d is not logged out although its portal is gone from the "
			    "discovery: %s",
			    sid, sentence);
}

static void session_kept(int sid, enum iscsi_err err, const char *sentence, void *data)
{
}

/* Only the first try is worth lines in the log. */
static void session_drop(const struct poller *poller, struct session *session)
{
	session_done_fn *done = session->is_unwanted ? session_kept : session_dropped;
	char portal[PORTAL_TEXT_MAX];

	if (!session->is_unwanted)
		session_log(session, LOG_LEVEL_INFO, "%s no longer offers this portal: logging out",
			    portal_format(&poller->portal, false, portal));
	session->is_unwanted = true;
	if (session->state == SESSION_LOGGED_IN)
		in_use_logout(session, done, NULL);
	else
		logout_start(session, done, NULL);
}

static void drop_gone(struct poller *poller, const char *iface, const struct places *offered)
{
	struct daemon *daemon = poller->set->daemon;
	struct session *session = TAILQ_FIRST(&daemon->sessions), *next;

	for (; session; session = next) {
		struct place place = place_of(session);

		next = TAILQ_NEXT(session, entry);
		if (!poller_owns(poller, session) || strcmp(session_iface(session), iface))
			continue;
		if (places_have(offered, &place))
			session->is_unwanted = false;
		else
			session_drop(poller, session);
	}
}

/* ---- answers ---- */

void poller_answers_begin(struct poller *poller)
{
	poller->wanted_count = poller->wanted_at = 0;
	loop_timer_stop(poller->login_timer);
	for (size_t i = 0; i < poller->logins_failed_count; i++)
		poller->logins_failed[i].is_current = false;
}

static int want(struct poller *poller, const struct node_key *key)
{
	struct poller_failure *failure = failure_find(poller, key_hash(key));
	struct node_key *grown;

	if (failure) {
		failure->is_current = true;
		if (loop_now_ms() < failure->next_ms)
			return 0;
	}
	grown = reallocarray(poller->wanted, poller->wanted_count + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	poller->wanted = grown;
	grown[poller->wanted_count++] = *key;
	return 0;
}

static int want_new(struct poller *poller, const char *iface, const struct sendtargets_list *list,
		    const struct places *present)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < list->count; i++) {
		const struct sendtargets_entry *entry = &list->entries[i];
		struct place place = {entry->target_name, entry->portal.address,
				      entry->portal.port};
		struct node_key key = {.portal = entry->portal};

		if (places_have(present, &place))
			continue;
		snprintf(key.target, sizeof(key.target), "%s", entry->target_name);
		snprintf(key.iface, sizeof(key.iface), "%s", iface);
		r = want(poller, &key);
	}
	return r;
}

void poller_answered(struct poller *poller, const char *iface, const struct sendtargets_list *list)
{
	poller_bound(poller, iface, list, list);
}

void poller_bound(struct poller *poller, const char *iface, const struct sendtargets_list *list,
		  const struct sendtargets_list *offers)
{
	size_t before = poller->wanted_count;
	struct places offered = {0}, present = {0};
	int r = places_of_list(offers, &offered);

	if (r == 0)
		r = places_of_sessions(poller->set->daemon, iface, &present);
	if (r == 0)
		r = want_new(poller, iface, list, &present);
	if (r == 0)
		drop_gone(poller, iface, &offered);
	else
		poller_log(poller, LOG_LEVEL_ERROR, "cannot use the answer: out of memory");
	if (poller->wanted_count > before)
		poller_log(poller, LOG_LEVEL_INFO,
			   "%zu portals without a session through iface %s: logging in",
			   poller->wanted_count - before, iface);
	free(offered.list);
	free(present.list);
}

void poller_refused(struct poller *poller, size_t refused)
{
	if (refused && refused != poller->refused)
		poller_log(poller, LOG_LEVEL_WARNING,
			   "%zu target names or addresses are not valid and are left out", refused);
	poller->refused = refused;
}

void poller_answers_end(struct poller *poller)
{
	size_t kept = 0;

	for (size_t i = 0; i < poller->logins_failed_count; i++)
		if (poller->logins_failed[i].is_current)
			poller->logins_failed[kept++] = poller->logins_failed[i];
	poller->logins_failed_count = kept;
}

void poller_sessions_done(struct poller *poller)
{
	free(poller->wanted);
	free(poller->logins_failed);
	poller->wanted = NULL;
	poller->logins_failed = NULL;
}
