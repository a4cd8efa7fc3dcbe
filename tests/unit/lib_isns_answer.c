/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From the objects of an answer to targets with portals: what is joined, what is left out, and the bounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>

#include "lib/isns_answer.h"
#include "lib/isns_call.h"
#include "tests/unit/isns_bytes.h"

#define A "iqn.2026-11.org.example:a"
#define B "iqn.2026-11.org.example:b"
#define TARGET 1
#define INITIATOR 2

static int list_of(struct isns_bytes *bytes, struct sendtargets_list *list)
{
	struct isns_answer answer = {0};
	int error = isns_answer_take(&answer, bytes->data, bytes->length);

	if (!error)
		error = isns_answer_list(&answer, list);
	isns_answer_done(&answer);
	isns_bytes_done(bytes);
	return error;
}

static void check(const struct sendtargets_list *list, size_t at, const char *name, const char *portal)
{
	char text[PORTAL_TEXT_MAX];

	assert_true(at < list->count);
	assert_string_equal(list->entries[at].target_name, name);
	assert_string_equal(portal_format(&list->entries[at].portal, true, text), portal);
}

static void test_join(void **state)
{
	struct isns_bytes bytes = {0};
	struct sendtargets_list list;

	put_number(&bytes, ISNS_ISCSI_NODE_TYPE, TARGET); /* the key of the question */
	put_nothing(&bytes, ISNS_DELIMITER);
	put_group(&bytes, B, "::ffff:192.0.2.2", 3260, 7);
	put_node(&bytes, B, TARGET);
	put_node(&bytes, A, TARGET | INITIATOR);
	put_group(&bytes, A, "2001:db8::1", 3261, 1);
	put_group(&bytes, A, "::192.0.2.1", 3260, 1); /* IPv4 compatible, as old servers send it */
	assert_int_equal(list_of(&bytes, &list), 0);
	assert_int_equal(list.count, 3);
	check(&list, 0, A, "192.0.2.1:3260,1");
	check(&list, 1, A, "[2001:db8::1]:3261,1");
	check(&list, 2, B, "192.0.2.2:3260,7");
	assert_int_equal(list.refused, 0);
	sendtargets_list_done(&list);
}

static void test_left_out(void **state)
{
	struct isns_bytes bytes = {0};
	struct sendtargets_list list;

	put_node(&bytes, A, TARGET);
	put_node(&bytes, B, INITIATOR);
	put_node(&bytes, "iqn.2026-11.org.example:../x", TARGET); /* refused */
	put_node(&bytes, "", TARGET);				  /* refused */
	put_group(&bytes, B, "::ffff:192.0.2.2", 3260, 1);
	put_group(&bytes, "iqn.2026-11.org.example:../x", "::ffff:192.0.2.2", 3260, 1);
	put_group(&bytes, A, "fe80::1", 3260, 1); /* refused: on which link? */
	put_group(&bytes, A, "::", 3260, 1);	  /* refused */
	put_group(&bytes, A, "ff02::1", 3260, 1); /* refused */
	put_group(&bytes, A, "::ffff:192.0.2.1", 0, 1); /* refused */
	put_group(&bytes, A, "::ffff:192.0.2.1", 0x10000 | 3260, 1); /* UDP */
	put_group(&bytes, A, "::ffff:192.0.2.1", 3260, 65536);
	put_text(&bytes, ISNS_PG_ISCSI_NAME, A); /* no tag: no access */
	put_address(&bytes, ISNS_PG_PORTAL_ADDRESS, "::ffff:192.0.2.9");
	put_number(&bytes, ISNS_PG_PORTAL_PORT, 3260);
	put_nothing(&bytes, ISNS_PG_TAG);
	put_group(&bytes, A, "::ffff:192.0.2.1", 3260, 1);
	put_group(&bytes, A, "::ffff:192.0.2.1", 3260, 1);
	put_group(&bytes, A, "::192.0.2.1", 3260, 1);
	assert_int_equal(list_of(&bytes, &list), 0);
	assert_int_equal(list.count, 1);
	check(&list, 0, A, "192.0.2.1:3260,1");
	assert_int_equal(list.refused, 6);
	sendtargets_list_done(&list);
}

static void test_bounds(void **state)
{
	struct isns_bytes bytes = {0};
	struct sendtargets_list list;
	char name[64];

	for (int i = 0; i < ISNS_TARGETS_MAX; i++) {
		snprintf(name, sizeof(name), "iqn.2026-11.org.example:%d", i);
		put_node(&bytes, name, TARGET);
		put_group(&bytes, name, "::ffff:192.0.2.1", (uint32_t)i % 60000 + 1, 1);
	}
	assert_int_equal(list_of(&bytes, &list), 0);
	assert_int_equal(list.count, ISNS_TARGETS_MAX);
	sendtargets_list_done(&list);
	for (int i = 0; i <= ISNS_TARGETS_MAX; i++) {
		snprintf(name, sizeof(name), "iqn.2026-11.org.example:%d", i);
		put_node(&bytes, name, TARGET);
	}
	assert_int_equal(list_of(&bytes, &list), -E2BIG);
	put_node(&bytes, A, TARGET);
	bytes.length -= 2;
	assert_int_equal(list_of(&bytes, &list), -EPROTO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_join),
		cmocka_unit_test(test_left_out),
		cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
