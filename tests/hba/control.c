/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The control socket: takes lines apart, finds the row of the command, and hands it to the port that is meant. Knows nothing of the chip:
 * the rows below and those of faults.def are all there is. Called on the loop by what tests send; never waits.
 */
#include "tests/hba/control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/hba/faults.h"
#include "tests/hba/trace.h"

#define WORDS_MAX 12

/* A command taken apart. */
struct words {
	char *word[WORDS_MAX];
	unsigned int count, at; /* at: the next that has not been looked at */
};

struct call {
	const struct control_port *port;
	struct words words;
	struct text *answer;
};

typedef bool command_fn(struct call *call);

static bool fail(struct call *call, const char *sentence)
{
	text_addf(call->answer, "error %s", sentence);
	return false;
}

static const char *next(struct words *words)
{
	return words->at < words->count ? words->word[words->at++] : NULL;
}

static bool parse_number(const char *word, uint32_t *ret_number)
{
	char *end;
	unsigned long long number;

	errno = 0;
	number = strtoull(word, &end, 0);
	if (*word < '0' || *word > '9' || *end || errno || number > UINT32_MAX)
		return false;
	*ret_number = (uint32_t)number;
	return true;
}

/* One of two words. */
static bool take_choice(struct call *call, const char *yes, const char *no, bool *ret_is_yes)
{
	const char *word = next(&call->words);

	*ret_is_yes = word && !strcmp(word, yes);
	if (*ret_is_yes || (word && !strcmp(word, no)))
		return true;
	text_addf(call->answer, "error %s or %s is expected", yes, no);
	return false;
}

static bool take_number(struct call *call, uint32_t *ret_number)
{
	const char *word = next(&call->words);

	return (word && parse_number(word, ret_number)) || fail(call, "a number is expected");
}

/* --- the port's commands ------------------------------------------------------------------------------------------------------ */

static bool run_switch(struct call *call, void (*op)(void *data, bool is_yes), const char *yes, const char *no)
{
	bool is_yes;

	if (!op)
		return fail(call, "this port has none");
	if (!take_choice(call, yes, no, &is_yes))
		return false;
	op(call->port->data, is_yes);
	return true;
}

static bool run_act(struct call *call, void (*op)(void *data))
{
	if (!op)
		return fail(call, "this port cannot");
	op(call->port->data);
	return true;
}

static bool run_link(struct call *call)
{
	return run_switch(call, call->port->ops->link, "up", "down");
}

static bool run_cable(struct call *call)
{
	return run_switch(call, call->port->ops->plug, "in", "out");
}

static bool run_hang(struct call *call)
{
	return run_switch(call, call->port->ops->hang, "on", "off");
}

static bool run_pull(struct call *call)
{
	return run_act(call, call->port->ops->pull);
}

static bool run_heartbeat(struct call *call)
{
	return run_switch(call, call->port->ops->heartbeat, "on", "off");
}

static bool run_die(struct call *call)
{
	return run_act(call, call->port->ops->die);
}

static bool run_fatal(struct call *call)
{
	return run_act(call, call->port->ops->fatal);
}

static bool run_reset(struct call *call)
{
	return run_act(call, call->port->ops->reset);
}

static bool run_delay(struct call *call)
{
	uint32_t delay_ms;

	if (!call->port->ops->delay)
		return fail(call, "this port cannot");
	if (!take_number(call, &delay_ms))
		return false;
	if (delay_ms > 600000)
		return fail(call, "more than ten minutes");
	call->port->ops->delay(call->port->data, delay_ms);
	return true;
}

static bool run_event(struct call *call)
{
	uint32_t words[8] = {0};

	if (!call->port->ops->event)
		return fail(call, "this port cannot");
	for (unsigned int i = 0; i < 8 && (!i || call->words.at < call->words.count); i++)
		if (!take_number(call, &words[i]))
			return false;
	if (words[0] < 0x8000 || words[0] > 0x8fff)
		return fail(call, "an event is 0x8000 to 0x8fff");
	call->port->ops->event(call->port->data, words);
	return true;
}

static bool run_drop(struct call *call)
{
	uint32_t ddb = UINT32_MAX;

	if (!call->port->ops->drop)
		return fail(call, "this port cannot");
	if (call->words.at < call->words.count && !strcmp(call->words.word[call->words.at], "all"))
		call->words.at++;
	else if (!take_number(call, &ddb))
		return false;
	return call->port->ops->drop(call->port->data, ddb) == 0 || fail(call, "no such session");
}

static bool run_state(struct call *call)
{
	text_add(call->answer, "ok");
	if (call->port->ops->state)
		call->port->ops->state(call->port->data, call->answer);
	faults_show(call->port->faults, call->answer);
	return true;
}

static bool run_clear(struct call *call)
{
	faults_clear(call->port->faults);
	return true;
}

/* --- the trace ------------------------------------------------------------------------------------------------------------------ */

static const struct {
	const char *name;
	unsigned int parts;
} trace_words[] = {
	{"registers", TRACE_REGISTERS}, {"mailboxes", TRACE_MAILBOXES}, {"iocbs", TRACE_IOCBS}, {"events", TRACE_EVENTS},
	{"notes", TRACE_NOTES}, {"all", TRACE_ALL}, {"raw", TRACE_RAW},
};

static bool take_part(const char *word, unsigned int *parts)
{
	for (size_t i = 0; i < sizeof(trace_words) / sizeof(trace_words[0]); i++) {
		if (!strcmp(trace_words[i].name, word)) {
			*parts |= trace_words[i].parts;
			return true;
		}
	}
	return false;
}

/* trace off | flush | PATH [PART]... */
static bool run_trace(struct call *call)
{
	const char *path = next(&call->words), *word;
	unsigned int parts = 0;

	if (!path)
		return fail(call, "a path, off or flush is expected");
	if (!call->port->trace)
		return fail(call, "this port has none");
	if (!strcmp(path, "flush")) {
		trace_flush(call->port->trace);
		return true;
	}
	if (!strcmp(path, "off"))
		return trace_open(call->port->trace, NULL, 0) == 0;
	while ((word = next(&call->words)))
		if (!take_part(word, &parts))
			return fail(call, "parts are registers, mailboxes, iocbs, events, notes, all and raw");
	if (!(parts & TRACE_ALL))
		parts |= TRACE_ALL & ~TRACE_REGISTERS;
	return trace_open(call->port->trace, path, parts) == 0 || fail(call, "the file cannot be opened");
}

/* --- faults --------------------------------------------------------------------------------------------------------------------- */

/* A number, or one of two words for every one. */
static bool take_any(struct call *call, const char *word, const char *any, uint32_t *ret_number)
{
	if (!strcmp(word, any)) {
		*ret_number = FAULTS_ANY;
		return true;
	}
	return parse_number(word, ret_number) || fail(call, "a number is expected");
}

/* NAME [KEY] [VALUE] [COUNT]: what the row has; KEY may be any, COUNT always (and is 1). */
static bool run_fault(struct call *call, enum fault_point point)
{
	const struct fault_row *row = &fault_rows[point];
	uint32_t key = FAULTS_ANY, value = 0, count = 1;
	const char *word;

	if (*row->key) {
		word = next(&call->words);
		if (!word || !take_any(call, word, "any", &key))
			return word ? false : fail(call, "a key or any is expected");
	}
	if (*row->value && !take_number(call, &value))
		return false;
	word = next(&call->words);
	if (word && !take_any(call, word, "always", &count))
		return false;
	switch (faults_arm(call->port->faults, point, key, count, value)) {
	case 0:
		return true;
	case -EINVAL:
		return fail(call, "a count of 0 is no fault");
	default:
		return fail(call, "too many faults are armed: clear them");
	}
}

/* --- the table ------------------------------------------------------------------------------------------------------------------ */

static command_fn run_help;

static const struct {
	const char *name, *arguments;
	command_fn *run;
} commands[] = {
	{"link", "up|down", run_link},
	{"cable", "in|out", run_cable},
	{"hang", "on|off", run_hang},
	{"heartbeat", "on|off", run_heartbeat},
	{"die", "", run_die},
	{"fatal", "", run_fatal},
	{"reset", "", run_reset},
	{"pull", "", run_pull},
	{"delay", "MS", run_delay},
	{"event", "CODE [WORD]...", run_event},
	{"drop", "DDB|all", run_drop},
	{"clear", "", run_clear},
	{"trace", "PATH [PART]...|off|flush", run_trace},
	{"state", "", run_state},
	{"help", "", run_help},
};
#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static bool run_help(struct call *call)
{
	text_add(call->answer, "ok [port1]");
	for (size_t i = 0; i < COMMANDS; i++)
		text_addf(call->answer, "; %s%s%s", commands[i].name, *commands[i].arguments ? " " : "", commands[i].arguments);
	for (size_t i = 0; i < FAULT_POINTS; i++)
		text_addf(call->answer, "; %s%s%s%s%s [count]", fault_rows[i].name, *fault_rows[i].key ? " " : "", fault_rows[i].key,
			  *fault_rows[i].value ? " " : "", fault_rows[i].value);
	return true;
}

static bool run(struct call *call)
{
	const char *name = next(&call->words);
	enum fault_point point = name ? fault_find(name) : FAULT_POINTS;

	if (!name)
		return fail(call, "an empty command");
	if (point != FAULT_POINTS)
		return run_fault(call, point);
	for (size_t i = 0; i < COMMANDS; i++)
		if (!strcmp(commands[i].name, name))
			return commands[i].run(call);
	return fail(call, "no such command: see help");
}

static bool split(struct words *words, char *line)
{
	char *word;

	while ((word = strsep(&line, " \t\r"))) {
		if (!*word)
			continue;
		if (words->count == WORDS_MAX)
			return false;
		words->word[words->count++] = word;
	}
	return true;
}

/* "port0" or "port1" in front. */
static bool choose_port(struct call *call, const struct control_port *ports, unsigned int count)
{
	unsigned int index = 0;

	if (call->words.count && !strncmp(call->words.word[0], "port", 4) && strlen(call->words.word[0]) == 5) {
		index = (unsigned int)(call->words.word[0][4] - '0');
		call->words.at++;
	}
	if (index >= count)
		return fail(call, "no such port");
	call->port = &ports[index];
	return true;
}

void control_command(const struct control_port *ports, unsigned int count, char *line, struct text *answer)
{
	struct call call = {.answer = answer};
	size_t before = answer->len;

	if (!split(&call.words, line)) {
		fail(&call, "too many words");
		return;
	}
	if (!choose_port(&call, ports, count) || !run(&call))
		return;
	if (call.words.at < call.words.count && answer->len == before)
		fail(&call, "too many words; it was done");
	else if (answer->len == before)
		text_add(answer, "ok");
}
