/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A pool of threads for work that blocks. Decides when a thread is started (work waits and nobody is idle) and when it ends
 * (idle for WORK_IDLE_SEC). Called by lib/loop.c only. Never calls done() on a thread of the pool and never drops a piece of work.
 */
#include "lib/work.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/queue.h>
#include <time.h>
#include <unistd.h>

enum work_state { WORK_QUEUED, WORK_RUNNING, WORK_ENDED };

/* Owned by the pool. state and the list entry belong to the lock, cancelled to the loop's thread. */
struct loop_work {
	TAILQ_ENTRY(loop_work) entry;
	struct work_pool *pool;
	loop_work_fn *run;
	loop_work_done_fn *done;
	void *data;
	enum work_state state;
	bool cancelled;
};

TAILQ_HEAD(work_list, loop_work);

struct work_thread {
	LIST_ENTRY(work_thread) entry;
	struct work_pool *pool;
	pthread_t id;
};

LIST_HEAD(thread_list, work_thread);

/* Owned by the loop. Everything below lock belongs to it; fd and cond do not change. */
struct work_pool {
	int fd;
	pthread_cond_t cond; /* there is something in queued, or stop */
	pthread_cond_t all_gone; /* thread_count went down */
	pthread_mutex_t lock;
	struct work_list queued, ended;
	struct thread_list threads, gone; /* gone: ended, to be joined */
	unsigned int thread_count, idle, waiting, max;
	bool stop;
};

static void wake_loop(struct work_pool *pool)
{
	uint64_t one = 1;
	ssize_t written = write(pool->fd, &one, sizeof(one));

	(void)written; /* EAGAIN: the counter is full, so the descriptor is readable already */
}

/* Under the lock. Waits for work; NULL: this thread is to end. */
static struct loop_work *next_work(struct work_pool *pool)
{
	struct timespec until;
	struct loop_work *work;
	int error = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += WORK_IDLE_SEC;
	while (!(work = TAILQ_FIRST(&pool->queued)) && !pool->stop && error != ETIMEDOUT) {
		pool->idle++;
		error = pthread_cond_timedwait(&pool->cond, &pool->lock, &until);
		pool->idle--;
	}
	if (!work || pool->stop)
		return NULL;
	TAILQ_REMOVE(&pool->queued, work, entry);
	pool->waiting--;
	work->state = WORK_RUNNING;
	return work;
}

static void *thread_main(void *arg)
{
	struct work_thread *thread = arg;
	struct work_pool *pool = thread->pool;
	struct loop_work *work;

	pthread_mutex_lock(&pool->lock);
	while ((work = next_work(pool))) {
		pthread_mutex_unlock(&pool->lock);
		work->run(work->data);
		pthread_mutex_lock(&pool->lock);
		work->state = WORK_ENDED;
		TAILQ_INSERT_TAIL(&pool->ended, work, entry);
		wake_loop(pool);
	}
	LIST_REMOVE(thread, entry);
	LIST_INSERT_HEAD(&pool->gone, thread, entry);
	pool->thread_count--;
	pthread_cond_signal(&pool->all_gone);
	wake_loop(pool);
	pthread_mutex_unlock(&pool->lock);
	return NULL;
}

/* Signals stay with the loop's thread: a new thread starts with all of them blocked. */
static int thread_create(struct work_thread *thread)
{
	size_t stack = WORK_STACK_BYTES;
	sigset_t all, old;
	pthread_attr_t attr;
	int error;

	if (stack < (size_t)PTHREAD_STACK_MIN)
		stack = PTHREAD_STACK_MIN;
	error = pthread_attr_init(&attr);
	if (error)
		return -error;
	pthread_attr_setstacksize(&attr, stack);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	error = pthread_create(&thread->id, &attr, thread_main, thread);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	return -error;
}

/* Under the lock. The new thread first waits for it. */
static int thread_start(struct work_pool *pool)
{
	struct work_thread *thread = calloc(1, sizeof(*thread));
	int error;

	if (!thread)
		return -ENOMEM;
	thread->pool = pool;
	error = thread_create(thread);
	if (error) {
		free(thread);
		return error;
	}
	LIST_INSERT_HEAD(&pool->threads, thread, entry);
	pool->thread_count++;
	return 0;
}

/* Takes it out of whichever list it is in. */
static void thread_join(struct work_thread *thread)
{
	LIST_REMOVE(thread, entry);
	pthread_join(thread->id, NULL);
	free(thread);
}

/* What is in gone has left the lock for the last time or is about to: joining under the lock would wait for itself. */
static void join_gone(struct work_pool *pool)
{
	struct thread_list gone = LIST_HEAD_INITIALIZER(gone);
	struct work_thread *thread;

	pthread_mutex_lock(&pool->lock);
	while ((thread = LIST_FIRST(&pool->gone))) {
		LIST_REMOVE(thread, entry);
		LIST_INSERT_HEAD(&gone, thread, entry);
	}
	pthread_mutex_unlock(&pool->lock);
	while ((thread = LIST_FIRST(&gone)))
		thread_join(thread);
}

static int init_locks(struct work_pool *pool)
{
	pthread_condattr_t attr;
	int error;

	error = pthread_condattr_init(&attr);
	if (error)
		return -error;
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	error = pthread_cond_init(&pool->cond, &attr);
	pthread_condattr_destroy(&attr);
	if (!error)
		error = pthread_cond_init(&pool->all_gone, NULL);
	if (!error)
		error = pthread_mutex_init(&pool->lock, NULL);
	return -error;
}

int work_pool_new(struct work_pool **ret_pool)
{
	struct work_pool *pool = calloc(1, sizeof(*pool));
	int error;

	if (!pool)
		return -ENOMEM;
	TAILQ_INIT(&pool->queued);
	TAILQ_INIT(&pool->ended);
	LIST_INIT(&pool->threads);
	LIST_INIT(&pool->gone);
	pool->max = WORK_THREADS_DEFAULT;
	pool->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	error = pool->fd < 0 ? -errno : init_locks(pool);
	if (error) {
		if (pool->fd >= 0)
			close(pool->fd);
		free(pool);
		return error;
	}
	*ret_pool = pool;
	return 0;
}

int work_pool_fd(const struct work_pool *pool)
{
	return pool->fd;
}

void work_pool_set_max(struct work_pool *pool, unsigned int max)
{
	pthread_mutex_lock(&pool->lock);
	pool->max = max ? max : 1;
	for (unsigned int taken = pool->idle; !pool->stop && taken < pool->waiting && pool->thread_count < pool->max; taken++)
		if (thread_start(pool) < 0)
			break;
	pthread_mutex_unlock(&pool->lock);
}

unsigned int work_pool_threads(struct work_pool *pool)
{
	unsigned int count;

	pthread_mutex_lock(&pool->lock);
	count = pool->thread_count;
	pthread_mutex_unlock(&pool->lock);
	return count;
}

/* Under the lock, with the new work queued. Fails only if nobody will ever take it. */
static int wake_thread(struct work_pool *pool)
{
	int error = 0;

	if (pool->waiting > pool->idle && pool->thread_count < pool->max)
		error = thread_start(pool);
	pthread_cond_signal(&pool->cond);
	return pool->thread_count ? 0 : error;
}

int work_pool_add(struct work_pool *pool, loop_work_fn *run, loop_work_done_fn *done, void *data, struct loop_work **ret_work)
{
	struct loop_work *work;
	int error;

	if (pool->stop) /* written by this very thread */
		return -ESHUTDOWN;
	work = malloc(sizeof(*work));
	if (!work)
		return -ENOMEM;
	*work = (struct loop_work){.pool = pool, .run = run, .done = done, .data = data};
	pthread_mutex_lock(&pool->lock);
	TAILQ_INSERT_TAIL(&pool->queued, work, entry);
	pool->waiting++;
	error = wake_thread(pool);
	if (error) {
		TAILQ_REMOVE(&pool->queued, work, entry);
		pool->waiting--;
	}
	pthread_mutex_unlock(&pool->lock);
	if (error) {
		free(work);
		return error;
	}
	*ret_work = work;
	return 0;
}

void loop_work_cancel(struct loop_work *work)
{
	struct work_pool *pool = work->pool;

	work->cancelled = true;
	pthread_mutex_lock(&pool->lock);
	if (work->state == WORK_QUEUED) {
		TAILQ_REMOVE(&pool->queued, work, entry);
		pool->waiting--;
		work->state = WORK_ENDED;
		TAILQ_INSERT_TAIL(&pool->ended, work, entry);
		wake_loop(pool);
	}
	pthread_mutex_unlock(&pool->lock);
}

/* The work is freed first, so that done() may add new work or end the session that asked. */
static void deliver(struct loop_work *work, bool cancelled)
{
	loop_work_done_fn *done = work->done;
	void *data = work->data;

	free(work);
	if (done)
		done(data, cancelled);
}

void work_pool_deliver(struct work_pool *pool)
{
	struct work_list ended = TAILQ_HEAD_INITIALIZER(ended);
	struct loop_work *work;
	uint64_t count;
	ssize_t got = read(pool->fd, &count, sizeof(count));

	(void)got; /* EAGAIN: somebody read it before, the list tells */
	pthread_mutex_lock(&pool->lock);
	TAILQ_CONCAT(&ended, &pool->ended, entry);
	pthread_mutex_unlock(&pool->lock);
	join_gone(pool);
	while ((work = TAILQ_FIRST(&ended))) {
		TAILQ_REMOVE(&ended, work, entry);
		deliver(work, work->cancelled);
	}
}

/* Every thread moves itself to gone before it ends, and there is nobody left to start another. */
static void stop_threads(struct work_pool *pool)
{
	pthread_mutex_lock(&pool->lock);
	pool->stop = true;
	pthread_cond_broadcast(&pool->cond);
	while (pool->thread_count)
		pthread_cond_wait(&pool->all_gone, &pool->lock);
	pthread_mutex_unlock(&pool->lock);
	join_gone(pool);
}

void work_pool_free(struct work_pool *pool)
{
	struct loop_work *work;

	if (!pool)
		return;
	stop_threads(pool);
	TAILQ_CONCAT(&pool->ended, &pool->queued, entry);
	while ((work = TAILQ_FIRST(&pool->ended))) {
		TAILQ_REMOVE(&pool->ended, work, entry);
		deliver(work, true);
	}
	pthread_cond_destroy(&pool->all_gone);
	pthread_cond_destroy(&pool->cond);
	pthread_mutex_destroy(&pool->lock);
	close(pool->fd);
	free(pool);
}
