// SPDX-License-Identifier: GPL-2.0-only
/*
 * Registers the transport "tcp": the table of what the class may ask of the software data path.
 */
#include <linux/module.h>

#include "drivers/iscsi_tcp/tcp.h"

static int __init tcp_init(void)
{
	return 0;
}
module_init(tcp_init);

static void __exit tcp_exit(void)
{
}
module_exit(tcp_exit);

MODULE_DESCRIPTION("iSCSI over TCP");
MODULE_LICENSE("GPL v2");
