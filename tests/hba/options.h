/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The command line of the emulated HBA as a struct. Never opens anything and never exits. */
#ifndef OPENHBA_TESTS_HBA_OPTIONS_H
#define OPENHBA_TESTS_HBA_OPTIONS_H

#include <stdbool.h>
#include <stdio.h>

#include "tests/hba/card.h"

struct options {
	struct card_settings card;
	const char *control_path, *trace_path;	/* NULL: none */
	unsigned int trace_parts;		/* enum trace_part */
	bool is_debug, wants_help;
	/* Whether what they say was said: an image that exists must agree with it. */
	bool has_model, has_ports;
};

/* Texts point into argv. -EINVAL: ret_error (of size bytes) is a sentence that says what is wrong. */
int options_parse(int argc, char **argv, struct options *ret_options, char *ret_error, size_t size);
void options_help(FILE *out);

#endif
