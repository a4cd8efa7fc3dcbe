/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Names of disks beside the kernel's: the by-path links of udev, read once per command and searched by device, and the wwid of
 * sysfs. Called by what shows sessions. Never opens a device.
 */
#include "adm/disk.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct link {
	char *path;
	char name[32];		/* of the device */
};

struct disk_paths {
	struct link *links;
	size_t count, size;
};

static struct link *more(struct disk_paths *paths)
{
	if (paths->count == paths->size) {
		size_t size = paths->size ? 2 * paths->size : 64;
		struct link *links = reallocarray(paths->links, size, sizeof(*links));

		if (!links)
			return NULL;
		paths->links = links;
		paths->size = size;
	}
	return &paths->links[paths->count];
}

/* false: no memory. What is no link to a device is passed over. */
static bool add(struct disk_paths *paths, const char *folder, const char *name)
{
	char target[PATH_MAX], *path;
	struct link *link = more(paths);
	const char *device;
	ssize_t len;

	if (!link || asprintf(&path, "%s/%s", folder, name) < 0)
		return false;
	len = readlink(path, target, sizeof(target) - 1);
	target[len > 0 ? len : 0] = '\0';
	device = strrchr(target, '/');
	if (!device || strlen(device + 1) >= sizeof(link->name)) {
		free(path);
		return true;
	}
	link->path = path;
	snprintf(link->name, sizeof(link->name), "%.31s", device + 1);
	paths->count++;
	return true;
}

static int by_name(const void *left, const void *right)
{
	const struct link *a = left, *b = right;
	int order = strcmp(a->name, b->name);

	return order ? order : strcmp(a->path, b->path);
}

struct disk_paths *disk_paths_new(void)
{
	struct disk_paths *paths = calloc(1, sizeof(*paths));
	const char *dev = getenv(DISK_DEV_ENV);
	struct dirent *entry;
	char folder[PATH_MAX];
	bool good = paths;
	DIR *stream;

	snprintf(folder, sizeof(folder), "%s/disk/by-path", dev && *dev ? dev : "/dev");
	stream = good ? opendir(folder) : NULL;
	while (good && stream && (entry = readdir(stream)))
		good = *entry->d_name == '.' || add(paths, folder, entry->d_name);
	if (stream)
		closedir(stream);
	if (!good) {
		disk_paths_free(paths);
		return NULL;
	}
	if (paths->count)
		qsort(paths->links, paths->count, sizeof(*paths->links), by_name);
	return paths;
}

void disk_paths_free(struct disk_paths *paths)
{
	for (size_t i = 0; paths && i < paths->count; i++)
		free(paths->links[i].path);
	if (paths)
		free(paths->links);
	free(paths);
}

/* Several links to one device: the first by name. */
const char *disk_path(const struct disk_paths *paths, const char *name)
{
	size_t low = 0, high = paths->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(paths->links[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < paths->count && !strcmp(paths->links[low].name, name) ? paths->links[low].path : NULL;
}

void disk_wwid(const char *sysfs, uint32_t sid, const struct sysfs_device *device, char wwid[DISK_WWID_MAX])
{
	char path[160];

	snprintf(path, sizeof(path), "class/iscsi_session/session%u/device/target%u:%u:%u/%u:%u:%u:%llu/wwid", sid, device->host_no,
		 device->channel, device->target, device->host_no, device->channel, device->target, (unsigned long long)device->lun);
	if (sysfs_read(sysfs, path, wwid, DISK_WWID_MAX) < 0)
		wwid[0] = '\0';
}
