/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a login offers through each transport: the record's settings within the limits of driver and card. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "daemon/offer.h"
#include "daemon/session.h"
#include "lib/negotiate.h"
#include "transport/user/transport.h"

#define DIGESTS (ISCSI_CAP_HDRDGST | ISCSI_CAP_DATADGST)

static struct session session;

static int make_session(void **state)
{
	record_init(&session.node, RECORD_NODE);
	return 0;
}

static int drop_session(void **state)
{
	record_done(&session.node);
	return 0;
}

static void set(enum field field, const char *text)
{
	assert_int_equal(record_set(&session.node, field, text, ORIGIN_COMMAND), 0);
}

static struct login_offer offer_of(const char *transport, uint32_t caps)
{
	struct login_offer offer;

	session.transport = transport_find(transport);
	session.transport_caps = caps;
	login_offer_init(&offer);
	offer_fill(&session, &offer);
	return offer;
}

static void test_limits_of_cards(void **state)
{
	static const struct {
		const char *transport;
		uint32_t recv, xmit, first_burst, max_burst;
		bool initial_r2t;
	} rows[] = {
		{"tcp", 262144, 0, 262144, 16776192, false},	{"cxgb3i", 8192, 0, 262144, 16776192, false},
		{"cxgb4i", 8192, 0, 262144, 16776192, false},	{"bnx2i", 262144, 0, 262144, 16776192, false},
		{"qla4xxx", 262144, 0, 262144, 16776192, false}, {"be2iscsi", 65536, 65536, 8192, 262144, true},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct login_offer offer = offer_of(rows[i].transport, DIGESTS);

		assert_int_equal(offer.max_recv_data_segment_length, rows[i].recv);
		assert_int_equal(offer.max_xmit_data_segment_length, rows[i].xmit);
		assert_int_equal(offer.first_burst_length, rows[i].first_burst);
		assert_int_equal(offer.max_burst_length, rows[i].max_burst);
		assert_int_equal(offer.initial_r2t, rows[i].initial_r2t);
		assert_false(offer.rdma_extensions);
	}
}

/* What is smaller than the card's limit stays. */
static void test_small_settings_stay(void **state)
{
	struct login_offer offer;

	set(F_NODE_CONN_ISCSI_MAX_RECV_DATA_SEGMENT_LENGTH, "4096");
	set(F_NODE_CONN_ISCSI_MAX_XMIT_DATA_SEGMENT_LENGTH, "2048");
	offer = offer_of("be2iscsi", DIGESTS);
	assert_int_equal(offer.max_recv_data_segment_length, 4096);
	assert_int_equal(offer.max_xmit_data_segment_length, 2048);
}

static void test_digests(void **state)
{
	struct login_offer offer;

	set(F_NODE_CONN_ISCSI_HEADER_DIGEST, "CRC32C");
	set(F_NODE_CONN_ISCSI_DATA_DIGEST, "CRC32C,None");
	offer = offer_of("bnx2i", DIGESTS);
	assert_int_equal(offer.header_digest, DIGEST_OFFER_CRC32C);
	assert_int_equal(offer.data_digest, DIGEST_OFFER_CRC32C_NONE);
	offer = offer_of("bnx2i", ISCSI_CAP_HDRDGST);
	assert_int_equal(offer.header_digest, DIGEST_OFFER_CRC32C);
	assert_int_equal(offer.data_digest, DIGEST_OFFER_NONE);
	offer = offer_of("iser", DIGESTS);
	assert_int_equal(offer.header_digest, DIGEST_OFFER_NONE);
	assert_int_equal(offer.data_digest, DIGEST_OFFER_NONE);
}

static void test_iser(void **state)
{
	struct login_offer offer;

	offer = offer_of("iser", 0);
	assert_true(offer.rdma_extensions);
	assert_int_equal(offer.initiator_recv_data_segment_length, 262144);
	assert_int_equal(offer.target_recv_data_segment_length, 8192);
	set(F_NODE_CONN_ISCSI_MAX_RECV_DATA_SEGMENT_LENGTH, "65536");
	set(F_NODE_CONN_ISCSI_MAX_XMIT_DATA_SEGMENT_LENGTH, "32768");
	offer = offer_of("iser", 0);
	assert_int_equal(offer.initiator_recv_data_segment_length, 65536);
	assert_int_equal(offer.target_recv_data_segment_length, 32768);
}

/* What a card that logs in by itself is told. */
static void test_proposal(void **state)
{
	struct negotiated negotiated;
	struct login_offer offer;

	set(F_NODE_CONN_ISCSI_HEADER_DIGEST, "CRC32C,None");
	set(F_NODE_SESSION_ISCSI_MAX_BURST_LENGTH, "131072");
	offer = offer_of("qla4xxx", DIGESTS);
	offer_propose(&offer, &negotiated);
	assert_true(negotiated.header_digest);
	assert_false(negotiated.data_digest);
	assert_int_equal(negotiated.max_burst_length, 131072);
	assert_int_equal(negotiated.first_burst_length, 131072);
	assert_int_equal(negotiated.max_xmit_data_segment_length, 262144);
	assert_int_equal(negotiated.target_portal_group_tag, -1);
}

#define OFFER_TEST(test) cmocka_unit_test_setup_teardown(test, make_session, drop_session)

int main(void)
{
	const struct CMUnitTest tests[] = {
		OFFER_TEST(test_limits_of_cards),
		OFFER_TEST(test_small_settings_stay),
		OFFER_TEST(test_digests),
		OFFER_TEST(test_iser),
		OFFER_TEST(test_proposal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
