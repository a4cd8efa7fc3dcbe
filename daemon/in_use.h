/* SPDX-License-Identifier: GPL-3.0-or-later */
/* iscsid.safe_logout: whether somebody would miss the disks of a session. */
#ifndef OPENHBA_DAEMON_IN_USE_H
#define OPENHBA_DAEMON_IN_USE_H

#include "daemon/session.h"

/* logout_start() once a worker thread has found nobody that uses the disks; else done() gets
 * ISCSI_ERR_BUSY. */
void in_use_logout(struct session *session, session_done_fn *done, void *data);

#endif
