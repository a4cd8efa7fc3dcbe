/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The memory of one guest as one PCI function sees it by DMA: what QEMU has mapped for it, and nothing else. The only gate to guest
 * memory: each address and length that a guest gives is checked here, every time. Filled by vfio_user.c, used by everything that
 * follows an address out of a register, a mailbox buffer or a ring. Never keeps a pointer for its callers.
 */
#ifndef OPENHBA_TESTS_HBA_GUEST_H
#define OPENHBA_TESTS_HBA_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

struct guest;

#define GUEST_MAPS_MAX 1024

/*
 * The first guest takes SIGBUS: memory whose file was cut under a mapping reads as zeros once and is -EFAULT from then on.
 * The owner is the function's struct vfio_user. -ENOMEM.
 */
int guest_new(struct guest **ret_guest);
void guest_free(struct guest *guest);			/* NULL is fine */

/*
 * bytes at guest address addr are those of fd from offset on (fd stays the caller's and may be closed afterwards).
 * -EINVAL: size 0, an address that wraps, not aligned to pages, a file that is shorter or that is not memory (memfd, tmpfs, hugetlbfs);
 * -EEXIST: overlaps what is mapped; -ENOSPC: GUEST_MAPS_MAX; or what mmap(2) says.
 */
int guest_map(struct guest *guest, uint64_t addr, uint64_t size, int fd, uint64_t offset, bool may_write);
/* Takes away what lies in the range; nothing there is fine. -EINVAL: it would cut a mapping in two (then nothing is taken away). */
int guest_unmap(struct guest *guest, uint64_t addr, uint64_t size);
void guest_unmap_all(struct guest *guest);

/* Copies; the range may cross mappings. -EFAULT: not all of it is mapped (or may not be written); then nothing was copied. */
int guest_read(struct guest *guest, uint64_t addr, void *buffer, size_t len);
int guest_write(struct guest *guest, uint64_t addr, const void *buffer, size_t len);

/*
 * The range as at most max pieces for readv(2) or writev(2): no copy. write: the guest's memory will be written. Valid only until the
 * event loop is entered again, for QEMU may take the mapping away then. The guest may change the bytes at any moment: look at
 * them once, or copy. Returns the number of pieces (0 for len 0). -EFAULT as above; -E2BIG: more than max pieces.
 */
int guest_vector(struct guest *guest, uint64_t addr, size_t len, bool write, struct iovec *pieces, int max);

#endif
