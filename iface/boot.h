/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where boot targets are found, and the NIC each is reached by. Reads sysfs only: nothing here changes the network or loads a
 * module, so printing what the firmware says has no effect.
 */
#ifndef OPENHBA_IFACE_BOOT_H
#define OPENHBA_IFACE_BOOT_H

#include "lib/boot.h"

/*
 * All boot targets below root ("/sys", or a test's tree), last one first. In this order, the first that has any: Open Firmware's
 * device tree; then together the iBFT (firmware/ibft, else the raw ACPI table) and the adapters' own (firmware/iscsi_bootN).
 * 0 and an empty list: there is none. -EINVAL: the raw table or the boot path is damaged and there is nothing else; -EACCES: root only;
 * -ENOMEM. On failure the list is empty.
 */
int boot_read(const char *root, struct boot_list *ret_list);

#endif
