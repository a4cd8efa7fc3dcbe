/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The record store: named text values in two tables, in one GDBM file DIR/openhba.db.
 * Everything is a transaction. A reader opens the file as it finds it and keeps that state until it
 * ends; it takes no lock and never waits, not even for a writer that sleeps half way. A writer
 * holds DIR/lock by flock(2), which dies with it; its first change copies the file to
 * DIR/openhba.db.new, later ones go there, and store_commit() syncs the copy and renames it over
 * the old file. Whatever kills the writer or the machine leaves the old or the new content, whole.
 * What the values mean is lib/record's business. The store logs nothing, and nothing here may be
 * called in recovery.
 *
 * The database file is hostile input. What it must fulfil before GDBM sees it, and what GDBM is
 * thereby kept from, is written in lib/store_gate.h; a file that fails is -EUCLEAN and is never
 * changed or removed.
 *
 * Results are 0 or a negative errno. Besides what each function names: -EUCLEAN the file is damaged
 * or not ours, -EPROTO it was written by a newer format, -ENOMEM, and what the system says about
 * files (-EACCES, -EIO, -ENOSPC, -EROFS, ...).
 */
#ifndef OPENHBA_LIB_STORE_H
#define OPENHBA_LIB_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STORE_KEY_MAX 2048	      /* bytes of a key, without its NUL */
#define STORE_VALUE_MAX (1024 * 1024) /* bytes of a value */
#define STORE_WAIT_MS 10000	      /* how long store_begin() waits for another writer */

enum store_table {
	STORE_NODE,
	STORE_DISCOVERY,
};

enum store_mode {
	STORE_READ,
	STORE_WRITE,
};

/* Is there a database in folder @dir? What is in it may still be damaged. */
bool store_exists(const char *dir);

/* A transaction, owned by who began it, ended by exactly one of store_commit() and store_drop().
 * One thread at a time. */
struct store;

/*
 * Called for each key of a walk. @key is valid during the call only; the value is fetched with
 * store_get(@store, ...) by those who want it. Changing @store from inside is allowed. Nonzero ends
 * the walk and is its result.
 */
typedef int store_each_fn(struct store *store, const char *key, void *data);

/*
 * Begin a transaction on the database in folder @dir.
 * STORE_READ: a missing folder or file is an empty store.
 * STORE_WRITE: @dir is made with mode 0700 if missing (its parent must exist), files are 0600, and
 * what a killed writer left behind is removed. Waits up to @wait_ms milliseconds for another writer
 * (0: do not wait, -1: without limit), then -EAGAIN. The lock is released by commit, drop or the
 * death of the process; a child made by fork() without exec shares it, so do not fork inside a
 * transaction, and never hold one across the network. *ret_store is set only on success.
 */
int store_begin_wait(const char *dir, enum store_mode mode, int wait_ms, struct store **ret_store)
	__attribute__((warn_unused_result));

/* store_begin_wait() with STORE_WAIT_MS. */
int store_begin(const char *dir, enum store_mode mode, struct store **ret_store)
	__attribute__((warn_unused_result));

/*
 * The value of @key, own changes included: *ret_value is allocated (the caller frees it) and has a
 * NUL after its *ret_len bytes; ret_len may be NULL. To learn only whether the key exists,
 * ret_value may be NULL as well. -ENOENT no such key; -EINVAL the key is empty or longer than
 * STORE_KEY_MAX.
 */
int store_get(struct store *store, enum store_table table, const char *key, char **ret_value,
	      size_t *ret_len) __attribute__((warn_unused_result));

/*
 * Set @key to the @len bytes at @value, new or not. Putting the value a key already has changes
 * nothing. -EBADF in a STORE_READ transaction; -EINVAL the key is empty or too long, or the value
 * is longer than STORE_VALUE_MAX or has a NUL in it. After any other error the transaction cannot
 * be committed any more.
 */
int store_put(struct store *store, enum store_table table, const char *key, const char *value,
	      size_t len) __attribute__((warn_unused_result));

/* Remove @key. -ENOENT no such key (nothing is changed); the rest as for store_put(). */
int store_delete(struct store *store, enum store_table table, const char *key)
	__attribute__((warn_unused_result));

/*
 * Call @fn for every key of @table that starts with @prefix ("" or NULL: every key), in the order
 * of strcmp(). The keys are those at the time of the call, own changes included; what @fn adds or
 * removes does not alter the walk. 0, what @fn ended the walk with, or an error before the first
 * call.
 */
int store_each(struct store *store, enum store_table table, const char *prefix, store_each_fn *fn,
	       void *data) __attribute__((warn_unused_result));

/* How large the database was at the start of the transaction, in bytes: the file, and what of it is in use; 0 for none. */
void store_size(const struct store *store, uint64_t *ret_file_bytes, uint64_t *ret_used_bytes);

/*
 * Make the changes of a STORE_WRITE transaction the content of the database, on disk when this
 * returns 0, and end it. Without changes, or on a STORE_READ transaction, just ends it: no new
 * file. On error the old content stands; only if syncing the folder failed, the very last step, the
 * new content is there and a power cut may still undo it.
 * @store is freed in every case. -ECANCELED an earlier change of this transaction failed; -EFBIG
 * the file would pass the 4 GiB the store reads.
 */
int store_commit(struct store *store) __attribute__((warn_unused_result));

/* End a transaction and forget its changes. NULL is fine. */
void store_drop(struct store *store);

/* For _cleanup_: drops *store. */
static inline void store_dropp(struct store **store)
{
	store_drop(*store);
}

#endif
