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
#include "daemon/state.h"
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

/* ---- who is there already ---- */

/* What is in the kernel, by an earlier iscsistart or by iscsid. */
struct present {
	struct sysfs_session *sessions;
	size_t count;
};

static bool is_portal(const struct record *node, const char *address, int port)
{
	struct portal wanted = {.port = (int)record_number(node, F_NODE_CONN_PORT)}, found = {.port = port};

	snprintf(wanted.address, sizeof(wanted.address), "%s", record_text(node, F_NODE_CONN_ADDRESS));
	snprintf(found.address, sizeof(found.address), "%s", address);
	return portal_equal(&wanted, &found);
}

/* One portal through two NICs is two sessions; where one of the two NICs is not known they are taken for one. */
static bool is_nic(const struct record *node, const char *netdev)
{
	const char *wanted = record_text(node, F_IFACE_NET_IFACENAME);

	return !*wanted || !*netdev || !strcmp(wanted, netdev);
}

static bool is_present(const struct record *node, const struct present *present)
{
	for (size_t i = 0; i < present->count; i++) {
		const struct sysfs_session *found = &present->sessions[i];

		if (!strcmp(found->target_name, record_text(node, F_NODE_NAME)) &&
		    is_portal(node, found->persistent_address, (int)found->persistent_port) && is_nic(node, found->netdev))
			return true;
	}
	return false;
}

/* The firmware names one target twice. */
static bool is_repeated(const struct job *job)
{
	for (const struct job *other = job->program->jobs; other != job; other++)
		if (!strcmp(record_text(other->node, F_NODE_NAME), record_text(job->node, F_NODE_NAME)) &&
		    is_portal(job->node, record_text(other->node, F_NODE_CONN_ADDRESS),
			      (int)record_number(other->node, F_NODE_CONN_PORT)) &&
		    is_nic(job->node, record_text(other->node, F_IFACE_NET_IFACENAME)))
			return true;
	return false;
}

static bool has_isid(const struct daemon *daemon, const struct sysfs_session *found, const uint8_t isid[ISID_BYTES])
{
	uint8_t other[ISID_BYTES];
	struct state state;

	isid_from_sid(found->sid, other);
	if (state_load(daemon->state_dir, (int)found->sid, &state) == 0)
		memcpy(other, state.isid, sizeof(other));
	state_done(&state);
	return memcmp(isid, other, sizeof(other)) == 0;
}

/* A login with the ISID of another session takes its place at the target (RFC 7143 6.3.5), so it must be a free one. */
static void choose_isid(struct session *session, const struct present *present)
{
	struct isid_source source = {
		.initiator = session->initiator_name,
		.target = session_target(session),
		.address = session_address(session),
		.iface = session_iface(session),
		.port = session_port(session),
	};
	bool is_taken;

	session_choose_isid(session);
	do {
		is_taken = false;
		for (size_t i = 0; i < present->count && !is_taken; i++)
			is_taken = has_isid(session->daemon, &present->sessions[i], session->isid);
		source.ordinal = session->ordinal += is_taken;
		if (is_taken)
			isid_derive(&source, 0, session->isid);
	} while (is_taken);
}

/* ---- the logins ---- */

static void job_login(struct job *job, const struct present *present)
{
	struct session *session;
	struct record node;

	printf("iscsistart: Logging into %s %s:%d,%d\n", record_text(job->node, F_NODE_NAME), record_text(job->node, F_NODE_CONN_ADDRESS),
	       (int)record_number(job->node, F_NODE_CONN_PORT), (int)record_number(job->node, F_NODE_TPGT));
	fflush(stdout);
	session = record_copy(&node, job->node) == 0
			  ? session_new(&job->program->daemon, &node, record_text(job->node, F_IFACE_INITIATORNAME))
			  : NULL;
	if (!session) {
		job_ended(-1, ISCSI_ERR_NOMEM, "", job);
		return;
	}
	choose_isid(session, present);
	start_login(session, job_ended, job);
}

static void job_start(struct job *job, const struct present *present)
{
	if (!name_is_storable(record_text(job->node, F_IFACE_INITIATORNAME)))
		job_ended(-1, ISCSI_ERR_INVAL, "there is no usable initiator name", job);
	else if (!name_is_storable(record_text(job->node, F_NODE_NAME)))
		job_ended(-1, ISCSI_ERR_INVAL, "not the name of a target", job);
	else if (is_present(job->node, present) || is_repeated(job))
		job_ended(-1, ISCSI_ERR_SESS_EXISTS, "", job);
	else
		job_login(job, present);
}

static void jobs_start(struct program *program)
{
	struct present present = {0};

	(void)sysfs_sessions(SYSFS_ROOT, SYSFS_STATE, &present.sessions, &present.count);
	for (size_t i = 0; i < program->count; i++)
		job_start(&program->jobs[i], &present);
	if (present.sessions)
		sysfs_session_wipe(present.sessions, present.count);
	free(present.sessions);
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
	if (engine_is_busy(&program->daemon)) {
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
