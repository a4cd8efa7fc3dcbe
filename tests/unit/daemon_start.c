/* SPDX-License-Identifier: GPL-3.0-or-later */
/* When a first login is tried again, and how long each wait is; the same for recovery. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "daemon/recovery.h"
#include "daemon/start.h"

#define TIMEOUT 30000

static void test_which_errors(void **state)
{
	for (int err = 0; err < ISCSI_ERR_COUNT; err++) {
		bool expected = err == ISCSI_ERR_TRANS || err == ISCSI_ERR_LOGIN ||
				err == ISCSI_ERR_TRANS_TIMEOUT || err == ISCSI_ERR_PDU_TIMEOUT ||
				err == ISCSI_ERR_HOST_NOT_FOUND || err == ISCSI_ERR_AGAIN;

		assert_int_equal(start_may_retry((enum iscsi_err)err, 0, TIMEOUT, 4), expected);
	}
}

static void test_how_long(void **state)
{
	assert_true(start_may_retry(ISCSI_ERR_TRANS_TIMEOUT, 4 * TIMEOUT - 1, TIMEOUT, 4));
	assert_false(start_may_retry(ISCSI_ERR_TRANS_TIMEOUT, 4 * TIMEOUT, TIMEOUT, 4));
	assert_false(start_may_retry(ISCSI_ERR_TRANS_TIMEOUT, 0, TIMEOUT, 0));
	/* names and NICs: one login timeout, whatever the retries */
	assert_true(start_may_retry(ISCSI_ERR_HOST_NOT_FOUND, TIMEOUT - 1, TIMEOUT, 0));
	assert_false(start_may_retry(ISCSI_ERR_HOST_NOT_FOUND, TIMEOUT, TIMEOUT, 4));
	/* the largest settings do not wrap */
	assert_true(start_may_retry(ISCSI_ERR_LOGIN, UINT32_MAX, 1000ull * INT32_MAX, INT32_MAX));
}

static void test_delays(void **state)
{
	static const uint64_t first[] = {1000, 1000, 2000, 3000, 3000};

	for (unsigned int i = 0; i < sizeof(first) / sizeof(first[0]); i++)
		assert_int_equal(start_delay_ms(i), first[i]);
	assert_int_equal(recovery_delay_ms(0, 0), 0);
	assert_int_equal(recovery_delay_ms(0, 20), 20000);
	assert_int_equal(recovery_delay_ms(1, 20), 1000);
	assert_int_equal(recovery_delay_ms(1000, 0), 3000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_which_errors),
		cmocka_unit_test(test_how_long),
		cmocka_unit_test(test_delays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
