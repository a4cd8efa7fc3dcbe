// SPDX-License-Identifier: GPL-2.0-only
/*
 * Is the target still there? After recv_tmo seconds of silence it is pinged, and after ping_tmo more without a byte the connection is
 * given up. And the target's own pings are answered. It sends through mgmt.c; it never waits.
 */
#include "drivers/iscsi_tcp/ops.h"

/* When the silence is long enough for the next step, in jiffies. */
static unsigned long nop_due(const struct tcp_conn *conn)
{
	unsigned long last = conn->last_recv;

	if (!conn->ping)
		return last + (unsigned long)conn->recv_tmo_sec * HZ;
	if (time_after(conn->last_ping, last))
		last = conn->last_ping;
	return last + (unsigned long)conn->ping_tmo_sec * HZ;
}

static void nop_ping(struct tcp_conn *conn)
{
	struct tcp_mgmt *mgmt = mgmt_get(conn, ISCSI_PDU_NOP_OUT);
	struct iscsi_bhs_nop_out *bhs;

	conn->last_ping = jiffies;
	if (!mgmt)
		return;
	bhs = (struct iscsi_bhs_nop_out *)&mgmt->header;
	bhs->ttt = cpu_to_be32(ISCSI_TAG_NONE);
	conn->ping = mgmt;
	tx_mgmt(conn, mgmt);
}

/* Does what is due; jiffies of the next look, or 0: none. Socket lock. */
static unsigned long nop_look(struct tcp_conn *conn)
{
	if (!conn_is_up(conn) || !conn->recv_tmo_sec || !conn->ping_tmo_sec)
		return 0;
	if (time_before(jiffies, nop_due(conn)))
		return nop_due(conn);
	if (conn->ping) {
		conn->stats.timeout_err++;
		conn_failure(conn, ISCSI_ERR_NOP_TIMEDOUT);
		return 0;
	}
	nop_ping(conn);
	/* All own tasks in use: something else is on its way, and its answer ends the silence. */
	return conn->ping ? nop_due(conn) : jiffies + HZ;
}

static void nop_timer(struct timer_list *timer)
{
	struct tcp_conn *conn = container_of(timer, struct tcp_conn, timer);
	struct sock *sk = conn_sk(conn);
	unsigned long next;

	if (!sk)
		return;
	bh_lock_sock(sk);
	if (sk->sk_user_data != conn)
		next = 0;
	else if (sock_owned_by_user(sk))
		next = jiffies + HZ / 20;
	else
		next = nop_look(conn);
	/* Under the lock: once stop() has taken the socket away, nobody arms it any more. */
	if (next)
		mod_timer(&conn->timer, next);
	bh_unlock_sock(sk);
}

void nop_init(struct tcp_conn *conn)
{
	timer_setup(&conn->timer, nop_timer, 0);
}

void nop_start(struct tcp_conn *conn)
{
	conn->last_recv = jiffies;
	nop_retime(conn);
}

void nop_retime(struct tcp_conn *conn)
{
	if (conn_is_up(conn))
		mod_timer(&conn->timer, jiffies);
}

void nop_stop(struct tcp_conn *conn)
{
	timer_delete_sync(&conn->timer);
}

/* RFC 7143 11.18: only a NOP-In with a target transfer tag is answered, with that tag and its LUN, and with no ITT. */
static void nop_answer(struct tcp_conn *conn, const struct iscsi_bhs_nop_in *ping)
{
	struct tcp_mgmt *mgmt = mgmt_get(conn, ISCSI_PDU_NOP_OUT);
	struct iscsi_bhs_nop_out *bhs;

	if (!mgmt) {
		conn_failure(conn, ISCSI_ERR_XMIT_FAILED);
		return;
	}
	bhs = (struct iscsi_bhs_nop_out *)&mgmt->header;
	memcpy(bhs->lun, ping->lun, sizeof(bhs->lun));
	bhs->itt = cpu_to_be32(ISCSI_TAG_NONE);
	bhs->ttt = ping->ttt;
	mgmt->unanswered = true;
	tx_mgmt(conn, mgmt);
}

void nop_received(struct tcp_conn *conn, const struct iscsi_bhs_nop_in *bhs, const void *data, u32 data_bytes)
{
	if (bhs->ttt == cpu_to_be32(ISCSI_TAG_NONE))
		return;
	if (data_bytes)
		conn_up_to_user(conn, (const struct iscsi_bhs *)bhs, data, data_bytes);
	else
		nop_answer(conn, bhs);
}
