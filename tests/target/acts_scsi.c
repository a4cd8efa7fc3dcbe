/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Acts on answers to SCSI commands: statuses, sense, data that does not fit, LUNs that make no sense.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "tests/target/acts.h"
#include "tests/target/conn.h"

#define LUNS_MAX 1024

/* Without these no LUN is found, and the rest is never tried. */
static bool is_excepted(const struct conn *conn)
{
	const struct iscsi_bhs_scsi_command *command = (const void *)&conn->request.bhs;

	return command->cdb[0] == 0x12 || command->cdb[0] == 0xa0;
}

/* Whatever was to be sent becomes a SCSI Response. */
static struct iscsi_bhs_scsi_response *make_response(struct conn *conn, struct pdu *pdu)
{
	__be32 statsn = pdu->text_response.statsn, itt = pdu->text_response.itt;
	struct iscsi_bhs_scsi_response *bhs = (void *)&pdu->bhs;

	conn_response(conn, pdu, ISCSI_PDU_SCSI_RESPONSE, ntohl(itt));
	conn->statsn--;
	bhs->statsn = statsn;
	return bhs;
}

enum act act_sense(struct conn *conn, struct pdu *pdu)
{
	uint64_t sense = conn->row->number;
	unsigned char data[20] = {
		0, 18, 0x70, 0, (unsigned char)(sense >> 16), [9] = 10, [14] = (unsigned char)(sense >> 8), (unsigned char)sense};

	if (is_excepted(conn))
		return ACT_SEND;
	make_response(conn, pdu)->status = 2;
	if (pdu_set_data(pdu, data, sizeof(data)))
		abort();
	return ACT_SEND;
}

enum act act_scsi_status(struct conn *conn, struct pdu *pdu)
{
	if (!is_excepted(conn))
		make_response(conn, pdu)->status = (__u8)conn->row->number;
	return ACT_SEND;
}

enum act act_grow(struct conn *conn, struct pdu *pdu)
{
	unsigned char *data = malloc(conn->row->number);

	if (!data)
		abort();
	memset(data, 0xaa, conn->row->number);
	if (pdu_set_data(pdu, data, conn->row->number))
		abort();
	free(data);
	return ACT_SEND;
}

enum act act_fill(struct conn *conn, struct pdu *pdu)
{
	if (pdu->data_length)
		memset(pdu->data, (int)conn->row->number, pdu->data_length);
	return ACT_SEND;
}

enum act act_luns(struct conn *conn, struct pdu *pdu)
{
	const struct iscsi_bhs_scsi_command *command = (const void *)&conn->request.bhs;
	size_t count = conn->row->number < LUNS_MAX ? conn->row->number : LUNS_MAX, length = 8 + 8 * count;
	unsigned char data[8 + 8 * LUNS_MAX] = {0};

	data[2] = (unsigned char)(8 * count >> 8);
	data[3] = (unsigned char)(8 * count);
	for (size_t i = 0; i < count; i++) {
		data[8 + 8 * i] = (unsigned char)(i >> 8 ? 0x40 | i >> 8 : 0);
		data[9 + 8 * i] = (unsigned char)i;
	}
	if (length > ntohl(command->expected_bytes))
		length = ntohl(command->expected_bytes);
	if (pdu_set_data(pdu, data, length))
		abort();
	return ACT_SEND;
}

enum act act_luns_garbage(struct conn *conn, struct pdu *pdu)
{
	enum act act = act_luns(conn, pdu);

	if (pdu->data_length > 8)
		memset(pdu->data + 8, 0xff, pdu->data_length - 8);
	return act;
}

enum act act_residual(struct conn *conn, struct pdu *pdu)
{
	struct iscsi_bhs_scsi_response *bhs = (void *)&pdu->bhs;

	bhs->flags |= ISCSI_BIT_RESPONSE_OVERFLOW | ISCSI_BIT_RESPONSE_UNDERFLOW;
	bhs->residual = htonl((uint32_t)conn->row->number);
	return ACT_SEND;
}
