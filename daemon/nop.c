/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One timer, in words: noop_out_interval after the login or the last answer a ping goes out; if
 * nothing comes back within noop_out_timeout the connection is lost. Whatever else the session's
 * timer is needed for (logout, recovery) ends the pinging. Called by start.c, recovery.c, adopt.c
 * and message.c.
 */
#include "daemon/nop.h"

#include <arpa/inet.h>
#include <string.h>

#include "daemon/daemon.h"
#include "transport/abi/iscsi_proto.h"
#include "transport/user/requests.h"

#define NOP_DEFAULT_SEC 5

void nop_times(const struct record *node, uint32_t *ret_interval_sec, uint32_t *ret_timeout_sec)
{
	uint32_t interval = (uint32_t)record_number(node, F_NODE_CONN_TIMEO_NOOP_OUT_INTERVAL);
	uint32_t timeout = (uint32_t)record_number(node, F_NODE_CONN_TIMEO_NOOP_OUT_TIMEOUT);

	*ret_interval_sec = timeout && !interval ? NOP_DEFAULT_SEC : interval;
	*ret_timeout_sec = interval && !timeout ? NOP_DEFAULT_SEC : timeout;
}

static void nop_unanswered(struct session *session)
{
	session_log(session, LOG_LEVEL_WARNING, "connection lost (%s): logging in again",
		    "no answer to a ping");
	conn_event(&session->conn, CONN_EVENT_LOST);
}

static void nop_send(struct session *session)
{
	struct iscsi_bhs_nop_out ping = {
		.opcode = ISCSI_PDU_NOP_OUT | ISCSI_PDU_IMMEDIATE,
		.flags = ISCSI_BIT_FINAL,
		.ttt = htonl(ISCSI_TAG_NONE), /* the kernel fills the initiator's tag */
	};
	uint32_t interval_sec, timeout_sec;
	int r = request_send_pdu(session->daemon->netlink, session->transport_handle,
				 (uint32_t)session->sid, 0, &ping, NULL, 0);

	if (r < 0)
		session_log(session, LOG_LEVEL_DEBUG, "ping: %s", strerror(-r));
	nop_times(&session->node, &interval_sec, &timeout_sec);
	session_wait(session, 1000 * (uint64_t)timeout_sec, nop_unanswered);
}

static void nop_wait(struct session *session)
{
	uint32_t interval_sec, timeout_sec;

	nop_times(&session->node, &interval_sec, &timeout_sec);
	if (interval_sec)
		session_wait(session, 1000 * (uint64_t)interval_sec, nop_send);
}

void nop_start(struct session *session)
{
	if (session->is_pinged_by_us)
		nop_wait(session);
}

void nop_answered(struct session *session)
{
	if (session->is_pinged_by_us && session->conn.state == CONN_LOGGED_IN &&
	    !session->is_leaving)
		nop_wait(session);
}
