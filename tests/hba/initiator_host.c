/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Requests that are neither commands nor task management: what the host wants sent as it is (texts, pings, a logout), and the logout of
 * our own. A text that goes on in further requests keeps its tag (RFC 7143 11.10.3).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/hba/initiator_core.h"

#define TIMEOUT_MS 30000

static enum iscsi_pdu_opcode opcode_of(const struct initiator_passthrough *passthrough)
{
	return passthrough->request.opcode & ISCSI_PDU_OPCODE_BITS;
}

static bool may_pass(enum iscsi_pdu_opcode opcode)
{
	return opcode == ISCSI_PDU_NOP_OUT || opcode == ISCSI_PDU_TEXT_REQUEST || opcode == ISCSI_PDU_LOGOUT_REQUEST;
}

static void end_text(struct initiator *initiator)
{
	if (initiator->has_text)
		initiator_tag_take_back(initiator, &initiator->text_link);
	initiator->has_text = false;
}

/* The tag of a text that goes on is that of its first request. */
static int give_tag(struct initiator *initiator, struct initiator_passthrough *passthrough, const struct iscsi_bhs_text_request *bhs)
{
	if (opcode_of(passthrough) == ISCSI_PDU_TEXT_REQUEST) {
		if (initiator->has_text && ntohl(bhs->ttt) != ISCSI_TAG_NONE) {
			initiator_tag_pass_on(initiator, &initiator->text_link, &passthrough->link, INITIATOR_KIND_PASSTHROUGH);
			initiator->has_text = false;
			return 0;
		}
		end_text(initiator);
	}
	return initiator_tag_give(initiator, &passthrough->link, INITIATOR_KIND_PASSTHROUGH);
}

int initiator_passthrough(struct initiator *initiator, struct initiator_passthrough *passthrough)
{
	struct initiator_out *out;
	int error;

	if (!initiator_is_ready(initiator))
		return -ENOTCONN;
	if (!may_pass(opcode_of(passthrough)) || !passthrough->done)
		return -EOPNOTSUPP;
	if (passthrough->length > initiator->outcome.negotiated.max_xmit_data_segment_length)
		return -EMSGSIZE;
	out = initiator_out_new(passthrough->length);
	if (!out)
		return -ENOMEM;
	out->header.bhs = passthrough->request;
	out->header.bhs.ahs_words = 0;
	if (passthrough->length)
		memcpy(out->bytes, passthrough->bytes, passthrough->length);
	error = give_tag(initiator, passthrough, &out->header.text_request);
	if (error) {
		free(out);
		return error;
	}
	out->itt = passthrough->link.itt;
	out->header.bhs.itt = htonl(out->itt);
	out->is_immediate = passthrough->request.opcode & ISCSI_PDU_IMMEDIATE;
	if (opcode_of(passthrough) == ISCSI_PDU_LOGOUT_REQUEST)
		out->header.logout_request.cid = htons(initiator->settings.login.cid);
	passthrough->deadline_ms = loop_now_ms() + (passthrough->timeout_ms ? passthrough->timeout_ms : TIMEOUT_MS);
	TAILQ_INSERT_TAIL(&initiator->controls, &passthrough->link, entry);
	initiator_out_add(initiator, out);
	initiator_deadlines(initiator);
	return 0;
}

static void finish(struct initiator *initiator, struct initiator_passthrough *passthrough, int error, const union initiator_bhs *bhs,
		   const unsigned char *bytes, size_t length)
{
	bool is_logout = opcode_of(passthrough) == ISCSI_PDU_LOGOUT_REQUEST;

	TAILQ_REMOVE(&initiator->controls, &passthrough->link, entry);
	initiator_out_drop(initiator, passthrough->link.itt);
	if (bhs && opcode_of(passthrough) == ISCSI_PDU_TEXT_REQUEST && ntohl(bhs->text_response.ttt) != ISCSI_TAG_NONE) {
		end_text(initiator);
		initiator_tag_pass_on(initiator, &passthrough->link, &initiator->text_link, INITIATOR_KIND_TEXT);
		initiator->has_text = true;
	} else {
		initiator_tag_take_back(initiator, &passthrough->link);
	}
	passthrough->done(passthrough, error, bhs ? &bhs->bhs : NULL, bytes, length);
	if (is_logout && initiator->is_logout_sent)
		initiator_fail(initiator, INITIATOR_END_LOGOUT, error, "logged out");
}

void initiator_passthrough_end(struct initiator *initiator, struct initiator_passthrough *passthrough, int error)
{
	finish(initiator, passthrough, error, NULL, NULL, 0);
}

/* The passthrough that an answer of this kind is for; NULL: it is for nobody (any more), or the connection has failed. */
static struct initiator_passthrough *find(struct initiator *initiator, const union initiator_bhs *bhs, enum iscsi_pdu_opcode opcode)
{
	struct initiator_link *link = initiator_tag_find(initiator, ntohl(bhs->bhs.itt));

	if (!link || link->kind == INITIATOR_KIND_TEXT) {
		initiator->counters->unexpected_rx++;
		return NULL;
	}
	if (link->kind == INITIATOR_KIND_PASSTHROUGH && opcode_of(passthrough_of(link)) == opcode)
		return passthrough_of(link);
	initiator->counters->format_errors++;
	initiator_fail(initiator, INITIATOR_END_PROTOCOL, -EPROTO, "the target answered a request by a PDU of opcode 0x%02x",
		       bhs->bhs.opcode);
	return NULL;
}

void initiator_passthrough_answer(struct initiator *initiator, const union initiator_bhs *bhs, enum iscsi_pdu_opcode opcode,
				  const unsigned char *bytes, size_t length)
{
	struct initiator_passthrough *passthrough = find(initiator, bhs, opcode);

	if (passthrough)
		finish(initiator, passthrough, 0, bhs, bytes, length);
}

void initiator_text_response(struct initiator *initiator, const union initiator_bhs *bhs, const unsigned char *bytes, size_t length)
{
	initiator_passthrough_answer(initiator, bhs, ISCSI_PDU_TEXT_REQUEST, bytes, length);
}

/* --- logout */

void initiator_logout_start(struct initiator *initiator)
{
	struct initiator_out *out = initiator_out_new(0);
	int error = out ? initiator_tag_give(initiator, &initiator->logout_link, INITIATOR_KIND_LOGOUT) : -ENOMEM;

	if (error) {
		free(out);
		initiator_fail(initiator, INITIATOR_END_MEMORY, error, "no memory to log out");
		return;
	}
	out->itt = initiator->logout_link.itt;
	out->header.logout_request.opcode = ISCSI_PDU_LOGOUT_REQUEST | ISCSI_PDU_IMMEDIATE;
	out->header.logout_request.flags = ISCSI_BIT_FINAL | ISCSI_LOGOUT_REQUEST_CLOSE_SESSION;
	out->header.logout_request.itt = htonl(out->itt);
	out->header.logout_request.cid = htons(initiator->settings.login.cid);
	initiator->logout_deadline_ms = loop_now_ms() + initiator->settings.logout_timeout_ms;
	initiator_enter(initiator, INITIATOR_STATE_LOGOUT);
	initiator_out_add(initiator, out);
	initiator_deadlines(initiator);
}

void initiator_logout_sent(struct initiator *initiator)
{
	initiator->is_logout_sent = true;
	if (initiator->state == INITIATOR_STATE_LOGOUT)
		return;
	initiator->logout_deadline_ms = loop_now_ms() + initiator->settings.logout_timeout_ms;
	initiator_enter(initiator, INITIATOR_STATE_LOGOUT);
	initiator_deadlines(initiator);
}

/* RFC 7143 11.15.1: whatever the answer, the session is over. */
void initiator_logout_response(struct initiator *initiator, const union initiator_bhs *bhs, const unsigned char *bytes, size_t length)
{
	struct initiator_link *link = initiator_tag_find(initiator, ntohl(bhs->bhs.itt));

	initiator->closed.time2wait = ntohs(bhs->logout_response.time2wait);
	initiator->closed.time2retain = ntohs(bhs->logout_response.time2retain);
	if (link && link->kind == INITIATOR_KIND_LOGOUT)
		initiator_fail(initiator, INITIATOR_END_LOGOUT, 0, "logged out");
	else
		initiator_passthrough_answer(initiator, bhs, ISCSI_PDU_LOGOUT_REQUEST, bytes, length);
}
