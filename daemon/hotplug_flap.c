/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Ports that are lost too often: after flap_max losses within flap_window a port has to be steady
 * for flap_hold before sessions use it again. Held back again soon after that it has to be steady
 * for twice as long, and so on up to 16 times. Pure: time is told by the caller.
 */
#include "daemon/hotplug_set.h"

#define HOLD_LEVELS 5 /* 1, 2, 4, 8, 16 times flap_hold */

uint64_t flap_hold_sec(const struct flap *flap, const struct policy *policy)
{
	unsigned int level = flap->level > HOLD_LEVELS ? HOLD_LEVELS : flap->level;

	return (uint64_t)policy->flap_hold_sec << (level ? level - 1 : 0);
}

unsigned int flap_losses(const struct flap *flap, const struct policy *policy, uint64_t now_ms)
{
	uint64_t window_ms = 1000 * (uint64_t)policy->flap_window_sec;
	unsigned int recent = 0;

	for (unsigned int i = 0; i < flap->count; i++)
		recent += now_ms - flap->losses[i] < window_ms;
	return recent;
}

/* It was good for longer than what made it be held back: that was another time. */
static bool was_calm(const struct flap *flap, const struct policy *policy, uint64_t now_ms)
{
	uint64_t calm_ms = 1000 * (policy->flap_window_sec + flap_hold_sec(flap, policy));

	return !flap->released_ms || now_ms - flap->released_ms > calm_ms;
}

bool flap_lost(struct flap *flap, const struct policy *policy, uint64_t now_ms)
{
	unsigned int max =
		policy->flap_max > HOTPLUG_FLAPS_MAX ? HOTPLUG_FLAPS_MAX : policy->flap_max;

	flap->losses[flap->at] = now_ms;
	flap->at = (flap->at + 1) % HOTPLUG_FLAPS_MAX;
	if (flap->count < HOTPLUG_FLAPS_MAX)
		flap->count++;
	flap->steady_ms = 0;
	if (flap->is_held || !max || flap_losses(flap, policy, now_ms) < max)
		return false;
	flap->level = was_calm(flap, policy, now_ms) ? 1 : flap->level + 1;
	flap->is_held = true;
	return true;
}

bool flap_returned(struct flap *flap, const struct policy *policy, uint64_t now_ms)
{
	if (flap->is_held && !flap->steady_ms)
		flap->steady_ms = now_ms + 1000 * flap_hold_sec(flap, policy);
	return !flap->is_held;
}

bool flap_release(struct flap *flap, uint64_t now_ms)
{
	if (!flap->is_held || !flap->steady_ms || now_ms < flap->steady_ms)
		return false;
	flap->is_held = false;
	flap->steady_ms = 0;
	flap->released_ms = now_ms;
	return true;
}
