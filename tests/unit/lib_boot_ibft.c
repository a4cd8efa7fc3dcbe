/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The raw iBFT: what is read from a good one, and that damage of any kind is noticed before anything outside the table is touched. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>

#include "lib/boot_ibft.h"
#include "tests/unit/ibft_table.h"

/* In memory of exactly len bytes, so that a byte read behind it is seen by the sanitizer. */
static int parse(const uint8_t *bytes, size_t len, struct boot_list *list)
{
	uint8_t *copy = malloc(len ? len : 1);
	int r;

	assert_non_null(copy);
	memcpy(copy, bytes, len);
	*list = (struct boot_list){0};
	r = boot_ibft_parse(copy, len, list);
	free(copy);
	return r;
}

static void refused(struct ibft_table *table)
{
	struct boot_list list;

	ibft_sum(table);
	assert_int_equal(parse(table->bytes, IBFT_BYTES, &list), -EINVAL);
	assert_int_equal(list.count, 0);
}

static void reads_two_targets(void **state)
{
	const struct boot_target *second;
	struct ibft_table table;
	struct boot_list list;

	ibft_make(&table);
	assert_int_equal(parse(table.bytes, IBFT_BYTES, &list), 0);
	assert_int_equal(list.count, 2);
	second = &list.targets[0];
	assert_string_equal(second->target, "target1");
	assert_string_equal(second->nic, "ethernet1");
	assert_string_equal(second->values[BOOT_INITIATOR_NAME], "iqn.2026-01.lab:me");
	assert_string_equal(second->values[BOOT_MAC], "52:54:00:00:00:02");
	assert_string_equal(second->values[BOOT_ADDRESS], "10.9.1.10");
	assert_string_equal(second->values[BOOT_PREFIX_LEN], "24");
	assert_string_equal(second->values[BOOT_GATEWAY], "10.9.1.254");
	assert_string_equal(second->values[BOOT_PRIMARY_DNS], "");
	assert_string_equal(second->values[BOOT_VLAN], "7");
	assert_string_equal(second->values[BOOT_ORIGIN], "3");
	assert_string_equal(second->values[BOOT_TARGET_NAME], "iqn.2026-01.lab:t1");
	assert_string_equal(second->values[BOOT_TARGET_ADDRESS], "10.9.1.1");
	assert_string_equal(second->values[BOOT_TARGET_PORT], "3261");
	assert_string_equal(second->values[BOOT_USERNAME], "alice");
	assert_string_equal(second->values[BOOT_PASSWORD], "secret12");
	assert_string_equal(second->values[BOOT_LUN], "00000000");
	assert_string_equal(list.targets[1].values[BOOT_TARGET_NAME], "iqn.2026-01.lab:t0");
	assert_string_equal(list.targets[1].values[BOOT_VLAN], "0");
	boot_list_done(&list);
}

static void any_cut_is_refused(void **state)
{
	struct ibft_table table;
	struct boot_list list;

	ibft_make(&table);
	for (size_t len = 0; len < IBFT_BYTES; len++)
		assert_int_equal(parse(table.bytes, len, &list), -EINVAL);
}

static void checksum_counts(void **state)
{
	struct ibft_table table;
	struct boot_list list;

	ibft_make(&table);
	for (size_t i = 0; i < IBFT_BYTES; i += 7) {
		table.bytes[i] ^= 1;
		assert_int_equal(parse(table.bytes, IBFT_BYTES, &list), -EINVAL);
		table.bytes[i] ^= 1;
	}
}

/* Each offset in the control structure, led where it must not. */
static void offsets_stay_inside(void **state)
{
	static const unsigned int bad[] = {1, 35, IBFT_BYTES - 1, IBFT_BYTES, 0xffff, IBFT_STRINGS};
	struct ibft_table table;

	for (unsigned int i = 1; i < 6; i++)
		for (size_t j = 0; j < sizeof(bad) / sizeof(bad[0]); j++) {
			ibft_make(&table);
			ibft_u16(&table, IBFT_CONTROL + 6 + 2 * i, bad[j]);
			refused(&table);
		}
}

static void structures_are_whole(void **state)
{
	static const unsigned int places[] = {IBFT_CONTROL, IBFT_INITIATOR, IBFT_NIC_0, IBFT_TARGET_0, IBFT_NIC_1, IBFT_TARGET_1};
	struct ibft_table table;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		ibft_make(&table);
		ibft_u16(&table, places[i] + 2, 17);
		refused(&table);
		ibft_make(&table);
		ibft_u16(&table, places[i] + 2, IBFT_BYTES);
		refused(&table);
		ibft_make(&table);
		table.bytes[places[i]] = 9;
		refused(&table);
		ibft_make(&table);
		table.bytes[places[i] + 1] = 2;
		refused(&table);
	}
}

static void header_is_checked(void **state)
{
	struct ibft_table table;

	ibft_make(&table);
	table.bytes[0] = 'j';
	refused(&table);
	ibft_make(&table);
	table.bytes[8] = 2;
	refused(&table);
	ibft_make(&table);
	ibft_u16(&table, 4, IBFT_BYTES + 1);
	refused(&table);
	ibft_make(&table);
	ibft_u16(&table, 4, 60);
	refused(&table);
}

/* A string outside the table, or with a NUL inside, costs only itself. */
static void bad_strings_are_left_out(void **state)
{
	struct ibft_table table;
	struct boot_list list;

	ibft_make(&table);
	ibft_u16(&table, IBFT_TARGET_1 + 38, 0xffff);
	ibft_u16(&table, IBFT_TARGET_1 + 44, IBFT_BYTES - 3);
	ibft_u16(&table, IBFT_INITIATOR + 70, 20);
	ibft_sum(&table);
	assert_int_equal(parse(table.bytes, IBFT_BYTES, &list), 0);
	assert_int_equal(list.count, 2);
	assert_string_equal(list.targets[0].values[BOOT_USERNAME], "");
	assert_string_equal(list.targets[0].values[BOOT_PASSWORD], "");
	assert_string_equal(list.targets[0].values[BOOT_INITIATOR_NAME], "");
	boot_list_done(&list);
}

static void invalid_structures_are_left_out(void **state)
{
	struct ibft_table table;
	struct boot_list list;

	ibft_make(&table);
	table.bytes[IBFT_TARGET_1 + 5] = 0;
	table.bytes[IBFT_NIC_0 + 5] = 0;
	ibft_u16(&table, IBFT_CONTROL + 8, 0);
	ibft_sum(&table);
	assert_int_equal(parse(table.bytes, IBFT_BYTES, &list), 0);
	assert_int_equal(list.count, 1);
	assert_string_equal(list.targets[0].target, "target0");
	assert_string_equal(list.targets[0].values[BOOT_MAC], "");
	assert_string_equal(list.targets[0].values[BOOT_INITIATOR_NAME], "");
	boot_list_done(&list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_two_targets),	    cmocka_unit_test(any_cut_is_refused),
		cmocka_unit_test(checksum_counts),	    cmocka_unit_test(offsets_stay_inside),
		cmocka_unit_test(structures_are_whole),	    cmocka_unit_test(header_is_checked),
		cmocka_unit_test(bad_strings_are_left_out), cmocka_unit_test(invalid_structures_are_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
