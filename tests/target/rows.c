/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of rows.def, and its listing for scripts and people. */
#include "tests/target/row.h"

#include <string.h>

#include "tests/target/acts.h"
#include "transport/abi/iscsi_numbers.h"

#define TIMES 3
#define ON(place, nth)	  AT_##place, nth, AT_##place == AT_FULL || AT_##place == AT_IDLE || AT_##place >= AT_COMMAND ? TIMES : 0
#define ONCE(place, nth)   AT_##place, nth, 1
#define ALWAYS(place, nth) AT_##place, nth, 0
#define DO(act, ...)	  act_##act, __VA_ARGS__
#define DO_NOTHING	  NULL, 0, NULL
#define DISCOVERY(...)	  {__VA_ARGS__}
#define LOGIN(...)	  {__VA_ARGS__}
#define NO_DISCOVERY	  {NOT_RUN, ""}
#define NO_LOGIN	  {NOT_RUN, ""}
#define TOLD(words)	  {NOT_RUN, words}
#define STOCK_LOSES(words) {0, "stock: " words}

const struct row rows[] = {
#define ROW(row_name, on, what, row_settings, on_discovery, on_login, row_sentence) \
	{row_name, on, what, row_settings, on_discovery, on_login, row_sentence},
#include "tests/target/rows.def"
#undef ROW
};

const unsigned int row_count = sizeof(rows) / sizeof(rows[0]);

const struct row *row_find(const char *name)
{
	for (unsigned int i = 0; i < row_count; i++)
		if (!strcmp(rows[i].name, name))
			return &rows[i];
	return NULL;
}

const char *place_name(enum place place)
{
	static const char *const names[PLACE_COUNT] = {
		[AT_NEVER] = "never",	   [AT_ACCEPT] = "accept",     [AT_FULL] = "full-feature", [AT_IDLE] = "idle",
		[AT_LOGIN] = "login",	   [AT_LIST] = "list",	       [AT_TEXT] = "text",	   [AT_COMMAND] = "command",
		[AT_INQUIRY] = "inquiry",  [AT_REPORT_LUNS] = "report-luns", [AT_CAPACITY] = "capacity", [AT_READY] = "ready",
		[AT_MODE_SENSE] = "mode-sense", [AT_READ] = "read",    [AT_WRITE] = "write",	   [AT_R2T] = "r2t",
		[AT_TRAP] = "trap",
		[AT_NOP] = "nop",	   [AT_LOGOUT] = "logout",
	};

	return names[place];
}

static void list_verdict(FILE *out, const struct verdict *verdict)
{
	if (verdict->status == NOT_RUN)
		fputs("\t-", out);
	else
		fprintf(out, "\t%d", verdict->status);
	fprintf(out, "\t%s", *verdict->words ? verdict->words : "-");
}

void rows_list(FILE *out, unsigned int first_port)
{
	static const char *const settings[SETTINGS_COUNT] = {"plain", "chap", "mutual", "digest"};

	for (unsigned int i = 0; i < row_count; i++) {
		fprintf(out, "%s\t%u\t%s\t%s", rows[i].name, first_port + i, settings[rows[i].settings], place_name(rows[i].place));
		list_verdict(out, &rows[i].discovery);
		list_verdict(out, &rows[i].login);
		fprintf(out, "\t%s\n", rows[i].sentence);
	}
}
