/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Drives one socket (lib/channel_socket) or endpoint (daemon/channel_netlink) and one login
 * (lib/login) from the loop. Callbacks of the channel only note what happened; attempt_settle()
 * acts on it once the channel has returned, so that nothing is freed under its feet. Opens no file
 * and resolves no name of a record: recovery comes through here with the root disk gone.
 */
#include "daemon/attempt.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/channel_netlink.h"
#include "daemon/daemon.h"
#include "daemon/handover.h"
#include "daemon/offer.h"
#include "daemon/recovery.h"
#include "daemon/redirect.h"
#include "daemon/session.h"
#include "daemon/start.h"
#include "iface/iface.h"
#include "lib/channel_socket.h"
#include "lib/loop.h"
#include "lib/secret.h"
#include "transport/user/adapter.h"

#define POLL_FIRST_MS 10
#define POLL_MAX_MS 100

struct attempt {
	struct conn *conn;
	struct channel_socket *socket;
	struct loop_fd *watch;
	struct channel_netlink *endpoint; /* instead of the socket */
	struct loop_timer *poll;	  /* while it connects */
	uint64_t poll_ms;
	struct login *login;		/* NULL: the card logs in */
	struct login_outcome *proposal; /* what the card is told to log in with */
	struct secret *password, *password_in;
	enum login_result result;
	uint32_t exp_statsn;
	int error; /* of the channel, or of answering */
	int fd;	   /* taken out of the channel, -1 before */
	bool is_connected;
	bool is_told; /* session->failure says already what went wrong */
};

void attempt_free(struct attempt *attempt)
{
	if (!attempt)
		return;
	loop_fd_free(attempt->watch);
	channel_socket_free(attempt->socket);
	loop_timer_free(attempt->poll);
	channel_netlink_free(attempt->endpoint);
	login_free(attempt->login);
	free(attempt->proposal);
	secret_free(attempt->password);
	secret_free(attempt->password_in);
	if (attempt->fd >= 0)
		close(attempt->fd);
	free(attempt);
}

const struct login_outcome *attempt_outcome(const struct attempt *attempt)
{
	return attempt->login ? login_outcome(attempt->login) : attempt->proposal;
}

uint32_t attempt_exp_statsn(const struct attempt *attempt)
{
	return attempt->exp_statsn;
}

int attempt_take_fd(struct attempt *attempt)
{
	int fd = attempt->fd;

	attempt->fd = -1;
	return fd;
}

uint64_t attempt_endpoint(const struct attempt *attempt)
{
	return channel_netlink_endpoint(attempt->endpoint);
}

void attempt_bound(struct attempt *attempt)
{
	channel_netlink_bound(attempt->endpoint, (uint32_t)attempt->conn->session->sid);
}

static struct channel *attempt_channel(struct attempt *attempt)
{
	return attempt->endpoint ? channel_netlink_channel(attempt->endpoint)
				 : channel_socket_channel(attempt->socket);
}

static const struct addresses *current_addresses(const struct session *session)
{
	return session->is_away ? &session->away : &session->home;
}

const struct sockaddr_storage *attempt_address(const struct session *session)
{
	static const struct sockaddr_storage unknown = {.ss_family = AF_UNSPEC};
	const struct addresses *addresses = current_addresses(session);

	return session->address_index < addresses->count ? &addresses->list[session->address_index]
							 : &unknown;
}

bool attempt_other_address(struct session *session)
{
	if (session->address_index + 1 >= current_addresses(session)->count)
		return false;
	session->address_index++;
	return true;
}

void attempt_first_address(struct session *session)
{
	session->address_index = 0;
	session->is_away = false;
}

/* ---- the end of an attempt ---- */

void attempt_drop(struct conn *conn)
{
	struct session *session = conn->session;

	attempt_free(conn->attempt);
	conn->attempt = NULL;
	session_wait_stop(session);
	slot_give(&session->daemon->slots, &session->slot);
}

void attempt_failed(struct conn *conn)
{
	struct session *session = conn->session;

	handover_abandon(session);
	attempt_drop(conn);
	if (session->failure.err == ISCSI_ERR_SUCCESS)
		redirect_follow(session);
	else if (session->state == SESSION_FREE)
		start_failed(session);
	else
		recovery_failed(session);
}

static void note_reach(struct session *session, int error)
{
	session->is_unreachable = error == -EHOSTUNREACH || error == -ENETUNREACH;
}

static void attempt_lost(struct attempt *attempt)
{
	struct session *session = attempt->conn->session;

	note_reach(session, attempt->error);
	if (attempt->conn->state == CONN_XPT_WAIT) {
		if (attempt->error != -ECONNREFUSED)
			slot_unanswered(&session->daemon->slots, &session->slot);
		session_fail(session, ISCSI_ERR_TRANS_TIMEOUT, "cannot connect: %s",
			     strerror(-attempt->error));
		conn_event(attempt->conn, CONN_EVENT_CONNECT_FAILED);
		return;
	}
	if (!attempt->is_told)
		session_fail(session, ISCSI_ERR_TRANS, "connection lost during the login: %s",
			     channel_socket_error_text(attempt->error));
	conn_event(attempt->conn, CONN_EVENT_LOGIN_FAILED);
}

/* RFC 7143 8.1.2 T2 and T7: a timeout closes the transport connection. */
static void attempt_timeout(struct session *session)
{
	bool is_connecting = session->conn.state == CONN_XPT_WAIT;
	unsigned long long seconds = session_login_timeout_ms(session) / 1000;

	slot_unanswered(&session->daemon->slots, &session->slot);
	if (is_connecting)
		session_fail(session, ISCSI_ERR_TRANS_TIMEOUT, "no connection within %llu s",
			     seconds);
	else
		session_fail(session, ISCSI_ERR_PDU_TIMEOUT, "no end of the login within %llu s",
			     seconds);
	conn_event(&session->conn,
		   is_connecting ? CONN_EVENT_CONNECT_FAILED : CONN_EVENT_LOGIN_FAILED);
}

static void attempt_refused(struct attempt *attempt)
{
	struct session *session = attempt->conn->session;

	session_fail(session, login_failure(attempt->login), "%s",
		     login_failure_text(attempt->login));
	conn_event(attempt->conn, CONN_EVENT_LOGIN_FAILED);
}

/* ---- what the channel tells ---- */

static void channel_connected(void *data)
{
	struct attempt *attempt = data;

	attempt->is_connected = true;
}

static void channel_error(void *data, int error)
{
	struct attempt *attempt = data;

	attempt->error = error;
}

static void attempt_send_login(struct attempt *attempt)
{
	struct pdu pdu = {0};
	int r = login_pdu(attempt->login, &pdu);

	if (r == 0)
		r = channel_send(attempt_channel(attempt), &pdu);
	if (r < 0 && !attempt->error)
		attempt->error = r;
	pdu_done(&pdu);
}

/* An asynchronous message that asks for nothing: the disks are looked at anyway in a moment. */
static bool is_news(const struct pdu *pdu)
{
	if (pdu_opcode(pdu) != ISCSI_PDU_ASYNC_MESSAGE)
		return false;
	switch (pdu->async.event) {
	case ISCSI_ASYNC_EVENT_REQUEST_LOGOUT:
	case ISCSI_ASYNC_EVENT_DROP_CONNECTION:
	case ISCSI_ASYNC_EVENT_DROP_SESSION:
	case ISCSI_ASYNC_EVENT_REQUEST_NEGOTIATION:
		return false;
	default:
		return true;
	}
}

/* A target may ping as soon as full feature phase is reached, before the kernel has the socket:
 * answered here. */
static void attempt_early_pdu(struct attempt *attempt, const struct pdu *in)
{
	struct pdu out = {.nop_out = {.opcode = ISCSI_PDU_NOP_OUT | ISCSI_PDU_IMMEDIATE,
				      .flags = ISCSI_BIT_FINAL}};
	int r;

	if (is_news(in)) {
		attempt->exp_statsn = ntohl(in->async.statsn) + 1;
		return;
	}
	if (pdu_opcode(in) != ISCSI_PDU_NOP_IN) {
		attempt->error = -EBADMSG;
		return;
	}
	if (ntohl(in->nop_in.ttt) == ISCSI_TAG_NONE)
		return;
	memcpy(out.nop_out.lun, in->nop_in.lun, sizeof(out.nop_out.lun));
	out.nop_out.itt = htonl(ISCSI_TAG_NONE);
	out.nop_out.ttt = in->nop_in.ttt;
	out.nop_out.cmdsn = htonl(attempt->conn->cmdsn);
	out.nop_out.exp_statsn = htonl(attempt->exp_statsn);
	r = pdu_set_data(&out, in->data, in->data_length);
	if (r == 0)
		r = channel_send(attempt_channel(attempt), &out);
	if (r < 0)
		attempt->error = r;
	pdu_done(&out);
}

static void channel_pdu(void *data, struct pdu *pdu)
{
	struct attempt *attempt = data;

	if (attempt->result == LOGIN_DONE) {
		attempt_early_pdu(attempt, pdu);
		return;
	}
	if (!attempt->login || attempt->result != LOGIN_SEND) {
		attempt->error = -EBADMSG;
		return;
	}
	attempt->result = login_receive(attempt->login, pdu);
	slot_answered(&attempt->conn->session->daemon->slots, &attempt->conn->session->slot);
	if (attempt->result == LOGIN_SEND)
		attempt_send_login(attempt);
	else if (attempt->result == LOGIN_DONE)
		attempt->exp_statsn = login_outcome(attempt->login)->statsn + 1;
}

static const struct channel_events channel_events = {
	.connected = channel_connected,
	.pdu = channel_pdu,
	.error = channel_error,
};

/* ---- what follows from it ---- */

/* The kernel must not inherit half a PDU or a socket the target has closed already; it would notice
 * only at its next ping. */
static void attempt_finish_socket(struct attempt *attempt)
{
	int fd = channel_socket_take_fd(attempt->socket);

	if (fd == -EAGAIN) {
		loop_fd_want(attempt->watch, channel_socket_want(attempt->socket));
		return;
	}
	loop_fd_free(attempt->watch);
	attempt->watch = NULL;
	if (fd < 0) {
		attempt->error = fd;
		attempt_lost(attempt);
		return;
	}
	attempt->fd = fd;
	conn_event(attempt->conn, CONN_EVENT_LOGIN_DONE);
}

static void attempt_finish(struct attempt *attempt)
{
	if (attempt->endpoint)
		conn_event(attempt->conn, CONN_EVENT_LOGIN_DONE);
	else
		attempt_finish_socket(attempt);
}

/* Nothing is decided yet. */
static void attempt_go_on(struct attempt *attempt)
{
	if (attempt->watch)
		loop_fd_want(attempt->watch, channel_socket_want(attempt->socket));
	if (!attempt->endpoint || attempt->is_connected)
		return;
	loop_timer_set(attempt->poll, attempt->poll_ms);
	attempt->poll_ms = 2 * attempt->poll_ms < POLL_MAX_MS ? 2 * attempt->poll_ms : POLL_MAX_MS;
}

static void attempt_settle(struct attempt *attempt)
{
	if (attempt->is_connected && attempt->conn->state == CONN_XPT_WAIT && !attempt->error)
		conn_event(attempt->conn, CONN_EVENT_CONNECTED);
	/* A target that refuses often closes right behind its answer: the answer counts. */
	if (attempt->result == LOGIN_FAILED)
		attempt_refused(attempt);
	else if (attempt->result == LOGIN_REDIRECT)
		redirect_take(attempt->conn->session, login_outcome(attempt->login));
	else if (attempt->error)
		attempt_lost(attempt);
	else if (attempt->result == LOGIN_DONE)
		attempt_finish(attempt);
	else
		attempt_go_on(attempt);
}

static void attempt_ready(int fd, short revents, void *data)
{
	struct attempt *attempt = data;
	struct session *session = session_ref(attempt->conn->session);

	channel_socket_ready(attempt->socket, revents);
	attempt_settle(attempt);
	session_unref(session);
}

/* ---- what the kernel tells of a login that its driver carries ---- */

static void attempt_poll(void *data)
{
	struct attempt *attempt = data;
	struct session *session = session_ref(attempt->conn->session);

	channel_netlink_poll(attempt->endpoint);
	attempt_settle(attempt);
	session_unref(session);
}

bool attempt_receive(struct conn *conn, const void *bhs, const void *data, size_t bytes)
{
	struct attempt *attempt = conn->attempt;

	if (!attempt || !attempt->endpoint)
		return false;
	channel_netlink_receive(attempt->endpoint, bhs, data, bytes);
	attempt_settle(attempt);
	return true;
}

void attempt_conn_error(struct conn *conn, const char *sentence)
{
	struct attempt *attempt = conn->attempt;

	if (!attempt || !attempt->endpoint)
		return;
	session_fail(conn->session, ISCSI_ERR_TRANS, "connection lost during the login: %s",
		     sentence);
	attempt->is_told = true;
	attempt->error = -ECONNRESET;
	attempt_settle(attempt);
}

void attempt_card_says(struct conn *conn, uint32_t state)
{
	struct attempt *attempt = conn->attempt;

	if (!attempt || !session_is_firmware(conn->session))
		return;
	if (state == ISCSI_CONN_STATE_LOGGED_IN) {
		attempt->result = LOGIN_DONE;
	} else if (state == ISCSI_CONN_STATE_FREE || state == ISCSI_CONN_STATE_CLEANUP_WAIT) {
		/* It does not say why. */
		session_fail(conn->session, ISCSI_ERR_LOGIN, "the card could not log in");
		attempt->is_told = true;
		attempt->error = -ECONNREFUSED;
	} else {
		return;
	}
	slot_answered(&conn->session->daemon->slots, &conn->session->slot);
	attempt_settle(attempt);
}

/* ---- T1: the socket or endpoint ---- */

static void attempt_open_failed(struct session *session)
{
	conn_event(&session->conn, CONN_EVENT_CONNECT_FAILED);
}

static int attempt_bind(struct session *session, int family, struct iface_binding *ret_binding)
{
	int r = iface_bind(&session->node, family, ret_binding);

	if (r < 0) {
		session_fail(session, ISCSI_ERR_AGAIN, "iface %s: %s", session_iface(session),
			     r == -ENODEV     ? "the network interface is not there"
			     : r == -ENETDOWN ? "the network interface is down or has no address"
					      : strerror(-r));
		return r;
	}
	/* A NIC may come back by another name. */
	if (strcmp(session->netdev, ret_binding->netdev) != 0)
		session->has_moved = true;
	memcpy(session->netdev, ret_binding->netdev, sizeof(session->netdev));
	memcpy(session->hwaddress, ret_binding->hwaddress, sizeof(session->hwaddress));
	return 0;
}

/* Not fatal where the system refuses it. */
static void socket_set_tos(int fd, int family, int tos)
{
	if (tos && family == AF_INET)
		(void)setsockopt(fd, IPPROTO_IP, IP_TOS, &tos, sizeof(tos));
	else if (tos)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_TCLASS, &tos, sizeof(tos));
}

static int attempt_connect(struct attempt *attempt, const struct addresses *addresses,
			   unsigned int index)
{
	struct session *session = attempt->conn->session;
	struct iface_binding binding = {.netdev = ""};
	struct channel_socket_settings settings = {
		.peer = addresses->list[index],
		.peer_length = addresses->len[index],
		.window_bytes = (int)record_number(&session->node, F_NODE_CONN_TCP_WINDOW_SIZE),
		.congestion = record_text(&session->node, F_NODE_CONN_TCP_CONGESTION_CONTROL),
	};
	int r = attempt_bind(session, settings.peer.ss_family, &binding);

	if (r < 0)
		return r;
	settings.netdev = binding.netdev;
	attempt->socket = channel_socket_new(&settings, &channel_events, attempt, &r);
	if (attempt->socket) {
		socket_set_tos(channel_socket_fd(attempt->socket), settings.peer.ss_family,
			       (int)record_number(&session->node, F_NODE_CONN_TCP_TYPE_OF_SERVICE));
		r = loop_fd_new(session->daemon->loop, channel_socket_fd(attempt->socket),
				channel_socket_want(attempt->socket), attempt_ready, attempt,
				&attempt->watch);
	}
	if (r < 0)
		session_fail(session, ISCSI_ERR_TRANS_TIMEOUT, "cannot connect: %s", strerror(-r));
	return r;
}

/* In recovery the session has its adapter, and through_host may be that of a daemon before us. */
static int attempt_host(const struct session *session)
{
	if (!transport_is_adapter(session->transport))
		return CHANNEL_NETLINK_NO_HOST;
	return session->sid >= 0 ? session->host_no : session->through_host;
}

/* Some cards take the address of their port from whoever logs in. What they cannot be told they do
 * without. */
static void attempt_set_address(const struct session *session, int host_no)
{
	const char *address = record_text(&session->node, F_IFACE_IPADDRESS);

	if (host_no >= 0 && !iface_address_is_none(address) && session->transport->flags & TRANSPORT_MAY_IP)
		(void)request_set_host_param(session->daemon->netlink, session->transport_handle,
					     (uint32_t)host_no, ISCSI_HOST_PARAM_IPADDRESS,
					     address);
}

static int attempt_connect_endpoint(struct attempt *attempt, const struct addresses *addresses,
				    unsigned int index)
{
	struct session *session = attempt->conn->session;
	struct channel_netlink_settings settings = {
		.netlink = session->daemon->netlink,
		.handle = session->transport_handle,
		.host_no = attempt_host(session),
		.peer = addresses->list[index],
		.peer_length = addresses->len[index],
	};
	int r = loop_timer_new(session->daemon->loop, attempt_poll, attempt, &attempt->poll);

	if (r == 0) {
		attempt_set_address(session, settings.host_no);
		attempt->endpoint = channel_netlink_new(&settings, &channel_events, attempt, &r);
	}
	if (r < 0) {
		session_fail(session, ISCSI_ERR_TRANS_TIMEOUT, "cannot connect: %s", strerror(-r));
		return r;
	}
	attempt->poll_ms = POLL_FIRST_MS;
	loop_timer_set(attempt->poll, 0);
	return 0;
}

void attempt_open(struct conn *conn)
{
	struct session *session = conn->session;
	const struct addresses *addresses = current_addresses(session);
	struct attempt *attempt = calloc(1, sizeof(*attempt));
	int r = -ENOMEM;

	/* Where a redirect leads is still the same attempt. */
	session->attempts += !session->is_away;
	session_fail(session, ISCSI_ERR_NOMEM, "out of memory");
	if (attempt) {
		attempt->conn = conn;
		attempt->fd = -1;
		attempt->result = LOGIN_SEND;
		conn->attempt = attempt;
		if (session->address_index >= addresses->count)
			session_fail(session, ISCSI_ERR_HOST_NOT_FOUND,
				     "the address is not known yet");
		else if (session_has_endpoint(session))
			r = attempt_connect_endpoint(attempt, addresses, session->address_index);
		else
			r = attempt_connect(attempt, addresses, session->address_index);
	}
	note_reach(session, r);
	/* A failure is told by the loop, not from here: the caller may be granting a queue of
	 * slots. */
	if (r < 0)
		session_wait(session, 0, attempt_open_failed);
	else
		session_wait(session, session_login_timeout_ms(session), attempt_timeout);
}

/* ---- T4: the login ---- */

static int secret_from_record(const struct record *node, enum field field,
			      struct secret **ret_secret)
{
	const char *text = record_text(node, field);

	if (!*text)
		return 0;
	*ret_secret = secret_new(text, strlen(text));
	return *ret_secret ? 0 : -errno;
}

static int attempt_fill_auth(struct attempt *attempt, const struct session *session,
			     struct login_auth *auth)
{
	const struct record *node = &session->node;
	int r;

	if (!session_uses_chap(session))
		return 0;
	r = secret_from_record(node, F_NODE_SESSION_AUTH_PASSWORD, &attempt->password);
	if (r == 0)
		r = secret_from_record(node, F_NODE_SESSION_AUTH_PASSWORD_IN,
				       &attempt->password_in);
	if (r < 0)
		return r;
	auth->username = record_text(node, F_NODE_SESSION_AUTH_USERNAME);
	auth->password = attempt->password;
	auth->username_in = record_text(node, F_NODE_SESSION_AUTH_USERNAME_IN);
	auth->password_in = attempt->password_in;
	r = chap_algorithms_parse(record_text(node, F_NODE_SESSION_AUTH_CHAP_ALGS),
				  auth->algorithms);
	auth->algorithm_count = r < 0 ? 0 : (unsigned int)r;
	return 0;
}

static int attempt_new_login(struct attempt *attempt)
{
	struct session *session = attempt->conn->session;
	struct login_request request;
	int r;

	login_request_init(&request);
	request.initiator_name = session->initiator_name;
	request.initiator_alias = session->initiator_alias;
	request.target_name = session_target(session);
	request.cmdsn = attempt->conn->cmdsn;
	request.tpgt = -1;
	memcpy(request.isid, session->isid, sizeof(request.isid));
	offer_fill(session, &request.offer);
	r = attempt_fill_auth(attempt, session, &request.auth);
	if (r < 0)
		return r;
	attempt->login = login_new(&request);
	return attempt->login ? 0 : -errno;
}

/* There is no login of ours to negotiate: the card is told what we would have offered. */
static int attempt_new_proposal(struct attempt *attempt)
{
	struct login_offer offer;

	attempt->proposal = calloc(1, sizeof(*attempt->proposal));
	if (!attempt->proposal)
		return -ENOMEM;
	login_offer_init(&offer);
	offer_fill(attempt->conn->session, &offer);
	offer_propose(&offer, &attempt->proposal->negotiated);
	return 0;
}

static int attempt_begin(struct attempt *attempt)
{
	struct conn *conn = attempt->conn;
	int r = session_is_firmware(conn->session) ? attempt_new_proposal(attempt)
						   : attempt_new_login(attempt);

	if (r < 0 || !attempt->endpoint)
		return r;
	r = handover_begin(conn);
	attempt->is_told = r < 0;
	return r;
}

void attempt_login(struct conn *conn)
{
	struct attempt *attempt = conn->attempt;
	int r = attempt_begin(attempt);

	slot_connected(&conn->session->daemon->slots, &conn->session->slot);
	if (r < 0) {
		attempt->error = r;
		return;
	}
	session_wait(conn->session, session_login_timeout_ms(conn->session), attempt_timeout);
	if (attempt->login)
		attempt_send_login(attempt);
}
