/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every field of the ISP4xxx there and back, by number and by text, and that none touches a bit of another. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/isp4xxx.h"
#include "transport/abi/isp4xxx.h"

static void rows_fit_their_structures(void **state)
{
	for (size_t i = 0; i < ISP4XXX_ROWS; i++) {
		const struct isp4xxx_field *field = &isp4xxx_rows[i];

		assert_true((size_t)field->offset + field->width <= isp4xxx_structure_size(field->structure));
		assert_true(field->shift + field->bits <= 8 * field->width);
		assert_true((field->kind <= ISP4XXX_FLAG) == (field->bits != 0));
		assert_true(field->kind != ISP4XXX_FLAG || field->bits == 1);
		assert_ptr_equal(isp4xxx_field_find(field->structure, field->name), field);
	}
}

static void structures_have_rows(void **state)
{
	size_t all = 0;

	for (enum isp4xxx_structure structure = 0; structure < ISP4XXX_STRUCTURES; structure++) {
		size_t count;

		isp4xxx_fields(structure, &count);
		assert_true(count);
		all += count;
	}
	assert_int_equal(all, ISP4XXX_ROWS);
	assert_null(isp4xxx_field_find(ISP4XXX_ACB, "nothing"));
}

static uint64_t largest(const struct isp4xxx_field *field)
{
	return field->bits == 64 ? UINT64_MAX : ((uint64_t)1 << field->bits) - 1;
}

/* What is set is read again, and all other bits stay: checked on a structure of zeros and on one of ones. */
static void check_number(const struct isp4xxx_field *field, uint8_t fill)
{
	uint8_t bytes[2048], before[2048];

	memset(bytes, fill, sizeof(bytes));
	memcpy(before, bytes, sizeof(bytes));
	assert_int_equal(isp4xxx_field_set_number(field, bytes, fill ? 0 : largest(field)), 0);
	assert_true(isp4xxx_field_number(field, bytes) == (fill ? 0 : largest(field)));
	assert_int_equal(isp4xxx_field_is_zero(field, bytes), fill != 0);
	assert_memory_not_equal(bytes, before, sizeof(bytes));
	assert_int_equal(isp4xxx_field_set_number(field, bytes, fill ? largest(field) : 0), 0);
	assert_memory_equal(bytes, before, sizeof(bytes));
}

static void numbers_go_there_and_back(void **state)
{
	uint8_t bytes[2048] = {0};

	for (size_t i = 0; i < ISP4XXX_ROWS; i++) {
		const struct isp4xxx_field *field = &isp4xxx_rows[i];

		if (!field->bits) {
			assert_int_equal(isp4xxx_field_set_number(field, bytes, 0), -EINVAL);
			continue;
		}
		check_number(field, 0);
		check_number(field, 0xff);
		if (field->bits < 64)
			assert_int_equal(isp4xxx_field_set_number(field, bytes, largest(field) + 1), -ERANGE);
	}
}

static const char *example_of(const struct isp4xxx_field *field, char *buffer, size_t size)
{
	switch (field->kind) {
	case ISP4XXX_NUMBER:
	case ISP4XXX_BIG:
		snprintf(buffer, size, "%llu", (unsigned long long)largest(field));
		return buffer;
	case ISP4XXX_HEX:
		snprintf(buffer, size, "0x%0*llx", (field->bits + 3) / 4, (unsigned long long)largest(field) - 1);
		return buffer;
	case ISP4XXX_FLAG:
		return "on";
	case ISP4XXX_TEXT:
	case ISP4XXX_SECRET:
		memset(buffer, 'x', field->width - 1u);
		buffer[field->width - 1] = '\0';
		return buffer;
	case ISP4XXX_IPV4:
		return "192.0.2.7";
	case ISP4XXX_IPV6:
	case ISP4XXX_ADDRESS:
		return "2001:db8::7";
	case ISP4XXX_MAC:
		return "00:c0:dd:01:02:fe";
	case ISP4XXX_ISID:
		return "400001370000";
	case ISP4XXX_BYTES:
		for (unsigned int i = 0; i < field->width; i++)
			snprintf(buffer + 2 * i, 3, "%02x", (uint8_t)(i + 0xa0));
		return buffer;
	}
	return "";
}

static void texts_go_there_and_back(void **state)
{
	for (size_t i = 0; i < ISP4XXX_ROWS; i++) {
		const struct isp4xxx_field *field = &isp4xxx_rows[i];
		uint8_t bytes[2048] = {0};
		char buffer[1024];
		struct text text = {0};

		assert_int_equal(isp4xxx_field_parse(field, bytes, example_of(field, buffer, sizeof(buffer))), 0);
		isp4xxx_field_format(field, bytes, true, &text);
		assert_string_equal(text.data, example_of(field, buffer, sizeof(buffer)));
		text_done(&text);
	}
}

static void refused(enum isp4xxx_row row, const char *value, int error)
{
	uint8_t bytes[2048], before[2048];

	memset(bytes, 0x5a, sizeof(bytes));
	memcpy(before, bytes, sizeof(bytes));
	assert_int_equal(isp4xxx_field_parse(&isp4xxx_rows[row], bytes, value), error);
	assert_memory_equal(bytes, before, sizeof(bytes));
}

static void nonsense_is_refused(void **state)
{
	refused(ISP4XXX_ACB_MTU, "", -EINVAL);
	refused(ISP4XXX_ACB_MTU, "-1", -EINVAL);
	refused(ISP4XXX_ACB_MTU, "1500 ", -EINVAL);
	refused(ISP4XXX_ACB_MTU, "65536", -ERANGE);
	refused(ISP4XXX_ACB_REQUEST_RING, "99999999999999999999", -ERANGE);
	refused(ISP4XXX_ACB_DHCP, "yes", -EINVAL);
	refused(ISP4XXX_ACB_IPV4_ADDRESS, "192.0.2", -EINVAL);
	refused(ISP4XXX_ACB_ROUTER, "192.0.2.1", -EINVAL);
	refused(ISP4XXX_ACB_INTERFACE_ID, "02", -EINVAL);
	refused(ISP4XXX_ACB_INTERFACE_ID, "0011223344556677x", -EINVAL);
	refused(ISP4XXX_SYSINFO_MAC0, "00-c0-dd-01-02-03", -EINVAL);
	refused(ISP4XXX_DDB_ADDRESS, "localhost", -EINVAL);
	refused(ISP4XXX_DDB_ALIAS, "an alias of more bytes than there is", -ERANGE);
	refused(ISP4XXX_DDB_ALIAS, "a\nb", -EINVAL);
}

/* What the chip's description says of places, orders and spellings. */
static void bytes_lie_where_the_chip_looks(void **state)
{
	uint8_t acb[ISP_ACB_SIZE] = {0}, ddb[ISP_DDB_SIZE] = {0};
	struct text text = {0};

	isp4xxx_set(ISP4XXX_ACB_IPV4_VLAN, acb, 0x2064);
	assert_int_equal(acb[0x54], 0x20);
	assert_int_equal(acb[0x55], 0x64);
	isp4xxx_set(ISP4XXX_ACB_DHCP, acb, 1);
	assert_int_equal(acb[0x33], 0x02);
	isp4xxx_field_parse(&isp4xxx_rows[ISP4XXX_DDB_ISID], ddb, "000e1e000000");
	assert_memory_equal(ddb + 0x20, ((uint8_t[]){0, 0, 0, 0x1e, 0x0e, 0}), 6);
	isp4xxx_field_parse(&isp4xxx_rows[ISP4XXX_DDB_ADDRESS], ddb, "2001:db8::1");
	assert_int_equal(isp4xxx_get(ISP4XXX_DDB_OPTIONS, ddb), ISP_DDB_IPV6);
	isp4xxx_field_parse(&isp4xxx_rows[ISP4XXX_DDB_ADDRESS], ddb, "192.0.2.1");
	assert_int_equal(isp4xxx_get(ISP4XXX_DDB_OPTIONS, ddb), 0);
	assert_memory_equal(ddb + 0x30, ((uint8_t[]){192, 0, 2, 1, 0}), 5);
	memset(ddb + 0xc0, 0xff, 224);
	isp4xxx_field_format(&isp4xxx_rows[ISP4XXX_DDB_NAME], ddb, false, &text);
	assert_int_equal(text.len, 224);
	assert_int_equal(strspn(text.data, "?"), 224);
	text_done(&text);
}

static void secrets_are_stars(void **state)
{
	const struct isp4xxx_field *field = &isp4xxx_rows[ISP4XXX_CHAP_SECRET];
	uint8_t chap[ISP_CHAP_SIZE] = {0};
	struct text text = {0};

	isp4xxx_field_parse(field, chap, "a-secret-of-mine");
	isp4xxx_field_format(field, chap, false, &text);
	assert_string_equal(text.data, "********");
	isp4xxx_field_format(field, chap, true, &text);
	assert_string_equal(text.data, "********a-secret-of-mine");
	text_done(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_fit_their_structures),
		cmocka_unit_test(structures_have_rows),
		cmocka_unit_test(numbers_go_there_and_back),
		cmocka_unit_test(texts_go_there_and_back),
		cmocka_unit_test(nonsense_is_refused),
		cmocka_unit_test(bytes_lie_where_the_chip_looks),
		cmocka_unit_test(secrets_are_stars),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
