// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver reports that a connection is lost, in whatever context it noticed. The class stops the connection at once, so that its session
 * blocks and the recovery timer runs whether or not anybody in user space is alive; iscsid is told and logs in again when it can.
 * The flag ISCSI_CLS_CONN_BIT_CLEANUP is set from the report to the end of the work. Requests that need the connection are refused
 * meanwhile, those that end it wait.
 */
#include "transport/class/class.h"

static struct workqueue_struct *workq;

bool conn_cleanup_pending(struct class_conn *conn)
{
	return test_bit(ISCSI_CLS_CONN_BIT_CLEANUP, &conn->cls.flags);
}

/* Before BIND there is nothing to clean up, and after the first report it is under way. */
static bool report_needs_work(struct class_conn *conn)
{
	lockdep_assert_held(&conn->cls.lock);
	if (conn->removing || (conn->cls.state != ISCSI_CONN_BOUND && conn->cls.state != ISCSI_CONN_UP))
		return false;
	return !test_and_set_bit(ISCSI_CLS_CONN_BIT_CLEANUP, &conn->cls.flags);
}

void iscsi_conn_error_event(struct iscsi_cls_conn *conn, enum iscsi_err error)
{
	struct class_conn *own = to_class_conn(conn);
	unsigned long flags;

	spin_lock_irqsave(&conn->lock, flags);
	if (report_needs_work(own))
		queue_work(workq, &conn->cleanup_work);
	spin_unlock_irqrestore(&conn->lock, flags);
	if (event_conn_error(conn, error))
		dev_dbg_ratelimited(&conn->dev, "nobody hears of error %d\n", error);
	conn_dbg(conn, "error %d", error);
}

static void cleanup_work(struct work_struct *work)
{
	struct iscsi_cls_conn *cls = container_of(work, struct iscsi_cls_conn, cleanup_work);
	struct class_conn *conn = to_class_conn(cls);

	guard(mutex)(&cls->ep_mutex);
	if (!conn->stopped) {
		if (cls->ep)
			endpoint_unbind(conn, false);
		conn_stop_driver(conn, STOP_CONN_RECOVER);
	}
	spin_lock_irq(&cls->lock);
	clear_bit(ISCSI_CLS_CONN_BIT_CLEANUP, &cls->flags);
	spin_unlock_irq(&cls->lock);
}

void conn_cleanup_init(struct class_conn *conn)
{
	INIT_WORK(&conn->cls.cleanup_work, cleanup_work);
}

void conn_cleanup_wait(struct class_conn *conn)
{
	flush_work(&conn->cls.cleanup_work);
}

void conn_cleanup_quit(struct class_conn *conn)
{
	spin_lock_irq(&conn->cls.lock);
	conn->removing = true;
	spin_unlock_irq(&conn->cls.lock);
	cancel_work_sync(&conn->cls.cleanup_work);
}

int conn_init(void)
{
	int error;

	workq = alloc_workqueue("iscsi_conn_cleanup", WQ_SYSFS | WQ_MEM_RECLAIM | WQ_UNBOUND, 0);
	if (!workq)
		return -ENOMEM;
	error = transport_class_register(&iscsi_connection_class);
	if (error)
		destroy_workqueue(workq);
	return error;
}

void conn_exit(void)
{
	transport_class_unregister(&iscsi_connection_class);
	destroy_workqueue(workq);
}
