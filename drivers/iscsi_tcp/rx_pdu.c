// SPDX-License-Identifier: GPL-2.0-only OR GPL-3.0-or-later
/*
 * What a target may send, one row each, and what it means. The gate for all input from the network: opcode, state, length and whom the
 * initiator task tag names are checked by the row, the rest by the row's own functions, before anything is done. Called by rx.c. At error
 * recovery level 0 every violation ends the connection (RFC 7143 7.13). Pure, also built into test programs of user space. Socket lock.
 */
#include "drivers/iscsi_tcp/wire.h"

#define DATA_NEGOTIATED U32_MAX		/* row->data_max: MaxRecvDataSegmentLength */

#define STATES_UP (BIT(TCP_CONN_UP) | BIT(TCP_CONN_LOGOUT))
#define STATES_ANY (STATES_UP | BIT(TCP_CONN_BOUND))

/* --- Data-In --- */

/* RFC 7143 11.7: only for a read, in the order of DataSN, and within what was asked for. */
static int data_in_begin(struct tcp_conn *conn)
{
	const struct iscsi_bhs_data_in *bhs = (struct iscsi_bhs_data_in *)&conn->rx.bhs;
	const struct tcp_session *session = conn->session;
	struct tcp_task *task = conn->rx.task;
	u32 offset = be32_to_cpu(bhs->offset);

	if (task->cmd->sc_data_direction != DMA_FROM_DEVICE)
		return rx_fail(conn, ISCSI_ERR_PROTO);
	if (be32_to_cpu(bhs->datasn) != task->exp_datasn)
		return rx_fail(conn, ISCSI_ERR_DATASN);
	if (offset > task->data_bytes || conn->rx.data_bytes > task->data_bytes - offset)
		return rx_fail(conn, ISCSI_ERR_DATA_OFFSET);
	if (unlikely(offset != task->in.offset)) {
		if (session->data_pdu_in_order && session->data_sequence_in_order)
			return rx_fail(conn, ISCSI_ERR_DATA_OFFSET);
		cursor_seek(&task->in, scsi_sglist(task->cmd), offset);
	}
	/* More bytes than there is room for, however they overlap, would make holes look filled. */
	if (conn->rx.data_bytes > task->data_bytes - task->received)
		return rx_fail(conn, ISCSI_ERR_DATA_OFFSET);
	conn->rx.to_task = true;
	task_rx_start(task);
	return 0;
}

static int data_in_end(struct tcp_conn *conn)
{
	const struct iscsi_bhs_data_in *bhs = (struct iscsi_bhs_data_in *)&conn->rx.bhs;
	struct tcp_task *task = conn->rx.task;

	task->exp_datasn++;
	task->received += conn->rx.data_bytes;
	conn->rx.task = NULL;
	task_rx_done(task);
	if (bhs->flags & ISCSI_BIT_DATA_IN_STATUS) {
		/* RFC 7143 11.7.3: it stands for a SCSI Response, and is counted as one. */
		conn->stats.scsirsp_pdus++;
		scsi_data_in_status(task, bhs);
	}
	return 0;
}

/* --- answers to requests --- */

static int scsi_response_end(struct tcp_conn *conn)
{
	struct tcp_rx *rx = &conn->rx;
	struct tcp_task *task = rx->task;

	rx->task = NULL;
	scsi_response(task, (struct iscsi_bhs_scsi_response *)&rx->bhs, rx->buffer, rx->data_bytes);
	return 0;
}

static int r2t_end(struct tcp_conn *conn)
{
	enum iscsi_err error = r2t_received(conn->rx.task, (struct iscsi_bhs_r2t *)&conn->rx.bhs);

	return error ? rx_fail(conn, error) : 0;
}

static int mgmt_end(struct tcp_conn *conn)
{
	struct tcp_rx *rx = &conn->rx;
	struct tcp_task *task = rx->task;

	rx->task = NULL;
	mgmt_answered(conn, task->mgmt, &rx->bhs, rx->buffer, rx->data_bytes);
	return 0;
}

static int nop_in_end(struct tcp_conn *conn)
{
	struct tcp_rx *rx = &conn->rx;

	if (rx->task)
		return mgmt_end(conn);
	nop_received(conn, (struct iscsi_bhs_nop_in *)&rx->bhs, rx->buffer, rx->data_bytes);
	return 0;
}

/* --- what nobody asked for --- */

static int async_end(struct tcp_conn *conn)
{
	conn_up_to_user(conn, &conn->rx.bhs, conn->rx.buffer, conn->rx.data_bytes);
	return 0;
}

/*
 * RFC 7143 11.17: the data is the header we sent. A task that exists at the target is still answered by a response of its own; one of our
 * own requests is over. User space knows its request by its own tag.
 */
static int reject_end(struct tcp_conn *conn)
{
	struct tcp_rx *rx = &conn->rx;
	struct iscsi_bhs *sent = (struct iscsi_bhs *)rx->buffer;
	struct tcp_task *task = NULL;

	if (rx->data_bytes >= sizeof(*sent))
		task = task_find(conn, sent->itt);
	if (task && task->cmd)
		task = NULL;
	if (task && task->mgmt->from_user)
		sent->itt = task->mgmt->user_itt;
	conn_up_to_user(conn, &rx->bhs, rx->buffer, rx->data_bytes);
	if (!task)
		return 0;
	task->mgmt->response = ISCSI_TASK_ANSWER_REJECTED;
	task_answered(task);
	return 0;
}

/* --- rows --- */

#define COUNT(member) offsetof(struct tcp_counts, member)

const struct rx_row rx_rows[ISCSI_PDU_OPCODE_BITS + 1] = {
	[ISCSI_PDU_NOP_IN] = {
		.states = STATES_ANY, .request = ISCSI_PDU_NOP_OUT, .may_be_unasked = true, .statsn = RX_STATSN_ANSWER,
		.data_max = TCP_USER_DATA_MAX, .count = COUNT(noprx_pdus), .end = nop_in_end,
	},
	[ISCSI_PDU_SCSI_RESPONSE] = {
		.states = STATES_UP, .request = ISCSI_PDU_SCSI_COMMAND, .statsn = RX_STATSN_ALWAYS,
		.data_max = TCP_USER_DATA_MAX, .count = COUNT(scsirsp_pdus), .end = scsi_response_end,
	},
	[ISCSI_PDU_TASK_RESPONSE] = {
		.states = STATES_UP, .request = ISCSI_PDU_TASK_REQUEST, .statsn = RX_STATSN_ALWAYS,
		.data_max = 0, .count = COUNT(tmfrsp_pdus), .end = mgmt_end,
	},
	[ISCSI_PDU_LOGIN_RESPONSE] = {
		.states = BIT(TCP_CONN_BOUND), .request = ISCSI_PDU_LOGIN_REQUEST, .statsn = RX_STATSN_LOGIN,
		.data_max = TCP_USER_DATA_MAX, .end = mgmt_end,
	},
	[ISCSI_PDU_TEXT_RESPONSE] = {
		.states = STATES_UP, .request = ISCSI_PDU_TEXT_REQUEST, .statsn = RX_STATSN_ALWAYS,
		.data_max = TCP_USER_DATA_MAX, .count = COUNT(textrsp_pdus), .end = mgmt_end,
	},
	[ISCSI_PDU_DATA_IN] = {
		.states = STATES_UP, .request = ISCSI_PDU_SCSI_COMMAND, .statsn = RX_STATSN_STATUS,
		.data_max = DATA_NEGOTIATED, .count = COUNT(datain_pdus), .begin = data_in_begin, .end = data_in_end,
	},
	[ISCSI_PDU_LOGOUT_RESPONSE] = {
		.states = STATES_UP, .request = ISCSI_PDU_LOGOUT_REQUEST, .statsn = RX_STATSN_ALWAYS,
		.data_max = 0, .count = COUNT(logoutrsp_pdus), .end = mgmt_end,
	},
	[ISCSI_PDU_R2T] = {
		.states = STATES_UP, .request = ISCSI_PDU_SCSI_COMMAND, .statsn = RX_STATSN_NONE,
		.data_max = 0, .count = COUNT(r2t_pdus), .end = r2t_end,
	},
	[ISCSI_PDU_ASYNC_MESSAGE] = {
		.states = STATES_ANY, .request = RX_NO_REQUEST, .statsn = RX_STATSN_ALWAYS,
		.data_max = TCP_USER_DATA_MAX, .count = COUNT(async_pdus), .end = async_end,
	},
	[ISCSI_PDU_REJECT] = {
		.states = STATES_ANY, .request = RX_NO_REQUEST, .statsn = RX_STATSN_ALWAYS,
		.data_max = TCP_USER_DATA_MAX, .count = COUNT(rjt_pdus), .end = reject_end,
	},
};

static u8 task_request(const struct tcp_task *task)
{
	return task->cmd ? ISCSI_PDU_SCSI_COMMAND : task->mgmt->header.opcode & ISCSI_PDU_OPCODE_BITS;
}

static int rx_name_task(struct tcp_conn *conn, const struct rx_row *row)
{
	struct tcp_rx *rx = &conn->rx;

	if (row->request == RX_NO_REQUEST || (row->may_be_unasked && rx->bhs.itt == cpu_to_be32(ISCSI_TAG_NONE)))
		return 0;
	rx->task = task_find(conn, rx->bhs.itt);
	if (!rx->task)
		return rx_fail(conn, ISCSI_ERR_BAD_ITT);
	return task_request(rx->task) == row->request ? 0 : rx_fail(conn, ISCSI_ERR_PROTO);
}

int rx_begin(struct tcp_conn *conn)
{
	struct tcp_rx *rx = &conn->rx;
	const struct rx_row *row = &rx_rows[rx->bhs.opcode & ISCSI_PDU_OPCODE_BITS];
	u32 max;
	int err;

	rx->row = row;
	rx->task = NULL;
	rx->to_task = false;
	rx->discard = false;
	rx->data_bytes = bhs_data_bytes(&rx->bhs);
	if (!row->end)
		return rx_fail(conn, ISCSI_ERR_BAD_OPCODE);
	if (!(row->states & BIT(READ_ONCE(conn->state))))
		return rx_fail(conn, ISCSI_ERR_PROTO);
	max = row->data_max == DATA_NEGOTIATED ? conn->max_recv_bytes : row->data_max;
	if (rx->data_bytes < row->data_min || rx->data_bytes > max)
		return rx_fail(conn, ISCSI_ERR_DATALEN);
	err = rx_name_task(conn, row);
	if (err)
		return err;
	return row->begin ? row->begin(conn) : 0;
}

/* RFC 7143 4.2.2.2: which PDUs carry a status number of their own that we acknowledge. */
static bool rx_has_statsn(const struct tcp_conn *conn)
{
	const struct tcp_rx *rx = &conn->rx;

	switch ((enum rx_statsn)rx->row->statsn) {
	case RX_STATSN_NONE:
		return false;
	case RX_STATSN_ALWAYS:
		return true;
	case RX_STATSN_ANSWER:
		return rx->bhs.itt != cpu_to_be32(ISCSI_TAG_NONE);
	case RX_STATSN_STATUS:
		return rx->bhs.flags & ISCSI_BIT_DATA_IN_STATUS;
	case RX_STATSN_LOGIN:
		return !((struct iscsi_bhs_login_response *)&rx->bhs)->status_class;
	}
	return false;
}

/* StatSN, ExpCmdSN and MaxCmdSN have the same place in every PDU of a target. */
static void rx_numbers(struct tcp_conn *conn)
{
	const struct iscsi_bhs_nop_in *bhs = (struct iscsi_bhs_nop_in *)&conn->rx.bhs;

	if (rx_has_statsn(conn))
		conn->exp_statsn = be32_to_cpu(bhs->statsn) + 1;
	else if (conn->rx.row->statsn == RX_STATSN_LOGIN)
		return;
	window_update(&conn->session->window, be32_to_cpu(bhs->exp_cmdsn), be32_to_cpu(bhs->max_cmdsn));
}

int rx_end(struct tcp_conn *conn)
{
	struct tcp_rx *rx = &conn->rx;

	rx_numbers(conn);
	conn->stats.rxdata_octets += ISCSI_BHS_BYTES + rx->data_bytes;
	if (rx->row->count)
		++*(u32 *)((u8 *)&conn->stats + rx->row->count);
	return rx->discard ? 0 : rx->row->end(conn);
}
