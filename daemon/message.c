/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Dispatches PDUs by row: the shortest table of what a target may say to the daemon. Called by
 * events.c for RECV_PDU. While a driver carries a login all PDUs are the login's; logins made on
 * plain sockets never come here. Nothing a target sends may do more than end its own connection.
 */
#include "daemon/message.h"

#include <arpa/inet.h>
#include <string.h>

#include "daemon/attempt.h"
#include "daemon/daemon.h"
#include "daemon/nop.h"
#include "daemon/scan.h"
#include "daemon/session.h"
#include "lib/loop.h"
#include "transport/abi/iscsi_proto.h"
#include "transport/user/requests.h"

#define TIME2WAIT_MAX_SEC 3600

/* A PDU as it came. */
struct message {
	const void *bhs;
	const uint8_t *data;
	size_t bytes;
};

/* ---- the log ---- */

#define LINES_PER_WINDOW 10
#define WINDOW_MS 60000

/* A target may talk as much as it likes, but not in our log: ten lines a minute, then one that says
 * so. */
static bool may_log(struct session *session)
{
	uint64_t now_ms = loop_now_ms();

	if (!session->said_since_ms || now_ms - session->said_since_ms > WINDOW_MS) {
		session->said_since_ms = now_ms;
		session->said = 0;
	}
	session->said++;
	if (session->said == LINES_PER_WINDOW + 1)
		session_log(session, LOG_LEVEL_WARNING,
			    "the target says more than is logged in a minute");
	return session->said <= LINES_PER_WINDOW;
}

/* ---- asynchronous messages, RFC 7143 11.9 ---- */

bool message_says_luns_changed(const uint8_t *data, size_t bytes)
{
	const uint8_t *sense = data + 2;
	size_t length;

	if (bytes < 2)
		return false;
	length = (size_t)data[0] << 8 | data[1];
	if (length > bytes - 2)
		length = bytes - 2;
	/* Descriptor format has the codes in bytes 2 and 3, fixed format in 12 and 13 (SPC-4 4.5).
	 */
	if (length >= 4 && (sense[0] & 0x7f) >= 0x72)
		return sense[2] == 0x3f && sense[3] == 0x0e;
	return length >= 14 && sense[12] == 0x3f && sense[13] == 0x0e;
}

/* RFC 7143 13.15 allows an hour; more is a target's mistake that would cost us the session. */
static uint32_t time2wait_limit(uint32_t seconds)
{
	return seconds < TIME2WAIT_MAX_SEC ? seconds : TIME2WAIT_MAX_SEC;
}

static void async_scsi(struct session *session, const struct message *message)
{
	if (!message_says_luns_changed(message->data, message->bytes) ||
	    !record_is(&session->node, F_NODE_SESSION_SCAN, "auto"))
		return;
	if (may_log(session))
		session_log(session, LOG_LEVEL_INFO, "the target's LUNs have changed: scanning");
	(void)scan_start(session, SCAN_AGAIN, NULL);
}

static void async_logout(struct session *session, const struct message *message)
{
	const struct iscsi_bhs_async *async = message->bhs;

	/* Parameter3: seconds until it drops us; the reconnect is ours to time, 11.9.1. */
	session_log(session, LOG_LEVEL_INFO, "the target asks for a logout within %u s",
		    ntohs(async->parameter3));
	conn_event(&session->conn, CONN_EVENT_LOGOUT_REQUESTED);
}

/* Events 2 and 3 only announce: Parameter2 is Time2Wait, the closing itself is a CONN_ERROR. */
static void async_drop(struct session *session, const struct message *message)
{
	const struct iscsi_bhs_async *async = message->bhs;

	session->time2wait_sec = time2wait_limit(ntohs(async->parameter2));
	if (may_log(session))
		session_log(session, LOG_LEVEL_INFO,
			    "the target drops the connection, reconnect in %u s",
			    session->time2wait_sec);
}

/* We do not renegotiate in full feature phase (11.9.1 allows that): a new login is a new
 * negotiation. */
static void async_negotiate(struct session *session, const struct message *message)
{
	session_log(session, LOG_LEVEL_INFO,
		    "the target asks for a new negotiation: logging in again");
	conn_event(&session->conn, CONN_EVENT_LOST);
}

static void async_other(struct session *session, const struct message *message)
{
	const struct iscsi_bhs_async *async = message->bhs;

	if (may_log(session))
		session_log(session, LOG_LEVEL_INFO,
			    "asynchronous message %u of the target, vendor code %u: ignored",
			    async->event, async->vendor_code);
}

typedef void message_fn(struct session *session, const struct message *message);

static const struct {
	uint8_t event;
	message_fn *take;
} async_rows[] = {
	{ISCSI_ASYNC_EVENT_SCSI, async_scsi},
	{ISCSI_ASYNC_EVENT_REQUEST_LOGOUT, async_logout},
	{ISCSI_ASYNC_EVENT_DROP_CONNECTION, async_drop},
	{ISCSI_ASYNC_EVENT_DROP_SESSION, async_drop},
	{ISCSI_ASYNC_EVENT_REQUEST_NEGOTIATION, async_negotiate},
};

static void message_async(struct session *session, const struct message *message)
{
	const struct iscsi_bhs_async *async = message->bhs;

	for (size_t i = 0; i < sizeof(async_rows) / sizeof(async_rows[0]); i++) {
		if (async_rows[i].event != async->event)
			continue;
		async_rows[i].take(session, message);
		return;
	}
	async_other(session, message);
}

/* ---- the others ---- */

/* A ping of the target that the kernel does not answer itself: it has data, which has to come back
 * (11.18). */
static void message_nop_in(struct session *session, const struct message *message)
{
	const struct iscsi_bhs_nop_in *in = message->bhs;
	struct iscsi_bhs_nop_out out = {
		.opcode = ISCSI_PDU_NOP_OUT | ISCSI_PDU_IMMEDIATE,
		.flags = ISCSI_BIT_FINAL,
		.itt = htonl(ISCSI_TAG_NONE),
		.ttt = in->ttt,
	};
	int r;

	if (ntohl(in->ttt) == ISCSI_TAG_NONE) {
		nop_answered(session);
		return;
	}
	memcpy(out.lun, in->lun, sizeof(out.lun));
	out.data_length[0] = (uint8_t)(message->bytes >> 16);
	out.data_length[1] = (uint8_t)(message->bytes >> 8);
	out.data_length[2] = (uint8_t)message->bytes;
	r = request_send_pdu(session->daemon->netlink, session->transport_handle,
			     (uint32_t)session->sid, 0, &out, message->data, message->bytes);
	if (r < 0)
		session_log(session, LOG_LEVEL_DEBUG, "ping not answered: %s", strerror(-r));
}

static void message_logout(struct session *session, const struct message *message)
{
	const struct iscsi_bhs_logout_response *response = message->bhs;

	/* Whatever it says, the target is through with us: there is nothing to recover for at ERL 0
	 * (11.15.1). */
	if (response->response != ISCSI_LOGOUT_ANSWER_SUCCESS)
		session_log(session, LOG_LEVEL_DEBUG, "logout response %u", response->response);
	if (!session->is_leaving)
		session->time2wait_sec = time2wait_limit(ntohs(response->time2wait));
	conn_event(&session->conn, CONN_EVENT_LOGOUT_DONE);
}

static void message_reject(struct session *session, const struct message *message)
{
	const struct iscsi_bhs_reject *reject = message->bhs;

	if (may_log(session))
		session_log(session, LOG_LEVEL_WARNING,
			    "the target rejected a PDU, reason 0x%02x, opcode 0x%02x",
			    reject->reason,
			    message->bytes ? message->data[0] & ISCSI_PDU_OPCODE_BITS : 0xff);
}

static const struct {
	uint8_t opcode;
	unsigned int states; /* bits 1 << enum conn_state in which it makes sense */
	message_fn *take;
} message_rows[] = {
	{ISCSI_PDU_NOP_IN,
	 1u << CONN_LOGGED_IN | 1u << CONN_LOGOUT_REQUESTED | 1u << CONN_IN_LOGOUT, message_nop_in},
	{ISCSI_PDU_ASYNC_MESSAGE,
	 1u << CONN_LOGGED_IN | 1u << CONN_LOGOUT_REQUESTED | 1u << CONN_IN_LOGOUT, message_async},
	{ISCSI_PDU_LOGOUT_RESPONSE, 1u << CONN_IN_LOGOUT, message_logout},
	{ISCSI_PDU_REJECT,
	 1u << CONN_LOGGED_IN | 1u << CONN_LOGOUT_REQUESTED | 1u << CONN_IN_LOGOUT, message_reject},
};

void message_receive(struct session *session, const void *bhs, const void *data, size_t bytes)
{
	struct message message = {.bhs = bhs, .data = data, .bytes = bytes};
	const struct iscsi_bhs *header = bhs;
	uint8_t opcode = header->opcode & ISCSI_PDU_OPCODE_BITS;

	if (session->conn.state == CONN_IN_LOGIN &&
	    attempt_receive(&session->conn, bhs, data, bytes))
		return;
	for (size_t i = 0; i < sizeof(message_rows) / sizeof(message_rows[0]); i++) {
		if (message_rows[i].opcode != opcode ||
		    !(message_rows[i].states & 1u << session->conn.state))
			continue;
		message_rows[i].take(session, &message);
		return;
	}
	session->daemon->dropped_messages++;
	if (may_log(session))
		session_log(session, LOG_LEVEL_WARNING,
			    "a PDU nobody expects, opcode 0x%02x in %s: dropped", opcode,
			    conn_state_name(session->conn.state));
}
