/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Frames PDUs on a non-blocking TCP socket: connect, write what is queued, read exactly one PDU
 * after the other (never a byte further, so that the socket can be handed to the kernel between
 * two of them). Driven by readiness from outside; called by discovery and by the daemon's login.
 * Never blocks, never resolves a name, never retries.
 */
#include "lib/channel_socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/pdu.h"

#define DATA_LIMIT_DEFAULT (64 * 1024)
#define PDUS_PER_TURN 16	 /* then others get the loop */
#define OUT_MAX (256 * 1024)	 /* queued for a peer that asks, but does not read */

enum socket_state { SOCKET_CONNECTING, SOCKET_OPEN, SOCKET_CLOSED };

struct channel_socket {
	struct channel channel;
	enum socket_state state;
	int fd;
	bool is_busy;	 /* inside channel_socket_ready() */
	bool is_unowned; /* freed while busy */
	bool resets;	 /* SO_LINGER 0 is set */
	struct pdu_reader reader;
	unsigned char *out; /* encoded PDUs; sent bytes of them are gone */
	size_t out_length, out_sent;
};

static struct channel_socket *from_channel(struct channel *channel)
{
	return (struct channel_socket *)channel; /* the first member */
}

static bool out_is_empty(const struct channel_socket *socket)
{
	return socket->out_sent == socket->out_length;
}

static void drop_out(struct channel_socket *socket)
{
	if (socket->out)
		explicit_bzero(socket->out, socket->out_length);
	free(socket->out);
	socket->out = NULL;
	socket->out_length = 0;
	socket->out_sent = 0;
}

/* 0: nothing more can be written now; else why the connection is lost. */
static int flush(struct channel_socket *socket)
{
	ssize_t n;

	while (!out_is_empty(socket)) {
		n = send(socket->fd, socket->out + socket->out_sent,
			 socket->out_length - socket->out_sent, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : -errno;
		socket->out_sent += (size_t)n;
	}
	drop_out(socket);
	return 0;
}

static void close_socket(struct channel_socket *socket)
{
	if (socket->fd >= 0)
		close(socket->fd);
	socket->fd = -1;
	socket->state = SOCKET_CLOSED;
}

static int socket_send(struct channel *channel, const struct pdu *pdu)
{
	struct channel_socket *socket = from_channel(channel);
	size_t length = pdu_wire_length(pdu);
	unsigned char *out;

	if (socket->state == SOCKET_CLOSED)
		return -EPIPE;
	if (socket->out_length + length > OUT_MAX)
		return -ENOBUFS;
	out = malloc(socket->out_length + length);
	if (!out)
		return -ENOMEM;
	if (socket->out_length) {
		memcpy(out, socket->out, socket->out_length);
		explicit_bzero(socket->out, socket->out_length);
	}
	free(socket->out);
	socket->out = out;
	pdu_encode(pdu, out + socket->out_length);
	socket->out_length += length;
	/* A failure here is seen again, and reported, by the next channel_socket_ready(). */
	if (socket->state == SOCKET_OPEN)
		(void)flush(socket);
	return 0;
}

static void socket_close(struct channel *channel)
{
	close_socket(from_channel(channel));
}

static const struct channel_ops socket_ops = {
	.send = socket_send,
	.close = socket_close,
};

static struct channel_socket *socket_new(int fd, enum socket_state state, size_t data_limit,
					 const struct channel_events *events, void *data,
					 int *ret_error)
{
	struct channel_socket *socket = calloc(1, sizeof(*socket));

	if (!socket) {
		close(fd);
		*ret_error = -ENOMEM;
		return NULL;
	}
	socket->channel = (struct channel){&socket_ops, events, data};
	socket->fd = fd;
	socket->state = state;
	pdu_reader_init(&socket->reader, data_limit ? data_limit : DATA_LIMIT_DEFAULT);
	*ret_error = 0;
	return socket;
}

static int set_int(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value)) < 0 ? -errno : 0;
}

static int set_reset(int fd, bool resets)
{
	struct linger linger = {.l_onoff = resets, .l_linger = 0};

	return setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)) < 0 ? -errno : 0;
}

static bool is_set(const char *string)
{
	return string && *string;
}

/* Everything that must be right before the first packet leaves. */
static int prepare(int fd, const struct channel_socket_settings *settings)
{
	int error = set_int(fd, IPPROTO_TCP, TCP_NODELAY, 1);

	if (!error && settings->window_bytes)
		error = set_int(fd, SOL_SOCKET, SO_RCVBUF, settings->window_bytes);
	if (!error && settings->window_bytes)
		error = set_int(fd, SOL_SOCKET, SO_SNDBUF, settings->window_bytes);
	if (!error && settings->reset_on_close)
		error = set_reset(fd, true);
	if (!error && is_set(settings->netdev) &&
	    setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, settings->netdev,
		       (socklen_t)strlen(settings->netdev) + 1) < 0)
		error = -errno;
	if (!error && settings->local_length &&
	    bind(fd, (const struct sockaddr *)&settings->local, settings->local_length) < 0)
		error = -errno;
	if (!error && is_set(settings->congestion))
		(void)setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, settings->congestion,
				 (socklen_t)strlen(settings->congestion));
	return error;
}

struct channel_socket *channel_socket_new(const struct channel_socket_settings *settings,
					  const struct channel_events *events, void *data,
					  int *ret_error)
{
	int fd = socket(settings->peer.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct channel_socket *created;
	int error = fd < 0 ? -errno : prepare(fd, settings);

	if (!error &&
	    connect(fd, (const struct sockaddr *)&settings->peer, settings->peer_length) < 0 &&
	    errno != EINPROGRESS)
		error = -errno;
	if (error) {
		if (fd >= 0)
			close(fd);
		*ret_error = error;
		return NULL;
	}
	created = socket_new(fd, SOCKET_CONNECTING, settings->data_limit, events, data, ret_error);
	if (created)
		created->resets = settings->reset_on_close;
	return created;
}

struct channel_socket *channel_socket_adopt(int fd, size_t data_limit,
					    const struct channel_events *events, void *data,
					    int *ret_error)
{
	return socket_new(fd, SOCKET_OPEN, data_limit, events, data, ret_error);
}

void channel_socket_free(struct channel_socket *socket)
{
	if (!socket)
		return;
	close_socket(socket);
	if (socket->is_busy) {
		socket->is_unowned = true;
		return;
	}
	pdu_reader_done(&socket->reader);
	drop_out(socket);
	free(socket);
}

struct channel *channel_socket_channel(struct channel_socket *socket)
{
	return &socket->channel;
}

int channel_socket_fd(const struct channel_socket *socket)
{
	return socket->fd;
}

short channel_socket_want(const struct channel_socket *socket)
{
	switch (socket->state) {
	case SOCKET_CONNECTING:
		return POLLOUT;
	case SOCKET_OPEN:
		return out_is_empty(socket) ? POLLIN : POLLIN | POLLOUT;
	case SOCKET_CLOSED:
		break;
	}
	return 0;
}

static void lose(struct channel_socket *socket, int error)
{
	close_socket(socket);
	socket->channel.events->error(socket->channel.data, error);
}

static int finish_connect(struct channel_socket *socket)
{
	int error = 0;
	socklen_t length = sizeof(error);

	if (getsockopt(socket->fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0)
		return -errno;
	if (error)
		return -error;
	socket->state = SOCKET_OPEN;
	if (socket->channel.events->connected)
		socket->channel.events->connected(socket->channel.data);
	return 0;
}

/* The PDU leaves the reader first, so that the callback finds the socket between two PDUs. */
static void deliver(struct channel_socket *socket)
{
	struct pdu pdu = socket->reader.pdu;

	memset(&socket->reader.pdu, 0, sizeof(socket->reader.pdu));
	pdu_reader_next(&socket->reader);
	socket->channel.events->pdu(socket->channel.data, &pdu);
	pdu_done(&pdu);
}

/* 1: a PDU was delivered; 0: no more bytes now; else why the connection is lost. */
static int read_pdu(struct channel_socket *socket)
{
	int result = 0;
	size_t want;
	void *place;
	ssize_t n;

	while (!result) {
		want = pdu_reader_want(&socket->reader, &place);
		n = recv(socket->fd, place, want, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : -errno;
		if (n == 0)
			return -ECONNRESET;
		result = pdu_reader_took(&socket->reader, (size_t)n);
	}
	if (result > 0)
		deliver(socket);
	return result;
}

static int serve(struct channel_socket *socket, short revents)
{
	int result = 0, i;

	if (socket->state == SOCKET_CONNECTING && revents)
		result = finish_connect(socket);
	if (!result && socket->state == SOCKET_OPEN)
		result = flush(socket);
	if (result || !(revents & (POLLIN | POLLERR | POLLHUP)))
		return result;
	for (i = 0; i < PDUS_PER_TURN && socket->state == SOCKET_OPEN; i++) {
		result = read_pdu(socket);
		if (result <= 0)
			return result;
	}
	return 0;
}

void channel_socket_ready(struct channel_socket *socket, short revents)
{
	int error;

	if (socket->state == SOCKET_CLOSED || socket->is_busy)
		return;
	socket->is_busy = true;
	error = serve(socket, revents);
	if (error && socket->state != SOCKET_CLOSED)
		lose(socket, error);
	socket->is_busy = false;
	if (socket->is_unowned)
		channel_socket_free(socket);
}

int channel_socket_take_fd_unread(struct channel_socket *socket)
{
	int fd = socket->fd;

	if (socket->state != SOCKET_OPEN)
		return -EPIPE;
	if (!out_is_empty(socket))
		return -EAGAIN;
	if (socket->reader.have || socket->reader.piece != PDU_PIECE_HEADER)
		return -EBADMSG;
	if (socket->resets)
		(void)set_reset(fd, false);
	socket->fd = -1;
	close_socket(socket);
	return fd;
}

int channel_socket_take_fd(struct channel_socket *socket)
{
	char byte;
	ssize_t n;

	if (socket->state != SOCKET_OPEN)
		return -EPIPE;
	n = recv(socket->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
	if (n == 0)
		return -ECONNRESET;
	if (n > 0)
		return -EAGAIN;
	if (errno != EAGAIN)
		return -errno;
	return channel_socket_take_fd_unread(socket);
}

const char *channel_socket_error_text(int error)
{
	switch (error) {
	case -EPROTO:
		return "the target sent an additional header segment";
	case -EMSGSIZE:
		return "the target sent a PDU longer than it may";
	case -EBADMSG:
		return "the target sent something behind the end of the login";
	default:
		return strerror(-error);
	}
}
