/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Answers on their way to the response ring, and the faults that strike there: lost, doubled, delayed, with another completion status, with
 * a byte changed. A fault is armed for the type of the first entry; what belongs to it goes with it.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/loop.h"
#include "tests/hba/faults.h"
#include "tests/hba/iocb.h"

struct delayed {
	LIST_ENTRY(delayed) link;
	struct rings *rings;
	struct loop_timer *timer;
	unsigned int count;
	struct ring_entry answers[ANSWERS_MAX];
};

static void delayed_free(struct delayed *delayed)
{
	LIST_REMOVE(delayed, link);
	loop_timer_free(delayed->timer);
	free(delayed);
}

void delayed_forget(struct rings *rings)
{
	struct delayed *delayed;

	while ((delayed = LIST_FIRST(&rings->delayed)))
		delayed_free(delayed);
}

static void on_time(void *data)
{
	struct delayed *delayed = data;
	struct ring_entry answers[ANSWERS_MAX];
	struct rings *rings = delayed->rings;
	unsigned int count = delayed->count;

	memcpy(answers, delayed->answers, sizeof(answers));
	delayed_free(delayed);
	rings_write(rings, answers, count);
}

/* false: no memory, the answer goes now. */
static bool delay(struct rings *rings, const struct ring_entry *answers, unsigned int count, uint32_t delay_ms)
{
	struct delayed *delayed = calloc(1, sizeof(*delayed));

	if (!delayed || loop_timer_new(rings->settings.loop, on_time, delayed, &delayed->timer) < 0) {
		free(delayed);
		return false;
	}
	delayed->rings = rings;
	delayed->count = count;
	memcpy(delayed->answers, answers, count * sizeof(*answers));
	LIST_INSERT_HEAD(&rings->delayed, delayed, link);
	loop_timer_set(delayed->timer, delay_ms);
	return true;
}

static void set_completion(struct ring_entry *answer, uint32_t completion)
{
	if (answer->header.type == ISP_IOCB_STATUS)
		answer->status.completion = completion;
	else if (answer->header.type == ISP_IOCB_PASSTHROUGH_STATUS)
		answer->passthrough_status.completion = completion;
}

void rings_answer(struct rings *rings, const struct ring_entry *answers, unsigned int count)
{
	struct faults *faults = rings->settings.faults;
	struct ring_entry wrong[ANSWERS_MAX];
	uint32_t type = answers->header.type, value;

	if (!rings->is_running || fault_hit(faults, FAULT_IOCB_LOSE, type, NULL))
		return;
	memcpy(wrong, answers, count * sizeof(*answers));
	if (fault_hit(faults, FAULT_IOCB_COMPLETE, type, &value))
		set_completion(wrong, value);
	if (fault_hit(faults, FAULT_IOCB_CORRUPT, type, &value))
		wrong->bytes[(value >> 8) % ISP_IOCB_SIZE] ^= value;
	if (fault_hit(faults, FAULT_IOCB_DOUBLE, type, NULL))
		rings_write(rings, wrong, count);
	if (fault_hit(faults, FAULT_IOCB_DELAY, type, &value) && delay(rings, wrong, count, value))
		return;
	if (rings->is_running)
		rings_write(rings, wrong, count);
}
