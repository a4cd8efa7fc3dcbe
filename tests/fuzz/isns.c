/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzzer of what an iSNS server sends. First byte: 0 the attributes of an answer, 1 a stream of messages, each taken for an answer
 * and for a notice, 2 the same stream cut into single bytes. Every target that comes out must have a valid name and a portal that
 * prints and parses again, and no portal may come twice.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/isns_answer.h"
#include "lib/isns_call.h"
#include "lib/isns_notice.h"
#include "lib/name.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void check_entry(const struct sendtargets_list *list, size_t at)
{
	const struct sendtargets_entry *entry = &list->entries[at], *before = entry - 1;
	struct portal again;
	char text[PORTAL_TEXT_MAX];

	require(name_is_valid(entry->target_name));
	portal_format(&entry->portal, true, text);
	require(portal_parse(text, 1, &again) == 0 && portal_equal(&entry->portal, &again));
	require(!at || strcmp(before->target_name, entry->target_name) || !portal_equal(&before->portal, &entry->portal));
}

static void check_answer(struct isns_answer *answer)
{
	struct sendtargets_list list;

	require(answer->target_count <= ISNS_TARGETS_MAX && answer->place_count <= ISNS_PORTALS_MAX);
	if (isns_answer_list(answer, &list) < 0)
		return;
	for (size_t i = 0; i < list.count; i++)
		check_entry(&list, i);
	sendtargets_list_done(&list);
}

static void check_message(const struct isns_message *message)
{
	struct isns_answer answer = {0};
	struct isns_bytes reply = {0};

	(void)isns_answer_take(&answer, message->payload.data, message->payload.length);
	check_answer(&answer);
	isns_answer_done(&answer);
	require(isns_notice_read(message, "iqn.2026-11.org.example:a", &reply) <= 0 || reply.length >= ISNS_HEADER_BYTES);
	isns_bytes_done(&reply);
}

static void check_stream(const uint8_t *bytes, size_t len, size_t step)
{
	struct isns_reader reader;
	size_t used;

	isns_reader_init(&reader, ISNS_NOTICE_MAX);
	while (len) {
		int result = isns_reader_feed(&reader, bytes, len < step ? len : step, &used);

		if (result < 0)
			break;
		require(used > 0 && reader.message.payload.length <= ISNS_NOTICE_MAX);
		bytes += used;
		len -= used;
		if (result) {
			check_message(&reader.message);
			isns_reader_next(&reader);
		}
	}
	isns_reader_done(&reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct isns_answer answer = {0};

	if (!len)
		return 0;
	if (bytes[0] % 3) {
		check_stream(bytes + 1, len - 1, bytes[0] % 3 == 1 ? SIZE_MAX : 1);
		return 0;
	}
	(void)isns_answer_take(&answer, bytes + 1, len - 1);
	check_answer(&answer);
	isns_answer_done(&answer);
	return 0;
}
