/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The small forms scripts parse: portals, empty values, boxes, the trees of records. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "adm/print.h"
#include "adm/tree.h"
#include "tests/unit/fake_daemon.h"

static void test_portal(void **state)
{
	char buffer[PORTAL_TEXT_MAX];

	assert_string_equal(print_portal("127.0.0.1", 3260, 1, buffer), "127.0.0.1:3260,1");
	assert_string_equal(print_portal("::1", 3260, -1, buffer), "[::1]:3260,-1");
	assert_string_equal(print_portal("host", 1, 65535, buffer), "[host]:1,65535");
	assert_string_equal(print_portal("my.host", 1, 2, buffer), "my.host:1,2");
}

static void test_or(void **state)
{
	assert_string_equal(print_or("x", "<empty>"), "x");
	assert_string_equal(print_or("", "<empty>"), "<empty>");
	assert_string_equal(print_or(NULL, "<empty>"), "<empty>");
	assert_string_equal(print_or("(null)", "default"), "default");
}

static int print_some(void *data)
{
	print_line("%s %d", "information", 1);
	print_problem("%s", "a complaint");
	print_box(2, "CHAP:", 5);
	print_text("as it is\n");
	return 0;
}

static void test_streams(void **state)
{
	fake_capture(print_some, NULL);
	assert_string_equal(fake_out, "information 1\n\t\t*****\n\t\tCHAP:\n\t\t*****\nas it is\n");
	assert_string_equal(fake_err, "iscsiadm: a complaint\n");
}

static int print_trees(void *data)
{
	static const char *const keys[] = {
		"iqn.x:a\t10.0.0.1,3260,1\tif0", "iqn.x:a\t10.0.0.1,3260,1\tif1", "iqn.x:a\t10.0.0.2,3260,1\tif0",
		"iqn.x:b\t10.0.0.2,3260,1\tif0",
	};
	struct node_key key[4];

	for (int i = 0; i < 4; i++)
		if (node_key_parse(keys[i], &key[i]))
			return 1;
	for (int i = 0; i < 4; i++)
		tree_node(i ? &key[i - 1] : NULL, &key[i], *(bool *)data);
	return 0;
}

static void test_trees(void **state)
{
	bool repeat = false;

	assert_int_equal(fake_capture(print_trees, &repeat), 0);
	assert_string_equal(fake_out, "Target: iqn.x:a\n\tPortal: 10.0.0.1:3260,1\n\t\tIface Name: if0\n\t\tIface Name: if1\n"
				      "\tPortal: 10.0.0.2:3260,1\n\t\tIface Name: if0\n"
				      "Target: iqn.x:b\n\tPortal: 10.0.0.2:3260,1\n\t\tIface Name: if0\n");
	repeat = true;
	assert_int_equal(fake_capture(print_trees, &repeat), 0);
	assert_string_equal(fake_out, "Target: iqn.x:a\n\tPortal: 10.0.0.1:3260,1\n\t\tIface Name: if0\n"
				      "\tPortal: 10.0.0.1:3260,1\n\t\tIface Name: if1\n"
				      "\tPortal: 10.0.0.2:3260,1\n\t\tIface Name: if0\n"
				      "Target: iqn.x:b\n\tPortal: 10.0.0.2:3260,1\n\t\tIface Name: if0\n");
}

static int print_secret(void *data)
{
	struct record node;

	record_init(&node, RECORD_NODE);
	if (record_set(&node, F_NODE_SESSION_AUTH_PASSWORD, "wonderland12", ORIGIN_RECORD))
		return 1;
	print_record(&node, *(bool *)data);
	record_done(&node);
	return 0;
}

static void test_secrets(void **state)
{
	bool secrets = false;

	assert_int_equal(fake_capture(print_secret, &secrets), 0);
	assert_null(strstr(fake_out, "wonderland12"));
	assert_non_null(strstr(fake_out, "node.session.auth.password = ********\n"));
	secrets = true;
	assert_int_equal(fake_capture(print_secret, &secrets), 0);
	assert_non_null(strstr(fake_out, "node.session.auth.password = wonderland12\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_portal), cmocka_unit_test(test_or),      cmocka_unit_test(test_streams),
		cmocka_unit_test(test_trees),  cmocka_unit_test(test_secrets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
