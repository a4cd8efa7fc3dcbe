/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which kinds of entries there are, and the life of the rings: started by INIT_FW, fed by the doorbell, drained by the host's consumer
 * writes, stopped by a reset or by memory that is not there. Called by the chip; what an entry asks for is done in the file of its kind.
 */
#include "tests/hba/rings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/hba/iocb.h"
#include "tests/hba/trace.h"

#define IOCBS	    1024 /* told to the host */
#define WAITING_MAX 2048 /* answers that wait for room: no request is taken above it, so a host cannot fill our memory */

static int marker_take(struct rings *rings, const struct ring_entry *entry, unsigned int available)
{
	/* No answer is allowed, so a marker that means nothing is no more than counted. */
	rings->counters.markers++;
	if (le16toh(entry->marker.ddb) >= ISP_DDBS || entry->header.count > 1)
		rings->counters.refused++;
	return 1;
}

/* A continuation is taken with its command; one by itself follows none. */
static int stray_take(struct rings *rings, const struct ring_entry *entry, unsigned int available)
{
	rings_refuse(rings, entry, ISP_ENTRY_INVALID_ORDER);
	return 1;
}

static int unknown_take(struct rings *rings, const struct ring_entry *entry, unsigned int available)
{
	rings_refuse(rings, entry, ISP_ENTRY_INVALID_TYPE);
	return 1;
}

typedef int take_fn(struct rings *rings, const struct ring_entry *entry, unsigned int available);

static const struct {
	enum isp_iocb_type type;
	take_fn *take;
} kinds[] = {
	{ISP_IOCB_COMMAND, command_take},	  {ISP_IOCB_CONTINUE, stray_take},	{ISP_IOCB_MARKER, marker_take},
	{ISP_IOCB_PASSTHROUGH, passthrough_take}, {ISP_IOCB_MAILBOX, mailbox_entry_take},
};

static take_fn *kind_of(uint8_t type)
{
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].type == type)
			return kinds[i].take;
	return unknown_take;
}

/* Guest memory that is not there, or ours that is out: nothing that follows can be right, so the rings stand until a reset. */
static void fail(struct rings *rings, enum isp_event event)
{
	const uint32_t words[ISP_MAILBOXES] = {event};

	rings->counters.dma_errors++;
	rings_stop(rings);
	rings->settings.aen(rings->settings.data, words);
}

static void flush(struct rings *rings)
{
	int written = ring_flush(&rings->ring);

	if (written < 0) {
		fail(rings, ISP_AEN_RESPONSE_TRANSFER_ERROR);
		return;
	}
	if (rings->ring.waiting_count)
		rings->counters.full++;
	if (written)
		rings->settings.completion(rings->settings.data);
}

void rings_write(struct rings *rings, const struct ring_entry *answers, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		trace_response(rings->settings.trace, answers[i].bytes);
		if (ring_put(&rings->ring, &answers[i]) < 0) {
			fail(rings, ISP_AEN_RESPONSE_TRANSFER_ERROR);
			return;
		}
	}
	if (!rings->is_taking)
		flush(rings);
}

void rings_give_back(struct rings *rings, const struct ring_entry *entry, uint8_t status)
{
	struct ring_entry back = *entry;

	back.header.status = status;
	back.header.count = 1;
	rings_answer(rings, &back, 1);
}

void rings_refuse(struct rings *rings, const struct ring_entry *entry, uint8_t status)
{
	rings->counters.refused++;
	rings_give_back(rings, entry, status);
}

static void trace_continuations(struct rings *rings, unsigned int used)
{
	struct ring_entry more;
	unsigned int i;

	if (!rings->settings.trace)
		return;
	for (i = 1; i < used && ring_peek(&rings->ring, i, &more) == 0; i++)
		trace_request(rings->settings.trace, more.bytes);
}

static int take_one(struct rings *rings)
{
	struct ring_entry entry;
	int used;

	if (ring_peek(&rings->ring, 0, &entry) < 0)
		return -EFAULT;
	trace_request(rings->settings.trace, entry.bytes);
	used = kind_of(entry.header.type)(rings, &entry, ring_requests(&rings->ring));
	if (used <= 0 || !rings->is_running)
		return used;
	trace_continuations(rings, used);
	ring_skip(&rings->ring, used);
	return used;
}

static void take(struct rings *rings)
{
	int used = 0;

	rings->is_taking = true;
	while (rings->is_running && ring_requests(&rings->ring) && rings->ring.waiting_count < WAITING_MAX && used >= 0)
		used = take_one(rings);
	rings->is_taking = false;
	if (!rings->is_running)
		return;
	if (used < 0 || ring_tell_requests(&rings->ring) < 0)
		fail(rings, ISP_AEN_REQUEST_TRANSFER_ERROR);
	else
		flush(rings);
}

void rings_doorbell(struct rings *rings, uint32_t index)
{
	if (!rings->is_running || rings->is_taking)
		return;
	if (ring_doorbell(&rings->ring, index) < 0)
		rings->counters.bad_indexes++;
	else
		take(rings);
}

void rings_consumed(struct rings *rings, uint32_t index)
{
	if (!rings->is_running)
		return;
	if (ring_consumed(&rings->ring, index) < 0) {
		rings->counters.bad_indexes++;
		return;
	}
	flush(rings);
	if (rings->is_running && ring_requests(&rings->ring))
		take(rings);
	if (rings->is_running && rings->ring.response_in != rings->ring.response_out)
		rings->settings.completion(rings->settings.data);
}

struct rings *rings_new(const struct rings_settings *settings)
{
	struct rings *rings = calloc(1, sizeof(*rings));

	if (!rings)
		return NULL;
	rings->settings = *settings;
	LIST_INIT(&rings->commands);
	LIST_INIT(&rings->passthroughs);
	LIST_INIT(&rings->mailboxes);
	LIST_INIT(&rings->managements);
	LIST_INIT(&rings->delayed);
	return rings;
}

void rings_free(struct rings *rings)
{
	if (!rings)
		return;
	rings_stop(rings);
	ring_done(&rings->ring);
	free(rings);
}

int rings_start(struct rings *rings, const struct rings_layout *layout)
{
	rings_stop(rings);
	if (ring_start(&rings->ring, rings->settings.guest, layout) < 0)
		return -EINVAL;
	rings->is_running = true;
	return 0;
}

void rings_stop(struct rings *rings)
{
	rings->is_running = false;
	commands_forget(rings);
	passthroughs_forget(rings);
	mailbox_entries_forget(rings);
	managements_forget(rings);
	delayed_forget(rings);
	rings->counters.outstanding = 0;
}

bool rings_is_running(const struct rings *rings)
{
	return rings->is_running;
}

unsigned int rings_iocbs(const struct rings *rings)
{
	return IOCBS;
}

const struct rings_counters *rings_counters(const struct rings *rings)
{
	return &rings->counters;
}

uint32_t rings_response_producer(const struct rings *rings)
{
	return rings->ring.response_in;
}

uint32_t rings_request_consumer(const struct rings *rings)
{
	return rings->ring.request_out;
}
