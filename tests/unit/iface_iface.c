/* SPDX-License-Identifier: GPL-3.0-or-later */
/* iface files: built-ins, what is a name, round trips, order of listing, and files that are not what they should be. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "iface/iface.h"

static char top[32], dir[64], last_complaint[128];
static int complaints, last_error;
static char seen[512];

static char stop_first[] = "a", stop_default[] = "default";

static int setup(void **state)
{
	snprintf(top, sizeof(top), "/tmp/iface.XXXXXX");
	if (!mkdtemp(top))
		return -1;
	snprintf(dir, sizeof(dir), "%s/ifaces", top);
	complaints = last_error = 0;
	seen[0] = last_complaint[0] = '\0';
	return 0;
}

static int teardown(void **state)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", top);
	return system(command);
}

static void put(const char *name, const char *content)
{
	char path[256];
	FILE *file;

	mkdir(dir, 0700);
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(content, file);
	fclose(file);
}

static int collect(const struct record *iface, void *data)
{
	size_t len = strlen(seen);

	snprintf(seen + len, sizeof(seen) - len, "%s:%s ", record_text(iface, F_IFACE_ISCSI_IFACENAME),
		 record_text(iface, F_IFACE_TRANSPORT_NAME));
	return data && strcmp(data, record_text(iface, F_IFACE_ISCSI_IFACENAME)) == 0 ? 77 : 0;
}

static void complain(const char *path, int error, void *data)
{
	complaints++;
	last_error = error;
	snprintf(last_complaint, sizeof(last_complaint), "%s", path);
}

static void builtins_need_no_folder(void **state)
{
	struct record iface;

	assert_true(iface_is_builtin("default"));
	assert_true(iface_is_builtin("iser"));
	assert_false(iface_is_builtin("if0"));
	assert_int_equal(iface_load(dir, "default", &iface), 0);
	assert_string_equal(record_text(&iface, F_IFACE_TRANSPORT_NAME), "tcp");
	assert_int_equal(iface_save(dir, &iface), -EINVAL);
	record_done(&iface);
	assert_int_equal(iface_load(dir, "iser", &iface), 0);
	assert_string_equal(record_text(&iface, F_IFACE_TRANSPORT_NAME), "iser");
	assert_string_equal(record_text(&iface, F_IFACE_ISCSI_IFACENAME), "iser");
	record_done(&iface);
	assert_int_equal(iface_delete(dir, "default"), -EINVAL);
	assert_int_equal(iface_each(dir, collect, complain, NULL), 0);
	assert_string_equal(seen, "default:tcp iser:iser ");
	assert_int_equal(complaints, 0);
}

static void saved_is_loaded(void **state)
{
	struct record iface, again;
	struct stat status;
	char path[128];

	record_init(&iface, RECORD_IFACE);
	record_set(&iface, F_IFACE_ISCSI_IFACENAME, "if0", ORIGIN_COMMAND);
	record_set(&iface, F_IFACE_NET_IFACENAME, "eth1", ORIGIN_COMMAND);
	record_set(&iface, F_IFACE_INITIATORNAME, "iqn.2026-01.lab:ini2", ORIGIN_COMMAND);
	record_set(&iface, F_IFACE_MTU, "9000", ORIGIN_COMMAND);
	assert_int_equal(iface_save(dir, &iface), 0);
	assert_int_equal(stat(dir, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0700);
	snprintf(path, sizeof(path), "%s/if0", dir);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	assert_int_equal(iface_load(dir, "if0", &again), 0);
	for (enum field field = 0; field < FIELD_COUNT; field++) {
		char a[FIELD_NUMBER_TEXT_MAX], b[FIELD_NUMBER_TEXT_MAX];

		if (field_rows[field].kinds & 1 << RECORD_IFACE)
			assert_string_equal(record_format_value(&iface, field, a), record_format_value(&again, field, b));
	}
	record_done(&again);
	record_set(&iface, F_IFACE_NET_IFACENAME, "eth2", ORIGIN_COMMAND);
	assert_int_equal(iface_save(dir, &iface), 0);
	assert_int_equal(iface_load(dir, "if0", &again), 0);
	assert_string_equal(record_text(&again, F_IFACE_NET_IFACENAME), "eth2");
	record_done(&again);
	record_set(&iface, F_IFACE_NET_IFACENAME, "eth3", ORIGIN_COMMAND);
	assert_int_equal(iface_save_new(dir, &iface), -EEXIST);
	assert_int_equal(iface_load(dir, "if0", &again), 0);
	assert_string_equal(record_text(&again, F_IFACE_NET_IFACENAME), "eth2");
	record_done(&again);
	assert_int_equal(iface_delete(dir, "if0"), 0);
	assert_int_equal(iface_save_new(dir, &iface), 0);
	record_done(&iface);
	assert_int_equal(iface_delete(dir, "if0"), 0);
	assert_int_equal(iface_delete(dir, "if0"), -ENOENT);
	assert_int_equal(iface_load(dir, "if0", &again), -ENOENT);
	assert_int_equal(rmdir(dir), 0); /* nothing is left behind */
}

/* An empty transport is not the default one: what the administrator emptied stays empty. */
static void emptied_setting_stays_empty(void **state)
{
	struct record iface;

	put("input", "iface.transport_name =\n");
	assert_int_equal(iface_load(dir, "input", &iface), 0);
	assert_string_equal(record_text(&iface, F_IFACE_TRANSPORT_NAME), "");
	assert_int_equal(iface_save(dir, &iface), 0);
	record_done(&iface);
	assert_int_equal(iface_load(dir, "input", &iface), 0);
	assert_string_equal(record_text(&iface, F_IFACE_TRANSPORT_NAME), "");
	record_done(&iface);
}

static void bad_names_go_nowhere(void **state)
{
	static const char *const bad[] = { "", ".", "..", "../x", "a/b", "a b", ".hidden", "a\nb", "iface.example",
		"01234567890123456789012345678901234567890123456789012345678901234" };
	struct record iface;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(iface_load(dir, bad[i], &iface), -EINVAL);
		assert_int_equal(iface_delete(dir, bad[i]), -EINVAL);
	}
	record_init(&iface, RECORD_IFACE);
	assert_int_equal(iface_save(dir, &iface), -EINVAL); /* no name at all */
	record_done(&iface);
	assert_int_equal(access(dir, F_OK), -1);
}

static void file_as_administrators_write_it(void **state)
{
	struct record iface;

	put("if0", "# BEGIN RECORD 2.1.8\niface.iscsi_ifacename = other\n\n  iface.net_ifacename=nic0  \r\n"
		   "iface.hwaddress = 00:11:22:33:44:55\niface.of_the_future = 1\n# END RECORD\n");
	assert_int_equal(iface_load(dir, "if0", &iface), 0);
	assert_string_equal(record_text(&iface, F_IFACE_ISCSI_IFACENAME), "if0");
	assert_string_equal(record_text(&iface, F_IFACE_NET_IFACENAME), "nic0");
	assert_string_equal(record_text(&iface, F_IFACE_HWADDRESS), "00:11:22:33:44:55");
	assert_string_equal(record_text(&iface, F_IFACE_TRANSPORT_NAME), "tcp");
	record_done(&iface);
	put("empty", "");
	assert_int_equal(iface_load(dir, "empty", &iface), 0);
	assert_string_equal(record_text(&iface, F_IFACE_ISCSI_IFACENAME), "empty");
	record_done(&iface);
}

static void listing_is_sorted_and_complains(void **state)
{
	char path[128];

	put("zeta", "iface.transport_name = be2iscsi\n");
	put("Alpha", "");
	put("alpha", "");
	put("iface.example", "bad");
	put(".alpha.a1b2c3", "bad");
	put("default", "iface.transport_name = qla4xxx\n"); /* the built-in stays what it is */
	put("broken", "no equals sign\n");
	snprintf(path, sizeof(path), "%s/pipe", dir);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(iface_each(dir, collect, complain, NULL), 0);
	assert_string_equal(seen, "Alpha:tcp alpha:tcp zeta:be2iscsi default:tcp iser:iser ");
	assert_int_equal(complaints, 3);
	assert_int_equal(last_error, -EINVAL);
	assert_string_equal(last_complaint, path);
	assert_int_equal(iface_each(dir, collect, NULL, NULL), 0);
	assert_int_equal(complaints, 3);
}

static void listing_stops_when_told(void **state)
{
	put("a", "");
	put("b", "");
	assert_int_equal(iface_each(dir, collect, complain, stop_first), 77);
	assert_string_equal(seen, "a:tcp ");
	seen[0] = '\0';
	assert_int_equal(iface_each(dir, collect, complain, stop_default), 77);
	assert_string_equal(seen, "a:tcp b:tcp default:tcp ");
}

static void bad_value_is_a_bad_file(void **state)
{
	struct record iface;

	put("if0", "iface.mtu = many\n");
	assert_int_equal(iface_load(dir, "if0", &iface), -EINVAL);
	put("if0", "iface.vlan_id = 5000\n");
	assert_int_equal(iface_load(dir, "if0", &iface), -EINVAL);
	put("if0", "iface.net_ifacename = a_name_that_is_too_long\n");
	assert_int_equal(iface_load(dir, "if0", &iface), -EINVAL);
	put("if0", "iface.net_ifacename\n");
	assert_int_equal(iface_load(dir, "if0", &iface), -EINVAL);
}

/* What an administrator is told of a file that is passed over. */
static void complaints_say_why(void **state)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
		{ "# fine\nnode.name = x\niface.bind = sometimes\n", "line 3: iface.bind: \"sometimes\" is not one of never, reachable or always" },
		{ "iface.mtu = big\nrubbish\n", "line 1: iface.mtu: \"big\" is not a number from 0 to 65535" },
		{ "iface.mtu = 9000\nrubbish\n", "line 2: it is neither a comment nor a setting (name = value)" },
		{ "", "Invalid argument" },
	};
	struct text why = { 0 };
	char path[] = "/tmp/if.XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(ftruncate(fd, 0), 0);
		assert_int_equal(pwrite(fd, rows[i].text, strlen(rows[i].text), 0), strlen(rows[i].text));
		iface_explain_complaint(path, -EINVAL, &why);
		assert_string_equal(why.data, rows[i].why);
		text_done(&why);
	}
	close(fd);
	unlink(path);
	iface_explain_complaint("/nowhere/default", -EINVAL, &why);
	assert_string_equal(why.data, "no iface can have that name");
	text_done(&why);
	iface_explain_complaint("/nowhere", -EACCES, &why);
	assert_string_equal(why.data, "Permission denied");
	text_done(&why);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(builtins_need_no_folder),
		CASE(saved_is_loaded),
		CASE(emptied_setting_stays_empty),
		CASE(bad_names_go_nowhere),
		CASE(file_as_administrators_write_it),
		CASE(listing_is_sorted_and_complains),
		CASE(listing_stops_when_told),
		CASE(bad_value_is_a_bad_file),
		cmocka_unit_test(complaints_say_why),
	};
	return cmocka_run_group_tests_name("iface/iface", tests, NULL, NULL);
}
