/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Taking sessions down: in order when somebody asks, at once when they are broken. */
#ifndef OPENHBA_DAEMON_LOGOUT_H
#define OPENHBA_DAEMON_LOGOUT_H

#include "daemon/session.h"

/*
 * Logs a session out; done is called once, after the session's kernel objects are gone. A target
 * that does not answer within logout_timeout does not make it fail. BUSY: a logout is under way
 * already. The session is gone when done is called.
 */
void logout_start(struct session *session, session_done_fn *done, void *data);

/* Actions of the connection's table. */
void logout_send(struct conn *conn);	   /* T9, T10: the Logout request goes out */
void logout_answered(struct conn *conn);   /* T13 */
void logout_unanswered(struct conn *conn); /* T17 */
void logout_requested(
	struct conn *conn); /* T11: the target wants us out; we log out and in again */

void logout_unbound(struct session *session);	/* the kernel has removed the disks (event 105) */
void logout_destroyed(struct session *session); /* the kernel has removed the session (event 104) */

/* Removes the kernel's connection and session; logout_destroyed() follows. No attempt is under way.
 */
void logout_destroy(struct session *session);

#endif
