/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What passes between a driver and the card, as text, so that two drivers (or two runs) can be compared by diff(1): register accesses,
 * mailbox commands and their answers, entries of the rings, events. What differs from run to run by nature (addresses of buffers, handles,
 * ring indexes, times, ports) is named instead of printed, polling and the EEPROM's bit-banging become one line each, and registers that
 * a command does not use are left out (they hold what an earlier one left). One trace per PCI function. struct trace NULL: nothing is
 * done, quickly.
 */
#ifndef OPENHBA_TESTS_HBA_TRACE_H
#define OPENHBA_TESTS_HBA_TRACE_H

#include <stdbool.h>
#include <stdint.h>

struct trace;

enum trace_part {
	TRACE_REGISTERS = 1,
	TRACE_MAILBOXES = 2,
	TRACE_IOCBS = 4,
	TRACE_EVENTS = 8,
	TRACE_NOTES = 16,
	TRACE_ALL = 31,
	TRACE_RAW = 32,			/* values as they are, nothing collapsed, milliseconds in front: for people */
};

/*
 * A trace that writes nowhere yet. port is the first word of each line ("port0"); is_4010 decides what register 2C is. NULL: no memory.
 */
struct trace *trace_new(unsigned int port, bool is_4010);
void trace_free(struct trace *trace);	/* NULL is fine */

/* Begins to append to path ("-": stdout), or ends with NULL. parts of enum trace_part. The errno of opening, negative. */
int trace_open(struct trace *trace, const char *path, unsigned int parts);
void trace_flush(struct trace *trace);

/* value as the guest wrote it, or as it reads. offset in BAR 1, size in bytes. */
void trace_read(struct trace *trace, uint32_t offset, unsigned int size, uint32_t value);
void trace_write(struct trace *trace, uint32_t offset, unsigned int size, uint32_t value);

void trace_mailbox(struct trace *trace, const uint32_t in[8]);			/* at the doorbell */
void trace_mailbox_done(struct trace *trace, uint32_t opcode, const uint32_t out[8]); /* when the host is shown it */
void trace_event(struct trace *trace, const uint32_t words[8]);			/* likewise */

/* An entry of 64 bytes as the host queued it (request) or as it is written for the host (response). */
void trace_request(struct trace *trace, const uint8_t entry[64]);
void trace_response(struct trace *trace, const uint8_t entry[64]);

/* "soft reset", "boot", "running", ...: the firmware's life. One line; nothing volatile in it. */
void trace_note(struct trace *trace, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
