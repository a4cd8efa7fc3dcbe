/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The gate in front of GDBM: a sound file passes, and each single damage to a field is refused at
 * the depth that promises it. Offsets are those of GDBM's format, see lib/store_gate.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#include "lib/store.h"
#include "lib/store_gate.h"

#define BUCKET_FREE 8	/* the first free space of a bucket */
#define BUCKET_BITS 104 /* its bits, then its row count, then its rows */
#define BUCKET_ROWS 112
#define ROW_BYTES 24

static char dir[64];

/* A folder with one database of 40 rows, once for all tests. */
static int setup(void **state)
{
	struct store *store;
	char key[32];
	int i;

	snprintf(dir, sizeof(dir), "%s/gate-XXXXXX",
		 access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
	if (!mkdtemp(dir) || store_begin(dir, STORE_WRITE, &store))
		return -1;
	for (i = 0; i < 40; i++) {
		snprintf(key, sizeof(key), "key%d", i);
		if (store_put(store, STORE_NODE, key, "some value = here\n", 18))
			return -1;
	}
	return store_commit(store);
}

static int teardown(void **state)
{
	char path[96];

	snprintf(path, sizeof(path), "%s/openhba.db", dir);
	unlink(path);
	snprintf(path, sizeof(path), "%s/lock", dir);
	unlink(path);
	return rmdir(dir);
}

/* A private copy of the database, in memory. */
static int copy(void)
{
	int from, to = memfd_create("gate", MFD_CLOEXEC);
	char path[96], bytes[4096];
	ssize_t got;

	snprintf(path, sizeof(path), "%s/openhba.db", dir);
	from = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(from >= 0 && to >= 0);
	while ((got = read(from, bytes, sizeof(bytes))) > 0)
		assert_int_equal(write(to, bytes, (size_t)got), got);
	close(from);
	return to;
}

static int32_t get32(int fd, off_t offset)
{
	int32_t value;

	assert_int_equal(pread(fd, &value, sizeof(value), offset), sizeof(value));
	return value;
}

static int64_t get64(int fd, off_t offset)
{
	int64_t value;

	assert_int_equal(pread(fd, &value, sizeof(value), offset), sizeof(value));
	return value;
}

static void set32(int fd, off_t offset, int32_t value)
{
	assert_int_equal(pwrite(fd, &value, sizeof(value), offset), sizeof(value));
}

static void set64(int fd, off_t offset, int64_t value)
{
	assert_int_equal(pwrite(fd, &value, sizeof(value), offset), sizeof(value));
}

static int check(int fd, enum gate_depth depth)
{
	struct gate_report report;

	return gate_check(fd, depth, &report);
}

/* The offset of the first used row of the only bucket. */
static off_t first_row(int fd, off_t bucket)
{
	off_t row = bucket + BUCKET_ROWS;

	while (get32(fd, row) == -1)
		row += ROW_BYTES;
	return row;
}

static void test_sound(void **state)
{
	struct gate_report report;
	int fd = copy();

	assert_int_equal(gate_check(fd, GATE_READ, &report), 0);
	assert_int_equal(gate_check(fd, GATE_WRITE, &report), 0);
	assert_int_equal(report.rows, 41);
	assert_int_equal(report.file_bytes, lseek(fd, 0, SEEK_END));
	assert_true(report.used_bytes > 3 * GATE_BLOCK + 40 * 32);
	assert_true(report.used_bytes < report.file_bytes);
	close(fd);
}

static void test_length(void **state)
{
	int fd = copy();
	off_t size = lseek(fd, 0, SEEK_END);
	off_t cut;

	assert_int_equal(ftruncate(fd, size + 1), 0);
	assert_int_equal(check(fd, GATE_READ), -EUCLEAN);
	for (cut = size - 1; cut >= 0; cut -= cut > 100 ? 61 : 1) {
		assert_int_equal(ftruncate(fd, cut), 0);
		assert_int_equal(check(fd, GATE_READ), -EUCLEAN);
	}
	assert_int_equal(ftruncate(fd, (4LL << 30) + 1), 0);
	assert_int_equal(check(fd, GATE_READ), -EFBIG);
	close(fd);
}

static void test_not_a_file(void **state)
{
	int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);

	assert_int_equal(check(fd, GATE_READ), -EUCLEAN);
	close(fd);
	assert_int_equal(check(fd, GATE_READ), -EBADF);
}

/* The header's fields, each 4 bytes: magic, block size, directory (8), its size, its bits, bucket
 * size, rows a bucket, end of file (8), room of the free list, its length. */
static void test_header(void **state)
{
	static const int fields[] = {0, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44};
	static const int32_t wrong[] = {-1, INT32_MIN, INT32_MAX, 12345, 8191, 1 << 20};
	size_t i, j;
	int fd;

	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		for (j = 0; j < sizeof(wrong) / sizeof(wrong[0]); j++) {
			fd = copy();
			set32(fd, fields[i], wrong[j]);
			assert_int_equal(check(fd, GATE_READ), -EUCLEAN);
			close(fd);
		}
	}
}

static void test_directory(void **state)
{
	int fd = copy();
	off_t entries = get64(fd, 8);
	int64_t bucket = get64(fd, entries);
	int i;

	for (i = 0; i < 1024; i += 341) {
		set64(fd, entries + i * 8, bucket + 8);
		assert_int_equal(check(fd, GATE_READ), -EUCLEAN);
		set64(fd, entries + i * 8, INT64_MAX);
		assert_int_equal(check(fd, GATE_READ), -EUCLEAN);
		set64(fd, entries + i * 8, 0);
		assert_int_equal(check(fd, GATE_READ), -EUCLEAN);
		set64(fd, entries + i * 8, bucket);
		assert_int_equal(check(fd, GATE_WRITE), 0);
	}
	close(fd);
}

static void test_bucket(void **state)
{
	static const int32_t wrong[] = {-1, 11, INT32_MAX, INT32_MIN};
	int fd = copy();
	off_t bucket = get64(fd, get64(fd, 8));
	size_t i;

	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		set32(fd, bucket + BUCKET_BITS, wrong[i]);
		assert_int_equal(check(fd, GATE_READ), -EUCLEAN);
		set32(fd, bucket + BUCKET_BITS, 0);
		set32(fd, bucket + BUCKET_BITS + 4, wrong[i]);
		assert_int_equal(check(fd, GATE_READ), -EUCLEAN);
		set32(fd, bucket + BUCKET_BITS + 4, 41);
		set32(fd, bucket, wrong[i]);
		assert_int_equal(check(fd, GATE_READ), -EUCLEAN);
		set32(fd, bucket, 1);
		assert_int_equal(check(fd, GATE_READ), 0);
	}
	/* More bits than the directory shows for it. */
	set32(fd, bucket + BUCKET_BITS, 1);
	assert_int_equal(check(fd, GATE_READ), -EUCLEAN);
	close(fd);
}

static void test_row(void **state)
{
	int fd = copy();
	off_t size = lseek(fd, 0, SEEK_END);
	off_t row = first_row(fd, get64(fd, get64(fd, 8)));
	int64_t offset = get64(fd, row + 8);
	int32_t key_size = get32(fd, row + 16), value_size = get32(fd, row + 20);
	const int64_t offsets[] = {-1, 0, GATE_BLOCK - 1, size - 5, size, INT64_MAX, INT64_MIN};
	const int32_t key_sizes[] = {-1, 0, GATE_KEY_MAX + 1, INT32_MAX};
	const int32_t value_sizes[] = {-1, GATE_VALUE_MAX + 1, (int32_t)size, INT32_MAX};
	size_t i;

	for (i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
		set64(fd, row + 8, offsets[i]);
		assert_int_equal(check(fd, GATE_READ), -EUCLEAN);
	}
	set64(fd, row + 8, offset);
	for (i = 0; i < 4; i++) {
		set32(fd, row + 16, key_sizes[i]);
		assert_int_equal(check(fd, GATE_READ), -EUCLEAN);
		set32(fd, row + 16, key_size);
		set32(fd, row + 20, value_sizes[i]);
		assert_int_equal(check(fd, GATE_READ), -EUCLEAN);
		set32(fd, row + 20, value_size);
	}
	assert_int_equal(check(fd, GATE_WRITE), 0);
	set32(fd, row, -2);
	assert_int_equal(check(fd, GATE_READ), -EUCLEAN);
	/* A row lost from its bucket. */
	set32(fd, row, -1);
	assert_int_equal(check(fd, GATE_READ), -EUCLEAN);
	close(fd);
}

/* All rows claim half of the file: each fits, together they do not. */
static void test_rows_longer_than_the_file(void **state)
{
	int fd = copy();
	off_t bucket = get64(fd, get64(fd, 8));
	int i;

	for (i = 0; i < 336; i++) {
		set64(fd, bucket + BUCKET_ROWS + i * ROW_BYTES + 8, GATE_BLOCK);
		set32(fd, bucket + BUCKET_ROWS + i * ROW_BYTES + 20, 2 * GATE_BLOCK);
	}
	assert_int_equal(check(fd, GATE_READ), -EUCLEAN);
	close(fd);
}

static void test_overlap(void **state)
{
	int fd = copy();
	off_t bucket = get64(fd, get64(fd, 8));
	off_t row = first_row(fd, bucket);
	int64_t offset = get64(fd, row + 8);

	set64(fd, row + 8, offset + 1);
	assert_int_equal(check(fd, GATE_READ), 0);
	assert_int_equal(check(fd, GATE_WRITE), -EUCLEAN);
	set64(fd, row + 8, bucket);
	assert_int_equal(check(fd, GATE_WRITE), -EUCLEAN);
	set64(fd, row + 8, offset);
	set64(fd, bucket + BUCKET_FREE + 8, get64(fd, 8));
	assert_int_equal(check(fd, GATE_READ), 0);
	assert_int_equal(check(fd, GATE_WRITE), -EUCLEAN);
	close(fd);
}

static void test_free_chain(void **state)
{
	int fd = copy();
	off_t size = lseek(fd, 0, SEEK_END);

	set64(fd, 48, size);
	assert_int_equal(check(fd, GATE_WRITE), -EUCLEAN);
	/* A block of the chain that names itself, behind all else. */
	assert_int_equal(ftruncate(fd, size + GATE_BLOCK), 0);
	set64(fd, 32, size + GATE_BLOCK);
	set64(fd, 48, size);
	set32(fd, size, 508);
	assert_int_equal(check(fd, GATE_WRITE), 0);
	set64(fd, size + 8, size);
	assert_int_equal(check(fd, GATE_READ), 0);
	assert_int_equal(check(fd, GATE_WRITE), -EUCLEAN);
	set64(fd, size + 8, 0);
	set32(fd, size + 4, 256);
	assert_int_equal(check(fd, GATE_WRITE), -EUCLEAN);
	close(fd);
}

/* A full bucket whose rows no directory of bearable size would tell apart. */
static void test_crowded(void **state)
{
	int fd = copy();
	off_t size = lseek(fd, 0, SEEK_END), bucket = get64(fd, get64(fd, 8)), row;
	int i;

	assert_int_equal(ftruncate(fd, size + GATE_BLOCK), 0);
	set64(fd, 32, size + GATE_BLOCK);
	set32(fd, bucket + BUCKET_BITS + 4, 336);
	for (i = 0; i < 336; i++) {
		row = bucket + BUCKET_ROWS + i * ROW_BYTES;
		set32(fd, row, i * 6000000);
		set64(fd, row + 8, size + i * 8);
		set32(fd, row + 16, 4);
		set32(fd, row + 20, 4);
	}
	assert_int_equal(check(fd, GATE_WRITE), 0);
	for (i = 0; i < 300; i++)
		set32(fd, bucket + BUCKET_ROWS + i * ROW_BYTES, 77);
	assert_int_equal(check(fd, GATE_READ), 0);
	assert_int_equal(check(fd, GATE_WRITE), -EUCLEAN);
	close(fd);
}

static int count_name(const char *name, size_t len, void *data)
{
	int *counts = data;

	if (len == 6 && !memcmp(name, "format", len))
		counts[0]++;
	else if (len > 17 && !memcmp(name, "node ", 5) && !memcmp(name + 13, " key", 4))
		counts[1]++;
	else
		counts[2]++;
	return counts[3] && !--counts[3] ? 5 : 0;
}

static void test_each(void **state)
{
	int counts[4] = {0, 0, 0, 0};
	int fd = copy();

	assert_int_equal(gate_each(fd, count_name, counts), 0);
	assert_int_equal(counts[0], 1);
	assert_int_equal(counts[1], 40);
	assert_int_equal(counts[2], 0);
	counts[3] = 7;
	assert_int_equal(gate_each(fd, count_name, counts), 5);
	assert_int_equal(counts[0] + counts[1], 48);
	set32(fd, 0, 0);
	assert_int_equal(gate_each(fd, count_name, counts), -EUCLEAN);
	assert_int_equal(counts[0] + counts[1], 48);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sound),	   cmocka_unit_test(test_length),
		cmocka_unit_test(test_not_a_file), cmocka_unit_test(test_header),
		cmocka_unit_test(test_directory),  cmocka_unit_test(test_bucket),
		cmocka_unit_test(test_row),	   cmocka_unit_test(test_rows_longer_than_the_file),
		cmocka_unit_test(test_overlap),	   cmocka_unit_test(test_free_chain),
		cmocka_unit_test(test_crowded),	   cmocka_unit_test(test_each),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
