/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The iSCSI part of the management data: which counter of the initiators is which field. Totals of the port (its entries', and what
 * was cleared since) and the counters of one entry.
 */
#include <stddef.h>
#include <string.h>

#include "lib/isp4xxx.h"
#include "tests/hba/session.h"

struct row {
	enum isp4xxx_row field;
	size_t counter; /* offset in struct initiator_counters */
};

#define ROW(id, counter) {ISP4XXX_STATISTICS_##id, offsetof(struct initiator_counters, counter)}

static const struct row port_rows[] = {
	ROW(ISCSI_TX_PDUS, pdus_tx),
	ROW(ISCSI_TX_BYTES, data_bytes_tx),
	ROW(ISCSI_RX_PDUS, pdus_rx),
	ROW(ISCSI_RX_BYTES, data_bytes_rx),
	ROW(ISCSI_COMPLETED, ios_completed),
	ROW(ISCSI_UNEXPECTED, unexpected_rx),
	ROW(ISCSI_FORMAT_ERRORS, format_errors),
	ROW(ISCSI_HEADER_DIGEST_ERRORS, header_digest_errors),
	ROW(ISCSI_DATA_DIGEST_ERRORS, data_digest_errors),
	ROW(ISCSI_SEQUENCE_ERRORS, sequence_errors),
};

static const struct row session_rows[] = {
	ROW(TX_COMMANDS, tx_scsi_command),
	ROW(RX_RESPONSES, rx_scsi_response),
	ROW(TX_OCTETS, data_bytes_tx),
	ROW(RX_OCTETS, data_bytes_rx),
	ROW(HEADER_DIGEST_ERRORS, header_digest_errors),
	ROW(DATA_DIGEST_ERRORS, data_digest_errors),
	ROW(CONNECTION_TIMEOUTS, connection_timeouts),
	ROW(FRAMING_ERRORS, format_errors),
	ROW(TX_NOP_OUT, tx_nop_out),
	ROW(TX_SCSI_COMMAND, tx_scsi_command),
	ROW(TX_TASK_MANAGEMENT, tx_task),
	ROW(TX_LOGIN, tx_login),
	ROW(TX_TEXT, tx_text),
	ROW(TX_DATA_OUT, tx_data_out),
	ROW(TX_LOGOUT, tx_logout),
	ROW(TX_SNACK, tx_snack),
	ROW(RX_NOP_IN, rx_nop_in),
	ROW(RX_SCSI_RESPONSE, rx_scsi_response),
	ROW(RX_TASK_MANAGEMENT, rx_task),
	ROW(RX_LOGIN, rx_login),
	ROW(RX_TEXT, rx_text),
	ROW(RX_DATA_IN, rx_data_in),
	ROW(RX_LOGOUT, rx_logout),
	ROW(RX_R2T, rx_r2t),
	ROW(RX_ASYNC, rx_async),
	ROW(RX_REJECT, rx_reject),
};

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static uint64_t counter(const struct initiator_counters *counters, size_t offset)
{
	uint64_t value;

	memcpy(&value, (const char *)counters + offset, sizeof(value));
	return value;
}

static void add(struct initiator_counters *sum, const struct initiator_counters *counters)
{
	uint64_t *to = (uint64_t *)sum;
	const uint64_t *from = (const uint64_t *)counters;
	size_t i;

	_Static_assert(sizeof(*sum) % sizeof(*to) == 0, "counters are of one kind");
	for (i = 0; i < sizeof(*sum) / sizeof(*to); i++)
		to[i] += from[i];
}

static void fill(uint8_t *data, const struct row *rows, size_t count, const struct initiator_counters *counters)
{
	size_t i;

	for (i = 0; i < count; i++)
		isp4xxx_set(rows[i].field, data, counter(counters, rows[i].counter));
}

void sessions_statistics(const struct sessions *sessions, uint32_t index, uint8_t *data, size_t size)
{
	struct initiator_counters port = sessions->before;
	unsigned int i;

	if (size < ISP_STATS_SIZE)
		return;
	for (i = 0; i < ISP_DDBS; i++)
		add(&port, &sessions->table[i].counters);
	fill(data, port_rows, COUNT(port_rows), &port);
	if (index < ISP_DDBS)
		fill(data, session_rows, COUNT(session_rows), &sessions->table[index].counters);
}

void sessions_statistics_clear(struct sessions *sessions, uint32_t index)
{
	if (index >= ISP_DDBS)
		return;
	add(&sessions->before, &sessions->table[index].counters);
	memset(&sessions->table[index].counters, 0, sizeof(sessions->table[index].counters));
}
