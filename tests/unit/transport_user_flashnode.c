/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Flashnodes: the record as it has always been printed, field by field, with where each is read from and what is sent of it. The
 * table here is written by hand so that a row that is lost, moved or renamed is noticed.
 */
#include <errno.h>

#include "tests/unit/sysfs_tree.h"
#include "transport/user/flashnode.h"

enum form { N8, N16, N32, TXT, ADR, HEX, RO };

/* In the order of the record: field, attribute, number of the parameter, form. */
static const struct {
	const char *field, *attribute;
	uint16_t param;
	enum form form;
} wanted[] = {
	{ "flashnode.session.auto_snd_tgt_disable", "auto_snd_tgt_disable", 2, N8 },
	{ "flashnode.session.discovery_session", "discovery_session", 3, N8 },
	{ "flashnode.session.portal_type", "portal_type", 1, TXT },
	{ "flashnode.session.entry_enable", "entry_enable", 4, N8 },
	{ "flashnode.session.immediate_data", "immediate_data", 7, N8 },
	{ "flashnode.session.initial_r2t", "initial_r2t", 8, N8 },
	{ "flashnode.session.data_seq_in_order", "data_seq_in_order", 9, N8 },
	{ "flashnode.session.data_pdu_in_order", "data_pdu_in_order", 10, N8 },
	{ "flashnode.session.chap_auth_en", "chap_auth", 11, N8 },
	{ "flashnode.session.discovery_logout_en", "discovery_logout", 13, N8 },
	{ "flashnode.session.bidi_chap_en", "bidi_chap", 14, N8 },
	{ "flashnode.session.discovery_auth_optional", "discovery_auth_optional", 15, N8 },
	{ "flashnode.session.erl", "erl", 16, N8 },
	{ "flashnode.session.first_burst_len", "first_burst_len", 25, N32 },
	{ "flashnode.session.def_time2wait", "def_time2wait", 26, N16 },
	{ "flashnode.session.def_time2retain", "def_time2retain", 27, N16 },
	{ "flashnode.session.max_outstanding_r2t", "max_outstanding_r2t", 28, N16 },
	{ "flashnode.session.isid", "isid", 30, HEX },
	{ "flashnode.session.tsid", "tsid", 31, N16 },
	{ "flashnode.session.max_burst_len", "max_burst_len", 33, N32 },
	{ "flashnode.session.def_taskmgmt_tmo", "def_taskmgmt_tmo", 34, N16 },
	{ "flashnode.session.targetalias", "targetalias", 36, TXT },
	{ "flashnode.session.targetname", "targetname", 43, TXT },
	{ "flashnode.session.discovery_parent_idx", "discovery_parent_idx", 46, N16 },
	{ "flashnode.session.discovery_parent_type", "discovery_parent_type", 47, TXT },
	{ "flashnode.session.tpgt", "tpgt", 44, N16 },
	{ "flashnode.session.chap_out_idx", "chap_out_idx", 51, N16 },
	{ "flashnode.session.chap_in_idx", "chap_in_idx", 50, RO },
	{ "flashnode.session.username", "username", 52, RO },
	{ "flashnode.session.username_in", "username_in", 53, RO },
	{ "flashnode.session.password", "password", 54, RO },
	{ "flashnode.session.password_in", "password_in", 55, RO },
	{ "flashnode.session.is_boot_target", "is_boot_target", 58, RO },
	{ "flashnode.conn[0].is_fw_assigned_ipv6", "is_fw_assigned_ipv6", 0, N8 },
	{ "flashnode.conn[0].header_digest_en", "header_digest", 5, N8 },
	{ "flashnode.conn[0].data_digest_en", "data_digest", 6, N8 },
	{ "flashnode.conn[0].snack_req_en", "snack_req", 12, N8 },
	{ "flashnode.conn[0].tcp_timestamp_stat", "tcp_timestamp_stat", 17, N8 },
	{ "flashnode.conn[0].tcp_nagle_disable", "tcp_nagle_disable", 18, N8 },
	{ "flashnode.conn[0].tcp_wsf_disable", "tcp_wsf_disable", 19, N8 },
	{ "flashnode.conn[0].tcp_timer_scale", "tcp_timer_scale", 20, N8 },
	{ "flashnode.conn[0].tcp_timestamp_en", "tcp_timestamp_enable", 21, N8 },
	{ "flashnode.conn[0].fragment_disable", "fragment_disable", 22, N8 },
	{ "flashnode.conn[0].max_xmit_dlength", "max_xmit_dlength", 24, N32 },
	{ "flashnode.conn[0].max_recv_dlength", "max_recv_dlength", 23, N32 },
	{ "flashnode.conn[0].keepalive_tmo", "keepalive_tmo", 29, N16 },
	{ "flashnode.conn[0].port", "port", 32, N16 },
	{ "flashnode.conn[0].ipaddress", "ipaddress", 35, ADR },
	{ "flashnode.conn[0].redirect_ipaddr", "redirect_ipaddr", 37, ADR },
	{ "flashnode.conn[0].max_segment_size", "max_segment_size", 38, N32 },
	{ "flashnode.conn[0].local_port", "local_port", 39, N16 },
	{ "flashnode.conn[0].ipv4_tos", "ipv4_tos", 40, N8 },
	{ "flashnode.conn[0].ipv6_traffic_class", "ipv6_traffic_class", 41, N8 },
	{ "flashnode.conn[0].ipv6_flow_label", "ipv6_flow_label", 42, N16 },
	{ "flashnode.conn[0].link_local_ipv6", "link_local_ipv6", 45, ADR },
	{ "flashnode.conn[0].tcp_xmit_wsf", "tcp_xmit_wsf", 48, N32 },
	{ "flashnode.conn[0].tcp_recv_wsf", "tcp_recv_wsf", 49, N32 },
	{ "flashnode.conn[0].statsn", "statsn", 56, N32 },
	{ "flashnode.conn[0].exp_statsn", "exp_statsn", 57, N32 },
};

#define ROWS (sizeof(wanted) / sizeof(wanted[0]))

static int make_tree(void **state)
{
	char value[16];

	snprintf(root, sizeof(root), "/tmp/flashnode.XXXXXX");
	assert_non_null(mkdtemp(root));
	for (size_t i = 0; i < ROWS; i++) {
		bool conn = !strncmp(wanted[i].field, "flashnode.conn", 14);

		snprintf(value, sizeof(value), "%zu\n", 100 + i);
		make_file(conn ? "bus/iscsi_flashnode/devices/flashnode_conn-4:2:0" : "bus/iscsi_flashnode/devices/flashnode_sess-4:2",
			  wanted[i].attribute, value);
	}
	make_folder("bus/iscsi_flashnode/devices/flashnode_sess-4:11");
	make_folder("bus/iscsi_flashnode/devices/flashnode_sess-14:3");
	make_folder("bus/iscsi_flashnode/devices/flashnode_sess-4:03");
	make_folder("bus/iscsi_flashnode/devices/flashnode_sess-4:9x");
	return 0;
}

static void rows(void **state)
{
	char text[FLASHNODE_TEXT_MAX], value[16];

	assert_int_equal(ROWS, 59);
	assert_null(flashnode_row(ROWS));
	for (size_t i = 0; i < ROWS; i++) {
		const struct flashnode_row *row = flashnode_row(i);

		assert_string_equal(row->field, wanted[i].field);
		assert_ptr_equal(flashnode_find(wanted[i].field), row);
		assert_int_equal(row->param, wanted[i].param);
		flashnode_read(root, 4, 2, row, text, sizeof(text));
		snprintf(value, sizeof(value), "%zu", 100 + i);
		assert_string_equal(text, value);
	}
	assert_null(flashnode_find("flashnode.session.nothing"));
}

/* The one attribute that a value makes: its number, length and bytes. */
static void assert_encoded(const struct flashnode_row *row, const char *text, const void *value, uint32_t bytes)
{
	struct attributes attributes = { 0 };
	struct iscsi_attribute head;

	assert_int_equal(flashnode_encode(row, text, &attributes), 0);
	assert_int_equal(attributes.count, 1);
	memcpy(&head, attributes.buffer + 4, sizeof(head));
	assert_int_equal(head.param, row->param);
	assert_int_equal(head.len, bytes);
	assert_memory_equal(attributes.buffer + 10, value, bytes);
	attributes_done(&attributes);
}

static void assert_refused(const struct flashnode_row *row, const char *text, int error)
{
	struct attributes attributes = { 0 };

	assert_int_equal(flashnode_encode(row, text, &attributes), error);
	assert_int_equal(attributes.count, 0);
	attributes_done(&attributes);
}

static void assert_number(const struct flashnode_row *row, uint32_t bytes)
{
	char past[24];

	assert_encoded(row, "77", bytes == 1 ? "\x4d" : bytes == 2 ? "\x4d\0" : "\x4d\0\0\0", bytes);
	snprintf(past, sizeof(past), "%llu", 1ull << (8 * bytes));
	assert_refused(row, past, -ERANGE);
	assert_refused(row, "-1", -EINVAL);
	assert_refused(row, "1x", -EINVAL);
	assert_refused(row, "", -EINVAL);
}

static void assert_text(const struct flashnode_row *row)
{
	char longest[300];

	assert_encoded(row, "abc", "abc", 4);
	memset(longest, 'x', sizeof(longest));
	longest[row->max + 1] = '\0';
	assert_refused(row, longest, -ERANGE);
	assert_refused(row, "a\nb", -EINVAL);
}

static void values(void **state)
{
	for (size_t i = 0; i < ROWS; i++) {
		const struct flashnode_row *row = flashnode_row(i);

		switch (wanted[i].form) {
		case N8:
		case N16:
		case N32:
			assert_number(row, 1u << wanted[i].form);
			break;
		case TXT:
			assert_text(row);
			break;
		case ADR:
			assert_encoded(row, "10.0.0.7", "\x0a\0\0\7", 4);
			assert_encoded(row, "fe80::1", "\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 16);
			assert_refused(row, "10.0.0", -EINVAL);
			break;
		case HEX:
			assert_encoded(row, "000e1e0aFF01", "\0\x0e\x1e\x0a\xff\1", 6);
			assert_encoded(row, "00:0e:1e:0a:ff:01", "\0\x0e\x1e\x0a\xff\1", 6);
			assert_refused(row, "000e1e0aff0", -EINVAL);
			assert_refused(row, "000e1e0aff0102", -EINVAL);
			assert_refused(row, "zz0e1e0aff01", -EINVAL);
			break;
		case RO:
			assert_refused(row, "1", -EROFS);
			break;
		}
	}
}

static void lists(void **state)
{
	uint32_t *list;
	size_t count;

	assert_int_equal(flashnode_list(root, 4, &list, &count), 0);
	assert_int_equal(count, 2);
	assert_true(list[0] == 2 && list[1] == 11);
	free(list);
	assert_int_equal(flashnode_list(root, 5, &list, &count), 0);
	assert_true(!list && !count);
	assert_int_equal(flashnode_list("/nowhere", 4, &list, &count), 0);
	assert_int_equal(flashnode_exists(root, 4, 11), 0);
	assert_int_equal(flashnode_exists(root, 4, 3), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(rows), cmocka_unit_test(values), cmocka_unit_test(lists) };

	return cmocka_run_group_tests(tests, make_tree, remove_tree);
}
