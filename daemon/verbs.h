/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The methods of docs/org.openhba.iscsid.varlink. */
#ifndef OPENHBA_DAEMON_VERBS_H
#define OPENHBA_DAEMON_VERBS_H

struct daemon;

/* Serves the IPC on the daemon's loop; listen_fd is a listening socket or -1 for
 * options.socket_path. -errno. */
int verbs_open(struct daemon *daemon, int listen_fd);

#endif
