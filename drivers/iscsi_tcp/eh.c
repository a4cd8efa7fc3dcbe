// SPDX-License-Identifier: GPL-2.0-only OR GPL-3.0-or-later
/*
 * What happens to commands that do not come back. The mid layer asks in this order, each step only if the one before failed:
 *
 *	timed out	more time, as long as there is a sign of life: the command, an older one or the login moves, a ping is out
 *	abort		ABORT TASK, while the session goes on
 *	LUN reset	LOGICAL UNIT RESET; from here on the mid layer holds all commands of the host back
 *	target reset	TARGET WARM RESET
 *	host reset	drops the connection, waits for the session to be made anew or given up
 *
 * A function that says SUCCESS has taken the command from the connection: nothing will be received into its pages or sent from them.
 * The task management requests are immediate, so that a closed window does not hold them. Nobody waits for the recovery of the session
 * while holding eh_mutex. Timeouts and functions are rows (eh_rows); no other file sends task management.
 */
#include <linux/blk-mq.h>
#include <linux/delay.h>

#include <scsi/scsi.h>
#include <scsi/scsi_device.h>
#include <scsi/scsi_eh.h>

#include "drivers/iscsi_tcp/tcp.h"

#define EH_SENDING_MSEC	20	/* between two looks whether a PDU is sent */

enum eh_step { EH_ABORT, EH_LU_RESET, EH_TARGET_RESET };

struct eh_row {
	enum iscsi_task_function function;
	const char *name;
	size_t timeout;		/* offset of the member of struct tcp_session, seconds */
};

static const struct eh_row eh_rows[] = {
	[EH_ABORT] = { ISCSI_TASK_ABORT_TASK, "abort", offsetof(struct tcp_session, abort_tmo_sec) },
	[EH_LU_RESET] = { ISCSI_TASK_LU_RESET, "LUN reset", offsetof(struct tcp_session, lu_reset_tmo_sec) },
	[EH_TARGET_RESET] = { ISCSI_TASK_TARGET_WARM_RESET, "target reset", offsetof(struct tcp_session, tgt_reset_tmo_sec) },
};

static struct tcp_conn *eh_conn(struct tcp_session *session)
{
	/* Pairs with the release that makes a connection known, complete. */
	return smp_load_acquire(&session->conns[0]);
}

static unsigned long eh_timeout(const struct tcp_session *session, const struct eh_row *row)
{
	return *(const int *)((const void *)session + row->timeout) * HZ;
}

/* --- timed out ----------------------------------------------------------------------------------------------------------------------- */

/* A target works through its queue in order, more or less: what moves in front of a command is a sign that its turn comes. */
static bool eh_older_moved(struct tcp_conn *conn, const struct tcp_task *task)
{
	struct tcp_task *older;
	bool moved = true;
	struct sock *sk;

	rcu_read_lock();
	sk = conn_sk(conn);
	if (sk) {
		spin_lock_bh(&sk->sk_lock.slock);
		if (!sock_owned_by_user(sk) && sk->sk_user_data == conn) {
			moved = false;
			list_for_each_entry(older, &conn->active, active) {
				if (older == task)
					break;
				moved |= older->cmd && time_after(older->moved, task->started);
			}
		}
		spin_unlock_bh(&sk->sk_lock.slock);
	}
	rcu_read_unlock();
	return moved;
}

/* The transport is in doubt and has a timer of its own, which is the one to decide. */
static bool eh_ping_decides(const struct tcp_conn *conn)
{
	if (!conn->recv_tmo_sec || !conn->ping_tmo_sec)
		return false;
	return READ_ONCE(conn->ping) || time_after_eq(jiffies, READ_ONCE(conn->last_recv) + conn->recv_tmo_sec * HZ);
}

static const char *eh_sign_of_life(struct tcp_session *session, struct tcp_task *task)
{
	struct tcp_conn *conn = eh_conn(session);

	if (READ_ONCE(session->cls->state) != ISCSI_SESSION_LOGGED_IN || !conn || !conn_is_up(conn))
		return "the session is not logged in";
	if (!task_is(task, TASK_FLAGS) || task_is(task, TASK_DONE))
		return "it is answered";
	if (time_after(READ_ONCE(task->moved), task->started))
		return "it moves";
	if (eh_ping_decides(conn))
		return "a ping decides";
	if (task_is(task, TASK_SUBMITTED) && time_after(READ_ONCE(conn->last_recv), task->started))
		return "its turn has not come";
	if (eh_older_moved(conn, task))
		return "older commands move";
	return NULL;
}

compat_timeout_result eh_timed_out(struct scsi_cmnd *cmd)
{
	struct tcp_session *session = shost_priv(cmd->device->host);
	struct tcp_task *task = scsi_cmd_priv(cmd);
	const char *sign;

	sign = eh_sign_of_life(session, task);
	if (!sign)
		return COMPAT_TIMEOUT_RECOVER;
	task->started = jiffies;
	dev_dbg(&cmd->device->sdev_gendev, "command 0x%02x timed out, but %s\n", cmd->cmnd[0], sign);
	return COMPAT_TIMEOUT_LATER;
}

/* --- task management ------------------------------------------------------------------------------------------------------------------ */

static void eh_request(struct tcp_mgmt *mgmt, const struct eh_row *row, const struct scsi_cmnd *cmd)
{
	struct iscsi_bhs_task_request *bhs = (struct iscsi_bhs_task_request *)&mgmt->header;
	const struct tcp_task *task = scsi_cmd_priv((struct scsi_cmnd *)cmd);

	memset(bhs, 0, sizeof(*bhs));
	bhs->opcode = ISCSI_PDU_TASK_REQUEST | ISCSI_PDU_IMMEDIATE;
	bhs->flags = ISCSI_BIT_FINAL | row->function;
	bhs->referenced_tag = cpu_to_be32(ISCSI_TAG_NONE);
	if (row->function != ISCSI_TASK_TARGET_WARM_RESET)
		int_to_scsilun(cmd->device->lun, (struct scsi_lun *)bhs->lun);
	if (row->function == ISCSI_TASK_ABORT_TASK) {
		bhs->referenced_tag = cpu_to_be32(task->tag);
		bhs->ref_cmdsn = cpu_to_be32(task->cmdsn);
	}
	mgmt->immediate = true;
}

/* Nobody waits any more: an answer that comes late finds the request all the same, and frees it. False: it was answered meanwhile. */
static bool eh_abandon(struct tcp_conn *conn, struct tcp_mgmt *mgmt, struct completion *answered)
{
	struct sock *sk = conn_lock(conn);
	bool abandoned;

	if (!sk) {
		/* The connection is being stopped, which ends all that waits. */
		wait_for_completion(answered);
		return false;
	}
	abandoned = !completion_done(answered);
	if (abandoned)
		mgmt->answered = NULL;
	conn_unlock(sk);
	return abandoned;
}

/* NULL: no connection to send it on, or too many of ours on their way. */
static struct tcp_mgmt *eh_send(struct tcp_conn *conn, const struct eh_row *row, const struct scsi_cmnd *cmd, struct completion *answered)
{
	struct sock *sk = conn_lock(conn);
	struct tcp_mgmt *mgmt = NULL;

	if (!sk)
		return NULL;
	if (conn_is_up(conn))
		mgmt = mgmt_get(conn, ISCSI_PDU_TASK_REQUEST);
	if (mgmt) {
		eh_request(mgmt, row, cmd);
		mgmt->answered = answered;
		tx_mgmt(conn, mgmt);
	}
	conn_unlock(sk);
	return mgmt;
}

/* Asks the target; its response (RFC 7143 11.6.1), or -errno if there is none. */
static int eh_ask(struct tcp_conn *conn, const struct eh_row *row, const struct scsi_cmnd *cmd)
{
	DECLARE_COMPLETION_ONSTACK(answered);
	struct tcp_mgmt *mgmt = eh_send(conn, row, cmd, &answered);
	int response;

	if (!mgmt)
		return -EBUSY;
	if (!wait_for_completion_timeout(&answered, eh_timeout(conn->session, row)) && eh_abandon(conn, mgmt, &answered))
		return -ETIMEDOUT;
	response = mgmt->lost ? -ECONNRESET : mgmt->response;
	mgmt_put(mgmt);
	return response;
}

/* --- taking commands back ------------------------------------------------------------------------------------------------------------- */

static bool eh_is_of(const struct tcp_task *task, const struct scsi_device *sdev)
{
	return task->cmd && (!sdev || task->cmd->device == sdev);
}

/* Those of a LUN (sdev NULL: of the session) go no further than the PDU being sent, if the target is known to expect that. */
static void eh_quiet(struct tcp_conn *conn, const struct scsi_device *sdev)
{
	struct tcp_task *task;

	list_for_each_entry(task, &conn->active, active)
		if (eh_is_of(task, sdev))
			task_quiet(task);
}

/* Hands all of a LUN, of the session, back to the mid layer; for those that it gave to the error handler this means nothing. */
static int eh_drop(struct tcp_conn *conn, const struct scsi_device *sdev)
{
	struct list_head *lists[] = { &conn->active, &conn->tx_commands };
	struct tcp_task *task, *next;
	int left = 0;

	task_collect(conn);
	list_for_each_entry_safe(task, next, lists[0], active)
		if (eh_is_of(task, sdev))
			left |= task_drop(task, DID_RESET << 16);
	list_for_each_entry_safe(task, next, lists[1], tx)
		if (eh_is_of(task, sdev))
			left |= task_drop(task, DID_RESET << 16);
	return left;
}

/* One try; -EBUSY: a PDU is half sent. */
static int eh_try_drop(struct tcp_conn *conn, struct scsi_cmnd *cmd, enum eh_step step)
{
	struct tcp_task *task = scsi_cmd_priv(cmd);
	struct sock *sk = conn_lock(conn);
	int error;

	if (!sk)
		error = step == EH_ABORT && !task_is(task, TASK_FLAGS) ? 0 : -ENOTCONN;
	else if (step != EH_ABORT)
		error = eh_drop(conn, step == EH_LU_RESET ? cmd->device : NULL);
	else
		error = task_drop(task, DID_ABORT << 16);
	if (sk)
		conn_unlock(sk);
	/* What has left the connection may still be on its way to the mid layer. */
	complete_flush(conn);
	return error;
}

static int eh_drop_all_of(struct tcp_conn *conn, struct scsi_cmnd *cmd, enum eh_step step)
{
	unsigned long end = jiffies + eh_timeout(conn->session, &eh_rows[step]);
	int error;

	for (;;) {
		error = eh_try_drop(conn, cmd, step);
		if (error != -EBUSY || time_after(jiffies, end))
			return error;
		msleep(EH_SENDING_MSEC);
	}
}

/* --- the steps ------------------------------------------------------------------------------------------------------------------------ */

enum eh_begin { EH_ASK, EH_NOTHING_LEFT, EH_NO_SESSION };

static bool eh_any_active(struct tcp_conn *conn, const struct scsi_device *sdev)
{
	struct tcp_task *task;

	list_for_each_entry(task, &conn->active, active)
		if (eh_is_of(task, sdev))
			return true;
	return false;
}

/* What is not sent needs no target; what is sent is quieted before the target hears of it (RFC 7143 4.2.3.3, FastAbort). */
static enum eh_begin eh_begin(struct tcp_conn *conn, struct scsi_cmnd *cmd, enum eh_step step)
{
	const struct scsi_device *sdev = step == EH_TARGET_RESET ? NULL : cmd->device;
	struct tcp_task *task = scsi_cmd_priv(cmd);
	enum eh_begin begin = EH_ASK;
	struct sock *sk;

	sk = conn_lock(conn);
	if (!sk)
		return task_is(task, TASK_FLAGS) ? EH_NO_SESSION : EH_NOTHING_LEFT;
	task_collect(conn);
	if (step == EH_ABORT && (!task_is(task, TASK_ACTIVE) || task_is(task, TASK_DONE)))
		begin = EH_NOTHING_LEFT;
	else if (step != EH_ABORT && cmd->submitter != SUBMITTED_BY_SCSI_RESET_IOCTL && !eh_any_active(conn, sdev))
		begin = EH_NOTHING_LEFT;
	else if (!conn_is_up(conn))
		begin = EH_NO_SESSION;
	else if (conn->session->fast_abort && step == EH_ABORT)
		task_quiet(task);
	else if (conn->session->fast_abort)
		eh_quiet(conn, sdev);
	conn_unlock(sk);
	return begin;
}

static int eh_step(struct tcp_conn *conn, struct scsi_cmnd *cmd, enum eh_step step)
{
	const struct eh_row *row = &eh_rows[step];
	struct tcp_task *task = scsi_cmd_priv(cmd);
	int response;

	switch (eh_begin(conn, cmd, step)) {
	case EH_NO_SESSION:
		return FAILED;
	case EH_NOTHING_LEFT:
		return eh_drop_all_of(conn, cmd, step) ? FAILED : SUCCESS;
	case EH_ASK:
		break;
	}
	response = eh_ask(conn, row, cmd);
	dev_info_ratelimited(&cmd->device->sdev_gendev, "%s of command 0x%02x: %s %d\n", row->name, cmd->cmnd[0],
			     response < 0 ? "error" : "response", response);
	if (step == EH_ABORT)
		complete_flush(conn);
	/* The answer was on its way when we asked, or the connection died and took the command with it. */
	if (step == EH_ABORT && !task_is(task, TASK_FLAGS))
		return SUCCESS;
	if (response != ISCSI_TASK_ANSWER_COMPLETE)
		return FAILED;
	return eh_drop_all_of(conn, cmd, step) ? FAILED : SUCCESS;
}

static int eh_run(struct scsi_cmnd *cmd, enum eh_step step)
{
	struct tcp_session *session = shost_priv(cmd->device->host);
	struct tcp_conn *conn = eh_conn(session);
	int result = FAILED;

	if (!conn)
		return FAILED;
	mutex_lock(&session->eh_mutex);
	if (step == EH_ABORT)
		conn->stats.eh_abort_cnt++;
	result = eh_step(conn, cmd, step);
	mutex_unlock(&session->eh_mutex);
	return result;
}

int eh_abort(struct scsi_cmnd *cmd)
{
	return eh_run(cmd, EH_ABORT);
}

int eh_device_reset(struct scsi_cmnd *cmd)
{
	return eh_run(cmd, EH_LU_RESET);
}

int eh_target_reset(struct scsi_cmnd *cmd)
{
	return eh_run(cmd, EH_TARGET_RESET);
}

/* --- the session anew ----------------------------------------------------------------------------------------------------------------- */

static bool eh_given_up(const struct tcp_session *session)
{
	return READ_ONCE(session->recovery_failed) || READ_ONCE(session->terminating);
}

static bool eh_decided(const struct tcp_session *session, u32 generation)
{
	if (eh_given_up(session))
		return true;
	return READ_ONCE(session->running) && READ_ONCE(session->generation) != generation;
}

/* Whatever a dead connection still holds. Its socket may have bytes of ours in its queue: they must not be sent from pages that are not. */
static void eh_empty(struct tcp_conn *conn)
{
	struct sock *sk = conn_lock(conn);

	if (sk) {
		if (sk->sk_prot->disconnect)
			sk->sk_prot->disconnect(sk, 0);
		tx_forget(conn);
		eh_drop(conn, NULL);
		conn_unlock(sk);
	} else {
		/* stop() took the socket; what it has not come to yet is not ours to give away. */
		mutex_lock(&conn->empty_mutex);
		mutex_unlock(&conn->empty_mutex);
	}
	complete_flush(conn);
}

/* The session was made anew before the mid layer came to this step, and the commands went with the old connection. */
static bool eh_is_over(struct tcp_conn *conn, const struct scsi_cmnd *cmd)
{
	struct sock *sk = conn_lock(conn);
	bool over;

	if (!sk)
		return false;
	over = conn_is_up(conn) && cmd->submitter != SUBMITTED_BY_SCSI_RESET_IOCTL && !eh_any_active(conn, NULL);
	if (over)
		eh_drop(conn, NULL);
	conn_unlock(sk);
	complete_flush(conn);
	return over;
}

/* FAST_IO_FAIL instead of FAILED: the mid layer would take the disks offline for good, and a later login would not bring them back. */
int eh_host_reset(struct scsi_cmnd *cmd)
{
	struct tcp_session *session = shost_priv(cmd->device->host);
	struct tcp_conn *conn = eh_conn(session);
	u32 generation = READ_ONCE(session->generation);

	if (!conn)
		return FAILED;
	if (eh_is_over(conn, cmd))
		return SUCCESS;
	if (READ_ONCE(session->running)) {
		shost_printk(KERN_INFO, session->shost, "dropping the connection, as its commands do not come back\n");
		conn_failure(conn, ISCSI_ERR_SCSI_EH_SESSION_RST);
	}
	/* The class ends it at the latest: recovery times out, and at once when the machine goes down. */
	wait_event_idle(session->recovered, eh_decided(session, generation));
	if (eh_given_up(session)) {
		eh_empty(conn);
		return FAST_IO_FAIL;
	}
	return SUCCESS;
}
