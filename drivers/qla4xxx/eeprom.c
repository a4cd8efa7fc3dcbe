// SPDX-License-Identifier: GPL-2.0-only
/*
 * The serial EEPROM (93C66, 93C86) on its wires: select, clock, data in, data out, as bits of a register. It is only ever read here. The
 * caller holds the NVRAM semaphore.
 */
#include <linux/delay.h>
#include <linux/sched.h>

#include "drivers/qla4xxx/chip.h"

#define WIRES		(ISP_EEPROM_CLOCK | ISP_EEPROM_SELECT | ISP_EEPROM_DATA_IN | ISP_EEPROM_DATA_OUT)
#define WIRE_USEC	1
#define DATA_BITS	16
#define WORDS_UNSEEN	128	/* read without a look whether the card is still there */

static u32 wires(const struct chip *chip, u16 bits)
{
	u32 value;

	writel((u32)WIRES << 16 | bits, chip->regs + chip->model->nvram_register);
	value = readl(chip->regs + chip->model->nvram_register);
	udelay(WIRE_USEC);
	return value;
}

/* The EEPROM takes and gives a bit when the clock rises. */
static u32 wires_clock(const struct chip *chip, u16 bits)
{
	wires(chip, bits | ISP_EEPROM_CLOCK);
	return wires(chip, bits);
}

static void bits_out(const struct chip *chip, u32 value, unsigned int count)
{
	u16 line = 0;

	while (count--) {
		u16 bit = value >> count & 1 ? ISP_EEPROM_DATA_IN : 0;

		if (bit != line)
			wires(chip, ISP_EEPROM_SELECT | bit);
		wires_clock(chip, ISP_EEPROM_SELECT | bit);
		line = bit;
	}
}

u16 eeprom_word(const struct chip *chip, unsigned int word)
{
	unsigned int address_bits = chip->model->eeprom_address_bits, i;
	u16 value = 0;

	wires(chip, ISP_EEPROM_SELECT);
	/* Start bit, two bits of opcode, address. */
	bits_out(chip, (4 | ISP_EEPROM_READ) << address_bits | (word & GENMASK(address_bits - 1, 0)), 3 + address_bits);
	wires(chip, ISP_EEPROM_SELECT);
	for (i = 0; i < DATA_BITS; i++)
		value = value << 1 | (wires_clock(chip, ISP_EEPROM_SELECT) & ISP_EEPROM_DATA_OUT ? 1 : 0);
	wires(chip, 0);
	return value;
}

u16 eeprom_read(const struct chip *chip, u8 *bytes)
{
	unsigned int i;
	u16 sum = 0;

	for (i = 0; i < chip->model->eeprom_words; i++) {
		u16 word = eeprom_word(chip, i);

		if (i % WORDS_UNSEEN == 0 && chip_gone(chip))
			return 1;
		bytes[2 * i] = word;
		bytes[2 * i + 1] = word >> 8;
		sum += word;
		cond_resched();
	}
	return sum;
}
