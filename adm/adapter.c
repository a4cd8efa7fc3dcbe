/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Opens the way to an adapter and closes it, turns what the kernel refuses into sentences, waits for the end of a ping, and logs a
 * card out. Called by host, iface and session mode. Never keeps a socket open beyond one operation.
 */
#include "adm/adapter.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "adm/print.h"
#include "lib/conf.h"
#include "transport/user/in_use.h"
#include "transport/user/transport.h"

enum iscsi_err adapter_find(struct adm *adm, uint32_t host_no, struct sysfs_host *ret_host)
{
	if (!sysfs_host_read(adm->sysfs, host_no, ret_host))
		return ISCSI_ERR_SUCCESS;
	print_problem("host %u is not there, or not one of an iSCSI driver", host_no);
	return ISCSI_ERR_TRANS_NOT_FOUND;
}

static void on_event(const struct netlink_event *event, void *data)
{
	struct adapter *adapter = data;

	if (event->type == ISCSI_KEVENT_PING_COMP && event->pid == adapter->ping_pid && event->host_no == adapter->host.host_no)
		adapter->ping_status = (int)(event->code & 0xff);
}

/* A ping whose end is lost runs into its time limit; everything else is answered in the call itself. */
static void on_overflow(void *data)
{
}

static enum iscsi_err open_failed(const struct sysfs_host *host, int error)
{
	print_problem("the driver of host %u (%s) cannot be talked to: %s", host->host_no, host->transport,
		    error == -ENODEV ? "it is not registered with the kernel" : strerror(-error));
	if (error == -EACCES || error == -EPERM)
		return ISCSI_ERR_ACCESS;
	return error == -ENODEV ? ISCSI_ERR_TRANS_NOT_FOUND : error == -ENOMEM ? ISCSI_ERR_NOMEM : ISCSI_ERR_INTERNAL;
}

enum iscsi_err adapter_open(struct adm *adm, const struct sysfs_host *host, struct adapter *ret_adapter)
{
	uint32_t caps;
	int error;

	*ret_adapter = (struct adapter){ .adm = adm, .host = *host, .ping_status = -1 };
	error = transport_handle(adm->sysfs, host->transport, &ret_adapter->handle, &caps);
	if (!error)
		error = adm->open_netlink(on_event, on_overflow, ret_adapter, &ret_adapter->nl);
	return error ? open_failed(host, error) : ISCSI_ERR_SUCCESS;
}

void adapter_close(struct adapter *adapter)
{
	netlink_close(adapter->nl);
	adapter->nl = NULL;
}

/* What a request can fail with, said in terms of an adapter. */
static const struct {
	int error;
	enum iscsi_err err;
	const char *sentence;
} refusals[] = {
	{ ENOSYS, ISCSI_ERR_OP_NOT_SUPP, "its driver does not have this function" },
	{ EOPNOTSUPP, ISCSI_ERR_OP_NOT_SUPP, "its driver does not have this function" },
	{ EINVAL, ISCSI_ERR_INVAL, "its driver does not take these values" },
	{ EBUSY, ISCSI_ERR_BUSY, "the entry is in use" },
	{ EPERM, ISCSI_ERR_ACCESS, "not permitted" },
	{ EACCES, ISCSI_ERR_ACCESS, "not permitted" },
	{ ENODEV, ISCSI_ERR_TRANS_NOT_FOUND, "the host is gone" },
	{ ENOMEM, ISCSI_ERR_NOMEM, "no memory" },
	{ EPROTO, ISCSI_ERR_INTERNAL, "what the kernel says of it makes no sense" },
	{ EIO, ISCSI_ERR_INTERNAL, "the adapter reported an error" },
	{ ETIMEDOUT, ISCSI_ERR_TRANS_TIMEOUT, "the kernel does not answer" },
};

enum iscsi_err adapter_refused(const struct adapter *adapter, const char *what, int error)
{
	enum iscsi_err err = ISCSI_ERR_INTERNAL;
	const char *sentence = strerror(-error);

	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		if (refusals[i].error == -error) {
			err = refusals[i].err;
			sentence = refusals[i].sentence;
		}
	}
	print_problem("Could not %s on host %u (%s): %s", what, adapter->host.host_no, adapter->host.transport, sentence);
	return err;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int adapter_wait_ping(struct adapter *adapter, int timeout_ms)
{
	struct pollfd watch = { .fd = netlink_fd(adapter->nl), .events = POLLIN };
	int64_t end = now_ms() + timeout_ms, left = timeout_ms;
	int error = 0;

	while (!error && adapter->ping_status < 0 && left > 0) {
		if (poll(&watch, 1, (int)left) < 0 && errno != EINTR)
			return -errno;
		error = netlink_dispatch(adapter->nl);
		left = end - now_ms();
	}
	return error ? error : adapter->ping_status < 0 ? -ETIMEDOUT : 0;
}

/* iscsid.safe_logout: the daemon looks before its own logouts; the card's are made from here. */
static bool is_missed(struct adm *adm, const struct sysfs_session *session, char *message, size_t room)
{
	const struct conf *conf = adm_conf(adm);
	const char *value = conf ? conf_value(conf, "iscsid.safe_logout") : NULL;

	if (!value || strcmp(value, "Yes"))
		return false;
	return in_use_check(adm->sysfs, "/proc", session->sid, message, room) != 0;
}

static enum iscsi_err logout_error(int error)
{
	if (error == -ENOSYS)
		return ISCSI_ERR_OP_NOT_SUPP;
	if (error == -EBUSY)
		return ISCSI_ERR_BUSY;
	return error == -ENOMEM ? ISCSI_ERR_NOMEM : ISCSI_ERR_LOGOUT;
}

enum iscsi_err adapter_logout(struct adm *adm, const struct sysfs_session *session, char *message, size_t room)
{
	struct adapter adapter;
	struct sysfs_host host;
	enum iscsi_err err;
	int error;

	message[0] = '\0';
	if (is_missed(adm, session, message, room))
		return ISCSI_ERR_BUSY;
	err = adapter_find(adm, session->host_no, &host);
	if (err == ISCSI_ERR_SUCCESS)
		err = adapter_open(adm, &host, &adapter);
	if (err != ISCSI_ERR_SUCCESS)
		return err;
	error = request_logout_flashnode_sid(adapter.nl, adapter.handle, host.host_no, session->sid);
	adapter_close(&adapter);
	if (!error)
		return ISCSI_ERR_SUCCESS;
	if (error == -EPERM)
		snprintf(message, room, "the adapter does not let go of what it boots from");
	else
		snprintf(message, room, "the adapter refuses: %s", strerror(-error));
	return logout_error(error);
}
