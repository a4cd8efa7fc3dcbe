/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The pass: iscsid.conf where it is to be read, iface records for new ports, missing bindings, and
 * which records are to be logged in to, from one picture of the ports. All of it blocks and runs on
 * a worker thread, sees nothing of the daemon but what it was given, and logs nothing: what there
 * is to tell is told by the loop.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>

#include "daemon/hotplug_set.h"
#include "iface/auto.h"
#include "iface/plan.h"
#include "lib/conf.h"
#include "lib/log.h"
#include "lib/store.h"
#include "lib/text.h"

/* The pass with what it holds open. */
struct work {
	struct hotplug_pass *pass;
	struct ifaces ifaces;
	const struct port **ports; /* of ifaces */
	bool *is_usable;	   /* of ifaces: managed, there, not held back */
};

/* ---- news ---- */

static struct pass_news *news_add(struct hotplug_pass *pass, const char *event, int level)
{
	struct pass_news *grown = reallocarray(pass->news, pass->news_count + 1, sizeof(*grown));

	if (!grown) {
		pass->error = -ENOMEM;
		return NULL;
	}
	pass->news = grown;
	grown[pass->news_count] = (struct pass_news){.event = event, .level = level};
	return &grown[pass->news_count++];
}

static void complain(struct hotplug_pass *pass, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
static void complain(struct hotplug_pass *pass, const char *format, ...)
{
	struct pass_news *news = news_add(pass, NULL, LOG_LEVEL_WARNING);
	va_list args;

	if (!news)
		return;
	va_start(args, format);
	vsnprintf(news->text, sizeof(news->text), format, args);
	va_end(args);
}

/* ---- policy ---- */

static int policy_complaint(const char *name, const char *value, unsigned int line, int error,
			    void *data)
{
	struct hotplug_pass *pass = data;

	struct text why = {.data = NULL};

	policy_explain(value, &why);
	complain(pass, "%s: %s", pass->config_path, why.data ? why.data : name);
	text_done(&why);
	return 0;
}

static void read_policy(struct hotplug_pass *pass)
{
	struct conf *conf = NULL;
	int r;

	if (pass->policy)
		return;
	r = conf_load(pass->config_path, NULL, NULL, &conf);
	/* Without a file, what is built in. */
	if (r < 0 && r != -ENOMEM)
		r = conf_load("/dev/null", NULL, NULL, &conf);
	if (r == 0)
		r = policy_read(conf, policy_complaint, pass, &pass->new_policy);
	conf_free(conf);
	if (r < 0) {
		pass->error = r;
		return;
	}
	pass->has_new_policy = true;
	pass->policy = &pass->new_policy;
}

/* ---- ifaces ---- */

static unsigned char flags_of(const struct hotplug_pass *pass, const struct port *port)
{
	size_t at = (size_t)(port - pass->ports.list);

	return port && at < pass->ports.count ? pass->flags[at] : 0;
}

static bool is_new(const struct port *port, void *data)
{
	const struct hotplug_pass *pass = data;

	return pass->reasons & (REASON_START | REASON_POLICY | REASON_AGAIN) ||
	       flags_of(pass, port) & PASS_PORT_NEW;
}

static void iface_made(const struct record *iface, const struct port *port, const char *cause,
		       int error, void *data)
{
	struct hotplug_pass *pass = data;
	const char *name = record_text(iface, F_IFACE_ISCSI_IFACENAME);
	struct pass_news *news;

	pass->has_unwritten |= error != 0;
	/* Said once, tried again: /etc may be read-only while the machine starts. */
	if (error && pass->reasons == REASON_AGAIN)
		return;
	news = news_add(pass, error ? "iface-failed" : "iface-made",
			error ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO);
	if (!news)
		return;
	snprintf(news->iface, sizeof(news->iface), "%s", name);
	snprintf(news->cause, sizeof(news->cause), "%s", error ? strerror(-error) : cause);
	port_describe(port, news->port, sizeof(news->port));
	if (error)
		snprintf(news->text, sizeof(news->text),
			 "iface %.64s for %.160s cannot be written to %.160s: %s", name, news->port,
			 pass->iface_dir, strerror(-error));
	else
		snprintf(news->text, sizeof(news->text), "iface %.64s made for %.200s (%.100s)",
			 name, news->port, cause);
}

/* A file that cannot be read is said where somebody may just have written it. */
static void iface_complaint(const char *path, int error, void *data)
{
	struct hotplug_pass *pass = data;

	struct text why = {.data = NULL};

	if (!(pass->reasons & (REASON_START | REASON_IFACES | REASON_POLICY)))
		return;
	iface_explain_complaint(path, error, &why);
	complain(pass, "%.256s is no iface record and is passed over: %s", path,
		 why.data && !why.failed ? why.data : strerror(-error));
	text_done(&why);
}

static uint64_t hash_of(const struct record *iface)
{
	uint64_t hash = 14695981039346656037ull;
	struct text text = {0};

	record_format(iface, RECORD_STORED, &text);
	for (size_t i = 0; !text.failed && i < text.len; i++)
		hash = (hash ^ (unsigned char)text.data[i]) * 1099511628211ull;
	text_done(&text);
	return hash;
}

static void keep_iface(struct work *work, size_t at)
{
	struct hotplug_pass *pass = work->pass;
	const struct record *iface = &work->ifaces.list[at];
	struct hotplug_iface *kept = &pass->ifaces[at];
	const struct port *port = iface_port(iface, &pass->ports);

	snprintf(kept->name, sizeof(kept->name), "%s", record_text(iface, F_IFACE_ISCSI_IFACENAME));
	kept->hash = hash_of(iface);
	kept->is_managed = policy_is_managed(iface);
	if (port)
		memcpy(kept->port, pass->keys[port - pass->ports.list], sizeof(kept->port));
	work->ports[at] = port;
}

static void judge_ifaces(struct work *work)
{
	struct hotplug_pass *pass = work->pass;
	struct verdict verdict;

	for (size_t i = 0; i < pass->iface_count; i++) {
		if (!pass->ifaces[i].is_managed || !work->ports[i] ||
		    flags_of(pass, work->ports[i]) & PASS_PORT_HELD)
			continue;
		verdict_give(&work->ifaces.list[i], &work->ifaces, &pass->ports, *pass->reach, NULL,
			     &verdict);
		work->is_usable[i] = verdict.is_bound;
	}
}

static int read_ifaces(struct work *work)
{
	struct hotplug_pass *pass = work->pass;
	int r = ifaces_read(pass->iface_dir, iface_complaint, pass, &work->ifaces);

	if (r == 0)
		r = auto_make(pass->iface_dir, &work->ifaces, &pass->ports, pass->policy, is_new,
			      iface_made, pass);
	if (r < 0)
		return r;
	pass->ifaces = calloc(work->ifaces.count + 1, sizeof(*pass->ifaces));
	work->ports = calloc(work->ifaces.count + 1, sizeof(*work->ports));
	work->is_usable = calloc(work->ifaces.count + 1, sizeof(*work->is_usable));
	if (!pass->ifaces || !work->ports || !work->is_usable)
		return -ENOMEM;
	pass->iface_count = work->ifaces.count;
	for (size_t i = 0; i < work->ifaces.count; i++)
		keep_iface(work, i);
	return 0;
}

/* ---- bindings ---- */

static int by_name(const void *left, const void *right)
{
	return strcmp(((const struct hotplug_iface *)left)->name,
		      ((const struct hotplug_iface *)right)->name);
}

/* Also one that the last pass did not know, or knew otherwise. */
static bool has_iface_changed(const struct hotplug_pass *pass, const struct hotplug_iface *iface)
{
	const struct hotplug_iface *before =
		pass->known_count
			? bsearch(iface, pass->known, pass->known_count, sizeof(*iface), by_name)
			: NULL;

	return !before || before->hash != iface->hash;
}

static size_t iface_place(const struct work *work, const char *name)
{
	const struct record *iface = ifaces_find(&work->ifaces, name);

	return iface ? (size_t)(iface - work->ifaces.list) : work->ifaces.count;
}

static bool is_wanted(const struct record *iface, void *data)
{
	const struct work *work = data;
	const struct hotplug_pass *pass = work->pass;
	size_t at = iface_place(work, record_text(iface, F_IFACE_ISCSI_IFACENAME));

	if (at == work->ifaces.count || !work->is_usable[at])
		return false;
	return pass->reasons & (REASON_START | REASON_ROUTES | REASON_STORE | REASON_AGAIN) ||
	       flags_of(pass, work->ports[at]) & PASS_PORT_CHANGED ||
	       has_iface_changed(pass, &pass->ifaces[at]);
}

static void bound(const struct node_key *key, const struct verdict *verdict, void *data)
{
	struct work *work = data;
	struct pass_news *news = news_add(work->pass, "bound", LOG_LEVEL_INFO);
	size_t at = iface_place(work, key->iface);
	char portal[PORTAL_TEXT_MAX];

	if (!news)
		return;
	news->key = malloc(sizeof(*key));
	if (news->key)
		*news->key = *key;
	if (at < work->ifaces.count && work->ports[at])
		port_describe(work->ports[at], news->port, sizeof(news->port));
	snprintf(news->cause, sizeof(news->cause), "%.*s", (int)sizeof(news->cause) - 1,
		 verdict->sentence);
	snprintf(news->text, sizeof(news->text), "record %.120s %.60s [%.64s]: bound (%.120s)",
		 key->target, portal_format(&key->portal, key->portal.tpgt >= 0, portal),
		 key->iface, verdict->sentence);
}

static void make_bindings(struct work *work)
{
	struct hotplug_pass *pass = work->pass;
	const struct plan plan = {
		.dir = pass->dir,
		.iface_dir = pass->iface_dir,
		.ifaces = &work->ifaces,
		.ports = &pass->ports,
		.reach = *pass->reach,
		.is_wanted = is_wanted,
		.made = bound,
		.data = work,
	};
	size_t before = pass->news_count;
	bool is_needed = false;
	int r;

	for (size_t i = 0; i < work->ifaces.count; i++)
		is_needed |= is_wanted(&work->ifaces.list[i], work);
	if (!is_needed)
		return;
	r = plan_run(&plan);
	if (r >= 0)
		return;
	/* What was told of is not there. */
	while (pass->news_count > before)
		free(pass->news[--pass->news_count].key);
	if (r != -ENOENT) {
		pass->error = r;
		complain(pass, "bindings cannot be made in %.256s: %s", pass->dir, strerror(-r));
	}
}

/* ---- what to log in to ---- */

static bool is_automatic(const struct record *node)
{
	return record_is(node, F_NODE_STARTUP, "automatic") ||
	       record_is(node, F_NODE_CONN_STARTUP, "automatic");
}

static char *cause_of(const struct work *work, size_t at)
{
	const struct hotplug_pass *pass = work->pass;
	static const struct {
		enum hotplug_reason reason;
		const char *text;
	} causes[] = {
		{REASON_START, "iscsid has started"},
		{REASON_POLICY, "iscsid.conf was read again"},
		{REASON_PORTS, "a port has changed"},
		{REASON_ROUTES, "routes have changed"},
		{REASON_IFACES, "its iface record has changed"},
		{REASON_STORE, "records have changed"},
		{REASON_AGAIN, "records can be read again"},
	};
	char text[HOTPLUG_CAUSE_MAX];

	if (flags_of(pass, work->ports[at]) & PASS_PORT_CHANGED &&
	    !(pass->reasons & REASON_START)) {
		port_describe(work->ports[at], text, sizeof(text) - 16);
		snprintf(text + strlen(text), 16, " is ready");
		return strdup(text);
	}
	for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++)
		if (pass->reasons & causes[i].reason)
			return strdup(causes[i].text);
	return NULL;
}

static int keep_record(struct work *work, const struct node_key *key, const struct record *node,
		       size_t iface)
{
	struct hotplug_pass *pass = work->pass;
	struct hotplug_record *record = calloc(1, sizeof(*record)), **grown;
	char name[NODE_KEY_TEXT_MAX];

	hotplug_name(key, name);
	if (record)
		record->name = strdup(name);
	grown = record && record->name
			? reallocarray(pass->records, pass->record_count + 1, sizeof(*grown))
			: NULL;
	if (!grown) {
		hotplug_record_free(record);
		return -ENOMEM;
	}
	record->tpgt = key->portal.tpgt;
	record->nr_sessions = (unsigned int)record_number(node, F_NODE_SESSION_NR_SESSIONS);
	record->is_leading = record_yes(node, F_NODE_LEADING_LOGIN);
	/* What has failed before is worth another attempt. */
	record->is_listed = flags_of(pass, work->ports[iface]) & PASS_PORT_CHANGED;
	record->cause = cause_of(work, iface);
	pass->records = grown;
	grown[pass->record_count++] = record;
	return 0;
}

static int by_text(const void *left, const void *right)
{
	return strcmp(*(char *const *)left, *(char *const *)right);
}

static void see_hold(struct hotplug_pass *pass, const struct node_key *key)
{
	char buffer[NODE_KEY_TEXT_MAX], *name = buffer, **found;

	if (!pass->hold_count)
		return;
	hotplug_name(key, buffer);
	found = bsearch(&name, pass->holds, pass->hold_count, sizeof(*found), by_text);
	if (found)
		pass->holds_seen[found - pass->holds] = true;
}

/* A record that cannot be read concerns nobody but itself. */
static int look_at(struct store *store, const struct node_key *key, void *data)
{
	struct work *work = data;
	struct hotplug_pass *pass = work->pass;
	size_t at = iface_place(work, key->iface);
	struct verdict verdict;
	struct record node;
	int r = 0;

	see_hold(pass, key);
	if (at == work->ifaces.count || !work->is_usable[at] || !port_is_ready(work->ports[at]) ||
	    node_load(store, key, &node) < 0)
		return 0;
	if (is_automatic(&node)) {
		verdict_give(&work->ifaces.list[at], &work->ifaces, &pass->ports, *pass->reach,
			     &key->portal, &verdict);
		if (verdict.is_bound)
			r = keep_record(work, key, &node, at);
	}
	record_done(&node);
	return r;
}

static int by_record(const void *left, const void *right)
{
	return strcmp((*(struct hotplug_record *const *)left)->name,
		      (*(struct hotplug_record *const *)right)->name);
}

static void read_store(struct work *work)
{
	static const struct node_filter all = {.target = NULL};
	struct hotplug_pass *pass = work->pass;
	struct store *store;
	int r;

	pass->holds_seen = calloc(pass->hold_count + 1, sizeof(*pass->holds_seen));
	if (!pass->holds_seen) {
		pass->error = -ENOMEM;
		return;
	}
	if (pass->hold_count)
		qsort(pass->holds, pass->hold_count, sizeof(*pass->holds), by_text);
	r = store_begin(pass->dir, STORE_READ, &store);
	if (r == 0) {
		r = node_each(store, &all, look_at, work);
		store_drop(store);
	}
	if (r < 0 && r != -ENOENT) {
		free(pass->holds_seen);
		pass->holds_seen = NULL;
		pass->error = r;
		complain(pass, "records cannot be read from %.256s: %s", pass->dir, strerror(-r));
	}
	if (pass->record_count)
		qsort(pass->records, pass->record_count, sizeof(*pass->records), by_record);
}

/* ---- the whole ---- */

/* Before anything is read, so that no change falls in between. The folder of ifaces may be missing.
 */
static void watch_files(struct hotplug_pass *pass)
{
	pass->store_wd = pass->iface_wd = -1;
	if (pass->inotify_fd < 0)
		return;
	pass->store_wd = inotify_add_watch(pass->inotify_fd, pass->dir, IN_MOVED_TO | IN_CREATE);
	pass->iface_wd =
		inotify_add_watch(pass->inotify_fd, pass->iface_dir,
				  IN_MOVED_TO | IN_MOVED_FROM | IN_CLOSE_WRITE | IN_DELETE);
}

static bool has_managed(const struct hotplug_pass *pass)
{
	for (size_t i = 0; i < pass->iface_count; i++)
		if (pass->ifaces[i].is_managed)
			return true;
	return false;
}

/* Routes are asked for where an iface is to be bound by them; what was known of them may be stale.
 */
static bool open_reach(struct hotplug_pass *pass)
{
	int r = 0;

	if (!*pass->reach)
		r = reach_new(pass->reach);
	else if (pass->reasons & ~(unsigned int)REASON_STORE)
		reach_forget(*pass->reach);
	if (r == 0)
		return true;
	pass->error = r;
	complain(pass, "the kernel cannot be asked for routes, so that nothing is bound: %s",
		 strerror(-r));
	return false;
}

void pass_run(void *data)
{
	struct hotplug_pass *pass = data;
	struct work work = {.pass = pass};
	int r;

	watch_files(pass);
	if (pass->reads_holds)
		hotplug_hold_read(pass->hold_path, &pass->holds, &pass->hold_count);
	read_policy(pass);
	if (!pass->policy)
		return;
	r = read_ifaces(&work);
	/* A folder of ifaces that was just made. */
	if (pass->iface_wd < 0)
		watch_files(pass);
	if (r < 0)
		pass->error = r;
	else if (has_managed(pass) && open_reach(pass)) {
		judge_ifaces(&work);
		make_bindings(&work);
		read_store(&work);
	}
	free(work.ports);
	free(work.is_usable);
	ifaces_done(&work.ifaces);
}

void hotplug_record_free(struct hotplug_record *record)
{
	if (!record)
		return;
	free(record->name);
	free(record->cause);
	free(record);
}

void pass_free(struct hotplug_pass *pass)
{
	if (!pass)
		return;
	ports_done(&pass->ports);
	policy_done(&pass->new_policy);
	for (size_t i = 0; i < pass->record_count; i++)
		hotplug_record_free(pass->records[i]);
	for (size_t i = 0; i < pass->hold_count; i++)
		free(pass->holds[i]);
	for (size_t i = 0; i < pass->news_count; i++)
		free(pass->news[i].key);
	free(pass->records);
	free(pass->holds);
	free(pass->holds_seen);
	free(pass->news);
	free(pass->flags);
	free(pass->keys);
	free(pass->known);
	free(pass->ifaces);
	free(pass);
}
