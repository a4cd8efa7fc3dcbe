/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The one text form: lines `name = value`. iscsid.conf, iface files, stored records and `-o show` are all read and written here.
 * Also the growing buffer that everything textual is built in.
 */
#ifndef OPENHBA_LIB_TEXT_H
#define OPENHBA_LIB_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#define TEXT_NAME_MAX 127	/* bytes of a name */
#define TEXT_VALUE_MAX 2047	/* bytes of a value */

/* A growing buffer. data is always NUL-terminated once anything was appended. failed: memory ran out, data is unusable. */
struct text {
	char *data;
	size_t len, size;
	bool failed;
};

void text_done(struct text *text);			/* frees; zeroes first, it may have held secrets */
void text_add(struct text *text, const char *string);
void text_add_bytes(struct text *text, const void *bytes, size_t len);
void text_addf(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_add_setting(struct text *text, const char *name, const char *value);	/* "name = value\n" */

/* One setting found in a text. name and value point into the reader's own scratch and live until the next call. */
struct text_line {
	const char *name, *value;	/* value has no surrounding blanks; "" if nothing stands after '=' */
	unsigned int number;		/* line number, from 1 */
};

/* A cursor over len bytes at data (borrowed; NUL bytes are an error of the line they are in). */
struct text_reader {
	const char *data;
	size_t len, pos;
	unsigned int number;
	char name[TEXT_NAME_MAX + 1], value[TEXT_VALUE_MAX + 1];
};

void text_reader_init(struct text_reader *reader, const char *data, size_t len);

/*
 * The next setting. Comment lines ('#' first) and empty lines are passed over.
 * 1: *ret_line is set; 0: end; -EINVAL: the line has no '=', an empty name or a NUL; -E2BIG: name or value too long.
 * After an error the reader stands behind the bad line and may be called again; ret_line->number is set in every case but 0.
 */
int text_next(struct text_reader *reader, struct text_line *ret_line);

/* Reads a whole file of at most max_bytes into text, and never waits. -EFBIG, -EINVAL for a pipe, or the errno of open/read. */
int text_read_file(const char *path, size_t max_bytes, struct text *text);

/* Replaces path by temp file + fsync + rename + fsync of the folder, mode as given. Old or new, never half. */
int text_write_file(const char *path, const char *data, size_t len, unsigned int mode);

/* The same for a path that nothing has yet, whoever else makes one at this moment: -EEXIST. */
int text_write_new_file(const char *path, const char *data, size_t len, unsigned int mode);

#endif
