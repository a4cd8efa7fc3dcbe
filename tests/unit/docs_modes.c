/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The texts that list modes, options and operations say what modes.def says. After a change of a row, `make rows` writes them
 * anew. Run from the top of the tree.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "docs/blocks.c"

int modes_main(int argc, char **argv);
#define main modes_main
#include "docs/modes.c"
#undef main

static void check_fresh(const char *path, size_t blocks_expected)
{
	struct text old = { 0 }, fresh = { 0 };
	size_t count = 0;

	assert_int_equal(text_read_file(path, BLOCKS_FILE_MAX, &old), 0);
	assert_int_equal(blocks_refresh(old.data, blocks, COUNT(blocks), &fresh), 0);
	assert_string_equal(old.data, fresh.data);
	for (const char *at = old.data; (at = strstr(at, " rows end\n")); at++)
		count++;
	assert_int_equal(count, blocks_expected);
	text_done(&old);
	text_done(&fresh);
}

static void test_fresh(void **state)
{
	check_fresh("docs/man/iscsiadm.8", 2);
	check_fresh("etc/completion/iscsiadm", 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
