/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Going to the background: what the parent's exit says; the pid file's lock; the probe for a lost
 * SIGKILL. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/background.h"

/* In a child of the test: goes to the background, then ends or reports. */
static int exit_status_seen(bool is_ready)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		int fd = background_start();

		if (fd < 0)
			_exit(99);
		if (is_ready)
			background_ready(fd);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void test_parent(void **state)
{
	assert_int_equal(exit_status_seen(true), 0);
	assert_int_equal(exit_status_seen(false), 1);
}

static void test_pid_file(void **state)
{
	char path[] = "/tmp/openhba-pid-XXXXXX", text[32] = "";
	struct stat status;
	FILE *file;
	int fd = mkstemp(path);

	assert_int_equal(dprintf(fd, "a stale and longer text\n"), 24);
	close(fd);
	fd = background_lock_pid_file(path);
	assert_true(fd >= 0);
	file = fopen(path, "r");
	assert_non_null(fgets(text, sizeof(text), file));
	fclose(file);
	assert_int_equal(atoi(text), getpid());
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0644);
	/* another process finds it locked, and leaves it as it is */
	assert_int_equal(background_lock_pid_file(path), -EWOULDBLOCK);
	close(fd);
	fd = background_lock_pid_file(path);
	assert_true(fd >= 0);
	close(fd);
	unlink(path);
	assert_int_equal(background_lock_pid_file("/nonexistent/pid"), -ENOENT);
}

static void test_drop_nothing(void **state)
{
	assert_int_equal(background_drop(0, 0), 0);
}

/* What a process that has dropped is: 0, or which of these it is not. */
static int drop_and_look(void)
{
	uid_t uids[3];
	gid_t gids[3];

	if (background_drop(65534, 65533))
		return 1;
	if (getresuid(&uids[0], &uids[1], &uids[2]) || uids[0] != 65534 || uids[1] != 65534 || uids[2] != 65534)
		return 2;
	if (getresgid(&gids[0], &gids[1], &gids[2]) || gids[0] != 65533 || gids[1] != 65533 || gids[2] != 65533)
		return 3;
	if (getgroups(0, NULL))
		return 4;
	/* there is no way back, and no way on */
	if (!setuid(0) || !setgid(0) || background_drop(0, 0) || background_drop(65532, 0) != -EPERM)
		return 5;
	return 0;
}

static void test_drop(void **state)
{
	int status;
	pid_t child;

	if (getuid())
		skip();
	child = fork();
	assert_true(child >= 0);
	if (!child)
		_exit(drop_and_look());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* A living process takes the probe's signal, and nothing of it stays behind. */
static void test_was_not_killed(void **state)
{
	sigset_t before, after;

	sigprocmask(SIG_SETMASK, NULL, &before);
	assert_false(background_was_killed());
	assert_false(background_was_killed());
	sigprocmask(SIG_SETMASK, NULL, &after);
	assert_int_equal(sigismember(&before, SIGUSR2), sigismember(&after, SIGUSR2));
	sigpending(&after);
	assert_false(sigismember(&after, SIGUSR2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parent),
		cmocka_unit_test(test_pid_file),
		cmocka_unit_test(test_drop_nothing),
		cmocka_unit_test(test_drop),
		cmocka_unit_test(test_was_not_killed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
