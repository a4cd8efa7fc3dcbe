// SPDX-License-Identifier: GPL-2.0-only
/*
 * The network entities of an adapter: devices below its host, made and removed by the driver, with their attributes (sysfs_adapter.c) from
 * the first uevent on. The class only names and frees them.
 */
#include <linux/slab.h>

#include "transport/class/class.h"

static const struct attribute_group *iface_groups[] = { &sysfs_iface_group, NULL };

struct class iscsi_iface_class = {
	.name = "iscsi_iface",
};

static void iface_release(struct device *dev)
{
	kfree(iscsi_dev_to_iface(dev));
}

struct iscsi_iface *iscsi_create_iface(struct Scsi_Host *shost, struct iscsi_transport *t, uint32_t iface_type, uint32_t iface_num,
				       int dd_size)
{
	struct iscsi_iface *iface = kzalloc(sizeof(*iface) + dd_size, GFP_KERNEL);

	if (!iface)
		return NULL;
	iface->transport = t;
	iface->iface_type = iface_type;
	iface->iface_num = iface_num;
	if (dd_size)
		iface->dd_data = &iface[1];
	iface->dev.class = &iscsi_iface_class;
	iface->dev.groups = iface_groups;
	iface->dev.release = iface_release;
	iface->dev.parent = &shost->shost_gendev;
	if (dev_set_name(&iface->dev, "ipv%d-iface-%u-%u", iface_type == ISCSI_IFACE_TYPE_IPV4 ? 4 : 6, shost->host_no, iface_num)) {
		kfree(iface);
		return NULL;
	}
	if (device_register(&iface->dev)) {
		put_device(&iface->dev);
		return NULL;
	}
	return iface;
}

void iscsi_destroy_iface(struct iscsi_iface *iface)
{
	device_unregister(&iface->dev);
}

int iface_init(void)
{
	return class_register(&iscsi_iface_class);
}

void iface_exit(void)
{
	class_unregister(&iscsi_iface_class);
}
