/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * io_load DEVICE read|write random|sequential|scattered BYTES DEPTH COUNT MARK: a fixed amount of direct, asynchronous I/O with DEPTH requests in
 * flight, after a tenth of it (and DEPTH requests) as warm-up. Executes mark MARK (see profile.c) when the warm-up is over and MARK + 1 at
 * the end, and prints "RESULT count N" (requests between the marks) and "RESULT ns N" (the guest's clock for all of them). Random requests
 * leave gaps between them, so that none are merged. Scattered ones are sequential on the disk, and no two of their pages are neighbours in memory.
 */
#include <err.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/fs.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define HUGE ((size_t)2 << 20)
#define PAGE ((size_t)4096)
#define DEPTH_MAX 1024
#define PROFILE_MARK(n) __asm__ volatile(".byte 0x0f, 0x1f, 0x84, 0x00, " #n ", 0x00, 0xc5, 0x15" ::: "memory")

struct load {
	int fd;
	bool is_write, is_random;
	uint32_t bytes, depth, seed;
	uint64_t blocks, next;
	aio_context_t context;
	struct iocb requests[DEPTH_MAX];
	uint32_t idle[DEPTH_MAX], idle_count;
	char *buffer;
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void mark(uint32_t number)
{
	switch (number) {
#define MARK(n) case n: PROFILE_MARK(n); break;
	MARK(0) MARK(1) MARK(2) MARK(3) MARK(4) MARK(5) MARK(6) MARK(7) MARK(8) MARK(9)
	MARK(10) MARK(11) MARK(12) MARK(13) MARK(14) MARK(15) MARK(16) MARK(17) MARK(18) MARK(19)
	default: errx(2, "marks go from 0 to 19");
	}
}

static uint64_t next_block(struct load *load)
{
	if (!load->is_random)
		return load->next++ % load->blocks;
	load->seed = load->seed * 1664525 + 1013904223;
	return (load->seed >> 4) % (load->blocks / 2) * 2;
}

/* Submits all idle requests in one call, so that the block layer sees a batch. */
static uint32_t submit(struct load *load, uint32_t most)
{
	struct iocb *batch[DEPTH_MAX];
	uint32_t count = 0;

	while (load->idle_count && count < most) {
		uint32_t slot = load->idle[--load->idle_count];
		struct iocb *request = &load->requests[slot];

		*request = (struct iocb){
			.aio_data = slot,
			.aio_lio_opcode = load->is_write ? IOCB_CMD_PWRITE : IOCB_CMD_PREAD,
			.aio_fildes = (uint32_t)load->fd,
			.aio_buf = (uintptr_t)load->buffer + (uint64_t)slot * load->bytes,
			.aio_nbytes = load->bytes,
			.aio_offset = (int64_t)(next_block(load) * load->bytes),
		};
		batch[count++] = request;
	}
	if (count && syscall(SYS_io_submit, load->context, (long)count, batch) != (long)count)
		err(1, "io_submit");
	return count;
}

static uint32_t collect(struct load *load)
{
	struct io_event events[DEPTH_MAX];
	long count = syscall(SYS_io_getevents, load->context, 1L, (long)load->depth, events, NULL);

	if (count < 1)
		err(1, "io_getevents");
	for (long i = 0; i < count; i++) {
		if (events[i].res != (int64_t)load->bytes)
			errx(1, "a request ended with %lld", (long long)events[i].res);
		load->idle[load->idle_count++] = (uint32_t)events[i].data;
	}
	return (uint32_t)count;
}

static void run(struct load *load, uint32_t wanted, uint32_t first_mark)
{
	uint32_t warm = wanted / 10 + load->depth, total = wanted + warm, submitted = 0, done = 0, from = 0;
	uint64_t start_ns = 0;

	while (done < total) {
		submitted += submit(load, total - submitted);
		done += collect(load);
		if (!from && done >= warm) {
			from = done;
			start_ns = now_ns();
			mark(first_mark);
		}
	}
	mark(first_mark + 1);
	printf("RESULT count %u\nRESULT ns %llu\n", total - from, (unsigned long long)(now_ns() - start_ns));
}

/* How many pieces of memory a request is in is no luck of the kernel's allocator: one, as a huge page has it, or each page its own. */
static char *buffer_alloc(size_t bytes, bool is_scattered)
{
	size_t whole = (bytes + HUGE - 1) / HUGE * HUGE;
	char *region = mmap(NULL, 2 * (whole + HUGE), PROT_READ | PROT_WRITE, MAP_ANONYMOUS | MAP_PRIVATE, -1, 0);
	char *buffer = (char *)(((uintptr_t)region + HUGE - 1) / HUGE * HUGE), *scattered = buffer + whole;

	if (region == MAP_FAILED || madvise(buffer, whole, MADV_HUGEPAGE))
		err(1, "a buffer of %zu bytes", bytes);
	memset(buffer, 0x5a, whole);
	if (!is_scattered)
		return buffer;
	for (size_t at = 0; at < whole; at += PAGE)
		if (mremap(buffer + at, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, scattered + whole - PAGE - at) == MAP_FAILED)
			err(1, "mremap");
	return scattered;
}

int main(int argc, char **argv)
{
	static struct load load;
	uint64_t size;

	if (argc != 8)
		errx(2, "usage: io_load DEVICE read|write random|sequential|scattered BYTES DEPTH COUNT MARK");
	load.is_write = !strcmp(argv[2], "write");
	load.is_random = !strcmp(argv[3], "random");
	load.bytes = (uint32_t)atoi(argv[4]);
	load.depth = (uint32_t)atoi(argv[5]);
	load.seed = 12345;
	if (!load.bytes || !load.depth || load.depth > DEPTH_MAX)
		errx(2, "no such load");
	load.fd = open(argv[1], (load.is_write ? O_RDWR : O_RDONLY) | O_DIRECT | O_CLOEXEC);
	if (load.fd < 0 || ioctl(load.fd, BLKGETSIZE64, &size))
		err(1, "%s", argv[1]);
	load.blocks = size / load.bytes;
	if (load.blocks < 2)
		errx(1, "%s is too small", argv[1]);
	load.buffer = buffer_alloc((size_t)load.bytes * load.depth, !strcmp(argv[3], "scattered"));
	for (uint32_t i = 0; i < load.depth; i++)
		load.idle[load.idle_count++] = i;
	if (syscall(SYS_io_setup, (long)load.depth, &load.context))
		err(1, "io_setup");
	run(&load, (uint32_t)atoi(argv[6]), (uint32_t)atoi(argv[7]));
	return 0;
}
