/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The first login of a session: transport, address, socket, login, kernel, scan, answer; with the
 * retries a first login has. */
#ifndef OPENHBA_DAEMON_START_H
#define OPENHBA_DAEMON_START_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/session.h"

/*
 * Logs a new session in; done is called once, with the sid on success, after the scan if the record
 * asks for one. On failure the session is gone by then. Never blocks.
 */
void start_login(struct session *session, session_done_fn *done, void *data);

/* May a first login that failed with err after elapsed_ms be tried again? Pure. */
bool start_may_retry(enum iscsi_err err, uint64_t elapsed_ms, uint64_t login_timeout_ms,
		     uint64_t retry_max);

/* How long to wait before attempt number attempts + 1: 1, 2, then 3 s. Pure. */
uint64_t start_delay_ms(unsigned int attempts);

void start_connect(
	struct session *session); /* connects as soon as a slot is free; also for recovery */
void start_failed(struct session *session); /* an attempt of the first login ended: session->failure
					       says how */
/* The port of a session that is not logged in yet is lost: ends an attempt that is under way. */
void start_port_lost(struct session *session, const char *cause);
void start_kick(struct session *session); /* it is there: an attempt that is waited for begins now */
void start_done(struct session *session);   /* the kernel has the connection */

#endif
