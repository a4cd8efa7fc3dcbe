/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Gives a logged-in socket to the kernel: the first time with a new kernel session, later into the
 * one there is. */
#ifndef OPENHBA_DAEMON_HANDOVER_H
#define OPENHBA_DAEMON_HANDOVER_H

struct conn;
struct session;

/*
 * T4 with an endpoint: makes the kernel's session and connection, or takes those there are, binds
 * them to the endpoint and tells them what is known before a login. A card that logs in by itself
 * is started. 0, or -errno with session_fail() called.
 */
int handover_begin(struct conn *conn);

/* A login that handover_begin() was called for has failed: nothing of the first one stays in the
 * kernel, in recovery the session waits stopped. Nothing to do for sockets. */
void handover_abandon(struct session *session);

/* T5. Ends in start_done() or recovery_done(), or, with nothing left behind in the kernel, in
 * start_failed() or recovery_failed(). */
void handover_take(struct conn *conn);

/* The CmdSN the next login of a session that the kernel has must use: initial CmdSN plus the
 * commands it counted. Drivers that carry the login fill it in themselves. 0 or -errno. */
int handover_cmdsn(struct session *session);

#endif
