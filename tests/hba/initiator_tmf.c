/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Task management: which commands a request is for, which of them end with its answer and how (RFC 7143 11.5, 11.6). Also the aborts
 * that the initiator needs for itself, where a command cannot go on. Decides nothing about what follows when the target does not help.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/hba/initiator_core.h"

#define TIMEOUT_MS	   30000
#define GIVE_UP_TIMEOUT_MS 10000

enum scope { SCOPE_NONE, SCOPE_TASK, SCOPE_LUN, SCOPE_TARGET };

static const struct {
	enum scope scope;
	enum initiator_result result;
} functions[] = {
	[ISCSI_TASK_ABORT_TASK] = {SCOPE_TASK, INITIATOR_RESULT_ABORTED},
	[ISCSI_TASK_ABORT_TASK_SET] = {SCOPE_LUN, INITIATOR_RESULT_ABORTED},
	[ISCSI_TASK_CLEAR_TASK_SET] = {SCOPE_LUN, INITIATOR_RESULT_RESET},
	[ISCSI_TASK_LU_RESET] = {SCOPE_LUN, INITIATOR_RESULT_RESET},
	[ISCSI_TASK_TARGET_WARM_RESET] = {SCOPE_TARGET, INITIATOR_RESULT_RESET},
	[ISCSI_TASK_TARGET_COLD_RESET] = {SCOPE_TARGET, INITIATOR_RESULT_RESET},
};

static enum scope scope_of(enum iscsi_task_function function)
{
	return (unsigned int)function < sizeof(functions) / sizeof(functions[0]) ? functions[function].scope : SCOPE_NONE;
}

static bool is_meant(const struct initiator_tmf *tmf, const struct initiator_task *task)
{
	switch (scope_of(tmf->function)) {
	case SCOPE_TASK:
		return task->link.itt == tmf->referenced_itt;
	case SCOPE_LUN:
		return !memcmp(task->lun, tmf->lun, sizeof(task->lun));
	case SCOPE_TARGET:
		return true;
	case SCOPE_NONE:
		break;
	}
	return false;
}

/* Commands that were not sent end without the target. */
static void end_queued(struct initiator *initiator, const struct initiator_tmf *tmf)
{
	struct initiator_link *link, *next;

	for (link = TAILQ_FIRST(&initiator->queued); link; link = next) {
		next = TAILQ_NEXT(link, entry);
		if (is_meant(tmf, task_of(link)))
			initiator_task_end_later(initiator, task_of(link), functions[tmf->function].result);
	}
}

static int send_request(struct initiator *initiator, struct initiator_tmf *tmf)
{
	struct initiator_out *out = initiator_out_new(0);
	struct iscsi_bhs_task_request *bhs;
	int error = out ? initiator_tag_give(initiator, &tmf->link, INITIATOR_KIND_TMF) : -ENOMEM;

	if (error) {
		free(out);
		return error;
	}
	bhs = &out->header.task_request;
	out->itt = tmf->link.itt;
	bhs->opcode = ISCSI_PDU_TASK_REQUEST | ISCSI_PDU_IMMEDIATE;
	bhs->flags = (__u8)(ISCSI_BIT_FINAL | tmf->function);
	bhs->itt = htonl(tmf->link.itt);
	bhs->referenced_tag = htonl(ISCSI_TAG_NONE);
	if (scope_of(tmf->function) != SCOPE_TARGET)
		memcpy(bhs->lun, tmf->lun, sizeof(bhs->lun));
	if (scope_of(tmf->function) == SCOPE_TASK) {
		memcpy(bhs->lun, tmf->task->lun, sizeof(bhs->lun));
		bhs->referenced_tag = htonl(tmf->referenced_itt);
		bhs->ref_cmdsn = htonl(tmf->task->cmdsn);
	}
	initiator_out_add(initiator, out);
	return 0;
}

int initiator_tmf(struct initiator *initiator, struct initiator_tmf *tmf)
{
	bool is_abort = tmf->function == ISCSI_TASK_ABORT_TASK;
	int error = 0;

	if (!initiator_is_ready(initiator))
		return -ENOTCONN;
	if (!initiator->settings.login.target_name)
		return -EOPNOTSUPP;
	if (scope_of(tmf->function) == SCOPE_NONE || !tmf->done || (is_abort && !tmf->task))
		return -EINVAL;
	tmf->error = 0;
	tmf->response = ISCSI_TASK_ANSWER_COMPLETE;
	tmf->boundary = initiator->cmdsn;
	tmf->referenced_itt = is_abort ? tmf->task->link.itt : ISCSI_TAG_NONE;
	tmf->is_local = is_abort && tmf->task->place != INITIATOR_PLACE_SENT;
	tmf->deadline_ms = loop_now_ms() + (tmf->timeout_ms ? tmf->timeout_ms : TIMEOUT_MS);
	if (!tmf->is_local)
		error = send_request(initiator, tmf);
	if (error)
		return error;
	end_queued(initiator, tmf);
	TAILQ_INSERT_TAIL(&initiator->controls, &tmf->link, entry);
	tmf->link.kind = INITIATOR_KIND_TMF;
	initiator_kick(initiator);
	initiator_deadlines(initiator);
	return 0;
}

void initiator_tmf_end(struct initiator *initiator, struct initiator_tmf *tmf, int error)
{
	TAILQ_REMOVE(&initiator->controls, &tmf->link, entry);
	if (!tmf->is_local) {
		initiator_out_drop(initiator, tmf->link.itt);
		initiator_tag_take_back(initiator, &tmf->link);
	}
	tmf->error = error;
	tmf->done(tmf);
}

void initiator_tmf_local(struct initiator *initiator)
{
	struct initiator_link *link;

	do {
		TAILQ_FOREACH(link, &initiator->controls, entry)
			if (link->kind == INITIATOR_KIND_TMF && tmf_of(link)->is_local)
				break;
		if (link)
			initiator_tmf_end(initiator, tmf_of(link), 0);
	} while (link);
}

/* Those sent after the request are not meant. */
static struct initiator_task *next_meant(struct initiator *initiator, const struct initiator_tmf *tmf)
{
	struct initiator_link *link;

	TAILQ_FOREACH(link, &initiator->sent, entry)
		if (sn_before(task_of(link)->cmdsn, tmf->boundary) && is_meant(tmf, task_of(link)))
			return task_of(link);
	return NULL;
}

static void end_meant(struct initiator *initiator, const struct initiator_tmf *tmf)
{
	enum initiator_result result = functions[tmf->function].result;
	struct initiator_task *task;

	while (!is_over(initiator) && (task = next_meant(initiator, tmf)))
		initiator_task_end(initiator, task, task->is_given_up ? task->verdict : result);
}

void initiator_task_response(struct initiator *initiator, const union initiator_bhs *bhs, const unsigned char *bytes, size_t length)
{
	struct initiator_link *link = initiator_tag_find(initiator, ntohl(bhs->bhs.itt));
	struct initiator_tmf *tmf;

	/* A late answer to what nobody waits for any more. */
	if (!link) {
		initiator->counters->unexpected_rx++;
		return;
	}
	if (link->kind != INITIATOR_KIND_TMF) {
		initiator->counters->format_errors++;
		initiator_fail(initiator, INITIATOR_END_PROTOCOL, -EPROTO, "the target sent a task management response for another request");
		return;
	}
	tmf = tmf_of(link);
	tmf->response = bhs->task_response.response;
	/* No such task: it never came, or its answer was sent before this one. */
	if (tmf->response == ISCSI_TASK_ANSWER_COMPLETE ||
	    (tmf->function == ISCSI_TASK_ABORT_TASK && tmf->response == ISCSI_TASK_ANSWER_NO_TASK))
		end_meant(initiator, tmf);
	if (!is_over(initiator))
		initiator_tmf_end(initiator, tmf, 0);
}

/* The answer to an abort of our own. */
static void gave_up(struct initiator_tmf *tmf)
{
	struct initiator *initiator = tmf->data;
	struct initiator_link *link = tmf->error ? NULL : initiator_tag_find(initiator, tmf->referenced_itt);

	if (tmf->error && tmf->error != -ENOTCONN)
		initiator_fail(initiator, INITIATOR_END_PROTOCOL, tmf->error, "the target does not abort a command that cannot go on");
	free(tmf);
	if (link && !is_over(initiator))
		initiator_task_end(initiator, task_of(link), task_of(link)->verdict);
}

void initiator_task_give_up(struct initiator *initiator, struct initiator_task *task, enum initiator_result result)
{
	struct initiator_tmf *tmf;

	initiator_task_stop_sending(initiator, task);
	if (task->is_given_up || !initiator_is_ready(initiator))
		return;
	task->is_given_up = true;
	task->verdict = result;
	tmf = calloc(1, sizeof(*tmf));
	if (tmf) {
		tmf->function = ISCSI_TASK_ABORT_TASK;
		tmf->task = task;
		tmf->timeout_ms = GIVE_UP_TIMEOUT_MS;
		tmf->done = gave_up;
		tmf->data = initiator;
	}
	if (!tmf || initiator_tmf(initiator, tmf)) {
		free(tmf);
		initiator_fail(initiator, INITIATOR_END_MEMORY, -ENOMEM, "no memory to abort a command");
	}
}
