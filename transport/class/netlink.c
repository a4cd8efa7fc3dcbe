// SPDX-License-Identifier: GPL-2.0-only
/*
 * The socket of NETLINK_ISCSI and its one gate. A datagram is handled in sendmsg() of its sender: each message in it is copied, checked
 * against its row (requests.def), given what it is about, locked, and handed to its handler; the reply goes back to the sender. No lock is
 * held over another message's work: two senders wait for each other only if they mean the same session or host. Decides what a request
 * may contain, never what it does.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/capability.h>
#include <linux/module.h>
#include <linux/sched/mm.h>
#include <net/net_namespace.h>
#include <net/sock.h>

#include "transport/class/message.h"

static struct sock *netlink_socket;

/* Which of them a request has is said by its row; offsets are into the message, 0 for none (there lies its type). */
struct request_row {
	int (*run)(struct class_request *req);
	u16 op;				/* offset in struct iscsi_transport */
	s16 no_op;
	u8 subject, payload;
	u8 sid_at, cid_at, host_at, len_at;
};

#define AT(field)	  offsetof(struct iscsi_uevent, u.field)
#define DRIVER		  .subject = SUBJECT_DRIVER
#define SESSION(m)	  .subject = SUBJECT_SESSION, .sid_at = AT(m.sid)
#define LOCKED_SESSION(m) .subject = SUBJECT_LOCKED_SESSION, .sid_at = AT(m.sid)
#define CONN(m)		  .subject = SUBJECT_CONN, .sid_at = AT(m.sid), .cid_at = AT(m.cid)
#define HOST(m)		  .subject = SUBJECT_HOST, .host_at = AT(m.host_no)
#define LOCKED_HOST(m)	  .subject = SUBJECT_LOCKED_HOST, .host_at = AT(m.host_no)
#define FLASH_HOST(m)	  .subject = SUBJECT_FLASH_HOST, .host_at = AT(m.host_no)
#define LOGIN_HOST(m)	  .subject = SUBJECT_LOGIN_HOST, .host_at = AT(m.host_no)
#define NONE		  .payload = PAYLOAD_NONE
#define TEXT(m)		  .payload = PAYLOAD_TEXT, .len_at = AT(m.len)
#define WORD(m)		  .payload = PAYLOAD_WORD, .len_at = AT(m.len)
#define PDU		  .payload = PAYLOAD_PDU
#define ADDRESS		  .payload = PAYLOAD_ADDRESS
#define PATH		  .payload = PAYLOAD_PATH
#define ATTRIBUTES	  .payload = PAYLOAD_ATTRIBUTES

static const struct request_row rows[] = {
#define REQUEST_ROW(id, subject_of, operation, absent, payload_of, handler) \
	[ISCSI_UEVENT_##id - UEVENT_BASE] = { handler, offsetof(struct iscsi_transport, operation), absent, subject_of, payload_of },
#include "transport/class/requests.def"
#undef REQUEST_ROW
};

/* ---- payloads: nothing behind this line of defence is longer, shorter or other than its row says ---- */

static u32 field(const struct class_request *req, u8 at)
{
	u32 value;

	memcpy(&value, (const u8 *)&req->event + at, sizeof(value));
	return value;
}

static int check_text(struct class_request *req, const struct request_row *row)
{
	u32 bytes = field(req, row->len_at);

	if (!bytes || bytes > PAGE_SIZE || bytes > req->data_bytes || strnlen(req->data, bytes) == bytes)
		return -EINVAL;
	req->data_bytes = strlen(req->data) + 1;
	return 0;
}

static int check_word(struct class_request *req, const struct request_row *row)
{
	u32 bytes = field(req, row->len_at);

	if (bytes < 4 || bytes > req->data_bytes)
		return -EINVAL;
	req->data_bytes = bytes;
	return 0;
}

/* A basic header segment is all of a header that any driver takes; subtracting first, the sum cannot wrap. */
static int check_pdu(const struct class_request *req)
{
	if (req->event.u.send_pdu.hdr_size != sizeof(struct iscsi_hdr) || req->data_bytes < sizeof(struct iscsi_hdr) ||
	    req->event.u.send_pdu.data_size > req->data_bytes - sizeof(struct iscsi_hdr))
		return -EINVAL;
	return 0;
}

static int check_address(const struct class_request *req)
{
	const struct sockaddr *address = req->data;

	if (req->data_bytes < sizeof(address->sa_family))
		return -EINVAL;
	if (address->sa_family == AF_INET)
		return req->data_bytes < sizeof(struct sockaddr_in) ? -EINVAL : 0;
	if (address->sa_family == AF_INET6)
		return req->data_bytes < sizeof(struct sockaddr_in6) ? -EINVAL : 0;
	return -EINVAL;
}

static int check_attributes(const struct class_request *req)
{
	switch (req->event.type) {
	case ISCSI_UEVENT_SET_IFACE_PARAMS:
		return attributes_check_iface(req);
	case ISCSI_UEVENT_SET_CHAP:
		return attributes_check_chap(req);
	default:
		return attributes_check_flashnode(req);
	}
}

static int check_payload(struct class_request *req, const struct request_row *row)
{
	switch (row->payload) {
	case PAYLOAD_TEXT:
		return check_text(req, row);
	case PAYLOAD_WORD:
		return check_word(req, row);
	case PAYLOAD_PDU:
		return check_pdu(req);
	case PAYLOAD_ADDRESS:
		return check_address(req);
	case PAYLOAD_PATH:
		return req->data_bytes < sizeof(struct iscsi_path) ? -EINVAL : 0;
	case PAYLOAD_ATTRIBUTES:
		return check_attributes(req);
	default:
		return 0;
	}
}

/* ---- subjects: found, held and locked around the handler ---- */

static int run_locked_session(struct class_request *req, const struct request_row *row)
{
	struct class_session *session = req->session;

	guard(class_session)(session);
	if (!session->visible)
		return -EINVAL;
	if (row->subject == SUBJECT_CONN) {
		req->conn = class_conn_find(session, field(req, row->cid_at));
		if (!req->conn)
			return req->event.type == ISCSI_UEVENT_GET_STATS ? -EEXIST : -EINVAL;
	}
	return row->run(req);
}

static int run_for_session(struct class_request *req, const struct request_row *row)
{
	int error;

	req->session = class_session_get(req->ops, field(req, row->sid_at));
	if (!req->session)
		return req->event.type == ISCSI_UEVENT_GET_STATS ? -EEXIST : -EINVAL;
	error = row->subject == SUBJECT_SESSION ? row->run(req) : run_locked_session(req, row);
	class_session_put(req->session);
	return error;
}

static int run_locked_host(struct class_request *req, const struct request_row *row)
{
	guard(mutex)(class_host_mutex(req->shost));
	return class_host_is_gone(req->shost) ? -ENODEV : row->run(req);
}

/*
 * Before the mutex of a host, and before the driver core's own: a host that goes waits for its mutex while it has that one, which drivers
 * take to make or remove a session when they log in to a flashnode or out of it.
 */
static DEFINE_MUTEX(flashnodes);

static int run_for_flashnode(struct class_request *req, const struct request_row *row)
{
	guard(mutex)(&flashnodes);
	if (row->subject == SUBJECT_FLASH_HOST)
		return run_locked_host(req, row);
	return class_host_is_gone(req->shost) ? -ENODEV : row->run(req);
}

static int run_with_host(struct class_request *req, const struct request_row *row)
{
	switch (row->subject) {
	case SUBJECT_LOCKED_HOST:
		return run_locked_host(req, row);
	case SUBJECT_FLASH_HOST:
	case SUBJECT_LOGIN_HOST:
		return run_for_flashnode(req, row);
	default:
		return row->run(req);
	}
}

static int run_for_host(struct class_request *req, const struct request_row *row)
{
	int error;

	req->shost = class_host_get(req->ops, field(req, row->host_at));
	if (!req->shost)
		return -ENODEV;
	error = run_with_host(req, row);
	scsi_host_put(req->shost);
	return error;
}

static bool has_op(const struct iscsi_transport *ops, const struct request_row *row)
{
	/* owner is no function, and NULL in a kernel without modules */
	return !row->no_op || *(void *const *)((const u8 *)ops + row->op);
}

static int run_for_driver(struct class_request *req, const struct request_row *row)
{
	int error;

	if (!has_op(req->ops, row))
		return row->no_op;
	error = check_payload(req, row);
	if (error)
		return error;
	switch (row->subject) {
	case SUBJECT_DRIVER:
		return row->run(req);
	case SUBJECT_HOST:
	case SUBJECT_LOCKED_HOST:
	case SUBJECT_FLASH_HOST:
	case SUBJECT_LOGIN_HOST:
		return run_for_host(req, row);
	default:
		return run_for_session(req, row);
	}
}

static const struct request_row *find_row(u16 number)
{
	u32 index = array_index_nospec(number - UEVENT_BASE, ARRAY_SIZE(rows));

	if (number < UEVENT_BASE || number - UEVENT_BASE >= ARRAY_SIZE(rows) || !rows[index].run)
		return NULL;
	return &rows[index];
}

static int run(struct class_request *req, u16 number)
{
	const struct request_row *row = find_row(number);
	int error;

	req->transport = class_transport_get(req->event.transport_handle);
	if (!req->transport)
		return -EINVAL;
	req->ops = req->transport->ops;
	req->event.type = number;
	error = row ? run_for_driver(req, row) : -ENOSYS;
	class_transport_put(req->transport);
	return error;
}

/* ---- messages out ---- */

struct sk_buff *message_new(u16 nlmsg_type, const struct iscsi_uevent *event, u32 data_bytes, gfp_t gfp, void **ret_data)
{
	struct sk_buff *skb = nlmsg_new(sizeof(*event) + data_bytes, gfp);
	struct nlmsghdr *head;

	if (!skb)
		return NULL;
	head = nlmsg_put(skb, 0, 0, nlmsg_type, sizeof(*event) + data_bytes, 0);
	memcpy(nlmsg_data(head), event, sizeof(*event));
	if (ret_data)
		*ret_data = nlmsg_data(head) + sizeof(*event);
	return skb;
}

int message_multicast(struct sk_buff *skb, u32 group, gfp_t gfp)
{
	return nlmsg_multicast(netlink_socket, skb, 0, group, gfp);
}

/* Once, without waiting: a sender that does not read its replies loses them, and is told so by its socket (ENOBUFS). */
static void reply(const struct class_request *req, u16 number)
{
	struct sk_buff *skb = message_new(number, &req->event, 0, GFP_NOIO, NULL);

	if (skb)
		nlmsg_unicast(netlink_socket, skb, req->portid);
	else
		pr_warn_ratelimited("no memory to answer request %u\n", number);
}

/* ---- messages in ---- */

static void take_message(struct sk_buff *skb, struct nlmsghdr *head, bool allowed)
{
	struct class_request req = {
		.portid = NETLINK_CB(skb).portid,
		.data = nlmsg_data(head) + sizeof(req.event),
		.data_bytes = nlmsg_len(head) - sizeof(req.event),
	};
	int error;

	memcpy(&req.event, nlmsg_data(head), offsetof(struct iscsi_uevent, r));
	req.event.iferror = 0;
	error = allowed ? run(&req, head->nlmsg_type) : -EPERM;
	if (error) {
		req.event.type = ISCSI_KEVENT_IF_ERROR;
		req.event.iferror = error;
	}
	if (error || !req.answered)
		reply(&req, head->nlmsg_type);
}

/*
 * The memory of a request must not wait for a disk: the disk may be the session that this request is about to bring back.
 */
static void take_datagram(struct sk_buff *skb)
{
	bool allowed = netlink_capable(skb, CAP_SYS_ADMIN);
	unsigned int scope = memalloc_noio_save();
	int left = skb->len;
	struct nlmsghdr *head;

	nlmsg_for_each_msg(head, nlmsg_hdr(skb), skb->len, left) {
		if (nlmsg_len(head) < (int)sizeof(struct iscsi_uevent))
			break;
		take_message(skb, head, allowed);
		cond_resched();
	}
	memalloc_noio_restore(scope);
}

int netlink_init(void)
{
	struct netlink_kernel_cfg cfg = {
		.groups = ISCSI_NL_GRP_UIP,
		.input = take_datagram,
	};

	netlink_socket = netlink_kernel_create(&init_net, NETLINK_ISCSI, &cfg);
	return netlink_socket ? 0 : -ENOBUFS;
}

void netlink_exit(void)
{
	netlink_kernel_release(netlink_socket);
}
