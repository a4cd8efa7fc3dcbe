/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What keeps a connection alive or ends it: pings of both sides, asynchronous messages, rejects; and the deadlines of all requests that
 * are not commands (commands have none: the host keeps their time).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/hba/initiator_core.h"

/* --- pings */

static struct initiator_out *nop_out(uint32_t itt, uint32_t ttt)
{
	struct initiator_out *out = initiator_out_new(0);

	if (!out)
		return NULL;
	out->itt = itt;
	out->header.nop_out.opcode = ISCSI_PDU_NOP_OUT | ISCSI_PDU_IMMEDIATE;
	out->header.nop_out.flags = ISCSI_BIT_FINAL;
	out->header.nop_out.itt = htonl(itt);
	out->header.nop_out.ttt = ttt;
	return out;
}

static void answer_ping(struct initiator *initiator, const struct iscsi_bhs_nop_in *ping)
{
	struct initiator_out *out;

	if (initiator->replies >= INITIATOR_REPLIES_MAX) {
		initiator_fail(initiator, INITIATOR_END_PROTOCOL, -ENOBUFS, "the target sends pings and does not read their answers");
		return;
	}
	out = nop_out(ISCSI_TAG_NONE, ping->ttt);
	if (!out) {
		initiator_fail(initiator, INITIATOR_END_MEMORY, -ENOMEM, "no memory to answer a ping");
		return;
	}
	memcpy(out->header.nop_out.lun, ping->lun, sizeof(ping->lun));
	initiator->replies++;
	initiator_out_add(initiator, out);
}

static void ping_over(struct initiator *initiator)
{
	initiator->is_pinging = false;
	initiator_tag_take_back(initiator, &initiator->ping_link);
	initiator_deadlines(initiator);
}

void initiator_nop_in(struct initiator *initiator, const union initiator_bhs *bhs, const unsigned char *bytes, size_t length)
{
	uint32_t itt = ntohl(bhs->bhs.itt);
	struct initiator_link *link;

	if (itt == ISCSI_TAG_NONE) {
		if (ntohl(bhs->nop_in.ttt) != ISCSI_TAG_NONE)
			answer_ping(initiator, &bhs->nop_in);
		return;
	}
	link = initiator_tag_find(initiator, itt);
	if (link && link->kind == INITIATOR_KIND_PING)
		ping_over(initiator);
	else
		initiator_passthrough_answer(initiator, bhs, ISCSI_PDU_NOP_OUT, bytes, length);
}

/* A ping whose answer waits behind other PDUs is not late. */
uint64_t initiator_ping_deadline(const struct initiator *initiator)
{
	const struct initiator_settings *settings = &initiator->settings;
	uint64_t since = initiator->last_rx_ms;

	if (!settings->nop_interval_ms || initiator->state != INITIATOR_STATE_FULL_FEATURE)
		return UINT64_MAX;
	if (!initiator->is_pinging)
		return since + settings->nop_interval_ms;
	if (initiator->ping_sent_ms > since)
		since = initiator->ping_sent_ms;
	return since + settings->nop_timeout_ms;
}

static void send_ping(struct initiator *initiator, uint64_t now_ms)
{
	struct initiator_out *out;

	if (initiator_tag_give(initiator, &initiator->ping_link, INITIATOR_KIND_PING)) {
		initiator_fail(initiator, INITIATOR_END_MEMORY, -ENOMEM, "no memory for a ping");
		return;
	}
	initiator->is_pinging = true;
	initiator->ping_sent_ms = now_ms;
	out = nop_out(initiator->ping_link.itt, htonl(ISCSI_TAG_NONE));
	if (out)
		initiator_out_add(initiator, out);
	else
		initiator_fail(initiator, INITIATOR_END_MEMORY, -ENOMEM, "no memory for a ping");
}

void initiator_ping_due(struct initiator *initiator, uint64_t now_ms)
{
	if (now_ms < initiator_ping_deadline(initiator))
		return;
	if (!initiator->is_pinging) {
		send_ping(initiator, now_ms);
		return;
	}
	initiator->counters->connection_timeouts++;
	initiator_fail(initiator, INITIATOR_END_NOP_TIMEOUT, -ETIMEDOUT, "the target does not answer a ping");
}

/* --- asynchronous messages */

static void dropped(struct initiator *initiator, const struct iscsi_bhs_async *async, const char *what)
{
	initiator->closed.time2wait = ntohs(async->parameter2);
	initiator->closed.time2retain = ntohs(async->parameter3);
	initiator_fail(initiator, INITIATOR_END_TARGET, -ECONNRESET, "the target drops %s", what);
}

/* RFC 7143 11.9.1: Parameter3 is how many seconds there are to do so. A new negotiation is asked for in vain, and ends alike. */
static void asked_to_log_out(struct initiator *initiator, const struct iscsi_bhs_async *async)
{
	uint64_t limit = loop_now_ms() + 1000u * ntohs(async->parameter3);

	if (initiator->state != INITIATOR_STATE_FULL_FEATURE)
		return;
	initiator->was_asked = true;
	initiator_logout_start(initiator);
	if (limit < initiator->logout_deadline_ms && async->parameter3)
		initiator->logout_deadline_ms = limit;
	if (!is_over(initiator))
		initiator_deadlines(initiator);
}

void initiator_async(struct initiator *initiator, const union initiator_bhs *bhs, const unsigned char *bytes, size_t length)
{
	const struct iscsi_bhs_async *async = &bhs->async;

	if (initiator->events->async)
		initiator->events->async(initiator->data, async, bytes, length);
	if (is_over(initiator))
		return;
	if (async->event == ISCSI_ASYNC_EVENT_REQUEST_LOGOUT || async->event == ISCSI_ASYNC_EVENT_REQUEST_NEGOTIATION)
		asked_to_log_out(initiator, async);
	else if (async->event == ISCSI_ASYNC_EVENT_DROP_CONNECTION)
		dropped(initiator, async, "the connection");
	else if (async->event == ISCSI_ASYNC_EVENT_DROP_SESSION)
		dropped(initiator, async, "the session");
}

/* --- rejects */

static void rejected_link(struct initiator *initiator, struct initiator_link *link)
{
	switch ((enum initiator_kind)link->kind) {
	case INITIATOR_KIND_TASK:
		/* An answer may follow all the same: what is true of the command is asked by an abort. */
		if (task_of(link)->place == INITIATOR_PLACE_SENT)
			initiator_task_give_up(initiator, task_of(link), INITIATOR_RESULT_REJECTED);
		break;
	case INITIATOR_KIND_TMF:
		initiator_tmf_end(initiator, tmf_of(link), -EPROTO);
		break;
	case INITIATOR_KIND_PASSTHROUGH:
		initiator_passthrough_end(initiator, passthrough_of(link), -EPROTO);
		break;
	case INITIATOR_KIND_PING:
		ping_over(initiator);
		break;
	case INITIATOR_KIND_LOGOUT:
		initiator_fail(initiator, INITIATOR_END_LOGOUT, -EPROTO, "the target rejected the logout");
		break;
	case INITIATOR_KIND_TEXT:
		break;
	}
}

static bool is_request_of(const struct iscsi_bhs *rejected, struct initiator_link *link)
{
	static const unsigned char opcodes[] = {
		[INITIATOR_KIND_TASK] = ISCSI_PDU_SCSI_COMMAND,
		[INITIATOR_KIND_TMF] = ISCSI_PDU_TASK_REQUEST,
		[INITIATOR_KIND_PING] = ISCSI_PDU_NOP_OUT,
		[INITIATOR_KIND_LOGOUT] = ISCSI_PDU_LOGOUT_REQUEST,
		[INITIATOR_KIND_TEXT] = ISCSI_PDU_OPCODE_BITS, /* nothing is under way */
	};
	unsigned char opcode = link->kind == INITIATOR_KIND_PASSTHROUGH ? passthrough_of(link)->request.opcode : opcodes[link->kind];

	return (rejected->opcode & ISCSI_PDU_OPCODE_BITS) == (opcode & ISCSI_PDU_OPCODE_BITS);
}

/* Its data begins with the header of what it rejects. Data that is rejected is the target's to answer (RFC 7143 11.17.1). */
void initiator_rejected(struct initiator *initiator, const union initiator_bhs *bhs, const unsigned char *bytes, size_t length)
{
	struct iscsi_bhs rejected;
	struct initiator_link *link;

	if (length < sizeof(rejected))
		return;
	memcpy(&rejected, bytes, sizeof(rejected));
	link = initiator_tag_find(initiator, ntohl(rejected.itt));
	if (link && is_request_of(&rejected, link))
		rejected_link(initiator, link);
}

/* --- deadlines */

static uint64_t deadline_of(struct initiator_link *link)
{
	return link->kind == INITIATOR_KIND_TMF ? tmf_of(link)->deadline_ms : passthrough_of(link)->deadline_ms;
}

static void end_control(struct initiator *initiator, struct initiator_link *link, int error)
{
	if (link->kind == INITIATOR_KIND_TMF)
		initiator_tmf_end(initiator, tmf_of(link), error);
	else
		initiator_passthrough_end(initiator, passthrough_of(link), error);
}

uint64_t initiator_controls_deadline(const struct initiator *initiator)
{
	uint64_t next = UINT64_MAX;
	struct initiator_link *link;

	TAILQ_FOREACH(link, &initiator->controls, entry)
		if (deadline_of(link) < next)
			next = deadline_of(link);
	return next;
}

void initiator_controls_due(struct initiator *initiator, uint64_t now_ms)
{
	struct initiator_link *link;

	do {
		TAILQ_FOREACH(link, &initiator->controls, entry)
			if (deadline_of(link) <= now_ms)
				break;
		if (link)
			end_control(initiator, link, -ETIMEDOUT);
	} while (link && !is_over(initiator));
}

void initiator_controls_end_all(struct initiator *initiator, int error)
{
	struct initiator_link *link;

	while ((link = TAILQ_FIRST(&initiator->controls)))
		end_control(initiator, link, error);
}
