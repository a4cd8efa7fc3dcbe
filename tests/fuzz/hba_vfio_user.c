/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzzer of what a vfio-user client may send. Byte 0: bit 0 leaves the version out. Then pieces: a byte (bits 0-1 how many descriptors, 2-4
 * which, 5 cut the guest's memory first, 6 let the loop turn), a byte with its length, its bytes. The chip behind takes addresses out of
 * its registers and follows them, as the real one does. No access beyond the window, no memory beyond what is mapped, no descriptor left.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/log.h"
#include "tests/hba/vfio_user.h"

#define MEMORY_BYTES 65536
#define KINDS 5

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

struct world {
	struct loop *loop;
	struct loop_timer *timer;
	struct vfio_user *v;
	int client, fds[KINDS]; /* guest memory, eventfd, a pipe's two ends, a directory */
	uint8_t registers[PCI_WINDOW_BYTES];
};

static uint32_t chip_read(void *data, uint32_t offset, unsigned int size)
{
	struct world *world = data;
	uint32_t value = 0;

	if (size > 4 || offset % size || offset + size > PCI_WINDOW_BYTES)
		abort();
	memcpy(&value, world->registers + offset, size);
	return value;
}

/* Register 0: the address (64 bits); 8: how much is read there and written back behind; 12: the line. */
static void chip_write(void *data, uint32_t offset, unsigned int size, uint32_t value)
{
	struct world *world = data;
	struct guest *guest = vfio_user_guest(world->v);
	struct iovec pieces[4];
	uint8_t buffer[4096];
	uint64_t addr;
	int count;

	if (size > 4 || offset % size || offset + size > PCI_WINDOW_BYTES)
		abort();
	memcpy(world->registers + offset, &value, size);
	memcpy(&addr, world->registers, sizeof(addr));
	if (offset == 8) {
		value %= sizeof(buffer);
		if (guest_read(guest, addr, buffer, value) == 0)
			guest_write(guest, addr + value, buffer, value);
		count = guest_vector(guest, addr, value, true, pieces, 4);
		for (int i = 0; i < count; i++)
			memset(pieces[i].iov_base, 0x5a, pieces[i].iov_len);
	}
	if (offset == 12)
		vfio_user_interrupt(world->v, value & 1);
}

static void chip_reset(void *data)
{
	struct world *world = data;

	vfio_user_interrupt(world->v, false);
}

static const struct pci_function_ops ops = {chip_read, chip_write, chip_reset};
static const struct pci_identity identity = {0x1077, 0x4032, 0x1077, 0x0158, 0x010000, 3};

static void stop(void *data)
{
	loop_stop(data);
}

static void drain(struct world *world)
{
	uint8_t bytes[65536];

	loop_timer_set(world->timer, 0);
	loop_run(world->loop);
	while (recv(world->client, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
		;
}

static void send_piece(struct world *world, const uint8_t *bytes, size_t len, uint8_t how)
{
	char control[CMSG_SPACE(3 * sizeof(int))] = "";
	struct iovec piece = {(void *)bytes, len};
	struct msghdr head = {.msg_iov = &piece, .msg_iovlen = 1};
	unsigned int count = how & 3;

	if (how & 0x20 && ftruncate(world->fds[0], 4096) < 0)
		abort();
	if (count) {
		head.msg_control = control;
		head.msg_controllen = CMSG_SPACE(count * sizeof(int));
		*CMSG_FIRSTHDR(&head) = (struct cmsghdr){CMSG_LEN(count * sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
		for (unsigned int i = 0; i < count; i++)
			memcpy(CMSG_DATA(CMSG_FIRSTHDR(&head)) + i * sizeof(int), &world->fds[((how >> 2) + i) % KINDS], sizeof(int));
	}
	if (len && sendmsg(world->client, &head, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		return;
	if (how & 0x40)
		drain(world);
}

static void hello(struct world *world)
{
	static const uint8_t text[] = "\1\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0{\"capabilities\":{\"write_multiple\":true}}";
	uint8_t message[sizeof(text)];

	memcpy(message, text, sizeof(text));
	message[4] = sizeof(text);
	send_piece(world, message, sizeof(message), 0x40);
}

static void begin(struct world *world)
{
	int ends[2];

	*world = (struct world){.client = -1};
	log_open("fuzz", LOG_TO_STDERR, LOG_LEVEL_ERROR);
	world->fds[0] = memfd_create("guest", MFD_CLOEXEC);
	world->fds[1] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	world->fds[4] = open("/", O_PATH | O_CLOEXEC);
	if (ftruncate(world->fds[0], MEMORY_BYTES) < 0 || pipe2(&world->fds[2], O_CLOEXEC) < 0 || loop_new(&world->loop) < 0 ||
	    loop_timer_new(world->loop, stop, world->loop, &world->timer) < 0 || vfio_user_new(world->loop, &world->v) < 0 ||
	    vfio_user_start(world->v, NULL, &identity, &ops, world) < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0 ||
	    vfio_user_attach(world->v, ends[0]) < 0)
		abort();
	world->client = ends[1];
	vfio_user_set_poll(world->v, 0);
}

/* The next descriptor has the number that it would have had before. */
static void end(struct world *world, int first)
{
	int now;

	close(world->client);
	drain(world);
	vfio_user_free(world->v);
	loop_timer_free(world->timer);
	loop_free(world->loop);
	for (int i = 0; i < KINDS; i++)
		close(world->fds[i]);
	now = dup(STDERR_FILENO);
	if (now != first)
		abort();
	close(now);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	int first = dup(STDERR_FILENO);
	struct world world;

	close(first);
	if (!len)
		return 0;
	begin(&world);
	if (!(bytes[0] & 1))
		hello(&world);
	for (bytes++, len--; len > 2;) {
		size_t part = bytes[1] < len - 2 ? bytes[1] : len - 2;

		send_piece(&world, bytes + 2, part, bytes[0]);
		bytes += 2 + part;
		len -= 2 + part;
	}
	drain(&world);
	end(&world, first);
	return 0;
}
