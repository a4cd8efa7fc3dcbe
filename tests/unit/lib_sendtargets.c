/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The SendTargets exchange in one and in many responses, and the parser of its answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/sendtargets.h"
#include "lib/text.h"
#include "tests/target/responder.h"

static const struct portal here = {.address = "192.0.2.1", .port = 3260, .tpgt = 1};

static const char answer[] = "TargetName=iqn.2024-01.example:a TargetAddress=192.0.2.1:3260,1 "
			     "TargetAddress=[2001:db8::1]:3260,1 TargetName=iqn.2024-01.example:b "
			     "TargetAddress=store.example:3261,2 TargetName=iqn.2024-01.example:c ";

static void parse(const char *text, struct sendtargets_list *list, int want)
{
	char copy[4096];
	size_t i, length = strlen(text);

	for (i = 0; i < length; i++)
		copy[i] = text[i] == ' ' ? 0 : text[i];
	assert_int_equal(sendtargets_parse(copy, length, &here, list), want);
}

static void check_entry(const struct sendtargets_list *list, size_t at, const char *name,
			const char *portal)
{
	char text[PORTAL_TEXT_MAX];

	assert_true(at < list->count);
	assert_string_equal(list->entries[at].target_name, name);
	assert_string_equal(portal_format(&list->entries[at].portal, true, text), portal);
}

static void check_answer(const struct sendtargets_list *list)
{
	assert_int_equal(list->count, 4);
	assert_int_equal(list->refused, 0);
	check_entry(list, 0, "iqn.2024-01.example:a", "192.0.2.1:3260,1");
	check_entry(list, 1, "iqn.2024-01.example:a", "[2001:db8::1]:3260,1");
	check_entry(list, 2, "iqn.2024-01.example:b", "store.example:3261,2");
	check_entry(list, 3, "iqn.2024-01.example:c", "192.0.2.1:3260,-1");
	assert_ptr_equal(list->entries[0].target_name, list->entries[1].target_name);
}

static void test_parse(void **state)
{
	struct sendtargets_list list;

	parse(answer, &list, 0);
	check_answer(&list);
	sendtargets_list_done(&list);
	assert_int_equal(sendtargets_parse(NULL, 0, &here, &list), 0);
	assert_int_equal(list.count, 0);
	sendtargets_list_done(&list);
	parse("TargetName=eui.02004567A425678D TargetAddress=10.0.0.1 X-a=b ", &list, 0);
	assert_int_equal(list.count, 1);
	check_entry(&list, 0, "eui.02004567A425678D", "10.0.0.1:3260,-1");
	sendtargets_list_done(&list);
}

static void test_refused(void **state)
{
	static const char *const names[] = {"iqn.2024-01.example:a/b", "iqn.2024-01.example:a;b",
					    "iqn.2024-01.example:a_b", "iqn.2024-01.example:\x01",
					    "", "..", "iqn.2024-01.example:a\x7f"};
	struct sendtargets_list list;
	char text[256];
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(text, sizeof(text),
			 "TargetName=%s TargetAddress=192.0.2.1:3260,1 "
			 "TargetName=iqn.2024-01.example:good TargetAddress=192.0.2.1:3260,1 ",
			 names[i]);
		parse(text, &list, 0);
		assert_int_equal(list.count, 1);
		assert_int_equal(list.refused, 1);
		check_entry(&list, 0, "iqn.2024-01.example:good", "192.0.2.1:3260,1");
		sendtargets_list_done(&list);
	}
	/* The addresses of a refused target are nobody's, least of all the one's before it. */
	parse("TargetName=iqn.2024-01.example:a TargetAddress=192.0.2.1:3260,1 "
	      "TargetName=iqn.2024-01.example:b/c TargetAddress=192.0.2.2:3260,1 ",
	      &list, 0);
	assert_int_equal(list.count, 1);
	assert_int_equal(list.refused, 1);
	check_entry(&list, 0, "iqn.2024-01.example:a", "192.0.2.1:3260,1");
	sendtargets_list_done(&list);
	/* A bad address does not become "the portal that was asked". */
	parse("TargetName=iqn.2024-01.example:a TargetAddress=[2001:db8::1 ", &list, 0);
	assert_int_equal(list.count, 0);
	assert_int_equal(list.refused, 1);
	sendtargets_list_done(&list);
}

static void test_broken_text(void **state)
{
	struct sendtargets_list list;

	parse("TargetAddress=192.0.2.1:3260,1 ", &list, -EPROTO);
	sendtargets_list_done(&list);
	parse("TargetName=iqn.2024-01.example:a TargetAddr", &list, -EPROTO);
	sendtargets_list_done(&list);
	parse("nonsense ", &list, -EPROTO);
	sendtargets_list_done(&list);
}

struct talk {
	struct sendtargets *sendtargets;
	struct responder target;
	struct pdu out, in;
};

static void talk_start(struct talk *talk, const char *what)
{
	struct sendtargets_settings settings = {
		.portal = here, .what = what, .cmdsn = 5, .exp_statsn = 1001, .itt = 7};

	memset(talk, 0, sizeof(*talk));
	talk->target.statsn = 1001;
	talk->sendtargets = sendtargets_new(&settings);
	assert_non_null(talk->sendtargets);
	assert_int_equal(sendtargets_pdu(talk->sendtargets, &talk->out), 0);
}

static void talk_end(struct talk *talk)
{
	sendtargets_free(talk->sendtargets);
	pdu_done(&talk->out);
	pdu_done(&talk->in);
}

static enum sendtargets_result say(struct talk *talk, unsigned int flags, uint32_t ttt,
				   const char *text, size_t length)
{
	enum sendtargets_result result;

	responder_text(&talk->target, &talk->in, flags, 7, ttt, text, length);
	result = sendtargets_receive(talk->sendtargets, &talk->in);
	if (result == SENDTARGETS_SEND)
		assert_int_equal(sendtargets_pdu(talk->sendtargets, &talk->out), 0);
	return result;
}

static void test_question(void **state)
{
	const struct iscsi_bhs_text_request *bhs;
	struct talk talk;

	talk_start(&talk, NULL);
	bhs = &talk.out.text_request;
	assert_int_equal(bhs->opcode, 0x04);
	assert_int_equal(bhs->flags, 0x80);
	assert_int_equal(ntohl(bhs->itt), 7);
	assert_int_equal(ntohl(bhs->ttt), ISCSI_TAG_NONE);
	assert_int_equal(ntohl(bhs->cmdsn), 5);
	assert_int_equal(ntohl(bhs->exp_statsn), 1001);
	assert_int_equal(talk.out.data_length, 16);
	assert_memory_equal(talk.out.data, "SendTargets=All", 16);
	assert_int_equal(sendtargets_pdu(talk.sendtargets, &talk.out), -EINVAL);
	talk_end(&talk);
	talk_start(&talk, "");
	assert_memory_equal(talk.out.data, "SendTargets=", 13);
	talk_end(&talk);
}

static void check_done(struct talk *talk)
{
	struct sendtargets_list list;

	sendtargets_take(talk->sendtargets, &list);
	check_answer(&list);
	sendtargets_list_done(&list);
	talk_end(talk);
}

static void test_one_response(void **state)
{
	struct talk talk;

	talk_start(&talk, NULL);
	assert_int_equal(say(&talk, 0x80, ISCSI_TAG_NONE, answer, strlen(answer)),
			 SENDTARGETS_DONE);
	check_done(&talk);
}

/* Two responses cut at every byte, by the C bit and by F=0. */
static void test_cut_anywhere(void **state)
{
	struct talk talk;
	size_t cut;

	for (cut = 0; cut <= strlen(answer); cut++) {
		talk_start(&talk, NULL);
		assert_int_equal(say(&talk, cut % 2 ? 0x40 : 0, 0x55, answer, cut),
				 SENDTARGETS_SEND);
		assert_int_equal(talk.out.data_length, 0);
		assert_int_equal(ntohl(talk.out.text_request.ttt), 0x55);
		assert_int_equal(talk.out.text_request.lun[1], 5);
		assert_int_equal(ntohl(talk.out.text_request.cmdsn), 6);
		assert_int_equal(ntohl(talk.out.text_request.exp_statsn), 1002);
		assert_int_equal(
			say(&talk, 0x80, ISCSI_TAG_NONE, answer + cut, strlen(answer) - cut),
			SENDTARGETS_DONE);
		check_done(&talk);
	}
}

static void test_many_responses(void **state)
{
	struct talk talk;
	size_t i;

	talk_start(&talk, NULL);
	for (i = 0; i + 1 < strlen(answer); i++)
		assert_int_equal(say(&talk, 0x40, 9, answer + i, 1), SENDTARGETS_SEND);
	assert_int_equal(say(&talk, 0x80, ISCSI_TAG_NONE, answer + i, 1), SENDTARGETS_DONE);
	check_done(&talk);
}

static void test_ten_thousand_targets(void **state)
{
	struct sendtargets_list list;
	struct text text = {0};
	struct talk talk;
	size_t at, part;
	int i;

	for (i = 0; i < 10000; i++)
		text_addf(&text, "TargetName=iqn.2024-01.example:disk-%05d "
				 "TargetAddress=192.0.2.1:3260,1 TargetAddress=192.0.2.2:3260,1 ",
			  i);
	talk_start(&talk, NULL);
	for (at = 0; text.len - at > 32768; at += part) {
		part = 32768;
		assert_int_equal(say(&talk, 0x40, 9, text.data + at, part), SENDTARGETS_SEND);
	}
	assert_int_equal(say(&talk, 0x80, ISCSI_TAG_NONE, text.data + at, text.len - at),
			 SENDTARGETS_DONE);
	sendtargets_take(talk.sendtargets, &list);
	assert_int_equal(list.count, 20000);
	check_entry(&list, 19999, "iqn.2024-01.example:disk-09999", "192.0.2.2:3260,1");
	sendtargets_list_done(&list);
	talk_end(&talk);
	text_done(&text);
}

static void test_pings(void **state)
{
	struct talk talk;

	talk_start(&talk, NULL);
	responder_text(&talk.target, &talk.in, 0x80, ISCSI_TAG_NONE, 0x77, "", 0);
	talk.in.bhs.opcode = ISCSI_PDU_NOP_IN;
	assert_int_equal(sendtargets_receive(talk.sendtargets, &talk.in), SENDTARGETS_SEND);
	assert_int_equal(sendtargets_pdu(talk.sendtargets, &talk.out), 0);
	assert_int_equal(talk.out.nop_out.opcode, 0x40);
	assert_int_equal(ntohl(talk.out.nop_out.itt), ISCSI_TAG_NONE);
	assert_int_equal(ntohl(talk.out.nop_out.ttt), 0x77);
	assert_int_equal(talk.out.nop_out.lun[1], 5);
	talk.in.nop_in.ttt = htonl(ISCSI_TAG_NONE);
	assert_int_equal(sendtargets_receive(talk.sendtargets, &talk.in), SENDTARGETS_WAIT);
	assert_int_equal(say(&talk, 0x80, ISCSI_TAG_NONE, answer, strlen(answer)),
			 SENDTARGETS_DONE);
	check_done(&talk);
}

static void test_failures(void **state)
{
	static const struct {
		unsigned int opcode, flags;
		uint32_t itt, ttt;
		const char *text;
	} rows[] = {
		{ISCSI_PDU_REJECT, 0x80, 7, ISCSI_TAG_NONE, ""},
		{ISCSI_PDU_ASYNC_MESSAGE, 0x80, 7, ISCSI_TAG_NONE, ""},
		{ISCSI_PDU_LOGIN_RESPONSE, 0x80, 7, ISCSI_TAG_NONE, ""},
		{ISCSI_PDU_TEXT_RESPONSE, 0x80, 8, ISCSI_TAG_NONE, ""},
		{ISCSI_PDU_TEXT_RESPONSE, 0xc0, 7, ISCSI_TAG_NONE, ""},
		{ISCSI_PDU_TEXT_RESPONSE, 0x40, 7, ISCSI_TAG_NONE, "X-a=b "},
		{ISCSI_PDU_TEXT_RESPONSE, 0x00, 7, ISCSI_TAG_NONE, "X-a=b "},
		{ISCSI_PDU_TEXT_RESPONSE, 0x80, 7, ISCSI_TAG_NONE, "TargetAddress=192.0.2.1 "},
		{ISCSI_PDU_TEXT_RESPONSE, 0x80, 7, ISCSI_TAG_NONE, "TargetName"},
	};
	struct talk talk;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		talk_start(&talk, NULL);
		assert_string_equal(sendtargets_failure_text(talk.sendtargets), "no failure");
		responder_text(&talk.target, &talk.in, rows[i].flags, rows[i].itt, rows[i].ttt,
			       rows[i].text, strlen(rows[i].text));
		talk.in.bhs.opcode = (__u8)rows[i].opcode;
		assert_int_equal(sendtargets_receive(talk.sendtargets, &talk.in),
				 SENDTARGETS_FAILED);
		assert_true(strlen(sendtargets_failure_text(talk.sendtargets)) > 12);
		assert_int_equal(sendtargets_receive(talk.sendtargets, &talk.in),
				 SENDTARGETS_FAILED);
		talk_end(&talk);
	}
}

static void test_endless(void **state)
{
	struct talk talk;
	int i;

	talk_start(&talk, NULL);
	for (i = 0; i < SENDTARGETS_EMPTY_MAX; i++)
		assert_int_equal(say(&talk, 0, 9, "", 0), SENDTARGETS_SEND);
	assert_int_equal(say(&talk, 0, 9, "", 0), SENDTARGETS_FAILED);
	talk_end(&talk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_broken_text),
		cmocka_unit_test(test_question),
		cmocka_unit_test(test_one_response),
		cmocka_unit_test(test_cut_anywhere),
		cmocka_unit_test(test_many_responses),
		cmocka_unit_test(test_ten_thousand_targets),
		cmocka_unit_test(test_pings),
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_endless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
