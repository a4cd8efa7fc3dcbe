/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * JSON Lines on stdout for `iscsiadm --json`. Knows the common members; what an object of a type holds is decided by the listing
 * that makes it.
 *
 * Lines are collected in a buffer of our own, not in stdio's: its content is whole lines at every instant, and what of it has
 * left is known at every instant an interrupt can come. So the handler of the interrupt can end the stream properly: interrupts
 * are let in only while stdout is waited for, and a write is never longer than what it takes at once.
 */
#include "adm/emit.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BUFFER_BYTES 65536
#define ENDING_MAX 320
#define CHUNK_BYTES 4096	/* a pipe that polls as writable takes this much (PIPE_BUF) */
#define LAST_WORDS_MS 1000	/* an interrupted program waits no longer for whoever does not read */

/* The output of the program; set up by emit_start(), which main() calls. */
static struct {
	bool wanted;
	bool failed;			/* something could not be written: nothing more is */
	bool ended;			/* the result is in the buffer */
	enum iscsi_err status;		/* the result's */
	enum iscsi_err interrupted_status;	/* what an interrupt ends with */
	size_t used, sent;		/* bytes of whole lines, and how many of them have left */
	char buffer[BUFFER_BYTES];
	const char *line;		/* rest of a line that is too long for the buffer, goes out behind it */
	size_t line_len;
	char interrupted[ENDING_MAX];	/* the last lines for these two, ready made */
	char no_memory[ENDING_MAX];
} out;

#define RESULT_FORMAT "{\"type\":\"result\",\"code\":%d,\"name\":\"%s\",\"message\":\"%s\"}\n"

/* The sentences of errors.def and those given here have nothing that needs an escape. */
static void make_ending(char ending[ENDING_MAX], const char *message, enum iscsi_err err)
{
	snprintf(ending, ENDING_MAX,
		 "{\"type\":\"error\",\"message\":\"%s\"}\n" RESULT_FORMAT, message, (int)err, iscsi_err_name(err), iscsi_err_text(err));
}

void emit_start(void)
{
	make_ending(out.interrupted, "interrupted", ISCSI_ERR_UNKNOWN);
	make_ending(out.no_memory, iscsi_err_text(ISCSI_ERR_NOMEM), ISCSI_ERR_NOMEM);
	out.used = out.sent = out.line_len = 0;
	out.failed = out.ended = false;
	out.interrupted_status = ISCSI_ERR_UNKNOWN;
	out.wanted = true;
}

bool emit_wanted(void)
{
	return out.wanted;
}

/* Takes the outcome of a write of what came first. */
static void take_written(ssize_t written)
{
	if (written < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (written <= 0) {
		out.failed = true;
	} else if (out.sent < out.used) {
		out.sent += (size_t)written;
	} else {
		out.line += written;
		out.line_len -= (size_t)written;
	}
}

/*
 * Writes all there is. Called with interrupts held back; waiting: the signals held back while stdout takes nothing. Gives up when it
 * took nothing for timeout_ms (-1: never).
 */
static void drain(const sigset_t *waiting, long timeout_ms)
{
	struct timespec timeout = { timeout_ms / 1000, timeout_ms % 1000 * 1000000 };
	struct pollfd room = { .fd = STDOUT_FILENO, .events = POLLOUT };

	while (!out.failed && (out.sent < out.used || out.line_len)) {
		const char *bytes = out.sent < out.used ? out.buffer + out.sent : out.line;
		size_t len = out.sent < out.used ? out.used - out.sent : out.line_len;
		int ready = ppoll(&room, 1, timeout_ms < 0 ? NULL : &timeout, waiting);

		if (ready < 0 && errno == EINTR)
			continue;
		if (ready <= 0)
			out.failed = true;
		else
			take_written(write(STDOUT_FILENO, bytes, len < CHUNK_BYTES ? len : CHUNK_BYTES));
	}
	out.used = out.sent = out.line_len = 0;
}

static void hold_interrupts(sigset_t *ret_before)
{
	sigset_t interrupt;

	sigemptyset(&interrupt);
	sigaddset(&interrupt, SIGINT);
	sigaddset(&interrupt, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &interrupt, ret_before);
}

/* The buffer, then a line that does not fit into it. */
static void write_out(const char *line, size_t len)
{
	sigset_t before;

	hold_interrupts(&before);
	out.line = line;
	out.line_len = len;
	drain(&before, -1);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void emit_flush(void)
{
	write_out(NULL, 0);
}

/* Interrupts are held back. */
static void write_ending(const char *ending, long timeout_ms)
{
	sigset_t all;

	sigfillset(&all);
	drain(&all, timeout_ms);
	out.line = ending;
	out.line_len = strlen(ending);
	drain(&all, timeout_ms);
}

enum iscsi_err emit_interrupted(void)
{
	write_ending(out.ended ? "" : out.interrupted, LAST_WORDS_MS);
	return out.failed ? ISCSI_ERR_UNKNOWN : out.ended ? out.status : out.interrupted_status;
}

void emit_until_interrupted(void)
{
	sigset_t before;

	hold_interrupts(&before);
	out.interrupted_status = ISCSI_ERR_SUCCESS;
	snprintf(out.interrupted, ENDING_MAX, RESULT_FORMAT, (int)ISCSI_ERR_SUCCESS, iscsi_err_name(ISCSI_ERR_SUCCESS),
		 iscsi_err_text(ISCSI_ERR_SUCCESS));
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void __attribute__((noreturn)) no_memory(void)
{
	sigset_t before;

	hold_interrupts(&before);
	write_ending(out.no_memory, LAST_WORDS_MS);
	_exit(ISCSI_ERR_NOMEM);
}

static struct json_object *need(struct json_object *object)
{
	if (!object)
		no_memory();
	return object;
}

struct json_object *emit_part(void)
{
	return need(json_object_new_object());
}

struct json_object *emit_list(void)
{
	return need(json_object_new_array());
}

struct json_object *emit_new(const char *type)
{
	struct json_object *object = emit_part();

	emit_text(object, "type", type);
	return object;
}

void emit_add(struct json_object *object, const char *name, struct json_object *value)
{
	if (json_object_object_add(object, name, value))
		no_memory();
}

void emit_append(struct json_object *list, struct json_object *value)
{
	if (json_object_array_add(list, value))
		no_memory();
}

void emit_null(struct json_object *object, const char *name)
{
	emit_add(object, name, NULL);
}

/* Bytes of the UTF-8 character text begins with (RFC 3629 4); 0: it is none. */
static size_t character_len(const unsigned char *text)
{
	static const struct {
		unsigned char from, to, second_from, second_to, len;
	} rows[] = {
		{ 0x01, 0x7f, 0, 0, 1 },	{ 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 }, { 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 },	{ 0xee, 0xef, 0x80, 0xbf, 3 }, { 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};
	size_t row = 0, len;

	while (row < sizeof(rows) / sizeof(rows[0]) && (*text < rows[row].from || *text > rows[row].to))
		row++;
	if (row == sizeof(rows) / sizeof(rows[0]))
		return 0;
	len = rows[row].len;
	if (len > 1 && (text[1] < rows[row].second_from || text[1] > rows[row].second_to))
		return 0;
	for (size_t i = 2; i < len; i++)
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	return len;
}

/* JSON is UTF-8; what kernels and targets say may be anything. NULL: the text is fine as it is. */
static char *cleaned(const char *value)
{
	size_t len = 0, room = strlen(value) + 1, good;
	char *copy;

	while ((good = character_len((const unsigned char *)value + len)))
		len += good;
	if (!value[len])
		return NULL;
	copy = malloc(room);
	if (!copy)
		no_memory();
	memcpy(copy, value, room);
	for (len = 0; copy[len]; len += good ? good : 1) {
		good = character_len((const unsigned char *)copy + len);
		if (!good)
			copy[len] = '?';
	}
	return copy;
}

void emit_text(struct json_object *object, const char *name, const char *value)
{
	bool is_set = value && *value && strcmp(value, "(null)");
	char *clean = is_set ? cleaned(value) : NULL;

	emit_add(object, name, is_set ? need(json_object_new_string(clean ? clean : value)) : NULL);
	free(clean);
}

void emit_number(struct json_object *object, const char *name, int64_t value)
{
	emit_add(object, name, need(json_object_new_int64(value)));
}

void emit_bool(struct json_object *object, const char *name, bool value)
{
	emit_add(object, name, need(json_object_new_boolean(value)));
}

void emit_error(struct json_object *object, enum iscsi_err err, const char *message)
{
	emit_number(object, "code", err);
	emit_text(object, "name", iscsi_err_name(err));
	emit_text(object, "message", message && *message ? message : iscsi_err_text(err));
}

static bool has_member(const struct record *record, enum field field, bool secrets)
{
	const struct field_row *row = &field_rows[field];

	return record_has(record, field) && !(row->flags & FIELD_ALIAS) && (secrets || !(row->flags & FIELD_SECRET));
}

struct json_object *emit_settings(const struct record *record, bool secrets)
{
	struct json_object *settings = emit_part();

	for (enum field field = 0; field < FIELD_COUNT; field++) {
		const struct field_row *row = &field_rows[field];

		if (!has_member(record, field, secrets))
			continue;
		if (row->type == FIELD_NUM)
			emit_number(settings, row->name, record_number(record, field));
		else
			emit_text(settings, row->name, record_text(record, field));
	}
	return settings;
}

struct json_object *emit_origins(const struct record *record, bool secrets)
{
	struct json_object *origins = emit_part();

	for (enum field field = 0; field < FIELD_COUNT; field++)
		if (has_member(record, field, secrets))
			emit_text(origins, field_rows[field].name, record_origin_text(record, field));
	return origins;
}

static void put_line(const char *text, size_t len)
{
	if (out.used + len > BUFFER_BYTES)
		emit_flush();
	if (len > BUFFER_BYTES) {
		write_out(text, len);
		return;
	}
	memcpy(out.buffer + out.used, text, len);
	/* The bytes first: a handler counts on all of them. */
	atomic_signal_fence(memory_order_release);
	out.used += len;
}

void emit(struct json_object *object)
{
	size_t len = 0;
	const char *text = json_object_to_json_string_length(object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &len);
	char *line = text ? malloc(len + 1) : NULL;

	if (!line)
		no_memory();
	memcpy(line, text, len);
	line[len] = '\n';
	put_line(line, len + 1);
	free(line);
	json_object_put(object);
}

void emit_log(enum log_level level, const char *message)
{
	static const char *const words[] = {
		[LOG_LEVEL_ERROR] = "error", [LOG_LEVEL_WARNING] = "warning", [LOG_LEVEL_INFO] = "info", [LOG_LEVEL_DEBUG] = "debug",
	};
	struct json_object *object = emit_new("log");

	emit_text(object, "level", words[level]);
	emit_text(object, "message", message);
	emit(object);
}

void emit_problem(const char *message)
{
	struct json_object *object = emit_new("error");

	emit_text(object, "message", message);
	emit(object);
}

bool emit_result(enum iscsi_err err)
{
	struct json_object *object = emit_new("result");
	sigset_t before;

	emit_error(object, err, NULL);
	hold_interrupts(&before);
	emit(object);
	out.status = err;
	out.ended = true;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	emit_flush();
	return !out.failed;
}
