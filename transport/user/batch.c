/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Batches of requests: builds them as the kernel reads them, sends them through netlink_call(), and says which errors count. Called
 * by the daemon's connections and sessions, and by the single requests. Decides nothing about when a request is due.
 */
#include <errno.h>
#include <inttypes.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "transport/abi/iscsi_numbers.h"
#include "transport/user/batch.h"
#include "transport/user/names.h"

#define BATCH_BYTES_MAX	 (128 << 10) /* below the default send buffer of a socket */
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

int batch_room(uint8_t **buffer, size_t *room, size_t used, size_t more, size_t max)
{
	size_t wanted = *room ? *room : 4096;
	uint8_t *larger;

	while (wanted < used + more)
		wanted *= 2;
	if (wanted > max)
		return -EMSGSIZE;
	if (wanted == *room)
		return 0;
	larger = calloc(1, wanted);
	if (!larger)
		return -ENOMEM;
	if (*buffer) {
		memcpy(larger, *buffer, used);
		explicit_bzero(*buffer, *room);
	}
	free(*buffer);
	*buffer = larger;
	*room = wanted;
	return 0;
}

unsigned int batch_take_custom(const uint8_t *data, size_t bytes, uint32_t announced, struct iscsi_stats_custom *custom, unsigned int max)
{
	size_t count = bytes / sizeof(*custom);

	if (count > announced)
		count = announced;
	if (count > max)
		count = max;
	for (size_t i = 0; i < count; i++) {
		memcpy(&custom[i], data + i * sizeof(*custom), sizeof(*custom));
		custom[i].name[ISCSI_STATS_CUSTOM_NAME_BYTES - 1] = '\0';
	}
	return (unsigned int)count;
}

void batch_append(struct request_batch *batch, const struct iscsi_uevent *uevent, const void *part1, size_t bytes1,
		  const void *part2, size_t bytes2)
{
	size_t length = NLMSG_LENGTH(sizeof(*uevent)) + bytes1 + bytes2;
	struct nlmsghdr head = { .nlmsg_len = NLMSG_ALIGN(length), .nlmsg_type = uevent->type };
	int error = length > BATCH_BYTES_MAX ? -EMSGSIZE :
					       batch_room(&batch->buffer, &batch->room, batch->bytes, head.nlmsg_len, BATCH_BYTES_MAX);
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

struct iscsi_uevent batch_request(const struct request_batch *batch, enum iscsi_request number)
{
	struct iscsi_uevent uevent;

	memset(&uevent, 0, sizeof(uevent)); /* gaps and unused parts of the union are compared with the reply */
	uevent.type = number;
	uevent.transport_handle = batch->handle;
	return uevent;
}

static void append_session(struct request_batch *batch, enum iscsi_request number, uint32_t sid)
{
	struct iscsi_uevent uevent = batch_request(batch, number);

	uevent.u.session.sid = sid;
	batch_append(batch, &uevent, NULL, 0, NULL, 0);
}

static void append_conn(struct request_batch *batch, enum iscsi_request number, uint32_t sid, uint32_t cid)
{
	struct iscsi_uevent uevent = batch_request(batch, number);

	uevent.u.conn.sid = sid;
	uevent.u.conn.cid = cid;
	batch_append(batch, &uevent, NULL, 0, NULL, 0);
}

void batch_create_conn(struct request_batch *batch, uint32_t sid, uint32_t cid)
{
	append_conn(batch, ISCSI_UEVENT_CREATE_CONN, sid, cid);
}

void batch_bind_conn(struct request_batch *batch, uint32_t sid, uint32_t cid, uint64_t eph, bool leading)
{
	struct iscsi_uevent uevent = batch_request(batch, ISCSI_UEVENT_BIND_CONN);

	uevent.u.bind_conn.sid = sid;
	uevent.u.bind_conn.cid = cid;
	uevent.u.bind_conn.transport_eph = eph;
	uevent.u.bind_conn.is_leading = leading;
	batch_append(batch, &uevent, NULL, 0, NULL, 0);
}

void batch_set_param(struct request_batch *batch, uint32_t sid, uint32_t cid, enum iscsi_param param, const char *text)
{
	struct iscsi_uevent uevent = batch_request(batch, ISCSI_UEVENT_SET_PARAM);
	size_t bytes = strlen(text) + 1;

	if (bytes > BATCH_PARAM_BYTES_MAX) {
		batch->error = batch->error ? batch->error : -EMSGSIZE;
		return;
	}
	uevent.u.set_param.sid = sid;
	uevent.u.set_param.cid = cid;
	uevent.u.set_param.param = param;
	uevent.u.set_param.len = (uint32_t)bytes;
	batch_append(batch, &uevent, text, bytes, NULL, 0);
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
	struct iscsi_uevent uevent = batch_request(batch, ISCSI_UEVENT_STOP_CONN);

	uevent.u.stop_conn.sid = sid;
	uevent.u.stop_conn.cid = cid;
	uevent.u.stop_conn.flag = flag;
	batch_append(batch, &uevent, NULL, 0, NULL, 0);
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
	struct iscsi_uevent uevent = batch_request(batch, ISCSI_UEVENT_SEND_PDU);

	uevent.u.send_pdu.sid = sid;
	uevent.u.send_pdu.cid = cid;
	uevent.u.send_pdu.hdr_size = ISCSI_BHS_BYTES;
	uevent.u.send_pdu.data_size = (uint32_t)data_bytes;
	batch_append(batch, &uevent, bhs, ISCSI_BHS_BYTES, data, data_bytes);
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

int batch_send_one(struct netlink *nl, struct request_batch *batch, struct netlink_reply *reply)
{
	int error = batch->error;

	if (!error)
		error = netlink_call(nl, batch->buffer, batch->bytes, reply, 1);
	batch_done(batch);
	return error ? error : reply->error;
}

int batch_send_request(struct netlink *nl, const struct iscsi_uevent *uevent, const void *trailer, size_t bytes,
		       struct netlink_reply *reply)
{
	struct request_batch batch;

	batch_init(&batch, uevent->transport_handle);
	batch_append(&batch, uevent, trailer, bytes, NULL, 0);
	return batch_send_one(nl, &batch, reply);
}
