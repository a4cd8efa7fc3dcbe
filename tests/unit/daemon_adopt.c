/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is done with a session found in the kernel, for each combination sysfs can show. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "daemon/adopt.h"

static const struct {
	const char *state, *target_state, *conn_state;
	enum adoption adoption;
} rows[] = {
	{"LOGGED_IN", "SCANNED", "up", ADOPT_HEALTHY},
	{"LOGGED_IN", "ALLOCATED", "up", ADOPT_SCAN},
	{"LOGGED_IN", "UNBOUND", "up", ADOPT_LOGOUT},
	{"LOGGED_IN", "UNBINDING", "up", ADOPT_LOGOUT},
	{"LOGGED_IN", "SCANNED", "failed", ADOPT_RELOGIN},
	{"LOGGED_IN", "SCANNED", "down", ADOPT_RELOGIN},
	{"LOGGED_IN", "", "", ADOPT_HEALTHY},
	{"FAILED", "SCANNED", "failed", ADOPT_RELOGIN},
	{"FAILED", "ALLOCATED", "failed", ADOPT_RELOGIN},
	{"FAILED", "SCANNED", "bound", ADOPT_RELOGIN},
	{"FREE", "SCANNED", "failed", ADOPT_RELOGIN},
	{"FREE", "SCANNED", "bound", ADOPT_RELOGIN},
	{"FREE", "ALLOCATED", "failed", ADOPT_RELOGIN},
	{"FREE", "ALLOCATED", "bound", ADOPT_DESTROY},
	{"FREE", "ALLOCATED", "down", ADOPT_DESTROY},
	{"FREE", "UNBOUND", "failed", ADOPT_DESTROY},
	{"FREE", "", "", ADOPT_DESTROY},
};

static struct sysfs_session session_of(size_t i)
{
	struct sysfs_session session = {.sid = 1,
					.has_conn = true,
					.creator = 287,
					.transport = "tcp",
					.target_name = "iqn.x:y"};

	snprintf(session.state, sizeof(session.state), "%s", rows[i].state);
	snprintf(session.target_state, sizeof(session.target_state), "%s", rows[i].target_state);
	snprintf(session.conn_state, sizeof(session.conn_state), "%s", rows[i].conn_state);
	return session;
}

static void test_states(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sysfs_session session = session_of(i);

		assert_int_equal(adopt_decide(&session), rows[i].adoption);
	}
}

static void test_not_ours(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sysfs_session session = session_of(i);

		session.creator = -1;
		assert_int_equal(adopt_decide(&session), ADOPT_LEAVE);
		session = session_of(i);
		snprintf(session.transport, sizeof(session.transport), "%s", "be2iscsi");
		assert_int_equal(adopt_decide(&session), ADOPT_LEAVE);
		session = session_of(i);
		snprintf(session.transport, sizeof(session.transport), "%s", "unheard-of");
		assert_int_equal(adopt_decide(&session), ADOPT_LEAVE);
	}
}

static void test_half_made(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sysfs_session session = session_of(i);

		session.has_conn = false;
		assert_int_equal(adopt_decide(&session), ADOPT_DESTROY);
		session = session_of(i);
		session.target_name[0] = '\0';
		assert_int_equal(adopt_decide(&session), ADOPT_DESTROY);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_not_ours),
		cmocka_unit_test(test_half_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
