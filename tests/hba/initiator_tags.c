/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Initiator task tags: the number of a slot and how often it was given away, so that an answer to an earlier owner finds nobody.
 */
#include <errno.h>
#include <stdlib.h>

#include "tests/hba/initiator_core.h"

#define SLOT_BITS 16
#define SLOTS_FIRST 64u
#define SLOTS_MAX   (1u << 15)
#define GENERATIONS 0x8000u /* so that ISCSI_TAG_NONE is never given */

static int grow(struct initiator_tags *tags)
{
	unsigned int count = tags->count ? 2 * tags->count : SLOTS_FIRST;
	struct initiator_slot *slots = count > SLOTS_MAX ? NULL : realloc(tags->slots, count * sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	for (unsigned int i = tags->count; i < count; i++)
		slots[i] = (struct initiator_slot){.next_free = (uint16_t)(i + 1)};
	tags->slots = slots;
	tags->free = tags->count;
	tags->count = count;
	return 0;
}

int initiator_tag_give(struct initiator *initiator, struct initiator_link *link, enum initiator_kind kind)
{
	struct initiator_tags *tags = &initiator->tags;
	struct initiator_slot *slot;
	int error = tags->free == tags->count ? grow(tags) : 0;

	if (error)
		return error;
	slot = &tags->slots[tags->free];
	slot->link = link;
	slot->generation = (uint16_t)((slot->generation + 1u) % GENERATIONS);
	link->kind = kind;
	link->itt = (uint32_t)slot->generation << SLOT_BITS | tags->free;
	tags->free = slot->next_free;
	return 0;
}

void initiator_tag_take_back(struct initiator *initiator, struct initiator_link *link)
{
	unsigned int index = link->itt & ((1u << SLOT_BITS) - 1);

	initiator->tags.slots[index].link = NULL;
	initiator->tags.slots[index].next_free = (uint16_t)initiator->tags.free;
	initiator->tags.free = index;
}

struct initiator_link *initiator_tag_find(const struct initiator *initiator, uint32_t itt)
{
	unsigned int index = itt & ((1u << SLOT_BITS) - 1);
	struct initiator_link *link = index < initiator->tags.count ? initiator->tags.slots[index].link : NULL;

	return link && link->itt == itt ? link : NULL;
}

void initiator_tag_pass_on(struct initiator *initiator, const struct initiator_link *from, struct initiator_link *to, unsigned int kind)
{
	to->itt = from->itt;
	to->kind = kind;
	initiator->tags.slots[to->itt & ((1u << SLOT_BITS) - 1)].link = to;
}
