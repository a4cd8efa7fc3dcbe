/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Portals as people and targets write them: v4, v4:port, [v6]:port, bare v6, fe80::1%eth0, host:port, each with an optional ,tpgt.
 * An address is kept as text without brackets; it becomes a sockaddr only where a socket is opened.
 */
#ifndef OPENHBA_LIB_PORTAL_H
#define OPENHBA_LIB_PORTAL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#define PORTAL_ADDRESS_MAX 255
#define PORTAL_TEXT_MAX (PORTAL_ADDRESS_MAX + 24)
#define PORTAL_TPGT_NONE (-1)
#define ISCSI_PORT 3260
#define ISNS_PORT 3205

struct portal {
	char address[PORTAL_ADDRESS_MAX + 1];	/* v4, v6 (with %scope) or host name, no brackets */
	int port;				/* 1..65535 */
	int tpgt;				/* 0..65535 or PORTAL_TPGT_NONE */
};

/* -EINVAL: not one of the forms. A form without a port gets default_port. */
int portal_parse(const char *text, int default_port, struct portal *ret_portal);

bool portal_is_ipv6(const char *address);	/* a literal v6 address, scope or not */

/* "127.0.0.1:3260", "[::1]:3260"; with_tpgt adds ",1" (the number as it is, also -1). Returns buffer. */
const char *portal_format(const struct portal *portal, bool with_tpgt, char buffer[PORTAL_TEXT_MAX]);

/* Literal addresses only, never asks the network: -ENOENT for a host name. Scope by name or number. */
int portal_sockaddr(const struct portal *portal, struct sockaddr_storage *ret_address, socklen_t *ret_len);

/* Same port, and the same address: as text, or as literal address (::1 equals 0:0:0:0:0:0:0:1). */
bool portal_equal(const struct portal *a, const struct portal *b);

#endif
