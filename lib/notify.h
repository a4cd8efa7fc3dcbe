/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The service manager's two protocols, without its library: sd_notify(3) and socket activation (sd_listen_fds(3)).
 * Both are quiet where there is no service manager.
 */
#ifndef OPENHBA_LIB_NOTIFY_H
#define OPENHBA_LIB_NOTIFY_H

#include <sys/types.h>

/* First descriptor handed over by socket activation. */
#define NOTIFY_FDS_START 3

/*
 * One datagram to $NOTIFY_SOCKET (a path, or @name for an abstract one). Never waits.
 * 1: sent; 0: nobody asked; -EINVAL: $NOTIFY_SOCKET is no such name; -EAGAIN, -ECONNREFUSED, ...: not delivered.
 */
int notify_send(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* status: one sentence for `systemctl status`, without newlines; NULL for none. Results as notify_send(). */
int notify_ready(const char *status);
int notify_status(const char *status);
int notify_reloading(const char *status);	/* with MONOTONIC_USEC, as Type=notify-reload wants; end it with notify_ready() */
int notify_stopping(const char *status);
int notify_main_pid(pid_t pid);			/* after a fork: who goes on */

/*
 * How many sockets the service manager passed to this very process: descriptors NOTIFY_FDS_START and up, made close-on-exec.
 * 0: none, or meant for another process ($LISTEN_PID); -EINVAL: the environment is malformed; -EBADF: a descriptor is not there.
 * Ask before forking.
 */
int notify_listen_fds(void);

/* The descriptor that carries this name in $LISTEN_FDNAMES, or the only one if there are no names. -ENOENT; as notify_listen_fds(). */
int notify_listen_fd(const char *name);

/* Removes the variables of both protocols, so that children do not speak for us. */
void notify_forget(void);

#endif
