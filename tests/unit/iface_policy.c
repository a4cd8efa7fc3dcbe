/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The iface manager's settings of iscsid.conf and of records: defaults, values, what is refused and who is told. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "iface/policy.h"

static char told[512];

static int complain(const char *name, const char *value, unsigned int line, int error, void *data)
{
	size_t used = strlen(told);

	snprintf(told + used, sizeof(told) - used, "%u %s=%s %d\n", line, name, value, error);
	return 0;
}

static void read_conf(const char *text, struct policy *policy)
{
	char path[] = "/tmp/policy.XXXXXX";
	int fd = mkstemp(path);
	struct conf *conf;

	assert_true(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) && close(fd) == 0);
	*told = '\0';
	assert_int_equal(conf_load(path, complain, NULL, &conf), 0);
	assert_int_equal(policy_read(conf, complain, NULL, policy), 0);
	conf_free(conf);
	unlink(path);
}

static void assert_default(const struct policy *policy)
{
	assert_true(nics_is_none(policy->nics));
	assert_int_equal(policy->bind, BIND_REACHABLE);
	assert_int_equal(policy->fast_fail, 0);
	assert_int_equal(policy->flap_max, 5);
	assert_int_equal(policy->flap_window_sec, 60);
	assert_int_equal(policy->flap_hold_sec, 10);
	assert_false(policy->says_fast_fail);
}

/* The built-in values, but said. */
static void says_what_is_built_in(void **state)
{
	struct policy policy;

	read_conf("iface.bind = reachable\n", &policy);
	assert_default(&policy);
	assert_true(policy.says_bind);
	policy_done(&policy);
	read_conf("iface.bind = sometimes\niface.fast_fail = 0\n", &policy);
	assert_int_equal(policy.bind, BIND_REACHABLE);
	assert_false(policy.says_bind);
	assert_true(policy.says_fast_fail);
	policy_done(&policy);
}

static void nothing_said(void **state)
{
	struct policy policy;

	read_conf("", &policy);
	assert_default(&policy);
	assert_string_equal(told, "");
	policy_done(&policy);
	read_conf("iface.bind =\niface.nics = <empty>\n", &policy);
	assert_default(&policy);
	policy_done(&policy);
}

static void all_said(void **state)
{
	const struct port port = { .netdev = "eth1", .path = "a" };
	struct policy policy;

	read_conf("iface.nics = eth*\niface.bind = always\niface.fast_fail = -1\niface.flap_max = 0\niface.flap_window = 30 # s\n"
		  "iface.flap_hold = 3600\n", &policy);
	assert_string_equal(told, "");
	assert_true(nics_select(policy.nics, &port, NULL));
	assert_int_equal(policy.bind, BIND_ALWAYS);
	assert_int_equal(policy.fast_fail, FAST_FAIL_OFF);
	assert_int_equal(policy.flap_max, 0);
	assert_int_equal(policy.flap_window_sec, 30);
	assert_int_equal(policy.flap_hold_sec, 3600);
	policy_done(&policy);
}

static void refused(void **state)
{
	struct text sentence = { 0 };
	struct policy policy;

	read_conf("iface.nics = eth0, mac:z\niface.bind = sometimes\niface.fast_fail = -2\niface.flap_max = many\niface.flap_window = 0\n"
		  "iface.flap_hold = 3601\niface.nic = eth0\niface.mtu = 9000\n", &policy);
	assert_default(&policy);
	assert_string_equal(told, "2 iface.bind=sometimes -22\n3 iface.fast_fail=-2 -34\n4 iface.flap_max=many -22\n"
				  "5 iface.flap_window=0 -34\n6 iface.flap_hold=3601 -34\n7 iface.nic=eth0 -2\n"
				  "0 iface.nics=eth0, mac:z -22\n");
	policy_done(&policy);
	policy_explain("eth0, mac:z", &sentence);
	assert_string_equal(sentence.data, "iface.nics: \"mac:z\" is no MAC address with wildcards, like mac:00:0e:1e:*");
	text_done(&sentence);
}

static void records(void **state)
{
	static const struct {
		const char *word;
		enum bind_policy bind;
	} rows[] = { { "", BIND_UNSET }, { "never", BIND_NEVER }, { "reachable", BIND_REACHABLE }, { "always", BIND_ALWAYS } };
	struct record iface;

	record_init(&iface, RECORD_NODE);
	assert_int_equal(policy_fast_fail_of(&iface), FAST_FAIL_OFF);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(record_set(&iface, F_IFACE_BIND, rows[i].word, ORIGIN_COMMAND), 0);
		assert_int_equal(policy_bind_of(&iface), rows[i].bind);
		assert_int_equal(policy_is_managed(&iface), rows[i].bind != BIND_UNSET);
	}
	assert_int_equal(record_set_number(&iface, F_IFACE_FAST_FAIL, 7, ORIGIN_COMMAND), 0);
	assert_int_equal(policy_fast_fail_of(&iface), 7);
	record_done(&iface);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_said), cmocka_unit_test(says_what_is_built_in),
		cmocka_unit_test(all_said),
		cmocka_unit_test(refused),
		cmocka_unit_test(records),
	};

	return cmocka_run_group_tests_name("iface/policy", tests, NULL, NULL);
}
