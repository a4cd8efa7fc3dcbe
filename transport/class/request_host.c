// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests about a host: its parameters, the network entities and CHAP table of an adapter, pings, counters. Called by netlink.c with the
 * host held. Tables that a driver writes are made as large as asked for, bounded, and given away no longer than they are.
 */
#include "transport/class/message.h"

#define CHAP_ENTRIES_MAX	128	/* per request; a caller goes on at the index behind */
#define PING_PAYLOAD_MAX	65507	/* an IPv4 packet without its headers */

int request_host_discover(struct class_request *req)
{
	const struct msg_tgt_dscvr *ask = &req->event.u.tgt_dscvr;

	if (ask->type < ISCSI_TGT_DSCVR_SEND_TARGETS || ask->type > ISCSI_TGT_DSCVR_SLP)
		return -EINVAL;
	return req->ops->tgt_dscvr(req->shost, ask->type, ask->enable, req->data);
}

int request_host_set_param(struct class_request *req)
{
	u32 param = req->event.u.set_host_param.param;

	if (param >= ISCSI_HOST_PARAM_MAX)
		return -ENOSYS;
	return req->ops->set_host_param(req->shost, param, req->data, req->data_bytes);
}

/* Never behind other requests about the host: one of them may be waiting for this very path. */
int request_host_path(struct class_request *req)
{
	struct iscsi_path path;

	memcpy(&path, req->data, sizeof(path));
	if (path.ip_addr_len > sizeof(path.src))
		return -EINVAL;
	return req->ops->set_path(req->shost, &path);
}

int request_host_set_iface(struct class_request *req)
{
	return req->ops->set_iface_param(req->shost, req->data, req->data_bytes);
}

int request_host_ping(struct class_request *req)
{
	const struct msg_iscsi_ping *ask = &req->event.u.iscsi_ping;

	if (ask->payload_size > PING_PAYLOAD_MAX)
		return -EINVAL;
	return req->ops->send_ping(req->shost, ask->iface_num, ask->iface_type, ask->payload_size, ask->pid, req->data);
}

/* ---- the CHAP table ---- */

static int send_chap(struct class_request *req, struct iscsi_chap_rec *table, u32 room)
{
	u32 count = room;
	int error = req->ops->get_chap(req->shost, req->event.u.get_chap.chap_tbl_idx, &count, (char *)table);

	if (error)
		return error;
	req->event.u.get_chap.num_entries = min(count, room);
	return event_send(&req->event, ISCSI_NL_GRP_ISCSID, table, min(count, room) * sizeof(*table), GFP_NOIO);
}

int request_host_get_chap(struct class_request *req)
{
	u32 room = min_t(u32, req->event.u.get_chap.num_entries, CHAP_ENTRIES_MAX);
	struct iscsi_chap_rec *table;
	int error;

	if (!room)
		return -EINVAL;
	table = kvcalloc(room, sizeof(*table), GFP_NOIO);
	if (!table)
		return -ENOMEM;
	error = send_chap(req, table, room);
	req->answered = !error;
	memzero_explicit(table, room * sizeof(*table));
	kvfree(table);
	return error;
}

int request_host_set_chap(struct class_request *req)
{
	return req->ops->set_chap(req->shost, req->data, req->data_bytes);
}

int request_host_delete_chap(struct class_request *req)
{
	return req->ops->delete_chap(req->shost, req->event.u.delete_chap.chap_tbl_idx);
}

/* ---- counters ---- */

int request_host_get_stats(struct class_request *req)
{
	struct iscsi_offload_host_stats *stats __free(kfree) = NULL;
	int error;

	stats = kzalloc(struct_size(stats, custom, ISCSI_HOST_STATS_CUSTOM_MAX), GFP_NOIO);
	if (!stats)
		return -ENOMEM;
	error = req->ops->get_host_stats(req->shost, (char *)stats, sizeof(*stats));
	if (error)
		return error;
	stats->custom_length = min_t(u32, stats->custom_length, ISCSI_HOST_STATS_CUSTOM_MAX);
	error = event_send(&req->event, ISCSI_NL_GRP_ISCSID, stats, struct_size(stats, custom, stats->custom_length), GFP_NOIO);
	req->answered = !error;
	return error;
}
