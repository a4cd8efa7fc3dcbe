/* SPDX-License-Identifier: GPL-3.0-or-later */
/* When a port that comes and goes is held back, for how long, and when it is forgiven. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "daemon/hotplug_set.h"

static const struct policy policy = {.flap_max = 3, .flap_window_sec = 60, .flap_hold_sec = 10};

#define SEC 1000ull
#define DAY (86400 * SEC)

static void test_few_losses(void **state)
{
	struct flap flap = {.count = 0};

	for (unsigned int i = 0; i < 200; i++) {
		assert_false(flap_lost(&flap, &policy, DAY + i * 31 * SEC));
		assert_true(flap_returned(&flap, &policy, DAY + i * 31 * SEC + 1));
	}
	assert_int_equal(flap_losses(&flap, &policy, DAY + 199 * 31 * SEC), 2);
}

static void test_never(void **state)
{
	const struct policy off = {.flap_max = 0, .flap_window_sec = 60, .flap_hold_sec = 10};
	struct flap flap = {.count = 0};

	for (unsigned int i = 0; i < 1000; i++)
		assert_false(flap_lost(&flap, &off, DAY + i));
	assert_true(flap_returned(&flap, &off, DAY + 1001));
}

static void test_held(void **state)
{
	struct flap flap = {.count = 0};

	assert_false(flap_lost(&flap, &policy, DAY));
	assert_false(flap_lost(&flap, &policy, DAY + 1));
	assert_true(flap_lost(&flap, &policy, DAY + 2));
	assert_false(flap_returned(&flap, &policy, DAY + 3 * SEC));
	assert_int_equal(flap.steady_ms, DAY + 13 * SEC);
	/* Lost again before it was steady: the wait begins anew, and nothing is said twice. */
	assert_false(flap_lost(&flap, &policy, DAY + 5 * SEC));
	assert_false(flap_release(&flap, DAY + 14 * SEC));
	assert_false(flap_returned(&flap, &policy, DAY + 20 * SEC));
	assert_false(flap_returned(&flap, &policy, DAY + 21 * SEC));
	assert_false(flap_release(&flap, DAY + 30 * SEC - 1));
	assert_true(flap_release(&flap, DAY + 30 * SEC));
	assert_false(flap_release(&flap, DAY + 30 * SEC));
	assert_true(flap_returned(&flap, &policy, DAY + 31 * SEC));
}

static void test_longer_and_longer(void **state)
{
	static const unsigned int seconds[] = {10, 20, 40, 80, 160, 160, 160};
	struct flap flap = {.count = 0};
	uint64_t now = DAY;

	for (size_t i = 0; i < sizeof(seconds) / sizeof(seconds[0]); i++) {
		while (!flap_lost(&flap, &policy, now))
			now++;
		assert_int_equal(flap_hold_sec(&flap, &policy), seconds[i]);
		assert_false(flap_returned(&flap, &policy, now));
		now += seconds[i] * SEC;
		assert_true(flap_release(&flap, now));
	}
	/* A calm hour later it is the first time again. */
	now += 3600 * SEC;
	assert_int_equal(flap_losses(&flap, &policy, now), 0);
	while (!flap_lost(&flap, &policy, now))
		now++;
	assert_int_equal(flap_hold_sec(&flap, &policy), 10);
}

static void test_more_than_remembered(void **state)
{
	const struct policy many = {.flap_max = 1000, .flap_window_sec = 60, .flap_hold_sec = 1};
	struct flap flap = {.count = 0};
	unsigned int losses = 1;

	while (!flap_lost(&flap, &many, DAY + losses))
		losses++;
	assert_int_equal(losses, HOTPLUG_FLAPS_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_few_losses), cmocka_unit_test(test_never),
		cmocka_unit_test(test_held),	   cmocka_unit_test(test_longer_and_longer),
		cmocka_unit_test(test_more_than_remembered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
