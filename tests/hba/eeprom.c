/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The microwire protocol: start bit, two bits of opcode, the address, sixteen bits of data; then the next word, while the clock runs. */
#include "tests/hba/eeprom.h"

#include <stdbool.h>
#include <stdlib.h>

#include "lib/isp4xxx.h"
#include "tests/hba/card.h"
#include "tests/hba/faults.h"
#include "transport/abi/isp4xxx.h"

enum eeprom_phase { EEPROM_IDLE, EEPROM_START, EEPROM_COMMAND, EEPROM_OUT, EEPROM_IN, EEPROM_DONE };

struct eeprom {
	struct card_shared *shared;
	struct faults *faults;
	unsigned int words, address_bits;

	enum eeprom_phase phase;
	uint16_t lines;
	bool is_writable;
	unsigned int count; /* bits still to come in this phase */
	uint32_t shift;
	unsigned int opcode, address;
};

struct eeprom *eeprom_new(struct card_shared *shared, struct faults *faults)
{
	struct eeprom *eeprom = calloc(1, sizeof(*eeprom));

	if (!eeprom)
		return NULL;
	eeprom->shared = shared;
	eeprom->faults = faults;
	eeprom->words = shared->model == ISP_DEVICE_4010 ? ISP_EEPROM_4010_WORDS : ISP_EEPROM_4022_WORDS;
	eeprom->address_bits = shared->model == ISP_DEVICE_4010 ? 8 : 10;
	return eeprom;
}

void eeprom_free(struct eeprom *eeprom)
{
	free(eeprom);
}

void eeprom_reset(struct eeprom *eeprom)
{
	eeprom->phase = EEPROM_IDLE;
	eeprom->lines = 0;
	eeprom->is_writable = false;
}

static uint16_t read_word(struct eeprom *eeprom)
{
	unsigned int address = eeprom->address % eeprom->words;
	uint8_t bytes[2] = { 0xff, 0xff };

	isp4xxx_image_read_nvram(eeprom->shared->image, 2 * address, bytes, sizeof(bytes));
	if (address == eeprom->words - 1 && fault_hit(eeprom->faults, FAULT_EEPROM_SUM, 0, NULL))
		bytes[0] ^= 1;
	return bytes[0] | bytes[1] << 8;
}

static void write_words(struct eeprom *eeprom, unsigned int first, unsigned int count, uint16_t word)
{
	const uint8_t bytes[2] = { word, word >> 8 };

	for (unsigned int i = 0; eeprom->is_writable && i < count; i++)
		isp4xxx_image_write_nvram(eeprom->shared->image, 2 * ((first + i) % eeprom->words), bytes, sizeof(bytes));
}

/* The two highest bits of the address say which. Returns the next phase. */
static enum eeprom_phase extended(struct eeprom *eeprom)
{
	switch (eeprom->address >> (eeprom->address_bits - 2)) {
	case 0:
		eeprom->is_writable = false;
		return EEPROM_DONE;
	case 1:
		eeprom->count = 16;
		return EEPROM_IN;
	case 2:
		write_words(eeprom, 0, eeprom->words, 0xffff);
		return EEPROM_DONE;
	default:
		eeprom->is_writable = true;
		return EEPROM_DONE;
	}
}

static enum eeprom_phase command(struct eeprom *eeprom)
{
	eeprom->opcode = eeprom->shift >> eeprom->address_bits & 3;
	eeprom->address = eeprom->shift & ((1U << eeprom->address_bits) - 1);
	switch ((enum isp_eeprom_opcode)eeprom->opcode) {
	case ISP_EEPROM_READ:
		eeprom->shift = read_word(eeprom);
		eeprom->count = 16;
		return EEPROM_OUT;
	case ISP_EEPROM_WRITE:
		eeprom->count = 16;
		return EEPROM_IN;
	case ISP_EEPROM_ERASE:
		write_words(eeprom, eeprom->address, 1, 0xffff);
		return EEPROM_DONE;
	case ISP_EEPROM_EXTENDED:
		break;
	}
	return extended(eeprom);
}

static void written(struct eeprom *eeprom)
{
	if (eeprom->opcode == ISP_EEPROM_WRITE)
		write_words(eeprom, eeprom->address, 1, eeprom->shift);
	else
		write_words(eeprom, 0, eeprom->words, eeprom->shift);
}

static void clock_out(struct eeprom *eeprom)
{
	if (!eeprom->count) {
		eeprom->address++;
		eeprom->shift = read_word(eeprom);
		eeprom->count = 16;
	}
	eeprom->count--;
	eeprom->lines &= ~ISP_EEPROM_DATA_OUT;
	if (eeprom->shift >> eeprom->count & 1)
		eeprom->lines |= ISP_EEPROM_DATA_OUT;
}

static bool clock_in(struct eeprom *eeprom, bool bit)
{
	eeprom->shift = eeprom->shift << 1 | bit;
	return --eeprom->count == 0;
}

static void rising(struct eeprom *eeprom, bool bit)
{
	switch (eeprom->phase) {
	case EEPROM_START:
		if (bit) {
			eeprom->phase = EEPROM_COMMAND;
			eeprom->count = 2 + eeprom->address_bits;
			eeprom->shift = 0;
		}
		break;
	case EEPROM_COMMAND:
		if (clock_in(eeprom, bit))
			eeprom->phase = command(eeprom);
		break;
	case EEPROM_OUT:
		clock_out(eeprom);
		break;
	case EEPROM_IN:
		if (clock_in(eeprom, bit)) {
			written(eeprom);
			eeprom->phase = EEPROM_DONE;
		}
		break;
	case EEPROM_IDLE:
	case EEPROM_DONE:
		break;
	}
}

void eeprom_drive(struct eeprom *eeprom, uint16_t lines)
{
	const uint16_t driven = ISP_EEPROM_CLOCK | ISP_EEPROM_SELECT | ISP_EEPROM_DATA_IN;
	bool was_high = eeprom->lines & ISP_EEPROM_CLOCK, was_selected = eeprom->lines & ISP_EEPROM_SELECT;

	eeprom->lines = (eeprom->lines & ISP_EEPROM_DATA_OUT) | (lines & driven);
	if (!(lines & ISP_EEPROM_SELECT)) {
		eeprom->phase = EEPROM_IDLE;
		eeprom->lines &= ~ISP_EEPROM_DATA_OUT;
		return;
	}
	if (!was_selected) {
		/* Selected again after a write it says on this line that it is ready: it always is. */
		if (eeprom->is_writable)
			eeprom->lines |= ISP_EEPROM_DATA_OUT;
		eeprom->phase = EEPROM_START;
	}
	if (!was_high && lines & ISP_EEPROM_CLOCK)
		rising(eeprom, lines & ISP_EEPROM_DATA_IN);
}

uint16_t eeprom_lines(const struct eeprom *eeprom)
{
	return eeprom->lines;
}
