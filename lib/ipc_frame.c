/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Frames of the IPC: bytes in and out of a socket, and JSON between two NUL bytes. The gate for everything that a peer of either
 * side sends: decides what is a message. Called by the server and the client. Never waits.
 */
#include "lib/ipc_frame.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

void ipc_buffer_done(struct ipc_buffer *buffer)
{
	if (buffer->data)
		explicit_bzero(buffer->data, buffer->len);
	free(buffer->data);
	*buffer = (struct ipc_buffer){.data = NULL};
}

size_t ipc_buffer_count(const struct ipc_buffer *buffer)
{
	return buffer->len - buffer->pos;
}

/* Moves what is left into a new piece of memory, so that the old one can be zeroed. */
static int move(struct ipc_buffer *buffer, size_t size)
{
	struct ipc_buffer bigger = {.size = size, .len = ipc_buffer_count(buffer)};

	bigger.data = malloc(size);
	if (!bigger.data)
		return -ENOMEM;
	if (bigger.len)
		memcpy(bigger.data, buffer->data + buffer->pos, bigger.len);
	bigger.scanned = buffer->scanned - buffer->pos;
	ipc_buffer_done(buffer);
	*buffer = bigger;
	return 0;
}

/* Makes room for len more bytes behind the last. */
static int reserve(struct ipc_buffer *buffer, size_t len)
{
	size_t count = ipc_buffer_count(buffer), size = buffer->size ? buffer->size : 1024;

	if (buffer->size - buffer->len >= len)
		return 0;
	if (len > SIZE_MAX / 4 || count > SIZE_MAX / 4)
		return -ENOMEM;
	while (size < 2 * count || size - count < len)
		size *= 2;
	return move(buffer, size);
}

int ipc_buffer_add(struct ipc_buffer *buffer, const void *bytes, size_t len)
{
	int error = reserve(buffer, len);

	if (error)
		return error;
	if (len)
		memcpy(buffer->data + buffer->len, bytes, len);
	buffer->len += len;
	return 0;
}

void ipc_buffer_drop(struct ipc_buffer *buffer, size_t len)
{
	explicit_bzero(buffer->data + buffer->pos, len);
	buffer->pos += len;
	if (buffer->scanned < buffer->pos)
		buffer->scanned = buffer->pos;
	if (buffer->pos == buffer->len)
		ipc_buffer_done(buffer);
}

ssize_t ipc_buffer_fill(struct ipc_buffer *buffer, int fd)
{
	size_t room = buffer->size - buffer->len;
	ssize_t got;
	int error;

	if (room < 512) {
		error = reserve(buffer, 4096);
		if (error)
			return error;
		room = buffer->size - buffer->len;
	}
	if (room > IPC_READ_BYTES)
		room = IPC_READ_BYTES;
	do
		got = recv(fd, buffer->data + buffer->len, room, MSG_DONTWAIT);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;
	buffer->len += (size_t)got;
	return got;
}

int ipc_buffer_flush(struct ipc_buffer *buffer, int fd)
{
	while (ipc_buffer_count(buffer)) {
		ssize_t sent = send(fd, buffer->data + buffer->pos, ipc_buffer_count(buffer), MSG_DONTWAIT | MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return -errno;
		ipc_buffer_drop(buffer, (size_t)sent);
	}
	return 0;
}

int ipc_frame_first(struct ipc_buffer *buffer, size_t max, const char **ret_text, size_t *ret_len)
{
	char *end = NULL;

	if (buffer->len > buffer->scanned)
		end = memchr(buffer->data + buffer->scanned, '\0', buffer->len - buffer->scanned);
	/* Up to the NUL, so that asking again finds it at once. */
	buffer->scanned = end ? (size_t)(end - buffer->data) : buffer->len;
	if (buffer->scanned - buffer->pos > max)
		return -EMSGSIZE;
	if (!end)
		return 0;
	*ret_text = buffer->data + buffer->pos;
	*ret_len = buffer->scanned - buffer->pos;
	return 1;
}

int ipc_frame_parse(const char *text, size_t len, struct json_object **ret_object)
{
	struct json_tokener *tokener = json_tokener_new_ex(IPC_DEPTH_MAX);
	struct json_object *object;
	bool whole;

	if (!tokener)
		return -ENOMEM;
	/* Without UTF-8 validation: a CHAP secret may be any bytes, and the gates of names are stricter than UTF-8. */
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
	object = json_tokener_parse_ex(tokener, text, (int)len);
	whole = json_tokener_get_error(tokener) == json_tokener_success && json_tokener_get_parse_end(tokener) == len;
	json_tokener_free(tokener);
	if (!whole || !object || !json_object_is_type(object, json_type_object)) {
		json_object_put(object);
		return -EINVAL;
	}
	*ret_object = object;
	return 0;
}

int ipc_frame_add(struct ipc_buffer *buffer, struct json_object *message)
{
	size_t len;
	const char *text = json_object_to_json_string_length(message, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &len);

	return text ? ipc_buffer_add(buffer, text, len + 1) : -ENOMEM;
}

struct json_object *ipc_frame_message(const char *name, const char *value, struct json_object *parameters)
{
	struct json_object *message = json_object_new_object();

	if (!parameters)
		parameters = json_object_new_object();
	if (!message || !parameters || json_object_object_add(message, "parameters", parameters) < 0) {
		json_object_put(parameters);
		json_object_put(message);
		return NULL;
	}
	if (name && json_object_object_add(message, name, json_object_new_string(value)) < 0) {
		json_object_put(message);
		return NULL;
	}
	return message;
}
