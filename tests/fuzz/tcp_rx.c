/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzzer of what a target may send to the data path in full feature phase: byte 0 chooses digests, the size of the pieces and how much TCP takes
 * meanwhile, the rest is the stream. No more is received than was asked for, no memory beside the command's pages is written, and a
 * connection that failed stays failed.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/iscsi_tcp_world.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void check_command(u32 number, u32 data_bytes)
{
	const struct world_command *command = &world.commands[number];
	u32 i, at;

	if (command->task.received > data_bytes)
		abort();
	if (command->cmd.sc_data_direction != DMA_FROM_DEVICE)
		return;
	for (i = 0; i < WORLD_PAGES; i++)
		for (at = 0; at < PAGE_SIZE; at++)
			if (command->pages[2 * i + 1].bytes[at])
				abort();
}

static void feed(const uint8_t *bytes, size_t len, u32 piece)
{
	bool dropped = false;

	while (len) {
		u32 part = len < piece ? (u32)len : piece;
		u8 *copy = malloc(part);

		if (!copy)
			abort();
		memcpy(copy, bytes, part);
		if (world_receive(copy, part) < 0)
			len = part;
		free(copy);
		bytes += part;
		len -= part;
		world.allow += 100;
		if (!dropped && world.commands[0].task.received > 600 && task_is(&world.commands[0].task, TASK_ACTIVE)) {
			dropped = true;
			task_drop(&world.commands[0].task, 0);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	if (!len)
		return 0;
	world_begin();
	world.conn.header_digest = bytes[0] & 1;
	world.conn.data_digest = bytes[0] & 2;
	world.session.immediate_data = false;
	world.session.max_outstanding_r2t = 2;
	world.session.data_pdu_in_order = !(bytes[0] & 4);
	tx_submit(&world.conn, world_command(0, DMA_FROM_DEVICE, 1001, 16), false);
	tx_submit(&world.conn, world_command(1, DMA_FROM_DEVICE, 512, 16), false);
	tx_submit(&world.conn, world_command(2, DMA_TO_DEVICE, 20000, 16), false);
	tx_submit(&world.conn, world_command(3, DMA_FROM_DEVICE, 512, 6), true);
	tx_mgmt(&world.conn, world_mgmt(2, ISCSI_PDU_NOP_OUT));
	world.allow = bytes[0] & 8 ? U32_MAX / 2 : 0;
	feed(bytes + 1, len - 1, 1u << (bytes[0] >> 4));
	if ((world.error != ISCSI_OK) != (world.conn.state == TCP_CONN_FAILED))
		abort();
	check_command(0, 1001);
	check_command(1, 512);
	check_command(2, 0);
	check_command(3, 512);
	world_end();
	return 0;
}
