/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From a portal to socket addresses: at once for literal addresses, on a worker thread for host
 * names. */
#ifndef OPENHBA_DAEMON_RESOLVE_H
#define OPENHBA_DAEMON_RESOLVE_H

#include <sys/socket.h>

#include "lib/portal.h"

struct daemon;

#define ADDRESSES_MAX 8

/* What a portal stands for, in the order to try. A session keeps them, so that recovery asks no
 * name server. */
struct addresses {
	struct sockaddr_storage list[ADDRESSES_MAX];
	socklen_t len[ADDRESSES_MAX];
	unsigned int count;
};

/* Literal addresses only: -ENOENT for a host name, -ENODEV for an unknown scope, -EINVAL. */
int addresses_from_literal(const struct portal *portal, struct addresses *ret_addresses);

/* error: 0, or -ENOENT (no such name), -EAGAIN (no answer), -ENOMEM; sentence says why (borrowed).
 */
typedef void resolve_fn(const struct addresses *addresses, int error, const char *sentence,
			void *data);

struct resolve;

/* Looks a host name up; fn is called once, on the loop's thread, unless resolve_cancel() came
 * first. -ENOMEM, -EAGAIN. */
int resolve_start(struct daemon *daemon, const struct portal *portal, resolve_fn *fn, void *data,
		  struct resolve **ret_resolve);
void resolve_cancel(struct resolve *resolve); /* NULL is fine; fn will not be called */

#endif
