/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Anybody can connect to this port, so it is worth little: a notice makes us ask the server again,
 * at most once a second; a peer that is silent or talks nonsense is dropped, and there are never
 * more than a few. Called by isns_registration.c.
 */
#include "daemon/isns_listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/isns_notice.h"
#include "lib/log.h"
#include "lib/loop.h"

#define PEERS_MAX 8
#define PEER_SILENCE_MS 60000
#define NOTICE_DELAY_MS 200  /* what belongs together comes within this time */
#define NOTICE_PAUSE_MS 1000 /* between two that are told */

struct peer {
	TAILQ_ENTRY(peer) entry;
	struct isns_listener *listener;
	int fd;
	struct loop_fd *watch;
	struct loop_timer *timer;
	struct isns_reader reader;
};

TAILQ_HEAD(peer_list, peer);

struct isns_listener {
	struct loop *loop;
	char *name;
	int fd;
	uint16_t port;
	struct loop_fd *watch;
	struct loop_timer *timer; /* until what came is told */
	uint64_t told_ms;
	struct peer_list peers;
	unsigned int peer_count;
	isns_notice_fn *fn;
	void *data;
};

static void peer_free(struct peer *peer)
{
	TAILQ_REMOVE(&peer->listener->peers, peer, entry);
	peer->listener->peer_count--;
	loop_fd_free(peer->watch);
	loop_timer_free(peer->timer);
	isns_reader_done(&peer->reader);
	close(peer->fd);
	free(peer);
}

static void listener_tell(void *data)
{
	struct isns_listener *listener = data;

	listener->told_ms = loop_now_ms();
	listener->fn(listener->data);
}

static void listener_noticed(struct isns_listener *listener)
{
	uint64_t since = loop_now_ms() - listener->told_ms;

	if (loop_timer_is_set(listener->timer))
		return;
	loop_timer_set(listener->timer, since + NOTICE_DELAY_MS < NOTICE_PAUSE_MS
						? NOTICE_PAUSE_MS - since
						: NOTICE_DELAY_MS);
}

/* The reply is short; a peer that has no room for it does not want it. */
static int peer_message(struct peer *peer)
{
	struct isns_bytes reply = {0};
	int result = isns_notice_read(&peer->reader.message, peer->listener->name, &reply);

	if (result > 0) {
		log_debug("iSNS: the server says that something has changed");
		if (send(peer->fd, reply.data, reply.length, MSG_DONTWAIT | MSG_NOSIGNAL) !=
		    (ssize_t)reply.length)
			result = -EIO;
		listener_noticed(peer->listener);
	}
	isns_bytes_done(&reply);
	return result;
}

static int peer_take(struct peer *peer, const unsigned char *bytes, size_t length)
{
	size_t used;
	int result = 0;

	while (length && result >= 0) {
		result = isns_reader_feed(&peer->reader, bytes, length, &used);
		bytes += used;
		length -= used;
		if (result == 1) {
			result = peer_message(peer);
			isns_reader_next(&peer->reader);
		}
	}
	return result;
}

static void peer_ready(int fd, short revents, void *data)
{
	struct peer *peer = data;
	unsigned char bytes[4096];
	ssize_t got = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0 || peer_take(peer, bytes, (size_t)got) < 0)
		peer_free(peer);
}

static void peer_silent(void *data)
{
	peer_free(data);
}

static void listener_accept(int fd, short revents, void *data)
{
	struct isns_listener *listener = data;
	struct peer *peer;
	int accepted = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (accepted < 0)
		return;
	if (listener->peer_count == PEERS_MAX)
		peer_free(TAILQ_FIRST(&listener->peers));
	peer = calloc(1, sizeof(*peer));
	if (!peer) {
		close(accepted);
		return;
	}
	peer->listener = listener;
	peer->fd = accepted;
	isns_reader_init(&peer->reader, ISNS_NOTICE_MAX);
	TAILQ_INSERT_TAIL(&listener->peers, peer, entry);
	listener->peer_count++;
	if (loop_fd_new(listener->loop, accepted, POLLIN, peer_ready, peer, &peer->watch) < 0 ||
	    loop_timer_new(listener->loop, peer_silent, peer, &peer->timer) < 0)
		peer_free(peer);
	else
		loop_timer_set(peer->timer, PEER_SILENCE_MS);
}

/* One socket for both families where the kernel has both. */
static int listener_open(struct isns_listener *listener)
{
	struct sockaddr_in6 six = {.sin6_family = AF_INET6};
	struct sockaddr_in four = {.sin_family = AF_INET};
	struct sockaddr *address = (struct sockaddr *)&six;
	socklen_t length = sizeof(six);
	int off = 0;

	listener->fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (listener->fd < 0) {
		address = (struct sockaddr *)&four;
		length = sizeof(four);
		listener->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	} else {
		(void)setsockopt(listener->fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	}
	if (listener->fd < 0 || bind(listener->fd, address, length) < 0 ||
	    listen(listener->fd, PEERS_MAX) < 0 || getsockname(listener->fd, address, &length) < 0)
		return -errno;
	/* The port is at the same place in both families. */
	listener->port = ntohs(address->sa_family == AF_INET6 ? six.sin6_port : four.sin_port);
	return 0;
}

int isns_listener_new(struct loop *loop, const char *name, isns_notice_fn *fn, void *data,
		      struct isns_listener **ret_listener)
{
	struct isns_listener *listener = calloc(1, sizeof(*listener));
	int r = -ENOMEM;

	if (!listener)
		return r;
	*listener = (struct isns_listener){.loop = loop, .fd = -1, .fn = fn, .data = data};
	TAILQ_INIT(&listener->peers);
	listener->name = strdup(name);
	if (listener->name)
		r = listener_open(listener);
	if (r == 0)
		r = loop_timer_new(loop, listener_tell, listener, &listener->timer);
	if (r == 0)
		r = loop_fd_new(loop, listener->fd, POLLIN, listener_accept, listener,
				&listener->watch);
	if (r < 0)
		isns_listener_free(listener);
	else
		*ret_listener = listener;
	return r;
}

void isns_listener_free(struct isns_listener *listener)
{
	struct peer *peer;

	if (!listener)
		return;
	while ((peer = TAILQ_FIRST(&listener->peers)))
		peer_free(peer);
	loop_fd_free(listener->watch);
	loop_timer_free(listener->timer);
	if (listener->fd >= 0)
		close(listener->fd);
	free(listener->name);
	free(listener);
}

uint16_t isns_listener_port(const struct isns_listener *listener)
{
	return listener->port;
}
