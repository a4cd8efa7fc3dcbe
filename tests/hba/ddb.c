/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The mailbox commands that are the sessions' and the rings': registers in and out of their calls, and nothing else. */
#include <errno.h>
#include <string.h>

#include "tests/hba/chip.h"
#include "tests/hba/mailbox.h"
#include "tests/hba/rings.h"
#include "tests/hba/sessions.h"

static void answer(struct mailbox_command *command, int result)
{
	if (result < 0)
		mailbox_fail(command, result == -ENOTCONN ? ISP_DETAIL_NOT_LOGGED_IN : 0);
}

void ddb_clear(struct chip *chip, struct mailbox_command *command)
{
	answer(command, chip->sessions ? sessions_clear(chip->sessions, command->in[1]) : -ENOENT);
}

void ddb_request(struct chip *chip, struct mailbox_command *command)
{
	answer(command, chip->sessions ? sessions_request(chip->sessions, command->in[1]) : -ENOENT);
}

void ddb_logout(struct chip *chip, struct mailbox_command *command)
{
	answer(command, chip->sessions ? sessions_logout(chip->sessions, command->in[1], command->in[3]) : -ENOENT);
}

void ddb_open(struct chip *chip, struct mailbox_command *command)
{
	answer(command, chip->sessions ? sessions_open(chip->sessions, command->in[1]) : -ENOENT);
}

void ddb_defaults(struct chip *chip, struct mailbox_command *command)
{
	sessions_defaults(command->in[1] & 1, command->buffer);
}

static int view(struct chip *chip, struct mailbox_command *command)
{
	struct session_view entry;
	int err = chip->sessions ? sessions_get(chip->sessions, command->in[1], &entry) : -ENOENT;

	if (err < 0)
		return err;
	command->out[1] = command->in[1];
	command->out[2] = entry.count;
	command->out[3] = entry.next;
	command->out[4] = entry.state;
	command->out[5] = entry.error;
	command->out[6] = (uint32_t)entry.local_port << 16 | (entry.cid & 0xff);
	if (command->buffer)
		memcpy(command->buffer, entry.ddb, ISP_DDB_SIZE);
	return 0;
}

void ddb_get(struct chip *chip, struct mailbox_command *command)
{
	answer(command, view(chip, command));
}

void ddb_set(struct chip *chip, struct mailbox_command *command)
{
	struct session_view entry;
	int err = chip->sessions ? sessions_set(chip->sessions, command->in[1], command->buffer) : -ENOENT;

	answer(command, err);
	if (chip->sessions && !sessions_get(chip->sessions, command->in[1], &entry))
		command->out[4] = entry.state;
}

void tasks_abort(struct chip *chip, struct mailbox_command *command)
{
	answer(command, chip->rings ? rings_abort(chip->rings, command->in[1], command->in[2]) : -ENOENT);
}

/* Register 2 holds the LUN's bytes 0 to 3, the first in its lowest bits; register 3 the others. */
void tasks_reset_lun(struct chip *chip, struct mailbox_command *command)
{
	uint8_t lun[8];

	for (unsigned int i = 0; i < sizeof(lun); i++)
		lun[i] = command->in[2 + i / 4] >> 8 * (i % 4);
	answer(command, chip->rings ? rings_lun_reset(chip->rings, command->in[1], lun) : -ENOENT);
}

void tasks_reset_target(struct chip *chip, struct mailbox_command *command)
{
	answer(command, chip->rings ? rings_target_reset(chip->rings, command->in[1]) : -ENOENT);
}
