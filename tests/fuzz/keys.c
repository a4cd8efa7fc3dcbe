/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzzer of text keys and of the negotiation behind them. The first byte picks the session and the stage, the rest is the
 * target's text. Whatever it says: pairs must print to a text that reads the same, and a negotiation that succeeds must end
 * with values of the RFC's ranges that do not exceed the offers.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/keys.h"
#include "lib/negotiate.h"
#include "lib/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void read_values(const struct key_pair *pair)
{
	unsigned char binary[1024];
	uint32_t number;
	size_t length;
	char text[256];
	bool yes;

	(void)key_value_bool(pair, &yes);
	(void)key_value_u32(pair, &number);
	if (key_value_binary(pair, binary, sizeof(binary), &length) == 0)
		require(length <= sizeof(binary));
	if (key_value_text(pair, text, sizeof(text)) == 0)
		require(strlen(text) == pair->value_length);
	(void)key_list_has(pair->value, pair->value_length, "CRC32C");
}

/* All pairs written anew are the same pairs. */
static void check_round_trip(const uint8_t *bytes, size_t len)
{
	struct keys_reader reader, again;
	struct key_pair pair, copy;
	struct text text = {0};

	keys_reader_init(&reader, bytes, len);
	while (keys_next(&reader, &pair) > 0) {
		read_values(&pair);
		text_add_bytes(&text, pair.name, pair.name_length);
		text_add(&text, "=");
		text_add_bytes(&text, pair.value, pair.value_length);
		text_add_bytes(&text, "", 1);
	}
	keys_reader_init(&reader, bytes, len);
	keys_reader_init(&again, text.data, text.len);
	while (keys_next(&again, &copy) > 0) {
		require(keys_next(&reader, &pair) > 0);
		require(pair.name_length == copy.name_length && pair.value_length == copy.value_length);
		require(memcmp(pair.name, copy.name, pair.name_length) == 0);
		require(memcmp(pair.value, copy.value, pair.value_length) == 0);
	}
	text_done(&text);
}

static void check_values(const struct negotiated *values, const struct login_offer *offer)
{
	require(values->max_xmit_data_segment_length >= 512 && values->max_xmit_data_segment_length <= 0xffffff);
	require(values->max_burst_length >= 512);
	require(values->max_burst_length <= offer->max_burst_length || values->max_burst_length == 262144);
	require(values->max_connections == 1 && values->error_recovery_level == 0);
	require(values->max_outstanding_r2t == 1);
	require(values->default_time2wait <= 3600 && values->default_time2retain <= 3600);
	require(values->data_pdu_in_order && values->data_sequence_in_order);
	require(!values->ifmarker && !values->ofmarker);
	require(values->target_portal_group_tag >= -1 && values->target_portal_group_tag <= 65535);
	require(memchr(values->target_alias, 0, sizeof(values->target_alias)) != NULL);
	require(memchr(values->target_address, 0, sizeof(values->target_address)) != NULL);
	if (offer->header_digest == DIGEST_OFFER_NONE)
		require(!values->header_digest && !values->data_digest);
	else
		require(values->header_digest && values->data_digest);
}

static void check_negotiation(uint8_t mode, const uint8_t *bytes, size_t len)
{
	enum iscsi_stage stage = mode & 1 ? ISCSI_STAGE_SECURITY : ISCSI_STAGE_OPERATIONAL;
	struct negotiation negotiation;
	struct keys_reader reader;
	struct login_offer offer;
	struct text text = {0};
	struct key_pair pair;

	login_offer_init(&offer);
	offer.header_digest = mode & 2 ? DIGEST_OFFER_CRC32C : DIGEST_OFFER_NONE;
	offer.data_digest = offer.header_digest;
	offer.rdma_extensions = mode & 4;
	negotiation_init(&negotiation, &offer, mode & 8);
	if (!(mode & 16))
		negotiation_offer(&negotiation, &text);
	text_done(&text);
	keys_reader_init(&reader, bytes, len);
	while (keys_next(&reader, &pair) > 0)
		if (negotiation_take(&negotiation, &pair, stage, &text) != NEGOTIATION_OK)
			goto out;
	if (!(mode & 16) && negotiation_finish(&negotiation) == NEGOTIATION_OK)
		check_values(&negotiation.values, &offer);
out:
	text_done(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	if (!len)
		return 0;
	check_round_trip(bytes + 1, len - 1);
	check_negotiation(bytes[0], bytes + 1, len - 1);
	return 0;
}
