// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests about connections, all under the mutex of their session. Called by netlink.c. What surrounds the driver's call (endpoint,
 * cleanup by the class itself) is in conn*.c; what fails in the driver is told in r.retcode, what the class refuses is returned.
 */
#include "transport/class/compat.h"
#include "transport/class/message.h"

int request_conn_create(struct class_request *req)
{
	const struct msg_create_conn *ask = &req->event.u.c_conn;
	struct iscsi_cls_conn *cls;

	if (ask->cid > U16_MAX) /* RFC 7143 11.12.6: a CID has 16 bits */
		return -EINVAL;
	if (class_conn_find(req->session, ask->cid))
		return -EEXIST;
	cls = req->ops->create_conn(&req->session->cls, ask->cid);
	if (!cls)
		return -ENOMEM;
	req->event.r.c_conn_ret.sid = req->session->cls.sid;
	req->event.r.c_conn_ret.cid = cls->cid;
	return 0;
}

int request_conn_destroy(struct class_request *req)
{
	return conn_destroy(req->session, req->conn);
}

int request_conn_bind(struct class_request *req)
{
	const struct msg_bind_conn *ask = &req->event.u.b_conn;
	int fault = 0;

	req->event.r.retcode = conn_bind(req->session, req->conn, ask->transport_eph, ask->is_leading, &fault);
	return fault;
}

int request_conn_start(struct class_request *req)
{
	req->event.r.retcode = conn_start(req->session, req->conn);
	return 0;
}

int request_conn_stop(struct class_request *req)
{
	u32 flag = req->event.u.stop_conn.flag;

	if (flag < STOP_CONN_TERM || flag > STOP_CONN_RECOVER)
		return -EINVAL;
	conn_stop(req->session, req->conn, flag);
	req->event.r.retcode = 0;
	return 0;
}

int request_conn_send_pdu(struct class_request *req)
{
	u8 *header = req->data;

	req->event.r.retcode = conn_send_pdu(req->session, req->conn, header, header + sizeof(struct iscsi_hdr),
					     req->event.u.send_pdu.data_size);
	return 0;
}

/* ---- SET_PARAM ---- */

enum param_type { NUM, BOOL, TEXT };

static const u8 param_types[ISCSI_PARAM_MAX] = {
#define PARAM(number, id, object, attribute, type, flags, sentence) [number] = type,
#include "transport/abi/params.def"
#undef PARAM
};

/* Drivers read numbers without looking whether there is one. */
static int check_number(const char *text)
{
	long long value;

	if (kstrtoll(text, 10, &value) || value < INT_MIN || value > U32_MAX)
		return -EINVAL;
	return 0;
}

static int set_recovery_tmo(struct class_request *req)
{
	int seconds;

	if (kstrtoint(req->data, 10, &seconds))
		return -EINVAL;
	return session_recovery_tmo_set(&req->session->cls, seconds, false);
}

/* The class compares it with other sessions'; most drivers do not want to know. */
static int set_isid(struct class_request *req)
{
	struct class_session *session = req->session;
	u8 isid[sizeof(session->isid)];
	int error;

	if (strlen(req->data) != 2 * sizeof(isid) || hex2bin(isid, req->data, sizeof(isid)))
		return -EINVAL;
	memcpy(session->isid, isid, sizeof(isid));
	session->isid_known = true;
	error = req->ops->set_param(&req->conn->cls, ISCSI_PARAM_ISID, req->data, req->data_bytes);
	return error == -ENOSYS || error == -ENODATA ? 0 : error;
}

int request_conn_set_param(struct class_request *req)
{
	u32 param = req->event.u.set_param.param;
	struct iscsi_cls_conn *cls = &req->conn->cls;
	int state = READ_ONCE(cls->state);

	if (param >= ISCSI_PARAM_MAX)
		return -ENOSYS;
	if (param_types[array_index_nospec(param, ISCSI_PARAM_MAX)] != TEXT && check_number(req->data))
		return -EINVAL;
	if (param == ISCSI_PARAM_SESS_RECOVERY_TMO)
		return set_recovery_tmo(req);
	if (state != ISCSI_CONN_BOUND && state != ISCSI_CONN_UP)
		return -ENOTCONN;
	if (param == ISCSI_PARAM_ISID)
		return set_isid(req);
	return req->ops->set_param(cls, param, req->data, req->data_bytes);
}

/* ---- GET_STATS ---- */

int request_conn_get_stats(struct class_request *req)
{
	struct iscsi_stats *stats __free(kfree) = NULL;
	int error;

	stats = kzalloc(struct_size(stats, custom, ISCSI_STATS_CUSTOM_MAX), GFP_NOIO);
	if (!stats)
		return -ENOMEM;
	req->ops->get_stats(&req->conn->cls, stats);
	stats->custom_length = min_t(u32, stats->custom_length, ISCSI_STATS_CUSTOM_MAX);
	error = event_send(&req->event, ISCSI_NL_GRP_ISCSID, stats, struct_size(stats, custom, stats->custom_length), GFP_NOIO);
	req->answered = !error;
	return error;
}
