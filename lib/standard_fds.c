/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Keeps the numbers of standard input, output and error from files that are opened later. Called by each program first of all; never
 * touches a descriptor that is open.
 */
#include "lib/standard_fds.h"

#include <fcntl.h>
#include <unistd.h>

void standard_fds_fill(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
			_exit(1);	/* there is nowhere to say why */
}
