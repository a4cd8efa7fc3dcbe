/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * iscsid.safe_logout: a worker thread looks whether the disks of a session are in use before it is
 * logged out. Called by verbs.c; the thread sees only the job.
 */
#include "daemon/in_use.h"

#include <stdlib.h>

#include "daemon/daemon.h"
#include "daemon/logout.h"
#include "daemon/pool.h"
#include "transport/user/in_use.h"

struct in_use_job {
	struct session *session; /* a reference; not for the thread */
	session_done_fn *done;
	void *data;
	uint32_t sid;
	const char *sysfs;
	int result;
	char sentence[256];
};

static void in_use_run(void *data)
{
	struct in_use_job *job = data;

	job->result =
		in_use_check(job->sysfs, "/proc", job->sid, job->sentence, sizeof(job->sentence));
}

static void in_use_answer(struct in_use_job *job, bool cancelled)
{
	int sid = (int)job->sid;

	if (cancelled || job->session->is_killed)
		job->done(sid, ISCSI_ERR_SESS_NOT_FOUND, "the session is gone", job->data);
	else if (job->result > 0)
		job->done(sid, ISCSI_ERR_BUSY, job->sentence, job->data);
	else if (job->result < 0)
		job->done(sid, ISCSI_ERR_BUSY, "cannot see whether its disks are in use",
			  job->data);
	else
		logout_start(job->session, job->done, job->data);
}

static void in_use_done(void *data, bool cancelled)
{
	struct in_use_job *job = data;

	in_use_answer(job, cancelled);
	session_unref(job->session);
	free(job);
}

void in_use_logout(struct session *session, session_done_fn *done, void *data)
{
	struct in_use_job *job = calloc(1, sizeof(*job));

	if (job)
		*job = (struct in_use_job){.session = session_ref(session),
					   .done = done,
					   .data = data,
					   .sysfs = session->daemon->sysfs,
					   .sid = (uint32_t)session->sid};
	if (!job || pool_work(session->daemon->scans, in_use_run, in_use_done, job) < 0) {
		done(session->sid, ISCSI_ERR_NOMEM, "no thread to look at its disks", data);
		if (job)
			session_unref(session);
		free(job);
	}
}
