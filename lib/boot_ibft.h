/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The iSCSI Boot Firmware Table as the firmware wrote it ("iSCSI Boot Firmware Table", version 1), for kernels where the module
 * iscsi_ibft is not there to show it in sysfs. All numbers are little endian:
 *
 *	 0  ACPI header, 36 bytes: signature "iBFT", length, revision 1, checksum, OEM ids
 *	48  control structure: offsets of initiator, NIC 0, target 0, NIC 1, target 1
 *	    each structure: id, version, length (2), index, flags, then its fields
 *	    strings live anywhere behind, as length (2) and offset (2) from the start of the table
 */
#ifndef OPENHBA_LIB_BOOT_IBFT_H
#define OPENHBA_LIB_BOOT_IBFT_H

#include <stdint.h>

#include "lib/boot.h"

#define BOOT_IBFT_MAX 65536 /* offsets have 16 bits */

/*
 * Adds the targets of the table to list. Every offset, length and the checksum are checked: -EINVAL: not an iBFT, or a structure is
 * not inside of it; a single string or value that is bad is left out. -ENOMEM.
 */
int boot_ibft_parse(const uint8_t *bytes, size_t len, struct boot_list *list);

#endif
