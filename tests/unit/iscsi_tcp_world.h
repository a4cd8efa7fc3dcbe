/* SPDX-License-Identifier: GPL-2.0-only OR GPL-3.0-or-later */
/*
 * A connection of the data path without a kernel: the pure files as they are, around them a TCP that takes as many bytes as the test
 * allows, and a log of everything that the wire told the rest of the driver.
 */
#ifndef OPENHBA_TESTS_UNIT_ISCSI_TCP_WORLD_H
#define OPENHBA_TESTS_UNIT_ISCSI_TCP_WORLD_H

#include <stdarg.h>
#include <stdio.h>

#include "tests/unit/kernel.h"

#include "drivers/iscsi_tcp/wire.h"

#include "drivers/iscsi_tcp/acks.c"
#include "drivers/iscsi_tcp/cursor.c"
#include "drivers/iscsi_tcp/digest.c"
#include "drivers/iscsi_tcp/pdu.c"
#include "drivers/iscsi_tcp/r2t.c"
#include "drivers/iscsi_tcp/rx.c"
#include "drivers/iscsi_tcp/rx_pdu.c"
#include "drivers/iscsi_tcp/task.c"
#include "drivers/iscsi_tcp/tx.c"
#include "drivers/iscsi_tcp/window.c"

#define WORLD_COMMANDS	8
#define WORLD_PAGES	6		/* of one command */
#define WORLD_SENT_MAX	(1u << 20)

struct world_command {
	struct tcp_task task;
	struct scsi_cmnd cmd;
	struct scatterlist sg[WORLD_PAGES];
	struct page *pages;
};

static struct world {
	struct tcp_session session;
	struct Scsi_Host shost;
	struct tcp_conn conn;
	struct socket socket;
	struct sock sk;
	struct scsi_device device;
	struct world_command commands[WORLD_COMMANDS];
	u8 sent[WORLD_SENT_MAX];
	u32 sent_bytes;
	u32 allow;		/* TCP takes so many more */
	bool more;		/* it was told that more follows the last byte */
	u32 uncorked;
	bool may_change;	/* data, while it is sent */
	bool slow;		/* what is answered has not reached the mid layer yet */
	enum iscsi_err error;
	char log[65536];
	u32 log_bytes;
} world;

unsigned long jiffies = 1000;
bool kernel_out_of_memory;

u32 crc32c(u32 crc, const void *bytes, u32 len)
{
	static u32 table[256];
	const u8 *at = bytes;
	u32 i, bit;

	for (i = 0; !table[255] && i < 256; i++) {
		table[i] = i;
		for (bit = 0; bit < 8; bit++)
			table[i] = table[i] >> 1 ^ (table[i] & 1 ? 0x82f63b78u : 0);
	}
	while (len--)
		crc = table[(u8)(crc ^ *at++)] ^ crc >> 8;
	return crc;
}

__attribute__((format(printf, 1, 2))) static void world_log(const char *format, ...)
{
	u32 room = sizeof(world.log) - world.log_bytes;
	va_list list;
	int bytes;

	va_start(list, format);
	bytes = vsnprintf(world.log + world.log_bytes, room, format, list);
	va_end(list);
	if (bytes > 0 && (u32)bytes < room)
		world.log_bytes += bytes;
}

static u32 world_sum(const void *bytes, u32 len)
{
	return len ? crc32c(0, bytes, len) : 0;
}

/* --- what the wire calls */

void conn_failure(struct tcp_conn *conn, enum iscsi_err error)
{
	if (conn->state == TCP_CONN_FAILED)
		return;
	conn->state = TCP_CONN_FAILED;
	world.error = error;
	world_log("failure %d\n", error);
}

void conn_up_to_user(struct tcp_conn *conn, const struct iscsi_bhs *bhs, const void *data, u32 data_bytes)
{
	world_log("user %02x %u %08x\n", bhs->opcode, data_bytes, world_sum(data, data_bytes));
}

struct sock *conn_lock(struct tcp_conn *conn)
{
	return &world.sk;
}

void conn_unlock(struct sock *sk)
{
}

void nop_received(struct tcp_conn *conn, const struct iscsi_bhs_nop_in *bhs, const void *data, u32 data_bytes)
{
	world_log("ping %08x %u %08x\n", be32_to_cpu(bhs->ttt), data_bytes, world_sum(data, data_bytes));
}

void mgmt_put(struct tcp_mgmt *mgmt)
{
	world_log("put %u\n", (u32)(mgmt - world.session.mgmt));
	mgmt->in_use = false;
}

void mgmt_sent(struct tcp_mgmt *mgmt)
{
	world_log("sent %u\n", (u32)(mgmt - world.session.mgmt));
	if (mgmt->unanswered)
		task_answered(&mgmt->task);
}

void mgmt_answered(struct tcp_conn *conn, struct tcp_mgmt *mgmt, const struct iscsi_bhs *bhs, const void *data, u32 data_bytes)
{
	world_log("answer %u %02x %u %08x\n", (u32)(mgmt - world.session.mgmt), bhs->opcode, data_bytes, world_sum(data, data_bytes));
	task_answered(&mgmt->task);
}

static u32 world_number(const struct tcp_task *task)
{
	return (u32)((const struct world_command *)task - world.commands);
}

void scsi_response(struct tcp_task *task, const struct iscsi_bhs_scsi_response *bhs, const void *data, u32 data_bytes)
{
	world_log("response %u status %02x %u %08x\n", world_number(task), bhs->status, data_bytes, world_sum(data, data_bytes));
	task_answered(task);
}

void scsi_data_in_status(struct tcp_task *task, const struct iscsi_bhs_data_in *bhs)
{
	world_log("read %u status %02x\n", world_number(task), bhs->status);
	task_answered(task);
}

bool scsi_data_may_change(const struct scsi_cmnd *cmd)
{
	return world.may_change;
}

void complete_later(struct tcp_task *task)
{
	world_log("done %u result %x received %u\n", world_number(task), (u32)task->cmd->result, task->received);
	if (!world.slow)
		task->state.counter = 0;
}

void complete_flush(struct tcp_conn *conn)
{
}

int iscsi_session_chkready(struct iscsi_cls_session *session)
{
	return 0;
}

/* --- TCP */

static int world_take(const void *bytes, u32 len, bool more)
{
	u32 taken = min(len, world.allow);

	if (!taken)
		return -EAGAIN;
	if (world.sent_bytes + taken > sizeof(world.sent))
		return -EPIPE;
	memcpy(world.sent + world.sent_bytes, bytes, taken);
	world.sent_bytes += taken;
	world.allow -= taken;
	world.more = more || taken < len;
	return taken;
}

int send_bytes(struct sock *sk, const void *bytes, u32 len, bool more)
{
	return world_take(bytes, len, more);
}

int send_cursor(struct sock *sk, struct tcp_cursor *cursor, u32 len, bool more)
{
	struct tcp_piece piece = cursor_piece(cursor, len);
	int sent = piece.bytes ? world_take(piece.page->bytes + piece.offset, piece.bytes, more || piece.bytes < len) : -EFAULT;

	if (sent > 0)
		cursor_advance(cursor, sent);
	return sent;
}

void tcp_sock_set_nodelay(struct sock *sk)
{
	world.uncorked++;
	world.more = false;
}

/* --- the world */

static void world_end(void)
{
	struct tcp_task *task, *next;
	u32 i;

	for (i = 0; i < WORLD_COMMANDS; i++) {
		task = &world.commands[i].task;
		if (task->r2ts.next)
			r2t_forget(task);
		free(world.commands[i].pages);
	}
	list_for_each_entry_safe(task, next, &world.conn.active, active)
		list_del_init(&task->active);
	tasks_exit(&world.conn);
	free(world.conn.rx.buffer);
}

static void world_negotiate(void)
{
	world.session.initial_r2t = true;
	world.session.immediate_data = true;
	world.session.data_pdu_in_order = true;
	world.session.data_sequence_in_order = true;
	world.session.max_outstanding_r2t = 1;
	world.session.first_burst_bytes = 65536;
	world.session.max_burst_bytes = 262144;
	world.conn.max_recv_bytes = 65536;
	world.conn.max_xmit_bytes = 8192;
}

static void world_begin(void)
{
	struct tcp_conn *conn = &world.conn;

	memset(&world, 0, sizeof(world));
	world.allow = U32_MAX;
	world.shost.can_queue = WORLD_COMMANDS;
	world.session.shost = &world.shost;
	world.session.conns[0] = conn;
	world.socket.sk = &world.sk;
	world.sk.sk_user_data = conn;
	conn->session = &world.session;
	conn->sock = &world.socket;
	conn->state = TCP_CONN_UP;
	INIT_LIST_HEAD(&conn->tx_mgmt);
	INIT_LIST_HEAD(&conn->tx_data);
	INIT_LIST_HEAD(&conn->tx_commands);
	INIT_LIST_HEAD(&conn->active);
	if (tasks_init(conn))
		abort();
	conn->rx.buffer = malloc(TCP_USER_DATA_MAX);
	rx_reset(conn);
	world.session.window.cmdsn = 0xfffffffe;
	window_begin(&world.session.window);
	world.session.window.max_cmdsn += 64;
	world_negotiate();
}

/* A command whose memory is in pages of which no two follow each other, the first beginning at an odd place. */
static struct tcp_task *world_command(u32 number, enum dma_data_direction direction, u32 bytes, u32 cdb_bytes)
{
	struct world_command *command = &world.commands[number];
	u32 i, left = bytes, offset = PAGE_SIZE - 203;

	free(command->pages);
	memset(command, 0, sizeof(*command));
	command->pages = aligned_alloc(PAGE_SIZE, 2 * WORLD_PAGES * PAGE_SIZE);
	memset(command->pages, 0, 2 * WORLD_PAGES * PAGE_SIZE);
	for (i = 0; direction == DMA_TO_DEVICE && i < 2 * WORLD_PAGES * PAGE_SIZE / 4; i++)
		((u32 *)command->pages)[i] = i * 0x01030507 + number;
	for (i = 0; left && i < WORLD_PAGES; i++, offset = 0) {
		command->sg[i].page = &command->pages[2 * i];
		command->sg[i].offset = offset;
		command->sg[i].length = min(left, PAGE_SIZE - offset);
		left -= command->sg[i].length;
		command->sg[i].last = !left;
	}
	command->cmd.device = &world.device;
	command->cmd.sc_data_direction = direction;
	command->cmd.cmd_len = cdb_bytes;
	for (i = 0; i < cdb_bytes; i++)
		command->cmd.cmnd[i] = (u8)(0x80 + i);
	command->cmd.sglist = command->sg;
	command->task.cmd = &command->cmd;
	command->task.data_bytes = bytes;
	command->task.out.sg = command->sg;
	command->task.in.sg = command->sg;
	task_start(&command->task, &world.conn, number);
	return &command->task;
}

static u8 world_byte(u32 number, u32 offset)
{
	const struct world_command *command = &world.commands[number];
	u32 first = command->sg[0].length;

	if (offset < first)
		return command->pages[0].bytes[command->sg[0].offset + offset];
	offset -= first;
	return command->pages[2 * (1 + offset / PAGE_SIZE)].bytes[offset % PAGE_SIZE];
}

static struct tcp_mgmt *world_mgmt(u32 number, u8 opcode)
{
	struct tcp_mgmt *mgmt = &world.session.mgmt[number];

	memset(mgmt, 0, sizeof(*mgmt));
	mgmt->header.opcode = opcode;
	mgmt->header.flags = ISCSI_BIT_FINAL;
	mgmt->immediate = true;
	mgmt->in_use = true;
	mgmt->task.mgmt = mgmt;
	task_start(&mgmt->task, &world.conn, TAG_INTERNAL | number);
	return mgmt;
}

/* rx_skb.c's part: the receiver holds tx back and sends at its end. */
static int world_receive(const u8 *bytes, u32 len)
{
	u32 taken;
	int err;

	tx_hold(&world.conn);
	err = rx_bytes(&world.conn, bytes, len, &taken);
	tx_kick_locked(&world.conn);
	return err ? err : (int)taken;
}

#endif
