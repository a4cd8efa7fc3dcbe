/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * gate check		what the kernel's gate for requests must refuse, and what it must answer, on the adapter without hardware (card/):
 *			lengths that lie, texts without an end, attributes that are too short, handles that are none, calls by a user
 * gate live		a session of the card in the state "up", and one that was only created, until its standard input ends
 *
 * Speaks to the socket itself, so that it can say what a careful program never would. Prints TAP; run as root by suite/class-*.sh.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bsg.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <poll.h>
#include <scsi/sg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/lab/tap.h"
#include "transport/abi/params.h"

#define CARD	"/sys/class/iscsi_transport/card/handle"
#define NOBODY	65534
#define STOP_MS 2000 /* the card takes it for STOP_CONN SUSPEND, for a ping of its second host, and for some endpoints' end */
#define SECOND_HOST "/sys/module/lab_card/parameters/second"

static void same(long long got, long long want, const char *what)
{
	if (!check(got == want, "%s", what))
		printf("# got %lld, want %lld\n", got, want);
}

/* ---- the socket ---- */

/* What came for a request: its reply, or the multicast that stands for it. */
struct answer {
	struct nlmsghdr head;
	struct iscsi_uevent message;
	char data[16384];
};

struct gate {
	int fd;
	uint64_t handle;
	uint32_t host_no;
	uint64_t endpoint; /* the last that was made */
	struct answer answer;
	size_t answer_bytes;
};

static int gate_open(uint32_t groups)
{
	struct sockaddr_nl local = { .nl_family = AF_NETLINK, .nl_groups = groups };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ISCSI);

	if (fd < 0 || bind(fd, (struct sockaddr *)&local, sizeof(local)) < 0) {
		perror("NETLINK_ISCSI");
		exit(1);
	}
	return fd;
}

static bool receive(struct gate *gate, int timeout_ms)
{
	struct pollfd watch = { .fd = gate->fd, .events = POLLIN };
	ssize_t bytes;

	if (poll(&watch, 1, timeout_ms) != 1)
		return false;
	memset(&gate->answer, 0, sizeof(gate->answer));
	bytes = recv(gate->fd, &gate->answer, sizeof(gate->answer), 0);
	gate->answer_bytes = bytes < 0 ? 0 : (size_t)bytes;
	return bytes >= 0;
}

/* 0 or a negative errno as the kernel answers; events are passed over. 1: no answer came. */
static int await(struct gate *gate, uint32_t number, int timeout_ms)
{
	while (receive(gate, timeout_ms)) {
		const struct iscsi_uevent *message = &gate->answer.message;

		if (gate->answer.head.nlmsg_type == number && message->type == ISCSI_KEVENT_IF_ERROR)
			return message->iferror;
		if (message->type == number)
			return 0;
	}
	return 1;
}

static int ask(struct gate *gate, uint32_t number, struct iscsi_uevent message, const void *data, size_t bytes)
{
	static char buffer[131072];
	struct nlmsghdr head = { .nlmsg_len = (uint32_t)(NLMSG_HDRLEN + sizeof(message) + bytes), .nlmsg_type = (uint16_t)number };

	message.type = number;
	if (!message.transport_handle)
		message.transport_handle = gate->handle;
	memcpy(buffer, &head, sizeof(head));
	memcpy(buffer + NLMSG_HDRLEN, &message, sizeof(message));
	if (bytes)
		memcpy(buffer + NLMSG_HDRLEN + sizeof(message), data, bytes);
	if (send(gate->fd, buffer, NLMSG_HDRLEN + sizeof(message) + bytes, 0) < 0)
		return -errno;
	return await(gate, number, 3000);
}

static int ask_plain(struct gate *gate, uint32_t number, struct iscsi_uevent message)
{
	return ask(gate, number, message, NULL, 0);
}

static uint64_t read_number(const char *path)
{
	unsigned long long number = 0;
	FILE *file = fopen(path, "r");

	if (!file)
		return 0;
	if (fscanf(file, "%llu", &number) != 1)
		number = 0;
	fclose(file);
	return number;
}

static size_t read_text(const char *path, char *text, size_t room)
{
	FILE *file = fopen(path, "r");
	size_t bytes;

	if (!file)
		return 0;
	bytes = fread(text, 1, room - 1, file);
	text[bytes] = '\0';
	fclose(file);
	return bytes;
}

/* ---- a session of the card ---- */

static const struct sockaddr_in portal = { .sin_family = AF_INET };

static uint64_t connect_card(struct gate *gate, bool ends_slowly)
{
	struct iscsi_uevent message = { .u.ep_connect_through_host = { .host_no = gate->host_no, .non_blocking = ends_slowly } };

	if (ask(gate, ISCSI_UEVENT_TRANSPORT_EP_CONNECT_THROUGH_HOST, message, &portal, sizeof(portal)))
		return 0;
	gate->endpoint = gate->answer.message.r.ep_connect.handle;
	return gate->endpoint;
}

static uint32_t make_session(struct gate *gate)
{
	struct iscsi_uevent message = { .u.create_session = { .cmds_max = 16, .queue_depth = 8 } };

	if (ask_plain(gate, ISCSI_UEVENT_CREATE_SESSION, message))
		return 0;
	gate->host_no = gate->answer.message.r.session.host_no;
	return gate->answer.message.r.session.sid;
}

static int bind_to(struct gate *gate, uint32_t sid, uint64_t endpoint)
{
	struct iscsi_uevent bind = { .u.bind_conn = { .sid = sid, .is_leading = 1, .transport_eph = endpoint } };
	int error = ask_plain(gate, ISCSI_UEVENT_BIND_CONN, bind);

	return error ? error : gate->answer.message.r.retcode;
}

static int disconnect(struct gate *gate, uint64_t endpoint)
{
	struct iscsi_uevent message = { .u.ep_disconnect = { .ep_handle = endpoint } };

	return ask_plain(gate, ISCSI_UEVENT_TRANSPORT_EP_DISCONNECT, message);
}

static int prepare(struct gate *gate, uint32_t sid)
{
	struct iscsi_uevent conn = { .u.conn = { .sid = sid } };
	int error = ask_plain(gate, ISCSI_UEVENT_CREATE_CONN, conn);

	return error ? error : bind_to(gate, sid, connect_card(gate, false));
}

static int start(struct gate *gate, uint32_t sid)
{
	struct iscsi_uevent conn = { .u.conn = { .sid = sid } };
	int error = ask_plain(gate, ISCSI_UEVENT_START_CONN, conn);

	return error ? error : gate->answer.message.r.retcode;
}

static int bring_up(struct gate *gate, uint32_t sid)
{
	int error = prepare(gate, sid);

	return error ? error : start(gate, sid);
}

static int stop(struct gate *gate, uint32_t sid, uint32_t flag)
{
	struct iscsi_uevent message = { .u.stop_conn = { .sid = sid, .flag = flag } };

	return ask_plain(gate, ISCSI_UEVENT_STOP_CONN, message);
}

static void remove_session(struct gate *gate, uint32_t sid)
{
	struct iscsi_uevent conn = { .u.conn = { .sid = sid } };
	struct iscsi_uevent session = { .u.session = { .sid = sid } };

	stop(gate, sid, ISCSI_STOP_TERM);
	ask_plain(gate, ISCSI_UEVENT_DESTROY_CONN, conn);
	same(ask_plain(gate, ISCSI_UEVENT_DESTROY_SESSION, session), 0, "a session goes");
}

/* ---- the checks ---- */

/* CVE-2017-14489: lengths of messages */
static void check_lengths(struct gate *gate)
{
	static const uint32_t lengths[] = { 0, 1, 15, 16, 17, 71, 73, 4096, 0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff };
	struct iscsi_uevent message = { .type = ISCSI_UEVENT_CREATE_SESSION, .transport_handle = gate->handle };
	char buffer[NLMSG_HDRLEN + sizeof(message)];
	struct nlmsghdr head = { .nlmsg_type = ISCSI_UEVENT_CREATE_SESSION };
	size_t i, cut;

	memcpy(buffer + NLMSG_HDRLEN, &message, sizeof(message));
	for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		head.nlmsg_len = lengths[i];
		memcpy(buffer, &head, sizeof(head));
		send(gate->fd, buffer, sizeof(buffer), 0);
	}
	for (cut = 1; cut < sizeof(buffer); cut++) {
		head.nlmsg_len = (uint32_t)sizeof(buffer);
		memcpy(buffer, &head, sizeof(head));
		send(gate->fd, buffer, cut, 0);
	}
	check(!receive(gate, 200), "messages whose length lies are not answered");
}

/* Several in one datagram: each has its answer, an error does not stop the next. */
static void check_batch(struct gate *gate)
{
	char buffer[3 * (NLMSG_HDRLEN + sizeof(struct iscsi_uevent))];
	static const uint16_t numbers[] = { ISCSI_UEVENT_GET_PARAM, ISCSI_UEVENT_DESTROY_SESSION, ISCSI_UEVENT_GET_PARAM };
	size_t i, at = 0;

	for (i = 0; i < 3; i++) {
		struct nlmsghdr head = { .nlmsg_len = NLMSG_HDRLEN + sizeof(struct iscsi_uevent), .nlmsg_type = numbers[i] };
		struct iscsi_uevent message = { .type = numbers[i], .transport_handle = gate->handle };

		memcpy(buffer + at, &head, sizeof(head));
		memcpy(buffer + at + NLMSG_HDRLEN, &message, sizeof(message));
		at += head.nlmsg_len;
	}
	send(gate->fd, buffer, at, 0);
	same(await(gate, numbers[0], 1000), -ENOSYS, "the first of three requests in a datagram is answered");
	same(await(gate, numbers[1], 1000), -EINVAL, "the second");
	same(await(gate, numbers[2], 1000), -ENOSYS, "the third");
}

/* CVE-2021-27363: the handle of a transport */
static void check_handles(struct gate *gate)
{
	static const uint64_t handles[] = { 1ull << 32, UINT64_MAX, 0xffff888000000000ull, 0xffffffff81000000ull, 1000000 };
	size_t i;

	check(gate->handle && gate->handle < 1ull << 32, "a transport's number is no address");
	for (i = 0; i < sizeof(handles) / sizeof(handles[0]); i++) {
		struct iscsi_uevent message = { .transport_handle = handles[i] };

		same(ask_plain(gate, ISCSI_UEVENT_CREATE_SESSION, message), -EINVAL, "a number that is no transport's is refused");
	}
}

static void check_numbers(struct gate *gate)
{
	static const uint32_t numbers[] = { 1, 10, ISCSI_UEVENT_GET_PARAM, 44, 100, 103, 0x7fff, 0xffff };
	size_t i;

	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		same(ask_plain(gate, numbers[i], (struct iscsi_uevent){ 0 }), -ENOSYS, "a number that is no request's is refused");
}

static int set_text(struct gate *gate, uint32_t sid, uint32_t param, const char *text, uint32_t len, size_t bytes)
{
	struct iscsi_uevent message = { .u.set_param = { .sid = sid, .param = param, .len = len } };

	return ask(gate, ISCSI_UEVENT_SET_PARAM, message, text, bytes);
}

/* CVE-2021-27365, and texts without an end */
static void check_texts(struct gate *gate, uint32_t sid)
{
	static char text[70000], got[8192];
	char path[96];

	memset(text, 'x', sizeof(text));
	same(set_text(gate, sid, ISCSI_PARAM_TARGET_NAME, text, 0, 0), -EINVAL, "a text of no bytes is refused");
	same(set_text(gate, sid, ISCSI_PARAM_TARGET_NAME, text, 64, 64), -EINVAL, "a text without its NUL is refused");
	same(set_text(gate, sid, ISCSI_PARAM_TARGET_NAME, "abc", 400, 4), -EINVAL, "a text shorter than it says is refused");
	same(set_text(gate, sid, ISCSI_PARAM_TARGET_NAME, "abc", 0xfffffff0, 4), -EINVAL, "a text of 4 GiB is refused");
	text[5000] = '\0';
	same(set_text(gate, sid, ISCSI_PARAM_TARGET_NAME, text, 5001, 5001), -EINVAL, "a text longer than a page is refused");
	same(set_text(gate, sid, ISCSI_PARAM_MAX_R2T, "many", 5, 5), -EINVAL, "a number that is none is refused");
	same(set_text(gate, sid, ISCSI_PARAM_SESS_RECOVERY_TMO, "5x", 3, 3), -EINVAL, "nor is a time-out that is none taken");
	same(set_text(gate, sid, ISCSI_PARAM_COUNT, "1", 2, 2), -ENOSYS, "a parameter that is none is refused");
	text[4095] = '\0';
	same(set_text(gate, sid, ISCSI_PARAM_TARGET_NAME, text, 4096, 4096), 0, "a text as long as a page is taken");
	snprintf(path, sizeof(path), "/sys/class/iscsi_connection/connection%u:0/persistent_address", sid);
	check(read_text(path, got, sizeof(got)) <= 4096, "and sysfs shows no more than a page of it");
	same(set_text(gate, sid, ISCSI_PARAM_TARGET_NAME, "abc", 4, 4), 0, "a short text is taken");
	check(read_text(path, got, sizeof(got)) == 4 && !strcmp(got, "abc\n"), "and shown");
}

static int send_pdu(struct gate *gate, uint32_t sid, uint32_t header, uint32_t data, size_t bytes)
{
	struct iscsi_uevent message = { .u.send_pdu = { .sid = sid, .hdr_size = header, .data_size = data } };
	char pdu[4096] = "";
	int error = ask(gate, ISCSI_UEVENT_SEND_PDU, message, pdu, bytes);

	return error ? error : gate->answer.message.r.retcode;
}

/* CVE-2021-27365: a PDU that says it is longer than the message */
static void check_pdus(struct gate *gate, uint32_t sid)
{
	same(send_pdu(gate, sid, 48, 16, 64), 0, "a whole PDU is sent");
	same(send_pdu(gate, sid, 48, 17, 64), -EINVAL, "a PDU with a byte too few is refused");
	same(send_pdu(gate, sid, 48, 0xffffffd0, 64), -EINVAL, "a PDU whose lengths add up to nothing is refused");
	same(send_pdu(gate, sid, 0, 16, 64), -EINVAL, "a PDU without a header is refused");
	same(send_pdu(gate, sid, 1020, 0, 1020), -EINVAL, "a header longer than any driver takes is refused");
	same(send_pdu(gate, sid, 48, 0, 20), -EINVAL, "half a header is refused");
}

static int with_host(struct gate *gate, uint32_t number, const void *data, size_t bytes)
{
	struct iscsi_uevent message = { .u.host = { .host_no = gate->host_no } };

	return ask(gate, number, message, data, bytes);
}

/* An attribute in memory: its length says nla_len, its head that the value has len bytes. */
static size_t put(char *at, uint16_t nla_len, const void *head, size_t head_bytes, size_t value_bytes)
{
	struct nlattr attribute = { .nla_len = nla_len };

	memset(at, 0, NLA_ALIGN(NLA_HDRLEN + head_bytes + value_bytes));
	memcpy(at, &attribute, sizeof(attribute));
	memcpy(at + NLA_HDRLEN, head, head_bytes);
	return NLA_ALIGN(NLA_HDRLEN + head_bytes + value_bytes);
}

static int set_iface(struct gate *gate, struct iscsi_iface_attribute head, uint16_t nla_len, size_t value_bytes)
{
	char buffer[512];
	size_t bytes = put(buffer, nla_len, &head, sizeof(head), value_bytes);

	return with_host(gate, ISCSI_UEVENT_SET_IFACE_PARAMS, buffer, bytes);
}

static int set_plain(struct gate *gate, uint32_t number, uint16_t param, uint32_t len, uint16_t nla_len, size_t value_bytes)
{
	struct iscsi_attribute head = { .len = len, .param = param };
	char buffer[1024];
	size_t bytes = put(buffer, nla_len, &head, sizeof(head), value_bytes);

	return with_host(gate, number, buffer, bytes);
}

/* The lengths of attributes and of what is in them */
static void check_attributes(struct gate *gate)
{
	struct iscsi_iface_attribute good = { .len = 16, .param = 7, .iface_type = 2, .param_type = ISCSI_PARAM_TYPE_NET };
	struct iscsi_iface_attribute bad = good;

	same(set_iface(gate, good, 4 + 12 + 16, 16), 0, "a whole IPv6 address is taken");
	bad.len = 4;
	same(set_iface(gate, bad, 4 + 12 + 4, 4), -EINVAL, "a quarter of one is refused");
	bad.len = 17;
	same(set_iface(gate, bad, 4 + 12 + 16, 16), -EINVAL, "a value longer than its attribute is refused");
	bad.len = 0xfffffff8;
	same(set_iface(gate, bad, 4 + 12 + 16, 16), -EINVAL, "a value of 4 GiB is refused");
	same(set_iface(gate, good, 4 + 11, 16), -EINVAL, "an attribute shorter than its head is refused");
	same(set_iface(gate, good, 400, 16), -EINVAL, "an attribute longer than the message is refused");
	same(set_iface(gate, good, 0, 16), -EINVAL, "an attribute of no bytes is refused");
	bad = good;
	bad.param = 500;
	same(set_iface(gate, bad, 4 + 12 + 16, 16), -EINVAL, "a parameter that is none is refused");
	bad = good;
	bad.param_type = 77;
	same(set_iface(gate, bad, 4 + 12 + 16, 16), -EINVAL, "a kind of parameter that is none is refused");
	same(with_host(gate, ISCSI_UEVENT_SET_IFACE_PARAMS, NULL, 0), -EINVAL, "no attributes are refused");
	same(set_plain(gate, ISCSI_UEVENT_SET_CHAP, 2, 256, 4 + 6 + 256, 256), -EINVAL, "an empty name is the driver's to refuse");
	same(set_plain(gate, ISCSI_UEVENT_SET_CHAP, 2, 257, 4 + 6 + 257, 257), -EINVAL, "a name longer than its place is refused");
	same(set_plain(gate, ISCSI_UEVENT_SET_CHAP, 9, 1, 4 + 6 + 1, 1), -EINVAL, "a field of CHAP that is none is refused");
	same(set_plain(gate, ISCSI_UEVENT_SET_FLASHNODE_PARAMS, 44, 2, 4 + 6 + 2, 2), 0, "a field of a flashnode is taken");
	same(set_plain(gate, ISCSI_UEVENT_SET_FLASHNODE_PARAMS, 44, 1, 4 + 6 + 1, 1), -EINVAL, "half of it is refused");
	same(set_plain(gate, ISCSI_UEVENT_SET_FLASHNODE_PARAMS, 54, 8, 4 + 6 + 8, 8), -EINVAL, "a field that cannot be set is refused");
}

static void check_addresses(struct gate *gate)
{
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	struct sockaddr other = { .sa_family = AF_UNIX };
	char path[64] = "";

	same(with_host(gate, ISCSI_UEVENT_PING, &portal, sizeof(portal)), 0, "an address is taken");
	same(with_host(gate, ISCSI_UEVENT_PING, &v6, sizeof(v6)), 0, "one of IPv6 as well");
	same(with_host(gate, ISCSI_UEVENT_PING, &portal, 15), -EINVAL, "an address without its end is refused");
	same(with_host(gate, ISCSI_UEVENT_PING, &v6, 27), -EINVAL, "one of IPv6 as well");
	same(with_host(gate, ISCSI_UEVENT_PING, &v6, 1), -EINVAL, "a byte is refused");
	same(with_host(gate, ISCSI_UEVENT_PING, NULL, 0), -EINVAL, "no address is refused");
	same(with_host(gate, ISCSI_UEVENT_PING, &other, sizeof(other)), -EINVAL, "another family is refused");
	same(with_host(gate, ISCSI_UEVENT_PATH_UPDATE, path, 63), -EINVAL, "half a path is refused");
	path[20] = 16;
	same(with_host(gate, ISCSI_UEVENT_PATH_UPDATE, path, 64), 0, "a whole one is taken");
	path[20] = 17;
	same(with_host(gate, ISCSI_UEVENT_PATH_UPDATE, path, 64), -EINVAL, "an address of 17 bytes in it is refused");
}

/* What a driver counts is given away no longer than it is. */
static void check_tables(struct gate *gate, uint32_t sid)
{
	struct iscsi_uevent stats = { .u.conn = { .sid = sid } };
	struct iscsi_uevent chap = { .u.get_chap = { .host_no = gate->host_no, .num_entries = 0xffffffff } };
	struct iscsi_stats counters;

	same(ask_plain(gate, ISCSI_UEVENT_GET_STATS, stats), 0, "the counters of a connection are told to all");
	same((long long)gate->answer_bytes, 72 + 96 + 32 * 72, "with no more of the driver's own than there can be");
	memcpy(&counters, gate->answer.data, sizeof(counters));
	check(gate->answer.head.nlmsg_type == 0 && counters.scsicmd_pdus == 7 && counters.custom_length == 32, "as an event");
	same(with_host(gate, ISCSI_UEVENT_GET_HOST_STATS, NULL, 0), 0, "those of a host as well");
	same((long long)gate->answer_bytes, 72 + 664 + 32 * 72, "with no more of the driver's own");
	chap.u.get_chap.num_entries = 2;
	same(ask_plain(gate, ISCSI_UEVENT_GET_CHAP, chap), 0, "the table of CHAP is read");
	same((long long)gate->answer_bytes, 72 + 2 * 524, "as much of it as was asked for");
	same(gate->answer.message.u.get_chap.num_entries, 2, "whatever the driver says it wrote");
	chap.u.get_chap.num_entries = 0;
	same(ask_plain(gate, ISCSI_UEVENT_GET_CHAP, chap), -EINVAL, "nothing of it cannot be asked for");
	chap.u.get_chap.num_entries = 0xffffffff;
	ask_plain(gate, ISCSI_UEVENT_GET_CHAP, chap);
	check(gate->answer.message.u.get_chap.num_entries <= 128, "nor can 2 TiB");
}

static void check_objects(struct gate *gate, uint32_t sid)
{
	struct iscsi_uevent conn = { .u.conn = { .sid = sid } };
	struct iscsi_uevent session = { .u.session = { .sid = 4000000000u } };
	struct iscsi_uevent flashnode = { .u.flashnode = { .host_no = gate->host_no, .flashnode_idx = 77 } };
	struct iscsi_uevent poll_ep = { .u.ep_poll = { .ep_handle = 0xffffffff00000001ull } };

	same(ask_plain(gate, ISCSI_UEVENT_CREATE_CONN, conn), -EEXIST, "a connection that is there is not made again");
	conn.u.conn.cid = 70000;
	same(ask_plain(gate, ISCSI_UEVENT_CREATE_CONN, conn), -EINVAL, "a CID has 16 bits");
	same(ask_plain(gate, ISCSI_UEVENT_START_CONN, conn), -EINVAL, "a connection that is not there is not started");
	same(ask_plain(gate, ISCSI_UEVENT_GET_STATS, conn), -EEXIST, "nor has it counters");
	same(ask_plain(gate, ISCSI_UEVENT_DESTROY_SESSION, session), -EINVAL, "a session that is not there is not removed");
	session.u.session.sid = sid;
	same(ask_plain(gate, ISCSI_UEVENT_DESTROY_SESSION, session), -EBUSY, "nor one with a connection");
	same(ask_plain(gate, ISCSI_UEVENT_TRANSPORT_EP_POLL, poll_ep), -EINVAL, "an endpoint that is not there is not asked");
	same(ask_plain(gate, ISCSI_UEVENT_LOGIN_FLASHNODE, flashnode), -ENODEV, "a flashnode that is not there is not logged in to");
	flashnode.u.flashnode.host_no = 4000000000u;
	same(ask_plain(gate, ISCSI_UEVENT_LOGIN_FLASHNODE, flashnode), -ENODEV, "a host that is not there has none");
}

/* The card says the same initiator, target and portal group for all sessions: the ISID is what tells them apart. */
static void check_identity(struct gate *gate)
{
	uint32_t first = make_session(gate), second = make_session(gate);

	check(!prepare(gate, first) && !prepare(gate, second), "two sessions are bound");
	same(set_text(gate, first, ISCSI_PARAM_ISID, "00023d000001", 13, 13), 0, "one gets an ISID");
	same(set_text(gate, second, ISCSI_PARAM_ISID, "00023d000001", 13, 13), 0, "the other the same");
	same(set_text(gate, second, ISCSI_PARAM_ISID, "00023d00000", 12, 12), -EINVAL, "half a byte of one is refused");
	same(start(gate, first), 0, "the first is started");
	same(start(gate, second), -EEXIST, "a second one with its identity is refused");
	same(set_text(gate, second, ISCSI_PARAM_ISID, "00023d000002", 13, 13), 0, "it gets an ISID of its own");
	same(start(gate, second), 0, "and is started");
	remove_session(gate, first);
	remove_session(gate, second);
}

/* What c577ab7ba5f3 is about: a driver that takes away a connection which requests of others may be looking at. */
static void check_taken_away(struct gate *gate)
{
	uint32_t sid = make_session(gate);
	struct iscsi_uevent logout = { .u.logout_flashnode_sid = { .host_no = gate->host_no, .sid = sid } };
	struct iscsi_uevent conn = { .u.conn = { .sid = sid } };
	char path[96], got[64];
	FILE *held;

	check(!bring_up(gate, sid), "a session is up");
	snprintf(path, sizeof(path), "/sys/class/iscsi_connection/connection%u:0/address", sid);
	held = fopen(path, "r");
	same(ask_plain(gate, ISCSI_UEVENT_LOGOUT_FLASHNODE_SID, logout), 0, "its driver takes it away with its connection");
	same(disconnect(gate, gate->endpoint), 0, "its endpoint is still there, and let go");
	check(access(path, F_OK) < 0 && held && !fread(got, 1, sizeof(got), held), "an attribute that is held open ends with it");
	if (held)
		fclose(held);
	same(ask_plain(gate, ISCSI_UEVENT_GET_STATS, conn), -EEXIST, "requests find it no more");
	same(ask_plain(gate, ISCSI_UEVENT_START_CONN, conn), -EINVAL, "whatever they ask");
	same(ask_plain(gate, ISCSI_UEVENT_LOGOUT_FLASHNODE_SID, logout), -EINVAL, "nor is it taken away twice");
}

/* An endpoint that is being disconnected is there until its driver is done, but no connection gets it: it would keep what is freed. */
static void check_endpoint_going(struct gate *gate)
{
	uint32_t sid = make_session(gate);
	struct iscsi_uevent conn = { .u.conn = { .sid = sid } };
	uint64_t going = connect_card(gate, true);
	char path[96], state[16] = "";
	pid_t child;
	int error;

	same(ask_plain(gate, ISCSI_UEVENT_CREATE_CONN, conn), 0, "a connection is made");
	child = fork();
	if (!child) {
		struct gate other = *gate;

		other.fd = gate_open(0);
		_exit(disconnect(&other, going) ? 1 : 0);
	}
	usleep(STOP_MS * 1000 / 4);
	snprintf(path, sizeof(path), "/sys/class/iscsi_endpoint/ep-%llu", (unsigned long long)going);
	check(!access(path, F_OK), "an endpoint is still there while it goes");
	bind_to(gate, sid, going);
	check(waitpid(child, &error, 0) == child && !error, "it goes while a connection wants it");
	same(stop(gate, sid, ISCSI_STOP_RECOVER), 0, "the connection lets go of nothing");
	same(bind_to(gate, sid, connect_card(gate, false)), 0, "it is given another one");
	same(start(gate, sid), 0, "it is started");
	same(disconnect(gate, gate->endpoint), 0, "that one goes");
	snprintf(path, sizeof(path), "/sys/class/iscsi_connection/connection%u:0/state", sid);
	read_text(path, state, sizeof(state));
	check(!strcmp(state, "failed\n"), "and was the connection's");
	remove_session(gate, sid);
}

static void check_flashnodes(struct gate *gate)
{
	struct iscsi_uevent message = { .u.new_flashnode = { .host_no = gate->host_no, .len = 5 } };
	struct iscsi_uevent node = { .u.flashnode = { .host_no = gate->host_no } };
	char path[96];

	same(ask(gate, ISCSI_UEVENT_NEW_FLASHNODE, message, "ipv4", 3), -EINVAL, "half a portal type is refused");
	same(ask(gate, ISCSI_UEVENT_NEW_FLASHNODE, message, "ipv4", 5), 0, "a flashnode is made");
	node.u.flashnode.flashnode_idx = gate->answer.message.r.new_flashnode.flashnode_idx;
	snprintf(path, sizeof(path), "/sys/bus/iscsi_flashnode/devices/flashnode_conn-%u:%u:0/port", gate->host_no,
		 node.u.flashnode.flashnode_idx);
	check(!access(path, R_OK), "it has a connection");
	same(ask_plain(gate, ISCSI_UEVENT_LOGIN_FLASHNODE, node), 0, "it is logged in to");
	same(ask_plain(gate, ISCSI_UEVENT_LOGOUT_FLASHNODE, node), 0, "and out of");
	same(ask_plain(gate, ISCSI_UEVENT_DEL_FLASHNODE, node), 0, "and removed");
	check(access(path, F_OK) < 0, "with its connection");
}

static long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ll + now.tv_nsec / 1000000;
}

/* A slow request about one session holds up no other session. */
static void check_side_by_side(struct gate *gate, uint32_t slow, uint32_t quick)
{
	struct iscsi_uevent conn = { .u.conn = { .sid = quick } };
	long long start, took;
	pid_t child = fork();
	int error;

	if (!child) {
		struct gate other = *gate;

		other.fd = gate_open(0);
		_exit(stop(&other, slow, ISCSI_STOP_SUSPEND) ? 1 : 0);
	}
	usleep(STOP_MS * 1000 / 4);
	start = now_ms();
	error = ask_plain(gate, ISCSI_UEVENT_GET_STATS, conn);
	took = now_ms() - start;
	same(error, 0, "a request while another session's takes seconds");
	if (!check(took < STOP_MS / 4, "does not wait for it"))
		printf("# %lld ms\n", took);
	check(waitpid(child, &error, 0) == child && !error, "which comes to its end");
}

/* Whoever never reads loses replies, and holds up nobody. */
static void check_unread(struct gate *gate)
{
	struct gate deaf = *gate;
	long long start = now_ms();
	int i;

	deaf.fd = gate_open(0);
	for (i = 0; i < 3000; i++) {
		struct iscsi_uevent message = { .type = ISCSI_UEVENT_GET_PARAM, .transport_handle = gate->handle };
		char buffer[NLMSG_HDRLEN + sizeof(message)];
		struct nlmsghdr head = { .nlmsg_len = sizeof(buffer), .nlmsg_type = ISCSI_UEVENT_GET_PARAM };

		memcpy(buffer, &head, sizeof(head));
		memcpy(buffer + NLMSG_HDRLEN, &message, sizeof(message));
		send(deaf.fd, buffer, sizeof(buffer), 0);
	}
	check(now_ms() - start < 20000, "3000 replies that nobody reads are over soon");
	close(deaf.fd);
}

static bool is_refused(struct gate *user, uint32_t sid)
{
	bool refused = true;
	uint32_t number;

	for (number = ISCSI_UEVENT_CREATE_SESSION; number <= ISCSI_UEVENT_DESTROY_SESSION_ASYNC; number++) {
		struct iscsi_uevent message = { .u.conn = { .sid = sid } };
		char data[600] = "";
		int error = ask(user, number, message, data, sizeof(data));

		if (error != -EPERM) {
			printf("# request %u: %d\n", number, error);
			refused = false;
		}
	}
	return refused;
}

/* CVE-2021-27364: a user without rights, on a socket of his own and on one that root has opened */
static void check_user(const struct gate *gate, uint32_t sid)
{
	struct gate user = *gate;
	char text[64], path[96];

	check(is_refused(&user, sid), "every request of a user is refused, though the socket is root's");
	user.fd = gate_open(0);
	check(is_refused(&user, sid), "every request on a socket of his own too");
	check(!read_text(CARD, text, sizeof(text)), "the number of a transport is not for users");
	snprintf(path, sizeof(path), "/sys/class/iscsi_session/session%u/password", sid);
	check(!access(path, F_OK) && !read_text(path, text, sizeof(text)), "nor is a password");
	snprintf(path, sizeof(path), "/sys/bus/iscsi_flashnode/devices/flashnode_sess-%u:0/password", gate->host_no);
	check(!access(path, F_OK) && !read_text(path, text, sizeof(text)), "nor is one in the card's flash");
	snprintf(path, sizeof(path), "/sys/class/iscsi_session/session%u/targetname", sid);
	check(read_text(path, text, sizeof(text)), "the name of a target is");
	snprintf(path, sizeof(path), "/sys/class/iscsi_session/session%u/recovery_tmo", sid);
	check(access(path, W_OK) < 0, "a user writes nothing");
}

static void as_user(const struct gate *gate, uint32_t sid)
{
	pid_t child;
	struct tap theirs;
	int status;
	int pipes[2];

	fflush(stdout);
	if (pipe(pipes) < 0)
		return;
	child = fork();
	if (!child) {
		if (setresgid(NOBODY, NOBODY, NOBODY) || setresuid(NOBODY, NOBODY, NOBODY))
			_exit(1);
		check_user(gate, sid);
		_exit(write(pipes[1], &tap, sizeof(tap)) == sizeof(tap) ? 0 : 1);
	}
	if (waitpid(child, &status, 0) != child || status || read(pipes[0], &theirs, sizeof(theirs)) != sizeof(theirs))
		check(false, "the user's part ran");
	else
		tap = theirs;
}

static bool set_second_host(const char *text)
{
	FILE *file = fopen(SECOND_HOST, "w");

	if (!file)
		return false;
	fputs(text, file);
	return !fclose(file);
}

/* A driver takes nothing of a host apart while a request is using it, and no request comes afterwards. */
static void check_host_going(struct gate *gate)
{
	struct iscsi_uevent ping = { 0 };
	pid_t child;
	int error;

	check(set_second_host("1"), "a second host comes");
	ping.u.ping.host_no = (uint32_t)read_number(SECOND_HOST);
	child = fork();
	if (!child) {
		struct gate other = *gate;

		other.fd = gate_open(0);
		_exit(ask(&other, ISCSI_UEVENT_PING, ping, &portal, sizeof(portal)) ? 1 : 0);
	}
	usleep(STOP_MS * 1000 / 4);
	check(set_second_host("0"), "it goes while a request about it is under way");
	check(waitpid(child, &error, 0) == child && !error, "which finds it whole to its end");
	same(ask(gate, ISCSI_UEVENT_PING, ping, &portal, sizeof(portal)), -ENODEV, "the next one finds none");
}

/* What the card is told to make of a vendor's request, and what <scsi/scsi_bsg_iscsi.h>, not among the installed headers, calls one. */
enum { BSG_DONE = 1, BSG_REFUSED = 2 };
#define BSG_VENDOR 0x800000ffu

static struct bsg_reply {
	uint32_t result, received, words[2];
} bsg_reply;

/* 0 or a negative errno; the reply is in bsg_reply. */
static int ask_vendor(int fd, uint32_t code, uint32_t what, uint32_t bytes)
{
	struct {
		uint32_t code;
		uint64_t vendor;
		uint32_t what;
	} __attribute__((packed)) request = { .code = code, .what = what };
	struct sg_io_v4 io = {
		.guard = 'Q',
		.protocol = BSG_PROTOCOL_SCSI,
		.subprotocol = BSG_SUB_PROTOCOL_SCSI_TRANSPORT,
		.request_len = bytes,
		.request = (uintptr_t)&request,
		.max_response_len = sizeof(bsg_reply),
		.response = (uintptr_t)&bsg_reply,
		.timeout = 5000,
	};

	memset(&bsg_reply, 0, sizeof(bsg_reply));
	return ioctl(fd, SG_IO, &io) < 0 ? -errno : 0;
}

/* A driver that completes a request and returns an error besides, as qla4xxx does, damages nothing. */
static void check_vendor(const struct gate *gate)
{
	char path[64];
	int fd, round, bad = 0;

	snprintf(path, sizeof(path), "/dev/bsg/iscsi_host%u", gate->host_no);
	fd = open(path, O_RDWR | O_CLOEXEC);
	check(fd >= 0, "requests of the vendor have a device");
	same(ask_vendor(fd, BSG_VENDOR, BSG_DONE, 16), 0, "one is done by the driver");
	same(bsg_reply.result, 0x70000, "and has the driver's result");
	same(ask_vendor(fd, BSG_VENDOR, BSG_REFUSED, 16), -EIO, "one that the driver refuses fails");
	same((int32_t)bsg_reply.result, -EIO, "and says why");
	for (round = 0; round < 100; round++)
		bad += ask_vendor(fd, BSG_VENDOR, BSG_DONE | BSG_REFUSED, 16) || bsg_reply.result != 0x70000;
	same(bad, 0, "a hundred that the driver has done and refused, too, are done once");
	same(ask_vendor(fd, BSG_VENDOR, BSG_DONE, 16), 0, "and the next one is done");
	same(ask_vendor(fd, BSG_VENDOR, BSG_DONE, 3), -ENOMSG, "half a code is refused");
	same(ask_vendor(fd, BSG_VENDOR, BSG_DONE, 11), -EINVAL, "half a vendor is refused");
	same(ask_vendor(fd, 1, BSG_DONE, 16), -EBADR, "what is no vendor's is refused");
	close(fd);
}

static void check_session(struct gate *gate)
{
	uint32_t slow = make_session(gate), quick = make_session(gate);

	check(slow && quick && slow != quick, "two sessions are made");
	same(set_text(gate, slow, ISCSI_PARAM_TARGET_NAME, "abc", 4, 4), -EINVAL, "a session without a connection has no parameters");
	same(bring_up(gate, slow), 0, "one is up");
	same(bring_up(gate, quick), 0, "the other too");
	check_texts(gate, slow);
	check_pdus(gate, slow);
	check_tables(gate, slow);
	check_objects(gate, slow);
	as_user(gate, slow);
	check_side_by_side(gate, slow, quick);
	remove_session(gate, slow);
	remove_session(gate, quick);
}

static int check_all(struct gate *gate)
{
	check_lengths(gate);
	check_batch(gate);
	check_handles(gate);
	check_numbers(gate);
	check_session(gate);
	check_identity(gate);
	check_taken_away(gate);
	check_endpoint_going(gate);
	check_attributes(gate);
	check_addresses(gate);
	check_flashnodes(gate);
	check_vendor(gate);
	check_host_going(gate);
	check_unread(gate);
	return tap_end("gate");
}

static int live(struct gate *gate)
{
	uint32_t up = make_session(gate), fresh = make_session(gate);
	int error = bring_up(gate, up);
	char byte;

	printf("%u %u\n", up, fresh);
	fflush(stdout);
	if (error)
		return 1;
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	remove_session(gate, up);
	remove_session(gate, fresh);
	return 0;
}

int main(int argc, char **argv)
{
	static struct gate gate;

	gate.fd = gate_open(1);
	gate.handle = read_number(CARD);
	if (!gate.handle) {
		fprintf(stderr, "gate: no card\n");
		return 1;
	}
	if (argc == 2 && !strcmp(argv[1], "check"))
		return check_all(&gate);
	if (argc == 2 && !strcmp(argv[1], "live"))
		return live(&gate);
	fprintf(stderr, "usage: gate check | live\n");
	return 2;
}
