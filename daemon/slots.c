/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The bound on sockets that connect and log in: a counter and a queue. Called by start.c and
 * recovery.c; knows nothing of them. */
#include "daemon/slots.h"

void slots_init(struct slots *slots, unsigned int count)
{
	slots->free = count;
	TAILQ_INIT(&slots->waiting);
}

static void slot_grant(struct slots *slots, struct slot *slot)
{
	slots->free--;
	slot->is_held = true;
	slot->granted(slot->data);
}

void slot_take(struct slots *slots, struct slot *slot, slot_granted_fn *granted, void *data)
{
	slot->granted = granted;
	slot->data = data;
	if (slots->free) {
		slot_grant(slots, slot);
		return;
	}
	slot->is_waiting = true;
	TAILQ_INSERT_TAIL(&slots->waiting, slot, entry);
}

void slot_give(struct slots *slots, struct slot *slot)
{
	struct slot *next;

	if (slot->is_waiting) {
		TAILQ_REMOVE(&slots->waiting, slot, entry);
		slot->is_waiting = false;
	}
	if (!slot->is_held)
		return;
	slot->is_held = false;
	slots->free++;
	next = TAILQ_FIRST(&slots->waiting);
	if (!next)
		return;
	TAILQ_REMOVE(&slots->waiting, next, entry);
	next->is_waiting = false;
	slot_grant(slots, next);
}
