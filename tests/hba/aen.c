/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Answers wait in a place of their own (one command at a time, one repetition), events in a ring. */
#include "tests/hba/aen.h"

#include <stdlib.h>
#include <string.h>

#include "lib/loop.h"
#include "tests/hba/chip.h"
#include "tests/hba/faults.h"
#include "tests/hba/mailbox.h"
#include "tests/hba/trace.h"

#define AEN_LATE_MAX 16

struct aen_words { uint32_t word[ISP_MAILBOXES]; };

/* An event that a fault told to come later. */
struct aen_late {
	struct aen_queue *queue;
	struct loop_timer *timer;
	struct aen_words words;
};

struct aen_queue {
	struct chip *chip;
	struct aen_words events[AEN_QUEUE_MAX];
	unsigned int first;
	struct aen_words answers[2]; /* a command answered twice by a fault has two */
	enum aen_kind answer_kind[2];
	unsigned int answers_count;
	enum aen_kind shown; /* while ISP_CONTROL_PROCESSOR is set */
	bool is_held;
	struct aen_late late[AEN_LATE_MAX];
	struct aen_counters counters;
};

static void late_event(void *data);

struct aen_queue *aen_new(struct chip *chip)
{
	struct aen_queue *queue = calloc(1, sizeof(*queue));

	if (!queue)
		return NULL;
	queue->chip = chip;
	for (unsigned int i = 0; i < AEN_LATE_MAX; i++) {
		queue->late[i].queue = queue;
		if (loop_timer_new(chip->on.loop, late_event, &queue->late[i], &queue->late[i].timer) < 0) {
			aen_free(queue);
			return NULL;
		}
	}
	return queue;
}

void aen_free(struct aen_queue *queue)
{
	if (!queue)
		return;
	for (unsigned int i = 0; i < AEN_LATE_MAX; i++)
		loop_timer_free(queue->late[i].timer);
	free(queue);
}

void aen_reset(struct aen_queue *queue)
{
	for (unsigned int i = 0; i < AEN_LATE_MAX; i++)
		loop_timer_stop(queue->late[i].timer);
	queue->counters.waiting = 0;
	queue->answers_count = 0;
	queue->is_held = false;
	queue->shown = AEN_EVENT;
}

static void show(struct aen_queue *queue, enum aen_kind kind, const struct aen_words *words)
{
	struct chip *chip = queue->chip;

	memcpy(chip->out, words->word, sizeof(chip->out));
	queue->shown = kind;
	if (kind == AEN_EVENT) {
		queue->counters.events++;
		trace_event(chip->on.trace, words->word);
	} else {
		queue->counters.answers++;
		if (kind == AEN_ANSWER)
			trace_mailbox_done(chip->on.trace, chip->in[0], words->word);
	}
	chip_raise(chip, ISP_CONTROL_PROCESSOR);
}

static void show_next(struct aen_queue *queue)
{
	struct aen_words words;
	enum aen_kind kind = AEN_EVENT;

	if (queue->chip->control & ISP_CONTROL_PROCESSOR || queue->chip->is_hung)
		return;
	if (queue->answers_count) {
		words = queue->answers[0];
		kind = queue->answer_kind[0];
		queue->answers[0] = queue->answers[1];
		queue->answer_kind[0] = queue->answer_kind[1];
		queue->answers_count--;
	} else if (queue->counters.waiting && !queue->is_held) {
		words = queue->events[queue->first];
		queue->first = (queue->first + 1) % AEN_QUEUE_MAX;
		queue->counters.waiting--;
	} else {
		return;
	}
	show(queue, kind, &words);
}

static void post_event(struct aen_queue *queue, const struct aen_words *words)
{
	if (queue->counters.waiting == AEN_QUEUE_MAX) {
		queue->counters.dropped++;
		return;
	}
	queue->events[(queue->first + queue->counters.waiting++) % AEN_QUEUE_MAX] = *words;
}

static void late_event(void *data)
{
	struct aen_late *late = data;

	post_event(late->queue, &late->words);
	show_next(late->queue);
}

static bool post_late(struct aen_queue *queue, const struct aen_words *words, unsigned int delay_ms)
{
	for (unsigned int i = 0; i < AEN_LATE_MAX; i++) {
		struct aen_late *late = &queue->late[i];

		if (loop_timer_is_set(late->timer))
			continue;
		late->words = *words;
		loop_timer_set(late->timer, delay_ms);
		return true;
	}
	return false;
}

static void post_with_faults(struct aen_queue *queue, const struct aen_words *words)
{
	struct faults *faults = queue->chip->on.faults;
	uint32_t delay_ms;

	if (fault_hit(faults, FAULT_AEN_LOSE, words->word[0], NULL)) {
		queue->counters.lost++;
		return;
	}
	if (fault_hit(faults, FAULT_AEN_DELAY, words->word[0], &delay_ms) && post_late(queue, words, delay_ms))
		return;
	post_event(queue, words);
	if (fault_hit(faults, FAULT_AEN_DOUBLE, words->word[0], NULL))
		post_event(queue, words);
}

void aen_post(struct aen_queue *queue, enum aen_kind kind, const uint32_t words[ISP_MAILBOXES])
{
	struct aen_words copy;

	memcpy(copy.word, words, sizeof(copy.word));
	if (kind == AEN_EVENT) {
		post_with_faults(queue, &copy);
	} else if (queue->answers_count < 2) {
		queue->answer_kind[queue->answers_count] = kind;
		queue->answers[queue->answers_count++] = copy;
	}
	show_next(queue);
}

void aen_hold(struct aen_queue *queue, bool is_held)
{
	queue->is_held = is_held;
	show_next(queue);
}

void aen_acknowledged(struct aen_queue *queue)
{
	if (queue->shown != AEN_EVENT)
		mailbox_acknowledged(queue->chip->mailbox);
	queue->shown = AEN_EVENT;
	show_next(queue);
}

void aen_withdraw(struct aen_queue *queue)
{
	unsigned int kept = 0;

	for (unsigned int i = 0; i < queue->answers_count; i++)
		if (queue->answer_kind[i] != AEN_REPEATED) {
			queue->answer_kind[kept] = queue->answer_kind[i];
			queue->answers[kept++] = queue->answers[i];
		}
	queue->answers_count = kept;
	if (queue->chip->control & ISP_CONTROL_PROCESSOR && queue->shown == AEN_REPEATED) {
		chip_lower(queue->chip, ISP_CONTROL_PROCESSOR);
		show_next(queue);
	}
}

const struct aen_counters *aen_counters(const struct aen_queue *queue)
{
	return &queue->counters;
}
