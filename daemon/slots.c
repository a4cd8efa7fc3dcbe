/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The rules of slots.h: counters per portal and one queue, looked through from its head whenever
 * something changes. Called by start.c, attempt.c and session.c; knows nothing of them. */
#include "daemon/slots.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#define DEAD_PORTALS_MAX 1024 /* that are remembered while nobody wants them */

struct slot_portal {
	LIST_ENTRY(slot_portal) entry;
	struct sockaddr_storage address;
	unsigned int users; /* slots that point here */
	unsigned int held;
	unsigned int fresh;
	unsigned int hanging; /* neither fresh nor connected */
	unsigned int doubtful;
	bool is_dead;	 /* it did not answer the last connect */
	bool is_nowhere; /* for who says none */
};

/* ---- portals ---- */

static bool is_address(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
	const struct sockaddr_in *four_a = (const void *)a, *four_b = (const void *)b;
	const struct sockaddr_in6 *six_a = (const void *)a, *six_b = (const void *)b;

	if (a->ss_family != b->ss_family)
		return false;
	if (a->ss_family == AF_INET)
		return four_a->sin_port == four_b->sin_port &&
		       four_a->sin_addr.s_addr == four_b->sin_addr.s_addr;
	return six_a->sin6_port == six_b->sin6_port &&
	       six_a->sin6_scope_id == six_b->sin6_scope_id &&
	       !memcmp(&six_a->sin6_addr, &six_b->sin6_addr, sizeof(six_a->sin6_addr));
}

static void portal_free(struct slots *slots, struct slot_portal *portal)
{
	LIST_REMOVE(portal, entry);
	slots->portal_count--;
	free(portal);
}

static struct slot_portal *portal_get(struct slots *slots, const struct sockaddr_storage *address)
{
	struct slot_portal *portal;

	LIST_FOREACH(portal, &slots->portals, entry)
	if (address ? !portal->is_nowhere && is_address(&portal->address, address)
		    : portal->is_nowhere)
		break;
	if (!portal) {
		portal = calloc(1, sizeof(*portal));
		if (!portal)
			return NULL;
		portal->is_nowhere = !address;
		if (address)
			portal->address = *address;
		LIST_INSERT_HEAD(&slots->portals, portal, entry);
		slots->portal_count++;
	}
	portal->users++;
	return portal;
}

static void portal_put(struct slots *slots, struct slot_portal *portal)
{
	if (--portal->users == 0 && (!portal->is_dead || slots->portal_count > DEAD_PORTALS_MAX))
		portal_free(slots, portal);
}

/* ---- who may go ---- */

static bool is_suspect(const struct slot *slot)
{
	return slot->portal->is_dead || slot->is_doubtful;
}

static bool portal_has_room(const struct slot_portal *portal, const struct slot *slot)
{
	if (portal->fresh + portal->hanging >= SLOTS_PORTAL_FRESH_MAX ||
	    portal->hanging >= SLOTS_HANGING_MAX)
		return false;
	if (portal->is_dead && portal->held >= SLOTS_HANGING_MAX)
		return false;
	return !slot->is_doubtful || portal->doubtful < SLOTS_HANGING_MAX;
}

static bool slot_may_go(const struct slots *slots, const struct slot *slot)
{
	if (slot->portal->is_nowhere)
		return slots->held < slots->max;
	if (slots->held >= slots->max || slots->fresh_count >= SLOTS_FRESH_MAX)
		return false;
	if (is_suspect(slot) &&
	    (slots->suspect_count >= SLOTS_SUSPECT_MAX || slots->suspects_held >= slots->max / 2))
		return false;
	return portal_has_room(slot->portal, slot);
}

static struct slot *slots_next(const struct slots *slots)
{
	struct slot *slot, *last_choice = NULL;

	TAILQ_FOREACH(slot, &slots->waiting, entry)
	{
		if (!slot_may_go(slots, slot))
			continue;
		if (!is_suspect(slot))
			return slot;
		if (!last_choice)
			last_choice = slot;
	}
	return last_choice;
}

/* ---- the life of a slot ---- */

static void slots_watch(struct slots *slots)
{
	const struct slot *oldest = TAILQ_FIRST(&slots->fresh);
	uint64_t now_ms = loop_now_ms();

	if (!oldest)
		loop_timer_stop(slots->timer);
	else if (oldest->since_ms + SLOTS_FRESH_MS > now_ms)
		loop_timer_set(slots->timer, oldest->since_ms + SLOTS_FRESH_MS - now_ms);
	else
		loop_timer_set(slots->timer, 0);
}

static void slot_grant(struct slots *slots, struct slot *slot)
{
	struct slot_portal *portal = slot->portal;

	TAILQ_REMOVE(&slots->waiting, slot, entry);
	slot->is_waiting = false;
	slot->is_held = slot->is_fresh = true;
	slot->is_connected = false;
	slot->is_suspect = is_suspect(slot);
	slot->since_ms = loop_now_ms();
	TAILQ_INSERT_TAIL(&slots->fresh, slot, entry);
	slots->held++;
	slots->fresh_count++;
	slots->suspect_count += slot->is_suspect;
	slots->suspects_held += slot->is_suspect;
	portal->held++;
	portal->fresh++;
	portal->doubtful += slot->is_doubtful;
	if (TAILQ_FIRST(&slots->fresh) == slot)
		slots_watch(slots);
	slot->granted(slot->data);
}

/* A granted() may give its slot back at once: then the round that is under way sees to the rest. */
static void slots_serve(struct slots *slots)
{
	struct slot *slot;

	if (slots->is_serving)
		return;
	slots->is_serving = true;
	while ((slot = slots_next(slots)))
		slot_grant(slots, slot);
	slots->is_serving = false;
}

static void slot_stale(struct slots *slots, struct slot *slot)
{
	TAILQ_REMOVE(&slots->fresh, slot, entry);
	slot->is_fresh = false;
	slots->fresh_count--;
	slots->suspect_count -= slot->is_suspect;
	slot->portal->fresh--;
}

static void slots_timer(void *data)
{
	struct slots *slots = data;
	uint64_t now_ms = loop_now_ms();
	struct slot *slot;

	while ((slot = TAILQ_FIRST(&slots->fresh)) && slot->since_ms + SLOTS_FRESH_MS <= now_ms) {
		slot_stale(slots, slot);
		slot->portal->hanging += !slot->is_connected;
	}
	slots_watch(slots);
	slots_serve(slots);
}

void slot_take(struct slots *slots, struct slot *slot, const struct sockaddr_storage *portal,
	       slot_granted_fn *granted, void *data)
{
	slot->granted = granted;
	slot->data = data;
	slot->portal = portal_get(slots, portal);
	/* Without memory for the counters it goes uncounted. */
	if (!slot->portal) {
		granted(data);
		return;
	}
	slot->is_waiting = true;
	TAILQ_INSERT_TAIL(&slots->waiting, slot, entry);
	slots_serve(slots);
}

void slot_connected(struct slots *slots, struct slot *slot)
{
	if (!slot->is_held || slot->is_connected)
		return;
	slot->is_connected = true;
	slot->portal->hanging -= !slot->is_fresh;
	slot->portal->is_dead = false;
	slots_serve(slots);
}

/* The number of doubtful ones is of those that were when they were granted, so it is corrected here
 * and not when the slot is given back. */
void slot_answered(struct slots *slots, struct slot *slot)
{
	if (slot->is_held)
		slot->portal->doubtful -= slot->is_doubtful;
	slot->is_doubtful = false;
}

void slot_unanswered(struct slots *slots, struct slot *slot)
{
	if (!slot->is_held)
		return;
	if (!slot->is_connected)
		slot->portal->is_dead = true;
	slot->portal->doubtful += !slot->is_doubtful;
	slot->is_doubtful = true;
}

static void slot_release(struct slots *slots, struct slot *slot)
{
	struct slot_portal *portal = slot->portal;

	if (slot->is_fresh)
		slot_stale(slots, slot);
	else
		portal->hanging -= !slot->is_connected;
	portal->held--;
	portal->doubtful -= slot->is_doubtful;
	slots->held--;
	slots->suspects_held -= slot->is_suspect;
	slot->is_held = false;
}

void slot_give(struct slots *slots, struct slot *slot)
{
	if (!slot->portal)
		return;
	if (slot->is_waiting)
		TAILQ_REMOVE(&slots->waiting, slot, entry);
	slot->is_waiting = false;
	if (slot->is_held)
		slot_release(slots, slot);
	portal_put(slots, slot->portal);
	slot->portal = NULL;
	slots_serve(slots);
}

int slots_init(struct slots *slots, struct loop *loop, unsigned int max)
{
	*slots = (struct slots){.max = max};
	TAILQ_INIT(&slots->waiting);
	TAILQ_INIT(&slots->fresh);
	LIST_INIT(&slots->portals);
	return loop_timer_new(loop, slots_timer, slots, &slots->timer);
}

void slots_done(struct slots *slots)
{
	struct slot_portal *portal;

	if (!slots->timer)
		return;
	while ((portal = LIST_FIRST(&slots->portals)))
		portal_free(slots, portal);
	loop_timer_free(slots->timer);
	slots->timer = NULL;
}
