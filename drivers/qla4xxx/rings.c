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
#define LOOKS		8	/* at the response ring, before others get the CPU */

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

/* Numbers go on, so that an older mark never looks like one of now, and what is in flight may end when it likes. */
static void begin_at_slot_0(struct rings *rings)
{
	s64 claimed = atomic64_read(&rings->claimed), number = round_up(claimed, ISP_REQUESTS);

	rings_finished(rings, number - claimed);
	atomic64_set(&rings->claimed, number);
	rings->published = number;
	rings->free_until = number;
}

void rings_start(struct qla_host *host)
{
	struct rings *rings = &host->rings;
	unsigned int i;

	memset(rings->memory, 0, MEMORY_SIZE);
	for (i = 0; i < ISP_RESPONSES; i++)
		*rings_mark(&rings->responses[i]) = cpu_to_le32(ISP_RESPONSE_TAKEN);
	begin_at_slot_0(rings);
	rings->response_out = 0;
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
	WRITE_ONCE(rings->free_until, atomic64_read(&rings->claimed));
}

/* --- requests ---------------------------------------------------------------------------------------------------------------------- */

/* A consumer index that is older than first, or newer, is taken for less room than there is, never for more. */
static s64 look_for_room(struct rings *rings, u64 first)
{
	s64 allowed = atomic64_read(&rings->finished) + READ_ONCE(rings->limit);
	u32 out = le32_to_cpu(READ_ONCE(rings->shadow->request_out)) & 0xffff;
	s64 room = first - ((u32)first - out) % ISP_REQUESTS + ISP_REQUESTS - ROOM_KEPT;

	if (unlikely(out >= ISP_REQUESTS))
		return first;
	room = min(room, allowed);
	WRITE_ONCE(rings->free_until, room);
	return room;
}

static bool is_free(struct rings *rings, s64 first, unsigned int count)
{
	return likely(first + count <= READ_ONCE(rings->free_until)) || first + count <= look_for_room(rings, first);
}

struct ring_claim rings_claim(struct qla_host *host, unsigned int count)
{
	struct rings *rings = &host->rings;
	s64 first, now;

	RCU_LOCKDEP_WARN(!rcu_read_lock_held(), "claim of ring slots that rings_close() does not wait for");
	/* Pairs with the release of rings_start(). */
	if (unlikely(!smp_load_acquire(&rings->is_open)))
		return (struct ring_claim){ };
	first = atomic64_read(&rings->claimed);
	for (;;) {
		if (likely(is_free(rings, first, count))) {
			if (likely(atomic64_try_cmpxchg(&rings->claimed, &first, first + count)))
				return (struct ring_claim){ .first = first, .count = count };
			continue;
		}
		/* The consumer may be that of a ring which has gone on since first was read. */
		now = atomic64_read(&rings->claimed);
		if (now == first)
			return (struct ring_claim){ };
		first = now;
	}
}

/* Tells the firmware of all that is written in one piece. Who calls it owns published. */
static void tell(struct qla_host *host)
{
	struct rings *rings = &host->rings;
	u64 number = rings->published, end;

	/* Pairs with the release of rings_publish(): the entries are there when the mark is. Marks of earlier rounds are smaller. */
	while ((end = smp_load_acquire(&rings->written[number % ISP_REQUESTS])) > number)
		number = end;
	if (number == rings->published)
		return;
	rings->published = number;
	/* writel() orders what was written to memory before; no read back, which would wait for the chip. */
	writel(number % ISP_REQUESTS, host->chip.regs + ISP_REG_REQUEST_IN);
}

/*
 * One tells at a time. Who finds it being done leaves: his mark was written before he was counted, and who tells looks again until he has
 * seen all that were. Preemption would keep the others' requests from the firmware meanwhile.
 */
static inline void kick(struct qla_host *host)
{
	struct rings *rings = &host->rings;
	int seen;

	preempt_disable();
	seen = atomic_inc_return(&rings->kicks);
	if (likely(seen == 1)) {
		tell(host);
		while (unlikely(!atomic_try_cmpxchg(&rings->kicks, &seen, 0))) {
			/* A cmpxchg that failed orders nothing. */
			smp_mb();
			tell(host);
		}
	}
	preempt_enable();
}

void rings_kick(struct qla_host *host)
{
	kick(host);
}

void rings_publish(struct qla_host *host, struct ring_claim claim, bool now)
{
	/* Pairs with the acquire of tell(). */
	smp_store_release(&host->rings.written[claim.first % ISP_REQUESTS], claim.first + claim.count);
	if (now)
		kick(host);
}

/* --- responses --------------------------------------------------------------------------------------------------------------------- */

static bool passthrough_entry(struct qla_host *host, const union ring_entry *entry)
{
	passthrough_done(host, &entry->passthrough_status);
	return true;
}

static bool mailbox_entry(struct qla_host *host, const union ring_entry *entry)
{
	ping_done(host, &entry->mailbox);
	return true;
}

/* A command that is given back may bring them along. */
static bool continuation_entry(struct qla_host *host, const union ring_entry *entry)
{
	return true;
}

/* False: nobody can have asked for this. */
typedef bool entry_fn(struct qla_host *host, const union ring_entry *entry);

static const struct {
	u8 type;
	entry_fn *take;
} entry_rows[] = {
	{ ISP_IOCB_STATUS_CONTINUE, status_continuation },
	{ ISP_IOCB_COMMAND, status_returned },
	{ ISP_IOCB_CONTINUE, continuation_entry },
	{ ISP_IOCB_PASSTHROUGH_STATUS, passthrough_entry },
	{ ISP_IOCB_MAILBOX_STATUS, mailbox_entry },
};

static bool take_entry(struct qla_host *host, const union ring_entry *entry)
{
	u8 type = READ_ONCE(entry->header.type);
	unsigned int i;

	if (likely(type == ISP_IOCB_STATUS))
		return status_entry(host, entry);
	for (i = 0; i < ARRAY_SIZE(entry_rows); i++)
		if (entry_rows[i].type == type)
			return entry_rows[i].take(host, entry);
	return false;
}

static void warn_of(struct qla_host *host, const union ring_entry *entry, u32 place)
{
	host_warn(host, "entry %u of the response ring answers nothing: type 0x%02x, handle 0x%08x\n", place, entry->header.type,
		  le32_to_cpu(entry->status.handle));
}

/* What came of a look at the response ring. */
enum look {
	LOOK_ANY = 1,		/* it moved */
	LOOK_UNSOUND = 2,	/* the chip has written what it cannot have meant */
};

static unsigned int take_entries(struct qla_host *host)
{
	struct rings *rings = &host->rings;
	u32 in = rings_response_in(rings), out = rings->response_out;
	unsigned int found = 0;
	union ring_entry *entry;

	lockdep_assert_held(&rings->response_lock);
	if (unlikely(in >= ISP_RESPONSES))
		return LOOK_UNSOUND;
	/* Entries are read after the index that says they are there. */
	dma_rmb();
	for (; out != in; out = (out + 1) % ISP_RESPONSES) {
		entry = &rings->responses[out];
		if (unlikely(READ_ONCE(*rings_mark(entry)) == cpu_to_le32(ISP_RESPONSE_TAKEN)))
			break;
		if (unlikely(!take_entry(host, entry))) {
			warn_of(host, entry, out);
			found |= LOOK_UNSOUND;
		}
		found |= LOOK_ANY;
		WRITE_ONCE(*rings_mark(entry), cpu_to_le32(ISP_RESPONSE_TAKEN));
	}
	WRITE_ONCE(rings->response_out, out);
	return found;
}

static unsigned int look(struct qla_host *host)
{
	struct rings *rings = &host->rings;
	struct command_slot *answered;
	unsigned long flags;
	unsigned int found;

	spin_lock_irqsave(&rings->response_lock, flags);
	found = take_entries(host);
	/* The read makes sure that what the chip added before its interrupt was cleared is seen by the next look. */
	chip_write(&host->chip, ISP_REG_RESPONSE_OUT, rings->response_out);
	answered = commands_answered(host->commands);
	spin_unlock_irqrestore(&rings->response_lock, flags);
	commands_complete(answered);
	return found;
}

bool rings_responses(struct qla_host *host)
{
	unsigned int looks = 0, found, all = 0;

	do {
		found = look(host);
		if (unlikely(found & LOOK_UNSOUND))
			recover(host, RECOVER_RING);
		all |= found;
	} while (found & LOOK_ANY && rings_pending(&host->rings) && ++looks < LOOKS);
	return all & LOOK_ANY;
}
