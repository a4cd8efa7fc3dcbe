/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who a discovery asks, and in whose name: the addresses of the portal in a discovery record, and our initiator's name. */
#ifndef OPENHBA_ADM_SERVER_H
#define OPENHBA_ADM_SERVER_H

#include <sys/socket.h>

#include "adm/adm.h"
#include "lib/portal.h"

#define SERVER_ADDRESSES_MAX 16

struct server {
	struct portal portal;	/* as it is in the record */
	struct sockaddr_storage addresses[SERVER_ADDRESSES_MAX];
	socklen_t lengths[SERVER_ADDRESSES_MAX];
	size_t address_count;
	struct daemon_info info;
	bool is_far;		/* the daemon sees another network than we: it is to ask, and no address is known here */
};

/*
 * Takes address and port from a discovery record of either kind, asks the daemon who we are, and looks the name up unless
 * is_far. Failures are printed. server_done() in every case.
 */
enum iscsi_err server_prepare(struct adm *adm, const struct record *discovery, struct server *ret_server);
void server_done(struct server *server);

#endif
