/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Logins that a driver carries: endpoints, the order of requests, what stays behind when one fails,
 * recovery, redirects, cards that log in by themselves. */
#include "tests/unit/daemon_world.h"

#include "daemon/logout.h"
#include "transport/abi/params.h"

#define CAPS_ISER (ISCSI_CAP_RECOVERY_L0 | ISCSI_CAP_MULTI_R2T | ISCSI_CAP_TEXT_NEGO)
#define CAPS_CARD (CAPS_ISER | ISCSI_CAP_HDRDGST | ISCSI_CAP_DATADGST)
#define CAPS_QLA4XXX (ISCSI_CAP_MULTI_R2T | ISCSI_CAP_LOGIN_OFFLOAD)

static struct session *offload_session(struct world *world, const char *transport, uint32_t caps)
{
	struct session *session = world_session(world, 0);

	world_driver(world, transport, caps);
	world_set(session, F_IFACE_TRANSPORT_NAME, transport);
	world_set(session, F_NODE_CONN_TIMEO_LOGIN_TIMEOUT, "1");
	return session;
}

static struct session *logged_in(struct world *world, const char *transport, uint32_t caps)
{
	struct session *session = offload_session(world, transport, caps);

	world_set(session, F_NODE_CONN_TIMEO_LOGIN_TIMEOUT, "4"); /* it works, also on a busy machine */
	start_login(session, world_ended, world);
	world_run(world, world_one_ended);
	assert_string_equal(world->sentence[0], "");
	assert_int_equal(world->err[0], ISCSI_ERR_SUCCESS);
	return session;
}

static struct session *first(struct world *world)
{
	return TAILQ_FIRST(&world->daemon.sessions);
}

/* Where a request is among those the kernel saw; -1. */
static int place_of(struct world *world, int request)
{
	for (unsigned int i = 0; i < world->kernel.count; i++)
		if (world->kernel.requests[i] == request)
			return (int)i;
	return -1;
}

/* ---- a login ---- */

static void test_order(void **state)
{
	static const int order[] = {ISCSI_UEVENT_TRANSPORT_EP_CONNECT, ISCSI_UEVENT_TRANSPORT_EP_POLL,
				    ISCSI_UEVENT_CREATE_BOUND_SESSION, ISCSI_UEVENT_CREATE_CONN, ISCSI_UEVENT_BIND_CONN,
				    1000 + ISCSI_UEVENT_SET_PARAM,     ISCSI_UEVENT_SEND_PDU,	 ISCSI_UEVENT_START_CONN};
	struct world *world = *state;
	struct session *session = logged_in(world, "iser", CAPS_ISER);
	int before = -1;

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		assert_true(place_of(world, order[i]) > before);
		before = place_of(world, order[i]);
	}
	assert_int_equal(before, world->kernel.count - 1);
	assert_int_equal(world_requests(world, 1000 + ISCSI_UEVENT_SET_PARAM), 28);
	assert_int_equal(world->kernel.last_params[ISCSI_PARAM_TARGET_NAME], 1);
	assert_int_equal(world->kernel.last_params[ISCSI_PARAM_MAX_BURST], 1);
	assert_int_equal(world->kernel.last_host, UINT32_MAX);
	assert_int_equal(session->state, SESSION_LOGGED_IN);
	assert_int_equal(world->target.cmdsn, 0x1234);
	assert_memory_equal(world->target.isid, session->isid, ISID_BYTES);
	assert_int_equal(world_endpoints(world), 1);
}

/* Connecting takes its time and nobody waits for it. */
static void test_slow_connect(void **state)
{
	struct world *world = *state;

	world->kernel.polls = 5;
	logged_in(world, "iser", CAPS_ISER);
	assert_int_equal(world_requests(world, ISCSI_UEVENT_TRANSPORT_EP_POLL), 6);
}

static void expect_nothing_left(struct world *world)
{
	assert_true(TAILQ_EMPTY(&world->daemon.sessions));
	assert_int_equal(world_endpoints(world), 0);
	assert_int_equal(world_requests(world, ISCSI_UEVENT_CREATE_BOUND_SESSION),
			 world_requests(world, ISCSI_UEVENT_DESTROY_SESSION_ASYNC));
	assert_int_equal(world->daemon.slots.held, 0);
}

static void test_never_connects(void **state)
{
	struct world *world = *state;

	world->kernel.polls = 1000000;
	start_login(offload_session(world, "iser", CAPS_ISER), world_ended, world);
	world_run(world, world_one_ended);
	assert_int_equal(world->err[0], ISCSI_ERR_TRANS_TIMEOUT);
	assert_true(world_requests(world, ISCSI_UEVENT_TRANSPORT_EP_POLL) < 60);
	assert_int_equal(world_requests(world, ISCSI_UEVENT_CREATE_BOUND_SESSION), 0);
	expect_nothing_left(world);
}

static void test_connect_fails(void **state)
{
	struct world *world = *state;
	struct session *session = offload_session(world, "iser", CAPS_ISER);

	world->kernel.poll_answer = -1;
	world_set(session, F_NODE_SESSION_INITIAL_LOGIN_RETRY_MAX, "0");
	start_login(session, world_ended, world);
	world_run(world, world_one_ended);
	assert_int_equal(world->err[0], ISCSI_ERR_TRANS_TIMEOUT);
	assert_true(world_requests(world, ISCSI_UEVENT_TRANSPORT_EP_DISCONNECT) >= 1);
	expect_nothing_left(world);
}

/* Whatever the kernel refuses, it keeps nothing. */
static void test_refused_anywhere(void **state)
{
	static const int requests[] = {ISCSI_UEVENT_CREATE_BOUND_SESSION, ISCSI_UEVENT_CREATE_CONN, ISCSI_UEVENT_BIND_CONN,
				       ISCSI_UEVENT_SET_PARAM, ISCSI_UEVENT_START_CONN};
	struct world *world = *state;
	struct session *session;

	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		world->kernel.refuse = requests[i];
		world->ended = 0;
		session = offload_session(world, "iser", CAPS_ISER);
		world_set(session, F_NODE_CONN_TIMEO_LOGIN_TIMEOUT, "4");
		start_login(session, world_ended, world);
		world_run(world, world_one_ended);
		assert_int_equal(world->err[0], ISCSI_ERR_INTERNAL);
		assert_true(TAILQ_EMPTY(&world->daemon.sessions));
		assert_int_equal(world_endpoints(world), 0);
		assert_int_equal(world_requests(world, ISCSI_UEVENT_DESTROY_SESSION_ASYNC), i);
	}
}

static void test_wrong_secret(void **state)
{
	struct world *world = *state;

	world->target.status = ISCSI_LOGIN_DETAIL_AUTHENTICATION_FAILURE;
	start_login(offload_session(world, "iser", CAPS_ISER), world_ended, world);
	world_run(world, world_one_ended);
	assert_int_equal(world->err[0], ISCSI_ERR_LOGIN_AUTH_FAILED);
	assert_int_equal(world->target.logins, 1);
	assert_int_equal(world_requests(world, ISCSI_UEVENT_STOP_CONN), 2);
	expect_nothing_left(world);
}

static void test_silent_target(void **state)
{
	struct world *world = *state;

	world->target.is_silent = true;
	start_login(offload_session(world, "iser", CAPS_ISER), world_ended, world);
	world_run(world, world_one_ended);
	assert_int_equal(world->err[0], ISCSI_ERR_PDU_TIMEOUT);
	expect_nothing_left(world);
}

static bool login_went_out(struct world *world)
{
	return world_requests(world, ISCSI_UEVENT_SEND_PDU) >= 1;
}

/* The connection breaks during the login: tried again with a new endpoint. */
static void test_lost_in_login(void **state)
{
	struct world *world = *state;
	struct session *session = offload_session(world, "iser", CAPS_ISER);

	world->target.is_silent = true;
	world_set(session, F_NODE_CONN_TIMEO_LOGIN_TIMEOUT, "30"); /* it is lost before that */
	world_set(session, F_NODE_SESSION_INITIAL_LOGIN_RETRY_MAX, "3");
	start_login(session, world_ended, world);
	world_run(world, login_went_out);
	world_conn_error(world, session->sid);
	world->target.is_silent = false;
	world_run(world, world_one_ended);
	assert_int_equal(world->err[0], ISCSI_ERR_SUCCESS);
	assert_int_equal(world_requests(world, ISCSI_UEVENT_CREATE_BOUND_SESSION), 2);
	assert_int_equal(world_requests(world, ISCSI_UEVENT_DESTROY_SESSION_ASYNC), 1);
	assert_int_equal(world_endpoints(world), 1);
}

/* Somebody asks for a logout while the first login is under way. */
static void test_logout_in_login(void **state)
{
	struct world *world = *state;
	struct session *session = offload_session(world, "iser", CAPS_ISER);

	world->target.is_silent = true;
	start_login(session, world_ended, world);
	world_run(world, login_went_out);
	logout_start(session, world_ended, world);
	world_run(world, world_two_ended);
	assert_int_equal(world->err[0], ISCSI_ERR_SESS_NOT_FOUND);
	assert_int_equal(world->err[1], ISCSI_ERR_SUCCESS);
	expect_nothing_left(world);
}

static void test_redirect(void **state)
{
	struct world *world = *state;

	snprintf(world->target.redirect, sizeof(world->target.redirect), "127.0.0.1:%d,1", world->target.port);
	world->target.status_times = 1;
	logged_in(world, "iser", CAPS_ISER);
	assert_int_equal(world->target.logins, 2);
	assert_int_equal(world_requests(world, ISCSI_UEVENT_TRANSPORT_EP_CONNECT), 2);
	assert_int_equal(world_endpoints(world), 1);
}

/* ---- afterwards ---- */

static bool is_back(struct world *world)
{
	return first(world) && first(world)->state == SESSION_LOGGED_IN && world_requests(world, ISCSI_UEVENT_START_CONN) == 2;
}

static void test_recovery(void **state)
{
	struct world *world = *state;
	struct session *session = logged_in(world, "iser", CAPS_ISER);
	uint8_t isid[ISID_BYTES];

	memcpy(isid, session->isid, ISID_BYTES);
	world_conn_error(world, session->sid);
	world_run(world, is_back);
	assert_memory_equal(world->target.isid, isid, ISID_BYTES);
	assert_int_equal(world->target.logins, 2);
	assert_int_equal(world_requests(world, ISCSI_UEVENT_CREATE_BOUND_SESSION), 1);
	assert_int_equal(world_requests(world, ISCSI_UEVENT_CREATE_CONN), 1);
	assert_int_equal(world_requests(world, ISCSI_UEVENT_BIND_CONN), 2);
	assert_int_equal(world_requests(world, ISCSI_UEVENT_GET_STATS), 0);
	assert_int_equal(world_endpoints(world), 1);
}

static bool back_after_refusal(struct world *world)
{
	if (world_requests(world, ISCSI_UEVENT_BIND_CONN) >= 2)
		world->kernel.refuse = 0;
	return is_back(world);
}

/* In recovery a failure keeps the session, and no endpoint. */
static void test_recovery_refused(void **state)
{
	struct world *world = *state;
	struct session *session = logged_in(world, "iser", CAPS_ISER);

	world->kernel.refuse = ISCSI_UEVENT_BIND_CONN;
	world_conn_error(world, session->sid);
	world_run(world, back_after_refusal);
	assert_int_equal(world_requests(world, ISCSI_UEVENT_DESTROY_SESSION_ASYNC), 0);
	assert_int_equal(world_endpoints(world), 1);
}

static void test_logout(void **state)
{
	struct world *world = *state;

	logout_start(logged_in(world, "iser", CAPS_ISER), world_ended, world);
	world_run(world, world_two_ended);
	assert_int_equal(world->err[1], ISCSI_ERR_SUCCESS);
	expect_nothing_left(world);
}

/* ---- adapters ---- */

static void world_host(struct world *world, int host_no, const char *proc_name, const char *hwaddress)
{
	char folder[96];

	snprintf(folder, sizeof(folder), "class/iscsi_host/host%d", host_no);
	world_file(world, folder, "hwaddress", hwaddress);
	snprintf(folder, sizeof(folder), "class/scsi_host/host%d", host_no);
	world_file(world, folder, "proc_name", proc_name);
}

static void test_through_host(void **state)
{
	struct world *world = *state;
	struct session *session = offload_session(world, "cxgb4i", CAPS_CARD);

	world_host(world, 3, "cxgb4i\n", "00:07:43:00:00:01\n");
	world_host(world, 4, "cxgb4i\n", "00:07:43:00:00:02\n");
	world_host(world, 5, "cxgb3i\n", "00:07:43:00:00:03\n");
	world_set(session, F_IFACE_HWADDRESS, "00:07:43:00:00:02");
	world_set(session, F_IFACE_IPADDRESS, "10.0.0.7");
	start_login(session, world_ended, world);
	world_run(world, world_one_ended);
	assert_string_equal(world->sentence[0], "");
	assert_int_equal(world->kernel.last_host, 4);
	assert_int_equal(world_requests(world, ISCSI_UEVENT_SET_HOST_PARAM), 1);
	/* The session's own host from then on, whatever the card is called by then. */
	session->host_no = 9;
	world_conn_error(world, session->sid);
	world_run(world, is_back);
	assert_int_equal(world->kernel.last_host, 9);
}

static bool has_waited(struct world *world)
{
	return first(world)->failure.err == ISCSI_ERR_AGAIN;
}

/* A card may come late; then the login goes on. */
static void test_host_comes_late(void **state)
{
	struct world *world = *state;
	struct session *session = offload_session(world, "cxgb3i", CAPS_CARD);

	world_set(session, F_NODE_CONN_TIMEO_LOGIN_TIMEOUT, "4");
	world_host(world, 5, "cxgb4i\n", "00:07:43:00:00:03\n");
	world_set(session, F_IFACE_HWADDRESS, "00:07:43:00:00:03");
	start_login(session, world_ended, world);
	world_run(world, has_waited);
	world_host(world, 5, "cxgb3i\n", "00:07:43:00:00:03\n");
	world_run(world, world_one_ended);
	assert_int_equal(world->err[0], ISCSI_ERR_SUCCESS);
	assert_int_equal(world->kernel.last_host, 5);
}

static void expect_failure(struct world *world, const char *transport, enum iscsi_err err, const char *words)
{
	struct session *session = offload_session(world, transport, CAPS_CARD);

	if (err != ISCSI_ERR_INVAL)
		world_set(session, F_IFACE_IPADDRESS, "10.0.0.7");
	world->ended = 0;
	start_login(session, world_ended, world);
	world_run(world, world_one_ended);
	assert_int_equal(world->err[0], err);
	assert_non_null(strstr(world->sentence[0], words));
	assert_int_equal(world->kernel.count, 0);
}

static void test_what_cards_need(void **state)
{
	struct world *world = *state;

	expect_failure(world, "bnx2i", ISCSI_ERR_INVAL, "set iface.ipaddress");
	expect_failure(world, "qedi", ISCSI_ERR_INVAL, "set iface.ipaddress");
	expect_failure(world, "be2iscsi", ISCSI_ERR_AGAIN, "no adapter");
	expect_failure(world, "qedi", ISCSI_ERR_AGAIN, "iscsiuio");
}

static void test_no_driver(void **state)
{
	struct world *world = *state;
	struct session *session = world_session(world, 0);

	world_set(session, F_IFACE_TRANSPORT_NAME, "ocs");
	start_login(session, world_ended, world);
	world_run(world, world_one_ended);
	assert_int_equal(world->err[0], ISCSI_ERR_TRANS_NOT_FOUND);
}

/* ---- cards that log in by themselves ---- */

static bool is_started(struct world *world)
{
	return world_requests(world, ISCSI_UEVENT_START_CONN) >= 1;
}

static void card_says(struct world *world, enum iscsi_conn_state state)
{
	world_send_event(&world->kernel, ISCSI_KEVENT_CONN_LOGIN_STATE,
			 (uint32_t[]){(uint32_t)first(world)->sid, 0, (uint32_t)state}, "", 0);
}

static struct session *card_login(struct world *world)
{
	struct session *session = offload_session(world, "qla4xxx", CAPS_QLA4XXX);

	world_set(session, F_NODE_SESSION_AUTH_USERNAME, "alice");
	world_set(session, F_NODE_SESSION_AUTH_PASSWORD, "wonderland123");
	start_login(session, world_ended, world);
	world_run(world, is_started);
	card_says(world, ISCSI_CONN_STATE_IN_LOGIN);
	return session;
}

static void test_firmware_logs_in(void **state)
{
	struct world *world = *state;
	struct session *session = card_login(world);

	world_pass(world, 50);
	assert_int_equal(world->ended, 0);
	assert_int_equal(session->conn.state, CONN_IN_LOGIN);
	card_says(world, ISCSI_CONN_STATE_LOGGED_IN);
	world_run(world, world_one_ended);
	assert_int_equal(world->err[0], ISCSI_ERR_SUCCESS);
	assert_int_equal(session->state, SESSION_LOGGED_IN);
	assert_int_equal(world_requests(world, ISCSI_UEVENT_SEND_PDU), 0);
	assert_int_equal(world_requests(world, ISCSI_UEVENT_START_CONN), 1);
	assert_int_equal(world->kernel.last_params[ISCSI_PARAM_PASSWORD], 1);
	assert_int_equal(world->kernel.last_params[ISCSI_PARAM_MAX_BURST], 1);
	/* A second time it is no news. */
	card_says(world, ISCSI_CONN_STATE_LOGGED_IN);
	world_pass(world, 30);
	assert_int_equal(session->state, SESSION_LOGGED_IN);
}

static void test_firmware_cannot(void **state)
{
	struct world *world = *state;
	struct session *session = card_login(world);

	world_set(session, F_NODE_SESSION_INITIAL_LOGIN_RETRY_MAX, "0");
	card_says(world, ISCSI_CONN_STATE_FREE);
	world_run(world, world_one_ended);
	assert_int_equal(world->err[0], ISCSI_ERR_TRANS_TIMEOUT);
	assert_non_null(strstr(world->sentence[0], "the card could not log in"));
	expect_nothing_left(world);
}

static void test_firmware_says_nothing(void **state)
{
	struct world *world = *state;

	card_login(world);
	world_run(world, world_one_ended);
	assert_int_equal(world->err[0], ISCSI_ERR_PDU_TIMEOUT);
	expect_nothing_left(world);
}

static bool is_started_again(struct world *world)
{
	return world_requests(world, ISCSI_UEVENT_START_CONN) == 2;
}

static bool is_lost(struct world *world)
{
	return first(world)->state == SESSION_FAILED;
}

static void test_firmware_loses_it(void **state)
{
	struct world *world = *state;
	struct session *session = card_login(world);

	card_says(world, ISCSI_CONN_STATE_LOGGED_IN);
	world_run(world, world_one_ended);
	card_says(world, ISCSI_CONN_STATE_FREE);
	world_run(world, is_lost);
	world_run(world, is_started_again);
	card_says(world, ISCSI_CONN_STATE_LOGGED_IN);
	world_run(world, is_back);
	assert_int_equal(session->sid, 1);
	assert_int_equal(world_endpoints(world), 1);
}

#define WORLD_TEST(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_order),
		WORLD_TEST(test_slow_connect),
		WORLD_TEST(test_never_connects),
		WORLD_TEST(test_connect_fails),
		WORLD_TEST(test_refused_anywhere),
		WORLD_TEST(test_wrong_secret),
		WORLD_TEST(test_silent_target),
		WORLD_TEST(test_lost_in_login),
		WORLD_TEST(test_logout_in_login),
		WORLD_TEST(test_redirect),
		WORLD_TEST(test_recovery),
		WORLD_TEST(test_recovery_refused),
		WORLD_TEST(test_logout),
		WORLD_TEST(test_through_host),
		WORLD_TEST(test_host_comes_late),
		WORLD_TEST(test_what_cards_need),
		WORLD_TEST(test_no_driver),
		WORLD_TEST(test_firmware_logs_in),
		WORLD_TEST(test_firmware_cannot),
		WORLD_TEST(test_firmware_says_nothing),
		WORLD_TEST(test_firmware_loses_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
