// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the firmware's answer to a command means to the mid layer. Called for entries of the response ring, under its lock; the commands are
 * completed when it is released. Lengths and handles are the chip's and are checked here.
 */
#include <scsi/scsi_device.h>

#include "drivers/qla4xxx/commands.h"
#include "drivers/qla4xxx/session.h"

/* How the firmware ended a command. */
enum ending {
	ENDED_IN_ERROR,		/* whatever is not listed */
	ENDED_BY_TARGET,	/* as its status says */
	ENDED_SHORT,		/* the firmware saw fewer bytes; a target that says so, too, is right */
	ENDED_QUEUE_FULL,
	ENDED_BY_RESET,		/* or abort */
	ENDED_WITH_SESSION,
};

static const u8 endings[256] = {
	[ISP_COMPLETION_OK] = ENDED_BY_TARGET,
	[ISP_COMPLETION_UNDERRUN] = ENDED_SHORT,
	[ISP_COMPLETION_QUEUE_FULL] = ENDED_QUEUE_FULL,
	[ISP_COMPLETION_RESET] = ENDED_BY_RESET,
	[ISP_COMPLETION_ABORTED] = ENDED_BY_RESET,
	[ISP_COMPLETION_TIMEOUT] = ENDED_WITH_SESSION,
	[ISP_COMPLETION_UNAVAILABLE] = ENDED_WITH_SESSION,
	[ISP_COMPLETION_LOGGED_OUT] = ENDED_WITH_SESSION,
};

static bool is_busy(u8 scsi_status)
{
	return scsi_status == SAM_STAT_BUSY || scsi_status == SAM_STAT_TASK_SET_FULL;
}

/* What a target said to be short: less than the command can use is an error, unless the target says why. */
static int short_result(struct scsi_cmnd *cmd, const struct isp_status *status)
{
	u32 length = scsi_bufflen(cmd), residual = le32_to_cpu(status->residual);

	scsi_set_resid(cmd, min(residual, length));
	if (residual > length)
		return DID_ERROR << 16;
	if (status->scsi_status == SAM_STAT_GOOD && length - residual < cmd->underflow)
		return DID_ERROR << 16;
	return DID_OK << 16 | status->scsi_status;
}

static int target_result(struct scsi_cmnd *cmd, const struct isp_status *status)
{
	/* RFC 7143 11.4.3: any other response than "completed at target" comes without a status. */
	if (status->response || status->flags & ISP_STATUS_OVERFLOW)
		return DID_ERROR << 16;
	if (status->flags & ISP_STATUS_UNDERFLOW)
		return short_result(cmd, status);
	return DID_OK << 16 | status->scsi_status;
}

/* Frames were lost if the target does not know of it: the data cannot be used, though what the target says beside it can. */
static int underrun_result(struct scsi_cmnd *cmd, const struct isp_status *status)
{
	if (status->flags & (ISP_STATUS_UNDERFLOW | ISP_STATUS_OVERFLOW) || status->response)
		return target_result(cmd, status);
	scsi_set_resid(cmd, min(le32_to_cpu(status->residual), scsi_bufflen(cmd)));
	return (is_busy(status->scsi_status) ? DID_OK : DID_ERROR) << 16 | status->scsi_status;
}

static int result_of(struct scsi_cmnd *cmd, const struct isp_status *status)
{
	switch ((enum ending)endings[status->completion]) {
	case ENDED_BY_TARGET:
		return target_result(cmd, status);
	case ENDED_SHORT:
		return underrun_result(cmd, status);
	case ENDED_QUEUE_FULL:
		/* Whatever became of the status: nothing was done. */
		return DID_OK << 16 | (is_busy(status->scsi_status) ? status->scsi_status : SAM_STAT_TASK_SET_FULL);
	case ENDED_BY_RESET:
		return DID_RESET << 16;
	case ENDED_WITH_SESSION:
		return DID_TRANSPORT_DISRUPTED << 16;
	case ENDED_IN_ERROR:
		break;
	}
	return DID_ERROR << 16;
}

static void end(struct qla_host *host, struct command_slot *slot, int result)
{
	slot->cmd->result = result;
	command_finish(host, slot);
	command_answered(host->commands, slot);
}

/* False: no such command. sense holds what came of it. */
static bool answer(struct qla_host *host, u32 handle, const struct isp_status *status, const u8 *sense, u16 sense_bytes)
{
	struct command_slot *slot = command_take(host->commands, handle);

	if (unlikely(!slot))
		return false;
	if (sense_bytes)
		memcpy(slot->cmd->sense_buffer, sense, min_t(u16, sense_bytes, SCSI_SENSE_BUFFERSIZE));
	if (unlikely(endings[status->completion] == ENDED_WITH_SESSION))
		session_suspect(host, slot->ddb);
	end(host, slot, result_of(slot->cmd, status));
	return true;
}

/* The command whose sense data did not all come is answered with what there is. */
static bool answer_waiting(struct qla_host *host)
{
	struct command_sense *sense = &host->commands->sense;
	u32 handle = sense->handle;

	lockdep_assert_held(&host->rings.response_lock);
	if (likely(!handle))
		return true;
	sense->handle = 0;
	return answer(host, handle, &sense->status, sense->bytes, sense->have);
}

/* Sense data that goes on is kept, and its command in its slot, until all of it is there. */
static void sense_begin(struct command_sense *sense, u32 handle, const struct isp_status *status, u16 total)
{
	sense->handle = handle;
	sense->have = ISP_STATUS_SENSE;
	sense->total = total;
	sense->status = *status;
	memcpy(sense->bytes, status->sense, ISP_STATUS_SENSE);
}

/* Anything but GOOD without a remark. Not inlined: its stack is not for the others. */
static noinline bool status_special(struct qla_host *host, const struct isp_status *entry, u32 handle)
{
	struct isp_status status = *entry;
	u16 total = 0;

	if (status.scsi_status == SAM_STAT_CHECK_CONDITION)
		total = min_t(u16, le16_to_cpu(status.sense_length), COMMAND_SENSE);
	if (total <= ISP_STATUS_SENSE)
		return answer(host, handle, &status, status.sense, total);
	if (!command_is_live(host->commands, handle))
		return false;
	sense_begin(&host->commands->sense, handle, &status, total);
	return true;
}

bool status_entry(struct qla_host *host, const union ring_entry *entry)
{
	const struct isp_status *status = &entry->status;
	u32 handle = le32_to_cpu(READ_ONCE(status->handle));
	struct command_slot *slot;
	bool sound;

	sound = answer_waiting(host);
	/* GOOD, all of the data, nothing else to tell: the bytes from scsi_status to completion are 0. */
	if (unlikely(READ_ONCE(*(const u32 *)&status->scsi_status)))
		return status_special(host, status, handle) && sound;
	slot = command_take(host->commands, handle);
	if (unlikely(!slot))
		return false;
	end(host, slot, DID_OK << 16);
	return sound;
}

/* More than a command's sense buffer takes may follow, and belongs to nobody. */
bool status_continuation(struct qla_host *host, const union ring_entry *entry)
{
	struct command_sense *sense = &host->commands->sense;
	u16 bytes;

	lockdep_assert_held(&host->rings.response_lock);
	if (!sense->handle)
		return true;
	bytes = min_t(u16, sense->total - sense->have, ISP_STATUS_CONTINUE_SENSE);
	memcpy(sense->bytes + sense->have, entry->sense.sense, bytes);
	sense->have += bytes;
	return sense->have < sense->total || answer_waiting(host);
}

/* The firmware did not take the request: it is to come again, however often that happens to the same one. */
bool status_returned(struct qla_host *host, const union ring_entry *entry)
{
	struct command_slot *slot = command_take(host->commands, le32_to_cpu(READ_ONCE(entry->command.handle)));

	if (!slot)
		return false;
	end(host, slot, DID_REQUEUE << 16);
	return true;
}
