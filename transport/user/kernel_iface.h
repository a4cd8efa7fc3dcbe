/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Kernel ifaces: the network entities of an HBA port as its driver shows them under /sys/class/iscsi_iface (ipv4-iface-HOST-N,
 * ipv6-iface-HOST-N). Reads only; root is "/sys" or a test's tree.
 */
#ifndef OPENHBA_TRANSPORT_USER_KERNEL_IFACE_H
#define OPENHBA_TRANSPORT_USER_KERNEL_IFACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kernel_iface {
	char name[64];		/* "ipv4-iface-2-0" */
	uint32_t host_no;
	uint32_t number;	/* on its port and in its family */
	bool is_v6;
};

/* Those of a host, IPv4 before IPv6, by rising number; *ret is malloc()ed, NULL if there are none. 0 also without the class. */
int kernel_iface_list(const char *root, uint32_t host_no, struct kernel_iface **ret, size_t *ret_count);

/* An attribute, cleaned as by sysfs_read(); "" where the driver does not show it. */
void kernel_iface_read(const char *root, const struct kernel_iface *iface, const char *attribute, char *text, size_t room);

#endif
