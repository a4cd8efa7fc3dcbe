// SPDX-License-Identifier: GPL-2.0-only OR GPL-3.0-or-later
/*
 * Which TCP acknowledgments of what a target sent may wait for the next command to carry them. Decides by what was seen of the connection:
 * whether the target sends short segments without waiting for anything, and whether waiting has cost time. Called by rx_skb.c, which knows
 * where TCP keeps its numbers; never touches the socket. Pure: also built into a test program of user space. Socket lock.
 *
 * TCP acknowledges the second of two short segments as soon as it was read, as their sender may be waiting for that (Nagle, RFC 1122
 * 4.2.3.4). But a target that was seen to send a short segment while one before it was not acknowledged does not wait: it learns of both
 * from the next command. Not too many, or a small congestion window of its fills up.
 */
#include "drivers/iscsi_tcp/wire.h"

#define ACKS_SHORT_BYTES	256u	/* no path has segments that small: its sender had no more to say */
#define ACKS_PAIRS_MAX		3	/* waiting, and two more segments: fewer than the ten of a first congestion window */

void acks_learn(struct tcp_acks *acks, u32 received, u32 acked)
{
	u32 bytes = received - acks->received;

	if (bytes && bytes <= ACKS_SHORT_BYTES) {
		acks->target_pushes = acks->short_seen && !sn_before(acks->short_begin, acked);
		acks->short_seen = true;
		acks->short_begin = acks->received;
	}
	acks->received = received;
}

bool acks_may_wait(struct tcp_acks *acks, bool interactive, unsigned long now)
{
	/* An acknowledgment waited until TCP's timer sent it, and nothing came meanwhile. */
	if (unlikely(acks->interactive && !interactive && acks->expecting))
		acks->wait_from = now + HZ;
	acks->interactive = interactive;
	return interactive && !time_before(now, acks->wait_from);
}

bool acks_pair_waits(struct tcp_acks *acks, u32 acked)
{
	if (!acks->target_pushes)
		return false;
	if (acks->acked != acked) {
		acks->acked = acked;
		acks->pairs = 0;
	}
	if (acks->pairs == ACKS_PAIRS_MAX)
		return false;
	acks->pairs++;
	return true;
}
