// SPDX-License-Identifier: GPL-2.0-only OR GPL-3.0-or-later
/*
 * The life of a connection: created, bound to a socket, started, failed once, stopped, destroyed. The one door to its state is here, and
 * the one place where a dying connection is emptied. Called by the class; conn_failure() by everybody. It never looks into a PDU.
 */
#include "drivers/iscsi_tcp/ops.h"

/* Which state may follow which. RFC 7143 8.1 knows more; those are user space's, which logs in and out. */
static const u8 next_states[] = {
	[TCP_CONN_FREE] = BIT(TCP_CONN_BOUND),
	[TCP_CONN_BOUND] = BIT(TCP_CONN_UP) | BIT(TCP_CONN_FAILED) | BIT(TCP_CONN_FREE),
	[TCP_CONN_UP] = BIT(TCP_CONN_LOGOUT) | BIT(TCP_CONN_FAILED) | BIT(TCP_CONN_FREE),
	[TCP_CONN_LOGOUT] = BIT(TCP_CONN_FAILED) | BIT(TCP_CONN_FREE),
	[TCP_CONN_FAILED] = BIT(TCP_CONN_FREE),
};

bool conn_state(struct tcp_conn *conn, enum tcp_conn_state state)
{
	enum tcp_conn_state old = READ_ONCE(conn->state);

	do {
		if (!(next_states[old] & BIT(state)))
			return false;
	} while (!try_cmpxchg(&conn->state, &old, state));
	return true;
}

struct tcp_conn *conn_of(const struct iscsi_cls_conn *cls)
{
	return *(struct tcp_conn **)cls->dd_data;
}

/* RFC 7143 7.13: at error recovery level 0 every error of a connection ends it, and user space logs in anew. */
void conn_failure(struct tcp_conn *conn, enum iscsi_err error)
{
	spin_lock_bh(&conn->failure_lock);
	if (conn_state(conn, TCP_CONN_FAILED) && conn->cls)
		iscsi_conn_error_event(conn->cls, error);
	spin_unlock_bh(&conn->failure_lock);
}

void conn_up_to_user(struct tcp_conn *conn, const struct iscsi_bhs *bhs, const void *data, u32 data_bytes)
{
	struct iscsi_bhs copy = *bhs;
	int err = iscsi_recv_pdu(conn->cls, (struct iscsi_hdr *)&copy, (char *)data, data_bytes);

	/* Without a daemon nobody misses it, and the session goes on. */
	if (err < 0 && err != -ESRCH)
		conn_failure(conn, ISCSI_ERR_CONN_FAILED);
}

/* --- created, destroyed --- */

static struct tcp_conn *conn_alloc(struct tcp_session *session)
{
	struct tcp_conn *conn = kzalloc(sizeof(*conn), GFP_KERNEL);

	if (!conn)
		return NULL;
	conn->session = session;
	spin_lock_init(&conn->failure_lock);
	mutex_init(&conn->empty_mutex);
	init_llist_head(&conn->submitted);
	INIT_LIST_HEAD(&conn->tx_mgmt);
	INIT_LIST_HEAD(&conn->tx_data);
	INIT_LIST_HEAD(&conn->tx_commands);
	INIT_LIST_HEAD(&conn->active);
	INIT_WORK(&conn->tx_work, tx_work);
	complete_init(conn);
	nop_init(conn);
	param_defaults_conn(conn);
	if (tasks_init(conn))
		goto free_conn;
	if (rx_init(conn))
		goto exit_tasks;
	return conn;

exit_tasks:
	tasks_exit(conn);
free_conn:
	kfree(conn);
	return NULL;
}

void conn_free(struct tcp_conn *conn)
{
	if (!conn)
		return;
	nop_stop(conn);
	complete_exit(conn);
	rx_exit(conn);
	tasks_exit(conn);
	param_free_conn(conn);
	kfree(conn);
}

/* A path of the session that no connection uses; made at its first use. */
static struct tcp_conn *conn_path(struct tcp_session *session)
{
	struct tcp_conn *conn = session->conns[0];

	if (conn)
		return conn->cls ? NULL : conn;
	conn = conn_alloc(session);
	/* queuecommand and the attributes of the host look at it at any time: all of it, or nothing. */
	smp_store_release(&session->conns[0], conn);
	return conn;
}

static void conn_set_cls(struct tcp_conn *conn, struct iscsi_cls_conn *cls)
{
	spin_lock_bh(&conn->failure_lock);
	conn->cls = cls;
	spin_unlock_bh(&conn->failure_lock);
}

struct iscsi_cls_conn *conn_create(struct iscsi_cls_session *cls_session, u32 cid)
{
	struct tcp_session *session = session_of(cls_session);
	struct iscsi_cls_conn *cls;
	struct tcp_conn *conn;

	if (cid > U16_MAX)
		return NULL;
	conn = conn_path(session);
	if (!conn)
		return NULL;
	cls = iscsi_alloc_conn(cls_session, sizeof(conn), cid);
	if (!cls)
		return NULL;
	*(struct tcp_conn **)cls->dd_data = conn;
	conn->cid = cid;
	conn_set_cls(conn, cls);
	if (iscsi_add_conn(cls)) {
		conn_set_cls(conn, NULL);
		iscsi_put_conn(cls);
		return NULL;
	}
	return cls;
}

/* --- bound, started --- */

static void conn_begin(struct tcp_conn *conn)
{
	struct tcp_session *session = conn->session;

	conn->may_read = false;
	conn->logged_out = false;
	conn->login_tag = 0;
	conn->header_digest = false;
	conn->data_digest = false;
	conn->exp_statsn = 0;
	rx_reset(conn);
	window_begin(&session->window);
}

int conn_bind(struct iscsi_cls_session *cls_session, struct iscsi_cls_conn *cls, u64 transport_eph, int is_leading)
{
	struct tcp_conn *conn = conn_of(cls);

	if (READ_ONCE(conn->state) != TCP_CONN_FREE)
		return -EBUSY;
	conn_begin(conn);
	return socket_attach(conn, transport_eph);
}

/* Under the socket lock: reads what came before user space was ready, and notices whether the target is still there. */
static int conn_open(struct tcp_conn *conn, struct sock *sk)
{
	struct tcp_session *session = conn->session;

	if (sk->sk_state != TCP_ESTABLISHED)
		return -ENOTCONN;
	session->generation++;
	WRITE_ONCE(session->terminating, false);
	WRITE_ONCE(session->recovery_failed, false);
	if (!conn_state(conn, TCP_CONN_UP))
		return -ENOTCONN;
	WRITE_ONCE(session->running, true);
	conn->may_read = true;
	socket_read(conn, sk);
	return 0;
}

int conn_start(struct iscsi_cls_conn *cls)
{
	struct tcp_conn *conn = conn_of(cls);
	struct sock *sk;
	int err;

	err = param_check(conn);
	if (err)
		return err;
	sk = conn_lock(conn);
	if (!sk)
		return -ENOTCONN;
	err = conn_open(conn, sk);
	conn_unlock(sk);
	if (err)
		return err;
	nop_start(conn);
	iscsi_unblock_session(conn->session->cls);
	wake_up_all(&conn->session->recovered);
	tx_kick(conn);
	return 0;
}

/* --- stopped --- */

static void conn_empty(struct tcp_conn *conn, int scsi_result)
{
	guard(mutex)(&conn->empty_mutex);
	socket_detach(conn);
	nop_stop(conn);
	cancel_work_sync(&conn->tx_work);
	tasks_fail(conn, scsi_result);
}

/* Nobody starts it side by side: the class's mutexes. */
static void conn_end(struct tcp_conn *conn, bool terminate)
{
	struct tcp_session *session = conn->session;
	bool was_running = session->running;

	WRITE_ONCE(session->running, false);
	if (terminate)
		WRITE_ONCE(session->terminating, true);
	else if (was_running)
		iscsi_block_session(session->cls);
	conn_state(conn, TCP_CONN_FREE);
	conn_empty(conn, (terminate ? DID_NO_CONNECT : DID_TRANSPORT_DISRUPTED) << 16);
	wake_up_all(&session->recovered);
}

void conn_stop(struct iscsi_cls_conn *cls, int flag)
{
	if (flag != STOP_CONN_TERM && flag != STOP_CONN_RECOVER) {
		iscsi_cls_conn_printk(KERN_ERR, cls, "there is no stop %d\n", flag);
		return;
	}
	conn_end(conn_of(cls), flag == STOP_CONN_TERM);
}

void conn_destroy(struct iscsi_cls_conn *cls)
{
	struct tcp_conn *conn = conn_of(cls);

	if (READ_ONCE(conn->state) != TCP_CONN_FREE)
		conn_end(conn, true);
	iscsi_remove_conn(cls);
	conn_set_cls(conn, NULL);
	iscsi_put_conn(cls);
}
