/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Decides how many threads a pool may have: its number plus one for each piece of work that has
 * been with it for too long. Work is kept in the order it came, so one timer watches the oldest
 * that is not slow yet. Called by scan.c and resolve.c; knows nothing of what the work is.
 */
#include "daemon/pool.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/queue.h>

struct pool_item {
	TAILQ_ENTRY(pool_item) entry;
	struct pool *pool;
	loop_work_fn *run;
	loop_work_done_fn *done;
	void *data;
	uint64_t since_ms;
	bool is_slow;
};

TAILQ_HEAD(pool_items, pool_item);

struct pool {
	struct loop_pool *threads;
	struct loop_timer *timer;
	struct pool_items fresh, slow; /* each in the order it came */
	unsigned int base, busy, slow_count;
};

static void pool_resize(struct pool *pool)
{
	unsigned int more = pool->slow_count < POOL_SLOW_MAX ? pool->slow_count : POOL_SLOW_MAX;

	loop_pool_set_threads(pool->threads, pool->base + more);
}

static void pool_watch(struct pool *pool)
{
	const struct pool_item *oldest = TAILQ_FIRST(&pool->fresh);
	uint64_t now_ms = loop_now_ms();

	if (!oldest)
		loop_timer_stop(pool->timer);
	else if (oldest->since_ms + POOL_PATIENCE_MS > now_ms)
		loop_timer_set(pool->timer, oldest->since_ms + POOL_PATIENCE_MS - now_ms);
	else
		loop_timer_set(pool->timer, 0);
}

static void pool_timer(void *data)
{
	struct pool *pool = data;
	uint64_t now_ms = loop_now_ms();
	struct pool_item *item;

	while ((item = TAILQ_FIRST(&pool->fresh)) && item->since_ms + POOL_PATIENCE_MS <= now_ms) {
		TAILQ_REMOVE(&pool->fresh, item, entry);
		TAILQ_INSERT_TAIL(&pool->slow, item, entry);
		item->is_slow = true;
		pool->slow_count++;
	}
	pool_resize(pool);
	pool_watch(pool);
}

static void item_run(void *data)
{
	struct pool_item *item = data;

	item->run(item->data);
}

static void item_done(void *data, bool cancelled)
{
	struct pool_item *item = data;
	struct pool *pool = item->pool;
	loop_work_done_fn *done = item->done;
	void *done_data = item->data;

	pool->busy--;
	TAILQ_REMOVE(item->is_slow ? &pool->slow : &pool->fresh, item, entry);
	if (item->is_slow) {
		pool->slow_count--;
		pool_resize(pool);
	}
	free(item);
	pool_watch(pool);
	done(done_data, cancelled);
}

int pool_work(struct pool *pool, loop_work_fn *run, loop_work_done_fn *done, void *data)
{
	struct pool_item *item = malloc(sizeof(*item));
	int r;

	if (!item)
		return -ENOMEM;
	*item = (struct pool_item){
		.pool = pool, .run = run, .done = done, .data = data, .since_ms = loop_now_ms()};
	r = loop_pool_work(pool->threads, item_run, item_done, item, NULL);
	if (r < 0) {
		free(item);
		return r;
	}
	pool->busy++;
	TAILQ_INSERT_TAIL(&pool->fresh, item, entry);
	if (!loop_timer_is_set(pool->timer))
		pool_watch(pool);
	return 0;
}

unsigned int pool_busy(const struct pool *pool)
{
	return pool ? pool->busy : 0;
}

unsigned int pool_slow(const struct pool *pool)
{
	return pool->slow_count;
}

int pool_new(struct loop *loop, unsigned int threads, struct pool **ret_pool)
{
	struct pool *pool = calloc(1, sizeof(*pool));
	int r;

	if (!pool)
		return -ENOMEM;
	pool->base = threads;
	TAILQ_INIT(&pool->fresh);
	TAILQ_INIT(&pool->slow);
	r = loop_pool_new(loop, threads, &pool->threads);
	if (r == 0)
		r = loop_timer_new(loop, pool_timer, pool, &pool->timer);
	if (r < 0) {
		pool_free(pool);
		return r;
	}
	*ret_pool = pool;
	return 0;
}

void pool_free(struct pool *pool)
{
	if (!pool)
		return;
	loop_pool_free(pool->threads);
	loop_timer_free(pool->timer);
	free(pool);
}
