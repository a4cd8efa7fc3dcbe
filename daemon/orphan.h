/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sessions that are in the kernel and not among ours. */
#ifndef OPENHBA_DAEMON_ORPHAN_H
#define OPENHBA_DAEMON_ORPHAN_H

struct daemon;

#define ORPHAN_ALL -1

/*
 * Looks at a session that appeared in the kernel, or at all of them (ORPHAN_ALL), on a worker
 * thread; never fails. One that firmware made gets its disks; one that this very process made and
 * does not know, because the reply was lost, is taken down; those of other programs are left alone.
 */
void orphan_look(struct daemon *daemon, int sid);

#endif
