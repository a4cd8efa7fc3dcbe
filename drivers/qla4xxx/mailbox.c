// SPDX-License-Identifier: GPL-2.0-only
/*
 * Asks the firmware: arms the answer, writes the registers, rings the bell, waits. Called by all that configures, logs in or resets; in
 * process context only. What an answer means is the caller's business.
 */
#include <linux/dma-mapping.h>
#include <linux/jiffies.h>

#include "drivers/qla4xxx/host.h"
#include "drivers/qla4xxx/trace.h"

static const struct opcode { u16 opcode; u8 ins, outs; } opcodes[] = {
#define ISP_MAILBOX(opcode, name, in, out, sentence) { opcode, in, out },
#include "transport/abi/isp4xxx_mailbox.def"
#undef ISP_MAILBOX
};

static const struct opcode *opcode_find(u16 opcode)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(opcodes); i++)
		if (opcodes[i].opcode == opcode)
			return &opcodes[i];
	return NULL;
}

void mailbox_init(struct mailbox *mailbox)
{
	mutex_init(&mailbox->mutex);
	init_completion(&mailbox->answered);
	INIT_LIST_HEAD(&mailbox->abandoned);
}

/* Whether this task may ask at all. Looked at again while it waits. */
static int gate(const struct qla_host *host)
{
	if (test_bit(HOST_GONE, &host->flags))
		return -ENODEV;
	if (host_owns_reset(host))
		return READ_ONCE(host->reasons) & RECOVER_AGAIN ? -EIO : 0;
	if (test_bit(HOST_SILENT, &host->flags))
		return host_state(host) == HOST_RECOVERING ? -EBUSY : -ENODEV;
	if (READ_ONCE(host->reasons) || host_state(host) == HOST_RECOVERING || host_state(host) == HOST_SUSPENDED)
		return -EBUSY;
	return 0;
}

static void ask(struct qla_host *host, const struct opcode *opcode, const u32 regs[ISP_MAILBOXES])
{
	struct mailbox *mailbox = &host->mailbox;
	unsigned int i;

	lockdep_assert_held(&mailbox->mutex);
	spin_lock_irq(&host->irq_lock);
	reinit_completion(&mailbox->answered);
	mailbox->waiting = true;
	mailbox->outs = opcode->outs;
	for (i = 1; i < opcode->ins; i++)
		writel(regs[i], host->chip.regs + ISP_REG_MAILBOX + 4 * i);
	chip_write(&host->chip, ISP_REG_MAILBOX, opcode->opcode);
	chip_set(&host->chip, ISP_REG_CONTROL, ISP_CONTROL_DOORBELL);
	spin_unlock_irq(&host->irq_lock);
}

/* True if it came; then regs are it. After give_up an answer is nobody's. */
static bool answer_take(struct qla_host *host, u32 regs[ISP_MAILBOXES], bool give_up)
{
	struct mailbox *mailbox = &host->mailbox;
	bool came;

	spin_lock_irq(&host->irq_lock);
	came = !mailbox->waiting;
	if (came)
		memcpy(regs, mailbox->regs, mailbox->outs * sizeof(*regs));
	else if (give_up)
		mailbox->waiting = false;
	spin_unlock_irq(&host->irq_lock);
	return came;
}

static int answer_wait(struct qla_host *host, u32 regs[ISP_MAILBOXES])
{
	unsigned long end = jiffies + msecs_to_jiffies(MAILBOX_TIMEOUT_MS);

	for (;;) {
		unsigned int ms = READ_ONCE(host->irq_on) ? MAILBOX_POLL_MS : MAILBOX_POLL_OFF_MS;
		int lost;

		if (!wait_for_completion_timeout(&host->mailbox.answered, msecs_to_jiffies(ms)))
			irq_look(host);
		lost = gate(host);
		if (!lost && time_after(jiffies, end))
			lost = -ETIMEDOUT;
		if (answer_take(host, regs, lost))
			return 0;
		if (lost)
			return lost;
	}
}

static int answer_status(u32 status)
{
	return status == ISP_STATUS_COMPLETE || status == ISP_STATUS_INTERMEDIATE ? 0 : -EIO;
}

/* ret_abandoned: the question was asked, and nobody waits for the answer any more. */
static int ask_and_wait(struct qla_host *host, const struct opcode *opcode, u32 regs[ISP_MAILBOXES], bool *ret_abandoned)
{
	int result = gate(host);

	if (result)
		return result;
	trace_qla4xxx_mailbox_ask(host, opcode->opcode, regs, opcode->ins);
	ask(host, opcode, regs);
	result = answer_wait(host, regs);
	trace_qla4xxx_mailbox_answer(host, opcode->opcode, result, regs, opcode->outs);
	*ret_abandoned = result;
	if (result == -ETIMEDOUT) {
		host_err(host, "the firmware has not answered command %04x for %u s: the chip needs a reset\n", opcode->opcode,
			 MAILBOX_TIMEOUT_MS / 1000);
		set_bit(HOST_SILENT, &host->flags);
		if (!host_owns_reset(host))
			recover(host, RECOVER_MAILBOX);
	}
	return result ?: answer_status(regs[0]);
}

static int ask_in_turn(struct qla_host *host, enum isp_mailbox opcode, u32 regs[ISP_MAILBOXES], bool *ret_abandoned)
{
	const struct opcode *row = opcode_find(opcode);
	int result;

	if (WARN_ON_ONCE(!row))
		return -EINVAL;
	mutex_lock(&host->mailbox.mutex);
	result = ask_and_wait(host, row, regs, ret_abandoned);
	mutex_unlock(&host->mailbox.mutex);
	return result;
}

int mailbox_ask(struct qla_host *host, enum isp_mailbox opcode, u32 regs[ISP_MAILBOXES])
{
	bool abandoned = false;

	return ask_in_turn(host, opcode, regs, &abandoned);
}

/* --- buffers --- */

/* A buffer that a chip may still write to, since it was asked and has not answered: kept until a reset has stopped it. */
struct buffer {
	struct list_head list;
	void *memory;
	dma_addr_t dma;
	size_t size;
};

static void buffer_free(struct qla_host *host, struct buffer *buffer)
{
	/* Secrets pass here. */
	memzero_explicit(buffer->memory, buffer->size);
	dma_free_coherent(&host->pdev->dev, buffer->size, buffer->memory, buffer->dma);
	kfree(buffer);
}

/* GFP_NOIO: a session is logged in again for the disk that memory is paged out to, too. */
static struct buffer *buffer_new(struct qla_host *host, size_t size)
{
	struct buffer *buffer = kzalloc(sizeof(*buffer), GFP_NOIO);

	if (!buffer)
		return NULL;
	buffer->size = size;
	buffer->memory = dma_alloc_coherent(&host->pdev->dev, size, &buffer->dma, GFP_NOIO);
	if (buffer->memory)
		return buffer;
	kfree(buffer);
	return NULL;
}

int mailbox_transfer(struct qla_host *host, enum isp_mailbox opcode, u32 regs[ISP_MAILBOXES], unsigned int address, void *bytes,
		     size_t size, enum dma_data_direction direction)
{
	struct buffer *buffer = buffer_new(host, size);
	bool abandoned = false;
	int result;

	if (!buffer)
		return -ENOMEM;
	if (direction == DMA_TO_DEVICE)
		memcpy(buffer->memory, bytes, size);
	regs[address] = lower_32_bits(buffer->dma);
	regs[address + 1] = upper_32_bits(buffer->dma);
	result = ask_in_turn(host, opcode, regs, &abandoned);
	if (!result && direction == DMA_FROM_DEVICE)
		memcpy(bytes, buffer->memory, size);
	if (!abandoned) {
		buffer_free(host, buffer);
		return result;
	}
	mutex_lock(&host->mailbox.mutex);
	list_add(&buffer->list, &host->mailbox.abandoned);
	mutex_unlock(&host->mailbox.mutex);
	return result;
}

void mailbox_stopped(struct qla_host *host)
{
	struct buffer *buffer, *next;

	mutex_lock(&host->mailbox.mutex);
	list_for_each_entry_safe(buffer, next, &host->mailbox.abandoned, list) {
		list_del(&buffer->list);
		buffer_free(host, buffer);
	}
	mutex_unlock(&host->mailbox.mutex);
}

/* --- the other side --- */

void mailbox_answered(struct mailbox *mailbox, const u32 regs[ISP_MAILBOXES])
{
	if (!mailbox->waiting)
		return;
	memcpy(mailbox->regs, regs, mailbox->outs * sizeof(*regs));
	mailbox->waiting = false;
	complete(&mailbox->answered);
}

void mailbox_cancel(struct qla_host *host)
{
	complete(&host->mailbox.answered);
}
