/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A device database entry (512 bytes, the host's or the flash's bytes) as a login needs it, and what the login came to written back.
 * Pure: no session, no network.
 */
#ifndef OPENHBA_TESTS_HBA_DDB_LOGIN_H
#define OPENHBA_TESTS_HBA_DDB_LOGIN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "lib/login.h"
#include "lib/portal.h"

#define DDB_NAME_MAX 224 /* bytes, without a zero when full */

bool ddb_is_valid(const uint8_t *ddb); /* the cookie of an entry in flash */
bool ddb_is_ipv6(const uint8_t *ddb);
void ddb_name(const uint8_t *ddb, char ret_name[DDB_NAME_MAX + 1]); /* "": a discovery entry */
void ddb_isid(const uint8_t *ddb, uint8_t ret_isid[6]);		     /* as on the wire */
/* The IPv6 address of ours that the entry names, or that it was connected from; false: none. */
bool ddb_local_address(const uint8_t *ddb, uint8_t ret_address[16]);

bool ddb_finds_targets(const uint8_t *ddb); /* a discovery entry whose SendTargets the firmware sends by itself */

/* -EINVAL: no port, or no address. */
int ddb_peer(const uint8_t *ddb, struct sockaddr_storage *ret_peer, socklen_t *ret_length);
int ddb_portal(const uint8_t *ddb, struct portal *ret_portal);

/* What a login offers: a field of 0 leaves the default. */
void ddb_offer(const uint8_t *ddb, struct login_offer *offer);
unsigned int ddb_task_timeout_ms(const uint8_t *ddb); /* 0: not said */

/* What was negotiated goes into the entry; local is this end of the connection. */
void ddb_negotiated(uint8_t *ddb, const struct login_outcome *login, const struct sockaddr_storage *local);

/* A target that the entry parent (number link) has found: parent's settings, and the name and portal of its own. -EINVAL: a portal that is
 * a host name, or a name that is too long. */
int ddb_found(uint8_t *ddb, const uint8_t *parent, unsigned int link, const char *name, const struct portal *portal);

#endif
