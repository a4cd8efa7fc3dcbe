/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The event loop over libevent_core, which no other file includes. Decides nothing: turns events into the callbacks of
 * lib/loop.h. Called by the programs and by everything that waits. Never starts a thread itself (lib/work.c does).
 */
#include "lib/loop.h"

#include <errno.h>
#include <event2/event.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>

#include "lib/work.h"

#define DELAY_MAX_MS (UINT64_C(1) << 40) /* 34 years: later is never, and struct timeval holds it */

/* Owned by whoever made it; the first one by the loop. */
struct loop_pool {
	struct work_pool *pool;
	struct event *ended; /* its results */
};

/* Owned by the program. stopped outlives a stop that comes before the run. */
struct loop {
	struct event_base *base;
	struct loop_pool *pool;
	bool stopped;
};

struct loop_fd {
	struct event *event;
	struct event_base *base;
	loop_fd_fn *fn;
	void *data;
	int fd;
	short wanted; /* POLLIN, POLLOUT */
};

struct loop_timer {
	struct event *event;
	loop_timer_fn *fn;
	void *data;
};

struct loop_signal {
	struct event *event;
	loop_signal_fn *fn;
	void *data;
};

static void work_ended(evutil_socket_t fd, short what, void *arg)
{
	work_pool_deliver(arg);
}

/* libevent would write to stderr; every error it tells comes back as a result as well. */
static void be_silent(int severity, const char *message)
{
}

/* Exact timers (a login is counted in milliseconds), and a delay counts from now, not from when the loop woke. */
static struct event_base *base_new(void)
{
	struct event_config *config;
	struct event_base *base;

	event_set_log_callback(be_silent);
	config = event_config_new();
	if (!config)
		return NULL;
	event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER);
	event_config_set_flag(config, EVENT_BASE_FLAG_NO_CACHE_TIME);
	event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
	base = event_base_new_with_config(config);
	event_config_free(config);
	return base;
}

int loop_pool_new(struct loop *loop, unsigned int max, struct loop_pool **ret_pool)
{
	struct loop_pool *pool = calloc(1, sizeof(*pool));
	int error;

	if (!pool)
		return -ENOMEM;
	error = work_pool_new(&pool->pool);
	if (!error) {
		pool->ended = event_new(loop->base, work_pool_fd(pool->pool), EV_READ | EV_PERSIST, work_ended, pool->pool);
		error = pool->ended && event_add(pool->ended, NULL) == 0 ? 0 : -ENOMEM;
	}
	if (error) {
		loop_pool_free(pool);
		return error;
	}
	work_pool_set_max(pool->pool, max);
	*ret_pool = pool;
	return 0;
}

void loop_pool_free(struct loop_pool *pool)
{
	if (!pool)
		return;
	work_pool_free(pool->pool);
	if (pool->ended)
		event_free(pool->ended);
	free(pool);
}

int loop_new(struct loop **ret_loop)
{
	struct loop *loop = calloc(1, sizeof(*loop));
	int error;

	if (!loop)
		return -ENOMEM;
	loop->base = base_new();
	error = loop->base ? loop_pool_new(loop, WORK_THREADS_DEFAULT, &loop->pool) : -ENOMEM;
	if (error) {
		loop_free(loop);
		return error;
	}
	*ret_loop = loop;
	return 0;
}

void loop_free(struct loop *loop)
{
	if (!loop)
		return;
	loop_pool_free(loop->pool);
	if (loop->base)
		event_base_free(loop->base);
	free(loop);
}

int loop_run(struct loop *loop)
{
	int error = 0;

	while (!loop->stopped && !error)
		if (event_base_loop(loop->base, EVLOOP_ONCE | EVLOOP_NO_EXIT_ON_EMPTY) < 0)
			error = errno ? -errno : -EIO;
	loop->stopped = false;
	return error;
}

void loop_stop(struct loop *loop)
{
	loop->stopped = true;
	event_base_loopbreak(loop->base);
}

/*
 * libevent tells an error as readiness, and readiness may be gone when an earlier callback took the bytes:
 * poll(2) says what holds now.
 */
static void fd_ready(evutil_socket_t fd, short what, void *arg)
{
	struct loop_fd *watch = arg;
	struct pollfd now = {.fd = fd, .events = watch->wanted};
	short revents;

	if (poll(&now, 1, 0) <= 0)
		return;
	revents = now.revents & watch->wanted;
	if (now.revents & POLLHUP)
		revents |= watch->wanted & POLLIN; /* read(2) tells the end */
	if (now.revents & (POLLERR | POLLNVAL) || !revents)
		revents |= POLLERR;
	watch->fn(fd, revents, watch->data);
}

int loop_fd_new(struct loop *loop, int fd, short events, loop_fd_fn *fn, void *data, struct loop_fd **ret_watch)
{
	struct loop_fd *watch = malloc(sizeof(*watch));
	int error;

	if (!watch)
		return -ENOMEM;
	*watch = (struct loop_fd){.base = loop->base, .fn = fn, .data = data, .fd = fd};
	watch->event = event_new(loop->base, fd, EV_PERSIST, fd_ready, watch);
	error = watch->event ? loop_fd_want(watch, events) : -ENOMEM;
	if (error) {
		loop_fd_free(watch);
		return error;
	}
	*ret_watch = watch;
	return 0;
}

int loop_fd_want(struct loop_fd *watch, short events)
{
	short what = EV_PERSIST;

	events &= POLLIN | POLLOUT;
	if (events == watch->wanted)
		return 0;
	watch->wanted = 0;
	event_del(watch->event);
	if (!events)
		return 0;
	if (events & POLLIN)
		what |= EV_READ;
	if (events & POLLOUT)
		what |= EV_WRITE;
	if (event_assign(watch->event, watch->base, watch->fd, what, fd_ready, watch) < 0)
		return -EINVAL;
	errno = 0;
	if (event_add(watch->event, NULL) < 0)
		return errno ? -errno : -ENOMEM;
	watch->wanted = events;
	return 0;
}

void loop_fd_free(struct loop_fd *watch)
{
	if (!watch)
		return;
	if (watch->event)
		event_free(watch->event);
	free(watch);
}

static void timer_due(evutil_socket_t fd, short what, void *arg)
{
	struct loop_timer *timer = arg;

	timer->fn(timer->data);
}

int loop_timer_new(struct loop *loop, loop_timer_fn *fn, void *data, struct loop_timer **ret_timer)
{
	struct loop_timer *timer = malloc(sizeof(*timer));

	if (!timer)
		return -ENOMEM;
	*timer = (struct loop_timer){.fn = fn, .data = data};
	timer->event = evtimer_new(loop->base, timer_due, timer);
	if (!timer->event) {
		free(timer);
		return -ENOMEM;
	}
	*ret_timer = timer;
	return 0;
}

void loop_timer_set(struct loop_timer *timer, uint64_t delay_ms)
{
	uint64_t ms = delay_ms < DELAY_MAX_MS ? delay_ms : DELAY_MAX_MS;
	struct timeval delay = {.tv_sec = (time_t)(ms / 1000), .tv_usec = (suseconds_t)(ms % 1000 * 1000)};

	event_add(timer->event, &delay);
}

void loop_timer_stop(struct loop_timer *timer)
{
	event_del(timer->event);
}

bool loop_timer_is_set(const struct loop_timer *timer)
{
	return evtimer_pending(timer->event, NULL);
}

void loop_timer_free(struct loop_timer *timer)
{
	if (!timer)
		return;
	event_free(timer->event);
	free(timer);
}

static void signal_came(evutil_socket_t number, short what, void *arg)
{
	struct loop_signal *watch = arg;

	watch->fn((int)number, watch->data);
}

int loop_signal_new(struct loop *loop, int signal, loop_signal_fn *fn, void *data, struct loop_signal **ret_signal)
{
	struct loop_signal *watch = malloc(sizeof(*watch));

	if (!watch)
		return -ENOMEM;
	*watch = (struct loop_signal){.fn = fn, .data = data};
	watch->event = evsignal_new(loop->base, signal, signal_came, watch);
	if (!watch->event || event_add(watch->event, NULL) < 0) {
		loop_signal_free(watch);
		return -ENOMEM;
	}
	*ret_signal = watch;
	return 0;
}

void loop_signal_free(struct loop_signal *signal)
{
	if (!signal)
		return;
	if (signal->event)
		event_free(signal->event);
	free(signal);
}

int loop_pool_work(struct loop_pool *pool, loop_work_fn *run, loop_work_done_fn *done, void *data,
		   struct loop_work **ret_work_or_null)
{
	struct loop_work *work;
	int error = work_pool_add(pool->pool, run, done, data, &work);

	if (!error && ret_work_or_null)
		*ret_work_or_null = work;
	return error;
}

void loop_pool_set_threads(struct loop_pool *pool, unsigned int max)
{
	work_pool_set_max(pool->pool, max);
}

int loop_work(struct loop *loop, loop_work_fn *run, loop_work_done_fn *done, void *data, struct loop_work **ret_work_or_null)
{
	return loop_pool_work(loop->pool, run, done, data, ret_work_or_null);
}

void loop_set_threads(struct loop *loop, unsigned int max)
{
	loop_pool_set_threads(loop->pool, max);
}
