/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The command line: every option in both spellings, what is refused, and what is said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/options.h"
#include "lib/ipc.h"

struct run {
	enum options_result result;
	struct options options;
	char *out, *err;
};

static void run(struct run *run, const char *first, const char *second, const char *third)
{
	static char words[3][64]; /* options point into them */
	char *argv[] = {(char[]){"iscsid"}, NULL, NULL, NULL, NULL};
	const char *given[] = {first, second, third};
	size_t size;
	FILE *out = open_memstream(&run->out, &size), *err = open_memstream(&run->err, &size);
	int argc = 1;

	for (int i = 0; i < 3 && given[i]; i++) {
		snprintf(words[i], sizeof(words[i]), "%s", given[i]);
		argv[argc++] = words[i];
	}
	run->result = options_parse(argc, argv, &run->options, out, err);
	fclose(out);
	fclose(err);
}

static void done(struct run *run)
{
	free(run->out);
	free(run->err);
}

static void test_defaults(void **state)
{
	struct run r;

	unsetenv(IPC_SOCKET_ENV);
	run(&r, NULL, NULL, NULL);
	assert_int_equal(r.result, OPTIONS_RUN);
	assert_string_equal(r.options.config_path, CONFDIR "/iscsid.conf");
	assert_string_equal(r.options.initiator_path, CONFDIR "/initiatorname.iscsi");
	assert_string_equal(r.options.pid_path, "/run/iscsid.pid");
	assert_string_equal(r.options.socket_path, IPC_SOCKET_DEFAULT);
	assert_true(r.options.has_pid_file);
	assert_false(r.options.foreground);
	assert_int_equal(r.options.debug, 0);
	done(&r);
}

static void test_numbers(void **state)
{
	struct run r;

	run(&r, "-fnd8", "--uid=65534", "-g7");
	assert_int_equal(r.result, OPTIONS_RUN);
	assert_true(r.options.foreground);
	assert_false(r.options.has_pid_file);
	assert_int_equal(r.options.debug, 8);
	assert_int_equal(r.options.uid, 65534);
	assert_int_equal(r.options.gid, 7);
	done(&r);
}

static void test_paths(void **state)
{
	static const char *const words[][2] = {
		{"-c", "--config=x"},
		{"-i", "--initiatorname=x"},
		{"-p", "--pid=x"},
		{"-s", "--socket=x"},
	};
	struct run r;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		for (int is_long = 0; is_long <= 1; is_long++) {
			const char *places[4];

			if (is_long)
				run(&r, words[i][1], NULL, NULL);
			else
				run(&r, words[i][0], "x", NULL);
			places[0] = r.options.config_path;
			places[1] = r.options.initiator_path;
			places[2] = r.options.pid_path;
			places[3] = r.options.socket_path;
			for (size_t place = 0; place < 4; place++)
				assert_int_equal(!strcmp(places[place], "x"), place == i);
			done(&r);
		}
	}
}

/* What was said from another folder must still be found from "/". */
static void test_paths_of_here(void **state)
{
	char folder[] = "/tmp/openhba-options-XXXXXX", path[64], before[4096];
	struct run r;

	assert_non_null(getcwd(before, sizeof(before)));
	assert_non_null(mkdtemp(folder));
	assert_int_equal(chdir(folder), 0);
	run(&r, "-c", "iscsid.conf", NULL);
	assert_int_equal(options_make_absolute(&r.options), 0);
	snprintf(path, sizeof(path), "%s/iscsid.conf", folder);
	assert_string_equal(r.options.config_path, path);
	assert_string_equal(r.options.initiator_path, CONFDIR "/initiatorname.iscsi");
	free((char *)(uintptr_t)r.options.config_path);
	assert_int_equal(chdir(before), 0);
	assert_int_equal(rmdir(folder), 0);
	done(&r);
}

static void test_socket_from_environment(void **state)
{
	struct run r;

	setenv(IPC_SOCKET_ENV, "/tmp/there", 1);
	run(&r, NULL, NULL, NULL);
	assert_string_equal(r.options.socket_path, "/tmp/there");
	done(&r);
	run(&r, "-s", "/tmp/here", NULL);
	assert_string_equal(r.options.socket_path, "/tmp/here");
	done(&r);
	unsetenv(IPC_SOCKET_ENV);
}

static void test_refused(void **state)
{
	static const char *const bad[][2] = {
		{"-x", NULL}, {"--bogus", NULL}, {"-d", "9"}, {"-d", "x"},  {"-d", "-1"},
		{"-d", ""},   {"-c", NULL},	 {"-c", ""},  {"-u", "me"}, {"word", NULL},
	};
	struct run r;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		run(&r, bad[i][0], bad[i][1], NULL);
		assert_int_equal(r.result, OPTIONS_EXIT_FAILURE);
		assert_int_equal(strncmp(r.err, "iscsid: ", 8), 0);
		assert_ptr_equal(strchr(r.err, '\n'), r.err + strlen(r.err) - 1);
		done(&r);
	}
}

static void test_help_and_version(void **state)
{
	struct run r;

	run(&r, "-h", NULL, NULL);
	assert_int_equal(r.result, OPTIONS_EXIT_OK);
	assert_non_null(strstr(r.out, "--initiatorname"));
	done(&r);
	run(&r, "--version", NULL, NULL);
	assert_int_equal(r.result, OPTIONS_EXIT_OK);
	assert_string_equal(r.out, "iscsid version " COMPAT_VERSION "\n");
	done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults), cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_paths),	 cmocka_unit_test(test_socket_from_environment),
		cmocka_unit_test(test_refused),	 cmocka_unit_test(test_help_and_version),
		cmocka_unit_test(test_paths_of_here),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
