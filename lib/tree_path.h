/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The names inside an open-iscsi tree, taken apart and put together. No I/O. */
#ifndef OPENHBA_LIB_TREE_PATH_H
#define OPENHBA_LIB_TREE_PATH_H

#include <stdbool.h>

#include "lib/records.h"

#define TREE_LINK_MAX (NODE_KEY_TEXT_MAX + 16)

/* "ADDRESS,PORT,TPGT" or "ADDRESS,PORT" (tpgt unknown). -EINVAL. */
int tree_portal_parse(const char *name, struct portal *ret_portal);
const char *tree_portal_format(const struct portal *portal, char buffer[PORTAL_TEXT_MAX]);

/* "TARGET,ADDRESS,PORT,TPGT,IFACE". -EINVAL. */
int tree_link_parse(const char *name, struct node_key *ret_key);
const char *tree_link_format(const struct node_key *key, char buffer[TREE_LINK_MAX]);

#endif
