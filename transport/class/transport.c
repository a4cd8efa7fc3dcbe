// SPDX-License-Identifier: GPL-2.0-only
/*
 * The drivers: each registers its operations and gets a template for its hosts. User space names a driver by a number that means nothing
 * in the kernel. A request holds its driver's module and rwsem, so that unregistering waits for it; sessions hold the module too.
 * Never calls an operation.
 */
#include <linux/module.h>
#include <linux/slab.h>

#include "transport/class/class.h"

static DEFINE_XARRAY_ALLOC1(transports);	/* handle -> struct class_transport */
static u32 last_handle;				/* never given twice while 2^32 registrations last */

static void transport_release(struct device *dev)
{
	kfree_rcu(container_of(dev, struct class_transport, dev), rcu);
}

struct class iscsi_transport_class = {
	.name = "iscsi_transport",
	.dev_groups = sysfs_transport_groups,
	.dev_release = transport_release,
};

struct class_transport *class_transport_of(const struct iscsi_transport *ops)
{
	struct class_transport *transport;
	unsigned long handle;

	rcu_read_lock(); /* others may go while they are compared */
	xa_for_each(&transports, handle, transport)
		if (transport->ops == ops)
			break;
	rcu_read_unlock();
	return transport;
}

static struct class_transport *find(u64 handle)
{
	struct class_transport *transport = NULL;

	xa_lock(&transports);
	if (handle <= U32_MAX)
		transport = xa_load(&transports, handle);
	if (transport && try_module_get(transport->ops->owner))
		get_device(&transport->dev);
	else
		transport = NULL;
	xa_unlock(&transports);
	return transport;
}

struct class_transport *class_transport_get(u64 handle)
{
	struct class_transport *transport = find(handle);

	if (!transport)
		return NULL;
	down_read(&transport->rwsem);
	if (!transport->gone)
		return transport;
	class_transport_put(transport);
	return NULL;
}

void class_transport_put(struct class_transport *transport)
{
	struct module *owner = transport->ops->owner;

	up_read(&transport->rwsem);
	put_device(&transport->dev);
	module_put(owner);
}

static bool of_this_transport(struct device *dev, const struct class_transport *transport)
{
	return scsi_is_host_device(dev) && dev_to_shost(dev)->transportt == &transport->t;
}

static int match_host(struct attribute_container *ac, struct device *dev)
{
	return of_this_transport(dev, container_of(ac, struct class_transport, t.host_attrs.ac));
}

static int match_session(struct attribute_container *ac, struct device *dev)
{
	return session_is_dev(dev) && of_this_transport(dev->parent, container_of(ac, struct class_transport, session_cont.ac));
}

static int match_conn(struct attribute_container *ac, struct device *dev)
{
	return conn_is_dev(dev) && of_this_transport(dev->parent->parent, container_of(ac, struct class_transport, conn_cont.ac));
}

static void containers_register(struct class_transport *transport)
{
	struct scsi_transport_template *t = &transport->t;

	t->host_attrs.ac.class = &iscsi_host_class.class;
	t->host_attrs.ac.match = match_host;
	t->host_size = sizeof(struct iscsi_cls_host);
	t->user_scan = session_user_scan;
	transport->session_cont.ac.class = &iscsi_session_class.class;
	transport->session_cont.ac.match = match_session;
	transport->conn_cont.ac.class = &iscsi_connection_class.class;
	transport->conn_cont.ac.match = match_conn;
	transport_container_register(&t->host_attrs);
	transport_container_register(&transport->session_cont);
	transport_container_register(&transport->conn_cont);
}

static void containers_unregister(struct class_transport *transport)
{
	transport_container_unregister(&transport->conn_cont);
	transport_container_unregister(&transport->session_cont);
	transport_container_unregister(&transport->t.host_attrs);
}

static struct class_transport *transport_new(struct iscsi_transport *ops)
{
	struct class_transport *transport = kzalloc(sizeof(*transport), GFP_KERNEL);

	if (!transport)
		return NULL;
	transport->ops = ops;
	init_rwsem(&transport->rwsem);
	mutex_init(&transport->setup);
	init_rwsem(&transport->birth);
	device_initialize(&transport->dev);
	transport->dev.class = &iscsi_transport_class;
	return transport;
}

struct scsi_transport_template *iscsi_register_transport(struct iscsi_transport *ops)
{
	struct class_transport *transport = transport_new(ops);

	if (!transport)
		return NULL;
	if (dev_set_name(&transport->dev, "%s", ops->name))
		goto put;
	/* A request or a reader of the attributes may come from here on; both are for the driver's module, which is still loading. */
	if (xa_alloc_cyclic(&transports, &transport->id, transport, xa_limit_32b, &last_handle, GFP_KERNEL) < 0)
		goto put;
	if (device_add(&transport->dev))
		goto erase;
	containers_register(transport);
	pr_notice("iscsi: registered transport (%s)\n", ops->name);
	return &transport->t;
erase:
	xa_erase(&transports, transport->id);
put:
	put_device(&transport->dev);
	return NULL;
}

/* Called while the driver's module is unloaded, or by one that failed to load: no session of it is left, each held the module. */
void iscsi_unregister_transport(struct iscsi_transport *ops)
{
	struct class_transport *transport = class_transport_of(ops);

	if (WARN_ON(!transport))
		return;
	down_write(&transport->rwsem);
	transport->gone = true;
	up_write(&transport->rwsem);
	xa_erase(&transports, transport->id);
	containers_unregister(transport);
	device_unregister(&transport->dev);
}

int transport_init(void)
{
	return class_register(&iscsi_transport_class);
}

void transport_exit(void)
{
	class_unregister(&iscsi_transport_class);
	xa_destroy(&transports);
}
