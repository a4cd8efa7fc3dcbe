/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Endpoints and the PDUs of a login over netlink. Each request is executed inside the call and
 * takes the kernel no longer than a system call; what takes time, the connecting, is asked for
 * again and again by whoever owns the timer.
 */
#include "daemon/channel_netlink.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/pdu.h"
#include "transport/user/requests.h"

struct channel_netlink {
	struct channel channel;
	struct channel_netlink_settings settings;
	uint64_t endpoint;
	uint32_t sid;
	uint32_t itt; /* of the login or text request sent last, as on the wire */
	bool is_ours; /* the endpoint: connected or connecting, and not bound */
	bool is_bound, is_connected, is_over;
};

static struct channel_netlink *from_channel(struct channel *channel)
{
	return (struct channel_netlink *)(void *)((char *)channel -
						  offsetof(struct channel_netlink, channel));
}

static int netlink_send(struct channel *base, const struct pdu *pdu)
{
	struct channel_netlink *channel = from_channel(base);

	unsigned int opcode = pdu_opcode(pdu);

	if (channel->is_over || !channel->is_bound)
		return -EPIPE;
	if (opcode == ISCSI_PDU_LOGIN_REQUEST || opcode == ISCSI_PDU_TEXT_REQUEST)
		channel->itt = pdu->bhs.itt;
	return request_send_pdu(channel->settings.netlink, channel->settings.handle, channel->sid,
				0, &pdu->bhs, pdu->data, pdu->data_length);
}

static void netlink_shut(struct channel *base)
{
	from_channel(base)->is_over = true;
}

static const struct channel_ops netlink_ops = {
	.send = netlink_send,
	.close = netlink_shut,
};

static int endpoint_connect(struct channel_netlink *channel)
{
	const struct channel_netlink_settings *settings = &channel->settings;
	const struct sockaddr *peer = (const struct sockaddr *)(const void *)&settings->peer;

	if (settings->host_no == CHANNEL_NETLINK_NO_HOST)
		return request_ep_connect(settings->netlink, settings->handle, peer,
					  settings->peer_length, true, &channel->endpoint);
	return request_ep_connect_through_host(settings->netlink, settings->handle,
					       (uint32_t)settings->host_no, peer,
					       settings->peer_length, true, &channel->endpoint);
}

struct channel_netlink *channel_netlink_new(const struct channel_netlink_settings *settings,
					    const struct channel_events *events, void *data,
					    int *ret_error)
{
	struct channel_netlink *channel = calloc(1, sizeof(*channel));

	if (!channel) {
		*ret_error = -ENOMEM;
		return NULL;
	}
	channel->channel = (struct channel){.ops = &netlink_ops, .events = events, .data = data};
	channel->settings = *settings;
	*ret_error = endpoint_connect(channel);
	if (*ret_error < 0) {
		free(channel);
		return NULL;
	}
	channel->is_ours = true;
	return channel;
}

void channel_netlink_free(struct channel_netlink *channel)
{
	if (!channel)
		return;
	if (channel->is_ours)
		(void)request_ep_disconnect(channel->settings.netlink, channel->settings.handle,
					    channel->endpoint);
	free(channel);
}

struct channel *channel_netlink_channel(struct channel_netlink *channel)
{
	return &channel->channel;
}

uint64_t channel_netlink_endpoint(const struct channel_netlink *channel)
{
	return channel->endpoint;
}

static void channel_fail(struct channel_netlink *channel, int error)
{
	channel->is_over = true;
	channel->channel.events->error(channel->channel.data, error);
}

/* Drivers say -1 where they mean "failed", for whatever reason. */
static int poll_error(int r)
{
	return r == -EPERM ? -ENOTCONN : r;
}

void channel_netlink_poll(struct channel_netlink *channel)
{
	int r;

	if (channel->is_connected || channel->is_over)
		return;
	r = request_ep_poll(channel->settings.netlink, channel->settings.handle, channel->endpoint,
			    0);
	if (r < 0) {
		channel_fail(channel, poll_error(r));
	} else if (r > 0) {
		channel->is_connected = true;
		channel->channel.events->connected(channel->channel.data);
	}
}

void channel_netlink_bound(struct channel_netlink *channel, uint32_t sid)
{
	channel->sid = sid;
	channel->is_bound = true;
	channel->is_ours = false;
}

void channel_netlink_receive(struct channel_netlink *channel, const void *bhs, const void *data,
			     size_t bytes)
{
	struct pdu pdu = {0};
	int r;

	if (channel->is_over)
		return;
	memcpy(&pdu.bhs, bhs, sizeof(pdu.bhs));
	r = pdu_set_data(&pdu, bytes ? data : NULL, bytes);
	if (pdu_opcode(&pdu) == ISCSI_PDU_LOGIN_RESPONSE ||
	    pdu_opcode(&pdu) == ISCSI_PDU_TEXT_RESPONSE)
		pdu.bhs.itt = channel->itt;
	if (r < 0)
		channel_fail(channel, r);
	else
		channel->channel.events->pdu(channel->channel.data, &pdu);
	pdu_done(&pdu);
}
