/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Requests of the kernel ABI: puts them into a batch, sends it through netlink_call(), and says which errors count. Called by the
 * daemon's connections and sessions. Decides nothing about when a request is due; keeps nothing between calls.
 */
#include <errno.h>
#include <inttypes.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "transport/abi/iscsi_numbers.h"
#include "transport/user/names.h"
#include "transport/user/requests.h"

#define BATCH_BYTES_MAX	 (128 << 10) /* below the default send buffer of a socket */
#define PARAM_BYTES_MAX	 4096	     /* the kernel takes a page, NUL included */
#define NUMBER_BYTES_MAX 24

/* ---- building ---- */

void batch_init(struct request_batch *batch, uint64_t handle)
{
	*batch = (struct request_batch){ .handle = handle };
}

void batch_done(struct request_batch *batch)
{
	if (batch->buffer)
		explicit_bzero(batch->buffer, batch->room);
	free(batch->buffer);
	batch_init(batch, batch->handle);
}

/* Not realloc(): it would leave a copy of secrets behind. */
static int grow(struct request_batch *batch, size_t bytes)
{
	size_t room = batch->room ? batch->room : 4096;
	uint8_t *buffer;

	while (room < batch->bytes + bytes)
		room *= 2;
	if (room > BATCH_BYTES_MAX)
		return -EMSGSIZE;
	if (room == batch->room)
		return 0;
	buffer = malloc(room);
	if (!buffer)
		return -ENOMEM;
	if (batch->buffer) {
		memcpy(buffer, batch->buffer, batch->bytes);
		explicit_bzero(batch->buffer, batch->room);
	}
	free(batch->buffer);
	batch->buffer = buffer;
	batch->room = room;
	return 0;
}

/* Appends one request; trailer is in two parts because a PDU is. */
static void append(struct request_batch *batch, const struct iscsi_uevent *uevent, const void *part1, size_t bytes1,
		   const void *part2, size_t bytes2)
{
	size_t length = NLMSG_LENGTH(sizeof(*uevent)) + bytes1 + bytes2;
	struct nlmsghdr head = { .nlmsg_len = NLMSG_ALIGN(length), .nlmsg_type = uevent->type };
	int error = length > BATCH_BYTES_MAX ? -EMSGSIZE : grow(batch, head.nlmsg_len);
	uint8_t *at;

	if (error) {
		batch->error = batch->error ? batch->error : error;
		return;
	}
	at = batch->buffer + batch->bytes;
	memset(at, 0, head.nlmsg_len);
	memcpy(at, &head, sizeof(head));
	memcpy(at + NLMSG_HDRLEN, uevent, sizeof(*uevent));
	if (bytes1)
		memcpy(at + NLMSG_LENGTH(sizeof(*uevent)), part1, bytes1);
	if (bytes2)
		memcpy(at + NLMSG_LENGTH(sizeof(*uevent)) + bytes1, part2, bytes2);
	batch->bytes += head.nlmsg_len;
	batch->count++;
}

static struct iscsi_uevent request(const struct request_batch *batch, enum iscsi_request number)
{
	struct iscsi_uevent uevent;

	memset(&uevent, 0, sizeof(uevent)); /* gaps and unused parts of the union are compared with the reply */
	uevent.type = number;
	uevent.transport_handle = batch->handle;
	return uevent;
}

static void append_session(struct request_batch *batch, enum iscsi_request number, uint32_t sid)
{
	struct iscsi_uevent uevent = request(batch, number);

	uevent.u.session.sid = sid;
	append(batch, &uevent, NULL, 0, NULL, 0);
}

static void append_conn(struct request_batch *batch, enum iscsi_request number, uint32_t sid, uint32_t cid)
{
	struct iscsi_uevent uevent = request(batch, number);

	uevent.u.conn.sid = sid;
	uevent.u.conn.cid = cid;
	append(batch, &uevent, NULL, 0, NULL, 0);
}

void batch_create_conn(struct request_batch *batch, uint32_t sid, uint32_t cid)
{
	append_conn(batch, ISCSI_UEVENT_CREATE_CONN, sid, cid);
}

void batch_bind_conn(struct request_batch *batch, uint32_t sid, uint32_t cid, uint64_t eph, bool leading)
{
	struct iscsi_uevent uevent = request(batch, ISCSI_UEVENT_BIND_CONN);

	uevent.u.bind_conn.sid = sid;
	uevent.u.bind_conn.cid = cid;
	uevent.u.bind_conn.transport_eph = eph;
	uevent.u.bind_conn.is_leading = leading;
	append(batch, &uevent, NULL, 0, NULL, 0);
}

void batch_set_param(struct request_batch *batch, uint32_t sid, uint32_t cid, enum iscsi_param param, const char *text)
{
	struct iscsi_uevent uevent = request(batch, ISCSI_UEVENT_SET_PARAM);
	size_t bytes = strlen(text) + 1;

	if (bytes > PARAM_BYTES_MAX) {
		batch->error = batch->error ? batch->error : -EMSGSIZE;
		return;
	}
	uevent.u.set_param.sid = sid;
	uevent.u.set_param.cid = cid;
	uevent.u.set_param.param = param;
	uevent.u.set_param.len = (uint32_t)bytes;
	append(batch, &uevent, text, bytes, NULL, 0);
}

void batch_set_number(struct request_batch *batch, uint32_t sid, uint32_t cid, enum iscsi_param param, int64_t value)
{
	char text[NUMBER_BYTES_MAX];

	snprintf(text, sizeof(text), "%" PRId64, value);
	batch_set_param(batch, sid, cid, param, text);
}

void batch_start_conn(struct request_batch *batch, uint32_t sid, uint32_t cid)
{
	append_conn(batch, ISCSI_UEVENT_START_CONN, sid, cid);
}

void batch_stop_conn(struct request_batch *batch, uint32_t sid, uint32_t cid, enum iscsi_stop flag)
{
	struct iscsi_uevent uevent = request(batch, ISCSI_UEVENT_STOP_CONN);

	uevent.u.stop_conn.sid = sid;
	uevent.u.stop_conn.cid = cid;
	uevent.u.stop_conn.flag = flag;
	append(batch, &uevent, NULL, 0, NULL, 0);
}

void batch_destroy_conn(struct request_batch *batch, uint32_t sid, uint32_t cid)
{
	append_conn(batch, ISCSI_UEVENT_DESTROY_CONN, sid, cid);
}

void batch_unbind_session(struct request_batch *batch, uint32_t sid)
{
	append_session(batch, ISCSI_UEVENT_UNBIND_SESSION, sid);
}

void batch_destroy_session(struct request_batch *batch, uint32_t sid)
{
	append_session(batch, ISCSI_UEVENT_DESTROY_SESSION, sid);
}

void batch_destroy_session_async(struct request_batch *batch, uint32_t sid)
{
	append_session(batch, ISCSI_UEVENT_DESTROY_SESSION_ASYNC, sid);
}

void batch_send_pdu(struct request_batch *batch, uint32_t sid, uint32_t cid, const void *bhs, const void *data,
		    size_t data_bytes)
{
	struct iscsi_uevent uevent = request(batch, ISCSI_UEVENT_SEND_PDU);

	uevent.u.send_pdu.sid = sid;
	uevent.u.send_pdu.cid = cid;
	uevent.u.send_pdu.hdr_size = ISCSI_BHS_BYTES;
	uevent.u.send_pdu.data_size = (uint32_t)data_bytes;
	append(batch, &uevent, bhs, ISCSI_BHS_BYTES, data, data_bytes);
}

/* ---- sending ---- */

static bool is_tolerated(const struct request_result *result)
{
	const struct param_row *row;

	if (result->error != -ENOSYS || result->request != ISCSI_UEVENT_SET_PARAM)
		return false;
	row = param_row(result->param);
	return row && !(row->flags & PARAM_NEEDED);
}

static struct request_result result_of(const struct iscsi_uevent *asked, const struct netlink_reply *reply)
{
	struct request_result result = { .request = (enum iscsi_request)asked->type, .error = reply->error };

	if (asked->type == ISCSI_UEVENT_SET_PARAM)
		result.param = asked->u.set_param.param;
	else if (asked->type == ISCSI_UEVENT_SET_HOST_PARAM)
		result.param = asked->u.set_host_param.param;
	result.tolerated = is_tolerated(&result);
	return result;
}

static int collect_results(const struct request_batch *batch, const struct netlink_reply *replies,
			   struct request_result *results, unsigned int results_max)
{
	const uint8_t *at = batch->buffer;
	int first = 0;
	unsigned int i;

	for (i = 0; i < batch->count; i++) {
		struct request_result result;
		struct iscsi_uevent asked;
		struct nlmsghdr head;

		memcpy(&head, at, sizeof(head));
		memcpy(&asked, at + NLMSG_HDRLEN, sizeof(asked));
		at += NLMSG_ALIGN(head.nlmsg_len);
		result = result_of(&asked, &replies[i]);
		if (!first && !result.tolerated)
			first = result.error;
		if (results && i < results_max)
			results[i] = result;
	}
	return first;
}

int batch_send(struct netlink *nl, struct request_batch *batch, struct request_result *results,
	       unsigned int results_max)
{
	struct netlink_reply *replies = NULL;
	int error = batch->error;
	unsigned int i;

	if (!error && batch->count) {
		replies = calloc(batch->count, sizeof(*replies));
		error = replies ? netlink_call(nl, batch->buffer, batch->bytes, replies, batch->count) : -ENOMEM;
	}
	for (i = 0; results && !replies && i < results_max; i++)
		results[i] = (struct request_result){ .error = error };
	if (replies) {
		int first = collect_results(batch, replies, results, results_max);

		error = error ? error : first;
	}
	free(replies);
	if (batch->buffer)
		explicit_bzero(batch->buffer, batch->bytes);
	batch->bytes = 0;
	batch->count = 0;
	batch->error = 0;
	return error;
}

/* Sends a batch of one; *reply may have room for data, and gets the message. Ends the batch. */
static int send_one(struct netlink *nl, struct request_batch *batch, struct netlink_reply *reply)
{
	int error = batch->error;

	if (!error)
		error = netlink_call(nl, batch->buffer, batch->bytes, reply, 1);
	batch_done(batch);
	return error ? error : reply->error;
}

/* A request whose trailer is one piece, and that is to be sent alone. */
static int send_request(struct netlink *nl, const struct iscsi_uevent *uevent, const void *trailer, size_t bytes,
			struct netlink_reply *reply)
{
	struct request_batch batch;

	batch_init(&batch, uevent->transport_handle);
	append(&batch, uevent, trailer, bytes, NULL, 0);
	return send_one(nl, &batch, reply);
}

static int send_alone(struct netlink *nl, struct request_batch *batch)
{
	struct netlink_reply reply = { 0 };

	return send_one(nl, batch, &reply);
}

/* ---- single requests ---- */

static int create_session(struct netlink *nl, const struct iscsi_uevent *uevent, uint32_t *ret_sid,
			  uint32_t *ret_host_no)
{
	struct netlink_reply reply = { 0 };
	int error = send_request(nl, uevent, NULL, 0, &reply);

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
	struct iscsi_uevent uevent = request(&batch, ISCSI_UEVENT_CREATE_SESSION);

	uevent.u.create_session.initial_cmdsn = initial_cmdsn;
	uevent.u.create_session.cmds_max = cmds_max;
	uevent.u.create_session.queue_depth = queue_depth;
	return create_session(nl, &uevent, ret_sid, ret_host_no);
}

int request_create_bound_session(struct netlink *nl, uint64_t handle, uint64_t ep, uint32_t initial_cmdsn,
				 uint16_t cmds_max, uint16_t queue_depth, uint32_t *ret_sid, uint32_t *ret_host_no)
{
	struct request_batch batch = { .handle = handle };
	struct iscsi_uevent uevent = request(&batch, ISCSI_UEVENT_CREATE_BOUND_SESSION);

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

/* What the kernel says about itself is believed as far as the message reaches. */
static int take_stats(const uint8_t *data, size_t bytes, struct iscsi_stats *ret_stats,
		      struct iscsi_stats_custom *custom, unsigned int custom_max, unsigned int *ret_custom_count)
{
	unsigned int count, i;

	if (bytes < sizeof(*ret_stats))
		return -EPROTO;
	memcpy(ret_stats, data, sizeof(*ret_stats));
	count = (unsigned int)((bytes - sizeof(*ret_stats)) / sizeof(*custom));
	if (count > ret_stats->custom_length)
		count = ret_stats->custom_length;
	if (count > custom_max)
		count = custom_max;
	for (i = 0; i < count; i++)
		memcpy(&custom[i], data + sizeof(*ret_stats) + i * sizeof(*custom), sizeof(*custom));
	if (ret_custom_count)
		*ret_custom_count = count;
	return 0;
}

int request_get_stats(struct netlink *nl, uint64_t handle, uint32_t sid, uint32_t cid, struct iscsi_stats *ret_stats,
		      struct iscsi_stats_custom *custom, unsigned int custom_max, unsigned int *ret_custom_count)
{
	uint8_t data[sizeof(struct iscsi_stats) + ISCSI_STATS_CUSTOM_MAX * sizeof(struct iscsi_stats_custom)];
	struct netlink_reply reply = { .data = data, .data_room = sizeof(data) };
	struct request_batch batch = { .handle = handle };
	int error;

	append_conn(&batch, ISCSI_UEVENT_GET_STATS, sid, cid);
	error = send_one(nl, &batch, &reply);
	if (error)
		return error;
	return take_stats(data, reply.data_bytes, ret_stats, custom, custom ? custom_max : 0, ret_custom_count);
}

int request_set_host_param(struct netlink *nl, uint64_t handle, uint32_t host_no, enum iscsi_host_param param,
			   const char *text)
{
	struct request_batch batch = { .handle = handle };
	struct iscsi_uevent uevent = request(&batch, ISCSI_UEVENT_SET_HOST_PARAM);
	struct netlink_reply reply = { 0 };
	size_t bytes = strlen(text) + 1;

	if (bytes > PARAM_BYTES_MAX)
		return -EMSGSIZE;
	uevent.u.set_host_param.host_no = host_no;
	uevent.u.set_host_param.param = param;
	uevent.u.set_host_param.len = (uint32_t)bytes;
	return send_request(nl, &uevent, text, bytes, &reply);
}

/* ---- endpoints ---- */

int request_ep_connect(struct netlink *nl, uint64_t handle, const struct sockaddr *address, socklen_t bytes,
		       bool non_blocking, uint64_t *ret_ep)
{
	struct request_batch batch = { .handle = handle };
	struct iscsi_uevent uevent = request(&batch, ISCSI_UEVENT_TRANSPORT_EP_CONNECT);
	struct netlink_reply reply = { 0 };
	int error;

	uevent.u.ep_connect.non_blocking = non_blocking;
	error = send_request(nl, &uevent, address, bytes, &reply);
	*ret_ep = reply.message.r.ep_connect.handle;
	return error;
}

int request_ep_connect_through_host(struct netlink *nl, uint64_t handle, uint32_t host_no,
				    const struct sockaddr *address, socklen_t bytes, bool non_blocking,
				    uint64_t *ret_ep)
{
	struct request_batch batch = { .handle = handle };
	struct iscsi_uevent uevent = request(&batch, ISCSI_UEVENT_TRANSPORT_EP_CONNECT_THROUGH_HOST);
	struct netlink_reply reply = { 0 };
	int error;

	uevent.u.ep_connect_through_host.host_no = host_no;
	uevent.u.ep_connect_through_host.non_blocking = non_blocking;
	error = send_request(nl, &uevent, address, bytes, &reply);
	*ret_ep = reply.message.r.ep_connect.handle;
	return error;
}

int request_ep_poll(struct netlink *nl, uint64_t handle, uint64_t ep, uint32_t timeout_ms)
{
	struct request_batch batch = { .handle = handle };
	struct iscsi_uevent uevent = request(&batch, ISCSI_UEVENT_TRANSPORT_EP_POLL);
	struct netlink_reply reply = { 0 };
	int error;

	uevent.u.ep_poll.ep_handle = ep;
	uevent.u.ep_poll.timeout_ms = timeout_ms;
	error = send_request(nl, &uevent, NULL, 0, &reply);
	return error ? error : reply.message.r.retcode;
}

int request_ep_disconnect(struct netlink *nl, uint64_t handle, uint64_t ep)
{
	struct request_batch batch = { .handle = handle };
	struct iscsi_uevent uevent = request(&batch, ISCSI_UEVENT_TRANSPORT_EP_DISCONNECT);
	struct netlink_reply reply = { 0 };

	uevent.u.ep_disconnect.ep_handle = ep;
	return send_request(nl, &uevent, NULL, 0, &reply);
}

int request_ping(struct netlink *nl, uint64_t handle, uint32_t host_no, uint32_t iface_num, uint32_t iface_type,
		 uint32_t payload_bytes, uint32_t pid, const struct sockaddr *address, socklen_t bytes)
{
	struct request_batch batch = { .handle = handle };
	struct iscsi_uevent uevent = request(&batch, ISCSI_UEVENT_PING);
	struct netlink_reply reply = { 0 };

	uevent.u.ping.host_no = host_no;
	uevent.u.ping.iface_num = iface_num;
	uevent.u.ping.iface_type = iface_type;
	uevent.u.ping.payload_size = payload_bytes;
	uevent.u.ping.pid = pid;
	return send_request(nl, &uevent, address, bytes, &reply);
}
