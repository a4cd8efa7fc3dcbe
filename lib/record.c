/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The values of records: defaults, checks, changes, copies, and reading them from text. Everything follows the rows of
 * record_rows.c; no setting is mentioned by name here. A value that was never given costs nothing: it is read from its row.
 * Printing stands in record_format.c. Secrets are zeroed before their memory is freed.
 */
#include "lib/record.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIST_ITEMS_MAX 4

void record_init(struct record *record, enum record_kind kind)
{
	memset(record, 0, sizeof(*record));
	record->kind = kind;
}

/* Frees a text that field held, or holds. */
static void text_free(enum field field, char *text)
{
	if (text && field_rows[field].flags & FIELD_SECRET)
		explicit_bzero(text, strlen(text));
	free(text);
}

void record_done(struct record *record)
{
	for (enum field field = 0; field < FIELD_COUNT; field++)
		text_free(field, record->values[field].text);
	if (record->unknown)
		explicit_bzero(record->unknown, strlen(record->unknown));
	free(record->unknown);
	memset(record, 0, sizeof(*record));
}

int record_copy(struct record *to, const struct record *from)
{
	*to = *from;
	to->unknown = NULL;
	for (enum field field = 0; field < FIELD_COUNT; field++)
		to->values[field].text = NULL;
	if (from->unknown) {
		to->unknown = strdup(from->unknown);
		if (!to->unknown)
			return -ENOMEM;
	}
	for (enum field field = 0; field < FIELD_COUNT; field++) {
		if (!from->values[field].text)
			continue;
		to->values[field].text = strdup(from->values[field].text);
		if (!to->values[field].text) {
			record_done(to);
			return -ENOMEM;
		}
	}
	return 0;
}

/* The field that holds what this record calls by the name of field. */
static enum field resolve(const struct record *record, enum field field)
{
	assert(field < FIELD_COUNT);
	if (!(field_rows[field].kinds & 1u << record->kind))
		field = field_find(record->kind, field_rows[field].name);
	assert(field < FIELD_COUNT);
	return field_rows[field].of;
}

/* Decimal digits with an optional sign and nothing else. -ERANGE also for what no int64_t holds. */
static int parse_number(const char *text, int64_t min, int64_t max, int64_t *ret_number)
{
	bool negative = *text == '-';
	bool huge = false;
	int64_t number = 0;

	if (*text == '-' || *text == '+')
		text++;
	if (!*text)
		return -EINVAL;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return -EINVAL;
		if (__builtin_mul_overflow(number, 10, &number) ||
		    __builtin_add_overflow(number, negative ? '0' - *text : *text - '0', &number))
			huge = true;
	}
	if (huge || number < min || number > max)
		return -ERANGE;
	*ret_number = number;
	return 0;
}

static int find_choice(const struct field_row *row, const char *word, size_t len)
{
	for (int i = 0; row->choices[i]; i++)
		if (!strncmp(row->choices[i], word, len) && !row->choices[i][len])
			return i;
	return -EINVAL;
}

int64_t record_number(const struct record *record, enum field field)
{
	const struct field_row *row;
	const struct value *value;
	int64_t number = 0;
	int error;

	field = resolve(record, field);
	row = &field_rows[field];
	value = &record->values[field];
	assert(row->type == FIELD_NUM || row->type == FIELD_WORD);
	if (value->given)
		return value->number;
	if (row->type == FIELD_WORD)
		return find_choice(row, row->default_text, strlen(row->default_text));
	error = parse_number(row->default_text, INT64_MIN, INT64_MAX, &number);
	assert(!error);
	return number;
}

const char *record_text(const struct record *record, enum field field)
{
	const struct field_row *row;
	const struct value *value;

	field = resolve(record, field);
	row = &field_rows[field];
	value = &record->values[field];
	assert(row->type != FIELD_NUM);
	if (!value->given)
		return row->default_text;
	if (row->type == FIELD_WORD)
		return row->choices[value->number];
	return value->text ? value->text : "";
}

bool record_is(const struct record *record, enum field field, const char *word)
{
	return !strcmp(record_text(record, field), word);
}

bool record_yes(const struct record *record, enum field field)
{
	return record_is(record, field, "Yes");
}

/* Takes text. The length of a secret stands in the row behind it. */
static void keep_text(struct record *record, enum field field, char *text, enum origin origin)
{
	struct value *value = &record->values[field];

	text_free(field, value->text);
	*value = (struct value){ .text = text, .origin = origin, .given = true };
	if (field_rows[field].flags & FIELD_SECRET)
		record->values[field + 1] = (struct value){
			.number = text ? (int64_t)strlen(text) : 0, .origin = origin, .given = true };
}

static void keep_number(struct record *record, enum field field, int64_t number, enum origin origin)
{
	record->values[field].number = number;
	record->values[field].origin = origin;
	record->values[field].given = true;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Can the text stand behind a '=' in a line and be read back as it is? */
static bool is_printable(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			return false;
	return !len || (!is_blank(text[0]) && !is_blank(text[len - 1]));
}

static int set_text(struct record *record, enum field field, const char *text, enum origin origin)
{
	const struct field_row *row = &field_rows[field];
	size_t len = strlen(text);
	char *copy;

	if (!strcmp(text, "<empty>"))
		len = 0;
	if (len > (size_t)row->max)
		return -ERANGE;
	if (!is_printable(text, len))
		return -EINVAL;
	if (len && row->choices && (origin == ORIGIN_COMMAND || row->flags & FIELD_QUIET) && find_choice(row, text, len) < 0)
		return -EINVAL;
	copy = len ? strdup(text) : NULL;
	if (len && !copy)
		return -ENOMEM;
	keep_text(record, field, copy, origin);
	return 0;
}

/* Items apart by commas or blanks, kept with commas only. */
static int set_list(struct record *record, enum field field, const char *text, enum origin origin)
{
	const struct field_row *row = &field_rows[field];
	struct text list = { 0 };
	unsigned int seen = 0, count = 0;

	for (size_t len; text += strspn(text, ", \t"), len = strcspn(text, ", \t"); text += len) {
		int choice = find_choice(row, text, len);

		if (choice < 0 || seen & 1u << choice || ++count > LIST_ITEMS_MAX) {
			text_done(&list);
			return -EINVAL;
		}
		seen |= 1u << choice;
		if (count > 1)
			text_add(&list, ",");
		text_add_bytes(&list, text, len);
	}
	if (!count || list.failed) {
		text_done(&list);
		return count ? -ENOMEM : -EINVAL;
	}
	keep_text(record, field, list.data, origin);
	return 0;
}

int record_set(struct record *record, enum field field, const char *text, enum origin origin)
{
	int64_t number = 0;
	int error;

	field = resolve(record, field);
	switch (field_rows[field].type) {
	case FIELD_TEXT:
		return set_text(record, field, text, origin);
	case FIELD_LIST:
		return set_list(record, field, text, origin);
	case FIELD_WORD:
		error = find_choice(&field_rows[field], text, strlen(text));
		if (error < 0)
			return error;
		keep_number(record, field, error, origin);
		return 0;
	case FIELD_NUM:
		error = parse_number(text, field_rows[field].min, field_rows[field].max, &number);
		if (!error)
			keep_number(record, field, number, origin);
		return error;
	}
	return -EINVAL;
}

int record_set_number(struct record *record, enum field field, int64_t number, enum origin origin)
{
	const struct field_row *row;

	field = resolve(record, field);
	row = &field_rows[field];
	if (row->type == FIELD_NUM) {
		if (number < row->min || number > row->max)
			return -ERANGE;
	} else {
		int64_t count = 0;

		assert(row->type == FIELD_WORD);
		while (row->choices[count])
			count++;
		if (number < 0 || number >= count)
			return -ERANGE;
	}
	keep_number(record, field, number, origin);
	return 0;
}

/* Appends the line; what passes the limit is dropped, a damaged record shall not grow without end. */
static int keep_unknown(struct record *record, const struct text_line *line)
{
	size_t have = record->unknown ? strlen(record->unknown) : 0, more = strlen(line->name) + strlen(line->value) + 4;
	char *grown;

	if (have + more > RECORD_UNKNOWN_MAX)
		return 0;
	grown = realloc(record->unknown, have + more + 1);
	if (!grown)
		return -ENOMEM;
	snprintf(grown + have, more + 1, "%s = %s\n", line->name, line->value);
	record->unknown = grown;
	return 0;
}

int record_parse(struct record *record, const char *text, size_t len, enum origin origin,
		 record_complaint_fn *complain, void *data)
{
	struct text_reader reader;
	struct text_line line;
	int result;

	text_reader_init(&reader, text, len);
	while ((result = text_next(&reader, &line))) {
		enum field field = FIELD_NONE;
		bool is_setting = result > 0;

		if (is_setting) {
			field = field_find(record->kind, line.name);
			result = field == FIELD_NONE ? -ENOENT :
						       record_set(record, field, line.value, origin);
		}
		if (result && result != -ENOMEM)
			result = complain ? complain(line.name, line.value, line.number, result, data) : 0;
		if (!result && is_setting && field == FIELD_NONE && origin == ORIGIN_RECORD)
			result = keep_unknown(record, &line);
		if (result)
			break;
	}
	explicit_bzero(reader.value, sizeof(reader.value));
	return result;
}

int record_copy_iface(struct record *to, const struct record *from)
{
	for (enum field field = 0; field < FIELD_COUNT; field++) {
		const struct value *value = &from->values[field];
		char *text = NULL;

		if (!(field_rows[field].kinds & 1u << RECORD_IFACE))
			continue;
		if (value->text) {
			text = strdup(value->text);
			if (!text)
				return -ENOMEM;
		}
		text_free(field, to->values[field].text);
		to->values[field] = *value;
		to->values[field].text = text;
	}
	return 0;
}
