/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * JSON Lines on stdout for `iscsiadm --json`. Knows the common members; what an object of a type holds is decided by the listing
 * that makes it.
 *
 * Lines are collected in a buffer of our own, not in stdio's: its content is whole lines at every instant, so that the handler of
 * an interrupt may write it out. Only while the buffer is being written are interrupts held back.
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

/* The output of the program; set up by emit_start(), which main() calls. */
static struct {
	bool wanted;
	bool failed;			/* something could not be written: nothing more is */
	size_t used;			/* bytes of whole lines */
	char buffer[BUFFER_BYTES];
	char interrupted[ENDING_MAX];	/* the last lines for these two, ready made */
	char no_memory[ENDING_MAX];
} out;

/* The sentences of errors.def and those given here have nothing that needs an escape. */
static void make_ending(char ending[ENDING_MAX], const char *message, enum iscsi_err err)
{
	snprintf(ending, ENDING_MAX, "{\"type\":\"error\",\"message\":\"%s\"}\n{\"type\":\"result\",\"code\":%d,\"name\":\"%s\",\"message\":\"%s\"}\n",
		 message, (int)err, iscsi_err_name(err), iscsi_err_text(err));
}

void emit_start(void)
{
	make_ending(out.interrupted, "interrupted", ISCSI_ERR_UNKNOWN);
	make_ending(out.no_memory, iscsi_err_text(ISCSI_ERR_NOMEM), ISCSI_ERR_NOMEM);
	out.used = 0;
	out.failed = false;
	out.wanted = true;
}

bool emit_wanted(void)
{
	return out.wanted;
}

static void write_bytes(const char *bytes, size_t len)
{
	struct pollfd room = { .fd = STDOUT_FILENO, .events = POLLOUT };

	while (len && !out.failed) {
		ssize_t written = write(STDOUT_FILENO, bytes, len);

		if (written > 0) {
			bytes += written;
			len -= (size_t)written;
		} else if (written < 0 && errno == EAGAIN) {
			poll(&room, 1, -1);
		} else if (!written || errno != EINTR) {
			out.failed = true;
		}
	}
}

static void write_buffer(void)
{
	write_bytes(out.buffer, out.used);
	out.used = 0;
}

/* What is collected, then a line that did not fit; no interrupt between the bytes. */
static void write_held(const char *line, size_t len)
{
	sigset_t interrupt, before;

	sigemptyset(&interrupt);
	sigaddset(&interrupt, SIGINT);
	pthread_sigmask(SIG_BLOCK, &interrupt, &before);
	write_buffer();
	write_bytes(line, len);
	if (len)
		write_bytes("\n", 1);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void emit_flush(void)
{
	write_held("", 0);
}

void emit_interrupted(void)
{
	write_buffer();
	write_bytes(out.interrupted, strlen(out.interrupted));
}

/* From here on the end of the stream is decided. */
static void hold_interrupts(void)
{
	sigset_t interrupt;

	sigemptyset(&interrupt);
	sigaddset(&interrupt, SIGINT);
	pthread_sigmask(SIG_BLOCK, &interrupt, NULL);
}

static _Noreturn void no_memory(void)
{
	hold_interrupts();
	write_buffer();
	write_bytes(out.no_memory, strlen(out.no_memory));
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

	return row->kinds & 1u << record->kind && !(row->flags & (FIELD_HIDDEN | FIELD_ALIAS)) &&
	       (secrets || !(row->flags & FIELD_SECRET));
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

/* A line longer than the buffer goes out by itself. */
static void put_line(const char *text, size_t len)
{
	if (out.used + len + 1 > BUFFER_BYTES)
		emit_flush();
	if (len + 1 > BUFFER_BYTES) {
		write_held(text, len);
		return;
	}
	memcpy(out.buffer + out.used, text, len);
	out.buffer[out.used + len] = '\n';
	/* The bytes first: a handler counts on all of them. */
	atomic_signal_fence(memory_order_release);
	out.used += len + 1;
}

void emit(struct json_object *object)
{
	size_t len = 0;
	const char *text = json_object_to_json_string_length(object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &len);

	if (!text)
		no_memory();
	put_line(text, len);
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

	emit_error(object, err, NULL);
	hold_interrupts();
	emit(object);
	emit_flush();
	return !out.failed;
}
