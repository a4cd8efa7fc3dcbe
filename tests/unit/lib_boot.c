/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Boot targets as rows: what the gate lets through, what follows from what, the printed block, the way into a node record. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/boot.h"

static void take(struct boot_target *target, enum boot_field field, const char *text)
{
	assert_int_equal(boot_set(target, field, text), 0);
}

static void fill(struct boot_target *target)
{
	memset(target, 0, sizeof(*target));
	take(target, BOOT_TARGET_NAME, "iqn.2026-01.lab:t0");
	take(target, BOOT_TARGET_ADDRESS, "10.9.0.1");
}

static void gate_refuses(void **state)
{
	static const struct {
		enum boot_field field;
		const char *text;
	} bad[] = {
		{BOOT_TARGET_NAME, "iqn with blanks"},	  {BOOT_TARGET_NAME, "../etc"},	   {BOOT_TARGET_ADDRESS, "host.example"},
		{BOOT_TARGET_ADDRESS, "10.9.0.256"},	  {BOOT_ADDRESS, "10.9.0.1/24"},   {BOOT_MAC, "52:54:00:00:00"},
		{BOOT_MAC, "52:54:00:00:00:01:02"},	  {BOOT_MAC, "52-54-00-00-00-01"}, {BOOT_MAC, "zz:54:00:00:00:01"},
		{BOOT_TARGET_PORT, "65536"},		  {BOOT_TARGET_PORT, "-1"},	   {BOOT_TARGET_PORT, "12a"},
		{BOOT_VLAN, "4096"},			  {BOOT_PREFIX_LEN, "129"},	   {BOOT_USERNAME, "a\nb"},
		{BOOT_NETDEV, "0123456789abcdef"},
	};
	struct boot_target target;

	fill(&target);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(boot_set(&target, bad[i].field, bad[i].text), -EINVAL);
		assert_string_equal(target.values[bad[i].field], "");
	}
}

static void gate_refuses_long_text(void **state)
{
	struct boot_target target;
	char text[BOOT_VALUE_MAX + 2];

	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	fill(&target);
	assert_int_equal(boot_set(&target, BOOT_PASSWORD, text), -EINVAL);
	text[sizeof(text) - 2] = '\0';
	take(&target, BOOT_PASSWORD, text);
	assert_string_equal(target.values[BOOT_PASSWORD], text);
}

static void gate_gives_one_form(void **state)
{
	struct boot_target target;

	fill(&target);
	take(&target, BOOT_MAC, " 52:54:00:AB:CD:EF\n");
	assert_string_equal(target.values[BOOT_MAC], "52:54:00:ab:cd:ef");
	take(&target, BOOT_TARGET_PORT, "03260");
	assert_string_equal(target.values[BOOT_TARGET_PORT], "3260");
	take(&target, BOOT_TARGET_ADDRESS, "FD09:0:0::0001");
	assert_string_equal(target.values[BOOT_TARGET_ADDRESS], "fd09::1");
	take(&target, BOOT_GATEWAY, "0.0.0.0");
	assert_string_equal(target.values[BOOT_GATEWAY], "");
	take(&target, BOOT_GATEWAY, "::");
	assert_string_equal(target.values[BOOT_GATEWAY], "");
}

static void completes_mask_and_prefix(void **state)
{
	struct boot_target target;

	fill(&target);
	take(&target, BOOT_ADDRESS, "10.9.0.10");
	take(&target, BOOT_SUBNET_MASK, "255.255.240.0");
	boot_complete(&target);
	assert_string_equal(target.values[BOOT_PREFIX_LEN], "20");
	assert_string_equal(target.values[BOOT_TARGET_PORT], "3260");

	fill(&target);
	take(&target, BOOT_ADDRESS, "10.9.0.10");
	take(&target, BOOT_PREFIX_LEN, "32");
	boot_complete(&target);
	assert_string_equal(target.values[BOOT_SUBNET_MASK], "255.255.255.255");

	fill(&target);
	take(&target, BOOT_ADDRESS, "fd09::10");
	take(&target, BOOT_PREFIX_LEN, "24");
	boot_complete(&target);
	assert_string_equal(target.values[BOOT_SUBNET_MASK], "");

	fill(&target);
	take(&target, BOOT_SUBNET_MASK, "255.0.255.0");
	boot_complete(&target);
	assert_string_equal(target.values[BOOT_PREFIX_LEN], "");
}

static void tells_dhcp(void **state)
{
	struct boot_target target;

	fill(&target);
	boot_complete(&target);
	assert_string_equal(target.values[BOOT_BOOTPROTO], "");
	take(&target, BOOT_DHCP, "10.9.0.254");
	boot_complete(&target);
	assert_string_equal(target.values[BOOT_BOOTPROTO], "DHCP");
	take(&target, BOOT_ORIGIN, "1");
	boot_complete(&target);
	assert_string_equal(target.values[BOOT_BOOTPROTO], "STATIC");
	take(&target, BOOT_ORIGIN, "3");
	boot_complete(&target);
	assert_string_equal(target.values[BOOT_BOOTPROTO], "DHCP");
}

/* The last one of the firmware comes first; what is no target is passed over. */
static void lists_last_first(void **state)
{
	struct boot_list list = {0};
	struct boot_target target;

	fill(&target);
	assert_int_equal(boot_list_add(&list, &target), 0);
	take(&target, BOOT_TARGET_NAME, "iqn.2026-01.lab:t1");
	assert_int_equal(boot_list_add(&list, &target), 0);
	take(&target, BOOT_TARGET_ADDRESS, "");
	assert_int_equal(boot_list_add(&list, &target), 0);
	assert_int_equal(list.count, 2);
	assert_string_equal(list.targets[0].values[BOOT_TARGET_NAME], "iqn.2026-01.lab:t1");
	assert_string_equal(list.targets[1].values[BOOT_TARGET_NAME], "iqn.2026-01.lab:t0");
	boot_list_done(&list);
	assert_null(list.targets);
}

static void list_has_a_limit(void **state)
{
	struct boot_list list = {0};
	struct boot_target target;

	fill(&target);
	for (int i = 0; i < 255; i++)
		assert_int_equal(boot_list_add(&list, &target), 0);
	assert_int_equal(boot_list_add(&list, &target), -E2BIG);
	boot_list_done(&list);
}

/* Every row that is printed, in the order of the reference. */
static void prints_all_rows(void **state)
{
	static const char *const values[BOOT_COUNT] = {
		"iqn.2026-01.lab:me", "00023d000001", "bnx2i", "52:54:00:00:00:01", "STATIC", "10.9.0.10", "24", "255.255.255.0",
		"10.9.0.254", "10.9.0.2", "10.9.0.3", "7", "eth0", "iqn.2026-01.lab:t0", "10.9.0.1", "3261", "alice", "secret12", "bob",
		"secret34", "00000000", "1", "10.9.0.4", "labhost"};
	struct boot_target target = {.flags = 0};
	struct text text = {0};

	for (size_t i = 0; i < BOOT_COUNT; i++)
		take(&target, (enum boot_field)i, values[i]);
	boot_format(&target, &text);
	assert_string_equal(text.data, "# BEGIN RECORD " COMPAT_VERSION "\n"
				       "iface.initiatorname = iqn.2026-01.lab:me\n"
				       "iface.isid = 00023d000001\n"
				       "iface.transport_name = bnx2i\n"
				       "iface.hwaddress = 52:54:00:00:00:01\n"
				       "iface.bootproto = STATIC\n"
				       "iface.ipaddress = 10.9.0.10\n"
				       "iface.prefix_len = 24\n"
				       "iface.subnet_mask = 255.255.255.0\n"
				       "iface.gateway = 10.9.0.254\n"
				       "iface.primary_dns = 10.9.0.2\n"
				       "iface.secondary_dns = 10.9.0.3\n"
				       "iface.vlan_id = 7\n"
				       "iface.net_ifacename = eth0\n"
				       "node.name = iqn.2026-01.lab:t0\n"
				       "node.conn[0].address = 10.9.0.1\n"
				       "node.conn[0].port = 3261\n"
				       "node.session.auth.username = alice\n"
				       "node.session.auth.password = secret12\n"
				       "node.session.auth.username_in = bob\n"
				       "node.session.auth.password_in = secret34\n"
				       "node.boot_lun = 00000000\n"
				       "# END RECORD\n");
	text_done(&text);
}

static void makes_a_record(void **state)
{
	struct boot_target target;
	struct record node;

	fill(&target);
	take(&target, BOOT_INITIATOR_NAME, "iqn.2026-01.lab:me");
	take(&target, BOOT_TRANSPORT, "tcp");
	take(&target, BOOT_MAC, "52:54:00:00:00:01");
	take(&target, BOOT_NETDEV, "eth0");
	take(&target, BOOT_USERNAME, "alice");
	take(&target, BOOT_PASSWORD, "secret12");
	take(&target, BOOT_ORIGIN, "3");
	boot_complete(&target);
	record_init(&node, RECORD_NODE);
	assert_int_equal(boot_to_node(&target, &node), 0);
	assert_int_equal(boot_login_defaults(&node), 0);
	assert_string_equal(record_text(&node, F_NODE_NAME), "iqn.2026-01.lab:t0");
	assert_int_equal(record_number(&node, F_NODE_TPGT), 1);
	assert_int_equal(record_number(&node, F_NODE_CONN_PORT), 3260);
	assert_string_equal(record_text(&node, F_IFACE_ISCSI_IFACENAME), "default");
	assert_string_equal(record_text(&node, F_IFACE_NET_IFACENAME), "eth0");
	assert_string_equal(record_text(&node, F_IFACE_INITIATORNAME), "iqn.2026-01.lab:me");
	assert_string_equal(record_text(&node, F_IFACE_BOOTPROTO), "dhcp");
	assert_string_equal(record_text(&node, F_NODE_STARTUP), "onboot");
	assert_string_equal(record_text(&node, F_NODE_CONN_STARTUP), "onboot");
	assert_string_equal(record_text(&node, F_NODE_DISCOVERY_TYPE), "fw");
	assert_string_equal(record_text(&node, F_NODE_SESSION_AUTH_AUTHMETHOD), "CHAP");
	assert_string_equal(record_text(&node, F_NODE_SESSION_AUTH_PASSWORD), "secret12");
	assert_int_equal(record_number(&node, F_NODE_SESSION_INITIAL_LOGIN_RETRY_MAX), 30);
	assert_int_equal(record_number(&node, F_NODE_SESSION_LOGIN_REDIRECT_MAX), 30);
	assert_int_equal(record_number(&node, F_NODE_CONN_TIMEO_NOOP_OUT_INTERVAL), 0);
	record_done(&node);
}

/* An offload port is an iface of its own, named as they are. */
static void names_an_offload_iface(void **state)
{
	struct boot_target target;
	struct record node;

	fill(&target);
	take(&target, BOOT_TRANSPORT, "qla4xxx");
	take(&target, BOOT_MAC, "00:0e:1e:00:00:01");
	record_init(&node, RECORD_NODE);
	assert_int_equal(boot_to_node(&target, &node), 0);
	assert_string_equal(record_text(&node, F_IFACE_ISCSI_IFACENAME), "qla4xxx.00:0e:1e:00:00:01");
	assert_string_equal(record_text(&node, F_IFACE_TRANSPORT_NAME), "qla4xxx");
	record_done(&node);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gate_refuses),		  cmocka_unit_test(gate_refuses_long_text),
		cmocka_unit_test(gate_gives_one_form),	  cmocka_unit_test(completes_mask_and_prefix),
		cmocka_unit_test(tells_dhcp),		  cmocka_unit_test(lists_last_first),
		cmocka_unit_test(list_has_a_limit),	  cmocka_unit_test(prints_all_rows),
		cmocka_unit_test(makes_a_record),	  cmocka_unit_test(names_an_offload_iface),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
