/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The control block as settings of network and rings. */
#include "tests/hba/acb.h"

#include "tests/hba/network.h"
#include "tests/hba/rings.h"
#include "tests/unit/hba_world.h"

static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 9 };

static void nothing_is_nothing(void **state)
{
	static const uint8_t acb[ISP_ACB_SIZE];
	struct network_settings settings, none = { .mac = { 2, 0, 0, 0, 0, 9 } };

	acb_network(acb, mac, &settings);
	assert_memory_equal(&settings, &none, sizeof(settings));
}

static void ipv4(void **state)
{
	uint8_t acb[ISP_ACB_SIZE] = { 0 };
	struct network_settings settings;

	isp4xxx_set(ISP4XXX_ACB_MTU, acb, 9000);
	isp4xxx_set(ISP4XXX_ACB_IPV4_ENABLE, acb, 1);
	isp4xxx_set(ISP4XXX_ACB_DHCP, acb, 1);
	isp4xxx_set(ISP4XXX_ACB_IPV4_VLAN_ENABLE, acb, 1);
	isp4xxx_set(ISP4XXX_ACB_IPV4_VLAN, acb, 0x6064);
	isp4xxx_set(ISP4XXX_ACB_TOS, acb, 16);
	isp4xxx_set(ISP4XXX_ACB_TTL, acb, 64);
	memcpy(isp4xxx_at(ISP4XXX_ACB_IPV4_ADDRESS, acb), "\x0a\x0a\x00\x0a", 4);
	memcpy(isp4xxx_at(ISP4XXX_ACB_IPV4_MASK, acb), "\xff\xff\xff\x00", 4);
	isp4xxx_set(ISP4XXX_ACB_DHCP_USE_VENDOR, acb, 1);
	isp4xxx_set(ISP4XXX_ACB_DHCP_VENDOR_LENGTH, acb, 255);
	memcpy(isp4xxx_at(ISP4XXX_ACB_DHCP_VENDOR, acb), "abcdefghijk", 11);
	acb_network(acb, mac, &settings);
	assert_int_equal(settings.mtu, 9000);
	assert_true(settings.ipv4.is_enabled && settings.ipv4.has_dhcp && settings.ipv4.has_vlan);
	assert_int_equal(settings.ipv4.vlan_tag, 0x6064);
	assert_int_equal(acb[0x54], 0x60); /* big endian */
	assert_int_equal(settings.ipv4.tos, 0);
	assert_int_equal(settings.ipv4.ttl, 64);
	assert_memory_equal(settings.ipv4.address, "\x0a\x0a\x00\x0a", 4);
	assert_string_equal(settings.ipv4.vendor_id, "abcdefghijk");
	assert_string_equal(settings.ipv4.client_id, "");
	assert_false(settings.ipv6.is_enabled);
}

static void ipv6_needs_its_version(void **state)
{
	uint8_t acb[ISP_ACB_SIZE] = { 0 };
	struct network_settings settings;

	isp4xxx_set(ISP4XXX_ACB_IPV6_ENABLE, acb, 1);
	isp4xxx_set(ISP4XXX_ACB_IPV6_AUTOCONFIG, acb, 1);
	acb_network(acb, mac, &settings);
	assert_false(settings.ipv6.is_enabled);
	isp4xxx_set(ISP4XXX_ACB_ACB_VERSION, acb, ISP_ACB_VERSION2);
	isp4xxx_set(ISP4XXX_ACB_DAD_COUNT, acb, 3);
	memset(isp4xxx_at(ISP4XXX_ACB_INTERFACE_ID, acb), 7, 8);
	memset(isp4xxx_at(ISP4XXX_ACB_IPV6_ADDRESS1, acb), 0xfd, 16);
	acb_network(acb, mac, &settings);
	assert_true(settings.ipv6.is_enabled && settings.ipv6.has_auto_addresses && !settings.ipv6.has_auto_link_local);
	assert_int_equal(settings.ipv6.dad_count, 3);
	assert_int_equal(settings.ipv6.interface_id[7], 7);
	assert_int_equal(settings.ipv6.address[1][15], 0xfd);
	assert_int_equal(settings.ipv6.address[0][15], 0);
}

static void rings(void **state)
{
	uint8_t acb[ISP_ACB_SIZE] = { 0 };
	struct rings_layout layout;

	memcpy(acb + 0x10, "\1\0\2\0\0\4\x40\0", 8);
	memcpy(acb + 0x18, "\0\0\1\0\5\0\0\0", 8);
	memcpy(acb + 0x20, "\0\0\2\0\6\0\0\0", 8);
	memcpy(acb + 0x28, "\0\0\3\0\7\0\0\0", 8);
	acb_rings(acb, &layout);
	assert_int_equal(layout.request_consumer, 1);
	assert_int_equal(layout.response_producer, 2);
	assert_int_equal(layout.request_length, 1024);
	assert_int_equal(layout.response_length, 64);
	assert_int_equal(layout.request, 0x500010000);
	assert_int_equal(layout.response, 0x600020000);
	assert_int_equal(layout.shadow, 0x700030000);
}

static void states_without_a_network(void **state)
{
	make_world(ISP_DEVICE_4032, 1);
	boot();
	init_firmware();
	acb_refresh(chip());
	assert_int_equal(isp4xxx_get(ISP4XXX_ACB_IPV4_STATE, chip()->acb), ISP_IP_PREFERRED);
	assert_int_equal(isp4xxx_get(ISP4XXX_ACB_LINK_LOCAL_STATE, chip()->acb), ISP_IP_PREFERRED);
	assert_int_equal(isp4xxx_get(ISP4XXX_ACB_IPV6_STATE0, chip()->acb), ISP_IP_UNCONFIGURED);
	end_world();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_nothing),
		cmocka_unit_test(ipv4),
		cmocka_unit_test(ipv6_needs_its_version),
		cmocka_unit_test(rings),
		cmocka_unit_test(states_without_a_network),
	};

	return cmocka_run_group_tests_name("hba_acb", tests, NULL, NULL);
}
