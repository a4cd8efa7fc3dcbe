/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The threads behind loop_work() (lib/loop.h): a queue, a bounded pool, and a descriptor that is readable when results wait.
 * Only lib/loop.c calls this. Everything but run() happens on the loop's thread.
 */
#ifndef OPENHBA_LIB_WORK_H
#define OPENHBA_LIB_WORK_H

#include "lib/loop.h"

struct work_pool;

#define WORK_THREADS_DEFAULT 16
#define WORK_STACK_BYTES (128u << 10)
#define WORK_IDLE_SEC 10	/* a thread without work for so long ends */

int work_pool_new(struct work_pool **ret_pool);		/* -ENOMEM, -EMFILE */
void work_pool_free(struct work_pool *pool);		/* joins; what is left is delivered as cancelled; NULL is fine */
int work_pool_fd(const struct work_pool *pool);		/* readable: call work_pool_deliver() */
void work_pool_set_max(struct work_pool *pool, unsigned int max);	/* starts threads for work that waits */
unsigned int work_pool_threads(struct work_pool *pool);	/* threads alive now */

/* -ENOMEM; -EAGAIN: not even one thread could be started */
int work_pool_add(struct work_pool *pool, loop_work_fn *run, loop_work_done_fn *done, void *data, struct loop_work **ret_work);
void work_pool_deliver(struct work_pool *pool);		/* calls done() of all that ended */

#endif
