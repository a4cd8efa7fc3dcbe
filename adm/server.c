/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Before a discovery: the daemon is asked for the initiator's name and for its network; unless that is another one, the server's
 * name is looked up. Called by sendtargets.c and isns.c; blocks as long as the resolver does. Never opens the store.
 */
#include "adm/server.h"

#include <netdb.h>
#include <stdio.h>
#include <string.h>

#include "adm/print.h"
#include "lib/netns.h"

static enum iscsi_err ask_initiator(struct adm *adm, struct server *server)
{
	enum iscsi_err err = adm_daemon(adm, true, false);

	if (err == ISCSI_ERR_SUCCESS)
		err = daemon_info(adm, DAEMON_QUERY_MS, &server->info);
	if (err == ISCSI_ERR_SUCCESS && !server->info.initiator_name)
		err = ISCSI_ERR_INVAL;
	if (err != ISCSI_ERR_SUCCESS)
		print_problem("Cannot perform discovery. Initiatorname required.");
	return err;
}

/* A daemon that does not tell is an older one: it could not ask in our place either. */
static bool is_far(const struct daemon_info *info)
{
	char own[NETNS_TEXT_MAX];

	netns_name(own);
	return info->network_namespace && *info->network_namespace && *own && strcmp(info->network_namespace, own) != 0;
}

static enum iscsi_err resolve(struct server *server)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list, *one;
	char port[16];
	int error;

	if (!portal_sockaddr(&server->portal, &server->addresses[0], &server->lengths[0])) {
		server->address_count = 1;
		return ISCSI_ERR_SUCCESS;
	}
	snprintf(port, sizeof(port), "%d", server->portal.port);
	error = getaddrinfo(server->portal.address, port, &hints, &list);
	if (error) {
		print_problem("cannot resolve host name %s: %s", server->portal.address, gai_strerror(error));
		return ISCSI_ERR_TRANS;
	}
	for (one = list; one && server->address_count < SERVER_ADDRESSES_MAX; one = one->ai_next) {
		memcpy(&server->addresses[server->address_count], one->ai_addr, one->ai_addrlen);
		server->lengths[server->address_count++] = one->ai_addrlen;
	}
	freeaddrinfo(list);
	return ISCSI_ERR_SUCCESS;
}

enum iscsi_err server_prepare(struct adm *adm, const struct record *discovery, struct server *ret_server)
{
	enum iscsi_err err;

	*ret_server = (struct server){ .portal.tpgt = PORTAL_TPGT_NONE };
	snprintf(ret_server->portal.address, sizeof(ret_server->portal.address), "%s",
		 record_text(discovery, F_DISCOVERY_SENDTARGETS_ADDRESS));
	ret_server->portal.port = (int)record_number(discovery, F_DISCOVERY_SENDTARGETS_PORT);
	err = ask_initiator(adm, ret_server);
	if (err != ISCSI_ERR_SUCCESS)
		return err;
	ret_server->is_far = is_far(&ret_server->info);
	return ret_server->is_far ? ISCSI_ERR_SUCCESS : resolve(ret_server);
}

void server_done(struct server *server)
{
	daemon_info_done(&server->info);
}
