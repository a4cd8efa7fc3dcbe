/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Discoveries that a driver carries: what the kernel is asked, in which order, and that nothing of it
 * stays, however they end. */
#include "tests/unit/daemon_world.h"

#include "daemon/carrier.h"
#include "lib/discover.h"
#include "lib/secret.h"
#include "transport/abi/params.h"

struct asking {
	struct world *world;
	struct carrier_owner owner;
	struct discovery_carrier carrier;
	struct discovery_settings settings;
	struct discovery *discovery;
	unsigned int changes;
};

static struct asking asking;
static struct login_auth asking_auth;

static void on_change(void *data)
{
	struct asking *asked = data;

	asked->changes++;
}

static void begin_through(struct world *world, const char *transport)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons((uint16_t)world->target.port),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	asking = (struct asking){.world = world};
	asking.owner = (struct carrier_owner){
		.daemon = &world->daemon,
		.place = {transport_find(transport), 0x700000, ISCSI_CAP_TEXT_NEGO, -1},
		.initiator_name = "iqn.me:x",
		.iface = transport,
		.auth = &asking.settings.login.auth,
		.changed = on_change,
		.data = &asking,
	};
	carrier_fill(&asking.owner, &asking.carrier);
	discovery_settings_init(&asking.settings);
	asking.settings.carrier = &asking.carrier;
	asking.settings.login.initiator_name = "iqn.me:x";
	memcpy(&asking.settings.channel.peer, &address, sizeof(address));
	asking.settings.channel.peer_length = sizeof(address);
	asking.settings.redirect_max = 3;
	snprintf(asking.settings.portal.address, sizeof(asking.settings.portal.address), "127.0.0.1");
	asking.settings.portal.port = world->target.port;
	snprintf(world->target.targets, sizeof(world->target.targets), "TargetName=iqn.2024-01.example:a TargetAddress=127.0.0.1:3260,1 ");
	asking.settings.login.auth = asking_auth;
	asking.discovery = discovery_new(&asking.settings);
	assert_non_null(asking.discovery);
}

static void begin(struct world *world)
{
	begin_through(world, "iser");
}

static bool is_over(struct world *world)
{
	return discovery_state(asking.discovery) == DISCOVERY_DONE || discovery_state(asking.discovery) == DISCOVERY_FAILED;
}

static void expect_nothing_left(struct world *world)
{
	discovery_free(asking.discovery);
	assert_true(LIST_EMPTY(&world->daemon.carriers));
	assert_int_equal(world_endpoints(world), 0);
	assert_int_equal(world_requests(world, ISCSI_UEVENT_CREATE_BOUND_SESSION),
			 world_requests(world, ISCSI_UEVENT_DESTROY_SESSION_ASYNC));
}

static void test_targets(void **state)
{
	struct world *world = *state;
	struct sendtargets_list list;

	world->kernel.polls = 2;
	begin(world);
	world_run(world, is_over);
	assert_int_equal(discovery_state(asking.discovery), DISCOVERY_DONE);
	assert_true(asking.changes >= 2);
	discovery_take(asking.discovery, &list);
	assert_int_equal(list.count, 1);
	assert_string_equal(list.entries[0].target_name, "iqn.2024-01.example:a");
	sendtargets_list_done(&list);
	assert_int_equal(world_requests(world, ISCSI_UEVENT_START_CONN), 1);
	assert_int_equal(world_requests(world, ISCSI_UEVENT_SEND_PDU), 2);
	assert_int_equal(world->kernel.last_params[ISCSI_PARAM_DISCOVERY_SESS], 1);
	assert_int_equal(world->kernel.last_params[ISCSI_PARAM_EXP_STATSN], 1);
	expect_nothing_left(world);
}

static void test_redirect(void **state)
{
	struct world *world = *state;

	snprintf(world->target.redirect, sizeof(world->target.redirect), "127.0.0.1:%d,1", world->target.port);
	world->target.status_times = 1;
	begin(world);
	world_run(world, is_over);
	assert_int_equal(discovery_state(asking.discovery), DISCOVERY_DONE);
	assert_int_equal(world_requests(world, ISCSI_UEVENT_TRANSPORT_EP_CONNECT), 2);
	expect_nothing_left(world);
}

static void test_refused_anywhere(void **state)
{
	static const int requests[] = {ISCSI_UEVENT_CREATE_BOUND_SESSION, ISCSI_UEVENT_CREATE_CONN, ISCSI_UEVENT_BIND_CONN,
				       ISCSI_UEVENT_SET_PARAM, ISCSI_UEVENT_SEND_PDU, ISCSI_UEVENT_START_CONN};
	struct world *world = *state;

	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		world->kernel.refuse = requests[i];
		begin(world);
		world_run(world, is_over);
		assert_int_equal(discovery_error(asking.discovery), ISCSI_ERR_TRANS);
		discovery_free(asking.discovery);
		assert_true(LIST_EMPTY(&world->daemon.carriers));
		assert_int_equal(world_endpoints(world), 0);
		assert_int_equal(world_requests(world, ISCSI_UEVENT_DESTROY_SESSION_ASYNC), i);
	}
}

static bool login_is_out(struct world *world)
{
	return world_requests(world, ISCSI_UEVENT_SEND_PDU) == 1;
}

static void test_lost(void **state)
{
	struct world *world = *state;

	world->target.is_silent = true;
	begin(world);
	world_run(world, login_is_out);
	world_conn_error(world, (int)world->kernel.last_sid);
	world_run(world, is_over);
	assert_int_equal(discovery_error(asking.discovery), ISCSI_ERR_TRANS);
	expect_nothing_left(world);
}

/* Whoever asked goes away in the middle. */
static void test_given_up(void **state)
{
	struct world *world = *state;

	world->target.is_silent = true;
	begin(world);
	world_run(world, login_is_out);
	expect_nothing_left(world);
	world_conn_error(world, (int)world->kernel.last_sid);
	world_pass(world, 20);
	assert_int_equal(world->daemon.dropped_messages, 1);
}

static void test_connect_fails(void **state)
{
	struct world *world = *state;

	world->kernel.poll_answer = -1;
	begin(world);
	world_run(world, is_over);
	assert_int_equal(discovery_error(asking.discovery), ISCSI_ERR_TRANS);
	expect_nothing_left(world);
}

/* ---- a card that logs in by itself ---- */

static bool is_started(struct world *world)
{
	return world_requests(world, ISCSI_UEVENT_START_CONN) == 1;
}

static void card_says(struct world *world, enum iscsi_conn_state state)
{
	world_send_event(&world->kernel, ISCSI_KEVENT_CONN_LOGIN_STATE, (uint32_t[]){world->kernel.last_sid, 0, (uint32_t)state}, "", 0);
}

/* The card is told the secret, and logs in; the first PDU is the text. */
static void test_card(void **state)
{
	struct world *world = *state;
	struct sendtargets_list list;

	asking_auth = (struct login_auth){.username = "alice", .password = secret_new("wonderland123", 13)};
	begin_through(world, "qla4xxx");
	world_run(world, is_started);
	assert_int_equal(world_requests(world, ISCSI_UEVENT_SEND_PDU), 0);
	assert_int_equal(world->kernel.last_params[ISCSI_PARAM_USERNAME], 1);
	assert_int_equal(world->kernel.last_params[ISCSI_PARAM_PASSWORD], 1);
	card_says(world, ISCSI_CONN_STATE_IN_LOGIN);
	world_pass(world, 20);
	assert_int_equal(world_requests(world, ISCSI_UEVENT_SEND_PDU), 0);
	card_says(world, ISCSI_CONN_STATE_LOGGED_IN);
	world_run(world, is_over);
	assert_int_equal(discovery_state(asking.discovery), DISCOVERY_DONE);
	discovery_take(asking.discovery, &list);
	assert_int_equal(list.count, 1);
	assert_string_equal(list.entries[0].target_name, "iqn.2024-01.example:a");
	sendtargets_list_done(&list);
	assert_int_equal(world_requests(world, ISCSI_UEVENT_SEND_PDU), 1);
	expect_nothing_left(world);
	secret_free((struct secret *)asking_auth.password);
	asking_auth = (struct login_auth){0};
}

static void test_card_cannot(void **state)
{
	struct world *world = *state;

	begin_through(world, "qla4xxx");
	world_run(world, is_started);
	card_says(world, ISCSI_CONN_STATE_FREE);
	world_run(world, is_over);
	assert_int_equal(discovery_error(asking.discovery), ISCSI_ERR_TRANS);
	expect_nothing_left(world);
}

#define WORLD_TEST(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_targets),	WORLD_TEST(test_redirect),	WORLD_TEST(test_refused_anywhere), WORLD_TEST(test_lost),
		WORLD_TEST(test_given_up),	WORLD_TEST(test_connect_fails), WORLD_TEST(test_card),
		WORLD_TEST(test_card_cannot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
