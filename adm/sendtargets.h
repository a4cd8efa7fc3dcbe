/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The network part of a discovery: asks one portal through each of several ifaces, side by side, with retries. Touches no
 * store; what was found is the caller's.
 */
#ifndef OPENHBA_ADM_SENDTARGETS_H
#define OPENHBA_ADM_SENDTARGETS_H

#include "adm/adm.h"
#include "adm/bindings.h"
#include "lib/sendtargets.h"

enum sendtargets_stored { STORED_KEPT, STORED_NEW, STORED_UPDATED };

/* What was asked through one iface, and what came back; after bindings_apply() what the iface is bound to. */
struct sendtargets_run {
	struct record iface;		/* owned */
	struct sendtargets_list list;	/* owned; empty where err is not SUCCESS */
	const struct sendtargets_entry **sorted;	/* owned; what was offered, for whoever searches it, NULL until then */
	size_t sorted_count;
	unsigned char *stored;		/* owned; per entry what became of its record, enum sendtargets_stored; NULL: nothing is stored */
	enum iscsi_err err;
	bool is_managed;		/* bound by reachability (bindings.h) */
	bool only_asks;			/* a way for the question, bound to nothing */
};

struct sendtargets_runs {
	struct sendtargets_run *runs;
	size_t count;
	struct bindings bindings;
	struct sendtargets_list reported;	/* by whatever iface; filled by bindings_apply() */
	struct sendtargets_list unbound;	/* those of them that no iface is bound to */
};

/*
 * The ifaces a discovery goes through: those of -I, else every stored one of a software transport, else `default`. What cannot
 * be used is printed and left out; none left is NO_OBJS_FOUND.
 */
enum iscsi_err sendtargets_prepare(struct adm *adm, struct sendtargets_runs *ret_runs);
void sendtargets_runs_done(struct sendtargets_runs *runs);
struct sendtargets_run *sendtargets_runs_add(struct sendtargets_runs *runs, const struct record *iface);	/* NULL: no memory */
void sendtargets_run_done(struct sendtargets_run *run);

/*
 * Runs the discovery of the record (RECORD_SENDTARGETS) through all ifaces. SUCCESS if at least one got an answer; the first error
 * of them otherwise. Failures are printed as they come.
 */
enum iscsi_err sendtargets_ask(struct adm *adm, const struct record *discovery, struct sendtargets_runs *runs);

#endif
