/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One SendTargets discovery from connect to list, as steps between which the owner polls. Ties
 * lib/channel_socket, lib/login and lib/sendtargets together and follows redirects; every turn has
 * a deadline. Called by iscsiadm and by iscsid's pollers. Never retries and stores nothing; only
 * discovery_run(), for command lines, blocks.
 */
#include "lib/discover.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TEXT_TIMEOUTS_MAX 10 /* for all parts of a list together */

enum phase { PHASE_CONNECT, PHASE_LOGIN, PHASE_TEXT };

struct discovery {
	struct discovery_settings settings;
	enum discovery_state state;
	enum phase phase;
	struct portal portal; /* where we are now */
	struct portal moved;
	bool has_moved;
	unsigned int redirects;
	struct channel_socket *socket;
	struct channel *carried; /* instead of the socket */
	struct login *login;
	struct sendtargets *sendtargets;
	uint64_t deadline_ms;
	uint64_t end_ms; /* of the whole answer, in PHASE_TEXT */
	enum iscsi_err error;
	char text[512];
};

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void discovery_settings_init(struct discovery_settings *settings)
{
	memset(settings, 0, sizeof(*settings));
	login_request_init(&settings->login);
	settings->login.offer.max_recv_data_segment_length = 32768;
	settings->channel.reset_on_close = true;
	settings->login_timeout_ms = 15000;
	settings->text_timeout_ms = 30000;
	settings->redirect_max = 8;
}

static void close_channel(struct discovery *discovery)
{
	channel_socket_free(discovery->socket);
	discovery->socket = NULL;
	if (discovery->carried)
		discovery->settings.carrier->free(discovery->carried);
	discovery->carried = NULL;
}

static struct channel *channel_of(struct discovery *discovery)
{
	return discovery->carried ? discovery->carried : channel_socket_channel(discovery->socket);
}

static void drop_connection(struct discovery *discovery)
{
	close_channel(discovery);
	sendtargets_free(discovery->sendtargets);
	discovery->sendtargets = NULL;
}

static void fail(struct discovery *discovery, enum iscsi_err error, const char *sentence)
{
	char portal[PORTAL_TEXT_MAX];

	discovery->state = DISCOVERY_FAILED;
	discovery->error = error;
	snprintf(discovery->text, sizeof(discovery->text), "%s: %s",
		 portal_format(&discovery->portal, false, portal), sentence);
	drop_connection(discovery);
}

static void fail_errno(struct discovery *discovery, int error)
{
	static const char *const doing[] = {
		[PHASE_CONNECT] = "cannot connect",
		[PHASE_LOGIN] = "connection lost during login",
		[PHASE_TEXT] = "connection lost during SendTargets",
	};
	char sentence[192];

	snprintf(sentence, sizeof(sentence), "%s: %s", doing[discovery->phase],
		 channel_socket_error_text(error));
	fail(discovery, error == -ETIMEDOUT ? ISCSI_ERR_TRANS_TIMEOUT : ISCSI_ERR_TRANS, sentence);
}

static void enter_phase(struct discovery *discovery, enum phase phase)
{
	discovery->phase = phase;
	discovery->deadline_ms =
		now_ms() + (phase == PHASE_TEXT ? discovery->settings.text_timeout_ms
						: discovery->settings.login_timeout_ms);
	if (phase == PHASE_TEXT && discovery->deadline_ms > discovery->end_ms)
		discovery->deadline_ms = discovery->end_ms;
}

static void send_login(struct discovery *discovery)
{
	struct pdu pdu = {0};
	int error = login_pdu(discovery->login, &pdu);

	if (!error)
		error = channel_send(channel_of(discovery), &pdu);
	pdu_done(&pdu);
	if (error)
		fail_errno(discovery, error);
}

static void send_text(struct discovery *discovery)
{
	struct pdu pdu = {0};
	int error = sendtargets_pdu(discovery->sendtargets, &pdu);

	if (!error)
		error = channel_send(channel_of(discovery), &pdu);
	pdu_done(&pdu);
	if (error)
		fail_errno(discovery, error);
}

static void ask_for_targets(struct discovery *discovery);

static void on_connected(void *data)
{
	struct discovery *discovery = data;

	if (discovery->carried && discovery->settings.carrier->logs_in) {
		ask_for_targets(discovery);
		return;
	}
	login_free(discovery->login);
	discovery->login = login_new(&discovery->settings.login);
	if (!discovery->login) {
		fail(discovery, errno == EINVAL ? ISCSI_ERR_INVAL : ISCSI_ERR_NOMEM,
		     "the initiator name or the credentials are not usable");
		return;
	}
	enter_phase(discovery, PHASE_LOGIN);
	send_login(discovery);
}

static void ask_for_targets(struct discovery *discovery)
{
	const struct login_outcome *outcome = discovery_login(discovery);
	struct sendtargets_settings settings = {
		.portal = discovery->portal,
		.what = discovery->settings.what,
		.cmdsn = discovery->settings.login.cmdsn,
		.exp_statsn = outcome ? outcome->statsn + 1 : 0,
		.itt = discovery->settings.login.itt + 1,
	};

	discovery->sendtargets = sendtargets_new(&settings);
	if (!discovery->sendtargets) {
		fail(discovery, ISCSI_ERR_NOMEM, "out of memory");
		return;
	}
	discovery->end_ms =
		now_ms() + TEXT_TIMEOUTS_MAX * (uint64_t)discovery->settings.text_timeout_ms;
	enter_phase(discovery, PHASE_TEXT);
	send_text(discovery);
}

static void connect_to(struct discovery *discovery);

/* RFC 7143 11.13.5: log in again where the target says. A permanent move is remembered. */
static void follow_redirect(struct discovery *discovery)
{
	const struct login_outcome *outcome = login_outcome(discovery->login);
	struct discovery_settings *settings = &discovery->settings;
	int error;

	if (settings->redirect_max && discovery->redirects >= settings->redirect_max) {
		fail(discovery, ISCSI_ERR_LOGIN, "too many redirects");
		return;
	}
	discovery->redirects++;
	error = portal_parse(outcome->redirect, ISCSI_PORT, &discovery->portal);
	if (error) {
		fail(discovery, ISCSI_ERR_FATAL_LOGIN, "the redirect names no portal");
		return;
	}
	discovery->has_moved |= outcome->redirect_is_permanent;
	if (outcome->redirect_is_permanent)
		discovery->moved = discovery->portal;
	drop_connection(discovery);
	enter_phase(discovery, PHASE_CONNECT);
	error = portal_sockaddr(&discovery->portal, &settings->channel.peer,
				&settings->channel.peer_length);
	if (!error)
		connect_to(discovery);
	else if (error == -ENOENT)
		discovery->state = DISCOVERY_RESOLVE;
	else
		fail_errno(discovery, error);
}

static void take_login(struct discovery *discovery, const struct pdu *pdu)
{
	switch (login_receive(discovery->login, pdu)) {
	case LOGIN_SEND:
		send_login(discovery);
		break;
	case LOGIN_DONE:
		ask_for_targets(discovery);
		break;
	case LOGIN_REDIRECT:
		follow_redirect(discovery);
		break;
	case LOGIN_FAILED:
		fail(discovery, login_failure(discovery->login),
		     login_failure_text(discovery->login));
		break;
	}
}

static void take_text(struct discovery *discovery, const struct pdu *pdu)
{
	switch (sendtargets_receive(discovery->sendtargets, pdu)) {
	case SENDTARGETS_SEND:
		if (pdu_opcode(pdu) == ISCSI_PDU_TEXT_RESPONSE)
			enter_phase(discovery, PHASE_TEXT);
		send_text(discovery);
		break;
	case SENDTARGETS_WAIT:
		break;
	case SENDTARGETS_DONE:
		discovery->state = DISCOVERY_DONE;
		close_channel(discovery);
		break;
	case SENDTARGETS_FAILED:
		fail(discovery, ISCSI_ERR_TRANS, sendtargets_failure_text(discovery->sendtargets));
		break;
	}
}

static void on_pdu(void *data, struct pdu *pdu)
{
	struct discovery *discovery = data;

	if (discovery->phase == PHASE_LOGIN)
		take_login(discovery, pdu);
	else
		take_text(discovery, pdu);
}

static void on_error(void *data, int error)
{
	fail_errno(data, error);
}

static const struct channel_events events = {
	.connected = on_connected,
	.pdu = on_pdu,
	.error = on_error,
};

static void connect_to(struct discovery *discovery)
{
	const struct discovery_carrier *carrier = discovery->settings.carrier;
	const struct channel_socket_settings *settings = &discovery->settings.channel;
	int error = 0;

	enter_phase(discovery, PHASE_CONNECT);
	discovery->state = DISCOVERY_RUNNING;
	if (carrier)
		discovery->carried = carrier->open(carrier->owner, &settings->peer,
						   settings->peer_length, &events, discovery,
						   &error);
	else
		discovery->socket = channel_socket_new(settings, &events, discovery, &error);
	if (!discovery->socket && !discovery->carried)
		fail_errno(discovery, error);
}

struct discovery *discovery_new(const struct discovery_settings *settings)
{
	struct discovery *discovery = calloc(1, sizeof(*discovery));
	struct login_request *login;

	if (!discovery)
		return NULL;
	discovery->settings = *settings;
	discovery->portal = settings->portal;
	login = &discovery->settings.login;
	login->target_name = NULL;
	login->tpgt = -1;
	/* RFC 7143 13.1: digests could be had, but a socket of ours does not compute them. */
	login->offer.header_digest = DIGEST_OFFER_NONE;
	login->offer.data_digest = DIGEST_OFFER_NONE;
	login_offer_clamp(&login->offer);
	discovery->settings.channel.data_limit = login->offer.max_recv_data_segment_length;
	if (discovery->settings.channel.data_limit < ISCSI_LOGIN_DATA_MAX)
		discovery->settings.channel.data_limit = ISCSI_LOGIN_DATA_MAX;
	connect_to(discovery);
	return discovery;
}

void discovery_free(struct discovery *discovery)
{
	if (!discovery)
		return;
	drop_connection(discovery);
	login_free(discovery->login);
	free(discovery);
}

enum discovery_state discovery_state(const struct discovery *discovery)
{
	return discovery->state;
}

int discovery_fd(const struct discovery *discovery)
{
	return discovery->socket ? channel_socket_fd(discovery->socket) : -1;
}

short discovery_want(const struct discovery *discovery)
{
	return discovery->socket ? channel_socket_want(discovery->socket) : 0;
}

uint64_t discovery_deadline_ms(const struct discovery *discovery)
{
	return discovery->deadline_ms;
}

void discovery_ready(struct discovery *discovery, short revents)
{
	if (discovery->socket)
		channel_socket_ready(discovery->socket, revents);
}

void discovery_expired(struct discovery *discovery)
{
	if (discovery->state == DISCOVERY_RESOLVE)
		fail(discovery, ISCSI_ERR_HOST_NOT_FOUND, "the name does not resolve in time");
	else if (discovery->state == DISCOVERY_RUNNING && discovery->phase == PHASE_CONNECT)
		fail(discovery, ISCSI_ERR_TRANS_TIMEOUT, "connect timed out");
	else if (discovery->state == DISCOVERY_RUNNING && discovery->phase == PHASE_LOGIN)
		fail(discovery, ISCSI_ERR_PDU_TIMEOUT, "login timed out");
	else if (discovery->state == DISCOVERY_RUNNING)
		fail(discovery, ISCSI_ERR_PDU_TIMEOUT,
		     now_ms() < discovery->end_ms ? "SendTargets timed out"
						  : "the list of targets does not come to an end");
}

void discovery_resolved(struct discovery *discovery, const struct sockaddr_storage *address,
			socklen_t length)
{
	if (discovery->state != DISCOVERY_RESOLVE)
		return;
	if (!length) {
		fail(discovery, ISCSI_ERR_HOST_NOT_FOUND, "the name does not resolve");
		return;
	}
	discovery->settings.channel.peer = *address;
	discovery->settings.channel.peer_length = length;
	connect_to(discovery);
}

const struct portal *discovery_portal(const struct discovery *discovery)
{
	return &discovery->portal;
}

const struct portal *discovery_moved(const struct discovery *discovery)
{
	return discovery->has_moved ? &discovery->moved : NULL;
}

enum iscsi_err discovery_error(const struct discovery *discovery)
{
	return discovery->error;
}

const char *discovery_error_text(const struct discovery *discovery)
{
	return discovery->text;
}

const struct login_outcome *discovery_login(const struct discovery *discovery)
{
	return discovery->login ? login_outcome(discovery->login) : NULL;
}

void discovery_take(struct discovery *discovery, struct sendtargets_list *ret_list)
{
	memset(ret_list, 0, sizeof(*ret_list));
	if (discovery->state == DISCOVERY_DONE && discovery->sendtargets)
		sendtargets_take(discovery->sendtargets, ret_list);
}

static void resolve(struct discovery *discovery)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
	struct sockaddr_storage address = {0};
	socklen_t length = 0;
	char port[16];

	snprintf(port, sizeof(port), "%d", discovery->portal.port);
	if (getaddrinfo(discovery->portal.address, port, &hints, &found) == 0 && found) {
		length = found->ai_addrlen;
		memcpy(&address, found->ai_addr, length);
	}
	if (found)
		freeaddrinfo(found);
	discovery_resolved(discovery, &address, length);
}

static void wait_once(struct discovery *discovery)
{
	struct pollfd watch = {discovery_fd(discovery), discovery_want(discovery), 0};
	uint64_t now = now_ms(), deadline = discovery_deadline_ms(discovery);
	int n = poll(&watch, 1, now < deadline ? (int)(deadline - now) : 0);

	if (n > 0)
		discovery_ready(discovery, watch.revents);
	else if (n == 0)
		discovery_expired(discovery);
	else if (errno != EINTR)
		fail_errno(discovery, -errno);
}

enum discovery_state discovery_run(struct discovery *discovery)
{
	for (;;) {
		switch (discovery->state) {
		case DISCOVERY_RUNNING:
			wait_once(discovery);
			break;
		case DISCOVERY_RESOLVE:
			resolve(discovery);
			break;
		case DISCOVERY_DONE:
		case DISCOVERY_FAILED:
			return discovery->state;
		}
	}
}
