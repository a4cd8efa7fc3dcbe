/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Goes to the background so that the exit of the started process means "iscsid answers": the parent
 * leaves only when the child has its socket, its pid file and netlink. The pid file is locked, not
 * only written, so a stale one is no obstacle.
 */
#include "daemon/background.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static void parent_wait(int fd)
{
	char byte;
	ssize_t n;

	do
		n = read(fd, &byte, 1);
	while (n < 0 && errno == EINTR);
	_exit(n == 1 ? EXIT_SUCCESS : EXIT_FAILURE);
}

int background_start(void)
{
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid < 0) {
		int error = -errno;

		close(ends[0]);
		close(ends[1]);
		return error;
	}
	if (pid > 0) {
		close(ends[1]);
		parent_wait(ends[0]);
	}
	close(ends[0]);
	setsid();
	if (chdir("/") < 0)
		return -errno;
	return ends[1];
}

void background_ready(int fd)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	ssize_t n = write(fd, "", 1);

	(void)n;
	close(fd);
	for (int standard = 0; null >= 0 && standard <= 2; standard++)
		dup2(null, standard);
	if (null > 2)
		close(null);
}

int background_lock_pid_file(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	int r;

	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0 || fchmod(fd, 0644) < 0 || ftruncate(fd, 0) < 0 ||
	    dprintf(fd, "%d\n", (int)getpid()) < 0) {
		r = -errno;
		close(fd);
		return r;
	}
	return fd;
}

/* A process that is ending takes no signals any more, not even one it blocks and sends itself. */
bool background_was_killed(void)
{
	sigset_t probe, before, pending;
	struct timespec none = {0};
	bool is_taken;

	sigemptyset(&probe);
	sigaddset(&probe, SIGUSR2);
	if (pthread_sigmask(SIG_BLOCK, &probe, &before) != 0)
		return false;
	is_taken =
		raise(SIGUSR2) != 0 || sigpending(&pending) < 0 || sigismember(&pending, SIGUSR2);
	sigtimedwait(&probe, NULL, &none);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return !is_taken;
}

int background_drop(uid_t uid, gid_t gid)
{
	if (!uid && !gid)
		return 0;
	if (setgroups(0, NULL) < 0 || (gid && setgid(gid) < 0) || (uid && setuid(uid) < 0))
		return -errno;
	return 0;
}
