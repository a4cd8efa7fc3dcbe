/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Time that passes QUICK_TIME times as fast, for tests that wait for settings of whole seconds: the program's clock, its timers and
 * what it sleeps and polls, threads of the test included, so that all of it keeps its proportions. What really takes time counts as
 * often as much: a limit that leaves less than a tenth of a second for it is none for this. The Makefile links tests that include this
 * with --wrap, so nothing but the test knows.
 */
#ifndef OPENHBA_TESTS_UNIT_QUICK_TIME_H
#define OPENHBA_TESTS_UNIT_QUICK_TIME_H

#include <poll.h>
#include <unistd.h>

#include "lib/loop.h"

#define QUICK_TIME 5

uint64_t __real_loop_now_ms(void);
uint64_t __wrap_loop_now_ms(void);
void __real_loop_timer_set(struct loop_timer *timer, uint64_t delay_ms);
void __wrap_loop_timer_set(struct loop_timer *timer, uint64_t delay_ms);
int __real_poll(struct pollfd *fds, nfds_t count, int timeout_ms);
int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout_ms);
int __real_usleep(useconds_t microseconds);
int __wrap_usleep(useconds_t microseconds);

uint64_t __wrap_loop_now_ms(void)
{
	return __real_loop_now_ms() * QUICK_TIME;
}

/*
 * The first delay that a timer is given from quick_time_watch() on, UINT64_MAX before that: how long something means to wait is not what a
 * busy machine makes of it.
 */
static struct loop_timer *quick_time_watched;
static uint64_t quick_time_first_ms;

static inline void quick_time_watch(struct loop_timer *timer)
{
	quick_time_watched = timer;
	quick_time_first_ms = UINT64_MAX;
}

/* Rounded up: a timer is never early. */
void __wrap_loop_timer_set(struct loop_timer *timer, uint64_t delay_ms)
{
	if (timer == quick_time_watched && quick_time_first_ms == UINT64_MAX)
		quick_time_first_ms = delay_ms;
	__real_loop_timer_set(timer, delay_ms / QUICK_TIME + !!(delay_ms % QUICK_TIME));
}

int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
	return __real_poll(fds, count, timeout_ms > 0 ? (timeout_ms + QUICK_TIME - 1) / QUICK_TIME : timeout_ms);
}

int __wrap_usleep(useconds_t microseconds)
{
	return __real_usleep(microseconds / QUICK_TIME);
}

#endif
