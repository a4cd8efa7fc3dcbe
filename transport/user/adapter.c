/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Requests about adapters: builds the attributes they carry, sends them, and checks what the kernel hands back of the card's tables
 * before anybody reads it. Called by iscsiadm. Never decides what a card should hold, keeps nothing between calls.
 */
#include <errno.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>

#include "transport/user/adapter.h"

#define ATTRIBUTES_BYTES_MAX (32 << 10)

/* Drivers copy an address or a DHCP name of this size, whatever the length says: what is behind the value must be zeros. */
#define VALUE_BYTES_MIN 16

/* ---- attributes ---- */

void attributes_done(struct attributes *attributes)
{
	if (attributes->buffer)
		explicit_bzero(attributes->buffer, attributes->room);
	free(attributes->buffer);
	*attributes = (struct attributes){ 0 };
}

/* The buffer is zero behind what is in use. */
static void append(struct attributes *attributes, uint16_t param, const void *head, size_t head_bytes, const void *value, size_t bytes)
{
	size_t area = bytes > VALUE_BYTES_MIN ? bytes : VALUE_BYTES_MIN;
	struct nlattr attribute = { .nla_len = (uint16_t)(NLA_HDRLEN + head_bytes + area), .nla_type = param };
	int error = -EMSGSIZE;
	uint8_t *at;

	if (bytes <= BATCH_PARAM_BYTES_MAX)
		error = batch_room(&attributes->buffer, &attributes->room, attributes->bytes, NLA_ALIGN(attribute.nla_len),
				   ATTRIBUTES_BYTES_MAX);
	if (error) {
		attributes->error = attributes->error ? attributes->error : error;
		return;
	}
	at = attributes->buffer + attributes->bytes;
	memcpy(at, &attribute, sizeof(attribute));
	memcpy(at + NLA_HDRLEN, head, head_bytes);
	if (bytes)
		memcpy(at + NLA_HDRLEN + head_bytes, value, bytes);
	attributes->bytes += NLA_ALIGN(attribute.nla_len);
	attributes->count++;
}

void attributes_add_iface(struct attributes *attributes, const struct iscsi_iface_attribute *head, const void *value)
{
	append(attributes, head->param, head, sizeof(*head), value, head->len);
}

void attributes_add(struct attributes *attributes, uint16_t param, const void *value, size_t bytes)
{
	struct iscsi_attribute head = { .len = (uint32_t)bytes, .param = param };

	append(attributes, param, &head, sizeof(head), value, bytes);
}

static int send_attributes(struct netlink *nl, const struct iscsi_uevent *uevent, const struct attributes *attributes)
{
	struct netlink_reply reply = { 0 };

	if (attributes->error)
		return attributes->error;
	return batch_send_request(nl, uevent, attributes->buffer, attributes->bytes, &reply);
}

/* A request without a trailer, of which only success counts. */
static int send_plain(struct netlink *nl, const struct iscsi_uevent *uevent)
{
	struct netlink_reply reply = { 0 };

	return batch_send_request(nl, uevent, NULL, 0, &reply);
}

static struct iscsi_uevent message(uint64_t handle, enum iscsi_request number)
{
	struct request_batch batch = { .handle = handle };

	return batch_request(&batch, number);
}

/* ---- hosts and ifaces ---- */

int request_set_host_param(struct netlink *nl, uint64_t handle, uint32_t host_no, enum iscsi_host_param param,
			   const char *text)
{
	struct iscsi_uevent uevent = message(handle, ISCSI_UEVENT_SET_HOST_PARAM);
	struct netlink_reply reply = { 0 };
	size_t bytes = strlen(text) + 1;

	if (bytes > BATCH_PARAM_BYTES_MAX)
		return -EMSGSIZE;
	uevent.u.set_host_param.host_no = host_no;
	uevent.u.set_host_param.param = param;
	uevent.u.set_host_param.len = (uint32_t)bytes;
	return batch_send_request(nl, &uevent, text, bytes, &reply);
}

int request_ping(struct netlink *nl, uint64_t handle, uint32_t host_no, uint32_t iface_num, uint32_t iface_type,
		 uint32_t payload_bytes, uint32_t pid, const struct sockaddr *address, socklen_t bytes)
{
	struct iscsi_uevent uevent = message(handle, ISCSI_UEVENT_PING);
	struct netlink_reply reply = { 0 };

	uevent.u.ping.host_no = host_no;
	uevent.u.ping.iface_num = iface_num;
	uevent.u.ping.iface_type = iface_type;
	uevent.u.ping.payload_size = payload_bytes;
	uevent.u.ping.pid = pid;
	return batch_send_request(nl, &uevent, address, bytes, &reply);
}

int request_set_iface_params(struct netlink *nl, uint64_t handle, uint32_t host_no, const struct attributes *attributes)
{
	struct iscsi_uevent uevent = message(handle, ISCSI_UEVENT_SET_IFACE_PARAMS);

	uevent.u.set_iface_params.host_no = host_no;
	uevent.u.set_iface_params.count = attributes->count;
	return send_attributes(nl, &uevent, attributes);
}

/* ---- the CHAP table ---- */

/* The gate for entries of the table: texts get an end, a type that is none is refused. */
static int take_chap(const uint8_t *data, size_t bytes, uint32_t claimed, struct iscsi_chap_entry *entries, unsigned int max,
		     unsigned int *ret_count)
{
	unsigned int i, count = (unsigned int)(bytes / sizeof(*entries));

	if (count > claimed)
		count = claimed;
	if (count > max)
		count = max;
	for (i = 0; i < count; i++) {
		memcpy(&entries[i], data + i * sizeof(*entries), sizeof(*entries));
		if (entries[i].type != ISCSI_CHAP_OUT && entries[i].type != ISCSI_CHAP_IN)
			return -EPROTO;
		entries[i].username[ISCSI_CHAP_TEXT_BYTES - 1] = '\0';
		entries[i].password[entries[i].password_length] = '\0';
	}
	*ret_count = count;
	return 0;
}

int request_get_chap(struct netlink *nl, uint64_t handle, uint32_t host_no, uint16_t first, struct iscsi_chap_entry *entries,
		     unsigned int max, unsigned int *ret_count)
{
	struct iscsi_uevent uevent = message(handle, ISCSI_UEVENT_GET_CHAP);
	struct netlink_reply reply = { 0 };
	int error;

	*ret_count = 0;
	if (max > ADAPTER_CHAP_MAX)
		max = ADAPTER_CHAP_MAX;
	reply.data_room = max * sizeof(*entries);
	reply.data = malloc(reply.data_room);
	if (!reply.data)
		return -ENOMEM;
	uevent.u.get_chap.host_no = host_no;
	uevent.u.get_chap.num_entries = max;
	uevent.u.get_chap.chap_tbl_idx = first;
	error = batch_send_request(nl, &uevent, NULL, 0, &reply);
	if (!error)
		error = take_chap(reply.data, reply.data_bytes, reply.message.u.get_chap.num_entries, entries, max, ret_count);
	explicit_bzero(reply.data, reply.data_room);
	free(reply.data);
	return error;
}

int request_set_chap(struct netlink *nl, uint64_t handle, uint32_t host_no, const struct iscsi_chap_entry *entry)
{
	struct iscsi_uevent uevent = message(handle, ISCSI_UEVENT_SET_CHAP);
	struct attributes attributes = { 0 };
	uint8_t type = (uint8_t)entry->type;
	int error;

	uevent.u.host.host_no = host_no;
	attributes_add(&attributes, ISCSI_CHAP_PARAM_INDEX, &entry->index, sizeof(entry->index));
	attributes_add(&attributes, ISCSI_CHAP_PARAM_TYPE, &type, sizeof(type));
	attributes_add(&attributes, ISCSI_CHAP_PARAM_USERNAME, entry->username, strlen(entry->username) + 1);
	attributes_add(&attributes, ISCSI_CHAP_PARAM_PASSWORD, entry->password, strlen(entry->password) + 1);
	attributes_add(&attributes, ISCSI_CHAP_PARAM_PASSWORD_LEN, &entry->password_length, sizeof(entry->password_length));
	error = send_attributes(nl, &uevent, &attributes);
	attributes_done(&attributes);
	return error;
}

int request_delete_chap(struct netlink *nl, uint64_t handle, uint32_t host_no, uint16_t index)
{
	struct iscsi_uevent uevent = message(handle, ISCSI_UEVENT_DELETE_CHAP);

	uevent.u.delete_chap.host_no = host_no;
	uevent.u.delete_chap.chap_tbl_idx = index;
	return send_plain(nl, &uevent);
}

/* ---- flashnodes ---- */

int request_set_flashnode(struct netlink *nl, uint64_t handle, uint32_t host_no, uint32_t index, const struct attributes *attributes)
{
	struct iscsi_uevent uevent = message(handle, ISCSI_UEVENT_SET_FLASHNODE_PARAMS);

	uevent.u.set_flashnode.host_no = host_no;
	uevent.u.set_flashnode.flashnode_idx = index;
	uevent.u.set_flashnode.count = attributes->count;
	return send_attributes(nl, &uevent, attributes);
}

int request_new_flashnode(struct netlink *nl, uint64_t handle, uint32_t host_no, const char *type, uint32_t *ret_index)
{
	struct iscsi_uevent uevent = message(handle, ISCSI_UEVENT_NEW_FLASHNODE);
	struct netlink_reply reply = { 0 };
	size_t bytes = strlen(type) + 1;
	int error;

	uevent.u.new_flashnode.host_no = host_no;
	uevent.u.new_flashnode.len = (uint32_t)bytes;
	error = batch_send_request(nl, &uevent, type, bytes, &reply);
	if (!error)
		*ret_index = reply.message.r.new_flashnode.flashnode_idx;
	return error;
}

static int send_flashnode(struct netlink *nl, uint64_t handle, enum iscsi_request number, uint32_t host_no, uint32_t index)
{
	struct iscsi_uevent uevent = message(handle, number);

	uevent.u.flashnode.host_no = host_no;
	uevent.u.flashnode.flashnode_idx = index;
	return send_plain(nl, &uevent);
}

int request_del_flashnode(struct netlink *nl, uint64_t handle, uint32_t host_no, uint32_t index)
{
	return send_flashnode(nl, handle, ISCSI_UEVENT_DEL_FLASHNODE, host_no, index);
}

int request_login_flashnode(struct netlink *nl, uint64_t handle, uint32_t host_no, uint32_t index)
{
	return send_flashnode(nl, handle, ISCSI_UEVENT_LOGIN_FLASHNODE, host_no, index);
}

int request_logout_flashnode(struct netlink *nl, uint64_t handle, uint32_t host_no, uint32_t index)
{
	return send_flashnode(nl, handle, ISCSI_UEVENT_LOGOUT_FLASHNODE, host_no, index);
}

int request_logout_flashnode_sid(struct netlink *nl, uint64_t handle, uint32_t host_no, uint32_t sid)
{
	struct iscsi_uevent uevent = message(handle, ISCSI_UEVENT_LOGOUT_FLASHNODE_SID);

	uevent.u.logout_flashnode_sid.host_no = host_no;
	uevent.u.logout_flashnode_sid.sid = sid;
	return send_plain(nl, &uevent);
}

/* ---- counters ---- */

int request_get_host_stats(struct netlink *nl, uint64_t handle, uint32_t host_no, struct iscsi_host_stats *ret_stats,
			   struct iscsi_stats_custom *custom, unsigned int custom_max, unsigned int *ret_custom_count)
{
	uint8_t data[sizeof(struct iscsi_host_stats) + ISCSI_STATS_CUSTOM_MAX * sizeof(struct iscsi_stats_custom)];
	struct iscsi_uevent uevent = message(handle, ISCSI_UEVENT_GET_HOST_STATS);
	struct netlink_reply reply = { .data = data, .data_room = sizeof(data) };
	int error;

	*ret_custom_count = 0;
	uevent.u.host.host_no = host_no;
	error = batch_send_request(nl, &uevent, NULL, 0, &reply);
	if (!error && reply.data_bytes < sizeof(*ret_stats))
		error = -EPROTO;
	if (error)
		return error;
	memcpy(ret_stats, data, sizeof(*ret_stats));
	*ret_custom_count = batch_take_custom(data + sizeof(*ret_stats), reply.data_bytes - sizeof(*ret_stats), ret_stats->custom_length,
					      custom, custom ? custom_max : 0);
	return 0;
}
