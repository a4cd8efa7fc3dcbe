/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The client side of the IPC, blocking. Decides whom to believe (the daemon is root or ourselves) and what an error on the wire
 * means as enum iscsi_err. Called by iscsiadm and iscsistart. Never goes on with a connection that is out of step.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "lib/ipc.h"
#include "lib/ipc_frame.h"
#include "lib/ipc_listen.h"
#include "lib/json.h"
#include "lib/loop.h"

#define CONNECT_LIMIT_MS 10000	/* a daemon that does not accept for so long is taken as dead */
#define CONNECT_PAUSE_MS 10

/* Owned by the caller of ipc_connect(). broken: a call did not end, so what comes next belongs to nobody. */
struct ipc_client {
	int fd;
	bool broken;
	struct ipc_buffer in, out;
	ipc_tick_fn *tick; /* or NULL */
	void *tick_data;
	int tick_ms;
};

/* One call in progress. */
struct exchange {
	struct ipc_client *client;
	ipc_reply_fn *fn;
	void *data;
	char **ret_message; /* or NULL */
	int timeout_ms;
};

/* A full queue of a unix socket has no event to wait for. */
static int connect_patiently(int fd, const struct sockaddr_un *address)
{
	const struct timespec pause = {.tv_nsec = CONNECT_PAUSE_MS * 1000000L};
	uint64_t until = loop_now_ms() + CONNECT_LIMIT_MS;

	while (connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0) {
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return -errno;
		if (loop_now_ms() > until)
			return -ETIMEDOUT;
		nanosleep(&pause, NULL);
	}
	return 0;
}

/* Records carry secrets: they are given to nobody but root's daemon, or one of our own in a test. */
static int check_peer(int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		return -errno;
	return peer.uid == 0 || peer.uid == geteuid() ? 0 : -EACCES;
}

int ipc_connect(const char *path, struct ipc_client **ret_client)
{
	struct ipc_client *client;
	struct sockaddr_un address;
	int error = ipc_listen_address(path, &address);

	if (error)
		return error;
	client = calloc(1, sizeof(*client));
	if (!client)
		return -ENOMEM;
	client->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	error = client->fd < 0 ? -errno : connect_patiently(client->fd, &address);
	if (!error)
		error = check_peer(client->fd);
	if (error) {
		ipc_client_free(client);
		return error;
	}
	*ret_client = client;
	return 0;
}

void ipc_client_free(struct ipc_client *client)
{
	if (!client)
		return;
	if (client->fd >= 0)
		close(client->fd);
	ipc_buffer_done(&client->in);
	ipc_buffer_done(&client->out);
	free(client);
}

void ipc_client_on_tick(struct ipc_client *client, int interval_ms, ipc_tick_fn *fn, void *data)
{
	client->tick_ms = interval_ms;
	client->tick = fn;
	client->tick_data = data;
}

/* Shortens a wait to the next tick; false if that is what ends it. A wait of -1 has no end of its own. */
static bool cut_to_tick(const struct ipc_client *client, int *left)
{
	if (!client->tick || (*left >= 0 && *left <= client->tick_ms))
		return true;
	*left = client->tick_ms;
	return false;
}

/* Waits for the socket at most the time of silence. 0, -ETIMEDOUT or its errno. */
static int wait_for(const struct exchange *exchange, short events)
{
	struct pollfd wanted = {.fd = exchange->client->fd, .events = events};
	uint64_t start = loop_now_ms();

	for (;;) {
		uint64_t passed = loop_now_ms() - start;
		int left = exchange->timeout_ms;
		bool is_last;

		if (left >= 0)
			left = passed < (uint64_t)left ? left - (int)passed : 0;
		is_last = cut_to_tick(exchange->client, &left);
		switch (poll(&wanted, 1, left)) {
		case -1:
			if (errno != EINTR)
				return -errno;
			break;
		case 0:
			if (is_last)
				return -ETIMEDOUT;
			exchange->client->tick(exchange->client->tick_data);
			break;
		default:
			return 0;
		}
	}
}

static int send_all(const struct exchange *exchange)
{
	int error;

	while ((error = ipc_buffer_flush(&exchange->client->out, exchange->client->fd)) == -EAGAIN) {
		error = wait_for(exchange, POLLOUT);
		if (error)
			break;
	}
	ipc_buffer_done(&exchange->client->out);
	return error;
}

static int receive(const struct exchange *exchange, struct json_object **ret_message)
{
	struct ipc_client *client = exchange->client;
	const char *text;
	size_t len;
	ssize_t got;
	int error;

	while ((error = ipc_frame_first(&client->in, IPC_MESSAGE_MAX, &text, &len)) == 0) {
		got = ipc_buffer_fill(&client->in, client->fd);
		if (got == 0)
			return -ECONNRESET;
		error = got == -EAGAIN ? wait_for(exchange, POLLIN) : got < 0 ? (int)got : 0;
		if (error)
			return error;
	}
	if (error < 0)
		return error;
	error = ipc_frame_parse(text, len, ret_message);
	ipc_buffer_drop(&client->in, len + 1);
	return error;
}

static void keep_message(const struct exchange *exchange, const char *message)
{
	if (exchange->ret_message)
		*exchange->ret_message = strdup(message);
}

/* org.openhba.iscsid.Failed. A code of a newer daemon that has no row here is still a failure. */
static enum iscsi_err failed(const struct exchange *exchange, struct json_object *parameters)
{
	const char *message;
	int64_t code;

	if (json_get_text(parameters, "message", &message) == 0)
		keep_message(exchange, message);
	if (json_get_number(parameters, "code", 1, ISCSI_ERR_COUNT - 1, &code) < 0)
		return ISCSI_ERR_UNKNOWN;
	return (enum iscsi_err)code;
}

static enum iscsi_err wire_error(const struct exchange *exchange, const char *error, struct json_object *parameters)
{
	static const struct {
		const char *name;
		enum iscsi_err err;
	} rows[] = {
		{ "org.varlink.service.InterfaceNotFound", ISCSI_ERR_INVALID_MGMT_REQ },
		{ "org.varlink.service.MethodNotFound", ISCSI_ERR_INVALID_MGMT_REQ },
		{ "org.varlink.service.MethodNotImplemented", ISCSI_ERR_INVALID_MGMT_REQ },
		{ "org.varlink.service.InvalidParameter", ISCSI_ERR_INVAL },
		{ "org.varlink.service.ExpectedMore", ISCSI_ERR_INVAL },
		{ "org.varlink.service.PermissionDenied", ISCSI_ERR_ACCESS },
	};

	if (strcmp(error, IPC_INTERFACE ".Failed") == 0)
		return failed(exchange, parameters);
	keep_message(exchange, error);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(error, rows[i].name) == 0)
			return rows[i].err;
	return ISCSI_ERR_ISCSID_COMM;
}

/* One reply. *ret_last: no other follows. */
static enum iscsi_err take_reply(const struct exchange *exchange, struct json_object *reply, bool *ret_last)
{
	struct json_object *parameters = NULL;
	bool continues = false;
	const char *error;
	int no_parameters, no_error;

	*ret_last = true;
	no_parameters = json_get_object(reply, "parameters", &parameters);
	no_error = json_get_text(reply, "error", &error);
	if (no_error == 0)
		return wire_error(exchange, error, parameters);
	if (json_get_bool(reply, "continues", &continues) == -EINVAL || no_parameters == -EINVAL || no_error == -EINVAL) {
		exchange->client->broken = true;
		return ISCSI_ERR_ISCSID_COMM;
	}
	*ret_last = !continues;
	return exchange->fn ? (enum iscsi_err)exchange->fn(parameters, continues, exchange->data) : ISCSI_ERR_SUCCESS;
}

static enum iscsi_err communication_error(const struct exchange *exchange, int error)
{
	exchange->client->broken = true;
	return error == -ETIMEDOUT ? ISCSI_ERR_REQ_TIMEDOUT : error == -ENOMEM ? ISCSI_ERR_NOMEM : ISCSI_ERR_ISCSID_COMM;
}

static enum iscsi_err take_replies(const struct exchange *exchange)
{
	enum iscsi_err err;
	bool last;

	do {
		struct json_object *reply;
		int error = receive(exchange, &reply);

		if (error)
			return communication_error(exchange, error);
		err = take_reply(exchange, reply, &last);
		json_object_put(reply);
	} while (!last && !err);
	if (!last)
		exchange->client->broken = true; /* the caller does not want the rest */
	return err;
}

/* Takes parameters. */
static int add_call(struct ipc_client *client, const char *method, struct json_object *parameters, bool more)
{
	struct json_object *message = ipc_frame_message("method", method, parameters);
	int error = -ENOMEM;

	if (message && (!more || json_object_object_add(message, "more", json_object_new_boolean(true)) == 0))
		error = ipc_frame_add(&client->out, message);
	json_object_put(message);
	return error;
}

enum iscsi_err ipc_client_call(struct ipc_client *client, const char *method, struct json_object *parameters, bool more,
			       int timeout_ms, ipc_reply_fn *fn, void *data, char **ret_message)
{
	const struct exchange exchange = {client, fn, data, ret_message, timeout_ms};
	int error;

	if (ret_message)
		*ret_message = NULL;
	if (client->broken) {
		json_object_put(parameters);
		return ISCSI_ERR_ISCSID_COMM;
	}
	error = add_call(client, method, parameters, more);
	if (!error)
		error = send_all(&exchange);
	return error ? communication_error(&exchange, error) : take_replies(&exchange);
}
