/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who may connect and log in now. A thousand logins shall not become a thousand SYNs in one
 * instant, and nothing that hangs, portal or target, shall delay another:
 *
 * - an attempt counts against the bounds of the daemon and of its portal while it is fresh, that is
 *   for SLOTS_FRESH_MS; what takes longer costs a descriptor and nothing else;
 * - a portal on which SLOTS_HANGING_MAX connects hang gets no more until one of them ends, and one
 *   that did not answer gets as few until it does;
 * - a target that let its last login time out shares SLOTS_HANGING_MAX slots of its portal with
 *   others of its kind;
 * - whoever is none of these goes first.
 */
#ifndef OPENHBA_DAEMON_SLOTS_H
#define OPENHBA_DAEMON_SLOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include "lib/loop.h"

#define SLOTS_FRESH_MS 500
#define SLOTS_FRESH_MAX 64	  /* of all portals */
#define SLOTS_SUSPECT_MAX 16	  /* of them, for portals and targets that hung before */
#define SLOTS_PORTAL_FRESH_MAX 16 /* of one portal */
#define SLOTS_HANGING_MAX 4

struct slot;
struct slot_portal;
typedef void slot_granted_fn(void *data);

TAILQ_HEAD(slot_queue, slot);
LIST_HEAD(slot_portals, slot_portal);

/* Owned by the daemon. */
struct slots {
	struct slot_queue waiting; /* in the order they came */
	struct slot_queue fresh;   /* held, in the order they were granted */
	struct slot_portals portals;
	struct loop_timer *timer; /* the oldest fresh one */
	unsigned int max, held, suspects_held, portal_count;
	unsigned int fresh_count, suspect_count; /* suspects that are fresh */
	bool is_serving;
};

/* Embedded in who wants one; all zero is a slot that is neither held nor waited for. */
struct slot {
	TAILQ_ENTRY(slot) entry;
	struct slot_portal *portal; /* while it is held or waited for */
	bool is_held, is_waiting;
	bool is_fresh, is_suspect, is_connected; /* while it is held */
	bool is_doubtful;			 /* the last login timed out */
	uint64_t since_ms;
	slot_granted_fn *granted;
	void *data;
};

int slots_init(struct slots *slots, struct loop *loop, unsigned int max); /* max: held at once */
void slots_done(struct slots *slots); /* nobody holds or waits; before the loop is freed */

/* granted(data) is called at once if it may go, else later. Must not be held or waited for. portal:
 * NULL is none, then only max and the order count. */
void slot_take(struct slots *slots, struct slot *slot, const struct sockaddr_storage *portal,
	       slot_granted_fn *granted, void *data);

/* What was learned with it, while it is held. */
void slot_connected(struct slots *slots, struct slot *slot);  /* the portal is there */
void slot_answered(struct slots *slots, struct slot *slot);   /* the target is there, too */
void slot_unanswered(struct slots *slots, struct slot *slot); /* it has hung until the end */

/* Gives it back, or stops waiting; fine if neither. Others may be granted before this returns. */
void slot_give(struct slots *slots, struct slot *slot);

#endif
