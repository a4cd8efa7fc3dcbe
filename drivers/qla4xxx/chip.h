/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The chip: what differs between ISP4010, ISP4022 and ISP4032, its registers, semaphores, serial EEPROM and soft reset. Nothing above this
 * header names a register that differs. A card that was pulled reads as all ones; chip_gone() tells.
 */
#ifndef OPENHBA_QLA4XXX_CHIP_H
#define OPENHBA_QLA4XXX_CHIP_H

#include <linux/io.h>
#include <linux/types.h>

#include "transport/abi/isp4xxx.h"

enum chip_semaphore { CHIP_DRIVER, CHIP_NVRAM, CHIP_FLASH, CHIP_SEMAPHORES };

/* One row per model. */
struct chip_model {
	u16 device;				/* PCI */
	const char *name;			/* until the EEPROM's board string is read */
	enum isp_register interrupt_register;	/* where interrupts are enabled, and by which bit */
	u16 interrupt_bit;
	enum isp_register nvram_register;
	enum isp_register semaphore_register;
	u8 semaphore_shift[CHIP_SEMAPHORES];
	u8 semaphore_bits;
	u8 eeprom_address_bits;
	u16 eeprom_words;
	u16 hw_config_at;			/* byte of the EEPROM that holds the external hardware configuration */
	u16 hw_config_default;
	u16 board_name_at;			/* byte of the EEPROM; 0: none */
	bool has_function;			/* the control register tells the PCI function */
	bool has_net_reset;			/* bit 11 of the control register is the network's reset interrupt */
	bool has_ipv6, has_acb_tools;		/* IPv6 fields hold; IP state, ACB and defaults for tools */
	u8 no_link_seconds;			/* after these a firmware that configures addresses without a link is taken for ready */
};

/* index: 1 or 3, the owner code's low bits; 0 where the chip does not tell. hw_config: of the EEPROM, once configured. */
struct chip {
	void __iomem *regs;
	const struct chip_model *model;
	u8 index;
	bool configured;
	u16 hw_config;
};

const struct chip_model *chip_model_find(u16 device);	/* NULL: not ours */

static inline u32 chip_read(const struct chip *chip, enum isp_register reg)
{
	return readl(chip->regs + reg);
}

/* Writes and reads back, so that it has arrived. */
static inline void chip_write(const struct chip *chip, enum isp_register reg, u32 value)
{
	writel(value, chip->regs + reg);
	readl(chip->regs + reg);
}

/* Of masked registers: bits on, bits off; the others stay. */
static inline void chip_set(const struct chip *chip, enum isp_register reg, u16 bits)
{
	chip_write(chip, reg, (u32)bits << 16 | bits);
}

static inline void chip_clear(const struct chip *chip, enum isp_register reg, u16 bits)
{
	chip_write(chip, reg, (u32)bits << 16);
}

/* True once the card is out of the bus: nothing it reads means anything any more. */
bool chip_gone(const struct chip *chip);
void chip_interrupts(const struct chip *chip, bool on);
void chip_read_function(struct chip *chip);

/* Waits up to seconds for a semaphore that other functions of the card may hold, giving up when the card is gone: -ETIMEDOUT, -ENODEV. */
int chip_take(const struct chip *chip, enum chip_semaphore semaphore, unsigned int seconds);
void chip_release(const struct chip *chip, enum chip_semaphore semaphore);

/* All semaphores are free afterwards. May sleep for a minute: -ETIMEDOUT, -ENODEV. start: the reset is begun, nobody waits. */
int chip_soft_reset(const struct chip *chip);
void chip_soft_reset_start(const struct chip *chip);
/* The same for a reset that another function began: waits for its end, without acknowledging anything. */
int chip_reset_wait(const struct chip *chip, unsigned int seconds);
/* Whatever reset there was, its interrupt is not pending any more. */
void chip_reset_acknowledge(const struct chip *chip);

/* eeprom.c: words of the serial EEPROM; bytes lie in it low byte first. Under the NVRAM semaphore. May sleep. */
u16 eeprom_word(const struct chip *chip, unsigned int word);
/* The 16-bit sum of all words: 0 if it is sound. bytes: the whole EEPROM, 2 * eeprom_words of them. */
u16 eeprom_read(const struct chip *chip, u8 *bytes);

#endif
