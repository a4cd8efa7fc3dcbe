/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * json-schema DOC [STATUS FILE]... : holds what `iscsiadm --json` wrote into FILE, and its exit status, against the tables of
 * docs/json.md (DOC): every line is one object of a known type with exactly the members of its table, of the right value, null only
 * where the table allows it; the last line, and only that, is the result, with that status. Prints findings, the types that were
 * seen, and a closing count. Called by tests/adm-records and by the lab; knows nothing of iscsiadm but that page.
 */
#include <json-c/json.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TABLES_MAX 100
#define MEMBERS_MAX 60
#define WORD_MAX 64

struct member {
	char name[WORD_MAX], value[WORD_MAX];
	bool may_be_null;
};

static struct table {
	char name[WORD_MAX];
	struct member members[MEMBERS_MAX];
	size_t count;
	bool seen;
} tables[TABLES_MAX];

static size_t table_count, findings, objects;
static const char *place_file;
static size_t place_line;

static void complain(const char *sentence, const char *what)
{
	printf("%s:%zu: %s: %s\n", place_file, place_line, sentence, what);
	findings++;
}

static struct table *find_table(const char *name)
{
	for (size_t i = 0; i < table_count; i++)
		if (!strcmp(tables[i].name, name))
			return &tables[i];
	return NULL;
}

/* Takes the next cell of "| a | b |", without blanks and backquotes around it. */
static char *take_cell(char **line)
{
	char *cell = *line, *end = strchr(cell, '|');

	if (!end)
		return NULL;
	*line = end + 1;
	while (*cell == ' ' || *cell == '`')
		cell++;
	while (end > cell && (end[-1] == ' ' || end[-1] == '`'))
		end--;
	*end = '\0';
	return cell;
}

static void take_row(struct table *table, char *line)
{
	char *name = take_cell(&line), *value = name ? take_cell(&line) : NULL, *null = value ? take_cell(&line) : NULL;
	struct member *member = &table->members[table->count];

	if (!null || table->count == MEMBERS_MAX) {
		complain("not a row of a table", table->name);
		return;
	}
	snprintf(member->name, WORD_MAX, "%s", name);
	snprintf(member->value, WORD_MAX, "%s", value);
	member->may_be_null = strcmp(null, "never") != 0;
	table->count++;
}

static void take_line(char *line)
{
	line[strcspn(line, "\n")] = '\0';
	if (!strncmp(line, "### ", 4) && table_count < TABLES_MAX) {
		snprintf(tables[table_count++].name, WORD_MAX, "%s", line + 4);
		return;
	}
	if (table_count && !strncmp(line, "| `", 3))
		take_row(&tables[table_count - 1], line + 2);
}

/* Whatever a table names must be one. */
static void check_page(void)
{
	static const char *const values[] = { "text", "number", "bool", "setting" };

	for (size_t i = 0; i < table_count; i++) {
		for (size_t j = 0; j < tables[i].count; j++) {
			const char *value = tables[i].members[j].value;
			bool known = *value == '"';

			value += !strncmp(value, "list of ", 8) ? 8 : !strncmp(value, "map of ", 7) ? 7 : 0;
			for (size_t k = 0; k < sizeof(values) / sizeof(values[0]); k++)
				known |= !strcmp(value, values[k]);
			if (!known && !find_table(value))
				complain("the page knows no such value", value);
		}
	}
}

static bool read_tables(const char *path)
{
	FILE *file = fopen(path, "r");
	char *line = NULL;
	size_t room = 0;

	if (!file) {
		perror(path);
		return false;
	}
	place_file = path;
	while (getline(&line, &room, file) >= 0) {
		place_line++;
		take_line(line);
	}
	free(line);
	fclose(file);
	check_page();
	return table_count > 0;
}

static void check_value(const char *what, const char *value, struct json_object *object);

static void check_object(const struct table *table, struct json_object *object)
{
	size_t found = 0;

	for (size_t i = 0; i < table->count; i++) {
		const struct member *member = &table->members[i];
		struct json_object *value;

		if (!json_object_object_get_ex(object, member->name, &value)) {
			complain("a member is missing", member->name);
			continue;
		}
		found++;
		if (value)
			check_value(member->name, member->value, value);
		else if (!member->may_be_null)
			complain("a member is null", member->name);
	}
	if (found != (size_t)json_object_object_length(object))
		complain("an object has members that are not documented", table->name);
}

static void check_list(const char *what, const char *value, struct json_object *object)
{
	if (!json_object_is_type(object, json_type_array)) {
		complain("not a list", what);
		return;
	}
	for (size_t i = 0; i < json_object_array_length(object); i++)
		check_value(what, value, json_object_array_get_idx(object, i));
}

static void check_map(const char *what, const char *value, struct json_object *object)
{
	if (!json_object_is_type(object, json_type_object)) {
		complain("not a map", what);
		return;
	}
	json_object_object_foreach(object, name, member)
		check_value(name, value, member);
}

static bool is_scalar(const char *value, struct json_object *object)
{
	if (!strcmp(value, "text"))
		return json_object_is_type(object, json_type_string);
	if (!strcmp(value, "number"))
		return json_object_is_type(object, json_type_int);
	if (!strcmp(value, "bool"))
		return json_object_is_type(object, json_type_boolean);
	/* setting */
	return !object || json_object_is_type(object, json_type_string) || json_object_is_type(object, json_type_int);
}

static void check_word(const char *what, const char *value, struct json_object *object)
{
	size_t len = strlen(value) - 2;

	if (!json_object_is_type(object, json_type_string) || (size_t)json_object_get_string_len(object) != len ||
	    strncmp(json_object_get_string(object), value + 1, len))
		complain("not the word it should be", what);
}

static void check_value(const char *what, const char *value, struct json_object *object)
{
	const struct table *table = find_table(value);

	if (table && json_object_is_type(object, json_type_object)) {
		check_object(table, object);
	} else if (!strncmp(value, "list of ", 8)) {
		check_list(what, value + 8, object);
	} else if (!strncmp(value, "map of ", 7)) {
		check_map(what, value + 7, object);
	} else if (*value == '"') {
		check_word(what, value, object);
	} else if (strcmp(value, "text") && strcmp(value, "number") && strcmp(value, "bool") && strcmp(value, "setting")) {
		complain(table ? "not an object" : "the page knows no such value", what);
	} else if (!is_scalar(value, object)) {
		complain("a value is of another kind", what);
	}
}

/* The name of its type, "" for an object without one. Lives with the object. */
static const char *check_line(const char *line, size_t len, struct json_object **ret_object)
{
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *type = NULL;
	struct table *table;

	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	*ret_object = json_tokener_parse_ex(tokener, line, (int)len);
	if (json_tokener_get_error(tokener) != json_tokener_success || json_tokener_get_parse_end(tokener) != len ||
	    !json_object_is_type(*ret_object, json_type_object))
		complain("not a JSON object", line);
	else if (!json_object_object_get_ex(*ret_object, "type", &type) || !json_object_is_type(type, json_type_string))
		complain("an object without a type", line);
	json_tokener_free(tokener);
	if (!type)
		return "";
	table = find_table(json_object_get_string(type));
	if (!table || strcmp(table->members[0].name, "type")) {
		complain("a type that is not documented", json_object_get_string(type));
		return json_object_get_string(type);
	}
	table->seen = true;
	objects++;
	check_object(table, *ret_object);
	return table->name;
}

static void check_end(struct json_object *last, int status)
{
	struct json_object *code;
	char text[32];

	snprintf(text, sizeof(text), "%d", status);
	if (!last)
		complain("no result at the end", text);
	else if (!json_object_object_get_ex(last, "code", &code) || json_object_get_int(code) != status)
		complain("the result is not the exit status", text);
}

static void check_file(const char *path, int status)
{
	FILE *file = fopen(path, "r");
	struct json_object *last = NULL, *object;
	char *line = NULL;
	size_t room = 0;
	ssize_t len;

	place_file = path;
	place_line = 0;
	if (!file) {
		complain("cannot be read", path);
		return;
	}
	while ((len = getline(&line, &room, file)) > 0) {
		bool whole = line[len - 1] == '\n';

		place_line++;
		if (last)
			complain("a line behind the result", line);
		if (whole)
			line[--len] = '\0';
		else
			complain("a line without its end", line);
		if (!strcmp(check_line(line, (size_t)len, &object), "result") && !last)
			last = json_object_get(object);
		json_object_put(object);
	}
	check_end(last, status);
	json_object_put(last);
	free(line);
	fclose(file);
}

int main(int argc, char **argv)
{
	if (argc < 2 || !read_tables(argv[1])) {
		fprintf(stderr, "usage: json-schema DOC [STATUS FILE]...\n");
		return 2;
	}
	for (int i = 2; i + 1 < argc; i += 2)
		check_file(argv[i + 1], atoi(argv[i]));
	for (size_t i = 0; i < table_count; i++)
		if (tables[i].count && !strcmp(tables[i].members[0].name, "type"))
			printf("%s %s\n", tables[i].seen ? "seen" : "not seen", tables[i].name);
	printf("json-schema: %zu objects, %zu findings\n", objects, findings);
	return findings || !objects;
}
