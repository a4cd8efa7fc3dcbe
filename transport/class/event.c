// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the kernel tells user space unasked: multicasts of NETLINK_ISCSI with nlmsg_type 0, and uevents of sessions and connections.
 * Called by drivers and by the class's objects, many of them in contexts that may not sleep. Keeps nothing: who was not listening, or
 * whose socket was full, learns the state from sysfs.
 */
#include <linux/sched/mm.h>

#include "transport/class/message.h"

static u64 handle_of(const struct iscsi_transport *ops)
{
	const struct class_transport *transport = class_transport_of(ops);

	return transport ? transport->id : 0;
}

static struct iscsi_uevent event_of(const struct iscsi_transport *ops, enum iscsi_uevent_e type)
{
	struct iscsi_uevent event;

	memset(&event, 0, sizeof(event));
	event.type = type;
	event.transport_handle = handle_of(ops);
	return event;
}

int event_send(struct iscsi_uevent *event, u32 group, const void *data, u32 data_bytes, gfp_t gfp)
{
	void *room;
	struct sk_buff *skb = message_new(0, event, data_bytes, gfp, &room);

	if (!skb)
		return -ENOMEM;
	if (data_bytes)
		memcpy(room, data, data_bytes);
	return message_multicast(skb, group, gfp);
}

/* ---- connections ---- */

/*
 * Called in softirq, with locks of the driver held. A PDU that user space cannot get is a lost one (StatSN has moved on), so the
 * connection is made anew; that nobody listens is for the driver to judge by what is returned.
 */
int iscsi_recv_pdu(struct iscsi_cls_conn *conn, struct iscsi_hdr *hdr, char *data, uint32_t data_size)
{
	struct iscsi_uevent event = event_of(conn->transport, ISCSI_KEVENT_RECV_PDU);
	struct sk_buff *skb;
	void *room;

	event.r.recv_req.sid = iscsi_conn_to_session(conn)->sid;
	event.r.recv_req.cid = conn->cid;
	skb = message_new(0, &event, sizeof(*hdr) + data_size, GFP_ATOMIC, &room);
	if (!skb) {
		dev_err_ratelimited(&conn->dev, "no memory for a PDU of %u bytes for user space\n", data_size);
		iscsi_conn_error_event(conn, ISCSI_ERR_CONN_FAILED);
		return -ENOMEM;
	}
	memcpy(room, hdr, sizeof(*hdr));
	if (data_size)
		memcpy(room + sizeof(*hdr), data, data_size);
	return message_multicast(skb, ISCSI_NL_GRP_ISCSID, GFP_ATOMIC);
}

int event_conn_error(struct iscsi_cls_conn *cls, enum iscsi_err error)
{
	struct iscsi_uevent event = event_of(cls->transport, ISCSI_KEVENT_CONN_ERROR);

	event.r.connerror.error = error;
	event.r.connerror.cid = cls->cid;
	event.r.connerror.sid = iscsi_conn_to_session(cls)->sid;
	return event_send(&event, ISCSI_NL_GRP_ISCSID, NULL, 0, GFP_ATOMIC);
}

void iscsi_conn_login_event(struct iscsi_cls_conn *conn, enum iscsi_conn_state state)
{
	struct iscsi_uevent event = event_of(conn->transport, ISCSI_KEVENT_CONN_LOGIN_STATE);

	event.r.conn_login.state = state;
	event.r.conn_login.cid = conn->cid;
	event.r.conn_login.sid = iscsi_conn_to_session(conn)->sid;
	if (event_send(&event, ISCSI_NL_GRP_ISCSID, NULL, 0, GFP_ATOMIC))
		conn_dbg(conn, "nobody hears that the card's login is in state %d", state);
}

/* ---- sessions ---- */

struct iscsi_uevent event_of_session(struct iscsi_cls_session *cls, enum iscsi_uevent_e type)
{
	struct iscsi_uevent event = event_of(cls->transport, type);
	u32 host_no = iscsi_session_to_shost(cls)->host_no;

	switch (type) {
	case ISCSI_KEVENT_CREATE_SESSION:
		event.r.c_session_ret.host_no = host_no;
		event.r.c_session_ret.sid = cls->sid;
		break;
	case ISCSI_KEVENT_DESTROY_SESSION:
		event.r.d_session.host_no = host_no;
		event.r.d_session.sid = cls->sid;
		break;
	case ISCSI_KEVENT_UNBIND_SESSION:
		event.r.unbind_session.host_no = host_no;
		event.r.unbind_session.sid = cls->sid;
		break;
	default:
		event.type = 0;
	}
	return event;
}

int event_session(struct iscsi_cls_session *cls, enum iscsi_uevent_e type)
{
	struct iscsi_uevent event = event_of_session(cls, type);

	if (!event.type) {
		dev_err(&cls->dev, "%u is no event of a session\n", type);
		return -EINVAL;
	}
	return event_send(&event, ISCSI_NL_GRP_ISCSID, NULL, 0, GFP_NOIO);
}

int iscsi_session_event(struct iscsi_cls_session *session, enum iscsi_uevent_e event)
{
	return event_session(session, event);
}

/* ---- hosts ---- */

int iscsi_offload_mesg(struct Scsi_Host *shost, struct iscsi_transport *transport, uint32_t type, char *data, uint16_t data_size)
{
	struct iscsi_uevent event = event_of(transport, type);

	if (type == ISCSI_KEVENT_PATH_REQ)
		event.r.req_path.host_no = shost->host_no;
	else if (type == ISCSI_KEVENT_IF_DOWN)
		event.r.notify_if_down.host_no = shost->host_no;
	return event_send(&event, ISCSI_NL_GRP_UIP, data, data_size, GFP_ATOMIC);
}

void iscsi_post_host_event(u32 host_no, struct iscsi_transport *transport, enum iscsi_host_event_code code, u32 data_size, u8 *data)
{
	struct iscsi_uevent event = event_of(transport, ISCSI_KEVENT_HOST_EVENT);

	event.r.host_event.host_no = host_no;
	event.r.host_event.code = code;
	event.r.host_event.data_size = data_size;
	event_send(&event, ISCSI_NL_GRP_ISCSID, data, data_size, GFP_NOIO);
}

void iscsi_ping_comp_event(u32 host_no, struct iscsi_transport *transport, u32 status, u32 pid, u32 data_size, u8 *data)
{
	struct iscsi_uevent event = event_of(transport, ISCSI_KEVENT_PING_COMP);

	event.r.ping_comp.host_no = host_no;
	event.r.ping_comp.status = status;
	event.r.ping_comp.pid = pid;
	event.r.ping_comp.data_size = data_size;
	event_send(&event, ISCSI_NL_GRP_ISCSID, data, data_size, GFP_NOIO);
}

/* ---- uevents ---- */

/* A session's own device has no class, and uevents of such are dropped; its child in /sys/class/iscsi_session has one. */
void event_state_changed(struct device *dev, const char *state)
{
	struct device *child = device_find_child_by_name(dev, dev_name(dev));
	char text[64];
	char *words[2] = { text };
	unsigned int scope;

	if (!child)
		return;
	snprintf(text, sizeof(text), "ISCSI_STATE=%s", state);
	scope = memalloc_noio_save();
	kobject_uevent_env(&child->kobj, KOBJ_CHANGE, words);
	memalloc_noio_restore(scope);
	put_device(child);
}
