/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Frames of the IPC, for lib/ipc_server.c and lib/ipc_client.c: a message is JSON text ended by one NUL byte. A struct ipc_buffer
 * is a queue of bytes; what leaves it is zeroed, because messages carry CHAP secrets.
 */
#ifndef OPENHBA_LIB_IPC_FRAME_H
#define OPENHBA_LIB_IPC_FRAME_H

#include <json-c/json.h>
#include <stddef.h>
#include <sys/types.h>

#define IPC_DEPTH_MAX 16		/* nesting of objects and arrays in a message */
#define IPC_READ_BYTES (64u << 10)	/* what one ipc_buffer_fill() reads at most */

/* All zero is empty. The bytes are data[pos .. len); scanned: bytes before it hold no NUL. */
struct ipc_buffer {
	char *data;
	size_t pos, len, size, scanned;
};

void ipc_buffer_done(struct ipc_buffer *buffer);	/* zeroes and frees; empty afterwards */
size_t ipc_buffer_count(const struct ipc_buffer *buffer);
int ipc_buffer_add(struct ipc_buffer *buffer, const void *bytes, size_t len);	/* -ENOMEM */
void ipc_buffer_drop(struct ipc_buffer *buffer, size_t len);			/* the first len bytes were used */

/* One recv(2) that does not wait: bytes read, 0 at the end, -EAGAIN, -ENOMEM or its errno. */
ssize_t ipc_buffer_fill(struct ipc_buffer *buffer, int fd);
/* send(2) until empty or full: 0 is empty, -EAGAIN, or its errno. */
int ipc_buffer_flush(struct ipc_buffer *buffer, int fd);

/*
 * The first message, NUL-terminated and borrowed until the buffer changes; ipc_buffer_drop(buffer, *ret_len + 1) takes it out.
 * 1: there is one; 0: not yet; -EMSGSIZE: it is or will be longer than max bytes.
 */
int ipc_frame_first(struct ipc_buffer *buffer, size_t max, const char **ret_text, size_t *ret_len);

/* The object that is the whole message. -EINVAL: not strict JSON, too deep, or something other than one object. -ENOMEM. */
int ipc_frame_parse(const char *text, size_t len, struct json_object **ret_object);
int ipc_frame_add(struct ipc_buffer *buffer, struct json_object *message);	/* -ENOMEM */

/* { "parameters": parameters } and, if name is not NULL, "name": "value"; takes parameters (NULL: {}). NULL: no memory. */
struct json_object *ipc_frame_message(const char *name, const char *value, struct json_object *parameters);

#endif
