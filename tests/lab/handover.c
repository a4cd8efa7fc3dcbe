/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * handover TARGET ADDRESS PORT: which sockets a connection takes from user space and which it refuses, whatever came through a socket
 * before, and that a login may also be made by the kernel's PDUs. No daemon. The target pings an idle initiator every 3 seconds. Prints
 * TAP; run as root in the lab by suite/handover.sh.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/lab/raw.h"
#include "tests/lab/tap.h"
#include "transport/abi/iscsi_proto.h"
#include "transport/user/requests.h"
#include "transport/user/sysfs.h"
#include "transport/user/transport.h"

struct handover {
	struct raw_session raw;
	struct iscsi_bhs answer; /* of the last PDU that came */
	unsigned int pdus, errors;
	uint32_t other_sid; /* a session with a connection of its own */
};

static void on_event(const struct netlink_event *event, void *data)
{
	struct handover *h = data;

	if (event->sid == h->raw.sid)
		h->errors += event->type == ISCSI_KEVENT_CONN_ERROR;
	if (event->type != ISCSI_KEVENT_RECV_PDU || event->sid != h->raw.sid)
		return;
	memcpy(&h->answer, event->bhs, sizeof(h->answer));
	h->pdus++;
}

static void on_overflow(void *data)
{
}

static bool wait_count(struct handover *h, const unsigned int *counter, unsigned int count)
{
	struct pollfd poller = {.fd = netlink_fd(h->raw.nl), .events = POLLIN};

	while (*counter < count && poll(&poller, 1, 10000) > 0)
		netlink_dispatch(h->raw.nl);
	return *counter >= count;
}

static bool wait_pdu(struct handover *h, unsigned int count)
{
	return wait_count(h, &h->pdus, count);
}

static int bind_alone(const struct handover *h, uint32_t sid, uint64_t fd)
{
	struct request_batch batch;
	int error;

	batch_init(&batch, h->raw.handle);
	batch_bind_conn(&batch, sid, 0, fd, true);
	error = batch_send(h->raw.nl, &batch, NULL, 0);
	batch_done(&batch);
	return error;
}

static bool create(struct handover *h, uint32_t *ret_sid)
{
	struct request_batch batch;
	uint32_t host;
	int error = request_create_session(h->raw.nl, h->raw.handle, 0, 128, 32, ret_sid, &host);

	if (error)
		return false;
	batch_init(&batch, h->raw.handle);
	batch_create_conn(&batch, *ret_sid, 0);
	error = batch_send(h->raw.nl, &batch, NULL, 0);
	batch_done(&batch);
	return !error;
}

static void refuse(const struct handover *h, int fd, const char *what)
{
	int error = bind_alone(h, h->raw.sid, (uint64_t)fd);

	check(error < 0, "%s is refused: %s", what, error < 0 ? strerror(-error) : "it is not");
	if (fd >= 0)
		close(fd);
}

static void refuse_others(struct handover *h)
{
	int fd = raw_connect(h->raw.address, h->raw.port);

	refuse(h, -1, "a descriptor that is none");
	refuse(h, open("/dev/null", O_RDWR | O_CLOEXEC), "a file");
	refuse(h, socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "a UDP socket");
	refuse(h, socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), "a socket of the machine");
	refuse(h, socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "a socket without connection");
	check(bind_alone(h, h->raw.sid, (uint64_t)fd | 1ull << 32) < 0, "a descriptor of more than 32 bits is refused");
	check(!bind_alone(h, h->other_sid, (uint64_t)fd), "another session takes a socket");
	refuse(h, fd, "a socket that is another session's");
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	check(!listen(fd, 1), "a socket listens");
	refuse(h, fd, "a socket that listens");
	check(request_start_conn(h->raw.nl, h->raw.handle, h->raw.sid, 0) < 0, "START without a socket is refused");
}

/* Pad goes with the data, as open-iscsi does it; the header counts without. */
static int send_login(struct handover *h, struct iscsi_bhs_login_request *ask, const char *keys, size_t bytes)
{
	char data[512] = "";

	memcpy(data, keys, bytes);
	ask->data_length[1] = (uint8_t)(bytes >> 8);
	ask->data_length[2] = (uint8_t)bytes;
	return request_send_pdu(h->raw.nl, h->raw.handle, h->raw.sid, 0, ask, data, (bytes + 3) & ~3ul);
}

static void login_header(const struct handover *h, struct iscsi_bhs_login_request *ask)
{
	*ask = (struct iscsi_bhs_login_request){.opcode = 0x43, .flags = 0x81, .isid = {0x00, 0x02}, .itt = htonl(0xabcd1234)};
	ask->isid[5] = (uint8_t)h->raw.isid + 1;
}

/* Two ends of a connection in this process. */
static bool make_pair(int fds[2])
{
	struct sockaddr_in place = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(place);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool good = !bind(listener, (struct sockaddr *)&place, length) && !listen(listener, 1) &&
		    !getsockname(listener, (struct sockaddr *)&place, &length);

	fds[0] = good ? raw_connect("127.0.0.1", ntohs(place.sin_port)) : -1;
	fds[1] = good ? accept4(listener, NULL, NULL, SOCK_CLOEXEC) : -1;
	close(listener);
	return fds[0] >= 0 && fds[1] >= 0;
}

/* A peer that closes before BIND is a connection lost, not a request refused: told by an event, and by START. */
static void close_before(struct handover *h, bool is_reset)
{
	const struct linger linger = {.l_onoff = is_reset};
	struct iscsi_bhs_login_request ask;
	struct pollfd poller = {.events = POLLIN};
	int fds[2];

	if (!check(make_pair(fds), "a connection that the peer %s", is_reset ? "resets" : "closes"))
		return;
	setsockopt(fds[1], SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	close(fds[1]);
	poller.fd = fds[0];
	poll(&poller, 1, 10000);
	check(!bind_alone(h, h->raw.sid, (uint64_t)fds[0]), "is taken");
	close(fds[0]);
	check(request_start_conn(h->raw.nl, h->raw.handle, h->raw.sid, 0) < 0, "and not started");
	login_header(h, &ask);
	h->errors = 0;
	send_login(h, &ask, "", 0);
	check(wait_count(h, &h->errors, 1), "a login on it tells that it is lost");
	request_stop_conn(h->raw.nl, h->raw.handle, h->raw.sid, 0, ISCSI_STOP_TERM);
}

/* The end of the connection between BIND and START must not make a session that looks healthy. */
static void close_between(struct handover *h)
{
	int fd = raw_connect(h->raw.address, h->raw.port);

	if (!check(!bind_alone(h, h->raw.sid, (uint64_t)fd), "a connected socket is taken"))
		return;
	shutdown(fd, SHUT_RDWR);
	usleep(300000);
	check(request_start_conn(h->raw.nl, h->raw.handle, h->raw.sid, 0) < 0, "START after the connection was closed is refused");
	request_stop_conn(h->raw.nl, h->raw.handle, h->raw.sid, 0, ISCSI_STOP_TERM);
	close(fd);
}

static bool is_logged_in(const struct handover *h)
{
	char path[64], text[32] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/sys/class/iscsi_session/session%u/state", h->raw.sid);
	file = fopen(path, "re");
	if (file) {
		if (!fgets(text, sizeof(text), file))
			text[0] = 0;
		fclose(file);
	}
	return !strcmp(text, "LOGGED_IN\n");
}

/* The target's ping comes before the kernel has the socket, and is answered by the kernel: else the target closes. */
static void bytes_before(struct handover *h)
{
	struct pollfd poller = {.events = POLLIN};

	if (!check(raw_login(&h->raw, 0), "a login on the socket"))
		return;
	poller.fd = h->raw.fd;
	check(poll(&poller, 1, 15000) == 1, "the target pings the initiator that says nothing");
	check(!raw_hand_over(&h->raw, false), "the socket is handed over with the ping unread");
	sleep(9);
	check(is_logged_in(h), "the target got its answers");
}

/* As open-iscsi does it: two requests, security and operational stage, answered with the tag that user space used. */
static void login_by_pdu(struct handover *h)
{
	static const char keys[] = "HeaderDigest=None\0DataDigest=None\0InitialR2T=Yes\0ImmediateData=Yes\0MaxBurstLength=262144\0"
				   "FirstBurstLength=65536\0MaxOutstandingR2T=1\0MaxConnections=1\0DataPDUInOrder=Yes\0"
				   "DataSequenceInOrder=Yes\0ErrorRecoveryLevel=0\0DefaultTime2Wait=2\0DefaultTime2Retain=0\0"
				   "MaxRecvDataSegmentLength=262144";
	struct iscsi_bhs_login_request ask;
	char text[512];
	int bytes, fd = raw_connect(h->raw.address, h->raw.port);

	check(!bind_alone(h, h->raw.sid, (uint64_t)fd), "a socket for a login by PDU is taken");
	close(fd);
	login_header(h, &ask);
	bytes = snprintf(text, sizeof(text), "InitiatorName=" RAW_INITIATOR "%cSessionType=Normal%cAuthMethod=None%cTargetName=%s",
			 0, 0, 0, h->raw.target) +
		1;
	h->pdus = 0;
	check(!send_login(h, &ask, text, (size_t)bytes), "the first login request");
	check(wait_pdu(h, 1) && h->answer.opcode == ISCSI_PDU_LOGIN_RESPONSE && h->answer.itt == ask.itt,
	      "is answered with its tag");
	ask.flags = 0x87;
	check(!send_login(h, &ask, keys, sizeof(keys)), "the second one");
	check(wait_pdu(h, 2) && h->answer.itt == ask.itt && (h->answer.flags & 0x83) == 0x83, "ends the login");
	check(!request_start_conn(h->raw.nl, h->raw.handle, h->raw.sid, 0) && is_logged_in(h), "START");
	ask.flags = 0x81;
	check(send_login(h, &ask, text, (size_t)bytes) < 0, "no login while the session is up");
}

int main(int argc, char **argv)
{
	struct handover h = {0};
	uint32_t caps;

	if (argc != 4)
		return 2;
	h.raw = (struct raw_session){.target = argv[1], .address = argv[2], .port = atoi(argv[3]), .isid = 0x40, .fd = -1};
	if (transport_load_class(SYSFS_ROOT) || transport_load(SYSFS_ROOT, "tcp") ||
	    transport_handle(SYSFS_ROOT, "tcp", &h.raw.handle, &caps) || netlink_open(on_event, on_overflow, &h, &h.raw.nl) ||
	    !create(&h, &h.other_sid) || !create(&h, &h.raw.sid))
		return 2;
	refuse_others(&h);
	close_before(&h, false);
	close_before(&h, true);
	close_between(&h);
	bytes_before(&h);
	request_stop_conn(h.raw.nl, h.raw.handle, h.raw.sid, 0, ISCSI_STOP_RECOVER);
	login_by_pdu(&h);
	check(raw_remove_all(h.raw.nl, h.raw.handle) == 2, "both sessions are removed");
	return tap_end("handover");
}
