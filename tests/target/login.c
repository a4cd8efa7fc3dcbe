/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The target's half of a login, right in everything: collects the initiator's text, answers each
 * key, proves and checks CHAP, follows its stages. Its row spoils the answers, not this file.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "lib/chap.h"
#include "lib/keys.h"
#include "lib/secret.h"
#include "lib/text.h"
#include "tests/target/conn.h"

#define CHALLENGE_BYTES 16
#define IDENTIFIER 7

/* What a login remembers from one request to the next. */
struct login_state {
	struct conn *conn;
	struct text received, answer;
	unsigned char challenge[CHALLENGE_BYTES];
	bool has_challenged;
	bool is_proven;			 /* or need not be */
	bool is_refused;		 /* the initiator does not know its secret */
	bool is_settled;		 /* our own declarations were made */
	bool header_digest, data_digest; /* agreed on, for the phase after the login */
};

static bool find_key(const struct text *text, const char *name, struct key_pair *ret_pair)
{
	struct keys_reader reader;

	keys_reader_init(&reader, text->data, text->len);
	while (keys_next(&reader, ret_pair) > 0)
		if (key_pair_is(ret_pair, name))
			return true;
	return false;
}

static void take_names(struct login_state *state)
{
	struct conn *conn = state->conn;
	struct key_pair pair;

	if (find_key(&state->received, "InitiatorName", &pair))
		(void)key_value_text(&pair, conn->initiator_name, sizeof(conn->initiator_name));
	if (find_key(&state->received, "TargetName", &pair))
		(void)key_value_text(&pair, conn->target_name, sizeof(conn->target_name));
	if (find_key(&state->received, "SessionType", &pair))
		conn->is_discovery = key_value_is(&pair, "Discovery");
}

/* --- security */

static void make_digest(const char *password, unsigned int identifier, const unsigned char *challenge, size_t length,
			unsigned char out[CHAP_DIGEST_MAX])
{
	struct secret *secret = secret_new(password, strlen(password));

	if (!secret || chap_digest(CHAP_ALGORITHM_MD5, (uint8_t)identifier, secret, challenge, length, out) < 0)
		abort();
	secret_free(secret);
}

static void challenge(struct login_state *state)
{
	for (int i = 0; i < CHALLENGE_BYTES; i++)
		state->challenge[i] = (unsigned char)rand();
	state->has_challenged = true;
	keys_add_u32(&state->answer, "CHAP_A", CHAP_ALGORITHM_MD5);
	keys_add_u32(&state->answer, "CHAP_I", IDENTIFIER);
	keys_add_binary(&state->answer, "CHAP_C", state->challenge, CHALLENGE_BYTES);
}

static void prove(struct login_state *state)
{
	unsigned char theirs[CHAP_CHALLENGE_MAX], ours[CHAP_DIGEST_MAX];
	struct key_pair identifier, pair;
	uint32_t number;
	size_t length;

	if (!find_key(&state->received, "CHAP_I", &identifier) || key_value_u32(&identifier, &number) ||
	    !find_key(&state->received, "CHAP_C", &pair) || key_value_binary(&pair, theirs, sizeof(theirs), &length))
		return;
	make_digest(SECRET_IN, number, theirs, length, ours);
	keys_add(&state->answer, "CHAP_N", "queen");
	keys_add_binary(&state->answer, "CHAP_R", ours, 16);
}

static void check_response(struct login_state *state, const struct key_pair *response)
{
	unsigned char given[CHAP_DIGEST_MAX], expected[CHAP_DIGEST_MAX];
	size_t length;

	make_digest(SECRET, IDENTIFIER, state->challenge, CHALLENGE_BYTES, expected);
	if (key_value_binary(response, given, sizeof(given), &length) || length != 16 || memcmp(given, expected, 16))
		state->is_refused = true;
	state->is_proven = true;
	prove(state);
}

static void answer_security(struct login_state *state)
{
	struct key_pair pair;

	if (find_key(&state->received, "AuthMethod", &pair)) {
		state->is_proven = !key_list_has(pair.value, pair.value_length, "CHAP");
		keys_add(&state->answer, "AuthMethod", state->is_proven ? "None" : "CHAP");
	} else if (find_key(&state->received, "CHAP_A", &pair)) {
		challenge(state);
	} else if (find_key(&state->received, "CHAP_R", &pair) && state->has_challenged) {
		check_response(state, &pair);
	}
}

/* --- operational */

#define NOWHERE SIZE_MAX

/* What we can do with numbers, one row per key: our own wish, that of a right target, MIN and MAX as keys.def says, where it is kept. */
static const struct {
	const char *name;
	uint32_t number, right;
	bool is_max;
	size_t kept; /* in struct agreed */
} wishes[] = {
	{"MaxBurstLength", BURST_BYTES, 0xffffff, false, offsetof(struct agreed, max_burst)},
	{"FirstBurstLength", BURST_BYTES, 0xffffff, false, offsetof(struct agreed, first_burst)},
	{"MaxOutstandingR2T", 1, 0xffff, false, offsetof(struct agreed, max_r2ts)},
	{"MaxConnections", 1, 1, false, NOWHERE},
	{"DefaultTime2Wait", 0, 0, true, NOWHERE},
	{"DefaultTime2Retain", 0, 0, false, NOWHERE},
	{"ErrorRecoveryLevel", 0, 0, false, NOWHERE},
};

static bool answer_word(struct login_state *state, const char *name, const char *yes, const char *no, bool is_yes)
{
	keys_add(&state->answer, name, is_yes ? yes : no);
	return is_yes;
}

/* Of what it offers, a right target takes what it likes best. */
static bool wants_digest(const struct conn *conn, const struct key_pair *pair)
{
	if (conn->row->settings == DIGEST)
		return key_list_has(pair->value, pair->value_length, "CRC32C");
	return conn_is_right(conn) && pair->value_length >= 6 && !memcmp(pair->value, "CRC32C", 6);
}

static void answer_number(struct login_state *state, const struct key_pair *pair)
{
	uint32_t number, wish;

	for (size_t i = 0; i < sizeof(wishes) / sizeof(wishes[0]); i++) {
		if (!key_pair_is(pair, wishes[i].name) || key_value_u32(pair, &number))
			continue;
		wish = conn_is_right(state->conn) ? wishes[i].right : wishes[i].number;
		number = (number < wish) == wishes[i].is_max ? wish : number;
		keys_add_u32(&state->answer, wishes[i].name, number);
		if (wishes[i].kept != NOWHERE)
			memcpy((char *)&state->conn->agreed + wishes[i].kept, &number, sizeof(number));
	}
}

static void answer_key(struct login_state *state, const struct key_pair *pair)
{
	struct conn *conn = state->conn;

	if (key_pair_is(pair, "HeaderDigest"))
		state->header_digest = answer_word(state, "HeaderDigest", "CRC32C", "None", wants_digest(conn, pair));
	else if (key_pair_is(pair, "DataDigest"))
		state->data_digest = answer_word(state, "DataDigest", "CRC32C", "None", wants_digest(conn, pair));
	else if (key_pair_is(pair, "ImmediateData"))
		conn->agreed.immediate_data = answer_word(state, "ImmediateData", "Yes", "No", key_value_is(pair, "Yes"));
	else if (key_pair_is(pair, "InitialR2T"))
		conn->agreed.initial_r2t = answer_word(state, "InitialR2T", "Yes", "No", !conn_is_right(conn) || key_value_is(pair, "Yes"));
	else if (key_pair_is(pair, "DataPDUInOrder") || key_pair_is(pair, "DataSequenceInOrder"))
		keys_add(&state->answer, key_pair_is(pair, "DataPDUInOrder") ? "DataPDUInOrder" : "DataSequenceInOrder", "Yes");
	else if (key_pair_is(pair, "MaxRecvDataSegmentLength"))
		(void)key_value_u32(pair, &conn->initiator_segment);
	else
		answer_number(state, pair);
}

static void answer_operational(struct login_state *state)
{
	struct keys_reader reader;
	struct key_pair pair;

	keys_reader_init(&reader, state->received.data, state->received.len);
	while (keys_next(&reader, &pair) > 0)
		answer_key(state, &pair);
	if (!state->is_settled)
		keys_add_u32(&state->answer, "MaxRecvDataSegmentLength", SEGMENT_BYTES);
	state->is_settled = true;
}

/* --- the turns */

static unsigned int request_stage(const struct conn *conn)
{
	return conn->request.login_request.flags >> ISCSI_LOGIN_CSG_SHIFT & ISCSI_LOGIN_STAGE_BITS;
}

/* The header that goes with an answer, is_more: the initiator goes on with its text. */
static void fill_response(struct login_state *state, struct pdu *pdu, bool is_more)
{
	struct conn *conn = state->conn;
	const struct iscsi_bhs_login_request *request = &conn->request.login_request;
	struct iscsi_bhs_login_response *bhs = &pdu->login_response;
	bool is_transit = !is_more && request->flags & ISCSI_BIT_LOGIN_TRANSIT &&
			  (request_stage(conn) != ISCSI_STAGE_SECURITY || state->is_proven);

	conn_response(conn, pdu, ISCSI_PDU_LOGIN_RESPONSE, ntohl(request->itt));
	bhs->flags = (__u8)(request->flags & 0x0c);
	if (is_transit)
		bhs->flags = (__u8)(request->flags & 0x8f);
	memcpy(bhs->isid, request->isid, sizeof(bhs->isid));
	if (is_transit && (request->flags & ISCSI_LOGIN_STAGE_BITS) == ISCSI_STAGE_FULL_FEATURE)
		bhs->tsih = htons(conn->tsih);
	if (state->is_refused) {
		bhs->flags = 0;
		bhs->status_class = ISCSI_LOGIN_CLASS_INITIATOR_ERROR;
		bhs->status_detail = ISCSI_LOGIN_DETAIL_AUTHENTICATION_FAILURE & 0xff;
	}
}

static int answer_turn(struct login_state *state)
{
	bool is_more = state->conn->request.login_request.flags & ISCSI_BIT_LOGIN_CONTINUE;
	struct pdu pdu = {0};
	int r;

	text_add_bytes(&state->received, (const char *)state->conn->request.data, state->conn->request.data_length);
	if (!is_more) {
		bool is_first = !state->conn->initiator_name[0];

		take_names(state);
		if (is_first && !state->conn->is_discovery)
			keys_add_u32(&state->answer, "TargetPortalGroupTag", 1);
		if (request_stage(state->conn) == ISCSI_STAGE_SECURITY)
			answer_security(state);
		else
			answer_operational(state);
		text_done(&state->received);
	}
	fill_response(state, &pdu, is_more);
	if (pdu_set_data(&pdu, state->is_refused ? NULL : state->answer.data, state->is_refused ? 0 : state->answer.len))
		abort();
	text_done(&state->answer);
	/* What a row has to say right behind the login must not come after the kernel. */
	conn_hold(state->conn, true);
	r = conn_answer(state->conn, AT_LOGIN, &pdu);
	/* The row may have changed the stages. */
	state->conn->is_full = (pdu.login_response.flags & 0x83) == 0x83;
	if (!state->conn->is_full)
		conn_hold(state->conn, false);
	pdu_done(&pdu);
	return r || state->is_refused ? -1 : 0;
}

int login_run(struct conn *conn)
{
	struct login_state state = {.conn = conn};
	int r = 0;

	/* What counts when nobody speaks (RFC 7143 13). */
	conn->agreed = (struct agreed){.max_burst = 262144, .first_burst = 65536, .max_r2ts = 1, .initial_r2t = true, .immediate_data = true};
	while (!r && !conn->is_full) {
		r = conn_read(conn);
		if (!r && pdu_opcode(&conn->request) != ISCSI_PDU_LOGIN_REQUEST)
			r = -1;
		if (r)
			break;
		conn->exp_cmdsn = ntohl(conn->request.login_request.cmdsn);
		r = answer_turn(&state);
	}
	conn->header_digest = state.header_digest;
	conn->data_digest = state.data_digest;
	text_done(&state.received);
	text_done(&state.answer);
	return r;
}
