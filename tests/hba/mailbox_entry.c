/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Mailbox commands that come as entries of the request ring: PING, and no other. The port's network does the work; the answer comes by
 * ticket, so that one that was asked for before a reset finds nobody.
 */
#include <stdlib.h>

#include "tests/hba/faults.h"
#include "tests/hba/iocb.h"

struct mailbox_entry {
	LIST_ENTRY(mailbox_entry) link;
	uint32_t ticket;
	uint32_t handle; /* as it came */
};

#define OUTSTANDING_MAX 128 /* handles are 1..127 */

static void answer(struct rings *rings, uint32_t handle, const uint32_t out[8])
{
	struct ring_entry entry = {.mailbox = {.header = {.type = ISP_IOCB_MAILBOX_STATUS, .count = 1}}};
	unsigned int i;

	entry.mailbox.handle = handle;
	for (i = 0; i < ISP_MAILBOXES; i++)
		entry.mailbox.mailbox[i] = htole32(out[i]);
	rings_answer(rings, &entry, 1);
}

void mailbox_entries_forget(struct rings *rings)
{
	struct mailbox_entry *waiting;

	while ((waiting = LIST_FIRST(&rings->mailboxes))) {
		LIST_REMOVE(waiting, link);
		free(waiting);
	}
}

void rings_mailbox_status(struct rings *rings, uint32_t ticket, const uint32_t out[8])
{
	struct mailbox_entry *waiting;

	LIST_FOREACH(waiting, &rings->mailboxes, link)
		if (waiting->ticket == ticket)
			break;
	if (!waiting)
		return;
	answer(rings, waiting->handle, out);
	if (!rings->is_running)
		return;
	LIST_REMOVE(waiting, link);
	free(waiting);
}

static unsigned int outstanding(const struct rings *rings)
{
	struct mailbox_entry *waiting;
	unsigned int count = 0;

	LIST_FOREACH(waiting, &rings->mailboxes, link)
		count++;
	return count;
}

/* Hands it to the network. 0, or what the host is told. */
static uint32_t start(struct rings *rings, const struct ring_entry *entry, const uint32_t in[8])
{
	struct mailbox_entry *waiting;

	if (in[0] != ISP_MBOX_PING)
		return ISP_STATUS_INVALID_COMMAND;
	waiting = outstanding(rings) < OUTSTANDING_MAX ? calloc(1, sizeof(*waiting)) : NULL;
	if (!waiting)
		return ISP_STATUS_BUSY;
	waiting->handle = entry->mailbox.handle;
	waiting->ticket = ++rings->ticket;
	LIST_INSERT_HEAD(&rings->mailboxes, waiting, link);
	rings->settings.mailbox(rings->settings.data, waiting->ticket, in);
	return 0;
}

int mailbox_entry_take(struct rings *rings, const struct ring_entry *entry, unsigned int available)
{
	uint32_t words[ISP_MAILBOXES];
	unsigned int i;

	if (entry->header.count != 1) {
		rings_refuse(rings, entry, ISP_ENTRY_INVALID_COUNT);
		return 1;
	}
	if (fault_hit(rings->settings.faults, FAULT_IOCB_REFUSE, ISP_IOCB_MAILBOX, NULL)) {
		rings->counters.returned++;
		rings_give_back(rings, entry, ISP_ENTRY_BUSY);
		return 1;
	}
	rings->counters.mailboxes++;
	for (i = 0; i < ISP_MAILBOXES; i++)
		words[i] = le32toh(entry->mailbox.mailbox[i]);
	words[0] = start(rings, entry, words);
	if (words[0])
		answer(rings, entry->mailbox.handle, words);
	return 1;
}
