/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The texts that list settings say what the tables say, and iscsid.conf as installed is read without a complaint.
 * After a change of a row, `make rows` writes them anew. Run from the top of the tree.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lib/conf.h"

#include "docs/blocks.c"

int rows_main(int argc, char **argv);
#define main rows_main
#include "docs/rows.c"
#undef main

static void check_fresh(const char *path, size_t blocks_expected)
{
	struct text old = { 0 }, fresh = { 0 };
	size_t count = 0;

	assert_int_equal(text_read_file(path, BLOCKS_FILE_MAX, &old), 0);
	assert_int_equal(blocks_refresh(old.data, blocks, COUNT(blocks), &fresh), 0);
	assert_string_equal(old.data, fresh.data);
	for (const char *at = old.data; (at = strstr(at, " rows end\n")); at++)
		count++;
	assert_int_equal(count, blocks_expected);
	text_done(&old);
	text_done(&fresh);
}

static void test_fresh(void **state)
{
	check_fresh("etc/iscsid.conf", 1);
	check_fresh("docs/man/iscsid.conf.5", 1);
	check_fresh("docs/man/iscsi-iface.5", 1);
}

static void test_refresh(void **state)
{
	struct text fresh = { 0 };

	assert_int_equal(blocks_refresh("a\n# rows: conf\nstale\n# rows end\nb", blocks, COUNT(blocks), &fresh), 0);
	assert_memory_equal(fresh.data, "a\n# rows: conf\n#\n# Login\n", 25);
	assert_null(strstr(fresh.data, "stale"));
	assert_string_equal(fresh.data + fresh.len - 14, "\n# rows end\nb\n");
	text_done(&fresh);
	assert_int_equal(blocks_refresh("# rows: conf\n", blocks, COUNT(blocks), &fresh), -EINVAL);
	text_done(&fresh);
}

static int complain(const char *name, const char *value, unsigned int line, int error, void *data)
{
	fail_msg("line %u: %s", line, name);
	return error;
}

static void test_shipped_conf(void **state)
{
	struct record node, built_in;
	struct conf *conf;

	assert_int_equal(conf_load("etc/iscsid.conf", complain, NULL, &conf), 0);
	record_init(&node, RECORD_NODE);
	record_init(&built_in, RECORD_NODE);
	assert_int_equal(conf_apply(conf, &node), 0);
	for (enum field field = 0; field < FIELD_COUNT; field++) {
		char first[FIELD_NUMBER_TEXT_MAX], second[FIELD_NUMBER_TEXT_MAX];

		if (!(field_rows[field].kinds & 1u << RECORD_NODE) || field == F_NODE_CONN_TIMEO_LOGIN_TIMEOUT ||
		    field == F_NODE_SESSION_INITIAL_LOGIN_RETRY_MAX)
			continue;
		assert_string_equal(record_format_value(&node, field, first),
				    record_format_value(&built_in, field, second));
	}
	assert_int_equal(record_number(&node, F_NODE_CONN_TIMEO_LOGIN_TIMEOUT), 15);
	assert_int_equal(record_number(&node, F_NODE_SESSION_INITIAL_LOGIN_RETRY_MAX), 8);
	assert_int_equal(node.values[F_NODE_SESSION_SCAN].origin, ORIGIN_CONF);
	assert_non_null(conf_value(conf, "iscsid.startup"));
	record_done(&node);
	conf_free(conf);
}

/* Every setting of the file is one that the file may have, with its comment sign taken off as well. */
static void test_comments_are_settings(void **state)
{
	struct text text = { 0 }, bare = { 0 };
	struct text_reader reader;
	struct text_line line;
	int count = 0;

	assert_int_equal(text_read_file("etc/iscsid.conf", BLOCKS_FILE_MAX, &text), 0);
	for (const char *at = text.data; *at; at += strcspn(at, "\n") + 1) {
		if (!strncmp(at, "#node.", 6) || !strncmp(at, "#discovery.", 11) || !strncmp(at, "#iface.", 7))
			at++;
		if (*at != '#')
			text_add_bytes(&bare, at, strcspn(at, "\n") + 1);
	}
	text_reader_init(&reader, bare.data, bare.len);
	while (text_next(&reader, &line) > 0) {
		enum record_kind kind = !strncmp(line.name, "node.", 5) ? RECORD_NODE :
					!strncmp(line.name, "iface.", 6) ? RECORD_POLICY :
					!strncmp(line.name, "discovery.isns.", 15) ? RECORD_ISNS :
										     RECORD_SENDTARGETS;
		struct record record;
		enum field field;

		if (!strncmp(line.name, "iscsid.", 7))
			continue;
		record_init(&record, kind);
		field = field_find(kind, line.name);
		assert_int_not_equal(field, FIELD_NONE);
		assert_int_equal(record_set(&record, field, line.value, ORIGIN_CONF), 0);
		record_done(&record);
		count++;
	}
	assert_in_range(count, 55, 80);
	text_done(&text);
	text_done(&bare);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fresh),
		cmocka_unit_test(test_refresh),
		cmocka_unit_test(test_shipped_conf),
		cmocka_unit_test(test_comments_are_settings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
