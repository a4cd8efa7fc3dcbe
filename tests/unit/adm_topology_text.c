/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The words the drawings of the topology share: sizes, states with what iscsid does about them, ports. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "adm/topology.h"

static void expect_size(uint64_t bytes, const char *expected)
{
	struct topology_disk disk = { .size_bytes = bytes };
	struct text text = { 0 };

	text_add(&text, "");
	topology_disk_size(&disk, &text);
	assert_string_equal(text.data, expected);
	text_done(&text);
}

static void test_sizes(void **state)
{
	expect_size(0, "");
	expect_size(512, "512 B");
	expect_size(1024, "1 KiB");
	expect_size(67108864, "64 MiB");
	expect_size(1649267441664, "1.5 TiB");
	expect_size(1099511627775, "1023.9 GiB");
	expect_size(UINT64_MAX, "15.9 EiB");
}

static void expect_state(const char *state, const char *conn, const char *daemon, int64_t since, const char *expected)
{
	struct sysfs_session kernel = { 0 };
	struct topology_session session = { .session = &kernel, .since_sec = since };
	struct text text = { 0 };

	snprintf(kernel.state, sizeof(kernel.state), "%s", state);
	snprintf(kernel.conn_state, sizeof(kernel.conn_state), "%s", conn);
	snprintf(session.daemon_state, sizeof(session.daemon_state), "%s", daemon);
	topology_session_words(&session, &text);
	assert_string_equal(text.data, expected);
	text_done(&text);
}

static void test_states(void **state)
{
	expect_state("LOGGED_IN", "up", "", -1, "logged in");
	expect_state("LOGGED_IN", "", "", 5, "logged in");
	expect_state("FAILED", "failed", "REOPEN", 12, "failed, connection failed, iscsid: reopen for 12 s");
	expect_state("FREE", "up", "CLEANUP", -1, "free, iscsid: cleanup");
	expect_state("", "", "", -1, "state not known");
}

static void test_port(void **state)
{
	struct topology_port port = { .kind = TOPOLOGY_ADAPTER, .name = "host3", .transport = "qla4xxx", .state = "up" };
	struct text text = { 0 };

	topology_port_words(&port, " / ", &text);
	assert_string_equal(text.data, "qla4xxx / up");
	text_done(&text);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_port),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
