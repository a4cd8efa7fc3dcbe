/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What `iscsiadm --json` writes: one JSON object a line on stdout, each with a "type"; what goes wrong is an object of type
 * "error" in the same stream, and the last line is the "result" with the exit status. Nothing goes to stderr then, and the
 * text printers of print.h write nothing. docs/json.md describes every type and every member; tests hold the output against it.
 *
 * A listing asks emit_wanted(): if so it builds objects with the functions below, else it prints text. What an object of a type
 * holds stands in adm/objects.c where several modes show it, else beside the listing.
 *
 * Lines leave whole: an interrupt or a lack of memory ends the stream behind a line, with an error and a result of its own.
 */
#ifndef OPENHBA_ADM_EMIT_H
#define OPENHBA_ADM_EMIT_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/err.h"
#include "lib/log.h"
#include "lib/record.h"

/* Called once by main() before anything is printed, when --json is on the command line. */
void emit_start(void);
bool emit_wanted(void);

/*
 * An object {"type": type}, or without a type one that goes into another; owned by the caller until emit() or emit_add(). This and
 * everything below ends the program with status 3 (and says so in the stream) when there is no memory.
 */
struct json_object *emit_new(const char *type);
struct json_object *emit_part(void);
struct json_object *emit_list(void);

/* Members. An unset or empty text, and the kernel's "(null)", is null in JSON, so that every object of a type has the same names. */
void emit_text(struct json_object *object, const char *name, const char *value);
void emit_number(struct json_object *object, const char *name, int64_t value);
void emit_bool(struct json_object *object, const char *name, bool value);
void emit_null(struct json_object *object, const char *name);
void emit_add(struct json_object *object, const char *name, struct json_object *value);	/* takes value; NULL is null */
void emit_append(struct json_object *list, struct json_object *value);			/* takes value */

/* "code", "name" and "message" of an outcome; message NULL or empty: the sentence of errors.def. */
void emit_error(struct json_object *object, enum iscsi_err err, const char *message);

/* Settings of a record as {"node.name": "iqn..."}: all rows; numbers are JSON numbers; secrets are left out unless asked for. */
struct json_object *emit_settings(const struct record *record, bool secrets);

/* Where each value of emit_settings() comes from: {"node.name": "record"}. */
struct json_object *emit_origins(const struct record *record, bool secrets);

/* Writes the object as one line and frees it. The line may stay in a buffer until emit_flush() or emit_result(). */
void emit(struct json_object *object);
void emit_flush(void);

/* {"type":"log","level":...,"message":...}; what -d shows. For log_divert(). */
void emit_log(enum log_level level, const char *message);

/* {"type":"error","message":...}; what print_problem() becomes. */
void emit_problem(const char *message);

/* {"type":"result","code":...,"name":...,"message":...}; the last line. false: something could not be written. */
bool emit_result(enum iscsi_err err);

/*
 * For the handler of SIGINT, and of SIGTERM where it is caught: ends the stream with an error and the result of status 1, unless the
 * result is already under way. Gives the status to exit with. Async-signal-safe; waits at most some seconds for a reader that does
 * not read.
 */
enum iscsi_err emit_interrupted(void);

/* From now on an interrupt is how the work is meant to end: no error, a result of status 0. */
void emit_until_interrupted(void);

#endif
