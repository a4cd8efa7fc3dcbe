/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where the kernel's events come in: from a netlink message to the session it speaks of. */
#ifndef OPENHBA_DAEMON_EVENTS_H
#define OPENHBA_DAEMON_EVENTS_H

struct daemon;

/* Listens on the daemon's loop: to NETLINK_ISCSI if fd is -1, else to fd, which is taken (tests).
 * -errno as netlink_open(). */
int events_open(struct daemon *daemon, int fd);
void events_close(struct daemon *daemon);

#endif
