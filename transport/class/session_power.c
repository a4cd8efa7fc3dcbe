// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lost sessions when the machine goes down or to sleep: nobody logs in then, so waiting for it would only hold up the disks' own shutdown
 * or suspend, at worst for ever.
 *
 *	shutdown	waiting ends at once, and none begins
 *	sleep		does not begin while somebody waits for a disk of a lost session: neither would the disk stop, nor may a
 *			write fail for that. Asked before processes are frozen, as those that wait cannot be, and again when all
 *			are. A session that nobody waits for is given up then
 *	asleep		one that is lost later waits some seconds for a login: so long may a disk's own suspend take; what is under way
 *			fails then. What was given up so waits anew, as long as it is set to, before processes run again
 *
 * Connections are left alone: one that survives a sleep is good, one that does not is found dead by its pings.
 */
#include <linux/notifier.h>
#include <linux/pm.h>
#include <linux/reboot.h>
#include <linux/suspend.h>

#include "transport/class/compat.h"
#include "transport/class/class.h"

/* For requests to get out of a disk's queue, if nothing holds them. */
#define DRAIN_WAIT (HZ / 2)

static bool goes_down;

bool session_power_goes_down(void)
{
	return READ_ONCE(goes_down);
}

static int reboot_begun(struct notifier_block *nb, unsigned long event, void *data)
{
	WRITE_ONCE(goes_down, true);
	sessions_for_each(session_recovery_give_up);
	return NOTIFY_DONE;
}

static struct notifier_block reboot_notifier = { .notifier_call = reboot_begun };

/* Whether its queue drains, as it has to when the disk is suspended. New requests wait meanwhile, which they would do anyway. */
static bool disk_is_idle(struct scsi_device *sdev)
{
	struct request_queue *queue = sdev->request_queue;
	bool idle;

	blk_freeze_queue_start(queue);
	idle = blk_mq_freeze_queue_wait_timeout(queue, DRAIN_WAIT) > 0;
	compat_unfreeze_queue(queue);
	return idle;
}

static bool disks_are_idle(struct iscsi_cls_session *cls)
{
	struct Scsi_Host *shost = iscsi_session_to_shost(cls);
	struct scsi_device *sdev;

	shost_for_each_device(sdev, shost) {
		if (starget_to_session(scsi_target(sdev)) == cls && !disk_is_idle(sdev)) {
			scsi_device_put(sdev);
			return false;
		}
	}
	return true;
}

static bool may_sleep(struct iscsi_cls_session *cls)
{
	if (READ_ONCE(cls->state) != ISCSI_SESSION_FAILED || disks_are_idle(cls))
		return true;
	dev_warn(&cls->dev, "lost, and commands of its disks wait for a login: the machine does not go to sleep\n");
	return false;
}

static int sleep_begins(struct notifier_block *nb, unsigned long event, void *data)
{
	if (event != PM_SUSPEND_PREPARE && event != PM_HIBERNATION_PREPARE)
		return NOTIFY_DONE;
	return sessions_all(may_sleep) ? NOTIFY_OK : notifier_from_errno(-EBUSY);
}

static struct notifier_block sleep_notifier = { .notifier_call = sleep_begins };

/* Of the session's device in its class: all are prepared before the first disk or NIC is stopped, and complete after the last runs. */
static int session_prepare(struct device *classdev)
{
	struct iscsi_cls_session *cls = transport_class_to_session(classdev);

	if (!may_sleep(cls))
		return -EBUSY;
	session_recovery_sleep(cls);
	return 0;
}

static void session_complete(struct device *classdev)
{
	session_recovery_wake(transport_class_to_session(classdev));
}

const struct dev_pm_ops session_power_ops = {
	.prepare = session_prepare,
	.complete = session_complete,
};

int session_power_init(void)
{
	int error = register_reboot_notifier(&reboot_notifier);

	if (error)
		return error;
	error = register_pm_notifier(&sleep_notifier);
	if (error)
		unregister_reboot_notifier(&reboot_notifier);
	return error;
}

void session_power_exit(void)
{
	unregister_pm_notifier(&sleep_notifier);
	unregister_reboot_notifier(&reboot_notifier);
}
