// SPDX-License-Identifier: GPL-2.0-only
/*
 * The connection of a session, one each: what the class asks of it. TCP and the login are the firmware's; a start tells it where and as
 * whom to log in, and its end comes as an event. Sessions of the flash have one to be seen, which user space cannot bind or start.
 */
#include <linux/slab.h>

#include "drivers/qla4xxx/config.h"
#include "drivers/qla4xxx/session.h"

struct iscsi_cls_conn *conn_create(struct iscsi_cls_session *cls_session, u32 cid)
{
	struct qla_session *session = session_of(cls_session);
	struct iscsi_cls_conn *cls;

	if (READ_ONCE(session->conn) || READ_ONCE(session->removing))
		return NULL;
	cls = iscsi_alloc_conn(cls_session, 0, cid);
	if (!cls)
		return NULL;
	if (iscsi_add_conn(cls)) {
		iscsi_put_conn(cls);
		return NULL;
	}
	if (session->kind == SESSION_FLASH)
		endpoint_show(cls, session);
	mutex_lock(&session->mutex);
	session->conn = cls;
	mutex_unlock(&session->mutex);
	return cls;
}

void conn_remove(struct qla_session *session, struct iscsi_cls_conn *cls)
{
	if (session->kind == SESSION_FLASH)
		endpoint_hide(cls);
	iscsi_remove_conn(cls);
	iscsi_put_conn(cls);
}

/* The firmware logs out; session_destroy() waits for it. A session of the flash without its connection is not logged in again. */
void conn_destroy(struct iscsi_cls_conn *cls)
{
	struct qla_session *session = session_of(iscsi_conn_to_session(cls));
	bool is_ours;

	mutex_lock(&session->mutex);
	/* Else removal of the session has taken it already. */
	is_ours = session->conn == cls;
	if (is_ours) {
		session->conn = NULL;
		login_forget(session);
		login_logout(session);
	}
	mutex_unlock(&session->mutex);
	if (!is_ours)
		return;
	passthrough_flush(session->host, session->ddb);
	conn_remove(session, cls);
}

int conn_bind(struct iscsi_cls_session *cls_session, struct iscsi_cls_conn *cls, u64 handle, int is_leading)
{
	struct qla_session *session = session_of(cls_session);
	struct iscsi_endpoint *ep;
	struct sockaddr_storage portal;
	struct Scsi_Host *shost;

	if (session->kind != SESSION_USER)
		return -EPERM;
	ep = iscsi_lookup_endpoint(handle);
	if (!ep)
		return -EINVAL;
	shost = endpoint_host(ep, &portal);
	iscsi_put_endpoint(ep);
	if (shost)
		scsi_host_put(shost);
	if (shost != session->host->shost)
		return -EINVAL;
	mutex_lock(&session->mutex);
	session->portal = portal;
	mutex_unlock(&session->mutex);
	return 0;
}

/* Nothing of the firmware hangs on an endpoint: stopping comes next. */
void conn_unbind(struct iscsi_cls_conn *cls, bool is_active)
{
}

/* --- started --- */

static int credentials_add(struct qla_session *session, enum iscsi_param user, enum iscsi_param password, bool peer, u16 *ret_index)
{
	const char *name = session->settings->text[user], *secret = session->settings->text[password];

	*ret_index = ISP_DDB_NO_CHAP;
	return name && secret && *secret ? chap_find_or_add(session->host, name, secret, peer, ret_index) : 0;
}

static int credentials_into_entry(struct qla_session *session, void *entry)
{
	u16 local, peer;
	int result;

	lockdep_assert_held(&session->host->config_mutex);
	lockdep_assert_held(&session->mutex);
	result = credentials_add(session, ISCSI_PARAM_USERNAME, ISCSI_PARAM_PASSWORD, false, &local);
	if (!result)
		result = credentials_add(session, ISCSI_PARAM_USERNAME_IN, ISCSI_PARAM_PASSWORD_IN, true, &peer);
	if (result)
		return result;
	field_set(ISP_DDB_ROW_CHAP, entry, local != ISP_DDB_NO_CHAP);
	field_set(ISP_DDB_ROW_CHAP_INDEX, entry, local);
	field_set(ISP_DDB_ROW_BIDI_CHAP, entry, local != ISP_DDB_NO_CHAP && peer != ISP_DDB_NO_CHAP);
	return 0;
}

/* Sessions of the flash have the ISID of their entry, those of user space one each. */
static void entry_fill(const struct qla_session *session, u8 *entry)
{
	u8 *isid = field_at(ISP_DDB_ROW_ISID, entry);

	field_set(ISP_DDB_ROW_OPTIONS, entry, ISP_DDB_TARGET | ISP_DDB_NO_SENDTARGETS);
	memset(field_at(ISP_DDB_ROW_ALIAS, entry), 0, isp_fields[ISP_DDB_ROW_ALIAS].width);
	isid[1] = session->ddb;
	isid[2] = session->ddb >> 8;
	ddb_set_portal(entry, &session->portal);
	params_into_entry(session, entry);
}

static int entry_make(struct qla_session *session, u8 *entry)
{
	struct qla_host *host = session->host;
	int result = ddb_defaults(host, session->portal.ss_family == AF_INET6, entry);

	if (result)
		return result;
	mutex_lock(&host->config_mutex);
	mutex_lock(&session->mutex);
	entry_fill(session, entry);
	result = credentials_into_entry(session, entry);
	mutex_unlock(&session->mutex);
	mutex_unlock(&host->config_mutex);
	return result;
}

static bool is_of_flash(struct qla_host *host, const void *entry)
{
	struct qla_session *other = session_find(host, entry, false);
	bool is = other && other->kind == SESSION_FLASH;

	if (other)
		session_put(other);
	return is;
}

int conn_start(struct iscsi_cls_conn *cls)
{
	struct qla_session *session = session_of(iscsi_conn_to_session(cls));
	u8 *entry;
	int result;

	if (session->kind != SESSION_USER || session->portal.ss_family == AF_UNSPEC)
		return -EPERM;
	entry = kzalloc(ISP_DDB_SIZE, GFP_NOIO);
	if (!entry)
		return -ENOMEM;
	result = entry_make(session, entry);
	if (!result && is_of_flash(session->host, entry))
		result = -EEXIST;
	if (!result) {
		mutex_lock(&session->mutex);
		memcpy(session->wanted, entry, ISP_DDB_SIZE);
		memcpy(session->entry, entry, ISP_DDB_SIZE);
		session->has_entry = true;
		login_start(session, 0);
		mutex_unlock(&session->mutex);
	}
	kfree(entry);
	return result;
}

/* --- stopped --- */

void conn_stop(struct iscsi_cls_conn *cls, int flag)
{
	struct qla_session *session = session_of(iscsi_conn_to_session(cls));

	if (session->kind != SESSION_USER)
		return;
	mutex_lock(&session->mutex);
	login_forget(session);
	if (flag == STOP_CONN_RECOVER && iscsi_is_session_online(session->cls))
		iscsi_block_session(session->cls);
	mutex_unlock(&session->mutex);
	passthrough_flush(session->host, session->ddb);
}
