/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The target of the daemon's tests: a thread that accepts logins on loopback, writes down what it
 * saw and can be told to misbehave. Part of daemon_world.h.
 */
#ifndef OPENHBA_TESTS_UNIT_DAEMON_WORLD_TARGET_H
#define OPENHBA_TESTS_UNIT_DAEMON_WORLD_TARGET_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/keys.h"
#include "lib/pdu.h"
#include "lib/text.h"

#define TARGET_CONNECTIONS 64

struct world_target {
	int listen_fd, stop_fd[2];
	pthread_t thread;
	pthread_mutex_t lock;
	int port;
	unsigned int connections;
	_Atomic unsigned int logins;
	_Atomic unsigned int said; /* logins answered: all bytes are in the socket */
	uint8_t isid[6];
	uint32_t cmdsn;
	unsigned int pings_answered;
	/* knobs */
	uint16_t status;	   /* of login responses: 0 is success */
	unsigned int status_times; /* for so many logins, then success; 0: for ever */
	char redirect[64];
	char targets[512];    /* what SendTargets answers, with ' ' for NUL */
	_Atomic unsigned int questions; /* SendTargets asked for */
	bool moves_for_good;  /* the redirect is a permanent one */
	bool pings_early;     /* a NOP-In right behind the login */
	bool tells_early;     /* an asynchronous message of its vendor there */
	bool closes_early;    /* closes right behind the login */
	_Atomic bool holds;   /* answers wait until this is false */
	bool is_silent;	      /* never answers */
	unsigned int slow_ms; /* before it answers */
};

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
		status = target->moves_for_good ? ISCSI_LOGIN_DETAIL_MOVED_PERMANENTLY
						: ISCSI_LOGIN_DETAIL_MOVED_TEMPORARILY;
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

static void target_tell(int fd, uint32_t statsn)
{
	struct pdu pdu = {.async = {.opcode = ISCSI_PDU_ASYNC_MESSAGE,
				    .flags = ISCSI_BIT_FINAL,
				    .tag = htonl(ISCSI_TAG_NONE),
				    .statsn = htonl(statsn),
				    .event = ISCSI_ASYNC_EVENT_VENDOR}};

	target_send(fd, &pdu);
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
	while (target->holds)
		usleep(1000);
	usleep(1000 * target->slow_ms);
	target_send(fd, &response);
	text_done(&text);
	if (!status && target->pings_early)
		target_ping(fd);
	if (!status && target->tells_early)
		target_tell(fd, ntohl(response.login_response.statsn) + 1);
	pdu_done(&response);
	if (status || target->closes_early)
		shutdown(fd, SHUT_RDWR);
	target->said++;
}

static void target_text(struct world_target *target, int fd, const struct pdu *request)
{
	struct pdu response = {.text_response = {.opcode = ISCSI_PDU_TEXT_RESPONSE,
						 .flags = ISCSI_BIT_FINAL,
						 .itt = request->bhs.itt,
						 .ttt = htonl(ISCSI_TAG_NONE),
						 .statsn = htonl(1001)}};

	assert_int_equal(pdu_set_data(&response, target->targets, strlen(target->targets)), 0);
	for (size_t i = 0; i < response.data_length; i++)
		response.data[i] = response.data[i] == ' ' ? 0 : response.data[i];
	target_send(fd, &response);
	pdu_done(&response);
	target->questions++;
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
			else if (pdu_opcode(&reader->pdu) == ISCSI_PDU_TEXT_REQUEST)
				target_text(target, fd, &reader->pdu);
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
	struct pdu_reader *readers = calloc(TARGET_CONNECTIONS + 2, sizeof(*readers));
	struct pollfd fds[TARGET_CONNECTIONS + 2] = {{.fd = target->stop_fd[0], .events = POLLIN},
					    {.fd = target->listen_fd, .events = POLLIN}};
	nfds_t count = 2;

	while (poll(fds, count, -1) >= 0 && !fds[0].revents) {
		pthread_mutex_lock(&target->lock);
		for (nfds_t i = 2; i < count; i++)
			if (fds[i].revents & POLLIN)
				target_read(target, fds[i].fd, &readers[i]);
			else if (fds[i].revents)
				fds[i].events = 0, fds[i].fd = -1 - fds[i].fd;
		if (fds[1].revents && count < TARGET_CONNECTIONS + 2) {
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
				      .sin_addr.s_addr = htonl(INADDR_ANY)};
	socklen_t length = sizeof(address);

	target->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(target->listen_fd, (void *)&address, sizeof(address)), 0);
	assert_int_equal(listen(target->listen_fd, TARGET_CONNECTIONS), 0);
	assert_int_equal(getsockname(target->listen_fd, (void *)&address, &length), 0);
	target->port = ntohs(address.sin_port);
	assert_int_equal(pipe(target->stop_fd), 0);
	pthread_mutex_init(&target->lock, NULL);
	assert_int_equal(pthread_create(&target->thread, NULL, target_run, target), 0);
}

#endif
