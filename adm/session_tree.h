/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How sessions are printed: one line each, or the trees of -P 1, 2 and 3. Works on the sessions marked in the context. */
#ifndef OPENHBA_ADM_SESSION_TREE_H
#define OPENHBA_ADM_SESSION_TREE_H

#include "adm/adm.h"

enum iscsi_err session_lines(struct adm *adm);

/* What a tree shows beside places and interfaces. */
enum tree_part {
	TREE_TIMEOUTS = 1 << 0,
	TREE_CHAP = 1 << 1,
	TREE_SECRETS = 1 << 2,		/* CHAP passwords as they are */
	TREE_NEGOTIATED = 1 << 3,
	TREE_DEVICES = 1 << 4,
	TREE_HOST = 1 << 5,		/* the host's line above the devices */
	TREE_VERSIONS = 1 << 6,		/* session_versions() first */
	TREE_COUNTERS = 1 << 7,		/* the age of the state, bytes and commands: behind all that scripts know */
};

/* The sessions must have been read deep enough: SYSFS_STATE, with any of the parts SYSFS_FULL. tabs: how deep it starts. */
enum iscsi_err session_tree(struct adm *adm, unsigned int parts, unsigned int tabs);

/* What the daemon says of a session, asked once for all; NULL: it does not know, or is not there. Borrowed. */
struct json_object *session_daemon_state(struct adm *adm, uint32_t sid);

/* Its counters, as daemon_counters(), but only of a daemon that answered for its sessions. The caller puts it. */
struct json_object *session_counters(struct adm *adm, uint32_t sid);

/* The two lines about the kernel's transport class and this program, where the class has a version. */
void session_versions(struct adm *adm);

#endif
