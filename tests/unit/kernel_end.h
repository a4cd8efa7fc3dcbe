/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The kernel's end of a netlink socket: takes what was sent, compares it with the kernel's offsets, and answers what the test makes
 * up. Included by one test file each.
 */
#ifndef OPENHBA_TESTS_UNIT_KERNEL_END_H
#define OPENHBA_TESTS_UNIT_KERNEL_END_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "transport/user/netlink.h"

#define HANDLE 0xffffffffc0a51000ull

/* Offsets on the wire of a 64-bit kernel. */
enum {
	AT_TYPE = 16,
	AT_IFERROR = 20,
	AT_HANDLE = 24,
	AT_U = 32,
	AT_R = 56,
	AT_TRAILER = 72,
};

struct bytes {
	uint32_t length;
	_Alignas(8) uint8_t at[65536];
};

struct fixture {
	struct netlink *nl;
	int kernel;
	struct bytes sent;
};

static void on_event(const struct netlink_event *e, void *data)
{
}

static void on_overflow(void *data)
{
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	int pair[2];

	if (!f || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -1;
	f->kernel = pair[1];
	*state = f;
	return netlink_open_fd(pair[0], on_event, on_overflow, f, &f->nl);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	netlink_close(f->nl);
	close(f->kernel);
	free(f);
	return 0;
}

static uint32_t get32(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static void put32(struct bytes *b, size_t at, uint32_t value)
{
	memcpy(b->at + at, &value, sizeof(value));
}

/* The kernel's reply to a request whose first words are u: with r, or with an error. */
static struct bytes reply_to(uint32_t number, const uint32_t u[6], uint32_t r0, uint32_t r1, int32_t iferror)
{
	struct bytes b = { .length = AT_TRAILER };
	uint64_t handle = HANDLE;

	put32(&b, 0, b.length);
	b.at[4] = (uint8_t)number;
	put32(&b, AT_TYPE, iferror ? 103 : number);
	put32(&b, AT_IFERROR, (uint32_t)iferror);
	memcpy(b.at + AT_HANDLE, &handle, sizeof(handle));
	memcpy(b.at + AT_U, u, 24);
	put32(&b, AT_R, r0);
	put32(&b, AT_R + 4, r1);
	return b;
}

static void from_kernel(struct fixture *f, struct bytes b)
{
	assert_int_equal(send(f->kernel, b.at, b.length, 0), b.length);
}

/* Takes what was sent: one message of this number with these words and this many bytes behind. */
static void assert_sent(struct fixture *f, uint32_t number, const uint32_t u[6], size_t trailer)
{
	ssize_t bytes = recv(f->kernel, f->sent.at, sizeof(f->sent.at), MSG_DONTWAIT);
	uint64_t handle;

	assert_int_equal(bytes, (AT_TRAILER + trailer + 3) & ~3ul);
	assert_int_equal(get32(f->sent.at), bytes);
	assert_int_equal(get32(f->sent.at + 4), number); /* and no flags: the kernel answers without NLM_F_ACK */
	assert_int_equal(get32(f->sent.at + AT_TYPE), number);
	assert_int_equal(get32(f->sent.at + AT_IFERROR), 0);
	memcpy(&handle, f->sent.at + AT_HANDLE, sizeof(handle));
	assert_true(handle == HANDLE);
	assert_memory_equal(f->sent.at + AT_U, u, 24);
}

#endif
