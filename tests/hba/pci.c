/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Configuration space and BARs. QEMU keeps the BARs' addresses itself and asks here only for what the function is; all the same a
 * write changes only what a function of this kind lets one change.
 */
#include "tests/hba/pci.h"

#include <errno.h>
#include <linux/pci_regs.h>
#include <stdbool.h>
#include <string.h>

/* What may be written, and what stands there after a reset (the identity is put over it). */
static const struct config_row {
	uint8_t offset, width;
	uint32_t initial, may_write;
} config_rows[] = {
	{PCI_COMMAND, 2, 0, PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_INVALIDATE | PCI_COMMAND_PARITY |
				    PCI_COMMAND_SERR | PCI_COMMAND_INTX_DISABLE},
	{PCI_STATUS, 2, PCI_STATUS_66MHZ | PCI_STATUS_FAST_BACK | PCI_STATUS_DEVSEL_MEDIUM, 0},
	{PCI_CACHE_LINE_SIZE, 1, 0, 0xff},
	{PCI_LATENCY_TIMER, 1, 0, 0xff},
	{PCI_BASE_ADDRESS_0, 4, PCI_BASE_ADDRESS_SPACE_IO, ~(uint32_t)(PCI_WINDOW_BYTES - 1)},
	{PCI_BASE_ADDRESS_1, 4, PCI_BASE_ADDRESS_SPACE_MEMORY, ~(uint32_t)(PCI_MEMORY_BYTES - 1)},
	{PCI_INTERRUPT_LINE, 1, 0xff, 0xff},
	{PCI_INTERRUPT_PIN, 1, 1, 0},
	{PCI_MIN_GNT, 1, 0x40, 0},
};
#define CONFIG_ROWS (sizeof(config_rows) / sizeof(config_rows[0]))

static void put_le(uint8_t *at, uint32_t value, unsigned int width)
{
	for (unsigned int i = 0; i < width; i++)
		at[i] = (uint8_t)(value >> (8 * i));
}

static uint32_t get_le(const uint8_t *at, unsigned int width)
{
	uint32_t value = 0;

	for (unsigned int i = 0; i < width; i++)
		value |= (uint32_t)at[i] << (8 * i);
	return value;
}

static void config_reset(struct pci_function *function)
{
	const struct pci_identity *identity = function->identity;

	memset(function->config, 0, sizeof(function->config));
	for (size_t i = 0; i < CONFIG_ROWS; i++)
		put_le(function->config + config_rows[i].offset, config_rows[i].initial, config_rows[i].width);
	put_le(function->config + PCI_VENDOR_ID, identity->vendor, 2);
	put_le(function->config + PCI_DEVICE_ID, identity->device, 2);
	put_le(function->config + PCI_REVISION_ID, identity->revision, 1);
	put_le(function->config + PCI_CLASS_PROG, identity->class_code, 3);
	put_le(function->config + PCI_SUBSYSTEM_VENDOR_ID, identity->subsystem_vendor, 2);
	put_le(function->config + PCI_SUBSYSTEM_ID, identity->subsystem, 2);
}

void pci_init(struct pci_function *function, const struct pci_identity *identity, const struct pci_function_ops *ops, void *data)
{
	*function = (struct pci_function){.ops = ops, .data = data, .identity = identity};
	config_reset(function);
}

void pci_reset(struct pci_function *function)
{
	config_reset(function);
	function->ops->reset(function->data);
}

uint64_t pci_region_bytes(uint32_t region)
{
	static const uint64_t bytes[PCI_REGIONS] = {
		[PCI_REGION_IO] = PCI_WINDOW_BYTES, [PCI_REGION_MEMORY] = PCI_MEMORY_BYTES, [PCI_REGION_CONFIG] = PCI_CONFIG_BYTES};

	return region < PCI_REGIONS ? bytes[region] : 0;
}

static bool is_access(uint32_t region, uint64_t offset, uint32_t count)
{
	uint64_t bytes = pci_region_bytes(region);

	if (!count || count > bytes || offset > bytes - count)
		return false;
	return region == PCI_REGION_CONFIG || ((count == 1 || count == 2 || count == 4 || count == 8) && offset % count == 0);
}

static void window_read(struct pci_function *function, uint32_t offset, uint8_t *bytes, uint32_t count)
{
	uint32_t value = offset < PCI_WINDOW_BYTES ? function->ops->read(function->data, offset, count) : 0;

	put_le(bytes, value, count);
}

static void window_write(struct pci_function *function, uint32_t offset, const uint8_t *bytes, uint32_t count)
{
	if (offset < PCI_WINDOW_BYTES)
		function->ops->write(function->data, offset, count, get_le(bytes, count));
}

static uint8_t writable_bits(uint64_t offset)
{
	for (size_t i = 0; i < CONFIG_ROWS; i++)
		if (offset >= config_rows[i].offset && offset < config_rows[i].offset + (uint64_t)config_rows[i].width)
			return (uint8_t)(config_rows[i].may_write >> (8 * (offset - config_rows[i].offset)));
	return 0;
}

static void config_write(struct pci_function *function, uint64_t offset, const uint8_t *bytes, uint32_t count)
{
	for (; count; count--, offset++, bytes++) {
		uint8_t bits = writable_bits(offset);

		function->config[offset] = (uint8_t)((function->config[offset] & ~bits) | (*bytes & bits));
	}
}

int pci_read(struct pci_function *function, uint32_t region, uint64_t offset, void *bytes, uint32_t count)
{
	uint8_t *at = bytes;

	if (!is_access(region, offset, count))
		return -EINVAL;
	if (function->is_pulled) {
		memset(bytes, 0xff, count);
		return 0;
	}
	if (region == PCI_REGION_CONFIG) {
		memcpy(bytes, function->config + offset, count);
		return 0;
	}
	for (; count > 4; count -= 4, offset += 4, at += 4)
		window_read(function, (uint32_t)offset, at, 4);
	window_read(function, (uint32_t)offset, at, count);
	return 0;
}

int pci_write(struct pci_function *function, uint32_t region, uint64_t offset, const void *bytes, uint32_t count)
{
	const uint8_t *at = bytes;

	if (!is_access(region, offset, count))
		return -EINVAL;
	if (function->is_pulled)
		return 0;
	if (region == PCI_REGION_CONFIG) {
		config_write(function, offset, bytes, count);
		return 0;
	}
	for (; count > 4; count -= 4, offset += 4, at += 4)
		window_write(function, (uint32_t)offset, at, 4);
	window_write(function, (uint32_t)offset, at, count);
	return 0;
}
