/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * talk SOCKET: sends what it reads to a unix socket, ends its side, and prints what comes back. For calls no iscsiadm would make
 * (suite/container.sh). Understands nothing of it.
 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int copy(int from, int to)
{
	char buffer[4096];
	ssize_t bytes;

	while ((bytes = read(from, buffer, sizeof(buffer))) > 0)
		if (write(to, buffer, (size_t)bytes) != bytes)
			return -1;
	return (int)bytes;
}

int main(int argc, char **argv)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (argc != 2 || strlen(argv[1]) >= sizeof(address.sun_path)) {
		fprintf(stderr, "usage: talk SOCKET\n");
		return 2;
	}
	memcpy(address.sun_path, argv[1], strlen(argv[1]));
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		perror(argv[1]);
		return 1;
	}
	if (copy(STDIN_FILENO, fd) < 0 || shutdown(fd, SHUT_WR) < 0 || copy(fd, STDOUT_FILENO) < 0) {
		perror("talk");
		return 1;
	}
	return 0;
}
