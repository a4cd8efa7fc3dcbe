/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The socket a server listens on: taken over from the service manager, or bound at a path and removed again. */
#ifndef OPENHBA_LIB_IPC_LISTEN_H
#define OPENHBA_LIB_IPC_LISTEN_H

#include <sys/types.h>
#include <sys/un.h>

/* Owned by the server. path is empty for a socket that was handed to us: it is not ours to remove. */
struct ipc_listener {
	int fd;
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	dev_t device;	/* of the socket file we made: only that one is removed */
	ino_t inode;
};

/* -ENAMETOOLONG */
int ipc_listen_address(const char *path, struct sockaddr_un *ret_address);

/*
 * listen_fd >= 0: takes it over; -EINVAL if it is not a listening unix stream socket. Otherwise makes the folder (0755) if needed,
 * binds path (0666) and replaces a socket nobody listens on. -EADDRINUSE: somebody does; -EEXIST: the path is no socket.
 */
int ipc_listener_open(struct ipc_listener *listener, const char *path, int listen_fd);
void ipc_listener_close(struct ipc_listener *listener);	/* a listener with fd -1 is fine */

#endif
