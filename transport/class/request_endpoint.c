// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests about endpoints, the connections of drivers that have their own TCP or RDMA. Called by netlink.c; endpoints themselves, and
 * who may name them, are in endpoint.c.
 */
#include <linux/err.h>

#include "transport/class/message.h"

#define POLL_MAX_MS	60000	/* unregistering the driver waits for it */

/* shost is NULL unless the request names a host. */
int request_endpoint_connect(struct class_request *req)
{
	u32 non_blocking = req->shost ? req->event.u.ep_connect_through_host.non_blocking : req->event.u.ep_connect.non_blocking;
	struct iscsi_endpoint *ep;

	guard(mutex)(&req->transport->setup);
	ep = req->ops->ep_connect(req->shost, req->data, non_blocking);
	if (IS_ERR_OR_NULL(ep))
		return ep ? PTR_ERR(ep) : -ENOMEM;
	req->event.r.ep_connect_ret.handle = ep->id;
	endpoint_owned_by(ep, req->ops); /* from here on another request may destroy it */
	return 0;
}

int request_endpoint_poll(struct class_request *req)
{
	const struct msg_transport_poll *ask = &req->event.u.ep_poll;
	struct iscsi_endpoint *ep = endpoint_get(req->ops, ask->ep_handle);

	if (!ep)
		return -EINVAL;
	iscsi_put_endpoint(ep);
	req->event.r.retcode = endpoint_poll(req->ops, ask->ep_handle, min_t(u32, ask->timeout_ms, POLL_MAX_MS));
	return 0;
}

int request_endpoint_disconnect(struct class_request *req)
{
	return endpoint_disconnect(req->ops, req->event.u.ep_disconnect.ep_handle);
}
