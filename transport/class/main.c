// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loads and unloads the transport class: everything is made in one order and undone in the other.
 */
#include <linux/module.h>

#include "transport/abi/params.h"
#include "transport/class/class.h"

bool class_debug_session, class_debug_conn;
module_param_named(debug_session, class_debug_session, bool, 0644);
MODULE_PARM_DESC(debug_session, "Log what happens to sessions.");
module_param_named(debug_conn, class_debug_conn, bool, 0644);
MODULE_PARM_DESC(debug_conn, "Log what happens to connections.");

static int __init class_init(void)
{
	return 0;
}
module_init(class_init);

static void __exit class_exit(void)
{
}
module_exit(class_exit);

MODULE_DESCRIPTION("iSCSI transport class");
MODULE_LICENSE("GPL v2");
MODULE_VERSION(CLASS_VERSION);
MODULE_ALIAS_NET_PF_PROTO(PF_NETLINK, NETLINK_ISCSI);
