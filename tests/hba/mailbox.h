/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Mailbox commands: registers in, a buffer in the guest's memory for some, registers out. Which are known and what their buffers are is
 * a row of mailbox.def each; this checks lengths and addresses once, calls the row's handler, and decides when the answer is shown.
 *
 * The stock driver sets its flag "I sleep" only after it has rung the bell; an answer that comes before is lost and the command sleeps
 * 60 seconds. So, when the driver has interrupts on, the answer comes delay_ms after its flush read of ISP_REG_CONTROL that follows the
 * bell, and is repeated if no command came for a second after it was taken, and once more. But an answer taken twice before the sleeper
 * has run makes the next command count as timed out: a guest whose processor is busy with interrupts off (reading the EEPROM of the other
 * port takes seconds) must not find two of them. So a repetition waits until the one before it is acknowledged, and then for a sign that
 * the guest takes interrupts: the line goes up for no reason until ISP_REG_CONTROL is read, 300 ms before it. What is under way of this
 * ends when the next command is written. delay_ms 0: at once, once. A driver that polls is answered at once, always.
 *
 * Events that a command causes are told after its answer.
 */
#ifndef OPENHBA_TESTS_HBA_MAILBOX_H
#define OPENHBA_TESTS_HBA_MAILBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "transport/abi/isp4xxx.h"

struct chip;
struct mailbox;

#define MAILBOX_BUFFER_MAX 0x20000 /* bytes a command may move */

/* What a handler is given and gives. out[0] is COMPLETE and the rest is 0 before it. */
struct mailbox_command {
	uint32_t in[ISP_MAILBOXES], out[ISP_MAILBOXES];
	uint8_t *buffer; /* NULL: the row has none, or the driver gave address 0 where it may */
	size_t size;	 /* of buffer: what the driver allows; a handler that fills less lowers it */
};

typedef void mailbox_handler(struct chip *chip, struct mailbox_command *command);

struct mailbox *mailbox_new(struct chip *chip); /* NULL: no memory */
void mailbox_free(struct mailbox *mailbox);	/* NULL is fine */
void mailbox_reset(struct mailbox *mailbox);	/* what is under way is forgotten */

void mailbox_doorbell(struct mailbox *mailbox);	  /* ISP_CONTROL_DOORBELL was written; the command is in chip->in */
void mailbox_control_read(struct mailbox *mailbox);	  /* ISP_REG_CONTROL was read */
void mailbox_acknowledged(struct mailbox *mailbox); /* the driver has taken an answer */
bool mailbox_is_asking(const struct mailbox *mailbox); /* wants the line up, for no reason that a register shows */
void mailbox_writing(struct mailbox *mailbox);	  /* a mailbox register was written: a command is being made */
void mailbox_set_delay(struct mailbox *mailbox, unsigned int delay_ms); /* CHIP_DELAY_MS at first */

/* A PING that travelled in a mailbox IOCB; rings_mailbox_status() follows. For struct rings_settings. */
void mailbox_iocb(struct chip *chip, uint32_t handle, const uint32_t in[ISP_MAILBOXES]);

/* For the show of counters: commands done, refused (unknown, or a buffer that is none), and answers repeated. */
struct mailbox_counters { uint64_t commands, refused, repeated; };
const struct mailbox_counters *mailbox_counters(const struct mailbox *mailbox);

/* "GET_DDB", or NULL. */
const char *mailbox_name(uint32_t opcode);

/* Answers with COMMAND_ERROR, and detail in register 1. */
void mailbox_fail(struct mailbox_command *command, uint32_t detail);

/* The handlers, one per row of mailbox.def. */
#define MAILBOX(name, handler, ...) mailbox_handler handler;
#include "tests/hba/mailbox.def"
#undef MAILBOX

#endif
