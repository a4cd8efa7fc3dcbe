// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of the commands that the firmware has: into it on the way down (scsi.c), out of it by an answer (status.c) or by a flush here.
 * Nothing here decides how a command ended, except a flush.
 */
#include <linux/blk-mq.h>
#include <linux/delay.h>

#include "drivers/qla4xxx/commands.h"

#define IDLE_POLL_MS	10
#define ANSWER_POLL_MS	1
#define FIRST_SPREAD	40503	/* 0x10000 by the golden ratio: what tags begin with lies far apart */

/* A handle that comes back with a wrong tag is not to be the handle of that tag's command, too: it would be answered without being done. */
void commands_init(struct commands *commands)
{
	unsigned int i;

	for (i = 0; i < ISP_REQUESTS; i++)
		commands->slots[i].last = i * FIRST_SPREAD * COMMAND_GENERATION | i;
	commands->answered_end = &commands->answered;
}

struct command_slot *commands_answered(struct commands *commands)
{
	struct command_slot *first = commands->answered;

	commands->answered = NULL;
	commands->answered_end = &commands->answered;
	return first;
}

void commands_complete(struct command_slot *slot)
{
	struct command_slot *next;

	for (; slot; slot = next) {
		next = slot->next;
		scsi_done(command_end(slot));
	}
}

u32 command_handle(const struct commands *commands, const struct scsi_cmnd *cmd)
{
	u32 tag = scsi_cmd_to_rq((struct scsi_cmnd *)cmd)->tag, handle;
	const struct command_slot *slot = &commands->slots[tag % ISP_REQUESTS];

	/* Pairs with command_begin(). */
	while ((handle = smp_load_acquire(&slot->live)) == COMMAND_ANSWERED)
		msleep(ANSWER_POLL_MS);
	return handle && slot->cmd == cmd ? handle : 0;
}

static bool is_of(const struct command_slot *slot, int ddb, const struct scsi_device *device)
{
	return (ddb < 0 || slot->ddb == ddb) && (!device || slot->cmd->device == device);
}

bool commands_any(const struct commands *commands, int ddb, const struct scsi_device *device)
{
	const struct command_slot *slot;

	for (slot = commands->slots; slot < commands->slots + ISP_REQUESTS; slot++)
		if (smp_load_acquire(&slot->live) && is_of(slot, ddb, device))	/* pairs with command_begin() */
			return true;
	return false;
}

static void flush_slot(struct qla_host *host, struct command_slot *slot, int ddb, u8 host_byte)
{
	u32 handle = smp_load_acquire(&slot->live);	/* pairs with command_begin() */

	if (!handle || !is_of(slot, ddb, NULL) || !command_take(host->commands, handle))
		return;
	slot->cmd->result = host_byte << 16;
	command_finish(host, slot);
	scsi_done(command_end(slot));
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
