/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whether somebody would miss the disks of a session. */
#ifndef OPENHBA_TRANSPORT_USER_IN_USE_H
#define OPENHBA_TRANSPORT_USER_IN_USE_H

#include <stddef.h>
#include <stdint.h>

/*
 * Looks for the session's disks, their partitions and what is built on them (LVM, RAID, multipath, LUKS) among the mounts and the
 * swap areas. Blocks. 1: found, and sentence says which; 0: nobody uses them; -errno: it cannot be told. sysfs and proc are "/sys"
 * and "/proc".
 */
int in_use_check(const char *sysfs, const char *proc, uint32_t sid, char *sentence, size_t size);

#endif
