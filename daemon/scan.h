/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The blocking work that follows a login: the state file and the SCSI scan. On worker
 * threads, one piece per session. */
#ifndef OPENHBA_DAEMON_SCAN_H
#define OPENHBA_DAEMON_SCAN_H

#include <stdbool.h>

struct session;

enum scan_kind {
	SCAN_AFTER_LOGIN, /* state file; if the record wants it: scan */
	SCAN_STATE_ONLY,  /* state file */
	SCAN_AGAIN,	  /* sizes of known disks, then new ones */
};

/*
 * done(session) is called on the loop's thread when all is finished, unless the session has been
 * killed; it may be NULL. False: it could not be started (logged). While one is running for this
 * session another SCAN_AGAIN is remembered and started after it.
 */
bool scan_start(struct session *session, enum scan_kind kind,
		void (*done)(struct session *session));

#endif
