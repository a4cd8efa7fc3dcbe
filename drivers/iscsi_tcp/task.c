// SPDX-License-Identifier: GPL-2.0-only OR GPL-3.0-or-later
/*
 * Which tag is whose, and who may touch a task: the one place that writes the state word of a task, puts it in and out of the lists of
 * its connection and decides when an answered one may be delivered. Called by scsi.c and mgmt.c (start), tx.c, rx.c and eh.c. It never
 * looks into a PDU and never sends.
 *
 * A tag is looked up in the connection's own table, not in the block layer's: an entry is set when the request PDU begins to be sent and
 * cleared by the answer, both under the socket lock, so that whatever tag a target makes up, it finds a task that waits for an answer on
 * this very connection, or nothing.
 */
#include <linux/mm.h>
#include <linux/nospec.h>

#include "drivers/iscsi_tcp/tcp.h"

int tasks_init(struct tcp_conn *conn)
{
	conn->slot_count = conn->session->shost->can_queue + TCP_MGMT_TASKS;
	conn->slots = kvcalloc(conn->slot_count, sizeof(*conn->slots), GFP_KERNEL);
	return conn->slots ? 0 : -ENOMEM;
}

void tasks_exit(struct tcp_conn *conn)
{
	kvfree(conn->slots);
	conn->slots = NULL;
}

static struct tcp_slot *task_slot(struct tcp_conn *conn, u32 tag)
{
	u32 index = tag & TAG_NUMBER;
	u32 commands = conn->slot_count - TCP_MGMT_TASKS;

	if (index >= (tag & TAG_INTERNAL ? TCP_MGMT_TASKS : commands))
		return NULL;
	if (tag & TAG_INTERNAL)
		index += commands;
	return &conn->slots[array_index_nospec(index, conn->slot_count)];
}

static void task_assert_locked(const struct tcp_conn *conn)
{
	struct sock *sk = conn_sk(conn);

	if (sk)
		sock_owned_by_me(sk);
}

static void task_mark(struct tcp_task *task, int set, int clear)
{
	atomic_set(&task->state, (atomic_read(&task->state) & ~clear) | set);
}

struct tcp_task *task_find(struct tcp_conn *conn, __be32 itt)
{
	u32 tag = be32_to_cpu(itt);
	struct tcp_slot *slot = task_slot(conn, tag);

	task_assert_locked(conn);
	if (!slot || !slot->task || slot->task->tag != tag)
		return NULL;
	return slot->task;
}

void task_start(struct tcp_task *task, struct tcp_conn *conn, u32 number)
{
	struct tcp_slot *slot = task_slot(conn, number);
	u32 generation = ++slot->generation & TASK_GENERATIONS;

	task->tag = generation << TASK_GENERATION_SHIFT | number;
	task->conn = conn;
	INIT_LIST_HEAD(&task->tx);
	INIT_LIST_HEAD(&task->active);
	INIT_LIST_HEAD(&task->r2ts);
	task->r2t_count = 0;
	task->burst = (struct tcp_burst){ .ttt = cpu_to_be32(ISCSI_TAG_NONE) };
	task->received = 0;
	task->sent = 0;
	task->exp_datasn = 0;
	task->started = jiffies;
	task->moved = task->started;
	atomic_set(&task->state, generation << TASK_GENERATION_SHIFT | TASK_SUBMITTED);
}

void task_keep_tag(struct tcp_task *task, u32 tag)
{
	if (WARN_ON_ONCE((task->tag ^ tag) & (TAG_INTERNAL | TAG_NUMBER)))
		return;
	task->tag = tag;
	task_slot(task->conn, tag)->generation = tag >> TASK_GENERATION_SHIFT;
	atomic_set(&task->state, (tag & ~TASK_FLAGS & ~(TAG_INTERNAL | TAG_NUMBER)) | TASK_SUBMITTED);
}

static void task_sort(struct tcp_conn *conn)
{
	struct tcp_task *task, *next;

	llist_for_each_entry_safe(task, next, llist_reverse_order(llist_del_all(&conn->submitted)), submit)
		list_add_tail(&task->tx, task->cmd ? &conn->tx_commands : &conn->tx_mgmt);
}

void task_collect(struct tcp_conn *conn)
{
	task_assert_locked(conn);
	if (!llist_empty(&conn->submitted))
		task_sort(conn);
}

void task_activate(struct tcp_task *task, u32 cmdsn)
{
	struct tcp_conn *conn = task->conn;

	task_assert_locked(conn);
	task->cmdsn = cmdsn;
	task->moved = jiffies;
	task_slot(conn, task->tag)->task = task;
	list_add_tail(&task->active, &conn->active);
	task_mark(task, TASK_ACTIVE | TASK_TX, TASK_SUBMITTED);
}

void task_tx_start(struct tcp_task *task)
{
	task_assert_locked(task->conn);
	if (task_is(task, TASK_TX))
		return;
	list_add_tail(&task->tx, &task->conn->tx_data);
	task_mark(task, TASK_TX, 0);
}

void task_rx_start(struct tcp_task *task)
{
	task_assert_locked(task->conn);
	task_mark(task, TASK_RX, 0);
}

/* Out of every list and table: neither an answer nor tx finds it any more. */
static void task_unlink(struct tcp_task *task)
{
	struct tcp_conn *conn = task->conn;
	struct tcp_slot *slot = task_slot(conn, task->tag);

	if (slot->task == task)
		slot->task = NULL;
	if (conn->rx.task == task) {
		conn->rx.task = NULL;
		conn->rx.discard = true;
	}
	list_del_init(&task->tx);
	list_del_init(&task->active);
	r2t_forget(task);
}

static void task_deliver(struct tcp_task *task)
{
	task_unlink(task);
	if (task->cmd) {
		complete_later(task);
		return;
	}
	task_mark(task, 0, TASK_FLAGS);
	if (task->mgmt->answered)
		complete(task->mgmt->answered);
	else
		mgmt_put(task->mgmt);
}

static void task_settle(struct tcp_task *task)
{
	if (task_is(task, TASK_DONE) && !task_is(task, TASK_TX | TASK_RX))
		task_deliver(task);
}

void task_answered(struct tcp_task *task)
{
	struct tcp_conn *conn = task->conn;

	task_assert_locked(conn);
	if (WARN_ON_ONCE(!task_is(task, TASK_ACTIVE) || task_is(task, TASK_DONE)))
		return;
	/* A second answer, or data behind the answer, finds nobody. */
	task_slot(conn, task->tag)->task = NULL;
	task_mark(task, TASK_DONE, 0);
	if (conn->tx.task != task) {
		/* It only waits for its turn to send what the target does not want any more. */
		list_del_init(&task->tx);
		task_mark(task, 0, TASK_TX);
	}
	task_settle(task);
}

void task_tx_done(struct tcp_task *task)
{
	task_assert_locked(task->conn);
	list_del_init(&task->tx);
	task_mark(task, 0, TASK_TX);
	task->moved = jiffies;
	task_settle(task);
}

void task_rx_done(struct tcp_task *task)
{
	task_assert_locked(task->conn);
	task->moved = jiffies;
	task_mark(task, 0, TASK_RX);
	task_settle(task);
}

static void task_fail(struct tcp_task *task, int scsi_result)
{
	if (!task_is(task, TASK_DONE)) {
		if (task->cmd)
			task->cmd->result = scsi_result;
		else
			task->mgmt->lost = true;
		task_mark(task, TASK_DONE, 0);
	}
	task_deliver(task);
}

void task_refuse(struct tcp_task *task)
{
	task_fail(task, iscsi_session_chkready(task->conn->session->cls) ?: DID_REQUEUE << 16);
}

void task_quiet(struct tcp_task *task)
{
	struct tcp_conn *conn = task->conn;

	task_assert_locked(conn);
	task_mark(task, TASK_ABORTING, 0);
	if (conn->tx.task != task) {
		list_del_init(&task->tx);
		task_mark(task, 0, TASK_TX);
	}
}

/* On its way to the mid layer, if it is not there already. */
static bool task_has_left(const struct tcp_task *task)
{
	return !task_is(task, TASK_FLAGS) || (task_is(task, TASK_DONE) && list_empty(&task->active));
}

int task_drop(struct tcp_task *task, int scsi_result)
{
	task_assert_locked(task->conn);
	if (task_has_left(task))
		return 0;
	if (task->conn->tx.task == task) {
		task_quiet(task);
		return -EBUSY;
	}
	task_fail(task, scsi_result);
	return 0;
}

void tasks_fail(struct tcp_conn *conn, int scsi_result)
{
	struct tcp_task *task, *next;

	tx_forget(conn);
	task_sort(conn);
	list_for_each_entry_safe(task, next, &conn->active, active)
		task_fail(task, scsi_result);
	list_for_each_entry_safe(task, next, &conn->tx_mgmt, tx)
		task_fail(task, scsi_result);
	list_for_each_entry_safe(task, next, &conn->tx_commands, tx)
		task_fail(task, scsi_result);
	complete_flush(conn);
}
