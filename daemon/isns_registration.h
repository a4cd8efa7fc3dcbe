/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Being known to an iSNS server: entity, portal and initiator are registered, state change notices
 * asked for, the registration is renewed at half its period, and taken back at the end.
 */
#ifndef OPENHBA_DAEMON_ISNS_REGISTRATION_H
#define OPENHBA_DAEMON_ISNS_REGISTRATION_H

#include <stdbool.h>

struct daemon;
struct isns_registration;
struct portal;

/* Time to ask the server for targets: it has just got to know us, or something has changed. */
typedef void isns_changed_fn(void *data);

/* Starts at once and goes on until isns_registration_free(), whatever happens; logs when it
 * succeeds, fails and succeeds again. NULL: no memory. */
struct isns_registration *isns_registration_new(struct daemon *daemon, const struct portal *server,
						isns_changed_fn *fn, void *data);

/* Takes the registration back; done(data) is called once, within two seconds, or at once where
 * there is nothing to take back. Nothing else is told afterwards; isns_registration_free() is still
 * to come. */
void isns_registration_end(struct isns_registration *registration, void (*done)(void *data),
			   void *data);

void isns_registration_free(
	struct isns_registration *registration); /* NULL is fine; the server is told nothing */

#endif
