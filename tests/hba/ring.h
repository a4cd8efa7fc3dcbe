/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The memory of a request ring, its response ring and the shadow registers, and the four indexes: which entry is next, what has room,
 * and the order in which bytes reach the guest. Knows nothing of what is in an entry. Called by rings.c alone, which decides.
 *
 *	request:   [out, in) are the host's orders		response: [out, in) are answers the host has not consumed
 *	in == out is an empty ring; the response ring takes length - 1 entries, what is more waits here in order
 */
#ifndef OPENHBA_TESTS_HBA_RING_H
#define OPENHBA_TESTS_HBA_RING_H

#include <stddef.h>
#include <stdint.h>

#include "tests/hba/rings.h"
#include "transport/abi/isp4xxx.h"

struct ring_entry {
	union {
		struct isp_header header;
		struct isp_command command;
		struct isp_continue more;
		struct isp_marker marker;
		struct isp_status status;
		struct isp_status_continue more_sense;
		struct isp_passthrough passthrough;
		struct isp_passthrough_status passthrough_status;
		struct isp_mailbox_iocb mailbox;
		uint8_t bytes[ISP_IOCB_SIZE];
	};
};

struct ring {
	struct guest *guest;
	struct rings_layout layout;
	uint32_t request_in, request_out, response_in, response_out;
	struct ring_entry *waiting; /* a circle of waiting_size entries */
	size_t waiting_first, waiting_count, waiting_size;
};

/* -EINVAL as rings_start(). The memory of what waits is kept from one start to the next; ring_done() frees it. */
int ring_start(struct ring *ring, struct guest *guest, const struct rings_layout *layout);
void ring_done(struct ring *ring);

/* -ERANGE: beyond the ring; nothing is changed. */
int ring_doorbell(struct ring *ring, uint32_t index);
int ring_consumed(struct ring *ring, uint32_t index);

unsigned int ring_requests(const struct ring *ring); /* that can be taken */

/* A copy of the request that is ahead entries from the next one (less than ring_requests()): it is looked at once. -EFAULT. */
int ring_peek(const struct ring *ring, unsigned int ahead, struct ring_entry *ret_entry);
void ring_skip(struct ring *ring, unsigned int count); /* takes them; the shadow register is not yet told */
int ring_tell_requests(const struct ring *ring);       /* the shadow consumer index. -EFAULT */

/* An answer goes to the end of what waits. -ENOMEM. */
int ring_put(struct ring *ring, const struct ring_entry *entry);

/* Writes what waits while there is room, then the shadow producer index. How many entries were written, or -EFAULT. */
int ring_flush(struct ring *ring);

#endif
