// SPDX-License-Identifier: GPL-2.0-only
/*
 * The chip as registers: one row per model, semaphores that the functions of a card share, the soft reset. Called by bring-up, recovery and
 * removal; waits by sleeping, and never longer than the card is there.
 */
#include <linux/delay.h>
#include <linux/jiffies.h>

#include "drivers/qla4xxx/chip.h"

#define POLL_MS			10
#define RESET_SECONDS		30
#define NET_RESET_SECONDS	3

static const struct chip_model models[] = {
	{
		.device = ISP_DEVICE_4010, .name = "QLA4010",
		.interrupt_register = ISP_REG_CONTROL, .interrupt_bit = ISP_CONTROL_4010_ENABLE,
		.nvram_register = ISP_REG_4010_NVRAM, .semaphore_register = ISP_REG_4010_NVRAM,
		.semaphore_shift = {
			[CHIP_DRIVER] = ISP_SEMAPHORE_4010_DRIVER, [CHIP_NVRAM] = ISP_SEMAPHORE_4010_NVRAM,
			[CHIP_FLASH] = ISP_SEMAPHORE_4010_FLASH,
		},
		.semaphore_bits = 2, .eeprom_address_bits = 8, .eeprom_words = ISP_EEPROM_4010_WORDS,
		.hw_config_at = 0x18, .hw_config_default = 0x1912,
		.has_net_reset = true, .no_link_seconds = 15,
	}, {
		.device = ISP_DEVICE_4022, .name = "QLA4022",
		.interrupt_register = ISP_REG_INTERRUPT_MASK, .interrupt_bit = ISP_INTERRUPT_ENABLE,
		.nvram_register = ISP_REG_NVRAM, .semaphore_register = ISP_REG_SEMAPHORE,
		.semaphore_shift = {
			[CHIP_DRIVER] = ISP_SEMAPHORE_DRIVER, [CHIP_NVRAM] = ISP_SEMAPHORE_NVRAM, [CHIP_FLASH] = ISP_SEMAPHORE_FLASH,
		},
		.semaphore_bits = 3, .eeprom_address_bits = 10, .eeprom_words = ISP_EEPROM_4022_WORDS,
		.hw_config_at = 0x28, .hw_config_default = 0x0023, .board_name_at = 0x08,
		.has_function = true, .has_ipv6 = true, .has_acb_tools = true, .no_link_seconds = 15,
	}, {
		.device = ISP_DEVICE_4032, .name = "QLA4032",
		.interrupt_register = ISP_REG_INTERRUPT_MASK, .interrupt_bit = ISP_INTERRUPT_ENABLE,
		.nvram_register = ISP_REG_NVRAM, .semaphore_register = ISP_REG_SEMAPHORE,
		.semaphore_shift = {
			[CHIP_DRIVER] = ISP_SEMAPHORE_DRIVER, [CHIP_NVRAM] = ISP_SEMAPHORE_NVRAM, [CHIP_FLASH] = ISP_SEMAPHORE_FLASH,
		},
		.semaphore_bits = 3, .eeprom_address_bits = 10, .eeprom_words = ISP_EEPROM_4022_WORDS,
		.hw_config_at = 0x28, .hw_config_default = 0x0023, .board_name_at = 0x08,
		.has_function = true, .has_ipv6 = true, .has_acb_tools = true, .no_link_seconds = 6,
	},
};

const struct chip_model *chip_model_find(u16 device)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(models); i++)
		if (models[i].device == device)
			return &models[i];
	return NULL;
}

bool chip_gone(const struct chip *chip)
{
	return chip_read(chip, ISP_REG_CONTROL) == ~0u;
}

void chip_interrupts(const struct chip *chip, bool on)
{
	if (on)
		chip_set(chip, chip->model->interrupt_register, chip->model->interrupt_bit);
	else
		chip_clear(chip, chip->model->interrupt_register, chip->model->interrupt_bit);
}

void chip_read_function(struct chip *chip)
{
	if (chip->model->has_function)
		chip->index = (chip_read(chip, ISP_REG_CONTROL) & ISP_CONTROL_FUNCTION) >> ISP_CONTROL_FUNCTION_SHIFT & 3;
}

/* --- semaphores --- */

static u16 semaphore_mask(const struct chip *chip, enum chip_semaphore semaphore)
{
	return GENMASK(chip->model->semaphore_bits - 1, 0) << chip->model->semaphore_shift[semaphore];
}

/* The chip grants it if it is free or has this code already. */
static bool semaphore_try(const struct chip *chip, enum chip_semaphore semaphore)
{
	u16 mask = semaphore_mask(chip, semaphore);
	u16 code = (chip->model->has_function ? 4 | chip->index : 3) << chip->model->semaphore_shift[semaphore];

	chip_write(chip, chip->model->semaphore_register, (u32)mask << 16 | code);
	return (chip_read(chip, chip->model->semaphore_register) & mask) == code;
}

int chip_take(const struct chip *chip, enum chip_semaphore semaphore, unsigned int seconds)
{
	unsigned long end = jiffies + seconds * HZ;

	while (!semaphore_try(chip, semaphore)) {
		if (chip_gone(chip))
			return -ENODEV;
		if (time_after(jiffies, end))
			return -ETIMEDOUT;
		msleep(POLL_MS);
	}
	return chip_gone(chip) ? -ENODEV : 0;
}

void chip_release(const struct chip *chip, enum chip_semaphore semaphore)
{
	chip_clear(chip, chip->model->semaphore_register, semaphore_mask(chip, semaphore));
}

/* --- soft reset --- */

/* Until these bits of the control register are 0. */
static int control_wait(const struct chip *chip, u16 bits, unsigned int seconds)
{
	unsigned long end = jiffies + seconds * HZ;

	for (;;) {
		u32 control = chip_read(chip, ISP_REG_CONTROL);

		if (control == ~0u)
			return -ENODEV;
		if (!(control & bits))
			return 0;
		if (time_after(jiffies, end))
			return -ETIMEDOUT;
		msleep(POLL_MS);
	}
}

void chip_reset_acknowledge(const struct chip *chip)
{
	if (chip_read(chip, ISP_REG_CONTROL) & ISP_CONTROL_RESET_INTERRUPT)
		chip_set(chip, ISP_REG_CONTROL, ISP_CONTROL_RESET_INTERRUPT);
}

void chip_soft_reset_start(const struct chip *chip)
{
	/* With that interrupt pending the chip does not take a reset. */
	chip_reset_acknowledge(chip);
	chip_set(chip, ISP_REG_CONTROL, ISP_CONTROL_SOFT_RESET);
}

int chip_soft_reset(const struct chip *chip)
{
	int result;

	chip_soft_reset_start(chip);
	/* Elsewhere the bit is "link down" of port 0. */
	if (chip->model->has_net_reset && control_wait(chip, ISP_CONTROL_NET_RESET, NET_RESET_SECONDS) == -ETIMEDOUT)
		chip_set(chip, ISP_REG_CONTROL, ISP_CONTROL_NET_RESET);
	result = control_wait(chip, ISP_CONTROL_SOFT_RESET, RESET_SECONDS);
	if (result == -ENODEV)
		return result;
	chip_reset_acknowledge(chip);
	if (!result)
		return 0;
	/* A function that nobody drives does not acknowledge: it is not asked. */
	chip_set(chip, ISP_REG_CONTROL, ISP_CONTROL_FORCE_RESET);
	return control_wait(chip, ISP_CONTROL_FORCE_RESET, RESET_SECONDS);
}

int chip_reset_wait(const struct chip *chip, unsigned int seconds)
{
	return control_wait(chip, ISP_CONTROL_SOFT_RESET | ISP_CONTROL_FORCE_RESET, seconds);
}
