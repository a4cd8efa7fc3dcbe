/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The gate in front of GDBM: reads a database file with bounded pread()s and decides whether GDBM
 * may open it. Called by lib/store.c before every gdbm_fd_open() and before a new file is
 * published, and to list keys; never writes, never calls GDBM. The file is GDBM's standard 64-bit
 * form (magic 0x13579acf) in this machine's byte order with blocks of GATE_BLOCK bytes, which is
 * what lib/store.c creates; every other form is refused.
 *
 *   | header + free list | directory: 2^dir_bits offsets | bucket | bucket | ... | key value | free
 * | key value | ...
 *
 * What a file fulfils that passes GATE_READ:
 *  - it is a regular file of at most GATE_FILE_MAX bytes, as long as its header says: not
 * truncated, nothing appended;
 *  - sizes, counts and the directory agree with each other; each bucket is named by exactly one
 * aligned directory range, all of it lies in the file, and all buckets together are no longer than
 * the file;
 *  - each row belongs into the bucket it is in, has a key of 1..GATE_KEY_MAX and a value of
 * 0..GATE_VALUE_MAX bytes that lie in the file, and all rows together are no longer than the file:
 * a walk reads each byte at most once, on average;
 *  - the free lists of header and buckets are within bounds.
 * GATE_WRITE adds what GDBM relies on when it changes the file: the chain of free list blocks ends,
 * nothing overlaps (header, directory, buckets, rows, free space), and no bucket is filled with so
 * many equal hashes that its next split would double the directory without end. The gate does not
 * judge keys and values: that a key belongs to its hash, that no key occurs twice and that text is
 * text is checked where rows are read. GDBM reads the file without mmap, so a file cut short behind
 * the gate's back gives an error, not SIGBUS.
 */
#ifndef OPENHBA_LIB_STORE_GATE_H
#define OPENHBA_LIB_STORE_GATE_H

#include <stddef.h>
#include <stdint.h>

/* 1024 directory entries and 338 rows a bucket: the directory first doubles near 290,000 rows. */
#define GATE_BLOCK 8192
#define GATE_FILE_MAX (4LL << 30)
#define GATE_KEY_MAX (2048 + 64)
#define GATE_VALUE_MAX (1024 * 1024)

enum gate_depth {
	GATE_READ,
	GATE_WRITE,
};

/* What a file that passed holds. */
struct gate_report {
	uint64_t file_bytes;
	uint64_t used_bytes; /* keys, values, buckets, directory and header; the rest is free or
				lost */
	uint64_t rows;
};

/*
 * Check the file open at @fd; its offset is neither used nor moved. *ret_report is set only on
 * success. -EUCLEAN the file does not pass, -EFBIG it is longer than GATE_FILE_MAX, -ENOMEM, or
 * what fstat() and pread() say.
 */
int gate_check(int fd, enum gate_depth depth, struct gate_report *ret_report)
	__attribute__((warn_unused_result));

/* Meets the name of one row, valid during the call only, with no NUL behind. Nonzero ends the walk
 * and is its result. */
typedef int gate_name_fn(const char *name, size_t len, void *data);

/*
 * Check the file as gate_check(GATE_READ) does, then call @fn for the name of every row, in the
 * order they lie in the file: that takes one large read for hundreds of rows, where GDBM's walk
 * takes two system calls and a search for each. What @fn ended the walk with, or an error as of
 * gate_check().
 */
int gate_each(int fd, gate_name_fn *fn, void *data) __attribute__((warn_unused_result));

#endif
