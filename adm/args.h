/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The command line as data: parses argv by the rows of modes.def, refuses options a mode does not know before anything runs,
 * and writes the usage text from the same rows. Knows nothing of records or sessions.
 */
#ifndef OPENHBA_ADM_ARGS_H
#define OPENHBA_ADM_ARGS_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/err.h"
#include "lib/text.h"

enum mode {
#define MODE(id, letter, name, sentence) MODE_##id,
#include "adm/modes.def"
	MODE_COUNT,
	MODE_NONE = MODE_COUNT,
};

enum args_option {
#define OPTION(id, letter, name, kind, argument, modes, sentence) OPTION_##id,
#include "adm/modes.def"
	OPTION_COUNT,
};

enum submode {
#define SUBMODE(id, letter, word, modes, sentence) SUBMODE_##id,
#include "adm/modes.def"
	SUBMODE_COUNT,
	SUBMODE_NONE = SUBMODE_COUNT,
};

enum operation_number {
#define OPERATION(id, word, modes, sentence) OPERATION_NUMBER_##id,
#include "adm/modes.def"
	OPERATION_COUNT,
};

/* Bits of struct args.operations. */
enum operation {
	OPERATION_NONE = 0,
#define OPERATION(id, word, modes, sentence) OPERATION_##id = 1 << OPERATION_NUMBER_##id,
#include "adm/modes.def"
};

enum type { TYPE_NONE, TYPE_SENDTARGETS, TYPE_ISNS, TYPE_FW };

enum args_action { ARGS_RUN, ARGS_HELP, ARGS_VERSION, ARGS_STOP_DAEMON };

#define ARGS_LIST_MAX 64	/* name/value pairs, or ifaces, of one command */

struct args_pair {
	const char *name, *value;
};

/* Everything is borrowed from argv. */
struct args {
	enum args_action action;
	enum mode mode;
	unsigned int operations;		/* enum operation */
	bool has[OPTION_COUNT];
	const char *text[OPTION_COUNT];		/* last value given */
	long number[OPTION_COUNT];		/* of NUMBER options */
	enum type type;
	enum submode submode;
	int sid;				/* of -r; 0: not given */
	struct args_pair pairs[ARGS_LIST_MAX];
	size_t pair_count;
	const char *ifaces[ARGS_LIST_MAX];	/* -I, in the order given */
	size_t iface_count;
};

/* May this option stand beside `-m mode`, whatever the operation? Those allowed beside one operation alone are not counted. */
bool args_allowed(enum mode mode, enum args_option option);

/* May this operation be asked for in this mode, or part of a mode? Combinations are the mode's own business. */
bool args_operation_allowed(enum mode mode, enum submode submode, unsigned int operation);

const char *args_mode_name(enum mode mode);
/* The word of the first operation in the set, as it is given to -o; "" for none. */
const char *args_operation_word(unsigned int operations);

/*
 * Parses the command line. The reason of a refusal goes to stderr; the result is then the exit status (7; 1 for an unusable
 * --sid). On success action says what to do.
 */
enum iscsi_err args_parse(int argc, char **argv, struct args *ret_args);

/* Is --json on the command line? What is wrong with the line must be told as JSON too. Prints nothing. */
bool args_want_json(int argc, char **argv);

/* Appends one synopsis line per mode, broken at 79 columns: for --help and the man page. */
void args_synopsis(struct text *text);

/* Appends the whole usage text. */
void args_usage(struct text *text);

#endif
