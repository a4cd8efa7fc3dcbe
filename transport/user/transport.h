/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The transports (data paths): the rows of transports.def, loading their kernel modules, and finding the number by which the kernel
 * knows them. A transport the kernel has and we do not know is skipped, never an error.
 */
#ifndef OPENHBA_TRANSPORT_USER_TRANSPORT_H
#define OPENHBA_TRANSPORT_USER_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "transport/abi/iscsi_if.h"

#define TRANSPORT_NAME_BYTES 16
#define TRANSPORT_ROWS_MAX   16

enum transport_flag {
	TRANSPORT_SOCKET = 0x01,
	TRANSPORT_ENDPOINT = 0x02,
	TRANSPORT_FIRMWARE = 0x04,
	TRANSPORT_NEEDS_IP = 0x08,
	TRANSPORT_MAY_IP = 0x10,
	TRANSPORT_NICD = 0x20,
	TRANSPORT_RDMA = 0x40,
	TRANSPORT_FORCE_R2T = 0x80,
	TRANSPORT_ONE_VLAN = 0x100,
	TRANSPORT_PING = 0x200,
	TRANSPORT_ENTITIES = 0x400,
};

struct transport_row {
	const char *name;
	const char *module;
	const char *proc_name;
	const char *sentence;
	unsigned int flags;		/* enum transport_flag */
	uint32_t recv_max;		/* bytes, 0: no limit of the card */
	uint32_t xmit_max;
	uint32_t first_burst_max;
	uint32_t max_burst_max;
};

/* The row of a transport by name ("rdma" is "iser"), by its hosts' proc_name, or by place (0, 1, ...); NULL if there is none. */
const struct transport_row *transport_find(const char *name);
const struct transport_row *transport_find_proc(const char *proc_name);
const struct transport_row *transport_at(size_t place);
size_t transport_place(const struct transport_row *row);	/* below TRANSPORT_ROWS_MAX */

/* A card with hosts that exist without sessions; a session leaves from the one its iface names. */
bool transport_is_adapter(const struct transport_row *row);

/*
 * The number for the kernel ABI, and the capabilities (enum iscsi_caps) of a registered transport.
 * -ENODEV: it is not registered (its module is not loaded); -EACCES: not root; -EINVAL: the kernel shows nonsense.
 */
int transport_handle(const char *root, const char *name, uint64_t *ret_handle, uint32_t *ret_caps);

/*
 * Makes sure that the transport is registered: does nothing if it already is (built in, or a container without /lib/modules), else
 * loads its module and those it needs with libkmod. Where others load it at the same time, returns when it is registered whole: after 0,
 * transport_handle() finds it. Blocks on disk and on the driver: for start-up or a worker thread.
 * -EPROTONOSUPPORT: no row of that name; -ENOENT: no such module; -EINVAL: the kernel shows nonsense; -EPERM, ...: of the kernel.
 */
int transport_load(const char *root, const char *name);

/* Loads scsi_transport_iscsi, so that netlink_open() works before any transport is loaded. Nothing to do if the class exists. */
int transport_load_class(const char *root);

#endif
