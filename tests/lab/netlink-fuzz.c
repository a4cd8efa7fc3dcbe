/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * netlink-fuzz SECONDS SEED [USER]: requests to the transport class that are typed (a row of events.def, fields that are mostly right)
 * or random (lengths that lie, garbage, many in one datagram), side by side with readers and writers of what sysfs shows. With USER
 * (a number) it gives root away first, but keeps what a program may have been handed: sockets, the transport's number.
 * Prints how many requests of each kind were accepted and refused; the kernel's log tells the rest. Removes what it made.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/lab/raw.h"
#include "transport/abi/iscsi_proto.h"
#include "transport/user/names.h"
#include "transport/user/requests.h"
#include "transport/user/sysfs.h"
#include "transport/user/transport.h"

#define DATAGRAM_BYTES 70000
#define SIDS	       12
#define SOCKETS	       8

static const enum iscsi_request requests[] = {
#define REQUEST(number, id, answer, sentence) ISCSI_UEVENT_##id,
#include "transport/abi/events.def"
#undef REQUEST
};
#define REQUESTS (sizeof(requests) / sizeof(requests[0]))

struct fuzzer {
	int fd;
	uint64_t random; /* xorshift */
	uint64_t handle;
	uint32_t sids[SIDS]; /* that were made, the last ones */
	unsigned int made;
	int sockets[SOCKETS];
	int port;
	unsigned char bytes[DATAGRAM_BYTES];
	size_t length;
	unsigned long sent, accepted, refused;
	unsigned long good[64]; /* by request */
};

/* ---- chance ---- */

static uint32_t chance(struct fuzzer *f)
{
	f->random ^= f->random << 13;
	f->random ^= f->random >> 7;
	f->random ^= f->random << 17;
	return (uint32_t)(f->random >> 16);
}

static bool one_in(struct fuzzer *f, uint32_t n)
{
	return chance(f) % n == 0;
}

/* Numbers that are mostly small, and now and then at an edge. */
static uint32_t number(struct fuzzer *f, uint32_t below)
{
	static const uint32_t edges[] = {0, 1, 0x7f, 0xff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff, 4095, 4096, 4097, 48};

	return one_in(f, 8) ? edges[chance(f) % (sizeof(edges) / sizeof(edges[0]))] : chance(f) % below;
}

static uint32_t some_sid(struct fuzzer *f)
{
	return f->made && !one_in(f, 10) ? f->sids[chance(f) % (f->made < SIDS ? f->made : SIDS)] : number(f, 50);
}

/* ---- what a message is made of ---- */

static void put(struct fuzzer *f, const void *bytes, size_t length)
{
	if (length > sizeof(f->bytes) - f->length)
		length = sizeof(f->bytes) - f->length;
	memcpy(f->bytes + f->length, bytes, length);
	f->length += length;
}

static void put_garbage(struct fuzzer *f, size_t length)
{
	unsigned char byte;

	while (length--) {
		byte = (unsigned char)chance(f);
		put(f, &byte, 1);
	}
}

static uint32_t put_text(struct fuzzer *f)
{
	static const char *const texts[] = {"0", "1", "-1", "4294967296", "99999999999999999999", "", "iqn.2026-11.org.openhba.lab:t0",
					    "%s%n%x", "262144", "65536", "16777216", "None", "default", "ipv4", "ipv6", " 7", "0x10"};
	const char *text = texts[chance(f) % (sizeof(texts) / sizeof(texts[0]))];
	size_t length = strlen(text) + 1;

	if (one_in(f, 10)) {
		length = number(f, 6000) % 20000;
		put_garbage(f, length);
	} else {
		put(f, text, length - one_in(f, 10));
	}
	return one_in(f, 10) ? number(f, 5000) : (uint32_t)length;
}

static void put_address(struct fuzzer *f)
{
	struct sockaddr_storage to = {.ss_family = (sa_family_t)(one_in(f, 6) ? number(f, 50) : one_in(f, 2) ? AF_INET : AF_INET6)};

	((struct sockaddr_in *)(void *)&to)->sin_port = htons((uint16_t)f->port);
	((struct sockaddr_in *)(void *)&to)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	put(f, &to, one_in(f, 6) ? number(f, sizeof(to)) % sizeof(to) : one_in(f, 2) ? sizeof(struct sockaddr_in) : sizeof(to));
}

/* Netlink attributes with the head of an iface, a flashnode or a CHAP entry; lengths lie now and then. */
static uint32_t put_attributes(struct fuzzer *f)
{
	uint32_t count = number(f, 6) % 40, i;

	for (i = 0; i < count; i++) {
		uint32_t value = number(f, 40) % 600;
		struct nlattr head = {(uint16_t)(one_in(f, 8) ? number(f, 2000) : 4 + 12 + value), (uint16_t)number(f, 80)};
		struct iscsi_iface_attribute info = {number(f, 2), one_in(f, 8) ? number(f, 4000) : value, (uint16_t)number(f, 80),
						     (uint8_t)number(f, 3), (uint8_t)number(f, 7)};

		put(f, &head, sizeof(head));
		put(f, &info, one_in(f, 2) ? sizeof(info) : 6);
		put_garbage(f, value);
	}
	return one_in(f, 6) ? number(f, 40) : count;
}

static void put_pdu(struct fuzzer *f, struct iscsi_uevent *message)
{
	static const uint8_t opcodes[] = {0x00, 0x40, 0x02, 0x42, 0x43, 0x44, 0x04, 0x46, 0x06, 0x01, 0x05, 0x10, 0x3f};
	struct iscsi_bhs bhs = {.opcode = one_in(f, 8) ? (uint8_t)chance(f) : opcodes[chance(f) % sizeof(opcodes)]};
	uint32_t data = one_in(f, 3) ? number(f, 9000) % 66000 : 0;

	bhs.itt = htonl(number(f, 200));
	((uint8_t *)&bhs)[1] = (uint8_t)(one_in(f, 2) ? 0x80 : chance(f));
	bhs.data_length[1] = (uint8_t)(data >> 8);
	bhs.data_length[2] = (uint8_t)data;
	if (one_in(f, 6))
		bhs.ahs_words = (uint8_t)number(f, 256);
	put(f, &bhs, sizeof(bhs));
	put_garbage(f, one_in(f, 8) ? number(f, 100) % 1000 : data);
	message->u.send_pdu.hdr_size = one_in(f, 8) ? number(f, 100) : sizeof(bhs);
	message->u.send_pdu.data_size = one_in(f, 8) ? number(f, 9000) : data;
}

/* A connected socket mostly; else one that is none, or of another kind, or no descriptor at all. */
static uint64_t some_socket(struct fuzzer *f)
{
	int *place = &f->sockets[chance(f) % SOCKETS];

	if (one_in(f, 10))
		return number(f, 40);
	if (one_in(f, 10))
		return (uint64_t)chance(f) << 32 | chance(f);
	if (*place >= 0)
		close(*place);
	*place = one_in(f, 8) ? socket(one_in(f, 2) ? AF_INET : AF_UNIX, one_in(f, 2) ? SOCK_DGRAM : SOCK_STREAM, 0) :
				raw_connect("127.0.0.1", f->port);
	return (uint64_t)(int64_t)*place;
}

/* ---- messages ---- */

/* The fields of a request, and what follows it. The message itself is written over its place afterwards. */
static void fill(struct fuzzer *f, struct iscsi_uevent *m)
{
	m->u.conn.sid = some_sid(f);
	m->u.conn.cid = one_in(f, 12) ? number(f, 4) : 0;
	switch (m->type) {
	case ISCSI_UEVENT_CREATE_SESSION:
		m->u.create_session.initial_cmdsn = number(f, 10);
		m->u.create_session.cmds_max = (uint16_t)(one_in(f, 10) ? number(f, 5000) : 32);
		m->u.create_session.queue_depth = (uint16_t)number(f, 200);
		break;
	case ISCSI_UEVENT_CREATE_BOUND_SESSION:
		m->u.create_bound_session.ep_handle = number(f, 10);
		break;
	case ISCSI_UEVENT_BIND_CONN:
		m->u.bind_conn.transport_eph = some_socket(f);
		m->u.bind_conn.is_leading = !one_in(f, 4);
		break;
	case ISCSI_UEVENT_SET_PARAM:
		m->u.set_param.param = number(f, 80);
		m->u.set_param.len = put_text(f);
		break;
	case ISCSI_UEVENT_STOP_CONN:
		m->u.stop_conn.flag = one_in(f, 6) ? number(f, 5) : one_in(f, 2) ? ISCSI_STOP_RECOVER : ISCSI_STOP_TERM;
		break;
	case ISCSI_UEVENT_SEND_PDU:
		put_pdu(f, m);
		break;
	case ISCSI_UEVENT_TRANSPORT_EP_POLL:
		m->u.ep_poll.ep_handle = number(f, 10);
		m->u.ep_poll.timeout_ms = chance(f) % 20;
		break;
	default:
		m->u.conn.sid = one_in(f, 2) ? m->u.conn.sid : number(f, 8);
		m->u.set_param.param = number(f, 60);
		if (m->type == ISCSI_UEVENT_SET_HOST_PARAM || m->type == ISCSI_UEVENT_NEW_FLASHNODE)
			m->u.set_host_param.len = put_text(f);
		else if (m->type >= ISCSI_UEVENT_SET_IFACE_PARAMS)
			m->u.set_flashnode.count = put_attributes(f);
		else if (m->type >= ISCSI_UEVENT_TRANSPORT_EP_CONNECT)
			put_address(f);
	}
}

static enum iscsi_request some_request(struct fuzzer *f)
{
	/* what makes sessions, and what they live on, is asked more often than once in 33 */
	static const enum iscsi_request life[] = {ISCSI_UEVENT_CREATE_SESSION, ISCSI_UEVENT_CREATE_CONN, ISCSI_UEVENT_CREATE_CONN,
						  ISCSI_UEVENT_BIND_CONN,      ISCSI_UEVENT_BIND_CONN,	 ISCSI_UEVENT_SET_PARAM,
						  ISCSI_UEVENT_SET_PARAM,      ISCSI_UEVENT_START_CONN,	 ISCSI_UEVENT_START_CONN,
						  ISCSI_UEVENT_SEND_PDU,       ISCSI_UEVENT_GET_STATS,	 ISCSI_UEVENT_STOP_CONN,
						  ISCSI_UEVENT_DESTROY_CONN,   ISCSI_UEVENT_DESTROY_SESSION, ISCSI_UEVENT_DESTROY_SESSION_ASYNC};

	if (one_in(f, 3))
		return requests[chance(f) % REQUESTS];
	return life[chance(f) % (sizeof(life) / sizeof(life[0]))];
}

static void put_message(struct fuzzer *f)
{
	struct iscsi_uevent m = {.type = (uint32_t)some_request(f), .transport_handle = f->handle};
	struct nlmsghdr head = {.nlmsg_type = (uint16_t)m.type, .nlmsg_pid = (uint32_t)getpid()};
	size_t start = f->length, room = sizeof(head) + sizeof(m);

	if (start + room > sizeof(f->bytes))
		return;
	f->length += room;
	fill(f, &m);
	if (one_in(f, 20))
		m.transport_handle = (uint64_t)chance(f) << (chance(f) % 33);
	if (one_in(f, 20))
		m.type = head.nlmsg_type = (uint16_t)number(f, 130);
	if (one_in(f, 20))
		f->length = start + number(f, (uint32_t)(f->length - start) + 1) % (f->length - start + 1);
	head.nlmsg_len = (uint32_t)(f->length - start);
	if (one_in(f, 30))
		head.nlmsg_len = number(f, 300);
	memcpy(f->bytes + start, &head, sizeof(head));
	memcpy(f->bytes + start + sizeof(head), &m, sizeof(m));
	while (f->length % 4)
		put(f, "", 1);
}

/* ---- answers ---- */

static void learn(struct fuzzer *f, const struct iscsi_uevent *m, uint16_t type)
{
	if (type == ISCSI_KEVENT_IF_ERROR || m->type == ISCSI_KEVENT_IF_ERROR || m->iferror) {
		f->refused++;
		return;
	}
	if (type < 11 || type > 43)
		return;
	f->accepted++;
	f->good[type]++;
	if (type == ISCSI_UEVENT_CREATE_SESSION)
		f->sids[f->made++ % SIDS] = m->r.session.sid;
}

static void read_answers(struct fuzzer *f)
{
	static unsigned char bytes[DATAGRAM_BYTES] __attribute__((aligned(8)));
	ssize_t length;

	while ((length = recv(f->fd, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0) {
		const struct nlmsghdr *head = (const void *)bytes;

		if ((size_t)length >= sizeof(*head) + ISCSI_UEVENT_BYTES)
			learn(f, (const void *)(bytes + sizeof(*head)), head->nlmsg_type);
	}
}

static void send_datagram(struct fuzzer *f)
{
	struct sockaddr_nl to = {.nl_family = AF_NETLINK};
	uint32_t messages = one_in(f, 4) ? 1 + chance(f) % 12 : 1;

	f->length = 0;
	if (one_in(f, 40))
		put_garbage(f, number(f, 300) % sizeof(f->bytes));
	else
		while (messages--)
			put_message(f);
	if (sendto(f->fd, f->bytes, f->length, MSG_DONTWAIT, (struct sockaddr *)&to, sizeof(to)) >= 0)
		f->sent++;
	read_answers(f);
}

/* ---- the others: what sysfs shows is read and written meanwhile; the peer of the connections talks nonsense ---- */

static void touch(struct fuzzer *f, const char *path)
{
	static const char *const texts[] = {"0", "-1", "off", "77", "", "- - -", "99999999999", "x"};
	char text[8192];
	int fd = open(path, one_in(f, 6) ? O_RDWR | O_NONBLOCK : O_RDONLY | O_NONBLOCK);

	if (fd < 0)
		return;
	(void)!read(fd, text, sizeof(text));
	if (one_in(f, 4) && strstr(path, "recovery_tmo"))
		(void)!write(fd, texts[chance(f) % 8], strlen(texts[0]) + 1);
	close(fd);
}

static void touch_folder(struct fuzzer *f, const char *folder, int depth)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	char path[512];

	while (dir && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		if (entry->d_name[0] == '.')
			continue;
		if (entry->d_type == DT_REG)
			touch(f, path);
		else if (depth)
			touch_folder(f, path, depth - 1);
	}
	if (dir)
		closedir(dir);
}

static void sysfs_worker(struct fuzzer *f)
{
	static const char *const folders[] = {"/sys/class/iscsi_session", "/sys/class/iscsi_connection", "/sys/class/iscsi_host",
					      "/sys/class/iscsi_transport", "/sys/class/scsi_host", "/sys/class/iscsi_endpoint"};

	for (;;)
		touch_folder(f, folders[chance(f) % 6], 1);
}

static void peer_worker(struct fuzzer *f, int listener)
{
	int peers[64] = {0}, next = 0, fd;

	for (;;) {
		fd = accept(listener, NULL, NULL);
		if (fd < 0)
			continue;
		if (peers[next])
			close(peers[next]);
		peers[next] = fd;
		next = (next + 1) % 64;
		f->length = 0;
		if (one_in(f, 2))
			put_garbage(f, number(f, 200) % 5000);
		(void)!send(fd, f->bytes, f->length, MSG_DONTWAIT | MSG_NOSIGNAL);
	}
}

static int listener(int *ret_port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t bytes = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) || listen(fd, 128) || getsockname(fd, (struct sockaddr *)&at, &bytes))
		exit(2);
	*ret_port = ntohs(at.sin_port);
	return fd;
}

static unsigned int remove_sessions(uint64_t handle)
{
	struct netlink *nl;
	unsigned int count;

	if (netlink_open(NULL, NULL, NULL, &nl))
		return 0;
	count = raw_remove_all(nl, handle);
	netlink_close(nl);
	return count;
}

static void fuzz(struct fuzzer *f, int seconds)
{
	time_t end = time(NULL) + seconds;
	unsigned int i;

	for (i = 0; i < SOCKETS; i++)
		f->sockets[i] = -1;
	while (time(NULL) < end) {
		/* not more of them at once than can be removed in a moment */
		if (f->made && one_in(f, 200) && geteuid() == 0)
			remove_sessions(f->handle);
		for (i = 0; i < 20; i++)
			send_datagram(f);
	}
	printf("# %lu datagrams, %lu requests accepted, %lu refused, %u sessions made\n", f->sent, f->accepted, f->refused, f->made);
	for (i = 11; i <= 43; i++)
		if (f->good[i])
			printf("# %s: %lu\n", request_name((enum iscsi_request)i), f->good[i]);
}

int main(int argc, char **argv)
{
	static struct fuzzer f;
	pid_t workers[2];
	uint32_t caps;
	int at, i;

	if (argc < 3)
		return 2;
	f.random = strtoull(argv[2], NULL, 0) * 0x9e3779b97f4a7c15ull + 1;
	printf("# seed %s\n", argv[2]);
	if (transport_load_class(SYSFS_ROOT) || transport_load(SYSFS_ROOT, "tcp") ||
	    transport_handle(SYSFS_ROOT, "tcp", &f.handle, &caps))
		return 2;
	f.fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ISCSI);
	at = listener(&f.port);
	if (argc > 3 && setuid((uid_t)atoi(argv[3])))
		return 2;
	for (i = 0; i < 2; i++) {
		workers[i] = fork();
		f.random += (uint64_t)i + 1;
		if (!workers[i])
			i ? sysfs_worker(&f) : peer_worker(&f, at);
	}
	fuzz(&f, atoi(argv[1]));
	for (i = 0; i < 2; i++) {
		kill(workers[i], SIGKILL);
		waitpid(workers[i], NULL, 0);
	}
	if (geteuid() == 0)
		printf("# %u sessions were left\n", remove_sessions(f.handle));
	return argc > 3 && f.accepted;
}
