/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Guest memory as a sorted array of mappings. A file that is cut short under its mapping would end the process with SIGBUS at the next
 * access: the handler here puts empty memory in the mapping's place and marks it lost. Threads never come here.
 */
#include "tests/hba/guest.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define GUEST_PAGE 4096

struct mapping {
	uint64_t addr, bytes;
	uint8_t *memory;
	bool may_write;
	volatile bool is_lost; /* set by the handler */
};

/* Owned by its struct vfio_user; linked for the handler. */
struct guest {
	struct guest *next;
	struct mapping *maps; /* sorted by addr, no overlap */
	size_t count;
	size_t recent; /* where the last access was */
};

static struct guest *guests;
static struct sigaction sigbus_before;

static bool replace_lost(const uint8_t *at)
{
	for (struct guest *guest = guests; guest; guest = guest->next)
		for (size_t i = 0; i < guest->count; i++) {
			struct mapping *map = &guest->maps[i];

			if (at < map->memory || at >= map->memory + map->bytes)
				continue;
			map->is_lost = true;
			return mmap(map->memory, map->bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED,
				    -1, 0) != MAP_FAILED;
		}
	return false;
}

/* Not guest memory: whoever handled it before sees it at the next try. */
static void sigbus(int number, siginfo_t *info, void *context)
{
	int error = errno;

	if (!replace_lost(info->si_addr))
		sigaction(SIGBUS, &sigbus_before, NULL);
	errno = error;
}

static void take_sigbus(void)
{
	struct sigaction action = {.sa_sigaction = sigbus, .sa_flags = SA_SIGINFO};

	sigaction(SIGBUS, &action, &sigbus_before);
}

int guest_new(struct guest **ret_guest)
{
	struct guest *guest = calloc(1, sizeof(*guest));

	if (!guest)
		return -ENOMEM;
	guest->maps = calloc(GUEST_MAPS_MAX, sizeof(*guest->maps));
	if (!guest->maps) {
		free(guest);
		return -ENOMEM;
	}
	if (!guests)
		take_sigbus();
	guest->next = guests;
	guests = guest;
	*ret_guest = guest;
	return 0;
}

void guest_free(struct guest *guest)
{
	struct guest **link = &guests;

	if (!guest)
		return;
	while (*link != guest)
		link = &(*link)->next;
	*link = guest->next;
	if (!guests)
		sigaction(SIGBUS, &sigbus_before, NULL);
	guest_unmap_all(guest);
	free(guest->maps);
	free(guest);
}

/* The first mapping that ends after addr; count if there is none. */
static size_t find(const struct guest *guest, uint64_t addr)
{
	size_t low = 0, high = guest->count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		const struct mapping *map = &guest->maps[middle];

		if (addr > map->addr && addr - map->addr >= map->bytes)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Only memory: a file on a disk or of somebody's FUSE could hold up every access. */
static bool is_memory_of(int fd, uint64_t size, uint64_t offset)
{
	struct stat status;

	if (fcntl(fd, F_GET_SEALS) < 0 || fstat(fd, &status) < 0 || !S_ISREG(status.st_mode))
		return false;
	return offset <= (uint64_t)status.st_size && size <= (uint64_t)status.st_size - offset;
}

int guest_map(struct guest *guest, uint64_t addr, uint64_t size, int fd, uint64_t offset, bool may_write)
{
	size_t at = find(guest, addr);
	void *memory;

	if (!size || addr > UINT64_MAX - size || (addr | size | offset) % GUEST_PAGE || !is_memory_of(fd, size, offset))
		return -EINVAL;
	if (at < guest->count && guest->maps[at].addr < addr + size)
		return -EEXIST;
	if (guest->count == GUEST_MAPS_MAX)
		return -ENOSPC;
	memory = mmap(NULL, size, may_write ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fd, (off_t)offset);
	if (memory == MAP_FAILED)
		return -errno;
	madvise(memory, size, MADV_DONTDUMP);
	memmove(&guest->maps[at + 1], &guest->maps[at], (guest->count - at) * sizeof(*guest->maps));
	guest->maps[at] = (struct mapping){.addr = addr, .bytes = size, .memory = memory, .may_write = may_write};
	guest->count++;
	return 0;
}

int guest_unmap(struct guest *guest, uint64_t addr, uint64_t size)
{
	uint64_t last = addr + size - 1;
	size_t first = find(guest, addr), end = first;

	if (!size || last < addr)
		return -EINVAL;
	while (end < guest->count && guest->maps[end].addr <= last) {
		const struct mapping *map = &guest->maps[end++];

		if (map->addr < addr || map->addr + map->bytes - 1 > last)
			return -EINVAL;
	}
	for (size_t i = first; i < end; i++)
		munmap(guest->maps[i].memory, guest->maps[i].bytes);
	memmove(&guest->maps[first], &guest->maps[end], (guest->count - end) * sizeof(*guest->maps));
	guest->count -= end - first;
	guest->recent = 0;
	return 0;
}

void guest_unmap_all(struct guest *guest)
{
	for (size_t i = 0; i < guest->count; i++)
		munmap(guest->maps[i].memory, guest->maps[i].bytes);
	guest->count = 0;
	guest->recent = 0;
}

static bool covers(const struct guest *guest, size_t at, uint64_t addr)
{
	return at < guest->count && addr >= guest->maps[at].addr && addr - guest->maps[at].addr < guest->maps[at].bytes;
}

/* What lies at addr in one piece, len bytes at most; 0 bytes: nothing that may be used so. */
static size_t piece(struct guest *guest, uint64_t addr, size_t len, bool write, struct mapping **ret_map, uint8_t **ret_memory)
{
	struct mapping *map;
	uint64_t into;

	if (!covers(guest, guest->recent, addr))
		guest->recent = find(guest, addr);
	if (!covers(guest, guest->recent, addr))
		return 0;
	map = &guest->maps[guest->recent];
	if (map->is_lost || (write && !map->may_write))
		return 0;
	into = addr - map->addr;
	*ret_map = map;
	*ret_memory = map->memory + into;
	return len < map->bytes - into ? len : (size_t)(map->bytes - into);
}

static bool is_there(struct guest *guest, uint64_t addr, size_t len, bool write)
{
	struct mapping *map;
	uint8_t *memory;
	size_t part;

	if (addr > UINT64_MAX - len)
		return false;
	for (; len; addr += part, len -= part) {
		part = piece(guest, addr, len, write, &map, &memory);
		if (!part)
			return false;
	}
	return true;
}

/* A register in memory (32 bits) is never seen half written. */
static void copy(void *to, const void *from, size_t len)
{
	if (len == 4 && !(((uintptr_t)to | (uintptr_t)from) & 3))
		__atomic_store_n((uint32_t *)to, __atomic_load_n((const uint32_t *)from, __ATOMIC_ACQUIRE), __ATOMIC_RELEASE);
	else
		memcpy(to, from, len);
}

/* The fence keeps the order that the other side of the memory sees: this range before what is written next. */
static int transfer(struct guest *guest, uint64_t addr, uint8_t *buffer, size_t len, bool write)
{
	struct mapping *map;
	uint8_t *memory;
	size_t part;

	if (!is_there(guest, addr, len, write))
		return -EFAULT;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	for (; len; addr += part, buffer += part, len -= part) {
		part = piece(guest, addr, len, write, &map, &memory);
		if (!part)
			return -EFAULT;
		if (write)
			copy(memory, buffer, part);
		else
			copy(buffer, memory, part);
		if (map->is_lost)
			return -EFAULT;
	}
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return 0;
}

int guest_read(struct guest *guest, uint64_t addr, void *buffer, size_t len)
{
	return transfer(guest, addr, buffer, len, false);
}

int guest_write(struct guest *guest, uint64_t addr, const void *buffer, size_t len)
{
	return transfer(guest, addr, (uint8_t *)buffer, len, true);
}

int guest_vector(struct guest *guest, uint64_t addr, size_t len, bool write, struct iovec *pieces, int max)
{
	struct mapping *map;
	uint8_t *memory;
	size_t part;
	int count = 0;

	if (!is_there(guest, addr, len, write))
		return -EFAULT;
	for (; len; addr += part, len -= part) {
		if (count == max)
			return -E2BIG;
		part = piece(guest, addr, len, write, &map, &memory);
		pieces[count++] = (struct iovec){.iov_base = memory, .iov_len = part};
	}
	return count;
}
