/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An iSNS server for tests: a thread that takes connections and answers each request as the next act of its script says. It keeps what
 * it was asked.
 */
#ifndef OPENHBA_TESTS_UNIT_ISNS_SERVER_H
#define OPENHBA_TESTS_UNIT_ISNS_SERVER_H

#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/isns_bytes.h"

#define SERVER_ACTS 64

enum act {
	ACT_END,
	ACT_TARGETS,	  /* two targets */
	ACT_EMPTY,	  /* success, nothing in it */
	ACT_STRANGER,	  /* status 6: who are you? */
	ACT_TOO_LONG,	  /* status 11 */
	ACT_NAME_A,	  /* of GetNext */
	ACT_NAME_B,
	ACT_NAME_A_AGAIN,
	ACT_PORTAL_A,
	ACT_PORTAL_B,
	ACT_NO_MORE,	  /* status 9 */
	ACT_PERIOD,	  /* success, registered for 40 s */
	ACT_REFUSE,	  /* status 8 */
	ACT_SILENT,
	ACT_CLOSE,
	ACT_GARBAGE,
	ACT_SLOWLY,	  /* ACT_TARGETS, byte by byte */
};

#define SERVER_A "iqn.2026-11.org.example:a"
#define SERVER_B "iqn.2026-11.org.example:b"

struct server {
	pthread_t thread;
	int listener;
	uint16_t port;
	const enum act *acts;
	unsigned int requests;
	uint16_t function[SERVER_ACTS], flags[SERVER_ACTS];
	struct isns_bytes payload[SERVER_ACTS];
};

static void server_fill(enum act act, struct isns_bytes *payload)
{
	static const uint32_t statuses[] = {[ACT_STRANGER] = 6, [ACT_TOO_LONG] = 11, [ACT_NO_MORE] = 9, [ACT_REFUSE] = 8, [ACT_SLOWLY] = 0};

	put_word(payload, statuses[act]);
	switch ((int)act) {
	case ACT_TARGETS:
	case ACT_SLOWLY:
		put_node(payload, SERVER_A, 1);
		put_group(payload, SERVER_A, "::ffff:127.0.0.1", 3260, 1);
		put_node(payload, SERVER_B, 1);
		put_group(payload, SERVER_B, "::1", 3261, 2);
		break;
	case ACT_NAME_A:
	case ACT_NAME_A_AGAIN:
		put_node(payload, SERVER_A, 1);
		break;
	case ACT_NAME_B:
		put_node(payload, SERVER_B, 1);
		break;
	case ACT_PORTAL_A:
		put_group(payload, SERVER_A, "::ffff:127.0.0.1", 3260, 1);
		break;
	case ACT_PORTAL_B:
		put_group(payload, SERVER_B, "::1", 3261, 2);
		break;
	case ACT_PERIOD:
		put_number(payload, ISNS_REGISTRATION_PERIOD, 40);
		break;
	}
}

static void server_send(int fd, const struct isns_bytes *bytes, size_t step)
{
	for (size_t at = 0; at < bytes->length; at += step)
		(void)!send(fd, bytes->data + at, bytes->length - at < step ? bytes->length - at : step, MSG_NOSIGNAL);
}

/* false: the connection is over. */
static bool server_act(struct server *server, int fd, const struct isns_message *request)
{
	enum act act = server->acts[server->requests];
	struct isns_message reply = {.function = request->function | ISNS_RESPONSE, .flags = ISNS_FROM_SERVER, .xid = request->xid};
	struct isns_bytes bytes = {0};

	server->function[server->requests] = request->function;
	server->flags[server->requests] = request->flags;
	assert_int_equal(isns_bytes_add(&server->payload[server->requests++], request->payload.data, request->payload.length), 0);
	if (act == ACT_CLOSE || act == ACT_END)
		return false;
	if (act == ACT_SILENT)
		return true;
	if (act == ACT_GARBAGE) {
		(void)!send(fd, "HTTP/1.1 400 Bad Request\r\n\r\n", 28, MSG_NOSIGNAL);
		return false;
	}
	server_fill(act, &reply.payload);
	assert_int_equal(isns_message_encode(&reply, &bytes), 0);
	server_send(fd, &bytes, act == ACT_SLOWLY ? 1 : bytes.length);
	isns_bytes_done(&bytes);
	isns_bytes_done(&reply.payload);
	return true;
}

static void server_talk(struct server *server, int fd)
{
	struct isns_reader reader;
	unsigned char bytes[4096];
	bool goes_on = true;
	ssize_t got;
	size_t used;

	isns_reader_init(&reader, 65536);
	while (goes_on && (got = recv(fd, bytes, sizeof(bytes), 0)) > 0)
		for (size_t at = 0; goes_on && at < (size_t)got; at += used)
			if (isns_reader_feed(&reader, bytes + at, (size_t)got - at, &used) == 1) {
				goes_on = server_act(server, fd, &reader.message);
				isns_reader_next(&reader);
			}
	isns_reader_done(&reader);
	close(fd);
}

/* Until the listener is shut down. */
static void *server_run(void *data)
{
	struct server *server = data;
	int fd;

	while ((fd = accept(server->listener, NULL, NULL)) >= 0)
		server_talk(server, fd);
	return NULL;
}

static void server_open(struct server *server, const enum act *acts)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(address);

	*server = (struct server){.acts = acts};
	server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(server->listener, (struct sockaddr *)&address, length), 0);
	assert_int_equal(listen(server->listener, 8), 0);
	assert_int_equal(getsockname(server->listener, (struct sockaddr *)&address, &length), 0);
	server->port = ntohs(address.sin_port);
	assert_int_equal(pthread_create(&server->thread, NULL, server_run, server), 0);
}

static void server_close(struct server *server)
{
	shutdown(server->listener, SHUT_RDWR);
	pthread_join(server->thread, NULL);
	close(server->listener);
	for (unsigned int i = 0; i < server->requests; i++)
		isns_bytes_done(&server->payload[i]);
}

/* The nth attribute with this tag in a request, after its status; kind OTHER: there is none. */
__attribute__((unused)) static struct isns_item server_asked(const struct server *server, unsigned int request, uint32_t tag)
{
	const struct isns_bytes *payload = &server->payload[request];
	struct isns_item item;
	size_t at = 0;

	while (isns_codec_next(payload->data, payload->length, &at, &item) > 0)
		if (item.tag == tag)
			return item;
	return (struct isns_item){.kind = ISNS_KIND_OTHER};
}

#endif
