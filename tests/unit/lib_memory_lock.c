/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Locked memory and its companions, each in a child process: what is permitted takes effect, what is not is said and changes
 * nothing. Whatever the machine forbids to root is skipped.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/memory_lock.h"

#ifndef PR_GET_IO_FLUSHER
#define PR_GET_IO_FLUSHER 58
#endif

enum { FINE, WRONG, FORBIDDEN };

/* Runs fn in a child; its result is one of the above. */
static void in_child(int (*fn)(void))
{
	int status = -1;
	pid_t child = fork();

	if (child == 0)
		_exit(fn());
	waitpid(child, &status, 0);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == FORBIDDEN) {
		print_message("not permitted here\n");
		skip();
	}
	assert_int_equal(WEXITSTATUS(status), FINE);
}

static int become_ordinary(void)
{
	const struct rlimit limit = {.rlim_cur = 1 << 20, .rlim_max = 1 << 20};

	if (setrlimit(RLIMIT_MEMLOCK, &limit) < 0)
		return FORBIDDEN;
	return geteuid() == 0 && setresuid(65534, 65534, 65534) < 0 ? FORBIDDEN : FINE;
}

/* With a limit of 1 MiB and future pages locked, this allocation would fail. */
static int lock_under_a_limit(void)
{
	void *memory;

	if (become_ordinary() != FINE)
		return FORBIDDEN;
	if (memory_lock() != -EPERM)
		return WRONG;
	memory = mmap(NULL, 16 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return memory == MAP_FAILED ? WRONG : FINE;
}

static int lock_as_root(void)
{
	int error = memory_lock();

	if (error == -EPERM || error == -ENOMEM)
		return FORBIDDEN;
	return error == 0 ? FINE : WRONG;
}

static long resident_kb(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	long size = 0, resident = 0;

	if (!file || fscanf(file, "%ld %ld", &size, &resident) != 2)
		resident = 0;
	if (file)
		fclose(file);
	return resident * 4;
}

/* Memory that is only reserved, as stacks of threads are, costs nothing. */
static int future_pages_cost_when_touched(void)
{
	long before;

	if (memory_lock() < 0)
		return FORBIDDEN;
	before = resident_kb();
	if (mmap(NULL, 16 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED)
		return WRONG;
	if (memory_lock_code() < 0)
		return WRONG;
	return resident_kb() - before < 8 << 10 ? FINE : WRONG;
}

static int oom_score(void)
{
	int error = memory_lock_oom(), score = 0;
	FILE *file = fopen("/proc/self/oom_score_adj", "r");

	if (!file || fscanf(file, "%d", &score) != 1)
		return FORBIDDEN;
	fclose(file);
	if (error)
		return error == -EACCES && score != -1000 ? FORBIDDEN : WRONG;
	return score == -1000 ? FINE : WRONG;
}

static int oom_score_as_ordinary(void)
{
	if (become_ordinary() != FINE)
		return FORBIDDEN;
	return memory_lock_oom() < 0 ? FINE : WRONG;
}

static int nice_value(void)
{
	int before = getpriority(PRIO_PROCESS, 0), error = memory_lock_nice(-10);

	if (error)
		return (error == -EACCES || error == -EPERM) && getpriority(PRIO_PROCESS, 0) == before ? FORBIDDEN : WRONG;
	return getpriority(PRIO_PROCESS, 0) == -10 ? FINE : WRONG;
}

static int nice_as_ordinary(void)
{
	const struct rlimit none = {.rlim_cur = 0, .rlim_max = 0};

	if (setrlimit(RLIMIT_NICE, &none) < 0 || become_ordinary() != FINE)
		return FORBIDDEN;
	return memory_lock_nice(-20) < 0 ? FINE : WRONG;
}

static int io_flusher(void)
{
	int error = memory_lock_io_flusher();

	if (error)
		return error == -EPERM || error == -EINVAL ? FORBIDDEN : WRONG;
	return prctl(PR_GET_IO_FLUSHER, 0, 0, 0, 0) == 1 ? FINE : WRONG;
}

#define CHILD(fn) static void test_##fn(void **state) { in_child(fn); }
CHILD(lock_under_a_limit)
CHILD(lock_as_root)
CHILD(future_pages_cost_when_touched)
CHILD(oom_score)
CHILD(oom_score_as_ordinary)
CHILD(nice_value)
CHILD(nice_as_ordinary)
CHILD(io_flusher)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lock_under_a_limit),
		cmocka_unit_test(test_lock_as_root),
		cmocka_unit_test(test_future_pages_cost_when_touched),
		cmocka_unit_test(test_oom_score),
		cmocka_unit_test(test_oom_score_as_ordinary),
		cmocka_unit_test(test_nice_value),
		cmocka_unit_test(test_nice_as_ordinary),
		cmocka_unit_test(test_io_flusher),
	};
	return cmocka_run_group_tests_name("lib/memory_lock", tests, NULL, NULL);
}
