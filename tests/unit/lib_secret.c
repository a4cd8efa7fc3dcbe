/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Secrets: length bounds, copies that outlive their source, comparison. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "lib/secret.h"

static void test_bounds(void **state)
{
	unsigned char bytes[SECRET_BYTES_MAX + 1] = {1};
	struct secret *secret;

	assert_null(secret_new(bytes, 0));
	assert_int_equal(errno, EINVAL);
	assert_null(secret_new(bytes, sizeof(bytes)));
	assert_int_equal(errno, EINVAL);
	secret = secret_new(bytes, SECRET_BYTES_MAX);
	assert_non_null(secret);
	assert_int_equal(secret_length(secret), SECRET_BYTES_MAX);
	assert_memory_equal(secret_bytes(secret), bytes, SECRET_BYTES_MAX);
	(void)secret_is_locked(secret);
	secret_free(secret);
	secret_free(NULL);
}

static void test_copy_and_equal(void **state)
{
	struct secret *a = secret_new("abcdef", 6), *b = secret_new("abcdeg", 6);
	struct secret *shorter = secret_new("abcde", 5), *zero = secret_new("abcde\0", 6);
	struct secret *copy = secret_copy(a);

	assert_null(secret_copy(NULL));
	assert_true(secret_equal(a, copy));
	assert_false(secret_equal(a, b));
	assert_false(secret_equal(shorter, zero));
	assert_false(secret_equal(NULL, a));
	assert_false(secret_equal(NULL, NULL));
	secret_free(a);
	assert_memory_equal(secret_bytes(copy), "abcdef", 6);
	secret_free(b);
	secret_free(copy);
	secret_free(shorter);
	secret_free(zero);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_copy_and_equal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
