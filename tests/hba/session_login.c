/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A login of one entry, from CONN_OPEN to the end of its connection: credentials out of the CHAP table, the initiator's settings out of the
 * entry, and which change of state each end of a connection is. Never tries again by itself: that is the host's.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/isp4xxx.h"
#include "lib/loop.h"
#include "lib/secret.h"
#include "tests/hba/faults.h"
#include "tests/hba/session.h"

#define REDIRECTS 4
#define WAIT_EXTRA_MS 1000 /* the firmware adds a second to time2wait */

/* A secret of one entry of the CHAP table, kept as one. The copy in the session is wiped. */
static bool take_secret(struct session_chap *chap, struct secret **ret_secret)
{
	*ret_secret = secret_new(chap->secret, chap->secret_length);
	explicit_bzero(chap->secret, sizeof(chap->secret));
	return *ret_secret;
}

/* false: the entry asks for credentials that are not in the table. */
static bool take_credentials(struct session *session, struct login_auth *auth)
{
	const struct sessions_settings *settings = &session->sessions->settings;

	if (!isp4xxx_get(ISP4XXX_DDB_CHAP, session->ddb))
		return true;
	if (!settings->local_chap(settings->data, isp4xxx_get(ISP4XXX_DDB_CHAP_INDEX, session->ddb), &session->chap) ||
	    !take_secret(&session->chap, &session->password))
		return false;
	auth->username = session->chap.name;
	auth->password = session->password;
	if (!isp4xxx_get(ISP4XXX_DDB_BIDI_CHAP, session->ddb))
		return true;
	if (!settings->peer_chap(settings->data, &session->chap_in) || !take_secret(&session->chap_in, &session->password_in))
		return false;
	auth->username_in = session->chap_in.name;
	auth->password_in = session->password_in;
	return true;
}

static void take_names(struct session *session, struct login_request *login)
{
	const struct sessions_settings *settings = &session->sessions->settings;
	const char *name = settings->initiator_name(settings->data), *alias = settings->initiator_alias(settings->data);

	snprintf(session->initiator_name, sizeof(session->initiator_name), "%s", name ? name : "");
	snprintf(session->initiator_alias, sizeof(session->initiator_alias), "%s", alias ? alias : "");
	ddb_name(session->ddb, session->target_name);
	login->initiator_name = session->initiator_name;
	login->initiator_alias = session->initiator_alias;
	login->target_name = *session->target_name ? session->target_name : NULL;
	ddb_isid(session->ddb, login->isid);
}

void session_close(struct session *session)
{
	session_discovery_free(session->discovery);
	session->discovery = NULL;
	initiator_free(session->initiator);
	session->initiator = NULL;
	secret_free(session->password);
	secret_free(session->password_in);
	session->password = session->password_in = NULL;
	session->local_port = 0;
}

/* The host may not set the entry up again before time2wait is over. */
static void lose(struct session *session, enum session_error error, unsigned int time2wait)
{
	session->not_before_ms = loop_now_ms() + 1000u * time2wait + WAIT_EXTRA_MS;
	(void)session_event(session, SESSION_EVENT_LOST, error);
}

static void logged_out(struct session *session)
{
	uint32_t options = session->logout_options;

	(void)session_event(session, SESSION_EVENT_LOGGED_OUT, SESSION_ERROR_NONE);
	if (options & ISP_LOGOUT_FREE_DDB)
		(void)sessions_clear(session->sessions, session->index);
	else if (options & ISP_LOGOUT_RELOGIN)
		(void)sessions_open(session->sessions, session->index);
}

static void end(struct session *session, enum session_error error, unsigned int time2wait)
{
	session_close(session);
	if (session->state == ISP_DDB_LOGIN)
		(void)session_event(session, SESSION_EVENT_FAILED, error);
	else if (session->state == ISP_DDB_LOGGING_OUT)
		logged_out(session);
	else
		lose(session, error, time2wait);
}

void session_fail(struct session *session, enum session_error error)
{
	end(session, error, isp4xxx_get(ISP4XXX_DDB_TIME2WAIT, session->ddb));
}

/* Which of ours the entry names: of no use unless it is ours and of the entry's family. */
static enum isp_address own_address(const struct session *session)
{
	const struct sessions_settings *settings = &session->sessions->settings;
	uint8_t address[16];

	if (!ddb_local_address(session->ddb, address))
		return ISP_ADDRESSES;
	return settings->own(settings->data, address);
}

static enum isp_address source_of(const struct session *session, int family)
{
	if (family != AF_INET6)
		return ISP_ADDRESSES;
	return isp4xxx_get(ISP4XXX_DDB_LINK_LOCAL, session->ddb) ? ISP_ADDRESS_LINK_LOCAL : own_address(session);
}

static void on_ready(void *data)
{
	struct session *session = data;
	struct sockaddr_storage local = {0};
	socklen_t length = sizeof(local);

	(void)getsockname(initiator_fd(session->initiator), (struct sockaddr *)&local, &length);
	ddb_negotiated(session->ddb, initiator_login(session->initiator), &local);
	session->from = own_address(session);
	session->local_port = isp4xxx_get(ISP4XXX_DDB_LOCAL_PORT, session->ddb);
	if (*session->target_name) {
		(void)session_event(session, SESSION_EVENT_LOGGED_IN, SESSION_ERROR_NONE);
		return;
	}
	(void)session_event(session, SESSION_EVENT_LOGGED_IN_DISCOVERY, SESSION_ERROR_NONE);
	if (ddb_finds_targets(session->ddb) && session_discovery_start(session, &session->discovery) < 0)
		session_fail(session, SESSION_ERROR_DISCOVERY);
}

static enum session_error error_of(const struct initiator_closed *closed)
{
	if (closed->end == INITIATOR_END_LOGIN_TIMEOUT)
		return SESSION_ERROR_TIMEOUT;
	if (closed->end != INITIATOR_END_LOGIN)
		return SESSION_ERROR_CONNECTION;
	return closed->error_code == ISCSI_ERR_LOGIN_AUTH_FAILED ? SESSION_ERROR_AUTHENTICATION : SESSION_ERROR_LOGIN;
}

static void on_closed(void *data, const struct initiator_closed *closed)
{
	struct session *session = data;
	bool is_discovered = session->discovery && session->state == ISP_DDB_DISCOVERY && closed->end == INITIATOR_END_LOGOUT;

	if (!is_discovered) {
		end(session, error_of(closed), closed->time2wait);
		return;
	}
	session_close(session);
	(void)session_event(session, SESSION_EVENT_LOGGED_OUT, SESSION_ERROR_NONE);
}

static int on_connect(void *data, const struct sockaddr_storage *peer, socklen_t length)
{
	const struct session *session = data;
	const struct sessions_settings *settings = &session->sessions->settings;

	return settings->connect(settings->data, peer, length, source_of(session, peer->ss_family));
}

static const struct initiator_events events = {.ready = on_ready, .closed = on_closed};

static int start(struct session *session, struct initiator_settings *settings)
{
	const struct sessions_settings *ours = &session->sessions->settings;

	if (ddb_peer(session->ddb, &settings->peer, &settings->peer_length) < 0)
		return -EINVAL;
	take_names(session, &settings->login);
	ddb_offer(session->ddb, &settings->login.offer);
	settings->nop_interval_ms = 1000u * isp4xxx_get(ISP4XXX_DDB_KEEP_ALIVE, session->ddb);
	settings->redirect_max = REDIRECTS;
	settings->counters = &session->counters;
	settings->connect = on_connect;
	return initiator_new(ours->loop, settings, &events, session, &session->initiator);
}

int session_login(struct session *session)
{
	struct initiator_settings settings = {0};
	uint32_t error;

	if (fault_hit(session->sessions->settings.faults, FAULT_LOGIN_FAIL, session->index, &error)) {
		session_fail(session, error);
		return 0;
	}
	login_request_init(&settings.login);
	if (!take_credentials(session, &settings.login.auth)) {
		session_fail(session, SESSION_ERROR_AUTHENTICATION);
		return 0;
	}
	return start(session, &settings);
}
