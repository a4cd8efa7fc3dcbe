/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Messages in one and in several PDUs, cut anywhere; what is no iSNS; notices and the reply to them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>

#include "lib/isns_message.h"
#include "lib/isns_notice.h"
#include "tests/unit/isns_bytes.h"

#define ME "iqn.2026-11.org.example:me"
#define ONLY (ISNS_FIRST_PDU | ISNS_LAST_PDU)

static void put_pdu(struct isns_bytes *bytes, uint16_t function, uint16_t flags, uint16_t sequence, const char *payload)
{
	uint16_t words[] = {htons(1), htons(function), htons((uint16_t)strlen(payload)), htons(flags), htons(7), htons(sequence)};

	assert_int_equal(isns_bytes_add(bytes, words, sizeof(words)), 0);
	assert_int_equal(isns_bytes_add(bytes, payload, strlen(payload)), 0);
}

/* What the first message, or an error, is. */
static int read_all(struct isns_bytes *bytes, size_t step, struct isns_reader *reader)
{
	size_t at = 0, used;
	int result = 0;

	isns_reader_init(reader, 64);
	while (!result && at < bytes->length) {
		size_t left = bytes->length - at;

		result = isns_reader_feed(reader, bytes->data + at, left < step ? left : step, &used);
		at += used;
	}
	return result;
}

static void test_parts(void **state)
{
	struct isns_bytes bytes = {0};
	struct isns_reader reader;

	put_pdu(&bytes, 0x8002, ISNS_FIRST_PDU, 0, "abcd");
	put_pdu(&bytes, 0x8002, 0, 1, "efgh");
	put_pdu(&bytes, 0x8002, ISNS_LAST_PDU, 2, "ijkl");
	for (size_t step = 1; step < 40; step++) {
		assert_int_equal(read_all(&bytes, step, &reader), 1);
		assert_int_equal(reader.message.function, 0x8002);
		assert_int_equal(reader.message.xid, 7);
		assert_int_equal(reader.message.payload.length, 12);
		assert_memory_equal(reader.message.payload.data, "abcdefghijkl", 12);
		isns_reader_done(&reader);
	}
	isns_bytes_done(&bytes);
}

static void test_own(void **state)
{
	struct isns_message message = {.function = ISNS_QUERY, .flags = ISNS_FROM_CLIENT, .xid = 3};
	struct isns_bytes bytes = {0};
	struct isns_reader reader;

	put_word(&message.payload, 42);
	assert_int_equal(isns_message_encode(&message, &bytes), 0);
	assert_int_equal(read_all(&bytes, 1000, &reader), 1);
	assert_int_equal(reader.message.flags, ISNS_FROM_CLIENT | ONLY);
	assert_int_equal(reader.message.payload.length, 4);
	isns_reader_done(&reader);
	isns_bytes_done(&bytes);
	for (int i = 0; i < 17000; i++)
		put_word(&message.payload, 0);
	assert_int_equal(isns_message_encode(&message, &bytes), -EMSGSIZE);
	isns_bytes_done(&message.payload);
}

static void refused(struct isns_bytes *bytes, int want)
{
	struct isns_reader reader;

	assert_int_equal(read_all(bytes, 1000, &reader), want);
	isns_reader_done(&reader);
	isns_bytes_done(bytes);
}

static void test_refused(void **state)
{
	struct isns_bytes bytes = {0};

	put_pdu(&bytes, 0x8002, 0, 0, "abcd"); /* not the first */
	refused(&bytes, -EPROTO);
	put_pdu(&bytes, 0x8002, ONLY, 1, "abcd");
	refused(&bytes, -EPROTO);
	put_pdu(&bytes, 0x8002, ONLY, 0, "abc");
	refused(&bytes, -EPROTO);
	put_pdu(&bytes, 0x8002, ONLY | ISNS_AUTHENTICATED, 0, "abcd");
	refused(&bytes, -EOPNOTSUPP);
	put_pdu(&bytes, 0x8002, ISNS_FIRST_PDU, 0, "abcd"); /* another message in between */
	put_pdu(&bytes, 0x8003, ISNS_LAST_PDU, 1, "abcd");
	refused(&bytes, -EPROTO);
	put_pdu(&bytes, 0x8002, ISNS_FIRST_PDU, 0, "abcd"); /* one is missing */
	put_pdu(&bytes, 0x8002, ISNS_LAST_PDU, 2, "abcd");
	refused(&bytes, -EPROTO);
	put_pdu(&bytes, 0x8002, ISNS_FIRST_PDU, 0, ""); /* would go on for ever */
	refused(&bytes, -EPROTO);
	put_pdu(&bytes, 0x8002, ISNS_FIRST_PDU, 0, "0123456789012345678901234567890123456789");
	put_pdu(&bytes, 0x8002, ISNS_LAST_PDU, 1, "0123456789012345678901234567890123456789");
	refused(&bytes, -EMSGSIZE);
	assert_int_equal(isns_bytes_add(&bytes, "HTTP/1.1 400 Bad Request", 24), 0);
	refused(&bytes, -EPROTO);
}

static int notice(const char *name, struct isns_bytes *reply)
{
	struct isns_message message = {.function = ISNS_CHANGE_NOTICE, .xid = 9};
	int result;

	put_text(&message.payload, ISNS_ISCSI_NAME, name);
	put_number(&message.payload, ISNS_ISCSI_SCN_BITMAP, 8);
	put_text(&message.payload, ISNS_ISCSI_NAME, ME); /* whom it is about does not count */
	result = isns_notice_read(&message, ME, reply);
	isns_bytes_done(&message.payload);
	return result;
}

static void test_notice(void **state)
{
	struct isns_message query = {.function = ISNS_QUERY};
	struct isns_bytes reply = {0};
	struct isns_reader reader;
	struct isns_item item;
	size_t at = 4;

	assert_int_equal(notice("iqn.2026-11.org.example:other", &reply), 0);
	assert_int_equal(isns_notice_read(&query, ME, &reply), 0);
	assert_int_equal(reply.length, 0);
	assert_int_equal(notice(ME, &reply), 1);
	assert_int_equal(read_all(&reply, 1000, &reader), 1);
	assert_int_equal(reader.message.function, ISNS_CHANGE_NOTICE | ISNS_RESPONSE);
	assert_int_equal(reader.message.xid, 9);
	assert_memory_equal(reader.message.payload.data, "\0\0\0\0", 4);
	assert_int_equal(isns_codec_next(reader.message.payload.data, reader.message.payload.length, &at, &item), 1);
	assert_string_equal(item.text, ME);
	isns_reader_done(&reader);
	isns_bytes_done(&reply);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_own),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_notice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
