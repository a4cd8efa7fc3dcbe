/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Questions to the firmware: what is written before the bell rings, answers that come at once, late, twice, without an interrupt or never,
 * cards that are pulled, resets that overtake, and buffers that a silent chip may still write to.
 */
#include "tests/unit/qla4xxx_registers.h"

#define OPENHBA_QLA4XXX_HOST_H
#define OPENHBA_QLA4XXX_TRACE_H

#define trace_qla4xxx_mailbox_ask(...) ((void)0)
#define trace_qla4xxx_mailbox_answer(...) ((void)0)
#define host_err(host, ...) ((void)(host))
#define lockdep_assert_held(l) assert_true(mutex_is_held)
#define lower_32_bits(n) ((u32)(n))
#define upper_32_bits(n) ((u32)((u64)(n) >> 32))
#define kzalloc(size, gfp) (world.out_of_memory ? NULL : calloc(1, size))
#define memzero_explicit(p, size) memset(p, 0, size)
#define init_completion(c) ((void)((c)->done = 0))
#define reinit_completion(c) ((void)((c)->done = 0))

typedef u64 dma_addr_t;
struct pci_dev { int dev; };

static bool mutex_is_held;
static inline void hold(bool held)
{
	assert_int_equal(mutex_is_held, !held);
	mutex_is_held = held;
}
#undef mutex_lock
#undef mutex_unlock
#define mutex_lock(m) ((void)(m), hold(true))
#define mutex_unlock(m) ((void)(m), hold(false))

#include "drivers/qla4xxx/mailbox.h"

enum host_state { HOST_STARTING, HOST_ONLINE, HOST_RECOVERING, HOST_SUSPENDED, HOST_DEAD, HOST_REMOVING };
enum host_flag { HOST_LINK_UP, HOST_GONE, HOST_SILENT };
enum recovery_reason { RECOVER_MAILBOX, RECOVER_FATAL, RECOVER_REQUEST };
#define RECOVER_AGAIN BIT(RECOVER_FATAL)

struct qla_host {
	struct pci_dev *pdev;
	struct chip chip;
	struct mailbox mailbox;
	spinlock_t irq_lock;
	bool irq_on;
	enum host_state state;
	unsigned long flags, reasons;
};

#define host_state(host) ((host)->state)
#define host_owns_reset(host) ((void)(host), world.owns_reset)

static void lock_irq(void);
static void unlock_irq(void);
#define spin_lock_irq(l) ((void)(l), lock_irq())
#define spin_unlock_irq(l) ((void)(l), unlock_irq())

static struct {
	struct qla_host host;
	struct pci_dev pdev;
	bool owns_reset, out_of_memory, locked;
	unsigned int recoveries, sleeps, looks, rung, buffers;
	/* the firmware */
	u32 questions[4][ISP_MAILBOXES], answer[ISP_MAILBOXES];
	unsigned int answers_after_ms;		/* of its bell; NEVER */
	bool interrupts;			/* reach the driver; else only who looks sees the answer */
	bool twice;
	unsigned long answers_at;
	unsigned int pending;			/* answers that nobody has been told of */
	void (*on_sleep)(void);
	u8 *buffer;				/* the last one, as the chip sees it */
	size_t size;
} world;

#define NEVER	(~0u)

static void recover(struct qla_host *host, enum recovery_reason reason)
{
	assert_int_equal(reason, RECOVER_MAILBOX);
	world.recoveries++;
}

/* What the interrupt handler does with an answer. */
static void told(void)
{
	assert_false(world.locked);
	world.locked = true;
	mailbox_answered(&world.host.mailbox, world.answer);
	world.locked = false;
}

static void interrupts(void)
{
	while (world.interrupts && world.pending && !world.locked) {
		world.pending--;
		told();
		/* What is said again is not what was asked for. */
		if (world.twice)
			world.answer[1] = 0xbad;
	}
}

static void lock_irq(void)
{
	assert_false(world.locked);
	world.locked = true;
}

static void unlock_irq(void)
{
	assert_true(world.locked);
	world.locked = false;
	/* Those that were kept off come now. */
	interrupts();
}

static void pass(void)
{
	if (world.answers_at && !time_before(jiffies, world.answers_at)) {
		world.answers_at = 0;
		world.pending += 1 + world.twice;
	}
	interrupts();
}

static bool wait_for_completion_timeout(struct completion *completion, unsigned int ms)
{
	if (!completion->done) {
		world.sleeps++;
		if (world.on_sleep)
			world.on_sleep();
		registers_pass(ms);
	}
	if (!completion->done)
		return false;
	completion->done--;
	return true;
}

static void irq_look(struct qla_host *host)
{
	world.looks++;
	if (registers.is_gone)
		set_bit(HOST_GONE, &host->flags);
	if (!world.pending || registers.is_gone)
		return;
	world.pending--;
	told();
}

static void *dma_alloc_coherent(int *dev, size_t size, dma_addr_t *dma, gfp_t gfp)
{
	world.buffer = calloc(1, size);
	world.size = size;
	world.buffers++;
	*dma = (uintptr_t)world.buffer;
	return world.buffer;
}

static void dma_free_coherent(int *dev, size_t size, void *memory, dma_addr_t dma)
{
	size_t i;

	assert_int_equal(dma, (uintptr_t)memory);
	/* Secrets pass through it. */
	for (i = 0; i < size; i++)
		assert_int_equal(((u8 *)memory)[i], 0);
	free(memory);
	world.buffers--;
}

#include "drivers/qla4xxx/mailbox.c"

static void on_write(enum isp_register reg, u32 value)
{
	if (reg != ISP_REG_CONTROL || value != ((u32)ISP_CONTROL_DOORBELL << 16 | ISP_CONTROL_DOORBELL))
		return;
	assert_true(world.rung < ARRAY_SIZE(world.questions));
	memcpy(world.questions[world.rung++], registers.space, sizeof(world.questions[0]));
	if (world.answers_after_ms == NEVER)
		return;
	if (world.size && world.answer[0] == ISP_STATUS_COMPLETE)
		memset(world.buffer, 0x5a, world.size);
	world.answers_at = jiffies + world.answers_after_ms;
	if (!world.answers_after_ms)
		pass();
}

static int begin(void **state)
{
	registers_begin(false);
	memset(&world, 0, sizeof(world));
	registers.on_write = on_write;
	registers.on_pass = pass;
	world.host.pdev = &world.pdev;
	world.host.chip.regs = registers.space;
	world.host.state = HOST_ONLINE;
	world.host.irq_on = true;
	world.interrupts = true;
	world.answer[0] = ISP_STATUS_COMPLETE;
	mailbox_init(&world.host.mailbox);
	return 0;
}

static int end(void **state)
{
	assert_false(mutex_is_held);
	assert_false(world.locked);
	mailbox_stopped(&world.host);
	assert_int_equal(world.buffers, 0);
	return 0;
}

/* GET_IP_STATE takes three registers and gives all. */
static int ask_address(u32 regs[ISP_MAILBOXES])
{
	unsigned int i;

	for (i = 0; i < ISP_MAILBOXES; i++)
		regs[i] = 0x100 + i;
	return mailbox_ask(&world.host, ISP_MBOX_GET_IP_STATE, regs);
}

static void test_at_once(void **state)
{
	u32 regs[ISP_MAILBOXES];
	unsigned long before = jiffies;
	unsigned int i;

	for (i = 1; i < ISP_MAILBOXES; i++)
		world.answer[i] = 0x200 + i;
	*registers_at(ISP_REG_MAILBOX + 4 * 7) = 0x777;
	assert_int_equal(ask_address(regs), 0);
	/* Taken though it came before anybody slept. */
	assert_int_equal(jiffies, before);
	assert_int_equal(world.sleeps + world.looks, 0);
	assert_int_equal(world.questions[0][0], ISP_MBOX_GET_IP_STATE);
	assert_int_equal(world.questions[0][1], 0x101);
	assert_int_equal(world.questions[0][2], 0x102);
	/* What the command has not is left alone. */
	assert_int_equal(world.questions[0][7], 0x777);
	assert_int_equal(regs[0], ISP_STATUS_COMPLETE);
	assert_int_equal(regs[4], 0x204);
	/* The bell is the last that is written. */
	assert_int_equal(registers.writes[registers.count - 1].reg, ISP_REG_CONTROL);
}

static void test_late(void **state)
{
	u32 regs[ISP_MAILBOXES];
	unsigned long before = jiffies;

	world.answers_after_ms = 20000;
	assert_int_equal(ask_address(regs), 0);
	assert_in_range(jiffies - before, 20000, 20000 + MAILBOX_POLL_MS);
	assert_int_equal(world.recoveries, 0);
}

/* An interrupt that does not come costs the time until somebody looks. */
static void test_interrupt_lost(void **state)
{
	u32 regs[ISP_MAILBOXES];
	unsigned long before = jiffies;

	world.interrupts = false;
	assert_int_equal(ask_address(regs), 0);
	assert_in_range(jiffies - before, 1, MAILBOX_POLL_MS);
	before = jiffies;
	world.host.irq_on = false;
	assert_int_equal(ask_address(regs), 0);
	assert_in_range(jiffies - before, 1, MAILBOX_POLL_OFF_MS);
}

static void test_refused(void **state)
{
	u32 regs[ISP_MAILBOXES];

	world.answer[0] = ISP_STATUS_COMMAND_ERROR;
	world.answer[1] = 0x33;
	assert_int_equal(ask_address(regs), -EIO);
	assert_int_equal(regs[0], ISP_STATUS_COMMAND_ERROR);
	assert_int_equal(regs[1], 0x33);
	world.answer[0] = ISP_STATUS_INTERMEDIATE;
	assert_int_equal(ask_address(regs), 0);
}

static void test_silent(void **state)
{
	u32 regs[ISP_MAILBOXES];
	unsigned long before = jiffies;

	world.answers_after_ms = NEVER;
	assert_int_equal(ask_address(regs), -ETIMEDOUT);
	assert_in_range(jiffies - before, MAILBOX_TIMEOUT_MS, MAILBOX_TIMEOUT_MS + 2 * MAILBOX_POLL_MS);
	assert_true(test_bit(HOST_SILENT, &world.host.flags));
	assert_false(world.host.mailbox.waiting);
	assert_int_equal(world.recoveries, 1);
	/* Nobody else waits a minute for it. */
	before = jiffies;
	assert_int_equal(ask_address(regs), -ENODEV);
	world.host.state = HOST_RECOVERING;
	assert_int_equal(ask_address(regs), -EBUSY);
	assert_int_equal(jiffies, before);
	assert_int_equal(world.rung, 1);
}

/* Who resets the chip gets through, and asks for no reset. */
static void test_silent_in_reset(void **state)
{
	u32 regs[ISP_MAILBOXES];

	world.owns_reset = true;
	world.host.state = HOST_RECOVERING;
	set_bit(HOST_SILENT, &world.host.flags);
	assert_int_equal(ask_address(regs), 0);
	world.answers_after_ms = NEVER;
	assert_int_equal(ask_address(regs), -ETIMEDOUT);
	assert_int_equal(world.recoveries, 0);
	world.host.reasons = BIT(RECOVER_FATAL);
	assert_int_equal(ask_address(regs), -EIO);
	assert_int_equal(world.rung, 2);
}

/* An answer that nobody waits for is nobody's: the next question has its own. */
static void test_answer_of_nobody(void **state)
{
	u32 regs[ISP_MAILBOXES];

	world.twice = true;
	world.answer[1] = 1;
	assert_int_equal(ask_address(regs), 0);
	assert_int_equal(regs[1], 1);
	assert_int_equal(world.pending, 0);
	told();
	world.twice = false;
	world.answers_after_ms = 500;
	world.answer[1] = 2;
	assert_int_equal(ask_address(regs), 0);
	assert_int_equal(regs[1], 2);
	assert_true(world.sleeps > 0);
}

static void pull(void)
{
	registers.is_gone = true;
}

static void test_pulled(void **state)
{
	u32 regs[ISP_MAILBOXES];
	unsigned long before = jiffies;

	world.answers_after_ms = NEVER;
	world.on_sleep = pull;
	assert_int_equal(ask_address(regs), -ENODEV);
	assert_in_range(jiffies - before, 1, MAILBOX_POLL_MS);
	assert_int_equal(world.recoveries, 0);
	assert_int_equal(ask_address(regs), -ENODEV);
	assert_int_equal(world.rung, 1);
}

static void reset_elsewhere(void)
{
	world.host.reasons = BIT(RECOVER_REQUEST);
	mailbox_cancel(&world.host);
}

/* A reset that somebody asks for ends the wait at once. */
static void test_overtaken(void **state)
{
	u32 regs[ISP_MAILBOXES];
	unsigned long before = jiffies;

	world.answers_after_ms = NEVER;
	world.on_sleep = reset_elsewhere;
	assert_int_equal(ask_address(regs), -EBUSY);
	assert_in_range(jiffies - before, 0, MAILBOX_POLL_MS);
	assert_int_equal(world.recoveries, 0);
	/* And what the firmware still says is nobody's. */
	told();
	world.host.reasons = 0;
	world.on_sleep = NULL;
	world.answers_after_ms = 100;
	world.answer[1] = 9;
	assert_int_equal(ask_address(regs), 0);
	assert_int_equal(regs[1], 9);
}

static void test_suspended(void **state)
{
	u32 regs[ISP_MAILBOXES];

	world.host.state = HOST_SUSPENDED;
	assert_int_equal(ask_address(regs), -EBUSY);
	/* Sessions are logged out of a host that goes. */
	world.host.state = HOST_REMOVING;
	assert_int_equal(ask_address(regs), 0);
	assert_int_equal(world.rung, 1);
}

static int transfer(u8 *bytes, size_t size, enum dma_data_direction direction)
{
	u32 regs[ISP_MAILBOXES] = { 0 };

	return mailbox_transfer(&world.host, ISP_MBOX_GET_IFCB, regs, 2, bytes, size, direction);
}

static void test_transfer(void **state)
{
	u8 bytes[64] = { 1 };

	assert_int_equal(transfer(bytes, sizeof(bytes), DMA_FROM_DEVICE), 0);
	assert_int_equal(bytes[0], 0x5a);
	assert_int_equal(bytes[63], 0x5a);
	assert_int_equal(((u64)world.questions[0][3] << 32 | world.questions[0][2]), (uintptr_t)world.buffer);
	memset(bytes, 7, sizeof(bytes));
	assert_int_equal(transfer(bytes, sizeof(bytes), DMA_TO_DEVICE), 0);
	assert_int_equal(bytes[0], 7);
	world.answer[0] = ISP_STATUS_PARAMETER_ERROR;
	assert_int_equal(transfer(bytes, sizeof(bytes), DMA_FROM_DEVICE), -EIO);
	assert_int_equal(bytes[0], 7);
	assert_int_equal(world.buffers, 0);
	world.out_of_memory = true;
	assert_int_equal(transfer(bytes, sizeof(bytes), DMA_FROM_DEVICE), -ENOMEM);
}

/* The chip may write to it until it has been stopped. */
static void test_abandoned(void **state)
{
	u8 bytes[64] = { 1 };

	world.answers_after_ms = NEVER;
	assert_int_equal(transfer(bytes, sizeof(bytes), DMA_FROM_DEVICE), -ETIMEDOUT);
	assert_int_equal(world.buffers, 1);
	memset(world.buffer, 0x77, world.size);
	assert_int_equal(bytes[0], 1);
	/* A question that was not asked leaves nothing. */
	assert_int_equal(transfer(bytes, sizeof(bytes), DMA_FROM_DEVICE), -ENODEV);
	assert_int_equal(world.buffers, 1);
	mailbox_stopped(&world.host);
	assert_int_equal(world.buffers, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_at_once), TEST(test_late), TEST(test_interrupt_lost), TEST(test_refused), TEST(test_silent),
		TEST(test_silent_in_reset), TEST(test_answer_of_nobody), TEST(test_pulled), TEST(test_overtaken), TEST(test_suspended),
		TEST(test_transfer), TEST(test_abandoned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
