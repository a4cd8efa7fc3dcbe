/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A request on its way through the class: netlink.c checks it, finds what it is about and locks that; one function per request
 * (request_*.c, named in requests.def) does it. A handler sees lengths, text and addresses that are already what its row says,
 * and never looks at the datagram itself.
 */
#ifndef OPENHBA_CLASS_MESSAGE_H
#define OPENHBA_CLASS_MESSAGE_H

#include <linux/nospec.h>
#include <linux/skbuff.h>
#include <linux/socket.h>

#include "transport/class/class.h"

/* What a request is about: found before its handler runs, held and locked while it runs. */
enum request_subject {
	SUBJECT_DRIVER,		/* the transport alone */
	SUBJECT_SESSION,	/* session, not locked */
	SUBJECT_LOCKED_SESSION,	/* session, its mutex held */
	SUBJECT_CONN,		/* session and conn, the session's mutex held */
	SUBJECT_HOST,		/* shost, not locked */
	SUBJECT_LOCKED_HOST,	/* shost, its mutex held */
	SUBJECT_FLASH_HOST,	/* the same, and no other request about flashnodes */
	SUBJECT_LOGIN_HOST,	/* shost, no other request about flashnodes, its mutex not held */
};

/* What must lie behind the message. */
enum request_payload {
	PAYLOAD_NONE,		/* nothing; what is there is ignored */
	PAYLOAD_TEXT,		/* as many bytes as the message's len says, with their NUL, at most a page */
	PAYLOAD_WORD,		/* 4 bytes or more of text, as many as len says */
	PAYLOAD_PDU,		/* a basic header segment and data */
	PAYLOAD_ADDRESS,	/* struct sockaddr_in or sockaddr_in6, whole */
	PAYLOAD_PATH,		/* struct iscsi_path */
	PAYLOAD_ATTRIBUTES,	/* netlink attributes */
};

struct class_request {
	struct iscsi_uevent event;	/* a copy: what came, and with r filled in what goes back */
	void *data;			/* behind it, data_bytes of them */
	u32 data_bytes;
	u32 portid;			/* of the sender */
	struct class_transport *transport;
	struct iscsi_transport *ops;
	struct class_session *session;	/* as the subject says; else NULL */
	struct class_conn *conn;
	struct Scsi_Host *shost;
	bool answered;			/* by a multicast: no reply of its own */
};

/* The handlers. 0: the reply goes out with r as it is; -errno: the reply is an IF_ERROR. They may sleep, in a NOIO scope. */
#define REQUEST_ROW(id, subject, op, no_op, payload, handler) int handler(struct class_request *req);
#include "transport/class/requests.def"
#undef REQUEST_ROW

/* The attributes of a request in req->data: each one whole, its value as long as its row says. 0 or -EINVAL. */
int attributes_check_iface(const struct class_request *req);
int attributes_check_flashnode(const struct class_request *req);
int attributes_check_chap(const struct class_request *req);

/* A message with room for data_bytes behind the event, *ret_data points there; NULL without memory. */
struct sk_buff *message_new(u16 nlmsg_type, const struct iscsi_uevent *event, u32 data_bytes, gfp_t gfp, void **ret_data);
/* To everybody in the group; takes skb. 0 or -errno. */
int message_multicast(struct sk_buff *skb, u32 group, gfp_t gfp);

#endif
