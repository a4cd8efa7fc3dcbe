/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The login of one connection, RFC 7143 section 6.3: security stage where there is a secret,
 * operational stage, full feature phase. A turn is: our whole text (in one request or several,
 * with the C bit), then the target's whole text (likewise), then what follows from it. Called by
 * whoever has a channel; does no I/O, keeps no time, opens no file.
 */
#include "lib/login.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/keys.h"
#include "lib/portal.h"
#include "lib/text.h"

#define LOGIN_ITT 1

struct login {
	struct login_request request;
	struct login_outcome outcome;
	struct negotiation negotiation;
	enum login_result result;
	enum iscsi_stage stage;
	bool is_due;	    /* a request waits to be fetched */
	bool is_continued;  /* our last request had the C bit */
	bool wants_transit; /* our turn ends with T */
	bool is_transiting; /* our turn ended with T */
	bool is_collecting; /* the target's turn has more parts: our requests are empty */
	bool owes_answer;   /* the target made an offer of its own in this turn */
	bool has_statsn;
	unsigned int exchanges, empty;
	struct text send; /* our turn; sent bytes of it are gone */
	size_t sent;
	struct text received;		  /* the target's turn so far */
	const struct auth_method *method; /* NULL: AuthMethod=None, or no security stage */
	void *auth;
	bool is_method_agreed;
	char text[192];
};

void login_request_init(struct login_request *request)
{
	memset(request, 0, sizeof(*request));
	request->itt = LOGIN_ITT;
	request->tpgt = -1;
	login_offer_init(&request->offer);
}

static bool string_fits(const char *string, bool is_required)
{
	size_t length = string ? strlen(string) : 0;

	return length <= 255 && (length || !is_required);
}

static bool has_secret(const struct login_auth *auth)
{
	return auth->username && *auth->username;
}

static bool request_is_usable(const struct login_request *request)
{
	return string_fits(request->initiator_name, true) &&
	       string_fits(request->initiator_alias, false) &&
	       (!request->target_name || string_fits(request->target_name, true)) &&
	       string_fits(request->auth.username, false) &&
	       (!has_secret(&request->auth) || request->auth.password);
}

static enum iscsi_stage next_stage(enum iscsi_stage stage)
{
	return stage == ISCSI_STAGE_SECURITY ? ISCSI_STAGE_OPERATIONAL : ISCSI_STAGE_FULL_FEATURE;
}

/* RFC 7143 6.3: the names and the session type are in the first request of a connection. */
static void add_names(struct login *login)
{
	const struct login_request *request = &login->request;

	keys_add(&login->send, "InitiatorName", request->initiator_name);
	if (request->initiator_alias && *request->initiator_alias)
		keys_add(&login->send, "InitiatorAlias", request->initiator_alias);
	if (request->target_name)
		keys_add(&login->send, "TargetName", request->target_name);
	keys_add(&login->send, "SessionType", request->target_name ? "Normal" : "Discovery");
}

static void enter_operational(struct login *login)
{
	login->stage = ISCSI_STAGE_OPERATIONAL;
	login->wants_transit = true;
	negotiation_offer(&login->negotiation, &login->send);
}

static void enter_security(struct login *login)
{
	login->stage = ISCSI_STAGE_SECURITY;
	login->wants_transit = !login->method;
	keys_add(&login->send, "AuthMethod", login->method ? login->method->name : "None");
}

struct login *login_new(const struct login_request *request)
{
	struct login *login;

	if (!request_is_usable(request)) {
		errno = EINVAL;
		return NULL;
	}
	login = calloc(1, sizeof(*login));
	if (!login)
		return NULL;
	login->request = *request;
	login_offer_clamp(&login->request.offer);
	negotiation_init(&login->negotiation, &login->request.offer, !request->target_name);
	if (has_secret(&request->auth)) {
		login->method = &chap_method;
		login->auth = login->method->create(&login->request.auth);
		if (!login->auth) {
			free(login);
			errno = ENOMEM;
			return NULL;
		}
	}
	login->is_due = true;
	add_names(login);
	if (login->method || request->use_security_stage)
		enter_security(login);
	else
		enter_operational(login);
	return login;
}

void login_free(struct login *login)
{
	if (!login)
		return;
	if (login->method)
		login->method->destroy(login->auth);
	text_done(&login->send);
	text_done(&login->received);
	explicit_bzero(login, sizeof(*login));
	free(login);
}

static void fill_request(const struct login *login, struct iscsi_bhs_login_request *bhs)
{
	const struct login_request *request = &login->request;

	bhs->opcode = ISCSI_PDU_LOGIN_REQUEST | ISCSI_PDU_IMMEDIATE;
	bhs->flags = (__u8)(login->stage << ISCSI_LOGIN_CSG_SHIFT);
	bhs->version_max = ISCSI_PROTOCOL_VERSION;
	bhs->version_min = ISCSI_PROTOCOL_VERSION;
	memcpy(bhs->isid, request->isid, sizeof(bhs->isid));
	bhs->tsih = htons(request->tsih);
	bhs->itt = htonl(request->itt);
	bhs->cid = htons(request->cid);
	bhs->cmdsn = htonl(request->cmdsn);
	bhs->exp_statsn = htonl(login->has_statsn ? login->outcome.statsn + 1 : 0);
	if (login->is_continued)
		bhs->flags |= ISCSI_BIT_LOGIN_CONTINUE;
	if (login->is_transiting && !login->is_collecting)
		bhs->flags |= ISCSI_BIT_LOGIN_TRANSIT | (__u8)next_stage(login->stage);
}

int login_pdu(struct login *login, struct pdu *out)
{
	size_t limit = login->request.text_limit ? login->request.text_limit : ISCSI_LOGIN_DATA_MAX;
	size_t part = login->send.len - login->sent;
	int error;

	if (!login->is_due)
		return -EINVAL;
	if (login->send.failed)
		return -ENOMEM;
	if (part > limit)
		part = limit;
	pdu_clear(out);
	error = pdu_set_data(out, part ? login->send.data + login->sent : NULL, part);
	if (error)
		return error;
	login->sent += part;
	login->is_continued = login->sent < login->send.len;
	if (!login->is_collecting)
		login->is_transiting = login->wants_transit && !login->is_continued;
	fill_request(login, &out->login_request);
	login->is_due = false;
	login->exchanges++;
	return 0;
}

static enum login_result finish(struct login *login, enum login_result result,
				enum login_reason reason)
{
	login->outcome.reason = reason;
	login->outcome.negotiated = login->negotiation.values;
	login->is_due = false;
	login->result = result;
	return result;
}

static enum login_result fail(struct login *login, enum login_reason reason)
{
	return finish(login, LOGIN_FAILED, reason);
}

static enum login_result fail_auth(struct login *login, enum auth_error error)
{
	login->outcome.auth = error;
	return fail(login, LOGIN_REASON_AUTHENTICATION);
}

static enum login_result fail_negotiation(struct login *login, enum negotiation_error error,
					  const struct key_pair *pair)
{
	if (error == NEGOTIATION_MEMORY)
		return fail(login, LOGIN_REASON_MEMORY);
	if (pair)
		snprintf(login->outcome.key, sizeof(login->outcome.key), "%.*s",
			 (int)pair->name_length, pair->name);
	login->outcome.negotiation = error;
	return fail(login, LOGIN_REASON_NEGOTIATION);
}

/* A turn of ours begins; what is in login->send (maybe nothing) is to be sent. */
static enum login_result send_turn(struct login *login)
{
	if (login->send.failed)
		return fail(login, LOGIN_REASON_MEMORY);
	if (login->send.len > KEYS_TEXT_MAX)
		return fail(login, LOGIN_REASON_TOO_LONG);
	if (login->exchanges >= LOGIN_EXCHANGE_MAX)
		return fail(login, LOGIN_REASON_NO_PROGRESS);
	login->is_due = true;
	login->result = LOGIN_SEND;
	return LOGIN_SEND;
}

/* RFC 7143 11.13.5: the redirect's TargetAddress is in the data of this very response. */
static enum login_result take_redirect(struct login *login, const struct pdu *in)
{
	struct login_outcome *outcome = &login->outcome;
	struct keys_reader reader;
	struct key_pair pair;
	struct portal portal;

	outcome->redirect_is_permanent = outcome->status == ISCSI_LOGIN_DETAIL_MOVED_PERMANENTLY;
	keys_reader_init(&reader, in->data, in->data_length);
	while (keys_next(&reader, &pair) > 0) {
		if (!key_pair_is(&pair, "TargetAddress"))
			continue;
		if (key_value_text(&pair, outcome->redirect, sizeof(outcome->redirect)) ||
		    portal_parse(outcome->redirect, ISCSI_PORT, &portal))
			break;
		return finish(login, LOGIN_REDIRECT, LOGIN_REASON_NONE);
	}
	outcome->redirect[0] = 0;
	return fail(login, LOGIN_REASON_ADDRESS);
}

/* What must hold in every response of success, RFC 7143 11.13. */
static enum login_reason check_response(const struct login *login,
					const struct iscsi_bhs_login_response *bhs)
{
	unsigned int csg = bhs->flags >> ISCSI_LOGIN_CSG_SHIFT & ISCSI_LOGIN_STAGE_BITS;

	if (bhs->version_active != ISCSI_PROTOCOL_VERSION)
		return LOGIN_REASON_VERSION;
	if (memcmp(bhs->isid, login->request.isid, sizeof(bhs->isid)) != 0)
		return LOGIN_REASON_ISID;
	if (login->has_statsn && ntohl(bhs->statsn) != login->outcome.statsn + 1)
		return LOGIN_REASON_STATSN;
	if (csg != login->stage)
		return LOGIN_REASON_STAGE;
	if (!(bhs->flags & ISCSI_BIT_LOGIN_TRANSIT))
		return LOGIN_REASON_NONE;
	if (bhs->flags & ISCSI_BIT_LOGIN_CONTINUE)
		return LOGIN_REASON_CONTINUE;
	/* RFC 7143 11.13.1: the target may only agree to a transition we asked for. */
	if (!login->is_transiting ||
	    (bhs->flags & ISCSI_LOGIN_STAGE_BITS) != next_stage(login->stage))
		return LOGIN_REASON_STAGE;
	return LOGIN_REASON_NONE;
}

static void take_counters(struct login *login, const struct iscsi_bhs_login_response *bhs)
{
	login->outcome.statsn = ntohl(bhs->statsn);
	login->outcome.exp_cmdsn = ntohl(bhs->exp_cmdsn);
	login->outcome.max_cmdsn = ntohl(bhs->max_cmdsn);
	login->outcome.tsih = ntohs(bhs->tsih);
	login->has_statsn = true;
}

/* The target's choice among the methods we offered (we offer one). */
static enum auth_error take_method(struct login *login, const struct key_pair *pair)
{
	if (login->is_method_agreed)
		return AUTH_ERROR_DUPLICATE;
	if (!key_value_is(pair, login->method ? login->method->name : "None"))
		return AUTH_ERROR_METHOD;
	login->is_method_agreed = true;
	if (login->method && login->method->start(login->auth, &login->send) == AUTH_STEP_FAILED)
		return login->method->error(login->auth);
	return AUTH_ERROR_NONE;
}

/* CHAP_* keys belong to the method, which reads the whole text itself. */
static bool is_auth_key(const struct login *login, const struct key_pair *pair)
{
	const struct key *key = keys_find(pair->name, pair->name_length);

	return key && key->stage == KEY_STAGE_SECURITY && login->stage == ISCSI_STAGE_SECURITY;
}

static enum login_result take_pair(struct login *login, const struct key_pair *pair)
{
	enum negotiation_error error;
	enum auth_error auth;
	size_t before = login->send.len;

	if (is_auth_key(login, pair)) {
		if (!key_pair_is(pair, "AuthMethod"))
			return LOGIN_SEND;
		auth = take_method(login, pair);
		return auth ? fail_auth(login, auth) : LOGIN_SEND;
	}
	error = negotiation_take(&login->negotiation, pair, login->stage, &login->send);
	if (error)
		return fail_negotiation(login, error, pair);
	if (login->send.len > KEYS_TEXT_MAX)
		return fail(login, LOGIN_REASON_TOO_LONG);
	if (login->send.len > before && keys_find(pair->name, pair->name_length))
		login->owes_answer = true;
	return LOGIN_SEND;
}

/* One turn of the authentication method; the turn that agrees on it starts it instead. */
static enum login_result take_auth_turn(struct login *login)
{
	enum auth_step step;

	if (login->stage != ISCSI_STAGE_SECURITY || !login->method || !login->is_method_agreed)
		return LOGIN_SEND;
	step = login->method->receive(login->auth, login->received.data, login->received.len,
				      &login->send);
	login->outcome.auth_algorithm = login->method->algorithm(login->auth);
	if (step == AUTH_STEP_FAILED)
		return fail_auth(login, login->method->error(login->auth));
	login->wants_transit = step != AUTH_STEP_MORE;
	return LOGIN_SEND;
}

static enum login_result take_text(struct login *login)
{
	enum login_result result = take_auth_turn(login);
	struct keys_reader reader;
	struct key_pair pair;
	int more = 0;

	login->owes_answer = false;
	keys_reader_init(&reader, login->received.data, login->received.len);
	while (result == LOGIN_SEND && (more = keys_next(&reader, &pair)) > 0)
		result = take_pair(login, &pair);
	if (result == LOGIN_SEND && more < 0)
		return fail(login, LOGIN_REASON_TEXT);
	return result;
}

static enum login_result leave_security(struct login *login)
{
	if (login->method && !login->method->is_finished(login->auth))
		return fail_auth(login, AUTH_ERROR_MISSING);
	login->outcome.is_authenticated = login->method != NULL;
	enter_operational(login);
	return send_turn(login);
}

static enum login_result leave_operational(struct login *login)
{
	int tpgt = login->negotiation.values.target_portal_group_tag;
	enum negotiation_error error = negotiation_finish(&login->negotiation);

	if (error)
		return fail_negotiation(login, error, NULL);
	if (login->request.tpgt >= 0 && tpgt >= 0 && tpgt != login->request.tpgt)
		return fail(login, LOGIN_REASON_PORTAL_GROUP);
	/* RFC 7143 11.13.3: the last response of a login names the session. */
	if (!login->outcome.tsih ||
	    (login->request.tsih && login->request.tsih != login->outcome.tsih))
		return fail(login, LOGIN_REASON_TSIH);
	return finish(login, LOGIN_DONE, LOGIN_REASON_NONE);
}

/* The target has said all it wants to say in this turn. */
static enum login_result take_turn(struct login *login, bool is_transit)
{
	enum login_result result;

	login->is_collecting = false;
	text_done(&login->send);
	login->sent = 0;
	result = take_text(login);
	text_done(&login->received);
	if (result != LOGIN_SEND)
		return result;
	if (!is_transit)
		return send_turn(login);
	/* After a transition there is no turn left to answer an offer in. */
	if (login->owes_answer)
		return fail(login, LOGIN_REASON_STAGE);
	text_done(&login->send);
	return login->stage == ISCSI_STAGE_SECURITY ? leave_security(login)
						    : leave_operational(login);
}

static enum login_result take_success(struct login *login, const struct pdu *in)
{
	const struct iscsi_bhs_login_response *bhs = &in->login_response;
	bool is_transit = bhs->flags & ISCSI_BIT_LOGIN_TRANSIT;
	enum login_reason reason = check_response(login, bhs);

	if (reason)
		return fail(login, reason);
	take_counters(login, bhs);
	if (login->is_continued) {
		/* RFC 7143 6.2: the answer to a C request is empty, and our text goes on. */
		if (in->data_length || bhs->flags & ISCSI_BIT_LOGIN_CONTINUE)
			return fail(login, LOGIN_REASON_CONTINUE);
		return send_turn(login);
	}
	if (login->received.len + in->data_length > KEYS_TEXT_MAX)
		return fail(login, LOGIN_REASON_TOO_LONG);
	login->empty = in->data_length || is_transit ? 0 : login->empty + 1;
	if (login->empty > LOGIN_EMPTY_MAX)
		return fail(login, LOGIN_REASON_NO_PROGRESS);
	if (in->data_length)
		text_add_bytes(&login->received, in->data, in->data_length);
	if (login->received.failed)
		return fail(login, LOGIN_REASON_MEMORY);
	if (!(bhs->flags & ISCSI_BIT_LOGIN_CONTINUE))
		return take_turn(login, is_transit);
	/* More of the target's text is to come: ask for it with an empty request. */
	login->is_collecting = true;
	text_done(&login->send);
	login->sent = 0;
	return send_turn(login);
}

enum login_result login_receive(struct login *login, const struct pdu *in)
{
	const struct iscsi_bhs_login_response *bhs = &in->login_response;

	if (login->result != LOGIN_SEND)
		return login->result;
	if (login->is_due)
		return fail(login, LOGIN_REASON_OPCODE);
	if (pdu_opcode(in) == ISCSI_PDU_REJECT)
		return fail(login, LOGIN_REASON_REJECTED);
	if (pdu_opcode(in) != ISCSI_PDU_LOGIN_RESPONSE)
		return fail(login, LOGIN_REASON_OPCODE);
	if (ntohl(bhs->itt) != login->request.itt)
		return fail(login, LOGIN_REASON_TAG);
	login->outcome.status = (uint16_t)(bhs->status_class << 8 | bhs->status_detail);
	if (bhs->status_class == ISCSI_LOGIN_CLASS_SUCCESS)
		return take_success(login, in);
	if (bhs->status_class == ISCSI_LOGIN_CLASS_REDIRECT)
		return take_redirect(login, in);
	return fail(login, LOGIN_REASON_STATUS);
}

const struct login_outcome *login_outcome(const struct login *login)
{
	return &login->outcome;
}

static enum iscsi_err status_error(uint16_t status)
{
	if (status == ISCSI_LOGIN_DETAIL_AUTHENTICATION_FAILURE ||
	    status == ISCSI_LOGIN_DETAIL_AUTHORIZATION_FAILURE)
		return ISCSI_ERR_LOGIN_AUTH_FAILED;
	return status >> 8 == ISCSI_LOGIN_CLASS_TARGET_ERROR ? ISCSI_ERR_LOGIN
							     : ISCSI_ERR_FATAL_LOGIN;
}

/* How a login ends for each reason but the target's own status. */
static const struct {
	enum iscsi_err error;
	const char *sentence;
} reasons[] = {
	[LOGIN_REASON_NONE] = {ISCSI_ERR_SUCCESS, "no failure"},
	[LOGIN_REASON_STATUS] = {ISCSI_ERR_LOGIN, "the target refused the login"},
	[LOGIN_REASON_AUTHENTICATION] = {ISCSI_ERR_LOGIN_AUTH_FAILED, "authentication failed"},
	[LOGIN_REASON_NEGOTIATION] = {ISCSI_ERR_FATAL_LOGIN, "negotiation failed"},
	[LOGIN_REASON_TEXT] = {ISCSI_ERR_FATAL_LOGIN, "the target sent text without keys"},
	[LOGIN_REASON_OPCODE] = {ISCSI_ERR_FATAL_LOGIN, "the target sent something else than a "
							"login response"},
	[LOGIN_REASON_REJECTED] = {ISCSI_ERR_LOGIN, "the target rejected a login request"},
	[LOGIN_REASON_VERSION] = {ISCSI_ERR_FATAL_LOGIN, "the target speaks another version of "
							 "iSCSI"},
	[LOGIN_REASON_TAG] = {ISCSI_ERR_FATAL_LOGIN, "the target answered with another task tag"},
	[LOGIN_REASON_ISID] = {ISCSI_ERR_FATAL_LOGIN, "the target answered with another ISID"},
	[LOGIN_REASON_TSIH] = {ISCSI_ERR_FATAL_LOGIN, "the target gave no session handle, or "
						      "another one"},
	[LOGIN_REASON_STATSN] = {ISCSI_ERR_FATAL_LOGIN, "the target's StatSN is out of order"},
	[LOGIN_REASON_STAGE] = {ISCSI_ERR_FATAL_LOGIN, "the target answered with a login stage "
						       "that does not follow"},
	[LOGIN_REASON_CONTINUE] = {ISCSI_ERR_FATAL_LOGIN, "the target misused the C bit"},
	[LOGIN_REASON_TOO_LONG] = {ISCSI_ERR_FATAL_LOGIN, "the target sent too much text"},
	[LOGIN_REASON_NO_PROGRESS] = {ISCSI_ERR_FATAL_LOGIN, "the login makes no progress"},
	[LOGIN_REASON_ADDRESS] = {ISCSI_ERR_FATAL_LOGIN, "the target redirected the login without "
							 "a usable address"},
	[LOGIN_REASON_PORTAL_GROUP] = {ISCSI_ERR_FATAL_LOGIN, "the portal belongs to another "
							      "portal group"},
	[LOGIN_REASON_MEMORY] = {ISCSI_ERR_NOMEM, "out of memory"},
};

enum iscsi_err login_failure(const struct login *login)
{
	if (login->result != LOGIN_FAILED)
		return ISCSI_ERR_SUCCESS;
	if (login->outcome.reason == LOGIN_REASON_STATUS)
		return status_error(login->outcome.status);
	return reasons[login->outcome.reason].error;
}

const char *login_status_text(uint16_t status)
{
	static const struct {
		uint16_t status;
		const char *sentence;
	} rows[] = {
		{ISCSI_LOGIN_DETAIL_SUCCESS, "success"},
		{ISCSI_LOGIN_DETAIL_MOVED_TEMPORARILY, "the target moved temporarily"},
		{ISCSI_LOGIN_DETAIL_MOVED_PERMANENTLY, "the target moved permanently"},
		{ISCSI_LOGIN_DETAIL_INITIATOR_ERROR, "the target reports an initiator error"},
		{ISCSI_LOGIN_DETAIL_AUTHENTICATION_FAILURE, "the target refused the credentials"},
		{ISCSI_LOGIN_DETAIL_AUTHORIZATION_FAILURE, "the initiator is not allowed here"},
		{ISCSI_LOGIN_DETAIL_NOT_FOUND, "there is no such target"},
		{ISCSI_LOGIN_DETAIL_TARGET_REMOVED, "the target was removed"},
		{ISCSI_LOGIN_DETAIL_UNSUPPORTED_VERSION, "the target lacks this iSCSI version"},
		{ISCSI_LOGIN_DETAIL_TOO_MANY_CONNECTIONS, "too many connections"},
		{ISCSI_LOGIN_DETAIL_MISSING_PARAMETER, "the target misses a parameter"},
		{ISCSI_LOGIN_DETAIL_CANNOT_INCLUDE, "the session cannot include this connection"},
		{ISCSI_LOGIN_DETAIL_SESSION_TYPE_UNSUPPORTED, "session type not supported"},
		{ISCSI_LOGIN_DETAIL_SESSION_DOES_NOT_EXIST, "the session does not exist"},
		{ISCSI_LOGIN_DETAIL_INVALID_DURING_LOGIN, "invalid request during login"},
		{ISCSI_LOGIN_DETAIL_TARGET_ERROR, "the target has a hardware or software error"},
		{ISCSI_LOGIN_DETAIL_SERVICE_UNAVAILABLE, "the service is not available now"},
		{ISCSI_LOGIN_DETAIL_OUT_OF_RESOURCES, "the target is out of resources"},
	};
	unsigned int i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].status == status)
			return rows[i].sentence;
	return "unknown login status";
}

const char *login_failure_text(struct login *login)
{
	const struct login_outcome *outcome = &login->outcome;

	if (outcome->reason == LOGIN_REASON_AUTHENTICATION)
		return auth_error_text(outcome->auth);
	if (outcome->reason == LOGIN_REASON_STATUS)
		snprintf(login->text, sizeof(login->text), "%s (login status %04x)",
			 login_status_text(outcome->status), outcome->status);
	else if (outcome->reason == LOGIN_REASON_NEGOTIATION)
		snprintf(login->text, sizeof(login->text), "%s%s%s",
			 negotiation_error_text(outcome->negotiation), *outcome->key ? ": " : "",
			 outcome->key);
	else
		return reasons[outcome->reason].sentence;
	return login->text;
}
