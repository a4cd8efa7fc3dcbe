/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a target sends, byte by byte: PDUs put one behind the other, and a conversation that has one of each kind, with what has to come of it.
 * Behind iscsi_tcp_world.h and cmocka.h.
 */
#ifndef OPENHBA_TESTS_UNIT_ISCSI_TCP_STREAM_H
#define OPENHBA_TESTS_UNIT_ISCSI_TCP_STREAM_H

static struct stream {
	u8 bytes[65536];
	u32 len;
} in;

static struct iscsi_bhs *pdu(u8 opcode, u8 flags, __be32 itt, const void *data, u32 data_bytes)
{
	struct iscsi_bhs *bhs = (struct iscsi_bhs *)(in.bytes + in.len);
	u8 *at = (u8 *)(bhs + 1);

	memset(bhs, 0, sizeof(*bhs));
	bhs->opcode = opcode;
	bhs->flags = flags;
	bhs->data_length[1] = data_bytes >> 8;
	bhs->data_length[2] = data_bytes;
	bhs->itt = itt;
	if (world.conn.header_digest)
		at += ISCSI_CRC32C_BYTES;
	if (data_bytes)
		memcpy(at, data, data_bytes);
	memset(at + data_bytes, 0, pad_bytes(data_bytes));
	at += data_bytes + pad_bytes(data_bytes);
	if (data_bytes && world.conn.data_digest)
		at += ISCSI_CRC32C_BYTES;
	in.len = at - in.bytes;
	return bhs;
}

/* Once its fields are filled in. */
static void seal(struct iscsi_bhs *bhs)
{
	u32 data = bhs_data_bytes(bhs), padded = data + pad_bytes(data);
	u8 *at = (u8 *)(bhs + 1);

	if (world.conn.header_digest) {
		digest_format(digest_add(DIGEST_SEED, bhs, sizeof(*bhs)), at);
		at += ISCSI_CRC32C_BYTES;
	}
	if (data && world.conn.data_digest)
		digest_format(digest_add(DIGEST_SEED, at, padded), at + padded);
}

static void numbers(struct iscsi_bhs *bhs, u32 statsn, u32 exp_cmdsn, u32 max_cmdsn)
{
	struct iscsi_bhs_nop_in *any = (struct iscsi_bhs_nop_in *)bhs;

	any->statsn = cpu_to_be32(statsn);
	any->exp_cmdsn = cpu_to_be32(exp_cmdsn);
	any->max_cmdsn = cpu_to_be32(max_cmdsn);
}

static void data_in(u32 number, u8 flags, u32 datasn, u32 offset, u32 bytes)
{
	u8 data[8192];
	struct iscsi_bhs_data_in *bhs;
	u32 i;

	for (i = 0; i < bytes; i++)
		data[i] = (u8)((offset + i) * 13 + number);
	bhs = (struct iscsi_bhs_data_in *)pdu(ISCSI_PDU_DATA_IN, flags, cpu_to_be32(world.commands[number].task.tag), data, bytes);
	bhs->ttt = cpu_to_be32(ISCSI_TAG_NONE);
	numbers((struct iscsi_bhs *)bhs, 50, 5, 80);
	bhs->datasn = cpu_to_be32(datasn);
	bhs->offset = cpu_to_be32(offset);
	seal((struct iscsi_bhs *)bhs);
}

static void answer(u8 opcode, __be32 itt, u32 statsn, const void *data, u32 bytes)
{
	struct iscsi_bhs *bhs = pdu(opcode, ISCSI_BIT_FINAL, itt, data, bytes);

	numbers(bhs, statsn, 5, 80 + statsn);
	seal(bhs);
}

static struct iscsi_bhs_r2t *r2t(u32 number, u32 r2tsn, u32 offset, u32 bytes)
{
	struct iscsi_bhs_r2t *bhs;

	bhs = (struct iscsi_bhs_r2t *)pdu(ISCSI_PDU_R2T, ISCSI_BIT_FINAL, cpu_to_be32(world.commands[number].task.tag), NULL, 0);
	bhs->ttt = cpu_to_be32(0x1234 + r2tsn);
	numbers((struct iscsi_bhs *)bhs, 53, 5, 80);
	bhs->r2tsn = cpu_to_be32(r2tsn);
	bhs->offset = cpu_to_be32(offset);
	bhs->desired_bytes = cpu_to_be32(bytes);
	seal((struct iscsi_bhs *)bhs);
	return bhs;
}

/* Three reads, one write and a ping are under way. */
static void requests(bool digests)
{
	world_begin();
	world.conn.header_digest = digests;
	world.conn.data_digest = digests;
	world.session.immediate_data = false;
	world.session.max_outstanding_r2t = 2;
	world.device.lun = 0x0102;
	tx_submit(&world.conn, world_command(0, DMA_FROM_DEVICE, 1001, 16), false);
	tx_submit(&world.conn, world_command(1, DMA_FROM_DEVICE, 512, 16), false);
	tx_submit(&world.conn, world_command(2, DMA_TO_DEVICE, 20000, 16), false);
	tx_submit(&world.conn, world_command(3, DMA_FROM_DEVICE, 512, 6), true);
	tx_mgmt(&world.conn, world_mgmt(2, ISCSI_PDU_NOP_OUT));
	assert_false(world.more);
	in.len = 0;
}

static const u8 sense[22] = { 0, 18, 0x70, 0, 6 };

static void conversation(void)
{
	u8 rejected[48] = { ISCSI_PDU_NOP_OUT };
	__be32 none = cpu_to_be32(ISCSI_TAG_NONE);

	data_in(0, 0, 0, 0, 409);
	data_in(1, ISCSI_BIT_FINAL | ISCSI_BIT_DATA_IN_STATUS, 0, 0, 512);
	data_in(0, ISCSI_BIT_FINAL, 1, 409, 592);
	answer(ISCSI_PDU_NOP_IN, none, 51, "are you there?", 14);
	r2t(2, 0, 0, 12000);
	answer(ISCSI_PDU_SCSI_RESPONSE, cpu_to_be32(world.commands[0].task.tag), 51, sense, 20);
	r2t(2, 1, 12000, 8000);
	answer(ISCSI_PDU_NOP_IN, cpu_to_be32(world.session.mgmt[2].task.tag), 52, NULL, 0);
	answer(ISCSI_PDU_ASYNC_MESSAGE, none, 53, NULL, 0);
	answer(ISCSI_PDU_REJECT, none, 54, rejected, 48);
	answer(ISCSI_PDU_SCSI_RESPONSE, cpu_to_be32(world.commands[2].task.tag), 55, NULL, 0);
	answer(ISCSI_PDU_SCSI_RESPONSE, cpu_to_be32(world.commands[3].task.tag), 56, sense, 21);
}

static void check_end(void)
{
	u32 i, bad = 0;

	assert_int_equal(world.error, 0);
	assert_true(list_empty(&world.conn.active));
	assert_int_equal(world.conn.exp_statsn, 57);
	assert_int_equal(world.session.window.max_cmdsn, 136);
	for (i = 0; i < 1001; i++)
		bad += world_byte(0, i) != (u8)(i * 13);
	for (i = 0; i < 512; i++)
		bad += world_byte(1, i) != (u8)(i * 13 + 1);
	assert_int_equal(bad, 0);
	assert_int_equal(world.conn.stats.datain_pdus, 3);
	assert_int_equal(world.conn.stats.r2t_pdus, 2);
}

#endif
