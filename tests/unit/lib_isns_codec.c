/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Attributes there and back, and everything the gate in front of libisns must not let through. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>

#include "lib/isns_codec.h"
#include "tests/unit/isns_bytes.h"

static void test_round_trip(void **state)
{
	const struct isns_item items[] = {
		{.tag = ISNS_ISCSI_NAME, .kind = ISNS_KIND_TEXT, .text = "iqn.2026-11.org.example:a"},
		{.tag = ISNS_ISCSI_NODE_TYPE, .kind = ISNS_KIND_NUMBER, .number = 0xfedcba98},
		{.tag = ISNS_PORTAL_ADDRESS, .kind = ISNS_KIND_ADDRESS, .address = IN6ADDR_LOOPBACK_INIT},
		{.tag = ISNS_DELIMITER, .kind = ISNS_KIND_NOTHING},
		{.tag = ISNS_PG_TAG, .kind = ISNS_KIND_NOTHING},
	};
	struct isns_bytes bytes = {0};
	struct isns_item item;
	size_t at = 0;

	for (size_t i = 0; i < sizeof(items) / sizeof(items[0]); i++)
		assert_int_equal(isns_codec_add(&bytes, &items[i]), 0);
	assert_int_equal(bytes.length % 4, 0);
	for (size_t i = 0; i < sizeof(items) / sizeof(items[0]); i++) {
		assert_int_equal(isns_codec_next(bytes.data, bytes.length, &at, &item), 1);
		assert_int_equal(item.tag, items[i].tag);
		assert_int_equal(item.kind, items[i].kind);
		assert_int_equal(item.number, items[i].number);
		assert_string_equal(item.text, items[i].text);
		assert_memory_equal(&item.address, &items[i].address, sizeof(item.address));
	}
	assert_int_equal(isns_codec_next(bytes.data, bytes.length, &at, &item), 0);
	isns_bytes_done(&bytes);
}

/* The bytes RFC 4171 wants. */
static void test_wire(void **state)
{
	static const unsigned char want[] = {0, 0, 0, 32, 0, 0, 0, 8, 'i', 'q', 'n', '.', 'x', 0, 0, 0, 0, 0, 0, 33, 0, 0, 0, 4, 0, 0, 0, 2};
	struct isns_bytes bytes = {0};

	assert_int_equal(isns_codec_add(&bytes, &(struct isns_item){.tag = ISNS_ISCSI_NAME, .kind = ISNS_KIND_TEXT, .text = "iqn.x"}), 0);
	assert_int_equal(isns_codec_add(&bytes, &(struct isns_item){.tag = ISNS_ISCSI_NODE_TYPE, .kind = ISNS_KIND_NUMBER, .number = 2}), 0);
	assert_int_equal(bytes.length, sizeof(want));
	assert_memory_equal(bytes.data, want, sizeof(want));
	isns_bytes_done(&bytes);
}

static void test_not_written(void **state)
{
	struct isns_item long_text = {.tag = ISNS_ISCSI_NAME, .kind = ISNS_KIND_TEXT};
	struct isns_bytes bytes = {0};

	memset(long_text.text, 'a', sizeof(long_text.text));
	assert_int_equal(isns_codec_add(&bytes, &long_text), -EINVAL);
	assert_int_equal(isns_codec_add(&bytes, &(struct isns_item){.tag = ISNS_ISCSI_NAME, .kind = ISNS_KIND_NUMBER}), -EINVAL);
	assert_int_equal(isns_codec_add(&bytes, &(struct isns_item){.tag = 9999, .kind = ISNS_KIND_NUMBER}), -EINVAL);
	assert_int_equal(bytes.length, 0);
	isns_bytes_done(&bytes);
}

static void refused(uint32_t tag, uint32_t length, size_t present)
{
	struct isns_bytes bytes = {0};
	struct isns_item item;
	size_t at = 0;

	put_word(&bytes, tag);
	put_word(&bytes, length);
	for (size_t i = 0; i < present; i++)
		assert_int_equal(isns_bytes_add(&bytes, "a", 1), 0);
	assert_int_equal(isns_codec_next(bytes.data, bytes.length, &at, &item), -EPROTO);
	isns_bytes_done(&bytes);
}

static void test_gate(void **state)
{
	struct isns_item item;
	size_t at = 0;

	refused(ISNS_ISCSI_NAME, 64, 8);
	refused(ISNS_ISCSI_NAME, 0xfffffffc, 8);
	refused(ISNS_ISCSI_NAME, ISNS_TEXT_MAX + 4, ISNS_TEXT_MAX + 4);
	refused(ISNS_ISCSI_NODE_TYPE, 8, 8);
	refused(ISNS_ISCSI_NODE_TYPE, 3, 3);
	refused(ISNS_PORTAL_ADDRESS, 4, 4);
	refused(ISNS_DELIMITER, 4, 4);
	refused(9999, 8, 4);
	assert_int_equal(isns_codec_next((const unsigned char *)"abcd", 4, &at, &item), -EPROTO);
	assert_int_equal(isns_codec_next(NULL, 0, &at, &item), 0);
}

/* No NUL at the end, one in the middle, and an attribute nobody knows. */
static void test_odd(void **state)
{
	struct isns_bytes bytes = {0};
	struct isns_item item;
	size_t at = 0;

	put_word(&bytes, ISNS_ISCSI_NAME);
	put_word(&bytes, 8);
	assert_int_equal(isns_bytes_add(&bytes, "abcdefgh", 8), 0);
	put_word(&bytes, ISNS_ISCSI_NAME);
	put_word(&bytes, 8);
	assert_int_equal(isns_bytes_add(&bytes, "ab\0defgh", 8), 0);
	put_text(&bytes, 9999, "what is this");
	assert_int_equal(isns_codec_next(bytes.data, bytes.length, &at, &item), 1);
	assert_string_equal(item.text, "abcdefgh");
	assert_int_equal(isns_codec_next(bytes.data, bytes.length, &at, &item), 1);
	assert_string_equal(item.text, "ab");
	assert_int_equal(isns_codec_next(bytes.data, bytes.length, &at, &item), 1);
	assert_int_equal(item.kind, ISNS_KIND_OTHER);
	assert_int_equal(isns_codec_next(bytes.data, bytes.length, &at, &item), 0);
	isns_bytes_done(&bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_wire),
		cmocka_unit_test(test_not_written),
		cmocka_unit_test(test_gate),
		cmocka_unit_test(test_odd),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
