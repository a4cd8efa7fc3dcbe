/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading the configuration: what changes, what stays where a file is bad, and that a disk that hangs holds nobody up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/daemon.h"
#include "daemon/reload.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/work.h"

struct fixture {
	struct daemon daemon; /* the first member */
	char dir[32], config[64], initiator[64];
	unsigned int reloads;
};

static void put(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	snprintf(f->dir, sizeof(f->dir), "/tmp/openhba-reload-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->config, sizeof(f->config), "%s/iscsid.conf", f->dir);
	snprintf(f->initiator, sizeof(f->initiator), "%s/initiatorname.iscsi", f->dir);
	f->daemon.options.config_path = f->config;
	f->daemon.options.initiator_path = f->initiator;
	assert_int_equal(loop_new(&f->daemon.loop), 0);
	put(f->config, "node.startup = automatic\n");
	put(f->initiator, "InitiatorName=iqn.2016-04.com.openhba:one\n");
	reload_now(&f->daemon);
	assert_string_equal(f->daemon.initiator.name, "iqn.2016-04.com.openhba:one");
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	loop_free(f->daemon.loop);
	initiator_done(&f->daemon.initiator);
	unlink(f->config);
	unlink(f->initiator);
	assert_int_equal(rmdir(f->dir), 0);
	free(f);
	return 0;
}

static void count(struct daemon *daemon)
{
	((struct fixture *)daemon)->reloads++;
	loop_stop(daemon->loop);
}

static void test_new_name(void **state)
{
	struct fixture *f = *state;

	put(f->initiator, "InitiatorName=iqn.2016-04.com.openhba:two\n");
	put(f->config, "iscsid.safe_logout = yes\n");
	assert_false(f->daemon.safe_logout);
	reload_start(&f->daemon, count);
	assert_int_equal(loop_run(f->daemon.loop), 0);
	assert_string_equal(f->daemon.initiator.name, "iqn.2016-04.com.openhba:two");
	assert_true(f->daemon.safe_logout);
	assert_int_equal(f->daemon.works, 0);
}

static void reload_with(struct fixture *f, const char *config)
{
	put(f->config, config);
	reload_now(&f->daemon);
}

static void test_log_level(void **state)
{
	struct fixture *f = *state;

	reload_with(f, "iscsid.log_level = error\n");
	assert_int_equal(log_level(), LOG_LEVEL_ERROR);
	reload_with(f, "iscsid.log_level = Debug\n");
	assert_int_equal(log_level(), LOG_LEVEL_DEBUG);
	reload_with(f, "iscsid.log_level = loud\n");
	assert_int_equal(log_level(), LOG_LEVEL_INFO);
	f->daemon.options.debug = 1;
	reload_with(f, "iscsid.log_level = error\n");
	assert_int_equal(log_level(), LOG_LEVEL_INFO);
	f->daemon.options.debug = 0;
	reload_with(f, "");
}

static void test_bad_name_changes_nothing(void **state)
{
	struct fixture *f = *state;

	put(f->initiator, "InitiatorName=disk\n");
	put(f->config, "node.session.timeo.replacement_timeout = soon\n");
	reload_start(&f->daemon, count);
	assert_int_equal(loop_run(f->daemon.loop), 0);
	assert_string_equal(f->daemon.initiator.name, "iqn.2016-04.com.openhba:one");
}

static void stop(void *data)
{
	loop_stop(data);
}

static void hang(void *data)
{
	char byte;

	assert_int_equal(read(*(int *)data, &byte, 1), 0);
}

static void hung(void *data, bool cancelled)
{
}

/* Threads that all wait for something stand for a disk that does not answer. */
static void test_disk_that_hangs(void **state)
{
	struct fixture *f = *state;
	struct loop_timer *timer;
	int disk[2];

	assert_int_equal(pipe2(disk, O_CLOEXEC), 0);
	for (int i = 0; i < WORK_THREADS_DEFAULT; i++)
		assert_int_equal(loop_work(f->daemon.loop, hang, hung, &disk[0], NULL), 0);
	reload_start(&f->daemon, count);
	reload_start(&f->daemon, count);
	assert_int_equal(loop_timer_new(f->daemon.loop, stop, f->daemon.loop, &timer), 0);
	loop_timer_set(timer, 20);
	assert_int_equal(loop_run(f->daemon.loop), 0);
	assert_int_equal(f->reloads, 0);
	assert_int_equal(f->daemon.works, 1);
	/* The disk is back, and the second request reads what was written since. */
	put(f->initiator, "InitiatorName=iqn.2016-04.com.openhba:two\n");
	close(disk[1]);
	assert_int_equal(loop_run(f->daemon.loop), 0);
	assert_int_equal(f->reloads, 1);
	assert_string_equal(f->daemon.initiator.name, "iqn.2016-04.com.openhba:two");
	loop_timer_free(timer);
	close(disk[0]);
}

#define RELOAD_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		RELOAD_TEST(test_new_name),
		RELOAD_TEST(test_log_level),
		RELOAD_TEST(test_bad_name_changes_nothing),
		RELOAD_TEST(test_disk_that_hangs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
