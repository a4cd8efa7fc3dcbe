/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is asked of the daemon about running sessions: logout, statistics, states; sessions are made up, and so is the daemon. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "adm/objects.h"
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

#define COUNTERS(age) \
	"\t\t***********\n\t\tStatistics:\n\t\t***********\n\t\tSeconds In State: " age "\n\t\tBytes Sent: 11564\n" \
	"\t\tBytes Received: 5000000000\n\t\tSCSI Commands: Unknown\n\t\tSCSI Responses: Unknown\n" \
	"\t\tDigest Errors: Unknown\n\t\tTimeouts: Unknown\n"

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

static enum iscsi_err tree_counters(struct adm *adm)
{
	return session_tree(adm, TREE_COUNTERS, 0);
}

/* Behind everything of the level; what the daemon does not tell is Unknown, and no failure. */
static void test_counters(void **state)
{
	struct work work = { .act = tree_counters, .target = "iqn.x:a" };

	assert_int_equal(fake_capture(run, &work), ISCSI_ERR_SUCCESS);
	assert_string_equal(fake_out, "Target: iqn.x:a (non-flash)\n\tCurrent Portal: 10.0.0.1:3260,1\n"
				      "\tPersistent Portal: 10.0.0.1:3260,1\n"
				      INTERFACE("1", "LOGGED IN", "NO CHANGE")
				      COUNTERS("Unknown") "\n"
				      INTERFACE("2", "TRANSPORT WAIT", "REOPEN")
				      COUNTERS("77"));
	assert_string_equal(fake_err, "");
	work.target = "iqn.x:b";
	assert_int_equal(fake_capture(run, &work), ISCSI_ERR_SUCCESS);
	assert_non_null(strstr(fake_out, "\t\tSeconds In State: Unknown\n\t\tBytes Sent: Unknown\n"));
	assert_string_equal(fake_err, "");
}

static int run_json(void *data)
{
	return fake_json(run, data);
}

static enum iscsi_err objects(struct adm *adm)
{
	for (size_t i = 0; i < adm->session_count; i++)
		if (adm->session_marked[i])
			emit(object_session(adm, &adm->sessions[i], OBJECT_ALL, false));
	return ISCSI_ERR_SUCCESS;
}

/* Line NUMBER, from 0, of what was captured. The caller puts it. */
static struct json_object *line_of(size_t number)
{
	struct json_object *object;
	char *line = fake_out, *end;

	while (number-- && line)
		line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL;
	assert_non_null(line);
	end = strchr(line, '\n');
	assert_non_null(end);
	*end = '\0';
	object = json_tokener_parse(line);
	*end = '\n';
	assert_non_null(object);
	return object;
}

static void expect_number(struct json_object *object, const char *name, int64_t wanted)
{
	int64_t number;

	assert_int_equal(json_get_number(object, name, INT64_MIN, INT64_MAX, &number), 0);
	assert_int_equal(number, wanted);
}

static void expect_null(struct json_object *object, const char *name)
{
	struct json_object *value;

	assert_true(json_object_object_get_ex(object, name, &value));
	assert_null(value);
}

/* The first is known to the daemon without the age of its state, the second with it, the third not at all. */
static void test_objects(void **state)
{
	struct work work = { .act = objects };
	struct json_object *object, *counters;
	const char *text;

	assert_int_equal(fake_capture(run_json, &work), ISCSI_ERR_SUCCESS);
	assert_string_equal(fake_err, "");
	object = line_of(1);
	expect_number(object, "sid", 2);
	expect_number(object, "state_age", 77);
	assert_int_equal(json_get_text(object, "connection_state", &text), 0);
	assert_string_equal(text, "XPT_WAIT");
	assert_int_equal(json_get_object(object, "counters", &counters), 0);
	expect_number(counters, "rxdata_octets", 5000000000);
	assert_int_equal(json_get_object(object, "extended", &counters), 0);
	expect_number(counters, "eh_abort_cnt", 0);
	json_object_put(object);
	object = line_of(0);
	expect_null(object, "state_age");
	json_object_put(object);
	object = line_of(2);
	expect_null(object, "daemon_state");
	expect_null(object, "counters");
	json_object_put(object);
}

/* One outcome per session, with its own error; then what went wrong altogether. */
static void test_logout_json(void **state)
{
	struct work work = { .act = session_logout_marked };
	struct json_object *object;
	const char *text;

	assert_int_equal(fake_capture(run_json, &work), ISCSI_ERR_BUSY);
	assert_string_equal(fake_err, "");
	object = line_of(0);
	expect_number(object, "sid", 3);
	expect_number(object, "code", ISCSI_ERR_BUSY);
	json_object_put(object);
	object = line_of(1);
	expect_number(object, "sid", 2);
	expect_number(object, "code", 0);
	assert_int_equal(json_get_text(object, "operation", &text), 0);
	assert_string_equal(text, "logout");
	json_object_put(object);
	object = line_of(3);
	assert_int_equal(json_get_text(object, "type", &text), 0);
	assert_string_equal(text, "error");
	json_object_put(object);
}

static void test_statistics_json(void **state)
{
	struct work work = { .act = session_stats_marked };
	struct json_object *object, *counters;
	const char *text;

	assert_int_equal(fake_capture(run_json, &work), ISCSI_ERR_SESS_NOT_FOUND);
	assert_string_equal(fake_err, "");
	object = line_of(0);
	assert_int_equal(json_get_text(object, "type", &text), 0);
	assert_string_equal(text, "statistics");
	assert_int_equal(json_get_object(object, "counters", &counters), 0);
	expect_number(counters, "txdata_octets", 11564);
	json_object_put(object);
	object = line_of(2);
	expect_number(object, "code", ISCSI_ERR_SESS_NOT_FOUND);
	expect_number(object, "sid", 3);
	json_object_put(object);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_logout), cmocka_unit_test(test_nothing_to_log_out), cmocka_unit_test(test_statistics),
		cmocka_unit_test(test_lines),  cmocka_unit_test(test_tree),
		cmocka_unit_test(test_counters), cmocka_unit_test(test_objects), cmocka_unit_test(test_logout_json),
		cmocka_unit_test(test_statistics_json),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
