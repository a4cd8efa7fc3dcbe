/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An adapter as iscsiadm talks to it: the host that -H or an iface names, and the kernel's socket for its driver. Errors of the
 * kernel become exit statuses here.
 */
#ifndef OPENHBA_ADM_ADAPTER_H
#define OPENHBA_ADM_ADAPTER_H

#include "adm/adm.h"
#include "iface/iface.h"
#include "transport/user/adapter.h"

struct adapter {
	struct adm *adm;		/* borrowed */
	struct sysfs_host host;
	struct netlink *nl;
	uint64_t handle;
	uint32_t ping_pid;		/* of the ping that is waited for */
	int ping_status;		/* enum iscsi_ping_status; -1: not there yet */
};

/* The host with this number. TRANS_NOT_FOUND (printed): it is none of an iSCSI driver. */
enum iscsi_err adapter_find(struct adm *adm, uint32_t host_no, struct sysfs_host *ret_host);

/*
 * Opens the socket for the host's driver; failures are printed: ACCESS without the rights, TRANS_NOT_FOUND if the driver is not
 * registered, INTERNAL if there is no socket. ret_adapter stays where it is until adapter_close().
 */
enum iscsi_err adapter_open(struct adm *adm, const struct sysfs_host *host, struct adapter *ret_adapter);
void adapter_close(struct adapter *adapter);

/* Prints "Could not WHAT on host N: why" for a refused request and gives its exit status. error: negative errno. */
enum iscsi_err adapter_refused(const struct adapter *adapter, const char *what, int error);

/*
 * Waits for the event of the ping with ping_pid. 0 and ping_status is set; -ETIMEDOUT: nothing came within timeout_ms; other errno.
 */
int adapter_wait_ping(struct adapter *adapter, int timeout_ms);

/* The operations on what an adapter holds; the host was found, the command line's operation fits the sub-mode. */
enum iscsi_err chap_submode(struct adm *adm, const struct sysfs_host *host);
enum iscsi_err flashnode_submode(struct adm *adm, const struct sysfs_host *host);
enum iscsi_err host_stats_submode(struct adm *adm, const struct sysfs_host *host);

/* Sends the settings of an iface, or of all ifaces of the host -H names, to their adapter. Failures are printed. */
enum iscsi_err iface_apply(struct adm *adm, const struct record *iface);
enum iscsi_err iface_apply_all(struct adm *adm, iface_complaint_fn *complain);

/* `-C ping`: lets the iface's adapter ping. The command line is checked, the iface loaded. */
enum iscsi_err iface_ping_run(struct adm *adm, const struct record *iface);

/* Logs the card out of a session that its firmware made. message: why, for people; wanted on failure only. */
enum iscsi_err adapter_logout(struct adm *adm, const struct sysfs_session *session, char *message, size_t room);

#endif
