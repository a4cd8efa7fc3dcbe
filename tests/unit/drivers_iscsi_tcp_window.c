/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The window of commands: serial numbers around their wrap, and what a target may not do to them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/iscsi_tcp_world.h"

static void test_take(void **state)
{
	struct tcp_window window = { .cmdsn = 0xfffffffe };
	u32 cmdsn = 0, i;

	window_begin(&window);
	/* RFC 7143 4.2.2.1: the first MaxCmdSN is known from the login only; one command may go. */
	assert_true(window_take(&window, &cmdsn));
	assert_int_equal(cmdsn, 0xfffffffe);
	assert_false(window_open(&window));
	assert_false(window_take(&window, &cmdsn));
	assert_true(window_update(&window, 0xffffffff, 2));
	for (i = 0xffffffff; i != 3; i++) {
		assert_true(window_take(&window, &cmdsn));
		assert_int_equal(cmdsn, i);
	}
	assert_false(window_take(&window, &cmdsn));
	assert_int_equal(cmdsn, 2);
}

static void test_update(void **state)
{
	static const struct {
		u32 exp, max;		/* before, both around 100..110 */
		bool opened;
		u32 ret_exp, ret_max;
	} rows[] = {
		{ 100, 110, false, 100, 110 },
		{ 101, 111, true, 101, 111 },
		{ 105, 110, false, 105, 110 },
		{ 99, 111, true, 100, 111 },	/* an old ExpCmdSN does not take back */
		{ 100, 109, false, 100, 110 },	/* the window never shrinks */
		{ 111, 110, false, 111, 110 },	/* closed */
		{ 112, 110, false, 100, 110 },	/* MaxCmdSN below ExpCmdSN - 1: both ignored */
		{ 0x80000070, 110, false, 100, 110 },
	};
	u32 i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct tcp_window window = { .cmdsn = 105, .exp_cmdsn = 100, .max_cmdsn = 110 };

		assert_int_equal(window_update(&window, rows[i].exp, rows[i].max), rows[i].opened);
		assert_int_equal(window.exp_cmdsn, rows[i].ret_exp);
		assert_int_equal(window.max_cmdsn, rows[i].ret_max);
		assert_int_equal(window.cmdsn, 105);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_take),
		cmocka_unit_test(test_update),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
