// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sessions as objects: made for user space and for the flash, found by their index, removed one by one or all at once; and what happens to
 * the host, handed on to each of them. It asks the firmware for indices only; logins are login.c's.
 */
#include <linux/slab.h>
#include <scsi/scsi_device.h>

#include "drivers/qla4xxx/session.h"

#define USER_SPACE_SECONDS	5	/* for user space to let go of sessions when the host goes */
#define OTHERS_SECONDS		60	/* for a removal that somebody else began */

/* --- the table --- */

struct qla_session *session_get(struct qla_host *host, u16 ddb)
{
	struct qla_session *session;

	spin_lock_irq(&host->sessions->lock);
	session = ddb < ISP_DDBS ? host->sessions->table[ddb] : NULL;
	if (session)
		get_device(&session->cls->dev);
	spin_unlock_irq(&host->sessions->lock);
	return session;
}

void session_put(struct qla_session *session)
{
	put_device(&session->cls->dev);
}

static void sessions_walk(struct qla_host *host, void (*fn)(struct qla_session *session))
{
	struct qla_session *session;
	u16 ddb;

	for (ddb = 0; ddb < ISP_DDBS; ddb++) {
		session = session_get(host, ddb);
		if (!session)
			continue;
		fn(session);
		session_put(session);
	}
}

static bool is_target(struct qla_session *session, const void *entry, bool with_isid)
{
	bool is;

	mutex_lock(&session->mutex);
	is = session->has_entry && ddb_same_target(session->wanted, entry, with_isid);
	mutex_unlock(&session->mutex);
	return is;
}

struct qla_session *session_find(struct qla_host *host, const void *entry, bool with_isid)
{
	struct qla_session *session;
	u16 ddb;

	for (ddb = 0; ddb < ISP_DDBS; ddb++) {
		session = session_get(host, ddb);
		if (!session)
			continue;
		if (is_target(session, entry, with_isid))
			return session;
		session_put(session);
	}
	return NULL;
}

static bool table_add(struct qla_session *session)
{
	struct sessions *sessions = session->host->sessions;
	bool may;

	spin_lock_irq(&sessions->lock);
	may = !sessions->is_closing;
	if (may)
		sessions->table[session->ddb] = session;
	spin_unlock_irq(&sessions->lock);
	return may;
}

static void table_remove(struct qla_session *session)
{
	struct sessions *sessions = session->host->sessions;

	spin_lock_irq(&sessions->lock);
	sessions->table[session->ddb] = NULL;
	spin_unlock_irq(&sessions->lock);
}

/* --- made --- */

static int session_setup(struct qla_session *session, struct qla_host *host, enum session_kind kind, u16 ddb, const void *entry)
{
	session->settings = kzalloc(sizeof(*session->settings), GFP_KERNEL);
	if (!session->settings)
		return -ENOMEM;
	session->host = host;
	session->kind = kind;
	session->ddb = ddb;
	mutex_init(&session->mutex);
	mutex_init(&session->disks_mutex);
	init_waitqueue_head(&session->state_changed);
	login_init(session);
	session->held = true;
	session->state = ISP_DDB_NO_CONNECTION;
	if (entry) {
		memcpy(session->wanted, entry, ISP_DDB_SIZE);
		memcpy(session->entry, entry, ISP_DDB_SIZE);
		session->has_entry = true;
	}
	if (kind == SESSION_FLASH)
		session->cls->recovery_tmo = ql4xsess_recovery_tmo;
	return 0;
}

/* The class object, visible. */
static int session_show(struct qla_session *session)
{
	int result;

	if (!table_add(session))
		return -ENODEV;
	result = iscsi_add_session(session->cls, session->ddb);
	if (result)
		table_remove(session);
	return result;
}

struct qla_session *session_new(struct qla_host *host, enum session_kind kind, const void *entry, int *ret_error)
{
	struct iscsi_cls_session *cls;
	u16 ddb;

	*ret_error = ddb_request(host, &ddb);
	if (*ret_error)
		return NULL;
	*ret_error = -ENOMEM;
	cls = iscsi_alloc_session(host->shost, &qla_transport, sizeof(struct qla_session));
	if (!cls)
		goto release;
	session_of(cls)->cls = cls;
	*ret_error = session_setup(session_of(cls), host, kind, ddb, entry);
	if (!*ret_error)
		*ret_error = session_show(session_of(cls));
	if (!*ret_error)
		return session_of(cls);
	kfree(session_of(cls)->settings);
	iscsi_free_session(cls);
release:
	ddb_release(host, ddb, true);
	return NULL;
}

struct iscsi_cls_session *session_create(struct iscsi_endpoint *ep, u16 cmds_max, u16 queue_depth, u32 initial_cmdsn)
{
	struct qla_session *session = NULL;
	struct qla_host *host;
	struct Scsi_Host *shost;
	int error;

	if (!ep)
		return NULL;
	shost = endpoint_host(ep, NULL);
	if (!shost)
		return NULL;
	host = host_of(shost);
	error = gate_enter(&host->gate);
	if (!error) {
		session = session_new(host, SESSION_USER, NULL, &error);
		gate_leave(&host->gate);
	}
	if (!session)
		host_warn(host, "no session for user space: error %d\n", error);
	scsi_host_put(shost);
	return session ? session->cls : NULL;
}

/* --- removed --- */

bool session_begin_removal(struct qla_session *session)
{
	struct sessions *sessions = session->host->sessions;
	bool first;

	spin_lock_irq(&sessions->lock);
	first = !session->removing;
	WRITE_ONCE(session->removing, true);
	spin_unlock_irq(&sessions->lock);
	return first;
}

static void conn_take_away(struct qla_session *session)
{
	struct iscsi_cls_conn *conn;

	mutex_lock(&session->mutex);
	conn = session->conn;
	session->conn = NULL;
	session->wants_login = false;
	mutex_unlock(&session->mutex);
	if (conn)
		conn_remove(session, conn);
}

/*
 * Disks write their caches back while there is somebody to write to; the class takes the session for lost before it removes them. Removal
 * of the host and user space may both come here: scsi_remove_target() does not wait for another's, and the session's own object must not
 * go from above disks that do.
 */
static void disks_remove(struct qla_session *session)
{
	mutex_lock(&session->disks_mutex);
	if (iscsi_is_session_online(session->cls) && !host_is_lost(session->host) && test_bit(HOST_LINK_UP, &session->host->flags))
		scsi_remove_target(&session->cls->dev);
	mutex_unlock(&session->disks_mutex);
}

void session_remove(struct qla_session *session)
{
	struct qla_host *host = session->host;
	struct iscsi_cls_session *cls = session->cls;

	disks_remove(session);
	conn_take_away(session);
	/* Whoever has the mutex after us sees that it is being removed, and arms nothing; who had it before may have. */
	cancel_delayed_work_sync(&session->work);
	iscsi_remove_session(cls);
	mutex_lock(&session->mutex);
	login_logout(session);
	mutex_unlock(&session->mutex);
	login_wait_out(session);
	ddb_release(host, session->ddb, READ_ONCE(session->held));
	table_remove(session);
	params_free(session);
	iscsi_free_session(cls);
	wake_up_all(&host->sessions->removed);
}

void session_destroy(struct iscsi_cls_session *cls)
{
	if (session_begin_removal(session_of(cls)))
		session_remove(session_of(cls));
}

/* --- the host --- */

int sessions_init(struct qla_host *host)
{
	struct sessions *sessions = kzalloc(sizeof(*sessions), GFP_KERNEL);
	int result;

	if (!sessions)
		return -ENOMEM;
	sessions->host = host;
	sessions->must_list = true;
	spin_lock_init(&sessions->lock);
	init_waitqueue_head(&sessions->removed);
	host->sessions = sessions;
	result = flash_sessions_init(host);
	if (!result)
		return 0;
	host->sessions = NULL;
	kfree(sessions);
	return result;
}

void sessions_free(struct qla_host *host)
{
	if (!host->sessions)
		return;
	destroy_workqueue(host->sessions->workqueue);
	kfree(host->sessions);
	host->sessions = NULL;
}

static void link_came(struct qla_session *session)
{
	login_link(session, true);
}

static void link_went(struct qla_session *session)
{
	login_link(session, false);
}

void sessions_link(struct qla_host *host, bool up)
{
	/* The events of a link that has changed again since say nothing. */
	if (up != test_bit(HOST_LINK_UP, &host->flags))
		return;
	if (up && READ_ONCE(host->sessions->must_list))
		flash_sessions_list(host);
	sessions_walk(host, up ? link_came : link_went);
}

void sessions_kick(struct qla_host *host)
{
	sessions_walk(host, login_kick);
}

void sessions_stop(struct qla_host *host)
{
	cancel_work_sync(&host->sessions->list_work);
	WRITE_ONCE(host->sessions->must_list, true);
	bitmap_zero(host->sessions->stale, ISP_DDBS);
	sessions_walk(host, login_reset);
}

void sessions_restart(struct qla_host *host)
{
	if (host_ready(host))
		flash_sessions_list(host);
}

static void say_goodbye(struct qla_session *session)
{
	if (session->kind != SESSION_USER)
		return;
	if (!READ_ONCE(session->removing))
		disks_remove(session);
	mutex_lock(&session->mutex);
	if (session->conn)
		iscsi_conn_error_event(session->conn, ISCSI_ERR_INVALID_HOST);
	mutex_unlock(&session->mutex);
}

static void remove_now(struct qla_session *session)
{
	if (session_begin_removal(session))
		session_remove(session);
}

static void remove_flash(struct qla_session *session)
{
	if (session->kind == SESSION_FLASH)
		remove_now(session);
}

static bool all_removed(struct sessions *sessions)
{
	bool none;

	spin_lock_irq(&sessions->lock);
	none = !memchr_inv(sessions->table, 0, sizeof(sessions->table));
	spin_unlock_irq(&sessions->lock);
	return none;
}

/* User space is given the time to take its own away: it says then why they are gone. */
void sessions_remove(struct qla_host *host, bool gone)
{
	struct sessions *sessions = host->sessions;

	spin_lock_irq(&sessions->lock);
	sessions->is_closing = true;
	spin_unlock_irq(&sessions->lock);
	cancel_work_sync(&sessions->list_work);
	sessions_walk(host, say_goodbye);
	sessions_walk(host, remove_flash);
	wait_event_timeout(sessions->removed, all_removed(sessions), USER_SPACE_SECONDS * HZ);
	sessions_walk(host, remove_now);
	if (!wait_event_timeout(sessions->removed, all_removed(sessions), OTHERS_SECONDS * HZ))
		host_err(host, "sessions are still being removed after %d s\n", OTHERS_SECONDS);
}
