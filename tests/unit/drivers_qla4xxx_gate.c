/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The gate of a host: whoever gets in is inside until he leaves, nobody gets in after it was closed, and closing returns when the last has
 * left: threads enter and leave while it is closed, and what they use meanwhile is taken away right behind it.
 */
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>
#include <cmocka.h>

#include "tests/unit/kernel.h"

#define THREADS	4
#define ROUNDS	300

typedef struct { int users; } refcount_t;
struct lockdep_map { int readers, writers; };
struct lock_class_key { int key; };

#define refcount_set(r, n) ((void)((r)->users = (n)))
#define refcount_dec_and_test(r) (!__sync_sub_and_fetch(&(r)->users, 1))
#define init_completion(c) ((void)((c)->done = 0))
#undef complete
#define complete(c)	__atomic_store_n(&(c)->done, 1, __ATOMIC_SEQ_CST)
#define lockdep_init_map(map, name, key, subclass) ((void)(key))
#define lock_map_acquire_read(map) ((void)__sync_fetch_and_add(&(map)->readers, 1))
#define lock_map_acquire(map) ((void)((map)->writers++))
#define lock_map_release(map) ((void)(map))

static bool refcount_inc_not_zero(refcount_t *count)
{
	int users = __atomic_load_n(&count->users, __ATOMIC_SEQ_CST);

	while (users && !__atomic_compare_exchange_n(&count->users, &users, users + 1, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		;
	return users;
}

static struct {
	bool is_waiting, parts;
	u32 entered, refused;
} world;

static void wait_for_completion(struct completion *completion)
{
	__atomic_store_n(&world.is_waiting, true, __ATOMIC_SEQ_CST);
	while (!__atomic_load_n(&completion->done, __ATOMIC_SEQ_CST))
		sched_yield();
}

#include "drivers/qla4xxx/gate.c"

static struct gate gate;

static int begin(void **state)
{
	memset(&world, 0, sizeof(world));
	world.parts = true;
	gate_open(&gate);
	return 0;
}

static void test_closed(void **state)
{
	assert_int_equal(gate_enter(&gate), 0);
	assert_int_equal(gate_enter(&gate), 0);
	gate_leave(&gate);
	gate_leave(&gate);
	gate_close(&gate);
	assert_int_equal(gate_enter(&gate), -ENODEV);
}

static void *closer(void *data)
{
	gate_close(&gate);
	__atomic_store_n(&world.parts, false, __ATOMIC_SEQ_CST);
	return NULL;
}

/* Somebody is inside: closing waits for him, and lets nobody else in meanwhile. */
static void test_waits(void **state)
{
	pthread_t thread;

	assert_int_equal(gate_enter(&gate), 0);
	pthread_create(&thread, NULL, closer, NULL);
	while (!__atomic_load_n(&world.is_waiting, __ATOMIC_SEQ_CST))
		sched_yield();
	assert_int_equal(gate_enter(&gate), -ENODEV);
	usleep(1000);
	assert_true(__atomic_load_n(&world.parts, __ATOMIC_SEQ_CST));
	gate_leave(&gate);
	pthread_join(thread, NULL);
	assert_false(world.parts);
}

static void *user(void *data)
{
	while (!gate_enter(&gate)) {
		if (!__atomic_load_n(&world.parts, __ATOMIC_SEQ_CST))
			abort();
		__sync_fetch_and_add(&world.entered, 1);
		sched_yield();
		if (!__atomic_load_n(&world.parts, __ATOMIC_SEQ_CST))
			abort();
		gate_leave(&gate);
	}
	__sync_fetch_and_add(&world.refused, 1);
	return NULL;
}

static void test_threads(void **state)
{
	pthread_t threads[THREADS];
	unsigned int round, i;

	for (round = 0; round < ROUNDS; round++) {
		begin(NULL);
		for (i = 0; i < THREADS; i++)
			pthread_create(&threads[i], NULL, user, NULL);
		while (__atomic_load_n(&world.entered, __ATOMIC_SEQ_CST) < round % 8)
			sched_yield();
		closer(NULL);
		for (i = 0; i < THREADS; i++)
			pthread_join(threads[i], NULL);
		assert_int_equal(world.refused, THREADS);
	}
}

/* The kernel is told that who closes it waits for all who share it. */
static void test_lockdep(void **state)
{
	gate.map = (struct lockdep_map){ };
	assert_int_equal(gate_enter(&gate), 0);
	gate_leave(&gate);
	gate_close(&gate);
	assert_int_equal(gate.map.readers, 1);
	assert_int_equal(gate.map.writers, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_closed, begin), cmocka_unit_test_setup(test_waits, begin),
		cmocka_unit_test_setup(test_threads, begin), cmocka_unit_test_setup(test_lockdep, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
