/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One conversation at a time; its socket is made where the port's network is. */
#include "tests/hba/isns_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/isns_talk.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "transport/abi/isp4xxx.h"

enum { ISNS_CONNECTED = 1, ISNS_FAILED = 2 }; /* event 8021, register 1 */

struct isns_client {
	struct isns_client_settings on;
	struct isns_talk *talk; /* NULL: none is under way */
	struct loop_timer *failed;
	bool is_on;
	struct sockaddr_storage server;
	socklen_t length;
	char name[256], alias[256]; /* of the talk */
};

static void tell(const struct isns_client *client, uint32_t what)
{
	const uint32_t words[ISP_MAILBOXES] = {ISP_AEN_ISNS_PDU, what};

	client->on.aen(client->on.data, words);
}

static void fail(void *data)
{
	tell(data, ISNS_FAILED);
}

struct isns_client *isns_client_new(const struct isns_client_settings *settings)
{
	struct isns_client *client = calloc(1, sizeof(*client));

	if (!client)
		return NULL;
	client->on = *settings;
	if (loop_timer_new(settings->loop, fail, client, &client->failed) == 0)
		return client;
	free(client);
	return NULL;
}

void isns_client_free(struct isns_client *client)
{
	if (!client)
		return;
	isns_client_end(client);
	loop_timer_free(client->failed);
	free(client);
}

static void add_all(struct isns_client *client, struct isns_call *call)
{
	struct sendtargets_list list;

	isns_call_take(call, &list);
	for (size_t i = 0; i < list.count; i++)
		client->on.found(client->on.data, list.entries[i].target_name, &list.entries[i].portal);
	sendtargets_list_done(&list);
}

static void talked(struct isns_call *call, void *data)
{
	struct isns_client *client = data;

	client->talk = NULL;
	if (isns_call_state(call) != ISNS_CALL_DONE) {
		log_warning("iSNS: %s", isns_call_error_text(call));
		tell(client, ISNS_FAILED);
		return;
	}
	add_all(client, call);
	tell(client, ISNS_CONNECTED);
}

static void start(void *data)
{
	struct isns_client *client = data;
	const struct isns_call_settings settings = {
		.kind = ISNS_CALL_QUERY,
		.peer = client->server,
		.peer_length = client->length,
		.initiator_name = client->name,
		.initiator_alias = client->alias,
		.timeout_ms = ISNS_TIMEOUT_MS,
	};

	client->talk = isns_talk_start(client->on.loop, &settings, talked, client);
}

void isns_client_begin(struct isns_client *client, const struct sockaddr_storage *server, socklen_t length)
{
	const char *alias = client->on.initiator_alias(client->on.data);

	isns_client_end(client);
	client->is_on = true;
	client->server = *server;
	client->length = length;
	snprintf(client->name, sizeof(client->name), "%s", client->on.initiator_name(client->on.data));
	snprintf(client->alias, sizeof(client->alias), "%s", alias ? alias : "");
	if (client->on.inside(client->on.data, start, client) < 0 || !client->talk)
		loop_timer_set(client->failed, 0);
}

void isns_client_end(struct isns_client *client)
{
	client->is_on = false;
	loop_timer_stop(client->failed);
	isns_talk_cancel(client->talk);
	client->talk = NULL;
}

bool isns_client_is_on(const struct isns_client *client)
{
	return client->is_on;
}
