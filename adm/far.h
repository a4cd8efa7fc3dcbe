/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Sessions that our /sys does not show, but the daemon's does: in a container, or where the kernel keeps iSCSI objects per network
 * namespace. The daemon reads its /sys and tells.
 */
#ifndef OPENHBA_ADM_FAR_H
#define OPENHBA_ADM_FAR_H

#include "adm/adm.h"

/*
 * All sessions the daemon sees, sorted by sid, the caller frees; none without a daemon, or with one that cannot tell. -ENOMEM. It is asked
 * only where something says that it may see more than we: a list of nothing does not start a daemon that waits for its first call.
 */
int far_sessions(struct adm *adm, struct sysfs_session **ret_sessions, size_t *ret_count);

/* As sysfs_session_devices(), from whom the session is known. */
int far_devices(struct adm *adm, uint32_t sid, struct sysfs_device **ret, size_t *ret_count);

/* Looks for new logical units and sizes on these; by index 0 or negative errno. Blocks as long as the daemon's scans take. */
void far_rescan(struct adm *adm, const uint32_t *sids, size_t count, int *ret_errors);

#endif
