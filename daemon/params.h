/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the kernel is told about a connection it is handed: one row per parameter, in the order they
 * are sent. */
#ifndef OPENHBA_DAEMON_PARAMS_H
#define OPENHBA_DAEMON_PARAMS_H

#include <stddef.h>
#include <stdint.h>

#include "lib/record.h"
#include "transport/abi/params.h"

struct login_outcome;
struct request_batch;
struct session;

enum param_source {
	PARAM_FROM_BOOL,      /* a bool of struct negotiated */
	PARAM_FROM_U32,	      /* a number of struct negotiated */
	PARAM_FROM_NUMBER,    /* a number or yes/no of the record */
	PARAM_FROM_PING,      /* the same, but 0 where the card pings by itself */
	PARAM_FROM_TEXT,      /* a text of the record */
	PARAM_FROM_CHAP,      /* the same, only if CHAP is used and it is not empty */
	PARAM_FROM_STATSN,    /* the next StatSN */
	PARAM_FROM_TPGT,      /* the target's word, else the record's */
	PARAM_FROM_INITIATOR, /* the initiator name in use */
	PARAM_FROM_ISID,      /* the session's, for a kernel that refuses it twice */
	PARAM_FROM_IFACE,     /* the iface's name */
	PARAM_FROM_NOTHING,   /* 0 */
	PARAM_FROM_BOOT,      /* a text of struct boot_place, if the firmware booted from it */
};

struct param_source_row {
	enum iscsi_param param;
	enum param_source source;
	size_t place; /* offset in struct negotiated or boot_place, or enum field */
};

extern const struct param_source_row params_rows[];
extern const size_t params_row_count;

/* Adds a SET_PARAM for each row that applies. */
void params_add(struct request_batch *batch, const struct session *session,
		const struct login_outcome *outcome, uint32_t exp_statsn);

/* The same in two parts, for drivers that carry the login: what is known before it, and what it has
 * agreed on. */
void params_add_known(struct request_batch *batch, const struct session *session);
void params_add_agreed(struct request_batch *batch, const struct session *session,
		       const struct login_outcome *outcome, uint32_t exp_statsn);

#endif
