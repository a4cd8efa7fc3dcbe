/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lines as the codec reads them, cut at every byte; the buffer; files read and replaced whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/text.h"

static const struct {
	const char *line;
	int result;
	const char *name, *value;
} lines[] = {
	{ "a = b", 1, "a", "b" },
	{ "a=b", 1, "a", "b" },
	{ "  a\t=  b c \t\r", 1, "a", "b c" },
	{ "a =", 1, "a", "" },
	{ "a = # b", 1, "a", "# b" },
	{ "a = b = c", 1, "a", "b = c" },
	{ "a b = c", 1, "a b", "c" },
	{ "node.conn[0].port = 3260", 1, "node.conn[0].port", "3260" },
	{ "a = \xc3\xa4", 1, "a", "\xc3\xa4" },
	{ "# a = b", 0, NULL, NULL },
	{ " \t# a = b", 0, NULL, NULL },
	{ "", 0, NULL, NULL },
	{ " \r", 0, NULL, NULL },
	{ "a", -EINVAL, NULL, NULL },
	{ "= b", -EINVAL, NULL, NULL },
	{ " = ", -EINVAL, NULL, NULL },
};

static void test_lines(void **state)
{
	static struct text_reader reader;
	struct text_line line;

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		text_reader_init(&reader, lines[i].line, strlen(lines[i].line));
		assert_int_equal(text_next(&reader, &line), lines[i].result);
		if (lines[i].result > 0) {
			assert_string_equal(line.name, lines[i].name);
			assert_string_equal(line.value, lines[i].value);
		}
		if (lines[i].result)
			assert_int_equal(line.number, 1);
		assert_int_equal(text_next(&reader, &line), 0);
	}
}

static void test_sequence(void **state)
{
	static const char data[] = "# head\n\na = 1\nbad\nb\0b = 2\n# c\0\nc = 3";
	static const struct {
		int result;
		unsigned int number;
		const char *value;
	} expected[] = { { 1, 3, "1" }, { -EINVAL, 4, "" }, { -EINVAL, 5, "" }, { -EINVAL, 6, "" }, { 1, 7, "3" } };
	static struct text_reader reader;
	struct text_line line;

	text_reader_init(&reader, data, sizeof(data) - 1);
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		assert_int_equal(text_next(&reader, &line), expected[i].result);
		assert_int_equal(line.number, expected[i].number);
		assert_string_equal(line.value, expected[i].value);
	}
	assert_int_equal(text_next(&reader, &line), 0);
	assert_int_equal(text_next(&reader, &line), 0);
}

/* The heap block ends where the text ends: a read behind it is an error of the sanitizer. */
static void test_cut(void **state)
{
	static const char whole[] = "  name.one = value one \n#comment\nname.two=2\n";
	static struct text_reader reader;
	struct text_line line;

	for (size_t len = 0; len < sizeof(whole); len++) {
		char *copy = malloc(len ? len : 1);
		int result;

		memcpy(copy, whole, len);
		text_reader_init(&reader, copy, len);
		do {
			result = text_next(&reader, &line);
		} while (result);
		free(copy);
	}
}

static void test_lengths(void **state)
{
	static struct text_reader reader;
	struct text text = { 0 };
	struct text_line line;
	char name[TEXT_NAME_MAX + 2], value[TEXT_VALUE_MAX + 2];

	memset(name, 'n', sizeof(name));
	memset(value, 'v', sizeof(value));
	name[TEXT_NAME_MAX] = value[TEXT_VALUE_MAX] = '\0';
	text_add_setting(&text, name, value);
	text_reader_init(&reader, text.data, text.len);
	assert_int_equal(text_next(&reader, &line), 1);
	assert_string_equal(line.name, name);
	assert_string_equal(line.value, value);
	text_done(&text);

	name[TEXT_NAME_MAX] = value[TEXT_VALUE_MAX] = 'x';
	name[TEXT_NAME_MAX + 1] = value[TEXT_VALUE_MAX + 1] = '\0';
	text_add_setting(&text, name, "v");
	text_add_setting(&text, "n", value);
	text_add_setting(&text, "n", "v");
	text_reader_init(&reader, text.data, text.len);
	assert_int_equal(text_next(&reader, &line), -E2BIG);
	assert_int_equal(text_next(&reader, &line), -E2BIG);
	assert_int_equal(line.number, 2);
	assert_int_equal(text_next(&reader, &line), 1);
	text_done(&text);
}

static void test_buffer(void **state)
{
	struct text text = { 0 };

	text_add(&text, "");
	assert_string_equal(text.data, "");
	for (int i = 0; i < 1000; i++)
		text_addf(&text, "%d,", i % 10);
	assert_int_equal(text.len, 2000);
	assert_int_equal(strlen(text.data), 2000);
	assert_memory_equal(text.data + 1990, "5,6,7,8,9,", 10);
	text_add_bytes(&text, "a\0b", 3);
	assert_int_equal(text.len, 2003);
	assert_false(text.failed);
	text_add_bytes(&text, "", SIZE_MAX / 2);
	assert_true(text.failed);
	text_done(&text);
	assert_null(text.data);
	text_done(&text);
}

static char folder[] = "/tmp/openhba-text.XXXXXX";

static int make_folder(void **state)
{
	return !mkdtemp(folder);
}

static int remove_folder(void **state)
{
	return rmdir(folder);
}

static int count_files(void)
{
	DIR *dir = opendir(folder);
	int count = 0;

	while (readdir(dir))
		count++;
	closedir(dir);
	return count - 2;
}

static void test_files(void **state)
{
	struct text text = { 0 };
	struct stat found;
	char path[64];

	snprintf(path, sizeof(path), "%s/file", folder);
	assert_int_equal(text_read_file(path, 100, &text), -ENOENT);
	assert_int_equal(text_write_file(path, "old", 3, 0640), 0);
	assert_int_equal(stat(path, &found), 0);
	assert_int_equal(found.st_mode & 07777, 0640);
	assert_int_equal(text_write_file(path, "new one", 7, 0600), 0);
	assert_int_equal(stat(path, &found), 0);
	assert_int_equal(found.st_mode & 07777, 0600);
	text_add(&text, "before ");
	assert_int_equal(text_read_file(path, 7, &text), 0);
	assert_string_equal(text.data, "before new one");
	assert_int_equal(text_read_file(path, 6, &text), -EFBIG);
	assert_string_equal(text.data, "before new one");
	text_done(&text);
	assert_int_equal(text_read_file(folder, 100, &text), -EISDIR);
	text_done(&text);
	assert_int_equal(text_write_new_file(path, "newer", 5, 0600), -EEXIST);
	assert_int_equal(text_read_file(path, 7, &text), 0);
	assert_string_equal(text.data, "new one");
	text_done(&text);
	unlink(path);
	assert_int_equal(text_write_new_file(path, "newer", 5, 0640), 0);
	assert_int_equal(text_read_file(path, 7, &text), 0);
	assert_string_equal(text.data, "newer");
	text_done(&text);
	assert_int_equal(count_files(), 1);
	unlink(path);
}

/* Without a check open(2) would wait for somebody who writes. */
static void test_pipe(void **state)
{
	struct text text = { 0 };
	char path[64];

	snprintf(path, sizeof(path), "%s/pipe", folder);
	assert_int_equal(mkfifo(path, 0600), 0);
	alarm(5);
	assert_int_equal(text_read_file(path, 100, &text), -EINVAL);
	alarm(0);
	assert_int_equal(text_read_file("/dev/null", 100, &text), 0);
	assert_int_equal(text_read_file("/dev/zero", 100, &text), -EFBIG);
	text_done(&text);
	unlink(path);
}

static void test_file_that_cannot_be(void **state)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/no/file", folder);
	assert_int_equal(text_write_file(path, "x", 1, 0600), -ENOENT);
	snprintf(path, sizeof(path), "%s/is-a-folder", folder);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(text_write_file(path, "x", 1, 0600), -EISDIR);
	assert_int_equal(count_files(), 1);
	assert_int_equal(rmdir(path), 0);
}

/* A disk that is full half way: the old content stays and nothing is left beside it. */
static void test_full_disk(void **state)
{
	struct rlimit old, small;
	struct text text = { 0 };
	char path[64];

	snprintf(path, sizeof(path), "%s/file", folder);
	assert_int_equal(text_write_file(path, "old", 3, 0600), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = (struct rlimit){ 10, old.rlim_max };
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &small);
	assert_int_equal(text_write_file(path, "longer than ten bytes", 21, 0600), -EFBIG);
	setrlimit(RLIMIT_FSIZE, &old);
	signal(SIGXFSZ, SIG_DFL);
	assert_int_equal(count_files(), 1);
	assert_int_equal(text_read_file(path, 100, &text), 0);
	assert_string_equal(text.data, "old");
	text_done(&text);
	unlink(path);
}

static void test_large_file(void **state)
{
	struct text text = { 0 }, again = { 0 };
	char path[64];

	snprintf(path, sizeof(path), "%s/large", folder);
	for (int i = 0; i < 50000; i++)
		text_add_setting(&text, "name", "value");
	assert_int_equal(text_write_file(path, text.data, text.len, 0600), 0);
	assert_int_equal(text_read_file(path, text.len, &again), 0);
	assert_int_equal(again.len, text.len);
	assert_string_equal(again.data, text.data);
	text_done(&text);
	text_done(&again);
	unlink(path);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_sequence),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_buffer),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_pipe),
		cmocka_unit_test(test_file_that_cannot_be),
		cmocka_unit_test(test_full_disk),
		cmocka_unit_test(test_large_file),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
