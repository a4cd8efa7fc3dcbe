/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The byte stream of vfio-user on one socket: messages with their descriptors in, replies out. Decides what a message is, never what it
 * means.
 *
 * A message is a header of 16 bytes (little-endian u16 id, u16 command, u32 size with the header, u32 flags, u32 errno), then its body.
 */
#ifndef OPENHBA_TESTS_HBA_VFIO_WIRE_H
#define OPENHBA_TESTS_HBA_VFIO_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VFIO_WIRE_HEADER_BYTES 16
#define VFIO_WIRE_MESSAGE_MAX 16384
#define VFIO_WIRE_FDS_MAX 8

enum vfio_wire_flag {
	VFIO_WIRE_TYPE = 0xf,				/* 0: command, 1: reply */
	VFIO_WIRE_REPLY = 0x1,
	VFIO_WIRE_NO_REPLY = 0x10,
	VFIO_WIRE_ERROR = 0x20,
};

/* body and descriptors are the wire's until the next call; to keep a descriptor, put -1 in its place. */
struct vfio_message {
	uint16_t id, command;
	uint32_t flags;
	const uint8_t *body;
	size_t length;
	int *fds;
	unsigned int fd_count;
};

/* Embedded in struct vfio_user. */
struct vfio_wire {
	int socket;					/* ours; -1: closed */
	uint8_t in[4 * VFIO_WIRE_MESSAGE_MAX], out[4 * VFIO_WIRE_MESSAGE_MAX];
	size_t in_start, in_end, out_start, out_end;
	/* Descriptors came with bytes before in_fds_end: they belong to the message that holds the last of these. */
	int fds[VFIO_WIRE_FDS_MAX];
	unsigned int fd_count;
	size_t in_fds_end;
};

void vfio_wire_init(struct vfio_wire *wire);
void vfio_wire_open(struct vfio_wire *wire, int socket);	/* takes the socket, which does not block */
void vfio_wire_close(struct vfio_wire *wire);

/*
 * What can be had without waiting, after vfio_wire_next() said 0. The number of bytes; -EAGAIN; -ECONNRESET: the peer is gone; -EPROTO:
 * descriptors as no message has them.
 */
int vfio_wire_receive(struct vfio_wire *wire);
/* 1: a message, 0: not yet all of one, -EPROTO: no message can be this. */
int vfio_wire_next(struct vfio_wire *wire, struct vfio_message *message);
/* error 0 or a negative errno; nothing is sent where no reply is wanted. -EMSGSIZE; -ECONNRESET. What the peer does not take stays. */
int vfio_wire_reply(struct vfio_wire *wire, const struct vfio_message *message, int error, const void *body, size_t length);
/* 1: all is sent, 0: the peer takes no more now, -ECONNRESET. While not all is sent no message should be taken. */
int vfio_wire_flush(struct vfio_wire *wire);

#endif
