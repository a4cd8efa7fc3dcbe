/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One try to reach full feature phase: one socket or endpoint to one address, one login. Its
 * beginning and end are transitions of the connection (conn.h), whose actions these functions are.
 * Retries, recovery and what the kernel gets are decided elsewhere.
 */
#ifndef OPENHBA_DAEMON_ATTEMPT_H
#define OPENHBA_DAEMON_ATTEMPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/login.h"

struct conn;
struct session;
struct sockaddr_storage;

struct attempt; /* owned by its connection */

void attempt_free(struct attempt *attempt); /* NULL is fine; closes what is open */

/* Actions of the connection's table. */
void attempt_open(struct conn *conn);	/* T1, M2: binds, opens the socket */
void attempt_login(struct conn *conn);	/* T4: sends the first login request */
void attempt_failed(struct conn *conn); /* T2, T7: frees the attempt, follows a redirect or hands on
					   to start or recovery */
void attempt_drop(struct conn *conn);	/* T2, T7: frees the attempt, nothing follows */

/* What the kernel says of a login that a driver carries, in IN_LOGIN. */
bool attempt_receive(struct conn *conn, const void *bhs, const void *data,
		     size_t bytes); /* false: none is carried */
void attempt_conn_error(struct conn *conn, const char *sentence);
void attempt_card_says(struct conn *conn,
		       uint32_t state); /* CONN_LOGIN_STATE, enum iscsi_conn_state */

/* The endpoint of a transport with endpoints, and that a connection is bound to it now. */
uint64_t attempt_endpoint(const struct attempt *attempt);
void attempt_bound(struct attempt *attempt);

/* After LOGIN_DONE: what was agreed, the next StatSN, and the socket, which is the caller's from
 * then on. */
const struct login_outcome *attempt_outcome(const struct attempt *attempt);
uint32_t attempt_exp_statsn(const struct attempt *attempt);
int attempt_take_fd(struct attempt *attempt);

/* The address the next attempt goes to; of family AF_UNSPEC if it is not known yet. */
const struct sockaddr_storage *attempt_address(const struct session *session);

/* Another address of the same portal is left to try: it is the next one then. */
bool attempt_other_address(struct session *session);

/* Back to the first address of the portal as it is known: where a redirect led is forgotten, unless
 * a login there has made it the target's new home. */
void attempt_first_address(struct session *session);

#endif
