// SPDX-License-Identifier: GPL-2.0-only OR GPL-3.0-or-later
/*
 * Decides what is sent next on a connection and keeps at it until TCP takes no more: own PDUs first, then data the target waits for, then
 * new commands as far as the window allows. Headers are gathered in one buffer until one has data behind it, and TCP is told that more
 * follows (MSG_MORE) exactly as long as more does follow. A CmdSN is taken when the header is written, never earlier.
 *
 * Whoever submits something sends it there and then, under the socket's spinlock, if no process owns the socket; else the worker does.
 * TX_KICKED says that somebody is about to look at the queues under the lock: whoever finds it set has nothing to do. The receiver sets it
 * while it runs and sends at its end, so that what it caused leaves together. When TCP is full, sk_write_space() goes on.
 */
#include <linux/sched/mm.h>
#include <net/tcp.h>

#include "drivers/iscsi_tcp/wire.h"

#define TX_KICKED 0	/* bit of conn->tx_flags */

static struct tcp_task *first_task(struct list_head *list)
{
	return list_first_entry_or_null(list, struct tcp_task, tx);
}

static bool mgmt_ready(const struct tcp_conn *conn)
{
	if (list_empty(&conn->tx_mgmt))
		return false;
	return first_task((struct list_head *)&conn->tx_mgmt)->mgmt->immediate || window_open(&conn->session->window);
}

static bool command_ready(const struct tcp_conn *conn)
{
	return !list_empty(&conn->tx_commands) && window_open(&conn->session->window);
}

/* RFC 7143 11.5.1: no more data for a command that is being aborted. */
static bool data_ready(struct tcp_conn *conn)
{
	struct tcp_task *task;

	while ((task = first_task(&conn->tx_data)) && task_is(task, TASK_DONE | TASK_ABORTING))
		task_tx_done(task);
	return task;
}

static bool tx_ready(struct tcp_conn *conn)
{
	return command_ready(conn) || data_ready(conn) || mgmt_ready(conn);
}

/* A PDU of the task was handed over, or needs nothing of the task's memory any more. */
static void pdu_end(struct tcp_conn *conn, struct tcp_task *task)
{
	if (!task->cmd) {
		conn->tx.task = task;
		mgmt_sent(task->mgmt);
		conn->tx.task = NULL;
		task_tx_done(task);
		return;
	}
	if (task_is(task, TASK_DONE | TASK_ABORTING)) {
		task_tx_done(task);
		return;
	}
	if (!burst_over(task))
		list_add(&task->tx, &conn->tx_data);
	else if (r2t_next(task))
		list_add_tail(&task->tx, &conn->tx_data);
	else
		task_tx_done(task);
}

static u32 data_crc(const struct tcp_task *task, u32 bytes)
{
	if (task->cmd)
		return digest_add_cursor(DIGEST_SEED, &task->out, bytes);
	return digest_add(DIGEST_SEED, task->mgmt->data, bytes);
}

/* The header was written behind what is in the buffer; `data` bytes follow it. */
static void pdu_begin(struct tcp_conn *conn, struct tcp_task *task, u32 header, u32 data)
{
	struct tcp_tx *tx = &conn->tx;
	u8 *bytes = tx->bytes + tx->have;

	if (conn->header_digest) {
		digest_format(digest_add(DIGEST_SEED, bytes, header), bytes + header);
		header += ISCSI_CRC32C_BYTES;
	}
	tx->have += header;
	list_del_init(&task->tx);
	if (!data) {
		pdu_end(conn, task);
		return;
	}
	tx->task = task;
	tx->data_bytes = data;
	tx->pad = pad_bytes(data);
	tx->copies = conn->data_digest && task->cmd && scsi_data_may_change(task->cmd);
	if (tx->copies)
		tx->crc = DIGEST_SEED;
	else if (conn->data_digest)
		tx->crc = data_crc(task, data);
}

/* Logins are not told, as most of them are made before there is a connection to count them. */
static void count_mgmt(struct tcp_conn *conn, const struct tcp_mgmt *mgmt)
{
	switch (mgmt->header.opcode & ISCSI_PDU_OPCODE_BITS) {
	case ISCSI_PDU_NOP_OUT:
		conn->stats.noptx_pdus++;
		break;
	case ISCSI_PDU_TASK_REQUEST:
		conn->stats.tmfcmd_pdus++;
		break;
	case ISCSI_PDU_TEXT_REQUEST:
		conn->stats.text_pdus++;
		break;
	case ISCSI_PDU_LOGOUT_REQUEST:
		conn->stats.logout_pdus++;
		break;
	}
}

static void build_mgmt(struct tcp_conn *conn)
{
	struct tcp_task *task = first_task(&conn->tx_mgmt);
	u32 cmdsn = READ_ONCE(conn->session->window.cmdsn);
	u32 header, data;

	if (!task->mgmt->immediate && !window_take(&conn->session->window, &cmdsn))
		return;
	task_activate(task, cmdsn);
	count_mgmt(conn, task->mgmt);
	header = pdu_mgmt(task->mgmt, cmdsn, conn->tx.bytes + conn->tx.have, &data);
	pdu_begin(conn, task, header, data);
}

static void build_data_out(struct tcp_conn *conn)
{
	struct tcp_task *task = first_task(&conn->tx_data);
	u32 header, data;

	header = pdu_data_out(task, conn->tx.bytes + conn->tx.have, &data);
	conn->stats.dataout_pdus++;
	pdu_begin(conn, task, header, data);
}

static void build_command(struct tcp_conn *conn)
{
	struct tcp_task *task = first_task(&conn->tx_commands);
	u32 cmdsn, header, data;

	if (!window_take(&conn->session->window, &cmdsn))
		return;
	task->spare_used = false;
	task_activate(task, cmdsn);
	header = pdu_scsi_command(task, conn->tx.bytes + conn->tx.have, &data);
	conn->stats.scsicmd_pdus++;
	pdu_begin(conn, task, header, data);
}

static void build_next(struct tcp_conn *conn)
{
	if (mgmt_ready(conn))
		build_mgmt(conn);
	else if (data_ready(conn))
		build_data_out(conn);
	else
		build_command(conn);
}

/* Commands of a connection that is not up go back; own PDUs wait for the next step of the login. */
static void tx_collect(struct tcp_conn *conn)
{
	struct tcp_task *task;

	task_collect(conn);
	if (likely(conn_is_up(conn)))
		return;
	while ((task = first_task(&conn->tx_commands))) {
		list_del_init(&task->tx);
		task_refuse(task);
	}
}

static void tx_fill(struct tcp_conn *conn)
{
	struct tcp_tx *tx = &conn->tx;

	tx_collect(conn);
	while (!tx->task && tx->have + TX_HEADER_MAX <= sizeof(tx->bytes) && tx_ready(conn))
		build_next(conn);
}

static int push_bytes(struct tcp_conn *conn, struct sock *sk)
{
	struct tcp_tx *tx = &conn->tx;
	bool more = tx->task || tx_ready(conn);

	while (tx->sent < tx->have) {
		int sent = send_bytes(sk, tx->bytes + tx->sent, tx->have - tx->sent, more);

		if (sent <= 0)
			return sent ?: -EAGAIN;
		tx->sent += sent;
		tx->promised = more;
		conn->stats.txdata_octets += sent;
	}
	tx->have = 0;
	tx->sent = 0;
	return 0;
}

/* The digest is of the bytes that TCP took, whatever becomes of the pages they came from. */
static int push_copy(struct sock *sk, struct tcp_tx *tx, bool more)
{
	struct tcp_cursor *out = &tx->task->out;
	u32 bytes = cursor_peek(out, tx->bytes, min_t(u32, tx->data_bytes, sizeof(tx->bytes)));
	int sent;

	if (!bytes)
		return -EFAULT;
	sent = send_bytes(sk, tx->bytes, bytes, more || bytes < tx->data_bytes);
	if (sent > 0) {
		tx->crc = digest_add(tx->crc, tx->bytes, sent);
		cursor_advance(out, sent);
	}
	return sent;
}

static int push_some_data(struct sock *sk, struct tcp_tx *tx, bool more)
{
	const struct tcp_mgmt *mgmt = tx->task->mgmt;

	if (tx->copies)
		return push_copy(sk, tx, more);
	if (tx->task->cmd)
		return send_cursor(sk, &tx->task->out, tx->data_bytes, more);
	return send_bytes(sk, mgmt->data + mgmt->data_bytes - tx->data_bytes, tx->data_bytes, more);
}

/* Pad and data digest go with the next headers, which begin at a multiple of 4 in the buffer as they do in the stream. */
static void data_end(struct tcp_conn *conn)
{
	struct tcp_tx *tx = &conn->tx;
	struct tcp_task *task = tx->task;

	if (tx->pad) {
		memset(tx->bytes, 0, 4);
		tx->sent = 4 - tx->pad;
		tx->have = 4;
	}
	if (conn->data_digest) {
		tx->crc = digest_add(tx->crc, tx->bytes + tx->sent, tx->pad);
		digest_format(tx->crc, tx->bytes + tx->have);
		tx->have += ISCSI_CRC32C_BYTES;
	}
	tx->task = NULL;
	task->moved = jiffies;
	pdu_end(conn, task);
}

static bool data_is_last(struct tcp_conn *conn)
{
	const struct tcp_task *task = conn->tx.task;

	if (conn->tx.pad || conn->data_digest || tx_ready(conn))
		return false;
	return !task->cmd || task_is(task, TASK_DONE | TASK_ABORTING) || (burst_over(task) && list_empty(&task->r2ts));
}

static int push_data(struct tcp_conn *conn, struct sock *sk)
{
	struct tcp_tx *tx = &conn->tx;
	bool more = !data_is_last(conn);

	while (tx->data_bytes) {
		int sent = push_some_data(sk, tx, more);

		if (sent <= 0)
			return sent ?: -EAGAIN;
		tx->promised = more;
		tx->data_bytes -= sent;
		conn->stats.txdata_octets += sent;
		tx->task->sent += sent;
	}
	data_end(conn);
	return 0;
}

static int tx_push(struct tcp_conn *conn, struct sock *sk)
{
	struct tcp_tx *tx = &conn->tx;
	int err;

	for (;;) {
		tx_fill(conn);
		if (!tx->have && !tx->task)
			return 0;
		err = tx->have ? push_bytes(conn, sk) : 0;
		if (!err && tx->task)
			err = push_data(conn, sk);
		if (err)
			return err;
	}
}

/* Socket lock. */
static void tx_run(struct tcp_conn *conn, struct sock *sk)
{
	enum tcp_conn_state state = READ_ONCE(conn->state);
	int err;

	sock_owned_by_me(sk);
	if (conn->tx.running)
		return;
	if (unlikely(state == TCP_CONN_FREE || state == TCP_CONN_FAILED)) {
		tx_collect(conn);
		return;
	}
	conn->tx.running = true;
	err = tx_push(conn, sk);
	conn->tx.running = false;
	if (unlikely(err && err != -EAGAIN))
		conn_failure(conn, ISCSI_ERR_XMIT_FAILED);
	else if (unlikely(!err && conn->tx.promised))
		queue_work(conn->session->workqueue, &conn->tx_work);
}

/* From here on a submission kicks again: what was submitted before is seen by whoever runs now. */
static void tx_look(struct tcp_conn *conn)
{
	clear_bit(TX_KICKED, &conn->tx_flags);
	/* Pairs with test_and_set_bit() in tx_kick(), which comes after the push. */
	smp_mb__after_atomic();
}

static void tx_kick_inline(struct tcp_conn *conn, struct sock *sk)
{
	spin_lock_bh(&sk->sk_lock.slock);
	if (unlikely(sk->sk_user_data != conn || sock_owned_by_user(sk))) {
		queue_work(conn->session->workqueue, &conn->tx_work);
	} else {
		tx_look(conn);
		tx_run(conn, sk);
	}
	spin_unlock_bh(&sk->sk_lock.slock);
}

void tx_kick(struct tcp_conn *conn)
{
	struct sock *sk;

	if (test_and_set_bit(TX_KICKED, &conn->tx_flags))
		return;
	rcu_read_lock();
	sk = conn_sk(conn);
	if (likely(sk))
		tx_kick_inline(conn, sk);
	else
		queue_work(conn->session->workqueue, &conn->tx_work);
	rcu_read_unlock();
}

void tx_submit(struct tcp_conn *conn, struct tcp_task *task, bool kick)
{
	llist_add(&task->submit, &conn->submitted);
	if (unlikely(!conn_is_up(conn)))
		queue_work(conn->session->workqueue, &conn->tx_work);
	else if (kick)
		tx_kick(conn);
}

void tx_mgmt(struct tcp_conn *conn, struct tcp_mgmt *mgmt)
{
	list_add_tail(&mgmt->task.tx, &conn->tx_mgmt);
	if (!test_bit(TX_KICKED, &conn->tx_flags))
		tx_run(conn, conn_sk(conn));
}

void tx_hold(struct tcp_conn *conn)
{
	set_bit(TX_KICKED, &conn->tx_flags);
}

static bool tx_pending(const struct tcp_conn *conn)
{
	return conn->tx.have || conn->tx.task || !llist_empty(&conn->submitted) || !list_empty(&conn->tx_data) ||
	       !list_empty(&conn->tx_commands) || !list_empty(&conn->tx_mgmt);
}

void tx_kick_locked(struct tcp_conn *conn)
{
	tx_look(conn);
	if (tx_pending(conn))
		tx_run(conn, conn_sk(conn));
}

void tx_write_space(struct tcp_conn *conn)
{
	if (!tx_pending(conn))
		return;
	/* Out of memory in the midst of sending: TCP asks to be called again. */
	if (conn->tx.running)
		queue_work(conn->session->workqueue, &conn->tx_work);
	else
		tx_run(conn, conn_sk(conn));
}

/* The connection has no socket: whoever submits meanwhile gets it back. */
static void tx_drain(struct tcp_conn *conn)
{
	struct tcp_task *task, *next;

	llist_for_each_entry_safe(task, next, llist_del_all(&conn->submitted), submit)
		task_refuse(task);
}

static void tx_work_locked(struct tcp_conn *conn, struct sock *sk)
{
	bool uncork;

	sock_hold(sk);
	tx_run(conn, sk);
	uncork = conn->tx.promised && !conn->tx.have && !conn->tx.task;
	if (uncork)
		conn->tx.promised = false;
	conn_unlock(sk);
	/* What was promised to follow does not: TCP sends what it kept back for it. */
	if (uncork)
		tcp_sock_set_nodelay(sk);
	sock_put(sk);
}

void tx_work(struct work_struct *work)
{
	struct tcp_conn *conn = container_of(work, struct tcp_conn, tx_work);
	unsigned int flags = memalloc_noreclaim_save();
	struct sock *sk;

	tx_look(conn);
	sk = conn_lock(conn);
	if (sk)
		tx_work_locked(conn, sk);
	else
		tx_drain(conn);
	memalloc_noreclaim_restore(flags);
}

void tx_forget(struct tcp_conn *conn)
{
	conn->tx.task = NULL;
	conn->tx.have = 0;
	conn->tx.sent = 0;
	conn->tx.promised = false;
	clear_bit(TX_KICKED, &conn->tx_flags);
}
