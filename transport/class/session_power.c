// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lost sessions when the machine goes down or to sleep: nobody logs in then, so waiting for it would only hold up the disks' own shutdown
 * or suspend, at worst for ever.
 *
 *	shutdown	waiting ends at once, and none begins
 *	suspend		waiting ends after SUSPEND_WAIT_SEC at most. When the machine wakes up, before processes run, the session waits again
 *			as long as it is set to: what is read and written then meets no error, but a disk that takes its time
 *
 * Connections are left alone: one that survives a sleep is good, one that does not is found dead by its pings.
 */
#include <linux/kernel.h>
#include <linux/notifier.h>
#include <linux/pm.h>
#include <linux/reboot.h>
#include <linux/suspend.h>

#include "transport/class/class.h"

#define SUSPEND_WAIT_SEC 5

static bool shutting_down, suspending;

int session_power_patience(int seconds)
{
	if (READ_ONCE(shutting_down) || system_state > SYSTEM_RUNNING)
		return 0;
	if (READ_ONCE(suspending) && (seconds < 0 || seconds > SUSPEND_WAIT_SEC))
		return SUSPEND_WAIT_SEC;
	return seconds;
}

bool session_power_is_suspending(void)
{
	return READ_ONCE(suspending);
}

static int reboot_begun(struct notifier_block *nb, unsigned long event, void *data)
{
	WRITE_ONCE(shutting_down, true);
	sessions_for_each(session_recovery_give_up);
	return NOTIFY_DONE;
}

static struct notifier_block reboot_notifier = { .notifier_call = reboot_begun };

static int power_changes(struct notifier_block *nb, unsigned long event, void *data)
{
	bool begins = event == PM_SUSPEND_PREPARE || event == PM_HIBERNATION_PREPARE;

	WRITE_ONCE(suspending, begins);
	if (!begins)
		sessions_for_each(session_recovery_resume); /* those that a suspend which was broken off had not reached */
	return NOTIFY_DONE;
}

static struct notifier_block power_notifier = { .notifier_call = power_changes };

/* Of the session's device in its class. */
static int session_resume(struct device *classdev)
{
	struct iscsi_cls_session *cls = transport_class_to_session(classdev);

	WRITE_ONCE(suspending, false);
	session_recovery_resume(cls);
	return 0;
}

const struct dev_pm_ops session_power_ops = {
	SYSTEM_SLEEP_PM_OPS(NULL, session_resume)
};

int session_power_init(void)
{
	int error = register_reboot_notifier(&reboot_notifier);

	if (error)
		return error;
	error = register_pm_notifier(&power_notifier);
	if (error)
		unregister_reboot_notifier(&reboot_notifier);
	return error;
}

void session_power_exit(void)
{
	unregister_pm_notifier(&power_notifier);
	unregister_reboot_notifier(&reboot_notifier);
}
