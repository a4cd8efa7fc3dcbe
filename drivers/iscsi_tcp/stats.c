// SPDX-License-Identifier: GPL-2.0-only
/*
 * The counters of a connection as GET_STATS tells them. They go on over a new login, as does CmdSN: user space learns the next CmdSN of a
 * session from its first one and scsicmd_pdus, so both advance at one place only (tx.c).
 */
#include <linux/string.h>

#include "drivers/iscsi_tcp/ops.h"

/* Both begin alike, so that no counter is written down a third time. */
static_assert(offsetof(struct tcp_counts, noptx_pdus) == offsetof(struct iscsi_stats, noptx_pdus));
static_assert(offsetof(struct tcp_counts, noprx_pdus) == offsetof(struct iscsi_stats, noprx_pdus));
static_assert(offsetof(struct tcp_counts, timeout_err) == offsetof(struct iscsi_stats, timeout_err));
static_assert(offsetof(struct tcp_counts, tx_sendpage_failures) == offsetof(struct iscsi_stats, custom_length));

static void stats_custom(struct iscsi_stats *stats, const char *name, u64 value)
{
	struct iscsi_stats_custom *custom = &stats->custom[stats->custom_length++];

	strscpy(custom->desc, name, sizeof(custom->desc));
	custom->value = value;
}

static void stats_copy(const struct tcp_counts *counts, struct iscsi_stats *stats)
{
	memcpy(stats, counts, offsetof(struct iscsi_stats, custom_length));
	stats->custom_length = 0;
	stats_custom(stats, "tx_sendpage_failures", counts->tx_sendpage_failures);
	stats_custom(stats, "rx_discontiguous_hdr", counts->rx_discontiguous_hdr);
	stats_custom(stats, "eh_abort_cnt", counts->eh_abort_cnt);
}

void stats_get(struct iscsi_cls_conn *cls, struct iscsi_stats *stats)
{
	struct tcp_conn *conn = conn_of(cls);
	struct sock *sk = conn_lock(conn);

	/* Without a socket nobody counts. */
	stats_copy(&conn->stats, stats);
	if (sk)
		conn_unlock(sk);
}
