/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Parameters of an iface: each that the class knows, of each iface, from user space's bytes into the control block and from there to the text
 * of its attribute; nothing but its field changes; what no field can hold is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lib/isp4xxx.h"
#include "tests/unit/qla4xxx_class.h"

#include "drivers/qla4xxx/field.c"
#include "drivers/qla4xxx/iface_rows.c"

static const struct iface_place ipv4 = { ISCSI_IFACE_TYPE_IPV4, 0 }, ipv6 = { ISCSI_IFACE_TYPE_IPV6, 0 }, ipv6_1 = { ISCSI_IFACE_TYPE_IPV6, 1 };

static struct { u8 acb[ISP_ACB_SIZE], before[ISP_ACB_SIZE]; char page[PAGE_SIZE]; } world;

static int start(void **state)
{
	memset(&world, 0, sizeof(world));
	for (unsigned int i = 0; i < sizeof(world.acb); i++)
		world.acb[i] = (u8)rand();
	memcpy(world.before, world.acb, sizeof(world.acb));
	return 0;
}

static void assert_shown(const struct iface_place *place, unsigned int type, unsigned int param, const char *text)
{
	int length = iface_row_show(world.acb, place, type, param, world.page);

	assert_true(length > 0 && world.page[length - 1] == '\n');
	world.page[length - 1] = '\0';
	assert_string_equal(world.page, text);
}

/* Of the bits that are not this row's none has changed. */
static void assert_only(enum isp_row row)
{
	const struct isp_field *field = &isp_fields[row];

	for (unsigned int i = 0; i < ISP_ACB_SIZE; i++) {
		u8 mine = 0;

		if (i >= field->offset && i < field->offset + field->width) {
			unsigned int low = 8 * (i - field->offset);

			for (unsigned int bit = 0; bit < 8; bit++)
				if (!field->bits || field->kind == ISP_KIND_BIG || (low + bit >= field->shift && low + bit < field->shift + field->bits))
					mine |= 1u << bit;
		}
		assert_int_equal(world.acb[i] & (u8)~mine, world.before[i] & (u8)~mine);
	}
	memcpy(world.before, world.acb, sizeof(world.acb));
}

static void set(const struct iface_place *place, const struct iface_row *row, const void *value, u32 len)
{
	assert_int_equal(iface_row_set(world.acb, place, row->type, row->param, value, len), 0);
}

static void number_goes_round(const struct iface_place *place, const struct iface_row *row, enum isp_row field)
{
	u32 unit = row->how == HOW_BLOCKS ? 512 : 1, most = (u32)((1ull << isp_fields[field].bits) - 1);
	u32 numbers[] = { 0, 1, most / 2, most };
	char text[32];

	for (unsigned int i = 0; i < ARRAY_SIZE(numbers); i++) {
		u32 number = numbers[i] * unit;

		set(place, row, &number, sizeof(number));
		assert_int_equal(isp4xxx_get((enum isp4xxx_row)field, world.acb), numbers[i]);
		snprintf(text, sizeof(text), "%u", number);
		assert_shown(place, row->type, row->param, text);
		assert_only(field);
	}
	if (most < 0xffffffff) {
		u32 more = (most + 1) * unit;

		assert_int_equal(iface_row_set(world.acb, place, row->type, row->param, (u8 *)&more, sizeof(more)), -EINVAL);
		assert_only(field);
	}
}

static void switch_goes_round(const struct iface_place *place, const struct iface_row *row, enum isp_row field, u8 on, const char *set_text,
			      const char *clear_text)
{
	u8 value = on, other = 3 - on, wrong[] = { 0, 3, 255 };

	set(place, row, &value, 1);
	assert_int_equal(isp4xxx_get((enum isp4xxx_row)field, world.acb), 1);
	assert_shown(place, row->type, row->param, set_text);
	assert_only(field);
	set(place, row, &other, 1);
	assert_int_equal(isp4xxx_get((enum isp4xxx_row)field, world.acb), 0);
	assert_shown(place, row->type, row->param, clear_text);
	assert_only(field);
	for (unsigned int i = 0; i < sizeof(wrong); i++)
		assert_int_equal(iface_row_set(world.acb, place, row->type, row->param, &wrong[i], 1), -EINVAL);
	assert_only(field);
}

static void address_goes_round(const struct iface_place *place, const struct iface_row *row, enum isp_row field, const char *text)
{
	u8 address[16];
	u32 len = strchr(text, '.') ? 4 : 16;

	assert_int_equal(inet_pton(len == 4 ? AF_INET : AF_INET6, text, address), 1);
	set(place, row, address, len);
	assert_shown(place, row->type, row->param, text);
	assert_only(field);
	assert_int_equal(iface_row_set(world.acb, place, row->type, row->param, address, len - 1), -EINVAL);
	assert_int_equal(iface_row_set(world.acb, place, row->type, row->param, address, len == 4 ? 16 : 4), -EINVAL);
	assert_only(field);
}

static void goes_round(const struct iface_place *place, const struct iface_row *row)
{
	enum isp_row field = field_of(row, place);

	switch (row->how) {
	case HOW_NUMBER:
	case HOW_BLOCKS:
		return number_goes_round(place, row, field);
	case HOW_SWITCH:
		return switch_goes_round(place, row, field, 2, "enable", "disable");
	case HOW_LACK:
		return switch_goes_round(place, row, field, 1, "disable", "enable");
	case HOW_DHCP:
		return switch_goes_round(place, row, field, 2, "dhcp", "static");
	case HOW_DISCOVERY:
		return switch_goes_round(place, row, field, 2, "nd", "static");
	case HOW_AUTOMATIC:
		return switch_goes_round(place, row, field, 1, "auto", "static");
	case HOW_IPV4:
		return address_goes_round(place, row, field, "192.0.2.130");
	case HOW_IPV6:
	case HOW_IPV6_OF_NUMBER:
		return address_goes_round(place, row, field, "2001:0db8:0000:00ff:fe00:0001:0203:0a0b");
	case HOW_LINK_LOCAL:
		return address_goes_round(place, row, field, "fe80:0000:0000:0000:02c0:ddff:fe10:0000");
	default:
		return;
	}
}

static bool is_settable(const struct iface_row *row, const struct iface_place *place)
{
	return field_of(row, place) != ISP_ROWS && (!(place->number & 1) || row->how == HOW_IPV6_OF_NUMBER);
}

static void test_every_row(void **state)
{
	const struct iface_place *places[] = { &ipv4, &ipv6, &ipv6_1 };

	for (unsigned int i = 0; i < ARRAY_SIZE(iface_rows); i++)
		for (unsigned int j = 0; j < ARRAY_SIZE(places); j++)
			if (is_settable(&iface_rows[i], places[j]))
				goes_round(places[j], &iface_rows[i]);
}

/* Each attribute the class has is one of ours, in its family and no other. */
static void test_every_attribute(void **state)
{
	static const struct { unsigned int type, param; const char *family, *attribute; } attributes[] = {
#define NET_PARAM(number, id, family, attribute, type, sentence) { ISCSI_NET_PARAM, number, #family, attribute },
#include "transport/abi/net_params.def"
#undef NET_PARAM
#define IFACE_PARAM(number, id, family, attribute, type, sentence) { ISCSI_IFACE_PARAM, number, #family, attribute },
#include "transport/abi/iface_params.def"
#undef IFACE_PARAM
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(attributes); i++) {
		unsigned int type = attributes[i].type, param = attributes[i].param;
		bool shown = *attributes[i].attribute;

		assert_int_equal(iface_row_is_shown(type, param), shown);
		if (!shown)
			continue;
		assert_int_equal(iface_row_show(world.acb, &ipv4, type, param, world.page) > 0, strcmp(attributes[i].family, "V6") != 0);
		assert_int_equal(iface_row_show(world.acb, &ipv6, type, param, world.page) > 0, strcmp(attributes[i].family, "V4") != 0);
	}
	assert_int_equal(iface_row_show(world.acb, &ipv4, ISCSI_NET_PARAM, 99, world.page), -ENODATA);
	assert_int_equal(iface_row_set(world.acb, &ipv4, ISCSI_NET_PARAM, 99, (const u8 *)"\1", 1), -ENODATA);
}

static void test_vlan(void **state)
{
	u16 tag = 0xa064, id = 7;
	u8 priority = 3;

	assert_int_equal(iface_row_set(world.acb, &ipv6, ISCSI_NET_PARAM, ISCSI_NET_PARAM_VLAN_TAG, (u8 *)&tag, 2), 0);
	assert_int_equal(isp4xxx_get(ISP4XXX_ACB_IPV6_VLAN, world.acb), 0xa064);
	assert_int_equal(world.acb[0x220], 0xa0);
	assert_shown(&ipv6, ISCSI_NET_PARAM, ISCSI_NET_PARAM_VLAN_ID, "100");
	assert_shown(&ipv6, ISCSI_NET_PARAM, ISCSI_NET_PARAM_VLAN_PRIORITY, "5");
	assert_int_equal(iface_row_set(world.acb, &ipv6, ISCSI_NET_PARAM, ISCSI_NET_PARAM_VLAN_ID, (u8 *)&id, 2), 0);
	assert_int_equal(iface_row_set(world.acb, &ipv6, ISCSI_NET_PARAM, ISCSI_NET_PARAM_VLAN_PRIORITY, &priority, 1), 0);
	assert_int_equal(isp4xxx_get(ISP4XXX_ACB_IPV6_VLAN, world.acb), 3 << 13 | 7);
	id = 4096;
	assert_int_equal(iface_row_set(world.acb, &ipv6, ISCSI_NET_PARAM, ISCSI_NET_PARAM_VLAN_ID, (u8 *)&id, 2), -EINVAL);
	priority = 8;
	assert_int_equal(iface_row_set(world.acb, &ipv6, ISCSI_NET_PARAM, ISCSI_NET_PARAM_VLAN_PRIORITY, &priority, 1), -EINVAL);
}

static void test_texts(void **state)
{
	static const u8 long_one[] = "12345678901";

	assert_int_equal(iface_row_set(world.acb, &ipv4, ISCSI_NET_PARAM, ISCSI_NET_PARAM_IPV4_DHCP_VENDOR_ID, (const u8 *)"card", 5), 0);
	assert_int_equal(isp4xxx_get(ISP4XXX_ACB_DHCP_VENDOR_LENGTH, world.acb), 4);
	assert_shown(&ipv4, ISCSI_NET_PARAM, ISCSI_NET_PARAM_IPV4_DHCP_VENDOR_ID, "card");
	assert_int_equal(iface_row_set(world.acb, &ipv4, ISCSI_NET_PARAM, ISCSI_NET_PARAM_IPV4_DHCP_ALT_CLIENT_ID, long_one, 10), 0);
	assert_int_equal(isp4xxx_get(ISP4XXX_ACB_DHCP_CLIENT_LENGTH, world.acb), 10);
	assert_shown(&ipv4, ISCSI_NET_PARAM, ISCSI_NET_PARAM_IPV4_DHCP_ALT_CLIENT_ID, "1234567890");
	assert_int_equal(iface_row_set(world.acb, &ipv4, ISCSI_NET_PARAM, ISCSI_NET_PARAM_IPV4_DHCP_ALT_CLIENT_ID, long_one, 11), -EINVAL);
	/* A name that fills its field has no NUL. */
	memset(world.acb + 0x100, 'n', 224);
	world.acb[0x1e0] = 'x';
	assert_int_equal(iface_row_show(world.acb, &ipv4, ISCSI_IFACE_PARAM, ISCSI_IFACE_PARAM_INITIATOR_NAME, world.page), 225);
}

static void test_states(void **state)
{
	static const struct { u8 state; const char *name; } states[] = {
		{ 0, "Unconfigured" }, { 1, "Invalid" }, { 2, "Acquiring" }, { 3, "Tentative" }, { 4, "Deprecated" }, { 5, "Valid" },
		{ 6, "Disabling" }, { 7, "Unconfigured" }, { 255, "Unconfigured" },
	};
	u8 none = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(states); i++) {
		isp4xxx_set(ISP4XXX_ACB_IPV4_STATE, world.acb, states[i].state);
		isp4xxx_set(ISP4XXX_ACB_IPV6_STATE1, world.acb, states[i].state);
		assert_shown(&ipv4, ISCSI_NET_PARAM, ISCSI_NET_PARAM_IPADDR_STATE, states[i].name);
		assert_shown(&ipv6_1, ISCSI_NET_PARAM, ISCSI_NET_PARAM_IPADDR_STATE, states[i].name);
	}
	isp4xxx_set(ISP4XXX_ACB_ROUTER_STATE, world.acb, 1);
	assert_shown(&ipv6, ISCSI_NET_PARAM, ISCSI_NET_PARAM_IPV6_ROUTER_STATE, "Manual");
	isp4xxx_set(ISP4XXX_ACB_ROUTER_STATE, world.acb, 2);
	assert_shown(&ipv6, ISCSI_NET_PARAM, ISCSI_NET_PARAM_IPV6_ROUTER_STATE, "Unknown");
	assert_int_equal(iface_row_set(world.acb, &ipv4, ISCSI_NET_PARAM, ISCSI_NET_PARAM_IPADDR_STATE, &none, 1), -ENODATA);
	assert_int_equal(iface_row_set(world.acb, &ipv4, ISCSI_NET_PARAM, ISCSI_NET_PARAM_CACHE_ID, &none, 1), -ENODATA);
}

/* Iface 1 has an address of its own, and nothing else is set there. */
static void test_second(void **state)
{
	u8 address[16] = { 0x20, 1 }, on = 1;

	assert_int_equal(iface_row_set(world.acb, &ipv6_1, ISCSI_NET_PARAM, ISCSI_NET_PARAM_IPV6_ADDR, address, 16), 0);
	assert_memory_equal(world.acb + 0x240, address, 16);
	assert_memory_equal(world.acb + 0x230, world.before + 0x230, 16);
	memcpy(world.before, world.acb, sizeof(world.acb));
	assert_int_equal(iface_row_set(world.acb, &ipv6_1, ISCSI_NET_PARAM, ISCSI_NET_PARAM_IFACE_ENABLE, &on, 1), -ENODATA);
	assert_int_equal(iface_row_set(world.acb, &ipv6, ISCSI_NET_PARAM, ISCSI_NET_PARAM_IPV4_TTL, &on, 1), -ENODATA);
	assert_memory_equal(world.acb, world.before, sizeof(world.acb));
	assert_int_equal(iface_row_set(world.acb, &ipv6, ISCSI_NET_PARAM, ISCSI_NET_PARAM_IPV6_ROUTER_AUTOCFG, &on, 1), 0);
	assert_shown(&ipv6, ISCSI_NET_PARAM, ISCSI_NET_PARAM_IPV6_ROUTER, "0000:0000:0000:0000:0000:0000:0000:0000");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_every_row, start),
		cmocka_unit_test_setup(test_every_attribute, start),
		cmocka_unit_test_setup(test_vlan, start),
		cmocka_unit_test_setup(test_texts, start),
		cmocka_unit_test_setup(test_states, start),
		cmocka_unit_test_setup(test_second, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
