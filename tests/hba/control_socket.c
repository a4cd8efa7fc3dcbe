/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The socket under control.c: connections, lines and answers. A client that sends too much without a newline, or does not take its
 * answers, is cut off; nobody is waited for.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/loop.h"
#include "tests/hba/control.h"

#define PORTS_MAX 2

struct client {
	struct control *control;
	int fd;
	struct loop_fd *watch;
	size_t len;
	char line[CONTROL_LINE_MAX + 1];
};

struct control {
	struct loop *loop;
	int fd;
	bool is_bound; /* the socket's file is ours to remove */
	struct loop_fd *watch;
	struct sockaddr_un address;
	const struct control_port *ports;
	unsigned int count;
	struct client *clients[CONTROL_CLIENTS_MAX];
};

static void client_free(struct client *client)
{
	struct control *control = client->control;

	for (unsigned int i = 0; i < CONTROL_CLIENTS_MAX; i++)
		if (control->clients[i] == client)
			control->clients[i] = NULL;
	loop_fd_free(client->watch);
	close(client->fd);
	free(client);
}

/* False: the client does not take it. */
static bool answer(struct client *client, char *line)
{
	struct control *control = client->control;
	struct text text = {0};
	bool is_sent;

	control_command(control->ports, control->count, line, &text);
	text_add(&text, "\n");
	is_sent = !text.failed && send(client->fd, text.data, text.len, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)text.len;
	text_done(&text);
	return is_sent;
}

/* Answers each whole line; what is left moves to the front. */
static bool take_lines(struct client *client)
{
	char *start = client->line, *end;

	client->line[client->len] = '\0';
	while ((end = memchr(start, '\n', client->len - (size_t)(start - client->line)))) {
		*end = '\0';
		if (!answer(client, start))
			return false;
		start = end + 1;
	}
	client->len -= (size_t)(start - client->line);
	memmove(client->line, start, client->len);
	return client->len < CONTROL_LINE_MAX;
}

static void client_readable(int fd, short revents, void *data)
{
	struct client *client = data;
	ssize_t n = recv(fd, client->line + client->len, CONTROL_LINE_MAX - client->len, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		client_free(client);
		return;
	}
	client->len += (size_t)n;
	if (!take_lines(client))
		client_free(client);
}

static struct client **free_place(struct control *control)
{
	for (unsigned int i = 0; i < CONTROL_CLIENTS_MAX; i++)
		if (!control->clients[i])
			return &control->clients[i];
	return NULL;
}

static void accepted(int listener, short revents, void *data)
{
	struct control *control = data;
	struct client **place = free_place(control), *client;
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0)
		return;
	client = place ? calloc(1, sizeof(*client)) : NULL;
	if (client && loop_fd_new(control->loop, fd, POLLIN, client_readable, client, &client->watch) == 0) {
		client->control = control;
		client->fd = fd;
		*place = client;
		return;
	}
	free(client);
	close(fd);
}

static void remove_socket(const char *path)
{
	struct stat status;

	if (lstat(path, &status) == 0 && S_ISSOCK(status.st_mode))
		unlink(path);
}

static int listen_on(struct control *control, const char *path)
{
	mode_t before;
	int r;

	if (strlen(path) >= sizeof(control->address.sun_path))
		return -ENAMETOOLONG;
	control->address.sun_family = AF_UNIX;
	memcpy(control->address.sun_path, path, strlen(path) + 1);
	control->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (control->fd < 0)
		return -errno;
	remove_socket(path);
	before = umask(0177);
	r = bind(control->fd, (struct sockaddr *)&control->address, sizeof(control->address)) < 0 ? -errno : 0;
	umask(before);
	control->is_bound = !r;
	if (!r && listen(control->fd, CONTROL_CLIENTS_MAX) < 0)
		r = -errno;
	return r ? r : loop_fd_new(control->loop, control->fd, POLLIN, accepted, control, &control->watch);
}

int control_new(struct loop *loop, const char *path, const struct control_port *ports, unsigned int count, struct control **ret_control)
{
	struct control *control;
	int r;

	if (!count || count > PORTS_MAX)
		return -EINVAL;
	control = calloc(1, sizeof(*control));
	if (!control)
		return -ENOMEM;
	*control = (struct control){.loop = loop, .fd = -1, .ports = ports, .count = count};
	r = listen_on(control, path);
	if (r < 0) {
		control_free(control);
		return r;
	}
	*ret_control = control;
	return 0;
}

void control_free(struct control *control)
{
	if (!control)
		return;
	for (unsigned int i = 0; i < CONTROL_CLIENTS_MAX; i++)
		if (control->clients[i])
			client_free(control->clients[i]);
	loop_fd_free(control->watch);
	if (control->fd >= 0)
		close(control->fd);
	if (control->is_bound)
		remove_socket(control->address.sun_path);
	free(control);
}
