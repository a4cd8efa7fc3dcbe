/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One SendTargets discovery as one object: connect, log in, ask, follow redirects. It never
 * blocks and never retries: the owner polls the descriptor and the deadline, and resolves host
 * names of redirects. Used by iscsiadm and iscsid alike.
 *
 *	for (;;)  poll discovery_fd() for discovery_want() until discovery_deadline_ms()
 *		  discovery_ready() or discovery_expired() -> discovery_state()
 */
#ifndef OPENHBA_LIB_DISCOVER_H
#define OPENHBA_LIB_DISCOVER_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/channel_socket.h"
#include "lib/err.h"
#include "lib/login.h"
#include "lib/portal.h"
#include "lib/sendtargets.h"

/*
 * Who carries the PDUs where no socket can: a driver that connects and logs in by itself. Discovery
 * follows the events like those of a socket; its owner is told by whoever carries when the state
 * may have changed, there is no descriptor to poll. A channel may be freed inside of an event.
 */
struct discovery_carrier {
	struct channel *(*open)(void *owner, const struct sockaddr_storage *peer, socklen_t length,
				const struct channel_events *events, void *data, int *ret_error);
	void (*free)(struct channel *channel);
	void *owner;
	bool logs_in; /* connected() comes when the card has logged in: no login goes over the channel */
};

struct discovery_settings {
	struct portal portal; /* address of channel.peer as the administrator wrote it */
	struct channel_socket_settings channel;
	struct login_request login;  /* target_name is ignored: a discovery session */
	const char *what;	     /* as in struct sendtargets_settings */
	unsigned int login_timeout_ms; /* for connect, and again for the login phase */
	unsigned int text_timeout_ms;  /* for each text response; ten times it for all together */
	unsigned int redirect_max;     /* 0: unlimited */
	const struct discovery_carrier *carrier; /* borrowed; NULL: a socket */
};

/* Sets what stock open-iscsi uses: 32 KiB receive limit, no digests, RST on close, 15 s, 30 s, 8. */
void discovery_settings_init(struct discovery_settings *settings);

enum discovery_state {
	DISCOVERY_RUNNING,
	DISCOVERY_RESOLVE, /* resolve discovery_portal()->address, then discovery_resolved() */
	DISCOVERY_DONE,	   /* discovery_take() */
	DISCOVERY_FAILED,  /* discovery_error(), discovery_error_text() */
};

struct discovery;

/* Strings inside settings are borrowed until discovery_free(). NULL: ENOMEM. A connect that fails
 * at once shows as DISCOVERY_FAILED. */
struct discovery *discovery_new(const struct discovery_settings *settings);
void discovery_free(struct discovery *discovery); /* NULL is fine; closes what is open */

enum discovery_state discovery_state(const struct discovery *discovery);
int discovery_fd(const struct discovery *discovery); /* -1: nothing to poll; may change after each
						      * ready(), expired() and resolved() */
short discovery_want(const struct discovery *discovery);
uint64_t discovery_deadline_ms(const struct discovery *discovery); /* CLOCK_MONOTONIC */

void discovery_ready(struct discovery *discovery, short revents);
void discovery_expired(struct discovery *discovery); /* the deadline has passed */
void discovery_resolved(struct discovery *discovery, const struct sockaddr_storage *address,
			socklen_t length); /* length 0: the name does not resolve */

const struct portal *discovery_portal(const struct discovery *discovery); /* where it is now */
/* A permanent redirect was followed: the new home of the discovery address; NULL: none. */
const struct portal *discovery_moved(const struct discovery *discovery);

enum iscsi_err discovery_error(const struct discovery *discovery);
const char *discovery_error_text(const struct discovery *discovery); /* lives with the object */
const struct login_outcome *discovery_login(const struct discovery *discovery); /* NULL before */

void discovery_take(struct discovery *discovery, struct sendtargets_list *ret_list);

/* Blocking convenience for command lines: drives to the end with poll(2), resolving by
 * getaddrinfo(3). Returns DISCOVERY_DONE or DISCOVERY_FAILED. */
enum discovery_state discovery_run(struct discovery *discovery);

#endif
