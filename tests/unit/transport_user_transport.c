/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Transports: every row is whole, numbers of the kernel are read exactly and nonsense is refused, a registered transport is never
 * loaded again, one that another thread is registering is waited for, a name without a row never reaches the module loader.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "transport/user/transport.h"

static char root[] = "/tmp/openhba-transport.XXXXXX";

static const char *const folders[] = { "class", "class/iscsi_transport", "class/iscsi_transport/tcp",
				       "class/iscsi_transport/iser", "class/iscsi_transport/vendor", "class/iscsi_transport/be2iscsi" };
static const char *const files[] = { "tcp/handle", "tcp/caps", "iser/handle", "iser/caps", "vendor/handle", "vendor/caps",
				     "be2iscsi/handle", "be2iscsi/caps" };

static const char *path_of(const char *part)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", root, part);
	return path;
}

static void write_file(const char *name, const char *text)
{
	char part[128];
	FILE *file;

	snprintf(part, sizeof(part), "class/iscsi_transport/%s", name);
	file = fopen(path_of(part), "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static int make_tree(void **state)
{
	size_t i;

	if (!mkdtemp(root))
		return -1;
	for (i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		mkdir(path_of(folders[i]), 0755);
	write_file("tcp/handle", "18446744072640512096\n");
	write_file("tcp/caps", "0x39\n");
	write_file("iser/handle", "18446744072640519999\n");
	write_file("iser/caps", "0x89\n");
	write_file("vendor/handle", "1\n");
	write_file("vendor/caps", "0x0\n");
	return 0;
}

static int remove_tree(void **state)
{
	char part[128];
	size_t i;

	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(part, sizeof(part), "class/iscsi_transport/%s", files[i]);
		unlink(path_of(part));
	}
	for (i = sizeof(folders) / sizeof(folders[0]); i-- > 0;)
		rmdir(path_of(folders[i]));
	return rmdir(root);
}

static void every_row_is_whole(void **state)
{
	const struct transport_row *row;
	size_t i;

	for (i = 0; (row = transport_at(i)); i++) {
		assert_true(row->name[0] && strlen(row->name) < TRANSPORT_NAME_BYTES);
		assert_true(row->module[0] && row->proc_name[0] && strlen(row->sentence) > 5);
		assert_ptr_equal(transport_find(row->name), row);
		assert_ptr_equal(transport_find_proc(row->proc_name), row);
		assert_true(!(row->flags & TRANSPORT_SOCKET) != !(row->flags & TRANSPORT_ENDPOINT));
	}
	assert_int_equal(i, 9);
}

static void finding(void **state)
{
	assert_string_equal(transport_find("tcp")->module, "iscsi_tcp");
	assert_string_equal(transport_find("rdma")->name, "iser");
	assert_string_equal(transport_find_proc("iscsi_iser")->name, "iser");
	assert_int_equal(transport_find("be2iscsi")->first_burst_max, 8192);
	assert_true(transport_find("bnx2i")->flags & TRANSPORT_NEEDS_IP);
	assert_int_equal(transport_find("cxgb3i")->recv_max, 8192);
	assert_int_equal(transport_find("cxgb4i")->recv_max, 8192);
	assert_null(transport_find("iscsi_tcp"));
	assert_null(transport_find(""));
	assert_null(transport_find_proc("ahci"));
}

/* Which of them leave from a host that their iface names. */
static void adapters(void **state)
{
	static const char *const names[] = { "cxgb3i", "cxgb4i", "bnx2i", "qedi", "qla4xxx", "be2iscsi", "ocs" };
	const struct transport_row *row;
	size_t i, n = 0;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_true(transport_is_adapter(transport_find(names[i])));
	for (i = 0; (row = transport_at(i)); i++) {
		assert_int_equal(transport_place(row), i);
		n += transport_is_adapter(row);
	}
	assert_int_equal(n, sizeof(names) / sizeof(names[0]));
}

static void numbers_of_the_kernel(void **state)
{
	uint64_t handle = 0;
	uint32_t caps = 0;

	assert_int_equal(transport_handle(root, "tcp", &handle, &caps), 0);
	assert_true(handle == 18446744072640512096ull && caps == 0x39);
	assert_int_equal(transport_handle(root, "rdma", &handle, &caps), 0);
	assert_true(handle == 18446744072640519999ull && caps == 0x89);
	assert_int_equal(transport_handle(root, "vendor", &handle, &caps), 0); /* without a row: fine */
	assert_int_equal(handle, 1);
	assert_int_equal(transport_handle(root, "qedi", &handle, &caps), -ENODEV);
}

static void nonsense_is_refused(void **state)
{
	static const char *const texts[] = { "", "0\n", "-1\n", "18446744073709551616\n", "12x\n", "(null)\n" };
	uint64_t handle = 5;
	uint32_t caps = 6;
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		write_file("vendor/handle", texts[i]);
		assert_int_equal(transport_handle(root, "vendor", &handle, &caps), -EINVAL);
	}
	write_file("vendor/handle", "1\n");
	write_file("vendor/caps", "0x100000000\n");
	assert_int_equal(transport_handle(root, "vendor", &handle, &caps), -EINVAL);
	assert_true(handle == 5 && caps == 6);
	assert_int_equal(transport_handle(root, "../iscsi_transport/tcp", &handle, &caps), -EINVAL);
	assert_int_equal(transport_handle(root, "..", &handle, &caps), -EINVAL);
	assert_int_equal(transport_handle(root, "", &handle, &caps), -EINVAL);
	assert_int_equal(transport_handle(root, "a_name_that_is_too_long", &handle, &caps), -EINVAL);
}

static void loading(void **state)
{
	assert_int_equal(transport_load(root, "tcp"), 0);  /* registered: not loaded */
	assert_int_equal(transport_load(root, "rdma"), 0); /* its other name */
	assert_int_equal(transport_load_class(root), 0);
	assert_int_equal(transport_load(root, "vendor"), -EPROTONOSUPPORT);
	assert_int_equal(transport_load(root, "../../etc"), -EPROTONOSUPPORT);
	assert_true(transport_load(root, "ocs") < 0); /* no kernel has this module */
}

/* Whole at once, as an attribute appears. */
static void show_attribute(const char *name, const char *text)
{
	char from[256], to[256];

	write_file("vendor/new", text);
	snprintf(from, sizeof(from), "%s/class/iscsi_transport/vendor/new", root);
	snprintf(to, sizeof(to), "%s/class/iscsi_transport/%s", root, name);
	assert_int_equal(rename(from, to), 0);
}

static void *show_attributes(void *none)
{
	usleep(30000);
	show_attribute("be2iscsi/handle", "7\n");
	usleep(30000);
	show_attribute("be2iscsi/caps", "0x9\n");
	return none;
}

/* Another thread registers the driver: its directory is there before what is in it. */
static void loading_beside_another(void **state)
{
	uint64_t handle;
	uint32_t caps;
	pthread_t other;

	assert_int_equal(pthread_create(&other, NULL, show_attributes, NULL), 0);
	assert_int_equal(transport_load(root, "be2iscsi"), 0);
	assert_int_equal(transport_handle(root, "be2iscsi", &handle, &caps), 0);
	assert_true(handle == 7 && caps == 9);
	pthread_join(other, NULL);
	write_file("be2iscsi/caps", "many\n");
	assert_int_equal(transport_load(root, "be2iscsi"), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_is_whole), cmocka_unit_test(finding), cmocka_unit_test(adapters), cmocka_unit_test(numbers_of_the_kernel),
		cmocka_unit_test(nonsense_is_refused), cmocka_unit_test(loading),
		cmocka_unit_test(loading_beside_another),
	};

	return cmocka_run_group_tests(tests, make_tree, remove_tree);
}
