// SPDX-License-Identifier: GPL-2.0-only
/*
 * The targets an adapter keeps in its flash: a session device below the host and a connection device below that, both on the bus
 * "iscsi_flashnode", made and removed by the driver. The class names and frees them; requests about them are in request_flashnode.c.
 */
#include <linux/slab.h>

#include "transport/class/compat.h"
#include "transport/class/class.h"

static struct bus_type flashnode_bus = {
	.name = "iscsi_flashnode",
	.match = iscsi_flashnode_bus_match,
};

/* There are no drivers on this bus: what it is asked for is whether a device is one of its own. */
int iscsi_flashnode_bus_match(struct device *dev, compat_driver *drv)
{
	return dev->bus == &flashnode_bus;
}

/* The texts are the driver's making, and given to the object. */
static void session_release(struct device *dev)
{
	struct iscsi_bus_flash_session *session = iscsi_dev_to_flash_session(dev);

	kfree(session->targetname);
	kfree(session->targetalias);
	kfree(session->portal_type);
	kfree(session->username);
	kfree(session->username_in);
	kfree_sensitive(session->password);
	kfree_sensitive(session->password_in);
	kfree(session);
}

static void conn_release(struct device *dev)
{
	struct iscsi_bus_flash_conn *conn = iscsi_dev_to_flash_conn(dev);

	kfree(conn->ipaddress);
	kfree(conn->redirect_ipaddr);
	kfree(conn->link_local_ipv6_addr);
	kfree(conn);
}

static const struct device_type session_type = {
	.name = "iscsi_flashnode_sess_dev_type",
	.groups = sysfs_flash_session_groups,
	.release = session_release,
};

static const struct device_type conn_type = {
	.name = "iscsi_flashnode_conn_dev_type",
	.groups = sysfs_flash_conn_groups,
	.release = conn_release,
};

static int is_session(struct device *dev)
{
	return dev->bus == &flashnode_bus && dev->type == &session_type;
}

static int is_conn(struct device *dev, compat_match_data *data)
{
	return dev->bus == &flashnode_bus && dev->type == &conn_type;
}

static int add(struct device *dev)
{
	int error = device_register(dev);

	if (error)
		put_device(dev);
	return error;
}

struct iscsi_bus_flash_session *iscsi_create_flashnode_sess(struct Scsi_Host *shost, int index, struct iscsi_transport *transport,
							    int dd_size)
{
	struct iscsi_bus_flash_session *session = kzalloc(sizeof(*session) + dd_size, GFP_KERNEL);

	if (!session)
		return NULL;
	session->transport = transport;
	session->target_id = index;
	session->dev.type = &session_type;
	session->dev.bus = &flashnode_bus;
	session->dev.parent = &shost->shost_gendev;
	if (dd_size)
		session->dd_data = &session[1];
	if (dev_set_name(&session->dev, "flashnode_sess-%u:%u", shost->host_no, index)) {
		kfree(session);
		return NULL;
	}
	return add(&session->dev) ? NULL : session;
}

struct iscsi_bus_flash_conn *iscsi_create_flashnode_conn(struct Scsi_Host *shost, struct iscsi_bus_flash_session *session,
							 struct iscsi_transport *transport, int dd_size)
{
	struct iscsi_bus_flash_conn *conn = kzalloc(sizeof(*conn) + dd_size, GFP_KERNEL);

	if (!conn)
		return NULL;
	conn->transport = transport;
	conn->dev.type = &conn_type;
	conn->dev.bus = &flashnode_bus;
	conn->dev.parent = &session->dev;
	if (dd_size)
		conn->dd_data = &conn[1];
	if (dev_set_name(&conn->dev, "flashnode_conn-%u:%u:0", shost->host_no, session->target_id)) {
		kfree(conn);
		return NULL;
	}
	return add(&conn->dev) ? NULL : conn;
}

/* With a reference, for the caller to put. */
struct device *iscsi_find_flashnode_sess(struct Scsi_Host *shost, compat_match_data *data,
					 int (*fn)(struct device *dev, compat_match_data *data))
{
	return device_find_child(&shost->shost_gendev, data, fn);
}

struct device *iscsi_find_flashnode_conn(struct iscsi_bus_flash_session *session)
{
	return device_find_child(&session->dev, NULL, is_conn);
}

static int has_index(struct device *dev, compat_match_data *data)
{
	return is_session(dev) && iscsi_dev_to_flash_session(dev)->target_id == *(const u32 *)data;
}

struct iscsi_bus_flash_session *flashnode_get(struct Scsi_Host *shost, u32 index)
{
	struct device *dev = device_find_child(&shost->shost_gendev, &index, has_index);

	return dev ? iscsi_dev_to_flash_session(dev) : NULL;
}

static int remove_conn(struct device *dev, void *data)
{
	if (is_conn(dev, NULL))
		device_unregister(dev);
	return 0;
}

void iscsi_destroy_flashnode_sess(struct iscsi_bus_flash_session *session)
{
	device_for_each_child(&session->dev, NULL, remove_conn);
	device_unregister(&session->dev);
}

static int remove_session(struct device *dev, void *data)
{
	if (is_session(dev))
		iscsi_destroy_flashnode_sess(iscsi_dev_to_flash_session(dev));
	return 0;
}

void iscsi_destroy_all_flashnode(struct Scsi_Host *shost)
{
	device_for_each_child(&shost->shost_gendev, NULL, remove_session);
}

int flashnode_init(void)
{
	return bus_register(&flashnode_bus);
}

void flashnode_exit(void)
{
	bus_unregister(&flashnode_bus);
}
