/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Frames of the IPC: cut at every byte, limited, strict JSON, and the interface text that is served over them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "lib/ipc.h"
#include "lib/ipc_frame.h"
#include "lib/ipc_interface.h"

static void frame_is_found_wherever_it_is_cut(void **state)
{
	static const char stream[] = "{\"a\":1}\0{}\0{\"b\":[2,3]}";
	static const size_t lengths[] = { 7, 2, 11 };
	const char *text;
	size_t len;

	for (size_t cut = 0; cut <= sizeof(stream); cut++) {
		struct ipc_buffer buffer = {.data = NULL};
		int found = 0;

		for (int part = 0; part < 2; part++) {
			size_t from = part ? cut : 0, to = part ? sizeof(stream) : cut;

			assert_int_equal(ipc_buffer_add(&buffer, stream + from, to - from), 0);
			while (ipc_frame_first(&buffer, 11, &text, &len) == 1) {
				assert_int_equal(len, lengths[found++]);
				assert_int_equal(strlen(text), len);
				ipc_buffer_drop(&buffer, len + 1);
			}
		}
		assert_int_equal(found, 3);
		assert_int_equal(ipc_buffer_count(&buffer), 0);
		assert_null(buffer.data);
	}
}

static void frame_has_a_limit(void **state)
{
	struct ipc_buffer buffer = {.data = NULL};
	const char *text;
	size_t len;

	assert_int_equal(ipc_buffer_add(&buffer, "12345", 5), 0);
	assert_int_equal(ipc_frame_first(&buffer, 5, &text, &len), 0);
	assert_int_equal(ipc_frame_first(&buffer, 4, &text, &len), -EMSGSIZE);
	assert_int_equal(ipc_buffer_add(&buffer, "\0", 1), 0);
	assert_int_equal(ipc_frame_first(&buffer, 5, &text, &len), 1);
	assert_int_equal(ipc_frame_first(&buffer, 4, &text, &len), -EMSGSIZE);
	ipc_buffer_done(&buffer);
}

static void only_one_strict_object_is_a_message(void **state)
{
	static const char *const bad[] = {
		"", " ", "1", "null", "\"a\"", "[]", "[{}]", "{}{}", "{} x", "{", "{\"a\":}", "{\"a\":'b'}", "{\"a\":1,}", "{a:1}",
		"{\"a\":01}", "{}/**/", "//\n{}", "{\"a\":[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]}",
	};
	struct json_object *object;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (ipc_frame_parse(bad[i], strlen(bad[i]), &object) != -EINVAL)
			fail_msg("taken as a message: %s", bad[i]);
	assert_int_equal(ipc_frame_parse(" {\"a\":[[[1]]]} \n", 16, &object), 0);
	json_object_put(object);
}

static void messages_have_parameters(void **state)
{
	struct ipc_buffer buffer = {.data = NULL};
	struct json_object *message = ipc_frame_message("method", "a.B", NULL);

	assert_non_null(message);
	assert_int_equal(ipc_frame_add(&buffer, message), 0);
	json_object_put(message);
	assert_string_equal(buffer.data, "{\"parameters\":{},\"method\":\"a.B\"}");
	assert_int_equal(ipc_buffer_count(&buffer), strlen(buffer.data) + 1);
	ipc_buffer_done(&buffer);
}

/* What travelled is not left in memory that stays: a buffer that moved on has zeros behind it. */
static void used_bytes_are_zeroed(void **state)
{
	struct ipc_buffer buffer = {.data = NULL};

	assert_int_equal(ipc_buffer_add(&buffer, "secret.rest", 11), 0);
	ipc_buffer_drop(&buffer, 7);
	assert_memory_equal(buffer.data, "\0\0\0\0\0\0\0rest", 11);
	ipc_buffer_done(&buffer);
}

static void interface_is_the_documented_one(void **state)
{
	assert_non_null(strstr(ipc_interface_description, "\ninterface " IPC_INTERFACE "\n"));
	assert_non_null(strstr(ipc_interface_description, "\nmethod Login("));
	assert_non_null(strstr(ipc_interface_description, "\nerror Failed ("));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frame_is_found_wherever_it_is_cut),
		cmocka_unit_test(frame_has_a_limit),
		cmocka_unit_test(only_one_strict_object_is_a_message),
		cmocka_unit_test(messages_have_parameters),
		cmocka_unit_test(used_bytes_are_zeroed),
		cmocka_unit_test(interface_is_the_documented_one),
	};
	return cmocka_run_group_tests_name("lib/ipc_frame", tests, NULL, NULL);
}
