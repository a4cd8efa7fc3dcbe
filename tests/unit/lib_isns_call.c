/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whole conversations over loopback TCP with a server that follows a script. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <time.h>

#include "lib/isns_call.h"
#include "tests/unit/isns_server.h"

#define ME "iqn.2026-11.org.example:me"

static struct isns_call *run(struct server *server, enum isns_call_kind kind, uint16_t scn_port)
{
	struct isns_call_settings settings = {
		.kind = kind,
		.peer_length = sizeof(struct sockaddr_in),
		.initiator_name = ME,
		.initiator_alias = "here",
		.scn_port = scn_port,
		.timeout_ms = 300,
	};
	struct sockaddr_in *peer = (struct sockaddr_in *)&settings.peer;
	struct isns_call *call;

	*peer = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(server->port)};
	call = isns_call_new(&settings);
	assert_non_null(call);
	while (isns_call_state(call) == ISNS_CALL_RUNNING) {
		struct pollfd poller = {isns_call_fd(call), isns_call_want(call), 0};

		if (poll(&poller, 1, 400) > 0)
			isns_call_ready(call, poller.revents);
		else
			isns_call_expired(call);
	}
	return call;
}

static void check_list(struct isns_call *call)
{
	struct sendtargets_list list;

	assert_int_equal(isns_call_state(call), ISNS_CALL_DONE);
	assert_int_equal(isns_call_error(call), ISCSI_ERR_SUCCESS);
	isns_call_take(call, &list);
	assert_int_equal(list.count, 2);
	assert_string_equal(list.entries[0].target_name, SERVER_A);
	assert_string_equal(list.entries[0].portal.address, "127.0.0.1");
	assert_string_equal(list.entries[1].target_name, SERVER_B);
	assert_string_equal(list.entries[1].portal.address, "::1");
	assert_int_equal(list.entries[1].portal.port, 3261);
	assert_int_equal(list.entries[1].portal.tpgt, 2);
	sendtargets_list_done(&list);
}

static void test_query(void **state)
{
	static const enum act whole[] = {ACT_TARGETS, ACT_END}, slow[] = {ACT_SLOWLY, ACT_END};
	const enum act *const scripts[] = {whole, slow};
	struct isns_call *call;
	struct server server;

	for (size_t i = 0; i < 2; i++) {
		server_open(&server, scripts[i]);
		call = run(&server, ISNS_CALL_QUERY, 0);
		check_list(call);
		isns_call_free(call);
		assert_int_equal(server.requests, 1);
		assert_int_equal(server.function[0], ISNS_QUERY);
		assert_string_equal(server_asked(&server, 0, ISNS_ISCSI_NAME).text, ME);
		assert_int_equal(server_asked(&server, 0, ISNS_ISCSI_NODE_TYPE).number, 1);
		assert_int_equal(server_asked(&server, 0, ISNS_PG_TAG).kind, ISNS_KIND_NOTHING);
		server_close(&server);
	}
}

/* A server with little room for answers is asked target by target. */
static void test_walk(void **state)
{
	static const enum act acts[] = {ACT_TOO_LONG, ACT_NAME_A, ACT_PORTAL_A, ACT_NAME_B, ACT_PORTAL_B, ACT_NO_MORE, ACT_END};
	struct isns_call *call;
	struct server server;

	server_open(&server, acts);
	call = run(&server, ISNS_CALL_QUERY, 0);
	check_list(call);
	isns_call_free(call);
	assert_int_equal(server.requests, 6);
	assert_int_equal(server.function[1], ISNS_GET_NEXT);
	assert_int_equal(server.function[2], ISNS_QUERY);
	server_close(&server);
}

static void test_walk_in_circles(void **state)
{
	static const enum act acts[] = {ACT_TOO_LONG, ACT_NAME_A, ACT_PORTAL_A, ACT_NAME_A_AGAIN, ACT_END};
	struct isns_call *call;
	struct server server;

	server_open(&server, acts);
	call = run(&server, ISNS_CALL_QUERY, 0);
	assert_int_equal(isns_call_error(call), ISCSI_ERR_ISNS_QUERY);
	isns_call_free(call);
	server_close(&server);
}

static void test_stranger(void **state)
{
	static const enum act acts[] = {ACT_STRANGER, ACT_PERIOD, ACT_TARGETS, ACT_EMPTY, ACT_END};
	struct isns_call *call;
	struct server server;

	server_open(&server, acts);
	call = run(&server, ISNS_CALL_QUERY, 0);
	check_list(call);
	isns_call_free(call);
	assert_int_equal(server.requests, 4);
	assert_int_equal(server.function[1], ISNS_REGISTER);
	assert_int_equal(server.function[3], ISNS_DEREGISTER);
	assert_string_equal(server_asked(&server, 3, ISNS_ENTITY_IDENTIFIER).text, ME);
	server_close(&server);
}

static void test_registration(void **state)
{
	static const enum act acts[] = {ACT_PERIOD, ACT_EMPTY, ACT_EMPTY, ACT_EMPTY, ACT_END};
	struct isns_call *call;
	struct isns_item portal;
	struct server server;

	server_open(&server, acts);
	call = run(&server, ISNS_CALL_REGISTER, 4711);
	assert_int_equal(isns_call_state(call), ISNS_CALL_DONE);
	assert_int_equal(isns_call_period_sec(call), 40);
	isns_call_free(call);
	call = run(&server, ISNS_CALL_REFRESH, 4711);
	assert_int_equal(isns_call_period_sec(call), ISNS_PERIOD_SEC);
	isns_call_free(call);
	call = run(&server, ISNS_CALL_DEREGISTER, 0);
	assert_int_equal(isns_call_state(call), ISNS_CALL_DONE);
	isns_call_free(call);
	assert_int_equal(server.requests, 4);
	assert_int_equal(server.function[0], ISNS_REGISTER);
	assert_true(server.flags[0] & ISNS_REPLACE);
	assert_int_equal(server_asked(&server, 0, ISNS_SCN_PORT).number, 4711);
	assert_int_equal(server_asked(&server, 0, ISNS_ISCSI_NODE_TYPE).number, 2);
	assert_string_equal(server_asked(&server, 0, ISNS_ISCSI_ALIAS).text, "here");
	portal = server_asked(&server, 0, ISNS_PORTAL_ADDRESS);
	assert_true(IN6_IS_ADDR_V4MAPPED(&portal.address));
	assert_int_equal(server.function[1], ISNS_REGISTER_SCN);
	assert_int_equal(server_asked(&server, 1, ISNS_ISCSI_SCN_BITMAP).number, 0x5c);
	assert_int_equal(server.function[2], ISNS_REGISTER);
	assert_false(server.flags[2] & ISNS_REPLACE);
	assert_int_equal(server.function[3], ISNS_DEREGISTER);
	server_close(&server);
}

static void test_failures(void **state)
{
	static const struct {
		enum act act;
		enum isns_call_kind kind;
		enum iscsi_err err;
	} rows[] = {
		{ACT_REFUSE, ISNS_CALL_QUERY, ISCSI_ERR_ISNS_QUERY},	 {ACT_REFUSE, ISNS_CALL_REGISTER, ISCSI_ERR_ISNS_REG_FAILED},
		{ACT_CLOSE, ISNS_CALL_QUERY, ISCSI_ERR_ISNS_QUERY},	 {ACT_GARBAGE, ISNS_CALL_QUERY, ISCSI_ERR_ISNS_QUERY},
		{ACT_GARBAGE, ISNS_CALL_REFRESH, ISCSI_ERR_ISNS_REG_FAILED}, {ACT_SILENT, ISNS_CALL_QUERY, ISCSI_ERR_TRANS_TIMEOUT},
	};
	struct isns_call *call;
	struct server server;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		server_open(&server, (const enum act[]){rows[i].act, ACT_END});
		call = run(&server, rows[i].kind, 0);
		assert_int_equal(isns_call_state(call), ISNS_CALL_FAILED);
		assert_int_equal(isns_call_error(call), rows[i].err);
		assert_true(*isns_call_error_text(call));
		isns_call_free(call);
		server_close(&server);
	}
	call = run(&server, ISNS_CALL_QUERY, 0); /* nobody listens there any more */
	assert_int_equal(isns_call_error(call), ISCSI_ERR_ISNS_QUERY);
	assert_non_null(strstr(isns_call_error_text(call), "refused"));
	isns_call_free(call);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_query),
		cmocka_unit_test(test_walk),
		cmocka_unit_test(test_walk_in_circles),
		cmocka_unit_test(test_stranger),
		cmocka_unit_test(test_registration),
		cmocka_unit_test(test_failures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
