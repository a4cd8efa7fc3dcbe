/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reads a folder of sysfs into a sorted array. Called by what lists objects of adapters; what a name means is for the caller, and no
 * attribute is read here.
 */
#include "transport/user/listing.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int collect(const struct listing *listing, DIR *stream, uint32_t host_no, char **items, size_t *count)
{
	const struct dirent *entry;

	while ((entry = readdir(stream))) {
		char *grown = reallocarray(*items, *count + 1, listing->item_bytes), *item;

		if (!grown)
			return -ENOMEM;
		*items = grown;
		item = grown + *count * listing->item_bytes;
		memset(item, 0, listing->item_bytes);
		*count += listing->parse(entry->d_name, host_no, item);
	}
	return 0;
}

int listing_read(const struct listing *listing, const char *root, uint32_t host_no, void **ret, size_t *ret_count)
{
	char path[PATH_MAX], *items = NULL;
	size_t count = 0;
	DIR *stream;
	int error;

	*ret = NULL;
	*ret_count = 0;
	snprintf(path, sizeof(path), "%s/%s", root, listing->folder);
	stream = opendir(path);
	if (!stream)
		return errno == ENOENT ? 0 : -errno;
	error = collect(listing, stream, host_no, &items, &count);
	closedir(stream);
	if (error || !count) {
		free(items);
		return error;
	}
	qsort(items, count, listing->item_bytes, listing->compare);
	*ret = items;
	*ret_count = count;
	return 0;
}
