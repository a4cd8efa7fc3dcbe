/* SPDX-License-Identifier: GPL-2.0-only OR GPL-3.0-or-later */
/*
 * What the table of main.c is made of: the transport class calls these, one at a time for a session (session->mutex, and conn->ep_mutex
 * for bind, start and stop), from a process that may sleep. The attributes' show functions are called at any time.
 */
#ifndef OPENHBA_TCP_OPS_H
#define OPENHBA_TCP_OPS_H

#include "drivers/iscsi_tcp/tcp.h"

/* main.c */
extern struct iscsi_transport tcp_transport;
extern struct scsi_transport_template *tcp_transport_template;
extern unsigned int tcp_max_lun;

/* session.c */
struct iscsi_cls_session *session_create(struct iscsi_endpoint *ep, u16 cmds_max, u16 queue_depth, u32 initial_cmdsn);
void session_destroy(struct iscsi_cls_session *cls);
void session_recovery_timedout(struct iscsi_cls_session *cls);
struct tcp_session *session_of(const struct iscsi_cls_session *cls);

/* conn.c */
struct iscsi_cls_conn *conn_create(struct iscsi_cls_session *cls_session, u32 cid);
void conn_destroy(struct iscsi_cls_conn *cls);
void conn_free(struct tcp_conn *conn);		/* with the session; NULL is fine */
int conn_bind(struct iscsi_cls_session *cls_session, struct iscsi_cls_conn *cls, u64 transport_eph, int is_leading);
int conn_start(struct iscsi_cls_conn *cls);
void conn_stop(struct iscsi_cls_conn *cls, int flag);
struct tcp_conn *conn_of(const struct iscsi_cls_conn *cls);

/* socket.c: a TCP socket of user space in the kernel's service */
struct tcp_release {
	struct rcu_work work;
	struct tcp_session *session;
	struct socket *sock;
};

/* Takes a reference on the socket behind a file descriptor of the calling process and hands it to conn; -errno: nothing was done. */
int socket_attach(struct tcp_conn *conn, u64 fd);
/* Gives it back: no callback, no inline sender is in the connection any more when this returns. NULL sock is fine. */
void socket_detach(struct tcp_conn *conn);
void socket_read(struct tcp_conn *conn, struct sock *sk);	/* what came, and whether the peer closed. Socket lock */

/* params.c */
umode_t param_is_visible(int type, int param);
int param_set(struct iscsi_cls_conn *cls, enum iscsi_param param, char *text, int bytes);
int param_get_session(struct iscsi_cls_session *cls, enum iscsi_param param, char *page);
int param_get_conn(struct iscsi_cls_conn *cls, enum iscsi_param param, char *page);
int param_set_host(struct Scsi_Host *shost, enum iscsi_host_param param, char *text, int bytes);
int param_get_host(struct Scsi_Host *shost, enum iscsi_host_param param, char *page);
void param_defaults_session(struct tcp_session *session);
void param_defaults_conn(struct tcp_conn *conn);
int param_check(const struct tcp_conn *conn);			/* may it start with these? 0 or -EINVAL */
void param_free_session(struct tcp_session *session);
void param_free_conn(struct tcp_conn *conn);

/* stats.c */
void stats_get(struct iscsi_cls_conn *cls, struct iscsi_stats *stats);

/* mgmt.c */
void mgmt_init(struct tcp_session *session);
int mgmt_send_pdu(struct iscsi_cls_conn *cls, struct iscsi_hdr *header, char *data, u32 data_bytes);

/* nop.c */
void nop_init(struct tcp_conn *conn);
void nop_retime(struct tcp_conn *conn);		/* the times changed */

#endif
