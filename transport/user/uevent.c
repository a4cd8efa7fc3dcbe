/* SPDX-License-Identifier: GPL-2.0-only OR GPL-3.0-or-later */
/*
 * Reads NETLINK_KOBJECT_UEVENT, the kernel's group. Believes only the kernel, and of a message only its subsystem, so that those of
 * disks, which come by the thousand when sessions do, cost next to nothing. Called from the loop; never blocks.
 */
#include "transport/user/uevent.h"

#include <errno.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define KERNEL_GROUP 1
#define BUFFER_BYTES (8 * 1024 * 1024)
#define MESSAGE_BYTES 8192	/* the kernel's own limit is 2048 of properties, and the path */
#define AT_ONCE 1024

int uevent_open(void)
{
	struct sockaddr_nl own = {.nl_family = AF_NETLINK, .nl_groups = KERNEL_GROUP};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT), bytes = BUFFER_BYTES, error;

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	if (bind(fd, (const struct sockaddr *)&own, sizeof(own)) == 0)
		return fd;
	error = -errno;
	close(fd);
	return error;
}

static bool is_one_of(const char *text, size_t len, const char *const *subsystems)
{
	for (; *subsystems; subsystems++)
		if (strlen(*subsystems) == len && !memcmp(*subsystems, text, len))
			return true;
	return false;
}

bool uevent_is_of(const char *message, size_t bytes, const char *const *subsystems)
{
	static const char name[] = "SUBSYSTEM=";
	size_t len = strnlen(message, bytes);

	if (!memchr(message, '@', len))
		return false;
	while (len < bytes) {
		message += len + 1;
		bytes -= len + 1;
		len = strnlen(message, bytes);
		if (len >= sizeof(name) - 1 && !memcmp(message, name, sizeof(name) - 1))
			return is_one_of(message + sizeof(name) - 1, len - (sizeof(name) - 1), subsystems);
	}
	return false;
}

int uevent_read(int fd, const char *const *subsystems)
{
	char message[MESSAGE_BYTES];
	int result = 0;

	for (int i = 0; i < AT_ONCE; i++) {
		struct sockaddr_nl from = {.nl_pid = 0};
		socklen_t len = sizeof(from);
		ssize_t n = recvfrom(fd, message, sizeof(message), 0, (struct sockaddr *)&from, &len);

		if (n > 0 && !from.nl_pid)
			result |= uevent_is_of(message, (size_t)n, subsystems) ? UEVENT_SEEN : 0;
		else if (n < 0 && errno == ENOBUFS)
			result |= UEVENT_LOST;
		else if (n < 0 && errno != EINTR)
			return errno == EAGAIN ? result : -errno;
		else if (n == 0)
			return result;
	}
	return result;
}
