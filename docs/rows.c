/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Writes the rows of settings.def and iface.def into the texts that list them: `rows FILE` prints FILE with its blocks conf,
 * conf-man and iface-man made anew (blocks.h). Run by `make rows`; a unit test proves that the files in the tree are fresh.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "docs/blocks.h"
#include "lib/record.h"

/* What iscsid.conf as installed sets; NULL: the built-in value, written out because administrators look for it. */
static const struct {
	enum field field;
	const char *value;
} active[] = {
	{ F_NODE_STARTUP, NULL },
	{ F_NODE_LEADING_LOGIN, NULL },
	{ F_NODE_SESSION_TIMEO_REPLACEMENT_TIMEOUT, NULL },
	{ F_NODE_CONN_TIMEO_LOGIN_TIMEOUT, "15" },
	{ F_NODE_CONN_TIMEO_LOGOUT_TIMEOUT, NULL },
	{ F_NODE_CONN_TIMEO_NOOP_OUT_INTERVAL, NULL },
	{ F_NODE_CONN_TIMEO_NOOP_OUT_TIMEOUT, NULL },
	{ F_NODE_SESSION_ERR_TIMEO_ABORT_TIMEOUT, NULL },
	{ F_NODE_SESSION_ERR_TIMEO_LU_RESET_TIMEOUT, NULL },
	{ F_NODE_SESSION_ERR_TIMEO_TGT_RESET_TIMEOUT, NULL },
	{ F_NODE_SESSION_ERR_TIMEO_HOST_RESET_TIMEOUT, NULL },
	{ F_NODE_SESSION_INITIAL_LOGIN_RETRY_MAX, "8" },
	{ F_NODE_SESSION_CMDS_MAX, NULL },
	{ F_NODE_SESSION_QUEUE_DEPTH, NULL },
	{ F_NODE_SESSION_ISCSI_INITIAL_R2T, NULL },
	{ F_NODE_SESSION_ISCSI_IMMEDIATE_DATA, NULL },
	{ F_NODE_SESSION_ISCSI_FIRST_BURST_LENGTH, NULL },
	{ F_NODE_SESSION_ISCSI_MAX_BURST_LENGTH, NULL },
	{ F_NODE_CONN_ISCSI_MAX_RECV_DATA_SEGMENT_LENGTH, NULL },
	{ F_NODE_CONN_ISCSI_MAX_XMIT_DATA_SEGMENT_LENGTH, NULL },
	{ F_DISCOVERY_SENDTARGETS_ISCSI_MAX_RECV_DATA_SEGMENT_LENGTH, NULL },
	{ F_NODE_SESSION_NR_SESSIONS, NULL },
	{ F_NODE_SESSION_REOPEN_MAX, NULL },
	{ F_NODE_SESSION_ISCSI_FAST_ABORT, NULL },
	{ F_NODE_SESSION_SCAN, NULL },
};

/* Paragraphs of iscsid.conf: a row stands under the first one whose prefix its name has. */
static const struct {
	const char *prefix, *title;
} sections[] = {
	{ "node.session.auth.", "CHAP authentication of sessions" },
	{ "node.session.timeo.", "Lost sessions" },
	{ "node.session.err_timeo.", "SCSI error handling" },
	{ "node.session.iscsi.", "Negotiated for a session" },
	{ "node.session.", "Sessions" },
	{ "node.conn[0].timeo.", "Timers of a connection" },
	{ "node.conn[0].iscsi.", "Negotiated for a connection" },
	{ "node.conn[0].tcp.", "TCP" },
	{ "node.", "Login" },
	{ "discovery.sendtargets.auth.", "CHAP authentication of discovery" },
	{ "discovery.sendtargets.", "SendTargets discovery" },
	{ "discovery.isns.", "iSNS discovery" },
	{ "discovery.", "Discovery" },
	{ "iface.", "Ifaces that make and bind themselves" },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The row that says what a setting may be: its own, or that of the setting it is another name of. */
static const struct field_row *facts_of(enum field field)
{
	return &field_rows[field_rows[field].of];
}

static bool is_conf_name(const struct field_row *row)
{
	const char *prefix = row->kinds & 1u << RECORD_NODE ? "node." : row->kinds & 1u << RECORD_POLICY ? "iface." : "discovery.";

	return !strncmp(row->name, prefix, strlen(prefix));
}

/* Is the row a setting of iscsid.conf? A second name is only if the first one cannot be used there. */
static bool is_in_conf(enum field field)
{
	const struct field_row *row = &field_rows[field], *facts = facts_of(field);

	if (facts->flags & FIELD_FIXED || facts->kinds & 1u << RECORD_IFACE || !is_conf_name(row))
		return false;
	return row->flags & FIELD_ALIAS ? !is_conf_name(facts) : !(row->flags & FIELD_HIDDEN);
}

static size_t section_of(const char *name)
{
	size_t i = 0;

	while (i < COUNT(sections) && strncmp(name, sections[i].prefix, strlen(sections[i].prefix)) != 0)
		i++;
	return i;
}

static void add_range(const struct field_row *row, struct text *text)
{
	if (row->min == INT32_MIN && row->max == INT32_MAX)
		text_add(text, "A number");
	else if (row->max == INT32_MAX)
		text_addf(text, "A number from %lld", (long long)row->min);
	else
		text_addf(text, "A number from %lld to %lld", (long long)row->min, (long long)row->max);
}

/* "No or Yes", "a, b and c"; a word with a comma in it stands in quotes. */
static void add_choices(const struct field_row *row, const char *last, struct text *text)
{
	for (int i = 0; row->choices[i]; i++) {
		const char *quote = strchr(row->choices[i], ',') ? "\"" : "";

		if (i)
			text_add(text, row->choices[i + 1] ? ", " : last);
		text_addf(text, "%s%s%s", quote, row->choices[i], quote);
	}
}

/* What the value may be and what it is if nothing is said: "A number from 1 to 1024; built-in: 32." */
static void add_limits(const struct field_row *row, struct text *text)
{
	switch (row->type) {
	case FIELD_NUM:
		add_range(row, text);
		break;
	case FIELD_WORD:
		add_choices(row, " or ", text);
		break;
	case FIELD_LIST:
		text_add(text, "A list, with commas, out of ");
		add_choices(row, " and ", text);
		break;
	case FIELD_TEXT:
		if (row->choices)
			add_choices(row, " or ", text);
		else
			text_addf(text, "Text of at most %lld bytes", (long long)row->max);
		break;
	}
	text_addf(text, "; built-in: %s.", *row->default_text ? row->default_text : "empty");
}

static void add_conf_row(enum field field, struct text *text)
{
	const struct field_row *facts = facts_of(field);
	const char *value = facts->default_text, *comment = "#";

	for (size_t i = 0; i < COUNT(active); i++) {
		if (active[i].field != field)
			continue;
		comment = "";
		if (active[i].value)
			value = active[i].value;
	}
	text_addf(text, "# %s\n# ", facts->sentence);
	add_limits(facts, text);
	text_addf(text, "\n%s%s =%s%s\n\n", comment, field_rows[field].name, *value ? " " : "", value);
}

/* Paragraphs in the order in which their first row stands in the table. */
static void add_conf(struct text *text)
{
	bool done[COUNT(sections)] = { false };

	for (enum field first = 0; first < FIELD_COUNT; first++) {
		size_t section = section_of(field_rows[first].name);

		if (!is_in_conf(first) || done[section])
			continue;
		done[section] = true;
		text_addf(text, "#\n# %s\n#\n\n", sections[section].title);
		for (enum field field = first; field < FIELD_COUNT; field++)
			if (is_in_conf(field) && section_of(field_rows[field].name) == section)
				add_conf_row(field, text);
	}
}

static void add_man_row(enum field field, struct text *text)
{
	const struct field_row *facts = facts_of(field);
	struct text limits = { 0 };

	text_add(text, ".TP\n.B ");
	blocks_roff(field_rows[field].name, text);
	text_add(text, "\n");
	blocks_roff(facts->sentence, text);
	text_add(text, "\n");
	add_limits(facts, &limits);
	blocks_roff(limits.data, text);
	if (facts->flags & FIELD_V4)
		text_add(text, "\nIPv4 only.");
	if (facts->flags & FIELD_V6)
		text_add(text, "\nIPv6 only.");
	text_add(text, "\n");
	text->failed |= limits.failed;
	text_done(&limits);
}

static void add_conf_man(struct text *text)
{
	for (enum field field = 0; field < FIELD_COUNT; field++)
		if (is_in_conf(field))
			add_man_row(field, text);
}

static void add_iface_man(struct text *text)
{
	for (enum field field = 0; field < FIELD_COUNT; field++)
		if (field_rows[field].kinds & 1u << RECORD_IFACE)
			add_man_row(field, text);
}

static const struct text_block blocks[] = {
	{ "conf", add_conf },
	{ "conf-man", add_conf_man },
	{ "iface-man", add_iface_man },
};

int main(int argc, char **argv)
{
	return blocks_main(argc, argv, blocks, COUNT(blocks));
}
