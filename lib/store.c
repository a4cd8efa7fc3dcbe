/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The record store as transactions on one GDBM file. Called by whoever reads or changes records:
 * adm, daemon, iface. A transaction starts on the file as it is. Its first change puts a copy
 * beside it, which commit renames over it; the file itself is never written, so readers need no
 * lock. What GDBM may open is decided by the gate (lib/store_gate.h), how rows are named by
 * lib/store_key.h. Never logs, never waits but for another writer, never holds a file open between
 * calls other than those of the transaction.
 */
#include <errno.h>
#include <fcntl.h>
#include <gdbm.h>
#include <linux/fs.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/store.h"
#include "lib/store_gate.h"
#include "lib/store_key.h"

#define DB_NAME "openhba.db"
/* One name is enough: only the holder of the lock has such a file. */
#define NEW_NAME "openhba.db.new"
#define LOCK_NAME "lock"
#define LOCK_POLL_MAX_MS 16

/* A file longer than this with less than a third in use is written anew instead of copied. */
#define COMPACT_MIN_BYTES (1024 * 1024)

#define DB_FLAGS (GDBM_NOLOCK | GDBM_NOMMAP | GDBM_CLOEXEC)

struct store {
	int dir_fd;		/* -1: the folder is missing, STORE_READ only */
	int lock_fd;		/* -1: STORE_READ */
	int file_fd;		/* the file behind db: the one found, or the copy; -1 without db */
	GDBM_FILE db;		/* NULL: there is no file yet */
	struct store_salt salt; /* of db */
	struct gate_report report; /* of the file found */
	bool is_changed;	   /* file_fd is the copy */
	int error;		   /* the change that failed: no commit any more */
};

/* What GDBM last complained about: the system's reason if there is one, else the file is to blame.
 */
static int db_error(void)
{
	if (gdbm_errno == GDBM_MALLOC_ERROR)
		return -ENOMEM;
	if (gdbm_errno != GDBM_NO_ERROR && gdbm_check_syserr(gdbm_errno) && errno > 0)
		return -errno;
	return -EUCLEAN;
}

static datum datum_of(const char *bytes, size_t len)
{
	return (datum){.dptr = (char *)bytes, .dsize = (int)len};
}

/* GDBM owns and closes the descriptor it is given, so it gets its own. */
static int db_open(int fd, int mode, GDBM_FILE *ret_db)
{
	int own = fcntl(fd, F_DUPFD_CLOEXEC, 3);

	if (own < 0)
		return -errno;
	lseek(own, 0, SEEK_SET);
	errno = 0;
	*ret_db = gdbm_fd_open(own, DB_NAME, GATE_BLOCK,
			       mode | DB_FLAGS | GDBM_CLOERROR | GDBM_BSEXACT, NULL);
	return *ret_db ? 0 : db_error();
}

static int db_fetch(GDBM_FILE db, datum key, datum *ret_value)
{
	errno = 0;
	*ret_value = gdbm_fetch(db, key);
	if (ret_value->dptr)
		return 0;
	return gdbm_errno == GDBM_ITEM_NOT_FOUND ? -ENOENT : db_error();
}

static int db_store(GDBM_FILE db, datum key, datum value)
{
	errno = 0;
	return gdbm_store(db, key, value, GDBM_REPLACE) ? db_error() : 0;
}

static int db_put_format(GDBM_FILE db, const struct store_salt *salt)
{
	char text[STORE_FORMAT_TEXT];
	size_t len = store_format_print(salt, text);

	return db_store(db, datum_of(STORE_FORMAT_KEY, strlen(STORE_FORMAT_KEY)),
			datum_of(text, len));
}

static int db_get_format(GDBM_FILE db, struct store_salt *ret_salt)
{
	datum value;
	int err;

	err = db_fetch(db, datum_of(STORE_FORMAT_KEY, strlen(STORE_FORMAT_KEY)), &value);
	if (err)
		return err == -ENOENT ? -EUCLEAN : err;
	err = store_format_parse(value.dptr, (size_t)value.dsize, ret_salt);
	free(value.dptr);
	return err;
}

/*
 * All rows of a file being changed. GDBM finds the next row by the name of the last. In a damaged
 * file that can go in circles (a name twice) or end early (a name where it is not looked for), so
 * the walk must meet as many rows as the buckets count.
 */
static int db_each(GDBM_FILE db, gate_name_fn *fn, void *data)
{
	gdbm_count_t count, met = 0;
	datum name, next;
	int result = 0;

	errno = 0;
	if (gdbm_count(db, &count))
		return db_error();
	for (name = gdbm_firstkey(db); name.dptr && !result; name = next) {
		result = met++ == count ? -EUCLEAN : fn(name.dptr, (size_t)name.dsize, data);
		next = gdbm_nextkey(db, name);
		free(name.dptr);
	}
	if (result) {
		free(name.dptr);
		return result;
	}
	if (gdbm_errno != GDBM_ITEM_NOT_FOUND)
		return db_error();
	return met == count ? 0 : -EUCLEAN;
}

static int open_file(struct store *store)
{
	int err;

	store->file_fd =
		openat(store->dir_fd, DB_NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (store->file_fd < 0)
		return errno == ENOENT ? 0 : -errno;
	err = gate_check(store->file_fd, GATE_READ, &store->report);
	if (!err)
		err = db_open(store->file_fd, GDBM_READER, &store->db);
	if (!err)
		err = db_get_format(store->db, &store->salt);
	return err;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int lock_poll(int fd, int wait_ms)
{
	int64_t end_ms = now_ms() + wait_ms;
	int pause_ms = 1;

	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno == EINTR)
			continue;
		if (errno != EWOULDBLOCK)
			return -errno;
		if (now_ms() >= end_ms)
			return -EAGAIN;
		nanosleep(&(struct timespec){.tv_nsec = pause_ms * 1000000L}, NULL);
		if (pause_ms < LOCK_POLL_MAX_MS)
			pause_ms *= 2;
	}
	return 0;
}

static int lock_take(int fd, int wait_ms)
{
	if (wait_ms >= 0)
		return lock_poll(fd, wait_ms);
	while (flock(fd, LOCK_EX) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

static int sync_parent(int dir_fd)
{
	int fd = openat(dir_fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int err = 0;

	if (fd < 0)
		return -errno;
	if (fsync(fd) < 0)
		err = -errno;
	close(fd);
	return err;
}

static int open_dir(struct store *store, const char *dir, enum store_mode mode)
{
	bool is_made = mode == STORE_WRITE && mkdir(dir, 0700) == 0;

	store->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (store->dir_fd < 0)
		return -errno;
	return is_made ? sync_parent(store->dir_fd) : 0;
}

/* Under the lock, a file being written belongs to nobody alive. */
static int begin_write(struct store *store, int wait_ms)
{
	int err;

	store->lock_fd =
		openat(store->dir_fd, LOCK_NAME, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (store->lock_fd < 0)
		return -errno;
	err = lock_take(store->lock_fd, wait_ms);
	if (err)
		return err;
	if (unlinkat(store->dir_fd, NEW_NAME, 0) < 0 && errno != ENOENT)
		return -errno;
	return 0;
}

static int begin(struct store *store, const char *dir, enum store_mode mode, int wait_ms)
{
	int err;

	err = open_dir(store, dir, mode);
	if (err)
		return err == -ENOENT && mode == STORE_READ ? 0 : err;
	if (mode == STORE_WRITE)
		err = begin_write(store, wait_ms);
	return err ? err : open_file(store);
}

int store_begin_wait(const char *dir, enum store_mode mode, int wait_ms, struct store **ret_store)
{
	struct store *store;
	int err;

	store = calloc(1, sizeof(*store));
	if (!store)
		return -ENOMEM;
	store->dir_fd = -1;
	store->lock_fd = -1;
	store->file_fd = -1;
	err = begin(store, dir, mode, wait_ms);
	if (err) {
		store_drop(store);
		return err;
	}
	*ret_store = store;
	return 0;
}

int store_begin(const char *dir, enum store_mode mode, struct store **ret_store)
{
	return store_begin_wait(dir, mode, STORE_WAIT_MS, ret_store);
}

static int row_exists(struct store *store, const struct store_key *key)
{
	errno = 0;
	if (gdbm_exists(store->db, datum_of(key->name, key->len)))
		return 0;
	return gdbm_errno == GDBM_NO_ERROR || gdbm_errno == GDBM_ITEM_NOT_FOUND ? -ENOENT
										: db_error();
}

static int row_get(struct store *store, const struct store_key *key, char **ret_value,
		   size_t *ret_len)
{
	datum value;
	char *text;
	int err;

	err = db_fetch(store->db, datum_of(key->name, key->len), &value);
	if (err)
		return err;
	if (memchr(value.dptr, '\0', (size_t)value.dsize)) {
		free(value.dptr);
		return -EUCLEAN;
	}
	text = realloc(value.dptr, (size_t)value.dsize + 1);
	if (!text) {
		free(value.dptr);
		return -ENOMEM;
	}
	text[value.dsize] = '\0';
	*ret_value = text;
	if (ret_len)
		*ret_len = (size_t)value.dsize;
	return 0;
}

int store_get(struct store *store, enum store_table table, const char *key, char **ret_value,
	      size_t *ret_len)
{
	struct store_key name;
	int err;

	err = store_key_make(&store->salt, table, key, &name);
	if (err)
		return err;
	if (!store->db)
		return -ENOENT;
	return ret_value ? row_get(store, &name, ret_value, ret_len) : row_exists(store, &name);
}

/* By read() and write(), for file systems that can do neither of the better ways. */
static int copy_plain(int from, int to, off_t done)
{
	char buffer[64 * 1024];
	ssize_t got, put, at;

	while ((got = pread(from, buffer, sizeof(buffer), done)) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		for (at = 0; at<got; at += put> 0 ? put : 0) {
			put = pwrite(to, buffer + at, (size_t)(got - at), done + at);
			if (put < 0 && errno != EINTR)
				return -errno;
		}
		done += got;
	}
	return 0;
}

static int copy_file(int from, int to, off_t size)
{
	off_t in = 0, out = 0;
	ssize_t got;

	if (ioctl(to, FICLONE, from) == 0)
		return 0;
	while (in < size) {
		got = copy_file_range(from, &in, to, &out, (size_t)(size - in), 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
	}
	return in < size ? copy_plain(from, to, in) : 0;
}

struct compact {
	GDBM_FILE from;
	GDBM_FILE to;
};

static int compact_row(const char *name, size_t len, void *data)
{
	struct compact *compact = data;
	datum value;
	int err;

	err = db_fetch(compact->from, datum_of(name, len), &value);
	if (err)
		return err == -ENOENT ? -EUCLEAN : err;
	err = db_store(compact->to, datum_of(name, len), value);
	free(value.dptr);
	return err;
}

/* All rows, written anew: drops unused space, and free lists that are damaged. */
static int compact_into(struct store *store, int fd, GDBM_FILE *ret_db)
{
	struct compact compact = {.from = store->db};
	int err;

	if (ftruncate(fd, 0) < 0)
		return -errno;
	err = db_open(fd, GDBM_NEWDB, &compact.to);
	if (err)
		return err;
	err = db_each(compact.from, compact_row, &compact);
	if (err)
		gdbm_close(compact.to);
	else
		*ret_db = compact.to;
	return err;
}

/* The copy is what the gate looks at: whatever happens to the file found, GDBM changes only bytes
 * that were checked. */
static int copy_into(struct store *store, int fd, GDBM_FILE *ret_db)
{
	struct gate_report report;
	int err;

	if (store->report.file_bytes > COMPACT_MIN_BYTES &&
	    store->report.used_bytes < store->report.file_bytes / 3)
		return compact_into(store, fd, ret_db);
	err = copy_file(store->file_fd, fd, (off_t)store->report.file_bytes);
	if (err)
		return err;
	err = gate_check(fd, GATE_WRITE, &report);
	if (err == -EUCLEAN)
		return compact_into(store, fd, ret_db);
	return err ? err : db_open(fd, GDBM_WRITER, ret_db);
}

static int create_into(struct store *store, int fd, GDBM_FILE *ret_db)
{
	int err;

	err = store_salt_make(&store->salt);
	if (!err)
		err = db_open(fd, GDBM_NEWDB, ret_db);
	if (err)
		return err;
	err = db_put_format(*ret_db, &store->salt);
	if (err)
		gdbm_close(*ret_db);
	return err;
}

/* Before the first change: from here on, the transaction works on its own copy. */
static int own_copy(struct store *store)
{
	GDBM_FILE db = NULL;
	int fd, err;

	if (store->is_changed)
		return 0;
	fd = openat(store->dir_fd, NEW_NAME, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
		    0600);
	if (fd < 0)
		return -errno;
	err = store->db ? copy_into(store, fd, &db) : create_into(store, fd, &db);
	if (err) {
		close(fd);
		unlinkat(store->dir_fd, NEW_NAME, 0);
		return err;
	}
	if (store->db)
		gdbm_close(store->db);
	if (store->file_fd >= 0)
		close(store->file_fd);
	store->db = db;
	store->file_fd = fd;
	store->is_changed = true;
	return 0;
}

static bool has_value(struct store *store, const struct store_key *key, const char *value,
		      size_t len)
{
	datum old;
	bool is_equal;

	if (!store->db || db_fetch(store->db, datum_of(key->name, key->len), &old))
		return false;
	is_equal = (size_t)old.dsize == len && !memcmp(old.dptr, value, len);
	free(old.dptr);
	return is_equal;
}

static int may_write(struct store *store)
{
	return store->lock_fd < 0 ? -EBADF : store->error;
}

int store_put(struct store *store, enum store_table table, const char *key, const char *value,
	      size_t len)
{
	struct store_key name;
	int err;

	err = may_write(store);
	if (err)
		return err;
	if (len > STORE_VALUE_MAX || (len && memchr(value, '\0', len)))
		return -EINVAL;
	/* A file to come has its salt from own_copy(), so the key is named after that. */
	err = store_key_make(&store->salt, table, key, &name);
	if (err)
		return err;
	if (!store->is_changed && has_value(store, &name, value, len))
		return 0;
	err = own_copy(store);
	if (!err)
		err = store_key_make(&store->salt, table, key, &name);
	if (!err)
		err = db_store(store->db, datum_of(name.name, name.len), datum_of(value, len));
	store->error = err;
	return err;
}

int store_delete(struct store *store, enum store_table table, const char *key)
{
	struct store_key name;
	int err;

	err = may_write(store);
	if (!err)
		err = store_get(store, table, key, NULL, NULL);
	if (!err)
		err = store_key_make(&store->salt, table, key, &name);
	if (err)
		return err;
	err = own_copy(store);
	if (!err) {
		errno = 0;
		err = gdbm_delete(store->db, datum_of(name.name, name.len)) ? db_error() : 0;
	}
	store->error = err;
	return err;
}

/* The keys of one walk: their text in one buffer, then pointers into it. */
struct key_list {
	const struct store *store;
	enum store_table table;
	const char *prefix;
	size_t prefix_len;
	char *text;
	size_t text_len;
	size_t text_room;
	size_t count;
};

static int key_list_grow(struct key_list *list, size_t need)
{
	size_t room = list->text_room ? list->text_room * 2 : 64 * 1024;
	char *grown;

	if (list->text_room - list->text_len >= need)
		return 0;
	grown = realloc(list->text, room);
	if (!grown)
		return -ENOMEM;
	list->text = grown;
	list->text_room = room;
	return 0;
}

static int key_list_add(const char *name, size_t len, void *data)
{
	struct key_list *list = data;
	int start = store_key_parse(&list->store->salt, list->table, name, len);
	int err;

	if (start <= 0)
		return start;
	name += start;
	len -= (size_t)start;
	if (len < list->prefix_len || memcmp(name, list->prefix, list->prefix_len))
		return 0;
	err = key_list_grow(list, len + 1);
	if (err)
		return err;
	memcpy(list->text + list->text_len, name, len);
	list->text[list->text_len + len] = '\0';
	list->text_len += len + 1;
	list->count++;
	return 0;
}

static int compare_keys(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A key that occurs twice comes from a damaged file. */
static int key_list_sort(const struct key_list *list, const char ***ret_keys)
{
	const char **keys = calloc(list->count + 1, sizeof(*keys));
	const char *at = list->text;
	size_t i;

	if (!keys)
		return -ENOMEM;
	for (i = 0; i < list->count; i++, at += strlen(at) + 1)
		keys[i] = at;
	qsort(keys, list->count, sizeof(*keys), compare_keys);
	for (i = 1; i < list->count; i++) {
		if (strcmp(keys[i - 1], keys[i]))
			continue;
		free(keys);
		return -EUCLEAN;
	}
	*ret_keys = keys;
	return 0;
}

int store_each(struct store *store, enum store_table table, const char *prefix, store_each_fn *fn,
	       void *data)
{
	struct key_list list = {.store = store, .table = table, .prefix = prefix ? prefix : ""};
	const char **keys = NULL;
	int result;
	size_t i;

	if (!store->db)
		return 0;
	list.prefix_len = strlen(list.prefix);
	if (store->is_changed)
		result = db_each(store->db, key_list_add, &list);
	else
		result = gate_each(store->file_fd, key_list_add, &list);
	if (!result)
		result = key_list_sort(&list, &keys);
	for (i = 0; !result && i < list.count; i++)
		result = fn(store, keys[i], data);
	free(keys);
	free(list.text);
	return result;
}

static int close_db(struct store *store)
{
	GDBM_FILE db = store->db;

	store->db = NULL;
	errno = 0;
	return db && gdbm_close(db) ? db_error() : 0;
}

/* A file the gate would not let in again must not come to be. */
static int publish(struct store *store)
{
	struct gate_report report;
	int err;

	err = close_db(store);
	if (!err)
		err = gate_check(store->file_fd, GATE_READ, &report);
	if (err)
		return err;
	if (fsync(store->file_fd) < 0)
		return -errno;
	if (renameat(store->dir_fd, NEW_NAME, store->dir_fd, DB_NAME) < 0)
		return -errno;
	store->is_changed = false;
	return fsync(store->dir_fd) < 0 ? -errno : 0;
}

int store_commit(struct store *store)
{
	int err = store->error ? -ECANCELED : 0;

	if (!err && store->is_changed)
		err = publish(store);
	store_drop(store);
	return err;
}

void store_drop(struct store *store)
{
	if (!store)
		return;
	close_db(store);
	if (store->is_changed)
		unlinkat(store->dir_fd, NEW_NAME, 0);
	if (store->file_fd >= 0)
		close(store->file_fd);
	if (store->lock_fd >= 0)
		close(store->lock_fd);
	if (store->dir_fd >= 0)
		close(store->dir_fd);
	free(store);
}

bool store_exists(const char *dir)
{
	struct stat status;
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool exists = fd >= 0 && !fstatat(fd, DB_NAME, &status, AT_SYMLINK_NOFOLLOW);

	if (fd >= 0)
		close(fd);
	return exists;
}

void store_size(const struct store *store, uint64_t *ret_file_bytes, uint64_t *ret_used_bytes)
{
	*ret_file_bytes = store->db ? store->report.file_bytes : 0;
	*ret_used_bytes = store->db ? store->report.used_bytes : 0;
}
