/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sessions: an entry of the firmware's device database (DDB) each, whose index is the SCSI target's id. User space makes user sessions
 * through the class and logs them in again itself; sessions of the flash are the driver's own: it makes them when the link first comes up,
 * and logs them in for ever. Where an entry stands is the firmware's state, which comes in through session_told() and login.c only.
 *
 * A session is the data of its class object and lives as long. From session_new() to session_remove() it is in the table by its index,
 * which is its own all that time, whatever the firmware forgets by a reset. Who finds it in the table holds a reference until
 * session_put(); hot paths reach it through the class's dd_data, which the SCSI target's reference keeps.
 *
 * A login, of either kind: the entry is requested if the firmware has forgotten it, set, and opened; what refuses for now (a logout under
 * way, time2wait, no link) is asked again by work, until it is done or user space has given up.
 */
#ifndef OPENHBA_QLA4XXX_SESSION_H
#define OPENHBA_QLA4XXX_SESSION_H

#include <linux/socket.h>

#include "drivers/qla4xxx/ddb_state.h"
#include "drivers/qla4xxx/host.h"

enum session_kind { SESSION_USER, SESSION_FLASH };

/* What user space has set, by number of the parameter: texts and numbers. Under the session's mutex. */
struct session_settings {
	DECLARE_BITMAP(given, ISCSI_PARAM_MAX);
	u32 number[ISCSI_PARAM_MAX];
	char *text[ISCSI_PARAM_MAX];
};

struct qla_session {
	struct qla_host *host;
	struct iscsi_cls_session *cls;
	enum session_kind kind;
	u16 ddb;			/* index */
	bool is_suspect;		/* session_suspect(); no lock */
	bool removing;			/* sessions.lock; somebody removes it, nothing is begun any more */
	struct mutex disks_mutex;	/* outside mutex; one at a time takes its disks away */

	struct mutex mutex;		/* all below */
	struct iscsi_cls_conn *conn;
	bool held;			/* the firmware has given us the entry, and has not been reset since */
	enum isp_ddb_state state;
	bool wants_login;
	bool logs_out;			/* user space has sent a logout request itself; no lock */
	unsigned long login_until;	/* jiffies; of a user session */
	unsigned long answer_until;	/* jiffies; of the login that is under way */
	wait_queue_head_t state_changed;
	struct delayed_work work;
	u8 wanted[ISP_DDB_SIZE];	/* what a login sets */
	bool has_entry;
	u8 entry[ISP_DDB_SIZE];		/* what the firmware says of it: what was negotiated. wanted, before it has said anything */
	u16 local_port;
	struct session_settings *settings;
	struct sockaddr_storage portal;
};

/* Of a host. Works are cancelled and sessions removed before it is freed. */
struct sessions {
	struct qla_host *host;
	spinlock_t lock;		/* hard interrupt context */
	struct qla_session *table[ISP_DDBS];
	DECLARE_BITMAP(used, ISP_DDBS);	/* indices that are somebody's */
	DECLARE_BITMAP(stale, ISP_DDBS);	/* the firmware did not clear these when it was asked to */
	bool is_closing;		/* no new ones */
	wait_queue_head_t removed;
	/* flash_session.c */
	struct workqueue_struct *workqueue;
	struct work_struct list_work;
	bool must_list;			/* the firmware has been started since: no login before its entries were looked at and cleared */
};

static inline struct qla_session *session_of(const struct iscsi_cls_session *cls)
{
	return cls->dd_data;
}

/* --- ddb.c: indices and the firmware's commands on them. Errors as of mailbox_ask(), unless said ------------------------------------ */

int ddb_request(struct qla_host *host, u16 *ret_ddb);		/* the lowest free index, ours from now on: -ENOSPC */
int ddb_request_again(struct qla_host *host, u16 ddb);		/* an index that is ours, after a reset */
/* Clears it, unless the firmware has been reset since it was requested; then it is nobody's. */
void ddb_release(struct qla_host *host, u16 ddb, bool is_held);
/* next: the next index in use, 0: none. Checked: state is one of the enum, next is above ddb. */
struct ddb_answer { enum isp_ddb_state state; u16 next; u16 count; u32 error; u16 local_port; };
int ddb_get(struct qla_host *host, u16 ddb, void *entry, struct ddb_answer *answer);	/* entry NULL: only the answer; -EPROTO */
int ddb_set(struct qla_host *host, u16 ddb, const void *entry);
int ddb_open(struct qla_host *host, u16 ddb);
int ddb_logout(struct qla_host *host, u16 ddb);			/* -ENOTCONN: it was not logged in; 0: an event tells the end */
int ddb_clear(struct qla_host *host, u16 ddb);
int ddb_defaults(struct qla_host *host, bool ipv6, void *entry);
void ddb_changed(struct qla_host *host, const u32 regs[ISP_MAILBOXES]);	/* events.c: AEN 8014 */
bool ddb_same_target(const void *one, const void *other, bool with_isid);	/* name, portal, and ISID of two entries */
void ddb_set_portal(void *entry, const struct sockaddr_storage *portal);
void ddb_get_portal(const void *entry, struct sockaddr_storage *portal);

/* --- session.c: the table, and what the rest of the driver tells the sessions --------------------------------------------------------- */

int sessions_init(struct qla_host *host);
void sessions_free(struct qla_host *host);		/* fine without sessions_init() */
void sessions_link(struct qla_host *host, bool up);		/* AENs 8010, 8011; the first "up" makes the flash's sessions */
void sessions_kick(struct qla_host *host);			/* what kept all from logging in may be over */
void sessions_stop(struct qla_host *host);			/* before a reset: all blocked, nothing asks the firmware */
void sessions_restart(struct qla_host *host);			/* after it */
void sessions_remove(struct qla_host *host, bool gone);		/* removal: logged out unless the card is gone; class objects removed */
/* A command of this DDB failed because there is no session: it is sent none until the firmware says more. Interrupt. */
void session_suspect(struct qla_host *host, u16 ddb);

struct qla_session *session_get(struct qla_host *host, u16 ddb);	/* NULL: none; may sleep in its session_put() */
void session_put(struct qla_session *session);
/* The session with this name, portal and (with_isid) ISID: NULL, or session_put() it. */
struct qla_session *session_find(struct qla_host *host, const void *entry, bool with_isid);
/* entry: NULL for what user space will set. A flash session logs in from here on. -ENOSPC, -ENOMEM, -ENODEV, or of the mailbox. */
struct qla_session *session_new(struct qla_host *host, enum session_kind kind, const void *entry, int *ret_error);
/* True: the caller removes it, by session_remove(), and is the only one. */
bool session_begin_removal(struct qla_session *session);
/* Logs it out, unless the card does not answer; frees its index; and the object goes. Sleeps for seconds. */
void session_remove(struct qla_session *session);

/* --- login.c -------------------------------------------------------------------------------------------------------------------------- */

void login_init(struct qla_session *session);
void login_start(struct qla_session *session, unsigned int delay_ms);	/* mutex; wanted is set. It is tried until it works */
void login_forget(struct qla_session *session);			/* mutex; nobody wants it any more */
void login_logout(struct qla_session *session);			/* mutex; begins a logout if it is logged in, or about to be */
void login_wait_out(struct qla_session *session);		/* no mutex; until the firmware lets it be cleared, or for seconds */
void session_told(struct qla_session *session, unsigned int state);	/* no mutex; what the firmware says */
void login_link(struct qla_session *session, bool up);		/* no mutex; the link came or went */
void login_kick(struct qla_session *session);			/* no mutex; what kept it from logging in may be over */
void login_reset(struct qla_session *session);			/* no mutex; the firmware has forgotten it, or is about to */

/* --- flash_session.c: sessions of the flash's entries --------------------------------------------------------------------------------- */

int flash_sessions_init(struct qla_host *host);			/* -ENOMEM */
void flash_sessions_list(struct qla_host *host);		/* in the background: a session for each entry, and it logs in */
/* Flash nodes; without config_mutex. */
int flash_session_login(struct qla_host *host, const void *entry);	/* -EPERM: there is one; -ENOMEM; goes on in the background */
int flash_session_logout(struct qla_host *host, const void *entry);	/* waits for it: -ENOENT, -EBUSY */

/* --- transport.c: rows of struct iscsi_transport, from session.c, conn.c, params.c, endpoint.c, stats.c ------------------------------ */

struct iscsi_cls_session *session_create(struct iscsi_endpoint *ep, u16 cmds_max, u16 queue_depth, u32 initial_cmdsn);
void session_destroy(struct iscsi_cls_session *cls);
struct iscsi_cls_conn *conn_create(struct iscsi_cls_session *cls, u32 cid);
void conn_destroy(struct iscsi_cls_conn *cls);
void conn_remove(struct qla_session *session, struct iscsi_cls_conn *cls);	/* the class object, which nobody else has any more */
int conn_bind(struct iscsi_cls_session *session, struct iscsi_cls_conn *cls, u64 endpoint, int is_leading);
void conn_unbind(struct iscsi_cls_conn *cls, bool is_active);
int conn_start(struct iscsi_cls_conn *cls);
void conn_stop(struct iscsi_cls_conn *cls, int flag);
int param_set(struct iscsi_cls_conn *cls, enum iscsi_param param, char *text, int bytes);
int param_get_session(struct iscsi_cls_session *cls, enum iscsi_param param, char *page);
int param_get_conn(struct iscsi_cls_conn *cls, enum iscsi_param param, char *page);
bool param_is_shown(enum iscsi_param param);			/* for param_is_visible(): it has an attribute */
int param_get_endpoint(struct iscsi_endpoint *ep, enum iscsi_param param, char *page);
void params_into_entry(const struct qla_session *session, void *entry);	/* mutex; what user space has set, over the defaults */
void params_free(struct qla_session *session);
struct iscsi_endpoint *endpoint_connect(struct Scsi_Host *shost, struct sockaddr *to, int non_blocking);
int endpoint_poll(struct iscsi_endpoint *ep, int timeout_ms);
void endpoint_disconnect(struct iscsi_endpoint *ep);
void endpoint_show(struct iscsi_cls_conn *cls, const struct qla_session *session);	/* for one of the flash */
void endpoint_hide(struct iscsi_cls_conn *cls);					/* fine without endpoint_show() */
struct Scsi_Host *endpoint_host(const struct iscsi_endpoint *ep, struct sockaddr_storage *ret_portal);	/* scsi_host_put(); NULL: gone */
void stats_get(struct iscsi_cls_conn *cls, struct iscsi_stats *stats);
int stats_get_host(struct Scsi_Host *shost, char *buffer, int bytes);

#endif
