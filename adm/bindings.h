/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where there are managed ifaces (iface.bind is set), what a discovery reported is bound by reachability, not by the way the question
 * went: through which ifaces it is asked, and which of the answers each iface is bound to. With -I none of this is used: those ifaces
 * are asked through and bound as told.
 */
#ifndef OPENHBA_ADM_BINDINGS_H
#define OPENHBA_ADM_BINDINGS_H

#include "adm/server.h"
#include "iface/binder.h"

struct sendtargets_runs;

struct bindings {
	struct ifaces ifaces;
	struct ports ports;
	struct reach *reach;
	struct binder *binder;		/* NULL: nothing is managed, or what is cannot be judged here */
};

/*
 * Takes ifaces (moves). Ports and routes are looked at only if one of them is managed; where they cannot be, that is printed, and
 * binder stays NULL. -ENOMEM. root is that of sysfs.
 */
int bindings_open(struct bindings *bindings, struct ifaces *ifaces, const char *root);
void bindings_done(struct bindings *bindings);	/* an all-zero one is fine */

/* The network that is asked is not the one we see: managed ifaces are bound to what is answered through them. */
void bindings_give_up(struct bindings *bindings);

/* May the question go through this iface? Unmanaged ones always; managed ones if one of the server's addresses is in reach. */
bool bindings_may_ask(const struct bindings *bindings, const struct record *iface, const struct server *server);

/*
 * After the answers: fills runs->reported with all that was reported through whatever iface, each portal once, and replaces the
 * runs of managed ifaces, and of the iface that only asked, by what each managed iface is bound to. runs->unbound is the rest.
 */
int bindings_apply(struct sendtargets_runs *runs);	/* -ENOMEM */

#endif
