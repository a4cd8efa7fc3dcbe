/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The start of the firmware: which steps are taken in which order from where, that each that fails is tried again by a reset and given up in
 * the end, and that all of it ends at once for a host that is removed or a card that is pulled. What is told of a flow is one letter each:
 *
 *	D F N		semaphores are taken (driver, flash, NVRAM), d f n given back
 *	R W		the chip is reset, the end of another's reset is waited for
 *	S		what a stopped chip had is answered
 *	E B		the EEPROM is read, the firmware is booted
 *	A Y G I a	version, addresses, control block read and given, read again
 *	s L		the firmware's state, its limit of requests
 */
#include <ctype.h>

#include "tests/unit/qla4xxx_registers.h"

#define OPENHBA_QLA4XXX_HOST_H
#define OPENHBA_QLA4XXX_CONFIG_H
#define OPENHBA_QLA4XXX_TRACE_H

#include "drivers/qla4xxx/field.h"

#define LETTERS		200

enum host_state { HOST_STARTING, HOST_ONLINE, HOST_RECOVERING, HOST_SUSPENDED, HOST_DEAD, HOST_REMOVING };
enum host_flag { HOST_LINK_UP, HOST_GONE, HOST_SILENT };
enum recovery_reason { RECOVER_MAILBOX, RECOVER_FATAL, RECOVER_OTHER_FUNCTION };
enum bringup_from { BRINGUP_LOOK, BRINGUP_RESET, BRINGUP_WAS_RESET };

struct rings { unsigned int limit; };
struct config {
	u8 about[ISP_ABOUT_SIZE], mac[6];
	char serial[17], model[17];
	u32 board_id;
};
struct task_struct { int unused; };
struct qla_host {
	void *pdev;
	struct chip chip;
	struct rings rings;
	struct config *config;
	enum host_state state;
	unsigned long flags, reasons, heartbeat;
	struct task_struct *resetter;
	int state_changed;
};

static struct task_struct own_task;
#define current		(&own_task)
#define host_state(host) ((host)->state)
#define host_warn(host, ...) ((void)(host))
#define host_err(host, ...) ((void)(host))
#define trace_qla4xxx_bringup(...) ((void)0)
#define pci_set_master(pdev) ((void)(pdev))
#define get_random_u32() 0x5eed5eedu
#define kzalloc(size, gfp) calloc(1, size)
#define strscpy(to, from, size) ((void)snprintf(to, size, "%s", from))
#define wait_event_timeout(queue, condition, ms) ((void)(queue), (condition) ? 0 : registers_pass(ms))

static struct {
	struct qla_host host;
	struct config config;
	char flow[LETTERS];
	unsigned int length;
	char fails;				/* this letter */
	int error;
	unsigned int times;			/* so often; each is one less */
	char kills;				/* at this letter on_kill() is called */
	void (*on_kill)(void);
	unsigned int boot_ms, stopped, flushed;
	unsigned long booted;
	u16 boot_status;
	u32 states[4], links;			/* of the firmware, the last for ever; its additional state */
	unsigned int asked;
	bool eeprom_is_bad;
	u8 init[ISP_ACB_SIZE];
} world;

static int step(char letter)
{
	if (world.length < LETTERS - 1)
		world.flow[world.length++] = letter;
	if (letter == world.kills)
		world.on_kill();
	if (letter != world.fails || !world.times)
		return 0;
	world.times--;
	return world.error;
}

static const char letters[CHIP_SEMAPHORES] = { [CHIP_DRIVER] = 'D', [CHIP_NVRAM] = 'N', [CHIP_FLASH] = 'F' };

int chip_take(const struct chip *chip, enum chip_semaphore semaphore, unsigned int seconds)
{
	assert_int_not_equal(seconds, 0);
	return step(letters[semaphore]);
}

void chip_release(const struct chip *chip, enum chip_semaphore semaphore)
{
	(void)step((char)tolower(letters[semaphore]));
}

int chip_soft_reset(const struct chip *chip)
{
	*registers_at(ISP_REG_MAILBOX) = 0;
	return step('R');
}

int chip_reset_wait(const struct chip *chip, unsigned int seconds)
{
	*registers_at(ISP_REG_MAILBOX) = 0;
	return step('W');
}

void chip_interrupts(const struct chip *chip, bool on)
{
	assert_false(on);
}

void chip_read_function(struct chip *chip) { }
void chip_reset_acknowledge(const struct chip *chip) { }

u16 eeprom_read(const struct chip *chip, u8 *bytes)
{
	(void)step('E');
	memset(bytes, 0, 2 * chip->model->eeprom_words);
	bytes[chip->model->hw_config_at] = 0x34;
	bytes[chip->model->hw_config_at + 1] = 0x12;
	if (chip->model->board_name_at)
		memcpy(bytes + chip->model->board_name_at, "QLE4062C  ", 11);
	return world.eeprom_is_bad;
}

static int mailbox_ask(struct qla_host *host, enum isp_mailbox opcode, u32 regs[ISP_MAILBOXES])
{
	if (opcode == ISP_MBOX_GET_FW_STATUS) {
		regs[2] = 77;
		return step('L');
	}
	assert_int_equal(opcode, ISP_MBOX_GET_FW_STATE);
	regs[1] = world.states[min(world.asked, 3u)];
	regs[2] = 0xb0a4d;
	regs[3] = world.links;
	world.asked++;
	return step('s');
}

static int mailbox_transfer(struct qla_host *host, enum isp_mailbox opcode, u32 regs[ISP_MAILBOXES], unsigned int address, void *bytes,
			    size_t size, enum dma_data_direction direction)
{
	if (opcode == ISP_MBOX_ABOUT_FW)
		return step('A');
	if (opcode == ISP_MBOX_READ_FLASH) {
		assert_int_equal(regs[3], ISP_FLASH_SYSTEM);
		memset(bytes, 'x', size);
		return step('Y');
	}
	if (opcode == ISP_MBOX_GET_IFCB) {
		memset(bytes, 0xff, size);
		return step('G');
	}
	assert_int_equal(opcode, ISP_MBOX_INIT_FW);
	assert_int_equal(direction, DMA_TO_DEVICE);
	memcpy(world.init, bytes, size);
	return step('I');
}

static int acb_read(struct qla_host *host)
{
	return step('a');
}

static void event_forget(struct qla_host *host) { }

static void mailbox_stopped(struct qla_host *host)
{
	(void)step('S');
	world.stopped++;
}

static void scsi_flush(struct qla_host *host, int ddb, u8 host_byte)
{
	assert_int_equal(ddb, -1);
	world.flushed++;
}

static void passthrough_flush(struct qla_host *host, int ddb)
{
	assert_int_equal(ddb, -1);
	world.flushed++;
}

static void ping_flush(struct qla_host *host)
{
	world.flushed++;
}

#define DID_RESET 8
static void rings_start(struct qla_host *host) { }
static void rings_describe(struct qla_host *host, void *acb) { }
static void rings_set_limit(struct rings *rings, unsigned int iocbs)
{
	rings->limit = iocbs;
}

static char *strim(char *text)
{
	while (*text && text[strlen(text) - 1] == ' ')
		text[strlen(text) - 1] = '\0';
	return text;
}

int bringup(struct qla_host *host, enum bringup_from from);

#include "drivers/qla4xxx/field.c"
/* The C library has one, too. */
#define pause		bringup_pause
#include "drivers/qla4xxx/bringup.c"

static void on_write(enum isp_register reg, u32 value)
{
	/* No bit of it stays as it was written. */
	*registers_at(ISP_REG_CONTROL) = 0;
	if (reg != ISP_REG_CONTROL || value != ((u32)ISP_CONTROL_BOOT << 16 | ISP_CONTROL_BOOT))
		return;
	(void)step('B');
	*registers_at(ISP_REG_MAILBOX) = 0;
	world.booted = jiffies;
}

static void on_pass(void)
{
	if (!world.booted || time_before(jiffies, world.booted + world.boot_ms))
		return;
	world.booted = 0;
	*registers_at(ISP_REG_MAILBOX) = world.boot_status;
	*registers_at(ISP_REG_PORT_CONTROL) = ISP_PORT_CONTROL_INITIALISED;
}

static const struct chip_model model = {
	.name = "QLA4022", .nvram_register = ISP_REG_NVRAM, .semaphore_register = ISP_REG_SEMAPHORE, .eeprom_words = 1024,
	.hw_config_at = 0x28, .hw_config_default = 0x0023, .board_name_at = 0x08, .no_link_seconds = 15,
};

static int begin(void **state)
{
	registers_begin(false);
	memset(&world, 0, sizeof(world));
	registers.on_write = on_write;
	registers.on_pass = on_pass;
	world.host.config = &world.config;
	world.host.chip = (struct chip){ .regs = registers.space, .model = &model, .index = 1 };
	world.host.state = HOST_STARTING;
	world.boot_ms = 500;
	world.boot_status = ISP_STATUS_COMPLETE;
	world.error = -EIO;
	world.links = ISP_FW_LINK_UP;
	return 0;
}

#define FIRST	"FNEnfBdAYGIasL"
#define AGAIN	"FNnfBdAYGIasL"

static void assert_flow(enum bringup_from from, int result, const char *flow)
{
	memset(world.flow, 0, sizeof(world.flow));
	world.length = 0;
	world.asked = 0;
	assert_int_equal(bringup(&world.host, from), result);
	assert_string_equal(world.flow, flow);
	assert_int_equal(test_bit(HOST_SILENT, &world.host.flags), !!result);
	assert_null(world.host.resetter);
}

/* A chip that waits to be booted is, one that was never initialised is reset, and afterwards the EEPROM is known. */
static void test_look(void **state)
{
	*registers_at(ISP_REG_PORT_CONTROL) = ISP_PORT_CONTROL_INITIALISED;
	assert_flow(BRINGUP_LOOK, 0, "DS" FIRST);
	assert_string_equal(world.config.model, "QLE4062C");
	assert_int_equal(world.config.board_id, 0xb0a4d);
	assert_int_equal(world.host.rings.limit, 77);
	assert_int_equal(world.host.chip.hw_config, 0x1234);
	assert_int_equal(registers_written(ISP_REG_EXT_HW_CONFIG, 0xffff1234), 1);
	assert_int_equal(world.flushed, 3);
	assert_int_equal(field_get(ISP_ACB_ROW_INITIATOR_MODE, world.init), 1);
	assert_int_equal(field_get(ISP_ACB_ROW_TARGET_MODE, world.init), 0);
	begin(NULL);
	assert_flow(BRINGUP_LOOK, 0, "DRDS" FIRST);
}

/* A firmware that runs is asked whether it waits for its configuration. */
static void test_look_at_firmware(void **state)
{
	static const struct { u32 state; int fails; const char *flow; } rows[] = {
		{ ISP_FW_CONFIG_WAIT, 0, "DsS" FIRST }, { 0, 0, "DsRDS" FIRST }, { ISP_FW_CONFIG_WAIT, 1, "DsRDS" FIRST },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		begin(NULL);
		*registers_at(ISP_REG_PORT_CONTROL) = ISP_PORT_CONTROL_INITIALISED;
		*registers_at(ISP_REG_MAILBOX) = ISP_STATUS_COMPLETE;
		world.states[0] = rows[i].state;
		world.fails = 's';
		world.times = rows[i].fails;
		assert_flow(BRINGUP_LOOK, 0, rows[i].flow);
	}
}

static void test_reset(void **state)
{
	assert_flow(BRINGUP_RESET, 0, "DRDS" FIRST);
	assert_flow(BRINGUP_RESET, 0, "DRDS" AGAIN);
	/* The seed of local ports is another at each start. */
	assert_int_equal(registers_written(ISP_REG_MAILBOX + 4 * 7, 0x5eed5eed), 2);
}

/* What another function has reset is not reset once more; function 3 lets the other go first. */
static void test_was_reset(void **state)
{
	unsigned long before = jiffies;

	world.host.reasons = BIT(RECOVER_OTHER_FUNCTION);
	assert_flow(BRINGUP_WAS_RESET, 0, "WDS" FIRST);
	assert_int_equal(world.host.reasons, 0);
	assert_in_range(jiffies - before, 0, 2000);
	before = jiffies;
	world.host.chip.index = 3;
	assert_flow(BRINGUP_WAS_RESET, 0, "WDS" AGAIN);
	assert_in_range(jiffies - before, 6000, 8000);
}

static void test_eeprom_is_bad(void **state)
{
	world.eeprom_is_bad = true;
	assert_flow(BRINGUP_RESET, 0, "DRDS" FIRST);
	assert_int_equal(world.host.chip.hw_config, 0x0023);
	assert_string_equal(world.config.model, "QLA4022");
}

/* Every step that can fail: once, and the chip is reset and all done again; always, and it is given up after three times. */
static void test_each_fails(void **state)
{
	static const struct { char letter; const char *before; } rows[] = {
		{ 'R', "DR" }, { 'F', "DRDSF" }, { 'N', "DRDSFNf" }, { 'A', "DRDSFNEnfBdA" }, { 'Y', "DRDSFNEnfBdAY" },
		{ 'G', "DRDSFNEnfBdAYG" }, { 'I', "DRDSFNEnfBdAYGI" }, { 'a', "DRDSFNEnfBdAYGIa" }, { 's', "DRDSFNEnfBdAYGIas" },
		{ 'L', "DRDSFNEnfBdAYGIasL" },
	};
	char flow[LETTERS];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		begin(NULL);
		world.fails = rows[i].letter;
		world.times = 1;
		snprintf(flow, sizeof(flow), "%sDRDS%s", rows[i].before, strchr(rows[i].before, 'E') ? AGAIN : FIRST);
		assert_flow(BRINGUP_RESET, 0, flow);
		begin(NULL);
		world.fails = rows[i].letter;
		world.times = LETTERS;
		assert_int_equal(bringup(&world.host, BRINGUP_RESET), -EIO);
		assert_true(test_bit(HOST_SILENT, &world.host.flags));
		assert_int_equal(LETTERS - world.times, 3);
		assert_null(world.host.resetter);
	}
}

static void test_boot(void **state)
{
	unsigned long before = jiffies;

	world.boot_status = 0x4002;
	assert_int_equal(bringup(&world.host, BRINGUP_RESET), -EIO);
	/* Three times a minute at most. */
	assert_in_range(jiffies - before, 0, 3 * 60100);
	assert_null(strchr(world.flow, 'A'));
	begin(NULL);
	before = jiffies;
	world.boot_ms = 59000;
	assert_flow(BRINGUP_RESET, 0, "DRDS" FIRST);
	assert_in_range(jiffies - before, 59000, 60100);
}

/* Rounds of a second until the firmware is ready, or its state means that it will not be. */
static void test_ready(void **state)
{
	static const struct { u32 states[4], links; int result; unsigned int rounds; } rows[] = {
		{ { 0, 0, 0, 0 }, 0, 0, 1 },
		{ { ISP_FW_CONFIGURING_IP, ISP_FW_CONFIGURING_IP, 0, 0 }, ISP_FW_LINK_UP, 0, 3 },
		{ { 8, 8, 8, 8 }, 0, 0, 16 },			/* no link: no address either */
		{ { 8, 8, 8, 8 }, ISP_FW_LINK_UP, 0, 30 },
		{ { 2, 2, 2, 2 }, ISP_FW_LINK_UP, 0, 30 },
		{ { 0x10, 0x10, 0x10, 0x10 }, ISP_FW_LINK_UP, -ETIMEDOUT, 90 },
		{ { ISP_FW_ERROR, 4, 4, 4 }, ISP_FW_LINK_UP, -EIO, 3 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		begin(NULL);
		memcpy(world.states, rows[i].states, sizeof(world.states));
		world.links = rows[i].links;
		assert_int_equal(bringup(&world.host, BRINGUP_RESET), rows[i].result);
		assert_int_equal(world.asked, rows[i].rounds);
	}
	/* A firmware that has lost its configuration gets it again. */
	begin(NULL);
	world.states[0] = ISP_FW_CONFIG_WAIT;
	assert_flow(BRINGUP_RESET, 0, "DRDSFNEnfBdAYGIasGIasL");
}

static void be_gone(void)
{
	set_bit(HOST_GONE, &world.host.flags);
	registers.is_gone = true;
}

static void be_removed(void)
{
	world.host.state = HOST_REMOVING;
}

/* At each point it ends there: no step more, no attempt more. */
static void test_ends_early(void **state)
{
	const char *at;
	unsigned long before;

	for (at = "RDSFEBAYIasL"; *at; at++) {
		begin(NULL);
		world.kills = *at;
		world.on_kill = be_gone;
		before = jiffies;
		assert_int_equal(bringup(&world.host, BRINGUP_RESET), *at == 'L' ? 0 : -ENODEV);
		assert_in_range(jiffies - before, 0, 1000);
		assert_true(strlen(world.flow) <= strlen("DRDSFNEnfBdAYGIasL"));
		begin(NULL);
		world.kills = *at;
		world.on_kill = be_removed;
		before = jiffies;
		assert_int_equal(bringup(&world.host, BRINGUP_RESET), *at == 'L' ? 0 : -ECANCELED);
		assert_in_range(jiffies - before, 0, 1000);
	}
}

static void other_resets(void)
{
	world.host.reasons = BIT(RECOVER_OTHER_FUNCTION);
	world.kills = 0;
}

/* The other function has reset the chip meanwhile: its reset is the next attempt's, or the two would never end. */
static void test_other_resets(void **state)
{
	world.kills = 'A';
	world.on_kill = other_resets;
	world.fails = 'A';
	world.times = 1;
	assert_flow(BRINGUP_RESET, 0, "DRDSFNEnfBdAWDS" AGAIN);
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_look), TEST(test_look_at_firmware), TEST(test_reset), TEST(test_was_reset), TEST(test_eeprom_is_bad),
		TEST(test_each_fails), TEST(test_boot), TEST(test_ready), TEST(test_ends_early), TEST(test_other_resets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
