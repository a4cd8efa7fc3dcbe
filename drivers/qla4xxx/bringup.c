// SPDX-License-Identifier: GPL-2.0-only
/*
 * Starts the firmware, step by step, as the rows below: reset, hardware configuration from the EEPROM, boot, control block and rings,
 * ready. Called by probe and recovery, which own the chip meanwhile: nobody else's mailbox command gets through, interrupts are off,
 * answers are polled. Sessions are not its business.
 */
#include <linux/random.h>
#include <linux/slab.h>

#include "drivers/qla4xxx/config.h"
#include "drivers/qla4xxx/trace.h"

#define ATTEMPTS		3
#define DRIVER_SECONDS		60	/* another function that starts its firmware holds the semaphore */
#define SEMAPHORE_SECONDS	30
#define OTHER_RESET_SECONDS	3
#define OTHER_FUNCTION_MS	6000	/* function 3 lets function 1 go first after a reset of the card */
#define BOOT_SECONDS		60
#define BOOT_POLL_MS		10
#define READY_SECONDS		30
#define ROUND_MS		1000

/* Written before boot; its meaning is not documented. */
#define BOOT_MAILBOX6		2

static int over(const struct qla_host *host)
{
	if (test_bit(HOST_GONE, &host->flags))
		return -ENODEV;
	return host_state(host) == HOST_REMOVING ? -ECANCELED : 0;
}

static int pause(struct qla_host *host, unsigned int ms)
{
	wait_event_timeout(host->state_changed, over(host), msecs_to_jiffies(ms));
	return over(host);
}

static u16 status_now(const struct qla_host *host)
{
	return chip_read(&host->chip, ISP_REG_MAILBOX);
}

static void clear_causes(const struct qla_host *host)
{
	chip_set(&host->chip, ISP_REG_CONTROL, ISP_CONTROL_PROCESSOR);
	chip_set(&host->chip, ISP_REG_CONTROL, ISP_CONTROL_COMPLETION);
}

/* --- the chip --- */

static int step_driver(struct qla_host *host)
{
	return chip_take(&host->chip, CHIP_DRIVER, DRIVER_SECONDS);
}

/* A firmware that a BIOS or another function left waiting for its configuration is taken as it is. */
static bool needs_reset(struct qla_host *host)
{
	u32 regs[ISP_MAILBOXES] = { 0 };

	if (!(chip_read(&host->chip, ISP_REG_PORT_CONTROL) & ISP_PORT_CONTROL_INITIALISED))
		return true;
	if (!status_now(host))
		return false;
	clear_causes(host);
	return mailbox_ask(host, ISP_MBOX_GET_FW_STATE, regs) || !(regs[1] & ISP_FW_CONFIG_WAIT);
}

static int reset(struct qla_host *host)
{
	int result = chip_soft_reset(&host->chip);

	/* What was asked for before is done with it. Semaphores are free again. */
	WRITE_ONCE(host->reasons, 0);
	return result ?: step_driver(host);
}

static int step_reset_if_needed(struct qla_host *host)
{
	return needs_reset(host) ? reset(host) : 0;
}

static int step_reset(struct qla_host *host)
{
	return reset(host);
}

static int step_was_reset(struct qla_host *host)
{
	int result = chip_reset_wait(&host->chip, OTHER_RESET_SECONDS);

	WRITE_ONCE(host->reasons, 0);
	if (!result && host->chip.index == 3)
		result = pause(host, OTHER_FUNCTION_MS);
	return result ?: step_driver(host);
}

/* The firmware is stopped and writes nowhere any more: whoever waits for something that it had is answered. */
static int step_stopped(struct qla_host *host)
{
	event_forget(host);
	mailbox_stopped(host);
	scsi_flush(host, -1, DID_RESET);
	passthrough_flush(host, -1);
	ping_flush(host);
	rings_start(host);
	return over(host);
}

static void model_take(struct qla_host *host, const u8 *bytes)
{
	const struct chip_model *model = host->chip.model;
	char *name = host->config->model;
	unsigned int i;

	strscpy(name, model->name, sizeof(host->config->model));
	if (!bytes || !model->board_name_at || !isalnum(bytes[model->board_name_at]))
		return;
	for (i = 0; i < sizeof(host->config->model) - 1 && isprint(bytes[model->board_name_at + i]); i++)
		name[i] = bytes[model->board_name_at + i];
	name[i] = '\0';
	strim(name);
}

/* Thousands of accesses, so once only: nothing but a tool changes it, for the next time the driver is loaded. */
static int eeprom_take(struct qla_host *host)
{
	struct chip *chip = &host->chip;
	u8 *bytes;

	if (chip->configured)
		return 0;
	bytes = kmalloc(2 * chip->model->eeprom_words, GFP_KERNEL);
	if (!bytes)
		return -ENOMEM;
	if (eeprom_read(chip, bytes)) {
		host_warn(host, "the checksum of the EEPROM is wrong: defaults are used for what it says of the card\n");
		chip->hw_config = chip->model->hw_config_default;
		model_take(host, NULL);
	} else {
		chip->hw_config = bytes[chip->model->hw_config_at] | bytes[chip->model->hw_config_at + 1] << 8;
		model_take(host, bytes);
	}
	kfree(bytes);
	chip->configured = true;
	return 0;
}

static int step_hardware(struct qla_host *host)
{
	struct chip *chip = &host->chip;
	int result = chip_take(chip, CHIP_FLASH, SEMAPHORE_SECONDS);

	if (result)
		return result;
	result = chip_take(chip, CHIP_NVRAM, SEMAPHORE_SECONDS);
	if (!result) {
		result = eeprom_take(host);
		chip_write(chip, ISP_REG_EXT_HW_CONFIG, 0xffff0000 | chip->hw_config);
		chip_release(chip, CHIP_NVRAM);
	}
	chip_release(chip, CHIP_FLASH);
	return result;
}

static int step_boot(struct qla_host *host)
{
	struct chip *chip = &host->chip;
	unsigned long end = jiffies + BOOT_SECONDS * HZ;
	int result = 0;
	u16 status;

	/* The seed of local ports: the same ones soon after a reset would meet connections that their targets still know. */
	chip_write(chip, ISP_REG_MAILBOX + 4 * 7, get_random_u32());
	if (chip->model->nvram_register != chip->model->semaphore_register)
		chip_set(chip, chip->model->nvram_register, ISP_EEPROM_WRITE_ENABLE);
	chip_write(chip, ISP_REG_MAILBOX + 4 * 6, BOOT_MAILBOX6);
	chip_set(chip, ISP_REG_CONTROL, ISP_CONTROL_BOOT);
	for (;;) {
		u32 control = chip_read(chip, ISP_REG_CONTROL);

		status = status_now(host);
		if (control == ~0u)
			return -ENODEV;
		if (status == ISP_STATUS_COMPLETE || control & ISP_CONTROL_PROCESSOR || result || time_after(jiffies, end))
			break;
		result = pause(host, BOOT_POLL_MS);
	}
	if (result)
		return result;
	if (status != ISP_STATUS_COMPLETE) {
		host_err(host, "the firmware does not start: status %04x\n", status);
		return -EIO;
	}
	chip_set(chip, ISP_REG_CONTROL, ISP_CONTROL_PROCESSOR);
	chip_release(chip, CHIP_DRIVER);
	return 0;
}

/* --- the firmware --- */

static int step_about(struct qla_host *host)
{
	u32 regs[ISP_MAILBOXES] = { [4] = ISP_ABOUT_SIZE };

	return mailbox_transfer(host, ISP_MBOX_ABOUT_FW, regs, 2, host->config->about, ISP_ABOUT_SIZE, DMA_FROM_DEVICE);
}

static int step_system(struct qla_host *host)
{
	u32 regs[ISP_MAILBOXES] = { [3] = ISP_FLASH_SYSTEM, [4] = ISP_SYSTEM_SIZE };
	struct config *config = host->config;
	u8 *system = kzalloc(ISP_SYSTEM_SIZE, GFP_NOIO);
	int result;

	if (!system)
		return -ENOMEM;
	result = mailbox_transfer(host, ISP_MBOX_READ_FLASH, regs, 1, system, ISP_SYSTEM_SIZE, DMA_FROM_DEVICE);
	if (!result) {
		memcpy(config->mac, field_at(ISP_SYSINFO_ROW_MAC0, system), sizeof(config->mac));
		memcpy(config->serial, field_at(ISP_SYSINFO_ROW_SERIAL, system), sizeof(config->serial) - 1);
	}
	kfree(system);
	return result;
}

/* The control block of the flash, with our rings and the ways we want the firmware to work. */
static int init_firmware(struct qla_host *host, void *acb)
{
	u32 get[ISP_MAILBOXES] = { [4] = ISP_ACB_SIZE }, init[ISP_MAILBOXES] = { [4] = ISP_ACB_SIZE };
	int result = mailbox_transfer(host, ISP_MBOX_GET_IFCB, get, 2, acb, ISP_ACB_SIZE, DMA_FROM_DEVICE);

	if (result)
		return result;
	rings_describe(host, acb);
	field_set(ISP_ACB_ROW_REQUEST_OUT, acb, 0);
	field_set(ISP_ACB_ROW_RESPONSE_IN, acb, 0);
	field_set(ISP_ACB_ROW_SESSION_MODE, acb, 1);
	field_set(ISP_ACB_ROW_INITIATOR_MODE, acb, 1);
	field_set(ISP_ACB_ROW_TARGET_MODE, acb, 0);
	field_set(ISP_ACB_ROW_MORE_FIRMWARE_OPTIONS, acb, ISP_ACB_SERIALISE_TASK_MANAGEMENT | ISP_ACB_NO_AUTOCONNECT);
	return mailbox_transfer(host, ISP_MBOX_INIT_FW, init, 2, acb, ISP_ACB_SIZE, DMA_TO_DEVICE);
}

static int step_init(struct qla_host *host)
{
	void *acb = kzalloc(ISP_ACB_SIZE, GFP_NOIO);
	int result;

	if (!acb)
		return -ENOMEM;
	result = init_firmware(host, acb);
	kfree(acb);
	return result ?: acb_read(host);
}

static bool is_ready(const struct qla_host *host, const u32 regs[ISP_MAILBOXES], unsigned int round)
{
	if (!regs[1])
		return true;
	/* Without a link there will be no address: sessions wait for the link, the driver does not. */
	return regs[1] == ISP_FW_CONFIGURING_IP && !(regs[3] & ISP_FW_LINK_UP) && round >= host->chip.model->no_link_seconds;
}

static int step_ready(struct qla_host *host)
{
	u32 regs[ISP_MAILBOXES];
	unsigned int round;
	int result;

	for (round = 0; round < READY_SECONDS; round++) {
		memset(regs, 0, sizeof(regs));
		result = mailbox_ask(host, ISP_MBOX_GET_FW_STATE, regs);
		if (result)
			return result;
		host->config->board_id = regs[2];
		if (is_ready(host, regs, round))
			return 0;
		if (regs[1] & ISP_FW_ERROR)
			return -EIO;
		if (regs[1] & ISP_FW_CONFIG_WAIT)
			result = step_init(host);
		result = result ?: pause(host, ROUND_MS);
		if (result)
			return result;
	}
	return regs[1] & ~(ISP_FW_AUTOCONNECT_WAIT | ISP_FW_CONFIGURING_IP) ? -ETIMEDOUT : 0;
}

static int step_limit(struct qla_host *host)
{
	u32 regs[ISP_MAILBOXES] = { 0 };
	int result = mailbox_ask(host, ISP_MBOX_GET_FW_STATUS, regs);

	if (!result)
		rings_set_limit(&host->rings, regs[2]);
	return result;
}

/* --- all of it --- */

#define LOOK		BIT(BRINGUP_LOOK)
#define RESET		BIT(BRINGUP_RESET)
#define WAS_RESET	BIT(BRINGUP_WAS_RESET)
#define ALL		(LOOK | RESET | WAS_RESET)

static const struct step {
	u8 from;			/* where it is taken */
	int (*run)(struct qla_host *host);
	const char *what;		/* "cannot ..." */
} steps[] = {
	{ LOOK | RESET, step_driver, "take the card's driver semaphore" },
	{ LOOK, step_reset_if_needed, "reset the chip" },
	{ RESET, step_reset, "reset the chip" },
	{ WAS_RESET, step_was_reset, "see the end of another function's reset" },
	{ ALL, step_stopped, "go on" },
	{ ALL, step_hardware, "configure the hardware" },
	{ ALL, step_boot, "boot the firmware" },
	{ ALL, step_about, "read the firmware's version" },
	{ ALL, step_system, "read the card's addresses" },
	{ ALL, step_init, "initialise the firmware" },
	{ ALL, step_ready, "see the firmware ready" },
	{ ALL, step_limit, "read the firmware's limit of requests" },
};

static int attempt(struct qla_host *host, enum bringup_from from)
{
	unsigned int i;
	int result = 0;

	for (i = 0; i < ARRAY_SIZE(steps) && !result; i++) {
		if (!(steps[i].from & BIT(from)))
			continue;
		result = over(host) ?: steps[i].run(host);
		trace_qla4xxx_bringup(host, steps[i].what, result);
		if (result)
			host_warn(host, "cannot %s: error %d\n", steps[i].what, result);
	}
	return result;
}

int bringup(struct qla_host *host, enum bringup_from from)
{
	unsigned int attempts = ATTEMPTS;
	int result;

	set_bit(HOST_SILENT, &host->flags);
	WRITE_ONCE(host->resetter, current);
	pci_set_master(host->pdev);
	chip_interrupts(&host->chip, false);
	chip_read_function(&host->chip);
	/* The card may have been reset while nobody drove this function. */
	chip_reset_acknowledge(&host->chip);
	do {
		result = attempt(host, from);
		/* Nobody resets what another has just reset: the two would never end. */
		from = READ_ONCE(host->reasons) == BIT(RECOVER_OTHER_FUNCTION) ? BRINGUP_WAS_RESET : BRINGUP_RESET;
	} while (result && !over(host) && --attempts);
	if (!result) {
		host->heartbeat = jiffies;
		clear_bit(HOST_SILENT, &host->flags);
	}
	WRITE_ONCE(host->resetter, NULL);
	return result;
}
