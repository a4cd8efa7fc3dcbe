/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The sessions present, with as few files as possible. */
#ifndef OPENHBA_ADM_KNOWN_H
#define OPENHBA_ADM_KNOWN_H

#include "adm/adm.h"

/*
 * As sysfs_sessions(SYSFS_LINE), sorted by sid, the caller frees; but of those the daemon tells only sid, target_name, tpgt,
 * persistent_address, persistent_port and iface_name are set. What is left of a login through an adapter that failed, and nobody keeps, is
 * left out. Works without a daemon. -ENOMEM, or what sysfs_session_read() gives.
 */
int known_sessions(struct adm *adm, struct sysfs_session **ret_sessions, size_t *ret_count);

#endif
