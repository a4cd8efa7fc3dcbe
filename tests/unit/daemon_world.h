/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A small world for the daemon's tests: a kernel (a thread behind a socket pair that answers
 * netlink requests, keeps the sockets it is handed and lets a test raise events) and a target (a
 * thread that accepts logins on loopback). Both write down what they saw and can be told to
 * misbehave. Everything the daemon does in between is the real code.
 */
#ifndef OPENHBA_TESTS_DAEMON_WORLD_H
#define OPENHBA_TESTS_DAEMON_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netlink.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/daemon.h"
#include "daemon/events.h"
#include "daemon/start.h"
#include "lib/keys.h"
#include "lib/loop.h"
#include "lib/pdu.h"
#include "transport/user/netlink.h"

#define WORLD_MAX 64
#define WORLD_REQUESTS 8192
#define WORLD_PATIENCE_MS 8000
#define DATAGRAM (128 << 10)
#define WORLD_TARGET "iqn.2024-01.example:disk"

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
	/* knobs */
	int refuse;	     /* number of a request that fails with -EINVAL, 0: none */
	bool ignores_unbind; /* no event follows */
	bool ignores_logout; /* no Logout Response follows */
};

struct world_target {
	int listen_fd, stop_fd[2];
	pthread_t thread;
	pthread_mutex_t lock;
	int port;
	unsigned int connections;
	_Atomic unsigned int logins;
	uint8_t isid[6];
	uint32_t cmdsn;
	unsigned int pings_answered;
	/* knobs */
	uint16_t status;	   /* of login responses: 0 is success */
	unsigned int status_times; /* for so many logins, then success; 0: for ever */
	char redirect[64];
	bool pings_early;     /* a NOP-In right behind the login */
	bool closes_early;    /* closes right behind the login */
	bool is_silent;	      /* never answers */
	unsigned int slow_ms; /* before it answers */
};

struct world {
	struct daemon daemon;
	struct world_kernel kernel;
	struct world_target target;
	char dir[64];
	/* how operations ended, in order */
	unsigned int ended;
	int sid[WORLD_MAX];
	enum iscsi_err err[WORLD_MAX];
	char sentence[WORLD_MAX][256];
};

/* ---- the kernel ---- */

static void world_send_event(struct world_kernel *kernel, uint32_t type, const uint32_t words[3],
			     const void *tail, size_t bytes)
{
	struct {
		struct nlmsghdr header;
		struct iscsi_uevent message;
		uint8_t tail[512];
	} out = {.header = {.nlmsg_len = (uint32_t)(NLMSG_HDRLEN + ISCSI_UEVENT_BYTES + bytes)}};

	out.message.type = type;
	for (int i = 0; i < 3; i++)
		out.message.r.word[i] = words[i];
	memcpy(out.tail, tail, bytes);
	assert_int_equal(send(kernel->fd, &out, out.header.nlmsg_len, 0), out.header.nlmsg_len);
}

/* Raises CONN_ERROR, as a dead connection would. */
__attribute__((unused)) static void world_conn_error(struct world *world, int sid)
{
	world_send_event(&world->kernel, ISCSI_KEVENT_CONN_ERROR,
			 (uint32_t[]){(uint32_t)sid, 0, ISCSI_CONN_ERROR_TCP_CONN_CLOSE}, "", 0);
}

/* Passes up a PDU of the target. */
__attribute__((unused)) static void world_pdu(struct world *world, int sid, const struct pdu *pdu)
{
	uint8_t bytes[512];
	size_t length = pdu_wire_length(pdu);

	assert_true(length <= sizeof(bytes));
	pdu_encode(pdu, bytes);
	world_send_event(&world->kernel, ISCSI_KEVENT_RECV_PDU, (uint32_t[]){(uint32_t)sid, 0, 0},
			 bytes, length);
}

static void kernel_logout(struct world_kernel *kernel, uint32_t sid,
			  const struct iscsi_bhs *request)
{
	struct iscsi_bhs_logout_response response = {
		.opcode = ISCSI_PDU_LOGOUT_RESPONSE, .flags = ISCSI_BIT_FINAL, .itt = request->itt};

	if ((request->opcode & ISCSI_PDU_OPCODE_BITS) == ISCSI_PDU_LOGOUT_REQUEST &&
	    !kernel->ignores_logout)
		world_send_event(kernel, ISCSI_KEVENT_RECV_PDU, (uint32_t[]){sid, 0, 0}, &response,
				 sizeof(response));
}

static void kernel_bind(struct world_kernel *kernel, const struct iscsi_uevent *message)
{
	int *place = &kernel->sockets[message->u.bind_conn.sid % WORLD_MAX];

	if (*place >= 0)
		close(*place);
	*place = dup((int)message->u.bind_conn.transport_eph);
}

/* What follows a reply. */
static void kernel_after(struct world_kernel *kernel, const struct iscsi_uevent *message,
			 const void *tail)
{
	uint32_t sid = message->u.session.sid;

	switch (message->type) {
	case ISCSI_UEVENT_UNBIND_SESSION:
		if (!kernel->ignores_unbind)
			world_send_event(kernel, ISCSI_KEVENT_UNBIND_SESSION,
					 (uint32_t[]){sid, 0, 0}, "", 0);
		break;
	case ISCSI_UEVENT_SEND_PDU:
		kernel_logout(kernel, message->u.send_pdu.sid, tail);
		break;
	case ISCSI_UEVENT_DESTROY_SESSION:
	case ISCSI_UEVENT_DESTROY_SESSION_ASYNC:
		if (kernel->sockets[sid % WORLD_MAX] >= 0)
			close(kernel->sockets[sid % WORLD_MAX]);
		kernel->sockets[sid % WORLD_MAX] = -1;
		world_send_event(kernel, ISCSI_KEVENT_DESTROY_SESSION, (uint32_t[]){0, sid, 0}, "",
				 0);
		break;
	default:
		break;
	}
}

static void kernel_execute(struct world_kernel *kernel, struct iscsi_uevent *message)
{
	if (message->type == (uint32_t)kernel->refuse) {
		message->iferror = -EINVAL;
		if (message->type == ISCSI_UEVENT_BIND_CONN ||
		    message->type == ISCSI_UEVENT_START_CONN ||
		    message->type == ISCSI_UEVENT_STOP_CONN ||
		    message->type == ISCSI_UEVENT_SEND_PDU)
			message->r.retcode = -EINVAL;
		else
			message->type = ISCSI_KEVENT_IF_ERROR;
		return;
	}
	if (message->type == ISCSI_UEVENT_CREATE_SESSION) {
		kernel->initial_cmdsn = message->u.create_session.initial_cmdsn;
		message->r.session.sid = ++kernel->last_sid;
		message->r.session.host_no = 100 + kernel->last_sid;
	} else if (message->type == ISCSI_UEVENT_BIND_CONN) {
		kernel_bind(kernel, message);
	}
}

static void kernel_reply(struct world_kernel *kernel, const struct nlmsghdr *header,
			 const struct iscsi_uevent *message)
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
					(int)message.type +
					(message.type == ISCSI_UEVENT_SET_PARAM ? 1000 : 0);
			kernel_execute(kernel, &message);
			kernel_reply(kernel, &header, &message);
			if (!message.iferror)
				kernel_after(kernel, &message,
					     datagram + at + NLMSG_HDRLEN + sizeof(message));
			pthread_mutex_unlock(&kernel->lock);
			at += NLMSG_ALIGN(header.nlmsg_len);
		}
	}
	free(datagram);
	return NULL;
}

/* ---- the target ---- */

static void target_send(int fd, const struct pdu *pdu)
{
	uint8_t bytes[16384];
	size_t length = pdu_wire_length(pdu);

	assert_true(length <= sizeof(bytes));
	pdu_encode(pdu, bytes);
	(void)!send(fd, bytes, length, MSG_NOSIGNAL);
}

/* Every offer comes back as it is, which is a legal answer to each; declarations of the initiator
 * do not. */
static void target_answer_keys(const struct pdu *request, struct text *text)
{
	static const char *const declared[] = {"InitiatorName", "InitiatorAlias", "TargetName",
					       "SessionType"};
	struct keys_reader reader;
	struct key_pair pair;

	keys_reader_init(&reader, request->data, request->data_length);
	while (keys_next(&reader, &pair) == 1) {
		bool is_declared = false;

		for (size_t i = 0; i < sizeof(declared) / sizeof(declared[0]); i++)
			is_declared = is_declared || key_pair_is(&pair, declared[i]);
		if (is_declared)
			continue;
		text_add_bytes(text, pair.name, pair.name_length);
		text_add(text, "=");
		text_add_bytes(text, pair.value, pair.value_length);
		text_add_bytes(text, "", 1);
	}
	keys_add_u32(text, "TargetPortalGroupTag", 1);
}

static uint16_t target_status(struct world_target *target)
{
	uint16_t status = target->status;

	if (target->redirect[0])
		status = ISCSI_LOGIN_DETAIL_MOVED_TEMPORARILY;
	if (status && target->status_times && --target->status_times == 0) {
		target->status = 0;
		target->redirect[0] = '\0';
	}
	return status;
}

static void target_ping(int fd)
{
	struct pdu ping = {.nop_in = {.opcode = ISCSI_PDU_NOP_IN,
				      .flags = ISCSI_BIT_FINAL,
				      .itt = htonl(ISCSI_TAG_NONE),
				      .ttt = htonl(5)}};

	target_send(fd, &ping);
}

static void target_login(struct world_target *target, int fd, const struct pdu *request)
{
	struct pdu response = {.login_response = {.opcode = ISCSI_PDU_LOGIN_RESPONSE,
						  .flags = request->bhs.flags,
						  .itt = request->bhs.itt}};
	char redirect[64];
	uint16_t status;
	struct text text = {0};

	memcpy(redirect, target->redirect, sizeof(redirect));
	status = target_status(target);
	target->logins++;
	memcpy(target->isid, request->login_request.isid, 6);
	memcpy(response.login_response.isid, request->login_request.isid, 6);
	target->cmdsn = ntohl(request->login_request.cmdsn);
	response.login_response.exp_cmdsn = response.login_response.max_cmdsn =
		request->login_request.cmdsn;
	response.login_response.statsn = htonl(1000);
	response.login_response.status_class = (uint8_t)(status >> 8);
	response.login_response.status_detail = (uint8_t)status;
	if (!status) {
		response.login_response.tsih = htons((uint16_t)target->logins);
		target_answer_keys(request, &text);
	} else if (status >> 8 == ISCSI_LOGIN_CLASS_REDIRECT) {
		keys_add(&text, "TargetAddress", redirect);
	}
	assert_int_equal(pdu_set_data(&response, text.data, text.len), 0);
	usleep(1000 * target->slow_ms);
	target_send(fd, &response);
	text_done(&text);
	pdu_done(&response);
	if (!status && target->pings_early)
		target_ping(fd);
	if (status || target->closes_early)
		shutdown(fd, SHUT_RDWR);
}

static void target_read(struct world_target *target, int fd, struct pdu_reader *reader)
{
	uint8_t bytes[16384];
	ssize_t length = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
	size_t used = 0;

	while (length > 0 && used < (size_t)length) {
		size_t n = 0;

		if (pdu_reader_feed(reader, bytes + used, (size_t)length - used, &n) == 1) {
			if (pdu_opcode(&reader->pdu) == ISCSI_PDU_LOGIN_REQUEST &&
			    !target->is_silent)
				target_login(target, fd, &reader->pdu);
			else if (pdu_opcode(&reader->pdu) == ISCSI_PDU_NOP_OUT &&
				 ntohl(reader->pdu.nop_out.ttt) == 5)
				target->pings_answered++;
			pdu_reader_next(reader);
		}
		used += n;
	}
}

static void *target_run(void *data)
{
	struct world_target *target = data;
	struct pdu_reader *readers = calloc(WORLD_MAX + 2, sizeof(*readers));
	struct pollfd fds[WORLD_MAX + 2] = {{.fd = target->stop_fd[0], .events = POLLIN},
					    {.fd = target->listen_fd, .events = POLLIN}};
	nfds_t count = 2;

	while (poll(fds, count, -1) >= 0 && !fds[0].revents) {
		pthread_mutex_lock(&target->lock);
		for (nfds_t i = 2; i < count; i++)
			if (fds[i].revents & POLLIN)
				target_read(target, fds[i].fd, &readers[i]);
			else if (fds[i].revents)
				fds[i].events = 0, fds[i].fd = -1 - fds[i].fd;
		if (fds[1].revents && count < WORLD_MAX + 2) {
			pdu_reader_init(&readers[count], 16384);
			fds[count].events = POLLIN;
			fds[count++].fd = accept(target->listen_fd, NULL, NULL);
			target->connections++;
		}
		pthread_mutex_unlock(&target->lock);
	}
	for (nfds_t i = 2; i < count; i++) {
		close(fds[i].fd < 0 ? -1 - fds[i].fd : fds[i].fd);
		pdu_reader_done(&readers[i]);
	}
	free(readers);
	return NULL;
}

static void target_open(struct world_target *target)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(address);

	target->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(target->listen_fd, (void *)&address, sizeof(address)), 0);
	assert_int_equal(listen(target->listen_fd, WORLD_MAX), 0);
	assert_int_equal(getsockname(target->listen_fd, (void *)&address, &length), 0);
	target->port = ntohs(address.sin_port);
	assert_int_equal(pipe(target->stop_fd), 0);
	pthread_mutex_init(&target->lock, NULL);
	assert_int_equal(pthread_create(&target->thread, NULL, target_run, target), 0);
}

/* ---- the world ---- */

static int world_setup(void **state)
{
	struct world *world = calloc(1, sizeof(*world));
	int pair[2];

	strcpy(world->dir, "/tmp/openhba-world-XXXXXX");
	assert_non_null(mkdtemp(world->dir));
	snprintf(world->daemon.state_dir, sizeof(world->daemon.state_dir), "%s", world->dir);
	TAILQ_INIT(&world->daemon.sessions);
	slots_init(&world->daemon.slots, DAEMON_CONNECTING_MAX);
	world->daemon.tcp_handle = 0xc0ffee;
	world->daemon.initiator.name = strdup("iqn.2016-04.com.openhba:lab");
	world->daemon.initiator.alias = strdup("here");
	assert_int_equal(loop_new(&world->daemon.loop), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	world->kernel.fd = pair[1];
	for (int i = 0; i < WORLD_MAX; i++)
		world->kernel.sockets[i] = -1;
	assert_int_equal(events_open(&world->daemon, pair[0]), 0);
	pthread_mutex_init(&world->kernel.lock, NULL);
	assert_int_equal(pthread_create(&world->kernel.thread, NULL, kernel_run, &world->kernel),
			 0);
	target_open(&world->target);
	*state = world;
	return 0;
}

static int world_teardown(void **state)
{
	struct world *world = *state;
	struct session *session;
	char command[96];

	while ((session = TAILQ_FIRST(&world->daemon.sessions)))
		session_kill(session);
	events_close(&world->daemon);
	loop_free(world->daemon.loop);
	shutdown(world->kernel.fd, SHUT_RDWR);
	pthread_join(world->kernel.thread, NULL);
	(void)!write(world->target.stop_fd[1], "", 1);
	pthread_join(world->target.thread, NULL);
	for (int i = 0; i < WORLD_MAX; i++)
		if (world->kernel.sockets[i] >= 0)
			close(world->kernel.sockets[i]);
	close(world->kernel.fd);
	close(world->target.listen_fd);
	close(world->target.stop_fd[0]);
	close(world->target.stop_fd[1]);
	initiator_done(&world->daemon.initiator);
	snprintf(command, sizeof(command), "rm -rf %s", world->dir);
	assert_int_equal(system(command), 0);
	free(world);
	return 0;
}

/* A session_done_fn. */
__attribute__((unused)) static void world_ended(int sid, enum iscsi_err err, const char *sentence,
						void *data)
{
	struct world *world = data;

	assert_true(world->ended < WORLD_MAX);
	world->sid[world->ended] = sid;
	world->err[world->ended] = err;
	snprintf(world->sentence[world->ended++], sizeof(world->sentence[0]), "%s", sentence);
}

struct world_wait {
	struct world *world;
	bool (*is_done)(struct world *world);
	struct loop_timer *timer;
	uint64_t until_ms;
	bool was_done;
};

static void world_look(void *data)
{
	struct world_wait *wait = data;

	wait->was_done = wait->is_done(wait->world);
	if (wait->was_done || loop_now_ms() > wait->until_ms)
		loop_stop(wait->world->daemon.loop);
	else
		loop_timer_set(wait->timer, 2);
}

/* Runs the daemon's loop until is_done() says so; fails the test when that takes too long. */
__attribute__((unused)) static void world_run(struct world *world,
					      bool (*is_done)(struct world *world))
{
	struct world_wait wait = {
		.world = world, .is_done = is_done, .until_ms = loop_now_ms() + WORLD_PATIENCE_MS};

	assert_int_equal(loop_timer_new(world->daemon.loop, world_look, &wait, &wait.timer), 0);
	loop_timer_set(wait.timer, 0);
	assert_int_equal(loop_run(world->daemon.loop), 0);
	loop_timer_free(wait.timer);
	assert_true(wait.was_done);
}

__attribute__((unused)) static void world_set(struct session *session, enum field field,
					      const char *text)
{
	assert_int_equal(record_set(&session->node, field, text, ORIGIN_COMMAND), 0);
}

/* A session to the target, not started. Scans nothing: there is no SCSI here. */
__attribute__((unused)) static struct session *world_session(struct world *world, int number)
{
	struct session *session;
	struct record node;
	char text[64];

	record_init(&node, RECORD_NODE);
	session = session_new(&world->daemon, &node, world->daemon.initiator.name);
	assert_non_null(session);
	snprintf(text, sizeof(text), WORLD_TARGET "%d", number);
	world_set(session, F_NODE_NAME, text);
	world_set(session, F_NODE_CONN_ADDRESS, "127.0.0.1");
	snprintf(text, sizeof(text), "%d", world->target.port);
	world_set(session, F_NODE_CONN_PORT, text);
	world_set(session, F_NODE_SESSION_SCAN, "manual");
	world_set(session, F_NODE_CONN_TIMEO_LOGIN_TIMEOUT, "2");
	world_set(session, F_NODE_SESSION_INITIAL_LOGIN_RETRY_MAX, "1");
	world_set(session, F_NODE_SESSION_ISCSI_DEFAULT_TIME2WAIT, "0");
	world_set(session, F_NODE_CONN_TIMEO_LOGOUT_TIMEOUT, "1");
	session_choose_isid(session);
	return session;
}

__attribute__((unused)) static bool world_one_ended(struct world *world)
{
	return world->ended >= 1;
}

__attribute__((unused)) static bool world_two_ended(struct world *world)
{
	return world->ended >= 2;
}

/* A session that is logged in. */
__attribute__((unused)) static struct session *world_logged_in(struct world *world)
{
	struct session *session = world_session(world, 0);

	start_login(session, world_ended, world);
	world_run(world, world_one_ended);
	assert_int_equal(world->err[0], ISCSI_ERR_SUCCESS);
	return session;
}

/* How often a request was seen; SET_PARAM is 1016. */
__attribute__((unused)) static unsigned int world_requests(struct world *world, int request)
{
	unsigned int n = 0;

	pthread_mutex_lock(&world->kernel.lock);
	for (unsigned int i = 0; i < world->kernel.count; i++)
		n += world->kernel.requests[i] == request;
	pthread_mutex_unlock(&world->kernel.lock);
	return n;
}

#endif
