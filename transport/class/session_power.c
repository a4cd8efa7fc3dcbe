// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lost sessions when the machine goes down or to sleep: nobody logs in then, so waiting for it would only hold up the disks' own shutdown
 * or suspend, at worst for ever.
 *
 *	shutdown	waiting ends at once, and none begins
 *	sleep		once processes are frozen, waiting ends after some seconds; before they run again, what was given up so waits anew,
 *			as long as it is set to: they see no error, but a disk that takes its time
 *
 * Connections are left alone: one that survives a sleep is good, one that does not is found dead by its pings.
 */
#include <linux/notifier.h>
#include <linux/pm.h>
#include <linux/reboot.h>

#include "transport/class/class.h"

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

/* Of the session's device in its class: all are prepared before the first disk or NIC is stopped, and complete after the last runs. */
static int session_prepare(struct device *classdev)
{
	session_recovery_sleep(transport_class_to_session(classdev));
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
	return register_reboot_notifier(&reboot_notifier);
}

void session_power_exit(void)
{
	unregister_reboot_notifier(&reboot_notifier);
}
