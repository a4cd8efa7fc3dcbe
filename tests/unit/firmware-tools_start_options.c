/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The command line of iscsistart: every option in both forms, what is refused, and the way into a node record. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "firmware-tools/start_login.h"
#include "firmware-tools/start_options.h"

#define WORDS_MAX 40

struct line {
	char text[1024], *words[WORDS_MAX];
	int count;
	char *out, *err;
	struct start_options options;
	enum iscsi_err result;
};

/* Parses words separated by blanks. */
static void parse(struct line *line, const char *text)
{
	size_t out_len, err_len;
	FILE *out = open_memstream(&line->out, &out_len), *err = open_memstream(&line->err, &err_len);
	char *rest = line->text;

	snprintf(line->text, sizeof(line->text), "iscsistart %s", text);
	line->count = 0;
	while (line->count < WORDS_MAX - 1 && (line->words[line->count] = strsep(&rest, " ")))
		line->count++;
	line->words[line->count] = NULL;
	line->result = start_options_parse(line->count, line->words, &line->options, out, err);
	fclose(out);
	fclose(err);
}

static void done(struct line *line)
{
	start_options_done(&line->options);
	free(line->out);
	free(line->err);
}

static void check_all(const struct line *line)
{
	const struct record *given = &line->options.given;

	assert_int_equal(line->result, ISCSI_ERR_SUCCESS);
	assert_string_equal(line->err, "");
	assert_int_equal(line->options.action, START_LOGIN);
	assert_string_equal(line->options.initiator_name, "iqn.x:me");
	assert_string_equal(line->options.config_path, "/tmp/conf");
	assert_int_equal(line->options.debug, 3);
	assert_string_equal(record_text(given, F_NODE_NAME), "iqn.x:t0");
	assert_int_equal(record_number(given, F_NODE_TPGT), 2);
	assert_string_equal(record_text(given, F_NODE_CONN_ADDRESS), "fd09::1");
	assert_int_equal(record_number(given, F_NODE_CONN_PORT), 3261);
	assert_string_equal(record_text(given, F_NODE_SESSION_AUTH_USERNAME), "alice");
	assert_string_equal(record_text(given, F_NODE_SESSION_AUTH_PASSWORD), "secret12");
	assert_string_equal(record_text(given, F_NODE_SESSION_AUTH_USERNAME_IN), "bob");
	assert_string_equal(record_text(given, F_NODE_SESSION_AUTH_PASSWORD_IN), "secret34");
	assert_int_equal(record_number(given, F_NODE_SESSION_TIMEO_REPLACEMENT_TIMEOUT), 77);
}

static void takes_short_options(void **state)
{
	struct line line;

	parse(&line, "-i iqn.x:me -t iqn.x:t0 -g 2 -a [fd09::1] -p 3261 -u alice -w secret12 -U bob -W secret34 -c /tmp/conf -d 3 "
		     "-P node.session.timeo.replacement_timeout=77");
	check_all(&line);
	done(&line);
}

static void takes_long_options(void **state)
{
	struct line line;

	parse(&line, "--initiatorname=iqn.x:me --targetname iqn.x:t0 --tgpt=2 --address=fd09::1 --port=3261 --username=alice "
		     "--password=secret12 --username_in=bob --password_in=secret34 --config=/tmp/conf --debug=3 "
		     "--param=node.session.timeo.replacement_timeout=77");
	check_all(&line);
	done(&line);
	parse(&line, "-i a -t b -a 10.9.0.1 --tpgt=4");
	assert_int_equal(record_number(&line.options.given, F_NODE_TPGT), 4);
	done(&line);
}

/* Anybody can read the arguments of a process. */
static void wipes_secrets(void **state)
{
	struct line line;

	parse(&line, "-u alice -w secret12 -W secret34 -P node.session.auth.password=secret56 -b");
	assert_int_equal(line.result, ISCSI_ERR_SUCCESS);
	for (int i = 0; i < line.count; i++)
		assert_null(strstr(line.words[i], "secret"));
	assert_string_equal(record_text(&line.options.given, F_NODE_SESSION_AUTH_PASSWORD), "secret56");
	done(&line);
}

static void knows_its_actions(void **state)
{
	static const struct {
		const char *text;
		enum start_action action;
	} rows[] = {
		{"-b", START_BOOT},	    {"--fwparam_connect", START_BOOT}, {"-N", START_NETWORK},
		{"--fwparam_network", START_NETWORK}, {"-f", START_PRINT},	       {"--fwparam_print", START_PRINT},
		{"-v", START_NOTHING},	    {"--version", START_NOTHING},      {"-h", START_NOTHING},
		{"--help", START_NOTHING},
	};
	struct line line;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		parse(&line, rows[i].text);
		assert_int_equal(line.result, ISCSI_ERR_SUCCESS);
		assert_int_equal(line.options.action, rows[i].action);
		done(&line);
	}
	parse(&line, "-v");
	assert_string_equal(line.out, "iscsistart version " COMPAT_VERSION "\n");
	done(&line);
}

static void refuses(void **state)
{
	static const char *const lines[] = {
		"-i a -t b -g 1",
		"-i a -t b -a 10.9.0.1",
		"-i a -g 1 -a 10.9.0.1",
		"-t b -g 1 -a 10.9.0.1",
		"-i",
		"-x",
		"--nonsense",
		"-b word",
		"-b -g x",
		"-b -g 65536",
		"-b -p 0",
		"-b -p 65536",
		"-b -d 9",
		"-b -d x",
		"-b -P nonsense",
		"-b -P nonsense=1",
		"-b -P =1",
		"-b -P node.session.timeo.replacement_timeout=x",
		"-b -a [::1",
	};
	struct line line;

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		parse(&line, lines[i]);
		assert_int_equal(line.result, ISCSI_ERR_INVAL);
		assert_int_equal(strncmp(line.err, "iscsistart: ", 12), 0);
		done(&line);
	}
}

static void applies_only_what_was_given(void **state)
{
	struct record node;
	struct line line;

	parse(&line, "-b -P node.session.timeo.replacement_timeout=77 -u alice");
	record_init(&node, RECORD_NODE);
	assert_int_equal(record_set_number(&node, F_NODE_CONN_PORT, 4444, ORIGIN_RECORD), 0);
	assert_int_equal(start_options_apply(&line.options, &node), 0);
	assert_int_equal(record_number(&node, F_NODE_CONN_PORT), 4444);
	assert_int_equal(record_number(&node, F_NODE_SESSION_TIMEO_REPLACEMENT_TIMEOUT), 77);
	assert_string_equal(record_text(&node, F_NODE_SESSION_AUTH_USERNAME), "alice");
	record_done(&node);
	done(&line);
}

/* Retries, the attempt that begins when they are just not over, its two halves, and a scan. */
static void patience_has_an_end(void **state)
{
	struct record node;

	record_init(&node, RECORD_NODE);
	assert_int_equal(record_set_number(&node, F_NODE_CONN_TIMEO_LOGIN_TIMEOUT, 3, ORIGIN_COMMAND), 0);
	assert_int_equal(record_set_number(&node, F_NODE_SESSION_INITIAL_LOGIN_RETRY_MAX, 1, ORIGIN_COMMAND), 0);
	assert_int_equal(start_patience_ms(&node), 3 * 3000 + 120000);
	record_done(&node);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_short_options),	       cmocka_unit_test(takes_long_options),
		cmocka_unit_test(wipes_secrets),	       cmocka_unit_test(knows_its_actions),
		cmocka_unit_test(refuses),		       cmocka_unit_test(applies_only_what_was_given),
		cmocka_unit_test(patience_has_an_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
