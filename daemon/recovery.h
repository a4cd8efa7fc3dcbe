/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Logging in again after a lost connection, so that the kernel session and its disks go on. */
#ifndef OPENHBA_DAEMON_RECOVERY_H
#define OPENHBA_DAEMON_RECOVERY_H

#include <stdint.h>

struct conn;
struct session;

void recovery_start(
	struct conn *conn); /* T15, T16, A2: stops the kernel's connection, waits, connects */
void recovery_after_logout(
	struct session *session); /* a logout the target asked for is done: the same, from FREE */
void recovery_failed(struct session *session); /* an attempt ended: session->failure says how */
void recovery_done(struct session *session);   /* the kernel has a new connection */

/*
 * Of a session whose port is lost (session->is_port_lost) and that is in recovery: an attempt under
 * way ends, and nothing is tried, logged or counted but once in half a minute. recovery_kick() is
 * called before is_port_lost is taken back: as if it had just been lost, without a pause that is not
 * Time2Wait.
 */
void recovery_park(struct session *session);
void recovery_kick(struct session *session);

/* How long to wait before reconnect number attempts + 1: Time2Wait first, then 1, 2, 3 s. Pure. */
uint64_t recovery_delay_ms(unsigned int attempts, uint32_t time2wait_sec);

#endif
