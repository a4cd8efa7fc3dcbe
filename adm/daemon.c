/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The way to the daemon: connect, and where iscsid.conf says how, start it once and wait for its socket. Called by what logs
 * in, logs out, discovers or shows states; record work never comes here. Never waits for a daemon that nothing starts.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "adm/adm.h"
#include "adm/emit.h"
#include "adm/print.h"
#include "adm/progress.h"
#include "lib/json.h"
#include "lib/log.h"

#define COMMAND_WAIT_MS 30000	/* for the command that starts the daemon */
#define START_WAIT_MS 5000	/* for the daemon's socket, once the command has ended */
#define START_POLL_MS 10

const char *adm_socket_path(void)
{
	const char *path = getenv(IPC_SOCKET_ENV);

	return path && *path ? path : IPC_SOCKET_DEFAULT;
}

static bool nobody_listens(int error)
{
	return error == -ECONNREFUSED || error == -ENOENT;
}

/* What the command says is no JSON. */
static void be_silent(void)
{
	int nowhere = open("/dev/null", O_RDWR);

	if (nowhere < 0 || dup2(nowhere, STDOUT_FILENO) < 0 || dup2(nowhere, STDERR_FILENO) < 0)
		_exit(127);
}

/* 0 if it cannot be started. */
static pid_t start_command(const char *command)
{
	pid_t child;

	log_debug("starting the daemon: %s", command);
	print_flush();
	child = fork();
	if (!child) {
		if (emit_wanted())
			be_silent();
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		_exit(127);
	}
	return child < 0 ? 0 : child;
}

/* The command stands in the conf of our own folder: the daemon cannot be asked where its file is. */
static pid_t start_daemon(const struct adm *adm)
{
	char path[PATH_MAX];
	struct conf *conf;
	const char *command;
	pid_t child;

	snprintf(path, sizeof(path), "%s/iscsid.conf", adm->dir);
	if (conf_load(path, NULL, NULL, &conf))
		return 0;
	command = conf_value(conf, "iscsid.startup");
	child = command && *command ? start_command(command) : 0;
	conf_free(conf);
	return child;
}

/* A command that fails starts nothing. One that does not end may be the daemon itself, or hang: what counts is the socket. */
static int connect_started(pid_t child, struct ipc_client **ret_client)
{
	struct timespec pause = { .tv_nsec = START_POLL_MS * 1000000L };
	int status, error = -ECONNREFUSED, limit_ms = COMMAND_WAIT_MS;

	for (int waited = 0; waited < limit_ms && nobody_listens(error); waited += START_POLL_MS) {
		if (child && waitpid(child, &status, WNOHANG) == child) {
			if (!WIFEXITED(status) || WEXITSTATUS(status))
				return error;
			child = 0;
			limit_ms = waited + START_WAIT_MS;
		}
		error = ipc_connect(adm_socket_path(), ret_client);
		if (nobody_listens(error))
			nanosleep(&pause, NULL);
	}
	if (child && nobody_listens(error))
		print_problem("the command of iscsid.startup has not ended after %d s, and there is no iscsid", COMMAND_WAIT_MS / 1000);
	return error;
}

enum iscsi_err adm_daemon(struct adm *adm, bool start, bool quiet)
{
	int error = -ECONNREFUSED;
	pid_t child = 0;

	if (adm->daemon)
		return ISCSI_ERR_SUCCESS;
	if (!adm->daemon_tried || start)
		error = ipc_connect(adm_socket_path(), &adm->daemon);
	if (nobody_listens(error) && start)
		child = start_daemon(adm);
	if (child)
		error = connect_started(child, &adm->daemon);
	adm->daemon_tried = true;
	log_debug("daemon at %s: %s", adm_socket_path(), error ? strerror(-error) : "connected");
	if (!error)
		return ISCSI_ERR_SUCCESS;
	adm->daemon = NULL;
	if (!quiet && error == -EACCES)
		print_problem("can not connect to iSCSI daemon: its socket %s is not root's", adm_socket_path());
	else if (!quiet)
		print_problem("can not connect to iSCSI daemon (%d)!", nobody_listens(error) ? ECONNREFUSED : -error);
	return ISCSI_ERR_ISCSID_NOTCONN;
}

static void on_tick(void *data)
{
	progress_tick();
}

void adm_daemon_ticks(struct adm *adm)
{
	ipc_client_on_tick(adm->daemon, PROGRESS_TICK_MS, progress_wanted() ? on_tick : NULL, NULL);
}

static int keep_info(struct json_object *parameters, bool continues, void *data)
{
	struct daemon_info *info = data;
	const char *text;

	if (!json_get_text(parameters, "initiator_name", &text))
		info->initiator_name = strdup(text);
	if (!json_get_text(parameters, "initiator_alias", &text))
		info->initiator_alias = strdup(text);
	if (!json_get_text(parameters, "config_file", &text))
		info->config_file = strdup(text);
	if (!json_get_text(parameters, "network_namespace", &text))
		info->network_namespace = strdup(text);
	return 0;
}

enum iscsi_err daemon_info(struct adm *adm, int timeout_ms, struct daemon_info *ret_info)
{
	enum iscsi_err err;

	*ret_info = (struct daemon_info){ 0 };
	err = ipc_client_call(adm->daemon, IPC_INTERFACE ".Info", NULL, false, timeout_ms, keep_info, ret_info, NULL);
	if (err != ISCSI_ERR_REQ_TIMEDOUT)
		return err;
	/* A late answer must not be taken for that of another question. */
	ipc_client_free(adm->daemon);
	adm->daemon = NULL;
	return err;
}

void daemon_info_done(struct daemon_info *info)
{
	free(info->initiator_name);
	free(info->initiator_alias);
	free(info->config_file);
	free(info->network_namespace);
	*info = (struct daemon_info){ 0 };
}

static int keep_sessions(struct json_object *parameters, bool continues, void *data)
{
	struct json_object **ret_sessions = data, *sessions;

	if (!*ret_sessions && !json_get_array(parameters, "sessions", &sessions))
		*ret_sessions = json_object_get(sessions);
	return 0;
}

struct json_object *daemon_sessions(struct adm *adm)
{
	struct json_object *sessions = NULL;

	if (adm_daemon(adm, false, true) == ISCSI_ERR_SUCCESS)
		ipc_client_call(adm->daemon, IPC_INTERFACE ".Sessions", NULL, false, DAEMON_QUERY_MS, keep_sessions, &sessions, NULL);
	return sessions;
}

static int keep_counters(struct json_object *parameters, bool continues, void *data)
{
	struct json_object **ret_counters = data;

	if (!*ret_counters)
		*ret_counters = json_object_get(parameters);
	return 0;
}

struct json_object *daemon_counters(struct adm *adm, uint32_t sid)
{
	struct json_object *parameters, *counters = NULL;
	enum iscsi_err err;

	if (adm->counters_refused || adm_daemon(adm, false, true) != ISCSI_ERR_SUCCESS)
		return NULL;
	parameters = json_object_new_object();
	json_object_object_add(parameters, "sid", json_object_new_int64(sid));
	err = ipc_client_call(adm->daemon, IPC_INTERFACE ".Statistics", parameters, false, DAEMON_CONF_MS, keep_counters, &counters, NULL);
	if (err != ISCSI_ERR_REQ_TIMEDOUT && err != ISCSI_ERR_ISCSID_COMM)
		return counters;
	/* A late answer must not be taken for that of another question. */
	ipc_client_free(adm->daemon);
	adm->daemon = NULL;
	adm->counters_refused = true;
	return counters;
}

static void say_not_stopped(enum iscsi_err err, const char *message)
{
	print_problem("initiator reported error (%d - %s)", err, message ? message : iscsi_err_text(err));
	print_problem("Could not stop iscsid. Trying sending iscsid SIGTERM or SIGKILL signals manually");
}

/* Where no daemon listens there is none to stop, which scripts take for success. */
enum iscsi_err daemon_stop(struct adm *adm)
{
	enum iscsi_err err = adm_daemon(adm, false, false);
	char *message = NULL;

	if (err != ISCSI_ERR_SUCCESS) {
		say_not_stopped(err, NULL);
		return err == ISCSI_ERR_ISCSID_NOTCONN ? ISCSI_ERR_SUCCESS : err;
	}
	err = ipc_client_call(adm->daemon, IPC_INTERFACE ".Stop", NULL, false, DAEMON_QUERY_MS, NULL, NULL, &message);
	if (err != ISCSI_ERR_SUCCESS)
		say_not_stopped(err, message);
	free(message);
	return err;
}
