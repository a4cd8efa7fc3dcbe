/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Records against files in tests/golden, byte for byte, and every row of the tables: its name is found, its values go to
 * text and back, what it refuses is explained. Run from the top of the tree.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/record.h"

/* ---- the rows themselves ---- */

static bool shares_kind(enum field a, enum field b)
{
	return field_rows[a].kinds & field_rows[b].kinds;
}

static void test_rows(void **state)
{
	for (enum field field = 0; field < FIELD_COUNT; field++) {
		const struct field_row *row = &field_rows[field];
		size_t sentence = strlen(row->sentence);

		assert_true(row->name_len == strlen(row->name) && row->name_len <= TEXT_NAME_MAX);
		assert_true(row->kinds);
		assert_true(sentence > 4 && row->sentence[sentence - 1] == '.' && !islower(row->sentence[0]));
		assert_int_equal(field_rows[row->of].of, row->of);
		assert_int_equal(row->of != field, !!(row->flags & FIELD_ALIAS));
		assert_int_equal(row->kinds & ~field_rows[row->of].kinds, 0);
		for (enum field other = 0; other < field; other++) {
			if (strcmp(field_rows[other].name, row->name) != 0)
				continue;
			assert_false(shares_kind(other, field));
			assert_int_equal(field_rows[other].type, row->type);
			assert_ptr_equal(field_rows[other].choices, row->choices);
		}
		if (row->flags & FIELD_ALIAS)
			continue;
		assert_int_equal(row->choices != NULL, row->type == FIELD_WORD || row->type == FIELD_LIST ||
				 (row->type == FIELD_TEXT && row->choices));
		assert_int_equal(strlen(row->shown), row->shown_len);
		assert_true(row->max < TEXT_VALUE_MAX || row->type == FIELD_NUM);
		assert_true(row->min <= row->max);
	}
}

static void test_secrets_have_a_length(void **state)
{
	for (enum field field = 0; field < FIELD_COUNT; field++) {
		char name[TEXT_NAME_MAX + 8];

		if (!(field_rows[field].flags & FIELD_SECRET))
			continue;
		snprintf(name, sizeof(name), "%s_length", field_rows[field].name);
		assert_string_equal(field_rows[field + 1].name, name);
		assert_int_equal(field_rows[field + 1].type, FIELD_NUM);
		assert_int_equal(field_rows[field + 1].flags, FIELD_HIDDEN);
	}
}

static void test_find(void **state)
{
	for (enum record_kind kind = 0; kind < RECORD_KIND_COUNT; kind++)
		for (enum field field = 0; field < FIELD_COUNT; field++)
			if (field_rows[field].kinds & 1u << kind)
				assert_int_equal(field_find(kind, field_rows[field].name), field_rows[field].of);
	assert_int_equal(field_find(RECORD_NODE, ""), FIELD_NONE);
	assert_int_equal(field_find(RECORD_NODE, "node.bogus"), FIELD_NONE);
	assert_int_equal(field_find(RECORD_NODE, "NODE.name"), FIELD_NONE);
	assert_int_equal(field_find(RECORD_NODE, "node.name "), FIELD_NONE);
	assert_int_equal(field_find(RECORD_IFACE, "node.name"), FIELD_NONE);
	assert_int_equal(field_find(RECORD_IFACE, "node.transport_name"), FIELD_NONE);
	assert_int_equal(field_find(RECORD_NODE, "node.transport_name"), F_IFACE_TRANSPORT_NAME);
	assert_int_equal(field_find(RECORD_NODE, "node.session.conn_reopen_log_freq"),
			 F_NODE_SESSION_SESS_REOPEN_LOG_FREQ);
	assert_int_equal(field_find(RECORD_SENDTARGETS, "node.session.auth.chap_algs"),
			 F_DISCOVERY_SENDTARGETS_AUTH_CHAP_ALGS);
	assert_int_equal(field_find(RECORD_NODE, "node.session.auth.chap_algs"), F_NODE_SESSION_AUTH_CHAP_ALGS);
	assert_int_equal(field_find(RECORD_SENDTARGETS, "discovery.sendtargets.auth.chap_algs"),
			 F_DISCOVERY_SENDTARGETS_AUTH_CHAP_ALGS);
}

/* ---- every row: text -> value -> text ---- */

/* Sets, prints, reads the print back into a fresh record, and prints again. */
static void round_trip(enum record_kind kind, enum field field, const char *value)
{
	char buffer[FIELD_NUMBER_TEXT_MAX];
	struct record record, again;
	struct text text = { 0 };

	record_init(&record, kind);
	record_init(&again, kind);
	if (record_set(&record, field, value, ORIGIN_COMMAND))
		fail_msg("%s refuses %s", field_rows[field].name, value);
	assert_string_equal(record_format_value(&record, field, buffer), value);
	record_format(&record, RECORD_STORED, &text);
	assert_false(text.failed);
	assert_int_equal(record_parse(&again, text.data, text.len, ORIGIN_RECORD, NULL, NULL), 0);
	if (!(field_rows[field].flags & FIELD_HIDDEN))
		assert_string_equal(record_format_value(&again, field, buffer), value);
	text_done(&text);
	record_done(&record);
	record_done(&again);
}

static void round_trip_number(enum record_kind kind, enum field field, int64_t number)
{
	char buffer[FIELD_NUMBER_TEXT_MAX], expected[FIELD_NUMBER_TEXT_MAX];
	struct record record;

	snprintf(expected, sizeof(expected), "%lld", (long long)number);
	round_trip(kind, field, expected);
	record_init(&record, kind);
	assert_int_equal(record_set_number(&record, field, number, ORIGIN_COMMAND), 0);
	assert_int_equal(record_number(&record, field), number);
	assert_string_equal(record_format_value(&record, field, buffer), expected);
	record_done(&record);
}

static void round_trip_row(enum record_kind kind, enum field field)
{
	const struct field_row *row = &field_rows[field];

	switch (row->type) {
	case FIELD_NUM:
		round_trip_number(kind, field, row->min);
		round_trip_number(kind, field, row->max);
		round_trip_number(kind, field, row->min + (row->max - row->min) / 3);
		break;
	case FIELD_WORD:
	case FIELD_LIST:
		for (int i = 0; row->choices[i]; i++)
			round_trip(kind, field, row->choices[i]);
		break;
	case FIELD_TEXT:
		round_trip(kind, field, "");
		round_trip(kind, field, row->choices ? row->choices[0] : "a = #b");
		break;
	}
	if (row->type != FIELD_LIST || *row->default_text)
		round_trip(kind, field, row->default_text);
}

static void test_round_trip(void **state)
{
	for (enum record_kind kind = 0; kind < RECORD_KIND_COUNT; kind++)
		for (enum field field = 0; field < FIELD_COUNT; field++)
			if (field_rows[field].kinds & 1u << kind && !(field_rows[field].flags & FIELD_ALIAS))
				round_trip_row(kind, field);
}

static void test_words_both_ways(void **state)
{
	struct record record;

	for (enum field field = 0; field < FIELD_COUNT; field++) {
		const struct field_row *row = &field_rows[field];
		enum record_kind kind = (enum record_kind)__builtin_ctz(row->kinds);

		if (row->type != FIELD_WORD || row->flags & FIELD_ALIAS)
			continue;
		record_init(&record, kind);
		for (int i = 0; row->choices[i]; i++) {
			assert_int_equal(record_set(&record, field, row->choices[i], ORIGIN_CONF), 0);
			assert_int_equal(record_number(&record, field), i);
			assert_int_equal(record_set_number(&record, field, i, ORIGIN_CONF), 0);
			assert_true(record_is(&record, field, row->choices[i]));
			assert_int_equal(record_set_number(&record, field, i + 1, ORIGIN_CONF),
					 row->choices[i + 1] ? 0 : -ERANGE);
		}
		assert_int_equal(record_set_number(&record, field, -1, ORIGIN_CONF), -ERANGE);
		record_done(&record);
	}
}

/* ---- what is refused ---- */

static const struct {
	enum field field;
	const char *value;
	int error;
	const char *why;
} refused[] = {
	{ F_NODE_SESSION_QUEUE_DEPTH, "zzz", -EINVAL,
	  "node.session.queue_depth: \"zzz\" is not a number from 1 to 1024" },
	{ F_NODE_SESSION_QUEUE_DEPTH, "0", -ERANGE, "node.session.queue_depth: \"0\" is not a number from 1 to 1024" },
	{ F_NODE_SESSION_QUEUE_DEPTH, "1025", -ERANGE, NULL },
	{ F_NODE_SESSION_QUEUE_DEPTH, "", -EINVAL, NULL },
	{ F_NODE_SESSION_QUEUE_DEPTH, "-", -EINVAL, NULL },
	{ F_NODE_SESSION_QUEUE_DEPTH, "0x40", -EINVAL, NULL },
	{ F_NODE_SESSION_QUEUE_DEPTH, "6 4", -EINVAL, NULL },
	{ F_NODE_SESSION_QUEUE_DEPTH, "64s", -EINVAL, NULL },
	{ F_NODE_SESSION_QUEUE_DEPTH, "<empty>", -EINVAL, NULL },
	{ F_NODE_SESSION_QUEUE_DEPTH, "99999999999999999999999999", -ERANGE, NULL },
	{ F_NODE_SESSION_QUEUE_DEPTH, "9999999999999999999999999x", -EINVAL, NULL },
	{ F_NODE_SESSION_CMDS_MAX, "1", -ERANGE, NULL },
	{ F_NODE_SESSION_XMIT_THREAD_PRIORITY, "-21", -ERANGE, NULL },
	{ F_NODE_STARTUP, "Automatic", -EINVAL, "node.startup: \"Automatic\" is not one of manual, automatic or onboot" },
	{ F_NODE_STARTUP, "", -EINVAL, NULL },
	{ F_NODE_STARTUP, "manua", -EINVAL, NULL },
	{ F_NODE_CONN_ISCSI_HEADER_DIGEST, "CRC32C, None", -EINVAL, NULL },
	{ F_NODE_SESSION_AUTH_CHAP_ALGS, "MD5,ROT13", -EINVAL,
	  "node.session.auth.chap_algs: \"MD5,ROT13\" is not a list of different ones of MD5, SHA1, SHA256 and SHA3-256" },
	{ F_NODE_SESSION_AUTH_CHAP_ALGS, "MD5,MD5", -EINVAL, NULL },
	{ F_NODE_SESSION_AUTH_CHAP_ALGS, "", -EINVAL, NULL },
	{ F_NODE_SESSION_AUTH_CHAP_ALGS, " , ", -EINVAL, NULL },
	{ F_NODE_SESSION_AUTH_PASSWORD, "secret ", -EINVAL,
	  "node.session.auth.password: the value has a control character or a blank at its end" },
	{ F_NODE_SESSION_AUTH_PASSWORD, "se\ncret", -EINVAL, NULL },
	{ F_NODE_SESSION_AUTH_PASSWORD, "secret\x7f", -EINVAL, NULL },
	{ F_NODE_CONN_TCP_CONGESTION_CONTROL, "0123456789abcdef", -ERANGE,
	  "node.conn[0].tcp.congestion_control: the value is longer than 15 bytes" },
	{ F_IFACE_STATE, "on", -EINVAL, "iface.state: \"on\" is not one of enable or disable" },
};

static void test_refused(void **state)
{
	struct record record;
	struct text text = { 0 };

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		char buffer[FIELD_NUMBER_TEXT_MAX];

		record_init(&record, RECORD_NODE);
		assert_int_equal(record_set(&record, refused[i].field, refused[i].value, ORIGIN_COMMAND),
				 refused[i].error);
		assert_string_equal(record_format_value(&record, refused[i].field, buffer),
				    field_rows[refused[i].field].default_text);
		record_explain(refused[i].field, refused[i].value, &text);
		if (refused[i].why)
			assert_string_equal(text.data, refused[i].why);
		text_done(&text);
		record_done(&record);
	}
}

static void test_accepted(void **state)
{
	static const struct {
		enum field field;
		const char *value, *kept;
	} rows[] = {
		{ F_NODE_SESSION_TIMEO_REPLACEMENT_TIMEOUT, "-1", "-1" },
		{ F_NODE_SESSION_QUEUE_DEPTH, "+0064", "64" },
		{ F_NODE_SESSION_XMIT_THREAD_PRIORITY, "-20", "-20" },
		{ F_NODE_SESSION_ISCSI_FIRST_BURST_LENGTH, "65537", "65537" },
		{ F_NODE_SESSION_AUTH_CHAP_ALGS, "SHA3-256, SHA256 ,SHA1,MD5", "SHA3-256,SHA256,SHA1,MD5" },
		{ F_NODE_SESSION_AUTH_USERNAME, "<empty>", "" },
		{ F_NODE_TPGT, "-1", "-1" },
		{ F_IFACE_STATE, "<empty>", "" },
		{ F_IFACE_BOOTPROTO, "dhcp", "dhcp" },
	};
	char buffer[FIELD_NUMBER_TEXT_MAX];
	struct record record;

	record_init(&record, RECORD_NODE);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(record_set(&record, rows[i].field, rows[i].value, ORIGIN_COMMAND), 0);
		assert_string_equal(record_format_value(&record, rows[i].field, buffer), rows[i].kept);
	}
	record_done(&record);
}

static void test_any_word_in_a_file(void **state)
{
	static const char file[] = "iface.state = on\niface.bootproto = bootp\n";
	struct record record;

	record_init(&record, RECORD_IFACE);
	assert_int_equal(record_parse(&record, file, sizeof(file) - 1, ORIGIN_RECORD, NULL, NULL), 0);
	assert_string_equal(record_text(&record, F_IFACE_STATE), "on");
	assert_string_equal(record_text(&record, F_IFACE_BOOTPROTO), "bootp");
	record_done(&record);
}

/* What no other tool knows is not there until it is set, and no other word is taken for it, whoever wrote it. */
static void test_quiet(void **state)
{
	static const char file[] = "iface.bind = sometimes\n", set[] = "iface.bind = never\niface.fast_fail = 0\niface.path = a\n";
	struct record iface, node, again;
	struct text text = { 0 };

	record_init(&iface, RECORD_IFACE);
	record_init(&node, RECORD_NODE);
	record_init(&again, RECORD_NODE);
	assert_false(record_has(&iface, F_IFACE_BIND));
	assert_true(record_has(&iface, F_IFACE_STATE));
	assert_int_equal(record_parse(&iface, file, sizeof(file) - 1, ORIGIN_RECORD, NULL, NULL), 0);
	assert_false(record_has(&iface, F_IFACE_BIND));
	assert_int_equal(record_parse(&iface, set, sizeof(set) - 1, ORIGIN_RECORD, NULL, NULL), 0);
	assert_int_equal(record_copy_iface(&node, &iface), 0);
	for (enum record_form form = RECORD_STORED; form <= RECORD_SHOWN; form++) {
		record_format(&node, form, &text);
		assert_non_null(strstr(text.data, "iface.bind = never\niface.fast_fail = 0\niface.path = a\n"));
		assert_null(strstr(text.data, "iface.origin"));
		text_done(&text);
	}
	assert_int_equal(record_set_number(&node, F_IFACE_FAST_FAIL, -1, ORIGIN_COMMAND), 0);
	assert_int_equal(record_set(&node, F_IFACE_BIND, "", ORIGIN_COMMAND), 0);
	assert_int_equal(record_set(&node, F_IFACE_PATH, "", ORIGIN_COMMAND), 0);
	for (enum record_form form = RECORD_STORED; form <= RECORD_SHOWN_ORIGINS; form++) {
		struct text fresh = { 0 };

		record_format(&node, form, &text);
		record_format(&again, form, &fresh);
		assert_string_equal(text.data ? text.data : "", fresh.data ? fresh.data : "");
		text_done(&text);
		text_done(&fresh);
	}
	record_done(&iface);
	record_done(&node);
}

/* ---- values ---- */

static void test_secret_length(void **state)
{
	struct record record;

	record_init(&record, RECORD_NODE);
	assert_int_equal(record_set(&record, F_NODE_SESSION_AUTH_PASSWORD, "secret123456", ORIGIN_COMMAND), 0);
	assert_int_equal(record_number(&record, F_NODE_SESSION_AUTH_PASSWORD_LENGTH), 12);
	assert_int_equal(record_set(&record, F_NODE_SESSION_AUTH_PASSWORD, "", ORIGIN_COMMAND), 0);
	assert_int_equal(record_number(&record, F_NODE_SESSION_AUTH_PASSWORD_LENGTH), 0);
	record_done(&record);
}

static int complain_stop(const char *name, const char *value, unsigned int line, int error, void *data)
{
	return error;
}

/* Lengths of secrets stand in old files: read without complaint, kept by the record, shown and written nowhere. */
static void test_hidden_names(void **state)
{
	static const struct {
		enum record_kind kind;
		const char *name;
	} hidden[] = {
		{ RECORD_NODE, "node.session.auth.password_length" },
		{ RECORD_NODE, "node.session.auth.password_in_length" },
		{ RECORD_SENDTARGETS, "discovery.sendtargets.auth.password_length" },
		{ RECORD_SENDTARGETS, "discovery.sendtargets.auth.password_in_length" },
	};

	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++) {
		struct text text = { 0 }, line = { 0 };
		struct record record;

		text_addf(&line, "%s = 6\n", hidden[i].name);
		record_init(&record, hidden[i].kind);
		assert_int_equal(record_parse(&record, line.data, line.len, ORIGIN_RECORD, complain_stop, NULL), 0);
		assert_int_equal(record_number(&record, field_find(hidden[i].kind, hidden[i].name)), 6);
		record_format(&record, RECORD_FILE, &text);
		record_format(&record, RECORD_SHOWN_SECRETS, &text);
		assert_null(strstr(text.data, "password_length"));
		assert_null(strstr(text.data, "password_in_length"));
		text_done(&line);
		text_done(&text);
		record_done(&record);
	}
}

static void test_aliases(void **state)
{
	struct record record;

	record_init(&record, RECORD_NODE);
	assert_int_equal(record_set(&record, F_NODE_SESSION_CONN_REOPEN_LOG_FREQ, "7", ORIGIN_COMMAND), 0);
	assert_int_equal(record_number(&record, F_NODE_SESSION_SESS_REOPEN_LOG_FREQ), 7);
	assert_int_equal(record_number(&record, F_NODE_SESSION_CONN_REOPEN_LOG_FREQ), 7);
	assert_int_equal(record_set_number(&record, F_NODE_SESSION_CONN_REOPEN_LOG_FREQ, 8, ORIGIN_COMMAND), 0);
	assert_int_equal(record_number(&record, F_NODE_SESSION_SESS_REOPEN_LOG_FREQ), 8);
	assert_int_equal(record_set(&record, F_NODE_TRANSPORT_NAME, "iser", ORIGIN_COMMAND), 0);
	assert_string_equal(record_text(&record, F_IFACE_TRANSPORT_NAME), "iser");
	record_done(&record);
}

static void test_rows_of_one_name(void **state)
{
	struct record record;

	record_init(&record, RECORD_SENDTARGETS);
	assert_int_equal(record_set(&record, F_NODE_SESSION_AUTH_CHAP_ALGS, "SHA256", ORIGIN_COMMAND), 0);
	assert_string_equal(record_text(&record, F_DISCOVERY_SENDTARGETS_AUTH_CHAP_ALGS), "SHA256");
	assert_string_equal(record_text(&record, F_NODE_SESSION_AUTH_CHAP_ALGS), "SHA256");
	record_done(&record);
	record_init(&record, RECORD_ISNS);
	assert_int_equal(record_number(&record, F_DISCOVERY_SENDTARGETS_PORT), 3205);
	assert_string_equal(record_text(&record, F_DISCOVERY_TYPE), "isns");
	assert_int_equal(record_set_number(&record, F_DISCOVERY_SENDTARGETS_PORT, 3206, ORIGIN_COMMAND), 0);
	assert_int_equal(record_number(&record, F_DISCOVERY_ISNS_PORT), 3206);
	record_done(&record);
}

static void test_copies(void **state)
{
	struct record node, copy, iface;

	record_init(&node, RECORD_NODE);
	assert_int_equal(record_set(&node, F_NODE_NAME, "iqn.2024-01.example:disk", ORIGIN_RECORD), 0);
	assert_int_equal(record_set(&node, F_IFACE_NET_IFACENAME, "eth0", ORIGIN_RECORD), 0);
	assert_int_equal(record_set(&node, F_IFACE_MTU, "9000", ORIGIN_RECORD), 0);
	assert_int_equal(record_copy(&copy, &node), 0);
	record_done(&node);
	record_done(&node);
	assert_string_equal(record_text(&copy, F_NODE_NAME), "iqn.2024-01.example:disk");
	assert_int_equal(copy.values[F_NODE_NAME].origin, ORIGIN_RECORD);

	record_init(&iface, RECORD_IFACE);
	assert_int_equal(record_set(&iface, F_IFACE_NET_IFACENAME, "eth1", ORIGIN_COMMAND), 0);
	assert_int_equal(record_set(&iface, F_IFACE_TRANSPORT_NAME, "iser", ORIGIN_COMMAND), 0);
	assert_int_equal(record_copy_iface(&copy, &iface), 0);
	assert_string_equal(record_text(&copy, F_IFACE_NET_IFACENAME), "eth1");
	assert_string_equal(record_text(&copy, F_IFACE_TRANSPORT_NAME), "iser");
	assert_int_equal(record_number(&copy, F_IFACE_MTU), 0);
	assert_string_equal(record_text(&copy, F_NODE_NAME), "iqn.2024-01.example:disk");
	record_done(&copy);
	record_done(&iface);
}

struct complaints {
	int count, last_error, stop_at;
	unsigned int last_line;
};

static int complain(const char *name, const char *value, unsigned int line, int error, void *data)
{
	struct complaints *complaints = data;

	complaints->count++;
	complaints->last_error = error;
	complaints->last_line = line;
	return complaints->count == complaints->stop_at ? -EBADMSG : 0;
}

static void test_complaints(void **state)
{
	static const char file[] = "# BEGIN RECORD 9\nnode.tpgt = 5\nnode.bogus = 1\nnode.tpgt = x\nrubbish\n"
				   "node.session.queue_depth = 64\n";
	struct complaints complaints = { 0 };
	struct record record;

	record_init(&record, RECORD_NODE);
	assert_int_equal(record_parse(&record, file, sizeof(file) - 1, ORIGIN_RECORD, complain, &complaints), 0);
	assert_int_equal(complaints.count, 3);
	assert_int_equal(complaints.last_error, -EINVAL);
	assert_int_equal(complaints.last_line, 5);
	assert_int_equal(record_number(&record, F_NODE_TPGT), 5);
	assert_int_equal(record_number(&record, F_NODE_SESSION_QUEUE_DEPTH), 64);
	assert_int_equal(record.values[F_NODE_TPGT].origin, ORIGIN_RECORD);
	assert_int_equal(record.values[F_NODE_STARTUP].origin, ORIGIN_DEFAULT);

	complaints = (struct complaints){ .stop_at = 1 };
	assert_int_equal(record_parse(&record, file, sizeof(file) - 1, ORIGIN_RECORD, complain, &complaints),
			 -EBADMSG);
	assert_int_equal(complaints.last_error, -ENOENT);
	assert_int_equal(complaints.last_line, 3);
	record_done(&record);
}

/* ---- golden texts ---- */

/* Reads settings, prints the record in a form, compares with a file. */
static void compare(enum record_kind kind, const char *settings, enum record_form form, const char *path)
{
	struct text text = { 0 }, expected = { 0 };
	struct record record;

	record_init(&record, kind);
	assert_int_equal(record_parse(&record, settings, strlen(settings), ORIGIN_RECORD, NULL, NULL), 0);
	record_format(&record, form, &text);
	assert_int_equal(text_read_file(path, 1 << 20, &expected), 0);
	assert_string_equal(text.data, expected.data);
	text_done(&text);
	text_done(&expected);
	record_done(&record);
}

#define NODE                                                                        \
	"node.name = iqn.2024-01.example:disk\nnode.tpgt = 1\n"                     \
	"iface.iscsi_ifacename = default\nnode.discovery_address = 192.0.2.10\n"    \
	"node.discovery_port = 3260\nnode.discovery_type = send_targets\n"          \
	"node.session.initial_login_retry_max = 8\nnode.conn[0].address = 192.0.2.10\n" \
	"node.conn[0].timeo.login_timeout = 15\n"
#define CHAP                                                                        \
	"node.session.auth.authmethod = CHAP\nnode.session.auth.username = user1\n" \
	"node.session.auth.password = secret123456\n"

static void test_golden_node(void **state)
{
	compare(RECORD_NODE, NODE, RECORD_SHOWN, "tests/golden/record-node.txt");
	compare(RECORD_NODE, NODE, RECORD_SHOWN_SECRETS, "tests/golden/record-node.txt");
	compare(RECORD_NODE, NODE CHAP, RECORD_SHOWN, "tests/golden/record-node-masked.txt");
	compare(RECORD_NODE, NODE CHAP, RECORD_SHOWN_SECRETS, "tests/golden/record-node-secrets.txt");
	compare(RECORD_NODE, NODE CHAP, RECORD_FILE, "tests/golden/record-node-file.txt");
	compare(RECORD_NODE, NODE CHAP, RECORD_STORED, "tests/golden/record-node-stored.txt");
}

static void test_golden_iface(void **state)
{
	static const char nic[] = "iface.iscsi_ifacename = if0\niface.net_ifacename = eth1\n"
				  "iface.initiatorname = iqn.2024-01.example:host\n";
	static const char hba[] = "iface.iscsi_ifacename = qla4xxx.00:0e:1e:04:8b:2e.ipv6.0\n"
				  "iface.transport_name = qla4xxx\niface.hwaddress = 00:0e:1e:04:8b:2e\n"
				  "iface.ipaddress = fe80::20e:1eff:fe04:8b2e\niface.state = enable\n"
				  "iface.hop_limit = 64\n";

	compare(RECORD_IFACE, nic, RECORD_SHOWN, "tests/golden/record-iface.txt");
	compare(RECORD_IFACE, hba, RECORD_SHOWN, "tests/golden/record-iface-ipv6.txt");
}

static void test_golden_discovery(void **state)
{
	compare(RECORD_SENDTARGETS, "discovery.sendtargets.address = 192.0.2.10\n", RECORD_SHOWN,
		"tests/golden/record-sendtargets.txt");
	compare(RECORD_ISNS, "discovery.sendtargets.address = 192.0.2.20\n", RECORD_SHOWN,
		"tests/golden/record-isns.txt");
}

/* What is printed in any form is read back as the same record. */
static void test_shown_is_readable(void **state)
{
	static const char *const paths[] = { "tests/golden/record-node-secrets.txt",
					     "tests/golden/record-node-file.txt" };

	for (size_t i = 0; i < 2; i++) {
		struct text text = { 0 };

		assert_int_equal(text_read_file(paths[i], 1 << 20, &text), 0);
		compare(RECORD_NODE, text.data, RECORD_STORED, "tests/golden/record-node-stored.txt");
		text_done(&text);
	}
}

static void test_family(void **state)
{
	static const char v6[] = "iface.ipaddress = 2001:db8::1\niface.tos = 3\niface.hop_limit = 64\n";
	struct text text = { 0 };
	struct record record;

	record_init(&record, RECORD_IFACE);
	assert_int_equal(record_parse(&record, v6, sizeof(v6) - 1, ORIGIN_RECORD, NULL, NULL), 0);
	record_format(&record, RECORD_SHOWN, &text);
	assert_non_null(strstr(text.data, "iface.hop_limit = 64\n"));
	assert_null(strstr(text.data, "iface.tos ="));
	text_done(&text);
	record_format(&record, RECORD_FILE, &text);
	assert_non_null(strstr(text.data, "iface.tos = 3\n"));
	assert_null(strstr(text.data, "iface.ttl"));
	text_done(&text);
	assert_int_equal(record_set(&record, F_IFACE_IPADDRESS, "192.0.2.1", ORIGIN_COMMAND), 0);
	record_format(&record, RECORD_SHOWN, &text);
	assert_null(strstr(text.data, "iface.hop_limit"));
	assert_non_null(strstr(text.data, "iface.tos = 3\n"));
	text_done(&text);
	record_done(&record);
}

static void test_origins(void **state)
{
	struct text text = { 0 };
	struct record record;

	record_init(&record, RECORD_SENDTARGETS);
	assert_int_equal(record_set(&record, F_DISCOVERY_SENDTARGETS_ADDRESS, "192.0.2.1", ORIGIN_COMMAND), 0);
	assert_int_equal(record_set(&record, F_DISCOVERY_SENDTARGETS_AUTH_USERNAME, "u", ORIGIN_CONF), 0);
	assert_int_equal(record_set(&record, F_DISCOVERY_SENDTARGETS_AUTH_PASSWORD, "p", ORIGIN_RECORD), 0);
	record_format(&record, RECORD_SHOWN_ORIGINS, &text);
	assert_non_null(strstr(text.data, "discovery.sendtargets.address = 192.0.2.1 (command line)\n"));
	assert_non_null(strstr(text.data, "discovery.sendtargets.port = 3260 (built-in)\n"));
	assert_non_null(strstr(text.data, "auth.username = u (iscsid.conf)\n"));
	assert_non_null(strstr(text.data, "auth.password = ******** (record)\n"));
	assert_non_null(strstr(text.data, "auth.username_in = <empty> (built-in)\n"));
	text_done(&text);
	record_done(&record);
}

/* What iscsid.conf gives alike is its own, whoever wrote it into the record; what it does not say, or says otherwise, is not. */
static void test_mark_conf(void **state)
{
	struct text text = { 0 };
	struct record record, conf;

	record_init(&record, RECORD_NODE);
	record_init(&conf, RECORD_NODE);
	assert_int_equal(record_set(&record, F_NODE_SESSION_CMDS_MAX, "256", ORIGIN_RECORD), 0);
	assert_int_equal(record_set(&record, F_NODE_SESSION_QUEUE_DEPTH, "64", ORIGIN_RECORD), 0);
	assert_int_equal(record_set(&record, F_NODE_STARTUP, "automatic", ORIGIN_RECORD), 0);
	assert_int_equal(record_set(&record, F_NODE_SESSION_AUTH_PASSWORD, "wonderland12", ORIGIN_RECORD), 0);
	assert_int_equal(record_set(&conf, F_NODE_SESSION_CMDS_MAX, "256", ORIGIN_CONF), 0);
	assert_int_equal(record_set(&conf, F_NODE_SESSION_QUEUE_DEPTH, "32", ORIGIN_CONF), 0);
	assert_int_equal(record_set(&conf, F_NODE_SESSION_AUTH_PASSWORD, "wonderland12", ORIGIN_CONF), 0);
	assert_int_equal(record_set(&conf, F_NODE_SESSION_NR_SESSIONS, "2", ORIGIN_CONF), 0);
	record_mark_conf(&record, &conf);
	assert_string_equal(record_origin_text(&record, F_NODE_SESSION_CMDS_MAX), "iscsid.conf");
	assert_string_equal(record_origin_text(&record, F_NODE_SESSION_QUEUE_DEPTH), "record");
	assert_string_equal(record_origin_text(&record, F_NODE_STARTUP), "record");
	assert_string_equal(record_origin_text(&record, F_NODE_SESSION_NR_SESSIONS), "built-in");
	record_format(&record, RECORD_SHOWN_ORIGINS_SECRETS, &text);
	assert_non_null(strstr(text.data, "node.session.auth.password = wonderland12 (iscsid.conf)\n"));
	assert_non_null(strstr(text.data, "node.session.queue_depth = 64 (record)\n"));
	text_done(&text);
	record_done(&record);
	record_done(&conf);
}

static void test_stored_size(void **state)
{
	struct text text = { 0 };
	struct record record;

	record_init(&record, RECORD_NODE);
	record_format(&record, RECORD_STORED, &text);
	assert_int_equal(text.len, 0);
	assert_int_equal(record_parse(&record, NODE CHAP, strlen(NODE CHAP), ORIGIN_RECORD, NULL, NULL), 0);
	record_format(&record, RECORD_STORED, &text);
	assert_in_range(text.len, 100, 600);
	text_done(&text);
	record_done(&record);
}

/* What a newer version wrote comes back out, wherever it is not for people; other sources of settings do not fill records. */
static void test_unknown_lines(void **state)
{
	static const char text[] = "node.name = iqn.a:b\nnode.future = 7\nnode.later = a b\n";
	struct text out = { 0 };
	struct record record, copy;

	record_init(&record, RECORD_NODE);
	assert_int_equal(record_parse(&record, text, strlen(text), ORIGIN_CONF, NULL, NULL), 0);
	assert_null(record.unknown);
	assert_int_equal(record_parse(&record, text, strlen(text), ORIGIN_RECORD, NULL, NULL), 0);
	assert_int_equal(record_copy(&copy, &record), 0);
	record_format(&copy, RECORD_STORED, &out);
	assert_non_null(strstr(out.data, "\nnode.future = 7\nnode.later = a b\n"));
	text_done(&out);
	record_format(&copy, RECORD_FILE, &out);
	assert_non_null(strstr(out.data, "\nnode.future = 7\nnode.later = a b\n# END RECORD\n"));
	text_done(&out);
	record_format(&copy, RECORD_SHOWN, &out);
	assert_null(strstr(out.data, "node.future"));
	text_done(&out);
	record_done(&copy);
	record_done(&record);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_secrets_have_a_length),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_words_both_ways),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_any_word_in_a_file),
		cmocka_unit_test(test_quiet),
		cmocka_unit_test(test_secret_length),
		cmocka_unit_test(test_hidden_names),
		cmocka_unit_test(test_aliases),
		cmocka_unit_test(test_rows_of_one_name),
		cmocka_unit_test(test_copies),
		cmocka_unit_test(test_complaints),
		cmocka_unit_test(test_golden_node),
		cmocka_unit_test(test_golden_iface),
		cmocka_unit_test(test_golden_discovery),
		cmocka_unit_test(test_shown_is_readable),
		cmocka_unit_test(test_family),
		cmocka_unit_test(test_origins), cmocka_unit_test(test_mark_conf),
		cmocka_unit_test(test_stored_size),
		cmocka_unit_test(test_unknown_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
