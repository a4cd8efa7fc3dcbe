// SPDX-License-Identifier: GPL-2.0-only
/*
 * Endpoints: connections of drivers with their own TCP or RDMA, before and while they belong to an iSCSI connection. A driver makes one in
 * ep_connect() and destroys it in ep_disconnect(); user space names it by its id in between.
 *
 * Who may hold a reference: the driver from iscsi_create_endpoint() to iscsi_destroy_endpoint(); whoever looked it up, until
 * iscsi_put_endpoint(); a reader of its attribute.
 */
#include <linux/slab.h>

#include "transport/class/class.h"

struct class_endpoint {
	struct mutex mutex;		/* polling, binding and disconnecting exclude each other */
	bool disconnected;		/* under mutex: it gets no connection any more */
	const struct iscsi_transport *owner;	/* NULL until ep_connect() has returned: nobody's request may name it */
	struct iscsi_endpoint ep;	/* last: dd_data follows */
};

#define to_class_endpoint(_ep) container_of(_ep, struct class_endpoint, ep)

static_assert(offsetofend(struct class_endpoint, ep) == sizeof(struct class_endpoint));

static DEFINE_XARRAY_ALLOC1(endpoints);	/* id -> struct class_endpoint; its lock */
static u32 last_id;
static DEFINE_SPINLOCK(pair_lock);	/* ep->conn and conn->ep */

static void endpoint_release(struct device *dev)
{
	kfree(to_class_endpoint(container_of(dev, struct iscsi_endpoint, dev)));
}

struct class iscsi_endpoint_class = {
	.name = "iscsi_endpoint",
	.dev_groups = sysfs_endpoint_groups,
	.dev_release = endpoint_release,
};

struct iscsi_endpoint *iscsi_create_endpoint(int dd_size)
{
	struct class_endpoint *own = kzalloc(sizeof(*own) + dd_size, GFP_KERNEL);
	u32 id;

	if (!own)
		return NULL;
	mutex_init(&own->mutex);
	device_initialize(&own->ep.dev);
	own->ep.dev.class = &iscsi_endpoint_class;
	if (dd_size)
		own->ep.dd_data = own + 1;
	if (xa_alloc_cyclic(&endpoints, &id, own, XA_LIMIT(1, INT_MAX), &last_id, GFP_KERNEL) < 0)
		goto put;
	own->ep.id = id;
	if (dev_set_name(&own->ep.dev, "ep-%d", own->ep.id) || device_add(&own->ep.dev))
		goto erase;
	return &own->ep;
erase:
	xa_erase(&endpoints, id);
put:
	put_device(&own->ep.dev);
	return NULL;
}

void iscsi_destroy_endpoint(struct iscsi_endpoint *ep)
{
	xa_erase(&endpoints, ep->id);
	device_unregister(&ep->dev);
}

static struct iscsi_endpoint *find(u64 handle, const struct iscsi_transport *owner)
{
	struct class_endpoint *own = NULL;

	xa_lock(&endpoints);
	if (handle <= INT_MAX)
		own = xa_load(&endpoints, handle);
	if (own && owner && own->owner != owner)
		own = NULL;
	if (own)
		get_device(&own->ep.dev);
	xa_unlock(&endpoints);
	return own ? &own->ep : NULL;
}

struct iscsi_endpoint *iscsi_lookup_endpoint(u64 handle)
{
	return find(handle, NULL);
}

void iscsi_put_endpoint(struct iscsi_endpoint *ep)
{
	put_device(&ep->dev);
}

struct iscsi_endpoint *endpoint_get(const struct iscsi_transport *ops, u64 handle)
{
	return find(handle, ops);
}

/* The id was read before: once an owner is set, a request may destroy it. */
void endpoint_owned_by(struct iscsi_endpoint *ep, const struct iscsi_transport *ops)
{
	xa_lock(&endpoints);
	to_class_endpoint(ep)->owner = ops;
	xa_unlock(&endpoints);
}

/* ---- with its connection ---- */

static struct iscsi_endpoint *pair_part(struct class_conn *conn)
{
	struct iscsi_endpoint *ep;

	spin_lock(&pair_lock);
	ep = conn->cls.ep;
	conn->cls.ep = NULL;
	if (ep)
		ep->conn = NULL;
	spin_unlock(&pair_lock);
	return ep;
}

void endpoint_attach(struct class_conn *conn, u64 handle)
{
	struct iscsi_endpoint *ep = endpoint_get(conn->cls.transport, handle);
	struct class_endpoint *own;

	lockdep_assert_held(&conn->cls.ep_mutex);
	if (!ep)
		return;
	own = to_class_endpoint(ep);
	mutex_lock(&own->mutex);
	spin_lock(&pair_lock);
	if (!own->disconnected && !ep->conn && !conn->cls.ep) {
		ep->conn = &conn->cls;
		conn->cls.ep = ep;
	}
	spin_unlock(&pair_lock);
	mutex_unlock(&own->mutex);
	iscsi_put_endpoint(ep);
}

void endpoint_detach(struct class_conn *conn)
{
	pair_part(conn);
}

/* False: it has got a connection meanwhile, which would be left with nothing. */
static bool disconnect(struct iscsi_transport *ops, struct iscsi_endpoint *ep)
{
	struct class_endpoint *own = to_class_endpoint(ep);
	bool bound, first;

	get_device(&ep->dev);
	mutex_lock(&own->mutex);
	bound = READ_ONCE(ep->conn);
	first = !bound && !own->disconnected;
	own->disconnected |= !bound;
	mutex_unlock(&own->mutex);
	if (first)
		ops->ep_disconnect(ep);
	put_device(&ep->dev);
	return !bound;
}

void endpoint_unbind(struct class_conn *conn, bool for_boot)
{
	struct iscsi_transport *ops = conn->cls.transport;
	struct iscsi_endpoint *ep = pair_part(conn);

	lockdep_assert_held(&conn->cls.ep_mutex);
	if (!ep)
		return;
	conn_state_set(&conn->cls, ISCSI_CONN_FAILED);
	if (ops->unbind_conn)
		ops->unbind_conn(&conn->cls, for_boot);
	disconnect(ops, ep);
}

/* ---- requests ---- */

/* The connection that owns ep, with a reference. */
static struct class_conn *conn_of(struct iscsi_endpoint *ep)
{
	struct iscsi_cls_conn *cls;

	spin_lock(&pair_lock);
	cls = ep->conn;
	if (cls)
		iscsi_get_conn(cls);
	spin_unlock(&pair_lock);
	return cls ? to_class_conn(cls) : NULL;
}

static void disconnect_bound(struct class_conn *conn, struct iscsi_endpoint *ep)
{
	conn_cleanup_wait(conn);
	guard(mutex)(&conn->cls.ep_mutex);
	if (conn->cls.ep == ep)
		endpoint_unbind(conn, false);
}

int endpoint_disconnect(struct iscsi_transport *ops, u64 handle)
{
	struct iscsi_endpoint *ep = endpoint_get(ops, handle);
	struct class_conn *conn;

	if (!ep)
		return -EINVAL;
	do {
		conn = conn_of(ep);
		if (conn) {
			disconnect_bound(conn, ep);
			iscsi_put_conn(&conn->cls);
		}
	} while (!disconnect(ops, ep));
	iscsi_put_endpoint(ep);
	return 0;
}

int endpoint_poll(struct iscsi_transport *ops, u64 handle, int timeout_ms)
{
	struct iscsi_endpoint *ep = endpoint_get(ops, handle);
	struct class_endpoint *own;
	int result = -EINVAL;

	if (!ep)
		return -EINVAL;
	own = to_class_endpoint(ep);
	mutex_lock(&own->mutex);
	if (!own->disconnected)
		result = ops->ep_poll(ep, timeout_ms);
	mutex_unlock(&own->mutex);
	iscsi_put_endpoint(ep);
	return result;
}

int endpoint_init(void)
{
	return class_register(&iscsi_endpoint_class);
}

void endpoint_exit(void)
{
	class_unregister(&iscsi_endpoint_class);
	xa_destroy(&endpoints);
}
