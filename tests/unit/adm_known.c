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

/* A session of a card that a program has made, in this state. */
static int make_card_session(int sid, const char *target, const char *session_state)
{
	char command[1024];

	snprintf(command, sizeof(command),
		 "cd %s && mkdir -p class/scsi_host/host%d && echo qla4xxx >class/scsi_host/host%d/proc_name && "
		 "echo %s >class/iscsi_session/session%d/state && echo 300 >class/iscsi_session/session%d/creator",
		 fake.dir, sid, sid, session_state, sid, sid);
	return make_session(sid, target) || system(command);
}

/*
 * Of session 2 sysfs has another name: the daemon has to be believed. Sessions 5 to 7 the daemon does not know: one over TCP, one that
 * iscsistart made through a card, and what is left of a login through a card.
 */
static int make_sysfs(void **state)
{
	return fake_start() || make_session(2, "iqn.x:file") || make_session(5, "iqn.x:alone") ||
	       make_card_session(6, "iqn.x:boot", "LOGGED_IN") || make_card_session(7, "iqn.x:left", "FAILED");
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
	assert_int_equal(adm.session_count, 3);
	assert_int_equal(adm.sessions[0].sid, 2);
	assert_string_equal(adm.sessions[0].target_name, "iqn.x:told");
	assert_string_equal(adm.sessions[0].persistent_address, "10.0.0.2");
	assert_int_equal(adm.sessions[0].persistent_port, 3261);
	assert_int_equal(adm.sessions[0].tpgt, 4);
	assert_string_equal(adm_session_iface(&adm, &adm.sessions[0]), "if0");
	assert_int_equal(adm.sessions[1].sid, 5);
	assert_string_equal(adm.sessions[1].target_name, "iqn.x:alone");
	assert_string_equal(adm.sessions[2].target_name, "iqn.x:boot");
	adm_done(&adm);
}

/* A command that does not need the daemon does not ask it. */
static void test_not_asked(void **state)
{
	struct args args = { 0 };
	struct adm adm;

	adm_init(&adm, &args);
	assert_int_equal(adm_read_sessions(&adm, SYSFS_LINE), ISCSI_ERR_SUCCESS);
	assert_int_equal(adm.session_count, 4);
	assert_string_equal(adm.sessions[0].target_name, "iqn.x:file");
	assert_null(adm.daemon);
	adm_done(&adm);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_told), cmocka_unit_test(test_not_asked) };

	return cmocka_run_group_tests(tests, make_sysfs, clean);
}
