/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Decides what becomes of sessions nobody here keeps. sysfs says who made them: the kernel (-1), or
 * the netlink port of a process. A session of ours that we do not know is one whose CREATE_SESSION
 * was carried out and whose reply the kernel could not queue; it has no target and does no I/O.
 * What was read may be old when the loop gets it, so the list of our sessions is asked then.
 */
#include "daemon/orphan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/daemon.h"
#include "daemon/scan.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "transport/user/requests.h"
#include "transport/user/sysfs.h"
#include "transport/user/transport.h"

struct orphan_job {
	struct daemon *daemon;
	int sid; /* ORPHAN_ALL */
	const char *sysfs;
	struct sysfs_session *found;
	size_t count;
	uint64_t handles[TRANSPORT_ROWS_MAX]; /* by transport_place(), 0 if the kernel has none */
	int error;
};

static void orphan_run(void *data)
{
	struct orphan_job *job = data;
	const struct transport_row *row;
	uint32_t caps;

	for (size_t i = 0; (row = transport_at(i)); i++)
		if (transport_handle(job->sysfs, row->name, &job->handles[i], &caps) < 0)
			job->handles[i] = 0;
	if (job->sid == ORPHAN_ALL) {
		job->error = sysfs_sessions(job->sysfs, SYSFS_STATE, &job->found, &job->count);
		return;
	}
	job->found = calloc(1, sizeof(*job->found));
	job->error = job->found ? sysfs_session_read(job->sysfs, (uint32_t)job->sid, SYSFS_STATE,
						     job->found)
				: -ENOMEM;
	job->count = job->error ? 0 : 1;
}

static void orphan_destroy(const struct orphan_job *job, const struct sysfs_session *found,
			   const struct transport_row *row)
{
	uint64_t handle = job->handles[transport_place(row)];
	struct request_batch batch;
	int r;

	batch_init(&batch, handle);
	if (found->has_conn) {
		/* In this one the kernel lets an endpoint go. */
		if (row->flags & TRANSPORT_ENDPOINT)
			batch_stop_conn(&batch, found->sid, found->cid, ISCSI_STOP_RECOVER);
		batch_stop_conn(&batch, found->sid, found->cid, ISCSI_STOP_TERM);
		batch_destroy_conn(&batch, found->sid, found->cid);
		(void)batch_send(job->daemon->netlink, &batch, NULL, 0);
	}
	batch_done(&batch);
	r = request_destroy_session(job->daemon->netlink, handle, found->sid);
	/* -EINVAL: it was going down already. */
	if (r == 0)
		log_warning("session %u was made here without our knowing: taken down", found->sid);
	else if (r != -EINVAL)
		log_warning("session %u: the kernel refused DESTROY_SESSION: %s", found->sid,
			    strerror(-r));
}

static void orphan_decide(const struct orphan_job *job, const struct sysfs_session *found)
{
	const struct transport_row *row = transport_find(found->transport);
	struct daemon *daemon = job->daemon;

	if (session_find(daemon, (int)found->sid) || carrier_has(daemon, found->sid))
		return;
	if (found->creator == -1 && job->sid != ORPHAN_ALL)
		scan_foreign(daemon, found->sid, found->host_no);
	else if (daemon->creator && found->creator == daemon->creator && row &&
		 job->handles[transport_place(row)])
		orphan_destroy(job, found, row);
}

static void orphan_done(void *data, bool cancelled)
{
	struct orphan_job *job = data;

	job->daemon->works--;
	for (size_t i = 0; !cancelled && i < job->count; i++)
		orphan_decide(job, &job->found[i]);
	if (job->found)
		sysfs_session_wipe(job->found, job->count);
	free(job->found);
	free(job);
}

void orphan_look(struct daemon *daemon, int sid)
{
	struct orphan_job *job = calloc(1, sizeof(*job));

	if (!job)
		return;
	*job = (struct orphan_job){.daemon = daemon, .sid = sid, .sysfs = daemon->sysfs};
	if (loop_work(daemon->loop, orphan_run, orphan_done, job, NULL) < 0)
		free(job);
	else
		daemon->works++;
}
