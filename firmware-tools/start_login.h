/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The logins of iscsistart: all targets side by side, by the session engine of iscsid, in this process and in bounded time. */
#ifndef OPENHBA_FIRMWARE_TOOLS_START_LOGIN_H
#define OPENHBA_FIRMWARE_TOOLS_START_LOGIN_H

#include <stddef.h>

#include "lib/err.h"
#include "lib/record.h"

/* Node records, owned; each with its own iface.initiatorname. */
struct start_list {
	struct record *nodes;
	size_t count;
};

int start_list_add(struct start_list *list, struct record *node); /* takes node, also on failure; -ENOMEM */
void start_list_done(struct start_list *list);

/*
 * Logs in to all of them and returns when each has ended, at the latest when the retries a record allows
 * (node.session.initial_login_retry_max login timeouts), one more attempt and a scan are over. What happens is printed. SUCCESS, or the
 * first error met; SESS_EXISTS where a session is there already. Ends the process itself where a kernel thread cannot be waited for.
 */
enum iscsi_err start_login_all(const struct start_list *list);

/* How long that may take for this record, in ms. Pure. */
uint64_t start_patience_ms(const struct record *node);

#endif
