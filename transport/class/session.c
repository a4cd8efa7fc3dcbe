// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sessions as objects: made and removed by drivers, found by their number, destroyed on request. How one dies is told at struct
 * class_session. What a session does meanwhile is in session_state.c (blocking, recovery) and session_target.c (its disks).
 */
#include <linux/module.h>
#include <linux/slab.h>

#include "transport/class/class.h"

static DEFINE_XARRAY(sessions);		/* sid -> struct class_session, the visible ones; its lock */
static atomic_t last_sid;		/* a number is never used again */
/*
 * Takes sessions and their targets away. No WQ_MEM_RECLAIM: that waits for works of the block layer and the mid layer which have none
 * either, and no memory is ever freed by it that somebody waits for.
 */
struct workqueue_struct *session_removal_workq;

/* A driver's data lies directly behind its view of a session. */
static_assert(offsetofend(struct class_session, cls) == sizeof(struct class_session));

struct transport_class iscsi_session_class = {
	.class = { .name = "iscsi_session", .dev_groups = sysfs_session_groups, .pm = &session_power_ops },
};

/* ---- finding ---- */

struct class_session *class_session_get(const struct iscsi_transport *ops, u32 sid)
{
	struct class_session *session;

	xa_lock(&sessions);
	session = xa_load(&sessions, sid);
	if (session && session->cls.transport == ops)
		get_device(&session->cls.dev);
	else
		session = NULL;
	xa_unlock(&sessions);
	return session;
}

void class_session_put(struct class_session *session)
{
	put_device(&session->cls.dev);
}

static struct class_session *next_session(unsigned long *sid)
{
	struct class_session *session;

	xa_lock(&sessions);
	session = xa_find(&sessions, sid, ULONG_MAX, XA_PRESENT);
	if (session)
		get_device(&session->cls.dev);
	xa_unlock(&sessions);
	return session;
}

void sessions_for_each(void (*fn)(struct iscsi_cls_session *cls))
{
	struct class_session *session;
	unsigned long sid = 0;

	for (; (session = next_session(&sid)); sid++) {
		fn(&session->cls);
		class_session_put(session);
	}
}

bool sessions_all(bool (*is)(struct iscsi_cls_session *cls))
{
	struct class_session *session;
	unsigned long sid = 0;
	bool all = true;

	for (; all && (session = next_session(&sid)); sid++) {
		all = is(&session->cls);
		class_session_put(session);
	}
	return all;
}

/* ---- making ---- */

static void session_release(struct device *dev)
{
	struct iscsi_cls_session *cls = iscsi_dev_to_session(dev);
	struct class_session *session = to_class_session(cls);
	struct Scsi_Host *shost = iscsi_session_to_shost(cls);
	struct module *owner = session->holds_owner ? cls->transport->owner : NULL;

	xa_destroy(&session->conns);
	kfree(session->identity);
	kfree(session);
	scsi_host_put(shost);
	module_put(owner);
}

bool session_is_dev(const struct device *dev)
{
	return dev->release == session_release;
}

int iscsi_is_session_dev(const struct device *dev)
{
	return session_is_dev(dev);
}

static void destroy_work(struct work_struct *work);

static void session_setup(struct class_session *session, struct Scsi_Host *shost, struct iscsi_transport *ops)
{
	struct iscsi_cls_session *cls = &session->cls;

	mutex_init(&session->mutex);
	mutex_init(&session->gate);
	mutex_init(&session->scan_mutex);
	xa_init(&session->conns);
	INIT_HLIST_NODE(&session->same_identity);
	INIT_LIST_HEAD(&cls->sess_list);
	INIT_WORK(&cls->destroy_work, destroy_work);
	spin_lock_init(&cls->lock);
	cls->transport = ops;
	cls->creator = -1;
	cls->recovery_tmo = 120;
	cls->state = ISCSI_SESSION_FREE;
	session_state_init(cls);
	session_target_init(cls);
	device_initialize(&cls->dev);
	cls->dev.parent = &shost->shost_gendev;
	cls->dev.release = session_release;
}

struct iscsi_cls_session *iscsi_alloc_session(struct Scsi_Host *shost, struct iscsi_transport *transport, int dd_size)
{
	struct class_session *session = kzalloc(sizeof(*session) + dd_size, GFP_KERNEL);

	if (!session || !scsi_host_get(shost)) {
		kfree(session);
		return NULL;
	}
	session_setup(session, shost, transport);
	if (dd_size)
		session->cls.dd_data = session + 1;
	return &session->cls;
}

void session_hold_owner(struct class_session *session)
{
	__module_get(session->cls.transport->owner);
	session->holds_owner = true;
}

static int session_show(struct class_session *session)
{
	struct iscsi_cls_session *cls = &session->cls;
	int error;

	error = dev_set_name(&cls->dev, "session%u", cls->sid);
	if (error)
		return error;
	error = device_add(&cls->dev);
	if (error)
		return error;
	error = transport_register_device(&cls->dev);
	if (error)
		goto del;
	session->visible = true;
	error = xa_err(xa_store(&sessions, cls->sid, session, GFP_KERNEL));
	if (!error)
		return 0;
	session->visible = false;
	transport_unregister_device(&cls->dev);
del:
	device_del(&cls->dev);
	return error;
}

int iscsi_add_session(struct iscsi_cls_session *session, unsigned int target_id)
{
	struct Scsi_Host *shost = iscsi_session_to_shost(session);
	int error;

	session->sid = atomic_inc_return(&last_sid);
	session->workq = alloc_workqueue("iscsi_ctrl_%d:%d", WQ_SYSFS | WQ_MEM_RECLAIM | WQ_UNBOUND, 0, shost->host_no, session->sid);
	if (!session->workq)
		return -ENOMEM;
	error = session_target_id_take(session, target_id);
	if (error)
		goto no_target;
	error = session_show(to_class_session(session));
	if (error)
		goto no_device;
	event_session(session, ISCSI_KEVENT_CREATE_SESSION);
	session_dbg(session, "added");
	return 0;
no_device:
	session_target_remove(session);
no_target:
	destroy_workqueue(session->workq);
	session->workq = NULL;
	return error;
}

#ifdef COMPAT_HAS_CREATE_SESSION
struct iscsi_cls_session *iscsi_create_session(struct Scsi_Host *shost, struct iscsi_transport *t, int dd_size, unsigned int target_id)
{
	struct iscsi_cls_session *session = iscsi_alloc_session(shost, t, dd_size);

	if (!session)
		return NULL;
	if (iscsi_add_session(session, target_id)) {
		iscsi_free_session(session);
		return NULL;
	}
	return session;
}
#endif

/* ---- removing ---- */

static bool hide_locked(struct class_session *session)
{
	bool was_visible = session->visible;

	lockdep_assert_held(&session->mutex);
	session->visible = false;
	if (was_visible)
		xa_erase(&sessions, session->cls.sid);
	session_identity_forget(session);
	return was_visible;
}

bool session_hide(struct class_session *session)
{
	bool was_visible;

	if (READ_ONCE(session->locker) == current)
		return hide_locked(session);
	session_lock(session);
	was_visible = hide_locked(session);
	session_unlock(session);
	return was_visible;
}

/* Of drivers that leave the connections to the class. Nobody else puts them. */
static int remove_conn(struct device *dev, void *data)
{
	if (conn_is_dev(dev)) {
		iscsi_remove_conn(iscsi_dev_to_conn(dev));
		iscsi_put_conn(iscsi_dev_to_conn(dev));
	}
	return 0;
}

void iscsi_remove_session(struct iscsi_cls_session *session)
{
	session_hide(to_class_session(session));
	session_dbg(session, "removing");
	session_state_quit(session);
	session_target_remove(session);
	device_for_each_child(&session->dev, NULL, remove_conn);
	transport_unregister_device(&session->dev);
	device_del(&session->dev);
	destroy_workqueue(session->workq);
	session->workq = NULL;
}

void iscsi_free_session(struct iscsi_cls_session *session)
{
	if (!to_class_session(session)->told_later)
		event_session(session, ISCSI_KEVENT_DESTROY_SESSION);
	put_device(&session->dev);
}

/* Whoever gets 0 is the one who has the driver destroy it; requests find the session no more. */
static int session_take_down(struct class_session *session)
{
	guard(class_session)(session);
	if (!session->visible)
		return -EINVAL;
	if (!xa_empty(&session->conns))
		return -EBUSY;
	hide_locked(session);
	return 0;
}

int session_destroy(struct class_session *session)
{
	int error = session_take_down(session);

	if (!error)
		session->cls.transport->destroy_session(&session->cls);
	return error;
}

/* The session's own hold on its driver ends in the midst of destroy_session(). Who hears of the end may unload the driver. */
static void destroy_work(struct work_struct *work)
{
	struct iscsi_cls_session *cls = container_of(work, struct iscsi_cls_session, destroy_work);
	struct iscsi_uevent event = event_of_session(cls, ISCSI_KEVENT_DESTROY_SESSION);
	struct module *owner = cls->transport->owner;

	to_class_session(cls)->told_later = true;
	cls->transport->destroy_session(cls);
	module_put(owner);
	event_send(&event, ISCSI_NL_GRP_ISCSID, NULL, 0, GFP_NOIO);
}

int session_destroy_async(struct iscsi_cls_session *cls)
{
	int error = session_take_down(to_class_session(cls));

	if (error)
		return error;
	__module_get(cls->transport->owner);
	queue_work(session_removal_workq, &cls->destroy_work);
	return 0;
}

/* For drivers at shutdown, when nobody in user space logs out any more. A session that somebody else destroys is left to him. */
void iscsi_force_destroy_session(struct iscsi_cls_session *cls)
{
	struct class_session *session = to_class_session(cls);
	struct class_conn *conn;
	unsigned long cid;

	WARN_ON_ONCE(system_state == SYSTEM_RUNNING);
	get_device(&cls->dev);
	session_lock(session);
	if (session->visible)
		xa_for_each(&session->conns, cid, conn)
			conn_destroy(session, conn);
	session_unlock(session);
	session_destroy(session);
	put_device(&cls->dev);
}

int session_init(void)
{
	int error;

	session_removal_workq = alloc_workqueue("iscsi_destroy", WQ_SYSFS | WQ_UNBOUND, 0);
	if (!session_removal_workq)
		return -ENOMEM;
	error = transport_class_register(&iscsi_session_class);
	if (error)
		goto no_class;
	error = session_power_init();
	if (!error)
		return 0;
	transport_class_unregister(&iscsi_session_class);
no_class:
	destroy_workqueue(session_removal_workq);
	return error;
}

void session_exit(void)
{
	session_power_exit();
	transport_class_unregister(&iscsi_session_class);
	destroy_workqueue(session_removal_workq);
	xa_destroy(&sessions);
}
