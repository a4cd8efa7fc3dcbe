/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Something PDUs go through: a TCP socket (lib/channel_socket) or the kernel's SEND_PDU/RECV_PDU.
 * Whoever drives a login or a discovery sees only this.
 */
#ifndef OPENHBA_LIB_CHANNEL_H
#define OPENHBA_LIB_CHANNEL_H

struct channel;
struct pdu;

/* What a channel tells its user. A callback may close the channel (channel_close), not free it. */
struct channel_events {
	void (*connected)(void *data);
	void (*pdu)(void *data, struct pdu *pdu); /* borrowed for the call */
	void (*error)(void *data, int error);	  /* negative errno; nothing comes after it */
};

struct channel_ops {
	/* Queues a copy. -EPIPE: closed or lost, -ENOBUFS: the peer does not read, -ENOMEM.
	 * Never blocks. */
	int (*send)(struct channel *channel, const struct pdu *pdu);
	void (*close)(struct channel *channel); /* no events afterwards; twice is fine */
};

/* Embedded in the carrier's own struct. */
struct channel {
	const struct channel_ops *ops;
	const struct channel_events *events; /* borrowed */
	void *data;			     /* given to the events */
};

static inline int channel_send(struct channel *channel, const struct pdu *pdu)
{
	return channel->ops->send(channel, pdu);
}

static inline void channel_close(struct channel *channel)
{
	channel->ops->close(channel);
}

#endif
