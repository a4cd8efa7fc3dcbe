/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The command line of iscsid. */
#ifndef OPENHBA_DAEMON_OPTIONS_H
#define OPENHBA_DAEMON_OPTIONS_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

#define OPTIONS_PID_FILE_DEFAULT "/run/iscsid.pid"

/* Strings are borrowed from argv or constant. */
struct options {
	const char *config_path, *initiator_path, *pid_path, *socket_path;
	bool foreground, has_pid_file;
	unsigned int debug; /* 0..8 */
	uid_t uid;	    /* 0: stay */
	gid_t gid;
};

enum options_result { OPTIONS_RUN, OPTIONS_EXIT_OK, OPTIONS_EXIT_FAILURE };

/* Fills options. What is to be said (help, version, what is wrong) goes to out and err. */
enum options_result options_parse(int argc, char **argv, struct options *options, FILE *out,
				  FILE *err);

/* A daemon in the background stands in "/": paths are made to mean what they meant at the start. New
 * ones live as long as the program. -ENOMEM, or what getcwd() says. */
int options_make_absolute(struct options *options);

#endif
