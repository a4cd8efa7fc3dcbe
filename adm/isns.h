/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The network part of `-t isns`: one question to the server, its answer for every iface. Touches no store. */
#ifndef OPENHBA_ADM_ISNS_H
#define OPENHBA_ADM_ISNS_H

#include "adm/sendtargets.h"

/*
 * Asks the server of the record (RECORD_ISNS) for all targets; each of runs gets the same list. Prints what failed; NOMEM, TRANS (the
 * name does not resolve), TRANS_TIMEOUT, or as isns_call_error().
 */
enum iscsi_err isns_ask(struct adm *adm, const struct record *discovery, struct sendtargets_runs *runs);

#endif
