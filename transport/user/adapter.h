/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The requests about adapters (HBA ports) as functions: settings of hosts and ifaces, pings, the CHAP table and the targets in the
 * card's flash, counters. transport/abi/events.def says what each one is; handle is the transport's number from transport_handle().
 * All return 0 or a negative errno. A driver that lacks the request answers -ENOSYS, or -EINVAL to GET_CHAP and GET_HOST_STATS.
 */
#ifndef OPENHBA_TRANSPORT_USER_ADAPTER_H
#define OPENHBA_TRANSPORT_USER_ADAPTER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "transport/user/batch.h"

int request_set_host_param(struct netlink *nl, uint64_t handle, uint32_t host_no, enum iscsi_host_param param, const char *text);

/* Event PING_COMP with the same pid follows. iface_type: enum iscsi_iface_type. -ENOSYS: the driver cannot ping. */
int request_ping(struct netlink *nl, uint64_t handle, uint32_t host_no, uint32_t iface_num, uint32_t iface_type,
		 uint32_t payload_bytes, uint32_t pid, const struct sockaddr *address, socklen_t bytes);

/* The parameters of one request. All zero at first; ended by attributes_done(). */
struct attributes {
	uint8_t *buffer;	/* zeroed when freed: it may hold CHAP secrets */
	size_t bytes;
	size_t room;
	unsigned int count;
	int error;		/* the first error of building; the request returns it */
};

/* One parameter of SET_IFACE_PARAMS; value is copied. */
void attributes_add_iface(struct attributes *attributes, const struct iscsi_iface_attribute *head, const void *value);
/* One parameter of SET_FLASHNODE_PARAMS (enum iscsi_flashnode_param) or SET_CHAP (enum iscsi_chap_param). */
void attributes_add(struct attributes *attributes, uint16_t param, const void *value, size_t bytes);
void attributes_done(struct attributes *attributes);	/* frees; twice is fine */

/* The driver takes or refuses all of them. */
int request_set_iface_params(struct netlink *nl, uint64_t handle, uint32_t host_no, const struct attributes *attributes);

/*
 * The card's CHAP table from the entry first on, at most max entries (room at entries); empty places are left out. Texts end with a
 * NUL. Wipe the entries after use. *ret_count < max: there are no more.
 */
int request_get_chap(struct netlink *nl, uint64_t handle, uint32_t host_no, uint16_t first, struct iscsi_chap_entry *entries,
		     unsigned int max, unsigned int *ret_count);
/* Writes an entry, new or old. -EBUSY: a session uses it; -EINVAL: no such place, or the type differs from what is there. */
int request_set_chap(struct netlink *nl, uint64_t handle, uint32_t host_no, const struct iscsi_chap_entry *entry);
int request_delete_chap(struct netlink *nl, uint64_t handle, uint32_t host_no, uint16_t index);	/* -EBUSY, -EINVAL as above */

#define ADAPTER_CHAP_MAX 64	/* entries that one GET_CHAP may ask for */

int request_set_flashnode(struct netlink *nl, uint64_t handle, uint32_t host_no, uint32_t index, const struct attributes *attributes);
/* type: "ipv4" or "ipv6". */
int request_new_flashnode(struct netlink *nl, uint64_t handle, uint32_t host_no, const char *type, uint32_t *ret_index);
int request_del_flashnode(struct netlink *nl, uint64_t handle, uint32_t host_no, uint32_t index);
/* The card logs in or out, which takes as long as the target; -EPERM of a login: it is logged in; -ESRCH of a logout: it is not. */
int request_login_flashnode(struct netlink *nl, uint64_t handle, uint32_t host_no, uint32_t index);
int request_logout_flashnode(struct netlink *nl, uint64_t handle, uint32_t host_no, uint32_t index);
int request_logout_flashnode_sid(struct netlink *nl, uint64_t handle, uint32_t host_no, uint32_t sid);

/* custom: room for custom_max counters of the driver, or NULL; *ret_custom_count: how many were written. */
int request_get_host_stats(struct netlink *nl, uint64_t handle, uint32_t host_no, struct iscsi_host_stats *ret_stats,
			   struct iscsi_stats_custom *custom, unsigned int custom_max, unsigned int *ret_custom_count);

#endif
