/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From the bell to the answer: the row, its buffer, its handler, and when the driver is shown what came of it. */
#include "tests/hba/mailbox.h"

#include <stdlib.h>
#include <string.h>

#include "lib/loop.h"
#include "tests/hba/aen.h"
#include "tests/hba/chip.h"
#include "tests/hba/faults.h"
#include "tests/hba/guest.h"
#include "tests/hba/network.h"
#include "tests/hba/rings.h"
#include "tests/hba/trace.h"

#define MAILBOX_OPCODES 0x100
#define MAILBOX_UNFLUSHED_MS 50 /* a driver that never reads ISP_REG_CONTROL is answered all the same */
#define MAILBOX_SCHEDULED_MS 300 /* a driver that takes interrupts gets its sleepers to run in that time */
#define MAILBOX_EEPROM_MS 1000 /* with no access to it for that time it is not being read */
#define MAILBOX_PINGS NETWORK_PINGS_MAX

enum mailbox_buffer { MAILBOX_NONE, MAILBOX_TO_HOST, MAILBOX_FROM_HOST, MAILBOX_MAY };

struct mailbox_row {
	mailbox_handler *handler;
	enum chip_life life;
	enum mailbox_buffer buffer;
	uint8_t address, length; /* registers */
	uint32_t size;
};

static const struct mailbox_row mailbox_rows[MAILBOX_OPCODES] = {
#define MAILBOX(name, handler, life, buffer, address, size, length) \
	[ISP_MBOX_##name] = { handler, CHIP_##life, MAILBOX_##buffer, address, length, size },
#include "tests/hba/mailbox.def"
#undef MAILBOX
};

static const char *const mailbox_names[MAILBOX_OPCODES] = {
#define ISP_MAILBOX(opcode, name, in, out, sentence) [opcode] = #name,
#include "transport/abi/isp4xxx_mailbox.def"
#undef ISP_MAILBOX
};

struct mailbox_ping {
	struct mailbox *mailbox; /* NULL: free */
	uint32_t handle;
	unsigned int life; /* of the mailbox: a reset makes a new one */
};

struct mailbox {
	struct chip *chip;
	struct loop_timer *answer_timer, *ask_timer, *repeat_timer;
	unsigned int delay_ms, life;
	bool is_pending, wants_flush, was_late; /* was_late: the answer was shown with delay, so it is repeated */
	uint32_t extra_ms;
	unsigned int repetition; /* the next one */
	bool is_asking;		 /* the line is up to see whether interrupts are taken */
	uint32_t opcode, answer[ISP_MAILBOXES];
	uint8_t *buffer;
	struct mailbox_ping pings[MAILBOX_PINGS];
	struct mailbox_counters counters;
};

static const unsigned int repeat_ms[] = { 1000, 2000 }; /* after the driver took the answer, or the repetition before */

static void show_answer(void *data);
static void ask_whether_awake(void *data);
static void repeat_answer(void *data);
static void ask(struct mailbox *mailbox, bool is_asking);

struct mailbox *mailbox_new(struct chip *chip)
{
	struct mailbox *mailbox = calloc(1, sizeof(*mailbox));

	if (!mailbox)
		return NULL;
	mailbox->chip = chip;
	mailbox->delay_ms = CHIP_DELAY_MS;
	mailbox->buffer = malloc(MAILBOX_BUFFER_MAX);
	if (!mailbox->buffer || loop_timer_new(chip->on.loop, show_answer, mailbox, &mailbox->answer_timer) < 0 ||
	    loop_timer_new(chip->on.loop, ask_whether_awake, mailbox, &mailbox->ask_timer) < 0 ||
	    loop_timer_new(chip->on.loop, repeat_answer, mailbox, &mailbox->repeat_timer) < 0) {
		mailbox_free(mailbox);
		return NULL;
	}
	return mailbox;
}

void mailbox_free(struct mailbox *mailbox)
{
	if (!mailbox)
		return;
	loop_timer_free(mailbox->answer_timer);
	loop_timer_free(mailbox->ask_timer);
	loop_timer_free(mailbox->repeat_timer);
	free(mailbox->buffer);
	free(mailbox);
}

void mailbox_reset(struct mailbox *mailbox)
{
	loop_timer_stop(mailbox->answer_timer);
	loop_timer_stop(mailbox->ask_timer);
	loop_timer_stop(mailbox->repeat_timer);
	ask(mailbox, false);
	mailbox->is_pending = mailbox->wants_flush = mailbox->was_late = false;
	memset(mailbox->pings, 0, sizeof(mailbox->pings));	/* the network has forgotten them */
	mailbox->life++;
}

void mailbox_set_delay(struct mailbox *mailbox, unsigned int delay_ms)
{
	mailbox->delay_ms = delay_ms;
}

const struct mailbox_counters *mailbox_counters(const struct mailbox *mailbox)
{
	return &mailbox->counters;
}

const char *mailbox_name(uint32_t opcode)
{
	return opcode < MAILBOX_OPCODES ? mailbox_names[opcode] : NULL;
}

void mailbox_fail(struct mailbox_command *command, uint32_t detail)
{
	command->out[0] = ISP_STATUS_COMMAND_ERROR;
	command->out[1] = detail;
}

static void show_answer(void *data)
{
	struct mailbox *mailbox = data;
	struct aen_queue *aens = mailbox->chip->aens;

	loop_timer_stop(mailbox->answer_timer);
	mailbox->is_pending = mailbox->wants_flush = false;
	if (!fault_hit(mailbox->chip->on.faults, FAULT_MAILBOX_LOSE, mailbox->opcode, NULL)) {
		aen_post(aens, AEN_ANSWER, mailbox->answer);
		if (fault_hit(mailbox->chip->on.faults, FAULT_MAILBOX_DOUBLE, mailbox->opcode, NULL))
			aen_post(aens, AEN_ANSWER, mailbox->answer);
		mailbox->repetition = 0;
	}
	aen_hold(aens, false);
}

static void ask(struct mailbox *mailbox, bool is_asking)
{
	mailbox->is_asking = is_asking;
	chip_lower(mailbox->chip, 0); /* moves the line */
}

bool mailbox_is_asking(const struct mailbox *mailbox)
{
	return mailbox->is_asking;
}

void mailbox_acknowledged(struct mailbox *mailbox)
{
	const unsigned int count = sizeof(repeat_ms) / sizeof(repeat_ms[0]);

	if (mailbox->was_late && !mailbox->is_pending && mailbox->repetition < count)
		loop_timer_set(mailbox->ask_timer, repeat_ms[mailbox->repetition]);
}

/*
 * A driver reads the EEPROM with the interrupts of its processor off, for seconds. Another processor may take ours meanwhile, while who
 * sleeps for the answer is to run on the first and has not yet: said again it would count for the next command, too.
 */
static bool put_off(struct mailbox *mailbox)
{
	uint64_t read_ms = mailbox->chip->on.shared->eeprom_ms;

	if (!read_ms || loop_now_ms() - read_ms >= MAILBOX_EEPROM_MS)
		return false;
	loop_timer_set(mailbox->ask_timer, MAILBOX_EEPROM_MS);
	return true;
}

static void ask_whether_awake(void *data)
{
	struct mailbox *mailbox = data;

	if (!put_off(mailbox) && chip_interrupts_enabled(mailbox->chip) && !mailbox->chip->is_hung)
		ask(mailbox, true);
}

static void repeat_answer(void *data)
{
	struct mailbox *mailbox = data;

	if (!chip_interrupts_enabled(mailbox->chip) || put_off(mailbox))
		return;
	mailbox->counters.repeated++;
	mailbox->repetition++;
	aen_post(mailbox->chip->aens, AEN_REPEATED, mailbox->answer);
}

void mailbox_control_read(struct mailbox *mailbox)
{
	if (mailbox->is_asking) {
		ask(mailbox, false);
		loop_timer_set(mailbox->repeat_timer, MAILBOX_SCHEDULED_MS);
	}
	if (mailbox->wants_flush) {
		mailbox->wants_flush = false;
		loop_timer_set(mailbox->answer_timer, mailbox->delay_ms + mailbox->extra_ms);
	}
}

void mailbox_writing(struct mailbox *mailbox)
{
	loop_timer_stop(mailbox->ask_timer);
	loop_timer_stop(mailbox->repeat_timer);
	if (mailbox->is_asking)
		ask(mailbox, false);
	aen_withdraw(mailbox->chip->aens);
}

/* The answer is ready; now or later it is shown. */
static void schedule_answer(struct mailbox *mailbox)
{
	struct chip *chip = mailbox->chip;
	bool may_race = mailbox->delay_ms && chip_interrupts_enabled(chip);

	mailbox->extra_ms = 0;
	fault_hit(chip->on.faults, FAULT_MAILBOX_DELAY, mailbox->opcode, &mailbox->extra_ms);
	mailbox->was_late = may_race;
	if (may_race) {
		mailbox->wants_flush = true;
		loop_timer_set(mailbox->answer_timer, mailbox->delay_ms + MAILBOX_UNFLUSHED_MS + mailbox->extra_ms);
	} else if (mailbox->extra_ms) {
		loop_timer_set(mailbox->answer_timer, mailbox->extra_ms);
	} else {
		show_answer(mailbox);
	}
}

static uint64_t buffer_address(const struct mailbox_row *row, const struct mailbox_command *command)
{
	return command->in[row->address] | (uint64_t)command->in[row->address + 1] << 32;
}

/* The one gate of buffers. 0, or the status to answer with. */
static uint32_t open_buffer(struct mailbox *mailbox, const struct mailbox_row *row, struct mailbox_command *command)
{
	uint64_t address = buffer_address(row, command);

	if (row->buffer == MAILBOX_NONE || (row->buffer == MAILBOX_MAY && !address))
		return 0;
	command->buffer = mailbox->buffer;
	command->size = row->length ? command->in[row->length] : row->size;
	if (row->buffer == MAILBOX_FROM_HOST) {
		if (command->size > row->size)
			return ISP_STATUS_PARAMETER_ERROR;
		if (guest_read(mailbox->chip->on.guest, address, mailbox->buffer, command->size) < 0)
			return ISP_STATUS_HOST_INTERFACE_ERROR;
		return 0;
	}
	if (command->size > row->size)
		command->size = row->size;
	memset(mailbox->buffer, 0, command->size);
	return 0;
}

static void close_buffer(struct mailbox *mailbox, const struct mailbox_row *row, struct mailbox_command *command)
{
	if (!command->buffer || row->buffer == MAILBOX_FROM_HOST || command->out[0] != ISP_STATUS_COMPLETE)
		return;
	if (guest_write(mailbox->chip->on.guest, buffer_address(row, command), command->buffer, command->size) < 0) {
		memset(command->out, 0, sizeof(command->out));
		command->out[0] = ISP_STATUS_HOST_INTERFACE_ERROR;
	}
}

/* Returns the status to refuse it with, or 0 when it was done. */
static uint32_t do_command(struct mailbox *mailbox, struct mailbox_command *command)
{
	struct chip *chip = mailbox->chip;
	const struct mailbox_row *row;
	uint32_t status;

	if (fault_hit(chip->on.faults, FAULT_MAILBOX_FAIL, command->in[0], &status))
		return status;
	row = command->in[0] < MAILBOX_OPCODES ? &mailbox_rows[command->in[0]] : NULL;
	if (!row || !row->handler)
		return ISP_STATUS_INVALID_COMMAND;
	if (chip->life < row->life)
		return ISP_STATUS_COMMAND_ERROR;
	status = open_buffer(mailbox, row, command);
	if (status)
		return status;
	row->handler(chip, command);
	close_buffer(mailbox, row, command);
	return 0;
}

void mailbox_doorbell(struct mailbox *mailbox)
{
	struct chip *chip = mailbox->chip;
	struct mailbox_command command = { .out = { ISP_STATUS_COMPLETE } };
	uint32_t status;

	mailbox_writing(mailbox);
	if ((chip->life != CHIP_BOOTED && chip->life != CHIP_RUNNING) || mailbox->is_pending)
		return;
	memcpy(command.in, chip->in, sizeof(command.in));
	trace_mailbox(chip->on.trace, command.in);
	mailbox->is_pending = true;
	mailbox->opcode = command.in[0];
	aen_hold(chip->aens, true);
	status = do_command(mailbox, &command);
	if (status) {
		mailbox->counters.refused++;
		command.out[0] = status & 0xffff;
	} else {
		mailbox->counters.commands++;
	}
	memcpy(mailbox->answer, command.out, sizeof(mailbox->answer));
	schedule_answer(mailbox);
}

static void answer_ping(struct chip *chip, uint32_t handle, enum network_ping_result result)
{
	const uint32_t out[ISP_MAILBOXES] = { result ? ISP_STATUS_COMMAND_ERROR : ISP_STATUS_COMPLETE, [6] = result };

	rings_mailbox_status(chip->rings, handle, out);
}

static void pinged(void *data, enum network_ping_result result)
{
	struct mailbox_ping *ping = data;
	struct mailbox *mailbox = ping->mailbox;

	ping->mailbox = NULL;
	if (ping->life == mailbox->life && !mailbox->chip->is_hung)
		answer_ping(mailbox->chip, ping->handle, result);
}

static enum network_index ping_source(uint32_t options)
{
	switch (options & (ISP_PING_FROM_LINK_LOCAL | ISP_PING_FROM_ADDRESS0)) {
	case ISP_PING_FROM_LINK_LOCAL:
		return NETWORK_LINK_LOCAL;
	case ISP_PING_FROM_ADDRESS0:
		return NETWORK_IPV6_0;
	case ISP_PING_FROM_ADDRESS1:
		return NETWORK_IPV6_1;
	}
	return NETWORK_ANY;
}

/* How a mailbox register's bytes lie in memory. */
static void destination_bytes(const uint32_t in[ISP_MAILBOXES], uint8_t bytes[16])
{
	for (unsigned int i = 0; i < 16; i++)
		bytes[i] = in[2 + i / 4] >> 8 * (i % 4);
}

void mailbox_iocb(struct chip *chip, uint32_t handle, const uint32_t in[ISP_MAILBOXES])
{
	struct mailbox *mailbox = chip->mailbox;
	struct mailbox_ping *ping = mailbox->pings, *end = ping + MAILBOX_PINGS;
	uint8_t destination[16];

	trace_mailbox(chip->on.trace, in);
	if (in[0] != ISP_MBOX_PING) {
		const uint32_t out[ISP_MAILBOXES] = { ISP_STATUS_INVALID_COMMAND };

		rings_mailbox_status(chip->rings, handle, out);
		return;
	}
	while (ping < end && ping->mailbox)
		ping++;
	if (ping == end || !chip->network) {
		answer_ping(chip, handle, ping == end ? NETWORK_PING_TOO_MANY : NETWORK_PING_DISABLED);
		return;
	}
	*ping = (struct mailbox_ping){ mailbox, handle, mailbox->life };
	destination_bytes(in, destination);
	network_ping(chip->network, in[1] & ISP_PING_IPV6 ? AF_INET6 : AF_INET, destination, in[6], ping_source(in[1]), pinged, ping);
}
