/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sense data of asynchronous SCSI events: both formats, cut at every byte, lengths that lie. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/message.h"

static const uint8_t fixed[] = {0, 18, 0x70, 0, 6,    0,    0, 0, 0, 10,
				0, 0,  0,    0, 0x3f, 0x0e, 0, 0, 0, 0};
static const uint8_t descriptor[] = {0, 8, 0x72, 6, 0x3f, 0x0e, 0, 0, 0, 0};

/* An exact copy on the heap: a byte read too far is seen by the sanitizer. */
static bool says(const uint8_t *data, size_t bytes)
{
	uint8_t *copy = malloc(bytes ? bytes : 1);
	bool result;

	memcpy(copy, data, bytes);
	result = message_says_luns_changed(copy, bytes);
	free(copy);
	return result;
}

static void test_formats(void **state)
{
	assert_true(says(fixed, sizeof(fixed)));
	assert_true(says(descriptor, sizeof(descriptor)));
}

static void test_cut_anywhere(void **state)
{
	for (size_t n = 0; n <= sizeof(fixed); n++)
		assert_int_equal(says(fixed, n), n >= 16);
	for (size_t n = 0; n <= sizeof(descriptor); n++)
		assert_int_equal(says(descriptor, n), n >= 6);
}

static void test_other_codes(void **state)
{
	uint8_t other[sizeof(fixed)];

	memcpy(other, fixed, sizeof(fixed));
	other[15] = 0x0d;
	assert_false(says(other, sizeof(other)));
	memcpy(other, fixed, sizeof(fixed));
	other[1] = 13;
	assert_false(says(other, sizeof(other)));
	memcpy(other, fixed, sizeof(fixed));
	other[0] = 0xff;
	assert_true(says(other, sizeof(other)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_formats),
		cmocka_unit_test(test_cut_anywhere),
		cmocka_unit_test(test_other_codes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
