/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Decides which NIC an iface means by its MAC address and place. Called with facts that somebody else has gathered: iface/auto.c from a
 * picture, iface/bind.c from the kernel. Asks nobody anything.
 */
#include "iface/candidate.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define NO_MAC "00:00:00:00:00:00"

bool candidate_is_none(const char *value)
{
	return !*value || !strcmp(value, "default") || !strcmp(value, NO_MAC);
}

void candidate_name(const char *mac, char name[IFACE_NAME_ROOM])
{
	snprintf(name, IFACE_NAME_ROOM, "tcp.%.17s", mac);
}

/* A name has room for 42 bytes of the path. */
void candidate_name_with_path(const char *mac, const char *path, char name[IFACE_NAME_ROOM])
{
	size_t room, len = strlen(path);

	candidate_name(mac, name);
	room = IFACE_NAME_ROOM - 2 - strlen(name);
	snprintf(name + strlen(name), room + 2, ".%s", path + (len > room ? len - room : 0));
	for (char *slash = name; (slash = strchr(slash, '/'));)
		*slash = '-';
}

void wish_of(const struct record *iface, struct wish *ret_wish)
{
	const char *mac = record_text(iface, F_IFACE_HWADDRESS), *path = record_text(iface, F_IFACE_PATH);
	char name[IFACE_NAME_ROOM] = "";

	*ret_wish = (struct wish){ .mac = candidate_is_none(mac) ? "" : mac, .path = path };
	if (*path && *ret_wish->mac)
		candidate_name_with_path(mac, path, name);
	ret_wish->is_strict = *name && record_is(iface, F_IFACE_ISCSI_IFACENAME, name);
}

/* Was it made with the address? A virtual NIC that does not say so may have it from another one. */
static bool is_own(const struct candidate *candidate, const struct wish *wish)
{
	const char *own = *candidate->permanent ? candidate->permanent : *candidate->path ? candidate->hwaddress : "";

	return !strcasecmp(own, wish->mac);
}

static bool is_there(const struct candidate *candidate, const struct wish *wish)
{
	return !strcmp(candidate->path, wish->path);
}

bool candidate_fits(const struct candidate *candidate, const struct wish *wish)
{
	if (!*wish->mac)
		return false;
	if (*wish->path)
		return *candidate->path && is_own(candidate, wish) && (!wish->is_strict || is_there(candidate, wish));
	return is_own(candidate, wish) || !strcasecmp(candidate->hwaddress, wish->mac);
}

bool candidate_is_better(const struct candidate *a, const struct candidate *b, const struct wish *wish)
{
	if (*wish->path && is_there(a, wish) != is_there(b, wish))
		return is_there(a, wish);
	if (a->has_master != b->has_master)
		return b->has_master;
	if (is_own(a, wish) != is_own(b, wish))
		return is_own(a, wish);
	if (!*a->path != !*b->path)
		return *a->path;
	return a->ifindex < b->ifindex;
}
