/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The program context of iscsid: one of it, made by main(), passed to whoever needs it. */
#ifndef OPENHBA_DAEMON_DAEMON_H
#define OPENHBA_DAEMON_DAEMON_H

#include <stdbool.h>

#include "daemon/ask.h"
#include "daemon/options.h"
#include "daemon/session.h"
#include "daemon/slots.h"
#include "lib/conf.h"

struct ipc_server;
struct loop;
struct loop_fd;
struct netlink;
struct pollers;

#define DAEMON_CONNECTING_MAX 64 /* sockets that connect and log in at once */
#define DAEMON_SCANNERS 16	 /* threads that scan, resolve and write state files */

struct daemon {
	struct options options;
	struct loop *loop;
	struct netlink *netlink;
	struct loop_fd *netlink_watch;
	struct ipc_server *ipc;
	struct initiator initiator;
	struct session_list sessions;
	struct slots slots;
	struct pollers *pollers; /* discovery.c; NULL: none */
	struct ask_list asks; /* Discover calls */
	unsigned int asking;  /* their ifaces */
	uint64_t tcp_handle;	       /* of the kernel's tcp transport; 0: not asked yet */
	char state_dir[256];	       /* RUNDIR, where session-SID files live */
	bool safe_logout; /* iscsid.safe_logout */
	bool is_reloading, wants_reload; /* reload.c */
	unsigned int works;	       /* work under way that is waited for at exit only if short */
	unsigned int dropped_messages; /* netlink messages that made no sense or had no session */
};

#endif
