/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is asked of the SCSI layer once a session is up: find the disks, set their queue depth, look at their sizes again, wait for
 * their block devices. Everything here may block (a scan as long as the recovery timeout when the connection dies meanwhile): call it
 * from a worker thread. Plain values in, nothing shared, no state.
 */
#ifndef OPENHBA_TRANSPORT_USER_SCSI_H
#define OPENHBA_TRANSPORT_USER_SCSI_H

#include <stdint.h>

/* Looks for new LUNs on the session's own target, not on others of the same host. -ENODEV: the session or its host is gone. */
int scsi_scan_session(const char *root, uint32_t sid, uint32_t host_no);

/* Looks for new LUNs everywhere on a host. */
int scsi_scan_host(const char *root, uint32_t host_no);

/* Gives every SCSI device of the session this queue depth, 1 to 1024. Goes on after an error, returns the first. */
int scsi_set_queue_depth(const char *root, uint32_t sid, uint32_t depth);

/* Reads size and identity of every SCSI device of the session again. Goes on after an error, returns the first. */
int scsi_rescan_devices(const char *root, uint32_t sid);

/*
 * Sets the SCSI devices of the session running that error handling or a recovery timeout has taken offline; others stay as they are.
 * Goes on after an error, returns the first.
 */
int scsi_set_running(const char *root, uint32_t sid);

/* What `iscsiadm -m session -R` does: rescan the known devices, then scan for new ones. */
int scsi_rescan_session(const char *root, uint32_t sid, uint32_t host_no);

/*
 * Waits until each running disk of the session has its block device: sd attaches after the scan has returned.
 * Number of block devices, which is all there are when timeout_ms is over; or a negative errno.
 */
int scsi_wait_block_devices(const char *root, uint32_t sid, uint32_t timeout_ms);

#endif
