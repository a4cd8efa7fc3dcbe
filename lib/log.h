/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Log of the programs (libraries return, programs log). Goes to stderr with a prefix (`iscsiadm: `) or to syslog (daemon).
 * Never blocks: a full syslog socket drops the line and counts it.
 */
#ifndef OPENHBA_LIB_LOG_H
#define OPENHBA_LIB_LOG_H

#include "lib/err.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };
enum log_target { LOG_TO_STDERR, LOG_TO_SYSLOG };

/* program is borrowed for ever. level: the least important level that is still written. */
void log_open(const char *program, enum log_target target, enum log_level level);
void log_set_level(enum log_level level);
enum log_level log_level(void);
unsigned long log_dropped(void);

/*
 * From now on lines for stderr are written by a thread of their own, so that a stderr that hangs (a file on a lost disk, a pipe
 * nobody reads) holds nobody up: what does not fit into a pipe meanwhile is dropped. Does nothing if stderr is the journal's socket or
 * lines go to syslog. -EMFILE, -EAGAIN. log_writer_stop() writes what is left, for a second at most; lines are written directly after.
 */
int log_writer_start(void);
void log_writer_stop(void);
void log_line(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* From now on lines go to fn, without prefix and newline; NULL: back to the target. fn must not log. */
typedef void log_fn(enum log_level level, const char *message);
void log_divert(log_fn *fn);

#define log_error(...) log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_line(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...) log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) do { if (log_level() >= LOG_LEVEL_DEBUG) log_line(LOG_LEVEL_DEBUG, __VA_ARGS__); } while (0)

#endif
