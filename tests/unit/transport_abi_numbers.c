/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The numbers and names that the kernel, its drivers and scripts know, against tests/golden/abi.txt: rows may be added at the end
 * of what has such an order, never changed or dropped. OPENHBA_WRITE_GOLDEN=1 writes the file anew, to be reviewed line by line.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/text.h"

#define GOLDEN "tests/golden/abi.txt"

static void add_rows(struct text *text)
{
#define ERR(number, id, ...) text_addf(text, "ERR %d %s\n", number, #id);
#include "transport/abi/errors.def"
#define REQUEST(number, id, ...) text_addf(text, "ISCSI_UEVENT_%s %d\n", #id, number);
#define EVENT(number, id, ...) text_addf(text, "ISCSI_KEVENT_%s %d\n", #id, number);
#define CONN_ERROR(number, id, ...) text_addf(text, "CONN_ERROR_%s %d\n", #id, number);
#include "transport/abi/events.def"
#define PARAM(number, id, object, attribute, ...) text_addf(text, "ISCSI_PARAM_%s %d %s %s\n", #id, number, #object, attribute);
#include "transport/abi/params.def"
#define HOST_PARAM(number, id, attribute, ...) text_addf(text, "ISCSI_HOST_PARAM_%s %d %s\n", #id, number, attribute);
#include "transport/abi/host_params.def"
#define IFACE_PARAM(number, id, family, attribute, ...) \
	text_addf(text, "ISCSI_IFACE_PARAM_%s %d %s %s\n", #id, number, #family, attribute);
#include "transport/abi/iface_params.def"
#define NET_PARAM(number, id, family, attribute, ...) text_addf(text, "ISCSI_NET_PARAM_%s %d %s %s\n", #id, number, #family, attribute);
#include "transport/abi/net_params.def"
#define FLASHNODE(number, id, object, attribute, type, wire, max, place, field, ...) \
	text_addf(text, "ISCSI_FLASHNODE_%s %d %s %s %s %s %s\n", #id, number, #object, attribute, #type, #wire, field);
#include "transport/abi/flashnode.def"
#define HOST_STAT(group, name, ...) text_addf(text, "HOST_STAT %s %s\n", #group, #name);
#include "transport/abi/host_stats.def"
#define TRANSPORT(name, module, ...) text_addf(text, "TRANSPORT %s %s\n", name, module);
#include "transport/user/transports.def"
}

static void test_numbers(void **state)
{
	struct text text = { 0 }, golden = { 0 };

	add_rows(&text);
	assert_false(text.failed);
	if (getenv("OPENHBA_WRITE_GOLDEN"))
		assert_int_equal(text_write_file(GOLDEN, text.data, text.len, 0644), 0);
	assert_int_equal(text_read_file(GOLDEN, 1 << 20, &golden), 0);
	assert_string_equal(text.data, golden.data);
	text_done(&golden);
	text_done(&text);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
