/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The sessions present: what the daemon tells is taken, sysfs says which there are and fills the rest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "adm/known.h"
#include "tests/unit/fake_daemon.h"

/* DIR/class/iscsi_session/sessionN leads into the devices of hostN, as in sysfs. */
static int make_session(int sid, const char *target)
{
	char command[1024];

	snprintf(command, sizeof(command),
		 "cd %s && d=devices/platform/host%d/session%d/iscsi_session/session%d && mkdir -p class/iscsi_session $d && "
		 "echo %s >$d/targetname && ln -s ../../../session%d $d/device && ln -s ../../$d class/iscsi_session/session%d",
		 fake.dir, sid, sid, sid, target, sid, sid);
	return system(command);
}

/* Of session 2 sysfs has another name: the daemon has to be believed. Session 5 the daemon does not know. */
static int make_sysfs(void **state)
{
	return fake_start() || make_session(2, "iqn.x:file") || make_session(5, "iqn.x:alone");
}

static int clean(void **state)
{
	fake_stop();
	return 0;
}

static void test_told(void **state)
{
	struct args args = { .has = { [OPTION_LOGOUT] = true } };
	struct adm adm;

	adm_init(&adm, &args);
	assert_int_equal(adm_read_sessions(&adm, SYSFS_LINE), ISCSI_ERR_SUCCESS);
	assert_int_equal(adm.session_count, 2);
	assert_int_equal(adm.sessions[0].sid, 2);
	assert_string_equal(adm.sessions[0].target_name, "iqn.x:told");
	assert_string_equal(adm.sessions[0].persistent_address, "10.0.0.2");
	assert_int_equal(adm.sessions[0].persistent_port, 3261);
	assert_int_equal(adm.sessions[0].tpgt, 4);
	assert_string_equal(adm_session_iface(&adm, &adm.sessions[0]), "if0");
	assert_int_equal(adm.sessions[1].sid, 5);
	assert_string_equal(adm.sessions[1].target_name, "iqn.x:alone");
	adm_done(&adm);
}

/* A command that does not need the daemon does not ask it. */
static void test_not_asked(void **state)
{
	struct args args = { 0 };
	struct adm adm;

	adm_init(&adm, &args);
	assert_int_equal(adm_read_sessions(&adm, SYSFS_LINE), ISCSI_ERR_SUCCESS);
	assert_int_equal(adm.session_count, 2);
	assert_string_equal(adm.sessions[0].target_name, "iqn.x:file");
	assert_null(adm.daemon);
	adm_done(&adm);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_told), cmocka_unit_test(test_not_asked) };

	return cmocka_run_group_tests(tests, make_sysfs, clean);
}
