/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The objects of one kind that a host has, found by their names in a folder of sysfs: flashnodes, network entities of its ports. */
#ifndef OPENHBA_TRANSPORT_USER_LISTING_H
#define OPENHBA_TRANSPORT_USER_LISTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct listing {
	const char *folder;	/* below the root */
	size_t item_bytes;
	/* Is name one of this host's objects? Then *ret_item is filled; it is zeros before. */
	bool (*parse)(const char *name, uint32_t host_no, void *ret_item);
	int (*compare)(const void *a, const void *b);	/* as for qsort(3) */
};

/* *ret is malloc()ed and sorted, NULL if there are none, as where the folder is not there. A negative errno: nothing to free. */
int listing_read(const struct listing *listing, const char *root, uint32_t host_no, void **ret, size_t *ret_count);

#endif
