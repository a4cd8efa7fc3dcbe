/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ISIDs: derived the same way for ever (a target knows a session by it), different for different
 * sources, text both ways. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "daemon/isid.h"

static const struct isid_source source = {
	.initiator = "iqn.2016-04.com.openhba:lab",
	.target = "iqn.2024-01.example:disk",
	.address = "192.0.2.10",
	.iface = "default",
	.port = 3260,
};

static void check(const struct isid_source *from, unsigned int probe, const char *expected)
{
	uint8_t isid[ISID_BYTES];
	char text[ISID_TEXT_MAX];

	isid_derive(from, probe, isid);
	assert_string_equal(isid_format(isid, text), expected);
}

/* These bytes are in the memory of targets: they must never change. */
static void test_stable(void **state)
{
	check(&source, 0, "00023dcfe466");
	check(&source, 1, "00023da3a5e7");
}

static void test_each_part_counts(void **state)
{
	struct isid_source other[] = {source, source, source, source, source, source};
	uint8_t first[ISID_BYTES], isid[ISID_BYTES];

	other[0].initiator = "iqn.2016-04.com.openhba:lac";
	other[1].target = "iqn.2024-01.example:disl";
	other[2].address = "192.0.2.11";
	other[3].iface = "if0";
	other[4].port = 3261;
	other[5].ordinal = 1;
	isid_derive(&source, 0, first);
	for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++) {
		isid_derive(&other[i], 0, isid);
		assert_memory_not_equal(isid, first, ISID_BYTES);
		assert_memory_equal(isid, "\x00\x02\x3d", 3);
	}
}

static void test_from_sid(void **state)
{
	uint8_t isid[ISID_BYTES];

	isid_from_sid(0x010203, isid);
	assert_memory_equal(isid, "\x00\x02\x3d\x01\x02\x03", ISID_BYTES);
	isid_from_sid(7, isid);
	assert_memory_equal(isid, "\x00\x02\x3d\x00\x00\x07", ISID_BYTES);
}

static void test_text(void **state)
{
	static const char *const bad[] = {
		"", "00023d", "00023d00000g", "00023D000000", "00023d0000000", " 0023d000000"};
	uint8_t isid[ISID_BYTES];
	char text[ISID_TEXT_MAX];

	assert_true(isid_parse("00023dabcdef", isid));
	assert_memory_equal(isid, "\x00\x02\x3d\xab\xcd\xef", ISID_BYTES);
	assert_string_equal(isid_format(isid, text), "00023dabcdef");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(isid_parse(bad[i], isid));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stable),
		cmocka_unit_test(test_each_part_counts),
		cmocka_unit_test(test_from_sid),
		cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
