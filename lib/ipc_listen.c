/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The socket of the IPC server. Decides whether a socket file that is in the way is stale. Called by lib/ipc_server.c (and for the
 * address by the client). Never removes what is not a socket, or a socket that another server answers on.
 */
#include "lib/ipc_listen.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

int ipc_listen_address(const char *path, struct sockaddr_un *ret_address)
{
	size_t len = strlen(path);

	*ret_address = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (len >= sizeof(ret_address->sun_path))
		return -ENAMETOOLONG;
	memcpy(ret_address->sun_path, path, len);
	return 0;
}

static int get_option(int fd, int option)
{
	int value = -1;
	socklen_t len = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, option, &value, &len) < 0 ? -1 : value;
}

static int take_over(struct ipc_listener *listener, int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || get_option(fd, SO_DOMAIN) != AF_UNIX || get_option(fd, SO_TYPE) != SOCK_STREAM ||
	    get_option(fd, SO_ACCEPTCONN) != 1)
		return -EINVAL;
	if (fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return -errno;
	listener->fd = fd;
	return 0;
}

/* Nobody listens on a socket file that refuses connections. */
static int remove_stale(const struct sockaddr_un *address)
{
	struct stat status;
	int fd, error;

	if (lstat(address->sun_path, &status) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(status.st_mode))
		return -EEXIST;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	error = connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 ? EADDRINUSE : errno;
	close(fd);
	if (error == EAGAIN)
		error = EADDRINUSE; /* alive, its queue is full */
	if (error != ECONNREFUSED)
		return error == ENOENT ? 0 : -error;
	return unlink(address->sun_path) == 0 || errno == ENOENT ? 0 : -errno;
}

static int make_folder(const char *path)
{
	char folder[sizeof(((struct sockaddr_un *)0)->sun_path)];
	char *slash;

	snprintf(folder, sizeof(folder), "%s", path); /* as long as sun_path, which path fits */
	slash = strrchr(folder, '/');
	if (!slash || slash == folder)
		return 0;
	*slash = '\0';
	return mkdir(folder, 0755) == 0 || errno == EEXIST ? 0 : -errno;
}

static int bind_path(int fd, const struct sockaddr_un *address)
{
	if (bind(fd, (const struct sockaddr *)address, sizeof(*address)) < 0)
		return -errno;
	/* Whoever may reach the folder may connect: credentials decide, not the mode (and not our umask). */
	if (chmod(address->sun_path, 0666) < 0 || listen(fd, SOMAXCONN) < 0) {
		int error = -errno;

		unlink(address->sun_path);
		return error;
	}
	return 0;
}

static int bind_new(struct ipc_listener *listener, const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct stat status;
	int error;

	if (fd < 0)
		return -errno;
	error = bind_path(fd, address);
	if (error) {
		close(fd);
		return error;
	}
	listener->fd = fd;
	if (lstat(address->sun_path, &status) == 0) {
		memcpy(listener->path, address->sun_path, sizeof(listener->path));
		listener->device = status.st_dev;
		listener->inode = status.st_ino;
	}
	return 0;
}

int ipc_listener_open(struct ipc_listener *listener, const char *path, int listen_fd)
{
	struct sockaddr_un address;
	int error;

	*listener = (struct ipc_listener){.fd = -1};
	if (listen_fd >= 0)
		return take_over(listener, listen_fd);
	error = ipc_listen_address(path, &address);
	if (!error)
		error = make_folder(path);
	if (!error)
		error = remove_stale(&address);
	return error ? error : bind_new(listener, &address);
}

void ipc_listener_close(struct ipc_listener *listener)
{
	struct stat status;

	if (listener->fd < 0)
		return;
	if (listener->path[0] && lstat(listener->path, &status) == 0 && status.st_dev == listener->device &&
	    status.st_ino == listener->inode)
		unlink(listener->path);
	close(listener->fd);
	listener->fd = -1;
}
