// SPDX-License-Identifier: GPL-2.0-only OR GPL-3.0-or-later
/*
 * What the target asks for (Ready To Transfer, RFC 7143 11.8): checked against the command and what was negotiated, and kept until tx has
 * sent everything before it. A task has room for one that waits; those beyond it (MaxOutstandingR2T > 1) are allocated. Socket lock.
 */
#include <linux/slab.h>

#include "drivers/iscsi_tcp/wire.h"

static void r2t_free(struct tcp_task *task, struct tcp_r2t *r2t)
{
	list_del(&r2t->entry);
	if (r2t == &task->spare)
		task->spare_used = false;
	else
		kfree(r2t);
}

static struct tcp_r2t *r2t_new(struct tcp_task *task)
{
	if (task->spare_used)
		return kmalloc(sizeof(struct tcp_r2t), GFP_ATOMIC | __GFP_NOWARN);
	task->spare_used = true;
	return &task->spare;
}

void r2t_forget(struct tcp_task *task)
{
	struct tcp_r2t *r2t, *next;

	list_for_each_entry_safe(r2t, next, &task->r2ts, entry)
		r2t_free(task, r2t);
	task->r2t_count = 0;
	task->burst.end = task->burst.offset;
}

static void burst_begin(struct tcp_task *task, const struct tcp_burst *burst)
{
	task->burst = *burst;
	/* The cursor stands there already, unless the target asks out of order. */
	if (task->out.offset != burst->offset)
		cursor_seek(&task->out, scsi_sglist(task->cmd), burst->offset);
}

bool r2t_next(struct tcp_task *task)
{
	struct tcp_r2t *r2t;

	if (task->burst.ttt != cpu_to_be32(ISCSI_TAG_NONE)) {
		task->burst.ttt = cpu_to_be32(ISCSI_TAG_NONE);
		task->r2t_count--;
	}
	r2t = list_first_entry_or_null(&task->r2ts, struct tcp_r2t, entry);
	if (!r2t)
		return false;
	burst_begin(task, &r2t->burst);
	r2t_free(task, r2t);
	return true;
}

static enum iscsi_err r2t_check(const struct tcp_task *task, const struct tcp_burst *burst, u32 bytes)
{
	const struct tcp_session *session = task->conn->session;

	if (task->cmd->sc_data_direction != DMA_TO_DEVICE || burst->ttt == cpu_to_be32(ISCSI_TAG_NONE))
		return ISCSI_ERR_PROTO;
	if (burst->r2tsn != task->exp_datasn)
		return ISCSI_ERR_R2TSN;
	if (!bytes || bytes > session->max_burst_bytes)
		return ISCSI_ERR_DATALEN;
	if (burst->offset > task->data_bytes || bytes > task->data_bytes - burst->offset)
		return ISCSI_ERR_DATA_OFFSET;
	/* RFC 7143 13.17: it may not have more of them outstanding. */
	if (task->r2t_count >= max_t(u32, session->max_outstanding_r2t, 1))
		return ISCSI_ERR_PROTO;
	return ISCSI_OK;
}

enum iscsi_err r2t_received(struct tcp_task *task, const struct iscsi_bhs_r2t *bhs)
{
	struct tcp_burst burst = {
		.offset = be32_to_cpu(bhs->offset),
		.ttt = bhs->ttt,
		.r2tsn = be32_to_cpu(bhs->r2tsn),
	};
	u32 bytes = be32_to_cpu(bhs->desired_bytes);
	enum iscsi_err error = r2t_check(task, &burst, bytes);
	struct tcp_r2t *r2t;

	if (error)
		return error;
	burst.end = burst.offset + bytes;
	task->exp_datasn++;
	if (task_is(task, TASK_ABORTING))
		return ISCSI_OK;
	task->r2t_count++;
	task->moved = jiffies;
	if (!task_is(task, TASK_TX)) {
		burst_begin(task, &burst);
		task_tx_start(task);
		return ISCSI_OK;
	}
	r2t = r2t_new(task);
	if (!r2t)
		return ISCSI_ERR_CONN_FAILED;
	r2t->burst = burst;
	list_add_tail(&r2t->entry, &task->r2ts);
	return ISCSI_OK;
}
