/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The command line of iscsiadm, by the rows of modes.def. Two passes: getopt_long() collects what was given, then it is taken
 * in order; `-m` checks the whole line against its mode, so that nothing runs on a line that holds a wrong option.
 */
#include "adm/args.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "adm/print.h"

enum kind { KIND_FLAG, KIND_NUMBER, KIND_WORD, KIND_TEXT };

static const struct option_row {
	char letter;
	enum kind kind;
	const char *name, *argument, *modes, *sentence;
} option_rows[OPTION_COUNT] = {
#define OPTION(id, letter, name, kind, argument, modes, sentence) \
	[OPTION_##id] = { letter, KIND_##kind, name, argument, modes, sentence },
#include "adm/modes.def"
};

static const struct mode_row {
	char letter;	/* in the modes columns */
	const char *name, *sentence;
} mode_rows[MODE_COUNT] = {
#define MODE(id, letter, name, sentence) [MODE_##id] = { letter, name, sentence },
#include "adm/modes.def"
};

static const struct submode_row {
	char letter;
	const char *word, *modes, *sentence;
} submode_rows[SUBMODE_COUNT] = {
#define SUBMODE(id, letter, word, modes, sentence) [SUBMODE_##id] = { letter, word, modes, sentence },
#include "adm/modes.def"
};

static const struct operation_row {
	const char *word, *modes, *sentence;
} operation_rows[OPERATION_COUNT] = {
#define OPERATION(id, word, modes, sentence) [OPERATION_NUMBER_##id] = { word, modes, sentence },
#include "adm/modes.def"
};

static const struct beside_row {
	enum args_option option;
	enum mode mode;
	enum operation_number operation;
} beside_rows[] = {
#define BESIDE(option, mode, operation) { OPTION_##option, MODE_##mode, OPERATION_NUMBER_##operation },
#include "adm/modes.def"
};

#define LONG_ONLY 256	/* what getopt gives for option 0 without a short form, this plus its number */

#define GIVEN_MAX 512

struct given {
	struct {
		enum args_option option;
		const char *value;
	} list[GIVEN_MAX];
	size_t count;
	enum iscsi_err error;	/* of the first thing that could not be read, behind all of list */
	int letter;		/* an unknown short option */
	char reason[200];	/* everything else */
};

bool args_allowed(enum mode mode, enum args_option option)
{
	return strchr(option_rows[option].modes, mode_rows[mode].letter) != NULL;
}

/* operations: those of the command line; all of them: is it allowed beside any? */
static bool is_allowed_beside(enum mode mode, enum args_option option, unsigned int operations)
{
	for (size_t i = 0; i < sizeof(beside_rows) / sizeof(beside_rows[0]); i++)
		if (beside_rows[i].mode == mode && beside_rows[i].option == option && operations & 1u << beside_rows[i].operation)
			return true;
	return false;
}

bool args_operation_allowed(enum mode mode, enum submode submode, unsigned int operation)
{
	char letter = submode == SUBMODE_NONE ? mode_rows[mode].letter : submode_rows[submode].letter;

	for (size_t i = 0; i < OPERATION_COUNT; i++)
		if (operation & 1u << i && !strchr(operation_rows[i].modes, letter))
			return false;
	return true;
}

const char *args_mode_name(enum mode mode)
{
	return mode_rows[mode].name;
}

const char *args_operation_word(unsigned int operations)
{
	for (size_t i = 0; i < OPERATION_COUNT; i++)
		if (operations & 1u << i)
			return operation_rows[i].word;
	return "";
}

static void fill_getopt(char *letters, struct option *names)
{
	*letters++ = ':';
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		bool has_argument = option_rows[i].kind != KIND_FLAG;

		names[i] = (struct option){ option_rows[i].name, has_argument ? required_argument : no_argument, NULL,
					    option_rows[i].letter ? option_rows[i].letter : LONG_ONLY + (int)i };
		if (!option_rows[i].letter)
			continue;
		*letters++ = option_rows[i].letter;
		if (has_argument)
			*letters++ = ':';
	}
	*letters = '\0';
	names[OPTION_COUNT] = (struct option){ NULL, 0, NULL, 0 };
}

static enum args_option option_of(int letter)
{
	size_t i = 0;

	if (letter >= LONG_ONLY)
		return (enum args_option)(letter - LONG_ONLY);
	while (i < OPTION_COUNT && option_rows[i].letter != letter)
		i++;
	return (enum args_option)i;
}

static void given_fail(struct given *given, int letter, const char *word)
{
	given->error = ISCSI_ERR_INVAL;
	if (letter == ':' && !strncmp(word, "--", 2))
		snprintf(given->reason, sizeof(given->reason), "option '%s' requires an argument", word);
	else if (letter == ':')
		snprintf(given->reason, sizeof(given->reason), "option requires an argument -- '%c'", optopt);
	else if (optopt && option_of(optopt) == OPTION_COUNT)
		given->letter = optopt;
	else
		snprintf(given->reason, sizeof(given->reason), "unrecognized option '%s'", word);
}

static void collect(int argc, char **argv, struct given *given)
{
	struct option names[OPTION_COUNT + 1];
	char letters[2 * OPTION_COUNT + 2];
	int letter;

	fill_getopt(letters, names);
	opterr = 0;
	optind = 0;
	while ((letter = getopt_long(argc, argv, letters, names, NULL)) != -1) {
		if (letter == '?' || letter == ':' || given->count == GIVEN_MAX) {
			given_fail(given, letter, argv[optind - 1]);
			return;
		}
		given->list[given->count].option = option_of(letter);
		given->list[given->count++].value = optarg;
	}
	if (optind < argc) {
		given->error = ISCSI_ERR_INVAL;
		snprintf(given->reason, sizeof(given->reason), "unexpected argument '%s'", argv[optind]);
	}
}

/* All -o of the line, wherever they stand; unknown words are refused later. */
static unsigned int operations_given(const struct given *given)
{
	unsigned int operations = 0;

	for (size_t i = 0; i < given->count; i++)
		for (size_t row = 0; given->list[i].option == OPTION_OP && row < OPERATION_COUNT; row++)
			if (!strcmp(operation_rows[row].word, given->list[i].value))
				operations |= 1u << row;
	return operations;
}

static enum iscsi_err take_mode(struct args *args, const struct given *given, const char *name)
{
	for (size_t i = 0; i < MODE_COUNT; i++)
		if (!strcmp(mode_rows[i].name, name))
			args->mode = (enum mode)i;
	if (args->mode == MODE_NONE) {
		print_problem("mode -1 is not yet supported");
		return ISCSI_ERR_INVAL;
	}
	for (size_t i = 0; i < given->count; i++) {
		enum args_option option = given->list[i].option;

		if (args_allowed(args->mode, option) || is_allowed_beside(args->mode, option, operations_given(given)))
			continue;
		if (option_rows[option].letter)
			print_problem("%s mode: option '-%c' is not allowed/supported", name, option_rows[option].letter);
		else
			print_problem("%s mode: option '--%s' is not allowed/supported", name, option_rows[option].name);
		return ISCSI_ERR_INVAL;
	}
	return ISCSI_ERR_SUCCESS;
}

static enum iscsi_err take_operation(struct args *args, const char *word)
{
	for (size_t i = 0; i < OPERATION_COUNT; i++) {
		if (!strcmp(operation_rows[i].word, word)) {
			args->operations |= 1u << i;
			return ISCSI_ERR_SUCCESS;
		}
	}
	print_problem("can not recognize operation: '%s'", word);
	return ISCSI_ERR_INVAL;
}

static enum iscsi_err take_type(struct args *args, const char *word)
{
	static const struct {
		const char *word;
		enum type type;
	} types[] = {
		{ "sendtargets", TYPE_SENDTARGETS }, { "st", TYPE_SENDTARGETS }, { "isns", TYPE_ISNS }, { "fw", TYPE_FW },
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (!strcmp(types[i].word, word)) {
			args->type = types[i].type;
			return ISCSI_ERR_SUCCESS;
		}
	}
	print_problem("unknown discovery type '%s': it is sendtargets (st), isns or fw", word);
	return ISCSI_ERR_INVAL;
}

static bool parse_number(const char *text, long *ret_number)
{
	char *end;

	errno = 0;
	*ret_number = strtol(text, &end, 10);
	return !errno && end != text && !*end && *ret_number >= -2147483647L && *ret_number <= 2147483647L;
}

/* A number, or a folder .../sessionN of sysfs; the bare name sessionN is refused. */
static enum iscsi_err take_sid(struct args *args, const char *text)
{
	const char *slash = strrchr(text, '/'), *digits = text;
	struct stat stat_buffer;
	char copy[4096];
	long number = 0;
	size_t len = strlen(text);

	if (slash && len < sizeof(copy)) {
		while (len > 1 && text[len - 1] == '/')
			len--;
		memcpy(copy, text, len);
		copy[len] = '\0';
		slash = strrchr(copy, '/');
		digits = slash && !strncmp(slash, "/session", 8) && !stat(copy, &stat_buffer) ? slash + 8 : "";
	}
	if (!parse_number(digits, &number) || number < 1 || *digits == '+') {
		print_problem("%s is an invalid session ID or path", text);
		return ISCSI_ERR_UNKNOWN;
	}
	args->sid = (int)number;
	return ISCSI_ERR_SUCCESS;
}

static enum iscsi_err take_iface(struct args *args, const char *name)
{
	size_t len = strlen(name);

	if (len < 1 || len > 64 || args->iface_count == ARGS_LIST_MAX) {
		print_problem("Invalid iface '%s': a name has 1 to 64 characters, and a command at most %d ifaces", name, ARGS_LIST_MAX);
		return ISCSI_ERR_INVAL;
	}
	args->ifaces[args->iface_count++] = name;
	return ISCSI_ERR_SUCCESS;
}

/* A pair is complete whenever both halves have been seen. */
static enum iscsi_err take_half_pair(struct args *args)
{
	const char **name = &args->text[OPTION_NAME], **value = &args->text[OPTION_VALUE];

	if (!*name || !*value)
		return ISCSI_ERR_SUCCESS;
	if (args->pair_count == ARGS_LIST_MAX) {
		print_problem("too many settings: a command takes %d", ARGS_LIST_MAX);
		return ISCSI_ERR_INVAL;
	}
	args->pairs[args->pair_count++] = (struct args_pair){ *name, *value };
	*name = *value = NULL;
	return ISCSI_ERR_SUCCESS;
}

/* A number, or a MAC address, which is looked up later. */
static enum iscsi_err take_host(const char *text)
{
	size_t digits = strspn(text, "0123456789");

	if (strchr(text, ':') || (digits && !text[digits] && strtoull(text, NULL, 10) <= UINT32_MAX))
		return ISCSI_ERR_SUCCESS;
	print_problem("'%s' is no host: it is a number or a MAC address", text);
	return ISCSI_ERR_INVAL;
}

/* One of the words between | in the option's row. */
static enum iscsi_err take_word(const struct option_row *row, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = row->argument; *at; at += strcspn(at, "|"), at += *at == '|')
		if (len && strcspn(at, "|") == len && !strncmp(at, word, len))
			return ISCSI_ERR_SUCCESS;
	print_problem("option '--%s' needs one of %s, not '%s'", row->name, row->argument, word);
	return ISCSI_ERR_INVAL;
}

static enum iscsi_err take_number(struct args *args, enum args_option option, const char *text)
{
	if (parse_number(text, &args->number[option]))
		return ISCSI_ERR_SUCCESS;
	print_problem("option '-%c' needs a number, not '%s'", option_rows[option].letter, text);
	return ISCSI_ERR_INVAL;
}

static enum iscsi_err take(struct args *args, const struct given *given, enum args_option option, const char *value)
{
	args->has[option] = true;
	args->text[option] = value;
	if (option_rows[option].kind == KIND_NUMBER)
		return take_number(args, option, value);
	if (option_rows[option].kind == KIND_WORD)
		return take_word(&option_rows[option], value);
	if (option == OPTION_HOST)
		return take_host(value);
	if (option == OPTION_MODE)
		return take_mode(args, given, value);
	if (option == OPTION_OP)
		return take_operation(args, value);
	if (option == OPTION_TYPE)
		return take_type(args, value);
	if (option == OPTION_SID)
		return take_sid(args, value);
	if (option == OPTION_INTERFACE)
		return take_iface(args, value);
	if (option == OPTION_NAME || option == OPTION_VALUE)
		return take_half_pair(args);
	return ISCSI_ERR_SUCCESS;
}

static enum iscsi_err find_submode(struct args *args)
{
	const char *word = args->text[OPTION_SUBMODE];

	for (size_t i = 0; word && i < SUBMODE_COUNT; i++)
		if (!strcmp(submode_rows[i].word, word) && strchr(submode_rows[i].modes, mode_rows[args->mode].letter))
			args->submode = (enum submode)i;
	if (!word || args->submode != SUBMODE_NONE)
		return ISCSI_ERR_SUCCESS;
	print_problem("Invalid Sub Mode");
	return ISCSI_ERR_INVAL;
}

/* What can only be judged once everything was read. */
static enum iscsi_err finish(struct args *args)
{
	if (args->has[OPTION_KILLISCSID]) {
		if (args->number[OPTION_KILLISCSID]) {
			print_problem(args->number[OPTION_KILLISCSID] > 0 ? "Invalid iscsid priority %ld. Priority must be 0." :
				      "Invalid killiscsid priority %ld Priority must be greater than or equal to zero.",
				      args->number[OPTION_KILLISCSID]);
			return ISCSI_ERR_INVAL;
		}
		args->action = ARGS_STOP_DAEMON;
		return ISCSI_ERR_SUCCESS;
	}
	if (args->mode == MODE_NONE) {
		print_hint();
		return ISCSI_ERR_INVAL;
	}
	if (args->text[OPTION_NAME] || args->text[OPTION_VALUE]) {
		print_problem("%s requires name and value", args->operations & OPERATION_UPDATE ? "update" : "a setting");
		return ISCSI_ERR_INVAL;
	}
	if (find_submode(args) != ISCSI_ERR_SUCCESS)
		return ISCSI_ERR_INVAL;
	if (!args_operation_allowed(args->mode, args->submode, args->operations)) {
		print_problem("operation is not supported.");
		return ISCSI_ERR_INVAL;
	}
	return ISCSI_ERR_SUCCESS;
}

static void print_reason(const struct given *given)
{
	if (given->letter) {
		print_problem("invalid option -- '%c'", given->letter);
		print_problem("unrecognized character '%c'", given->letter);
		return;
	}
	print_problem("%s", given->reason);
	print_hint();
}

/* Behind what cannot be read, options are words. */
bool args_want_json(int argc, char **argv)
{
	struct given given = { 0 };

	collect(argc, argv, &given);
	for (size_t i = 0; i < given.count; i++)
		if (given.list[i].option == OPTION_JSON)
			return true;
	for (int i = optind; given.error != ISCSI_ERR_SUCCESS && i < argc; i++)
		if (!strcmp(argv[i], "--json"))
			return true;
	return false;
}

enum iscsi_err args_parse(int argc, char **argv, struct args *ret_args)
{
	struct given given = { 0 };
	enum iscsi_err err;

	*ret_args = (struct args){ .mode = MODE_NONE, .submode = SUBMODE_NONE };
	ret_args->number[OPTION_PRINT] = -1;
	ret_args->number[OPTION_PACKETSIZE] = 32;
	ret_args->number[OPTION_PINGS] = 1;
	collect(argc, argv, &given);
	for (size_t i = 0; i < given.count; i++) {
		enum args_option option = given.list[i].option;

		if (option == OPTION_HELP || option == OPTION_VERSION) {
			ret_args->action = option == OPTION_HELP ? ARGS_HELP : ARGS_VERSION;
			return ISCSI_ERR_SUCCESS;
		}
		err = take(ret_args, &given, option, given.list[i].value);
		if (err != ISCSI_ERR_SUCCESS)
			return err;
	}
	if (given.error != ISCSI_ERR_SUCCESS) {
		print_reason(&given);
		return given.error;
	}
	return finish(ret_args);
}

/* Adds word to the line, on a new line with an indent where it would pass column 79. */
static void add_wrapped(struct text *text, size_t *column, const char *word)
{
	size_t len = strlen(word);

	if (*column + 1 + len > 79) {
		text_add(text, "\n         ");
		*column = 9;
	}
	text_add(text, " ");
	text_add(text, word);
	*column += 1 + len;
}

void args_synopsis(struct text *text)
{
	for (size_t m = 0; m < MODE_COUNT; m++) {
		size_t column = strlen("iscsiadm -m ") + strlen(mode_rows[m].name);

		text_addf(text, "iscsiadm -m %s", mode_rows[m].name);
		for (size_t i = 0; i < OPTION_COUNT; i++) {
			const struct option_row *row = &option_rows[i];
			char word[80];

			if (i == OPTION_MODE || (!args_allowed((enum mode)m, (enum args_option)i) &&
						 !is_allowed_beside((enum mode)m, (enum args_option)i, ~0u)))
				continue;
			if (row->letter)
				snprintf(word, sizeof(word), row->argument ? "[-%c %s]" : "[-%c]", row->letter, row->argument);
			else
				snprintf(word, sizeof(word), row->argument ? "[--%s %s]" : "[--%s]", row->name, row->argument);
			add_wrapped(text, &column, word);
		}
		text_add(text, "\n");
	}
}

void args_usage(struct text *text)
{
	args_synopsis(text);
	text_add(text, "iscsiadm -k 0\niscsiadm -V\niscsiadm -h\n\nModes:\n");
	for (size_t m = 0; m < MODE_COUNT; m++)
		text_addf(text, "  %-13s %s\n", mode_rows[m].name, mode_rows[m].sentence);
	text_add(text, "\nParts of a mode:\n");
	for (size_t i = 0; i < SUBMODE_COUNT; i++)
		text_addf(text, "  %-13s %s\n", submode_rows[i].word, submode_rows[i].sentence);
	text_add(text, "\nOperations:\n");
	for (size_t i = 0; i < OPERATION_COUNT; i++)
		text_addf(text, "  %-13s %s\n", operation_rows[i].word, operation_rows[i].sentence);
	text_add(text, "\nOptions:\n");
	for (size_t i = 0; i < OPTION_COUNT; i++)
		text_addf(text, option_rows[i].letter ? "  -%c, --%-12s %s\n" : "  %c   --%-12s %s\n",
			  option_rows[i].letter ? option_rows[i].letter : ' ', option_rows[i].name, option_rows[i].sentence);
}
