/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The gate in front of GDBM: walks header, directory, buckets and free lists of a database file and
 * decides whether it is sound. Called by lib/store.c for each file before GDBM opens it. Never
 * follows an offset it has not compared with the file's size, never reads more than the file's size
 * in buckets, never writes.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/store_gate.h"

#define MAGIC 0x13579acf
#define HASH_BITS 31
#define DIR_BITS_MIN 10 /* one block of offsets */
#define DIR_BITS_MAX 20
#define BUCKET_FREE 6
#define WINDOW (128 * 1024)
/* Rows of one bucket whose hashes the largest directory would not tell apart, at most. */
#define EQUAL_MAX 256

/* GDBM's file structures, as its compiler lays them out. */
struct free_space {
	int32_t size;
	int64_t offset;
};

struct free_list {
	int32_t size;
	int32_t count;
	int64_t next;
	struct free_space table[];
};

struct header {
	int32_t magic;
	int32_t block_size;
	int64_t dir;
	int32_t dir_size;
	int32_t dir_bits;
	int32_t bucket_size;
	int32_t bucket_rows;
	int64_t next_block;
	struct free_list free;
};

struct row {
	int32_t hash;
	char key_start[4];
	int64_t offset;
	int32_t key_size;
	int32_t value_size;
};

struct bucket {
	int32_t free_count;
	struct free_space free[BUCKET_FREE];
	int32_t bits;
	int32_t count;
	struct row rows[];
};

#define BUCKET_ROWS ((int32_t)((GATE_BLOCK - sizeof(struct bucket)) / sizeof(struct row)))
#define HEADER_FREE ((int32_t)((GATE_BLOCK - sizeof(struct header)) / sizeof(struct free_space)))
/* A block of the chain holds half of the header's list, and GDBM gives it room for one more. */
#define CHAIN_FREE (HEADER_FREE / 2 + 1)
#define CHAIN_BYTES                                                                                \
	((HEADER_FREE * sizeof(struct free_space)) / 2 + sizeof(struct free_list) +                \
	 sizeof(struct free_space))

union block {
	struct header header;
	struct bucket bucket;
	struct free_list chain;
	char bytes[GATE_BLOCK];
};

struct extent {
	int64_t start;
	int64_t end;
};

/* What a check remembers of the file. */
enum gather {
	GATHER_NOTHING,
	GATHER_ALL,  /* everything that claims a part of the file, to be compared */
	GATHER_KEYS, /* the keys of rows, to be read */
};

/* One check; lives in gate_check() or gate_each(). */
struct gate {
	int fd;
	int64_t size;
	int32_t dir_bits;
	int64_t *dir;
	uint64_t buckets;
	uint64_t rows;
	uint64_t row_bytes;
	enum gather gather;
	struct extent *extents;
	size_t extent_count;
	size_t extent_room;
};

static int read_at(const struct gate *gate, int64_t offset, void *buffer, size_t len)
{
	size_t done = 0;
	ssize_t got;

	while (done < len) {
		got = pread(gate->fd, (char *)buffer + done, len - done, offset + (int64_t)done);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			return -EUCLEAN;
		done += (size_t)got;
	}
	return 0;
}

/* Everything but the header lies behind the header. */
static bool is_inside(const struct gate *gate, int64_t offset, int64_t len)
{
	return offset >= GATE_BLOCK && len >= 0 && len <= gate->size && offset <= gate->size - len;
}

static int gather(struct gate *gate, enum gather what, int64_t offset, int64_t len)
{
	struct extent *grown;
	size_t room;

	if (gate->gather != what)
		return 0;
	if (gate->extent_count == gate->extent_room) {
		room = gate->extent_room ? gate->extent_room * 2 : 1024;
		grown = reallocarray(gate->extents, room, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		gate->extents = grown;
		gate->extent_room = room;
	}
	gate->extents[gate->extent_count++] = (struct extent){offset, offset + len};
	return 0;
}

static int check_free(struct gate *gate, const struct free_space *table, int32_t count)
{
	int32_t i;
	int err;

	for (i = 0; i < count; i++) {
		if (!is_inside(gate, table[i].offset, table[i].size))
			return -EUCLEAN;
		err = gather(gate, GATHER_ALL, table[i].offset, table[i].size);
		if (err)
			return err;
	}
	return 0;
}

static int check_header(struct gate *gate, const struct header *header)
{
	const struct free_list *list = &header->free;

	if (header->magic != MAGIC || header->block_size != GATE_BLOCK ||
	    header->bucket_size != GATE_BLOCK)
		return -EUCLEAN;
	if (header->bucket_rows != BUCKET_ROWS || header->next_block != gate->size)
		return -EUCLEAN;
	if (header->dir_bits < DIR_BITS_MIN || header->dir_bits > DIR_BITS_MAX)
		return -EUCLEAN;
	if (header->dir_size != (int32_t)sizeof(int64_t) << header->dir_bits)
		return -EUCLEAN;
	/* GDBM does not open a file that ends with its directory. */
	if (!is_inside(gate, header->dir, header->dir_size) ||
	    header->dir + header->dir_size == gate->size)
		return -EUCLEAN;
	if (list->size != HEADER_FREE || list->count < 0 || list->count > list->size)
		return -EUCLEAN;
	return 0;
}

static int check_rows(struct gate *gate, const struct bucket *bucket, int32_t prefix)
{
	int32_t i, used = 0;
	const struct row *row;
	int err;

	for (i = 0; i < BUCKET_ROWS; i++) {
		row = &bucket->rows[i];
		if (row->hash == -1)
			continue;
		if (row->hash < 0 ||
		    (int32_t)((int64_t)row->hash >> (HASH_BITS - bucket->bits)) != prefix)
			return -EUCLEAN;
		if (row->key_size < 1 || row->key_size > GATE_KEY_MAX)
			return -EUCLEAN;
		if (row->value_size < 0 || row->value_size > GATE_VALUE_MAX)
			return -EUCLEAN;
		if (!is_inside(gate, row->offset, row->key_size + row->value_size))
			return -EUCLEAN;
		err = gather(gate, GATHER_ALL, row->offset, row->key_size + row->value_size);
		if (!err)
			err = gather(gate, GATHER_KEYS, row->offset, row->key_size);
		if (err)
			return err;
		gate->row_bytes += (uint64_t)row->key_size + (uint64_t)row->value_size;
		used++;
	}
	gate->rows += (uint64_t)used;
	return used == bucket->count ? 0 : -EUCLEAN;
}

/* The most frequent candidate by majority vote, then its count: one prefix owns the bucket, or none
 * does. */
static bool is_crowded(const struct bucket *bucket)
{
	int32_t i, prefix, candidate = -1, votes = 0, equal = 0;

	if (bucket->count <= EQUAL_MAX)
		return false;
	for (i = 0; i < BUCKET_ROWS; i++) {
		prefix = bucket->rows[i].hash >> (HASH_BITS - DIR_BITS_MAX);
		if (votes == 0)
			candidate = prefix;
		votes += prefix == candidate ? 1 : -1;
	}
	for (i = 0; i < BUCKET_ROWS; i++)
		equal += bucket->rows[i].hash >> (HASH_BITS - DIR_BITS_MAX) == candidate;
	return equal > EQUAL_MAX;
}

static int check_bucket(struct gate *gate, const struct bucket *bucket, int32_t first)
{
	int err;

	if (bucket->free_count < 0 || bucket->free_count > BUCKET_FREE)
		return -EUCLEAN;
	err = check_free(gate, bucket->free, bucket->free_count);
	if (err)
		return err;
	if (gate->gather == GATHER_ALL && is_crowded(bucket))
		return -EUCLEAN;
	return check_rows(gate, bucket, first >> (gate->dir_bits - bucket->bits));
}

/* The bucket named by directory entry @first must be named by all entries of the range its bits
 * stand for. */
static int check_range(struct gate *gate, int32_t first, int32_t *ret_next)
{
	int64_t offset = gate->dir[first];
	union block block;
	int32_t i, range;
	int err;

	gate->buckets++;
	if (!is_inside(gate, offset, GATE_BLOCK) ||
	    gate->buckets * GATE_BLOCK > (uint64_t)gate->size)
		return -EUCLEAN;
	err = gather(gate, GATHER_ALL, offset, GATE_BLOCK);
	if (!err)
		err = read_at(gate, offset, &block, GATE_BLOCK);
	if (err)
		return err;
	if (block.bucket.bits < 0 || block.bucket.bits > gate->dir_bits)
		return -EUCLEAN;
	range = 1 << (gate->dir_bits - block.bucket.bits);
	if (first % range)
		return -EUCLEAN;
	for (i = 0; i < range; i++)
		if (gate->dir[first + i] != offset)
			return -EUCLEAN;
	*ret_next = first + range;
	return check_bucket(gate, &block.bucket, first);
}

static int check_dir(struct gate *gate, const struct header *header)
{
	int32_t i = 0;
	int err;

	gate->dir_bits = header->dir_bits;
	gate->dir = malloc((size_t)header->dir_size);
	if (!gate->dir)
		return -ENOMEM;
	err = gather(gate, GATHER_ALL, header->dir, header->dir_size);
	if (!err)
		err = read_at(gate, header->dir, gate->dir, (size_t)header->dir_size);
	while (!err && i < 1 << gate->dir_bits)
		err = check_range(gate, i, &i);
	if (!err && gate->row_bytes > (uint64_t)gate->size)
		err = -EUCLEAN;
	return err;
}

/* A chain longer than the file has room for runs in a circle. */
static int check_chain(struct gate *gate, int64_t offset)
{
	int64_t left = gate->size / (int64_t)CHAIN_BYTES;
	union block block;
	int err;

	for (; offset; offset = block.chain.next) {
		if (left-- == 0 || !is_inside(gate, offset, CHAIN_BYTES))
			return -EUCLEAN;
		err = gather(gate, GATHER_ALL, offset, CHAIN_BYTES);
		if (!err)
			err = read_at(gate, offset, &block, CHAIN_BYTES);
		if (err)
			return err;
		if (block.chain.size != HEADER_FREE || block.chain.count < 0 ||
		    block.chain.count > CHAIN_FREE)
			return -EUCLEAN;
		err = check_free(gate, block.chain.table, block.chain.count);
		if (err)
			return err;
	}
	return 0;
}

static int compare_extents(const void *a, const void *b)
{
	const struct extent *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

static int check_overlap(struct gate *gate)
{
	size_t i;

	qsort(gate->extents, gate->extent_count, sizeof(*gate->extents), compare_extents);
	for (i = 1; i < gate->extent_count; i++)
		if (gate->extents[i].start < gate->extents[i - 1].end)
			return -EUCLEAN;
	return 0;
}

static int check_file(struct gate *gate)
{
	union block block;
	int err;

	err = read_at(gate, 0, &block, GATE_BLOCK);
	if (!err)
		err = check_header(gate, &block.header);
	if (!err)
		err = check_free(gate, block.header.free.table, block.header.free.count);
	if (!err)
		err = check_dir(gate, &block.header);
	if (!err && gate->gather == GATHER_ALL)
		err = check_chain(gate, block.header.free.next);
	if (!err && gate->gather == GATHER_ALL)
		err = check_overlap(gate);
	return err;
}

static int open_gate(struct gate *gate, int fd, enum gather what)
{
	struct stat stat;

	memset(gate, 0, sizeof(*gate));
	gate->fd = fd;
	gate->gather = what;
	if (fstat(fd, &stat) < 0)
		return -errno;
	if (!S_ISREG(stat.st_mode))
		return -EUCLEAN;
	if (stat.st_size > GATE_FILE_MAX)
		return -EFBIG;
	gate->size = stat.st_size;
	return check_file(gate);
}

static void close_gate(struct gate *gate)
{
	free(gate->dir);
	free(gate->extents);
}

int gate_check(int fd, enum gate_depth depth, struct gate_report *ret_report)
{
	struct gate gate;
	int err;

	err = open_gate(&gate, fd, depth == GATE_WRITE ? GATHER_ALL : GATHER_NOTHING);
	close_gate(&gate);
	if (err)
		return err;
	ret_report->file_bytes = (uint64_t)gate.size;
	ret_report->used_bytes = gate.row_bytes + (gate.buckets + 1) * GATE_BLOCK +
				 (sizeof(int64_t) << gate.dir_bits);
	ret_report->rows = gate.rows;
	return 0;
}

/* Reads ahead: the keys that follow are most often in the same window. */
static int read_names(const struct gate *gate, char *window, gate_name_fn *fn, void *data)
{
	int64_t start = 0, end = 0;
	const struct extent *key;
	int result = 0;
	size_t i;

	for (i = 0; i < gate->extent_count && !result; i++) {
		key = &gate->extents[i];
		if (key->start < start || key->end > end) {
			start = key->start;
			end = gate->size - start < WINDOW ? gate->size : start + WINDOW;
			result = read_at(gate, start, window, (size_t)(end - start));
		}
		if (!result)
			result = fn(window + (key->start - start), (size_t)(key->end - key->start),
				    data);
	}
	return result;
}

int gate_each(int fd, gate_name_fn *fn, void *data)
{
	char *window = malloc(WINDOW);
	struct gate gate;
	int result;

	if (!window)
		return -ENOMEM;
	result = open_gate(&gate, fd, GATHER_KEYS);
	if (!result && gate.extent_count) {
		qsort(gate.extents, gate.extent_count, sizeof(*gate.extents), compare_extents);
		result = read_names(&gate, window, fn, data);
	}
	close_gate(&gate);
	free(window);
	return result;
}
