/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Makes the marked blocks of a text anew. Called by the row programs of this folder and by their tests. */
#include "docs/blocks.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

void blocks_roff(const char *string, struct text *text)
{
	for (; *string; string++) {
		if (*string == '-')
			text_add(text, "\\");
		text_add_bytes(text, string, 1);
	}
}

/* Does the line end with "rows: NAME"? */
static bool is_begin(const char *line, size_t len, const char *name)
{
	char mark[32];
	size_t mark_len = (size_t)snprintf(mark, sizeof(mark), " rows: %s", name);

	return len >= mark_len && !memcmp(line + len - mark_len, mark, mark_len);
}

static bool is_end(const char *line, size_t len)
{
	static const char mark[] = " rows end";

	return len >= sizeof(mark) - 1 && !memcmp(line + len - (sizeof(mark) - 1), mark, sizeof(mark) - 1);
}

int blocks_refresh(const char *old, const struct text_block *blocks, size_t count, struct text *text)
{
	bool inside = false;

	while (*old) {
		size_t len = strcspn(old, "\n");

		if (inside && is_end(old, len))
			inside = false;
		if (!inside) {
			text_add_bytes(text, old, len);
			text_add(text, "\n");
		}
		for (size_t i = 0; i < count && !inside; i++) {
			if (!is_begin(old, len, blocks[i].name))
				continue;
			blocks[i].add(text);
			inside = true;
		}
		old += old[len] ? len + 1 : len;
	}
	if (text->failed)
		return -ENOMEM;
	return inside ? -EINVAL : 0;
}

int blocks_main(int argc, char **argv, const struct text_block *blocks, size_t count)
{
	struct text old = { 0 }, fresh = { 0 };
	int error = -EINVAL;

	if (argc == 2)
		error = text_read_file(argv[1], BLOCKS_FILE_MAX, &old);
	if (!error)
		error = blocks_refresh(old.data, blocks, count, &fresh);
	if (!error && fwrite(fresh.data, 1, fresh.len, stdout) != fresh.len)
		error = -EIO;
	if (error)
		fprintf(stderr, "%s: %s: %s\n", argv[0], argc == 2 ? argv[1] : "usage: PROGRAM FILE", strerror(-error));
	text_done(&old);
	text_done(&fresh);
	return error ? 1 : 0;
}
