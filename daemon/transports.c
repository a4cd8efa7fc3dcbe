/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Finds, and where needed loads, the kernel's driver of a session. Reading sysfs and loading
 * modules block, so they are work of the loop; what was found is kept in the daemon. Only
 * transports that take a connected socket are driven from here.
 */
#include "daemon/transports.h"

#include <errno.h>
#include <stdlib.h>

#include "daemon/daemon.h"
#include "lib/loop.h"
#include "transport/user/sysfs.h"
#include "transport/user/transport.h"

struct transports_work {
	struct session *session; /* a reference */
	const struct transport_row *row;
	transports_fn *fn;
	const char *sysfs;
	uint64_t handle;
	int error;
};

static const struct transport_row *session_transport(const struct session *session)
{
	const char *name = record_text(&session->node, F_IFACE_TRANSPORT_NAME);

	return transport_find(*name ? name : "tcp");
}

static void transports_run(void *data)
{
	struct transports_work *work = data;
	uint32_t caps;

	work->error = transport_handle(work->sysfs, work->row->name, &work->handle, &caps);
	if (work->error != -ENODEV)
		return;
	work->error = transport_load(work->sysfs, work->row->name);
	if (work->error == 0)
		work->error = transport_handle(work->sysfs, work->row->name, &work->handle, &caps);
}

static void transports_done(void *data, bool cancelled)
{
	struct transports_work *work = data;
	struct session *session = work->session;

	session->daemon->works--;
	if (!cancelled && !session->is_killed) {
		if (work->error == 0)
			session->daemon->tcp_handle = session->transport_handle = work->handle;
		work->fn(session, work->error);
	}
	session_unref(session);
	free(work);
}

static int transports_look(struct session *session, const struct transport_row *row,
			   transports_fn *fn)
{
	struct transports_work *work = calloc(1, sizeof(*work));
	int r;

	if (!work)
		return -ENOMEM;
	*work = (struct transports_work){
		.session = session, .row = row, .fn = fn, .sysfs = session->daemon->sysfs};
	r = loop_work(session->daemon->loop, transports_run, transports_done, work, NULL);
	if (r < 0) {
		free(work);
		return r;
	}
	session_ref(session);
	session->daemon->works++;
	return 0;
}

void transports_want(struct session *session, transports_fn *fn)
{
	const struct transport_row *row = session_transport(session);
	int r;

	if (!row || !(row->flags & TRANSPORT_SOCKET)) {
		fn(session, row ? -EOPNOTSUPP : -ENODEV);
		return;
	}
	session->transport_handle = session->daemon->tcp_handle;
	if (session->transport_handle) {
		fn(session, 0);
		return;
	}
	r = transports_look(session, row, fn);
	if (r < 0)
		fn(session, r);
}

int transports_find(struct session *session)
{
	const struct transport_row *row = session_transport(session);
	uint32_t caps;
	int r;

	if (!row)
		return -ENODEV;
	if (row->flags & TRANSPORT_SOCKET && session->daemon->tcp_handle) {
		session->transport_handle = session->daemon->tcp_handle;
		return 0;
	}
	r = transport_handle(session->daemon->sysfs, row->name, &session->transport_handle, &caps);
	if (r == 0 && (row->flags & TRANSPORT_SOCKET))
		session->daemon->tcp_handle = session->transport_handle;
	return r;
}

void transports_forget(struct daemon *daemon)
{
	daemon->tcp_handle = 0;
}
