/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How the topology is put together and judged: order, portals, the daemon's word on lost sessions, health of the whole from its
 * parts. Sessions and the daemon are made up; tests/adm-topology draws whole trees.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "adm/topology.h"
#include "tests/unit/fake_daemon.h"

static int start(void **state)
{
	return fake_start();
}

static int stop(void **state)
{
	fake_stop();
	return 0;
}

static void make(struct sysfs_session *session, uint32_t sid, const char *target, const char *address, const char *netdev)
{
	*session = (struct sysfs_session){ .sid = sid, .host_no = sid, .tpgt = 1, .persistent_port = 3260, .port = 3260, .creator = 7 };
	snprintf(session->transport, sizeof(session->transport), "tcp");
	snprintf(session->target_name, sizeof(session->target_name), "%s", target);
	snprintf(session->persistent_address, sizeof(session->persistent_address), "%s", address);
	snprintf(session->iface_name, sizeof(session->iface_name), "%s", "default");
	snprintf(session->netdev, sizeof(session->netdev), "%s", netdev);
	snprintf(session->state, sizeof(session->state), "LOGGED_IN");
}

/* Five sessions: of two NICs out of order, one without a target (being made), one lost, one that iscsid repairs. */
static void make_all(struct adm *adm)
{
	adm->sessions = calloc(5, sizeof(*adm->sessions));
	adm->session_marked = calloc(5, sizeof(*adm->session_marked));
	assert_non_null(adm->sessions);
	adm->session_count = 5;
	adm->session_level = SYSFS_FULL;
	adm->sessions_read = true;
	make(&adm->sessions[0], 1, "iqn.x:a", "10.0.0.2", "lab10");
	make(&adm->sessions[1], 2, "iqn.x:a", "10.0.0.2", "lab9");
	make(&adm->sessions[2], 3, "iqn.x:b", "10.0.0.10", "lab9");
	make(&adm->sessions[3], 4, "", "10.0.0.2", "lab9");
	make(&adm->sessions[4], 5, "iqn.x:b", "10.0.0.2", "lab10");
	snprintf(adm->sessions[2].state, sizeof(adm->sessions[2].state), "FAILED");
}

static void test_gather(void **state)
{
	struct args args = { 0 };
	struct topology topology;
	struct adm adm;

	adm_init(&adm, &args);
	make_all(&adm);
	assert_int_equal(topology_gather(&adm, &topology), ISCSI_ERR_SUCCESS);
	assert_int_equal(topology.port_count, 2);
	assert_string_equal(topology.ports[0].name, "lab9");
	assert_string_equal(topology.ports[1].name, "lab10");
	assert_int_equal(topology.portal_count, 3);
	assert_string_equal(topology.portals[0].address, "10.0.0.2");
	assert_string_equal(topology.portals[1].address, "10.0.0.10");
	assert_int_equal(topology.portals[1].port, 0);
	assert_int_equal(topology.portals[2].port, 1);
	assert_int_equal(topology.session_count, 4);
	assert_int_equal(topology.sessions[0].session->sid, 2);
	assert_int_equal(topology.sessions[1].session->sid, 3);
	assert_int_equal(topology.sessions[2].session->sid, 1);
	assert_int_equal(topology.sessions[3].session->sid, 5);
	assert_int_equal(topology.sessions[3].portal, 2);
	topology_done(&topology);
	adm_done(&adm);
}

/*
 * A session under repair is a warning, a lost one bad, and of mixed parts the whole is a warning. The NICs are not ours to see: one
 * that has a healthy session must be somewhere, the other one is taken as absent.
 */
static void test_health(void **state)
{
	struct args args = { 0 };
	struct topology topology;
	struct adm adm;

	adm_init(&adm, &args);
	make_all(&adm);
	assert_int_equal(topology_gather(&adm, &topology), ISCSI_ERR_SUCCESS);
	assert_string_equal(topology.sessions[0].daemon_state, "REOPEN");
	assert_int_equal(topology.sessions[0].health, HEALTH_WARNING);
	assert_string_equal(topology.sessions[1].daemon_state, "");
	assert_int_equal(topology.sessions[1].health, HEALTH_BAD);
	assert_int_equal(topology.sessions[2].health, HEALTH_GOOD);
	assert_int_equal(topology.portals[1].health, HEALTH_BAD);
	assert_int_equal(topology.portals[2].health, HEALTH_GOOD);
	assert_int_equal(topology.portals[2].sessions, 2);
	assert_string_equal(topology.ports[0].state, "absent");
	assert_int_equal(topology.ports[0].health, HEALTH_BAD);
	assert_string_equal(topology.ports[1].state, "");
	assert_int_equal(topology.ports[1].health, HEALTH_GOOD);
	topology_done(&topology);
	adm_done(&adm);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gather),
		cmocka_unit_test(test_health),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
