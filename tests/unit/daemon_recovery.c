/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lost connections: the CmdSN and ISID of the relogin, retries and their end, redirects, what a
 * target may ask for. */
#include "tests/unit/daemon_world.h"

#include <sys/resource.h>

#include "daemon/adopt.h"
#include "daemon/attempt.h"
#include "daemon/logout.h"
#include "daemon/recovery.h"
#include "daemon/state.h"
#include "tests/unit/quick_time.h"

static struct session *first(struct world *world)
{
	return TAILQ_FIRST(&world->daemon.sessions);
}

static bool is_back(struct world *world)
{
	return first(world) && first(world)->state == SESSION_LOGGED_IN && world_requests(world, ISCSI_UEVENT_START_CONN) == 2;
}

static bool is_lost(struct world *world)
{
	return first(world)->state == SESSION_FAILED;
}

static bool is_gone(struct world *world)
{
	return !first(world);
}

static void test_same_identity_and_right_cmdsn(void **state)
{
	struct world *world = *state;
	struct session *session = world_logged_in(world);
	uint8_t isid[ISID_BYTES];

	memcpy(isid, session->isid, ISID_BYTES);
	session->initial_cmdsn = 0xfffffff0u;
	world->kernel.scsi_commands = 0x20;
	world_conn_error(world, session->sid);
	world_run(world, is_back);
	assert_int_equal(world->target.cmdsn, 0x10);
	assert_memory_equal(world->target.isid, isid, ISID_BYTES);
	assert_int_equal(session->stage, STAGE_NO_CHANGE);
	assert_int_equal(world_requests(world, ISCSI_UEVENT_CREATE_SESSION), 1);
	assert_int_equal(world_requests(world, ISCSI_UEVENT_CREATE_CONN), 1);
	assert_int_equal(world_requests(world, ISCSI_UEVENT_STOP_CONN), 1);
}

/* More than one report of the same loss, also late ones, is one recovery. */
static void test_many_errors_one_recovery(void **state)
{
	struct world *world = *state;
	struct session *session = world_logged_in(world);

	for (int i = 0; i < 5; i++)
		world_conn_error(world, session->sid);
	world_run(world, is_back);
	assert_int_equal(world_requests(world, ISCSI_UEVENT_STOP_CONN), 1);
	assert_int_equal(world->target.logins, 2);
}

static bool is_back_again(struct world *world)
{
	return first(world)->state == SESSION_LOGGED_IN && world_requests(world, ISCSI_UEVENT_START_CONN) == 3;
}

static bool is_back_anew(struct world *world)
{
	return first(world)->state == SESSION_LOGGED_IN && world_requests(world, ISCSI_UEVENT_START_CONN) == 4;
}

/* The connection is lost so long after the login, whatever the machine is busy with. */
static void lose_after(struct session *session, uint64_t stood_ms)
{
	session->time2wait_sec = 0;
	session->logged_in_ms = loop_now_ms() - stood_ms;
	quick_time_watch(session->timer);
	conn_event(&session->conn, CONN_EVENT_LOST);
}

/* A target that drops the session right behind each login is not asked at full speed. */
static void test_relapses_are_paused_for(void **state)
{
	struct world *world = *state;
	struct session *session = world_logged_in(world);

	session->negotiated_time2wait_sec = 0;
	lose_after(session, 0);
	assert_int_equal(quick_time_first_ms, 0);
	world_run(world, is_back);
	lose_after(session, 0);
	assert_int_equal(session->relapses, 2);
	assert_true(quick_time_first_ms >= 1000);
	world_run(world, is_back_again);
	assert_true(loop_now_ms() - session->began_ms >= 1000);
	lose_after(session, 3000);
	assert_int_equal(session->relapses, 0);
	assert_int_equal(quick_time_first_ms, 0);
	world_run(world, is_back_anew);
}

static void test_target_answers_later(void **state)
{
	struct world *world = *state;
	struct session *session = world_logged_in(world);

	world->target.status = ISCSI_LOGIN_DETAIL_SERVICE_UNAVAILABLE;
	world->target.status_times = 1;
	world_conn_error(world, session->sid);
	world_run(world, is_back);
	assert_int_equal(world->target.logins, 3);
}

/* An authentication failure ends a first login; a session with disks on it is not given up for it.
 */
static void test_refusal_does_not_end_it(void **state)
{
	struct world *world = *state;
	struct session *session = world_logged_in(world);

	world->target.status = ISCSI_LOGIN_DETAIL_AUTHENTICATION_FAILURE;
	world->target.status_times = 1;
	world_conn_error(world, session->sid);
	world_run(world, is_back);
}

static void test_reopen_max(void **state)
{
	struct world *world = *state;
	struct session *session = world_logged_in(world);

	world_set(session, F_NODE_SESSION_REOPEN_MAX, "2");
	world->target.status = ISCSI_LOGIN_DETAIL_TARGET_ERROR;
	world_conn_error(world, session->sid);
	world_run(world, is_gone);
	assert_int_equal(world->target.logins, 3);
	assert_int_equal(world_requests(world, ISCSI_UEVENT_DESTROY_SESSION_ASYNC), 1);
}

static void test_logout_in_recovery_is_at_once(void **state)
{
	struct world *world = *state;
	struct session *session = world_logged_in(world);
	uint64_t began_ms;

	world->target.is_silent = true;
	session->time2wait_sec = 30;
	world_conn_error(world, session->sid);
	world_run(world, is_lost);
	began_ms = loop_now_ms();
	logout_start(session, world_ended, world);
	world_run(world, world_two_ended);
	assert_int_equal(world->err[1], ISCSI_ERR_SUCCESS);
	assert_true(loop_now_ms() - began_ms < 15000);
	assert_null(first(world));
}

/* The redirect leads to the same port; what matters is that it is followed, and not for ever. */
static void test_redirects(void **state)
{
	struct world *world = *state;
	struct session *session = world_logged_in(world);

	snprintf(world->target.redirect, sizeof(world->target.redirect), "127.0.0.1:%d,1", world->target.port);
	world->target.status_times = 3;
	world_conn_error(world, session->sid);
	world_run(world, is_back);
	assert_int_equal(world->target.logins, 5);
}

/* A second address of the same target, and what the session takes for its home afterwards. */
static struct session *after_redirect(struct world *world, bool for_good)
{
	struct session *session = world_logged_in(world);

	snprintf(world->target.redirect, sizeof(world->target.redirect), "127.0.0.2:%d,1", world->target.port);
	world->target.moves_for_good = for_good;
	world->target.status_times = 1;
	world_conn_error(world, session->sid);
	world_run(world, is_back);
	assert_int_equal(world->target.logins, 3);
	assert_int_equal(session->attempts, 1);
	return session;
}

static uint32_t home_address(const struct session *session, unsigned int index)
{
	const struct sockaddr_in *four = (const void *)&session->home.list[index];

	return ntohl(four->sin_addr.s_addr);
}

static bool is_quiet(struct world *world)
{
	return !world->daemon.works && !pool_busy(world->daemon.scans);
}

static void test_temporary_redirect_is_forgotten(void **state)
{
	struct session *session = after_redirect(*state, false);

	assert_int_equal(session->home.count, 1);
	assert_int_equal(home_address(session, 0), 0x7f000001);
	attempt_first_address(session);
	assert_int_equal(attempt_address(session)->ss_family, AF_INET);
	assert_memory_equal(attempt_address(session), &session->home.list[0], sizeof(struct sockaddr_in));
}

static void test_permanent_redirect_is_remembered(void **state)
{
	struct world *world = *state;
	struct session *session = after_redirect(world, true);
	struct state read_back;

	assert_int_equal(session->home.count, 2);
	assert_int_equal(home_address(session, 0), 0x7f000002);
	assert_int_equal(home_address(session, 1), 0x7f000001);
	world_run(world, is_quiet);
	assert_int_equal(state_load(world->dir, session->sid, &read_back), 0);
	assert_int_equal(read_back.addresses.count, 2);
	assert_memory_equal(&read_back.addresses.list[0], &session->home.list[0], sizeof(struct sockaddr_in));
	state_done(&read_back);
}

/* Nothing listens at the new place: the old one is not forgotten. */
static void test_permanent_redirect_to_nowhere(void **state)
{
	struct world *world = *state;
	struct session *session = world_logged_in(world);

	snprintf(world->target.redirect, sizeof(world->target.redirect), "127.0.0.2:1,1");
	world->target.moves_for_good = true;
	world->target.status_times = 1;
	world_conn_error(world, session->sid);
	world_run(world, is_back);
	assert_int_equal(world->target.logins, 3);
	assert_int_equal(session->home.count, 1);
}

static void test_redirect_without_end(void **state)
{
	struct world *world = *state;
	struct session *session = world_session(world, 0);

	snprintf(world->target.redirect, sizeof(world->target.redirect), "127.0.0.1:%d,1", world->target.port);
	world_set(session, F_NODE_SESSION_LOGIN_REDIRECT_MAX, "3");
	world_set(session, F_NODE_SESSION_INITIAL_LOGIN_RETRY_MAX, "0");
	start_login(session, world_ended, world);
	world_run(world, world_one_ended);
	assert_int_equal(world->err[0], ISCSI_ERR_TRANS_TIMEOUT);
	assert_int_equal(world->target.logins, 4);
	assert_non_null(strstr(world->sentence[0], "redirected more than 3 times"));
}

static void send_async(struct world *world, int sid, uint8_t event)
{
	struct pdu pdu = {
		.async = {
			.opcode = ISCSI_PDU_ASYNC_MESSAGE, .flags = ISCSI_BIT_FINAL, .event = event, .tag = htonl(ISCSI_TAG_NONE)}};

	world_pdu(world, sid, &pdu);
}

static void test_target_asks_for_logout(void **state)
{
	struct world *world = *state;
	struct session *session = world_logged_in(world);

	send_async(world, session->sid, ISCSI_ASYNC_EVENT_REQUEST_LOGOUT);
	world_run(world, is_back);
	assert_int_equal(world_requests(world, ISCSI_UEVENT_SEND_PDU), 1);
	assert_int_equal(world_requests(world, ISCSI_UEVENT_UNBIND_SESSION), 0);
}

static void test_target_asks_for_negotiation(void **state)
{
	struct world *world = *state;

	send_async(world, world_logged_in(world)->sid, ISCSI_ASYNC_EVENT_REQUEST_NEGOTIATION);
	world_run(world, is_back);
	assert_int_equal(world_requests(world, ISCSI_UEVENT_SEND_PDU), 0);
}

static bool pdu_went_out(struct world *world)
{
	return world_requests(world, ISCSI_UEVENT_SEND_PDU) == 1;
}

static void test_ping_with_data_is_answered(void **state)
{
	struct world *world = *state;
	struct session *session = world_logged_in(world);
	struct pdu pdu = {
		.nop_in = {.opcode = ISCSI_PDU_NOP_IN, .flags = ISCSI_BIT_FINAL, .itt = htonl(ISCSI_TAG_NONE), .ttt = htonl(7)}};

	assert_int_equal(pdu_set_data(&pdu, "ping", 4), 0);
	world_pdu(world, session->sid, &pdu);
	world_run(world, pdu_went_out);
	pdu_done(&pdu);
}

static void test_time2wait_has_a_limit(void **state)
{
	struct world *world = *state;
	struct session *session = world_logged_in(world);
	struct pdu pdu = {.async = {.opcode = ISCSI_PDU_ASYNC_MESSAGE,
				    .flags = ISCSI_BIT_FINAL,
				    .event = ISCSI_ASYNC_EVENT_DROP_CONNECTION,
				    .tag = htonl(ISCSI_TAG_NONE)}};

	pdu.async.parameter2 = htons(17);
	world_pdu(world, session->sid, &pdu);
	world_pass(world, 30);
	assert_int_equal(session->time2wait_sec, 17);
	pdu.async.event = ISCSI_ASYNC_EVENT_DROP_SESSION;
	pdu.async.parameter2 = htons(65535);
	world_pdu(world, session->sid, &pdu);
	world_pass(world, 30);
	assert_int_equal(session->time2wait_sec, 3600);
	assert_int_equal(session->conn.state, CONN_LOGGED_IN);
}

/* The adapter is pulled while its session is in recovery. */
static void test_host_gone_in_recovery(void **state)
{
	struct world *world = *state;
	struct session *session = world_logged_in(world);

	world->target.is_silent = true;
	world_conn_error(world, session->sid);
	world_run(world, is_lost);
	world_send_event(&world->kernel, ISCSI_KEVENT_CONN_ERROR,
			 (uint32_t[]){(uint32_t)session->sid, 0, ISCSI_CONN_ERROR_INVALID_HOST}, "", 0);
	world_run(world, is_gone);
	assert_int_equal(world_requests(world, ISCSI_UEVENT_DESTROY_SESSION_ASYNC), 1);
}

static unsigned int lines;

static void count_line(enum log_level level, const char *line)
{
	lines += strstr(line, "not logged in again") || strstr(line, "rejected") != NULL;
}

static bool three_attempts(struct world *world)
{
	return first(world)->attempts >= 3;
}

static unsigned int lines_of_three_attempts(struct world *world, const char *frequency)
{
	struct session *session = world_logged_in(world);

	world_set(session, F_NODE_SESSION_SESS_REOPEN_LOG_FREQ, frequency);
	world->target.status = ISCSI_LOGIN_DETAIL_TARGET_ERROR;
	lines = 0;
	log_divert(count_line);
	world_conn_error(world, session->sid);
	world_run(world, three_attempts);
	log_divert(NULL);
	return lines;
}

static void test_every_attempt_is_logged(void **state)
{
	assert_in_range(lines_of_three_attempts(*state, "0"), 2, 3);
}

static void test_every_third_attempt_is_logged(void **state)
{
	assert_int_equal(lines_of_three_attempts(*state, "3"), 1);
}

/* A target may talk as much as it likes. */
static void test_rejects_do_not_fill_the_log(void **state)
{
	struct world *world = *state;
	struct session *session = world_logged_in(world);
	struct pdu pdu = {.bhs = {.opcode = ISCSI_PDU_REJECT, .flags = ISCSI_BIT_FINAL}};

	lines = 0;
	log_divert(count_line);
	for (int i = 0; i < 50; i++)
		world_pdu(world, session->sid, &pdu);
	world_pass(world, 100);
	log_divert(NULL);
	assert_int_equal(lines, 10);
	assert_int_equal(session->conn.state, CONN_LOGGED_IN);
}

/* PDUs that make no sense, and events of sessions that are not ours, change nothing. */
static void test_nonsense(void **state)
{
	struct world *world = *state;
	struct session *session = world_logged_in(world);
	struct pdu pdu = {.bhs = {.opcode = ISCSI_PDU_LOGIN_RESPONSE}};

	world_pdu(world, session->sid, &pdu);
	pdu.bhs.opcode = ISCSI_PDU_LOGOUT_RESPONSE;
	world_pdu(world, session->sid, &pdu);
	world_pdu(world, 99, &pdu);
	world_conn_error(world, 99);
	send_async(world, session->sid, 77);
	send_async(world, session->sid, ISCSI_ASYNC_EVENT_REQUEST_LOGOUT);
	world_run(world, is_back);
	assert_int_equal(world->daemon.dropped_messages, 4);
	assert_int_equal(world_requests(world, ISCSI_UEVENT_STOP_CONN), 1);
}

/* Events were lost and sysfs cannot be read: that says nothing about the session. */
static void test_unreadable_is_not_gone(void **state)
{
	struct world *world = *state;
	struct session *session = world_logged_in(world);
	struct rlimit before, none;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = (struct rlimit){.rlim_cur = 0, .rlim_max = before.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	adopt_compare(&world->daemon);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_ptr_equal(first(world), session);
	assert_int_equal(session->state, SESSION_LOGGED_IN);
}

#define WORLD_TEST(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_same_identity_and_right_cmdsn),
		WORLD_TEST(test_many_errors_one_recovery),
		WORLD_TEST(test_relapses_are_paused_for),
		WORLD_TEST(test_target_answers_later),
		WORLD_TEST(test_refusal_does_not_end_it),
		WORLD_TEST(test_reopen_max),
		WORLD_TEST(test_logout_in_recovery_is_at_once),
		WORLD_TEST(test_redirects),
		WORLD_TEST(test_temporary_redirect_is_forgotten),
		WORLD_TEST(test_permanent_redirect_is_remembered),
		WORLD_TEST(test_permanent_redirect_to_nowhere),
		WORLD_TEST(test_redirect_without_end),
		WORLD_TEST(test_time2wait_has_a_limit),
		WORLD_TEST(test_host_gone_in_recovery),
		WORLD_TEST(test_every_attempt_is_logged),
		WORLD_TEST(test_every_third_attempt_is_logged),
		WORLD_TEST(test_rejects_do_not_fill_the_log),
		WORLD_TEST(test_target_asks_for_logout),
		WORLD_TEST(test_target_asks_for_negotiation),
		WORLD_TEST(test_ping_with_data_is_answered),
		WORLD_TEST(test_nonsense),
		WORLD_TEST(test_unreadable_is_not_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
