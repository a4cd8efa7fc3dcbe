/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Targets the machine's firmware booted from: the kernel is told with a session to one (BOOT_ROOT,
 * BOOT_NIC, BOOT_TARGET). Read once at start, they do not change. */
#ifndef OPENHBA_DAEMON_BOOT_H
#define OPENHBA_DAEMON_BOOT_H

struct daemon;
struct session;

/* What sessions are compared with, and what the kernel is told. */
struct boot_place {
	char name[256], address[64];
	int port;
	char root[32], nic[32], target[32]; /* "ibft" or "iscsi_boot0", "ethernet0", "target0" */
};

/* Reads daemon->sysfs; blocks. Without memory or firmware there are none. */
void boot_load(struct daemon *daemon);
void boot_done(struct daemon *daemon);

/* The one with this name, rather one at this address, too; NULL if there is none. Borrowed from the
 * daemon. */
const struct boot_place *boot_find(const struct daemon *daemon, const char *name,
				   const char *address, int port);

/* Notes in the session whether it is one. */
void boot_note(struct session *session);

#endif
