/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reads an open-iscsi tree into a store. What a file name says about a record wins over what the file says; a file that cannot
 * be used is told and passed over, and so is each line whose value is refused. Called by iscsiadm and, at its first start, by
 * iscsid; never changes the tree.
 */
#include "lib/tree.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/name.h"
#include "lib/tree_path.h"

#define TREE_FILE_MAX (256 * 1024)

struct import {
	struct store *store;
	const char *iface_dir;
	tree_say_fn *say;
	void *data;
	struct tree_count count;
	const char *path;	/* of the file being read */
};

/* What is told is lost, except for settings that are kept without being known. */
static void tell(struct import *import, const char *path, unsigned int line, const char *sentence)
{
	import->count.problems++;
	import->count.lost++;
	import->say(path, line, sentence, import->data);
}

static int complain(const char *name, const char *value, unsigned int line, int error, void *data)
{
	struct import *import = data;
	struct text sentence = { 0 };

	if (error == -ENOENT)
		text_addf(&sentence, "%s is not known to this version; it is kept as it is", name);
	else if (!*name)
		text_add(&sentence, "the line is no setting; it is left out");
	else
		text_addf(&sentence, "the value of %s is not accepted; the built-in one is taken", name);
	if (!sentence.failed)
		tell(import, import->path, line, sentence.data);
	import->count.lost -= error == -ENOENT && !sentence.failed;
	text_done(&sentence);
	return 0;
}

/* A record from a file. 1: read; 0: unusable, told; -ENOMEM. */
static int read_record(struct import *import, const char *path, enum record_kind kind, struct record *ret_record)
{
	struct text text = { 0 };
	int error = text_read_file(path, TREE_FILE_MAX, &text);

	if (error) {
		tell(import, path, 0, strerror(-error));
		return error == -ENOMEM ? error : 0;
	}
	import->path = path;
	record_init(ret_record, kind);
	error = record_parse(ret_record, text.data ? text.data : "", text.len, ORIGIN_RECORD, complain, import);
	text_done(&text);
	if (error)
		record_done(ret_record);
	return error ? error : 1;
}

/* key->iface empty: the file's own word for it counts (the flat form). */
static int import_node(struct import *import, const char *path, struct node_key *key)
{
	struct record node;
	int result = read_record(import, path, RECORD_NODE, &node);

	if (result <= 0)
		return result;
	if (!*key->iface) {
		const char *iface = record_text(&node, F_IFACE_ISCSI_IFACENAME);

		snprintf(key->iface, sizeof(key->iface), "%s", name_is_iface(iface) ? iface : "default");
	}
	if (!strcmp(record_text(&node, F_IFACE_TRANSPORT_NAME), "default") || !*record_text(&node, F_IFACE_TRANSPORT_NAME))
		record_set(&node, F_IFACE_TRANSPORT_NAME, "tcp", ORIGIN_RECORD);
	result = node_set_key(&node, key);
	if (result == -EINVAL || result == -ERANGE) {
		tell(import, path, 0, "its name does not make a record");
		result = 0;
	} else if (!result) {
		import->count.replaced += node_exists(import->store, key);
		result = node_save(import->store, &node);
		import->count.nodes += !result;
	}
	record_done(&node);
	return result;
}

typedef int entry_fn(struct import *import, const char *path, const char *name, void *data);

/* Calls fn for what is in a folder, in no order; names with a dot in front are nobody's. No such folder: nothing. */
static int each_entry(struct import *import, const char *path, entry_fn *fn, void *data)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	char below[PATH_MAX];
	int result = 0;

	if (!dir) {
		if (errno != ENOENT)
			tell(import, path, 0, strerror(errno));
		return 0;
	}
	while (!result && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		if (snprintf(below, sizeof(below), "%s/%s", path, entry->d_name) < (int)sizeof(below))
			result = fn(import, below, entry->d_name, data);
		else
			tell(import, path, 0, "a name in it is too long");
	}
	closedir(dir);
	return result;
}

static bool is_folder(const char *path)
{
	struct stat status;

	return !stat(path, &status) && S_ISDIR(status.st_mode);
}

static int import_iface_of_portal(struct import *import, const char *path, const char *name, void *data)
{
	struct node_key key = *(const struct node_key *)data;

	if (!name_is_iface(name)) {
		tell(import, path, 0, "its name is no iface's");
		return 0;
	}
	snprintf(key.iface, sizeof(key.iface), "%s", name);
	return import_node(import, path, &key);
}

static int import_portal(struct import *import, const char *path, const char *name, void *data)
{
	struct node_key key = *(const struct node_key *)data;

	if (tree_portal_parse(name, &key.portal)) {
		tell(import, path, 0, "its name is no portal");
		return 0;
	}
	if (is_folder(path))
		return each_entry(import, path, import_iface_of_portal, &key);
	return import_node(import, path, &key);
}

static int import_target(struct import *import, const char *path, const char *name, void *data)
{
	struct node_key key = { .portal.tpgt = PORTAL_TPGT_NONE };

	if (!name_is_storable(name)) {
		tell(import, path, 0, "its name is no target's");
		return 0;
	}
	snprintf(key.target, sizeof(key.target), "%s", name);
	return each_entry(import, path, import_portal, &key);
}

/* A way of discovery and the folder it has in the tree. */
static const struct way {
	const char *folder, *file, *type;
	enum record_kind kind;
	enum field address, port;
} ways[] = {
	{ "send_targets", "st_config", "send_targets", RECORD_SENDTARGETS, F_DISCOVERY_SENDTARGETS_ADDRESS,
	  F_DISCOVERY_SENDTARGETS_PORT },
	{ "isns", "isns_config", "isns", RECORD_ISNS, F_DISCOVERY_ISNS_ADDRESS, F_DISCOVERY_ISNS_PORT },
};

struct source {
	const struct way *way;
	struct portal portal;
};

static int import_discovery(struct import *import, const char *path, const struct source *source)
{
	struct record record, before;
	int result = read_record(import, path, source->way->kind, &record);

	if (result <= 0)
		return result;
	result = record_set(&record, source->way->address, source->portal.address, ORIGIN_RECORD);
	if (!result)
		result = record_set_number(&record, source->way->port, source->portal.port, ORIGIN_RECORD);
	if (!result && !discovery_load(import->store, source->way->kind, &source->portal, &before)) {
		import->count.replaced++;
		record_done(&before);
	}
	if (!result)
		result = discovery_save(import->store, &record);
	import->count.discoveries += !result;
	record_done(&record);
	return result;
}

/* Old records do not say who found them; the link does. */
static int import_link(struct import *import, const struct source *source, const struct node_key *key)
{
	struct record node;
	int result = node_load(import->store, key, &node);

	if (result)
		return result == -ENOENT ? 0 : result;
	if (!*record_text(&node, F_NODE_DISCOVERY_ADDRESS) && record_is(&node, F_NODE_DISCOVERY_TYPE, "static")) {
		result = record_set(&node, F_NODE_DISCOVERY_TYPE, source->way->type, ORIGIN_RECORD);
		if (!result)
			result = record_set(&node, F_NODE_DISCOVERY_ADDRESS, source->portal.address, ORIGIN_RECORD);
		if (!result)
			result = record_set_number(&node, F_NODE_DISCOVERY_PORT, source->portal.port, ORIGIN_RECORD);
		if (!result)
			result = node_save(import->store, &node);
	}
	record_done(&node);
	return result;
}

static int import_found(struct import *import, const char *path, const char *name, void *data)
{
	const struct source *source = data;
	struct node_key key;

	if (!strcmp(name, source->way->file))
		return import_discovery(import, path, source);
	if (tree_link_parse(name, &key)) {
		tell(import, path, 0, "its name is no record's");
		return 0;
	}
	return import_link(import, source, &key);
}

static int import_source(struct import *import, const char *path, const char *name, void *data)
{
	struct source source = { .way = data };

	if (tree_portal_parse(name, &source.portal)) {
		tell(import, path, 0, "its name is no portal");
		return 0;
	}
	if (is_folder(path))
		return each_entry(import, path, import_found, &source);
	return import_discovery(import, path, &source);
}

static int import_iface(struct import *import, const char *path, const char *name, void *data)
{
	struct text text = { 0 }, there = { 0 };
	struct record iface;
	char to[PATH_MAX];
	int result;

	if (!strcmp(name, "iface.example") || !name_is_iface(name))
		return 0;
	result = read_record(import, path, RECORD_IFACE, &iface);
	if (result <= 0)
		return result;
	result = record_set(&iface, F_IFACE_ISCSI_IFACENAME, name, ORIGIN_RECORD);
	record_format(&iface, RECORD_FILE, &text);
	record_done(&iface);
	snprintf(to, sizeof(to), "%s/%s", import->iface_dir, name);
	if (text.failed) {
		result = -ENOMEM;
	} else if (!result && !text_read_file(to, TREE_FILE_MAX, &there)) {
		import->count.kept += there.len != text.len || memcmp(there.data, text.data, text.len);
	} else if (!result) {
		result = mkdir(import->iface_dir, 0700) && errno != EEXIST ? -errno : text_write_file(to, text.data, text.len, 0600);
		import->count.ifaces += !result;
	}
	text_done(&there);
	text_done(&text);
	return result;
}

static bool same_folder(const char *a, const char *b)
{
	struct stat first, second;

	return !stat(a, &first) && !stat(b, &second) && first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

static bool has_entries(const char *dir, const char *name)
{
	char path[PATH_MAX];
	struct dirent *entry;
	bool found = false;
	DIR *folder;

	if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= (int)sizeof(path))
		return false;
	folder = opendir(path);
	if (!folder)
		return false;
	while (!found && (entry = readdir(folder)))
		found = entry->d_name[0] != '.';
	closedir(folder);
	return found;
}

bool tree_exists(const char *dir)
{
	return has_entries(dir, "nodes") || has_entries(dir, "send_targets") || has_entries(dir, "isns");
}

int tree_import(const char *dir, struct store *store, const char *iface_dir, tree_say_fn *say, void *data,
		struct tree_count *ret_count)
{
	struct import import = { .store = store, .iface_dir = iface_dir, .say = say, .data = data };
	char path[PATH_MAX];
	int result;

	*ret_count = import.count;
	if (strlen(dir) > PATH_MAX - 64)
		return -ENAMETOOLONG;
	if (!tree_exists(dir))
		return -ENOENT;
	snprintf(path, sizeof(path), "%s/nodes", dir);
	result = each_entry(&import, path, import_target, NULL);
	for (size_t i = 0; !result && i < sizeof(ways) / sizeof(ways[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, ways[i].folder);
		result = each_entry(&import, path, import_source, (void *)&ways[i]);
	}
	snprintf(path, sizeof(path), "%s/ifaces", dir);
	if (!result && !same_folder(path, iface_dir))
		result = each_entry(&import, path, import_iface, NULL);
	*ret_count = import.count;
	return result;
}

int tree_first_import(const char *dir, const char *iface_dir, tree_say_fn *say, void *data, struct tree_count *ret_count,
		      char *ret_from)
{
	const char *places[] = { dir, TREE_STOCK_DIR }, *from = NULL;
	struct store *store;
	int result;

	*ret_from = '\0';
	*ret_count = (struct tree_count){ 0 };
	if (store_exists(dir))
		return 0;
	for (size_t i = 0; !from && i < sizeof(places) / sizeof(places[0]); i++)
		if (tree_exists(places[i]))
			from = places[i];
	if (!from)
		return 0;
	result = store_begin(dir, STORE_WRITE, &store);
	if (result)
		return result;
	/* Somebody else may have been first. */
	if (!store_exists(dir))
		result = tree_import(from, store, iface_dir, say, data, ret_count);
	if (result) {
		store_drop(store);
		return result;
	}
	if (ret_count->nodes || ret_count->discoveries)
		snprintf(ret_from, PATH_MAX, "%s", from);
	return store_commit(store);
}
