/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The loop: order and time of timers, readiness, signals, work on threads, and objects freed inside their own callbacks.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/loop.h"
#include "lib/work.h"

struct fixture {
	struct loop *loop;
	struct loop_timer *timer, *other;
	struct loop_fd *watch;
	struct loop_signal *signal;
	int fds[2];
	int count;
	short revents;
	uint64_t at;
	char order[8];
};

static int setup(void **state)
{
	static struct fixture f;

	f = (struct fixture){.fds = {-1, -1}};
	assert_int_equal(loop_new(&f.loop), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, f.fds), 0);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	loop_fd_free(f->watch);
	loop_timer_free(f->timer);
	loop_timer_free(f->other);
	loop_signal_free(f->signal);
	loop_free(f->loop);
	close(f->fds[0]);
	if (f->fds[1] >= 0)
		close(f->fds[1]);
	return 0;
}

static void stop(void *data)
{
	struct fixture *f = data;

	f->at = loop_now_ms();
	f->order[f->count++] = 's';
	loop_stop(f->loop);
}

static void mark(void *data)
{
	struct fixture *f = data;

	f->order[f->count++] = 'm';
}

static void timer_fires_once_in_time(void **state)
{
	struct fixture *f = *state;
	uint64_t start = loop_now_ms();

	assert_int_equal(loop_timer_new(f->loop, stop, f, &f->timer), 0);
	assert_int_equal(loop_timer_new(f->loop, mark, f, &f->other), 0);
	assert_false(loop_timer_is_set(f->timer));
	loop_timer_set(f->timer, 30);
	loop_timer_set(f->other, 1000000);
	loop_timer_set(f->other, 5); /* replaces */
	assert_true(loop_timer_is_set(f->timer));
	assert_int_equal(loop_run(f->loop), 0);
	assert_string_equal(f->order, "ms");
	assert_false(loop_timer_is_set(f->timer));
	assert_in_range(f->at - start, 29, 1500);
}

static void stopped_timer_does_not_fire(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(loop_timer_new(f->loop, mark, f, &f->other), 0);
	assert_int_equal(loop_timer_new(f->loop, stop, f, &f->timer), 0);
	loop_timer_set(f->other, 1);
	loop_timer_stop(f->other);
	loop_timer_stop(f->other);
	loop_timer_set(f->timer, 10);
	loop_run(f->loop);
	assert_string_equal(f->order, "s");
	loop_timer_set(f->timer, UINT64_MAX); /* never, and no overflow into now */
	loop_timer_set(f->other, 1);
	loop_stop(f->loop);
	assert_int_equal(loop_run(f->loop), 0); /* a stop before the run is kept */
	assert_true(loop_timer_is_set(f->timer));
}

static void free_own_timer(void *data)
{
	struct fixture *f = data;

	loop_timer_free(f->other);
	f->other = NULL;
	loop_timer_free(f->timer); /* another that is due as well */
	f->timer = NULL;
	loop_stop(f->loop);
}

static void timers_may_die_in_a_callback(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(loop_timer_new(f->loop, free_own_timer, f, &f->other), 0);
	assert_int_equal(loop_timer_new(f->loop, stop, f, &f->timer), 0);
	loop_timer_set(f->other, 0);
	loop_timer_set(f->timer, 0);
	usleep(2000);
	loop_run(f->loop);
	assert_null(f->other);
}

static void see(int fd, short revents, void *data)
{
	struct fixture *f = data;

	assert_int_equal(fd, f->fds[0]);
	f->revents = revents;
	f->count++;
	loop_stop(f->loop);
}

static void readiness_is_told(void **state)
{
	struct fixture *f = *state;
	char byte;

	assert_int_equal(loop_fd_new(f->loop, f->fds[0], POLLIN | POLLOUT, see, f, &f->watch), 0);
	loop_run(f->loop);
	assert_int_equal(f->revents, POLLOUT);
	assert_int_equal(write(f->fds[1], "x", 1), 1);
	loop_run(f->loop);
	assert_int_equal(f->revents, POLLIN | POLLOUT);
	assert_int_equal(loop_fd_want(f->watch, POLLIN), 0);
	loop_run(f->loop);
	assert_int_equal(f->revents, POLLIN);
	assert_int_equal(read(f->fds[0], &byte, 1), 1);
	close(f->fds[1]);
	f->fds[1] = -1;
	loop_run(f->loop);
	assert_int_equal(f->revents & POLLIN, POLLIN); /* the end is read */
}

static void nothing_wanted_is_silent(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(loop_fd_new(f->loop, f->fds[0], 0, see, f, &f->watch), 0);
	assert_int_equal(write(f->fds[1], "x", 1), 1);
	assert_int_equal(loop_timer_new(f->loop, stop, f, &f->timer), 0);
	loop_timer_set(f->timer, 5);
	loop_run(f->loop);
	assert_string_equal(f->order, "s");
	assert_int_equal(loop_fd_want(f->watch, POLLIN), 0);
	loop_run(f->loop);
	assert_int_equal(f->revents, POLLIN);
}

static void error_is_told(void **state)
{
	struct fixture *f = *state;
	int out[2];

	assert_int_equal(pipe2(out, O_NONBLOCK | O_CLOEXEC), 0);
	close(out[0]);
	close(f->fds[0]);
	f->fds[0] = out[1];
	assert_int_equal(loop_fd_new(f->loop, out[1], POLLOUT, see, f, &f->watch), 0);
	loop_run(f->loop);
	assert_int_equal(f->revents & POLLERR, POLLERR);
}

static void watch_of_a_file_fails(void **state)
{
	struct fixture *f = *state;
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(loop_fd_new(f->loop, fd, POLLIN, see, f, &f->watch), -EPERM);
	assert_null(f->watch);
	close(fd);
}

static void free_own_watch(int fd, short revents, void *data)
{
	struct fixture *f = data;

	loop_fd_free(f->watch);
	f->watch = NULL;
	loop_stop(f->loop);
}

static void watch_may_die_in_its_callback(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(loop_fd_new(f->loop, f->fds[0], POLLOUT, free_own_watch, f, &f->watch), 0);
	loop_run(f->loop);
	assert_null(f->watch);
}

static void on_signal(int number, void *data)
{
	struct fixture *f = data;

	assert_int_equal(number, SIGUSR1);
	loop_signal_free(f->signal);
	f->signal = NULL;
	stop(f);
}

static void signal_becomes_an_event(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(loop_signal_new(f->loop, SIGUSR1, on_signal, f, &f->signal), 0);
	kill(getpid(), SIGUSR1);
	loop_run(f->loop);
	assert_string_equal(f->order, "s");
}

/* ---- work ---- */

struct job {
	struct fixture *f;
	sem_t *gate;
	pthread_t ran_on;
	bool ran;
	struct loop_work *victim;
};

static atomic_int ended, cancelled_count, running, most_running;

static void run(void *data)
{
	struct job *job = data;
	int now = atomic_fetch_add(&running, 1) + 1, most = atomic_load(&most_running);

	while (now > most && !atomic_compare_exchange_weak(&most_running, &most, now))
		;
	if (job->gate)
		sem_wait(job->gate);
	job->ran = true;
	job->ran_on = pthread_self();
	atomic_fetch_sub(&running, 1);
}

static void done(void *data, bool cancelled)
{
	struct job *job = data;

	ended++;
	cancelled_count += cancelled;
	if (job->victim)
		loop_work_cancel(job->victim);
	if (ended == job->f->count)
		loop_stop(job->f->loop);
}

static void start_work(struct fixture *f, int count)
{
	ended = cancelled_count = running = most_running = 0;
	f->count = count;
}

static void work_runs_elsewhere_and_ends_here(void **state)
{
	struct fixture *f = *state;
	struct job jobs[100];

	start_work(f, 100);
	loop_set_threads(f->loop, 3);
	for (int i = 0; i < 100; i++) {
		jobs[i] = (struct job){.f = f};
		assert_int_equal(loop_work(f->loop, run, done, &jobs[i], NULL), 0);
	}
	loop_run(f->loop);
	assert_int_equal(ended, 100);
	assert_int_equal(cancelled_count, 0);
	assert_in_range(most_running, 1, 3);
	for (int i = 0; i < 100; i++) {
		assert_true(jobs[i].ran);
		assert_false(pthread_equal(jobs[i].ran_on, pthread_self()));
	}
}

static void waiting_work_gets_a_thread_each(void **state)
{
	struct fixture *f = *state;
	struct job jobs[8];
	sem_t gate;

	sem_init(&gate, 0, 0);
	start_work(f, 8);
	for (int i = 0; i < 8; i++) {
		jobs[i] = (struct job){.f = f, .gate = &gate};
		assert_int_equal(loop_work(f->loop, run, done, &jobs[i], NULL), 0);
	}
	for (int i = 0; i < 2000 && most_running < 8; i++)
		usleep(1000);
	assert_int_equal(most_running, 8); /* one blocked name server does not hold up the others */
	for (int i = 0; i < 8; i++)
		sem_post(&gate);
	loop_run(f->loop);
	assert_int_equal(ended, 8);
	sem_destroy(&gate);
}

static void cancelled_work_ends_once(void **state)
{
	struct fixture *f = *state;
	struct job first = {.f = f}, second = {.f = f}, third = {.f = f};
	struct loop_work *running_work, *queued_work;
	sem_t gate;

	sem_init(&gate, 0, 0);
	start_work(f, 3);
	loop_set_threads(f->loop, 1);
	first.gate = &gate;
	assert_int_equal(loop_work(f->loop, run, done, &first, &running_work), 0);
	assert_int_equal(loop_work(f->loop, run, done, &second, &queued_work), 0);
	assert_int_equal(loop_work(f->loop, run, done, &third, NULL), 0);
	while (!running)
		usleep(100);
	loop_work_cancel(queued_work);
	loop_work_cancel(queued_work);
	loop_work_cancel(running_work);
	assert_int_equal(ended, 0); /* never inside cancel */
	sem_post(&gate);
	loop_run(f->loop);
	assert_int_equal(ended, 3);
	assert_int_equal(cancelled_count, 2);
	assert_true(first.ran);
	assert_false(second.ran);
	assert_true(third.ran);
	sem_destroy(&gate);
}

static void done_may_cancel_what_ended_too(void **state)
{
	struct fixture *f = *state;
	struct job first = {.f = f}, second = {.f = f};

	start_work(f, 2);
	loop_set_threads(f->loop, 1);
	assert_int_equal(loop_work(f->loop, run, done, &first, NULL), 0);
	assert_int_equal(loop_work(f->loop, run, done, &second, &first.victim), 0);
	usleep(50000); /* both ended before the loop looks */
	loop_run(f->loop);
	assert_int_equal(ended, 2);
	assert_int_equal(cancelled_count, 1);
}

static int late_error;

static void done_with_more(void *data, bool cancelled)
{
	late_error = loop_work(data, run, done, NULL, NULL);
}

static void ran_nothing(void *data)
{
}

/* Nobody would be there to join its thread. */
static void no_work_while_freed(void **state)
{
	struct loop *loop;

	late_error = 0;
	assert_int_equal(loop_new(&loop), 0);
	assert_int_equal(loop_work(loop, ran_nothing, done_with_more, loop, NULL), 0);
	loop_free(loop);
	assert_int_equal(late_error, -ESHUTDOWN);
}

static void free_delivers_the_rest(void **state)
{
	struct fixture f = {.count = 0};
	struct job jobs[5];

	start_work(&f, 1000);
	assert_int_equal(loop_new(&f.loop), 0);
	loop_set_threads(f.loop, 2);
	for (int i = 0; i < 5; i++) {
		jobs[i] = (struct job){.f = &f};
		assert_int_equal(loop_work(f.loop, run, done, &jobs[i], NULL), 0);
	}
	loop_free(f.loop);
	assert_int_equal(ended, 5);
	assert_int_equal(cancelled_count, 5);
	loop_free(NULL);
}

static void idle_thread_is_used_again(void **state)
{
	struct work_pool *pool;
	struct fixture *f = *state;
	struct job job = {.f = f};
	struct loop_work *work;
	struct pollfd ready;

	start_work(f, 1000);
	assert_int_equal(work_pool_new(&pool), 0);
	assert_int_equal(work_pool_threads(pool), 0);
	for (int i = 0; i < 20; i++) {
		assert_int_equal(work_pool_add(pool, run, done, &job, &work), 0);
		ready = (struct pollfd){.fd = work_pool_fd(pool), .events = POLLIN};
		assert_int_equal(poll(&ready, 1, 2000), 1);
		usleep(1000);
		work_pool_deliver(pool);
	}
	assert_int_equal(ended, 20);
	assert_in_range(work_pool_threads(pool), 1, 3);
	work_pool_free(pool);
	work_pool_free(NULL);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(timer_fires_once_in_time),
		CASE(stopped_timer_does_not_fire),
		CASE(timers_may_die_in_a_callback),
		CASE(readiness_is_told),
		CASE(nothing_wanted_is_silent),
		CASE(error_is_told),
		CASE(watch_of_a_file_fails),
		CASE(watch_may_die_in_its_callback),
		CASE(signal_becomes_an_event),
		CASE(work_runs_elsewhere_and_ends_here),
		CASE(waiting_work_gets_a_thread_each),
		CASE(cancelled_work_ends_once),
		CASE(no_work_while_freed),
		CASE(done_may_cancel_what_ended_too),
		CASE(free_delivers_the_rest),
		CASE(idle_thread_is_used_again),
	};
	return cmocka_run_group_tests_name("lib/loop", tests, NULL, NULL);
}
