/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which transports the kernel has, asked once each: a login must not read sysfs for it. */
#ifndef OPENHBA_DAEMON_TRANSPORTS_H
#define OPENHBA_DAEMON_TRANSPORTS_H

#include <stdint.h>

#include "lib/err.h"
#include "lib/record.h"

struct daemon;
struct session;
struct transport_row;

/*
 * error: 0, and the session has its transport, handle, capabilities and adapter.
 * -ENODEV: the kernel has no such driver; -ENXIO: no adapter is the one the iface names;
 * -EADDRNOTAVAIL: the iface lacks an address that the card needs; -ESRCH: iscsiuio is not running.
 */
typedef void transports_fn(struct session *session, int error);

/* The same for any record with an iface in it. place is borrowed for the call. */
struct transports_place {
	const struct transport_row *row;
	uint64_t handle;
	uint32_t caps; /* enum iscsi_caps */
	int host_no;   /* the adapter that the iface names, -1: none */
};

struct transports_query;
typedef void transports_found_fn(const struct transports_place *place, int error, void *data);

/* fn is called once, later, never from in here; with -ECANCELED where the daemon ends first.
 * *ret_query is valid until then. 0, -ENOMEM, or what can be said without looking: -ENODEV,
 * -EADDRNOTAVAIL. */
int transports_ask(struct daemon *daemon, const struct record *record, transports_found_fn *fn,
		   void *data, struct transports_query **ret_query);
void transports_cancel(struct transports_query *query); /* NULL is fine; fn is not called */

/* Calls fn at once if the transport of the session's record is known, else after it was looked for
 * and, if need be, loaded. */
void transports_want(struct session *session, transports_fn *fn);

/* The same without loading and without waiting: for sessions that exist already. 0 or -errno. */
int transports_find(struct session *session);

/* The driver may have been unloaded and loaded since: look again next time. */
void transports_forget(struct session *session);

/* What an error above means for a login: ISCSI_ERR_AGAIN is worth waiting for. */
enum iscsi_err transports_error(int error);
const char *transports_error_text(int error);

#endif
