/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The record store: transactions, walks, limits, locks, and what it says to damaged files. Each
 * test has its own folder in memory. What happens to a writer killed half way is tests/store-kill's
 * part.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <cmocka.h>

#include "lib/store.h"

/* The folders of one test: the database's is made by the store. */
struct place {
	char base[64];
	char dir[80];
};

static int make_place(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	if (!place)
		return -1;
	snprintf(place->base, sizeof(place->base), "%s/store-XXXXXX",
		 access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
	if (!mkdtemp(place->base))
		return -1;
	snprintf(place->dir, sizeof(place->dir), "%s/db", place->base);
	*state = place;
	return 0;
}

static int path_of(const struct place *place, const char *name, char path[128])
{
	return snprintf(path, 128, "%s/%s", place->dir, name);
}

/* Nothing else may be in the folder: rmdir() is the check. */
static int remove_place(void **state)
{
	struct place *place = *state;
	char path[128];
	int failed;

	path_of(place, "openhba.db", path);
	unlink(path);
	path_of(place, "lock", path);
	unlink(path);
	failed = (rmdir(place->dir) < 0 && errno != ENOENT) || rmdir(place->base) < 0;
	free(place);
	return failed ? -1 : 0;
}

static struct store *begin(const struct place *place, enum store_mode mode)
{
	struct store *store = NULL;

	assert_int_equal(store_begin(place->dir, mode, &store), 0);
	return store;
}

static void put(struct store *store, const char *key, const char *value)
{
	assert_int_equal(store_put(store, STORE_NODE, key, value, strlen(value)), 0);
}

/* NULL as @value: there is no such key. */
static void expect(struct store *store, const char *key, const char *value)
{
	size_t len = 77;
	char *got = NULL;

	assert_int_equal(store_get(store, STORE_NODE, key, NULL, NULL), value ? 0 : -ENOENT);
	assert_int_equal(store_get(store, STORE_NODE, key, &got, &len), value ? 0 : -ENOENT);
	if (!value)
		return;
	assert_string_equal(got, value);
	assert_int_equal(len, strlen(value));
	free(got);
}

static void put_alone(const struct place *place, const char *key, const char *value)
{
	struct store *store = begin(place, STORE_WRITE);

	put(store, key, value);
	assert_int_equal(store_commit(store), 0);
}

static void expect_alone(const struct place *place, const char *key, const char *value)
{
	struct store *store = begin(place, STORE_READ);

	expect(store, key, value);
	store_drop(store);
}

/* The keys of a walk, each with a space behind. */
struct walk {
	char text[4096];
	int stop_after;
};

static int walk_key(struct store *store, const char *key, void *data)
{
	struct walk *walk = data;
	size_t len = strlen(walk->text);

	snprintf(walk->text + len, sizeof(walk->text) - len, "%s ", key);
	return walk->stop_after && --walk->stop_after == 0 ? 17 : 0;
}

static void expect_walk(struct store *store, enum store_table table, const char *prefix,
			const char *keys)
{
	struct walk walk = {.text = ""};

	assert_int_equal(store_each(store, table, prefix, walk_key, &walk), 0);
	assert_string_equal(walk.text, keys);
}

static struct stat stat_of(const struct place *place, const char *name)
{
	struct stat stat_buf = {0};
	char path[128];

	path_of(place, name, path);
	assert_int_equal(stat(path, &stat_buf), 0);
	return stat_buf;
}

static bool is_there(const struct place *place, const char *name)
{
	char path[128];

	path_of(place, name, path);
	return access(path, F_OK) == 0;
}

static void test_missing_is_empty(void **state)
{
	struct place *place = *state;
	struct store *store = begin(place, STORE_READ);

	expect(store, "a", NULL);
	expect_walk(store, STORE_NODE, "", "");
	assert_int_equal(store_put(store, STORE_NODE, "a", "1", 1), -EBADF);
	assert_int_equal(store_delete(store, STORE_NODE, "a"), -EBADF);
	assert_int_equal(store_commit(store), 0);
	assert_int_equal(access(place->dir, F_OK), -1);
	store_drop(NULL);
}

static void test_nothing_written(void **state)
{
	struct place *place = *state;
	struct store *store = begin(place, STORE_WRITE);
	struct stat before;

	assert_int_equal(store_delete(store, STORE_NODE, "a"), -ENOENT);
	assert_int_equal(store_commit(store), 0);
	assert_false(is_there(place, "openhba.db"));

	put_alone(place, "a", "1");
	before = stat_of(place, "openhba.db");
	put_alone(place, "a", "1");
	store = begin(place, STORE_WRITE);
	put(store, "b", "2");
	store_drop(store);
	assert_int_equal(before.st_ino, stat_of(place, "openhba.db").st_ino);
	expect_alone(place, "b", NULL);
	put_alone(place, "a", "2");
	assert_int_not_equal(before.st_ino, stat_of(place, "openhba.db").st_ino);
}

static void test_put_get_delete(void **state)
{
	struct place *place = *state;
	struct store *store = begin(place, STORE_WRITE);

	put(store, "a", "1");
	put(store, "a", "a longer value = than before\n");
	put(store, "empty", "");
	put(store, "gone", "x");
	assert_int_equal(store_delete(store, STORE_NODE, "gone"), 0);
	assert_int_equal(store_delete(store, STORE_NODE, "gone"), -ENOENT);
	expect(store, "a", "a longer value = than before\n");
	assert_int_equal(store_put(store, STORE_DISCOVERY, "a", "other", 5), 0);
	assert_int_equal(store_commit(store), 0);

	store = begin(place, STORE_READ);
	expect(store, "a", "a longer value = than before\n");
	expect(store, "empty", "");
	expect(store, "gone", NULL);
	expect_walk(store, STORE_NODE, NULL, "a empty ");
	expect_walk(store, STORE_DISCOVERY, NULL, "a ");
	assert_int_equal(store_put(store, STORE_NODE, "a", "1", 1), -EBADF);
	assert_int_equal(store_commit(store), 0);
	assert_int_equal(stat_of(place, ".").st_mode & 07777, 0700);
	assert_int_equal(stat_of(place, "openhba.db").st_mode & 07777, 0600);
	assert_int_equal(stat_of(place, "lock").st_mode & 07777, 0600);
}

static void test_walk(void **state)
{
	struct place *place = *state;
	struct store *store = begin(place, STORE_WRITE);
	struct walk walk = {.text = "", .stop_after = 2};

	put(store, "b,10", "");
	put(store, "b", "");
	put(store, "\xc3\xbc", "");
	put(store, "a", "");
	put(store, "b,9", "");
	put(store, "B", "");
	expect_walk(store, STORE_NODE, "", "B a b b,10 b,9 \xc3\xbc ");
	expect_walk(store, STORE_NODE, "b,", "b,10 b,9 ");
	expect_walk(store, STORE_NODE, "b,100", "");
	expect_walk(store, STORE_DISCOVERY, "", "");
	assert_int_equal(store_each(store, STORE_NODE, "", walk_key, &walk), 17);
	assert_string_equal(walk.text, "B a ");
	assert_int_equal(store_commit(store), 0);
}

/* Replaces each row by one of another name. */
static int rename_row(struct store *store, const char *key, void *data)
{
	char name[64], *value;
	int *count = data;

	(*count)++;
	snprintf(name, sizeof(name), "%s-new", key);
	assert_int_equal(store_get(store, STORE_NODE, key, &value, NULL), 0);
	put(store, name, value);
	free(value);
	return store_delete(store, STORE_NODE, key);
}

static void test_change_inside_a_walk(void **state)
{
	struct place *place = *state;
	struct store *store = begin(place, STORE_WRITE);
	int count = 0;

	put(store, "a", "1");
	put(store, "b", "2");
	put(store, "c", "3");
	assert_int_equal(store_commit(store), 0);
	store = begin(place, STORE_WRITE);
	assert_int_equal(store_each(store, STORE_NODE, "", rename_row, &count), 0);
	assert_int_equal(count, 3);
	assert_int_equal(store_commit(store), 0);
	store = begin(place, STORE_READ);
	expect_walk(store, STORE_NODE, "", "a-new b-new c-new ");
	expect(store, "b-new", "2");
	store_drop(store);
}

static void test_limits(void **state)
{
	struct place *place = *state;
	struct store *store = begin(place, STORE_WRITE);
	char *value = malloc(STORE_VALUE_MAX + 2), *key = malloc(STORE_KEY_MAX + 2);

	assert_true(value && key);
	memset(value, 'v', STORE_VALUE_MAX + 1);
	value[STORE_VALUE_MAX + 1] = '\0';
	memset(key, 'k', STORE_KEY_MAX + 1);
	key[STORE_KEY_MAX + 1] = '\0';
	assert_int_equal(store_put(store, STORE_NODE, key, "1", 1), -EINVAL);
	assert_int_equal(store_get(store, STORE_NODE, key, NULL, NULL), -EINVAL);
	assert_int_equal(store_delete(store, STORE_NODE, key), -EINVAL);
	assert_int_equal(store_put(store, STORE_NODE, "", "1", 1), -EINVAL);
	assert_int_equal(store_put(store, STORE_NODE, "a", "1\0002", 3), -EINVAL);
	assert_int_equal(store_put(store, STORE_NODE, "a", value, STORE_VALUE_MAX + 1), -EINVAL);
	key[STORE_KEY_MAX] = '\0';
	value[STORE_VALUE_MAX] = '\0';
	put(store, key, value);
	assert_int_equal(store_commit(store), 0);
	expect_alone(place, key, value);
	free(value);
	free(key);
}

static void test_readers_keep_their_state(void **state)
{
	struct place *place = *state;
	struct store *empty = begin(place, STORE_READ), *old, *writer, *new;

	put_alone(place, "a", "old");
	old = begin(place, STORE_READ);
	writer = begin(place, STORE_WRITE);
	put(writer, "a", "new");
	put(writer, "b", "new");
	expect_alone(place, "a", "old");
	assert_int_equal(store_commit(writer), 0);
	new = begin(place, STORE_READ);
	expect(empty, "a", NULL);
	expect(old, "a", "old");
	expect_walk(old, STORE_NODE, "", "a ");
	expect(new, "a", "new");
	expect_walk(new, STORE_NODE, "", "a b ");
	store_drop(empty);
	store_drop(old);
	store_drop(new);
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void test_lock(void **state)
{
	struct place *place = *state;
	struct store *first = begin(place, STORE_WRITE), *second = NULL;
	int64_t start_ms = now_ms();

	assert_int_equal(store_begin_wait(place->dir, STORE_WRITE, 0, &second), -EAGAIN);
	assert_true(now_ms() - start_ms < 50);
	start_ms = now_ms();
	assert_int_equal(store_begin_wait(place->dir, STORE_WRITE, 60, &second), -EAGAIN);
	assert_true(now_ms() - start_ms >= 60);
	assert_null(second);
	put(first, "a", "1");
	expect_alone(place, "a", NULL);
	assert_int_equal(store_commit(first), 0);
	assert_int_equal(store_begin_wait(place->dir, STORE_WRITE, 0, &second), 0);
	expect(second, "a", "1");
	store_drop(second);
	assert_int_equal(store_begin_wait(place->dir, STORE_WRITE, -1, &first), 0);
	store_drop(first);
}

/* Neither the lock nor the half-written file of a killed writer lasts. */
static void test_dead_writer(void **state)
{
	struct place *place = *state;
	struct store *store;
	int status;
	pid_t pid;

	put_alone(place, "a", "1");
	pid = fork();
	if (pid == 0) {
		if (store_begin(place->dir, STORE_WRITE, &store) ||
		    store_put(store, STORE_NODE, "a", "2", 1))
			_exit(1);
		raise(SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_true(is_there(place, "openhba.db.new"));
	assert_int_equal(store_begin_wait(place->dir, STORE_WRITE, 0, &store), 0);
	assert_false(is_there(place, "openhba.db.new"));
	expect(store, "a", "1");
	put(store, "b", "2");
	assert_int_equal(store_commit(store), 0);
	expect_alone(place, "b", "2");
}

/* One process of test_writers_take_turns(); its exit status. */
static int count_up(const char *dir, int times)
{
	char text[16], *old;
	struct store *store;
	int err;

	while (times--) {
		if (store_begin_wait(dir, STORE_WRITE, 60000, &store))
			return 1;
		err = store_get(store, STORE_NODE, "count", &old, NULL);
		snprintf(text, sizeof(text), "%d", err ? 1 : atoi(old) + 1);
		if (!err)
			free(old);
		if (store_put(store, STORE_NODE, "count", text, strlen(text)) ||
		    store_commit(store))
			return 2;
	}
	return 0;
}

static void test_writers_take_turns(void **state)
{
	struct place *place = *state;
	int i, status;

	for (i = 0; i < 8; i++)
		if (fork() == 0)
			_exit(count_up(place->dir, 50));
	for (i = 0; i < 8; i++) {
		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	expect_alone(place, "count", "400");
}

static void fill(struct store *store, int first, int last)
{
	char key[32], value[512];

	memset(value, 'x', sizeof(value));
	for (; first < last; first++) {
		snprintf(key, sizeof(key), "key%d", first);
		assert_int_equal(
			store_put(store, STORE_NODE, key, value, 300 + (size_t)first % 200), 0);
	}
}

static int delete_row(struct store *store, const char *key, void *data)
{
	return strcmp(key, "key7") ? store_delete(store, STORE_NODE, key) : 0;
}

/* The space of deleted rows is given back by the transaction after. */
static void test_compact(void **state)
{
	struct place *place = *state;
	struct store *store = begin(place, STORE_WRITE);
	char *value;
	size_t len;

	fill(store, 0, 4000);
	assert_int_equal(store_commit(store), 0);
	assert_true(stat_of(place, "openhba.db").st_size > 1600000);
	store = begin(place, STORE_WRITE);
	assert_int_equal(store_each(store, STORE_NODE, "", delete_row, NULL), 0);
	assert_int_equal(store_commit(store), 0);
	put_alone(place, "b", "2");
	assert_true(stat_of(place, "openhba.db").st_size < 65536);
	store = begin(place, STORE_READ);
	expect_walk(store, STORE_NODE, "", "b key7 ");
	expect(store, "b", "2");
	assert_int_equal(store_get(store, STORE_NODE, "key7", &value, &len), 0);
	assert_int_equal(len, 307);
	free(value);
	store_drop(store);
}

/* A child of test_no_space(): whatever fails, says and leaves behind. */
static int fill_the_disk(const char *dir)
{
	const struct rlimit limit = {300000, 300000};
	char value[512], key[32];
	struct store *store;
	int i, err = 0;

	memset(value, 'x', sizeof(value));
	signal(SIGXFSZ, SIG_IGN);
	if (setrlimit(RLIMIT_FSIZE, &limit) || store_begin(dir, STORE_WRITE, &store))
		return 1;
	for (i = 0; i < 2000 && !err; i++) {
		snprintf(key, sizeof(key), "more%d", i);
		err = store_put(store, STORE_NODE, key, value, sizeof(value));
	}
	if (err != -EFBIG)
		return 2;
	if (store_put(store, STORE_NODE, "a", "2", 1) != -EFBIG)
		return 3;
	return store_commit(store) == -ECANCELED ? 0 : 4;
}

static void test_no_space(void **state)
{
	struct place *place = *state;
	int status;
	pid_t pid;

	put_alone(place, "a", "1");
	pid = fork();
	if (pid == 0)
		_exit(fill_the_disk(place->dir));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_false(is_there(place, "openhba.db.new"));
	expect_alone(place, "a", "1");
}

/* The whole file, to be damaged and written back. */
static char *load(const struct place *place, size_t *ret_len)
{
	size_t len = (size_t)stat_of(place, "openhba.db").st_size;
	char path[128], *bytes = malloc(len);
	int fd;

	path_of(place, "openhba.db", path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_non_null(bytes);
	assert_int_equal(read(fd, bytes, len), len);
	close(fd);
	*ret_len = len;
	return bytes;
}

static void save(const struct place *place, const char *bytes, size_t len)
{
	char path[128];
	int fd;

	path_of(place, "openhba.db", path);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), len);
	close(fd);
}

static int try_begin(const struct place *place, enum store_mode mode)
{
	struct store *store;
	int err = store_begin(place->dir, mode, &store);

	if (!err)
		store_drop(store);
	return err;
}

static void test_not_a_database(void **state)
{
	struct place *place = *state;
	char *bytes, *text, path[128];
	size_t len, i;

	put_alone(place, "a", "1");
	bytes = load(place, &len);
	for (i = 0; i < len; i += i < 128 ? 1 : 1023) {
		save(place, bytes, i);
		assert_int_equal(try_begin(place, STORE_READ), -EUCLEAN);
		assert_int_equal(try_begin(place, STORE_WRITE), -EUCLEAN);
	}
	for (text = bytes; memcmp(text, "format = 1", 10); text++)
		;
	text[9] = '2';
	save(place, bytes, len);
	assert_int_equal(try_begin(place, STORE_READ), -EPROTO);
	assert_int_equal(try_begin(place, STORE_WRITE), -EPROTO);
	text[9] = 'x';
	save(place, bytes, len);
	assert_int_equal(try_begin(place, STORE_READ), -EUCLEAN);
	path_of(place, "openhba.db", path);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("/dev/null", path), 0);
	assert_int_equal(try_begin(place, STORE_READ), -ELOOP);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(try_begin(place, STORE_READ), -EUCLEAN);
	free(bytes);
}

static int read_row(struct store *store, const char *key, void *data)
{
	char *value;
	int err = store_get(store, STORE_NODE, key, &value, NULL);

	if (!err)
		free(value);
	return err;
}

/* What a reader and a writer make of the file: no crash, and no errors but those promised. */
static void use(const struct place *place)
{
	struct store *store;
	int err;

	err = store_begin(place->dir, STORE_READ, &store);
	if (!err) {
		err = store_each(store, STORE_NODE, "", read_row, NULL);
		store_drop(store);
	}
	assert_true(err == 0 || err == -EUCLEAN || err == -EPROTO || err == -ENOENT);
	if (store_begin(place->dir, STORE_WRITE, &store))
		return;
	err = store_put(store, STORE_NODE, "new", "value", 5);
	if (!err)
		err = store_delete(store, STORE_NODE, "key3");
	assert_true(err == 0 || err == -EUCLEAN || err == -ENOENT);
	err = store_commit(store);
	assert_true(err == 0 || err == -EUCLEAN || err == -ECANCELED);
}

static void test_every_word_damaged(void **state)
{
	static const int32_t wrong[] = {-1, 1, INT32_MAX, 8192};
	struct place *place = *state;
	struct store *store = begin(place, STORE_WRITE);
	size_t len, at, i = 0;
	int32_t word;
	char *bytes;

	fill(store, 0, 12);
	assert_int_equal(store_commit(store), 0);
	bytes = load(place, &len);
	for (at = 0; at<len; at += at> 8192 && at < 16384 ? 512 : 4) {
		memcpy(&word, bytes + at, 4);
		if (word == 0 || word == -1 || word == 0x78787878)
			continue;
		memcpy(bytes + at, &wrong[i++ % 4], 4);
		save(place, bytes, len);
		use(place);
		memcpy(bytes + at, &word, 4);
	}
	assert_true(i > 100);
	save(place, bytes, len);
	free(bytes);
	expect_alone(place, "new", NULL);
}

/* A damaged free list costs the space it named, no row: the next writer writes the file anew. */
static void test_damaged_free_list(void **state)
{
	struct place *place = *state;
	struct store *store = begin(place, STORE_WRITE);
	const int64_t nowhere = 4711;
	size_t len;
	char *bytes;

	fill(store, 0, 12);
	put(store, "a", "1");
	assert_int_equal(store_commit(store), 0);
	bytes = load(place, &len);
	memcpy(bytes + 48, &nowhere, sizeof(nowhere));
	save(place, bytes, len);
	free(bytes);
	expect_alone(place, "a", "1");
	put_alone(place, "b", "2");
	expect_alone(place, "a", "1");
	expect_alone(place, "b", "2");
	bytes = load(place, &len);
	assert_int_equal(*(int64_t *)(void *)(bytes + 48), 0);
	free(bytes);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_place, remove_place)
		TEST(test_missing_is_empty),
		TEST(test_nothing_written),
		TEST(test_put_get_delete),
		TEST(test_walk),
		TEST(test_change_inside_a_walk),
		TEST(test_limits),
		TEST(test_readers_keep_their_state),
		TEST(test_lock),
		TEST(test_dead_writer),
		TEST(test_writers_take_turns),
		TEST(test_compact),
		TEST(test_no_space),
		TEST(test_not_a_database),
		TEST(test_every_word_damaged),
		TEST(test_damaged_free_list),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
