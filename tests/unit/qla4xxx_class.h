/* SPDX-License-Identifier: GPL-2.0-only OR GPL-3.0-or-later */
/*
 * What drivers/qla4xxx's tables of parameters need of the class and of sysfs: the numbers, which come from transport/abi, and names, which
 * here are numbers, too. Included before the tables.
 */
#ifndef OPENHBA_TESTS_UNIT_QLA4XXX_CLASS_H
#define OPENHBA_TESTS_UNIT_QLA4XXX_CLASS_H

#include <stdarg.h>
#include <stdio.h>

#include "tests/unit/kernel.h"

#define GENMASK_ULL(h, l) (~0ull >> (63 - (h)) & ~0ull << (l))

enum iscsi_net_param {
#define NET_PARAM(number, id, family, attribute, type, sentence) ISCSI_NET_PARAM_##id = number,
#include "transport/abi/net_params.def"
#undef NET_PARAM
};

enum iscsi_iface_param {
#define IFACE_PARAM(number, id, family, attribute, type, sentence) ISCSI_IFACE_PARAM_##id = number,
#include "transport/abi/iface_params.def"
#undef IFACE_PARAM
};

enum iscsi_flashnode_param {
#define FLASHNODE(number, id, object, attribute, type, wire, max, place, field, sentence) ISCSI_FLASHNODE_##id = number,
#include "transport/abi/flashnode.def"
#undef FLASHNODE
	ISCSI_FLASHNODE_MAX,
};

enum { ISCSI_NET_PARAM = 2, ISCSI_FLASHNODE_PARAM = 3, ISCSI_IFACE_PARAM = 5 };
enum { ISCSI_IFACE_TYPE_IPV4 = 1, ISCSI_IFACE_TYPE_IPV6 = 2 };
enum { ISCSI_NET_PARAM_DISABLE = 1, ISCSI_NET_PARAM_ENABLE = 2 };
enum { ISCSI_IPV6_LINKLOCAL_AUTOCFG_ENABLE = 1, ISCSI_IPV6_LINKLOCAL_AUTOCFG_DISABLE = 2, ISCSI_IPV6_ROUTER_AUTOCFG_ENABLE = 1 };
enum { ISCSI_DISC_PARENT_UNKNOWN = 1, ISCSI_DISC_PARENT_SENDTGT, ISCSI_DISC_PARENT_ISNS };
#define ISCSI_MAX_VLAN_PRIORITY 7

enum iscsi_ipaddress_state {
	ISCSI_IPDDRESS_STATE_UNCONFIGURED, ISCSI_IPDDRESS_STATE_ACQUIRING, ISCSI_IPDDRESS_STATE_TENTATIVE, ISCSI_IPDDRESS_STATE_VALID,
	ISCSI_IPDDRESS_STATE_DISABLING, ISCSI_IPDDRESS_STATE_INVALID, ISCSI_IPDDRESS_STATE_DEPRECATED,
};
enum iscsi_router_state {
	ISCSI_ROUTER_STATE_UNKNOWN, ISCSI_ROUTER_STATE_ADVERTISED, ISCSI_ROUTER_STATE_MANUAL, ISCSI_ROUTER_STATE_STALE,
};

static inline const char *iscsi_get_ipaddress_state_name(enum iscsi_ipaddress_state state)
{
	static const char *const names[] = { "Unconfigured", "Acquiring", "Tentative", "Valid", "Disabling", "Invalid", "Deprecated" };

	return names[state];
}

static inline const char *iscsi_get_router_state_name(enum iscsi_router_state state)
{
	static const char *const names[] = { "Unknown", "Advertised", "Manual", "Stale" };

	return names[state];
}

static inline const char *iscsi_get_discovery_parent_name(int parent)
{
	static const char *const names[] = { "", "Unknown", "Sendtarget", "isns" };

	return names[parent];
}

static inline int __attribute__((format(printf, 3, 4))) sysfs_emit_at(char *page, int at, const char *format, ...)
{
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(page + at, PAGE_SIZE - at, format, arguments);
	va_end(arguments);
	return length;
}
#define sysfs_emit(page, ...) sysfs_emit_at(page, 0, __VA_ARGS__)

#endif
