// SPDX-License-Identifier: GPL-2.0-only OR GPL-3.0-or-later
/*
 * Headers of the PDUs we send, and how much data goes with them unasked (ImmediateData, InitialR2T, FirstBurstLength, the target's
 * MaxRecvDataSegmentLength; RFC 7143 13.10-13.14). Called by tx.c when a PDU is about to be sent, and never before: sequence numbers and
 * acknowledgements are those of this moment. Never touches the socket.
 */
#include "drivers/iscsi_tcp/wire.h"

#define AHS_EXTENDED_CDB 0x01

static void data_length_set(u8 to[3], u32 bytes)
{
	to[0] = bytes >> 16;
	to[1] = bytes >> 8;
	to[2] = bytes;
}

/* The mid layer's number to the eight bytes of SAM: four levels of two bytes. */
static void lun_set(u8 to[8], u64 lun)
{
	u32 i;

	for (i = 0; i < 8; i += 2, lun >>= 16) {
		to[i] = lun >> 8;
		to[i + 1] = lun;
	}
}

/* RFC 7143 11.2.2.3: what does not fit into the 16 bytes of the BHS. The length counts the reserved byte. */
static u32 extended_cdb(const struct scsi_cmnd *cmd, u8 *to)
{
	u32 rest = cmd->cmd_len - 16;
	u32 ahs_bytes = 4 + rest + pad_bytes(rest);

	memset(to, 0, ahs_bytes);
	to[1] = rest + 1;
	to[2] = AHS_EXTENDED_CDB;
	memcpy(to + 4, cmd->cmnd + 16, rest);
	return ahs_bytes;
}

/* Bytes of a write that go with the command PDU; sets the burst that follows it unasked. */
static u32 unsolicited(struct tcp_task *task)
{
	const struct tcp_conn *conn = task->conn;
	const struct tcp_session *session = conn->session;
	u32 first_burst = min(session->first_burst_bytes, task->data_bytes);
	u32 immediate = 0;

	if (session->immediate_data)
		immediate = min(first_burst, conn->max_xmit_bytes);
	task->burst.offset = immediate;
	task->burst.end = session->initial_r2t ? immediate : first_burst;
	task->burst.ttt = cpu_to_be32(ISCSI_TAG_NONE);
	task->burst.datasn = 0;
	return immediate;
}

static u32 command_data(struct tcp_task *task, struct iscsi_bhs_scsi_command *bhs)
{
	struct scsi_cmnd *cmd = task->cmd;
	u32 immediate;

	bhs->flags = ISCSI_BIT_FINAL | ISCSI_TASK_SIMPLE;
	if (!task->data_bytes)
		return 0;
	if (cmd->sc_data_direction != DMA_TO_DEVICE) {
		cursor_start(&task->in, scsi_sglist(cmd));
		bhs->flags |= ISCSI_BIT_COMMAND_READ;
		return 0;
	}
	cursor_start(&task->out, scsi_sglist(cmd));
	bhs->flags |= ISCSI_BIT_COMMAND_WRITE;
	immediate = unsolicited(task);
	/* RFC 7143 11.3.1: F is clear if unsolicited Data-Out PDUs follow. */
	if (!burst_over(task))
		bhs->flags &= ~ISCSI_BIT_FINAL;
	return immediate;
}

u32 pdu_scsi_command(struct tcp_task *task, u8 *to, u32 *ret_data)
{
	struct iscsi_bhs_scsi_command *bhs = (struct iscsi_bhs_scsi_command *)to;
	const struct scsi_cmnd *cmd = task->cmd;
	u32 bytes = sizeof(*bhs);

	bhs->opcode = ISCSI_PDU_SCSI_COMMAND;
	*ret_data = command_data(task, bhs);
	memset(bhs->reserved2, 0, sizeof(bhs->reserved2));
	data_length_set(bhs->data_length, *ret_data);
	lun_set(bhs->lun, cmd->device->lun);
	bhs->itt = cpu_to_be32(task->tag);
	bhs->expected_bytes = cpu_to_be32(task->data_bytes);
	bhs->cmdsn = cpu_to_be32(task->cmdsn);
	bhs->exp_statsn = cpu_to_be32(task->conn->exp_statsn);
	memcpy(bhs->cdb, cmd->cmnd, sizeof(bhs->cdb));
	if (likely(cmd->cmd_len == sizeof(bhs->cdb))) {
		bhs->ahs_words = 0;
		return bytes;
	}
	if (cmd->cmd_len < sizeof(bhs->cdb))
		memset(bhs->cdb + cmd->cmd_len, 0, sizeof(bhs->cdb) - cmd->cmd_len);
	else
		bytes += extended_cdb(cmd, to + sizeof(*bhs));
	bhs->ahs_words = (bytes - sizeof(*bhs)) / 4;
	return bytes;
}

u32 pdu_data_out(struct tcp_task *task, u8 *to, u32 *ret_data)
{
	struct iscsi_bhs_data_out *bhs = (struct iscsi_bhs_data_out *)to;
	struct tcp_burst *burst = &task->burst;
	u32 bytes = min(burst->end - burst->offset, task->conn->max_xmit_bytes);

	memset(bhs, 0, sizeof(*bhs));
	bhs->opcode = ISCSI_PDU_DATA_OUT;
	data_length_set(bhs->data_length, bytes);
	lun_set(bhs->lun, task->cmd->device->lun);
	bhs->itt = cpu_to_be32(task->tag);
	bhs->ttt = burst->ttt;
	bhs->exp_statsn = cpu_to_be32(task->conn->exp_statsn);
	bhs->datasn = cpu_to_be32(burst->datasn++);
	bhs->offset = cpu_to_be32(burst->offset);
	burst->offset += bytes;
	if (burst_over(task))
		bhs->flags = ISCSI_BIT_FINAL;
	*ret_data = bytes;
	return sizeof(*bhs);
}

u32 pdu_mgmt(struct tcp_mgmt *mgmt, u32 cmdsn, u8 *to, u32 *ret_data)
{
	struct iscsi_bhs_nop_out *bhs = (struct iscsi_bhs_nop_out *)to;

	memcpy(bhs, &mgmt->header, sizeof(*bhs));
	if (mgmt->immediate)
		bhs->opcode |= ISCSI_PDU_IMMEDIATE;
	data_length_set(bhs->data_length, mgmt->data_bytes);
	bhs->itt = cpu_to_be32(mgmt->unanswered ? ISCSI_TAG_NONE : mgmt->task.tag);
	/* CmdSN and ExpStatSN have the same place in every request. */
	bhs->cmdsn = cpu_to_be32(cmdsn);
	bhs->exp_statsn = cpu_to_be32(mgmt->task.conn->exp_statsn);
	*ret_data = mgmt->data_bytes;
	return sizeof(*bhs);
}
