/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The boot target of Open Firmware (POWER): the property chosen/bootpath of the device tree names the NIC and carries the rest as
 * arguments:
 *
 *	/vdevice/l-lan@30000002:iscsi,ciaddr=10.0.0.2,subnet-mask=255.255.255.0,siaddr=10.0.0.1,iport=3260,ilun=0,
 *	itname=iqn.2026-01.example:host,iname=iqn.2026-01.example:disk,ichapid=...,ichappw=...,chapid=...,chappw=...
 *
 * (one line; itname is the initiator's name, iname the target's, as the firmware has it).
 */
#ifndef OPENHBA_LIB_BOOT_OPENFW_H
#define OPENHBA_LIB_BOOT_OPENFW_H

#include "lib/boot.h"

/*
 * Parses a boot path of len bytes; a NUL ends it. The path of the NIC in the tree goes to ret_node (at most room bytes, without
 * leading slash). -ENOENT: it is no iSCSI boot path; -EINVAL: it has no path, or one that leads out of the tree. Unknown arguments and
 * values the gate refuses are left out.
 */
int boot_openfw_parse(const char *bytes, size_t len, struct boot_target *ret_target, char *ret_node, size_t room);

/* Adds the boot target of the device tree in folder tree. 0 also if there is none. -ENOMEM, -EINVAL. */
int boot_openfw_read(const char *tree, struct boot_list *list);

#endif
