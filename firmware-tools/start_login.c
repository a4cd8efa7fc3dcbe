/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Runs the engine of iscsid (daemon/engine.h) without a daemon: no socket, no pid file, no adoption. The sessions are the kernel's when
 * this process ends, and their state files in RUNDIR let iscsid take them over without touching them.
 */
#include "firmware-tools/start_login.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/daemon.h"
#include "daemon/engine.h"
#include "daemon/start.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/name.h"
#include "lib/portal.h"
#include "transport/user/sysfs.h"

#define SCAN_MS 120000 /* the kernel's own limit for a command to a target that has gone silent */

struct job {
	struct program *program;
	const struct record *node;
	bool is_ended;
};

struct program {
	struct daemon daemon;
	struct loop_timer *deadline;
	struct job *jobs;
	size_t count, unended;
	enum iscsi_err first;
};

int start_list_add(struct start_list *list, struct record *node)
{
	struct record *nodes = reallocarray(list->nodes, list->count + 1, sizeof(*nodes));

	if (!nodes) {
		record_done(node);
		return -ENOMEM;
	}
	list->nodes = nodes;
	list->nodes[list->count++] = *node;
	return 0;
}

void start_list_done(struct start_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		record_done(&list->nodes[i]);
	free(list->nodes);
	*list = (struct start_list){0};
}

uint64_t start_patience_ms(const struct record *node)
{
	uint64_t timeout_sec = (uint64_t)record_number(node, F_NODE_CONN_TIMEO_LOGIN_TIMEOUT);
	uint64_t retries = (uint64_t)record_number(node, F_NODE_SESSION_INITIAL_LOGIN_RETRY_MAX);

	/* The last attempt may begin when the retries are just not over; it connects, then logs in. */
	return 1000 * timeout_sec * (retries + 2) + SCAN_MS;
}

static void job_ended(int sid, enum iscsi_err err, const char *sentence, void *data)
{
	struct job *job = data;
	struct program *program = job->program;

	if (job->is_ended)
		return;
	job->is_ended = true;
	if (err) {
		fprintf(stderr, "iscsistart: initiator reported error (%d - %s)\n", (int)err, iscsi_err_text(err));
		if (*sentence && strcmp(sentence, iscsi_err_text(err)))
			fprintf(stderr, "iscsistart: %s: %s\n", record_text(job->node, F_NODE_NAME), sentence);
		if (!program->first)
			program->first = err;
	}
	if (--program->unended == 0)
		loop_stop(program->daemon.loop);
}

/* Sessions of an earlier iscsistart, or of iscsid: a second login with the same names would take their place at the target. */
static bool is_present(const struct record *node, const struct sysfs_session *sessions, size_t count)
{
	struct portal wanted = {.port = (int)record_number(node, F_NODE_CONN_PORT)}, found = {.port = 0};

	snprintf(wanted.address, sizeof(wanted.address), "%s", record_text(node, F_NODE_CONN_ADDRESS));
	for (size_t i = 0; i < count; i++) {
		found.port = (int)sessions[i].persistent_port;
		snprintf(found.address, sizeof(found.address), "%s", sessions[i].persistent_address);
		if (!strcmp(sessions[i].target_name, record_text(node, F_NODE_NAME)) && portal_equal(&wanted, &found))
			return true;
	}
	return false;
}

static void job_start(struct job *job)
{
	struct session *session;
	struct record node;

	printf("iscsistart: Logging into %s %s:%d,%d\n", record_text(job->node, F_NODE_NAME), record_text(job->node, F_NODE_CONN_ADDRESS),
	       (int)record_number(job->node, F_NODE_CONN_PORT), (int)record_number(job->node, F_NODE_TPGT));
	fflush(stdout);
	if (!name_is_storable(record_text(job->node, F_IFACE_INITIATORNAME)) || !name_is_storable(record_text(job->node, F_NODE_NAME))) {
		job_ended(-1, ISCSI_ERR_INVAL, "the initiator's or the target's name is not an iSCSI name", job);
		return;
	}
	session = record_copy(&node, job->node) == 0
			  ? session_new(&job->program->daemon, &node, record_text(job->node, F_IFACE_INITIATORNAME))
			  : NULL;
	if (!session) {
		job_ended(-1, ISCSI_ERR_NOMEM, "", job);
		return;
	}
	if (session_twin(session)) {
		session_kill(session);
		job_ended(-1, ISCSI_ERR_SESS_EXISTS, "", job);
		return;
	}
	session_choose_isid(session);
	start_login(session, job_ended, job);
}

static void jobs_start(struct program *program)
{
	struct sysfs_session *sessions = NULL;
	size_t count = 0;

	(void)sysfs_sessions(SYSFS_ROOT, SYSFS_LINE, &sessions, &count);
	for (size_t i = 0; i < program->count; i++) {
		if (is_present(program->jobs[i].node, sessions, count))
			job_ended(-1, ISCSI_ERR_SESS_EXISTS, "", &program->jobs[i]);
		else
			job_start(&program->jobs[i]);
	}
	if (sessions)
		sysfs_session_wipe(sessions, count);
	free(sessions);
}

static void out_of_time(void *data)
{
	struct program *program = data;

	for (size_t i = 0; i < program->count; i++)
		job_ended(-1, ISCSI_ERR_TRANS_TIMEOUT, "no end of the login or of its scan in the time there is", &program->jobs[i]);
}

static int program_open(struct program *program)
{
	int r = engine_open(&program->daemon);

	if (r == 0)
		r = loop_timer_new(program->daemon.loop, out_of_time, program, &program->deadline);
	if (r == 0)
		r = engine_connect(&program->daemon);
	/* A folder that cannot be made costs only the state files, which is told when they cannot be written. */
	if (r == 0 && mkdir(program->daemon.state_dir, 0755) == 0)
		(void)chmod(program->daemon.state_dir, 0755);
	return r;
}

static void program_run(struct program *program)
{
	uint64_t patience_ms = 0;

	for (size_t i = 0; i < program->count; i++)
		if (start_patience_ms(program->jobs[i].node) > patience_ms)
			patience_ms = start_patience_ms(program->jobs[i].node);
	loop_timer_set(program->deadline, patience_ms);
	jobs_start(program);
	if (program->unended)
		(void)loop_run(program->daemon.loop);
}

static void program_close(struct program *program)
{
	/* A scan may hang on a lost connection; it has nothing left to tell. */
	if (program->daemon.works) {
		fflush(NULL);
		_exit((int)program->first);
	}
	loop_timer_free(program->deadline);
	engine_close(&program->daemon);
	free(program->jobs);
}

enum iscsi_err start_login_all(const struct start_list *list)
{
	struct program program = {.count = list->count, .unended = list->count};
	int r = -ENOMEM;

	program.jobs = calloc(list->count + 1, sizeof(program.jobs[0]));
	for (size_t i = 0; program.jobs && i < list->count; i++)
		program.jobs[i] = (struct job){.program = &program, .node = &list->nodes[i]};
	if (program.jobs)
		r = program_open(&program);
	if (r < 0) {
		log_error("cannot reach the kernel's iSCSI class: %s. Is scsi_transport_iscsi there?", strerror(-r));
		program.first = r == -ENOMEM ? ISCSI_ERR_NOMEM : r == -EPERM || r == -EACCES ? ISCSI_ERR_ACCESS : ISCSI_ERR_TRANS_NOT_FOUND;
	} else {
		program_run(&program);
	}
	program_close(&program);
	return program.first;
}
