/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The request and response rings in DMA memory. Many CPUs fill the request ring at once: each claims its slots by one atomic operation,
 * writes them, and marks them written; whoever can, publishes all that is written in one piece up to the first gap, and rings the doorbell
 * once for it. There is no lock over the writing. The response ring has one reader, the interrupt handler.
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

struct rings {
	void *memory;			/* one DMA piece: requests, responses, shadow */
	dma_addr_t dma;
	union ring_entry *requests, *responses;
	struct isp_shadow *shadow;	/* written by the chip */
	/* The rest is rings.c's. */
	atomic64_t claimed;
	u64 published;
	unsigned long publishing;
	unsigned int limit;		/* IOCBs the firmware takes at once; set by rings_set_limit() */
	atomic_t in_flight;
	u16 response_out;
	unsigned long *written;
};

int rings_alloc(struct qla_host *host);			/* -ENOMEM */
void rings_free(struct qla_host *host);
void rings_start(struct qla_host *host);		/* empty, registers 0; the chip is stopped */
void rings_describe(struct qla_host *host, void *acb);	/* writes lengths and addresses into a control block */
void rings_set_limit(struct rings *rings, unsigned int iocbs);	/* from GET_FW_STATUS */

/* Slots for one request of count entries: false if there is no room. Then entries are written, and all of them published; any context. */
struct ring_claim { u64 first; unsigned int count; };
bool rings_claim(struct qla_host *host, unsigned int count, struct ring_claim *claim);
union ring_entry *rings_entry(struct rings *rings, const struct ring_claim *claim, unsigned int number);
void rings_publish(struct qla_host *host, const struct ring_claim *claim);
void rings_finished(struct rings *rings, unsigned int count);	/* the firmware has answered a request of count entries */

/* irq.c: takes what the firmware has answered. irq_lock held. True if there was any. */
bool rings_responses(struct qla_host *host);

#endif
