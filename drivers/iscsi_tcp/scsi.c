// SPDX-License-Identifier: GPL-2.0-only
/*
 * The SCSI side of the software data path: the host template, a command on its way down (scsi_queue) and what a target's answer means
 * to the mid layer (scsi_response, scsi_data_in_status). Called by the mid layer and by rx.c; it takes no lock, and nothing of the
 * connection is decided here. Errors of commands that do not come back are eh.c's.
 */
#include <linux/blk-mq.h>
#include <linux/module.h>

#include <scsi/scsi_device.h>
#include <scsi/scsi_host.h>

#include "drivers/iscsi_tcp/tcp.h"

#define RESPONSE_COMPLETED 0	/* RFC 7143 11.4.3: Command completed at target */

static struct tcp_conn *scsi_conn(struct tcp_session *session)
{
	/* Pairs with the release that makes a connection known, complete. */
	return smp_load_acquire(&session->conns[0]);
}

static void scsi_task_start(struct scsi_cmnd *cmd, struct tcp_conn *conn)
{
	struct tcp_task *task = scsi_cmd_priv(cmd);

	task->cmd = cmd;
	task->data_bytes = scsi_bufflen(cmd);
	task_start(task, conn, scsi_cmd_to_rq(cmd)->tag);
}

static compat_queue_result scsi_queue(struct Scsi_Host *shost, struct scsi_cmnd *cmd)
{
	struct tcp_session *session = shost_priv(shost);
	struct tcp_conn *conn = scsi_conn(session);
	int refused = 0;

	if (unlikely(READ_ONCE(session->cls->state) != ISCSI_SESSION_LOGGED_IN))
		refused = iscsi_session_chkready(session->cls);
	if (unlikely(refused)) {
		cmd->result = refused;
		scsi_done(cmd);
		return 0;
	}
	if (unlikely(!conn || !conn_is_up(conn)))
		return SCSI_MLQUEUE_TARGET_BUSY;
	if (unlikely(!window_open(&session->window))) {
		tx_kick(conn);
		return SCSI_MLQUEUE_TARGET_BUSY;
	}
	scsi_task_start(cmd, conn);
	tx_submit(conn, scsi_cmd_priv(cmd), cmd->flags & SCMD_LAST);
	return 0;
}

/* The last of a dispatch was refused by somebody else, so that no command had SCMD_LAST. */
static void scsi_commit(struct Scsi_Host *shost, u16 hardware_queue)
{
	struct tcp_conn *conn = scsi_conn(shost_priv(shost));

	if (conn)
		tx_kick(conn);
}

/* A task outlives its command: the mid layer is not to clear it for every one. */
static int scsi_task_init(struct Scsi_Host *shost, struct scsi_cmnd *cmd)
{
	struct tcp_task *task = scsi_cmd_priv(cmd);

	memset(task, 0, sizeof(*task));
	INIT_LIST_HEAD(&task->tx);
	INIT_LIST_HEAD(&task->active);
	INIT_LIST_HEAD(&task->r2ts);
	return 0;
}

bool scsi_data_may_change(const struct scsi_cmnd *cmd)
{
	return !compat_has_stable_writes(cmd->device);
}

/*
 * Asked when a disk is found: whoever uses it asks the queue no more once it has the disk open, so that the answer holds for its life.
 * Under a digest that comes with a later login, data is copied.
 */
static bool scsi_needs_stable_pages(struct scsi_device *sdev)
{
	struct tcp_conn *conn = scsi_conn(shost_priv(sdev->host));

	return conn && conn->data_digest;
}

#ifdef COMPAT_QUEUE_LIMITS
static int scsi_configure(struct scsi_device *sdev, struct queue_limits *limits)
{
	if (scsi_needs_stable_pages(sdev))
		limits->features |= BLK_FEAT_STABLE_WRITES;
	return 0;
}
#else
static int scsi_configure(struct scsi_device *sdev)
{
	blk_queue_dma_alignment(sdev->request_queue, 0);
	if (scsi_needs_stable_pages(sdev))
		blk_queue_flag_set(QUEUE_FLAG_STABLE_WRITES, sdev->request_queue);
	return 0;
}
#endif

/* --- answers ----------------------------------------------------------------------------------------------------------------------- */

struct scsi_answer {
	u8 status;
	u8 flags;
	u32 residual;
};

/* Bytes that did not travel. */
static u32 scsi_missing(const struct tcp_task *task)
{
	switch (task->cmd->sc_data_direction) {
	case DMA_FROM_DEVICE:
		return task->data_bytes - task->received;
	case DMA_TO_DEVICE:
		return task->data_bytes - min(task->sent, task->data_bytes);
	default:
		return 0;
	}
}

/*
 * What a read got is what was received, whatever the target says: memory that was not written must not be taken for data; and what was
 * never sent cannot have been written. Less than the target says it transferred is an error; more than it says is valid is cut. Who
 * sends a command of his own gets the count, as there are targets that say nothing about short answers.
 */
static int scsi_set_residual(struct tcp_task *task, const struct scsi_answer *answer)
{
	struct scsi_cmnd *cmd = task->cmd;
	u32 residual = answer->flags & ISCSI_BIT_RESPONSE_UNDERFLOW ? answer->residual : 0;
	u32 missing = scsi_missing(task);

	scsi_set_resid(cmd, min(max(residual, missing), task->data_bytes));
	if (blk_rq_is_passthrough(scsi_cmd_to_rq(cmd)))
		return 0;
	if (residual > task->data_bytes)
		return -EPROTO;
	return missing > residual && answer->status == SAM_STAT_GOOD ? -EPROTO : 0;
}

/* RFC 7143 11.4.7.1: a SenseLength of two bytes, then as much sense data. */
static int scsi_take_sense(struct scsi_cmnd *cmd, const u8 *data, u32 data_bytes)
{
	u32 sense_bytes;

	if (data_bytes < 2)
		return -EPROTO;
	sense_bytes = get_unaligned_be16(data);
	if (!sense_bytes || sense_bytes > data_bytes - 2)
		return -EPROTO;
	memcpy(cmd->sense_buffer, data + 2, min_t(u32, sense_bytes, SCSI_SENSE_BUFFERSIZE));
	return 0;
}

static void scsi_answered(struct tcp_task *task, const struct scsi_answer *answer, int error)
{
	struct scsi_cmnd *cmd = task->cmd;

	cmd->result = DID_OK << 16 | answer->status;
	if (scsi_set_residual(task, answer) || error) {
		dev_warn_ratelimited(&cmd->device->sdev_gendev, "answer to command 0x%02x makes no sense: status 0x%02x, flags 0x%02x, residual %u, %u of %u bytes missing\n",
				     cmd->cmnd[0], answer->status, answer->flags, answer->residual, scsi_missing(task), task->data_bytes);
		cmd->result = DID_ERROR << 16;
	}
	task_answered(task);
}

void scsi_response(struct tcp_task *task, const struct iscsi_bhs_scsi_response *bhs, const void *data, u32 data_bytes)
{
	struct scsi_answer answer = {
		.status = bhs->status,
		.flags = bhs->flags,
		.residual = be32_to_cpu(bhs->residual),
	};
	int error = 0;

	if (bhs->response != RESPONSE_COMPLETED) {
		task->cmd->result = DID_ERROR << 16;
		task_answered(task);
		return;
	}
	if (answer.status == SAM_STAT_CHECK_CONDITION)
		error = scsi_take_sense(task->cmd, data, data_bytes);
	scsi_answered(task, &answer, error);
}

void scsi_data_in_status(struct tcp_task *task, const struct iscsi_bhs_data_in *bhs)
{
	struct scsi_answer answer = {
		.status = bhs->status,
		.flags = bhs->flags,
		.residual = be32_to_cpu(bhs->residual),
	};

	/* RFC 7143 11.7.3: no status that comes with sense data. */
	scsi_answered(task, &answer, answer.status == SAM_STAT_CHECK_CONDITION ? -EPROTO : 0);
}

/* Limits and names are those that administrators see in sysfs. */
compat_host_template scsi_template = {
	.module = THIS_MODULE,
	.name = "iSCSI Initiator over TCP/IP",
	.proc_name = "iscsi_tcp",
	.queuecommand = scsi_queue,
	.commit_rqs = scsi_commit,
	.init_cmd_priv = scsi_task_init,
	.cmd_size = sizeof(struct tcp_task),
	.COMPAT_CONFIGURE = scsi_configure,
	.change_queue_depth = scsi_change_queue_depth,
	.eh_timed_out = eh_timed_out,
	.eh_abort_handler = eh_abort,
	.eh_device_reset_handler = eh_device_reset,
	.eh_target_reset_handler = eh_target_reset,
	.eh_host_reset_handler = eh_host_reset,
	.skip_settle_delay = true,
	.this_id = -1,
	.can_queue = 128,
	.sg_tablesize = 4096,
	.max_sectors = 0xffff,
	.cmd_per_lun = 32,
	.track_queue_depth = 1,
};
