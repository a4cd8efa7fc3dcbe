/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Runs scans and writes state files. A scan is some twenty SCSI commands in a row and blocks as
 * long as the recovery timeout when the connection dies under it, so it never runs on the loop, and
 * has a pool of its own. The threads see only the job; the session is looked at before and after.
 * Called by start.c, recovery.c, message.c, events.c and adopt.c.
 */
#include "daemon/scan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/daemon.h"
#include "daemon/pool.h"
#include "daemon/state.h"
#include "lib/loop.h"
#include "transport/user/scsi.h"
#include "transport/user/sysfs.h"

struct scan_job {
	struct session *session; /* a reference; not for the threads */
	void (*done)(struct session *session);
	enum scan_kind kind;
	uint32_t sid, host_no, queue_depth;
	int nice;
	bool wants_file, wants_scsi;
	const char *sysfs;
	struct state_file state;
	int state_error, scan_error;
};

/* ---- on the threads ---- */

/* The transmit worker of a host is a workqueue; where it is visible its nice value can be set. */
static void scan_set_nice(const struct scan_job *job)
{
	char path[96], text[16];

	if (!job->nice)
		return;
	snprintf(path, sizeof(path), "devices/virtual/workqueue/iscsi_q_%u/nice", job->host_no);
	snprintf(text, sizeof(text), "%d", job->nice);
	(void)sysfs_write(job->sysfs, path, text);
}

static void file_run(void *data)
{
	struct scan_job *job = data;

	job->state_error = state_file_write(&job->state);
	if (job->kind == SCAN_AFTER_LOGIN)
		scan_set_nice(job);
}

/* The depth of CREATE_SESSION is what the kernel gives each disk, if the driver takes it: libiscsi
 * has 32 instead of numbers over 128. */
static void scan_set_depth(const struct scan_job *job)
{
	char path[80], text[16];
	int bytes;

	snprintf(path, sizeof(path), "class/scsi_host/host%u/cmd_per_lun", job->host_no);
	bytes = sysfs_read(job->sysfs, path, text, sizeof(text));
	if (bytes > 0 && strtoul(text, NULL, 10) == job->queue_depth)
		return;
	(void)scsi_set_queue_depth(job->sysfs, job->sid, job->queue_depth);
}

static void scsi_run(void *data)
{
	struct scan_job *job = data;

	if (job->kind == SCAN_RECOVERED) {
		job->scan_error = scsi_set_running(job->sysfs, job->sid);
		(void)scsi_rescan_devices(job->sysfs, job->sid);
		return;
	}
	job->scan_error = job->kind == SCAN_AGAIN
				  ? scsi_rescan_session(job->sysfs, job->sid, job->host_no)
				  : scsi_scan_session(job->sysfs, job->sid, job->host_no);
	scan_set_depth(job);
}

/* ---- the ends ---- */

static void scan_job_free(struct scan_job *job)
{
	state_file_done(&job->state);
	session_unref(job->session);
	free(job);
}

static void scan_report(const struct scan_job *job)
{
	if (job->state_error)
		session_log(job->session, LOG_LEVEL_WARNING,
			    "cannot write %s: %s; a restarted iscsid will know less",
			    job->state.path, strerror(-job->state_error));
	if (job->scan_error && !job->session->is_leaving &&
	    job->session->state == SESSION_LOGGED_IN)
		session_log(job->session, LOG_LEVEL_WARNING, "scan: %s",
			    strerror(-job->scan_error));
}

/* What was asked for meanwhile, one after the other. */
static void scan_next(struct session *session)
{
	bool wants_running = session->wants_running;

	if (!wants_running && !session->wants_rescan)
		return;
	if (wants_running)
		session->wants_running = false;
	else
		session->wants_rescan = false;
	(void)scan_start(session, wants_running ? SCAN_RECOVERED : SCAN_AGAIN, NULL);
}

static void scan_finish(struct scan_job *job, bool cancelled)
{
	struct session *session = job->session;

	session->is_scanning = false;
	if (!session->is_killed) {
		scan_report(job);
		if (!cancelled && !session->daemon->is_draining)
			scan_next(session);
		if (job->done)
			job->done(session);
	}
	scan_job_free(job);
}

static void scsi_done(void *data, bool cancelled)
{
	scan_finish(data, cancelled);
}

static bool scan_go_on(struct scan_job *job)
{
	return job->wants_scsi && !job->session->is_killed && !job->session->is_leaving &&
	       pool_work(job->session->daemon->scans, scsi_run, scsi_done, job) == 0;
}

static void file_done(void *data, bool cancelled)
{
	struct scan_job *job = data;
	struct session *session = job->session;

	session->daemon->works--;
	/* The logout may have removed the file before the thread wrote it. */
	if (session->is_killed && session->is_leaving)
		state_remove(session->daemon, (int)job->sid);
	if (cancelled || !scan_go_on(job))
		scan_finish(job, cancelled);
}

/* ---- the beginning ---- */

static bool wants_scsi(const struct session *session, enum scan_kind kind)
{
	switch (kind) {
	case SCAN_AFTER_LOGIN:
		return record_is(&session->node, F_NODE_SESSION_SCAN, "auto");
	case SCAN_STATE_ONLY:
		return false;
	case SCAN_AGAIN:
	case SCAN_RECOVERED:
		break;
	}
	return true;
}

static struct scan_job *scan_job_new(struct session *session, enum scan_kind kind)
{
	struct scan_job *job = calloc(1, sizeof(*job));

	if (!job)
		return NULL;
	job->session = session_ref(session);
	job->kind = kind;
	job->sid = (uint32_t)session->sid;
	job->host_no = (uint32_t)session->host_no;
	job->sysfs = session->daemon->sysfs;
	job->nice = (int)record_number(&session->node, F_NODE_SESSION_XMIT_THREAD_PRIORITY);
	job->queue_depth = (uint32_t)record_number(&session->node, F_NODE_SESSION_QUEUE_DEPTH);
	job->wants_scsi = wants_scsi(session, kind);
	job->wants_file = kind == SCAN_AFTER_LOGIN || kind == SCAN_STATE_ONLY ||
			  (kind == SCAN_RECOVERED && session->has_moved);
	if (job->wants_file && state_file_fill(&job->state, session) < 0) {
		scan_job_free(job);
		return NULL;
	}
	return job;
}

static int scan_begin(struct scan_job *job)
{
	struct session *session = job->session;
	int r;

	if (!job->wants_file)
		return pool_work(session->daemon->scans, scsi_run, scsi_done, job);
	r = loop_work(session->daemon->loop, file_run, file_done, job, NULL);
	if (r == 0) {
		session->daemon->works++;
		session->has_moved = false;
	}
	return r;
}

bool scan_start(struct session *session, enum scan_kind kind, void (*done)(struct session *session))
{
	struct scan_job *job;

	if (session->is_scanning && kind == SCAN_AGAIN) {
		session->wants_rescan = true;
		return true;
	}
	if (session->is_scanning && kind == SCAN_RECOVERED) {
		session->wants_running = true;
		return true;
	}
	job = scan_job_new(session, kind);
	if (!job) {
		session_log(session, LOG_LEVEL_ERROR, "no memory to scan");
		return false;
	}
	job->done = done;
	if (scan_begin(job) < 0) {
		session_log(session, LOG_LEVEL_ERROR, "no thread to scan");
		scan_job_free(job);
		return false;
	}
	session->is_scanning = true;
	return true;
}

/* ---- sessions that are not ours ---- */

struct foreign_job {
	uint32_t sid, host_no;
	const char *sysfs;
	int error;
};

static void foreign_run(void *data)
{
	struct foreign_job *job = data;

	job->error = scsi_scan_session(job->sysfs, job->sid, job->host_no);
	(void)scsi_set_running(job->sysfs, job->sid);
}

static void foreign_done(void *data, bool cancelled)
{
	struct foreign_job *job = data;

	if (job->error)
		log_warning("session %u of host %u, made by its firmware: scan: %s", job->sid,
			    job->host_no, strerror(-job->error));
	free(job);
}

void scan_foreign(struct daemon *daemon, uint32_t sid, uint32_t host_no)
{
	struct foreign_job *job = calloc(1, sizeof(*job));

	if (!job)
		return;
	*job = (struct foreign_job){.sid = sid, .host_no = host_no, .sysfs = daemon->sysfs};
	if (pool_work(daemon->scans, foreign_run, foreign_done, job) < 0)
		free(job);
}
