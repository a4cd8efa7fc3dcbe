/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * scale COUNT: what a session costs with few and with many of them. Makes COUNT sessions with a connection each (to a socket of its
 * own, whose other end stays silent), asks about every one of them, removes them, and prints the nanoseconds of the first and of the
 * last 16 for each of the three. Under --icount a nanosecond is an instruction. Run as root in the lab, as suite/scale.sh.
 */
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/lab/raw.h"
#include "transport/user/requests.h"
#include "transport/user/sysfs.h"
#include "transport/user/transport.h"

#define EDGE 16 /* how many at either end */
#define LOOKUPS 8
#define COUNT_MAX 1024

enum phase { CREATE, LOOKUP, REMOVE, PHASES };
static const char *const phase_names[PHASES] = {"create", "lookup", "remove"};

struct one {
	struct raw_session raw;
	char target[64];
	uint64_t ns[PHASES];
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static unsigned int gone;

static void on_event(const struct netlink_event *event, void *data)
{
	gone += event->type == ISCSI_KEVENT_DESTROY_SESSION;
}

static void on_overflow(void *data)
{
}

static int die(const char *what, int error)
{
	printf("# scale: %s: %s\n", what, strerror(-error));
	exit(1);
}

/* A listener on the loopback that never accepts: what connects stays in its queue. */
static int listener(int *ret_port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t bytes = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) || listen(fd, COUNT_MAX) ||
	    getsockname(fd, (struct sockaddr *)&at, &bytes))
		die("listen", -1);
	*ret_port = ntohs(at.sin_port);
	return fd;
}

static void create(struct one *one)
{
	uint64_t began;
	int error;

	one->raw.fd = raw_connect(one->raw.address, one->raw.port);
	if (one->raw.fd < 0)
		die("connect", -1);
	began = now_ns();
	error = request_create_session(one->raw.nl, one->raw.handle, 0, 128, 32, &one->raw.sid, &one->raw.host_no);
	if (!error)
		error = raw_hand_over(&one->raw, true);
	if (error)
		die("create", error);
	one->ns[CREATE] = now_ns() - began;
	netlink_dispatch(one->raw.nl);
}

/* Requests that end at finding the session and its connection. */
static void look_up(struct one *one)
{
	uint64_t began = now_ns();
	int i;

	for (i = 0; i < LOOKUPS; i++)
		request_set_param(one->raw.nl, one->raw.handle, one->raw.sid, 0, ISCSI_PARAM_PING_TMO, "0");
	one->ns[LOOKUP] = now_ns() - began;
}

/* Side by side, so that it is their work that counts, not the waiting of each for a grace period. */
static void remove_group(struct one *group)
{
	struct pollfd watch = {.fd = netlink_fd(group->raw.nl), .events = POLLIN};
	uint64_t began = now_ns();
	struct request_batch batch;
	int i;

	gone = 0;
	for (i = 0; i < EDGE; i++) {
		batch_init(&batch, group[i].raw.handle);
		batch_stop_conn(&batch, group[i].raw.sid, 0, ISCSI_STOP_TERM);
		batch_destroy_conn(&batch, group[i].raw.sid, 0);
		batch_destroy_session_async(&batch, group[i].raw.sid);
		if (batch_send(group[i].raw.nl, &batch, NULL, 0))
			die("remove", -1);
		batch_done(&batch);
	}
	while (gone < EDGE)
		if (poll(&watch, 1, 20000) != 1 || netlink_dispatch(group->raw.nl))
			die("end of the removal", -1);
	for (i = 0; i < EDGE; i++)
		group[i].ns[REMOVE] = (now_ns() - began) / EDGE;
}

static uint64_t mean(const struct one *all, unsigned int from, enum phase phase)
{
	uint64_t sum = 0;
	unsigned int i;

	for (i = from; i < from + EDGE; i++)
		sum += all[i].ns[phase];
	return sum / EDGE;
}

int main(int argc, char **argv)
{
	static struct one all[COUNT_MAX];
	struct rlimit files = {8192, 8192};
	unsigned int count = argc == 2 ? (unsigned int)atoi(argv[1]) : 0, i;
	struct netlink *nl;
	uint64_t handle;
	uint32_t caps;
	enum phase phase;
	int port, error;

	if (count < 2 * EDGE || count % EDGE || count > COUNT_MAX || setrlimit(RLIMIT_NOFILE, &files))
		return 2;
	error = transport_load_class(SYSFS_ROOT);
	error = error ? error : transport_load(SYSFS_ROOT, "tcp");
	error = error ? error : transport_handle(SYSFS_ROOT, "tcp", &handle, &caps);
	error = error ? error : netlink_open(on_event, on_overflow, NULL, &nl);
	if (error)
		die("transport", error);
	listener(&port);
	for (i = 0; i < count; i++) {
		snprintf(all[i].target, sizeof(all[i].target), "iqn.2026-11.org.openhba.lab:scale%u", i);
		all[i].raw = (struct raw_session){.target = all[i].target, .address = "127.0.0.1", .port = port, .nl = nl, .handle = handle};
		create(&all[i]);
	}
	for (i = 0; i < 2 * count; i++) /* the second time counts */
		look_up(&all[i % count]);
	for (i = 0; i < count; i += EDGE)
		remove_group(&all[i]);
	for (phase = 0; phase < PHASES; phase++)
		printf("%s %llu %llu\n", phase_names[phase], (unsigned long long)mean(all, 0, phase),
		       (unsigned long long)mean(all, count - EDGE, phase));
	netlink_close(nl);
	return 0;
}
