/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzzer of records: the first byte picks the kind, the rest is the text of a record. Whatever was read must come back the
 * same through the stored form and the file form, and every form must be printable.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static int complain(const char *name, const char *value, unsigned int line, int error, void *data)
{
	struct text *sentence = data;
	enum field field = field_find(RECORD_NODE, name);

	if (!line || error >= 0 || strlen(name) > TEXT_NAME_MAX || strlen(value) > TEXT_VALUE_MAX)
		abort();
	if (field != FIELD_NONE)
		record_explain(field, value, sentence);
	return 0;
}

static void parse(struct record *record, enum record_kind kind, const char *text, size_t len)
{
	struct text sentence = { 0 };

	record_init(record, kind);
	if (record_parse(record, text, len, ORIGIN_RECORD, complain, &sentence))
		abort();
	text_done(&sentence);
}

/* The record read back from a form of it must print the same in all forms. */
static void check_form(const struct record *record, enum record_form form)
{
	struct text written = { 0 }, before = { 0 }, after = { 0 };
	struct record again;

	record_format(record, form, &written);
	parse(&again, record->kind, written.data, written.len);
	record_format(record, RECORD_SHOWN_SECRETS, &before);
	record_format(&again, RECORD_SHOWN_SECRETS, &after);
	if (before.failed || after.failed || strcmp(before.data, after.data) != 0)
		abort();
	record_done(&again);
	text_done(&written);
	text_done(&before);
	text_done(&after);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct record record, copy;
	struct text text = { 0 };

	if (!len)
		return 0;
	parse(&record, bytes[0] % RECORD_KIND_COUNT, (const char *)bytes + 1, len - 1);
	check_form(&record, RECORD_STORED);
	check_form(&record, RECORD_SHOWN_SECRETS);
	record_format(&record, RECORD_FILE, &text);
	record_format(&record, RECORD_SHOWN, &text);
	record_format(&record, RECORD_SHOWN_ORIGINS, &text);
	if (record_copy(&copy, &record))
		abort();
	check_form(&copy, RECORD_STORED);
	record_done(&copy);
	record_done(&record);
	text_done(&text);
	return 0;
}
