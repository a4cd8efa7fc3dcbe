/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The end of the daemon: what is half done is finished or undone first. */
#ifndef OPENHBA_DAEMON_DRAIN_H
#define OPENHBA_DAEMON_DRAIN_H

struct daemon;

/*
 * Stops the loop as soon as nothing is half done: logins that have nothing in the kernel are given
 * up at once, logouts and state files under way are waited for, at most DRAIN_MAX_MS. Sessions
 * stay, also those in recovery: the next daemon takes them over. Called again it stops at once.
 */
void drain_start(struct daemon *daemon);
void drain_done(struct daemon *daemon);

#define DRAIN_MAX_MS 20000

#endif
