/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Runs scans and writes state files. A scan is some twenty SCSI commands in a row and blocks as
 * long as the recovery timeout when the connection dies under it, so it never runs on the loop. The
 * thread sees only the job; the session is looked at before and after. Called by start.c, message.c
 * and adopt.c.
 */
#include "daemon/scan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/daemon.h"
#include "daemon/state.h"
#include "lib/loop.h"
#include "transport/user/scsi.h"
#include "transport/user/sysfs.h"

struct scan_job {
	struct session *session; /* a reference; not for the thread */
	void (*done)(struct session *session);
	enum scan_kind kind;
	uint32_t sid, host_no;
	int nice;
	bool wants_scan;
	struct state_file state;
	int state_error, scan_error;
};

/* The transmit worker of a host is a workqueue; where it is visible its nice value can be set. */
static void scan_set_nice(const struct scan_job *job)
{
	char path[96], text[16];

	if (!job->nice)
		return;
	snprintf(path, sizeof(path), "devices/virtual/workqueue/iscsi_q_%u/nice", job->host_no);
	snprintf(text, sizeof(text), "%d", job->nice);
	(void)sysfs_write(SYSFS_ROOT, path, text);
}

static void scan_run(void *data)
{
	struct scan_job *job = data;

	if (job->kind != SCAN_AGAIN)
		job->state_error = state_file_write(&job->state);
	if (job->kind == SCAN_AFTER_LOGIN)
		scan_set_nice(job);
	if (!job->wants_scan)
		return;
	/* The depth of CREATE_SESSION is what the kernel gives each disk it finds: no need to write
	 * it to every one. */
	job->scan_error = job->kind == SCAN_AGAIN
				  ? scsi_rescan_session(SYSFS_ROOT, job->sid, job->host_no)
				  : scsi_scan_session(SYSFS_ROOT, job->sid, job->host_no);
}

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
	if (job->scan_error && !job->session->is_leaving)
		session_log(job->session, LOG_LEVEL_WARNING, "scan: %s",
			    strerror(-job->scan_error));
}

static void scan_done(void *data, bool cancelled)
{
	struct scan_job *job = data;
	struct session *session = job->session;

	session->daemon->works--;
	session->is_scanning = false;
	if (session->is_killed) {
		/* The logout may have removed the file before the thread wrote it. */
		if (job->kind != SCAN_AGAIN)
			state_remove(session->daemon, (int)job->sid);
		scan_job_free(job);
		return;
	}
	scan_report(job);
	if (session->wants_rescan && !cancelled) {
		session->wants_rescan = false;
		(void)scan_start(session, SCAN_AGAIN, NULL);
	}
	if (job->done)
		job->done(session);
	scan_job_free(job);
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
	job->nice = (int)record_number(&session->node, F_NODE_SESSION_XMIT_THREAD_PRIORITY);
	job->wants_scan =
		kind == SCAN_AGAIN || (kind == SCAN_AFTER_LOGIN &&
				       record_is(&session->node, F_NODE_SESSION_SCAN, "auto"));
	if (kind != SCAN_AGAIN && state_file_fill(&job->state, session) < 0) {
		scan_job_free(job);
		return NULL;
	}
	return job;
}

bool scan_start(struct session *session, enum scan_kind kind, void (*done)(struct session *session))
{
	struct scan_job *job;

	if (session->is_scanning && kind == SCAN_AGAIN) {
		session->wants_rescan = true;
		return true;
	}
	job = scan_job_new(session, kind);
	if (!job) {
		session_log(session, LOG_LEVEL_ERROR, "no memory to scan");
		return false;
	}
	job->done = done;
	if (loop_work(session->daemon->loop, scan_run, scan_done, job, NULL) < 0) {
		session_log(session, LOG_LEVEL_ERROR, "no thread to scan");
		scan_job_free(job);
		return false;
	}
	session->is_scanning = true;
	session->daemon->works++;
	return true;
}
