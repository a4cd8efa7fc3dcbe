// SPDX-License-Identifier: GPL-2.0-only
/*
 * The class's part of a SCSI host: struct iscsi_cls_host, which the mid layer allocates beside it, and the way from a number in a message
 * to the host. The mid layer calls host_setup() and host_remove() while a driver adds and removes its host.
 */
#include "transport/class/class.h"

static DEFINE_XARRAY(hosts);	/* host_no -> struct Scsi_Host, while it is set up */

static int host_setup(struct transport_container *tc, struct device *dev, struct device *classdev)
{
	struct Scsi_Host *shost = dev_to_shost(dev);
	struct iscsi_cls_host *ihost = shost->shost_data;
	int error;

	memset(ihost, 0, sizeof(*ihost));
	mutex_init(&ihost->mutex);
	error = xa_err(xa_store(&hosts, shost->host_no, shost, GFP_KERNEL));
	if (error)
		return error;
	if (bsg_host_add(shost, ihost))
		shost_printk(KERN_ERR, shost, "no node for requests of the card's vendor\n"); /* all else works without */
	return 0;
}

static int host_remove(struct transport_container *tc, struct device *dev, struct device *classdev)
{
	struct Scsi_Host *shost = dev_to_shost(dev);

	/* What requests use of the driver's is taken apart next: the one under way ends first, and there is no other. */
	mutex_lock(class_host_mutex(shost));
	xa_erase(&hosts, shost->host_no);
	mutex_unlock(class_host_mutex(shost));
	bsg_host_remove(shost);
	return 0;
}

struct transport_class iscsi_host_class = {
	.class = { .name = "iscsi_host", .dev_groups = sysfs_host_groups },
	.setup = host_setup,
	.remove = host_remove,
};

struct Scsi_Host *class_host_get(const struct iscsi_transport *ops, u32 host_no)
{
	const struct class_transport *transport = class_transport_of(ops);
	struct Scsi_Host *shost;

	xa_lock(&hosts);
	shost = xa_load(&hosts, host_no);
	if (shost && (!transport || shost->transportt != &transport->t || !scsi_host_get(shost)))
		shost = NULL;
	xa_unlock(&hosts);
	return shost;
}

struct mutex *class_host_mutex(struct Scsi_Host *shost)
{
	struct iscsi_cls_host *ihost = shost->shost_data;

	return &ihost->mutex;
}

bool class_host_is_gone(const struct Scsi_Host *shost)
{
	return xa_load(&hosts, shost->host_no) != shost;
}

struct each_session {
	void (*call)(struct iscsi_cls_session *cls);
};

static int each_child(struct device *dev, void *data)
{
	const struct each_session *each = data;

	if (session_is_dev(dev))
		each->call(iscsi_dev_to_session(dev));
	return 0;
}

void iscsi_host_for_each_session(struct Scsi_Host *shost,
				 void (*fn)(struct iscsi_cls_session *session))
{
	struct each_session each = { fn };

	device_for_each_child(&shost->shost_gendev, &each, each_child);
}

int host_init(void)
{
	return transport_class_register(&iscsi_host_class);
}

void host_exit(void)
{
	transport_class_unregister(&iscsi_host_class);
	xa_destroy(&hosts);
}
