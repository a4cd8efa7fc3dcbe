// SPDX-License-Identifier: GPL-2.0-only OR GPL-3.0-or-later
/*
 * The table of ddb_state.h. Events may be late: one of an earlier login comes while the next is under way, or while we log out; they may
 * come twice, and the firmware may tell a state that is none.
 */
#include <linux/kernel.h>

#include "drivers/qla4xxx/ddb_state.h"

#define UP	(BIT(ISP_DDB_ACTIVE) | BIT(ISP_DDB_DISCOVERY))
#define DOWN	(BIT(ISP_DDB_UNASSIGNED) | BIT(ISP_DDB_NO_CONNECTION) | BIT(ISP_DDB_NO_SESSION) | BIT(ISP_DDB_FAILED))
#define WAY_IN	BIT(ISP_DDB_LOGIN)
#define WAY_OUT	BIT(ISP_DDB_LOGGING_OUT)

/* The first row that fits. stays: what is told is older than what we did since. */
static const struct { u16 from, told; bool stays; enum ddb_meaning meaning; } rows[] = {
	{ WAY_OUT, DOWN, false, DDB_OUT },
	{ WAY_OUT, UP | WAY_IN | WAY_OUT, true, DDB_NOTHING },
	{ WAY_IN, UP, false, DDB_UP },
	{ WAY_IN, DOWN, false, DDB_REFUSED },
	{ WAY_IN, WAY_OUT | WAY_IN, true, DDB_NOTHING },
	{ DOWN, UP, false, DDB_UP },
	{ BIT(ISP_DDB_NO_CONNECTION) | BIT(ISP_DDB_FAILED), BIT(ISP_DDB_FAILED), false, DDB_REFUSED },
	{ DOWN, DOWN | WAY_IN | WAY_OUT, false, DDB_NOTHING },
	{ UP, DOWN, false, DDB_LOST },
	{ UP, UP, false, DDB_NOTHING },
	{ UP, WAY_IN | WAY_OUT, true, DDB_NOTHING },
};

enum ddb_meaning ddb_told(enum isp_ddb_state from, unsigned int told, enum isp_ddb_state *ret_state)
{
	unsigned int i;

	*ret_state = from;
	if (told > ISP_DDB_LOGIN)
		return DDB_NOTHING;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		if (!(rows[i].from & BIT(from)) || !(rows[i].told & BIT(told)))
			continue;
		if (!rows[i].stays)
			*ret_state = told;
		return rows[i].meaning;
	}
	return DDB_NOTHING;
}

const char *ddb_state_name(unsigned int state)
{
	static const char * const names[] = {
		[ISP_DDB_UNASSIGNED] = "unassigned",
		[ISP_DDB_NO_CONNECTION] = "no connection",
		[ISP_DDB_DISCOVERY] = "discovery",
		[ISP_DDB_NO_SESSION] = "no session",
		[ISP_DDB_ACTIVE] = "active",
		[ISP_DDB_LOGGING_OUT] = "logging out",
		[ISP_DDB_FAILED] = "failed",
		[ISP_DDB_LOGIN] = "login",
	};

	return state < ARRAY_SIZE(names) ? names[state] : "unknown";
}
