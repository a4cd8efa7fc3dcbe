// SPDX-License-Identifier: GPL-2.0-only
/*
 * The memory of the rings, how requests get into one and answers out of the other. What an entry says is not looked at here, except for
 * its type, which names who does. Indices written by the chip are checked here, and a chip that writes nonsense is reset.
 */
#include <linux/dma-mapping.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "drivers/qla4xxx/commands.h"
#include "drivers/qla4xxx/field.h"
#include "drivers/qla4xxx/host.h"
#include "drivers/qla4xxx/rings.h"

#define RESPONSES_AT	(ISP_REQUESTS * ISP_IOCB_SIZE)
#define SHADOW_AT	(RESPONSES_AT + ISP_RESPONSES * ISP_IOCB_SIZE)
#define MEMORY_SIZE	(SHADOW_AT + sizeof(struct isp_shadow))
#define MARK_AT		(ISP_IOCB_SIZE - sizeof(__le32))
#define ROOM_KEPT	2	/* slots that stay empty: equal indices mean an empty ring */
#define LIMIT_KEPT	4	/* IOCBs of the firmware's own */
#define LIMIT_DEFAULT	256	/* a firmware that does not say */
#define PASSES		8	/* over the response ring, before others get the CPU */

/* --- memory ------------------------------------------------------------------------------------------------------------------------ */

int rings_alloc(struct qla_host *host)
{
	struct rings *rings = &host->rings;

	spin_lock_init(&rings->response_lock);
	rings->limit = LIMIT_DEFAULT - LIMIT_KEPT;
	rings->written = kvcalloc(ISP_REQUESTS, sizeof(*rings->written), GFP_KERNEL);
	if (!rings->written)
		return -ENOMEM;
	/* The chip wants the requests at a multiple of their size: coherent memory is aligned to its own size rounded up. */
	rings->memory = dma_alloc_coherent(&host->pdev->dev, MEMORY_SIZE, &rings->dma, GFP_KERNEL);
	if (!rings->memory) {
		rings_free(host);
		return -ENOMEM;
	}
	rings->requests = rings->memory;
	rings->responses = rings->memory + RESPONSES_AT;
	rings->shadow = rings->memory + SHADOW_AT;
	return 0;
}

void rings_free(struct qla_host *host)
{
	struct rings *rings = &host->rings;

	if (rings->memory)
		dma_free_coherent(&host->pdev->dev, MEMORY_SIZE, rings->memory, rings->dma);
	kvfree(rings->written);
	rings->memory = NULL;
	rings->written = NULL;
}

static __le32 *rings_mark(union ring_entry *entry)
{
	return (__le32 *)&entry->bytes[MARK_AT];
}

void rings_start(struct qla_host *host)
{
	struct rings *rings = &host->rings;
	unsigned int i;

	memset(rings->memory, 0, MEMORY_SIZE);
	for (i = 0; i < ISP_RESPONSES; i++)
		*rings_mark(&rings->responses[i]) = cpu_to_le32(ISP_RESPONSE_TAKEN);
	memset(rings->written, 0, ISP_REQUESTS * sizeof(*rings->written));
	rings->published = 0;
	rings->response_out = 0;
	atomic64_set(&rings->claimed, 0);
	chip_write(&host->chip, ISP_REG_REQUEST_IN, 0);
	chip_write(&host->chip, ISP_REG_RESPONSE_OUT, 0);
	/* Pairs with the acquire of rings_claim(). */
	smp_store_release(&rings->is_open, true);
}

void rings_close(struct qla_host *host)
{
	WRITE_ONCE(host->rings.is_open, false);
	synchronize_rcu();
}

void rings_describe(struct qla_host *host, void *acb)
{
	const struct rings *rings = &host->rings;

	field_set(ISP_ACB_ROW_REQUEST_OUT, acb, 0);
	field_set(ISP_ACB_ROW_RESPONSE_IN, acb, 0);
	field_set(ISP_ACB_ROW_REQUESTS, acb, ISP_REQUESTS);
	field_set(ISP_ACB_ROW_RESPONSES, acb, ISP_RESPONSES);
	field_set(ISP_ACB_ROW_REQUEST_RING, acb, rings->dma);
	field_set(ISP_ACB_ROW_RESPONSE_RING, acb, rings->dma + RESPONSES_AT);
	field_set(ISP_ACB_ROW_SHADOW, acb, rings->dma + SHADOW_AT);
}

void rings_set_limit(struct rings *rings, unsigned int iocbs)
{
	if (!iocbs)
		iocbs = LIMIT_DEFAULT;
	WRITE_ONCE(rings->limit, iocbs > LIMIT_KEPT ? iocbs - LIMIT_KEPT : iocbs);
}

/* --- requests ---------------------------------------------------------------------------------------------------------------------- */

/* Slots are numbered through: number % ISP_REQUESTS is the place in the ring. A claim that is written is told by this at its first. */
static u64 claim_mark(u64 first, unsigned int count)
{
	return first << 8 | count;
}

/* Slots at number that are written and belong together; 0: none yet. */
static unsigned int written_at(const struct rings *rings, u64 number)
{
	/* Pairs with the release of rings_publish(): the entries are there when the mark is. */
	u64 mark = smp_load_acquire(&rings->written[number % ISP_REQUESTS]);

	return mark >> 8 == number ? mark & 0xff : 0;
}

static bool has_room(const struct rings *rings, u64 first, unsigned int count)
{
	u32 out = le32_to_cpu(READ_ONCE(rings->shadow->request_out)) & 0xffff;

	if (unlikely(out >= ISP_REQUESTS))
		return false;
	return count + ROOM_KEPT < ISP_REQUESTS - (((u32)first - out) % ISP_REQUESTS);
}

static bool claim_slots(struct rings *rings, unsigned int count, u64 *ret_first)
{
	s64 first = atomic64_read(&rings->claimed), now;

	for (;;) {
		if (likely(has_room(rings, first, count))) {
			if (likely(atomic64_try_cmpxchg(&rings->claimed, &first, first + count)))
				break;
			continue;
		}
		/* The consumer may be that of a ring which has gone on since first was read. */
		now = atomic64_read(&rings->claimed);
		if (now == first)
			return false;
		first = now;
	}
	*ret_first = first;
	return true;
}

bool rings_claim(struct qla_host *host, unsigned int count, struct ring_claim *claim)
{
	struct rings *rings = &host->rings;

	RCU_LOCKDEP_WARN(!rcu_read_lock_held(), "claim of ring slots that rings_close() does not wait for");
	/* Pairs with the release of rings_start(). */
	if (unlikely(!smp_load_acquire(&rings->is_open)))
		return false;
	if (unlikely(atomic_add_return(count, &rings->in_flight) > READ_ONCE(rings->limit)) ||
	    unlikely(!claim_slots(rings, count, &claim->first))) {
		rings_finished(rings, count);
		return false;
	}
	claim->count = count;
	return true;
}

union ring_entry *rings_entry(struct rings *rings, const struct ring_claim *claim, unsigned int number)
{
	return &rings->requests[(claim->first + number) % ISP_REQUESTS];
}

/* Tells the firmware of all that is written in one piece. Who calls it owns publishing. */
static void tell(struct qla_host *host)
{
	struct rings *rings = &host->rings;
	u64 number = rings->published;
	unsigned int count;

	while ((count = written_at(rings, number)))
		number += count;
	if (number == rings->published)
		return;
	WRITE_ONCE(rings->published, number);
	/* writel() orders what was written to memory before; no read back, which would wait for the chip. */
	writel(number % ISP_REQUESTS, host->chip.regs + ISP_REG_REQUEST_IN);
}

/*
 * One tells at a time. Who finds it being done leaves: his mark was written before (xchg() is a full barrier, whatever it finds), and who
 * tells looks again after he has let go. Preemption would keep the others' requests from the firmware meanwhile.
 */
void rings_kick(struct qla_host *host)
{
	struct rings *rings = &host->rings;

	preempt_disable();
	do {
		if (xchg(&rings->publishing, 1))
			break;
		tell(host);
		/* The next who tells sees published. */
		smp_store_release(&rings->publishing, 0);
		/* Let go before looking: pairs with the xchg() of who found it taken. */
		smp_mb();
	} while (written_at(rings, READ_ONCE(rings->published)));
	preempt_enable();
}

void rings_publish(struct qla_host *host, const struct ring_claim *claim, bool now)
{
	struct rings *rings = &host->rings;

	/* Pairs with the acquire of written_at(). */
	smp_store_release(&rings->written[claim->first % ISP_REQUESTS], claim_mark(claim->first, claim->count));
	if (now)
		rings_kick(host);
}

void rings_finished(struct rings *rings, unsigned int count)
{
	atomic_sub(count, &rings->in_flight);
}

/* --- responses --------------------------------------------------------------------------------------------------------------------- */

static bool passthrough_entry(struct qla_host *host, const union ring_entry *entry, struct command_batch *batch)
{
	passthrough_done(host, &entry->passthrough_status);
	return true;
}

static bool mailbox_entry(struct qla_host *host, const union ring_entry *entry, struct command_batch *batch)
{
	ping_done(host, &entry->mailbox);
	return true;
}

/* A command that is given back may bring them along. */
static bool continuation_entry(struct qla_host *host, const union ring_entry *entry, struct command_batch *batch)
{
	return true;
}

/* False: nobody can have asked for this. */
typedef bool entry_fn(struct qla_host *host, const union ring_entry *entry, struct command_batch *batch);

static const struct {
	u8 type;
	entry_fn *take;
} entry_rows[] = {
	{ ISP_IOCB_STATUS, status_entry },
	{ ISP_IOCB_STATUS_CONTINUE, status_continuation },
	{ ISP_IOCB_COMMAND, status_returned },
	{ ISP_IOCB_CONTINUE, continuation_entry },
	{ ISP_IOCB_PASSTHROUGH_STATUS, passthrough_entry },
	{ ISP_IOCB_MAILBOX_STATUS, mailbox_entry },
};

static bool take_entry(struct qla_host *host, const union ring_entry *entry, struct command_batch *batch)
{
	u8 type = READ_ONCE(entry->header.type);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(entry_rows); i++)
		if (entry_rows[i].type == type)
			return entry_rows[i].take(host, entry, batch);
	return false;
}

static u32 responses_in(const struct rings *rings)
{
	return le32_to_cpu(READ_ONCE(rings->shadow->response_in)) & 0xffff;
}

bool rings_pending(const struct rings *rings)
{
	return rings->memory && responses_in(rings) != READ_ONCE(rings->response_out);
}

/* At most as many as a batch takes. False: the chip has written what it cannot have meant. */
static bool take_entries(struct qla_host *host, struct command_batch *batch)
{
	struct rings *rings = &host->rings;
	u32 in = responses_in(rings);
	u16 out = rings->response_out;
	union ring_entry *entry;
	bool sound = in < ISP_RESPONSES;

	lockdep_assert_held(&rings->response_lock);
	/* Entries are read after the index that says they are there. */
	dma_rmb();
	while (in < ISP_RESPONSES && out != in) {
		entry = &rings->responses[out];
		if (unlikely(READ_ONCE(*rings_mark(entry)) == cpu_to_le32(ISP_RESPONSE_TAKEN)))
			break;
		if (unlikely(!take_entry(host, entry, batch))) {
			host_warn(host, "entry %u of the response ring answers nothing: type 0x%02x, handle 0x%08x\n", out,
				  entry->header.type, le32_to_cpu(entry->status.handle));
			sound = false;
		}
		WRITE_ONCE(*rings_mark(entry), cpu_to_le32(ISP_RESPONSE_TAKEN));
		out = (out + 1) % ISP_RESPONSES;
	}
	WRITE_ONCE(rings->response_out, out);
	return sound;
}

static void complete_batch(const struct command_batch *batch)
{
	unsigned int i;

	for (i = 0; i < batch->count; i++)
		scsi_done(batch->cmds[i]);
}

/* One look at the ring; *ret_any says whether it moved. */
static bool take_pass(struct qla_host *host, bool *ret_any)
{
	struct rings *rings = &host->rings;
	struct command_batch batch;
	unsigned long flags;
	u16 before;
	bool sound;

	batch.count = 0;
	spin_lock_irqsave(&rings->response_lock, flags);
	before = rings->response_out;
	sound = take_entries(host, &batch);
	/* The read makes sure that what the chip added before its interrupt was cleared is seen by the next look. */
	chip_write(&host->chip, ISP_REG_RESPONSE_OUT, rings->response_out);
	*ret_any = rings->response_out != before;
	spin_unlock_irqrestore(&rings->response_lock, flags);
	complete_batch(&batch);
	return sound;
}

bool rings_responses(struct qla_host *host)
{
	unsigned int passes = 0;
	bool any = false, more;

	do {
		if (unlikely(!take_pass(host, &more)))
			recover(host, RECOVER_RING);
		any |= more;
	} while (more && rings_pending(&host->rings) && ++passes < PASSES);
	return any;
}
