/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The command line: every mode with every option against the table of the reference (kept here a second time, by hand, in its
 * own form), every operation, the refusals, and that the man page says what the rows say.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "adm/args.h"

/* Who takes what, as the reference lists it: options per mode, in the letters people type. */
static const struct {
	const char *mode, *options;
} reference[] = {
	{ "discovery", "dmnvoPpIlStD" }, { "discoverydb", "dmnvoPpIlStD" }, { "node", "dmnvoPpIlSTLUuRsW" },
	{ "session", "dmnvoPSuRsri" },	 { "host", "dmnvoPptHCxA" },	    { "iface", "dmnvoPIHCabci" },
	{ "fw", "dmnvlW" },
};

static const char all_letters[] = "mpTIotnvHrRPDlLuUskdSVhCabcixAW";
static const char with_argument[] = "mpTIotnvHrPLUkdCabcixA";

/* Runs args_parse() with stderr put away; what was said is in said. */
static char said[4096];

static enum iscsi_err parse(struct args *args, int argc, char **argv)
{
	FILE *file = tmpfile();
	int saved = dup(STDERR_FILENO);
	enum iscsi_err err;
	size_t len;

	assert_non_null(file);
	dup2(fileno(file), STDERR_FILENO);
	err = args_parse(argc, argv, args);
	fflush(stderr);
	dup2(saved, STDERR_FILENO);
	close(saved);
	rewind(file);
	len = fread(said, 1, sizeof(said) - 1, file);
	said[len] = '\0';
	fclose(file);
	return err;
}

/* A line of words, split at blanks. */
static enum iscsi_err parse_line(struct args *args, const char *line)
{
	static char copy[512];
	char *argv[32] = { (char *)"iscsiadm" }, *word;
	int argc = 1;

	snprintf(copy, sizeof(copy), "%s", line);
	for (word = strtok(copy, " "); word; word = strtok(NULL, " "))
		argv[argc++] = word;
	return parse(args, argc, argv);
}

static const char *value_for(char letter, const char *mode)
{
	if (letter == 'C')
		return strcmp(mode, "iface") ? "stats" : "ping";
	return strchr("dPkbcixH", letter) ? "0" : letter == 'A' ? "ipv6" : letter == 'o' ? "show" : letter == 't' ? "st" : letter == 'r' ? "1" :
	       letter == 'n' ? "node.startup" : "x";
}

static void test_every_mode_with_every_option(void **state)
{
	for (size_t m = 0; m < sizeof(reference) / sizeof(reference[0]); m++) {
		for (const char *letter = all_letters; *letter; letter++) {
			bool expected = strchr(reference[m].options, *letter);
			struct args args;
			char line[128];

			if (*letter == 'm')
				continue;
			snprintf(line, sizeof(line), "-m %s -%c %s%s", reference[m].mode, *letter,
				 strchr(with_argument, *letter) ? value_for(*letter, reference[m].mode) : "",
				 *letter == 'n' ? " -v x" : *letter == 'v' ? " -n x" : "");
			if (expected != (parse_line(&args, line) == ISCSI_ERR_SUCCESS) ||
			    (!expected && !strstr(said, "is not allowed/supported")))
				fail_msg("%s: expected %s, said: %s", line, expected ? "accepted" : "refused", said);
		}
	}
}

static void test_options_before_the_mode(void **state)
{
	struct args args;

	assert_int_equal(parse_line(&args, "-P 1 -m node"), ISCSI_ERR_SUCCESS);
	assert_int_equal(args.number[OPTION_PRINT], 1);
	assert_int_equal(parse_line(&args, "-r 1 -m node"), ISCSI_ERR_INVAL);
	assert_non_null(strstr(said, "node mode: option '-r' is not allowed/supported"));
}

static void test_long_options(void **state)
{
	struct args args;

	assert_int_equal(parse_line(&args, "--mode node --targetname iqn.a:b --portal=1.2.3.4 --op update --name a --value b "
					   "--interface eth0"), ISCSI_ERR_SUCCESS);
	assert_int_equal(args.mode, MODE_NODE);
	assert_string_equal(args.text[OPTION_TARGETNAME], "iqn.a:b");
	assert_string_equal(args.text[OPTION_PORTAL], "1.2.3.4");
	assert_int_equal(args.operations, OPERATION_UPDATE);
	assert_int_equal(args.pair_count, 1);
	assert_string_equal(args.pairs[0].name, "a");
	assert_string_equal(args.pairs[0].value, "b");
	assert_int_equal(args.iface_count, 1);
	assert_int_equal(parse_line(&args, "--mode=node --loginall=all"), ISCSI_ERR_SUCCESS);
	assert_string_equal(args.text[OPTION_LOGINALL], "all");
}

static void test_pairs(void **state)
{
	struct args args;

	assert_int_equal(parse_line(&args, "-m node -o update -n a -v 1 -v 2 -n b"), ISCSI_ERR_SUCCESS);
	assert_int_equal(args.pair_count, 2);
	assert_string_equal(args.pairs[1].name, "b");
	assert_string_equal(args.pairs[1].value, "2");
	assert_int_equal(parse_line(&args, "-m node -o update -n a"), ISCSI_ERR_INVAL);
	assert_non_null(strstr(said, "update requires name and value"));
}

/* The empty value and one with a sign are values, not options. */
static void test_odd_values(void **state)
{
	char *argv[] = { (char *)"iscsiadm", (char *)"-m", (char *)"node", (char *)"-o", (char *)"update", (char *)"-n", (char *)"a",
			 (char *)"-v", (char *)"", (char *)"-n", (char *)"b", (char *)"-v", (char *)"-20", NULL };
	struct args args;

	assert_int_equal(parse(&args, 13, argv), ISCSI_ERR_SUCCESS);
	assert_string_equal(args.pairs[0].value, "");
	assert_string_equal(args.pairs[1].value, "-20");
}

static void test_operations(void **state)
{
	static const char *const accepted[MODE_COUNT][8] = {
		[MODE_DISCOVERY] = { "new", "delete", "update", "show", "nonpersistent" },
		[MODE_DISCOVERYDB] = { "new", "delete", "update", "show", "nonpersistent" },
		[MODE_NODE] = { "new", "delete", "update", "show" },
		[MODE_SESSION] = { "new", "delete", "update", "show" },
		[MODE_HOST] = { "new", "delete", "update", "show" },
		[MODE_IFACE] = { "new", "delete", "update", "show", "apply", "applyall" },
	};
	static const char *const words[] = { "new", "delete", "update", "show", "nonpersistent", "apply", "applyall", "login", "logout" };

	for (size_t m = 0; m < MODE_FW; m++) {
		for (size_t w = 0; w < sizeof(words) / sizeof(words[0]); w++) {
			bool expected = false;
			struct args args;
			char line[64];

			for (size_t i = 0; i < 8 && accepted[m][i]; i++)
				expected |= !strcmp(accepted[m][i], words[w]);
			snprintf(line, sizeof(line), "-m %s -o %s", args_mode_name((enum mode)m), words[w]);
			if (expected != (parse_line(&args, line) == ISCSI_ERR_SUCCESS))
				fail_msg("%s: expected %s", line, expected ? "accepted" : "refused");
		}
	}
}

static void test_parts_of_modes(void **state)
{
	static const struct {
		const char *line;
		enum iscsi_err err;
		enum submode submode;
	} rows[] = {
		{ "-m host", ISCSI_ERR_SUCCESS, SUBMODE_NONE },
		{ "-m host -C chap -o show", ISCSI_ERR_SUCCESS, SUBMODE_CHAP },
		{ "-m host -C chap -o login", ISCSI_ERR_INVAL, SUBMODE_CHAP },
		{ "-o login -C flashnode -m host", ISCSI_ERR_SUCCESS, SUBMODE_FLASHNODE },
		{ "-m host -C stats -o new", ISCSI_ERR_INVAL, SUBMODE_STATS },
		{ "-m host -C ping", ISCSI_ERR_INVAL, SUBMODE_NONE },
		{ "-m host -C bogus", ISCSI_ERR_INVAL, SUBMODE_NONE },
		{ "-m iface -C ping", ISCSI_ERR_SUCCESS, SUBMODE_PING },
		{ "-m iface -C chap", ISCSI_ERR_INVAL, SUBMODE_NONE },
		{ "-m iface -C ping -o new", ISCSI_ERR_INVAL, SUBMODE_PING },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct args args;

		assert_int_equal(parse_line(&args, rows[i].line), rows[i].err);
		assert_int_equal(args.submode, rows[i].submode);
	}
}

static void test_words_and_hosts(void **state)
{
	struct args args;

	assert_int_equal(parse_line(&args, "-m host -A ipv4"), ISCSI_ERR_SUCCESS);
	assert_int_equal(parse_line(&args, "-m host --portal_type=ipv6"), ISCSI_ERR_SUCCESS);
	assert_int_equal(parse_line(&args, "-m host -A ipv"), ISCSI_ERR_INVAL);
	assert_int_equal(parse_line(&args, "-m host -A ipv4|ipv6"), ISCSI_ERR_INVAL);
	assert_int_equal(parse_line(&args, "-m host -A ipv5"), ISCSI_ERR_INVAL);
	assert_non_null(strstr(said, "'--portal_type' needs one of ipv4|ipv6"));
	assert_int_equal(parse_line(&args, "-m host -H 12"), ISCSI_ERR_SUCCESS);
	assert_int_equal(parse_line(&args, "-m host -H 00:11:22:33:44:55"), ISCSI_ERR_SUCCESS);
	assert_int_equal(parse_line(&args, "-m host -H zz"), ISCSI_ERR_INVAL);
	assert_int_equal(parse_line(&args, "-m host -H -1"), ISCSI_ERR_INVAL);
	assert_int_equal(parse_line(&args, "-m host --host="), ISCSI_ERR_INVAL);
}

/* -p in iface mode goes with explain, wherever that stands, and with nothing else. */
static void test_option_beside_operation(void **state)
{
	struct args args;

	assert_int_equal(parse_line(&args, "-m iface -I a -p 10.0.0.1 -o explain"), ISCSI_ERR_SUCCESS);
	assert_string_equal(args.text[OPTION_PORTAL], "10.0.0.1");
	assert_int_equal(parse_line(&args, "-p 10.0.0.1 -o explain -m iface -I a"), ISCSI_ERR_SUCCESS);
	assert_int_equal(parse_line(&args, "-m iface -I a -p 10.0.0.1 -o show"), ISCSI_ERR_INVAL);
	assert_non_null(strstr(said, "iface mode: option '-p' is not allowed/supported"));
	assert_int_equal(parse_line(&args, "-m iface -I a -T iqn.x:a -o explain"), ISCSI_ERR_INVAL);
	assert_int_equal(parse_line(&args, "-m fw -p 10.0.0.1 -o explain"), ISCSI_ERR_INVAL);
	assert_false(args_allowed(MODE_IFACE, OPTION_PORTAL));
}

static void test_operations_add_up(void **state)
{
	struct args args;

	assert_int_equal(parse_line(&args, "-m discovery -t st -p x -o new -o delete"), ISCSI_ERR_SUCCESS);
	assert_int_equal(args.operations, OPERATION_NEW | OPERATION_DELETE);
	assert_int_equal(parse_line(&args, "-m node -o new -o bogus"), ISCSI_ERR_INVAL);
	assert_non_null(strstr(said, "can not recognize operation: 'bogus'"));
}

static void test_types(void **state)
{
	static const struct {
		const char *word;
		enum type type;
	} types[] = { { "st", TYPE_SENDTARGETS }, { "sendtargets", TYPE_SENDTARGETS }, { "isns", TYPE_ISNS }, { "fw", TYPE_FW } };

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		struct args args;
		char line[64];

		snprintf(line, sizeof(line), "-m discovery -t %s", types[i].word);
		assert_int_equal(parse_line(&args, line), ISCSI_ERR_SUCCESS);
		assert_int_equal(args.type, types[i].type);
	}
}

static void test_sid(void **state)
{
	struct args args;

	assert_int_equal(parse_line(&args, "-m session -r 17"), ISCSI_ERR_SUCCESS);
	assert_int_equal(args.sid, 17);
	assert_int_equal(parse_line(&args, "-m session -r bogus"), ISCSI_ERR_UNKNOWN);
	assert_int_equal(parse_line(&args, "-m session -r session4"), ISCSI_ERR_UNKNOWN);
	assert_int_equal(parse_line(&args, "-m session -r -1"), ISCSI_ERR_UNKNOWN);
	assert_int_equal(parse_line(&args, "-m session -r 0"), ISCSI_ERR_UNKNOWN);
	assert_int_equal(parse_line(&args, "-m session -r 1x"), ISCSI_ERR_UNKNOWN);
	assert_int_equal(parse_line(&args, "-m session -r /nowhere/session4"), ISCSI_ERR_UNKNOWN);
}

static void test_sid_by_folder(void **state)
{
	char folder[] = "/tmp/openhba-args.XXXXXX", path[64], line[128];
	struct args args;

	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/session42", folder);
	assert_int_equal(symlink("/", path), 0);
	snprintf(line, sizeof(line), "-m session -r %s", path);
	assert_int_equal(parse_line(&args, line), ISCSI_ERR_SUCCESS);
	assert_int_equal(args.sid, 42);
	snprintf(line, sizeof(line), "-m session -r %s/", path);
	assert_int_equal(parse_line(&args, line), ISCSI_ERR_SUCCESS);
	assert_int_equal(args.sid, 42);
	unlink(path);
	rmdir(folder);
}

static void test_ifaces(void **state)
{
	char *argv[] = { (char *)"iscsiadm", (char *)"-m", (char *)"discovery", (char *)"-I", NULL, NULL };
	char name[80];
	struct args args;

	memset(name, 'x', sizeof(name));
	argv[4] = name;
	name[64] = '\0';
	assert_int_equal(parse(&args, 5, argv), ISCSI_ERR_SUCCESS);
	name[64] = 'x';
	name[65] = '\0';
	assert_int_equal(parse(&args, 5, argv), ISCSI_ERR_INVAL);
	name[0] = '\0';
	assert_int_equal(parse(&args, 5, argv), ISCSI_ERR_INVAL);
	assert_int_equal(parse_line(&args, "-m discovery -I a -I b"), ISCSI_ERR_SUCCESS);
	assert_int_equal(args.iface_count, 2);
	assert_string_equal(args.ifaces[1], "b");
}

static void test_what_never_runs(void **state)
{
	struct args args;

	assert_int_equal(parse_line(&args, ""), ISCSI_ERR_INVAL);
	assert_int_equal(parse_line(&args, "-m bogus"), ISCSI_ERR_INVAL);
	assert_int_equal(parse_line(&args, "-m node -T"), ISCSI_ERR_INVAL);
	assert_int_equal(parse_line(&args, "-Z"), ISCSI_ERR_INVAL);
	assert_int_equal(parse_line(&args, "-m node --bogus"), ISCSI_ERR_INVAL);
	assert_int_equal(parse_line(&args, "-m node junk"), ISCSI_ERR_INVAL);
	assert_int_equal(parse_line(&args, "-m node -P 99999999999"), ISCSI_ERR_INVAL);
	assert_int_equal(parse_line(&args, "-k 1"), ISCSI_ERR_INVAL);
	assert_int_equal(parse_line(&args, "-k -1"), ISCSI_ERR_INVAL);
	assert_int_equal(parse_line(&args, "-m node -V"), ISCSI_ERR_INVAL);
}

static void test_actions(void **state)
{
	struct args args;

	assert_int_equal(parse_line(&args, "-V -m bogus"), ISCSI_ERR_SUCCESS);
	assert_int_equal(args.action, ARGS_VERSION);
	assert_int_equal(parse_line(&args, "--help"), ISCSI_ERR_SUCCESS);
	assert_int_equal(args.action, ARGS_HELP);
	assert_int_equal(parse_line(&args, "-k 0"), ISCSI_ERR_SUCCESS);
	assert_int_equal(args.action, ARGS_STOP_DAEMON);
	assert_int_equal(parse_line(&args, "-m node"), ISCSI_ERR_SUCCESS);
	assert_int_equal(args.action, ARGS_RUN);
	assert_int_equal(args.number[OPTION_PRINT], -1);
}

static bool want_json(const char *line)
{
	char copy[256], *argv[20] = { (char *)"iscsiadm" };
	int argc = 1;

	snprintf(copy, sizeof(copy), "%s", line);
	for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
		argv[argc++] = word;
	return args_want_json(argc, argv);
}

/* Known before the line is judged, also where it cannot be read; a value is no option. */
static void test_want_json(void **state)
{
	assert_true(want_json("--json -m node"));
	assert_true(want_json("-m node --js"));
	assert_true(want_json("-Z --json"));
	assert_true(want_json("-m bogus extra --json"));
	assert_true(want_json("--json -T"));
	assert_false(want_json("-m node"));
	assert_false(want_json("-m node -n node.startup -v --json"));
	assert_false(want_json(""));
}

/* The page's text with its markup taken out: backslash-dash is a dash. */
static void read_page(struct text *page)
{
	struct text raw = { 0 };

	assert_int_equal(text_read_file("docs/man/iscsiadm.8", 1 << 20, &raw), 0);
	for (size_t i = 0; i < raw.len; i++)
		if (raw.data[i] != '\\' || raw.data[i + 1] != '-')
			text_add_bytes(page, &raw.data[i], 1);
	text_done(&raw);
}

static void test_man_page(void **state)
{
	struct text page = { 0 }, synopsis = { 0 };
	char *line;

	read_page(&page);
	args_synopsis(&synopsis);
	for (line = strtok(synopsis.data, "\n"); line; line = strtok(NULL, "\n"))
		if (!strstr(page.data, line))
			fail_msg("not in the synopsis of the man page: %s", line);
#define OPTION(id, letter, name, kind, argument, modes, sentence) \
	if (!strstr(page.data, "--" name)) \
		fail_msg("the man page does not explain --%s", name);
#include "adm/modes.def"
	text_done(&page);
	text_done(&synopsis);
}

static void test_usage_names_everything(void **state)
{
	struct text usage = { 0 };

	args_usage(&usage);
#define OPTION(id, letter, name, kind, argument, modes, sentence) assert_non_null(strstr(usage.data, "--" name));
#define MODE(id, letter, name, sentence) assert_non_null(strstr(usage.data, "iscsiadm -m " name " "));
#include "adm/modes.def"
	for (char *line = strtok(usage.data, "\n"); line; line = strtok(NULL, "\n"))
		assert_true(strlen(line) <= 80);
	text_done(&usage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_mode_with_every_option),
		cmocka_unit_test(test_options_before_the_mode),
		cmocka_unit_test(test_long_options),
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_odd_values),
		cmocka_unit_test(test_operations),
		cmocka_unit_test(test_parts_of_modes),
		cmocka_unit_test(test_words_and_hosts),
		cmocka_unit_test(test_option_beside_operation),
		cmocka_unit_test(test_operations_add_up),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_sid),
		cmocka_unit_test(test_sid_by_folder),
		cmocka_unit_test(test_ifaces),
		cmocka_unit_test(test_what_never_runs),
		cmocka_unit_test(test_actions),
		cmocka_unit_test(test_want_json), cmocka_unit_test(test_man_page),
		cmocka_unit_test(test_usage_names_everything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
