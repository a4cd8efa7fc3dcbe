/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * PDUs over a non-blocking TCP socket. Knows no event loop: the owner polls channel_socket_fd()
 * for channel_socket_want() and calls channel_socket_ready(); events come out of that call only.
 * After a login the descriptor can be taken out and handed to the kernel.
 */
#ifndef OPENHBA_LIB_CHANNEL_SOCKET_H
#define OPENHBA_LIB_CHANNEL_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "lib/channel.h"

struct channel_socket_settings {
	struct sockaddr_storage peer;
	socklen_t peer_length;
	struct sockaddr_storage local; /* source address; length 0: none */
	socklen_t local_length;
	const char *netdev;	/* SO_BINDTODEVICE; NULL or "": none */
	int window_bytes;	/* SO_RCVBUF and SO_SNDBUF; 0: leave */
	const char *congestion; /* TCP_CONGESTION; NULL or "": the system's. Refusal is not fatal */
	bool reset_on_close;	/* SO_LINGER 0: close() sends RST, as stock discovery does */
	size_t data_limit;	/* longest data segment accepted; 0: 64 KiB */
};

struct channel_socket;

/* Starts the connect. NULL: *ret_error is a negative errno (-EHOSTUNREACH, -ENODEV, ...). Settings
 * are used during the call only; events and data are borrowed until channel_socket_free(). */
struct channel_socket *channel_socket_new(const struct channel_socket_settings *settings,
					  const struct channel_events *events, void *data,
					  int *ret_error);

/* The same over a descriptor that is connected already (tests, socket pairs); takes it over. */
struct channel_socket *channel_socket_adopt(int fd, size_t data_limit,
					    const struct channel_events *events, void *data,
					    int *ret_error);

/* NULL is fine. Inside an event callback of its own it frees after the callback returns. */
void channel_socket_free(struct channel_socket *socket);

struct channel *channel_socket_channel(struct channel_socket *socket);

int channel_socket_fd(const struct channel_socket *socket);	/* -1: closed or taken */
short channel_socket_want(const struct channel_socket *socket); /* POLLIN and POLLOUT bits; 0: closed */
void channel_socket_ready(struct channel_socket *socket, short revents);

/*
 * The connected descriptor, now the caller's; the channel is closed. -EAGAIN: unread bytes wait
 * in the socket (the caller should let them be read: channel_socket_ready) or our own bytes are
 * not sent yet; -EBADMSG: half a PDU was read; -ECONNRESET: the target has closed already; -EPIPE:
 * not connected.
 */
int channel_socket_take_fd(struct channel_socket *socket);

/* The same, but whole PDUs nobody has read yet stay in the socket for its next owner. The kernel
 * reads them together with the next bytes that arrive, so traffic (a scan, a ping) must follow. */
int channel_socket_take_fd_unread(struct channel_socket *socket);

/* What an error of a channel says to a person: "the target sent ..." where a PDU was not acceptable
 * (-EPROTO, -EMSGSIZE of the PDU reader, -EBADMSG), else the system's words. */
const char *channel_socket_error_text(int error);

#endif
