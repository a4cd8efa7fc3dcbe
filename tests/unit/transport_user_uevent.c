/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The kernel's uevents: which messages are of a subsystem, cut anywhere; and that this machine's kernel is heard. */
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "transport/user/uevent.h"

static const char *const wanted[] = { "net", "iscsi_host", NULL };

#define ROW(text, result) { text, sizeof(text) - 1, result }

static const struct {
	const char *message;
	size_t bytes;
	bool is_one;
} rows[] = {
	ROW("add@/devices/eth0\0ACTION=add\0SUBSYSTEM=net\0SEQNUM=7\0", true),
	ROW("add@/devices/eth0\0SUBSYSTEM=net", true),
	ROW("add@/devices/eth0\0SUBSYSTEM=iscsi_host\0", true),
	ROW("add@/devices/eth0\0SUBSYSTEM=block\0SUBSYSTEM=net\0", false),
	ROW("add@/devices/eth0\0SUBSYSTEM=nets\0", false),
	ROW("add@/devices/eth0\0SUBSYSTEM=ne\0", false),
	ROW("add@/devices/eth0\0SUBSYSTEM=\0", false),
	ROW("add@/devices/eth0\0XSUBSYSTEM=net\0", false),
	ROW("add@/devices/SUBSYSTEM=net", false),
	ROW("libudev\0SUBSYSTEM=net\0", false),
	ROW("SUBSYSTEM=net", false),
	ROW("@", false),
	ROW("", false),
	ROW("\0\0\0\0", false),
};

/* In memory of exactly its size. */
static bool is_of(const char *message, size_t bytes)
{
	char *exact = malloc(bytes ? bytes : 1);
	bool result;

	assert_non_null(exact);
	memcpy(exact, message, bytes);
	result = uevent_is_of(exact, bytes, wanted);
	free(exact);
	return result;
}

static void subsystem_decides(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (is_of(rows[i].message, rows[i].bytes) != rows[i].is_one)
			fail_msg("row %zu: %s", i, rows[i].message);
}

static void message_may_be_cut_anywhere(void **state)
{
	size_t end = sizeof("add@/devices/eth0\0ACTION=add\0SUBSYSTEM=net") - 1;

	for (size_t bytes = 0; bytes <= rows[0].bytes; bytes++)
		assert_int_equal(is_of(rows[0].message, bytes), bytes >= end);
}

static void all_there_is_is_read(void **state)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(uevent_read(pair[0], wanted), 0);
	assert_int_equal(send(pair[1], rows[3].message, rows[3].bytes, 0), rows[3].bytes);
	assert_int_equal(uevent_read(pair[0], wanted), 0);
	assert_int_equal(send(pair[1], rows[3].message, rows[3].bytes, 0), rows[3].bytes);
	assert_int_equal(send(pair[1], rows[0].message, rows[0].bytes, 0), rows[0].bytes);
	assert_int_equal(send(pair[1], rows[3].message, rows[3].bytes, 0), rows[3].bytes);
	assert_int_equal(uevent_read(pair[0], wanted), UEVENT_SEEN);
	assert_int_equal(uevent_read(pair[0], wanted), 0);
	close(pair[1]);
	close(pair[0]);
}

static void kernel_is_heard(void **state)
{
	struct pollfd wait;
	int result = 0;

	if (unshare(CLONE_NEWNET) < 0)
		skip();
	wait = (struct pollfd){ .fd = uevent_open(), .events = POLLIN };
	assert_true(wait.fd >= 0);
	if (system("ip link add v0 type veth peer name v1") != 0)
		skip();
	for (int i = 0; !result && i < 50; i++)
		if (poll(&wait, 1, 100) > 0)
			result = uevent_read(wait.fd, wanted);
	assert_int_equal(result, UEVENT_SEEN);
	close(wait.fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(subsystem_decides),
		cmocka_unit_test(message_may_be_cut_anywhere),
		cmocka_unit_test(all_there_is_is_read),
		cmocka_unit_test(kernel_is_heard),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
