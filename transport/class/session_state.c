// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whether a session takes commands. Drivers block it when its connection is lost and unblock it when it is logged in again; meanwhile the
 * target's queues are closed and the mid layer keeps the commands. If nobody logs in for recovery_tmo seconds the queues are opened
 * with an error, so that multipath moves on.
 *
 *	session blocked		FAILED, queues closed, timer started
 *	session unblocked	LOGGED_IN, timer stopped, queues open
 *	timer ran out		FREE, driver told, queues open: commands fail
 *
 * A driver may block in interrupts, therefore by a work. Whoever opens or closes the queues holds session->gate, and looks at what was
 * wanted last: a block that waits while an unblock overtakes it is void.
 */
#include <linux/wait_bit.h>
#include <scsi/scsi.h>
#include <scsi/scsi_cmnd.h>
#include <scsi/scsi_device.h>

#include "transport/class/compat.h"
#include "transport/class/class.h"

#define SLEEP_PATIENCE_SEC 5

const char *session_state_name(int state)
{
	static const char * const names[] = {
		[ISCSI_SESSION_LOGGED_IN] = "LOGGED_IN",
		[ISCSI_SESSION_FAILED] = "FAILED",
		[ISCSI_SESSION_FREE] = "FREE",
	};

	return state >= 0 && state < ARRAY_SIZE(names) ? names[state] : NULL;
}

/* Every state may follow every other; one that is being removed stays FREE. */
int session_state_set(struct iscsi_cls_session *cls, int state)
{
	struct class_session *session = to_class_session(cls);
	unsigned long flags;
	bool changes;

	spin_lock_irqsave(&cls->lock, flags);
	changes = cls->state != state && !(session->removing && state != ISCSI_SESSION_FREE);
	if (changes) {
		WRITE_ONCE(cls->state, state);
		session->generation++;
		if (!session->removing && cls->workq)
			queue_work(cls->workq, &session->state_work);
	}
	spin_unlock_irqrestore(&cls->lock, flags);
	if (!changes)
		return -EINVAL;
	wake_up_var(&cls->state);
	session_dbg(cls, "%s", session_state_name(state));
	return 0;
}

static void state_work(struct work_struct *work)
{
	struct class_session *session = container_of(work, struct class_session, state_work);

	event_state_changed(&session->cls.dev, session_state_name(READ_ONCE(session->cls.state)));
}

/* ---- what drivers ask ---- */

/* A disk that cannot flush its cache before it is suspended keeps the machine awake, unless it is not there. */
static int free_result(struct class_session *session)
{
	return READ_ONCE(session->given_up_asleep) ? DID_NO_CONNECT << 16 : DID_TRANSPORT_FAILFAST << 16;
}

int iscsi_session_chkready(struct iscsi_cls_session *session)
{
	switch (READ_ONCE(session->state)) {
	case ISCSI_SESSION_LOGGED_IN:
		return 0;
	case ISCSI_SESSION_FAILED:
		return DID_IMM_RETRY << 16;
	case ISCSI_SESSION_FREE:
		return free_result(to_class_session(session));
	default:
		return DID_NO_CONNECT << 16;
	}
}

int iscsi_is_session_online(struct iscsi_cls_session *session)
{
	return READ_ONCE(session->state) == ISCSI_SESSION_LOGGED_IN;
}

/* For error handlers: what they would try on a lost connection is pointless until recovery has ended, well or badly. */
int iscsi_block_scsi_eh(struct scsi_cmnd *cmd)
{
	struct iscsi_cls_session *session = starget_to_session(scsi_target(cmd->device));

	wait_var_event(&session->state, READ_ONCE(session->state) != ISCSI_SESSION_FAILED);
	return READ_ONCE(session->state) == ISCSI_SESSION_FREE ? FAST_IO_FAIL : 0;
}

/* ---- blocked, unblocked, given up ---- */

/* The lock makes that nothing is queued once session_state_quit() has set `removing`. */
static bool queue_unless_removing(struct iscsi_cls_session *cls, struct work_struct *work)
{
	struct class_session *session = to_class_session(cls);
	unsigned long flags;
	bool queued;

	spin_lock_irqsave(&cls->lock, flags);
	queued = !session->removing;
	if (queued) {
		session->may_block |= work == &cls->block_work;
		queue_work(cls->workq, work);
	}
	spin_unlock_irqrestore(&cls->lock, flags);
	return queued;
}

void iscsi_block_session(struct iscsi_cls_session *session)
{
	queue_unless_removing(session, &session->block_work);
}

/* For how many seconds a lost session may wait for a login now; negative for ever. */
static int patience(struct class_session *session)
{
	int seconds = READ_ONCE(session->cls.recovery_tmo);

	if (session_power_goes_down())
		return 0;
	if (session->sleeping && (seconds < 0 || seconds > SLEEP_PATIENCE_SEC))
		return SLEEP_PATIENCE_SEC;
	return seconds;
}

static void timer_start(struct class_session *session)
{
	struct iscsi_cls_session *cls = &session->cls;
	int seconds = patience(session);
	unsigned long wait;

	lockdep_assert_held(&session->gate);
	if (seconds < 0) {
		cancel_delayed_work(&cls->recovery_work);
		return;
	}
	wait = min_t(u64, (u64)seconds * HZ, MAX_JIFFY_OFFSET);
	session->recovery_at = jiffies + wait;
	spin_lock_irq(&cls->lock);
	if (!session->removing)
		mod_delayed_work(cls->workq, &cls->recovery_work, wait);
	spin_unlock_irq(&cls->lock);
}

/* A session that is blocked while it waits already does not wait longer for that. */
static void session_blocked(struct work_struct *work)
{
	struct iscsi_cls_session *cls = container_of(work, struct iscsi_cls_session, block_work);
	struct class_session *session = to_class_session(cls);

	guard(mutex)(&session->gate);
	if (!READ_ONCE(session->may_block))
		return;
	session_state_set(cls, ISCSI_SESSION_FAILED);
	compat_block_targets(iscsi_session_to_shost(cls), &cls->dev);
	if (!delayed_work_pending(&cls->recovery_work))
		timer_start(session);
}

static bool block_is_void(struct class_session *session)
{
	bool removing;

	spin_lock_irq(&session->cls.lock);
	removing = session->removing;
	session->may_block = false;
	spin_unlock_irq(&session->cls.lock);
	return !removing;
}

/* Done when it returns: user space may go on with a scan. Drivers hooked into the mid layer's own scan of a host have theirs now. */
void iscsi_unblock_session(struct iscsi_cls_session *session)
{
	struct class_session *own = to_class_session(session);

	guard(mutex)(&own->gate);
	if (!block_is_void(own))
		return;
	cancel_delayed_work(&session->recovery_work);
	WRITE_ONCE(own->given_up_asleep, false);
	session_state_set(session, ISCSI_SESSION_LOGGED_IN);
	scsi_target_unblock(&session->dev, SDEV_RUNNING);
	if (iscsi_session_to_shost(session)->hostt->scan_finished)
		queue_unless_removing(session, &session->scan_work);
}

static void give_up(struct class_session *session)
{
	struct iscsi_cls_session *cls = &session->cls;

	lockdep_assert_held(&session->gate);
	WRITE_ONCE(session->given_up_asleep, session->sleeping);
	session_state_set(cls, ISCSI_SESSION_FREE);
	if (cls->transport->session_recovery_timedout)
		cls->transport->session_recovery_timedout(cls);
	scsi_target_unblock(&cls->dev, SDEV_TRANSPORT_OFFLINE);
}

static void recovery_timed_out(struct work_struct *work)
{
	struct iscsi_cls_session *cls = container_of(to_delayed_work(work), struct iscsi_cls_session, recovery_work);
	struct class_session *session = to_class_session(cls);

	guard(mutex)(&session->gate);
	/* An unblock and the next block may have come while this waited: then another timer runs. */
	if (READ_ONCE(cls->state) != ISCSI_SESSION_FAILED || time_before(jiffies, session->recovery_at))
		return;
	dev_info(&cls->dev, "session recovery timed out after %d secs\n", patience(session));
	give_up(session);
}

/* What a session may wait has changed: one that waits begins anew with that. */
static void patience_changed(struct class_session *session)
{
	if (READ_ONCE(session->cls.state) == ISCSI_SESSION_FAILED)
		timer_start(session);
}

void session_recovery_give_up(struct iscsi_cls_session *cls)
{
	struct class_session *session = to_class_session(cls);

	guard(mutex)(&session->gate);
	patience_changed(session);
}

void session_recovery_sleep(struct iscsi_cls_session *cls)
{
	struct class_session *session = to_class_session(cls);

	guard(mutex)(&session->gate);
	session->sleeping = true;
	/* The mid layer does not suspend disks whose queues are closed. */
	if (READ_ONCE(cls->state) == ISCSI_SESSION_FAILED) {
		cancel_delayed_work(&cls->recovery_work);
		give_up(session);
	}
}

/* The mid layer knows no way from offline to blocked but over running; the driver has nothing to send on and gives commands back. */
static void block_again(struct class_session *session)
{
	struct iscsi_cls_session *cls = &session->cls;

	if (READ_ONCE(cls->state) != ISCSI_SESSION_FREE || session_state_set(cls, ISCSI_SESSION_FAILED))
		return;
	scsi_target_unblock(&cls->dev, SDEV_RUNNING);
	compat_block_targets(iscsi_session_to_shost(cls), &cls->dev);
}

void session_recovery_wake(struct iscsi_cls_session *cls)
{
	struct class_session *session = to_class_session(cls);

	guard(mutex)(&session->gate);
	session->sleeping = false;
	if (session->given_up_asleep)
		block_again(session);
	WRITE_ONCE(session->given_up_asleep, false);
	patience_changed(session);
}

int session_recovery_tmo_set(struct iscsi_cls_session *cls, int seconds, bool by_hand)
{
	if (by_hand && READ_ONCE(cls->state) != ISCSI_SESSION_LOGGED_IN)
		return -EBUSY;
	if (!by_hand && READ_ONCE(cls->recovery_tmo_sysfs_override))
		return 0;
	WRITE_ONCE(cls->recovery_tmo, max(seconds, -1));
	if (by_hand)
		WRITE_ONCE(cls->recovery_tmo_sysfs_override, true);
	return 0;
}

/* ---- begin and end ---- */

void session_state_init(struct iscsi_cls_session *cls)
{
	INIT_WORK(&cls->block_work, session_blocked);
	INIT_DELAYED_WORK(&cls->recovery_work, recovery_timed_out);
	INIT_WORK(&to_class_session(cls)->state_work, state_work);
}

/* Commands that wait for a login are let go with an error; without that, removing the target would wait for them. */
void session_state_quit(struct iscsi_cls_session *cls)
{
	struct class_session *session = to_class_session(cls);

	spin_lock_irq(&cls->lock);
	session->removing = true;
	session->may_block = false;
	spin_unlock_irq(&cls->lock);
	cancel_work_sync(&cls->block_work);
	cancel_delayed_work_sync(&cls->recovery_work);
	cancel_work_sync(&session->state_work);
	session_state_set(cls, ISCSI_SESSION_FREE);
	mutex_lock(&session->gate);
	scsi_target_unblock(&cls->dev, SDEV_TRANSPORT_OFFLINE);
	mutex_unlock(&session->gate);
}
