/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The listings of discovery: of stored records, and of what a discovery has found. */
#ifndef OPENHBA_ADM_DISCOVERY_LIST_H
#define OPENHBA_ADM_DISCOVERY_LIST_H

#include "adm/adm.h"
#include "adm/sendtargets.h"

/* Without a type: records, with what they found from print level 1 on. NO_OBJS_FOUND without a word if there is nothing. */
enum iscsi_err discovery_list_records(struct adm *adm);

/* One record: all of it. */
void discovery_emit_record(struct adm *adm, struct record *discovery);

/* The answers, one line per portal and iface, or the tree from print level 1 on. */
void discovery_list_found(const struct sendtargets_runs *runs, long level);

#endif
