/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Each set of closed descriptors, in a process of its own: the next file gets another number, and what was closed stays without use. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/standard_fds.h"

/* 0, or what is wrong. */
static int check(int closed)
{
	char byte = 0;
	int fd;

	for (fd = 0; fd < 3; fd++)
		if (closed & 1 << fd)
			close(fd);
	standard_fds_fill();
	if (open("/dev/zero", O_RDWR) < 3)
		return 1;
	if (closed & 1 << STDIN_FILENO && (read(STDIN_FILENO, &byte, 1) != -1 || errno != EBADF))
		return 2;
	for (fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++) {
		if (closed & 1 << fd && (write(fd, &byte, 1) != -1 || errno != EBADF))
			return 3;
		if (!(closed & 1 << fd) && write(fd, &byte, 0) != 0)
			return 4;
	}
	return 0;
}

static void test_every_set(void **state)
{
	for (int closed = 0; closed < 8; closed++) {
		pid_t child = fork();
		int status;

		assert_true(child >= 0);
		if (!child)
			_exit(check(closed));
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_int_equal(status, 0);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
