/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Requests about sessions, connections and endpoints, one at a time. Called by the daemon. Decides nothing about when a request is
 * due; keeps nothing between calls.
 */
#include <errno.h>
#include <string.h>

#include "transport/user/requests.h"

static int send_alone(struct netlink *nl, struct request_batch *batch)
{
	struct netlink_reply reply = { 0 };

	return batch_send_one(nl, batch, &reply);
}

static int create_session(struct netlink *nl, const struct iscsi_uevent *uevent, uint32_t *ret_sid,
			  uint32_t *ret_host_no)
{
	struct netlink_reply reply = { 0 };
	int error = batch_send_request(nl, uevent, NULL, 0, &reply);

	if (error)
		return error;
	*ret_sid = reply.message.r.session.sid;
	*ret_host_no = reply.message.r.session.host_no;
	return 0;
}

int request_create_session(struct netlink *nl, uint64_t handle, uint32_t initial_cmdsn, uint16_t cmds_max,
			   uint16_t queue_depth, uint32_t *ret_sid, uint32_t *ret_host_no)
{
	struct request_batch batch = { .handle = handle };
	struct iscsi_uevent uevent = batch_request(&batch, ISCSI_UEVENT_CREATE_SESSION);

	uevent.u.create_session.initial_cmdsn = initial_cmdsn;
	uevent.u.create_session.cmds_max = cmds_max;
	uevent.u.create_session.queue_depth = queue_depth;
	return create_session(nl, &uevent, ret_sid, ret_host_no);
}

int request_create_bound_session(struct netlink *nl, uint64_t handle, uint64_t ep, uint32_t initial_cmdsn,
				 uint16_t cmds_max, uint16_t queue_depth, uint32_t *ret_sid, uint32_t *ret_host_no)
{
	struct request_batch batch = { .handle = handle };
	struct iscsi_uevent uevent = batch_request(&batch, ISCSI_UEVENT_CREATE_BOUND_SESSION);

	uevent.u.create_bound_session.ep_handle = ep;
	uevent.u.create_bound_session.initial_cmdsn = initial_cmdsn;
	uevent.u.create_bound_session.cmds_max = cmds_max;
	uevent.u.create_bound_session.queue_depth = queue_depth;
	return create_session(nl, &uevent, ret_sid, ret_host_no);
}

int request_start_conn(struct netlink *nl, uint64_t handle, uint32_t sid, uint32_t cid)
{
	struct request_batch batch = { .handle = handle };

	batch_start_conn(&batch, sid, cid);
	return send_alone(nl, &batch);
}

int request_stop_conn(struct netlink *nl, uint64_t handle, uint32_t sid, uint32_t cid, enum iscsi_stop flag)
{
	struct request_batch batch = { .handle = handle };

	batch_stop_conn(&batch, sid, cid, flag);
	return send_alone(nl, &batch);
}

int request_destroy_conn(struct netlink *nl, uint64_t handle, uint32_t sid, uint32_t cid)
{
	struct request_batch batch = { .handle = handle };

	batch_destroy_conn(&batch, sid, cid);
	return send_alone(nl, &batch);
}

int request_set_param(struct netlink *nl, uint64_t handle, uint32_t sid, uint32_t cid, enum iscsi_param param,
		      const char *text)
{
	struct request_batch batch = { .handle = handle };

	batch_set_param(&batch, sid, cid, param, text);
	return send_alone(nl, &batch);
}

int request_unbind_session(struct netlink *nl, uint64_t handle, uint32_t sid)
{
	struct request_batch batch = { .handle = handle };

	batch_unbind_session(&batch, sid);
	return send_alone(nl, &batch);
}

int request_destroy_session(struct netlink *nl, uint64_t handle, uint32_t sid)
{
	struct request_batch batch = { .handle = handle };
	int error;

	batch_destroy_session_async(&batch, sid);
	error = send_alone(nl, &batch);
	if (error != -ENOSYS && error != -EINVAL)
		return error;
	batch_destroy_session(&batch, sid);
	return send_alone(nl, &batch);
}

int request_send_pdu(struct netlink *nl, uint64_t handle, uint32_t sid, uint32_t cid, const void *bhs,
		     const void *data, size_t data_bytes)
{
	struct request_batch batch = { .handle = handle };

	batch_send_pdu(&batch, sid, cid, bhs, data, data_bytes);
	return send_alone(nl, &batch);
}

int request_get_stats(struct netlink *nl, uint64_t handle, uint32_t sid, uint32_t cid, struct iscsi_stats *ret_stats,
		      struct iscsi_stats_custom *custom, unsigned int custom_max, unsigned int *ret_custom_count)
{
	uint8_t data[sizeof(struct iscsi_stats) + ISCSI_STATS_CUSTOM_MAX * sizeof(struct iscsi_stats_custom)];
	struct netlink_reply reply = { .data = data, .data_room = sizeof(data) };
	struct request_batch batch = { .handle = handle };
	struct iscsi_uevent uevent = batch_request(&batch, ISCSI_UEVENT_GET_STATS);
	unsigned int count;
	int error;

	uevent.u.conn.sid = sid;
	uevent.u.conn.cid = cid;
	error = batch_send_request(nl, &uevent, NULL, 0, &reply);
	if (!error && reply.data_bytes < sizeof(*ret_stats))
		error = -EPROTO;
	if (error)
		return error;
	memcpy(ret_stats, data, sizeof(*ret_stats));
	count = batch_take_custom(data + sizeof(*ret_stats), reply.data_bytes - sizeof(*ret_stats), ret_stats->custom_length, custom,
				  custom ? custom_max : 0);
	if (ret_custom_count)
		*ret_custom_count = count;
	return 0;
}

/* ---- endpoints ---- */

int request_ep_connect(struct netlink *nl, uint64_t handle, const struct sockaddr *address, socklen_t bytes,
		       bool non_blocking, uint64_t *ret_ep)
{
	struct request_batch batch = { .handle = handle };
	struct iscsi_uevent uevent = batch_request(&batch, ISCSI_UEVENT_TRANSPORT_EP_CONNECT);
	struct netlink_reply reply = { 0 };
	int error;

	uevent.u.ep_connect.non_blocking = non_blocking;
	error = batch_send_request(nl, &uevent, address, bytes, &reply);
	*ret_ep = reply.message.r.ep_connect.handle;
	return error;
}

int request_ep_connect_through_host(struct netlink *nl, uint64_t handle, uint32_t host_no,
				    const struct sockaddr *address, socklen_t bytes, bool non_blocking,
				    uint64_t *ret_ep)
{
	struct request_batch batch = { .handle = handle };
	struct iscsi_uevent uevent = batch_request(&batch, ISCSI_UEVENT_TRANSPORT_EP_CONNECT_THROUGH_HOST);
	struct netlink_reply reply = { 0 };
	int error;

	uevent.u.ep_connect_through_host.host_no = host_no;
	uevent.u.ep_connect_through_host.non_blocking = non_blocking;
	error = batch_send_request(nl, &uevent, address, bytes, &reply);
	*ret_ep = reply.message.r.ep_connect.handle;
	return error;
}

int request_ep_poll(struct netlink *nl, uint64_t handle, uint64_t ep, uint32_t timeout_ms)
{
	struct request_batch batch = { .handle = handle };
	struct iscsi_uevent uevent = batch_request(&batch, ISCSI_UEVENT_TRANSPORT_EP_POLL);
	struct netlink_reply reply = { 0 };
	int error;

	uevent.u.ep_poll.ep_handle = ep;
	uevent.u.ep_poll.timeout_ms = timeout_ms;
	error = batch_send_request(nl, &uevent, NULL, 0, &reply);
	return error ? error : reply.message.r.retcode;
}

int request_ep_disconnect(struct netlink *nl, uint64_t handle, uint64_t ep)
{
	struct request_batch batch = { .handle = handle };
	struct iscsi_uevent uevent = batch_request(&batch, ISCSI_UEVENT_TRANSPORT_EP_DISCONNECT);
	struct netlink_reply reply = { 0 };

	uevent.u.ep_disconnect.ep_handle = ep;
	return batch_send_request(nl, &uevent, NULL, 0, &reply);
}
