/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Finds, and where needed loads, the kernel's driver of a session, and the adapter that its iface
 * names. Reading sysfs and loading modules block, so they are work of the loop; what was found of a
 * driver is kept in the daemon, adapters come and go and are looked for each time.
 */
#include "daemon/transports.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/daemon.h"
#include "iface/iface.h"
#include "lib/loop.h"
#include "transport/user/sysfs.h"

/* Where iscsiuio listens, in the abstract namespace. */
#define ISCSIUIO_SOCKET "ISCSID_UIP_ABSTRACT_NAMESPACE"

struct transports_query {
	struct daemon *daemon;	 /* not for the thread, as the next two */
	transports_found_fn *fn; /* NULL: cancelled */
	void *data;
	const struct transport_row *row;
	const char *sysfs;
	char hwaddress[32], netdev[32], ipaddress[64]; /* what the iface names; "": nothing */
	struct transport_known known;
	int host_no;
	int error;
};

static const struct transport_row *record_transport(const struct record *record)
{
	const char *name = record_text(record, F_IFACE_TRANSPORT_NAME);

	return transport_find(*name ? name : "tcp");
}

/* ---- what went wrong ---- */

static const struct {
	int error;
	enum iscsi_err err;
	const char *sentence;
} error_rows[] = {
	{-ENODEV, ISCSI_ERR_TRANS_NOT_FOUND, "the kernel has no such driver"},
	{-ENOENT, ISCSI_ERR_TRANS_NOT_FOUND, "the kernel has no such driver"},
	{-ENXIO, ISCSI_ERR_AGAIN, "no adapter has the address that the iface names"},
	{-EADDRNOTAVAIL, ISCSI_ERR_INVAL,
	 "the card needs an address of its own: set iface.ipaddress of the iface"},
	{-ESRCH, ISCSI_ERR_AGAIN, "the card needs iscsiuio, which is not running: start it"},
};

enum iscsi_err transports_error(int error)
{
	for (size_t i = 0; i < sizeof(error_rows) / sizeof(error_rows[0]); i++)
		if (error_rows[i].error == error)
			return error_rows[i].err;
	return ISCSI_ERR_TRANS_NOT_FOUND;
}

const char *transports_error_text(int error)
{
	for (size_t i = 0; i < sizeof(error_rows) / sizeof(error_rows[0]); i++)
		if (error_rows[i].error == error)
			return error_rows[i].sentence;
	return strerror(-error);
}

/* ---- on a thread ---- */

static int look_for_driver(struct transports_query *query)
{
	int r = transport_handle(query->sysfs, query->row->name, &query->known.handle,
				 &query->known.caps);

	if (r != -ENODEV)
		return r;
	r = transport_load(query->sysfs, query->row->name);
	if (r == 0)
		r = transport_handle(query->sysfs, query->row->name, &query->known.handle,
				     &query->known.caps);
	return r;
}

/* The first name that the iface has counts: MAC address, NIC, address. */
static bool host_is_named(const struct transports_query *query, const struct sysfs_host *host)
{
	if (strcmp(host->transport, query->row->name) != 0)
		return false;
	if (query->hwaddress[0])
		return !strcasecmp(host->hwaddress, query->hwaddress);
	if (query->netdev[0])
		return !strcmp(host->netdev, query->netdev);
	return !strcmp(host->ipaddress, query->ipaddress);
}

static int look_for_host(struct transports_query *query)
{
	struct sysfs_host *hosts;
	size_t count;
	int r;

	if (!transport_is_adapter(query->row) ||
	    !(query->hwaddress[0] || query->netdev[0] || query->ipaddress[0]))
		return 0;
	r = sysfs_hosts(query->sysfs, &hosts, &count);
	if (r < 0)
		return r;
	for (size_t i = 0; i < count && query->host_no < 0; i++)
		if (host_is_named(query, &hosts[i]))
			query->host_no = (int)hosts[i].host_no;
	free(hosts);
	return query->host_no < 0 ? -ENXIO : 0;
}

static bool iscsiuio_listens(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	socklen_t length =
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(ISCSIUIO_SOCKET));
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool listens;

	if (fd < 0)
		return false;
	memcpy(address.sun_path + 1, ISCSIUIO_SOCKET, strlen(ISCSIUIO_SOCKET));
	listens = connect(fd, (const struct sockaddr *)(const void *)&address, length) == 0 ||
		  errno == EAGAIN;
	close(fd);
	return listens;
}

static void transports_run(void *data)
{
	struct transports_query *query = data;

	query->error = look_for_driver(query);
	if (query->error == 0 && query->row->flags & TRANSPORT_NICD && !iscsiuio_listens())
		query->error = -ESRCH;
	if (query->error == 0)
		query->error = look_for_host(query);
}

/* ---- on the loop ---- */

static struct transport_known *known_of(struct daemon *daemon, const struct transport_row *row)
{
	return &daemon->transports[transport_place(row)];
}

static void transports_take(struct session *session, const struct transport_row *row)
{
	const struct transport_known *known = known_of(session->daemon, row);

	session->transport = row;
	session->transport_handle = known->handle;
	session->transport_caps = known->caps;
}

static void transports_done(void *data, bool cancelled)
{
	struct transports_query *query = data;
	struct transports_place place = {query->row, query->known.handle, query->known.caps,
					 query->host_no};

	query->daemon->works--;
	if (cancelled)
		query->error = -ECANCELED;
	if (query->fn) {
		if (query->error == 0)
			*known_of(query->daemon, query->row) = query->known;
		query->fn(&place, query->error, query->data);
	}
	free(query);
}

static void copy_name(char *place, size_t size, const struct record *record, enum field field)
{
	const char *text = record_text(record, field);

	if (strlen(text) < size && !iface_address_is_none(text))
		memcpy(place, text, strlen(text) + 1);
}

/* What needs no look. */
static int record_check(const struct record *record)
{
	const struct transport_row *row = record_transport(record);

	if (!row)
		return -ENODEV;
	return row->flags & TRANSPORT_NEEDS_IP && iface_address_is_none(record_text(record, F_IFACE_IPADDRESS))
		       ? -EADDRNOTAVAIL
		       : 0;
}

int transports_ask(struct daemon *daemon, const struct record *record, transports_found_fn *fn,
		   void *data, struct transports_query **ret_query)
{
	struct transports_query *query;
	int r = record_check(record);

	if (r < 0)
		return r;
	query = calloc(1, sizeof(*query));
	if (!query)
		return -ENOMEM;
	*query = (struct transports_query){.daemon = daemon,
					   .row = record_transport(record),
					   .fn = fn,
					   .data = data,
					   .sysfs = daemon->sysfs,
					   .host_no = -1};
	copy_name(query->hwaddress, sizeof(query->hwaddress), record, F_IFACE_HWADDRESS);
	copy_name(query->netdev, sizeof(query->netdev), record, F_IFACE_NET_IFACENAME);
	copy_name(query->ipaddress, sizeof(query->ipaddress), record, F_IFACE_IPADDRESS);
	r = loop_work(daemon->loop, transports_run, transports_done, query, NULL);
	if (r < 0) {
		free(query);
		return r;
	}
	daemon->works++;
	*ret_query = query;
	return 0;
}

void transports_cancel(struct transports_query *query)
{
	if (query)
		query->fn = NULL;
}

/* ---- for sessions ---- */

/* A session's question: it holds a reference. */
struct transports_want {
	struct session *session;
	transports_fn *fn;
};

static void want_found(const struct transports_place *place, int error, void *data)
{
	struct transports_want *want = data;
	struct session *session = want->session;
	transports_fn *fn = want->fn;

	free(want);
	if (!session->is_killed && error != -ECANCELED) {
		if (error == 0) {
			transports_take(session, place->row);
			session->through_host = place->host_no;
		}
		fn(session, error);
	}
	session_unref(session);
}

static int want_ask(struct session *session, transports_fn *fn)
{
	struct transports_want *want = calloc(1, sizeof(*want));
	struct transports_query *query;
	int r;

	if (!want)
		return -ENOMEM;
	*want = (struct transports_want){session, fn};
	r = transports_ask(session->daemon, &session->node, want_found, want, &query);
	if (r < 0)
		free(want);
	else
		session_ref(session);
	return r;
}

void transports_want(struct session *session, transports_fn *fn)
{
	const struct transport_row *row = record_transport(&session->node);
	int r;

	if (row && known_of(session->daemon, row)->handle && !transport_is_adapter(row)) {
		transports_take(session, row);
		fn(session, 0);
		return;
	}
	r = want_ask(session, fn);
	if (r < 0)
		fn(session, r);
}

int transports_find(struct session *session)
{
	const struct transport_row *row = record_transport(&session->node);
	struct transport_known *known;
	int r = 0;

	if (!row)
		return -ENODEV;
	known = known_of(session->daemon, row);
	if (!known->handle)
		r = transport_handle(session->daemon->sysfs, row->name, &known->handle,
				     &known->caps);
	if (r == 0)
		transports_take(session, row);
	return r;
}

void transports_forget(struct session *session)
{
	if (session->transport)
		*known_of(session->daemon, session->transport) = (struct transport_known){0};
}
