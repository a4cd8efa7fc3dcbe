/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The status line of long work: on a terminal, stderr holds one line that says how much is done and who is being waited for.
 * It appears after a moment, is rewritten in place at most five times a second, makes room for every line print.h writes, and
 * is gone at the end. Where stderr is no terminal, and in JSON mode, every function here does nothing.
 *
 * There is one terminal, so there is one line; only the thread that prints may call these.
 */
#ifndef OPENHBA_ADM_PROGRESS_H
#define OPENHBA_ADM_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>

#define PROGRESS_TICK_MS 200	/* how often progress_tick() is worth a call */

/* Writes whom the work waits for ("10.0.0.3:3260 (iqn...)"), cut at room. false: for nobody. Called only when the line is drawn. */
typedef bool progress_describe_fn(char *text, size_t room, void *data);

/* done_words: what a finished one is, as in "12/64 logged in". describe may be NULL. Both are borrowed until progress_end(). */
void progress_start(const char *done_words, size_t total, progress_describe_fn *describe, void *data);

/* Will there be a line? Who is not asked need not wake up for ticks. */
bool progress_wanted(void);

/* One is finished. */
void progress_count(bool success);

/* Draws the line where it is time to. */
void progress_tick(void);

/* Takes the line off the terminal until the next tick; before anything else is written there. Safe in a signal handler. */
void progress_hide(void);

void progress_end(void);

#endif
