/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The kernel's end of an offload driver as a channel (lib/channel.h): an endpoint that the driver
 * connects, and, once a connection of the kernel is bound to it, SEND_PDU and RECV_PDU. The
 * endpoint is ours until it is bound; from then on it is the connection's, and STOP_CONN lets it
 * go. Called by attempt.c; owns no timer and creates neither session nor connection.
 */
#ifndef OPENHBA_DAEMON_CHANNEL_NETLINK_H
#define OPENHBA_DAEMON_CHANNEL_NETLINK_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "lib/channel.h"

struct netlink;

#define CHANNEL_NETLINK_NO_HOST (-1)

struct channel_netlink_settings {
	struct netlink *netlink; /* borrowed for the channel's life */
	uint64_t handle;	 /* of the transport */
	int host_no;		 /* the adapter to leave from; CHANNEL_NETLINK_NO_HOST: any */
	struct sockaddr_storage peer;
	socklen_t peer_length;
};

struct channel_netlink;

/* Asks the driver to connect and does not wait for it. NULL with *ret_error: -ENOMEM, or what the
 * driver says (-ENETUNREACH, ...). */
struct channel_netlink *channel_netlink_new(const struct channel_netlink_settings *settings,
					    const struct channel_events *events, void *data,
					    int *ret_error);

/* NULL is fine. Disconnects an endpoint that is still ours. */
void channel_netlink_free(struct channel_netlink *channel);

struct channel *channel_netlink_channel(struct channel_netlink *channel);

/* Asks the driver once whether it has connected, without waiting: connected() or error() follows
 * from in here, or nothing yet. */
void channel_netlink_poll(struct channel_netlink *channel);

uint64_t channel_netlink_endpoint(const struct channel_netlink *channel);

/* BIND_CONN has worked: PDUs go through connection 0 of this session from now on. */
void channel_netlink_bound(struct channel_netlink *channel, uint32_t sid);

/*
 * A PDU that the kernel passed up: pdu() follows from in here, or error(-EBADMSG). bhs: 48 bytes;
 * data without padding. The kernel chooses the initiator task tags; the answer has the one that was
 * given to channel_send().
 */
void channel_netlink_receive(struct channel_netlink *channel, const void *bhs, const void *data,
			     size_t bytes);

#endif
