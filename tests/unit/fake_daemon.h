/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A daemon for tests of iscsiadm, in a child process: answers Login and Logout last first, refuses targets with "bad" in their
 * name and odd session numbers, takes its time for targets with "slow" and sessions from 700 on, dies in the middle of a call about
 * "iqn.x:die", tells events. Writes each call's parameters into a file.
 */
#ifndef OPENHBA_TESTS_UNIT_FAKE_DAEMON_H
#define OPENHBA_TESTS_UNIT_FAKE_DAEMON_H

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "adm/emit.h"
#include "lib/ipc.h"
#include "lib/json.h"
#include "lib/loop.h"

static struct {
	char dir[64], socket[96], log[96];
	pid_t child;
	/* To be set before the start. The network the daemon is in; what it answers to Attributes, to each Discover in turn. NULL: an
	 * older daemon, which has none of it. */
	const char *netns, *attributes, *discover[4];
	/* What it tells who monitors, up to NULL; then it dies, or goes on. */
	const char *events[8];
	bool events_end;
} fake;

static void fake_note(const char *method, struct json_object *parameters)
{
	FILE *file = fopen(fake.log, "a");

	if (!file)
		_exit(3);
	fprintf(file, "%s %s\n", method, json_object_to_json_string_ext(parameters, JSON_C_TO_STRING_PLAIN));
	fclose(file);
}

static void fake_answer(struct ipc_call *call, size_t index, int error, const char *message, bool continues)
{
	struct json_object *reply = json_object_new_object();

	json_object_object_add(reply, "index", json_object_new_int64((int64_t)index));
	json_object_object_add(reply, "sid", json_object_new_int(100 + (int)index));
	json_object_object_add(reply, "error", json_object_new_int(error));
	if (message)
		json_object_object_add(reply, "message", json_object_new_string(message));
	ipc_reply(call, reply, continues);
}

static void fake_login(struct ipc_call *call, struct json_object *parameters, void *data)
{
	struct json_object *nodes;
	size_t count;

	fake_note("Login", parameters);
	if (json_get_array(parameters, "nodes", &nodes))
		_exit(4);
	count = json_object_array_length(nodes);
	for (size_t i = count; i-- > 0;) {
		struct json_object *settings;
		const char *name;

		if (json_get_object(json_object_array_get_idx(nodes, i), "settings", &settings) ||
		    json_get_text(settings, "node.name", &name))
			_exit(5);
		if (!strcmp(name, "iqn.x:die"))
			_exit(0);
		if (strstr(name, "slow"))
			usleep(400000);
		if (strstr(name, "bad"))
			fake_answer(call, i, ISCSI_ERR_LOGIN_AUTH_FAILED, "the target refused the secret", i > 0);
		else
			fake_answer(call, i, 0, NULL, i > 0);
	}
}

static void fake_logout(struct ipc_call *call, struct json_object *parameters, void *data)
{
	struct json_object *sids;
	size_t count;

	fake_note("Logout", parameters);
	if (json_get_array(parameters, "sids", &sids))
		_exit(4);
	count = json_object_array_length(sids);
	for (size_t i = count; i-- > 0;) {
		int sid = json_object_get_int(json_object_array_get_idx(sids, i));
		bool odd = sid & 1;

		if (sid >= 700)
			usleep(400000);
		fake_answer(call, i, odd ? ISCSI_ERR_BUSY : 0, NULL, i > 0);
	}
}

static void fake_info(struct ipc_call *call, struct json_object *parameters, void *data)
{
	struct json_object *reply = json_object_new_object();

	json_object_object_add(reply, "initiator_name", json_object_new_string("iqn.2026-01.lab:ini"));
	json_object_object_add(reply, "initiator_alias", json_object_new_string("lab"));
	json_object_object_add(reply, "config_file", json_object_new_string("/nowhere"));
	if (fake.netns)
		json_object_object_add(reply, "network_namespace", json_object_new_string(fake.netns));
	ipc_reply(call, reply, false);
}

static void fake_attributes(struct ipc_call *call, struct json_object *parameters, void *data)
{
	fake_note("Attributes", parameters);
	ipc_reply(call, json_tokener_parse(fake.attributes), false);
}

static void fake_rescan(struct ipc_call *call, struct json_object *parameters, void *data)
{
	fake_note("Rescan", parameters);
	ipc_reply(call, json_tokener_parse("{\"sessions\":[{\"sid\":7,\"error\":0,\"message\":null}]}"), false);
}

static void fake_discover(struct ipc_call *call, struct json_object *parameters, void *data)
{
	static size_t calls;

	fake_note("Discover", parameters);
	ipc_reply(call, json_tokener_parse(fake.discover[calls++ % 4]), false);
}

static void fake_sessions(struct ipc_call *call, struct json_object *parameters, void *data)
{
	ipc_reply(call, json_tokener_parse("{\"sessions\":[{\"sid\":2,\"target\":\"iqn.x:told\",\"address\":\"10.0.0.2\","
					   "\"port\":3261,\"tpgt\":4,\"iface\":\"if0\",\"connection_state\":\"XPT_WAIT\",\"session_state\":\"REOPEN\",\"since\":77},"
					   "{\"sid\":1,\"connection_state\":\"LOGGED_IN\",\"session_state\":\"NO_CHANGE\"}]}"), false);
}

static void fake_statistics(struct ipc_call *call, struct json_object *parameters, void *data)
{
	int64_t sid;

	if (json_get_number(parameters, "sid", 0, 1000, &sid))
		_exit(4);
	if (sid == 3)
		ipc_error(call, ISCSI_ERR_SESS_NOT_FOUND, NULL);
	else
		ipc_reply(call, json_tokener_parse("{\"counters\":{\"txdata_octets\":11564,\"rxdata_octets\":5000000000},"
						   "\"extended\":{\"eh_abort_cnt\":0}}"), false);
}

static void fake_monitor(struct ipc_call *call, struct json_object *parameters, void *data)
{
	fake_note("Monitor", parameters);
	if (!ipc_call_wants_more(call))
		_exit(6);
	for (size_t i = 0; i < sizeof(fake.events) / sizeof(fake.events[0]) && fake.events[i]; i++)
		ipc_reply(call, json_tokener_parse(fake.events[i]), true);
	if (fake.events_end)
		_exit(0);
}

static void fake_run(int ready)
{
	static const struct ipc_method methods[] = {
		{ IPC_INTERFACE ".Login", false, fake_login },	    { IPC_INTERFACE ".Logout", false, fake_logout },
		{ IPC_INTERFACE ".Info", false, fake_info },	    { IPC_INTERFACE ".Sessions", false, fake_sessions },
		{ IPC_INTERFACE ".Statistics", false, fake_statistics }, { IPC_INTERFACE ".Monitor", false, fake_monitor },
	};
	/* An older daemon has only the first of them. */
	static const struct ipc_method far_methods[] = {
		{ IPC_INTERFACE ".Info", false, fake_info },		 { IPC_INTERFACE ".Attributes", false, fake_attributes },
		{ IPC_INTERFACE ".Discover", false, fake_discover },	 { IPC_INTERFACE ".Rescan", false, fake_rescan },
	};
	bool is_far = fake.attributes;
	struct ipc_server *server;
	struct loop *loop;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (loop_new(&loop) || ipc_server_new(loop, fake.socket, -1, is_far ? far_methods : methods,
					       is_far ? sizeof(far_methods) / sizeof(far_methods[0]) : sizeof(methods) / sizeof(methods[0]), "",
					       NULL, &server))
		_exit(2);
	if (write(ready, "", 1) != 1)
		_exit(2);
	loop_run(loop);
	_exit(0);
}

/* Starts it; the environment then leads iscsiadm's code to it and to an empty folder. */
static __attribute__((unused)) int fake_start(void)
{
	int ready[2];
	char byte;

	snprintf(fake.dir, sizeof(fake.dir), "/tmp/openhba-fake.XXXXXX");
	if (!mkdtemp(fake.dir) || pipe(ready))
		return -1;
	snprintf(fake.socket, sizeof(fake.socket), "%s/socket", fake.dir);
	snprintf(fake.log, sizeof(fake.log), "%s/log", fake.dir);
	setenv("ISCSI_CONFDIR", fake.dir, 1);
	setenv("ISCSI_SYSFS", fake.dir, 1);
	setenv(IPC_SOCKET_ENV, fake.socket, 1);
	fake.child = fork();
	if (!fake.child)
		fake_run(ready[1]);
	close(ready[1]);
	if (fake.child < 0 || read(ready[0], &byte, 1) != 1)
		return -1;
	close(ready[0]);
	return 0;
}

static __attribute__((unused)) void fake_stop(void)
{
	char command[128];

	kill(fake.child, SIGKILL);
	waitpid(fake.child, NULL, 0);
	snprintf(command, sizeof(command), "rm -rf %s", fake.dir);
	if (system(command))
		fprintf(stderr, "%s is left behind\n", fake.dir);
}

/* Runs fn(data) in a child as with --json; its result, which must be a status. */
static __attribute__((unused)) int fake_json(int (*fn)(void *data), void *data)
{
	pid_t child = fork();
	int status;

	if (!child) {
		emit_start();
		status = fn(data);
		emit_flush();
		_exit(status);
	}
	return waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Runs fn(data) with stdout and stderr going into one text each. */
static char fake_out[65536], fake_err[65536];

static void fake_read(FILE *file, char *text)
{
	size_t len;

	fflush(file);
	rewind(file);
	len = fread(text, 1, sizeof(fake_out) - 1, file);
	text[len] = '\0';
	fclose(file);
}

static __attribute__((unused)) int fake_capture(int (*fn)(void *data), void *data)
{
	FILE *out = tmpfile(), *err = tmpfile();
	int saved_out, saved_err, result;

	fflush(stdout);
	saved_out = dup(STDOUT_FILENO);
	saved_err = dup(STDERR_FILENO);
	dup2(fileno(out), STDOUT_FILENO);
	dup2(fileno(err), STDERR_FILENO);
	result = fn(data);
	fflush(stdout);
	fflush(stderr);
	dup2(saved_out, STDOUT_FILENO);
	dup2(saved_err, STDERR_FILENO);
	close(saved_out);
	close(saved_err);
	fake_read(out, fake_out);
	fake_read(err, fake_err);
	return result;
}

#endif
