/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From nothing to the full feature phase: connect, log in over lib/channel_socket by lib/login, follow redirects to literal addresses.
 * The descriptor is the channel's during the login and the initiator's before and after it.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "lib/channel_socket.h"
#include "lib/portal.h"
#include "tests/hba/initiator_core.h"

static void send_request(struct initiator *initiator)
{
	struct pdu pdu = {0};
	int error = login_pdu(initiator->login, &pdu);

	if (!error)
		error = channel_send(channel_socket_channel(initiator->channel), &pdu);
	pdu_done(&pdu);
	if (error) {
		initiator_fail(initiator, INITIATOR_END_LOST, error, "a login request cannot be sent: %s", strerror(-error));
		return;
	}
	initiator->counters->pdus_tx++;
	initiator->counters->tx_login++;
}

/* The channel goes, its descriptor with it unless that was taken. Safe inside of the channel's events. */
static void drop_channel(struct initiator *initiator)
{
	loop_fd_free(initiator->watch);
	initiator->watch = NULL;
	channel_socket_free(initiator->channel);
	initiator->channel = NULL;
	initiator->fd = -1;
}

void initiator_login_stop(struct initiator *initiator)
{
	if (initiator->channel)
		drop_channel(initiator);
	login_free(initiator->login);
	initiator->login = NULL;
}

static void succeed(struct initiator *initiator)
{
	int fd = channel_socket_take_fd_unread(initiator->channel);

	initiator->outcome = *login_outcome(initiator->login);
	initiator_login_stop(initiator);
	initiator->fd = fd < 0 ? -1 : fd;
	if (fd < 0)
		initiator_fail(initiator, INITIATOR_END_PROTOCOL, fd, "the target ended the login before it had all of it");
	else
		initiator_take_over(initiator);
}

static void refuse_redirect(struct initiator *initiator, const struct login_outcome *outcome, const char *why)
{
	initiator->closed.login_status = outcome->status;
	initiator->closed.error_code = ISCSI_ERR_LOGIN;
	initiator_fail(initiator, INITIATOR_END_LOGIN, 0, "redirected to %s, %s", outcome->redirect, why);
}

/* RFC 7143 11.13.5: the login begins anew at the other address. */
static void redirect(struct initiator *initiator)
{
	const struct login_outcome *outcome = login_outcome(initiator->login);
	struct sockaddr_storage peer;
	struct portal portal;
	socklen_t length;

	if (initiator->redirects >= initiator->settings.redirect_max) {
		refuse_redirect(initiator, outcome, "which is one redirect too many");
		return;
	}
	if (portal_parse(outcome->redirect, ISCSI_PORT, &portal) || portal_sockaddr(&portal, &peer, &length)) {
		refuse_redirect(initiator, outcome, "which is no address in numbers");
		return;
	}
	initiator->redirects++;
	initiator_login_stop(initiator);
	initiator->peer = peer;
	initiator->peer_length = length;
	initiator->login = login_new(&initiator->settings.login);
	initiator_enter(initiator, INITIATOR_STATE_CONNECTING);
	if (initiator->login)
		initiator_connect(initiator);
	else
		initiator_fail(initiator, INITIATOR_END_MEMORY, -ENOMEM, "out of memory in a login");
}

static void refused(struct initiator *initiator)
{
	initiator->closed.login_status = login_outcome(initiator->login)->status;
	initiator->closed.error_code = login_failure(initiator->login);
	initiator_fail(initiator, INITIATOR_END_LOGIN, 0, "%s", login_failure_text(initiator->login));
}

static void got_answer(void *data, struct pdu *pdu)
{
	struct initiator *initiator = data;

	if (is_over(initiator))
		return;
	initiator->counters->pdus_rx++;
	if (pdu_opcode(pdu) == ISCSI_PDU_LOGIN_RESPONSE)
		initiator->counters->rx_login++;
	switch (login_receive(initiator->login, pdu)) {
	case LOGIN_SEND:
		send_request(initiator);
		break;
	case LOGIN_DONE:
		succeed(initiator);
		break;
	case LOGIN_REDIRECT:
		redirect(initiator);
		break;
	case LOGIN_FAILED:
		refused(initiator);
		break;
	}
}

static void channel_lost(void *data, int error)
{
	bool is_protocol = error == -EPROTO || error == -EMSGSIZE;

	initiator_fail(data, is_protocol ? INITIATOR_END_PROTOCOL : INITIATOR_END_LOST, error, "during the login: %s",
		       channel_socket_error_text(error));
}

static const struct channel_events channel_events = {.pdu = got_answer, .error = channel_lost};

static void channel_ready(int fd, short revents, void *data)
{
	struct initiator *initiator = data;
	struct channel_socket *channel = initiator->channel;

	initiator_begin(initiator);
	channel_socket_ready(channel, revents);
	if (!is_over(initiator) && initiator->channel == channel)
		(void)loop_fd_want(initiator->watch, channel_socket_want(channel));
	initiator_settle(initiator);
}

static void connected(struct initiator *initiator)
{
	int fd = initiator->fd, error;

	loop_fd_free(initiator->watch);
	initiator->watch = NULL;
	initiator_enter(initiator, INITIATOR_STATE_LOGIN);
	initiator->channel = channel_socket_adopt(fd, 0, &channel_events, initiator, &error);
	if (!initiator->channel)
		initiator->fd = -1; /* adopt has closed it */
	else
		error = initiator_watch(initiator, POLLIN, channel_ready);
	if (error) {
		initiator_fail(initiator, INITIATOR_END_MEMORY, error, "out of memory in a login");
		return;
	}
	send_request(initiator);
	if (!is_over(initiator))
		(void)loop_fd_want(initiator->watch, channel_socket_want(initiator->channel));
}

static void connect_ready(int fd, short revents, void *data)
{
	struct initiator *initiator = data;
	socklen_t length = sizeof(int);
	int error = 0;

	initiator_begin(initiator);
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0)
		error = errno;
	if (error)
		initiator_fail(initiator, INITIATOR_END_CONNECT, -error, "no connection: %s", strerror(error));
	else
		connected(initiator);
	initiator_settle(initiator);
}

void initiator_connect(struct initiator *initiator)
{
	int fd = initiator->settings.connect(initiator->data, &initiator->peer, initiator->peer_length);
	int error = fd < 0 ? fd : 0;

	initiator->login_deadline_ms = loop_now_ms() + initiator->settings.login_timeout_ms;
	initiator_deadlines(initiator);
	if (!error) {
		initiator->fd = fd;
		error = initiator_watch(initiator, POLLOUT, connect_ready);
	}
	if (error)
		initiator_fail(initiator, INITIATOR_END_CONNECT, error, "no connection: %s", strerror(-error));
}
