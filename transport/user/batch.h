/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Several requests in one datagram, and what the single requests are made of: transport/abi/events.def says what each request is.
 * handle is the transport's number from transport_handle(). All return 0 or a negative errno; -EINVAL also means that the session,
 * connection or transport is unknown.
 */
#ifndef OPENHBA_TRANSPORT_USER_BATCH_H
#define OPENHBA_TRANSPORT_USER_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "transport/abi/iscsi_if.h"
#include "transport/abi/params.h"
#include "transport/user/netlink.h"

#define BATCH_PARAM_BYTES_MAX 4096 /* the kernel takes a page, NUL included */

/* Several requests for one transport in one datagram. Errors do not stop the requests that follow. */
struct request_batch {
	uint64_t handle;
	uint8_t *buffer;	/* zeroed when freed: it may hold CHAP secrets */
	size_t bytes;
	size_t room;
	unsigned int count;
	int error;		/* the first error of building; batch_send() returns it */
};

/* What became of one request of a batch. */
struct request_result {
	enum iscsi_request request;
	uint32_t param;		/* SET_PARAM: enum iscsi_param; SET_HOST_PARAM: enum iscsi_host_param */
	int error;		/* 0 or a negative errno, iferror and retcode alike */
	bool tolerated;		/* -ENOSYS for a parameter a login can do without */
};

void batch_init(struct request_batch *batch, uint64_t handle);
void batch_done(struct request_batch *batch);	/* frees; twice is fine */

void batch_create_conn(struct request_batch *batch, uint32_t sid, uint32_t cid);
/* eph: the socket's descriptor for transports with TRANSPORT_SOCKET, the endpoint's number for others */
void batch_bind_conn(struct request_batch *batch, uint32_t sid, uint32_t cid, uint64_t eph, bool leading);
/* The connection must be bound, else -ENOTCONN. text is copied, at most 4095 bytes (-EMSGSIZE). */
void batch_set_param(struct request_batch *batch, uint32_t sid, uint32_t cid, enum iscsi_param param, const char *text);
void batch_set_number(struct request_batch *batch, uint32_t sid, uint32_t cid, enum iscsi_param param, int64_t value);
void batch_start_conn(struct request_batch *batch, uint32_t sid, uint32_t cid);
void batch_stop_conn(struct request_batch *batch, uint32_t sid, uint32_t cid, enum iscsi_stop flag);
void batch_destroy_conn(struct request_batch *batch, uint32_t sid, uint32_t cid);
void batch_unbind_session(struct request_batch *batch, uint32_t sid);
void batch_destroy_session(struct request_batch *batch, uint32_t sid);		/* waits, 12 ms */
void batch_destroy_session_async(struct request_batch *batch, uint32_t sid);
void batch_send_pdu(struct request_batch *batch, uint32_t sid, uint32_t cid, const void *bhs, const void *data, size_t data_bytes);

/*
 * Sends the batch and empties it (it may be filled again). results: room for results_max rows, one per request in order, or NULL.
 * If nothing was sent, all of them have the error. Returns the first error that is not tolerated, or 0. After a successful STOP_CONN,
 * connection errors of that connection which the kernel reported before the stop are dropped: they speak of the past.
 */
int batch_send(struct netlink *nl, struct request_batch *batch, struct request_result *results, unsigned int results_max);

/* ---- for the files of single requests ---- */

/* A zeroed message of the batch's transport: gaps and unused parts of the union are compared with the reply. */
struct iscsi_uevent batch_request(const struct request_batch *batch, enum iscsi_request number);

/* Appends one request; its trailer is in two parts because a PDU is. */
void batch_append(struct request_batch *batch, const struct iscsi_uevent *uevent, const void *part1, size_t bytes1, const void *part2,
		  size_t bytes2);

/*
 * Makes room for `more` bytes behind the `used` ones, at most max in all; what is new is zero. Not realloc(): it would leave a copy of
 * secrets behind. -EMSGSIZE, -ENOMEM; the buffer is as it was then.
 */
int batch_room(uint8_t **buffer, size_t *room, size_t used, size_t more, size_t max);

/*
 * A driver's own counters, which stand behind those that every driver has: as many as were announced, as far as the message reaches, at
 * most max. Names are ended. How many there are.
 */
unsigned int batch_take_custom(const uint8_t *data, size_t bytes, uint32_t announced, struct iscsi_stats_custom *custom, unsigned int max);

/* Sends a batch of one and ends it; *reply may have room for data, and gets the message. */
int batch_send_one(struct netlink *nl, struct request_batch *batch, struct netlink_reply *reply);

/* The same for a request whose trailer is one piece. The trailer is wiped from the batch's memory. */
int batch_send_request(struct netlink *nl, const struct iscsi_uevent *uevent, const void *trailer, size_t bytes,
		       struct netlink_reply *reply);

#endif
