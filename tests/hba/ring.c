/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Memory of the rings: entries are read once and copied, so that a guest that changes them meanwhile changes nothing. The host finds
 * answers by their last four bytes, not by the index, so these are written last and never with the value that means "taken".
 */
#include "tests/hba/ring.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/hba/guest.h"

#define MARK_OFFSET (ISP_IOCB_SIZE - sizeof(uint32_t))

static bool is_memory(struct guest *guest, uint64_t address, size_t entries)
{
	struct iovec pieces[16];

	if (address % ISP_IOCB_SIZE || entries < 2)
		return false;
	return guest_vector(guest, address, entries * ISP_IOCB_SIZE, true, pieces, 16) > 0;
}

static int tell(const struct ring *ring, size_t offset, uint32_t index)
{
	uint32_t value = htole32(index);

	return guest_write(ring->guest, ring->layout.shadow + offset, &value, sizeof(value));
}

int ring_start(struct ring *ring, struct guest *guest, const struct rings_layout *layout)
{
	if (!is_memory(guest, layout->request, layout->request_length) || !is_memory(guest, layout->response, layout->response_length))
		return -EINVAL;
	if (layout->request_consumer >= layout->request_length || layout->response_producer >= layout->response_length)
		return -EINVAL;
	if (layout->shadow % sizeof(struct isp_shadow))
		return -EINVAL;
	ring->guest = guest;
	ring->layout = *layout;
	ring->request_in = ring->request_out = layout->request_consumer;
	ring->response_in = ring->response_out = layout->response_producer;
	ring->waiting_first = ring->waiting_count = 0;
	if (tell(ring, offsetof(struct isp_shadow, request_out), ring->request_out) ||
	    tell(ring, offsetof(struct isp_shadow, response_in), ring->response_in))
		return -EINVAL;
	return 0;
}

void ring_done(struct ring *ring)
{
	free(ring->waiting);
	memset(ring, 0, sizeof(*ring));
}

int ring_doorbell(struct ring *ring, uint32_t index)
{
	if (index >= ring->layout.request_length)
		return -ERANGE;
	ring->request_in = index;
	return 0;
}

/* How many entries ahead of from the index to is. */
static unsigned int distance(uint32_t from, uint32_t to, unsigned int length)
{
	return to >= from ? to - from : length - from + to;
}

int ring_consumed(struct ring *ring, uint32_t index)
{
	unsigned int length = ring->layout.response_length;

	if (index >= length || distance(ring->response_out, index, length) > distance(ring->response_out, ring->response_in, length))
		return -ERANGE;
	ring->response_out = index;
	return 0;
}

unsigned int ring_requests(const struct ring *ring)
{
	return distance(ring->request_out, ring->request_in, ring->layout.request_length);
}

int ring_peek(const struct ring *ring, unsigned int ahead, struct ring_entry *ret_entry)
{
	uint64_t index = (ring->request_out + ahead) % ring->layout.request_length;

	return guest_read(ring->guest, ring->layout.request + index * ISP_IOCB_SIZE, ret_entry, sizeof(*ret_entry));
}

void ring_skip(struct ring *ring, unsigned int count)
{
	ring->request_out = (ring->request_out + count) % ring->layout.request_length;
}

int ring_tell_requests(const struct ring *ring)
{
	return tell(ring, offsetof(struct isp_shadow, request_out), ring->request_out);
}

static int grow(struct ring *ring)
{
	size_t size = ring->waiting_size ? 2 * ring->waiting_size : 64;
	struct ring_entry *waiting = calloc(size, sizeof(*waiting));
	size_t i;

	if (!waiting)
		return -ENOMEM;
	for (i = 0; i < ring->waiting_count; i++)
		waiting[i] = ring->waiting[(ring->waiting_first + i) % ring->waiting_size];
	free(ring->waiting);
	ring->waiting = waiting;
	ring->waiting_first = 0;
	ring->waiting_size = size;
	return 0;
}

int ring_put(struct ring *ring, const struct ring_entry *entry)
{
	struct ring_entry *place;

	if (ring->waiting_count == ring->waiting_size && grow(ring) < 0)
		return -ENOMEM;
	place = &ring->waiting[(ring->waiting_first + ring->waiting_count++) % ring->waiting_size];
	*place = *entry;
	return 0;
}

/* A target's sense bytes may end an entry; ending as the mark they would hide it from the host for ever. */
static void spare_the_mark(struct ring_entry *entry)
{
	const uint32_t mark = htole32(ISP_RESPONSE_TAKEN);

	if (!memcmp(entry->bytes + MARK_OFFSET, &mark, sizeof(mark)))
		entry->bytes[ISP_IOCB_SIZE - 1] = 0;
}

static int write_entry(const struct ring *ring, struct ring_entry *entry)
{
	uint64_t address = ring->layout.response + (uint64_t)ring->response_in * ISP_IOCB_SIZE;

	spare_the_mark(entry);
	if (guest_write(ring->guest, address, entry->bytes, MARK_OFFSET) < 0)
		return -EFAULT;
	__atomic_thread_fence(__ATOMIC_RELEASE);
	return guest_write(ring->guest, address + MARK_OFFSET, entry->bytes + MARK_OFFSET, ISP_IOCB_SIZE - MARK_OFFSET);
}

int ring_flush(struct ring *ring)
{
	unsigned int length = ring->layout.response_length;
	int written = 0;

	while (ring->waiting_count && (ring->response_in + 1) % length != ring->response_out) {
		if (write_entry(ring, &ring->waiting[ring->waiting_first]) < 0)
			return -EFAULT;
		ring->waiting_first = (ring->waiting_first + 1) % ring->waiting_size;
		ring->waiting_count--;
		ring->response_in = (ring->response_in + 1) % length;
		written++;
	}
	if (!written)
		return 0;
	__atomic_thread_fence(__ATOMIC_RELEASE);
	return tell(ring, offsetof(struct isp_shadow, response_in), ring->response_in) < 0 ? -EFAULT : written;
}
