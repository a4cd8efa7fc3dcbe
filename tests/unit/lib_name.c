/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which names are believed when they come from the network, and which an administrator may store. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "lib/name.h"

static const struct {
	const char *name;
	bool valid, storable;
} names[] = {
	{ "iqn.2024-01.example:disk", true, true },
	{ "iqn.1993-08.org.debian:01:abcdef", true, true },
	{ "iqn.x:manual", true, true },
	{ "IQN.2024-01.Example:Disk", true, true },
	{ "eui.02004567A425678D", true, true },
	{ "eui.02004567a425678", false, true },
	{ "eui.02004567a425678dd", false, true },
	{ "eui.02004567a425678g", false, true },
	{ "naa.52004567BA64678D", true, true },
	{ "naa.62004567BA64678D0123456789ABCDEF", true, true },
	{ "naa.62004567BA64678D01234567", false, true },
	{ "iqn.2024-01.example:\xc3\xa4", true, true },		/* U+00E4 */
	{ "iqn.2024-01.example:\xe3\x80\x82", false, true },	/* U+3002 */
	{ "iqn.2024-01.example:\xc0\xaf", false, true },	/* overlong '/' */
	{ "iqn.2024-01.example:\xe0\x9f\xbf", false, true },	/* overlong U+07FF */
	{ "iqn.2024-01.example:\xc2\x85", false, true },	/* control */
	{ "iqn.2024-01.example:\xed\xa0\x80", false, true },	/* surrogate */
	{ "iqn.2024-01.example:\xf4\x90\x80\x80", false, true }, /* above U+10FFFF */
	{ "iqn.2024-01.example:\xe2\x82", false, true },	/* cut */
	{ "iqn.", false, true },
	{ "disk", false, true },
	{ "", false, false },
	{ "iqn.2024-01.example:a b", false, false },
	{ "iqn.2024-01.example:a/b", false, false },
	{ "iqn.2024-01.example:a,b", false, false },
	{ "iqn.2024-01.example:a\nb", false, false },
	{ "iqn.2024-01.example:a\x7f", false, false },
	{ "iqn.2024-01.example:a_b", false, true },
	{ "iqn.2024-01.example:a;b", false, true },
	{ "iqn.2024-01.example:$(reboot)", false, true },
	{ "..", false, true },
};

static void test_names(void **state)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (name_is_valid(names[i].name) != names[i].valid)
			fail_msg("name_is_valid(\"%s\")", names[i].name);
		if (name_is_storable(names[i].name) != names[i].storable)
			fail_msg("name_is_storable(\"%s\")", names[i].name);
	}
}

static void test_every_byte(void **state)
{
	char name[] = "iqn.2024-01.example:?";

	for (int c = 1; c < 256; c++) {
		bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= ':') ||
			    c == '-' || c == '.';

		name[sizeof(name) - 2] = (char)c;
		assert_int_equal(name_is_valid(name), good);
	}
}

static void test_lengths(void **state)
{
	char name[257];

	memset(name, 'a', sizeof(name));
	memcpy(name, "iqn.", 4);
	name[ISCSI_NAME_MAX] = '\0';
	assert_true(name_is_valid(name));
	name[ISCSI_NAME_MAX] = 'a';
	name[ISCSI_NAME_MAX + 1] = '\0';
	assert_false(name_is_valid(name));
	name[ISCSI_NAME_MAX + 1] = 'a';
	name[254] = '\0';
	assert_true(name_is_storable(name));
	name[254] = 'a';
	name[255] = '\0';
	assert_false(name_is_storable(name));
	name[64] = '\0';
	assert_true(name_is_iface(name));
	name[64] = 'a';
	name[65] = '\0';
	assert_false(name_is_iface(name));
}

static void test_iface_names(void **state)
{
	assert_true(name_is_iface("default"));
	assert_true(name_is_iface("qla4xxx.00:0e:1e:04:8b:2e.ipv6.0"));
	assert_true(name_is_iface("..."));
	assert_false(name_is_iface(""));
	assert_false(name_is_iface("."));
	assert_false(name_is_iface(".."));
	assert_false(name_is_iface("a/b"));
	assert_false(name_is_iface("a b"));
	assert_false(name_is_iface("a\n"));
}

static void test_mac(void **state)
{
	static const char *const bad[] = { "", "zz", "52:54:00:ab:cd", "52:54:00:ab:cd:e", "52:54:00:ab:cd:ef:", "52-54-00-ab-cd-ef",
					   "5:254:00:ab:cd:ef", "g2:54:00:ab:cd:ef" };

	assert_true(name_is_mac("52:54:00:ab:cd:ef"));
	assert_true(name_is_mac("00:0E:1E:04:8B:2E"));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(name_is_mac(bad[i]));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_every_byte),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_iface_names),
		cmocka_unit_test(test_mac),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
