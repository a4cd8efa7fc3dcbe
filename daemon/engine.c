/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The common ground of iscsid and iscsistart. Decides nothing about sessions; logs nothing. */
#include "daemon/engine.h"

#include <errno.h>
#include <stdio.h>
#include <sys/resource.h>

#include "daemon/daemon.h"
#include "daemon/events.h"
#include "daemon/pool.h"
#include "lib/loop.h"
#include "transport/user/netlink.h"
#include "transport/user/sysfs.h"
#include "transport/user/transport.h"

/* As many descriptors as we may have; half of them for logins. */
static unsigned int descriptors_raise(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return DAEMON_CONNECTING_MAX;
	if (limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
		(void)getrlimit(RLIMIT_NOFILE, &limit);
	}
	return limit.rlim_cur / 2 < DAEMON_CONNECTING_MAX ? (unsigned int)limit.rlim_cur / 2
							  : DAEMON_CONNECTING_MAX;
}

int engine_open(struct daemon *daemon)
{
	int r = loop_new(&daemon->loop);

	if (r < 0)
		return r;
	loop_set_threads(daemon->loop, DAEMON_WRITERS);
	TAILQ_INIT(&daemon->sessions);
	daemon->sysfs = SYSFS_ROOT;
	snprintf(daemon->state_dir, sizeof(daemon->state_dir), "%s", RUNDIR);
	r = slots_init(&daemon->slots, daemon->loop, descriptors_raise());
	if (r == 0)
		r = pool_new(daemon->loop, DAEMON_SCANNERS, &daemon->scans);
	if (r == 0)
		r = pool_new(daemon->loop, DAEMON_RESOLVERS, &daemon->names);
	return r;
}

/* The kernel makes the socket's family appear when it is asked for; without an autoloader the class
 * is loaded here. */
int engine_connect(struct daemon *daemon)
{
	int r = events_open(daemon, -1);

	if (r == -EPROTONOSUPPORT && transport_load_class(SYSFS_ROOT) == 0)
		r = events_open(daemon, -1);
	if (r == 0)
		daemon->creator = netlink_port(daemon->netlink);
	return r;
}

bool engine_is_busy(const struct daemon *daemon)
{
	return daemon->works || pool_busy(daemon->scans) || pool_busy(daemon->names);
}

void engine_close(struct daemon *daemon)
{
	struct session *session;

	if (!daemon->loop)
		return;
	while ((session = TAILQ_FIRST(&daemon->sessions)))
		session_kill(session);
	pool_free(daemon->scans);
	pool_free(daemon->names);
	daemon->scans = daemon->names = NULL;
	events_close(daemon);
	slots_done(&daemon->slots);
	loop_free(daemon->loop);
	daemon->loop = NULL;
}
