/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One NETLINK_ISCSI socket, for replies and events alike, so that their order is the kernel's order.
 *
 * The kernel executes a request inside our sendmsg(), so a call is synchronous and short: send, read the replies that are queued by
 * then, return. Events met on the way are kept, in order, and handed out by netlink_dispatch() later, never inside a call.
 * What comes in is checked at one gate, netlink_decode(); what it refuses is counted by reason and dropped.
 *
 *	netlink_open(on_event, on_overflow, daemon, &nl);
 *	loop_fd_new(loop, netlink_fd(nl), POLLIN, ...)		then netlink_dispatch(nl) whenever it is readable
 *
 * Not thread safe: one thread uses a struct netlink.
 */
#ifndef OPENHBA_TRANSPORT_USER_NETLINK_H
#define OPENHBA_TRANSPORT_USER_NETLINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "transport/abi/iscsi_if.h"

struct netlink;

/* An event, as far as its type has the fields; the others are 0 or NULL. Valid during the callback only. */
struct netlink_event {
	enum iscsi_event type;
	uint32_t sid;		/* RECV_PDU, CONN_ERROR, CONN_LOGIN_STATE, CREATE_, UNBIND_, DESTROY_SESSION */
	uint32_t cid;		/* RECV_PDU, CONN_ERROR, CONN_LOGIN_STATE */
	uint32_t host_no;	/* CREATE_, UNBIND_, DESTROY_SESSION, HOST_EVENT, PING_COMP, PATH_REQ, IF_DOWN */
	uint32_t code;		/* CONN_ERROR: iscsi_conn_error, CONN_LOGIN_STATE: iscsi_conn_state, HOST_EVENT: iscsi_host_event,
				 * PING_COMP: iscsi_ping_status */
	uint32_t pid;		/* PING_COMP: number given with the ping */
	uint64_t transport_handle;
	const void *bhs;	/* RECV_PDU: 48 bytes, aligned to 4 */
	const void *data;	/* RECV_PDU: the data segment without padding; HOST_EVENT, PING_COMP: what the driver added */
	size_t data_bytes;
};

/* Reasons for dropping a datagram or message, and the counters of netlink_count(). */
#define NETLINK_COUNTERS(COUNTER) \
	COUNTER(FOREIGN, "not sent by the kernel") \
	COUNTER(TRUNCATED, "longer than the receive buffer") \
	COUNTER(SHORT, "shorter than its header says or than a message") \
	COUNTER(UNKNOWN, "unknown type") \
	COUNTER(BAD_PDU, "PDU header and length disagree") \
	COUNTER(BAD_DATA, "data length and message length disagree") \
	COUNTER(STRAY, "reply nobody waits for") \
	COUNTER(STALE, "connection error from before a stop") \
	COUNTER(OVERFLOW, "events were lost because the queue was full")

enum netlink_counter {
#define NETLINK_COUNTER_ID(id, sentence) NETLINK_##id,
	NETLINK_COUNTERS(NETLINK_COUNTER_ID)
#undef NETLINK_COUNTER_ID
	NETLINK_COUNTER_COUNT,
};

/* Called by netlink_dispatch() only, once per event. May send requests; must not free nl. */
typedef void netlink_event_fn(const struct netlink_event *event, void *data);

/* Called by netlink_dispatch() only: events were lost; read the state of all sessions from sysfs. */
typedef void netlink_overflow_fn(void *data);

/*
 * Opens the socket, joins group DAEMON, asks for a 4 MiB receive buffer (less without CAP_NET_ADMIN).
 * -EPROTONOSUPPORT: the transport class is not loaded, or this is not the initial network namespace. Free with netlink_close().
 */
int netlink_open(netlink_event_fn *event, netlink_overflow_fn *overflow, void *data, struct netlink **ret);

/* The same on a socket of the caller, which nl owns from then on, also on failure. For tests: a datagram socketpair will do. */
int netlink_open_fd(int fd, netlink_event_fn *event, netlink_overflow_fn *overflow, void *data, struct netlink **ret);

void netlink_close(struct netlink *nl);	/* NULL is fine */

/* To wait for: readable while there is anything to dispatch, deferred events included. Belongs to nl. */
int netlink_fd(const struct netlink *nl);

/* The number by which the kernel knows this socket: the creator of sessions made through it. 0: it is no netlink socket. */
uint32_t netlink_port(const struct netlink *nl);

/*
 * Hands out deferred events, then reads what is there, without blocking, a bounded number at a time so that the loop stays fair;
 * netlink_fd() stays readable if there is more. 0, or the negative errno of a dead socket.
 */
int netlink_dispatch(struct netlink *nl);

/* True while calls have put events aside that netlink_dispatch() has not handed out yet. */
bool netlink_has_deferred(const struct netlink *nl);

uint64_t netlink_count(const struct netlink *nl, enum netlink_counter counter);
const char *netlink_counter_text(enum netlink_counter counter);

/* The reply to one request. */
struct netlink_reply {
	int error;			/* 0, or the negative errno of iferror or, where the row says RETCODE, of r.retcode */
	struct iscsi_uevent message;	/* as the kernel sent it back; zero if no reply came */
	void *data;			/* in: where to put what follows a MULTICAST answer, or NULL */
	size_t data_room;		/* in: room at data; more is cut off */
	size_t data_bytes;		/* out: bytes at data */
};

/*
 * Sends count requests, one datagram of complete netlink messages, and collects their replies in order. For requests.c and tests.
 * 0: every request has its reply (which may be an error of its own). Otherwise a negative errno, and requests without a reply have it
 * as their error: of sendmsg(), -ENOBUFS or -ETIMEDOUT if replies were lost (the kernel's queue was full).
 */
int netlink_call(struct netlink *nl, const void *datagram, size_t bytes, struct netlink_reply *replies, unsigned int count);

/*
 * The gate: one netlink message (header included, bytes as received) to an event. Never reads past bytes.
 * 0, or a negative enum netlink_counter minus one: -(NETLINK_SHORT + 1), ...
 */
int netlink_decode(const void *message, size_t bytes, struct netlink_event *ret);

#endif
