/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What iscsid.conf says of the iface manager, read at one gate by iscsid and iscsiadm.
 *
 *   iface.nics        which NICs get an iface (iface/nics.h); none
 *   iface.bind        for ifaces made by the manager: never, reachable or always; reachable. Those of HBAs get it only if it is set,
 *                     or else they are left to whoever names them, as they always were
 *   iface.fast_fail   for them: seconds I/O is held when the port itself is lost; 0. -1: as long as recovery_tmo
 *   iface.flap_max    losses within iface.flap_window seconds until a port is held back; 5 in 60. 0: never
 *   iface.flap_hold   seconds such a port must be steady before sessions use it again; 10, doubled each time up to 16-fold
 */
#ifndef OPENHBA_IFACE_POLICY_H
#define OPENHBA_IFACE_POLICY_H

#include "iface/nics.h"
#include "lib/conf.h"

enum bind_policy { BIND_UNSET, BIND_NEVER, BIND_REACHABLE, BIND_ALWAYS };	/* UNSET: not the manager's, bound as scripts expect */

#define FAST_FAIL_OFF (-1)

struct policy {
	struct nics *nics;
	enum bind_policy bind;
	int fast_fail;			/* seconds, or FAST_FAIL_OFF */
	bool says_bind, says_fast_fail;	/* the file does: then the two count for ifaces of HBAs as well */
	unsigned int flap_max, flap_window_sec, flap_hold_sec;
};

/*
 * What is refused keeps its default. Refused values were complained of by conf_load() but for the patterns of iface.nics, which are
 * looked at here: complain (may be NULL) gets name, value, line 0 and the error, and policy_explain() says why. -ENOMEM.
 */
int policy_read(const struct conf *conf, record_complaint_fn *complain, void *data, struct policy *ret_policy);

/* Why a value of iface.nics was refused, as a sentence that names the pattern; "iface.nics: " alone for one that is not. */
void policy_explain(const char *value, struct text *ret_sentence);
void policy_done(struct policy *policy);	/* an all-zero one is fine */

const char *policy_bind_word(enum bind_policy bind);	/* "" for BIND_UNSET */

/* iface.bind and iface.fast_fail of an iface (or node) record. */
enum bind_policy policy_bind_of(const struct record *iface);
int policy_fast_fail_of(const struct record *iface);	/* FAST_FAIL_OFF where it says nothing */
bool policy_is_managed(const struct record *iface);	/* iface.bind is set: the manager binds it by itself */

#endif
