/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pauses double up to their bound, a quarter more or less, and differ. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "daemon/backoff.h"

static void test_bounds(void **state)
{
	static const unsigned int wanted_ms[] = {1000, 1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000};

	for (unsigned int failures = 0; failures < sizeof(wanted_ms) / sizeof(wanted_ms[0]); failures++)
		for (int i = 0; i < 100; i++)
			assert_in_range(backoff_ms(failures), wanted_ms[failures] * 3 / 4, wanted_ms[failures] * 5 / 4);
	assert_in_range(backoff_ms(UINT32_MAX), BACKOFF_MAX_MS * 3 / 4, BACKOFF_MAX_MS * 5 / 4);
}

static void test_jitter(void **state)
{
	uint64_t first = backoff_ms(10);
	bool differs = false;

	for (int i = 0; i < 100; i++)
		differs = differs || backoff_ms(10) != first;
	assert_true(differs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_jitter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
