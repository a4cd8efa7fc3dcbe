// SPDX-License-Identifier: GPL-2.0-only
/*
 * The SCSI target of a session: its number on the host, the search for its disks when somebody asks for it, and its removal, which takes
 * the disks away. target_state tells how far it is:
 *
 *	UNBOUND -> ALLOCATED (has a number) -> SCANNED -> UNBINDING -> UNBOUND
 *
 * Scans and removal exclude each other by session->scan_mutex. User space writes to the host's scan file; nothing is scanned unasked.
 */
#include <linux/idr.h>
#include <scsi/scsi_device.h>

#include "transport/class/class.h"

static DEFINE_IDA(target_ids);	/* for drivers with many sessions on a host */

struct scan {
	uint channel;
	uint id;
	u64 lun;
	enum scsi_scan_mode mode;
};

const char *session_target_state_name(int state)
{
	static const char * const names[] = {
		[ISCSI_SESSION_TARGET_UNBOUND] = "UNBOUND",
		[ISCSI_SESSION_TARGET_ALLOCATED] = "ALLOCATED",
		[ISCSI_SESSION_TARGET_SCANNED] = "SCANNED",
		[ISCSI_SESSION_TARGET_UNBINDING] = "UNBINDING",
	};

	return state >= 0 && state < ARRAY_SIZE(names) ? names[state] : NULL;
}

static void target_state_set(struct iscsi_cls_session *cls, int state)
{
	spin_lock_irq(&cls->lock);
	WRITE_ONCE(cls->target_state, state);
	spin_unlock_irq(&cls->lock);
	session_dbg(cls, "%s", session_target_state_name(state));
}

int session_target_id_take(struct iscsi_cls_session *cls, unsigned int target_id)
{
	if (target_id == ISCSI_MAX_TARGET) {
		int id = ida_alloc(&target_ids, GFP_KERNEL);

		if (id < 0)
			return id;
		target_id = id;
		cls->ida_used = true;
	}
	cls->target_id = target_id;
	target_state_set(cls, ISCSI_SESSION_TARGET_ALLOCATED);
	return 0;
}

/* ---- scan ---- */

static bool may_scan(const struct iscsi_cls_session *cls)
{
	return iscsi_is_session_online((struct iscsi_cls_session *)cls) &&
	       (cls->target_state == ISCSI_SESSION_TARGET_ALLOCATED || cls->target_state == ISCSI_SESSION_TARGET_SCANNED);
}

static int scan_session(struct device *dev, void *data)
{
	const struct scan *scan = data;
	struct iscsi_cls_session *cls;
	struct class_session *session;

	if (!session_is_dev(dev))
		return 0;
	cls = iscsi_dev_to_session(dev);
	session = to_class_session(cls);
	guard(mutex)(&session->scan_mutex);
	if (!may_scan(cls) || (scan->channel != SCAN_WILD_CARD && scan->channel != 0) ||
	    (scan->id != SCAN_WILD_CARD && scan->id != cls->target_id))
		return 0;
	scsi_scan_target(&cls->dev, 0, cls->target_id, scan->lun, scan->mode);
	target_state_set(cls, ISCSI_SESSION_TARGET_SCANNED);
	return 0;
}

int session_user_scan(struct Scsi_Host *shost, uint channel, uint id, u64 lun)
{
	struct scan scan = { channel, id, lun, SCSI_SCAN_MANUAL };

	return device_for_each_child(&shost->shost_gendev, &scan, scan_session);
}

static void scan_work(struct work_struct *work)
{
	struct iscsi_cls_session *cls = container_of(work, struct iscsi_cls_session, scan_work);
	struct scan scan = { 0, SCAN_WILD_CARD, SCAN_WILD_CARD, SCSI_SCAN_RESCAN };

	scan_session(&cls->dev, &scan);
}

/* ---- removal ---- */

/* True: the target is the caller's to remove. */
static bool target_take(struct iscsi_cls_session *cls, bool *ret_has_disks, unsigned int *ret_id)
{
	struct class_session *session = to_class_session(cls);
	bool bound;

	guard(mutex)(&session->scan_mutex);
	bound = may_scan(cls) || cls->target_state == ISCSI_SESSION_TARGET_ALLOCATED || cls->target_state == ISCSI_SESSION_TARGET_SCANNED;
	if (!bound)
		return false;
	*ret_has_disks = cls->target_state == ISCSI_SESSION_TARGET_SCANNED;
	*ret_id = cls->target_id;
	target_state_set(cls, ISCSI_SESSION_TARGET_UNBINDING);
	return true;
}

static void target_remove(struct iscsi_cls_session *cls)
{
	bool has_disks;
	unsigned int id;

	if (!target_take(cls, &has_disks, &id))
		return;
	if (has_disks)
		scsi_remove_target(&cls->dev);
	cls->target_id = ISCSI_MAX_TARGET;
	if (cls->ida_used)
		ida_free(&target_ids, id);
	cls->ida_used = false;
	target_state_set(cls, ISCSI_SESSION_TARGET_UNBOUND);
}

static void unbind_work(struct work_struct *work)
{
	struct iscsi_cls_session *cls = container_of(work, struct iscsi_cls_session, unbind_work);

	target_remove(cls);
	event_session(cls, ISCSI_KEVENT_UNBIND_SESSION);
}

void session_unbind(struct iscsi_cls_session *cls)
{
	struct class_session *session = to_class_session(cls);

	spin_lock_irq(&cls->lock);
	if (!session->removing)
		queue_work(session_removal_workq, &cls->unbind_work);
	spin_unlock_irq(&cls->lock);
}

void session_target_init(struct iscsi_cls_session *cls)
{
	INIT_WORK(&cls->scan_work, scan_work);
	INIT_WORK(&cls->unbind_work, unbind_work);
}

void session_target_remove(struct iscsi_cls_session *cls)
{
	flush_work(&cls->scan_work);
	flush_work(&cls->unbind_work);
	target_remove(cls);
}
