/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The trees of records: Target, Portal, Iface Name. Prints a heading only where it differs from the key printed before. */
#ifndef OPENHBA_ADM_TREE_H
#define OPENHBA_ADM_TREE_H

#include "lib/records.h"

/*
 * Target: / Portal: / Iface Name:. before: the key printed just before, NULL at the start. repeat: print the portal again for
 * each further iface, as `-m node -P 1` does. A key without iface gets no line of it.
 */
void tree_node(const struct node_key *before, const struct node_key *key, bool repeat);

/* Below `Iface: name`: Target: / Portal:, one tab deeper. */
void tree_binding(const struct node_key *before, const struct node_key *key);

#endif
