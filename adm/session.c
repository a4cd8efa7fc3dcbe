/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `iscsiadm -m session`, and what node mode does with running sessions: log out, rescan, statistics. Sessions come from sysfs;
 * logout and statistics are asked of the daemon (the logout of what an adapter has made: of its driver), a rescan is done here with
 * one thread per session, because it blocks.
 */
#include "adm/session.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "adm/adapter.h"
#include "adm/emit.h"
#include "adm/far.h"
#include "adm/login.h"
#include "adm/objects.h"
#include "adm/print.h"
#include "adm/progress.h"
#include "adm/session_tree.h"
#include "iface/hba.h"
#include "lib/json.h"
#include "transport/user/scsi.h"

#define SESSION_TEXT "[sid: %u, target: %s, portal: %s,%lld]"
#define SESSION_ARGUMENTS(s) (s)->sid, (s)->target_name, (s)->persistent_address, (long long)(s)->persistent_port

enum iscsi_err session_mark(struct adm *adm, const struct node_filter *filter)
{
	enum iscsi_err err = adm_read_sessions(adm, SYSFS_LINE);

	for (size_t i = 0; err == ISCSI_ERR_SUCCESS && i < adm->session_count; i++) {
		struct node_key key;

		adm_session_key(adm, &adm->sessions[i], &key);
		adm->session_marked[i] = node_filter_matches(filter, &key);
	}
	return err;
}

static struct sysfs_session *next_marked(struct adm *adm, size_t *index)
{
	while (*index < adm->session_count)
		if (adm->session_marked[(*index)++])
			return &adm->sessions[*index - 1];
	return NULL;
}

static size_t count_marked(struct adm *adm)
{
	size_t index = 0, count = 0;

	while (next_marked(adm, &index))
		count++;
	return count;
}

static enum iscsi_err no_session(const char *sentence)
{
	print_problem("%s", sentence);
	return ISCSI_ERR_NO_OBJS_FOUND;
}

/* The sessions a Logout call is about, by index of the call. */
struct logout {
	struct adm *adm;
	struct sysfs_session **sessions;
	bool *answered;
	size_t count;
	enum iscsi_err first;
};

static void say_logged_out(struct logout *logout, size_t index, enum iscsi_err err, const char *message)
{
	struct sysfs_session *session = logout->sessions[index];

	logout->answered[index] = true;
	progress_count(err == ISCSI_ERR_SUCCESS);
	object_emit_session_outcome(logout->adm, "logout", session, err, message);
	if (err == ISCSI_ERR_SUCCESS) {
		print_line("Logout of " SESSION_TEXT " successful.", SESSION_ARGUMENTS(session));
		print_flush();
		return;
	}
	adm_keep_first(&logout->first, err);
	if (emit_wanted())
		return;
	print_problem("Could not logout of " SESSION_TEXT ".", SESSION_ARGUMENTS(session));
	print_problem("initiator reported error (%d - %s)", err, iscsi_err_text(err));
	if (message && *message && strcmp(message, iscsi_err_text(err)))
		print_problem("%s", message);
}

static int take_logout(struct json_object *parameters, bool continues, void *data)
{
	struct logout *logout = data;
	int64_t index, error;
	const char *message = NULL;

	if (json_get_number(parameters, "index", 0, (int64_t)logout->count - 1, &index) ||
	    json_get_number(parameters, "error", 0, ISCSI_ERR_COUNT - 1, &error) || logout->answered[index])
		return 0;
	json_get_text(parameters, "message", &message);
	say_logged_out(logout, (size_t)index, (enum iscsi_err)error, message);
	return 0;
}

static void describe_session(char *text, size_t room, const struct sysfs_session *session)
{
	snprintf(text, room, "%s:%lld (%s)", session->persistent_address, (long long)session->persistent_port, session->target_name);
}

/* The first one without an answer: all were asked for at the same time. */
static bool describe_logout(char *text, size_t room, void *data)
{
	const struct logout *logout = data;

	for (size_t i = 0; i < logout->count; i++) {
		if (logout->answered[i])
			continue;
		describe_session(text, room, logout->sessions[i]);
		return true;
	}
	return false;
}

static enum iscsi_err ask_logout(struct adm *adm, struct json_object *parameters, struct logout *logout, char **ret_message)
{
	enum iscsi_err err;

	progress_start("logged out", logout->count, describe_logout, logout);
	adm_daemon_ticks(adm);
	err = ipc_client_call(adm->daemon, IPC_INTERFACE ".Logout", parameters, true, -1, take_logout, logout, ret_message);
	progress_end();
	return err;
}

/* The daemon keeps no session that an adapter's firmware has made: the card is asked. */
static bool is_of_firmware(const struct sysfs_session *session)
{
	return session->creator == -1 && hba_is_transport(session->transport);
}

/* Logs the cards out, and moves the sessions that are left to the front. */
static void logout_firmware(struct adm *adm, struct logout *logout)
{
	size_t kept = 0;

	for (size_t i = 0; i < logout->count; i++) {
		char message[256];

		if (is_of_firmware(logout->sessions[i]))
			say_logged_out(logout, i, adapter_logout(adm, logout->sessions[i], message, sizeof(message)), message);
		else
			logout->sessions[kept++] = logout->sessions[i];
	}
	logout->count = kept;
	memset(logout->answered, 0, kept * sizeof(*logout->answered));
}

static void call_logout(struct adm *adm, struct logout *logout)
{
	struct json_object *parameters = json_object_new_object(), *sids = json_object_new_array();
	enum iscsi_err err = adm_daemon(adm, true, false);
	char *message = NULL;

	for (size_t i = 0; i < logout->count; i++)
		json_object_array_add(sids, json_object_new_int64(logout->sessions[i]->sid));
	json_object_object_add(parameters, "sids", sids);
	if (err == ISCSI_ERR_SUCCESS)
		err = ask_logout(adm, parameters, logout, &message);
	else
		json_object_put(parameters);
	for (size_t i = 0; i < logout->count; i++)
		if (!logout->answered[i])
			say_logged_out(logout, i, err == ISCSI_ERR_SUCCESS ? ISCSI_ERR_ISCSID_COMM : err, message);
	free(message);
}

enum iscsi_err session_logout_marked(struct adm *adm)
{
	struct logout logout = { .adm = adm, .count = count_marked(adm) };
	struct sysfs_session *session;
	size_t index = 0, filled = 0;

	if (!logout.count)
		return no_session("No matching sessions found");
	logout.sessions = calloc(logout.count, sizeof(*logout.sessions));
	logout.answered = calloc(logout.count, sizeof(*logout.answered));
	if (!logout.sessions || !logout.answered) {
		logout.first = ISCSI_ERR_NOMEM;
		print_problem("%s", iscsi_err_text(ISCSI_ERR_NOMEM));
	} else {
		while ((session = next_marked(adm, &index))) {
			print_line("Logging out of session " SESSION_TEXT, SESSION_ARGUMENTS(session));
			logout.sessions[filled++] = session;
		}
		print_flush();
		logout_firmware(adm, &logout);
		if (logout.count)
			call_logout(adm, &logout);
		if (logout.first != ISCSI_ERR_SUCCESS)
			print_problem("Could not logout of all requested sessions");
	}
	free(logout.sessions);
	free(logout.answered);
	return logout.first;
}

#define RESCAN_THREADS 32

struct rescan {
	struct adm *adm;
	struct rescan_one {
		int error;	/* negative errno */
		atomic_bool done;
	} *ones;		/* by index of adm->sessions */
	atomic_size_t next;
	atomic_size_t finished;
	size_t counted;		/* of those finished, by the status line */
};

static void *rescan_run(void *data)
{
	struct rescan *rescan = data;
	size_t i;

	while ((i = atomic_fetch_add(&rescan->next, 1)) < rescan->adm->session_count) {
		const struct sysfs_session *session = &rescan->adm->sessions[i];
		struct rescan_one *one = &rescan->ones[i];

		if (!rescan->adm->session_marked[i])
			continue;
		one->error = scsi_rescan_session(rescan->adm->sysfs, session->sid, session->host_no);
		one->done = true;
		rescan->finished++;
	}
	return NULL;
}

/* The one that was begun first of those not done. */
static bool describe_rescan(char *text, size_t room, void *data)
{
	const struct rescan *rescan = data;

	for (size_t i = 0; i < rescan->adm->session_count; i++) {
		if (!rescan->adm->session_marked[i] || rescan->ones[i].done)
			continue;
		describe_session(text, room, &rescan->adm->sessions[i]);
		return true;
	}
	return false;
}

static void count_rescans(struct rescan *rescan)
{
	while (rescan->counted < rescan->finished) {
		rescan->counted++;
		progress_count(true);
	}
	progress_tick();
}

/* Waits for a thread, and shows meanwhile that time passes. */
static void join_rescan(struct rescan *rescan, pthread_t thread)
{
	struct timespec until;

	do {
		count_rescans(rescan);
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += PROGRESS_TICK_MS * 1000000L;
		until.tv_sec += until.tv_nsec / 1000000000L;
		until.tv_nsec %= 1000000000L;
	} while (pthread_timedjoin_np(thread, NULL, &until) == ETIMEDOUT);
}

static void run_rescan(struct rescan *rescan, size_t count)
{
	pthread_t threads[RESCAN_THREADS];
	size_t started = 0;

	progress_start("rescanned", count, describe_rescan, rescan);
	while (started < count && started < RESCAN_THREADS && !pthread_create(&threads[started], NULL, rescan_run, rescan))
		started++;
	if (!started)
		rescan_run(rescan);
	while (started)
		join_rescan(rescan, threads[--started]);
	progress_end();
}

/* Our /sys does not show them: the daemon looks. */
static void run_far_rescan(struct rescan *rescan, size_t count)
{
	uint32_t *sids = calloc(count, sizeof(*sids));
	int *errors = calloc(count, sizeof(*errors));
	size_t filled = 0;

	for (size_t i = 0; i < rescan->adm->session_count; i++)
		if (sids && rescan->adm->session_marked[i])
			sids[filled++] = rescan->adm->sessions[i].sid;
	if (sids && errors)
		far_rescan(rescan->adm, sids, count, errors);
	filled = 0;
	for (size_t i = 0; i < rescan->adm->session_count; i++)
		if (rescan->adm->session_marked[i])
			rescan->ones[i].error = sids && errors ? errors[filled++] : -ENOMEM;
	free(sids);
	free(errors);
}

static enum iscsi_err judge_rescan(const struct rescan *rescan)
{
	struct adm *adm = rescan->adm;
	int first = 0;

	for (size_t i = 0; i < adm->session_count; i++) {
		int error = rescan->ones[i].error;

		if (!adm->session_marked[i])
			continue;
		object_emit_session_outcome(adm, "rescan", &adm->sessions[i], iscsi_err_from_errno(error),
					    error ? strerror(-error) : NULL);
		first = first ? first : error;
	}
	if (first)
		print_problem("Could not rescan all sessions: %s", strerror(-first));
	return iscsi_err_from_errno(first);
}

enum iscsi_err session_rescan_marked(struct adm *adm)
{
	struct rescan rescan = { .adm = adm };
	size_t count = count_marked(adm), index = 0;
	struct sysfs_session *session;
	enum iscsi_err err;

	if (!count)
		return no_session("No session found.");
	rescan.ones = calloc(adm->session_count, sizeof(*rescan.ones));
	if (!rescan.ones) {
		print_problem("%s", iscsi_err_text(ISCSI_ERR_NOMEM));
		return ISCSI_ERR_NOMEM;
	}
	while ((session = next_marked(adm, &index)))
		print_line("Rescanning session " SESSION_TEXT, SESSION_ARGUMENTS(session));
	print_flush();
	if (adm->far)
		run_far_rescan(&rescan, count);
	else
		run_rescan(&rescan, count);
	err = judge_rescan(&rescan);
	free(rescan.ones);
	return err;
}

static void print_counters(struct json_object *parameters, const char *name, const char *heading)
{
	struct json_object *counters;

	print_line("%s", heading);
	if (json_get_object(parameters, name, &counters))
		return;
	json_object_object_foreach(counters, counter, value)
		print_line("\t%s: %lld", counter, (long long)json_object_get_int64(value));
}

/* The session whose counters are asked for. */
struct statistics {
	struct adm *adm;
	struct sysfs_session *session;
};

static void emit_counters(struct json_object *object, struct json_object *parameters, const char *name)
{
	struct json_object *counters = emit_part(), *from;

	if (!json_get_object(parameters, name, &from)) {
		json_object_object_foreach(from, counter, value)
			emit_number(counters, counter, json_object_get_int64(value));
	}
	emit_add(object, name, counters);
}

static void emit_statistics(const struct statistics *statistics, struct json_object *parameters)
{
	struct json_object *object = emit_new("statistics");
	struct node_key key;

	adm_session_key(statistics->adm, statistics->session, &key);
	emit_number(object, "sid", statistics->session->sid);
	object_add_key(object, &key);
	emit_counters(object, parameters, "counters");
	emit_counters(object, parameters, "extended");
	emit(object);
}

static int take_statistics(struct json_object *parameters, bool continues, void *data)
{
	const struct statistics *statistics = data;
	const struct sysfs_session *session = statistics->session;
	struct json_object *extended;

	if (emit_wanted()) {
		emit_statistics(statistics, parameters);
		return 0;
	}
	print_line("Stats for session " SESSION_TEXT, SESSION_ARGUMENTS(session));
	print_counters(parameters, "counters", "iSCSI SNMP:");
	if (!json_get_object(parameters, "extended", &extended) && json_object_object_length(extended))
		print_counters(parameters, "extended", "iSCSI Extended:");
	return 0;
}

static enum iscsi_err one_statistics(struct adm *adm, struct sysfs_session *session)
{
	struct json_object *parameters = json_object_new_object();
	struct statistics statistics = { adm, session };
	char *message = NULL;
	enum iscsi_err err;

	json_object_object_add(parameters, "sid", json_object_new_int64(session->sid));
	err = ipc_client_call(adm->daemon, IPC_INTERFACE ".Statistics", parameters, false, DAEMON_QUERY_MS, take_statistics, &statistics,
			      &message);
	if (err != ISCSI_ERR_SUCCESS)
		object_emit_session_outcome(adm, "stats", session, err, message);
	if (err != ISCSI_ERR_SUCCESS && !emit_wanted())
		print_problem("Could not get the statistics of " SESSION_TEXT ": %s", SESSION_ARGUMENTS(session),
			    message ? message : iscsi_err_text(err));
	free(message);
	return err;
}

enum iscsi_err session_stats_marked(struct adm *adm)
{
	struct sysfs_session *session;
	enum iscsi_err first;
	size_t index = 0;

	if (!count_marked(adm))
		return no_session("No session found.");
	first = adm_daemon(adm, true, false);
	if (first != ISCSI_ERR_SUCCESS)
		return first;
	while ((session = next_marked(adm, &index)))
		adm_keep_first(&first, one_statistics(adm, session));
	return first;
}

/* The command with the session's own target, portal and iface in place of -T, -p and -I. */
static enum iscsi_err as_node(struct adm *adm, struct sysfs_session *session)
{
	struct args args = *adm->args;
	const struct args *given = adm->args;
	char portal[PORTAL_TEXT_MAX];
	struct node_key key;
	enum iscsi_err err;

	adm_session_key(adm, session, &key);
	portal_format(&key.portal, false, portal);
	args.text[OPTION_TARGETNAME] = key.target;
	args.text[OPTION_PORTAL] = portal;
	args.has[OPTION_TARGETNAME] = args.has[OPTION_PORTAL] = true;
	args.ifaces[0] = key.iface;
	args.iface_count = 1;
	adm->args = &args;
	err = node_operation(adm);
	adm->args = given;
	return err;
}

static int find_record(struct store *store, const struct node_key *key, void *data)
{
	int error = node_load(store, key, data);

	return error ? error : 1;
}

/* One more session like this one, made from the same record. */
static enum iscsi_err session_new(struct adm *adm, struct sysfs_session *session)
{
	struct login_list list = { 0 };
	struct node_filter filter = { .has_portal = true };
	struct record node;
	struct store *store;
	struct node_key key;
	enum iscsi_err err;
	int found;

	adm_session_key(adm, session, &key);
	filter.target = key.target;
	filter.portal = key.portal;
	filter.iface = key.iface;
	err = adm_store_begin(adm, STORE_READ, &store);
	if (err != ISCSI_ERR_SUCCESS)
		return err;
	found = node_each(store, &filter, find_record, &node);
	store_drop(store);
	if (found < 0)
		return adm_store_error(found);
	if (!found)
		return no_session("No records found");
	err = adm_store_error(login_list_add(&list, &node));
	if (err == ISCSI_ERR_SUCCESS)
		err = login_run(adm, &list, LOGIN_ONE_MORE);
	login_list_done(&list);
	return err;
}

static unsigned int tree_parts(const struct args *args, long level)
{
	unsigned int parts = level >= 2 ? TREE_TIMEOUTS | TREE_CHAP | TREE_NEGOTIATED : 0;

	if (level >= 3)
		parts |= TREE_VERSIONS | TREE_DEVICES | TREE_HOST | TREE_COUNTERS;
	return args->has[OPTION_SHOW] ? parts | TREE_SECRETS : parts;
}

/* The print level; in JSON no level is all there is. */
static long list_level(const struct args *args)
{
	return emit_wanted() && args->number[OPTION_PRINT] == -1 ? 3 : args->number[OPTION_PRINT];
}

static enum iscsi_err session_objects(struct adm *adm, long level)
{
	enum object_level read = level >= 3 ? OBJECT_ALL : level == 2 ? OBJECT_FULL : level == 1 ? OBJECT_STATE : OBJECT_LINE;
	struct sysfs_session *session;
	size_t index = 0;

	while ((session = next_marked(adm, &index)))
		emit(object_session(adm, session, read, adm->args->has[OPTION_SHOW]));
	return ISCSI_ERR_SUCCESS;
}

static enum iscsi_err session_list(struct adm *adm)
{
	long level = list_level(adm->args);
	enum iscsi_err err = adm_read_sessions(adm, level >= 2 ? SYSFS_FULL : level == 1 ? SYSFS_STATE : SYSFS_LINE);

	if (err != ISCSI_ERR_SUCCESS)
		return err;
	if (!adm->session_count)
		return no_session("No active sessions.");
	if (level > 3 || level < -1) {
		print_problem("Invalid info level %ld. Try 0 - 3.", level);
		return ISCSI_ERR_INVAL;
	}
	for (size_t i = 0; i < adm->session_count; i++)
		adm->session_marked[i] = adm->args->has[OPTION_SID] ? adm->sessions[i].sid == (uint32_t)adm->args->sid :
								    *adm->sessions[i].target_name;
	if (emit_wanted())
		return session_objects(adm, level);
	return level < 1 ? session_lines(adm) : session_tree(adm, tree_parts(adm->args, level), 0);
}

static enum iscsi_err find_sid(struct adm *adm, struct sysfs_session **ret_session)
{
	enum iscsi_err err = adm_read_sessions(adm, SYSFS_LINE);

	for (size_t i = 0; err == ISCSI_ERR_SUCCESS && i < adm->session_count; i++) {
		adm->session_marked[i] = adm->sessions[i].sid == (uint32_t)adm->args->sid;
		if (adm->session_marked[i]) {
			*ret_session = &adm->sessions[i];
			return ISCSI_ERR_SUCCESS;
		}
	}
	if (err != ISCSI_ERR_SUCCESS)
		return err;
	print_problem("Could not get session info for sid %d", adm->args->sid);
	return ISCSI_ERR_SYSFS_LOOKUP;
}

static enum iscsi_err one_session(struct adm *adm)
{
	const struct args *args = adm->args;
	struct sysfs_session *session = NULL;
	enum iscsi_err err;

	if (!args->operations && args->number[OPTION_PRINT] > 0 && !args->has[OPTION_LOGOUT] && !args->has[OPTION_RESCAN] &&
	    !args->has[OPTION_STATS])
		adm_read_sessions(adm, args->number[OPTION_PRINT] == 1 ? SYSFS_STATE : SYSFS_FULL);
	err = find_sid(adm, &session);
	if (err != ISCSI_ERR_SUCCESS)
		return err;
	if (args->operations & OPERATION_NEW)
		return args->operations == OPERATION_NEW ? session_new(adm, session) : as_node(adm, session);
	if (args->has[OPTION_RESCAN])
		return session_rescan_marked(adm);
	if (args->has[OPTION_STATS])
		return session_stats_marked(adm);
	if (args->has[OPTION_LOGOUT] && args->operations) {
		print_problem("Invalid parameters. Login/logout and op passed in");
		return ISCSI_ERR_INVAL;
	}
	if (args->has[OPTION_LOGOUT])
		return session_logout_marked(adm);
	return !args->operations && args->number[OPTION_PRINT] > 0 ? session_list(adm) : as_node(adm, session);
}

enum iscsi_err session_mode(struct adm *adm)
{
	static const struct node_filter everything;
	const struct args *args = adm->args;
	bool acts = args->has[OPTION_LOGOUT] || args->has[OPTION_RESCAN] || args->has[OPTION_STATS];
	enum iscsi_err err;

	if (args->has[OPTION_SID])
		return one_session(adm);
	if (args->operations & ~(unsigned int)OPERATION_SHOW) {
		print_problem("session mode: Operation '%s' only allowed with specific session IDs",
			      args_operation_word(args->operations & ~(unsigned int)OPERATION_SHOW));
		return ISCSI_ERR_INVAL;
	}
	if (!acts)
		return session_list(adm);
	err = session_mark(adm, &everything);
	if (err != ISCSI_ERR_SUCCESS)
		return err;
	if (args->has[OPTION_RESCAN])
		return session_rescan_marked(adm);
	return args->has[OPTION_STATS] ? session_stats_marked(adm) : session_logout_marked(adm);
}
