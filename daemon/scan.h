/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The blocking work that follows a login: the state file, then the SCSI layer. Each has threads of
 * its own: a scan may hang on a dying connection, a state file may not wait for it. */
#ifndef OPENHBA_DAEMON_SCAN_H
#define OPENHBA_DAEMON_SCAN_H

#include <stdbool.h>
#include <stdint.h>

struct daemon;
struct session;

enum scan_kind {
	SCAN_AFTER_LOGIN, /* state file; if the record wants it: scan, queue depths */
	SCAN_STATE_ONLY,  /* state file */
	SCAN_AGAIN,	  /* sizes of known disks, then new ones */
	SCAN_RECOVERED,	  /* state file; known disks set running and looked at, no search for new */
};

/*
 * done(session) is called on the loop's thread when all is finished, unless the session has been
 * killed; it may be NULL. False: it could not be started (logged). While one is running for this
 * session another SCAN_AGAIN or SCAN_RECOVERED is remembered and started after it.
 */
bool scan_start(struct session *session, enum scan_kind kind,
		void (*done)(struct session *session));

/* A session of the driver's own firmware has appeared: its disks are set running and looked for. */
void scan_foreign(struct daemon *daemon, uint32_t sid, uint32_t host_no);

#endif
