/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Writes the trace: one line per thing that passed. Register lines wait in a short window, from which a repetition of the last lines is
 * dropped (polling), and the EEPROM's bit-banging is counted in words; every other line writes the window out first. Called by the
 * chip, the mailboxes and the rings; decides nothing.
 */
#include "tests/hba/trace.h"

#include <endian.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/loop.h"
#include "lib/text.h"
#include "transport/abi/isp4xxx.h"

#define LINE_MAX_BYTES 64 /* of a register line */
#define WINDOW 8	  /* register lines that wait; half of it is the longest repetition found */

struct trace {
	unsigned int port, parts;
	bool is_4010;
	FILE *file;
	uint64_t opened_ms;
	char window[WINDOW][LINE_MAX_BYTES];
	unsigned int waiting;
	unsigned int eeprom_words; /* of the run of accesses that is under way */
	bool is_in_eeprom, is_selected;
	uint16_t shared_mask; /* 4010: what the last write to 2C meant, so that reading it back counts as the same */
};

static const struct {
	const char *name;
	uint16_t offset;
	enum { SHOWN, NAMED } how;
} register_rows[] = {
	{"mailbox0", 0x00, SHOWN}, {"mailbox1", 0x04, NAMED}, {"mailbox2", 0x08, NAMED}, {"mailbox3", 0x0c, NAMED},
	{"mailbox4", 0x10, NAMED}, {"mailbox5", 0x14, NAMED}, {"mailbox6", 0x18, NAMED}, {"mailbox7", 0x1c, NAMED},
	{"flash-address", ISP_REG_FLASH_ADDRESS, SHOWN}, {"flash-data", ISP_REG_FLASH_DATA, SHOWN}, {"control", ISP_REG_CONTROL, SHOWN},
	{"interrupt-mask", ISP_REG_INTERRUPT_MASK, SHOWN}, {"nvram", ISP_REG_NVRAM, SHOWN}, {"semaphore", ISP_REG_SEMAPHORE, SHOWN},
	{"request-in", ISP_REG_REQUEST_IN, NAMED}, {"response-out", ISP_REG_RESPONSE_OUT, NAMED},
	{"ext-hw-config", ISP_REG_EXT_HW_CONFIG, SHOWN}, {"port-control", ISP_REG_PORT_CONTROL, SHOWN},
	{"port-status", ISP_REG_PORT_STATUS, SHOWN}, {"request-out", ISP_REG_4010_REQUEST_OUT, NAMED}, {"gp-out", ISP_REG_GP_OUT, SHOWN},
	{"gp-in", ISP_REG_GP_IN, SHOWN}, {"port-error", ISP_REG_PORT_ERROR, SHOWN},
};

static const struct mailbox_row {
	uint16_t opcode;
	const char *name, *in, *out;
} mailbox_rows[] = {
#define TRACE_MAILBOX(name, in, out) {ISP_MBOX_##name, #name, in, out},
#include "tests/hba/trace.def"
#undef TRACE_MAILBOX
};

static const struct {
	uint16_t code;
	const char *name;
} event_rows[] = {
#define ISP_EVENT(code, name, sentence) {code, #name},
#include "transport/abi/isp4xxx_events.def"
#undef ISP_EVENT
};

struct trace *trace_new(unsigned int port, bool is_4010)
{
	struct trace *trace = calloc(1, sizeof(*trace));

	if (trace) {
		trace->port = port;
		trace->is_4010 = is_4010;
	}
	return trace;
}

static bool wants(const struct trace *trace, enum trace_part part)
{
	return trace && trace->file && trace->parts & part;
}

static void put(struct trace *trace, const char *line)
{
	if (trace->parts & TRACE_RAW)
		fprintf(trace->file, "%9llu ", (unsigned long long)(loop_now_ms() - trace->opened_ms));
	fprintf(trace->file, "port%u %s\n", trace->port, line);
}

/* Writes the oldest count lines that wait. */
static void put_oldest(struct trace *trace, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		put(trace, trace->window[i]);
	trace->waiting -= count;
	memmove(trace->window, trace->window + count, trace->waiting * sizeof(trace->window[0]));
}

static bool ends_repeated(const struct trace *trace, unsigned int period)
{
	if (trace->waiting < 2 * period)
		return false;
	for (unsigned int i = 1; i <= period; i++)
		if (strcmp(trace->window[trace->waiting - i], trace->window[trace->waiting - i - period]) != 0)
			return false;
	return true;
}

static void wait_in_window(struct trace *trace, const char *line)
{
	if (trace->waiting == WINDOW)
		put_oldest(trace, 1);
	snprintf(trace->window[trace->waiting++], LINE_MAX_BYTES, "%s", line);
	for (unsigned int period = 1; period <= WINDOW / 2; period++) {
		if (ends_repeated(trace, period)) {
			trace->waiting -= period;
			return;
		}
	}
}

static void end_eeprom(struct trace *trace)
{
	char line[LINE_MAX_BYTES];

	if (!trace->is_in_eeprom)
		return;
	trace->is_in_eeprom = false;
	snprintf(line, sizeof(line), "eeprom %u words", trace->eeprom_words);
	trace->eeprom_words = 0;
	wait_in_window(trace, line);
}

static void put_waiting(struct trace *trace)
{
	end_eeprom(trace);
	put_oldest(trace, trace->waiting);
}

static void put_text(struct trace *trace, struct text *text)
{
	put_waiting(trace);
	if (!text->failed && text->data)
		put(trace, text->data);
	text_done(text);
}

void trace_flush(struct trace *trace)
{
	if (trace && trace->file) {
		put_waiting(trace);
		fflush(trace->file);
	}
}

static void close_file(struct trace *trace)
{
	if (!trace->file)
		return;
	trace_flush(trace);
	if (trace->file != stdout)
		fclose(trace->file);
	trace->file = NULL;
}

void trace_free(struct trace *trace)
{
	if (!trace)
		return;
	close_file(trace);
	free(trace);
}

int trace_open(struct trace *trace, const char *path, unsigned int parts)
{
	if (!trace)
		return -EINVAL;
	close_file(trace);
	if (!path)
		return 0;
	trace->file = strcmp(path, "-") ? fopen(path, "ae") : stdout;
	if (!trace->file)
		return -errno;
	trace->parts = parts;
	trace->opened_ms = loop_now_ms();
	return 0;
}

/* --- registers --------------------------------------------------------------------------------------------------------------- */

/* Does an access to offset belong to the EEPROM's wires? A write says so by its mask, a read follows the last write. */
static bool is_eeprom(struct trace *trace, uint32_t offset, bool is_write, uint32_t value)
{
	if (offset != (trace->is_4010 ? (uint32_t)ISP_REG_4010_NVRAM : (uint32_t)ISP_REG_NVRAM))
		return false;
	if (is_write)
		trace->shared_mask = (uint16_t)(value >> 16);
	return trace->shared_mask == 0x000f;
}

static void eeprom_access(struct trace *trace, bool is_write, uint32_t value)
{
	bool is_selected = value & ISP_EEPROM_SELECT;

	trace->is_in_eeprom = true;
	if (!is_write)
		return;
	if (trace->is_selected && !is_selected)
		trace->eeprom_words++;
	trace->is_selected = is_selected;
}

static void format_register(const struct trace *trace, bool is_write, uint32_t offset, uint32_t value, char *line)
{
	const char *verb = is_write ? "write" : "read";
	bool is_raw = trace->parts & TRACE_RAW;

	for (size_t i = 0; i < sizeof(register_rows) / sizeof(register_rows[0]); i++) {
		if (register_rows[i].offset != offset)
			continue;
		if (register_rows[i].how == NAMED && !is_raw)
			snprintf(line, LINE_MAX_BYTES, "%s %s", verb, register_rows[i].name);
		else
			snprintf(line, LINE_MAX_BYTES, "%s %s %08x", verb,
				 trace->is_4010 && offset == ISP_REG_4010_NVRAM ? "nvram+semaphore" : register_rows[i].name, value);
		return;
	}
	snprintf(line, LINE_MAX_BYTES, "%s register%02x %08x", verb, offset, value);
}

static void trace_register(struct trace *trace, bool is_write, uint32_t offset, uint32_t value)
{
	char line[LINE_MAX_BYTES];

	if (!wants(trace, TRACE_REGISTERS))
		return;
	if (is_eeprom(trace, offset, is_write, value) && !(trace->parts & TRACE_RAW)) {
		eeprom_access(trace, is_write, value);
		return;
	}
	end_eeprom(trace);
	format_register(trace, is_write, offset, value, line);
	if (trace->parts & TRACE_RAW)
		put(trace, line);
	else
		wait_in_window(trace, line);
}

void trace_read(struct trace *trace, uint32_t offset, unsigned int size, uint32_t value)
{
	trace_register(trace, false, offset, value);
}

void trace_write(struct trace *trace, uint32_t offset, unsigned int size, uint32_t value)
{
	trace_register(trace, true, offset, value);
}

/* --- mailboxes and events ------------------------------------------------------------------------------------------------------ */

static const struct mailbox_row *find_mailbox(uint32_t opcode)
{
	for (size_t i = 0; i < sizeof(mailbox_rows) / sizeof(mailbox_rows[0]); i++)
		if (mailbox_rows[i].opcode == opcode)
			return &mailbox_rows[i];
	return NULL;
}

static void add_word(const struct trace *trace, struct text *text, char letter, unsigned int number, const uint32_t words[8])
{
	const char *name = letter == 'a' ? "address" : letter == 'h' ? "handle" : "time";
	uint32_t word = words[number];

	if (letter == '.')
		return;
	if (letter == 'v' || trace->parts & TRACE_RAW)
		text_addf(text, " %u=%x", number, word);
	else if (letter == 'A')
		return;
	else if (letter == 'a' && !word && !words[number + 1])
		text_addf(text, " %u=0", number);
	else if (letter == 'p')
		text_addf(text, " %u=%s%x", number, word >> 16 ? "port+" : "", word & 0xffff);
	else
		text_addf(text, " %u=%s", number, name);
}

static void add_words(const struct trace *trace, struct text *text, const char *letters, const uint32_t words[8])
{
	for (unsigned int i = 1; i < ISP_MAILBOXES && letters[i - 1]; i++)
		add_word(trace, text, letters[i - 1], i, words);
}

/* "command GET_DDB 1=0 2=address 3=0 4=200" */
static void add_mailbox(const struct trace *trace, struct text *text, uint32_t opcode, const uint32_t words[8], bool is_answer)
{
	const struct mailbox_row *row = find_mailbox(opcode);

	text_add(text, is_answer ? "answer " : "command ");
	if (row)
		text_add(text, row->name);
	else
		text_addf(text, "%04x", opcode);
	if (is_answer)
		text_addf(text, " %04x", words[0]);
	add_words(trace, text, !row ? "vvvvvvv" : is_answer ? row->out : row->in, words);
}

void trace_mailbox(struct trace *trace, const uint32_t in[8])
{
	struct text text = {0};

	if (!wants(trace, TRACE_MAILBOXES))
		return;
	add_mailbox(trace, &text, in[0], in, false);
	put_text(trace, &text);
}

void trace_mailbox_done(struct trace *trace, uint32_t opcode, const uint32_t out[8])
{
	struct text text = {0};

	if (!wants(trace, TRACE_MAILBOXES))
		return;
	add_mailbox(trace, &text, opcode, out, true);
	put_text(trace, &text);
	fflush(trace->file);
}

void trace_event(struct trace *trace, const uint32_t words[8])
{
	struct text text = {0};
	const char *name = NULL;

	if (!wants(trace, TRACE_EVENTS))
		return;
	for (size_t i = 0; i < sizeof(event_rows) / sizeof(event_rows[0]); i++)
		if (event_rows[i].code == words[0])
			name = event_rows[i].name;
	text_addf(&text, "event %04x %s", words[0], name ? name : "unknown");
	for (unsigned int i = 1; i < ISP_MAILBOXES; i++)
		if (words[i])
			text_addf(&text, " %u=%x", i, words[i]);
	put_text(trace, &text);
}

/* --- entries of the rings -------------------------------------------------------------------------------------------------------- */

static void add_bytes(struct text *text, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		text_addf(text, "%02x", bytes[i]);
}

static void add_handle(const struct trace *trace, struct text *text, __le32 handle)
{
	if (trace->parts & TRACE_RAW)
		text_addf(text, " handle=%x", le32toh(handle));
}

static void add_command(const struct trace *trace, struct text *text, const uint8_t *entry)
{
	struct isp_command command;

	memcpy(&command, entry, sizeof(command));
	text_addf(text, "command ddb=%u control=%02x length=%u pieces=%u entries=%u lun=", le16toh(command.ddb), command.control,
		  le32toh(command.length), le16toh(command.dsds), command.header.count);
	add_bytes(text, command.lun, sizeof(command.lun));
	text_add(text, " cdb=");
	add_bytes(text, command.cdb, sizeof(command.cdb));
	add_handle(trace, text, command.handle);
}

static void add_marker(const struct trace *trace, struct text *text, const uint8_t *entry)
{
	struct isp_marker marker;

	memcpy(&marker, entry, sizeof(marker));
	text_addf(text, "marker ddb=%u modifier=%u lun=", le16toh(marker.ddb), le16toh(marker.modifier));
	add_bytes(text, marker.lun, sizeof(marker.lun));
}

static void add_passthrough(const struct trace *trace, struct text *text, const uint8_t *entry)
{
	struct isp_passthrough through;

	memcpy(&through, entry, sizeof(through));
	text_addf(text, "passthrough ddb=%u flags=%04x timeout=%u out=%u in=%u", le16toh(through.ddb), le16toh(through.flags),
		  le16toh(through.timeout), le32toh(through.out.length), le32toh(through.in.length));
	add_handle(trace, text, through.handle);
}

static void add_passthrough_status(const struct trace *trace, struct text *text, const uint8_t *entry)
{
	struct isp_passthrough_status status;

	memcpy(&status, entry, sizeof(status));
	text_addf(text, "passthrough-status ddb=%u completion=%02x out-residual=%u in-residual=%u", le16toh(status.ddb),
		  status.completion, le32toh(status.out_residual), le32toh(status.in_residual));
	add_handle(trace, text, status.handle);
}

static void add_status(const struct trace *trace, struct text *text, const uint8_t *entry)
{
	struct isp_status status;

	memcpy(&status, entry, sizeof(status));
	text_addf(text, "status completion=%02x scsi=%02x flags=%02x response=%02x residual=%u sense=%u", status.completion,
		  status.scsi_status, status.flags, status.response, le32toh(status.residual), le16toh(status.sense_length));
	add_handle(trace, text, status.handle);
}

static void add_mailbox_entry(const struct trace *trace, struct text *text, const uint8_t *entry)
{
	struct isp_mailbox_iocb iocb;
	uint32_t words[ISP_MAILBOXES];
	bool is_answer = entry[0] == ISP_IOCB_MAILBOX_STATUS;

	memcpy(&iocb, entry, sizeof(iocb));
	for (unsigned int i = 0; i < ISP_MAILBOXES; i++)
		words[i] = le32toh(iocb.mailbox[i]);
	text_add(text, "mailbox ");
	add_mailbox(trace, text, is_answer ? (uint32_t)ISP_MBOX_PING : words[0], words, is_answer);
	add_handle(trace, text, iocb.handle);
}

static void add_plain(const struct trace *trace, struct text *text, const uint8_t *entry)
{
	text_add(text, entry[0] == ISP_IOCB_CONTINUE ? "continue" : "status-continue");
}

static const struct {
	uint8_t type;
	void (*add)(const struct trace *trace, struct text *text, const uint8_t *entry);
} entry_rows[] = {
	{ISP_IOCB_COMMAND, add_command},
	{ISP_IOCB_CONTINUE, add_plain},
	{ISP_IOCB_MARKER, add_marker},
	{ISP_IOCB_PASSTHROUGH, add_passthrough},
	{ISP_IOCB_PASSTHROUGH_STATUS, add_passthrough_status},
	{ISP_IOCB_STATUS, add_status},
	{ISP_IOCB_STATUS_CONTINUE, add_plain},
	{ISP_IOCB_MAILBOX, add_mailbox_entry},
	{ISP_IOCB_MAILBOX_STATUS, add_mailbox_entry},
};

static void trace_entry(struct trace *trace, const char *verb, const uint8_t entry[64])
{
	struct text text = {0};
	size_t i = 0;

	if (!wants(trace, TRACE_IOCBS))
		return;
	text_addf(&text, "%s ", verb);
	while (i < sizeof(entry_rows) / sizeof(entry_rows[0]) && entry_rows[i].type != entry[0])
		i++;
	if (i < sizeof(entry_rows) / sizeof(entry_rows[0]))
		entry_rows[i].add(trace, &text, entry);
	else
		add_bytes(&text, entry, ISP_IOCB_SIZE);
	if (entry[1])
		text_addf(&text, " entry-status=%02x", entry[1]);
	put_text(trace, &text);
}

void trace_request(struct trace *trace, const uint8_t entry[64])
{
	trace_entry(trace, "request", entry);
}

void trace_response(struct trace *trace, const uint8_t entry[64])
{
	trace_entry(trace, "response", entry);
}

void trace_note(struct trace *trace, const char *format, ...)
{
	char line[LINE_MAX_BYTES];
	struct text text = {0};
	va_list args;

	if (!wants(trace, TRACE_NOTES))
		return;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	text_addf(&text, "note %s", line);
	put_text(trace, &text);
}
