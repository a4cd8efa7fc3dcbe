/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What rings.c and the files of the kinds of entries (command.c, management.c, passthrough.c,
 * mailbox_entry.c) share, and nobody else: the rings
 * themselves, how an entry is refused or answered, and how a request ends that outlives a reset.
 */
#ifndef OPENHBA_TESTS_HBA_IOCB_H
#define OPENHBA_TESTS_HBA_IOCB_H

#include <endian.h>
#include <stdbool.h>
#include <sys/queue.h>

#include "tests/hba/ring.h"

struct command;
struct delayed;
struct passthrough;
struct mailbox_entry;
struct management;

LIST_HEAD(command_list, command);
LIST_HEAD(delayed_list, delayed);
LIST_HEAD(passthrough_list, passthrough);
LIST_HEAD(mailbox_entry_list, mailbox_entry);
LIST_HEAD(management_list, management);

struct rings {
	struct rings_settings settings;
	struct ring ring;
	bool is_running;
	bool is_taking; /* entries are being taken now */
	struct rings_counters counters;
	uint32_t ticket; /* the last one given out */
	unsigned int passthrough_count, management_count; /* of the lists */
	struct command_list commands;
	struct passthrough_list passthroughs;
	struct mailbox_entry_list mailboxes;
	struct management_list managements;
	struct delayed_list delayed;
};

/*
 * A kind's taker looks at the entry and, with ring_peek(), at those behind it (available, this one included, >= 1). It returns how many
 * entries it used (1..available), whatever becomes of them, or -EFAULT when the ring cannot be read.
 */
int command_take(struct rings *rings, const struct ring_entry *entry, unsigned int available);
int passthrough_take(struct rings *rings, const struct ring_entry *entry, unsigned int available);
int mailbox_entry_take(struct rings *rings, const struct ring_entry *entry, unsigned int available);

/* All that is outstanding is forgotten: its memory goes when its initiator is done with it. */
void commands_forget(struct rings *rings);
void passthroughs_forget(struct rings *rings);
void mailbox_entries_forget(struct rings *rings);
void managements_forget(struct rings *rings);
void delayed_forget(struct rings *rings);

struct initiator_task *command_find(const struct rings *rings, unsigned int ddb, uint32_t handle); /* NULL: there is none */
bool command_is_outstanding(const struct rings *rings, unsigned int ddb);

#define ANSWERS_MAX 3 /* entries of one answer: a status and two continuations hold all the sense there may be */

/* An answer of 1..ANSWERS_MAX entries, whatever armed faults do to it (answer.c). Nothing when the rings do not run. */
void rings_answer(struct rings *rings, const struct ring_entry *answers, unsigned int count);

/* Writes it as it is. What does not fit into our memory or the guest's stops the rings. */
void rings_write(struct rings *rings, const struct ring_entry *answers, unsigned int count);

/* The entry itself goes back, with status bits of enum isp_entry_status; refused: and is counted as wrong. */
void rings_give_back(struct rings *rings, const struct ring_entry *entry, uint8_t status);
void rings_refuse(struct rings *rings, const struct ring_entry *entry, uint8_t status);

#define COMMANDS_MAX 1024 /* outstanding */

static inline uint64_t dsd_address(const struct isp_dsd *dsd)
{
	return (uint64_t)le32toh(dsd->address_high) << 32 | le32toh(dsd->address_low);
}

#endif
