/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Parameters of a flash node: each that the class knows, from user space's bytes into the entry and from there to the text of its attribute;
 * nothing but its field changes; what no field can hold is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lib/isp4xxx.h"
#include "tests/unit/qla4xxx_class.h"

#include "drivers/qla4xxx/field.c"
#include "drivers/qla4xxx/flashnode_rows.c"

/* Of iface_rows.c, whose test is about them. */
int ipv4_show(const u8 *address, char *page)
{
	return sysfs_emit(page, "%u.%u.%u.%u\n", address[0], address[1], address[2], address[3]);
}

int ipv6_show(const u8 *address, char *page)
{
	return sysfs_emit(page, "%02x..%02x\n", address[0], address[15]);
}

static struct { u8 entry[ISP_DDB_SIZE], before[ISP_DDB_SIZE]; char page[PAGE_SIZE]; } world;

static int start(void **state)
{
	memset(&world, 0, sizeof(world));
	for (unsigned int i = 0; i < sizeof(world.entry); i++)
		world.entry[i] = (u8)rand();
	isp4xxx_set(ISP4XXX_DDB_IS_IPV6, world.entry, 0);
	memcpy(world.before, world.entry, sizeof(world.entry));
	return 0;
}

static void assert_shown(unsigned int param, const char *text)
{
	int length = flashnode_row_show(world.entry, param, world.page);

	assert_true(length > 0 && world.page[length - 1] == '\n');
	world.page[length - 1] = '\0';
	assert_string_equal(world.page, text);
}

/* The rest of the entry is what it was: with the field's old bytes put back, all is. */
static void assert_only(enum isp_row row)
{
	u8 copy[ISP_DDB_SIZE];

	memcpy(copy, world.entry, sizeof(copy));
	if (isp_fields[row].bits)
		isp4xxx_set((enum isp4xxx_row)row, copy, isp4xxx_get((enum isp4xxx_row)row, world.before));
	else
		memcpy(copy + isp_fields[row].offset, world.before + isp_fields[row].offset, isp_fields[row].width);
	assert_memory_equal(copy, world.before, sizeof(copy));
}

static void number_goes_round(unsigned int param, enum isp_row field, u32 unit)
{
	u32 most = (u32)((1ull << isp_fields[field].bits) - 1), numbers[] = { 0, 1, most / 2, most };
	char text[32];

	for (unsigned int i = 0; i < ARRAY_SIZE(numbers); i++) {
		u32 number = numbers[i] * unit;

		assert_int_equal(flashnode_row_set(world.entry, param, (u8 *)&number, sizeof(number)), 0);
		assert_int_equal(isp4xxx_get((enum isp4xxx_row)field, world.entry), numbers[i]);
		snprintf(text, sizeof(text), "%u", number);
		assert_shown(param, text);
		assert_only(field);
	}
	if (most < 0xffffffff) {
		u32 more = (most + 1) * unit;

		assert_int_equal(flashnode_row_set(world.entry, param, (u8 *)&more, sizeof(more)), -EINVAL);
		assert_int_equal(isp4xxx_get((enum isp4xxx_row)field, world.entry), most);
	}
	assert_int_equal(flashnode_row_set(world.entry, param, (u8 *)&most, 3), -EINVAL);
}

static void text_goes_round(unsigned int param, enum isp_row field)
{
	u8 longest[256];

	memset(longest, 'x', sizeof(longest));
	assert_int_equal(flashnode_row_set(world.entry, param, (const u8 *)"iqn.1999-09.example:a", 22), 0);
	assert_shown(param, "iqn.1999-09.example:a");
	assert_only(field);
	assert_int_equal(flashnode_row_set(world.entry, param, longest, isp_fields[field].width), -EINVAL);
	assert_int_equal(flashnode_row_set(world.entry, param, longest, isp_fields[field].width - 1u), 0);
	assert_only(field);
}

static void test_every_row(void **state)
{
	for (unsigned int param = 0; param < ISCSI_FLASHNODE_MAX; param++) {
		const struct flashnode_row *row = &flashnode_rows[param];

		if (row->how == HOW_NUMBER || row->how == HOW_BLOCKS || row->how == HOW_IPV4_NUMBER)
			number_goes_round(param, row->field, row->how == HOW_BLOCKS ? 512 : 1);
		else if (row->how == HOW_TEXT)
			text_goes_round(param, row->field);
		else
			continue;
		memcpy(world.before, world.entry, sizeof(world.entry));
	}
}

/* What the class can ask for and the entry does not have is credentials and the EEPROM's word. */
static void test_every_attribute(void **state)
{
	for (unsigned int param = 0; param <= ISCSI_FLASHNODE_MAX; param++) {
		bool is_ours = param < ISCSI_FLASHNODE_CHAP_IN_IDX || param == ISCSI_FLASHNODE_CHAP_OUT_IDX || param == ISCSI_FLASHNODE_STATSN ||
			       param == ISCSI_FLASHNODE_EXP_STATSN;

		assert_int_equal(flashnode_row_show(world.entry, param, world.page) > 0, is_ours);
		if (!is_ours)
			assert_int_equal(flashnode_row_set(world.entry, param, (const u8 *)"\1", 1), -ENODATA);
	}
}

static void test_addresses(void **state)
{
	u8 address[16] = { 192, 0, 2, 7, [15] = 9 };

	assert_int_equal(flashnode_row_set(world.entry, ISCSI_FLASHNODE_IPADDR, address, 4), 0);
	assert_shown(ISCSI_FLASHNODE_IPADDR, "192.0.2.7");
	assert_shown(ISCSI_FLASHNODE_PORTAL_TYPE, "ipv4");
	assert_shown(ISCSI_FLASHNODE_LINK_LOCAL_IPV6, "");
	assert_shown(ISCSI_FLASHNODE_IPV6_TC, "");
	assert_only(ISP_DDB_ROW_ADDRESS);
	assert_int_equal(world.entry[0x34], 0);
	assert_int_equal(flashnode_row_set(world.entry, ISCSI_FLASHNODE_PORTAL_TYPE, (const u8 *)"ipv6", 5), 0);
	assert_int_equal(flashnode_row_set(world.entry, ISCSI_FLASHNODE_IPADDR, address, 16), 0);
	assert_shown(ISCSI_FLASHNODE_IPADDR, "c0..09");
	assert_shown(ISCSI_FLASHNODE_PORTAL_TYPE, "ipv6");
	assert_shown(ISCSI_FLASHNODE_IPV4_TOS, "0");
	assert_int_equal(flashnode_row_set(world.entry, ISCSI_FLASHNODE_IPADDR, address, 5), -EINVAL);
	assert_int_equal(flashnode_row_set(world.entry, ISCSI_FLASHNODE_PORTAL_TYPE, (const u8 *)"ipv5", 5), -EINVAL);
	assert_int_equal(flashnode_row_set(world.entry, ISCSI_FLASHNODE_PORTAL_TYPE, (const u8 *)"ip", 2), -EINVAL);
}

/* Type of service and traffic class are one field: the one that is not the entry's must not overwrite the other. */
static void test_service(void **state)
{
	u8 service = 0x10, class = 0x20;

	assert_int_equal(flashnode_row_set(world.entry, ISCSI_FLASHNODE_IPV4_TOS, &service, 1), 0);
	assert_int_equal(flashnode_row_set(world.entry, ISCSI_FLASHNODE_IPV6_TC, &class, 1), 0);
	assert_shown(ISCSI_FLASHNODE_IPV4_TOS, "16");
	assert_int_equal(flashnode_row_set(world.entry, ISCSI_FLASHNODE_PORTAL_TYPE, (const u8 *)"ipv6", 5), 0);
	assert_int_equal(flashnode_row_set(world.entry, ISCSI_FLASHNODE_IPV6_TC, &class, 1), 0);
	assert_int_equal(flashnode_row_set(world.entry, ISCSI_FLASHNODE_IPV4_TOS, &service, 1), 0);
	assert_shown(ISCSI_FLASHNODE_IPV6_TC, "32");
}

static void test_isid(void **state)
{
	static const u8 isid[6] = { 0x00, 0x0e, 0x1e, 0x11, 0x22, 0x33 }, stored[6] = { 0x33, 0x22, 0x11, 0x1e, 0x0e, 0x00 };

	assert_int_equal(flashnode_row_set(world.entry, ISCSI_FLASHNODE_ISID, isid, 6), 0);
	assert_memory_equal(world.entry + 0x20, stored, 6);
	assert_shown(ISCSI_FLASHNODE_ISID, "000e1e112233");
	assert_only(ISP_DDB_ROW_ISID);
	assert_int_equal(flashnode_row_set(world.entry, ISCSI_FLASHNODE_ISID, isid, 5), -EINVAL);
}

static void test_parent(void **state)
{
	static const struct { u16 link; const char *name; } links[] = {
		{ 0, "Sendtarget" }, { 63, "Sendtarget" }, { 64, "Unknown" }, { 0xfffd, "isns" }, { 0xffff, "Unknown" },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(links); i++) {
		isp4xxx_set(ISP4XXX_DDB_LINK, world.entry, links[i].link);
		assert_shown(ISCSI_FLASHNODE_DISCOVERY_PARENT_TYPE, links[i].name);
	}
	assert_shown(ISCSI_FLASHNODE_DISCOVERY_PARENT_IDX, "65535");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_every_row, start),
		cmocka_unit_test_setup(test_every_attribute, start),
		cmocka_unit_test_setup(test_addresses, start),
		cmocka_unit_test_setup(test_service, start),
		cmocka_unit_test_setup(test_isid, start),
		cmocka_unit_test_setup(test_parent, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
