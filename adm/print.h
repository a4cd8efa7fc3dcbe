/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Everything iscsiadm says to people and scripts goes through here: information to stdout, errors and warnings to stderr with
 * the prefix `iscsiadm: `. Also the values scripts parse: portals with brackets, <empty>, boxes.
 */
#ifndef OPENHBA_ADM_PRINT_H
#define OPENHBA_ADM_PRINT_H

#include <stdbool.h>

#include "lib/err.h"
#include "lib/portal.h"
#include "lib/record.h"

void print_line(const char *format, ...) __attribute__((format(printf, 1, 2)));		/* stdout, newline added */
void print_at(unsigned int tabs, const char *format, ...) __attribute__((format(printf, 2, 3)));	/* the same, after tabs */
void print_problem(const char *format, ...) __attribute__((format(printf, 1, 2)));	/* stderr, prefix and newline added */
void print_text(const char *text);							/* stdout, as it is */
void print_flush(void);									/* before waiting for somebody */
void print_hint(void);									/* stderr: where the usage text is */

/* Everything has arrived: no write to stdout has failed. Flushes. */
bool print_arrived(void);

/* The record as `-o show` prints it; secrets: with passwords. */
void print_record(const struct record *record, bool secrets);
/* The same, and behind each value where it comes from. */
void print_record_origins(const struct record *record, bool secrets);

/* "10.0.0.1:3260,1", "[::1]:3260,1": brackets wherever there is no dot, as scripts expect. tpgt -1 is printed as it is. */
const char *print_portal(const char *address, int port, int tpgt, char buffer[PORTAL_TEXT_MAX]);

/* value, or word when value is NULL, empty or the kernel's "(null)". */
const char *print_or(const char *value, const char *word);

/* A heading between two lines of stars, indented by tabs. */
void print_box(unsigned int tabs, const char *heading, unsigned int stars);

#endif
