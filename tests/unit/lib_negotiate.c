/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The whole matrix of operational negotiation: each row, each kind of answer, both directions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/negotiate.h"
#include "lib/text.h"

struct talk {
	struct login_offer offer;
	struct negotiation negotiation;
	struct text offered, answers;
};

static void talk_start(struct talk *talk, const struct login_offer *offer, bool is_discovery)
{
	memset(talk, 0, sizeof(*talk));
	if (offer)
		talk->offer = *offer;
	else
		login_offer_init(&talk->offer);
	negotiation_init(&talk->negotiation, &talk->offer, is_discovery);
	negotiation_offer(&talk->negotiation, &talk->offered);
}

static void talk_end(struct talk *talk)
{
	text_done(&talk->offered);
	text_done(&talk->answers);
}

static enum negotiation_error say_in(struct talk *talk, const char *name, const char *value,
				     enum iscsi_stage stage)
{
	struct key_pair pair = {name, strlen(name), value, strlen(value)};

	return negotiation_take(&talk->negotiation, &pair, stage, &talk->answers);
}

static enum negotiation_error say(struct talk *talk, const char *name, const char *value)
{
	return say_in(talk, name, value, ISCSI_STAGE_OPERATIONAL);
}

/* Is name=value (value NULL: any) one of the pairs of text? */
static bool text_has(const struct text *text, const char *name, const char *value)
{
	struct keys_reader reader;
	struct key_pair pair;

	keys_reader_init(&reader, text->data, text->len);
	while (keys_next(&reader, &pair) > 0)
		if (key_pair_is(&pair, name) && (!value || key_value_is(&pair, value)))
			return true;
	return false;
}

static void test_offers(void **state)
{
	static const char *const want[][2] = {
		{"HeaderDigest", "None"},
		{"DataDigest", "None"},
		{"MaxConnections", "1"},
		{"InitialR2T", "No"},
		{"ImmediateData", "Yes"},
		{"MaxRecvDataSegmentLength", "262144"},
		{"MaxBurstLength", "16776192"},
		{"FirstBurstLength", "262144"},
		{"DefaultTime2Wait", "2"},
		{"DefaultTime2Retain", "0"},
		{"MaxOutstandingR2T", "1"},
		{"DataPDUInOrder", "Yes"},
		{"DataSequenceInOrder", "Yes"},
		{"ErrorRecoveryLevel", "0"},
	};
	struct keys_reader reader;
	struct key_pair pair;
	struct talk talk;
	size_t i;

	talk_start(&talk, NULL, false);
	keys_reader_init(&reader, talk.offered.data, talk.offered.len);
	for (i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		assert_int_equal(keys_next(&reader, &pair), 1);
		assert_true(key_pair_is(&pair, want[i][0]));
		assert_true(key_value_is(&pair, want[i][1]));
	}
	assert_int_equal(keys_next(&reader, &pair), 0);
	talk_end(&talk);
}

static void test_discovery_offers_less(void **state)
{
	struct talk talk;

	talk_start(&talk, NULL, true);
	assert_true(text_has(&talk.offered, "MaxRecvDataSegmentLength", "262144"));
	assert_true(text_has(&talk.offered, "ErrorRecoveryLevel", "0"));
	assert_false(text_has(&talk.offered, "InitialR2T", NULL));
	assert_false(text_has(&talk.offered, "MaxBurstLength", NULL));
	assert_int_equal(say(&talk, "InitialR2T", "No"), NEGOTIATION_OK);
	assert_true(text_has(&talk.answers, "InitialR2T", "Irrelevant"));
	assert_int_equal(negotiation_finish(&talk.negotiation), NEGOTIATION_OK);
	talk_end(&talk);
}

/* What a pure function of the row says about an offer and an answer. */
static uint32_t expect(const struct key *key, uint32_t offer, uint32_t answer)
{
	if (key->result == KEY_RESULT_AND || key->result == KEY_RESULT_MIN)
		return offer < answer ? offer : answer;
	return offer > answer ? offer : answer;
}

static const struct {
	const char *name;
	size_t offer, value;
} numbers[] = {
#define IN_BOTH(field) offsetof(struct login_offer, field), offsetof(struct negotiated, field)
#define IN_RESULT(field) SIZE_MAX, SIZE_MAX
#define IN_NONE SIZE_MAX, SIZE_MAX
#define KEY(no, key_name, field, ...) {#key_name, field},
#include "transport/abi/keys.def"
#undef KEY
};

static void check_bool_row(unsigned int row)
{
	const struct key *key = &keys_table[row];
	int offer, answer;

	for (offer = 0; offer < 2; offer++)
		for (answer = 0; answer < 2; answer++) {
			struct login_offer offers;
			struct talk talk;
			enum negotiation_error error;
			bool value;

			login_offer_init(&offers);
			*((bool *)&offers + numbers[row].offer) = offer;
			talk_start(&talk, &offers, false);
			error = say(&talk, key->name, answer ? "Yes" : "No");
			value = *((bool *)&talk.negotiation.values + numbers[row].value);
			if (expect(key, (uint32_t)offer, (uint32_t)answer) == (uint32_t)answer) {
				assert_int_equal(error, NEGOTIATION_OK);
				assert_int_equal(value, answer);
			} else {
				assert_int_equal(error, NEGOTIATION_CONTRADICTS);
			}
			talk_end(&talk);
		}
}

static void check_number(unsigned int row, uint32_t offer, int64_t answer)
{
	const struct key *key = &keys_table[row];
	struct login_offer offers;
	struct talk talk;
	enum negotiation_error error, want = NEGOTIATION_OK;
	char text[32];
	uint32_t value;

	login_offer_init(&offers);
	memcpy((char *)&offers + numbers[row].offer, &offer, sizeof(offer));
	talk_start(&talk, &offers, false);
	snprintf(text, sizeof(text), "%lld", (long long)answer);
	error = say(&talk, key->name, text);
	if (answer < 0)
		want = NEGOTIATION_VALUE;
	else if (answer < key->min || answer > key->max)
		want = NEGOTIATION_RANGE;
	else if (expect(key, offer, (uint32_t)answer) != (uint32_t)answer)
		want = NEGOTIATION_CONTRADICTS;
	assert_int_equal(error, want);
	if (!error) {
		memcpy(&value, (char *)&talk.negotiation.values + numbers[row].value,
		       sizeof(value));
		assert_int_equal(value, answer);
	}
	talk_end(&talk);
}

static void check_u32_row(unsigned int row)
{
	const struct key *key = &keys_table[row];
	const uint32_t middle = key->min + (key->max - key->min) / 2;
	const uint32_t offers[] = {key->min, middle, key->max};
	unsigned int i, j;

	for (i = 0; i < 3; i++) {
		const int64_t offer = offers[i];
		const int64_t answers[] = {(int64_t)key->min - 1, key->min, offer - 1, offer,
					   offer + 1, key->max, (int64_t)key->max + 1,
					   4294967296};

		for (j = 0; j < sizeof(answers) / sizeof(answers[0]); j++)
			check_number(row, offers[i], answers[j]);
	}
}

static void test_matrix_of_answers(void **state)
{
	unsigned int i, rows = 0;

	for (i = 0; i < keys_count; i++) {
		const struct key *key = &keys_table[i];

		if (numbers[i].offer == SIZE_MAX || key->result == KEY_RESULT_DECLARED ||
		    key->irrelevant == KEY_IRRELEVANT_NOT_RDMA)
			continue;
		if (key->type == KEY_TYPE_BOOL)
			check_bool_row(i);
		else if (key->type == KEY_TYPE_U32)
			check_u32_row(i);
		else
			continue;
		rows++;
	}
	assert_int_equal(rows, 11);
}

static void test_digests(void **state)
{
	static const struct {
		enum digest_offer offer;
		const char *answer;
		enum negotiation_error error;
		bool value;
	} rows[] = {
		{DIGEST_OFFER_NONE, "None", NEGOTIATION_OK, false},
		{DIGEST_OFFER_NONE, "CRC32C", NEGOTIATION_NOT_OFFERED, false},
		{DIGEST_OFFER_NONE, "Reject", NEGOTIATION_OK, false},
		{DIGEST_OFFER_NONE, "NotUnderstood", NEGOTIATION_OK, false},
		{DIGEST_OFFER_CRC32C, "CRC32C", NEGOTIATION_OK, true},
		{DIGEST_OFFER_CRC32C, "None", NEGOTIATION_NOT_OFFERED, false},
		{DIGEST_OFFER_CRC32C, "Reject", NEGOTIATION_REJECTED, false},
		{DIGEST_OFFER_CRC32C_NONE, "CRC32C", NEGOTIATION_OK, true},
		{DIGEST_OFFER_CRC32C_NONE, "None", NEGOTIATION_OK, false},
		{DIGEST_OFFER_CRC32C_NONE, "CRC32C,None", NEGOTIATION_NOT_OFFERED, false},
		{DIGEST_OFFER_CRC32C_NONE, "Reject", NEGOTIATION_OK, false},
		{DIGEST_OFFER_NONE_CRC32C, "CRC32C", NEGOTIATION_OK, true},
		{DIGEST_OFFER_NONE_CRC32C, "SHA1", NEGOTIATION_NOT_OFFERED, false},
		{DIGEST_OFFER_NONE_CRC32C, "", NEGOTIATION_NOT_OFFERED, false},
	};
	struct login_offer offers;
	struct talk talk;
	unsigned int i;

	login_offer_init(&offers);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		offers.header_digest = rows[i].offer;
		offers.data_digest = rows[i].offer;
		talk_start(&talk, &offers, false);
		assert_true(text_has(&talk.offered, "DataDigest", digest_offer_text(rows[i].offer)));
		assert_int_equal(say(&talk, "HeaderDigest", rows[i].answer), rows[i].error);
		assert_int_equal(say(&talk, "DataDigest", rows[i].answer), rows[i].error);
		assert_int_equal(talk.negotiation.values.header_digest, rows[i].value);
		assert_int_equal(talk.negotiation.values.data_digest, rows[i].value);
		talk_end(&talk);
	}
}

static void test_digest_names(void **state)
{
	enum digest_offer offer, back;

	for (offer = DIGEST_OFFER_NONE; offer <= DIGEST_OFFER_NONE_CRC32C; offer++) {
		assert_int_equal(digest_offer_parse(digest_offer_text(offer), &back), 0);
		assert_int_equal(offer, back);
	}
	assert_int_equal(digest_offer_parse("crc32c", &back), -EINVAL);
	assert_int_equal(digest_offer_parse("", &back), -EINVAL);
}

/* Reject, Irrelevant and NotUnderstood: the RFC's default holds if we can live with it. */
static void test_reserved_answers(void **state)
{
	static const struct {
		const char *name, *answer;
		enum negotiation_error error;
	} rows[] = {
		{"ImmediateData", "Reject", NEGOTIATION_OK},
		{"InitialR2T", "NotUnderstood", NEGOTIATION_OK},
		{"MaxBurstLength", "Reject", NEGOTIATION_OK},
		{"FirstBurstLength", "Irrelevant", NEGOTIATION_OK},
		{"DefaultTime2Retain", "Irrelevant", NEGOTIATION_OK},
		{"DefaultTime2Retain", "Reject", NEGOTIATION_OK},
		{"ErrorRecoveryLevel", "NotUnderstood", NEGOTIATION_OK},
		{"MaxRecvDataSegmentLength", "Reject", NEGOTIATION_VALUE},
		{"InitialR2T", "Maybe", NEGOTIATION_VALUE},
		{"MaxBurstLength", "lots", NEGOTIATION_VALUE},
		{"MaxBurstLength", "512,1024", NEGOTIATION_VALUE},
		{"MaxBurstLength", "0x10000", NEGOTIATION_OK},
	};
	struct talk talk;
	unsigned int i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		talk_start(&talk, NULL, false);
		assert_int_equal(say(&talk, rows[i].name, rows[i].answer), rows[i].error);
		assert_int_equal(talk.answers.len, 0);
		talk_end(&talk);
	}
	talk_start(&talk, NULL, false);
	assert_int_equal(say(&talk, "InitialR2T", "Reject"), NEGOTIATION_OK);
	assert_true(talk.negotiation.values.initial_r2t);
	assert_int_equal(say(&talk, "MaxBurstLength", "NotUnderstood"), NEGOTIATION_OK);
	assert_int_equal(talk.negotiation.values.max_burst_length, 262144);
	assert_int_equal(say(&talk, "DefaultTime2Retain", "Reject"), NEGOTIATION_OK);
	assert_int_equal(talk.negotiation.values.default_time2retain, 0);
	talk_end(&talk);
}

static void test_duplicates_and_stages(void **state)
{
	struct talk talk;

	talk_start(&talk, NULL, false);
	assert_int_equal(say(&talk, "ImmediateData", "Yes"), NEGOTIATION_OK);
	assert_int_equal(say(&talk, "ImmediateData", "Yes"), NEGOTIATION_DUPLICATE);
	assert_int_equal(say(&talk, "MaxRecvDataSegmentLength", "8192"), NEGOTIATION_OK);
	assert_int_equal(say(&talk, "MaxRecvDataSegmentLength", "8192"), NEGOTIATION_DUPLICATE);
	assert_int_equal(say(&talk, "TargetAddress", "192.0.2.1:3260,1"), NEGOTIATION_OK);
	assert_int_equal(say(&talk, "TargetAddress", "192.0.2.2:3260,1"), NEGOTIATION_OK);
	assert_int_equal(say(&talk, "TargetAlias", "a"), NEGOTIATION_OK);
	assert_int_equal(say(&talk, "TargetAlias", "a"), NEGOTIATION_OK);
	assert_int_equal(say(&talk, "AuthMethod", "None"), NEGOTIATION_STAGE);
	assert_int_equal(say(&talk, "CHAP_R", "0x00"), NEGOTIATION_STAGE);
	assert_int_equal(say(&talk, "SendTargets", "All"), NEGOTIATION_STAGE);
	assert_int_equal(say(&talk, "InitiatorName", "iqn.x:y"), NEGOTIATION_SENDER);
	assert_int_equal(say(&talk, "InitiatorAlias", "NotUnderstood"), NEGOTIATION_OK);
	assert_int_equal(say(&talk, "InitiatorName", "NotUnderstood"), NEGOTIATION_REJECTED);
	assert_int_equal(say_in(&talk, "InitialR2T", "No", ISCSI_STAGE_SECURITY),
			 NEGOTIATION_STAGE);
	assert_int_equal(say_in(&talk, "TargetPortalGroupTag", "7", ISCSI_STAGE_SECURITY),
			 NEGOTIATION_OK);
	assert_int_equal(talk.negotiation.values.target_portal_group_tag, 7);
	assert_string_equal(talk.negotiation.values.target_alias, "a");
	assert_string_equal(talk.negotiation.values.target_address, "192.0.2.2:3260,1");
	talk_end(&talk);
}

static void test_declarations(void **state)
{
	char alias[300];
	struct talk talk;

	talk_start(&talk, NULL, false);
	assert_int_equal(say(&talk, "TargetPortalGroupTag", "65536"), NEGOTIATION_RANGE);
	talk_end(&talk);
	talk_start(&talk, NULL, false);
	memset(alias, 'x', 255);
	alias[255] = 0;
	assert_int_equal(say(&talk, "TargetAlias", alias), NEGOTIATION_OK);
	assert_string_equal(talk.negotiation.values.target_alias, alias);
	talk_end(&talk);
	talk_start(&talk, NULL, false);
	memset(alias, 'x', 256);
	alias[256] = 0;
	assert_int_equal(say(&talk, "TargetAlias", alias), NEGOTIATION_RANGE);
	assert_int_equal(say(&talk, "MaxRecvDataSegmentLength", "511"), NEGOTIATION_RANGE);
	talk_end(&talk);
}

/* The target speaks first: our value and the function make the answer. */
static void test_offers_of_the_target(void **state)
{
	static const struct {
		const char *name, *offer, *answer;
	} rows[] = {
		{"IFMarker", "Yes", "Reject"},
		{"OFMarker", "No", "Reject"},
		{"IFMarkInt", "2048~8192", "Reject"},
		{"OFMarkInt", "2048~8192", "Reject"},
		{"TaskReporting", "FastAbort,ResponseFence,RFC3720", "RFC3720"},
		{"TaskReporting", "FastAbort", "Reject"},
		{"iSCSIProtocolLevel", "2", "1"},
		{"iSCSIProtocolLevel", "0", "0"},
		{"iSCSIProtocolLevel", "32", "Reject"},
		{"RDMAExtensions", "Yes", "Irrelevant"},
		{"X-com.example.turbo", "Yes", "NotUnderstood"},
		{"Nonsense", "1", "NotUnderstood"},
	};
	struct talk talk;
	unsigned int i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		talk_start(&talk, NULL, false);
		assert_int_equal(say(&talk, rows[i].name, rows[i].offer), NEGOTIATION_OK);
		assert_true(text_has(&talk.answers, rows[i].name, rows[i].answer));
		assert_int_equal(negotiation_finish(&talk.negotiation), NEGOTIATION_OK);
		talk_end(&talk);
	}
	/* No answer to an answer, and none to a declaration. */
	talk_start(&talk, NULL, false);
	assert_int_equal(say(&talk, "X-com.example.turbo", "NotUnderstood"), NEGOTIATION_OK);
	assert_int_equal(say(&talk, "X#NodeArchitecture", "Linux"), NEGOTIATION_OK);
	assert_int_equal(talk.answers.len, 0);
	talk_end(&talk);
}

/* The same keys, but we had not offered them. */
static void test_answers_where_we_were_silent(void **state)
{
	static const struct {
		const char *name, *offer, *answer;
	} rows[] = {
		{"InitialR2T", "Yes", "Yes"},
		{"InitialR2T", "No", "No"},
		{"ImmediateData", "No", "No"},
		{"ImmediateData", "Perhaps", "Reject"},
		{"MaxBurstLength", "65536", "65536"},
		{"MaxBurstLength", "16777215", "16776192"},
		{"MaxBurstLength", "16777216", "Reject"},
		{"DefaultTime2Wait", "1", "2"},
		{"DefaultTime2Wait", "9", "9"},
		{"HeaderDigest", "CRC32C,None", "None"},
		{"HeaderDigest", "CRC32C", "Reject"},
	};
	struct talk talk;
	unsigned int i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		memset(&talk, 0, sizeof(talk));
		login_offer_init(&talk.offer);
		negotiation_init(&talk.negotiation, &talk.offer, false);
		assert_int_equal(say(&talk, rows[i].name, rows[i].offer), NEGOTIATION_OK);
		assert_true(text_has(&talk.answers, rows[i].name, rows[i].answer));
		assert_int_equal(say(&talk, rows[i].name, rows[i].offer), NEGOTIATION_DUPLICATE);
		talk_end(&talk);
	}
}

static void test_segment_lengths(void **state)
{
	static const struct {
		uint32_t limit;
		const char *declared;
		uint32_t xmit;
	} rows[] = {
		{0, NULL, 8192},      {0, "65536", 65536},    {0, "512", 512},
		{4096, NULL, 4096},   {4096, "65536", 4096},  {131072, "65536", 65536},
	};
	struct login_offer offers;
	struct talk talk;
	unsigned int i;

	login_offer_init(&offers);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		offers.max_xmit_data_segment_length = rows[i].limit;
		talk_start(&talk, &offers, false);
		if (rows[i].declared)
			assert_int_equal(
				say(&talk, "MaxRecvDataSegmentLength", rows[i].declared),
				NEGOTIATION_OK);
		assert_int_equal(negotiation_finish(&talk.negotiation), NEGOTIATION_OK);
		assert_int_equal(talk.negotiation.values.max_xmit_data_segment_length,
				 rows[i].xmit);
		assert_int_equal(talk.negotiation.values.max_recv_data_segment_length, 262144);
		talk_end(&talk);
	}
}

static void test_bursts(void **state)
{
	static const struct {
		const char *initial_r2t, *immediate_data, *max_burst, *first_burst;
		enum negotiation_error error;
	} rows[] = {
		{"No", "Yes", "65536", "65536", NEGOTIATION_OK},
		{"No", "Yes", "65536", "65537", NEGOTIATION_BURSTS},
		{"Yes", "Yes", "65536", "131072", NEGOTIATION_BURSTS},
		{"No", "No", "65536", "131072", NEGOTIATION_BURSTS},
		{"Yes", "No", "65536", "131072", NEGOTIATION_OK},
		{"Yes", "No", "65536", "Irrelevant", NEGOTIATION_OK},
	};
	struct talk talk;
	unsigned int i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		talk_start(&talk, NULL, false);
		assert_int_equal(say(&talk, "InitialR2T", rows[i].initial_r2t), 0);
		assert_int_equal(say(&talk, "ImmediateData", rows[i].immediate_data), 0);
		assert_int_equal(say(&talk, "MaxBurstLength", rows[i].max_burst), 0);
		assert_int_equal(say(&talk, "FirstBurstLength", rows[i].first_burst), 0);
		assert_int_equal(negotiation_finish(&talk.negotiation), rows[i].error);
		talk_end(&talk);
	}
}

static void test_unanswered(void **state)
{
	struct login_offer offers;
	struct talk talk;

	/* Nothing is answered: what is safe with a target that goes by the defaults. */
	login_offer_init(&offers);
	talk_start(&talk, &offers, false);
	assert_int_equal(negotiation_finish(&talk.negotiation), NEGOTIATION_OK);
	assert_true(talk.negotiation.values.initial_r2t);
	assert_int_equal(talk.negotiation.values.max_burst_length, 262144);
	assert_int_equal(talk.negotiation.values.first_burst_length, 65536);
	talk_end(&talk);
	offers.header_digest = DIGEST_OFFER_CRC32C;
	talk_start(&talk, &offers, false);
	assert_int_equal(negotiation_finish(&talk.negotiation), NEGOTIATION_UNANSWERED);
	talk_end(&talk);
}

static void test_iser(void **state)
{
	struct login_offer offers;
	struct talk talk;

	login_offer_init(&offers);
	offers.rdma_extensions = true;
	talk_start(&talk, &offers, false);
	assert_true(text_has(&talk.offered, "RDMAExtensions", "Yes"));
	assert_false(text_has(&talk.offered, "MaxRecvDataSegmentLength", NULL));
	assert_int_equal(say(&talk, "RDMAExtensions", "Yes"), 0);
	assert_int_equal(say(&talk, "TargetRecvDataSegmentLength", "65536"), 0);
	assert_int_equal(say(&talk, "InitiatorRecvDataSegmentLength", "131072"), 0);
	assert_int_equal(say(&talk, "DefaultTime2Retain", "0"), 0);
	assert_int_equal(negotiation_finish(&talk.negotiation), 0);
	assert_int_equal(talk.negotiation.values.max_xmit_data_segment_length, 65536);
	assert_int_equal(talk.negotiation.values.max_recv_data_segment_length, 131072);
	talk_end(&talk);
}

/* RFC 7145 6.7: the target says how much it can take unasked; it is no answer and needs none. */
static void test_iser_declarations(void **state)
{
	struct login_offer offers;
	struct talk talk;

	login_offer_init(&offers);
	offers.rdma_extensions = true;
	talk_start(&talk, &offers, false);
	assert_false(text_has(&talk.offered, "MaxOutstandingUnexpectedPDUs", NULL));
	assert_int_equal(say(&talk, "MaxOutstandingUnexpectedPDUs", "16"), NEGOTIATION_OK);
	assert_int_equal(talk.answers.len, 0);
	assert_int_equal(say(&talk, "RDMAExtensions", "Yes"), 0);
	assert_int_equal(negotiation_finish(&talk.negotiation), 0);
	talk_end(&talk);
	talk_start(&talk, &offers, false);
	assert_int_equal(say(&talk, "MaxOutstandingUnexpectedPDUs", "4294967295"), NEGOTIATION_RANGE);
	talk_end(&talk);
	/* Over TCP it means nothing. */
	talk_start(&talk, NULL, false);
	assert_int_equal(say(&talk, "MaxOutstandingUnexpectedPDUs", "16"), NEGOTIATION_OK);
	assert_true(text_has(&talk.answers, "MaxOutstandingUnexpectedPDUs", "Irrelevant"));
	talk_end(&talk);
}

/* A target that does not do iSER: the lengths of RFC 7145 fall back to what is safe. */
static void test_iser_refused(void **state)
{
	struct login_offer offers;
	struct talk talk;

	login_offer_init(&offers);
	offers.rdma_extensions = true;
	talk_start(&talk, &offers, false);
	assert_int_equal(say(&talk, "RDMAExtensions", "No"), 0);
	assert_int_equal(say(&talk, "TargetRecvDataSegmentLength", "Irrelevant"), 0);
	assert_int_equal(say(&talk, "InitiatorRecvDataSegmentLength", "NotUnderstood"), 0);
	assert_int_equal(negotiation_finish(&talk.negotiation), 0);
	assert_false(talk.negotiation.values.rdma_extensions);
	assert_int_equal(talk.negotiation.values.max_xmit_data_segment_length, 8192);
	assert_int_equal(talk.negotiation.values.max_recv_data_segment_length, 8192);
	talk_end(&talk);
}

static void test_clamp(void **state)
{
	struct login_offer offer;

	login_offer_init(&offer);
	assert_int_equal(login_offer_clamp(&offer), 0);
	offer.max_burst_length = 100;
	offer.first_burst_length = 70001;
	offer.max_recv_data_segment_length = 0xffffffff;
	offer.max_xmit_data_segment_length = 3;
	offer.default_time2wait = 4000;
	offer.max_outstanding_r2t = 0;
	offer.error_recovery_level = 9;
	assert_int_equal(login_offer_clamp(&offer), 8);
	assert_int_equal(offer.max_burst_length, 512);
	assert_int_equal(offer.first_burst_length, 512);
	assert_int_equal(offer.max_recv_data_segment_length, 16777212);
	assert_int_equal(offer.max_xmit_data_segment_length, 512);
	assert_int_equal(offer.default_time2wait, 3600);
	assert_int_equal(offer.max_outstanding_r2t, 1);
	assert_int_equal(offer.error_recovery_level, 2);
	assert_int_equal(login_offer_clamp(&offer), 0);
}

static void test_sentences(void **state)
{
	enum negotiation_error error;

	for (error = NEGOTIATION_OK; error <= NEGOTIATION_MEMORY; error++)
		assert_true(strlen(negotiation_error_text(error)) > 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_offers),
		cmocka_unit_test(test_discovery_offers_less),
		cmocka_unit_test(test_matrix_of_answers),
		cmocka_unit_test(test_digests),
		cmocka_unit_test(test_digest_names),
		cmocka_unit_test(test_reserved_answers),
		cmocka_unit_test(test_duplicates_and_stages),
		cmocka_unit_test(test_declarations),
		cmocka_unit_test(test_offers_of_the_target),
		cmocka_unit_test(test_answers_where_we_were_silent),
		cmocka_unit_test(test_segment_lengths),
		cmocka_unit_test(test_bursts),
		cmocka_unit_test(test_unanswered),
		cmocka_unit_test(test_iser),
		cmocka_unit_test(test_iser_declarations),
		cmocka_unit_test(test_iser_refused),
		cmocka_unit_test(test_clamp),
		cmocka_unit_test(test_sentences),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
