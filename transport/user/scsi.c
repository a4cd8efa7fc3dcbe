/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the SCSI layer is asked through sysfs: scan, queue depth, rescan, and waiting for block devices. Called from worker threads
 * after a login and by `iscsiadm -R`. Knows no session state: a session that vanishes meanwhile is an error, not a surprise.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "transport/user/scsi.h"
#include "transport/user/sysfs.h"

#define POLL_FIRST_MS 2
#define POLL_LAST_MS  50

static int scan(const char *root, uint32_t host_no, const char *what)
{
	char path[80];
	int error;

	snprintf(path, sizeof(path), "class/scsi_host/host%" PRIu32 "/scan", host_no);
	error = sysfs_write(root, path, what);
	return error == -ENOENT ? -ENODEV : error;
}

int scsi_scan_host(const char *root, uint32_t host_no)
{
	return scan(root, host_no, "- - -");
}

/* iSCSI sessions have one target each, on channel 0. A number below zero: the target is being removed. */
int scsi_scan_session(const char *root, uint32_t sid, uint32_t host_no)
{
	char path[80], text[32], what[64];
	int bytes;

	snprintf(path, sizeof(path), "class/iscsi_session/session%" PRIu32 "/target_id", sid);
	bytes = sysfs_read(root, path, text, sizeof(text));
	if (bytes < 0) { /* kernels before 4.10 do not show it; and the session may be gone */
		if (sysfs_session_state(root, sid, text, sizeof(text)) < 0)
			return -ENODEV;
		return scsi_scan_host(root, host_no);
	}
	if (text[0] == '-')
		return -ENODEV;
	snprintf(what, sizeof(what), "0 %s -", text);
	return scan(root, host_no, what);
}

/* ---- every device of a session ---- */

static int write_device(const char *root, const struct sysfs_device *device, const char *attribute, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path),
		 "bus/scsi/devices/%" PRIu32 ":%" PRIu32 ":%" PRIu32 ":%" PRIu64 "/%s", device->host_no,
		 device->channel, device->target, device->lun, attribute);
	return sysfs_write(root, path, text);
}

static int write_devices(const char *root, uint32_t sid, const char *attribute, const char *text)
{
	struct sysfs_device *devices;
	size_t count, i;
	int error = sysfs_session_devices(root, sid, &devices, &count);

	if (error)
		return error == -ENOENT ? -ENODEV : error;
	for (i = 0; i < count; i++) {
		int failed = write_device(root, &devices[i], attribute, text);

		error = error ? error : failed;
	}
	free(devices);
	return error;
}

int scsi_set_queue_depth(const char *root, uint32_t sid, uint32_t depth)
{
	char text[16];

	if (depth < 1 || depth > 1024)
		return -EINVAL;
	snprintf(text, sizeof(text), "%" PRIu32, depth);
	return write_devices(root, sid, "queue_depth", text);
}

int scsi_rescan_devices(const char *root, uint32_t sid)
{
	return write_devices(root, sid, "rescan", "1");
}

int scsi_set_running(const char *root, uint32_t sid)
{
	struct sysfs_device *devices;
	size_t count, i;
	int error = sysfs_session_devices(root, sid, &devices, &count);

	if (error)
		return error == -ENOENT ? -ENODEV : error;
	for (i = 0; i < count; i++) {
		int failed;

		if (strcmp(devices[i].state, "offline") && strcmp(devices[i].state, "transport-offline"))
			continue;
		failed = write_device(root, &devices[i], "state", "running");
		error = error ? error : failed;
	}
	free(devices);
	return error;
}

int scsi_rescan_session(const char *root, uint32_t sid, uint32_t host_no)
{
	int rescanned = scsi_rescan_devices(root, sid);
	int scanned = scsi_scan_session(root, sid, host_no);

	return rescanned ? rescanned : scanned;
}

/* ---- block devices ---- */

/* Direct access, optical memory, simplified direct access and zoned disks belong to sd, CD drives to sr. */
static bool gets_block_device(const struct sysfs_device *device)
{
	return device->type == 0x00 || device->type == 0x05 || device->type == 0x07 || device->type == 0x0e ||
	       device->type == 0x14;
}

/* Block devices of the session, and in *ret_missing how many running disks do not have theirs yet. */
static int count_block_devices(const char *root, uint32_t sid, unsigned int *ret_missing)
{
	struct sysfs_device *devices;
	size_t count, i;
	int found = 0;
	int error = sysfs_session_devices(root, sid, &devices, &count);

	*ret_missing = 0;
	if (error)
		return error == -ENOENT ? -ENODEV : error;
	for (i = 0; i < count; i++) {
		if (!gets_block_device(&devices[i]))
			continue;
		if (devices[i].block[0])
			found++;
		else if (devices[i].state[0] == 'r') /* running */
			++*ret_missing;
	}
	free(devices);
	return found;
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void sleep_ms(unsigned int ms)
{
	struct timespec pause = { .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 };

	nanosleep(&pause, NULL);
}

int scsi_wait_block_devices(const char *root, uint32_t sid, uint32_t timeout_ms)
{
	uint64_t end = now_ms() + timeout_ms;
	unsigned int pause = POLL_FIRST_MS, missing;
	int found = count_block_devices(root, sid, &missing);

	while (found >= 0 && missing && now_ms() < end) {
		sleep_ms(pause);
		pause = pause * 2 < POLL_LAST_MS ? pause * 2 : POLL_LAST_MS;
		found = count_block_devices(root, sid, &missing);
	}
	return found;
}
