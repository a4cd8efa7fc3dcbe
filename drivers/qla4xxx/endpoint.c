// SPDX-License-Identifier: GPL-2.0-only
/*
 * Endpoints: an address to connect to through a host, which user space makes before the session. The firmware knows nothing of them. An
 * endpoint may outlive its host, whose number is all it has. A session of the flash has one of its own, as it is what the class asks
 * where a connection goes to.
 */
#include <linux/in.h>
#include <linux/in6.h>

#include "drivers/qla4xxx/session.h"

struct qla_endpoint {
	unsigned short host_no;
	struct sockaddr_storage portal;
};

static const struct qla_endpoint *endpoint_of(const struct iscsi_endpoint *ep)
{
	return ep->dd_data;
}

static struct iscsi_endpoint *endpoint_new(const struct Scsi_Host *shost, const void *portal, sa_family_t family)
{
	struct iscsi_endpoint *ep = iscsi_create_endpoint(sizeof(struct qla_endpoint));
	struct qla_endpoint *endpoint;

	if (!ep)
		return NULL;
	endpoint = ep->dd_data;
	endpoint->host_no = shost->host_no;
	memcpy(&endpoint->portal, portal, family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6));
	return ep;
}

struct iscsi_endpoint *endpoint_connect(struct Scsi_Host *shost, struct sockaddr *to, int non_blocking)
{
	struct iscsi_endpoint *ep;

	if (!shost)
		return ERR_PTR(-ENXIO);
	if (to->sa_family != AF_INET && to->sa_family != AF_INET6)
		return ERR_PTR(-EAFNOSUPPORT);
	if (to->sa_family == AF_INET6 && !host_of(shost)->chip.model->has_ipv6)
		return ERR_PTR(-EAFNOSUPPORT);
	if (!host_ready(host_of(shost)))
		return ERR_PTR(-ENETDOWN);
	ep = endpoint_new(shost, to, to->sa_family);
	return ep ?: ERR_PTR(-ENOMEM);
}

void endpoint_show(struct iscsi_cls_conn *cls, const struct qla_session *session)
{
	struct sockaddr_storage portal;
	struct iscsi_endpoint *ep;

	ddb_get_portal(session->wanted, &portal);
	ep = endpoint_new(session->host->shost, &portal, portal.ss_family);
	if (!ep)
		return;
	mutex_lock(&cls->ep_mutex);
	ep->conn = cls;
	cls->ep = ep;
	mutex_unlock(&cls->ep_mutex);
}

void endpoint_hide(struct iscsi_cls_conn *cls)
{
	struct iscsi_endpoint *ep;

	mutex_lock(&cls->ep_mutex);
	ep = cls->ep;
	cls->ep = NULL;
	if (ep)
		ep->conn = NULL;
	mutex_unlock(&cls->ep_mutex);
	if (ep)
		iscsi_destroy_endpoint(ep);
}

struct Scsi_Host *endpoint_host(const struct iscsi_endpoint *ep, struct sockaddr_storage *ret_portal)
{
	struct Scsi_Host *shost = scsi_host_lookup(endpoint_of(ep)->host_no);

	if (shost && shost->transportt != qla_transport_template) {
		scsi_host_put(shost);
		return NULL;
	}
	if (shost && ret_portal)
		*ret_portal = endpoint_of(ep)->portal;
	return shost;
}

/* The flash's sessions come first: those of user space must not be the same. */
int endpoint_poll(struct iscsi_endpoint *ep, int timeout_ms)
{
	struct Scsi_Host *shost = endpoint_host(ep, NULL);
	bool ready;

	if (!shost)
		return -ENODEV;
	ready = host_ready(host_of(shost)) && test_bit(HOST_LISTED, &host_of(shost)->flags);
	scsi_host_put(shost);
	return ready;
}

void endpoint_disconnect(struct iscsi_endpoint *ep)
{
	iscsi_destroy_endpoint(ep);
}

int param_get_endpoint(struct iscsi_endpoint *ep, enum iscsi_param param, char *page)
{
	const struct sockaddr_storage *portal = &endpoint_of(ep)->portal;

	switch (param) {
	case ISCSI_PARAM_CONN_PORT:
		/* At the same place in both families. */
		return sysfs_emit(page, "%u\n", be16_to_cpu(((const struct sockaddr_in *)portal)->sin_port));
	case ISCSI_PARAM_CONN_ADDRESS:
		if (portal->ss_family == AF_INET)
			return sysfs_emit(page, "%pI4\n", &((const struct sockaddr_in *)portal)->sin_addr);
		return sysfs_emit(page, "%pI6\n", &((const struct sockaddr_in6 *)portal)->sin6_addr);
	default:
		return -ENOTCONN;
	}
}
