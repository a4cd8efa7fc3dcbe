/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How the data of writes comes: with the command, unasked behind it, and by R2T, several at once if that was agreed on; all of it in
 * order. A right target ends the connection of an initiator that sends anything else than what was agreed on or asked for; the others
 * pass over what does not fit, because they may have asked for it.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "tests/target/conn.h"

#define TAG_BITS 8 /* of the target's tag: which write; above it R2TSN */

void scsi_forget(struct conn *conn)
{
	for (int i = 0; i < WRITES_MAX; i++)
		free(conn->writes[i].data);
	memset(conn->writes, 0, sizeof(conn->writes));
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static int write_end(struct conn *conn, struct write *write)
{
	size_t length;
	unsigned char *to = scsi_extent(conn, write->command.cdb, &length);
	int r;

	if (to)
		memcpy(to, write->data, length < write->bytes ? length : write->bytes);
	r = scsi_status(conn, &write->command, to ? 0 : 0x052100, 0);
	free(write->data);
	memset(write, 0, sizeof(*write));
	return r;
}

static int send_r2t(struct conn *conn, struct write *write)
{
	struct pdu pdu = {0};
	struct iscsi_bhs_r2t *bhs = (void *)&pdu.bhs;
	uint32_t bytes = smaller(write->bytes - write->asked, conn->agreed.max_burst);
	int r;

	conn->command = write->command;
	conn_response(conn, &pdu, ISCSI_PDU_R2T, ntohl(write->command.itt));
	conn->statsn--; /* an R2T tells StatSN, but takes none */
	memcpy(pdu.bhs.lun, write->command.lun, sizeof(pdu.bhs.lun));
	bhs->ttt = htonl(write->r2tsn << TAG_BITS | (uint32_t)(write - conn->writes));
	bhs->r2tsn = htonl(write->r2tsn++);
	bhs->offset = htonl(write->asked);
	bhs->desired_bytes = htonl(bytes);
	write->asked += bytes;
	r = conn_answer(conn, scsi_place(conn, write->command.cdb) == AT_TRAP ? AT_TRAP : AT_R2T, &pdu);
	pdu_done(&pdu);
	return r;
}

/* Asks for as much as it may, or ends it. */
static int write_go_on(struct conn *conn, struct write *write)
{
	int r = 0;

	if (write->have == write->bytes)
		return write_end(conn, write);
	while (!r && write->is_used && write->asked < write->bytes && write->r2tsn - write->answered < conn->agreed.max_r2ts)
		r = send_r2t(conn, write);
	return r;
}

static void take(struct write *write, uint32_t offset, const struct pdu *pdu)
{
	if (offset != write->have || pdu->data_length > write->bytes - offset)
		return;
	if (pdu->data_length)
		memcpy(write->data + offset, pdu->data, pdu->data_length);
	write->have += (uint32_t)pdu->data_length;
}

/* What comes with a command, and whether more follows it unasked (RFC 7143 11.3.1, 13.10 to 13.14). */
static int check_command(const struct conn *conn, const struct write *write)
{
	size_t length = conn->request.data_length;
	bool goes_on = !(write->command.flags & ISCSI_BIT_FINAL);

	if (length && (!conn->agreed.immediate_data || length > smaller(write->bytes, conn->agreed.first_burst)))
		return conn_accuse(conn, "more immediate data than it may");
	if (goes_on && (conn->agreed.initial_r2t || length >= smaller(write->bytes, conn->agreed.first_burst)))
		return conn_accuse(conn, "a command that more data is to follow unasked, which may not");
	return 0;
}

int write_start(struct conn *conn, const struct iscsi_bhs_scsi_command *command)
{
	struct write *write = conn->writes;

	while (write->is_used)
		if (++write == conn->writes + WRITES_MAX)
			return -1;
	*write = (struct write){.is_used = true, .command = *command, .bytes = ntohl(command->expected_bytes)};
	if (write->bytes > DISK_BLOCKS * BLOCK_BYTES || check_command(conn, write))
		return -1;
	write->data = calloc(1, write->bytes + 1);
	if (!write->data)
		abort();
	take(write, 0, &conn->request);
	write->asked = write->unasked = write->have;
	write->awaits_unasked = !conn->agreed.initial_r2t && !(command->flags & ISCSI_BIT_FINAL);
	if (!write->awaits_unasked)
		return write_go_on(conn, write);
	write->asked = smaller(write->bytes, conn->agreed.first_burst);
	return 0;
}

/* The write that a Data-Out is for; NULL: of one that was aborted, or nobody's. */
static struct write *find(struct conn *conn, const struct iscsi_bhs_data_out *bhs)
{
	uint32_t tag = ntohl(bhs->ttt);

	if (tag != ISCSI_TAG_NONE) {
		struct write *write = conn->writes + (tag & ((1 << TAG_BITS) - 1));

		return write < conn->writes + WRITES_MAX && write->is_used && write->command.itt == bhs->itt ? write : NULL;
	}
	for (int i = 0; i < WRITES_MAX; i++)
		if (conn->writes[i].awaits_unasked && conn->writes[i].command.itt == bhs->itt)
			return &conn->writes[i];
	return NULL;
}

/* Where the burst that is due ends: what may come unasked, or what the first R2T without all its data asked for. */
static uint32_t burst_end(const struct conn *conn, const struct write *write)
{
	if (write->awaits_unasked)
		return write->asked;
	return smaller(write->bytes, write->unasked + (write->answered + 1) * conn->agreed.max_burst);
}

/* RFC 7143 11.7. What comes unasked may end earlier than it has to. */
static int check_data(const struct conn *conn, const struct write *write, const struct iscsi_bhs_data_out *bhs)
{
	uint32_t end = burst_end(conn, write), got = write->have + (uint32_t)conn->request.data_length;
	bool is_last = bhs->flags & ISCSI_BIT_FINAL;

	if (!write->awaits_unasked && ntohl(bhs->ttt) >> TAG_BITS != write->answered)
		return conn_accuse(conn, "data for another R2T than the next");
	if (ntohl(bhs->datasn) != write->datasn)
		return conn_accuse(conn, "a wrong DataSN");
	if (ntohl(bhs->offset) != write->have)
		return conn_accuse(conn, "data out of order");
	if (got > end)
		return conn_accuse(conn, "more data than was asked for");
	if (is_last != (got == end) && !(is_last && write->awaits_unasked))
		return conn_accuse(conn, "a burst with its end in the wrong place");
	return 0;
}

static int burst_over(struct conn *conn, struct write *write)
{
	write->datasn = 0;
	if (write->awaits_unasked)
		write->asked = write->unasked = write->have;
	else
		write->answered++;
	write->awaits_unasked = false;
	/* Whatever a row made of the R2T: what did not come is asked for again. */
	if (!conn_is_right(conn))
		write->asked = write->have;
	return write_go_on(conn, write);
}

int scsi_data_out(struct conn *conn)
{
	const struct iscsi_bhs_data_out *bhs = (void *)&conn->request.bhs;
	struct write *write = find(conn, bhs);

	if (!write)
		return 0;
	if (check_data(conn, write, bhs))
		return -1;
	take(write, ntohl(bhs->offset), &conn->request);
	write->datasn++;
	return bhs->flags & ISCSI_BIT_FINAL ? burst_over(conn, write) : 0;
}
