/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The PDU reader with every PDU cut at every byte, and the places of the fields on the wire. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/pdu.h"

/* RFC 7143 section 11: field, byte. */
static void test_layout(void **state)
{
	static const struct {
		size_t have, want;
	} rows[] = {
		{offsetof(struct iscsi_bhs, ahs_words), 4},
		{offsetof(struct iscsi_bhs, data_length), 5},
		{offsetof(struct iscsi_bhs, lun), 8},
		{offsetof(struct iscsi_bhs, itt), 16},
		{offsetof(struct iscsi_bhs_login_request, isid), 8},
		{offsetof(struct iscsi_bhs_login_request, tsih), 14},
		{offsetof(struct iscsi_bhs_login_request, itt), 16},
		{offsetof(struct iscsi_bhs_login_request, cid), 20},
		{offsetof(struct iscsi_bhs_login_request, cmdsn), 24},
		{offsetof(struct iscsi_bhs_login_request, exp_statsn), 28},
		{offsetof(struct iscsi_bhs_login_response, version_active), 3},
		{offsetof(struct iscsi_bhs_login_response, statsn), 24},
		{offsetof(struct iscsi_bhs_login_response, exp_cmdsn), 28},
		{offsetof(struct iscsi_bhs_login_response, max_cmdsn), 32},
		{offsetof(struct iscsi_bhs_login_response, status_class), 36},
		{offsetof(struct iscsi_bhs_login_response, status_detail), 37},
		{offsetof(struct iscsi_bhs_text_request, ttt), 20},
		{offsetof(struct iscsi_bhs_text_request, cmdsn), 24},
		{offsetof(struct iscsi_bhs_text_response, statsn), 24},
		{offsetof(struct iscsi_bhs_logout_request, cid), 20},
		{offsetof(struct iscsi_bhs_logout_request, cmdsn), 24},
		{offsetof(struct iscsi_bhs_logout_response, response), 2},
		{offsetof(struct iscsi_bhs_logout_response, time2wait), 40},
		{offsetof(struct iscsi_bhs_logout_response, time2retain), 42},
		{offsetof(struct iscsi_bhs_scsi_command, expected_bytes), 20},
		{offsetof(struct iscsi_bhs_scsi_command, cdb), 32},
		{offsetof(struct iscsi_bhs_scsi_response, status), 3},
		{offsetof(struct iscsi_bhs_scsi_response, exp_datasn), 36},
		{offsetof(struct iscsi_bhs_scsi_response, residual), 44},
		{offsetof(struct iscsi_bhs_task_request, referenced_tag), 20},
		{offsetof(struct iscsi_bhs_task_request, ref_cmdsn), 32},
		{offsetof(struct iscsi_bhs_data_out, exp_statsn), 28},
		{offsetof(struct iscsi_bhs_data_out, datasn), 36},
		{offsetof(struct iscsi_bhs_data_out, offset), 40},
		{offsetof(struct iscsi_bhs_data_in, status), 3},
		{offsetof(struct iscsi_bhs_data_in, residual), 44},
		{offsetof(struct iscsi_bhs_r2t, r2tsn), 36},
		{offsetof(struct iscsi_bhs_r2t, desired_bytes), 44},
		{offsetof(struct iscsi_bhs_async, event), 36},
		{offsetof(struct iscsi_bhs_async, parameter1), 38},
		{offsetof(struct iscsi_bhs_async, parameter3), 42},
		{offsetof(struct iscsi_bhs_snack, first), 40},
		{offsetof(struct iscsi_bhs_snack, count), 44},
		{offsetof(struct iscsi_bhs_reject, reason), 2},
		{offsetof(struct iscsi_bhs_reject, datasn), 36},
		{offsetof(struct iscsi_bhs_nop_in, ttt), 20},
		{offsetof(struct iscsi_bhs_nop_out, exp_statsn), 28},
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(rows[i].have, rows[i].want);
}

static size_t make_wire(size_t data_length, unsigned char *wire)
{
	unsigned char data[64];
	struct pdu pdu = {0};
	size_t i;

	for (i = 0; i < data_length; i++)
		data[i] = (unsigned char)(i * 3 + 1);
	pdu.bhs.opcode = ISCSI_PDU_LOGIN_RESPONSE;
	pdu.bhs.itt = htonl(0x11223344);
	assert_int_equal(pdu_set_data(&pdu, data, data_length), 0);
	pdu_encode(&pdu, wire);
	i = pdu_wire_length(&pdu);
	assert_int_equal(i, 48 + (data_length + 3) / 4 * 4);
	pdu_done(&pdu);
	return i;
}

static void check_pdu(const struct pdu *pdu, size_t data_length)
{
	size_t i;

	assert_int_equal(pdu_opcode(pdu), ISCSI_PDU_LOGIN_RESPONSE);
	assert_int_equal(ntohl(pdu->bhs.itt), 0x11223344);
	assert_int_equal(pdu->data_length, data_length);
	for (i = 0; i < data_length; i++)
		assert_int_equal(pdu->data[i], (unsigned char)(i * 3 + 1));
}

static void test_cut_in_two(void **state)
{
	unsigned char wire[128];
	struct pdu_reader reader;
	size_t length, data, cut, used;

	for (data = 0; data < 10; data++) {
		length = make_wire(data, wire);
		for (cut = 0; cut < length; cut++) {
			pdu_reader_init(&reader, 64);
			assert_int_equal(pdu_reader_feed(&reader, wire, cut, &used), 0);
			assert_int_equal(used, cut);
			assert_int_equal(
				pdu_reader_feed(&reader, wire + cut, length - cut, &used), 1);
			assert_int_equal(used, length - cut);
			check_pdu(&reader.pdu, data);
			pdu_reader_done(&reader);
		}
	}
}

static void test_byte_by_byte(void **state)
{
	unsigned char wire[128];
	struct pdu_reader reader;
	size_t length = make_wire(7, wire), i, used;
	int round;

	pdu_reader_init(&reader, 64);
	for (round = 0; round < 3; round++) {
		for (i = 0; i + 1 < length; i++)
			assert_int_equal(pdu_reader_feed(&reader, wire + i, 1, &used), 0);
		assert_int_equal(pdu_reader_feed(&reader, wire + i, 1, &used), 1);
		check_pdu(&reader.pdu, 7);
		pdu_reader_next(&reader);
	}
	pdu_reader_done(&reader);
}

static void test_stops_at_the_end(void **state)
{
	unsigned char wire[256];
	struct pdu_reader reader;
	size_t first = make_wire(5, wire), second = make_wire(6, wire + first), used;

	pdu_reader_init(&reader, 64);
	assert_int_equal(pdu_reader_feed(&reader, wire, first + second, &used), 1);
	assert_int_equal(used, first);
	assert_int_equal(pdu_reader_feed(&reader, wire + used, second, &used), 1);
	assert_int_equal(used, 0); /* complete and not yet taken */
	pdu_reader_next(&reader);
	assert_int_equal(pdu_reader_feed(&reader, wire + first, second, &used), 1);
	assert_int_equal(used, second);
	check_pdu(&reader.pdu, 6);
	pdu_reader_done(&reader);
}

static void test_limits(void **state)
{
	unsigned char wire[128];
	struct pdu_reader reader;
	size_t used;

	pdu_reader_init(&reader, 8);
	assert_int_equal(pdu_reader_feed(&reader, wire, make_wire(8, wire), &used), 1);
	pdu_reader_next(&reader);
	assert_int_equal(pdu_reader_feed(&reader, wire, make_wire(9, wire), &used), -EMSGSIZE);
	assert_int_equal(pdu_reader_feed(&reader, wire, 1, &used), -EPROTO);
	pdu_reader_done(&reader);

	pdu_reader_init(&reader, 8);
	make_wire(0, wire);
	wire[4] = 1; /* additional header segments */
	assert_int_equal(pdu_reader_feed(&reader, wire, 48, &used), -EPROTO);
	pdu_reader_done(&reader);
}

static void test_set_data(void **state)
{
	unsigned char *big = calloc(1, ISCSI_DATA_SEGMENT_MAX + 1);
	struct pdu pdu = {0};

	assert_non_null(big);
	assert_int_equal(pdu_set_data(&pdu, big, ISCSI_DATA_SEGMENT_MAX + 1), -EMSGSIZE);
	assert_int_equal(pdu_set_data(&pdu, big, ISCSI_DATA_SEGMENT_MAX), 0);
	assert_int_equal(pdu_data_length(&pdu.bhs), ISCSI_DATA_SEGMENT_MAX);
	assert_int_equal(pdu_set_data(&pdu, "abc", 3), 0);
	assert_int_equal(pdu_data_length(&pdu.bhs), 3);
	assert_int_equal(pdu_set_data(&pdu, NULL, 0), 0);
	assert_int_equal(pdu_wire_length(&pdu), 48);
	pdu_done(&pdu);
	free(big);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_layout),		cmocka_unit_test(test_cut_in_two),
		cmocka_unit_test(test_byte_by_byte),	cmocka_unit_test(test_stops_at_the_end),
		cmocka_unit_test(test_limits),		cmocka_unit_test(test_set_data),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
