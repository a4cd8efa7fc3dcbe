/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The socket to the transport class. One direction at a time: netlink_call() sends and reads until its replies are in, putting events
 * aside; netlink_dispatch() hands out what was put aside, then what is on the socket. Both read through receive(), which drops what
 * the kernel did not send whole. Decides which reply belongs to which request, and which events are stale; never what an event means.
 */
#include <errno.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "transport/abi/iscsi_numbers.h"
#include "transport/user/names.h"
#include "transport/user/netlink.h"

#define RECEIVE_BUFFER_BYTES (4 << 20)
#define MESSAGE_MAX	     (128 << 10) /* a PDU of a login has 8 KiB; GET_CHAP may fill more */
#define REPLY_WAIT_MS	     3000	 /* only ever waited for when the kernel dropped a reply */
#define DISPATCH_MAX	     128 /* datagrams read and events handed out, so that the loop stays fair */
#define DEFERRED_MAX	     65536
#define MESSAGE_HEAD_BYTES   (NLMSG_HDRLEN + ISCSI_UEVENT_BYTES)

/* An event put aside: the message as it came. */
struct deferred {
	struct deferred *next;
	size_t bytes;
	uint64_t message[]; /* aligned as the socket's buffer is */
};

struct netlink {
	int fd;
	int wake_fd;  /* eventfd, readable while events are deferred or an overflow is to be told */
	int epoll_fd; /* both of them: what the loop waits for */
	bool woken;
	bool overflowed;
	bool dispatching; /* netlink_dispatch() looks for itself, nobody needs to be woken */
	netlink_event_fn *event;
	netlink_overflow_fn *overflow;
	void *data;
	struct deferred *first;
	struct deferred **end;
	unsigned int deferred_count;
	uint64_t counters[NETLINK_COUNTER_COUNT];
	uint64_t *buffer; /* MESSAGE_MAX */
};

static const char *const counter_texts[] = {
#define TEXT(id, sentence) [NETLINK_##id] = sentence,
	NETLINK_COUNTERS(TEXT)
#undef TEXT
};

const char *netlink_counter_text(enum netlink_counter counter)
{
	return (unsigned int)counter < NETLINK_COUNTER_COUNT ? counter_texts[counter] : "?";
}

uint64_t netlink_count(const struct netlink *nl, enum netlink_counter counter)
{
	return (unsigned int)counter < NETLINK_COUNTER_COUNT ? nl->counters[counter] : 0;
}

/* ---- the gate ---- */

static int refuse(enum netlink_counter why)
{
	return -((int)why + 1);
}

static int decode_pdu(const uint8_t *trailer, size_t room, struct netlink_event *event)
{
	const uint8_t *bhs = trailer;
	size_t bytes;

	if (room < ISCSI_BHS_BYTES)
		return refuse(NETLINK_BAD_PDU);
	bytes = (size_t)bhs[5] << 16 | (size_t)bhs[6] << 8 | bhs[7];
	if (bytes > room - ISCSI_BHS_BYTES)
		return refuse(NETLINK_BAD_PDU);
	event->bhs = bhs;
	event->data = bytes ? bhs + ISCSI_BHS_BYTES : NULL;
	event->data_bytes = bytes;
	return 0;
}

static int decode_data(const uint8_t *trailer, size_t room, uint32_t bytes, struct netlink_event *event)
{
	if (bytes > room)
		return refuse(NETLINK_BAD_DATA);
	event->data = bytes ? trailer : NULL;
	event->data_bytes = bytes;
	return 0;
}

static int decode_fields(const struct iscsi_uevent *message, const uint8_t *trailer, size_t room,
			 struct netlink_event *event)
{
	switch (message->type) {
	case ISCSI_KEVENT_RECV_PDU:
		event->sid = message->r.recv_pdu.sid;
		event->cid = message->r.recv_pdu.cid;
		return decode_pdu(trailer, room, event);
	case ISCSI_KEVENT_CONN_ERROR:
		event->sid = message->r.conn_error.sid;
		event->cid = message->r.conn_error.cid;
		event->code = message->r.conn_error.error;
		return 0;
	case ISCSI_KEVENT_CONN_LOGIN_STATE:
		event->sid = message->r.conn_login.sid;
		event->cid = message->r.conn_login.cid;
		event->code = message->r.conn_login.state;
		return 0;
	case ISCSI_KEVENT_DESTROY_SESSION:
		event->sid = message->r.destroy_session.sid;
		event->host_no = message->r.destroy_session.host_no;
		return 0;
	case ISCSI_KEVENT_CREATE_SESSION:
	case ISCSI_KEVENT_UNBIND_SESSION:
		event->sid = message->r.session.sid;
		event->host_no = message->r.session.host_no;
		return 0;
	case ISCSI_KEVENT_PATH_REQ:
	case ISCSI_KEVENT_IF_DOWN:
		event->host_no = message->r.host.host_no;
		return 0;
	case ISCSI_KEVENT_HOST_EVENT:
		event->host_no = message->r.host_event.host_no;
		event->code = message->r.host_event.code;
		return decode_data(trailer, room, message->r.host_event.data_size, event);
	case ISCSI_KEVENT_PING_COMP:
		event->host_no = message->r.ping_comp.host_no;
		event->code = message->r.ping_comp.status;
		event->pid = message->r.ping_comp.pid;
		return decode_data(trailer, room, message->r.ping_comp.data_size, event);
	default:
		return refuse(NETLINK_UNKNOWN);
	}
}

int netlink_decode(const void *message, size_t bytes, struct netlink_event *ret)
{
	struct nlmsghdr head;
	struct iscsi_uevent uevent;
	const uint8_t *at = message;

	*ret = (struct netlink_event){ 0 };
	if (bytes < MESSAGE_HEAD_BYTES)
		return refuse(NETLINK_SHORT);
	memcpy(&head, at, sizeof(head));
	if (head.nlmsg_len < MESSAGE_HEAD_BYTES || head.nlmsg_len > bytes)
		return refuse(NETLINK_SHORT);
	memcpy(&uevent, at + NLMSG_HDRLEN, sizeof(uevent));
	ret->type = (enum iscsi_event)uevent.type;
	ret->transport_handle = uevent.transport_handle;
	return decode_fields(&uevent, at + MESSAGE_HEAD_BYTES, head.nlmsg_len - MESSAGE_HEAD_BYTES, ret);
}

/* ---- events put aside ---- */

static void wake(struct netlink *nl)
{
	uint64_t one = 1;

	if (!nl->woken && !nl->dispatching)
		nl->woken = write(nl->wake_fd, &one, sizeof(one)) == sizeof(one);
}

static void unwake(struct netlink *nl)
{
	uint64_t count;

	if (nl->woken && !nl->first && !nl->overflowed)
		nl->woken = read(nl->wake_fd, &count, sizeof(count)) != sizeof(count);
}

static void note_overflow(struct netlink *nl)
{
	nl->counters[NETLINK_OVERFLOW]++;
	nl->overflowed = true;
	wake(nl);
}

static void defer(struct netlink *nl, const void *message, size_t bytes)
{
	struct deferred *item = NULL;

	if (nl->deferred_count < DEFERRED_MAX)
		item = malloc(sizeof(*item) + bytes);
	if (!item) {
		note_overflow(nl);
		return;
	}
	item->next = NULL;
	item->bytes = bytes;
	memcpy(item->message, message, bytes);
	*nl->end = item;
	nl->end = &item->next;
	nl->deferred_count++;
	wake(nl);
}

static struct deferred *take_deferred(struct netlink *nl)
{
	struct deferred *item = nl->first;

	if (!item)
		return NULL;
	nl->first = item->next;
	if (!nl->first)
		nl->end = &nl->first;
	nl->deferred_count--;
	return item;
}

static bool is_error_of(const struct deferred *item, uint32_t sid, uint32_t cid)
{
	struct netlink_event event;

	return !netlink_decode(item->message, item->bytes, &event) && event.type == ISCSI_KEVENT_CONN_ERROR &&
	       event.sid == sid && event.cid == cid;
}

/* A stop is done: what was reported of the connection before belongs to the incarnation that was stopped. */
static void drop_stale_errors(struct netlink *nl, uint32_t sid, uint32_t cid)
{
	struct deferred **at = &nl->first;

	while (*at) {
		struct deferred *item = *at;

		if (!is_error_of(item, sid, cid)) {
			at = &item->next;
			continue;
		}
		*at = item->next;
		free(item);
		nl->deferred_count--;
		nl->counters[NETLINK_STALE]++;
	}
	nl->end = at;
	unwake(nl);
}

bool netlink_has_deferred(const struct netlink *nl)
{
	return nl->first != NULL;
}

/* ---- reading ---- */

/* Bytes of one datagram in nl->buffer, 0 if it was dropped or lost, or a negative errno (-EAGAIN: nothing there). */
static ssize_t receive(struct netlink *nl)
{
	struct sockaddr_nl sender = { 0 };
	struct iovec iov = { .iov_base = nl->buffer, .iov_len = MESSAGE_MAX };
	struct msghdr msg = {
		.msg_name = &sender, .msg_namelen = sizeof(sender), .msg_iov = &iov, .msg_iovlen = 1
	};
	ssize_t bytes = recvmsg(nl->fd, &msg, MSG_DONTWAIT);

	if (bytes < 0 && errno == EINTR)
		return 0;
	if (bytes < 0 && errno == ENOBUFS) {
		note_overflow(nl);
		return 0;
	}
	if (bytes < 0)
		return -errno;
	if (bytes == 0 && msg.msg_namelen == 0)
		return -ECONNRESET; /* a socketpair's end; netlink has no end */
	if (msg.msg_namelen >= sizeof(sender) && sender.nl_family == AF_NETLINK && sender.nl_pid != 0) {
		nl->counters[NETLINK_FOREIGN]++;
		return 0;
	}
	if (msg.msg_flags & MSG_TRUNC) {
		nl->counters[NETLINK_TRUNCATED]++;
		return 0;
	}
	return bytes;
}

/* Checks the header at an offset of the buffer: the message's bytes, or 0 and the rest is dropped. */
static size_t message_at(struct netlink *nl, size_t offset, size_t bytes)
{
	const struct nlmsghdr *head = (const void *)((const uint8_t *)nl->buffer + offset);

	if (bytes - offset < MESSAGE_HEAD_BYTES || head->nlmsg_len < MESSAGE_HEAD_BYTES ||
	    head->nlmsg_len > bytes - offset) {
		nl->counters[NETLINK_SHORT]++;
		return 0;
	}
	return head->nlmsg_len;
}

static void hand_out(struct netlink *nl, const void *message, size_t bytes)
{
	struct netlink_event event;
	int refused = netlink_decode(message, bytes, &event);

	if (refused)
		nl->counters[-refused - 1]++;
	else
		nl->event(&event, nl->data);
}

/* One message outside a call. A reply, and a multicast answer to somebody else's request, is nobody's here. */
static void take_message(struct netlink *nl, const struct nlmsghdr *head)
{
	struct iscsi_uevent uevent;

	memcpy(&uevent, NLMSG_DATA(head), sizeof(uevent));
	if (head->nlmsg_type != 0 || request_row(uevent.type))
		nl->counters[NETLINK_STRAY]++;
	else
		defer(nl, head, head->nlmsg_len);
}

/* Puts the messages of the datagram in nl->buffer aside. */
static void take_datagram(struct netlink *nl, size_t bytes)
{
	size_t offset, length;

	for (offset = 0; offset < bytes; offset += NLMSG_ALIGN(length)) {
		length = message_at(nl, offset, bytes);
		if (!length)
			return;
		take_message(nl, (const void *)((const uint8_t *)nl->buffer + offset));
	}
}

static void dispatch_deferred(struct netlink *nl, unsigned int *left)
{
	struct deferred *item;

	while (*left && (item = take_deferred(nl))) {
		(*left)--;
		hand_out(nl, item->message, item->bytes);
		free(item);
	}
}

int netlink_dispatch(struct netlink *nl)
{
	unsigned int left = DISPATCH_MAX;
	ssize_t bytes = 0;

	nl->dispatching = true;
	/* the overflow first: what it makes the caller read is at least as new as every event before it */
	if (nl->overflowed) {
		nl->overflowed = false;
		nl->overflow(nl->data);
	}
	dispatch_deferred(nl, &left);
	while (left && (bytes = receive(nl)) >= 0) {
		left--;
		take_datagram(nl, (size_t)bytes);
		dispatch_deferred(nl, &left);
	}
	nl->dispatching = false;
	if (nl->first || nl->overflowed)
		wake(nl);
	else
		unwake(nl);
	return bytes < 0 && bytes != -EAGAIN ? (int)bytes : 0;
}

/* ---- calls ---- */

/* A call under way: requests in the datagram at, the next one that lacks its reply, and where results go. */
struct call {
	const uint8_t *at;
	struct netlink_reply *reply;
	unsigned int missing;
};

static void next_request(struct call *call)
{
	const struct nlmsghdr *head = (const void *)call->at;

	call->at += NLMSG_ALIGN(head->nlmsg_len);
	call->reply++;
	call->missing--;
}

/*
 * How much of u a reply has in common with its request: sid, cid, param, ... All of it in a unicast reply; a multicast answer repeats
 * what it speaks of (a connection or a host) and may change the rest.
 */
static size_t repeated_bytes(const struct nlmsghdr *head, uint32_t request)
{
	if (head->nlmsg_type != 0)
		return 16;
	return request == ISCSI_UEVENT_GET_STATS ? 8 : 4;
}

static bool is_reply_to(const struct nlmsghdr *head, const struct iscsi_uevent *message, const uint8_t *request)
{
	const struct request_row *row;
	struct iscsi_uevent asked;

	memcpy(&asked, request + NLMSG_HDRLEN, sizeof(asked));
	if (memcmp(&asked.u, &message->u, repeated_bytes(head, asked.type)) != 0 ||
	    asked.transport_handle != message->transport_handle)
		return false;
	row = request_row(asked.type);
	if (head->nlmsg_type == 0)
		return message->type == asked.type && row && row->answer == ANSWER_MULTICAST;
	return head->nlmsg_type == asked.type &&
	       (message->type == asked.type || message->type == ISCSI_KEVENT_IF_ERROR);
}

static int reply_error(const struct nlmsghdr *head, const struct iscsi_uevent *message)
{
	const struct request_row *row = request_row(head->nlmsg_type);
	int32_t error = 0;

	if (message->type == ISCSI_KEVENT_IF_ERROR)
		error = message->iferror ? message->iferror : -EIO;
	else if (row && row->answer == ANSWER_RETCODE)
		error = message->r.retcode;
	if (error > 0 || error < -4095) /* no errno */
		return -EIO;
	return error;
}

static void keep_reply(struct netlink *nl, struct call *call, const struct nlmsghdr *head,
		       const struct iscsi_uevent *message)
{
	struct netlink_reply *reply = call->reply;
	size_t bytes = head->nlmsg_len - MESSAGE_HEAD_BYTES;

	reply->message = *message;
	reply->error = reply_error(head, message);
	if (head->nlmsg_type == 0 && reply->data) {
		reply->data_bytes = bytes < reply->data_room ? bytes : reply->data_room;
		memcpy(reply->data, (const uint8_t *)head + MESSAGE_HEAD_BYTES, reply->data_bytes);
	}
	if (head->nlmsg_type == ISCSI_UEVENT_STOP_CONN && !reply->error)
		drop_stale_errors(nl, message->u.stop_conn.sid, message->u.stop_conn.cid);
	next_request(call);
}

/* Takes the datagram in nl->buffer apart: replies to the call, the rest aside. */
static void take_replies(struct netlink *nl, struct call *call, size_t bytes)
{
	size_t offset, length;

	for (offset = 0; offset < bytes; offset += NLMSG_ALIGN(length)) {
		const struct nlmsghdr *head = (const void *)((const uint8_t *)nl->buffer + offset);
		struct iscsi_uevent message;

		length = message_at(nl, offset, bytes);
		if (!length)
			return;
		memcpy(&message, NLMSG_DATA(head), sizeof(message));
		if (call->missing && is_reply_to(head, &message, call->at))
			keep_reply(nl, call, head, &message);
		else
			take_message(nl, head);
	}
}

static int wait_readable(struct netlink *nl)
{
	struct pollfd watch = { .fd = nl->fd, .events = POLLIN };
	int ready = poll(&watch, 1, REPLY_WAIT_MS);

	if (ready < 0 && errno != EINTR)
		return -errno;
	return ready == 0 ? -ETIMEDOUT : 0;
}

static int collect(struct netlink *nl, struct call *call)
{
	uint64_t overflows = nl->counters[NETLINK_OVERFLOW];
	int error = 0;

	while (call->missing && !error) {
		ssize_t bytes = receive(nl);

		if (bytes == -EAGAIN)
			error = nl->counters[NETLINK_OVERFLOW] != overflows ? -ENOBUFS : wait_readable(nl);
		else if (bytes < 0)
			error = (int)bytes;
		else
			take_replies(nl, call, (size_t)bytes);
	}
	return error;
}

static void fail_missing(struct call *call, int error)
{
	for (; call->missing; call->missing--)
		(call->reply++)->error = error;
}

int netlink_call(struct netlink *nl, const void *datagram, size_t bytes, struct netlink_reply *replies,
		 unsigned int count)
{
	struct call call = { .at = datagram, .reply = replies, .missing = count };
	ssize_t sent;
	int error = 0;
	unsigned int i;

	for (i = 0; i < count; i++) {
		replies[i].error = 0;
		replies[i].message = (struct iscsi_uevent){ 0 };
		replies[i].data_bytes = 0;
	}
	do {
		sent = send(nl->fd, datagram, bytes, MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
	if (sent < 0)
		error = -errno;
	else if ((size_t)sent != bytes)
		error = -EIO;
	else
		error = collect(nl, &call);
	fail_missing(&call, error);
	return error;
}

/* ---- birth and death ---- */

static int watch_fds(struct netlink *nl)
{
	struct epoll_event event = { .events = EPOLLIN };

	nl->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	nl->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (nl->wake_fd < 0 || nl->epoll_fd < 0)
		return -errno;
	if (epoll_ctl(nl->epoll_fd, EPOLL_CTL_ADD, nl->fd, &event) < 0 ||
	    epoll_ctl(nl->epoll_fd, EPOLL_CTL_ADD, nl->wake_fd, &event) < 0)
		return -errno;
	return 0;
}

int netlink_open_fd(int fd, netlink_event_fn *event, netlink_overflow_fn *overflow, void *data,
		    struct netlink **ret)
{
	struct netlink *nl = calloc(1, sizeof(*nl));
	int error = -ENOMEM;

	if (!nl) {
		close(fd);
		return error;
	}
	nl->fd = fd;
	nl->wake_fd = nl->epoll_fd = -1;
	nl->event = event;
	nl->overflow = overflow;
	nl->data = data;
	nl->end = &nl->first;
	nl->buffer = malloc(MESSAGE_MAX);
	if (nl->buffer)
		error = watch_fds(nl);
	if (error) {
		netlink_close(nl);
		return error;
	}
	*ret = nl;
	return 0;
}

/* The buffer must hold the events of many sessions failing at once, 768 bytes each. Less is not fatal: an overflow is noticed. */
static void grow_buffer(int fd)
{
	int bytes = RECEIVE_BUFFER_BYTES;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
}

int netlink_open(netlink_event_fn *event, netlink_overflow_fn *overflow, void *data, struct netlink **ret)
{
	struct sockaddr_nl local = { .nl_family = AF_NETLINK, .nl_groups = 1u << (ISCSI_NL_GRP_DAEMON - 1) };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ISCSI);
	int error;

	if (fd < 0)
		return -errno;
	grow_buffer(fd);
	if (bind(fd, (struct sockaddr *)&local, sizeof(local)) < 0) {
		error = -errno;
		close(fd);
		return error;
	}
	return netlink_open_fd(fd, event, overflow, data, ret);
}

void netlink_close(struct netlink *nl)
{
	struct deferred *item;

	if (!nl)
		return;
	while ((item = take_deferred(nl)))
		free(item);
	close(nl->fd);
	if (nl->wake_fd >= 0)
		close(nl->wake_fd);
	if (nl->epoll_fd >= 0)
		close(nl->epoll_fd);
	if (nl->buffer)
		explicit_bzero(nl->buffer, MESSAGE_MAX); /* a CHAP table may have passed */
	free(nl->buffer);
	free(nl);
}

int netlink_fd(const struct netlink *nl)
{
	return nl->epoll_fd;
}

uint32_t netlink_port(const struct netlink *nl)
{
	struct sockaddr_nl local = { .nl_family = AF_UNSPEC };
	socklen_t bytes = sizeof(local);

	if (getsockname(nl->fd, (struct sockaddr *)&local, &bytes) < 0 || local.nl_family != AF_NETLINK)
		return 0;
	return local.nl_pid;
}
