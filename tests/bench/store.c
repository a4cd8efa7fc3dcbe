/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * store [N...]: what the record store costs at N rows (5000 and 100000), in CPU milliseconds of
 * this process, in a folder in memory: create, list, read all, one get, update all, one update,
 * delete half. Checks every result, so it is also the store's test of size; exits 1 on a wrong one.
 * Aims at 5,000 rows: list 10 ms, one get 1 ms, update all 120 ms.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/store.h"

/* The program's context. */
struct bench {
	char dir[64];
	int rows;
	int generation; /* of the values */
	int met;
	char last[128]; /* key of the walk before */
	int errors;
};

static double cpu_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void wrong(struct bench *bench, const char *what)
{
	if (bench->errors++ < 10)
		printf("wrong: %s\n", what);
}

static void key_of(int i, char key[128])
{
	snprintf(key, 128, "iqn.2024-01.com.example:array%d.lun%d,10.%d.%d.%d,3260,1,default",
		 i % 16, i, i / 62500, i / 250 % 250, i % 250);
}

static size_t value_of(int i, int generation, char value[800])
{
	size_t len = (size_t)snprintf(value, 100, "generation = %d\nrow = %d\n", generation, i);

	memset(value + len, 'x', 700);
	return len + 440 + (size_t)(i * 7 + generation * 13) % 61;
}

static struct store *begin(struct bench *bench, enum store_mode mode)
{
	struct store *store = NULL;

	if (store_begin(bench->dir, mode, &store)) {
		printf("wrong: cannot begin\n");
		exit(1);
	}
	return store;
}

static void put_row(struct bench *bench, struct store *store, int i)
{
	char key[128], value[800];
	size_t len = value_of(i, bench->generation, value);

	key_of(i, key);
	if (store_put(store, STORE_NODE, key, value, len))
		wrong(bench, "put");
}

static void check_row(struct bench *bench, struct store *store, const char *key, int i)
{
	char expected[800], *value;
	size_t len;

	if (store_get(store, STORE_NODE, key, &value, &len)) {
		wrong(bench, "get");
		return;
	}
	if (len != value_of(i, bench->generation, expected) || memcmp(value, expected, len))
		wrong(bench, "value");
	free(value);
}

static int list_row(struct store *store, const char *key, void *data)
{
	struct bench *bench = data;

	if (strcmp(bench->last, key) >= 0)
		wrong(bench, "order");
	snprintf(bench->last, sizeof(bench->last), "%s", key);
	bench->met++;
	return 0;
}

static int read_row(struct store *store, const char *key, void *data)
{
	check_row(data, store, key, atoi(strstr(key, "lun") + 3));
	return list_row(store, key, data);
}

static void walk(struct bench *bench, store_each_fn *fn, int rows)
{
	struct store *store = begin(bench, STORE_READ);

	bench->met = 0;
	bench->last[0] = '\0';
	if (store_each(store, STORE_NODE, "", fn, bench) || bench->met != rows)
		wrong(bench, "walk");
	store_drop(store);
}

static void commit(struct bench *bench, struct store *store)
{
	if (store_commit(store))
		wrong(bench, "commit");
}

static void put_all(struct bench *bench)
{
	struct store *store = begin(bench, STORE_WRITE);
	int i;

	bench->generation++;
	for (i = 0; i < bench->rows; i++)
		put_row(bench, store, i);
	commit(bench, store);
}

static void list(struct bench *bench)
{
	walk(bench, list_row, bench->rows);
}

static void read_all(struct bench *bench)
{
	walk(bench, read_row, bench->rows);
}

static void get_one(struct bench *bench)
{
	struct store *store = begin(bench, STORE_READ);
	char key[128];

	key_of(bench->rows / 2, key);
	check_row(bench, store, key, bench->rows / 2);
	store_drop(store);
}

static void update_one(struct bench *bench)
{
	struct store *store = begin(bench, STORE_WRITE);

	if (store_put(store, STORE_DISCOVERY, "192.0.2.1,3260", "x", (size_t)bench->generation % 2))
		wrong(bench, "put");
	commit(bench, store);
}

static void delete_half(struct bench *bench)
{
	struct store *store = begin(bench, STORE_WRITE);
	char key[128];
	int i;

	for (i = 0; i < bench->rows; i += 2) {
		key_of(i, key);
		if (store_delete(store, STORE_NODE, key))
			wrong(bench, "delete");
	}
	commit(bench, store);
	walk(bench, read_row, bench->rows / 2);
}

static const struct {
	const char *name;
	void (*run)(struct bench *bench);
} steps[] = {
	{"create", put_all},	    {"list", list},
	{"read all", read_all},	    {"get one", get_one},
	{"update all", put_all},    {"read all again", read_all},
	{"update one", update_one}, {"delete half", delete_half},
};

static off_t file_size(const struct bench *bench)
{
	struct stat stat_buf;
	char path[128];

	snprintf(path, sizeof(path), "%s/openhba.db", bench->dir);
	return stat(path, &stat_buf) ? 0 : stat_buf.st_size;
}

static void remove_dir(const struct bench *bench)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/openhba.db", bench->dir);
	unlink(path);
	snprintf(path, sizeof(path), "%s/lock", bench->dir);
	unlink(path);
	rmdir(bench->dir);
}

static int measure(int rows)
{
	struct bench bench = {.rows = rows};
	double start_ms;
	size_t i;

	snprintf(bench.dir, sizeof(bench.dir), "%s/bench-XXXXXX",
		 access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
	if (!mkdtemp(bench.dir))
		return 1;
	printf("%d rows\n", rows);
	for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		start_ms = cpu_ms();
		steps[i].run(&bench);
		printf("  %-16s %9.2f ms  file %lld KiB\n", steps[i].name, cpu_ms() - start_ms,
		       (long long)file_size(&bench) / 1024);
	}
	remove_dir(&bench);
	return bench.errors ? 1 : 0;
}

int main(int argc, char **argv)
{
	int i, failed = 0;

	for (i = 1; i < argc; i++)
		failed |= measure(atoi(argv[i]));
	if (argc == 1)
		failed = measure(5000) | measure(100000);
	return failed;
}
