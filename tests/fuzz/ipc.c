/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzzer of the IPC server: the input is what a client sends, in pieces, and then closes its sending side. The server must neither
 * crash nor leak, must answer and end the connection by itself, and whatever it sends must be strict JSON objects with a NUL each.
 * First byte: the size of the pieces and whether the client reads; the rest is the stream ('\n' stands for the NUL as well, so that
 * corpus files are text).
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/ipc.h"
#include "lib/ipc_frame.h"
#include "lib/ipc_interface.h"
#include "lib/json.h"
#include "lib/loop.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

#define TURNS_MAX 100000

static struct {
	struct loop *loop;
	struct loop_timer *stop;
	struct ipc_server *server;
	struct ipc_call *held;
	struct sockaddr_un address;
	socklen_t address_len;
} f;

static void check(bool fine, const char *what)
{
	if (fine)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

static void stop(void *data)
{
	loop_stop(f.loop);
}

static void echo(struct ipc_call *call, struct json_object *parameters, void *data)
{
	check(json_object_is_type(parameters, json_type_object), "parameters are no object");
	ipc_reply(call, json_object_get(parameters), false);
}

static void count(struct ipc_call *call, struct json_object *parameters, void *data)
{
	int64_t to = 0;

	if (json_get_number(parameters, "to", 0, 100, &to) < 0) {
		ipc_error(call, ISCSI_ERR_INVAL, NULL);
		return;
	}
	for (; to > 0; to--)
		ipc_reply(call, NULL, true);
	ipc_reply(call, NULL, false);
}

static void forget(void *data)
{
	check(f.held != NULL, "closed twice");
	f.held = NULL;
}

static void hold(struct ipc_call *call, struct json_object *parameters, void *data)
{
	check(!f.held, "two calls of one connection at once");
	f.held = call;
	ipc_call_on_close(call, forget, NULL);
}

static const struct ipc_method methods[] = {
	{ "org.openhba.iscsid.Echo", false, echo },
	{ "org.openhba.iscsid.Count", true, count },
	{ "org.openhba.iscsid.Hold", true, hold },
};

static void start(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	f.address = (struct sockaddr_un){.sun_family = AF_UNIX};
	f.address_len = sizeof(f.address);
	/* An address without a name makes the kernel choose an abstract one. */
	check(bind(fd, (struct sockaddr *)&f.address, sizeof(sa_family_t)) == 0 && listen(fd, 5) == 0 &&
	      getsockname(fd, (struct sockaddr *)&f.address, &f.address_len) == 0, "no socket");
	check(loop_new(&f.loop) == 0 && loop_timer_new(f.loop, stop, NULL, &f.stop) == 0 &&
	      ipc_server_new(f.loop, NULL, fd, methods, sizeof(methods) / sizeof(methods[0]), ipc_interface_description, NULL,
			     &f.server) == 0, "no server");
}

/* One turn of the loop; what was held is answered between turns. */
static void turn(void)
{
	struct ipc_call *held = f.held;

	loop_timer_set(f.stop, 0);
	check(loop_run(f.loop) == 0, "the loop failed");
	if (held && held == f.held) {
		f.held = NULL;
		ipc_reply(held, NULL, false);
	}
}

static void check_answers(struct ipc_buffer *answers)
{
	struct json_object *object;
	const char *text;
	size_t len;

	while (ipc_frame_first(answers, IPC_MESSAGE_MAX, &text, &len) == 1) {
		check(ipc_frame_parse(text, len, &object) == 0, "the answer is no message");
		json_object_put(object);
		ipc_buffer_drop(answers, len + 1);
	}
}

/* False: the server ended the connection. */
static bool read_answers(int fd, struct ipc_buffer *answers)
{
	ssize_t got;

	while ((got = ipc_buffer_fill(answers, fd)) > 0)
		check_answers(answers);
	return got == -EAGAIN;
}

/* Until all is sent or nobody takes it any more. */
static void send_all(int fd, const uint8_t *bytes, size_t len, size_t piece, bool reads, struct ipc_buffer *answers)
{
	int turns = 0;

	while (len && turns++ < TURNS_MAX) {
		size_t part = piece < len ? piece : len;
		ssize_t sent = send(fd, bytes, part, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (sent < 0 && errno != EAGAIN)
			return;
		bytes += sent > 0 ? sent : 0;
		len -= sent > 0 ? (size_t)sent : 0;
		turn();
		if ((reads || sent < 0) && !read_answers(fd, answers))
			return;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct ipc_buffer answers = {.data = NULL};
	int fd, turns = 0;
	uint8_t *stream;
	size_t piece;

	if (!f.loop)
		start();
	if (len < 2)
		return 0;
	piece = (bytes[0] & 63) ? (size_t)(bytes[0] & 63) * 7 : len;
	stream = malloc(len - 1);
	check(stream != NULL, "no memory");
	for (size_t i = 1; i < len; i++)
		stream[i - 1] = bytes[i] == '\n' ? 0 : bytes[i];
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	check(connect(fd, (struct sockaddr *)&f.address, f.address_len) == 0, "nobody listens");
	turn();
	send_all(fd, stream, len - 1, piece, !(bytes[0] & 64), &answers);
	free(stream);
	if (!(bytes[0] & 128)) { /* otherwise the client just goes away */
		shutdown(fd, SHUT_WR);
		while (read_answers(fd, &answers)) {
			check(turns++ < TURNS_MAX, "the server does not end the connection");
			turn();
		}
		check(ipc_buffer_count(&answers) == 0, "half an answer");
	}
	ipc_buffer_done(&answers);
	close(fd);
	for (turns = 0; turns < 4; turns++)
		turn();
	return 0;
}
