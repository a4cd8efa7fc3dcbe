/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The vfio-user server: a row for each command that a client may send, with the least it has to carry; one loop that takes messages until
 * none is left, then looks for the next one for some microseconds, since a guest that reads a register waits for each answer.
 */
#include "tests/hba/vfio_user.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "lib/ipc_listen.h"
#include "lib/json.h"
#include "lib/log.h"
#include "tests/hba/intx.h"
#include "tests/hba/vfio_wire.h"

#define POLL_US 50
#define TURN_US 1000 /* then others of the loop have theirs */
#define POLL_WORTH 8 /* of POLL_WORTH_MAX: polls when the gaps between messages were short of late */
#define POLL_WORTH_MAX 16
#define REPLY_MAX 512

/* Owned by main.c; see the header for its life. */
struct vfio_user {
	struct loop *loop;
	struct pci_function function;
	struct guest *guest;
	struct intx line;
	struct ipc_listener listener;
	struct loop_fd *listen_watch, *client_watch;
	struct vfio_wire wire;
	struct vfio_user_counters counters;
	char name[16];			/* for the log: 1077:4032 */
	unsigned int poll_us, poll_worth;
	uint64_t last_us;		/* when the last message was done */
	bool has_version, has_warned;	/* of this client */
	bool was_register;		/* the last message, but for those about the line */
};

enum command {
	COMMAND_VERSION = 1,
	COMMAND_DMA_MAP = 2,
	COMMAND_DMA_UNMAP = 3,
	COMMAND_GET_INFO = 4,
	COMMAND_GET_REGION_INFO = 5,
	COMMAND_GET_IRQ_INFO = 7,
	COMMAND_SET_IRQS = 8,
	COMMAND_REGION_READ = 9,
	COMMAND_REGION_WRITE = 10,
	COMMAND_RESET = 13,
	COMMAND_WRITE_MULTI = 15,
};

/* The answer being made; data starts as zeros. */
struct reply {
	size_t length;
	uint8_t data[REPLY_MAX];
};

/* The messages' bodies; what follows one is named at its function. */
struct access {
	uint64_t offset;
	uint32_t region, count;
};

struct dma_map {
	uint32_t size, flags;
	uint64_t offset, addr, bytes;
};

struct dma_unmap {
	uint32_t size, flags;
	uint64_t addr, bytes;
};

enum dma_flag { DMA_READ = 1, DMA_WRITE = 2, DMA_UNMAP_ALL = 2 };

struct irq_set {
	uint32_t size, flags, index, start, count;
};

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void answer(struct reply *reply, const void *data, size_t length)
{
	memcpy(reply->data, data, length);
	reply->length = length;
}

static bool offers_write_multi(const struct vfio_message *message)
{
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *offer = NULL, *capabilities = NULL;
	bool offers = false;

	if (tokener && message->length > 4)
		offer = json_tokener_parse_ex(tokener, (const char *)message->body + 4, (int)(message->length - 4));
	if (offer && json_get_object(offer, "capabilities", &capabilities) == 0 && json_get_bool(capabilities, "write_multiple", &offers) < 0)
		offers = false;
	json_object_put(offer);
	if (tokener)
		json_tokener_free(tokener);
	return offers;
}

/* Body: u16 major, u16 minor, JSON. QEMU wants its own version back, which is 0.0. */
static int version(struct vfio_user *v, struct vfio_message *message, struct reply *reply)
{
	static const char plain[] = "{\"capabilities\":{\"max_msg_fds\":8,\"max_data_xfer_size\":4096,\"max_dma_maps\":1024,\"pgsizes\":4096}}";
	static const char multi[] = "{\"capabilities\":{\"max_msg_fds\":8,\"max_data_xfer_size\":4096,\"max_dma_maps\":1024,\"pgsizes\":4096,"
				    "\"write_multiple\":true}}";
	bool is_multi = offers_write_multi(message);
	size_t length = is_multi ? sizeof(multi) : sizeof(plain);
	uint16_t major;

	memcpy(&major, message->body, sizeof(major));
	if (major != 0)
		return -EPROTONOSUPPORT;
	memcpy(reply->data + 4, is_multi ? multi : plain, length);
	reply->length = 4 + length;
	v->has_version = true;
	return 0;
}

/* Memory without a file (ROMs, what QEMU keeps to itself) is no goal of DMA here: it stays unmapped. */
static int dma_map(struct vfio_user *v, struct vfio_message *message, struct reply *reply)
{
	struct dma_map map;
	int error;

	memcpy(&map, message->body, sizeof(map));
	if (map.size < sizeof(map) || !(map.flags & (DMA_READ | DMA_WRITE)) || message->fd_count > 1)
		return -EINVAL;
	if (message->fd_count == 0)
		return 0;
	error = guest_map(v->guest, map.addr, map.bytes, message->fds[0], map.offset, map.flags & DMA_WRITE);
	if (error && !v->has_warned)
		log_warning("%s: guest memory %#llx bytes at %#llx cannot be mapped (%s): use memory-backend-memfd with share=on", v->name,
			    (unsigned long long)map.bytes, (unsigned long long)map.addr, strerror(-error));
	v->has_warned |= error != 0;
	v->counters.maps++;
	return error;
}

static int dma_unmap(struct vfio_user *v, struct vfio_message *message, struct reply *reply)
{
	struct dma_unmap unmap;
	int error = 0;

	memcpy(&unmap, message->body, sizeof(unmap));
	if (unmap.size < sizeof(unmap) || (unmap.flags & ~(uint32_t)DMA_UNMAP_ALL))
		return -EINVAL;
	if (unmap.flags & DMA_UNMAP_ALL)
		guest_unmap_all(v->guest);
	else
		error = guest_unmap(v->guest, unmap.addr, unmap.bytes);
	v->counters.unmaps++;
	answer(reply, message->body, sizeof(unmap));
	return error;
}

static int device_info(struct vfio_user *v, struct vfio_message *message, struct reply *reply)
{
	const uint32_t info[4] = {sizeof(info), VFIO_DEVICE_FLAGS_RESET | VFIO_DEVICE_FLAGS_PCI, PCI_REGIONS, VFIO_PCI_NUM_IRQS};

	answer(reply, info, sizeof(info));
	return 0;
}

static int region_info(struct vfio_user *v, struct vfio_message *message, struct reply *reply)
{
	struct vfio_region_info info = {.argsz = sizeof(info)};

	memcpy(&info.index, message->body + 8, sizeof(info.index));
	if (info.index >= PCI_REGIONS)
		return -EINVAL;
	info.size = pci_region_bytes(info.index);
	info.flags = info.size ? VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE : 0;
	answer(reply, &info, sizeof(info));
	return 0;
}

static int irq_info(struct vfio_user *v, struct vfio_message *message, struct reply *reply)
{
	struct vfio_irq_info info = {.argsz = sizeof(info)};

	memcpy(&info.index, message->body + 8, sizeof(info.index));
	if (info.index >= VFIO_PCI_NUM_IRQS)
		return -EINVAL;
	if (info.index == VFIO_PCI_INTX_IRQ_INDEX) {
		info.flags = VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_MASKABLE | VFIO_IRQ_INFO_AUTOMASKED;
		info.count = 1;
	}
	answer(reply, &info, sizeof(info));
	return 0;
}

static int take_fd(struct vfio_message *message)
{
	int fd = message->fd_count ? message->fds[0] : -1;

	if (message->fd_count)
		message->fds[0] = -1;
	return fd;
}

/* Data none: do it. Data bool: a byte says whether. */
static bool is_wanted(const struct irq_set *set, const struct vfio_message *message)
{
	return set->count && (!(set->flags & VFIO_IRQ_SET_DATA_BOOL) || message->body[sizeof(*set)]);
}

static int set_intx(struct vfio_user *v, const struct irq_set *set, struct vfio_message *message)
{
	bool is_event = set->flags & VFIO_IRQ_SET_DATA_EVENTFD;

	switch (set->flags & VFIO_IRQ_SET_ACTION_TYPE_MASK) {
	case VFIO_IRQ_SET_ACTION_MASK:
		if (is_event)
			return -EINVAL;
		if (is_wanted(set, message))
			intx_mask(&v->line);
		return 0;
	case VFIO_IRQ_SET_ACTION_UNMASK:
		if (is_event)
			return intx_set_resample(&v->line, take_fd(message));
		if (is_wanted(set, message))
			intx_unmask(&v->line);
		return 0;
	case VFIO_IRQ_SET_ACTION_TRIGGER:
		if (is_event)
			return intx_set_trigger(&v->line, take_fd(message));
		if (!set->count)
			intx_disconnect(&v->line);
		else if (is_wanted(set, message))
			intx_tell(&v->line);
		return 0;
	default:
		return -EINVAL;
	}
}

/* Followed by a byte for each interrupt with data bool. */
static int irqs_set(struct vfio_user *v, struct vfio_message *message, struct reply *reply)
{
	uint32_t data, rest;
	struct irq_set set;

	memcpy(&set, message->body, sizeof(set));
	data = set.flags & VFIO_IRQ_SET_DATA_TYPE_MASK;
	rest = data == VFIO_IRQ_SET_DATA_BOOL ? set.count : 0;
	if (set.index >= VFIO_PCI_NUM_IRQS || !data || (data & (data - 1)) || message->length < sizeof(set) + rest)
		return -EINVAL;
	if (set.index != VFIO_PCI_INTX_IRQ_INDEX)
		return set.count ? -EINVAL : 0;
	if (set.start || set.count > 1 || message->fd_count > set.count)
		return -EINVAL;
	return set_intx(v, &set, message);
}

static void count_access(struct vfio_user *v, const struct access *access, uint64_t *counter)
{
	if (access->region == PCI_REGION_CONFIG)
		return;
	v->was_register = true;
	++*counter;
}

static int region_read(struct vfio_user *v, struct vfio_message *message, struct reply *reply)
{
	struct access access;

	memcpy(&access, message->body, sizeof(access));
	if (access.count > sizeof(reply->data) - sizeof(access))
		return -EINVAL;
	count_access(v, &access, &v->counters.reads);
	answer(reply, &access, sizeof(access));
	reply->length += access.count;
	return pci_read(&v->function, access.region, access.offset, reply->data + sizeof(access), access.count);
}

/* Followed by count bytes. */
static int region_write(struct vfio_user *v, struct vfio_message *message, struct reply *reply)
{
	struct access access;

	memcpy(&access, message->body, sizeof(access));
	if (access.count > message->length - sizeof(access))
		return -EINVAL;
	count_access(v, &access, &v->counters.writes);
	answer(reply, &access, sizeof(access));
	return pci_write(&v->function, access.region, access.offset, message->body + sizeof(access), access.count);
}

/* u64 number of writes, then each as above with always 8 bytes of data. */
static int write_multi(struct vfio_user *v, struct vfio_message *message, struct reply *reply)
{
	const size_t each = sizeof(struct access) + 8;
	struct access access;
	uint64_t count;
	int error = 0;

	memcpy(&count, message->body, sizeof(count));
	if (count > (message->length - sizeof(count)) / each)
		return -EINVAL;
	for (uint64_t i = 0; i < count; i++) {
		const uint8_t *at = message->body + sizeof(count) + i * each;
		int result = -EINVAL;

		memcpy(&access, at, sizeof(access));
		count_access(v, &access, &v->counters.writes);
		if (access.count <= 8)
			result = pci_write(&v->function, access.region, access.offset, at + sizeof(access), access.count);
		error = error ? error : result;
	}
	answer(reply, &count, sizeof(count));
	return error;
}

static int reset(struct vfio_user *v, struct vfio_message *message, struct reply *reply)
{
	pci_reset(&v->function);
	return 0;
}

static const struct command_row {
	int (*serve)(struct vfio_user *v, struct vfio_message *message, struct reply *reply);
	size_t min_length;
} command_rows[] = {
	[COMMAND_VERSION] = {version, 4},
	[COMMAND_DMA_MAP] = {dma_map, sizeof(struct dma_map)},
	[COMMAND_DMA_UNMAP] = {dma_unmap, sizeof(struct dma_unmap)},
	[COMMAND_GET_INFO] = {device_info, 4},
	[COMMAND_GET_REGION_INFO] = {region_info, 12},
	[COMMAND_GET_IRQ_INFO] = {irq_info, 12},
	[COMMAND_SET_IRQS] = {irqs_set, sizeof(struct irq_set)},
	[COMMAND_REGION_READ] = {region_read, sizeof(struct access)},
	[COMMAND_REGION_WRITE] = {region_write, sizeof(struct access)},
	[COMMAND_RESET] = {reset, 0},
	[COMMAND_WRITE_MULTI] = {write_multi, sizeof(uint64_t)},
};

/* An error of the request is answered; one that leaves the stream without sense ends the client. */
static int serve(struct vfio_user *v, struct vfio_message *message)
{
	const struct command_row *row = NULL;
	struct reply reply = {0};
	int error = -EOPNOTSUPP;

	/* QEMU unmasks the line after each access while it is high: the next access follows as soon. */
	if (message->command != COMMAND_SET_IRQS)
		v->was_register = false;
	if (message->command < sizeof(command_rows) / sizeof(command_rows[0]))
		row = &command_rows[message->command];
	if (v->has_version == (message->command == COMMAND_VERSION))
		return -EPROTO;
	if (row && row->serve)
		error = message->length < row->min_length ? -EINVAL : row->serve(v, message, &reply);
	if (error) {
		log_debug("%s: message %u of %zu bytes is refused: %s", v->name, message->command, message->length, strerror(-error));
		v->counters.refused++;
		reply.length = 0;
	}
	return vfio_wire_reply(&v->wire, message, error, reply.data, reply.length);
}

static void listen_on(struct vfio_user *v, bool on)
{
	if (v->listen_watch)
		loop_fd_want(v->listen_watch, on ? POLLIN : 0);
}

static void release_client(struct vfio_user *v)
{
	loop_fd_free(v->client_watch);
	v->client_watch = NULL;
	vfio_wire_close(&v->wire);
	intx_disconnect(&v->line);
	guest_unmap_all(v->guest);
	v->has_version = v->has_warned = false;
}

static void client_gone(struct vfio_user *v, int error)
{
	if (error != -ECONNRESET) {
		v->counters.dropped++;
		log_warning("%s: the client is dropped for what it sent: %s", v->name, strerror(-error));
	} else {
		log_info("%s: the client is gone", v->name);
	}
	release_client(v);
	v->function.is_pulled = false;
	pci_reset(&v->function);
	listen_on(v, true);
}

/* All complete messages. 1: more may come, 0: wait for the peer to take its replies, or the error that ends the client. */
static int serve_received(struct vfio_user *v)
{
	struct vfio_message message;
	int result;

	for (;;) {
		result = vfio_wire_flush(&v->wire);
		if (result <= 0)
			return result;
		result = vfio_wire_next(&v->wire, &message);
		if (result <= 0)
			return result < 0 ? result : 1;
		result = serve(v, &message);
		if (result < 0)
			return result;
	}
}

/* Looking for the next message pays when the last ones came soon after their answers; known also from those that were slept for. */
static void learn(struct vfio_user *v, uint64_t gap_us)
{
	if (gap_us <= v->poll_us)
		v->poll_worth += v->poll_worth < POLL_WORTH_MAX;
	else
		v->poll_worth -= v->poll_worth < 4 ? v->poll_worth : 4;
}

static bool may_poll(const struct vfio_user *v, uint64_t begin_us)
{
	uint64_t now = now_us();

	return v->was_register && v->poll_worth >= POLL_WORTH && now - v->last_us < v->poll_us && now - begin_us < TURN_US;
}

/* Until nothing comes any more: 1 go back to sleep, 0 the peer does not take its replies, or the error that ends the client. */
static int take_turn(struct vfio_user *v)
{
	uint64_t begin = now_us();
	bool is_polling = false;
	int result;

	for (;;) {
		result = vfio_wire_receive(&v->wire);
		if (result == -EAGAIN) {
			if (!may_poll(v, begin))
				return 1;
			v->counters.polls += !is_polling;
			is_polling = true;
			continue;
		}
		if (result < 0)
			return result;
		v->counters.poll_hits += is_polling;
		is_polling = false;
		learn(v, now_us() - v->last_us);
		result = serve_received(v);
		v->last_us = now_us();
		if (result <= 0)
			return result;
		if (v->last_us - begin >= TURN_US)
			return 1;
	}
}

static void client_ready(int fd, short revents, void *data)
{
	struct vfio_user *v = data;
	int result = serve_received(v);

	if (result > 0)
		result = take_turn(v);
	if (result < 0)
		client_gone(v, result);
	else
		loop_fd_want(v->client_watch, result ? POLLIN : POLLOUT);
}

int vfio_user_attach(struct vfio_user *v, int socket)
{
	int flags = fcntl(socket, F_GETFL), error;

	if (v->client_watch) {
		close(socket);
		return -EBUSY;
	}
	error = flags < 0 || fcntl(socket, F_SETFL, flags | O_NONBLOCK) < 0 ? -errno : 0;
	if (!error)
		error = loop_fd_new(v->loop, socket, POLLIN, client_ready, v, &v->client_watch);
	if (error) {
		close(socket);
		return error;
	}
	vfio_wire_open(&v->wire, socket);
	v->counters.clients++;
	listen_on(v, false);
	return 0;
}

static bool may_connect(int socket)
{
	struct ucred peer = {.uid = (uid_t)-1};
	socklen_t length = sizeof(peer);

	return getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 && (peer.uid == 0 || peer.uid == geteuid());
}

static void connecting(int fd, short revents, void *data)
{
	struct vfio_user *v = data;
	int socket = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK), error;

	if (socket < 0)
		return;
	if (!may_connect(socket)) {
		log_warning("%s: a client of another user is sent away", v->name);
		close(socket);
		return;
	}
	error = vfio_user_attach(v, socket);
	if (error)
		log_error("%s: the client cannot be served: %s", v->name, strerror(-error));
	else
		log_info("%s: a client is there", v->name);
}

int vfio_user_new(struct loop *loop, struct vfio_user **ret_function)
{
	struct vfio_user *v = calloc(1, sizeof(*v));
	int error;

	if (!v)
		return -ENOMEM;
	error = guest_new(&v->guest);
	if (error) {
		free(v);
		return error;
	}
	v->loop = loop;
	v->listener.fd = -1;
	v->poll_us = POLL_US;
	vfio_wire_init(&v->wire);
	intx_init(&v->line, loop);
	*ret_function = v;
	return 0;
}

void vfio_user_free(struct vfio_user *v)
{
	if (!v)
		return;
	release_client(v);
	loop_fd_free(v->listen_watch);
	ipc_listener_close(&v->listener);
	guest_free(v->guest);
	free(v);
}

int vfio_user_start(struct vfio_user *v, const char *path, const struct pci_identity *identity, const struct pci_function_ops *ops,
		    void *data)
{
	int error;

	snprintf(v->name, sizeof(v->name), "%04x:%04x", identity->vendor, identity->device);
	pci_init(&v->function, identity, ops, data);
	pci_reset(&v->function);
	if (!path)
		return 0;
	error = ipc_listener_open(&v->listener, path, -1);
	if (!error)
		error = loop_fd_new(v->loop, v->listener.fd, POLLIN, connecting, v, &v->listen_watch);
	return error;
}

void vfio_user_interrupt(struct vfio_user *v, bool level)
{
	intx_set(&v->line, level);
	v->counters.interrupts = v->line.told;
}

void vfio_user_pull(struct vfio_user *v)
{
	v->function.is_pulled = true;
}

struct guest *vfio_user_guest(struct vfio_user *v)
{
	return v->guest;
}

bool vfio_user_has_client(const struct vfio_user *v)
{
	return v->client_watch;
}

const struct vfio_user_counters *vfio_user_counters(const struct vfio_user *v)
{
	return &v->counters;
}

void vfio_user_set_poll(struct vfio_user *v, unsigned int poll_us)
{
	v->poll_us = poll_us;
}
