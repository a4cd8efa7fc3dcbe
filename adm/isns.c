/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An iSNS server is asked once, over the way the network chooses: what it says does not depend on an iface, so every iface gets the whole
 * list. Addresses of a name are tried in turn; an answer, whatever it is, ends that. Called by discovery.c.
 */
#include "adm/isns.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "adm/ask.h"
#include "adm/print.h"
#include "adm/progress.h"
#include "adm/server.h"
#include "lib/isns_call.h"
#include "lib/log.h"

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static int wait_ms(const struct isns_call *call)
{
	uint64_t now = now_ms(), deadline = isns_call_deadline_ms(call), wait = deadline > now ? deadline - now : 0;

	return (int)(progress_wanted() && wait > PROGRESS_TICK_MS ? PROGRESS_TICK_MS : wait);
}

static void drive(struct isns_call *call)
{
	while (isns_call_state(call) == ISNS_CALL_RUNNING) {
		struct pollfd poller = { isns_call_fd(call), isns_call_want(call), 0 };
		int ready = poll(&poller, 1, wait_ms(call));

		if (ready > 0)
			isns_call_ready(call, poller.revents);
		else if (now_ms() >= isns_call_deadline_ms(call))
			isns_call_expired(call);
		progress_tick();
	}
}

/* Who the status line waits for. */
static bool describe(char *text, size_t room, void *data)
{
	const struct server *server = data;
	char portal[PORTAL_TEXT_MAX];

	snprintf(text, room, "iSNS server %s", portal_format(&server->portal, false, portal));
	return true;
}

static enum iscsi_err ask_address(const struct server *server, size_t address, struct sendtargets_list *ret_list)
{
	struct isns_call_settings settings = {
		.kind = ISNS_CALL_QUERY,
		.peer = server->addresses[address],
		.peer_length = server->lengths[address],
		.initiator_name = server->info.initiator_name,
		.initiator_alias = server->info.initiator_alias,
		.timeout_ms = ISNS_TIMEOUT_MS,
	};
	struct isns_call *call = isns_call_new(&settings);
	enum iscsi_err err = ISCSI_ERR_NOMEM;

	if (!call)
		return err;
	drive(call);
	err = isns_call_error(call);
	if (err == ISCSI_ERR_SUCCESS)
		isns_call_take(call, ret_list);
	else
		print_problem("%s port %d: %s", server->portal.address, server->portal.port, isns_call_error_text(call));
	isns_call_free(call);
	return err;
}

static enum iscsi_err ask(const struct server *server, struct sendtargets_list *ret_list)
{
	enum iscsi_err err = ISCSI_ERR_TRANS;

	for (size_t i = 0; i < server->address_count; i++) {
		err = ask_address(server, i, ret_list);
		if (err != ISCSI_ERR_ISNS_QUERY && err != ISCSI_ERR_TRANS_TIMEOUT)
			break;
	}
	return err;
}

/* What the daemon found out in our place. */
struct far_answer {
	const struct server *server;
	struct sendtargets_list *list;
	enum iscsi_err err;
};

static void take_far(size_t index, enum iscsi_err err, const char *address, const char *message, struct sendtargets_list *list, void *data)
{
	struct far_answer *answer = data;

	answer->err = err;
	if (err != ISCSI_ERR_SUCCESS) {
		print_problem("%s port %d: %s", answer->server->portal.address, answer->server->portal.port, message);
		return;
	}
	*answer->list = *list;
	*list = (struct sendtargets_list){ 0 };
}

static enum iscsi_err ask_far(struct adm *adm, const struct record *discovery, const struct server *server,
			      const struct sendtargets_runs *runs, struct sendtargets_list *ret_list)
{
	struct far_answer answer = { server, ret_list, ISCSI_ERR_ISCSID_COMM };
	const struct record *iface = &runs->runs[0].iface;
	char *message = NULL;
	enum iscsi_err err = ask_daemon(adm, discovery, &iface, 1, 0, take_far, &answer, &message);

	if (err != ISCSI_ERR_SUCCESS)
		print_problem("iscsid does not ask: %s", message ? message : iscsi_err_text(err));
	free(message);
	return err != ISCSI_ERR_SUCCESS ? err : answer.err;
}

static enum iscsi_err share(const struct sendtargets_list *list, struct sendtargets_runs *runs)
{
	for (size_t i = 0; i < runs->count; i++) {
		if (sendtargets_list_copy(list, &runs->runs[i].list))
			return ISCSI_ERR_NOMEM;
		runs->runs[i].err = ISCSI_ERR_SUCCESS;
	}
	return ISCSI_ERR_SUCCESS;
}

enum iscsi_err isns_ask(struct adm *adm, const struct record *discovery, struct sendtargets_runs *runs)
{
	struct sendtargets_list list = { 0 };
	struct server server;
	enum iscsi_err err = server_prepare(adm, discovery, &server);

	if (server.is_far)
		bindings_give_up(&runs->bindings);
	if (err == ISCSI_ERR_SUCCESS) {
		progress_start("answered", 1, describe, &server);
		err = server.is_far ? ask_far(adm, discovery, &server, runs, &list) : ask(&server, &list);
		progress_end();
	}
	if (err == ISCSI_ERR_SUCCESS && list.refused)
		print_problem("%zu target names or addresses from %s are not valid and are left out", list.refused,
			      server.portal.address);
	if (err == ISCSI_ERR_SUCCESS)
		err = share(&list, runs);
	sendtargets_list_done(&list);
	server_done(&server);
	return err;
}
