/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Mailbox commands: one at a time, a question in eight registers and its answer. The waiter is armed before the doorbell rings, and looks
 * at the chip himself every MAILBOX_POLL_MS: an interrupt that is late, lost or off costs that long, not the minute after which the
 * firmware counts as dead and the chip is reset.
 */
#ifndef OPENHBA_QLA4XXX_MAILBOX_H
#define OPENHBA_QLA4XXX_MAILBOX_H

#include <linux/completion.h>
#include <linux/dma-direction.h>
#include <linux/list.h>
#include <linux/mutex.h>

#include "transport/abi/isp4xxx.h"

#define MAILBOX_POLL_MS		64
#define MAILBOX_POLL_OFF_MS	4	/* while interrupts are off */
#define MAILBOX_TIMEOUT_MS	60000

struct qla_host;

/*
 * mutex: who asks. It is the innermost mutex; nothing that sleeps on the chip is called with a spinlock. waiting and regs belong to
 * qla_host.irq_lock: between arming and answer the interrupt handler writes them.
 */
struct mailbox {
	struct mutex mutex;		/* one question at a time */
	struct list_head abandoned;	/* buffers that a silent chip may still write to; mutex */
	struct completion answered;
	bool waiting;
	u8 outs;
	u32 regs[ISP_MAILBOXES];
};

void mailbox_init(struct mailbox *mailbox);

/*
 * Asks and waits. regs[1..] go in, as many as isp4xxx_mailbox.def says; all that come back are in regs[0..], regs[0] is the status.
 * 0: the firmware did it. -EIO: it refused, regs tell why. -ETIMEDOUT: it is silent, a recovery has been asked for. -ENODEV: the card is
 * gone or given up. -EBUSY: it is being reset by somebody else (the one who resets it, host_owns_reset(), gets through).
 */
int mailbox_ask(struct qla_host *host, enum isp_mailbox opcode, u32 regs[ISP_MAILBOXES]);

/*
 * The same with a buffer that the chip reads or writes, copied through DMA memory; its address goes into registers address and address +
 * 1. -ENOMEM, too. After an error of the chip buffer is unchanged.
 */
int mailbox_transfer(struct qla_host *host, enum isp_mailbox opcode, u32 regs[ISP_MAILBOXES], unsigned int address, void *buffer,
		     size_t size, enum dma_data_direction direction);

/* The chip was reset, or is gone: it writes to no buffer any more. */
void mailbox_stopped(struct qla_host *host);

/* irq.c: an answer came. irq_lock held; regs are what the chip holds. */
void mailbox_answered(struct mailbox *mailbox, const u32 regs[ISP_MAILBOXES]);
/* Wakes whoever asks; he gives up with -ENODEV or -EBUSY if host_is_lost(). Any context. */
void mailbox_cancel(struct qla_host *host);

#endif
