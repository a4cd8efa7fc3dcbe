/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Buffers both ways. The kernel ends a read after the bytes that descriptors came with, so they belong to the message that these bytes
 * end in. A peer that does not take its replies is asked nothing more: the buffer out never grows.
 */
#include "tests/hba/vfio_wire.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct header {
	uint16_t id, command;
	uint32_t size, flags, error;
};
_Static_assert(sizeof(struct header) == VFIO_WIRE_HEADER_BYTES, "the header of vfio-user");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "QEMU and this process share memory and byte order");

void vfio_wire_init(struct vfio_wire *wire)
{
	wire->socket = -1;
	wire->fd_count = 0;
	wire->in_start = wire->in_end = wire->in_fds_end = wire->out_start = wire->out_end = 0;
}

void vfio_wire_open(struct vfio_wire *wire, int socket)
{
	vfio_wire_init(wire);
	wire->socket = socket;
}

static void close_fds(struct vfio_wire *wire)
{
	for (unsigned int i = 0; i < wire->fd_count; i++)
		if (wire->fds[i] >= 0)
			close(wire->fds[i]);
	wire->fd_count = 0;
}

void vfio_wire_close(struct vfio_wire *wire)
{
	close_fds(wire);
	if (wire->socket >= 0)
		close(wire->socket);
	vfio_wire_init(wire);
}

/* What the message before left lying. */
static void close_left_over(struct vfio_wire *wire)
{
	if (wire->fd_count && wire->in_fds_end <= wire->in_start)
		close_fds(wire);
}

static void make_room(struct vfio_wire *wire)
{
	if (!wire->in_start)
		return;
	memmove(wire->in, wire->in + wire->in_start, wire->in_end - wire->in_start);
	wire->in_end -= wire->in_start;
	wire->in_fds_end -= wire->in_fds_end > wire->in_start ? wire->in_start : wire->in_fds_end;
	wire->in_start = 0;
}

static bool take_fds(struct vfio_wire *wire, struct msghdr *head)
{
	bool has_room = wire->fd_count == 0;

	for (struct cmsghdr *part = CMSG_FIRSTHDR(head); part; part = CMSG_NXTHDR(head, part)) {
		size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < count; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(part) + i * sizeof(int), sizeof(fd));
			if (has_room && wire->fd_count < VFIO_WIRE_FDS_MAX)
				wire->fds[wire->fd_count++] = fd;
			else
				close(fd);
		}
		if (!has_room)
			return false;
	}
	return !(head->msg_flags & MSG_CTRUNC);
}

int vfio_wire_receive(struct vfio_wire *wire)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(VFIO_WIRE_FDS_MAX * sizeof(int))];
	} control;
	struct iovec piece;
	struct msghdr head = {.msg_iov = &piece, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof(control.bytes)};
	unsigned int before;
	ssize_t got;

	close_left_over(wire);
	before = wire->fd_count;
	make_room(wire);
	piece = (struct iovec){.iov_base = wire->in + wire->in_end, .iov_len = sizeof(wire->in) - wire->in_end};
	got = recvmsg(wire->socket, &head, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (got < 0)
		return errno == EAGAIN || errno == EINTR ? -EAGAIN : -ECONNRESET;
	if (!take_fds(wire, &head))
		return -EPROTO;
	wire->in_end += (size_t)got;
	if (wire->fd_count > before)
		wire->in_fds_end = wire->in_end;
	return got ? (int)got : -ECONNRESET;
}

int vfio_wire_next(struct vfio_wire *wire, struct vfio_message *message)
{
	size_t available = wire->in_end - wire->in_start, end;
	struct header header;

	close_left_over(wire);
	if (available < sizeof(header))
		return 0;
	memcpy(&header, wire->in + wire->in_start, sizeof(header));
	if (header.size < sizeof(header) || header.size > VFIO_WIRE_MESSAGE_MAX || (header.flags & VFIO_WIRE_TYPE))
		return -EPROTO;
	if (available < header.size)
		return 0;
	end = wire->in_start + header.size;
	*message = (struct vfio_message){.id = header.id, .command = header.command, .flags = header.flags,
					 .body = wire->in + wire->in_start + sizeof(header), .length = header.size - sizeof(header), .fds = wire->fds};
	if (wire->in_fds_end <= end)
		message->fd_count = wire->fd_count;
	wire->in_start = end;
	return 1;
}

int vfio_wire_flush(struct vfio_wire *wire)
{
	while (wire->out_start < wire->out_end) {
		ssize_t sent = send(wire->socket, wire->out + wire->out_start, wire->out_end - wire->out_start, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (sent < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -ECONNRESET;
		wire->out_start += (size_t)sent;
	}
	wire->out_start = wire->out_end = 0;
	return 1;
}

int vfio_wire_reply(struct vfio_wire *wire, const struct vfio_message *message, int error, const void *body, size_t length)
{
	struct header header = {.id = message->id, .command = message->command, .size = (uint32_t)(sizeof(header) + length),
				.flags = VFIO_WIRE_REPLY | (error ? VFIO_WIRE_ERROR : 0), .error = (uint32_t)-error};
	int sent;

	if (message->flags & VFIO_WIRE_NO_REPLY)
		return 0;
	if (sizeof(header) + length > sizeof(wire->out) - wire->out_end)
		return -EMSGSIZE;
	memcpy(wire->out + wire->out_end, &header, sizeof(header));
	if (length)
		memcpy(wire->out + wire->out_end + sizeof(header), body, length);
	wire->out_end += sizeof(header) + length;
	sent = vfio_wire_flush(wire);
	return sent < 0 ? sent : 0;
}
