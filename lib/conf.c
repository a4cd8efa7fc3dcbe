/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * iscsid.conf and initiatorname.iscsi. A conf holds one record per kind with what the file says; applying it copies those
 * values under the ones a record already has from a better source. Lines that are no setting of a record are kept as they
 * are for conf_value(). Read when a program starts, never during recovery; errors of the content go to the caller's complain.
 */
#include "lib/conf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/name.h"

#define FILE_MAX ((size_t)1 << 20)
#define HOST_NAME_SIZE 256

struct conf_line {
	char *name, *value;
};

struct conf {
	struct record defaults[RECORD_KIND_COUNT];
	struct conf_line *lines;
	size_t count, size;
};

/*
 * A line belongs to the kind that its name begins with. This keeps node.session.auth.chap_algs, which discovery records
 * have as well, from reaching them: their list has a name of its own here.
 */
static bool is_prefix_of(enum record_kind kind, const char *name)
{
	switch (kind) {
	case RECORD_NODE:
		return !strncmp(name, "node.", 5);
	case RECORD_SENDTARGETS:
	case RECORD_ISNS:
		return !strncmp(name, "discovery.", 10);
	case RECORD_POLICY:
		return !strncmp(name, "iface.", 6);
	case RECORD_IFACE:
	case RECORD_KIND_COUNT:
		break;
	}
	return false;
}

static void line_free(struct conf_line *line)
{
	free(line->name);
	if (line->value)
		explicit_bzero(line->value, strlen(line->value));
	free(line->value);
}

static int keep_line(struct conf *conf, const struct text_line *line)
{
	struct conf_line *kept;

	if (conf->count == conf->size) {
		size_t size = conf->size ? conf->size * 2 : 32;
		struct conf_line *lines = realloc(conf->lines, size * sizeof(*lines));

		if (!lines)
			return -ENOMEM;
		conf->lines = lines;
		conf->size = size;
	}
	kept = &conf->lines[conf->count++];
	kept->name = strdup(line->name);
	kept->value = strdup(line->value);
	return kept->name && kept->value ? 0 : -ENOMEM;
}

/* A number may have a comment behind it: open-iscsi reads the digits alone, and files in use have such lines. */
static int set_default(struct record *defaults, enum field field, const char *value)
{
	char number[FIELD_NUMBER_TEXT_MAX];
	size_t len = strcspn(value, " \t");

	if (field_rows[field].type != FIELD_NUM || value[len + strspn(value + len, " \t")] != '#' || len >= sizeof(number))
		return record_set(defaults, field, value, ORIGIN_CONF);
	memcpy(number, value, len);
	number[len] = '\0';
	return record_set(defaults, field, number, ORIGIN_CONF);
}

/*
 * Sets what the line names in the defaults of every kind that has it. -ENOENT: none has; -EPERM: it is not set here, being
 * part of a record's identity or of its iface.
 */
static int set_defaults(struct conf *conf, const struct text_line *line)
{
	int result = -ENOENT;

	for (enum record_kind kind = 0; kind < RECORD_KIND_COUNT; kind++) {
		enum field field = is_prefix_of(kind, line->name) ? field_find(kind, line->name) : FIELD_NONE;

		if (field == FIELD_NONE)
			continue;
		if (field_rows[field].flags & FIELD_FIXED || field_rows[field].kinds & 1u << RECORD_IFACE)
			return -EPERM;
		result = set_default(&conf->defaults[kind], field, line->value);
		if (result)
			return result;
	}
	return result;
}

/* Settings of the daemon; and those of iface records, which have nothing to say here and never had. */
static bool is_other_setting(const char *name)
{
	return !strncmp(name, "iscsid.", 7) || (!strncmp(name, "iface.", 6) && field_find(RECORD_POLICY, name) == FIELD_NONE &&
						field_find(RECORD_IFACE, name) != FIELD_NONE);
}

static int conf_read(struct conf *conf, const struct text *text, record_complaint_fn *complain, void *data)
{
	struct text_reader reader;
	struct text_line line;
	int result;

	text_reader_init(&reader, text->data, text->len);
	while ((result = text_next(&reader, &line))) {
		if (result > 0)
			result = keep_line(conf, &line);
		if (!result && !is_other_setting(line.name))
			result = set_defaults(conf, &line);
		if (result && result != -ENOMEM)
			result = complain ? complain(line.name, line.value, line.number, result, data) : 0;
		if (result)
			break;
	}
	explicit_bzero(reader.value, sizeof(reader.value));
	return result;
}

int conf_load(const char *path, record_complaint_fn *complain, void *data, struct conf **ret_conf)
{
	struct text text = { 0 };
	struct conf *conf;
	int error;

	conf = calloc(1, sizeof(*conf));
	if (!conf)
		return -ENOMEM;
	for (enum record_kind kind = 0; kind < RECORD_KIND_COUNT; kind++)
		record_init(&conf->defaults[kind], kind);
	error = text_read_file(path, FILE_MAX, &text);
	if (!error)
		error = conf_read(conf, &text, complain, data);
	else if (error == -ENOENT)
		error = 0;
	text_done(&text);
	if (error) {
		conf_free(conf);
		return error;
	}
	*ret_conf = conf;
	return 0;
}

void conf_free(struct conf *conf)
{
	if (!conf)
		return;
	for (enum record_kind kind = 0; kind < RECORD_KIND_COUNT; kind++)
		record_done(&conf->defaults[kind]);
	for (size_t i = 0; i < conf->count; i++)
		line_free(&conf->lines[i]);
	free(conf->lines);
	free(conf);
}

int conf_apply(const struct conf *conf, struct record *record)
{
	const struct record *defaults = &conf->defaults[record->kind];
	char buffer[FIELD_NUMBER_TEXT_MAX];

	for (enum field field = 0; field < FIELD_COUNT; field++) {
		const struct value *value = &record->values[field];
		int error;

		if (!defaults->values[field].given || (value->given && value->origin > ORIGIN_CONF))
			continue;
		error = record_set(record, field, record_format_value(defaults, field, buffer), ORIGIN_CONF);
		if (error)
			return error;
	}
	return 0;
}

const char *conf_value(const struct conf *conf, const char *name)
{
	for (size_t i = conf->count; i-- > 0;)
		if (!strcmp(conf->lines[i].name, name))
			return conf->lines[i].value;
	return NULL;
}

static int take_first(char **ret_text, const char *value)
{
	if (*ret_text || !*value)
		return 0;
	*ret_text = strdup(value);
	return *ret_text ? 0 : -ENOMEM;
}

static int initiator_read(struct initiator *initiator, const struct text *text)
{
	struct text_reader reader;
	struct text_line line;
	int result;

	text_reader_init(&reader, text->data, text->len);
	while ((result = text_next(&reader, &line))) {
		if (result < 0)
			continue;
		result = 0;
		if (!strcmp(line.name, "InitiatorName"))
			result = take_first(&initiator->name, line.value);
		else if (!strcmp(line.name, "InitiatorAlias"))
			result = take_first(&initiator->alias, line.value);
		if (result)
			return result;
	}
	return initiator->name && !name_is_valid(initiator->name) ? -EINVAL : 0;
}

/* The alias of an initiator whose file gives none. */
static int take_host_name(struct initiator *initiator)
{
	char host[HOST_NAME_SIZE] = "";

	if (gethostname(host, sizeof(host) - 1) < 0)
		return -errno;
	return take_first(&initiator->alias, host);
}

int initiator_load(const char *path, struct initiator *ret_initiator)
{
	struct initiator initiator = { 0 };
	struct text text = { 0 };
	int error;

	*ret_initiator = initiator;
	error = text_read_file(path, FILE_MAX, &text);
	if (!error)
		error = initiator_read(&initiator, &text);
	if (!error)
		error = take_host_name(&initiator);
	text_done(&text);
	if (error)
		initiator_done(&initiator);
	else
		*ret_initiator = initiator;
	return error;
}

void initiator_done(struct initiator *initiator)
{
	free(initiator->name);
	free(initiator->alias);
	*initiator = (struct initiator){ 0 };
}
