/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What `iscsiadm --json` writes: one JSON object a line on stdout, each with a "type"; what goes wrong is an object of type
 * "error" in the same stream, and the last line is the "result" with the exit status. Nothing goes to stderr then, and the
 * text printers of print.h write nothing. docs/json.md describes every type.
 *
 * A listing asks emit_wanted(): if so it builds objects with the functions below, else it prints text.
 */
#ifndef OPENHBA_ADM_EMIT_H
#define OPENHBA_ADM_EMIT_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/err.h"
#include "lib/record.h"

/* Called once by main() before anything is printed, when --json is on the command line. */
void emit_start(void);
bool emit_wanted(void);

/* An object {"type": type}, owned by the caller until emit(). Aborts the program on no memory, as all of json-c's users here. */
struct json_object *emit_new(const char *type);

/* Members. An unset or empty text, and the kernel's "(null)", is null in JSON, so that every object of a type has the same names. */
void emit_text(struct json_object *object, const char *name, const char *value);
void emit_number(struct json_object *object, const char *name, int64_t value);
void emit_bool(struct json_object *object, const char *name, bool value);
void emit_add(struct json_object *object, const char *name, struct json_object *value);	/* takes value */

/* Settings of a record as {"node.name": "iqn..."}: all shown rows; numbers are JSON numbers; secrets are left out unless asked for. */
struct json_object *emit_settings(const struct record *record, bool secrets);

/* Writes the object as one line and frees it. */
void emit(struct json_object *object);

/* {"type":"error","message":...}; what print_problem() becomes. */
void emit_problem(const char *message);

/* {"type":"result","code":...,"name":...,"message":...}; the last line. */
void emit_result(enum iscsi_err err);

#endif
