/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The rows of the kernel ABI that no table of the programs expands yet: numbers without a gap, an attribute exactly where an object
 * shows one, none twice in one object, a sentence each; and every parameter that an iface setting names is a row.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "transport/abi/params.h"

struct row {
	int number;
	const char *object;
	const char *attribute;
	const char *type;
	const char *sentence;
};

static const struct row params[] = {
#define PARAM(number, id, object, attribute, type, flags, sentence) { number, #object, attribute, #type, sentence },
#include "transport/abi/params.def"
#undef PARAM
};

static const struct row host_params[] = {
#define HOST_PARAM(number, id, attribute, type, sentence) { number, "HOST", attribute, #type, sentence },
#include "transport/abi/host_params.def"
#undef HOST_PARAM
};

/* Both kinds of an iface's parameters share its directory in sysfs. */
static const struct row net_params[] = {
#define NET_PARAM(number, id, family, attribute, type, sentence) { number, #family, attribute, #type, sentence },
#include "transport/abi/net_params.def"
#undef NET_PARAM
};

static const struct row iface_params[] = {
#define IFACE_PARAM(number, id, family, attribute, type, sentence) { number, #family, attribute, #type, sentence },
#include "transport/abi/iface_params.def"
#undef IFACE_PARAM
};

static const struct row flashnode[] = {
#define FLASHNODE(number, id, object, attribute, type, wire, max, place, field, sentence) { number, #object, attribute, #type, sentence },
#include "transport/abi/flashnode.def"
#undef FLASHNODE
};

/* The parameters iface settings are carried in, as numbers: a name that is no row does not compile. */
#define ISCSI_NOTHING (-1)
static const int carried[] = {
#define IFACE(id, name, type, def, min, max, flags, choices, subset, net, sentence) ISCSI_##net,
#include "transport/abi/iface.def"
#undef IFACE
};

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

static bool same_object(const struct row *a, const struct row *b)
{
	return !strcmp(a->object, b->object) || !strcmp(a->object, "BOTH") || !strcmp(b->object, "BOTH");
}

static void check_row(const struct row *row)
{
	size_t length = strlen(row->sentence);

	assert_int_equal(!strcmp(row->object, "HIDDEN"), !row->attribute[0]);
	assert_true(length > 5 && row->sentence[length - 1] == '.');
}

static void check_rows(const struct row *rows, size_t count, int first)
{
	size_t a, b;

	for (a = 0; a < count; a++) {
		assert_int_equal(rows[a].number, first + (int)a);
		check_row(&rows[a]);
		for (b = a + 1; b < count; b++)
			assert_false(rows[a].attribute[0] && same_object(&rows[a], &rows[b]) &&
				     !strcmp(rows[a].attribute, rows[b].attribute));
	}
}

static void rows_are_whole(void **state)
{
	check_rows(params, ROWS(params), 0);
	check_rows(host_params, ROWS(host_params), 0);
	check_rows(net_params, ROWS(net_params), 1);
	check_rows(iface_params, ROWS(iface_params), 0);
	check_rows(flashnode, ROWS(flashnode), 0);
}

static void there_are_as_many_as_the_kernel_has(void **state)
{
	assert_int_equal(ROWS(params), 72);
	assert_int_equal(ROWS(host_params), 6);
	assert_int_equal(ROWS(net_params), 55);
	assert_int_equal(ROWS(iface_params), 18);
	assert_int_equal(ROWS(flashnode), 59);
	assert_int_equal(ISCSI_PARAM_COUNT, 72);
	assert_int_equal(ISCSI_NET_PARAM_COUNT, 56); /* from 1 */
}

static void an_iface_shows_no_name_twice(void **state)
{
	size_t a, b;

	for (a = 0; a < ROWS(net_params); a++)
		for (b = 0; b < ROWS(iface_params); b++)
			assert_false(net_params[a].attribute[0] && !strcmp(net_params[a].attribute, iface_params[b].attribute));
}

static void values_have_a_form(void **state)
{
	static const char *const forms = " U8 U16 U32 ADDR4 ADDR6 TEXT ";
	char word[16];
	size_t i;

	for (i = 0; i < ROWS(net_params) + ROWS(iface_params); i++) {
		const struct row *row = i < ROWS(net_params) ? &net_params[i] : &iface_params[i - ROWS(net_params)];

		snprintf(word, sizeof(word), " %s ", row->type);
		assert_non_null(strstr(forms, word));
	}
}

static void iface_settings_name_rows(void **state)
{
	size_t i, used = 0;

	for (i = 0; i < ROWS(carried); i++)
		used += carried[i] != ISCSI_NOTHING;
	assert_true(used > 40 && ROWS(carried) > used);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_whole),
		cmocka_unit_test(there_are_as_many_as_the_kernel_has),
		cmocka_unit_test(an_iface_shows_no_name_twice),
		cmocka_unit_test(values_have_a_form),
		cmocka_unit_test(iface_settings_name_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
