// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the chip interrupts for: responses in the ring, an answer or an event in the mailboxes, a reset that another function began, a
 * fatal error. The line is shared and level triggered: it falls when each cause has been cleared. Those who poll look at the same causes.
 */
#include <linux/interrupt.h>

#include "drivers/qla4xxx/host.h"

/* Events that a look takes at most; the level brings us back for more. */
#define TURNS	64

static bool is_answer(u32 word)
{
	return word == ISP_STATUS_BUSY || word == ISP_STATUS_INTERMEDIATE || (word & ~0xfffu) == ISP_STATUS_COMPLETE;
}

static bool is_event(u32 word)
{
	return (word & ~0xfffu) == 0x8000;
}

static void read_mailboxes(struct qla_host *host, u32 regs[ISP_MAILBOXES], unsigned int count)
{
	unsigned int i;

	for (i = 1; i < count; i++)
		regs[i] = chip_read(&host->chip, ISP_REG_MAILBOX + 4 * i);
}

/* The mailboxes hold an answer or an event until the processor interrupt is cleared; then the firmware shows the next. */
static void take_mailboxes(struct qla_host *host)
{
	u32 regs[ISP_MAILBOXES] = { chip_read(&host->chip, ISP_REG_MAILBOX) };

	lockdep_assert_held(&host->irq_lock);
	if (is_answer(regs[0])) {
		read_mailboxes(host, regs, host->mailbox.waiting ? host->mailbox.outs : 0);
		mailbox_answered(&host->mailbox, regs);
	} else if (is_event(regs[0])) {
		read_mailboxes(host, regs, ISP_MAILBOXES);
		event_post(host, regs);
	}
	chip_set(&host->chip, ISP_REG_CONTROL, ISP_CONTROL_PROCESSOR);
}

/* Not maskable. Nothing the chip does means anything any more: it is stopped at once. */
static void take_fatal(struct qla_host *host)
{
	lockdep_assert_held(&host->irq_lock);
	host_err(host, "the chip reports a fatal error (port error status %08x)\n", chip_read(&host->chip, ISP_REG_PORT_ERROR));
	if (!(chip_read(&host->chip, ISP_REG_CONTROL) & ISP_CONTROL_RESET_INTERRUPT))
		chip_set(&host->chip, ISP_REG_CONTROL, ISP_CONTROL_SOFT_RESET);
	chip_set(&host->chip, ISP_REG_CONTROL, ISP_CONTROL_FATAL);
	chip_interrupts(&host->chip, false);
	host->irq_on = false;
	recover(host, RECOVER_FATAL);
}

/* The other function's reset ends only after this. */
static void take_reset(struct qla_host *host)
{
	lockdep_assert_held(&host->irq_lock);
	chip_interrupts(&host->chip, false);
	host->irq_on = false;
	chip_set(&host->chip, ISP_REG_CONTROL, ISP_CONTROL_RESET_INTERRUPT);
	recover(host, RECOVER_OTHER_FUNCTION);
}

/*
 * The causes there were; ISP_CONTROL_COMPLETION among them is the caller's, as commands are completed without irq_lock. asked: interrupts
 * are off, but somebody polls.
 */
static u32 look(struct qla_host *host, bool asked)
{
	u32 control = chip_read(&host->chip, ISP_REG_CONTROL);

	lockdep_assert_held(&host->irq_lock);
	if (control == ~0u) {
		host_gone(host);
		return 0;
	}
	if (control & ISP_CONTROL_FATAL) {
		take_fatal(host);
		return ISP_CONTROL_FATAL;
	}
	if (!host->irq_on && !asked)
		return 0;
	if (control & ISP_CONTROL_RESET_INTERRUPT) {
		take_reset(host);
		return ISP_CONTROL_RESET_INTERRUPT;
	}
	if (control & ISP_CONTROL_PROCESSOR)
		take_mailboxes(host);
	return control & (ISP_CONTROL_COMPLETION | ISP_CONTROL_PROCESSOR);
}

static u32 look_once(struct qla_host *host, bool asked)
{
	unsigned long flags;
	u32 causes = 0;

	spin_lock_irqsave(&host->irq_lock, flags);
	if (!test_bit(HOST_GONE, &host->flags))
		causes = look(host, asked);
	spin_unlock_irqrestore(&host->irq_lock, flags);
	if (causes & ISP_CONTROL_COMPLETION)
		rings_responses(host);
	return causes;
}

static irqreturn_t handler(int irq, void *data)
{
	struct qla_host *host = data;

	/* The line is shared, and a chip that sleeps reads like one that is gone. */
	if (host_state(host) == HOST_SUSPENDED)
		return IRQ_NONE;
	/* Most of the time that is all, and no register has to be read for it; what else there is holds the line, and brings us back. */
	if (READ_ONCE(host->irq_on) && rings_pending(&host->rings) && rings_responses(host))
		return IRQ_HANDLED;
	return IRQ_RETVAL(look_once(host, false));
}

void irq_look(struct qla_host *host)
{
	unsigned int turns;

	for (turns = 0; turns < TURNS && look_once(host, true); turns++)
		;
}

int irq_start(struct qla_host *host)
{
	int result = request_irq(host->pdev->irq, handler, IRQF_SHARED, QLA_NAME, host);

	if (result) {
		host_err(host, "cannot have interrupt %d: error %d\n", host->pdev->irq, result);
		return result;
	}
	host->irq_requested = true;
	return 0;
}

void irq_enable(struct qla_host *host)
{
	spin_lock_irq(&host->irq_lock);
	host->irq_on = true;
	chip_interrupts(&host->chip, true);
	spin_unlock_irq(&host->irq_lock);
	irq_look(host);
}

void irq_disable(struct qla_host *host)
{
	spin_lock_irq(&host->irq_lock);
	host->irq_on = false;
	if (!test_bit(HOST_GONE, &host->flags))
		chip_interrupts(&host->chip, false);
	spin_unlock_irq(&host->irq_lock);
}

void irq_stop(struct qla_host *host)
{
	irq_disable(host);
	if (host->irq_requested)
		free_irq(host->pdev->irq, host);
	host->irq_requested = false;
}
