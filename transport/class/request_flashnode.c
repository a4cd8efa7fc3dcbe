// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests about flashnodes, the targets an adapter keeps in its flash, one at a time, all hosts together. Called by netlink.c. The
 * objects are in flashnode.c; what the card does with them is the driver's.
 */
#include "transport/class/message.h"

#define TYPE_BYTES	16

int request_flashnode_new(struct class_request *req)
{
	char type[TYPE_BYTES] = "";
	int index;

	memcpy(type, req->data, min_t(u32, req->data_bytes, TYPE_BYTES - 1));
	index = req->ops->new_flashnode(req->shost, type, strlen(type));
	if (index < 0)
		return index;
	req->event.r.new_flashnode_ret.flashnode_idx = index;
	return 0;
}

int request_flashnode_delete(struct class_request *req)
{
	struct iscsi_bus_flash_session *session = flashnode_get(req->shost, req->event.u.del_flashnode.flashnode_idx);
	int error;

	if (!session)
		return -ENODEV;
	error = req->ops->del_flashnode(session);
	put_device(&session->dev);
	return error;
}

/* The three requests below name an entry, and want it with its connection. */
static int on_entry(struct class_request *req, u32 index,
		    int (*work)(struct class_request *req, struct iscsi_bus_flash_session *session, struct iscsi_bus_flash_conn *conn))
{
	struct iscsi_bus_flash_session *session = flashnode_get(req->shost, index);
	struct device *conn;
	int error = -ENODEV;

	if (!session)
		return -ENODEV;
	conn = iscsi_find_flashnode_conn(session);
	if (conn) {
		error = work(req, session, iscsi_dev_to_flash_conn(conn));
		put_device(conn);
	}
	put_device(&session->dev);
	return error;
}

static int set(struct class_request *req, struct iscsi_bus_flash_session *session, struct iscsi_bus_flash_conn *conn)
{
	return req->ops->set_flashnode_param(session, conn, req->data, req->data_bytes);
}

int request_flashnode_set(struct class_request *req)
{
	return on_entry(req, req->event.u.set_flashnode.flashnode_idx, set);
}

static int login(struct class_request *req, struct iscsi_bus_flash_session *session, struct iscsi_bus_flash_conn *conn)
{
	return req->ops->login_flashnode(session, conn);
}

int request_flashnode_login(struct class_request *req)
{
	return on_entry(req, req->event.u.login_flashnode.flashnode_idx, login);
}

static int logout(struct class_request *req, struct iscsi_bus_flash_session *session, struct iscsi_bus_flash_conn *conn)
{
	return req->ops->logout_flashnode(session, conn);
}

int request_flashnode_logout(struct class_request *req)
{
	return on_entry(req, req->event.u.logout_flashnode.flashnode_idx, logout);
}

/* The session is not locked: the driver removes it before it returns. */
int request_flashnode_logout_session(struct class_request *req)
{
	struct class_session *session = class_session_get(req->ops, req->event.u.logout_flashnode_sid.sid);
	struct iscsi_cls_session *cls = session ? &session->cls : NULL;
	int error = -EINVAL;

	if (!session)
		return error;
	if (iscsi_session_to_shost(cls) == req->shost)
		error = req->ops->logout_flashnode_sid(cls);
	class_session_put(session);
	return error;
}
