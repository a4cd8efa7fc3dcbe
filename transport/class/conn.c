// SPDX-License-Identifier: GPL-2.0-only
/*
 * Connections as objects, made and removed by drivers, and the requests that bind, start and stop them. How one dies is told at struct
 * class_conn; what the class does by itself when one fails is in conn_cleanup.c.
 */
#include <linux/slab.h>

#include "transport/abi/iscsi_proto.h"
#include "transport/class/class.h"

static_assert(offsetofend(struct class_conn, cls) == sizeof(struct class_conn));

struct transport_class iscsi_connection_class = {
	.class = { .name = "iscsi_connection", .dev_groups = sysfs_conn_groups },
};

const char *conn_state_name(int state)
{
	static const char * const names[] = {
		[ISCSI_CONN_UP] = "up",
		[ISCSI_CONN_DOWN] = "down",
		[ISCSI_CONN_FAILED] = "failed",
		[ISCSI_CONN_BOUND] = "bound",
	};

	return state >= 0 && state < ARRAY_SIZE(names) ? names[state] : NULL;
}

void conn_state_set(struct iscsi_cls_conn *cls, enum iscsi_connection_state state)
{
	struct class_conn *conn = to_class_conn(cls);
	unsigned long flags;

	spin_lock_irqsave(&cls->lock, flags);
	if (cls->state != state) {
		WRITE_ONCE(cls->state, state);
		conn->generation++;
		if (!conn->removing)
			queue_work(iscsi_conn_to_session(cls)->workq, &conn->state_work);
	}
	spin_unlock_irqrestore(&cls->lock, flags);
	conn_dbg(cls, "%s", conn_state_name(state));
}

static void state_work(struct work_struct *work)
{
	struct class_conn *conn = container_of(work, struct class_conn, state_work);

	event_state_changed(&conn->cls.dev, conn_state_name(READ_ONCE(conn->cls.state)));
}

/* ---- objects ---- */

static void conn_release(struct device *dev)
{
	struct class_conn *conn = to_class_conn(iscsi_dev_to_conn(dev));
	struct device *parent = dev->parent;

	kfree(conn);
	put_device(parent);
}

bool conn_is_dev(const struct device *dev)
{
	return dev->release == conn_release;
}

struct class_conn *class_conn_find(struct class_session *session, u32 cid)
{
	lockdep_assert_held(&session->mutex);
	return xa_load(&session->conns, cid);
}

struct iscsi_cls_conn *iscsi_alloc_conn(struct iscsi_cls_session *session, int dd_size, uint32_t cid)
{
	struct class_conn *conn = kzalloc(sizeof(*conn) + dd_size, GFP_KERNEL);
	struct iscsi_cls_conn *cls;

	if (!conn)
		return NULL;
	cls = &conn->cls;
	if (dd_size)
		cls->dd_data = conn + 1;
	INIT_LIST_HEAD(&cls->conn_list);
	mutex_init(&cls->ep_mutex);
	spin_lock_init(&cls->lock);
	INIT_WORK(&conn->state_work, state_work);
	conn_cleanup_init(conn);
	cls->transport = session->transport;
	cls->cid = cid;
	cls->state = ISCSI_CONN_DOWN;
	conn->stopped = true;
	device_initialize(&cls->dev);
	cls->dev.parent = get_device(&session->dev);
	cls->dev.release = conn_release;
	return cls;
}

int iscsi_add_conn(struct iscsi_cls_conn *cls)
{
	struct class_session *session = to_class_session(iscsi_conn_to_session(cls));
	int error = xa_insert(&session->conns, cls->cid, to_class_conn(cls), GFP_KERNEL);

	if (error)
		return error == -EBUSY ? -EEXIST : error;
	error = dev_set_name(&cls->dev, "connection%d:%u", session->cls.sid, cls->cid);
	if (error)
		goto erase;
	error = device_add(&cls->dev);
	if (error)
		goto erase;
	error = transport_register_device(&cls->dev);
	if (!error)
		return 0;
	device_del(&cls->dev);
erase:
	xa_erase(&session->conns, cls->cid);
	return error;
}

/*
 * If it was in the table still, the driver began: a request may be using the connection and is waited for. A request's own driver call
 * may end here too (a create_conn that failed half way).
 */
void iscsi_remove_conn(struct iscsi_cls_conn *cls)
{
	struct class_session *session = to_class_session(iscsi_conn_to_session(cls));
	struct class_conn *conn = to_class_conn(cls);

	if (xa_cmpxchg(&session->conns, cls->cid, conn, NULL, GFP_KERNEL) == conn && READ_ONCE(session->locker) != current) {
		mutex_lock(&session->mutex);
		mutex_unlock(&session->mutex);
	}
	conn_cleanup_quit(conn);
	cancel_work_sync(&conn->state_work);
	endpoint_detach(conn);
	transport_unregister_device(&cls->dev);
	device_del(&cls->dev);
}

void iscsi_get_conn(struct iscsi_cls_conn *conn)
{
	get_device(&conn->dev);
}

void iscsi_put_conn(struct iscsi_cls_conn *conn)
{
	put_device(&conn->dev);
}

/* ---- requests ---- */

/* A login or relogin. What is left of the last one is taken away first: nothing that went wrong earlier keeps a connection from binding. */
int conn_bind(struct class_session *session, struct class_conn *conn, u64 transport_eph, bool leading, int *fault)
{
	struct iscsi_transport *ops = conn->cls.transport;
	int error;

	lockdep_assert_held(&session->mutex);
	*fault = 0;
	conn_cleanup_wait(conn);
	guard(mutex)(&conn->cls.ep_mutex);
	if (conn->cls.ep)
		endpoint_unbind(conn, false);
	if (!conn->stopped)
		conn_stop_driver(conn, STOP_CONN_RECOVER);
	if (conn_cleanup_pending(conn))
		return -ENOTCONN;
	error = ops->bind_conn(&session->cls, &conn->cls, transport_eph, leading);
	if (error)
		return error;
	conn->stopped = false;
	if (ops->ep_connect)
		endpoint_attach(conn, transport_eph);
	conn_state_set(&conn->cls, ISCSI_CONN_BOUND);
	return 0;
}

/* Only what was bound is started: a START that was sent together with a BIND that failed would make a session without a connection. */
int conn_start(struct class_session *session, struct class_conn *conn)
{
	int error;

	lockdep_assert_held(&session->mutex);
	guard(mutex)(&conn->cls.ep_mutex);
	if (conn_cleanup_pending(conn) || conn->cls.state != ISCSI_CONN_BOUND)
		return -ENOTCONN;
	error = session_identity_check(session);
	if (error)
		return error;
	error = conn->cls.transport->start_conn(&conn->cls);
	if (!error)
		conn_state_set(&conn->cls, ISCSI_CONN_UP);
	return error;
}

void conn_stop_driver(struct class_conn *conn, int flag)
{
	lockdep_assert_held(&conn->cls.ep_mutex);
	conn->cls.transport->stop_conn(&conn->cls, flag);
	conn->stopped = true;
	conn_state_set(&conn->cls, flag == STOP_CONN_TERM ? ISCSI_CONN_DOWN : ISCSI_CONN_FAILED);
}

/* After the class's own cleanup of the same connection there is nothing left to recover from. */
void conn_stop(struct class_session *session, struct class_conn *conn, int flag)
{
	lockdep_assert_held(&session->mutex);
	conn_cleanup_wait(conn);
	guard(mutex)(&conn->cls.ep_mutex);
	if (flag != STOP_CONN_TERM && conn->stopped && conn->cls.state == ISCSI_CONN_FAILED)
		return;
	/* A daemon that was restarted knows of no endpoint, so it will not disconnect it. */
	if (flag != STOP_CONN_TERM && conn->cls.ep)
		endpoint_unbind(conn, true);
	conn_stop_driver(conn, flag);
	/* Who asked for this looks at the session's state next. */
	flush_work(&session->cls.block_work);
}

static void learn_isid(struct class_session *session, const void *header)
{
	const struct iscsi_bhs_login_request *login = header;

	if ((login->opcode & ISCSI_OPCODE_MASK) != ISCSI_OP_LOGIN)
		return;
	memcpy(session->isid, login->isid, sizeof(session->isid));
	session->isid_known = true;
}

/* Cards that log in by themselves have connections which were never bound here. */
static bool may_send(struct class_conn *conn)
{
	switch (conn->cls.state) {
	case ISCSI_CONN_BOUND:
	case ISCSI_CONN_UP:
		return !conn_cleanup_pending(conn);
	case ISCSI_CONN_DOWN:
		return conn->cls.transport->caps & CAP_LOGIN_OFFLOAD;
	default:
		return false;
	}
}

int conn_send_pdu(struct class_session *session, struct class_conn *conn, void *header, void *data, u32 data_bytes)
{
	lockdep_assert_held(&session->mutex);
	guard(mutex)(&conn->cls.ep_mutex);
	if (!may_send(conn))
		return -ENOTCONN;
	learn_isid(session, header);
	return conn->cls.transport->send_pdu(&conn->cls, header, data, data_bytes);
}

/* Out of the table first, so that iscsi_remove_conn() does not wait for the request it is called in. */
int conn_destroy(struct class_session *session, struct class_conn *conn)
{
	lockdep_assert_held(&session->mutex);
	xa_erase(&session->conns, conn->cls.cid);
	conn_cleanup_wait(conn);
	mutex_lock(&conn->cls.ep_mutex);
	if (conn->cls.ep)
		endpoint_unbind(conn, false);
	if (!conn->stopped)
		conn_stop_driver(conn, STOP_CONN_TERM);
	mutex_unlock(&conn->cls.ep_mutex);
	conn->cls.transport->destroy_conn(&conn->cls);
	return 0;
}
