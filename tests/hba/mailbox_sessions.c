/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The mailbox commands of the device database, of task management and of statistics: registers into calls of the sessions and rings, and
 * what they say back into registers. Called by the rows of mailbox.def, which have checked buffers and addresses.
 */
#include <endian.h>
#include <errno.h>
#include <string.h>

#include "lib/isp4xxx.h"
#include "tests/hba/chip.h"
#include "tests/hba/mailbox.h"
#include "tests/hba/network.h"
#include "tests/hba/rings.h"
#include "tests/hba/sessions.h"

/* Register 1 of a refusal. The chip's own numbers are not known, but for NOT_LOGGED_IN. */
enum detail { DETAIL_NONE = 0, DETAIL_INDEX = 1, DETAIL_BUSY = 2, DETAIL_ADDRESS = 3 };

static uint32_t detail_of(int error)
{
	switch (error) {
	case -EINVAL:
	case -ENOENT:
		return DETAIL_INDEX;
	case -EADDRNOTAVAIL:
		return DETAIL_ADDRESS;
	case -ENOTCONN:
		return ISP_DETAIL_NOT_LOGGED_IN;
	default:
		return DETAIL_BUSY;
	}
}

static void answer(struct mailbox_command *command, int error)
{
	if (error < 0)
		mailbox_fail(command, detail_of(error));
}

void ddb_request(struct chip *chip, struct mailbox_command *command)
{
	answer(command, sessions_request(chip->sessions, command->in[1]));
}

void ddb_clear(struct chip *chip, struct mailbox_command *command)
{
	answer(command, sessions_clear(chip->sessions, command->in[1]));
}

void ddb_open(struct chip *chip, struct mailbox_command *command)
{
	answer(command, sessions_open(chip->sessions, command->in[1]));
}

void ddb_logout(struct chip *chip, struct mailbox_command *command)
{
	answer(command, sessions_logout(chip->sessions, command->in[1]));
}

void ddb_set(struct chip *chip, struct mailbox_command *command)
{
	struct session_view view;
	int error = sessions_set(chip->sessions, command->in[1], command->buffer);

	if (error < 0) {
		mailbox_fail(command, detail_of(error));
		return;
	}
	(void)sessions_get(chip->sessions, command->in[1], &view);
	command->out[1] = command->in[1];
	command->out[4] = view.state;
}

void ddb_get(struct chip *chip, struct mailbox_command *command)
{
	struct session_view view;

	if (sessions_get(chip->sessions, command->in[1], &view) < 0) {
		mailbox_fail(command, DETAIL_INDEX);
		return;
	}
	if (command->buffer)
		memcpy(command->buffer, view.ddb, ISP_DDB_SIZE);
	command->out[1] = command->in[1];
	command->out[2] = view.count;
	command->out[3] = view.next;
	command->out[4] = view.state;
	command->out[5] = view.error;
	command->out[6] = (uint32_t)view.local_port << 16 | view.cid;
}

void ddb_defaults(struct chip *chip, struct mailbox_command *command)
{
	isp4xxx_default_ddb(command->in[1] & 1, command->buffer);
}

void tasks_abort(struct chip *chip, struct mailbox_command *command)
{
	answer(command, rings_abort(chip->rings, command->in[1], command->in[2]));
}

void tasks_reset_lun(struct chip *chip, struct mailbox_command *command)
{
	const uint32_t lun[2] = {htole32(command->in[2]), htole32(command->in[3])};

	answer(command, rings_lun_reset(chip->rings, command->in[1], (const uint8_t *)lun));
}

void tasks_reset_target(struct chip *chip, struct mailbox_command *command)
{
	answer(command, rings_target_reset(chip->rings, command->in[1]));
}

#define PORT_STATISTICS 0x290 /* bytes of u64 counters that are the port's */

/* What has been counted since the last clear. */
static void subtract(uint8_t *data, const uint8_t *base)
{
	uint64_t now, before;
	size_t i;

	for (i = 0; i < PORT_STATISTICS; i += sizeof(now)) {
		memcpy(&now, data + i, sizeof(now));
		memcpy(&before, base + i, sizeof(before));
		now = htole64(le64toh(now) - le64toh(before));
		memcpy(data + i, &now, sizeof(now));
	}
}

void statistics_get(struct chip *chip, struct mailbox_command *command)
{
	uint8_t data[ISP_STATS_SIZE] = {0};

	if (chip->network)
		network_statistics(chip->network, data);
	sessions_statistics(chip->sessions, command->in[1], data);
	if (command->buffer) {
		subtract(data, chip->statistics_base);
		if (command->size > sizeof(data))
			command->size = sizeof(data);
		memcpy(command->buffer, data, command->size);
		return;
	}
	sessions_statistics_clear(chip->sessions, command->in[1]);
	memcpy(chip->statistics_base, data, sizeof(data));
}
