/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `iscsiadm -m host -C chap`: the table of CHAP names and secrets that an adapter's firmware logs in with. The fields of an entry
 * are rows; an entry is of one direction, and so are the pairs that make it. Secrets are shown as they are: that is what the table
 * is read for. They are wiped from memory after use.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adm/adapter.h"
#include "adm/emit.h"
#include "adm/objects.h"
#include "adm/print.h"

#define INDEX_MAX 65535

/* Names of a record of the table; which of them are shown depends on the direction. */
static const struct chap_row {
	const char *name;
	enum iscsi_chap_type type;
	size_t offset;		/* of the text in struct iscsi_chap_entry */
} rows[] = {
	{ "host.auth.username", ISCSI_CHAP_OUT, offsetof(struct iscsi_chap_entry, username) },
	{ "host.auth.password", ISCSI_CHAP_OUT, offsetof(struct iscsi_chap_entry, password) },
	{ "host.auth.username_in", ISCSI_CHAP_IN, offsetof(struct iscsi_chap_entry, username) },
	{ "host.auth.password_in", ISCSI_CHAP_IN, offsetof(struct iscsi_chap_entry, password) },
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))
#define INDEX_NAME "host.auth.tbl_idx"

static char *text_of(struct iscsi_chap_entry *entry, const struct chap_row *row)
{
	return (char *)entry + row->offset;
}

static void print_entry(struct iscsi_chap_entry *entry)
{
	print_line("# BEGIN RECORD %s", COMPAT_VERSION);
	print_line(INDEX_NAME " = %u", entry->index);
	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].type == entry->type)
			print_line("%s = %s", rows[i].name, print_or(text_of(entry, &rows[i]), "<empty>"));
	print_line("# END RECORD");
}

static void emit_entry(const struct sysfs_host *host, struct iscsi_chap_entry *entry)
{
	struct json_object *object = emit_new("chap_entry");

	emit_number(object, "host", host->host_no);
	emit_number(object, "index", entry->index);
	emit_text(object, "direction", entry->type == ISCSI_CHAP_OUT ? "out" : "in");
	emit_text(object, "username", entry->username);
	emit_text(object, "password", entry->password);
	emit(object);
}

/* ---- reading ---- */

struct table {
	struct iscsi_chap_entry *entries;	/* by index */
	size_t count;
};

static void table_done(struct table *table)
{
	if (table->entries)
		explicit_bzero(table->entries, table->count * sizeof(*table->entries));
	free(table->entries);
	*table = (struct table){ 0 };
}

/* Not realloc(): it would leave copies of secrets behind. */
static int table_add(struct table *table, const struct iscsi_chap_entry *entries, size_t count)
{
	struct table grown = { calloc(table->count + count, sizeof(*grown.entries)), table->count + count };

	if (!grown.entries)
		return -ENOMEM;
	if (table->count)
		memcpy(grown.entries, table->entries, table->count * sizeof(*entries));
	memcpy(grown.entries + table->count, entries, count * sizeof(*entries));
	table_done(table);
	*table = grown;
	return 0;
}

/* Indices must rise, so that a driver which repeats itself is asked no further. */
static bool is_rising(const struct iscsi_chap_entry *entries, unsigned int count, uint32_t first)
{
	for (unsigned int i = 0; i < count; i++) {
		if (entries[i].index < first)
			return false;
		first = entries[i].index + 1u;
	}
	return true;
}

static int read_piece(const struct adapter *adapter, uint32_t *first, struct table *table, bool *ret_more)
{
	struct iscsi_chap_entry entries[ADAPTER_CHAP_MAX];
	unsigned int count;
	int error = request_get_chap(adapter->nl, adapter->handle, adapter->host.host_no, (uint16_t)*first, entries, ADAPTER_CHAP_MAX,
				     &count);

	if (!error && !is_rising(entries, count, *first))
		error = -EPROTO;
	if (!error && count)
		error = table_add(table, entries, count);
	*ret_more = !error && count == ADAPTER_CHAP_MAX;
	if (*ret_more)
		*first = entries[count - 1].index + 1u;
	explicit_bzero(entries, sizeof(entries));
	return error;
}

static enum iscsi_err read_table(const struct adapter *adapter, struct table *ret_table)
{
	uint32_t first = 0;
	bool more = true;
	int error = 0;

	*ret_table = (struct table){ 0 };
	while (more && first <= INDEX_MAX && !error)
		error = read_piece(adapter, &first, ret_table, &more);
	/* a driver past the end of its table, and one without a table, both say so */
	if (error == -EINVAL && ret_table->count)
		error = 0;
	if (!error)
		return ISCSI_ERR_SUCCESS;
	table_done(ret_table);
	return adapter_refused(adapter, "read the CHAP table", error == -EINVAL ? -ENOSYS : error);
}

static struct iscsi_chap_entry *table_find(const struct table *table, uint32_t index)
{
	for (size_t i = 0; i < table->count; i++)
		if (table->entries[i].index == index)
			return &table->entries[i];
	return NULL;
}

static enum iscsi_err no_entry(const struct adapter *adapter, uint32_t index)
{
	print_problem("host %u has no CHAP entry %u", adapter->host.host_no, index);
	return ISCSI_ERR_NO_OBJS_FOUND;
}

static enum iscsi_err show(struct adapter *adapter, const struct args *args, const struct table *table)
{
	uint32_t index = (uint32_t)args->number[OPTION_INDEX];

	if (args->has[OPTION_INDEX] && !table_find(table, index))
		return no_entry(adapter, index);
	if (!table->count) {
		print_problem("No CHAP entries on host %u.", adapter->host.host_no);
		return ISCSI_ERR_NO_OBJS_FOUND;
	}
	for (size_t i = 0; i < table->count; i++) {
		if (args->has[OPTION_INDEX] && table->entries[i].index != index)
			continue;
		if (emit_wanted())
			emit_entry(&adapter->host, &table->entries[i]);
		else
			print_entry(&table->entries[i]);
	}
	return ISCSI_ERR_SUCCESS;
}

/* ---- writing ---- */

static enum iscsi_err refuse(const char *sentence)
{
	print_problem("%s", sentence);
	return ISCSI_ERR_INVAL;
}

static const struct chap_row *find_row(const char *name)
{
	for (size_t i = 0; i < ROWS; i++)
		if (!strcmp(rows[i].name, name))
			return &rows[i];
	return NULL;
}

static bool is_text(const char *text)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			return false;
	return len && len < ISCSI_CHAP_TEXT_BYTES;
}

static enum iscsi_err take_pair(struct iscsi_chap_entry *entry, const struct args_pair *pair, unsigned int *given)
{
	const struct chap_row *row = find_row(pair->name);

	if (!row) {
		print_problem("Cannot set %s: a CHAP entry has host.auth.username and host.auth.password, or host.auth.username_in and "
			    "host.auth.password_in", pair->name);
		return ISCSI_ERR_INVAL;
	}
	if (!is_text(pair->value)) {
		print_problem("%s: the value has 1 to %d bytes and no control characters", pair->name, ISCSI_CHAP_TEXT_BYTES - 1);
		return ISCSI_ERR_INVAL;
	}
	if (*given && entry->type != row->type)
		return refuse("A CHAP entry is of one direction: give username and password, or username_in and password_in");
	entry->type = row->type;
	snprintf(text_of(entry, row), ISCSI_CHAP_TEXT_BYTES, "%s", pair->value);
	*given |= row->offset == offsetof(struct iscsi_chap_entry, username) ? 1 : 2;
	return ISCSI_ERR_SUCCESS;
}

/* Name and secret of one direction, no more and no less. */
static enum iscsi_err take_pairs(const struct args *args, struct iscsi_chap_entry *ret_entry)
{
	enum iscsi_err err = ISCSI_ERR_SUCCESS;
	unsigned int given = 0;

	*ret_entry = (struct iscsi_chap_entry){ 0 };
	for (size_t i = 0; err == ISCSI_ERR_SUCCESS && i < args->pair_count; i++)
		err = take_pair(ret_entry, &args->pairs[i], &given);
	if (err == ISCSI_ERR_SUCCESS && given != 3)
		err = refuse("A CHAP entry needs host.auth.username and host.auth.password, or host.auth.username_in and "
			     "host.auth.password_in (-n, -v)");
	ret_entry->password_length = (uint8_t)strlen(ret_entry->password);
	return err;
}

/* The smallest index that no entry has. */
static uint32_t first_free(const struct table *table)
{
	uint32_t index = 0;

	while (table_find(table, index))
		index++;
	return index;
}

static enum iscsi_err place_new(const struct args *args, const struct table *table, struct iscsi_chap_entry *entry)
{
	uint32_t index = args->has[OPTION_INDEX] ? (uint32_t)args->number[OPTION_INDEX] : first_free(table);

	if (table_find(table, index)) {
		print_problem("there is a CHAP entry %u already; -o update changes it", index);
		return ISCSI_ERR_INVAL;
	}
	entry->index = (uint16_t)index;
	return ISCSI_ERR_SUCCESS;
}

static enum iscsi_err place_old(struct adapter *adapter, const struct args *args, const struct table *table,
				struct iscsi_chap_entry *entry)
{
	uint32_t index = (uint32_t)args->number[OPTION_INDEX];
	const struct iscsi_chap_entry *old = table_find(table, index);

	if (!old)
		return no_entry(adapter, index);
	if (old->type != entry->type)
		return refuse("The entry is of the other direction. Delete it, and make a new one");
	entry->index = (uint16_t)index;
	return ISCSI_ERR_SUCCESS;
}

static void tell(const struct adapter *adapter, const char *operation, uint32_t index, enum iscsi_err err)
{
	const struct object_subject subject = { .kind = "chap_entry", .has_index = true, .host = adapter->host.host_no, .index = index };

	object_emit_outcome(operation, &subject, err, NULL);
}

static enum iscsi_err write_entry(struct adapter *adapter, const struct table *table)
{
	const struct args *args = adapter->adm->args;
	bool is_new = args->operations == OPERATION_NEW;
	struct iscsi_chap_entry entry;
	enum iscsi_err err = take_pairs(args, &entry);
	int error;

	if (err == ISCSI_ERR_SUCCESS)
		err = is_new ? place_new(args, table, &entry) : place_old(adapter, args, table, &entry);
	if (err == ISCSI_ERR_SUCCESS) {
		error = request_set_chap(adapter->nl, adapter->handle, adapter->host.host_no, &entry);
		if (error)
			err = adapter_refused(adapter, "write the CHAP entry", error);
		else if (is_new && !args->has[OPTION_INDEX]) /* else as open-iscsi, which is silent */
			print_line("New CHAP entry %u added.", entry.index);
		tell(adapter, is_new ? "new" : "update", entry.index, err);
	}
	explicit_bzero(&entry, sizeof(entry));
	return err;
}

static enum iscsi_err delete_entry(struct adapter *adapter)
{
	uint32_t index = (uint32_t)adapter->adm->args->number[OPTION_INDEX];
	enum iscsi_err err = ISCSI_ERR_SUCCESS;
	int error;

	print_line("Deleting CHAP index: %u", index);
	error = request_delete_chap(adapter->nl, adapter->handle, adapter->host.host_no, (uint16_t)index);
	if (error)
		err = adapter_refused(adapter, "delete the CHAP entry", error);
	tell(adapter, "delete", index, err);
	return err;
}

static enum iscsi_err operate(struct adapter *adapter)
{
	const struct args *args = adapter->adm->args;
	struct table table;
	enum iscsi_err err;

	if (args->operations == OPERATION_DELETE)
		return delete_entry(adapter);
	err = read_table(adapter, &table);
	if (err != ISCSI_ERR_SUCCESS)
		return err;
	err = args->operations == OPERATION_SHOW ? show(adapter, args, &table) : write_entry(adapter, &table);
	table_done(&table);
	return err;
}

static enum iscsi_err check(const struct args *args)
{
	struct iscsi_chap_entry scratch;
	enum iscsi_err err = ISCSI_ERR_SUCCESS;

	if (args->operations & (args->operations - 1))
		return refuse("operation is not supported.");
	if (args->has[OPTION_INDEX] && (args->number[OPTION_INDEX] < 0 || args->number[OPTION_INDEX] > INDEX_MAX))
		return refuse("Invalid CHAP index: it is a number from 0 to 65535");
	if (args->operations & (OPERATION_UPDATE | OPERATION_DELETE) && !args->has[OPTION_INDEX])
		return refuse("CHAP index (-x) is required to update or delete an entry");
	if (args->operations & (OPERATION_NEW | OPERATION_UPDATE)) {
		err = take_pairs(args, &scratch);
		explicit_bzero(&scratch, sizeof(scratch));
	}
	return err;
}

enum iscsi_err chap_submode(struct adm *adm, const struct sysfs_host *host)
{
	struct adapter adapter;
	enum iscsi_err err = check(adm->args);

	if (err == ISCSI_ERR_SUCCESS)
		err = adapter_open(adm, host, &adapter);
	if (err != ISCSI_ERR_SUCCESS)
		return err;
	err = operate(&adapter);
	adapter_close(&adapter);
	return err;
}
