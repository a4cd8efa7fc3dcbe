/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One discovery session in the kernel, in the order of events: the endpoint connects; session,
 * connection and binding are made (handover.c does the same for sessions with disks); the login and
 * then the texts go back and forth; the connection is started before the first text; all of it is
 * taken down. A discovery that fails or ends frees its carrier from inside of an event, so the
 * memory goes when the event is over.
 */
#include "daemon/carrier.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/channel_netlink.h"
#include "daemon/daemon.h"
#include "lib/loop.h"
#include "lib/pdu.h"
#include "lib/secret.h"
#include "transport/user/requests.h"

#define POLL_FIRST_MS 10
#define POLL_MAX_MS 100
#define CMDS_MAX 32

struct carrier {
	struct channel channel;
	LIST_ENTRY(carrier) entry;
	const struct carrier_owner *owner;
	struct channel_netlink *endpoint;
	struct loop_timer *poll;
	uint64_t poll_ms;
	int sid; /* -1: not made */
	bool is_connected, is_started;
	bool is_busy; /* inside of an event */
	bool is_over; /* freed, or failed */
	bool is_freed;
};

static struct carrier *from_channel(struct channel *channel)
{
	return (struct carrier *)(void *)((char *)channel - offsetof(struct carrier, channel));
}

static bool has_card(const struct carrier *carrier)
{
	return carrier->owner->place.row->flags & TRANSPORT_FIRMWARE;
}

/* ---- the kernel's objects ---- */

static int carrier_create(struct carrier *carrier)
{
	const struct carrier_owner *owner = carrier->owner;
	uint32_t sid, host_no;
	int r = request_create_bound_session(owner->daemon->netlink, owner->place.handle,
					     channel_netlink_endpoint(carrier->endpoint), 0,
					     CMDS_MAX, 1, &sid, &host_no);

	if (r == 0)
		carrier->sid = (int)sid;
	return r;
}

static int carrier_bind(struct carrier *carrier)
{
	const struct carrier_owner *owner = carrier->owner;
	uint32_t sid = (uint32_t)carrier->sid;
	struct request_result results[5] = {{0}};
	struct request_batch batch;
	int r;

	batch_init(&batch, owner->place.handle);
	batch_create_conn(&batch, sid, 0);
	batch_bind_conn(&batch, sid, 0, channel_netlink_endpoint(carrier->endpoint), true);
	batch_set_number(&batch, sid, 0, ISCSI_PARAM_DISCOVERY_SESS, 1);
	batch_set_param(&batch, sid, 0, ISCSI_PARAM_INITIATOR_NAME, owner->initiator_name);
	batch_set_param(&batch, sid, 0, ISCSI_PARAM_IFACE_NAME, owner->iface);
	r = batch_send(owner->daemon->netlink, &batch, results, 5);
	batch_done(&batch);
	if (!results[1].error)
		channel_netlink_bound(carrier->endpoint, sid);
	return r;
}

/* Drivers let texts pass only in full feature phase. Nothing but the defaults was agreed on. */
static int carrier_start(struct carrier *carrier, const struct pdu *text)
{
	const struct carrier_owner *owner = carrier->owner;
	uint32_t sid = (uint32_t)carrier->sid;
	struct request_batch batch;
	int r;

	batch_init(&batch, owner->place.handle);
	batch_set_number(&batch, sid, 0, ISCSI_PARAM_HDRDGST_EN, 0);
	batch_set_number(&batch, sid, 0, ISCSI_PARAM_DATADGST_EN, 0);
	batch_set_number(&batch, sid, 0, ISCSI_PARAM_EXP_STATSN,
			 ntohl(text->text_request.exp_statsn));
	batch_set_number(&batch, sid, 0, ISCSI_PARAM_MAX_RECV_DLENGTH, ISCSI_LOGIN_DATA_MAX);
	batch_set_number(&batch, sid, 0, ISCSI_PARAM_MAX_XMIT_DLENGTH, ISCSI_LOGIN_DATA_MAX);
	r = batch_send(owner->daemon->netlink, &batch, NULL, 0);
	batch_done(&batch);
	if (r == 0)
		r = request_start_conn(owner->daemon->netlink, owner->place.handle, sid, 0);
	carrier->is_started = r == 0;
	return r;
}

static void add_secret(struct request_batch *batch, uint32_t sid, enum iscsi_param param,
		       const struct secret *secret)
{
	char text[SECRET_BYTES_MAX + 1] = "";

	if (!secret)
		return;
	memcpy(text, secret_bytes(secret), secret_length(secret));
	batch_set_param(batch, sid, 0, param, text);
	explicit_bzero(text, sizeof(text));
}

static void add_name(struct request_batch *batch, uint32_t sid, enum iscsi_param param,
		     const char *name)
{
	if (name && *name)
		batch_set_param(batch, sid, 0, param, name);
}

/* A card that logs in by itself begins now, and says by an event how it ended. */
static int carrier_start_card(struct carrier *carrier)
{
	const struct carrier_owner *owner = carrier->owner;
	uint32_t sid = (uint32_t)carrier->sid;
	struct request_batch batch;
	int r;

	batch_init(&batch, owner->place.handle);
	add_name(&batch, sid, ISCSI_PARAM_USERNAME, owner->auth->username);
	add_secret(&batch, sid, ISCSI_PARAM_PASSWORD, owner->auth->password);
	add_name(&batch, sid, ISCSI_PARAM_USERNAME_IN, owner->auth->username_in);
	add_secret(&batch, sid, ISCSI_PARAM_PASSWORD_IN, owner->auth->password_in);
	batch_set_number(&batch, sid, 0, ISCSI_PARAM_MAX_RECV_DLENGTH, ISCSI_LOGIN_DATA_MAX);
	r = batch_send(owner->daemon->netlink, &batch, NULL, 0);
	batch_done(&batch);
	if (r == 0)
		r = request_start_conn(owner->daemon->netlink, owner->place.handle, sid, 0);
	carrier->is_started = r == 0;
	return r;
}

static void carrier_destroy(struct carrier *carrier)
{
	struct netlink *netlink = carrier->owner->daemon->netlink;
	uint64_t handle = carrier->owner->place.handle;
	uint32_t sid = (uint32_t)carrier->sid;

	if (carrier->sid < 0)
		return;
	(void)request_stop_conn(netlink, handle, sid, 0, ISCSI_STOP_RECOVER);
	(void)request_stop_conn(netlink, handle, sid, 0, ISCSI_STOP_TERM);
	(void)request_destroy_conn(netlink, handle, sid, 0);
	(void)request_destroy_session(netlink, handle, sid);
	carrier->sid = -1;
}

/* ---- its life ---- */

static void carrier_release(struct carrier *carrier)
{
	loop_timer_free(carrier->poll);
	channel_netlink_free(carrier->endpoint);
	free(carrier);
}

static void carrier_close(struct channel *channel)
{
	struct carrier *carrier = from_channel(channel);

	if (carrier->is_freed)
		return;
	carrier->is_over = true;
	loop_timer_stop(carrier->poll);
	carrier_destroy(carrier);
}

static void carrier_free(struct channel *channel)
{
	struct carrier *carrier = from_channel(channel);

	carrier_close(channel);
	LIST_REMOVE(carrier, entry);
	carrier->is_freed = true;
	if (!carrier->is_busy)
		carrier_release(carrier);
}

static int carrier_send(struct channel *channel, const struct pdu *pdu)
{
	struct carrier *carrier = from_channel(channel);
	int r = 0;

	if (carrier->is_over)
		return -EPIPE;
	if (pdu_opcode(pdu) == ISCSI_PDU_TEXT_REQUEST && !carrier->is_started)
		r = carrier_start(carrier, pdu);
	return r < 0 ? r : channel_send(channel_netlink_channel(carrier->endpoint), pdu);
}

static const struct channel_ops carrier_ops = {
	.send = carrier_send,
	.close = carrier_close,
};

/* ---- what happens ---- */

static void carrier_fail(struct carrier *carrier, int error)
{
	if (carrier->is_over)
		return;
	carrier->is_over = true;
	carrier->channel.events->error(carrier->channel.data, error);
}

static void on_connected(void *data)
{
	struct carrier *carrier = data;
	int r = carrier_create(carrier);

	carrier->is_connected = true;
	if (r == 0)
		r = carrier_bind(carrier);
	if (r == 0 && has_card(carrier))
		r = carrier_start_card(carrier);
	if (r < 0)
		carrier_fail(carrier, r);
	else if (!has_card(carrier))
		carrier->channel.events->connected(carrier->channel.data);
}

static void on_pdu(void *data, struct pdu *pdu)
{
	struct carrier *carrier = data;

	if (!carrier->is_over)
		carrier->channel.events->pdu(carrier->channel.data, pdu);
}

static void on_error(void *data, int error)
{
	carrier_fail(data, error);
}

static const struct channel_events endpoint_events = {
	.connected = on_connected,
	.pdu = on_pdu,
	.error = on_error,
};

/* An event is over: what it has freed goes, and the owner looks. */
static void carrier_settle(struct carrier *carrier)
{
	const struct carrier_owner *owner = carrier->owner;

	carrier->is_busy = false;
	if (carrier->is_freed)
		carrier_release(carrier);
	owner->changed(owner->data);
}

static void carrier_poll(void *data)
{
	struct carrier *carrier = data;

	carrier->is_busy = true;
	channel_netlink_poll(carrier->endpoint);
	if (!carrier->is_connected && !carrier->is_over) {
		loop_timer_set(carrier->poll, carrier->poll_ms);
		carrier->poll_ms =
			2 * carrier->poll_ms < POLL_MAX_MS ? 2 * carrier->poll_ms : POLL_MAX_MS;
		carrier->is_busy = false;
		return;
	}
	carrier_settle(carrier);
}

static struct carrier *carrier_find(const struct daemon *daemon, uint32_t sid)
{
	struct carrier *carrier;

	LIST_FOREACH(carrier, &daemon->carriers, entry)
	if (carrier->sid >= 0 && (uint32_t)carrier->sid == sid)
		return carrier;
	return NULL;
}

bool carrier_has(const struct daemon *daemon, uint32_t sid)
{
	return carrier_find(daemon, sid) != NULL;
}

/* LOGGED_IN ends a card's login, FREE and the like is a failed one, the rest is its way there. */
static void carrier_card_says(struct carrier *carrier, uint32_t state)
{
	if (carrier->is_over)
		return;
	if (state == ISCSI_CONN_STATE_LOGGED_IN)
		carrier->channel.events->connected(carrier->channel.data);
	else if (state == ISCSI_CONN_STATE_FREE || state == ISCSI_CONN_STATE_CLEANUP_WAIT)
		carrier_fail(carrier, -ECONNREFUSED);
}

bool carrier_take(struct daemon *daemon, const struct netlink_event *event)
{
	struct carrier *carrier = carrier_find(daemon, event->sid);

	if (!carrier)
		return false;
	carrier->is_busy = true;
	if (event->type == ISCSI_KEVENT_RECV_PDU)
		channel_netlink_receive(carrier->endpoint, event->bhs, event->data,
					event->data_bytes);
	else if (event->type == ISCSI_KEVENT_CONN_LOGIN_STATE)
		carrier_card_says(carrier, event->code);
	else
		carrier_fail(carrier, -ECONNRESET);
	carrier_settle(carrier);
	return true;
}

/* ---- the beginning ---- */

static int carrier_connect(struct carrier *carrier, const struct sockaddr_storage *peer,
			   socklen_t length)
{
	const struct carrier_owner *owner = carrier->owner;
	struct channel_netlink_settings settings = {
		.netlink = owner->daemon->netlink,
		.handle = owner->place.handle,
		.host_no = owner->place.host_no,
		.peer = *peer,
		.peer_length = length,
	};
	int r = loop_timer_new(owner->daemon->loop, carrier_poll, carrier, &carrier->poll);

	if (r == 0)
		carrier->endpoint = channel_netlink_new(&settings, &endpoint_events, carrier, &r);
	return r;
}

static struct channel *carrier_open(void *owner, const struct sockaddr_storage *peer,
				    socklen_t length, const struct channel_events *events,
				    void *data, int *ret_error)
{
	struct carrier *carrier = calloc(1, sizeof(*carrier));

	*ret_error = -ENOMEM;
	if (!carrier)
		return NULL;
	carrier->channel = (struct channel){.ops = &carrier_ops, .events = events, .data = data};
	carrier->owner = owner;
	carrier->sid = -1;
	carrier->poll_ms = POLL_FIRST_MS;
	*ret_error = carrier_connect(carrier, peer, length);
	if (*ret_error < 0) {
		carrier_release(carrier);
		return NULL;
	}
	LIST_INSERT_HEAD(&carrier->owner->daemon->carriers, carrier, entry);
	loop_timer_set(carrier->poll, 0);
	return &carrier->channel;
}

void carrier_fill(struct carrier_owner *owner, struct discovery_carrier *ret_carrier)
{
	*ret_carrier = (struct discovery_carrier){
		.open = carrier_open,
		.free = carrier_free,
		.owner = owner,
		.logs_in = owner->place.row->flags & TRANSPORT_FIRMWARE,
	};
}
