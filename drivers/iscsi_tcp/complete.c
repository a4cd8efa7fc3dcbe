// SPDX-License-Identifier: GPL-2.0-only OR GPL-3.0-or-later
/*
 * Delivers answered commands to the mid layer, outside of the socket lock, because a completion may submit the next command on this
 * very connection. What one run of the receiver answered is delivered together by a tasklet behind it. Called by task.c, eh.c and
 * conn.c; it decides nothing about a task.
 */
#include <linux/blk-mq.h>

#include "drivers/iscsi_tcp/tcp.h"

/* The softirq of the block layer would only bring the completion to the CPU where it already is. */
static void complete_command(struct scsi_cmnd *cmd)
{
	if (blk_mq_rq_cpu(scsi_cmd_to_rq(cmd)) == smp_processor_id())
		scsi_done_direct(cmd);
	else
		scsi_done(cmd);
}

static void complete_batch(struct tcp_conn *conn)
{
	struct tcp_task *task, *next;

	llist_for_each_entry_safe(task, next, llist_reverse_order(llist_del_all(&conn->done)), done) {
		struct scsi_cmnd *cmd = task->cmd;

		/* The command is the mid layer's from here on, and the task with it. */
		atomic_set(&task->state, 0);
		complete_command(cmd);
	}
}

static void complete_run(struct tasklet_struct *tasklet)
{
	struct tcp_conn *conn = from_tasklet(conn, tasklet, complete);

	complete_batch(conn);
}

void complete_init(struct tcp_conn *conn)
{
	init_llist_head(&conn->done);
	mutex_init(&conn->flush_mutex);
	tasklet_setup(&conn->complete, complete_run);
}

void complete_later(struct tcp_task *task)
{
	struct tcp_conn *conn = task->conn;

	if (llist_add(&task->done, &conn->done))
		tasklet_schedule(&conn->complete);
}

void complete_flush(struct tcp_conn *conn)
{
	might_sleep();
	/* Another flush, or the tasklet, may have taken some just before. */
	mutex_lock(&conn->flush_mutex);
	local_bh_disable();
	complete_batch(conn);
	local_bh_enable();
	tasklet_unlock_wait(&conn->complete);
	mutex_unlock(&conn->flush_mutex);
}

void complete_exit(struct tcp_conn *conn)
{
	complete_flush(conn);
	tasklet_kill(&conn->complete);
}
