/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A bound on how many sockets connect and log in at once, first come first served, so that a
 * thousand logins do not become a thousand SYNs in one instant.
 */
#ifndef OPENHBA_DAEMON_SLOTS_H
#define OPENHBA_DAEMON_SLOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

struct slot;
typedef void slot_granted_fn(void *data);

TAILQ_HEAD(slot_queue, slot);

struct slots {
	unsigned int free;
	struct slot_queue waiting;
};

/* Embedded in who wants one; all zero is a slot that is neither held nor waited for. */
struct slot {
	TAILQ_ENTRY(slot) entry;
	bool is_held, is_waiting;
	slot_granted_fn *granted;
	void *data;
};

void slots_init(struct slots *slots, unsigned int count);

/* granted(data) is called at once if a slot is free, else when one is given back. Must not be held
 * or waited for. */
void slot_take(struct slots *slots, struct slot *slot, slot_granted_fn *granted, void *data);

/* Gives it back, or stops waiting; fine if neither. The next in the queue is granted before this
 * returns. */
void slot_give(struct slots *slots, struct slot *slot);

#endif
