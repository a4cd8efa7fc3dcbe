/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A folder of sysfs as a sorted array: names of others passed over, folders that are not there or no folders. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "transport/user/listing.h"

static char root[] = "/tmp/openhba-listing-XXXXXX";

static bool parse(const char *name, uint32_t host_no, void *ret_item)
{
	uint64_t *item = ret_item;
	unsigned int host, number;

	assert_int_equal(*item, 0);
	*item = 99; /* what is refused leaves nothing behind */
	if (sscanf(name, "thing-%u-%u", &host, &number) != 2 || host != host_no)
		return false;
	*item = number;
	return true;
}

static int compare(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return left < right ? -1 : left > right;
}

static const struct listing things = { "class/thing", sizeof(uint64_t), parse, compare };

static void make(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", root, name);
	assert_int_equal(mkdir(path, 0700), 0);
}

static int make_root(void **state)
{
	return mkdtemp(root) ? 0 : -1;
}

static int remove_root(void **state)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -r %s", root);
	return system(command);
}

static void test_no_folder(void **state)
{
	size_t count = 7;
	void *items = root;

	assert_int_equal(listing_read(&things, root, 1, &items, &count), 0);
	assert_null(items);
	assert_int_equal(count, 0);
	make("class");
	make("class/thing");
	assert_int_equal(listing_read(&things, root, 1, &items, &count), 0);
	assert_null(items);
}

static void test_sorted(void **state)
{
	static const char *const names[] = { "thing-1-30", "thing-2-1", "thing-1-4", "other", "thing-1-200", "thing-11-5" };
	size_t count;
	void *items;
	uint64_t *numbers;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char path[64];

		snprintf(path, sizeof(path), "class/thing/%s", names[i]);
		make(path);
	}
	assert_int_equal(listing_read(&things, root, 1, &items, &count), 0);
	numbers = items;
	assert_int_equal(count, 3);
	assert_int_equal(numbers[0], 4);
	assert_int_equal(numbers[1], 30);
	assert_int_equal(numbers[2], 200);
	free(items);
	assert_int_equal(listing_read(&things, root, 3, &items, &count), 0);
	assert_null(items);
	assert_int_equal(count, 0);
}

static void test_no_folder_but_a_file(void **state)
{
	static const struct listing file = { "class/file", sizeof(uint64_t), parse, compare };
	char path[128];
	size_t count;
	void *items;
	FILE *made;

	snprintf(path, sizeof(path), "%s/class/file", root);
	made = fopen(path, "w");
	assert_non_null(made);
	fclose(made);
	assert_int_equal(listing_read(&file, root, 1, &items, &count), -ENOTDIR);
	assert_null(items);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_folder),
		cmocka_unit_test(test_sorted),
		cmocka_unit_test(test_no_folder_but_a_file),
	};

	return cmocka_run_group_tests(tests, make_root, remove_root);
}
