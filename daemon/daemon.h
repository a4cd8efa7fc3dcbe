/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The program context of iscsid: one of it, made by main(), passed to whoever needs it. */
#ifndef OPENHBA_DAEMON_DAEMON_H
#define OPENHBA_DAEMON_DAEMON_H

#include <stdbool.h>

#include "daemon/ask.h"
#include "daemon/carrier.h"
#include "daemon/options.h"
#include "daemon/session.h"
#include "daemon/slots.h"
#include "lib/conf.h"
#include "transport/user/transport.h"

struct hotplug;
struct ipc_server;
struct loop;
struct loop_fd;
struct netlink;
struct pollers;
struct pool;

#define DAEMON_CONNECTING_MAX 1024 /* sockets that connect and log in at once */
#define DAEMON_SCANNERS 16	   /* threads that scan */
#define DAEMON_RESOLVERS 4	   /* threads that ask name servers */
#define DAEMON_WRITERS 4	   /* threads that write state files and read configuration */

/* A transport as the kernel has it. */
struct transport_known {
	uint64_t handle; /* 0: not asked yet */
	uint32_t caps;	 /* enum iscsi_caps */
};

struct daemon {
	struct options options;
	struct loop *loop;
	struct netlink *netlink;
	struct loop_fd *netlink_watch;
	struct ipc_server *ipc;
	struct initiator initiator;
	struct session_list sessions;
	struct slots slots;
	struct pollers *pollers;	/* discovery.c; NULL: none */
	struct hotplug *hotplug;	/* hotplug.c; NULL: none */
	struct ask_list asks;		/* Discover calls */
	struct carrier_list carriers;	/* of their discoveries, through drivers with endpoints */
	unsigned int asking;		/* their ifaces */
	struct boot_place *boot_places; /* of the firmware; owned */
	size_t boot_count;
	int64_t creator;		 /* what sysfs says of sessions we made; 0: not known */
	struct transport_known transports[TRANSPORT_ROWS_MAX]; /* by transport_place() */
	struct pool *scans, *names;	 /* threads for work that may hang */
	const char *sysfs;		 /* "/sys" */
	char state_dir[256];		 /* RUNDIR, where session-SID files live */
	bool safe_logout;		 /* iscsid.safe_logout */
	bool is_reloading, wants_reload; /* reload.c */
	bool is_chap_ready;		 /* the library for CHAP is loaded and locked */
	bool is_draining;		 /* about to stop: nothing new begins */
	uint64_t drain_until_ms;
	struct loop_timer *drain_timer;
	unsigned int works; /* on the loop's own threads; never long, waited for at exit */
	unsigned int dropped_messages; /* netlink messages that made no sense or had no session */
};

#endif
