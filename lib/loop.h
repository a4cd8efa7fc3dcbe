/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The event loop (libevent underneath; knows nothing of iSCSI): descriptors, timers in milliseconds of CLOCK_MONOTONIC, signals,
 * and work that blocks (name resolution, SCSI scans, fsync), which runs on a bounded pool of threads and comes back as an event.
 * All callbacks run on the loop's thread.
 */
#ifndef OPENHBA_LIB_LOOP_H
#define OPENHBA_LIB_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct loop;
struct loop_fd;
struct loop_timer;
struct loop_signal;
struct loop_work;
struct loop_pool;

int loop_new(struct loop **ret_loop);			/* -ENOMEM */
void loop_free(struct loop *loop);			/* waits for running work; NULL is fine */
int loop_run(struct loop *loop);			/* until loop_stop(); 0 or -errno */
void loop_stop(struct loop *loop);
uint64_t loop_now_ms(void);				/* CLOCK_MONOTONIC */

/*
 * events is POLLIN and POLLOUT, revents what holds now (POLLIN|POLLOUT|POLLERR; the end of a stream is POLLIN). Without events nothing
 * is told, not even an error. The descriptor stays the caller's: free the watch before closing it. -EPERM: it cannot be watched.
 */
typedef void loop_fd_fn(int fd, short revents, void *data);
int loop_fd_new(struct loop *loop, int fd, short events, loop_fd_fn *fn, void *data, struct loop_fd **ret_watch);
int loop_fd_want(struct loop_fd *watch, short events);
void loop_fd_free(struct loop_fd *watch);		/* NULL is fine; safe inside its own callback */

typedef void loop_timer_fn(void *data);
int loop_timer_new(struct loop *loop, loop_timer_fn *fn, void *data, struct loop_timer **ret_timer);
void loop_timer_set(struct loop_timer *timer, uint64_t delay_ms);	/* once; replaces an earlier setting */
void loop_timer_stop(struct loop_timer *timer);
bool loop_timer_is_set(const struct loop_timer *timer);
void loop_timer_free(struct loop_timer *timer);		/* NULL is fine; safe inside its own callback */

typedef void loop_signal_fn(int signal, void *data);
int loop_signal_new(struct loop *loop, int signal, loop_signal_fn *fn, void *data, struct loop_signal **ret_signal);
void loop_signal_free(struct loop_signal *signal);

/*
 * Blocking work. run() is called on a thread and touches only its data; done() on the loop's thread afterwards (cancelled: true if
 * loop_work_cancel() came first; done is still called exactly once, and data is done()'s to free).
 * -ESHUTDOWN: from a done() that loop_free() calls.
 * The pool grows on demand to at most loop_set_threads() (default 16); stacks are 128 KiB. Work beyond that queues.
 */
typedef void loop_work_fn(void *data);
typedef void loop_work_done_fn(void *data, bool cancelled);
int loop_work(struct loop *loop, loop_work_fn *run, loop_work_done_fn *done, void *data, struct loop_work **ret_work_or_null);
void loop_work_cancel(struct loop_work *work);
void loop_set_threads(struct loop *loop, unsigned int max);

/*
 * More pools beside the loop's own, so that one kind of work never waits behind another: the same rules. A pool is freed before its
 * loop. Raising the number of threads takes work that waits at once.
 */
int loop_pool_new(struct loop *loop, unsigned int max, struct loop_pool **ret_pool);	/* -ENOMEM, -EMFILE */
void loop_pool_free(struct loop_pool *pool);		/* waits for running work; NULL is fine */
int loop_pool_work(struct loop_pool *pool, loop_work_fn *run, loop_work_done_fn *done, void *data,
		   struct loop_work **ret_work_or_null);
void loop_pool_set_threads(struct loop_pool *pool, unsigned int max);

#endif
