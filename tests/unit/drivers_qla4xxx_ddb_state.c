/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What events about entries of the firmware's device database mean: each state against everything a chip may tell. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/kernel.h"

#include "drivers/qla4xxx/ddb_state.c"

/* A column per state that is told, 0 to 7: what it means (Up, Refused, Lost, Out, or nothing), and whether it is taken (t) or late (l). */
static const struct row {
	enum isp_ddb_state from;
	const char *meaning;
	const char *taken;
} rows_wanted[] = {
	{ ISP_DDB_UNASSIGNED,	 "..U.U...", "tttttttt" },
	{ ISP_DDB_NO_CONNECTION, "..U.U.R.", "tttttttt" },
	{ ISP_DDB_DISCOVERY,	 "LL.L..L.", "tttttltl" },
	{ ISP_DDB_NO_SESSION,	 "..U.U...", "tttttttt" },
	{ ISP_DDB_ACTIVE,	 "LL.L..L.", "tttttltl" },
	{ ISP_DDB_LOGGING_OUT,	 "OO.O..O.", "ttltlltl" },
	{ ISP_DDB_FAILED,	 "..U.U.R.", "tttttttt" },
	{ ISP_DDB_LOGIN,	 "RRURU.R.", "tttttltl" },
};

static const char letters[] = { [DDB_NOTHING] = '.', [DDB_UP] = 'U', [DDB_REFUSED] = 'R', [DDB_LOST] = 'L', [DDB_OUT] = 'O' };

static void test_every_state_and_event(void **state)
{
	enum isp_ddb_state next;
	unsigned int i, told;

	assert_int_equal(ARRAY_SIZE(rows_wanted), ISP_DDB_LOGIN + 1);
	for (i = 0; i < ARRAY_SIZE(rows_wanted); i++) {
		assert_int_equal(rows_wanted[i].from, i);
		for (told = 0; told <= ISP_DDB_LOGIN; told++) {
			assert_int_equal(letters[ddb_told(i, told, &next)], rows_wanted[i].meaning[told]);
			assert_int_equal(next, rows_wanted[i].taken[told] == 't' ? told : i);
		}
	}
}

static void test_no_state(void **state)
{
	static const unsigned int told[] = { 8, 9, 31, 32, 33, 36, 64, 0x8014, 0xffff, 0xffffffff };
	enum isp_ddb_state next;
	unsigned int i, from;

	for (from = 0; from <= ISP_DDB_LOGIN; from++)
		for (i = 0; i < ARRAY_SIZE(told); i++) {
			assert_int_equal(ddb_told(from, told[i], &next), DDB_NOTHING);
			assert_int_equal(next, from);
		}
	assert_string_equal(ddb_state_name(8), "unknown");
	assert_string_equal(ddb_state_name(0xffffffff), "unknown");
	assert_string_equal(ddb_state_name(ISP_DDB_LOGIN), "login");
}

/* The whole way, with what comes late in between. */
static void test_life(void **state)
{
	static const struct { unsigned int told; enum ddb_meaning meaning; enum isp_ddb_state begun; } steps[] = {
		{ ISP_DDB_FAILED, DDB_REFUSED, ISP_DDB_LOGIN },
		{ ISP_DDB_ACTIVE, DDB_UP, 0 },
		{ ISP_DDB_FAILED, DDB_LOST, ISP_DDB_LOGIN },
		{ ISP_DDB_ACTIVE, DDB_UP, ISP_DDB_LOGGING_OUT },
		{ ISP_DDB_ACTIVE, DDB_NOTHING, 0 },
		{ ISP_DDB_NO_CONNECTION, DDB_OUT, 0 },
		{ ISP_DDB_NO_CONNECTION, DDB_NOTHING, 0 },
	};
	enum isp_ddb_state at = ISP_DDB_LOGIN;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		assert_int_equal(ddb_told(at, steps[i].told, &at), steps[i].meaning);
		if (steps[i].begun)
			at = steps[i].begun;
	}
	assert_true(ddb_is_clearable(at));
	assert_false(ddb_is_up(at));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_state_and_event),
		cmocka_unit_test(test_no_state),
		cmocka_unit_test(test_life),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
