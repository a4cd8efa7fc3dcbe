/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * SCSI commands: queued, sent with what may go unasked, fed and drained (R2T, Data-In), answered, ended exactly once. What the target
 * says about a command is checked against it here, behind the gate of initiator_rx.c.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "tests/hba/initiator_core.h"

#define SENSE_LENGTH_BYTES 2

static void move(struct initiator *initiator, struct initiator_task *task, enum initiator_place place)
{
	struct initiator_links *const lists[] = {
		[INITIATOR_PLACE_QUEUED] = &initiator->queued,
		[INITIATOR_PLACE_SENT] = &initiator->sent,
		[INITIATOR_PLACE_ENDED] = &initiator->ended,
	};

	if (task->place != INITIATOR_PLACE_NOWHERE)
		TAILQ_REMOVE(lists[task->place], &task->link, entry);
	if (place != INITIATOR_PLACE_NOWHERE)
		TAILQ_INSERT_TAIL(lists[place], &task->link, entry);
	task->place = place;
}

int initiator_task(struct initiator *initiator, struct initiator_task *task)
{
	int error;

	if (!initiator_is_ready(initiator))
		return -ENOTCONN;
	if (!initiator->settings.login.target_name)
		return -EOPNOTSUPP;
	if (!task->done || (task->direction != INITIATOR_NO_DATA && task->length && !task->vector))
		return -EINVAL;
	error = initiator_tag_give(initiator, &task->link, INITIATOR_KIND_TASK);
	if (error)
		return error;
	if (task->direction == INITIATOR_NO_DATA)
		task->length = 0;
	task->error = 0;
	task->response = task->status = task->flags = 0;
	task->residual = task->transferred = 0;
	task->sense_length = 0;
	task->datasn = task->r2tsn = task->r2t_count = 0;
	task->place = INITIATOR_PLACE_NOWHERE;
	task->is_sending = task->is_given_up = false;
	move(initiator, task, INITIATOR_PLACE_QUEUED);
	initiator->outstanding++;
	initiator_send(initiator);
	return 0;
}

void initiator_task_stop_sending(struct initiator *initiator, struct initiator_task *task)
{
	if (task->is_sending)
		TAILQ_REMOVE(&initiator->sending, task, sending);
	task->is_sending = false;
	task->r2t_count = 0;
}

static void add_burst(struct initiator *initiator, struct initiator_task *task, uint32_t ttt, uint32_t offset, uint32_t length)
{
	task->r2ts[task->r2t_count++] = (struct initiator_r2t){.ttt = ttt, .offset = offset, .length = length};
	if (!task->is_sending)
		TAILQ_INSERT_TAIL(&initiator->sending, task, sending);
	task->is_sending = true;
}

/* Between two bursts others have their turn. */
void initiator_task_burst_sent(struct initiator *initiator, struct initiator_task *task)
{
	memmove(task->r2ts, task->r2ts + 1, --task->r2t_count * sizeof(task->r2ts[0]));
	TAILQ_REMOVE(&initiator->sending, task, sending);
	task->is_sending = task->r2t_count > 0;
	if (task->is_sending)
		TAILQ_INSERT_TAIL(&initiator->sending, task, sending);
}

/* The one end of a task. Memory of it that is being sent from is copied first. */
void initiator_task_end(struct initiator *initiator, struct initiator_task *task, enum initiator_result result)
{
	int error = initiator_tx_let_go(initiator, task);

	if (error)
		initiator_fail(initiator, INITIATOR_END_MEMORY, error, "the memory of a command went away while its data was sent");
	initiator_task_stop_sending(initiator, task);
	move(initiator, task, INITIATOR_PLACE_NOWHERE);
	initiator_tag_take_back(initiator, &task->link);
	initiator->outstanding--;
	task->result = result;
	task->exp_cmdsn = initiator->exp_cmdsn;
	task->max_cmdsn = initiator->max_cmdsn;
	task->done(task);
}

void initiator_task_end_later(struct initiator *initiator, struct initiator_task *task, enum initiator_result result)
{
	task->verdict = result;
	move(initiator, task, INITIATOR_PLACE_ENDED);
	initiator_kick(initiator);
}

/* done() may end others, or add some: each time the first is looked up anew. */
void initiator_tasks_end_early(struct initiator *initiator)
{
	struct initiator_link *link;

	while ((link = TAILQ_FIRST(&initiator->ended)))
		initiator_task_end(initiator, task_of(link), task_of(link)->verdict);
}

void initiator_tasks_end_all(struct initiator *initiator, enum initiator_result result)
{
	struct initiator_link *link;

	initiator_tasks_end_early(initiator);
	while ((link = TAILQ_FIRST(&initiator->sent)))
		initiator_task_end(initiator, task_of(link), result);
	while ((link = TAILQ_FIRST(&initiator->queued)))
		initiator_task_end(initiator, task_of(link), result);
}

/* --- sending */

uint32_t initiator_task_immediate(const struct initiator *initiator, const struct initiator_task *task)
{
	const struct negotiated *negotiated = &initiator->outcome.negotiated;

	if (task->direction != INITIATOR_WRITE || !negotiated->immediate_data)
		return 0;
	return smaller(task->length, smaller(negotiated->first_burst_length, negotiated->max_xmit_data_segment_length));
}

/* RFC 7143 11.3.1: F tells that no unsolicited data follows the command. */
void initiator_task_command(struct initiator *initiator, struct initiator_task *task, struct iscsi_bhs_scsi_command *bhs,
			    uint32_t immediate)
{
	static const unsigned char directions[] = {
		[INITIATOR_READ] = ISCSI_BIT_COMMAND_READ,
		[INITIATOR_WRITE] = ISCSI_BIT_COMMAND_WRITE,
	};
	const struct negotiated *negotiated = &initiator->outcome.negotiated;
	uint32_t unasked = 0;

	if (task->direction == INITIATOR_WRITE && !negotiated->initial_r2t)
		unasked = smaller(task->length, negotiated->first_burst_length) - immediate;
	task->cmdsn = initiator->cmdsn++;
	bhs->opcode = ISCSI_PDU_SCSI_COMMAND;
	bhs->flags = (__u8)((unasked ? 0 : ISCSI_BIT_FINAL) | (task->attribute & ISCSI_COMMAND_ATTR_BITS));
	if (task->length)
		bhs->flags |= directions[task->direction];
	memcpy(bhs->lun, task->lun, sizeof(bhs->lun));
	bhs->itt = htonl(task->link.itt);
	bhs->expected_bytes = htonl(task->length);
	bhs->cmdsn = htonl(task->cmdsn);
	memcpy(bhs->cdb, task->cdb, sizeof(bhs->cdb));
	move(initiator, task, INITIATOR_PLACE_SENT);
	if (unasked)
		add_burst(initiator, task, ISCSI_TAG_NONE, immediate, unasked);
}

/* --- what the target says */

static void refuse(struct initiator *initiator, uint64_t *counter, const char *what)
{
	++*counter;
	initiator_fail(initiator, INITIATOR_END_PROTOCOL, -EPROTO, "the target sent %s", what);
}

/* The command that a PDU names; NULL: there is none, and the connection has failed. */
static struct initiator_task *find(struct initiator *initiator, const union initiator_bhs *bhs, const char *what)
{
	struct initiator_link *link = initiator_tag_find(initiator, ntohl(bhs->bhs.itt));

	if (link && link->kind == INITIATOR_KIND_TASK && task_of(link)->place == INITIATOR_PLACE_SENT)
		return task_of(link);
	initiator->counters->unexpected_rx++;
	initiator_fail(initiator, INITIATOR_END_PROTOCOL, -EPROTO, "the target sent %s for a tag that names no command", what);
	return NULL;
}

/* Data comes in order: that was negotiated, or is the default. */
void initiator_data_in_header(struct initiator *initiator, const union initiator_bhs *bhs, size_t length)
{
	const struct iscsi_bhs_data_in *data_in = &bhs->data_in;
	struct initiator_task *task = find(initiator, bhs, "Data-In");
	uint32_t offset = ntohl(data_in->offset);

	if (!task)
		return;
	if (task->direction != INITIATOR_READ)
		refuse(initiator, &initiator->counters->format_errors, "Data-In for a command that reads nothing");
	else if (ntohl(data_in->datasn) != task->datasn)
		refuse(initiator, &initiator->counters->sequence_errors, "a wrong DataSN");
	else if (length && offset != task->transferred)
		refuse(initiator, &initiator->counters->sequence_errors, "data out of order");
	else if (length > task->length - task->transferred)
		refuse(initiator, &initiator->counters->sequence_errors, "more data than the command reads");
	else if (data_in->flags & ISCSI_BIT_DATA_IN_STATUS && !(data_in->flags & ISCSI_BIT_FINAL))
		refuse(initiator, &initiator->counters->format_errors, "a status before the last data");
	if (is_over(initiator))
		return;
	initiator->rx.task = task;
	initiator->rx.offset = offset;
}

/* The answer, by a response or with the last data. A command whose memory was not there has failed whatever the target says. */
static void answered(struct initiator *initiator, struct initiator_task *task, const struct iscsi_bhs *bhs, uint32_t residual)
{
	task->flags = bhs->flags & (ISCSI_BIT_RESPONSE_BIDI_OVERFLOW | ISCSI_BIT_RESPONSE_BIDI_UNDERFLOW |
				    ISCSI_BIT_RESPONSE_OVERFLOW | ISCSI_BIT_RESPONSE_UNDERFLOW);
	task->residual = task->flags ? residual : 0;
	initiator->counters->ios_completed++;
	initiator_task_end(initiator, task, task->error ? INITIATOR_RESULT_FAULT : INITIATOR_RESULT_COMPLETE);
}

void initiator_data_in(struct initiator *initiator, const union initiator_bhs *bhs, const unsigned char *bytes, size_t length)
{
	struct initiator_task *task = initiator->rx.task;

	initiator->rx.task = NULL;
	task->datasn++;
	task->transferred += (uint32_t)length;
	initiator->counters->data_bytes_rx += length;
	if (!(bhs->data_in.flags & ISCSI_BIT_DATA_IN_STATUS))
		return;
	task->status = bhs->data_in.status;
	answered(initiator, task, &bhs->bhs, ntohl(bhs->data_in.residual));
}

/* RFC 7143 11.4.7.2: two bytes of length, then sense. false: it is longer than what came. */
static bool take_sense(struct initiator_task *task, const unsigned char *bytes, size_t length)
{
	size_t sense = length >= SENSE_LENGTH_BYTES ? (size_t)bytes[0] << 8 | bytes[1] : 0;

	if (length == 1 || sense + SENSE_LENGTH_BYTES > length + (length ? 0 : SENSE_LENGTH_BYTES))
		return false;
	task->sense_length = (uint16_t)(sense < INITIATOR_SENSE_MAX ? sense : INITIATOR_SENSE_MAX);
	if (task->sense_length)
		memcpy(task->sense, bytes + SENSE_LENGTH_BYTES, task->sense_length);
	return true;
}

void initiator_scsi_response(struct initiator *initiator, const union initiator_bhs *bhs, const unsigned char *bytes, size_t length)
{
	struct initiator_task *task = find(initiator, bhs, "a SCSI Response");

	if (!task)
		return;
	/* More Data-In than came; fewer, or none, is what targets say that do not count. */
	if (task->direction == INITIATOR_READ && sn_before(task->datasn, ntohl(bhs->scsi_response.exp_datasn))) {
		refuse(initiator, &initiator->counters->sequence_errors, "an answer to a command whose data has not come");
		return;
	}
	if (!take_sense(task, bytes, length)) {
		refuse(initiator, &initiator->counters->format_errors, "sense that is longer than its data segment");
		return;
	}
	task->response = bhs->scsi_response.response;
	task->status = bhs->scsi_response.status;
	answered(initiator, task, &bhs->bhs, ntohl(bhs->scsi_response.residual));
}

void initiator_r2t(struct initiator *initiator, const union initiator_bhs *bhs, const unsigned char *bytes, size_t length)
{
	const struct negotiated *negotiated = &initiator->outcome.negotiated;
	uint32_t offset = ntohl(bhs->r2t.offset), wanted = ntohl(bhs->r2t.desired_bytes);
	struct initiator_task *task = find(initiator, bhs, "an R2T");
	unsigned int asked;

	if (!task)
		return;
	asked = task->r2t_count - (task->r2t_count && task->r2ts[0].ttt == ISCSI_TAG_NONE);
	if (task->direction != INITIATOR_WRITE)
		refuse(initiator, &initiator->counters->format_errors, "an R2T for a command that writes nothing");
	else if (ntohl(bhs->r2t.r2tsn) != task->r2tsn)
		refuse(initiator, &initiator->counters->sequence_errors, "a wrong R2TSN");
	else if (!wanted || wanted > negotiated->max_burst_length || offset > task->length || wanted > task->length - offset)
		refuse(initiator, &initiator->counters->sequence_errors, "an R2T for data that it may not ask for");
	else if (asked >= negotiated->max_outstanding_r2t || ntohl(bhs->r2t.ttt) == ISCSI_TAG_NONE)
		refuse(initiator, &initiator->counters->format_errors, "an R2T that it may not send");
	if (is_over(initiator))
		return;
	task->r2tsn++;
	if (!task->is_given_up)
		add_burst(initiator, task, ntohl(bhs->r2t.ttt), offset, wanted);
}
