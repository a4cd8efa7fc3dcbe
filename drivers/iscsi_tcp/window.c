// SPDX-License-Identifier: GPL-2.0-only OR GPL-3.0-or-later
/*
 * The window of commands of a session (RFC 7143 4.2.2.1): which CmdSN comes next, and how far the target lets us go. tx.c takes numbers
 * at the moment a request is sent, so that they never have holes; rx.c brings the target's answers. No lock: the connections of a session
 * meet here by compare and exchange. Pure: also built into test programs of user space.
 */
#include "drivers/iscsi_tcp/wire.h"

void window_begin(struct tcp_window *window)
{
	WRITE_ONCE(window->exp_cmdsn, window->cmdsn);
	WRITE_ONCE(window->max_cmdsn, window->cmdsn);
}

bool window_open(const struct tcp_window *window)
{
	return !sn_before(READ_ONCE(window->max_cmdsn), READ_ONCE(window->cmdsn));
}

bool window_take(struct tcp_window *window, u32 *ret_cmdsn)
{
	u32 cmdsn = READ_ONCE(window->cmdsn);

	do {
		if (sn_before(READ_ONCE(window->max_cmdsn), cmdsn))
			return false;
	} while (!try_cmpxchg(&window->cmdsn, &cmdsn, cmdsn + 1));
	*ret_cmdsn = cmdsn;
	return true;
}

/* Numbers only grow: answers on two connections may overtake each other. */
static bool sn_raise(u32 *sn, u32 to)
{
	u32 from = READ_ONCE(*sn);

	do {
		if (!sn_before(from, to))
			return false;
	} while (!try_cmpxchg(sn, &from, to));
	return true;
}

bool window_update(struct tcp_window *window, u32 exp_cmdsn, u32 max_cmdsn)
{
	/* RFC 7143 4.2.2.1: if MaxCmdSN is less than ExpCmdSN - 1, both are ignored. */
	if (unlikely(sn_before(max_cmdsn, exp_cmdsn - 1)))
		return false;
	sn_raise(&window->exp_cmdsn, exp_cmdsn);
	return sn_raise(&window->max_cmdsn, max_cmdsn);
}
