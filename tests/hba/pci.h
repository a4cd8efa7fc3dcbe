/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One PCI function of the card as the bus sees it: identity, configuration space and the two BARs (0: I/O, 1: memory), which show the
 * same registers. Decides which accesses exist; what a register means is its owner's (chip.c). Called by vfio_user.c.
 */
#ifndef OPENHBA_TESTS_HBA_PCI_H
#define OPENHBA_TESTS_HBA_PCI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PCI_CONFIG_BYTES 256
#define PCI_WINDOW_BYTES 0x100				/* the registers: BAR 0, and the start of BAR 1 */
#define PCI_MEMORY_BYTES 4096				/* BAR 1; what follows the registers reads as 0 */

/* Regions by the numbers of VFIO. */
enum pci_region {
	PCI_REGION_IO = 0,
	PCI_REGION_MEMORY = 1,
	PCI_REGION_CONFIG = 7,
	PCI_REGIONS = 9,
};

struct pci_identity {
	uint16_t vendor, device, subsystem_vendor, subsystem;
	uint32_t class_code;				/* 24 bits: 0x010000 is a SCSI controller */
	uint8_t revision;
};

/*
 * offset is below PCI_WINDOW_BYTES and a multiple of size, size is 1, 2 or 4; value and result are the register's bytes at offset, least
 * significant first. An access of 8 bytes comes as two. reset: the function's power came back or the bus was reset, also
 * whenever QEMU came or went: the line is low, and nothing of what the guest said before is true any longer.
 */
struct pci_function_ops {
	uint32_t (*read)(void *data, uint32_t offset, unsigned int size);
	void (*write)(void *data, uint32_t offset, unsigned int size, uint32_t value);
	void (*reset)(void *data);
};

/* Embedded in struct vfio_user. */
struct pci_function {
	const struct pci_function_ops *ops;
	void *data;
	const struct pci_identity *identity;
	uint8_t config[PCI_CONFIG_BYTES];
	bool is_pulled;					/* nothing is there: reads are all ones, writes are lost */
};

/* identity, ops and data are borrowed. Configuration space is as after a reset; ops->reset is not called. */
void pci_init(struct pci_function *function, const struct pci_identity *identity, const struct pci_function_ops *ops, void *data);
/* Configuration space back to its defaults, then ops->reset; no reset brings back a function that was pulled. */
void pci_reset(struct pci_function *function);
uint64_t pci_region_bytes(uint32_t region);		/* 0: there is none */

/* count bytes at offset of a region. -EINVAL: no such region, beyond its end, or for a BAR not 1, 2, 4 or 8 aligned bytes. */
int pci_read(struct pci_function *function, uint32_t region, uint64_t offset, void *bytes, uint32_t count);
int pci_write(struct pci_function *function, uint32_t region, uint64_t offset, const void *bytes, uint32_t count);

#endif
