/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The common ground of iscsid and iscsistart. Decides nothing about sessions; logs nothing. */
#include "daemon/engine.h"

#include <errno.h>
#include <stdio.h>

#include "daemon/daemon.h"
#include "daemon/events.h"
#include "lib/loop.h"
#include "transport/user/sysfs.h"
#include "transport/user/transport.h"

int engine_open(struct daemon *daemon)
{
	int r = loop_new(&daemon->loop);

	if (r < 0)
		return r;
	loop_set_threads(daemon->loop, DAEMON_SCANNERS);
	TAILQ_INIT(&daemon->sessions);
	slots_init(&daemon->slots, DAEMON_CONNECTING_MAX);
	snprintf(daemon->state_dir, sizeof(daemon->state_dir), "%s", RUNDIR);
	return 0;
}

/* The kernel makes the socket's family appear when it is asked for; without an autoloader the class
 * is loaded here. */
int engine_connect(struct daemon *daemon)
{
	int r = events_open(daemon, -1);

	if (r == -EPROTONOSUPPORT && transport_load_class(SYSFS_ROOT) == 0)
		r = events_open(daemon, -1);
	return r;
}

void engine_close(struct daemon *daemon)
{
	struct session *session;

	if (!daemon->loop)
		return;
	while ((session = TAILQ_FIRST(&daemon->sessions)))
		session_kill(session);
	events_close(daemon);
	loop_free(daemon->loop);
	daemon->loop = NULL;
}
