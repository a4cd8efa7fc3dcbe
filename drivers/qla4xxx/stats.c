// SPDX-License-Identifier: GPL-2.0-only
/*
 * The counters that the firmware keeps, of the port and of each session, as the class hands them to user space. Nothing is counted here.
 */
#include <linux/slab.h>

#include "drivers/qla4xxx/field.h"
#include "drivers/qla4xxx/session.h"

#define BUFFER_SIZE	4096	/* what the firmware is told; it fills ISP_STATS_SIZE of it */
#define PORT		0	/* entry whose counters contain the port's */

/* The port's counters are the kernel's, in the same order. */
static_assert(offsetof(struct iscsi_offload_host_stats, mactx_frames) == 0);
static_assert(offsetof(struct iscsi_offload_host_stats, iptx_packets) == 0x100);
static_assert(offsetof(struct iscsi_offload_host_stats, ipv6tx_packets) == 0x160);
static_assert(offsetof(struct iscsi_offload_host_stats, tcptx_segments) == 0x1c0);
static_assert(offsetof(struct iscsi_offload_host_stats, iscsi_pdu_tx) == 0x240);
static_assert(offsetofend(struct iscsi_offload_host_stats, iscsi_sequence_error) == 0x290);

/* kfree() it; NULL: there are none. */
static void *stats_read(struct qla_host *host, u16 ddb)
{
	u32 regs[ISP_MAILBOXES] = { 0, ddb, 0, 0, BUFFER_SIZE };
	void *buffer = kzalloc(BUFFER_SIZE, GFP_NOIO);

	if (!buffer)
		return NULL;
	if (!mailbox_transfer(host, ISP_MBOX_GET_MANAGEMENT_DATA, regs, 2, buffer, BUFFER_SIZE, DMA_FROM_DEVICE))
		return buffer;
	kfree(buffer);
	return NULL;
}

#define COUNT(_member, _id)	{ offsetof(struct iscsi_stats, _member), ISP_STATISTICS_ROW_##_id }

static const struct count { u16 offset; enum isp_row row; } counts[] = {
	COUNT(noptx_pdus, TX_NOP_OUT),
	COUNT(scsicmd_pdus, TX_SCSI_COMMAND),
	COUNT(tmfcmd_pdus, TX_TASK_MANAGEMENT),
	COUNT(login_pdus, TX_LOGIN),
	COUNT(text_pdus, TX_TEXT),
	COUNT(dataout_pdus, TX_DATA_OUT),
	COUNT(logout_pdus, TX_LOGOUT),
	COUNT(snack_pdus, TX_SNACK),
	COUNT(noprx_pdus, RX_NOP_IN),
	COUNT(scsirsp_pdus, RX_SCSI_RESPONSE),
	COUNT(tmfrsp_pdus, RX_TASK_MANAGEMENT),
	COUNT(textrsp_pdus, RX_TEXT),
	COUNT(datain_pdus, RX_DATA_IN),
	COUNT(logoutrsp_pdus, RX_LOGOUT),
	COUNT(r2t_pdus, RX_R2T),
	COUNT(async_pdus, RX_ASYNC),
	COUNT(rjt_pdus, RX_REJECT),
	COUNT(timeout_err, CONNECTION_TIMEOUTS),
};

void stats_get(struct iscsi_cls_conn *cls, struct iscsi_stats *stats)
{
	struct qla_session *session = session_of(iscsi_conn_to_session(cls));
	void *buffer = stats_read(session->host, session->ddb);
	unsigned int i;

	stats->custom_length = 0;
	if (!buffer)
		return;
	stats->txdata_octets = field_get(ISP_STATISTICS_ROW_TX_OCTETS, buffer);
	stats->rxdata_octets = field_get(ISP_STATISTICS_ROW_RX_OCTETS, buffer);
	stats->digest_err = field_get(ISP_STATISTICS_ROW_HEADER_DIGEST_ERRORS, buffer) +
			    field_get(ISP_STATISTICS_ROW_DATA_DIGEST_ERRORS, buffer);
	for (i = 0; i < ARRAY_SIZE(counts); i++)
		*(u32 *)((u8 *)stats + counts[i].offset) = field_get(counts[i].row, buffer);
	kfree(buffer);
}

int stats_get_host(struct Scsi_Host *shost, char *to, int bytes)
{
	struct iscsi_offload_host_stats *stats = (struct iscsi_offload_host_stats *)to;
	u64 *numbers = (u64 *)to;
	const __le64 *counters;
	unsigned int i;

	if (bytes < sizeof(*stats))
		return -EINVAL;
	counters = stats_read(host_of(shost), PORT);
	if (!counters)
		return -EIO;
	for (i = 0; i < offsetofend(struct iscsi_offload_host_stats, iscsi_sequence_error) / sizeof(*numbers); i++)
		numbers[i] = le64_to_cpu(counters[i]);
	stats->custom_length = 0;
	kfree(counters);
	return 0;
}
