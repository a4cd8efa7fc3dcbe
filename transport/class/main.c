// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loads and unloads the transport class: everything is made in one order and undone in the other. Messages come last: from then on
 * somebody can ask.
 */
#include <linux/module.h>

#include "transport/abi/params.h"
#include "transport/class/class.h"

int class_debug_session, class_debug_conn;
module_param_named(debug_session, class_debug_session, int, 0644);
MODULE_PARM_DESC(debug_session, "Log what happens to sessions: 1 yes, 0 no.");
module_param_named(debug_conn, class_debug_conn, int, 0644);
MODULE_PARM_DESC(debug_conn, "Log what happens to connections: 1 yes, 0 no.");

static const struct {
	int (*init)(void);
	void (*exit)(void);
} parts[] = {
	{ transport_init, transport_exit },
	{ endpoint_init, endpoint_exit },
	{ iface_init, iface_exit },
	{ flashnode_init, flashnode_exit },
	{ host_init, host_exit },
	{ session_init, session_exit },
	{ conn_init, conn_exit },
	{ netlink_init, netlink_exit },
};

static void undo(size_t count)
{
	while (count--)
		parts[count].exit();
}

static int __init class_init(void)
{
	size_t i;

	sysfs_files_init();
	for (i = 0; i < ARRAY_SIZE(parts); i++) {
		int error = parts[i].init();

		if (error) {
			undo(i);
			return error;
		}
	}
	pr_info("Loading iSCSI transport class v%s.\n", CLASS_VERSION);
	return 0;
}
module_init(class_init);

static void __exit class_exit(void)
{
	undo(ARRAY_SIZE(parts));
}
module_exit(class_exit);

MODULE_DESCRIPTION("iSCSI transport class");
MODULE_LICENSE("GPL v2");
MODULE_VERSION(CLASS_VERSION);
MODULE_ALIAS_NET_PF_PROTO(PF_NETLINK, NETLINK_ISCSI);
