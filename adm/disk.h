/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What disks are called elsewhere: the links udev makes below /dev/disk, and the identity the kernel has read. */
#ifndef OPENHBA_ADM_DISK_H
#define OPENHBA_ADM_DISK_H

#include "transport/user/sysfs.h"

#define DISK_DEV_ENV "ISCSI_DEV"	/* overrides /dev, for tests */
#define DISK_WWID_MAX 256

struct disk_paths;

/* All links of disk/by-path, read once. NULL: no memory. */
struct disk_paths *disk_paths_new(void);
void disk_paths_free(struct disk_paths *paths);

/* The link to the block device of this name, with its folder; NULL if there is none. Lives with paths. */
const char *disk_path(const struct disk_paths *paths, const char *name);

/* "naa.6001405...", as sysfs has it; "" where it is not known. Costs no I/O: the kernel keeps it. */
void disk_wwid(const char *sysfs, uint32_t sid, const struct sysfs_device *device, char wwid[DISK_WWID_MAX]);

#endif
