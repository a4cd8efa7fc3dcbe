/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzzer of the record store: the input is the database file. A reader walks and fetches all of it,
 * a writer changes it and commits. Nothing may crash, hang or write past the file; what was
 * committed must open again. Inputs of other forms than GDBM's are refused by the first bytes, so
 * the corpus has databases and the mutator changes single words.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/store.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t len, size_t room, unsigned int seed);
size_t LLVMFuzzerMutate(uint8_t *bytes, size_t len, size_t room) __attribute__((weak));

static const char *const names[] = {"openhba.db", "openhba.db.new", "lock"};
static char dir[64];

static void path_of(size_t name, char path[96])
{
	snprintf(path, 96, "%s/%s", dir, names[name]);
}

static void remove_dir(void)
{
	char path[96];
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		path_of(i, path);
		unlink(path);
	}
	rmdir(dir);
}

static void make_dir(void)
{
	snprintf(dir, sizeof(dir), "%s/fuzz-XXXXXX",
		 access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
	if (!mkdtemp(dir))
		abort();
	atexit(remove_dir);
}

static void save(const uint8_t *bytes, size_t len)
{
	char path[96];
	int fd;

	path_of(0, path);
	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, bytes, len) != (ssize_t)len)
		abort();
	close(fd);
}

/* What a walk meets: the first key is kept, to be deleted later. */
struct walk {
	enum store_table table;
	char first[STORE_KEY_MAX + 1];
};

static int read_row(struct store *store, const char *key, void *data)
{
	struct walk *walk = data;
	size_t len = 0;
	char *value;

	if (!walk->first[0])
		snprintf(walk->first, sizeof(walk->first), "%s", key);
	if (store_get(store, walk->table, key, &value, &len))
		return 0;
	if (strlen(value) != len)
		abort();
	free(value);
	return 0;
}

static void read_all(struct store *store, struct walk walks[2])
{
	char *value;
	int i;

	for (i = 0; i < 2; i++) {
		walks[i].table = i ? STORE_DISCOVERY : STORE_NODE;
		if (store_each(store, walks[i].table, "", read_row, &walks[i]) > 0)
			abort();
	}
	if (!store_get(store, STORE_NODE, "key1", &value, NULL))
		free(value);
}

static int change(struct store *store, struct walk walks[2])
{
	struct walk again = {.first = ""};
	static char value[5000];
	char key[16];
	int i, err = 0;

	memset(value, 'v', sizeof(value));
	for (i = 0; i < 2; i++)
		if (walks[i].first[0] && store_delete(store, walks[i].table, walks[i].first))
			return -1;
	for (i = 0; i < 6 && !err; i++) {
		snprintf(key, sizeof(key), "new%d", i);
		err = store_put(store, STORE_NODE, key, value, 1 + (size_t)i * 900);
	}
	if (!err)
		err = store_each(store, STORE_NODE, "", read_row, &again);
	return err ? err : store_delete(store, STORE_NODE, "new3");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct walk walks[2] = {{.first = ""}, {.first = ""}};
	struct store *store;
	int err;

	if (!dir[0])
		make_dir();
	save(bytes, len);
	if (store_begin(dir, STORE_READ, &store))
		return 0;
	read_all(store, walks);
	store_drop(store);
	if (store_begin_wait(dir, STORE_WRITE, 0, &store))
		abort();
	err = change(store, walks);
	if (store_commit(store) || err)
		return 0;
	if (store_begin(dir, STORE_READ, &store))
		abort();
	if (store_get(store, STORE_NODE, "new5", NULL, NULL) ||
	    !store_get(store, STORE_NODE, "new3", NULL, NULL))
		abort();
	store_drop(store);
	return 0;
}

/* Mostly: one aligned word that is in use becomes another one of the file, a near one, or an
 * extreme one. */
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t len, size_t room, unsigned int seed)
{
	static const uint32_t extremes[] = {0,		1,    0x7fffffff, 0x80000000,
					    0xffffffff, 8192, 4096,	  0x10000};
	uint32_t word = 0;
	size_t at = 0;
	int tries;

	if (len < 16384 || seed % 8 == 0)
		return LLVMFuzzerMutate(bytes, len, room);
	srandom(seed);
	for (tries = 0; tries < 1000 && (word == 0 || word == 0xffffffff); tries++) {
		at = (size_t)random() % (len / 4) * 4;
		memcpy(&word, bytes + at, 4);
	}
	if (seed % 3 == 0)
		word = extremes[(size_t)random() % 8];
	else if (seed % 3 == 1)
		word += (uint32_t)random() % 64 - 32;
	else
		memcpy(&word, bytes + (size_t)random() % (len / 4) * 4, 4);
	memcpy(bytes + at, &word, 4);
	return len;
}
