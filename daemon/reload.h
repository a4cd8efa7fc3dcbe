/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading iscsid.conf and initiatorname.iscsi: once at the start, again on SIGHUP. */
#ifndef OPENHBA_DAEMON_RELOAD_H
#define OPENHBA_DAEMON_RELOAD_H

struct daemon;

/* At the start: blocks. What is wrong in the files is logged and costs only itself. */
void reload_now(struct daemon *daemon);

/*
 * In the loop: reads on a worker thread, the disk may hang. done(daemon) is called on the loop's
 * thread when the daemon has what was read, or at once where there is no thread (logged). Asked for
 * while one is under way, the files are read once more after it; done() comes once.
 */
void reload_start(struct daemon *daemon, void (*done)(struct daemon *daemon));

#endif
