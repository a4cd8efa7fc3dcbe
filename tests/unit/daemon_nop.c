/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pings of drivers that leave them to user space: sent, answered, unanswered, and none for others. */
#include "tests/unit/daemon_world.h"

#include "daemon/logout.h"
#include "daemon/nop.h"
#include "transport/abi/params.h"
#include "tests/unit/quick_time.h"

static void test_times(void **state)
{
	static const struct {
		const char *interval, *timeout;
		uint32_t interval_sec, timeout_sec;
	} rows[] = {{"5", "7", 5, 7}, {"0", "0", 0, 0}, {"0", "3", 5, 3}, {"4", "0", 4, 5}};
	struct record node;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint32_t interval_sec, timeout_sec;

		record_init(&node, RECORD_NODE);
		assert_int_equal(record_set(&node, F_NODE_CONN_TIMEO_NOOP_OUT_INTERVAL, rows[i].interval, ORIGIN_COMMAND), 0);
		assert_int_equal(record_set(&node, F_NODE_CONN_TIMEO_NOOP_OUT_TIMEOUT, rows[i].timeout, ORIGIN_COMMAND), 0);
		nop_times(&node, &interval_sec, &timeout_sec);
		assert_int_equal(interval_sec, rows[i].interval_sec);
		assert_int_equal(timeout_sec, rows[i].timeout_sec);
		record_done(&node);
	}
}

static struct session *pinged(struct world *world, int unknown_param)
{
	struct session *session = world_session(world, 0);

	world->kernel.unknown_param = unknown_param;
	world_set(session, F_NODE_CONN_TIMEO_NOOP_OUT_INTERVAL, "1");
	world_set(session, F_NODE_CONN_TIMEO_NOOP_OUT_TIMEOUT, "1");
	start_login(session, world_ended, world);
	world_run(world, world_one_ended);
	assert_int_equal(world->err[0], ISCSI_ERR_SUCCESS);
	return session;
}

static bool one_ping(struct world *world)
{
	return world_requests(world, ISCSI_UEVENT_SEND_PDU) >= 1;
}

static bool two_pings(struct world *world)
{
	return world_requests(world, ISCSI_UEVENT_SEND_PDU) >= 2;
}

static bool is_back(struct world *world)
{
	return world_requests(world, ISCSI_UEVENT_START_CONN) == 2;
}

static void answer(struct world *world, int sid)
{
	struct pdu pdu = {.nop_in = {.opcode = ISCSI_PDU_NOP_IN, .flags = ISCSI_BIT_FINAL, .ttt = htonl(ISCSI_TAG_NONE)}};

	world_pdu(world, sid, &pdu);
}

static void test_answered_then_not(void **state)
{
	struct world *world = *state;
	struct session *session = pinged(world, ISCSI_PARAM_PING_TMO);

	world_run(world, one_ping);
	answer(world, session->sid);
	world_run(world, two_pings);
	assert_int_equal(world_requests(world, ISCSI_UEVENT_STOP_CONN), 0);
	world_run(world, is_back);
	assert_int_equal(world_requests(world, ISCSI_UEVENT_STOP_CONN), 1);
}

static void test_the_driver_pings(void **state)
{
	struct world *world = *state;

	pinged(world, 0);
	world_pass(world, 1300);
	assert_int_equal(world_requests(world, ISCSI_UEVENT_SEND_PDU), 0);
}

/* Another parameter the driver does not know says nothing of pings. */
static void test_another_parameter(void **state)
{
	struct world *world = *state;

	assert_false(pinged(world, ISCSI_PARAM_TGT_RESET_TMO)->is_pinged_by_us);
}

static void test_a_logout_ends_it(void **state)
{
	struct world *world = *state;
	struct session *session = pinged(world, ISCSI_PARAM_PING_TMO);

	world_run(world, one_ping);
	logout_start(session, world_ended, world);
	answer(world, session->sid);
	world_run(world, world_two_ended);
	assert_int_equal(world->err[1], ISCSI_ERR_SUCCESS);
	assert_int_equal(world_requests(world, ISCSI_UEVENT_SEND_PDU), 2);
}

#define WORLD_TEST(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_times),	    WORLD_TEST(test_answered_then_not), WORLD_TEST(test_the_driver_pings),
		WORLD_TEST(test_another_parameter), WORLD_TEST(test_a_logout_ends_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
