/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The login machine against a target that answers by script: stages, C bit, statuses, refusals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/keys.h"
#include "lib/login.h"
#include "lib/secret.h"
#include "lib/text.h"
#include "tests/target/responder.h"

static const char answers[] = "HeaderDigest=None DataDigest=None MaxConnections=1 InitialR2T=Yes "
			      "ImmediateData=Yes MaxBurstLength=262144 FirstBurstLength=65536 "
			      "DefaultTime2Wait=2 DefaultTime2Retain=0 MaxOutstandingR2T=1 "
			      "DataPDUInOrder=Yes DataSequenceInOrder=Yes ErrorRecoveryLevel=0 "
			      "MaxRecvDataSegmentLength=65536 TargetPortalGroupTag=3 "
			      "TargetAlias=disk ";

/* A login and the target it talks to. */
struct talk {
	struct login_request request;
	struct login *login;
	struct responder target;
	struct pdu out, in;
	struct secret *ours, *theirs;
};

static void talk_init(struct talk *talk)
{
	memset(talk, 0, sizeof(*talk));
	login_request_init(&talk->request);
	talk->request.initiator_name = "iqn.2024-01.example:initiator";
	talk->request.target_name = "iqn.2024-01.example:disk";
	memcpy(talk->request.isid, "\x00\x02\x3d\x01\x02\x03", 6);
	talk->request.cmdsn = 17;
	talk->request.cid = 2;
	memcpy(talk->target.isid, talk->request.isid, 6);
	talk->target.tsih = 99;
	talk->target.itt = talk->request.itt;
	talk->target.statsn = 1000;
}

static void talk_start(struct talk *talk)
{
	talk->login = login_new(&talk->request);
	assert_non_null(talk->login);
	assert_int_equal(login_pdu(talk->login, &talk->out), 0);
}

static void talk_end(struct talk *talk)
{
	login_free(talk->login);
	pdu_done(&talk->out);
	pdu_done(&talk->in);
	secret_free(talk->ours);
	secret_free(talk->theirs);
}

static enum login_result answer_bytes(struct talk *talk, unsigned int flags, unsigned int status,
				      const char *text, size_t length)
{
	enum login_result result;

	responder_login(&talk->target, &talk->in, flags, status, text, length);
	result = login_receive(talk->login, &talk->in);
	if (result == LOGIN_SEND)
		assert_int_equal(login_pdu(talk->login, &talk->out), 0);
	return result;
}

static enum login_result answer(struct talk *talk, unsigned int flags, const char *text)
{
	return answer_bytes(talk, flags, 0, text, strlen(text));
}

static bool said(const struct talk *talk, const char *name, const char *value)
{
	struct keys_reader reader;
	struct key_pair pair;

	keys_reader_init(&reader, talk->out.data, talk->out.data_length);
	while (keys_next(&reader, &pair) > 0)
		if (key_pair_is(&pair, name) && (!value || key_value_is(&pair, value)))
			return true;
	return false;
}

static const struct login_outcome *outcome(const struct talk *talk)
{
	return login_outcome(talk->login);
}

static void test_plain(void **state)
{
	const struct iscsi_bhs_login_request *bhs;
	const struct negotiated *values;
	struct talk talk;

	talk_init(&talk);
	talk_start(&talk);
	bhs = &talk.out.login_request;
	assert_int_equal(bhs->opcode, 0x43);
	assert_int_equal(bhs->flags, 0x87);
	assert_int_equal(bhs->version_max, 0);
	assert_memory_equal(bhs->isid, "\x00\x02\x3d\x01\x02\x03", 6);
	assert_int_equal(ntohs(bhs->tsih), 0);
	assert_int_equal(ntohs(bhs->cid), 2);
	assert_int_equal(ntohl(bhs->cmdsn), 17);
	assert_int_equal(ntohl(bhs->exp_statsn), 0);
	assert_true(said(&talk, "InitiatorName", talk.request.initiator_name));
	assert_true(said(&talk, "TargetName", talk.request.target_name));
	assert_true(said(&talk, "SessionType", "Normal"));
	assert_false(said(&talk, "InitiatorAlias", NULL));
	assert_false(said(&talk, "AuthMethod", NULL));
	assert_int_equal(login_pdu(talk.login, &talk.out), -EINVAL);
	assert_int_equal(answer(&talk, TO_FULL_FEATURE, answers), LOGIN_DONE);
	assert_int_equal(login_failure(talk.login), ISCSI_ERR_SUCCESS);
	assert_int_equal(outcome(&talk)->tsih, 99);
	assert_int_equal(outcome(&talk)->statsn, 1000);
	assert_int_equal(outcome(&talk)->exp_cmdsn, 1);
	assert_int_equal(outcome(&talk)->max_cmdsn, 64);
	assert_false(outcome(&talk)->is_authenticated);
	values = &outcome(&talk)->negotiated;
	assert_int_equal(values->max_xmit_data_segment_length, 65536);
	assert_int_equal(values->max_recv_data_segment_length, 262144);
	assert_int_equal(values->first_burst_length, 65536);
	assert_int_equal(values->target_portal_group_tag, 3);
	assert_string_equal(values->target_alias, "disk");
	assert_true(values->initial_r2t);
	assert_int_equal(login_pdu(talk.login, &talk.out), -EINVAL);
	assert_int_equal(login_receive(talk.login, &talk.in), LOGIN_DONE);
	talk_end(&talk);
}

static void test_discovery(void **state)
{
	struct talk talk;

	talk_init(&talk);
	talk.request.target_name = NULL;
	talk.request.initiator_alias = "host";
	talk_start(&talk);
	assert_true(said(&talk, "SessionType", "Discovery"));
	assert_true(said(&talk, "InitiatorAlias", "host"));
	assert_false(said(&talk, "TargetName", NULL));
	assert_false(said(&talk, "MaxBurstLength", NULL));
	assert_int_equal(answer(&talk, TO_FULL_FEATURE, ""), LOGIN_DONE);
	talk_end(&talk);
}

static void test_unusable_requests(void **state)
{
	char name[300];
	struct talk talk;

	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = 0;
	talk_init(&talk);
	talk.request.initiator_name = NULL;
	assert_null(login_new(&talk.request));
	assert_int_equal(errno, EINVAL);
	talk.request.initiator_name = "";
	assert_null(login_new(&talk.request));
	talk.request.initiator_name = name;
	assert_null(login_new(&talk.request));
	talk.request.initiator_name = "iqn.x:y";
	talk.request.target_name = "";
	assert_null(login_new(&talk.request));
	talk.request.target_name = "iqn.x:t";
	talk.request.auth.username = "joe"; /* no password */
	assert_null(login_new(&talk.request));
	login_free(NULL);
}

static void test_security_without_secret(void **state)
{
	struct talk talk;

	talk_init(&talk);
	talk.request.use_security_stage = true;
	talk_start(&talk);
	assert_int_equal(talk.out.login_request.flags, 0x81);
	assert_true(said(&talk, "AuthMethod", "None"));
	assert_false(said(&talk, "MaxBurstLength", NULL));
	assert_int_equal(answer(&talk, TO_OPERATIONAL, "AuthMethod=None TargetPortalGroupTag=3 "),
			 LOGIN_SEND);
	assert_int_equal(talk.out.login_request.flags, 0x87);
	assert_int_equal(ntohl(talk.out.login_request.exp_statsn), 1001);
	assert_false(said(&talk, "InitiatorName", NULL));
	assert_true(said(&talk, "MaxBurstLength", NULL));
	assert_int_equal(answer(&talk, TO_FULL_FEATURE, ""), LOGIN_DONE);
	talk_end(&talk);
}

static void use_chap(struct talk *talk, bool is_mutual)
{
	talk_init(talk);
	talk->ours = secret_new("initiatorsecret", 15);
	talk->theirs = secret_new("targetsecret1", 13);
	talk->request.auth.username = "joe";
	talk->request.auth.password = talk->ours;
	talk->request.auth.username_in = is_mutual ? "target" : NULL;
	talk->request.auth.password_in = is_mutual ? talk->theirs : NULL;
}

static void test_chap(void **state)
{
	struct talk talk;

	use_chap(&talk, false);
	talk_start(&talk);
	assert_int_equal(talk.out.login_request.flags, 0x00);
	assert_true(said(&talk, "AuthMethod", "CHAP"));
	assert_int_equal(answer(&talk, STAY_SECURITY, "AuthMethod=CHAP TargetPortalGroupTag=3 "),
			 LOGIN_SEND);
	assert_true(said(&talk, "CHAP_A", "5"));
	assert_int_equal(talk.out.login_request.flags, 0x00);
	assert_int_equal(answer(&talk, STAY_SECURITY, "CHAP_A=5 CHAP_I=1 CHAP_C=0x616263 "),
			 LOGIN_SEND);
	assert_int_equal(talk.out.login_request.flags, 0x81);
	assert_true(said(&talk, "CHAP_N", "joe"));
	assert_true(said(&talk, "CHAP_R", NULL));
	assert_int_equal(answer(&talk, TO_OPERATIONAL, ""), LOGIN_SEND);
	assert_int_equal(answer(&talk, STAY_OPERATIONAL, "InitialR2T=Yes "), LOGIN_SEND);
	assert_int_equal(answer(&talk, TO_FULL_FEATURE, answers), LOGIN_FAILED);
	assert_int_equal(outcome(&talk)->negotiation, NEGOTIATION_DUPLICATE);
	assert_string_equal(outcome(&talk)->key, "InitialR2T");
	talk_end(&talk);

	use_chap(&talk, false);
	talk_start(&talk);
	assert_int_equal(answer(&talk, STAY_SECURITY, "AuthMethod=CHAP "), LOGIN_SEND);
	assert_int_equal(answer(&talk, STAY_SECURITY, "CHAP_A=5 CHAP_I=1 CHAP_C=0x616263 "),
			 LOGIN_SEND);
	/* A target may want one more empty turn before it agrees. */
	assert_int_equal(answer(&talk, STAY_SECURITY, ""), LOGIN_SEND);
	assert_int_equal(talk.out.login_request.flags, 0x81);
	assert_int_equal(talk.out.data_length, 0);
	assert_int_equal(answer(&talk, TO_OPERATIONAL, ""), LOGIN_SEND);
	assert_int_equal(answer(&talk, TO_FULL_FEATURE, answers), LOGIN_DONE);
	assert_true(outcome(&talk)->is_authenticated);
	assert_int_equal(outcome(&talk)->auth_algorithm, CHAP_ALGORITHM_MD5);
	talk_end(&talk);
}

static void test_mutual_chap_must_be_proven(void **state)
{
	static const struct {
		unsigned int flags;
		const char *text;
		enum auth_error error;
	} rows[] = {
		{TO_OPERATIONAL, "", AUTH_ERROR_MISSING},
		{TO_OPERATIONAL, "TargetAlias=x ", AUTH_ERROR_MISSING},
		{TO_OPERATIONAL, "CHAP_N=target CHAP_R=0x00112233445566778899aabbccddeeff ",
		 AUTH_ERROR_RESPONSE},
		{STAY_SECURITY, "CHAP_N=joe CHAP_R=0x00112233445566778899aabbccddeeff ",
		 AUTH_ERROR_NAME},
	};
	struct talk talk;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		use_chap(&talk, true);
		talk_start(&talk);
		assert_int_equal(answer(&talk, STAY_SECURITY, "AuthMethod=CHAP "), LOGIN_SEND);
		assert_int_equal(
			answer(&talk, STAY_SECURITY, "CHAP_A=5 CHAP_I=1 CHAP_C=0x616263 "),
			LOGIN_SEND);
		assert_true(said(&talk, "CHAP_C", NULL));
		assert_int_equal(answer(&talk, rows[i].flags, rows[i].text), LOGIN_FAILED);
		assert_int_equal(outcome(&talk)->auth, rows[i].error);
		assert_int_equal(login_failure(talk.login), ISCSI_ERR_LOGIN_AUTH_FAILED);
		assert_false(outcome(&talk)->is_authenticated);
		talk_end(&talk);
	}
}

static void test_method_refused(void **state)
{
	static const char *const texts[] = {"AuthMethod=None ", "AuthMethod=Reject ",
					    "AuthMethod=KRB5 ", "AuthMethod=CHAP,None "};
	struct talk talk;
	size_t i;

	for (i = 0; i < 4; i++) {
		use_chap(&talk, false);
		talk_start(&talk);
		assert_int_equal(answer(&talk, STAY_SECURITY, texts[i]), LOGIN_FAILED);
		assert_int_equal(outcome(&talk)->auth, AUTH_ERROR_METHOD);
		assert_int_equal(login_failure(talk.login), ISCSI_ERR_LOGIN_AUTH_FAILED);
		talk_end(&talk);
	}
	/* The target cannot leave a security stage that has not agreed on anything. */
	use_chap(&talk, false);
	talk_start(&talk);
	assert_int_equal(answer(&talk, TO_OPERATIONAL, "AuthMethod=CHAP "), LOGIN_FAILED);
	assert_int_equal(outcome(&talk)->reason, LOGIN_REASON_STAGE);
	talk_end(&talk);
}

static void test_same_secret(void **state)
{
	struct talk talk;

	use_chap(&talk, true);
	talk.request.auth.password_in = talk.ours;
	talk_start(&talk);
	assert_int_equal(answer(&talk, STAY_SECURITY, "AuthMethod=CHAP "), LOGIN_FAILED);
	assert_int_equal(outcome(&talk)->auth, AUTH_ERROR_SAME_SECRET);
	talk_end(&talk);
}

/* Every status of RFC 7143 11.13.5, and some that are not there. */
static void test_statuses(void **state)
{
	static const struct {
		unsigned int status;
		enum iscsi_err error;
	} rows[] = {
		{0x0200, ISCSI_ERR_FATAL_LOGIN},       {0x0201, ISCSI_ERR_LOGIN_AUTH_FAILED},
		{0x0202, ISCSI_ERR_LOGIN_AUTH_FAILED}, {0x0203, ISCSI_ERR_FATAL_LOGIN},
		{0x0204, ISCSI_ERR_FATAL_LOGIN},       {0x0205, ISCSI_ERR_FATAL_LOGIN},
		{0x0206, ISCSI_ERR_FATAL_LOGIN},       {0x0207, ISCSI_ERR_FATAL_LOGIN},
		{0x0208, ISCSI_ERR_FATAL_LOGIN},       {0x0209, ISCSI_ERR_FATAL_LOGIN},
		{0x020a, ISCSI_ERR_FATAL_LOGIN},       {0x020b, ISCSI_ERR_FATAL_LOGIN},
		{0x02ff, ISCSI_ERR_FATAL_LOGIN},       {0x0300, ISCSI_ERR_LOGIN},
		{0x0301, ISCSI_ERR_LOGIN},	       {0x0302, ISCSI_ERR_LOGIN},
		{0x03ff, ISCSI_ERR_LOGIN},	       {0x0400, ISCSI_ERR_FATAL_LOGIN},
		{0xff00, ISCSI_ERR_FATAL_LOGIN},
	};
	struct talk talk;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		talk_init(&talk);
		talk_start(&talk);
		assert_int_equal(answer_bytes(&talk, STAY_OPERATIONAL, rows[i].status, "", 0),
				 LOGIN_FAILED);
		assert_int_equal(outcome(&talk)->status, rows[i].status);
		assert_int_equal(outcome(&talk)->reason, LOGIN_REASON_STATUS);
		assert_int_equal(login_failure(talk.login), rows[i].error);
		assert_non_null(strstr(login_failure_text(talk.login), "(login status "));
		talk_end(&talk);
	}
}

static void test_redirects(void **state)
{
	static const struct {
		unsigned int status;
		const char *text, *address;
	} rows[] = {
		{0x0101, "TargetAddress=192.0.2.7:3261,2 ", "192.0.2.7:3261,2"},
		{0x0102, "TargetAddress=[2001:db8::7]:3260,1 ", "[2001:db8::7]:3260,1"},
		{0x0101, "X-a=b TargetAddress=store.example ", "store.example"},
		{0x0101, "", NULL},
		{0x0102, "TargetAddress= ", NULL},
		{0x0101, "TargetAddress=[2001:db8::7 ", NULL},
		{0x0101, "TargetAddress=192.0.2.7:99999 ", NULL},
		{0x0101, "TargetAddress=192.0.2.7", NULL}, /* no NUL behind it */
	};
	struct talk talk;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		talk_init(&talk);
		talk_start(&talk);
		assert_int_equal(answer_bytes(&talk, STAY_OPERATIONAL, rows[i].status,
					      rows[i].text, strlen(rows[i].text)),
				 rows[i].address ? LOGIN_REDIRECT : LOGIN_FAILED);
		if (rows[i].address) {
			assert_string_equal(outcome(&talk)->redirect, rows[i].address);
			assert_int_equal(outcome(&talk)->redirect_is_permanent,
					 rows[i].status == 0x0102);
		} else {
			assert_int_equal(outcome(&talk)->reason, LOGIN_REASON_ADDRESS);
			assert_int_equal(login_failure(talk.login), ISCSI_ERR_FATAL_LOGIN);
		}
		talk_end(&talk);
	}
}

/* The target's text in two PDUs, cut at every byte. */
static void test_target_continues(void **state)
{
	struct talk talk;
	size_t cut;

	for (cut = 0; cut <= sizeof(answers) - 1; cut++) {
		talk_init(&talk);
		talk_start(&talk);
		assert_int_equal(answer_bytes(&talk, STAY_OPERATIONAL | CONTINUE, 0, answers, cut),
				 LOGIN_SEND);
		assert_int_equal(talk.out.data_length, 0);
		assert_int_equal(talk.out.login_request.flags, STAY_OPERATIONAL);
		assert_int_equal(answer_bytes(&talk, cut % 2 ? STAY_OPERATIONAL : TO_FULL_FEATURE,
					      0, answers + cut, sizeof(answers) - 1 - cut),
				 cut % 2 ? LOGIN_SEND : LOGIN_DONE);
		if (cut % 2) {
			assert_int_equal(talk.out.login_request.flags, TO_FULL_FEATURE);
			assert_int_equal(answer(&talk, TO_FULL_FEATURE, ""), LOGIN_DONE);
		}
		assert_int_equal(outcome(&talk)->negotiated.max_xmit_data_segment_length, 65536);
		talk_end(&talk);
	}
}

static void test_target_continues_byte_by_byte(void **state)
{
	static const char text[] = "MaxRecvDataSegmentLength=4096 HeaderDigest=None ";
	struct talk talk;
	size_t i;

	talk_init(&talk);
	talk_start(&talk);
	for (i = 0; i + 2 < sizeof(text); i++)
		assert_int_equal(
			answer_bytes(&talk, STAY_OPERATIONAL | CONTINUE, 0, text + i, 1),
			LOGIN_SEND);
	assert_int_equal(answer_bytes(&talk, TO_FULL_FEATURE, 0, text + i, 1), LOGIN_DONE);
	assert_int_equal(outcome(&talk)->negotiated.max_xmit_data_segment_length, 4096);
	talk_end(&talk);
}

/* Our text in parts of every size: together they are the whole. */
static void test_we_continue(void **state)
{
	struct text whole = {0}, parts = {0};
	struct talk talk;
	size_t limit;

	talk_init(&talk);
	talk_start(&talk);
	text_add_bytes(&whole, talk.out.data, talk.out.data_length);
	talk_end(&talk);
	for (limit = 5; limit <= whole.len + 1; limit++) {
		talk_init(&talk);
		talk.request.text_limit = limit;
		talk_start(&talk);
		while (talk.out.login_request.flags & ISCSI_BIT_LOGIN_CONTINUE) {
			assert_int_equal(talk.out.login_request.flags, 0x44);
			assert_int_equal(talk.out.data_length, limit);
			text_add_bytes(&parts, talk.out.data, talk.out.data_length);
			assert_int_equal(answer(&talk, STAY_OPERATIONAL, ""), LOGIN_SEND);
		}
		text_add_bytes(&parts, talk.out.data, talk.out.data_length);
		assert_int_equal(talk.out.login_request.flags, 0x87);
		assert_int_equal(parts.len, whole.len);
		assert_memory_equal(parts.data, whole.data, whole.len);
		assert_int_equal(answer(&talk, TO_FULL_FEATURE, answers), LOGIN_DONE);
		text_done(&parts);
		talk_end(&talk);
	}
	text_done(&whole);
}

static void check_reason(struct talk *talk, unsigned int flags, const char *text,
			 enum login_reason reason)
{
	assert_int_equal(answer(talk, flags, text), LOGIN_FAILED);
	assert_int_equal(outcome(talk)->reason, reason);
	assert_true(strlen(login_failure_text(talk->login)) > 5);
	assert_int_not_equal(login_failure(talk->login), ISCSI_ERR_SUCCESS);
	assert_int_equal(login_receive(talk->login, &talk->in), LOGIN_FAILED);
	talk_end(talk);
}

static void test_misused_continue(void **state)
{
	struct talk talk;

	talk_init(&talk);
	talk_start(&talk);
	check_reason(&talk, TO_FULL_FEATURE | CONTINUE, answers, LOGIN_REASON_CONTINUE);
	talk_init(&talk);
	talk.request.text_limit = 64;
	talk_start(&talk);
	check_reason(&talk, STAY_OPERATIONAL, "X-a=b ", LOGIN_REASON_CONTINUE);
	talk_init(&talk);
	talk.request.text_limit = 64;
	talk_start(&talk);
	check_reason(&talk, STAY_OPERATIONAL | CONTINUE, "", LOGIN_REASON_CONTINUE);
	talk_init(&talk);
	talk.request.text_limit = 64;
	talk_start(&talk);
	check_reason(&talk, TO_FULL_FEATURE, "", LOGIN_REASON_STAGE);
}

static void test_stages_that_do_not_follow(void **state)
{
	static const unsigned int flags[] = {STAY_SECURITY, TO_OPERATIONAL, 0x83, 0x85, 0x84, 0x86,
					     0x0c};
	struct talk talk;
	size_t i;

	for (i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		talk_init(&talk);
		talk_start(&talk);
		check_reason(&talk, flags[i], "", LOGIN_REASON_STAGE);
	}
	/* From security the next stage is the one we asked for, not the one after it. */
	talk_init(&talk);
	talk.request.use_security_stage = true;
	talk_start(&talk);
	check_reason(&talk, 0x83, "AuthMethod=None ", LOGIN_REASON_STAGE);
	/* An offer of the target's own cannot be answered after the transition. */
	talk_init(&talk);
	talk_start(&talk);
	check_reason(&talk, TO_FULL_FEATURE, "IFMarker=No ", LOGIN_REASON_STAGE);
	/* A key nobody knows is no reason to part. */
	talk_init(&talk);
	talk_start(&talk);
	assert_int_equal(answer(&talk, TO_FULL_FEATURE, "X-a=b "), LOGIN_DONE);
	talk_end(&talk);
}

static void test_header_checks(void **state)
{
	struct talk talk;

	talk_init(&talk);
	talk_start(&talk);
	talk.target.itt++;
	check_reason(&talk, TO_FULL_FEATURE, answers, LOGIN_REASON_TAG);
	talk_init(&talk);
	talk_start(&talk);
	talk.target.isid[5]++;
	check_reason(&talk, TO_FULL_FEATURE, answers, LOGIN_REASON_ISID);
	talk_init(&talk);
	talk_start(&talk);
	talk.target.tsih = 0;
	check_reason(&talk, TO_FULL_FEATURE, answers, LOGIN_REASON_TSIH);
	talk_init(&talk);
	talk.request.tsih = 98;
	talk_start(&talk);
	check_reason(&talk, TO_FULL_FEATURE, answers, LOGIN_REASON_TSIH);
	talk_init(&talk);
	talk_start(&talk);
	assert_int_equal(answer(&talk, STAY_OPERATIONAL, ""), LOGIN_SEND);
	talk.target.statsn++;
	check_reason(&talk, TO_FULL_FEATURE, answers, LOGIN_REASON_STATSN);
	talk_init(&talk);
	talk.request.tpgt = 4;
	talk_start(&talk);
	check_reason(&talk, TO_FULL_FEATURE, answers, LOGIN_REASON_PORTAL_GROUP);
	talk_init(&talk);
	talk.request.tpgt = 3;
	talk_start(&talk);
	assert_int_equal(answer(&talk, TO_FULL_FEATURE, answers), LOGIN_DONE);
	talk_end(&talk);
}

static void test_other_pdus(void **state)
{
	static const struct {
		unsigned int opcode, version;
		enum login_reason reason;
	} rows[] = {
		{ISCSI_PDU_REJECT, 0, LOGIN_REASON_REJECTED},
		{ISCSI_PDU_TEXT_RESPONSE, 0, LOGIN_REASON_OPCODE},
		{ISCSI_PDU_ASYNC_MESSAGE, 0, LOGIN_REASON_OPCODE},
		{ISCSI_PDU_LOGIN_REQUEST, 0, LOGIN_REASON_OPCODE},
		{ISCSI_PDU_LOGIN_RESPONSE, 1, LOGIN_REASON_VERSION},
	};
	struct talk talk;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		talk_init(&talk);
		talk_start(&talk);
		responder_login(&talk.target, &talk.in, TO_FULL_FEATURE, 0, "", 0);
		talk.in.bhs.opcode = (__u8)rows[i].opcode;
		talk.in.login_response.version_active = (__u8)rows[i].version;
		assert_int_equal(login_receive(talk.login, &talk.in), LOGIN_FAILED);
		assert_int_equal(outcome(&talk)->reason, rows[i].reason);
		talk_end(&talk);
	}
	/* An answer to a question that was never sent. */
	talk_init(&talk);
	talk.login = login_new(&talk.request);
	responder_login(&talk.target, &talk.in, TO_FULL_FEATURE, 0, "", 0);
	assert_int_equal(login_receive(talk.login, &talk.in), LOGIN_FAILED);
	talk_end(&talk);
}

static void test_bad_text(void **state)
{
	struct talk talk;

	talk_init(&talk);
	talk_start(&talk);
	check_reason(&talk, TO_FULL_FEATURE, "HeaderDigest=None", LOGIN_REASON_TEXT);
	talk_init(&talk);
	talk_start(&talk);
	check_reason(&talk, TO_FULL_FEATURE, "nonsense ", LOGIN_REASON_TEXT);
	talk_init(&talk);
	talk_start(&talk);
	check_reason(&talk, TO_FULL_FEATURE, "HeaderDigest=CRC32C ", LOGIN_REASON_NEGOTIATION);
	talk_init(&talk);
	talk_start(&talk);
	assert_int_equal(answer(&talk, STAY_OPERATIONAL, "MaxBurstLength=7 "), LOGIN_FAILED);
	assert_int_equal(outcome(&talk)->negotiation, NEGOTIATION_RANGE);
	assert_non_null(strstr(login_failure_text(talk.login), "MaxBurstLength"));
	talk_end(&talk);
}

/* The target offers in the operational stage; our answer goes out before the transition. */
static void test_target_offers(void **state)
{
	struct talk talk;

	talk_init(&talk);
	talk_start(&talk);
	assert_int_equal(answer(&talk, STAY_OPERATIONAL, "IFMarker=No X-a=b TaskReporting=RFC3720 "),
			 LOGIN_SEND);
	assert_true(said(&talk, "IFMarker", "Reject"));
	assert_true(said(&talk, "X-a", "NotUnderstood"));
	assert_true(said(&talk, "TaskReporting", "RFC3720"));
	assert_int_equal(talk.out.login_request.flags, 0x87);
	assert_int_equal(answer(&talk, TO_FULL_FEATURE, answers), LOGIN_DONE);
	talk_end(&talk);
}

static void test_no_progress(void **state)
{
	struct talk talk;
	int i;

	talk_init(&talk);
	talk_start(&talk);
	for (i = 1; i < LOGIN_EXCHANGE_MAX; i++)
		assert_int_equal(answer(&talk, STAY_OPERATIONAL, i % 16 ? "" : "X-a=NotUnderstood "),
				 LOGIN_SEND);
	check_reason(&talk, STAY_OPERATIONAL, "", LOGIN_REASON_NO_PROGRESS);

	talk_init(&talk);
	talk_start(&talk);
	for (i = 0; i < LOGIN_EMPTY_MAX; i++)
		assert_int_equal(answer(&talk, STAY_OPERATIONAL, ""), LOGIN_SEND);
	check_reason(&talk, STAY_OPERATIONAL, "", LOGIN_REASON_NO_PROGRESS);
}

static void test_too_much_text(void **state)
{
	struct text text = {0};
	struct talk talk;
	int i;

	/* In one turn, by the C bit. */
	while (text.len < 8000)
		text_add(&text, "X-a=b ");
	talk_init(&talk);
	talk_start(&talk);
	for (i = 0; i < 8; i++)
		assert_int_equal(answer(&talk, STAY_OPERATIONAL | CONTINUE, text.data), LOGIN_SEND);
	check_reason(&talk, STAY_OPERATIONAL | CONTINUE, text.data, LOGIN_REASON_TOO_LONG);
	/* By what we would have to answer: each unknown key costs us more than the target. */
	text_done(&text);
	while (text.len < 30000)
		text_add(&text, "X-a=b ");
	talk_init(&talk);
	talk_start(&talk);
	check_reason(&talk, STAY_OPERATIONAL, text.data, LOGIN_REASON_TOO_LONG);
	text_done(&text);
}

static void test_status_names(void **state)
{
	assert_string_equal(login_status_text(0x0203), "there is no such target");
	assert_string_equal(login_status_text(0x7777), "unknown login status");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_discovery),
		cmocka_unit_test(test_unusable_requests),
		cmocka_unit_test(test_security_without_secret),
		cmocka_unit_test(test_chap),
		cmocka_unit_test(test_mutual_chap_must_be_proven),
		cmocka_unit_test(test_method_refused),
		cmocka_unit_test(test_same_secret),
		cmocka_unit_test(test_statuses),
		cmocka_unit_test(test_redirects),
		cmocka_unit_test(test_target_continues),
		cmocka_unit_test(test_target_continues_byte_by_byte),
		cmocka_unit_test(test_we_continue),
		cmocka_unit_test(test_misused_continue),
		cmocka_unit_test(test_stages_that_do_not_follow),
		cmocka_unit_test(test_header_checks),
		cmocka_unit_test(test_other_pdus),
		cmocka_unit_test(test_bad_text),
		cmocka_unit_test(test_target_offers),
		cmocka_unit_test(test_no_progress),
		cmocka_unit_test(test_too_much_text),
		cmocka_unit_test(test_status_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
