/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Slots: bounds of the daemon and of a portal, what hangs holds few and delays nobody, in order, and
 * nobody is forgotten. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <netinet/in.h>

#include "daemon/slots.h"
#include "tests/unit/quick_time.h"

#define MANY 200

static struct loop *loop;
static struct slots slots;
static struct slot slot[MANY];
static int granted[4 * MANY], granted_count;

static void grant(void *data)
{
	granted[granted_count++] = (int)((struct slot *)data - slot);
}

static void take(int number, int portal)
{
	struct sockaddr_storage address = {.ss_family = AF_INET};
	struct sockaddr_in *four = (void *)&address;

	four->sin_addr.s_addr = htonl(0x0a000000u + (uint32_t)portal);
	four->sin_port = htons(3260);
	slot_take(&slots, &slot[number], &address, grant, &slot[number]);
}

static void take_many(int first, int count, int portal)
{
	for (int i = first; i < first + count; i++)
		take(i, portal);
}

static void give_many(int first, int count)
{
	for (int i = first; i < first + count; i++)
		slot_give(&slots, &slot[i]);
}

static void stop(void *data)
{
	loop_stop(loop);
}

static void pass(uint64_t ms)
{
	struct loop_timer *timer;

	assert_int_equal(loop_timer_new(loop, stop, NULL, &timer), 0);
	loop_timer_set(timer, ms);
	assert_int_equal(loop_run(loop), 0);
	loop_timer_free(timer);
}

static int setup(void **state)
{
	granted_count = 0;
	for (int i = 0; i < MANY; i++)
		slot[i] = (struct slot){0};
	assert_int_equal(loop_new(&loop), 0);
	return slots_init(&slots, loop, 100);
}

static int teardown(void **state)
{
	/* First who waits, so that nobody is granted meanwhile. */
	for (int i = 0; i < MANY; i++)
		if (slot[i].is_waiting)
			slot_give(&slots, &slot[i]);
	give_many(0, MANY);
	assert_int_equal(slots.held, 0);
	assert_int_equal(slots.fresh_count, 0);
	assert_int_equal(slots.suspect_count, 0);
	slots_done(&slots);
	loop_free(loop);
	return 0;
}

static void test_one_portal_in_order(void **state)
{
	take_many(0, 40, 1);
	assert_int_equal(granted_count, SLOTS_PORTAL_FRESH_MAX);
	give_many(0, 40);
	assert_int_equal(granted_count, 40);
	for (int i = 0; i < 40; i++)
		assert_int_equal(granted[i], i);
}

static void test_bound_of_all(void **state)
{
	for (int i = 0; i < 80; i++)
		take(i, i);
	assert_int_equal(granted_count, SLOTS_FRESH_MAX);
	slot_give(&slots, &slot[0]);
	assert_int_equal(granted_count, SLOTS_FRESH_MAX + 1);
	assert_int_equal(granted[SLOTS_FRESH_MAX], SLOTS_FRESH_MAX);
}

static void test_who_leaves_the_queue_is_passed_over(void **state)
{
	take_many(0, 19, 1);
	slot_give(&slots, &slot[16]);
	slot_give(&slots, &slot[0]);
	assert_int_equal(granted[16], 17);
	slot_give(&slots, &slot[1]);
	assert_int_equal(granted[17], 18);
}

static void test_giving_twice_is_nothing(void **state)
{
	slot_give(&slots, &slot[0]);
	take(0, 1);
	slot_give(&slots, &slot[0]);
	slot_give(&slots, &slot[0]);
	assert_int_equal(slots.held, 0);
}

/* Of a hundred sessions to a black hole sixteen try it, then four, and others do not notice. */
static void test_black_hole(void **state)
{
	take_many(0, 100, 1);
	assert_int_equal(granted_count, 16);
	/* Also when they do not come at the same instant. */
	take(100, 2);
	assert_int_equal(granted_count, 17);
	pass(SLOTS_FRESH_MS + 50);
	assert_int_equal(granted_count, 17);
	for (int i = 0; i < 16; i++)
		slot_unanswered(&slots, &slot[i]);
	give_many(0, 16);
	assert_int_equal(granted_count, 17 + SLOTS_HANGING_MAX);
	pass(SLOTS_FRESH_MS + 50);
	assert_int_equal(granted_count, 17 + SLOTS_HANGING_MAX);
	/* It is remembered while nobody tries. */
	for (int i = 0; i < 100; i++)
		if (slot[i].is_waiting)
			slot_give(&slots, &slot[i]);
	give_many(0, 100);
	granted_count = 0;
	take_many(0, 100, 1);
	assert_int_equal(granted_count, SLOTS_HANGING_MAX);
	/* The first that gets through opens the door. */
	slot_connected(&slots, &slot[0]);
	slot_answered(&slots, &slot[0]);
	slot_give(&slots, &slot[0]);
	assert_in_range(granted_count, SLOTS_PORTAL_FRESH_MAX, 100);
}

/* Targets that hang behind a portal that is fine. */
static void test_stuck_targets(void **state)
{
	take_many(0, 32, 1);
	assert_int_equal(granted_count, 16);
	for (int i = 0; i < 16; i++)
		slot_connected(&slots, &slot[i]);
	pass(SLOTS_FRESH_MS + 50);
	assert_int_equal(granted_count, 32);
	for (int i = 16; i < 32; i++)
		slot_connected(&slots, &slot[i]);
	for (int i = 0; i < 32; i++)
		slot_unanswered(&slots, &slot[i]);
	give_many(0, 32);
	granted_count = 0;
	take_many(0, 32, 1);
	take(32, 1);
	assert_int_equal(granted_count, SLOTS_HANGING_MAX + 1);
	assert_int_equal(granted[SLOTS_HANGING_MAX], 32);
}

/* Many dead portals: who is not suspect passes all who wait. */
static void test_the_living_go_first(void **state)
{
	for (int i = 0; i < 64; i++)
		take(i, 100 + i);
	for (int i = 0; i < 64; i++)
		slot_unanswered(&slots, &slot[i]);
	give_many(0, 64);
	granted_count = 0;
	for (int i = 0; i < 64; i++)
		take(i, 100 + i);
	assert_int_equal(granted_count, SLOTS_SUSPECT_MAX);
	take(64, 1);
	assert_int_equal(granted_count, SLOTS_SUSPECT_MAX + 1);
	assert_int_equal(granted[SLOTS_SUSPECT_MAX], 64);
	pass(SLOTS_FRESH_MS + 50);
	assert_int_equal(granted_count, 2 * SLOTS_SUSPECT_MAX + 1);
}

/* Without a portal only the bound of all counts. */
static void test_nowhere(void **state)
{
	for (int i = 0; i < 120; i++)
		slot_take(&slots, &slot[i], NULL, grant, &slot[i]);
	assert_int_equal(granted_count, 100);
	slot_unanswered(&slots, &slot[0]);
	slot_give(&slots, &slot[0]);
	assert_int_equal(granted_count, 101);
	assert_int_equal(granted[100], 100);
}

/* No more than there are descriptors for, whatever happens. */
static void test_descriptors(void **state)
{
	for (int i = 0; i < 150; i++)
		take(i, i);
	pass(SLOTS_FRESH_MS + 50);
	assert_int_equal(granted_count, 100);
}

int main(void)
{
#define SLOTS_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		SLOTS_TEST(test_one_portal_in_order),
		SLOTS_TEST(test_bound_of_all),
		SLOTS_TEST(test_who_leaves_the_queue_is_passed_over),
		SLOTS_TEST(test_giving_twice_is_nothing),
		SLOTS_TEST(test_black_hole),
		SLOTS_TEST(test_stuck_targets),
		SLOTS_TEST(test_the_living_go_first),
		SLOTS_TEST(test_nowhere),
		SLOTS_TEST(test_descriptors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
