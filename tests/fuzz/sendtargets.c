/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzzer of SendTargets: with an even first byte the rest is one text for the parser, with an odd one the byte stream of a
 * target (bit 1: header fields that must echo ours are put right). Every target in a list must have a valid name and a
 * portal that prints and parses again.
 */
#include <arpa/inet.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/name.h"
#include "lib/sendtargets.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static const struct portal here = {.address = "192.0.2.1", .port = 3260, .tpgt = 1};

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void check_list(const struct sendtargets_list *list)
{
	struct portal again;
	char text[PORTAL_TEXT_MAX];
	size_t i;

	for (i = 0; i < list->count; i++) {
		require(name_is_valid(list->entries[i].target_name));
		portal_format(&list->entries[i].portal, true, text);
		require(portal_parse(text, 1, &again) == 0 && portal_equal(&list->entries[i].portal, &again));
	}
}

static void check_text(const uint8_t *bytes, size_t len)
{
	struct sendtargets_list list;

	(void)sendtargets_parse(bytes, len, &here, &list);
	check_list(&list);
	sendtargets_list_done(&list);
}

static void put_right(struct pdu *pdu)
{
	pdu->bhs.opcode = ISCSI_PDU_TEXT_RESPONSE;
	pdu->bhs.itt = htonl(7);
}

static void check_stream(bool is_put_right, const uint8_t *bytes, size_t len)
{
	const struct sendtargets_settings settings = {.portal = here, .itt = 7};
	struct sendtargets *sendtargets = sendtargets_new(&settings);
	enum sendtargets_result result = SENDTARGETS_SEND;
	struct sendtargets_list list;
	struct pdu_reader reader;
	struct pdu out = {0};
	size_t used;

	require(sendtargets != NULL);
	pdu_reader_init(&reader, 65536);
	while (result == SENDTARGETS_SEND || result == SENDTARGETS_WAIT) {
		if (result == SENDTARGETS_SEND)
			require(sendtargets_pdu(sendtargets, &out) == 0);
		if (pdu_reader_feed(&reader, bytes, len, &used) <= 0)
			break;
		bytes += used;
		len -= used;
		if (is_put_right)
			put_right(&reader.pdu);
		result = sendtargets_receive(sendtargets, &reader.pdu);
		pdu_reader_next(&reader);
	}
	sendtargets_take(sendtargets, &list);
	check_list(&list);
	sendtargets_list_done(&list);
	sendtargets_free(sendtargets);
	pdu_reader_done(&reader);
	pdu_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	if (!len)
		return 0;
	if (bytes[0] & 1)
		check_stream(bytes[0] & 2, bytes + 1, len - 1);
	else
		check_text(bytes + 1, len - 1);
	return 0;
}
