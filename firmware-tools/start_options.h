/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The command line of iscsistart. */
#ifndef OPENHBA_FIRMWARE_TOOLS_START_OPTIONS_H
#define OPENHBA_FIRMWARE_TOOLS_START_OPTIONS_H

#include <stdio.h>

#include "lib/err.h"
#include "lib/record.h"

enum start_action {
	START_LOGIN,   /* to the target of the command line */
	START_BOOT,    /* -b: to all targets of the firmware */
	START_NETWORK, /* -N: only set up the NICs */
	START_PRINT,   /* -f */
	START_NOTHING, /* help or version, printed already */
};

/* Strings are borrowed from argv. */
struct start_options {
	enum start_action action;
	const char *initiator_name; /* NULL: not given */
	const char *config_path;    /* NULL: none is read */
	unsigned int debug;	    /* 0..8 */
	struct record given;	    /* a node record: what the command line says of target and settings, of ORIGIN_COMMAND */
};

/*
 * Fills options; start_options_done() in every case. What is to be said goes to out and err. Passwords are wiped from argv, which every
 * user of the machine can read. 0; 7 (INVAL) for a bad option, or if something is missing; 3 (NOMEM).
 */
enum iscsi_err start_options_parse(int argc, char **argv, struct start_options *options, FILE *out, FILE *err);
void start_options_done(struct start_options *options);

/* Copies what was given on the command line into a node record that holds other values. -ENOMEM. */
int start_options_apply(const struct start_options *options, struct record *node);

#endif
