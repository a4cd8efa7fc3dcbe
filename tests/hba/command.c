/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * SCSI commands of the request ring (command type 3 with its continuations): checked, handed to the session's initiator, and answered by
 * a status entry, with the rest of long sense behind it. Data moves between the socket and the host's memory as the entry's segments say,
 * looked up at the moment of each transfer; after a reset there are none.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/loop.h"
#include "tests/hba/faults.h"
#include "tests/hba/guest.h"
#include "tests/hba/initiator.h"
#include "tests/hba/iocb.h"
#include "tests/hba/sessions.h"

#define SENSE_MAX	 96 /* the host takes no more, and counts the continuations by it */
#define STATUS_TASK_FULL 0x28

struct command {
	struct initiator_task task; /* first: the task's callbacks find the command by it */
	LIST_ENTRY(command) link;
	struct rings *rings; /* NULL: forgotten by a reset */
	struct loop_timer *timer; /* NULL: the entry gives no time */
	bool is_late;
	uint32_t handle;
	uint16_t ddb;
	uint16_t at;		/* the segment that begins at offset base of the data */
	uint32_t base;
	uint16_t count;
	struct isp_dsd dsds[];
};

static struct command *command_of(struct initiator_task *task)
{
	return (struct command *)task;
}

/* Goes to the segment that offset is in; false: beyond the last. */
static bool seek(struct command *command, uint32_t offset)
{
	if (offset < command->base)
		command->at = command->base = 0;
	while (command->at < command->count && offset - command->base >= le32toh(command->dsds[command->at].length))
		command->base += le32toh(command->dsds[command->at++].length);
	return command->at < command->count;
}

/* The pieces of guest memory of at most *length bytes; fewer bytes when these would be more than max pieces. */
static int pieces_of(struct command *command, uint64_t address, uint32_t *length, struct iovec *vectors, int max)
{
	bool is_written = command->task.direction == INITIATOR_READ;
	int pieces;

	while ((pieces = guest_vector(command->rings->settings.guest, address, *length, is_written, vectors, max)) == -E2BIG && *length > 1)
		*length /= 2;
	return pieces;
}

static int command_vector(struct initiator_task *task, uint32_t offset, uint32_t length, struct iovec *vectors, int max)
{
	struct command *command = command_of(task);
	int count = 0, pieces;
	uint32_t skip, part, whole;

	if (!command->rings)
		return -EFAULT;
	while (length && count < max && seek(command, offset)) {
		skip = offset - command->base;
		whole = le32toh(command->dsds[command->at].length) - skip;
		part = whole = whole < length ? whole : length;
		pieces = pieces_of(command, dsd_address(&command->dsds[command->at]) + skip, &part, vectors + count, max - count);
		if (pieces < 0)
			return pieces;
		count += pieces;
		if (part < whole)
			break;
		offset += part;
		length -= part;
	}
	return count ? count : -EFAULT;
}

/* What became of a command that the target answered. */
static enum isp_completion answered(const struct initiator_task *task)
{
	if (task->response)
		return ISP_COMPLETION_INCOMPLETE;
	if (task->flags & ISP_STATUS_OVERFLOW)
		return ISP_COMPLETION_OVERRUN;
	if (task->flags & ISP_STATUS_UNDERFLOW)
		return ISP_COMPLETION_UNDERRUN;
	if (task->status == STATUS_TASK_FULL)
		return ISP_COMPLETION_QUEUE_FULL;
	/* Fewer bytes than asked for, and the target does not know of it: frames were lost. */
	if (!task->status && task->direction != INITIATOR_NO_DATA && task->transferred < task->length)
		return ISP_COMPLETION_UNDERRUN;
	return ISP_COMPLETION_OK;
}

static enum isp_completion completion_of(const struct initiator_task *task)
{
	switch (task->result) {
	case INITIATOR_RESULT_COMPLETE:
		return answered(task);
	case INITIATOR_RESULT_ABORTED:
		return ISP_COMPLETION_ABORTED;
	case INITIATOR_RESULT_RESET:
		return ISP_COMPLETION_RESET;
	case INITIATOR_RESULT_LOST:
		return ISP_COMPLETION_UNAVAILABLE;
	case INITIATOR_RESULT_LOGGED_OUT:
		return ISP_COMPLETION_LOGGED_OUT;
	case INITIATOR_RESULT_REJECTED:
		return ISP_COMPLETION_TRANSPORT_ERROR;
	case INITIATOR_RESULT_FAULT:
		return ISP_COMPLETION_DMA_ERROR;
	}
	return ISP_COMPLETION_INCOMPLETE;
}

/* The answer to a command that went nowhere. */
static void answer_at_once(struct rings *rings, const struct ring_entry *entry, enum isp_completion completion)
{
	struct ring_entry answer = {.status = {.header = {.type = ISP_IOCB_STATUS, .count = 1}}};

	answer.status.handle = entry->command.handle;
	answer.status.completion = completion;
	rings->counters.statuses++;
	rings_answer(rings, &answer, 1);
}

/* The host takes a timeout for the end of the session, and blocks it until it hears more: so its connection goes, which tells the host. */
static void late(void *data)
{
	struct command *command = data;

	command->is_late = true;
	if (command->rings)
		sessions_drop(command->rings->settings.sessions, command->ddb);
}

static int set_time(struct command *command, unsigned int seconds)
{
	int error = seconds ? loop_timer_new(command->rings->settings.loop, late, command, &command->timer) : 0;

	if (seconds && !error)
		loop_timer_set(command->timer, 1000u * seconds);
	return error;
}

static void command_free(struct command *command)
{
	loop_timer_free(command->timer);
	free(command);
}

static uint32_t residual_of(const struct initiator_task *task)
{
	if (task->flags & (ISP_STATUS_UNDERFLOW | ISP_STATUS_OVERFLOW))
		return task->residual;
	return task->transferred < task->length ? task->length - task->transferred : 0;
}

static void fill_status(struct isp_status *status, const struct command *command)
{
	const struct initiator_task *task = &command->task;

	status->header.type = ISP_IOCB_STATUS;
	status->header.count = 1;
	status->handle = htole32(command->handle);
	status->completion = command->is_late && task->result == INITIATOR_RESULT_LOST ? ISP_COMPLETION_TIMEOUT : completion_of(task);
	if (task->result != INITIATOR_RESULT_COMPLETE)
		return;
	status->scsi_status = task->status;
	status->flags = task->flags & (ISP_STATUS_UNDERFLOW | ISP_STATUS_OVERFLOW);
	status->response = task->response;
	status->residual = htole32(residual_of(task));
	status->exp_cmdsn = htole32(task->exp_cmdsn);
	status->max_cmdsn = htole32(task->max_cmdsn);
}

/* Sense that does not fit into the status follows it directly. Returns the number of entries. */
static unsigned int fill_sense(struct ring_entry *answers, const struct initiator_task *task)
{
	size_t length = task->sense_length < SENSE_MAX ? task->sense_length : SENSE_MAX, done = ISP_STATUS_SENSE, part;
	unsigned int count = 1;

	if (task->result != INITIATOR_RESULT_COMPLETE)
		return count;
	answers->status.sense_length = htole16(length);
	memcpy(answers->status.sense, task->sense, length < done ? length : done);
	for (; done < length; done += part) {
		part = length - done < ISP_STATUS_CONTINUE_SENSE ? length - done : ISP_STATUS_CONTINUE_SENSE;
		answers[count].header.type = ISP_IOCB_STATUS_CONTINUE;
		answers[count].header.count = 1;
		memcpy(answers[count++].more_sense.sense, task->sense + done, part);
	}
	return count;
}

static void command_done(struct initiator_task *task)
{
	struct command *command = command_of(task);
	struct ring_entry answers[ANSWERS_MAX] = {0};
	struct rings *rings = command->rings;
	unsigned int count;

	if (rings) {
		fill_status(&answers[0].status, command);
		count = fill_sense(answers, task);
		LIST_REMOVE(command, link);
		rings->counters.outstanding--;
		rings->counters.statuses++;
		rings->counters.status_continuations += count - 1;
		rings_answer(rings, answers, count);
	}
	command_free(command);
}

void commands_forget(struct rings *rings)
{
	struct command *command;

	while ((command = LIST_FIRST(&rings->commands))) {
		LIST_REMOVE(command, link);
		command->rings = NULL;
	}
}

struct initiator_task *command_find(const struct rings *rings, unsigned int ddb, uint32_t handle)
{
	struct command *command;

	LIST_FOREACH(command, &rings->commands, link)
		if (command->handle == handle && command->ddb == ddb)
			return &command->task;
	return NULL;
}

bool command_is_outstanding(const struct rings *rings, unsigned int ddb)
{
	struct command *command;

	LIST_FOREACH(command, &rings->commands, link)
		if (command->ddb == ddb)
			return true;
	return false;
}

static unsigned int entries_needed(const struct isp_command *entry)
{
	unsigned int dsds = le16toh(entry->dsds);

	return dsds <= 1 ? 1 : 1 + (dsds - 1 + ISP_CONTINUE_DSDS - 1) / ISP_CONTINUE_DSDS;
}

/* How many of the entries that the command says are its own can be: itself and continuations right behind. -EFAULT. */
static int entries_found(struct rings *rings, const struct ring_entry *entry, unsigned int available)
{
	unsigned int i, count = entry->header.count < available ? entry->header.count : available;
	struct ring_entry next;

	for (i = 1; i < count; i++) {
		if (ring_peek(&rings->ring, i, &next) < 0)
			return -EFAULT;
		if (next.header.type != ISP_IOCB_CONTINUE)
			break;
	}
	return i;
}

/* Status bits of a refusal, 0: none. */
static uint8_t check_entries(const struct ring_entry *entry, unsigned int found, unsigned int available)
{
	if (entry->header.count != entries_needed(&entry->command) || entry->header.count > available)
		return ISP_ENTRY_INVALID_COUNT;
	return found < entry->header.count ? ISP_ENTRY_INVALID_ORDER : 0;
}

static int load_dsds(struct rings *rings, struct command *command, const struct ring_entry *entry)
{
	struct ring_entry next;
	unsigned int i, slot;

	if (command->count)
		command->dsds[0] = entry->command.dsd;
	for (i = 1; i < command->count; i++) {
		slot = (i - 1) % ISP_CONTINUE_DSDS;
		if (!slot && ring_peek(&rings->ring, 1 + (i - 1) / ISP_CONTINUE_DSDS, &next) < 0)
			return -EFAULT;
		/* The guest may have put another entry there since it was looked at: its bytes are still no more than addresses. */
		command->dsds[i] = next.more.dsd[slot];
	}
	return 0;
}

static bool is_covered(const struct command *command)
{
	uint64_t bytes = 0;
	unsigned int i;

	for (i = 0; i < command->count; i++)
		bytes += le32toh(command->dsds[i].length);
	return bytes >= command->task.length && bytes <= UINT32_MAX;
}

static struct command *command_new(struct rings *rings, const struct isp_command *entry)
{
	struct command *command = calloc(1, sizeof(*command) + le16toh(entry->dsds) * sizeof(struct isp_dsd));

	if (!command)
		return NULL;
	command->rings = rings;
	command->handle = le32toh(entry->handle);
	command->ddb = le16toh(entry->ddb);
	command->count = le16toh(entry->dsds);
	memcpy(command->task.lun, entry->lun, sizeof(command->task.lun));
	memcpy(command->task.cdb, entry->cdb, sizeof(command->task.cdb));
	command->task.attribute = entry->control & ISP_COMMAND_ATTRIBUTE;
	command->task.length = le32toh(entry->length);
	if (entry->control & (ISP_COMMAND_READ | ISP_COMMAND_WRITE) && command->task.length)
		command->task.direction = entry->control & ISP_COMMAND_READ ? INITIATOR_READ : INITIATOR_WRITE;
	command->task.vector = command_vector;
	command->task.done = command_done;
	if (set_time(command, le16toh(entry->timeout)) == 0)
		return command;
	free(command);
	return NULL;
}

static bool is_direction_wrong(const struct isp_command *entry)
{
	uint8_t both = ISP_COMMAND_READ | ISP_COMMAND_WRITE;

	return (entry->control & both) == both || (entry->length && !(entry->control & both));
}

/* To the initiator, or an answer at once. Takes the command. */
static void submit(struct rings *rings, struct command *command, const struct ring_entry *entry)
{
	struct initiator *initiator = sessions_initiator(rings->settings.sessions, command->ddb);

	if (!initiator || initiator_task(initiator, &command->task) < 0) {
		command_free(command);
		answer_at_once(rings, entry, ISP_COMPLETION_LOGGED_OUT);
		return;
	}
	LIST_INSERT_HEAD(&rings->commands, command, link);
	rings->counters.outstanding++;
}

static int start(struct rings *rings, const struct ring_entry *entry)
{
	struct command *command;
	bool is_full;

	if (is_direction_wrong(&entry->command)) {
		answer_at_once(rings, entry, ISP_COMPLETION_DIRECTION);
		return 0;
	}
	is_full = rings->counters.outstanding >= COMMANDS_MAX || fault_hit(rings->settings.faults, FAULT_IOCB_REFUSE, ISP_IOCB_COMMAND, NULL);
	command = is_full ? NULL : command_new(rings, &entry->command);
	if (!command) {
		rings->counters.returned++;
		rings_give_back(rings, entry, ISP_ENTRY_BUSY);
		return 0;
	}
	if (load_dsds(rings, command, entry) < 0) {
		command_free(command);
		return -EFAULT;
	}
	if (is_covered(command) && command->task.attribute <= ISP_COMMAND_ACA) {
		submit(rings, command, entry);
		return 0;
	}
	command_free(command);
	rings_refuse(rings, entry, ISP_ENTRY_INVALID_PARAMETER);
	return 0;
}

int command_take(struct rings *rings, const struct ring_entry *entry, unsigned int available)
{
	int found = entries_found(rings, entry, available);
	uint8_t wrong;

	if (found < 0)
		return found;
	wrong = check_entries(entry, found, available);
	if (wrong) {
		rings_refuse(rings, entry, wrong);
		return found;
	}
	rings->counters.commands++;
	rings->counters.continuations += found - 1;
	return start(rings, entry) < 0 ? -EFAULT : found;
}
