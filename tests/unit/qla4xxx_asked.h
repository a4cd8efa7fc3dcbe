/* SPDX-License-Identifier: GPL-2.0-only OR GPL-3.0-or-later */
/*
 * A port of the ISP4xxx driver for the files that ask the firmware by an entry of the request ring and take its answer: pings and PDUs of
 * user space. The ring is one entry, full if the test says so; the workqueue runs when the test has it run; time is the test's.
 */
#ifndef OPENHBA_TESTS_UNIT_QLA4XXX_ASKED_H
#define OPENHBA_TESTS_UNIT_QLA4XXX_ASKED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "tests/unit/kernel.h"

#undef HZ
#define HZ		1000
#define time_after(a, b) time_before(b, a)
#define lockdep_assert_held(l) ((void)(l))
#define spin_lock_init(l) ((void)(l))
#define spin_lock_irqsave(l, flags) ((void)(l), (flags) = 0)
#define spin_unlock_irqrestore(l, flags) ((void)(l), (void)(flags))
#define kzalloc(size, gfp) calloc(1, size)
#define cpu_to_le16(x)	htole16(x)
#define le32_to_cpu(x)	le32toh(x)
#define lower_32_bits(n) ((u32)(n))
#define upper_32_bits(n) ((u32)((u64)(n) >> 32))
#define GENMASK_ULL(h, l) (~0ull >> (63 - (h)) & ~0ull << (l))
#define clamp_t(t, v, lo, hi) min_t(t, max_t(t, v, lo), hi)
#define ALIGN(n, to)	(((n) + (to) - 1) / (to) * (to))
#define list_move_tail(entry, list) (list_del_init(entry), list_add_tail(entry, list))
#define host_warn(host, ...) ((void)(host), world.warnings++)
#define INIT_WORK(w, fn) ((void)((w)->queued = 0), world.run = (fn))
#define flush_work(w)	asked_work(w)

typedef u64 dma_addr_t;
typedef long long s64;
typedef struct { s64 counter; } atomic64_t;

#define atomic64_add(n, a) ((void)((a)->counter += (n)))

#define OPENHBA_QLA4XXX_HOST_H
#define OPENHBA_QLA4XXX_SESSION_H

#include "transport/abi/isp4xxx.h"
#include "drivers/qla4xxx/rings.h"

enum recovery_reason { RECOVER_RING, RECOVER_LOST };

struct pci_dev {
	int dev;
};

struct qla_host {
	struct Scsi_Host *shost;
	struct pci_dev *pdev;
	struct rings rings;
	struct workqueue_struct *workqueue;
	struct passthroughs *passthroughs;
	struct pings *pings;
};

static struct world {
	struct qla_host host;
	struct pci_dev pdev;
	union ring_entry entry;
	bool ring_is_full, is_ready;
	unsigned int told, claimed, recoveries, warnings;
	void (*run)(struct work_struct *work);
} world;

unsigned long jiffies = 1000;
bool kernel_out_of_memory;

#define host_ready(host) ((void)(host), world.is_ready)

struct ring_claim rings_claim(struct qla_host *host, unsigned int count)
{
	if (world.ring_is_full)
		return (struct ring_claim){ };
	world.claimed += count;
	memset(&world.entry, 0xee, sizeof(world.entry));
	return (struct ring_claim){ .count = count };
}

void rings_publish(struct qla_host *host, struct ring_claim claim, bool now)
{
	assert_true(now);
	world.told++;
}

/* IOCBs that the firmware has. */
static int asked_in_flight(void)
{
	return world.claimed - world.host.rings.finished.counter;
}

static void recover(struct qla_host *host, enum recovery_reason reason)
{
	assert_int_equal(reason, RECOVER_LOST);
	world.recoveries++;
}

static void asked_work(struct work_struct *work)
{
	if (!work->queued)
		return;
	work->queued = 0;
	world.run(work);
}

static void asked_begin(void)
{
	memset(&world, 0, sizeof(world));
	world.host.pdev = &world.pdev;
	world.host.rings.requests = &world.entry;
	world.is_ready = true;
}

#endif
