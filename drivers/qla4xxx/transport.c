// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the iSCSI class may ask of a host, a session or a connection of ours: a table; and the module's parameters.
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

struct iscsi_transport qla_transport = {
	.owner = THIS_MODULE,
	.name = QLA_NAME,
	.caps = CAP_TEXT_NEGO | CAP_DATA_PATH_OFFLOAD | CAP_HDRDGST | CAP_DATADGST | CAP_LOGIN_OFFLOAD | CAP_MULTI_R2T,
	.create_session = session_create,
	.destroy_session = session_destroy,
	.create_conn = conn_create,
	.destroy_conn = conn_destroy,
	.bind_conn = conn_bind,
	.unbind_conn = conn_unbind,
	.start_conn = conn_start,
	.stop_conn = conn_stop,
	.send_pdu = passthrough_send,
	.set_param = param_set,
	.get_session_param = param_get_session,
	.get_conn_param = param_get_conn,
	.get_ep_param = param_get_endpoint,
	.ep_connect = endpoint_connect,
	.ep_poll = endpoint_poll,
	.ep_disconnect = endpoint_disconnect,
	.get_stats = stats_get,
	.get_host_stats = stats_get_host,
	.get_host_param = host_get_param,
	.set_iface_param = iface_set_param,
	.get_iface_param = iface_get_param,
	.attr_is_visible = param_is_visible,
	.bsg_request = bsg_request,
	.send_ping = ping_send,
	.get_chap = chap_get,
	.set_chap = chap_set,
	.delete_chap = chap_delete,
	.get_flashnode_param = flashnode_get_param,
	.set_flashnode_param = flashnode_set_param,
	.new_flashnode = flashnode_new,
	.del_flashnode = flashnode_del,
	.login_flashnode = flashnode_login,
	.logout_flashnode = flashnode_logout,
	.logout_flashnode_sid = flashnode_logout_sid,
};
