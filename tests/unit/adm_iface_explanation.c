/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What `-o explain` says of what was gathered: one fact a line, and the same as JSON; what is not known is not said. Ports, verdicts
 * and ways are made up; tests/adm-records asks the program.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "adm/iface.h"
#include "tests/unit/fake_daemon.h"

static struct record iface;
static struct policy policy;

static void set(enum field field, const char *value)
{
	assert_int_equal(record_set(&iface, field, value, ORIGIN_RECORD), 0);
}

static int start(void **state)
{
	record_init(&iface, RECORD_IFACE);
	set(F_IFACE_ISCSI_IFACENAME, "tcp.02:00:00:00:00:03");
	set(F_IFACE_HWADDRESS, "02:00:00:00:00:03");
	set(F_IFACE_ORIGIN, "auto");
	set(F_IFACE_BIND, "reachable");
	set(F_IFACE_FAST_FAIL, "0");
	assert_int_equal(nics_parse("lab*", &policy.nics, NULL), 0);
	return 0;
}

static int stop(void **state)
{
	nics_free(policy.nics);
	record_done(&iface);
	return 0;
}

static struct port_address addresses[2] = {
	{ .family = AF_INET, .bytes = { 10, 9, 3, 10 }, .prefix_len = 24, .is_usable = true },
	{ .family = AF_INET6, .bytes = { 0xfd, 0, [15] = 3 }, .prefix_len = 64 },
};

static const struct port nic = {
	.kind = PORT_NIC, .driver = "virtio_net", .hwaddress = "02:00:00:00:00:03", .netdev = "lab3", .ifindex = 3,
	.path = "0000:00:05.0", .is_up = true, .has_carrier = true, .addresses = addresses, .address_count = 2,
};

static struct explained_portal portals[2] = {
	{ .key = { .target = "iqn.x:a", .portal = { "10.9.3.1", 3260, 1 } },
	  .verdict = { true, VERDICT_ROUTE, "route 10.9.3.0/24 on lab3 from 10.9.3.10" },
	  .is_discovered = true, .has_record = true, .startup = "automatic", .is_held = true, .sid = 7, .session_state = "LOGGED_IN" },
	{ .key = { .target = "iqn.x:b", .portal = { "fd00:4::1", 3260, -1 } },
	  .verdict = { false, VERDICT_NO_ROUTE, "no route to fd00:4::1 on lab3" } },
};

static struct explanation explain_all(void)
{
	return (struct explanation){ .iface = &iface, .port = &nic, .ports_were_read = true, .store_was_read = true, .policy = &policy,
				     .is_selected = true, .pattern = "lab*",
				     .verdict = { true, VERDICT_ROUTE, "lab3 is up and has 10.9.3.10/24" },
				     .portals = portals, .portal_count = 2, .is_flapping = ANSWER_NO,
				     .last_event = "port-up", .last_cause = "link is up", .last_sec = 12 };
}

static int print(void *data)
{
	explanation_text(data);
	return 0;
}

static int print_json(void *data)
{
	explanation_json(data);
	return 0;
}

static int as_json(void *data)
{
	return fake_json(print_json, data);
}

static void test_everything(void **state)
{
	struct explanation explanation = explain_all();

	fake_capture(print, &explanation);
	assert_string_equal(fake_out,
		"Iface: tcp.02:00:00:00:00:03\n"
		"Transport: tcp\n"
		"Origin: auto\n"
		"State: present\n"
		"Selected by iface.nics: yes, by lab*\n"
		"Binds itself: reachable\n"
		"Fails when the port is lost: after 0 s\n"
		"Held back: no\n"
		"Last event: port-up, link is up, 12 s ago\n"
		"Port: NIC lab3 (virtio_net, 0000:00:05.0)\n"
		"Hardware address: 02:00:00:00:00:03\n"
		"Link: up\n"
		"Addresses: 10.9.3.10/24, fd00::3/64 (not usable yet)\n"
		"Can be bound: yes, lab3 is up and has 10.9.3.10/24\n"
		"Portal: 10.9.3.1:3260,1 iqn.x:a: yes, route 10.9.3.0/24 on lab3 from 10.9.3.10; record automatic, logged out by hand; session 7 LOGGED_IN\n"
		"Portal: [fd00:4::1]:3260 iqn.x:b: no, no route to fd00:4::1 on lab3; no record; no session\n");
}

static void test_one_portal(void **state)
{
	struct explanation explanation = explain_all();

	explanation.has_portal = true;
	explanation.portals = &portals[1];
	explanation.portal_count = 1;
	portals[1].is_declined = true;
	fake_capture(print, &explanation);
	assert_non_null(strstr(fake_out, "Record: no, removed by hand\n"));
	portals[1].is_declined = false;
	explanation.portals = portals;
	explanation.is_flapping = ANSWER_YES;
	explanation.hold_sec = 12;
	fake_capture(print, &explanation);
	assert_non_null(strstr(fake_out, "Held back: the port was lost too often, it must be steady for 12 s more\n"));
	assert_non_null(strstr(fake_out, "\nPortal: 10.9.3.1:3260,1\n"
					 "Target: iqn.x:a\n"
					 "Bound: yes, route 10.9.3.0/24 on lab3 from 10.9.3.10\n"
					 "Record: yes, startup automatic, logged out by hand\n"
					 "Session: 7, LOGGED_IN\n"));
	assert_null(strstr(fake_out, "lab3 is up and has"));
}

/* A portal nobody has heard of, through an iface made by hand whose NIC is not there, where little may be read. */
static void test_little(void **state)
{
	struct explained_portal portal = { .key = { .portal = { "10.9.3.1", 3260, -1 } },
					   .verdict = { true, VERDICT_UNMANAGED, "iface.bind is not set" },
					   .has_way = true, .way_error = -EHOSTUNREACH };
	struct explanation explanation = { .iface = &iface, .ports_were_read = true, .has_portal = true, .portals = &portal,
					   .portal_count = 1, .unreadable = { "records of targets: Permission denied" },
					   .unreadable_count = 1 };

	set(F_IFACE_ORIGIN, "");
	set(F_IFACE_BIND, "");
	set(F_IFACE_FAST_FAIL, "-1");
	fake_capture(print, &explanation);
	assert_string_equal(fake_out,
		"Iface: tcp.02:00:00:00:00:03\n"
		"Transport: tcp\n"
		"Origin: by hand\n"
		"Binds itself: no, iface.bind is not set\n"
		"Port: absent\n"
		"Portal: 10.9.3.1:3260\n"
		"Bound: by hand, iface.bind is not set\n"
		"Way: none, No route to host\n"
		"Session: no\n"
		"Not readable: records of targets: Permission denied\n");
	assert_int_equal(fake_capture(as_json, &explanation), 0);
	assert_string_equal(fake_out,
		"{\"type\":\"explanation\",\"name\":\"tcp.02:00:00:00:00:03\",\"builtin\":false,\"transport\":\"tcp\",\"origin\":null,"
		"\"bind\":null,\"fast_fail\":null,\"presence\":\"absent\",\"port\":null,\"state\":null,\"link\":null,\"addresses\":[],"
		"\"selected\":null,\"pattern\":null,\"held_back\":null,\"hold\":null,\"last_event\":null,\"last_cause\":null,\"last_seconds\":null,\"bound\":false,\"reason\":\"unmanaged\","
		"\"sentence\":null,\"portals\":[{\"target\":null,\"portal\":{\"address\":\"10.9.3.1\",\"port\":3260,\"tpgt\":null},"
		"\"bound\":true,\"reason\":\"unmanaged\",\"sentence\":\"iface.bind is not set\",\"way\":\"none, No route to host\","
		"\"record\":null,\"discovered\":null,\"declined\":false,\"startup\":null,\"held\":false,\"sid\":null,\"session_state\":null}],"
		"\"unreadable\":[\"records of targets: Permission denied\"]}\n");
}

static void test_way(void **state)
{
	struct explained_portal portal = { .key = { .portal = { "10.9.7.1", 3260, -1 } },
					   .verdict = { true, VERDICT_ALWAYS, "iface.bind is always" }, .has_way = true,
					   .way = { .gateway_family = AF_INET, .gateway = { 10, 9, 3, 254 }, .source = { 10, 9, 3, 10 } } };
	struct explanation explanation = explain_all();

	explanation.has_portal = true;
	explanation.portals = &portal;
	explanation.portal_count = 1;
	fake_capture(print, &explanation);
	assert_non_null(strstr(fake_out, "Way: from 10.9.3.10, by the router 10.9.3.254\n"
					 "Record: no, and no discovery has reported this portal\n"));
	portal.way = (struct rtway){ .gateway_family = AF_UNSPEC };
	fake_capture(print, &explanation);
	assert_non_null(strstr(fake_out, "Way: on the link\n"));
}

static void test_ports(void **state)
{
	struct explanation explanation = explain_all();
	struct port port = nic;

	explanation.port = &port;
	explanation.portal_count = 0;
	port.has_carrier = false;
	port.address_count = 0;
	snprintf(port.master, sizeof(port.master), "bond0");
	snprintf(port.vrf, sizeof(port.vrf), "storage");
	fake_capture(print, &explanation);
	assert_non_null(strstr(fake_out, "Link: no carrier\nMaster: bond0\nVRF: storage\nAddresses: none\n"));
	explanation.pattern = NULL;
	explanation.is_selected = false;
	fake_capture(print, &explanation);
	assert_non_null(strstr(fake_out, "Selected by iface.nics: no, only its name would select it, as it is virtual or a port of another\n"));
	port.master[0] = '\0';
	fake_capture(print, &explanation);
	assert_non_null(strstr(fake_out, "Selected by iface.nics: no, nothing there matches\n"));
	port = (struct port){ .kind = PORT_HBA, .transport = "qla4xxx", .host_no = 4, .hwaddress = "00:0e:1e:04:93:92",
			      .has_entity = true, .port_state = "Link Up", .ipaddress = "10.9.1.20" };
	fake_capture(print, &explanation);
	assert_non_null(strstr(fake_out, "host 4"));
	assert_non_null(strstr(fake_out, "Link: Link Up\nAddresses: 10.9.1.20\n"));
	assert_null(strstr(fake_out, "Selected"));
	explanation.port = NULL;
	explanation.ports_were_read = false;
	fake_capture(print, &explanation);
	assert_non_null(strstr(fake_out, "Port: not known\n"));
}

static void test_json(void **state)
{
	struct explanation explanation = explain_all();

	assert_int_equal(fake_capture(as_json, &explanation), 0);
	assert_non_null(strstr(fake_out, "\"origin\":\"auto\",\"bind\":\"reachable\",\"fast_fail\":0,\"presence\":\"present\","
					 "\"port\":\"NIC lab3 (virtio_net, 0000:00:05.0)\",\"state\":\"present\",\"link\":\"up\","
					 "\"addresses\":[\"10.9.3.10/24\"],\"selected\":true,\"pattern\":\"lab*\",\"held_back\":false,"
					 "\"hold\":null,\"last_event\":\"port-up\",\"last_cause\":\"link is up\",\"last_seconds\":12,"
					 "\"bound\":true,\"reason\":\"route\""));
	assert_non_null(strstr(fake_out, "\"record\":true,\"discovered\":true,\"declined\":false,\"startup\":\"automatic\",\"held\":true,\"sid\":7,\"session_state\":\"LOGGED_IN\"}"));
	assert_non_null(strstr(fake_out, "\"bound\":false,\"reason\":\"no-route\",\"sentence\":\"no route to fd00:4::1 on lab3\",\"way\":null,"
					 "\"record\":false,\"discovered\":false,\"declined\":false,\"startup\":null,\"held\":false,\"sid\":null,\"session_state\":null}"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_everything, start, stop),
		cmocka_unit_test_setup_teardown(test_one_portal, start, stop),
		cmocka_unit_test_setup_teardown(test_little, start, stop),
		cmocka_unit_test_setup_teardown(test_way, start, stop),
		cmocka_unit_test_setup_teardown(test_ports, start, stop),
		cmocka_unit_test_setup_teardown(test_json, start, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
