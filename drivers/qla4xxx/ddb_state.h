/* SPDX-License-Identifier: GPL-2.0-only OR GPL-3.0-or-later */
/*
 * What an event of the firmware about an entry of its device database means: a table of where the entry stood for us, what is told of it,
 * and what follows. Pure; whoever holds an entry acts on the answer.
 */
#ifndef OPENHBA_QLA4XXX_DDB_STATE_H
#define OPENHBA_QLA4XXX_DDB_STATE_H

#include "transport/abi/isp4xxx.h"

enum ddb_meaning {
	DDB_NOTHING,	/* what we knew, or what does not concern us */
	DDB_UP,		/* logged in */
	DDB_REFUSED,	/* the login we asked for has failed */
	DDB_LOST,	/* it was logged in */
	DDB_OUT,	/* the logout we asked for is done */
};

/* told: as the chip wrote it, any number. *ret_state is where the entry stands from now on. */
enum ddb_meaning ddb_told(enum isp_ddb_state from, unsigned int told, enum isp_ddb_state *ret_state);

/* CLEAR_DDB is taken in this state. */
static inline int ddb_is_clearable(enum isp_ddb_state state)
{
	return state == ISP_DDB_UNASSIGNED || state == ISP_DDB_NO_CONNECTION || state == ISP_DDB_FAILED;
}

static inline int ddb_is_up(enum isp_ddb_state state)
{
	return state == ISP_DDB_ACTIVE || state == ISP_DDB_DISCOVERY;
}

const char *ddb_state_name(unsigned int state);	/* "unknown" for what is none */

#endif
