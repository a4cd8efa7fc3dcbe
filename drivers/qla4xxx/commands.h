/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SCSI commands that the firmware has. Each sits in the slot of its tag, and whoever changes the slot's live word from the command's
 * handle to 0 answers it: the response ring, or a flush after the chip was stopped. Handles differ from one command of a tag to the
 * next, so that an answer that comes twice finds nobody.
 */
#ifndef OPENHBA_QLA4XXX_COMMANDS_H
#define OPENHBA_QLA4XXX_COMMANDS_H

#include <scsi/scsi_cmnd.h>

#include "drivers/qla4xxx/host.h"
#include "transport/class/compat.h"

#define COMMAND_SENSE		96	/* of SCSI_SENSE_BUFFERSIZE */

/* The members behind live are written before it, and hold until the command is completed. They say nothing while it is 0. */
struct command_slot {
	u32 live;		/* the handle, or 0 */
	u16 generation;		/* of the last handle */
	u16 ddb;
	u16 entries;		/* of the request ring */
	struct scsi_cmnd *cmd;
	const struct scsi_device *device;
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
};

/* Commands answered in one look at the response ring; they are completed when its lock is released. */
struct command_batch {
	unsigned int count;
	struct scsi_cmnd *cmds[ISP_RESPONSES];
};

/* --- commands.c ---------------------------------------------------------------------------------------------------------------------- */

/* Puts cmd into its tag's slot; its handle, or 0 if the firmware still has an older one of that tag. */
u32 command_begin(struct commands *commands, struct scsi_cmnd *cmd, u16 ddb, unsigned int entries);
/* Out of the slot again: the caller answers it. NULL: there is none, or no longer, of this handle. Any context. */
struct command_slot *command_take(struct commands *commands, u32 handle);
/* The handle of a command that is being aborted, 0 if it is answered. */
u32 command_handle(const struct commands *commands, const struct scsi_cmnd *cmd);

static inline bool command_is_live(const struct commands *commands, u32 handle)
{
	return READ_ONCE(commands->slots[handle % ISP_REQUESTS].live) == handle;
}

/* Whether the firmware has any of a DDB (< 0: of all), a device (NULL: of all). */
bool commands_any(const struct commands *commands, int ddb, const struct scsi_device *device);
/* What is left of it in the rings and in DMA mappings; its result is set. The caller completes it. */
void command_finish(struct qla_host *host, struct command_slot *slot);

/* --- status.c: entries of the response ring that answer commands. rings.response_lock held; false: nobody can have asked for that ---- */

bool status_entry(struct qla_host *host, const union ring_entry *entry, struct command_batch *batch);
bool status_continuation(struct qla_host *host, const union ring_entry *entry, struct command_batch *batch);
bool status_returned(struct qla_host *host, const union ring_entry *entry, struct command_batch *batch);

/* --- errors.c ------------------------------------------------------------------------------------------------------------------------ */

compat_timeout_result eh_timed_out(struct scsi_cmnd *cmd);
int eh_abort(struct scsi_cmnd *cmd);
int eh_device_reset(struct scsi_cmnd *cmd);
int eh_target_reset(struct scsi_cmnd *cmd);
int eh_host_reset(struct scsi_cmnd *cmd);

#endif
