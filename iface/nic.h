/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Brings up the NIC of a boot target as its firmware had it: link, VLAN, address, routes. What is configured already is left alone,
 * so that it may run again, or after the system's own network configuration.
 */
#ifndef OPENHBA_IFACE_NIC_H
#define OPENHBA_IFACE_NIC_H

#include <net/if.h>

#include "lib/boot.h"

/*
 * ret_netdev: the interface sessions leave from: the NIC, or its VLAN. A DHCP lease of the firmware is taken over like a static
 * address: the target is reached by it, and a DHCP client that comes later renews it.
 * -ENODEV: the NIC is not there; -EPERM; -EINVAL: address without prefix length; -ENETUNREACH: the gateway is on another network;
 * -EOPNOTSUPP: no VLANs in this kernel; or as rtnetlink says.
 */
int nic_set_up(const struct boot_target *target, char ret_netdev[IFNAMSIZ]);

/* The interface nic_set_up() would give, without changing anything: the NIC, its VLAN, or the name that VLAN would get. "": no NIC. */
void nic_name(const struct boot_target *target, char ret_netdev[IFNAMSIZ]);

/* Is the NIC a matter for nic_set_up()? Adapters with an engine of their own configure themselves. */
bool nic_is_software(const struct boot_target *target);

#endif
