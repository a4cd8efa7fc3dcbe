/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Row names and the format row of the store. The digests come from an independent SipHash-2-4 that
 * gives the published test vector a129ca6149be45e5.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <errno.h>
#include <cmocka.h>

#include "lib/store_key.h"

static const struct store_salt salt = {{0x0706050403020100, 0x0f0e0d0c0b0a0908}};

static const struct {
	enum store_table table;
	const char *key;
	const char *name;
} names[] = {
	{STORE_NODE, "a", "node a71148ca a"},
	{STORE_NODE, "1234567", "node 1d1a4d4b 1234567"},
	{STORE_NODE, "12345678", "node caea37eb 12345678"},
	{STORE_NODE, "iqn.2024-01.example:disk", "node fdebf4e3 iqn.2024-01.example:disk"},
	{STORE_DISCOVERY, "192.0.2.10,3260", "discovery 2f8092d1 192.0.2.10,3260"},
};

static void test_names(void **state)
{
	struct store_key key;
	size_t i;
	int start;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_int_equal(store_key_make(&salt, names[i].table, names[i].key, &key), 0);
		assert_string_equal(key.name, names[i].name);
		assert_int_equal(key.len, strlen(names[i].name));
		start = store_key_parse(&salt, names[i].table, key.name, key.len);
		assert_true(start > 0);
		assert_string_equal(key.name + start, names[i].key);
		assert_int_equal(store_key_parse(&salt, !names[i].table, key.name, key.len), 0);
	}
	assert_int_equal(store_key_parse(&salt, STORE_NODE, "format", 6), 0);
}

static void test_damaged_names(void **state)
{
	struct store_key key;
	size_t i;
	char kept;

	assert_int_equal(store_key_make(&salt, STORE_NODE, "iqn.2024-01.example:disk", &key), 0);
	for (i = 0; i < key.len; i++) {
		kept = key.name[i];
		key.name[i] ^= 0x20;
		assert_int_equal(store_key_parse(&salt, STORE_NODE, key.name, key.len), -EUCLEAN);
		key.name[i] = '\0';
		assert_int_equal(store_key_parse(&salt, STORE_NODE, key.name, key.len), -EUCLEAN);
		key.name[i] = kept;
		assert_int_equal(store_key_parse(&salt, STORE_NODE, key.name, i), -EUCLEAN);
	}
	assert_int_equal(store_key_parse(&salt, STORE_NODE, "forma", 5), -EUCLEAN);
	assert_int_equal(store_key_parse(&salt, STORE_NODE, "formats", 7), -EUCLEAN);
}

static void test_key_limits(void **state)
{
	static char longest[STORE_KEY_MAX + 2];
	struct store_key key;

	memset(longest, 'k', STORE_KEY_MAX);
	assert_int_equal(store_key_make(&salt, STORE_DISCOVERY, "", &key), -EINVAL);
	assert_int_equal(store_key_make(&salt, STORE_DISCOVERY, longest, &key), 0);
	assert_true(store_key_parse(&salt, STORE_DISCOVERY, key.name, key.len) > 0);
	longest[STORE_KEY_MAX] = 'k';
	assert_int_equal(store_key_make(&salt, STORE_DISCOVERY, longest, &key), -EINVAL);
}

static int parse(const char *text)
{
	struct store_salt read = {{0, 0}};
	int err = store_format_parse(text, strlen(text), &read);

	if (!err)
		assert_memory_equal(&read, &salt, sizeof(salt));
	return err;
}

static void test_format(void **state)
{
	static const char good[] = "format = 1\nsalt = 07060504030201000f0e0d0c0b0a0908\n";
	char text[STORE_FORMAT_TEXT];

	assert_int_equal(store_format_print(&salt, text), strlen(good));
	assert_string_equal(text, good);
	assert_int_equal(parse(good), 0);
	assert_int_equal(parse("format = 2\nwhatever comes then, however long it is, in whatever "
			       "form it may come"),
			 -EPROTO);
	assert_int_equal(parse("format = 0\nsalt = 07060504030201000f0e0d0c0b0a0908\n"), -EUCLEAN);
	assert_int_equal(parse("format = 1\nsalt = 07060504030201000f0e0d0c0b0a0908"), -EUCLEAN);
	assert_int_equal(parse("format = 1\nsalt = 07060504030201000f0e0d0c0b0a0908\n\n"),
			 -EUCLEAN);
	assert_int_equal(parse("format = 1\nsalt = 0706050403020100\n"), -EUCLEAN);
	assert_int_equal(parse("format = one\n"), -EUCLEAN);
	assert_int_equal(parse(""), -EUCLEAN);
}

static void test_salts_differ(void **state)
{
	struct store_salt a, b;

	assert_int_equal(store_salt_make(&a), 0);
	assert_int_equal(store_salt_make(&b), 0);
	assert_memory_not_equal(&a, &b, sizeof(a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),	     cmocka_unit_test(test_damaged_names),
		cmocka_unit_test(test_key_limits),   cmocka_unit_test(test_format),
		cmocka_unit_test(test_salts_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
