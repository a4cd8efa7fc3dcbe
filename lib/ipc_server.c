/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The server side of the IPC, on a loop: connections, calls in their order, replies. Decides who may call what (peer credentials)
 * and how much of a client's bytes is held. Called by iscsid. Never waits for a client: one that does not read is dropped, one that
 * does not finish a message only holds its own bytes, one that sends many calls takes turns with the others.
 *
 * A connection serves one call at a time; while it is open at most one more message (and what came with it) is read.
 * Methods answer at once or later. A connection is freed only from callbacks of the loop, never under a method or ipc_reply():
 * those mark it dead, and the kick timer collects it in the next turn.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/ipc.h"
#include "lib/ipc_frame.h"
#include "lib/ipc_listen.h"
#include "lib/ipc_service.h"
#include "lib/json.h"
#include "lib/loop.h"

#define CONNECTIONS_MAX 1000	/* of all users */
#define STRANGERS_MAX 200	/* of users that are neither root nor ourselves */
#define OUTPUT_MAX (64u << 20)
#define OUTPUT_PAUSE (256u << 10)	/* no new call while so much waits to be read */
#define CALLS_PER_TURN 16
#define ACCEPTS_PER_TURN 16
#define ACCEPT_PAUSE_MS 200	/* after running out of descriptors */
#define GONE_CHECK_MS 250

struct connection;

/* Owned by its connection from dispatch to the last answer. */
struct ipc_call {
	struct connection *connection;
	void (*on_close)(void *data);
	void *on_close_data;
	bool more, oneway;
};

/* Owned by the server's list. */
struct connection {
	TAILQ_ENTRY(connection) entry;
	struct ipc_server *server;
	struct loop_fd *watch;
	struct ipc_call *call; /* being answered, or NULL */
	struct ipc_buffer in, out;
	struct ipc_peer peer;
	int fd;
	bool trusted; /* root or ourselves */
	bool ended;   /* the client sends nothing more, but may still read */
	bool serving; /* connection_serve() goes on by itself */
	bool dead;    /* to be closed by the next turn */
	bool kicked;  /* has something to do in the next turn */
};

TAILQ_HEAD(connection_list, connection);

struct ipc_server {
	struct loop *loop;
	struct ipc_listener listener;
	struct loop_fd *watch;
	struct loop_timer *kick, *accept_again, *gone_check;
	const struct ipc_method *methods;
	size_t method_count;
	const char *description;
	void *data;
	struct connection_list connections;
	unsigned int count, strangers;
};

static void connection_update(struct connection *connection);

static void connection_kick(struct connection *connection)
{
	connection->kicked = true;
	loop_timer_set(connection->server->kick, 0);
}

static void connection_kill(struct connection *connection)
{
	connection->dead = true;
	connection_kick(connection);
}

static void connection_free(struct connection *connection)
{
	struct ipc_call *call = connection->call;

	TAILQ_REMOVE(&connection->server->connections, connection, entry);
	connection->server->count--;
	if (!connection->trusted)
		connection->server->strangers--;
	connection->call = NULL;
	if (call && call->on_close)
		call->on_close(call->on_close_data);
	free(call);
	loop_fd_free(connection->watch);
	close(connection->fd);
	ipc_buffer_done(&connection->in);
	ipc_buffer_done(&connection->out);
	free(connection);
}

/* ---- answers ---- */

static void connection_flush(struct connection *connection)
{
	int error = ipc_buffer_flush(&connection->out, connection->fd);

	if (error && error != -EAGAIN)
		connection_kill(connection);
	else
		connection_update(connection);
}

/* Takes message. */
static void connection_send(struct connection *connection, struct json_object *message)
{
	if (!connection->dead && (!message || ipc_frame_add(&connection->out, message) < 0 ||
				  ipc_buffer_count(&connection->out) > OUTPUT_MAX))
		connection_kill(connection);
	json_object_put(message);
	if (!connection->dead)
		connection_flush(connection);
}

/* The connection is free for the next call, which starts in a turn of its own, not under its predecessor's last answer. */
static void call_end(struct ipc_call *call)
{
	struct connection *connection = call->connection;

	connection->call = NULL;
	free(call);
	if (!connection->serving && (connection->ended || ipc_buffer_count(&connection->in)))
		connection_kick(connection);
}

/* Ends the call with a whole message, which is taken: errors, and what lib/ipc_service.c answers. */
static void call_finish(struct ipc_call *call, struct json_object *message)
{
	struct connection *connection = call->connection;
	bool oneway = call->oneway;

	call_end(call);
	if (oneway)
		json_object_put(message);
	else
		connection_send(connection, message);
}

void ipc_reply(struct ipc_call *call, struct json_object *parameters, bool continues)
{
	struct connection *connection = call->connection;
	bool wanted = !call->oneway && (!continues || call->more);
	struct json_object *message = NULL;

	if (wanted)
		message = ipc_frame_message(NULL, NULL, parameters);
	else
		json_object_put(parameters);
	if (message && continues && json_object_object_add(message, "continues", json_object_new_boolean(true)) < 0) {
		json_object_put(message);
		message = NULL;
	}
	if (!continues)
		call_end(call);
	if (wanted)
		connection_send(connection, message);
}

void ipc_error(struct ipc_call *call, enum iscsi_err err, const char *message)
{
	call_finish(call, ipc_service_failed(err, message));
}

bool ipc_call_wants_more(const struct ipc_call *call)
{
	return call->more;
}

struct ipc_peer ipc_call_peer(const struct ipc_call *call)
{
	return call->connection->peer;
}

void ipc_call_on_close(struct ipc_call *call, void (*fn)(void *data), void *data)
{
	call->on_close = fn;
	call->on_close_data = data;
}

/* ---- calls ---- */

static const struct ipc_method *find_method(const struct ipc_server *server, const char *name)
{
	for (size_t i = 0; i < server->method_count; i++)
		if (strcmp(server->methods[i].name, name) == 0)
			return &server->methods[i];
	return NULL;
}

static void call_dispatch(struct ipc_call *call, const char *name, struct json_object *parameters)
{
	struct connection *connection = call->connection;
	const struct ipc_method *method = find_method(connection->server, name);

	if (!method)
		call_finish(call, ipc_service_answer(name, parameters, connection->server->description));
	else if (method->needs_root && !connection->trusted)
		ipc_error(call, ISCSI_ERR_ACCESS, NULL);
	else
		method->call(call, parameters, connection->server->data);
}

/* An optional boolean of a call: false if absent. -EINVAL if it is something else. */
static int get_flag(struct json_object *message, const char *name, bool *ret_flag)
{
	int error = json_get_bool(message, name, ret_flag);

	if (error != -ENOENT)
		return error;
	*ret_flag = false;
	return 0;
}

static int call_start(const struct ipc_call *call, const char *name, struct json_object *parameters, bool upgrade)
{
	struct connection *connection = call->connection;

	connection->call = malloc(sizeof(*call));
	if (!connection->call)
		return -ENOMEM;
	*connection->call = *call;
	if (upgrade)
		call_finish(connection->call, ipc_service_invalid_parameter("upgrade"));
	else
		call_dispatch(connection->call, name, parameters);
	return 0;
}

/* What is no varlink call has no answer: the connection ends. */
static int serve_message(struct connection *connection, struct json_object *message)
{
	struct json_object *parameters = NULL;
	struct ipc_call call = {.connection = connection};
	bool upgrade;
	const char *name;
	int error;

	if (json_get_text(message, "method", &name) < 0 || get_flag(message, "more", &call.more) < 0 ||
	    get_flag(message, "oneway", &call.oneway) < 0 || get_flag(message, "upgrade", &upgrade) < 0)
		return -EINVAL;
	error = json_get_object(message, "parameters", &parameters);
	if (error == -EINVAL)
		return error;
	parameters = error ? json_object_new_object() : json_object_get(parameters);
	if (!parameters)
		return -ENOMEM;
	error = call_start(&call, name, parameters, upgrade);
	json_object_put(parameters);
	return error;
}

static int first_message(struct connection *connection, const char **ret_text, size_t *ret_len)
{
	size_t max = connection->trusted ? IPC_MESSAGE_MAX : IPC_STRANGER_MESSAGE_MAX;

	return ipc_frame_first(&connection->in, max, ret_text, ret_len);
}

/* Serves the first message that has arrived. 1: it was served; 0: there is none; negative: the connection is to be ended. */
static int serve_first(struct connection *connection)
{
	struct json_object *message;
	const char *text;
	size_t len;
	int result;

	result = first_message(connection, &text, &len);
	if (result <= 0)
		return result;
	result = ipc_frame_parse(text, len, &message);
	if (result < 0)
		return result;
	ipc_buffer_drop(&connection->in, len + 1);
	result = serve_message(connection, message);
	json_object_put(message);
	return result < 0 ? result : 1;
}

static bool may_serve(const struct connection *connection)
{
	return !connection->call && !connection->dead && ipc_buffer_count(&connection->out) < OUTPUT_PAUSE;
}

static void connection_serve(struct connection *connection)
{
	int result = 1;

	connection->serving = true;
	for (int turn = 0; result > 0 && turn < CALLS_PER_TURN && may_serve(connection); turn++)
		result = serve_first(connection);
	connection->serving = false;
	if (result > 0 && may_serve(connection))
		connection_kick(connection);
	/* A client that ended in the middle of a message, or has all its answers, is done. */
	if (result < 0 || (result == 0 && connection->ended && !ipc_buffer_count(&connection->out)))
		connection->dead = true;
}

/* ---- connections ---- */

static bool may_read(struct connection *connection)
{
	const char *text;
	size_t len;

	/* A queued message is enough; an overlong one is found when its turn comes. */
	return !connection->ended && first_message(connection, &text, &len) == 0;
}

/* The client closed both ways; with only its sending side closed it may still read answers. */
static bool is_gone(const struct connection *connection)
{
	struct pollfd now = {.fd = connection->fd};

	return poll(&now, 1, 0) > 0 && now.revents & (POLLHUP | POLLERR | POLLNVAL);
}

/* Says to the loop what the connection waits for. Nobody looks at the socket of a client that may not send: the timer does. */
static void connection_update(struct connection *connection)
{
	bool reads = may_read(connection), writes = ipc_buffer_count(&connection->out) > 0;

	if (loop_fd_want(connection->watch, (short)((reads ? POLLIN : 0) | (writes ? POLLOUT : 0))) < 0)
		connection_kill(connection);
	if (!reads && !loop_timer_is_set(connection->server->gone_check))
		loop_timer_set(connection->server->gone_check, GONE_CHECK_MS);
}

static void connection_read(struct connection *connection)
{
	ssize_t got = ipc_buffer_fill(&connection->in, connection->fd);

	if (got == 0)
		connection->ended = true;
	if ((got < 0 && got != -EAGAIN) || (got == 0 && is_gone(connection)))
		connection->dead = true;
}

/* One turn of a connection; frees it if this was its last. */
static void connection_turn(struct connection *connection)
{
	connection->kicked = false;
	if (!connection->dead)
		connection_serve(connection);
	if (connection->dead)
		connection_free(connection);
	else
		connection_update(connection);
}

static void connection_ready(int fd, short revents, void *data)
{
	struct connection *connection = data;

	if (revents & POLLOUT && ipc_buffer_count(&connection->out))
		connection_flush(connection);
	if (revents & (POLLIN | POLLERR))
		connection_read(connection);
	connection_turn(connection);
}

static void turn_kicked(void *data)
{
	struct ipc_server *server = data;
	struct connection *connection, *next;

	for (connection = TAILQ_FIRST(&server->connections); connection; connection = next) {
		next = TAILQ_NEXT(connection, entry);
		if (connection->kicked)
			connection_turn(connection);
	}
}

static void check_gone(void *data)
{
	struct ipc_server *server = data;
	struct connection *connection, *next;
	bool again = false;

	for (connection = TAILQ_FIRST(&server->connections); connection; connection = next) {
		next = TAILQ_NEXT(connection, entry);
		if (may_read(connection))
			continue;
		if (is_gone(connection))
			connection_free(connection);
		else
			again = true;
	}
	if (again)
		loop_timer_set(server->gone_check, GONE_CHECK_MS);
}

/* ---- accepting ---- */

static int get_peer(struct connection *connection)
{
	struct ucred credentials;
	socklen_t len = sizeof(credentials);

	if (getsockopt(connection->fd, SOL_SOCKET, SO_PEERCRED, &credentials, &len) < 0)
		return -errno;
	connection->peer = (struct ipc_peer){.uid = credentials.uid, .pid = credentials.pid};
	connection->trusted = credentials.uid == 0 || credentials.uid == geteuid();
	return 0;
}

static bool has_room(const struct ipc_server *server, const struct connection *connection)
{
	return server->count < CONNECTIONS_MAX && (connection->trusted || server->strangers < STRANGERS_MAX);
}

/* Takes fd. */
static int connection_new(struct ipc_server *server, int fd)
{
	struct connection *connection = calloc(1, sizeof(*connection));
	int error = -ENOMEM;

	if (connection) {
		connection->server = server;
		connection->fd = fd;
		error = get_peer(connection);
		if (!error && !has_room(server, connection))
			error = -EUSERS;
		if (!error)
			error = loop_fd_new(server->loop, fd, POLLIN, connection_ready, connection, &connection->watch);
	}
	if (error) {
		free(connection);
		close(fd);
		return error;
	}
	TAILQ_INSERT_TAIL(&server->connections, connection, entry);
	server->count++;
	if (!connection->trusted)
		server->strangers++;
	return 0;
}

static void accept_ready(int listen_fd, short revents, void *data)
{
	struct ipc_server *server = data;

	for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
		int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd >= 0) {
			connection_new(server, fd);
			continue;
		}
		/* Without descriptors or memory the socket stays ready: look away for a while. */
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
			loop_fd_want(server->watch, 0);
			loop_timer_set(server->accept_again, ACCEPT_PAUSE_MS);
		}
		return;
	}
}

static void accept_again(void *data)
{
	struct ipc_server *server = data;

	if (loop_fd_want(server->watch, POLLIN) < 0)
		loop_timer_set(server->accept_again, ACCEPT_PAUSE_MS);
}

static int server_start(struct ipc_server *server, const char *path, int listen_fd)
{
	int error = ipc_listener_open(&server->listener, path, listen_fd);

	if (!error)
		error = loop_timer_new(server->loop, turn_kicked, server, &server->kick);
	if (!error)
		error = loop_timer_new(server->loop, accept_again, server, &server->accept_again);
	if (!error)
		error = loop_timer_new(server->loop, check_gone, server, &server->gone_check);
	if (!error)
		error = loop_fd_new(server->loop, server->listener.fd, POLLIN, accept_ready, server, &server->watch);
	return error;
}

int ipc_server_new(struct loop *loop, const char *path, int listen_fd, const struct ipc_method *methods, size_t count,
		   const char *interface_description, void *data, struct ipc_server **ret_server)
{
	struct ipc_server *server = calloc(1, sizeof(*server));
	int error;

	if (!server)
		return -ENOMEM;
	*server = (struct ipc_server){
		.loop = loop,
		.listener = {.fd = -1},
		.methods = methods,
		.method_count = count,
		.description = interface_description,
		.data = data,
	};
	TAILQ_INIT(&server->connections);
	error = server_start(server, path, listen_fd);
	if (error) {
		ipc_server_free(server);
		return error;
	}
	*ret_server = server;
	return 0;
}

void ipc_server_free(struct ipc_server *server)
{
	struct connection *connection;

	if (!server)
		return;
	loop_fd_free(server->watch);
	while ((connection = TAILQ_FIRST(&server->connections)))
		connection_free(connection);
	loop_timer_free(server->kick);
	loop_timer_free(server->accept_again);
	loop_timer_free(server->gone_check);
	ipc_listener_close(&server->listener);
	free(server);
}
