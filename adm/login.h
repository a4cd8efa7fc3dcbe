/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Logging in to records through the daemon: one call for all of them, the lines scripts wait for, the first error as result.
 */
#ifndef OPENHBA_ADM_LOGIN_H
#define OPENHBA_ADM_LOGIN_H

#include "adm/adm.h"

/* Node records, owned. All zero is empty. */
struct login_list {
	struct record *nodes;
	size_t count, size;
};

int login_list_add(struct login_list *list, struct record *node);	/* takes node over, also on failure; -ENOMEM */
void login_list_done(struct login_list *list);

enum login_flag {
	LOGIN_TO_NR_SESSIONS = 1 << 0,	/* up to node.session.nr_sessions sessions per record; those present count */
	LOGIN_ONE_MORE = 1 << 1,	/* one session more, whatever there is */
	LOGIN_LEADING = 1 << 2,		/* records with leading_login: one iface after another, the first success is enough */
};

/*
 * Logs in. -W of the command line is honoured in node mode. SESS_EXISTS (15) where nothing was left to do for a record; the
 * first error otherwise.
 */
enum iscsi_err login_run(struct adm *adm, const struct login_list *list, unsigned int flags);

#endif
