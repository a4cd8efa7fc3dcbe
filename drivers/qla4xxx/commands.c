// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of the commands that the firmware has: into it on the way down (scsi.c), out of it by an answer (status.c) or by a flush here.
 * Nothing here decides how a command ended, except a flush.
 */
#include <linux/blk-mq.h>
#include <linux/delay.h>

#include "drivers/qla4xxx/commands.h"

#define IDLE_POLL_MS	10

static u16 next_generation(u16 generation)
{
	return generation == U16_MAX ? 1 : generation + 1;
}

u32 command_begin(struct commands *commands, struct scsi_cmnd *cmd, u16 ddb, unsigned int entries)
{
	u32 tag = scsi_cmd_to_rq(cmd)->tag;
	struct command_slot *slot = &commands->slots[tag % ISP_REQUESTS];
	u32 handle;

	/* Somebody gave up on a command without the firmware having given it back. */
	if (unlikely(READ_ONCE(slot->live)))
		return 0;
	slot->generation = next_generation(slot->generation);
	slot->ddb = ddb;
	slot->entries = entries;
	slot->cmd = cmd;
	slot->device = cmd->device;
	handle = (u32)slot->generation << 16 | tag % ISP_REQUESTS;
	/* A flush that finds it live finds the rest. */
	smp_store_release(&slot->live, handle);
	return handle;
}

struct command_slot *command_take(struct commands *commands, u32 handle)
{
	struct command_slot *slot = &commands->slots[handle % ISP_REQUESTS];

	if (unlikely(!handle) || unlikely(cmpxchg(&slot->live, handle, 0) != handle))
		return NULL;
	return slot;
}

u32 command_handle(const struct commands *commands, const struct scsi_cmnd *cmd)
{
	u32 tag = scsi_cmd_to_rq((struct scsi_cmnd *)cmd)->tag;
	const struct command_slot *slot = &commands->slots[tag % ISP_REQUESTS];
	u32 handle = smp_load_acquire(&slot->live);	/* pairs with command_begin() */

	return handle && slot->cmd == cmd ? handle : 0;
}

static bool is_of(const struct command_slot *slot, int ddb, const struct scsi_device *device)
{
	return (ddb < 0 || slot->ddb == ddb) && (!device || slot->device == device);
}

bool commands_any(const struct commands *commands, int ddb, const struct scsi_device *device)
{
	const struct command_slot *slot;

	for (slot = commands->slots; slot < commands->slots + ISP_REQUESTS; slot++)
		if (smp_load_acquire(&slot->live) && is_of(slot, ddb, device))	/* pairs with command_begin() */
			return true;
	return false;
}

void command_finish(struct qla_host *host, struct command_slot *slot)
{
	scsi_dma_unmap(slot->cmd);
	rings_finished(&host->rings, slot->entries);
}

static void flush_slot(struct qla_host *host, struct command_slot *slot, int ddb, u8 host_byte)
{
	u32 handle = smp_load_acquire(&slot->live);	/* pairs with command_begin() */

	if (!handle || !is_of(slot, ddb, NULL) || !command_take(host->commands, handle))
		return;
	slot->cmd->result = host_byte << 16;
	command_finish(host, slot);
	scsi_done(slot->cmd);
}

static void forget_sense(struct qla_host *host)
{
	unsigned long flags;

	spin_lock_irqsave(&host->rings.response_lock, flags);
	host->commands->sense.handle = 0;
	spin_unlock_irqrestore(&host->rings.response_lock, flags);
}

void scsi_flush(struct qla_host *host, int ddb, u8 host_byte)
{
	struct commands *commands = host->commands;
	struct command_slot *slot;

	if (!commands || !host->rings.memory)
		return;
	if (ddb < 0) {
		rings_close(host);
		rings_responses(host);
		forget_sense(host);
	} else {
		/* Its session takes no commands any more; those that were on their way down are in the ring. */
		synchronize_rcu();
	}
	for (slot = commands->slots; slot < commands->slots + ISP_REQUESTS; slot++)
		flush_slot(host, slot, ddb, host_byte);
}

bool scsi_wait_idle(struct qla_host *host, unsigned int ms)
{
	unsigned long end = jiffies + msecs_to_jiffies(ms);

	while (commands_any(host->commands, -1, NULL)) {
		if (time_after(jiffies, end) || test_bit(HOST_GONE, &host->flags))
			return false;
		msleep(IDLE_POLL_MS);
	}
	return true;
}
