/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the class calls the parameters of an iface, as fields of the control block: one table. Nothing here sleeps, locks or asks the card.
 */
#ifndef OPENHBA_QLA4XXX_IFACE_ROWS_H
#define OPENHBA_QLA4XXX_IFACE_ROWS_H

#include "drivers/qla4xxx/field.h"

/* An iface: family ISCSI_IFACE_TYPE_IPV4 or ISCSI_IFACE_TYPE_IPV6; number 0, or of IPv6 1, which has nothing but its address. */
struct iface_place { u8 family; u32 number; };

/*
 * A parameter's value, len bytes as user space sends them, into the control block acb. type: ISCSI_NET_PARAM or ISCSI_IFACE_PARAM.
 * -EINVAL: the value is none of this parameter's. -ENODATA: there is no such parameter, or nobody can set it there. acb is unchanged then.
 */
int iface_row_set(void *acb, const struct iface_place *place, unsigned int type, unsigned int param, const u8 *value, u32 len);

/* A parameter as the text of its attribute: its length, or -ENODATA. */
int iface_row_show(const void *acb, const struct iface_place *place, unsigned int type, unsigned int param, char *page);
bool iface_row_is_shown(unsigned int type, unsigned int param);

/* Addresses as text, ended by a line: the length. IPv6 in full. */
int ipv4_show(const u8 *address, char *page);
int ipv6_show(const u8 *address, char *page);

#endif
