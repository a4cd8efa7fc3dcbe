/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Store mode: the database of records as a whole. Import and export of the tree of files that open-iscsi keeps, a check of
 * everything that is stored, and what there is. Also the import that happens by itself before the first use.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "adm/adm.h"
#include "adm/emit.h"
#include "adm/print.h"
#include "iface/iface.h"
#include "lib/tree.h"

static void say(const char *path, unsigned int line, const char *sentence, void *data)
{
	if (line)
		print_problem("%s: line %u: %s", path, line, sentence);
	else
		print_problem("%s: %s", path, sentence);
}

/* The first use may be a listing that scripts read, where any word on stderr means trouble: the system's log takes it. */
static void say_to_log(const char *path, unsigned int line, const char *sentence, void *data)
{
	syslog(LOG_DAEMON | LOG_WARNING, "import: %s: line %u: %s", path, line, sentence);
}

void adm_first_import(struct adm *adm)
{
	struct tree_count count;
	char from[PATH_MAX];

	if (tree_first_import(adm->dir, adm->iface_dir, say_to_log, NULL, &count, from) || !*from)
		return;
	syslog(LOG_DAEMON | LOG_NOTICE, "imported %u node records, %u discovery records and %u ifaces of open-iscsi from %s",
	       count.nodes, count.discoveries, count.ifaces, from);
}

static void print_count(const char *type, const char *verb, const char *dir, const struct tree_count *count)
{
	struct json_object *object;

	if (!emit_wanted()) {
		print_line("%s %u node records, %u discovery records and %u ifaces %s %s.", verb, count->nodes, count->discoveries,
			   count->ifaces, *type == 'i' ? "from" : "to", dir);
		if (count->replaced)
			print_line("%u records took the place of others of the same name.", count->replaced);
		if (count->kept)
			print_line("%u ifaces were there with other settings and stay as they are.", count->kept);
		return;
	}
	object = emit_new(type);
	emit_text(object, "directory", dir);
	emit_number(object, "nodes", count->nodes);
	emit_number(object, "discoveries", count->discoveries);
	emit_number(object, "ifaces", count->ifaces);
	emit_number(object, "replaced", count->replaced);
	emit_number(object, "kept", count->kept);
	emit_number(object, "problems", count->problems);
	emit(object);
}

/* Where the tree of open-iscsi is if nobody says: beside iscsid.conf, or where newer versions keep it. */
static const char *default_tree(struct adm *adm)
{
	return tree_exists(adm->dir) ? adm->dir : TREE_STOCK_DIR;
}

/* What is there after all is good, but somebody has to look after the rest. */
static enum iscsi_err judge(const struct tree_count *count)
{
	if (!count->lost)
		return ISCSI_ERR_SUCCESS;
	print_problem("%u files or lines were left out, see above", count->lost);
	return ISCSI_ERR_IDBM;
}

static enum iscsi_err import_tree(struct adm *adm)
{
	const char *dir = adm->args->text[OPTION_DIRECTORY];
	struct tree_count count;
	struct store *store;
	enum iscsi_err err;
	int error;

	if (!dir)
		dir = default_tree(adm);
	err = adm_store_begin(adm, STORE_WRITE, &store);
	if (err != ISCSI_ERR_SUCCESS)
		return err;
	error = tree_import(dir, store, adm->iface_dir, say, NULL, &count);
	if (error == -ENOENT) {
		print_problem("There are no records of open-iscsi in %s; name the folder that holds nodes/ with --directory", dir);
		return adm_store_end(store, ISCSI_ERR_NO_OBJS_FOUND);
	}
	err = adm_store_end(store, adm_store_error(error));
	if (err != ISCSI_ERR_SUCCESS)
		return err;
	print_count("import", "Imported", dir, &count);
	return judge(&count);
}

static enum iscsi_err export_tree(struct adm *adm)
{
	const char *dir = adm->args->text[OPTION_DIRECTORY];
	struct tree_count count;
	struct store *store;
	enum iscsi_err err;
	int error;

	if (!dir) {
		print_problem("export needs --directory, the folder to write the tree of records to");
		return ISCSI_ERR_INVAL;
	}
	err = adm_store_begin(adm, STORE_READ, &store);
	if (err != ISCSI_ERR_SUCCESS)
		return err;
	error = tree_export(store, adm->iface_dir, dir, say, NULL, &count);
	store_drop(store);
	if (error == -EEXIST)
		print_problem("%s holds records already; export to an empty folder", dir);
	else if (error)
		print_problem("Could not export to %s: %s", dir, strerror(-error));
	if (error)
		return error == -EEXIST ? ISCSI_ERR_INVAL : ISCSI_ERR_IDBM;
	print_count("export", "Exported", dir, &count);
	return judge(&count);
}

struct check {
	struct adm *adm;
	const char *row;
	unsigned int nodes, discoveries, founds, ifaces, problems;
};

static int complain(const char *name, const char *value, unsigned int line, int error, void *data)
{
	struct check *check = data;

	if (error == -ENOENT)
		print_problem("%s: %s is not known to this version", check->row, name);
	else
		print_problem("%s: line %u: the value of %s is not accepted", check->row, line, *name ? name : "a line without name");
	check->problems++;
	return 0;
}

static int check_row(struct store *store, enum store_table table, const char *key, enum record_kind kind, struct check *check)
{
	struct record record;
	char *value;
	size_t len;
	int error = store_get(store, table, key, &value, &len);

	if (error)
		return error;
	check->row = key;
	record_init(&record, kind);
	error = record_parse(&record, value, len, ORIGIN_RECORD, complain, check);
	record_done(&record);
	explicit_bzero(value, len);
	free(value);
	return error;
}

static int check_node(struct store *store, const char *key, void *data)
{
	struct check *check = data;
	struct node_key parsed;

	check->nodes++;
	if (node_key_parse(key, &parsed)) {
		print_problem("%s: not the name of a node record", key);
		check->problems++;
	}
	return check_row(store, STORE_NODE, key, RECORD_NODE, check);
}

static int check_discovery(struct store *store, const char *key, void *data)
{
	struct check *check = data;
	struct node_key parsed;

	if (found_key_is(key)) {
		check->founds++;
		if (found_key_parse(key, &parsed)) {
			print_problem("%s: not the name of a found portal", key);
			check->problems++;
		}
		return check_row(store, STORE_DISCOVERY, key, RECORD_NODE, check);
	}
	if (declined_key_is(key)) {
		if (!declined_key_parse(key, &parsed))
			return 0;
		print_problem("%s: not the name of a binding that was taken back", key);
		check->problems++;
		return 0;
	}
	check->discoveries++;
	return check_row(store, STORE_DISCOVERY, key, strncmp(key, "isns\t", 5) ? RECORD_SENDTARGETS : RECORD_ISNS, check);
}

static int check_iface(const struct record *iface, void *data)
{
	struct check *check = data;

	check->ifaces += !iface_is_builtin(record_text(iface, F_IFACE_ISCSI_IFACENAME));
	return 0;
}

static void check_iface_file(const char *path, int error, void *data)
{
	struct check *check = data;

	print_problem("%s: %s", path, error == -EINVAL ? "not an iface record" : strerror(-error));
	check->problems++;
}

static void print_check(const struct check *check, const struct store *store, bool verify)
{
	uint64_t file_bytes, used_bytes;
	struct json_object *object;

	store_size(store, &file_bytes, &used_bytes);
	if (!emit_wanted()) {
		print_line("Folder: %s", check->adm->dir);
		print_line("Node records: %u", check->nodes);
		print_line("Discovery records: %u", check->discoveries);
		if (check->founds)
			print_line("Found portals: %u", check->founds);
		print_line("Ifaces: %u", check->ifaces);
		print_line("Size: %llu bytes, %llu in use", (unsigned long long)file_bytes, (unsigned long long)used_bytes);
		if (verify)
			print_line("Problems: %u", check->problems);
		return;
	}
	object = emit_new("store");
	emit_text(object, "directory", check->adm->dir);
	emit_number(object, "nodes", check->nodes);
	emit_number(object, "discoveries", check->discoveries);
	emit_number(object, "found", check->founds);
	emit_number(object, "ifaces", check->ifaces);
	emit_number(object, "file_bytes", (int64_t)file_bytes);
	emit_number(object, "used_bytes", (int64_t)used_bytes);
	emit_number(object, "problems", check->problems);
	emit(object);
}

/* The store itself, every key and value, and the iface files. */
static enum iscsi_err inspect(struct adm *adm, bool verify)
{
	struct check check = { .adm = adm };
	struct store *store;
	enum iscsi_err err;
	int error;

	err = adm_store_begin(adm, STORE_READ, &store);
	if (err != ISCSI_ERR_SUCCESS)
		return err;
	error = store_each(store, STORE_NODE, "", check_node, &check);
	if (!error)
		error = store_each(store, STORE_DISCOVERY, "", check_discovery, &check);
	if (!error)
		error = iface_each(adm->iface_dir, check_iface, check_iface_file, &check);
	err = adm_store_error(error);
	if (err == ISCSI_ERR_SUCCESS)
		print_check(&check, store, verify);
	store_drop(store);
	return err == ISCSI_ERR_SUCCESS && verify && check.problems ? ISCSI_ERR_IDBM : err;
}

enum iscsi_err store_mode(struct adm *adm)
{
	switch (adm->args->operations) {
	case OPERATION_IMPORT:
		return import_tree(adm);
	case OPERATION_EXPORT:
		return export_tree(adm);
	case OPERATION_VERIFY:
		return inspect(adm, true);
	case OPERATION_SHOW:
	case OPERATION_NONE:
		return inspect(adm, false);
	default:
		print_problem("store mode does one operation at a time: import, export, verify or show");
		return ISCSI_ERR_INVAL;
	}
}
