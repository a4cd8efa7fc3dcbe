// SPDX-License-Identifier: GPL-2.0-only
/*
 * Logs sessions in and out, and acts on what the firmware says of them. Called by connections and by the list of the flash's sessions to
 * begin, by events to go on; what has to wait is done by the session's work, in turn with events. It makes and removes nothing.
 */
#include "drivers/qla4xxx/field.h"
#include "drivers/qla4xxx/session.h"

#define TRY_MS			500	/* from one try to the next, while the firmware refuses */
#define USER_SECONDS		60	/* user space, which wants it, gives up earlier */
#define REFUSED_SECONDS		4	/* more than time2wait, from a login that failed to the next */
#define LOST_SECONDS		1	/* the same, from a connection that was lost */
#define ANSWER_SECONDS		18	/* that a login may take, at least */
#define LOOK_MS			2000	/* for an event to tell how a login ended, before the firmware is asked */
#define SUSPECT_MS		1000	/* for an event to tell why commands failed */
#define OUT_SECONDS		10	/* for a logout */

static void work_arm(struct qla_session *session, unsigned int delay_ms)
{
	if (!READ_ONCE(session->removing))
		mod_delayed_work(session->host->workqueue, &session->work, msecs_to_jiffies(delay_ms));
}

static void state_set(struct qla_session *session, enum isp_ddb_state state)
{
	lockdep_assert_held(&session->mutex);
	WRITE_ONCE(session->state, state);
	wake_up_all(&session->state_changed);
}

void login_start(struct qla_session *session, unsigned int delay_ms)
{
	lockdep_assert_held(&session->mutex);
	session->wants_login = true;
	WRITE_ONCE(session->logs_out, false);
	session->login_until = jiffies + USER_SECONDS * HZ;
	work_arm(session, delay_ms);
}

/* A session of the flash, unless user space has taken it away. */
static void login_again(struct qla_session *session, unsigned int more_seconds)
{
	u32 time2wait = min_t(u32, field_get(ISP_DDB_ROW_TIME2WAIT, session->entry), USER_SECONDS);

	if (session->conn)
		login_start(session, 1000 * (time2wait + more_seconds));
}

void login_forget(struct qla_session *session)
{
	lockdep_assert_held(&session->mutex);
	session->wants_login = false;
	if (session->state == ISP_DDB_LOGIN)
		login_logout(session);
}

void login_logout(struct qla_session *session)
{
	enum isp_ddb_state before = session->state;
	int result;

	lockdep_assert_held(&session->mutex);
	if (!ddb_is_up(before) && before != ISP_DDB_LOGIN)
		return;
	/* Before it is asked for: the event may come before the answer. */
	state_set(session, ISP_DDB_LOGGING_OUT);
	result = ddb_logout(session->host, session->ddb);
	if (result == -ENOTCONN)
		state_set(session, ISP_DDB_NO_CONNECTION);
	else if (result && !host_is_lost(session->host))
		state_set(session, before);
}

/* --- what the firmware says --- */

static void refresh(struct qla_session *session)
{
	struct ddb_answer answer;

	if (ddb_get(session->host, session->ddb, session->entry, &answer))
		return;
	session->local_port = answer.local_port;
	session->has_entry = true;
}

static void user_logged_in(struct qla_session *session)
{
	/* Nobody waits for it any more. */
	if (!session->conn || !session->wants_login) {
		login_logout(session);
		return;
	}
	/* There are no disks behind a discovery. */
	if (session->state == ISP_DDB_ACTIVE)
		iscsi_unblock_session(session->cls);
	iscsi_conn_login_event(session->conn, ISCSI_CONN_STATE_LOGGED_IN);
}

static void flash_logged_in(struct qla_session *session)
{
	iscsi_unblock_session(session->cls);
	if (!READ_ONCE(session->removing))
		queue_work(session->cls->workq, &session->cls->scan_work);
}

static void logged_in(struct qla_session *session)
{
	refresh(session);
	WRITE_ONCE(session->is_suspect, false);
	if (session->kind == SESSION_USER)
		user_logged_in(session);
	else
		flash_logged_in(session);
	session->wants_login = false;
}

static void refused(struct qla_session *session)
{
	if (session->kind == SESSION_FLASH) {
		iscsi_block_session(session->cls);
		login_again(session, REFUSED_SECONDS);
		return;
	}
	if (session->wants_login && session->conn)
		iscsi_conn_login_event(session->conn, ISCSI_CONN_STATE_FREE);
	session->wants_login = false;
}

static void lost(struct qla_session *session)
{
	if (session->kind == SESSION_FLASH) {
		iscsi_block_session(session->cls);
		login_again(session, LOST_SECONDS);
		return;
	}
	/* The target ends the connection after its answer to a logout, which is on its way to user space. */
	if (READ_ONCE(session->logs_out))
		return;
	iscsi_block_session(session->cls);
	if (session->conn)
		iscsi_conn_error_event(session->conn, ISCSI_ERR_CONN_FAILED);
}

/* Told of an earlier login, which ended as the next one was begun. */
static bool is_late(const struct qla_session *session)
{
	struct ddb_answer answer;

	if (session->state != ISP_DDB_LOGIN || ddb_get(session->host, session->ddb, NULL, &answer))
		return false;
	return answer.state == ISP_DDB_LOGIN || ddb_is_up(answer.state);
}

static void told(struct qla_session *session, unsigned int state)
{
	enum isp_ddb_state next;
	enum ddb_meaning meaning = ddb_told(session->state, state, &next);

	lockdep_assert_held(&session->mutex);
	/* Of a firmware that was reset. */
	if (!session->held || (meaning == DDB_REFUSED && is_late(session)))
		return;
	state_set(session, next);
	switch (meaning) {
	case DDB_UP:
		logged_in(session);
		break;
	case DDB_REFUSED:
		refused(session);
		break;
	case DDB_LOST:
		lost(session);
		break;
	case DDB_OUT:
		if (session->wants_login)
			work_arm(session, 0);
		break;
	case DDB_NOTHING:
		break;
	}
}

void session_told(struct qla_session *session, unsigned int state)
{
	mutex_lock(&session->mutex);
	told(session, state);
	mutex_unlock(&session->mutex);
}

/* --- logging in --- */

/* An earlier login is over, or is ended. */
static bool is_out_of_the_way(struct qla_session *session)
{
	struct ddb_answer answer;

	if (session->state == ISP_DDB_LOGGING_OUT && !ddb_get(session->host, session->ddb, NULL, &answer) && ddb_is_clearable(answer.state))
		state_set(session, answer.state);
	login_logout(session);
	return ddb_is_clearable(session->state);
}

static int entry_hold(struct qla_session *session)
{
	int result;

	if (session->held)
		return 0;
	result = ddb_request_again(session->host, session->ddb);
	if (result)
		return result;
	session->held = true;
	state_set(session, ISP_DDB_NO_CONNECTION);
	return 0;
}

/*
 * A reset between the request of an index and its place in the table is told nobody. A session that the firmware still has, after an event
 * that it is lost, is in the way: the next try logs it out.
 */
static void hold_check(struct qla_session *session)
{
	struct ddb_answer answer;

	if (ddb_get(session->host, session->ddb, NULL, &answer))
		return;
	if (answer.state == ISP_DDB_UNASSIGNED)
		session->held = false;
	else if (ddb_is_up(answer.state))
		state_set(session, answer.state);
}

static int login_try(struct qla_session *session)
{
	struct qla_host *host = session->host;
	int result;

	if (!host_ready(host) || READ_ONCE(host->sessions->must_list))
		return -EAGAIN;
	result = entry_hold(session);
	if (result)
		return result;
	if (!is_out_of_the_way(session))
		return -EAGAIN;
	result = ddb_set(host, session->ddb, session->wanted);
	if (result) {
		hold_check(session);
		return result;
	}
	/* Before it is asked for: the event may come before the answer. */
	state_set(session, ISP_DDB_LOGIN);
	result = ddb_open(host, session->ddb);
	if (result)
		state_set(session, ISP_DDB_NO_CONNECTION);
	return result;
}

static unsigned int answer_seconds(const struct qla_session *session)
{
	return clamp_t(u32, field_get(ISP_DDB_ROW_DEFAULT_TIMEOUT, session->wanted), ANSWER_SECONDS, USER_SECONDS);
}

/* No event so far, which may be lost: what the firmware says when it is asked counts as well. True: it took too long, and was ended. */
static bool login_ended(struct qla_session *session)
{
	struct ddb_answer answer;

	if (!ddb_get(session->host, session->ddb, NULL, &answer) && answer.state != ISP_DDB_LOGIN)
		told(session, answer.state);
	if (session->state != ISP_DDB_LOGIN)
		return false;
	if (time_after_eq(jiffies, session->answer_until))
		login_logout(session);
	if (session->state != ISP_DDB_LOGIN)
		return true;
	work_arm(session, LOOK_MS);
	return false;
}

/* A user session's login is not tried for ever; one of the flash waits for login_kick() where there is no link. */
static void login_go(struct qla_session *session)
{
	if (session->state == ISP_DDB_LOGIN && !login_ended(session))
		return;
	if (session->kind == SESSION_USER && time_after(jiffies, session->login_until)) {
		refused(session);
		return;
	}
	session->answer_until = jiffies + answer_seconds(session) * HZ;
	if (!login_try(session))
		work_arm(session, LOOK_MS);
	else if (session->kind == SESSION_USER || host_ready(session->host))
		work_arm(session, TRY_MS);
}

static void suspect_look(struct qla_session *session)
{
	struct ddb_answer answer;

	if (!xchg(&session->is_suspect, false) || !session->held)
		return;
	if (ddb_get(session->host, session->ddb, NULL, &answer)) {
		/* Nobody else unblocks it. After a recovery it is logged in again. */
		if (!host_is_lost(session->host)) {
			WRITE_ONCE(session->is_suspect, true);
			work_arm(session, SUSPECT_MS);
		}
		return;
	}
	told(session, answer.state);
	if (session->state == ISP_DDB_ACTIVE && host_ready(session->host))
		iscsi_unblock_session(session->cls);
}

static void work_run(struct work_struct *work)
{
	struct qla_session *session = container_of(to_delayed_work(work), struct qla_session, work);

	mutex_lock(&session->mutex);
	if (!READ_ONCE(session->removing)) {
		suspect_look(session);
		if (session->wants_login)
			login_go(session);
	}
	mutex_unlock(&session->mutex);
}

void login_init(struct qla_session *session)
{
	INIT_DELAYED_WORK(&session->work, work_run);
}

/* --- what happens to the host --- */

void session_suspect(struct qla_host *host, u16 ddb)
{
	struct qla_session *session;
	unsigned long flags;

	if (ddb >= ISP_DDBS)
		return;
	spin_lock_irqsave(&host->sessions->lock, flags);
	session = host->sessions->table[ddb];
	if (session && !session->removing) {
		iscsi_block_session(session->cls);
		/* Last: who clears it then unblocks the session after this has blocked it. */
		WRITE_ONCE(session->is_suspect, true);
		/* A login that is being tried looks as well, and is not put off. */
		queue_delayed_work(host->workqueue, &session->work, msecs_to_jiffies(SUSPECT_MS));
	}
	spin_unlock_irqrestore(&host->sessions->lock, flags);
}

void login_kick(struct qla_session *session)
{
	mutex_lock(&session->mutex);
	if (session->wants_login && session->state != ISP_DDB_LOGIN)
		work_arm(session, 0);
	mutex_unlock(&session->mutex);
}

/* Connections may survive a link that comes back soon: the firmware knows. */
void login_link(struct qla_session *session, bool is_up)
{
	mutex_lock(&session->mutex);
	if (session->state == ISP_DDB_ACTIVE && !READ_ONCE(session->removing)) {
		if (!is_up)
			iscsi_block_session(session->cls);
		WRITE_ONCE(session->is_suspect, is_up);
		if (is_up)
			work_arm(session, 0);
	}
	mutex_unlock(&session->mutex);
	if (is_up)
		login_kick(session);
}

void login_reset(struct qla_session *session)
{
	bool was_up;

	mutex_lock(&session->mutex);
	was_up = ddb_is_up(session->state);
	session->held = false;
	state_set(session, ISP_DDB_UNASSIGNED);
	if (was_up) {
		iscsi_block_session(session->cls);
		lost(session);
	} else if (session->kind == SESSION_USER) {
		refused(session);
	}
	mutex_unlock(&session->mutex);
}

void login_wait_out(struct qla_session *session)
{
	struct ddb_answer answer;
	unsigned int i;

	for (i = 0; i < OUT_SECONDS && session->held && !host_is_lost(session->host); i++) {
		if (wait_event_timeout(session->state_changed, ddb_is_clearable(READ_ONCE(session->state)), HZ))
			return;
		mutex_lock(&session->mutex);
		if (!ddb_get(session->host, session->ddb, NULL, &answer))
			told(session, answer.state);
		mutex_unlock(&session->mutex);
	}
}
