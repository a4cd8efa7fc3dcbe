/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A conversation with an iSNS server (lib/isns_call) inside the event loop. Used by iscsid and by the emulated HBA. */
#ifndef OPENHBA_LIB_ISNS_TALK_H
#define OPENHBA_LIB_ISNS_TALK_H

#include "lib/isns_call.h"

struct loop;
struct isns_talk;

/* The conversation is over, well or not; call is borrowed. The talk frees itself afterwards. */
typedef void isns_talk_fn(struct isns_call *call, void *data);

/* fn is called once, from the loop, never from within this. Strings in settings are borrowed until
 * then. NULL: ENOMEM. */
struct isns_talk *isns_talk_start(struct loop *loop, const struct isns_call_settings *settings,
				  isns_talk_fn *fn, void *data);
void isns_talk_cancel(struct isns_talk *talk); /* NULL is fine; fn will not be called */

#endif
