/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * lives TARGET ADDRESS PORT COUNT		whole lives of sessions, one after the other: login, handover, scan, a block, logout
 * lives TARGET ADDRESS PORT COUNT leave	each life ends with its process, at a step that moves on with every life
 * lives TARGET ADDRESS PORT COUNT unload	behind each one the driver is unloaded, as soon as the kernel lets go of it
 * lives reap					removes whatever sessions there are, from wherever they were left
 * lives watch FILE				reads the addresses of the first hosts all the time, until there is this file
 *
 * No daemon, no udev. A life that goes wrong prints why, and its session is removed; the exit status is 1 if one did. Run as root in the lab.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/lab/raw.h"
#include "transport/abi/iscsi_proto.h"
#include "transport/user/requests.h"
#include "transport/user/scsi.h"
#include "transport/user/sysfs.h"
#include "transport/user/transport.h"

#define WAIT_MS 20000
#define HOSTS 4

struct life {
	struct raw_session raw;
	unsigned int steps_left; /* then the process ends; 0: never */
	bool async;		 /* the kernel removes the session by itself */
	bool hurried;		 /* nobody waits for that */
	unsigned int unbound, gone, pdus;
};

static void on_event(const struct netlink_event *event, void *data)
{
	struct life *life = data;

	if (event->sid != life->raw.sid)
		return;
	life->unbound += event->type == ISCSI_KEVENT_UNBIND_SESSION;
	life->gone += event->type == ISCSI_KEVENT_DESTROY_SESSION;
	life->pdus += event->type == ISCSI_KEVENT_RECV_PDU;
}

static void on_overflow(void *data)
{
}

/* Said of each step, with 0 for what went well. */
static bool step(struct life *life, const char *what, int error)
{
	if (error)
		printf("# session %u: %s: %s\n", life->raw.sid, what, strerror(error < 0 ? -error : error));
	else if (life->steps_left && !--life->steps_left)
		_exit(0);
	return !error;
}

static int wait_for(struct life *life, const unsigned int *count)
{
	struct pollfd watch = {.fd = netlink_fd(life->raw.nl), .events = POLLIN};

	while (!*count)
		if (poll(&watch, 1, WAIT_MS) != 1 || netlink_dispatch(life->raw.nl))
			return ETIMEDOUT;
	return 0;
}

/* The name of the session's first block device; devices without one (not asked yet, or going) are passed over. */
static bool find_disk(const struct life *life, char name[32])
{
	struct sysfs_device *devices;
	size_t count, i;

	if (sysfs_session_devices(SYSFS_ROOT, life->raw.sid, &devices, &count))
		return false;
	for (i = 0; i < count && !devices[i].block[0]; i++)
		;
	if (i < count)
		snprintf(name, 32, "%s", devices[i].block);
	free(devices);
	return i < count;
}

static int read_block(struct life *life)
{
	int found = scsi_wait_block_devices(SYSFS_ROOT, life->raw.sid, WAIT_MS);
	char name[32];

	if (found < 1 || !find_disk(life, name))
		return found < 0 ? found : ENODEV;
	return raw_read_block(name);
}

/* Without waiting for the end: the driver's module is still at it when the daemon's "modprobe -r" comes. */
static int remove_async(struct raw_session *raw)
{
	struct request_batch batch;
	int error;

	batch_init(&batch, raw->handle);
	batch_stop_conn(&batch, raw->sid, 0, ISCSI_STOP_TERM);
	batch_destroy_conn(&batch, raw->sid, 0);
	batch_destroy_session_async(&batch, raw->sid);
	error = batch_send(raw->nl, &batch, NULL, 0);
	batch_done(&batch);
	return error;
}

static int unload(void)
{
	unsigned int tries;

	for (tries = 0; syscall(SYS_delete_module, "iscsi_tcp", O_NONBLOCK); tries++)
		if ((errno != EAGAIN && errno != EWOULDBLOCK && errno != EBUSY) || tries == 10000000)
			return errno;
	return 0;
}

static bool logout(struct life *life)
{
	struct iscsi_bhs_logout_request ask = {.opcode = 0x46, .flags = 0x80, .itt = htonl(1)};
	struct raw_session *raw = &life->raw;

	return step(life, "unbind", request_unbind_session(raw->nl, raw->handle, raw->sid)) &&
	       step(life, "end of the unbind", wait_for(life, &life->unbound)) &&
	       step(life, "logout PDU", request_send_pdu(raw->nl, raw->handle, raw->sid, 0, &ask, NULL, 0)) &&
	       step(life, "its answer", wait_for(life, &life->pdus)) &&
	       step(life, "removal", life->async ? remove_async(raw) : raw_remove(raw)) &&
	       (life->hurried || step(life, "end of the removal", wait_for(life, &life->gone)));
}

static bool live(struct life *life)
{
	struct raw_session *raw = &life->raw;

	life->unbound = life->gone = life->pdus = 0;
	return step(life, "login", raw_login(raw, 0) ? 0 : ECONNREFUSED) &&
	       step(life, "create", request_create_session(raw->nl, raw->handle, 0, 128, 32, &raw->sid, &raw->host_no)) &&
	       step(life, "handover", raw_hand_over(raw, true)) &&
	       step(life, "scan", scsi_scan_session(SYSFS_ROOT, raw->sid, raw->host_no)) &&
	       step(life, "a block", read_block(life)) && logout(life);
}

static bool begin(struct life *life)
{
	uint32_t caps;

	return step(life, "class", transport_load_class(SYSFS_ROOT)) && step(life, "transport", transport_load(SYSFS_ROOT, "tcp")) &&
	       step(life, "its number", transport_handle(SYSFS_ROOT, "tcp", &life->raw.handle, &caps)) &&
	       step(life, "netlink", netlink_open(on_event, on_overflow, life, &life->raw.nl));
}

static bool live_and_unload(struct life *life)
{
	bool good;

	life->hurried = life->raw.isid % 2;
	good = begin(life) && live(life) && step(life, "unloading", unload());
	if (!good && life->raw.nl)
		raw_remove_all(life->raw.nl, life->raw.handle);
	netlink_close(life->raw.nl);
	life->raw.nl = NULL;
	return good;
}

/* A child lives, and dies after so many steps. */
static bool leave(struct life *life, unsigned int steps)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		if (!begin(life))
			_exit(1);
		life->steps_left = steps;
		_exit(!live(life));
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && !status;
}

/* True: there was an address. An attribute that is held open ends with its host. */
static bool look(unsigned int host, int *fd)
{
	char text[64];
	ssize_t bytes;

	if (*fd < 0) {
		snprintf(text, sizeof(text), "/sys/class/iscsi_host/host%u/ipaddress", host);
		*fd = open(text, O_RDONLY | O_CLOEXEC);
	}
	bytes = *fd < 0 ? 0 : pread(*fd, text, sizeof(text), 0);
	if (bytes < 0 && errno == ENODEV) {
		close(*fd);
		*fd = -1;
	}
	return bytes > 1;
}

/* Without a pause: whenever a session's maker or remover has to wait, this runs. */
static int watch(const char *until)
{
	int fds[HOSTS] = {-1, -1, -1, -1};
	unsigned int i, seen = 0;

	while (access(until, F_OK) < 0)
		for (i = 0; i < 1000 * HOSTS; i++)
			seen += look(i % HOSTS, &fds[i % HOSTS]);
	printf("# %u addresses seen\n", seen);
	return !seen;
}

int main(int argc, char **argv)
{
	struct life life = {.raw = {.isid = 0x3d000000, .fd = -1}};
	unsigned int count, i, bad = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc == 2 && !strcmp(argv[1], "reap")) {
		if (!begin(&life))
			return 1;
		printf("# %u sessions removed\n", raw_remove_all(life.raw.nl, life.raw.handle));
		return 0;
	}
	if (argc == 3 && !strcmp(argv[1], "watch"))
		return watch(argv[2]);
	if (argc < 5)
		return 2;
	life.raw.target = argv[1];
	life.raw.address = argv[2];
	life.raw.port = atoi(argv[3]);
	count = (unsigned int)atoi(argv[4]);
	life.async = argc == 6 && !strcmp(argv[5], "unload");
	if (argc == 5 && !begin(&life))
		return 1;
	for (i = 0; i < count; i++) {
		life.raw.isid++;
		if (life.async) {
			bad += !live_and_unload(&life);
		} else if (argc == 6) {
			bad += !leave(&life, i % 12 + 1);
		} else if (!live(&life)) {
			bad++;
			raw_remove_all(life.raw.nl, life.raw.handle);
		}
	}
	netlink_close(life.raw.nl);
	return bad != 0;
}
