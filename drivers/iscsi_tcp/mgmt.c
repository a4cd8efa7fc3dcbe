// SPDX-License-Identifier: GPL-2.0-only
/*
 * A session's own tasks: the PDUs user space sends through us (login, text, logout, NOP), our pings and answers to pings, and the error
 * handler's task management requests. Each kind has one kept for itself, so that none can starve another; the others are shared. The
 * answers are checked against their requests here. It decides nothing about when a PDU is sent (tx.c).
 */
#include <linux/slab.h>

#include "drivers/iscsi_tcp/ops.h"

#define MGMT_KEPT	4

static int mgmt_kept(enum iscsi_pdu_opcode opcode)
{
	switch ((int)opcode) {
	case ISCSI_PDU_LOGIN_REQUEST:
	case ISCSI_PDU_TEXT_REQUEST:
		return 0;
	case ISCSI_PDU_LOGOUT_REQUEST:
		return 1;
	case ISCSI_PDU_NOP_OUT:
		return 2;
	default:
		return 3;
	}
}

void mgmt_init(struct tcp_session *session)
{
	spin_lock_init(&session->mgmt_lock);
}

static struct tcp_mgmt *mgmt_free_one(struct tcp_session *session, enum iscsi_pdu_opcode opcode)
{
	struct tcp_mgmt *kept = &session->mgmt[mgmt_kept(opcode)];
	u32 i;

	lockdep_assert_held(&session->mgmt_lock);
	if (!kept->in_use)
		return kept;
	for (i = MGMT_KEPT; i < TCP_MGMT_TASKS; i++)
		if (!session->mgmt[i].in_use)
			return &session->mgmt[i];
	return NULL;
}

struct tcp_mgmt *mgmt_get(struct tcp_conn *conn, enum iscsi_pdu_opcode opcode)
{
	struct tcp_session *session = conn->session;
	struct tcp_mgmt *mgmt;

	spin_lock_bh(&session->mgmt_lock);
	mgmt = mgmt_free_one(session, opcode);
	if (mgmt) {
		memset(mgmt, 0, sizeof(*mgmt));
		mgmt->in_use = true;
	}
	spin_unlock_bh(&session->mgmt_lock);
	if (!mgmt)
		return NULL;
	mgmt->header.opcode = opcode | ISCSI_PDU_IMMEDIATE;
	mgmt->header.flags = ISCSI_BIT_FINAL;
	mgmt->immediate = true;
	mgmt->task.mgmt = mgmt;
	task_start(&mgmt->task, conn, TAG_INTERNAL | (u32)(mgmt - session->mgmt));
	return mgmt;
}

void mgmt_put(struct tcp_mgmt *mgmt)
{
	struct tcp_conn *conn = mgmt->task.conn;
	struct tcp_session *session = conn->session;

	kfree_sensitive(mgmt->data);
	spin_lock_bh(&session->mgmt_lock);
	if (conn->ping == mgmt)
		conn->ping = NULL;
	mgmt->data = NULL;
	mgmt->in_use = false;
	spin_unlock_bh(&session->mgmt_lock);
}

void mgmt_sent(struct tcp_mgmt *mgmt)
{
	/* Only a target that guesses tags has answered it. */
	if (mgmt->unanswered && !task_is(&mgmt->task, TASK_DONE))
		task_answered(&mgmt->task);
}

static void mgmt_to_user(struct tcp_conn *conn, struct tcp_mgmt *mgmt, const struct iscsi_bhs *bhs, const void *data, u32 data_bytes)
{
	struct iscsi_bhs copy = *bhs;

	copy.itt = mgmt->user_itt;
	conn_up_to_user(conn, &copy, data, data_bytes);
}

void mgmt_answered(struct tcp_conn *conn, struct tcp_mgmt *mgmt, const struct iscsi_bhs *bhs, const void *data, u32 data_bytes)
{
	u8 request = mgmt->header.opcode & ISCSI_PDU_OPCODE_BITS;
	u8 opcode = bhs->opcode & ISCSI_PDU_OPCODE_BITS;

	/* RFC 7143 11.2.1.2: the opcode of a response is that of its request with bit 5 set. */
	if (opcode != (request | ISCSI_PDU_NOP_IN)) {
		conn_failure(conn, ISCSI_ERR_PROTO);
		return;
	}
	if (opcode == ISCSI_PDU_LOGOUT_RESPONSE && bhs->specific1[0] == ISCSI_LOGOUT_ANSWER_SUCCESS)
		conn->logged_out = true;
	mgmt->response = bhs->specific1[0];
	if (mgmt->from_user)
		mgmt_to_user(conn, mgmt, bhs, data, data_bytes);
	task_answered(&mgmt->task);
}

/* --- PDUs of user space --- */

static u32 user_data_bytes(const struct iscsi_bhs *bhs)
{
	return bhs->data_length[0] << 16 | bhs->data_length[1] << 8 | bhs->data_length[2];
}

/* May this PDU be sent now? Logging in is for a connection that was not started, all else for one that was. */
static int user_check(const struct tcp_conn *conn, const struct iscsi_bhs *bhs, u32 data_bytes)
{
	enum tcp_conn_state state = READ_ONCE(conn->state);
	u8 opcode = bhs->opcode & ISCSI_PDU_OPCODE_BITS;

	/* The header counts what is meant, and pad may come with it. */
	if (bhs->ahs_words || data_bytes - user_data_bytes(bhs) > 3)
		return -EINVAL;
	switch (opcode) {
	case ISCSI_PDU_LOGIN_REQUEST:
		return state == TCP_CONN_BOUND ? 0 : -ENOTCONN;
	case ISCSI_PDU_NOP_OUT:
	case ISCSI_PDU_TEXT_REQUEST:
	case ISCSI_PDU_LOGOUT_REQUEST:
		return state == TCP_CONN_UP ? 0 : -ENOTCONN;
	}
	return -EINVAL;
}

static void user_fill(struct tcp_mgmt *mgmt, const struct iscsi_bhs *bhs, void *data, u32 data_bytes)
{
	u8 opcode = bhs->opcode & ISCSI_PDU_OPCODE_BITS;

	mgmt->header = *bhs;
	mgmt->data = data;
	mgmt->data_bytes = data_bytes;
	mgmt->immediate = opcode == ISCSI_PDU_LOGIN_REQUEST || bhs->opcode & ISCSI_PDU_IMMEDIATE;
	if (mgmt->immediate)
		mgmt->header.opcode |= ISCSI_PDU_IMMEDIATE;
	mgmt->from_user = true;
	mgmt->user_itt = bhs->itt;
	mgmt->unanswered = opcode == ISCSI_PDU_NOP_OUT && bhs->itt == cpu_to_be32(ISCSI_TAG_NONE);
}

/* Targets hold all requests of a login to the ITT of the first. */
static int login_begin(struct tcp_conn *conn, struct tcp_mgmt *mgmt)
{
	/* One request at a time; the one before was not answered yet. */
	if (mgmt != &conn->session->mgmt[mgmt_kept(ISCSI_PDU_LOGIN_REQUEST)])
		return -EBUSY;
	if (conn->login_tag)
		task_keep_tag(&mgmt->task, conn->login_tag);
	conn->login_tag = mgmt->task.tag;
	conn->may_read = true;
	return 0;
}

/* Under the socket lock; takes data if it returns 0. */
static int user_send(struct tcp_conn *conn, const struct iscsi_bhs *bhs, void *data, u32 data_bytes)
{
	u8 opcode = bhs->opcode & ISCSI_PDU_OPCODE_BITS;
	struct tcp_mgmt *mgmt;
	int err;

	err = user_check(conn, bhs, data_bytes);
	if (err)
		return err;
	mgmt = mgmt_get(conn, opcode);
	if (!mgmt)
		return -EBUSY;
	if (opcode == ISCSI_PDU_LOGIN_REQUEST && login_begin(conn, mgmt)) {
		mgmt_put(mgmt);
		return -EBUSY;
	}
	user_fill(mgmt, bhs, data, user_data_bytes(bhs));
	if (opcode == ISCSI_PDU_LOGOUT_REQUEST)
		conn_state(conn, TCP_CONN_LOGOUT);
	tx_mgmt(conn, mgmt);
	return 0;
}

int mgmt_send_pdu(struct iscsi_cls_conn *cls, struct iscsi_hdr *header, char *data, u32 data_bytes)
{
	struct tcp_conn *conn = conn_of(cls);
	void *copy = NULL;
	struct sock *sk;
	int err;

	if (data_bytes > TCP_USER_DATA_MAX)
		return -EINVAL;
	if (data_bytes) {
		copy = kmemdup(data, data_bytes, GFP_NOIO);
		if (!copy)
			return -ENOMEM;
	}
	sk = conn_lock(conn);
	err = sk ? user_send(conn, (struct iscsi_bhs *)header, copy, data_bytes) : -ENOTCONN;
	if (sk)
		conn_unlock(sk);
	if (err)
		kfree_sensitive(copy);
	return err;
}
