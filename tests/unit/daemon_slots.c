/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Slots: never more at once than there are, in order, and nobody is forgotten. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "daemon/slots.h"

#define MANY 10

static struct slots slots;
static struct slot slot[MANY];
static int granted[MANY], granted_count;

static void grant(void *data)
{
	granted[granted_count++] = (int)((struct slot *)data - slot);
}

static int setup(void **state)
{
	granted_count = 0;
	for (int i = 0; i < MANY; i++)
		slot[i] = (struct slot){0};
	slots_init(&slots, 3);
	return 0;
}

static void test_order(void **state)
{
	for (int i = 0; i < MANY; i++)
		slot_take(&slots, &slot[i], grant, &slot[i]);
	assert_int_equal(granted_count, 3);
	for (int i = 0; i < MANY; i++)
		slot_give(&slots, &slot[i]);
	assert_int_equal(granted_count, MANY);
	for (int i = 0; i < MANY; i++)
		assert_int_equal(granted[i], i);
	assert_int_equal(slots.free, 3);
}

static void test_who_leaves_the_queue_is_passed_over(void **state)
{
	for (int i = 0; i < 5; i++)
		slot_take(&slots, &slot[i], grant, &slot[i]);
	slot_give(&slots, &slot[3]);
	slot_give(&slots, &slot[0]);
	assert_int_equal(granted_count, 4);
	assert_int_equal(granted[3], 4);
}

static void test_giving_twice_is_nothing(void **state)
{
	slot_give(&slots, &slot[0]);
	assert_int_equal(slots.free, 3);
	slot_take(&slots, &slot[0], grant, &slot[0]);
	slot_give(&slots, &slot[0]);
	slot_give(&slots, &slot[0]);
	assert_int_equal(slots.free, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_order, setup),
		cmocka_unit_test_setup(test_who_leaves_the_queue_is_passed_over, setup),
		cmocka_unit_test_setup(test_giving_twice_is_nothing, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
