/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The driver reads and writes fields of the chip's structures as lib/isp4xxx.c does, which the emulated HBA and hbafw use: every row. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lib/isp4xxx.h"
#include "tests/unit/kernel.h"

#ifndef GENMASK_ULL
#define GENMASK_ULL(high, low) (~0ull >> (63 - (high)) & ~0ull << (low))
#endif
#include "drivers/qla4xxx/field.c"

#define ROUNDS	50
#define BYTES	4096

static void fill(uint8_t *bytes)
{
	for (unsigned int i = 0; i < BYTES; i++)
		bytes[i] = (uint8_t)rand();
}

static void test_same_rows(void **state)
{
	assert_int_equal(ISP_ROWS, ISP4XXX_ROWS);
	for (unsigned int row = 0; row < ISP_ROWS; row++) {
		assert_int_equal(isp_fields[row].offset, isp4xxx_rows[row].offset);
		assert_int_equal(isp_fields[row].width, isp4xxx_rows[row].width);
		assert_int_equal(isp_fields[row].bits, isp4xxx_rows[row].bits);
		assert_true(isp_fields[row].offset + isp_fields[row].width <= isp4xxx_structure_size(isp4xxx_rows[row].structure));
	}
}

static void test_same_numbers(void **state)
{
	uint8_t ours[BYTES], theirs[BYTES];

	for (unsigned int round = 0; round < ROUNDS; round++) {
		for (unsigned int row = 0; row < ISP_ROWS; row++) {
			uint64_t number = (uint64_t)rand() << 40 ^ (uint64_t)rand() << 20 ^ (uint64_t)rand();

			if (!isp_fields[row].bits)
				continue;
			fill(ours);
			memcpy(theirs, ours, BYTES);
			assert_int_equal(field_get(row, ours), isp4xxx_get(row, ours));
			field_set(row, ours, number);
			isp4xxx_set(row, theirs, number);
			assert_memory_equal(ours, theirs, BYTES);
		}
	}
}

/* A row that is no number neither gives one nor takes one. */
static void test_no_number(void **state)
{
	uint8_t bytes[BYTES], before[BYTES];

	fill(bytes);
	memcpy(before, bytes, BYTES);
	field_set(ISP_ACB_ROW_NAME, bytes, 7);
	assert_memory_equal(bytes, before, BYTES);
	assert_int_equal(field_get(ISP_ACB_ROW_NAME, bytes), 0);
	assert_ptr_equal(field_at(ISP_ACB_ROW_NAME, bytes), bytes + 0x100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_rows),
		cmocka_unit_test(test_same_numbers),
		cmocka_unit_test(test_no_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
