/* SPDX-License-Identifier: GPL-3.0-or-later */
/* iscsid.safe_logout: whether somebody would miss the disks of a session. */
#ifndef OPENHBA_DAEMON_IN_USE_H
#define OPENHBA_DAEMON_IN_USE_H

#include <stdint.h>

#include "daemon/session.h"

/*
 * Looks for the session's disks, their partitions and what is built on them (LVM, RAID, multipath,
 * LUKS) among the mounts and the swap areas. Blocks. 1: found, and sentence says which; 0: nobody
 * uses them; -errno: it cannot be told. sysfs and proc are "/sys" and "/proc".
 */
int in_use_check(const char *sysfs, const char *proc, uint32_t sid, char *sentence, size_t size);

/* logout_start() once a worker thread has found nobody that uses the disks; else done() gets
 * ISCSI_ERR_BUSY. */
void in_use_logout(struct session *session, session_done_fn *done, void *data);

#endif
