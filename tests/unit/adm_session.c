/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is asked of the daemon about running sessions: logout, statistics, states; sessions are made up, and so is the daemon. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "adm/session.h"
#include "adm/session_tree.h"
#include "tests/unit/fake_daemon.h"

struct work {
	struct args args;
	const char *target;
	enum iscsi_err (*act)(struct adm *adm);
};

static int start(void **state)
{
	return fake_start();
}

static int stop(void **state)
{
	fake_stop();
	return 0;
}

static void make(struct sysfs_session *session, uint32_t sid, const char *target, const char *address)
{
	*session = (struct sysfs_session){ .sid = sid, .host_no = sid, .tpgt = 1, .persistent_port = 3260, .port = 3260, .creator = 7 };
	snprintf(session->transport, sizeof(session->transport), "tcp");
	snprintf(session->target_name, sizeof(session->target_name), "%s", target);
	snprintf(session->persistent_address, sizeof(session->persistent_address), "%s", address);
	snprintf(session->address, sizeof(session->address), "%.63s", address);
	snprintf(session->iface_name, sizeof(session->iface_name), "%s", "default");
	snprintf(session->state, sizeof(session->state), "LOGGED_IN");
}

static int run(void *data)
{
	struct work *work = data;
	struct node_filter filter = { .target = work->target };
	struct adm adm;
	int err;

	adm_init(&adm, &work->args);
	adm.sessions = calloc(3, sizeof(*adm.sessions));
	adm.session_marked = calloc(3, sizeof(*adm.session_marked));
	adm.session_count = 3;
	adm.session_level = SYSFS_FULL;
	adm.sessions_read = true;
	make(&adm.sessions[0], 1, "iqn.x:a", "10.0.0.1");
	make(&adm.sessions[1], 2, "iqn.x:a", "10.0.0.1");
	make(&adm.sessions[2], 3, "iqn.x:b", "fe80::1");
	err = session_mark(&adm, &filter);
	if (!err)
		err = work->act(&adm);
	adm_done(&adm);
	return err;
}

static void test_logout(void **state)
{
	struct work work = { .act = session_logout_marked };

	assert_int_equal(fake_capture(run, &work), ISCSI_ERR_BUSY);
	assert_string_equal(fake_out, "Logging out of session [sid: 1, target: iqn.x:a, portal: 10.0.0.1,3260]\n"
				      "Logging out of session [sid: 2, target: iqn.x:a, portal: 10.0.0.1,3260]\n"
				      "Logging out of session [sid: 3, target: iqn.x:b, portal: fe80::1,3260]\n"
				      "Logout of [sid: 2, target: iqn.x:a, portal: 10.0.0.1,3260] successful.\n");
	assert_string_equal(fake_err, "iscsiadm: Could not logout of [sid: 3, target: iqn.x:b, portal: fe80::1,3260].\n"
				      "iscsiadm: initiator reported error (28 - device or resource in use)\n"
				      "iscsiadm: Could not logout of [sid: 1, target: iqn.x:a, portal: 10.0.0.1,3260].\n"
				      "iscsiadm: initiator reported error (28 - device or resource in use)\n"
				      "iscsiadm: Could not logout of all requested sessions\n");
}

static void test_nothing_to_log_out(void **state)
{
	struct work work = { .act = session_logout_marked, .target = "iqn.none" };

	assert_int_equal(fake_capture(run, &work), ISCSI_ERR_NO_OBJS_FOUND);
	assert_string_equal(fake_err, "iscsiadm: No matching sessions found\n");
}

static void test_statistics(void **state)
{
	struct work work = { .act = session_stats_marked };

	assert_int_equal(fake_capture(run, &work), ISCSI_ERR_SESS_NOT_FOUND);
	assert_string_equal(fake_out, "Stats for session [sid: 1, target: iqn.x:a, portal: 10.0.0.1,3260]\n"
				      "iSCSI SNMP:\n\ttxdata_octets: 11564\n\trxdata_octets: 5000000000\n"
				      "iSCSI Extended:\n\teh_abort_cnt: 0\n"
				      "Stats for session [sid: 2, target: iqn.x:a, portal: 10.0.0.1,3260]\n"
				      "iSCSI SNMP:\n\ttxdata_octets: 11564\n\trxdata_octets: 5000000000\n"
				      "iSCSI Extended:\n\teh_abort_cnt: 0\n");
	assert_non_null(strstr(fake_err, "[sid: 3, target: iqn.x:b, portal: fe80::1,3260]"));
}

static void test_lines(void **state)
{
	struct work work = { .act = session_lines, .target = "iqn.x:b" };

	assert_int_equal(fake_capture(run, &work), ISCSI_ERR_SUCCESS);
	assert_string_equal(fake_out, "tcp: [3] [fe80::1]:3260,1 iqn.x:b (non-flash)\n");
}

static enum iscsi_err tree(struct adm *adm)
{
	return session_tree(adm, 0, 0);
}

#define INTERFACE(sid, conn, internal) \
	"\t\t**********\n\t\tInterface:\n\t\t**********\n\t\tIface Name: default\n\t\tIface Transport: tcp\n" \
	"\t\tIface Initiatorname: default\n\t\tIface IPaddress: default\n\t\tIface HWaddress: default\n\t\tIface Netdev: default\n" \
	"\t\tSID: " sid "\n\t\tiSCSI Connection State: " conn "\n\t\tiSCSI Session State: LOGGED_IN\n" \
	"\t\tInternal iscsid Session State: " internal "\n"

/* Two sessions of one portal share its headings; the daemon's words are the ones people know; what it does not keep is Unknown. */
static void test_tree(void **state)
{
	struct work work = { .act = tree };

	assert_int_equal(fake_capture(run, &work), ISCSI_ERR_SUCCESS);
	assert_string_equal(fake_out, "Target: iqn.x:a (non-flash)\n\tCurrent Portal: 10.0.0.1:3260,1\n"
				      "\tPersistent Portal: 10.0.0.1:3260,1\n"
				      INTERFACE("1", "LOGGED IN", "NO CHANGE") "\n"
				      INTERFACE("2", "TRANSPORT WAIT", "REOPEN")
				      "Target: iqn.x:b (non-flash)\n\tCurrent Portal: [fe80::1]:3260,1\n"
				      "\tPersistent Portal: [fe80::1]:3260,1\n"
				      INTERFACE("3", "Unknown", "Unknown"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_logout), cmocka_unit_test(test_nothing_to_log_out), cmocka_unit_test(test_statistics),
		cmocka_unit_test(test_lines),  cmocka_unit_test(test_tree),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
