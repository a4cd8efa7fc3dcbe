/* SPDX-License-Identifier: GPL-3.0-or-later */
/* PDUs over sockets: cut at every byte, lost at every byte, handed over, freed in a callback. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/channel_socket.h"
#include "lib/pdu.h"

enum reaction { REACT_NOT, REACT_FREE, REACT_TAKE };

struct talk {
	struct channel_socket *socket;
	int peer;
	int connected, pdus, error;
	size_t bytes;
	enum reaction reaction;
	int taken;
};

static void on_connected(void *data)
{
	((struct talk *)data)->connected++;
}

static void on_pdu(void *data, struct pdu *pdu)
{
	struct talk *talk = data;

	talk->pdus++;
	talk->bytes += pdu->data_length;
	if (talk->reaction == REACT_FREE) {
		channel_socket_free(talk->socket);
		talk->socket = NULL;
	} else if (talk->reaction == REACT_TAKE) {
		talk->taken = channel_socket_take_fd(talk->socket);
	}
}

static void on_error(void *data, int error)
{
	((struct talk *)data)->error = error;
}

static const struct channel_events events = {on_connected, on_pdu, on_error};

static void talk_start(struct talk *talk)
{
	int fds[2], error;

	memset(talk, 0, sizeof(*talk));
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	talk->peer = fds[1];
	talk->socket = channel_socket_adopt(fds[0], 4096, &events, talk, &error);
	assert_non_null(talk->socket);
}

static void talk_end(struct talk *talk)
{
	channel_socket_free(talk->socket);
	if (talk->peer >= 0)
		close(talk->peer);
}

static size_t make_wire(size_t data_length, unsigned char *wire)
{
	unsigned char data[4096] = {1, 2, 3};
	struct pdu pdu = {0};
	size_t length;

	pdu.bhs.opcode = ISCSI_PDU_TEXT_RESPONSE;
	assert_int_equal(pdu_set_data(&pdu, data, data_length), 0);
	pdu_encode(&pdu, wire);
	length = pdu_wire_length(&pdu);
	pdu_done(&pdu);
	return length;
}

static void put(struct talk *talk, const void *bytes, size_t length)
{
	assert_int_equal(write(talk->peer, bytes, length), length);
	channel_socket_ready(talk->socket, POLLIN);
}

static void test_cut_anywhere(void **state)
{
	unsigned char wire[128];
	size_t length = make_wire(5, wire), cut;
	struct talk talk;

	talk_start(&talk);
	for (cut = 1; cut < length; cut++) {
		talk.pdus = 0;
		put(&talk, wire, cut);
		assert_int_equal(talk.pdus, 0);
		put(&talk, wire + cut, length - cut);
		assert_int_equal(talk.pdus, 1);
	}
	for (cut = 0; cut < length; cut++)
		put(&talk, wire + cut, 1);
	assert_int_equal(talk.pdus, 2);
	assert_int_equal(talk.bytes, length * 5);
	assert_int_equal(talk.error, 0);
	talk_end(&talk);
}

static void test_lost_anywhere(void **state)
{
	unsigned char wire[128];
	size_t length = make_wire(5, wire), cut;
	struct talk talk;

	for (cut = 0; cut < length; cut++) {
		talk_start(&talk);
		if (cut)
			put(&talk, wire, cut);
		close(talk.peer);
		talk.peer = -1;
		assert_int_equal(talk.error, 0);
		channel_socket_ready(talk.socket, POLLIN | POLLHUP);
		assert_int_equal(talk.error, -ECONNRESET);
		assert_int_equal(channel_socket_fd(talk.socket), -1);
		assert_int_equal(channel_socket_want(talk.socket), 0);
		talk.error = 0;
		channel_socket_ready(talk.socket, POLLIN); /* nothing comes after an error */
		assert_int_equal(talk.error, 0);
		talk_end(&talk);
	}
}

static void test_error_texts(void **state)
{
	assert_non_null(strstr(channel_socket_error_text(-EPROTO), "additional header segment"));
	assert_non_null(strstr(channel_socket_error_text(-EMSGSIZE), "longer than it may"));
	assert_non_null(strstr(channel_socket_error_text(-EBADMSG), "behind the end of the login"));
	assert_string_equal(channel_socket_error_text(-ECONNREFUSED), strerror(ECONNREFUSED));
}

static void test_refused_pdus(void **state)
{
	unsigned char wire[8192];
	struct talk talk;

	talk_start(&talk);
	make_wire(0, wire);
	wire[4] = 2;
	put(&talk, wire, 48);
	assert_int_equal(talk.error, -EPROTO);
	talk_end(&talk);
	talk_start(&talk);
	make_wire(0, wire);
	wire[6] = 0x10; /* 4096 and one more */
	wire[7] = 0x01;
	put(&talk, wire, 48);
	assert_int_equal(talk.error, -EMSGSIZE);
	talk_end(&talk);
}

/* More than the socket takes at once. */
static void test_send(void **state)
{
	static unsigned char wire[4096 + 48], got[64 * 4096];
	size_t length = make_wire(4096, wire), have = 0, sent = 0;
	struct pdu pdu = {0};
	struct talk talk;
	ssize_t n;
	int i;

	talk_start(&talk);
	pdu.bhs.opcode = ISCSI_PDU_TEXT_RESPONSE;
	assert_int_equal(pdu_set_data(&pdu, wire + 48, 4096), 0);
	for (i = 0; i < 60; i++) {
		assert_int_equal(channel_send(channel_socket_channel(talk.socket), &pdu), 0);
		sent += length;
	}
	while (have < sent) {
		n = read(talk.peer, got + have, sizeof(got) - have);
		if (n > 0)
			have += (size_t)n;
		channel_socket_ready(talk.socket, POLLOUT);
		assert_int_equal(talk.error, 0);
	}
	for (i = 0; i < 60; i++)
		assert_memory_equal(got + (size_t)i * length, wire, length);
	assert_int_equal(channel_socket_want(talk.socket), POLLIN);
	channel_close(channel_socket_channel(talk.socket));
	channel_close(channel_socket_channel(talk.socket));
	assert_int_equal(channel_send(channel_socket_channel(talk.socket), &pdu), -EPIPE);
	pdu_done(&pdu);
	talk_end(&talk);
}

static void test_send_to_the_dead(void **state)
{
	struct pdu pdu = {0};
	struct talk talk;

	talk_start(&talk);
	close(talk.peer);
	talk.peer = -1;
	assert_int_equal(channel_send(channel_socket_channel(talk.socket), &pdu), 0);
	channel_socket_ready(talk.socket, POLLOUT);
	assert_int_equal(talk.error, -EPIPE);
	talk_end(&talk);
}

/* A peer that asks and asks, but does not read the answers, costs a bounded amount of memory. */
static void test_send_to_the_deaf(void **state)
{
	unsigned char data[4096] = {0};
	struct pdu pdu = {0};
	struct talk talk;
	int error = 0, i;

	talk_start(&talk);
	assert_int_equal(pdu_set_data(&pdu, data, sizeof(data)), 0);
	for (i = 0; !error && i < 1024; i++)
		error = channel_send(channel_socket_channel(talk.socket), &pdu);
	assert_int_equal(error, -ENOBUFS);
	assert_true(i < 512);
	pdu_done(&pdu);
	talk_end(&talk);
}

static void test_take_fd(void **state)
{
	unsigned char wire[128];
	size_t length = make_wire(5, wire);
	struct talk talk;
	char byte;

	talk_start(&talk); /* inside the callback of the last PDU */
	talk.reaction = REACT_TAKE;
	put(&talk, wire, length);
	assert_true(talk.taken >= 0);
	assert_int_equal(channel_socket_fd(talk.socket), -1);
	assert_int_equal(channel_socket_take_fd(talk.socket), -EPIPE);
	assert_int_equal(write(talk.peer, "x", 1), 1);
	assert_int_equal(read(talk.taken, &byte, 1), 1);
	close(talk.taken);
	talk_end(&talk);

	talk_start(&talk); /* half a PDU was read */
	put(&talk, wire, 20);
	assert_int_equal(channel_socket_take_fd(talk.socket), -EBADMSG);
	talk_end(&talk);

	talk_start(&talk); /* unread bytes */
	assert_int_equal(write(talk.peer, wire, length), length);
	assert_int_equal(channel_socket_take_fd(talk.socket), -EAGAIN);
	talk.taken = channel_socket_take_fd_unread(talk.socket);
	assert_true(talk.taken >= 0);
	assert_int_equal(read(talk.taken, wire, sizeof(wire)), length);
	close(talk.taken);
	talk_end(&talk);

	talk_start(&talk); /* the target has gone */
	close(talk.peer);
	talk.peer = -1;
	assert_int_equal(channel_socket_take_fd(talk.socket), -ECONNRESET);
	talk_end(&talk);
}

/* Two PDUs are there; the callback of the first frees the channel. */
static void test_free_in_callback(void **state)
{
	unsigned char wire[256];
	size_t length = make_wire(5, wire);
	struct talk talk;

	length += make_wire(5, wire + length);
	talk_start(&talk);
	talk.reaction = REACT_FREE;
	put(&talk, wire, length);
	assert_int_equal(talk.pdus, 1);
	assert_null(talk.socket);
	talk_end(&talk);
}

static int listen_on(int family, struct sockaddr_storage *ret_address, socklen_t *ret_length)
{
	int fd = socket(family, SOCK_STREAM, 0);

	memset(ret_address, 0, sizeof(*ret_address));
	ret_address->ss_family = (sa_family_t)family;
	*ret_length = family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
	if (family == AF_INET)
		((struct sockaddr_in *)ret_address)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	else
		((struct sockaddr_in6 *)ret_address)->sin6_addr = in6addr_loopback;
	if (fd < 0 || bind(fd, (struct sockaddr *)ret_address, *ret_length) < 0 ||
	    listen(fd, 4) < 0 || getsockname(fd, (struct sockaddr *)ret_address, ret_length) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static void wait_until(struct talk *talk, const int *flag)
{
	struct pollfd watch;
	int i;

	for (i = 0; i < 100 && !*flag && channel_socket_fd(talk->socket) >= 0; i++) {
		watch = (struct pollfd){channel_socket_fd(talk->socket),
					channel_socket_want(talk->socket), 0};
		if (poll(&watch, 1, 100) > 0)
			channel_socket_ready(talk->socket, watch.revents);
	}
	assert_true(*flag != 0);
}

static void test_connect(void **state)
{
	static const int families[] = {AF_INET, AF_INET6};
	struct channel_socket_settings settings = {.window_bytes = 65536,
						   .congestion = "no-such-algorithm",
						   .reset_on_close = true};
	int listener, error, on = 0, fd, i;
	socklen_t length = sizeof(on);
	struct linger linger;
	struct talk talk;

	for (i = 0; i < 2; i++) {
		memset(&talk, 0, sizeof(talk));
		listener = listen_on(families[i], &settings.peer, &settings.peer_length);
		if (listener < 0)
			continue; /* no such family here */
		talk.socket = channel_socket_new(&settings, &events, &talk, &error);
		assert_non_null(talk.socket);
		assert_int_equal(channel_socket_want(talk.socket), POLLOUT);
		wait_until(&talk, &talk.connected);
		talk.peer = accept(listener, NULL, NULL);
		assert_true(talk.peer >= 0);
		fd = channel_socket_fd(talk.socket);
		length = sizeof(on);
		assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, &length), 0);
		assert_true(on);
		assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
		fd = channel_socket_take_fd(talk.socket);
		length = sizeof(linger);
		assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, &length), 0);
		assert_int_equal(linger.l_onoff, 0); /* the kernel's from here on */
		close(fd);
		close(listener);
		talk_end(&talk);
	}
}

static void test_connect_refused(void **state)
{
	struct channel_socket_settings settings = {0};
	struct talk talk = {.peer = -1};
	int listener, error = 0;

	listener = listen_on(AF_INET, &settings.peer, &settings.peer_length);
	assert_true(listener >= 0);
	close(listener);
	talk.socket = channel_socket_new(&settings, &events, &talk, &error);
	if (talk.socket) {
		wait_until(&talk, &talk.error);
		error = talk.error;
	}
	assert_int_equal(error, -ECONNREFUSED);
	assert_int_equal(talk.connected, 0);
	talk_end(&talk);
}

static void test_no_such_netdev(void **state)
{
	struct channel_socket_settings settings = {.netdev = "nosuchdev0"};
	int listener, error = 0;

	listener = listen_on(AF_INET, &settings.peer, &settings.peer_length);
	assert_null(channel_socket_new(&settings, &events, NULL, &error));
	assert_true(error == -ENODEV || error == -EPERM);
	close(listener);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cut_anywhere),
		cmocka_unit_test(test_lost_anywhere),
		cmocka_unit_test(test_error_texts),
		cmocka_unit_test(test_refused_pdus),
		cmocka_unit_test(test_send),
		cmocka_unit_test(test_send_to_the_dead),
		cmocka_unit_test(test_send_to_the_deaf),
		cmocka_unit_test(test_take_fd),
		cmocka_unit_test(test_free_in_callback),
		cmocka_unit_test(test_connect),
		cmocka_unit_test(test_connect_refused),
		cmocka_unit_test(test_no_such_netdev),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
