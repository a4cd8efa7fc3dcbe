/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the SVG does with text: escapes, bytes that are no UTF-8, names that are too long. The pictures as a whole are compared
 * by tests/adm-topology.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "adm/topology_svg.c"

static void expect(const char *name, size_t room, const char *expected)
{
	struct text text = { 0 };

	text_add(&text, "");
	add_text(name, room, &text);
	assert_string_equal(text.data, expected);
	text_done(&text);
}

static void test_escapes(void **state)
{
	expect("", 10, "");
	expect("<a & \"b\" 'c'>", 100, "&lt;a &amp; &quot;b&quot; &#39;c&#39;&gt;");
	expect("caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x92\xbe", 100, "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x92\xbe");
}

/* Control characters, lone and cut bytes, overlong forms, surrogates, beyond Unicode, and U+FFFE, which XML does not take. */
static void test_not_utf8(void **state)
{
	static const char *const bad[] = {
		"\x01", "\x1b", "\x7f", "\x80", "\xff", "\xc3", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xef\xbf\xbe", "\xe2\x82",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct text text = { 0 }, expected = { 0 };

		for (size_t byte = 0; bad[i][byte]; byte++)
			text_add(&expected, "\ufffd");
		add_text(bad[i], 100, &text);
		assert_string_equal(text.data, expected.data);
		text_done(&text);
		text_done(&expected);
	}
}

/* The middle gives way; characters are never cut, and what is left is as long as there is room. */
static void test_too_long(void **state)
{
	expect("0123456789", 10, "0123456789");
	expect("0123456789a", 10, "012\u2026" "56789a");
	expect("\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f<>", 4, "\xc3\xa4\u2026&lt;&gt;");
	expect("abcdef", 1, "\u2026");
}

static void test_empty_topology(void **state)
{
	struct topology topology = { 0 };
	struct text text = { 0 };

	topology_svg(&topology, &text);
	assert_false(text.failed);
	assert_memory_equal(text.data, "<svg xmlns=\"http://www.w3.org/2000/svg\"", 39);
	assert_string_equal(text.data + text.len - 7, "</svg>\n");
	text_done(&text);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_escapes),
		cmocka_unit_test(test_not_utf8),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_empty_topology),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
