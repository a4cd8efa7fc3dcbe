/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Speaks to the service manager. Decides what counts as "there is none". Called by iscsid's start and stop. Never waits: a manager
 * that does not read must not hold up a daemon whose disk may be the lost one.
 */
#include "lib/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define MESSAGE_MAX 1024
#define FDS_MAX 64

/* Length of the address, or -EINVAL. In an abstract name the NUL stands first and none at the end. */
static int manager_address(const char *name, struct sockaddr_un *ret_address)
{
	size_t len = strlen(name);

	*ret_address = (struct sockaddr_un){.sun_family = AF_UNIX};
	if ((name[0] != '/' && name[0] != '@') || len < 2 || len >= sizeof(ret_address->sun_path))
		return -EINVAL;
	memcpy(ret_address->sun_path, name, len);
	if (name[0] == '@')
		ret_address->sun_path[0] = '\0';
	return (int)(offsetof(struct sockaddr_un, sun_path) + len);
}

static int send_datagram(const char *name, const char *message, size_t len)
{
	struct sockaddr_un address;
	int size = manager_address(name, &address), fd, error = 0;

	if (size < 0)
		return size;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (sendto(fd, message, len, MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&address, (socklen_t)size) < 0)
		error = -errno;
	close(fd);
	return error ? error : 1;
}

int notify_send(const char *format, ...)
{
	const char *name = getenv("NOTIFY_SOCKET");
	char message[MESSAGE_MAX];
	va_list args;
	int len;

	if (!name || !name[0])
		return 0;
	va_start(args, format);
	len = vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	if (len < 0 || (size_t)len >= sizeof(message))
		return -EMSGSIZE;
	return send_datagram(name, message, (size_t)len);
}

/* state, then the status if there is one. */
static int send_state(const char *state, const char *status)
{
	return status ? notify_send("%s\nSTATUS=%s", state, status) : notify_send("%s", state);
}

int notify_ready(const char *status)
{
	return send_state("READY=1", status);
}

int notify_status(const char *status)
{
	return notify_send("STATUS=%s", status ? status : "");
}

int notify_reloading(const char *status)
{
	struct timespec now;
	char state[64];

	clock_gettime(CLOCK_MONOTONIC, &now);
	snprintf(state, sizeof(state), "RELOADING=1\nMONOTONIC_USEC=%" PRIu64,
		 (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000);
	return send_state(state, status);
}

int notify_stopping(const char *status)
{
	return send_state("STOPPING=1", status);
}

int notify_main_pid(pid_t pid)
{
	return notify_send("MAINPID=%d", (int)pid);
}

/* A number of 0..max from the environment. -ENOENT: not set; -EINVAL: not that. */
static long number_of(const char *variable, long max)
{
	const char *text = getenv(variable);
	char *end;
	long number;

	if (!text)
		return -ENOENT;
	errno = 0;
	number = strtol(text, &end, 10);
	if (!text[0] || *end || errno || number < 0 || number > max)
		return -EINVAL;
	return number;
}

int notify_listen_fds(void)
{
	long pid = number_of("LISTEN_PID", INT_MAX), count = number_of("LISTEN_FDS", FDS_MAX);

	if (pid == -ENOENT || count == -ENOENT)
		return 0;
	if (pid < 0 || count < 0)
		return -EINVAL;
	if (pid != getpid())
		return 0;
	for (int i = 0; i < count; i++)
		if (fcntl(NOTIFY_FDS_START + i, F_SETFD, FD_CLOEXEC) < 0)
			return -errno;
	return (int)count;
}

int notify_listen_fd(const char *name)
{
	const char *names = getenv("LISTEN_FDNAMES");
	int count = notify_listen_fds();
	size_t len = strlen(name);

	if (count < 0)
		return count;
	if (!names)
		return count == 1 ? NOTIFY_FDS_START : -ENOENT;
	for (int i = 0; i < count; i++) {
		size_t part = strcspn(names, ":");

		if (part == len && strncmp(names, name, len) == 0)
			return NOTIFY_FDS_START + i;
		if (!names[part])
			break;
		names += part + 1;
	}
	return -ENOENT;
}

void notify_forget(void)
{
	static const char *const variables[] = { "NOTIFY_SOCKET", "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES" };

	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
		unsetenv(variables[i]);
}
