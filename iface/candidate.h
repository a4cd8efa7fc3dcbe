/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which of several NICs an iface means by a MAC address: one rule for pictures of ports (iface/auto.h) and for a login (iface_bind()).
 *
 *   iface.path not set    NICs that have the address, now or from their maker. The first of: no port of a bond, team or bridge; its
 *   (hand-made)           maker's before a borrowed one; on a bus before virtual (VLANs and bonds borrow addresses); the oldest.
 *   iface.path set        NICs on a bus that were made with the address. The one at that place; else, as places change when cards
 *   (by the manager)      are added, the first of: no port; the oldest. One that has its place in its name is only meant there.
 *
 * Nothing depends on what happens to be up, so that the choice is the same before and after a reboot.
 */
#ifndef OPENHBA_IFACE_CANDIDATE_H
#define OPENHBA_IFACE_CANDIDATE_H

#include <stdbool.h>

#include "lib/record.h"

#define IFACE_NAME_ROOM 65

struct candidate {
	unsigned int ifindex;
	const char *hwaddress;	/* the one in use */
	const char *permanent;	/* the one it was made with; "": unknown, or as hwaddress */
	const char *path;	/* its place on a bus; "": virtual */
	bool has_master;	/* other than a VRF */
};

/* What a record asks for. Borrows its texts. */
struct wish {
	const char *mac;	/* "": none */
	const char *path;	/* "": any */
	bool is_strict;		/* at path or nowhere */
};

void wish_of(const struct record *iface, struct wish *ret_wish);

bool candidate_fits(const struct candidate *candidate, const struct wish *wish);

/* Of two that fit, is it a that is meant? */
bool candidate_is_better(const struct candidate *a, const struct candidate *b, const struct wish *wish);

/* What stands for no value in a record: "", "default", an address of zeros. */
bool candidate_is_none(const char *value);

/* Names of ifaces the manager makes for NICs on a bus: tcp.MAC, and tcp.MAC.PATH where that is not enough (the end of a long path). */
void candidate_name(const char *mac, char name[IFACE_NAME_ROOM]);
void candidate_name_with_path(const char *mac, const char *path, char name[IFACE_NAME_ROOM]);

#endif
