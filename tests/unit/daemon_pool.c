/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A pool: work that hangs delays what comes after it by its patience at most, and all of it ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <unistd.h>

#include "daemon/pool.h"

#define THREADS 2
#define HANGING 5

struct job {
	struct fixture *fixture;
	bool hangs;
};

struct fixture {
	struct loop *loop;
	struct pool *pool;
	struct loop_timer *limit;
	int gate[2];
	struct job hanging[HANGING], quick;
	unsigned int ended;
	bool quick_ended;
};

static void job_run(void *data)
{
	struct job *job = data;
	char byte;

	if (job->hangs)
		assert_int_equal(read(job->fixture->gate[0], &byte, 1), 1);
}

static void job_done(void *data, bool cancelled)
{
	struct job *job = data;

	job->fixture->ended++;
	if (job->hangs)
		return;
	job->fixture->quick_ended = true;
	loop_stop(job->fixture->loop);
}

static void give_up(void *data)
{
	loop_stop(data);
}

static int setup(void **state)
{
	static struct fixture fixture;

	fixture = (struct fixture){0};
	assert_int_equal(pipe(fixture.gate), 0);
	assert_int_equal(loop_new(&fixture.loop), 0);
	assert_int_equal(pool_new(fixture.loop, THREADS, &fixture.pool), 0);
	assert_int_equal(loop_timer_new(fixture.loop, give_up, fixture.loop, &fixture.limit), 0);
	*state = &fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(write(fixture->gate[1], "gogogogo", HANGING), HANGING);
	pool_free(fixture->pool);
	loop_timer_free(fixture->limit);
	loop_free(fixture->loop);
	close(fixture->gate[0]);
	close(fixture->gate[1]);
	assert_int_equal(fixture->ended, HANGING + 1);
	return 0;
}

static void test_what_hangs_delays_nobody(void **state)
{
	struct fixture *fixture = *state;
	uint64_t began_ms = loop_now_ms();

	for (int i = 0; i < HANGING; i++) {
		fixture->hanging[i] = (struct job){.fixture = fixture, .hangs = true};
		assert_int_equal(pool_work(fixture->pool, job_run, job_done, &fixture->hanging[i]), 0);
	}
	fixture->quick = (struct job){.fixture = fixture};
	assert_int_equal(pool_work(fixture->pool, job_run, job_done, &fixture->quick), 0);
	loop_timer_set(fixture->limit, 6000);
	assert_int_equal(loop_run(fixture->loop), 0);
	assert_true(fixture->quick_ended);
	assert_true(loop_now_ms() - began_ms >= POOL_PATIENCE_MS);
	assert_int_equal(pool_busy(fixture->pool), HANGING);
	assert_int_equal(pool_slow(fixture->pool), HANGING);
}

static void test_free_threads_are_used_at_once(void **state)
{
	struct fixture *fixture = *state;
	uint64_t began_ms = loop_now_ms();

	fixture->hanging[0] = (struct job){.fixture = fixture, .hangs = true};
	assert_int_equal(pool_work(fixture->pool, job_run, job_done, &fixture->hanging[0]), 0);
	fixture->quick = (struct job){.fixture = fixture};
	assert_int_equal(pool_work(fixture->pool, job_run, job_done, &fixture->quick), 0);
	loop_timer_set(fixture->limit, 6000);
	assert_int_equal(loop_run(fixture->loop), 0);
	assert_true(fixture->quick_ended);
	assert_true(loop_now_ms() - began_ms < POOL_PATIENCE_MS);
	fixture->ended += HANGING - 1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_what_hangs_delays_nobody, setup, teardown),
		cmocka_unit_test_setup_teardown(test_free_threads_are_used_at_once, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
