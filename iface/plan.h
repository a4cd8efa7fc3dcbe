/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which bindings are missing, and making them: all targets against all ifaces in one pass and one store transaction.
 *
 * Sources are the portals that discoveries have reported: node records that a discovery made (node.discovery_type is neither static nor
 * fw), and portals it found that no iface could reach then (lib/records.h, found_*). A missing binding is a copy of what is known of the
 * portal (settings, secrets, startup) for the other iface: of the record of another managed iface, else what the discovery found, else
 * the record of `default`, else that of any iface. Nothing is removed, no record that is there is changed, and a binding that an
 * administrator took back (declined_*) is not made again.
 */
#ifndef OPENHBA_IFACE_PLAN_H
#define OPENHBA_IFACE_PLAN_H

#include "iface/verdict.h"
#include "lib/records.h"

struct plan {
	const char *dir, *iface_dir;		/* the store, the ifaces */
	const struct ifaces *ifaces;
	const struct ports *ports;
	struct reach *reach;
	/* Which ifaces to look at (NULL: all managed ones). Those whose port did not change have their bindings, or had them removed. */
	bool (*is_wanted)(const struct record *iface, void *data);
	/* Told of each record that was made, before it is committed. */
	void (*made)(const struct node_key *key, const struct verdict *verdict, void *data);
	void *data;
};

/*
 * The number of records made; nothing is written where it is 0, and then no lock was taken. As store_begin() and store_commit().
 * Blocks on the disk. Keys are walked; values are read only of portals that lack a binding they are to have.
 */
int plan_run(const struct plan *plan);

#endif
