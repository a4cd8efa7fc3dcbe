/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An attribute of the class is a row: its file, what is behind it, and who may read it. Rows are made from the tables in transport/abi;
 * there is one show and one store function for all of them. Which ones of a driver's are there is asked through its attr_is_visible.
 */
#ifndef OPENHBA_CLASS_SYSFS_H
#define OPENHBA_CLASS_SYSFS_H

#include "transport/class/class.h"

struct sysfs_row {
	struct device_attribute attribute;
	ssize_t (*read)(struct device *dev, const struct sysfs_row *row, char *text);
	ssize_t (*write)(struct device *dev, const struct sysfs_row *row, const char *text, size_t bytes);
	u16 param;		/* of the driver; or which of the class's own */
	u8 param_type;		/* enum iscsi_param_type, for attr_is_visible */
	u8 family;		/* of an iface: ISCSI_IFACE_TYPE_..., 0 for both */
	bool root_only;
	bool own;		/* the class's: always there */
};

#define sysfs_row_of(_attribute) container_of(_attribute, struct sysfs_row, attribute)

ssize_t sysfs_show(struct device *dev, struct device_attribute *attribute, char *text);
ssize_t sysfs_store(struct device *dev, struct device_attribute *attribute, const char *text, size_t bytes);
/* The mode of a row for a driver, 0: not there. */
umode_t sysfs_visible(const struct iscsi_transport *ops, const struct attribute *attribute);

/* Adds the rows that there are to a list of files, which is empty at first; its end. */
struct attribute **sysfs_list(struct attribute **files, struct sysfs_row *rows, size_t count);

void sysfs_adapter_files_init(void);

#define SYSFS_FILE(_name, _mode) \
	.attribute = { .attr = { .name = _name, .mode = _mode }, .show = sysfs_show, .store = sysfs_store }

#endif
