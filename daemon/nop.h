/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pings of idle connections, for drivers that leave them to user space (they answer PING_TMO with
 * -ENOSYS). The others ping by themselves and report CONN_ERROR 1022. */
#ifndef OPENHBA_DAEMON_NOP_H
#define OPENHBA_DAEMON_NOP_H

#include <stdint.h>

struct session;
struct record;

/* noop_out_interval and noop_out_timeout as they are meant: 0 and 0 is off, and if one of the two
 * is 0 it counts as 5 seconds. Pure. */
void nop_times(const struct record *node, uint32_t *ret_interval_sec, uint32_t *ret_timeout_sec);

/* The session is logged in. Nothing happens if its driver pings. */
void nop_start(struct session *session);

/* A NOP-In that answers a ping has come. */
void nop_answered(struct session *session);

#endif
