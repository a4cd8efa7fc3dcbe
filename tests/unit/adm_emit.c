/* SPDX-License-Identifier: GPL-3.0-or-later */
/* JSON Lines leave whole and end with a result: also when memory is short, somebody interrupts, nobody reads, the disk is full. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dlfcn.h>
#include <fcntl.h>

#include "adm/emit.h"
#include "adm/print.h"
#include "tests/unit/fake_daemon.h"

/* json-c asks for text here: the test can refuse it. Linked before the library's. */
static int texts_left = -1;

struct json_object *json_object_new_string(const char *text)
{
	static struct json_object *(*real)(const char *text);

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "json_object_new_string");
	if (!texts_left)
		return NULL;
	texts_left -= texts_left > 0;
	return real(text);
}

static int emit_members(void *data)
{
	struct json_object *object, *list;

	emit_start();
	object = emit_new("all");
	list = emit_list();
	emit_append(list, emit_part());
	emit_text(object, "text", "a\"b/\xc3\xa9\n");
	emit_text(object, "empty", "");
	emit_text(object, "nobody", "(null)");
	emit_number(object, "number", INT64_MIN);
	emit_bool(object, "bool", true);
	emit_null(object, "null");
	emit_add(object, "list", list);
	emit(object);
	print_line("%s", "text has no place here");
	print_text("nor has this\n");
	print_hint();
	print_problem("it is %d", 7);
	emit_log(LOG_LEVEL_INFO, "so it went");
	return !emit_result(ISCSI_ERR_BUSY);
}

static void test_members(void **state)
{
	assert_int_equal(fake_capture(emit_members, NULL), 0);
	assert_string_equal(fake_out, "{\"type\":\"all\",\"text\":\"a\\\"b/\xc3\xa9\\n\",\"empty\":null,\"nobody\":null,"
				      "\"number\":-9223372036854775808,\"bool\":true,\"null\":null,\"list\":[{}]}\n"
				      "{\"type\":\"error\",\"message\":\"it is 7\"}\n"
				      "{\"type\":\"log\",\"level\":\"info\",\"message\":\"so it went\"}\n"
				      "{\"type\":\"result\",\"code\":28,\"name\":\"BUSY\",\"message\":\"device or resource in use\"}\n");
	assert_string_equal(fake_err, "");
}

static int emit_bytes(void *data)
{
	struct json_object *object;

	emit_start();
	object = emit_new("t");
	emit_text(object, "v", data);
	emit(object);
	emit_flush();
	return 0;
}

static void expect_text(const char *text, const char *json)
{
	char line[128];

	snprintf(line, sizeof(line), "{\"type\":\"t\",\"v\":\"%s\"}\n", json);
	fake_capture(emit_bytes, (void *)text);
	assert_string_equal(fake_out, line);
}

/* RFC 8259 8.1: JSON is UTF-8. Names come from targets and drivers. */
static void test_utf8(void **state)
{
	expect_text("\xf0\x9f\x92\xbe \xe2\x82\xac", "\xf0\x9f\x92\xbe \xe2\x82\xac");
	expect_text("caf\xe9", "caf?");
	expect_text("\xc0\xafx", "??x");
	expect_text("\xed\xa0\x80", "???");
	expect_text("\xf4\x90\x80\x80z", "????z");
	expect_text("end\xe2\x82", "end??");
}

static int emit_settings_of(void *data)
{
	struct record node;
	struct json_object *object;

	emit_start();
	record_init(&node, RECORD_NODE);
	if (record_set(&node, F_NODE_SESSION_AUTH_PASSWORD, "wonderland12", ORIGIN_RECORD) ||
	    record_set(&node, F_NODE_STARTUP, "automatic", ORIGIN_CONF))
		return 1;
	object = emit_new("t");
	emit_add(object, "settings", emit_settings(&node, *(bool *)data));
	emit_add(object, "origins", emit_origins(&node, *(bool *)data));
	emit(object);
	emit_flush();
	record_done(&node);
	return 0;
}

static void test_settings(void **state)
{
	bool secrets = false;

	assert_int_equal(fake_capture(emit_settings_of, &secrets), 0);
	assert_null(strstr(fake_out, "wonderland12"));
	assert_null(strstr(fake_out, "node.session.auth.password\""));
	assert_non_null(strstr(fake_out, "\"node.startup\":\"automatic\""));
	assert_non_null(strstr(fake_out, "\"node.startup\":\"iscsid.conf\""));
	assert_non_null(strstr(fake_out, "\"node.session.cmds_max\":128"));
	assert_non_null(strstr(fake_out, "\"node.session.cmds_max\":\"built-in\""));
	secrets = true;
	assert_int_equal(fake_capture(emit_settings_of, &secrets), 0);
	assert_non_null(strstr(fake_out, "\"node.session.auth.password\":\"wonderland12\""));
	assert_non_null(strstr(fake_out, "\"node.session.auth.password\":\"record\""));
}

/* ---- what ends the program is tried in a child ---- */

static void on_interrupt(int number)
{
	_exit(emit_interrupted());
}

static char *long_text(size_t len)
{
	char *text = malloc(len + 1);

	memset(text, 'x', len);
	text[len] = '\0';
	return text;
}

static void emit_line(const char *text)
{
	struct json_object *object = emit_new("line");

	emit_text(object, "text", text);
	emit(object);
}

/* Writes lines of all lengths until it is interrupted. */
static void write_for_ever(void)
{
	struct sigaction interrupt = { .sa_handler = on_interrupt };
	char *text = long_text(200000);

	sigaction(SIGINT, &interrupt, NULL);
	emit_start();
	for (size_t len = 1;; len = len * 7 % 199999 + 1) {
		char end = text[len];

		text[len] = '\0';
		emit_line(text);
		text[len] = end;
	}
}

static void write_short_of_memory(void)
{
	emit_start();
	texts_left = 25;
	for (;;)
		emit_line("short");
}

static pid_t start_child(void (*fn)(void), int out)
{
	pid_t child = fork();

	if (child)
		return child;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_IGN);
	if (dup2(out, STDOUT_FILENO) < 0)
		_exit(99);
	close(out);
	fn();
	_exit(98);
}

static int status_of(pid_t child)
{
	int status;

	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* All that comes, up to the end. The caller frees. */
static char *read_all(int from, size_t *ret_len)
{
	size_t size = 1 << 16, len = 0;
	char *text = malloc(size);
	ssize_t got;

	while ((got = read(from, text + len, size - len - 1)) > 0) {
		len += (size_t)got;
		if (size - len < 4096)
			text = realloc(text, size *= 2);
	}
	text[len] = '\0';
	*ret_len = len;
	return text;
}

/* Every line is JSON, the last one the result with this code; how many there are. */
static size_t check_lines(char *text, int code)
{
	struct json_object *object = NULL;
	int64_t number = -1;
	size_t count = 0;

	for (char *line = text, *end; *line; line = end + 1, count++) {
		end = strchr(line, '\n');
		assert_non_null(end);
		*end = '\0';
		json_object_put(object);
		object = json_tokener_parse(line);
		assert_true(json_object_is_type(object, json_type_object));
	}
	assert_int_equal(json_get_number(object, "code", 0, 100, &number), 0);
	assert_int_equal(number, code);
	json_object_put(object);
	return count;
}

/* Interrupted at different places of the stream, by a reader who goes on to read. */
static void test_interrupt(void **state)
{
	for (int round = 0; round < 12; round++) {
		char skipped[4096], *text, *whole;
		size_t len, want = (size_t)round * 9001 + 1, taken = 0;
		int ends[2];
		pid_t child;

		assert_int_equal(pipe(ends), 0);
		child = start_child(write_for_ever, ends[1]);
		close(ends[1]);
		whole = calloc(1, want + sizeof(skipped));
		while (taken < want) {
			ssize_t got = read(ends[0], skipped, sizeof(skipped));

			assert_true(got > 0);
			memcpy(whole + taken, skipped, (size_t)got);
			taken += (size_t)got;
		}
		kill(child, SIGINT);
		text = read_all(ends[0], &len);
		whole = realloc(whole, taken + len + 1);
		memcpy(whole + taken, text, len + 1);
		assert_true(check_lines(whole, ISCSI_ERR_UNKNOWN) > 2);
		assert_int_equal(status_of(child), ISCSI_ERR_UNKNOWN);
		close(ends[0]);
		free(text);
		free(whole);
	}
}

/* Nobody reads, and nobody will: it ends all the same. */
static void test_interrupt_unread(void **state)
{
	int ends[2];
	pid_t child;
	char byte;

	assert_int_equal(pipe(ends), 0);
	child = start_child(write_for_ever, ends[1]);
	assert_int_equal(read(ends[0], &byte, 1), 1);
	usleep(50000);
	kill(child, SIGINT);
	assert_int_equal(status_of(child), ISCSI_ERR_UNKNOWN);
	close(ends[0]);
	close(ends[1]);
}

static void test_no_memory(void **state)
{
	char *text;
	size_t len;
	int ends[2];
	pid_t child;

	assert_int_equal(pipe(ends), 0);
	child = start_child(write_short_of_memory, ends[1]);
	close(ends[1]);
	text = read_all(ends[0], &len);
	assert_int_equal(check_lines(text, ISCSI_ERR_NOMEM), 12 + 2);
	assert_int_equal(status_of(child), ISCSI_ERR_NOMEM);
	close(ends[0]);
	free(text);
}

static void write_and_tell(void)
{
	char *text = long_text(100000);

	emit_start();
	emit_line(text);
	free(text);
	_exit(emit_result(ISCSI_ERR_SUCCESS) ? 50 : 51);
}

/* A full disk, a reader that is gone, and, to be sure, one that is there. */
static void test_write_error(void **state)
{
	int ends[2], full = open("/dev/full", O_WRONLY), nowhere = open("/dev/null", O_WRONLY);

	assert_int_equal(status_of(start_child(write_and_tell, full)), 51);
	assert_int_equal(status_of(start_child(write_and_tell, nowhere)), 50);
	assert_int_equal(pipe(ends), 0);
	close(ends[0]);
	assert_int_equal(status_of(start_child(write_and_tell, ends[1])), 51);
	close(ends[1]);
	close(full);
	close(nowhere);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_members),	  cmocka_unit_test(test_utf8),		  cmocka_unit_test(test_settings),
		cmocka_unit_test(test_interrupt), cmocka_unit_test(test_interrupt_unread), cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_write_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
