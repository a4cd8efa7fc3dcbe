/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which of two NICs an address means: every pair of rules in order, both ways round; and the names made of address and place. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "iface/candidate.h"

#define MAC "52:54:00:00:00:0a"
#define OTHER "52:54:00:00:00:0b"

static const struct candidate nic = { .ifindex = 5, .hwaddress = MAC, .permanent = MAC, .path = "p1" };
static const struct candidate elsewhere = { .ifindex = 4, .hwaddress = MAC, .permanent = MAC, .path = "p2" };
static const struct candidate renumbered = { .ifindex = 6, .hwaddress = OTHER, .permanent = MAC, .path = "p3" };
static const struct candidate borrower = { .ifindex = 2, .hwaddress = MAC, .permanent = OTHER, .path = "p4" };
static const struct candidate vlan = { .ifindex = 1, .hwaddress = MAC, .permanent = "", .path = "" };
static const struct candidate enslaved = { .ifindex = 3, .hwaddress = MAC, .permanent = MAC, .path = "p1", .has_master = true };
static const struct candidate stranger = { .ifindex = 9, .hwaddress = OTHER, .permanent = "", .path = "p1" };

static void assert_order(const struct wish *wish, const struct candidate *const *order, size_t count)
{
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < count; j++) {
			assert_true(candidate_fits(order[i], wish));
			assert_int_equal(candidate_is_better(order[i], order[j], wish), i < j);
		}
}

static void by_hand(void **state)
{
	static const struct candidate *const order[] = { &elsewhere, &nic, &renumbered, &borrower, &vlan, &enslaved };
	const struct wish wish = { .mac = "52:54:00:00:00:0A", .path = "" };

	assert_order(&wish, order, sizeof(order) / sizeof(order[0]));
	assert_false(candidate_fits(&stranger, &wish));
}

static void by_the_manager(void **state)
{
	static const struct candidate *const order[] = { &nic, &enslaved, &elsewhere, &renumbered };
	const struct wish wish = { .mac = MAC, .path = "p1" }, strict = { .mac = MAC, .path = "p1", .is_strict = true };

	assert_order(&wish, order, sizeof(order) / sizeof(order[0]));
	assert_false(candidate_fits(&vlan, &wish));
	assert_false(candidate_fits(&borrower, &wish));
	assert_false(candidate_fits(&stranger, &wish));
	assert_order(&strict, order, 2);
	assert_false(candidate_fits(&elsewhere, &strict));
}

static void wish(const char *name, const char *mac, const char *path, struct wish *ret_wish)
{
	static struct record record; /* the wish borrows */

	record_done(&record);
	record_init(&record, RECORD_NODE);
	assert_int_equal(record_set(&record, F_IFACE_ISCSI_IFACENAME, name, ORIGIN_RECORD), 0);
	assert_int_equal(record_set(&record, F_IFACE_HWADDRESS, mac, ORIGIN_RECORD), 0);
	assert_int_equal(record_set(&record, F_IFACE_PATH, path, ORIGIN_RECORD), 0);
	wish_of(&record, ret_wish);
}

static void wishes(void **state)
{
	static const char *const none[] = { "", "default", "00:00:00:00:00:00" };
	struct wish got;

	for (size_t i = 0; i < 3; i++) {
		wish("a", none[i], "p1", &got);
		assert_string_equal(got.mac, "");
		assert_false(candidate_fits(&nic, &got));
		assert_true(candidate_is_none(none[i]));
	}
	wish("tcp." MAC, MAC, "p1", &got);
	assert_false(got.is_strict);
	wish("tcp." MAC ".p1", MAC, "p1", &got);
	assert_true(got.is_strict);
	wish("tcp." MAC ".p1", MAC, "", &got);
	assert_false(got.is_strict);
	wish("", "", "", &got);
}

static void names(void **state)
{
	char name[IFACE_NAME_ROOM];

	candidate_name(MAC, name);
	assert_string_equal(name, "tcp." MAC);
	candidate_name_with_path(MAC, "usb/1", name);
	assert_string_equal(name, "tcp." MAC ".usb-1");
	candidate_name_with_path(MAC, "0123456789012345678901234567890123456789012345678901234567890", name);
	assert_string_equal(name, "tcp." MAC ".901234567890123456789012345678901234567890");
	assert_int_equal(strlen(name), 64);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_hand),
		cmocka_unit_test(by_the_manager),
		cmocka_unit_test(wishes),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests_name("iface/candidate", tests, NULL, NULL);
}
