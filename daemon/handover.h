/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Gives a logged-in socket to the kernel: the first time with a new kernel session, later into the
 * one there is. */
#ifndef OPENHBA_DAEMON_HANDOVER_H
#define OPENHBA_DAEMON_HANDOVER_H

struct conn;
struct session;

/* T5. Ends in start_done() or recovery_done(), or, with nothing left behind in the kernel, in
 * start_failed() or recovery_failed(). */
void handover_take(struct conn *conn);

/* The CmdSN the next login of a session that the kernel has must use: initial CmdSN plus the
 * commands it counted. 0 or -errno. */
int handover_cmdsn(struct session *session);

#endif
