/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The kernel of the daemon's tests: a thread behind a socket pair that answers netlink requests,
 * keeps the sockets it is handed and lets a test raise events. It writes down what it saw and can be
 * told to refuse. Part of daemon_world.h.
 */
#ifndef OPENHBA_TESTS_UNIT_DAEMON_WORLD_KERNEL_H
#define OPENHBA_TESTS_UNIT_DAEMON_WORLD_KERNEL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "transport/abi/iscsi_if.h"
#include "transport/abi/iscsi_proto.h"
#include "transport/abi/params.h"

#define WORLD_MAX 64
#define WORLD_REQUESTS 8192
#define DATAGRAM (128 << 10)

struct world_kernel {
	int fd; /* our end of the pair */
	pthread_t thread;
	pthread_mutex_t lock;
	int requests[WORLD_REQUESTS]; /* request numbers as they came; 1000 + number for SET_PARAM
				       */
	unsigned int count;
	uint32_t last_sid;
	uint32_t initial_cmdsn;
	int sockets[WORLD_MAX]; /* by sid; -1 */
	uint32_t scsi_commands; /* what GET_STATS says */
	int endpoints[WORLD_MAX]; /* by number: their connection to the target, 0: none */
	uint32_t last_endpoint, last_host; /* last_host: of EP_CONNECT_THROUGH_HOST */
	uint32_t bound[WORLD_MAX]; /* endpoint of a session's connection, 0: none */
	uint32_t last_params[256]; /* SET_PARAM of these numbers, how often */
	uint8_t itt;
	/* knobs */
	int refuse;		/* number of a request that fails with -EINVAL, 0: none */
	int refuse_error;	/* with this one instead */
	int dies_at;		/* at a request of this number the target has closed the connection, which is why it is refused */
	int unknown_param;	/* a SET_PARAM that is answered with -ENOSYS */
	uint32_t destroyed_sid; /* of the last DESTROY_SESSION */
	bool ignores_unbind;	/* no event follows */
	bool ignores_logout;	/* no Logout Response follows */
	char timeout_path[128]; /* where sysfs has the recovery timeout that SET_PARAM sets; "" */
	_Atomic int polls;	/* EP_POLL says "not yet" so often */
	int poll_answer;	/* what it says then, 0: 1 */
};

static void world_send_event(struct world_kernel *kernel, uint32_t type, const uint32_t words[3], const void *tail, size_t bytes)
{
	ssize_t sent;
	struct {
		struct nlmsghdr header;
		struct iscsi_uevent message;
		uint8_t tail[4096];
	} out = {.header = {.nlmsg_len = (uint32_t)(NLMSG_HDRLEN + ISCSI_UEVENT_BYTES + bytes)}};

	out.message.type = type;
	for (int i = 0; i < 3; i++)
		out.message.r.word[i] = words[i];
	memcpy(out.tail, tail, bytes);
	sent = send(kernel->fd, &out, out.header.nlmsg_len, MSG_NOSIGNAL);
	/* The test may be over. */
	assert_true(sent == (ssize_t)out.header.nlmsg_len || errno == EPIPE || errno == ECONNRESET);
}

static void kernel_logout(struct world_kernel *kernel, uint32_t sid, const struct iscsi_bhs *request)
{
	struct iscsi_bhs_logout_response response = {
		.opcode = ISCSI_PDU_LOGOUT_RESPONSE, .flags = ISCSI_BIT_FINAL, .itt = request->itt};

	if ((request->opcode & ISCSI_PDU_OPCODE_BITS) == ISCSI_PDU_LOGOUT_REQUEST && !kernel->ignores_logout)
		world_send_event(kernel, ISCSI_KEVENT_RECV_PDU, (uint32_t[]){sid, 0, 0}, &response, sizeof(response));
}

/* A driver that carries logins: its PDUs go to the target and back, with a task tag and a CmdSN of
 * the kernel's own. */
static void kernel_carry(struct world_kernel *kernel, uint32_t sid, const uint8_t *bytes, size_t length)
{
	uint32_t endpoint = kernel->bound[sid % WORLD_MAX];
	uint8_t pdu[8192 + ISCSI_BHS_BYTES] = {0}, answer[8192];
	struct pollfd fd = {.fd = kernel->endpoints[endpoint % WORLD_MAX], .events = POLLIN};
	ssize_t n;

	if (!endpoint || ((bytes[0] & ISCSI_PDU_OPCODE_BITS) != ISCSI_PDU_LOGIN_REQUEST &&
			  (bytes[0] & ISCSI_PDU_OPCODE_BITS) != ISCSI_PDU_TEXT_REQUEST))
		return;
	memcpy(pdu, bytes, length);
	memcpy(pdu + 16, "\x10\0\0", 3);
	pdu[19] = ++kernel->itt;
	memcpy(pdu + 24, "\0\0\x12\x34", 4);
	(void)!send(fd.fd, pdu, (length + 3) & ~3ul, MSG_NOSIGNAL);
	if (poll(&fd, 1, 200) != 1)
		return;
	n = recv(fd.fd, answer, sizeof(answer), 0);
	if (n < ISCSI_BHS_BYTES)
		return;
	assert_int_equal(answer[19], kernel->itt);
	n = ISCSI_BHS_BYTES + (answer[5] << 16 | answer[6] << 8 | answer[7]);
	world_send_event(kernel, ISCSI_KEVENT_RECV_PDU, (uint32_t[]){sid, 0, 0}, answer, (size_t)n);
}

static void kernel_ep_connect(struct world_kernel *kernel, struct iscsi_uevent *message, const struct sockaddr *peer)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	kernel->last_host = message->type == ISCSI_UEVENT_TRANSPORT_EP_CONNECT ? UINT32_MAX
										: message->u.ep_connect_through_host.host_no;
	if (connect(fd, peer, sizeof(struct sockaddr_in)) < 0) {
		message->iferror = -errno;
		message->type = ISCSI_KEVENT_IF_ERROR;
		close(fd);
		return;
	}
	kernel->endpoints[++kernel->last_endpoint % WORLD_MAX] = fd;
	message->r.ep_connect.handle = kernel->last_endpoint;
}

static void kernel_ep_close(struct world_kernel *kernel, uint64_t endpoint)
{
	int *fd = &kernel->endpoints[endpoint % WORLD_MAX];

	if (*fd)
		close(*fd);
	*fd = 0;
}

static void kernel_ep_poll(struct world_kernel *kernel, struct iscsi_uevent *message)
{
	int answer = kernel->poll_answer ? kernel->poll_answer : 1;

	message->r.retcode = kernel->polls > 0 ? 0 : answer;
	kernel->polls--;
}

/* A connection that stops for recovery loses its endpoint. */
static void kernel_stop(struct world_kernel *kernel, const struct iscsi_uevent *message)
{
	uint32_t *bound = &kernel->bound[message->u.stop_conn.sid % WORLD_MAX];

	if (message->u.stop_conn.flag != ISCSI_STOP_RECOVER)
		return;
	if (*bound)
		kernel_ep_close(kernel, *bound);
	*bound = 0;
}

static void kernel_bind(struct world_kernel *kernel, const struct iscsi_uevent *message)
{
	if (message->transport_handle != 0xc0ffee) {
		kernel->bound[message->u.bind_conn.sid % WORLD_MAX] = (uint32_t)message->u.bind_conn.transport_eph;
		return;
	}
	int *place = &kernel->sockets[message->u.bind_conn.sid % WORLD_MAX];

	if (*place >= 0)
		close(*place);
	*place = dup((int)message->u.bind_conn.transport_eph);
}

/* What follows a reply. */
static void kernel_after(struct world_kernel *kernel, const struct iscsi_uevent *message, const void *tail)
{
	uint32_t sid = message->u.session.sid;

	switch (message->type) {
	case ISCSI_UEVENT_UNBIND_SESSION:
		if (!kernel->ignores_unbind)
			world_send_event(kernel, ISCSI_KEVENT_UNBIND_SESSION, (uint32_t[]){sid, 0, 0}, "", 0);
		break;
	case ISCSI_UEVENT_SEND_PDU:
		kernel_logout(kernel, message->u.send_pdu.sid, tail);
		kernel_carry(kernel, message->u.send_pdu.sid, tail,
			     message->u.send_pdu.hdr_size + message->u.send_pdu.data_size);
		break;
	case ISCSI_UEVENT_DESTROY_SESSION:
	case ISCSI_UEVENT_DESTROY_SESSION_ASYNC:
		kernel->destroyed_sid = sid;
		if (kernel->sockets[sid % WORLD_MAX] >= 0)
			close(kernel->sockets[sid % WORLD_MAX]);
		kernel->sockets[sid % WORLD_MAX] = -1;
		world_send_event(kernel, ISCSI_KEVENT_DESTROY_SESSION, (uint32_t[]){0, sid, 0}, "", 0);
		break;
	default:
		break;
	}
}

static void kernel_set_timeout(struct world_kernel *kernel, const char *text)
{
	FILE *file = fopen(kernel->timeout_path, "w");

	assert_non_null(file);
	assert_true(fprintf(file, "%s\n", text) > 0);
	assert_int_equal(fclose(file), 0);
}

static void kernel_execute(struct world_kernel *kernel, struct iscsi_uevent *message, const void *tail)
{
	if (message->type == ISCSI_UEVENT_SET_PARAM)
		kernel->last_params[message->u.set_param.param % 256]++;
	if (message->type == ISCSI_UEVENT_SET_PARAM && message->u.set_param.param == ISCSI_PARAM_SESS_RECOVERY_TMO &&
	    kernel->timeout_path[0])
		kernel_set_timeout(kernel, tail);
	if (message->type == ISCSI_UEVENT_SET_PARAM && kernel->unknown_param &&
	    message->u.set_param.param == (uint32_t)kernel->unknown_param) {
		message->iferror = -ENOSYS;
		message->type = ISCSI_KEVENT_IF_ERROR;
		return;
	}
	if (message->type == (uint32_t)kernel->dies_at) {
		int fd = message->type == ISCSI_UEVENT_BIND_CONN ? (int)message->u.bind_conn.transport_eph
								 : kernel->sockets[message->u.set_param.sid % WORLD_MAX];

		shutdown(fd, SHUT_RDWR);
		kernel->refuse = kernel->dies_at;
		kernel->dies_at = 0;
	}
	if (message->type == (uint32_t)kernel->refuse) {
		message->iferror = kernel->refuse_error ? kernel->refuse_error : -EINVAL;
		if (message->type == ISCSI_UEVENT_BIND_CONN || message->type == ISCSI_UEVENT_START_CONN ||
		    message->type == ISCSI_UEVENT_STOP_CONN || message->type == ISCSI_UEVENT_SEND_PDU)
			message->r.retcode = message->iferror;
		else
			message->type = ISCSI_KEVENT_IF_ERROR;
		return;
	}
	if (message->type == ISCSI_UEVENT_TRANSPORT_EP_CONNECT || message->type == ISCSI_UEVENT_TRANSPORT_EP_CONNECT_THROUGH_HOST) {
		kernel_ep_connect(kernel, message, tail);
	} else if (message->type == ISCSI_UEVENT_TRANSPORT_EP_POLL) {
		kernel_ep_poll(kernel, message);
	} else if (message->type == ISCSI_UEVENT_TRANSPORT_EP_DISCONNECT) {
		kernel_ep_close(kernel, message->u.ep_disconnect.ep_handle);
	} else if (message->type == ISCSI_UEVENT_STOP_CONN) {
		kernel_stop(kernel, message);
	} else if (message->type == ISCSI_UEVENT_CREATE_BOUND_SESSION) {
		message->r.session.sid = ++kernel->last_sid;
		message->r.session.host_no = 100 + kernel->last_sid;
	} else if (message->type == ISCSI_UEVENT_CREATE_SESSION) {
		kernel->initial_cmdsn = message->u.create_session.initial_cmdsn;
		message->r.session.sid = ++kernel->last_sid;
		message->r.session.host_no = 100 + kernel->last_sid;
	} else if (message->type == ISCSI_UEVENT_BIND_CONN) {
		kernel_bind(kernel, message);
	}
}

static void kernel_reply(struct world_kernel *kernel, const struct nlmsghdr *header, const struct iscsi_uevent *message)
{
	struct {
		struct nlmsghdr header;
		struct iscsi_uevent message;
		struct iscsi_stats stats;
	} out = {.header = *header, .message = *message};
	size_t bytes = NLMSG_HDRLEN + ISCSI_UEVENT_BYTES;

	if (message->type == ISCSI_UEVENT_GET_STATS && !message->iferror) {
		out.stats.scsicmd_pdus = kernel->scsi_commands;
		out.header.nlmsg_type = 0;
		bytes += sizeof(out.stats);
	}
	out.header.nlmsg_len = (uint32_t)bytes;
	assert_int_equal(send(kernel->fd, &out, bytes, 0), bytes);
}

static void *kernel_run(void *data)
{
	struct world_kernel *kernel = data;
	uint8_t *datagram = malloc(DATAGRAM);
	ssize_t length;

	while ((length = recv(kernel->fd, datagram, DATAGRAM, 0)) > 0) {
		for (ssize_t at = 0; at < length;) {
			struct iscsi_uevent message;
			struct nlmsghdr header;

			memcpy(&header, datagram + at, sizeof(header));
			memcpy(&message, datagram + at + NLMSG_HDRLEN, sizeof(message));
			pthread_mutex_lock(&kernel->lock);
			if (kernel->count < WORLD_REQUESTS)
				kernel->requests[kernel->count++] =
					(int)message.type + (message.type == ISCSI_UEVENT_SET_PARAM ? 1000 : 0);
			kernel_execute(kernel, &message, datagram + at + NLMSG_HDRLEN + sizeof(message));
			kernel_reply(kernel, &header, &message);
			if (!message.iferror)
				kernel_after(kernel, &message, datagram + at + NLMSG_HDRLEN + sizeof(message));
			pthread_mutex_unlock(&kernel->lock);
			at += NLMSG_ALIGN(header.nlmsg_len);
		}
	}
	free(datagram);
	return NULL;
}

#endif
