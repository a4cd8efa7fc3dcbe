/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * BAR 1 of one function, a row per register: on which chip it is, and what reading and writing does. Registers are of 32 bits; reads of 1,
 * 2 and 4 bytes are answered, writes of less than 4 are counted and do nothing: no driver does it, and the upper half would be missing.
 */
#include <stddef.h>

#include "lib/loop.h"
#include "tests/hba/aen.h"
#include "tests/hba/chip.h"
#include "tests/hba/eeprom.h"
#include "tests/hba/faults.h"
#include "tests/hba/mailbox.h"
#include "tests/hba/network.h"
#include "tests/hba/registers.h"
#include "tests/hba/rings.h"
#include "tests/hba/trace.h"

typedef uint32_t read_fn(struct chip *chip, unsigned int index);
typedef void write_fn(struct chip *chip, unsigned int index, uint32_t value);

enum { ON_4010 = 1, ON_4022 = 2, ON_ALL = 3, PAGED = 4 }; /* PAGED: page 0 only */

struct register_row {
	uint16_t offset;
	uint8_t count, where;
	read_fn *read;
	write_fn *write;
};

/* The upper half of what is written says which bits of the lower half count. */
static uint16_t masked(uint16_t old, uint32_t value)
{
	uint16_t mask = value >> 16;

	return (old & ~mask) | (value & mask);
}

static uint32_t read_mailbox(struct chip *chip, unsigned int index)
{
	return chip->out[index];
}

static void write_mailbox(struct chip *chip, unsigned int index, uint32_t value)
{
	mailbox_writing(chip->mailbox);
	chip->in[index] = value;
}

static uint32_t read_control(struct chip *chip, unsigned int index)
{
	uint32_t value = chip->control;

	if (!chip_is_4010(chip))
		value |= (4 | chip_function(chip)) << ISP_CONTROL_FUNCTION_SHIFT;
	if (chip->on.shared->is_resetting)
		value |= ISP_CONTROL_SOFT_RESET;
	mailbox_control_read(chip->mailbox);
	return value;
}

static void ring_bell(struct chip *chip)
{
	reset_by_fault(chip);
	if (chip->is_hung)
		chip->has_doorbell = true;
	else
		mailbox_doorbell(chip->mailbox);
}

static void write_control(struct chip *chip, unsigned int index, uint32_t value)
{
	const uint16_t clearable = ISP_CONTROL_PENDING | ISP_CONTROL_FATAL;
	uint16_t kept = ISP_CONTROL_PAGE | (chip_is_4010(chip) ? ISP_CONTROL_4010_ENABLE : 0);
	uint16_t set = value >> 16 & value, cleared = set & clearable & chip->control;

	chip->control = (chip->control & ~kept) | (masked(chip->control, value) & kept);
	chip_lower(chip, cleared); /* also moves the line for the enable bit */
	if (cleared & ISP_CONTROL_PROCESSOR)
		aen_acknowledged(chip->aens);
	reset_acknowledged(chip->on.shared);
	if (set & ISP_CONTROL_FORCE_RESET)
		reset_force(chip);
	if (set & ISP_CONTROL_SOFT_RESET)
		reset_begin(chip);
	if (set & ISP_CONTROL_BOOT)
		chip_boot(chip);
	if (set & ISP_CONTROL_DOORBELL)
		ring_bell(chip);
}

static uint32_t read_mask(struct chip *chip, unsigned int index)
{
	return chip->interrupt_mask;
}

static void write_mask(struct chip *chip, unsigned int index, uint32_t value)
{
	const uint16_t kept = ISP_INTERRUPT_ENABLE | ISP_CONTROL_PENDING;

	chip->interrupt_mask = masked(chip->interrupt_mask, value) & kept;
	chip_lower(chip, 0);
	reset_acknowledged(chip->on.shared);
}

/* A field is given when it is free or the same owner's, and given back by writing 0. */
static void write_semaphore_field(struct chip *chip, uint32_t value, unsigned int lowest, unsigned int bits)
{
	uint16_t *semaphores = &chip->on.shared->semaphores;
	uint16_t field = ((1U << bits) - 1) << lowest, wanted = value & field, owner = *semaphores & field;
	uint16_t own = (4U | chip_function(chip)) << lowest;

	if ((value >> 16 & field) != field)
		return;
	if (!wanted) {
		if (bits == 2 || owner == own)
			*semaphores &= ~field;
	} else if (!owner && !fault_hit(chip->on.faults, FAULT_SEMAPHORE_HELD, lowest, NULL)) {
		*semaphores |= wanted;
	}
}

static uint32_t read_semaphore(struct chip *chip, unsigned int index)
{
	return chip->on.shared->semaphores;
}

static void write_semaphore(struct chip *chip, unsigned int index, uint32_t value)
{
	for (unsigned int lowest = ISP_SEMAPHORE_DRIVER; lowest <= ISP_SEMAPHORE_FLASH; lowest += 3)
		write_semaphore_field(chip, value, lowest, 3);
}

static uint32_t read_nvram(struct chip *chip, unsigned int index)
{
	return eeprom_lines(chip->eeprom) | chip->nvram_enable;
}

/* Only bits whose mask is set are driven; the others stay where they are. */
static void write_nvram(struct chip *chip, unsigned int index, uint32_t value)
{
	if (!chip_is_4010(chip))
		chip->nvram_enable = masked(chip->nvram_enable, value) & ISP_EEPROM_WRITE_ENABLE;
	if (!(value >> 16 & 0xf))
		return;
	chip->on.shared->eeprom_ms = loop_now_ms();
	eeprom_drive(chip->eeprom, masked(eeprom_lines(chip->eeprom), value) & 0xf);
}

static uint32_t read_nvram_4010(struct chip *chip, unsigned int index)
{
	return eeprom_lines(chip->eeprom) | chip->on.shared->semaphores;
}

static void write_nvram_4010(struct chip *chip, unsigned int index, uint32_t value)
{
	write_nvram(chip, index, value);
	for (unsigned int lowest = ISP_SEMAPHORE_4010_DRIVER; lowest <= ISP_SEMAPHORE_4010_FLASH; lowest += 2)
		write_semaphore_field(chip, value, lowest, 2);
}

static uint32_t read_request_in(struct chip *chip, unsigned int index)
{
	return chip->request_in;
}

static void write_request_in(struct chip *chip, unsigned int index, uint32_t value)
{
	chip->request_in = value;
	reset_by_fault(chip);
	if (chip->life == CHIP_RUNNING && chip->is_hung)
		chip->has_request = true;
	else if (chip->life == CHIP_RUNNING && chip->rings)
		rings_doorbell(chip->rings, value);
}

static uint32_t read_response_out(struct chip *chip, unsigned int index)
{
	return chip->response_out;
}

static void write_response_out(struct chip *chip, unsigned int index, uint32_t value)
{
	chip->response_out = value;
	chip_lower(chip, ISP_CONTROL_COMPLETION);
	if (chip->life == CHIP_RUNNING && chip->is_hung)
		chip->has_response = true;
	else if (chip->life == CHIP_RUNNING && chip->rings)
		rings_consumed(chip->rings, value);
}

static uint32_t read_request_out(struct chip *chip, unsigned int index)
{
	return chip->rings ? rings_request_consumer(chip->rings) : 0;
}

static uint32_t read_hw_config(struct chip *chip, unsigned int index)
{
	return chip->on.shared->ext_hw_config;
}

static void write_hw_config(struct chip *chip, unsigned int index, uint32_t value)
{
	chip->on.shared->ext_hw_config = masked(chip->on.shared->ext_hw_config, value);
}

static uint32_t read_port_control(struct chip *chip, unsigned int index)
{
	return chip->on.shared->port_control;
}

static void write_port_control(struct chip *chip, unsigned int index, uint32_t value)
{
	chip->on.shared->port_control = masked(chip->on.shared->port_control, value);
}

static uint32_t read_port_status(struct chip *chip, unsigned int index)
{
	struct network_link link = { .is_up = true };
	uint32_t value = chip->on.shared->port_control & ISP_PORT_CONTROL_INITIALISED ? ISP_PORT_STATUS_INITIALISED : 0;

	if (chip->network)
		network_link(chip->network, &link);
	if (link.is_up)
		value |= chip->on.port ? ISP_PORT_STATUS_LINK1 : ISP_PORT_STATUS_LINK0;
	return value;
}

static uint32_t read_port_error(struct chip *chip, unsigned int index)
{
	uint32_t value = chip->port_error;

	chip->port_error = 0;
	return value;
}

static const struct register_row register_rows[] = {
	{ ISP_REG_MAILBOX, ISP_MAILBOXES, ON_ALL, read_mailbox, write_mailbox },
	{ ISP_REG_CONTROL, 1, ON_ALL, read_control, write_control },
	{ ISP_REG_4010_NVRAM, 1, ON_4010, read_nvram_4010, write_nvram_4010 },
	{ ISP_REG_INTERRUPT_MASK, 1, ON_4022, read_mask, write_mask },
	{ ISP_REG_NVRAM, 1, ON_4022, read_nvram, write_nvram },
	{ ISP_REG_SEMAPHORE, 1, ON_4022, read_semaphore, write_semaphore },
	{ ISP_REG_REQUEST_IN, 1, ON_ALL, read_request_in, write_request_in },
	{ ISP_REG_RESPONSE_OUT, 1, ON_ALL, read_response_out, write_response_out },
	{ ISP_REG_EXT_HW_CONFIG, 1, ON_ALL | PAGED, read_hw_config, write_hw_config },
	{ ISP_REG_PORT_CONTROL, 1, ON_ALL | PAGED, read_port_control, write_port_control },
	{ ISP_REG_PORT_STATUS, 1, ON_ALL | PAGED, read_port_status, NULL },
	{ ISP_REG_4010_REQUEST_OUT, 1, ON_4010, read_request_out, NULL },
	{ ISP_REG_PORT_ERROR, 1, ON_ALL | PAGED, read_port_error, NULL },
};

/* NULL: what is not named reads as 0 and takes no writes. */
static const struct register_row *find_row(const struct chip *chip, uint32_t offset)
{
	unsigned int where = chip_is_4010(chip) ? ON_4010 : ON_4022;

	for (size_t i = 0; i < sizeof(register_rows) / sizeof(register_rows[0]); i++) {
		const struct register_row *row = &register_rows[i];

		if (!(row->where & where) || offset < row->offset || offset >= row->offset + 4U * row->count)
			continue;
		if (row->where & PAGED && where == ON_4022 && chip->control & ISP_CONTROL_PAGE)
			return NULL;
		return row;
	}
	return NULL;
}

static uint32_t read_register(void *data, uint32_t offset, unsigned int size)
{
	struct chip *chip = data;
	uint32_t aligned = offset & ~3U, value = 0;
	const struct register_row *row = find_row(chip, aligned);

	if (row)
		value = row->read(chip, (aligned - row->offset) / 4);
	value >>= 8 * (offset & 3);
	if (size < 4)
		value &= (1U << 8 * size) - 1;
	trace_read(chip->on.trace, offset, size, value);
	return value;
}

static void write_register(void *data, uint32_t offset, unsigned int size, uint32_t value)
{
	struct chip *chip = data;
	const struct register_row *row = find_row(chip, offset & ~3U);

	trace_write(chip->on.trace, offset, size, value);
	if (size == 4 && row && row->write)
		row->write(chip, (offset - row->offset) / 4, value);
	else
		chip->counters.bad_accesses++;
}

static void power(void *data)
{
	chip_power(data);
}

const struct pci_function_ops chip_ops = { read_register, write_register, power };
