/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the firmware has to say through its one set of outgoing mailbox registers: events (AEN) and answers to commands, one after the
 * other, the next only when the driver has cleared ISP_CONTROL_PROCESSOR. Events wait while an answer is due, so that what a command
 * causes is told after it. The faults of events strike here.
 */
#ifndef OPENHBA_TESTS_HBA_AEN_H
#define OPENHBA_TESTS_HBA_AEN_H

#include <stdbool.h>
#include <stdint.h>

#include "transport/abi/isp4xxx.h"

struct aen_queue;
struct chip;

#define AEN_QUEUE_MAX 512 /* more are dropped and counted */

enum aen_kind { AEN_EVENT, AEN_ANSWER, AEN_REPEATED };

struct aen_queue *aen_new(struct chip *chip); /* NULL: no memory */
void aen_free(struct aen_queue *queue);	      /* NULL is fine */
void aen_reset(struct aen_queue *queue);      /* nothing waits any more */

/* An event goes to the end, an answer before all events. Shown at once if nothing is. */
void aen_post(struct aen_queue *queue, enum aen_kind kind, const uint32_t words[ISP_MAILBOXES]);

void aen_hold(struct aen_queue *queue, bool is_held); /* events wait: an answer is due */
void aen_acknowledged(struct aen_queue *queue);	      /* the driver cleared ISP_CONTROL_PROCESSOR */
void aen_withdraw(struct aen_queue *queue);	      /* a repeated answer, waiting or shown, is of no use now */

struct aen_counters { uint64_t events, answers, lost, dropped; unsigned int waiting; };
const struct aen_counters *aen_counters(const struct aen_queue *queue);

#endif
