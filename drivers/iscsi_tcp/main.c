// SPDX-License-Identifier: GPL-2.0-only
/*
 * Registers the transport "tcp": the table of what the class may ask of the software data path. Everything else begins with a session.
 */
#include <linux/module.h>

#include "drivers/iscsi_tcp/ops.h"

unsigned int tcp_max_lun = ~0;
module_param_named(max_lun, tcp_max_lun, uint, 0444);
MODULE_PARM_DESC(max_lun, "LUNs a host may have.");

/* Known to scripts and modprobe.d files; receiving picks its context by itself, and no PDU is logged. */
static bool recv_from_iscsi_q;
module_param(recv_from_iscsi_q, bool, 0644);
MODULE_PARM_DESC(recv_from_iscsi_q, "Accepted, without effect.");
static int debug_iscsi_tcp;
module_param(debug_iscsi_tcp, int, 0644);
MODULE_PARM_DESC(debug_iscsi_tcp, "Accepted, without effect.");

struct scsi_transport_template *tcp_transport_template;

struct iscsi_transport tcp_transport = {
	.owner = THIS_MODULE,
	.name = "tcp",
	.caps = CAP_RECOVERY_L0 | CAP_MULTI_R2T | CAP_HDRDGST | CAP_DATADGST,
	.create_session = session_create,
	.destroy_session = session_destroy,
	.session_recovery_timedout = session_recovery_timedout,
	.create_conn = conn_create,
	.destroy_conn = conn_destroy,
	.bind_conn = conn_bind,
	.start_conn = conn_start,
	.stop_conn = conn_stop,
	.send_pdu = mgmt_send_pdu,
	.set_param = param_set,
	.get_session_param = param_get_session,
	.get_conn_param = param_get_conn,
	.set_host_param = param_set_host,
	.get_host_param = param_get_host,
	.attr_is_visible = param_is_visible,
	.get_stats = stats_get,
};

static int __init tcp_init(void)
{
	tcp_transport_template = iscsi_register_transport(&tcp_transport);
	return tcp_transport_template ? 0 : -ENODEV;
}
module_init(tcp_init);

static void __exit tcp_exit(void)
{
	iscsi_unregister_transport(&tcp_transport);
}
module_exit(tcp_exit);

MODULE_DESCRIPTION("iSCSI over TCP");
MODULE_LICENSE("GPL v2");
