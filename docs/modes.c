/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Writes the rows of modes.def into the texts that list them: `modes FILE` prints FILE with its blocks synopsis and operations
 * (man pages) made anew (blocks.h). Run by `make rows`; a unit test proves that the files in the tree are fresh.
 */
#include <string.h>

#include "adm/args.h"
#include "docs/blocks.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
	const char *word, *modes, *sentence;
} operations[] = {
#define OPERATION(id, word, modes, sentence) { word, modes, sentence },
#include "adm/modes.def"
};

/* Modes and their parts. */
static const struct {
	char letter;
	const char *name;
} modes[] = {
#define MODE(id, letter, name, sentence) { letter, name },
#define SUBMODE(id, letter, word, modes, sentence) { letter, word },
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

static const struct text_block blocks[] = {
	{ "synopsis", add_synopsis },
	{ "operations", add_operations },
};

int main(int argc, char **argv)
{
	return blocks_main(argc, argv, blocks, COUNT(blocks));
}
