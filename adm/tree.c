/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Trees of node records, for `-m node -P 1`, `-m iface -P 1` and the listings of discovery. Scripts parse them. */
#include "adm/tree.h"

#include <string.h>

#include "adm/print.h"

static bool same_portal(const struct node_key *a, const struct node_key *b)
{
	return !strcmp(a->portal.address, b->portal.address) && a->portal.port == b->portal.port && a->portal.tpgt == b->portal.tpgt;
}

void tree_node(const struct node_key *before, const struct node_key *key, bool repeat)
{
	bool same_target = before && !strcmp(before->target, key->target);
	char portal[PORTAL_TEXT_MAX];

	if (!same_target)
		print_line("Target: %s", key->target);
	if (repeat || !same_target || !same_portal(before, key))
		print_line("\tPortal: %s", print_portal(key->portal.address, key->portal.port, key->portal.tpgt, portal));
	if (*key->iface)
		print_line("\t\tIface Name: %s", key->iface);
}

void tree_binding(const struct node_key *before, const struct node_key *key)
{
	char portal[PORTAL_TEXT_MAX];

	if (!before || strcmp(before->target, key->target))
		print_line("\tTarget: %s", key->target);
	print_line("\t\tPortal: %s", print_portal(key->portal.address, key->portal.port, key->portal.tpgt, portal));
}
