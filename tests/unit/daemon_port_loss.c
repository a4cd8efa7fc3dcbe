/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sessions whose port goes and returns: who fails now and for how long, who waits and who does not, what a restarted daemon knows. */
#include "tests/unit/daemon_world.h"

#include "daemon/adopt.h"
#include "daemon/attempt.h"
#include "daemon/fast_fail.h"
#include "daemon/logout.h"
#include "daemon/port_loss.h"
#include "daemon/recovery.h"
#include "daemon/state.h"
#include "iface/port.h"
#include "tests/unit/quick_time.h"

#define TIMEOUT_FOLDER "class/iscsi_session/session1"
#define CAPS_CARD (ISCSI_CAP_RECOVERY_L0 | ISCSI_CAP_MULTI_R2T | ISCSI_CAP_TEXT_NEGO | ISCSI_CAP_HDRDGST | ISCSI_CAP_DATADGST)

static struct port_address loopback_addresses[] = {
	{.family = AF_INET, .bytes = {127, 0, 0, 1}, .prefix_len = 8, .is_usable = true},
	{.family = AF_INET6, .bytes = {[15] = 1}, .prefix_len = 128, .is_usable = true},
};

/* The sessions of these tests really leave from there. */
static struct port loopback(void)
{
	return (struct port){.kind = PORT_NIC,
			     .netdev = "lo",
			     .ifindex = 1,
			     .is_up = true,
			     .has_carrier = true,
			     .addresses = loopback_addresses,
			     .address_count = 2};
}

static struct session *first(struct world *world)
{
	return TAILQ_FIRST(&world->daemon.sessions);
}

static bool is_back(struct world *world)
{
	return first(world)->state == SESSION_LOGGED_IN && world_requests(world, ISCSI_UEVENT_START_CONN) == 2;
}

static bool is_quiet(struct world *world)
{
	return !world->daemon.works && !pool_busy(world->daemon.scans);
}

static struct session *bound_session(struct world *world)
{
	struct session *session = world_session(world, 0);

	world_set(session, F_IFACE_ISCSI_IFACENAME, "storage");
	world_set(session, F_IFACE_NET_IFACENAME, "lo");
	return session;
}

/* Logged in through the loopback; what the record says of the recovery timeout is 7. */
static struct session *on_loopback(struct world *world)
{
	struct session *session = bound_session(world);

	world_set(session, F_NODE_SESSION_TIMEO_REPLACEMENT_TIMEOUT, "7");
	world_file(world, TIMEOUT_FOLDER, "recovery_tmo", "7\n");
	start_login(session, world_ended, world);
	world_run(world, world_one_ended);
	assert_int_equal(world->err[0], ISCSI_ERR_SUCCESS);
	session->negotiated_time2wait_sec = session->time2wait_sec = 0;
	return session;
}

/* As the iface manager makes them. */
static struct session *managed(struct world *world, const char *fast_fail)
{
	struct session *session = on_loopback(world);

	world_set(session, F_IFACE_BIND, "reachable");
	world_set(session, F_IFACE_FAST_FAIL, fast_fail);
	return session;
}

static const char *timeout_now(struct world *world)
{
	static char text[16];

	assert_true(sysfs_read(world->dir, TIMEOUT_FOLDER "/recovery_tmo", text, sizeof(text)) > 0);
	return text;
}

/* The state file's, as a restarted daemon would read it; -2 if there is none. */
static int64_t remembered_timeout(struct world *world)
{
	struct state state;
	int64_t sec;

	world_run(world, is_quiet);
	assert_int_equal(state_load(world->dir, 1, &state), 0);
	sec = state.has_former_timeout ? state.former_timeout_sec : -2;
	state_done(&state);
	return sec;
}

/* ---- losing it ---- */

static void test_io_fails_now(void **state)
{
	struct world *world = *state;
	struct session *session = managed(world, "3");
	struct port port = loopback();

	port_loss_lost(&world->daemon, &port, "removed");
	assert_int_equal(session->state, SESSION_FAILED);
	assert_int_equal(session->conn.state, CONN_CLEANUP_WAIT);
	assert_true(port_loss_is_lost(&world->daemon, session));
	assert_string_equal(timeout_now(world), "3");
	assert_int_equal(world_requests(world, ISCSI_UEVENT_STOP_CONN), 1);
	assert_int_equal(remembered_timeout(world), 7);
	port_loss_lost(&world->daemon, &port, "removed");
	world_pass(world, 100);
	assert_int_equal(world_requests(world, ISCSI_UEVENT_STOP_CONN), 1);
	assert_int_equal(world->target.logins, 1);

	port_loss_returned(&world->daemon, &port, "added");
	world_run(world, is_back);
	assert_false(port_loss_is_lost(&world->daemon, session));
	assert_int_equal(world_requests(world, ISCSI_UEVENT_CREATE_SESSION), 1);
	assert_string_equal(timeout_now(world), "7");
	assert_int_equal(remembered_timeout(world), -2);
}

/* Nobody has written sysfs: SET_PARAM is enough, and the kernel goes on taking it. */
static void test_timeout_by_netlink(void **state)
{
	struct world *world = *state;
	struct session *session = managed(world, "0");
	struct port port = loopback();

	snprintf(world->kernel.timeout_path, sizeof(world->kernel.timeout_path), "%s/" TIMEOUT_FOLDER "/recovery_tmo", world->dir);
	world_file(world, TIMEOUT_FOLDER, "recovery_tmo", "120\n");
	world_set(session, F_NODE_SESSION_TIMEO_REPLACEMENT_TIMEOUT, "60");
	port_loss_lost(&world->daemon, &port, "link down");
	assert_string_equal(timeout_now(world), "0");
	port_loss_returned(&world->daemon, &port, "link up");
	world_run(world, is_back);
	assert_string_equal(timeout_now(world), "120");
}

/* What is held for a shorter time already stays as it is, for ever comes back as for ever. */
static void test_timeouts(void **state)
{
	static const struct {
		const char *before, *fast_fail, *during;
		int64_t remembered;
	} rows[] = {
		{"5", "8", "5", -2}, {"8", "8", "8", -2}, {"8", "5", "5", 8}, {"off", "5", "5", -1}, {"8", "-1", "8", -2},
	};
	struct world *world = *state;
	struct session *session = managed(world, "3");

	snprintf(world->kernel.timeout_path, sizeof(world->kernel.timeout_path), "%s/" TIMEOUT_FOLDER "/recovery_tmo", world->dir);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		world_file(world, TIMEOUT_FOLDER, "recovery_tmo", rows[i].before);
		world_set(session, F_IFACE_FAST_FAIL, rows[i].fast_fail);
		fast_fail_begin(session);
		assert_string_equal(timeout_now(world), rows[i].during);
		assert_int_equal(remembered_timeout(world), rows[i].remembered);
		fast_fail_end(session);
		assert_int_equal(remembered_timeout(world), -2);
		if (rows[i].remembered != -1)
			assert_string_equal(timeout_now(world), rows[i].before);
		else
			assert_string_equal(timeout_now(world), "-1");
	}
}

/* Another program has set it meanwhile. */
static void test_timeout_of_somebody_else(void **state)
{
	struct world *world = *state;
	struct session *session = managed(world, "3");

	fast_fail_begin(session);
	world_file(world, TIMEOUT_FOLDER, "recovery_tmo", "4");
	fast_fail_end(session);
	assert_string_equal(timeout_now(world), "4");
	assert_false(session->has_former_timeout);
}

static void expect_connected(struct world *world, const struct session *session)
{
	struct port port = loopback();

	port_loss_lost(&world->daemon, &port, "link down");
	assert_int_equal(session->state, SESSION_LOGGED_IN);
	assert_string_equal(timeout_now(world), "7");
	assert_int_equal(world_requests(world, ISCSI_UEVENT_STOP_CONN), 0);
	port_loss_returned(&world->daemon, &port, "link up");
	assert_false(port_loss_is_lost(&world->daemon, session));
	world_pass(world, 50);
	assert_int_equal(session->state, SESSION_LOGGED_IN);
}

static void test_unmanaged_is_left_alone(void **state)
{
	expect_connected(*state, on_loopback(*state));
}

static void test_root_disk_is_waited_for(void **state)
{
	static const struct boot_place place = {.target = "target0"};
	struct session *session = managed(*state, "0");

	session->boot = &place;
	expect_connected(*state, session);
}

static void test_onboot_is_waited_for(void **state)
{
	struct session *session = managed(*state, "0");

	world_set(session, F_NODE_STARTUP, "onboot");
	expect_connected(*state, session);
}

/* It says how long I/O is held, not whether it is worth waiting. */
static void test_off_only_holds_longer(void **state)
{
	struct world *world = *state;
	struct session *session = managed(world, "-1");
	struct port port = loopback();

	port_loss_lost(&world->daemon, &port, "removed");
	assert_int_equal(session->state, SESSION_FAILED);
	assert_string_equal(timeout_now(world), "7");
}

static void test_others_are_left_alone(void **state)
{
	struct world *world = *state;
	struct session *session = managed(world, "3");
	struct port port = loopback();

	snprintf(port.netdev, sizeof(port.netdev), "lo1");
	port_loss_lost(&world->daemon, &port, "removed");
	port = (struct port){.kind = PORT_HBA, .host_no = (uint32_t)session->host_no, .transport = "bnx2i"};
	port_loss_lost(&world->daemon, &port, "link down");
	assert_int_equal(session->state, SESSION_LOGGED_IN);
	assert_false(port_loss_is_lost(&world->daemon, session));
}

/* ---- while it is lost ---- */

static unsigned int lines;

static void count_line(enum log_level level, const char *line)
{
	lines += level <= LOG_LEVEL_INFO;
}

static bool is_trying(struct world *world)
{
	return first(world)->conn.state == CONN_IN_LOGIN;
}

static bool is_failed(struct world *world)
{
	return first(world)->state == SESSION_FAILED;
}

static bool is_without_nic(struct world *world)
{
	return first(world)->failure.err == ISCSI_ERR_AGAIN;
}

static bool is_without_way(struct world *world)
{
	return first(world)->state == SESSION_FAILED && first(world)->is_unreachable;
}

static bool is_parked(struct world *world)
{
	struct session *session = first(world);

	return session->conn.state == CONN_FREE || session->conn.state == CONN_CLEANUP_WAIT;
}

static unsigned int logins_wanted;

static bool has_tried(struct world *world)
{
	return world->target.logins == logins_wanted && is_parked(world);
}

/* Attempts come every half a minute: here one of them is made to come now. It fails, and nobody hears of it. */
static void test_parked_attempts_do_not_count(void **state)
{
	struct world *world = *state;
	struct session *session = managed(world, "3");
	struct port port = loopback();

	world_set(session, F_NODE_SESSION_REOPEN_MAX, "1");
	world->target.status = ISCSI_LOGIN_DETAIL_TARGET_ERROR;
	port_loss_lost(&world->daemon, &port, "removed");
	lines = 0;
	log_divert(count_line);
	for (unsigned int i = 0; i < 3; i++) {
		loop_timer_set(session->timer, 0);
		logins_wanted = i + 2;
		world_run(world, has_tried);
		assert_int_equal(session->attempts, 0);
	}
	log_divert(NULL);
	assert_int_equal(world->target.logins, 4);
	assert_int_equal(lines, 0);
	assert_ptr_equal(first(world), session);
}

/* The picture was wrong: the slow attempt gets through. */
static void test_slow_attempt_gets_through(void **state)
{
	struct world *world = *state;
	struct session *session = managed(world, "3");
	struct port port = loopback();

	port_loss_lost(&world->daemon, &port, "removed");
	loop_timer_set(session->timer, 0);
	world_run(world, is_back);
	assert_false(port_loss_is_lost(&world->daemon, session));
	assert_string_equal(timeout_now(world), "7");
}

/* The slow attempt hangs when the port returns: it is not waited for. */
static void test_return_in_a_slow_attempt(void **state)
{
	struct world *world = *state;
	struct session *session = managed(world, "3");
	struct port port = loopback();
	uint64_t began_ms;

	world_set(session, F_NODE_CONN_TIMEO_LOGIN_TIMEOUT, "30");
	port_loss_lost(&world->daemon, &port, "removed");
	world->target.is_silent = true;
	loop_timer_set(session->timer, 0);
	world_run(world, is_trying);
	world->target.is_silent = false;
	began_ms = loop_now_ms();
	port_loss_returned(&world->daemon, &port, "added");
	lines = 0;
	log_divert(count_line);
	port_loss_returned(&world->daemon, &port, "address added");
	log_divert(NULL);
	assert_int_equal(lines, 0);
	world_run(world, is_back);
	assert_true(loop_now_ms() - began_ms < 10000);
	assert_int_equal(session->attempts, 1);
}

static void test_logout_is_at_once(void **state)
{
	struct world *world = *state;
	struct session *session = managed(world, "0");
	struct port port = loopback();
	uint64_t began_ms;

	port_loss_lost(&world->daemon, &port, "removed");
	began_ms = loop_now_ms();
	logout_start(session, world_ended, world);
	world_run(world, world_two_ended);
	assert_int_equal(world->err[1], ISCSI_ERR_SUCCESS);
	assert_true(loop_now_ms() - began_ms < 5000);
	port_loss_returned(&world->daemon, &port, "added");
	assert_null(first(world));
}

/* It was about to be logged out when the port went: nobody is left to say goodbye to. */
static void test_lost_during_logout(void **state)
{
	struct world *world = *state;
	struct session *session = managed(world, "0");
	struct port port = loopback();

	world->kernel.ignores_unbind = true;
	world_set(session, F_NODE_CONN_TIMEO_LOGOUT_TIMEOUT, "30");
	logout_start(session, world_ended, world);
	port_loss_lost(&world->daemon, &port, "removed");
	world_run(world, world_two_ended);
	assert_int_equal(world->err[1], ISCSI_ERR_SUCCESS);
}

/* A hand-made iface: what is found out the slow way is parked, too. */
static void test_unmanaged_recovery_is_parked(void **state)
{
	struct world *world = *state;
	struct session *session = on_loopback(world);
	struct port port = loopback();

	port_loss_lost(&world->daemon, &port, "link down");
	world_conn_error(world, session->sid);
	world_run(world, is_failed);
	world_pass(world, 100);
	assert_int_equal(world->target.logins, 1);
	port_loss_returned(&world->daemon, &port, "link up");
	world_run(world, is_back);
}

/* First the connection, then the port. */
static void test_recovery_under_way_is_parked(void **state)
{
	struct world *world = *state;
	struct session *session = on_loopback(world);
	struct port port = loopback();

	world->target.is_silent = true;
	world_conn_error(world, session->sid);
	world_run(world, is_trying);
	port_loss_lost(&world->daemon, &port, "link down");
	assert_true(is_parked(world));
	assert_int_equal(session->attempts, 0);
	world->target.is_silent = false;
	port_loss_returned(&world->daemon, &port, "link up");
	world_run(world, is_back);
}

/* ---- its return ---- */

/* The way is there a moment later than the port. */
static void test_neighbour_is_late(void **state)
{
	struct world *world = *state;
	struct session *session = managed(world, "3");
	struct sockaddr_in *home = (void *)&session->home.list[0];
	struct port port = loopback();

	port_loss_lost(&world->daemon, &port, "no carrier");
	port_loss_returned(&world->daemon, &port, "up");
	lines = 0;
	log_divert(count_line);
	/* TCP to a broadcast address: ENETUNREACH. */
	home->sin_addr.s_addr = htonl(0x7fffffff);
	world_run(world, is_without_way);
	home->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	log_divert(NULL);
	assert_int_equal(lines, 0);
	world_run(world, is_back);
	assert_int_equal(session->attempts, 1);
	/* Later a way that is not there is a failure like others. */
	session->kicked_ms -= 3000;
	home->sin_addr.s_addr = htonl(0x7fffffff);
	world_conn_error(world, session->sid);
	world_run(world, is_without_way);
	assert_int_equal(session->attempts, 1);
}

static void test_time2wait_of_the_target_counts(void **state)
{
	struct world *world = *state;
	struct session *session = managed(world, "3");
	struct port port = loopback();

	session->time2wait_sec = 1;
	port_loss_lost(&world->daemon, &port, "link down");
	port_loss_returned(&world->daemon, &port, "link up");
	world_run(world, is_back);
	assert_in_range(loop_now_ms() - session->began_ms, 1000, 20000);
}

/* In recovery because of its target: whatever ports do, its pauses are kept. */
static void test_other_recoveries_are_left_alone(void **state)
{
	struct world *world = *state;
	struct session *session = managed(world, "3");
	struct port port = loopback();

	world->target.status = ISCSI_LOGIN_DETAIL_SERVICE_UNAVAILABLE;
	world->target.status_times = 1;
	world_conn_error(world, session->sid);
	logins_wanted = 2;
	world_run(world, has_tried);
	port_loss_returned(&world->daemon, &port, "link up");
	assert_int_equal(session->kicked_ms, 0);
	assert_int_equal(session->attempts, 1);
}

/* It lets the network choose, and the network has no way. Any NIC may be one. */
static void test_no_way(void **state)
{
	struct world *world = *state;
	struct session *session = on_loopback(world);
	struct sockaddr_in *home = (void *)&session->home.list[0];
	struct port port = loopback();

	world_set(session, F_IFACE_NET_IFACENAME, "");
	session->netdev[0] = '\0';
	home->sin_addr.s_addr = htonl(0x7fffffff);
	world_conn_error(world, session->sid);
	world_run(world, is_without_way);
	home->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	port_loss_lost(&world->daemon, &port, "removed");
	assert_false(session->is_port_lost);
	port_loss_returned(&world->daemon, &port, "added");
	world_run(world, is_back);
	/* The attempt that was under way, or the one behind it. */
	assert_in_range(session->attempts, 1, 2);
}

/* No iface to leave from was found when nobody had said that it was lost. */
static void test_nic_that_was_missed(void **state)
{
	struct world *world = *state;
	struct session *session = managed(world, "3");
	struct port port = loopback();

	world_set(session, F_IFACE_NET_IFACENAME, "nosuch0");
	world_conn_error(world, session->sid);
	world_run(world, is_without_nic);
	world_set(session, F_IFACE_NET_IFACENAME, "lo");
	port_loss_returned(&world->daemon, &port, "added");
	world_run(world, is_back);
	/* On a busy machine the next attempt may have been under way. */
	assert_in_range(session->attempts, 1, 2);
}

/* The first login of a session: its attempt ends with the port, the next begins with its return. */
static void test_first_login(void **state)
{
	struct world *world = *state;
	struct session *session = bound_session(world);
	struct port port = loopback();

	world_set(session, F_NODE_CONN_TIMEO_LOGIN_TIMEOUT, "30");
	world->target.is_silent = true;
	start_login(session, world_ended, world);
	world_run(world, is_trying);
	session->attempts = 5; /* the next one in 3 s */
	port_loss_lost(&world->daemon, &port, "removed");
	assert_int_equal(session->conn.state, CONN_FREE);
	assert_int_equal(session->failure.err, ISCSI_ERR_AGAIN);
	world->target.is_silent = false;
	quick_time_watch(session->timer);
	port_loss_returned(&world->daemon, &port, "added");
	world_run(world, world_one_ended);
	assert_int_equal(world->err[0], ISCSI_ERR_SUCCESS);
	assert_true(quick_time_first_ms < 1000);
}

static void test_one_address_family(void **state)
{
	struct world *world = *state;
	struct session *session = managed(world, "3");
	struct port both = loopback(), four = both, six = both;

	four.address_count = 1;
	six.addresses++;
	six.address_count = 1;
	port_loss_addresses(&world->daemon, &both, &four, "address removed");
	assert_int_equal(session->state, SESSION_LOGGED_IN);
	port_loss_addresses(&world->daemon, &both, &six, "address removed");
	assert_int_equal(session->state, SESSION_FAILED);
	/* IPv6 alone is not enough for it. */
	port_loss_returned(&world->daemon, &six, "up");
	assert_true(port_loss_is_lost(&world->daemon, session));
	port_loss_addresses(&world->daemon, &six, &both, "address added");
	world_run(world, is_back);
}

/* What an interface has by itself is no way to a target elsewhere. */
static void test_link_local_address(void **state)
{
	struct port_address addresses[] = {
		{.family = AF_INET6, .bytes = {0xfe, 0x80, [15] = 1}, .prefix_len = 64, .is_link_local = true, .is_usable = true},
		{.family = AF_INET6, .bytes = {0xfd, [15] = 1}, .prefix_len = 64, .is_usable = true},
	};
	struct world *world = *state;
	struct session *session = managed(world, "3");
	struct sockaddr_in6 *home = (void *)&session->home.list[0];
	struct port both = loopback(), local;

	*home = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_addr.s6_addr = {0xfe, 0x80, [15] = 9}};
	both.addresses = addresses;
	local = both;
	local.address_count = 1;
	port_loss_addresses(&world->daemon, &both, &local, "address removed");
	assert_int_equal(session->state, SESSION_LOGGED_IN);
	home->sin6_addr.s6_addr[0] = 0xfd;
	port_loss_addresses(&world->daemon, &both, &local, "address removed");
	assert_int_equal(session->state, SESSION_FAILED);
}

/* The address it leaves from is gone, the NIC has others. */
static void test_its_own_address(void **state)
{
	struct port_address other = {.family = AF_INET, .bytes = {127, 0, 0, 2}, .prefix_len = 8, .is_usable = true};
	struct world *world = *state;
	struct session *session = managed(world, "3");
	struct port before = loopback(), now = before;
	char folder[64];

	snprintf(folder, sizeof(folder), "class/iscsi_host/host%d", session->host_no);
	world_file(world, folder, "ipaddress", "127.0.0.1\n");
	now.addresses = &other;
	now.address_count = 1;
	port_loss_addresses(&world->daemon, &now, &before, "address added");
	assert_int_equal(session->state, SESSION_LOGGED_IN);
	port_loss_addresses(&world->daemon, &before, &now, "address removed");
	assert_int_equal(session->state, SESSION_FAILED);
	assert_false(port_loss_is_lost(&world->daemon, session));
	assert_string_equal(timeout_now(world), "7");
	world_run(world, is_back);
}

static void test_renamed(void **state)
{
	struct world *world = *state;
	struct session *session = managed(world, "3");
	struct port before = loopback(), now = before;

	snprintf(now.netdev, sizeof(now.netdev), "storage0");
	port_loss_renamed(&world->daemon, &before, &now);
	port_loss_lost(&world->daemon, &before, "removed");
	assert_int_equal(session->state, SESSION_LOGGED_IN);
	port_loss_lost(&world->daemon, &now, "removed");
	assert_int_equal(session->state, SESSION_FAILED);
}

/* A VLAN has the address of its NIC. */
static void test_shared_hwaddress(void **state)
{
	struct world *world = *state;
	struct session *session = managed(world, "3");
	struct port port = loopback();

	world_set(session, F_IFACE_NET_IFACENAME, "");
	world_set(session, F_IFACE_HWADDRESS, "02:00:00:00:00:01");
	snprintf(port.hwaddress, sizeof(port.hwaddress), "02:00:00:00:00:01");
	snprintf(port.netdev, sizeof(port.netdev), "lo.7");
	port_loss_lost(&world->daemon, &port, "removed");
	assert_int_equal(session->state, SESSION_LOGGED_IN);
	/* One of another program: the record is all that is known. */
	session->netdev[0] = '\0';
	port_loss_lost(&world->daemon, &port, "removed");
	assert_int_equal(session->state, SESSION_FAILED);
	/* There is no such NIC in truth. */
	port_loss_returned(&world->daemon, &port, "added");
	assert_true(port_loss_is_lost(&world->daemon, session));
}

/* ---- a restart in between ---- */

static struct session *restart(struct world *world, const char *session_state, const char *conn_state)
{
	struct session *session = first(world);
	struct sysfs_session found = {.sid = 1, .host_no = (uint32_t)session->host_no, .has_conn = true, .creator = 287,
				      .transport = "tcp", .target_state = "SCANNED"};

	snprintf(found.target_name, sizeof(found.target_name), "%s", session_target(session));
	snprintf(found.state, sizeof(found.state), "%s", session_state);
	snprintf(found.conn_state, sizeof(found.conn_state), "%s", conn_state);
	world_run(world, is_quiet);
	session_kill(session);
	adopt_session(&world->daemon, &found);
	assert_non_null(first(world));
	return first(world);
}

static void test_restart_while_lost(void **state)
{
	struct world *world = *state;
	struct session *session = managed(world, "3");
	struct port port = loopback();
	struct ports none = {.list = NULL};

	port_loss_lost(&world->daemon, &port, "removed");
	session = restart(world, "FREE", "failed");
	assert_int_equal(session->former_timeout_sec, 7);
	port_loss_first(&world->daemon, &none);
	assert_true(port_loss_is_lost(&world->daemon, session));
	world_pass(world, 100);
	assert_int_equal(world->target.logins, 1);
	assert_string_equal(timeout_now(world), "3");
	port_loss_returned(&world->daemon, &port, "added");
	world_run(world, is_back);
	assert_string_equal(timeout_now(world), "7");
	assert_int_equal(remembered_timeout(world), -2);
}

/* Killed between the login and the timeout. */
static void test_restart_behind_the_login(void **state)
{
	struct world *world = *state;
	struct session *session = managed(world, "3");
	struct port port = loopback();
	struct ports one = {.list = &port, .count = 1};

	fast_fail_begin(session);
	session = restart(world, "LOGGED_IN", "up");
	assert_string_equal(timeout_now(world), "7");
	assert_int_equal(remembered_timeout(world), -2);
	port_loss_first(&world->daemon, &one);
	assert_int_equal(session->state, SESSION_LOGGED_IN);
	assert_false(port_loss_is_lost(&world->daemon, session));
}

/* The port went while no daemon was there to see it. */
static void test_first_picture(void **state)
{
	struct world *world = *state;
	struct session *session = managed(world, "3");
	struct port port = loopback();
	struct ports one = {.list = &port, .count = 1};

	state_save(session);
	session = restart(world, "LOGGED_IN", "up");
	port.has_carrier = false;
	port_loss_first(&world->daemon, &one);
	assert_int_equal(session->state, SESSION_FAILED);
	assert_string_equal(timeout_now(world), "3");
	port.has_carrier = true;
	port_loss_returned(&world->daemon, &port, "carrier");
	world_run(world, is_back);
}

/* ---- adapters ---- */

static struct session *on_card(struct world *world, const char *transport, uint32_t caps)
{
	struct session *session = world_session(world, 0);

	world_driver(world, transport, caps);
	world_set(session, F_IFACE_TRANSPORT_NAME, transport);
	world_set(session, F_IFACE_BIND, "reachable");
	world_set(session, F_IFACE_FAST_FAIL, "3");
	world_set(session, F_NODE_SESSION_TIMEO_REPLACEMENT_TIMEOUT, "7");
	world_file(world, TIMEOUT_FOLDER, "recovery_tmo", "7\n");
	start_login(session, world_ended, world);
	world_run(world, world_one_ended);
	assert_int_equal(world->err[0], ISCSI_ERR_SUCCESS);
	session->negotiated_time2wait_sec = session->time2wait_sec = 0;
	return session;
}

static void link_event(struct world *world, const struct session *session, enum iscsi_host_event code)
{
	world_send_event(&world->kernel, ISCSI_KEVENT_HOST_EVENT, (uint32_t[]){(uint32_t)session->host_no, 0, code}, "", 0);
}

static bool is_told(struct world *world)
{
	return first(world)->is_port_lost;
}

static void test_link_of_a_card(void **state)
{
	struct world *world = *state;
	struct session *session = on_card(world, "be2iscsi", CAPS_CARD);

	link_event(world, session, ISCSI_HOST_EVENT_LINK_DOWN);
	world_run(world, is_told);
	assert_int_equal(session->state, SESSION_FAILED);
	assert_string_equal(timeout_now(world), "3");
	world_pass(world, 100);
	assert_int_equal(world->target.logins, 1);
	link_event(world, session, ISCSI_HOST_EVENT_LINK_UP);
	world_run(world, is_back);
	assert_string_equal(timeout_now(world), "7");
}

static void test_entity_of_a_card(void **state)
{
	struct world *world = *state;
	struct session *session = on_card(world, "be2iscsi", CAPS_CARD);
	struct port port = {.kind = PORT_HBA, .transport = "be2iscsi", .host_no = (uint32_t)session->host_no, .has_entity = true};

	port.is_v6 = true;
	port_loss_lost(&world->daemon, &port, "disabled");
	assert_int_equal(session->state, SESSION_LOGGED_IN);
	port.is_v6 = false;
	port_loss_lost(&world->daemon, &port, "disabled");
	assert_int_equal(session->state, SESSION_FAILED);
}

#define WORLD_TEST(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_io_fails_now),
		WORLD_TEST(test_timeout_by_netlink),
		WORLD_TEST(test_timeouts),
		WORLD_TEST(test_timeout_of_somebody_else),
		WORLD_TEST(test_unmanaged_is_left_alone),
		WORLD_TEST(test_root_disk_is_waited_for),
		WORLD_TEST(test_onboot_is_waited_for),
		WORLD_TEST(test_off_only_holds_longer),
		WORLD_TEST(test_others_are_left_alone),
		WORLD_TEST(test_parked_attempts_do_not_count),
		WORLD_TEST(test_slow_attempt_gets_through),
		WORLD_TEST(test_return_in_a_slow_attempt),
		WORLD_TEST(test_logout_is_at_once),
		WORLD_TEST(test_lost_during_logout),
		WORLD_TEST(test_unmanaged_recovery_is_parked),
		WORLD_TEST(test_recovery_under_way_is_parked),
		WORLD_TEST(test_neighbour_is_late),
		WORLD_TEST(test_time2wait_of_the_target_counts),
		WORLD_TEST(test_other_recoveries_are_left_alone),
		WORLD_TEST(test_no_way),
		WORLD_TEST(test_nic_that_was_missed),
		WORLD_TEST(test_first_login),
		WORLD_TEST(test_one_address_family),
		WORLD_TEST(test_link_local_address),
		WORLD_TEST(test_its_own_address),
		WORLD_TEST(test_renamed),
		WORLD_TEST(test_shared_hwaddress),
		WORLD_TEST(test_restart_while_lost),
		WORLD_TEST(test_restart_behind_the_login),
		WORLD_TEST(test_first_picture),
		WORLD_TEST(test_link_of_a_card),
		WORLD_TEST(test_entity_of_a_card),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
