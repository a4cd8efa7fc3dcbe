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
#include "lib/loop.h"
#include "transport/user/sysfs.h"

/* Where iscsiuio listens, in the abstract namespace. */
#define ISCSIUIO_SOCKET "ISCSID_UIP_ABSTRACT_NAMESPACE"

struct transports_work {
	struct session *session; /* a reference; not for the thread */
	const struct transport_row *row;
	transports_fn *fn;
	const char *sysfs;
	char hwaddress[32], netdev[32], ipaddress[64]; /* what the iface names; "": nothing */
	struct transport_known known;
	int host_no;
	int error;
};

static const struct transport_row *session_transport(const struct session *session)
{
	const char *name = record_text(&session->node, F_IFACE_TRANSPORT_NAME);

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

static int look_for_driver(struct transports_work *work)
{
	int r = transport_handle(work->sysfs, work->row->name, &work->known.handle,
				 &work->known.caps);

	if (r != -ENODEV)
		return r;
	r = transport_load(work->sysfs, work->row->name);
	if (r == 0)
		r = transport_handle(work->sysfs, work->row->name, &work->known.handle,
				     &work->known.caps);
	return r;
}

/* The first name that the iface has counts: MAC address, NIC, address. */
static bool host_is_named(const struct transports_work *work, const struct sysfs_host *host)
{
	if (strcmp(host->transport, work->row->name) != 0)
		return false;
	if (work->hwaddress[0])
		return !strcasecmp(host->hwaddress, work->hwaddress);
	if (work->netdev[0])
		return !strcmp(host->netdev, work->netdev);
	return !strcmp(host->ipaddress, work->ipaddress);
}

static int look_for_host(struct transports_work *work)
{
	struct sysfs_host *hosts;
	size_t count;
	int r;

	if (!transport_is_adapter(work->row) ||
	    !(work->hwaddress[0] || work->netdev[0] || work->ipaddress[0]))
		return 0;
	r = sysfs_hosts(work->sysfs, &hosts, &count);
	if (r < 0)
		return r;
	for (size_t i = 0; i < count && work->host_no < 0; i++)
		if (host_is_named(work, &hosts[i]))
			work->host_no = (int)hosts[i].host_no;
	free(hosts);
	return work->host_no < 0 ? -ENXIO : 0;
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
	struct transports_work *work = data;

	work->error = look_for_driver(work);
	if (work->error == 0 && work->row->flags & TRANSPORT_NICD && !iscsiuio_listens())
		work->error = -ESRCH;
	if (work->error == 0)
		work->error = look_for_host(work);
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
	struct transports_work *work = data;
	struct session *session = work->session;

	session->daemon->works--;
	if (!cancelled && !session->is_killed) {
		if (work->error == 0) {
			*known_of(session->daemon, work->row) = work->known;
			transports_take(session, work->row);
			session->through_host = work->host_no;
		}
		work->fn(session, work->error);
	}
	session_unref(session);
	free(work);
}

static void copy_name(char *place, size_t size, const struct session *session, enum field field)
{
	const char *text = record_text(&session->node, field);

	if (strlen(text) < size && strcmp(text, "default") != 0)
		memcpy(place, text, strlen(text) + 1);
}

static int transports_look(struct session *session, const struct transport_row *row,
			   transports_fn *fn)
{
	struct transports_work *work = calloc(1, sizeof(*work));
	int r;

	if (!work)
		return -ENOMEM;
	*work = (struct transports_work){.session = session,
					 .row = row,
					 .fn = fn,
					 .sysfs = session->daemon->sysfs,
					 .host_no = -1};
	copy_name(work->hwaddress, sizeof(work->hwaddress), session, F_IFACE_HWADDRESS);
	copy_name(work->netdev, sizeof(work->netdev), session, F_IFACE_NET_IFACENAME);
	copy_name(work->ipaddress, sizeof(work->ipaddress), session, F_IFACE_IPADDRESS);
	r = loop_work(session->daemon->loop, transports_run, transports_done, work, NULL);
	if (r < 0) {
		free(work);
		return r;
	}
	session_ref(session);
	session->daemon->works++;
	return 0;
}

void transports_want(struct session *session, transports_fn *fn)
{
	const struct transport_row *row = session_transport(session);
	int r = 0;

	if (!row)
		r = -ENODEV;
	else if (row->flags & TRANSPORT_NEEDS_IP &&
		 !*record_text(&session->node, F_IFACE_IPADDRESS))
		r = -EADDRNOTAVAIL;
	if (r < 0) {
		fn(session, r);
		return;
	}
	if (known_of(session->daemon, row)->handle && !transport_is_adapter(row)) {
		transports_take(session, row);
		fn(session, 0);
		return;
	}
	r = transports_look(session, row, fn);
	if (r < 0)
		fn(session, r);
}

int transports_find(struct session *session)
{
	const struct transport_row *row = session_transport(session);
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
