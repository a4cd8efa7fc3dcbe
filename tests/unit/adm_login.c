/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Logging in: what is said in which order, what goes to the daemon, and the exit status; against a made-up daemon. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "adm/login.h"
#include "tests/unit/fake_daemon.h"

struct attempt {
	struct args args;
	struct login_list list;
	unsigned int flags;
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

static void add(struct attempt *attempt, const char *target, const char *address, const char *field, const char *value)
{
	struct record node;

	record_init(&node, RECORD_NODE);
	assert_int_equal(record_set(&node, F_NODE_NAME, target, ORIGIN_RECORD), 0);
	assert_int_equal(record_set(&node, F_NODE_CONN_ADDRESS, address, ORIGIN_RECORD), 0);
	assert_int_equal(record_set(&node, F_IFACE_ISCSI_IFACENAME, "default", ORIGIN_RECORD), 0);
	if (field)
		assert_int_equal(record_set(&node, field_find(RECORD_NODE, field), value, ORIGIN_RECORD), 0);
	assert_int_equal(login_list_add(&attempt->list, &node), 0);
}

static int run(void *data)
{
	struct attempt *attempt = data;
	struct adm adm;
	int err;

	adm_init(&adm, &attempt->args);
	err = login_run(&adm, &attempt->list, attempt->flags);
	adm_done(&adm);
	login_list_done(&attempt->list);
	return err;
}

static void expect_log(const char *expected)
{
	char text[4096];
	FILE *file = fopen(fake.log, "r");
	size_t len = file ? fread(text, 1, sizeof(text) - 1, file) : 0;

	text[len] = '\0';
	if (file)
		fclose(file);
	unlink(fake.log);
	assert_string_equal(text, expected);
}

static void test_one(void **state)
{
	struct attempt attempt = { .flags = LOGIN_TO_NR_SESSIONS };

	add(&attempt, "iqn.x:a", "10.0.0.1", "node.session.queue_depth", "64");
	assert_int_equal(fake_capture(run, &attempt), ISCSI_ERR_SUCCESS);
	assert_string_equal(fake_out, "Logging in to [iface: default, target: iqn.x:a, portal: 10.0.0.1,3260]\n"
				      "Login to [iface: default, target: iqn.x:a, portal: 10.0.0.1,3260] successful.\n");
	assert_string_equal(fake_err, "");
	expect_log("Login {\"nodes\":[{\"settings\":{\"node.name\":\"iqn.x:a\",\"iface.iscsi_ifacename\":\"default\","
		   "\"node.session.queue_depth\":\"64\",\"node.conn[0].address\":\"10.0.0.1\"}}],\"multiple\":false,\"wait\":true}\n");
}

static void test_no_wait(void **state)
{
	struct attempt attempt = { .flags = LOGIN_TO_NR_SESSIONS };

	attempt.args.has[OPTION_NO_WAIT] = true;
	add(&attempt, "iqn.x:a", "10.0.0.1", NULL, NULL);
	assert_int_equal(fake_capture(run, &attempt), ISCSI_ERR_SUCCESS);
	assert_string_equal(fake_out, "Logging in to [iface: default, target: iqn.x:a, portal: 10.0.0.1,3260]\n");
	expect_log("Login {\"nodes\":[{\"settings\":{\"node.name\":\"iqn.x:a\",\"iface.iscsi_ifacename\":\"default\","
		   "\"node.conn[0].address\":\"10.0.0.1\"}}],\"multiple\":false,\"wait\":false}\n");
}

static void test_many_one_refused(void **state)
{
	struct attempt attempt = { .flags = LOGIN_TO_NR_SESSIONS };

	add(&attempt, "iqn.x:a", "10.0.0.1", NULL, NULL);
	add(&attempt, "iqn.x:bad", "10.0.0.2", NULL, NULL);
	add(&attempt, "iqn.x:c", "::1", NULL, NULL);
	assert_int_equal(fake_capture(run, &attempt), ISCSI_ERR_LOGIN_AUTH_FAILED);
	assert_string_equal(fake_out, "Logging in to [iface: default, target: iqn.x:a, portal: 10.0.0.1,3260]\n"
				      "Logging in to [iface: default, target: iqn.x:bad, portal: 10.0.0.2,3260]\n"
				      "Logging in to [iface: default, target: iqn.x:c, portal: ::1,3260]\n"
				      "Login to [iface: default, target: iqn.x:c, portal: ::1,3260] successful.\n"
				      "Login to [iface: default, target: iqn.x:a, portal: 10.0.0.1,3260] successful.\n");
	assert_string_equal(fake_err,
			    "iscsiadm: Could not login to [iface: default, target: iqn.x:bad, portal: 10.0.0.2,3260].\n"
			    "iscsiadm: initiator reported error (24 - iSCSI login failed due to authorization failure)\n"
			    "iscsiadm: the target refused the secret\n"
			    "iscsiadm: Could not log into all portals\n");
	unlink(fake.log);
}

static void test_several_sessions(void **state)
{
	struct attempt attempt = { .flags = LOGIN_TO_NR_SESSIONS };

	add(&attempt, "iqn.x:a", "10.0.0.1", "node.session.nr_sessions", "2");
	assert_int_equal(fake_capture(run, &attempt), ISCSI_ERR_SUCCESS);
	assert_string_equal(fake_out,
			    "Logging in to [iface: default, target: iqn.x:a, portal: 10.0.0.1,3260] (multiple)\n"
			    "Logging in to [iface: default, target: iqn.x:a, portal: 10.0.0.1,3260] (multiple)\n"
			    "Login to [iface: default, target: iqn.x:a, portal: 10.0.0.1,3260] successful.\n"
			    "Login to [iface: default, target: iqn.x:a, portal: 10.0.0.1,3260] successful.\n");
	unlink(fake.log);
}

/* The first iface that gets in is enough: the second record is never tried; the bad target ends in 19. */
static void test_leading(void **state)
{
	struct attempt attempt = { .flags = LOGIN_TO_NR_SESSIONS | LOGIN_LEADING };

	add(&attempt, "iqn.x:a", "10.0.0.1", "node.leading_login", "Yes");
	add(&attempt, "iqn.x:a", "10.0.0.2", "node.leading_login", "Yes");
	add(&attempt, "iqn.x:bad", "10.0.0.1", "node.leading_login", "Yes");
	add(&attempt, "iqn.x:bad", "10.0.0.2", "node.leading_login", "Yes");
	assert_int_equal(fake_capture(run, &attempt), ISCSI_ERR_FATAL_LOGIN);
	assert_string_equal(fake_out, "Logging in to [iface: default, target: iqn.x:a, portal: 10.0.0.1,3260]\n"
				      "Logging in to [iface: default, target: iqn.x:bad, portal: 10.0.0.1,3260]\n"
				      "Login to [iface: default, target: iqn.x:a, portal: 10.0.0.1,3260] successful.\n"
				      "Logging in to [iface: default, target: iqn.x:bad, portal: 10.0.0.2,3260]\n");
	unlink(fake.log);
}

static void write_conf(const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/iscsid.conf", fake.dir);
	assert_int_equal(text_write_file(path, text, strlen(text), 0600), 0);
}

static int run_json(void *data)
{
	int result = fake_json(run, data);

	login_list_done(&((struct attempt *)data)->list);
	return result;
}

#define OUTCOME(sid, target, address, error) \
	"{\"type\":\"outcome\",\"operation\":\"login\",\"kind\":\"node\",\"sid\":" sid ",\"target\":\"" target "\",\"portal\":{\"address\":\"" address \
	"\",\"port\":3260,\"tpgt\":null},\"iface\":\"default\",\"host\":null,\"index\":null," error "}\n"
#define DONE "\"code\":0,\"name\":\"SUCCESS\",\"message\":\"success\""

/* An outcome for each, the daemon's own sentence where it has one. */
static void test_json(void **state)
{
	struct attempt attempt = { .flags = LOGIN_TO_NR_SESSIONS };

	add(&attempt, "iqn.x:a", "10.0.0.1", NULL, NULL);
	add(&attempt, "iqn.x:bad", "10.0.0.2", NULL, NULL);
	assert_int_equal(fake_capture(run_json, &attempt), ISCSI_ERR_LOGIN_AUTH_FAILED);
	assert_string_equal(fake_out,
			    OUTCOME("null", "iqn.x:bad", "10.0.0.2",
				    "\"code\":24,\"name\":\"LOGIN_AUTH_FAILED\",\"message\":\"the target refused the secret\"")
			    OUTCOME("100", "iqn.x:a", "10.0.0.1", DONE)
			    "{\"type\":\"error\",\"message\":\"Could not log into all portals\"}\n");
	assert_string_equal(fake_err, "");
	attempt.args.has[OPTION_NO_WAIT] = true;
	add(&attempt, "iqn.x:a", "10.0.0.1", NULL, NULL);
	assert_int_equal(fake_capture(run_json, &attempt), ISCSI_ERR_SUCCESS);
	assert_string_equal(fake_out, OUTCOME("null", "iqn.x:a", "10.0.0.1", DONE));
	unlink(fake.log);
}

/* Last of all: the daemon is gone afterwards. Nothing stays without an answer, and the command that starts it runs once. */
static void test_daemon_dies(void **state)
{
	struct attempt attempt = { .flags = LOGIN_TO_NR_SESSIONS };

	add(&attempt, "iqn.x:die", "10.0.0.1", NULL, NULL);
	add(&attempt, "iqn.x:b", "10.0.0.2", NULL, NULL);
	assert_int_equal(fake_capture(run, &attempt), ISCSI_ERR_ISCSID_COMM);
	assert_non_null(strstr(fake_err, "Could not login to [iface: default, target: iqn.x:die, portal: 10.0.0.1,3260].\n"
					 "iscsiadm: initiator reported error (18 - could not communicate to iscsid)\n"));
	write_conf("iscsid.startup = echo started; false\n");
	add(&attempt, "iqn.x:b", "10.0.0.2", NULL, NULL);
	assert_int_equal(fake_capture(run, &attempt), ISCSI_ERR_ISCSID_NOTCONN);
	assert_string_equal(fake_out, "Logging in to [iface: default, target: iqn.x:b, portal: 10.0.0.2,3260]\nstarted\n");
	assert_string_equal(fake_err, "iscsiadm: can not connect to iSCSI daemon (111)!\n"
				      "iscsiadm: Could not login to [iface: default, target: iqn.x:b, portal: 10.0.0.2,3260].\n"
				      "iscsiadm: initiator reported error (20 - could not connect to iscsid)\n"
				      "iscsiadm: Could not log into all portals\n");
	/* What the command says is no JSON. */
	write_conf("iscsid.startup = echo started; echo trouble >&2; false\n");
	add(&attempt, "iqn.x:b", "10.0.0.2", NULL, NULL);
	assert_int_equal(fake_capture(run_json, &attempt), ISCSI_ERR_ISCSID_NOTCONN);
	assert_null(strstr(fake_out, "started"));
	assert_non_null(strstr(fake_out, "\"code\":20"));
	assert_string_equal(fake_err, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one),	       cmocka_unit_test(test_no_wait), cmocka_unit_test(test_many_one_refused),
		cmocka_unit_test(test_several_sessions), cmocka_unit_test(test_leading), cmocka_unit_test(test_json),
		cmocka_unit_test(test_daemon_dies),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
