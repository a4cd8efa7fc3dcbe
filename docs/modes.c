/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Writes the rows of modes.def into the texts that list them: `modes FILE` prints FILE with its blocks synopsis and operations
 * (man pages) and completion (bash) made anew (blocks.h). Run by `make rows`; a unit test proves that the files in the tree are fresh.
 */
#include <stdio.h>
#include <string.h>

#include "adm/args.h"
#include "docs/blocks.h"
#include "lib/record.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
	const char *word, *modes, *sentence;
} operations[] = {
#define OPERATION(id, word, modes, sentence) { word, modes, sentence },
#include "adm/modes.def"
};

/* Modes, and behind them their parts. */
static const struct {
	char letter;
	const char *name;
} modes[] = {
#define MODE(id, letter, name, sentence) { letter, name },
#define SUBMODE(id, letter, word, modes, sentence) { letter, word },
#include "adm/modes.def"
};

enum {
#define MODE(id, letter, name, sentence) NUMBER_OF_##id,
#include "adm/modes.def"
	MODES,
};

static const struct {
	char letter;
	const char *name, *kind, *argument, *modes;
} options[] = {
#define OPTION(id, letter, name, kind, argument, modes, sentence) { letter, name, #kind, argument, modes },
#include "adm/modes.def"
};

static const struct {
	const char *word, *modes;
} parts[] = {
#define SUBMODE(id, letter, word, modes, sentence) { word, modes },
#include "adm/modes.def"
};

static void add_synopsis(struct text *text)
{
	struct text plain = { 0 };

	args_synopsis(&plain);
	text_add(&plain, "iscsiadm -k 0\niscsiadm -V\niscsiadm -h\n");
	blocks_roff(plain.data ? plain.data : "", text);
	text->failed |= plain.failed;
	text_done(&plain);
}

static const struct {
	enum args_option option;
	enum mode mode;
	enum operation_number operation;
} beside[] = {
#define BESIDE(option, mode, operation) { OPTION_##option, MODE_##mode, OPERATION_NUMBER_##operation },
#include "adm/modes.def"
};

/* "set ... (discovery, node)" */
static void add_operations(struct text *text)
{
	for (size_t i = 0; i < COUNT(operations); i++) {
		const char *comma = "";

		text_addf(text, ".TP\n.B %s\n", operations[i].word);
		blocks_roff(operations[i].sentence, text);
		text_add(text, "\n(");
		for (size_t m = 0; m < COUNT(modes); m++) {
			if (!strchr(operations[i].modes, modes[m].letter))
				continue;
			text_addf(text, "%s%s", comma, modes[m].name);
			comma = ", ";
		}
		text_add(text, ")\n");
	}
}

/* A word of a list between quotes. */
static void add_word(struct text *text, const char **blank, const char *word)
{
	text_addf(text, "%s%s", *blank, word);
	*blank = " ";
}

static void add_option_words(struct text *text, const char *modes_wanted)
{
	const char *blank = "";

	for (size_t i = 0; i < COUNT(options); i++) {
		char word[64];

		/* Without a mode: what needs none, and the mode itself. */
		if (modes_wanted ? !strpbrk(options[i].modes, modes_wanted) : *options[i].modes && options[i].letter != 'm')
			continue;
		snprintf(word, sizeof(word), "-%c", options[i].letter);
		if (options[i].letter)
			add_word(text, &blank, word);
		snprintf(word, sizeof(word), "--%s", options[i].name);
		add_word(text, &blank, word);
	}
}

static void add_operation_words(struct text *text, const char *modes_wanted)
{
	const char *blank = "";

	for (size_t i = 0; i < COUNT(operations); i++)
		if (!modes_wanted || strpbrk(operations[i].modes, modes_wanted))
			add_word(text, &blank, operations[i].word);
}

static void add_part_words(struct text *text, const char *modes_wanted)
{
	const char *blank = "";

	for (size_t i = 0; i < COUNT(parts); i++)
		if (!modes_wanted || strpbrk(parts[i].modes, modes_wanted))
			add_word(text, &blank, parts[i].word);
}

/* A function that sets words by which of the first count modes and parts it is asked for; no mode: NULL. */
static void add_by_mode(struct text *text, const char *name, size_t count,
			void (*add)(struct text *text, const char *modes_wanted))
{
	text_addf(text, "_iscsiadm_%s() {\n\tcase $1 in\n", name);
	for (size_t i = 0; i < count; i++) {
		const char letter[] = { modes[i].letter, '\0' };

		text_addf(text, "\t%s) words='", modes[i].name);
		add(text, letter);
		text_add(text, "' ;;\n");
	}
	text_add(text, "\t*) words='");
	add(text, NULL);
	text_add(text, "' ;;\n\tesac\n}\n");
}

/* Which options take an argument: sets long, and words where the row has them. */
static void add_takes(struct text *text)
{
	text_add(text, "_iscsiadm_takes() {\n\tcase $1 in\n");
	for (size_t i = 0; i < COUNT(options); i++) {
		const char *bar = options[i].argument ? strchr(options[i].argument, '|') : NULL;

		if (!strcmp(options[i].kind, "FLAG"))
			continue;
		if (options[i].letter)
			text_addf(text, "\t-%c | --%s) long=%s words='", options[i].letter, options[i].name, options[i].name);
		else
			text_addf(text, "\t--%s) long=%s words='", options[i].name, options[i].name);
		for (const char *at = options[i].argument; bar && *at; at++)
			text_add_bytes(text, *at == '|' ? " " : at, 1);
		text_add(text, "' ;;\n");
	}
	text_add(text, "\t*) return 1 ;;\n\tesac\n}\n");
}

/* A function that adds to words what an operation of a mode takes besides: "MODE OPERATION". */
static void add_beside(struct text *text)
{
	text_add(text, "_iscsiadm_beside() {\n\tcase $1 in\n");
	for (size_t i = 0; i < COUNT(beside); i++)
		text_addf(text, "\t'%s %s') words+=' -%c --%s' ;;\n", modes[beside[i].mode].name, operations[beside[i].operation].word,
			  options[beside[i].option].letter, options[beside[i].option].name);
	text_add(text, "\tesac\n}\n");
}

static bool is_setting(enum field field, unsigned int kinds)
{
	const struct field_row *row = &field_rows[field];

	return row->kinds & kinds && !(row->flags & (FIELD_FIXED | FIELD_HIDDEN | FIELD_ALIAS));
}

static void add_settings_of(struct text *text, const char *modes_of, unsigned int kinds, unsigned int but)
{
	const char *blank = "";

	text_addf(text, "\t%s) words='", modes_of);
	for (enum field field = 0; field < FIELD_COUNT; field++)
		if (is_setting(field, kinds) && !(field_rows[field].kinds & but))
			add_word(text, &blank, field_rows[field].name);
	text_add(text, "' ;;\n");
}

/* The settings -n may name, and the words they may have. */
static void add_settings(struct text *text)
{
	const unsigned int all = 1u << RECORD_NODE | 1u << RECORD_SENDTARGETS | 1u << RECORD_ISNS | 1u << RECORD_IFACE;

	text_add(text, "_iscsiadm_settings() {\n\tcase $1 in\n");
	add_settings_of(text, "node | session | fw", 1u << RECORD_NODE, 1u << RECORD_IFACE);
	add_settings_of(text, "discoverydb", 1u << RECORD_SENDTARGETS | 1u << RECORD_ISNS, 0);
	add_settings_of(text, "iface", 1u << RECORD_IFACE, 0);
	text_add(text, "\tesac\n}\n_iscsiadm_values() {\n\tcase $1 in\n");
	for (enum field field = 0; field < FIELD_COUNT; field++) {
		const char *blank = "";

		if (field_rows[field].type != FIELD_WORD || !field_rows[field].choices || !is_setting(field, all))
			continue;
		text_addf(text, "\t'%s') words='", field_rows[field].name);
		for (int i = 0; field_rows[field].choices[i]; i++)
			add_word(text, &blank, field_rows[field].choices[i]);
		text_add(text, "' ;;\n");
	}
	text_add(text, "\tesac\n}\n");
}

static void add_completion(struct text *text)
{
	const char *blank = "";

	text_add(text, "_iscsiadm_modes='");
#define MODE(id, letter, name, sentence) add_word(text, &blank, name);
#include "adm/modes.def"
	text_add(text, "'\n");
	add_by_mode(text, "options", MODES, add_option_words);
	add_by_mode(text, "operations", COUNT(modes), add_operation_words);
	add_by_mode(text, "parts", MODES, add_part_words);
	add_beside(text);
	add_takes(text);
	add_settings(text);
}

static const struct text_block blocks[] = {
	{ "synopsis", add_synopsis },
	{ "operations", add_operations },
	{ "completion", add_completion },
};

int main(int argc, char **argv)
{
	return blocks_main(argc, argv, blocks, COUNT(blocks));
}
