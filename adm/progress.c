/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The status line on the terminal. Called by what logs in, logs out, discovers and rescans, and by print.c, which takes the
 * line away before it writes. Decides when and how it is drawn; never what is waited for.
 */
#include "adm/progress.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "adm/emit.h"
#include "lib/loop.h"

#define COLUMNS_DEFAULT 80
#define LINE_MAX_BYTES 1024

static const char erase[] = "\r\033[K";

/* The one line of this program's terminal. */
static struct {
	bool wanted;
	volatile sig_atomic_t shown;
	const char *done_words;
	size_t total, done, failed;
	uint64_t start_ms, next_ms;
	progress_describe_fn *describe;
	void *data;
} line;

/* A terminal that can erase a line, and nobody who reads JSON. */
static bool has_terminal(void)
{
	const char *term = getenv("TERM");

	return isatty(STDERR_FILENO) && term && *term && strcmp(term, "dumb") && !emit_wanted();
}

void progress_start(const char *done_words, size_t total, progress_describe_fn *describe, void *data)
{
	progress_end();
	line.wanted = has_terminal();
	line.done_words = done_words;
	line.total = total;
	line.done = line.failed = 0;
	line.describe = describe;
	line.data = data;
	line.start_ms = loop_now_ms();
	line.next_ms = line.start_ms + PROGRESS_TICK_MS;
}

bool progress_wanted(void)
{
	return line.wanted;
}

void progress_count(bool success)
{
	if (success)
		line.done++;
	else
		line.failed++;
	/* The last one ends the line: nothing is left to say. */
	if (line.done + line.failed < line.total)
		progress_tick();
}

static size_t columns(void)
{
	struct winsize size;

	return !ioctl(STDERR_FILENO, TIOCGWINSZ, &size) && size.ws_col > 1 ? size.ws_col : COLUMNS_DEFAULT;
}

static void put(const char *text, size_t len)
{
	ssize_t written;

	while (len && (written = write(STDERR_FILENO, text, len)) > 0) {
		text += written;
		len -= (size_t)written;
	}
}

/* Bytes of the first count characters of a UTF-8 text: a line that wraps could not be erased. */
static size_t bytes_of(const char *text, size_t count)
{
	size_t len = 0;

	while (text[len] && (count || ((unsigned char)text[len] & 0xc0) == 0x80))
		if (((unsigned char)text[len++] & 0xc0) != 0x80)
			count--;
	return len;
}

/* Names come from targets: what would move the cursor becomes a question mark. */
static void make_printable(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = '?';
}

/* "12/64 logged in, 2 failed, waiting for X 4 s" */
static void format_line(char *text, size_t room, uint64_t now)
{
	char whom[LINE_MAX_BYTES / 2] = "", failed[48] = "";

	if (line.failed)
		snprintf(failed, sizeof(failed), ", %zu failed", line.failed);
	if (line.describe && line.describe(whom, sizeof(whom), line.data))
		snprintf(text, room, "%zu/%zu %s%s, waiting for %s %llu s", line.done, line.total, line.done_words, failed, whom,
			 (unsigned long long)(now - line.start_ms) / 1000);
	else
		snprintf(text, room, "%zu/%zu %s%s", line.done, line.total, line.done_words, failed);
	make_printable(text);
}

void progress_tick(void)
{
	char text[LINE_MAX_BYTES];
	uint64_t now;

	if (!line.wanted)
		return;
	now = loop_now_ms();
	if (now < line.next_ms)
		return;
	line.next_ms = now + PROGRESS_TICK_MS;
	format_line(text, sizeof(text), now);
	fflush(stdout);
	put(erase, sizeof(erase) - 1);
	line.shown = 1;
	put(text, bytes_of(text, columns() - 1));
}

void progress_hide(void)
{
	if (!line.shown)
		return;
	line.shown = 0;
	put(erase, sizeof(erase) - 1);
}

void progress_end(void)
{
	progress_hide();
	line.wanted = false;
	line.describe = NULL;
}
