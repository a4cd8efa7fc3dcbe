/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Lists the network entities of HBA ports by the names of their objects in sysfs, and reads their attributes. Called by the iface
 * manager and by iscsiadm's host mode. What an attribute means is for the caller.
 */
#include "transport/user/kernel_iface.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "transport/user/listing.h"
#include "transport/user/sysfs.h"

#define CLASS_PATH "class/iscsi_iface"

/* "ipv4-iface-HOST-NUMBER" and nothing behind. */
static bool parse_name(const char *name, uint32_t host_no, void *ret_iface)
{
	struct kernel_iface *iface = ret_iface;
	unsigned int family;

	if (sscanf(name, "ipv%1u-iface-%" SCNu32 "-%" SCNu32, &family, &iface->host_no, &iface->number) != 3 ||
	    (family != 4 && family != 6) || iface->host_no != host_no)
		return false;
	iface->is_v6 = family == 6;
	snprintf(iface->name, sizeof(iface->name), "ipv%u-iface-%" PRIu32 "-%" PRIu32, family, iface->host_no, iface->number);
	return !strcmp(name, iface->name);
}

static int compare(const void *a, const void *b)
{
	const struct kernel_iface *left = a, *right = b;

	if (left->is_v6 != right->is_v6)
		return left->is_v6 ? 1 : -1;
	return left->number < right->number ? -1 : left->number > right->number;
}

int kernel_iface_list(const char *root, uint32_t host_no, struct kernel_iface **ret, size_t *ret_count)
{
	static const struct listing listing = { CLASS_PATH, sizeof(**ret), parse_name, compare };
	void *items;
	int error = listing_read(&listing, root, host_no, &items, ret_count);

	*ret = items;
	return error;
}

void kernel_iface_read(const char *root, const struct kernel_iface *iface, const char *attribute, char *text, size_t room)
{
	char path[192];

	snprintf(path, sizeof(path), CLASS_PATH "/%s/%s", iface->name, attribute);
	if (sysfs_read(root, path, text, room) < 0)
		text[0] = '\0';
}
