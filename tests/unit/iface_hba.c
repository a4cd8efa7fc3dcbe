/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Ifaces of HBA ports: which parameter carries which setting in which form, the rules for addresses, and what becomes of a made-up
 * card in sysfs. The table is written by hand, so that a row that is lost, moved or changed is noticed.
 */
#include <errno.h>

#include "iface/hba.h"
#include "tests/unit/sysfs_tree.h"

#define NET   2
#define IFACE 5

enum family { V4 = 1, V6 = 2, BOTH = 3 };
enum form { U8 = 1, U16 = 2, U32 = 4, WORD, TEXT };

/* Settings that are sent as they are: setting, family, kind and number of the parameter, form, attribute it is read from. */
static const struct {
	const char *field;
	enum family family;
	uint8_t kind;
	uint16_t param;
	enum form form;
	const char *attribute;
} wanted[] = {
	{ "iface.vlan_state", BOTH, NET, 15, WORD, "vlan_enabled" },
	{ "iface.mtu", BOTH, NET, 19, U16, "mtu" },
	{ "iface.dhcp_alt_client_id_state", V4, NET, 36, WORD, "dhcp_alt_client_id_en" },
	{ "iface.dhcp_alt_client_id", V4, NET, 37, TEXT, "dhcp_alt_client_id" },
	{ "iface.dhcp_dns", V4, NET, 31, WORD, "dhcp_dns_address_en" },
	{ "iface.dhcp_learn_iqn", V4, NET, 41, WORD, "dhcp_learn_iqn_en" },
	{ "iface.dhcp_req_vendor_id_state", V4, NET, 38, WORD, "dhcp_req_vendor_id_en" },
	{ "iface.dhcp_vendor_id_state", V4, NET, 39, WORD, "dhcp_use_vendor_id_en" },
	{ "iface.dhcp_vendor_id", V4, NET, 40, TEXT, "dhcp_vendor_id" },
	{ "iface.dhcp_slp_da", V4, NET, 32, WORD, "dhcp_slp_da_info_en" },
	{ "iface.fragmentation", V4, NET, 42, WORD, "fragment_disable" },
	{ "iface.gratuitous_arp", V4, NET, 35, WORD, "grat_arp_en" },
	{ "iface.incoming_forwarding", V4, NET, 43, WORD, "incoming_forwarding_en" },
	{ "iface.tos_state", V4, NET, 33, WORD, "tos_en" },
	{ "iface.tos", V4, NET, 34, U8, "tos" },
	{ "iface.ttl", V4, NET, 44, U8, "ttl" },
	{ "iface.dup_addr_detect_cnt", V6, NET, 53, U8, "dup_addr_detect_cnt" },
	{ "iface.flow_label", V6, NET, 47, U32, "flow_label" },
	{ "iface.gratuitous_neighbor_adv", V6, NET, 45, WORD, "grat_neighbor_adv_en" },
	{ "iface.hop_limit", V6, NET, 49, U8, "hop_limit" },
	{ "iface.mld", V6, NET, 46, WORD, "mld_en" },
	{ "iface.nd_reachable_tmo", V6, NET, 50, U32, "nd_reachable_tmo" },
	{ "iface.nd_rexmit_time", V6, NET, 51, U32, "nd_rexmit_time" },
	{ "iface.nd_stale_tmo", V6, NET, 52, U32, "nd_stale_tmo" },
	{ "iface.router_adv_link_mtu", V6, NET, 54, U32, "router_adv_link_mtu" },
	{ "iface.traffic_class", V6, NET, 48, U8, "traffic_class" },
	{ "iface.delayed_ack", BOTH, NET, 24, WORD, "delayed_ack_en" },
	{ "iface.tcp_nagle", BOTH, NET, 25, WORD, "tcp_nagle_disable" },
	{ "iface.tcp_wsf_state", BOTH, NET, 26, WORD, "tcp_wsf_disable" },
	{ "iface.tcp_wsf", BOTH, NET, 27, U8, "tcp_wsf" },
	{ "iface.tcp_timer_scale", BOTH, NET, 28, U8, "tcp_timer_scale" },
	{ "iface.tcp_timestamp", BOTH, NET, 29, WORD, "tcp_timestamp_en" },
	{ "iface.redirect", BOTH, NET, 55, WORD, "redirect_en" },
	{ "iface.def_task_mgmt_timeout", BOTH, IFACE, 0, U16, "def_taskmgmt_tmo" },
	{ "iface.header_digest", BOTH, IFACE, 1, WORD, "header_digest" },
	{ "iface.data_digest", BOTH, IFACE, 2, WORD, "data_digest" },
	{ "iface.immediate_data", BOTH, IFACE, 3, WORD, "immediate_data" },
	{ "iface.initial_r2t", BOTH, IFACE, 4, WORD, "initial_r2t" },
	{ "iface.data_seq_inorder", BOTH, IFACE, 5, WORD, "data_seq_in_order" },
	{ "iface.data_pdu_inorder", BOTH, IFACE, 6, WORD, "data_pdu_in_order" },
	{ "iface.erl", BOTH, IFACE, 7, U8, "erl" },
	{ "iface.max_receive_data_len", BOTH, IFACE, 8, U32, "max_recv_dlength" },
	{ "iface.first_burst_len", BOTH, IFACE, 9, U32, "first_burst_len" },
	{ "iface.max_outstanding_r2t", BOTH, IFACE, 10, U16, "max_outstanding_r2t" },
	{ "iface.max_burst_len", BOTH, IFACE, 11, U32, "max_burst_len" },
	{ "iface.chap_auth", BOTH, IFACE, 12, WORD, "chap_auth" },
	{ "iface.bidi_chap", BOTH, IFACE, 13, WORD, "bidi_chap" },
	{ "iface.strict_login_compliance", BOTH, IFACE, 16, WORD, "strict_login_comp_en" },
	{ "iface.discovery_auth", BOTH, IFACE, 14, WORD, "discovery_auth_optional" },
	{ "iface.discovery_logout", BOTH, IFACE, 15, WORD, "discovery_logout" },
};

#define ROWS (sizeof(wanted) / sizeof(wanted[0]))

static void set(struct record *iface, const char *field, const char *value)
{
	assert_int_not_equal(field_find(RECORD_IFACE, field), FIELD_NONE);
	assert_int_equal(record_set(iface, field_find(RECORD_IFACE, field), value, ORIGIN_RECORD), 0);
}

/* An iface of a card without any setting but how it gets its address. */
static void make(struct record *iface, enum family family)
{
	record_init(iface, RECORD_IFACE);
	set(iface, "iface.iscsi_ifacename", family == V6 ? "qla4xxx.00:0e:1e:04:93:92.ipv6.1" : "qla4xxx.00:0e:1e:04:93:92.ipv4.0");
	set(iface, "iface.transport_name", "qla4xxx");
	set(iface, "iface.hwaddress", "00:0e:1e:04:93:92");
	set(iface, "iface.iface_num", "1");
	set(iface, family == V6 ? "iface.ipv6_autocfg" : "iface.bootproto", family == V6 ? "nd" : "dhcp");
}

static void encode(const struct record *iface, struct attributes *attributes)
{
	enum field bad;

	*attributes = (struct attributes){ 0 };
	assert_int_equal(hba_encode(iface, attributes, &bad), 0);
	assert_int_equal(bad, FIELD_NONE);
}

/* The value of a parameter among the attributes, NULL if it is not there. Checks that it is there once. */
static const uint8_t *find(const struct attributes *attributes, uint8_t kind, uint16_t param, struct iscsi_iface_attribute *ret_head)
{
	const uint8_t *at = attributes->buffer, *found = NULL;

	while (at && at < attributes->buffer + attributes->bytes) {
		struct iscsi_iface_attribute head;
		uint16_t length;

		memcpy(&length, at, sizeof(length));
		memcpy(&head, at + 4, sizeof(head));
		if (head.param == param && head.param_type == kind) {
			assert_null(found);
			found = at + 16;
			*ret_head = head;
		}
		at += (length + 3) & ~3;
	}
	return found;
}

static void assert_param(const struct attributes *attributes, uint8_t kind, uint16_t param, const void *value, uint32_t bytes)
{
	struct iscsi_iface_attribute head;
	const uint8_t *at = find(attributes, kind, param, &head);

	assert_non_null(at);
	assert_int_equal(head.len, bytes);
	assert_int_equal(head.iface_num, 1);
	assert_memory_equal(at, value, bytes);
}

static void assert_none(const struct attributes *attributes, uint8_t kind, uint16_t param)
{
	struct iscsi_iface_attribute head;

	assert_null(find(attributes, kind, param, &head));
}

static void check_row(size_t i, enum family family, const char *text, const void *value, uint32_t bytes)
{
	struct attributes attributes;
	struct record iface;

	make(&iface, family);
	encode(&iface, &attributes);
	assert_none(&attributes, wanted[i].kind, wanted[i].param); /* empty and 0 are left to the card */
	attributes_done(&attributes);
	set(&iface, wanted[i].field, text);
	encode(&iface, &attributes);
	if (wanted[i].family & family)
		assert_param(&attributes, wanted[i].kind, wanted[i].param, value, bytes);
	else
		assert_none(&attributes, wanted[i].kind, wanted[i].param);
	attributes_done(&attributes);
	record_done(&iface);
}

static void check_both(size_t i, const char *text, const void *value, uint32_t bytes)
{
	check_row(i, V4, text, value, bytes);
	check_row(i, V6, text, value, bytes);
}

static void settings(void **state)
{
	assert_int_equal(ROWS, 50);
	for (size_t i = 0; i < ROWS; i++) {
		switch (wanted[i].form) {
		case U8:
		case U16:
		case U32:
			check_both(i, "2", "\2\0\0\0", wanted[i].form);
			break;
		case WORD:
			check_both(i, "enable", "\2", 1);
			check_both(i, "disable", "\1", 1);
			break;
		case TEXT:
			check_both(i, "some name", "some name", 10);
			break;
		}
	}
}

/* Words of other tools are kept in the file and stay here. */
static void other_words(void **state)
{
	struct attributes attributes;
	struct record iface;

	make(&iface, V4);
	set(&iface, "iface.redirect", "perhaps");
	encode(&iface, &attributes);
	assert_none(&attributes, NET, 55);
	attributes_done(&attributes);
	record_done(&iface);
}

static void ipv4_addresses(void **state)
{
	struct attributes attributes;
	struct record iface;

	make(&iface, V4);
	set(&iface, "iface.ipaddress", "10.0.0.7"); /* the address of a lease */
	encode(&iface, &attributes);
	assert_param(&attributes, NET, 4, "\2", 1);
	assert_none(&attributes, NET, 1);
	attributes_done(&attributes);
	set(&iface, "iface.bootproto", "static");
	set(&iface, "iface.subnet_mask", "255.255.0.0");
	encode(&iface, &attributes);
	assert_param(&attributes, NET, 4, "\1", 1);
	assert_param(&attributes, NET, 1, "\x0a\0\0\7", 4);
	assert_param(&attributes, NET, 2, "\xff\xff\0\0", 4);
	assert_none(&attributes, NET, 3);
	attributes_done(&attributes);
	set(&iface, "iface.gateway", "10.0.0.1");
	encode(&iface, &attributes);
	assert_param(&attributes, NET, 3, "\x0a\0\0\1", 4);
	attributes_done(&attributes);
	record_done(&iface);
}

static void ipv6_addresses(void **state)
{
	static const uint8_t address[16] = { 0xfd, [15] = 1 }, local[16] = { 0xfe, 0x80, [15] = 2 };
	struct attributes attributes;
	struct record iface;

	make(&iface, V6);
	encode(&iface, &attributes);
	assert_param(&attributes, NET, 9, "\2", 1);
	assert_none(&attributes, NET, 7);
	assert_none(&attributes, NET, 10);
	assert_none(&attributes, NET, 11);
	attributes_done(&attributes);
	set(&iface, "iface.ipv6_autocfg", "dhcpv6");
	set(&iface, "iface.linklocal_autocfg", "auto");
	set(&iface, "iface.router_autocfg", "auto");
	encode(&iface, &attributes);
	assert_param(&attributes, NET, 9, "\3", 1);
	assert_param(&attributes, NET, 10, "\1", 1);
	assert_param(&attributes, NET, 11, "\1", 1);
	attributes_done(&attributes);
	set(&iface, "iface.ipv6_autocfg", "");
	set(&iface, "iface.ipaddress", "fd00::1");
	set(&iface, "iface.linklocal_autocfg", "");
	set(&iface, "iface.ipv6_linklocal", "fe80::2");
	set(&iface, "iface.router_autocfg", "disable");
	set(&iface, "iface.ipv6_router", "fe80::2");
	encode(&iface, &attributes);
	assert_param(&attributes, NET, 9, "\1", 1);
	assert_param(&attributes, NET, 7, address, 16);
	assert_param(&attributes, NET, 10, "\2", 1);
	assert_param(&attributes, NET, 6, local, 16);
	assert_param(&attributes, NET, 11, "\2", 1);
	assert_param(&attributes, NET, 8, local, 16);
	attributes_done(&attributes);
	record_done(&iface);
}

static void vlan_port_and_state(void **state)
{
	struct attributes attributes;
	struct record iface;

	make(&iface, V4);
	encode(&iface, &attributes);
	assert_param(&attributes, NET, 20, "\xbc\x0c", 2); /* 3260 */
	assert_none(&attributes, NET, 12);
	assert_none(&attributes, NET, 16);
	attributes_done(&attributes);
	set(&iface, "iface.port", "860");
	set(&iface, "iface.state", "enable");
	set(&iface, "iface.vlan_id", "100");
	set(&iface, "iface.vlan_priority", "5");
	encode(&iface, &attributes);
	assert_param(&attributes, NET, 20, "\x5c\3", 2);
	assert_param(&attributes, NET, 12, "\2", 1);
	assert_param(&attributes, NET, 16, "\x64\xa0", 2);
	assert_none(&attributes, NET, 13);
	attributes_done(&attributes);
	set(&iface, "iface.state", "disable");
	encode(&iface, &attributes);
	assert_param(&attributes, NET, 12, "\1", 1);
	assert_int_equal(attributes.count, 1);
	attributes_done(&attributes);
	record_done(&iface);
}

static void nothing_to_configure(void **state)
{
	struct attributes attributes;
	struct record iface;

	make(&iface, V4);
	set(&iface, "iface.bootproto", "");
	set(&iface, "iface.mtu", "9000");
	encode(&iface, &attributes);
	assert_int_equal(attributes.count, 0);
	record_done(&iface);
	make(&iface, V6);
	set(&iface, "iface.ipv6_autocfg", "disable");
	encode(&iface, &attributes);
	assert_int_equal(attributes.count, 0);
	record_done(&iface);
	make(&iface, V4);
	set(&iface, "iface.transport_name", "tcp");
	encode(&iface, &attributes);
	assert_int_equal(attributes.count, 0);
	record_done(&iface);
}

static void bad_addresses(void **state)
{
	struct attributes attributes = { 0 };
	struct record iface;
	enum field bad;

	make(&iface, V4);
	set(&iface, "iface.bootproto", "static");
	set(&iface, "iface.ipaddress", "10.0.0.7");
	set(&iface, "iface.gateway", "10.0.0");
	assert_int_equal(hba_encode(&iface, &attributes, &bad), -EINVAL);
	assert_int_equal(bad, F_IFACE_GATEWAY);
	attributes_done(&attributes);
	record_done(&iface);
}

/* A card shows zeros where it has no address; they are in its record and mean nothing. */
static void zeros_are_no_addresses(void **state)
{
	struct attributes attributes;
	struct record iface;

	make(&iface, V4);
	set(&iface, "iface.bootproto", "static");
	set(&iface, "iface.ipaddress", "0.0.0.0");
	encode(&iface, &attributes);
	assert_int_equal(attributes.count, 0);
	set(&iface, "iface.ipaddress", "10.0.0.7");
	set(&iface, "iface.gateway", "0.0.0.0");
	set(&iface, "iface.subnet_mask", "0.0.0.0");
	encode(&iface, &attributes);
	assert_none(&attributes, NET, 2);
	assert_none(&attributes, NET, 3);
	attributes_done(&attributes);
	record_done(&iface);
	make(&iface, V6);
	set(&iface, "iface.ipv6_autocfg", "static");
	set(&iface, "iface.ipaddress", "0000:0000:0000:0000:0000:0000:0000:0000");
	encode(&iface, &attributes);
	assert_int_equal(attributes.count, 0);
	set(&iface, "iface.ipaddress", "fd00::7");
	set(&iface, "iface.ipv6_router", "0000:0000:0000:0000:0000:0000:0000:0000");
	encode(&iface, &attributes);
	assert_none(&attributes, NET, 8);
	assert_none(&attributes, NET, 11);
	attributes_done(&attributes);
	record_done(&iface);
}

/* ---- a card in sysfs ---- */

#define PORT_MAC "00:0e:1e:04:93:92"

static void make_host(const char *number, const char *driver, const char *mac)
{
	char folder[80];

	snprintf(folder, sizeof(folder), "class/iscsi_host/host%s", number);
	make_file(folder, "hwaddress", mac);
	snprintf(folder, sizeof(folder), "class/scsi_host/host%s", number);
	make_file(folder, "proc_name", driver);
}

static void fill_iface(const char *folder, enum family family)
{
	make_file(folder, "enabled", "enabled\n");
	make_file(folder, "port", "3260\n");
	make_file(folder, "vlan_id", "100\n");
	make_file(folder, "vlan_priority", "5\n");
	make_file(folder, "ipaddress", family == V4 ? "10.0.0.7\n" : "fd00:0000:0000:0000:0000:0000:0000:0001\n");
	if (family == V4) {
		make_file(folder, "bootproto", "DHCP\n");
		make_file(folder, "subnet", "255.255.0.0\n");
		make_file(folder, "gateway", "0.0.0.0\n");
	} else {
		make_file(folder, "ipaddr_autocfg", "nd\n");
		make_file(folder, "link_local_autocfg", "auto\n");
		make_file(folder, "link_local_addr", "fe80::2\n");
		make_file(folder, "router_addr", "fe80::3\n");
	}
	for (size_t i = 0; i < ROWS; i++)
		if (wanted[i].family == BOTH || wanted[i].family == family)
			make_file(folder, wanted[i].attribute, wanted[i].form == WORD ? "Enabled\n" : "2\n");
}

static int make_tree(void **state)
{
	snprintf(root, sizeof(root), "/tmp/hba.XXXXXX");
	assert_non_null(mkdtemp(root));
	make_host("2", "qla4xxx\n", PORT_MAC "\n");
	make_file("class/iscsi_host/host2", "initiatorname", "iqn.2026-11.example:port\n");
	make_host("3", "iscsi_tcp\n", PORT_MAC "\n");
	make_host("4", "be2iscsi\n", "00:90:fa:00:00:04\n");
	make_host("5", "bnx2i\n", "00:10:18:00:00:05\n");
	make_host("6", "qla4xxx\n", "\n");
	fill_iface("class/iscsi_iface/ipv4-iface-2-0", V4);
	fill_iface("class/iscsi_iface/ipv6-iface-2-1", V6);
	fill_iface("class/iscsi_iface/ipv4-iface-4-0", V4);
	return 0;
}

static void dir_of(char *dir, size_t room)
{
	snprintf(dir, room, "%s/ifaces", root);
}

static void assert_text(const struct record *iface, enum field field, const char *text)
{
	assert_string_equal(record_text(iface, field), text);
}

/* Every setting of the card is in the record. */
static void check_settings(const struct record *iface, enum family family)
{
	char buffer[FIELD_NUMBER_TEXT_MAX];

	for (size_t i = 0; i < ROWS; i++) {
		const char *text = record_format_value(iface, field_find(RECORD_IFACE, wanted[i].field), buffer);

		if (wanted[i].family != BOTH && wanted[i].family != family)
			assert_true(!*text || !strcmp(text, "0"));
		else
			assert_string_equal(text, wanted[i].form == WORD ? "enable" : "2");
	}
	assert_text(iface, F_IFACE_STATE, "enable");
	assert_int_equal(record_number(iface, F_IFACE_PORT), 3260);
	assert_int_equal(record_number(iface, F_IFACE_VLAN_ID), 100);
	assert_int_equal(record_number(iface, F_IFACE_VLAN_PRIORITY), 5);
}

static void makes_files(void **state)
{
	char dir[80];
	struct record iface;

	dir_of(dir, sizeof(dir));
	assert_int_equal(hba_make_ifaces(root, dir, NULL, NULL, NULL), 0);
	assert_int_equal(iface_load(dir, "qla4xxx." PORT_MAC ".ipv4.0", &iface), 0);
	check_settings(&iface, V4);
	assert_text(&iface, F_IFACE_TRANSPORT_NAME, "qla4xxx");
	assert_text(&iface, F_IFACE_ORIGIN, "auto");
	assert_text(&iface, F_IFACE_BIND, "");
	assert_text(&iface, F_IFACE_HWADDRESS, PORT_MAC);
	assert_text(&iface, F_IFACE_IPADDRESS, "10.0.0.7");
	assert_text(&iface, F_IFACE_BOOTPROTO, "dhcp");
	assert_text(&iface, F_IFACE_SUBNET_MASK, "255.255.0.0");
	assert_text(&iface, F_IFACE_GATEWAY, "0.0.0.0");
	assert_text(&iface, F_IFACE_NET_IFACENAME, "default");
	assert_text(&iface, F_IFACE_INITIATORNAME, "iqn.2026-11.example:port");
	record_done(&iface);
	assert_int_equal(iface_load(dir, "qla4xxx." PORT_MAC ".ipv6.1", &iface), 0);
	check_settings(&iface, V6);
	assert_int_equal(record_number(&iface, F_IFACE_NUM), 1);
	assert_text(&iface, F_IFACE_IPADDRESS, "fd00:0000:0000:0000:0000:0000:0000:0001");
	assert_text(&iface, F_IFACE_IPV6_AUTOCFG, "nd");
	assert_text(&iface, F_IFACE_LINKLOCAL_AUTOCFG, "auto");
	assert_text(&iface, F_IFACE_IPV6_LINKLOCAL, "fe80::2");
	assert_text(&iface, F_IFACE_IPV6_ROUTER, "fe80::3");
	record_done(&iface);
	assert_int_equal(iface_load(dir, "be2iscsi.00:90:fa:00:00:04.ipv4.0", &iface), 0);
	record_done(&iface);
	assert_int_equal(iface_load(dir, "bnx2i.00:10:18:00:00:05", &iface), 0);
	assert_text(&iface, F_IFACE_TRANSPORT_NAME, "bnx2i");
	assert_text(&iface, F_IFACE_NET_IFACENAME, "");
	record_done(&iface);
}

static const char *name_at(unsigned int host_no, bool is_v6)
{
	static char name[64];
	struct sysfs_host host;

	assert_int_equal(sysfs_host_read(root, host_no, &host), 0);
	assert_int_equal(hba_name(root, &host, is_v6, name, sizeof(name)), 0);
	return name;
}

/* What a firmware's session leaves by: the entity of its family, the only one there is, or the port. */
static void names_ports(void **state)
{
	assert_string_equal(name_at(2, false), "qla4xxx." PORT_MAC ".ipv4.0");
	assert_string_equal(name_at(2, true), "qla4xxx." PORT_MAC ".ipv6.1");
	assert_string_equal(name_at(4, true), "be2iscsi.00:90:fa:00:00:04.ipv4.0");
	assert_string_equal(name_at(5, false), "bnx2i.00:10:18:00:00:05");
}

/* iscsid.conf may say that they bind themselves. */
static void follows_policy(void **state)
{
	struct policy policy = { .bind = BIND_REACHABLE, .says_bind = true, .fast_fail = 7, .says_fast_fail = true };
	struct record iface;
	char dir[100];

	snprintf(dir, sizeof(dir), "%s/ifaces-policy", root);
	assert_int_equal(hba_make_ifaces(root, dir, &policy, NULL, NULL), 0);
	assert_int_equal(iface_load(dir, "qla4xxx." PORT_MAC ".ipv4.0", &iface), 0);
	assert_text(&iface, F_IFACE_BIND, "reachable");
	assert_int_equal(record_number(&iface, F_IFACE_FAST_FAIL), 7);
	record_done(&iface);
}

static int count_one(const struct record *iface, void *data)
{
	++*(unsigned int *)data;
	return 0;
}

/* What is there stays as it is, be it broken; nothing is made for software hosts and ports without a MAC address. */
static void touches_nothing(void **state)
{
	char dir[80], path[160];
	unsigned int count = 0;
	struct record iface;

	dir_of(dir, sizeof(dir));
	snprintf(path, sizeof(path), "%s/bnx2i.00:10:18:00:00:05", dir);
	make_file("ifaces", "bnx2i.00:10:18:00:00:05", "iface.transport_name = bnx2i\niface.mtu = 1400\n");
	make_file("ifaces", "be2iscsi.00:90:fa:00:00:04.ipv4.0", "nonsense\n");
	assert_int_equal(hba_make_ifaces(root, dir, NULL, NULL, NULL), 0);
	assert_int_equal(iface_load(dir, "bnx2i.00:10:18:00:00:05", &iface), 0);
	assert_int_equal(record_number(&iface, F_IFACE_MTU), 1400);
	record_done(&iface);
	assert_true(iface_load(dir, "be2iscsi.00:90:fa:00:00:04.ipv4.0", &iface) < 0);
	assert_int_equal(iface_each(dir, count_one, NULL, &count), 0);
	assert_int_equal(count, 3 + 2);
}

static void finds_hosts(void **state)
{
	struct sysfs_host host;
	struct record iface;

	make(&iface, V4);
	set(&iface, "iface.hwaddress", "00:0E:1E:04:93:92");
	assert_int_equal(hba_find_host(root, &iface, &host), 0);
	assert_int_equal(host.host_no, 2);
	set(&iface, "iface.transport_name", "be2iscsi");
	assert_int_equal(hba_find_host(root, &iface, &host), -ENODEV);
	set(&iface, "iface.hwaddress", "");
	assert_int_equal(hba_find_host(root, &iface, &host), -EINVAL);
	record_done(&iface);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(settings),	  cmocka_unit_test(other_words),	 cmocka_unit_test(ipv4_addresses),
		cmocka_unit_test(ipv6_addresses), cmocka_unit_test(vlan_port_and_state), cmocka_unit_test(nothing_to_configure),
		cmocka_unit_test(bad_addresses),  cmocka_unit_test(zeros_are_no_addresses), cmocka_unit_test(makes_files),
		cmocka_unit_test(names_ports),	  cmocka_unit_test(touches_nothing),	 cmocka_unit_test(follows_policy),
		cmocka_unit_test(finds_hosts),
	};

	return cmocka_run_group_tests(tests, make_tree, remove_tree);
}
