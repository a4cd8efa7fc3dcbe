/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every row of errors.def has its number, a name and a sentence; errnos become the exit statuses that are documented. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "lib/err.h"

static void test_rows(void **state)
{
	for (int err = 0; err < ISCSI_ERR_COUNT; err++) {
		assert_true(strlen(iscsi_err_text(err)) > 3);
		assert_true(strlen(iscsi_err_name(err)) > 3);
		for (int other = 0; other < err; other++)
			assert_string_not_equal(iscsi_err_name(err), iscsi_err_name(other));
	}
	assert_int_equal(ISCSI_ERR_COUNT, 34);
	assert_int_equal(ISCSI_ERR_SESS_EXISTS, 15);
	assert_int_equal(ISCSI_ERR_NO_OBJS_FOUND, 21);
	assert_int_equal(ISCSI_ERR_LOGIN_AUTH_FAILED, 24);
	assert_string_equal(iscsi_err_name(ISCSI_ERR_LOGIN_AUTH_FAILED), "LOGIN_AUTH_FAILED");
	assert_string_equal(iscsi_err_text(ISCSI_ERR_NO_OBJS_FOUND), "no objects found");
}

static void test_no_row(void **state)
{
	assert_string_equal(iscsi_err_text(ISCSI_ERR_COUNT), "unknown error");
	assert_string_equal(iscsi_err_text((enum iscsi_err)-1), "unknown error");
	assert_string_equal(iscsi_err_name((enum iscsi_err)4711), "UNKNOWN");
}

static void test_errno(void **state)
{
	static const struct {
		int error;
		enum iscsi_err err;
	} rows[] = {
		{ 0, ISCSI_ERR_SUCCESS },	      { -ENOMEM, ISCSI_ERR_NOMEM },
		{ -EINVAL, ISCSI_ERR_INVAL },	      { EINVAL, ISCSI_ERR_INVAL },
		{ -ENOENT, ISCSI_ERR_NO_OBJS_FOUND }, { -EACCES, ISCSI_ERR_ACCESS },
		{ -ETIMEDOUT, ISCSI_ERR_TRANS_TIMEOUT }, { -ECONNREFUSED, ISCSI_ERR_TRANS },
		{ -EUCLEAN, ISCSI_ERR_IDBM },	      { -EAGAIN, ISCSI_ERR_AGAIN },
		{ -EROFS, ISCSI_ERR_IDBM },	      { -EPIPE, ISCSI_ERR_TRANS },
		{ -ELOOP, ISCSI_ERR_INTERNAL },	      { 100000, ISCSI_ERR_INTERNAL },
		{ INT_MIN, ISCSI_ERR_INTERNAL },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(iscsi_err_from_errno(rows[i].error), rows[i].err);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_no_row),
		cmocka_unit_test(test_errno),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
