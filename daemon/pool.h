/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Threads for one kind of work that may hang for minutes: scans of disks whose connection dies,
 * name servers that do not answer. Work that takes longer than POOL_PATIENCE_MS stops counting
 * against the number of threads, so what hangs delays nothing that comes after it.
 */
#ifndef OPENHBA_DAEMON_POOL_H
#define OPENHBA_DAEMON_POOL_H

#include "lib/loop.h"

#define POOL_PATIENCE_MS 1000
#define POOL_SLOW_MAX 1024 /* threads that may hang at once */

struct pool; /* owned by the daemon */

int pool_new(struct loop *loop, unsigned int threads, struct pool **ret_pool); /* -ENOMEM */
void pool_free(struct pool *pool); /* waits for work under way; before its loop; NULL is fine */

/* As loop_work(). */
int pool_work(struct pool *pool, loop_work_fn *run, loop_work_done_fn *done, void *data);

unsigned int pool_busy(const struct pool *pool); /* work that has not ended; NULL is fine */
unsigned int pool_slow(const struct pool *pool); /* of it, what takes long */

#endif
