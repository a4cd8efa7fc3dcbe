/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Typed getters: every type, absence, null and the ends of the number range. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>

#include "lib/json.h"

static struct json_object *object;

static int setup(void **state)
{
	object = json_tokener_parse("{\"text\":\"abc\",\"cut\":\"a\\u0000b\",\"number\":5,\"big\":18446744073709551615,"
				    "\"min\":-9223372036854775808,\"real\":1.5,\"yes\":true,\"list\":[1],\"map\":{},\"null\":null}");
	return object ? 0 : -1;
}

static int teardown(void **state)
{
	json_object_put(object);
	return 0;
}

static void text(void **state)
{
	const char *text = NULL;

	assert_int_equal(json_get_text(object, "text", &text), 0);
	assert_string_equal(text, "abc");
	assert_int_equal(json_get_text(object, "cut", &text), -EINVAL);
	assert_int_equal(json_get_text(object, "number", &text), -EINVAL);
	assert_int_equal(json_get_text(object, "null", &text), -ENOENT);
	assert_int_equal(json_get_text(object, "none", &text), -ENOENT);
	assert_int_equal(json_get_text(NULL, "text", &text), -EINVAL);
	assert_string_equal(text, "abc"); /* untouched by failures */
}

static void number(void **state)
{
	int64_t number = 0;

	assert_int_equal(json_get_number(object, "number", 5, 5, &number), 0);
	assert_int_equal(number, 5);
	assert_int_equal(json_get_number(object, "number", 6, 9, &number), -ERANGE);
	assert_int_equal(json_get_number(object, "number", 0, 4, &number), -ERANGE);
	assert_int_equal(json_get_number(object, "big", INT64_MIN, INT64_MAX, &number), -ERANGE);
	assert_int_equal(json_get_number(object, "min", INT64_MIN, INT64_MAX, &number), 0);
	assert_true(number == INT64_MIN);
	assert_int_equal(json_get_number(object, "real", 0, 9, &number), -EINVAL);
	assert_int_equal(json_get_number(object, "text", 0, 9, &number), -EINVAL);
	assert_int_equal(json_get_number(object, "yes", 0, 9, &number), -EINVAL);
}

static void others(void **state)
{
	struct json_object *member;
	bool flag = false;

	assert_int_equal(json_get_bool(object, "yes", &flag), 0);
	assert_true(flag);
	assert_int_equal(json_get_bool(object, "number", &flag), -EINVAL);
	assert_int_equal(json_get_array(object, "list", &member), 0);
	assert_int_equal(json_get_array(object, "map", &member), -EINVAL);
	assert_int_equal(json_get_object(object, "map", &member), 0);
	assert_int_equal(json_get_object(object, "list", &member), -EINVAL);
	assert_int_equal(json_get_object(object, "null", &member), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text),
		cmocka_unit_test(number),
		cmocka_unit_test(others),
	};
	return cmocka_run_group_tests_name("lib/json", tests, setup, teardown);
}
