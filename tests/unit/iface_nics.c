/* SPDX-License-Identifier: GPL-3.0-or-later */
/* iface.nics: which patterns are taken, what is said of the others, and which NICs they select. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "iface/nics.h"

static const struct port eth3 = { .netdev = "eth3", .driver = "bnx2x", .hwaddress = "02:00:00:00:00:03",
				  .permanent = "00:0e:1e:00:00:03", .path = "0000:03:00.0" };
static const struct port eth4 = { .netdev = "eth4", .driver = "virtio_net", .hwaddress = "52:54:00:AB:00:04", .path = "0000:04:00.0" };
static const struct port in_bond = { .netdev = "eth5", .driver = "bnx2x", .hwaddress = "52:54:00:00:00:05", .path = "0000:05:00.0",
				     .master = "bond0" };
static const struct port in_vrf = { .netdev = "eth6", .driver = "bnx2x", .hwaddress = "52:54:00:00:00:06", .path = "0000:06:00.0",
				    .vrf = "red" };
static const struct port vlan = { .netdev = "eth3.7", .driver = "802.1Q VLAN Support", .hwaddress = "02:00:00:00:00:03", .nic_kind = "vlan" };
static const struct port bond = { .netdev = "bond0", .driver = "bonding", .hwaddress = "52:54:00:00:00:05", .nic_kind = "bond" };
static const struct port lo = { .netdev = "lo", .path = "x", .is_loopback = true };
static const struct port hba = { .kind = PORT_HBA, .netdev = "eth3", .driver = "bnx2x", .path = "0000:03:00.0" };

static bool selects(const char *text, const struct port *port)
{
	struct nics *nics = NULL;
	bool is_selected;

	if (nics_parse(text, &nics, NULL))
		fail_msg("%s is refused", text);
	is_selected = nics_select(nics, port, NULL);
	nics_free(nics);
	return is_selected;
}

static void nothing_by_default(void **state)
{
	static const char *const nothing[] = { NULL, "", "none", " none ", "none,", ", ," };

	for (size_t i = 0; i < sizeof(nothing) / sizeof(nothing[0]); i++) {
		struct nics *nics;

		assert_int_equal(nics_parse(nothing[i], &nics, NULL), 0);
		assert_true(nics_is_none(nics));
		assert_false(nics_select(nics, &eth3, NULL));
		nics_free(nics);
	}
	assert_true(nics_is_none(NULL));
	assert_false(nics_select(NULL, &eth3, NULL));
}

static void each_kind_selects(void **state)
{
	static const struct {
		const char *text;
		bool eth3, eth4;
	} rows[] = {
		{ "eth3", true, false },
		{ "eth*", true, true },
		{ "eth[4-9]", false, true },
		{ "*", true, true },
		{ "ETH3", false, false },
		{ "driver:bnx2x", true, false },
		{ "driver:bnx2", false, false },
		{ "driver:*_net", false, true },
		{ "mac:00:0E:1e:*", true, false },
		{ "mac:02:00:00:00:00:03", true, false },	/* the one in use */
		{ "mac:52:54:00:ab:*", false, true },
		{ "path:0000:03:*", true, false },
		{ "path:0000:0?:00.0", true, true },
		{ "eth3,eth4", true, true },
		{ "eth3 eth4", true, true },
		{ "eth*, !eth4", true, false },
		{ "!eth4, eth*", true, true },			/* the last one decides */
		{ "* !driver:bnx2x eth3", true, true },
		{ "!eth3", false, false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (selects(rows[i].text, &eth3) != rows[i].eth3 || selects(rows[i].text, &eth4) != rows[i].eth4)
			fail_msg("%s", rows[i].text);
	}
}

static void only_named_ones(void **state)
{
	static const char *const wide[] = { "*", "eth*", "bond*", "mac:*", "driver:*", "path:*", "eth3.[7]" };

	for (size_t i = 0; i < sizeof(wide) / sizeof(wide[0]); i++) {
		assert_false(selects(wide[i], &in_bond));
		assert_false(selects(wide[i], &vlan));
		assert_false(selects(wide[i], &bond));
	}
	assert_true(selects("*", &in_vrf));
	assert_true(selects("eth3.7", &vlan));
	assert_true(selects("bond0, *", &bond));
	assert_true(selects("eth5", &in_bond));
	assert_false(selects("bond0, !bond*", &bond));
	assert_false(selects("eth3.7 !driver:*", &vlan));
	assert_false(selects("lo, *", &lo));
	assert_false(selects("eth3", &hba));
}

static void the_deciding_pattern_is_told(void **state)
{
	struct nics *nics;
	const char *pattern;

	assert_int_equal(nics_parse("eth*, !mac:52:54:00:ab:*", &nics, NULL), 0);
	assert_false(nics_is_none(nics));
	assert_true(nics_select(nics, &eth3, &pattern));
	assert_string_equal(pattern, "eth*");
	assert_false(nics_select(nics, &eth4, &pattern));
	assert_string_equal(pattern, "!mac:52:54:00:ab:*");
	assert_false(nics_select(nics, &bond, &pattern));
	assert_null(pattern);
	nics_free(nics);
}

static void what_no_nic_can_match_is_refused(void **state)
{
	static const struct {
		const char *text, *problem;
	} rows[] = {
		{ "eth0, !", "\"!\" has nothing to match" },
		{ "driver:", "\"driver:\" has nothing to match" },
		{ "eth0,none", "\"none\" stands alone: with other patterns it says nothing" },
		{ "none eth0", "\"none\" stands alone: with other patterns it says nothing" },
		{ "drivers:bnx2x", "\"drivers:bnx2x\" begins with none of driver:, mac: and path:, and no name of a NIC has a colon" },
		{ "mac:eth0", "\"mac:eth0\" is no MAC address with wildcards, like mac:00:0e:1e:*" },
		{ "/dev/eth0", "\"/dev/eth0\" is no name of a NIC: it has a slash" },
		{ "abcdefghijklmnop", "\"abcdefghijklmnop\" is longer than the name of any NIC (15 bytes)" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct text problem = { 0 };
		struct nics *nics;

		assert_int_equal(nics_parse(rows[i].text, &nics, &problem), -EINVAL);
		assert_string_equal(problem.data, rows[i].problem);
		assert_int_equal(nics_parse(rows[i].text, &nics, NULL), -EINVAL);
		text_done(&problem);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_by_default),
		cmocka_unit_test(each_kind_selects),
		cmocka_unit_test(only_named_ones),
		cmocka_unit_test(the_deciding_pattern_is_told),
		cmocka_unit_test(what_no_nic_can_match_is_refused),
	};

	return cmocka_run_group_tests_name("iface/nics", tests, NULL, NULL);
}
