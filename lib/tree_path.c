/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * File names of an open-iscsi tree. They are read from the right, because only the target's name in front is free text: numbers
 * are checked here, and nothing that passes holds a '/'.
 */
#include "lib/tree_path.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/name.h"

/* Cuts the number behind the last comma off the text. */
static int cut_number(char *text, long min, long max, int *ret_number)
{
	char *comma = strrchr(text, ','), *end;
	long number;

	if (!comma || !comma[1])
		return -EINVAL;
	errno = 0;
	number = strtol(comma + 1, &end, 10);
	if (errno || *end || number < min || number > max)
		return -EINVAL;
	*comma = '\0';
	*ret_number = (int)number;
	return 0;
}

static int take_address(const char *text, struct portal *portal)
{
	size_t len = strlen(text);

	if (!len || len > PORTAL_ADDRESS_MAX || strpbrk(text, ", \t/"))
		return -EINVAL;
	memcpy(portal->address, text, len + 1);
	return 0;
}

int tree_portal_parse(const char *name, struct portal *ret_portal)
{
	char text[PORTAL_TEXT_MAX];
	const char *comma = strchr(name, ',');
	int error = 0;

	if (strlen(name) >= sizeof(text))
		return -EINVAL;
	memcpy(text, name, strlen(name) + 1);
	ret_portal->tpgt = PORTAL_TPGT_NONE;
	if (comma && strchr(comma + 1, ','))
		error = cut_number(text, PORTAL_TPGT_NONE, 65535, &ret_portal->tpgt);
	if (!error)
		error = cut_number(text, 1, 65535, &ret_portal->port);
	return error ? error : take_address(text, ret_portal);
}

const char *tree_portal_format(const struct portal *portal, char buffer[PORTAL_TEXT_MAX])
{
	if (portal->tpgt == PORTAL_TPGT_NONE)
		snprintf(buffer, PORTAL_TEXT_MAX, "%s,%d", portal->address, portal->port);
	else
		snprintf(buffer, PORTAL_TEXT_MAX, "%s,%d,%d", portal->address, portal->port, portal->tpgt);
	return buffer;
}

int tree_link_parse(const char *name, struct node_key *ret_key)
{
	char text[TREE_LINK_MAX];
	char *comma;

	if (strlen(name) >= sizeof(text))
		return -EINVAL;
	memcpy(text, name, strlen(name) + 1);
	comma = strrchr(text, ',');
	if (!comma || !name_is_iface(comma + 1))
		return -EINVAL;
	snprintf(ret_key->iface, sizeof(ret_key->iface), "%s", comma + 1);
	*comma = '\0';
	if (cut_number(text, PORTAL_TPGT_NONE, 65535, &ret_key->portal.tpgt) || cut_number(text, 1, 65535, &ret_key->portal.port))
		return -EINVAL;
	comma = strrchr(text, ',');
	if (!comma || take_address(comma + 1, &ret_key->portal))
		return -EINVAL;
	*comma = '\0';
	if (!name_is_storable(text) || strlen(text) > NODE_TARGET_MAX)
		return -EINVAL;
	memcpy(ret_key->target, text, strlen(text) + 1);
	return 0;
}

const char *tree_link_format(const struct node_key *key, char buffer[TREE_LINK_MAX])
{
	snprintf(buffer, TREE_LINK_MAX, "%s,%s,%d,%d,%s", key->target, key->portal.address, key->portal.port, key->portal.tpgt,
		 key->iface);
	return buffer;
}
