/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `-t isns` from the command line to the store, against a made-up daemon and an iSNS server that follows a script. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "adm/adm.h"
#include "tests/unit/fake_daemon.h"
#include "tests/unit/isns_server.h"

#define BOTH "127.0.0.1:3260,1 " SERVER_A "\n[::1]:3261,2 " SERVER_B "\n"

struct command {
	struct args args;
	int words;
	char *argv[32];
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

static int forget(void **state)
{
	char command[256];

	snprintf(command, sizeof(command), "rm -rf %s/openhba.db %s/ifaces", fake.dir, fake.dir);
	return system(command);
}

static int run(void *data)
{
	struct command *command = data;
	struct adm adm;
	int err = args_parse(command->words, command->argv, &command->args);

	if (err)
		return err;
	adm_init(&adm, &command->args);
	adm.sessions_read = true;
	if (command->args.mode == MODE_DISCOVERY)
		err = discovery_mode(&adm);
	else
		err = command->args.mode == MODE_DISCOVERYDB ? discoverydb_mode(&adm) : node_mode(&adm);
	adm_done(&adm);
	return err;
}

/* A command line; PORTAL stands for the server's. */
static int iscsiadm(const struct server *server, const char *line)
{
	static char copy[512];
	struct command command = { .words = 1, .argv = { (char *)"iscsiadm" } };
	char portal[64];

	snprintf(portal, sizeof(portal), "127.0.0.1:%d", server->port);
	snprintf(copy, sizeof(copy), "%s", line);
	for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
		command.argv[command.words++] = strcmp(word, "PORTAL") ? word : portal;
	return fake_capture(run, &command);
}

static void expect_nodes(const struct server *server, const char *expected)
{
	iscsiadm(server, "-m node");
	assert_string_equal(fake_out, expected);
}

static void test_found_and_stored(void **state)
{
	static const enum act acts[] = { ACT_TARGETS, ACT_END };
	struct server server;
	char expected[96];

	server_open(&server, acts);
	assert_int_equal(iscsiadm(&server, "-m discovery -t isns -p PORTAL"), ISCSI_ERR_SUCCESS);
	assert_string_equal(fake_out, BOTH);
	assert_string_equal(fake_err, "");
	expect_nodes(&server, BOTH);
	iscsiadm(&server, "-m node -T " SERVER_B);
	assert_non_null(strstr(fake_out, "node.discovery_type = isns\n"));
	snprintf(expected, sizeof(expected), "node.discovery_port = %d\n", server.port);
	assert_non_null(strstr(fake_out, expected));
	/* Stock leaves no record of the discovery itself, and scripts look. */
	assert_int_equal(iscsiadm(&server, "-m discovery"), ISCSI_ERR_NO_OBJS_FOUND);
	server_close(&server);
}

static void test_by_record(void **state)
{
	static const enum act acts[] = { ACT_TARGETS, ACT_END };
	struct server server;
	char expected[96];

	server_open(&server, acts);
	assert_int_equal(iscsiadm(&server, "-m discoverydb -t isns -p PORTAL -o new"), ISCSI_ERR_SUCCESS);
	assert_int_equal(iscsiadm(&server, "-m discoverydb -t isns -p PORTAL -D"), ISCSI_ERR_SUCCESS);
	assert_string_equal(fake_out, BOTH);
	iscsiadm(&server, "-m discovery");
	snprintf(expected, sizeof(expected), "127.0.0.1:%d via isns\n", server.port);
	assert_string_equal(fake_out, expected);
	assert_int_equal(iscsiadm(&server, "-m discoverydb -t isns -p PORTAL -o delete"), ISCSI_ERR_SUCCESS);
	expect_nodes(&server, "");
	server_close(&server);
}

static void test_nonpersistent(void **state)
{
	static const enum act acts[] = { ACT_TARGETS, ACT_END };
	struct server server;

	server_open(&server, acts);
	assert_int_equal(iscsiadm(&server, "-m discovery -t isns -p PORTAL -o nonpersistent"), ISCSI_ERR_SUCCESS);
	assert_string_equal(fake_out, BOTH);
	expect_nodes(&server, "");
	server_close(&server);
}

/* What the server no longer offers goes; an empty answer drops nothing. */
static void test_stale(void **state)
{
	static const enum act acts[] = { ACT_TARGETS, ACT_EMPTY, ACT_TOO_LONG, ACT_NAME_A, ACT_PORTAL_A, ACT_NO_MORE, ACT_END };
	struct server server;

	server_open(&server, acts);
	iscsiadm(&server, "-m discovery -t isns -p PORTAL");
	assert_int_equal(iscsiadm(&server, "-m discovery -t isns -p PORTAL"), ISCSI_ERR_NO_OBJS_FOUND);
	assert_string_equal(fake_err, "iscsiadm: No portals found\n");
	expect_nodes(&server, BOTH);
	assert_int_equal(iscsiadm(&server, "-m discovery -t isns -p PORTAL"), ISCSI_ERR_SUCCESS);
	expect_nodes(&server, "127.0.0.1:3260,1 " SERVER_A "\n");
	server_close(&server);
}

static void test_failures(void **state)
{
	static const enum act refuse[] = { ACT_REFUSE, ACT_END }, stranger[] = { ACT_STRANGER, ACT_REFUSE, ACT_END };
	struct server server;

	server_open(&server, refuse);
	assert_int_equal(iscsiadm(&server, "-m discovery -t isns -p PORTAL"), ISCSI_ERR_ISNS_QUERY);
	assert_non_null(strstr(fake_err, "iscsiadm: Could not perform iSNS discovery: iSNS query failed\n"));
	assert_non_null(strstr(fake_err, "the iSNS server answers 8"));
	server_close(&server);
	assert_int_equal(iscsiadm(&server, "-m discovery -t isns -p PORTAL"), ISCSI_ERR_ISNS_QUERY);
	assert_non_null(strstr(fake_err, "Connection refused"));
	server_open(&server, stranger);
	assert_int_equal(iscsiadm(&server, "-m discovery -t isns -p PORTAL"), ISCSI_ERR_ISNS_REG_FAILED);
	server_close(&server);
	assert_int_equal(iscsiadm(&server, "-m discovery -t isns -p no.such.host.invalid"), ISCSI_ERR_TRANS);
	expect_nodes(&server, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_found_and_stored, forget),
		cmocka_unit_test_teardown(test_by_record, forget),
		cmocka_unit_test_teardown(test_nonpersistent, forget),
		cmocka_unit_test_teardown(test_stale, forget),
		cmocka_unit_test_teardown(test_failures, forget),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
