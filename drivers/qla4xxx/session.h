/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sessions: an entry of the firmware's device database (DDB) each, whose index is the SCSI target's id. User space makes user sessions
 * through the class and logs them in again itself; sessions of the flash are the driver's own: it makes them when the link first comes up,
 * and logs them in for ever. Where a session stands is the firmware's state, changed by ddb_event() only.
 *
 * A session lives from ddb_get() of an index to its class object's removal; hot paths reach it through the class's dd_data, which the
 * SCSI target's reference keeps.
 */
#ifndef OPENHBA_QLA4XXX_SESSION_H
#define OPENHBA_QLA4XXX_SESSION_H

#include "drivers/qla4xxx/host.h"

enum session_kind { SESSION_USER, SESSION_FLASH };

struct qla_session {
	struct qla_host *host;
	struct iscsi_cls_session *cls;
	struct iscsi_cls_conn *conn;
	enum session_kind kind;
	u16 ddb;			/* index; DDB_NONE: a flash session that waits for one */
	enum isp_ddb_state state;	/* ddb.c's */
	struct mutex mutex;
	wait_queue_head_t state_changed;
	struct delayed_work relogin_work;
	u8 entry[ISP_DDB_SIZE];		/* what was set, then what the firmware says: names, addresses, what was negotiated */
	/* session.c, params.c: what user space set before start */
	struct session_settings *settings;
	struct sockaddr_storage portal;
};
#define DDB_NONE	0xffff

static inline struct qla_session *session_of(const struct iscsi_cls_session *cls)
{
	return *(struct qla_session **)cls->dd_data;
}

/* --- ddb.c: indices and the firmware's commands on them; the state's door ------------------------------------------------------- */

int ddb_request(struct qla_host *host, u16 *ret_ddb);		/* the lowest free index, REQUEST_DDB: -ENOSPC, or of mailbox_ask() */
void ddb_release(struct qla_host *host, u16 ddb);
struct ddb_answer { enum isp_ddb_state state; u16 next; u16 count; u32 error; u16 local_port; };
int ddb_get(struct qla_host *host, u16 ddb, void *entry, struct ddb_answer *answer);	/* entry NULL: only the answer */
int ddb_set(struct qla_host *host, u16 ddb, const void *entry);
int ddb_open(struct qla_host *host, u16 ddb);
int ddb_logout(struct qla_host *host, u16 ddb);			/* 0: it was not logged in, or it will be told by an event */
int ddb_clear(struct qla_host *host, u16 ddb);
int ddb_defaults(struct qla_host *host, bool ipv6, void *entry);
void ddb_changed(struct qla_host *host, const u32 regs[ISP_MAILBOXES]);	/* events.c: AEN 8014 */

/* --- what the rest of the driver tells the sessions ------------------------------------------------------------------------------ */

int sessions_init(struct qla_host *host);
void sessions_free(struct qla_host *host);		/* fine without sessions_init() */
void sessions_link(struct qla_host *host, bool up);		/* AENs 8010, 8011; the first "up" makes the flash's sessions */
void sessions_stop(struct qla_host *host);			/* before a reset: all blocked, nothing asks the firmware */
void sessions_restart(struct qla_host *host);			/* after it */
void sessions_remove(struct qla_host *host, bool gone);		/* removal: logged out unless the card is gone; class objects removed */
/* A command of this DDB failed because there is no session: it is blocked until the firmware says more. Interrupt. */
void session_suspect(struct qla_host *host, u16 ddb);
/* The session with this name, portal and (unless NULL) ISID; its mutex is not held. NULL: none. */
struct qla_session *session_find(struct qla_host *host, const void *entry, bool with_isid);
int flash_session_login(struct qla_host *host, const void *entry);	/* flash nodes: -EEXIST, -ENOMEM; goes on in the background */
int flash_session_logout(struct qla_host *host, const void *entry);	/* waits for it: -ENOENT, -EBUSY, -ETIMEDOUT */

/* --- transport.c: rows of struct iscsi_transport, from session.c, params.c, endpoint.c, stats.c -------------------------------- */

struct iscsi_cls_session *session_create(struct iscsi_endpoint *ep, u16 cmds_max, u16 queue_depth, u32 initial_cmdsn);
void session_destroy(struct iscsi_cls_session *cls);
struct iscsi_cls_conn *conn_create(struct iscsi_cls_session *cls, u32 cid);
void conn_destroy(struct iscsi_cls_conn *cls);
int conn_bind(struct iscsi_cls_session *session, struct iscsi_cls_conn *cls, u64 endpoint, int is_leading);
void conn_unbind(struct iscsi_cls_conn *cls, bool is_active);
int conn_start(struct iscsi_cls_conn *cls);
void conn_stop(struct iscsi_cls_conn *cls, int flag);
int param_set(struct iscsi_cls_conn *cls, enum iscsi_param param, char *text, int bytes);
int param_get_session(struct iscsi_cls_session *cls, enum iscsi_param param, char *page);
int param_get_conn(struct iscsi_cls_conn *cls, enum iscsi_param param, char *page);
int param_get_endpoint(struct iscsi_endpoint *ep, enum iscsi_param param, char *page);
struct iscsi_endpoint *endpoint_connect(struct Scsi_Host *shost, struct sockaddr *to, int non_blocking);
int endpoint_poll(struct iscsi_endpoint *ep, int timeout_ms);
void endpoint_disconnect(struct iscsi_endpoint *ep);
void stats_get(struct iscsi_cls_conn *cls, struct iscsi_stats *stats);
int stats_get_host(struct Scsi_Host *shost, char *buffer, int bytes);

#endif
