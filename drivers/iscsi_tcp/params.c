// SPDX-License-Identifier: GPL-2.0-only
/*
 * The parameters of sessions, connections and hosts: one row says where a value is kept, what text is accepted for it and whether sysfs
 * shows it. Values are what user space negotiated; this file is the gate where they are checked, everybody else may trust them.
 */
#include <linux/inet.h>
#include <linux/netdevice.h>
#include <linux/slab.h>
#include <linux/sysfs.h>
#include <net/ipv6.h>

#include "drivers/iscsi_tcp/ops.h"

#define TEXT_BYTES_MAX	1024
#define SECONDS_MAX	1000000		/* times HZ it still fits */

enum param_type { PARAM_NONE, PARAM_BOOL, PARAM_NUMBER, PARAM_SIGNED, PARAM_TEXT, PARAM_SOCKET };

#define OF_SESSION	BIT(0)
#define OF_CONN		BIT(1)
#define SHOWN		BIT(2)	/* has an attribute */
#define NEGOTIATED	BIT(3)	/* constant while the connection is up */
#define TIMES		BIT(4)	/* the ping timer looks anew */

struct param_row {
	u8 type;
	u8 flags;
	u16 offset;	/* in struct tcp_session or tcp_conn */
	s64 min, max;
};

#define SESSION(_id, _type, _member, _min, _max, _flags) \
	[ISCSI_PARAM_##_id] = { PARAM_##_type, OF_SESSION | (_flags), offsetof(struct tcp_session, _member), _min, _max }
#define CONN(_id, _type, _member, _min, _max, _flags) \
	[ISCSI_PARAM_##_id] = { PARAM_##_type, OF_CONN | (_flags), offsetof(struct tcp_conn, _member), _min, _max }
#define NAME(_id, _member, _flags)	SESSION(_id, TEXT, names._member, 0, 0, _flags)
#define SOCKET(_id) \
	[ISCSI_PARAM_##_id] = { PARAM_SOCKET, OF_CONN | SHOWN }

/* Ranges of RFC 7143 13, but where the key is irrelevant and user space says what its file says. */
static const struct param_row param_rows[] = {
	CONN(MAX_RECV_DLENGTH, NUMBER, max_recv_bytes, 512, ISCSI_DATA_SEGMENT_MAX, SHOWN | NEGOTIATED),
	CONN(MAX_XMIT_DLENGTH, NUMBER, max_xmit_bytes, 512, ISCSI_DATA_SEGMENT_MAX, SHOWN | NEGOTIATED),
	CONN(HDRDGST_EN, BOOL, header_digest, 0, 1, SHOWN | NEGOTIATED),
	CONN(DATADGST_EN, BOOL, data_digest, 0, 1, SHOWN | NEGOTIATED),
	SESSION(INITIAL_R2T_EN, BOOL, initial_r2t, 0, 1, SHOWN | NEGOTIATED),
	SESSION(MAX_R2T, NUMBER, max_outstanding_r2t, 1, U16_MAX, SHOWN | NEGOTIATED),
	SESSION(IMM_DATA_EN, BOOL, immediate_data, 0, 1, SHOWN | NEGOTIATED),
	SESSION(FIRST_BURST, NUMBER, first_burst_bytes, 0, ISCSI_DATA_SEGMENT_MAX, SHOWN | NEGOTIATED),
	SESSION(MAX_BURST, NUMBER, max_burst_bytes, 512, ISCSI_DATA_SEGMENT_MAX, SHOWN | NEGOTIATED),
	SESSION(PDU_INORDER_EN, BOOL, data_pdu_in_order, 0, 1, SHOWN | NEGOTIATED),
	SESSION(DATASEQ_INORDER_EN, BOOL, data_sequence_in_order, 0, 1, SHOWN | NEGOTIATED),
	SESSION(ERL, NUMBER, erl, 0, 2, SHOWN | NEGOTIATED),
	CONN(EXP_STATSN, NUMBER, exp_statsn, 0, U32_MAX, SHOWN | NEGOTIATED),
	NAME(TARGET_NAME, targetname, SHOWN),
	SESSION(TPGT, SIGNED, tpgt, -1, U16_MAX, SHOWN),
	CONN(PERSISTENT_ADDRESS, TEXT, persistent_address, 0, 0, SHOWN),
	CONN(PERSISTENT_PORT, NUMBER, persistent_port, 0, U16_MAX, SHOWN),
	SOCKET(CONN_PORT),
	SOCKET(CONN_ADDRESS),
	SOCKET(LOCAL_PORT),
	NAME(USERNAME, username, SHOWN),
	NAME(USERNAME_IN, username_in, SHOWN),
	NAME(PASSWORD, password, SHOWN),
	NAME(PASSWORD_IN, password_in, SHOWN),
	SESSION(FAST_ABORT, BOOL, fast_abort, 0, 1, SHOWN),
	SESSION(ABORT_TMO, SIGNED, abort_tmo_sec, 0, SECONDS_MAX, SHOWN),
	SESSION(LU_RESET_TMO, SIGNED, lu_reset_tmo_sec, 0, SECONDS_MAX, SHOWN),
	SESSION(TGT_RESET_TMO, SIGNED, tgt_reset_tmo_sec, 0, SECONDS_MAX, SHOWN),
	CONN(PING_TMO, SIGNED, ping_tmo_sec, 0, SECONDS_MAX, SHOWN | TIMES),
	CONN(RECV_TMO, SIGNED, recv_tmo_sec, 0, SECONDS_MAX, SHOWN | TIMES),
	NAME(IFACE_NAME, ifacename, SHOWN),
	NAME(INITIATOR_NAME, initiatorname, SHOWN),
	NAME(TARGET_ALIAS, targetalias, 0),
	NAME(BOOT_ROOT, boot_root, 0),
	NAME(BOOT_NIC, boot_nic, 0),
	NAME(BOOT_TARGET, boot_target, 0),
	SESSION(DISCOVERY_SESS, NUMBER, discovery_session, 0, 1, 0),
	NAME(PORTAL_TYPE, portal_type, 0),
	NAME(DISCOVERY_PARENT_TYPE, discovery_parent_type, 0),
	CONN(LOCAL_IPADDR, TEXT, local_ipaddr, 0, 0, 0),
};

/* ipaddress is the local address of the connection. */
static const struct param_row host_rows[] = {
	[ISCSI_HOST_PARAM_HWADDRESS] = { PARAM_TEXT, SHOWN, offsetof(struct tcp_session, host_hwaddress) },
	[ISCSI_HOST_PARAM_INITIATOR_NAME] = { PARAM_TEXT, SHOWN, offsetof(struct tcp_session, host_initiatorname) },
	[ISCSI_HOST_PARAM_NETDEV_NAME] = { PARAM_TEXT, SHOWN, offsetof(struct tcp_session, host_netdev) },
	[ISCSI_HOST_PARAM_IPADDRESS] = { PARAM_SOCKET, SHOWN },
};

static const struct param_row *param_row(u32 param)
{
	if (param >= ARRAY_SIZE(param_rows) || param_rows[param].type == PARAM_NONE)
		return NULL;
	return &param_rows[param];
}

static const struct param_row *host_row(u32 param)
{
	if (param >= ARRAY_SIZE(host_rows) || host_rows[param].type == PARAM_NONE)
		return NULL;
	return &host_rows[param];
}

umode_t param_is_visible(int type, int param)
{
	const struct param_row *row = NULL;

	if (type == ISCSI_PARAM)
		row = param_row(param);
	else if (type == ISCSI_HOST_PARAM)
		row = host_row(param);
	return row && row->flags & SHOWN ? 0444 : 0;
}

/* --- what a session begins with, and its end --- */

void param_defaults_session(struct tcp_session *session)
{
	session->initial_r2t = true;
	session->immediate_data = true;
	session->max_outstanding_r2t = 1;
	session->first_burst_bytes = 65536;
	session->max_burst_bytes = 262144;
	session->fast_abort = true;
	session->abort_tmo_sec = 15;
	session->lu_reset_tmo_sec = 30;
	session->tgt_reset_tmo_sec = 30;
}

void param_defaults_conn(struct tcp_conn *conn)
{
	conn->max_recv_bytes = ISCSI_LOGIN_DATA_MAX;
	conn->max_xmit_bytes = ISCSI_LOGIN_DATA_MAX;
}

int param_check(const struct tcp_conn *conn)
{
	const struct tcp_session *session = conn->session;

	/* RFC 7143 13.14: FirstBurstLength must not exceed MaxBurstLength, where there is a first burst. */
	if ((!session->initial_r2t || session->immediate_data) && session->first_burst_bytes > session->max_burst_bytes) {
		dev_err(&conn->cls->dev, "first burst of %u bytes is longer than a burst of %u\n", session->first_burst_bytes,
			session->max_burst_bytes);
		return -EINVAL;
	}
	if (conn->ping_tmo_sec && !conn->recv_tmo_sec) {
		dev_err(&conn->cls->dev, "ping_tmo without recv_tmo\n");
		return -EINVAL;
	}
	return 0;
}

static void texts_free(void *object, u8 flags)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(param_rows); i++) {
		const struct param_row *row = &param_rows[i];

		if (row->type == PARAM_TEXT && row->flags & flags)
			kfree_sensitive(*(char **)(object + row->offset));
	}
}

void param_free_session(struct tcp_session *session)
{
	texts_free(session, OF_SESSION);
	kfree(session->host_hwaddress);
	kfree(session->host_initiatorname);
	kfree(session->host_netdev);
}

void param_free_conn(struct tcp_conn *conn)
{
	texts_free(conn, OF_CONN);
}

/* --- setting --- */

static int text_set(struct tcp_session *session, char **place, const char *text)
{
	char *copy;

	if (strlen(text) > TEXT_BYTES_MAX)
		return -EINVAL;
	/* At a new login of the disk that memory is paged out to, too. */
	copy = kstrdup(text, GFP_NOIO);
	if (!copy)
		return -ENOMEM;
	mutex_lock(&session->names_mutex);
	swap(*place, copy);
	mutex_unlock(&session->names_mutex);
	kfree_sensitive(copy);
	return 0;
}

static int number_parse(const struct param_row *row, const char *text, s64 *ret_value)
{
	if (kstrtos64(text, 10, ret_value))
		return -EINVAL;
	return *ret_value < row->min || *ret_value > row->max ? -EINVAL : 0;
}

static void number_write(const struct param_row *row, void *place, s64 value)
{
	if (row->type == PARAM_BOOL)
		*(bool *)place = value;
	else
		*(u32 *)place = value;
}

/* Under the socket lock, as rx and tx use what they negotiated. */
static int number_set(struct tcp_conn *conn, const struct param_row *row, void *place, s64 value)
{
	struct sock *sk = conn_lock(conn);
	int err = 0;

	if (!sk)
		return -ENOTCONN;
	if (row->flags & NEGOTIATED && READ_ONCE(conn->state) != TCP_CONN_BOUND)
		err = -EBUSY;
	else
		number_write(row, place, value);
	conn_unlock(sk);
	if (!err && row->flags & TIMES)
		nop_retime(conn);
	return err;
}

int param_set(struct iscsi_cls_conn *cls, enum iscsi_param param, char *text, int bytes)
{
	const struct param_row *row = param_row(param);
	struct tcp_conn *conn = conn_of(cls);
	void *place;
	s64 value;

	if (!row || row->type == PARAM_SOCKET)
		return -ENOSYS;
	if (!text || bytes <= 0 || strnlen(text, bytes) == bytes)
		return -EINVAL;
	place = (row->flags & OF_SESSION ? (void *)conn->session : (void *)conn) + row->offset;
	if (row->type == PARAM_TEXT)
		return text_set(conn->session, place, text);
	if (number_parse(row, text, &value))
		return -EINVAL;
	return number_set(conn, row, place, value);
}

int param_set_host(struct Scsi_Host *shost, enum iscsi_host_param param, char *text, int bytes)
{
	const struct param_row *row = host_row(param);
	struct tcp_session *session = shost_priv(shost);

	if (!row || row->type != PARAM_TEXT)
		return -ENOSYS;
	if (!text || bytes <= 0 || strnlen(text, bytes) == bytes)
		return -EINVAL;
	return text_set(session, (void *)session + row->offset, text);
}

/* --- getting --- */

/* Link-local addresses mean nothing without their interface. */
static int ipv6_show(struct net *net, const struct sockaddr_in6 *address, char *page)
{
	struct net_device *dev;
	int bytes;

	if (!__ipv6_addr_needs_scope_id(__ipv6_addr_type(&address->sin6_addr)))
		return sysfs_emit(page, "%pI6\n", &address->sin6_addr);
	rcu_read_lock();
	dev = dev_get_by_index_rcu(net, address->sin6_scope_id);
	if (dev)
		bytes = sysfs_emit(page, "%pI6%%%s\n", &address->sin6_addr, dev->name);
	else
		bytes = sysfs_emit(page, "%pI6%%%u\n", &address->sin6_addr, address->sin6_scope_id);
	rcu_read_unlock();
	return bytes;
}

/* names_mutex */
static int address_show(struct tcp_conn *conn, const struct sockaddr_storage *address, bool scoped, char *page)
{
	struct socket *sock;

	if (address->ss_family == AF_INET)
		return sysfs_emit(page, "%pI4\n", &((const struct sockaddr_in *)address)->sin_addr);
	if (address->ss_family == AF_INET6 && !scoped)
		return sysfs_emit(page, "%pI6\n", &((const struct sockaddr_in6 *)address)->sin6_addr);
	sock = rcu_dereference_protected(conn->sock, lockdep_is_held(&conn->session->names_mutex));
	if (address->ss_family != AF_INET6 || !sock)
		return -ENOTCONN;
	return ipv6_show(sock_net(sock->sk), (const struct sockaddr_in6 *)address, page);
}

static int port_show(const struct sockaddr_storage *address, char *page)
{
	/* The port is at the same place in both families. */
	if (address->ss_family == AF_UNSPEC)
		return -ENOTCONN;
	return sysfs_emit(page, "%u\n", be16_to_cpu(((const struct sockaddr_in *)address)->sin_port));
}

static int socket_show(struct tcp_conn *conn, enum iscsi_param param, char *page)
{
	guard(mutex)(&conn->session->names_mutex);
	if (param == ISCSI_PARAM_CONN_ADDRESS)
		return address_show(conn, &conn->peer, true, page);
	return port_show(param == ISCSI_PARAM_CONN_PORT ? &conn->peer : &conn->local, page);
}

static int value_show(struct tcp_session *session, const struct param_row *row, const void *place, char *page)
{
	guard(mutex)(&session->names_mutex);
	switch ((enum param_type)row->type) {
	case PARAM_BOOL:
		return sysfs_emit(page, "%d\n", *(const bool *)place);
	case PARAM_NUMBER:
		return sysfs_emit(page, "%u\n", *(const u32 *)place);
	case PARAM_SIGNED:
		return sysfs_emit(page, "%d\n", *(const int *)place);
	case PARAM_TEXT:
		return sysfs_emit(page, "%s\n", *(char *const *)place ?: "(null)");
	case PARAM_NONE:
	case PARAM_SOCKET:
		break;
	}
	return -ENOSYS;
}

int param_get_session(struct iscsi_cls_session *cls, enum iscsi_param param, char *page)
{
	const struct param_row *row = param_row(param);
	struct tcp_session *session = session_of(cls);

	if (!row || !(row->flags & OF_SESSION))
		return -ENOSYS;
	return value_show(session, row, (void *)session + row->offset, page);
}

int param_get_conn(struct iscsi_cls_conn *cls, enum iscsi_param param, char *page)
{
	const struct param_row *row = param_row(param);
	struct tcp_conn *conn = conn_of(cls);

	if (!row || !(row->flags & OF_CONN))
		return -ENOSYS;
	if (row->type == PARAM_SOCKET)
		return socket_show(conn, param, page);
	return value_show(conn->session, row, (void *)conn + row->offset, page);
}

int param_get_host(struct Scsi_Host *shost, enum iscsi_host_param param, char *page)
{
	const struct param_row *row = host_row(param);
	struct tcp_session *session = shost_priv(shost);
	struct tcp_conn *conn = smp_load_acquire(&session->conns[0]);	/* conn_path() */

	if (!row)
		return -ENOSYS;
	if (row->type == PARAM_TEXT)
		return value_show(session, row, (void *)session + row->offset, page);
	if (!conn)
		return -ENOTCONN;
	guard(mutex)(&session->names_mutex);
	return address_show(conn, &conn->local, false, page);
}
