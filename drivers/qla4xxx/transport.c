// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the iSCSI class may ask of a host, a session or a connection of ours: a table; and the module's parameters. What comes as a netlink
 * request passes the host's gate here (gate.h), on its way to the file that does it.
 */
#include <linux/module.h>

#include "drivers/qla4xxx/config.h"
#include "drivers/qla4xxx/session.h"

int ql4xdisablesysfsboot = 1;
module_param(ql4xdisablesysfsboot, int, 0644);
MODULE_PARM_DESC(ql4xdisablesysfsboot, "0: boot targets are told in /sys/firmware and left to user space. 1 (default): they are logged in to.");

int ql4xmaxqdepth = 32;
module_param(ql4xmaxqdepth, int, 0644);
MODULE_PARM_DESC(ql4xmaxqdepth, "Commands outstanding per LUN, at most. Default 32.");

int ql4xqfulltracking = 1;
module_param(ql4xqfulltracking, int, 0644);
MODULE_PARM_DESC(ql4xqfulltracking, "1 (default): a LUN whose queue is full gets fewer commands for a while.");

int ql4xsess_recovery_tmo = 120;
module_param(ql4xsess_recovery_tmo, int, 0644);
MODULE_PARM_DESC(ql4xsess_recovery_tmo, "Seconds that commands wait for a lost session of the flash. Default 120.");

/* Known to modprobe.d files of the driver whose place this one takes; they are about debug output and chips that are not ours. */
static int ql4xdontresethba, ql4xextended_error_logging, ql4xenablemsix = 1, ql4xmdcapmask, ql4xenablemd = 1;
module_param(ql4xdontresethba, int, 0644);
MODULE_PARM_DESC(ql4xdontresethba, "Accepted, without effect.");
module_param(ql4xextended_error_logging, int, 0644);
MODULE_PARM_DESC(ql4xextended_error_logging, "Accepted, without effect.");
module_param(ql4xenablemsix, int, 0644);
MODULE_PARM_DESC(ql4xenablemsix, "Accepted, without effect.");
module_param(ql4xmdcapmask, int, 0644);
MODULE_PARM_DESC(ql4xmdcapmask, "Accepted, without effect.");
module_param(ql4xenablemd, int, 0644);
MODULE_PARM_DESC(ql4xenablemd, "Accepted, without effect.");

/* --- through the gate --- */

static struct qla_host *host_of_conn(struct iscsi_cls_conn *cls)
{
	return session_of(iscsi_conn_to_session(cls))->host;
}

static struct qla_host *host_of_node(struct iscsi_bus_flash_session *node)
{
	return host_of(iscsi_flash_session_to_shost(node));
}

/* The result of asking; -ENODEV once the gate of that host is closed, and it is not asked. */
#define INSIDE(_host, _ask) ({				\
	struct qla_host *inside = (_host);		\
	int result = gate_enter(&inside->gate);		\
							\
	if (!result) {					\
		result = (_ask);			\
		gate_leave(&inside->gate);		\
	}						\
	result;						\
})

static void gated_destroy_session(struct iscsi_cls_session *cls)
{
	struct qla_host *host = session_of(cls)->host;

	/* Afterwards removal has destroyed it. */
	if (gate_enter(&host->gate))
		return;
	session_destroy(cls);
	gate_leave(&host->gate);
}

static struct iscsi_cls_conn *gated_create_conn(struct iscsi_cls_session *cls, u32 cid)
{
	struct qla_host *host = session_of(cls)->host;
	struct iscsi_cls_conn *conn;

	if (gate_enter(&host->gate))
		return NULL;
	conn = conn_create(cls, cid);
	gate_leave(&host->gate);
	return conn;
}

static void gated_destroy_conn(struct iscsi_cls_conn *cls)
{
	struct qla_host *host = host_of_conn(cls);

	/* As with sessions. */
	if (gate_enter(&host->gate))
		return;
	conn_destroy(cls);
	gate_leave(&host->gate);
}

static int gated_bind_conn(struct iscsi_cls_session *session, struct iscsi_cls_conn *cls, u64 endpoint, int is_leading)
{
	return INSIDE(session_of(session)->host, conn_bind(session, cls, endpoint, is_leading));
}

static int gated_start_conn(struct iscsi_cls_conn *cls)
{
	return INSIDE(host_of_conn(cls), conn_start(cls));
}

static void gated_stop_conn(struct iscsi_cls_conn *cls, int flag)
{
	struct qla_host *host = host_of_conn(cls);

	if (gate_enter(&host->gate))
		return;
	conn_stop(cls, flag);
	gate_leave(&host->gate);
}

static int gated_send_pdu(struct iscsi_cls_conn *cls, struct iscsi_hdr *header, char *data, u32 bytes)
{
	return INSIDE(host_of_conn(cls), passthrough_send(cls, header, data, bytes));
}

static int gated_set_param(struct iscsi_cls_conn *cls, enum iscsi_param param, char *text, int bytes)
{
	return INSIDE(host_of_conn(cls), param_set(cls, param, text, bytes));
}

static void gated_get_stats(struct iscsi_cls_conn *cls, struct iscsi_stats *stats)
{
	struct qla_host *host = host_of_conn(cls);

	stats->custom_length = 0;
	if (gate_enter(&host->gate))
		return;
	stats_get(cls, stats);
	gate_leave(&host->gate);
}

static int gated_get_host_stats(struct Scsi_Host *shost, char *buffer, int bytes)
{
	return INSIDE(host_of(shost), stats_get_host(shost, buffer, bytes));
}

static int gated_set_iface_param(struct Scsi_Host *shost, void *data, u32 bytes)
{
	return INSIDE(host_of(shost), iface_set_param(shost, data, bytes));
}

static int gated_send_ping(struct Scsi_Host *shost, u32 iface_num, u32 iface_type, u32 payload, u32 pid, struct sockaddr *to)
{
	return INSIDE(host_of(shost), ping_send(shost, iface_num, iface_type, payload, pid, to));
}

static int gated_get_chap(struct Scsi_Host *shost, u16 index, u32 *entries, char *buffer)
{
	return INSIDE(host_of(shost), chap_get(shost, index, entries, buffer));
}

static int gated_set_chap(struct Scsi_Host *shost, void *data, int bytes)
{
	return INSIDE(host_of(shost), chap_set(shost, data, bytes));
}

static int gated_delete_chap(struct Scsi_Host *shost, u16 index)
{
	return INSIDE(host_of(shost), chap_delete(shost, index));
}

static int gated_new_flashnode(struct Scsi_Host *shost, const char *text, int bytes)
{
	return INSIDE(host_of(shost), flashnode_new(shost, text, bytes));
}

static int gated_set_flashnode(struct iscsi_bus_flash_session *node, struct iscsi_bus_flash_conn *conn, void *data, int bytes)
{
	return INSIDE(host_of_node(node), flashnode_set_param(node, conn, data, bytes));
}

static int gated_del_flashnode(struct iscsi_bus_flash_session *node)
{
	return INSIDE(host_of_node(node), flashnode_del(node));
}

static int gated_login_flashnode(struct iscsi_bus_flash_session *node, struct iscsi_bus_flash_conn *conn)
{
	return INSIDE(host_of_node(node), flashnode_login(node, conn));
}

static int gated_logout_flashnode(struct iscsi_bus_flash_session *node, struct iscsi_bus_flash_conn *conn)
{
	return INSIDE(host_of_node(node), flashnode_logout(node, conn));
}

static int gated_logout_flashnode_sid(struct iscsi_cls_session *cls)
{
	return INSIDE(session_of(cls)->host, flashnode_logout_sid(cls));
}

/* --- the table. Endpoints know no host but its number; what comes through sysfs and /dev/bsg removal waits for --- */

struct iscsi_transport qla_transport = {
	.owner = THIS_MODULE,
	.name = QLA_NAME,
	.caps = CAP_TEXT_NEGO | CAP_DATA_PATH_OFFLOAD | CAP_HDRDGST | CAP_DATADGST | CAP_LOGIN_OFFLOAD | CAP_MULTI_R2T,
	.create_session = session_create,
	.destroy_session = gated_destroy_session,
	.create_conn = gated_create_conn,
	.destroy_conn = gated_destroy_conn,
	.bind_conn = gated_bind_conn,
	.unbind_conn = conn_unbind,
	.start_conn = gated_start_conn,
	.stop_conn = gated_stop_conn,
	.send_pdu = gated_send_pdu,
	.set_param = gated_set_param,
	.get_session_param = param_get_session,
	.get_conn_param = param_get_conn,
	.get_ep_param = param_get_endpoint,
	.ep_connect = endpoint_connect,
	.ep_poll = endpoint_poll,
	.ep_disconnect = endpoint_disconnect,
	.get_stats = gated_get_stats,
	.get_host_stats = gated_get_host_stats,
	.get_host_param = host_get_param,
	.set_iface_param = gated_set_iface_param,
	.get_iface_param = iface_get_param,
	.attr_is_visible = param_is_visible,
	.bsg_request = bsg_request,
	.send_ping = gated_send_ping,
	.get_chap = gated_get_chap,
	.set_chap = gated_set_chap,
	.delete_chap = gated_delete_chap,
	.get_flashnode_param = flashnode_get_param,
	.set_flashnode_param = gated_set_flashnode,
	.new_flashnode = gated_new_flashnode,
	.del_flashnode = gated_del_flashnode,
	.login_flashnode = gated_login_flashnode,
	.logout_flashnode = gated_logout_flashnode,
	.logout_flashnode_sid = gated_logout_flashnode_sid,
};
