/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The vfio-user server against a QEMU that the test plays over a socket pair: what QEMU asks in its order, registers both ways, memory,
 * the interrupt line; then clients that lie about lengths, descriptors and versions, that do not read, and that come and go.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/log.h"
#include "tests/hba/vfio_user.h"

enum { VERSION = 1, MAP, UNMAP, INFO, REGION, IO_FDS, IRQ, IRQS, READ, WRITE, DMA_READ, RESET = 13, MULTI = 15 };
enum { NO_REPLY = 0x10, ERROR = 0x20 };

struct header {
	uint16_t id, command;
	uint32_t size, flags, error;
};

struct access {
	uint64_t offset;
	uint32_t region, count;
	uint64_t value;
} __attribute__((packed));

struct map {
	uint32_t size, flags;
	uint64_t offset, addr, bytes;
};

struct irqs {
	uint32_t size, flags, index, start, count;
	uint8_t wanted;
} __attribute__((packed));

/* The chip: what was written is read back; register 0xf0 drives the line. */
struct fixture {
	struct loop *loop;
	struct loop_timer *timer;
	struct vfio_user *v;
	int client, memory, event;
	unsigned int fds_before, resets, writes;
	uint8_t registers[PCI_WINDOW_BYTES];
	uint8_t answer[4096];
	size_t answer_len;
};

static unsigned int open_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int count = 0;

	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

static uint32_t chip_read(void *data, uint32_t offset, unsigned int size)
{
	struct fixture *f = data;
	uint32_t value = 0;

	assert_true(size == 1 || size == 2 || size == 4);
	assert_true(offset + size <= PCI_WINDOW_BYTES && offset % size == 0);
	memcpy(&value, f->registers + offset, size);
	return value;
}

static void chip_write(void *data, uint32_t offset, unsigned int size, uint32_t value)
{
	struct fixture *f = data;

	assert_true(offset + size <= PCI_WINDOW_BYTES && offset % size == 0);
	memcpy(f->registers + offset, &value, size);
	f->writes++;
	if (offset == 0xf0)
		vfio_user_interrupt(f->v, value);
}

static void chip_reset(void *data)
{
	struct fixture *f = data;

	f->resets++;
	memset(f->registers, 0, sizeof(f->registers));
	vfio_user_interrupt(f->v, false);
}

static const struct pci_function_ops ops = {chip_read, chip_write, chip_reset};
static const struct pci_identity identity = {0x1077, 0x4032, 0x1077, 0x0158, 0x010000, 3};

static void stop(void *data)
{
	loop_stop(data);
}

static void run_ms(struct fixture *f, unsigned int ms)
{
	loop_timer_set(f->timer, ms);
	assert_int_equal(loop_run(f->loop), 0);
}

static void connect_client(struct fixture *f)
{
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	assert_int_equal(vfio_user_attach(f->v, ends[0]), 0);
	f->client = ends[1];
}

static int setup(void **state)
{
	static struct fixture f;

	log_open("test", LOG_TO_STDERR, LOG_LEVEL_ERROR);
	f = (struct fixture){.client = -1};
	f.fds_before = open_fds();
	assert_int_equal(loop_new(&f.loop), 0);
	assert_int_equal(loop_timer_new(f.loop, stop, f.loop, &f.timer), 0);
	assert_int_equal(vfio_user_new(f.loop, &f.v), 0);
	assert_int_equal(vfio_user_start(f.v, NULL, &identity, &ops, &f), 0);
	f.memory = memfd_create("guest", MFD_CLOEXEC);
	assert_int_equal(ftruncate(f.memory, 1 << 20), 0);
	f.event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	connect_client(&f);
	*state = &f;
	return 0;
}

/* Whatever a client did, no descriptor of its is left with us. */
static int teardown(void **state)
{
	struct fixture *f = *state;

	vfio_user_free(f->v);
	loop_timer_free(f->timer);
	loop_free(f->loop);
	close(f->memory);
	close(f->event);
	if (f->client >= 0)
		close(f->client);
	assert_int_equal(open_fds(), f->fds_before);
	return 0;
}

static void send_raw(struct fixture *f, const void *bytes, size_t len, const int *fds, unsigned int count)
{
	char control[CMSG_SPACE(16 * sizeof(int))] = "";
	struct iovec piece = {(void *)bytes, len};
	struct msghdr head = {.msg_iov = &piece, .msg_iovlen = 1};

	if (count) {
		head.msg_control = control;
		head.msg_controllen = CMSG_SPACE(count * sizeof(int));
		*CMSG_FIRSTHDR(&head) = (struct cmsghdr){CMSG_LEN(count * sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
		memcpy(CMSG_DATA(CMSG_FIRSTHDR(&head)), fds, count * sizeof(int));
	}
	assert_int_equal(sendmsg(f->client, &head, MSG_NOSIGNAL), len);
}

static void send_message(struct fixture *f, uint16_t command, uint32_t flags, const void *body, size_t len, const int *fds,
			 unsigned int count)
{
	static uint16_t id;
	uint8_t bytes[8192];
	struct header header = {++id, command, (uint32_t)(sizeof(header) + len), flags, 0};

	memcpy(bytes, &header, sizeof(header));
	if (len)
		memcpy(bytes + sizeof(header), body, len);
	send_raw(f, bytes, sizeof(header) + len, fds, count);
}

/* The reply's errno; its body is in answer. -1: none came. */
static int receive(struct fixture *f, uint16_t command)
{
	struct header header;
	ssize_t got;

	run_ms(f, 2);
	got = recv(f->client, &header, sizeof(header), MSG_DONTWAIT);
	if (got < (ssize_t)sizeof(header))
		return -1;
	assert_int_equal(header.command, command);
	assert_int_equal(header.flags & 0xf, 1);
	assert_int_equal(!!(header.flags & ERROR), header.error != 0);
	f->answer_len = header.size - sizeof(header);
	assert_true(f->answer_len <= sizeof(f->answer));
	if (f->answer_len)
		assert_int_equal(recv(f->client, f->answer, f->answer_len, MSG_DONTWAIT), f->answer_len);
	return (int)header.error;
}

static int ask_fds(struct fixture *f, uint16_t command, const void *body, size_t len, const int *fds, unsigned int count)
{
	send_message(f, command, 0, body, len, fds, count);
	return receive(f, command);
}

static int ask(struct fixture *f, uint16_t command, const void *body, size_t len)
{
	return ask_fds(f, command, body, len, NULL, 0);
}

static void hello(struct fixture *f)
{
	static const char body[] = "\0\0\0\0{\"capabilities\":{\"max_msg_fds\":16,\"write_multiple\":true}}";

	assert_int_equal(ask(f, VERSION, body, sizeof(body)), 0);
	assert_memory_equal(f->answer, "\0\0\0\0{", 5);
	assert_non_null(strstr((char *)f->answer + 4, "\"write_multiple\":true"));
}

static uint64_t read_region(struct fixture *f, uint32_t region, uint64_t offset, uint32_t count)
{
	struct access access = {offset, region, count, 0};
	uint64_t value = 0;

	assert_int_equal(ask(f, READ, &access, 16), 0);
	assert_int_equal(f->answer_len, 16 + count);
	memcpy(&value, f->answer + 16, count > 8 ? 8 : count);
	return value;
}

static void post(struct fixture *f, uint32_t offset, uint32_t count, uint64_t value)
{
	struct access access = {offset, PCI_REGION_MEMORY, count, value};

	send_message(f, WRITE, NO_REPLY, &access, 16 + count, NULL, 0);
}

static int set_irqs(struct fixture *f, uint32_t flags, uint32_t index, uint32_t count, int fd)
{
	struct irqs irqs = {sizeof(irqs), flags, index, 0, count, 1};

	return ask_fds(f, IRQS, &irqs, (flags & VFIO_IRQ_SET_DATA_BOOL) ? 21 : 20, &fd, fd >= 0);
}

/* How often the eventfd was told since the last look. */
static uint64_t told(struct fixture *f)
{
	uint64_t count = 0;

	return read(f->event, &count, sizeof(count)) == sizeof(count) ? count : 0;
}

static void test_what_the_device_is(void **state)
{
	static const uint32_t sizes[PCI_REGIONS] = {256, 4096, 0, 0, 0, 0, 0, 256, 0};
	struct fixture *f = *state;
	uint32_t info[8] = {32};

	hello(f);
	assert_int_equal(ask(f, INFO, info, 16), 0);
	assert_memory_equal(f->answer, ((uint32_t[]){16, 3, 9, 5}), 16);
	for (info[2] = 0; info[2] < PCI_REGIONS; info[2]++) {
		assert_int_equal(ask(f, REGION, info, 32), 0);
		assert_memory_equal(f->answer, ((uint32_t[]){32, sizes[info[2]] ? 3 : 0, info[2], 0, sizes[info[2]], 0, 0, 0}), 32);
	}
	assert_int_equal(ask(f, REGION, info, 32), EINVAL);
	for (info[2] = 0; info[2] < 5; info[2]++) {
		assert_int_equal(ask(f, IRQ, info, 16), 0);
		assert_memory_equal(f->answer, ((uint32_t[]){16, info[2] ? 0 : 7, info[2], !info[2]}), 16);
	}
	assert_int_equal(ask(f, IRQ, info, 16), EINVAL);
	assert_int_equal(f->resets, 1);
	assert_int_equal(ask(f, RESET, NULL, 0), 0);
	assert_int_equal(f->resets, 2);
}

static void test_configuration_space(void **state)
{
	struct fixture *f = *state;
	struct access access = {0x04, PCI_REGION_CONFIG, 2, 0xffff};

	hello(f);
	assert_int_equal(read_region(f, PCI_REGION_CONFIG, 0, 4), 0x40321077);
	assert_int_equal(read_region(f, PCI_REGION_CONFIG, 8, 4), 0x01000003);
	assert_int_equal(read_region(f, PCI_REGION_CONFIG, 0x10, 8), 1);
	assert_int_equal(read_region(f, PCI_REGION_CONFIG, 0x2c, 4), 0x01581077);
	assert_int_equal(read_region(f, PCI_REGION_CONFIG, 0x34, 1), 0);
	assert_int_equal(read_region(f, PCI_REGION_CONFIG, 0x3d, 1), 1);
	assert_int_equal(ask(f, WRITE, &access, 18), 0);
	assert_int_equal(read_region(f, PCI_REGION_CONFIG, 0x04, 2), 0x0557);
	access.offset = 0;
	assert_int_equal(ask(f, WRITE, &access, 18), 0);
	assert_int_equal(read_region(f, PCI_REGION_CONFIG, 0, 2), 0x1077);
	read_region(f, PCI_REGION_CONFIG, 0, 256);
	assert_int_equal(ask(f, RESET, NULL, 0), 0);
	assert_int_equal(read_region(f, PCI_REGION_CONFIG, 0x04, 2), 0);
}

static void test_registers(void **state)
{
	struct fixture *f = *state;

	hello(f);
	post(f, 0x10, 4, 0x12345678);
	post(f, 0x12, 2, 0xabcd);
	post(f, 0x11, 1, 0xef);
	assert_int_equal(read_region(f, PCI_REGION_MEMORY, 0x10, 4), 0xabcdef78);
	assert_int_equal(read_region(f, PCI_REGION_IO, 0x10, 4), 0xabcdef78);
	post(f, 0x20, 8, 0x1122334455667788);
	assert_int_equal(read_region(f, PCI_REGION_MEMORY, 0x20, 8), 0x1122334455667788);
	assert_int_equal(read_region(f, PCI_REGION_MEMORY, 0x24, 2), 0x3344);
	assert_int_equal(read_region(f, PCI_REGION_MEMORY, 0x100, 4), 0);
	post(f, 0xffc, 4, 1);
	assert_int_equal(read_region(f, PCI_REGION_MEMORY, 0xffc, 4), 0);
	assert_int_equal(f->writes, 5);
	assert_int_equal(vfio_user_counters(f->v)->refused, 0);
}

static void test_accesses_that_are_none(void **state)
{
	static const struct access rows[] = {
		{0x11, 1, 4, 0}, {0x11, 1, 2, 0}, {0x14, 1, 8, 0}, {0x10, 1, 3, 0}, {0x10, 1, 0, 0}, {0x10, 1, 16, 0}, {0x1000, 1, 4, 0},
		{0xfff, 1, 2, 0}, {0x100, 0, 1, 0}, {UINT64_MAX, 1, 1, 0}, {UINT64_MAX - 3, 1, 4, 0}, {0, 2, 4, 0}, {0, 6, 4, 0}, {0, 8, 4, 0},
		{0, 9, 4, 0}, {0, UINT32_MAX, 4, 0}, {0x100, 7, 1, 0}, {0xff, 7, 2, 0}, {0, 7, 257, 0}, {0, 7, UINT32_MAX, 0}, {0, 1, UINT32_MAX, 0},
	};
	struct fixture *f = *state;
	uint8_t wide[16 + 512] = "";

	hello(f);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		memcpy(wide, &rows[i], 16);
		assert_int_equal(ask(f, READ, wide, 16), EINVAL);
		assert_int_equal(f->answer_len, 0);
		assert_int_equal(ask(f, WRITE, wide, sizeof(wide)), EINVAL);
	}
	memcpy(wide, &(struct access){0x10, 1, 4, 0}, 16);
	assert_int_equal(ask(f, WRITE, wide, 19), EINVAL);	/* fewer bytes than it says */
	assert_int_equal(f->writes, 0);
}

static void test_many_writes_in_one(void **state)
{
	struct fixture *f = *state;
	struct {
		uint64_t count;
		struct access access[3];
	} __attribute__((packed)) multi = {3, {{0x10, 1, 4, 1}, {0x14, 1, 2, 2}, {0x18, 1, 4, 3}}};

	hello(f);
	send_message(f, MULTI, NO_REPLY, &multi, sizeof(multi), NULL, 0);
	assert_int_equal(read_region(f, PCI_REGION_MEMORY, 0x14, 2), 2);
	assert_int_equal(read_region(f, PCI_REGION_MEMORY, 0x18, 4), 3);
	assert_int_equal(f->writes, 3);
	multi.count = 4;
	assert_int_equal(ask(f, MULTI, &multi, sizeof(multi)), EINVAL);
	multi.count = UINT64_MAX / 24 + 2;
	assert_int_equal(ask(f, MULTI, &multi, sizeof(multi)), EINVAL);
	assert_int_equal(f->writes, 3);
	multi.count = 3;
	multi.access[1].count = 9;
	assert_int_equal(ask(f, MULTI, &multi, sizeof(multi)), EINVAL);
	assert_int_equal(f->writes, 5);				/* the others are done */
}

static void test_memory(void **state)
{
	struct fixture *f = *state;
	struct map map = {sizeof(map), 3, 0x1000, 0x10000, 0x2000};
	char bytes[4];

	hello(f);
	assert_int_equal(ask_fds(f, MAP, &map, sizeof(map), &f->memory, 1), 0);
	assert_int_equal(ask_fds(f, MAP, &map, sizeof(map), &f->memory, 1), EEXIST);
	assert_int_equal(guest_write(vfio_user_guest(f->v), 0x10ffe, "span", 4), 0);
	assert_int_equal(pread(f->memory, bytes, 4, 0x1ffe), 4);
	assert_memory_equal(bytes, "span", 4);
	map.addr = 0x20000;
	map.bytes = 1 << 20;
	assert_int_equal(ask_fds(f, MAP, &map, sizeof(map), &f->memory, 1), EINVAL);	/* the file is shorter */
	map.bytes = 0x1000;
	map.flags = 0;
	assert_int_equal(ask_fds(f, MAP, &map, sizeof(map), &f->memory, 1), EINVAL);
	map.flags = 1;
	assert_int_equal(ask(f, MAP, &map, sizeof(map)), 0);				/* a ROM: nothing to reach */
	assert_int_equal(guest_read(vfio_user_guest(f->v), 0x20000, bytes, 4), -EFAULT);
	assert_int_equal(ask_fds(f, MAP, &map, sizeof(map), &f->memory, 1), 0);
	assert_int_equal(guest_write(vfio_user_guest(f->v), 0x20000, bytes, 4), -EFAULT);
	map = (struct map){24, 0, 0x10000, 0x2000, 0};		/* unmap: address and size stand earlier */
	assert_int_equal(ask(f, UNMAP, &map, 24), 0);
	assert_int_equal(f->answer_len, 24);
	assert_int_equal(ask(f, UNMAP, &map, 24), 0);
	assert_int_equal(guest_read(vfio_user_guest(f->v), 0x10000, bytes, 4), -EFAULT);
	assert_int_equal(guest_read(vfio_user_guest(f->v), 0x20000, bytes, 4), 0);
	map = (struct map){24, 2, 0, 0, 0};
	assert_int_equal(ask(f, UNMAP, &map, 24), 0);
	assert_int_equal(guest_read(vfio_user_guest(f->v), 0x20000, bytes, 4), -EFAULT);
}

/* A level told as edges. Each row: what happens, and how often QEMU hears of the line. */
static void test_interrupt_line(void **state)
{
	enum { UP, DOWN, UNMASK, MASK, RESAMPLE, TELL };
	static const struct { int what; unsigned int told; } rows[] = {
		{UP, 1}, {UP, 0}, {DOWN, 0}, {UP, 0}, {UNMASK, 1}, {UNMASK, 1}, {DOWN, 0}, {UNMASK, 0}, {MASK, 0}, {UP, 0}, {UNMASK, 1},
		{RESAMPLE, 1}, {DOWN, 0}, {RESAMPLE, 0}, {TELL, 1}, {UP, 1},
	};
	struct fixture *f = *state;
	int resample = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	hello(f);
	assert_int_equal(set_irqs(f, 0x24, 0, 1, f->event), 0);
	assert_int_equal(set_irqs(f, 0x14, 0, 1, resample), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].what == UP || rows[i].what == DOWN)
			post(f, 0xf0, 4, rows[i].what == UP);
		else if (rows[i].what == RESAMPLE)
			assert_int_equal(eventfd_write(resample, 1), 0);
		else
			assert_int_equal(set_irqs(f, rows[i].what == MASK ? 0x0a : rows[i].what == TELL ? 0x21 : 0x11, 0, 1, -1), 0);
		run_ms(f, 2);
		assert_int_equal(told(f), rows[i].told);
	}
	assert_int_equal(set_irqs(f, 0x21, 0, 0, -1), 0);	/* disabled */
	post(f, 0xf0, 4, 0);
	post(f, 0xf0, 4, 1);
	run_ms(f, 2);
	assert_int_equal(told(f), 0);
	assert_int_equal(set_irqs(f, 0x24, 0, 1, f->event), 0);	/* high all the while */
	assert_int_equal(told(f), 1);
	close(resample);
}

static void test_interrupts_that_are_none(void **state)
{
	static const struct { uint32_t flags, index, count; } rows[] = {
		{0x24, 0, 2}, {0x24, 1, 1}, {0x24, 5, 1}, {0x24, UINT32_MAX, 1}, {0x20, 0, 1}, {0x27, 0, 1}, {0x04, 0, 1}, {0x3c, 0, 1},
		{0x22, 0, UINT32_MAX}, {0x21, 3, 1}, {0x0c, 0, 1},
	};
	struct fixture *f = *state;
	struct irqs irqs = {20, 0x24, 0, 1, 1, 0};
	int pipes[2];

	hello(f);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(set_irqs(f, rows[i].flags, rows[i].index, rows[i].count, f->event), EINVAL);
	assert_int_equal(ask_fds(f, IRQS, &irqs, 20, &f->event, 1), EINVAL);	/* starts at 1 */
	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(set_irqs(f, 0x24, 0, 1, pipes[1]), EINVAL);
	assert_int_equal(set_irqs(f, 0x14, 0, 1, pipes[0]), EINVAL);
	assert_int_equal(set_irqs(f, 0x21, 3, 0, -1), 0);
	close(pipes[0]);
	close(pipes[1]);
}

/* What QEMU sends in one piece may come in any. Descriptors come with a message's first byte. */
static void test_cut_anywhere(void **state)
{
	struct fixture *f = *state;
	struct {
		struct header header;
		struct map map;
	} message = {{7, MAP, sizeof(message), 0, 0}, {sizeof(struct map), 3, 0, 0, 0x1000}};
	uint32_t word;

	hello(f);
	for (size_t cut = 1; cut < sizeof(message); cut++) {
		message.map.addr = cut << 12;
		send_raw(f, &message, cut, &f->memory, 1);
		run_ms(f, 0);
		send_raw(f, (uint8_t *)&message + cut, sizeof(message) - cut, NULL, 0);
		assert_int_equal(receive(f, MAP), 0);
		assert_int_equal(guest_read(vfio_user_guest(f->v), cut << 12, &word, 4), 0);
	}
}

/* Messages in one piece: each descriptor is the one of the message it came with. */
static void test_descriptors_find_their_message(void **state)
{
	struct fixture *f = *state;
	struct map map = {sizeof(map), 3, 0, 0, 0x1000};
	uint32_t word;

	hello(f);
	for (unsigned int i = 0; i < 20; i++) {
		post(f, 0x10, 4, i);
		map.addr = i << 12;
		send_message(f, MAP, 0, &map, sizeof(map), &f->memory, i % 3 != 0);
		post(f, 0x10, 4, i);
	}
	run_ms(f, 20);
	for (unsigned int i = 0; i < 20; i++)
		assert_int_equal(guest_read(vfio_user_guest(f->v), i << 12, &word, 4), i % 3 ? 0 : -EFAULT);
	assert_int_equal(f->writes, 40);
}

static void expect_dropped(struct fixture *f)
{
	char bytes[4096];
	ssize_t got;

	run_ms(f, 5);
	assert_false(vfio_user_has_client(f->v));
	while ((got = recv(f->client, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0)
		;
	assert_true(got == 0 || errno == ECONNRESET);
	close(f->client);
	connect_client(f);
}

static void test_what_drops_a_client(void **state)
{
	static const struct header rows[] = {
		{1, INFO, 0, 0, 0}, {1, INFO, 15, 0, 0}, {1, INFO, 16385, 0, 0}, {1, INFO, UINT32_MAX, 0, 0}, {1, INFO, 16, 1, 0},
		{1, VERSION, 16, 15, 0},
	};
	struct fixture *f = *state;
	int fds[10];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		hello(f);
		send_raw(f, &rows[i], sizeof(rows[i]), NULL, 0);
		expect_dropped(f);
	}
	send_message(f, INFO, 0, "\20\0\0\0", 4, NULL, 0);	/* before the version */
	expect_dropped(f);
	hello(f);
	send_message(f, VERSION, 0, "\0\0\0\0", 4, NULL, 0);	/* again */
	expect_dropped(f);
	for (size_t i = 0; i < 10; i++)
		fds[i] = f->memory;
	hello(f);
	send_message(f, INFO, 0, "\20\0\0\0", 4, fds, 10);	/* more than may come */
	expect_dropped(f);
	hello(f);
	send_raw(f, &(struct header){1, INFO, 20, 0, 0}, 16, fds, 2);
	run_ms(f, 1);
	send_raw(f, "\20\0\0\0", 4, fds, 2);			/* twice with one message */
	expect_dropped(f);
	assert_int_equal(vfio_user_counters(f->v)->dropped, 10);
}

static void test_refused_but_kept(void **state)
{
	static const char other[] = "\1\0\0\0", bad_json[] = "\0\0\0\0{\"capabilities\":";
	struct fixture *f = *state;
	int fds[8];

	assert_int_equal(ask(f, VERSION, "\0", 2), EINVAL);
	assert_int_equal(ask(f, VERSION, other, sizeof(other)), EPROTONOSUPPORT);
	assert_int_equal(ask(f, VERSION, bad_json, sizeof(bad_json)), 0);
	assert_null(strstr((char *)f->answer + 4, "write_multiple"));
	assert_int_equal(ask(f, IO_FDS, "1234", 4), EOPNOTSUPP);
	assert_int_equal(ask(f, DMA_READ, "1234", 4), EOPNOTSUPP);
	assert_int_equal(ask(f, 0, "1234", 4), EOPNOTSUPP);
	assert_int_equal(ask(f, 65535, "1234", 4), EOPNOTSUPP);
	for (size_t i = 0; i < 8; i++)
		fds[i] = f->memory;
	assert_int_equal(ask_fds(f, INFO, "\20\0\0\0", 4, fds, 8), 0);	/* closed, not kept */
	for (uint16_t command = MAP; command <= MULTI; command++)
		if (command != RESET)
			assert_true(ask_fds(f, command, "", 1, fds, 3) > 0);
}

/* The next client finds a function that was reset, no memory of the one before, and a line that is not masked. */
static void test_one_after_the_other(void **state)
{
	struct fixture *f = *state;
	struct map map = {sizeof(map), 3, 0, 0, 0x1000};
	uint32_t word;

	for (unsigned int turn = 0; turn < 3; turn++) {
		hello(f);
		assert_int_equal(ask_fds(f, MAP, &map, sizeof(map), &f->memory, 1), 0);
		assert_int_equal(set_irqs(f, 0x24, 0, 1, f->event), 0);
		post(f, 0xf0, 4, 1);
		run_ms(f, 2);
		assert_int_equal(told(f), 1);
		close(f->client);
		run_ms(f, 2);
		assert_false(vfio_user_has_client(f->v));
		assert_int_equal(guest_read(vfio_user_guest(f->v), 0, &word, 4), -EFAULT);
		assert_int_equal(f->resets, turn + 2);
		connect_client(f);
	}
	assert_int_equal(vfio_user_counters(f->v)->dropped, 0);
}

/* Whoever still looks at a function that was pulled sees ones, and does nothing to it. */
static void test_pulled(void **state)
{
	struct fixture *f = *state;
	struct access access = {0x04, PCI_REGION_CONFIG, 2, 0xffff};

	hello(f);
	post(f, 0x10, 4, 0x12345678);
	assert_int_equal(read_region(f, PCI_REGION_MEMORY, 0x10, 4), 0x12345678);
	vfio_user_pull(f->v);
	assert_int_equal(read_region(f, PCI_REGION_MEMORY, 0x10, 4), 0xffffffff);
	assert_int_equal(read_region(f, PCI_REGION_CONFIG, 0, 2), 0xffff);
	assert_int_equal(ask(f, WRITE, &access, 18), 0);
	post(f, 0x10, 4, 1);
	assert_int_equal(read_region(f, PCI_REGION_IO, 0x10, 4), 0xffffffff);
	assert_int_equal(f->writes, 1);
	assert_int_equal(ask(f, RESET, NULL, 0), 0);
	assert_int_equal(read_region(f, PCI_REGION_IO, 0x10, 4), 0xffffffff);
	close(f->client);
	run_ms(f, 2);
	connect_client(f);
	hello(f);
	assert_int_equal(read_region(f, PCI_REGION_CONFIG, 0, 4), 0x40321077);
	assert_int_equal(read_region(f, PCI_REGION_CONFIG, 0x04, 2), 0);
	assert_int_equal(read_region(f, PCI_REGION_MEMORY, 0x10, 4), 0);
}

/* A client that only asks is not answered without end; when it reads, all answers are there. */
static void test_client_that_does_not_read(void **state)
{
	struct access access = {0, PCI_REGION_CONFIG, 256, 0};
	struct header header = {1, READ, 32, 0, 0};
	struct fixture *f = *state;
	uint8_t message[32];
	unsigned int sent = 0, read_back = 0;
	ssize_t got;

	hello(f);
	memcpy(message, &header, 16);
	memcpy(message + 16, &access, 16);
	for (unsigned int full = 0; sent < 100000 && full < 20;) {
		got = send(f->client, message, 32, MSG_DONTWAIT | MSG_NOSIGNAL);
		assert_true(got == 32 || (got < 0 && errno == EAGAIN));
		full = got < 0 ? full + 1 : 0;
		sent += got == 32;
		if (got < 0)
			run_ms(f, 1);
	}
	assert_true(sent > 100 && sent < 100000);
	for (unsigned int idle = 0; idle < 50 && read_back < sent * 288; idle++) {
		run_ms(f, 1);
		while ((got = recv(f->client, f->answer, sizeof(f->answer), MSG_DONTWAIT)) > 0) {
			read_back += (unsigned int)got;
			idle = 0;
		}
	}
	assert_int_equal(read_back, sent * 288);
}

static void test_listening(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct vfio_user *v, *second;
	struct fixture *f = *state;

	snprintf(address.sun_path, sizeof(address.sun_path), "/tmp/hba-test-%d", getpid());
	assert_int_equal(vfio_user_new(f->loop, &v), 0);
	assert_int_equal(vfio_user_start(v, address.sun_path, &identity, &ops, f), 0);
	assert_int_equal(vfio_user_new(f->loop, &second), 0);
	assert_int_equal(vfio_user_start(second, address.sun_path, &identity, &ops, f), -EADDRINUSE);
	vfio_user_free(second);
	close(f->client);
	for (unsigned int turn = 0; turn < 3; turn++) {
		f->client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		assert_int_equal(connect(f->client, (struct sockaddr *)&address, sizeof(address)), 0);
		run_ms(f, 3);
		assert_true(vfio_user_has_client(v));
		hello(f);
		assert_int_equal(read_region(f, PCI_REGION_CONFIG, 0, 4), 0x40321077);
		close(f->client);
	}
	f->client = -1;
	vfio_user_free(v);
	assert_int_equal(access(address.sun_path, F_OK), -1);
}

int main(void)
{
#define ROW(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		ROW(test_what_the_device_is), ROW(test_configuration_space), ROW(test_registers), ROW(test_accesses_that_are_none),
		ROW(test_many_writes_in_one), ROW(test_memory), ROW(test_interrupt_line), ROW(test_interrupts_that_are_none),
		ROW(test_cut_anywhere), ROW(test_descriptors_find_their_message), ROW(test_what_drops_a_client), ROW(test_refused_but_kept),
		ROW(test_one_after_the_other), ROW(test_pulled), ROW(test_client_that_does_not_read), ROW(test_listening),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
