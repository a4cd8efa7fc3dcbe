/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Discovery by the daemon itself: for each discovery record with use_discoveryd = Yes there is a
 * poller (discovery_poller.h). This is the set of them: which records there are is read at the
 * start, when the store changes, and on SIGHUP.
 */
#ifndef OPENHBA_DAEMON_DISCOVERY_H
#define OPENHBA_DAEMON_DISCOVERY_H

struct daemon;

/* Starts what the records in the store at dir (ifaces in dir/ifaces) want; reading them is a worker
 * thread's job. dir is borrowed. -ENOMEM. */
int discovery_open(struct daemon *daemon, const char *dir);

void discovery_reload(struct daemon *daemon); /* reads the records again */

/* The daemon is about to end: nothing new is begun, iSNS servers are told; done(daemon) is called
 * within two seconds, or at once. Called again it does not wait. Sessions stay. */
void discovery_stop(struct daemon *daemon, void (*done)(struct daemon *daemon));

void discovery_close(
	struct daemon *daemon); /* frees all; no work may be under way. Not opened is fine */

#endif
