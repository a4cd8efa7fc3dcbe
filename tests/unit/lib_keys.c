/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The key table's own rules, and the readers and writers of pairs and values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "lib/keys.h"
#include "lib/text.h"

static struct key_pair value_of(const char *value)
{
	return (struct key_pair){"K", 1, value, strlen(value)};
}

static void test_table(void **state)
{
	unsigned int i, j;

	for (i = 0; i < keys_count; i++) {
		const struct key *key = &keys_table[i];

		assert_true(strlen(key->name) <= 63);
		assert_ptr_equal(keys_find(key->name, strlen(key->name)), key);
		assert_true(key->min <= key->max);
		if (key->type == KEY_TYPE_U32 && key->result != KEY_RESULT_DECLARED)
			assert_true(key->fallback >= key->min && key->fallback <= key->max);
		assert_true(key->sentence[strlen(key->sentence) - 1] == '.');
		for (j = 0; j < i; j++) {
			assert_int_not_equal(keys_table[j].number, key->number);
			assert_string_not_equal(keys_table[j].name, key->name);
		}
	}
	assert_null(keys_find("headerdigest", 12));
	assert_null(keys_find("HeaderDiges", 11));
	assert_non_null(keys_find("X#NodeArchitecture", 18));
}

/* Every row survives being written and read back. */
static void test_round_trip(void **state)
{
	struct keys_reader reader;
	struct key_pair pair;
	struct text text = {0};
	uint32_t number;
	unsigned int i;
	bool yes;

	for (i = 0; i < keys_count; i++) {
		if (keys_table[i].type == KEY_TYPE_BOOL)
			keys_add_bool(&text, keys_table[i].name, keys_table[i].fallback);
		else if (keys_table[i].type == KEY_TYPE_U32)
			keys_add_u32(&text, keys_table[i].name, keys_table[i].max);
		else
			keys_add(&text, keys_table[i].name, "a,b");
	}
	keys_reader_init(&reader, text.data, text.len);
	for (i = 0; i < keys_count; i++) {
		assert_int_equal(keys_next(&reader, &pair), 1);
		assert_ptr_equal(keys_find(pair.name, pair.name_length), &keys_table[i]);
		if (keys_table[i].type == KEY_TYPE_BOOL) {
			assert_int_equal(key_value_bool(&pair, &yes), 0);
			assert_int_equal(yes, keys_table[i].fallback);
		} else if (keys_table[i].type == KEY_TYPE_U32) {
			assert_int_equal(key_value_u32(&pair, &number), 0);
			assert_int_equal(number, keys_table[i].max);
		} else {
			assert_true(key_value_is(&pair, "a,b"));
		}
	}
	assert_int_equal(keys_next(&reader, &pair), 0);
	text_done(&text);
}

static int count_pairs(const char *text, size_t length)
{
	struct keys_reader reader;
	struct key_pair pair;
	int result, count = 0;

	keys_reader_init(&reader, text, length);
	while ((result = keys_next(&reader, &pair)) > 0)
		count++;
	return result ? result : count;
}

#define COUNT(literal) count_pairs(literal, sizeof(literal) - 1)

static void test_pairs(void **state)
{
	static const char long_name[] =
		"A234567890123456789012345678901234567890123456789012345678901234=x\0";

	assert_int_equal(COUNT(""), 0);
	assert_int_equal(count_pairs(NULL, 0), 0);
	assert_int_equal(COUNT("A=1\0"), 1);
	assert_int_equal(COUNT("A=1\0B=\0\0\0C=x=y\0\0"), 3);
	assert_int_equal(COUNT("A=1"), -EPROTO);
	assert_int_equal(COUNT("A1\0"), -EPROTO);
	assert_int_equal(COUNT("=1\0"), -EPROTO);
	assert_int_equal(COUNT("1A=1\0"), -EPROTO);
	assert_int_equal(COUNT("A B=1\0"), -EPROTO);
	assert_int_equal(COUNT("A=1\0B"), -EPROTO);
	assert_int_equal(COUNT("X-com.example.Do_it+@-#=1\0"), 1);
	assert_int_equal(count_pairs(long_name, sizeof(long_name) - 1), -EPROTO);
}

/* A text cut anywhere gives fewer pairs or an error, never more. */
static void test_pairs_cut(void **state)
{
	static const char text[] = "HeaderDigest=None\0InitialR2T=Yes\0MaxBurstLength=512\0";
	size_t cut;
	int n;

	for (cut = 0; cut < sizeof(text); cut++) {
		n = count_pairs(text, cut);
		if (!cut || !text[cut - 1])
			assert_true(n >= 0 && n <= 3);
		else
			assert_int_equal(n, -EPROTO);
	}
}

static void test_bool(void **state)
{
	struct key_pair yes = value_of("Yes"), no = value_of("No"), bad = value_of("yes");
	bool value = false;

	assert_int_equal(key_value_bool(&yes, &value), 0);
	assert_true(value);
	assert_int_equal(key_value_bool(&no, &value), 0);
	assert_false(value);
	assert_int_equal(key_value_bool(&bad, &value), -EINVAL);
}

static void test_numbers(void **state)
{
	static const struct {
		const char *text;
		int result;
		uint32_t value;
	} rows[] = {
		{"0", 0, 0},
		{"8192", 0, 8192},
		{"0008192", 0, 8192},
		{"0x2000", 0, 8192},
		{"0X2aF", 0, 687},
		{"4294967295", 0, UINT32_MAX},
		{"0xffffffff", 0, UINT32_MAX},
		{"4294967296", -ERANGE, 0},
		{"99999999999999999999999", -ERANGE, 0},
		{"", -EINVAL, 0},
		{"0x", -EINVAL, 0},
		{"-1", -EINVAL, 0},
		{"+1", -EINVAL, 0},
		{" 1", -EINVAL, 0},
		{"1 ", -EINVAL, 0},
		{"0b01", -EINVAL, 0},
		{"1a", -EINVAL, 0},
		{"0x1g", -EINVAL, 0},
	};
	struct key_pair pair;
	uint32_t value;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		pair = value_of(rows[i].text);
		assert_int_equal(key_value_u32(&pair, &value), rows[i].result);
		if (!rows[i].result)
			assert_int_equal(value, rows[i].value);
	}
}

static void test_binary(void **state)
{
	static const struct {
		const char *text;
		int result;
		size_t length;
		const char *bytes;
	} rows[] = {
		{"0x00ff10", 0, 3, "\x00\xff\x10"},
		{"0XfF1", 0, 2, "\x0f\xf1"},
		{"0b", -EINVAL, 0, ""},
		{"0bZg==", 0, 1, "f"}, /* vectors of RFC 4648 10 */
		{"0bZm8=", 0, 2, "fo"},
		{"0bZm9v", 0, 3, "foo"},
		{"0BZm9vYmFy", 0, 6, "foobar"},
		{"0b//79", 0, 3, "\xff\xfe\xfd"},
		{"0bZm9", -EINVAL, 0, ""},
		{"0bZ===", -EINVAL, 0, ""},
		{"0bZh==", -EINVAL, 0, ""}, /* bits behind the end */
		{"0bZ-9v", -EINVAL, 0, ""},
		{"0x0g", -EINVAL, 0, ""},
		{"0x", -EINVAL, 0, ""},
		{"ff", -EINVAL, 0, ""},
		{"0x00112233445566778", -EMSGSIZE, 0, ""},
		{"0bAAAAAAAAAAAA", -EMSGSIZE, 0, ""},
	};
	unsigned char out[8];
	struct key_pair pair;
	size_t i, length;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		pair = value_of(rows[i].text);
		assert_int_equal(key_value_binary(&pair, out, sizeof(out), &length),
				 rows[i].result);
		if (rows[i].result)
			continue;
		assert_int_equal(length, rows[i].length);
		assert_memory_equal(out, rows[i].bytes, length);
	}
}

static void test_binary_round_trip(void **state)
{
	unsigned char bytes[256], back[256];
	struct text text = {0};
	struct keys_reader reader;
	struct key_pair pair;
	size_t i, length;

	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)i;
	keys_add_binary(&text, "CHAP_C", bytes, sizeof(bytes));
	keys_reader_init(&reader, text.data, text.len);
	assert_int_equal(keys_next(&reader, &pair), 1);
	assert_int_equal(key_value_binary(&pair, back, sizeof(back), &length), 0);
	assert_int_equal(length, sizeof(bytes));
	assert_memory_equal(bytes, back, sizeof(bytes));
	text_done(&text);
}

static void test_text_and_lists(void **state)
{
	struct key_pair pair = value_of("abc");
	char out[4];

	assert_int_equal(key_value_text(&pair, out, 4), 0);
	assert_string_equal(out, "abc");
	assert_int_equal(key_value_text(&pair, out, 3), -EMSGSIZE);
	assert_true(key_list_has("None,CRC32C", 11, "CRC32C"));
	assert_true(key_list_has("None,CRC32C", 11, "None"));
	assert_false(key_list_has("None,CRC32C", 11, "CRC32"));
	assert_false(key_list_has("None,CRC32C", 10, "CRC32C"));
	assert_true(key_list_has("", 0, ""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_pairs_cut),
		cmocka_unit_test(test_bool),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_binary),
		cmocka_unit_test(test_binary_round_trip),
		cmocka_unit_test(test_text_and_lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
