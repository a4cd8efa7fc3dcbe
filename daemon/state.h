/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a restarted daemon must know of a session and the kernel does not tell: the record it was
 * logged in with, its ISID, its first CmdSN, the addresses of its portal. One file
 * RUNDIR/session-SID per session, `name = value` lines, mode 0600, on tmpfs.
 */
#ifndef OPENHBA_DAEMON_STATE_H
#define OPENHBA_DAEMON_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/isid.h"
#include "daemon/resolve.h"
#include "lib/record.h"
#include "lib/text.h"

struct daemon;
struct session;

/* A file ready to be written by a thread that must not look at the session. */
struct state_file {
	char path[288];
	struct text text;
};

/* What was read back. */
struct state {
	struct record node;
	char *initiator_name;
	uint8_t isid[ISID_BYTES];
	uint32_t initial_cmdsn, time2wait_sec;
	unsigned int ordinal;
	char netdev[16];
	struct addresses addresses;
	bool has_isid, has_cmdsn; /* both are needed */
	bool has_former_timeout;
	int64_t former_timeout_sec;
	bool is_polled;
};

int state_file_fill(struct state_file *file, const struct session *session); /* -ENOMEM */
int state_file_write(const struct state_file *file); /* blocks; 0 or -errno */
void state_file_done(struct state_file *file);	     /* zeroes: it holds secrets */

/* Reads a file's text. -EINVAL: what is needed is missing or refused. state_done() in every case.
 */
int state_parse(const char *data, size_t len, struct state *ret_state);
void state_done(struct state *state);

/* Blocking, for start-up: reads the file of a session. -ENOENT, -EINVAL, ... state_done() in every
 * case. */
int state_load(const char *dir, int sid, struct state *ret_state);

/* Blocking, for start-up: removes files of sessions that are not in sids. How many were removed, or
 * -errno. */
int state_clean(const char *dir, const uint32_t *sids, size_t count);

/* Writes the session's file anew, by a worker thread; a failure is logged. */
void state_save(struct session *session);

void state_remove(struct daemon *daemon, int sid); /* by a worker thread */

#endif
