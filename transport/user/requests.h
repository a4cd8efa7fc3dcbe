/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The requests about sessions, connections and endpoints as functions: transport/abi/events.def says what each one is. handle is
 * the transport's number from transport_handle(). All return 0 or a negative errno; -EINVAL also means that the session, connection
 * or transport is unknown. Those about adapters are in adapter.h.
 *
 * The order that works for a login made on a plain socket:
 *	1. request_create_session()
 *	2. one batch: create_conn, bind_conn, set_param HDRDGST_EN, DATADGST_EN, EXP_STATSN (last StatSN + 1), then the others
 *	3. request_start_conn(), only if every request of the batch is fine: START succeeds on a connection whose BIND failed
 *	4. close(socket): the kernel holds its own reference
 * Logout: unbind, wait for event UNBIND_SESSION, logout PDU, event RECV_PDU, batch of stop (TERM) and destroy_conn, destroy_session,
 * wait for event DESTROY_SESSION. Recovery: stop (RECOVER), login elsewhere, batch of bind_conn and set_param, start.
 */
#ifndef OPENHBA_TRANSPORT_USER_REQUESTS_H
#define OPENHBA_TRANSPORT_USER_REQUESTS_H

#include <sys/socket.h>

#include "transport/user/batch.h"

int request_create_session(struct netlink *nl, uint64_t handle, uint32_t initial_cmdsn, uint16_t cmds_max, uint16_t queue_depth,
			   uint32_t *ret_sid, uint32_t *ret_host_no);
int request_create_bound_session(struct netlink *nl, uint64_t handle, uint64_t ep, uint32_t initial_cmdsn, uint16_t cmds_max,
				 uint16_t queue_depth, uint32_t *ret_sid, uint32_t *ret_host_no);
int request_start_conn(struct netlink *nl, uint64_t handle, uint32_t sid, uint32_t cid);
int request_stop_conn(struct netlink *nl, uint64_t handle, uint32_t sid, uint32_t cid, enum iscsi_stop flag);
int request_destroy_conn(struct netlink *nl, uint64_t handle, uint32_t sid, uint32_t cid);
int request_set_param(struct netlink *nl, uint64_t handle, uint32_t sid, uint32_t cid, enum iscsi_param param, const char *text);

/* Event UNBIND_SESSION follows when the SCSI devices are gone. */
int request_unbind_session(struct netlink *nl, uint64_t handle, uint32_t sid);

/*
 * Asks for removal without waiting; a kernel that cannot do so (-ENOSYS, -EINVAL) is asked to remove and wait, which holds all other
 * requests for 12 ms. Event DESTROY_SESSION follows either way. -EBUSY: the session still has connections.
 */
int request_destroy_session(struct netlink *nl, uint64_t handle, uint32_t sid);

/* bhs: 48 bytes, the kernel fills CmdSN and ExpStatSN; data: without padding. */
int request_send_pdu(struct netlink *nl, uint64_t handle, uint32_t sid, uint32_t cid, const void *bhs, const void *data,
		     size_t data_bytes);

/*
 * custom: room for custom_max driver counters or NULL; *ret_custom_count (may be NULL): how many were written.
 * -EEXIST: no such connection.
 */
int request_get_stats(struct netlink *nl, uint64_t handle, uint32_t sid, uint32_t cid, struct iscsi_stats *ret_stats,
		      struct iscsi_stats_custom *custom, unsigned int custom_max, unsigned int *ret_custom_count);

/* Endpoints, for transports with TRANSPORT_ENDPOINT. */
int request_ep_connect(struct netlink *nl, uint64_t handle, const struct sockaddr *address, socklen_t bytes, bool non_blocking,
		       uint64_t *ret_ep);
int request_ep_connect_through_host(struct netlink *nl, uint64_t handle, uint32_t host_no, const struct sockaddr *address,
				    socklen_t bytes, bool non_blocking, uint64_t *ret_ep);
/* 1 connected, 0 not within timeout_ms, or a negative errno. */
int request_ep_poll(struct netlink *nl, uint64_t handle, uint64_t ep, uint32_t timeout_ms);
int request_ep_disconnect(struct netlink *nl, uint64_t handle, uint64_t ep);

#endif
