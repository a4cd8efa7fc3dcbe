/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What lets the daemon work while the disk that holds its own pages is lost: locked memory, protection from the OOM killer, a
 * better priority, and allocations that do not wait for I/O. Each may be forbidden (containers); the caller warns and goes on.
 */
#ifndef OPENHBA_LIB_MEMORY_LOCK_H
#define OPENHBA_LIB_MEMORY_LOCK_H

/*
 * Locks all pages: present ones at once, future ones when they are touched first. -EPERM, -ENOMEM: not permitted; then nothing
 * is locked, because a limit on locked memory would make later allocations fail. Ask before starting threads.
 */
int memory_lock(void);

/* Locks programs and libraries that were loaded since: a late one must not be read from a lost disk. The errors of mlock(). */
int memory_lock_code(void);

int memory_lock_oom(void);		/* OOM score -1000: -EACCES, -ENOENT (no /proc), ... */
int memory_lock_nice(int nice);		/* nice value -20..19: -EACCES, -EPERM */
int memory_lock_io_flusher(void);	/* PR_SET_IO_FLUSHER: -EPERM; -EINVAL on kernels before 5.6 */

#endif
