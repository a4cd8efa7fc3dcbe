// SPDX-License-Identifier: GPL-2.0-only
/*
 * Words for the numbers of hosts and ifaces, as they stand in sysfs. Called by drivers, which copy them into a buffer.
 */
#include "transport/class/class.h"

struct name {
	int number;
	char *word;
};

static char *name_find(const struct name *names, size_t count, int number, char *otherwise)
{
	for (; count; count--, names++)
		if (names->number == number)
			return names->word;
	return otherwise;
}

static const struct name port_speeds[] = {
	{ ISCSI_PORT_SPEED_UNKNOWN, "Unknown" },
	{ ISCSI_PORT_SPEED_10MBPS, "10 Mbps" },
	{ ISCSI_PORT_SPEED_100MBPS, "100 Mbps" },
	{ ISCSI_PORT_SPEED_1GBPS, "1 Gbps" },
	{ ISCSI_PORT_SPEED_10GBPS, "10 Gbps" },
	{ ISCSI_PORT_SPEED_25GBPS, "25 Gbps" },
	{ ISCSI_PORT_SPEED_40GBPS, "40 Gbps" },
};

char *iscsi_get_port_speed_name(struct Scsi_Host *shost)
{
	const struct iscsi_cls_host *ihost = shost->shost_data;

	return name_find(port_speeds, ARRAY_SIZE(port_speeds), ihost->port_speed, "Unknown!");
}

static const struct name port_states[] = {
	{ ISCSI_PORT_STATE_DOWN, "LINK DOWN" },
	{ ISCSI_PORT_STATE_UP, "LINK UP" },
};

char *iscsi_get_port_state_name(struct Scsi_Host *shost)
{
	const struct iscsi_cls_host *ihost = shost->shost_data;

	return name_find(port_states, ARRAY_SIZE(port_states), ihost->port_state, "Unknown!");
}

static const struct name discovery_parents[] = {
	{ ISCSI_DISC_PARENT_UNKNOWN, "Unknown" },
	{ ISCSI_DISC_PARENT_SENDTGT, "Sendtarget" },
	{ ISCSI_DISC_PARENT_ISNS, "isns" },
};

char *iscsi_get_discovery_parent_name(int parent_type)
{
	return name_find(discovery_parents, ARRAY_SIZE(discovery_parents), parent_type, "Unknown!");
}

static const struct name ipaddress_states[] = {
	{ ISCSI_IPDDRESS_STATE_UNCONFIGURED, "Unconfigured" },
	{ ISCSI_IPDDRESS_STATE_ACQUIRING, "Acquiring" },
	{ ISCSI_IPDDRESS_STATE_TENTATIVE, "Tentative" },
	{ ISCSI_IPDDRESS_STATE_VALID, "Valid" },
	{ ISCSI_IPDDRESS_STATE_DISABLING, "Disabling" },
	{ ISCSI_IPDDRESS_STATE_INVALID, "Invalid" },
	{ ISCSI_IPDDRESS_STATE_DEPRECATED, "Deprecated" },
};

char *iscsi_get_ipaddress_state_name(enum iscsi_ipaddress_state port_state)
{
	return name_find(ipaddress_states, ARRAY_SIZE(ipaddress_states), port_state, "Unknown!");
}

static const struct name router_states[] = {
	{ ISCSI_ROUTER_STATE_UNKNOWN, "Unknown" },
	{ ISCSI_ROUTER_STATE_ADVERTISED, "Advertised" },
	{ ISCSI_ROUTER_STATE_MANUAL, "Manual" },
	{ ISCSI_ROUTER_STATE_STALE, "Stale" },
};

char *iscsi_get_router_state_name(enum iscsi_router_state router_state)
{
	return name_find(router_states, ARRAY_SIZE(router_states), router_state, "Unknown!");
}
