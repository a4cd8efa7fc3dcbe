/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The parameters of SET_PARAM after a login. Digests and the next StatSN come first: the kernel
 * reads the next PDU with them. The set is what open-iscsi's iscsid leaves in sysfs, so that
 * whoever reads /sys/class/iscsi_* finds the same.
 */
#include "daemon/params.h"

#include "daemon/boot.h"
#include "daemon/session.h"
#include "lib/login.h"
#include "transport/user/requests.h"

#define AGREED(member) offsetof(struct negotiated, member)

const struct param_source_row params_rows[] = {
	{ISCSI_PARAM_HDRDGST_EN, PARAM_FROM_BOOL, AGREED(header_digest)},
	{ISCSI_PARAM_DATADGST_EN, PARAM_FROM_BOOL, AGREED(data_digest)},
	{ISCSI_PARAM_EXP_STATSN, PARAM_FROM_STATSN, 0},
	{ISCSI_PARAM_MAX_RECV_DLENGTH, PARAM_FROM_U32, AGREED(max_recv_data_segment_length)},
	{ISCSI_PARAM_MAX_XMIT_DLENGTH, PARAM_FROM_U32, AGREED(max_xmit_data_segment_length)},
	{ISCSI_PARAM_INITIAL_R2T_EN, PARAM_FROM_BOOL, AGREED(initial_r2t)},
	{ISCSI_PARAM_IMM_DATA_EN, PARAM_FROM_BOOL, AGREED(immediate_data)},
	{ISCSI_PARAM_FIRST_BURST, PARAM_FROM_U32, AGREED(first_burst_length)},
	{ISCSI_PARAM_MAX_BURST, PARAM_FROM_U32, AGREED(max_burst_length)},
	{ISCSI_PARAM_TARGET_NAME, PARAM_FROM_TEXT, F_NODE_NAME},
	{ISCSI_PARAM_TPGT, PARAM_FROM_TPGT, 0},
	{ISCSI_PARAM_PERSISTENT_ADDRESS, PARAM_FROM_TEXT, F_NODE_CONN_ADDRESS},
	{ISCSI_PARAM_PERSISTENT_PORT, PARAM_FROM_NUMBER, F_NODE_CONN_PORT},
	{ISCSI_PARAM_INITIATOR_NAME, PARAM_FROM_INITIATOR, 0},
	{ISCSI_PARAM_IFACE_NAME, PARAM_FROM_IFACE, 0},
	{ISCSI_PARAM_PING_TMO, PARAM_FROM_PING, F_NODE_CONN_TIMEO_NOOP_OUT_TIMEOUT},
	{ISCSI_PARAM_RECV_TMO, PARAM_FROM_PING, F_NODE_CONN_TIMEO_NOOP_OUT_INTERVAL},
	{ISCSI_PARAM_MAX_R2T, PARAM_FROM_U32, AGREED(max_outstanding_r2t)},
	{ISCSI_PARAM_PDU_INORDER_EN, PARAM_FROM_BOOL, AGREED(data_pdu_in_order)},
	{ISCSI_PARAM_DATASEQ_INORDER_EN, PARAM_FROM_BOOL, AGREED(data_sequence_in_order)},
	{ISCSI_PARAM_ERL, PARAM_FROM_U32, AGREED(error_recovery_level)},
	{ISCSI_PARAM_FAST_ABORT, PARAM_FROM_NUMBER, F_NODE_SESSION_ISCSI_FAST_ABORT},
	{ISCSI_PARAM_ABORT_TMO, PARAM_FROM_NUMBER, F_NODE_SESSION_ERR_TIMEO_ABORT_TIMEOUT},
	{ISCSI_PARAM_LU_RESET_TMO, PARAM_FROM_NUMBER, F_NODE_SESSION_ERR_TIMEO_LU_RESET_TIMEOUT},
	{ISCSI_PARAM_TGT_RESET_TMO, PARAM_FROM_NUMBER, F_NODE_SESSION_ERR_TIMEO_TGT_RESET_TIMEOUT},
	{ISCSI_PARAM_SESS_RECOVERY_TMO, PARAM_FROM_NUMBER,
	 F_NODE_SESSION_TIMEO_REPLACEMENT_TIMEOUT},
	{ISCSI_PARAM_DISCOVERY_SESS, PARAM_FROM_NOTHING, 0},
	{ISCSI_PARAM_BOOT_ROOT, PARAM_FROM_BOOT, offsetof(struct boot_place, root)},
	{ISCSI_PARAM_BOOT_NIC, PARAM_FROM_BOOT, offsetof(struct boot_place, nic)},
	{ISCSI_PARAM_BOOT_TARGET, PARAM_FROM_BOOT, offsetof(struct boot_place, target)},
	{ISCSI_PARAM_USERNAME, PARAM_FROM_CHAP, F_NODE_SESSION_AUTH_USERNAME},
	{ISCSI_PARAM_PASSWORD, PARAM_FROM_CHAP, F_NODE_SESSION_AUTH_PASSWORD},
	{ISCSI_PARAM_USERNAME_IN, PARAM_FROM_CHAP, F_NODE_SESSION_AUTH_USERNAME_IN},
	{ISCSI_PARAM_PASSWORD_IN, PARAM_FROM_CHAP, F_NODE_SESSION_AUTH_PASSWORD_IN},
	{ISCSI_PARAM_ISID, PARAM_FROM_ISID, 0},
};
const size_t params_row_count = sizeof(params_rows) / sizeof(params_rows[0]);

static void params_add_tpgt(struct request_batch *batch, const struct session *session,
			    const struct negotiated *agreed)
{
	int64_t tpgt = agreed->target_portal_group_tag;

	if (tpgt < 0)
		tpgt = record_number(&session->node, F_NODE_TPGT);
	if (tpgt >= 0)
		batch_set_number(batch, (uint32_t)session->sid, 0, ISCSI_PARAM_TPGT, tpgt);
}

static void params_add_chap(struct request_batch *batch, const struct session *session,
			    const struct param_source_row *row)
{
	const char *text = record_text(&session->node, (enum field)row->place);

	if (*text && session_uses_chap(session))
		batch_set_param(batch, (uint32_t)session->sid, 0, row->param, text);
}

static void params_add_boot(struct request_batch *batch, const struct session *session,
			    const struct param_source_row *row)
{
	const char *text = session->boot ? (const char *)session->boot + row->place : "";

	if (*text)
		batch_set_param(batch, (uint32_t)session->sid, 0, row->param, text);
}

static void params_add_row(struct request_batch *batch, const struct session *session,
			   const struct login_outcome *outcome, uint32_t exp_statsn,
			   const struct param_source_row *row)
{
	const char *agreed = (const char *)&outcome->negotiated + row->place;
	uint32_t sid = (uint32_t)session->sid;
	char isid[ISID_TEXT_MAX];

	switch (row->source) {
	case PARAM_FROM_BOOL:
		batch_set_number(batch, sid, 0, row->param, *(const bool *)agreed);
		break;
	case PARAM_FROM_U32:
		batch_set_number(batch, sid, 0, row->param,
				 *(const uint32_t *)(const void *)agreed);
		break;
	case PARAM_FROM_NUMBER:
		batch_set_number(batch, sid, 0, row->param,
				 record_number(&session->node, (enum field)row->place));
		break;
	/* qla4xxx gives answers to the kernel's pings back without the session's age: all are taken for lost after a recovery. */
	case PARAM_FROM_PING:
		batch_set_number(batch, sid, 0, row->param,
				 session_is_firmware(session)
					 ? 0
					 : record_number(&session->node, (enum field)row->place));
		break;
	case PARAM_FROM_TEXT:
		batch_set_param(batch, sid, 0, row->param,
				record_text(&session->node, (enum field)row->place));
		break;
	case PARAM_FROM_CHAP:
		params_add_chap(batch, session, row);
		break;
	case PARAM_FROM_STATSN:
		batch_set_number(batch, sid, 0, row->param, exp_statsn);
		break;
	case PARAM_FROM_TPGT:
		params_add_tpgt(batch, session, &outcome->negotiated);
		break;
	case PARAM_FROM_INITIATOR:
		batch_set_param(batch, sid, 0, row->param, session->initiator_name);
		break;
	case PARAM_FROM_ISID:
		batch_set_param(batch, sid, 0, row->param, isid_format(session->isid, isid));
		break;
	case PARAM_FROM_IFACE:
		batch_set_param(batch, sid, 0, row->param, session_iface(session));
		break;
	case PARAM_FROM_NOTHING:
		batch_set_number(batch, sid, 0, row->param, 0);
		break;
	case PARAM_FROM_BOOT:
		params_add_boot(batch, session, row);
		break;
	}
}

static bool row_is_agreed(const struct param_source_row *row)
{
	return row->source == PARAM_FROM_BOOL || row->source == PARAM_FROM_U32 ||
	       row->source == PARAM_FROM_STATSN || row->source == PARAM_FROM_TPGT;
}

void params_add_known(struct request_batch *batch, const struct session *session)
{
	static const struct login_outcome nothing;

	for (size_t i = 0; i < params_row_count; i++)
		if (!row_is_agreed(&params_rows[i]))
			params_add_row(batch, session, &nothing, 0, &params_rows[i]);
}

void params_add_agreed(struct request_batch *batch, const struct session *session,
		       const struct login_outcome *outcome, uint32_t exp_statsn)
{
	for (size_t i = 0; i < params_row_count; i++)
		if (row_is_agreed(&params_rows[i]))
			params_add_row(batch, session, outcome, exp_statsn, &params_rows[i]);
}

void params_add(struct request_batch *batch, const struct session *session,
		const struct login_outcome *outcome, uint32_t exp_statsn)
{
	for (size_t i = 0; i < params_row_count; i++)
		params_add_row(batch, session, outcome, exp_statsn, &params_rows[i]);
}
