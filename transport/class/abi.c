// SPDX-License-Identifier: GPL-2.0-only
/*
 * What drivers link to, and nothing else. A symbol's CRC is made of every struct definition that is visible at its EXPORT, so the
 * includes are exactly these: one more or one less, and no stock driver loads on this module. Nothing of the tree is included here;
 * the functions are defined in the other files. `make check-kernels` compares the CRCs with the kernel's own.
 */
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/bsg-lib.h>
#include <linux/idr.h>
#include <net/tcp.h>
#include <scsi/scsi.h>
#include <scsi/scsi_host.h>
#include <scsi/scsi_device.h>
#include <scsi/scsi_transport.h>
#include <scsi/scsi_transport_iscsi.h>
#include <scsi/iscsi_if.h>
#include <scsi/scsi_cmnd.h>
#include <scsi/scsi_bsg_iscsi.h>

#define CREATE_TRACE_POINTS
#include <trace/events/iscsi.h>

EXPORT_TRACEPOINT_SYMBOL_GPL(iscsi_dbg_conn);
EXPORT_TRACEPOINT_SYMBOL_GPL(iscsi_dbg_eh);
EXPORT_TRACEPOINT_SYMBOL_GPL(iscsi_dbg_session);
EXPORT_TRACEPOINT_SYMBOL_GPL(iscsi_dbg_tcp);
EXPORT_TRACEPOINT_SYMBOL_GPL(iscsi_dbg_sw_tcp);

EXPORT_SYMBOL_GPL(iscsi_add_conn);
EXPORT_SYMBOL_GPL(iscsi_add_session);
EXPORT_SYMBOL_GPL(iscsi_alloc_conn);
EXPORT_SYMBOL_GPL(iscsi_alloc_session);
EXPORT_SYMBOL_GPL(iscsi_block_scsi_eh);
EXPORT_SYMBOL_GPL(iscsi_block_session);
EXPORT_SYMBOL_GPL(iscsi_conn_error_event);
EXPORT_SYMBOL_GPL(iscsi_conn_login_event);
EXPORT_SYMBOL_GPL(iscsi_create_endpoint);
EXPORT_SYMBOL_GPL(iscsi_create_flashnode_conn);
EXPORT_SYMBOL_GPL(iscsi_create_flashnode_sess);
EXPORT_SYMBOL_GPL(iscsi_create_iface);
#ifdef COMPAT_HAS_CREATE_SESSION
EXPORT_SYMBOL_GPL(iscsi_create_session);
#endif
EXPORT_SYMBOL_GPL(iscsi_dbg_trace);
EXPORT_SYMBOL_GPL(iscsi_destroy_all_flashnode);
EXPORT_SYMBOL_GPL(iscsi_destroy_endpoint);
EXPORT_SYMBOL_GPL(iscsi_destroy_flashnode_sess);
EXPORT_SYMBOL_GPL(iscsi_destroy_iface);
EXPORT_SYMBOL_GPL(iscsi_find_flashnode_conn);
EXPORT_SYMBOL_GPL(iscsi_find_flashnode_sess);
EXPORT_SYMBOL_GPL(iscsi_flashnode_bus_match);
EXPORT_SYMBOL_GPL(iscsi_force_destroy_session);
EXPORT_SYMBOL_GPL(iscsi_free_session);
EXPORT_SYMBOL_GPL(iscsi_get_conn);
EXPORT_SYMBOL_GPL(iscsi_get_discovery_parent_name);
EXPORT_SYMBOL_GPL(iscsi_get_ipaddress_state_name);
EXPORT_SYMBOL_GPL(iscsi_get_port_speed_name);
EXPORT_SYMBOL_GPL(iscsi_get_port_state_name);
EXPORT_SYMBOL_GPL(iscsi_get_router_state_name);
EXPORT_SYMBOL_GPL(iscsi_host_for_each_session);
EXPORT_SYMBOL_GPL(iscsi_is_session_dev);
EXPORT_SYMBOL_GPL(iscsi_is_session_online);
EXPORT_SYMBOL_GPL(iscsi_lookup_endpoint);
EXPORT_SYMBOL_GPL(iscsi_offload_mesg);
EXPORT_SYMBOL_GPL(iscsi_ping_comp_event);
EXPORT_SYMBOL_GPL(iscsi_post_host_event);
EXPORT_SYMBOL_GPL(iscsi_put_conn);
EXPORT_SYMBOL_GPL(iscsi_put_endpoint);
EXPORT_SYMBOL_GPL(iscsi_recv_pdu);
EXPORT_SYMBOL_GPL(iscsi_register_transport);
EXPORT_SYMBOL_GPL(iscsi_remove_conn);
EXPORT_SYMBOL_GPL(iscsi_remove_session);
EXPORT_SYMBOL_GPL(iscsi_session_chkready);
EXPORT_SYMBOL_GPL(iscsi_session_event);
EXPORT_SYMBOL_GPL(iscsi_unblock_session);
EXPORT_SYMBOL_GPL(iscsi_unregister_transport);
