/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The request and response rings in DMA memory. Many CPUs fill the request ring at once: each claims its slots by one atomic operation,
 * writes them, and marks them written; whoever can, tells the firmware of all that is written in one piece up to the first gap, by one
 * doorbell. There is no lock over the writing. The response ring is read by one at a time: the interrupt handler, or who polls for it.
 * Slots are numbered through, for all the rings' life: number % ISP_REQUESTS is the place in the ring.
 */
#ifndef OPENHBA_QLA4XXX_RINGS_H
#define OPENHBA_QLA4XXX_RINGS_H

#include <linux/atomic.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "transport/abi/isp4xxx.h"

struct qla_host;

union ring_entry {
	struct isp_header header;
	struct isp_command command;
	struct isp_continue more;
	struct isp_marker marker;
	struct isp_passthrough passthrough;
	struct isp_mailbox_iocb mailbox;
	struct isp_status status;
	struct isp_status_continue sense;
	struct isp_passthrough_status passthrough_status;
	u8 bytes[ISP_IOCB_SIZE];
};

/* Everything here is rings.c's. */
struct rings {
	void *memory;			/* one DMA piece: requests, responses, shadow; NULL before rings_alloc() */
	dma_addr_t dma;
	union ring_entry *requests, *responses;
	struct isp_shadow *shadow;	/* written by the chip */
	bool is_open;			/* slots may be claimed */
	atomic64_t claimed;		/* slots given out: the next one's number */
	s64 free_until;			/* there was room for this number and limit allowed it, when last looked at: both only grow */
	u64 *written;			/* by slot: the end of the claim that begins there, once that is written */
	atomic_t kicks;			/* not told yet. Who makes it 1 tells the firmware until it is 0, and owns published */
	u64 published;			/* slots the firmware was told of */
	unsigned int limit;		/* IOCBs the firmware takes at once */
	atomic64_t finished;		/* claimed - finished: IOCBs it has, or is about to get */
	spinlock_t response_lock;	/* the rest. Hard interrupt context; recover(), and no completion, is called without it */
	u16 response_out;
};

int rings_alloc(struct qla_host *host);			/* -ENOMEM */
void rings_free(struct qla_host *host);			/* no interrupt handler, no claim any more; NULL memory is fine */
void rings_start(struct qla_host *host);		/* empty, registers 0, open; the chip is stopped, scsi_flush() was called */
void rings_close(struct qla_host *host);		/* nothing is claimed until rings_start(), no claim is unpublished. Sleeps */
void rings_describe(struct qla_host *host, void *acb);	/* writes lengths and addresses into a control block */
void rings_set_limit(struct rings *rings, unsigned int iocbs);	/* from GET_FW_STATUS, while nothing is claimed */

/*
 * Slots for one request of count entries: of 0 if there is no room, or the rings are closed. All entries are written, then published;
 * under rcu_read_lock() from before the claim to behind publishing, any context. now: with the doorbell; else by the next that rings it,
 * which is to be rings_kick() at the latest.
 */
struct ring_claim { u64 first; unsigned int count; };
struct ring_claim rings_claim(struct qla_host *host, unsigned int count);
void rings_publish(struct qla_host *host, struct ring_claim claim, bool now);
void rings_kick(struct qla_host *host);

static inline union ring_entry *rings_entry(struct rings *rings, struct ring_claim claim, unsigned int number)
{
	return &rings->requests[(claim.first + number) % ISP_REQUESTS];
}

/* The firmware has answered a request of count entries, or never will. */
static inline void rings_finished(struct rings *rings, unsigned int count)
{
	atomic64_add(count, &rings->finished);
}

static inline u32 rings_response_in(const struct rings *rings)
{
	return le32_to_cpu(READ_ONCE(rings->shadow->response_in)) & 0xffff;
}

/* Whether the firmware has answered; reads no register. Any context, after rings_alloc(). */
static inline bool rings_pending(const struct rings *rings)
{
	return rings_response_in(rings) != READ_ONCE(rings->response_out);
}

/*
 * Takes what the firmware has answered and clears the chip's completion interrupt, even if there was nothing. Hard interrupt context or
 * any other, after rings_alloc(); without irq_lock if it can be, as commands are completed here. True if there was anything.
 */
bool rings_responses(struct qla_host *host);

#endif
