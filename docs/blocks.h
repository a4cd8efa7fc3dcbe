/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Files that are partly written from tables: a block stands between a line that ends in "rows: NAME" and one that ends in
 * "rows end", which are comments of the file's own form. The programs of this folder print a file with its blocks made anew;
 * `make rows` puts that in place. Decides nothing about what is in a block.
 */
#ifndef OPENHBA_DOCS_BLOCKS_H
#define OPENHBA_DOCS_BLOCKS_H

#include <stddef.h>

#include "lib/text.h"

#define BLOCKS_FILE_MAX ((size_t)1 << 20)

struct text_block {
	const char *name;
	void (*add)(struct text *text);		/* appends the lines between the two marks */
};

/* Appends old with those blocks made anew that are in the list; others stay. -EINVAL: a block does not end; -ENOMEM. */
int blocks_refresh(const char *old, const struct text_block *blocks, size_t count, struct text *text);

/* Appends a string as man(7) prints it literally: a plain '-' would become a hyphen. */
void blocks_roff(const char *string, struct text *text);

/* `PROGRAM FILE`: prints the file with its blocks made anew. Gives the exit status. */
int blocks_main(int argc, char **argv, const struct text_block *blocks, size_t count);

#endif
