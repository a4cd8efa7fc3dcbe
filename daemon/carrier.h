/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Carries discoveries (lib/discover.h) through a driver with endpoints: a session of the kernel
 * that lives as long as the discovery, has no disks and is nobody's but the discovery's. A card
 * that logs in by itself is told the credentials and says when it has. The list
 * of carriers is the daemon's, because the kernel's events name only the session.
 */
#ifndef OPENHBA_DAEMON_CARRIER_H
#define OPENHBA_DAEMON_CARRIER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "daemon/transports.h"
#include "lib/discover.h"

struct carrier;
struct daemon;
struct netlink_event;

LIST_HEAD(carrier_list, carrier);

/* The owner of a struct discovery_carrier: whom and what to tell the kernel. Borrowed until the
 * discovery is freed. */
struct carrier_owner {
	struct daemon *daemon;
	struct transports_place place;
	const char *initiator_name, *iface;
	const struct login_auth *auth; /* for cards that log in by themselves */
	void (*changed)(void *data); /* look at the discovery again; it may be freed in here */
	void *data;
};

void carrier_fill(struct carrier_owner *owner, struct discovery_carrier *ret_carrier);

/* Is this session of the kernel a carrier's? */
bool carrier_has(const struct daemon *daemon, uint32_t sid);

/* RECV_PDU, CONN_ERROR and CONN_LOGIN_STATE of a session that is no struct session. False: of no carrier either. */
bool carrier_take(struct daemon *daemon, const struct netlink_event *event);

#endif
