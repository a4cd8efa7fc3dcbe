/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One PCI function offered to QEMU over a unix socket: the server's side of vfio-user 0.0. Decides what a message may ask for, carries
 * register accesses to the function, the guest's memory into struct guest, and the level of the interrupt line (INTx) to QEMU. One client
 * at a time; when it goes, the next one is served, as after a hot-plug. A client that breaks the protocol is logged and dropped.
 *
 *	vfio_user_new() -> make the chip with it -> vfio_user_start() -> ... -> vfio_user_free(), then free the chip
 */
#ifndef OPENHBA_TESTS_HBA_VFIO_USER_H
#define OPENHBA_TESTS_HBA_VFIO_USER_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/loop.h"
#include "tests/hba/guest.h"
#include "tests/hba/pci.h"

struct vfio_user;

/* Since the start of the process. */
struct vfio_user_counters {
	uint64_t clients, dropped;			/* dropped: for what they sent */
	uint64_t reads, writes;				/* of BARs */
	uint64_t refused;				/* messages answered by an error */
	uint64_t interrupts;				/* told to QEMU */
	uint64_t maps, unmaps;
	uint64_t polls, poll_hits;			/* short waits for the next message without sleep, and those that saw one */
};

/* loop is borrowed. Offers nothing yet. -ENOMEM */
int vfio_user_new(struct loop *loop, struct vfio_user **ret_function);
/* Drops the client; the chip's reset is not called any more. Removes the socket from the file system. NULL is fine. */
void vfio_user_free(struct vfio_user *v);

/*
 * Listens at path for one client after the other (an old socket there is replaced; clients of other users than root and ours are sent
 * away). identity, ops and data are borrowed until vfio_user_free(); ops->reset is called first of all. path NULL: nobody can come but by
 * vfio_user_attach(). -EADDRINUSE: something else serves path; -EEXIST: it is no socket; -ENAMETOOLONG; or what socket calls say.
 */
int vfio_user_start(struct vfio_user *v, const char *path, const struct pci_identity *identity, const struct pci_function_ops *ops,
		    void *data);
/* Serves a client that is there already; the socket becomes v's, also on errors. -EBUSY: another is being served. */
int vfio_user_attach(struct vfio_user *v, int socket);

/* The line's level as the chip drives it; told to QEMU when it rises and is not masked, and again at each unmask while it is high. */
void vfio_user_interrupt(struct vfio_user *v, bool level);

/* Out of its slot, whatever the guest does with it, until the next client. */
void vfio_user_pull(struct vfio_user *v);

/* What the guest's DMA reaches: empty without a client. Owned by v. */
struct guest *vfio_user_guest(struct vfio_user *v);
bool vfio_user_has_client(const struct vfio_user *v);
const struct vfio_user_counters *vfio_user_counters(const struct vfio_user *v);

/* How long to look for the next message before sleeping, in microseconds; 0: never. 50 by default. */
void vfio_user_set_poll(struct vfio_user *v, unsigned int poll_us);

#endif
