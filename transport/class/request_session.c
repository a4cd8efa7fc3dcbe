// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests about sessions: make, remove, take the disks away. Called by netlink.c with what the request is about. What a session is,
 * and how it dies, is in session*.c and in the drivers.
 */
#include "transport/class/message.h"

/*
 * Between the driver's making it known and our reading its number somebody may ask to destroy it: whoever destroys waits for the births
 * under way. Drivers with endpoints get one at a time.
 */
static int make(struct class_request *req, struct iscsi_endpoint *ep, u32 initial_cmdsn, u16 cmds_max, u16 queue_depth)
{
	struct class_transport *transport = req->transport;
	struct iscsi_cls_session *cls;
	int error = -ENOMEM;

	if (req->ops->ep_connect)
		mutex_lock(&transport->setup);
	down_read(&transport->birth);
	cls = req->ops->create_session(ep, cmds_max, queue_depth, initial_cmdsn);
	if (cls) {
		cls->creator = req->portid;
		session_hold_owner(to_class_session(cls));
		req->event.r.c_session_ret.sid = cls->sid;
		req->event.r.c_session_ret.host_no = iscsi_session_to_shost(cls)->host_no;
		error = 0;
	}
	up_read(&transport->birth);
	if (req->ops->ep_connect)
		mutex_unlock(&transport->setup);
	return error;
}

int request_session_create(struct class_request *req)
{
	const struct msg_create_session *ask = &req->event.u.c_session;

	return make(req, NULL, ask->initial_cmdsn, ask->cmds_max, ask->queue_depth);
}

int request_session_create_bound(struct class_request *req)
{
	const struct msg_create_bound_session *ask = &req->event.u.c_bound_session;
	struct iscsi_endpoint *ep = endpoint_get(req->ops, ask->ep_handle);
	int error;

	if (!ep)
		return -EINVAL;
	error = make(req, ep, ask->initial_cmdsn, ask->cmds_max, ask->queue_depth);
	iscsi_put_endpoint(ep);
	return error;
}

static void wait_for_births(struct class_transport *transport)
{
	down_write(&transport->birth);
	up_write(&transport->birth);
}

int request_session_destroy(struct class_request *req)
{
	wait_for_births(req->transport);
	return session_destroy(req->session);
}

int request_session_destroy_async(struct class_request *req)
{
	wait_for_births(req->transport);
	return session_destroy_async(&req->session->cls);
}

int request_session_unbind(struct class_request *req)
{
	session_unbind(&req->session->cls);
	return 0;
}
