/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * JSON Lines on stdout for `iscsiadm --json`. Knows the common members; what an object of a type holds is decided by the
 * listing that makes it.
 */
#include "adm/emit.h"

#include <stdio.h>
#include <string.h>

static bool wanted;	/* the one switch of this program's output; set by main() only */

void emit_start(void)
{
	wanted = true;
}

bool emit_wanted(void)
{
	return wanted;
}

struct json_object *emit_new(const char *type)
{
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, "type", json_object_new_string(type));
	return object;
}

void emit_text(struct json_object *object, const char *name, const char *value)
{
	bool is_set = value && *value && strcmp(value, "(null)");

	json_object_object_add(object, name, is_set ? json_object_new_string(value) : NULL);
}

void emit_number(struct json_object *object, const char *name, int64_t value)
{
	json_object_object_add(object, name, json_object_new_int64(value));
}

void emit_bool(struct json_object *object, const char *name, bool value)
{
	json_object_object_add(object, name, json_object_new_boolean(value));
}

void emit_add(struct json_object *object, const char *name, struct json_object *value)
{
	json_object_object_add(object, name, value);
}

struct json_object *emit_settings(const struct record *record, bool secrets)
{
	struct json_object *settings = json_object_new_object();

	for (enum field field = 0; field < FIELD_COUNT; field++) {
		const struct field_row *row = &field_rows[field];

		if (!(row->kinds & 1u << record->kind) || row->flags & (FIELD_HIDDEN | FIELD_ALIAS))
			continue;
		if (row->flags & FIELD_SECRET && !secrets)
			continue;
		if (row->type == FIELD_NUM)
			emit_number(settings, row->name, record_number(record, field));
		else
			emit_text(settings, row->name, record_text(record, field));
	}
	return settings;
}

void emit(struct json_object *object)
{
	puts(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(object);
}

void emit_problem(const char *message)
{
	struct json_object *object = emit_new("error");

	emit_text(object, "message", message);
	emit(object);
}

void emit_result(enum iscsi_err err)
{
	struct json_object *object = emit_new("result");

	emit_number(object, "code", err);
	emit_text(object, "name", iscsi_err_name(err));
	emit_text(object, "message", iscsi_err_text(err));
	emit(object);
}
