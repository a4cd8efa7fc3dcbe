/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SCSI commands that the firmware has. Each sits in the slot of its tag, and whoever changes the slot's live word from the command's
 * handle to COMMAND_ANSWERED answers it: the response ring, or a flush after the chip was stopped. He makes it 0 when he tells the mid
 * layer, so that nobody takes the command for ended, or its slot for free, while he still has it. Handles differ from one command of a
 * tag to the next, so that an answer that comes twice finds nobody.
 */
#ifndef OPENHBA_QLA4XXX_COMMANDS_H
#define OPENHBA_QLA4XXX_COMMANDS_H

#include <scsi/scsi_cmnd.h>

#include "drivers/qla4xxx/host.h"
#include "transport/class/compat.h"

#define COMMAND_SENSE		96	/* of SCSI_SENSE_BUFFERSIZE */

#define COMMAND_ANSWERED	1		/* no handle */
#define COMMAND_GENERATION	0x10000		/* counted in the upper half of a handle, from 1; the lower half is the tag */

/* The members behind live are written before it, and hold until the command is completed. They say nothing while it is 0. */
struct command_slot {
	u32 live;		/* the handle, COMMAND_ANSWERED, or 0 */
	u32 last;		/* handle */
	u16 ddb;
	u16 entries;		/* of the request ring */
	struct scsi_cmnd *cmd;
	struct command_slot *next;	/* of those that were answered together */
};

/* A status whose sense data goes on in entries behind it; its command stays in its slot meanwhile. rings.response_lock. */
struct command_sense {
	u32 handle;		/* 0: none is on its way */
	u16 have, total;	/* bytes */
	struct isp_status status;
	u8 bytes[COMMAND_SENSE];
};

struct commands {
	struct command_slot slots[ISP_REQUESTS];
	struct command_sense sense;
	struct command_slot *answered, **answered_end;	/* in one look at the response ring. rings.response_lock */
};

/* --- a command on its way down, and up. Any context ---------------------------------------------------------------------------------- */

/* Puts cmd into its tag's slot; its handle, or 0 if the firmware still has an older one of that tag. */
static inline u32 command_begin(struct commands *commands, struct scsi_cmnd *cmd, u16 ddb, unsigned int entries)
{
	struct command_slot *slot = &commands->slots[(u32)scsi_cmd_to_rq(cmd)->tag % ISP_REQUESTS];
	u32 handle = slot->last + COMMAND_GENERATION;

	/* Somebody gave up on a command without the firmware having given it back. */
	if (unlikely(READ_ONCE(slot->live)))
		return 0;
	if (unlikely(handle < COMMAND_GENERATION))
		handle += COMMAND_GENERATION;
	slot->last = handle;
	slot->ddb = ddb;
	slot->entries = entries;
	slot->cmd = cmd;
	/* A flush that finds it live finds the rest. */
	smp_store_release(&slot->live, handle);
	return handle;
}

/* The slot is free again: of a command that its owner completes now, or (the same section of rcu) does not give to the firmware. */
static inline struct scsi_cmnd *command_end(struct command_slot *slot)
{
	struct scsi_cmnd *cmd = slot->cmd;

	/* What is read of it is read before another begins in it. */
	smp_store_release(&slot->live, 0);
	return cmd;
}

/* The caller answers it, and ends it. NULL: there is none, or no longer, of this handle. */
static inline struct command_slot *command_take(struct commands *commands, u32 handle)
{
	struct command_slot *slot = &commands->slots[handle % ISP_REQUESTS];

	if (unlikely(handle < COMMAND_GENERATION) || unlikely(cmpxchg(&slot->live, handle, COMMAND_ANSWERED) != handle))
		return NULL;
	return slot;
}

/* What is left of it in the rings and in DMA mappings; its result is set. */
static inline void command_finish(struct qla_host *host, struct command_slot *slot)
{
	scsi_dma_unmap(slot->cmd);
	rings_finished(&host->rings, slot->entries);
}

/* The caller has taken and finished it: it is completed behind this look at the response ring, whose lock is held. */
static inline void command_answered(struct commands *commands, struct command_slot *slot)
{
	slot->next = NULL;
	*commands->answered_end = slot;
	commands->answered_end = &slot->next;
}

/* --- commands.c ---------------------------------------------------------------------------------------------------------------------- */

void commands_init(struct commands *commands);		/* of zeroes */
/* All of command_answered() since, for commands_complete() without the lock. */
struct command_slot *commands_answered(struct commands *commands);
void commands_complete(struct command_slot *first);
/* The handle of a command that is being aborted, 0 if it has ended. Sleeps, while its answer is told. */
u32 command_handle(const struct commands *commands, const struct scsi_cmnd *cmd);

static inline bool command_is_live(const struct commands *commands, u32 handle)
{
	return READ_ONCE(commands->slots[handle % ISP_REQUESTS].live) == handle;
}

/* Whether the command of a handle, whose tag nobody else has yet, has not ended. */
static inline bool command_is_waited_for(const struct commands *commands, u32 handle)
{
	u32 live = READ_ONCE(commands->slots[handle % ISP_REQUESTS].live);

	return live == handle || live == COMMAND_ANSWERED;
}

/* Whether there is any of a DDB (< 0: of all), a device (NULL: of all). */
bool commands_any(const struct commands *commands, int ddb, const struct scsi_device *device);

/* --- status.c: entries of the response ring that answer commands. rings.response_lock held; false: nobody can have asked for that ---- */

bool status_entry(struct qla_host *host, const union ring_entry *entry);
bool status_continuation(struct qla_host *host, const union ring_entry *entry);
bool status_returned(struct qla_host *host, const union ring_entry *entry);

/* --- errors.c ------------------------------------------------------------------------------------------------------------------------ */

compat_timeout_result eh_timed_out(struct scsi_cmnd *cmd);
int eh_abort(struct scsi_cmnd *cmd);
int eh_device_reset(struct scsi_cmnd *cmd);
int eh_target_reset(struct scsi_cmnd *cmd);
int eh_host_reset(struct scsi_cmnd *cmd);

#endif
