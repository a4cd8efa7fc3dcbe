/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Being a daemon: going to the background, the pid file, the user to run as. Used by main() only,
 * before the loop runs. */
#ifndef OPENHBA_DAEMON_BACKGROUND_H
#define OPENHBA_DAEMON_BACKGROUND_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * Forks. The parent waits until the child calls background_ready() and then exits 0, or 1 if the
 * child ends before. Returns in the child only, in a new session with / as its folder: the
 * descriptor for background_ready(), or -errno in the one process.
 */
int background_start(void);

/* The parent may go; standard input, output and error become /dev/null. */
void background_ready(int fd);

/* Creates, locks (until the process ends) and fills the file. The descriptor, or -EWOULDBLOCK:
 * another process has it, or -errno. */
int background_lock_pid_file(const char *path);

/* Ends up as this user and group with no other groups; 0 means stay. 0 or -errno. */
int background_drop(uid_t uid, gid_t gid);

/*
 * Was this process killed (SIGKILL) and did the kernel forget to carry it out? libiscsi's
 * iscsi_host_remove(), which cleans up after a CREATE_SESSION that the signal interrupted, flushes
 * the caller's signals; the thread then lives on in a process that is ending: its other threads are
 * gone, locks they held stay locked, and no second SIGKILL is taken. All that is left is _exit().
 */
bool background_was_killed(void);

#endif
