/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Logging in: counts what is already there, tells what it is about to do, hands all records to the daemon in one call (two
 * where some want further sessions), and reports each as it ends. The exit status is the first error met.
 */
#include "adm/login.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adm/ask.h"
#include "adm/emit.h"
#include "adm/objects.h"
#include "adm/print.h"
#include "adm/progress.h"
#include "lib/json.h"

/* One session to be made. */
struct job {
	const struct record *node;
	bool multiple;		/* beside others of the same record */
	bool answered;
	enum iscsi_err err;
};

struct login {
	struct adm *adm;
	struct job *jobs;
	size_t count, size;
	size_t *called;		/* the jobs of the call that is running, by its index */
	size_t called_count;
	enum iscsi_err first;
};

int login_list_add(struct login_list *list, struct record *node)
{
	if (list->count == list->size) {
		size_t size = list->size ? 2 * list->size : 16;
		struct record *nodes = reallocarray(list->nodes, size, sizeof(*nodes));

		if (!nodes) {
			record_done(node);
			return -ENOMEM;
		}
		list->nodes = nodes;
		list->size = size;
	}
	list->nodes[list->count++] = *node;
	return 0;
}

void login_list_done(struct login_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		record_done(&list->nodes[i]);
	free(list->nodes);
	*list = (struct login_list){ 0 };
}

#define NODE_TEXT "[iface: %s, target: %s, portal: %s,%lld]"
#define NODE_ARGUMENTS(node) record_text(node, F_IFACE_ISCSI_IFACENAME), record_text(node, F_NODE_NAME), \
			     record_text(node, F_NODE_CONN_ADDRESS), (long long)record_number(node, F_NODE_CONN_PORT)

static bool add_job(struct login *login, const struct record *node, bool multiple)
{
	if (login->count == login->size) {
		size_t size = login->size ? 2 * login->size : 16;
		struct job *jobs = reallocarray(login->jobs, size, sizeof(*jobs));

		if (!jobs) {
			print_problem("%s", iscsi_err_text(ISCSI_ERR_NOMEM));
			adm_keep_first(&login->first, ISCSI_ERR_NOMEM);
			return false;
		}
		login->jobs = jobs;
		login->size = size;
	}
	login->jobs[login->count++] = (struct job){ .node = node, .multiple = multiple };
	return true;
}

static void emit_login(const struct record *node, int64_t sid, enum iscsi_err err, const char *message)
{
	struct node_key key;
	const struct object_subject subject = {
		.kind = "node", .sid = sid, .target = key.target, .portal = &key.portal, .iface = key.iface,
	};

	if (!emit_wanted())
		return;
	node_key_of(node, &key);
	object_emit_outcome("login", &subject, err, message);
}

static void say_present(struct login *login, const struct record *node, int64_t wanted, size_t present)
{
	emit_login(node, 0, ISCSI_ERR_SESS_EXISTS, NULL);
	print_problem("%s: %lld session%s requested, but %zu already present.", record_text(node, F_IFACE_ISCSI_IFACENAME),
		    (long long)wanted, wanted == 1 ? "" : "s", present);
	adm_keep_first(&login->first, ISCSI_ERR_SESS_EXISTS);
}

static void plan_node(struct login *login, const struct record *node, unsigned int flags)
{
	int64_t wanted = record_number(node, F_NODE_SESSION_NR_SESSIONS);
	struct node_key key;
	size_t present;

	if (flags & LOGIN_ONE_MORE) {
		add_job(login, node, true);
		return;
	}
	node_key_of(node, &key);
	present = adm_session_count(login->adm, &key) + adm_firmware_count(login->adm, &key);
	if (present >= (size_t)wanted)
		say_present(login, node, wanted, present);
	for (size_t i = present; i < (size_t)wanted; i++)
		if (!add_job(login, node, wanted > 1))
			return;
}

static void say_failed(const struct record *node, enum iscsi_err err, const char *message)
{
	print_problem("Could not login to " NODE_TEXT ".", NODE_ARGUMENTS(node));
	print_problem("initiator reported error (%d - %s)", err, iscsi_err_text(err));
	if (message && *message && strcmp(message, iscsi_err_text(err)))
		print_problem("%s", message);
}

/* sid 0: none, or not told. */
static void answer(struct login *login, struct job *job, int64_t sid, enum iscsi_err err, const char *message)
{
	bool wait = !login->adm->args->has[OPTION_NO_WAIT];

	job->answered = true;
	job->err = err;
	emit_login(job->node, err == ISCSI_ERR_SUCCESS && wait ? sid : 0, err, message);
	if (err != ISCSI_ERR_SUCCESS && !emit_wanted())
		say_failed(job->node, err, message);
	else if (err == ISCSI_ERR_SUCCESS && wait)
		print_line("Login to " NODE_TEXT " successful.", NODE_ARGUMENTS(job->node));
	print_flush();
	progress_count(err == ISCSI_ERR_SUCCESS);
}

static int take_answer(struct json_object *parameters, bool continues, void *data)
{
	struct login *login = data;
	const char *message = NULL;
	int64_t index, error, sid = 0;

	if (json_get_number(parameters, "index", 0, (int64_t)login->called_count - 1, &index) ||
	    json_get_number(parameters, "error", 0, ISCSI_ERR_COUNT - 1, &error) || login->jobs[login->called[index]].answered)
		return 0;
	json_get_text(parameters, "message", &message);
	json_get_number(parameters, "sid", 0, UINT32_MAX, &sid);
	answer(login, &login->jobs[login->called[index]], sid, (enum iscsi_err)error, message);
	return 0;
}

static struct json_object *node_object(const struct record *node)
{
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, "settings", ask_settings(node));
	return object;
}

/* One call for the jobs from first to end of this kind. */
static void call(struct login *login, size_t first, bool multiple)
{
	struct json_object *parameters = json_object_new_object(), *nodes = json_object_new_array();
	bool wait = !login->adm->args->has[OPTION_NO_WAIT];
	enum iscsi_err err;
	char *message = NULL;

	login->called_count = 0;
	for (size_t i = first; i < login->count; i++) {
		if (login->jobs[i].multiple != multiple)
			continue;
		login->called[login->called_count++] = i;
		json_object_array_add(nodes, node_object(login->jobs[i].node));
	}
	json_object_object_add(parameters, "nodes", nodes);
	json_object_object_add(parameters, "multiple", json_object_new_boolean(multiple));
	json_object_object_add(parameters, "wait", json_object_new_boolean(wait));
	if (!login->called_count) {
		json_object_put(parameters);
		return;
	}
	err = ipc_client_call(login->adm->daemon, IPC_INTERFACE ".Login", parameters, true, -1, take_answer, login, &message);
	for (size_t i = 0; i < login->called_count; i++)
		if (!login->jobs[login->called[i]].answered)
			answer(login, &login->jobs[login->called[i]], 0, err == ISCSI_ERR_SUCCESS ? ISCSI_ERR_ISCSID_COMM : err, message);
	free(message);
}

/* The first one without an answer: all were asked for at the same time. */
static bool describe_wait(char *text, size_t room, void *data)
{
	const struct login *login = data;

	for (size_t i = 0; i < login->called_count; i++) {
		const struct job *job = &login->jobs[login->called[i]];

		if (job->answered)
			continue;
		snprintf(text, room, "%s:%lld (%s)", record_text(job->node, F_NODE_CONN_ADDRESS),
			 (long long)record_number(job->node, F_NODE_CONN_PORT), record_text(job->node, F_NODE_NAME));
		return true;
	}
	return false;
}

static void call_both(struct login *login, size_t first)
{
	progress_start("logged in", login->count - first, describe_wait, login);
	adm_daemon_ticks(login->adm);
	call(login, first, false);
	call(login, first, true);
	progress_end();
}

/* Announces and does the jobs from first on. */
static void run_jobs(struct login *login, size_t first)
{
	enum iscsi_err err;

	if (first == login->count)
		return;
	for (size_t i = first; i < login->count; i++)
		print_line("Logging in to " NODE_TEXT "%s", NODE_ARGUMENTS(login->jobs[i].node),
			   login->jobs[i].multiple ? " (multiple)" : "");
	print_flush();
	free(login->called);
	login->called = calloc(login->count, sizeof(*login->called));
	err = login->called ? adm_daemon(login->adm, true, false) : ISCSI_ERR_NOMEM;
	if (err == ISCSI_ERR_SUCCESS) {
		call_both(login, first);
		return;
	}
	for (size_t i = first; i < login->count; i++)
		answer(login, &login->jobs[i], 0, err, NULL);
}

static bool is_leading(const struct record *node, unsigned int flags)
{
	return flags & LOGIN_LEADING && record_yes(node, F_NODE_LEADING_LOGIN);
}

static bool same_target(const struct record *a, const struct record *b)
{
	return !strcmp(record_text(a, F_NODE_NAME), record_text(b, F_NODE_NAME));
}

static bool target_is_present(struct adm *adm, const char *target)
{
	if (adm_read_sessions(adm, SYSFS_LINE) != ISCSI_ERR_SUCCESS)
		return false;
	for (size_t i = 0; i < adm->session_count; i++)
		if (!strcmp(adm->sessions[i].target_name, target))
			return true;
	return false;
}

/* A target reached by leading logins: its records lie side by side in the list, from next to end. */
struct leader {
	size_t next, end;
	size_t job;
	bool open;		/* not yet logged in */
};

static size_t find_leaders(struct login *login, const struct login_list *list, struct leader *leaders)
{
	size_t count = 0, i = 0;

	while (i < list->count) {
		size_t end = i + 1;

		while (end < list->count && same_target(&list->nodes[i], &list->nodes[end]))
			end++;
		while (i < end && !record_yes(&list->nodes[i], F_NODE_LEADING_LOGIN))
			i++;
		if (i < end && target_is_present(login->adm, record_text(&list->nodes[i], F_NODE_NAME)))
			print_problem("%s: a session is already present.", record_text(&list->nodes[i], F_NODE_NAME));
		else if (i < end)
			leaders[count++] = (struct leader){ .next = i, .end = end, .open = true };
		i = end;
	}
	return count;
}

/* The next record of each target that is still open; false when none has one left. */
static bool plan_round(struct login *login, const struct login_list *list, struct leader *leaders, size_t count)
{
	bool any = false;

	for (size_t i = 0; i < count; i++) {
		struct leader *leader = &leaders[i];

		while (leader->next < leader->end && !record_yes(&list->nodes[leader->next], F_NODE_LEADING_LOGIN))
			leader->next++;
		if (!leader->open || leader->next == leader->end)
			continue;
		leader->job = login->count;
		if (!add_job(login, &list->nodes[leader->next++], false))
			return false;
		any = true;
	}
	return any;
}

/* Rounds of one login per target, side by side, until each is there or has no iface left. */
static void run_leading(struct login *login, const struct login_list *list)
{
	struct leader *leaders = calloc(list->count, sizeof(*leaders));
	size_t count = leaders ? find_leaders(login, list, leaders) : 0, first = login->count;

	while (plan_round(login, list, leaders, count)) {
		run_jobs(login, first);
		for (size_t i = 0; i < count; i++)
			if (leaders[i].open && leaders[i].job >= first)
				leaders[i].open = login->jobs[leaders[i].job].err != ISCSI_ERR_SUCCESS;
		first = login->count;
	}
	for (size_t i = 0; i < count; i++)
		if (leaders[i].open)
			adm_keep_first(&login->first, ISCSI_ERR_FATAL_LOGIN);
	free(leaders);
}

enum iscsi_err login_run(struct adm *adm, const struct login_list *list, unsigned int flags)
{
	struct login login = { .adm = adm };
	bool any_leading = false;

	for (size_t i = 0; i < list->count; i++) {
		if (is_leading(&list->nodes[i], flags))
			any_leading = true;
		else
			plan_node(&login, &list->nodes[i], flags);
	}
	run_jobs(&login, 0);
	for (size_t i = 0; i < login.count; i++)
		adm_keep_first(&login.first, login.jobs[i].err);
	if (any_leading)
		run_leading(&login, list);
	/* Everything was there before: nothing was left to do. */
	if (!login.count)
		adm_keep_first(&login.first, ISCSI_ERR_SESS_EXISTS);
	if (login.first != ISCSI_ERR_SUCCESS)
		print_problem("Could not log into all portals");
	free(login.jobs);
	free(login.called);
	return login.first;
}
