/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Sessions without a daemon, for the lab's programs that meet the kernel itself: a login on a plain socket in one exchange, and the
 * handover with the parameters a session needs. Blocks; prints nothing.
 */
#ifndef OPENHBA_TESTS_LAB_RAW_H
#define OPENHBA_TESTS_LAB_RAW_H

#include <stdbool.h>
#include <stdint.h>

#include "transport/user/netlink.h"

#define RAW_INITIATOR "iqn.2026-11.org.openhba.lab:kernel"

struct raw_session {
	const char *target, *address;
	int port;
	uint32_t isid;		/* its last four bytes */
	struct netlink *nl;
	uint64_t handle;
	uint32_t sid, host_no;
	int fd;			/* the socket, until the kernel has it */
	uint32_t statsn;	/* last one of the login */
};

/* A connected socket, or -1. */
int raw_connect(const char *address, int port);

/* Connects and logs in with this CmdSN: s->fd, s->statsn. */
bool raw_login(struct raw_session *s, uint32_t cmdsn);

/* CREATE_CONN unless there is one, BIND, what the data path needs, START; closes s->fd. 0 or a negative errno. */
int raw_hand_over(struct raw_session *s, bool is_new);

/* What the last steps of a logout are: STOP (TERM), DESTROY_CONN, DESTROY_SESSION, which waits. 0 or the first negative errno. */
int raw_remove(struct raw_session *s);

/* The same for every session sysfs shows, from wherever it was left. How many there were. */
unsigned int raw_remove_all(struct netlink *nl, uint64_t handle);

/* The first block of the disk that sysfs just showed as name. 0 or a positive errno. */
int raw_read_block(const char *name);

#endif
