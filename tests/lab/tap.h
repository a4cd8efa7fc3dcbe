/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the lab's programs that test say: a line of TAP for each fact, and the count at the end. */
#ifndef OPENHBA_TESTS_LAB_TAP_H
#define OPENHBA_TESTS_LAB_TAP_H

#include <stdbool.h>

struct tap {
	unsigned int passed, failed;
};

/* So far; a child that goes on for its parent hands it back. */
extern struct tap tap;

/* good, so that what follows from it may be left out. */
bool check(bool good, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The plan and "NAME: N passed, N failed". The exit status: 1 if anything failed or nothing ran. */
int tap_end(const char *name);

#endif
