/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Records as text: what the store keeps, what files hold, what `-o show` prints, and why a value was refused. It decides
 * which rows a form has and how a value looks in it; it never changes a record. Lines that show a built-in value are ready
 * made in the rows, because listing thousands of records is mostly that.
 */
#include "lib/record.h"

#include <string.h>

#define EMPTY "<empty>"
#define MASK "********"

static const char *const origin_names[] = {
	[ORIGIN_DEFAULT] = "built-in",
	[ORIGIN_CONF] = "iscsid.conf",
	[ORIGIN_RECORD] = "record",
	[ORIGIN_COMMAND] = "command line",
};

static const char *format_number(int64_t number, char buffer[FIELD_NUMBER_TEXT_MAX])
{
	uint64_t rest = number < 0 ? -(uint64_t)number : (uint64_t)number;
	char *at = buffer + FIELD_NUMBER_TEXT_MAX - 1;

	*at = '\0';
	do {
		*--at = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest);
	if (number < 0)
		*--at = '-';
	return at;
}

const char *record_format_value(const struct record *record, enum field field, char buffer[FIELD_NUMBER_TEXT_MAX])
{
	if (field_rows[field_rows[field].of].type == FIELD_NUM)
		return format_number(record_number(record, field), buffer);
	return record_text(record, field);
}

static bool is_shown(enum record_form form)
{
	return form != RECORD_STORED && form != RECORD_FILE;
}

static bool has_origins(enum record_form form)
{
	return form == RECORD_SHOWN_ORIGINS || form == RECORD_SHOWN_ORIGINS_SECRETS;
}

const char *record_origin_text(const struct record *record, enum field field)
{
	return origin_names[record->values[field_rows[field].of].origin];
}

void record_mark_conf(struct record *record, const struct record *conf)
{
	char own[FIELD_NUMBER_TEXT_MAX], theirs[FIELD_NUMBER_TEXT_MAX];

	for (enum field field = 0; field < FIELD_COUNT; field++) {
		const struct field_row *row = &field_rows[field];

		if (!(row->kinds & 1u << record->kind) || row->of != field || !record->values[field].given ||
		    !conf->values[field].given || conf->values[field].origin != ORIGIN_CONF)
			continue;
		if (!strcmp(record_format_value(record, field, own), record_format_value(conf, field, theirs)))
			record->values[field].origin = ORIGIN_CONF;
	}
}

/* The flag of the iface rows that belong to the other address family; 0 for records without an iface. */
static unsigned int other_family(const struct record *record)
{
	if (!(field_rows[F_IFACE_IPADDRESS].kinds & 1u << record->kind))
		return 0;
	if (strchr(record_text(record, F_IFACE_IPADDRESS), ':') ||
	    strstr(record_text(record, F_IFACE_ISCSI_IFACENAME), "ipv6"))
		return FIELD_V4;
	return FIELD_V6;
}

/* Does the value differ from the built-in one? */
static bool is_changed(const struct record *record, enum field field)
{
	const struct field_row *row = &field_rows[field];
	char buffer[FIELD_NUMBER_TEXT_MAX];

	return record->values[row->of].given &&
	       strcmp(record_format_value(record, field, buffer), field_rows[row->of].default_text) != 0;
}

bool record_has(const struct record *record, enum field field)
{
	const struct field_row *row = &field_rows[field];

	return row->kinds & 1u << record->kind && !(row->flags & FIELD_HIDDEN) &&
	       (!(row->flags & FIELD_QUIET) || is_changed(record, field));
}

static bool has_row(const struct record *record, enum field field, enum record_form form, unsigned int other)
{
	const struct field_row *row = &field_rows[field];
	char buffer[FIELD_NUMBER_TEXT_MAX];

	if (!record_has(record, field))
		return false;
	if (is_shown(form))
		return !(row->flags & other);
	if (form == RECORD_STORED)
		return !(row->flags & FIELD_ALIAS) && is_changed(record, field);
	/* What an administrator emptied, or wrote for the other family, which is not in force, is not lost. */
	return (!(row->flags & other) && *record_format_value(record, field, buffer)) || is_changed(record, field);
}

static void add_row(const struct record *record, enum field field, enum record_form form, struct text *text)
{
	const struct field_row *row = &field_rows[field];
	const struct value *value = &record->values[row->of];
	char buffer[FIELD_NUMBER_TEXT_MAX];
	const char *string;

	if (!value->given && row->shown && !has_origins(form)) {
		text_add_bytes(text, row->shown, row->shown_len);
		return;
	}
	string = record_format_value(record, field, buffer);
	if (is_shown(form) && !*string)
		string = EMPTY;
	else if (row->flags & FIELD_SECRET && (form == RECORD_SHOWN || form == RECORD_SHOWN_ORIGINS))
		string = MASK;
	text_add_bytes(text, row->name, row->name_len);
	text_add_bytes(text, " = ", 3);
	text_add(text, string);
	if (has_origins(form)) {
		text_add(text, " (");
		text_add(text, origin_names[value->origin]);
		text_add(text, ")");
	}
	text_add_bytes(text, "\n", 1);
}

void record_format(const struct record *record, enum record_form form, struct text *text)
{
	unsigned int other = other_family(record);

	if (form != RECORD_STORED)
		text_add(text, "# BEGIN RECORD " COMPAT_VERSION "\n");
	for (enum field field = 0; field < FIELD_COUNT; field++)
		if (has_row(record, field, form, other))
			add_row(record, field, form, text);
	if (!is_shown(form) && record->unknown)
		text_add(text, record->unknown);
	if (form != RECORD_STORED)
		text_add(text, "# END RECORD\n");
}

/* "a, b or c" */
static void add_choices(const struct field_row *row, const char *last, struct text *text)
{
	for (int i = 0; row->choices[i]; i++) {
		if (i)
			text_add(text, row->choices[i + 1] ? ", " : last);
		text_add(text, row->choices[i]);
	}
}

static void explain_choices(const struct field_row *row, const char *value, struct text *text)
{
	text_addf(text, "\"%s\" is not one of ", value);
	add_choices(row, " or ", text);
}

static void explain_text(const struct field_row *row, const char *value, struct text *text)
{
	if (strlen(value) > (size_t)row->max)
		text_addf(text, "the value is longer than %lld bytes", (long long)row->max);
	else if (row->choices)
		explain_choices(row, value, text);
	else
		text_add(text, "the value has a control character or a blank at its end");
}

void record_explain(enum field field, const char *value, struct text *ret_sentence)
{
	const struct field_row *row = &field_rows[field_rows[field].of];

	text_addf(ret_sentence, "%s: ", field_rows[field].name);
	switch (row->type) {
	case FIELD_NUM:
		text_addf(ret_sentence, "\"%s\" is not a number from %lld to %lld", value, (long long)row->min,
			  (long long)row->max);
		break;
	case FIELD_WORD:
		explain_choices(row, value, ret_sentence);
		break;
	case FIELD_LIST:
		text_addf(ret_sentence, "\"%s\" is not a list of different ones of ", value);
		add_choices(row, " and ", ret_sentence);
		break;
	case FIELD_TEXT:
		explain_text(row, value, ret_sentence);
		break;
	}
}
