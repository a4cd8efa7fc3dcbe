/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The two ways out of iscsiadm: stdout for information, stderr for complaints, and the small forms that scripts parse.
 * Called by every mode; decides nothing.
 */
#include "adm/print.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "adm/emit.h"
#include "adm/progress.h"

void print_line(const char *format, ...)
{
	va_list arguments;

	if (emit_wanted())
		return;
	progress_hide();
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	putchar('\n');
}

void print_at(unsigned int tabs, const char *format, ...)
{
	va_list arguments;

	if (emit_wanted())
		return;
	progress_hide();
	while (tabs--)
		putchar('\t');
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	putchar('\n');
}

void print_problem(const char *format, ...)
{
	char message[1024];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	if (emit_wanted()) {
		emit_problem(message);
		return;
	}
	progress_hide();
	fflush(stdout);
	fprintf(stderr, "iscsiadm: %s\n", message);
}

void print_text(const char *text)
{
	if (emit_wanted())
		return;
	progress_hide();
	fputs(text, stdout);
}

void print_flush(void)
{
	if (emit_wanted())
		emit_flush();
	else
		fflush(stdout);
}

void print_hint(void)
{
	if (!emit_wanted())
		fprintf(stderr, "Try `iscsiadm --help' for more information.\n");
}

bool print_arrived(void)
{
	return !ferror(stdout) && !fflush(stdout);
}

static void print_form(const struct record *record, enum record_form form)
{
	struct text text = { 0 };

	record_format(record, form, &text);
	if (text.failed)
		print_problem("%s", iscsi_err_text(ISCSI_ERR_NOMEM));
	else if (text.data)
		print_text(text.data);
	text_done(&text);
}

void print_record(const struct record *record, bool secrets)
{
	print_form(record, secrets ? RECORD_SHOWN_SECRETS : RECORD_SHOWN);
}

void print_record_origins(const struct record *record, bool secrets)
{
	print_form(record, secrets ? RECORD_SHOWN_ORIGINS_SECRETS : RECORD_SHOWN_ORIGINS);
}

const char *print_portal(const char *address, int port, int tpgt, char buffer[PORTAL_TEXT_MAX])
{
	bool plain = strchr(address, '.');

	snprintf(buffer, PORTAL_TEXT_MAX, "%s%s%s:%d,%d", plain ? "" : "[", address, plain ? "" : "]", port, tpgt);
	return buffer;
}

const char *print_or(const char *value, const char *word)
{
	return value && *value && strcmp(value, "(null)") ? value : word;
}

void print_box(unsigned int tabs, const char *heading, unsigned int stars)
{
	static const char star_row[] = "********************************";

	print_at(tabs, "%.*s", (int)stars, star_row);
	print_at(tabs, "%s", heading);
	print_at(tabs, "%.*s", (int)stars, star_row);
}
