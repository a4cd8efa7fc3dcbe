/* SPDX-License-Identifier: GPL-3.0-or-later */
/* State files: what is written is read back, a file cut or spoiled anywhere is refused whole, stale
 * ones are removed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/daemon.h"
#include "daemon/state.h"
#include "lib/loop.h"

struct fixture {
	struct daemon daemon;
	struct session *session;
	char dir[64];
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct record node;
	struct portal portal = {.address = "fe80::1%1", .port = 3261};

	snprintf(f->dir, sizeof(f->dir), "%s", "/tmp/openhba-state-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->daemon.state_dir, sizeof(f->daemon.state_dir), "%s", f->dir);
	TAILQ_INIT(&f->daemon.sessions);
	assert_int_equal(loop_new(&f->daemon.loop), 0);
	assert_int_equal(slots_init(&f->daemon.slots, f->daemon.loop, 1), 0);
	record_init(&node, RECORD_NODE);
	assert_int_equal(record_set(&node, F_NODE_NAME, "iqn.2024-01.example:disk", ORIGIN_COMMAND), 0);
	assert_int_equal(record_set(&node, F_NODE_CONN_ADDRESS, "storage.example", ORIGIN_COMMAND), 0);
	assert_int_equal(record_set(&node, F_NODE_SESSION_AUTH_PASSWORD, "wonderland123", ORIGIN_COMMAND), 0);
	f->session = session_new(&f->daemon, &node, "iqn.2016-04.com.openhba:lab");
	assert_non_null(f->session);
	f->session->sid = 7;
	f->session->ordinal = 2;
	f->session->initial_cmdsn = 0xfffffffeu;
	f->session->negotiated_time2wait_sec = 3;
	snprintf(f->session->netdev, sizeof(f->session->netdev), "%s", "nic0");
	session_choose_isid(f->session);
	f->session->ordinal = 2;
	assert_int_equal(addresses_from_literal(&portal, &f->session->home), 0);
	snprintf(portal.address, sizeof(portal.address), "%s", "192.0.2.10");
	portal.port = 3270;
	assert_int_equal(portal_sockaddr(&portal, &f->session->home.list[1], &f->session->home.len[1]), 0);
	f->session->home.count = 2;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char command[96];

	session_kill(f->session);
	slots_done(&f->daemon.slots);
	loop_free(f->daemon.loop);
	snprintf(command, sizeof(command), "rm -rf %s", f->dir);
	assert_int_equal(system(command), 0);
	free(f);
	return 0;
}

static void test_round_trip(void **state)
{
	struct fixture *f = *state;
	struct state_file file;
	struct state back;
	struct stat status;

	assert_int_equal(state_file_fill(&file, f->session), 0);
	assert_int_equal(state_file_write(&file), 0);
	assert_int_equal(stat(file.path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	assert_int_equal(state_load(f->dir, 7, &back), 0);
	assert_string_equal(record_text(&back.node, F_NODE_NAME), "iqn.2024-01.example:disk");
	assert_string_equal(record_text(&back.node, F_NODE_SESSION_AUTH_PASSWORD), "wonderland123");
	assert_string_equal(back.initiator_name, "iqn.2016-04.com.openhba:lab");
	assert_string_equal(back.netdev, "nic0");
	assert_memory_equal(back.isid, f->session->isid, ISID_BYTES);
	assert_int_equal(back.initial_cmdsn, 0xfffffffeu);
	assert_int_equal(back.time2wait_sec, 3);
	assert_int_equal(back.ordinal, 2);
	assert_int_equal(back.addresses.count, 2);
	assert_memory_equal(&back.addresses.list[0], &f->session->home.list[0], sizeof(struct sockaddr_in6));
	assert_memory_equal(&back.addresses.list[1], &f->session->home.list[1], sizeof(struct sockaddr_in));
	state_done(&back);
	state_file_done(&file);
}

/* A daemon after the next one reads what this one has written of what it has read: nothing of ours twice, nothing of others lost. */
static void test_a_second_round(void **state)
{
	static const char foreign[] = "node.of_tomorrow = 1\nsession.of_tomorrow = 1\nsession.former_timeout = 120\n";
	struct fixture *f = *state;
	struct state_file file;
	struct state back;

	assert_int_equal(state_file_fill(&file, f->session), 0);
	text_add(&file.text, foreign);
	assert_int_equal(state_parse(file.text.data, file.text.len, &back), 0);
	assert_true(back.has_former_timeout);
	assert_int_equal(back.former_timeout_sec, 120);
	assert_string_equal(back.node.unknown, "node.of_tomorrow = 1\n");
	record_done(&f->session->node);
	f->session->node = back.node;
	memset(&back.node, 0, sizeof(back.node));
	state_done(&back);
	state_file_done(&file);

	assert_int_equal(state_file_fill(&file, f->session), 0);
	assert_int_equal(state_parse(file.text.data, file.text.len, &back), 0);
	assert_false(back.has_former_timeout);
	assert_int_equal(back.addresses.count, 2);
	state_done(&back);
	state_file_done(&file);
}

/* A file cut at any byte is either good without its tail or refused; it never gives half a session.
 */
static void test_cut_anywhere(void **state)
{
	struct fixture *f = *state;
	struct state_file file;
	struct state back;
	size_t whole = 0;

	assert_int_equal(state_file_fill(&file, f->session), 0);
	for (size_t len = 0; len <= file.text.len; len++) {
		int r = state_parse(file.text.data, len, &back);

		assert_true(r == 0 || r == -EINVAL);
		whole += r == 0;
		if (r == 0)
			assert_true(back.has_isid && back.has_cmdsn && back.addresses.count && back.initiator_name);
		state_done(&back);
	}
	assert_true(whole > 0 && whole < file.text.len);
	state_file_done(&file);
}

#define GOOD \
	"node.name = iqn.x:y\nsession.isid = 00023d000001\nsession.initiator_name = iqn.a:b\n" \
	"session.initial_cmdsn = 0\nsession.address = 192.0.2.1\n"

static void test_spoiled(void **state)
{
	static const struct {
		const char *text;
		int result;
	} rows[] = {
		{GOOD, 0},
		{GOOD "session.of_tomorrow = 1\n", 0},
		{GOOD "session.isid = 00023d00000\n", -EINVAL},
		{GOOD "session.initial_cmdsn = 4294967296\n", -EINVAL},
		{GOOD "session.initial_cmdsn = -1\n", -EINVAL},
		{GOOD "session.address = storage.example\n", -EINVAL},
		{GOOD "session.port = 65536\n", -EINVAL},
		{GOOD "session.time2wait = 3601\n", -EINVAL},
		{GOOD "session.ordinal = x\n", -EINVAL},
		{GOOD "session.former_timeout = -1\n", 0},
		{GOOD "session.former_timeout = -2\n", -EINVAL},
		{GOOD "session.former_timeout = 2147483648\n", -EINVAL},
		{GOOD "session.netdev = sixteen_bytes_xx\n", -EINVAL},
		{"", -EINVAL},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct state back;

		assert_int_equal(state_parse(rows[i].text, strlen(rows[i].text), &back), rows[i].result);
		state_done(&back);
	}
}

static void touch(const char *dir, const char *name)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fclose(file);
}

static bool is_there(const char *dir, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return access(path, F_OK) == 0;
}

static void test_clean(void **state)
{
	struct fixture *f = *state;
	const uint32_t sids[] = {3, 12};

	touch(f->dir, "session-3");
	touch(f->dir, "session-4");
	touch(f->dir, "session-12");
	touch(f->dir, "session-12.tmp");
	touch(f->dir, "iscsid.sock");
	assert_int_equal(state_clean(f->dir, sids, 2), 2);
	assert_true(is_there(f->dir, "session-3") && is_there(f->dir, "session-12") && is_there(f->dir, "iscsid.sock"));
	assert_false(is_there(f->dir, "session-4") || is_there(f->dir, "session-12.tmp"));
	assert_int_equal(state_clean("/nonexistent", sids, 2), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_round_trip, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_second_round, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cut_anywhere, setup, teardown),
		cmocka_unit_test(test_spoiled),
		cmocka_unit_test_setup_teardown(test_clean, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
