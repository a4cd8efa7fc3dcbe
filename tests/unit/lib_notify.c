/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sd_notify and socket activation against a service manager made of a socket: paths, abstract names, refusal and silence. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/notify.h"

static int manager = -1;
static char name[64];

/* name[0] '@' makes it abstract. */
static void start_manager(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	memcpy(address.sun_path, name, sizeof(name));
	if (name[0] == '@')
		address.sun_path[0] = '\0';
	manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(manager, (struct sockaddr *)&address,
			      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name))), 0);
	setenv("NOTIFY_SOCKET", name, 1);
}

static int teardown(void **state)
{
	if (manager >= 0)
		close(manager);
	manager = -1;
	if (name[0] == '/')
		unlink(name);
	name[0] = '\0';
	notify_forget();
	return 0;
}

static void expect(const char *message)
{
	char got[2048];
	ssize_t len = recv(manager, got, sizeof(got) - 1, 0);

	got[len > 0 ? len : 0] = '\0';
	assert_string_equal(got, message);
}

static void nobody_asked(void **state)
{
	assert_int_equal(notify_ready(NULL), 0);
	assert_int_equal(notify_listen_fds(), 0);
	assert_int_equal(notify_listen_fd("iscsid"), -ENOENT);
}

static void states_by_path(void **state)
{
	char expected[64];

	snprintf(name, sizeof(name), "/tmp/lib_notify.%d", (int)getpid());
	start_manager();
	assert_int_equal(notify_ready(NULL), 1);
	expect("READY=1");
	assert_int_equal(notify_ready("3 sessions"), 1);
	expect("READY=1\nSTATUS=3 sessions");
	assert_int_equal(notify_status("syncing"), 1);
	expect("STATUS=syncing");
	assert_int_equal(notify_stopping(NULL), 1);
	expect("STOPPING=1");
	assert_int_equal(notify_main_pid(getpid()), 1);
	snprintf(expected, sizeof(expected), "MAINPID=%d", (int)getpid());
	expect(expected);
}

static void states_by_abstract_name(void **state)
{
	char got[256] = "";
	unsigned long long usec;
	char rest[32];

	snprintf(name, sizeof(name), "@lib_notify.%d", (int)getpid());
	start_manager();
	assert_int_equal(notify_reloading("again"), 1);
	assert_true(recv(manager, got, sizeof(got) - 1, 0) > 0);
	assert_int_equal(sscanf(got, "RELOADING=1\nMONOTONIC_USEC=%llu\nSTATUS=%31s", &usec, rest), 2);
	assert_true(usec > 0);
	assert_string_equal(rest, "again");
}

static void bad_managers_do_not_matter(void **state)
{
	char big[2000];

	setenv("NOTIFY_SOCKET", "relative", 1);
	assert_int_equal(notify_ready(NULL), -EINVAL);
	setenv("NOTIFY_SOCKET", "@", 1);
	assert_int_equal(notify_ready(NULL), -EINVAL);
	memset(big, 'x', sizeof(big) - 1);
	big[0] = '/';
	big[sizeof(big) - 1] = '\0';
	setenv("NOTIFY_SOCKET", big, 1);
	assert_int_equal(notify_ready(NULL), -EINVAL);
	setenv("NOTIFY_SOCKET", "/nonexistent/socket", 1);
	assert_int_equal(notify_ready(NULL), -ENOENT);
	assert_int_equal(notify_status(big), -EMSGSIZE);
}

static void manager_that_does_not_read_does_not_block(void **state)
{
	int result = 1;

	snprintf(name, sizeof(name), "@lib_notify.full.%d", (int)getpid());
	start_manager();
	for (int i = 0; i < 100000 && result == 1; i++)
		result = notify_ready(NULL);
	assert_int_equal(result, -EAGAIN);
}

static void set_listen(const char *pid, const char *count, const char *names)
{
	notify_forget();
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDS", count, 1);
	if (names)
		setenv("LISTEN_FDNAMES", names, 1);
}

/* Puts something at descriptors 3 and 4 for the time of the test. */
static void handed_over_sockets(void **state)
{
	int saved[2] = { dup(3), dup(4) };
	char self[16];

	snprintf(self, sizeof(self), "%d", (int)getpid());
	assert_int_equal(dup2(STDIN_FILENO, 3), 3);
	assert_int_equal(dup2(STDIN_FILENO, 4), 4);
	set_listen(self, "2", "other:iscsid");
	assert_int_equal(notify_listen_fds(), 2);
	assert_int_equal(fcntl(3, F_GETFD), FD_CLOEXEC);
	assert_int_equal(fcntl(4, F_GETFD), FD_CLOEXEC);
	assert_int_equal(notify_listen_fd("iscsid"), 4);
	assert_int_equal(notify_listen_fd("other"), 3);
	assert_int_equal(notify_listen_fd("oth"), -ENOENT);
	set_listen(self, "1", NULL);
	assert_int_equal(notify_listen_fd("iscsid"), 3);
	set_listen(self, "2", NULL);
	assert_int_equal(notify_listen_fd("iscsid"), -ENOENT); /* which one? */
	set_listen(self, "1", "a:iscsid"); /* more names than descriptors */
	assert_int_equal(notify_listen_fd("iscsid"), -ENOENT);
	close(4);
	set_listen(self, "2", NULL);
	assert_int_equal(notify_listen_fds(), -EBADF);
	close(3);
	for (int i = 0; i < 2; i++)
		if (saved[i] >= 0) {
			dup2(saved[i], 3 + i);
			close(saved[i]);
		}
}

static void sockets_of_others_are_not_ours(void **state)
{
	static const char *const bad[] = { "", "x", "-1", "1x", "99999999999999999999", " " };
	char self[16];

	snprintf(self, sizeof(self), "%d", (int)getpid());
	set_listen("1", "1", NULL);
	assert_int_equal(notify_listen_fds(), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		set_listen(bad[i], "1", NULL);
		assert_int_equal(notify_listen_fds(), -EINVAL);
		set_listen(self, bad[i], NULL);
		assert_int_equal(notify_listen_fds(), -EINVAL);
	}
	notify_forget();
	assert_null(getenv("LISTEN_PID"));
	assert_int_equal(notify_listen_fds(), 0);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_teardown(name, teardown)
	const struct CMUnitTest tests[] = {
		CASE(nobody_asked),
		CASE(states_by_path),
		CASE(states_by_abstract_name),
		CASE(bad_managers_do_not_matter),
		CASE(manager_that_does_not_read_does_not_block),
		CASE(handed_over_sockets),
		CASE(sockets_of_others_are_not_ours),
	};
	notify_forget(); /* of whoever runs the tests */
	return cmocka_run_group_tests_name("lib/notify", tests, NULL, NULL);
}
