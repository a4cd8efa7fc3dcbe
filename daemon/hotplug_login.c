/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Automatic logins: of the records a pass has found those that have no session, are not held back
 * and are due, side by side and bounded. What fails is tried again later and later; at once where
 * its port has changed. Each attempt is one connection: the pace is set here, not by the settings
 * of a first login, unless a client wants the session, too.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/backoff.h"
#include "daemon/daemon.h"
#include "daemon/discovery_poller.h"
#include "daemon/hotplug.h"
#include "daemon/hotplug_set.h"
#include "daemon/start.h"
#include "lib/loop.h"

#define ROUTE_RETRY_MS 4000 /* after routes have changed */
#define PLAN_DELAY_MS 20    /* logins fail in groups */
/* The adapter's firmware has the session, and keeps it. A driver may not be able to end what an attempt has made. */
#define EXISTS_DELAY_MS 3600000

/* Owned by the set's list until it has ended. */
struct hotplug_login {
	TAILQ_ENTRY(hotplug_login) entry;
	struct hotplug *set;
	struct session *session;
	char *name, *cause;
	struct session_waiter *joined; /* clients that want the same session */
	size_t joined_count;
};

struct hotplug_batch {
	struct hotplug *set;
	struct poller_batch nodes;
};

/* What there is a session of, or one coming. */
struct present {
	char (*names)[NODE_KEY_TEXT_MAX];
	const char **sorted;
	size_t count;
};

/* ---- records ---- */

static int by_name(const void *left, const void *right)
{
	return strcmp((*(struct hotplug_record *const *)left)->name,
		      (*(struct hotplug_record *const *)right)->name);
}

static struct hotplug_record *record_find(const struct hotplug *set, const char *name)
{
	struct hotplug_record wanted = {.name = (char *)name}, *key = &wanted, **found;

	if (!set->record_count)
		return NULL;
	found = bsearch(&key, set->records, set->record_count, sizeof(key), by_name);
	return found ? *found : NULL;
}

/* is_listed of the new one: its port has changed. */
static void inherit(struct hotplug_record *record, const struct hotplug_record *before,
		    unsigned int reasons)
{
	uint64_t soon_ms = loop_now_ms() + ROUTE_RETRY_MS;

	record->under_way = before->under_way;
	record->failures = before->failures;
	record->next_ms = record->is_listed ? 0 : before->next_ms;
	if (reasons & REASON_ROUTES && record->next_ms > soon_ms)
		record->next_ms = soon_ms;
}

void hotplug_login_take(struct hotplug *set, struct hotplug_pass *pass)
{
	struct hotplug_record **before = set->records;
	size_t count = set->record_count, at = 0;

	for (size_t i = 0; i < pass->record_count; i++) {
		while (at < count && strcmp(before[at]->name, pass->records[i]->name) < 0)
			at++;
		if (at < count && !strcmp(before[at]->name, pass->records[i]->name))
			inherit(pass->records[i], before[at], pass->reasons);
	}
	set->records = pass->records;
	set->record_count = pass->record_count;
	pass->records = NULL;
	pass->record_count = 0;
	set->queue_count = set->queue_at = 0;
	for (size_t i = 0; i < count; i++)
		hotplug_record_free(before[i]);
	free(before);
	hotplug_login_plan(set);
}

/* ---- what there is ---- */

static int by_text(const void *left, const void *right)
{
	return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static void present_done(struct present *present)
{
	free(present->names);
	free(present->sorted);
}

static int present_read(const struct daemon *daemon, struct present *ret_present)
{
	const struct session *session;
	struct node_key key;
	size_t count = 0;

	TAILQ_FOREACH(session, &daemon->sessions, entry)
	count++;
	*ret_present = (struct present){.names = calloc(count + 1, sizeof(*ret_present->names)),
					.sorted = calloc(count + 1, sizeof(*ret_present->sorted))};
	if (!ret_present->names || !ret_present->sorted) {
		present_done(ret_present);
		return -ENOMEM;
	}
	TAILQ_FOREACH(session, &daemon->sessions, entry)
	{
		if (session->is_leaving)
			continue;
		node_key_of(&session->node, &key);
		hotplug_name(&key, ret_present->names[ret_present->count]);
		ret_present->sorted[ret_present->count] = ret_present->names[ret_present->count];
		ret_present->count++;
	}
	qsort(ret_present->sorted, ret_present->count, sizeof(*ret_present->sorted), by_text);
	return 0;
}

/* How many begin with so many bytes of name; all of it for the record itself, target and tab for
 * the target. */
static unsigned int present_count(const struct present *present, const char *name, size_t len)
{
	size_t low = 0, high = present->count;
	unsigned int count = 0;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (strncmp(present->sorted[middle], name, len) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < present->count && !strncmp(present->sorted[low], name, len); low++)
		count++;
	return count;
}

/* ---- the queue ---- */

static size_t target_len(const char *name)
{
	return strcspn(name, "\t") + 1;
}

/* One login at a time for a leading record's target: the first that succeeds is enough. */
static bool is_led(const struct hotplug *set, const struct hotplug_record *record,
		   const struct present *present)
{
	size_t len = target_len(record->name);

	if (present_count(present, record->name, len))
		return true;
	for (size_t i = 0; i < set->record_count; i++)
		if (set->records[i]->under_way &&
		    !strncmp(set->records[i]->name, record->name, len))
			return true;
	for (size_t i = 0; i < set->queue_count; i++)
		if (!strncmp(set->queue[i]->name, record->name, len))
			return true;
	return false;
}

static bool is_wanted(const struct hotplug *set, const struct hotplug_record *record,
		      const struct present *present)
{
	if (record->under_way || hotplug_is_held(set, record->name))
		return false;
	if (record->is_leading)
		return !is_led(set, record, present);
	return present_count(present, record->name, strlen(record->name) + 1) < record->nr_sessions;
}

static void logins_begin(struct hotplug *set);

void hotplug_login_plan(void *data)
{
	struct hotplug *set = data;
	uint64_t now_ms = loop_now_ms(), next_ms = UINT64_MAX;
	struct hotplug_record **queue =
		reallocarray(set->queue, set->record_count + 1, sizeof(*queue));
	struct present present;

	if (!queue)
		return;
	set->queue = queue;
	set->queue_count = set->queue_at = 0;
	if (set->is_stopping || !set->record_count || present_read(set->daemon, &present) < 0)
		return;
	for (size_t i = 0; i < set->record_count; i++) {
		struct hotplug_record *record = set->records[i];

		if (!is_wanted(set, record, &present))
			continue;
		if (record->next_ms <= now_ms)
			queue[set->queue_count++] = record;
		else if (record->next_ms < next_ms)
			next_ms = record->next_ms;
	}
	present_done(&present);
	if (next_ms != UINT64_MAX)
		loop_timer_set(set->login_timer, next_ms - now_ms);
	logins_begin(set);
}

/* ---- logins ---- */

static void login_forget(struct hotplug_login *login)
{
	TAILQ_REMOVE(&login->set->login_list, login, entry);
	session_unref(login->session);
	free(login->name);
	free(login->cause);
	free(login->joined);
	free(login);
}

static void login_succeeded(struct hotplug_login *login, const struct hotplug_event *told)
{
	struct hotplug_record *record = record_find(login->set, login->name);

	if (record)
		record->failures = 0;
	hotplug_tell(login->set, told, "session %d %s [%s]: logged in by itself (%s)", told->sid,
		     told->key->target, told->key->iface, login->cause);
}

/* The first failure is worth a line, and then one of ever more. */
static void login_failed(struct hotplug_login *login, struct hotplug_event *told,
			 enum iscsi_err err, const char *sentence)
{
	struct hotplug_record *record = record_find(login->set, login->name);
	unsigned int failures = record ? ++record->failures : 1;
	uint64_t delay_ms = err == ISCSI_ERR_SESS_EXISTS ? EXISTS_DELAY_MS : backoff_ms(failures);
	char portal[PORTAL_TEXT_MAX];

	if (record)
		record->next_ms = loop_now_ms() + delay_ms;
	told->level = failures & (failures - 1) ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARNING;
	told->event = "login-failed";
	told->cause = sentence;
	hotplug_tell(login->set, told,
		     "record %s %s [%s]: not logged in to by itself (%s, attempt %u): %s; again in "
		     "%llu s",
		     told->key->target,
		     portal_format(&told->key->portal, told->key->portal.tpgt >= 0, portal),
		     told->key->iface, login->cause, failures, sentence,
		     (unsigned long long)(delay_ms + 999) / 1000);
}

static void login_ended(int sid, enum iscsi_err err, const char *sentence, void *data)
{
	struct hotplug_login *login = data;
	struct hotplug *set = login->set;
	struct hotplug_record *record = record_find(set, login->name);
	struct hotplug_event told = {
		.event = "login", .level = LOG_LEVEL_INFO, .cause = login->cause, .sid = sid};
	struct node_key key;

	node_key_of(&login->session->node, &key);
	told.key = &key;
	set->logins--;
	if (record && record->under_way)
		record->under_way--;
	if (err == ISCSI_ERR_SUCCESS)
		login_succeeded(login, &told);
	else if (!set->is_stopping)
		login_failed(login, &told, err, sentence);
	for (size_t i = 0; i < login->joined_count; i++)
		login->joined[i].fn(sid, err, sentence, login->joined[i].data);
	login_forget(login);
	if (set->is_stopping)
		return;
	/* Another iface of a leading record, and when what failed is due. */
	if (err != ISCSI_ERR_SUCCESS)
		loop_timer_set(set->login_timer, PLAN_DELAY_MS);
	logins_begin(set);
}

static struct hotplug_login *login_under_way(const struct hotplug *set, const struct session *like,
					     bool may_share)
{
	struct hotplug_login *login;
	char name[NODE_KEY_TEXT_MAX];
	struct node_key key;

	node_key_of(&like->node, &key);
	hotplug_name(&key, name);
	TAILQ_FOREACH(login, &set->login_list, entry)
	if (!strcmp(login->name, name) && login->session->login.fn &&
	    (may_share || !login->joined_count))
		return login;
	return NULL;
}

bool hotplug_join(const struct session *like, bool may_share, session_done_fn *done, void *data)
{
	struct hotplug *set = like->daemon->hotplug;
	struct hotplug_login *login = set ? login_under_way(set, like, may_share) : NULL;
	struct session_waiter *grown;

	if (!login)
		return false;
	grown = reallocarray(login->joined, login->joined_count + 1, sizeof(*grown));
	if (!grown)
		return false;
	login->joined = grown;
	grown[login->joined_count++] = (struct session_waiter){done, data};
	login->session->is_automatic = false;
	return true;
}

/* Takes node. */
static bool login_begin(struct hotplug *set, struct record *node,
			const struct hotplug_record *record)
{
	struct daemon *daemon = set->daemon;
	const char *own_name = record_text(node, F_IFACE_INITIATORNAME);
	const char *initiator_name = *own_name ? own_name : daemon->initiator.name;
	struct hotplug_login *login = calloc(1, sizeof(*login));
	struct session *session = NULL;

	if (login && initiator_name)
		session = session_new(daemon, node, initiator_name);
	else
		record_done(node);
	if (session) {
		login->name = strdup(record->name);
		login->cause = strdup(record->cause ? record->cause : "automatic");
	}
	if (!session || !login->name || !login->cause ||
	    (session_twin(session) && record->nr_sessions < 2)) {
		if (session) {
			free(login->name);
			free(login->cause);
			session_kill(session);
		}
		free(login);
		return false;
	}
	login->set = set;
	login->session = session_ref(session);
	TAILQ_INSERT_TAIL(&set->login_list, login, entry);
	session->is_automatic = true;
	session_choose_isid(session);
	start_login(session, login_ended, login);
	return true;
}

static bool is_of(const struct session *session, const struct record *node)
{
	const char *iface = record_text(node, F_IFACE_ISCSI_IFACENAME);

	return !session->is_leaving &&
	       !strcmp(session_target(session), record_text(node, F_NODE_NAME)) &&
	       !strcmp(session_iface(session), *iface ? iface : "default") &&
	       !strcmp(session_address(session), record_text(node, F_NODE_CONN_ADDRESS)) &&
	       session_port(session) == record_number(node, F_NODE_CONN_PORT);
}

/* Sessions of a record that are there or coming, not counting what is prepared here. */
static unsigned int sessions_of(const struct daemon *daemon, const struct record *node)
{
	const struct session *session;
	unsigned int count = 0;

	TAILQ_FOREACH(session, &daemon->sessions, entry)
	count += is_of(session, node);
	return count;
}

/* Another iface may have led to the target meanwhile. */
static bool has_target(const struct daemon *daemon, const struct record *node)
{
	const struct session *session;

	TAILQ_FOREACH(session, &daemon->sessions, entry)
	if (!session->is_leaving &&
	    !strcmp(session_target(session), record_text(node, F_NODE_NAME)))
		return true;
	return false;
}

static bool is_automatic(const struct record *node)
{
	return record_is(node, F_NODE_STARTUP, "automatic") ||
	       record_is(node, F_NODE_CONN_STARTUP, "automatic");
}

/* Takes node: it becomes as many sessions as it is to have and lacks. */
static void record_begin(struct hotplug *set, struct record *node, struct hotplug_record *record)
{
	unsigned int wanted = record->is_leading ? 1 : record->nr_sessions,
		     there = sessions_of(set->daemon, node);

	for (; there < wanted; there++) {
		struct record copy;

		if (!is_automatic(node) || (record->is_leading && has_target(set->daemon, node)) ||
		    record_copy(&copy, node) < 0)
			break;
		/* Before it begins: it may end at once. */
		set->logins++;
		record->under_way++;
		if (!login_begin(set, &copy, record)) {
			set->logins--;
			record->under_way--;
			break;
		}
		record = record_find(set, record->name);
		if (!record)
			break;
	}
	record_done(node);
}

/* ---- batches ---- */

static void batch_read(void *data)
{
	struct hotplug_batch *batch = data;

	poller_batch_read(&batch->nodes);
}

static void batch_taken(void *data, bool cancelled)
{
	struct hotplug_batch *batch = data;
	struct hotplug *set = batch->set;

	set->daemon->works--;
	set->is_preparing = false;
	for (size_t i = 0; i < batch->nodes.count && !cancelled && !set->is_stopping; i++) {
		char name[NODE_KEY_TEXT_MAX];
		struct hotplug_record *record;

		hotplug_name(&batch->nodes.keys[i], name);
		record = record_find(set, name);
		if (!record || !batch->nodes.is_ready[i] || hotplug_is_held(set, name))
			continue;
		batch->nodes.is_ready[i] = false;
		record_begin(set, &batch->nodes.nodes[i], record);
	}
	poller_batch_done(&batch->nodes);
	free(batch);
	if (!cancelled)
		logins_begin(set);
}

static void batch_fill(struct hotplug *set, struct poller_batch *nodes)
{
	size_t room = HOTPLUG_LOGINS_MAX - set->logins;

	while (nodes->count < POLLER_BATCH && nodes->count < room &&
	       set->queue_at < set->queue_count) {
		const struct hotplug_record *record = set->queue[set->queue_at++];

		if (node_key_parse(record->name, &nodes->keys[nodes->count]) < 0)
			continue;
		nodes->keys[nodes->count++].portal.tpgt = record->tpgt;
	}
}

/* The records are read when their turn comes, by a worker thread: a few at a time, as they are
 * then. */
static void logins_begin(struct hotplug *set)
{
	struct hotplug_batch *batch;

	if (set->is_preparing || set->is_stopping || set->queue_at == set->queue_count ||
	    set->logins >= HOTPLUG_LOGINS_MAX)
		return;
	batch = calloc(1, sizeof(*batch));
	if (!batch)
		return;
	batch->set = set;
	batch->nodes = (struct poller_batch){.dir = set->dir,
					     .iface_dir = set->iface_dir,
					     .config_path = set->daemon->options.config_path,
					     .is_stored_only = true};
	batch_fill(set, &batch->nodes);
	if (loop_work(set->daemon->loop, batch_read, batch_taken, batch, NULL) < 0) {
		free(batch);
		return;
	}
	set->daemon->works++;
	set->is_preparing = true;
}

/* ---- ends ---- */

/* It would wait for an answer that cannot come, and stand in the way of the login when the port is
 * back. */
void hotplug_login_lost(struct hotplug *set, const char *iface, const char *cause)
{
	struct hotplug_login *login, *next;
	struct session *session;
	char sentence[HOTPLUG_CAUSE_MAX + 32];

	snprintf(sentence, sizeof(sentence), "its port is lost: %s", cause);
	for (login = TAILQ_FIRST(&set->login_list); login; login = next) {
		next = TAILQ_NEXT(login, entry);
		session = login->session;
		if (!session->is_automatic || session->sid >= 0 ||
		    strcmp(session_iface(session), iface))
			continue;
		session_ref(session);
		session_kill(session);
		session_answer(session, &session->login, ISCSI_ERR_TRANS, sentence);
		session_unref(session);
	}
}

void hotplug_login_done(struct hotplug *set)
{
	struct hotplug_login *login;

	while ((login = TAILQ_FIRST(&set->login_list))) {
		login->session->login = (struct session_waiter){0};
		login_forget(login);
	}
	for (size_t i = 0; i < set->record_count; i++)
		hotplug_record_free(set->records[i]);
	free(set->records);
	free(set->queue);
	set->records = NULL;
	set->queue = NULL;
	set->record_count = set->queue_count = set->queue_at = 0;
}
